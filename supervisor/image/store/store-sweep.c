/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/store/store-internal.h"
#include "image/store/store-partial.h"
#include "image/store/store-use.h"
#include "image/store/tree.h"
#include "supd/image-store.h"

#define INDEX_DEPTH_MAX 3U /* an index may name an index */
#define LEASE_SIZE_MAX (16U * 1024 * 1024)

/* What is needed. A plain layer's blob has the same digest as the layer, so the kind is in the key. */
enum {
        BLOB = 'b',
        LAYER = 'l',
};

typedef struct Needed {
        Map *set;     /* owned; BLOB or LAYER and hexadecimal digits */
        char **names; /* owned; the keys of the set */
} Needed;

static void needed_done(Needed *n) {
        (void) map_free(n->set);
        (void) strv_free(n->names);
}

static bool is_needed(const Needed *n, char kind, const char *hex) {
        char key[1 + DIGEST_HEX_SIZE + 1] = { kind };

        memcpy(key + 1, hex, MIN(strlen(hex), (size_t) DIGEST_HEX_SIZE));
        return map_get(n->set, key) != NULL;
}

static int need(Needed *n, char kind, const char *hex) {
        char *key;
        int r;

        if (is_needed(n, kind, hex))
                return 0;
        key = str_printf("%c%s", kind, hex);
        if (!key)
                return -ENOMEM;
        r = map_put(n->set, key, key);
        if (r >= 0)
                r = strv_push(&n->names, &key);
        free(key);
        return r;
}

static int need_parts(Needed *n, const Digest *digest, const Manifest *m, const ImageConfig *c) {
        int r;

        r = need(n, BLOB, digest_hex(digest));
        if (r >= 0)
                r = need(n, BLOB, digest_hex(&m->config.digest));
        for (size_t i = 0; i < m->n_entries && r >= 0; i++)
                r = need(n, BLOB, digest_hex(&m->entries[i].digest));
        for (size_t i = 0; i < c->n_diff_ids && r >= 0; i++)
                r = need(n, LAYER, digest_hex(&c->diff_ids[i]));
        return r;
}

static int need_listed(
                Needed *n, const Store *s, const Digest *digest, unsigned depth, Error *error);

/* What skopeo copies with all its platforms, of which some may not be there: each as far as it goes. */
static int need_index(Needed *n, const Store *s, const Digest *digest, unsigned depth) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = store_read_blob(s, digest, MANIFEST_SIZE_MAX, &text, &size, NULL);
        if (r >= 0)
                r = manifest_parse(text, size, &m, NULL);
        if (r >= 0 && !m.is_index)
                r = -EOPNOTSUPP;
        if (r >= 0)
                r = need(n, BLOB, digest_hex(digest));
        for (size_t i = 0; i < m.n_entries && r >= 0; i++) {
                const Digest *entry = &m.entries[i].digest;
                if (!is_needed(n, BLOB, digest_hex(entry)) &&
                                need_listed(n, s, entry, depth + 1, NULL) < 0)
                        r = need(n, BLOB, digest_hex(entry));
        }
        return r;
}

static int need_listed(
                Needed *n, const Store *s, const Digest *digest, unsigned depth, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_(error_done) Error reason = {};
        int r;

        r = store_image_load(s, digest, &m, &c, &reason);
        if (r >= 0)
                return need_parts(n, digest, &m, &c);
        if (r == -EOPNOTSUPP && depth < INDEX_DEPTH_MAX && need_index(n, s, digest, depth) >= 0)
                return 0;
        error_move(error, &reason);
        return r;
}

/* What it consists of can't be told: then nothing at all may go. */
static int need_image(Needed *n, const Store *s, const Digest *digest, Error *error) {
        int r = need_listed(n, s, digest, 0, error);

        return r < 0 ? error_prefix(error,
                                       r,
                                       "image %s: nothing is removed before it is put right or "
                                       "removed",
                                       digest->text)
                     : 0;
}

/* A claim does not say which. */
static int need_either(Needed *n, const char *hex) {
        int r = need(n, BLOB, hex);

        return r < 0 ? r : need(n, LAYER, hex);
}

static int need_leased(Needed *n, const Store *s, Error *error) {
        int r = 0;

        int leases = store_open_dir(s->root.image_fd, STORE_LEASE_DIR, /* make= */ false, 0);
        if (leases == -ENOENT) /* nothing has been written yet */
                return 0;
        _cleanup_(closedirp) DIR *d = leases < 0 ? NULL : fdopendir(leases);
        if (!d) {
                (void) close_fd(leases);
                return store_error(error, leases < 0 ? leases : -ENOMEM, "cannot list the leases");
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                _cleanup_free_ char *text = NULL;
                if (entry->d_name[0] == '.')
                        continue;
                r = file_read(leases, entry->d_name, LEASE_SIZE_MAX, &text, NULL);
                if (r == -ENOENT) {
                        r = 0;
                        continue;
                }
                for (char *line = text; r >= 0 && line && strlen(line) > DIGEST_HEX_SIZE;
                                line += DIGEST_HEX_SIZE + 1) {
                        line[DIGEST_HEX_SIZE] = '\0';
                        r = need_either(n, line);
                }
        }
        return r < 0 ? store_error(error, r, "cannot read the store's leases") : 0;
}

