/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define UNSET UINT64_MAX

/* What the kernel takes: sched/core.c, min_cfs_quota_period and max_cfs_quota_period. */
#define CPU_QUOTA_MIN_USEC 1000U
#define CPU_PERIOD_MIN_USEC 1000U
#define CPU_PERIOD_MAX_USEC 1000000U
#define CPU_PERIOD_DEFAULT "100000"

typedef struct LimitRule LimitRule;

/* The list under construction, and what the emitters ask of it. */
typedef struct Plan {
        const CgroupLimits *limits;
        const LimitRule *rule;
        bool reset;
        CgroupWriteList *list;
        Error *error;
} Plan;

struct LimitRule {
        const char *name;
        CgroupController controller;
        size_t offset; /* of the member in CgroupLimits, or the CgroupIoKind; some emitters know theirs */
        const char *file; /* where the emitter takes one */
        int (*emit)(Plan *p);
};

static uint64_t plan_value(const Plan *p) {
        return *(const uint64_t *) ((const char *) p->limits + p->rule->offset);
}

static int plan_append(Plan *p, CgroupWrite write) {
        CgroupWriteList *list = p->list;

        CgroupWrite *longer = reallocarray(list->writes, list->n + 1, sizeof(CgroupWrite));
        if (!longer) {
                free(write.value);
                return -ENOMEM;
        }
        write.limit = p->rule->name;
        write.controller = p->rule->controller;
        list->writes = longer;
        list->writes[list->n++] = write;
        return 0;
}

/* Takes @value, also when it fails. */
static int plan_add(Plan *p, bool prepare, const char *file, char *value) {
        return plan_append(p, (CgroupWrite) { .file = file, .value = value, .prepare = prepare });
}

static int _printf_(3, 4) plan_set(Plan *p, const char *file, const char *format, ...) {
        char *value = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&value, format, ap);
        va_end(ap);
        return n < 0 ? -ENOMEM : plan_add(p, /* prepare= */ false, file, value);
}

/* Only for a group that may hold older values. */
static int plan_prepare(Plan *p, const char *file, const char *value) {
        if (!p->reset)
                return 0;
        char *copy = strdup(value);
        return copy ? plan_add(p, /* prepare= */ true, file, copy) : -ENOMEM;
}

/* The same of a file with a line for each device: which have one is known when it is read. */
static int plan_prepare_each(Plan *p, const char *file, const char *value) {
        if (!p->reset)
                return 0;
        CgroupWrite write = { .file = file, .value = strdup(value), .prepare = true, .each = true };
        return write.value ? plan_append(p, write) : -ENOMEM;
}

static int plan_refuse(Plan *p, const char *why) {
        return error_set_plain(p->error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s is not available on cgroup v1: %s",
                        p->rule->name,
                        why);
}

static int emit_number(Plan *p) {
        if (plan_value(p) == UNSET)
                return plan_prepare(p, p->rule->file, "max");
        return plan_set(p, p->rule->file, "%" PRIu64, plan_value(p));
}

/* Memory that is kept for the group: none by default. */
static int emit_protection_v2(Plan *p) {
        if (plan_value(p) == 0)
                return plan_prepare(p, p->rule->file, "0");
        if (plan_value(p) == UNSET)
                return plan_set(p, p->rule->file, "max");
        return plan_set(p, p->rule->file, "%" PRIu64, plan_value(p));
}

static int emit_protection_v1(Plan *p) {
        return plan_value(p) != 0 ? plan_refuse(p, "it keeps no memory for a group") : 0;
}

static int emit_zswap_max_v1(Plan *p) {
        return plan_value(p) != UNSET ? plan_refuse(p, "there is no memory.zswap.max") : 0;
}

static int emit_zswap_writeback_v2(Plan *p) {
        if (!p->limits->memory_no_zswap_writeback)
                return plan_prepare(p, "memory.zswap.writeback", "1");
        return plan_set(p, "memory.zswap.writeback", "0");
}

