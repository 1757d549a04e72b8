/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/property.h"
#include "control/unit-files.h"
#include "control/set-property.h"
#include "control/verbs.h"
#include "core/unit-name.h"
#include "supd/bus.h"

/* ---- methods ----------------------------------------------------------------------------------- */

static int method_job(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);
        const char *mode;

        int r = sd_bus_message_read(m, "s", &mode);
        if (r < 0)
                return r;
        const char *method = sd_bus_message_get_member(m);
        return verb_job(v->control, m, v->name, method, mode, ret_error);
}

static int method_enqueue(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);
        const char *type, *mode;

        int r = sd_bus_message_read(m, "ss", &type, &mode);
        return r < 0 ? r : verb_enqueue(v->control, m, v->name, type, mode, ret_error);
}

static int method_kill(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);
        const char *whom;
        int32_t signal;

        int r = sd_bus_message_read(m, "si", &whom, &signal);
        return r < 0 ? r : verb_kill(v->control, m, v->name, whom, signal, ret_error);
}

static int method_freeze(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);
        bool freeze = str_equal(sd_bus_message_get_member(m), "Freeze");

        return verb_freeze(v->control, m, v->name, freeze, ret_error);
}

static int method_reset_failed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);

        return verb_reset_failed(v->control, m, v->name, ret_error);
}

static int method_set_properties(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);
        int runtime;

        int r = sd_bus_message_read(m, "b", &runtime);
        return r < 0 ? r : verb_set_properties(v->control, m, v->name, runtime, ret_error);
}

static int method_reference(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);

        return verb_reference(v->control, m, v->name, ret_error);
}

/* ---- properties -------------------------------------------------------------------------------- */

static PROPERTY_GETTER(get_names) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "as", 1, v->name);
}

static PROPERTY_GETTER(get_dependencies) {
        const UnitView *v = userdata;
        const DepNode *node = engine_find_node(v->control->engine, v->name);
        DependencyType type = dependency_type_from_string(property);

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
        for (uint32_t i = 0; r >= 0 && node && i < dep_count(node, type); i++)
                r = sd_bus_message_append_basic(reply, 's', node->lists[type]->nodes[i]->name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_job_mode) {
        return sd_bus_message_append(reply, "s", job_mode_to_string(*(const JobMode *) userdata));
}

static PROPERTY_GETTER(get_load_state) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(reply, "s", unit_load_state_to_string(spec->load_state));
}

static PROPERTY_GETTER(get_requires_mounts_for) {
        const UnitSectionSpec *unit = &((const UnitSpec *) userdata)->unit;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
        STRV_FOREACH (source, unit->requires_mounts_for) {
                if (r >= 0)
                        r = sd_bus_message_append_basic(reply, 's', *source);
        }
        STRV_FOREACH (source, unit->implied_mounts_for) {
                if (r >= 0)
                        r = sd_bus_message_append_basic(reply, 's', *source);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_collect_mode) {
        const bool *collect_failed = userdata;

        return sd_bus_message_append(
                        reply, "s", *collect_failed ? "inactive-or-failed" : "inactive");
}

static PROPERTY_GETTER(get_active_state) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "s", unit_active_state_to_string(v->status.active));
}

static PROPERTY_GETTER(get_file_state) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "s", unit_files_state(v->control, v->spec));
}

static PROPERTY_GETTER(get_file_preset) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "s", unit_files_preset(v->control, v->spec));
}

static PROPERTY_GETTER(get_can_start) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply,
                        "b",
                        v->unit && !v->spec->unit.refuse_manual_start &&
                                        unit_can_start(v->unit, NULL) >= 0);
}

static PROPERTY_GETTER(get_can_reload) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "b", v->unit && unit_can_reload(v->unit));
}

static PROPERTY_GETTER(get_can_stop) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "b", v->unit && !v->spec->unit.refuse_manual_stop);
}

static PROPERTY_GETTER(get_can_freeze) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "b", v->unit && v->spec->kind == UNIT_KIND_CONTAINER);
}

static PROPERTY_GETTER(get_can_isolate) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "b", v->unit && v->spec->unit.allow_isolate);
}

