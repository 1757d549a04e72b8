/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/store-record.h"
#include "image/tree.h"

/* ---- ls --------------------------------------------------------------------------------------- */
static uint64_t manifest_bytes(const Manifest *m) {
        uint64_t bytes = m->config.size;

        for (size_t i = 0; i < m->n_entries; i++)
                bytes += m->entries[i].size;
        return bytes;
}

static void put_entry(RecordWriter *w, const StoreImage *image) {
        record_put(w, "IMAGE", image->manifest.digest.text);
        record_put(w, "NAME", image->name);
        record_put(w, "SOURCE_DIGEST", image->source_digest);
}

static void put_summary(RecordWriter *w, const Manifest *m, const ImageConfig *c) {
        record_put(w, "CREATED", c->created);
        record_put(w, "OS", c->platform.os);
        record_put(w, "ARCHITECTURE", c->platform.architecture);
        record_put(w, "VARIANT", c->platform.variant);
        record_put_u64(w, "LAYERS", m->n_entries);
        record_put_u64(w, "SIZE", manifest_bytes(m));
}

static void put_image(RecordWriter *w, const Store *s, const StoreImage *image) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_(error_done) Error error = {};

        put_entry(w, image);
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
        RecordWriter w = {};
        int r;

        r = store_list(o->store, &images, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < images.n_items; i++)
                put_image(&w, o->store, &images.items[i]);
        return answer_write(&w, error);
}

/* ---- inspect ---------------------------------------------------------------------------------- */
static int put_layer_paths(RecordWriter *w, const Store *s, const ImageConfig *c, Error *error) {
        for (size_t i = 0; i < c->n_diff_ids; i++) {
                _cleanup_free_ char *path = store_layer_path(s, &c->diff_ids[i]);
                if (!path)
                        return error_set_plain(error,
                                        -ENOENT,
                                        ERROR_STORAGE,
                                        "layer %s is not unpacked; 'check --repair' does it",
                                        c->diff_ids[i].text);
                record_put(w, "LAYER_PATH", path);
        }
        return 0;
}

int operation_inspect(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        RecordWriter w = {};
        size_t index;
        int r;

        r = store_list(o->store, &images, error);
        if (r >= 0)
                r = store_find(o->store, &images, o->options->arguments[0], &index, error);
        if (r < 0)
                return r;
        const StoreImage *image = &images.items[index];
        r = store_image_load(o->store, &image->manifest.digest, &m, &c, error);
        if (r < 0)
                return r;
        put_entry(&w, image);
        put_summary(&w, &m, &c);
        image_record_put(&w, &m, &c);
        r = put_layer_paths(&w, o->store, &c, error);
        if (r < 0) {
                record_writer_done(&w);
                return r;
        }
        return answer_write(&w, error);
}

/* ---- df --------------------------------------------------------------------------------------- */
/* What a Content is: a plain layer's blob has the same digest as the layer. */
enum {
        BLOB = 'b',
        LAYER = 'l',
};

typedef struct Content {
        char key[1 + DIGEST_HEX_SIZE + 1]; /* BLOB or LAYER, and the digits */
        uint64_t bytes;
        size_t users; /* images */
        size_t seen;  /* by which image last, from 1: one that has it twice counts once */
} Content;

typedef struct Usage {
        Map *contents; /* owned, with the Contents in it */
        uint64_t blob_bytes, layer_bytes;
} Usage;

static void usage_done(Usage *u) {
        MAP_FOREACH (Content, c, u->contents)
                free(c);
        (void) map_free(u->contents);
}

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d); /* only read from */
}

static int content_bytes(int dir_fd, const char *name, uint64_t *ret) {
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode)) {
                *ret = (uint64_t) st.st_blocks * 512;
                return 0;
        }
        _cleanup_close_ int fd = neg_errno(
                        openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return fd < 0 ? fd : tree_usage(fd, ret);
}

static void content_key(char kind, const char *hex, char *key) {
        key[0] = kind;
        memcpy(key + 1, hex, DIGEST_HEX_SIZE + 1);
}

