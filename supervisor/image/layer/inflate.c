/* SPDX-License-Identifier: MIT */
#include "image/layer/inflate.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "image/confine/confine.h"

#define BLOCK_SIZE (256U * 1024)

/* How the process ends. */
enum {
        INFLATE_DONE,
        INFLATE_DAMAGED,
        INFLATE_TOO_LARGE,
        INFLATE_FAILED,
};

Compression inflate_form(int fd) {
        static const struct {
                unsigned char start[5];
                size_t size;
                Compression compression;
        } magics[] = {
                { { 0x1f, 0x8b }, 2, COMPRESSION_GZIP },
                { { 0x28, 0xb5, 0x2f, 0xfd }, 4, COMPRESSION_ZSTD },
                { { 0xfd, '7', 'z', 'X', 'Z' }, 5, _COMPRESSION_INVALID },
                { { 'B', 'Z', 'h' }, 3, _COMPRESSION_INVALID },
        };
        unsigned char start[5] = {};

        if (pread(fd, start, sizeof(start), 0) != (ssize_t) sizeof(start))
                return COMPRESSION_NONE;
        for (size_t i = 0; i < ELEMENTSOF(magics); i++)
                if (memcmp(start, magics[i].start, magics[i].size) == 0)
                        return magics[i].compression;
        return COMPRESSION_NONE;
}

static int inflate(struct archive *a, int fd, int out_fd, uint64_t size_max) {
        struct archive_entry *entry;
        uint64_t total = 0;
        const void *data;
        la_int64_t offset;
        size_t size;
        int r;

        if (archive_read_support_filter_xz(a) != ARCHIVE_OK ||
                        archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
                        archive_read_support_format_raw(a) != ARCHIVE_OK)
                return INFLATE_FAILED;
        if (archive_read_open_fd(a, fd, BLOCK_SIZE) != ARCHIVE_OK ||
                        archive_read_next_header(a, &entry) != ARCHIVE_OK)
                return INFLATE_DAMAGED;
        while ((r = archive_read_data_block(a, &data, &size, &offset)) == ARCHIVE_OK) {
                total += size;
                if (total > size_max)
                        return INFLATE_TOO_LARGE;
                if (fd_write_all(out_fd, data, size) < 0)
                        return INFLATE_FAILED;
        }
        return r == ARCHIVE_EOF ? INFLATE_DONE : INFLATE_DAMAGED;
}

static int inflate_confined(int fd, int out_fd, uint64_t size_max) {
        const ConfineSpec nothing = {};
        struct archive *a;

        if (lseek(fd, 0, SEEK_SET) < 0 || confine_process(&nothing, NULL) < 0)
                return INFLATE_FAILED;
        a = archive_read_new();
        if (!a)
                return INFLATE_FAILED;
        int status = inflate(a, fd, out_fd, size_max);
        (void) archive_read_free(a); /* only read from */
        return status;
}

static int verdict(int status, uint64_t size_max, Error *error) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == INFLATE_DONE)
                return 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == INFLATE_DAMAGED)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "the compressed stream is damaged or cut");
        if (WIFEXITED(status) && WEXITSTATUS(status) == INFLATE_TOO_LARGE)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "it decompresses to more than the limit of %llu bytes",
                                (unsigned long long) size_max);
        return error_set_plain(error, -EIO, ERROR_FAILED, "the process that decompresses failed");
}

int inflate_blob(Store *s, int fd, uint64_t size_max, BlobInfo *ret, Error *error) {
        pid_t parent = getpid();
        int fds[2], r, status = 0;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];

        pid_t pid = fork();
        if (pid < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot start a process");
        if (pid == 0) {
                (void) close_fd(read_fd);
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                        _exit(INFLATE_FAILED);
                _exit(inflate_confined(fd, write_fd, size_max));
        }
        write_fd = close_fd(write_fd);
        r = store_copy_blob(s, read_fd, NULL, ret, error);
        read_fd = close_fd(read_fd); /* it must not wait for a reader that gave up */
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return r < 0 ? r : verdict(status, size_max, error);
}
