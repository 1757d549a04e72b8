/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A tree as lines with branches before them. Items come in order, each child after its parent and
 * before the parent's next sibling; depth alone tells who belongs to whom.
 */

#include <stdio.h>

#include "client/value.h"
#include "ctl/terminal.h"

#define TREE_DEPTH_MAX 32U /* what lies deeper is drawn at this depth */

typedef struct TreeItem {
        unsigned depth; /* 0: right below the tree's root */
        Style style;
        char *text; /* owned; fit for a terminal */
} TreeItem;

typedef struct Tree {
        TreeItem *items; /* owned */
        size_t n_items;
} Tree;

/** tree_add() - @text is taken over and emptied on success. Return: 0 or -ENOMEM. */
int tree_add(Tree *tree, unsigned depth, Style style, char **text);

/** tree_print() - each line after @indent, shortened to the terminal's width. Return: 0 or -ENOMEM. */
int tree_print(const Tree *tree, const Terminal *t, const char *indent, FILE *out);

void tree_done(Tree *tree);
