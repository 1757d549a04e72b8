/* SPDX-License-Identifier: MIT */
#include "image/store/store-record.h"

#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/oci/hash.h"
#include "image/store/store-internal.h"
#include "image/store/store-use.h"
#include "supd/image-store.h"

/* Another number when the records change: then all are made anew. */
#define RECORD_FORMAT 2U

#define NAMES_SIZE_MAX (16U * 1024 * 1024)
#define SUM_LINE SUPD_STORE_SUM "="

/* ---- content ---------------------------------------------------------------------------------- */
static void put_number(RecordWriter *w, const char *key, uint64_t value) {
        if (value > 0)
                record_put_u64(w, key, value);
}

/* As Volume= of a unit is written, lest both be mounted at one place. The root can't be a volume. */
static void put_volumes(RecordWriter *w, char *const *volumes) {
        STRV_FOREACH (volume, volumes) {
                _cleanup_free_ char *path = str_printf("/%s", *volume);
                if (!path) {
                        w->result = -ENOMEM;
                        return;
                }
                path_clean_in_root(path + 1);
                if (path[1] != '\0')
                        record_put(w, SUPD_STORE_VOLUME, path);
        }
}

void image_record_put(RecordWriter *w, const Manifest *m, const ImageConfig *c) {
        record_put(w, SUPD_STORE_ID, m->config.digest.text);
        for (size_t i = 0; i < c->n_diff_ids; i++)
                record_put(w, SUPD_STORE_LAYER, digest_hex(&c->diff_ids[i]));
        record_put_all(w, SUPD_STORE_ENTRYPOINT, c->entrypoint);
        record_put_all(w, SUPD_STORE_COMMAND, c->command);
        record_put_all(w, SUPD_STORE_ENVIRONMENT, c->environment);
        record_put_all(w, SUPD_STORE_SHELL, c->shell);
        put_volumes(w, c->volumes);
        record_put_all(w, SUPD_STORE_PORT, c->ports);
        record_put_all(w, SUPD_STORE_LABEL, c->labels);
        record_put_all(w, SUPD_STORE_HEALTH_TEST, c->health_test);
        put_number(w, SUPD_STORE_HEALTH_INTERVAL_NSEC, c->health_interval_nsec);
        put_number(w, SUPD_STORE_HEALTH_TIMEOUT_NSEC, c->health_timeout_nsec);
        put_number(w, SUPD_STORE_HEALTH_START_PERIOD_NSEC, c->health_start_period_nsec);
        put_number(w, SUPD_STORE_HEALTH_START_INTERVAL_NSEC, c->health_start_interval_nsec);
        put_number(w, SUPD_STORE_HEALTH_RETRIES, c->health_retries);
        record_put(w, SUPD_STORE_USER, c->user);
        record_put(w, SUPD_STORE_WORKING_DIR, c->working_directory);
        record_put(w, SUPD_STORE_STOP_SIGNAL, c->stop_signal);
}

/* The sum at the end tells a whole record from what a failing disk made of it. */
static int record_build(const Store *s, const Digest *digest, RecordWriter *w, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        Digest sum;
        int r;

        r = store_image_load(s, digest, &m, &c, error);
        if (r < 0)
                return r;
        record_put_u64(w, SUPD_STORE_FORMAT, RECORD_FORMAT);
        image_record_put(w, &m, &c);
        r = w->result < 0 ? w->result : digest_of(w->text, w->size, &sum);
        if (r < 0)
                return r;
        record_put(w, SUPD_STORE_SUM, digest_hex(&sum));
        if (w->size > RECORD_SIZE_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "image %s: its configuration is too large to run",
                                digest->text);
        return w->result;
}

static char *record_path(const Digest *digest) {
        return str_printf("%s/%s", SUPD_STORE_RECORD_DIR, digest_hex(digest));
}

/* ---- records ---------------------------------------------------------------------------------- */
static int sync_dir(int dir_fd, const char *path) {
        _cleanup_close_ int fd = store_open_dir(dir_fd, path, /* make= */ false, 0);

        return fd < 0 ? fd : neg_errno(fsync(fd));
}

static int record_store(Store *s, const Digest *digest, const char *text, Error *error) {
        _cleanup_free_ char *path = record_path(digest);
        int r;

        if (!path)
                return -ENOMEM;
        r = store_replace(s, path, text);
        if (r >= 0)
                r = sync_dir(s->root.image_fd, SUPD_STORE_RECORD_DIR);
        return r < 0 ? store_error(error, r, "cannot write an image's record") : 0;
}

int store_record_write(Store *s, const Digest *digest, Error *error) {
        RecordWriter w = {};
        int r;

        r = record_build(s, digest, &w, error);
        if (r >= 0)
                r = record_store(s, digest, w.text, error);
        record_writer_done(&w);
        return r;
}

