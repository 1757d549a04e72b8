/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

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
        size_t offset; /* of the member in CgroupLimits; the emitters of other types know theirs */
        const char *file; /* where the emitter takes one */
        int (*emit)(Plan *p);
};

static uint64_t plan_value(const Plan *p) {
        return *(const uint64_t *) ((const char *) p->limits + p->rule->offset);
}

static int plan_add(Plan *p, bool prepare, const char *file, char *value) {
        CgroupWriteList *list = p->list;

        assert(list->n < ELEMENTSOF(list->writes));
        list->writes[list->n++] = (CgroupWrite) {
                .limit = p->rule->name,
                .controller = p->rule->controller,
                .file = file,
                .value = value,
                .prepare = prepare,
        };
        return 0;
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

static int emit_cpus_v2(Plan *p) {
        /* An empty write() would not reach the kernel. */
        if (!p->limits->cpus)
                return plan_prepare(p, "cpuset.cpus", "\n");
        return plan_set(p, "cpuset.cpus", "%s", p->limits->cpus);
}

static int emit_cpus_v1(Plan *p) {
        if (p->limits->cpus)
                return plan_set(p, "cpuset.cpus", "%s", p->limits->cpus);
        return p->reset ? plan_add(p, /* prepare= */ true, "cpuset.cpus", NULL) : 0;
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

/* clang-format off */
#define U64(member) offsetof(CgroupLimits, member)
static const LimitRule rules_v2[] = {
        { "MemoryHigh",     CGROUP_MEMORY, U64(memory_high_bytes),     "memory.high",     emit_number        },
        { "MemoryMax",      CGROUP_MEMORY, U64(memory_max_bytes),      "memory.max",      emit_number        },
        { "MemorySwapMax",  CGROUP_MEMORY, U64(memory_swap_max_bytes), "memory.swap.max", emit_number        },
        { "OOMPolicy=kill", CGROUP_MEMORY, 0,                          NULL,              emit_oom_group_v2  },
        { "TasksMax",       CGROUP_PIDS,   U64(pids_max),              "pids.max",        emit_number        },
        { "CPUQuota",       CGROUP_CPU,    U64(cpu_quota_usec),        NULL,              emit_cpu_quota_v2  },
        { "CPUWeight",      CGROUP_CPU,    U64(cpu_weight),            NULL,              emit_cpu_weight_v2 },
        { "AllowedCPUs",    CGROUP_CPUSET, 0,                          NULL,              emit_cpus_v2       },
        { "IOWeight",       CGROUP_IO,     U64(io_weight),             NULL,              emit_io_weight_v2  },
};

static const LimitRule rules_v1[] = {
        { "MemoryHigh",     CGROUP_MEMORY, U64(memory_high_bytes),     NULL,       emit_memory_high_v1     },
        { "MemoryMax",      CGROUP_MEMORY, U64(memory_max_bytes),      NULL,       emit_memory_max_v1      },
        { "MemorySwapMax",  CGROUP_MEMORY, U64(memory_swap_max_bytes), NULL,       emit_memory_swap_max_v1 },
        { "OOMPolicy=kill", CGROUP_MEMORY, 0,                          NULL,       emit_oom_group_v1       },
        { "TasksMax",       CGROUP_PIDS,   U64(pids_max),              "pids.max", emit_number             },
        { "CPUQuota",       CGROUP_CPU,    U64(cpu_quota_usec),        NULL,       emit_cpu_quota_v1       },
        { "CPUWeight",      CGROUP_CPU,    U64(cpu_weight),            NULL,       emit_cpu_weight_v1      },
        { "AllowedCPUs",    CGROUP_CPUSET, 0,                          NULL,       emit_cpus_v1            },
        { "IOWeight",       CGROUP_IO,     U64(io_weight),             NULL,       emit_io_weight_v1       },
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
        *list = (CgroupWriteList) {};
}

bool cgroup_limits_equal(const CgroupLimits *a, const CgroupLimits *b) {
        return a->memory_max_bytes == b->memory_max_bytes &&
               a->memory_high_bytes == b->memory_high_bytes &&
               a->memory_swap_max_bytes == b->memory_swap_max_bytes && a->pids_max == b->pids_max &&
               a->cpu_quota_usec == b->cpu_quota_usec && a->cpu_period_usec == b->cpu_period_usec &&
               a->cpu_weight == b->cpu_weight && a->io_weight == b->io_weight &&
               a->memory_oom_group == b->memory_oom_group && str_equal(a->cpus, b->cpus);
}
