/* SPDX-License-Identifier: MIT */

/* The control bus over real sockets, with units of a toy kind. Server and clients share one event loop. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "supd/bus.h"

#define DEADLINE_USEC (10 * USEC_PER_SEC)

/* ---- a kind of unit ---------------------------------------------------------------------------- */

typedef struct Toy {
        Unit unit; /* first */
        UnitActiveState active;
        UnitFreezeDone done;
        void *done_userdata;
        const char *freezer;
        unsigned n_kills, n_status;
        int last_signal;
} Toy;

static Toy *last_frozen;

static void toy_becomes(Toy *t, UnitActiveState active) {
        t->active = active;
        unit_notify(&t->unit, /* start_failed= */ active == UNIT_STATE_FAILED);
}

/* By its name: "never" stays on its way, "fails" fails, all others are there at once. */
static int toy_start(Unit *u, bool by_hand, Error *error) {
        Toy *t = (Toy *) u;

        (void) by_hand, (void) error;
        if (t->active == UNIT_ACTIVE)
                return -EALREADY;
        toy_becomes(t, UNIT_ACTIVATING);
        if (str_equal(unit_id(u), "fails.service"))
                toy_becomes(t, UNIT_STATE_FAILED);
        else if (!str_equal(unit_id(u), "never.service"))
                toy_becomes(t, UNIT_ACTIVE);
        return 0;
}

static int toy_stop(Unit *u, Error *error) {
        Toy *t = (Toy *) u;

        (void) error;
        if (t->active == UNIT_INACTIVE || t->active == UNIT_STATE_FAILED)
                return -EALREADY;
        toy_becomes(t, UNIT_INACTIVE);
        return 0;
}

static int toy_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        Toy *t = (Toy *) u;

        (void) whom;
        if (t->active != UNIT_ACTIVE)
                return error_set_plain(error, -ESRCH, ERROR_NO_SUCH_PROCESS, "nothing runs");
        t->n_kills++;
        t->last_signal = signal;
        return 0;
}

static int toy_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        Toy *t = (Toy *) u;

        if (t->active != UNIT_ACTIVE)
                return error_set_plain(error, -EHOSTDOWN, ERROR_UNIT_STATE, "not running");
        t->freezer = freeze ? "freezing" : "thawing";
        t->done = done;
        t->done_userdata = userdata;
        last_frozen = t;
        return 0;
}

static void toy_freeze_is_done(int r, const Error *error) {
        Toy *t = TAKE_PTR(last_frozen);

        t->freezer = r < 0 ? "running" : "frozen";
        t->done(r, error, t->done_userdata);
}

static void toy_reset_failed(Unit *u) {
        Toy *t = (Toy *) u;

        if (t->active == UNIT_STATE_FAILED)
                toy_becomes(t, UNIT_INACTIVE);
}

static void toy_status(const Unit *u, UnitStatus *ret) {
        Toy *t = (Toy *) u;

        t->n_status++;
        *ret = (UnitStatus) {
                .active = t->active,
                .sub = t->active == UNIT_ACTIVE ? "running" : "dead",
                .freezer = t->freezer,
                .main_pid = t->active == UNIT_ACTIVE ? getpid() : 0,
                .exit = { .code = CLD_EXITED, .status = 3 },
                .invocation_id = "00112233445566778899aabbccddeeff",
                .next_restart_monotonic_usec = USEC_INFINITY,
        };
}

static int toy_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage) {
                memset(ret_usage, 0xff, sizeof(*ret_usage));
                ret_usage->cpu_usage_usec = 5;
        }
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static Unit *toy_free(Unit *u) {
        unit_spec_free(u->spec);
        free(u);
        return NULL;
}

static const UnitKindOps toy_ops = {
        .name = "toy",
        .start = toy_start,
        .stop = toy_stop,
        .kill = toy_kill,
        .freeze = toy_freeze,
        .reset_failed = toy_reset_failed,
        .status = toy_status,
        .usage = toy_usage,
        .free = toy_free,
};

static int toy_make(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error) {
        Toy *t = calloc(1, sizeof(*t));

        (void) e, (void) userdata, (void) error;
        if (!t)
                return -ENOMEM;
        *t = (Toy) {
                .unit = { .ops = &toy_ops, .spec = TAKE_PTR(*spec) },
                .active = UNIT_INACTIVE,
                .freezer = "running",
        };
        *ret = &t->unit;
        return 0;
}

/* ---- a supervisor around it -------------------------------------------------------------------- */

typedef struct World {
        sd_event *event;
        sd_event_source *queue, *deadline;
        Engine *engine;
        Control *control;
        char *dir, *socket;
        unsigned n_reloads, n_reexecutes, n_exits;
        int refuse; /* what the daemon answers */
} World;

static int on_queue(sd_event_source *source, void *userdata) {
        World *w = userdata;

        (void) source;
        engine_run_queue(w->engine);
        return 0;
}

static void on_wake(void *userdata) {
        World *w = userdata;

        assert_true(sd_event_source_set_enabled(w->queue, SD_EVENT_ONESHOT) >= 0);
}

static const EngineOps engine_ops = { .wake = on_wake };

static void daemon_info(void *userdata, ControlInfo *ret) {
        (void) userdata;
        *ret = (ControlInfo) {
                .features = "+TOYS",
                .cgroup_driver = "v2",
                .cgroup_path = "/toys",
                .log_level = "info",
                .started = { .realtime_usec = 1, .monotonic_usec = 2 },
                .finished = { .realtime_usec = 3, .monotonic_usec = 4 },
                .units_loaded_realtime_usec = clock_realtime_usec() + USEC_PER_DAY,
        };
}

static int daemon_answer(World *w, unsigned *count, Error *error) {
        (*count)++;
        return w->refuse < 0 ? error_set_plain(error, w->refuse, ERROR_FAILED, "the daemon refuses")
                             : 0;
}