static bool is_there(int dir_fd, const char *name) {
        return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0 || errno != ENOENT;
}

/*
 * A container notes what it wants before it looks whether that is (still) here. Neither manifest nor record:
 * it is not, and may be on its way; one of the two without the other is damage.
 */
static bool is_absent(const Store *s, const Digest *manifest) {
        _cleanup_free_ char *record = str_printf(SUPD_STORE_RECORD_DIR "/%s", digest_hex(manifest));

        return record && !is_there(s->root.blobs_fd, digest_hex(manifest)) &&
               !is_there(s->root.image_fd, record);
}

static int need_used(Needed *n, const Store *s, Error *error) {
        _cleanup_(store_uses_done) StoreUses uses = {};
        int r;

        r = store_uses(s, &uses, error);
        for (size_t i = 0; i < uses.n_items && r >= 0; i++) {
                if (is_absent(s, &uses.items[i].manifest))
                        continue;
                r = need_image(n, s, &uses.items[i].manifest, error);
                if (r < 0)
                        return error_prefix(error, r, "container '%s'", uses.items[i].container);
        }
        return r;
}

static int need_all(
                Needed *n, const Store *s, char *const *keep, char *const *without, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        int r;

        n->set = map_new();
        if (!n->set)
                return -ENOMEM;
        r = store_list(s, &images, error);
        for (size_t i = 0; i < images.n_items && r >= 0; i++)
                if (!strv_contains(without, images.items[i].manifest.digest.text))
                        r = need_image(n, s, &images.items[i].manifest.digest, error);
        STRV_FOREACH (text, keep) {
                Digest digest;
                if (r >= 0)
                        r = digest_parse(*text, &digest, error);
                if (r >= 0)
                        r = need_image(n, s, &digest, error);
        }
        if (r >= 0)
                r = need_used(n, s, error);
        return r < 0 ? r : need_leased(n, s, error);
}

/* A record goes with its image's manifest, and with it what a killed run left of one in the making. */
static int remove_records(Store *s, const Needed *n) {
        int fd = store_open_dir(s->root.image_fd, SUPD_STORE_RECORD_DIR, /* make= */ false, 0);
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d) {
                (void) close_fd(fd);
                return fd < 0 ? fd : -ENOMEM;
        }
        for (struct dirent *entry; (entry = readdir(d));)
                if (entry->d_name[0] != '.' && !is_needed(n, BLOB, entry->d_name) &&
                                unlinkat(dirfd(d), entry->d_name, 0) < 0)
                        return -errno;
        return 0;
}

/* Out of sight at once; what takes long is done by the caller, without the lock. */
static int set_aside(Store *s, const Needed *n, char kind, uint64_t *count) {
        int dir_fd = kind == LAYER ? s->root.layer_fd : s->root.blobs_fd;
        int work_fd = kind == LAYER ? s->layer_work_fd : s->work_fd;

        _cleanup_close_ int fd = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                return fd < 0 ? fd : -errno;
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; (entry = readdir(d));) {
                if (!digest_hex_is_valid(entry->d_name) || is_needed(n, kind, entry->d_name))
                        continue;
                _cleanup_free_ char *name = str_printf("%s.swept.%s", s->lease_id, entry->d_name);
                if (!name)
                        return -ENOMEM;
                if (renameat(dir_fd, entry->d_name, work_fd, name) < 0)
                        return -errno;
                (*count)++;
        }
        return 0;
}

/* What a layer consists of must not vanish before the layer does: half of one would pass for whole. */
static int sync_swept(const Store *s) {
        const int fds[] = { s->layer_work_fd, s->root.layer_fd, s->work_fd, s->root.blobs_fd };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(fds) && r >= 0; i++)
                r = neg_errno(fsync(fds[i]));
        return r;
}

