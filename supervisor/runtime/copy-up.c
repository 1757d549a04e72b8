/* SPDX-License-Identifier: MIT */
#include "runtime/copy-up.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"

#define COPY_DEPTH_MAX 32U
#define COPY_BUFFER_SIZE (32U * 1024U)
#define DIRENTS_SIZE 2048U

static int copy_tree(int from_fd, int to_fd, unsigned depth, char *buffer);

static int copy_data(int from, int to, char *buffer) {
        for (;;) {
                ssize_t n = read(from, buffer, COPY_BUFFER_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;

                int r = fd_write_all(to, buffer, (size_t) n);
                if (r < 0)
                        return r;
        }
}

/* Owner first: changing it clears set-user-ID. */
static int copy_attributes(int fd, const struct stat *st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };

        if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
                        futimens(fd, times) < 0)
                return -errno;
        return 0;
}

static int copy_file(
                int from_dir, int to_dir, const char *name, const struct stat *st, char *buffer) {
        _cleanup_close_ int from = neg_errno(
                        openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
        if (from < 0)
                return from;
        _cleanup_close_ int to = neg_errno(
                        openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (to < 0)
                return to;

        int r = copy_data(from, to, buffer);
        return r < 0 ? r : copy_attributes(to, st);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st) {
        char target[PATH_MAX];

        ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (symlinkat(target, to_dir, name) < 0 ||
                        fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

static int copy_directory(int from_dir,
                int to_dir,
                const char *name,
                const struct stat *st,
                unsigned depth,
                char *buffer) {
        if (mkdirat(to_dir, name, 0700) < 0)
                return -errno;
        _cleanup_close_ int from = neg_errno(
                        openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (from < 0)
                return from;
        _cleanup_close_ int to = neg_errno(
                        openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (to < 0)
                return to;

        int r = copy_tree(from, to, depth + 1, buffer);
        return r < 0 ? r : copy_attributes(to, st);
}

static int copy_entry(int from_dir, int to_dir, const char *name, unsigned depth, char *buffer) {
        struct stat st;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return 0;
        if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;

        switch (st.st_mode & S_IFMT) {
        case S_IFREG:
                return copy_file(from_dir, to_dir, name, &st, buffer);
        case S_IFLNK:
                return copy_link(from_dir, to_dir, name, &st);
        case S_IFDIR:
                return copy_directory(from_dir, to_dir, name, &st, depth, buffer);
        default:
                return 0;
        }
}

/* readdir() would allocate. */
static int copy_tree(int from_fd, int to_fd, unsigned depth, char *buffer) {
        _Alignas(struct dirent64) char entries[DIRENTS_SIZE];

        if (depth >= COPY_DEPTH_MAX)
                return -ELOOP;

        for (;;) {
                long n = syscall(SYS_getdents64, from_fd, entries, sizeof(entries));
                if (n <= 0)
                        return n < 0 ? -errno : 0;

                for (long at = 0; at < n;) {
                        const struct dirent64 *entry = (const struct dirent64 *) (entries + at);

                        int r = copy_entry(from_fd, to_fd, entry->d_name, depth, buffer);
                        if (r < 0)
                                return r;
                        at += entry->d_reclen;
                }
        }
}

int copy_up(int from_fd, int to_fd) {
        char buffer[COPY_BUFFER_SIZE];

        _cleanup_close_ int from =
                        neg_errno(openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (from < 0)
                return from;
        return copy_tree(from, to_fd, 0, buffer);
}
