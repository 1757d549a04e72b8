/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "image/oci/json.h"
#include "base/reference.h"
#include "image/store/store-internal.h"
#include "image/store/store-record.h"

#define INDEX_SIZE_MAX (16U * 1024 * 1024)
#define ID_DIGITS_MIN 4U

/* What the image was made from, where the store's manifest is a translation or one of an index. */
#define ANNOTATION_SOURCE_DIGEST "org.supd.image.source-digest"

static void image_done(StoreImage *image) {
        free(image->name);
        free(image->source_digest);
        descriptor_done(&image->manifest);
}

void store_images_done(StoreImages *images) {
        for (size_t i = 0; i < images->n_items; i++)
                image_done(&images->items[i]);
        free(images->items);
        *images = (StoreImages) {};
}

static int index_read(const StoreRoot *root, json_t **ret, Error *error) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read(root->image_fd, "index.json", INDEX_SIZE_MAX, &text, &size);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "'%s/image/index.json'", root->path);
        r = json_parse(text, size, "index.json", ret, error);
        if (r < 0)
                return error_prefix(error, r, "store '%s'", root->path);
        if (!json_is_array(json_object_get(*ret, "manifests"))) {
                *ret = json_unref(*ret);
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "'%s/image/index.json' has no list of manifests",
                                root->path);
        }
        return 0;
}

/* Entries that other programs wrote and that are no images of ours are left alone. Return: 1 an image. */
static int entry_parse(const json_t *entry, StoreImage *image) {
        const json_t *annotations = json_object_get(entry, "annotations");
        int r;

        if (digest_parse(json_text(entry, "digest") ?: "", &image->manifest.digest, NULL) < 0 ||
                        json_size(entry, "size", &image->manifest.size) < 0)
                return 0;
        const char *media_type = json_text(entry, "mediaType") ?: MEDIA_OCI_MANIFEST;
        r = str_replace(&image->manifest.media_type, media_type);
        if (r >= 0)
                r = json_copy_text(annotations, ANNOTATION_REF_NAME, &image->name);
        if (r >= 0)
                r = json_copy_text(annotations, ANNOTATION_SOURCE_DIGEST, &image->source_digest);
        return r < 0 ? r : 1;
}

static bool is_hidden(const StoreImages *images, const StoreImage *image) {
        for (size_t i = 0; i < images->n_items; i++) {
                const StoreImage *other = &images->items[i];
                if (image->name ? str_equal(other->name, image->name)
                                : digest_equal(&other->manifest.digest, &image->manifest.digest))
                        return true;
        }
        return false;
}

