/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

int file_read_fd(int fd, size_t limit, char **ret, size_t *ret_size) {
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                if (allocated - size < 2) {
                        allocated = allocated ? allocated * 2 : 4096;
                        char *grown = realloc(buffer, allocated);
                        if (!grown)
                                return -ENOMEM;
                        buffer = grown;
                }

                ssize_t n = read(fd, buffer + size, allocated - size - 1);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > limit)
                        return -EFBIG;
        }

        buffer[size] = '\0';
        if (ret_size)
                *ret_size = size;
        *ret = TAKE_PTR(buffer);
        return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = neg_errno(openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (fd < 0)
                return fd;
        return file_read_fd(fd, limit, ret, ret_size);
}

int file_write_string(int dir_fd, const char *path, const char *text) {
        _cleanup_close_ int fd = neg_errno(openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
        if (fd < 0)
                return fd;

        ssize_t n = write(fd, text, strlen(text));
        return n < 0 ? -errno : 0;
}

int file_replace(int dir_fd, const char *path, const char *text, mode_t mode, bool sync) {
        _cleanup_free_ char *temporary = NULL;
        int r;

        /* One writer per file: supd is single-threaded and owns its directories. */
        if (asprintf(&temporary, "%s.new", path) < 0)
                return -ENOMEM;

        _cleanup_close_ int fd = neg_errno(openat(dir_fd,
                        temporary,
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        mode));
        if (fd < 0)
                return fd;

        r = fd_write_all(fd, text, strlen(text));
        if (r >= 0 && sync)
                r = neg_errno(fsync(fd));
        if (r >= 0)
                r = neg_errno(renameat(dir_fd, temporary, dir_fd, path));
        if (r < 0)
                (void) unlinkat(dir_fd, temporary, 0); /* the first error is the one to report */
        return r;
}

int dir_make_all(const char *path, mode_t mode) {
        _cleanup_free_ char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;

        for (char *slash = copy; slash;) {
                slash = strchr(slash + 1, '/');
                if (slash)
                        *slash = '\0';
                if (mkdir(copy, mode) < 0 && errno != EEXIST)
                        return -errno;
                if (slash)
                        *slash = '/';
        }

        struct stat st;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Bounded by RESOLVE-free openat(O_NOFOLLOW) at each level; depth is that of trees we made ourselves. */
static int dir_empty(int fd, dev_t device, unsigned depth) {
        int r;

        if (depth > 64)
                return -ELOOP;

        int copy = neg_errno(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        if (copy < 0)
                return copy;
        DIR *dir = fdopendir(copy);
        if (!dir) {
                r = -errno;
                (void) close_fd(copy);
                return r;
        }

        r = 0;
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (unlinkat(fd, entry->d_name, 0) >= 0)
                        continue;
                if (errno != EISDIR && errno != EPERM) {
                        r = -errno;
                        continue;
                }

                _cleanup_close_ int child = neg_errno(openat(fd,
                                entry->d_name,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
                struct stat st;
                if (child < 0 || fstat(child, &st) < 0 || st.st_dev != device) {
                        r = child < 0 ? child : -EXDEV;
                        continue;
                }
                int q = dir_empty(child, device, depth + 1);
                if (q >= 0)
                        q = neg_errno(unlinkat(fd, entry->d_name, AT_REMOVEDIR));
                if (q < 0)
                        r = q;
        }
        (void) closedir(dir);
        return r;
}

int dir_remove_all(int dir_fd, const char *path) {
        if (unlinkat(dir_fd, path, 0) >= 0 || errno == ENOENT)
                return 0;

        _cleanup_close_ int fd = neg_errno(
                        openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd < 0)
                return fd;

        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;

        int r = dir_empty(fd, st.st_dev, 0);
        if (r < 0)
                return r;
        return neg_errno(unlinkat(dir_fd, path, AT_REMOVEDIR)) < 0 ? -errno : 0;
}
