/* SPDX-License-Identifier: MIT */
#include "runtime/plan.h"

#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "runtime/dev-tree.h"
#include "runtime/mounts.h"

static char *const command[] = { (char *) "run", (char *) "x", NULL };
static const RuntimeFeatures all_features = { true, true, true, true, true, true };

static RuntimeSpec spec_new(void) {
        return (RuntimeSpec) {
                .hostname = "box",
                .root = { .path = "/" },
                .process = { .argv = command,
                                .stdin_fd = -EBADF,
                                .stdout_fd = -EBADF,
                                .stderr_fd = -EBADF },
        };
}

static Plan *plan_of(const RuntimeSpec *spec) {
        Error error = {};
        Plan *p = NULL;

        if (plan_new(spec, &all_features, -EBADF, NULL, &p, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        return p;
}

static void assert_refused(const RuntimeSpec *spec, const char *text) {
        _cleanup_(error_done) Error error = {};
        Plan *p = NULL;

        assert_true(plan_new(spec, &all_features, -EBADF, NULL, &p, &error) < 0);
        assert_null(p);
        assert_string_equal(error.message, text);
}

static void test_mounts_come_parents_first_and_else_as_given(void **state) {
        RuntimeBind binds[] = {
                { .source = "/", .target = "/a/b/c" },
                { .source = "/", .target = "/z" },
                { .source = "/", .target = "//a///b/" },
                { .source = "/", .target = "/y" },
        };
        static const char *const expected[] = { "/z", "/y", "/a", "//a///b/", "/a/b/c" };
        RuntimeTmpfs tmpfs[] = { { .target = "/a" } };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.binds = binds;
        spec.root.n_binds = ELEMENTSOF(binds);
        spec.root.tmpfs = tmpfs;
        spec.root.n_tmpfs = 1;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_int_equal(p->n_mounts, ELEMENTSOF(expected));
        for (size_t i = 0; i < p->n_mounts; i++)
                assert_string_equal(p->mounts[i].target, expected[i]);
}

static void test_bad_targets_are_refused(void **state) {
        RuntimeBind bind = { .source = "/" };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.binds = &bind;
        spec.root.n_binds = 1;
        bind.target = "data";
        assert_refused(&spec, "mount target 'data' is not an absolute path");
        bind.target = "";
        assert_refused(&spec, "mount target '' is not an absolute path");
        bind.target = "//";
        assert_refused(&spec, "mount target '//' is the root itself");
        bind.target = "/a/../b";
        assert_refused(&spec, "mount target '/a/../b' contains '..'");
        bind.target = "/a/..";
        assert_refused(&spec, "mount target '/a/..' contains '..'");
}

static void test_flags_and_propagation_are_kept(void **state) {
        RuntimeBind binds[] = {
                { .source = "/",
                                .target = "/a",
                                .read_only = true,
                                .nodev = true,
                                .recursive = true },
                { .source = "/",
                                .target = "/b",
                                .noexec = true,
                                .nosuid = true,
                                .propagation = MS_SHARED },
                { .source = "/", .target = "/c", .propagation = MS_SLAVE | MS_REC },
        };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.binds = binds;
        spec.root.n_binds = ELEMENTSOF(binds);
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_int_equal(p->mounts[0].attributes, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
        assert_int_equal(p->mounts[0].propagation, MS_PRIVATE);
        assert_true(p->mounts[0].propagation_recursive && p->mounts[0].recursive);
        assert_int_equal(p->mounts[1].attributes, MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID);
        assert_int_equal(p->mounts[1].propagation, MS_SHARED);
        assert_false(p->mounts[1].propagation_recursive);
        assert_int_equal(p->mounts[2].propagation, MS_SLAVE);
        assert_true(p->mounts[2].propagation_recursive);
}

static void test_tmpfs_options_become_parameters(void **state) {
        RuntimeTmpfs tmpfs = { .target = "/t", .options = "size=64m,,mode=1777,nr_inodes=5" };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.tmpfs = &tmpfs;
        spec.root.n_tmpfs = 1;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        const PlanMount *m = &p->mounts[0];
        assert_int_equal(m->n_options, 3);
        assert_string_equal(m->options[0].key, "size");
        assert_string_equal(m->options[0].value, "64m");
        assert_string_equal(m->options[2].value, "5");
        assert_true(m->mode_set);

        tmpfs.options = "siz=1";
        assert_refused(&spec, "mount tmpfs on /t: bad option 'siz=1'");
        tmpfs.options = "size";
        assert_refused(&spec, "mount tmpfs on /t: bad option 'size'");
}

static void test_read_only_tmpfs_gives_way_to_what_is_asked_for(void **state) {
        RuntimeBind bind = { .source = "/", .target = "/run" };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.binds = &bind;
        spec.root.n_binds = 1;
        spec.root.read_only = spec.root.read_only_tmpfs = true;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_int_equal(p->n_mounts, 3);
        assert_int_equal(p->mounts[0].kind, PLAN_MOUNT_BIND);
        assert_string_equal(p->mounts[1].target, "/tmp");
        assert_string_equal(p->mounts[2].target, "/var/tmp");
        assert_false(p->dev_read_only);
}

static void test_names_are_looked_for_in_path(void **state) {
        char *environment[] = { (char *) "PATH=/one::/two:", NULL };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.process.environment = environment;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        static const char *const expected[] = { "/one/run", "./run", "/two/run", "./run" };
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_string_equal(p->exec_paths[i], expected[i]);
        assert_null(p->exec_paths[ELEMENTSOF(expected)]);

        char *by_path[] = { (char *) "bin/run", NULL };
        spec.process.argv = by_path;
        _cleanup_(plan_freep) Plan *q = plan_of(&spec);
        assert_string_equal(q->exec_paths[0], "bin/run");
        assert_null(q->exec_paths[1]);
}

static void test_path_and_home_are_filled_in(void **state) {
        char *environment[] = { (char *) "HOME=", (char *) "PATHS=x", NULL };
        RuntimeSpec spec = spec_new();

        (void) state;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_true(p->home_needed);
        assert_int_equal(p->home_slot, 1);
        assert_string_equal(p->environment[0],
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        assert_null(p->environment[1]);
        assert_null(p->environment[2]);

        spec.process.environment = environment;
        _cleanup_(plan_freep) Plan *q = plan_of(&spec);
        assert_false(q->home_needed);
        assert_int_equal(strv_length(q->environment), 3);
}

static void test_a_container_with_init_needs_supinit(void **state) {
        RuntimeSpec spec = spec_new();
        Plan *p = NULL;

        (void) state;
        spec.process.init = true;
        assert_refused(&spec, "supinit is not available");
        assert_int_equal(plan_new(&spec, &all_features, 77, NULL, &p, NULL), 0);
        assert_null(p->exec_paths);
        assert_string_equal(p->exec_argv[0], "supinit");
        assert_string_equal(p->exec_argv[1], "--container");
        assert_string_equal(p->exec_argv[2], "--");
        assert_string_equal(p->exec_argv[3], "run");
        assert_string_equal(p->exec_argv[4], "x");
        assert_null(p->exec_argv[5]);
        p = plan_free(p);
}

static void test_overlays_need_the_kernel_s_help(void **state) {
        _cleanup_(error_done) Error error = {};
        RuntimeFeatures none = {};
        RuntimeSpec spec = spec_new();
        Plan *p = NULL;

        (void) state;
        spec.root.overlay = true;
        assert_int_equal(plan_new(&spec, &none, -EBADF, NULL, &p, &error), -EOPNOTSUPP);
        assert_string_equal(error.message, "mount root /: this kernel has no overlay file system");
}

static const PlanMask *mask_of(const Plan *p, const char *path) {
        for (size_t i = 0; i < p->n_masks; i++) {
                if (str_equal(p->masks[i].path, path))
                        return &p->masks[i];
        }
        return NULL;
}

static void test_masks_are_docker_s_and_as_asked(void **state) {
        char *unmask[] = { (char *) "/proc/s*", (char *) "/sys/*", NULL },
             *all[] = { (char *) "ALL", NULL };
        char *mask[] = { (char *) "/etc/secret", NULL };
        RuntimeSpec spec = spec_new();

        (void) state;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_false(mask_of(p, "/proc/kcore")->read_only);
        assert_false(mask_of(p, "/sys/firmware")->read_only);
        assert_true(mask_of(p, "/proc/sys")->read_only);
        assert_true(mask_of(p, "/proc/sysrq-trigger")->read_only);

        spec.root.mask = mask;
        spec.root.unmask = unmask;
        _cleanup_(plan_freep) Plan *q = plan_of(&spec);
        assert_null(mask_of(q, "/proc/sys"));
        assert_null(mask_of(q, "/proc/scsi"));
        assert_null(mask_of(q, "/sys/firmware"));
        assert_non_null(mask_of(q, "/sys/devices/virtual/powercap")); /* a star stops at a slash */
        assert_non_null(mask_of(q, "/proc/kcore"));
        assert_non_null(mask_of(q, "/etc/secret"));

        spec.root.unmask = all;
        _cleanup_(plan_freep) Plan *r = plan_of(&spec);
        assert_int_equal(r->n_masks, 1);
}

static void assert_sysctl(const char *text, const char *path, const char *value) {
        char *sysctls[] = { (char *) text, NULL };
        RuntimeSpec spec = spec_new();

        spec.security.sysctls = sysctls;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        assert_int_equal(p->n_sysctls, 1);
        assert_string_equal(p->sysctls[0].path, path);
        assert_string_equal(p->sysctls[0].value, value);
}

static void test_sysctls_become_paths(void **state) {
        (void) state;
        assert_sysctl("net.ipv4.ip_forward=1", "sys/net/ipv4/ip_forward", "1");
        assert_sysctl("net.ipv4.conf.eth0/100.forwarding=0",
                        "sys/net/ipv4/conf/eth0.100/forwarding",
                        "0");
        assert_sysctl("net/ipv4/conf/eth0.100/forwarding=",
                        "sys/net/ipv4/conf/eth0.100/forwarding",
                        "");
        assert_sysctl("kernel.sem=1 2=3 4", "sys/kernel/sem", "1 2=3 4");
        assert_sysctl("kernel.shm_rmid_forced=1", "sys/kernel/shm_rmid_forced", "1");
        assert_sysctl("fs.mqueue.msg_max=9", "sys/fs/mqueue/msg_max", "9");
}

static void test_sysctls_of_the_host_are_refused(void **state) {
        static const char *const bad[] = {
                "kernel.core_pattern=x",
                "vm.swappiness=1",
                "fs.file-max=1",
                "kernel.hostname=x",
                "kernel.semx=1",
                "net/../kernel/core_pattern=x",
                "net..core=1",
                "net=1",
                ".net.core.x=1",
                "net.core.=1",
                "=1",
                "x",
        };
        RuntimeSpec spec = spec_new();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char *sysctls[] = { (char *) bad[i], NULL };
                Plan *p = NULL;

                spec.security.sysctls = sysctls;
                assert_true(plan_new(&spec, &all_features, -EBADF, NULL, &p, NULL) < 0);
        }

        char *net[] = { (char *) "net.core.somaxconn=1", NULL };
        spec.security.sysctls = net;
        spec.network = RUNTIME_NETWORK_HOST;
        assert_refused(&spec,
                        "sysctl 'net.core.somaxconn' would change the host's network: the "
                        "container shares it");
}

static void test_limits_are_checked(void **state) {
        RuntimeLimit limit = { .resource = RLIMIT_NOFILE, .soft = 2, .hard = 1 };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.security.limits = &limit;
        spec.security.n_limits = 1;
        assert_refused(&spec, "resource limit 7: the soft limit is above the hard limit");
}

static void test_an_apparmor_profile_needs_the_kernel_s_help(void **state) {
        RuntimeFeatures features = all_features;
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.security.apparmor = "web";
        assert_refused(&spec,
                        "AppArmor profile 'web': AppArmor is not enabled in this kernel; "
                        "AppArmor=unconfined goes without");

        _cleanup_(error_done) Error error = {};
        _cleanup_(plan_freep) Plan *p = NULL;
        features.apparmor = true;
        assert_int_equal(plan_new(&spec, &features, -EBADF, NULL, &p, NULL), 0);
        assert_string_equal(p->apparmor, "web");
        plan_error(p, PLAN_STEP_APPARMOR, -1, -ENOENT, &error);
        assert_string_equal(error.message,
                        "set AppArmor profile 'web': the kernel has no such profile loaded");
}

static void test_every_step_and_item_has_a_text(void **state) {
        RuntimeBind bind = { .source = "/", .target = "/data" };
        RuntimeSpec spec = spec_new();

        (void) state;
        spec.root.binds = &bind;
        spec.root.n_binds = 1;
        _cleanup_(plan_freep) Plan *p = plan_of(&spec);
        /* Items and steps that a broken child might send, too. */
        for (int step = -2; step < _PLAN_STEP_MAX + 2; step++) {
                for (int item = -2; item < 40; item++) {
                        _cleanup_(error_done) Error error = {};

                        assert_int_equal(plan_error(p, (PlanStep) step, item, -EIO, &error), -EIO);
                        assert_non_null(error.message);
                        assert_null(strstr(error.message, "(null)"));
                }
        }

        _cleanup_(error_done) Error error = {};
        plan_error(p, PLAN_STEP_MOUNTS, 0, -ENOENT, &error);
        assert_string_equal(error.message, "mount volume / on /data: No such file or directory");
        plan_error(p, PLAN_STEP_FILESYSTEMS, 0, -EPERM, &error);
        assert_string_equal(error.message, "mount proc on /proc: Operation not permitted");
        plan_error(p, PLAN_STEP_DEVICES, 0, -EPERM, &error);
        assert_string_equal(error.message, "make device /dev/null: Operation not permitted");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mounts_come_parents_first_and_else_as_given),
                cmocka_unit_test(test_bad_targets_are_refused),
                cmocka_unit_test(test_flags_and_propagation_are_kept),
                cmocka_unit_test(test_tmpfs_options_become_parameters),
                cmocka_unit_test(test_read_only_tmpfs_gives_way_to_what_is_asked_for),
                cmocka_unit_test(test_names_are_looked_for_in_path),
                cmocka_unit_test(test_path_and_home_are_filled_in),
                cmocka_unit_test(test_a_container_with_init_needs_supinit),
                cmocka_unit_test(test_overlays_need_the_kernel_s_help),
                cmocka_unit_test(test_masks_are_docker_s_and_as_asked),
                cmocka_unit_test(test_sysctls_become_paths),
                cmocka_unit_test(test_sysctls_of_the_host_are_refused),
                cmocka_unit_test(test_limits_are_checked),
                cmocka_unit_test(test_an_apparmor_profile_needs_the_kernel_s_help),
                cmocka_unit_test(test_every_step_and_item_has_a_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
