/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"
#include "image/driver/subvolume.h"
#include "image/store/tree.h"

/*
 * In the process that has CAP_SYS_ADMIN. Whoever asks has read what images say, so nothing of it is taken
 * for granted: it can name trees, unfinished trees and what is in the trash. Which container gets a root,
 * and what limit, was on the command line.
 */

static bool name_is_plain(const char *name) {
        return *name != '\0' && *name != '.' && !strchr(name, '/') && strlen(name) <= NAME_MAX;
}

static int serve_create(Storage *s, const char *work) {
        return name_is_plain(work) ? subvolume_create(s->tree_work_fd, work) : -EINVAL;
}

/* A read-only subvolume can't be moved to another directory, and one made read-only where it is would
 * have its name before. A read-only snapshot has both at once, and is on disk. */
static int serve_publish(Storage *s, const char *argument) {
        _cleanup_free_ char *hex = strndup(argument, DIGEST_HEX_SIZE);
        int r;

        if (!hex)
                return -ENOMEM;
        const char *work = argument + strlen(hex);
        if (!digest_hex_is_valid(hex) || *work++ != ' ' || !name_is_plain(work))
                return -EINVAL;
        r = subvolume_snapshot(s->tree_work_fd, work, s->tree_fd, hex, /* read_only= */ true);
        if (r >= 0)
                (void) subvolume_delete(s->tree_work_fd, work); /* else the next one removes it */
        return r;
}

static int serve_delete_tree(Storage *s, const char *hex) {
        return digest_hex_is_valid(hex) ? subvolume_delete(s->tree_fd, hex) : -EINVAL;
}

static int serve_snapshot(Storage *s, const char *hex) {
        int r;

        if (!digest_hex_is_valid(hex) || s->own_fd < 0)
                return -EINVAL;
        r = subvolume_snapshot(s->tree_fd, hex, s->own_fd, ROOT_WORK_DIR, /* read_only= */ false);
        if (r < 0 || s->size_max_root == UINT64_MAX)
                return r;
        r = subvolume_limit(s->own_fd, ROOT_WORK_DIR, s->size_max_root);
        if (r < 0)
                (void) subvolume_delete(
                                s->own_fd, ROOT_WORK_DIR); /* else the next one removes it */
        return r;
}

static int serve_delete_trash(Storage *s, const char *path) {
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        _cleanup_free_ char *parent = strndup(path, slash ? (size_t) (slash - path) : 0);

        if (!parent)
                return -ENOMEM;
        if (*name == '\0' || str_equal(name, ".") || str_equal(name, ".."))
                return -EINVAL;
        _cleanup_close_ int fd = tree_open_beneath(s->trash_fd, parent);
        if (fd < 0)
                return fd;
        return subvolume_is_there(fd, name) ? subvolume_delete(fd, name) : -EROFS;
}

int storage_serve(const char *request, void *storage) {
        /* clang-format off */
        static const struct {
                const char *verb;
                int (*serve)(Storage *s, const char *argument);
        } verbs[] = {
                { "create ",       serve_create       },
                { "publish ",      serve_publish      },
                { "delete-tree ",  serve_delete_tree  },
                { "snapshot ",     serve_snapshot     },
                { "delete-trash ", serve_delete_trash },
        };
        /* clang-format on */

        for (size_t i = 0; storage && i < ELEMENTSOF(verbs); i++)
                if (str_has_prefix(request, verbs[i].verb))
                        return verbs[i].serve(storage, request + strlen(verbs[i].verb));
        return -ENOSYS;
}
