/* SPDX-License-Identifier: MIT */
/*
 * org.freedesktop.systemd1.Manager: the methods. Its properties are in manager-properties.c.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/dump.h"
#include "control/bus-error.h"
#include "control/control-internal.h"
#include "control/process.h"
#include "control/unit-files.h"
#include "control/set-property.h"
#include "control/verbs.h"
#include "core/unit-name.h"
#include "supd/bus.h"

#define SYSTEMD_ERROR "org.freedesktop.systemd1."

static Control *control_of(void *userdata) {
        return ((Connection *) ASSERT_PTR(userdata))->control;
}

/* ---- look-ups: answered with an object path ---------------------------------------------------- */

static int reply_unit_path(sd_bus_message *m, const char *id) {
        _cleanup_free_ char *path = unit_name_to_path(id);

        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

static int method_get_unit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;
        Unit *u = NULL;

        int r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = verb_find_unit(control_of(userdata), name, &u, ret_error);
        return r < 0 ? r : reply_unit_path(m, unit_id(u));
}

/* Any valid name has an object; that of an unknown unit says so itself. */
static int method_load_unit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        Unit *u = engine_find(control_of(userdata)->engine, name);
        if (u)
                return reply_unit_path(m, unit_id(u));

        _cleanup_free_ char *id = unit_name_mangle(name);
        if (!id)
                return -ENOMEM;
        if (!unit_name_is_valid(id))
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "'%.*s' is not a valid unit name",
                                (int) UNIT_NAME_MAX,
                                name);
        return reply_unit_path(m, id);
}

static int method_get_unit_by_pid(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const Connection *connection = ASSERT_PTR(userdata);
        _cleanup_free_ char *cgroup = NULL;
        uint32_t pid;

        int r = sd_bus_message_read(m, "u", &pid);
        if (r < 0)
                return r;
        if (pid == 0)
                pid = (uint32_t) connection->peer.pid;
        if (pid == 0 || pid > INT32_MAX)
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_INVALID_ARGS, "Invalid PID %" PRIu32, pid);

        /* A process that has ended has no cgroup any more, but may still be known as a main process. */
        (void) process_cgroup((pid_t) pid, &cgroup);
        Unit *u = engine_find_by_pid(connection->control->engine, (pid_t) pid, cgroup);
        if (!u)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "NoUnitForPID",
                                "PID %" PRIu32 " does not belong to any unit.",
                                pid);
        return reply_unit_path(m, unit_id(u));
}

static int method_get_unit_by_cgroup(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *cgroup;

        int r = sd_bus_message_read(m, "s", &cgroup);
        if (r < 0)
                return r;
        Unit *u = engine_find_by_pid(control_of(userdata)->engine, /* pid= */ 0, cgroup);
        if (!u)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "NoSuchUnit",
                                "Control group '%s' is not of any unit.",
                                cgroup);
        return reply_unit_path(m, unit_id(u));
}

static Unit *find_by_invocation(Engine *e, sd_id128_t wanted) {
        for (size_t i = 0; i < engine_n_units(e); i++) {
                Unit *u = engine_unit_at(e, i);
                UnitStatus status = {};
                sd_id128_t id;

                u->ops->status(u, &status);
                if (status.invocation_id && sd_id128_from_string(status.invocation_id, &id) >= 0 &&
                                sd_id128_equal(id, wanted))
                        return u;
        }
        return NULL;
}

static int method_get_unit_by_invocation(
                sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const void *bytes;
        sd_id128_t id;
        size_t size;

        int r = sd_bus_message_read_array(m, 'y', &bytes, &size);
        if (r < 0)
                return r;
        if (size != sizeof(id.bytes))
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_INVALID_ARGS, "Invalid invocation ID");
        memcpy(id.bytes, bytes, size);
        Unit *u = find_by_invocation(control_of(userdata)->engine, id);
        if (!u)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "NoUnitForInvocationID",
                                "No unit with this invocation ID is known.");
        return reply_unit_path(m, unit_id(u));
}

/* ---- lists ------------------------------------------------------------------------------------- */

/* id, description, load, active and sub state, followed unit, object, job id, type and object */
#define UNIT_TYPE "(ssssssouso)"
#define JOB_TYPE_SIGNATURE "(usssoo)"

