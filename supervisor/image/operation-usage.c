/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/store/store-use.h"
#include "image/store/tree.h"
#include "image/usage.h"

typedef struct DiskUsage {
        Operation *operation; /* borrowed */
        StoreImages images;
        StoreUses uses;
        Usage *usage; /* owned */
        RecordWriter answer;
} DiskUsage;

static void disk_usage_done(DiskUsage *d) {
        (void) usage_free(d->usage);
        store_images_done(&d->images);
        store_uses_done(&d->uses);
        record_writer_done(&d->answer);
}

static uint64_t count_uses(const DiskUsage *d, const Digest *digest) {
        uint64_t n = 0;

        for (size_t i = 0; i < d->uses.n_items; i++)
                n += digest_equal(&d->uses.items[i].manifest, digest);
        return n;
}

static void put_names(DiskUsage *d, const Digest *digest) {
        for (size_t i = 0; i < d->images.n_items; i++)
                if (digest_equal(&d->images.items[i].manifest.digest, digest))
                        record_put(&d->answer, "NAME", d->images.items[i].name);
}

static void put_image(DiskUsage *d, size_t index) {
        const Digest *digest = &d->images.items[index].manifest.digest;
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        RecordWriter *w = &d->answer;
        ImageUsage usage;

        usage_of(d->usage, index, &usage);
        record_put(w, "IMAGE", digest->text);
        put_names(d, digest);
        if (store_image_load(d->operation->store, digest, &m, &c, NULL) >= 0) {
                record_put(w, "ID", m.config.digest.text);
                record_put(w, "CREATED", c.created);
        }
        record_put_u64(w, "SIZE", usage.size);
        record_put_u64(w, "UNIQUE", usage.unique);
        record_put_u64(w, "SHARED", usage.size - usage.unique);
        record_put_u64(w, "CONTAINERS", count_uses(d, digest));
}

static bool has_name(const DiskUsage *d, const Digest *digest) {
        for (size_t i = 0; i < d->images.n_items; i++)
                if (d->images.items[i].name &&
                                digest_equal(&d->images.items[i].manifest.digest, digest))
                        return true;
        return false;
}

/* What a prune would take, with @all also images that have a name. */
static int put_reclaimable(DiskUsage *d, const char *key, bool all, Error *error) {
        _cleanup_strv_ char **without = NULL;
        SweepResult swept = {};
        int r = 0;

        for (size_t i = 0; i < d->images.n_items && r >= 0; i++) {
                const Digest *digest = &d->images.items[i].manifest.digest;
                if (count_uses(d, digest) == 0 && (all || !has_name(d, digest)))
                        r = strv_append(&without, digest->text);
        }
        if (r >= 0)
                r = store_sweep_preview(d->operation->store, NULL, without, &swept, error);
        if (r >= 0)
                record_put_u64(&d->answer, key, swept.bytes);
        return r;
}

static int put_totals(DiskUsage *d, Error *error) {
        RecordWriter *w = &d->answer;
        StoreLeftovers left = {};
        SweepResult unused = {};
        uint64_t images = 0, active = 0;
        UsageTotal total;
        int r;

        for (size_t i = 0; i < d->images.n_items; i++) {
                if (usage_is_repeated(&d->images, i))
                        continue;
                images++;
                active += count_uses(d, &d->images.items[i].manifest.digest) > 0;
        }
        usage_total(d->usage, &total);
        record_put_u64(w, "IMAGE_COUNT", images);
        record_put_u64(w, "ACTIVE_COUNT", active);
        record_put_u64(w, "BLOB_COUNT", total.blobs);
        record_put_u64(w, "BLOBS_TOTAL", total.blob_bytes);
        record_put_u64(w, "LAYER_COUNT", total.layers);
        record_put_u64(w, "LAYERS_TOTAL", total.layer_bytes);
        record_put_u64(w, "TREE_COUNT", total.trees);
        record_put_u64(w, "TREES_TOTAL", total.tree_bytes);
        r = store_leftovers(d->operation->store, &left, error);
        if (r < 0)
                return r;
        record_put_u64(w, "LEFTOVER_COUNT", left.items);
        record_put_u64(w, "LEFTOVERS_TOTAL", left.bytes);
        record_put_u64(w, "PARTIAL_COUNT", left.partial_items);
        record_put_u64(w, "PARTIAL_TOTAL", left.partial_bytes);
        r = store_sweep_preview(d->operation->store, NULL, NULL, &unused, error);
        if (r >= 0)
                record_put_u64(w, "UNUSED", unused.bytes);
        return r;
}

/* ---- containers ------------------------------------------------------------------------------- */
typedef struct ContainerUsage {
        uint64_t count, active, bytes, idle_bytes;
} ContainerUsage;

static bool is_active(const DiskUsage *d, const char *container) {
        for (size_t i = 0; i < d->uses.n_items; i++)
                if (str_equal(d->uses.items[i].container, container))
                        return true;
        return false;
}

static int add_container(const DiskUsage *d, const char *name, ContainerUsage *u) {
        uint64_t bytes = 0;

        _cleanup_close_ int fd = neg_errno(openat(d->operation->containers_fd,
                        name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        int r = fd < 0 ? fd : tree_usage(fd, &bytes);
        if (r < 0)
                return r == -ENOENT ? 0 : r; /* removed this moment */
        bool active = is_active(d, name);
        u->count++;
        u->active += active;
        u->bytes += bytes;
        u->idle_bytes += active ? 0 : bytes;
        return 0;
}

/* Hidden names are the trash, which counts as left over. */
static int put_containers(DiskUsage *d, Error *error) {
        RecordWriter *w = &d->answer;
        ContainerUsage u = {};
        int r = 0;

        if (d->operation->containers_fd < 0)
                return 0;
        int fd = neg_errno(openat(
                        d->operation->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir) {
                (void) close_fd(fd);
                r = fd < 0 ? fd : -ENOMEM;
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(dir));)
                if (entry->d_name[0] != '.')
                        r = add_container(d, entry->d_name, &u);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot measure the containers");
        record_put_u64(w, "CONTAINER_COUNT", u.count);
        record_put_u64(w, "CONTAINER_ACTIVE_COUNT", u.active);
        record_put_u64(w, "CONTAINERS_TOTAL", u.bytes);
        record_put_u64(w, "CONTAINERS_RECLAIMABLE", u.idle_bytes);
        return 0;
}

int operation_disk_usage(Operation *o, Error *error) {
        _cleanup_(disk_usage_done) DiskUsage d = { .operation = o };
        _cleanup_(error_done) Error reason = {};
        int r;

        r = store_list(o->store, &d.images, error);
        if (r >= 0)
                r = usage_new(o->store, &d.images, &d.usage, error);
        if (r < 0)
                return r;
        r = store_uses(o->store, &d.uses, &reason);
        for (size_t i = 0; i < d.images.n_items; i++)
                if (!usage_is_repeated(&d.images, i))
                        put_image(&d, i);
        if (r >= 0)
                r = put_containers(&d, &reason);
        if (r >= 0)
                r = put_totals(&d, &reason);
        if (r >= 0)
                r = put_reclaimable(&d, "RECLAIMABLE", /* all= */ false, &reason);
        if (r >= 0)
                r = put_reclaimable(&d, "RECLAIMABLE_ALL", /* all= */ true, &reason);
        /* Where it can't be told what a prune would take, a prune takes nothing. */
        if (r < 0 && r != -ENOMEM)
                record_put(&d.answer, "NOTICE", error_text(&reason, r));
        return r == -ENOMEM ? r : answer_write(&d.answer, error);
}
