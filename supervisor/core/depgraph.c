/* SPDX-License-Identifier: MIT */
#include "core/depgraph.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct Depgraph {
        Map *nodes;     /* owned; name to DepNode, which is owned */
        DepNode *from;  /* borrowed; whose edges are added */
        uint32_t round; /* of depgraph_begin() */
        uint64_t marks; /* of depgraph_next_round() */
};

int depgraph_new(Depgraph **ret) {
        _cleanup_(depgraph_freep) Depgraph *g = calloc(1, sizeof(*g));
        if (!g)
                return -ENOMEM;
        g->nodes = map_new();
        if (!g->nodes)
                return -ENOMEM;
        *ret = TAKE_PTR(g);
        return 0;
}

static DepNode *dep_node_free(DepNode *node) {
        if (!node)
                return NULL;
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++)
                free(node->lists[t]);
        free(node->name);
        free(node);
        return NULL;
}
DEFINE_CLEANUP(DepNode *, dep_node_free);

Depgraph *depgraph_free(Depgraph *g) {
        if (!g)
                return NULL;
        MAP_FOREACH (DepNode, node, g->nodes) {
                dep_node_free(node);
        }
        map_free(g->nodes);
        free(g);
        return NULL;
}

int depgraph_node(Depgraph *g, const char *name, DepNode **ret) {
        *ret = map_get(g->nodes, name);
        if (*ret)
                return 0;

        _cleanup_(dep_node_freep) DepNode *node = calloc(1, sizeof(*node));
        if (!node)
                return -ENOMEM;
        node->name = strdup(name);
        if (!node->name)
                return -ENOMEM;
        int r = map_put(g->nodes, node->name, node);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(node);
        return 0;
}

DepNode *depgraph_find(const Depgraph *g, const char *name) {
        return map_get(g->nodes, name);
}

size_t depgraph_size(const Depgraph *g) {
        return map_size(g->nodes);
}

DepNode *depgraph_at(const Depgraph *g, size_t index) {
        return map_at(g->nodes, index);
}

uint64_t depgraph_next_round(Depgraph *g) {
        return ++g->marks;
}

/* ---- edges ------------------------------------------------------------------------------------- */

static void mark(const Depgraph *g, DepNode *node, DependencyType type) {
        if (node->seen_round != g->round)
                node->seen_types = 0;
        node->seen_round = g->round;
        node->seen_types |= 1U << type;
}

/* Every neighbour gets a note of what it is, so that a duplicate is seen without a search. */
void depgraph_begin(Depgraph *g, DepNode *from) {
        g->from = from;
        g->round++;
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++) {
                DEP_FOREACH(other, from, t)
                mark(g, other, t);
        }
}

bool depgraph_has(const Depgraph *g, DependencyType type, const DepNode *to) {
        return to->seen_round == g->round && (to->seen_types & (1U << type));
}

static int list_push(DepList **list, DepNode *node) {
        DepList *l = *list;

        if (!l || l->n == l->n_allocated) {
                uint32_t n = l ? l->n_allocated * 2 : 4;
                DepList *grown = realloc(l, sizeof(*grown) + n * sizeof(DepNode *));
                if (!grown)
                        return -ENOMEM;
                if (!l)
                        grown->n = 0;
                grown->n_allocated = n;
                *list = l = grown;
        }
        l->nodes[l->n++] = node;
        return 0;
}

int depgraph_add(Depgraph *g, DependencyType type, DepNode *to) {
        if (to == g->from || depgraph_has(g, type, to))
                return 0;

        int r = list_push(&g->from->lists[type], to);
        if (r < 0)
                return r;
        r = list_push(&to->lists[dependency_inverse(type)], g->from);
        if (r < 0) {
                g->from->lists[type]->n--;
                return r;
        }
        mark(g, to, type);
        return 0;
}
