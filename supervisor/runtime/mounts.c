/* SPDX-License-Identifier: MIT */
#include "runtime/mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/copy-up.h"
#include "runtime/dev-tree.h"
#include "runtime/kernel-file.h"
#include "runtime/mount-point.h"

#define NOSUID MOUNT_ATTR_NOSUID
#define NODEV MOUNT_ATTR_NODEV
#define NOEXEC MOUNT_ATTR_NOEXEC
#define RDONLY MOUNT_ATTR_RDONLY

/* What a container may cover below /proc, where lxcfs gives it figures of its own. */
static const char *const proc_targets[] = {
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/slabinfo",
};

int filesystem_create(const char *type,
                const PlanOption *options,
                size_t n_options,
                uint64_t attributes) {
        _cleanup_close_ int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
        if (fs < 0)
                return fs;

        /* What /proc/self/mountinfo shows as the device. */
        int r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", type, 0);
        for (size_t i = 0; r >= 0 && i < n_options; i++) {
                const PlanOption *o = &options[i];

                r = sys_fsconfig(fs,
                                o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                                o->key,
                                o->value,
                                0);
        }
        if (r >= 0)
                r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
        if (r < 0)
                return r;
        return sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned) attributes);
}

/* Before Linux 5.12. Flags of the mounts below stay as they are. */
static int mount_set_attributes_by_path(
                int fd, uint64_t attributes, unsigned long propagation, bool recursive) {
        /* clang-format off */
        static const struct { uint64_t attribute; unsigned long flag; unsigned long statvfs; } flags[] = {
                { RDONLY, MS_RDONLY, ST_RDONLY },
                { NOSUID, MS_NOSUID, ST_NOSUID },
                { NODEV,  MS_NODEV,  ST_NODEV  },
                { NOEXEC, MS_NOEXEC, ST_NOEXEC },
        };
        /* clang-format on */
        char path[FD_PATH_SIZE];
        struct statvfs fs;

        if (attributes) {
                unsigned long set = MS_REMOUNT | MS_BIND;

                /* A remount sets all flags: keep those that are there. */
                if (fstatvfs(fd, &fs) < 0)
                        return -errno;
                for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                        if ((attributes & flags[i].attribute) || (fs.f_flag & flags[i].statvfs))
                                set |= flags[i].flag;
                }
                if (mount(NULL, fd_path(fd, path), NULL, set, NULL) < 0)
                        return -errno;
        }
        if (propagation && mount(NULL,
                                           fd_path(fd, path),
                                           NULL,
                                           propagation | (recursive ? MS_REC : 0),
                                           NULL) < 0)
                return -errno;
        return 0;
}

