/* SPDX-License-Identifier: MIT */
#include "runtime/copy-up.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/text.h"
#include "runtime/kernel-file.h"

/* Two descriptors for each level, and RLIMIT_NOFILE may be 256. */
#define COPY_DEPTH_MAX 96U
#define COPY_LINKS_MAX 24U
#define COPY_BUFFER_SIZE (64U * 1024U) /* also holds any extended attribute */
#define XATTR_NAMES_SIZE 4096U
#define DIRENTS_SIZE 2048U
#define MARK ".supd-copy-up"

/* A file of which more names are to come. */
typedef struct CopiedFile {
        dev_t device;
        ino_t inode;
        nlink_t remaining; /* 0: slot unused */
        int fd;            /* owned; the copy */
} CopiedFile;

typedef struct Copy {
        CopiedFile files[COPY_LINKS_MAX];
        char buffer[COPY_BUFFER_SIZE];
} Copy;

/* A name in a directory that is copied. */
typedef struct CopyEntry {
        int from_dir, to_dir; /* borrowed */
        const char *name;
        struct stat st;
        unsigned depth;
} CopyEntry;

static int copy_tree(Copy *c, int from_fd, int to_fd, unsigned depth);

/* ---- attributes ---- */

static bool is_ignorable(int r) {
        return r == -EOPNOTSUPP || r == -EPERM;
}

static int copy_xattr(Copy *c, int from, int to, const char *name) {
        ssize_t n = fgetxattr(from, name, c->buffer, sizeof(c->buffer));
        if (n < 0)
                return errno == ENODATA || is_ignorable(-errno) ? 0 : -errno;

        int r = neg_errno(fsetxattr(to, name, c->buffer, (size_t) n, 0));
        return is_ignorable(r) ? 0 : r;
}

