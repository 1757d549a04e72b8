/* SPDX-License-Identifier: MIT */
#include "kinds/host-user.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/strv.h"

int host_user_find(const HostExecSpec *exec, PlanUser *u, Error *error) {
        char name[USER_NAME_SIZE] = "";
        int r = 0;

        _cleanup_close_ int root = neg_errno(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (root < 0)
                return root;
        if (exec->user)
                r = user_find(root, exec->user, u, name);
        if (r >= 0 && *name)
                r = user_find_groups(root, name, u);
        if (r < 0)
                return error_set_plain(
                                error, r, ERROR_BAD_SETTING, "no user '%s' here", exec->user);
        if (exec->group && group_find(root, exec->group, &u->gid) < 0)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_BAD_SETTING,
                                "no group '%s' here",
                                exec->group);
        STRV_FOREACH (group, exec->supplementary_groups) {
                if (u->n_groups >= PLAN_GROUPS_MAX)
                        return error_set_plain(error, -E2BIG, ERROR_BAD_SETTING, "too many groups");
                if (group_find(root, *group, &u->groups[u->n_groups]) < 0)
                        return error_set_plain(error,
                                        -ESRCH,
                                        ERROR_BAD_SETTING,
                                        "no group '%s' here",
                                        *group);
                u->n_groups++;
        }
        return 0;
}
