/* SPDX-License-Identifier: MIT */
#include "recovery/strays.h"

#include <poll.h>
#include <string.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"

/* Before the loop runs there is nobody to keep waiting but the units that are about to be served. */
static int stray_wait_empty(Cgroup *stray) {
        uint64_t deadline = usec_add(clock_monotonic_usec(), STRAY_TIMEOUT_USEC);
        CgroupEvents events;

        for (;;) {
                int r = cgroup_read_events(stray, &events);
                if (r < 0)
                        return r;
                if (!events.populated)
                        return 0;

                uint64_t left = usec_sub(deadline, clock_monotonic_usec());
                if (left == 0)
                        return -EBUSY;
                struct pollfd p = { .fd = cgroup_events_fd(stray), .events = POLLPRI };
                if (poll(&p, 1, (int) (left / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return -errno;
        }
}

static void stray_end(CgroupTree *cgroups, const char *name) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(cgroup_freep) Cgroup *stray = NULL;

        int r = cgroup_open(cgroups, name, &stray, &error);
        if (r >= 0)
                r = cgroup_kill(stray, &error);
        if (r >= 0)
                r = stray_wait_empty(stray);
        if (r >= 0)
                r = cgroup_remove(stray);
        if (r < 0)
                diag_warning("%s: cannot end what is left of it: %s; trying again at the next "
                             "start",
                                name,
                                error_text(&error, r));
}

/* A unit that has moved to another slice is in one place, and what is in the other is nobody's. */
static bool is_in_use(Engine *engine, const char *id, const char *name) {
        Unit *u = engine ? engine_find(engine, id) : NULL;
        UnitStatus status = {};

        if (u)
                u->ops->status(u, &status);
        if (!status.cgroup_path || !str_has_suffix(status.cgroup_path, name))
                return false;
        size_t rest = strlen(status.cgroup_path) - strlen(name);
        return rest == 0 || status.cgroup_path[rest - 1] == '/';
}

int strays_remove(CgroupTree *cgroups, Engine *engine, char ***ret_names, Error *error) {
        _cleanup_strv_ char **names = NULL, **strays = NULL;

        int r = cgroup_list(cgroups, &names, error);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                const char *slash = strrchr(*name, '/'), *id = slash ? slash + 1 : *name;

                if (is_in_use(engine, id, *name))
                        continue;
                diag_notice("%s: its processes belong to no unit; ending them", *name);
                stray_end(cgroups, *name);
                r = strv_append(&strays, id);
                if (r < 0)
                        return r;
        }
        *ret_names = TAKE_PTR(strays);
        return 0;
}
