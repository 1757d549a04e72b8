/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "kinds/container-internal.h"

static uint64_t share_of(uint64_t total, Quantity q) {
        if (!q.relative || q.value == UINT64_MAX)
                return q.value;
        /* 128 bits: the product of a terabyte and ten thousand does not fit 64 for long. */
        return (uint64_t) ((unsigned __int128) total * q.value / 10000);
}

static uint64_t memory_total(void) {
        return (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
}

static uint64_t meminfo_swap_total(void) {
        _cleanup_free_ char *text = NULL;
        unsigned long long kib;

        if (file_read(AT_FDCWD, "/proc/meminfo", 64 * 1024, &text, NULL) < 0)
                return 0;
        const char *line = strstr(text, "SwapTotal:");
        return line && sscanf(line, "SwapTotal: %llu", &kib) == 1 ? kib * 1024 : 0;
}

static uint64_t tasks_total(void) {
        _cleanup_free_ char *text = NULL;
        uint64_t n;

        if (file_read(AT_FDCWD, "/proc/sys/kernel/pid_max", 64, &text, NULL) < 0)
                return 32768;
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, &n) < 0 ? 32768 : n;
}

static CgroupLimits limits_of(const ResourceSpec *r, const ContainerSpec *container) {
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        bool relative = r->memory_max.relative || r->memory_high.relative;
        uint64_t total = relative ? memory_total() : 0;

        limits.memory_max_bytes = MIN(share_of(total, r->memory_max), container->memory_bytes);
        limits.memory_high_bytes = share_of(total, r->memory_high);
        limits.memory_swap_max_bytes = share_of(
                        r->memory_swap_max.relative ? meminfo_swap_total() : 0, r->memory_swap_max);
        limits.pids_max = MIN(share_of(r->tasks_max.relative ? tasks_total() : 0, r->tasks_max),
                        container->pids_limit);
        if (r->cpu_quota_per_sec_usec != UINT64_MAX)
                limits.cpu_quota_usec = (uint64_t) ((unsigned __int128) r->cpu_quota_per_sec_usec *
                                                    limits.cpu_period_usec / USEC_PER_SEC);
        limits.cpu_weight = r->cpu_weight;
        limits.io_weight = r->io_weight;
        limits.cpus = r->allowed_cpus;
        return limits;
}

CgroupLimits container_limits(const Container *c) {
        if (c->run.cgroup)
                return c->run.limits;

        CgroupLimits limits = limits_of(&c->unit.spec->service.resource, container_spec(c));
        limits.cpus = NULL;
        return limits;
}

/* Docker's: the pseudo devices of a minimal /dev, its own terminals, and making nodes of any device. */
/* clang-format off */
static const DeviceRule default_devices[] = {
        { 'c', UINT32_MAX, UINT32_MAX, .mknod = true },
        { 'b', UINT32_MAX, UINT32_MAX, .mknod = true },
        { 'c', 1, 3, .read = true, .write = true, .mknod = true },   /* null */
        { 'c', 1, 5, .read = true, .write = true, .mknod = true },   /* zero */
        { 'c', 1, 7, .read = true, .write = true, .mknod = true },   /* full */
        { 'c', 1, 8, .read = true, .write = true, .mknod = true },   /* random */
        { 'c', 1, 9, .read = true, .write = true, .mknod = true },   /* urandom */
        { 'c', 5, 0, .read = true, .write = true, .mknod = true },   /* tty */
        { 'c', 5, 2, .read = true, .write = true, .mknod = true },   /* ptmx */
        { 'c', 136, UINT32_MAX, .read = true, .write = true, .mknod = true }, /* pts/N */
};
/* clang-format on */

static int open_cgroup(Container *c, Error *error) {
        if (c->run.cgroup)
                return 0;
        return cgroup_open(c->context->cgroups, unit_id(&c->unit), &c->run.cgroup, error);
}

/* The group of an earlier instance serves again, unless what starts in it would be killed. */
static int renew_cgroup(Container *c, Error *error) {
        int r = open_cgroup(c, error);
        if (r < 0 || cgroup_is_fresh(c->run.cgroup))
                return r;

        r = cgroup_remove(c->run.cgroup);
        if (r < 0)
                return error_set(
                                error, r, ERROR_CGROUP, "cannot remove the cgroup of its last run");
        c->run.cgroup = cgroup_free(c->run.cgroup);
        return open_cgroup(c, error);
}

static int apply_limits(Container *c,
                const ResourceSpec *resource,
                const ContainerSpec *container,
                Error *error) {
        CgroupLimits limits = limits_of(resource, container);

        /* OOMPolicy= is no limit: that of the definition it runs by. Where the kernel can't, run_on_oom()
         * kills the rest. */
        limits.memory_oom_group = c->unit.spec->service.resource.oom_policy == OOM_POLICY_KILL &&
                                  cgroup_tree_has_oom_group(c->context->cgroups);

        int r = cgroup_apply_limits(c->run.cgroup, &limits, error);
        if (r < 0)
                return r;
        c->run.limits = limits;
        c->run.limits.cpus = NULL; /* not ours to keep */
        return 0;
}

int container_apply_cgroup(Container *c, Error *error) {
        int r = apply_limits(c, &c->unit.spec->service.resource, container_spec(c), error);
        if (r < 0)
                return r;
        return cgroup_apply_devices(
                        c->run.cgroup, default_devices, ELEMENTSOF(default_devices), error);
}

int container_refresh_limits(Container *c, Error *error) {
        const UnitSpec *next = c->unit.next_spec;
        ContainerSpec storage;
        const ContainerSpec *resolved = NULL;

        if (!c->run.cgroup || !next || next->load_state != UNIT_LOADED ||
                        next->kind != c->unit.spec->kind)
                return 0;
        int r = container_resolve_spec(next, &storage, &resolved, error);
        if (r >= 0)
                r = apply_limits(c, &next->service.resource, resolved, error);
        container_spec_done(&storage);
        if (r >= 0 && c->run.child.pid > 0)
                container_watch_oom(c); /* there may be a limit where there was none */
        return r;
}

int container_set_up_cgroup(Container *c, Error *error) {
        int r = renew_cgroup(c, error);
        return r < 0 ? r : container_apply_cgroup(c, error);
}
