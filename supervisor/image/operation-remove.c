/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/store-use.h"

typedef struct Removal {
        Operation *operation; /* borrowed */
        StoreImages images;
        StoreUses uses;
        RecordWriter answer;
} Removal;

static void removal_done(Removal *m) {
        store_images_done(&m->images);
        store_uses_done(&m->uses);
        record_writer_done(&m->answer);
}

static int removal_begin(Removal *m, Error *error) {
        Store *s = m->operation->store;
        int r;

        r = store_begin(s, error);
        if (r >= 0)
                r = store_list(s, &m->images, error);
        return r < 0 ? r : store_uses(s, &m->uses, error);
}

/* Also after a failure: what went before it is gone, and its space is to come back. */
static int removal_end(Removal *m, int failure, Error *error) {
        Error *later = failure < 0 ? NULL : error;
        SweepResult swept = {};
        int r;

        r = store_sweep(m->operation->store, m->operation->options->keep, &swept, later);
        if (r >= 0) {
                record_put_u64(&m->answer, "REMOVED_BLOBS", swept.blobs);
                record_put_u64(&m->answer, "REMOVED_LAYERS", swept.layers);
                record_put_u64(&m->answer, "REMOVED_BYTES", swept.bytes);
        }
        int q = answer_write(&m->answer, r < 0 ? NULL : later);
        if (failure < 0)
                return failure;
        return r < 0 ? r : q;
}

static void put_notice(Removal *m, const char *what, const char *containers) {
        _cleanup_free_ char *text = str_printf("'%s' is in use by %s; the image stays, without a "
                                               "name, until they are removed",
                        what,
                        containers);
        record_put(&m->answer, "NOTICE", text);
}

static int read_only(const char *what, Error *error) {
        return error_set_plain(error,
                        -EROFS,
                        ERROR_STORAGE,
                        "'%s' is in an additional store, which is only read",
                        what);
}

/* ---- rm --------------------------------------------------------------------------------------- */
static int remove_name(Removal *m, const char *name, const char *containers, Error *error) {
        int r = store_forget(m->operation->store,
                        name,
                        NULL,
                        /* keep= */ containers != NULL,
                        error);

        if (r == 0)
                return read_only(name, error);
        if (r < 0)
                return r;
        record_put(&m->answer, "REMOVED", name);
        if (r == STORE_NAMELESS)
                put_notice(m, name, containers);
        return 0;
}

static int remove_all_names(
                Removal *m, const StoreImage *image, const char *containers, Error *error) {
        const char *digest = image->manifest.digest.text;
        int r;

        if (containers && !m->operation->options->force)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "image %s is in use by %s; remove the containers first, or "
                                "give --force",
                                digest,
                                containers);
        r = store_forget(m->operation->store,
                        NULL,
                        &image->manifest.digest,
                        /* keep= */ false,
                        error);
        if (r == 0)
                return read_only(digest, error);
        if (r < 0)
                return r;
        record_put(&m->answer, "REMOVED", digest);
        if (containers)
                put_notice(m, digest, containers);
        return 0;
}

/* A name goes alone; a digest takes all names of the image with it. */
static int remove_one(Removal *m, const char *what, Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_free_ char *name = NULL, *containers = NULL;
        size_t index;
        int r;

        r = store_find(m->operation->store, &m->images, what, &index, error);
        if (r < 0)
                return r;
        const StoreImage *image = &m->images.items[index];
        r = store_uses_of(&m->uses, &image->manifest.digest, &containers);
        if (r < 0)
                return r;
        if (reference_parse(what, &reference, NULL) >= 0) {
                name = reference_format(&reference);
                if (!name)
                        return -ENOMEM;
        }
        if (image->name && (str_equal(image->name, what) || str_equal(image->name, name)))
                return remove_name(m, image->name, containers, error);
        return remove_all_names(m, image, containers, error);
}

int operation_remove(Operation *o, Error *error) {
        _cleanup_(removal_done) Removal m = { .operation = o };
        int r;

        r = removal_begin(&m, error);
        if (r < 0)
                return r;
        STRV_FOREACH (what, o->options->arguments) {
                r = remove_one(&m, *what, error);
                if (r < 0)
                        break;
                /* The next one may mean another of its names. */
                store_images_done(&m.images);
                r = store_list(o->store, &m.images, error);
                if (r < 0)
                        break;
        }
        return removal_end(&m, r, error);
}

/* ---- prune ------------------------------------------------------------------------------------ */
static int prune_one(Removal *m, const StoreImage *image, Error *error) {
        _cleanup_free_ char *containers = NULL;
        int r;

        if ((image->name && !m->operation->options->all) ||
                        strv_contains(m->operation->options->keep, image->manifest.digest.text))
                return 0;
        r = store_uses_of(&m->uses, &image->manifest.digest, &containers);
        if (r < 0 || containers)
                return r;
        r = store_forget(m->operation->store,
                        NULL,
                        &image->manifest.digest,
                        /* keep= */ false,
                        error);
        if (r > 0)
                record_put(&m->answer, "REMOVED", image->name ?: image->manifest.digest.text);
        return r;
}

int operation_prune(Operation *o, Error *error) {
        _cleanup_(removal_done) Removal m = { .operation = o };
        int r;

        r = removal_begin(&m, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m.images.n_items && r >= 0; i++)
                r = prune_one(&m, &m.images.items[i], error);
        return removal_end(&m, r, error);
}
