/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-file.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/text-builder.h"

/*
 * From text to assignments in two steps. The reader makes logical lines of physical ones and checks
 * their syntax, which inih takes more laxly than systemd and Podman do; inih, fed with one canonical
 * "[Section]" or "key=value" line after the other, splits them and calls back.
 *
 * inih as it comes would cut long lines and parse the rest as further lines, take " ;" for a comment
 * and more (UNITS.md 2.7). Debian's build has switches for all that, as variables; upstream's has
 * none. They are weak here: where they are missing, inih gets "key=NUMBER" and the value is kept
 * aside, so that there is nothing in the line that could be cut or misread.
 */
#pragma weak ini_allow_inline_comments
#pragma weak ini_allow_multiline
#pragma weak ini_allow_realloc
#pragma weak ini_initial_alloc
#pragma weak ini_max_line
#pragma weak ini_use_stack
/* NOLINTBEGIN(*-redundant-declaration,*-non-const-global-variables): they are the library's own */
extern bool ini_allow_inline_comments, ini_allow_multiline, ini_allow_realloc, ini_use_stack;
extern int ini_initial_alloc, ini_max_line;
/* NOLINTEND(*-redundant-declaration,*-non-const-global-variables) */

#define INIH_NAME_MAX 49U /* longer sections and keys are cut by any build of inih */
#define BLANKS " \t\r\v\f"
#define UTF8_BOM "\xef\xbb\xbf"

typedef struct Reader {
        const UnitFileSource *source;
        DiagnosticList *diagnostics;
        UnitFile *file;
        const char *next, *end; /* borrowed: what is left of the text */
        unsigned next_line;
        TextBuilder logical;    /* the current logical line, trimmed */
        unsigned line;          /* its first physical line */
        bool looks_like_header; /* a joined line was one by itself */
        const char *section;    /* borrowed from the file; NULL before the first header */
        const char *value; /* borrowed from the file: what the number handed to inih stands for */
        TextBuilder canonical; /* what inih gets */
        size_t canonical_done; /* of which inih has this much */
        bool inih_takes_values;
        int result; /* -ENOMEM met within a callback */
} Reader;

static bool inih_has_switches(void) {
        return &ini_allow_inline_comments && &ini_allow_multiline && &ini_allow_realloc &&
               &ini_initial_alloc && &ini_max_line && &ini_use_stack;
}

static void inih_set_switches(void) {
        ini_allow_inline_comments = false;
        ini_allow_multiline = false;
        ini_allow_realloc = true;
        ini_initial_alloc = 4096;
        ini_max_line = UNIT_FILE_SIZE_MAX + 4096; /* a line is never longer than its file */
        ini_use_stack = false;
}

static int reader_complain(Reader *reader, DiagnosticSeverity severity, const char *format, ...)
                _printf_(3, 4);

static int reader_complain(Reader *reader, DiagnosticSeverity severity, const char *format, ...) {
        SourcePlace place = {
                .file = reader->source->path,
                .source = reader->source->source,
                .line = reader->line,
        };
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return -ENOMEM;
        return diagnostic_add(reader->diagnostics, severity, "syntax", &place, "%s", text);
}

/* A line that is nothing: the whole file fails in one dialect, the line is left out in the other. */
static int reader_refuse(Reader *reader, const char *what) {
        bool plain = reader->source->dialect == UNIT_DIALECT_PLAIN;

        return reader_complain(reader,
                        plain ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR,
                        "'" SHOWN "' %s%s",
                        SHOWN_ARGUMENTS(reader->logical.text),
                        what,
                        plain ? "; ignored" : "");
}

/* ---- physical and logical lines ---------------------------------------------------------------- */

/* The next physical line without its blanks; false at the end. */
static bool reader_next_physical(Reader *reader, const char **ret, size_t *ret_size) {
        if (reader->next >= reader->end)
                return false;

        const char *start = reader->next;
        size_t left = (size_t) (reader->end - start);
        const char *newline = memchr(start, '\n', left);
        const char *stop = newline ?: reader->end;

        reader->next = newline ? newline + 1 : reader->end;
        reader->next_line++;
        while (start < stop && strchr(BLANKS, *start) && *start)
                start++;
        while (stop > start && strchr(BLANKS, stop[-1]) && stop[-1])
                stop--;
        *ret = start;
        *ret_size = (size_t) (stop - start);
        return true;
}

static bool is_comment(const char *s, size_t size) {
        return size > 0 && (*s == '#' || *s == ';');
}

/* Trailing blanks are cut already; systemd, unlike Podman, lets them prevent the joining. */
static bool is_continued(const Reader *reader, const char *s, size_t size) {
        size_t n = 0;

        while (n < size && s[size - 1 - n] == '\\')
                n++;
        if (reader->source->dialect == UNIT_DIALECT_QUADLET)
                return n > 0;

        const char *after = s + size;
        bool blanks_follow = after < reader->end && *after != '\n' && *after != '\r';
        return n % 2 == 1 && !blanks_follow;
}

