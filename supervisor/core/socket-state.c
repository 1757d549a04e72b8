/* SPDX-License-Identifier: MIT */
#include "core/socket-state.h"

#include "base/text.h"

/* clang-format off */
static const struct {
        const char *name;
        UnitActiveState active;
} states[] = {
        [SOCKET_DEAD]      = { "dead",      UNIT_INACTIVE     },
        [SOCKET_LISTENING] = { "listening", UNIT_ACTIVE       },
        [SOCKET_RUNNING]   = { "running",   UNIT_ACTIVE       },
        [SOCKET_FAILED]    = { "failed",    UNIT_STATE_FAILED },
};

static const char *const result_names[] = {
        [SOCKET_SUCCESS]                         = "success",
        [SOCKET_FAILURE_RESOURCES]               = "resources",
        [SOCKET_FAILURE_TRIGGER_LIMIT_HIT]       = "trigger-limit-hit",
        [SOCKET_FAILURE_SERVICE_START_LIMIT_HIT] = "service-start-limit-hit",
};
/* clang-format on */
static_assert(ELEMENTSOF(states) == _SOCKET_STATE_MAX, "every state has a name");
static_assert(ELEMENTSOF(result_names) == _SOCKET_RESULT_MAX, "every result has a name");

const char *socket_state_to_string(SocketState s) {
        return s >= 0 && s < _SOCKET_STATE_MAX ? states[s].name : NULL;
}

SocketState socket_state_from_string(const char *s) {
        for (SocketState i = 0; i < _SOCKET_STATE_MAX; i++) {
                if (str_equal(s, states[i].name))
                        return i;
        }
        return _SOCKET_STATE_INVALID;
}

UnitActiveState socket_state_to_active(SocketState s) {
        return states[s].active;
}

const char *socket_result_to_string(SocketResult r) {
        return r >= 0 && r < _SOCKET_RESULT_MAX ? result_names[r] : NULL;
}

SocketResult socket_result_from_string(const char *s) {
        for (SocketResult i = 0; i < _SOCKET_RESULT_MAX; i++) {
                if (str_equal(s, result_names[i]))
                        return i;
        }
        return _SOCKET_RESULT_INVALID;
}

static bool service_is_off(const SocketService *service) {
        return service->active == UNIT_INACTIVE || service->active == UNIT_STATE_FAILED;
}

SocketState socket_next_state(
                SocketState state, const SocketService *service, SocketResult *ret_result) {
        if (state != SOCKET_LISTENING && state != SOCKET_RUNNING)
                return state;
        if (!service_is_off(service) || service->start_pending)
                return SOCKET_RUNNING;
        /* Whatever waits would start it, in vain, again and again. */
        if (state == SOCKET_RUNNING && service->start_limit_hit) {
                *ret_result = SOCKET_FAILURE_SERVICE_START_LIMIT_HIT;
                return SOCKET_FAILED;
        }
        return SOCKET_LISTENING;
}

bool socket_watches(SocketState state, const SocketService *service) {
        return state == SOCKET_LISTENING || (state == SOCKET_RUNNING && service->asleep);
}

static bool window_is_open(const RateWindow *w, const RateSpec *limit, uint64_t now_usec) {
        return w->count > 0 && now_usec < rate_window_end(w, limit);
}

bool rate_window_count(RateWindow *w, const RateSpec *limit, uint64_t now_usec) {
        if (limit->interval_usec == 0 || limit->burst == 0)
                return true;
        if (!window_is_open(w, limit, now_usec))
                *w = (RateWindow) { .begin_usec = now_usec };
        if (w->count >= limit->burst)
                return false;
        w->count++;
        return true;
}

uint64_t rate_window_end(const RateWindow *w, const RateSpec *limit) {
        return usec_add(w->begin_usec, limit->interval_usec);
}
