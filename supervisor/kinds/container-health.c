/* SPDX-License-Identifier: MIT */
#include "kinds/container-health.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/list.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-exec.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "kinds/deadline.h"
#include "kinds/health-log.h"
#include "kinds/health-probe.h"
#include "kinds/health-queue.h"
#include "supd/exit-status.h"
#include "supd/message-ids.h"

/* As docker tells of checks that no exit status belongs to. */
#define NO_EXIT_CODE (-1)
/* Of an output, in a message: the rest is in the status. */
#define MESSAGE_OUTPUT_MAX 200

typedef struct HealthWaiter {
        List link;
        UnitHealthDone done;
        void *userdata; /* borrowed */
} HealthWaiter;

struct ContainerHealth {
        Container *container; /* borrowed */
        Health health;
        HealthPlan plan; /* borrows from the container's spec and image while active */
        HealthLog log;
        uint64_t key;
        bool active;   /* this run is checked */
        bool restored; /* health is as a former supd left it */

        /* The check under way. */
        HealthTicket ticket;
        ContainerExec *exec;   /* owned; NULL: none */
        HealthProbeRun *probe; /* owned; NULL: none */
        uint64_t began_realtime_usec;
        char *output; /* owned; NULL: none so far */
        size_t output_size;
        List waiters; /* HealthWaiter.link, owned: who asked for it */

        sd_event_source *timer; /* owned */
};

static void check_start(void *userdata);

/* ---- the settings ------------------------------------------------------------------------------ */

static uint64_t image_usec(uint64_t nsec) {
        return nsec == 0 ? HEALTH_UNSET : nsec / 1000;
}

static void make_plan(const Container *c, HealthPlan *ret) {
        const Image *i = c->image.image;
        HealthImage image = {
                .test = i ? i->health_test : NULL,
                .interval_usec = image_usec(i ? i->health_interval_nsec : 0),
                .timeout_usec = image_usec(i ? i->health_timeout_nsec : 0),
                .start_period_usec = image_usec(i ? i->health_start_period_nsec : 0),
                .start_interval_usec = image_usec(i ? i->health_start_interval_nsec : 0),
                .retries = i ? (unsigned) MIN(i->health_retries, (uint64_t) UINT32_MAX) : 0,
        };

        health_plan_make(&container_spec(c)->health,
                        &c->unit.spec->service.health_endpoint,
                        &image,
                        ret);
}

int container_health_verify(const Container *c, Error *error) {
        HealthPlan plan;

        if (container_spec(c)->notify != NOTIFY_HEALTHY)
                return 0;
        make_plan(c, &plan);
        if (plan.probe != HEALTH_PROBE_NONE)
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_BAD_SETTING,
                        "Notify=healthy, but neither the unit nor its image has a health check");
}

/* Units whose names are alike must not be near to one another. */
static uint64_t key_of(const char *id) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (; *id; id++)
                hash = (hash ^ (unsigned char) *id) * UINT64_C(0x100000001b3);
        return hash;
}

static ContainerHealth *health_new(Container *c) {
        ContainerHealth *h = calloc(1, sizeof(*h));
        if (!h)
                return NULL;
        *h = (ContainerHealth) {
                .container = c,
                .health = { .next_usec = USEC_INFINITY },
                .key = key_of(unit_id(&c->unit)),
                .ticket = { .start = check_start, .userdata = h },
        };
        list_init(&h->waiters);
        list_init(&h->ticket.link);
        return h;
}

/* ---- telling ----------------------------------------------------------------------------------- */

/* What a check has printed, on one line; owned by the caller, or NULL */
static char *output_in_words(const HealthEntry *e) {
        char *text = strndup(e->output ?: "", MESSAGE_OUTPUT_MAX);

        for (char *p = text; p && *p; p++) {
                if ((unsigned char) *p < ' ')
                        *p = ' ';
        }
        for (size_t n = text ? strlen(text) : 0; n > 0 && text[n - 1] == ' '; n--)
                text[n - 1] = '\0';
        return text;
}

