/* SPDX-License-Identifier: MIT */
#include "runtime/listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/user.h"

#define FLUSH_MAX 4096U /* what comes faster than we let go of it is for the service */

typedef struct Owner {
        uid_t uid;
        gid_t gid;
} Owner;

static int find_owner(const ListenRequest *r, Owner *ret, Error *error) {
        char name[USER_NAME_SIZE];
        int q = 0;

        *ret = (Owner) {};
        if (!r->user && !r->group)
                return 0;
        _cleanup_close_ int root = neg_errno(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (root < 0)
                return error_set(error, root, ERROR_RUNTIME, "cannot open /");
        if (r->user) {
                _cleanup_free_ PlanUser *user = calloc(1, sizeof(*user));
                if (!user)
                        return -ENOMEM;
                q = user_find(root, r->user, user, name);
                if (q < 0)
                        return error_set_plain(error,
                                        q,
                                        ERROR_BAD_SETTING,
                                        "SocketUser=%s: no such user on this machine",
                                        r->user);
                *ret = (Owner) { .uid = user->uid, .gid = user->gid };
        }
        if (r->group) {
                q = group_find(root, r->group, &ret->gid);
                if (q < 0)
                        return error_set_plain(error,
                                        q,
                                        ERROR_BAD_SETTING,
                                        "SocketGroup=%s: no such group on this machine",
                                        r->group);
        }
        return 0;
}

static int make_parent(const ListenRequest *r, Error *error) {
        const char *slash = strrchr(r->text, '/');

        if (slash == r->text)
                return 0;
        _cleanup_free_ char *parent = strndup(r->text, (size_t) (slash - r->text));
        if (!parent)
                return -ENOMEM;
        int q = dir_make_all(parent, r->directory_mode);
        return q < 0 ? error_set(error, q, ERROR_STORAGE, "cannot make the directory %s", parent)
                     : 0;
}

/* ---- named pipes --------------------------------------------------------------------------------- */

static int open_fifo(const ListenRequest *r, const Owner *owner, Error *error) {
        struct stat st;

        int q = make_parent(r, error);
        if (q < 0)
                return q;
        q = neg_errno(mkfifo(r->text, r->mode & 0777));
        if (q < 0 && q != -EEXIST)
                return error_set(error, q, ERROR_STORAGE, "cannot make the named pipe %s", r->text);

        /* For both ways, so that it never comes to its end while nobody writes. */
        _cleanup_close_ int fd = neg_errno(
                        open(r->text, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW));
        if (fd < 0)
                return error_set(
                                error, fd, ERROR_STORAGE, "cannot open the named pipe %s", r->text);
        if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
                return error_set_plain(error,
                                -EEXIST,
                                ERROR_STORAGE,
                                "%s is there already and is no named pipe",
                                r->text);
        if (fchown(fd, owner->uid, owner->gid) < 0 || fchmod(fd, r->mode) < 0)
                return error_set(error, -errno, ERROR_STORAGE, "cannot give %s its owner", r->text);
        if (r->pipe_size_bytes > 0 && fcntl(fd, F_SETPIPE_SZ, r->pipe_size_bytes) < 0)
                return error_set(error,
                                -errno,
                                ERROR_RUNTIME,
                                "PipeSize=: cannot give %s a capacity of %zu bytes",
                                r->text,
                                r->pipe_size_bytes);
        return TAKE_FD(fd);
}

/* ---- sockets ------------------------------------------------------------------------------------- */

static int set_option(int fd, const ListenOption *o, const char *address, Error *error) {
        const void *value = o->text ? (const void *) o->text : &o->value;
        size_t size = o->text ? strlen(o->text) + 1 : sizeof(o->value);

        if (setsockopt(fd, o->level, o->name, value, (socklen_t) size) >= 0)
                return 0;
        int q = -errno;
        if (o->optional && (q == -ENOPROTOOPT || q == -EOPNOTSUPP))
                return 0;
        return error_set(error, q, ERROR_RUNTIME, "%s=: cannot set it for %s", o->key, address);
}

static int set_options(int fd, int family, const ListenRequest *r, Error *error) {
        for (size_t i = 0; i < r->n_options; i++) {
                const ListenOption *o = &r->options[i];

                if ((o->family && o->family != family) || (o->type && o->type != r->type))
                        continue;
                int q = set_option(fd, o, r->text, error);
                if (q < 0)
                        return q;
        }
        return 0;
}

static bool is_path(const struct sockaddr *address) {
        return address->sa_family == AF_UNIX &&
               ((const struct sockaddr_un *) address)->sun_path[0] == '/';
}

/* What an earlier listener left, which only whoever binds the path anew can remove. */
static int bind_path(int fd, const ListenRequest *r) {
        struct stat st;

        if (bind(fd, r->address, r->size) >= 0)
                return 0;
        if (errno != EADDRINUSE)
                return -errno;
        if (lstat(r->text, &st) >= 0 && !S_ISSOCK(st.st_mode))
                return -EEXIST;
        (void) unlink(r->text); /* if that fails, so does what follows */
        return neg_errno(bind(fd, r->address, r->size));
}

static int bind_in_file_system(int fd, const ListenRequest *r, const Owner *owner, Error *error) {
        int q = make_parent(r, error);
        if (q < 0)
                return q;

        /* The mode from the first moment on: who may not connect must not do so before the chmod(). */
        mode_t before = umask(~r->mode & 0777);
        q = bind_path(fd, r);
        (void) umask(before);
        if (q == -EEXIST)
                return error_set_plain(error,
                                q,
                                ERROR_STORAGE,
                                "%s is there already and is no socket",
                                r->text);
        if (q < 0)
                return error_set(error, q, ERROR_STORAGE, "cannot bind to %s", r->text);
        if (lchown(r->text, owner->uid, owner->gid) < 0) {
                q = -errno;
                (void) unlink(r->text);
                return error_set(error, q, ERROR_STORAGE, "cannot give %s its owner", r->text);
        }
        return 0;
}

static int bind_address(int fd,
                const ListenRequest *r,
                const Owner *owner,
                const struct sockaddr *address,
                socklen_t size,
                Error *error) {
        if (is_path(address))
                return bind_in_file_system(fd, r, owner, error);
        if (bind(fd, address, size) >= 0)
                return 0;
        int q = -errno;
        return error_set(error, q, ERROR_RUNTIME, "cannot bind to %s", r->text);
}

static int open_socket(const ListenRequest *r, const Owner *owner, Error *error) {
        struct sockaddr_in any = { .sin_family = AF_INET };
        const struct sockaddr *address = r->address;
        socklen_t size = r->size;

        _cleanup_close_ int fd = neg_errno(socket(
                        address->sa_family, r->type | SOCK_CLOEXEC | SOCK_NONBLOCK, r->protocol));
        if (fd == -EAFNOSUPPORT && r->any_family) {
                any.sin_port = ((const struct sockaddr_in6 *) r->address)->sin6_port;
                address = (const struct sockaddr *) &any;
                size = sizeof(any);
                fd = neg_errno(socket(
                                AF_INET, r->type | SOCK_CLOEXEC | SOCK_NONBLOCK, r->protocol));
        }
        if (fd < 0)
                return error_set(error, fd, ERROR_RUNTIME, "cannot make a socket for %s", r->text);

        int q = set_options(fd, address->sa_family, r, error);
        if (q >= 0)
                q = bind_address(fd, r, owner, address, size, error);
        if (q < 0)
                return q;
        if (r->type != SOCK_DGRAM && listen(fd, (int) MIN(r->backlog, (unsigned) INT_MAX)) < 0) {
                q = -errno;
                if (is_path(address))
                        (void) unlink(r->text);
                return error_set(error, q, ERROR_RUNTIME, "cannot listen on %s", r->text);
        }
        return TAKE_FD(fd);
}

int listen_open(const ListenRequest *r, Error *error) {
        Owner owner;

        int q = find_owner(r, &owner, error);
        if (q < 0)
                return q;
        return r->address ? open_socket(r, &owner, error) : open_fifo(r, &owner, error);
}

void listen_flush(int fd, int type, bool is_socket) {
        char buffer[4096];

        if (fd_set_nonblock(fd, true) < 0)
                return;
        for (unsigned i = 0; i < FLUSH_MAX; i++) {
                if (is_socket && type != SOCK_DGRAM) {
                        /* cppcheck-suppress nullPointer ; where it comes from does not matter */
                        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
                        if (connection < 0)
                                return;
                        (void) close_fd(connection);
                } else if (is_socket ? recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) < 0
                                     : read(fd, buffer, sizeof(buffer)) <= 0)
                        return;
        }
}

unsigned listen_port(int fd) {
        struct sockaddr_storage address;
        socklen_t size = sizeof(address);

        if (getsockname(fd, (struct sockaddr *) &address, &size) < 0)
                return 0;
        if (address.ss_family == AF_INET)
                return ntohs(((const struct sockaddr_in *) &address)->sin_port);
        if (address.ss_family == AF_INET6)
                return ntohs(((const struct sockaddr_in6 *) &address)->sin6_port);
        return 0;
}
