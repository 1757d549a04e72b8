/* SPDX-License-Identifier: MIT */
#include "kinds/exec-directories.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/credentials.h"
#include "kinds/host-user.h"

/* ---- walking ------------------------------------------------------------------------------------- */

/* Nobody but root can have put a link there. */
static bool is_roots_own(int dir_fd) {
        struct stat st;

        return fstat(dir_fd, &st) >= 0 && st.st_uid == 0 &&
               (!(st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_mode & S_ISVTX);
}

static int open_next(int dir_fd, const char *name, bool make) {
        int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_roots_own(dir_fd) ? 0 : O_NOFOLLOW);

        if (make && mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        return (int) neg_errno(openat(dir_fd, name, flags));
}

/* The directory that @path below @base leads to. Return: its descriptor. */
static int open_below(const char *base, const char *path, bool make) {
        _cleanup_free_ char *copy = strdup(path);
        char *rest = copy;
        int r = 0;

        if (!copy)
                return -ENOMEM;
        if (make)
                r = dir_make_all(base, 0755);
        _cleanup_close_ int fd =
                        r < 0 ? r : (int) neg_errno(open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        for (char *name = strsep(&rest, "/"); name && fd >= 0; name = strsep(&rest, "/")) {
                if (*name == '\0')
                        continue;
                int next = open_next(fd, name, make);
                close_fd(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

/* What is before the last slash of @path, and what is behind it. */
static int split_path(const char *path, char **ret_parent, char **ret_name) {
        size_t size = strlen(path);

        while (size > 0 && path[size - 1] == '/')
                size--;
        size_t at = size;
        while (at > 0 && path[at - 1] != '/')
                at--;
        *ret_parent = strndup(path, at);
        *ret_name = strndup(path + at, size - at);
        return *ret_parent && *ret_name ? 0 : -ENOMEM;
}

/* ---- making -------------------------------------------------------------------------------------- */

static int make_directory(const char *base, const char *path, mode_t mode, const PlanUser *owner) {
        _cleanup_close_ int fd = open_below(base, path, /* make= */ true);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
                return -errno;
        if (owner && (st.st_uid != owner->uid || st.st_gid != owner->gid) &&
                        fchown(fd, owner->uid, owner->gid) < 0)
                return -errno;
        return 0;
}

/* A link that is there already may have led elsewhere; anything else is somebody's file. */
static int make_link(const char *base, const char *path, const char *link) {
        _cleanup_free_ char *parent = NULL, *name = NULL, *to = str_printf("%s/%s", base, path);
        struct stat st;

        int r = to ? split_path(link, &parent, &name) : -ENOMEM;
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open_below(base, parent, /* make= */ true);
        if (fd < 0)
                return fd;
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0) {
                if (!S_ISLNK(st.st_mode))
                        return -EEXIST;
                if (unlinkat(fd, name, 0) < 0)
                        return -errno;
        }
        return (int) neg_errno(symlinkat(to, fd, name));
}

static int make_word(ExecDirectoryKind kind, const char *word, mode_t mode, const PlanUser *owner) {
        const char *base = exec_directory_kinds[kind].base;
        const char *colon = strchr(word, ':');
        _cleanup_free_ char *path = strndup(word, colon ? (size_t) (colon - word) : strlen(word));

        if (!path)
                return -ENOMEM;
        /* Configuration is the administrator's: the service reads it. */
        int r = make_directory(
                        base, path, mode, kind == EXEC_DIRECTORY_CONFIGURATION ? NULL : owner);
        return r < 0 || !colon ? r : make_link(base, path, colon + 1);
}

static bool has_any(const HostExecSpec *exec) {
        for (ExecDirectoryKind kind = 0; kind < _EXEC_DIRECTORY_KIND_MAX; kind++) {
                if (exec->directories[kind].words)
                        return true;
        }
        return exec->load_credentials || exec->set_credentials;
}

int exec_directories_make(const char *id, const HostExecSpec *exec, Error *error) {
        int r = 0;

        if (!has_any(exec))
                return 0;
        _cleanup_free_ PlanUser *owner = calloc(1, sizeof(*owner));
        if (!owner)
                return -ENOMEM;
        r = host_user_find(exec, owner, error);
        if (r < 0)
                return r;
        for (ExecDirectoryKind kind = 0; kind < _EXEC_DIRECTORY_KIND_MAX; kind++) {
                STRV_FOREACH (word, exec->directories[kind].words) {
                        r = make_word(kind, *word, exec->directories[kind].mode, owner);
                        if (r < 0)
                                return error_set(error,
                                                r,
                                                ERROR_STORAGE,
                                                "%s=: cannot make %s/%s",
                                                exec_directory_kinds[kind].key,
                                                exec_directory_kinds[kind].base,
                                                *word);
                }
        }
        return credentials_make(id, exec, owner, error);
}

/* ---- telling ------------------------------------------------------------------------------------- */

static int add_variable(ExecDirectoryKind kind, char **words, char ***variables) {
        _cleanup_strv_ char **paths = NULL;
        int r = 0;

        STRV_FOREACH (word, words) {
                if (r >= 0)
                        r = strv_append_printf(&paths,
                                        "%s/%.*s",
                                        exec_directory_kinds[kind].base,
                                        (int) strcspn(*word, ":"),
                                        *word);
        }
        if (r < 0 || !paths)
                return r;
        _cleanup_free_ char *joined = strv_join(paths, ":");
        if (!joined)
                return -ENOMEM;
        return strv_append_printf(variables, "%s=%s", exec_directory_kinds[kind].variable, joined);
}

int exec_directories_add_variables(const char *id, const HostExecSpec *exec, char ***variables) {
        int r = 0;

        for (ExecDirectoryKind kind = 0; kind < _EXEC_DIRECTORY_KIND_MAX && r >= 0; kind++)
                r = add_variable(kind, exec->directories[kind].words, variables);
        if (r >= 0 && (exec->load_credentials || exec->set_credentials))
                r = strv_append_printf(
                                variables, "CREDENTIALS_DIRECTORY=" CREDENTIALS_DIR "/%s", id);
        return r;
}

/* ---- removing ------------------------------------------------------------------------------------ */

static int remove_below(const char *base, const char *path) {
        _cleanup_free_ char *parent = NULL, *name = NULL;

        int r = split_path(path, &parent, &name);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open_below(base, parent, /* make= */ false);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        r = dir_remove_all(fd, name);
        return r == -ENOENT ? 0 : r;
}

static int remove_link(const char *base, const char *link) {
        _cleanup_free_ char *parent = NULL, *name = NULL;
        struct stat st;

        int r = split_path(link, &parent, &name);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open_below(base, parent, /* make= */ false);
        if (fd < 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
                return 0;
        return (int) neg_errno(unlinkat(fd, name, 0));
}

static void discard_runtime(const char *id, const HostExecSpec *exec) {
        const char *base = exec_directory_kinds[EXEC_DIRECTORY_RUNTIME].base;

        STRV_FOREACH (word, exec->directories[EXEC_DIRECTORY_RUNTIME].words) {
                const char *colon = strchr(*word, ':');
                _cleanup_free_ char *path = strndup(*word, strcspn(*word, ":"));

                int r = colon ? remove_link(base, colon + 1) : 0;
                if (r >= 0)
                        r = path ? remove_below(base, path) : -ENOMEM;
                if (r < 0)
                        diag_warning("%s: cannot remove %s/%s: %s; left there",
                                        id,
                                        base,
                                        *word,
                                        error_text(NULL, r));
        }
}

void exec_directories_discard(const char *id, const HostExecSpec *exec, bool restarts) {
        bool keep = exec->runtime_preserve == DIRECTORY_PRESERVE_YES ||
                    (exec->runtime_preserve == DIRECTORY_PRESERVE_RESTART && restarts);

        if (!keep)
                discard_runtime(id, exec);
        if (!exec->load_credentials && !exec->set_credentials)
                return;
        int r = remove_below(CREDENTIALS_DIR, id);
        if (r < 0)
                diag_warning("%s: cannot remove its credentials: %s; left there",
                                id,
                                error_text(NULL, r));
}
