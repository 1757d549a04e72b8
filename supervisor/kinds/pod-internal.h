/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The pod's own struct and what its files ask of each other:
 *
 *   pod.c         the unit: verbs, lifecycle actions, record
 *   pod-member.c  who is in it: whether it is to end with them, ending them, pausing them
 */

#include "kinds/forked.h"
#include "kinds/lifecycle-unit.h"
#include "kinds/pod.h"
#include "runtime/namespaces.h"

typedef struct PodFreeze {
        bool frozen;         /* by request; a container may have been let go on since */
        UnitFreezeDone done; /* who waits; NULL: nothing is under way */
        void *userdata;      /* borrowed */
        bool freeze;         /* else thaw */
        unsigned n_waiting;  /* containers that have not answered */
        int result;          /* the first that failed */
        Error error;
} PodFreeze;

struct PodUnit {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Lifecycle lifecycle;
        PodSpec resolved_storage;
        const PodSpec *resolved; /* borrowed from the spec or the storage; NULL: the spec's own */
        Forked *maker;           /* owned; makes the namespaces */
        char *dir;               /* owned; of the namespaces */
        char *paths[_SHARED_NAMESPACE_MAX]; /* owned; of them; of a host's network NULL */
        char *shm_path;                     /* owned */
        List members;                       /* PodMember */
        char **member_ids;                  /* owned; the same as names */
        bool had_members;                   /* since the start */
        PodFreeze freeze;
        char *invocation_id; /* owned; 32 hex digits; new with each start */
        char *status_text;   /* owned; NULL: nothing to say */
        LifecycleTimer timer;
        sd_event_source *check_source; /* owned */
};

static inline PodUnit *pod_of(const Unit *u) {
        return CONTAINER_OF(u, PodUnit, unit);
}

/** pod_save() - write the unit's record */
void pod_save(PodUnit *p);

/* pod-member.c */
bool pod_is_empty(const PodUnit *p);
/** pod_end_members() - stop what is still in it, or kill it; their leaving is what ends the pod */
void pod_end_members(PodUnit *p, bool kill);
int pod_kill(Unit *u, KillWhom whom, int signal, Error *error);
int pod_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error);
/** pod_freeze_abandon() - the pod ends: who waits is told so */
void pod_freeze_abandon(PodUnit *p);