static int daemon_reload(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_reloads, error);
}

static int daemon_reexecute(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_reexecutes, error);
}

static int daemon_exit(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_exits, error);
}

static const ControlOps daemon_ops = {
        .info = daemon_info,
        .reload = daemon_reload,
        .reexecute = daemon_reexecute,
        .exit = daemon_exit,
};

static void write_unit(World *w, const char *name, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/%s", w->dir, name);

        assert_non_null(path);
        assert_true(file_replace(AT_FDCWD, path, text, 0644, /* sync= */ false) >= 0);
}

static void load_units(World *w) {
        char *dirs[] = { w->dir, NULL };
        _cleanup_(unit_set_freep) UnitSet *set = NULL;

        assert_true(unit_set_load(dirs, &set, NULL) >= 0);
        assert_true(engine_load(w->engine, &set, NULL) >= 0);
}

static void quiet(DiagLevel level, const DiagContext *context, const char *message) {
        (void) level, (void) context, (void) message;
}

static int set_up(void **state) {
        static const char *const names[] = { "web", "never", "fails", "frost" };
        World *w = calloc(1, sizeof(*w));
        char dir[] = "/tmp/supd-control.XXXXXX";

        diag_set_sink(quiet);
        assert_non_null(mkdtemp(dir));
        w->dir = strdup(dir);
        w->socket = str_printf("%s/socket", dir);
        assert_true(sd_event_new(&w->event) >= 0);
        assert_true(sd_event_add_defer(w->event, &w->queue, on_queue, w) >= 0);
        assert_true(sd_event_source_set_enabled(w->queue, SD_EVENT_OFF) >= 0);

        assert_true(engine_new(toy_make, NULL, &w->engine) >= 0);
        engine_add_observer(w->engine, &engine_ops, w);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *file = str_printf("%s.container", names[i]);
                write_unit(w,
                                file,
                                "[Unit]\nDescription=A toy\n[Container]\nRootfs=/\nExec=true it "
                                "is\n"
                                "[Service]\nAllowedCPUs=0-2,9\nSuccessExitStatus=7 SIGUSR1\n"
                                "MemoryMax=1M\n");
        }
        write_unit(w, "broken.container", "[Container]\nRootfs=/\nMemory=12Q\n");
        load_units(w);

        assert_true(control_new(w->event, w->engine, &daemon_ops, w, &w->control, NULL) >= 0);
        assert_true(control_listen(w->control, w->socket, 0600, (gid_t) -1, NULL) >= 0);
        *state = w;
        return 0;
}

static int tear_down(void **state) {
        World *w = *state;

        w->control = control_free(w->control);
        w->engine = engine_free(w->engine);
        assert_int_equal(access(w->socket, F_OK), -1);
        sd_event_source_disable_unref(w->queue);
        sd_event_unref(w->event);
        assert_true(dir_remove_all(AT_FDCWD, w->dir) >= 0);
        free(w->dir);
        free(w->socket);
        free(w);
        last_frozen = NULL;
        return 0;
}

/* ---- clients ----------------------------------------------------------------------------------- */

static void close_bus(sd_bus **bus) {
        *bus = sd_bus_close_unref(*bus);
}
#define _cleanup_bus_ _cleanup_(close_bus)

static void turn(World *w) {
        assert_true(sd_event_run(w->event, DEADLINE_USEC) > 0);
}

/* All that is ready now. */
static void settle(World *w) {
        while (sd_event_run(w->event, 0) > 0)
                ;
}

static sd_bus *client_new(World *w) {
        _cleanup_free_ char *address = str_printf("unix:path=%s", w->socket);
        sd_bus *bus = NULL;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, address) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_attach_event(bus, w->event, SD_EVENT_PRIORITY_NORMAL) >= 0);
        while (sd_bus_is_ready(bus) <= 0)
                turn(w);
        return bus;
}

typedef struct Answer {
        sd_bus_message *message; /* owned; NULL: not yet */
} Answer;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) ret_error;
        ((Answer *) userdata)->message = sd_bus_message_ref(m);
        return 0;
}

static void answer_done(Answer *a) {
        a->message = sd_bus_message_unref(a->message);
}
#define _cleanup_answer_ _cleanup_(answer_done)

static void ask_at(sd_bus *bus,
                Answer *answer,
                const char *path,
                const char *interface,
                const char *member,
                const char *types,
                ...) {
        sd_bus_message *m = NULL;
        va_list ap;

        assert_true(sd_bus_message_new_method_call(
                                    bus, &m, SUPD_SYSTEMD_DESTINATION, path, interface, member) >=
                        0);
        va_start(ap, types);
        assert_true(sd_bus_message_appendv(m, types, ap) >= 0);
        va_end(ap);
        assert_true(sd_bus_call_async(bus, NULL, m, on_answer, answer, DEADLINE_USEC) >= 0);
        sd_bus_message_unref(m);
}

#define ask(bus, answer, member, ...) \
        ask_at(bus, answer, SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, member, __VA_ARGS__)

static void await(World *w, const Answer *answer) {
        while (!answer->message)
                turn(w);
}

static void assert_answered(World *w, const Answer *answer) {
        await(w, answer);
        const sd_bus_error *e = sd_bus_message_get_error(answer->message);
        if (e)
                fail_msg("%s: %s", e->name, e->message);
}

static void assert_refused(World *w, const Answer *answer, const char *name) {
        await(w, answer);
        assert_true(sd_bus_message_is_method_error(answer->message, NULL));
        assert_string_equal(sd_bus_message_get_error(answer->message)->name, name);
}

