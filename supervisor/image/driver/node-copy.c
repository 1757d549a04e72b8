/* SPDX-License-Identifier: MIT */
#include "image/driver/node-copy.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

#define NAMES_SIZE (64U * 1024) /* the kernel's own limits */
#define VALUE_SIZE (64U * 1024)
#define MEMORY_SIZE ((size_t) NAMES_SIZE + VALUE_SIZE)

int node_copy_init(NodeCopy *n) {
        *n = (NodeCopy) { .may_clone = true, .memory = malloc(MEMORY_SIZE) };
        return n->memory ? 0 : -ENOMEM;
}

void node_copy_done(NodeCopy *n) {
        free(n->memory);
        *n = (NodeCopy) {};
}

/* ---- bytes ------------------------------------------------------------------------------------ */
/* Return: 1 shared; 0 it has to be copied. */
static int clone_content(NodeCopy *n, int from_fd, int to_fd) {
        if (!n->may_clone)
                return 0;
        if (ioctl(to_fd, FICLONE, from_fd) >= 0)
                return 1;
        switch (errno) {
        case EOPNOTSUPP:
        case ENOTTY:
        case EXDEV:
        case ENOSYS:
                n->may_clone = false; /* nor will it for the other files */
                return 0;
        case EINVAL: /* this one: without checksums, for instance */
                return 0;
        default:
                return -errno;
        }
}

static int write_at(int fd, const char *data, size_t size, off_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, offset);
                if (n < 0 && errno != EINTR)
                        return -errno;
                n = MAX(n, 0);
                data += n;
                size -= (size_t) n;
                offset += n;
        }
        return 0;
}

static int copy_blocks(NodeCopy *n, int from_fd, int to_fd, off_t offset, off_t end) {
        while (offset < end) {
                ssize_t got = pread(from_fd,
                                n->memory,
                                MIN(MEMORY_SIZE, (size_t) (end - offset)),
                                offset);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                int r = write_at(to_fd, n->memory, (size_t) got, offset);
                if (r < 0)
                        return r;
                offset += got;
        }
        return 0;
}

static int copy_range(NodeCopy *n, int from_fd, int to_fd, off_t offset, off_t end) {
        while (offset < end) {
                off_t in = offset, out = offset;
                ssize_t done = copy_file_range(
                                from_fd, &in, to_fd, &out, (size_t) (end - offset), 0);
                if (done > 0) {
                        offset += done;
                        continue;
                }
                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP &&
                                errno != ENOSYS)
                        return -errno;
                return copy_blocks(n, from_fd, to_fd, offset, end);
        }
        return 0;
}

int node_copy_content(NodeCopy *n, int from_fd, int to_fd) {
        struct stat st;
        off_t offset = 0;
        int r;

        if (fstat(from_fd, &st) < 0)
                return -errno;
        if (st.st_size == 0)
                return 0;
        r = clone_content(n, from_fd, to_fd);
        if (r != 0)
                return MIN(r, 0);

        while (offset < st.st_size) {
                off_t data = lseek(from_fd, offset, SEEK_DATA);
                if (data < 0 && errno == ENXIO)
                        break; /* nothing but a hole is left */
                off_t hole = data < 0 ? -1 : lseek(from_fd, data, SEEK_HOLE);
                if (data < 0 || hole < 0) { /* it can't tell */
                        data = offset;
                        hole = st.st_size;
                }
                r = copy_range(n, from_fd, to_fd, data, hole);
                if (r < 0)
                        return r;
                offset = hole;
        }
        return neg_errno(ftruncate(to_fd, st.st_size));
}

/* ---- what is said of a file ------------------------------------------------------------------- */
static bool xattr_is_wanted(const char *name) {
        return (str_has_prefix(name, "user.") && !str_has_prefix(name, "user.overlay.")) ||
               str_has_prefix(name, "system.posix_acl_") || str_equal(name, "security.capability");
}

static int copy_xattrs(NodeCopy *n, int from_fd, int to_fd) {
        char *names = n->memory, *value = names + NAMES_SIZE;

        ssize_t size = flistxattr(from_fd, names, NAMES_SIZE);
        if (size < 0)
                return errno == EOPNOTSUPP ? 0 : -errno;
        for (const char *name = names; name < names + size; name += strlen(name) + 1) {
                if (!xattr_is_wanted(name))
                        continue;
                ssize_t got = fgetxattr(from_fd, name, value, VALUE_SIZE);
                if (got < 0)
                        return -errno;
                /* As when it was unpacked: a file system without attributes does without. */
                if (fsetxattr(to_fd, name, value, (size_t) got, 0) < 0 && errno != EOPNOTSUPP)
                        return -errno;
        }
        return 0;
}

int node_copy_attributes(NodeCopy *n, int from_fd, int to_fd) {
        struct stat st;
        int r;

        if (fstat(from_fd, &st) < 0)
                return -errno;
        const struct timespec times[2] = { st.st_mtim, st.st_mtim };
        /* The owner first: a change of it takes set-user-ID and capabilities away. */
        r = neg_errno(fchown(to_fd, st.st_uid, st.st_gid));
        if (r >= 0)
                r = neg_errno(fchmod(to_fd, st.st_mode & 07777));
        if (r >= 0)
                r = copy_xattrs(n, from_fd, to_fd);
        if (r >= 0)
                r = neg_errno(futimens(to_fd, times));
        return r;
}

static int finish_special(int dir_fd, const char *name, const struct stat *st) {
        const struct timespec times[2] = { st->st_mtim, st->st_mtim };

        if (fchownat(dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        /* Our own node of a moment ago, in a directory that nobody else writes to. */
        if (!S_ISLNK(st->st_mode) && fchmodat(dir_fd, name, st->st_mode & 07777, 0) < 0)
                return -errno;
        return neg_errno(utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW));
}

/* ---- the whole -------------------------------------------------------------------------------- */
static int copy_file(NodeCopy *n, int from_dir, const char *name, int to_dir) {
        int r;

        /* Not to wait for anything, should it be something else than it just was. */
        _cleanup_close_ int from = neg_errno(openat(
                        from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (from < 0)
                return from;
        _cleanup_close_ int to = neg_errno(openat(
                        to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (to < 0)
                return to;
        r = node_copy_content(n, from, to);
        return r < 0 ? r : node_copy_attributes(n, from, to);
}

static int copy_symlink(NodeCopy *n, int from_dir, const char *name, int to_dir) {
        static_assert(MEMORY_SIZE > PATH_MAX, "a target and its end");

        ssize_t size = readlinkat(from_dir, name, n->memory, PATH_MAX);
        if (size < 0)
                return -errno;
        n->memory[size] = '\0';
        return neg_errno(symlinkat(n->memory, to_dir, name));
}

int node_copy(NodeCopy *n, int from_dir, const char *name, const struct stat *st, int to_dir) {
        int r;

        if (S_ISREG(st->st_mode))
                return copy_file(n, from_dir, name, to_dir);
        r = S_ISLNK(st->st_mode) ? copy_symlink(n, from_dir, name, to_dir)
                                 : neg_errno(mknodat(to_dir,
                                                   name,
                                                   (st->st_mode & S_IFMT) | 0600,
                                                   st->st_rdev));
        return r < 0 ? r : finish_special(to_dir, name, st);
}
