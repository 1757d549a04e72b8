/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-processes.h"

/* On the root of the tree; its value is the name of the leaf. The kernel keeps it with the directory. */
#define LEAF_ATTRIBUTE "user.supd.leaf"

/* A file of every v2 group that nobody reads: closing any descriptor of it would end the lock. */
#define LOCK_FILE "cgroup.max.depth"

#define PROC_SIZE_MAX (64U * 1024U * 1024U) /* a mount is a line: tens of thousands are seen */
#define ENTER_TRIES 8U

/* ---- opening ---------------------------------------------------------------------------------- */

static int open_place(const CgroupPlace *place, unsigned long magic) {
        struct statfs fs;

        _cleanup_close_ int fd =
                        neg_errno(open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        /* Another file system may be mounted over what mountinfo told. */
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if ((unsigned long) fs.f_type != magic)
                return -ENOENT;
        if (faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static bool has_leaf(const char *directory, const char *name) {
        size_t size = strlen(name);
        _cleanup_free_ char *value = malloc(size + 1); /* a longer value is another name */

        ssize_t n = value ? getxattr(directory, LEAF_ATTRIBUTE, value, size + 1) : -1;
        return n >= 0 && (size_t) n == size && memcmp(value, name, size) == 0;
}

/* Started in the leaf that an earlier supd made: the tree's root is one above. */
static int climb_out_of_leaf(CgroupPlace *place) {
        _cleanup_free_ char *parent = strdup(place->directory), *name = NULL;
        if (!parent)
                return -ENOMEM;

        if (str_equal(place->directory, place->mount_point))
                return 0;
        char *slash = strrchr(parent, '/');
        name = strdup(slash + 1);
        if (!name)
                return -ENOMEM;
        *slash = '\0';
        return has_leaf(parent, name) ? cgroup_place_up(place) : 0;
}

/* v1 hierarchies that can't be used are as if they were not there; who asks for their limits is told. */
static void open_v1(CgroupTree *t, const CgroupLayout *layout) {
        for (size_t i = 0; i < layout->n_v1; i++) {
                const CgroupPlace *place = &layout->v1[i];

                int fd = open_place(place, CGROUP_SUPER_MAGIC);
                if (fd < 0) {
                        diag_debug("cannot use %s: %s", place->directory, strerrordesc_np(-fd));
                        continue;
                }
                t->v1[t->n_v1++] = (CgroupV1Hierarchy) { place->controllers, fd };
                t->controllers |= place->controllers;
        }
}

static int update_controllers_text(CgroupTree *t) {
        char *text = cgroup_controllers_format(t->controllers);
        if (!text)
                return -ENOMEM;
        free(t->controllers_text);
        t->controllers_text = text;
        return 0;
}

static int choose_driver(CgroupTree *t, const CgroupLayout *layout) {
        _cleanup_free_ char *text = NULL;

        /* Decided by what is mounted, not by what may be used: a read-only v1 does not make a v2. */
        t->ops = layout->n_v1 > 0 ? &cgroup_driver_hybrid : &cgroup_driver_v2;
        if (layout->n_v1 > 0)
                open_v1(t, layout);
        else {
                int r = file_read(t->root_fd, "cgroup.controllers", 4096, &text, NULL);
                if (r < 0)
                        return r;
                t->controllers = cgroup_controllers_parse(text, " \n");
        }
        t->controllers |= 1U << CGROUP_DEVICES; /* by BPF where there is no controller */
        return update_controllers_text(t);
}

static int read_layout(CgroupLayout *ret, Error *error) {
        _cleanup_free_ char *mountinfo = NULL, *self_cgroup = NULL;

        int r = file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_SIZE_MAX, &mountinfo, NULL);
        if (r >= 0)
                r = file_read(AT_FDCWD, "/proc/self/cgroup", PROC_SIZE_MAX, &self_cgroup, NULL);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot read /proc/self to find our cgroup");
        return cgroup_layout_parse(mountinfo, self_cgroup, ret, error);
}

int cgroup_tree_open(CgroupTree **ret, Error *error) {
        _cleanup_(cgroup_layout_done) CgroupLayout layout = {};

        int r = read_layout(&layout, error);
        if (r < 0)
                return r;
        r = climb_out_of_leaf(&layout.v2);
        if (r < 0)
                return r;

        _cleanup_(cgroup_tree_freep) CgroupTree *t = malloc(sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (CgroupTree) { .root_fd = -EBADF, .lock_fd = -EBADF, .program_fd = -EBADF };

        t->root_fd = open_place(&layout.v2, CGROUP2_SUPER_MAGIC);
        if (t->root_fd < 0)
                return error_set(error,
                                t->root_fd,
                                ERROR_CGROUP,
                                "cannot use our cgroup, %s",
                                layout.v2.directory);
        t->path = TAKE_PTR(layout.v2.path);
        t->is_top = faccessat(t->root_fd, "cgroup.type", F_OK, 0) <
                    0; /* every other group has one */
        r = choose_driver(t, &layout);
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot open cgroup %s", t->path);

        *ret = TAKE_PTR(t);
        return 0;
}

CgroupTree *cgroup_tree_free(CgroupTree *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n_v1; i++)
                (void) close_fd(t->v1[i].root_fd);
        (void) close_fd(t->program_fd);
        (void) close_fd(t->lock_fd);
        (void) close_fd(t->root_fd);
        free(t->program_rules);
        free(t->controllers_text);
        free(t->leaf);
        free(t->path);
        free(t);
        return NULL;
}

/* ---- entering and leaving ------------------------------------------------------------------------ */

/*
 * A POSIX lock, because it belongs to the process alone: one of the other kinds would live on in a
 * container's first process that was caught between clone3() and execve() when we died.
 */
static int lock_tree(CgroupTree *t, Error *error) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        _cleanup_close_ int fd = neg_errno(openat(t->root_fd, LOCK_FILE, O_RDWR | O_CLOEXEC));
        if (fd < 0)
                return error_set(error, fd, ERROR_CGROUP, "cannot lock cgroup %s", t->path);
        if (fcntl(fd, F_SETLK, &lock) < 0) {
                int r = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;

                (void) fcntl(fd,
                                F_GETLK,
                                &lock); /* only to name the holder; 0 if it left meanwhile */
                return error_set_plain(error,
                                r,
                                ERROR_CGROUP,
                                "cgroup %s belongs to another supervisor (PID %d)",
                                t->path,
                                lock.l_pid);
        }
        t->lock_fd = TAKE_FD(fd);
        return 0;
}

static int mark_leaf(CgroupTree *t, const char *name, Error *error) {
        int r = neg_errno(fsetxattr(t->root_fd, LEAF_ATTRIBUTE, name, strlen(name), 0));
        if (r >= 0)
                r = neg_errno(mkdirat(t->root_fd, name, 0755));
        if (r < 0 && r != -EEXIST)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot make the leaf of cgroup %s",
                                t->path);
        return 0;
}

