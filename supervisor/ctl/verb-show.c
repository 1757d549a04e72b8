/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/value-text.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

#define UNIT_FILE_SIZE_MAX (1024U * 1024U)

/* ---- show ---------------------------------------------------------------------------------------- */

static int print_property(Context *c, const Property *p) {
        _cleanup_free_ char *text = value_to_text(p->name, &p->value);
        _cleanup_free_ char *safe =
                        text && c->terminal.is_terminal ? terminal_text(text) : TAKE_PTR(text);
        if (!safe)
                return -ENOMEM;

        if (c->options->value)
                fprintf(c->out, "%s\n", safe);
        else
                fprintf(c->out, "%s=%s\n", p->name, safe);
        return 0;
}

/* Only what was asked for, in that order. What does not exist is left out, as by systemctl. */
static int select_properties(char *const *names, Value *all, Value *ret) {
        Value selected = { .type = VALUE_DICT };
        int r = 0;

        STRV_FOREACH (name, names) {
                for (size_t i = 0; r >= 0 && i < value_length(all); i++) {
                        Property *p = &all->dict.items[i];
                        if (str_equal(p->name, *name) && p->value.type != VALUE_NONE)
                                r = value_dict_add(&selected, *name, &p->value);
                }
        }
        if (r < 0) {
                value_done(&selected);
                return r;
        }
        *ret = selected;
        return 0;
}

static int print_properties(Context *c, Value *all, bool first) {
        _cleanup_value_ Value selected = {};

        if (c->options->properties) {
                int r = select_properties(c->options->properties, all, &selected);
                if (r < 0)
                        return r;
                all = &selected;
        }

        if (c->options->json)
                return json_print(json_from_value(all), c->out);
        if (!first)
                fputc('\n', c->out);
        for (size_t i = 0; i < value_length(all); i++) {
                int r = print_property(c, &all->dict.items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int verb_show(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **names = NULL;
        bool first = true;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        if (r < 0)
                return r;

        if (!names) {
                _cleanup_value_ Value manager = {};
                r = client_get_manager(c->client, &manager, error);
                return r < 0 ? r : print_properties(c, &manager, first);
        }
        STRV_FOREACH (name, names) {
                _cleanup_value_ Value properties = {};

                r = client_get_properties(c->client, *name, &properties, error);
                if (r >= 0)
                        r = print_properties(c, &properties, first);
                if (r < 0)
                        return r;
                first = false;
        }
        return SUPCTL_EXIT_SUCCESS;
}

/* ---- cat ----------------------------------------------------------------------------------------- */

static int print_file(Context *c, const char *path, bool first, Error *error) {
        _cleanup_free_ char *text = NULL;

        int r = file_read(AT_FDCWD, path, UNIT_FILE_SIZE_MAX, &text, NULL);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot read '%s'", path);

        fprintf(c->out,
                        "%s%s# %s%s\n",
                        first ? "" : "\n",
                        style_on(&c->terminal, STYLE_STRONG),
                        path,
                        style_off(&c->terminal, STYLE_STRONG));
        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                _cleanup_free_ char *copy = strndup(line, n);
                _cleanup_free_ char *safe = copy && c->terminal.is_terminal ? terminal_text(copy)
                                                                            : TAKE_PTR(copy);
                if (!safe)
                        return -ENOMEM;
                fprintf(c->out, "%s\n", safe);
                line += n + (line[n] == '\n');
        }
        return 0;
}

static int cat_unit(Context *c, const Value *unit, bool first, Error *error) {
        const char *fragment = value_get_string(unit, "FragmentPath");
        _cleanup_strv_ char **dropins = NULL;

        if (!fragment)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "there is no file of unit %s",
                                unit_id(unit));

        int r = value_get_strv(unit, "DropInPaths", &dropins);
        if (r >= 0)
                r = print_file(c, fragment, first, error);
        for (char **path = dropins; r >= 0 && path && *path; path++)
                r = print_file(c, *path, /* first= */ false, error);
        return r;
}

int verb_cat(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **names = NULL;
        bool first = true;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        if (r < 0)
                return r;

        STRV_FOREACH (name, names) {
                _cleanup_value_ Value unit = {};

                r = client_get_unit(c->client, *name, &unit, error);
                if (r >= 0)
                        r = cat_unit(c, &unit, first, error);
                if (r < 0)
                        return r;
                first = false;
        }
        return SUPCTL_EXIT_SUCCESS;
}
