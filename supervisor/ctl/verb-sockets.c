/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/unit-list.h"
#include "ctl/unit-view.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* What is listened on, a row each: a unit may have several. With --show-types all four columns. */
static const TableColumn columns[] = {
        { .title = "LISTEN", .width_min = 12 },
        { .title = "UNIT", .width_min = 12 },
        { .title = "ACTIVATES", .width_min = 12 },
};
static const TableColumn typed_columns[] = {
        { .title = "LISTEN", .width_min = 12 },
        { .title = "TYPE" },
        { .title = "UNIT", .width_min = 12 },
        { .title = "ACTIVATES", .width_min = 12 },
};

/* Called for each address. Return: 0 or negative errno. */
typedef int (*Sink)(const char *address,
                const char *type,
                const Value *unit,
                const char *activates,
                void *userdata);

static int for_each_listen(const Value *units, Sink sink, void *userdata) {
        int r = 0;

        for (size_t i = 0; i < value_length(units) && r >= 0; i++) {
                const Value *unit = &units->array.items[i], *list = value_get(unit, "Listen");
                _cleanup_strv_ char **triggers = NULL;

                if (!str_has_suffix(unit_id(unit), ".socket"))
                        continue;
                r = value_get_strv(unit, "Triggers", &triggers);
                for (size_t k = 0; list && k < value_length(list) && r >= 0; k++) {
                        const Value *pair = &list->array.items[k];

                        if (pair->type != VALUE_ARRAY || value_length(pair) != 2)
                                return -EBADMSG;
                        r = sink(pair->array.items[1].string,
                                        pair->array.items[0].string,
                                        unit,
                                        triggers ? triggers[0] : NULL,
                                        userdata);
                }
        }
        return r;
}

typedef struct Rows {
        Table table;
        bool typed;
} Rows;

static int add_row(const char *address,
                const char *type,
                const Value *unit,
                const char *activates,
                void *userdata) {
        Rows *rows = userdata;

        int r = table_add(&rows->table, STYLE_PLAIN, address);
        if (r >= 0 && rows->typed)
                r = table_add(&rows->table, STYLE_PLAIN, type);
        if (r >= 0)
                r = table_add(&rows->table, unit_style(unit), unit_id(unit));
        return r < 0 ? r : table_add(&rows->table, STYLE_PLAIN, activates ?: "-");
}

static int add_dict(const char *address,
                const char *type,
                const Value *unit,
                const char *activates,
                void *userdata) {
        json_t *dict = json_pack("{s:s?, s:s?, s:s, s:s?}",
                        "Listen",
                        address,
                        "Type",
                        type,
                        "Unit",
                        unit_id(unit),
                        "Activates",
                        activates);

        return dict && json_array_append_new(userdata, dict) >= 0 ? 0 : -ENOMEM;
}

static int print_json(Context *c, const Value *units) {
        json_t *list = json_array();
        int r = list ? for_each_listen(units, add_dict, list) : -ENOMEM;

        if (r >= 0)
                return json_print(list, c->out);
        json_decref(list);
        return r;
}

static int print_table(Context *c, const Value *units) {
        const Options *o = c->options;
        Rows rows = {
                .typed = o->show_types,
                .table = { .columns = o->show_types ? typed_columns : columns,
                                .n_columns = o->show_types ? ELEMENTSOF(typed_columns)
                                                           : ELEMENTSOF(columns) },
        };

        int r = for_each_listen(units, add_row, &rows);
        if (r >= 0)
                r = table_print(&rows.table, &c->terminal, !o->no_legend, c->out);
        size_t n = rows.table.n_cells / rows.table.n_columns;
        table_done(&rows.table);
        if (r >= 0 && !o->no_legend && !o->quiet)
                fprintf(c->out,
                                "\n%zu socket%s listed.%s\n",
                                n,
                                n == 1 ? "" : "s",
                                o->all ? "" : " Pass --all to see those that are not active, too.");
        return r;
}

int verb_list_sockets(Context *c, char *const *words, Error *error) {
        static char any[] = "*.socket";
        char *const pattern[] = { any, NULL };
        const UnitFilter filter = {
                .words = strv_length(words) > 0 ? words : pattern,
                .all = c->options->all,
        };
        _cleanup_value_ Value units = {};
        size_t hidden = 0;

        int r = unit_list_fetch(c, &filter, &units, &hidden, error);
        if (r >= 0)
                r = c->options->json ? print_json(c, &units) : print_table(c, &units);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
