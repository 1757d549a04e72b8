/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "client/secret.h"
#include "ctl/json-output.h"
#include "ctl/prompt.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "supd/bus.h"
#include "supd/exit-status.h"

/* What is in a secret, in memory that is overwritten before it is let go. */
typedef struct SecretData {
        char *bytes; /* owned */
        size_t size, allocated;
} SecretData;

static void secret_data_done(SecretData *d) {
        if (d->bytes)
                explicit_bzero(d->bytes, d->allocated);
        free(d->bytes);
        *d = (SecretData) {};
}
#define _cleanup_secret_data_ _cleanup_(secret_data_done)

/* ---- secret create ----------------------------------------------------------------------------- */

/* At once as much as there may be: growing would leave copies behind. */
static int read_all(int fd, SecretData *ret) {
        size_t limit = SUPD_SECRET_SIZE_MAX + 1;

        ret->bytes = malloc(limit);
        if (!ret->bytes)
                return -ENOMEM;
        ret->allocated = limit;
        while (ret->size < limit) {
                ssize_t n = read(fd, ret->bytes + ret->size, limit - ret->size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                ret->size += (size_t) n;
        }
        return -EFBIG;
}

static int take_text(char *text, SecretData *ret) {
        size_t size = strlen(text);

        *ret = (SecretData) { .bytes = text, .size = size, .allocated = size };
        return 0;
}

static int read_variable(const char *name, SecretData *ret, Error *error) {
        const char *value = getenv(name);

        if (!value)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_INVALID_ARGUMENT,
                                "there is no variable '%s' in the environment",
                                name);
        char *copy = strdup(value);
        return copy ? take_text(copy, ret) : -ENOMEM;
}

static int read_input(const char *path, SecretData *ret, Error *error) {
        bool from_stdin = str_equal(path, "-");

        if (from_stdin && isatty(STDIN_FILENO)) {
                char *typed = NULL;
                int r = prompt_secret("Secret: ", &typed, error);
                return r < 0 ? r : take_text(typed, ret);
        }
        _cleanup_close_ int fd =
                        from_stdin ? neg_errno(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))
                                   : neg_errno(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        int r = fd < 0 ? fd : read_all(fd, ret);
        if (r == -EFBIG)
                return error_set_plain(error,
                                r,
                                ERROR_LIMIT_REACHED,
                                "%s is too large for a secret, which has up to %u bytes",
                                from_stdin ? "standard input" : path,
                                SUPD_SECRET_SIZE_MAX);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_STORAGE,
                                "cannot read %s",
                                from_stdin ? "standard input" : path);
        return 0;
}

int verb_secret_create(Context *c, char *const *words, Error *error) {
        const SecretOptions *o = &c->options->secret;
        _cleanup_secret_data_ SecretData data = {};
        _cleanup_free_ char *id = NULL;

        int r = o->env ? read_variable(words[1], &data, error) : read_input(words[1], &data, error);
        if (r >= 0 && data.size == 0)
                r = error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is empty, and a secret can't be",
                                words[1]);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0) {
                const SecretRequest request = {
                        .name = words[0],
                        .data = data.bytes,
                        .size = data.size,
                        .labels = o->labels,
                        .replace = o->replace,
                };
                r = client_create_secret(c->client, &request, &id, error);
        }
        if (r < 0)
                return r;
        if (!c->options->quiet)
                fprintf(c->out, "%s\n", id);
        return SUPCTL_EXIT_SUCCESS;
}

/* ---- secret ls --------------------------------------------------------------------------------- */

static const TableColumn columns[] = {
        { .title = "ID" },
        { .title = "NAME", .width_min = 12 },
        { .title = "CREATED" },
        { .title = "UPDATED" },
};

static int add_age(Table *table, const Value *secret, const char *name, uint64_t now_usec) {
        _cleanup_free_ char *text = stamp_format_relative(value_get_u64(secret, name), now_usec);

        return text ? table_add(table, STYLE_PLAIN, text) : -ENOMEM;
}

static int print_table(Context *c, const Value *list) {
        _cleanup_(table_done)
                        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        uint64_t now_usec = clock_realtime_usec();
        int r = 0;

        for (size_t i = 0; r >= 0 && i < value_length(list); i++) {
                const Value *secret = &list->array.items[i];

                r = table_add(&table, STYLE_PLAIN, value_get_string(secret, "ID"));
                if (r >= 0)
                        r = table_add(&table, STYLE_PLAIN, value_get_string(secret, "Name"));
                if (r >= 0)
                        r = add_age(&table, secret, "CreatedTimestamp", now_usec);
                if (r >= 0)
                        r = add_age(&table, secret, "UpdatedTimestamp", now_usec);
        }
        return r < 0 ? r : table_print(&table, &c->terminal, !c->options->no_legend, c->out);
}

int verb_secret_list(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value list = {};

        (void) words;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_list_secrets(c->client, &list, error);
        if (r < 0)
                return r;
        if (c->options->json)
                return json_print(json_from_value(&list), c->out);
        if (!c->options->quiet)
                return print_table(c, &list);
        for (size_t i = 0; i < value_length(&list); i++)
                fprintf(c->out, "%s\n", value_get_string(&list.array.items[i], "ID") ?: "");
        return SUPCTL_EXIT_SUCCESS;
}

