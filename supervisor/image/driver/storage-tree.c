/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"
#include "image/driver/subvolume.h"
#include "image/driver/tree-copy.h"
#include "image/store/tree.h"

#define DESCRIPTORS_PER_LAYER 2U
#define DESCRIPTORS_BESIDES 64U

int storage_copy_tree(Storage *s,
                const int *layer_fds,
                size_t n_layers,
                int target_fd,
                int scratch_fd,
                Error *error) {
        const TreeCopyRequest request = {
                .layer_fds = layer_fds,
                .n_layers = n_layers,
                .target_fd = target_fd,
                .scratch_fd = scratch_fd,
                .is_opaque = broker_is_opaque,
                .userdata = &s->mark_fd,
        };

        return tree_copy(&request, error);
}

/* ---- an image's tree -------------------------------------------------------------------------- */
typedef struct Layers {
        int *fds; /* owned */
        size_t n;
} Layers;

static void layers_done(Layers *l) {
        for (size_t i = 0; i < l->n; i++)
                (void) close_fd(l->fds[i]);
        free(l->fds);
}

/* The soft limit is 1024 for the sake of select(), which is not used here. */
static void raise_descriptor_limit(size_t n_layers) {
        const rlim_t wanted = n_layers * DESCRIPTORS_PER_LAYER + DESCRIPTORS_BESIDES;
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = MIN(MAX(limit.rlim_cur, wanted), limit.rlim_max);
        (void) setrlimit(RLIMIT_NOFILE, &limit); /* else opening fails, and says so */
}

static int layers_open(const Storage *s, const ImageConfig *config, Layers *l, Error *error) {
        l->fds = calloc(config->n_diff_ids + 1, sizeof(*l->fds));
        if (!l->fds)
                return -ENOMEM;
        raise_descriptor_limit(config->n_diff_ids);
        for (size_t i = 0; i < config->n_diff_ids; i++) {
                int fd = store_open_layer(s->store, &config->diff_ids[i]);
                if (fd < 0)
                        return error_set(error,
                                        fd,
                                        ERROR_STORAGE,
                                        "layer %s",
                                        config->diff_ids[i].text);
                l->fds[l->n++] = fd;
        }
        return 0;
}

static int fill(Storage *s, const char *work, const ImageConfig *config, Error *error) {
        _cleanup_(layers_done) Layers layers = {};
        int r;

        r = layers_open(s, config, &layers, error);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = storage_open_dir(s->tree_work_fd, work, /* make= */ false);
        if (fd < 0)
                return fd;
        return storage_copy_tree(s, layers.fds, layers.n, fd, s->tree_work_fd, error);
}

/* One that another driver made is no use to this one: it makes way, into @work_fd. */
static int make_way(Storage *s, const char *hex) {
        struct stat st;

        if (fstatat(s->tree_fd, hex, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        _cleanup_free_ char *aside = store_work_name(s->store, "old");
        if (!aside)
                return -ENOMEM;
        if (renameat(s->tree_fd, hex, s->tree_work_fd, aside) < 0)
                return -errno;
        (void) tree_remove(s->tree_work_fd, aside); /* else the next one does */
        return 0;
}

static int make(Storage *s, const char *hex, const ImageConfig *config, Error *error) {
        int r;

        _cleanup_free_ char *work = store_work_name(s->store, "tree");
        if (!work)
                return -ENOMEM;
        r = make_way(s, hex);
        if (r >= 0)
                r = s->driver->tree_begin(s, work);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot begin a tree");
        r = fill(s, work, config, error);
        if (r >= 0) {
                r = s->driver->tree_commit(s, work, hex);
                if (r >= 0)
                        return strv_append(&s->made, hex);
                if (r == -EEXIST) /* somebody else's, and the same */
                        r = 0;
                else
                        (void) error_set(error, r, ERROR_STORAGE, "cannot name the tree");
        }
        (void) tree_remove(s->tree_work_fd, work); /* else the next start does */
        return r;
}

int storage_prepare(Storage *s, const Digest *manifest, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        const char *hex = digest_hex(manifest);
        struct stat st;
        int r;

        if (!s->driver->tree_begin)
                return 0;
        if (fstatat(s->tree_fd, hex, &st, AT_SYMLINK_NOFOLLOW) >= 0 && s->driver->tree_fits(s, hex))
                return 0;
        r = store_image_load(s->store, manifest, &m, &c, error);
        if (r >= 0)
                r = make(s, hex, &c, error);
        return r < 0 && r != -ENOMEM ? error_prefix(error, r, "tree of image %s", manifest->text)
                                     : r;
}

/* ---- those of images that are gone ------------------------------------------------------------ */
static int aside_one(Storage *s, const char *hex, const char *prefix) {
        /* What is read-only can't be moved to another directory; but it goes at once. */
        if (subvolume_is_there(s->tree_fd, hex))
                return storage_request(s, "delete-tree %s", hex);
        _cleanup_free_ char *name = str_printf("%s%s", prefix, hex);
        return name ? neg_errno(renameat(s->tree_fd, hex, s->tree_work_fd, name)) : -ENOMEM;
}

int storage_set_aside(void *userdata,
                bool made_only,
                const char *prefix,
                bool (*is_needed)(const void *needed, const char *manifest_hex),
                const void *needed) {
        Storage *s = userdata;
        int r = 0;

        _cleanup_close_ int fd =
                        neg_errno(openat(s->tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d)
                return fd < 0 ? fd : -errno;
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
                if (digest_hex_is_valid(entry->d_name) && !is_needed(needed, entry->d_name) &&
                                (!made_only || strv_contains(s->made, entry->d_name)))
                        r = aside_one(s, entry->d_name, prefix);
        return r;
}
