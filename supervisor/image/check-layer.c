/* SPDX-License-Identifier: MIT */
#include "image/check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/confine/broker.h"
#include "image/store/tree.h"

/* The layer unpacked anew, beside the one that is in use: whatever differs shows. */
typedef struct Fresh {
        char *name; /* owned */
        int fd;     /* owned */
} Fresh;

static int fresh_make(Check *c, const Digest *blob, const Digest *diff_id, Fresh *f, Error *error) {
        Store *s = c->operation->store;
        UnpackResult result;
        int r;

        _cleanup_close_ int stream = store_open_blob(s, blob);
        if (stream < 0)
                return error_set(error, stream, ERROR_STORAGE, "blob %s", blob->text);
        r = store_layer_begin(s, diff_id, &f->name, &f->fd, error);
        if (r >= 0)
                r = layer_unpack_into(&c->operation->layers, stream, f->fd, &result, error);
        if (r >= 0 && !digest_equal(&result.diff_id, diff_id))
                r = error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "it unpacks to %s",
                                result.diff_id.text);
        return r;
}

static void fresh_done(Check *c, Fresh *f) {
        if (f->name)
                store_layer_abandon(c->operation->store, f->name);
        free(f->name);
        (void) close_fd(f->fd);
}

/* A layer of a store that is only read gets one of ours, which is found first. */
static int repair(Check *c, const Digest *diff_id, const Fresh *f, Error *error) {
        Store *s = c->operation->store;
        struct stat st;
        int r;

        bool own = fstatat(store_layer_fd(s), digest_hex(diff_id), &st, AT_SYMLINK_NOFOLLOW) >= 0;
        r = own ? store_layer_replace(s, f->name, diff_id, error)
                : store_layer_commit(s, f->name, diff_id, error);
        if (r >= 0)
                record_put(&c->answer, "REPAIRED_LAYER", diff_id->text);
        return r;
}

static int verdict(Check *c, const Digest *diff_id, const Fresh *f, Error *error) {
        _cleanup_free_ char *path = NULL;
        int r = 0;

        _cleanup_close_ int there = store_open_layer(c->operation->store, diff_id);
        if (there >= 0)
                r = tree_compare(f->fd,
                                there,
                                broker_is_opaque,
                                &c->operation->layers.broker_fd,
                                &path);
        if (r == -ENOMEM || r > 0)
                return MIN(r, 0);

        record_put(&c->answer, there == -ENOENT ? "MISSING_LAYER" : "DAMAGED_LAYER", diff_id->text);
        record_put(&c->answer, "DAMAGED_PATH", path);
        /* A medium that can't read what it was given is damage like any other. */
        if (r < 0 || (there < 0 && there != -ENOENT))
                record_put(&c->answer, "REASON", error_text(NULL, r < 0 ? r : there));
        check_put_affected(c, CHECK_LAYER, diff_id, /* pull= */ false);
        if (c->operation->options->repair)
                return repair(c, diff_id, f, error);
        c->damaged++;
        return 0;
}

/* Without its blob a layer can be neither compared nor made anew. */
static void put_unverified(Check *c, const Digest *diff_id, const char *reason) {
        _cleanup_close_ int there = store_open_layer(c->operation->store, diff_id);

        record_put(&c->answer, there < 0 ? "MISSING_LAYER" : "UNVERIFIED_LAYER", diff_id->text);
        record_put(&c->answer, "REASON", reason);
        check_put_affected(c, CHECK_LAYER, diff_id, /* pull= */ true);
        c->damaged++;
}

int check_layer(Check *c, const Digest *blob, const Digest *diff_id, Error *error) {
        _cleanup_(error_done) Error reason = {};
        Fresh f = { .fd = -EBADF };
        int r;

        r = check_is_first(c, CHECK_LAYER, diff_id);
        if (r <= 0)
                return r;
        c->layers++;
        if (strv_contains(c->lost, blob->text)) {
                put_unverified(c, diff_id, "its blob is damaged or missing");
                return 0;
        }
        r = store_claim(c->operation->store, diff_id, error);
        if (r < 0)
                return r;
        r = fresh_make(c, blob, diff_id, &f, &reason);
        if (r >= 0)
                r = verdict(c, diff_id, &f, error);
        else if (r != -ENOMEM) {
                put_unverified(c, diff_id, error_text(&reason, r));
                r = 0;
        }
        fresh_done(c, &f);
        return r;
}
