/* SPDX-License-Identifier: MIT */
#include "unitfile/default-dependencies.h"

#include "base/strv.h"
#include "unitfile/unit-type.h"

typedef enum Implied {
        BY_QUADLET = 1U
                     << 0, /* for what Quadlet makes a service of; [Quadlet] DefaultDependencies= */
        BY_SERVICE = 1U << 1, /* [Unit] DefaultDependencies= */
        BY_TARGET = 1U << 2,
} Implied;

/* clang-format off */
static const struct {
        unsigned by;
        DependencyType type;
        const char *name;
} implied[] = {
        { BY_QUADLET,             DEPENDENCY_WANTS,     "network-online.target" },
        { BY_QUADLET,             DEPENDENCY_AFTER,     "network-online.target" },
        { BY_SERVICE,             DEPENDENCY_REQUIRES,  "sysinit.target"        },
        { BY_SERVICE,             DEPENDENCY_AFTER,     "sysinit.target"        },
        { BY_SERVICE,             DEPENDENCY_AFTER,     "basic.target"          },
        { BY_SERVICE | BY_TARGET, DEPENDENCY_CONFLICTS, "shutdown.target"       },
        { BY_SERVICE | BY_TARGET, DEPENDENCY_BEFORE,    "shutdown.target"       },
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
        return by;
}

int unit_add_default_dependencies(UnitSpec *u) {
        static const DependencyType of_image[] = { DEPENDENCY_REQUIRES, DEPENDENCY_AFTER };
        unsigned by = implied_for(u);
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(implied) && r >= 0; i++) {
                bool cleared = implied[i].by == BY_QUADLET &&
                               (u->unit.cleared_dependencies & (1U << implied[i].type));
                if ((implied[i].by & by) && !cleared)
                        r = strv_append(&u->unit.dependencies[implied[i].type], implied[i].name);
        }
        for (size_t i = 0; i < ELEMENTSOF(of_image) && r >= 0 && u->container.image_unit; i++)
                r = strv_append(&u->unit.dependencies[of_image[i]], u->container.image_unit);
        return r;
}
