/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* Each edge is told from one side only. */
/* clang-format off */
static const struct {
        const char *property, *colour;
        bool order;
} edges[] = {
        { "After",     "green",    true  },
        { "Requires",  "black",    false },
        { "Requisite", "darkblue", false },
        { "BindsTo",   "gold",     false },
        { "Wants",     "grey66",   false },
        { "Upholds",   "purple",   false },
        { "PartOf",    "cyan3",    false },
        { "Conflicts", "red",      false },
};
/* clang-format on */

static bool is_wanted(const Options *o, size_t edge) {
        if (o->order == o->require)
                return true; /* neither, or both */
        return edges[edge].order ? o->order : o->require;
}

/* Within quotes: units' names hold no control characters. */
static void print_quoted(FILE *out, const char *name) {
        fputc('"', out);
        for (; *name; name++) {
                if (*name == '"' || *name == '\\')
                        fputc('\\', out);
                fputc(*name, out);
        }
        fputc('"', out);
}

static int print_unit(Context *c, const char *id, Error *error) {
        _cleanup_value_ Value properties = {};

        int r = client_get_properties(c->client, id, &properties, error);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(edges); i++) {
                _cleanup_strv_ char **others = NULL;

                if (!is_wanted(c->options, i))
                        continue;
                r = value_get_strv(&properties, edges[i].property, &others);
                STRV_FOREACH (other, others) {
                        fputc('\t', c->out);
                        print_quoted(c->out, id);
                        fputs("->", c->out);
                        print_quoted(c->out, *other);
                        fprintf(c->out, " [color=\"%s\"];\n", edges[i].colour);
                }
        }
        return r;
}

static void print_legend(FILE *out) {
        for (size_t i = 0; i < ELEMENTSOF(edges); i++)
                fprintf(out,
                                "%s %-10s = %s\n",
                                i == 0 ? "// Colours:" : "//        ",
                                edges[i].colour,
                                edges[i].property);
}

int verb_analyze_dot(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value units = {};
        _cleanup_strv_ char **patterns = NULL;

        int r = unit_patterns(words, &patterns);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0)
                r = client_list_units(c->client, patterns, &units, error);
        if (r < 0)
                return r;
        if (value_length(&units) == 0)
                return error_set_plain(error, -ENOENT, ERROR_NO_SUCH_UNIT, "no unit matches");
        if (!c->options->no_legend)
                print_legend(c->out);
        fputs("digraph supd {\n", c->out);
        for (size_t i = 0; r >= 0 && i < value_length(&units); i++)
                r = print_unit(c, units.dict.items[i].name, error);
        fputs("}\n", c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
