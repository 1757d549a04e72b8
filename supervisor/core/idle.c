/* SPDX-License-Identifier: MIT */
#include "core/idle.h"

#include "base/clock.h"
#include "base/text.h"

/* Two looks within the time, the first of which may be of its very beginning. */
#define LOOKS_PER_TIMEOUT 2U
#define QUIET_LOOKS (LOOKS_PER_TIMEOUT + 1)

/* However short a time is asked for, looking must not be what keeps the machine awake. */
#define LOOK_MIN_USEC (10 * USEC_PER_MSEC)

static const char *const state_names[] = {
        [IDLE_OFF] = "off",
        [IDLE_AWAKE] = "awake",
        [IDLE_FREEZING] = "freezing",
        [IDLE_ASLEEP] = "asleep",
        [IDLE_WAKING] = "waking",
        [IDLE_HELD] = "held",
};
static_assert(ELEMENTSOF(state_names) == _IDLE_STATE_MAX, "every state has a name");

const char *idle_state_to_string(IdleState s) {
        return s >= 0 && s < _IDLE_STATE_MAX ? state_names[s] : NULL;
}

IdleState idle_state_from_string(const char *s) {
        for (IdleState i = 0; i < _IDLE_STATE_MAX; i++) {
                if (str_equal(s, state_names[i]))
                        return i;
        }
        return _IDLE_STATE_INVALID;
}

/* What has no row leaves the state as it is, and nothing to do. */
/* clang-format off */
static const struct {
        IdleState from;
        IdleEvent event;
        IdleState to;
        IdleStep step;
} transitions[] = {
        { IDLE_OFF,      IDLE_EV_RUNS,    IDLE_AWAKE,    IDLE_STEP_WAIT   },

        { IDLE_AWAKE,    IDLE_EV_BUSY,    IDLE_AWAKE,    IDLE_STEP_WAIT   },
        { IDLE_AWAKE,    IDLE_EV_QUIET,   IDLE_FREEZING, IDLE_STEP_FREEZE },
        { IDLE_AWAKE,    IDLE_EV_FROZEN,  IDLE_HELD,     IDLE_STEP_FORGET },
        { IDLE_AWAKE,    IDLE_EV_PAUSE,   IDLE_HELD,     IDLE_STEP_FORGET },

        { IDLE_FREEZING, IDLE_EV_FROZEN,  IDLE_FREEZING, IDLE_STEP_LOOK   },
        { IDLE_FREEZING, IDLE_EV_QUIET,   IDLE_ASLEEP,   IDLE_STEP_SLEEP  },
        { IDLE_FREEZING, IDLE_EV_BUSY,    IDLE_WAKING,   IDLE_STEP_THAW   },
        { IDLE_FREEZING, IDLE_EV_THAWED,  IDLE_AWAKE,    IDLE_STEP_WAIT   },
        { IDLE_FREEZING, IDLE_EV_PAUSE,   IDLE_HELD,     IDLE_STEP_FORGET },

        { IDLE_ASLEEP,   IDLE_EV_TRAFFIC, IDLE_WAKING,   IDLE_STEP_THAW   },
        { IDLE_ASLEEP,   IDLE_EV_THAWED,  IDLE_AWAKE,    IDLE_STEP_WAIT   },
        { IDLE_ASLEEP,   IDLE_EV_PAUSE,   IDLE_HELD,     IDLE_STEP_FORGET },

        { IDLE_WAKING,   IDLE_EV_THAWED,  IDLE_AWAKE,    IDLE_STEP_WAIT   },
        { IDLE_WAKING,   IDLE_EV_PAUSE,   IDLE_HELD,     IDLE_STEP_FORGET },

        { IDLE_HELD,     IDLE_EV_THAWED,  IDLE_AWAKE,    IDLE_STEP_WAIT   },
};
/* clang-format on */

static bool is_enough_quiet(Idle *i, IdleEvent event) {
        if (i->state != IDLE_AWAKE || event != IDLE_EV_QUIET)
                return true;
        return ++i->n_quiet >= QUIET_LOOKS;
}

IdleStep idle_handle(Idle *i, IdleEvent event) {
        if (event == IDLE_EV_ENDS) {
                *i = (Idle) {};
                return IDLE_STEP_FORGET;
        }
        if (!is_enough_quiet(i, event))
                return IDLE_STEP_WAIT;
        for (size_t k = 0; k < ELEMENTSOF(transitions); k++) {
                if (transitions[k].from != i->state || transitions[k].event != event)
                        continue;
                *i = (Idle) { .state = transitions[k].to };
                return transitions[k].step;
        }
        return IDLE_STEP_NONE;
}

uint64_t idle_look_usec(uint64_t timeout_usec) {
        return MAX(timeout_usec / LOOKS_PER_TIMEOUT, (uint64_t) LOOK_MIN_USEC);
}
