/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/fd.h"
#include "base/text.h"
#include "log/buffer.h"
#include "log/cri.h"
#include "log/log-files.h"
#include "log/reader-internal.h"

/* A line that never ends comes in pieces of this size. */
#define LINE_SIZE_MAX (4U * 1024 * 1024)

#define READ_SIZE (64U * 1024)

/* The last lines are looked for in a window at the end, which grows to twice its size each time. */
#define TAIL_WINDOW_MIN (64U * 1024)

/*
 * How often it grows beyond what holds enough lines, to find where the first of them begins: its
 * pieces may lie before the last line of the other stream.
 */
#define TAIL_EXTRA_MAX 4U

#define FILE_FIELDS_MAX 6U

/* The pieces so far of one stream's line. */
typedef struct Pending {
        Buffer text;
        uint64_t realtime_usec; /* of the first piece */
        bool is_open;           /* there is a piece, be it an empty one */
} Pending;

typedef struct FileReader {
        LogReader reader;
        int dir_fd, inotify_fd; /* owned; inotify_fd -EBADF: not following */
        LogFiles files;         /* the first is being read */
        uint64_t offset;        /* in it, of what comes after the input */
        Buffer input;           /* read, not yet taken apart */
        size_t input_used;
        Pending pending[2];              /* stdout, stderr */
        Buffer line;                     /* what the last LogLine lends out */
        uint64_t last_realtime_usec;     /* for records that don't tell theirs */
        uint64_t skip;                   /* lines to leave out before the first */
        uint64_t since_usec, until_usec; /* UINT64_MAX: no bound */
        bool at_end;                     /* not following: all is read */
        bool with_fields;
        char *identifier, *unit_id; /* owned; NULL: none */
        char realtime[24];          /* digits of the time of the last LogLine */
        LogField fields[FILE_FIELDS_MAX];
} FileReader;

static FileReader *file_from(const LogReader *r) {
        return CONTAINER_OF(r, FileReader, reader);
}

static LogReader *file_free(LogReader *r) {
        FileReader *f = file_from(r);

        close_fd(f->dir_fd);
        close_fd(f->inotify_fd);
        log_files_done(&f->files);
        buffer_done(&f->input);
        buffer_done(&f->line);
        for (size_t i = 0; i < ELEMENTSOF(f->pending); i++)
                buffer_done(&f->pending[i].text);
        free(f->identifier);
        free(f->unit_id);
        free(f);
        return NULL;
}

/* ---- the last N lines ------------------------------------------------------------------------ */

/* What a window holds. A stream's first line in it may lack pieces that lie before the window. */
typedef struct TailCount {
        uint64_t n_lines;
        uint64_t n_doubtful; /* lines up to the later of the two streams' first */
        uint64_t start;      /* offset of the first whole record */
        bool seen[2];
} TailCount;

static void tail_count_record(TailCount *t, const char *record, size_t size, uint64_t until_usec) {
        CriRecord parsed;

        if (cri_parse(record, size, &parsed) < 0) {
                t->n_lines++; /* shown as it is */
                return;
        }
        if (parsed.is_partial || parsed.realtime_usec > until_usec)
                return;

        t->n_lines++;
        if (!t->seen[parsed.is_stderr]) {
                t->seen[parsed.is_stderr] = true;
                t->n_doubtful = t->n_lines;
        }
}

static int tail_count(const FileReader *f, uint64_t start, uint64_t end, TailCount *ret) {
        _cleanup_(buffer_done) Buffer b = {};
        TailCount t = { .start = start };
        bool in_record = start == 0; /* else the window begins within a record: skip its rest */
        uint64_t offset = start;

        while (offset < end) {
                int r = buffer_reserve(&b, READ_SIZE);
                if (r < 0)
                        return r;
                ssize_t n = log_files_read(&f->files,
                                b.data + b.size,
                                MIN((uint64_t) READ_SIZE, end - offset),
                                offset);
                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break; /* cut short by another program meanwhile */
                b.size += (size_t) n;
                offset += (uint64_t) n;

                size_t used = 0;
                for (const char *nl; (nl = memchr(b.data + used, '\n', b.size - used));) {
                        size_t size = (size_t) (nl - b.data) - used;

                        if (in_record)
                                tail_count_record(&t, b.data + used, size, f->until_usec);
                        used += size + 1;
                        if (!in_record)
                                t.start = offset - (b.size - used);
                        in_record = true;
                }
                buffer_drop(&b, used);
        }

        *ret = t;
        return 0;
}

static void seek_to(FileReader *f, uint64_t offset) {
        while (f->files.n_files > 1 && offset >= f->files.files[0].size) {
                offset -= f->files.files[0].size;
                log_files_drop(&f->files);
        }
        f->offset = offset;
}