static int emit_zswap_writeback_v1(Plan *p) {
        return p->limits->memory_no_zswap_writeback
                               ? plan_refuse(p, "there is no memory.zswap.writeback")
                               : 0;
}

static int emit_oom_group_v2(Plan *p) {
        if (!p->limits->memory_oom_group)
                return plan_prepare(p, "memory.oom.group", "0");
        return plan_set(p, "memory.oom.group", "1");
}

static int emit_oom_group_v1(Plan *p) {
        return p->limits->memory_oom_group ? plan_refuse(p, "there is no memory.oom.group") : 0;
}

static int emit_memory_high_v1(Plan *p) {
        return plan_value(p) != UNSET ? plan_refuse(p, "there is no memory.high") : 0;
}

/* The limit for memory and swap together must never be below that for memory: it goes out of the way. */
static int emit_memory_max_v1(Plan *p) {
        int r = plan_prepare(p, "memory.memsw.limit_in_bytes", "-1");
        if (r < 0)
                return r;
        if (plan_value(p) == UNSET)
                return plan_prepare(p, "memory.limit_in_bytes", "-1");
        return plan_set(p, "memory.limit_in_bytes", "%" PRIu64, plan_value(p));
}

static int emit_memory_swap_max_v1(Plan *p) {
        uint64_t swap = plan_value(p), memory = p->limits->memory_max_bytes, sum;

        if (swap == UNSET)
                return 0; /* emit_memory_max_v1() has lifted it */
        if (memory == UNSET)
                return plan_refuse(p, "without MemoryMax, swap cannot be limited there");
        if (__builtin_add_overflow(memory, swap, &sum))
                return plan_set(p, "memory.memsw.limit_in_bytes", "-1");
        return plan_set(p, "memory.memsw.limit_in_bytes", "%" PRIu64, sum);
}

/* The kernel takes no quota below 1 ms: a small share is kept exact by a longer period. */
static int plan_quota(Plan *p, uint64_t *ret_quota, uint64_t *ret_period) {
        uint64_t quota = plan_value(p), period = p->limits->cpu_period_usec;

        if (period < CPU_PERIOD_MIN_USEC || period > CPU_PERIOD_MAX_USEC)
                return error_set_plain(p->error,
                                -ERANGE,
                                ERROR_INVALID_ARGUMENT,
                                "the period of CPUQuota must be from 1 ms to 1 s");
        if (quota < CPU_QUOTA_MIN_USEC) {
                period = quota > 0 ? (period * CPU_QUOTA_MIN_USEC + quota - 1) / quota : UINT64_MAX;
                quota = CPU_QUOTA_MIN_USEC;
        }
        if (period > CPU_PERIOD_MAX_USEC)
                return error_set_plain(p->error,
                                -ERANGE,
                                ERROR_INVALID_ARGUMENT,
                                "CPUQuota is too small: the kernel takes 0.1%% or more");
        *ret_quota = quota;
        *ret_period = period;
        return 0;
}

static int emit_cpu_quota_v2(Plan *p) {
        uint64_t quota, period;

        if (plan_value(p) == UNSET)
                return plan_prepare(p, "cpu.max", "max " CPU_PERIOD_DEFAULT);
        int r = plan_quota(p, &quota, &period);
        if (r < 0)
                return r;
        return plan_set(p, "cpu.max", "%" PRIu64 " %" PRIu64, quota, period);
}

/* Lifted first: a new period with the old quota might exceed the parent's share for a moment. */
static int emit_cpu_quota_v1(Plan *p) {
        uint64_t quota, period;

        int r = plan_prepare(p, "cpu.cfs_quota_us", "-1");
        if (r < 0)
                return r;
        if (plan_value(p) == UNSET)
                return plan_prepare(p, "cpu.cfs_period_us", CPU_PERIOD_DEFAULT);
        r = plan_quota(p, &quota, &period);
        if (r < 0)
                return r;
        r = plan_set(p, "cpu.cfs_period_us", "%" PRIu64, period);
        if (r < 0)
                return r;
        return plan_set(p, "cpu.cfs_quota_us", "%" PRIu64, quota);
}