/* ---- secret inspect, secret exists ------------------------------------------------------------- */

static int add_data(Context *c, const char *name, Value *secret, Error *error) {
        _cleanup_value_ Value item = { .type = VALUE_STRING };
        size_t size = 0;

        int r = client_get_secret_data(c->client, name, &item.string, &size, error);
        if (r < 0)
                return r;
        if (strlen(item.string) != size) {
                explicit_bzero(item.string, size);
                return error_set_plain(error,
                                -EILSEQ,
                                ERROR_NOT_SUPPORTED,
                                "what is in secret '%s' is no text; it is not shown",
                                name);
        }
        return value_dict_add(secret, "SecretData", &item);
}

static void print_line(Context *c, const char *title, const char *text) {
        _cleanup_free_ char *safe = terminal_text(text ?: "");

        fprintf(c->out, "%10s: %s\n", title, safe ?: "");
}

static int print_page(Context *c, const Value *secret, bool first) {
        _cleanup_free_ char *created = stamp_format(value_get_u64(secret, "CreatedTimestamp"));
        _cleanup_free_ char *updated = stamp_format(value_get_u64(secret, "UpdatedTimestamp"));
        _cleanup_strv_ char **labels = NULL;

        int r = value_get_strv(secret, "Labels", &labels);
        if (r < 0 || !created || !updated)
                return -ENOMEM;
        if (!first)
                fputc('\n', c->out);
        print_line(c, "Name", value_get_string(secret, "Name"));
        print_line(c, "ID", value_get_string(secret, "ID"));
        print_line(c, "Created", created);
        print_line(c, "Updated", updated);
        STRV_FOREACH (label, labels) {
                print_line(c, "Label", *label);
        }
        if (value_get(secret, "SecretData"))
                print_line(c, "Data", value_get_string(secret, "SecretData"));
        return 0;
}

/* What was shown is not to stay in memory. */
static void wipe_data(const Value *secret) {
        const Value *data = value_get(secret, "SecretData");

        if (data && data->type == VALUE_STRING && data->string)
                explicit_bzero(data->string, strlen(data->string));
}

static int inspect(Context *c, const char *name, bool first, Value *list, Error *error) {
        _cleanup_value_ Value secret = {};

        int r = client_get_secret(c->client, name, &secret, error);
        if (r >= 0 && c->options->secret.show)
                r = add_data(c, name, &secret, error);
        if (r >= 0 && c->options->json)
                return value_array_add(list, &secret);
        if (r >= 0)
                r = print_page(c, &secret, first);
        wipe_data(&secret);
        return r;
}

int verb_secret_inspect(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };

        int r = context_connect(c, error);
        STRV_FOREACH (name, words) {
                if (r >= 0)
                        r = inspect(c, *name, name == words, &list, error);
        }
        if (r >= 0 && c->options->json)
                r = json_print(json_from_value(&list), c->out);
        for (size_t i = 0; i < value_length(&list); i++)
                wipe_data(&list.array.items[i]);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

int verb_secret_exists(Context *c, char *const *words, Error *error) {
        _cleanup_(error_done) Error why = {};
        _cleanup_value_ Value secret = {};

        int r = context_connect(c, error);
        if (r < 0)
                return r;
        r = client_get_secret(c->client, words[0], &secret, &why);
        if (r < 0 && why.code == ERROR_NO_SUCH_SECRET)
                return SUPCTL_EXIT_FAILURE;
        if (r < 0)
                error_move(error, &why);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- secret rm --------------------------------------------------------------------------------- */

static int names_of_all(Context *c, char ***ret, Error *error) {
        _cleanup_value_ Value list = {};

        int r = client_list_secrets(c->client, &list, error);
        for (size_t i = 0; r >= 0 && i < value_length(&list); i++)
                r = strv_append(ret, value_get_string(&list.array.items[i], "Name"));
        return r;
}

/* Those that can be are removed, whatever is wrong with the others. */
int verb_secret_remove(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **all = NULL;
        int result = SUPCTL_EXIT_SUCCESS;

        if (!c->options->secret.all != !!*words)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "name the secrets to remove, or give --all without names");
        int r = context_connect(c, error);
        if (r >= 0 && c->options->secret.all)
                r = names_of_all(c, &all, error);
        if (r < 0)
                return r;
        STRV_FOREACH (name, c->options->secret.all ? all : (char **) words) {
                _cleanup_(error_done) Error why = {};

                r = client_remove_secret(c->client, *name, &why);
                if (r < 0) {
                        _cleanup_free_ char *safe = terminal_text(error_text(&why, r));
                        fprintf(stderr, "supctl: %s\n", safe ?: "");
                        result = SUPCTL_EXIT_FAILURE;
                } else if (!c->options->quiet)
                        fprintf(c->out, "%s\n", *name);
        }
        return result;
}
