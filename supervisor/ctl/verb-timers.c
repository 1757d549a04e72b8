/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/timer-view.h"
#include "ctl/unit-list.h"
#include "ctl/unit-view.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

static const TableColumn columns[] = {
        { .title = "NEXT" },
        { .title = "LEFT" },
        { .title = "LAST" },
        { .title = "PASSED" },
        { .title = "UNIT", .width_min = 12 },
        { .title = "ACTIVATES", .width_min = 12 },
};

/* What comes next first; what comes no more by name. */
static int compare_timers(const void *a, const void *b) {
        uint64_t x = timer_next_usec(a, clock_dual()), y = timer_next_usec(b, clock_dual());

        if ((x == USEC_INFINITY) != (y == USEC_INFINITY) || (x > y ? x - y : y - x) > USEC_PER_MSEC)
                return x < y ? -1 : 1;
        return strcmp(unit_id(a), unit_id(b));
}

static int add_moment(Table *table, uint64_t usec, uint64_t now_usec) {
        bool set = usec != 0 && usec != USEC_INFINITY;
        _cleanup_free_ char *stamp = set ? stamp_format(usec) : strdup("-");
        _cleanup_free_ char *relative = set ? stamp_format_relative(usec, now_usec) : strdup("-");

        if (!stamp || !relative)
                return -ENOMEM;
        int r = table_add(table, STYLE_PLAIN, stamp);
        return r < 0 ? r : table_add(table, STYLE_PLAIN, relative);
}

static int add_row(Table *table, const Value *unit, DualTime now) {
        _cleanup_strv_ char **triggers = NULL;

        int r = value_get_strv(unit, "Triggers", &triggers);
        if (r >= 0)
                r = add_moment(table, timer_next_usec(unit, now), now.realtime_usec);
        if (r >= 0)
                r = add_moment(table, value_get_u64(unit, "LastTriggerUSec"), now.realtime_usec);
        if (r >= 0)
                r = table_add(table, unit_style(unit), unit_id(unit));
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, triggers ? triggers[0] : "-");
        return r;
}

static int add_as_dict(json_t *list, const Value *unit, DualTime now) {
        _cleanup_strv_ char **triggers = NULL;
        uint64_t next = timer_next_usec(unit, now), last = value_get_u64(unit, "LastTriggerUSec");

        int r = value_get_strv(unit, "Triggers", &triggers);
        if (r < 0)
                return r;
        json_t *dict = json_pack("{s:s, s:s?, s:o, s:o}",
                        "Unit",
                        unit_id(unit),
                        "Activates",
                        triggers ? triggers[0] : NULL,
                        "Next",
                        next == USEC_INFINITY ? json_null() : json_integer((json_int_t) next),
                        "Last",
                        last == 0 || last == USEC_INFINITY ? json_null()
                                                           : json_integer((json_int_t) last));
        return dict && json_array_append_new(list, dict) >= 0 ? 0 : -ENOMEM;
}

static int print_json(Context *c, const Value *units, DualTime now) {
        json_t *list = json_array();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < value_length(units) && r >= 0; i++)
                r = add_as_dict(list, &units->array.items[i], now);
        if (r >= 0)
                return json_print(list, c->out);
        json_decref(list);
        return r;
}

static int fetch(Context *c, char *const *words, Value *ret, Error *error) {
        static char all[] = "*.timer";
        char *const pattern[] = { all, NULL };
        const UnitFilter filter = {
                .words = strv_length(words) > 0 ? words : pattern,
                .all = c->options->all,
        };
        _cleanup_value_ Value units = {}, timers = { .type = VALUE_ARRAY };
        size_t hidden = 0;

        int r = unit_list_fetch(c, &filter, &units, &hidden, error);
        for (size_t i = 0; r >= 0 && i < value_length(&units); i++) {
                if (str_has_suffix(unit_id(&units.array.items[i]), ".timer"))
                        r = value_array_add(&timers, &units.array.items[i]);
        }
        if (r < 0)
                return r;
        if (timers.array.n_items > 1)
                qsort(timers.array.items, timers.array.n_items, sizeof(Value), compare_timers);
        *ret = timers;
        timers = (Value) {};
        return 0;
}

int verb_list_timers(Context *c, char *const *words, Error *error) {
        const Options *o = c->options;
        _cleanup_(table_done)
                        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        _cleanup_value_ Value timers = {};
        DualTime now = clock_dual();

        int r = fetch(c, words, &timers, error);
        if (r < 0)
                return r;
        if (o->json)
                return print_json(c, &timers, now);

        for (size_t i = 0; i < value_length(&timers) && r >= 0; i++)
                r = add_row(&table, &timers.array.items[i], now);
        if (r >= 0)
                r = table_print(&table, &c->terminal, !o->no_legend, c->out);
        if (r < 0)
                return r;
        if (!o->no_legend && !o->quiet)
                fprintf(c->out,
                                "\n%zu timer%s listed.%s\n",
                                value_length(&timers),
                                value_length(&timers) == 1 ? "" : "s",
                                o->all ? "" : " Pass --all to see those that are not active, too.");
        return SUPCTL_EXIT_SUCCESS;
}