static bool looks_like_header(const char *s, size_t size) {
        return size >= 3 && s[0] == '[' && s[size - 1] == ']';
}

static int reader_join(Reader *reader, const char *s, size_t size, bool *ret_continued) {
        bool continued = is_continued(reader, s, size);

        int r = text_builder_add(&reader->logical, s, size - continued);
        if (r >= 0 && continued && reader->source->dialect == UNIT_DIALECT_PLAIN)
                r = text_builder_add_char(&reader->logical, ' ');
        *ret_continued = continued;
        return r;
}

/* Return: 1 with the next logical line; 0 at the end; -ENOMEM. */
static int reader_next_logical(Reader *reader) {
        bool continued = false, any = false, ended = false;
        const char *s;
        size_t size;
        int r;

        reader->logical.size = 0;
        reader->looks_like_header = false;
        while (!ended && reader_next_physical(reader, &s, &size)) {
                if (is_comment(s, size))
                        continue;
                if (size == 0) {
                        ended = continued && reader->source->dialect == UNIT_DIALECT_PLAIN;
                        continue;
                }
                if (!any)
                        reader->line = reader->next_line;
                else if (looks_like_header(s, size))
                        reader->looks_like_header = true;
                any = true;
                r = reader_join(reader, s, size, &continued);
                if (r < 0)
                        return r;
                if (!continued)
                        return 1;
        }
        if (!any)
                return 0;
        if (!ended) {
                r = reader_complain(reader,
                                DIAGNOSTIC_WARNING,
                                "the file ends within a continued line; the line is used as it is");
                if (r < 0)
                        return r;
        }
        return 1;
}

/* ---- syntax of logical lines ------------------------------------------------------------------- */

/* The copy lives as long as the file. There is always room: see unit_file_parse(). */
static const char *file_store(UnitFile *file, const char *s, size_t size) {
        char *copy = file->text + file->text_size;

        assert(file->text_size + size + 1 <= file->text_allocated);
        if (size > 0)
                memcpy(copy, s, size);
        copy[size] = '\0';
        file->text_size += size + 1;
        return copy;
}

