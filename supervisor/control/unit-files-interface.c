/* SPDX-License-Identifier: MIT */
/*
 * org.freedesktop.systemd1.Manager: the methods that are about unit files. All of those that change
 * something are one: what is asked is read by the method's signature, the row says who plans it.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "control/bus-error.h"
#include "control/unit-files.h"
#include "install/state.h"
#include "supd/bus.h"
#include "unitfile/unit-type.h"

static Control *control_of(void *userdata) {
        return ((Connection *) ASSERT_PTR(userdata))->control;
}

/* ---- looking ------------------------------------------------------------------------------------ */

static int method_get_unit_file_state(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(world_freep) InstallWorld *w = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_free_ char *file = NULL;
        Control *c = control_of(userdata);
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
        r = unit_files_read(c, &w, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        file = unit_files_name(c, w, name, /* as_id= */ false);
        if (!file)
                return -ENOMEM;
        const InstallFile *f = world_find(w, file);
        const char *state = f && str_equal(f->name, file) ? unit_files_list_state(c, w, f)
                                                          : install_state(w, file);
        if (!state) {
                r = error_set_plain(&error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "Unit file %.*s does not exist.",
                                (int) UNIT_NAME_SIZE_MAX,
                                file);
                return bus_error_take(ret_error, r, &error);
        }
        return sd_bus_reply_method_return(m, "s", state);
}

static int method_get_default_target(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(world_freep) InstallWorld *w = NULL;
        _cleanup_(error_done) Error error = {};

        int r = unit_files_read(control_of(userdata), &w, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        return sd_bus_reply_method_return(m, "s", install_default_target(w));
}

static bool file_matches(const InstallFile *f, char *const *patterns) {
        STRV_FOREACH (pattern, patterns) {
                if (fnmatch(*pattern, f->name, FNM_NOESCAPE) == 0 ||
                                fnmatch(*pattern, f->id, FNM_NOESCAPE) == 0)
                        return true;
        }
        return strv_length(patterns) == 0;
}

/* One file, in the form of the one interface or the other. */
typedef int (*AppendFile)(sd_bus_message *reply,
                const InstallWorld *w,
                const InstallFile *f,
                const char *state);

static int
append_pair(sd_bus_message *reply, const InstallWorld *w, const InstallFile *f, const char *state) {
        (void) w;
        return sd_bus_message_append(reply, "(ss)", f->path, state);
}

static int
append_file(sd_bus_message *reply, const InstallWorld *w, const InstallFile *f, const char *state) {
        return sd_bus_message_append(reply,
                        "a{sv}",
                        5,
                        "UnitFile",
                        "s",
                        f->name,
                        "Id",
                        "s",
                        f->id,
                        "FragmentPath",
                        "s",
                        f->path,
                        "UnitFileState",
                        "s",
                        state,
                        "UnitFilePreset",
                        "s",
                        install_preset(w, f->name));
}

static int list_unit_files(sd_bus_message *m,
                Control *c,
                const char *type,
                AppendFile append,
                char *const *states,
                char *const *patterns,
                sd_bus_error *ret_error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(world_freep) InstallWorld *w = NULL;
        _cleanup_(error_done) Error error = {};

        int r = unit_files_read(c, &w, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, type);
        MAP_FOREACH (InstallFile, f, w->files) {
                if (r < 0 || !file_matches(f, patterns))
                        continue;
                const char *state = unit_files_list_state(c, w, f);
                if (strv_length(states) == 0 || strv_contains(states, state))
                        r = append(reply, w, f, state);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_unit_files(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return list_unit_files(m, control_of(userdata), "(ss)", append_pair, NULL, NULL, ret_error);
}

static int method_list_unit_files_by_patterns(
                sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_ char **states = NULL, **patterns = NULL;

        int r = sd_bus_message_read_strv(m, &states);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &patterns);
        if (r < 0)
                return r;
        return list_unit_files(
                        m, control_of(userdata), "(ss)", append_pair, states, patterns, ret_error);
}

int method_list_unit_file_status(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_ char **states = NULL, **patterns = NULL;

        int r = sd_bus_message_read_strv(m, &states);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &patterns);
        if (r < 0)
                return r;
        return list_unit_files(
                        m, control_of(userdata), "a{sv}", append_file, states, patterns, ret_error);
}

static int method_get_links(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(install_plan_done) InstallPlan plan = {};
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(world_freep) InstallWorld *w = NULL;
        _cleanup_(error_done) Error error = {};
        Control *c = control_of(userdata);
        const char *name;
        int runtime;

        int r = sd_bus_message_read(m, "sb", &name, &runtime);
        if (r < 0)
                return r;
        r = unit_files_read(c, &w, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        _cleanup_free_ char *file = unit_files_name(c, w, name, /* as_id= */ true);
        if (!file)
                return -ENOMEM;
        char *const names[] = { file, NULL };
        r = install_plan_disable(w, names, runtime ? INSTALL_FLAG_RUNTIME : 0, &plan, &error);
        /* Quadlet's have none, and there may be no runtime directory. */
        if (r < 0 && r != -EADDRNOTAVAIL && r != -EROFS)
                return bus_error_take(ret_error, r, &error);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
        for (size_t i = 0; r >= 0 && i < plan.n_changes; i++)
                r = sd_bus_message_append(reply, "s", plan.changes[i].path);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- changing ----------------------------------------------------------------------------------- */

#define WORDS_MAX 2U

/* What a call asks for. */
typedef struct FileRequest {
        char **names;           /* owned; as install/ knows them */
        char **paths;           /* owned; those that were given as paths */
        char *words[WORDS_MAX]; /* borrowed from the message, in its order */
        size_t n_words;
        InstallFlags flags;
} FileRequest;

static void file_request_done(FileRequest *q) {
        strv_free(q->names);
        strv_free(q->paths);
}

typedef int (*PlanFiles)(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error);

static int plan_enable(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_enable(w, q->names, q->flags, plan, error);
}

static int plan_disable(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_disable(w, q->names, q->flags, plan, error);
}

static int plan_reenable(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_reenable(w, q->names, q->flags, plan, error);
}

static int plan_mask(const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_mask(w, q->names, q->flags, plan, error);
}

static int plan_unmask(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_unmask(w, q->names, q->flags, plan, error);
}

static int plan_revert(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_revert(w, q->names, plan, error);
}

static int plan_nothing(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        (void) w, (void) q, (void) plan, (void) error;
        return 0; /* the links to paths are all there is to it */
}

static int read_mode(const char *word, PresetMode *ret, Error *error) {
        *ret = preset_mode_from_string(word);
        if (*ret < 0)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%.40s' is no mode of presets: full, enable-only or disable-only",
                                word);
        return 0;
}

static int plan_preset(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        PresetMode mode = PRESET_FULL;

        int r = q->n_words > 0 ? read_mode(q->words[0], &mode, error) : 0;
        return r < 0 ? r : install_plan_preset(w, q->names, mode, q->flags, plan, error);
}

static int plan_preset_all(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        PresetMode mode = PRESET_FULL;

        int r = read_mode(q->words[0], &mode, error);
        return r < 0 ? r : install_plan_preset_all(w, mode, q->flags, plan, error);
}

static int plan_add_dependency(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        bool requires = str_equal(q->words[1], "Requires");

        if (!requires && !str_equal(q->words[1], "Wants"))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%.40s' is no dependency that can be added: Wants or Requires",
                                q->words[1]);
        return install_plan_add_dependency(w,
                        q->names,
                        q->words[0],
                        requires ? ".requires" : ".wants",
                        q->flags,
                        plan,
                        error);
}

static int plan_set_default(
                const InstallWorld *w, const FileRequest *q, InstallPlan *plan, Error *error) {
        return install_plan_set_default(w, q->words[0], q->flags, plan, error);
}

/* clang-format off */
static const struct FileMethod {
        const char *member, *types;
        PlanFiles plan;
        bool as_ids;           /* names are of units, also where they come from Quadlet files */
        bool takes_paths;      /* a name may be a path, which is linked to first */
        bool tells_info;       /* the answer begins with whether there was an [Install] */
        InstallFlags switches[2]; /* what its booleans say, in their order */
} file_methods[] = {
        { "EnableUnitFiles",          "asbb",   plan_enable,         .takes_paths = true, .tells_info = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "EnableUnitFilesWithFlags", "ast",    plan_enable,         .takes_paths = true, .tells_info = true },
        { "DisableUnitFiles",         "asb",    plan_disable,        .switches = { INSTALL_FLAG_RUNTIME } },
        { "DisableUnitFilesWithFlags", "ast",   plan_disable },
        { "ReenableUnitFiles",        "asbb",   plan_reenable,       .takes_paths = true, .tells_info = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "LinkUnitFiles",            "asbb",   plan_nothing,        .takes_paths = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "PresetUnitFiles",          "asbb",   plan_preset,         .takes_paths = true, .tells_info = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "PresetUnitFilesWithMode",  "assbb",  plan_preset,         .takes_paths = true, .tells_info = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "PresetAllUnitFiles",       "sbb",    plan_preset_all,     .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "MaskUnitFiles",            "asbb",   plan_mask,           .as_ids = true, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "UnmaskUnitFiles",          "asb",    plan_unmask,         .as_ids = true, .switches = { INSTALL_FLAG_RUNTIME } },
        { "RevertUnitFiles",          "as",     plan_revert },
        { "AddDependencyUnitFiles",   "asssbb", plan_add_dependency, .switches = { INSTALL_FLAG_RUNTIME, INSTALL_FLAG_FORCE } },
        { "SetDefaultTarget",         "sb",     plan_set_default,    .switches = { INSTALL_FLAG_FORCE } },
};
/* clang-format on */

static const struct FileMethod *find_method(const char *member) {
        for (size_t i = 0; i < ELEMENTSOF(file_methods); i++) {
                if (str_equal(file_methods[i].member, member))
                        return &file_methods[i];
        }
        return NULL;
}

/* The arguments, in the order of the signature. */
static int read_request(sd_bus_message *m, const struct FileMethod *method, FileRequest *q) {
        size_t n_switches = 0;
        uint64_t flags = 0;
        int on, r = 0;

        for (const char *t = method->types; *t && r >= 0; t++) {
                if (*t == 'a') {
                        r = sd_bus_message_read_strv(m, &q->names);
                        t++;
                } else if (*t == 's')
                        r = sd_bus_message_read(m, "s", &q->words[q->n_words++]);
                else if (*t == 't') {
                        r = sd_bus_message_read(m, "t", &flags);
                        q->flags |= (InstallFlags) flags;
                } else {
                        r = sd_bus_message_read(m, "b", &on);
                        if (r >= 0 && on)
                                q->flags |= method->switches[n_switches];
                        n_switches++;
                }
        }
        if (r >= 0 && flags & ~(uint64_t) (INSTALL_FLAG_RUNTIME | INSTALL_FLAG_FORCE |
                                              INSTALL_FLAG_PORTABLE))
                return -EINVAL;
        return r;
}

/* A file that is given by its path is one of the world's, and what it is called another name. */
static int take_path(
                InstallWorld *w, FileRequest *q, const char *path, char ***names, Error *error) {
        const char *name = strrchr(path, '/') + 1;

        int r = world_read_outside(w, path, error);
        if (r >= 0)
                r = strv_append(&q->paths, path);
        return r < 0 ? r : strv_append(names, name);
}

static int resolve_names(Control *c,
                InstallWorld *w,
                const struct FileMethod *method,
                FileRequest *q,
                Error *error) {
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        STRV_FOREACH (name, q->names) {
                if (strchr(*name, '/') && method->takes_paths && **name == '/') {
                        r = take_path(w, q, *name, &names, error);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (method->plan == plan_nothing)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "'%.*s' is not an absolute path of a unit file",
                                        (int) UNIT_NAME_SIZE_MAX,
                                        *name);
                _cleanup_free_ char *known = unit_files_name(c, w, *name, method->as_ids);
                r = known ? strv_push(&names, &known) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        strv_free(q->names);
        q->names = TAKE_PTR(names);
        return 0;
}

static int reply_changes(
                sd_bus_message *m, const struct FileMethod *method, const InstallPlan *plan) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0 && method->tells_info)
                r = sd_bus_message_append(reply, "b", (int) plan->carries_install_info);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sss)");
        for (size_t i = 0; r >= 0 && i < plan->n_changes; i++) {
                const InstallChange *c = &plan->changes[i];
                r = sd_bus_message_append(reply,
                                "(sss)",
                                install_change_type_to_string(c->type),
                                c->path,
                                c->source ?: "");
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_change(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const struct FileMethod *method = ASSERT_PTR(find_method(sd_bus_message_get_member(m)));
        _cleanup_(install_plan_done) InstallPlan plan = {};
        _cleanup_(file_request_done) FileRequest q = {};
        _cleanup_(world_freep) InstallWorld *w = NULL;
        _cleanup_(error_done) Error error = {};
        Control *c = control_of(userdata);

        int r = read_request(m, method, &q);
        if (r < 0)
                return r;
        r = unit_files_read(c, &w, &error);
        if (r >= 0)
                r = resolve_names(c, w, method, &q, &error);
        if (r >= 0 && q.paths)
                r = install_plan_link(w, q.paths, q.flags, &plan, &error);
        if (r >= 0)
                r = method->plan(w, &q, &plan, &error);
        if (r >= 0)
                r = unit_files_apply(c, w, &plan, &error);
        return r < 0 ? bus_error_take(ret_error, r, &error) : reply_changes(m, method, &plan);
}

/* clang-format off */
#define METHOD(name, in, out, handler) SD_BUS_METHOD(name, in, out, handler, 0)
#define CHANGES "a(sss)"

const sd_bus_vtable unit_files_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("ListUnitFiles",             NULL,     "a(ss)",      method_list_unit_files),
        METHOD("ListUnitFilesByPatterns",   "asas",   "a(ss)",      method_list_unit_files_by_patterns),
        METHOD("GetUnitFileState",          "s",      "s",          method_get_unit_file_state),
        METHOD("GetUnitFileLinks",          "sb",     "as",         method_get_links),
        METHOD("GetDefaultTarget",          NULL,     "s",          method_get_default_target),
        METHOD("EnableUnitFiles",           "asbb",   "b" CHANGES,  method_change),
        METHOD("EnableUnitFilesWithFlags",  "ast",    "b" CHANGES,  method_change),
        METHOD("DisableUnitFiles",          "asb",    CHANGES,      method_change),
        METHOD("DisableUnitFilesWithFlags", "ast",    CHANGES,      method_change),
        METHOD("ReenableUnitFiles",         "asbb",   "b" CHANGES,  method_change),
        METHOD("LinkUnitFiles",             "asbb",   CHANGES,      method_change),
        METHOD("PresetUnitFiles",           "asbb",   "b" CHANGES,  method_change),
        METHOD("PresetUnitFilesWithMode",   "assbb",  "b" CHANGES,  method_change),
        METHOD("PresetAllUnitFiles",        "sbb",    CHANGES,      method_change),
        METHOD("MaskUnitFiles",             "asbb",   CHANGES,      method_change),
        METHOD("UnmaskUnitFiles",           "asb",    CHANGES,      method_change),
        METHOD("RevertUnitFiles",           "as",     CHANGES,      method_change),
        METHOD("AddDependencyUnitFiles",    "asssbb", CHANGES,      method_change),
        METHOD("SetDefaultTarget",          "sb",     CHANGES,      method_change),

        SD_BUS_SIGNAL("UnitFilesChanged", NULL, 0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
