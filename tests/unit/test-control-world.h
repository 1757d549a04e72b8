/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * For tests of control/: a supervisor of toys, served on a real socket, and clients of it. All share one
 * event loop, so that a test knows exactly what has happened: turn(), settle(), await().
 */

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
#include "unitfile/target.h"

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

static Toy *last_frozen; /* borrowed; whose freeze is going on */

static inline void toy_becomes(Toy *t, UnitActiveState active) {
        t->active = active;
        unit_notify(&t->unit, /* start_failed= */ active == UNIT_STATE_FAILED);
}

/* By its name: "never" stays on its way, "fails" fails, all others are there at once. */
static inline int toy_start(Unit *u, bool by_hand, Error *error) {
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

static inline int toy_stop(Unit *u, Error *error) {
        Toy *t = (Toy *) u;

        (void) error;
        if (t->active == UNIT_INACTIVE || t->active == UNIT_STATE_FAILED)
                return -EALREADY;
        toy_becomes(t, UNIT_INACTIVE);
        return 0;
}

static inline int toy_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        Toy *t = (Toy *) u;

        (void) whom;
        if (t->active != UNIT_ACTIVE)
                return error_set_plain(error, -ESRCH, ERROR_NO_SUCH_PROCESS, "nothing runs");
        t->n_kills++;
        t->last_signal = signal;
        return 0;
}

static inline int toy_freeze(
                Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        Toy *t = (Toy *) u;

        if (t->active != UNIT_ACTIVE)
                return error_set_plain(error, -EHOSTDOWN, ERROR_UNIT_STATE, "not running");
        t->freezer = freeze ? "freezing" : "thawing";
        t->done = done;
        t->done_userdata = userdata;
        last_frozen = t;
        return 0;
}

static inline void toy_freeze_is_done(int r, const Error *error) {
        Toy *t = TAKE_PTR(last_frozen);

        t->freezer = r < 0 ? "running" : "frozen";
        t->done(r, error, t->done_userdata);
}

static inline void toy_reset_failed(Unit *u) {
        Toy *t = (Toy *) u;

        if (t->active == UNIT_STATE_FAILED)
                toy_becomes(t, UNIT_INACTIVE);
}

static inline void toy_status(const Unit *u, UnitStatus *ret) {
        Toy *t = (Toy *) u;
        bool is_target = u->spec->kind == UNIT_KIND_TARGET,
             runs = t->active == UNIT_ACTIVE && !is_target;

        t->n_status++;
        *ret = (UnitStatus) {
                .active = t->active,
                .sub = t->active == UNIT_ACTIVE ? "running" : "dead",
                .freezer = t->freezer,
                .main_pid = runs ? getpid() : 0,
                .exit = { .code = CLD_EXITED, .status = 3 },
                .invocation_id = is_target ? NULL : "00112233445566778899aabbccddeeff",
                .next_restart_monotonic_usec = USEC_INFINITY,
        };
}

static inline int toy_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        if (ret_usage) {
                memset(ret_usage, 0xff, sizeof(*ret_usage));
                ret_usage->cpu_usage_usec = 5;
                ret_usage->memory_max_bytes = u->spec->service.resource.memory_max.value;
                ret_usage->memory_high_bytes = u->spec->service.resource.memory_high.value;
                ret_usage->tasks_max = u->spec->service.resource.tasks_max.value;
        }
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static inline Unit *toy_free(Unit *u) {
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

static inline int toy_make(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error) {
        Toy *t = calloc(1, sizeof(*t));

        (void) e, (void) userdata, (void) error;
        if (!t)
                return -ENOMEM;
        *t = (Toy) {
                .unit = { .ops = &toy_ops, .spec = TAKE_PTR(*spec) },
                .active = UNIT_INACTIVE,
                .freezer = "running",
        };
        if (target_is_born_active(t->unit.spec->id))
                t->active = UNIT_ACTIVE;
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
        int refuse;       /* what the daemon answers */
        char *image_path; /* owned; the program that plays supd-image; NULL: none */
} World;

static inline int on_queue(sd_event_source *source, void *userdata) {
        World *w = userdata;

        (void) source;
        engine_run_queue(w->engine);
        return 0;
}

static inline void on_wake(void *userdata) {
        World *w = userdata;

        assert_true(sd_event_source_set_enabled(w->queue, SD_EVENT_ONESHOT) >= 0);
}

static const EngineOps engine_ops = { .wake = on_wake };

static inline void daemon_info(void *userdata, ControlInfo *ret) {
        static char *const image_arguments[] = { (char *) "--state-dir=/toys", NULL };
        static char *unit_dirs[2];
        World *w = userdata;

        unit_dirs[0] = w->dir;
        *ret = (ControlInfo) {
                .unit_dirs = unit_dirs,
                .image_path = w->image_path,
                .image_arguments = image_arguments,
                .state_dir = w->dir,
                .features = "+TOYS",
                .cgroup_driver = "v2",
                .cgroup_path = "/toys",
                .log_level = "info",
                .started = { .realtime_usec = 1, .monotonic_usec = 2 },
                .finished = { .realtime_usec = 3, .monotonic_usec = 4 },
                .units_loaded_realtime_usec = clock_realtime_usec() + USEC_PER_DAY,
        };
}

static inline int daemon_answer(World *w, unsigned *count, Error *error) {
        (*count)++;
        return w->refuse < 0 ? error_set_plain(error, w->refuse, ERROR_FAILED, "the daemon refuses")
                             : 0;
}

static inline int daemon_reload(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_reloads, error);
}

