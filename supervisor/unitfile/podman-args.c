/* SPDX-License-Identifier: MIT */
#include "unitfile/podman-args.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unitfile/podman-args-internal.h"
#include "unitfile/words.h"

static int complain(PodmanLine *line, const char *code, const char *text) {
        SourcePlace place = {
                .file = line->file->path,
                .source = line->file->source,
                .line = line->at->line,
                .section = line->at->section,
                .key = line->at->key,
        };

        return diagnostic_add(line->diagnostics, DIAGNOSTIC_ERROR, code, &place, "%s", text);
}

int podman_complain(PodmanLine *line, const PodmanFlag *flag, const char *value, const char *what) {
        _cleanup_free_ char *text =
                        str_printf("%s: '" SHOWN "' %s", flag->name, SHOWN_ARGUMENTS(value), what);

        return text ? complain(line, "bad-value", text) : -ENOMEM;
}

/* ---- what is made -------------------------------------------------------------------------------- */

static int line_add(PodmanLine *line, const UnitAssignment *a) {
        if (line->n_to == line->n_allocated) {
                size_t n = MAX(line->n_allocated * 2, 16U);
                UnitAssignment *to = reallocarray(line->to, n, sizeof(*to));
                if (!to)
                        return -ENOMEM;
                line->to = to;
                line->n_allocated = n;
        }
        line->to[line->n_to++] = *a;
        return 0;
}

/* A word that is split and unquoted again gives what it was. */
static int quote(TextBuilder *b, const char *value, bool escapes) {
        int r = text_builder_add_char(b, '\'');

        for (const char *p = value; *p && r >= 0; p++) {
                if (*p == '\'') /* out of the quotes, one in the other kind, and in again */
                        r = text_builder_add(b, "'\"'\"'", 5);
                else if (*p == '\\' && escapes)
                        r = text_builder_add(b, "\\\\", 2);
                else
                        r = text_builder_add_char(b, *p);
        }
        return r < 0 ? r : text_builder_add_char(b, '\'');
}

static int write_value(TextBuilder *b, PodmanStyle style, const char *value) {
        size_t size = strlen(value);
        bool surrounded = size >= 2 && value[0] == '"' && value[size - 1] == '"';
        int r = 0;

        if (style == STYLE_WORD || style == STYLE_ESCAPED)
                return quote(b, value, style == STYLE_ESCAPED);
        if (style == STYLE_STRING && surrounded)
                r = text_builder_add_char(b, '"');
        if (r >= 0)
                r = text_builder_add(b, value, size);
        if (r >= 0 && style == STYLE_STRING && surrounded)
                r = text_builder_add_char(b, '"');
        return r;
}

int podman_assign(PodmanLine *line,
                const PodmanFlag *flag,
                const char *section,
                const char *key,
                PodmanStyle style,
                const char *value) {
        _cleanup_(text_builder_done) TextBuilder b = {};

        int r = write_value(&b, style, value);
        if (r < 0)
                return r;
        _cleanup_free_ char *text = text_builder_take(&b);
        if (!text)
                return -ENOMEM;

        UnitAssignment a = {
                .file = line->file,
                .section = section ?: line->at->section,
                .key = key,
                .value = text,
                .line = line->at->line,
                .flag = flag->name,
        };
        r = word_list_add(line->made, &text);
        return r < 0 ? r : line_add(line, &a);
}

/* ---- flags --------------------------------------------------------------------------------------- */

static int complain_unknown(PodmanLine *line, const PodmanCommand *command, const char *word) {
        const char *names[128] = {};
        size_t n = 0, size = strcspn(word, "=");
        _cleanup_free_ char *flag = strndup(word, size);

        for (const PodmanFlag *f = command->flags; f->name && n + 1 < ELEMENTSOF(names); f++)
                names[n++] = f->name;
        if (!flag)
                return -ENOMEM;
        /* Nobody reads that many suggestions, and each costs a look at all flags. */
        bool suggests = str_has_prefix(flag, "--") && !diagnostic_list_is_full(line->diagnostics);
        const char *meant = suggests ? text_suggest(flag, names) : NULL;
        _cleanup_free_ char *text = str_printf(
                        "'" SHOWN "' is none of the flags of %s that supd has a key for%s%s%s",
                        SHOWN_ARGUMENTS(flag),
                        command->words,
                        meant ? "; did you mean '" : "; supd.unit(5) lists them",
                        meant ?: "",
                        meant ? "'?" : "");
        return text ? complain(line, "unknown-flag", text) : -ENOMEM;
}

