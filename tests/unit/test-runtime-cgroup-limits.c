/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

typedef int PlanFunction(
                const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error);

/* "file=value" of all writes, one a line; those that only prepare begin with '-', or with '*' where they are
 * for each device of the file. */
static char *plan_text(PlanFunction *plan, const CgroupLimits *limits, bool reset) {
        _cleanup_(cgroup_write_list_done) CgroupWriteList list = {};
        char *text = strdup("");

        assert_int_equal(plan(limits, reset, &list, NULL), 0);
        for (size_t i = 0; i < list.n; i++) {
                const CgroupWrite *w = &list.writes[i];
                char *longer = str_printf("%s%s%s=%s\n",
                                text,
                                w->each      ? "*"
                                : w->prepare ? "-"
                                             : "",
                                w->file,
                                w->value ?: "(parent)");

                free(text);
                text = longer;
        }
        return text;
}

static void assert_plan(PlanFunction *plan, CgroupLimits limits, bool reset, const char *expected) {
        _cleanup_free_ char *text = plan_text(plan, &limits, reset);
        assert_string_equal(text, expected);
}

static void assert_refused(PlanFunction *plan, CgroupLimits limits, int number, const char *limit) {
        _cleanup_(cgroup_write_list_done) CgroupWriteList list = {};
        _cleanup_(error_done) Error error = {};

        assert_int_equal(plan(&limits, false, &list, &error), number);
        assert_non_null(strstr(error_text(&error, 0), limit));
        assert_int_equal(list.n, 0);
}

/* CGROUP_LIMITS_NONE with some members set. */
#define WITH(...) \
        ({ \
                CgroupLimits with_ = CGROUP_LIMITS_NONE; \
                CgroupLimits *l = &with_; \
                __VA_ARGS__; \
                with_; \
        })

static CgroupLimits all_limits(void) {
        return (CgroupLimits) {
                .memory_max_bytes = 1000000,
                .memory_high_bytes = 900000,
                .memory_swap_max_bytes = 500000,
                .pids_max = 77,
                .cpu_quota_usec = 150000,
                .cpu_period_usec = 100000,
                .cpu_weight = 300,
                .io_weight = 1000,
                .cpus = "0-3,8",
                .memory_oom_group = true,
                .memory_min_bytes = 1000,
                .memory_low_bytes = UINT64_MAX,
                .memory_zswap_max_bytes = 0,
                .memory_no_zswap_writeback = true,
                .memory_nodes = "0-1",
        };
}

/* Without those that v1 refuses. */
static CgroupLimits all_limits_v1(void) {
        CgroupLimits limits = all_limits();

        limits.memory_high_bytes = UINT64_MAX;
        limits.memory_min_bytes = limits.memory_low_bytes = 0;
        limits.memory_zswap_max_bytes = UINT64_MAX;
        limits.memory_no_zswap_writeback = limits.memory_oom_group = false;
        return limits;
}

static void test_no_limits_write_nothing_to_a_new_group(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v2, CGROUP_LIMITS_NONE, false, "");
        assert_plan(cgroup_limits_plan_v1, CGROUP_LIMITS_NONE, false, "");
}

static void test_every_limit_has_its_v2_file(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v2,
                        all_limits(),
                        false,
                        "memory.min=1000\nmemory.low=max\n"
                        "memory.high=900000\nmemory.max=1000000\nmemory.swap.max=500000\n"
                        "memory.zswap.max=0\nmemory.zswap.writeback=0\n"
                        "memory.oom.group=1\npids.max=77\ncpu.max=150000 100000\ncpu.weight=300\n"
                        "cpuset.cpus=0-3,8\ncpuset.mems=0-1\nio.weight=default "
                        "1000\nio.bfq.weight=181\n");
}

static void test_every_limit_has_its_v1_file(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v1,
                        all_limits_v1(),
                        false,
                        "memory.limit_in_bytes=1000000\nmemory.memsw.limit_in_bytes=1500000\n"
                        "pids.max=77\ncpu.cfs_period_us=100000\ncpu.cfs_quota_us=150000\n"
                        "cpu.shares=3072\ncpuset.cpus=0-3,8\ncpuset.mems=0-1\nblkio.bfq.weight="
                        "181\n");
}

static void test_defaults_come_back_to_a_used_group(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v2,
                        CGROUP_LIMITS_NONE,
                        true,
                        "-memory.min=0\n-memory.low=0\n"
                        "-memory.high=max\n-memory.max=max\n-memory.swap.max=max\n"
                        "-memory.zswap.max=max\n-memory.zswap.writeback=1\n"
                        "-memory.oom.group=0\n-pids.max=max\n-cpu.max=max 100000\n-cpu.idle=0\n"
                        "-cpu.weight=100\n-cpuset.cpus=\n\n-cpuset.mems=\n\n-io.weight=default "
                        "100\n"
                        "-io.bfq.weight=100\n"
                        "*io.weight=default\n*io.bfq.weight=default\n*io.max=rbps=max\n"
                        "*io.max=wbps=max\n*io.max=riops=max\n*io.max=wiops=max\n"
                        "*io.latency=target=max\n");
        assert_plan(cgroup_limits_plan_v1,
                        CGROUP_LIMITS_NONE,
                        true,
                        "-memory.memsw.limit_in_bytes=-1\n-memory.limit_in_bytes=-1\n"
                        "-pids.max=max\n-cpu.cfs_quota_us=-1\n-cpu.cfs_period_us=100000\n"
                        "-cpu.shares=1024\n-cpuset.cpus=(parent)\n-cpuset.mems=(parent)\n"
                        "-blkio.bfq.weight=100\n*blkio.bfq.weight_device=default\n"
                        "*blkio.throttle.read_bps_device=0\n*blkio.throttle.write_bps_device=0\n"
                        "*blkio.throttle.read_iops_device=0\n"
                        "*blkio.throttle.write_iops_device=0\n");
}

