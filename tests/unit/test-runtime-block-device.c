/* SPDX-License-Identifier: MIT */
#include "runtime/block-device.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

/* A sysfs as small as can be: directories as the kernel nests them, and the links of /sys/dev/block. */
typedef struct Sysfs {
        char directory[64];
        int fd, block_fd;
} Sysfs;

static void make_file(Sysfs *s, const char *path, const char *text) {
        _cleanup_free_ char *whole = str_printf("%s/%s", s->directory, path);
        _cleanup_free_ char *parent = strndup(whole, (size_t) (strrchr(whole, '/') - whole));

        assert_true(dir_make_all(parent, 0755) >= 0);
        assert_int_equal(file_replace(AT_FDCWD, whole, text, 0644, false), 0);
}

static void make_link(Sysfs *s, const char *path, const char *to) {
        assert_int_equal(symlinkat(to, s->fd, path), 0);
}

static int sysfs_make(void **state) {
        static Sysfs s;

        (void) snprintf(s.directory, sizeof(s.directory), "/tmp/test-block-device-XXXXXX");
        assert_non_null(mkdtemp(s.directory));
        s.fd = open(s.directory, O_DIRECTORY | O_CLOEXEC);

        make_file(&s, "devices/sda/dev", "8:0\n");
        make_file(&s, "devices/sda/sda2/dev", "8:2\n");
        make_file(&s, "devices/sda/sda2/partition", "2\n");
        make_file(&s, "devices/sdb/dev", "8:16\n");
        /* LUKS on the partition, a volume on that, and one that spans two disks */
        make_file(&s, "devices/dm-0/dev", "253:0\n");
        make_file(&s, "devices/dm-1/dev", "253:1\n");
        make_file(&s, "devices/dm-2/dev", "253:2\n");
        make_file(&s, "devices/dm-0/slaves/x", "");
        make_file(&s, "devices/dm-1/slaves/x", "");
        make_file(&s, "devices/dm-2/slaves/x", "");
        make_file(&s, "block/x", "");
        static const char *const placeholders[] = {
                "devices/dm-0/slaves/x", "devices/dm-1/slaves/x", "devices/dm-2/slaves/x", "block/x"
        };
        for (size_t i = 0; i < ELEMENTSOF(placeholders); i++)
                assert_int_equal(unlinkat(s.fd, placeholders[i], 0), 0);
        make_link(&s, "devices/dm-0/slaves/sda2", "../../sda/sda2");
        make_link(&s, "devices/dm-1/slaves/dm-0", "../../dm-0");
        make_link(&s, "devices/dm-2/slaves/sda", "../../sda");
        make_link(&s, "devices/dm-2/slaves/sdb", "../../sdb");
        make_link(&s, "block/8:0", "../devices/sda");
        make_link(&s, "block/8:2", "../devices/sda/sda2");
        make_link(&s, "block/253:0", "../devices/dm-0");
        make_link(&s, "block/253:1", "../devices/dm-1");
        make_link(&s, "block/253:2", "../devices/dm-2");
        /* no sane kernel says so */
        make_file(&s, "devices/dm-9/dev", "253:9\n");
        make_file(&s, "devices/dm-9/slaves/x", "");
        assert_int_equal(unlinkat(s.fd, "devices/dm-9/slaves/x", 0), 0);
        make_link(&s, "devices/dm-9/slaves/dm-9", "../../dm-9");
        make_link(&s, "block/253:9", "../devices/dm-9");
        s.block_fd = openat(s.fd, "block", O_DIRECTORY | O_CLOEXEC);
        *state = &s;
        return s.block_fd < 0;
}

static int sysfs_remove(void **state) {
        Sysfs *s = *state;

        (void) close_fd(s->block_fd);
        (void) close_fd(s->fd);
        return dir_remove_all(AT_FDCWD, s->directory);
}

static void assert_whole(void **state, dev_t device, dev_t expected) {
        const Sysfs *s = *state;

        assert_int_equal(block_device_find_whole(s->block_fd, device), expected);
}

static void test_a_disk_is_itself(void **state) {
        assert_whole(state, makedev(8, 0), makedev(8, 0));
}

static void test_a_partition_is_its_disk(void **state) {
        assert_whole(state, makedev(8, 2), makedev(8, 0));
}

static void test_a_mapping_of_one_disk_is_that_disk(void **state) {
        assert_whole(state, makedev(253, 0), makedev(8, 0));
        assert_whole(state, makedev(253, 1), makedev(8, 0));
}

static void test_a_mapping_of_several_disks_is_itself(void **state) {
        assert_whole(state, makedev(253, 2), makedev(253, 2));
}

static void test_an_unknown_device_is_itself(void **state) {
        assert_whole(state, makedev(77, 3), makedev(77, 3));
}

static void test_a_loop_of_devices_comes_to_an_end(void **state) {
        assert_whole(state, makedev(253, 9), makedev(253, 9));
}

static void test_the_source_of_a_mount_is_found_by_its_number(void **state) {
        static const char text[] = "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
                                   "29 1 0:26 /@ / rw shared:1 - btrfs /dev/sda3 rw,subvol=/@\n"
                                   "30 29 0:27 / /x rw shared:2 master:4 - overlay overlay rw";
        _cleanup_free_ char *source = block_device_of_mount(text, 29);

        (void) state;
        assert_string_equal(source, "/dev/sda3");
        assert_null(block_device_of_mount(text, 22));
        assert_null(block_device_of_mount(text, 30));
        assert_null(block_device_of_mount(text, 2));
        assert_null(block_device_of_mount("", 2));
}

static void test_what_is_on_no_disk_is_an_error_with_its_path(void **state) {
        _cleanup_(error_done) Error error = {};
        dev_t device;

        (void) state;
        assert_int_equal(block_device_find("/proc/self", &device, &error), -ENODEV);
        assert_non_null(strstr(error_text(&error, 0), "/proc/self is not a disk"));
        error_done(&error);
        assert_int_equal(block_device_find("/dev/null", &device, &error), -ENODEV);
        error_done(&error);
        assert_int_equal(block_device_find("/nonesuch", &device, &error), -ENOENT);
        assert_non_null(strstr(error_text(&error, 0), "/nonesuch"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_disk_is_itself),
                cmocka_unit_test(test_a_partition_is_its_disk),
                cmocka_unit_test(test_a_mapping_of_one_disk_is_that_disk),
                cmocka_unit_test(test_a_mapping_of_several_disks_is_itself),
                cmocka_unit_test(test_an_unknown_device_is_itself),
                cmocka_unit_test(test_a_loop_of_devices_comes_to_an_end),
                cmocka_unit_test(test_the_source_of_a_mount_is_found_by_its_number),
                cmocka_unit_test(test_what_is_on_no_disk_is_an_error_with_its_path),
        };

        return cmocka_run_group_tests(tests, sysfs_make, sysfs_remove);
}
