/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/control.h"
#include "core/engine.h"
#include "daemon/libexec.h"
#include "daemon/starts-limit.h"
#include "kinds/condition.h"
#include "kinds/health-queue.h"
#include "kinds/image-service.h"
#include "kinds/inherited.h"
#include "kinds/registry.h"
#include "kinds/time-watch.h"
#include "log/journal-send.h"
#include "recovery/store.h"
#include "recovery/strays.h"
#include "supd/bus.h"
#include "supd/image-store.h"
#include "supd/message-ids.h"
#include "supd/paths.h"

#define CGROUP_LEAF "supd"

/* Sockets that clients connect to, and the names under which the manager keeps them over our restarts. */
typedef enum ListenerId {
        LISTENER_CONTROL,
        LISTENER_SYSTEMD,
        _LISTENER_MAX,
} ListenerId;

static const char *const listener_names[] = {
        [LISTENER_CONTROL] = "socket-control",
        [LISTENER_SYSTEMD] = "socket-systemd",
};
static_assert(ELEMENTSOF(listener_names) == _LISTENER_MAX, "every listener has a name");

/* With MaxParallelStarts=auto: what takes longer to start waits for something else than this machine. */
#define START_PATIENCE_USEC (2 * USEC_PER_SEC)

struct Daemon {
        const Options *options;          /* borrowed */
        sd_event *event;                 /* owned */
        CgroupTree *cgroups;             /* owned */
        Runtime *runtime;                /* owned */
        Store *store;                    /* owned */
        Engine *engine;                  /* owned */
        Control *control;                /* owned */
        char *logger_path;               /* owned */
        char *image_path;                /* owned */
        char **image_arguments;          /* owned; of each run of supd-image */
        ImageService *images;            /* owned */
        char *runtime_unit_dir;          /* owned */
        TimeWatch *times;                /* owned */
        HealthQueue *health;             /* owned */
        int listener_fds[_LISTENER_MAX]; /* owned; of the former supd, until daemon_listen(); -EBADF: none */
        KindContext kinds;               /* borrows from the above */
        sd_event_source *queue_source;    /* owned */
        sd_event_source *deadline_source; /* owned; the engine's */
        DualTime started, finished;
        uint64_t units_loaded_realtime_usec;
        DualTime units_loaded_first;
        StartsLimit starts_limit;
        bool stopping; /* all units are to stop, then supd ends */
        DaemonVerdict verdict;
};

/* ---- the engine's needs -------------------------------------------------------------------------- */

/* Jobs of the boot wait for each other. Should we die before the last one, the next supd queues them anew. */
static bool daemon_boot_is_over(Daemon *d) {
        const Unit *u = engine_find(d->engine, "default.target");

        return !u || !u->job;
}

static void daemon_mark_started(Daemon *d) {
        _cleanup_(error_done) Error error = {};

        int r = store_mark_started(d->store, &error);
        if (r < 0)
                diag_warning("%s; the next supd will start again what is wanted at boot",
                                error_text(&error, r));
}

static int daemon_on_queue(sd_event_source *source, void *userdata) {
        Daemon *d = userdata;

        (void) source;
        engine_run_queue(d->engine);
        engine_collect(d->engine);
        if (daemon_boot_is_over(d))
                daemon_mark_started(d);
        if (d->stopping && engine_is_idle(d->engine)) {
                d->verdict = DAEMON_ENDED;
                return sd_event_exit(d->event, 0);
        }
        return 0;
}

static void daemon_wake(void *userdata) {
        Daemon *d = userdata;

        if (d->queue_source)
                (void) sd_event_source_set_enabled(
                                d->queue_source, SD_EVENT_ONESHOT); /* can't fail here */
}

static uint64_t daemon_now(void *userdata) {
        (void) userdata;
        return clock_monotonic_usec();
}

static uint64_t daemon_now_realtime(void *userdata) {
        (void) userdata;
        return clock_realtime_usec();
}

