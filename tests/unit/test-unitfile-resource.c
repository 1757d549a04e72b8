/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"

#include "base/clock.h"

/* Limits of [Service] beyond those of test-unitfile-load.c. */

static void test_memory_protections_and_zswap_fill_their_members(void **state) {
        UnitSpec *u = fixture_load_service("MemoryMin=10M\nMemoryLow=50%\nMemoryZSwapMax=0\n"
                                           "MemoryZSwapWriteback=no");
        const ResourceSpec *r = &u->service.resource;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(r->memory_min.value, 10 << 20);
        assert_true(r->memory_low.relative && r->memory_low.value == 5000);
        assert_int_equal(r->memory_zswap_max.value, 0);
        assert_false(r->memory_zswap_writeback);
        unit_spec_free(u);
}

static void test_an_empty_value_brings_the_default_back(void **state) {
        UnitSpec *u = fixture_load_service("MemoryMin=10M\nMemoryMin=\nMemoryZSwapMax=1G\n"
                                           "MemoryZSwapMax=\nCPUQuotaPeriodSec=10ms\n"
                                           "CPUQuotaPeriodSec=\nAllowedMemoryNodes=0\n"
                                           "AllowedMemoryNodes=\nIOReadIOPSMax=/a 5\n"
                                           "IOReadIOPSMax=");
        const ResourceSpec *r = &u->service.resource;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(r->memory_min.value, 0);
        assert_true(r->memory_zswap_max.value == UINT64_MAX);
        assert_true(r->cpu_quota_period_usec == UINT64_MAX);
        assert_null(r->allowed_memory_nodes);
        assert_int_equal(r->io[IO_LIMIT_READ_OPERATIONS].n, 0);
        unit_spec_free(u);
}

