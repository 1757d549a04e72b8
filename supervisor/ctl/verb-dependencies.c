/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/tree.h"
#include "ctl/unit-view.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* What makes one unit a child of another. */
static const char *const needs[] = {
        "Requires", "Requisite", "BindsTo", "Wants", "Upholds", "ConsistsOf"
};
static const char *const needed_by[] = {
        "RequiredBy", "RequisiteOf", "BoundBy", "WantedBy", "UpheldBy", "PartOf"
};
static_assert(ELEMENTSOF(needs) == ELEMENTSOF(needed_by), "each has its inverse");

/* A unit, asked for once however often it occurs. */
typedef struct Known {
        char *name;       /* owned; the map's key */
        Value properties; /* owned */
        bool expanded;    /* its children are in the tree */
} Known;

/* A unit that is still to be put into the tree. */
typedef struct Pending {
        char *name; /* owned */
        unsigned depth;
} Pending;

typedef struct Listing {
        Context *context; /* borrowed */
        Map *known;       /* owned; by name */
        Pending *pending; /* owned; a stack */
        size_t n_pending;
        Tree tree;
        Value json; /* a dict from each unit to those below it */
} Listing;

static void listing_done(Listing *l) {
        MAP_FOREACH (Known, known, l->known) {
                value_done(&known->properties);
                free(known->name);
                free(known);
        }
        map_free(l->known);
        for (size_t i = 0; i < l->n_pending; i++)
                free(l->pending[i].name);
        free(l->pending);
        tree_done(&l->tree);
        value_done(&l->json);
}

static int get_unit(Listing *l, const char *name, Known **ret, Error *error) {
        *ret = map_get(l->known, name);
        if (*ret)
                return 0;

        Known *known = calloc(1, sizeof(*known));
        if (!known)
                return -ENOMEM;
        known->name = strdup(name);
        int r = known->name ? map_put(l->known, known->name, known) : -ENOMEM;
        if (r < 0) {
                free(known->name);
                free(known);
                return r;
        }
        *ret = known;
        return client_get_properties(l->context->client, name, &known->properties, error);
}

static int string_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Sorted, each once. */
static int find_children(const Listing *l, const Known *known, char ***ret) {
        const char *const *names = l->context->options->reverse ? needed_by : needs;
        _cleanup_strv_ char **all = NULL, **children = NULL;

        for (size_t i = 0; i < ELEMENTSOF(needs); i++) {
                _cleanup_strv_ char **some = NULL;
                int r = value_get_strv(&known->properties, names[i], &some);
                STRV_FOREACH (name, some) {
                        r = r < 0 ? r : strv_append(&all, *name);
                }
                if (r < 0)
                        return r;
        }
        if (all)
                qsort(all, strv_length(all), sizeof(char *), string_compare);
        STRV_FOREACH (name, all) {
                bool again = name > all && str_equal(name[-1], *name);
                int r = again ? 0 : strv_append(&children, *name);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(children);
        return 0;
}

static int push(Listing *l, const char *name, unsigned depth) {
        void *bigger = reallocarray(l->pending, l->n_pending + 1, sizeof(*l->pending));
        if (!bigger)
                return -ENOMEM;
        l->pending = bigger;
        l->pending[l->n_pending] = (Pending) { .name = strdup(name), .depth = depth };
        return l->pending[l->n_pending].name ? (l->n_pending++, 0) : -ENOMEM;
}

/* The children, unless the tree has them already; the last one first, as the stack gives them back. */
static int expand(Listing *l, Known *known, unsigned depth) {
        _cleanup_strv_ char **children = NULL;
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };

        int r = find_children(l, known, &children);
        for (size_t i = strv_length(children); i > 0 && r >= 0; i--)
                r = push(l, children[i - 1], depth);
        STRV_FOREACH (name, children) {
                Value item = { .type = VALUE_STRING, .string = strdup(*name) };
                r = r < 0 ? r : !item.string ? -ENOMEM : value_array_add(&list, &item);
                value_done(&item);
        }
        known->expanded = true;
        return r < 0 ? r : value_dict_add(&l->json, known->name, &list);
}

static int add_line(Listing *l, const Known *known, const Pending *p, bool elsewhere) {
        const Terminal *t = &l->context->terminal;
        _cleanup_free_ char *safe = terminal_text(p->name);
        char *text = safe ? str_printf("%s %s%s",
                                            glyph(t, unit_glyph(&known->properties)),
                                            safe,
                                            elsewhere ? " (see above)" : "")
                          : NULL;

        int r = text ? tree_add(&l->tree, p->depth, unit_style(&known->properties), &text)
                     : -ENOMEM;
        free(text);
        return r;
}

static bool is_gone_into(const Listing *l, const Known *known) {
        return l->context->options->all || str_has_suffix(known->name, ".target");
}

static int walk(Listing *l, Error *error) {
        int r = 0;

        while (r >= 0 && l->n_pending > 0) {
                Pending p = l->pending[--l->n_pending];
                Known *known = NULL;

                r = get_unit(l, p.name, &known, error);
                bool goes_on = r >= 0 && is_gone_into(l, known);
                if (r >= 0)
                        r = add_line(l, known, &p, goes_on && known->expanded);
                if (goes_on && r >= 0 && !known->expanded)
                        r = expand(l, known, p.depth + 1);
                free(p.name);
        }
        return r;
}

static int print(Listing *l, const Known *root) {
        Context *c = l->context;

        if (c->options->json) {
                int r = json_print(json_from_value(&l->json), c->out);
                return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
        }
        fprintf(c->out,
                        "%s%s %s%s\n",
                        style_on(&c->terminal, unit_style(&root->properties)),
                        glyph(&c->terminal, unit_glyph(&root->properties)),
                        root->name,
                        style_off(&c->terminal, unit_style(&root->properties)));
        int r = tree_print(&l->tree, &c->terminal, "", c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

static int fail_unknown(const char *word, Error *error) {
        return error_set_plain(error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", word);
}

/* By the name it has: the word may be another one. */
static int get_root(Listing *l, const char *word, Known **ret, Error *error) {
        _cleanup_value_ Value asked = {};

        int r = client_get_unit(l->context->client, word, &asked, error);
        if (r < 0)
                return r;
        if (str_equal(value_get_string(&asked, "LoadState"), "not-found"))
                return fail_unknown(word, error);
        return get_unit(l, unit_id(&asked), ret, error);
}

int verb_list_dependencies(Context *c, char *const *words, Error *error) {
        _cleanup_(listing_done) Listing l = { .context = c, .json.type = VALUE_DICT };
        Known *root = NULL;

        l.known = map_new();
        if (!l.known)
                return -ENOMEM;
        int r = context_connect(c, error);
        if (r >= 0)
                r = get_root(&l, words && *words ? *words : "default.target", &root, error);
        if (r >= 0)
                r = expand(&l, root, 0);
        if (r >= 0)
                r = walk(&l, error);
        return r < 0 ? r : print(&l, root);
}
