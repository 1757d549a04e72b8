/* SPDX-License-Identifier: MIT */
#include "image/load-source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/store/tree.h"

/* An archive is unpacked as a layer is, by confined processes, into a directory that goes afterwards. */
static int spool(LoadSource *source, Store *s, const LayerSettings *settings, Error *error) {
        static const Digest none = { .text = DIGEST_PREFIX "archive" };
        UnpackResult result;
        int r;

        r = store_layer_begin(s, &none, &source->spool, &source->spool_fd, error);
        if (r >= 0)
                r = layer_unpack_into(
                                settings, source->archive_fd, source->spool_fd, &result, error);
        source->dir_fd = source->spool_fd;
        return r;
}

int load_source_open(LoadSource *source,
                Store *s,
                const LayerSettings *settings,
                int fd,
                bool is_archive,
                Error *error) {
        int r;

        *source = (LoadSource) { .dir_fd = -EBADF, .archive_fd = -EBADF, .spool_fd = -EBADF };
        if (!is_archive) {
                source->dir_fd = fd;
                return 0;
        }
        source->archive_fd = fd;
        r = archive_index_read(fd, &source->index, error);
        return r != 0 ? MIN(r, 0) : spool(source, s, settings, error);
}

void load_source_close(LoadSource *source, Store *s) {
        archive_index_done(&source->index);
        (void) close_fd(source->spool_fd);
        if (source->spool)
                store_layer_abandon(s, source->spool);
        free(source->spool);
}

static int find_in_archive(const LoadSource *source, const char *path, SourceFile *ret) {
        const ArchiveFile *file = archive_index_find(&source->index, path);

        if (!file)
                return -ENOENT;
        int fd = neg_errno(fcntl(source->archive_fd, F_DUPFD_CLOEXEC, 3));
        if (fd < 0)
                return fd;
        *ret = (SourceFile) { .fd = fd, .offset = file->offset, .size = file->size };
        return 0;
}

int load_source_find(const LoadSource *source, const char *path, SourceFile *ret) {
        struct stat st;

        if (source->dir_fd < 0)
                return find_in_archive(source, path, ret);
        _cleanup_close_ int fd = tree_open_file(source->dir_fd, path);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret = (SourceFile) {
                .fd = TAKE_FD(fd), .size = (uint64_t) st.st_size, .is_ours = source->spool_fd >= 0
        };
        return 0;
}

void source_file_done(SourceFile *f) {
        f->fd = close_fd(f->fd);
}

static int read_whole(const SourceFile *f, size_t limit, char **ret, size_t *ret_size) {
        if (f->size > limit)
                return -EFBIG;
        _cleanup_free_ char *text = malloc((size_t) f->size + 1);
        size_t done = 0;

        if (!text)
                return -ENOMEM;
        while (done < f->size) {
                ssize_t n = pread(f->fd, text + done, f->size - done, (off_t) (f->offset + done));
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return -ENODATA;
                if (n > 0)
                        done += (size_t) n;
        }
        text[done] = '\0';
        *ret = TAKE_PTR(text);
        *ret_size = done;
        return 0;
}

int load_source_read(const LoadSource *source,
                const char *path,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error) {
        _cleanup_(source_file_done) SourceFile f = SOURCE_FILE_NONE;
        int r;

        r = load_source_find(source, path, &f);
        if (r >= 0)
                r = read_whole(&f, limit, ret, ret_size);
        return r < 0 && r != -ENOMEM ? error_set(error, r, ERROR_STORAGE, "'%.256s'", path) : r;
}