int mount_set_attributes(const Plan *p,
                int fd,
                uint64_t attributes,
                unsigned long propagation,
                bool recursive) {
        if (!attributes && !propagation)
                return 0;
        if (!p->features.mount_setattr)
                return mount_set_attributes_by_path(fd, attributes, propagation, recursive);

        struct mount_attr attr = { .attr_set = attributes, .propagation = propagation };
        return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

int mount_shift_owners(const Plan *p, int tree_fd, bool recursive) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
                .userns_fd = (uint64_t) p->user_fd };

        if (!p->shift)
                return 0;
        if (!p->features.idmap)
                return -EINVAL;
        return sys_mount_setattr(
                        tree_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

int mount_attach(const Plan *p,
                int tree_fd,
                int target_fd,
                uint64_t attributes,
                unsigned long propagation,
                bool recursive) {
        int r = 0;

        if (p->features.mount_setattr)
                r = mount_set_attributes(p, tree_fd, attributes, propagation, recursive);
        if (r >= 0)
                r = sys_move_mount(tree_fd,
                                "",
                                target_fd,
                                "",
                                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        if (r >= 0 && !p->features.mount_setattr)
                r = mount_set_attributes(p, tree_fd, attributes, propagation, recursive);
        return r;
}

/* Clones are taken while mounts still have the host's propagation: a volume that is to share mounts
 * with the host stays in its peer group, whatever the rest of this namespace becomes. */
int mounts_open_sources(Plan *p) {
        for (size_t i = 0; i < p->n_mounts; i++) {
                PlanMount *m = &p->mounts[i];

                if (m->kind == PLAN_MOUNT_TMPFS)
                        continue;
                p->item = (int) i;
                m->tree_fd = sys_open_tree(AT_FDCWD,
                                m->source,
                                OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE |
                                                (m->recursive ? AT_RECURSIVE : 0));
                if (m->tree_fd < 0)
                        return m->tree_fd;
                if (!m->shift)
                        continue;
                p->step = PLAN_STEP_SHIFT_MOUNT;
                int r = mount_shift_owners(p, m->tree_fd, m->recursive);
                if (r < 0)
                        return r;
                p->step = PLAN_STEP_SOURCES;
        }
        return 0;
}

int mounts_make_private(Plan *p) {
        (void) p;
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static const PlanOption dev_options[] = { { "mode", "0755" }, { "size", "65536k" } };
static const PlanOption devpts_options[] = {
        { "newinstance", NULL },
        { "ptmxmode", "0666" },
        { "mode", "0620" },
        { "gid", "5" },
};

static int keep_proc(Plan *p, int fd) {
        p->proc_fd = fd;
        return 0;
}

/*
 * In this order. The cgroup tree is the v2 one on the hybrid layout as well: the v1 hierarchies have
 * no use inside a container without rights on them, and programs that read /sys/fs/cgroup know v2.
 */
/* clang-format off */
static const struct {
        const char *type, *target;
        uint64_t attributes;
        const PlanOption *options;
        size_t n_options;
        int (*populate)(Plan *p, int fd); /* takes the descriptor over; NULL: nothing to do */
} filesystems[] = {
        { "proc",    "/proc",          NOSUID | NOEXEC | NODEV,          NULL, 0, keep_proc },
        { "sysfs",   "/sys",           NOSUID | NOEXEC | NODEV | RDONLY, NULL, 0, NULL },
        { "cgroup2", "/sys/fs/cgroup", NOSUID | NOEXEC | NODEV | RDONLY, NULL, 0, NULL },
        { "tmpfs",   "/dev",           NOSUID, dev_options, ELEMENTSOF(dev_options), dev_tree_create },
        { "devpts",  "/dev/pts",       NOSUID | NOEXEC, devpts_options, ELEMENTSOF(devpts_options), NULL },
        { "mqueue",  "/dev/mqueue",    NOSUID | NOEXEC | NODEV,          NULL, 0, NULL },
        { "tmpfs",   "/dev/shm",       NOSUID | NOEXEC | NODEV,          NULL, 0, NULL }, /* size: the plan's */
};
/* clang-format on */
#define FILESYSTEM_SHM (ELEMENTSOF(filesystems) - 1)
#define TTY_GROUP 5U

const char *filesystem_target(int row) {
        return row >= 0 && (size_t) row < ELEMENTSOF(filesystems) ? filesystems[row].target : NULL;
}

const char *filesystem_type(int row) {
        return row >= 0 && (size_t) row < ELEMENTSOF(filesystems) ? filesystems[row].type : NULL;
}

/* Shared: the size is that of whoever mounted it. */
static int open_shm(const Plan *p, uint64_t attributes) {
        _cleanup_close_ int fd =
                        sys_open_tree(AT_FDCWD, p->shm_path, OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
        if (fd < 0)
                return fd;
        int r = p->features.mount_setattr
                                ? mount_set_attributes(p, fd, attributes, MS_PRIVATE, false)
                                : 0; /* it has those that matter */
        return r < 0 ? r : TAKE_FD(fd);
}

/* Made in the host's user namespace, where group 5 is another; and some know no owner but the host's root. */
static int filesystem_create_mapped(Plan *p, size_t row, uint64_t attributes) {
        char gid[sizeof("4294967295")];
        const PlanOption terminals[] = {
                { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", gid }
        };
        bool is_devpts = str_equal(filesystems[row].type, "devpts");
        uint32_t tty = id_map_outside(&p->gids, TTY_GROUP);

        if (str_equal(filesystems[row].type, "proc")) {
                int fs = p->proc_context_fd;
                p->proc_context_fd = -EBADF;
                return sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned) attributes);
        }
        (void) snprintf(gid, sizeof(gid), "%u", tty); /* fits */
        int fd = filesystem_create(filesystems[row].type,
                        is_devpts ? terminals : filesystems[row].options,
                        is_devpts ? ELEMENTSOF(terminals) - (tty == ID_INVALID)
                                  : filesystems[row].n_options,
                        attributes);
        /* For looks: it works with any owner. */
        if (fd >= 0 && (is_devpts || str_equal(filesystems[row].type, "mqueue")) &&
                        fchownat(fd, "", p->owner_uid, p->owner_gid, AT_EMPTY_PATH) < 0)
                return fd;
        return fd;
}

static int filesystem_mount(Plan *p, size_t row) {
        const PlanOption shm_options[] = { { "mode", "1777" }, { "size", p->shm_size } };
        const PlanOption *options = filesystems[row].options;
        size_t n_options = filesystems[row].n_options;
        uint64_t attributes = filesystems[row].attributes;

        if (row == FILESYSTEM_SHM) {
                options = shm_options;
                n_options = p->shm_size ? 2 : 1;
                attributes |= p->dev_read_only ? RDONLY : 0;
        }

        bool shared = row == FILESYSTEM_SHM && p->shm_path;
        bool mapped = p->user_namespace && row != FILESYSTEM_SHM;
        _cleanup_close_ int fd = shared   ? open_shm(p, attributes)
                                 : mapped ? filesystem_create_mapped(p, row, attributes)
                                          : filesystem_create(filesystems[row].type,
                                                            options,
                                                            n_options,
                                                            attributes);
        if (fd < 0)
                return fd;

        /* A link in place of /proc or /dev is no image's need, and the masks would miss it. */
        _cleanup_close_ int target = mount_point_open(
                        p->root_fd, filesystems[row].target, S_IFDIR, RESOLVE_NO_SYMLINKS);
        if (target < 0)
                return target;
        int r = sys_move_mount(
                        fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        if (r < 0 || !filesystems[row].populate)
                return r;
        return filesystems[row].populate(p, TAKE_FD(fd));
}

int mounts_add_filesystems(Plan *p) {
        for (size_t i = 0; i < ELEMENTSOF(filesystems); i++) {
                p->step = PLAN_STEP_FILESYSTEMS;
                p->item = (int) i;
                int r = filesystem_mount(p, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool may_cover_proc(const char *target) {
        for (size_t i = 0; i < ELEMENTSOF(proc_targets); i++) {
                if (str_equal(target, proc_targets[i]))
                        return true;
        }
        return false;
}

/* Whoever may mount over procfs can hide that a later write to it goes elsewhere. */
int mount_check_target(const char *target, int target_fd) {
        struct statfs fs;

        if (fstatfs(target_fd, &fs) < 0)
                return -errno;
        return fs.f_type == PROC_SUPER_MAGIC && !may_cover_proc(target) ? -EPERM : 0;
}

static int tmpfs_take_over(const PlanMount *m, int tmpfs_fd, int target_fd) {
        struct stat st;

        if (!m->mode_set) {
                if (fstat(target_fd, &st) < 0)
                        return -errno;
                if (fchmodat(tmpfs_fd, ".", st.st_mode & 07777, 0) < 0 ||
                                fchownat(tmpfs_fd, ".", st.st_uid, st.st_gid, 0) < 0)
                        return -errno;
        }
        return 0;
}

/* What the target shows goes on showing in what is about to cover it. */
static int take_over(Plan *p, const PlanMount *m, int target_fd) {
        int r = m->kind == PLAN_MOUNT_TMPFS ? tmpfs_take_over(m, m->tree_fd, target_fd) : 0;
        if (r < 0 || !m->copy_up)
                return r;

        p->step = PLAN_STEP_COPY_UP;
        r = m->kind == PLAN_MOUNT_TMPFS
                            ? copy_up(target_fd, m->tree_fd)
                            : copy_up_once(target_fd, m->tree_fd, /* sync= */ !m->ephemeral);
        if (r < 0)
                return r;
        p->step = PLAN_STEP_MOUNTS;
        return 0;
}

static bool target_exists(const Plan *p, const PlanMount *m) {
        _cleanup_close_ int fd = sys_openat2(
                        p->root_fd, m->target, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

        return fd >= 0;
}

static int open_target(const Plan *p, const PlanMount *m) {
        struct stat st = { .st_mode = S_IFDIR };

        if (m->tree_fd >= 0 && fstat(m->tree_fd, &st) < 0)
                return -errno;
        if (m->kind == PLAN_MOUNT_TIMEZONE || m->kind == PLAN_MOUNT_HOST_FILE)
                return mount_point_open_nofollow(p->root_fd, m->target, st.st_mode);
        return mount_point_open(p->root_fd, m->target, st.st_mode, 0);
}

/* "shared" with a recursive bind is meant for the volume alone, "rshared" for what is below. */
static int volume_attach(const Plan *p, const PlanMount *m, int target_fd) {
        bool at_once = !m->recursive || m->propagation_recursive;

        int r = mount_attach(p,
                        m->tree_fd,
                        target_fd,
                        m->attributes,
                        at_once ? m->propagation : 0,
                        m->recursive);
        if (r >= 0 && !at_once)
                r = mount_set_attributes(p, m->tree_fd, 0, m->propagation, /* recursive= */ false);
        return r;
}

/* What tmpfs options say of owners is said in the container's ids. */
static int own_new(const Plan *p, const PlanMount *m) {
        uint32_t uid = (uint32_t) -1, gid = (uint32_t) -1;

        for (size_t i = 0; i < m->n_options; i++) {
                const PlanOption *o = &m->options[i];
                uint64_t id;

                if (!o->value || parse_u64(o->value, &id) < 0 || id >= ID_INVALID)
                        continue;
                if (str_equal(o->key, "uid"))
                        uid = id_map_outside(&p->uids, (uint32_t) id);
                else if (str_equal(o->key, "gid"))
                        gid = id_map_outside(&p->gids, (uint32_t) id);
                else
                        continue;
                if ((str_equal(o->key, "uid") ? uid : gid) == ID_INVALID)
                        return -EOVERFLOW;
        }
        return neg_errno(fchownat(m->tree_fd, "", uid, gid, AT_EMPTY_PATH));
}

static int volume_mount(Plan *p, PlanMount *m) {
        /* A directory that is made just now says nothing: a new tmpfs keeps its 1777, a volume its mode. */
        bool existed = (m->copy_up || m->kind == PLAN_MOUNT_TMPFS) && target_exists(p, m);

        p->step = PLAN_STEP_MOUNT_POINT;
        _cleanup_close_ int target = open_target(p, m);
        if (target < 0)
                return m->kind == PLAN_MOUNT_HOST_FILE ? 0 : target;
        p->step = PLAN_STEP_MOUNTS;

        int r = mount_check_target(m->target, target);
        if (r < 0)
                return r;
        if (m->kind == PLAN_MOUNT_TMPFS) {
                m->tree_fd = filesystem_create(m->type, m->options, m->n_options, 0);
                if (m->tree_fd < 0)
                        return m->tree_fd;
        }
        if (existed)
                r = take_over(p, m, target);
        else if (m->copy_up && m->kind == PLAN_MOUNT_BIND && p->user_namespace)
                r = neg_errno(fchownat(m->tree_fd, "", p->owner_uid, p->owner_gid, AT_EMPTY_PATH));
        if (r >= 0 && m->kind == PLAN_MOUNT_TMPFS && p->user_namespace)
                r = own_new(p, m);
        if (r >= 0)
                r = volume_attach(p, m, target);
        m->tree_fd = close_fd(m->tree_fd);
        return r;
}

int mounts_add_volumes(Plan *p) {
        for (size_t i = 0; i < p->n_mounts; i++) {
                p->step = PLAN_STEP_MOUNTS;
                p->item = (int) i;
                int r = volume_mount(p, &p->mounts[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Last of the mounts, for mount points had to be made. The volumes keep their own flags. */
int mounts_make_read_only(Plan *p) {
        int r = 0;

        if (p->dev_read_only)
                r = mount_set_attributes(p, p->dev_fd, RDONLY, 0, false);
        if (r >= 0 && p->root_read_only)
                r = mount_set_attributes(p, p->root_fd, RDONLY, 0, false);
        return r;
}

int mounts_pivot(Plan *p) {
        if (fchdir(p->root_fd) < 0)
                return -errno;

        int r = sys_pivot_root(".", ".");
        if (r >= 0) {
                /* The old root now lies on top of the new one: see pivot_root(2). */
                if (umount2(".", MNT_DETACH) < 0)
                        return -errno;
        } else {
                /* The kernel's initial ramfs can't be pivoted away, only covered. */
                if (r != -EINVAL)
                        return r;
                if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
                        return -errno;
        }
        return chdir("/") < 0 ? -errno : 0;
}
