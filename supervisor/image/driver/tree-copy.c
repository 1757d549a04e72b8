/* SPDX-License-Identifier: MIT */
#include "image/driver/tree-copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/driver/node-copy.h"
#include "image/store/tree.h"

#define LINKS_NAME_SIZE sizeof(".supd-links.0123456789abcdef")
#define LINK_KEY_SIZE 48U /* two numbers */

typedef struct Copy {
        const TreeCopyRequest *request; /* borrowed */
        NodeCopy node;
        int pending_fd;     /* owned; a stack of Pending */
        off_t pending_size; /* of it */
        int links_fd;       /* owned; -EBADF until there is a hard link */
        char links_name[LINKS_NAME_SIZE];
} Copy;

/* A directory of the target that is made but empty yet. On the stack: path, layers, sizes. */
typedef struct Sizes {
        uint32_t path_size, n_layers;
} Sizes;

typedef struct Pending {
        char *path;       /* owned; "" is the root */
        unsigned *layers; /* owned; which have a part in it, the topmost first */
        size_t n_layers;
} Pending;

/* The same directory in all layers that have it. */
typedef struct Parts {
        const Pending *pending; /* borrowed */
        int *fds;               /* owned */
        size_t n;
        int target_fd; /* owned */
} Parts;

static void copy_done(Copy *c) {
        node_copy_done(&c->node);
        (void) close_fd(c->pending_fd);
        (void) close_fd(c->links_fd);
}

static void pending_done(Pending *p) {
        free(p->path);
        free(p->layers);
}

static void parts_done(Parts *p) {
        for (size_t i = 0; i < p->n; i++)
                (void) close_fd(p->fds[i]);
        free(p->fds);
        (void) close_fd(p->target_fd);
}

static int failed(int r, const char *path, const char *name, Error *error) {
        _cleanup_free_ char *joined = str_printf("%s/%s", path, name);
        _cleanup_free_ char *shown = joined ? text_escape_controls(joined) : NULL;

        if (r == -ENOMEM || !shown)
                return -ENOMEM;
        return error_set(error, r, ERROR_STORAGE, "cannot copy '%.256s'", shown);
}

/* ---- directories to come ---------------------------------------------------------------------- */
static int pending_write(Copy *c, const void *data, size_t size) {
        int r = fd_write_all(c->pending_fd, data, size);

        c->pending_size += r < 0 ? 0 : (off_t) size;
        return r;
}

static int pending_push(Copy *c, const Pending *p) {
        const Sizes sizes = { (uint32_t) strlen(p->path), (uint32_t) p->n_layers };
        int r;

        if (lseek(c->pending_fd, c->pending_size, SEEK_SET) < 0)
                return -errno;
        r = pending_write(c, p->path, sizes.path_size);
        if (r >= 0)
                r = pending_write(c, p->layers, p->n_layers * sizeof(*p->layers));
        return r < 0 ? r : pending_write(c, &sizes, sizeof(sizes));
}

static int pending_read(Copy *c, void *data, size_t size) {
        c->pending_size -= (off_t) size;
        ssize_t n = pread(c->pending_fd, data, size, c->pending_size);
        return n == (ssize_t) size ? 0 : n < 0 ? -errno : -EIO;
}

/* Return: 1, or 0 if none is left. */
static int pending_pop(Copy *c, Pending *ret) {
        _cleanup_(pending_done) Pending p = {};
        Sizes sizes;
        int r;

        if (c->pending_size == 0)
                return 0;
        r = pending_read(c, &sizes, sizeof(sizes));
        if (r < 0)
                return r;
        p.n_layers = sizes.n_layers;
        p.path = calloc(1, (size_t) sizes.path_size + 1);
        p.layers = calloc(p.n_layers + 1, sizeof(*p.layers));
        if (!p.path || !p.layers)
                return -ENOMEM;
        r = pending_read(c, p.layers, p.n_layers * sizeof(*p.layers));
        if (r >= 0)
                r = pending_read(c, p.path, sizes.path_size);
        if (r < 0)
                return r;
        *ret = p;
        p = (Pending) {};
        return 1;
}

