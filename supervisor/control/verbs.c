/* SPDX-License-Identifier: MIT */
#include "control/verbs.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/text.h"
#include "control/bus-error.h"
#include "control/process.h"
#include "core/unit-name.h"

#define ERROR_NOT_APPLICABLE "org.freedesktop.systemd1.JobTypeNotApplicable"

void verb_reply_error(sd_bus_message *call, int r, const Error *error) {
        sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        (void) bus_error_take(&bus_error, r, error);
        (void) sd_bus_reply_method_error(call, &bus_error); /* fails if the client is gone */
        sd_bus_error_free(&bus_error);
}

static int no_such_unit(const char *name, Error *error) {
        _cleanup_free_ char *id = unit_name_mangle(name);

        if (!id)
                return -ENOMEM;
        if (!unit_name_is_valid(id))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "'%.*s' is not a valid unit name",
                                (int) UNIT_NAME_MAX,
                                name);
        return error_set_plain(error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", id);
}

int verb_find_unit(Control *c, const char *name, Unit **ret, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};

        Unit *u = engine_find(c->engine, name);
        if (!u)
                return bus_error_take(ret_error, no_such_unit(name, &error), &error);
        *ret = u;
        return 0;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

/* of_reload: of a unit that can reload. */
/* clang-format off */
static const struct {
        const char *of_manager, *of_unit, *type;
        JobType job, of_reload;
} job_verbs[] = {
        { "StartUnit",              "Start",              "start",                 JOB_START,       JOB_START           },
        { "StopUnit",               "Stop",               "stop",                  JOB_STOP,        JOB_STOP            },
        { "ReloadUnit",             "Reload",             "reload",                JOB_RELOAD,      JOB_RELOAD          },
        { "RestartUnit",            "Restart",            "restart",               JOB_RESTART,     JOB_RESTART         },
        { "TryRestartUnit",         "TryRestart",         "try-restart",           JOB_TRY_RESTART, JOB_TRY_RESTART     },
        { "ReloadOrRestartUnit",    "ReloadOrRestart",    "reload-or-restart",     JOB_RESTART,     JOB_RELOAD_OR_START },
        { "ReloadOrTryRestartUnit", "ReloadOrTryRestart", "reload-or-try-restart", JOB_TRY_RESTART, JOB_TRY_RELOAD      },
};
/* clang-format on */

static int add_job(Control *c,
                const char *name,
                size_t verb,
                const char *mode_name,
                Job **ret,
                sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        JobMode mode = job_mode_from_string(mode_name);
        Unit *u = NULL;

        int r = verb_find_unit(c, name, &u, ret_error);
        if (r < 0)
                return r;
        bool can_reload = unit_can_reload(u);
        JobType type = can_reload ? job_verbs[verb].of_reload : job_verbs[verb].job;
        if (type == JOB_RELOAD && !can_reload)
                return sd_bus_error_setf(ret_error,
                                ERROR_NOT_APPLICABLE,
                                "Job type reload is not applicable for unit %s.",
                                unit_id(u));

        if (mode < 0)
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "Job mode '%s' is unknown or not supported; use 'replace', "
                                "'fail' or 'isolate'",
                                mode_name);
        _cleanup_free_ char *command = process_command(c->caller->pid);
        JobRequest request = {
                .unit = u,
                .type = type,
                .mode = mode,
                .by_hand = true,
                .origin = { .command = command ?: "",
                                .uid = c->caller->uid,
                                .pid = c->caller->pid },
        };
        r = engine_request(c->engine, &request, ret, &error);
        return r < 0 ? bus_error_take(ret_error, r, &error) : 0;
}

int verb_job(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *method,
                const char *mode,
                sd_bus_error *ret_error) {
        size_t verb = 0;
        Job *j = NULL;

        for (size_t i = 0; i < ELEMENTSOF(job_verbs); i++) {
                if (str_equal(job_verbs[i].of_manager, method) ||
                                str_equal(job_verbs[i].of_unit, method))
                        verb = i;
        }

        int r = add_job(c, unit, verb, mode, &j, ret_error);
        if (r < 0)
                return r;
        _cleanup_free_ char *path = job_path(j->id);
        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

int verb_enqueue(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *type_name,
                const char *mode,
                sd_bus_error *ret_error) {
        size_t i = 0;
        Job *j = NULL;

        while (i < ELEMENTSOF(job_verbs) && !str_equal(job_verbs[i].type, type_name))
                i++;
        if (i == ELEMENTSOF(job_verbs))
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "Job type '%s' is unknown",
                                type_name);

        int r = add_job(c, unit, i, mode, &j, ret_error);
        if (r < 0)
                return r;
        _cleanup_free_ char *path = job_path(j->id), *object = unit_name_to_path(unit_id(j->unit));
        if (!path || !object)
                return -ENOMEM;
        return sd_bus_reply_method_return(m,
                        "uososa(uosos)",
                        j->id,
                        path,
                        unit_id(j->unit),
                        object,
                        job_type_to_string(j->type),
                        0 /* no other jobs come with it */);
}

/* ---- signals ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
        const char *name;
        KillWhom whom;
        bool control;       /* helper processes, which containers have none of */
        bool may_be_empty;
} kill_targets[] = {
        { "main",         KILL_MAIN, .control = false, .may_be_empty = false },
        { "main-fail",    KILL_MAIN, .control = false, .may_be_empty = false },
        { "control",      KILL_MAIN, .control = true,  .may_be_empty = false },
        { "control-fail", KILL_MAIN, .control = true,  .may_be_empty = false },
        { "all",          KILL_ALL,  .control = false, .may_be_empty = true  },
        { "all-fail",     KILL_ALL,  .control = false, .may_be_empty = false },
};
/* clang-format on */
#define SIGNAL_MAX 64

