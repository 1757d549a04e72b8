/* SPDX-License-Identifier: MIT */
#include "kinds/inherited.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/children.h"
#include "base/sys.h"
#include "kinds/reap.h"

#define PIDS_OF_UNIT 3U

int inherited_list(InheritedChildren *ret) {
        *ret = (InheritedChildren) {};
        return children_list(getpid(), &ret->pids, &ret->n);
}

void inherited_done(InheritedChildren *children) {
        free(children->pids);
        *children = (InheritedChildren) {};
}

static int by_number(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

        return (x > y) - (x < y);
}

/* Sorted, with some zeros: asked once for each child. */
static int list_adopted(Engine *engine, pid_t **ret, size_t *ret_n) {
        size_t n = 0, units = engine_n_units(engine);

        pid_t *pids = malloc((units * PIDS_OF_UNIT + 1) * sizeof(*pids));
        if (!pids)
                return -ENOMEM;
        for (size_t i = 0; i < units; i++) {
                UnitStatus status = {};
                Unit *u = engine_unit_at(engine, i);

                u->ops->status(u, &status);
                pids[n++] = status.main_pid;
                pids[n++] = status.init_pid;
                pids[n++] = status.control_pid;
        }
        qsort(pids, n, sizeof(*pids), by_number);
        *ret = pids;
        *ret_n = n;
        return 0;
}

int inherited_reap(const InheritedChildren *children, Engine *engine, sd_event *event) {
        _cleanup_free_ pid_t *adopted = NULL;
        size_t n;

        if (children->n == 0)
                return 0;
        int r = list_adopted(engine, &adopted, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < children->n; i++) {
                pid_t pid = children->pids[i];

                if (bsearch(&pid, adopted, n, sizeof(pid), by_number))
                        continue;
                /* If somebody has reaped it by now, the number may be another's: that is no child, or one that is
                 * adopted too. */
                (void) reap_later(event, sys_pidfd_open(pid, 0));
        }
        return 0;
}
