/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by lifecycle.c, which walks the tables, and lifecycle-table.c, which holds them. */

#include "core/lifecycle.h"

typedef struct Transition {
        uint32_t from;                                        /* bits of states */
        uint32_t events;                                      /* bits of events */
        bool (*guard)(const Lifecycle *l, uint64_t now_usec); /* NULL: holds always */
        ServiceState to;
} Transition;

/* In the place of a state to go to: */
#define LIFECYCLE_STAY _SERVICE_STATE_MAX
#define LIFECYCLE_NEXT_STEP ((ServiceState) (_SERVICE_STATE_MAX + 1)) /* stay, and go on with it */

typedef struct ServiceStateInfo {
        const char *name;
        UnitActiveState active;
        uint64_t (*timeout)(const Lifecycle *l); /* NULL: may last for ever */
        void (*enter)(Lifecycle *l);             /* NULL: nothing to do */
        ExecPhase phase;                         /* whose steps run in it */
        bool runs;                               /* the clocks of what runs tick */
        bool signals;                            /* what runs is signalled on entry */
} ServiceStateInfo;

extern const ServiceStateInfo service_states[_SERVICE_STATE_MAX];

/** lifecycle_find_transition() - the first row that holds; borrowed; NULL: the event came too late to matter */
const Transition *lifecycle_find_transition(
                const Lifecycle *l, ServiceEvent event, uint64_t now_usec);
/** lifecycle_target() - where a row leads from here */
ServiceState lifecycle_target(const Lifecycle *l, const Transition *t);