static unsigned daemon_starts_max(void *userdata) {
        Daemon *d = userdata;

        if (d->options->parallel_starts_max != STARTS_MAX_AUTO)
                return 0;
        return starts_limit_get(&d->starts_limit, clock_monotonic_usec());
}

static int daemon_on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *d = userdata;

        (void) source, (void) usec;
        engine_on_deadline(d->engine);
        return 0;
}

static void daemon_set_deadline(uint64_t monotonic_usec, void *userdata) {
        Daemon *d = userdata;

        int r = sd_event_source_set_time(d->deadline_source, monotonic_usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->deadline_source, SD_EVENT_ONESHOT);
        if (r < 0)
                diag_error("cannot set a timer: %s; jobs will not time out", error_text(NULL, r));
}

static void daemon_unit_changed(Unit *u, void *userdata) {
        Daemon *d = userdata;

        (void) u;
        if (d->stopping)
                daemon_wake(d); /* was it the last? */
}

static int daemon_test(const UnitCondition *c, void *userdata) {
        (void) userdata;
        int r = condition_test(c);
        if (r < 0) {
                _cleanup_free_ char *text = condition_to_text(c, "Condition");
                diag_warning("cannot tell about %s: %s; taken as not met",
                                text ?: "a condition",
                                error_text(NULL, r));
        }
        return r;
}

static void daemon_unit_held_back(Unit *u, void *userdata) {
        (void) userdata;
        kind_unit_held_back(u);
}

/* As in systemd: what the start brought along is done when no job is left. */
static void daemon_check_finished(Daemon *d) {
        if (d->finished.realtime_usec == 0 && engine_n_jobs(d->engine) == 0)
                d->finished = clock_dual();
}

static void daemon_job_removed(Job *j, JobResult result, void *userdata) {
        (void) j, (void) result;
        daemon_check_finished(userdata);
}

static const EngineOps engine_ops = {
        .test = daemon_test,
        .unit_held_back = daemon_unit_held_back,
        .wake = daemon_wake,
        .now = daemon_now,
        .now_realtime = daemon_now_realtime,
        .starts_max = daemon_starts_max,
        .set_deadline = daemon_set_deadline,
        .unit_changed = daemon_unit_changed,
        .job_removed = daemon_job_removed,
};

/* ---- loading units ------------------------------------------------------------------------------- */

static void tell_diagnostics(const char *unit, const DiagnosticList *list) {
        for (size_t i = 0; list && i < list->n_items; i++) {
                const Diagnostic *p = &list->items[i];
                DiagContext context = { .unit = unit, .message_id = SUPD_MESSAGE_BAD_SETTING };
                DiagLevel level = p->severity == DIAGNOSTIC_ERROR     ? DIAG_ERROR
                                  : p->severity == DIAGNOSTIC_WARNING ? DIAG_WARNING
                                                                      : DIAG_NOTICE;
                _cleanup_free_ char *text = diagnostic_format(p);
                if (text)
                        diag_log(level, &context, "%s", text);
        }
}

static int daemon_load_units(Daemon *d, Error *error) {
        _cleanup_(unit_set_freep) UnitSet *set = NULL;
        int r;

        r = unit_set_load(d->options->unit_dirs, &set, error);
        if (r < 0)
                return r;
        tell_diagnostics(NULL, unit_set_diagnostics(set));
        for (size_t i = 0; i < unit_set_size(set); i++)
                tell_diagnostics(unit_set_at(set, i)->id, &unit_set_at(set, i)->diagnostics);
        r = engine_load(d->engine, &set, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < engine_n_units(d->engine); i++) {
                _cleanup_(error_done) Error reason = {};
                Unit *u = engine_unit_at(d->engine, i);

                r = kind_unit_reloaded(u, &reason);
                if (r < 0)
                        diag_warning("%s: %s; it runs on, not with all of its new limits",
                                        unit_id(u),
                                        error_text(&reason, r));
        }
        d->units_loaded_realtime_usec = clock_realtime_usec();
        if (d->units_loaded_first.realtime_usec == 0)
                d->units_loaded_first = clock_dual();
        return 0;
}

