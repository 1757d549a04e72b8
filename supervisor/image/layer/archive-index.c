/* SPDX-License-Identifier: MIT */
#include "image/layer/archive-index.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/text.h"
#include "image/confine/process.h"
#include "image/store/tree.h"

/* A thousand layers of `docker save`, four entries each. */
#define ENTRIES_MAX 5000U
#define ANSWER_SIZE_MAX ((size_t) ENTRIES_MAX * 1024)
#define LINKS_MAX 8U
#define BLOCK_SIZE ((size_t) 16 * 1024)

/* ---- in the confined process ------------------------------------------------------------------ */
typedef struct Scan {
        unsigned char *block; /* owned */
        int fd, answer_fd;    /* borrowed */
        off_t offset;
} Scan;

static la_ssize_t scan_read(struct archive *a, void *userdata, const void **ret) {
        Scan *scan = userdata;
        ssize_t n;

        do
                n = pread(scan->fd, scan->block, BLOCK_SIZE, scan->offset);
        while (n < 0 && errno == EINTR);
        if (n < 0) {
                archive_set_error(a, errno, "cannot be read");
                return ARCHIVE_FATAL;
        }
        scan->offset += n;
        *ret = scan->block;
        return n;
}

static la_int64_t scan_skip(struct archive *a, void *userdata, la_int64_t size) {
        Scan *scan = userdata;

        (void) a;
        scan->offset += size;
        return size;
}

/* A symbolic link's target is relative to where the link is, a hard link's to the root. */
static char *link_target(struct archive_entry *entry, const char *path) {
        const char *target = archive_entry_hardlink(entry), *slash = strrchr(path, '/');

        if (target)
                return strdup(target);
        target = archive_entry_symlink(entry) ?: "";
        if (*target == '/' || !slash)
                return strdup(target);
        return str_printf("%.*s/%s", (int) (slash - path), path, target);
}

static int put_entry(RecordWriter *w, struct archive *a, struct archive_entry *entry) {
        const char *path = archive_entry_pathname(entry);
        bool is_link = archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK;

        if (!path || archive_entry_sparse_count(entry) > 0)
                return 0;
        if (!is_link && archive_entry_filetype(entry) != AE_IFREG)
                return 1;
        _cleanup_free_ char *target = is_link ? link_target(entry, path) : strdup("");
        if (!target)
                return -ENOMEM;
        record_put(w, "PATH", path);
        record_put(w, "TARGET", target);
        /* What the reader of the format has taken so far: the data begin here. */
        record_put_u64(w, "OFFSET", (uint64_t) archive_filter_bytes(a, 0));
        record_put_u64(w, "SIZE", is_link ? 0 : (uint64_t) archive_entry_size(entry));
        return w->result < 0 ? w->result : 1;
}

/* Return: 1 all entries are in @w; 0: not such an archive. */
static int scan_archive(struct archive *a, Scan *scan, RecordWriter *w) {
        struct archive_entry *entry;
        unsigned n = 0;
        int r = 1;

        if (archive_read_support_format_tar(a) != ARCHIVE_OK)
                return -ENOMEM;
        if (archive_read_open2(a, scan, NULL, scan_read, scan_skip, NULL) != ARCHIVE_OK)
                return 0;
        while (r > 0) {
                int got = archive_read_next_header(a, &entry);
                if (got == ARCHIVE_EOF)
                        break;
                if ((got != ARCHIVE_OK && got != ARCHIVE_WARN) || ++n > ENTRIES_MAX)
                        return 0;
                r = put_entry(w, a, entry);
        }
        return r;
}

static int scan_process(const void *userdata) {
        Scan scan = *(const Scan *) userdata;
        const int keep[] = { scan.fd, scan.answer_fd };
        const ConfineSpec nothing = {};
        RecordWriter w = {};
        int r;

        r = process_confine(keep, ELEMENTSOF(keep), &nothing, NULL);
        if (r < 0)
                return -r;
        struct archive *a = archive_read_new();
        scan.block = malloc(BLOCK_SIZE);
        r = a && scan.block ? scan_archive(a, &scan, &w) : -ENOMEM;
        (void) archive_read_free(a); /* only read from */
        free(scan.block);
        /* No answer is none that is of use. */
        if (r > 0)
                r = fd_write_all(scan.answer_fd, w.text ?: "", w.size);
        record_writer_done(&w);
        return r < 0 ? -r : 0;
}

