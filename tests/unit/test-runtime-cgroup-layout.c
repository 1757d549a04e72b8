/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-layout.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

#define ROOT_FS "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define V2_ALONE \
        ROOT_FS "26 21 0:24 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define HYBRID \
        ROOT_FS \
        "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n" \
        "32 31 0:29 / /sys/fs/cgroup/unified rw shared:9 master:2 - cgroup2 cgroup2 rw\n" \
        "33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n" \
        "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" \
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
        "36 31 0:33 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls\n" \
        "37 31 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"

static int parse(const char *mountinfo, const char *self_cgroup, CgroupLayout *ret) {
        return cgroup_layout_parse(mountinfo, self_cgroup, ret, NULL);
}

static void test_v2_alone_has_no_v1_places(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(V2_ALONE, "0::/system.slice/supd.service\n", &l), 0);
        assert_string_equal(l.v2.path, "/system.slice/supd.service");
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup/system.slice/supd.service");
        assert_int_equal(l.n_v1, 0);
}

static void test_hybrid_places_follow_each_hierarchys_own_path(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(HYBRID,
                                         "7:net_cls:/\n5:blkio:/\n3:memory:/deep/er\n"
                                         "2:cpu,cpuacct:/half\n1:name=systemd:/x\n0::/a:b\n",
                                         &l),
                        0);
        assert_string_equal(l.v2.path, "/a:b");
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup/unified/a:b");
        assert_int_equal(l.n_v1, 3); /* net_cls and name=systemd limit nothing of ours */
        assert_int_equal(l.v1[0].controllers, 1U << CGROUP_IO);
        assert_string_equal(l.v1[0].directory, "/sys/fs/cgroup/blkio");
        assert_string_equal(l.v1[1].directory, "/sys/fs/cgroup/memory/deep/er");
        assert_int_equal(l.v1[2].controllers, 1U << CGROUP_CPU);
        assert_string_equal(l.v1[2].directory, "/sys/fs/cgroup/cpu,cpuacct/half");
}

static void test_v1_hierarchy_that_is_not_mounted_is_left_out(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(HYBRID, "9:pids:/\n3:memory:/\n0::/\n", &l), 0);
        assert_int_equal(l.n_v1, 1);
        assert_int_equal(l.v1[0].controllers, 1U << CGROUP_MEMORY);
}

static void test_bind_mount_of_a_subtree_is_subtracted_from_the_path(void **state) {
        static const char mounts[] =
                        "26 21 0:24 /docker/4f /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        _cleanup_(cgroup_layout_done) CgroupLayout l = {}, top = {};

        (void) state;
        assert_int_equal(parse(mounts, "0::/docker/4f/inner\n", &l), 0);
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup/inner");
        assert_int_equal(parse(mounts, "0::/docker/4f\n", &top), 0);
        assert_string_equal(top.v2.directory, "/sys/fs/cgroup");
}

static void test_mount_that_does_not_show_us_is_refused(void **state) {
        static const char *const roots[] = { "/docker/4", "/..", "/../../other" };
        CgroupLayout l = {};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(roots); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_free_ char *mounts = str_printf(
                                "26 21 0:24 %s /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", roots[i]);

                assert_int_equal(cgroup_layout_parse(mounts, "0::/docker/4f\n", &l, &error),
                                -EOPNOTSUPP);
                assert_non_null(strstr(error_text(&error, 0), "/docker/4f"));
        }
        assert_int_equal(parse(V2_ALONE, "0::/../outside\n", &l), -EOPNOTSUPP);
}

static void test_v1_alone_is_refused_with_advice(void **state) {
        _cleanup_(error_done) Error error = {};
        CgroupLayout l = {};

        (void) state;
        assert_int_equal(cgroup_layout_parse("35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup "
                                             "cgroup rw,memory\n",
                                         "3:memory:/\n",
                                         &l,
                                         &error),
                        -EOPNOTSUPP);
        assert_int_equal(error.code, ERROR_NOT_SUPPORTED);
        assert_non_null(strstr(error_text(&error, 0), "cgroup2"));
}

static void test_customary_mount_wins_over_a_containers(void **state) {
        static const char mounts[] = "40 21 0:24 / /srv/box/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
                                     "26 21 0:24 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
                                     "41 21 0:24 / /mnt/other rw - cgroup2 cgroup2 rw\n";
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(mounts, "0::/a\n", &l), 0);
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup/a");
}

static void test_escapes_of_mountinfo_are_undone(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse("26 21 0:24 / /mnt/c\\040g\\134x rw - cgroup2 none rw\n",
                                         "0::/\n",
                                         &l),
                        0);
        assert_string_equal(l.v2.directory, "/mnt/c g\\x");
}

static void test_malformed_lines_are_passed_over(void **state) {
        static const char mounts[] =
                        "\n26\n26 21 0:24 /\n26 21 0:24 / /x rw\n"
                        "26 21 0:24 / /x rw - cgroup2\n26 21 0:24 / /x rw - cgroup2 y\n"
                        "26 21 0:24 / /y rw - cgroup2 y rw";
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(mounts, "\n0\n0:\n0::\nx:memory:y\n0::/z", &l), 0);
        assert_string_equal(l.v2.directory, "/y/z");
}

static void test_going_up_ends_at_the_mount_point(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout l = {};

        (void) state;
        assert_int_equal(parse(V2_ALONE, "0::/a/supd\n", &l), 0);
        assert_int_equal(cgroup_place_up(&l.v2), 0);
        assert_string_equal(l.v2.path, "/a");
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup/a");
        assert_int_equal(cgroup_place_up(&l.v2), 0);
        assert_string_equal(l.v2.path, "/");
        assert_string_equal(l.v2.directory, "/sys/fs/cgroup");
        assert_int_equal(cgroup_place_up(&l.v2), -ENOENT);
}

static void test_controllers_are_formatted_in_one_order(void **state) {
        _cleanup_free_ char *text = cgroup_controllers_format(cgroup_controllers_parse(
                        "pids blkio nonsense memory cpuacct cpu\n", " \n"));
        _cleanup_free_ char *none = cgroup_controllers_format(0);

        (void) state;
        assert_string_equal(text, "cpu io memory pids");
        assert_string_equal(none, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_v2_alone_has_no_v1_places),
                cmocka_unit_test(test_hybrid_places_follow_each_hierarchys_own_path),
                cmocka_unit_test(test_v1_hierarchy_that_is_not_mounted_is_left_out),
                cmocka_unit_test(test_bind_mount_of_a_subtree_is_subtracted_from_the_path),
                cmocka_unit_test(test_mount_that_does_not_show_us_is_refused),
                cmocka_unit_test(test_v1_alone_is_refused_with_advice),
                cmocka_unit_test(test_customary_mount_wins_over_a_containers),
                cmocka_unit_test(test_escapes_of_mountinfo_are_undone),
                cmocka_unit_test(test_malformed_lines_are_passed_over),
                cmocka_unit_test(test_going_up_ends_at_the_mount_point),
                cmocka_unit_test(test_controllers_are_formatted_in_one_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
