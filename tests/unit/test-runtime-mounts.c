/* SPDX-License-Identifier: MIT */

/* What a container sees of files; needs root. */

#include "runtime/mounts.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>

#include "runtime/capabilities.h"
#include "test-runtime-fixture.h"

/* ---- file systems ---- */

static void test_an_overlay_leaves_the_directory_untouched(void **state) {
        Fixture *f = fixture(state);

        run(f, "echo changed >/etc/passwd; mkdir /new; rm /bin/date; cat /etc/passwd; ls -d /new");
        assert_string_equal(f->output, "changed\n/new\n");
        assert_true(exists(f->root, "bin/date"));
        assert_false(exists(f->root, "new"));
        assert_false(exists(f->root, "proc"));
}

static void test_a_root_path_with_separators_works(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *odd = path_in(f->dir, "a:b,c\\d e");

        assert_int_equal(rename(f->root, odd), 0);
        f->spec.root.path = odd;
        assert_prints(f, "hostname", "box\n");
        assert_int_equal(rename(odd, f->root), 0);
}

static void test_a_directory_root_is_written_to(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.overlay = false;
        run(f, "echo kept >/kept");
        assert_ran(f);
        assert_true(exists(f->root, "kept"));
}

static void test_nothing_stays_mounted_on_the_host(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *mounts = NULL;

        run(f, "true");
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", OUTPUT_MAX, &mounts, NULL), 0);
        assert_null(strstr(mounts, f->dir));
}

static void test_the_host_is_out_of_reach(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *script =
                        str_printf("ls -d /../..%s 2>/dev/null; cat /proc/self/mountinfo", f->dir);

        /* The old root is gone with all that was mounted there: only the first mount is a root. */
        run(f, script);
        assert_null(strstr(f->output, f->dir));
        assert_prints(f, "grep -c ' / / ' /proc/self/mountinfo", "1\n");
}

static void test_dev_holds_the_default_devices_and_nothing_else(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "cd /dev && echo *; stat -c '%F %t:%T %a' null zero full random urandom "
                        "tty;"
                        "for l in fd stdin stdout stderr core ptmx; do readlink $l; done; echo x "
                        ">/dev/null; head -c 3 "
                        "/dev/zero | wc -c",
                        "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty "
                        "urandom zero\n"
                        "character special file 1:3 666\ncharacter special file 1:5 666\n"
                        "character special file 1:7 666\ncharacter special file 1:8 666\n"
                        "character special file 1:9 666\ncharacter special file 5:0 666\n"
                        "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/"
                        "kcore\npts/ptmx\n"
                        "3\n");
}

static void test_kernel_file_systems_have_their_flags(void **state) {
        Fixture *f = fixture(state);

        run(f, "mount");
        assert_contains(f, "proc on /proc type proc (rw,nosuid,nodev,noexec");
        assert_contains(f, "sysfs on /sys type sysfs (ro,nosuid,nodev,noexec");
        assert_contains(f, "cgroup2 on /sys/fs/cgroup type cgroup2 (ro,nosuid,nodev,noexec");
        assert_contains(f, "tmpfs on /dev type tmpfs (rw,nosuid");
        assert_contains(f, "devpts on /dev/pts type devpts (rw,nosuid,noexec");
        assert_contains(f, "ptmxmode=666");
        assert_contains(f, "mqueue on /dev/mqueue type mqueue (rw,nosuid,nodev,noexec");
        assert_contains(f, "tmpfs on /dev/shm type tmpfs (rw,nosuid,nodev,noexec");
        assert_contains(f, "size=1024k");
}

static void test_masked_paths_are_empty(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts "
                        "/proc/latency_stats; do "
                        "[ ! -e $p ] || [ $(head -c 8 $p | wc -c) = 0 ] || echo $p; done;"
                        "for d in /proc/acpi /proc/scsi /sys/firmware; do [ ! -e $d ] || ls $d; "
                        "done;"
                        "touch /sys/firmware/x 2>/dev/null && echo writable",
                        "");
}

static void test_read_only_paths_can_not_be_written(void **state) {
        Fixture *f = fixture(state);

        f->spec.security.capabilities = UINT64_MAX; /* not for want of a right */
        run(f,
                        "for p in /proc/sys/kernel/hostname /proc/sysrq-trigger; do [ ! -e $p ] || "
                        "{ echo h >$p; } 2>&1 | grep -c 'Read-only file system'; done");
        assert_contains(f, "1\n");
        assert_null(strstr(f->output, "0"));
}