static const CgroupIoLimit io_limits[] = {
        { CGROUP_IO_WEIGHT, 8, 0, 5050 },
        { CGROUP_IO_READ_BYTES, 8, 0, 5000000 },
        { CGROUP_IO_READ_BYTES, 259, 3, UINT64_MAX },
        { CGROUP_IO_WRITE_BYTES, 8, 0, 1000 },
        { CGROUP_IO_READ_OPERATIONS, 8, 16, 7 },
        { CGROUP_IO_WRITE_OPERATIONS, 8, 16, 8 },
};

static void test_limits_of_disks_have_their_v2_lines(void **state) {
        const CgroupIoLimit latency = { CGROUP_IO_LATENCY_USEC, 8, 0, 75000 };

        (void) state;
        assert_plan(cgroup_limits_plan_v2,
                        WITH(l->io = io_limits, l->n_io = ELEMENTSOF(io_limits)),
                        false,
                        "io.weight=8:0 5050\nio.bfq.weight=8:0 550\nio.max=8:0 rbps=5000000\n"
                        "io.max=259:3 rbps=max\nio.max=8:0 wbps=1000\nio.max=8:16 riops=7\n"
                        "io.max=8:16 wiops=8\n");
        assert_plan(cgroup_limits_plan_v2,
                        WITH(l->io = &latency, l->n_io = 1),
                        false,
                        "io.latency=8:0 target=75000\n");
}

static void test_limits_of_disks_have_their_v1_lines(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->io = io_limits, l->n_io = ELEMENTSOF(io_limits)),
                        false,
                        "blkio.bfq.weight_device=8:0 550\n"
                        "blkio.throttle.read_bps_device=8:0 5000000\n"
                        "blkio.throttle.read_bps_device=259:3 0\n"
                        "blkio.throttle.write_bps_device=8:0 1000\n"
                        "blkio.throttle.read_iops_device=8:16 7\n"
                        "blkio.throttle.write_iops_device=8:16 8\n");
}

static void test_limits_that_differ_in_one_disk_alone_differ(void **state) {
        CgroupIoLimit changed[ELEMENTSOF(io_limits)];
        CgroupLimits a = WITH(l->io = io_limits, l->n_io = ELEMENTSOF(io_limits));
        CgroupLimits b = WITH(l->io = changed, l->n_io = ELEMENTSOF(io_limits));

        (void) state;
        memcpy(changed, io_limits, sizeof(io_limits));
        assert_true(cgroup_limits_equal(&a, &b));
        changed[1].value++;
        assert_false(cgroup_limits_equal(&a, &b));
        b.n_io--;
        assert_false(cgroup_limits_equal(&a, &b));
}

static void test_each_limit_makes_a_difference(void **state) {
        const CgroupLimits none = CGROUP_LIMITS_NONE;
        const CgroupLimits others[] = {
                WITH(l->memory_min_bytes = 1),
                WITH(l->memory_low_bytes = 1),
                WITH(l->memory_zswap_max_bytes = 1),
                WITH(l->memory_no_zswap_writeback = true),
                WITH(l->memory_nodes = "0"),
                WITH(l->cpu_period_usec = 1000),
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                assert_false(cgroup_limits_equal(&none, &others[i]));
}

/* The kernel refuses a limit for memory and swap together that is below the one for memory. */
static void test_v1_memory_limit_finds_the_swap_limit_out_of_its_way(void **state) {
        CgroupLimits limits = WITH(l->memory_max_bytes = 5000, l->memory_swap_max_bytes = 0);
        _cleanup_free_ char *text = plan_text(cgroup_limits_plan_v1, &limits, true);

        (void) state;
        assert_true(str_has_prefix(text,
                        "-memory.memsw.limit_in_bytes=-1\nmemory.limit_in_bytes=5000\n"
                        "memory.memsw.limit_in_bytes=5000\n"));
}

static void test_v1_refuses_what_it_cannot_do_by_name(void **state) {
        (void) state;
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_high_bytes = 1),
                        -EOPNOTSUPP,
                        "MemoryHigh");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_swap_max_bytes = 0),
                        -EOPNOTSUPP,
                        "MemorySwapMax");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_min_bytes = 1),
                        -EOPNOTSUPP,
                        "MemoryMin");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_low_bytes = UINT64_MAX),
                        -EOPNOTSUPP,
                        "MemoryLow");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_zswap_max_bytes = 0),
                        -EOPNOTSUPP,
                        "MemoryZSwapMax");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_no_zswap_writeback = true),
                        -EOPNOTSUPP,
                        "MemoryZSwapWriteback");
        const CgroupIoLimit latency = { CGROUP_IO_LATENCY_USEC, 8, 0, 75000 };
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->io = &latency, l->n_io = 1),
                        -EOPNOTSUPP,
                        "IODeviceLatencyTargetSec");
        assert_refused(cgroup_limits_plan_v1,
                        WITH(l->memory_oom_group = true),
                        -EOPNOTSUPP,
                        "OOMPolicy");
}

