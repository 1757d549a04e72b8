/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/text-builder.h"
#include "unitfile/unit-spec.h"

/*
 * Environment files in the two syntaxes of UNITS.md 2.4. Names that are set more than once stay in the
 * vector more than once, the last counts: to look for them here would be quadratic.
 */

/* ---- [Container]: raw lines ---------------------------------------------------------------------- */

static bool import_matches(const char *assignment, const char *name, size_t size, bool is_prefix) {
        if (strncmp(assignment, name, size) != 0)
                return false;
        return is_prefix ? strchr(assignment, '=') != NULL : assignment[size] == '=';
}

/* NAME, or NAME* for all that begin with it. */
static int import_names(const char *name, char *const *import, WordList *list) {
        size_t size = strlen(name);
        bool is_prefix = size > 0 && name[size - 1] == '*';

        STRV_FOREACH (assignment, import) {
                if (!import_matches(*assignment, name, size - is_prefix, is_prefix))
                        continue;
                int r = word_list_add_copy(list, *assignment);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_raw_line(const char *line, size_t size, char *const *import, WordList *list) {
        size_t blanks = strspn(line, " \t");

        if (blanks >= size || line[blanks] == '#')
                return 0;

        _cleanup_free_ char *copy = strndup(line + blanks, size - blanks);
        if (!copy)
                return -ENOMEM;

        size_t name_size = strcspn(copy, "=");
        if (name_size == 0)
                return -EINVAL;
        if (copy[name_size] == '=')
                return word_list_add(list, &copy);

        while (name_size > 0 && strchr(" \t", copy[name_size - 1]))
                copy[--name_size] = '\0';
        return import_names(copy, import, list);
}

int environment_parse_raw(const char *text, char *const *import, char ***ret, unsigned *ret_line) {
        _cleanup_(word_list_done) WordList list = {};

        for (unsigned line = 1; *text; line++) {
                size_t size = strcspn(text, "\n");
                size_t shown = size > 0 && text[size - 1] == '\r' ? size - 1 : size;

                int r = parse_raw_line(text, shown, import, &list);
                if (r < 0) {
                        *ret_line = line;
                        return r;
                }
                text += size + (text[size] == '\n');
        }

        *ret = word_list_take(&list);
        return 0;
}

/* ---- [Service]: systemd's syntax ----------------------------------------------------------------- */

typedef struct EnvironmentReader {
        const char *next; /* borrowed */
        unsigned line;
} EnvironmentReader;

static char reader_take(EnvironmentReader *reader) {
        if (*reader->next == '\n')
                reader->line++;
        return *reader->next++;
}

/* To the end of the line, over escaped newlines too: a comment may be continued. */
static void reader_skip_comment(EnvironmentReader *reader) {
        while (*reader->next && *reader->next != '\n') {
                if (*reader->next == '\\' && reader->next[1])
                        (void) reader_take(reader); /* what it escapes is skipped as well */
                (void) reader_take(reader);
        }
}

/* Within single quotes all is literal. Behind the opening quote at first, behind the closing after. */
static int reader_single_quoted(EnvironmentReader *reader, TextBuilder *b) {
        while (*reader->next != '\'') {
                if (*reader->next == '\0')
                        return -EINVAL;
                int r = text_builder_add_char(b, reader_take(reader));
                if (r < 0)
                        return r;
        }
        (void) reader_take(reader); /* the closing quote */
        return 0;
}

/* Within double quotes a backslash escapes itself and '"', '`', '$'; before a newline it joins. */
static int reader_double_quoted(EnvironmentReader *reader, TextBuilder *b) {
        while (*reader->next != '"') {
                char c = reader_take(reader);
                int r = 0;

                if (c == '\0')
                        return -EINVAL;
                if (c == '\\' && *reader->next == '\0')
                        return -EINVAL;
                if (c == '\\' && *reader->next == '\n') {
                        (void) reader_take(reader); /* joined */
                        continue;
                }
                if (c == '\\' && strchr("\"\\`$", *reader->next))
                        c = reader_take(reader);
                r = text_builder_add_char(b, c);
                if (r < 0)
                        return r;
        }
        (void) reader_take(reader); /* the closing quote */
        return 0;
}

/* One character outside of quotes, or what a quote encloses. */
static int reader_value_part(EnvironmentReader *reader, TextBuilder *b, size_t *solid) {
        char c = reader_take(reader);
        int r;

        if (c == '\'' || c == '"')
                r = c == '"' ? reader_double_quoted(reader, b) : reader_single_quoted(reader, b);
        else if (c == '\\' && *reader->next) {
                c = reader_take(reader);
                r = c == '\n' ? 0 : text_builder_add_char(b, c);
        } else {
                r = text_builder_add_char(b, c);
                if (isspace((unsigned char) c))
                        return r; /* dropped later if nothing follows */
        }
        *solid = b->size;
        return r;
}

/* The value, with blanks around it cut unless they are quoted. */
static int reader_value(EnvironmentReader *reader, TextBuilder *b) {
        size_t solid = b->size;

        reader->next += strspn(reader->next, " \t");
        while (*reader->next && *reader->next != '\n') {
                int r = reader_value_part(reader, b, &solid);
                if (r < 0)
                        return r;
        }
        b->size = solid;
        b->text[solid] = '\0';
        return 0;
}

static bool environment_name_is_valid(const char *s, size_t size) {
        if (size == 0 || isdigit((unsigned char) *s))
                return false;
        for (size_t i = 0; i < size; i++) {
                if (!isalnum((unsigned char) s[i]) && s[i] != '_')
                        return false;
        }
        return true;
}

static int reader_assignment(EnvironmentReader *reader, WordList *list) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        size_t size = strcspn(reader->next, "=\n"), name_size = size;

        if (reader->next[size] != '=')
                return -EINVAL;
        while (name_size > 0 && strchr(" \t", reader->next[name_size - 1]))
                name_size--;
        if (!environment_name_is_valid(reader->next, name_size))
                return -EINVAL;

        int r = text_builder_add(&b, reader->next, name_size);
        if (r >= 0)
                r = text_builder_add_char(&b, '=');
        if (r < 0)
                return r;
        reader->next += size + 1;
        r = reader_value(reader, &b);
        if (r < 0)
                return r;

        _cleanup_free_ char *assignment = text_builder_take(&b);
        return assignment ? word_list_add(list, &assignment) : -ENOMEM;
}

int environment_parse_systemd(const char *text, char ***ret, unsigned *ret_line) {
        _cleanup_(word_list_done) WordList list = {};
        EnvironmentReader reader = { .next = text, .line = 1 };

        for (;;) {
                unsigned line;
                int r = 0;

                while (isspace((unsigned char) *reader.next))
                        (void) reader_take(&reader); /* blank lines and indentation */
                if (*reader.next == '\0')
                        break;

                line = reader.line;
                if (strchr("#;", *reader.next))
                        reader_skip_comment(&reader);
                else
                        r = reader_assignment(&reader, &list);
                if (r < 0) {
                        *ret_line = line;
                        return r;
                }
        }

        *ret = word_list_take(&list);
        return 0;
}
