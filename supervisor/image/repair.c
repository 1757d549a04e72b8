/* SPDX-License-Identifier: MIT */
#include "image/repair.h"

#include "image/progress.h"
#include "image/pull.h"

/* Where a blob belongs. */
typedef enum Part {
        PART_NONE,
        PART_MANIFEST,
        PART_BLOB, /* configuration or layer */
} Part;

static bool descriptor_is(const Descriptor *d, const Digest *digest, BlobInfo *ret) {
        if (!digest_equal(&d->digest, digest))
                return false;
        *ret = (BlobInfo) { .digest = d->digest, .size = d->size };
        return true;
}

static Part find_part(
                const Store *s, const StoreImage *image, const Digest *digest, BlobInfo *ret) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (descriptor_is(&image->manifest, digest, ret))
                return PART_MANIFEST;
        if (store_read_blob(s, &image->manifest.digest, MANIFEST_SIZE_MAX, &text, &size, NULL) <
                                        0 ||
                        manifest_parse(text, size, &m, NULL) < 0)
                return PART_NONE; /* damaged itself: that is told on its own */
        if (!m.is_index && descriptor_is(&m.config, digest, ret))
                return PART_BLOB;
        for (size_t i = 0; i < m.n_entries; i++)
                if (descriptor_is(&m.entries[i], digest, ret))
                        return PART_BLOB;
        return PART_NONE;
}

static int fetch_part(
                Operation *o, const char *name, Part part, const BlobInfo *blob, Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_(endpoints_done) Endpoints endpoints = {};
        _cleanup_(remote_done) Remote remote = {
                .socket_fd = o->fetch_fd,
                .endpoints = &endpoints,
                .policy = o->retry,
                .notice = progress_notice,
        };
        PullRequest request = { .reference = &reference, .remote = &remote };
        int r;

        r = reference_parse(name, &reference, error);
        if (r >= 0)
                r = endpoints_make(&reference, o->settings.mirrors, &endpoints, error);
        if (r < 0)
                return r;
        return part == PART_MANIFEST ? pull_manifest(o->store, &request, &blob->digest, error)
                                     : pull_blob(o->store, &request, blob, error);
}

int repair_blob(Operation *o, const Digest *digest, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        BlobInfo blob;
        int r;

        r = store_list(o->store, &images, error);
        if (r < 0)
                return r;
        r = -ENOENT;
        for (size_t i = 0; i < images.n_items && r < 0 && r != -ENOMEM; i++) {
                const StoreImage *image = &images.items[i];
                Part part = image->name ? find_part(o->store, image, digest, &blob) : PART_NONE;
                if (part == PART_NONE)
                        continue;
                error_done(error); /* the last one's will do */
                r = fetch_part(o, image->name, part, &blob, error);
        }
        if (r == -ENOENT && !error->message)
                return error_set_plain(
                                error, r, ERROR_BAD_NAME, "no image with a name consists of it");
        return r;
}