/* Looks into GetAll's or GetUnitStatus' answer. Return: it stands before the value of @name. */
static bool find_property(sd_bus_message *m, const char *name, const char *type) {
        const char *key;

        assert_true(sd_bus_message_rewind(m, /* complete= */ 1) >= 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &key) > 0);
                if (str_equal(key, name)) {
                        assert_true(sd_bus_message_enter_container(m, 'v', type) > 0);
                        return true;
                }
                assert_true(sd_bus_message_skip(m, "v") > 0);
                assert_true(sd_bus_message_exit_container(m) > 0);
        }
        return false;
}

static void assert_text(sd_bus_message *m, const char *name, const char *wanted) {
        const char *s;

        assert_true(find_property(m, name, "s"));
        assert_true(sd_bus_message_read(m, "s", &s) > 0);
        assert_string_equal(s, wanted);
}

static void get_all(
                World *w, sd_bus *bus, Answer *answer, const char *path, const char *interface) {
        ask_at(bus, answer, path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface);
        assert_answered(w, answer);
}

/* What a client hears, one word each: "job:done", "change:Unit", … */
typedef struct Ear {
        char heard[1024];
        unsigned n;
} Ear;

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Ear *ear = userdata;
        const char *member = sd_bus_message_get_member(m), *detail = "";

        (void) ret_error;
        if (str_equal(member, "JobRemoved"))
                assert_true(sd_bus_message_read(m, "uoss", NULL, NULL, NULL, &detail) > 0);
        else if (str_equal(member, "PropertiesChanged"))
                assert_true(sd_bus_message_read(m, "s", &detail) > 0);
        const char *dot = strrchr(detail, '.');
        size_t used = strlen(ear->heard);
        snprintf(ear->heard + used,
                        sizeof(ear->heard) - used,
                        "%s%s%s ",
                        member,
                        *detail ? ":" : "",
                        dot ? dot + 1 : detail);
        ear->n++;
        return 0;
}

static void listen_to_all(sd_bus *bus, Ear *ear) {
        assert_true(sd_bus_add_match(bus,
                                    NULL,
                                    "type='signal',sender='" SUPD_SYSTEMD_DESTINATION "'",
                                    on_signal,
                                    ear) >= 0);
}

static void subscribe(World *w, sd_bus *bus) {
        _cleanup_answer_ Answer answer = {};

        ask(bus, &answer, "Subscribe", "");
        assert_answered(w, &answer);
}

/* ---- units and jobs ---------------------------------------------------------------------------- */

static void test_start_answers_with_a_job_that_is_told_to_be_done(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        const char *path;
        Ear ear = {};

        listen_to_all(bus, &ear);
        ask(bus, &answer, "StartUnit", "ss", "web.container", "replace");
        assert_answered(w, &answer);
        assert_true(sd_bus_message_read(answer.message, "o", &path) > 0);
        assert_string_equal(path, SUPD_SYSTEMD_JOB_PREFIX "/1");
        settle(w);
        assert_string_equal(ear.heard, "JobNew JobRemoved:done ");
        assert_int_equal(unit_active_state(engine_find(w->engine, "web")), UNIT_ACTIVE);
}

static void test_a_start_that_fails_ends_its_job_as_failed(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {}, reset = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        ask(bus, &answer, "StartUnit", "ss", "fails.service", "replace");
        assert_answered(w, &answer);
        settle(w);
        assert_string_equal(ear.heard, "JobNew JobRemoved:failed ");

        ask(bus, &reset, "ResetFailed", "");
        assert_answered(w, &reset);
        assert_int_equal(unit_active_state(engine_find(w->engine, "fails")), UNIT_INACTIVE);
}

static void test_a_job_is_an_object_until_it_ends(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer start = {}, job = {}, list = {}, cancel = {}, gone = {};
        const char *path;

        ask(bus, &start, "StartUnit", "ss", "never.service", "replace");
        assert_answered(w, &start);
        assert_true(sd_bus_message_read(start.message, "o", &path) > 0);
        settle(w);

        get_all(w, bus, &job, path, SUPD_SYSTEMD_JOB);
        assert_text(job.message, "JobType", "start");
        assert_text(job.message, "State", "running");
        ask(bus, &list, "ListJobs", "");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(usssoo)") > 0);
        assert_true(sd_bus_message_skip(list.message, "(usssoo)") > 0);
        assert_true(sd_bus_message_at_end(list.message, 0) > 0);

        ask_at(bus, &cancel, path, SUPD_SYSTEMD_JOB, "Cancel", "");
        assert_answered(w, &cancel);
        ask(bus, &gone, "GetJob", "u", 1);
        assert_refused(w, &gone, "org.freedesktop.systemd1.NoSuchJob");
}

static void test_what_can_not_be_done_says_why_in_systemds_words(void **state) {
        static const struct {
                const char *member, *types, *first, *second, *error;
        } cases[] = {
                { "StartUnit", "ss", "nope", "replace", "org.freedesktop.systemd1.NoSuchUnit" },
                { "StopUnit", "ss", "nope", "replace", "org.freedesktop.systemd1.NoSuchUnit" },
                { "GetUnit", "s", "nope", NULL, "org.freedesktop.systemd1.NoSuchUnit" },
                { "GetUnit", "s", "no/pe", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "LoadUnit", "s", "no/pe", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "StartUnit", "ss", "web", "isolate", SD_BUS_ERROR_INVALID_ARGS },
                { "StartUnit",
                                "ss",
                                "broken",
                                "replace",
                                "org.freedesktop.systemd1.BadUnitSetting" },
                { "ReloadUnit",
                                "ss",
                                "web",
                                "replace",
                                "org.freedesktop.systemd1.JobTypeNotApplicable" },
                { "FreezeUnit", "s", "web", NULL, SUPD_BUS_ERROR_PREFIX "UnitState" },
                { "ThawUnit", "s", "nope", NULL, "org.freedesktop.systemd1.NoSuchUnit" },
                { "ListUnitsOfMars", "s", "web", NULL, SD_BUS_ERROR_UNKNOWN_METHOD },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_answer_ Answer answer = {};

                ask(bus, &answer, cases[i].member, cases[i].types, cases[i].first, cases[i].second);
                assert_refused(w, &answer, cases[i].error);
        }
}

