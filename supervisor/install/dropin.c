/* SPDX-License-Identifier: MIT */
#include "install/dropin.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

#define DROPIN_SIZE_MAX (1024U * 1024U)

static int open_directory(int root_fd, const char *name, bool create) {
        if (create && mkdirat(root_fd, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        return sys_openat2(root_fd,
                        name,
                        O_RDONLY | O_DIRECTORY,
                        0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static int read_old(int dir_fd, const char *name, char **ret) {
        int r = file_read(dir_fd, name, DROPIN_SIZE_MAX, ret, NULL);

        return r == -ENOENT ? 0 : r;
}

static int replace(
                int root_fd, int dir_fd, const char *dir_name, const char *name, const char *text) {
        if (text) {
                int r = file_replace(dir_fd, name, text, 0644, /* sync= */ true);
                return r < 0 ? r : neg_errno(fsync(root_fd)); /* the directory may be new */
        }
        if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        if (unlinkat(root_fd, dir_name, AT_REMOVEDIR) < 0)
                return neg_errno(fsync(dir_fd)); /* others are in it */
        return neg_errno(fsync(root_fd));
}

int dropin_write(const char *dir,
                const char *file,
                const char *name,
                const char *text,
                char **ret_old,
                Error *error) {
        _cleanup_free_ char *dir_name = str_printf("%s.d", file), *old = NULL;
        if (!dir_name)
                return -ENOMEM;

        int r = text ? dir_make_all(dir, 0755) : 0;
        _cleanup_close_ int root_fd =
                        r < 0 ? r : neg_errno(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_close_ int dir_fd =
                        root_fd < 0 ? root_fd
                                    : open_directory(root_fd, dir_name, /* create= */ text);
        if (dir_fd == -ENOENT && !text) {
                if (ret_old)
                        *ret_old = NULL;
                return 0;
        }
        r = dir_fd < 0 ? dir_fd : read_old(dir_fd, name, &old);
        if (r >= 0)
                r = replace(root_fd, dir_fd, dir_name, name, text);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_STORAGE,
                                "cannot change '%s/%s/%s'",
                                dir,
                                dir_name,
                                name);
        if (ret_old)
                *ret_old = TAKE_PTR(old);
        return 0;
}
