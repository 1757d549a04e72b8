/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "core/engine-internal.h"
#include "unitfile/target.h"
#include "unitfile/unit-type.h"

/* Units that nobody but a dependency names: a template that names ever more of itself comes to an end here. */
#define NAMED_UNITS_MAX 4096U

/* ---- edges of one unit --------------------------------------------------------------------------- */

static int add_word(Engine *e, const UnitSpec *spec, DependencyType type, const char *word) {
        _cleanup_free_ char *storage = NULL;
        DepNode *to;

        const char *id = unit_set_translate(e->set, word, spec->instance, &storage);
        int r = id ? depgraph_node(e->graph, id, &to) : -ENOMEM;
        return r < 0 ? r : depgraph_add(e->graph, type, to);
}

static int add_words(Engine *e, const UnitSpec *spec, DependencyType type, char *const *words) {
        STRV_FOREACH (word, words) {
                int r = add_word(e, spec, type, *word);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* [Install] of Quadlet's files holds as it is read; that of plain units is for `enable` (UNITS.md 1.4). */
static int add_install(Engine *e, const UnitSpec *spec) {
        const struct {
                DependencyType type;
                char *const *words;
        } lists[] = {
                { DEPENDENCY_WANTED_BY, spec->install.wanted_by },
                { DEPENDENCY_REQUIRED_BY, spec->install.required_by },
                { DEPENDENCY_UPHELD_BY, spec->install.upheld_by },
        };
        const UnitType *type = unit_type_find(spec->file_name);
        int r = 0;

        if (!type || !unit_type_is_quadlet(type))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(lists) && r >= 0; i++)
                r = add_words(e, spec, lists[i].type, lists[i].words);
        return r;
}

static int add_unit(Engine *e, Unit *u) {
        const UnitSpec *spec = unit_newest_spec(u);

        int r = depgraph_node(e->graph, u->id, &u->node);
        if (r < 0)
                return r;
        u->node->unit = u;
        if (spec->is_template || spec->load_state != UNIT_LOADED)
                return 0;
        depgraph_begin(e->graph, u->node);
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX && r >= 0; t++)
                r = add_words(e, spec, t, spec->unit.dependencies[t]);
        return r < 0 ? r : add_install(e, spec);
}

/* ---- units that are only named ------------------------------------------------------------------- */

/* Who is wanted by a target has it exist. */
static bool is_target_of_install(const DepNode *node) {
        return str_has_suffix(node->name, ".target") &&
               (node->lists[DEPENDENCY_WANTS] || node->lists[DEPENDENCY_REQUIRES] ||
                               node->lists[DEPENDENCY_UPHOLDS]);
}

/* Return: 1 and *ret, owned by the caller; 0 if there can be no such unit; -ENOMEM. */
static int make_named_spec(Engine *e, const DepNode *node, UnitSpec **ret) {
        UnitSpec *borrowed = NULL;
        int r;

        if (target_is_builtin(node->name) || is_target_of_install(node)) {
                r = target_spec_new(node->name, ret);
                return r < 0 ? r : 1;
        }
        if (!strchr(node->name, '@'))
                return 0;
        r = unit_set_instantiate(e->set, node->name, &borrowed, /* error= */ NULL);
        if (r <= 0)
                return r;
        *ret = unit_set_take(e->set, borrowed->id);
        return *ret ? 1 : 0;
}

/* Return: 1 if a unit was made; 0; negative errno. */
static int make_named_unit(Engine *e, DepNode *node, Error *error) {
        _cleanup_(unit_spec_freep) UnitSpec *spec = NULL;
        Unit *u = node->unit;

        if (u && !u->gone)
                return 0;
        int r = make_named_spec(e, node, &spec);
        if (r <= 0)
                return r;
        if (u)
                unit_adopt_spec(u,
                                TAKE_PTR(spec)); /* a file that stood for a built-in target is gone */
        else if (map_get(e->units, spec->id))
                return 0; /* another name of a unit that is there */
        else
                r = engine_add_unit(e, &spec, &u, error);
        if (r >= 0)
                r = add_unit(e, u);
        return r < 0 ? r : 1;
}

/* The graph grows meanwhile: what is made may name more. */
static int make_named_units(Engine *e, size_t from, Error *error) {
        unsigned n_made = 0;

        for (size_t i = from; i < depgraph_size(e->graph); i++) {
                int r = make_named_unit(e, depgraph_at(e->graph, i), error);
                if (r < 0)
                        return r;
                n_made += (unsigned) r;
                if (n_made < NAMED_UNITS_MAX)
                        continue;
                diag_warning("more than %u units are named in dependencies only, the last one %s; "
                             "the others are not made",
                                NAMED_UNITS_MAX,
                                depgraph_at(e->graph, i)->name);
                break;
        }
        return 0;
}

/* ---- targets ------------------------------------------------------------------------------------- */

static bool has_defaults(const DepNode *node) {
        return node->unit && unit_newest_spec(node->unit)->unit.default_dependencies;
}

/* A target is reached when its members are, unless the one or the other says otherwise (UNITS.md 4.2). */
static int order_members(Engine *e, DepNode *target) {
        static const DependencyType pulls[] = {
                DEPENDENCY_WANTS, DEPENDENCY_REQUIRES, DEPENDENCY_BINDS_TO, DEPENDENCY_UPHOLDS
        };

        if (!target->unit || target->unit->spec->kind != UNIT_KIND_TARGET || !has_defaults(target))
                return 0;
        depgraph_begin(e->graph, target);
        for (size_t i = 0; i < ELEMENTSOF(pulls); i++) {
                DEP_FOREACH(member, target, pulls[i]) {
                        if (!has_defaults(member) ||
                                        depgraph_has(e->graph, DEPENDENCY_BEFORE, member))
                                continue;
                        int r = depgraph_add(e->graph, DEPENDENCY_AFTER, member);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int engine_build_graph(Engine *e, Error *error) {
        MAP_FOREACH (Unit, u, e->units) {
                u->node = NULL;
        }
        e->graph = depgraph_free(e->graph);
        int r = depgraph_new(&e->graph);
        MAP_FOREACH (Unit, u, e->units) {
                if (r >= 0)
                        r = add_unit(e, u);
        }
        if (r >= 0)
                r = make_named_units(e, 0, error);
        for (size_t i = 0; r >= 0 && i < depgraph_size(e->graph); i++)
                r = order_members(e, depgraph_at(e->graph, i));
        e->graph_stale = r < 0;
        return r;
}

int engine_extend_graph(Engine *e, Unit *u, Error *error) {
        size_t from = depgraph_size(e->graph);

        int r = add_unit(e, u);
        if (r >= 0)
                r = make_named_units(e, from, error);
        for (size_t i = from; r >= 0 && i < depgraph_size(e->graph); i++)
                r = order_members(e, depgraph_at(e->graph, i));
        for (uint32_t i = 0; r >= 0 && i < dep_count(u->node, DEPENDENCY_WANTED_BY); i++)
                r = order_members(e, u->node->lists[DEPENDENCY_WANTED_BY]->nodes[i]);
        for (uint32_t i = 0; r >= 0 && i < dep_count(u->node, DEPENDENCY_REQUIRED_BY); i++)
                r = order_members(e, u->node->lists[DEPENDENCY_REQUIRED_BY]->nodes[i]);
        return r;
}