static void tell_failure(Container *c,
                int level,
                const char *message_id,
                const char *what,
                const HealthEntry *e) {
        _cleanup_free_ char *output = output_in_words(e);
        bool has_output = !str_is_empty(output);

        if (e->exit_code == NO_EXIT_CODE)
                container_tell(c,
                                level,
                                message_id,
                                "%s: %s",
                                what,
                                has_output ? output : "no result");
        else
                container_tell(c,
                                level,
                                message_id,
                                "%s: exit status %d%s%s",
                                what,
                                e->exit_code,
                                has_output ? ": " : "",
                                has_output ? output : "");
}

static void tell_result(ContainerHealth *h, unsigned outcome, const HealthEntry *e) {
        Container *c = h->container;
        bool events = container_spec(c)->health.log_destination == HEALTH_LOG_EVENTS;

        if ((outcome & HEALTH_CHANGED) && h->health.state == HEALTH_HEALTHY)
                container_tell(c, DIAG_INFO, SUPD_MESSAGE_HEALTHY, "Healthy.");
        else if (outcome & HEALTH_CHANGED)
                tell_failure(c, DIAG_WARNING, SUPD_MESSAGE_UNHEALTHY, "Unhealthy", e);
        else if (outcome & HEALTH_RESTART)
                tell_failure(c,
                                DIAG_WARNING,
                                SUPD_MESSAGE_UNHEALTHY,
                                "Its start-up check has failed too often",
                                e);
        else if (events && e->exit_code != 0)
                tell_failure(c,
                                DIAG_NOTICE,
                                SUPD_MESSAGE_HEALTH_CHECK_FAILED,
                                "A health check failed",
                                e);
}

/* A file for each container, as Podman has it; of checks that succeed it hears with the next that doesn't. */
static void write_directory(ContainerHealth *h) {
        Container *c = h->container;
        const HealthSpec *spec = &container_spec(c)->health;

        if (spec->log_destination != HEALTH_LOG_DIRECTORY)
                return;
        _cleanup_free_ char *text = health_log_format(&h->log, h->health.state, h->health.streak);
        _cleanup_free_ char *path = str_printf(
                        "%s/%s-healthcheck.log", spec->log_directory, container_spec(c)->name);
        int r = text && path ? file_replace(AT_FDCWD, path, text, 0600, /* sync= */ false)
                             : -ENOMEM;
        if (r < 0)
                diag_warning("%s: cannot write %s: %s; its results are in the status only",
                                unit_id(&c->unit),
                                path ?: spec->log_directory,
                                error_text(NULL, r));
}

/* ---- the check under way ----------------------------------------------------------------------- */

static void check_forget(ContainerHealth *h) {
        h->exec = container_exec_free(h->exec);
        h->probe = health_probe_free(h->probe);
        free(TAKE_PTR(h->output));
        h->output_size = 0;
}

/* Who asked may ask again from within the answer: for the next one. */
static void answer_waiters(
                ContainerHealth *h, int r, const Error *error, const HealthEntry *entry) {
        List waiting;

        list_init(&waiting);
        while (!list_is_empty(&h->waiters)) {
                List *link = h->waiters.next;

                list_remove(link);
                list_append(&waiting, link);
        }
        while (!list_is_empty(&waiting)) {
                HealthWaiter *w = CONTAINER_OF(waiting.next, HealthWaiter, link);

                list_remove(&w->link);
                w->done(r, error, entry, w->userdata);
                free(w);
        }
}

static void check_cancel(ContainerHealth *h) {
        _cleanup_(error_done) Error error = {};

        check_forget(h);
        health_check_cancelled(&h->health, clock_monotonic_usec());
        health_ticket_drop(&h->ticket);
        if (list_is_empty(&h->waiters))
                return;
        int r = error_set_plain(&error,
                        -ECANCELED,
                        ERROR_UNIT_STATE,
                        "%s changed its state meanwhile: there is no result",
                        unit_id(&h->container->unit));
        answer_waiters(h, r, &error, NULL);
}

static void set_timer(ContainerHealth *h);

static void act(Container *c, HealthAction action) {
        _cleanup_(error_done) Error error = {};
        int r;

        switch (action) {
        case HEALTH_ACTION_KILL:
                r = container_signal_main(c, SIGKILL, &error);
                if (r < 0)
                        diag_warning("%s: %s", unit_id(&c->unit), error_text(&error, r));
                break;
        case HEALTH_ACTION_STOP:
                lifecycle_post_unhealthy(
                                &c->lifecycle, SERVICE_SUCCESS, /* restart= */ false, clock_dual());
                break;
        case HEALTH_ACTION_RESTART:
                lifecycle_post_unhealthy(
                                &c->lifecycle, SERVICE_SUCCESS, /* restart= */ true, clock_dual());
                break;
        default:
                break;
        }
}

