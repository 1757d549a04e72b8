/* SPDX-License-Identifier: MIT */
#include "image/answer.h"
#include "image/operation.h"

/* A sweep that runs meanwhile leaves what is claimed. */
static int claim_image(Store *s, const Digest *manifest, ImageConfig *ret_config, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        int r;

        r = store_claim(s, manifest, error);
        if (r >= 0)
                r = store_image_load(s, manifest, &m, ret_config, error);
        for (size_t i = 0; r >= 0 && i < ret_config->n_diff_ids; i++)
                r = store_claim(s, &ret_config->diff_ids[i], error);
        return r;
}

int operation_root_make(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(image_config_done) ImageConfig config = {};
        RecordWriter w = {};
        size_t index;
        int r;

        r = store_begin(o->store, error);
        if (r >= 0)
                r = store_list(o->store, &images, error);
        if (r >= 0)
                r = store_find(o->store, &images, o->options->arguments[0], &index, error);
        if (r < 0)
                return r;
        const Digest *manifest = &images.items[index].manifest.digest;
        r = claim_image(o->store, manifest, &config, error);
        if (r >= 0)
                r = storage_prepare(o->storage, manifest, error);
        if (r >= 0)
                r = storage_root_make(o->storage, manifest, &config, &w, error);
        if (r < 0) {
                record_writer_done(&w);
                return r;
        }
        return answer_write(&w, error);
}

int operation_root_remove(Operation *o, Error *error) {
        return storage_root_remove(o->storage, error);
}

int operation_trash(Operation *o, Error *error) {
        return storage_empty_trash(o->storage, error);
}
