/* SPDX-License-Identifier: MIT */
#include "unitfile/target.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/default-dependencies.h"
#include "unitfile/unit-load.h"
#include "unitfile/unit-type.h"

typedef struct BuiltinTarget {
        const char *name, *description;
        const char *requires, *after; /* one name each; NULL: none */
        const char *wants[2];
        bool no_defaults; /* it is there before, or after, all that has them */
        bool born_active;
        bool allow_isolate;
        bool by_dependency_only;
} BuiltinTarget;

/*
 * The last four mean an action of the machine: until supd is its init nobody takes that, and so they can't be
 * asked for by hand.
 */
/* clang-format off */
static const BuiltinTarget builtins[] = {
        { "sysinit.target",        "System Initialization",       .after = "local-fs.target", .wants = { "local-fs.target" }, .no_defaults = true, .born_active = true },
        { "basic.target",          "Basic System",                "sysinit.target", "sysinit.target", .no_defaults = true, .born_active = true },
        { "local-fs.target",       "Local File Systems",          .no_defaults = true, .born_active = true },
        { "network-pre.target",    "Preparation for Network" },
        { "network.target",        "Network",                     .after = "network-pre.target" },
        { "network-online.target", "Network is Online",           .after = "network.target", .born_active = true },
        { "time-set.target",       "System Time Set" },
        { "time-sync.target",      "System Time Synchronized",    .after = "time-set.target" },
        { "sockets.target",        "Socket Units" },
        { "timers.target",         "Timer Units" },
        { "multi-user.target",     "Multi-User System",           "basic.target", "basic.target", { "timers.target" }, .allow_isolate = true },
        { "shutdown.target",       "System Shutdown",             .no_defaults = true, .by_dependency_only = true },
        { "final.target",          "Late Shutdown Services",      .after = "shutdown.target", .no_defaults = true, .by_dependency_only = true },
        { "exit.target",           "Exit the Supervisor",         "shutdown.target", "shutdown.target", .no_defaults = true, .by_dependency_only = true },
        { "reboot.target",         "System Reboot",               "shutdown.target", "shutdown.target", .no_defaults = true, .by_dependency_only = true },
        { "poweroff.target",       "System Power Off",            "shutdown.target", "shutdown.target", .no_defaults = true, .by_dependency_only = true },
        { "halt.target",           "System Halt",                 "shutdown.target", "shutdown.target", .no_defaults = true, .by_dependency_only = true },
};
/* clang-format on */

static const BuiltinTarget *find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(builtins); i++) {
                if (strcmp(builtins[i].name, name) == 0)
                        return &builtins[i];
        }
        return NULL;
}

bool target_is_builtin(const char *name) {
        return find(name);
}

bool target_is_born_active(const char *name) {
        const BuiltinTarget *b = find(name);
        return b && b->born_active;
}

static int describe(UnitSectionSpec *unit, const BuiltinTarget *b) {
        const struct {
                DependencyType type;
                const char *name;
        } dependencies[] = {
                { DEPENDENCY_REQUIRES, b->requires },
                { DEPENDENCY_AFTER, b->after },
        };
        int r = str_replace(&unit->description, b->description);

        for (size_t i = 0; i < ELEMENTSOF(dependencies) && r >= 0; i++) {
                if (dependencies[i].name)
                        r = strv_append(&unit->dependencies[dependencies[i].type],
                                        dependencies[i].name);
        }
        for (size_t i = 0; i < ELEMENTSOF(b->wants) && b->wants[i] && r >= 0; i++)
                r = strv_append(&unit->dependencies[DEPENDENCY_WANTS], b->wants[i]);
        unit->default_dependencies = !b->no_defaults;
        unit->allow_isolate = b->allow_isolate;
        unit->ignore_on_isolate = b->born_active;
        unit->refuse_manual_start = b->by_dependency_only;
        return r;
}

int target_spec_new(const char *name, UnitSpec **ret) {
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        const BuiltinTarget *b = find(name);

        if (!str_has_suffix(name, ".target"))
                return -EINVAL;
        int r = unit_spec_new(name, /* fragment_path= */ NULL, /* service_name= */ NULL, &u);
        if (r >= 0 && b)
                r = describe(&u->unit, b);
        if (r >= 0)
                r = unit_add_default_dependencies(u);
        if (r < 0)
                return r;
        u->load_state = UNIT_LOADED;
        *ret = TAKE_PTR(u);
        return 0;
}
