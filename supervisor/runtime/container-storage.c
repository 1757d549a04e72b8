/* SPDX-License-Identifier: MIT */
#include "runtime/container-storage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "supd/image-store.h"

char *container_storage_path(const char *state_dir, const char *id) {
        return str_printf("%s/" SUPD_STORE_CONTAINER_DIR "/%s", state_dir, id);
}

static int make_directory(const char *path) {
        if (mkdir(path, 0700) >= 0)
                return 0;
        if (errno != ENOENT)
                return -errno;
        return dir_make_all(path, 0700);
}

int container_storage_make(const char *state_dir, const char *id, Error *error) {
        _cleanup_free_ char *path = container_storage_path(state_dir, id);
        if (!path)
                return -ENOMEM;

        int r = make_directory(path);
        if (r == -EEXIST) {
                r = container_storage_discard(state_dir, id);
                if (r >= 0)
                        r = make_directory(path);
        }
        return r < 0 && r != -ENOMEM ? error_set(error, r, ERROR_STORAGE, "cannot make %s", path)
                                     : MIN(r, 0);
}

/* Its name there says nothing but must be new. */
static char *trash_path(const char *state_dir, const char *id) {
        uint64_t random;

        if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return NULL;
        return str_printf("%s/" SUPD_STORE_TRASH_DIR "/%s.%016" PRIx64, state_dir, id, random);
}

int container_storage_discard(const char *state_dir, const char *id) {
        _cleanup_free_ char *path = container_storage_path(state_dir, id);
        _cleanup_free_ char *trash = trash_path(state_dir, id);
        struct stat st;

        if (!path || !trash)
                return -ENOMEM;
        if (rename(path, trash) >= 0)
                return 1;
        if (errno != ENOENT)
                return -errno;
        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        /* It was the trash that is missing. */
        _cleanup_free_ char *dir = str_printf("%s/" SUPD_STORE_TRASH_DIR, state_dir);
        int r = dir ? dir_make_all(dir, 0700) : -ENOMEM;
        if (r < 0)
                return r;
        return rename(path, trash) < 0 ? -errno : 1;
}

static int list_directory(const char *path, char ***ret) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_(closedirp) DIR *d = opendir(path);
        int r = 0;

        for (struct dirent *entry; r >= 0 && d && (entry = readdir(d));) {
                if (entry->d_name[0] != '.')
                        r = strv_append(&names, entry->d_name);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(names);
        return 0;
}

bool container_storage_has_trash(const char *state_dir) {
        _cleanup_free_ char *path = str_printf("%s/" SUPD_STORE_TRASH_DIR, state_dir);
        _cleanup_strv_ char **names = NULL;

        return path && list_directory(path, &names) >= 0 && names;
}

int container_storage_list(const char *state_dir, char ***ret) {
        _cleanup_free_ char *path = str_printf("%s/" SUPD_STORE_CONTAINER_DIR, state_dir);

        return path ? list_directory(path, ret) : -ENOMEM;
}
