/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/check.h"
#include "image/oci/hash.h"
#include "image/repair.h"
#include "image/store/store-record.h"
#include "image/store/store-use.h"

#define READ_SIZE ((size_t) 128 * 1024)

static void check_done(Check *c) {
        for (size_t i = 0; i < c->n_images; i++) {
                (void) strv_free(c->images[i].names);
                manifest_done(&c->images[i].manifest);
                image_config_done(&c->images[i].config);
        }
        free(c->images);
        (void) map_free(c->seen);
        (void) strv_free(c->keys);
        (void) strv_free(c->lost);
        record_writer_done(&c->answer);
}

/* ---- what belongs to what --------------------------------------------------------------------- */
int check_is_first(Check *c, char kind, const Digest *digest) {
        _cleanup_free_ char *key = str_printf("%c%s", kind, digest_hex(digest));
        int r;

        if (!key)
                return -ENOMEM;
        if (map_get(c->seen, key))
                return 0;
        r = map_put(c->seen, key, c);
        if (r >= 0)
                r = strv_push(&c->keys, &key);
        return r < 0 ? r : 1;
}

static bool image_has(const CheckedImage *image, char kind, const Digest *digest) {
        const Manifest *m = &image->manifest;

        for (size_t i = 0; kind == CHECK_LAYER && i < image->config.n_diff_ids; i++)
                if (digest_equal(&image->config.diff_ids[i], digest))
                        return true;
        for (size_t i = 0; kind == CHECK_BLOB && i < m->n_entries; i++)
                if (digest_equal(&m->entries[i].digest, digest))
                        return true;
        return kind == CHECK_BLOB &&
               (digest_equal(&image->digest, digest) || digest_equal(&m->config.digest, digest));
}

void check_put_affected(Check *c, char kind, const Digest *digest, bool pull) {
        for (size_t i = 0; i < c->n_images; i++) {
                CheckedImage *image = &c->images[i];
                if (!image_has(image, kind, digest))
                        continue;
                record_put_all(&c->answer, "AFFECTED", image->names);
                image->needs_pull = image->needs_pull || pull;
        }
}

/* ---- images ----------------------------------------------------------------------------------- */
static CheckedImage *find_or_add(Check *c, const Digest *digest) {
        for (size_t i = 0; i < c->n_images; i++)
                if (digest_equal(&c->images[i].digest, digest))
                        return &c->images[i];
        CheckedImage *grown = realloc(c->images, (c->n_images + 1) * sizeof(*grown));
        if (!grown)
                return NULL;
        c->images = grown;
        c->images[c->n_images] = (CheckedImage) { .digest = *digest };
        return &c->images[c->n_images++];
}

static int add_image(Check *c, const StoreImage *image) {
        CheckedImage *checked = find_or_add(c, &image->manifest.digest);

        if (!checked)
                return -ENOMEM;
        checked->read_only = image->read_only;
        return strv_append(&checked->names, image->name ?: image->manifest.digest.text);
}

static int add_used(Check *c, const StoreUse *use) {
        size_t n = c->n_images;
        CheckedImage *checked = find_or_add(c, &use->manifest);

        if (!checked)
                return -ENOMEM;
        return n == c->n_images ? 0
                                : strv_append_printf(
                                                  &checked->names, "container %s", use->container);
}

