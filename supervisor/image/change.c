/* SPDX-License-Identifier: MIT */
#include "image/change.h"

#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "base/text.h"

#define BLANKS " \t"
#define PORT_MAX 65535U
#define PORTS_MAX 65536U /* of one line, in all ranges */

typedef struct Change {
        const char *key; /* of the configuration */
        int (*apply)(json_t *config, const char *key, const char *text, Error *error);
        const char *instruction;
} Change;

static int bad(Error *error, const char *what, const char *text) {
        return error_set_plain(error, -EINVAL, ERROR_INVALID_ARGUMENT, "%s: '%s'", what, text);
}

static int set_new(json_t *object, const char *key, json_t *value) {
        return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

/* ---- words ------------------------------------------------------------------------------------ */
/* One word, its quotes and backslashes resolved in place. Return: its end, or NULL in open quotes. */
static char *take_word(char *p) {
        char *out = p, quote = '\0';

        for (; *p && (quote || !strchr(BLANKS, *p)); p++) {
                if (quote ? *p == quote : *p == '"' || *p == '\'')
                        quote = quote ? '\0' : *p;
                else if (*p == '\\' && quote != '\'' && p[1])
                        *out++ = *++p;
                else
                        *out++ = *p;
        }
        char *end = *p ? p + 1 : p;
        *out = '\0';
        return quote ? NULL : end;
}

static int split_words(const char *text, char ***ret, Error *error) {
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_strv_ char **words = NULL;
        char *p = copy;

        if (!copy)
                return -ENOMEM;
        for (p += strspn(p, BLANKS); *p; p += strspn(p, BLANKS)) {
                char *end = take_word(p);
                if (!end)
                        return bad(error, "a quote is not closed", text);
                int r = strv_append(&words, p);
                if (r < 0)
                        return r;
                p = end;
        }
        if (!words)
                return bad(error, "a value is missing", text);
        *ret = TAKE_PTR(words);
        return 0;
}

/* ["a", "b"]; NULL in *ret if it is not in that form. */
static int parse_list(const char *text, json_t **ret) {
        _cleanup_json_ json_t *array = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        const json_t *item;
        size_t i;

        *ret = NULL;
        if (!json_is_array(array))
                return 0;
        json_array_foreach(array, i, item) if (!json_is_string(item)) return 0;
        *ret = TAKE_PTR(array);
        return 0;
}

/* ---- what the instructions do ----------------------------------------------------------------- */
/* The shell form is a command for sh -c. */
static int apply_command(json_t *config, const char *key, const char *text, Error *error) {
        json_t *list;
        int r;

        (void) error;
        r = parse_list(text, &list);
        if (r < 0)
                return r;
        return set_new(config, key, list ?: json_pack("[s, s, s]", "/bin/sh", "-c", text));
}

/* "A=b C='d e'", or as it was of old: "A b c". */
static int split_assignments(const char *text, char ***ret, Error *error) {
        _cleanup_strv_ char **words = NULL;
        size_t name = strcspn(text, BLANKS "=");
        int r;

        if (name == 0)
                return bad(error, "a name is missing", text);
        if (text[name] != '=') {
                const char *value = text + name + strspn(text + name, BLANKS);
                if (*value == '\0')
                        return bad(error, "a value is missing", text);
                return strv_append_printf(ret, "%.*s=%s", (int) name, text, value);
        }
        r = split_words(text, &words, error);
        if (r < 0)
                return r;
        STRV_FOREACH (word, words)
                if (!strchr(*word, '=') || **word == '=')
                        return bad(error, "NAME=VALUE is wanted", *word);
        *ret = TAKE_PTR(words);
        return 0;
}

static json_t *member(json_t *config, const char *key, json_t *fresh) {
        json_t *there = json_object_get(config, key);

        if (there) {
                json_decref(fresh);
                return there;
        }
        return json_object_set_new(config, key, fresh) < 0 ? NULL : fresh;
}

static int set_environment(json_t *array, const char *assignment) {
        size_t name = strcspn(assignment, "=") + 1, i;
        const json_t *item;

        json_array_foreach(array, i, item) if (strncmp(json_string_value(item), assignment, name) ==
                                               0) return json_array_set_new(array,
                        i,
                        json_string(assignment)) < 0
                        ? -EINVAL
                        : 0;
        return json_array_append_new(array, json_string(assignment)) < 0 ? -EINVAL : 0;
}

static int apply_environment(json_t *config, const char *key, const char *text, Error *error) {
        _cleanup_strv_ char **assignments = NULL;
        int r;

        r = split_assignments(text, &assignments, error);
        if (r < 0)
                return r;
        json_t *array = member(config, key, json_array());
        if (!array)
                return -ENOMEM;
        STRV_FOREACH (assignment, assignments)
                if (set_environment(array, *assignment) < 0)
                        return bad(error, "this is no UTF-8", *assignment);
        return 0;
}

static int apply_labels(json_t *config, const char *key, const char *text, Error *error) {
        _cleanup_strv_ char **assignments = NULL;
        int r;

        r = split_assignments(text, &assignments, error);
        if (r < 0)
                return r;
        json_t *object = member(config, key, json_object());
        if (!object)
                return -ENOMEM;
        STRV_FOREACH (assignment, assignments) {
                char *equals = strchr(*assignment, '=');
                *equals = '\0';
                if (set_new(object, *assignment, json_string(equals + 1)) < 0)
                        return bad(error, "this is no UTF-8", *assignment);
        }
        return 0;
}

static int add_key(json_t *object, const char *name, Error *error) {
        return set_new(object, name, json_object()) < 0 ? bad(error, "this is no UTF-8", name) : 0;
}

static int parse_ports(char *text, uint64_t *first, uint64_t *last) {
        char *dash = strchr(text, '-');

        if (dash)
                *dash = '\0';
        if (parse_u64(text, first) < 0 || parse_u64(dash ? dash + 1 : text, last) < 0)
                return -EINVAL;
        return *first < 1 || *last > PORT_MAX || *first > *last ? -EINVAL : 0;
}

static int add_ports(json_t *object, const char *word, Error *error) {
        _cleanup_free_ char *copy = strdup(word);
        uint64_t first, last;

        if (!copy)
                return -ENOMEM;
        char *slash = strchr(copy, '/');
        const char *protocol = slash ? slash + 1 : "tcp";
        if (slash)
                *slash = '\0';
        if ((!str_equal(protocol, "tcp") && !str_equal(protocol, "udp") &&
                            !str_equal(protocol, "sctp")) ||
                        parse_ports(copy, &first, &last) < 0)
                return bad(error, "PORT[-PORT][/tcp, /udp or /sctp] is wanted", word);
        for (uint64_t port = first; port <= last; port++) {
                _cleanup_free_ char *name =
                                str_printf("%llu/%s", (unsigned long long) port, protocol);
                int r = name ? add_key(object, name, error) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_ports(json_t *config, const char *key, const char *text, Error *error) {
        _cleanup_strv_ char **words = NULL;
        int r;

        r = split_words(text, &words, error);
        if (r < 0)
                return r;
        json_t *object = member(config, key, json_object());
        if (!object)
                return -ENOMEM;
        STRV_FOREACH (word, words) {
                r = add_ports(object, *word, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_volumes(json_t *config, const char *key, const char *text, Error *error) {
        _cleanup_json_ json_t *list = NULL;
        _cleanup_strv_ char **words = NULL;
        const json_t *item;
        size_t i;
        int r;

        r = parse_list(text, &list);
        if (r < 0)
                return r;
        json_array_foreach(list, i, item) {
                r = strv_append(&words, json_string_value(item));
                if (r < 0)
                        return r;
        }
        r = list ? 0 : split_words(text, &words, error);
        if (r < 0)
                return r;
        json_t *object = member(config, key, json_object());
        if (!object)
                return -ENOMEM;
        STRV_FOREACH (word, words) {
                r = **word == '\0' ? bad(error, "a path is missing", text)
                                   : add_key(object, *word, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_text(json_t *config, const char *key, const char *text, Error *error) {
        _cleanup_strv_ char **words = NULL;
        int r;

        r = split_words(text, &words, error);
        if (r < 0)
                return r;
        if (words[1])
                return bad(error, "one word is wanted", text);
        return set_new(config, key, json_string(words[0])) < 0
                               ? bad(error, "this is no UTF-8", text)
                               : 0;
}

/* A relative one continues the one before it. */
static int apply_directory(json_t *config, const char *key, const char *text, Error *error) {
        const char *before = json_text(config, key) ?: "";

        if (*text == '/')
                return set_new(config, key, json_string(text)) < 0
                                       ? bad(error, "this is no UTF-8", text)
                                       : 0;
        bool slash = str_has_suffix(before, "/");
        _cleanup_free_ char *path = str_printf("%s%s%s", before, slash ? "" : "/", text);
        if (!path)
                return -ENOMEM;
        return apply_directory(config, key, path, error);
}

/* ---- the line --------------------------------------------------------------------------------- */
/* clang-format off */
static const Change changes[] = {
        { "Cmd",          apply_command,     "CMD"        },
        { "Entrypoint",   apply_command,     "ENTRYPOINT" },
        { "Env",          apply_environment, "ENV"        },
        { "ExposedPorts", apply_ports,       "EXPOSE"     },
        { "Labels",       apply_labels,      "LABEL"      },
        { "StopSignal",   apply_text,        "STOPSIGNAL" },
        { "User",         apply_text,        "USER"       },
        { "Volumes",      apply_volumes,     "VOLUME"     },
        { "WorkingDir",   apply_directory,   "WORKDIR"    },
};
/* clang-format on */

int image_change_apply(json_t *config, const char *line, Error *error) {
        line += strspn(line, BLANKS);
        size_t n = strcspn(line, BLANKS);
        const char *text = line + n + strspn(line + n, BLANKS);

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                const Change *c = &changes[i];
                if (strlen(c->instruction) != n || strncasecmp(c->instruction, line, n) != 0)
                        continue;
                int r = *text == '\0' ? bad(error, "a value is missing", line)
                                      : c->apply(config, c->key, text, error);
                return r < 0 && r != -ENOMEM ? error_prefix(error, r, "%s", c->instruction) : r;
        }
        return bad(error,
                        "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR "
                        "is "
                        "wanted",
                        line);
}
