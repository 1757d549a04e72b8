/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A doubly linked ring with the links inside the items; the head is a link too. An item that is in no
 * list points to itself, so that list_remove() may be called twice.
 */

#include <stdbool.h>

#include "base/macro.h"

typedef struct List {
        struct List *previous, *next; /* borrowed */
} List;

static inline void list_init(List *l) {
        l->previous = l->next = l;
}

static inline bool list_is_empty(const List *l) {
        return l->next == l;
}

/** list_append() - put @item, which is in no list, before the head: at the end */
static inline void list_append(List *head, List *item) {
        item->previous = head->previous;
        item->next = head;
        head->previous->next = item;
        head->previous = item;
}

static inline void list_remove(List *item) {
        item->previous->next = item->next;
        item->next->previous = item->previous;
        list_init(item);
}

/* The current item may be removed within the loop. */
#define LIST_FOREACH(item, head) \
        for (List *item = (head)->next, *item##_next = item->next; item != (head); \
                        item = item##_next, item##_next = item->next)
