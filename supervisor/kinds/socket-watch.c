/* SPDX-License-Identifier: MIT */
#include <sys/epoll.h>

#include "base/diag.h"
#include "base/text.h"
#include "kinds/container.h"
#include "kinds/deadline.h"
#include "kinds/socket-internal.h"

/*
 * Traffic is noticed only while somebody has to be started for it: what a service serves by itself costs no
 * wake-up of supd's. The sources are level-triggered, so that what waits already is noticed, too, and off as
 * soon as something follows from it.
 */

SocketService socket_look(const SocketUnit *s) {
        Unit *service = socket_service(s);
        UnitStatus status = {};

        if (!service)
                return (SocketService) { .active = UNIT_INACTIVE };
        service->ops->status(service, &status);
        const Job *j = service->job;
        return (SocketService) {
                .active = status.active,
                .start_limit_hit =
                                status.active == UNIT_STATE_FAILED &&
                                str_equal(status.result,
                                                service_result_to_string(
                                                                SERVICE_FAILURE_START_LIMIT_HIT)),
                .asleep = status.sleeps,
                .start_pending = j && (j->type == JOB_START || j->type == JOB_RESTART),
        };
}

static void unwatch(SocketUnit *s) {
        for (size_t i = 0; i < s->n_ports; i++)
                s->ports[i].source = sd_event_source_disable_unref(s->ports[i].source);
}

/* ---- traffic ------------------------------------------------------------------------------------- */

static int on_poll_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        SocketUnit *s = userdata;

        (void) source, (void) usec;
        s->poll_timer = sd_event_source_disable_unref(s->poll_timer);
        socket_watch(s);
        return 0;
}

/* Return: false if traffic comes too often: then nobody looks until the window has passed. */
static bool poll_is_within_limit(SocketUnit *s) {
        const RateSpec *limit = &s->unit.spec->socket.poll_limit;

        if (rate_window_count(&s->polls, limit, clock_monotonic_usec()))
                return true;
        socket_tell(s,
                        DIAG_WARNING,
                        "Its service is asked for too often; not looking for a while.");
        deadline_set(&s->unit,
                        s->context->event,
                        &s->poll_timer,
                        rate_window_end(&s->polls, limit),
                        on_poll_timer,
                        s);
        return false;
}

static void start_service(SocketUnit *s, Unit *service) {
        _cleanup_(error_done) Error error = {};
        Job *j;

        if (!rate_window_count(&s->triggers,
                            &s->unit.spec->socket.trigger_limit,
                            clock_monotonic_usec())) {
                socket_fail(s,
                                SOCKET_FAILURE_TRIGGER_LIMIT_HIT,
                                "its service was started for it more often than TriggerLimitBurst= "
                                "allows");
                return;
        }
        int r = engine_add_job(s->unit.engine,
                        service,
                        JOB_START,
                        JOB_MODE_REPLACE,
                        /* by_hand= */ false,
                        &j,
                        &error);
        if (r >= 0)
                socket_enter(s, SOCKET_RUNNING, SOCKET_SUCCESS);
        else if (r != -ESHUTDOWN) /* supd ends: whatever waits does so for its successor, or in vain */
                socket_fail(s, SOCKET_FAILURE_RESOURCES, error_text(&error, r));
}

static int on_traffic(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        SocketUnit *s = userdata;
        Unit *service = socket_service(s);

        (void) source, (void) fd, (void) events;
        unwatch(s);
        if (!service) {
                socket_fail(s, SOCKET_FAILURE_RESOURCES, "the unit that it starts is gone");
                return 0;
        }
        if (container_sleeps(service)) {
                container_wake(service); /* at once: there is nothing to be spared by waiting */
                socket_settle_later(s);
        } else if (poll_is_within_limit(s) && s->state == SOCKET_LISTENING)
                start_service(s, service);
        return 0;
}

static int watch_port(SocketUnit *s, SocketPort *p) {
        if (p->source)
                return 0;
        return sd_event_add_io(s->context->event, &p->source, p->fd, EPOLLIN, on_traffic, s);
}

void socket_watch(SocketUnit *s) {
        SocketService service = socket_look(s);
        int r = 0;

        if (s->poll_timer && s->n_ports > 0)
                return;
        if (!socket_watches(s->state, &service)) {
                unwatch(s);
                return;
        }
        for (size_t i = 0; i < s->n_ports && r >= 0; i++)
                r = watch_port(s, &s->ports[i]);
        if (r < 0)
                socket_tell(s, DIAG_ERROR, "Cannot watch for traffic: %s", error_text(NULL, r));
}

/* ---- the service --------------------------------------------------------------------------------- */

static int on_settle(sd_event_source *source, void *userdata) {
        SocketUnit *s = userdata;
        SocketService service = socket_look(s);
        SocketResult result = SOCKET_SUCCESS;

        (void) source;
        SocketState next = socket_next_state(s->state, &service, &result);
        if (next == SOCKET_FAILED && s->state != SOCKET_FAILED)
                socket_fail(s, result, "its service was started too often, and would fail again");
        else if (next != s->state)
                socket_enter(s, next, result);
        else
                socket_watch(s);
        return 0;
}

/* Not from within what the engine is doing, of which the service's state is but one step. */
void socket_settle_later(SocketUnit *s) {
        int r;

        if (!s->settle_source)
                r = sd_event_add_defer(s->context->event, &s->settle_source, on_settle, s);
        else
                r = sd_event_source_set_enabled(s->settle_source, SD_EVENT_ONESHOT);
        if (r < 0)
                socket_tell(s, DIAG_ERROR, "Cannot follow its service: %s", error_text(NULL, r));
}

void socket_watch_done(SocketUnit *s) {
        unwatch(s);
        s->settle_source = sd_event_source_disable_unref(s->settle_source);
        s->poll_timer = sd_event_source_disable_unref(s->poll_timer);
}
