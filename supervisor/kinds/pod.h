/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit kind "pod": namespaces that containers share. There is no process in them: the pod is active while
 * they exist, and who is in it is known by itself (PodMember). What starts and stops containers with their
 * pod are dependencies (unitfile/default-dependencies.c); here is what is left: a pod that ends with its
 * last container, containers that outlive a pod's stop, and pausing.
 */

#include "base/list.h"
#include "kinds/context.h"
#include "runtime/container.h"

typedef struct PodUnit PodUnit;

/* A container's place in its pod, from the start of its run until nothing of it is left. */
typedef struct PodMember {
        List link;
        Unit *unit;   /* borrowed; whose place it is */
        PodUnit *pod; /* borrowed; NULL: in none */
} PodMember;

void pod_member_init(PodMember *m, Unit *u);

/** pod_join() - @m is in the pod from now on; it may be already */
void pod_join(PodUnit *p, PodMember *m);
/** pod_leave() - of nothing is fine */
void pod_leave(PodMember *m);

/** pod_unit_of() - the pod that a unit is, or NULL */
PodUnit *pod_unit_of(Unit *u);
const char *pod_unit_id(const PodUnit *p);
bool pod_unit_is_active(const PodUnit *p);
/** pod_unit_spec() - [Pod] as it is in force; borrowed until its next start */
const PodSpec *pod_unit_spec(const PodUnit *p);
/** pod_unit_shared() - what a container of it is to join; borrowed like the spec */
RuntimeShared pod_unit_shared(const PodUnit *p);
const char *pod_host_name(const PodSpec *spec);
/** pod_recheck() - a container of it, or one that may be, has ended: soon see whether the pod is to end */
void pod_recheck(PodUnit *p);

int pod_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
int pod_restore(Unit *u, Error *error);
void pod_held_back(Unit *u);
/** pod_clear_strays() - once all units are restored: namespaces of pods that are not active go */
void pod_clear_strays(const KindContext *context, Engine *e);
