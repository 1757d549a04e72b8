/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/filter.h"
#include "image/operation.h"
#include "image/store/store-partial.h"
#include "image/store/store-use.h"
#include "image/usage.h"

typedef struct Removal {
        Operation *operation; /* borrowed */
        StoreImages images;
        StoreUses uses;
        RecordWriter answer;
        uint64_t cleared; /* bytes won already */
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

static void put_swept(RecordWriter *w, const SweepResult *swept) {
        record_put_u64(w, "REMOVED_BLOBS", swept->blobs);
        record_put_u64(w, "REMOVED_LAYERS", swept->layers);
        record_put_u64(w, "REMOVED_BYTES", swept->bytes);
}

/* Also after a failure: what went before it is gone, and its space is to come back. */
static int removal_end(Removal *m, int failure, Error *error) {
        Error *later = failure < 0 ? NULL : error;
        SweepResult swept = {};
        int r;

        r = store_sweep(m->operation->store, m->operation->options->keep, &swept, later);
        swept.bytes += m->cleared;
        if (r >= 0)
                put_swept(&m->answer, &swept);
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

static int list_again(Removal *m, Error *error) {
        store_images_done(&m->images);
        return store_list(m->operation->store, &m->images, error);
}

/* A name goes alone; a digest takes all names of the image with it. Return: 1 if @what was a digest. */
static int remove_one(Removal *m, const char *what, Digest *ret_gone, Error *error) {
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
        *ret_gone = image->manifest.digest;
        r = remove_all_names(m, image, containers, error);
        return r < 0 ? r : 1;
}

/* An id may be that of several images: one was pulled, another loaded. All are meant. */
static int remove_argument(Removal *m, const char *what, Error *error) {
        Digest gone = {}, before;
        size_t index;
        int r;

        do {
                before = gone;
                r = remove_one(m, what, &gone, error);
                /* The next one may mean another of its names. */
                int q = r < 0 ? 0 : list_again(m, error);
                if (q < 0)
                        return q;
        } while (r > 0 && !digest_equal(&before, &gone) &&
                        store_find(m->operation->store, &m->images, what, &index, NULL) >= 0 &&
                        !m->images.items[index].read_only);
        return MIN(r, 0);
}

/* What is wrong with one of several, and says nothing about the others. */
static bool is_of_one(int r) {
        return r == -ENOENT || r == -ENOTUNIQ || r == -EBUSY || r == -EROFS;
}

int operation_remove(Operation *o, Error *error) {
        _cleanup_(removal_done) Removal m = { .operation = o };
        int r;

        r = removal_begin(&m, error);
        if (r < 0)
                return r;
        STRV_FOREACH (what, o->options->arguments) {
                _cleanup_(error_done) Error reason = {};
                int q = remove_argument(&m, *what, &reason);
                if (q >= 0)
                        continue;
                if (r >= 0) {
                        error_move(error, &reason);
                        r = q;
                } else
                        record_put(&m.answer, "NOTICE", error_text(&reason, q));
                if (!is_of_one(q))
                        break;
        }
        return removal_end(&m, r, error);
}

/* ---- prune ------------------------------------------------------------------------------------ */
typedef struct Prune {
        Removal removal;
        ImageFilter filter;
        Usage *usage; /* owned; made for the first image that goes */
        char **gone;  /* owned; digests */
} Prune;

static void prune_done(Prune *p) {
        removal_done(&p->removal);
        image_filter_done(&p->filter);
        (void) usage_free(p->usage);
        (void) strv_free(p->gone);
}

static int filter_read(Prune *p, Error *error) {
        STRV_FOREACH (text, p->removal.operation->options->filters) {
                int r = image_filter_add(&p->filter, *text, clock_realtime_usec(), error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One name of several is enough to stay for. */
static bool has_name(const StoreImages *images, const Digest *digest) {
        for (size_t i = 0; i < images->n_items; i++)
                if (images->items[i].name &&
                                digest_equal(&images->items[i].manifest.digest, digest))
                        return true;
        return false;
}

/* Return: 1 if it is to go. */
static int is_prunable(const Prune *p, const StoreImage *image) {
        const Options *options = p->removal.operation->options;
        const Digest *digest = &image->manifest.digest;
        _cleanup_free_ char *containers = NULL;
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        int r;

        if (image->read_only || strv_contains(options->keep, digest->text) ||
                        (!options->all && has_name(&p->removal.images, digest)))
                return 0;
        r = store_uses_of(&p->removal.uses, digest, &containers);
        if (r < 0 || containers)
                return r;
        if (!options->filters)
                return 1;
        r = store_image_load(p->removal.operation->store, digest, &m, &c, NULL);
        if (r < 0) /* what it is can't be told, so no filter speaks of it */
                return r == -ENOMEM ? r : 0;
        return image_filter_fits(&p->filter, &c);
}

static int tell_pruned(Prune *p, size_t index, Error *error) {
        const StoreImages *images = &p->removal.images;
        const Digest *digest = &images->items[index].manifest.digest;
        bool dry_run = p->removal.operation->options->dry_run;
        RecordWriter *w = &p->removal.answer;
        ImageUsage usage;
        int r;

        r = p->usage ? 0 : usage_new(p->removal.operation->store, images, &p->usage, error);
        if (r < 0)
                return r;
        usage_of(p->usage, index, &usage);
        record_put(w, "IMAGE", digest->text);
        for (size_t i = 0; i < images->n_items; i++)
                if (digest_equal(&images->items[i].manifest.digest, digest))
                        record_put(w, "NAME", images->items[i].name);
        record_put_u64(w, "SIZE", usage.size);
        if (!dry_run)
                record_put(w, "REMOVED", images->items[index].name ?: digest->text);
        return strv_append(&p->gone, digest->text);
}

static int prune_one(Prune *p, size_t index, Error *error) {
        const StoreImage *image = &p->removal.images.items[index];
        int r;

        if (usage_is_repeated(&p->removal.images, index))
                return 0;
        r = is_prunable(p, image);
        if (r > 0)
                r = tell_pruned(p, index, error);
        else
                return r;
        if (r < 0 || p->removal.operation->options->dry_run)
                return r;
        r = store_forget(p->removal.operation->store,
                        NULL,
                        &image->manifest.digest,
                        /* keep= */ false,
                        error);
        return MIN(r, 0);
}

/* What would go, and nothing does. */
static int prune_preview(Prune *p, Error *error) {
        const Operation *o = p->removal.operation;
        SweepResult swept = {};
        int r;

        r = store_sweep_preview(o->store, o->options->keep, p->gone, &swept, error);
        if (r < 0)
                return r;
        swept.bytes += p->removal.cleared;
        record_put_bool(&p->removal.answer, "DRY_RUN", true);
        put_swept(&p->removal.answer, &swept);
        return answer_write(&p->removal.answer, error);
}

static int prune_begin(Prune *p, Error *error) {
        const Operation *o = p->removal.operation;
        StoreLeftovers left = {};
        int r;

        r = filter_read(p, error);
        if (r >= 0)
                r = store_leftovers(o->store, &left, error);
        if (r < 0)
                return r;
        p->removal.cleared = left.bytes;
        if (!o->options->dry_run) {
                r = o->options->all ? store_partial_sweep(o->store,
                                                      /* all= */ true,
                                                      &p->removal.cleared)
                                    : 0;
                return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot remove partial downloads")
                             : removal_begin(&p->removal, error);
        }
        r = store_list(o->store, &p->removal.images, error);
        return r < 0 ? r : store_uses(o->store, &p->removal.uses, error);
}

int operation_prune(Operation *o, Error *error) {
        _cleanup_(prune_done)
                        Prune p = { .removal = { .operation = o }, .filter = IMAGE_FILTER_ANY };
        int r;

        r = prune_begin(&p, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p.removal.images.n_items && r >= 0; i++)
                r = prune_one(&p, i, error);
        if (o->options->dry_run)
                return r < 0 ? r : prune_preview(&p, error);
        return removal_end(&p.removal, r, error);
}