/* ---- one entry -------------------------------------------------------------------------------- */
static bool is_whiteout(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* A whiteout that stayed the file that it is in the layer. */
static bool is_kept_out(const Parts *p, size_t part, const char *name) {
        char whiteout[NAME_MAX + 1];
        struct stat st;
        int n = snprintf(whiteout, sizeof(whiteout), WHITEOUT_PREFIX "%s", name);

        /* One too long to be there. */
        if (n < 0 || (size_t) n >= sizeof(whiteout))
                return false;
        return fstatat(p->fds[part], whiteout, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

static bool is_hidden(const Parts *p, size_t part, const char *name) {
        struct stat st;

        /* By a whiteout, or by another of that name. */
        for (size_t i = 0; i < part; i++)
                if (fstatat(p->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) >= 0 ||
                                is_kept_out(p, i, name))
                        return true;
        return false;
}

/* Its own layer has a part in it, and those below as long as they have a directory there, too. */
static int put_directory(Copy *c, const Parts *p, size_t part, const char *name) {
        _cleanup_(pending_done) Pending child = {};
        struct stat st;

        child.path = str_printf("%s%s%s", p->pending->path, *p->pending->path ? "/" : "", name);
        child.layers = calloc(p->n, sizeof(*child.layers));
        if (!child.path || !child.layers)
                return -ENOMEM;
        if (mkdirat(p->target_fd, name, 0700) < 0)
                return -errno;
        child.layers[child.n_layers++] = p->pending->layers[part];
        for (size_t i = part + 1; i < p->n && !is_kept_out(p, i - 1, name); i++) {
                if (fstatat(p->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (errno != ENOENT)
                                return -errno;
                        continue;
                }
                if (!S_ISDIR(st.st_mode))
                        break;
                child.layers[child.n_layers++] = p->pending->layers[i];
        }
        return pending_push(c, &child);
}

static int links_open(Copy *c) {
        uint64_t random;

        if (c->links_fd >= 0)
                return 0;
        /* No layer can have guessed the name. */
        if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return -EIO;
        (void) snprintf(c->links_name,
                        sizeof(c->links_name),
                        ".supd-links.%016llx",
                        (unsigned long long) random); /* fits exactly */
        if (mkdirat(c->request->target_fd, c->links_name, 0700) < 0)
                return -errno;
        c->links_fd = neg_errno(openat(c->request->target_fd,
                        c->links_name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return MIN(c->links_fd, 0);
}

static int put_node(Copy *c, const Parts *p, size_t part, const char *name, const struct stat *st) {
        char key[LINK_KEY_SIZE];
        int r;

        if (st->st_nlink == 1)
                return node_copy(&c->node, p->fds[part], name, st, p->target_fd);
        r = links_open(c);
        if (r < 0)
                return r;
        (void) snprintf(key,
                        sizeof(key),
                        "%u.%llu",
                        p->pending->layers[part],
                        (unsigned long long) st->st_ino); /* fits */
        if (linkat(c->links_fd, key, p->target_fd, name, 0) >= 0)
                return 0;
        /* Full of names: one that has all but ours already goes on as a second file. */
        if (errno != ENOENT && errno != EMLINK)
                return -errno;
        r = node_copy(&c->node, p->fds[part], name, st, p->target_fd);
        if (r >= 0 && linkat(p->target_fd, name, c->links_fd, key, 0) < 0 && errno != EEXIST &&
                        errno != EMLINK)
                return -errno;
        return r;
}

static int put_entry(Copy *c, const Parts *p, size_t part, const char *name) {
        struct stat st;

        if (str_equal(name, ".") || str_equal(name, "..") ||
                        str_has_prefix(name, WHITEOUT_PREFIX) || is_hidden(p, part, name))
                return 0;
        if (fstatat(p->fds[part], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (is_whiteout(&st))
                return 0;
        return S_ISDIR(st.st_mode) ? put_directory(c, p, part, name)
                                   : put_node(c, p, part, name, &st);
}

/* ---- one directory ---------------------------------------------------------------------------- */
static int is_opaque(const TreeCopyRequest *request, int fd) {
        struct stat st;

        if (fstatat(fd, WHITEOUT_OPAQUE, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return 1;
        return request->is_opaque(fd, request->userdata);
}

static int parts_open(const Copy *c, const Pending *pending, Parts *p) {
        const TreeCopyRequest *request = c->request;
        int r;

        p->pending = pending;
        p->fds = calloc(pending->n_layers + 1, sizeof(*p->fds));
        if (!p->fds)
                return -ENOMEM;
        p->target_fd = tree_open_beneath(request->target_fd, pending->path);
        if (p->target_fd < 0)
                return p->target_fd;
        for (size_t i = 0; i < pending->n_layers; i++) {
                int fd = tree_open_beneath(request->layer_fds[pending->layers[i]], pending->path);
                if (fd < 0)
                        return fd;
                p->fds[p->n++] = fd;
                if (i + 1 == pending->n_layers)
                        break;
                r = is_opaque(request, fd);
                if (r != 0)
                        return MIN(r, 0);
        }
        return 0;
}

static int put_part(Copy *c, const Parts *p, size_t part, Error *error) {
        int r;

        _cleanup_close_ int fd =
                        neg_errno(openat(p->fds[part], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d)
                return fd < 0 ? fd : -errno;
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; (entry = readdir(d));) {
                r = put_entry(c, p, part, entry->d_name);
                if (r < 0)
                        return failed(r, p->pending->path, entry->d_name, error);
        }
        return 0;
}

static int fill(Copy *c, const Pending *pending, Error *error) {
        _cleanup_(parts_done) Parts p = { .target_fd = -EBADF };
        int r;

        r = parts_open(c, pending, &p);
        if (r < 0)
                return failed(r, pending->path, "", error);
        for (size_t i = 0; i < p.n; i++) {
                r = put_part(c, &p, i, error);
                if (r < 0)
                        return r;
        }
        /* Directories in it are made already, so that its time stays. The root's waits for the links. */
        r = p.n > 0 && *pending->path ? node_copy_attributes(&c->node, p.fds[0], p.target_fd) : 0;
        return r < 0 ? failed(r, pending->path, "", error) : 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */
static int push_root(Copy *c) {
        const size_t n = c->request->n_layers;
        char path[] = "";
        _cleanup_free_ unsigned *layers = calloc(n + 1, sizeof(*layers));

        if (!layers)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                layers[i] = (unsigned) (n - 1 - i);
        return pending_push(c, &(Pending) { .path = path, .layers = layers, .n_layers = n });
}

static int finish_root(Copy *c) {
        const TreeCopyRequest *request = c->request;
        int r = 0;

        if (c->links_fd >= 0)
                r = tree_remove(request->target_fd, c->links_name);
        if (r < 0 || request->n_layers == 0)
                return r;
        return node_copy_attributes(
                        &c->node, request->layer_fds[request->n_layers - 1], request->target_fd);
}

int tree_copy(const TreeCopyRequest *request, Error *error) {
        _cleanup_(copy_done) Copy c = { .request = request, .links_fd = -EBADF };
        int r;

        c.pending_fd = tree_scratch_file(request->scratch_fd);
        if (c.pending_fd < 0)
                return error_set(
                                error, c.pending_fd, ERROR_STORAGE, "cannot make a temporary file");
        r = node_copy_init(&c.node);
        if (r >= 0)
                r = push_root(&c);
        while (r >= 0) {
                _cleanup_(pending_done) Pending p = {};
                r = pending_pop(&c, &p);
                if (r == 0)
                        break;
                if (r > 0)
                        r = fill(&c, &p, error);
        }
        if (r < 0)
                return r;
        r = finish_root(&c);
        return r < 0 ? failed(r, "", "", error) : 0;
}
