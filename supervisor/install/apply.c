/* SPDX-License-Identifier: MIT */
#include "install/apply.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

/* Names of things on their way: hidden, so that no loader looks at what a crash has left of them. */
#define NEW_NAME ".supd-new"
#define OLD_NAME ".supd-old"

/* Where one change happens. */
typedef struct Spot {
        int root_fd;      /* owned; of the unit directory */
        int parent_fd;    /* owned; of what the path is in */
        char *parent;     /* owned; relative to the unit directory; "" if it is that */
        const char *name; /* borrowed from the path */
} Spot;

static void spot_done(Spot *s) {
        s->root_fd = close_fd(s->root_fd);
        s->parent_fd = close_fd(s->parent_fd);
        free(s->parent);
}

static const char *root_of(const InstallWorld *w, const char *path) {
        for (InstallPlace p = 0; p < INSTALL_ELSEWHERE; p++) {
                size_t n = w->dirs[p] ? strlen(w->dirs[p]) : 0;
                if (n > 0 && strncmp(path, w->dirs[p], n) == 0 && path[n] == '/')
                        return w->dirs[p];
        }
        return NULL;
}

static int open_parent(Spot *s, const char *root, bool create) {
        int r = create ? dir_make_all(root, 0755) : 0;

        if (r < 0)
                return r;
        s->root_fd = neg_errno(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (s->root_fd < 0)
                return s->root_fd;
        if (create && *s->parent && mkdirat(s->root_fd, s->parent, 0755) < 0 && errno != EEXIST)
                return -errno;
        s->parent_fd = sys_openat2(s->root_fd,
                        *s->parent ? s->parent : ".",
                        O_RDONLY | O_DIRECTORY,
                        0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        return s->parent_fd < 0 ? s->parent_fd : 0;
}

static int spot_open(Spot *s, const InstallWorld *w, const char *path, bool create, Error *error) {
        const char *root = root_of(w, path);

        assert(root); /* plans are about the directories of ours */
        const char *rest = path + strlen(root) + 1, *slash = strrchr(rest, '/');
        *s = (Spot) { .root_fd = -EBADF, .parent_fd = -EBADF };
        s->parent = strndup(rest, slash ? (size_t) (slash - rest) : 0);
        if (!s->parent)
                return -ENOMEM;
        s->name = slash ? slash + 1 : rest;
        int r = open_parent(s, root, create);
        if (r == -ELOOP || r == -ENOTDIR)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "'%s' is not in a directory of its own: nothing is changed behind "
                                "symbolic links",
                                path);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot open the directory of '%s'", path)
                     : 0;
}

static int make_link(const InstallWorld *w, const InstallChange *c, Error *error) {
        _cleanup_(spot_done) Spot s = { .root_fd = -EBADF, .parent_fd = -EBADF };

        int r = spot_open(&s, w, c->path, /* create= */ true, error);
        if (r < 0)
                return r;
        (void) unlinkat(s.parent_fd, NEW_NAME, 0); /* of one who was killed here */
        r = neg_errno(symlinkat(c->source, s.parent_fd, NEW_NAME));
        if (r >= 0)
                r = neg_errno(renameat(s.parent_fd, NEW_NAME, s.parent_fd, s.name));
        if (r < 0) {
                (void) unlinkat(s.parent_fd, NEW_NAME, 0);
                return error_set(error, r, ERROR_STORAGE, "cannot make the link '%s'", c->path);
        }
        r = neg_errno(fsync(s.parent_fd));
        if (r >= 0 && *s.parent) { /* it may be new itself */
                _cleanup_close_ int root =
                                openat(s.root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = root < 0 ? -errno : neg_errno(fsync(root));
        }
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write '%s' to disk", c->path) : 0;
}

/* A directory goes from sight in one step, then from disk. */
static int remove_directory(const Spot *s) {
        int r = dir_remove_all(s->parent_fd, OLD_NAME);

        if (r >= 0)
                r = neg_errno(renameat(s->parent_fd, s->name, s->parent_fd, OLD_NAME));
        return r < 0 ? r : dir_remove_all(s->parent_fd, OLD_NAME);
}

static bool is_dependency_dir(const char *name) {
        return str_has_suffix(name, ".wants") || str_has_suffix(name, ".requires") ||
               str_has_suffix(name, ".upholds");
}

static int take_away(const InstallWorld *w, const InstallChange *c, Error *error) {
        _cleanup_(spot_done) Spot s = { .root_fd = -EBADF, .parent_fd = -EBADF };

        int r = spot_open(&s, w, c->path, /* create= */ false, error);
        if (r < 0)
                return r;
        r = neg_errno(unlinkat(s.parent_fd, s.name, 0));
        if (r == -EISDIR)
                r = remove_directory(&s);
        if (r >= 0)
                r = neg_errno(fsync(s.parent_fd));
        if (r < 0 && r != -ENOENT)
                return error_set(error, r, ERROR_STORAGE, "cannot remove '%s'", c->path);
        if (is_dependency_dir(s.parent)) /* the last one closes the door */
                (void) unlinkat(s.root_fd, s.parent, AT_REMOVEDIR);
        return 0;
}

static bool is_replaced(const InstallPlan *plan, const char *path) {
        for (size_t i = 0; i < plan->n_changes; i++) {
                if (plan->changes[i].type == INSTALL_SYMLINK &&
                                str_equal(plan->changes[i].path, path))
                        return true;
        }
        return false;
}

int install_apply(const InstallWorld *w, const InstallPlan *plan, Error *error) {
        int r = 0;

        for (size_t i = 0; i < plan->n_changes && r >= 0; i++) {
                if (plan->changes[i].type == INSTALL_SYMLINK)
                        r = make_link(w, &plan->changes[i], error);
        }
        for (size_t i = 0; i < plan->n_changes && r >= 0; i++) {
                const InstallChange *c = &plan->changes[i];
                if (c->type == INSTALL_UNLINK && !is_replaced(plan, c->path))
                        r = take_away(w, c, error);
        }
        return r;
}
