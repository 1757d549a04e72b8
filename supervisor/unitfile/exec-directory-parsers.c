/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define CREDENTIAL_ID_SIZE_MAX 255U

/* clang-format off */
const ExecDirectoryKindInfo exec_directory_kinds[_EXEC_DIRECTORY_KIND_MAX] = {
        [EXEC_DIRECTORY_RUNTIME]       = { "RuntimeDirectory",       "/run",       "RUNTIME_DIRECTORY" },
        [EXEC_DIRECTORY_STATE]         = { "StateDirectory",         "/var/lib",   "STATE_DIRECTORY" },
        [EXEC_DIRECTORY_CACHE]         = { "CacheDirectory",         "/var/cache", "CACHE_DIRECTORY" },
        [EXEC_DIRECTORY_LOGS]          = { "LogsDirectory",          "/var/log",   "LOGS_DIRECTORY" },
        [EXEC_DIRECTORY_CONFIGURATION] = { "ConfigurationDirectory", "/etc",       "CONFIGURATION_DIRECTORY" },
};

static const char *const preserve_names[] = {
        [DIRECTORY_PRESERVE_NO]      = "no",
        [DIRECTORY_PRESERVE_RESTART] = "restart",
        [DIRECTORY_PRESERVE_YES]     = "yes",
};
/* clang-format on */
static_assert(ELEMENTSOF(preserve_names) == _DIRECTORY_PRESERVE_MAX, "every value has a name");

const char *directory_preserve_to_string(DirectoryPreserve p) {
        return preserve_names[p];
}

/* ---- directories --------------------------------------------------------------------------------- */

/* Relative, and nothing in it that leads out or nowhere; slashes at the end do no harm. */
static bool is_below(const char *path) {
        if (*path == '\0' || *path == '/')
                return false;
        while (*path) {
                size_t size = strcspn(path, "/");

                if (size <= 2 && strspn(path, ".") >= size)
                        return false;
                path += size;
                path += strspn(path, "/");
        }
        return true;
}

static int add_directory(KeyInput *in, const UnitAssignment *a, const char *word, WordList *list) {
        _cleanup_free_ char *copy = strdup(word);
        char *rest = copy;

        if (!copy)
                return -ENOMEM;
        const char *path = strsep(&rest, ":"), *link = rest ? strsep(&rest, ":") : NULL;
        if (!is_below(path) || (link && !is_below(link)) || strcmp(path, "private") == 0)
                return input_bad_value(in, a, word, "is not a relative path without '..'");
        if (rest)
                return input_bad_value(in, a, word, "has flags, which are not supported");
        return word_list_add_copy(list, word);
}

int parse_exec_directories(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***words = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList raw = {};

                int r = input_words(in, a, WORDS_COMMAND, &raw);
                for (size_t i = 0; i < raw.n_words && r >= 0; i++)
                        r = add_directory(in, a, raw.words[i], &list);
                if (r < 0)
                        return r;
        }
        *words = strv_free(*words);
        *words = word_list_take(&list);
        return 0;
}

int parse_directory_preserve(KeyInput *in, void *target) {
        DirectoryPreserve *preserve = target;
        _cleanup_free_ char *s = NULL;
        bool yes;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (strcmp(s, "restart") == 0)
                *preserve = DIRECTORY_PRESERVE_RESTART;
        else if (value_parse_bool(s, &yes) >= 0)
                *preserve = yes ? DIRECTORY_PRESERVE_YES : DIRECTORY_PRESERVE_NO;
        else
                return input_bad_value(in, input_last(in), s, "is not yes, no or restart");
        return 0;
}

/* ---- credentials --------------------------------------------------------------------------------- */

/* A file's name, and one that can stand before a colon. */
static bool is_credential_id(const char *id, size_t size) {
        if (size == 0 || size > CREDENTIAL_ID_SIZE_MAX || id[0] == '.')
                return false;
        for (size_t i = 0; i < size; i++) {
                if (id[i] <= ' ' || id[i] > '~' || id[i] == '/')
                        return false;
        }
        return true;
}

/* The last word about an id counts. Takes @word over. */
static int put_credential(WordList *list, char **word) {
        size_t size = strcspn(*word, ":") + 1;

        for (size_t i = 0; i < list->n_words; i++) {
                if (strncmp(list->words[i], *word, size) != 0)
                        continue;
                free(list->words[i]);
                list->words[i] = TAKE_PTR(*word);
                return 0;
        }
        return word_list_add(list, word);
}

/* ID:PATH, or ID alone for one of the credential stores. */
static int add_loaded(KeyInput *in, const UnitAssignment *a, const char *s, WordList *list) {
        size_t size = strcspn(s, ":");
        const char *path = s[size] ? s + size + 1 : "";

        if (!is_credential_id(s, size))
                return input_bad_value(in, a, s, "does not begin with the name of a credential");
        if (*path && *path != '/' && !is_credential_id(path, strlen(path)))
                return input_bad_value(in, a, path, "is neither an absolute path nor a name");
        _cleanup_free_ char *word = str_printf("%.*s:%s", (int) size, s, path);
        return word ? put_credential(list, &word) : -ENOMEM;
}

int parse_load_credentials(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***words = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r > 0)
                        r = add_loaded(in, a, s, &list);
                if (r < 0)
                        return r;
        }
        *words = strv_free(*words);
        *words = word_list_take(&list);
        return 0;
}

/* The text has C escapes, and blanks as they are: in quotes it is one word. */
static int decode(const char *text, WordList *ret, const char **ret_problem) {
        _cleanup_(text_builder_done) TextBuilder b = {};

        int r = text_builder_add_char(&b, '"');
        for (; *text && r >= 0; text++) {
                if (*text == '"' || (*text == '\\' && text[1]))
                        r = text_builder_add_char(&b, '\\');
                if (r >= 0 && *text == '\\' && text[1])
                        text++;
                if (r >= 0)
                        r = text_builder_add_char(&b, *text);
        }
        if (r >= 0)
                r = text_builder_add_char(&b, '"');
        return r < 0 ? r : words_split(b.text, WORDS_COMMAND, ret, ret_problem);
}

static int add_set(KeyInput *in, const UnitAssignment *a, WordList *list) {
        _cleanup_(word_list_done) WordList text = {};
        _cleanup_free_ char *expanded = NULL;
        size_t size = strcspn(a->value, ":");
        const char *problem = "";

        if (a->value[size] != ':' || !is_credential_id(a->value, size))
                return input_bad_value(in, a, a->value, "is not ID:TEXT");
        int r = decode(a->value + size + 1, &text, &problem);
        if (r == -EINVAL)
                return input_bad_value(in, a, a->value, problem);
        if (r >= 0)
                r = input_expand(in, a, text.n_words > 0 ? text.words[0] : "", &expanded);
        if (r <= 0)
                return r;
        _cleanup_free_ char *word = str_printf("%.*s:%s", (int) size, a->value, expanded);
        return word ? put_credential(list, &word) : -ENOMEM;
}

int parse_set_credentials(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***words = target;

        KEY_INPUT_FOREACH(a, in) {
                int r = add_set(in, a, &list);
                if (r < 0)
                        return r;
        }
        *words = strv_free(*words);
        *words = word_list_take(&list);
        return 0;
}