static int remove_swept(Store *s, int work_fd, uint64_t *bytes) {
        _cleanup_free_ char *prefix = str_printf("%s.swept.", s->lease_id);
        _cleanup_close_ int fd =
                        neg_errno(openat(work_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        int r = 0;

        if (!prefix)
                return -ENOMEM;
        if (!d)
                return fd < 0 ? fd : -errno;
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                uint64_t used = 0;
                if (!str_has_prefix(entry->d_name, prefix))
                        continue;
                r = tree_bytes(work_fd, entry->d_name, &used);
                if (r >= 0)
                        r = tree_remove(work_fd, entry->d_name);
                *bytes += used;
        }
        return r;
}

static int set_aside_made(Store *s, const Needed *n) {
        STRV_FOREACH (hex, s->made) {
                _cleanup_free_ char *name = str_printf("%s.swept.%s", s->lease_id, *hex);
                if (!name)
                        return -ENOMEM;
                if (!is_needed(n, BLOB, *hex) &&
                                renameat(s->root.blobs_fd, *hex, s->work_fd, name) < 0 &&
                                errno != ENOENT)
                        return -errno;
                if (!is_needed(n, LAYER, *hex) &&
                                renameat(s->root.layer_fd, *hex, s->layer_work_fd, name) < 0 &&
                                errno != ENOENT)
                        return -errno;
        }
        return 0;
}

static bool is_needed_image(const void *needed, const char *manifest_hex) {
        return is_needed(needed, BLOB, manifest_hex);
}

static int follower_set_aside(Store *s, const Needed *n, bool made_only) {
        _cleanup_free_ char *prefix = str_printf("%s.swept.", s->lease_id);

        if (!prefix)
                return -ENOMEM;
        if (!s->follower.set_aside)
                return 0;
        return s->follower.set_aside(s->follower.userdata, made_only, prefix, is_needed_image, n);
}

static int follower_remove(Store *s, uint64_t *bytes) {
        return s->follower.work_fd < 0 ? 0 : remove_swept(s, s->follower.work_fd, bytes);
}

int store_undo(Store *s, Error *error) {
        _cleanup_(needed_done) Needed needed = {};
        uint64_t bytes = 0;
        int r;

        {
                _cleanup_close_ int lock = store_lock(s, "gc.lock", LOCK_EX, error);
                if (lock < 0)
                        return lock;
                /* Our own claims end here. */
                r = neg_errno(ftruncate(s->lease_fd, 0));
                if (r >= 0)
                        r = need_all(&needed, s, NULL, NULL, error);
                if (r >= 0)
                        r = set_aside_made(s, &needed);
                if (r >= 0)
                        r = remove_records(s, &needed);
                if (r >= 0)
                        r = follower_set_aside(s, &needed, /* made_only= */ true);
        }
        if (r >= 0)
                r = sync_swept(s);
        if (r >= 0)
                r = remove_swept(s, s->work_fd, &bytes);
        if (r >= 0)
                r = remove_swept(s, s->layer_work_fd, &bytes);
        if (r >= 0)
                r = follower_remove(s, &bytes);
        return r < 0 ? store_error(error, r, "cannot remove what the failed operation left") : 0;
}

int store_sweep(Store *s, char *const *keep, SweepResult *ret, Error *error) {
        _cleanup_(needed_done) Needed needed = {};
        SweepResult result = {};
        int r;

        {
                _cleanup_close_ int lock = store_lock(s, "gc.lock", LOCK_EX, error);
                if (lock < 0)
                        return lock;
                r = need_all(&needed, s, keep, NULL, error);
                if (r < 0)
                        return r;
                r = remove_records(s, &needed);
                if (r >= 0)
                        r = set_aside(s, &needed, LAYER, &result.layers);
                if (r >= 0)
                        r = set_aside(s, &needed, BLOB, &result.blobs);
                if (r >= 0)
                        r = follower_set_aside(s, &needed, /* made_only= */ false);
        }
        if (r >= 0 && result.layers + result.blobs > 0)
                r = sync_swept(s);
        if (r >= 0)
                r = remove_swept(s, s->work_fd, &result.bytes);
        if (r >= 0)
                r = remove_swept(s, s->layer_work_fd, &result.bytes);
        if (r >= 0)
                r = follower_remove(s, &result.bytes);
        if (r >= 0)
                r = store_partial_sweep(s, /* all= */ false, &result.bytes);
        if (r < 0)
                return store_error(error, r, "cannot remove unused content");
        store_spare_make(s);

        *ret = result;
        return 0;
}

/* ---- what a sweep would do -------------------------------------------------------------------- */
static int measure_unneeded(
                const Needed *n, int dir_fd, char kind, uint64_t *count, uint64_t *bytes) {
        int fd = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        int r = 0;

        if (!d) {
                (void) close_fd(fd);
                return fd < 0 ? fd : -ENOMEM;
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));) {
                uint64_t used = 0;
                if (!digest_hex_is_valid(entry->d_name) || is_needed(n, kind, entry->d_name))
                        continue;
                r = tree_bytes(dir_fd, entry->d_name, &used);
                if (r == -ENOENT) { /* swept this moment */
                        r = 0;
                        continue;
                }
                *bytes += used;
                (*count)++;
        }
        return r;
}

int store_sweep_preview(const Store *s,
                char *const *keep,
                char *const *without,
                SweepResult *ret,
                Error *error) {
        _cleanup_(needed_done) Needed needed = {};
        SweepResult result = {};
        uint64_t trees = 0;
        int r;

        if (s->root.image_fd < 0) {
                *ret = result;
                return 0;
        }
        r = need_all(&needed, s, keep, without, error);
        if (r < 0)
                return r;
        r = measure_unneeded(&needed, s->root.layer_fd, LAYER, &result.layers, &result.bytes);
        if (r >= 0)
                r = measure_unneeded(&needed, s->root.blobs_fd, BLOB, &result.blobs, &result.bytes);
        /* A tree goes with its image's manifest. */
        if (r >= 0 && s->root.tree_fd >= 0)
                r = measure_unneeded(&needed, s->root.tree_fd, BLOB, &trees, &result.bytes);
        if (r < 0)
                return store_error(error, r, "cannot measure unused content");

        *ret = result;
        return 0;
}
