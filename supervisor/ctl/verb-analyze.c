/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/startup-plot.h"
#include "ctl/startup.h"
#include "ctl/tree.h"
#include "supd/exit-status.h"

/* ---- time ---------------------------------------------------------------------------------------- */

static char *span_between(uint64_t from, uint64_t to) {
        return span_format(usec_sub(to, from));
}

static int print_time(Context *c, const Startup *s) {
        _cleanup_free_ char *loaded = span_between(s->begin, s->loaded);
        _cleanup_free_ char *rest = span_between(s->loaded, s->finish);
        _cleanup_free_ char *all = span_between(s->begin, s->finish);

        if (!loaded || !rest || !all)
                return -ENOMEM;
        fprintf(c->out,
                        "Startup finished in %s (supd and unit files) + %s (units) = %s\n"
                        "default.target reached after %s.\n",
                        loaded,
                        rest,
                        all,
                        all);
        return 0;
}

static int add_number(Value *dict, const char *name, uint64_t number) {
        Value v = { .type = VALUE_UNSIGNED, .number = number };

        return value_dict_add(dict, name, &v);
}

static int print_time_json(Context *c, const Startup *s) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT };

        int r = add_number(&dict, "LoadUSec", usec_sub(s->loaded, s->begin));
        if (r >= 0)
                r = add_number(&dict, "UnitsUSec", usec_sub(s->finish, s->loaded));
        if (r >= 0)
                r = add_number(&dict, "TotalUSec", usec_sub(s->finish, s->begin));
        return r < 0 ? r : json_print(json_from_value(&dict), c->out);
}

int verb_analyze_time(Context *c, char *const *words, Error *error) {
        _cleanup_startup_ Startup s = {};

        (void) words;
        int r = startup_read(c, NULL, &s, error);
        if (r >= 0)
                r = startup_require_finished(&s, error);
        if (r >= 0)
                r = c->options->json ? print_time_json(c, &s) : print_time(c, &s);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* Patterns that nothing matches are a mistake; that nothing was started is not. */
static int require_any(const Startup *s, char *const *words, Error *error) {
        if (s->n_units > 0 || !words || !*words)
                return 0;
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_NO_SUCH_UNIT,
                        "no unit matches '%s'; 'supctl list-units --all' shows those there are",
                        words[0]);
}

/* ---- blame --------------------------------------------------------------------------------------- */

static int compare_duration(const void *a, const void *b) {
        uint64_t x = startup_duration(a), y = startup_duration(b);

        if (x != y)
                return x > y ? -1 : 1;
        return strcmp(((const StartupUnit *) a)->id, ((const StartupUnit *) b)->id);
}

/* "image 1.2s, mount 4ms": what took the most of it first is what one looks for, so in order of time. */
static char *phases_text(const StartupUnit *u) {
        uint64_t from = u->begin;
        char *text = strdup("");

        for (StartupPhase p = 0; text && p < _STARTUP_PHASE_MAX; p++) {
                if (u->phase_ends[p] == 0)
                        continue;
                _cleanup_free_ char *span = span_between(from, u->phase_ends[p]);
                char *longer = span ? str_printf("%s%s%s %s",
                                                      text,
                                                      *text ? ", " : "",
                                                      startup_phase_to_string(p),
                                                      span)
                                    : NULL;
                from = u->phase_ends[p];
                free(text);
                text = longer;
        }
        return text;
}

static int print_blame(Context *c, const Startup *s) {
        for (size_t i = 0; i < s->n_units && startup_duration(&s->units[i]) > 0; i++) {
                _cleanup_free_ char *span = span_format(startup_duration(&s->units[i]));
                _cleanup_free_ char *phases = phases_text(&s->units[i]);

                if (!span || !phases)
                        return -ENOMEM;
                fprintf(c->out,
                                "%12s %s%s%s%s%s\n",
                                span,
                                s->units[i].id,
                                style_on(&c->terminal, STYLE_DIM),
                                *phases ? "  " : "",
                                phases,
                                style_off(&c->terminal, STYLE_DIM));
        }
        return 0;
}

static int unit_to_value(const StartupUnit *u, uint64_t origin, Value *ret) {
        Value id = { .type = VALUE_STRING, .string = strdup(u->id) };
        _cleanup_value_ Value dict = { .type = VALUE_DICT };
        _cleanup_value_ Value phases = { .type = VALUE_DICT };
        uint64_t from = u->begin;

        int r = id.string ? value_dict_add(&dict, "Id", &id) : -ENOMEM;
        value_done(&id);
        if (r >= 0)
                r = add_number(&dict, "BeginUSec", usec_sub(u->begin, origin));
        if (r >= 0)
                r = add_number(&dict, "DurationUSec", startup_duration(u));
        for (StartupPhase p = 0; r >= 0 && p < _STARTUP_PHASE_MAX; p++) {
                if (u->phase_ends[p] == 0)
                        continue;
                r = add_number(&phases,
                                startup_phase_to_string(p),
                                usec_sub(u->phase_ends[p], from));
                from = u->phase_ends[p];
        }
        if (r >= 0)
                r = value_dict_add(&dict, "Phases", &phases);
        if (r < 0)
                return r;
        *ret = dict;
        dict = (Value) {};
        return 0;
}