static int open_procs(int dir_fd, const char *group) {
        _cleanup_free_ char *path = str_printf("%s/cgroup.procs", group);

        return path ? neg_errno(openat(dir_fd, path, O_WRONLY | O_CLOEXEC)) : -ENOMEM;
}

static int move_in(CgroupTree *t, const char *name, Error *error) {
        _cleanup_close_ int procs_fd = open_procs(t->root_fd, name);

        int r = procs_fd < 0 ? procs_fd : fd_write_all(procs_fd, "0", 1);
        if (r >= 0 && !t->is_top)
                r = cgroup_move_processes(t->root_fd, /* recursive= */ false, procs_fd);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot move the processes of cgroup %s into its leaf '%s'",
                                t->path,
                                name);
        return 0;
}

/* A process may be put into the root just behind our back: systemd does that with its helpers. */
static int move_in_and_enable(CgroupTree *t, const char *name, Error *error) {
        int r = -EBUSY;

        for (unsigned i = 0; r == -EBUSY && i < ENTER_TRIES; i++) {
                r = move_in(t, name, error);
                if (r < 0)
                        return r;
                r = t->ops->enable ? t->ops->enable(t, /* on= */ true, error) : 0;
        }
        return r;
}

static void forget_leaf(CgroupTree *t) {
        t->lock_fd = close_fd(t->lock_fd);
        free(TAKE_PTR(t->leaf));
}