/* ---- around it -------------------------------------------------------------------------------- */
static int scan_run(int fd, char **ret, Error *error) {
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];
        const Scan scan = { .fd = fd, .answer_fd = write_fd };
        pid_t pid = process_start(scan_process, &scan);
        if (pid < 0)
                return error_set(error, pid, ERROR_RUNTIME, "cannot start a process");
        write_fd = close_fd(write_fd);
        r = file_read_fd(read_fd, ANSWER_SIZE_MAX, ret, NULL);
        int status = process_reap(&pid, /* kill_it= */ r < 0);
        if (r >= 0 && status != 0)
                r = status > 0 && status < 128 ? -status : -EPROTO;
        return r < 0 && r != -ENOMEM ? error_set(error, r, ERROR_STORAGE, "cannot read the archive")
                                     : r;
}

static int file_parse(const Record *record, size_t i, uint64_t archive_size, ArchiveFile *f) {
        const char *path = record_get_nth(record, "PATH", i),
                   *target = record_get_nth(record, "TARGET", i),
                   *offset = record_get_nth(record, "OFFSET", i),
                   *size = record_get_nth(record, "SIZE", i);
        int r;

        if (!path || !target || !offset || !size || parse_u64(offset, &f->offset) < 0 ||
                        parse_u64(size, &f->size) < 0)
                return -EPROTO;
        /* Of an archive that was cut off, the last file is not all there. */
        if (f->offset > archive_size || f->size > archive_size - f->offset)
                return -EBADMSG;
        r = tree_path_clean(path, &f->path);
        if (r >= 0 && *target) {
                f->target = strdup(target);
                r = f->target ? 0 : -ENOMEM;
        }
        return r;
}

static int index_parse(const char *text, uint64_t archive_size, ArchiveIndex *index) {
        _cleanup_(record_freep) Record *record = NULL;
        size_t n = 0;
        int r;

        r = record_parse(text, &record);
        if (r < 0)
                return r;
        while (n < ENTRIES_MAX && record_get_nth(record, "PATH", n))
                n++;
        index->files = calloc(n + 1, sizeof(*index->files));
        if (!index->files)
                return -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = file_parse(record, i, archive_size, &index->files[index->n_files++]);
        return r;
}

int archive_index_read(int fd, ArchiveIndex *ret, Error *error) {
        _cleanup_(archive_index_done) ArchiveIndex index = {};
        _cleanup_free_ char *text = NULL;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return error_set(error, -errno, ERROR_STORAGE, "cannot read the archive");
        if (!S_ISREG(st.st_mode))
                return 0;
        r = scan_run(fd, &text, error);
        if (r < 0 || !*text)
                return r;
        r = index_parse(text, (uint64_t) st.st_size, &index);
        if (r == -ENOMEM)
                return r;
        if (r == -EBADMSG)
                return error_set_plain(
                                error, r, ERROR_STORAGE, "the archive is damaged: unexpected end");
        /* A name that leads out is for the slow way to refuse. */
        if (r < 0)
                return 0;
        *ret = index;
        index = (ArchiveIndex) {};
        return 1;
}

void archive_index_done(ArchiveIndex *index) {
        for (size_t i = 0; i < index->n_files; i++) {
                free(index->files[i].path);
                free(index->files[i].target);
        }
        free(index->files);
}

const ArchiveFile *archive_index_find(const ArchiveIndex *index, const char *path) {
        _cleanup_free_ char *wanted = strdup(path);

        for (unsigned links = 0; wanted && links <= LINKS_MAX; links++) {
                const ArchiveFile *found = NULL;
                path_clean_in_root(wanted);
                /* Of two with the same name the later counts. */
                for (size_t i = index->n_files; !found && i-- > 0;)
                        if (str_equal(index->files[i].path, wanted))
                                found = &index->files[i];
                if (!found || !found->target)
                        return found;
                free(wanted);
                wanted = strdup(found->target);
        }
        return NULL;
}
