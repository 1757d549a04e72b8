/* SPDX-License-Identifier: MIT */
#include "image/load-blob.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/oci/hash.h"

#define BLOCK_SIZE ((size_t) 256 * 1024)
/* So often whoever follows is told, and the set looked after. */
#define STEP_SIZE ((uint64_t) 1024 * 1024)
/* So much is written back at a time, lest the sync at the end has all of it to do. */
#define WRITE_BACK_SIZE ((uint64_t) 8 * 1024 * 1024)

typedef struct Transfer {
        const SourceFile *file;       /* borrowed */
        const BlobFollower *follower; /* borrowed; NULL: nobody */
        StoreBlob blob;
        Hash *hash;      /* owned */
        int progress_fd; /* owned; to who follows */
        uint64_t done, told, written_back;
        bool is_adopted; /* the blob is the file: nothing is to be written */
} Transfer;

static int begin(Transfer *t, Store *s, Error *error) {
        int r = hash_new(&t->hash);

        if (r < 0)
                return r;
        if (t->file->is_ours) {
                r = store_blob_adopt(s, t->file->fd, &t->blob, error);
                t->is_adopted = r > 0;
        }
        return r != 0 ? r : store_blob_begin(s, &t->blob, error);
}

static int look_after_follower(Transfer *t, Error *error) {
        const BlobFollower *f = t->follower;
        int r;

        if (!f)
                return 0;
        load_progress_copied(f->progress, f->index, t->done);
        r = layer_set_dispatch(f->set, error);
        if (r >= 0 && t->progress_fd < 0)
                r = layer_set_follow(f->set, f->index, t->blob.fd, &t->progress_fd, error);
        if (r < 0)
                return r;
        uint64_t available = t->is_adopted ? t->file->size : t->done;
        /* A pipe that is full has told enough; one that nobody reads belongs to one that has failed, which
         * says so itself. */
        if (t->progress_fd >= 0)
                (void) fd_write_all(t->progress_fd, &available, sizeof(available));
        return 0;
}

static int step(Transfer *t, Error *error) {
        t->told = t->done;
        if (!t->is_adopted && t->done - t->written_back >= WRITE_BACK_SIZE) {
                /* A hint and no more. */
                (void) sync_file_range(t->blob.fd,
                                (off_t) t->written_back,
                                (off_t) (t->done - t->written_back),
                                SYNC_FILE_RANGE_WRITE);
                t->written_back = t->done;
        }
        return look_after_follower(t, error);
}

/* Return: the number of bytes, 0 at the end; negative errno. */
static ssize_t transfer_block(Transfer *t, void *block) {
        const SourceFile *f = t->file;
        size_t size = (size_t) MIN((uint64_t) BLOCK_SIZE, f->size - t->done);
        ssize_t n;
        int r;

        do
                n = pread(f->fd, block, size, (off_t) (f->offset + t->done));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        r = t->is_adopted ? 0 : fd_write_all(t->blob.fd, block, (size_t) n);
        if (r >= 0)
                r = hash_update(t->hash, block, (size_t) n);
        t->done += (size_t) n;
        return r < 0 ? r : n;
}

static int transfer(Transfer *t, Error *error) {
        _cleanup_free_ void *block = malloc(BLOCK_SIZE);
        ssize_t n = 0;
        int r = 0;

        if (!block)
                return -ENOMEM;
        while (r >= 0 && (n = transfer_block(t, block)) > 0)
                if (t->told == 0 || t->done - t->told >= STEP_SIZE)
                        r = step(t, error);
        if (n < 0)
                return n == -ENOMEM ? (int) n
                                    : error_set(error,
                                                      (int) n,
                                                      ERROR_STORAGE,
                                                      "cannot copy it into the store");
        return r;
}

static int check(const BlobInfo *expected, const BlobInfo *found, Error *error) {
        if (!expected)
                return 0;
        if (expected->size != found->size)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "it has %llu bytes where %llu should be",
                                (unsigned long long) found->size,
                                (unsigned long long) expected->size);
        if (!digest_equal(&expected->digest, &found->digest))
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "its content has digest %s, not %s",
                                found->digest.text,
                                expected->digest.text);
        return 0;
}

int load_blob(Store *s,
                const SourceFile *file,
                const BlobInfo *expected,
                const BlobFollower *follower,
                BlobInfo *ret,
                Error *error) {
        Transfer t = {
                .file = file, .follower = follower, .blob = STORE_BLOB_NONE, .progress_fd = -EBADF
        };
        BlobInfo found = {};
        int r;

        r = begin(&t, s, error);
        if (r >= 0)
                r = transfer(&t, error);
        if (r >= 0)
                r = hash_end(t.hash, &found.digest);
        found.size = t.done;
        if (r >= 0)
                r = check(expected, &found, error);
        if (r >= 0 && !expected)
                r = store_claim(s, &found.digest, error);
        if (r >= 0)
                r = store_blob_commit(s, &t.blob, &found.digest, error);
        store_blob_done(s, &t.blob);
        (void) hash_free(t.hash);
        (void) close_fd(t.progress_fd);
        if (r < 0)
                return r;
        if (follower)
                load_progress_copied(follower->progress, follower->index, UINT64_MAX);
        *ret = found;
        return 0;
}