static void test_unmask_and_mask_change_the_lists(void **state) {
        Fixture *f = fixture(state);
        char *unmask[] = { (char *) "/proc/key*", NULL }, *all[] = { (char *) "ALL", NULL };
        char *mask[] = { (char *) "/etc/passwd", (char *) "/etc", NULL };

        f->spec.root.unmask = unmask;
        run(f, "[ $(head -c 4 /proc/timer_list | wc -c) = 0 ] && mount | grep -c 'on /proc/keys '");
        assert_string_equal(f->output, "0\n");
        f->spec.root.unmask = all;
        run(f, "mount | grep -c ' on /proc/'");
        assert_string_equal(f->output, "0\n");
        f->spec.root.mask = mask;
        assert_prints(f, "ls /etc | wc -l", "0\n");
}

/* ---- volumes ---- */

static void test_volumes_are_writable_or_not(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = {
                { .source = source, .target = "/rw", .recursive = true },
                { .source = source,
                                .target = "/ro",
                                .recursive = true,
                                .read_only = true,
                                .noexec = true },
        };

        make_dir(f->dir, "data");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 2;
        run(f,
                        "echo a >/rw/file; cat /ro/file; echo b >/ro/file; mount | grep -c 'on /ro "
                        ".*(ro,.*noexec'");
        assert_contains(f, "a\n");
        assert_contains(f, "Read-only file system");
        assert_contains(f, "\n1\n");
        assert_true(exists(f->dir, "data/file"));
}

static void test_read_only_covers_what_is_mounted_below_a_volume(void **state) {
        Fixture *f = fixture(state);
        RuntimeBind binds[] = {
                { .source = "/dev", .target = "/host", .recursive = true, .read_only = true }
        };

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        run(f, "touch /host/shm/x 2>&1");
        assert_contains(f, "Read-only file system");
}

static void test_files_and_sockets_are_volumes_too(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "conf");
        RuntimeBind binds[] = { { .source = source, .target = "/etc/new/conf" } };

        write_file(f->dir, "conf", "text\n");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_prints(f, "cat /etc/new/conf", "text\n");
}

static void test_a_link_in_the_root_does_not_lead_a_mount_out(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data"), *evil = path_in(f->dir, "evil");
        _cleanup_free_ char *script = str_printf("cat %s/mark; cat /data/mark", evil);
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };

        make_dir(f->dir, "data");
        make_dir(f->dir, "evil");
        write_file(f->dir, "data/mark", "volume\n");
        make_link(evil, f->root, "data");
        f->spec.root.overlay = false;
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;

        /* Dangling inside the root: refused. */
        run(f, script);
        assert_non_null(f->error);
        assert_null(f->output && *f->output ? f->output : NULL);

        /* Leading to a directory of the same name inside the root: that one is taken. */
        _cleanup_free_ char *inside = str_printf("%s%s", f->root, evil);
        assert_int_equal(dir_make_all(inside, 0755), 0);
        run(f, script);
        assert_string_equal(f->output, "volume\nvolume\n");
        assert_false(exists(f->dir, "evil/mark"));
}

static void test_nothing_is_mounted_over_procfs(void **state) {
        Fixture *f = fixture(state);
        RuntimeBind binds[] = { { .source = "/tmp", .target = "/proc/sys" } };

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_fails(f, "mount volume /tmp on /proc/sys: not permitted, or a target inside /proc");

        make_link("/proc/self", f->root, "trick");
        binds[0].target = "/trick/fd";
        run(f, "true");
        assert_non_null(f->error);
        assert_non_null(strstr(f->error, "mount volume /tmp on /trick/fd"));

        binds[0] = (RuntimeBind) { .source = "/etc/hostname", .target = "/proc/uptime" };
        run(f, "true");
        assert_null(f->error);
}

static void test_mounts_nest_whatever_their_order(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = { { .source = source, .target = "/a/b/c" } };
        RuntimeTmpfs tmpfs[] = { { .target = "/a/b" }, { .target = "/a", .options = "size=1m" } };

        make_dir(f->dir, "data");
        write_file(f->dir, "data/mark", "deep\n");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 2;
        assert_prints(f, "cat /a/b/c/mark; mount | grep -c ' on /a'", "deep\n3\n");
}

static void test_missing_sources_are_made_only_where_asked(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "new/deep");
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };
        _cleanup_free_ char *text =
                        str_printf("mount volume %s on /data: No such file or directory", source);

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_fails(f, text);
        binds[0].create_source = true;
        run(f, "true");
        assert_ran(f);
        assert_true(exists(f->dir, "new/deep"));
}

static bool is_mounted_in(const char *path) {
        _cleanup_free_ char *mounts = NULL, *word = str_printf(" %s ", path);

        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", OUTPUT_MAX, &mounts, NULL), 0);
        return strstr(mounts, word) != NULL;
}