static int append_unit(sd_bus_message *reply, const UnitView *v) {
        const Job *j = v->unit ? v->unit->job : NULL;
        _cleanup_free_ char *path = unit_name_to_path(v->name), *job = j ? job_path(j->id) : NULL;

        if (!path || (j && !job))
                return -ENOMEM;
        return sd_bus_message_append(reply,
                        UNIT_TYPE,
                        v->name,
                        v->description,
                        unit_load_state_to_string(v->spec->load_state),
                        unit_active_state_to_string(v->status.active),
                        v->status.sub,
                        "",
                        path,
                        j ? j->id : 0U,
                        j ? job_type_to_string(j->type) : "",
                        j ? job : "/");
}

static bool view_has_state(const UnitView *v, char *const *states) {
        return strv_length(states) == 0 ||
               strv_contains(states, unit_load_state_to_string(v->spec->load_state)) ||
               strv_contains(states, unit_active_state_to_string(v->status.active)) ||
               strv_contains(states, v->status.sub);
}

static int append_units(
                sd_bus_message *reply, Control *c, char *const *states, char *const *patterns) {
        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, UNIT_TYPE);

        for (size_t i = 0; r >= 0 && i < engine_n_units(c->engine); i++) {
                Unit *u = engine_unit_at(c->engine, i);
                UnitView v = {};

                /* A template is no unit, its instances are. */
                if (u->spec->is_template || !unit_matches(u, patterns))
                        continue;
                r = unit_view_init(&v, c, u, NULL);
                if (r >= 0 && view_has_state(&v, states))
                        r = append_unit(reply, &v);
                unit_view_done(&v);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int list_units(sd_bus_message *m, Control *c, char *const *states, char *const *patterns) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_units(reply, c, states, patterns);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_units(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) ret_error;
        return list_units(m, control_of(userdata), NULL, NULL);
}

static int method_list_units_filtered(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_ char **states = NULL;

        (void) ret_error;
        int r = sd_bus_message_read_strv(m, &states);
        return r < 0 ? r : list_units(m, control_of(userdata), states, NULL);
}

static int method_list_units_by_patterns(
                sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_ char **states = NULL, **patterns = NULL;

        (void) ret_error;
        int r = sd_bus_message_read_strv(m, &states);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &patterns);
        return r < 0 ? r : list_units(m, control_of(userdata), states, patterns);
}

static int append_named(sd_bus_message *reply, Control *c, const char *name) {
        _cleanup_free_ char *id = unit_name_mangle(name);
        UnitView v = {};

        if (!id)
                return -ENOMEM;
        if (!unit_name_is_valid(id))
                return 0; /* as systemd does: what can't be a unit is left out */
        int r = unit_view_init(&v, c, engine_find(c->engine, name), id);
        if (r >= 0)
                r = append_unit(reply, &v);
        unit_view_done(&v);
        return r;
}

static int method_list_units_by_names(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_ char **names = NULL;

        (void) ret_error;
        int r = sd_bus_message_read_strv(m, &names);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, UNIT_TYPE);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                r = append_named(reply, control_of(userdata), *name);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_job(sd_bus_message *reply, const Job *j) {
        _cleanup_free_ char *path = job_path(j->id), *unit = unit_name_to_path(unit_id(j->unit));

        if (!path || !unit)
                return -ENOMEM;
        return sd_bus_message_append(reply,
                        JOB_TYPE_SIGNATURE,
                        j->id,
                        unit_id(j->unit),
                        job_type_to_string(j->type),
                        j->running ? "running" : "waiting",
                        path,
                        unit);
}

static int method_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        Engine *e = control_of(userdata)->engine;

        (void) ret_error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, JOB_TYPE_SIGNATURE);
        for (size_t i = 0; r >= 0 && i < engine_n_jobs(e); i++)
                r = append_job(reply, engine_job_at(e, i));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- verbs ------------------------------------------------------------------------------------- */

static int method_job(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name, *mode;

        int r = sd_bus_message_read(m, "ss", &name, &mode);
        if (r < 0)
                return r;
        const char *method = sd_bus_message_get_member(m);
        return verb_job(control_of(userdata), m, name, method, mode, ret_error);
}

static int method_enqueue(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name, *type, *mode;

        int r = sd_bus_message_read(m, "sss", &name, &type, &mode);
        return r < 0 ? r : verb_enqueue(control_of(userdata), m, name, type, mode, ret_error);
}

static int method_kill(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name, *whom;
        int32_t signal;

        int r = sd_bus_message_read(m, "ssi", &name, &whom, &signal);
        return r < 0 ? r : verb_kill(control_of(userdata), m, name, whom, signal, ret_error);
}

static int method_freeze(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        bool freeze = str_equal(sd_bus_message_get_member(m), "FreezeUnit");
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : verb_freeze(control_of(userdata), m, name, freeze, ret_error);
}