int cgroup_tree_enter(CgroupTree *t, const char *name, Error *error) {
        assert(!t->leaf);

        int r = lock_tree(t, error);
        if (r < 0)
                return r;
        r = str_replace(&t->leaf, name);

        /* The mark first: once we are in the leaf, a successor must be able to tell. */
        if (r >= 0)
                r = mark_leaf(t, name, error);
        if (r >= 0)
                r = move_in_and_enable(t, name, error);
        if (r >= 0)
                r = update_controllers_text(t);
        if (r < 0) {
                (void) cgroup_tree_leave(t); /* as far as it goes; the first error is reported */
                forget_leaf(t);
        }
        return r;
}

int cgroup_tree_leave(CgroupTree *t) {
        _cleanup_strv_ char **groups = NULL;

        if (!t->leaf)
                return 0;
        int r = cgroup_list(t, &groups, /* error= */ NULL);
        if (r < 0)
                return r;
        if (groups)
                return -EBUSY;

        if (t->ops->enable) {
                r = t->ops->enable(t, /* on= */ false, /* error= */ NULL);
                if (r < 0)
                        return r;
        }
        _cleanup_close_ int procs_fd = open_procs(t->root_fd, ".");
        _cleanup_close_ int leaf_fd =
                        neg_errno(openat(t->root_fd, t->leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        r = procs_fd < 0 ? procs_fd : leaf_fd < 0 ? leaf_fd : 0;
        if (r >= 0)
                r = cgroup_move_processes(leaf_fd, /* recursive= */ true, procs_fd);
        if (r >= 0)
                r = cgroup_remove_below(t->root_fd, t->leaf);
        if (r < 0)
                return r;

        (void) fremovexattr(t->root_fd, LEAF_ATTRIBUTE); /* without the leaf it says nothing */
        forget_leaf(t);
        return 0;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

const char *cgroup_tree_driver(const CgroupTree *t) {
        return t->ops->name;
}

const char *cgroup_tree_path(const CgroupTree *t) {
        return t->path;
}

const char *cgroup_tree_controllers(const CgroupTree *t) {
        return t->controllers_text;
}

bool cgroup_tree_has_oom_group(const CgroupTree *t) {
        return t->ops == &cgroup_driver_v2 && (t->controllers & 1U << CGROUP_MEMORY);
}

/* Slices that are yet to be looked into, the next one last, and what was found. */
typedef struct GroupSearch {
        char **slices, **found; /* owned */
} GroupSearch;

static void group_search_done(GroupSearch *search) {
        strv_free(search->slices);
        strv_free(search->found);
}

static int search_slice(CgroupTree *t, const char *slice, GroupSearch *search) {
        _cleanup_strv_ char **names = NULL;

        _cleanup_close_ int fd = neg_errno(openat(t->root_fd,
                        *slice ? slice : ".",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        int r = fd < 0 ? fd : cgroup_list_children(fd, &names);
        if (r == -ENOENT)
                return 0; /* gone meanwhile */
        if (r >= 0 && *slice && !names) {
                /* Left by somebody who was killed before he had made a group in it, or after he had removed it. */
                _cleanup_free_ char *nobody = str_printf("%s/", slice);
                if (nobody)
                        cgroup_remove_slices(t->root_fd, nobody);
        }
        STRV_FOREACH (name, names) {
                bool is_slice = str_has_suffix(*name, ".slice");

                if (r < 0)
                        return r;
                if (is_slice || str_has_suffix(*name, ".service"))
                        r = strv_append_printf(is_slice ? &search->slices : &search->found,
                                        "%s%s%s",
                                        slice,
                                        *slice ? "/" : "",
                                        *name);
        }
        return r;
}

int cgroup_list(CgroupTree *t, char ***ret, Error *error) {
        _cleanup_(group_search_done) GroupSearch search = {};

        int r = search_slice(t, "", &search);
        for (size_t n = strv_length(search.slices); r >= 0 && n > 0;
                        n = strv_length(search.slices)) {
                _cleanup_free_ char *slice = TAKE_PTR(search.slices[n - 1]);

                r = search_slice(t, slice, &search);
        }
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot list cgroup %s", t->path);
        *ret = TAKE_PTR(search.found);
        return 0;
}
