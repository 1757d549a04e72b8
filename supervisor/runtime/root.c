/* SPDX-License-Identifier: MIT */
#include "runtime/root.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sys.h"
#include "runtime/kernel-file.h"
#include "runtime/mounts.h"

/*
 * What the new root is mounted on until pivot_root() turns it around: pivot_root() wants a mounted one, and
 * overlayfs refuses detached layers before Linux 6.15. Every host that runs us has this directory; no layer
 * or storage lies below it, and nothing after this step looks there.
 */
#define MOUNT_POINT "/sys"

#define OPTIONS_SIZE 4096U /* mount(2) takes one page */
#define LINK_NAME_SIZE 12U

/*
 * Said outright, since a kernel may be built with other defaults, and layers come from anywhere:
 * redirect_dir: a redirect in a foreign layer would show a directory under a name of its choice; metacopy: a
 * file would get the data of another one; both also make layers that older kernels read wrongly.
 * index: needs file handles that survive, and ties the storage to these very layers by device and inode
 * number: restored from a backup, it would be refused.
 * xino: puts the layer into the upper bits of inode numbers, which 32-bit programs fail on; where all layers
 * lie on one file system, they are unique anyway.
 */
static const PlanOption overlay_options[] = {
        { "redirect_dir", "nofollow" },
        { "metacopy", "off" },
        { "index", "off" },
        { "xino", "off" },
};

typedef struct Overlay {
        int shifted_fd; /* owned; directory of layers with shifted owners, "0" the topmost; -EBADF: none */
        int top_fd;   /* owned; root of the topmost lower layer */
        int upper_fd; /* owned; directory that holds upper/ and work/; -EBADF: nothing is written */
} Overlay;

static void overlay_done(Overlay *o) {
        o->upper_fd = close_fd(o->upper_fd);
        o->top_fd = close_fd(o->top_fd);
        o->shifted_fd = close_fd(o->shifted_fd);
}

static int attach(const Plan *p, int tree_fd, uint64_t attributes) {
        _cleanup_close_ int target = neg_errno(open(MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC));

        return target < 0 ? target : mount_attach(p, tree_fd, target, attributes, 0, false);
}

/* Of this mount namespace, on top of whatever is mounted there already. Return: descriptor of its root. */
static int attach_tmpfs(Plan *p) {
        static const PlanOption options[] = { { "mode", "0755" } };

        _cleanup_close_ int fd = filesystem_create("tmpfs", options, ELEMENTSOF(options), 0);
        if (fd < 0)
                return fd;
        int r = attach(p, fd, 0);
        return r < 0 ? r : TAKE_FD(fd);
}

