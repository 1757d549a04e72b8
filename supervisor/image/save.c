/* SPDX-License-Identifier: MIT */
#include "image/save.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/oci/hash.h"
#include "image/oci/json.h"
#include "image/layer/sink.h"

#define BLOCK_SIZE ((size_t) 256 * 1024)
#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define DIR_VERSION "Directory Transport Version: 1.1\n"

/* An image with what it consists of. */
typedef struct Item {
        const SaveImage *image; /* borrowed */
        char *text;             /* owned; the manifest */
        size_t size;
        Manifest manifest;
        ImageConfig config;
} Item;

typedef struct Save {
        Store *store; /* borrowed */
        Sink *sink;   /* owned */
        Item *items;  /* owned */
        size_t n_items;
        const char *prefix; /* borrowed; before a blob's digits */
        Map *written;       /* owned; blobs, by digits within the items */
        char *block;        /* owned; BLOCK_SIZE */
} Save;

static void save_done(Save *v) {
        for (size_t i = 0; i < v->n_items; i++) {
                free(v->items[i].text);
                manifest_done(&v->items[i].manifest);
                image_config_done(&v->items[i].config);
        }
        free(v->items);
        free(v->block);
        (void) map_free(v->written);
        (void) sink_free(v->sink);
}

/* ---- reading ---------------------------------------------------------------------------------- */
/* Claimed before it is looked for: from then on no sweep takes it away. */
static int item_read(Save *v, Item *item, Error *error) {
        const Digest *digest = &item->image->manifest;
        int r;

        r = store_claim(v->store, digest, error);
        if (r >= 0)
                r = store_image_load(v->store, digest, &item->manifest, &item->config, error);
        if (r >= 0)
                r = store_read_blob(v->store,
                                digest,
                                MANIFEST_SIZE_MAX,
                                &item->text,
                                &item->size,
                                error);
        if (r >= 0)
                r = store_claim(v->store, &item->manifest.config.digest, error);
        for (size_t i = 0; i < item->manifest.n_entries && r >= 0; i++)
                r = store_claim(v->store, &item->manifest.entries[i].digest, error);
        return r;
}