static int daemon_reread(void *userdata, const char *id, char *const *dropin_dirs, Error *error) {
        Daemon *d = userdata;

        int r = engine_reread_unit(d->engine, id, dropin_dirs, error);
        if (r == 0)
                r = daemon_load_units(d, error);
        if (r < 0)
                return r;
        Unit *u = engine_find(d->engine, id);
        return u ? kind_unit_reloaded(u, error) : 0;
}

/* ---- coming up ----------------------------------------------------------------------------------- */

/* Not to be looked for: a broken tree is told, and what runs is served nevertheless. */
static void daemon_remove_strays(Daemon *d, Engine *engine) {
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **names = NULL;

        int r = strays_remove(d->cgroups, engine, &names, &error);
        if (r < 0)
                diag_warning("%s; processes of no unit may run on", error_text(&error, r));
        STRV_FOREACH (name, names) {
                kind_forget_stray(&d->kinds, *name);
        }
}

static int daemon_restore_pass(Daemon *d, unsigned pass) {
        for (size_t i = 0; i < engine_n_units(d->engine); i++) {
                _cleanup_(error_done) Error reason = {};
                Unit *u = engine_unit_at(d->engine, i);

                if (kind_restore_pass(u) != pass)
                        continue;
                int r = kind_restore_unit(u, &reason);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        diag_warning("%s: %s; taken as stopped",
                                        unit_id(u),
                                        error_text(&reason, r));
        }
        return 0;
}

static int daemon_restore_units(Daemon *d, Error *error) {
        _cleanup_(inherited_done) InheritedChildren children = {};
        _cleanup_strv_ char **orphans = NULL;
        int r;

        r = inherited_list(&children);
        if (r < 0)
                diag_warning("Cannot list the processes of before: %s; some may stay zombies",
                                error_text(NULL, r));
        r = store_instantiate(d->store, d->engine, error);
        if (r < 0)
                return r;
        for (unsigned pass = 0; r >= 0 && pass < KIND_RESTORE_PASSES; pass++)
                r = daemon_restore_pass(d, pass);
        if (r < 0)
                return r;

        engine_sync(d->engine);
        r = store_settle(d->store, &orphans);
        if (r < 0)
                return r;
        STRV_FOREACH (name, orphans) {
                diag_warning("%s: its unit file is gone; stopping it", *name);
        }

        r = inherited_reap(&children, d->engine, d->event);
        if (r < 0)
                return r;
        daemon_remove_strays(d, d->engine);
        return kind_clear_strays(&d->kinds, d->engine);
}

static gid_t control_group(void) {
        const struct group *g = getgrnam(SUPD_GROUP);
        return g ? g->gr_gid : (gid_t) -1;
}

static void daemon_info(void *userdata, ControlInfo *ret) {
        Daemon *d = userdata;

        *ret = (ControlInfo) {
                .features = runtime_features(d->runtime),
                .cgroup_driver = cgroup_tree_driver(d->cgroups),
                .cgroup_path = cgroup_tree_path(d->cgroups),
                .log_level = options_log_level_name(d->options->log_level),
                .unit_dirs = d->options->unit_dirs,
                .runtime_units = d->runtime_unit_dir,
                .started = d->started,
                .finished = d->finished,
                .units_loaded_first = d->units_loaded_first,
                .units_loaded_realtime_usec = d->units_loaded_realtime_usec,
                .stopping = d->stopping,
                .image_path = d->image_path,
                .image_arguments = d->image_arguments,
                .state_dir = d->options->state_dir,
        };
}

