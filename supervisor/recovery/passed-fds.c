/* SPDX-License-Identifier: MIT */
#include "recovery/passed-fds.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "supd/init-protocol.h"

#define LISTEN_FDS_START 3
#define PASSED_FDS_MAX 65536U
#define NAME_LIST_MAX (8U * 1024U * 1024U)

/* Across our own execve(): a memfd with "NAME NUMBER" lines, found by this variable. */
#define ENV_REEXEC_FD "SUPD_REEXEC_FD"

PassedFd *passed_fd_free(PassedFd *p) {
        if (!p)
                return NULL;
        close_fd(p->fd);
        free(p->name);
        free(p);
        return NULL;
}

/* Takes @fd over in every case: what can't be named can't be used. */
static int add_fd(Map *map, const char *name, int fd) {
        _cleanup_close_ int owned = fd;

        (void) fd_set_cloexec(
                        owned, /* cloexec= */ true); /* fails only for a bad number, closed below */
        _cleanup_(passed_fd_freep) PassedFd *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (PassedFd) { .fd = -EBADF, .name = strdup(name) };
        if (!p->name)
                return -ENOMEM;
        p->fd = TAKE_FD(owned);

        int r = map_put(map, p->name, p);
        if (r >= 0)
                (void) TAKE_PTR(p);
        return r == -EEXIST ? 0 : r;
}

static int env_number(const char *variable, uint64_t *ret) {
        const char *value = getenv(variable);
        return value ? parse_u64(value, ret) : -ENOENT;
}

static int read_memfd(int fd, char **ret) {
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return file_read_fd(fd, NAME_LIST_MAX, ret, NULL);
}

static uint64_t count_names(const char *names, char separator) {
        uint64_t n = 0;

        for (const char *name = names; *name; n++) {
                const char *end = strchr(name, separator);
                name = end ? end + 1 : name + strlen(name);
        }
        return n;
}

/* The names in order, separated by @separator, for descriptors from 3 on. */
static int add_listed(Map *map, char *names, char separator) {
        int fd = LISTEN_FDS_START;

        for (char *name = names; name && *name; fd++) {
                char *end = strchr(name, separator);
                if (end)
                        *end = '\0';
                int r = add_fd(map, name, fd);
                if (r < 0)
                        return r;
                name = end ? end + 1 : NULL;
        }
        return 0;
}

static int receive_from_manager(Map *map, Error *error) {
        uint64_t pid, n, names_fd;
        _cleanup_free_ char *names = NULL;
        char separator = ':';
        int r;

        if (env_number("LISTEN_PID", &pid) < 0 || pid != (uint64_t) getpid() ||
                        env_number("LISTEN_FDS", &n) < 0 || n == 0)
                return 0;
        if (n > PASSED_FDS_MAX)
                return error_set(error, -E2BIG, ERROR_STORAGE, "LISTEN_FDS");

        if (env_number(SUPD_ENV_FDNAMES_FD, &names_fd) >= 0 && names_fd <= INT32_MAX) {
                _cleanup_close_ int fd = (int) names_fd;
                r = read_memfd(fd, &names);
                separator = '\n';
        } else {
                const char *list = getenv("LISTEN_FDNAMES");
                names = list ? strdup(list) : NULL;
                r = names ? 0 : -EBADMSG;
        }
        if (r >= 0 && count_names(names, separator) != n)
                r = -EBADMSG;
        if (r >= 0)
                r = add_listed(map, names, separator);
        else /* nobody knows which is which: none of them, and none for our children */
                (void) close_range(LISTEN_FDS_START, LISTEN_FDS_START + (unsigned) n - 1, 0);
        if (r < 0)
                return error_set(
                                error, r, ERROR_STORAGE, "cannot take over the stored descriptors");
        return 0;
}

static int receive_from_ourselves(Map *map, Error *error) {
        _cleanup_free_ char *list = NULL;
        uint64_t number;
        int r;

        if (env_number(ENV_REEXEC_FD, &number) < 0 || number > INT32_MAX)
                return 0;

        _cleanup_close_ int memfd = (int) number;
        r = read_memfd(memfd, &list);
        for (char *line = list; r >= 0 && line && *line;) {
                char *end = strchr(line, '\n'), *blank = strchr(line, ' ');
                uint64_t fd;
                if (!end || !blank || blank > end)
                        r = -EBADMSG;
                else {
                        *end = *blank = '\0';
                        r = parse_u64(blank + 1, &fd);
                        if (r >= 0)
                                r = add_fd(map, line, (int) fd);
                        line = end + 1;
                }
        }
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot take over our own descriptors");
        return 0;
}

int passed_fds_receive(Map *map, Error *error) {
        static const char *const variables[] = {
                "LISTEN_PID",
                "LISTEN_FDS",
                "LISTEN_FDNAMES",
                SUPD_ENV_FDNAMES_FD,
                ENV_REEXEC_FD,
        };
        int r;

        r = receive_from_manager(map, error);
        if (r >= 0)
                r = receive_from_ourselves(map, error);
        for (size_t i = 0; i < ELEMENTSOF(variables); i++)
                (void) unsetenv(variables[i]); /* fails for malformed names only */
        return r;
}

int passed_fds_keep_for_exec(char *const *names, const int *fds, size_t n) {
        _cleanup_close_ int memfd = neg_errno(memfd_create("supd-reexec", MFD_CLOEXEC));
        char number[16];
        int r;

        if (memfd < 0)
                return memfd;
        for (size_t i = 0; i < n; i++) {
                if (dprintf(memfd, "%s %d\n", names[i], fds[i]) < 0)
                        return -errno;
                r = fd_set_cloexec(fds[i], /* cloexec= */ false);
                if (r < 0)
                        return r;
        }

        r = fd_set_cloexec(memfd, /* cloexec= */ false);
        if (r < 0)
                return r;
        snprintf(number, sizeof(number), "%d", memfd);
        if (setenv(ENV_REEXEC_FD, number, /* replace= */ 1) < 0)
                return -errno;
        memfd = -EBADF; /* stays open: the next image of ourselves closes it */
        return 0;
}