#define WEIGHT_MAX 10000U

/* The v1 scales are others: a weight that v2 would refuse might pass there. */
static int plan_check_weight(Plan *p) {
        uint64_t weight = plan_value(p);

        if (weight == UNSET || weight <= WEIGHT_MAX)
                return 0;
        return error_set_plain(p->error,
                        -ERANGE,
                        ERROR_INVALID_ARGUMENT,
                        "%s=%" PRIu64 " is above %u",
                        p->rule->name,
                        weight,
                        WEIGHT_MAX);
}

/* cpu.idle came with Linux 5.15; before, the least weight is the nearest there is. An idle group takes no
 * weight, so cpu.idle is cleared first and set last. */
static int emit_cpu_weight_v2(Plan *p) {
        uint64_t weight = plan_value(p);

        int r = plan_check_weight(p);
        if (r < 0)
                return r;
        r = plan_prepare(p, "cpu.idle", "0");
        if (r < 0)
                return r;
        if (weight == UNSET)
                return plan_prepare(p, "cpu.weight", "100");
        r = plan_set(p, "cpu.weight", "%" PRIu64, MAX(weight, UINT64_C(1)));
        if (r < 0 || weight != 0)
                return r;
        return plan_set(p, "cpu.idle", "1");
}

/* Both scales have their default at 100 and 1024, as systemd maps them; 2 is the least share. */
static int emit_cpu_weight_v1(Plan *p) {
        uint64_t weight = plan_value(p);

        int r = plan_check_weight(p);
        if (r < 0)
                return r;
        if (weight == UNSET)
                return plan_prepare(p, "cpu.shares", "1024");
        return plan_set(p, "cpu.shares", "%" PRIu64, weight == 0 ? 2 : weight * 1024 / 100);
}

static const char *plan_set_of(const Plan *p) {
        return *(const char *const *) ((const char *) p->limits + p->rule->offset);
}

static int emit_cpuset_v2(Plan *p) {
        /* An empty write() would not reach the kernel. */
        if (!plan_set_of(p))
                return plan_prepare(p, p->rule->file, "\n");
        return plan_set(p, p->rule->file, "%s", plan_set_of(p));
}

static int emit_cpuset_v1(Plan *p) {
        if (plan_set_of(p))
                return plan_set(p, p->rule->file, "%s", plan_set_of(p));
        return p->reset ? plan_add(p, /* prepare= */ true, p->rule->file, NULL) : 0;
}

/* BFQ counts from 1 to 1000 with the same default of 100; each half of the scale is mapped linearly. */
static uint64_t bfq_weight(uint64_t weight) {
        return weight <= 100 ? weight : 100 + (weight - 100) * (1000 - 100) / (10000 - 100);
}

/* io.weight is the cost model's, the other BFQ's: which of them works is up to each disk's scheduler. */
static int emit_io_weight_v2(Plan *p) {
        uint64_t weight = plan_value(p);

        int r = plan_check_weight(p);
        if (r < 0)
                return r;

        bool set = weight != UNSET;
        r = set ? plan_set(p, "io.weight", "default %" PRIu64, weight)
                : plan_prepare(p, "io.weight", "default 100");
        if (r < 0)
                return r;
        return set ? plan_set(p, "io.bfq.weight", "%" PRIu64, bfq_weight(weight))
                   : plan_prepare(p, "io.bfq.weight", "100");
}

/* blkio.weight went with the CFQ scheduler, before the oldest kernel served. */
static int emit_io_weight_v1(Plan *p) {
        uint64_t weight = plan_value(p);

        int r = plan_check_weight(p);
        if (r < 0)
                return r;
        if (weight == UNSET)
                return plan_prepare(p, "blkio.bfq.weight", "100");
        return plan_set(p, "blkio.bfq.weight", "%" PRIu64, bfq_weight(weight));
}

/* ---- single disks -------------------------------------------------------------------------------- */

/* How a value of one disk is written into a file, and how it is taken back there. */
typedef struct IoFile {
        const char *file, *prefix; /* "" or "rbps=" */
        const char *unlimited;
        bool bfq; /* on the scale of that scheduler */
} IoFile;

