/* SPDX-License-Identifier: MIT */
#include "ctl/tree.h"

#include <string.h>

#include "base/text.h"

int tree_add(Tree *tree, unsigned depth, Style style, char **text) {
        void *bigger = reallocarray(tree->items, tree->n_items + 1, sizeof(TreeItem));
        if (!bigger)
                return -ENOMEM;

        tree->items = bigger;
        tree->items[tree->n_items++] = (TreeItem) {
                .depth = MIN(depth, TREE_DEPTH_MAX - 1),
                .style = style,
                .text = TAKE_PTR(*text),
        };
        return 0;
}

/* Whether each item is the last child of its parent: seen from the end, nobody of its depth came since
 * the parent's own next sibling. Owned by the caller; NULL: out of memory. */
static bool *last_children(const Tree *tree) {
        bool followed[TREE_DEPTH_MAX] = {};
        bool *last = calloc(MAX(tree->n_items, (size_t) 1), sizeof(*last));

        if (!last)
                return NULL;
        for (size_t i = tree->n_items; i-- > 0;) {
                unsigned depth = tree->items[i].depth;

                last[i] = !followed[depth];
                followed[depth] = true;
                for (unsigned deeper = depth + 1; deeper < TREE_DEPTH_MAX; deeper++)
                        followed[deeper] = false;
        }
        return last;
}

int tree_print(const Tree *tree, const Terminal *t, const char *indent, FILE *out) {
        bool ended[TREE_DEPTH_MAX] = {}; /* no more siblings at this depth */

        _cleanup_free_ bool *last = last_children(tree);
        if (!last)
                return -ENOMEM;

        for (size_t i = 0; i < tree->n_items; i++) {
                const TreeItem *item = &tree->items[i];
                size_t used = text_width(indent) + 2 * (size_t) (item->depth + 1);
                unsigned left = t->width == WIDTH_UNLIMITED ? WIDTH_UNLIMITED
                                : t->width > used + 10      ? t->width - (unsigned) used
                                                            : 10;
                _cleanup_free_ char *text = text_ellipsize(t, item->text, left);
                if (!text)
                        return -ENOMEM;

                fputs(indent, out);
                fputs(style_on(t, STYLE_DIM), out);
                for (unsigned depth = 0; depth < item->depth; depth++)
                        fputs(glyph(t, ended[depth] ? GLYPH_SPACE : GLYPH_TRUNK), out);
                fputs(glyph(t, last[i] ? GLYPH_LAST_BRANCH : GLYPH_BRANCH), out);
                fputs(style_off(t, STYLE_DIM), out);
                fprintf(out, "%s%s%s\n", style_on(t, item->style), text, style_off(t, item->style));
                ended[item->depth] = last[i];
        }
        return 0;
}

void tree_done(Tree *tree) {
        for (size_t i = 0; i < tree->n_items; i++)
                free(tree->items[i].text);
        free(tree->items);
        *tree = (Tree) {};
}
