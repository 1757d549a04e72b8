/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/macro.h"
#include "kinds/condition-internal.h"

int condition_path_exists(const char *parameter) {
        return access(parameter, F_OK) >= 0;
}

int condition_path_exists_glob(const char *parameter) {
        glob_t found = {};

        int r = glob(parameter, GLOB_NOSORT | GLOB_BRACE, NULL, &found);
        globfree(&found);
        return r == GLOB_NOSPACE ? -ENOMEM : r == 0;
}

static bool is_mode(const char *path, mode_t type, int flags) {
        struct stat st;

        return fstatat(AT_FDCWD, path, &st, flags) >= 0 && (st.st_mode & S_IFMT) == type;
}

int condition_path_is_directory(const char *parameter) {
        return is_mode(parameter, S_IFDIR, 0);
}

int condition_path_is_symbolic_link(const char *parameter) {
        return is_mode(parameter, S_IFLNK, AT_SYMLINK_NOFOLLOW);
}

/* AT_STATX_DONT_SYNC: of what the kernel knows already, so that a dead server is not asked. */
int condition_path_is_mount_point(const char *parameter) {
        struct statx sx;

        if (statx(AT_FDCWD, parameter, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &sx) < 0)
                return 0;
        return (sx.stx_attributes_mask & sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int condition_path_is_read_write(const char *parameter) {
        struct statvfs st;

        return statvfs(parameter, &st) >= 0 && !(st.f_flag & ST_RDONLY);
}

int condition_directory_not_empty(const char *parameter) {
        DIR *dir = opendir(parameter);
        bool found = false;

        if (!dir)
                return 0;
        for (struct dirent *entry; !found && (entry = readdir(dir));)
                found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        (void) closedir(dir);
        return found;
}

int condition_file_not_empty(const char *parameter) {
        struct stat st;

        return stat(parameter, &st) >= 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

int condition_file_is_executable(const char *parameter) {
        struct stat st;

        return stat(parameter, &st) >= 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}
