/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/container.h"

#define STAT_SIZE_MAX (64U * 1024U)

/* Fields 4 and 22 of /proc/PID/stat, behind a name that may hold anything. */
static int read_stat(const char *pid, pid_t *ret_parent, unsigned long long *ret_start) {
        _cleanup_free_ char *path = str_printf("/proc/%s/stat", pid), *text = NULL;
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, STAT_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;

        const char *after = strrchr(text, ')');
        if (!after || sscanf(after,
                                      ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
                                      "%*d %*d %*d %*d %*d %llu",
                                      ret_parent,
                                      ret_start) != 2)
                return -EBADMSG;
        return 0;
}

/* For kernels without CONFIG_PROC_CHILDREN: the oldest process whose parent it is. */
static int scan_for_child(pid_t parent, pid_t *ret) {
        _cleanup_(closedirp) DIR *proc = opendir("/proc");
        unsigned long long oldest = ULLONG_MAX;
        pid_t found = 0;

        if (!proc)
                return -errno;
        for (struct dirent *entry; (entry = readdir(proc));) {
                unsigned long long start;
                uint64_t pid;
                pid_t its_parent;

                if (parse_u64(entry->d_name, &pid) < 0 ||
                                read_stat(entry->d_name, &its_parent, &start) < 0)
                        continue;
                if (its_parent == parent && start < oldest) {
                        oldest = start;
                        found = (pid_t) pid;
                }
        }
        if (found == 0)
                return -ESRCH;
        *ret = found;
        return 0;
}

int runtime_child_payload(pid_t pid, bool init, pid_t *ret) {
        _cleanup_free_ char *path = NULL, *children = NULL;

        if (!init) {
                *ret = pid;
                return 0;
        }

        /* In order of birth: what supinit adopted comes later than what it forked first. */
        path = str_printf("/proc/%d/task/%d/children", pid, pid);
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, 1024 * 1024, &children, NULL);
        if (r == -ENOENT)
                return scan_for_child(pid, ret);
        if (r < 0)
                return r;

        char *end;
        errno = 0;
        long child = strtol(children, &end, 10);
        if (end == children || errno != 0 || child <= 0 || child > INT_MAX)
                return -ESRCH;
        *ret = (pid_t) child;
        return 0;
}
