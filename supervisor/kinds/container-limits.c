/* SPDX-License-Identifier: MIT */
#include "kinds/container-limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/block-device.h"

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

static uint64_t memory_share(Quantity q) {
        return share_of(q.relative ? memory_total() : 0, q);
}

CgroupLimits container_limits_expected(const ResourceSpec *r, const ContainerSpec *container) {
        CgroupLimits limits = CGROUP_LIMITS_NONE;

        limits.memory_min_bytes = memory_share(r->memory_min);
        limits.memory_low_bytes = memory_share(r->memory_low);
        limits.memory_max_bytes = MIN(memory_share(r->memory_max), container->memory_bytes);
        limits.memory_high_bytes = memory_share(r->memory_high);
        limits.memory_swap_max_bytes = share_of(
                        r->memory_swap_max.relative ? meminfo_swap_total() : 0, r->memory_swap_max);
        limits.memory_zswap_max_bytes = memory_share(r->memory_zswap_max);
        limits.memory_no_zswap_writeback = !r->memory_zswap_writeback;
        limits.pids_max = MIN(share_of(r->tasks_max.relative ? tasks_total() : 0, r->tasks_max),
                        container->pids_limit);
        if (r->cpu_quota_period_usec != UINT64_MAX)
                limits.cpu_period_usec = r->cpu_quota_period_usec;
        if (r->cpu_quota_per_sec_usec != UINT64_MAX)
                limits.cpu_quota_usec = (uint64_t) ((unsigned __int128) r->cpu_quota_per_sec_usec *
                                                    limits.cpu_period_usec / USEC_PER_SEC);
        limits.cpu_weight = r->cpu_weight;
        limits.io_weight = r->io_weight;
        return limits;
}

CgroupLimits container_limits_figures(const CgroupLimits *limits) {
        CgroupLimits figures = *limits;

        figures.cpus = figures.memory_nodes = NULL;
        figures.io = NULL;
        figures.n_io = 0;
        return figures;
}

void container_limits_done(ContainerLimits *l) {
        free(l->io);
        *l = (ContainerLimits) {};
}

/* clang-format off */
static const CgroupIoKind io_kinds[] = {
        [IO_LIMIT_WEIGHT]           = CGROUP_IO_WEIGHT,
        [IO_LIMIT_READ_BYTES]       = CGROUP_IO_READ_BYTES,
        [IO_LIMIT_WRITE_BYTES]      = CGROUP_IO_WRITE_BYTES,
        [IO_LIMIT_READ_OPERATIONS]  = CGROUP_IO_READ_OPERATIONS,
        [IO_LIMIT_WRITE_OPERATIONS] = CGROUP_IO_WRITE_OPERATIONS,
        [IO_LIMIT_LATENCY_USEC]     = CGROUP_IO_LATENCY_USEC,
};
/* clang-format on */
static_assert(ELEMENTSOF(io_kinds) == _IO_LIMIT_KIND_MAX, "every limit of a disk has its file");

static int read_disks(const ResourceSpec *r, ContainerLimits *l, Error *error) {
        size_t total = 0;

        for (IoLimitKind kind = 0; kind < _IO_LIMIT_KIND_MAX; kind++)
                total += r->io[kind].n;
        if (total == 0)
                return 0;
        l->io = calloc(total, sizeof(*l->io));
        if (!l->io)
                return -ENOMEM;

        for (IoLimitKind kind = 0; kind < _IO_LIMIT_KIND_MAX; kind++) {
                for (size_t i = 0; i < r->io[kind].n; i++) {
                        const IoLimit *limit = &r->io[kind].items[i];
                        dev_t disk;

                        int q = block_device_find(limit->path, &disk, error);
                        if (q < 0)
                                return error_prefix(error, q, "%s", io_limit_kind_to_string(kind));
                        l->io[l->cgroup.n_io++] = (CgroupIoLimit) {
                                .kind = io_kinds[kind],
                                .major = major(disk),
                                .minor = minor(disk),
                                .value = limit->value,
                        };
                }
        }
        l->cgroup.io = l->io;
        return 0;
}

int container_limits_read(const ResourceSpec *r,
                const ContainerSpec *container,
                ContainerLimits *ret,
                Error *error) {
        *ret = (ContainerLimits) { .cgroup = container_limits_expected(r, container) };
        ret->cgroup.cpus = r->allowed_cpus;
        ret->cgroup.memory_nodes = r->allowed_memory_nodes;
        return read_disks(r, ret, error);
}