static int usage_add_dir(Usage *u, int dir_fd, char kind, uint64_t *total) {
        int r = 0;

        int fd = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                (void) close_fd(fd);
                return fd < 0 ? fd : -ENOMEM;
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                if (!digest_hex_is_valid(entry->d_name))
                        continue;
                _cleanup_free_ Content *c = calloc(1, sizeof(*c));
                if (!c)
                        return -ENOMEM;
                content_key(kind, entry->d_name, c->key);
                r = content_bytes(dir_fd, entry->d_name, &c->bytes);
                if (r == -ENOENT) { /* swept this moment */
                        r = 0;
                        continue;
                }
                *total += c->bytes;
                if (r >= 0)
                        r = map_put(u->contents, c->key, c);
                if (r >= 0)
                        (void) TAKE_PTR(c); /* the map's */
        }
        return r;
}

/* The content, unless this user has had it before. */
static Content *content_of(const Usage *u, char kind, const Digest *digest, size_t user) {
        char key[1 + DIGEST_HEX_SIZE + 1];

        content_key(kind, digest_hex(digest), key);
        Content *c = map_get(u->contents, key);
        if (!c || c->seen == user)
                return NULL;
        c->seen = user;
        return c;
}

/* An image counts once, however many names it has. */
static bool is_repeated(const StoreImages *images, size_t index) {
        for (size_t i = 0; i < index; i++)
                if (digest_equal(&images->items[i].manifest.digest,
                                    &images->items[index].manifest.digest))
                        return true;
        return false;
}

typedef struct Sum {
        uint64_t size, unique;
} Sum;

/* Counts the users first, and when all are counted (@sum) the bytes. */
static void content_visit(const Usage *u, char kind, const Digest *digest, size_t user, Sum *sum) {
        Content *c = content_of(u, kind, digest, user);

        if (!c)
                return;
        if (!sum) {
                c->users++;
                return;
        }
        sum->size += c->bytes;
        sum->unique += c->users == 1 ? c->bytes : 0;
}

static void
image_visit(const Operation *o, const Usage *u, const StoreImage *image, size_t user, Sum *sum) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};

        if (store_image_load(o->store, &image->manifest.digest, &m, &c, NULL) < 0)
                return; /* `ls` says so, and `check` what is wrong */
        content_visit(u, BLOB, &image->manifest.digest, user, sum);
        content_visit(u, BLOB, &m.config.digest, user, sum);
        for (size_t i = 0; i < m.n_entries; i++)
                content_visit(u, BLOB, &m.entries[i].digest, user, sum);
        for (size_t i = 0; i < c.n_diff_ids; i++)
                content_visit(u, LAYER, &c.diff_ids[i], user, sum);
}

static int usage_measure(Usage *u, const Store *s, Error *error) {
        int r;

        if (store_image_fd(s) < 0)
                return 0;
        r = usage_add_dir(u, store_blobs_fd(s), BLOB, &u->blob_bytes);
        if (r >= 0)
                r = usage_add_dir(u, store_layer_fd(s), LAYER, &u->layer_bytes);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot measure the store") : 0;
}

int operation_disk_usage(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(usage_done) Usage u = { .contents = map_new() };
        uint64_t unused = 0;
        RecordWriter w = {};
        int r;

        if (!u.contents)
                return -ENOMEM;
        r = store_list(o->store, &images, error);
        if (r >= 0)
                r = usage_measure(&u, o->store, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < images.n_items; i++)
                if (!is_repeated(&images, i))
                        image_visit(o, &u, &images.items[i], i + 1, NULL);
        for (size_t i = 0; i < images.n_items; i++) {
                Sum sum = {};
                if (is_repeated(&images, i))
                        continue;
                image_visit(o, &u, &images.items[i], images.n_items + i + 1, &sum);
                record_put(&w, "IMAGE", images.items[i].manifest.digest.text);
                record_put(&w, "NAME", images.items[i].name);
                record_put_u64(&w, "SIZE", sum.size);
                record_put_u64(&w, "UNIQUE", sum.unique);
        }
        MAP_FOREACH (Content, c, u.contents)
                unused += c->users == 0 ? c->bytes : 0;
        record_put_u64(&w, "BLOBS_TOTAL", u.blob_bytes);
        record_put_u64(&w, "LAYERS_TOTAL", u.layer_bytes);
        record_put_u64(&w, "UNUSED", unused);
        return answer_write(&w, error);
}