static int file_append(UnitFile *file, const UnitAssignment *a) {
        if (file->n_assignments >= file->n_assignments_allocated) {
                size_t n = file->n_assignments_allocated ? file->n_assignments_allocated * 2 : 16;
                UnitAssignment *grown = realloc(file->assignments, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                file->assignments = grown;
                file->n_assignments_allocated = n;
        }
        file->assignments[file->n_assignments] = *a;
        file->assignments[file->n_assignments++].file = file;
        return 0;
}

static int file_append_header(UnitFile *file, const UnitHeader *h) {
        if (file->n_headers >= file->n_headers_allocated) {
                size_t n = file->n_headers_allocated ? file->n_headers_allocated * 2 : 4;
                UnitHeader *grown = realloc(file->headers, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                file->headers = grown;
                file->n_headers_allocated = n;
        }
        file->headers[file->n_headers++] = *h;
        return 0;
}

static bool inih_keeps_name(const char *name, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (strchr(":=;#", name[i]))
                        return false;
        }
        return size > 0 && size <= INIH_NAME_MAX;
}

static int reader_header(Reader *reader, const char *line) {
        size_t size = strlen(line);

        if (size < 3 || line[size - 1] != ']')
                return reader_refuse(reader, "is not a section header");
        for (size_t i = 1; i < size - 1; i++) {
                unsigned char c = (unsigned char) line[i];
                if (c == '[' || c == ']' || c < ' ' || c == 0x7f)
                        return reader_refuse(reader, "is not a section header");
        }

        reader->section = file_store(reader->file, line + 1, size - 2);
        UnitHeader h = { .section = reader->section, .line = reader->line };
        int r = file_append_header(reader->file, &h);
        if (r < 0 || !inih_keeps_name(h.section, size - 2))
                return r; /* the reader's own section is what counts */

        r = text_builder_add(&reader->canonical, line, size);
        return r < 0 ? r : text_builder_add_char(&reader->canonical, '\n');
}

static int reader_hand_to_inih(
                Reader *reader, const char *key, size_t key_size, const char *value) {
        const char *right = value;
        char number[32];
        int r;

        if (!reader->inih_takes_values) {
                reader->value = file_store(reader->file, value, strlen(value));
                (void) snprintf(number, sizeof(number), "%zu", reader->file->n_assignments);
                right = number;
        }
        r = text_builder_add(&reader->canonical, key, key_size);
        if (r >= 0)
                r = text_builder_add_char(&reader->canonical, '=');
        if (r >= 0)
                r = text_builder_add(&reader->canonical, right, strlen(right));
        return r < 0 ? r : text_builder_add_char(&reader->canonical, '\n');
}

static int reader_assignment(Reader *reader, const char *line) {
        const char *equals = strchr(line, '=');

        if (!equals || equals == line)
                return reader_refuse(reader, "is not KEY=VALUE, a section header or a comment");
        if (!reader->section)
                return reader_refuse(reader, "stands before any section header");

        size_t key_size = (size_t) (equals - line);
        while (key_size > 0 && strchr(BLANKS, line[key_size - 1]))
                key_size--;
        const char *value = equals + 1 + strspn(equals + 1, BLANKS);

        if (inih_keeps_name(line, key_size))
                return reader_hand_to_inih(reader, line, key_size, value);

        /* No key of ours looks like this, but the message about it shall show all of it. */
        UnitAssignment a = {
                .section = reader->section,
                .key = file_store(reader->file, line, key_size),
                .value = file_store(reader->file, value, strlen(value)),
                .line = reader->line,
        };
        return file_append(reader->file, &a);
}

/* What is left of a line before a backslash that joined nothing. */
static void reader_trim(Reader *reader) {
        TextBuilder *b = &reader->logical;

        while (b->size > 0 && b->text[b->size - 1] && strchr(BLANKS, b->text[b->size - 1]))
                b->text[--b->size] = '\0';
}

/* Looks at the logical line; fills canonical if it is for inih. */
static int reader_classify(Reader *reader) {
        const char *line = reader->logical.text;
        int r;

        reader_trim(reader);
        if (strlen(line) != reader->logical.size)
                return reader_refuse(reader, "is followed by a NUL byte: this is no text file");
        if (!utf8_is_valid(line, reader->logical.size))
                return reader_refuse(reader, "is not valid UTF-8");

        if (*line == '[')
                return reader_header(reader, line);
        r = reader_assignment(reader, line);
        if (r >= 0 && reader->looks_like_header)
                r = reader_complain(reader,
                                DIAGNOSTIC_WARNING,
                                "a continued line swallows a section header");
        return r;
}

/* ---- between the reader and inih --------------------------------------------------------------- */

/* fgets() for inih: the canonical lines, piecewise if its buffer is too small for one. */
static char *reader_gets(char *buffer, int size, void *stream) {
        Reader *reader = stream;

        if (reader->canonical_done == reader->canonical.size) {
                reader->canonical.size = reader->canonical_done = 0;
                while (reader->canonical.size == 0) {
                        int r = reader_next_logical(reader);
                        if (r > 0)
                                r = reader_classify(reader) ?: 1;
                        if (r < 0)
                                reader->result = r;
                        if (r <= 0)
                                return NULL;
                }
        }

        size_t n = MIN(reader->canonical.size - reader->canonical_done, (size_t) size - 1);
        memcpy(buffer, reader->canonical.text + reader->canonical_done, n);
        buffer[n] = '\0';
        reader->canonical_done += n;
        return buffer;
}

static int reader_on_key(void *userdata, const char *section, const char *key, const char *value) {
        Reader *reader = userdata;

        (void) section; /* the same as reader->section, but cut if it is long */
        UnitAssignment a = {
                .section = reader->section,
                .key = file_store(reader->file, key, strlen(key)),
                .line = reader->line,
        };
        a.value = reader->inih_takes_values ? file_store(reader->file, value, strlen(value))
                                            : reader->value;

        int r = file_append(reader->file, &a);
        if (r < 0)
                reader->result = r;
        return r >= 0;
}

static void reader_done(Reader *reader) {
        text_builder_done(&reader->logical);
        text_builder_done(&reader->canonical);
}

int unit_file_parse(const UnitFileSource *source, DiagnosticList *diagnostics, UnitFile **ret) {
        _cleanup_(unit_file_freep) UnitFile *file = calloc(1, sizeof(UnitFile));
        if (!file)
                return -ENOMEM;

        file->source = source->source;
        file->path = strdup(source->path);
        /* "k=v\n" needs as many bytes as its two strings, a last line without newline one more. */
        file->text_allocated = source->size + 2;
        file->text = malloc(file->text_allocated);
        if (!file->path || !file->text)
                return -ENOMEM;

        _cleanup_(reader_done) Reader reader = {
                .source = source,
                .diagnostics = diagnostics,
                .file = file,
                .next = source->text,
                .end = source->text + source->size,
                .inih_takes_values = !source->portable && inih_has_switches(),
        };
        if (source->size >= strlen(UTF8_BOM) &&
                        memcmp(source->text, UTF8_BOM, strlen(UTF8_BOM)) == 0)
                reader.next += strlen(UTF8_BOM);
        if (reader.inih_takes_values)
                inih_set_switches();

        int r = ini_parse_stream(reader_gets, &reader, reader_on_key, &reader);
        if (reader.result < 0 || r == -2)
                return -ENOMEM;
        if (r != 0) {
                /* Every line was checked before: inih and the reader disagree about one of them. */
                r = reader_complain(&reader, DIAGNOSTIC_ERROR, "the file can't be split into keys");
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(file);
        return 0;
}

UnitFile *unit_file_free(UnitFile *f) {
        if (!f)
                return NULL;

        free(f->path);
        free(f->assignments);
        free(f->headers);
        free(f->text);
        strv_free(f->made);
        free(f);
        return NULL;
}