/* For whoever asks later why it has ended. */
static void note_reason(ContainerHealth *h) {
        Container *c = h->container;
        const HealthEntry *last = h->log.n > 0 ? &h->log.entries[h->log.n - 1] : NULL;
        _cleanup_free_ char *output = last ? output_in_words(last) : NULL;

        free(c->status_text);
        c->status_text = str_printf("%s%s%s",
                        h->health.startup ? "start-up check failed" : "health check failed",
                        str_is_empty(output) ? "" : ": ",
                        output ?: ""); /* without memory: no text */
}

static void check_end(ContainerHealth *h, int exit_code) {
        Container *c = h->container;
        const HealthSpec *spec = &container_spec(c)->health;
        HealthEntry entry = {
                .begin_realtime_usec = h->began_realtime_usec,
                .end_realtime_usec = clock_realtime_usec(),
                .exit_code = exit_code,
                .output = TAKE_PTR(h->output),
        };

        check_forget(h);
        unsigned outcome = health_result(
                        &h->health, &h->plan, exit_code == 0, h->key, clock_monotonic_usec());
        set_timer(h);
        tell_result(h, outcome, &entry);
        answer_waiters(h, 0, NULL, &entry);
        health_log_add(&h->log, spec, &entry);
        if (exit_code != 0 || (outcome & HEALTH_CHANGED)) {
                write_directory(h);
                container_save(c);
        }
        health_ticket_drop(&h->ticket);

        if (outcome & HEALTH_CHANGED)
                unit_notify(&c->unit, /* start_failed= */ false);
        if ((outcome & HEALTH_READY) && container_spec(c)->notify == NOTIFY_HEALTHY)
                container_ready(c);
        if (outcome & (HEALTH_RESTART | HEALTH_ACT))
                note_reason(h);
        if (outcome & HEALTH_RESTART)
                lifecycle_post_unhealthy(&c->lifecycle,
                                SERVICE_FAILURE_WATCHDOG,
                                /* restart= */ false,
                                clock_dual());
        else if (outcome & HEALTH_ACT)
                act(c, h->plan.on_failure);
}

static void add_output(ContainerHealth *h, const char *data, size_t size) {
        size_t limit = health_log_size(&container_spec(h->container)->health);
        size_t room = limit - MIN(limit, h->output_size);

        size = MIN(size, room);
        char *longer = size > 0 ? realloc(h->output, h->output_size + size + 1) : NULL;
        if (!longer)
                return; /* it is for people: less of it is no failure */
        for (size_t i = 0; i < size; i++)
                longer[h->output_size + i] = data[i] ? data[i] : ' ';
        h->output = longer;
        h->output_size += size;
        longer[h->output_size] = '\0';
}

static void add_text(ContainerHealth *h, const char *text) {
        add_output(h, text, strlen(text));
}

/* A container that ends takes its checks with it: that is no result. */
static bool container_has_ended(const Container *c) {
        struct pollfd p = { .fd = c->run.child.pidfd, .events = POLLIN };

        return c->run.child.pid <= 0 || poll(&p, 1, 0) > 0;
}

static void on_exec_output(const char *data, size_t size, void *userdata) {
        add_output(userdata, data, size);
}

static void on_exec_end(int result, ExitInfo exit, const Error *error, void *userdata) {
        ContainerHealth *h = userdata;
        int code = NO_EXIT_CODE;

        if (container_has_ended(h->container)) {
                check_cancel(h);
                return;
        }
        if (result == -ETIMEDOUT) {
                _cleanup_free_ char *span = span_format(health_timeout(&h->health, &h->plan));
                _cleanup_free_ char *text = str_printf("%sHealth check exceeded timeout (%s)",
                                h->output ? "\n" : "",
                                span ?: "?");
                add_text(h, text ?: "Health check exceeded timeout");
        } else if (result < 0) {
                code = result == -ENOENT   ? SUPD_EXIT_NOT_FOUND
                       : result == -EACCES ? SUPD_EXIT_NOT_EXECUTABLE
                                           : NO_EXIT_CODE;
                add_text(h, error_text(error, result));
        } else
                code = exit.code == CLD_EXITED ? exit.status : 128 + exit.status;
        check_end(h, code);
}