typedef struct IoRule {
        IoFile v2[2], v1[1]; /* without file: none */
} IoRule;

/* clang-format off */
static const IoRule io_rules[] = {
        [CGROUP_IO_WEIGHT]           = { { { "io.weight",     "", "default", false },
                                           { "io.bfq.weight", "", "default", true  } },
                                         { { "blkio.bfq.weight_device", "", "default", true } } },
        [CGROUP_IO_READ_BYTES]       = { { { "io.max", "rbps=",  "max", false } },
                                         { { "blkio.throttle.read_bps_device",   "", "0", false } } },
        [CGROUP_IO_WRITE_BYTES]      = { { { "io.max", "wbps=",  "max", false } },
                                         { { "blkio.throttle.write_bps_device",  "", "0", false } } },
        [CGROUP_IO_READ_OPERATIONS]  = { { { "io.max", "riops=", "max", false } },
                                         { { "blkio.throttle.read_iops_device",  "", "0", false } } },
        [CGROUP_IO_WRITE_OPERATIONS] = { { { "io.max", "wiops=", "max", false } },
                                         { { "blkio.throttle.write_iops_device", "", "0", false } } },
        [CGROUP_IO_LATENCY_USEC]     = { { { "io.latency", "target=", "max", false } }, {} },
};
/* clang-format on */
static_assert(ELEMENTSOF(io_rules) == _CGROUP_IO_KIND_MAX, "every limit of a disk has its files");

static bool has_io_limit(const Plan *p, CgroupIoKind kind) {
        for (size_t i = 0; i < p->limits->n_io; i++) {
                if (p->limits->io[i].kind == kind)
                        return true;
        }
        return false;
}

static int plan_io_value(Plan *p, const IoFile *f, const CgroupIoLimit *limit) {
        uint64_t value = f->bfq ? bfq_weight(limit->value) : limit->value;

        if (limit->value == UNSET)
                return plan_set(p,
                                f->file,
                                "%u:%u %s%s",
                                limit->major,
                                limit->minor,
                                f->prefix,
                                f->unlimited);
        return plan_set(p,
                        f->file,
                        "%u:%u %s%" PRIu64,
                        limit->major,
                        limit->minor,
                        f->prefix,
                        value);
}

static int plan_io_file(Plan *p, CgroupIoKind kind, const IoFile *f) {
        _cleanup_free_ char *cleared = str_printf("%s%s", f->prefix, f->unlimited);
        if (!cleared)
                return -ENOMEM;

        int r = plan_prepare_each(p, f->file, cleared);
        for (size_t i = 0; r >= 0 && i < p->limits->n_io; i++) {
                if (p->limits->io[i].kind == kind)
                        r = plan_io_value(p, f, &p->limits->io[i]);
        }
        return r;
}

static int emit_io_v2(Plan *p) {
        CgroupIoKind kind = (CgroupIoKind) p->rule->offset;
        const IoRule *rule = &io_rules[kind];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rule->v2) && rule->v2[i].file; i++)
                r = plan_io_file(p, kind, &rule->v2[i]);
        return r;
}

static int emit_io_v1(Plan *p) {
        CgroupIoKind kind = (CgroupIoKind) p->rule->offset;

        if (io_rules[kind].v1[0].file)
                return plan_io_file(p, kind, &io_rules[kind].v1[0]);
        return has_io_limit(p, kind) ? plan_refuse(p, "there is no io.latency") : 0;
}

