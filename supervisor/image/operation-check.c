/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/hash.h"
#include "image/answer.h"
#include "image/operation.h"
#include "image/repair.h"
#include "image/tree.h"

#define READ_SIZE ((size_t) 128 * 1024)

typedef struct Check {
        Operation *operation; /* borrowed */
        RecordWriter answer;
        Map *seen;         /* owned; diff ids looked at; the keys are in `names` */
        char **names;      /* owned */
        char **blobs_gone; /* owned; digests of what was damaged and removed */
        size_t damaged;    /* what was not put right */
        size_t blobs, layers;
} Check;

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d); /* only read from */
}

/* ---- blobs ------------------------------------------------------------------------------------ */
static int hash_file(int fd, Digest *ret) {
        _cleanup_(hash_freep) Hash *h = NULL;
        _cleanup_free_ char *block = malloc(READ_SIZE);
        int r;

        r = block ? hash_new(&h) : -ENOMEM;
        while (r >= 0) {
                ssize_t n = read(fd, block, READ_SIZE);
                if (n == 0)
                        return hash_end(h, ret);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        r = hash_update(h, block, (size_t) n);
        }
        return r;
}

static int check_blob(Check *c, const char *hex, Error *error) {
        _cleanup_free_ char *text = str_printf("%s%s", DIGEST_PREFIX, hex);
        Store *s = c->operation->store;
        Digest expected, found;
        int r;

        r = text ? digest_parse(text, &expected, error) : -ENOMEM;
        if (r < 0)
                return r;
        _cleanup_close_ int fd = neg_errno(
                        openat(store_blobs_fd(s), hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (fd == -ENOENT)
                return 0; /* swept this moment */
        c->blobs++;
        r = fd < 0 ? fd : hash_file(fd, &found);
        if (r >= 0 && digest_equal(&expected, &found))
                return 0;
        if (r == -ENOMEM)
                return r;
        record_put(&c->answer, "DAMAGED_BLOB", text);
        c->damaged++;
        if (!c->operation->options->repair)
                return 0;
        /* There is no whole copy of it here: it goes, so that it alone is fetched again. */
        r = store_blob_discard(s, &expected, error);
        return r < 0 ? r : strv_append(&c->blobs_gone, text);
}

/* Once all is found, since manifests are needed to know whose blobs they are. What can't be had stays
 * damaged, and is told already. */
static int repair_blobs(Check *c, Error *error) {
        STRV_FOREACH (text, c->blobs_gone) {
                _cleanup_(error_done) Error reason = {};
                Digest digest;
                int r = digest_parse(*text, &digest, error);
                if (r >= 0)
                        r = repair_blob(c->operation, &digest, &reason);
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        record_put(&c->answer, "LOST_BLOB", *text);
                        record_put(&c->answer, "REASON", error_text(&reason, r));
                        continue;
                }
                record_put(&c->answer, "REPAIRED_BLOB", *text);
                c->damaged--;
        }
        return 0;
}

static int check_blobs(Check *c, Error *error) {
        int r = 0;

        int fd = neg_errno(openat(store_blobs_fd(c->operation->store),
                        ".",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                (void) close_fd(fd);
                return error_set(error,
                                fd < 0 ? fd : -ENOMEM,
                                ERROR_STORAGE,
                                "cannot list the blobs");
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
                if (digest_hex_is_valid(entry->d_name))
                        r = check_blob(c, entry->d_name, error);
        return r;
}

/* ---- layers ----------------------------------------------------------------------------------- */
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

static int layer_verdict(Check *c, const Digest *diff_id, Fresh *f, Error *error) {
        Store *s = c->operation->store;
        _cleanup_free_ char *path = NULL;
        int r;

        _cleanup_close_ int there = neg_errno(openat(store_layer_fd(s),
                        digest_hex(diff_id),
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (there < 0 && there != -ENOENT)
                return error_set(error, there, ERROR_STORAGE, "layer %s", diff_id->text);
        r = there < 0 ? 0 : tree_compare(f->fd, there, &path);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error, r, ERROR_STORAGE, "layer %s", diff_id->text);
        if (r > 0)
                return 0;

        record_put(&c->answer, there < 0 ? "MISSING_LAYER" : "DAMAGED_LAYER", diff_id->text);
        record_put(&c->answer, "DAMAGED_PATH", path);
        if (!c->operation->options->repair) {
                c->damaged++;
                return 0;
        }
        r = there < 0 ? store_layer_commit(s, f->name, diff_id, error)
                      : store_layer_replace(s, f->name, diff_id, error);
        if (r >= 0)
                record_put(&c->answer, "REPAIRED_LAYER", diff_id->text);
        return r;
}

static int check_layer(Check *c, const Digest *blob, const Digest *diff_id, Error *error) {
        Store *s = c->operation->store;
        _cleanup_(error_done) Error reason = {};
        Fresh f = { .fd = -EBADF };
        int r;

        if (map_get(c->seen, diff_id->text))
                return 0;
        r = strv_append(&c->names, diff_id->text);
        if (r >= 0)
                r = map_put(c->seen, c->names[strv_length(c->names) - 1], c);
        if (r >= 0)
                r = store_claim(s, diff_id, error);
        if (r < 0)
                return r;
        c->layers++;
        r = fresh_make(c, blob, diff_id, &f, &reason);
        if (r >= 0)
                r = layer_verdict(c, diff_id, &f, error);
        else if (r != -ENOMEM) {
                record_put(&c->answer, "UNVERIFIED_LAYER", diff_id->text);
                record_put(&c->answer, "REASON", error_text(&reason, r));
                c->damaged++;
                r = 0;
        }
        if (f.name)
                store_layer_abandon(s, f.name);
        free(f.name);
        (void) close_fd(f.fd);
        return r;
}

static int check_image(Check *c, const StoreImage *image, Error *error) {
        _cleanup_(error_done) Error reason = {};
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig config = {};
        int r;

        r = store_image_load(c->operation->store, &image->manifest.digest, &m, &config, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                record_put(&c->answer, "DAMAGED_IMAGE", image->name ?: image->manifest.digest.text);
                record_put(&c->answer, "REASON", error_text(&reason, r));
                c->damaged++;
                return 0;
        }
        for (size_t i = 0; i < MIN(m.n_entries, config.n_diff_ids); i++) {
                r = check_layer(c, &m.entries[i].digest, &config.diff_ids[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int operation_check(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        Check c = { .operation = o, .seen = map_new() };
        int r, q;

        r = c.seen ? store_begin(o->store, error) : -ENOMEM;
        if (r >= 0)
                r = check_blobs(&c, error);
        if (r >= 0)
                r = repair_blobs(&c, error);
        if (r >= 0)
                r = store_list(o->store, &images, error);
        for (size_t i = 0; i < images.n_items && r >= 0; i++)
                r = check_image(&c, &images.items[i], error);
        record_put_u64(&c.answer, "CHECKED_BLOBS", c.blobs);
        record_put_u64(&c.answer, "CHECKED_LAYERS", c.layers);
        q = answer_write(&c.answer, r < 0 ? NULL : error);
        (void) map_free(c.seen);
        (void) strv_free(c.names);
        (void) strv_free(c.blobs_gone);
        if (r < 0 || q < 0)
                return r < 0 ? r : q;
        if (c.damaged == 0)
                return 0;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "%zu of what the store contains is damaged; load or pull the images again",
                        c.damaged);
}