static const ContainerExecOps exec_ops = { .on_output = on_exec_output, .on_end = on_exec_end };

static void on_probe_end(bool success, const char *text, void *userdata) {
        ContainerHealth *h = userdata;

        if (container_has_ended(h->container)) {
                check_cancel(h);
                return;
        }
        add_text(h, text);
        check_end(h, success ? 0 : 1);
}

static int start_command(ContainerHealth *h, char *const *test, Error *error) {
        Container *c = h->container;
        const Image *image = c->image.image;
        _cleanup_strv_ char **argv = NULL;
        bool of_image = image && test == image->health_test;

        int r = health_command(test, of_image ? image->shell : NULL, &argv);
        if (r < 0)
                return r;
        if (!argv)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "the image's health check is neither CMD nor CMD-SHELL");
        ContainerExecRequest request = {
                .argv = argv,
                .output_fd = -EBADF,
                .timeout_usec = health_timeout(&h->health, &h->plan),
                .ops = &exec_ops,
                .userdata = h,
        };
        return container_exec_start(c, &request, &h->exec, error);
}

static int start_probe(ContainerHealth *h, Error *error) {
        Container *c = h->container;
        HealthProbeRequest request = {
                .endpoint = h->plan.endpoint,
                .pidfd = c->run.child.pidfd,
                .timeout_usec = health_timeout(&h->health, &h->plan),
                .on_end = on_probe_end,
                .userdata = h,
        };

        return health_probe_start(c->context->event, &request, &h->probe, error);
}

static void check_start(void *userdata) {
        ContainerHealth *h = userdata;
        _cleanup_(error_done) Error error = {};
        int r;

        h->began_realtime_usec = clock_realtime_usec();
        if (h->health.startup)
                r = start_command(h, h->plan.startup_test, &error);
        else if (h->plan.probe == HEALTH_PROBE_COMMAND)
                r = start_command(h, h->plan.test, &error);
        else
                r = start_probe(h, &error);
        if (r >= 0)
                return;
        if (container_has_ended(h->container)) {
                check_cancel(h);
                return;
        }
        add_text(h, error_text(&error, r));
        check_end(h, NO_EXIT_CODE);
}

static void check_request(ContainerHealth *h) {
        health_check_started(&h->health);
        set_timer(h);
        if (health_queue_take(h->container->context->health, &h->ticket))
                check_start(h);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        check_request(userdata);
        return 0;
}

static void set_timer(ContainerHealth *h) {
        Container *c = h->container;

        deadline_set(&c->unit,
                        c->context->event,
                        &h->timer,
                        h->active ? h->health.next_usec : USEC_INFINITY,
                        on_timer,
                        h);
}

/* ---- the container's course -------------------------------------------------------------------- */

static bool is_checkable(const Container *c) {
        UnitActiveState active = service_state_to_active(c->lifecycle.state);

        return c->run.child.pid > 0 && c->run.executes &&
               (active == UNIT_ACTIVE || active == UNIT_ACTIVATING || active == UNIT_RELOADING);
}

static void health_start(Container *c) {
        uint64_t now = clock_monotonic_usec();
        HealthPlan plan;

        make_plan(c, &plan);
        if (plan.probe == HEALTH_PROBE_NONE) {
                c->health = container_health_free(c->health); /* of an earlier definition */
                return;
        }
        if (!c->health)
                c->health = health_new(c);
        ContainerHealth *h = c->health;
        if (!h) {
                diag_warning("%s: no memory for health checks; it goes on without",
                                unit_id(&c->unit));
                return;
        }
        h->plan = plan;
        h->active = true;
        if (h->restored)
                health_resume(&h->health, &plan, h->key, now);
        else {
                health_log_done(&h->log); /* those of the last run */
                health_begin(&h->health, &plan, now);
        }
        h->restored = false;
}