static void test_the_period_of_a_quota_is_within_what_the_kernel_takes(void **state) {
        static const struct {
                const char *line;
                uint64_t usec;
        } cases[] = {
                { "CPUQuotaPeriodSec=10ms", 10000 },
                { "CPUQuotaPeriodSec=1us", 1000 },
                { "CPUQuotaPeriodSec=1h", 1000000 },
                { "CPUQuotaPeriodSec=infinity", 1000000 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_service(cases[i].line);
                fixture_assert_loaded(u);
                assert_int_equal(u->service.resource.cpu_quota_period_usec, cases[i].usec);
                unit_spec_free(u);
        }
}

static void assert_limit(const IoLimitList *list, size_t i, const char *path, uint64_t value) {
        assert_true(i < list->n);
        assert_string_equal(list->items[i].path, path);
        assert_true(list->items[i].value == value);
}

static void test_limits_of_disks_are_lists_of_paths_and_values(void **state) {
        UnitSpec *u = fixture_load_service(
                        "IODeviceWeight=/dev/sda 200\nIODeviceWeight=\"/srv/my data\" 1\n"
                        "IOReadBandwidthMax=/dev/sda 5M\nIOReadBandwidthMax=/dev/sdb 1K\n"
                        "IOReadBandwidthMax=/dev/sda infinity\n"
                        "IOWriteBandwidthMax=/var 1.5G\nIOReadIOPSMax=/ 7\nIOWriteIOPSMax=/ 2K\n"
                        "IODeviceLatencyTargetSec=/dev/sda 25ms");
        const IoLimitList *io = u->service.resource.io;

        (void) state;
        fixture_assert_loaded(u);
        assert_limit(&io[IO_LIMIT_WEIGHT], 0, "/dev/sda", 200);
        assert_limit(&io[IO_LIMIT_WEIGHT], 1, "/srv/my data", 1);
        assert_int_equal(io[IO_LIMIT_READ_BYTES].n, 2);
        assert_limit(&io[IO_LIMIT_READ_BYTES], 0, "/dev/sda", UINT64_MAX);
        assert_limit(&io[IO_LIMIT_READ_BYTES], 1, "/dev/sdb", 1000);
        assert_limit(&io[IO_LIMIT_WRITE_BYTES], 0, "/var", 1500000000);
        assert_limit(&io[IO_LIMIT_READ_OPERATIONS], 0, "/", 7);
        assert_limit(&io[IO_LIMIT_WRITE_OPERATIONS], 0, "/", 2000);
        assert_limit(&io[IO_LIMIT_LATENCY_USEC], 0, "/dev/sda", 25 * USEC_PER_MSEC);
        unit_spec_free(u);
}

/* A limit that is not set would let the unit run without it. */
static void test_bad_limits_are_errors(void **state) {
        static const struct {
                const char *line, *message;
        } cases[] = {
                { "MemoryMin=much", "Service.MemoryMin: 'much' is not a size" },
                { "MemoryLow=101%", "Service.MemoryLow: '101%' is not a size" },
                { "MemoryZSwapWriteback=maybe", "'maybe' is not a boolean" },
                { "CPUQuotaPeriodSec=soon", "'soon' is not a time span" },
                { "AllowedMemoryNodes=x", "'x' is not a set of memory nodes" },
                { "IODeviceWeight=/dev/sda 10001", "is not a path and a weight" },
                { "IODeviceWeight=/dev/sda 0", "is not a path and a weight" },
                { "IODeviceWeight=/dev/sda", "is not a path and a weight" },
                { "IOReadBandwidthMax=sda 5M", "is not a path and a rate" },
                { "IOReadBandwidthMax=/dev/sda 5X", "is not a path and a rate" },
                { "IOReadIOPSMax=/dev/sda 0", "is not a path and a rate" },
                { "IOWriteIOPSMax=/dev/sda 5 6", "is not a path and a rate" },
                { "IODeviceLatencyTargetSec=/dev/sda 0", "is not a path and a time span" },
                { "DevicePolicy=open", "'open' is not auto, closed or strict" },
                { "DeviceAllow=fuse", "is not /dev/NAME" },
                { "DeviceAllow=/dev/fuse rx", "is not /dev/NAME" },
                { "DeviceAllow=/dev/fuse rr", "is not /dev/NAME" },
                { "DeviceAllow=char-", "is not /dev/NAME" },
                { "DeviceAllow=/dev/fuse r w", "is not /dev/NAME" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_service(cases[i].line);
                assert_int_not_equal(u->load_state, UNIT_LOADED);
                fixture_assert_says(&u->diagnostics, cases[i].message);
                unit_spec_free(u);
        }
}

static void test_devices_are_nodes_or_drivers_with_an_access(void **state) {
        UnitSpec *u = fixture_load_service(
                        "DevicePolicy=strict\nDeviceAllow=/dev/fuse rw\nDeviceAllow=char-pts\n"
                        "DeviceAllow=block-loop* r\nDeviceAllow=/dev/fuse r");
        const DeviceAllowList *list = &u->service.resource.device_allow;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->service.resource.device_policy, DEVICE_POLICY_STRICT);
        assert_int_equal(list->n, 3);
        assert_string_equal(list->items[0].device, "/dev/fuse");
        assert_true(list->items[0].read && !list->items[0].write && !list->items[0].mknod);
        assert_true(list->items[1].read && list->items[1].write && list->items[1].mknod);
        assert_string_equal(list->items[2].device, "block-loop*");
        unit_spec_free(u);
}

static void test_lists_of_devices_are_compared_whole(void **state) {
        UnitSpec *a = fixture_load_service("DeviceAllow=/dev/fuse rw");
        UnitSpec *b = fixture_load_service("DeviceAllow=/dev/fuse r");
        UnitSpec *c = fixture_load_service("");
        const DeviceAllowList *x = &a->service.resource.device_allow,
                              *y = &b->service.resource.device_allow,
                              *none = &c->service.resource.device_allow;

        (void) state;
        assert_true(device_allow_lists_equal(x, x) && device_allow_lists_equal(none, none));
        assert_false(device_allow_lists_equal(x, y) || device_allow_lists_equal(x, none));
        unit_spec_free(a);
        unit_spec_free(b);
        unit_spec_free(c);
}

static void test_disks_without_number_are_refused(void **state) {
        IoLimitList list = {};
        char path[32];

        (void) state;
        for (unsigned i = 0; i < IO_LIMITS_MAX; i++) {
                (void) snprintf(path, sizeof(path), "/dev/disk%u", i);
                assert_int_equal(io_limit_list_set(&list, path, 1), 0);
        }
        assert_int_equal(io_limit_list_set(&list, "/dev/more", 1), -E2BIG);
        assert_int_equal(io_limit_list_set(&list, path, 2), 0);
        io_limit_list_done(&list);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory_protections_and_zswap_fill_their_members),
                cmocka_unit_test(test_an_empty_value_brings_the_default_back),
                cmocka_unit_test(test_the_period_of_a_quota_is_within_what_the_kernel_takes),
                cmocka_unit_test(test_limits_of_disks_are_lists_of_paths_and_values),
                cmocka_unit_test(test_bad_limits_are_errors),
                cmocka_unit_test(test_devices_are_nodes_or_drivers_with_an_access),
                cmocka_unit_test(test_lists_of_devices_are_compared_whole),
                cmocka_unit_test(test_disks_without_number_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