/* The whole set: of one unit alone tests of the engine tell. */
static inline int daemon_reread(
                void *userdata, const char *id, char *const *dropin_dirs, Error *error) {
        (void) id, (void) dropin_dirs;
        return daemon_reload(userdata, error);
}

static inline int daemon_reexecute(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_reexecutes, error);
}

static inline int daemon_exit(void *userdata, Error *error) {
        World *w = userdata;

        return daemon_answer(w, &w->n_exits, error);
}

static const ControlOps daemon_ops = {
        .info = daemon_info,
        .reload = daemon_reload,
        .reread = daemon_reread,
        .reexecute = daemon_reexecute,
        .exit = daemon_exit,
};

static inline void write_unit(World *w, const char *name, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/%s", w->dir, name);

        assert_non_null(path);
        assert_true(file_replace(AT_FDCWD, path, text, 0644, /* sync= */ false) >= 0);
}

static inline void load_units(World *w) {
        char *dirs[] = { w->dir, NULL };
        _cleanup_(unit_set_freep) UnitSet *set = NULL;

        assert_true(unit_set_load(dirs, &set, NULL) >= 0);
        assert_true(engine_load(w->engine, &set, NULL) >= 0);
}

static inline void quiet(DiagLevel level, const DiagContext *context, const char *message) {
        (void) level, (void) context, (void) message;
}

static inline int set_up(void **state) {
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

static inline int tear_down(void **state) {
        World *w = *state;

        w->control = control_free(w->control);
        w->engine = engine_free(w->engine);
        assert_int_equal(access(w->socket, F_OK), -1);
        sd_event_source_disable_unref(w->queue);
        sd_event_unref(w->event);
        assert_true(dir_remove_all(AT_FDCWD, w->dir) >= 0);
        free(w->dir);
        free(w->socket);
        free(w->image_path);
        free(w);
        last_frozen = NULL;
        return 0;
}

/* ---- clients ----------------------------------------------------------------------------------- */

static inline void close_bus(sd_bus **bus) {
        *bus = sd_bus_close_unref(*bus);
}
#define _cleanup_bus_ _cleanup_(close_bus)

static inline void turn(World *w) {
        assert_true(sd_event_run(w->event, DEADLINE_USEC) > 0);
}

/* All that is ready now. */
static inline void settle(World *w) {
        while (sd_event_run(w->event, 0) > 0)
                ;
}

static inline sd_bus *client_new(World *w) {
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

static inline int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) ret_error;
        ((Answer *) userdata)->message = sd_bus_message_ref(m);
        return 0;
}

static inline void answer_done(Answer *a) {
        a->message = sd_bus_message_unref(a->message);
}
#define _cleanup_answer_ _cleanup_(answer_done)

static inline void ask_at(sd_bus *bus,
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

static inline void await(World *w, const Answer *answer) {
        while (!answer->message)
                turn(w);
}

static inline void assert_answered(World *w, const Answer *answer) {
        await(w, answer);
        const sd_bus_error *e = sd_bus_message_get_error(answer->message);
        if (e)
                fail_msg("%s: %s", e->name, e->message);
}

static inline void assert_refused(World *w, const Answer *answer, const char *name) {
        await(w, answer);
        assert_true(sd_bus_message_is_method_error(answer->message, NULL));
        assert_string_equal(sd_bus_message_get_error(answer->message)->name, name);
}

/* Looks into GetAll's or GetUnitStatus' answer. Return: it stands before the value of @name. */
static inline bool find_property(sd_bus_message *m, const char *name, const char *type) {
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

static inline void assert_text(sd_bus_message *m, const char *name, const char *wanted) {
        const char *s;

        assert_true(find_property(m, name, "s"));
        assert_true(sd_bus_message_read(m, "s", &s) > 0);
        assert_string_equal(s, wanted);
}

static inline void get_all(
                World *w, sd_bus *bus, Answer *answer, const char *path, const char *interface) {
        ask_at(bus, answer, path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface);
        assert_answered(w, answer);
}

/* What a client hears, one word each: "job:done", "change:Unit", … */
typedef struct Ear {
        char heard[1024];
        unsigned n;
} Ear;

static inline int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
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

static inline void listen_to_all(sd_bus *bus, Ear *ear) {
        assert_true(sd_bus_add_match(bus,
                                    NULL,
                                    "type='signal',sender='" SUPD_SYSTEMD_DESTINATION "'",
                                    on_signal,
                                    ear) >= 0);
}

static inline void subscribe(World *w, sd_bus *bus) {
        _cleanup_answer_ Answer answer = {};

        ask(bus, &answer, "Subscribe", "");
        assert_answered(w, &answer);
}