static void test_swap_beyond_all_numbers_is_unlimited_on_v1(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->memory_max_bytes = 4096, l->memory_swap_max_bytes = UINT64_MAX - 1),
                        false,
                        "memory.limit_in_bytes=4096\nmemory.memsw.limit_in_bytes=-1\n");
}

static void test_small_cpu_quota_keeps_its_share_in_a_longer_period(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v2,
                        WITH(l->cpu_quota_usec = 500),
                        false,
                        "cpu.max=1000 200000\n");
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->cpu_quota_usec = 100),
                        false,
                        "cpu.cfs_period_us=1000000\ncpu.cfs_quota_us=1000\n");
        assert_refused(cgroup_limits_plan_v2, WITH(l->cpu_quota_usec = 99), -ERANGE, "CPUQuota");
        assert_refused(cgroup_limits_plan_v1, WITH(l->cpu_quota_usec = 0), -ERANGE, "CPUQuota");
        assert_refused(cgroup_limits_plan_v2,
                        WITH(l->cpu_quota_usec = 5000, l->cpu_period_usec = 0),
                        -ERANGE,
                        "CPUQuota");
}

static void test_idle_is_the_least_weight_and_the_idle_class(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v2,
                        WITH(l->cpu_weight = 0),
                        false,
                        "cpu.weight=1\ncpu.idle=1\n");
        assert_plan(cgroup_limits_plan_v1, WITH(l->cpu_weight = 0), false, "cpu.shares=2\n");
}

static void test_weights_map_ends_and_default_of_the_scales(void **state) {
        (void) state;
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->cpu_weight = 1, l->io_weight = 1),
                        false,
                        "cpu.shares=10\nblkio.bfq.weight=1\n");
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->cpu_weight = 100, l->io_weight = 100),
                        false,
                        "cpu.shares=1024\nblkio.bfq.weight=100\n");
        assert_plan(cgroup_limits_plan_v1,
                        WITH(l->cpu_weight = 10000, l->io_weight = 10000),
                        false,
                        "cpu.shares=102400\nblkio.bfq.weight=1000\n");
        assert_refused(cgroup_limits_plan_v1, WITH(l->cpu_weight = 10001), -ERANGE, "CPUWeight");
        assert_refused(cgroup_limits_plan_v2, WITH(l->io_weight = 10001), -ERANGE, "IOWeight");
}

static void test_any_differing_member_makes_limits_unequal(void **state) {
        CgroupLimits a = all_limits(), b = all_limits();
        char cpus[] = "0-3,8"; /* compared as text, not as pointer */

        (void) state;
        b.cpus = cpus;
        assert_true(cgroup_limits_equal(&a, &b));
        for (size_t i = 0; i < offsetof(CgroupLimits, cpus); i += sizeof(uint64_t)) {
                b = a;
                ++*(uint64_t *) ((char *) &b + i);
                assert_false(cgroup_limits_equal(&a, &b));
        }
        b = a;
        b.cpus = NULL;
        assert_false(cgroup_limits_equal(&a, &b));
        b = a;
        b.memory_oom_group = false;
        assert_false(cgroup_limits_equal(&a, &b));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_limits_write_nothing_to_a_new_group),
                cmocka_unit_test(test_every_limit_has_its_v2_file),
                cmocka_unit_test(test_every_limit_has_its_v1_file),
                cmocka_unit_test(test_limits_of_disks_have_their_v2_lines),
                cmocka_unit_test(test_limits_of_disks_have_their_v1_lines),
                cmocka_unit_test(test_limits_that_differ_in_one_disk_alone_differ),
                cmocka_unit_test(test_each_limit_makes_a_difference),
                cmocka_unit_test(test_defaults_come_back_to_a_used_group),
                cmocka_unit_test(test_v1_memory_limit_finds_the_swap_limit_out_of_its_way),
                cmocka_unit_test(test_v1_refuses_what_it_cannot_do_by_name),
                cmocka_unit_test(test_swap_beyond_all_numbers_is_unlimited_on_v1),
                cmocka_unit_test(test_small_cpu_quota_keeps_its_share_in_a_longer_period),
                cmocka_unit_test(test_idle_is_the_least_weight_and_the_idle_class),
                cmocka_unit_test(test_weights_map_ends_and_default_of_the_scales),
                cmocka_unit_test(test_any_differing_member_makes_limits_unequal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