static int kill_unit(Unit *u, const char *whom, int signal, Error *error) {
        size_t i = 0;

        while (i < ELEMENTSOF(kill_targets) && !str_equal(kill_targets[i].name, whom))
                i++;
        if (i == ELEMENTSOF(kill_targets))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "Kill target '%s' is unknown: 'main', 'control' or 'all'",
                                whom);
        if (signal < 1 || signal > SIGNAL_MAX)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "Signal %d is out of range",
                                signal);
        if (kill_targets[i].control)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_NO_SUCH_PROCESS,
                                "%s has no control process",
                                unit_id(u));

        _cleanup_(error_done) Error why = {};
        int r = u->ops->kill(u, kill_targets[i].whom, signal, &why);
        if (r < 0 && why.code == ERROR_NO_SUCH_PROCESS && kill_targets[i].may_be_empty)
                return 0;
        error_move(error, &why);
        return r;
}

int verb_kill(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *whom,
                int signal,
                sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        Unit *u = NULL;

        int r = verb_find_unit(c, unit, &u, ret_error);
        if (r < 0)
                return r;
        r = kill_unit(u, whom, signal, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        return sd_bus_reply_method_return(m, NULL);
}

/* ---- freezer ----------------------------------------------------------------------------------- */

/* A freeze or thaw on its way. It lives until the kind says that it is over, whatever becomes of who
 * asked, or of the bus. */
typedef struct FreezeRequest {
        List link;
        sd_bus_message *call; /* owned; NULL: nobody waits for it any more */
} FreezeRequest;

static FreezeRequest *freeze_request_free(FreezeRequest *f) {
        if (!f)
                return NULL;

        list_remove(&f->link);
        sd_bus_message_unref(f->call);
        free(f);
        return NULL;
}
DEFINE_CLEANUP(FreezeRequest *, freeze_request_free);

static void freeze_on_done(int r, const Error *error, void *userdata) {
        _cleanup_(freeze_request_freep) FreezeRequest *f = ASSERT_PTR(userdata);

        if (!f->call)
                return;
        if (r < 0)
                verb_reply_error(f->call, r, error);
        else
                (void) sd_bus_reply_method_return(f->call, NULL); /* fails if the client is gone */
}

int verb_freeze(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool freeze,
                sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        Unit *u = NULL;

        int r = verb_find_unit(c, unit, &u, ret_error);
        if (r < 0)
                return r;

        _cleanup_(freeze_request_freep) FreezeRequest *f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (FreezeRequest) { .call = sd_bus_message_ref(m) };
        list_append(&c->freezes, &f->link);

        r = u->ops->freeze(u, freeze, freeze_on_done, f, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        f = NULL; /* freeze_on_done() has freed it, or will */
        return 1;
}

/* ---- the rest ---------------------------------------------------------------------------------- */

int verb_reset_failed(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error) {
        Unit *u = NULL;

        int r = verb_find_unit(c, unit, &u, ret_error);
        if (r < 0)
                return r;
        u->ops->reset_failed(u);
        return sd_bus_reply_method_return(m, NULL);
}

int verb_reference(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error) {
        Unit *u = NULL;

        int r = verb_find_unit(c, unit, &u, ret_error);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* The path of a process that is in a group of its own making, below the unit's, is the longer one. */
static int append_process(sd_bus_message *reply, pid_t pid, const char *unit_path) {
        _cleanup_free_ char *command = process_command(pid), *path = NULL;

        if (!command)
                return 0; /* gone meanwhile */
        bool known = process_cgroup(pid, &path) >= 0 && str_has_prefix(path, unit_path);
        return sd_bus_message_append(
                        reply, "(sus)", known ? path : unit_path, (uint32_t) pid, command);
}

static int append_processes(sd_bus_message *reply, Unit *u) {
        _cleanup_free_ pid_t *pids = NULL;
        UnitStatus status = {};
        size_t n = 0;

        u->ops->status(u, &status);
        if (!status.cgroup_path)
                return 0;
        int r = u->ops->usage(u, NULL, &pids, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_process(reply, pids[i], status.cgroup_path);
        return r;
}

/* `systemctl status` asks for those of the root slice: all that run, and ourselves. */
#define ROOT_SLICE "-.slice"

static int append_all_processes(sd_bus_message *reply, Control *c) {
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        int r = append_process(reply, getpid(), info.cgroup_path ? info.cgroup_path : "/");
        for (size_t i = 0; r >= 0 && i < engine_n_units(c->engine); i++)
                r = append_processes(reply, engine_unit_at(c->engine, i));
        return r;
}

int verb_processes(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        bool all = str_equal(unit, ROOT_SLICE);
        Unit *u = NULL;

        int r = all ? 0 : verb_find_unit(c, unit, &u, ret_error);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sus)");
        if (r >= 0)
                r = all ? append_all_processes(reply, c) : append_processes(reply, u);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

void verbs_abandon(Control *c) {
        LIST_FOREACH (link, &c->freezes) {
                FreezeRequest *f = CONTAINER_OF(link, FreezeRequest, link);

                f->call = sd_bus_message_unref(f->call);
                list_remove(&f->link);
        }
}
