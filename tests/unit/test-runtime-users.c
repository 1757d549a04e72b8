/* SPDX-License-Identifier: MIT */

/* Containers with a user namespace; needs root. */

#include <sched.h>
#include <sys/xattr.h>

#include "test-runtime-fixture.h"

#define BASE 700000U

static IdRange ranges[] = { { 0, BASE, 65536 } };
static char *layers[3];

static int set_up_users(void **state) {
        int r = set_up(state);
        Fixture *f = *state;

        if (!f)
                return r;
        f->spec.users = (RuntimeUsers) {
                .mode = RUNTIME_USERS_MAP,
                .uids = { .ranges = ranges, .n_ranges = 1 },
                .gids = { .ranges = ranges, .n_ranges = 1 },
        };
        f->spec.root.shift_owners = true;
        return r;
}

static int tear_down_users(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(layers); i++) {
                free(layers[i]);
                layers[i] = NULL;
        }
        return tear_down(state);
}

static struct stat stat_of(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);
        struct stat st;

        assert_int_equal(lstat(path, &st), 0);
        return st;
}

static void test_root_inside_is_nobody_special_outside(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "cat /proc/self/uid_map | tr -s ' '; id -u; stat -c %u:%g / /etc/passwd "
                        "/dev "
                        "/dev/null /dev/shm /dev/pts /dev/mqueue",
                        " 0 700000 65536\n0\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n");
        assert_ran(f);
}

/* Half of the ids look negative to who is careless. */
static void test_ids_of_the_upper_half_do(void **state) {
        static IdRange high[] = { { 0, 0x80000000U, 65536 } };
        Fixture *f = fixture(state);

        f->spec.users.uids.ranges = f->spec.users.gids.ranges = high;
        assert_prints(f,
                        "cat /proc/self/uid_map | tr -s ' '; id -u; stat -c %u:%g / /dev/shm",
                        " 0 2147483648 65536\n0\n0:0\n0:0\n");
        assert_ran(f);
}

static void check_layers(Fixture *f) {
        _cleanup_free_ char *upper = path_in(f->dir, "storage/upper");

        make_dir(f->dir, "storage");
        assert_prints(f,
                        "stat -c '%u:%g %a' /etc/file /bin/suid; echo more >>/etc/file; "
                        "mkdir /made; stat -c %u:%g /made /etc/file",
                        "33:34 644\n0:0 4755\n0:0\n33:34\n");
        assert_ran(f);
        assert_int_equal(stat_of(upper, "made").st_uid, BASE);
        assert_int_equal(stat_of(upper, "etc/file").st_uid, BASE + 33);
        assert_int_equal(stat_of(upper, "etc/file").st_gid, BASE + 34);
        assert_int_equal(stat_of(f->root, "etc/passwd").st_uid, 0);
}

static void test_owners_of_layers_are_shifted(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *top = path_in(f->dir, "top"), *storage = path_in(f->dir, "storage");
        _cleanup_free_ char *file = path_in(f->dir, "top/etc/file"),
                            *suid = path_in(f->dir, "top/bin/suid");

        make_dir(f->dir, "top/etc");
        make_dir(f->dir, "top/bin");
        write_file(top, "etc/file", "text\n");
        write_file(top, "bin/suid", "text\n");
        assert_int_equal(chown(file, 33, 34), 0);
        assert_int_equal(chmod(suid, 04755), 0);
        layers[0] = strdup(f->root);
        layers[1] = strdup(top);
        f->spec.root.path = NULL;
        f->spec.root.layers = layers;
        f->spec.root.n_layers = 2;
        f->spec.root.storage_path = storage;
        check_layers(f);
        assert_int_equal(dir_remove_all(AT_FDCWD, storage), 0);
        f->runtime->features.overlay_layers = false;
        check_layers(f);
}

