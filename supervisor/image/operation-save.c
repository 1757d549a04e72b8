/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/save.h"

typedef struct Wanted {
        StoreImages known;
        SaveImage *images; /* owned */
        size_t n_images;
} Wanted;

static void wanted_done(Wanted *w) {
        for (size_t i = 0; i < w->n_images; i++)
                (void) strv_free(w->images[i].names);
        free(w->images);
        store_images_done(&w->known);
}

static SaveImage *wanted_image(Wanted *w, const Digest *manifest) {
        for (size_t i = 0; i < w->n_images; i++)
                if (digest_equal(&w->images[i].manifest, manifest))
                        return &w->images[i];
        w->images[w->n_images] = (SaveImage) { .manifest = *manifest };
        return &w->images[w->n_images++];
}

/* An image asked for by its digest is saved without a name, as docker does. */
static int want(Wanted *w, const Store *s, const char *what, Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_free_ char *name = NULL;
        size_t index;
        int r;

        r = store_find(s, &w->known, what, &index, error);
        if (r < 0)
                return r;
        const StoreImage *found = &w->known.items[index];
        SaveImage *image = wanted_image(w, &found->manifest.digest);
        if (reference_parse(what, &reference, NULL) >= 0) {
                name = reference_format(&reference);
                if (!name)
                        return -ENOMEM;
        }
        if (!found->name || (!str_equal(found->name, what) && !str_equal(found->name, name)) ||
                        strv_contains(image->names, found->name))
                return 0;
        return strv_append(&image->names, found->name);
}

static int tell(const Wanted *wanted, uint64_t bytes, Error *error) {
        RecordWriter w = {};

        for (size_t i = 0; i < wanted->n_images; i++) {
                record_put(&w, "IMAGE", wanted->images[i].manifest.text);
                record_put_all(&w, "NAME", wanted->images[i].names);
        }
        record_put_u64(&w, "SAVED_BYTES", bytes);
        return answer_write(&w, error);
}

int operation_save(Operation *o, Error *error) {
        char *const *arguments = o->options->arguments;
        _cleanup_(wanted_done) Wanted wanted = {};
        uint64_t bytes = 0;
        int r;

        wanted.images = calloc(strv_length(arguments), sizeof(*wanted.images));
        if (!wanted.images)
                return -ENOMEM;
        r = store_begin(o->store, error);
        if (r >= 0)
                r = store_list(o->store, &wanted.known, error);
        STRV_FOREACH (what, arguments) {
                if (r >= 0)
                        r = want(&wanted, o->store, *what, error);
        }
        SaveRequest request = {
                .format = o->save_format,
                .fd = o->output_fd,
                .images = wanted.images,
                .n_images = wanted.n_images,
        };
        if (r >= 0)
                r = save_images(o->store, &request, &bytes, error);
        return r < 0 ? r : tell(&wanted, bytes, error);
}
