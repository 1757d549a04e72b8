/* SPDX-License-Identifier: MIT */
#include "base/children.h"
#include "base/macro.h"
#include "runtime/container.h"

int runtime_child_payload(pid_t pid, bool init, pid_t *ret) {
        _cleanup_free_ pid_t *children = NULL;
        size_t n;

        if (!init) {
                *ret = pid;
                return 0;
        }

        /* In order of birth: what supinit adopted comes later than what it forked first. */
        int r = children_list(pid, &children, &n);
        if (r < 0)
                return r;
        if (n == 0)
                return -ESRCH;
        *ret = children[0];
        return 0;
}