/* clang-format off */
#define MEMBER(member) offsetof(CgroupLimits, member)
static const LimitRule rules_v2[] = {
        { "MemoryMin",      CGROUP_MEMORY, MEMBER(memory_min_bytes),       "memory.min",       emit_protection_v2 },
        { "MemoryLow",      CGROUP_MEMORY, MEMBER(memory_low_bytes),       "memory.low",       emit_protection_v2 },
        { "MemoryHigh",     CGROUP_MEMORY, MEMBER(memory_high_bytes),      "memory.high",      emit_number        },
        { "MemoryMax",      CGROUP_MEMORY, MEMBER(memory_max_bytes),       "memory.max",       emit_number        },
        { "MemorySwapMax",  CGROUP_MEMORY, MEMBER(memory_swap_max_bytes),  "memory.swap.max",  emit_number        },
        { "MemoryZSwapMax", CGROUP_MEMORY, MEMBER(memory_zswap_max_bytes), "memory.zswap.max", emit_number        },
        { "MemoryZSwapWriteback=no", CGROUP_MEMORY, 0,                     NULL,               emit_zswap_writeback_v2 },
        { "OOMPolicy=kill", CGROUP_MEMORY, 0,                              NULL,               emit_oom_group_v2  },
        { "TasksMax",       CGROUP_PIDS,   MEMBER(pids_max),               "pids.max",         emit_number        },
        { "CPUQuota",       CGROUP_CPU,    MEMBER(cpu_quota_usec),         NULL,               emit_cpu_quota_v2  },
        { "CPUWeight",      CGROUP_CPU,    MEMBER(cpu_weight),             NULL,               emit_cpu_weight_v2 },
        { "AllowedCPUs",    CGROUP_CPUSET, MEMBER(cpus),                   "cpuset.cpus",      emit_cpuset_v2     },
        { "AllowedMemoryNodes", CGROUP_CPUSET, MEMBER(memory_nodes),       "cpuset.mems",      emit_cpuset_v2     },
        { "IOWeight",       CGROUP_IO,     MEMBER(io_weight),              NULL,               emit_io_weight_v2  },
        { "IODeviceWeight",           CGROUP_IO, CGROUP_IO_WEIGHT,           NULL, emit_io_v2 },
        { "IOReadBandwidthMax",       CGROUP_IO, CGROUP_IO_READ_BYTES,       NULL, emit_io_v2 },
        { "IOWriteBandwidthMax",      CGROUP_IO, CGROUP_IO_WRITE_BYTES,      NULL, emit_io_v2 },
        { "IOReadIOPSMax",            CGROUP_IO, CGROUP_IO_READ_OPERATIONS,  NULL, emit_io_v2 },
        { "IOWriteIOPSMax",           CGROUP_IO, CGROUP_IO_WRITE_OPERATIONS, NULL, emit_io_v2 },
        { "IODeviceLatencyTargetSec", CGROUP_IO, CGROUP_IO_LATENCY_USEC,     NULL, emit_io_v2 },
};

static const LimitRule rules_v1[] = {
        { "MemoryMin",      CGROUP_MEMORY, MEMBER(memory_min_bytes),       NULL,       emit_protection_v1      },
        { "MemoryLow",      CGROUP_MEMORY, MEMBER(memory_low_bytes),       NULL,       emit_protection_v1      },
        { "MemoryHigh",     CGROUP_MEMORY, MEMBER(memory_high_bytes),      NULL,       emit_memory_high_v1     },
        { "MemoryMax",      CGROUP_MEMORY, MEMBER(memory_max_bytes),       NULL,       emit_memory_max_v1      },
        { "MemorySwapMax",  CGROUP_MEMORY, MEMBER(memory_swap_max_bytes),  NULL,       emit_memory_swap_max_v1 },
        { "MemoryZSwapMax", CGROUP_MEMORY, MEMBER(memory_zswap_max_bytes), NULL,       emit_zswap_max_v1       },
        { "MemoryZSwapWriteback=no", CGROUP_MEMORY, 0,                     NULL,       emit_zswap_writeback_v1 },
        { "OOMPolicy=kill", CGROUP_MEMORY, 0,                              NULL,       emit_oom_group_v1       },
        { "TasksMax",       CGROUP_PIDS,   MEMBER(pids_max),               "pids.max", emit_number             },
        { "CPUQuota",       CGROUP_CPU,    MEMBER(cpu_quota_usec),         NULL,       emit_cpu_quota_v1       },
        { "CPUWeight",      CGROUP_CPU,    MEMBER(cpu_weight),             NULL,       emit_cpu_weight_v1      },
        { "AllowedCPUs",    CGROUP_CPUSET, MEMBER(cpus),                   "cpuset.cpus", emit_cpuset_v1       },
        { "AllowedMemoryNodes", CGROUP_CPUSET, MEMBER(memory_nodes),       "cpuset.mems", emit_cpuset_v1       },
        { "IOWeight",       CGROUP_IO,     MEMBER(io_weight),              NULL,       emit_io_weight_v1       },
        { "IODeviceWeight",           CGROUP_IO, CGROUP_IO_WEIGHT,           NULL, emit_io_v1 },
        { "IOReadBandwidthMax",       CGROUP_IO, CGROUP_IO_READ_BYTES,       NULL, emit_io_v1 },
        { "IOWriteBandwidthMax",      CGROUP_IO, CGROUP_IO_WRITE_BYTES,      NULL, emit_io_v1 },
        { "IOReadIOPSMax",            CGROUP_IO, CGROUP_IO_READ_OPERATIONS,  NULL, emit_io_v1 },
        { "IOWriteIOPSMax",           CGROUP_IO, CGROUP_IO_WRITE_OPERATIONS, NULL, emit_io_v1 },
        { "IODeviceLatencyTargetSec", CGROUP_IO, CGROUP_IO_LATENCY_USEC,     NULL, emit_io_v1 },
};
/* clang-format on */
static_assert(ELEMENTSOF(rules_v1) == ELEMENTSOF(rules_v2), "both versions answer for every limit");

