/* SPDX-License-Identifier: MIT */
#include "kinds/container-internal.h"

PodUnit *container_find_pod(const Container *c) {
        const char *name = container_spec(c)->pod;
        Unit *u = name ? engine_find(c->unit.engine, name) : NULL;

        return u ? pod_unit_of(u) : NULL;
}

int container_enter_pod(Container *c, Error *error) {
        const char *name = container_spec(c)->pod;
        PodUnit *p = container_find_pod(c);

        if (!name) {
                pod_leave(&c->pod); /* of a former definition */
                return 0;
        }
        if (!p || !pod_unit_is_active(p))
                return error_set_plain(error,
                                -EHOSTDOWN,
                                ERROR_UNIT_STATE,
                                "its pod %s is not running",
                                p ? pod_unit_id(p) : name);
        pod_join(p, &c->pod);
        return 0;
}

void container_rejoin_pod(Container *c) {
        PodUnit *p = container_find_pod(c);

        if (p)
                pod_join(p, &c->pod);
}

void container_tell_pod(Container *c) {
        UnitActiveState active = service_state_to_active(c->lifecycle.state);
        PodUnit *p;

        if (active != UNIT_INACTIVE && active != UNIT_STATE_FAILED)
                return;
        if (!container_has_leftovers(c))
                pod_leave(&c->pod);
        /* It may never have got as far as to be in it. */
        p = container_find_pod(c);
        if (p)
                pod_recheck(p);
}
