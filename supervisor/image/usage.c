/* SPDX-License-Identifier: MIT */
#include "image/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/map.h"
#include "image/store/tree.h"

/* What a Content is: a plain layer's blob has the same digest as the layer. */
enum {
        BLOB = 'b',
        LAYER = 'l',
        TREE = 't', /* by its image's manifest */
};

typedef struct Content {
        char key[1 + DIGEST_HEX_SIZE + 1]; /* BLOB, LAYER or TREE, and the digits */
        uint64_t bytes;
        size_t users; /* images */
        size_t seen;  /* by which visit last: an image that has it twice counts once */
} Content;

struct Usage {
        const Store *store;        /* borrowed */
        const StoreImages *images; /* borrowed */
        Map *contents;             /* owned, with the Contents in it */
        UsageTotal total;
        size_t visits;
};

static void content_key(char kind, const char *hex, char *key) {
        key[0] = kind;
        memcpy(key + 1, hex, DIGEST_HEX_SIZE + 1);
}

static void count(UsageTotal *t, char kind, uint64_t bytes) {
        uint64_t *items = kind == BLOB ? &t->blobs : kind == LAYER ? &t->layers : &t->trees;
        uint64_t *sum = kind == BLOB    ? &t->blob_bytes
                        : kind == LAYER ? &t->layer_bytes
                                        : &t->tree_bytes;

        (*items)++;
        *sum += bytes;
}

static int add_content(Usage *u, int dir_fd, char kind, const char *hex) {
        _cleanup_free_ Content *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        content_key(kind, hex, c->key);
        r = tree_bytes(dir_fd, hex, &c->bytes);
        if (r == -ENOENT) /* swept this moment */
                return 0;
        if (r >= 0)
                r = map_put(u->contents, c->key, c);
        if (r < 0)
                return r;
        count(&u->total, kind, c->bytes);
        (void) TAKE_PTR(c); /* the map's */
        return 0;
}

static int add_dir(Usage *u, int dir_fd, char kind) {
        int r = 0;

        int fd = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                (void) close_fd(fd);
                return fd < 0 ? fd : -ENOMEM;
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
                if (digest_hex_is_valid(entry->d_name))
                        r = add_content(u, dir_fd, kind, entry->d_name);
        return r;
}

/* Counts the users first, and when all are counted (@sum) the bytes. */
static void visit_content(Usage *u, char kind, const Digest *digest, ImageUsage *sum) {
        char key[1 + DIGEST_HEX_SIZE + 1];

        content_key(kind, digest_hex(digest), key);
        Content *c = map_get(u->contents, key);
        if (!c || c->seen == u->visits)
                return;
        c->seen = u->visits;
        if (!sum) {
                c->users++;
                return;
        }
        sum->size += c->bytes;
        sum->unique += c->users == 1 ? c->bytes : 0;
}

static void visit_image(Usage *u, const Digest *digest, ImageUsage *sum) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};

        if (store_image_load(u->store, digest, &m, &c, NULL) < 0)
                return; /* `ls` says so, and `check` what is wrong */
        u->visits++;
        visit_content(u, BLOB, digest, sum);
        visit_content(u, BLOB, &m.config.digest, sum);
        for (size_t i = 0; i < m.n_entries; i++)
                visit_content(u, BLOB, &m.entries[i].digest, sum);
        for (size_t i = 0; i < c.n_diff_ids; i++)
                visit_content(u, LAYER, &c.diff_ids[i], sum);
        visit_content(u, TREE, digest, sum);
}

bool usage_is_repeated(const StoreImages *images, size_t index) {
        for (size_t i = 0; i < index; i++)
                if (digest_equal(&images->items[i].manifest.digest,
                                    &images->items[index].manifest.digest))
                        return true;
        return false;
}

int usage_new(const Store *s, const StoreImages *images, Usage **ret, Error *error) {
        int r = 0;

        _cleanup_(usage_freep) Usage *u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        u->store = s;
        u->images = images;
        u->contents = map_new();
        if (!u->contents)
                return -ENOMEM;
        if (store_image_fd(s) >= 0) {
                r = add_dir(u, store_blobs_fd(s), BLOB);
                if (r >= 0)
                        r = add_dir(u, store_layer_fd(s), LAYER);
                if (r >= 0 && store_tree_fd(s) >= 0)
                        r = add_dir(u, store_tree_fd(s), TREE);
        }
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error,
                                                      r,
                                                      ERROR_STORAGE,
                                                      "cannot measure the store");
        for (size_t i = 0; i < images->n_items; i++)
                if (!usage_is_repeated(images, i))
                        visit_image(u, &images->items[i].manifest.digest, NULL);

        *ret = TAKE_PTR(u);
        return 0;
}

Usage *usage_free(Usage *u) {
        if (!u)
                return NULL;

        MAP_FOREACH (Content, c, u->contents)
                free(c);
        (void) map_free(u->contents);
        free(u);
        return NULL;
}

void usage_total(const Usage *u, UsageTotal *ret) {
        *ret = u->total;
}

void usage_of(Usage *u, size_t index, ImageUsage *ret) {
        ImageUsage sum = {};

        visit_image(u, &u->images->items[index].manifest.digest, &sum);
        *ret = sum;
}