/* In a mount namespace of the test's own: a shared volume hands what is mounted in it to the host. */
static void check_propagation(Fixture *f) {
        _cleanup_free_ char *source = path_in(f->dir, "shared"),
                            *inner = path_in(f->dir, "shared/in");
        RuntimeBind binds[] = { { .source = source, .target = "/data", .recursive = true } };

        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        make_dir(f->dir, "shared");
        assert_int_equal(mount("tmpfs", source, "tmpfs", 0, NULL), 0);
        assert_int_equal(mount(NULL, source, NULL, MS_SHARED, NULL), 0);
        make_dir(f->dir, "shared/in");

        f->spec.security = (RuntimeSecurity) { .capabilities = UINT64_MAX };
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_false(is_mounted_in(inner));

        binds[0].propagation = MS_SLAVE | MS_REC;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_false(is_mounted_in(inner));

        binds[0].propagation = MS_SHARED | MS_REC;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_true(is_mounted_in(inner));
        assert_int_equal(umount2(inner, MNT_DETACH), 0);

        /* Without the r: the volume itself is shared all the same. */
        binds[0].propagation = MS_SHARED;
        run(f, "grep -c 'shared:.* tmpfs' /proc/self/mountinfo");
        assert_string_equal(f->output, "1\n");
}

static void test_volumes_propagate_as_asked(void **state) {
        Fixture *f = fixture(state);
        int status;

        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                check_propagation(f);
                _exit(0); /* a failed assertion ends with cmocka's own status */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        _cleanup_free_ char *left = path_in(f->dir, "shared");
        assert_int_equal(dir_remove_all(AT_FDCWD, left), 0);
}

/* ---- tmpfs, read-only roots, time zone ---- */

static void test_tmpfs_takes_options_and_copies_up(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = {
                { .target = "/etc",
                                .options = "size=2m",
                                .copy_up = true,
                                .nosuid = true,
                                .noexec = true },
                { .target = "/plain", .options = "mode=700,uid=33" },
                { .target = "/bare" },
        };

        make_dir(f->root, "etc/deep/er");
        write_file(f->root, "etc/deep/er/file", "copied\n");
        make_link("deep/er/file", f->root, "etc/link");
        _cleanup_free_ char *deep = path_in(f->root, "etc/deep"),
                            *file = path_in(f->root, "etc/deep/er/file");
        assert_int_equal(chmod(deep, 01750), 0);
        assert_int_equal(chown(file, 33, 34), 0);
        assert_int_equal(chmod(file, 04751), 0);
        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 3;
        assert_prints(f,
                        "cat /etc/link; stat -c '%a %u:%g' /etc /etc/deep /etc/deep/er/file /plain "
                        "/bare; echo x >/etc/new;"
                        "mount | grep -c 'on /etc type tmpfs (rw,nosuid,noexec.*size=2048k'",
                        "copied\n755 0:0\n1750 0:0\n4751 33:34\n700 33:0\n1777 0:0\n1\n");
        assert_false(exists(f->root, "etc/new"));
}

static void test_a_copy_that_does_not_fit_is_an_error(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = { { .target = "/bin", .options = "size=64k", .copy_up = true } };

        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 1;
        assert_fails(f, "copy the content of /bin to its tmpfs: No space left on device");
}

static void test_bad_tmpfs_options_are_refused(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = { { .target = "/t", .options = "size=1m,color=red" } };

        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 1;
        assert_fails(f, "mount tmpfs on /t: bad option 'color=red'");
}

static void test_a_read_only_root_has_writable_tmpfs(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.read_only = f->spec.root.read_only_tmpfs = true;
        run(f,
                        "for d in / /etc /run /tmp /var/tmp /dev /dev/shm; do "
                        "touch $d/x 2>/dev/null && echo $d; done");
        assert_string_equal(f->output, "/run\n/tmp\n/var/tmp\n/dev\n/dev/shm\n");
        f->spec.root.read_only_tmpfs = false;
        run(f,
                        "for d in / /etc /run /tmp /var/tmp /dev /dev/shm; do "
                        "touch $d/x 2>/dev/null && echo $d; done; echo x >/dev/null");
        assert_string_equal(f->output, "");
}

static void test_a_read_only_root_keeps_volumes_writable(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };

        make_dir(f->dir, "data");
        f->spec.root.overlay = false;
        f->spec.root.read_only = true;
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_prints(f, "touch /data/x && ls /data; touch /x 2>/dev/null || echo no", "x\nno\n");
        assert_true(exists(f->dir, "data/x"));
        assert_false(exists(f->root, "x"));
}