static int add_wanted(Check *c, const StoreImages *images, Error *error) {
        size_t index;

        STRV_FOREACH (what, c->operation->options->arguments) {
                int r = store_find(c->operation->store, images, *what, &index, error);
                if (r >= 0)
                        r = add_image(c, &images->items[index]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_all(Check *c, const StoreImages *images, Error *error) {
        _cleanup_(store_uses_done) StoreUses uses = {};
        _cleanup_(error_done) Error reason = {};
        int r = 0;

        (void) error;
        for (size_t i = 0; i < images->n_items && r >= 0; i++)
                r = add_image(c, &images->items[i]);
        if (r < 0)
                return r;
        r = store_uses(c->operation->store, &uses, &reason);
        if (r < 0 && r != -ENOMEM) {
                record_put(&c->answer, "DAMAGED_USE", error_text(&reason, r));
                c->damaged++;
                r = 0;
        }
        for (size_t i = 0; i < uses.n_items && r >= 0; i++)
                r = add_used(c, &uses.items[i]);
        return r;
}

/* From the registry that its image is named after, the damaged one gone. Return: 1; 0 if it can't be had,
 * which is told; -ENOMEM. */
static int fetch_again(Check *c, const Digest *digest) {
        _cleanup_(error_done) Error reason = {};
        int r;

        r = store_blob_discard(c->operation->store, digest, &reason);
        if (r >= 0)
                r = repair_blob(c->operation, digest, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                record_put(&c->answer, "LOST_BLOB", digest->text);
                record_put(&c->answer, "REASON", error_text(&reason, r));
                return 0;
        }
        record_put(&c->answer, "REPAIRED_BLOB", digest->text);
        check_put_affected(c, CHECK_BLOB, digest, /* pull= */ false);
        return 1;
}

/* As much as can be read of its documents: what they name is then looked for. */
static int read_documents(Check *c, CheckedImage *image, Error *error) {
        _cleanup_free_ char *manifest = NULL, *config = NULL;
        Store *s = c->operation->store;
        size_t size;
        int r;

        r = store_read_blob(s, &image->digest, MANIFEST_SIZE_MAX, &manifest, &size, error);
        if (r >= 0)
                r = manifest_parse(manifest, size, &image->manifest, error);
        if (r >= 0 && image->manifest.is_index)
                r = error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "it is an index, not an image");
        if (r >= 0)
                r = store_read_blob(s,
                                &image->manifest.config.digest,
                                CONFIG_SIZE_MAX,
                                &config,
                                &size,
                                error);
        if (r >= 0)
                r = image_config_parse(config, size, &image->config, error);
        return r;
}

/* The one of the two that can't be read. */
static int repair_document(Check *c, CheckedImage *image) {
        bool has_manifest = image->manifest.config.digest.text[0];

        return fetch_again(c, has_manifest ? &image->manifest.config.digest : &image->digest);
}

static int check_documents(Check *c, CheckedImage *image) {
        _cleanup_(error_done) Error reason = {};
        int r;

        r = read_documents(c, image, &reason);
        for (int tries = 0; r < 0 && r != -ENOMEM && tries < 2; tries++) {
                if (!c->operation->options->repair)
                        break;
                int q = repair_document(c, image);
                if (q <= 0) {
                        r = q < 0 ? q : r;
                        break;
                }
                manifest_done(&image->manifest);
                image_config_done(&image->config);
                error_done(&reason);
                r = read_documents(c, image, &reason);
        }
        if (r == -ENOMEM)
                return r;
        image->is_readable = r >= 0;
        /* What other programs keep here and we can't run is none of our images; it is not damaged. */
        if (r >= 0 || r == -EOPNOTSUPP)
                return 0;
        record_put(&c->answer, "DAMAGED_IMAGE", image->digest.text);
        record_put_all(&c->answer, "AFFECTED", image->names);
        record_put(&c->answer, "REASON", error_text(&reason, r));
        image->needs_pull = true;
        c->damaged++;
        return 0;
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

static int blob_is_damaged(Check *c, const Digest *digest, bool missing) {
        int r;

        record_put(&c->answer, missing ? "MISSING_BLOB" : "DAMAGED_BLOB", digest->text);
        /* There is no whole copy of it here, so that it alone is fetched again. */
        r = c->operation->options->repair ? fetch_again(c, digest) : 0;
        if (r != 0)
                return MIN(r, 0);
        check_put_affected(c, CHECK_BLOB, digest, /* pull= */ true);
        c->damaged++;
        return strv_append(&c->lost, digest->text);
}

static int check_blob(Check *c, const Digest *digest, Error *error) {
        Store *s = c->operation->store;
        Digest found;
        int r;

        r = check_is_first(c, CHECK_BLOB, digest);
        if (r <= 0)
                return r;
        c->blobs++;
        /* Whoever removes it meanwhile must not look like damage. */
        r = store_claim(s, digest, error);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = store_open_blob(s, digest);
        if (fd == -ENOENT)
                return blob_is_damaged(c, digest, /* missing= */ true);
        r = fd < 0 ? fd : hash_file(fd, &found);
        if (r == -ENOMEM || (r >= 0 && digest_equal(&found, digest)))
                return r;
        return blob_is_damaged(c, digest, /* missing= */ false);
}

static int check_image_blobs(Check *c, const CheckedImage *image, Error *error) {
        int r;

        r = check_blob(c, &image->digest, error);
        if (r >= 0 && image->manifest.config.digest.text[0])
                r = check_blob(c, &image->manifest.config.digest, error);
        for (size_t i = 0; i < image->manifest.n_entries && r >= 0; i++)
                r = check_blob(c, &image->manifest.entries[i].digest, error);
        return r;
}

/* What no image has may be claimed by the next one. */
static int check_other_blobs(Check *c, Error *error) {
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
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                Digest digest = { .text = DIGEST_PREFIX };
                if (!digest_hex_is_valid(entry->d_name))
                        continue;
                memcpy(digest.text + strlen(DIGEST_PREFIX), entry->d_name, DIGEST_HEX_SIZE + 1);
                _cleanup_close_ int blob = store_open_blob(c->operation->store, &digest);
                if (blob != -ENOENT) /* swept this moment */
                        r = check_blob(c, &digest, error);
        }
        return r;
}

/* ---- records and names ------------------------------------------------------------------------ */
static int check_record(Check *c, const CheckedImage *image, Error *error) {
        int r;

        if (!image->is_readable || image->read_only)
                return 0;
        c->records++;
        r = store_record_check(c->operation->store, &image->digest, /* compare= */ true, error);
        if (r != 0)
                return MIN(r, 0);
        record_put(&c->answer, "DAMAGED_RECORD", image->digest.text);
        record_put_all(&c->answer, "AFFECTED", image->names);
        if (!c->operation->options->repair) {
                c->damaged++;
                return 0;
        }
        r = store_record_repair(c->operation->store, &image->digest, error);
        if (r >= 0)
                record_put(&c->answer, "REPAIRED_RECORD", image->digest.text);
        return r;
}

static int check_names(Check *c, Error *error) {
        int r;

        r = store_names_check(c->operation->store, error);
        if (r != 0)
                return MIN(r, 0);
        record_put_bool(&c->answer, "DAMAGED_NAMES", true);
        if (c->operation->options->repair)
                return store_records_refresh(c->operation->store, error);
        c->damaged++;
        return 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */
static int check_begin(Check *c, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        int r;

        c->seen = map_new();
        if (!c->seen)
                return -ENOMEM;
        /* A run that writes would put records right before anybody has seen that they were wrong. */
        r = store_begin_untouched(c->operation->store, error);
        if (r >= 0)
                r = store_list(c->operation->store, &images, error);
        if (r < 0)
                return r;
        return c->operation->options->arguments[0] ? add_wanted(c, &images, error)
                                                   : add_all(c, &images, error);
}

static int check_all(Check *c, Error *error) {
        bool all = !c->operation->options->arguments[0];
        int r = 0;

        for (size_t i = 0; i < c->n_images && r >= 0; i++)
                r = check_documents(c, &c->images[i]);
        for (size_t i = 0; i < c->n_images && r >= 0; i++)
                r = check_image_blobs(c, &c->images[i], error);
        if (r >= 0 && all)
                r = check_other_blobs(c, error);
        for (size_t i = 0; i < c->n_images; i++) {
                const CheckedImage *image = &c->images[i];
                size_t n = MIN(image->manifest.n_entries, image->config.n_diff_ids);
                for (size_t k = 0; k < n && r >= 0; k++)
                        r = check_layer(c,
                                        &image->manifest.entries[k].digest,
                                        &image->config.diff_ids[k],
                                        error);
        }
        for (size_t i = 0; i < c->n_images && r >= 0; i++)
                r = check_record(c, &c->images[i], error);
        return r >= 0 && all ? check_names(c, error) : r;
}

static void put_summary(Check *c) {
        for (size_t i = 0; i < c->n_images; i++)
                if (c->images[i].needs_pull)
                        record_put_all(&c->answer, "PULL", c->images[i].names);
        record_put_u64(&c->answer, "CHECKED_IMAGES", c->n_images);
        record_put_u64(&c->answer, "CHECKED_BLOBS", c->blobs);
        record_put_u64(&c->answer, "CHECKED_LAYERS", c->layers);
        record_put_u64(&c->answer, "CHECKED_RECORDS", c->records);
        record_put_u64(&c->answer, "DAMAGED", c->damaged);
}

static bool any_needs_pull(const Check *c) {
        for (size_t i = 0; i < c->n_images; i++)
                if (c->images[i].needs_pull)
                        return true;
        return false;
}

int operation_check(Operation *o, Error *error) {
        _cleanup_(check_done) Check c = { .operation = o };
        int r, q;

        r = check_begin(&c, error);
        if (r >= 0)
                r = check_all(&c, error);
        put_summary(&c);
        q = answer_write(&c.answer, r < 0 ? NULL : error);
        if (r < 0 || q < 0)
                return r < 0 ? r : q;
        if (c.damaged == 0)
                return 0;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "%zu of what the store contains is damaged; %s",
                        c.damaged,
                        any_needs_pull(&c) ? "load or pull again the images that PULL= names"
                                           : "'check --repair' puts it right");
}
