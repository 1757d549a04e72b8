/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"

static int sweep(Operation *o, RecordWriter *w, Error *error) {
        SweepResult swept = {};
        int r;

        r = store_sweep(o->store, o->options->keep, &swept, error);
        if (r < 0) {
                record_writer_done(w);
                return r;
        }
        record_put_u64(w, "REMOVED_BLOBS", swept.blobs);
        record_put_u64(w, "REMOVED_LAYERS", swept.layers);
        record_put_u64(w, "REMOVED_BYTES", swept.bytes);
        return answer_write(w, error);
}

/* A name goes alone; a digest takes all names of the image with it. */
static int remove_one(Operation *o, const char *what, RecordWriter *w, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(reference_done) Reference reference = {};
        size_t index;
        int r;

        r = store_list(o->store, &images, error);
        if (r >= 0)
                r = store_find(o->store, &images, what, &index, error);
        if (r < 0)
                return r;
        const StoreImage *image = &images.items[index];
        _cleanup_free_ char *name = NULL;
        if (reference_parse(what, &reference, NULL) >= 0) {
                name = reference_format(&reference);
                if (!name)
                        return -ENOMEM;
        }
        bool by_name = image->name &&
                       (str_equal(image->name, what) || str_equal(image->name, name));
        r = store_forget(o->store,
                        by_name ? image->name : NULL,
                        by_name ? NULL : &image->manifest.digest,
                        error);
        if (r == 0)
                return error_set_plain(error,
                                -EROFS,
                                ERROR_STORAGE,
                                "'%s' is in an additional store, which is only read",
                                what);
        if (r > 0)
                record_put(w, "REMOVED", by_name ? image->name : image->manifest.digest.text);
        return r;
}

int operation_remove(Operation *o, Error *error) {
        RecordWriter w = {};
        int r;

        r = store_begin(o->store, error);
        STRV_FOREACH (what, o->options->arguments) {
                if (r >= 0)
                        r = remove_one(o, *what, &w, error);
        }
        if (r < 0) {
                record_writer_done(&w);
                return r;
        }
        return sweep(o, &w, error);
}

int operation_prune(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        RecordWriter w = {};
        int r;

        r = store_begin(o->store, error);
        if (r >= 0)
                r = store_list(o->store, &images, error);
        for (size_t i = 0; i < images.n_items && r >= 0; i++) {
                const StoreImage *image = &images.items[i];
                if ((image->name && !o->options->all) ||
                                strv_contains(o->options->keep, image->manifest.digest.text))
                        continue;
                r = store_forget(o->store, NULL, &image->manifest.digest, error);
                if (r > 0)
                        record_put(&w, "REMOVED", image->name ?: image->manifest.digest.text);
        }
        if (r < 0) {
                record_writer_done(&w);
                return r;
        }
        return sweep(o, &w, error);
}