static void test_kill_reaches_what_runs_and_names_what_does_not(void **state) {
        static const struct {
                const char *whom;
                int signal;
                const char *error; /* while nothing runs; NULL: none */
        } cases[] = {
                { "main", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "all", 15, NULL },
                { "all-fail", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "control", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "everybody", 15, SD_BUS_ERROR_INVALID_ARGS },
                { "main", 0, SD_BUS_ERROR_INVALID_ARGS },
                { "main", 65, SD_BUS_ERROR_INVALID_ARGS },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer start = {}, kill = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_answer_ Answer answer = {};

                ask(bus, &answer, "KillUnit", "ssi", "web", cases[i].whom, cases[i].signal);
                if (cases[i].error)
                        assert_refused(w, &answer, cases[i].error);
                else
                        assert_answered(w, &answer);
        }

        ask(bus, &start, "StartUnit", "ss", "web", "replace");
        assert_answered(w, &start);
        settle(w);
        ask(bus, &kill, "KillUnit", "ssi", "web", "main", 10);
        assert_answered(w, &kill);
        const Toy *t = (const Toy *) engine_find(w->engine, "web");
        assert_int_equal(t->n_kills, 1);
        assert_int_equal(t->last_signal, 10);
}

/* ---- freezer ----------------------------------------------------------------------------------- */

static void freeze_a_running_unit(World *w, sd_bus *bus, Answer *answer) {
        _cleanup_answer_ Answer start = {};

        ask(bus, &start, "StartUnit", "ss", "frost", "replace");
        assert_answered(w, &start);
        settle(w);
        ask(bus, answer, "FreezeUnit", "s", "frost");
        settle(w);
        assert_non_null(last_frozen);
        assert_null(answer->message);
}

static void test_freeze_is_answered_only_when_frozen(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        toy_freeze_is_done(0, NULL);
        assert_answered(w, &answer);
        assert_true(list_is_empty(&w->control->freezes));
}

static void test_a_freeze_that_fails_is_answered_with_the_reason(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_(error_done) Error error = {};
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        error_set_plain(&error, -ETIMEDOUT, ERROR_TIMEOUT, "too slow");
        toy_freeze_is_done(-ETIMEDOUT, &error);
        assert_refused(w, &answer, SD_BUS_ERROR_TIMEOUT);
        assert_string_equal(sd_bus_message_get_error(answer.message)->message, "too slow");
}

static void test_a_freeze_outlives_the_client_that_asked(void **state) {
        World *w = *state;
        sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        close_bus(&bus);
        settle(w);
        assert_int_equal(w->control->n_connections, 0);
        toy_freeze_is_done(0, NULL);
        assert_true(list_is_empty(&w->control->freezes));
}

static void test_a_freeze_outlives_the_bus(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        w->control = control_free(w->control);
        toy_freeze_is_done(0, NULL);
}

/* ---- properties -------------------------------------------------------------------------------- */

static void test_an_unknown_unit_has_an_object_that_says_not_found(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer load = {}, all = {};
        const char *path;

        ask(bus, &load, "LoadUnit", "s", "nope.service");
        assert_answered(w, &load);
        assert_true(sd_bus_message_read(load.message, "o", &path) > 0);
        get_all(w, bus, &all, path, "");
        assert_text(all.message, "Id", "nope.service");
        assert_text(all.message, "LoadState", "not-found");
        assert_text(all.message, "ActiveState", "inactive");
        assert_text(all.message, "Result", "success");
}

static void test_properties_tell_what_the_unit_file_asks_for(void **state) {
        static const uint8_t cpus[] = { 0x07, 0x02 };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {};
        const char *path = SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", *word;
        const void *bytes;
        uint64_t number;
        int32_t member;
        size_t size;

        get_all(w, bus, &all, path, "");
        assert_text(all.message, "Description", "A toy");
        assert_text(all.message, "LoadState", "loaded");
        assert_text(all.message, "UnitFileState", "generated");

        assert_true(find_property(all.message, "AllowedCPUs", "ay"));
        assert_true(sd_bus_message_read_array(all.message, 'y', &bytes, &size) > 0);
        assert_int_equal(size, sizeof(cpus));
        assert_memory_equal(bytes, cpus, size);

        assert_true(find_property(all.message, "MemoryMax", "t"));
        assert_true(sd_bus_message_read(all.message, "t", &number) > 0);
        assert_int_equal(number, 1024 * 1024);

        assert_true(find_property(all.message, "SuccessExitStatus", "(aiai)"));
        assert_true(sd_bus_message_enter_container(all.message, 'r', "aiai") > 0);
        assert_true(sd_bus_message_read(all.message, "ai", 1, &member) > 0);
        assert_int_equal(member, 7);
        assert_true(sd_bus_message_read(all.message, "ai", 1, &member) > 0);
        assert_int_equal(member, 10);

        assert_true(find_property(all.message, "ExecStart", "a(sasbttttuii)"));
        assert_true(sd_bus_message_enter_container(all.message, 'a', "(sasbttttuii)") > 0);
        assert_true(sd_bus_message_enter_container(all.message, 'r', "sasbttttuii") > 0);
        assert_true(sd_bus_message_read(all.message, "s", &word) > 0);
        assert_string_equal(word, "true");
}