int store_record_repair(Store *s, const Digest *digest, Error *error) {
        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);

        return lock < 0 ? lock : store_record_write(s, digest, error);
}

static bool sum_is_right(const char *text, size_t size) {
        static const char format[] = SUPD_STORE_FORMAT "=";
        const size_t sum_size = strlen(SUM_LINE) + DIGEST_HEX_SIZE + 1;
        Digest found;

        if (size < sum_size || !str_has_prefix(text, format) ||
                        strtoul(text + strlen(format), NULL, 10) != RECORD_FORMAT)
                return false;
        const char *line = text + size - sum_size;
        return str_has_prefix(line, SUM_LINE) && text[size - 1] == '\n' &&
               digest_of(text, size - sum_size, &found) >= 0 &&
               memcmp(digest_hex(&found), line + strlen(SUM_LINE), DIGEST_HEX_SIZE) == 0;
}

int store_record_check(const Store *s, const Digest *digest, bool compare, Error *error) {
        _cleanup_free_ char *path = record_path(digest), *text = NULL;
        RecordWriter w = {};
        size_t size;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(s->root.image_fd, path, RECORD_SIZE_MAX, &text, &size);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !sum_is_right(text, size))
                return 0;
        if (!compare)
                return 1;
        r = record_build(s, digest, &w, error);
        if (r >= 0)
                r = w.size == size && memcmp(w.text, text, size) == 0;
        record_writer_done(&w);
        return r;
}

/* An image whose documents are damaged gets none, and loses a wrong one: `check` says what is wrong. */
static int record_refresh(Store *s, const Digest *digest, Error *error) {
        _cleanup_free_ char *path = record_path(digest);
        _cleanup_(error_done) Error reason = {};
        RecordWriter w = {};
        int r;

        if (!path)
                return -ENOMEM;
        r = store_record_check(s, digest, /* compare= */ false, error);
        if (r != 0)
                return r < 0 ? r : 0;
        r = record_build(s, digest, &w, &reason);
        if (r >= 0)
                r = record_store(s, digest, w.text, error);
        else if (r != -ENOMEM) {
                r = neg_errno(unlinkat(s->root.image_fd, path, 0));
                if (r == -ENOENT)
                        r = 0;
                if (r < 0)
                        (void) store_error(error, r, "cannot remove a damaged record");
        }
        record_writer_done(&w);
        return r;
}

/* ---- names ------------------------------------------------------------------------------------ */
static void names_build(const StoreImages *images, RecordWriter *w) {
        for (size_t i = 0; i < images->n_items; i++) {
                const StoreImage *image = &images->items[i];
                if (!image->name)
                        continue;
                record_put(w, SUPD_STORE_NAME, image->name);
                record_put(w, SUPD_STORE_MANIFEST, image->manifest.digest.text);
        }
}

static bool names_are(const Store *s, const char *text) {
        _cleanup_free_ char *there = NULL;
        int r = file_read(s->root.image_fd, SUPD_STORE_NAMES_FILE, NAMES_SIZE_MAX, &there, NULL);

        return r >= 0 && str_equal(there, text);
}

int store_names_check(const Store *s, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        RecordWriter w = {};
        int r;

        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_SH, error);
        if (lock < 0)
                return lock;
        r = store_list_own(s, &images, error);
        if (r < 0)
                return r;
        names_build(&images, &w);
        r = w.result < 0 ? w.result : names_are(s, w.text ?: "");
        record_writer_done(&w);
        return r;
}

static int names_write(Store *s, const StoreImages *images, Error *error) {
        RecordWriter w = {};
        int r;

        names_build(images, &w);
        const char *text = w.text ?: "";
        if (w.result < 0 || names_are(s, text)) {
                r = w.result;
                record_writer_done(&w);
                return r;
        }
        r = store_replace(s, SUPD_STORE_NAMES_FILE, text);
        if (r >= 0)
                r = neg_errno(fsync(s->private_fd));
        record_writer_done(&w);
        return r < 0 ? store_error(error, r, "cannot write the list of names") : 0;
}

int store_names_write(Store *s, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        int r;

        r = store_list_own(s, &images, error);
        return r < 0 ? r : names_write(s, &images, error);
}

int store_records_refresh(Store *s, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        _cleanup_(store_uses_done) StoreUses uses = {};
        int r;

        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        r = store_list_own(s, &images, error);
        /* What can't be told now stops whoever removes something. */
        (void) store_uses(s, &uses, NULL);
        for (size_t i = 0; i < images.n_items && r >= 0; i++)
                r = record_refresh(s, &images.items[i].manifest.digest, error);
        for (size_t i = 0; i < uses.n_items && r >= 0; i++)
                r = record_refresh(s, &uses.items[i].manifest, error);
        return r < 0 ? r : names_write(s, &images, error);
}