static int method_reset_failed_unit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : verb_reset_failed(control_of(userdata), m, name, ret_error);
}

static int method_reset_failed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Engine *e = control_of(userdata)->engine;

        (void) ret_error;
        for (size_t i = 0; i < engine_n_units(e); i++) {
                Unit *u = engine_unit_at(e, i);
                u->ops->reset_failed(u);
        }
        return sd_bus_reply_method_return(m, NULL);
}

static int method_reference(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : verb_reference(control_of(userdata), m, name, ret_error);
}

static int method_get_processes(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : verb_processes(control_of(userdata), m, name, ret_error);
}

/* ---- jobs -------------------------------------------------------------------------------------- */

static int read_job(sd_bus_message *m, Control *c, Job **ret, sd_bus_error *ret_error) {
        uint32_t id;

        int r = sd_bus_message_read(m, "u", &id);
        if (r < 0)
                return r;
        Job *j = engine_find_job(c->engine, id);
        if (!j)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "NoSuchJob",
                                "Job %" PRIu32 " does not exist.",
                                id);
        *ret = j;
        return 0;
}

static int method_get_job(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Job *j = NULL;

        int r = read_job(m, control_of(userdata), &j, ret_error);
        if (r < 0)
                return r;
        _cleanup_free_ char *path = job_path(j->id);
        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

static int method_cancel_job(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = control_of(userdata);
        Job *j = NULL;

        int r = read_job(m, c, &j, ret_error);
        if (r < 0)
                return r;
        engine_cancel_job(c->engine, j);
        return sd_bus_reply_method_return(m, NULL);
}

static int method_clear_jobs(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Engine *e = control_of(userdata)->engine;

        (void) ret_error;
        while (engine_n_jobs(e) > 0)
                engine_cancel_job(e, engine_job_at(e, engine_n_jobs(e) - 1));
        return sd_bus_reply_method_return(m, NULL);
}

/* ---- the daemon -------------------------------------------------------------------------------- */

static int method_subscribe(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);

        if (connection->subscribed)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "AlreadySubscribed",
                                "Client is already subscribed.");
        connection->subscribed = true;
        connection->control->n_subscribers++;
        return sd_bus_reply_method_return(m, NULL);
}

static int method_unsubscribe(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);

        if (!connection->subscribed)
                return sd_bus_error_setf(ret_error,
                                SYSTEMD_ERROR "NotSubscribed",
                                "Client is not subscribed.");
        connection->subscribed = false;
        connection->control->n_subscribers--;
        return sd_bus_reply_method_return(m, NULL);
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        Control *c = control_of(userdata);

        control_tell_reloading(c, /* active= */ true);
        unit_files_forget(c);
        int r = c->ops->reload(c->userdata, &error);
        control_tell_reloading(c, /* active= */ false);
        return r < 0 ? bus_error_take(ret_error, r, &error) : sd_bus_reply_method_return(m, NULL);
}

/* From the loop, where nothing of this folder is on the stack. */
static int on_reexecute(sd_event_source *source, void *userdata) {
        _cleanup_(error_done) Error error = {};
        Control *c = ASSERT_PTR(userdata);
        _cleanup_message_ sd_bus_message *call = TAKE_PTR(c->reexecute_call);

        (void) source;
        int r = c->ops->reexecute(c->userdata, &error);
        if (r < 0)
                verb_reply_error(call, r, &error);
        return 0;
}

static int method_reexecute(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = control_of(userdata);
        int r;

        if (c->reexecute_call)
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_FAILED,
                                "supd is about to execute itself anew already");
        if (!c->reexecute_source)
                r = sd_event_add_defer(c->event, &c->reexecute_source, on_reexecute, c);
        else
                r = sd_event_source_set_enabled(c->reexecute_source, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;
        c->reexecute_call = sd_bus_message_ref(m);
        return 1;
}

static int method_exit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        Control *c = control_of(userdata);

        int r = (*c->ops->exit)(c->userdata, &error);
        return r < 0 ? bus_error_take(ret_error, r, &error) : sd_bus_reply_method_return(m, NULL);
}

static int method_set_unit_properties(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;
        int runtime;

        int r = sd_bus_message_read(m, "sb", &name, &runtime);
        return r < 0 ? r : verb_set_properties(control_of(userdata), m, name, runtime, ret_error);
}

/* ---- dump -------------------------------------------------------------------------------------- */

static int reply_with_file(sd_bus_message *m, const char *text) {
        _cleanup_close_ int fd = neg_errno(memfd_create("dump", MFD_CLOEXEC));
        if (fd < 0)
                return fd;
        int r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return sd_bus_reply_method_return(m, "h", fd);
}

