/* SPDX-License-Identifier: MIT */
#include "kinds/registry.h"

#include "kinds/container.h"
#include "kinds/image.h"
#include "kinds/inert.h"
#include "kinds/pod.h"
#include "kinds/socket.h"
#include "kinds/target.h"
#include "kinds/timer.h"
#include "runtime/secret-store.h"

static const struct {
        int (*make)(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
        int (*restore)(Unit *u, Error *error); /* NULL: keeps no record */
        int (*reloaded)(Unit *u,
                        Error *error); /* NULL: all of a definition waits for the next start */
        void (*held_back)(Unit *u);    /* NULL: nothing to be noted */
} kinds[] = {
        [UNIT_KIND_CONTAINER] = { container_new,
                        container_restore,
                        container_reloaded,
                        container_held_back },
        [UNIT_KIND_IMAGE] = { image_new, image_restore, NULL, image_held_back },
        [UNIT_KIND_POD] = { pod_new, pod_restore, NULL, pod_held_back },
        [UNIT_KIND_TARGET] = { target_new, target_restore, NULL, target_held_back },
        [UNIT_KIND_TIMER] = { timer_new, timer_restore, timer_reloaded, timer_held_back },
        [UNIT_KIND_SOCKET] = { socket_new, socket_restore, NULL, socket_held_back },
        [UNIT_KIND_UNSUPPORTED] = { inert_new, NULL, NULL, NULL },
};
static_assert(ELEMENTSOF(kinds) == _UNIT_KIND_MAX, "every kind of unit can be made");

int kind_make_unit(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error) {
        (void) e;
        return kinds[(*spec)->kind].make(userdata, spec, ret, error);
}

void kind_forget_stray(const KindContext *context, const char *unit_id) {
        container_forget_stray(context, unit_id); /* the only kind with processes */
}

unsigned kind_restore_pass(const Unit *u) {
        return u->spec->kind == UNIT_KIND_POD ? 0 : 1;
}

int kind_restore_unit(Unit *u, Error *error) {
        return kinds[u->spec->kind].restore ? kinds[u->spec->kind].restore(u, error) : 0;
}

int kind_unit_reloaded(Unit *u, Error *error) {
        return kinds[u->spec->kind].reloaded ? kinds[u->spec->kind].reloaded(u, error) : 0;
}

void kind_unit_held_back(Unit *u) {
        if (kinds[u->spec->kind].held_back)
                kinds[u->spec->kind].held_back(u);
}

int kind_clear_strays(const KindContext *context, Engine *e) {
        secret_store_clean(context->state_dir);
        pod_clear_strays(context, e);
        return container_clear_strays(context, e); /* the only kind with storage */
}