static PROPERTY_GETTER(get_job) {
        const UnitView *v = userdata;
        const Job *j = v->unit ? v->unit->job : NULL;

        if (!j)
                return sd_bus_message_append(reply, "(uo)", 0, "/");
        _cleanup_free_ char *object = job_path(j->id);
        return object ? sd_bus_message_append(reply, "(uo)", j->id, object) : -ENOMEM;
}

static PROPERTY_GETTER(get_load_error) {
        const UnitSpec *spec = userdata;
        const char *name = NULL;

        switch (spec->load_state) {
        case UNIT_NOT_FOUND:
                return sd_bus_message_append(reply,
                                "(ss)",
                                "org.freedesktop.systemd1.NoSuchUnit",
                                "Unit not found.");
        case UNIT_BAD_SETTING:
                name = "org.freedesktop.systemd1.BadUnitSetting";
                break;
        case UNIT_ERROR:
                name = "org.freedesktop.systemd1.LoadFailed";
                break;
        default:
                return sd_bus_message_append(reply, "(ss)", "", "");
        }
        _cleanup_free_ char *message = unit_load_error(spec);
        return sd_bus_message_append(reply, "(ss)", name, message ? message : "");
}

/* Of conditions or of assertions, as the property is called; NULL: there is no unit. */
static const UnitCheck *check_of(const UnitView *v, const char *property) {
        if (!v->unit)
                return NULL;
        return str_has_prefix(property, "Assert") ? &v->unit->assertion : &v->unit->condition;
}

static PROPERTY_GETTER(get_check_result) {
        const UnitCheck *check = check_of(userdata, property);

        return sd_bus_message_append(reply, "b", check && check->met);
}

static PROPERTY_GETTER(get_check_stamp) {
        const UnitCheck *check = check_of(userdata, property);
        DualTime when = check ? check->when : (DualTime) {};

        return sd_bus_message_append(reply,
                        "t",
                        str_has_suffix(property, "Monotonic") ? when.monotonic_usec
                                                              : when.realtime_usec);
}

/* Name, '|', '!', parameter, and what came of it: 1, -1, 0 for not tested. */
static PROPERTY_GETTER(get_conditions) {
        const UnitView *v = userdata;
        const UnitCheck *check = check_of(v, property);
        bool asserts = str_has_prefix(property, "Assert");
        const ConditionList *list = asserts ? &v->spec->unit.asserts : &v->spec->unit.conditions;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sbbsi)");
        for (size_t i = 0; r >= 0 && i < list->n_items; i++) {
                const UnitCondition *c = &list->items[i];
                _cleanup_free_ char *name = str_printf("%s%s",
                                asserts ? "Assert" : "Condition",
                                condition_type_to_string(c->type));
                if (!name)
                        return -ENOMEM;
                r = sd_bus_message_append(reply,
                                "(sbbsi)",
                                name,
                                (int) c->trigger,
                                (int) c->negate,
                                c->parameter,
                                check ? unit_check_answer(check, i) : 0);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_invocation_id) {
        const UnitView *v = userdata;
        const char *text = v->status.invocation_id;
        sd_id128_t id;

        if (!text || sd_id128_from_string(text, &id) < 0)
                return sd_bus_message_append_array(reply, 'y', NULL, 0);
        return sd_bus_message_append_array(reply, 'y', id.bytes, sizeof(id.bytes));
}

static bool is_newer(const char *path, uint64_t usec) {
        struct stat st;

        if (stat(path, &st) < 0)
                return errno == ENOENT;
        return (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t) st.st_mtim.tv_nsec / 1000 >
               usec;
}

/* Files of the unit that were written or removed since they were read; also one that was read, but waits
 * for the next start, is no reason to reload. */
static PROPERTY_GETTER(get_need_reload) {
        const UnitView *v = userdata;
        ControlInfo info = {};
        bool newer = false;

        if (!v->unit || !v->spec->fragment_path)
                return sd_bus_message_append(reply, "b", 0);
        v->control->ops->info(v->control->userdata, &info);

        uint64_t read_usec = MAX(info.units_loaded_realtime_usec, v->unit->reread_realtime_usec);
        newer = is_newer(v->spec->fragment_path, read_usec);
        STRV_FOREACH (dropin, v->spec->dropin_paths) {
                newer = newer || is_newer(*dropin, read_usec);
        }
        return sd_bus_message_append(reply, "b", (int) (newer && !v->unit->gone));
}