static void test_the_time_zone_covers_a_link_and_not_its_target(void **state) {
        Fixture *f = fixture(state);

        if (access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) < 0)
                skip();
        make_dir(f->root, "usr/share/zoneinfo");
        write_file(f->root, "usr/share/zoneinfo/UTC", "mine\n");
        make_link("/usr/share/zoneinfo/UTC", f->root, "etc/localtime");
        f->spec.root.timezone = "Asia/Tokyo";
        run(f,
                        "head -c 4 /etc/localtime; echo; cat /usr/share/zoneinfo/UTC; touch "
                        "/etc/localtime 2>&1");
        assert_contains(f, "TZif\nmine\n");
        assert_contains(f, "Read-only file system");

        f->spec.root.timezone = "../../etc/passwd";
        assert_fails(f, "unknown timezone '../../etc/passwd'");
        f->spec.root.timezone = "Mars/Olympus";
        run(f, "true");
        assert_non_null(strstr(f->error, "unknown timezone 'Mars/Olympus'"));
}

/* ---- what older kernels lack ---- */

static void test_without_newer_calls_it_is_the_same_container(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = {
                { .source = source, .target = "/ro", .read_only = true, .noexec = true }
        };

        f->runtime->features.mount_setattr = false;
        f->runtime->features.clone3_into_cgroup = false;
        f->runtime->features.close_range_cloexec = false;
        make_dir(f->dir, "data");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        f->spec.root.read_only = true;
        run(f,
                        "touch /ro/x; touch /x; echo x >/proc/sys/kernel/hostname; "
                        "mount | grep -E ' on (/ro|/proc/sys) '");
        assert_contains(f, "/ro/x: Read-only file system");
        assert_contains(f, "touch: /x: Read-only file system");
        assert_contains(f, "hostname: Read-only file system");
        assert_contains(f, "on /ro type");
        assert_contains(f, "noexec");
        assert_contains(f, "proc on /proc/sys type proc (ro,nosuid,nodev,noexec");

        assert_prints(f, "ls /proc/1/fd; true", "0\n1\n2\n");
}

static void check_without_mknod(Fixture *f) {
        uint64_t mknod_only = UINT64_C(1) << CAP_MKNOD,
                 rest = capabilities_permitted() & ~mknod_only;

        assert_int_equal(capabilities_set(rest, rest), 0);
        f->spec.security.capabilities &= ~mknod_only;
        assert_prints(f,
                        "stat -c '%F %t:%T' /dev/null /dev/tty; echo x >/dev/null; head -c 2 "
                        "/dev/zero | wc -c;"
                        "mount | grep -c ' on /dev/[a-z]* type devtmpfs'; head -c 1 /proc/keys | "
                        "wc -c",
                        "character special file 1:3\ncharacter special file 5:0\n2\n6\n0\n");
}

static void test_without_the_right_to_make_devices_the_host_s_are_bound(void **state) {
        Fixture *f = fixture(state);
        int status;

        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                check_without_mknod(f);
                _exit(0); /* a failed assertion ends with cmocka's own status */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_overlay_leaves_the_directory_untouched),
                TEST(a_root_path_with_separators_works),
                TEST(a_directory_root_is_written_to),
                TEST(nothing_stays_mounted_on_the_host),
                TEST(the_host_is_out_of_reach),
                TEST(dev_holds_the_default_devices_and_nothing_else),
                TEST(kernel_file_systems_have_their_flags),
                TEST(masked_paths_are_empty),
                TEST(read_only_paths_can_not_be_written),
                TEST(unmask_and_mask_change_the_lists),
                TEST(volumes_are_writable_or_not),
                TEST(read_only_covers_what_is_mounted_below_a_volume),
                TEST(files_and_sockets_are_volumes_too),
                TEST(a_link_in_the_root_does_not_lead_a_mount_out),
                TEST(nothing_is_mounted_over_procfs),
                TEST(mounts_nest_whatever_their_order),
                TEST(missing_sources_are_made_only_where_asked),
                TEST(volumes_propagate_as_asked),
                TEST(tmpfs_takes_options_and_copies_up),
                TEST(a_copy_that_does_not_fit_is_an_error),
                TEST(bad_tmpfs_options_are_refused),
                TEST(a_read_only_root_has_writable_tmpfs),
                TEST(a_read_only_root_keeps_volumes_writable),
                TEST(the_time_zone_covers_a_link_and_not_its_target),
                TEST(without_newer_calls_it_is_the_same_container),
                TEST(without_the_right_to_make_devices_the_host_s_are_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
