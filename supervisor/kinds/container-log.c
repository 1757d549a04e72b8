/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "kinds/container-streams.h"
#include "log/journal-filter.h"

/* clang-format off */
static const LogDriverType log_types[] = {
        [LOG_DRIVER_AUTO]        = LOG_AUTO,
        [LOG_DRIVER_JOURNALD]    = LOG_JOURNALD,
        [LOG_DRIVER_FILE]        = LOG_FILE,
        [LOG_DRIVER_NONE]        = LOG_NONE,
        [LOG_DRIVER_PASSTHROUGH] = LOG_PASSTHROUGH,
};
/* clang-format on */
static_assert(ELEMENTSOF(log_types) == _LOG_DRIVER_KIND_MAX, "every LogDriver= has a driver");

/* The driver's names are the same for every unit; the store has one for all. Owned, or NULL. */
static char *store_name(const Container *c, const char *descriptor) {
        return str_printf("%.32s-%s", c->container_id ?: "", descriptor);
}

const char *container_log_descriptor(const char *stored) {
        const char *dash = strchr(stored, '-');
        return dash ? dash + 1 : stored;
}

/* The store is told of descriptors that are new and of those that are no more. */
static void log_sync_store(Container *c) {
        UnitStore *store = c->context->store;
        LogDescriptor now[LOG_DESCRIPTORS_MAX];
        size_t n = log_driver_descriptors(c->log.driver, now);
        _cleanup_strv_ char **names = NULL;

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *name = store_name(c, now[i].name);

                if (!name)
                        return;
                if (!strv_contains(c->log.stored, name) &&
                                store->ops->put_fd(store, name, now[i].fd) < 0)
                        continue;
                if (strv_push(&names, &name) < 0)
                        return;
        }
        STRV_FOREACH (name, c->log.stored) {
                if (!strv_contains(names, *name))
                        store->ops->drop_fd(store, *name);
        }
        strv_free(c->log.stored);
        c->log.stored = TAKE_PTR(names);
}

LogDriverType container_log_type(const Container *c) {
        return log_types[container_spec(c)->log_driver];
}

int container_log_locate(Container *c) {
        _cleanup_free_ char *directory = str_printf("%s/log/%s",
                        c->context->state_dir,
                        container_spec(c)->name ?: c->unit.spec->id);

        return directory ? str_replace(&c->log.directory, directory) : -ENOMEM;
}

int container_log_prepare(Container *c, LogDriverType type, Error *error) {
        const UnitSpec *spec = c->unit.spec;
        const ContainerSpec *container = container_spec(c);

        int r = container_log_locate(c);
        if (r < 0)
                return r;

        LogMarks marks = {
                .identifier = spec->service.exec.syslog_identifier,
                .facility = spec->service.log.facility,
                .level = spec->service.log.level,
                .level_max = spec->service.log.level_max,
                .level_prefix = spec->service.log.level_prefix,
                .extra_fields = spec->service.log.extra_fields,
        };
        LogSpec log = {
                .type = type,
                .unit_id = unit_id(&c->unit),
                .container_name = container->name,
                .container_id = c->container_id,
                .image_name = c->image.name ?: container->root.rootfs,
                .rate_limit_interval_usec = spec->service.log_rate_limit_interval_usec,
                .rate_limit_burst = spec->service.log_rate_limit_burst,
                .marks = &marks,
                .directory = c->log.directory,
                .logger_path = c->context->logger_path,
                .size_max_bytes = container->log_size_max_bytes,
                .count_max = UINT_MAX,
        };
        r = log_driver_new(&log, &c->log.driver, error);
        if (r >= 0)
                c->log.name = log_driver_name(c->log.driver);
        return r;
}

static void log_respawn(Container *c);

/* Of a unit that does not run any more: the last lines are written, nothing needs the driver. */
static void log_let_go(Container *c) {
        if (!c->run.cgroup)
                container_log_forget(c);
}

