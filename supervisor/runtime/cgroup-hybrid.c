/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-processes.h"
#include "runtime/cgroup-stats.h"
#include "runtime/device-rule.h"

/*
 * Each hierarchy a container is in costs its first process a migration, 15 to 50 µs, and its end an rmdir:
 * a group is made only where something is set. CPU time needs none, the v2 tree tells it.
 */

#define VALUE_SIZE_MAX (64U * 1024U)

static const CgroupV1Hierarchy *find_hierarchy(const CgroupTree *t, CgroupController controller) {
        for (size_t i = 0; i < t->n_v1; i++) {
                if (t->v1[i].controllers & 1U << controller)
                        return &t->v1[i];
        }
        return NULL;
}

static bool is_member(const Cgroup *c, const CgroupV1Hierarchy *h) {
        return c->joined & 1U << (h - c->tree->v1);
}

static int open_in_group(const Cgroup *c, const CgroupV1Hierarchy *h, const char *file, int flags) {
        _cleanup_free_ char *path = str_printf("%s/%s", c->name, file);

        return path ? neg_errno(openat(h->root_fd, path, flags | O_CLOEXEC)) : -ENOMEM;
}

/*
 * A new cpuset is empty and takes no process: it starts with all that the parent has. The root's are not
 * empty, because we are in it, and those of slices were filled before.
 */
static int fill_cpuset(const CgroupV1Hierarchy *h, const char *name, const char *file) {
        _cleanup_free_ char *own = NULL, *inherited = NULL;
        _cleanup_free_ char *path = str_printf("%s/%s", name, file);
        _cleanup_free_ char *of_parent = str_printf("%s/../%s", name, file);

        if (!path || !of_parent)
                return -ENOMEM;
        _cleanup_close_ int fd = neg_errno(openat(h->root_fd, path, O_RDWR | O_CLOEXEC));
        if (fd < 0)
                return fd;
        int r = file_read_fd(fd, VALUE_SIZE_MAX, &own, NULL);
        if (r < 0)
                return r;
        if (own[strspn(own, "\n")] != '\0')
                return 0;
        r = file_read(h->root_fd, of_parent, VALUE_SIZE_MAX, &inherited, NULL);
        if (r < 0)
                return r;
        return fd_write_all(fd, inherited, strlen(inherited));
}

static int fill_cpusets(const CgroupV1Hierarchy *h, const char *name) {
        if (!(h->controllers & 1U << CGROUP_CPUSET))
                return 0;
        int r = fill_cpuset(h, name, "cpuset.mems");
        return r < 0 ? r : fill_cpuset(h, name, "cpuset.cpus");
}

static int make_slice(const char *slice, void *userdata) {
        const CgroupV1Hierarchy *h = userdata;

        int r = neg_errno(mkdirat(h->root_fd, slice, 0755));
        return r < 0 && r != -EEXIST ? r : fill_cpusets(h, slice);
}

/* Return: 1 made; 0 it is there, and the processes of the group with it. */
static int make_directory(const Cgroup *c, const CgroupV1Hierarchy *h) {
        int r = neg_errno(mkdirat(h->root_fd, c->name, 0755));
        if (r == -EEXIST && !c->created)
                return 0;

        /* What an earlier container of this name left behind: nobody is in it, but its limits may be. */
        if (r == -EEXIST) {
                r = cgroup_remove_below(h->root_fd, c->name);
                if (r >= 0)
                        r = neg_errno(mkdirat(h->root_fd, c->name, 0755));
        }
        return r < 0 ? r : 1;
}

static int join_hierarchy(Cgroup *c, const CgroupV1Hierarchy *h) {
        int r = cgroup_each_slice(c->name, make_slice, (CgroupV1Hierarchy *) h);
        int made = r < 0 ? r : make_directory(c, h);

        r = made < 0 ? made : fill_cpusets(h, c->name);
        if (r < 0)
                return r;

        /* A group found with processes in it that were not in this hierarchy: those come along. */
        if (!c->created && made) {
                _cleanup_close_ int procs_fd = open_in_group(c, h, "cgroup.procs", O_WRONLY);
                if (procs_fd < 0)
                        return procs_fd;
                r = cgroup_move_processes(c->dir_fd, /* recursive= */ true, procs_fd);
                if (r < 0)
                        return r;
        }

        int tasks_fd = open_in_group(c, h, "tasks", O_WRONLY);
        if (tasks_fd < 0)
                return tasks_fd;
        c->join_fds[c->n_join_fds++] = tasks_fd;
        c->joined |= 1U << (h - c->tree->v1);
        return 0;
}

static bool has_directory(const Cgroup *c, const CgroupV1Hierarchy *h) {
        return faccessat(h->root_fd, c->name, F_OK, 0) == 0;
}

static int hybrid_join(Cgroup *c, unsigned controllers, Error *error) {
        const CgroupTree *t = c->tree;

        for (size_t i = 0; i < t->n_v1; i++) {
                const CgroupV1Hierarchy *h = &t->v1[i];
                bool wanted = (h->controllers & controllers) ||
                              (!c->created && has_directory(c, h));

                if (!wanted || is_member(c, h))
                        continue;
                int r = join_hierarchy(c, h);
                if (r < 0) {
                        _cleanup_free_ char *names = cgroup_controllers_format(h->controllers);

                        return error_set(error,
                                        r,
                                        ERROR_CGROUP,
                                        "cannot make the group '%s' in the v1 hierarchy '%s'",
                                        c->name,
                                        names ?: "?");
                }
        }
        return 0;
}

