/* SPDX-License-Identifier: MIT */
#include "runtime/plan-root.h"

#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "runtime/image-file.h"

/* What overlayfs leaves in the work directory of a mount that was not to be synced. */
#define VOLATILE_MARK "work/work/incompat/volatile"

typedef struct DirectoryId {
        dev_t device;
        ino_t inode;
} DirectoryId;

char *plan_root_subject(const Plan *p) {
        if (p->root_path)
                return str_printf("root %s", p->root_path);
        return p->root_image ? str_printf("root of image %s", p->root_image)
                             : strdup("root of layers");
}

static int layer_error(const Plan *p, int number, const char *layer, Error *error) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        return subject ? error_set(error, number, ERROR_RUNTIME, "%s: layer %s", subject, layer)
                       : -ENOMEM;
}

static int check_layer(const Plan *p, const char *layer, DirectoryId *ret, Error *error) {
        struct stat st;

        /* The child changes its directory from one to the next. */
        if (str_is_empty(layer) || layer[0] != '/')
                return layer_error(p, -EINVAL, layer ?: "", error);
        if (stat(layer, &st) < 0)
                return layer_error(p, -errno, layer, error);
        if (!S_ISDIR(st.st_mode))
                return layer_error(p, -ENOTDIR, layer, error);
        *ret = (DirectoryId) { .device = st.st_dev, .inode = st.st_ino };
        return 0;
}

static bool is_among(const DirectoryId *ids, size_t n, DirectoryId id) {
        for (size_t i = 0; i < n; i++) {
                if (ids[i].inode == id.inode && ids[i].device == id.device)
                        return true;
        }
        return false;
}

/*
 * Images repeat layers, the empty one above all, and overlayfs refuses that. The topmost of equals hides
 * all that the others could show or white out, so that these can be left away.
 */
static int plan_add_layers(Plan *p, const RuntimeRoot *root, Error *error) {
        DirectoryId ids[RUNTIME_LAYERS_MAX];

        p->lowers = plan_alloc(p, root->n_layers * sizeof(*p->lowers));
        if (!p->lowers)
                return -ENOMEM;

        for (size_t i = root->n_layers; i-- > 0;) {
                int r = check_layer(p, root->layers[i], &ids[p->n_lowers], error);
                if (r < 0)
                        return r;
                if (is_among(ids, p->n_lowers, ids[p->n_lowers]))
                        continue;
                p->lowers[p->n_lowers] = plan_strdup(p, root->layers[i]);
                if (!p->lowers[p->n_lowers++])
                        return -ENOMEM;
        }
        return 0;
}

static int plan_add_path(Plan *p, const RuntimeRoot *root, Error *error) {
        struct stat st;

        if (stat(root->path, &st) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "mount root %s", root->path);
        if (S_ISREG(st.st_mode)) {
                p->image_fd = image_file_mount(root->path, &p->features, error);
                if (p->image_fd < 0)
                        return p->image_fd;
        } else if (!S_ISDIR(st.st_mode))
                return error_set(error, -ENOTDIR, ERROR_RUNTIME, "mount root %s", root->path);

        p->lowers = plan_alloc(p, sizeof(*p->lowers));
        if (!p->lowers)
                return -ENOMEM;
        p->lowers[p->n_lowers++] = p->root_path;
        return 0;
}

static int plan_add_lowers(Plan *p, const RuntimeRoot *root, Error *error) {
        if (str_is_empty(root->path) == (root->n_layers == 0))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                root->n_layers > 0 ? "both a root directory and layers"
                                                   : "no root directory");
        if (root->n_layers > RUNTIME_LAYERS_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "root of image %s: %zu layers; overlayfs joins at most %u",
                                root->image ?: "?",
                                root->n_layers,
                                RUNTIME_LAYERS_MAX);
        if (!str_is_empty(root->path)) {
                p->root_path = plan_strdup(p, root->path);
                return p->root_path ? plan_add_path(p, root, error) : -ENOMEM;
        }
        if (root->image) {
                p->root_image = plan_strdup(p, root->image);
                if (!p->root_image)
                        return -ENOMEM;
        }
        return plan_add_layers(p, root, error);
}

/* overlayfs would refuse it too, but say why in the kernel's log only. */
static int check_not_volatile(const Plan *p, Error *error) {
        _cleanup_free_ char *mark = str_printf("%s/" VOLATILE_MARK, p->storage_path),
                            *subject = plan_root_subject(p);
        if (!mark || !subject)
                return -ENOMEM;

        if (access(mark, F_OK) < 0)
                return 0;
        return error_set_plain(error,
                        -ESTALE,
                        ERROR_STORAGE,
                        "%s: writable layer %s: was used without syncing, as one to be thrown "
                        "away, "
                        "and may be damaged: remove it",
                        subject,
                        p->storage_path);
}

static int plan_add_upper(Plan *p, const RuntimeRoot *root, Error *error) {
        p->root_tmpfs = root->overlay && !root->storage_path;
        p->root_overlay = root->overlay || root->storage_path || p->n_lowers > 1;
        if (p->root_overlay && !p->features.overlay) {
                _cleanup_free_ char *subject = plan_root_subject(p);

                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "mount %s: this kernel has no overlay file system",
                                subject ?: "root");
        }
        if (!root->storage_path)
                return 0;

        p->storage_path = plan_strdup(p, root->storage_path);
        if (!p->storage_path)
                return -ENOMEM;
        p->root_volatile = root->volatile_upper;
        return check_not_volatile(p, error);
}

int plan_add_root(Plan *p, const RuntimeRoot *root, Error *error) {
        int r;

        r = plan_add_lowers(p, root, error);
        if (r >= 0)
                r = plan_add_upper(p, root, error);
        if (r < 0)
                return r;

        /* Layers are shared, also a single one. */
        p->root_read_only = root->read_only || (!p->root_tmpfs && !p->storage_path &&
                                                               (!p->root_path || p->image_fd >= 0));
        p->dev_read_only = root->read_only && !root->read_only_tmpfs;

        if (root->shm_size_bytes > 0) {
                p->shm_size = plan_printf(p, "%llu", (unsigned long long) root->shm_size_bytes);
                if (!p->shm_size)
                        return -ENOMEM;
        }
        return 0;
}
