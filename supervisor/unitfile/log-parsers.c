/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

static int parse_number(
                KeyInput *in, int *target, int (*from_string)(const char *), const char *what) {
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                int number = from_string(s);
                if (number >= 0)
                        *target = number;
                else if ((r = input_bad_value(in, a, s, what)) < 0)
                        return r;
        }
        return 0;
}

int parse_log_level(KeyInput *in, void *target) {
        return parse_number(in,
                        target,
                        log_level_from_string,
                        "is not emerg, alert, crit, err, warning, notice, info, debug or 0 to 7");
}

int parse_log_facility(KeyInput *in, void *target) {
        return parse_number(in,
                        target,
                        log_facility_from_string,
                        "is not a facility of syslog, such as daemon or local0");
}

/* ---- lists --------------------------------------------------------------------------------------- */

/* Those that begin with '_' are journald's own word; nobody else's would be believed. */
static bool field_is_valid(const char *s) {
        size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        return s[n] == '=' && n > 0 && n <= LOG_FIELD_NAME_SIZE_MAX && *s != '_' &&
               !(*s >= '0' && *s <= '9');
}

int parse_log_fields(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList words = {};

                int r = input_words(in, a, WORDS_COMMAND, &words);
                for (size_t i = 0; r >= 0 && i < words.n_words; i++) {
                        const char *word = words.words[i];

                        if (!field_is_valid(word))
                                r = input_bad_value(in,
                                                a,
                                                word,
                                                "is not FIELD=VALUE with a name of A to Z, 0 to 9 "
                                                "and _");
                        else if (list.n_words == LOG_EXTRA_FIELDS_MAX)
                                r = input_bad_value(in, a, word, "is one field too many");
                        else
                                r = word_list_add_copy(&list, word);
                }
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

/* Whether they are regular expressions only journald knows, which compiles them. */
int parse_log_patterns(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;
        size_t size = 0;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                size += strlen(s) + 1;
                if (s[*s == '~'] == '\0' || memchr(s, 0xff, strlen(s)))
                        r = input_bad_value(in, a, s, "is not a pattern");
                else if (size > LOG_FILTER_PATTERNS_SIZE_MAX)
                        r = input_bad_value(in, a, s, "is one pattern too many");
                else
                        r = word_list_add(&list, &s);
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

/* ---- streams ------------------------------------------------------------------------------------- */

static int stream_from_string(const char *s, StreamSpec *ret) {
        static const struct {
                const char *word;
                StreamKind kind;
        } words[] = {
                { "inherit", STREAM_INHERIT },
                { "null", STREAM_NULL },
                { "journal", STREAM_LOG },
                { "syslog", STREAM_LOG }, /* what systemd has made of it since */
        };
        static const StreamKind files[] = { STREAM_FILE, STREAM_APPEND, STREAM_TRUNCATE };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                if (strcmp(words[i].word, s) == 0) {
                        *ret = (StreamSpec) { .kind = words[i].kind };
                        return 0;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                const char *name = stream_kind_to_string(files[i]);
                size_t n = strlen(name);

                if (strncmp(name, s, n) != 0 || s[n] != ':' || s[n + 1] != '/')
                        continue;
                *ret = (StreamSpec) { .kind = files[i], .path = strdup(s + n + 1) };
                return ret->path ? 0 : -ENOMEM;
        }
        return -EINVAL;
}

static int parse_stream(KeyInput *in, StreamSpec *stream, bool is_input, const char *what) {
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;
        StreamSpec parsed = {};

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        r = stream_from_string(s, &parsed);
        if (r >= 0 && is_input && parsed.kind != STREAM_NULL && parsed.kind != STREAM_FILE) {
                free(parsed.path);
                r = -EINVAL;
        }
        if (r == -EINVAL)
                return input_bad_value(in, a, s, what);
        if (r < 0)
                return r;
        free(stream->path);
        *stream = parsed;
        return 0;
}

int parse_output_stream(KeyInput *in, void *target) {
        return parse_stream(in,
                        target,
                        /* is_input= */ false,
                        "is not journal, null, inherit, file:PATH, append:PATH or truncate:PATH");
}

int parse_input_stream(KeyInput *in, void *target) {
        return parse_stream(in, target, /* is_input= */ true, "is not null or file:PATH");
}