static int print_blame_json(Context *c, const Startup *s) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };

        for (size_t i = 0; i < s->n_units && startup_duration(&s->units[i]) > 0; i++) {
                _cleanup_value_ Value unit = {};
                int r = unit_to_value(&s->units[i], s->begin, &unit);
                if (r >= 0)
                        r = value_array_add(&list, &unit);
                if (r < 0)
                        return r;
        }
        return json_print(json_from_value(&list), c->out);
}

int verb_analyze_blame(Context *c, char *const *words, Error *error) {
        _cleanup_startup_ Startup s = {};

        int r = startup_read(c, words, &s, error);
        if (r >= 0)
                r = require_any(&s, words, error);
        if (r < 0)
                return r;
        qsort(s.units, s.n_units, sizeof(*s.units), compare_duration);
        r = c->options->json ? print_blame_json(c, &s) : print_blame(c, &s);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- critical chain ------------------------------------------------------------------------------ */

static char *chain_text(const Startup *s, const StartupUnit *u) {
        _cleanup_free_ char *at = u->active >= s->begin ? span_between(s->begin, u->active) : NULL;
        _cleanup_free_ char *took = span_format(startup_duration(u));

        /* Targets that are born active were never started. */
        if (u->begin == 0)
                return strdup(u->id);
        return took ? str_printf("%s%s%s +%s", u->id, at ? " @" : "", at ?: "", took) : NULL;
}

/* Of what a unit is ordered after: the last to come up before its start began; NULL: none did. */
static const StartupUnit *find_last_before(
                const Startup *s, char *const *after, const StartupUnit *u) {
        const StartupUnit *last = NULL;

        STRV_FOREACH (name, after) {
                const StartupUnit *other = startup_find(s, *name);

                if (!other || other == u || other->active == 0 || other->active > u->active ||
                                other->active < s->begin)
                        continue;
                if (!last || other->active > last->active)
                        last = other;
        }
        return last;
}

static int follow_chain(
                Context *c, const Startup *s, const StartupUnit *u, Tree *tree, Error *error) {
        unsigned depth = 0;

        while (u && depth < TREE_DEPTH_MAX) {
                _cleanup_value_ Value properties = {};
                _cleanup_strv_ char **after = NULL;
                char *text = chain_text(s, u);

                int r = text ? tree_add(tree, depth++, STYLE_PLAIN, &text) : -ENOMEM;
                free(text);
                if (r >= 0)
                        r = client_get_properties(c->client, u->id, &properties, error);
                if (r >= 0)
                        r = value_get_strv(&properties, "After", &after);
                if (r < 0)
                        return r;
                u = find_last_before(s, after, u);
        }
        return 0;
}

static int print_chain(Context *c, const Startup *s, const char *word, bool legend, Error *error) {
        _cleanup_value_ Value asked = {};
        _cleanup_(tree_done) Tree tree = {};

        int r = client_get_unit(c->client, word, &asked, error);
        if (r < 0)
                return r;
        const char *id = value_get_string(&asked, "Id");
        const StartupUnit *u = id ? startup_find(s, id) : NULL;
        if (!u)
                return error_set_plain(
                                error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", word);
        r = follow_chain(c, s, u, &tree, error);
        if (r < 0)
                return r;
        if (legend && !c->options->no_legend)
                fputs("After \"@\" the time at which a unit was active, after \"+\" how long its "
                      "start "
                      "took.\n\n",
                                c->out);
        return tree_print(&tree, &c->terminal, "", c->out);
}

int verb_analyze_critical_chain(Context *c, char *const *words, Error *error) {
        char *const fallback[] = { (char *) "default.target", NULL };
        _cleanup_startup_ Startup s = {};

        int r = startup_read(c, NULL, &s, error);
        if (r >= 0)
                r = startup_require_finished(&s, error);
        char *const *first = words && *words ? words : fallback;
        for (char *const *word = first; r >= 0 && *word; word++)
                r = print_chain(c, &s, *word, /* legend= */ word == first, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- plot ---------------------------------------------------------------------------------------- */

int verb_analyze_plot(Context *c, char *const *words, Error *error) {
        _cleanup_startup_ Startup s = {};

        int r = startup_read(c, words, &s, error);
        if (r >= 0)
                r = require_any(&s, words, error);
        if (r >= 0)
                r = startup_plot(&s, /* chosen= */ words && *words, c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- dump ---------------------------------------------------------------------------------------- */

int verb_analyze_dump(Context *c, char *const *words, Error *error) {
        _cleanup_free_ char *text = NULL;

        int r = context_connect(c, error);
        if (r >= 0)
                r = client_dump(c->client, words, &text, error);
        if (r < 0)
                return r;
        fputs(text, c->out);
        return SUPCTL_EXIT_SUCCESS;
}