static int save_init(Save *v, const SaveImage *images, size_t n_images, Error *error) {
        v->items = calloc(n_images, sizeof(*v->items));
        v->written = map_new();
        v->block = malloc(BLOCK_SIZE);
        if (!v->items || !v->written || !v->block)
                return -ENOMEM;
        for (size_t i = 0; i < n_images; i++) {
                v->items[v->n_items++].image = &images[i];
                int r = item_read(v, &v->items[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- files ------------------------------------------------------------------------------------ */
static int put_text(Save *v, const char *path, const char *text, size_t size, Error *error) {
        int r;

        r = sink_begin(v->sink, path, size, error);
        if (r >= 0)
                r = sink_write(v->sink, text, size, error);
        return r < 0 ? r : sink_end(v->sink, error);
}

static int put_json(Save *v, const char *path, const json_t *j, Error *error) {
        _cleanup_free_ char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

        return text ? put_text(v, path, text, strlen(text), error) : -ENOMEM;
}

static int damaged(const Descriptor *d, Error *error) {
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "blob %s is damaged; 'check --repair' says which image to pull again",
                        d->digest.text);
}

static int copy_blob(Save *v, int fd, const Descriptor *d, Error *error) {
        _cleanup_(hash_freep) Hash *h = NULL;
        uint64_t left = d->size;
        Digest found;
        int r;

        r = hash_new(&h);
        while (r >= 0 && left > 0) {
                ssize_t n = read(fd, v->block, (size_t) MIN(left, (uint64_t) BLOCK_SIZE));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? error_set(error,
                                                       -errno,
                                                       ERROR_STORAGE,
                                                       "blob %s",
                                                       d->digest.text)
                                     : damaged(d, error);
                r = hash_update(h, v->block, (size_t) n);
                if (r >= 0)
                        r = sink_write(v->sink, v->block, (size_t) n, error);
                left -= (size_t) n;
        }
        if (r >= 0)
                r = hash_end(h, &found);
        if (r < 0)
                return r;
        return digest_equal(&found, &d->digest) ? 0 : damaged(d, error);
}

static int put_blob(Save *v, const Descriptor *d, Error *error) {
        _cleanup_free_ char *path = str_printf("%s%s", v->prefix, digest_hex(&d->digest));
        struct stat st;
        int r;

        if (!path)
                return -ENOMEM;
        r = map_put(v->written, digest_hex(&d->digest), v);
        if (r < 0)
                return r == -EEXIST ? 0 : r; /* layers are shared */
        _cleanup_close_ int fd = store_open_blob(v->store, &d->digest);
        if (fd < 0)
                return error_set(error, fd, ERROR_STORAGE, "blob %s", d->digest.text);
        if (fstat(fd, &st) < 0)
                return error_set(error, -errno, ERROR_STORAGE, "blob %s", d->digest.text);
        if ((uint64_t) st.st_size != d->size)
                return damaged(d, error);
        r = sink_begin(v->sink, path, d->size, error);
        if (r >= 0)
                r = copy_blob(v, fd, d, error);
        return r < 0 ? r : sink_end(v->sink, error);
}

static int put_blobs(Save *v, const Item *item, Error *error) {
        int r;

        r = put_blob(v, &item->manifest.config, error);
        for (size_t i = 0; i < item->manifest.n_entries && r >= 0; i++)
                r = put_blob(v, &item->manifest.entries[i], error);
        return r;
}

/* ---- an OCI layout ---------------------------------------------------------------------------- */
/* Both annotations carry the whole name: podman and skopeo go by the first, containerd by the other. */
static json_t *index_entry(const Item *item, const char *name) {
        const char *digest = item->image->manifest.text;
        json_int_t size = (json_int_t) item->size;

        if (!name)
                return json_pack("{s:s, s:s, s:I}",
                                "mediaType",
                                MEDIA_OCI_MANIFEST,
                                "digest",
                                digest,
                                "size",
                                size);
        return json_pack("{s:s, s:s, s:I, s:{s:s, s:s}}",
                        "mediaType",
                        MEDIA_OCI_MANIFEST,
                        "digest",
                        digest,
                        "size",
                        size,
                        "annotations",
                        ANNOTATION_CONTAINERD_NAME,
                        name,
                        ANNOTATION_REF_NAME,
                        name);
}

static int put_index(Save *v, Error *error) {
        json_t *array = json_array();
        _cleanup_json_ json_t *index = json_pack("{s:i, s:s, s:o}",
                        "schemaVersion",
                        2,
                        "mediaType",
                        MEDIA_OCI_INDEX,
                        "manifests",
                        array);

        if (!index)
                return -ENOMEM;
        for (size_t i = 0; i < v->n_items; i++) {
                const Item *item = &v->items[i];
                char *const *names = item->image->names;
                int r = names ? 0 : json_array_append_new(array, index_entry(item, NULL));
                STRV_FOREACH (name, names)
                        r = MIN(r, json_array_append_new(array, index_entry(item, *name)));
                if (r < 0)
                        return -ENOMEM;
        }
        return put_json(v, "index.json", index, error);
}

static int put_manifest(Save *v, const Item *item, Error *error) {
        _cleanup_free_ char *path =
                        str_printf("%s%s", v->prefix, digest_hex(&item->image->manifest));

        return path ? put_text(v, path, item->text, item->size, error) : -ENOMEM;
}

static int save_oci(Save *v, Error *error) {
        int r;

        r = put_text(v, "oci-layout", OCI_LAYOUT, strlen(OCI_LAYOUT), error);
        for (size_t i = 0; i < v->n_items && r >= 0; i++) {
                r = put_blobs(v, &v->items[i], error);
                if (r >= 0)
                        r = put_manifest(v, &v->items[i], error);
        }
        return r < 0 ? r : put_index(v, error);
}

/* ---- docker ----------------------------------------------------------------------------------- */
/* Docker takes only names with a tag here. */
static json_t *repo_tags(const Item *item) {
        json_t *array = json_array();

        STRV_FOREACH (name, item->image->names) {
                _cleanup_(reference_done) Reference r = {};
                if (reference_parse(*name, &r, NULL) < 0 || !r.tag)
                        continue;
                if (json_array_append_new(array,
                                    json_sprintf("%s/%s:%s", r.registry, r.repository, r.tag)) < 0)
                        return json_unref(array);
        }
        return array;
}

static json_t *docker_entry(const Save *v, const Item *item) {
        json_t *layers = json_array();

        for (size_t i = 0; i < item->manifest.n_entries; i++)
                if (json_array_append_new(layers,
                                    json_sprintf("%s%s",
                                                    v->prefix,
                                                    digest_hex(&item->manifest.entries[i]
                                                                                    .digest))) < 0)
                        return json_unref(layers);
        return json_pack("{s:o, s:o, s:o}",
                        "Config",
                        json_sprintf("%s%s", v->prefix, digest_hex(&item->manifest.config.digest)),
                        "RepoTags",
                        repo_tags(item),
                        "Layers",
                        layers);
}

static int save_docker(Save *v, Error *error) {
        _cleanup_json_ json_t *array = json_array();
        int r;

        r = save_oci(v, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < v->n_items; i++)
                if (json_array_append_new(array, docker_entry(v, &v->items[i])) < 0)
                        return -ENOMEM;
        return put_json(v, "manifest.json", array, error);
}

/* ---- skopeo's directory ----------------------------------------------------------------------- */
static int save_dir(Save *v, Error *error) {
        int r;

        if (v->n_items != 1)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "the format 'dir' has room for one image");
        r = put_text(v, "version", DIR_VERSION, strlen(DIR_VERSION), error);
        if (r >= 0)
                r = put_blobs(v, &v->items[0], error);
        if (r < 0)
                return r;
        return put_text(v, "manifest.json", v->items[0].text, v->items[0].size, error);
}

/* ---- formats ---------------------------------------------------------------------------------- */
/* clang-format off */
static const struct {
        const char *name;
        int (*save)(Save *v, Error *error);
        const char *prefix;
        bool is_directory;
} formats[] = {
        [SAVE_DOCKER_ARCHIVE] = { "docker-archive", save_docker, "blobs/sha256/", false },
        [SAVE_OCI_ARCHIVE]    = { "oci-archive",    save_oci,    "blobs/sha256/", false },
        [SAVE_OCI_DIR]        = { "oci-dir",        save_oci,    "blobs/sha256/", true  },
        [SAVE_DIR]            = { "dir",            save_dir,    "",              true  },
};
/* clang-format on */
static_assert(ELEMENTSOF(formats) == _SAVE_FORMAT_MAX, "a format is missing");

SaveFormat save_format_from_string(const char *text) {
        for (SaveFormat f = 0; f < _SAVE_FORMAT_MAX; f++)
                if (str_equal(formats[f].name, text))
                        return f;
        return _SAVE_FORMAT_INVALID;
}

bool save_format_is_directory(SaveFormat f) {
        return formats[f].is_directory;
}

int save_images(Store *s, const SaveRequest *request, uint64_t *ret_bytes, Error *error) {
        _cleanup_(save_done) Save v = { .store = s, .prefix = formats[request->format].prefix };
        int r;

        r = save_init(&v, request->images, request->n_images, error);
        if (r >= 0)
                r = save_format_is_directory(request->format)
                                    ? sink_new_directory(request->fd, &v.sink, error)
                                    : sink_new_archive(request->fd, &v.sink, error);
        if (r >= 0)
                r = formats[request->format].save(&v, error);
        if (r >= 0)
                r = sink_finish(v.sink, error);
        if (r >= 0)
                *ret_bytes = sink_bytes(v.sink);
        return r;
}