static void test_a_broken_unit_says_what_is_wrong_with_its_file(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {};
        const char *name, *message;

        get_all(w, bus, &all, SUPD_SYSTEMD_UNIT_PREFIX "/broken_2eservice", SUPD_SYSTEMD_UNIT);
        assert_text(all.message, "LoadState", "bad-setting");
        assert_true(find_property(all.message, "LoadError", "(ss)"));
        assert_true(sd_bus_message_read(all.message, "(ss)", &name, &message) > 0);
        assert_string_equal(name, "org.freedesktop.systemd1.BadUnitSetting");
        assert_non_null(strstr(message, "broken.container:3: Container.Memory"));
}

static void test_all_properties_together_read_the_state_once(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {}, again = {};
        Toy *t = (Toy *) engine_find(w->engine, "web");

        t->n_status = 0;
        get_all(w, bus, &all, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", "");
        assert_int_equal(t->n_status, 1);
        assert_text(all.message, "ActiveState", "inactive");

        t->active = UNIT_ACTIVE;
        get_all(w, bus, &again, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", "");
        assert_int_equal(t->n_status, 2);
        assert_text(again.message, "ActiveState", "active");
}

static void test_nothing_is_known_of_the_end_of_a_process_that_runs(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer ended = {}, runs = {};
        Toy *t = (Toy *) engine_find(w->engine, "web");
        int32_t code;

        get_all(w, bus, &ended, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", SUPD_SYSTEMD_SERVICE);
        assert_true(find_property(ended.message, "ExecMainCode", "i"));
        assert_true(sd_bus_message_read(ended.message, "i", &code) > 0);
        assert_int_equal(code, CLD_EXITED);

        t->active = UNIT_ACTIVE;
        get_all(w, bus, &runs, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", SUPD_SYSTEMD_SERVICE);
        assert_true(find_property(runs.message, "ExecMainCode", "i"));
        assert_true(sd_bus_message_read(runs.message, "i", &code) > 0);
        assert_int_equal(code, 0);
}

static void test_units_are_found_by_process_and_invocation(void **state) {
        static const uint8_t id[16] = { 0x00,
                0x11,
                0x22,
                0x33,
                0x44,
                0x55,
                0x66,
                0x77,
                0x88,
                0x99,
                0xaa,
                0xbb,
                0xcc,
                0xdd,
                0xee,
                0xff };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer none = {}, found = {}, invocation = {};
        const char *path;

        ask(bus, &none, "GetUnitByPID", "u", (uint32_t) getpid());
        assert_refused(w, &none, "org.freedesktop.systemd1.NoUnitForPID");

        ((Toy *) engine_find(w->engine, "web"))->active = UNIT_ACTIVE;
        ask(bus, &found, "GetUnitByPID", "u", 0U); /* that of the caller, which is ours */
        assert_answered(w, &found);
        assert_true(sd_bus_message_read(found.message, "o", &path) > 0);
        assert_string_equal(path, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice");

        ask(bus,
                        &invocation,
                        "GetUnitByInvocationID",
                        "ay",
                        16,
                        id[0],
                        id[1],
                        id[2],
                        id[3],
                        id[4],
                        id[5],
                        id[6],
                        id[7],
                        id[8],
                        id[9],
                        id[10],
                        id[11],
                        id[12],
                        id[13],
                        id[14],
                        id[15]);
        assert_answered(w, &invocation);
}

static unsigned count_listed(World *w, sd_bus *bus, const char *state_name, const char *pattern) {
        _cleanup_answer_ Answer list = {};
        unsigned n = 0;

        if (state_name)
                ask(bus, &list, "ListUnitsByPatterns", "asas", 1, state_name, 1, pattern);
        else
                ask(bus, &list, "ListUnitsByPatterns", "asas", 0, 1, pattern);
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(ssssssouso)") > 0);
        while (sd_bus_message_skip(list.message, "(ssssssouso)") > 0)
                n++;
        return n;
}

static void test_lists_are_filtered_by_state_and_pattern(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer named = {};
        const char *load;

        ((Toy *) engine_find(w->engine, "web"))->active = UNIT_ACTIVE;
        assert_int_equal(count_listed(w, bus, NULL, "*"), 5);
        assert_int_equal(count_listed(w, bus, "active", "*"), 1);
        assert_int_equal(count_listed(w, bus, "inactive", "f*"), 2);
        assert_int_equal(count_listed(w, bus, "bad-setting", "*"), 1);
        assert_int_equal(count_listed(w, bus, NULL, "*.socket"), 0);

        ask(bus, &named, "ListUnitsByNames", "as", 2, "web.service", "nope.service");
        assert_answered(w, &named);
        assert_true(sd_bus_message_enter_container(named.message, 'a', "(ssssssouso)") > 0);
        assert_true(sd_bus_message_skip(named.message, "(ssssssouso)") > 0);
        assert_true(sd_bus_message_enter_container(named.message, 'r', "ssssssouso") > 0);
        assert_true(sd_bus_message_read(named.message, "sss", NULL, NULL, &load) > 0);
        assert_string_equal(load, "not-found");
}

/* ---- org.supd ---------------------------------------------------------------------------------- */

static void test_one_call_tells_all_there_is_to_show_of_a_unit(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer found = {}, unknown = {};

        ask_at(bus, &found, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "web");
        assert_answered(w, &found);
        assert_text(found.message, "Id", "web.service");
        assert_text(found.message, "ActiveState", "inactive");
        assert_text(found.message, "ContainerName", "");
        assert_true(find_property(found.message, "CPUUsageNSec", "t"));
        assert_true(find_property(found.message, "Diagnostics", "aa{sv}"));

        ask_at(bus, &unknown, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "nope");
        assert_answered(w, &unknown);
        assert_text(unknown.message, "Id", "nope.service");
        assert_text(unknown.message, "LoadState", "not-found");
}

static void test_one_call_tells_it_of_all_units_that_match(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer list = {};
        const char *id;

        ask_at(bus, &list, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "ListUnitStatus", "as", 1, "w*");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(sa{sv})") > 0);
        assert_true(sd_bus_message_enter_container(list.message, 'r', "sa{sv}") > 0);
        assert_true(sd_bus_message_read(list.message, "s", &id) > 0);
        assert_string_equal(id, "web.service");
        assert_true(sd_bus_message_skip(list.message, "a{sv}") > 0);
        assert_true(sd_bus_message_exit_container(list.message) > 0);
        assert_true(sd_bus_message_at_end(list.message, 0) > 0);
}

static void test_diagnostics_name_unit_file_and_line(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer list = {};
        const char *key, *text;
        unsigned n_seen = 0;
        uint32_t line = 0;

        ask_at(bus, &list, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetDiagnostics", "");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "a{sv}") > 0);
        while (sd_bus_message_enter_container(list.message, 'a', "{sv}") > 0) {
                bool is_ours = false;
                while (sd_bus_message_enter_container(list.message, 'e', "sv") > 0) {
                        assert_true(sd_bus_message_read(list.message, "s", &key) > 0);
                        if (str_equal(key, "Unit")) {
                                assert_true(sd_bus_message_read(list.message, "v", "s", &text) > 0);
                                is_ours = str_equal(text, "broken.service");
                        } else if (str_equal(key, "Severity")) {
                                assert_true(sd_bus_message_read(list.message, "v", "s", &text) > 0);
                                is_ours = is_ours && str_equal(text, "error");
                        } else if (str_equal(key, "Line") && is_ours) {
                                assert_true(sd_bus_message_read(list.message, "v", "u", &line) > 0);
                                n_seen++;
                        } else
                                assert_true(sd_bus_message_skip(list.message, "v") > 0);
                        assert_true(sd_bus_message_exit_container(list.message) > 0);
                }
                assert_true(sd_bus_message_exit_container(list.message) > 0);
        }
        assert_int_equal(n_seen, 1);
        assert_int_equal(line, 3);
}

/* ---- telling of changes ------------------------------------------------------------------------ */

static void test_changes_of_a_unit_are_told_once_and_to_subscribers_only(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *subscriber = client_new(w), *other = client_new(w);
        Toy *t = (Toy *) engine_find(w->engine, "web");
        Ear ear = {}, deaf = {};

        listen_to_all(subscriber, &ear);
        listen_to_all(other, &deaf);
        subscribe(w, subscriber);
        for (unsigned i = 0; i < 10; i++)
                toy_becomes(t, i % 2 ? UNIT_INACTIVE : UNIT_ACTIVE);
        settle(w);
        assert_string_equal(ear.heard,
                        "PropertiesChanged:Service PropertiesChanged:Container "
                        "PropertiesChanged:Unit ");
        assert_int_equal(deaf.n, 0);
}

static void test_a_unit_has_changed_before_its_job_is_over(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        ask(bus, &answer, "StartUnit", "ss", "web", "replace");
        assert_answered(w, &answer);
        settle(w);
        const char *changed = strstr(ear.heard, "PropertiesChanged:Unit");
        const char *over = strstr(ear.heard, "JobRemoved:done");
        assert_non_null(changed);
        assert_non_null(over);
        assert_true(changed < over);
}

static void test_units_that_come_and_go_are_told(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_free_ char *path = str_printf("%s/web.container", w->dir);
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        write_unit(w, "new.container", "[Container]\nRootfs=/\n");
        assert_int_equal(unlink(path), 0);
        load_units(w);
        settle(w);
        assert_non_null(strstr(ear.heard, "UnitNew "));
        assert_non_null(strstr(ear.heard, "UnitRemoved "));
}

static void test_subscribing_twice_and_leaving_twice_is_refused(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer twice = {}, leave = {}, again = {};

        subscribe(w, bus);
        ask(bus, &twice, "Subscribe", "");
        assert_refused(w, &twice, "org.freedesktop.systemd1.AlreadySubscribed");
        ask(bus, &leave, "Unsubscribe", "");
        assert_answered(w, &leave);
        assert_int_equal(w->control->n_subscribers, 0);
        ask(bus, &again, "Unsubscribe", "");
        assert_refused(w, &again, "org.freedesktop.systemd1.NotSubscribed");
}

/* ---- the daemon -------------------------------------------------------------------------------- */

static void test_reload_is_told_and_its_failure_answered(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer good = {}, bad = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        ask(bus, &good, "Reload", "");
        assert_answered(w, &good);
        assert_string_equal(ear.heard, "Reloading Reloading ");
        w->refuse = -EIO;
        ask(bus, &bad, "Reload", "");
        assert_refused(w, &bad, SD_BUS_ERROR_FAILED);
        assert_int_equal(w->n_reloads, 2);
}

static void test_reexecute_is_answered_only_if_it_fails(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer good = {}, bad = {};

        ask(bus, &good, "Reexecute", "");
        settle(w);
        assert_int_equal(w->n_reexecutes, 1);
        assert_null(good.message);

        w->refuse = -EIO;
        ask(bus, &bad, "Reexecute", "");
        assert_refused(w, &bad, SD_BUS_ERROR_FAILED);
        assert_int_equal(w->n_reexecutes, 2);
        close_bus(&bus); /* the first call is answered by this */
        settle(w);
}

/* ---- clients that mean ill --------------------------------------------------------------------- */

static void test_a_peer_without_rights_is_refused_everything(void **state) {
        static const struct {
                const char *path, *interface, *member, *types, *argument;
        } calls[] = {
                { SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "ListUnits", "", NULL },
                { SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "Exit", "", NULL },
                { SUPD_SYSTEMD_PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", "" },
                { SUPD_SYSTEMD_PATH,
                                "org.freedesktop.DBus.Introspectable",
                                "Introspect",
                                "",
                                NULL },
                { SUPD_SYSTEMD_PATH, "org.freedesktop.DBus.Peer", "GetMachineId", "", NULL },
                { SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "web" },
                { SUPD_SYSTEMD_PATH, NULL, "Exit", "", NULL },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);

        connection->peer.uid = 64123;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                _cleanup_answer_ Answer answer = {};

                ask_at(bus,
                                &answer,
                                calls[i].path,
                                calls[i].interface,
                                calls[i].member,
                                calls[i].types,
                                calls[i].argument);
                assert_refused(w, &answer, SD_BUS_ERROR_ACCESS_DENIED);
        }
        assert_int_equal(w->n_exits, 0);
}

static int raw_client(World *w) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_true(strlen(w->socket) < sizeof(address.sun_path));
        memcpy(address.sun_path, w->socket, strlen(w->socket));
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static bool is_disconnected(int fd) {
        char byte;

        ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
        return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void test_more_clients_than_allowed_are_turned_away(void **state) {
        World *w = *state;

        w->control->limits.connections = 2;
        _cleanup_bus_ sd_bus *first = client_new(w), *second = client_new(w);
        _cleanup_close_ int third = raw_client(w);
        settle(w);
        assert_true(is_disconnected(third));

        close_bus(&first);
        settle(w);
        _cleanup_bus_ sd_bus *fourth = client_new(w);
        _cleanup_answer_ Answer answer = {};
        ask(fourth, &answer, "GetUnit", "s", "web");
        assert_answered(w, &answer);
}

static void test_a_client_that_never_says_who_it_is_is_dropped(void **state) {
        World *w = *state;

        w->control->limits.patience_usec = 1;
        _cleanup_close_ int silent = raw_client(w);
        while (!is_disconnected(silent))
                turn(w);
        assert_int_equal(w->control->n_connections, 0);
}

static void test_a_client_that_said_who_it_is_may_be_silent(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);

        assert_true(sd_event_source_set_time(connection->patience, 0) >= 0);
        while (connection->patience)
                turn(w);
        ask(bus, &answer, "GetUnit", "s", "web");
        assert_answered(w, &answer);
}

static void test_nonsense_ends_the_connection(void **state) {
        static const char *const nonsense[] = {
                "GET / HTTP/1.1\r\n\r\n",
                "\0AUTH EXTERNAL\r\nBEGIN\r\nBEGIN\r\n",
                "\0AUTH "
                "EXTERNAL\r\nDATA\r\nBEGIN\r\nl\1\0\1\377\377\377\377\1\0\0\0\377\377\377\377",
        };
        static const size_t sizes[] = { 18, 31, 53 };
        World *w = *state;

        for (size_t i = 0; i < ELEMENTSOF(nonsense); i++) {
                _cleanup_close_ int fd = raw_client(w);

                w->control->limits.patience_usec = 1000;
                assert_true(send(fd, nonsense[i], sizes[i], MSG_NOSIGNAL) == (ssize_t) sizes[i]);
                assert_int_equal(shutdown(fd, SHUT_WR), 0);
                turn(w);
                while (w->control->n_connections > 0)
                        turn(w);
        }
}

static void authenticate(World *w, int fd) {
        static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        char answer[256];

        assert_true(send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) == sizeof(hello) - 1);
        settle(w);
        assert_true(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0);
}

static void test_a_subscriber_that_does_not_read_is_dropped(void **state) {
        World *w = *state;
        Toy *t = (Toy *) engine_find(w->engine, "web");
        _cleanup_close_ int fd = raw_client(w);

        authenticate(w, fd);
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);
        connection->subscribed = true;
        w->control->n_subscribers++;
        w->control->limits.unread = 64;

        /* The socket's own buffer takes some hundred; then they wait in our memory, up to the limit. */
        for (unsigned i = 0; i < 10000 && w->control->n_connections > 0; i++) {
                toy_becomes(t, i % 2 ? UNIT_INACTIVE : UNIT_ACTIVE);
                settle(w);
        }
        assert_int_equal(w->control->n_connections, 0);
        assert_int_equal(w->control->n_subscribers, 0);
}

static int on_flood(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) m, (void) userdata, (void) ret_error;
        return 0;
}

/* Sends calls and reads no answer: what it has sent is flushed by hand, its loop never turns. */
static void test_a_client_that_asks_and_does_not_read_is_dropped(void **state) {
        World *w = *state;
        sd_bus *bus = client_new(w);

        assert_true(sd_bus_detach_event(bus) >= 0);
        w->control->limits.unanswered = 8;
        for (unsigned i = 0; i < 10000 && w->control->n_connections > 0; i++) {
                int r = sd_bus_call_method_async(bus,
                                NULL,
                                SUPD_SYSTEMD_DESTINATION,
                                SUPD_SYSTEMD_PATH,
                                "org.freedesktop.DBus.Properties",
                                "GetAll",
                                on_flood,
                                NULL,
                                "s",
                                "");
                if (r < 0)
                        break;
                settle(w);
        }
        settle(w);
        assert_int_equal(w->control->n_connections, 0);
        close_bus(&bus);
}

static void test_a_client_that_goes_leaves_nothing(void **state) {
        World *w = *state;

        for (unsigned i = 0; i < 3; i++) {
                sd_bus *bus = client_new(w);
                _cleanup_answer_ Answer answer = {};

                subscribe(w, bus);
                ask(bus, &answer, "ListUnits", "");
                assert_answered(w, &answer);
                close_bus(&bus);
                settle(w);
        }
        assert_int_equal(w->control->n_connections, 0);
        assert_int_equal(w->control->n_subscribers, 0);
}

/* ---- as a bus daemon would --------------------------------------------------------------------- */

static void test_a_client_of_a_bus_daemon_is_served(void **state) {
        static const char *const driver = "org.freedesktop.DBus";
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer hello = {}, match = {}, owner = {}, nobody = {};
        const char *name;

        ask_at(bus, &hello, "/org/freedesktop/DBus", driver, "Hello", "");
        assert_answered(w, &hello);
        assert_true(sd_bus_message_read(hello.message, "s", &name) > 0);
        assert_int_equal(name[0], ':');
        ask_at(bus, &match, "/org/freedesktop/DBus", driver, "AddMatch", "s", "type='signal'");
        assert_answered(w, &match);
        ask_at(bus,
                        &owner,
                        "/org/freedesktop/DBus",
                        driver,
                        "GetNameOwner",
                        "s",
                        SUPD_SYSTEMD_DESTINATION);
        assert_answered(w, &owner);
        ask_at(bus, &nobody, "/org/freedesktop/DBus", driver, "GetNameOwner", "s", "org.example");
        assert_refused(w, &nobody, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

/* ---- sockets ----------------------------------------------------------------------------------- */

static void test_the_socket_has_the_mode_asked_for(void **state) {
        World *w = *state;
        struct stat st;

        assert_int_equal(stat(w->socket, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_a_socket_that_is_served_is_not_taken_over(void **state) {
        World *w = *state;
        Control *second = NULL;

        assert_true(control_new(w->event, w->engine, &daemon_ops, w, &second, NULL) >= 0);
        assert_int_equal(control_listen(second, w->socket, 0600, (gid_t) -1, NULL), -EADDRINUSE);
        control_free(second);
        assert_int_equal(access(w->socket, F_OK), 0);
        _cleanup_bus_ sd_bus *bus = client_new(w);
}

static void test_a_dead_socket_is_replaced_and_a_file_is_not(void **state) {
        World *w = *state;
        _cleanup_free_ char *file = str_printf("%s/file", w->dir);

        control_keep_sockets(w->control);
        w->control = control_free(w->control);
        assert_int_equal(access(w->socket, F_OK), 0);
        /* The old observer must be gone with its engine. */
        w->engine = engine_free(w->engine);
        assert_true(engine_new(toy_make, NULL, &w->engine) >= 0);
        engine_add_observer(w->engine, &engine_ops, w);

        assert_true(control_new(w->event, w->engine, &daemon_ops, w, &w->control, NULL) >= 0);
        assert_true(control_listen(w->control, w->socket, 0600, (gid_t) -1, NULL) >= 0);
        assert_true(control_listener_fd(w->control, w->socket) >= 0);
        _cleanup_bus_ sd_bus *bus = client_new(w);

        assert_true(file_replace(AT_FDCWD, file, "x", 0600, /* sync= */ false) >= 0);
        assert_int_equal(control_listen(w->control, file, 0600, (gid_t) -1, NULL), -EEXIST);
        assert_int_equal(access(file, F_OK), 0);
}

static void test_a_path_too_long_for_a_socket_is_refused(void **state) {
        World *w = *state;
        char path[200];

        memset(path, 'x', sizeof(path) - 1);
        path[0] = '/';
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(control_listen(w->control, path, 0600, (gid_t) -1, NULL), -ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_start_answers_with_a_job_that_is_told_to_be_done),
                TEST(test_a_start_that_fails_ends_its_job_as_failed),
                TEST(test_a_job_is_an_object_until_it_ends),
                TEST(test_what_can_not_be_done_says_why_in_systemds_words),
                TEST(test_kill_reaches_what_runs_and_names_what_does_not),
                TEST(test_freeze_is_answered_only_when_frozen),
                TEST(test_a_freeze_that_fails_is_answered_with_the_reason),
                TEST(test_a_freeze_outlives_the_client_that_asked),
                TEST(test_a_freeze_outlives_the_bus),
                TEST(test_an_unknown_unit_has_an_object_that_says_not_found),
                TEST(test_properties_tell_what_the_unit_file_asks_for),
                TEST(test_a_broken_unit_says_what_is_wrong_with_its_file),
                TEST(test_all_properties_together_read_the_state_once),
                TEST(test_nothing_is_known_of_the_end_of_a_process_that_runs),
                TEST(test_units_are_found_by_process_and_invocation),
                TEST(test_lists_are_filtered_by_state_and_pattern),
                TEST(test_one_call_tells_all_there_is_to_show_of_a_unit),
                TEST(test_one_call_tells_it_of_all_units_that_match),
                TEST(test_diagnostics_name_unit_file_and_line),
                TEST(test_changes_of_a_unit_are_told_once_and_to_subscribers_only),
                TEST(test_a_unit_has_changed_before_its_job_is_over),
                TEST(test_units_that_come_and_go_are_told),
                TEST(test_subscribing_twice_and_leaving_twice_is_refused),
                TEST(test_reload_is_told_and_its_failure_answered),
                TEST(test_reexecute_is_answered_only_if_it_fails),
                TEST(test_a_peer_without_rights_is_refused_everything),
                TEST(test_more_clients_than_allowed_are_turned_away),
                TEST(test_a_client_that_never_says_who_it_is_is_dropped),
                TEST(test_a_client_that_said_who_it_is_may_be_silent),
                TEST(test_nonsense_ends_the_connection),
                TEST(test_a_subscriber_that_does_not_read_is_dropped),
                TEST(test_a_client_that_asks_and_does_not_read_is_dropped),
                TEST(test_a_client_that_goes_leaves_nothing),
                TEST(test_a_client_of_a_bus_daemon_is_served),
                TEST(test_the_socket_has_the_mode_asked_for),
                TEST(test_a_socket_that_is_served_is_not_taken_over),
                TEST(test_a_dead_socket_is_replaced_and_a_file_is_not),
                TEST(test_a_path_too_long_for_a_socket_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
