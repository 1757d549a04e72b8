/* SPDX-License-Identifier: MIT */
#include "image/store/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"

#define COMPARE_BLOCK_SIZE (64U * 1024)
#define XATTR_NAMES_MAX (64U * 1024) /* the kernel's own limits */
#define XATTR_BYTES_MAX (64U * 1024)

static bool is_dot(const char *name) {
        return str_equal(name, ".") || str_equal(name, "..");
}

int tree_path_clean(const char *path, char **ret) {
        size_t size = strlen(path);
        _cleanup_free_ char *clean = malloc(size + 1);
        char *out = clean;

        if (!clean)
                return -ENOMEM;
        if (size > TREE_PATH_MAX)
                return -ENAMETOOLONG;
        while (*path) {
                size_t n = strcspn(path, "/");
                if (n == 2 && path[0] == '.' && path[1] == '.')
                        return -EPERM;
                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                if (n > 0 && !(n == 1 && path[0] == '.')) {
                        if (out > clean)
                                *out++ = '/';
                        memcpy(out, path, n);
                        out += n;
                }
                path += n;
                path += strspn(path, "/");
        }
        *out = '\0';
        *ret = TAKE_PTR(clean);
        return 0;
}

int tree_open_dir(int root_fd, const char *path) {
        return sys_openat2(root_fd,
                        *path ? path : ".",
                        O_RDONLY | O_DIRECTORY,
                        0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int tree_open_file(int root_fd, const char *path) {
        struct stat st;

        /* A FIFO without a writer must not hold us up. */
        _cleanup_close_ int fd = sys_openat2(root_fd,
                        path,
                        O_RDONLY | O_NONBLOCK | O_NOCTTY,
                        0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

bool tree_is_whiteout(int dir_fd, const char *name) {
        struct stat st;

        return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISCHR(st.st_mode) &&
               st.st_rdev == makedev(0, 0);
}

/* One component, its parent being there. */
static int make_dir(int root_fd, char *path) {
        char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        int r;

        if (slash)
                *slash = '\0';
        _cleanup_close_ int parent = tree_open_dir(root_fd, slash ? path : "");
        if (slash)
                *slash = '/';
        if (parent < 0)
                return parent;

        if (tree_is_whiteout(parent, name) && unlinkat(parent, name, 0) < 0)
                return -errno;
        r = neg_errno(mkdirat(parent, name, 0755));
        return r < 0 ? r : 0;
}

int tree_make_dirs(int root_fd, const char *path) {
        int fd = tree_open_dir(root_fd, path);

        if (fd != -ENOENT && fd != -ENOTDIR)
                return fd;

        _cleanup_free_ char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        for (char *slash = copy; slash;) {
                slash = strchr(slash + 1, '/');
                if (slash)
                        *slash = '\0';
                fd = tree_open_dir(root_fd, copy);
                if (fd == -ENOENT || fd == -ENOTDIR) {
                        int r = make_dir(root_fd, copy);
                        /* There, and yet not to be entered: a file, or a link that leads nowhere. */
                        if (r < 0)
                                return r == -EEXIST ? -ENOTDIR : r;
                        fd = tree_open_dir(root_fd, copy);
                }
                if (fd < 0)
                        return fd;
                if (!slash)
                        return fd;
                (void) close_fd(fd);
                *slash = '/';
        }
        return -ENOTDIR;
}

int tree_open_beneath(int root_fd, const char *path) {
        return sys_openat2(root_fd,
                        *path ? path : ".",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                        0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static char *path_join(const char *path, const char *name) {
        return str_printf("%s%s%s", path, *path ? "/" : "", name);
}

static int dir_open(int root_fd, const char *path, DIR **ret) {
        int fd = tree_open_beneath(root_fd, path);
        if (fd < 0)
                return fd;
        DIR *d = fdopendir(fd);
        if (!d) {
                int r = -errno;
                (void) close_fd(fd);
                return r;
        }
        *ret = d;
        return 0;
}

int tree_scratch_file(int dir_fd) {
        static const char name[] = ".supd-scratch";
        const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

        int fd = neg_errno(openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
        if (fd != -EOPNOTSUPP && fd != -EISDIR && fd != -EINVAL)
                return fd;
        /* Not every file system has files that never had a name. */
        (void) unlinkat(dir_fd, name, 0); /* of one that was killed; else opening fails */
        fd = neg_errno(openat(dir_fd, name, flags, 0600));
        if (fd >= 0 && unlinkat(dir_fd, name, 0) < 0) {
                int r = -errno;
                (void) close_fd(fd);
                return r;
        }
        return fd;
}

/* Unlinks what is no directory and stacks what is. Return: 1 if something was stacked. */
static int dir_clear(int dir_fd, const char *path, char ***stack) {
        _cleanup_(closedirp) DIR *d = NULL;
        int r, stacked = 0;

        r = dir_open(dir_fd, path, &d);
        if (r < 0)
                return r;
        for (struct dirent *entry; (entry = readdir(d));) {
                if (is_dot(entry->d_name) || unlinkat(dirfd(d), entry->d_name, 0) >= 0)
                        continue;
                if (errno != EISDIR && errno != EPERM)
                        return -errno;
                if (unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR) >= 0)
                        continue;
                if (errno != ENOTEMPTY && errno != EEXIST)
                        return -errno;
                char *child = path_join(path, entry->d_name);
                r = child ? strv_push(stack, &child) : -ENOMEM;
                free(child);
                if (r < 0)
                        return r;
                stacked = 1;
        }
        return stacked;
}

int tree_remove(int dir_fd, const char *name) {
        return tree_remove_with(dir_fd, name, NULL, NULL);
}

int tree_remove_with(int dir_fd, const char *name, TreeReadOnly on_read_only, void *userdata) {
        _cleanup_strv_ char **stack = NULL;
        int r;

        if (unlinkat(dir_fd, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        r = strv_append(&stack, name);
        if (r < 0)
                return r;

        for (size_t n; (n = strv_length(stack)) > 0;) {
                char *path = stack[n - 1];
                r = dir_clear(dir_fd, path, &stack);
                if (r > 0)
                        continue;
                if (r == -EROFS && on_read_only)
                        r = on_read_only(path, userdata);
                else if (r == 0)
                        r = neg_errno(unlinkat(dir_fd, path, AT_REMOVEDIR));
                if (r < 0)
                        return r;
                free(path);
                stack[n - 1] = NULL;
        }
        return 0;
}

/* ---- comparing -------------------------------------------------------------------------------- */
typedef struct Marks {
        TreeIsOpaque is_opaque; /* NULL: not looked at */
        void *userdata;
} Marks;

static bool stat_is_equal(const struct stat *a, const struct stat *b) {
        if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
                        a->st_rdev != b->st_rdev)
                return false;
        /* Directories that a layer only implies have the time at which they were made. */
        if (S_ISDIR(a->st_mode))
                return true;
        if (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
                return false;
        return a->st_size == b->st_size && a->st_nlink == b->st_nlink;
}

static int content_compare(int a, int b) {
        _cleanup_free_ char *blocks = malloc(2 * (size_t) COMPARE_BLOCK_SIZE);

        if (!blocks)
                return -ENOMEM;
        for (off_t offset = 0;;) {
                ssize_t n = pread(a, blocks, COMPARE_BLOCK_SIZE, offset);
                ssize_t m = pread(b, blocks + COMPARE_BLOCK_SIZE, COMPARE_BLOCK_SIZE, offset);
                if (n < 0 || m < 0)
                        return -errno;
                if (n != m || memcmp(blocks, blocks + COMPARE_BLOCK_SIZE, (size_t) n) != 0)
                        return 0;
                if (n == 0)
                        return 1;
                offset += n;
        }
}

static int xattrs_compare(int a, int b) {
        _cleanup_free_ char *memory = calloc(2, XATTR_NAMES_MAX + XATTR_BYTES_MAX);
        if (!memory)
                return -ENOMEM;
        char *names = memory, *other = names + XATTR_NAMES_MAX;
        char *value = other + XATTR_NAMES_MAX, *expected = value + XATTR_BYTES_MAX;

        ssize_t n = flistxattr(a, names, XATTR_NAMES_MAX);
        ssize_t m = flistxattr(b, other, XATTR_NAMES_MAX);
        if (n < 0 || m < 0)
                return errno == EOPNOTSUPP ? 1 : -errno;
        if (n != m)
                return 0;
        for (const char *p = names; p < names + n; p += strlen(p) + 1) {
                ssize_t size = fgetxattr(a, p, value, XATTR_BYTES_MAX);
                ssize_t wanted = fgetxattr(b, p, expected, XATTR_BYTES_MAX);
                if (size < 0 || size != wanted || memcmp(value, expected, (size_t) size) != 0)
                        return 0;
        }
        return 1;
}

static int link_compare(int a, int b, const char *name) {
        char x[PATH_MAX], y[PATH_MAX];
        ssize_t n = readlinkat(a, name, x, sizeof(x)), m = readlinkat(b, name, y, sizeof(y));

        if (n < 0 || m < 0)
                return -errno;
        return n == m && memcmp(x, y, (size_t) n) == 0;
}

static int dir_marks_compare(const Marks *marks, int a, int b) {
        if (!marks->is_opaque)
                return 1;
        int x = marks->is_opaque(a, marks->userdata);
        int y = x < 0 ? x : marks->is_opaque(b, marks->userdata);
        return y < 0 ? y : x == y;
}

static int node_compare(const Marks *marks, int a_dir, int b_dir, const char *name) {
        struct stat a, b;
        int r;

        if (fstatat(a_dir, name, &a, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (fstatat(b_dir, name, &b, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!stat_is_equal(&a, &b))
                return 0;
        if (S_ISLNK(a.st_mode))
                return link_compare(a_dir, b_dir, name);
        if (!S_ISREG(a.st_mode) && !S_ISDIR(a.st_mode))
                return 1;

        const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        _cleanup_close_ int x = neg_errno(openat(a_dir, name, flags));
        _cleanup_close_ int y = neg_errno(openat(b_dir, name, flags));
        if (x < 0 || y < 0)
                return x < 0 ? x : y;
        r = xattrs_compare(x, y);
        if (r <= 0)
                return r;
        return S_ISDIR(a.st_mode) ? dir_marks_compare(marks, x, y) : content_compare(x, y);
}

static int count_entries(DIR *d, size_t *ret) {
        size_t n = 0;

        rewinddir(d);
        while (readdir(d))
                n++;
        rewinddir(d);
        *ret = n;
        return 0;
}

/* One directory; those within it are stacked. Return: 1 the same, 0 not, with its name in *ret_path. */
static int dir_compare(const Marks *marks,
                int a_fd,
                int b_fd,
                const char *path,
                char ***stack,
                char **ret_path) {
        _cleanup_(closedirp) DIR *a = NULL, *b = NULL;
        size_t n = 0, m = 0;
        int r;

        r = dir_open(a_fd, path, &a);
        if (r >= 0)
                r = dir_open(b_fd, path, &b);
        if (r >= 0)
                r = count_entries(a, &n);
        if (r >= 0)
                r = count_entries(b, &m);
        if (r < 0)
                return r;
        if (n != m) {
                *ret_path = strdup(*path ? path : ".");
                return *ret_path ? 0 : -ENOMEM;
        }

        for (struct dirent *entry; (entry = readdir(a));) {
                if (is_dot(entry->d_name))
                        continue;
                _cleanup_free_ char *child = path_join(path, entry->d_name);
                if (!child)
                        return -ENOMEM;
                r = node_compare(marks, dirfd(a), dirfd(b), entry->d_name);
                if (r == 0)
                        *ret_path = TAKE_PTR(child);
                if (r <= 0)
                        return r;
                if (entry->d_type == DT_DIR && strv_push(stack, &child) < 0)
                        return -ENOMEM;
        }
        return 1;
}

int tree_compare(int a_fd, int b_fd, TreeIsOpaque is_opaque, void *userdata, char **ret_path) {
        const Marks marks = { is_opaque, userdata };
        _cleanup_strv_ char **stack = NULL;
        int r;

        r = node_compare(&marks, a_fd, b_fd, ".");
        if (r == 0) {
                *ret_path = strdup(".");
                return *ret_path ? 0 : -ENOMEM;
        }
        if (r > 0)
                r = strv_append(&stack, "");
        while (r >= 0 && strv_length(stack) > 0) {
                size_t last = strv_length(stack) - 1;
                _cleanup_free_ char *path = TAKE_PTR(stack[last]);

                r = dir_compare(&marks, a_fd, b_fd, path, &stack, ret_path);
                if (r == 0)
                        return 0;
        }
        return r < 0 ? r : 1;
}

/* Of a file with several names each has its share: remembering which were counted would take memory. */
static uint64_t bytes_of(const struct stat *st) {
        uint64_t bytes = (uint64_t) st->st_blocks * 512;

        return S_ISDIR(st->st_mode) || st->st_nlink == 0 ? bytes : bytes / st->st_nlink;
}

int tree_usage(int dir_fd, uint64_t *ret_bytes) {
        _cleanup_strv_ char **stack = NULL;
        uint64_t bytes = 0;
        int r;

        r = strv_append(&stack, "");
        while (r >= 0 && strv_length(stack) > 0) {
                size_t last = strv_length(stack) - 1;
                _cleanup_free_ char *path = TAKE_PTR(stack[last]);
                _cleanup_(closedirp) DIR *d = NULL;

                r = dir_open(dir_fd, path, &d);
                if (r == -ENOENT && *path) { /* a container removed it this moment */
                        r = 0;
                        continue;
                }
                for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                        struct stat st;
                        if (str_equal(entry->d_name, "..") ||
                                        fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) <
                                                        0)
                                continue;
                        if (S_ISDIR(st.st_mode) && !str_equal(entry->d_name, ".")) {
                                char *child = path_join(path, entry->d_name);
                                r = child ? strv_push(&stack, &child) : -ENOMEM;
                                free(child);
                                continue;
                        }
                        bytes += bytes_of(&st);
                }
        }
        if (r < 0)
                return r;
        *ret_bytes = bytes;
        return 0;
}

int tree_bytes(int dir_fd, const char *name, uint64_t *ret_bytes) {
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode)) {
                *ret_bytes = (uint64_t) st.st_blocks * 512;
                return 0;
        }
        _cleanup_close_ int fd = neg_errno(
                        openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return fd < 0 ? fd : tree_usage(fd, ret_bytes);
}
