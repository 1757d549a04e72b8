/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Strings and string vectors that grow by doubling, so that building one is linear in what it holds.
 *
 * Between calls: text is NULL or NUL-terminated; words is NULL or NULL-terminated.
 */

#include "base/macro.h"

typedef struct TextBuilder {
        char *text; /* owned */
        size_t size, allocated;
} TextBuilder;

int text_builder_add(TextBuilder *b, const char *text, size_t size);
int text_builder_add_char(TextBuilder *b, char c);
/** text_builder_take() - the text, "" if nothing was added; owned by the caller; NULL: out of memory */
char *text_builder_take(TextBuilder *b);
void text_builder_done(TextBuilder *b);

typedef struct WordList {
        char **words; /* owned */
        size_t n_words, n_allocated;
} WordList;

/** word_list_add() - takes *word over and empties it on success */
int word_list_add(WordList *l, char **word);
int word_list_add_copy(WordList *l, const char *word);
/** word_list_truncate() - frees what is beyond the first @n */
void word_list_truncate(WordList *l, size_t n);
/** word_list_take() - a vector as in base/strv.h; NULL if empty */
char **word_list_take(WordList *l);
void word_list_done(WordList *l);