static int images_append(
                StoreImages *images, const StoreRoot *root, const StoreRoot *own, Error *error) {
        _cleanup_json_ json_t *index = NULL;
        json_t *entry;
        size_t i;
        int r;

        r = index_read(root, &index, error);
        if (r < 0)
                return r;
        const json_t *array = json_object_get(index, "manifests");
        StoreImage *grown = realloc(images->items,
                        (images->n_items + json_array_size(array) + 1) * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        images->items = grown;
        json_array_foreach(array, i, entry) {
                StoreImage image = {};
                r = entry_parse(entry, &image);
                image.read_only = root != own;
                if (r > 0 && !is_hidden(images, &image))
                        images->items[images->n_items++] = image;
                else
                        image_done(&image);
                if (r < 0)
                        return r;
        }
        return 0;
}

int store_list_own(const Store *s, StoreImages *ret, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        int r;

        r = s->root.image_fd < 0 ? 0 : images_append(&images, &s->root, &s->root, error);
        if (r < 0)
                return r;

        *ret = images;
        images = (StoreImages) {};
        return 0;
}

int store_list(const Store *s, StoreImages *ret, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        int r;

        r = store_list_own(s, &images, error);
        for (size_t i = 0; i < s->n_more && r >= 0; i++)
                r = images_append(&images, &s->more[i], &s->root, error);
        if (r < 0)
                return r;

        *ret = images;
        images = (StoreImages) {};
        return 0;
}

/* ---- writing ---------------------------------------------------------------------------------- */
static int index_write(Store *s, const json_t *index, Error *error) {
        _cleanup_free_ char *text = json_dumps(index, JSON_COMPACT);
        int r;

        if (!text)
                return -ENOMEM;
        r = store_replace(s, "index.json", text);
        if (r >= 0)
                r = neg_errno(fsync(s->root.image_fd));
        if (r < 0)
                return store_error(error, r, "cannot write index.json");
        return store_names_write(s, error);
}

static const char *entry_name(const json_t *entry) {
        return json_text(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
}

static json_t *entry_new(const char *name, const Descriptor *manifest, const char *source_digest) {
        _cleanup_json_ json_t *annotations = json_object();
        int r = 0;

        if (name)
                r = json_object_set_new(annotations, ANNOTATION_REF_NAME, json_string(name));
        if (r >= 0 && source_digest && !str_equal(source_digest, manifest->digest.text))
                r = json_object_set_new(
                                annotations, ANNOTATION_SOURCE_DIGEST, json_string(source_digest));
        if (r < 0)
                return NULL;
        return json_pack("{s:s, s:s, s:I, s:O*}",
                        "mediaType",
                        manifest->media_type,
                        "digest",
                        manifest->digest.text,
                        "size",
                        (json_int_t) manifest->size,
                        "annotations",
                        json_object_size(annotations) > 0 ? annotations : NULL);
}

static bool is_only_entry(const json_t *array, const json_t *entry) {
        const json_t *other;
        size_t i;

        json_array_foreach(array,
                        i,
                        other) if (other != entry &&
                                   str_equal(json_text(other, "digest"),
                                                   json_text(entry, "digest"))) return false;
        return true;
}

/* The entries that stay when an image is recorded: the name goes from its last holder, which stays
 * without one unless it has others; and a nameless entry of the same manifest is not needed. */
static int entry_keep(const json_t *array,
                json_t *entry,
                const char *name,
                const Descriptor *manifest,
                json_t *kept) {
        bool same = str_equal(json_text(entry, "digest"), manifest->digest.text);
        const char *old = entry_name(entry);

        if (same && (!old || str_equal(old, name)))
                return 0;
        if (same && !name)
                return 0;
        if (name && str_equal(old, name) && !is_only_entry(array, entry))
                return 0;
        if (name && str_equal(old, name))
                (void) json_object_del(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
        return json_array_append(kept, entry);
}

static int index_add(Store *s,
                json_t *index,
                const char *name,
                const Descriptor *manifest,
                const char *source_digest,
                Error *error) {
        _cleanup_json_ json_t *kept = json_array();
        json_t *entry;
        size_t i;
        int r;

        const json_t *array = json_object_get(index, "manifests");
        bool named = false;
        json_array_foreach(array, i, entry) {
                /* An image that has a name needs no nameless entry beside it. */
                if (!name && entry_name(entry) &&
                                str_equal(json_text(entry, "digest"), manifest->digest.text))
                        named = true;
        }
        if (named)
                return 0;
        json_array_foreach(array, i, entry) {
                if (entry_keep(array, entry, name, manifest, kept) < 0)
                        return -ENOMEM;
        }
        if (json_array_append_new(kept, entry_new(name, manifest, source_digest)) < 0 ||
                        json_object_set(index, "manifests", kept) < 0)
                return -ENOMEM;
        /* What was there already may be another operation's of a moment ago, named and not yet synced. */
        r = neg_errno(fsync(s->root.blobs_fd));
        if (r >= 0)
                r = neg_errno(fsync(s->root.layer_fd));
        if (r < 0)
                return store_error(error, r, "cannot sync the store");
        /* A container may start as soon as the name is there. */
        r = store_record_write(s, &manifest->digest, error);
        return r < 0 ? r : index_write(s, index, error);
}

int store_record(Store *s,
                const char *name,
                const Descriptor *manifest,
                const char *source_digest,
                Error *error) {
        _cleanup_json_ json_t *index = NULL;
        int r;

        r = s->follower.on_record
                            ? s->follower.on_record(s->follower.userdata, &manifest->digest, error)
                            : 0;
        if (r < 0)
                return r;
        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        r = index_read(&s->root, &index, error);
        return r < 0 ? r : index_add(s, index, name, manifest, source_digest, error);
}

static bool index_has(const json_t *index, const Digest *digest) {
        const json_t *entry;
        size_t i;

        json_array_foreach(json_object_get(index, "manifests"),
                        i,
                        entry) if (str_equal(json_text(entry, "digest"), digest->text)) return true;
        return false;
}

int store_tag(Store *s, const char *name, const StoreImage *image, Error *error) {
        _cleanup_json_ json_t *index = NULL;
        int r;

        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        r = index_read(&s->root, &index, error);
        if (r < 0)
                return r;
        /* Under the lock: from here on a removal sees the new name. */
        if (!image->read_only && !index_has(index, &image->manifest.digest))
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_BAD_NAME,
                                "image %s has just been removed",
                                image->manifest.digest.text);
        return index_add(s, index, name, &image->manifest, image->source_digest, error);
}

int store_forget(Store *s, const char *name, const Digest *digest, bool keep, Error *error) {
        _cleanup_json_ json_t *index = NULL, *kept = json_array();
        json_t *entry;
        bool found = false, nameless = false;
        size_t i;
        int r;

        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        r = index_read(&s->root, &index, error);
        if (r < 0)
                return r;

        const json_t *array = json_object_get(index, "manifests");
        json_array_foreach(array, i, entry) {
                bool gone = digest ? str_equal(json_text(entry, "digest"), digest->text)
                                   : str_equal(entry_name(entry), name);
                found = found || gone;
                if (gone && keep && !digest && is_only_entry(array, entry)) {
                        (void) json_object_del(json_object_get(entry, "annotations"),
                                        ANNOTATION_REF_NAME); /* it is there */
                        nameless = true;
                        gone = false;
                }
                if (!gone && json_array_append(kept, entry) < 0)
                        return -ENOMEM;
        }
        if (!found)
                return 0;
        if (json_object_set(index, "manifests", kept) < 0)
                return -ENOMEM;
        r = index_write(s, index, error);
        if (r < 0)
                return r;
        return nameless ? STORE_NAMELESS : STORE_FORGOTTEN;
}

/* ---- finding ---------------------------------------------------------------------------------- */
static bool find_by_name(const StoreImages *images, const char *name, size_t *ret) {
        for (size_t i = 0; i < images->n_items; i++)
                if (images->items[i].name && str_equal(images->items[i].name, name)) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* @ret_config: empty where it can't be told. */
static bool image_has_id(
                const Store *s, const StoreImage *image, const char *hex, Digest *ret_config) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_free_ char *text = NULL;
        size_t size;

        *ret_config = (Digest) {};
        if (store_read_blob(s, &image->manifest.digest, MANIFEST_SIZE_MAX, &text, &size, NULL) >=
                                        0 &&
                        manifest_parse(text, size, &m, NULL) >= 0 && !m.is_index)
                *ret_config = m.config.digest;
        if (str_has_prefix(digest_hex(&image->manifest.digest), hex))
                return true;
        if (image->source_digest && str_has_prefix(image->source_digest, DIGEST_PREFIX) &&
                        str_has_prefix(image->source_digest + strlen(DIGEST_PREFIX), hex))
                return true;
        return ret_config->text[0] && str_has_prefix(digest_hex(ret_config), hex);
}

/* What came from a registry and from `docker save` has two manifests and one id: it runs the same, and who
 * gives the id means either. One with a name goes before. */
static int find_by_id(const Store *s, const StoreImages *images, const char *what, size_t *ret) {
        const char *hex = str_has_prefix(what, DIGEST_PREFIX) ? what + strlen(DIGEST_PREFIX) : what;
        Digest id = {};
        bool found = false;

        if (strlen(hex) < ID_DIGITS_MIN || hex[strspn(hex, "0123456789abcdef")] != '\0')
                return -ENOENT;
        for (size_t i = 0; i < images->n_items; i++) {
                Digest config;
                if (!image_has_id(s, &images->items[i], hex, &config))
                        continue;
                if (found &&
                                !digest_equal(&images->items[i].manifest.digest,
                                                &images->items[*ret].manifest.digest) &&
                                (!id.text[0] || !digest_equal(&id, &config)))
                        return -ENOTUNIQ;
                if (!found || (images->items[i].name && !images->items[*ret].name)) {
                        *ret = i;
                        id = config;
                }
                found = true;
        }
        return found ? 0 : -ENOENT;
}

int store_find(const Store *s,
                const StoreImages *images,
                const char *what,
                size_t *ret,
                Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        size_t found = 0;
        int r = -ENOENT;

        if (find_by_name(images, what, ret))
                return 0;
        if (reference_parse(what, &reference, NULL) >= 0) {
                _cleanup_free_ char *name = reference_format(&reference);
                if (!name)
                        return -ENOMEM;
                if (find_by_name(images, name, ret))
                        return 0;
        }
        r = find_by_id(s, images, what, &found);
        if (r == -ENOTUNIQ)
                return error_set_plain(error,
                                r,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' fits more than one image",
                                what);
        if (r < 0)
                return error_set_plain(error, r, ERROR_BAD_NAME, "no such image: '%s'", what);
        *ret = found;
        return 0;
}

int store_image_load(const Store *s,
                const Digest *manifest_digest,
                Manifest *ret_manifest,
                ImageConfig *ret_config,
                Error *error) {
        _cleanup_free_ char *manifest_text = NULL, *config_text = NULL;
        _cleanup_(manifest_done) Manifest m = {};
        size_t size;
        int r;

        r = store_read_blob(s, manifest_digest, MANIFEST_SIZE_MAX, &manifest_text, &size, error);
        if (r >= 0)
                r = manifest_parse(manifest_text, size, &m, error);
        if (r < 0)
                return r;
        if (m.is_index)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "%s is an index, not an image",
                                manifest_digest->text);
        r = store_read_blob(s, &m.config.digest, CONFIG_SIZE_MAX, &config_text, &size, error);
        if (r >= 0)
                r = image_config_parse(config_text, size, ret_config, error);
        if (r < 0)
                return r;

        *ret_manifest = m;
        m = (Manifest) {};
        return 0;
}