static int hybrid_open_file(
                const Cgroup *c, CgroupController controller, const char *file, int flags) {
        const CgroupV1Hierarchy *h = find_hierarchy(c->tree, controller);

        if (!h || !is_member(c, h))
                return -EOPNOTSUPP;
        return open_in_group(c, h, file, flags);
}

/* The controller takes one rule a write. */
static int write_rules(const Cgroup *c,
                const char *file,
                const DeviceRule *rules,
                size_t n_rules,
                Error *error) {
        if (n_rules == 0)
                return 0;
        _cleanup_close_ int fd = hybrid_open_file(c, CGROUP_DEVICES, file, O_WRONLY);
        if (fd < 0)
                return error_set(error, fd, ERROR_CGROUP, "cannot open %s", file);

        for (size_t i = 0; i < n_rules; i++) {
                _cleanup_free_ char *text = device_rule_format(&rules[i]);
                if (!text)
                        return -ENOMEM;

                int r = fd_write_all(fd, text, strlen(text));
                if (r < 0)
                        return error_set(error,
                                        r,
                                        ERROR_CGROUP,
                                        "cannot write device rule '%s' to %s",
                                        text,
                                        file);
        }
        return 0;
}

static int read_rules(const Cgroup *c, DeviceRule **ret, size_t *ret_n, Error *error) {
        _cleanup_free_ char *text = NULL;

        _cleanup_close_ int fd = hybrid_open_file(c, CGROUP_DEVICES, "devices.list", O_RDONLY);
        int r = fd < 0 ? fd : file_read_fd(fd, VALUE_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = device_rules_parse(text, ret, ret_n);
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot read devices.list");
        return 0;
}

static bool allows_all(const DeviceRule *rules, size_t n_rules) {
        return n_rules == 1 && rules[0].type == 'a';
}

/*
 * The controller is a default, changed by writing "a", and exceptions to it. From "all" to a list there is
 * a moment in which nothing is allowed, which only matters to a running group that was not limited before;
 * from list to list there is none.
 */
static int hybrid_apply_devices(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error) {
        const DeviceRule all = { .type = 'a' };
        _cleanup_free_ DeviceRule *have = NULL, *missing = NULL, *excess = NULL;
        size_t n_have = 0, n_missing = 0, n_excess = 0;

        if (!find_hierarchy(c->tree, CGROUP_DEVICES))
                return cgroup_apply_device_program(c, rules, n_rules, error);

        int r = hybrid_join(c, 1U << CGROUP_DEVICES, error);
        if (r >= 0)
                r = read_rules(c, &have, &n_have, error);
        if (r < 0)
                return r;

        if (allows_all(rules, n_rules))
                return allows_all(have, n_have) ? 0
                                                : write_rules(c, "devices.allow", &all, 1, error);
        if (allows_all(have, n_have)) {
                r = write_rules(c, "devices.deny", &all, 1, error);
                n_have = 0;
        }
        if (r >= 0)
                r = device_rules_subtract(rules, n_rules, have, n_have, &missing, &n_missing);
        if (r >= 0)
                r = device_rules_subtract(have, n_have, rules, n_rules, &excess, &n_excess);
        if (r >= 0)
                r = write_rules(c, "devices.allow", missing, n_missing, error);
        if (r >= 0)
                r = write_rules(c, "devices.deny", excess, n_excess, error);
        return r;
}

static int hybrid_remove(Cgroup *c) {
        int result = 0;

        for (size_t i = 0; i < c->tree->n_v1; i++) {
                if (!(c->joined & 1U << i))
                        continue;
                int r = cgroup_remove_below(c->tree->v1[i].root_fd, c->name);
                if (r < 0)
                        result = r;
                else
                        cgroup_remove_slices(c->tree->v1[i].root_fd, c->name);
        }
        return result;
}

/* clang-format off */
#define MEMBER(name) offsetof(CgroupStats, name)
static const CgroupStatRow hybrid_stats[] = {
        { MEMBER(memory_current_bytes), CGROUP_MEMORY,    "memory.usage_in_bytes",     CGROUP_STAT_NUMBER, NULL },
        { MEMBER(memory_peak_bytes),    CGROUP_MEMORY,    "memory.max_usage_in_bytes", CGROUP_STAT_NUMBER, NULL },
        { MEMBER(memory_max_bytes),     CGROUP_MEMORY,    "memory.limit_in_bytes",     CGROUP_STAT_NUMBER, NULL },
        { MEMBER(tasks_current),        CGROUP_PIDS,      "pids.current",              CGROUP_STAT_NUMBER, NULL },
        { MEMBER(tasks_max),            CGROUP_PIDS,      "pids.max",                  CGROUP_STAT_NUMBER, NULL },
        { MEMBER(cpu_usage_usec),       CGROUP_STAT_TREE, "cpu.stat",                  CGROUP_STAT_KEYED,  "usage_usec" },
        { MEMBER(io_read_bytes),        CGROUP_IO,        "blkio.throttle.io_service_bytes_recursive", CGROUP_STAT_SUM, " Read " },
        { MEMBER(io_write_bytes),       CGROUP_IO,        "blkio.throttle.io_service_bytes_recursive", CGROUP_STAT_SUM, " Write " },
        {},
};
/* clang-format on */

const CgroupDriverOps cgroup_driver_hybrid = {
        .name = "hybrid",
        .join = hybrid_join,
        .open_file = hybrid_open_file,
        .plan_limits = cgroup_limits_plan_v1,
        .apply_devices = hybrid_apply_devices,
        .stats = hybrid_stats,
        .remove = hybrid_remove,
};
