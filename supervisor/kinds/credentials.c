/* SPDX-License-Identifier: MIT */
#include "kinds/credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/exec-directories.h"

/* Where a credential without a path is looked for. */
static const char *const stores[] = {
        "/etc/credstore", "/run/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore"
};

typedef struct Credentials {
        int dir_fd; /* owned */
        const PlanUser *owner;
        size_t left; /* bytes that may still come */
} Credentials;

/* A file of this machine: what never ends, or keeps us waiting, is none. */
static int read_file(const char *path, size_t limit, char **ret, size_t *ret_size) {
        struct stat st;

        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if ((uint64_t) st.st_size > limit)
                return -E2BIG;
        return file_read_fd(fd, limit, ret, ret_size);
}

/* Return: 0; -ENOENT: in no store. */
static int find_file(const char *path, size_t limit, char **ret, size_t *ret_size) {
        int r = -ENOENT;

        if (*path == '/')
                return read_file(path, limit, ret, ret_size);
        for (size_t i = 0; i < ELEMENTSOF(stores) && r == -ENOENT; i++) {
                _cleanup_free_ char *whole = str_printf("%s/%s", stores[i], path);
                r = whole ? read_file(whole, limit, ret, ret_size) : -ENOMEM;
        }
        return r;
}

/* Complete before it has its name, and readable for nobody but the owner from the first moment on. */
static int write_credential(Credentials *c, const char *name, const char *text, size_t size) {
        static const char temporary[] = ".new";

        if (size > c->left)
                return -E2BIG;
        (void) unlinkat(c->dir_fd, temporary, 0); /* of one that was cut short */
        _cleanup_close_ int fd = neg_errno(openat(c->dir_fd,
                        temporary,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0400));
        if (fd < 0)
                return fd;
        int r = fd_write_all(fd, text, size);
        if (r >= 0 && fchown(fd, c->owner->uid, c->owner->gid) < 0)
                r = -errno;
        if (r >= 0)
                r = (int) neg_errno(renameat(c->dir_fd, temporary, c->dir_fd, name));
        if (r < 0)
                (void) unlinkat(c->dir_fd, temporary, 0);
        else
                c->left -= size;
        return r;
}

static const char *default_of(char *const *set, const char *id, size_t id_size) {
        STRV_FOREACH (word, set) {
                if (strcspn(*word, ":") == id_size && strncmp(*word, id, id_size) == 0)
                        return *word + id_size + 1;
        }
        return NULL;
}

static int load(Credentials *c, const HostExecSpec *exec, const char *word, Error *error) {
        size_t id_size = strcspn(word, ":"), size = 0;
        const char *path = word + id_size + 1, *fallback;
        _cleanup_free_ char *id = strndup(word, id_size), *text = NULL;

        if (!id)
                return -ENOMEM;
        if (*path == '\0')
                path = id;
        int r = find_file(path, c->left, &text, &size);
        fallback = r == -ENOENT ? default_of(exec->set_credentials, id, id_size) : NULL;
        if (r >= 0)
                r = write_credential(c, id, text, size);
        else if (fallback)
                r = write_credential(c, id, fallback, strlen(fallback));
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "LoadCredential=%s: %s", id, path) : 0;
}

static int set(Credentials *c, const HostExecSpec *exec, const char *word, Error *error) {
        size_t id_size = strcspn(word, ":");
        _cleanup_free_ char *id = strndup(word, id_size);

        if (!id)
                return -ENOMEM;
        STRV_FOREACH (loaded, exec->load_credentials) {
                if (strncmp(*loaded, word, id_size + 1) == 0)
                        return 0; /* it was asked first */
        }
        const char *text = word + id_size + 1;
        int r = write_credential(c, id, text, strlen(text));
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "SetCredential=%s", id) : 0;
}

static int open_directory(const char *id, const PlanUser *owner) {
        _cleanup_free_ char *path = str_printf(CREDENTIALS_DIR "/%s", id);

        int r = path ? dir_make_all(CREDENTIALS_DIR, 0755) : -ENOMEM;
        if (r < 0)
                return r;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd < 0)
                return fd;
        /* For reading alone: a service can't change what its next command finds. */
        if (fchown(fd, owner->uid, owner->gid) < 0 || fchmod(fd, 0500) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int credentials_make(
                const char *id, const HostExecSpec *exec, const PlanUser *owner, Error *error) {
        if (!exec->load_credentials && !exec->set_credentials)
                return 0;
        _cleanup_close_ int fd = open_directory(id, owner);
        if (fd < 0)
                return error_set(error,
                                fd,
                                ERROR_STORAGE,
                                "cannot make the directory of its credentials, " CREDENTIALS_DIR
                                "/%s",
                                id);
        Credentials c = { .dir_fd = fd, .owner = owner, .left = CREDENTIAL_SIZE_MAX };
        int r = 0;
        STRV_FOREACH (word, exec->load_credentials) {
                if (r >= 0)
                        r = load(&c, exec, *word, error);
        }
        STRV_FOREACH (word, exec->set_credentials) {
                if (r >= 0)
                        r = set(&c, exec, *word, error);
        }
        return r;
}
