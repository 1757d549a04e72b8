/* SPDX-License-Identifier: MIT */
#include "image/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/oci/hash.h"
#include "image/store/store-internal.h"
#include "image/store/store-record.h"
#include "image/store/tree.h"
#include "supd/image-store.h"

#define COPY_BLOCK_SIZE ((size_t) 128 * 1024)
#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define SPARE_FILE "spare"
#define SPARE_SIZE (64U * 1024)
#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

/* ---- opening ---------------------------------------------------------------------------------- */
int store_open_dir(int dir_fd, const char *name, bool make, mode_t mode) {
        if (make && mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
                return -errno;
        return neg_errno(openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

static void root_done(StoreRoot *root) {
        free(root->path);
        (void) close_fd(root->image_fd);
        (void) close_fd(root->blobs_fd);
        (void) close_fd(root->layer_fd);
        (void) close_fd(root->tree_fd);
}

static int root_open(const char *path, bool make, StoreRoot *root) {
        int r;

        *root = (StoreRoot) {
                .image_fd = -EBADF, .blobs_fd = -EBADF, .layer_fd = -EBADF, .tree_fd = -EBADF
        };
        root->path = strdup(path);
        if (!root->path)
                return -ENOMEM;
        r = make ? dir_make_all(path, 0755) : 0;
        if (r < 0)
                return r;
        _cleanup_close_ int fd = neg_errno(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        /* What layers contain is for root to hand out: set-user-ID programs of foreign images, for one. */
        root->image_fd = store_open_dir(fd, "image", make, 0700);
        root->layer_fd = store_open_dir(fd, "layer", make, 0700);
        root->tree_fd = store_open_dir(fd, SUPD_STORE_TREE_DIR, /* make= */ false, 0);
        if (root->image_fd < 0 || root->layer_fd < 0)
                return root->image_fd < 0 ? root->image_fd : root->layer_fd;
        _cleanup_close_ int blobs = store_open_dir(root->image_fd, "blobs", make, 0755);
        root->blobs_fd = blobs < 0 ? blobs : store_open_dir(blobs, "sha256", make, 0755);
        return root->blobs_fd < 0 ? root->blobs_fd : 0;
}

static int private_open(Store *s) {
        static const char *const dirs[] = { "lease", "record", "use" };

        s->private_fd = store_open_dir(s->root.image_fd, ".supd", true, 0700);
        if (s->private_fd < 0)
                return s->private_fd;
        s->work_fd = store_open_dir(s->private_fd, "work", true, 0700);
        s->layer_work_fd = store_open_dir(s->root.layer_fd, ".work", true, 0700);
        for (size_t i = 0; i < ELEMENTSOF(dirs); i++)
                if (mkdirat(s->private_fd, dirs[i], 0700) < 0 && errno != EEXIST)
                        return -errno;
        return s->work_fd < 0 ? s->work_fd : MIN(s->layer_work_fd, 0);
}

int store_lock(const Store *s, const char *name, int operation, Error *error) {
        _cleanup_close_ int fd = neg_errno(openat(
                        s->private_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        int r = fd;

        while (r >= 0) {
                r = neg_errno(flock(fd, operation));
                if (r != -EINTR)
                        break;
                r = 0;
        }
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot lock the store (%s)", name);
        return TAKE_FD(fd);
}

/* An empty layout; under the lock, lest two beginners undo each other's first image. */
static int layout_make(Store *s, Error *error) {
        struct stat st;
        int r = 0;

        if (fstatat(s->root.image_fd, "index.json", &st, 0) >= 0)
                return 0;
        _cleanup_close_ int lock = store_lock(s, "index.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        if (fstatat(s->root.image_fd, "index.json", &st, 0) >= 0)
                return 0;
        r = file_replace(s->root.image_fd, "oci-layout", OCI_LAYOUT, 0644, /* sync= */ true);
        if (r >= 0)
                r = file_replace(s->root.image_fd,
                                "index.json",
                                EMPTY_INDEX,
                                0644,
                                /* sync= */ true);
        /* The directories made on the way here, too: of each the entry is in another. */
        if (r >= 0)
                r = neg_errno(syncfs(s->root.image_fd));
        return r < 0 ? store_error(error, r, "cannot make the image store") : 0;
}

static int additional_open(Store *s, char *const *paths, Error *error) {
        s->more = calloc(strv_length(paths) + 1, sizeof(*s->more));
        if (!s->more)
                return -ENOMEM;
        STRV_FOREACH (path, paths) {
                int r = root_open(*path, /* make= */ false, &s->more[s->n_more]);
                /* A partition that is not mounted must not take the images with it that are here. */
                if (r == -ENOENT) {
                        diag_warning("no image store in '%s' (AdditionalStores=); going on without "
                                     "it",
                                        *path);
                        root_done(&s->more[s->n_more]);
                        continue;
                }
                s->n_more++;
                if (r < 0)
                        return error_set(error, r, ERROR_STORAGE, "additional store '%s'", *path);
        }
        return 0;
}

int store_open(const char *state_dir,
                char *const *additional,
                bool make,
                Store **ret,
                Error *error) {
        int r;

        _cleanup_(store_freep) Store *s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (Store) {
                .private_fd = -EBADF,
                .work_fd = -EBADF,
                .layer_work_fd = -EBADF,
                .lease_fd = -EBADF,
                .follower = { .work_fd = -EBADF },
        };

        r = root_open(state_dir, make, &s->root);
        if (r < 0 && (make || r != -ENOENT))
                return r == -ENOMEM ? r
                                    : error_set(error, r, ERROR_STORAGE, "store '%s'", state_dir);
        if (make) {
                r = private_open(s);
                if (r < 0)
                        return error_set(error, r, ERROR_STORAGE, "store '%s'", state_dir);
                r = layout_make(s, error);
                if (r < 0)
                        return r;
        }
        r = additional_open(s, additional, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Store *store_free(Store *s) {
        if (!s)
                return NULL;

        if (s->lease_fd >= 0) {
                _cleanup_free_ char *path = str_printf("lease/%s", s->lease_id);
                if (path)
                        (void) unlinkat(s->private_fd, path, 0); /* else the next one removes it */
        }
        root_done(&s->root);
        for (size_t i = 0; i < s->n_more; i++)
                root_done(&s->more[i]);
        free(s->more);
        (void) strv_free(s->made);
        (void) close_fd(s->private_fd);
        (void) close_fd(s->work_fd);
        (void) close_fd(s->layer_work_fd);
        (void) close_fd(s->lease_fd);
        free(s);
        return NULL;
}

void store_follow(Store *s, const StoreFollower *follower) {
        s->follower = *follower;
}

int store_image_fd(const Store *s) {
        return s->root.image_fd;
}

int store_layer_fd(const Store *s) {
        return s->root.layer_fd;
}

int store_tree_fd(const Store *s) {
        return s->root.tree_fd;
}

int store_blobs_fd(const Store *s) {
        return s->root.blobs_fd;
}

/* ---- small files ------------------------------------------------------------------------------ */
void store_spare_make(Store *s) {
        static const char zeros[SPARE_SIZE];
        struct stat st;

        _cleanup_close_ int fd = openat(s->private_fd,
                        SPARE_FILE,
                        O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                        0600);
        if (fd < 0 || fstat(fd, &st) < 0 || st.st_size >= (off_t) sizeof(zeros))
                return;
        /* Half of it is of use, too; without it nothing is worse than it would be. */
        (void) fd_write_all(fd, zeros, sizeof(zeros));
}

int store_replace(Store *s, const char *path, const char *text) {
        int r;

        r = file_replace(s->root.image_fd, path, text, 0644, /* sync= */ true);
        if ((r == -ENOSPC || r == -EDQUOT) && unlinkat(s->private_fd, SPARE_FILE, 0) >= 0)
                r = file_replace(s->root.image_fd, path, text, 0644, /* sync= */ true);
        return r;
}

/* ---- leases ----------------------------------------------------------------------------------- */
static DIR *list_dir(int dir_fd) {
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                (void) close_fd(fd);
        return d;
}

bool store_lease_is_alive(int lease_dir_fd, const char *id) {
        _cleanup_close_ int fd = openat(lease_dir_fd, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* What no living operation owns. A failure to remove it is nobody's failure: the next one tries again. */
static void work_clear(int work_fd, int lease_dir_fd) {
        _cleanup_(closedirp) DIR *d = list_dir(work_fd);

        for (struct dirent *entry; d && (entry = readdir(d));) {
                char id[LEASE_ID_SIZE + 1] = {};
                if (entry->d_name[0] == '.')
                        continue;
                memcpy(id, entry->d_name, MIN(strlen(entry->d_name), (size_t) LEASE_ID_SIZE));
                if (!store_lease_is_alive(lease_dir_fd, id))
                        (void) tree_remove(work_fd, entry->d_name);
        }
}

static void leases_clear(int lease_dir_fd) {
        _cleanup_(closedirp) DIR *d = list_dir(lease_dir_fd);

        for (struct dirent *entry; d && (entry = readdir(d));)
                if (entry->d_name[0] != '.' && !store_lease_is_alive(lease_dir_fd, entry->d_name))
                        (void) unlinkat(lease_dir_fd, entry->d_name, 0);
}

int store_begin_untouched(Store *s, Error *error) {
        uint64_t random;

        /* A lease that is made and not locked yet must not pass for a dead one's. */
        _cleanup_close_ int lock = store_lock(s, "gc.lock", LOCK_EX, error);
        if (lock < 0)
                return lock;
        _cleanup_close_ int leases = store_open_dir(s->private_fd, "lease", true, 0700);
        if (leases < 0)
                return store_error(error, leases, "cannot open the store's leases");
        leases_clear(leases);
        work_clear(s->work_fd, leases);
        store_spare_make(s);
        work_clear(s->layer_work_fd, leases);
        work_clear(s->follower.work_fd, leases);

        if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return store_error(error, -EIO, "no random number");
        (void) snprintf(s->lease_id,
                        sizeof(s->lease_id),
                        "%016llx",
                        (unsigned long long) random); /* fits exactly */
        _cleanup_close_ int fd = neg_errno(openat(leases,
                        s->lease_id,
                        O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                        0600));
        int r = fd < 0 ? fd : neg_errno(flock(fd, LOCK_EX | LOCK_NB));
        if (r < 0)
                return store_error(error, r, "cannot take a lease of the store");
        s->lease_fd = TAKE_FD(fd);
        return 0;
}

/* A full disk must not keep anybody from making room; what can't be written now is written by the next. */
static int records_refresh(Store *s, Error *error) {
        _cleanup_(error_done) Error reason = {};
        int r = store_records_refresh(s, &reason);

        if (r == -ENOSPC || r == -EDQUOT)
                return 0;
        error_move(error, &reason);
        return r;
}

int store_begin(Store *s, Error *error) {
        int r = store_begin_untouched(s, error);

        return r < 0 ? r : records_refresh(s, error);
}

int store_claim(Store *s, const Digest *digest, Error *error) {
        char line[DIGEST_HEX_SIZE + 1];
        int r;

        assert(s->lease_fd >= 0);
        _cleanup_close_ int lock = store_lock(s, "gc.lock", LOCK_SH, error);
        if (lock < 0)
                return lock;
        memcpy(line, digest_hex(digest), DIGEST_HEX_SIZE);
        line[DIGEST_HEX_SIZE] = '\n';
        r = fd_write_all(s->lease_fd, line, sizeof(line));
        return r < 0 ? store_error(error, r, "cannot claim content of the store") : 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */
static int open_from_any(const Store *s, const Digest *digest, bool layer) {
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (layer ? O_DIRECTORY : 0);

        for (size_t i = 0; i <= s->n_more; i++) {
                const StoreRoot *root = i == 0 ? &s->root : &s->more[i - 1];
                int dir_fd = layer ? root->layer_fd : root->blobs_fd;
                int fd = dir_fd < 0 ? -ENOENT
                                    : neg_errno(openat(dir_fd, digest_hex(digest), flags));
                if (fd != -ENOENT)
                        return fd;
        }
        return -ENOENT;
}

int store_open_blob(const Store *s, const Digest *digest) {
        return open_from_any(s, digest, /* layer= */ false);
}

int store_open_layer(const Store *s, const Digest *diff_id) {
        return open_from_any(s, diff_id, /* layer= */ true);
}

char *store_layer_path(const Store *s, const Digest *diff_id) {
        struct stat st;

        for (size_t i = 0; i <= s->n_more; i++) {
                const StoreRoot *root = i == 0 ? &s->root : &s->more[i - 1];
                if (root->layer_fd >= 0 && fstatat(root->layer_fd,
                                                           digest_hex(diff_id),
                                                           &st,
                                                           AT_SYMLINK_NOFOLLOW) >= 0)
                        return str_printf("%s/layer/%s", root->path, digest_hex(diff_id));
        }
        return NULL;
}

int store_read_blob(const Store *s,
                const Digest *digest,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error) {
        _cleanup_free_ char *text = NULL;
        Digest found;
        size_t size;
        int r;

        _cleanup_close_ int fd = store_open_blob(s, digest);
        r = fd < 0 ? fd : file_read_fd(fd, limit, &text, &size);
        if (r >= 0)
                r = digest_of(text, size, &found);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error, r, ERROR_STORAGE, "blob %s", digest->text);
        if (!digest_equal(&found, digest))
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "blob %s is damaged: its content has digest %s",
                                digest->text,
                                found.text);
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

/* ---- blobs ------------------------------------------------------------------------------------ */
char *store_work_name(Store *s, const char *suffix) {
        return str_printf("%s.%u.%s", s->lease_id, s->n_work++, suffix);
}

int store_blob_begin(Store *s, StoreBlob *ret, Error *error) {
        _cleanup_free_ char *name = store_work_name(s, "blob");
        if (!name)
                return -ENOMEM;

        int fd = neg_errno(openat(s->work_fd,
                        name,
                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0644));
        if (fd < 0)
                return store_error(error, fd, "cannot make a blob");
        *ret = (StoreBlob) { .fd = fd, .temporary = TAKE_PTR(name) };
        return 0;
}

int store_blob_adopt(Store *s, int fd, StoreBlob *ret, Error *error) {
        _cleanup_free_ char *name = store_work_name(s, "blob");
        if (!name)
                return -ENOMEM;

        _cleanup_close_ int copy = neg_errno(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        int r = copy < 0 ? copy : neg_errno(linkat(copy, "", s->work_fd, name, AT_EMPTY_PATH));
        if (r == -EXDEV || r == -ENOENT || r == -EPERM || r == -EACCES)
                return 0;
        if (r >= 0 && (fchown(copy, 0, 0) < 0 || fchmod(copy, 0644) < 0)) {
                r = -errno;
                (void) unlinkat(s->work_fd, name, 0); /* else the next start removes it */
        }
        if (r < 0)
                return store_error(error, r, "cannot make a blob");
        *ret = (StoreBlob) { .fd = TAKE_FD(copy), .temporary = TAKE_PTR(name) };
        return 1;
}

int store_blob_commit(Store *s, StoreBlob *b, const Digest *digest, Error *error) {
        int r;

        r = neg_errno(fsync(b->fd));
        if (r >= 0)
                r = neg_errno(renameat2(s->work_fd,
                                b->temporary,
                                s->root.blobs_fd,
                                digest_hex(digest),
                                RENAME_NOREPLACE));
        if (r >= 0)
                r = strv_append(&s->made, digest_hex(digest));
        else if (r == -EEXIST) /* somebody else's, and the same */
                r = neg_errno(unlinkat(s->work_fd, b->temporary, 0));
        if (r >= 0)
                r = neg_errno(fsync(s->root.blobs_fd));
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot store blob %s", digest->text);
        b->fd = close_fd(b->fd);
        free(b->temporary);
        b->temporary = NULL;
        return 0;
}

void store_blob_done(Store *s, StoreBlob *b) {
        if (b->temporary)
                (void) unlinkat(s->work_fd, b->temporary, 0); /* else the next start removes it */
        b->fd = close_fd(b->fd);
        free(b->temporary);
        b->temporary = NULL;
}

static int blob_write_hashed(StoreBlob *b, Hash *h, const char *data, size_t size) {
        int r = fd_write_all(b->fd, data, size);

        return r < 0 ? r : hash_update(h, data, size);
}

static int copy_hashed(StoreBlob *b, int fd, uint64_t limit, Hash *h, uint64_t *ret_size) {
        _cleanup_free_ char *block = malloc(COPY_BLOCK_SIZE);
        uint64_t total = 0;

        if (!block)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, block, COPY_BLOCK_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                total += (size_t) n;
                if (total > limit)
                        break;
                int r = blob_write_hashed(b, h, block, (size_t) n);
                if (r < 0)
                        return r;
        }
        *ret_size = total;
        return 0;
}

static int blob_check(const BlobInfo *expected, const BlobInfo *found, Error *error) {
        if (!expected)
                return 0;
        bool size = expected->size == found->size;
        if (size && digest_equal(&expected->digest, &found->digest))
                return 0;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "blob %s has another %s than its manifest says",
                        expected->digest.text,
                        size ? "digest" : "size");
}

int store_copy_blob(Store *s, int fd, const BlobInfo *expected, BlobInfo *ret, Error *error) {
        _cleanup_(hash_freep) Hash *h = NULL;
        StoreBlob b = STORE_BLOB_NONE;
        BlobInfo found = {};
        int r;

        r = hash_new(&h);
        if (r >= 0)
                r = store_blob_begin(s, &b, error);
        if (r < 0)
                return r;
        r = copy_hashed(&b, fd, expected ? expected->size : UINT64_MAX, h, &found.size);
        if (r >= 0)
                r = hash_end(h, &found.digest);
        if (r < 0)
                (void) store_error(error, r, "cannot copy a blob");
        else
                r = blob_check(expected, &found, error);
        if (r >= 0 && !expected)
                r = store_claim(s, &found.digest, error);
        if (r >= 0)
                r = store_blob_commit(s, &b, &found.digest, error);
        store_blob_done(s, &b);
        if (r >= 0)
                *ret = found;
        return r;
}

int store_put_blob(Store *s, const char *data, size_t size, Digest *ret, Error *error) {
        StoreBlob b = STORE_BLOB_NONE;
        Digest digest;
        int r;

        r = digest_of(data, size, &digest);
        if (r >= 0)
                r = store_claim(s, &digest, error);
        if (r >= 0)
                r = store_blob_begin(s, &b, error);
        if (r < 0)
                return r;
        r = fd_write_all(b.fd, data, size);
        if (r < 0)
                (void) store_error(error, r, "cannot write a blob");
        else
                r = store_blob_commit(s, &b, &digest, error);
        store_blob_done(s, &b);
        if (r >= 0)
                *ret = digest;
        return r;
}

int store_blob_discard(Store *s, const Digest *digest, Error *error) {
        if (unlinkat(s->root.blobs_fd, digest_hex(digest), 0) < 0 && errno != ENOENT)
                return error_set(error,
                                -errno,
                                ERROR_STORAGE,
                                "cannot remove damaged blob %s",
                                digest->text);
        return 0;
}

/* ---- layers ----------------------------------------------------------------------------------- */
int store_layer_begin(Store *s, const Digest *diff_id, char **ret_name, int *ret_fd, Error *error) {
        _cleanup_free_ char *name = store_work_name(s, digest_hex(diff_id));
        if (!name)
                return -ENOMEM;

        /* What the root of an image is where no layer says so. */
        int fd = store_open_dir(s->layer_work_fd, name, true, 0755);
        if (fd >= 0 && fchmod(fd, 0755) < 0) {
                int r = -errno;
                (void) close_fd(fd);
                fd = r;
        }
        if (fd < 0)
                return store_error(error, fd, "cannot make a layer's directory");
        *ret_name = TAKE_PTR(name);
        *ret_fd = fd;
        return 0;
}

static int layer_sync(Store *s, const char *name) {
        _cleanup_close_ int fd = store_open_dir(s->layer_work_fd, name, false, 0);

        /* All files at once: one by one they would each wait for the disk. */
        return fd < 0 ? fd : neg_errno(syncfs(fd));
}

int store_layer_commit(Store *s, const char *name, const Digest *diff_id, Error *error) {
        int r = layer_sync(s, name);

        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot sync layer %s", diff_id->text)
                     : store_layer_publish(s, name, diff_id, error);
}

int store_layer_publish(Store *s, const char *name, const Digest *diff_id, Error *error) {
        int r = neg_errno(renameat2(s->layer_work_fd,
                        name,
                        s->root.layer_fd,
                        digest_hex(diff_id),
                        RENAME_NOREPLACE));

        if (r == -EEXIST) {
                store_layer_abandon(s, name);
                r = 0;
        } else if (r >= 0)
                r = strv_append(&s->made, digest_hex(diff_id));
        if (r >= 0)
                r = neg_errno(fsync(s->root.layer_fd));
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot store layer %s", diff_id->text)
                     : 0;
}

int store_layer_replace(Store *s, const char *name, const Digest *diff_id, Error *error) {
        int r;

        r = layer_sync(s, name);
        if (r >= 0)
                r = neg_errno(renameat2(s->layer_work_fd,
                                name,
                                s->root.layer_fd,
                                digest_hex(diff_id),
                                RENAME_EXCHANGE));
        if (r >= 0)
                r = neg_errno(fsync(s->root.layer_fd));
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot replace layer %s", diff_id->text);
        store_layer_abandon(s, name);
        return 0;
}

void store_layer_abandon(Store *s, const char *name) {
        (void) tree_remove(s->layer_work_fd, name); /* else the next start removes it */
}