/* clang-format off */
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define STATUS(member) offsetof(UnitView, status.member)
#define METHOD(name, in, out, handler) SD_BUS_METHOD(name, in, out, handler, 0)
#define CONSTANT(name, type, getter) SD_BUS_PROPERTY(name, type, getter, 0, 0)
#define DEPENDENCY(name) CONSTANT(name, "as", get_dependencies)
#define STAMP(name, member) \
        SD_BUS_PROPERTY(name, "t", property_get_stamp, STATUS(member.realtime_usec), CHANGES), \
        SD_BUS_PROPERTY(name "Monotonic", "t", property_get_stamp, STATUS(member.monotonic_usec), CHANGES)

/* Types are systemd's to the letter: its clients look properties up by name and type. */
const sd_bus_vtable unit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("Start",              "s",  "o",             method_job),
        METHOD("Stop",               "s",  "o",             method_job),
        METHOD("Reload",             "s",  "o",             method_job),
        METHOD("Restart",            "s",  "o",             method_job),
        METHOD("TryRestart",         "s",  "o",             method_job),
        METHOD("ReloadOrRestart",    "s",  "o",             method_job),
        METHOD("ReloadOrTryRestart", "s",  "o",             method_job),
        METHOD("EnqueueJob",         "ss", "uososa(uosos)", method_enqueue),
        METHOD("Kill",               "si", NULL,            method_kill),
        METHOD("ResetFailed",        NULL, NULL,            method_reset_failed),
        METHOD("SetProperties",      "ba(sv)", NULL,        method_set_properties),
        METHOD("Freeze",             NULL, NULL,            method_freeze),
        METHOD("Thaw",               NULL, NULL,            method_freeze),
        METHOD("Ref",                NULL, NULL,            method_reference),
        METHOD("Unref",              NULL, NULL,            method_reference),

        SD_BUS_PROPERTY("Id", "s", NULL, offsetof(UnitView, name), 0),
        CONSTANT("Names",                  "as",   get_names),
        CONSTANT("Following",              "s",    property_get_empty),
        DEPENDENCY("Requires"),
        DEPENDENCY("Requisite"),
        DEPENDENCY("Wants"),
        DEPENDENCY("BindsTo"),
        DEPENDENCY("PartOf"),
        DEPENDENCY("Upholds"),
        DEPENDENCY("RequiredBy"),
        DEPENDENCY("RequisiteOf"),
        DEPENDENCY("WantedBy"),
        DEPENDENCY("BoundBy"),
        DEPENDENCY("UpheldBy"),
        DEPENDENCY("ConsistsOf"),
        DEPENDENCY("Conflicts"),
        DEPENDENCY("ConflictedBy"),
        DEPENDENCY("Before"),
        DEPENDENCY("After"),
        DEPENDENCY("OnFailure"),
        DEPENDENCY("OnFailureOf"),
        DEPENDENCY("OnSuccess"),
        DEPENDENCY("OnSuccessOf"),
        DEPENDENCY("PropagatesStopTo"),
        DEPENDENCY("StopPropagatedFrom"),
        DEPENDENCY("PropagatesReloadTo"),
        DEPENDENCY("ReloadPropagatedFrom"),
        DEPENDENCY("Triggers"),
        DEPENDENCY("TriggeredBy"),
        SD_BUS_PROPERTY("Description", "s", NULL, offsetof(UnitView, description), 0),
        SD_BUS_PROPERTY("ActiveState", "s", get_active_state, 0, CHANGES),
        SD_BUS_PROPERTY("FreezerState", "s", NULL, STATUS(freezer), CHANGES),
        SD_BUS_PROPERTY("SubState", "s", NULL, STATUS(sub), CHANGES),
        CONSTANT("UnitFileState",          "s",    get_file_state),
        CONSTANT("UnitFilePreset",         "s",    get_file_preset),
        STAMP("StateChangeTimestamp",   state_entered),
        STAMP("InactiveExitTimestamp",  inactive_exit),
        STAMP("ActiveEnterTimestamp",   active_enter),
        STAMP("ActiveExitTimestamp",    active_exit),
        STAMP("InactiveEnterTimestamp", inactive_enter),
        CONSTANT("CanStart",               "b",    get_can_start),
        CONSTANT("CanStop",                "b",    get_can_stop),
        CONSTANT("CanReload",              "b",    get_can_reload),
        CONSTANT("CanIsolate",             "b",    get_can_isolate),
        CONSTANT("CanClean",               "as",   property_get_empty_array),
        CONSTANT("CanFreeze",              "b",    get_can_freeze),
        SD_BUS_PROPERTY("Job", "(uo)", get_job, 0, CHANGES),
        CONSTANT("NeedDaemonReload",       "b",    get_need_reload),
        SD_BUS_PROPERTY("ConditionResult", "b", get_check_result, 0, CHANGES),
        SD_BUS_PROPERTY("AssertResult", "b", get_check_result, 0, CHANGES),
        SD_BUS_PROPERTY("ConditionTimestamp", "t", get_check_stamp, 0, CHANGES),
        SD_BUS_PROPERTY("ConditionTimestampMonotonic", "t", get_check_stamp, 0, CHANGES),
        SD_BUS_PROPERTY("AssertTimestamp", "t", get_check_stamp, 0, CHANGES),
        SD_BUS_PROPERTY("AssertTimestampMonotonic", "t", get_check_stamp, 0, CHANGES),
        SD_BUS_PROPERTY("Conditions", "a(sbbsi)", get_conditions, 0, 0),
        SD_BUS_PROPERTY("Asserts", "a(sbbsi)", get_conditions, 0, 0),
        CONSTANT("Transient",              "b",    property_get_false),
        CONSTANT("Perpetual",              "b",    property_get_false),
        SD_BUS_PROPERTY("InvocationID", "ay", get_invocation_id, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

#define SPEC(name, type, getter, member) \
        SD_BUS_PROPERTY(name, type, getter, offsetof(UnitSpec, member), 0)

const sd_bus_vtable unit_spec_vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONSTANT("LoadState",           "s",    get_load_state),
        CONSTANT("LoadError",           "(ss)", get_load_error),
        SPEC("FragmentPath",            "s",    NULL, fragment_path),
        SPEC("SourcePath",              "s",    NULL, fragment_path),
        SPEC("DropInPaths",             "as",   NULL, dropin_paths),
        SPEC("Documentation",           "as",   NULL, unit.documentation),
        CONSTANT("RequiresMountsFor",   "as",   get_requires_mounts_for),
        SPEC("WantsMountsFor",          "as",   NULL, unit.wants_mounts_for),
        SPEC("CollectMode",             "s",    get_collect_mode, unit.collect_failed),
        SPEC("StopWhenUnneeded",        "b",    property_get_bool, unit.stop_when_unneeded),
        SPEC("RefuseManualStart",       "b",    property_get_bool, unit.refuse_manual_start),
        SPEC("RefuseManualStop",        "b",    property_get_bool, unit.refuse_manual_stop),
        SPEC("AllowIsolate",            "b",    property_get_bool, unit.allow_isolate),
        SPEC("IgnoreOnIsolate",         "b",    property_get_bool, unit.ignore_on_isolate),
        SPEC("DefaultDependencies",     "b",    property_get_bool, unit.default_dependencies),
        SPEC("OnSuccessJobMode",        "s",    get_job_mode, unit.on_success_job_mode),
        SPEC("OnFailureJobMode",        "s",    get_job_mode, unit.on_failure_job_mode),
        SPEC("JobTimeoutUSec",          "t",    NULL, unit.job_timeout_usec),
        SPEC("JobRunningTimeoutUSec",   "t",    NULL, unit.job_running_timeout_usec),
        SPEC("StartLimitIntervalUSec",  "t",    NULL, service.restart.limit_interval_usec),
        SPEC("StartLimitBurst",         "u",    NULL, service.restart.limit_burst),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