/* "--name", "--name=value", "-v", "-vVALUE". *ret_value: what is stuck to it, or NULL. */
static const PodmanFlag *flag_find(
                const PodmanCommand *command, const char *word, const char **ret_value) {
        size_t size = strcspn(word, "=");

        *ret_value = NULL;
        for (const PodmanFlag *f = command->flags; f->name; f++) {
                if (strlen(f->name) == size && memcmp(f->name, word, size) == 0) {
                        *ret_value = word[size] ? word + size + 1 : NULL;
                        return f;
                }
                if (f->letter == '\0' || word[0] != '-' || word[1] != f->letter)
                        continue;
                if (word[2])
                        *ret_value = word + 2 + (word[2] == '=');
                return f;
        }
        return NULL;
}

/* The words that Go takes for a truth value, as it is Podman's. NULL: none of them. */
static const char *truth(const char *value) {
        static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" }, *const no[] = {
                "0", "f", "F", "false", "FALSE", "False"
        };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (strcmp(value, yes[i]) == 0)
                        return "true";
                if (strcmp(value, no[i]) == 0)
                        return "false";
        }
        return NULL;
}

static int apply_flag(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        const char *given = value;

        if (flag->boolean)
                value = truth(given ?: "true");
        if (flag->boolean && !value)
                return podman_complain(line, flag, given, "is neither true nor false");
        if (*value == '\0' && !flag->may_be_empty)
                return podman_complain(line, flag, value, "is no value for this flag");
        if (flag->apply)
                return flag->apply(line, flag, value);
        return podman_assign(line, flag, NULL, flag->key, flag->style, value);
}

/* The flag at *i, which goes on to the last word that belongs to it. */
static int read_flag(
                PodmanLine *line, const PodmanCommand *command, char *const *words, size_t *i) {
        const char *value, *word = words[*i];
        const PodmanFlag *flag = flag_find(command, word, &value);

        if (!flag) {
                /* Whatever follows is its value, or would be one complaint too many. */
                while (words[*i + 1] && words[*i + 1][0] != '-')
                        (*i)++;
                return complain_unknown(line, command, word);
        }
        if (!value && !flag->boolean) {
                value = words[*i + 1];
                if (!value)
                        return podman_complain(
                                        line, flag, "", "is all that follows; it needs a value");
                (*i)++;
        }
        return apply_flag(line, flag, value);
}

/* ---- lines and files ----------------------------------------------------------------------------- */

static int expand_line(PodmanLine *line, const PodmanCommand *command) {
        _cleanup_(word_list_done) WordList words = {};
        const char *problem = "";

        int r = words_split(line->at->value, WORDS_COMMAND, &words, &problem);
        if (r == -EINVAL)
                return complain(line, "bad-value", problem);
        for (size_t i = 0; i < words.n_words && r >= 0; i++)
                r = read_flag(line, command, words.words, &i);
        return r;
}

static bool is_podman_args(const UnitAssignment *a, const char *section) {
        return strcmp(a->key, "PodmanArgs") == 0 && strcmp(a->section, section) == 0;
}

/* @skip: how many PodmanArgs= do not count any more; counts down */
static int expand_file(UnitFile *file,
                const PodmanCommand *command,
                size_t *skip,
                DiagnosticList *diagnostics) {
        _cleanup_(word_list_done) WordList made = {};
        PodmanLine line = { .file = file, .diagnostics = diagnostics, .made = &made };
        int r = 0;

        for (size_t i = 0; i < file->n_assignments && r >= 0; i++) {
                line.at = &file->assignments[i];
                if (!is_podman_args(line.at, command->section))
                        r = line_add(&line, line.at);
                else if (*skip > 0)
                        (*skip)--;
                else
                        r = expand_line(&line, command);
        }
        if (r < 0) {
                free(line.to);
                return r;
        }
        free(file->assignments);
        file->assignments = line.to;
        file->n_assignments = line.n_to;
        file->n_assignments_allocated = line.n_allocated;
        file->made = word_list_take(&made);
        return 0;
}

int podman_args_expand(UnitSource *source, const char *section, DiagnosticList *diagnostics) {
        const PodmanCommand *command = section ? podman_command_find(section) : NULL;
        size_t n = 0, skip = 0;

        for (size_t i = 0; command && i < source->n_files; i++) {
                for (size_t j = 0; j < source->files[i]->n_assignments; j++) {
                        const UnitAssignment *a = &source->files[i]->assignments[j];
                        if (!is_podman_args(a, section))
                                continue;
                        n++;
                        if (*a->value == '\0')
                                skip = n;
                }
        }
        for (size_t i = 0; n > 0 && i < source->n_files; i++) {
                int r = expand_file(source->files[i], command, &skip, diagnostics);
                if (r < 0)
                        return r;
        }
        return 0;
}
