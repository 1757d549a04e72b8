/* SPDX-License-Identifier: MIT */
#include "unitfile/default-dependencies.h"

#include <string.h>

#include "base/strv.h"
#include "unitfile/unit-type.h"

typedef enum Implied {
        BY_QUADLET = 1U
                     << 0, /* for what Quadlet makes a service of; [Quadlet] DefaultDependencies= */
        BY_SERVICE = 1U << 1, /* [Unit] DefaultDependencies= */
        BY_TARGET = 1U << 2,
        BY_TIMER = 1U << 3,
        BY_CALENDAR = 1U << 4, /* a timer that goes by the clock on the wall */
        BY_SOCKET = 1U << 5,
} Implied;

/* clang-format off */
static const struct {
        unsigned by;
        DependencyType type;
        const char *name;
} implied[] = {
        { BY_QUADLET,                        DEPENDENCY_WANTS,     "network-online.target" },
        { BY_QUADLET,                        DEPENDENCY_AFTER,     "network-online.target" },
        { BY_SERVICE | BY_TIMER | BY_SOCKET, DEPENDENCY_REQUIRES,  "sysinit.target"        },
        { BY_SERVICE | BY_TIMER | BY_SOCKET, DEPENDENCY_AFTER,     "sysinit.target"        },
        { BY_SERVICE,                        DEPENDENCY_AFTER,     "basic.target"          },
        { BY_TIMER,                          DEPENDENCY_BEFORE,    "timers.target"         },
        { BY_SOCKET,                         DEPENDENCY_BEFORE,    "sockets.target"        },
        { BY_CALENDAR,                       DEPENDENCY_AFTER,     "time-set.target"       },
        { BY_CALENDAR,                       DEPENDENCY_AFTER,     "time-sync.target"      },
        { BY_SERVICE | BY_TARGET | BY_TIMER | BY_SOCKET, DEPENDENCY_CONFLICTS, "shutdown.target"       },
        { BY_SERVICE | BY_TARGET | BY_TIMER | BY_SOCKET, DEPENDENCY_BEFORE,    "shutdown.target"       },
};
/* clang-format on */

static unsigned implied_for(const UnitSpec *u) {
        const UnitType *type = unit_type_find(u->file_name);
        bool quadlet = unit_type_is_quadlet(type);
        unsigned by = 0;

        if (quadlet && u->unit.quadlet_default_dependencies)
                by |= BY_QUADLET;
        if (quadlet && u->unit.default_dependencies)
                by |= BY_SERVICE;
        if (u->kind == UNIT_KIND_TARGET && u->unit.default_dependencies)
                by |= BY_TARGET;
        if (u->kind == UNIT_KIND_TIMER && u->unit.default_dependencies)
                by |= BY_TIMER | (timer_spec_has_calendar(&u->timer) ? BY_CALENDAR : 0U);
        if (u->kind == UNIT_KIND_SOCKET && u->unit.default_dependencies)
                by |= BY_SOCKET;
        return by;
}

/* @first before what is in *vector; takes its strings over on success. */
static int put_first(char ***vector, char ***first) {
        size_t n_first = strv_length(*first), n_rest = strv_length(*vector);

        if (n_first == 0)
                return 0;
        char **both = calloc(n_first + n_rest + 1, sizeof(char *));
        if (!both)
                return -ENOMEM;
        memcpy(both, *first, n_first * sizeof(char *));
        if (n_rest > 0)
                memcpy(both + n_first, *vector, n_rest * sizeof(char *));
        free(*first);
        free(*vector);
        *first = NULL;
        *vector = both;
        return 0;
}

/* The pod gains Wants= and Before=. An instance that has no file of its own is started by its name alone. */
static bool starts_with_pod(const UnitSpec *u) {
        const char *slash = u->fragment_path ? strrchr(u->fragment_path, '/') : NULL;

        return u->container.start_with_pod && !u->is_template && slash &&
               strcmp(slash + 1, u->file_name) == 0;
}

static int add_pod(const UnitSpec *u, DependencyType type, char ***ret) {
        bool applies = type == DEPENDENCY_BINDS_TO || type == DEPENDENCY_AFTER ||
                       (type == DEPENDENCY_WANTED_BY && starts_with_pod(u));

        return u->container.pod && applies ? strv_append(ret, u->container.pod) : 0;
}

/* Not switchable: a socket starts its service, and is there before it. */
static int find_triggered(const UnitSpec *u, DependencyType type, char ***ret) {
        if (u->kind != UNIT_KIND_SOCKET ||
                        (type != DEPENDENCY_TRIGGERS && type != DEPENDENCY_BEFORE))
                return 0;
        _cleanup_free_ char *service = socket_spec_service(&u->socket, u->id);
        return service ? strv_append(ret, service) : -ENOMEM;
}

/* Sockets=: brought along, and taken over from. */
static int find_sockets(const UnitSpec *u, DependencyType type, char ***ret) {
        int r = 0;

        if (type != DEPENDENCY_WANTS && type != DEPENDENCY_AFTER && type != DEPENDENCY_TRIGGERED_BY)
                return 0;
        STRV_FOREACH (socket, u->service.sockets) {
                if (r >= 0)
                        r = strv_append(ret, *socket);
        }
        return r;
}

/* There are no mount units: all that is mounted at boot comes before this. */
static bool needs_mounts(const UnitSpec *u) {
        return u->unit.requires_mounts_for || u->unit.wants_mounts_for ||
               u->unit.implied_mounts_for;
}

static int find_implied(const UnitSpec *u, DependencyType type, char ***ret) {
        unsigned by = implied_for(u);
        int r = 0;

        if (u->unit.cleared_dependencies & (1U << type))
                by &= ~(unsigned) BY_QUADLET;
        for (size_t i = 0; i < ELEMENTSOF(implied) && r >= 0; i++) {
                if (implied[i].type == type && (implied[i].by & by))
                        r = strv_append(ret, implied[i].name);
        }
        if (r >= 0 && type == DEPENDENCY_AFTER && needs_mounts(u))
                r = strv_append(ret, "local-fs.target");
        if (r >= 0 && u->container.image_unit &&
                        (type == DEPENDENCY_REQUIRES || type == DEPENDENCY_AFTER))
                r = strv_append(ret, u->container.image_unit);
        if (r >= 0 && u->timer.unit && (type == DEPENDENCY_TRIGGERS || type == DEPENDENCY_BEFORE))
                r = strv_append(ret, u->timer.unit);
        if (r >= 0)
                r = add_pod(u, type, ret);
        if (r >= 0)
                r = find_triggered(u, type, ret);
        return r < 0 ? r : find_sockets(u, type, ret);
}

int unit_add_default_dependencies(UnitSpec *u) {
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++) {
                _cleanup_strv_ char **first = NULL;

                int r = find_implied(u, t, &first);
                if (r >= 0)
                        r = put_first(&u->unit.dependencies[t], &first);
                if (r < 0)
                        return r;
        }
        return 0;
}
