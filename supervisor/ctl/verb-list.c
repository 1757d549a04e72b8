/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "ctl/json-output.h"
#include "ctl/unit-list.h"
#include "supd/exit-status.h"

static void print_footer(Context *c, size_t shown, size_t hidden) {
        fprintf(c->out, "\n%zu unit%s listed.", shown, shown == 1 ? "" : "s");
        if (hidden > 0)
                fprintf(c->out, " %zu more: pass --all to see them, too.", hidden);
        fputc('\n', c->out);
}

int verb_list_units(Context *c, char *const *words, Error *error) {
        const Options *o = c->options;
        _cleanup_value_ Value units = {};
        _cleanup_(table_done) Table table = {};
        const UnitFilter filter = { .words = words, .states = o->states, .all = o->all };
        size_t hidden = 0;

        int r = unit_list_fetch(c, &filter, &units, &hidden, error);
        if (r < 0)
                return r;
        if (o->json)
                return json_print(json_from_value(&units), c->out);

        r = unit_list_fill(&table, &c->terminal, &units, o->plain, clock_realtime_usec());
        if (r >= 0)
                r = table_print(&table, &c->terminal, !o->no_legend, c->out);
        if (r < 0)
                return r;
        if (!o->no_legend && !o->quiet)
                print_footer(c, value_length(&units), o->states ? 0 : hidden);
        return SUPCTL_EXIT_SUCCESS;
}