void container_health_update(Container *c) {
        ContainerHealth *h = c->health;

        if (!is_checkable(c)) {
                /* On its way to the end; what it was is still told. */
                if (h && h->active) {
                        check_cancel(h);
                        h->active = false;
                        set_timer(h);
                }
                return;
        }
        if (!h || !h->active) {
                health_start(c);
                h = c->health;
        }
        if (!h || !h->active)
                return;

        bool paused = c->freezer.state != FREEZER_RUNNING ||
                      service_state_to_active(c->lifecycle.state) == UNIT_RELOADING;
        if (paused && !h->health.paused) {
                /* A frozen one would only lose its time, and in a reload may fail without a reason. */
                health_set_paused(&h->health, true, clock_monotonic_usec());
                check_cancel(h);
        }
        health_set_paused(&h->health, paused, clock_monotonic_usec());
        set_timer(h);
}

void container_health_end(Container *c) {
        ContainerHealth *h = c->health;

        if (!h)
                return;
        h->active = h->restored = false;
        check_cancel(h);
        health_end(&h->health);
        set_timer(h);
}

void container_health_report(const Container *c, HealthReport *ret) {
        const ContainerHealth *h = c->health;

        *ret = (HealthReport) { .next_usec = USEC_INFINITY };
        if (!h)
                return;
        *ret = (HealthReport) {
                .state = h->health.state,
                .streak = h->health.streak,
                .entries = h->log.entries,
                .n_entries = h->log.n,
                .next_usec = h->active ? h->health.next_usec : USEC_INFINITY,
        };
}

int container_check_health(Unit *u, UnitHealthDone done, void *userdata, Error *error) {
        Container *c = container_is(u) ? container_of_unit(u) : NULL;
        ContainerHealth *h = c ? c->health : NULL;

        if (!c || !is_checkable(c))
                return error_set_plain(error,
                                -EHOSTDOWN,
                                ERROR_UNIT_STATE,
                                c ? "%s does not run: there is nothing to check"
                                  : "%s is not a container: it has no health check",
                                unit_id(u));
        if (!h || !h->active)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "%s has no health check: neither HealthCmd= nor its image says one",
                                unit_id(u));
        if (h->health.paused)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "%s is paused or reloads: nothing is checked now",
                                unit_id(u));

        HealthWaiter *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (HealthWaiter) { .done = done, .userdata = userdata };
        list_append(&h->waiters, &w->link);
        if (!h->health.checking)
                check_request(h);
        return 0;
}

/* ---- over a restart of supd -------------------------------------------------------------------- */

void container_health_put(const Container *c, RecordWriter *w) {
        const ContainerHealth *h = c->health;

        if (!h)
                return;
        record_put(w, "Health", health_state_to_string(h->health.state));
        record_put_u64(w, "HealthStreak", h->health.streak);
        record_put_bool(w, "HealthReady", h->health.ready);
        record_put_bool(w, "HealthStartup", h->health.startup);
        record_put_u64(w, "HealthStartupSuccesses", h->health.startup_successes);
        record_put_u64(w, "HealthStartupFailures", h->health.startup_failures);
        record_put_u64(w,
                        "HealthPeriodEnd",
                        h->health.paused ? usec_add(clock_monotonic_usec(),
                                                           h->health.period_left_usec)
                                         : h->health.period_end_usec);
        health_log_put(&h->log, w);
}

int container_health_get(Container *c, const Record *record) {
        HealthState state = health_state_from_string(record_get(record, "Health"));

        if (state < 0)
                return 0; /* it had none, or supd knew of none */
        c->health = health_new(c);
        if (!c->health)
                return -ENOMEM;
        c->health->restored = true;
        c->health->health = (Health) {
                .state = state,
                .streak = (unsigned) record_u64_or(record, "HealthStreak", 0),
                .ready = record_bool_or(record, "HealthReady", false),
                .startup = record_bool_or(record, "HealthStartup", false),
                .startup_successes = (unsigned) record_u64_or(record, "HealthStartupSuccesses", 0),
                .startup_failures = (unsigned) record_u64_or(record, "HealthStartupFailures", 0),
                .period_end_usec = record_u64_or(record, "HealthPeriodEnd", 0),
                .next_usec = USEC_INFINITY,
        };
        return health_log_get(&c->health->log, &container_spec(c)->health, record);
}

ContainerHealth *container_health_free(ContainerHealth *h) {
        if (!h)
                return NULL;

        check_cancel(h);
        h->timer = sd_event_source_disable_unref(h->timer);
        health_log_done(&h->log);
        free(h);
        return NULL;
}