static int daemon_reload(void *userdata, Error *error) {
        Daemon *d = userdata;
        _cleanup_free_ char *message = NULL;

        message = str_printf("RELOADING=1\nMONOTONIC_USEC=%llu",
                        (unsigned long long) clock_monotonic_usec());
        if (message)
                (void) sd_notify(0, message); /* for the manager's status only */
        int r = daemon_load_units(d, error);
        (void) sd_notify(0, "READY=1");
        return r;
}

static int daemon_reexecute(void *userdata, Error *error) {
        Daemon *d = userdata;

        if (d->stopping)
                return error_set_plain(error,
                                -ESHUTDOWN,
                                ERROR_FAILED,
                                "supd is stopping all units to end; a new one would run on");
        d->verdict = DAEMON_REEXECUTE;
        return sd_event_exit(d->event, 0);
}

static int daemon_exit(void *userdata, Error *error) {
        Daemon *d = userdata;

        (void) error;
        if (d->stopping)
                return 0;
        d->stopping = true;
        (void) sd_notify(0, "STOPPING=1");
        size_t n = engine_stop_all(d->engine);
        if (n > 0)
                diag_info("Stopping %zu unit%s.", n, n == 1 ? "" : "s");
        daemon_wake(d);
        return 0;
}

static const ControlOps control_ops = {
        .info = daemon_info,
        .reload = daemon_reload,
        .reread = daemon_reread,
        .reexecute = daemon_reexecute,
        .exit = daemon_exit,
};

/* Before store_settle(), which drops what nobody has taken. */
static void daemon_take_listeners(Daemon *d) {
        UnitStore *store = store_unit_store(d->store);

        for (ListenerId id = 0; id < _LISTENER_MAX; id++)
                d->listener_fds[id] = store->ops->take_fd(store, listener_names[id]);
}

static void daemon_drop_listener(Daemon *d, ListenerId id) {
        UnitStore *store = store_unit_store(d->store);

        store->ops->drop_fd(store, listener_names[id]);
        d->listener_fds[id] = close_fd(d->listener_fds[id]);
}

/* Goes on with the socket of the former supd, in whose queue clients may wait; else makes one. */
static int daemon_listen_on(
                Daemon *d, ListenerId id, const char *path, mode_t mode, gid_t gid, Error *error) {
        UnitStore *store = store_unit_store(d->store);
        int *fd = &d->listener_fds[id];

        int r = *fd < 0 ? -ESTALE : control_listen_again(d->control, fd, path, mode, gid, NULL);
        if (r >= 0)
                return 0;
        daemon_drop_listener(d, id);
        r = control_listen(d->control, path, mode, gid, error);
        if (r < 0)
                return r;
        /* Failing costs clients that connect while there is no supd a refusal. */
        (void) store->ops->put_fd(store, listener_names[id], control_listener_fd(d->control, path));
        return 0;
}

static int daemon_listen(Daemon *d, Error *error) {
        int r;

        r = control_new(d->event, d->engine, &control_ops, d, &d->control, error);
        if (r < 0)
                return r;

        gid_t gid = control_group();
        _cleanup_free_ char *path =
                        str_printf("%s/%s", d->options->runtime_dir, SUPD_CONTROL_SOCKET);
        if (!path)
                return -ENOMEM;
        r = daemon_listen_on(
                        d, LISTENER_CONTROL, path, gid == (gid_t) -1 ? 0600 : 0660, gid, error);
        if (r < 0)
                return r;
        if (!d->options->systemd_socket) {
                daemon_drop_listener(d, LISTENER_SYSTEMD);
                return 0;
        }

        r = dir_make_all("/run/systemd/system", 0755);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_STORAGE,
                                "cannot make /run/systemd/system for systemctl");
        return daemon_listen_on(
                        d, LISTENER_SYSTEMD, SUPD_SYSTEMD_PRIVATE_SOCKET, 0600, (gid_t) -1, error);
}