static int plan_all(const LimitRule *rules,
                const CgroupLimits *limits,
                bool reset,
                CgroupWriteList *ret,
                Error *error) {
        _cleanup_(cgroup_write_list_done) CgroupWriteList list = {};
        Plan p = { .limits = limits, .reset = reset, .list = &list, .error = error };

        for (size_t i = 0; i < ELEMENTSOF(rules_v2); i++) {
                p.rule = &rules[i];
                int r = p.rule->emit(&p);
                if (r < 0)
                        return r;
        }

        *ret = list;
        list = (CgroupWriteList) {};
        return 0;
}

int cgroup_limits_plan_v2(
                const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error) {
        return plan_all(rules_v2, limits, reset, ret, error);
}

int cgroup_limits_plan_v1(
                const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error) {
        return plan_all(rules_v1, limits, reset, ret, error);
}

void cgroup_write_list_done(CgroupWriteList *list) {
        for (size_t i = 0; i < list->n; i++)
                free(list->writes[i].value);
        free(list->writes);
        *list = (CgroupWriteList) {};
}

static bool io_limits_equal(const CgroupLimits *a, const CgroupLimits *b) {
        if (a->n_io != b->n_io)
                return false;
        for (size_t i = 0; i < a->n_io; i++) {
                const CgroupIoLimit *x = &a->io[i], *y = &b->io[i];

                if (x->kind != y->kind || x->major != y->major || x->minor != y->minor ||
                                x->value != y->value)
                        return false;
        }
        return true;
}

bool cgroup_limits_equal(const CgroupLimits *a, const CgroupLimits *b) {
        return a->memory_min_bytes == b->memory_min_bytes &&
               a->memory_low_bytes == b->memory_low_bytes &&
               a->memory_max_bytes == b->memory_max_bytes &&
               a->memory_high_bytes == b->memory_high_bytes &&
               a->memory_swap_max_bytes == b->memory_swap_max_bytes &&
               a->memory_zswap_max_bytes == b->memory_zswap_max_bytes &&
               a->memory_no_zswap_writeback == b->memory_no_zswap_writeback &&
               a->pids_max == b->pids_max && a->cpu_quota_usec == b->cpu_quota_usec &&
               a->cpu_period_usec == b->cpu_period_usec && a->cpu_weight == b->cpu_weight &&
               a->io_weight == b->io_weight && a->memory_oom_group == b->memory_oom_group &&
               str_equal(a->cpus, b->cpus) && str_equal(a->memory_nodes, b->memory_nodes) &&
               io_limits_equal(a, b);
}
