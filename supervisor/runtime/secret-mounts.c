/* SPDX-License-Identifier: MIT */
#include "runtime/secret-mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/mount-point.h"
#include "runtime/mounts.h"
#include "runtime/plan-mounts.h"

#define ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define COPY_SIZE 4096U
#define NUMBER_SIZE 16U

/* In the tmpfs: what becomes /run/secrets, beside files named by number. */
#define TREE "run"

/* ---- in the parent ----------------------------------------------------------------------------- */

/* NULL: the target is not below it. */
static const char *path_below_secrets(const char *target) {
        static const char prefix[] = SECRETS_DIR "/";

        if (!str_has_prefix(target, prefix))
                return NULL;
        const char *below = target + strlen(prefix) + strspn(target + strlen(prefix), "/");
        return *below ? below : NULL;
}

static int plan_secret(Plan *p, const RuntimeSecret *from, PlanSecret *to, Error *error) {
        int r = plan_check_target(from->target, error);
        if (r < 0)
                return r;
        *to = (PlanSecret) {
                .name = plan_strdup(p, from->name),
                .target = plan_strdup(p, from->target),
                .fd = from->fd,
                .offset = from->offset,
                .size = from->size,
                .mode = from->mode & 07777,
                .uid = from->uid,
                .gid = from->gid,
        };
        if (!to->name || !to->target)
                return -ENOMEM;
        to->below = path_below_secrets(to->target);
        return 0;
}

int secrets_plan(Plan *p, const RuntimeSecret *secrets, size_t n, Error *error) {
        PlanSecret *list = plan_alloc(p, n * sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int r = plan_secret(p, &secrets[i], &list[i], error);
                if (r < 0)
                        return r;
        }
        p->secrets = list;
        p->n_secrets = n;
        return 0;
}

/* ---- in the child ------------------------------------------------------------------------------ */

/* What a system without swap for it never writes out; before Linux 6.4 there is no saying so. */
static int create_tmpfs(void) {
        static const PlanOption options[] = { { "mode", "0755" }, { "noswap", NULL } };

        int fd = filesystem_create("tmpfs", options, ELEMENTSOF(options), ATTRIBUTES);
        return fd == -EINVAL ? filesystem_create("tmpfs", options, 1, ATTRIBUTES) : fd;
}

static int copy_bytes(const PlanSecret *s, int to_fd) {
        char buffer[COPY_SIZE];

        for (uint64_t done = 0; done < s->size;) {
                size_t size = MIN(sizeof(buffer), (size_t) (s->size - done));
                ssize_t n = pread(s->fd, buffer, size, (off_t) (s->offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                int r = fd_write_all(to_fd, buffer, (size_t) n);
                if (r < 0)
                        return r;
                done += (uint64_t) n;
        }
        return 0;
}

static int write_secret(const PlanSecret *s, int dir_fd, const char *name) {
        _cleanup_close_ int fd = neg_errno(openat(
                        dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (fd < 0)
                return fd;
        int r = copy_bytes(s, fd);
        if (r >= 0)
                r = neg_errno(fchown(fd, s->uid, s->gid));
        return r < 0 ? r : neg_errno(fchmod(fd, s->mode));
}

/* "db/password" below @tree_fd; nobody else is in there. */
static int write_below(const PlanSecret *s, int tree_fd) {
        _cleanup_close_ int dir_fd = neg_errno(fcntl(tree_fd, F_DUPFD_CLOEXEC, 0));
        const char *rest = s->below;
        char name[NAME_MAX + 1];

        if (dir_fd < 0)
                return dir_fd;
        for (;;) {
                size_t n = strcspn(rest, "/");

                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, rest, n);
                name[n] = '\0';
                rest += n + strspn(rest + n, "/");
                if (*rest == '\0')
                        return write_secret(s, dir_fd, name);
                if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
                        return -errno;
                int fd = neg_errno(openat(
                                dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
                if (fd < 0)
                        return fd;
                close_fd(dir_fd);
                dir_fd = fd;
        }
}

/* snprintf() is not for between clone3() and execve(). */
static const char *number_text(size_t number, char buffer[NUMBER_SIZE]) {
        char *p = buffer + NUMBER_SIZE - 1;

        *p = '\0';
        do {
                *--p = (char) ('0' + number % 10);
                number /= 10;
        } while (number > 0 && p > buffer);
        return p;
}

/* What the unit says of owners is said in the container's ids. */
static int map_owner(const Plan *p, PlanSecret *s) {
        if (!p->user_namespace)
                return 0;
        s->uid = id_map_outside(&p->uids, s->uid);
        s->gid = id_map_outside(&p->gids, s->gid);
        return s->uid == ID_INVALID || s->gid == ID_INVALID ? -EOVERFLOW : 0;
}

static int fill_tmpfs(Plan *p, int fs_fd) {
        char number[NUMBER_SIZE];

        if (mkdirat(fs_fd, TREE, 0755) < 0)
                return -errno;
        _cleanup_close_ int tree_fd =
                        neg_errno(openat(fs_fd, TREE, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (tree_fd < 0)
                return tree_fd;
        for (size_t i = 0; i < p->n_secrets; i++) {
                PlanSecret mapped = p->secrets[i];
                const PlanSecret *s = &mapped;

                p->item = (int) i;
                int q = map_owner(p, &mapped);
                if (q < 0)
                        return q;
                int r = s->below ? write_below(s, tree_fd)
                                 : write_secret(s, fs_fd, number_text(i, number));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What is @name in the tmpfs onto @target of the container. */
static int attach(const Plan *p, int fs_fd, const char *name, const char *target, mode_t type) {
        _cleanup_close_ int tree_fd =
                        sys_open_tree(fs_fd, name, OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
        if (tree_fd < 0)
                return tree_fd;
        _cleanup_close_ int target_fd = mount_point_open(p->root_fd, target, type, 0);
        if (target_fd < 0)
                return target_fd;
        int r = mount_check_target(target, target_fd);
        if (r < 0)
                return r;
        return mount_attach(p,
                        tree_fd,
                        target_fd,
                        ATTRIBUTES | MOUNT_ATTR_RDONLY,
                        MS_PRIVATE,
                        /* recursive= */ false);
}

static int attach_all(Plan *p, int fs_fd) {
        char number[NUMBER_SIZE];
        bool tree_attached = false;

        for (size_t i = 0; i < p->n_secrets; i++) {
                const PlanSecret *s = &p->secrets[i];
                int r = 0;

                p->item = (int) i;
                if (!s->below)
                        r = attach(p, fs_fd, number_text(i, number), s->target, S_IFREG);
                else if (!tree_attached)
                        r = attach(p, fs_fd, TREE, SECRETS_DIR, S_IFDIR);
                if (r < 0)
                        return r;
                tree_attached = tree_attached || s->below;
        }
        return 0;
}

int secrets_mount(Plan *p) {
        if (p->n_secrets == 0)
                return 0;
        _cleanup_close_ int fd = create_tmpfs();
        if (fd < 0)
                return fd;
        int r = fill_tmpfs(p, fd);
        if (r < 0)
                return r;

        /* The kernel clones only from what is mounted somewhere: over the host's /dev, which nobody looks at
         * in this namespace any more, for as long as it takes. */
        r = sys_move_mount(fd, "", AT_FDCWD, "/dev", MOVE_MOUNT_F_EMPTY_PATH);
        if (r < 0)
                return r;
        r = attach_all(p, fd);
        int q = neg_errno(umount2("/dev", MNT_DETACH));
        return r < 0 ? r : q;
}