static int log_on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = userdata;

        (void) source, (void) usec;
        c->log.retry_timer = sd_event_source_disable_unref(c->log.retry_timer);
        log_respawn(c);
        log_let_go(c);
        return 0;
}

static int log_on_logger_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;

        (void) source, (void) fd, (void) events;
        c->log.logger_source = sd_event_source_disable_unref(c->log.logger_source);
        log_respawn(c);
        log_let_go(c);
        return 0;
}

static void log_watch_logger(Container *c) {
        int pidfd = log_driver_child_pidfd(c->log.driver);

        c->log.logger_source = sd_event_source_disable_unref(c->log.logger_source);
        if (pidfd < 0)
                return;
        int r = sd_event_add_io(c->context->event,
                        &c->log.logger_source,
                        pidfd,
                        EPOLLIN,
                        log_on_logger_end,
                        c);
        if (r < 0)
                diag_warning("%s: cannot watch its logger: %s; it will not be restarted",
                                unit_id(&c->unit),
                                error_text(NULL, r));
}

static void log_respawn(Container *c) {
        _cleanup_(error_done) Error error = {};

        /* The driver closes the descriptor, whose copy the store keeps: first off with the watch. */
        c->log.logger_source = sd_event_source_disable_unref(c->log.logger_source);
        int r = log_driver_respawn(c->log.driver, &error);
        if (r < 0 && !c->log.retry_timer) {
                if (r != -EAGAIN)
                        diag_warning("%s: cannot restart its logger: %s; trying again",
                                        unit_id(&c->unit),
                                        error_text(&error, r));
                /* A logger that can't be had is asked for again; the pipes hold the lines meanwhile. */
                (void) sd_event_add_time_relative(c->context->event,
                                &c->log.retry_timer,
                                CLOCK_MONOTONIC,
                                LOG_RESPAWN_DELAY_USEC,
                                0,
                                log_on_retry,
                                c);
        }
        log_sync_store(c);
        log_watch_logger(c);
        if (r >= 0 && c->lifecycle.state != SERVICE_DEAD) /* which has no record */
                container_save(c);
}

void container_log_watch(Container *c) {
        log_respawn(c);
}

/* journald has gone since LogDriver= was left to us to choose: choose again, rather than not to start. */
static int log_choose_again(Container *c, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        c->log.driver = log_driver_free(c->log.driver);
        int r = container_log_prepare(c, LOG_AUTO, error);
        return r < 0 ? r : log_driver_open(c->log.driver, ret_stdout_fd, ret_stderr_fd, error);
}

/* journald reads them from the cgroup of the writer (since systemd 253). */
static void log_set_filter(Container *c) {
        char *const *patterns = c->unit.spec->service.log.filter_patterns;
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        int r = journal_filter_encode(patterns, &text, &size);
        if (r >= 0)
                r = cgroup_set_attribute(c->run.cgroup, JOURNAL_FILTER_ATTRIBUTE, text, size);
        if (r < 0)
                diag_warning("%s: cannot tell journald of LogFilterPatterns=: %s; all lines are "
                             "kept",
                                unit_id(&c->unit),
                                error_text(NULL, r));
}

/*
 * A container that starts again by itself may do so by a newer definition, of which the driver of the last run knows
 * nothing. One with a process goes on, as the lines of the last run do; and one that waits for journald to have
 * read those must not remove what journald needs for it.
 */
static void log_renew(Container *c) {
        bool goes_on = c->log.driver && (log_driver_child_pidfd(c->log.driver) >= 0 ||
                                                        log_driver_forget_fd(c->log.driver) >= 0);
        LogDescriptor kept[LOG_DESCRIPTORS_MAX];

        if (c->log.driver && !goes_on && log_driver_descriptors(c->log.driver, kept) == 0)
                c->log.driver = log_driver_free(c->log.driver);
}

