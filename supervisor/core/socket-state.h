/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a socket unit is up to, as a function of what it was, of its service, and of what happens. Pure.
 *
 *   dead ──▶ listening ◀──▶ running      listening: traffic starts the service
 *    ▲           │             │         running: the service has the sockets and answers by itself
 *    └───────────┴── failed ◀──┘
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/lifecycle.h"
#include "unitfile/socket-spec.h"

typedef enum SocketState { /* names as systemd's SubState= */
        SOCKET_DEAD,
        SOCKET_LISTENING,
        SOCKET_RUNNING,
        SOCKET_FAILED,
        _SOCKET_STATE_MAX,
        _SOCKET_STATE_INVALID = -EINVAL,
} SocketState;

const char *socket_state_to_string(SocketState s);
SocketState socket_state_from_string(const char *s);
UnitActiveState socket_state_to_active(SocketState s);

typedef enum SocketResult { /* names as systemd's Result= */
        SOCKET_SUCCESS,
        SOCKET_FAILURE_RESOURCES,
        SOCKET_FAILURE_TRIGGER_LIMIT_HIT,
        SOCKET_FAILURE_SERVICE_START_LIMIT_HIT,
        _SOCKET_RESULT_MAX,
        _SOCKET_RESULT_INVALID = -EINVAL,
} SocketResult;

const char *socket_result_to_string(SocketResult r);
SocketResult socket_result_from_string(const char *s);

/* The unit that a socket starts, as far as it matters here. */
typedef struct SocketService {
        UnitActiveState active;
        bool start_limit_hit; /* it has failed, and would again */
        bool start_pending;   /* it has a job that starts it */
        bool asleep; /* it is frozen for lack of connections, and to be woken by the next */
} SocketService;

/** socket_next_state() - of a unit that listens or runs: what it is, given how its service is now
 * @ret_result: of SOCKET_FAILED: why */
SocketState socket_next_state(
                SocketState state, const SocketService *service, SocketResult *ret_result);

/** socket_watches() - shall traffic be noticed? */
bool socket_watches(SocketState state, const SocketService *service);

/* So many events in so long a window, which the first of them opens. */
typedef struct RateWindow {
        uint64_t begin_usec;
        unsigned count; /* 0: no window */
} RateWindow;

/** rate_window_count() - one more event, now. Return: false if it is one too many, and was not counted. */
bool rate_window_count(RateWindow *w, const RateSpec *limit, uint64_t now_usec);
/** rate_window_end() - when the next event is within the limit again */
uint64_t rate_window_end(const RateWindow *w, const RateSpec *limit);