static int copy_xattrs(Copy *c, int from, int to) {
        char names[XATTR_NAMES_SIZE];

        ssize_t n = flistxattr(from, names, sizeof(names));
        if (n < 0)
                return is_ignorable(-errno) ? 0 : -errno;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                /* Would mean something else to the next overlay. */
                if (str_has_prefix(name, "trusted.overlay."))
                        continue;
                int r = copy_xattr(c, from, to, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Owner first: changing it clears set-user-ID and file capabilities. */
static int copy_attributes(Copy *c, int from, int to, const struct stat *st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };

        if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
                return -errno;
        int r = copy_xattrs(c, from, to);
        return r < 0 ? r : neg_errno(futimens(to, times));
}

/* ---- regular files ---- */

static int copy_range(Copy *c, int from, int to, off_t size) {
        while (size > 0) {
                ssize_t n = read(from, c->buffer, MIN((size_t) size, sizeof(c->buffer)));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;

                int r = fd_write_all(to, c->buffer, (size_t) n);
                if (r < 0)
                        return r;
                size -= n;
        }
        return 0;
}

/* Holes stay holes. Every file system answers; one that knows no holes says that all is data. */
static int copy_data(Copy *c, int from, int to, off_t size) {
        for (off_t at = 0; at < size;) {
                off_t data = lseek(from, at, SEEK_DATA);
                if (data < 0 && errno == ENXIO)
                        break; /* a hole up to the end */
                off_t hole = data < 0 ? data : lseek(from, data, SEEK_HOLE);
                if (hole < 0 || lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
                        return -errno;

                int r = copy_range(c, from, to, hole - data);
                if (r < 0)
                        return r;
                at = hole;
        }
        return neg_errno(ftruncate(to, size));
}

static CopiedFile *find_copied(Copy *c, const struct stat *st) {
        for (size_t i = 0; i < ELEMENTSOF(c->files); i++) {
                CopiedFile *f = &c->files[i];

                if (f->remaining > 0 && f->inode == st->st_ino && f->device == st->st_dev)
                        return f;
        }
        return NULL;
}

/* When all slots are taken, the names that follow become files of their own. */
static void remember_copied(Copy *c, const struct stat *st, int *fd) {
        for (size_t i = 0; i < ELEMENTSOF(c->files); i++) {
                CopiedFile *f = &c->files[i];

                if (f->remaining > 0)
                        continue;
                *f = (CopiedFile) {
                        .device = st->st_dev,
                        .inode = st->st_ino,
                        .remaining = st->st_nlink - 1,
                        .fd = TAKE_FD(*fd),
                };
                return;
        }
}

static int link_copied(CopiedFile *f, const CopyEntry *e) {
        char path[FD_PATH_SIZE];

        int r = neg_errno(linkat(
                        AT_FDCWD, fd_path(f->fd, path), e->to_dir, e->name, AT_SYMLINK_FOLLOW));
        if (--f->remaining == 0)
                f->fd = close_fd(f->fd);
        return r;
}

static int copy_file(Copy *c, const CopyEntry *e) {
        CopiedFile *copied = e->st.st_nlink > 1 ? find_copied(c, &e->st) : NULL;

        if (copied && link_copied(copied, e) >= 0)
                return 0;

        _cleanup_close_ int from = neg_errno(
                        openat(e->from_dir, e->name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
        if (from < 0)
                return from;
        _cleanup_close_ int to = neg_errno(
                        openat(e->to_dir, e->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (to < 0)
                return to;

        int r = copy_data(c, from, to, e->st.st_size);
        if (r >= 0)
                r = copy_attributes(c, from, to, &e->st);
        if (r >= 0 && e->st.st_nlink > 1 && !copied)
                remember_copied(c, &e->st, &to);
        return r;
}

/* ---- all else ---- */

static int copy_link(Copy *c, const CopyEntry *e) {
        const struct timespec times[] = { e->st.st_atim, e->st.st_mtim };
        char *target = c->buffer;

        ssize_t n = readlinkat(e->from_dir, e->name, target, sizeof(c->buffer) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (symlinkat(target, e->to_dir, e->name) < 0 || fchownat(e->to_dir,
                                                                         e->name,
                                                                         e->st.st_uid,
                                                                         e->st.st_gid,
                                                                         AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return neg_errno(utimensat(e->to_dir, e->name, times, AT_SYMLINK_NOFOLLOW));
}

static int copy_node(Copy *c, const CopyEntry *e) {
        const struct timespec times[] = { e->st.st_atim, e->st.st_mtim };

        (void) c;
        int r = neg_errno(mknodat(e->to_dir, e->name, e->st.st_mode, e->st.st_rdev));
        if (r < 0)
                return r == -EPERM ? 0 : r; /* a device policy's word */
        if (fchownat(e->to_dir, e->name, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
                        fchmodat(e->to_dir, e->name, e->st.st_mode & 07777, 0) < 0)
                return -errno;
        return neg_errno(utimensat(e->to_dir, e->name, times, AT_SYMLINK_NOFOLLOW));
}

static int copy_directory(Copy *c, const CopyEntry *e) {
        if (mkdirat(e->to_dir, e->name, 0700) < 0 && errno != EEXIST)
                return -errno;
        _cleanup_close_ int from = neg_errno(openat(
                        e->from_dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (from < 0)
                return from;
        _cleanup_close_ int to = neg_errno(openat(
                        e->to_dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (to < 0)
                return to;

        int r = copy_tree(c, from, to, e->depth + 1);
        return r < 0 ? r : copy_attributes(c, from, to, &e->st);
}

static int copy_by_type(Copy *c, const CopyEntry *e) {
        switch (e->st.st_mode & S_IFMT) {
        case S_IFREG:
                return copy_file(c, e);
        case S_IFLNK:
                return copy_link(c, e);
        case S_IFDIR:
                return copy_directory(c, e);
        case S_IFBLK:
        case S_IFCHR:
        case S_IFIFO:
                return copy_node(c, e);
        default:
                return 0;
        }
}

static int copy_entry(Copy *c, int from_dir, int to_dir, const char *name, unsigned depth) {
        CopyEntry e = { .from_dir = from_dir, .to_dir = to_dir, .name = name, .depth = depth };

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return 0;
        if (fstatat(from_dir, name, &e.st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;

        int r = copy_by_type(c, &e);
        if (r != -EEXIST)
                return r;
        /* Left by a copy that was cut short. */
        if (unlinkat(to_dir, name, 0) < 0)
                return -errno;
        return copy_by_type(c, &e);
}

/* readdir() would allocate. */
static int copy_tree(Copy *c, int from_fd, int to_fd, unsigned depth) {
        _Alignas(struct dirent64) char entries[DIRENTS_SIZE];

        if (depth >= COPY_DEPTH_MAX)
                return -ELOOP;

        for (;;) {
                long n = syscall(SYS_getdents64, from_fd, entries, sizeof(entries));
                if (n <= 0)
                        return n < 0 ? -errno : 0;

                for (long at = 0; at < n;) {
                        const struct dirent64 *entry = (const struct dirent64 *) (entries + at);

                        int r = copy_entry(c, from_fd, to_fd, entry->d_name, depth);
                        if (r < 0)
                                return r;
                        at += entry->d_reclen;
                }
        }
}

/* ---- the whole ---- */

static int copy_all(Copy *c, int from_fd, int to_fd) {
        for (size_t i = 0; i < ELEMENTSOF(c->files); i++)
                c->files[i] = (CopiedFile) { .fd = -EBADF };

        int r = copy_tree(c, from_fd, to_fd, 0);
        for (size_t i = 0; i < ELEMENTSOF(c->files); i++)
                c->files[i].fd = close_fd(c->files[i].fd);
        return r;
}

static int reopen_directory(int fd) {
        return neg_errno(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int copy_up(int from_fd, int to_fd) {
        Copy c;

        _cleanup_close_ int from = reopen_directory(from_fd);
        return from < 0 ? from : copy_all(&c, from, to_fd);
}

/* Return: 1 if there is nothing; 0; negative errno. The position is then at the begin again. */
static int directory_is_empty(int fd) {
        _Alignas(struct dirent64) char entries[DIRENTS_SIZE];
        int n_entries = 0;

        long n = syscall(SYS_getdents64, fd, entries, sizeof(entries));
        for (long at = 0; at < n; n_entries++)
                at += ((const struct dirent64 *) (entries + at))->d_reclen;
        if (n < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return n_entries <= 2; /* . and .. */
}

static int take_attributes(Copy *c, int from, int to) {
        struct stat st;

        return fstat(from, &st) < 0 ? -errno : copy_attributes(c, from, to, &st);
}

static int copy_marked(Copy *c, int from, int to, bool sync) {
        /* The directory may be anybody's, and so what bears this name. */
        _cleanup_close_ int mark = neg_errno(openat(
                        to, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
        if (mark < 0)
                return mark;

        int r = copy_all(c, from, to);
        if (r >= 0)
                r = take_attributes(c, from, to);
        if (r < 0)
                return r;

        /* The mark goes when all else is sure to be there. */
        if (sync && syncfs(to) < 0)
                return -errno;
        if (unlinkat(to, MARK, 0) < 0)
                return -errno;
        return take_attributes(c, from, to); /* that was a change: the time again */
}

static int copy_locked(int from, int to, bool sync) {
        Copy c;

        if (faccessat(to, MARK, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return copy_marked(&c, from, to, sync);
        int r = directory_is_empty(to);
        if (r <= 0)
                return r;

        /* Most volumes of images: nothing to copy, nothing to wait for. */
        r = directory_is_empty(from);
        if (r < 0)
                return r;
        return r > 0 ? take_attributes(&c, from, to) : copy_marked(&c, from, to, sync);
}

int copy_up_once(int from_fd, int to_fd, bool sync) {
        _cleanup_close_ int from = reopen_directory(from_fd);
        if (from < 0)
                return from;
        _cleanup_close_ int to = reopen_directory(to_fd);
        if (to < 0)
                return to;
        return flock(to, LOCK_EX) < 0 ? -errno : copy_locked(from, to, sync);
}