/* As text, or as a file to read it from; of all units, or of those that match. */
static int method_dump(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *method = sd_bus_message_get_member(m);
        _cleanup_strv_ char **patterns = NULL;
        _cleanup_free_ char *text = NULL;
        int r = 0;

        (void) ret_error;
        if (str_has_prefix(method, "DumpUnits"))
                r = sd_bus_message_read_strv(m, &patterns);
        if (r >= 0)
                r = dump_units(control_of(userdata), patterns, &text);
        if (r < 0)
                return r;
        return str_has_suffix(method, "FileDescriptor") ? reply_with_file(m, text)
                                                        : sd_bus_reply_method_return(m, "s", text);
}

/* clang-format off */
#define METHOD(name, in, out, handler) SD_BUS_METHOD(name, in, out, handler, 0)
#define UNITS "a" UNIT_TYPE

const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("GetUnit",                 "s",    "o",                 method_get_unit),
        METHOD("GetUnitByPID",            "u",    "o",                 method_get_unit_by_pid),
        METHOD("GetUnitByInvocationID",   "ay",   "o",                 method_get_unit_by_invocation),
        METHOD("GetUnitByControlGroup",   "s",    "o",                 method_get_unit_by_cgroup),
        METHOD("LoadUnit",                "s",    "o",                 method_load_unit),
        METHOD("StartUnit",               "ss",   "o",                 method_job),
        METHOD("StopUnit",                "ss",   "o",                 method_job),
        METHOD("ReloadUnit",              "ss",   "o",                 method_job),
        METHOD("RestartUnit",             "ss",   "o",                 method_job),
        METHOD("TryRestartUnit",          "ss",   "o",                 method_job),
        METHOD("ReloadOrRestartUnit",     "ss",   "o",                 method_job),
        METHOD("ReloadOrTryRestartUnit",  "ss",   "o",                 method_job),
        METHOD("EnqueueUnitJob",          "sss",  "uososa(uosos)",     method_enqueue),
        METHOD("KillUnit",                "ssi",  NULL,                method_kill),
        METHOD("FreezeUnit",              "s",    NULL,                method_freeze),
        METHOD("ThawUnit",                "s",    NULL,                method_freeze),
        METHOD("ResetFailedUnit",         "s",    NULL,                method_reset_failed_unit),
        METHOD("RefUnit",                 "s",    NULL,                method_reference),
        METHOD("UnrefUnit",               "s",    NULL,                method_reference),
        METHOD("GetUnitProcesses",        "s",    "a(sus)",            method_get_processes),
        METHOD("GetJob",                  "u",    "o",                 method_get_job),
        METHOD("CancelJob",               "u",    NULL,                method_cancel_job),
        METHOD("ClearJobs",               NULL,   NULL,                method_clear_jobs),
        METHOD("ResetFailed",             NULL,   NULL,                method_reset_failed),
        METHOD("ListUnits",               NULL,   UNITS,               method_list_units),
        METHOD("ListUnitsFiltered",       "as",   UNITS,               method_list_units_filtered),
        METHOD("ListUnitsByPatterns",     "asas", UNITS,               method_list_units_by_patterns),
        METHOD("ListUnitsByNames",        "as",   UNITS,               method_list_units_by_names),
        METHOD("ListJobs",                NULL,   "a" JOB_TYPE_SIGNATURE, method_list_jobs),
        METHOD("Subscribe",               NULL,   NULL,                method_subscribe),
        METHOD("Unsubscribe",             NULL,   NULL,                method_unsubscribe),
        METHOD("Reload",                  NULL,   NULL,                method_reload),
        METHOD("Reexecute",               NULL,   NULL,                method_reexecute),
        METHOD("SetUnitProperties",       "sba(sv)", NULL,             method_set_unit_properties),
        METHOD("Dump",                    NULL,   "s",                 method_dump),
        METHOD("DumpByFileDescriptor",    NULL,   "h",                 method_dump),
        METHOD("DumpUnitsMatchingPatterns", "as", "s",                 method_dump),
        METHOD("DumpUnitsMatchingPatternsByFileDescriptor", "as", "h", method_dump),
        METHOD("Exit",                    NULL,   NULL,                method_exit),

        SD_BUS_SIGNAL("UnitNew",    "so",   0),
        SD_BUS_SIGNAL("UnitRemoved", "so",  0),
        SD_BUS_SIGNAL("JobNew",     "uos",  0),
        SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
        SD_BUS_SIGNAL("Reloading",  "b",    0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
