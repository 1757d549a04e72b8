/* SPDX-License-Identifier: MIT */

/*
 * Into which cgroups a container is born, in a subtree of our own: this process moves into supd-rt-PID in
 * every hierarchy, and back. Needs root.
 */

#include "runtime/child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup-layout.h"
#include "runtime/cgroup-processes.h"
#include "runtime/container-internal.h"

#define BUSYBOX "/bin/busybox"
#define FILE_MAX (1U << 20)

typedef struct Home {
        char *origin, *group; /* owned */
} Home;

static Home homes[_CGROUP_CONTROLLER_MAX + 1];
static size_t n_homes;

static void enter_home(const CgroupPlace *place) {
        static const char *const inherited[] = { "cpuset.cpus", "cpuset.mems" };
        Home *home = &homes[n_homes++];

        home->origin = strdup(place->directory);
        home->group = str_printf("%s/supd-rt-%d", place->directory, getpid());
        assert_int_equal(mkdir(home->group, 0755), 0);

        /* A new cpuset is empty, and takes no process then. */
        for (size_t i = 0; i < 2 && place->controllers & 1U << CGROUP_CPUSET; i++) {
                _cleanup_free_ char *from = str_printf("%s/%s", home->origin, inherited[i]);
                _cleanup_free_ char *to = str_printf("%s/%s", home->group, inherited[i]),
                                    *text = NULL;

                assert_int_equal(file_read(AT_FDCWD, from, FILE_MAX, &text, NULL), 0);
                assert_int_equal(file_write_string(AT_FDCWD, to, text), 0);
        }

        _cleanup_free_ char *procs = str_printf("%s/cgroup.procs", home->group);
        assert_int_equal(file_write_string(AT_FDCWD, procs, "0"), 0);
}

static int make_homes(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout layout = {};
        _cleanup_free_ char *mountinfo = NULL, *self_cgroup = NULL;

        (void) state;
        if (geteuid() != 0)
                return 0;
        assert_int_equal(
                        file_read(AT_FDCWD, "/proc/self/mountinfo", FILE_MAX, &mountinfo, NULL), 0);
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/cgroup", FILE_MAX, &self_cgroup, NULL), 0);
        assert_int_equal(cgroup_layout_parse(mountinfo, self_cgroup, &layout, NULL), 0);

        enter_home(&layout.v2);
        for (size_t i = 0; i < layout.n_v1; i++)
                enter_home(&layout.v1[i]);
        return 0;
}

static int leave_homes(void **state) {
        int result = 0;

        (void) state;
        for (size_t i = 0; i < n_homes; i++) {
                _cleanup_free_ char *procs = str_printf("%s/cgroup.procs", homes[i].origin);

                int r = file_write_string(AT_FDCWD, procs, "0");
                if (r >= 0)
                        r = cgroup_remove_below(AT_FDCWD, homes[i].group);
                if (r < 0)
                        result = -1;
                free(homes[i].origin);
                free(homes[i].group);
        }
        return result;
}

static void make_root(const char *root) {
        _cleanup_free_ char *bin = str_printf("%s/bin", root), *sh = str_printf("%s/bin/sh", root),
                            *program = NULL;
        size_t size;

        assert_int_equal(dir_make_all(bin, 0755), 0);
        assert_int_equal(file_read(AT_FDCWD, BUSYBOX, 16U << 20, &program, &size), 0);
        _cleanup_close_ int fd = open(sh, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, program, size), 0);
}

/* What a container in the group prints; owned by the caller. */
static char *run_in(Runtime *r, const char *root, Cgroup *group, const char *script) {
        char *argv[] = { (char *) "/bin/sh", (char *) "-c", (char *) script, NULL };
        char *output = NULL;
        RuntimeChild c;
        Error error = {};
        int fds[2], status;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        RuntimeSpec spec = {
                .hostname = "box",
                .root = { .path = root, .overlay = true },
                .process = { .argv = argv,
                                .stdin_fd = -EBADF,
                                .stdout_fd = fds[1],
                                .stderr_fd = fds[1] },
                .security = { .capabilities = runtime_capabilities_default(), .seccomp = true },
                .cgroup = group,
        };
        if (runtime_start(r, &spec, &c, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        (void) close_fd(fds[1]);
        assert_int_equal(file_read_fd(fds[0], FILE_MAX, &output, NULL), 0);
        (void) close_fd(fds[0]);
        assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
        assert_int_equal(status, 0);
        runtime_child_done(&c);
        return output;
}

static void check(Runtime *r, const char *root, Cgroup *group) {
        _cleanup_free_ char *inside = run_in(r,
                        root,
                        group,
                        "while read -r l; do echo \"$l\"; done </proc/self/cgroup;"
                        "read -r p </sys/fs/cgroup/cgroup.procs; echo \"first $p\";"
                        "echo 1 2>&1 >/sys/fs/cgroup/cgroup.freeze; true");

        /* Its own group is the root of what it sees, and all there is. */
        assert_non_null(strstr(inside, "0::/\n"));
        assert_non_null(strstr(inside, "\nfirst 1\n"));
        assert_null(strstr(inside, "/.."));
        assert_null(strstr(inside, "web.service"));
        assert_non_null(strstr(inside, "Read-only file system"));
}

static void test_a_container_is_in_its_groups_and_sees_no_others(void **state) {
        char root[] = "/tmp/supd-rt-XXXXXX";
        CgroupTree *tree = NULL;
        Cgroup *group = NULL;
        Runtime *runtime = NULL;

        (void) state;
        if (geteuid() != 0 || access(BUSYBOX, X_OK) < 0)
                skip();
        assert_non_null(mkdtemp(root));
        make_root(root);
        assert_int_equal(runtime_new(NULL, &runtime, NULL), 0);
        assert_int_equal(cgroup_tree_open(&tree, NULL), 0);
        assert_int_equal(cgroup_tree_enter(tree, "supd", NULL), 0);
        assert_int_equal(cgroup_open(tree, "web.service", &group, NULL), 0);

        check(runtime, root, group);
        /* As where clone3() is not to be had: the child goes there by itself. */
        runtime->features.clone3_into_cgroup = false;
        check(runtime, root, group);

        assert_int_equal(cgroup_remove(group), 0);
        group = cgroup_free(group);
        assert_int_equal(cgroup_tree_leave(tree), 0);
        tree = cgroup_tree_free(tree);
        runtime = runtime_free(runtime);
        assert_int_equal(dir_remove_all(AT_FDCWD, root), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_container_is_in_its_groups_and_sees_no_others),
        };

        return cmocka_run_group_tests(tests, make_homes, leave_homes);
}