static void test_a_root_written_to_itself_keeps_its_ids(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.overlay = false;
        assert_prints(f, "echo new >/etc/new; stat -c %u:%g /etc/new", "0:0\n");
        assert_int_equal(stat_of(f->root, "etc/new").st_uid, 0);
        assert_int_equal(stat_of(f->root, "proc").st_uid, 0);
}

static void test_without_a_shift_the_hosts_files_are_nobodys(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.shift_owners = false;
        assert_prints(f, "stat -c %u:%g /etc/passwd", "65534:65534\n");
}

static void test_volumes_are_shifted_on_request(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *data = path_in(f->dir, "data");
        RuntimeBind binds[] = {
                { .source = data, .target = "/plain" },
                { .source = data, .target = "/shifted", .shift_owners = true },
        };

        make_dir(f->dir, "data");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 2;
        assert_prints(f,
                        "stat -c %u /plain /shifted; touch /shifted/new; "
                        "touch /plain/new 2>/dev/null || echo refused",
                        "65534\n0\nrefused\n");
        assert_int_equal(stat_of(data, "new").st_uid, 0);
}

static void test_owners_of_a_tmpfs_are_the_containers(void **state) {
        static const RuntimeTmpfs tmpfs[] = {
                { .target = "/a", .options = "uid=33,gid=34,mode=0700" }, { .target = "/b" }
        };
        Fixture *f = fixture(state);

        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 2;
        assert_prints(f, "stat -c '%u:%g %a' /a /b", "33:34 700\n0:0 1777\n");
}

static void test_it_can_do_nothing_to_the_host(void **state) {
        Fixture *f = fixture(state);

        f->spec.security.capabilities = UINT64_MAX;
        f->spec.security.seccomp = false;
        f->spec.root.unmask = (char *[]) { (char *) "ALL", NULL };
        assert_prints(f,
                        "(echo 1 >/proc/sys/vm/overcommit_memory) 2>/dev/null || echo refused; "
                        "(echo b >/proc/sysrq-trigger) 2>/dev/null || echo refused; "
                        "mount -t ext4 /dev/loop0 /etc 2>/dev/null || echo refused; "
                        "mount -t tmpfs none /etc && echo own",
                        "refused\nrefused\nrefused\nown\n");
}

static void test_its_network_is_its_own(void **state) {
        static char *sysctls[] = { (char *) "net.ipv4.ip_forward=1",
                (char *) "kernel.shmmax=123456",
                (char *) "kernel.domainname=here",
                NULL };
        Fixture *f = fixture(state);

        f->spec.security.sysctls = sysctls;
        assert_prints(f,
                        "hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax "
                        "/proc/sys/kernel/domainname",
                        "box\n1\n123456\nhere\n");
}

static void test_the_hosts_network_can_be_used(void **state) {
        Fixture *f = fixture(state);

        f->spec.network = RUNTIME_NETWORK_HOST;
        assert_prints(f, "ls /sys/class/net >/dev/null && echo seen", "seen\n");
}

static void test_a_user_has_its_streams_and_home(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "www";
        assert_prints(f, "id -u; id -g; id -G; echo >/proc/self/fd/1", "33\n34\n34 50\n\n");
        assert_ran(f);
}

static void test_a_user_that_is_not_mapped_is_told(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "70000";
        assert_fails(f,
                        "find user '70000': not among the ids that are mapped in the user "
                        "namespace");
}

static void test_a_missing_command_is_told(void **state) {
        Fixture *f = fixture(state);

        run_argv(f, (char *[]) { (char *) "no-such-command", NULL });
        assert_string_equal(f->error, "execute 'no-such-command': No such file or directory");
}

static void test_what_the_mounter_fails_at_is_told(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *text =
                        str_printf("mount volume %s on /etc/passwd: find or make the mount "
                                   "point: Not a directory",
                                        f->dir);
        const RuntimeBind bind = { .source = f->dir, .target = "/etc/passwd" };

        f->spec.root.binds = &bind;
        f->spec.root.n_binds = 1;
        assert_fails(f, text);
}

