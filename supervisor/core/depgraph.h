/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who is what to whom: names of units and typed edges between them, each also as its inverse. A name needs no unit:
 * what is only mentioned is a node, too.
 *
 * Made anew for each load of the unit files. Adding is linear in names and edges.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/dependency.h"

typedef struct Depgraph Depgraph;
typedef struct DepNode DepNode;

typedef struct DepList {
        uint32_t n, n_allocated;
        DepNode *nodes[]; /* borrowed */
} DepList;

struct DepNode {
        char *name;                           /* owned; the unit's id */
        struct Unit *unit;                    /* borrowed; NULL: no such unit */
        DepList *lists[_DEPENDENCY_TYPE_MAX]; /* owned; NULL: empty */
        uint32_t seen_round, seen_types;      /* from the node whose edges are being added */
        /* Notes of the transaction that is being made; of no meaning to others. */
        uint64_t transaction;
        uint32_t up, down, visit;
};

int depgraph_new(Depgraph **ret);
Depgraph *depgraph_free(Depgraph *g);
DEFINE_CLEANUP(Depgraph *, depgraph_free);

/** depgraph_node() - the node called @name, made if there is none. Return: 0 or -ENOMEM. */
int depgraph_node(Depgraph *g, const char *name, DepNode **ret);
DepNode *depgraph_find(const Depgraph *g, const char *name); /* NULL: none */
size_t depgraph_size(const Depgraph *g);
DepNode *depgraph_at(const Depgraph *g, size_t index);

/** depgraph_begin() - edges of @from follow, until the next call */
void depgraph_begin(Depgraph *g, DepNode *from);
/** depgraph_add() - an edge of the node that was begun, and its inverse. What is there already, and an edge to itself,
 * is left out. Return: 0 or -ENOMEM. */
int depgraph_add(Depgraph *g, DependencyType type, DepNode *to);
/** depgraph_has() - does the node that was begun have that edge? */
bool depgraph_has(const Depgraph *g, DependencyType type, const DepNode *to);

/** depgraph_next_round() - a number for DepNode.transaction that no node bears yet */
uint64_t depgraph_next_round(Depgraph *g);

static inline uint32_t dep_count(const DepNode *node, DependencyType type) {
        return node->lists[type] ? node->lists[type]->n : 0;
}

#define DEP_FOREACH(other, node, type) \
        for (uint32_t other##_i = 0; other##_i < dep_count((node), (type)); other##_i++) \
                for (DepNode *other = (node)->lists[type]->nodes[other##_i]; other; other = NULL)
