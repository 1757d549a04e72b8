/* SPDX-License-Identifier: MIT */
#include "unitfile/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Errors decide whether a unit loads, so warnings never take the last places. */
#define ERRORS_MAX (2U * DIAGNOSTICS_MAX)

#define SHOWN_MAX 80U

static const char *const severity_names[] = {
        [DIAGNOSTIC_NOTICE] = "notice",
        [DIAGNOSTIC_WARNING] = "warning",
        [DIAGNOSTIC_ERROR] = "error",
};
static_assert(ELEMENTSOF(severity_names) == _DIAGNOSTIC_SEVERITY_MAX, "every severity has a name");

const char *diagnostic_severity_to_string(DiagnosticSeverity severity) {
        if (severity < 0 || severity >= _DIAGNOSTIC_SEVERITY_MAX)
                return NULL;
        return severity_names[severity];
}

static void diagnostic_done(Diagnostic *d) {
        free(d->file);
        free(d->section);
        free(d->key);
        free(d->message);
}

int diagnostic_shown_size(const char *s) {
        size_t n = strnlen(s, SHOWN_MAX + 1);

        if (n <= SHOWN_MAX)
                return (int) n;
        n = SHOWN_MAX;
        while (n > 0 && (s[n] & 0xc0) == 0x80) /* within a UTF-8 sequence */
                n--;
        return (int) n;
}

const char *diagnostic_shown_dots(const char *s) {
        return strnlen(s, SHOWN_MAX + 1) > SHOWN_MAX ? "…" : "";
}

bool diagnostic_list_is_full(const DiagnosticList *list) {
        return list->n_items >= DIAGNOSTICS_MAX;
}

static int diagnostic_list_grow(DiagnosticList *list) {
        if (list->n_items < list->n_allocated)
                return 0;

        size_t n = list->n_allocated ? list->n_allocated * 2 : 8;
        Diagnostic *items = realloc(list->items, n * sizeof(Diagnostic));
        if (!items)
                return -ENOMEM;
        list->items = items;
        list->n_allocated = n;
        return 0;
}

/* What comes from a file is shown on terminals: nothing in it may be more than text there. */
static int copy_printable(const char *s, char **ret) {
        if (!s) {
                *ret = NULL;
                return 0;
        }
        *ret = text_escape_controls(s);
        return *ret ? 0 : -ENOMEM;
}

int diagnostic_add(DiagnosticList *list,
                DiagnosticSeverity severity,
                const char *code,
                const SourcePlace *place,
                const char *format,
                ...) {
        size_t limit = severity == DIAGNOSTIC_ERROR ? ERRORS_MAX : DIAGNOSTICS_MAX;
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int r;

        if (!list->any || severity > list->worst)
                list->worst = severity;
        list->any = true;
        if (list->n_items >= limit) {
                list->n_dropped++;
                return 0;
        }

        r = diagnostic_list_grow(list);
        if (r < 0)
                return r;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return -ENOMEM;

        Diagnostic d = {
                .severity = severity,
                .code = code,
                .source = place->source,
                .line = place->line,
                .column = place->column,
        };
        r = copy_printable(place->file, &d.file);
        if (r >= 0)
                r = copy_printable(place->section, &d.section);
        if (r >= 0)
                r = copy_printable(place->key, &d.key);
        if (r >= 0)
                r = copy_printable(text, &d.message);
        if (r < 0) {
                diagnostic_done(&d);
                return r;
        }

        list->items[list->n_items++] = d;
        return 0;
}

char *diagnostic_format(const Diagnostic *d) {
        const char *dot = d->section && d->key ? "." : "";
        const char *colon = d->section || d->key ? ": " : "";
        char line[16] = "";

        if (d->line > 0)
                (void) snprintf(line, sizeof(line), ":%u", d->line); /* fits any unsigned */
        return str_printf("%s%s: %s%s%s%s%s [%s]",
                        d->file ?: "-",
                        line,
                        d->section ?: "",
                        dot,
                        d->key ?: "",
                        colon,
                        d->message,
                        d->code);
}

int diagnostic_list_move(DiagnosticList *to, DiagnosticList *from) {
        if (!from->any)
                return 0;

        Diagnostic *items =
                        realloc(to->items, (to->n_items + from->n_items + 1) * sizeof(Diagnostic));
        if (!items)
                return -ENOMEM;
        to->items = items;
        to->n_allocated = to->n_items + from->n_items + 1;
        if (from->n_items > 0)
                memcpy(to->items + to->n_items, from->items, from->n_items * sizeof(Diagnostic));
        to->n_items += from->n_items;
        to->n_dropped += from->n_dropped;
        to->worst = to->any ? MAX(to->worst, from->worst) : from->worst;
        to->any = true;
        free(from->items);
        *from = (DiagnosticList) {};
        return 0;
}

/* What concerns a whole file stands behind what has a line. */
static int diagnostic_compare(const void *a, const void *b) {
        const Diagnostic *x = a, *y = b;
        unsigned x_line = x->line - 1, y_line = y->line - 1; /* 0 becomes the largest */

        if (x->source != y->source)
                return x->source < y->source ? -1 : 1;
        if (x_line != y_line)
                return x_line < y_line ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

void diagnostic_list_sort(DiagnosticList *list) {
        for (size_t i = 0; i < list->n_items; i++)
                list->items[i].order = (unsigned) i;
        if (list->n_items > 1)
                qsort(list->items, list->n_items, sizeof(Diagnostic), diagnostic_compare);
}

DiagnosticSeverity diagnostic_list_worst(const DiagnosticList *list) {
        return list->any ? list->worst : _DIAGNOSTIC_SEVERITY_INVALID;
}

void diagnostic_list_done(DiagnosticList *list) {
        for (size_t i = 0; i < list->n_items; i++)
                diagnostic_done(&list->items[i]);
        free(list->items);
        *list = (DiagnosticList) {};
}
