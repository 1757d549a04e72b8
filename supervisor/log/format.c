/* SPDX-License-Identifier: MIT */
#include "log/format.h"

#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define INDENT_MAX 80 /* of further lines of one message; deeper is of no use to the eye */

/* clang-format off */
static const char *const format_names[] = {
        [LOG_FORMAT_SHORT] = "short",
        [LOG_FORMAT_CAT]   = "cat",
        [LOG_FORMAT_JSON]  = "json",
};

/* By syslog's priority, as journalctl colours. */
static const char *const colours[] = {
        [LOG_EMERG]   = "\x1b[1;31m",
        [LOG_ALERT]   = "\x1b[1;31m",
        [LOG_CRIT]    = "\x1b[1;31m",
        [LOG_ERR]     = "\x1b[1;31m",
        [LOG_WARNING] = "\x1b[1;33m",
        [LOG_NOTICE]  = "\x1b[1m",
        [LOG_INFO]    = NULL,
        [LOG_DEBUG]   = "\x1b[2m",
};
/* clang-format on */
static_assert(ELEMENTSOF(format_names) == _LOG_FORMAT_MAX, "every format has a name");

LogFormat log_format_from_string(const char *name) {
        for (LogFormat format = 0; format < _LOG_FORMAT_MAX; format++) {
                if (str_equal(format_names[format], name))
                        return format;
        }
        return _LOG_FORMAT_INVALID;
}

/*
 * Escape sequences move the cursor, rename the window, or answer as if typed. U+0080 to U+009F are
 * control characters, too: some terminals take U+009B for the start of a sequence. Tabs are harmless.
 */
static bool is_printable(const char *s, size_t size) {
        unsigned char c = (unsigned char) s[0];

        if (size == 1)
                return c == '\t' || (c >= ' ' && c != 0x7f);
        return size > 2 || c != 0xc2 || (unsigned char) s[1] >= 0xa0;
}

static void write_escaped(const char *s, size_t size, FILE *out) {
        while (size > 0) {
                size_t n = utf8_sequence_size(s, size);

                if (n > 0 && is_printable(s, n))
                        (void) fwrite(s, 1, n, out); /* ferror() tells, at the end */
                else {
                        n = MAX(n, (size_t) 1);
                        for (size_t i = 0; i < n; i++)
                                (void) fprintf(out, "\\x%02x", (unsigned char) s[i]);
                }
                s += n;
                size -= n;
        }
}

static void write_bytes(const char *s, size_t size, bool escape, FILE *out) {
        if (escape)
                write_escaped(s, size, out);
        else
                (void) fwrite(s, 1, size, out); /* ferror() tells, at the end */
}

/* Return: how many columns it took, about. */
static int write_prefix(const LogLine *line, const LogFormatOptions *options, FILE *out) {
        const char *hostname = line->hostname ?: options->hostname ?: "-";
        const char *identifier = line->identifier ?: "unknown";
        time_t seconds = (time_t) (line->realtime_usec / USEC_PER_SEC);
        char stamp[64]; /* the format's own width, not a name */
        struct tm tm;

        if (!localtime_r(&seconds, &tm) ||
                        strftime(stamp, sizeof(stamp), "%b %d %H:%M:%S", &tm) == 0)
                stamp[0] = '\0';

        int columns = fprintf(out, "%s ", stamp);
        write_bytes(hostname, strlen(hostname), options->escape, out);
        (void) fputc(' ', out); /* ferror() tells, at the end */
        write_bytes(identifier, strlen(identifier), options->escape, out);
        columns += (int) MIN(strlen(hostname) + 1 + strlen(identifier), (size_t) INDENT_MAX);
        if (line->pid > 0)
                columns += fprintf(out, "[%d]", line->pid);
        columns += fprintf(out, ": ");
        return MIN(columns, INDENT_MAX);
}

/* A message of several lines goes on below its beginning, so that no line passes for another's. */
static void write_text(
                const LogLine *line, const LogFormatOptions *options, int indent, FILE *out) {
        const char *colour = NULL, *p = line->text, *end = p + line->size;

        if (options->colour && line->priority >= 0 && line->priority < (int) ELEMENTSOF(colours))
                colour = colours[line->priority];

        for (;;) {
                const char *nl = memchr(p, '\n', (size_t) (end - p));

                (void) fputs(colour ?: "", out); /* ferror() tells, at the end */
                write_bytes(p, (size_t) ((nl ?: end) - p), options->escape, out);
                (void) fputs(colour ? "\x1b[0m\n" : "\n", out);
                if (!nl)
                        return;
                p = nl + 1;
                (void) fprintf(out, "%*s", indent, "");
        }
}

int log_format_write(const LogLine *line, const LogFormatOptions *options, FILE *out) {
        int indent = 0;

        errno = 0;
        if (options->format == LOG_FORMAT_SHORT)
                indent = write_prefix(line, options, out);
        write_text(line, options, indent, out);
        return ferror(out) ? -(errno ?: EIO) : 0;
}