/* The cost is that of the window, a small multiple of the lines asked for, whatever lies before. */
static int seek_tail(FileReader *f, unsigned lines) {
        uint64_t end = log_files_size(&f->files);
        unsigned n_extra = 0;

        for (uint64_t window = TAIL_WINDOW_MIN;; window *= 2) {
                uint64_t start = window < end ? end - window : 0;
                TailCount t = {};

                int r = tail_count(f, start, end, &t);
                if (r < 0)
                        return r;

                bool enough = t.n_lines >= lines;
                bool sure = enough && t.n_lines - t.n_doubtful >= lines;
                if (start > 0 && !sure && !(enough && n_extra++ >= TAIL_EXTRA_MAX))
                        continue;

                f->skip = enough ? t.n_lines - lines : 0;
                seek_to(f, t.start);
                return 0;
        }
}

/* ---- opening --------------------------------------------------------------------------------- */

static int file_open_directory(FileReader *f, const LogQuery *query, Error *error) {
        f->dir_fd = neg_errno(open(query->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (f->dir_fd < 0)
                return error_set(error,
                                f->dir_fd,
                                ERROR_LOG,
                                "cannot open log directory '%s'",
                                query->directory);
        if (!query->follow)
                return 0;

        /* Before the first read: what is written after that is then told. */
        f->inotify_fd = neg_errno(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
        int r = f->inotify_fd;
        if (r >= 0)
                r = neg_errno(inotify_add_watch(f->inotify_fd,
                                query->directory,
                                IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR));
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot watch '%s'", query->directory);
        return 0;
}

static int file_seek(FileReader *f, const LogQuery *query) {
        int r = log_files_update(&f->files, f->dir_fd);
        if (r < 0)
                return r;

        /* A file not written since then has no line since then. */
        while (f->since_usec != UINT64_MAX && f->files.n_files > 1 &&
                        f->files.files[0].changed_realtime_usec < f->since_usec)
                log_files_drop(&f->files);

        return query->lines == LOG_LINES_ALL ? 0 : seek_tail(f, query->lines);
}

static int file_open(const LogQuery *query, LogReader **ret, Error *error) {
        FileReader *f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (FileReader) {
                .reader = { .ops = &log_reader_file },
                .dir_fd = -EBADF,
                .inotify_fd = -EBADF,
                .since_usec = query->since_realtime_usec,
                .until_usec = query->until_realtime_usec,
                .with_fields = query->with_fields,
        };

        _cleanup_(log_reader_freep) LogReader *reader = &f->reader;
        if (str_replace(&f->identifier, query->container_name) < 0 ||
                        str_replace(&f->unit_id, query->unit_id) < 0)
                return -ENOMEM;

        int r = file_open_directory(f, query, error);
        if (r < 0)
                return r;
        r = file_seek(f, query);
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot read log '%s'", query->directory);

        *ret = TAKE_PTR(reader);
        return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Return: 1 if there is more input, 0 at the end of what there is. */
static int file_fill(FileReader *f) {
        buffer_drop(&f->input, f->input_used);
        f->input_used = 0;

        int r = buffer_reserve(&f->input, READ_SIZE);
        if (r < 0 || f->files.n_files == 0)
                return r;

        ssize_t n = neg_errno(pread(f->files.files[0].fd,
                        f->input.data + f->input.size,
                        READ_SIZE,
                        (off_t) f->offset));
        if (n < 0)
                return (int) n;
        f->input.size += (size_t) n;
        f->offset += (uint64_t) n;
        return n > 0;
}

/* Emptied in place, as some tools rotate: what comes now is at its beginning. */
static bool file_was_truncated(FileReader *f) {
        struct stat st;

        if (f->files.n_files == 0 || fstat(f->files.files[0].fd, &st) < 0 ||
                        (uint64_t) st.st_size >= f->offset)
                return false;
        f->offset = 0;
        return true;
}

/*
 * At the end of a file: is there a newer one? The current one is then read once more before it is
 * left, for it may have grown between its end and the rotation; after a rotation it can't.
 */
static int file_advance(FileReader *f) {
        if (f->files.n_files > 1) {
                log_files_drop(&f->files);
                f->offset = 0;
                return 1;
        }
        if (f->inotify_fd < 0)
                return 0;
        if (file_was_truncated(f))
                return 1;
        return log_files_update(&f->files, f->dir_fd);
}

static int take_record(FileReader *f, const char **ret, size_t *ret_size) {
        const char *start = f->input.data + f->input_used;
        size_t size = f->input.size - f->input_used;
        const char *nl = size > 0 ? memchr(start, '\n', size) : NULL;

        if (!nl && size < LINE_SIZE_MAX)
                return 0;

        *ret = start;
        *ret_size = nl ? (size_t) (nl - start) : size;
        f->input_used += *ret_size + (nl ? 1 : 0);
        return 1;
}

/* Return: 1 and a record, borrowed from the input; 0: none for now. */
static int next_record(FileReader *f, const char **ret, size_t *ret_size) {
        int r;

        for (;;) {
                r = take_record(f, ret, ret_size);
                if (r > 0)
                        return r;
                r = file_fill(f);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;

                /* The writer was killed within a record, or is at it: only the former can be told. */
                bool is_last = f->files.n_files <= 1;
                if (f->input.size > 0 && (!is_last || f->inotify_fd < 0)) {
                        *ret = f->input.data;
                        *ret_size = f->input.size;
                        f->input_used = f->input.size;
                        return 1;
                }
                r = file_advance(f);
                if (r <= 0)
                        return r;
        }
}

static const LogField *file_fields(FileReader *f, const LogLine *line, size_t *ret_n) {
        const struct {
                const char *name, *value;
                size_t size;
        } fields[] = {
                { "__REALTIME_TIMESTAMP", f->realtime, strlen(f->realtime) },
                { "PRIORITY", line->is_stderr ? "3" : "6", 1 },
                { "_TRANSPORT", "stdout", strlen("stdout") },
                { "SYSLOG_IDENTIFIER", f->identifier, f->identifier ? strlen(f->identifier) : 0 },
                { "UNIT", f->unit_id, f->unit_id ? strlen(f->unit_id) : 0 },
                { "MESSAGE", line->text, line->size },
        };
        size_t n = 0;

        static_assert(ELEMENTSOF(fields) <= FILE_FIELDS_MAX, "there is room for every field");
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                if (fields[i].value)
                        f->fields[n++] = (LogField) {
                                .name = fields[i].name,
                                .value = fields[i].value,
                                .size = fields[i].size,
                        };
        }
        *ret_n = n;
        return f->fields;
}

/* Return: 1 if the query wants this line, 0 if not. */
static int emit(FileReader *f, bool is_stderr, uint64_t realtime_usec, LogLine *ret) {
        if (f->until_usec != UINT64_MAX && realtime_usec > f->until_usec)
                return 0;
        if (f->skip > 0) {
                f->skip--;
                return 0;
        }
        if (f->since_usec != UINT64_MAX && realtime_usec < f->since_usec)
                return 0;

        *ret = (LogLine) {
                .realtime_usec = realtime_usec,
                .priority = is_stderr ? LOG_ERR : LOG_INFO,
                .identifier = f->identifier,
                .text = f->line.data,
                .size = f->line.size,
                .is_stderr = is_stderr,
        };
        if (f->with_fields) {
                (void) snprintf(f->realtime, sizeof(f->realtime), "%" PRIu64, realtime_usec);
                ret->fields = file_fields(f, ret, &ret->n_fields);
        }
        return 1;
}

/* What came of the line goes to the reader's own buffer, which the LogLine lends out. */
static int emit_pending(FileReader *f, bool is_stderr, LogLine *ret) {
        Pending *p = &f->pending[is_stderr];

        Buffer spare = f->line;
        f->line = p->text;
        p->text = spare;
        buffer_clear(&p->text);
        p->is_open = false;

        /* There must be a string to lend out, though the line be empty. */
        int r = buffer_reserve(&f->line, 0);
        return r < 0 ? r : emit(f, is_stderr, p->realtime_usec, ret);
}

static int add_record(FileReader *f, const char *record, size_t size, LogLine *ret) {
        CriRecord parsed;

        /* Not of our making, or damaged: show it, at the time of its neighbour. */
        if (cri_parse(record, size, &parsed) < 0)
                parsed = (CriRecord) {
                        .realtime_usec = f->last_realtime_usec,
                        .text = record,
                        .size = size,
                };
        f->last_realtime_usec = parsed.realtime_usec;

        Pending *p = &f->pending[parsed.is_stderr];
        if (!p->is_open)
                p->realtime_usec = parsed.realtime_usec;
        p->is_open = true;

        int r = buffer_add(&p->text, parsed.text, parsed.size);
        if (r < 0)
                return r;
        if (parsed.is_partial && p->text.size < LINE_SIZE_MAX)
                return 0;
        return emit_pending(f, parsed.is_stderr, ret);
}

static int file_next(LogReader *reader, LogLine *ret) {
        FileReader *f = file_from(reader);
        const char *record;
        size_t size;
        int r;

        while (!f->at_end) {
                r = next_record(f, &record, &size);
                if (r < 0)
                        return r;
                if (r == 0) {
                        if (f->inotify_fd >= 0)
                                return 0;
                        f->at_end = true;
                        break;
                }
                r = add_record(f, record, size, ret);
                if (r != 0)
                        return r;
        }

        /* Lines whose end nobody wrote. */
        for (size_t i = 0; i < ELEMENTSOF(f->pending); i++) {
                if (!f->pending[i].is_open)
                        continue;
                r = emit_pending(f, /* is_stderr= */ i == 1, ret);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int file_fd(const LogReader *reader) {
        return file_from(reader)->inotify_fd;
}

/* What the events say is of no interest: the files are looked at in any case. */
static int file_process(LogReader *reader) {
        FileReader *f = file_from(reader);
        char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;

        do
                n = read(f->inotify_fd, events, sizeof(events));
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 && errno != EAGAIN ? -errno : 0;
}

const LogReaderOps log_reader_file = {
        .open = file_open,
        .next = file_next,
        .fd = file_fd,
        .process = file_process,
        .free = file_free,
};