static int on_signal_exit(
                sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        (void) source;
        diag_info("Got %s; stopping all units.", strsignal((int) si->ssi_signo));
        (void) daemon_exit(userdata, NULL);
        return 0;
}

static int on_signal_reload(
                sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        _cleanup_(error_done) Error error = {};

        (void) source, (void) si;
        int r = daemon_reload(userdata, &error);
        if (r < 0)
                diag_error("Cannot read the unit files: %s; all units stay as they are",
                                error_text(&error, r));
        return 0;
}

static int daemon_add_sources(Daemon *d, Error *error) {
        /* clang-format off */
        static const struct {
                int signal;
                sd_event_signal_handler_t handler;
        } signals[] = {
                { SIGTERM, on_signal_exit   },
                { SIGINT,  on_signal_exit   },
                { SIGHUP,  on_signal_reload },
        };
        /* clang-format on */
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++)
                r = sd_event_add_signal(d->event, NULL, signals[i].signal, signals[i].handler, d);
        if (r >= 0)
                r = sd_event_add_defer(d->event, &d->queue_source, daemon_on_queue, d);
        if (r >= 0)
                r = sd_event_add_time(d->event,
                                &d->deadline_source,
                                CLOCK_MONOTONIC,
                                USEC_INFINITY,
                                /* accuracy= */ 0,
                                daemon_on_deadline,
                                d);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot set up the event loop");
        return 0;
}

static int daemon_open_parts(Daemon *d, Error *error) {
        _cleanup_free_ char *supinit = NULL;
        int r;

        r = sd_event_new(&d->event);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot make an event loop");
        r = libexec_find("supd-log", &d->logger_path, error);
        if (r >= 0)
                r = libexec_find("supd-image", &d->image_path, error);
        if (r >= 0)
                r = libexec_find("supinit", &supinit, error);
        if (r >= 0)
                r = cgroup_tree_open(&d->cgroups, error);
        if (r >= 0)
                r = cgroup_tree_enter(d->cgroups, CGROUP_LEAF, error);
        if (r >= 0)
                r = runtime_new(supinit, &d->runtime, error);
        if (r >= 0)
                r = store_open(d->options->runtime_dir, &d->store, error);
        if (r < 0)
                return r;

        r = dir_make_all(d->options->state_dir, 0755);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot make %s", d->options->state_dir);
        return 0;
}

static char *image_settings_path(const Daemon *d) {
        return str_printf("%s/%s", d->options->runtime_dir, SUPD_IMAGE_SETTINGS_FILE);
}

static int daemon_open_images(Daemon *d, Error *error) {
        const Options *o = d->options;
        int r;

        _cleanup_free_ char *settings = image_settings_path(d);
        r = settings ? image_settings_write(&o->image, settings, error) : -ENOMEM;
        if (r >= 0)
                r = strv_append_printf(&d->image_arguments, "--state-dir=%s", o->state_dir);
        if (r >= 0)
                r = strv_append_printf(&d->image_arguments, "--settings=%s", settings);
        if (r >= 0)
                r = strv_append_printf(&d->image_arguments, "--die-with=%d", getpid());
        if (r < 0)
                return r;
        ImageServiceSpec spec = {
                .event = d->event,
                .state_dir = o->state_dir,
                .program = d->image_path,
                .arguments = d->image_arguments,
                .additional_stores = o->image.additional_stores,
                .search_registries = o->image.search_registries,
                .driver = o->image.driver,
        };
        return image_service_new(&spec, &d->images);
}