static void test_older_kernels_are_told_from_newer_ones(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *no_overlay = str_printf("root %s: owners can't be shifted into the "
                                                     "user namespace: overlayfs of this kernel "
                                                     "takes no idmapped layers (Linux 5.19); "
                                                     "StorageDriver=vfs in supd.conf does without",
                        f->root);
        _cleanup_free_ char *none =
                        str_printf("root %s: owners can't be shifted into the user namespace: "
                                   "this kernel has no idmapped mounts (Linux 5.12)",
                                        f->root);

        f->runtime->features.overlay_idmap = false;
        assert_fails(f, no_overlay);
        f->spec.root.overlay = false;
        run(f, "true");
        assert_ran(f);
        f->runtime->features.idmap = f->runtime->features.mount_setattr = false;
        assert_fails(f, none);
        f->spec.root.shift_owners = false;
        run(f, "true");
        assert_ran(f);
}

static void test_old_ways_to_clone_do(void **state) {
        Fixture *f = fixture(state);

        f->runtime->features.clone3_into_cgroup = false;
        assert_prints(f, "id -u", "0\n");
}

static void test_a_map_that_can_not_be_is_told(void **state) {
        IdRange bad[] = { { 1, 2, 3 } };
        Fixture *f = fixture(state);

        f->spec.users.uids.ranges = bad;
        assert_fails(f, "map of user ids: the container's root, id 0, is not mapped");
}

static void test_an_existing_user_namespace_is_joined(void **state) {
        Fixture *f = fixture(state);
        RuntimeChild c;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->spec.process.argv = (char *[]) { (char *) "cat", NULL };
        f->spec.process.stdin_fd = fds[0];
        f->spec.process.stdout_fd = f->spec.process.stderr_fd = -EBADF;
        assert_int_equal(runtime_start(f->runtime, &f->spec, &c, NULL), 0);
        _cleanup_free_ char *path = str_printf("/proc/%d/ns/user", c.pid);
        _cleanup_close_ int ns = open(path, O_RDONLY | O_CLOEXEC);
        SupdStatusRecord record;
        int r;
        do {
                wait_readable(c.status_fd); /* its exec closes the pipe */
                r = runtime_status_read(c.status_fd, &record);
        } while (r == 1 && record.type != SUPD_STATUS_SETUP_FAILED);
        assert_int_equal(r, 0);

        f->spec.process.stdin_fd = -EBADF;
        f->spec.users = (RuntimeUsers) { .mode = RUNTIME_USERS_JOIN, .namespace_fd = ns };
        assert_prints(f,
                        "cat /proc/self/uid_map | tr -s ' '; stat -c %u /etc/passwd",
                        " 0 700000 65536\n0\n");
        (void) close_fd(fds[1]);
        (void) close_fd(fds[0]);
        assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
        runtime_child_done(&c);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up_users, tear_down_users)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(root_inside_is_nobody_special_outside),
                TEST(ids_of_the_upper_half_do),
                TEST(owners_of_layers_are_shifted),
                TEST(a_root_written_to_itself_keeps_its_ids),
                TEST(without_a_shift_the_hosts_files_are_nobodys),
                TEST(volumes_are_shifted_on_request),
                TEST(owners_of_a_tmpfs_are_the_containers),
                TEST(it_can_do_nothing_to_the_host),
                TEST(its_network_is_its_own),
                TEST(the_hosts_network_can_be_used),
                TEST(a_user_has_its_streams_and_home),
                TEST(a_user_that_is_not_mapped_is_told),
                TEST(a_missing_command_is_told),
                TEST(what_the_mounter_fails_at_is_told),
                TEST(older_kernels_are_told_from_newer_ones),
                TEST(old_ways_to_clone_do),
                TEST(a_map_that_can_not_be_is_told),
                TEST(an_existing_user_namespace_is_joined),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