int container_log_open(Container *c, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        _cleanup_(error_done) Error reason = {};
        LogDriverType type = container_log_type(c);
        int r;

        c->log.forget_source = sd_event_source_disable_unref(c->log.forget_source);
        /* The driver may close the descriptor, whose copy the store keeps: first off with the watch. */
        c->log.logger_source = sd_event_source_disable_unref(c->log.logger_source);
        log_renew(c);
        if (!c->log.driver) {
                r = container_log_prepare(c, type, error);
                if (r < 0)
                        return r;
        }
        r = log_driver_open(c->log.driver, ret_stdout_fd, ret_stderr_fd, &reason);
        if (r < 0 && type == LOG_AUTO)
                r = log_choose_again(c, ret_stdout_fd, ret_stderr_fd, error);
        else if (r < 0)
                error_move(error, &reason);
        if (r < 0)
                return r;
        log_sync_store(c);
        log_watch_logger(c);
        log_set_filter(c);
        return container_streams_open(
                        &c->unit.spec->service.log, ret_stdout_fd, ret_stderr_fd, error);
}

static int log_on_forgotten(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;

        (void) source, (void) fd, (void) events;
        c->log.forget_source = sd_event_source_disable_unref(c->log.forget_source);
        container_log_forget(c);
        return 0;
}

void container_log_forget(Container *c) {
        if (!c->log.driver || c->log.forget_source)
                return;

        int r = log_driver_forget(c->log.driver);
        log_sync_store(c);
        if (r > 0) {
                r = sd_event_add_io(c->context->event,
                                &c->log.forget_source,
                                log_driver_forget_fd(c->log.driver),
                                EPOLLIN,
                                log_on_forgotten,
                                c);
                if (r >= 0)
                        return;
                /* Not to be watched: log_driver_free() completes it. */
        }
        /* The next start makes a driver anew: the unit may say another one by then. A logger that still
         * drains the last lines, or is yet to be started for them, keeps this one until it has ended. */
        if (!c->log.logger_source && !c->log.retry_timer)
                c->log.driver = log_driver_free(c->log.driver);
}

/* Its driver, until journald has caught up; owned by the event source. */
static void stray_log_free(void *driver) {
        (void) log_driver_free(driver);
}

static int stray_log_on_forgotten(
                sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) fd, (void) events;
        /* The driver closes the descriptor, of which a container that is just being made has a copy until it
         * executes: first off with the watch, or the kernel goes on telling of it. */
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void) log_driver_forget(userdata);
        /* The loop holds the only reference; this drops it. */
        (void) sd_event_source_set_floating(source, /* b= */ false);
        return 0;
}

void container_forget_stray(const KindContext *context, const char *unit_id) {
        _cleanup_(log_driver_freep) LogDriver *driver = NULL;
        sd_event_source *source;
        LogSpec log = {
                .type = LOG_JOURNALD, /* the only one with files elsewhere */
                .unit_id = unit_id,
                .container_name = unit_id,
                .rate_limit_interval_usec = UINT64_MAX,
                .rate_limit_burst = UINT64_MAX,
        };

        if (log_driver_new(&log, &driver, NULL) < 0 || log_driver_forget(driver) == 0)
                return;
        if (sd_event_add_io(context->event,
                            &source,
                            log_driver_forget_fd(driver),
                            EPOLLIN,
                            stray_log_on_forgotten,
                            driver) < 0)
                return; /* not to be watched: log_driver_free() completes it */
        (void) sd_event_source_set_destroy_callback(source, stray_log_free);
        (void) sd_event_source_set_floating(source, /* b= */ true);
        (void) sd_event_source_unref(source);
        (void) TAKE_PTR(driver);
}

void container_log_done(ContainerLog *log) {
        log->logger_source = sd_event_source_disable_unref(log->logger_source);
        log->forget_source = sd_event_source_disable_unref(log->forget_source);
        log->retry_timer = sd_event_source_disable_unref(log->retry_timer);
        log->driver = log_driver_free(log->driver);
        log->stored = strv_free(log->stored);
        free(log->directory);
        log->directory = NULL;
}
