/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/store/store-record.h"
#include "image/store/store-use.h"
#include "image/store/tree.h"
#include "supd/image-store.h"

/* ---- ls --------------------------------------------------------------------------------------- */
static uint64_t manifest_bytes(const Manifest *m) {
        uint64_t bytes = m->config.size;

        for (size_t i = 0; i < m->n_entries; i++)
                bytes += m->entries[i].size;
        return bytes;
}

static void put_uses(RecordWriter *w, const StoreUses *uses, const StoreImage *image) {
        for (size_t i = 0; i < uses->n_items; i++)
                if (digest_equal(&uses->items[i].manifest, &image->manifest.digest))
                        record_put(w, "USED_BY", uses->items[i].container);
}

static void put_entry(RecordWriter *w, const StoreImage *image, const StoreUses *uses) {
        record_put(w, "IMAGE", image->manifest.digest.text);
        record_put(w, "NAME", image->name);
        record_put(w, "SOURCE_DIGEST", image->source_digest);
        if (image->read_only)
                record_put_bool(w, "READ_ONLY", true);
        put_uses(w, uses, image);
}

static void put_summary(RecordWriter *w, const Manifest *m, const ImageConfig *c) {
        record_put(w, "CREATED", c->created);
        record_put(w, "OS", c->platform.os);
        record_put(w, "ARCHITECTURE", c->platform.architecture);
        record_put(w, "VARIANT", c->platform.variant);
        record_put_u64(w, "LAYERS", m->n_entries);
        record_put_u64(w, "SIZE", manifest_bytes(m));
}

static void put_image(
                RecordWriter *w, const Store *s, const StoreImage *image, const StoreUses *uses) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_(error_done) Error error = {};

        put_entry(w, image, uses);
        int r = store_image_load(s, &image->manifest.digest, &m, &c, &error);
        if (r < 0) {
                /* One damaged image must not hide the others. */
                record_put(w, "DAMAGED", error_text(&error, r));
                return;
        }
        record_put(w, "ID", m.config.digest.text);
        put_summary(w, &m, &c);
}

int operation_list(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(store_uses_done) StoreUses uses = {};
        RecordWriter w = {};
        int r;

        r = store_list(o->store, &images, error);
        if (r < 0)
                return r;
        (void) store_uses(o->store, &uses, NULL); /* those that can't be told are left out */
        for (size_t i = 0; i < images.n_items; i++)
                put_image(&w, o->store, &images.items[i], &uses);
        return answer_write(&w, error);
}

/* ---- inspect ---------------------------------------------------------------------------------- */
/* What a registry calls it: the repository, and the digest of what was pulled. */
static int put_repository_digest(RecordWriter *w, const StoreImage *image) {
        _cleanup_(reference_done) Reference r = {};

        if (!image->name || reference_parse(image->name, &r, NULL) < 0)
                return 0;
        _cleanup_free_ char *text = str_printf("%s/%s@%s",
                        r.registry,
                        r.repository,
                        image->source_digest ?: image->manifest.digest.text);
        if (!text)
                return -ENOMEM;
        record_put(w, "REPO_DIGEST", text);
        return 0;
}

static int put_other_names(RecordWriter *w, const StoreImages *images, const StoreImage *image) {
        int r;

        r = put_repository_digest(w, image);
        for (size_t i = 0; i < images->n_items && r >= 0; i++) {
                const StoreImage *other = &images->items[i];
                if (other == image ||
                                !digest_equal(&other->manifest.digest, &image->manifest.digest))
                        continue;
                record_put(w, "NAME", other->name);
                r = put_repository_digest(w, other);
        }
        return r;
}

static void put_layer_paths(RecordWriter *w, const Store *s, const ImageConfig *c) {
        for (size_t i = 0; i < c->n_diff_ids; i++) {
                _cleanup_free_ char *path = store_layer_path(s, &c->diff_ids[i]);
                record_put(w, path ? "LAYER_PATH" : "MISSING_LAYER", path ?: c->diff_ids[i].text);
        }
}

/* An image by what the command line calls it. */
typedef struct Found {
        StoreImages images;
        size_t index;
        Manifest manifest;
        ImageConfig config;
} Found;

static void found_done(Found *f) {
        store_images_done(&f->images);
        manifest_done(&f->manifest);
        image_config_done(&f->config);
}

static int find_image(const Operation *o, Found *f, Error *error) {
        int r;

        r = store_list(o->store, &f->images, error);
        if (r >= 0)
                r = store_find(o->store, &f->images, o->options->arguments[0], &f->index, error);
        if (r < 0)
                return r;
        return store_image_load(o->store,
                        &f->images.items[f->index].manifest.digest,
                        &f->manifest,
                        &f->config,
                        error);
}

int operation_inspect(Operation *o, Error *error) {
        _cleanup_(store_uses_done) StoreUses uses = {};
        _cleanup_(found_done) Found f = {};
        RecordWriter w = {};
        int r;

        r = find_image(o, &f, error);
        if (r < 0)
                return r;
        const StoreImage *image = &f.images.items[f.index];
        (void) store_uses(o->store, &uses, NULL); /* those that can't be told are left out */
        put_entry(&w, image, &uses);
        put_summary(&w, &f.manifest, &f.config);
        record_put(&w, "AUTHOR", f.config.author);
        record_put_u64(&w, "HISTORY", f.config.n_history);
        image_record_put(&w, &f.manifest, &f.config);
        put_layer_paths(&w, o->store, &f.config);
        r = put_other_names(&w, &f.images, image);
        if (r < 0) {
                record_writer_done(&w);
                return r;
        }
        return answer_write(&w, error);
}

/* ---- history ---------------------------------------------------------------------------------- */
static void put_layer(RecordWriter *w, const Store *s, const Found *f, size_t layer) {
        const Digest *diff_id = &f->config.diff_ids[layer];
        uint64_t bytes;

        _cleanup_close_ int fd = store_open_layer(s, diff_id);
        if (fd >= 0 && tree_usage(fd, &bytes) >= 0)
                record_put_u64(w, "SIZE", bytes);
        if (layer < f->manifest.n_entries)
                record_put_u64(w, "BLOB_SIZE", f->manifest.entries[layer].size);
        record_put(w, SUPD_STORE_LAYER, digest_hex(diff_id));
}

static void put_step(RecordWriter *w, const Store *s, const Found *f, size_t step, size_t *layer) {
        static const HistoryEntry untold = {};
        const HistoryEntry *h = step < f->config.n_history ? &f->config.history[step] : &untold;

        record_put_u64(w, "HISTORY", step + 1);
        record_put(w, "CREATED", h->created);
        record_put(w, "CREATED_BY", h->created_by);
        record_put(w, "AUTHOR", h->author);
        record_put(w, "COMMENT", h->comment);
        record_put_bool(w, "EMPTY_LAYER", h->is_empty);
        if (h->is_empty)
                record_put_u64(w, "SIZE", 0);
        else if (*layer < f->config.n_diff_ids)
                put_layer(w, s, f, (*layer)++);
}

/* The oldest first. Layers that the history forgets come last: it may say nothing at all. */
int operation_history(Operation *o, Error *error) {
        _cleanup_(found_done) Found f = {};
        RecordWriter w = {};
        size_t step = 0, layer = 0;
        int r;

        r = find_image(o, &f, error);
        if (r < 0)
                return r;
        for (; step < f.config.n_history || layer < f.config.n_diff_ids; step++)
                put_step(&w, o->store, &f, step, &layer);
        return answer_write(&w, error);
}
