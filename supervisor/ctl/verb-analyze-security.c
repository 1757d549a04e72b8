/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/exposure.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* ---- from words to files ------------------------------------------------------------------------- */

static int add_file(Context *c, const char *word, char ***files, Error *error) {
        _cleanup_value_ Value unit = {};

        if (strchr(word, '/'))
                return strv_append(files, word);
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_get_unit(c->client, word, &unit, error);
        if (r < 0)
                return r;
        const char *path = value_get_string(&unit, "FragmentPath");
        if (!path)
                return error_set_plain(
                                error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", word);
        return strv_append(files, path);
}

static bool is_container_file(const char *path) {
        return path && str_has_suffix(path, ".container");
}

static int add_all_files(Context *c, char ***files, Error *error) {
        _cleanup_value_ Value units = {};

        int r = context_connect(c, error);
        if (r >= 0)
                r = client_list_units(c->client, NULL, &units, error);
        for (size_t i = 0; r >= 0 && i < value_length(&units); i++) {
                const char *path = value_get_string(&units.dict.items[i].value, "FragmentPath");
                if (is_container_file(path))
                        r = strv_append(files, path);
        }
        return r;
}

static int find_files(Context *c, char *const *words, char ***ret, Error *error) {
        _cleanup_strv_ char **files = NULL;
        int r = 0;

        if (!words || !*words)
                r = add_all_files(c, &files, error);
        STRV_FOREACH (word, (char **) words) {
                r = r < 0 ? r : add_file(c, *word, &files, error);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(files);
        return 0;
}

static int load(const char *path, UnitSpec **ret, Error *error) {
        _cleanup_(unit_file_loader_freep) UnitFileLoader *loader = NULL;
        _cleanup_(unit_spec_freep) UnitSpec *spec = NULL;

        int r = unit_file_loader_new(&loader);
        if (r >= 0)
                r = unit_file_loader_load(loader, path, &spec);
        if (r < 0)
                return r;
        if (spec->kind != UNIT_KIND_CONTAINER)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "%s: only containers can be judged",
                                path);
        if (spec->load_state != UNIT_LOADED)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "%s has errors; 'supctl verify %s' shows them",
                                path,
                                path);
        *ret = TAKE_PTR(spec);
        return 0;
}

/* Of all units those that can't be judged are left out, and named. Return: 1; 0 if it is left out. */
static int load_for(const char *path, bool skip, UnitSpec **ret, Error *error) {
        _cleanup_(error_done) Error reason = {};

        int r = load(path, ret, &reason);
        if (r >= 0)
                return 1;
        if (!skip || r == -ENOMEM) {
                error_move(error, &reason);
                return r;
        }
        fprintf(stderr, "supctl: %s; left out\n", error_text(&reason, r));
        return 0;
}

/* ---- showing ------------------------------------------------------------------------------------- */

static Style exposure_style(double exposure) {
        const char *word = exposure_word(exposure);

        return str_equal(word, "SAFE") || str_equal(word, "OK") ? STYLE_GOOD
               : str_equal(word, "MEDIUM")                      ? STYLE_WARNING
                                                                : STYLE_BAD;
}

static int add_exposure(Table *table, double exposure) {
        char text[16];

        (void) snprintf(text, sizeof(text), "%.1f", exposure);
        return table_add(table, exposure_style(exposure), text);
}

static int print_overview(Context *c, UnitSpec **specs, size_t n) {
        static const TableColumn columns[] = { { "UNIT" }, { "EXPOSURE", .right = true }, { "" } };
        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                double exposure = exposure_sum(specs[i]);

                r = table_add(&table, STYLE_PLAIN, specs[i]->id);
                if (r >= 0)
                        r = add_exposure(&table, exposure);
                if (r >= 0)
                        r = table_add(&table, exposure_style(exposure), exposure_word(exposure));
        }
        if (r >= 0)
                r = table_print(&table, &c->terminal, !c->options->no_legend, c->out);
        table_done(&table);
        return r;
}

static int add_answer(const Context *c, Table *table, const ExposureAnswer *a) {
        char share[16] = "";
        bool good = a->exposure == 0;
        const char *mark = !c->terminal.utf8 ? (good ? "+" : "-") : good ? "✓" : "✗";

        int r = table_add(table, good ? STYLE_GOOD : STYLE_BAD, mark);
        if (!good)
                (void) snprintf(share, sizeof(share), "%.1f", a->exposure);
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, a->key);
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, a->text);
        return r < 0 ? r : table_add(table, STYLE_PLAIN, share);
}

static int print_details(Context *c, const UnitSpec *spec) {
        static const TableColumn columns[] = {
                { "" }, { "KEY" }, { "WHAT IS SO", .width_min = 20 }, { "EXPOSURE", .right = true }
        };
        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        double sum = exposure_sum(spec);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < exposure_count(); i++) {
                ExposureAnswer a = exposure_answer(spec, i);
                r = add_answer(c, &table, &a);
        }
        if (r >= 0)
                r = table_print(&table, &c->terminal, !c->options->no_legend, c->out);
        table_done(&table);
        fprintf(c->out,
                        "\nExposure of %s: %s%.1f %s%s\n",
                        spec->id,
                        style_on(&c->terminal, exposure_style(sum)),
                        sum,
                        exposure_word(sum),
                        style_off(&c->terminal, exposure_style(sum)));
        return r;
}

/* A new reference; NULL: out of memory. */
static json_t *json_of(const UnitSpec *spec) {
        double sum = exposure_sum(spec);
        json_t *answers = json_array();
        int r = 0;

        for (size_t i = 0; answers && r >= 0 && i < exposure_count(); i++) {
                ExposureAnswer a = exposure_answer(spec, i);
                r = json_array_append_new(answers,
                                json_pack("{s:s, s:s, s:f}",
                                                "Key",
                                                a.key,
                                                "Text",
                                                a.text,
                                                "Exposure",
                                                a.exposure));
        }
        if (r < 0) {
                json_decref(answers);
                return NULL;
        }
        return json_pack("{s:s, s:f, s:s, s:o}",
                        "Unit",
                        spec->id,
                        "Exposure",
                        sum,
                        "Rating",
                        exposure_word(sum),
                        "Answers",
                        answers);
}

static int print_json(Context *c, UnitSpec **specs, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < n; i++) {
                if (json_array_append_new(list, json_of(specs[i])) < 0) {
                        json_decref(list);
                        list = NULL;
                }
        }
        return json_print(list, c->out);
}

int verb_analyze_security(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **files = NULL;
        size_t n = 0;

        int r = find_files(c, words, &files, error);
        if (r < 0)
                return r;
        UnitSpec **specs = calloc(MAX(strv_length(files), (size_t) 1), sizeof(*specs));
        if (!specs)
                return -ENOMEM;
        bool all = !words || !*words;
        STRV_FOREACH (file, files) {
                r = r < 0 ? r : load_for(*file, /* skip= */ all, &specs[n], error);
                n += r > 0;
        }
        if (r >= 0 && c->options->json)
                r = print_json(c, specs, n);
        else if (r >= 0 && all)
                r = print_overview(c, specs, n);
        for (size_t i = 0; r >= 0 && !all && !c->options->json && i < n; i++) {
                if (i > 0)
                        fputc('\n', c->out);
                r = print_details(c, specs[i]);
        }
        for (size_t i = 0; i < n; i++)
                unit_spec_free(specs[i]);
        free(specs);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