static int open_top(Plan *p) {
        if (p->image_fd >= 0) {
                p->step = PLAN_STEP_SHIFT_ROOT;
                int r = p->shift_root ? mount_shift_owners(p, p->image_fd, false) : 0;
                if (r < 0)
                        return r;
                p->step = PLAN_STEP_ROOT;
                r = attach(p, p->image_fd, 0);
                return r < 0 ? r : neg_errno(fcntl(p->image_fd, F_DUPFD_CLOEXEC, 0));
        }
        if (!p->root_path) {
                p->step = PLAN_STEP_LAYER;
                p->item = 0;
        }
        int fd = neg_errno(open(p->lowers[0], O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (fd >= 0) {
                p->step = PLAN_STEP_ROOT;
                p->item = -1;
        }
        return fd;
}

/* ---- layers whose owners are shifted ---- */

static int shift_lower(Plan *p, int dir_fd, size_t i) {
        char name[LINK_NAME_SIZE];

        p->step = PLAN_STEP_LAYER;
        p->item = (int) i;
        (void) snprintf(name, sizeof(name), "%u", (unsigned) i); /* fits */
        _cleanup_close_ int tree =
                        sys_open_tree(AT_FDCWD, p->lowers[i], OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
        if (tree < 0)
                return tree;
        if (mkdirat(dir_fd, name, 0700) < 0)
                return -errno;
        p->step = PLAN_STEP_SHIFT_LAYER;
        int r = mount_shift_owners(p, tree, /* recursive= */ false);
        return r < 0 ? r : sys_move_mount(tree, "", dir_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Attached, for overlayfs refuses detached layers before Linux 6.15. Return: descriptor of the topmost. */
static int shift_lowers(Plan *p, Overlay *o) {
        o->shifted_fd = attach_tmpfs(p);
        if (o->shifted_fd < 0)
                return o->shifted_fd;
        for (size_t i = 0; i < p->n_lowers; i++) {
                int r = shift_lower(p, o->shifted_fd, i);
                if (r < 0)
                        return r;
        }
        p->step = PLAN_STEP_ROOT;
        p->item = -1;
        return neg_errno(openat(o->shifted_fd, "0", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int enter_lower(const Plan *p, const Overlay *o, size_t i) {
        char name[LINK_NAME_SIZE];

        if (i == 0)
                return neg_errno(fchdir(o->top_fd));
        if (o->shifted_fd < 0)
                return neg_errno(chdir(p->lowers[i]));
        (void) snprintf(name, sizeof(name), "%u", (unsigned) i); /* fits */
        int r = neg_errno(fchdir(o->shifted_fd));
        return r < 0 ? r : neg_errno(chdir(name));
}

/* ---- the writable layer ---- */

/* The root of an overlay shows mode and owner of the upper directory: those of the root below. It gets
 * its name when it has them, for a directory of that name is never touched again. */
static int make_upper(int dir_fd, int top_fd) {
        struct stat st;

        if (faccessat(dir_fd, "upper", F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return 0;
        if (fstat(top_fd, &st) < 0 || (mkdirat(dir_fd, "upper.new", 0700) < 0 && errno != EEXIST))
                return -errno;
        if (fchownat(dir_fd, "upper.new", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
                        fchmodat(dir_fd, "upper.new", st.st_mode & 07777, 0) < 0 ||
                        renameat(dir_fd, "upper.new", dir_fd, "upper") < 0)
                return -errno;
        return 0;
}

static int open_upper(Plan *p, int top_fd) {
        p->step = PLAN_STEP_UPPER;
        _cleanup_close_ int fd =
                        p->storage_path ? neg_errno(open(p->storage_path,
                                                          O_PATH | O_DIRECTORY | O_CLOEXEC))
                                        : attach_tmpfs(p);
        if (fd < 0)
                return fd;

        int r = make_upper(fd, top_fd);
        if (r >= 0 && mkdirat(fd, "work", 0700) < 0 && errno != EEXIST)
                r = -errno;
        if (r < 0)
                return r;
        p->step = PLAN_STEP_ROOT;
        return TAKE_FD(fd);
}

/* ---- overlayfs, layer by layer: Linux 6.7 ---- */

static int set_option(int fs_fd, const char *key, const char *value) {
        return sys_fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);
}

/* Each is resolved at once, so it can be "." after a change of directory: no name is parsed, there is no
 * limit to its length, and /proc/self/mountinfo inside tells nothing of the host's paths. */
static int set_lowers(Plan *p, int fs_fd, const Overlay *o) {
        for (size_t i = 0; i < p->n_lowers; i++) {
                p->step = PLAN_STEP_LAYER;
                p->item = (int) i;
                int r = enter_lower(p, o, i);
                if (r < 0)
                        return r;
                r = set_option(fs_fd, "lowerdir+", ".");
                if (r < 0)
                        return r;
        }
        p->item = -1;
        return 0;
}

static int set_upper(Plan *p, int fs_fd, int upper_fd) {
        p->step = PLAN_STEP_UPPER;
        if (fchdir(upper_fd) < 0)
                return -errno;
        int r = set_option(fs_fd, "upperdir", "upper");
        return r < 0 ? r : set_option(fs_fd, "workdir", "work");
}

static int overlay_create(Plan *p, const Overlay *o) {
        _cleanup_close_ int fs = sys_fsopen("overlay", FSOPEN_CLOEXEC);
        if (fs < 0)
                return fs;

        int r = set_option(fs, "source", "overlay");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(overlay_options); i++)
                r = set_option(fs, overlay_options[i].key, overlay_options[i].value);
        if (r >= 0 && p->root_volatile)
                r = set_option(fs, "volatile", NULL);
        if (r >= 0)
                r = set_lowers(p, fs, o);
        if (r >= 0 && o->upper_fd >= 0)
                r = set_upper(p, fs, o->upper_fd);
        if (r < 0)
                return r;

        p->step = PLAN_STEP_OVERLAY;
        r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
        if (r >= 0)
                r = sys_fsmount(fs, FSMOUNT_CLOEXEC, 0);
        if (r < 0)
                return r;

        p->root_fd = r;
        return attach(p, p->root_fd, 0);
}

/* ---- overlayfs, all in one page of options: older kernels ---- */

static int link_fd(int dir_fd, const char *name, int fd, const char *below) {
        char path[FD_PATH_SIZE], target[FD_PATH_SIZE + LINK_NAME_SIZE];

        (void) snprintf(target, sizeof(target), "%s/%s", fd_path(fd, path), below); /* fits */
        return neg_errno(symlinkat(target, dir_fd, name));
}

/* "0" is the topmost. Descriptors instead, one for each, could be more than RLIMIT_NOFILE lets us have. */
static int link_lowers(Plan *p, int dir_fd, const Overlay *o) {
        char name[LINK_NAME_SIZE];

        p->step = PLAN_STEP_LAYER;
        for (size_t i = 0; i < p->n_lowers; i++) {
                p->item = (int) i;
                (void) snprintf(name, sizeof(name), "%u", (unsigned) i); /* fits */
                int r = i == 0               ? link_fd(dir_fd, name, o->top_fd, "")
                        : o->shifted_fd >= 0 ? link_fd(dir_fd, name, o->shifted_fd, name)
                                             : neg_errno(symlinkat(p->lowers[i], dir_fd, name));
                if (r < 0)
                        return r;
        }
        p->item = -1;
        return 0;
}

static int link_upper(Plan *p, int dir_fd, int upper_fd) {
        p->step = PLAN_STEP_UPPER;
        int r = link_fd(dir_fd, "upper", upper_fd, "upper");
        return r < 0 ? r : link_fd(dir_fd, "work", upper_fd, "work");
}

typedef struct Text {
        char *data; /* borrowed */
        size_t length, size;
} Text;

_printf_(2, 3) static int text_add(Text *t, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int n = vsnprintf(t->data + t->length, t->size - t->length, format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= t->size - t->length)
                return -E2BIG;
        t->length += (size_t) n;
        return 0;
}

/* 500 layers: "lowerdir=0:1:…:499" is 1.9 KiB. */
static int print_options(const Plan *p, bool upper, Text *t) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->n_lowers; i++)
                r = text_add(t, "%s%u", i == 0 ? "lowerdir=" : ":", (unsigned) i);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(overlay_options); i++)
                r = text_add(t, ",%s=%s", overlay_options[i].key, overlay_options[i].value);
        if (r >= 0 && upper)
                r = text_add(t, ",upperdir=upper,workdir=work");
        if (r >= 0 && p->root_volatile)
                r = text_add(t, ",volatile");
        return r;
}

/* Links with names of one to three digits, on a tmpfs that is also the place to mount on. */
static int overlay_create_by_links(Plan *p, const Overlay *o) {
        char data[OPTIONS_SIZE];
        Text options = { .data = data, .size = sizeof(data) };

        _cleanup_close_ int dir = attach_tmpfs(p);
        if (dir < 0)
                return dir;
        int r = link_lowers(p, dir, o);
        if (r >= 0 && o->upper_fd >= 0)
                r = link_upper(p, dir, o->upper_fd);
        if (r < 0)
                return r;

        p->step = PLAN_STEP_OVERLAY;
        r = print_options(p, o->upper_fd >= 0, &options);
        if (r < 0)
                return r;
        if (mkdirat(dir, "root", 0700) < 0 || fchdir(dir) < 0 ||
                        mount("overlay", "root", "overlay", 0, data) < 0)
                return -errno;
        p->root_fd = neg_errno(openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
        return p->root_fd < 0 ? p->root_fd : 0;
}

/* ---- the step ---- */

static int overlay_mount(Plan *p, Overlay *o) {
        if (p->storage_path || p->root_tmpfs) {
                o->upper_fd = open_upper(p, o->top_fd);
                if (o->upper_fd < 0)
                        return o->upper_fd;
        }
        return p->features.overlay_layers ? overlay_create(p, o) : overlay_create_by_links(p, o);
}

static int bind_directory(Plan *p, int dir_fd) {
        /* A layer is shared: not even mount points are made in it. */
        uint64_t attributes = p->root_path ? 0 : MOUNT_ATTR_RDONLY;

        p->root_fd = sys_open_tree(dir_fd,
                        "",
                        OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
        if (p->root_fd < 0)
                return p->root_fd;
        if (p->shift_root) {
                p->step = PLAN_STEP_SHIFT_ROOT;
                int r = mount_shift_owners(p, p->root_fd, /* recursive= */ false);
                if (r < 0)
                        return r;
                p->step = PLAN_STEP_ROOT;
        }
        return attach(p, p->root_fd, attributes);
}

int root_attach(Plan *p, int tree_fd) {
        return attach(p, tree_fd, 0);
}

int root_make(Plan *p) {
        _cleanup_(overlay_done) Overlay o = { .upper_fd = -EBADF, .shifted_fd = -EBADF };
        bool shift_layers = p->shift && p->shift_root && p->root_overlay && p->image_fd < 0;

        o.top_fd = shift_layers ? shift_lowers(p, &o) : open_top(p);
        if (o.top_fd < 0)
                return o.top_fd;

        if (p->root_overlay)
                return overlay_mount(p, &o);
        if (p->image_fd < 0)
                return bind_directory(p, o.top_fd);
        p->root_fd = TAKE_FD(o.top_fd);
        return 0;
}