int daemon_new(const Options *options, Daemon **ret, Error *error) {
        int r;

        _cleanup_(daemon_freep) Daemon *d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        d->options = options;
        d->started = clock_dual();
        for (ListenerId id = 0; id < _LISTENER_MAX; id++)
                d->listener_fds[id] = -EBADF;
        d->runtime_unit_dir = str_printf("%s/%s", options->runtime_dir, SUPD_UNIT_DIR);
        if (!d->runtime_unit_dir)
                return -ENOMEM;

        r = daemon_open_parts(d, error);
        if (r >= 0)
                r = daemon_open_images(d, error);
        if (r >= 0)
                r = time_watch_new(d->event, &d->times);
        if (r >= 0)
                r = health_queue_new(/* limit= */ 0, &d->health);
        if (r < 0)
                return r;
        d->kinds = (KindContext) {
                .event = d->event,
                .cgroups = d->cgroups,
                .runtime = d->runtime,
                .store = store_unit_store(d->store),
                .runtime_dir = options->runtime_dir,
                .state_dir = options->state_dir,
                .logger_path = d->logger_path,
                .images = d->images,
                .times = d->times,
                .started = d->started,
                .health = d->health,
        };
        r = engine_new(kind_make_unit, &d->kinds, &d->engine);
        if (r < 0)
                return r;
        engine_add_observer(d->engine, &engine_ops, d);
        starts_limit_init(&d->starts_limit);
        if (options->parallel_starts_max == STARTS_MAX_AUTO)
                engine_set_starts_max(d->engine, 0, START_PATIENCE_USEC);
        else
                engine_set_starts_max(d->engine, options->parallel_starts_max, USEC_INFINITY);

        daemon_take_listeners(d);
        r = daemon_add_sources(d, error);
        if (r >= 0)
                r = daemon_load_units(d, error);
        /* Before a process or a record is touched: whoever serves here already keeps all of it. */
        if (r >= 0)
                r = daemon_listen(d, error);
        if (r >= 0)
                r = daemon_restore_units(d, error);
        if (r >= 0 && store_is_first_start(d->store))
                r = engine_start_wanted(d->engine);
        if (r < 0)
                return r;

        daemon_check_finished(d);
        *ret = TAKE_PTR(d);
        return 0;
}

DaemonVerdict daemon_run(Daemon *d, Error *error) {
        (void) sd_notify(0, "READY=1\nSTATUS=Supervising");
        int r = sd_event_loop(d->event);
        if (r < 0) {
                (void) error_set(error, r, ERROR_FAILED, "the event loop failed");
                return DAEMON_FAILED;
        }
        if (d->verdict == DAEMON_ENDED) {
                for (ListenerId id = 0; id < _LISTENER_MAX; id++)
                        daemon_drop_listener(d, id);
                daemon_remove_strays(d, /* engine= */ NULL);
                image_service_stop(d->images); /* it reads the settings, and keeps our cgroup */
                _cleanup_free_ char *settings = image_settings_path(d);
                if (settings)
                        (void) unlink(settings); /* else the next supd replaces it */
                store_remove(d->store);
                (void) cgroup_tree_leave(
                                d->cgroups); /* refused while something is left in it: told before */
        }
        return d->verdict;
}

int daemon_prepare_exec(Daemon *d) {
        control_keep_sockets(d->control);
        return store_keep_for_exec(d->store);
}

Daemon *daemon_free(Daemon *d) {
        if (!d)
                return NULL;

        d->queue_source = sd_event_source_disable_unref(d->queue_source);
        d->deadline_source = sd_event_source_disable_unref(d->deadline_source);
        d->control = control_free(d->control);
        for (ListenerId id = 0; id < _LISTENER_MAX; id++)
                d->listener_fds[id] = close_fd(d->listener_fds[id]);
        d->engine = engine_free(d->engine);
        d->images = image_service_free(d->images);
        d->times = time_watch_free(d->times);
        d->health = health_queue_free(d->health);
        d->store = store_free(d->store);
        d->runtime = runtime_free(d->runtime);
        d->cgroups = cgroup_tree_free(d->cgroups);
        d->event = sd_event_unref(d->event);
        free(d->logger_path);
        free(d->image_path);
        free(d->runtime_unit_dir);
        strv_free(d->image_arguments);
        free(d);
        return NULL;
}
