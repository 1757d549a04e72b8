/* SPDX-License-Identifier: MIT */
#include "recovery/strays.h"

#include <poll.h>

#include "base/diag.h"
#include "base/strv.h"

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

int strays_remove(CgroupTree *cgroups, Engine *engine, char ***ret_names, Error *error) {
        _cleanup_strv_ char **names = NULL, **strays = NULL;

        int r = cgroup_list(cgroups, &names, error);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                UnitStatus status = {};
                Unit *u = engine ? engine_find(engine, *name) : NULL;

                if (u)
                        u->ops->status(u, &status);
                if (status.cgroup_path)
                        continue; /* in use */
                diag_notice("%s: its processes belong to no unit; ending them", *name);
                stray_end(cgroups, *name);
                r = strv_append(&strays, *name);
                if (r < 0)
                        return r;
        }
        *ret_names = TAKE_PTR(strays);
        return 0;
}
