/* SPDX-License-Identifier: MIT */
#include "ctl/verify-cycle.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"

/* A unit on the way, and which of those that come before it is looked at. */
typedef struct Step {
        const UnitSpec *unit;
        size_t next;
} Step;

typedef struct Search {
        UnitSet *units; /* borrowed */
        Map *before;    /* owned; id to what others' Before= make it wait for (Predecessors) */
        Map *seen;      /* owned; ids that lead to no cycle, or are on the way */
        Step *steps;    /* owned */
        size_t n_steps, n_allocated;
} Search;

typedef struct Predecessors {
        const UnitSpec **units; /* owned; borrowed units */
        size_t n;
} Predecessors;

static int add_predecessor(Search *s, const char *id, const UnitSpec *unit) {
        Predecessors *p = map_get(s->before, id);

        if (!p) {
                p = calloc(1, sizeof(*p));
                if (!p || map_put(s->before, id, p) < 0) {
                        free(p);
                        return -ENOMEM;
                }
        }
        const UnitSpec **grown = reallocarray(p->units, p->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        p->units = grown;
        p->units[p->n++] = unit;
        return 0;
}

static const UnitSpec *find_named(UnitSet *units, const char *word, const char *instance) {
        _cleanup_free_ char *storage = NULL;
        const char *id = unit_set_translate(units, word, instance, &storage);

        return id ? unit_set_find(units, id) : NULL;
}

/* All edges, once: what each unit comes after. Shutdown comes after all, and is no start. */
static int collect_order(Search *s) {
        for (size_t i = 0; i < unit_set_size(s->units); i++) {
                const UnitSpec *u = unit_set_at(s->units, i);

                STRV_FOREACH (word, u ? u->unit.dependencies[DEPENDENCY_AFTER] : NULL) {
                        const UnitSpec *other = find_named(s->units, *word, u->instance);
                        if (other && add_predecessor(s, u->id, other) < 0)
                                return -ENOMEM;
                }
                STRV_FOREACH (word, u ? u->unit.dependencies[DEPENDENCY_BEFORE] : NULL) {
                        const UnitSpec *other = find_named(s->units, *word, u->instance);
                        if (other && !str_equal(other->id, "shutdown.target") &&
                                        add_predecessor(s, other->id, u) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

static void search_done(Search *s) {
        MAP_FOREACH (Predecessors, p, s->before) {
                free(p->units);
                free(p);
        }
        map_free(s->before);
        map_free(s->seen);
        free(s->steps);
}

static int push(Search *s, const UnitSpec *u) {
        if (s->n_steps == s->n_allocated) {
                size_t more = s->n_allocated ? s->n_allocated * 2 : 16;
                Step *grown = reallocarray(s->steps, more, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                s->steps = grown;
                s->n_allocated = more;
        }
        s->steps[s->n_steps++] = (Step) { .unit = u };
        return map_put(s->seen, u->id, (void *) u);
}

/* Depth first from @u. Return: 1: the way from step *ret_from on is a cycle; 0; -ENOMEM. */
static int search(Search *s, const UnitSpec *u, size_t *ret_from) {
        int r = push(s, u);

        while (r >= 0 && s->n_steps > 0) {
                Step *top = &s->steps[s->n_steps - 1];
                const Predecessors *p = map_get(s->before, top->unit->id);

                if (!p || top->next >= p->n) {
                        s->n_steps--;
                        continue;
                }
                const UnitSpec *other = p->units[top->next++];
                for (size_t i = s->n_steps; i-- > 0;) {
                        if (s->steps[i].unit == other) {
                                *ret_from = i;
                                return 1;
                        }
                }
                if (!map_get(s->seen, other->id))
                        r = push(s, other);
        }
        return r;
}

/* "a after b after a", from step @from on. Owned; NULL: out of memory. */
static char *describe(const Search *s, size_t from) {
        char *text = strdup(s->steps[from].unit->id);

        for (size_t i = from + 1; text && i <= s->n_steps; i++) {
                const UnitSpec *u = s->steps[i < s->n_steps ? i : from].unit;
                char *longer = str_printf("%s after %s", text, u->id);
                free(text);
                text = longer;
        }
        return text;
}

int verify_find_cycle(UnitSet *units, const char *id, char **ret) {
        _cleanup_(search_done) Search s = { .units = units };
        const UnitSpec *own = unit_set_find(units, id);
        size_t from = 0;

        *ret = NULL;
        if (!own)
                return 0;
        s.before = map_new();
        s.seen = map_new();
        int r = s.before && s.seen ? collect_order(&s) : -ENOMEM;
        if (r >= 0)
                r = search(&s, own, &from);
        if (r <= 0)
                return r;
        *ret = describe(&s, from);
        return *ret ? 0 : -ENOMEM;
}
