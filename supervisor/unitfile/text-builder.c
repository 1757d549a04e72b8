/* SPDX-License-Identifier: MIT */
#include "unitfile/text-builder.h"

#include <string.h>

#include "base/strv.h"

int text_builder_add(TextBuilder *b, const char *text, size_t size) {
        if (b->size + size + 1 > b->allocated) {
                size_t allocated = 2 * (b->size + size) + 16;
                char *grown = realloc(b->text, allocated);
                if (!grown)
                        return -ENOMEM;
                b->text = grown;
                b->allocated = allocated;
        }
        if (size > 0)
                memcpy(b->text + b->size, text, size);
        b->size += size;
        b->text[b->size] = '\0';
        return 0;
}

int text_builder_add_char(TextBuilder *b, char c) {
        return text_builder_add(b, &c, 1);
}

char *text_builder_take(TextBuilder *b) {
        if (!b->text && text_builder_add(b, NULL, 0) < 0)
                return NULL;

        char *text = TAKE_PTR(b->text);
        *b = (TextBuilder) {};
        return text;
}

void text_builder_done(TextBuilder *b) {
        free(b->text);
        *b = (TextBuilder) {};
}

int word_list_add(WordList *l, char **word) {
        if (l->n_words + 1 >= l->n_allocated) {
                size_t n = l->n_allocated ? l->n_allocated * 2 : 8;
                char **grown = realloc(l->words, n * sizeof(char *));
                if (!grown)
                        return -ENOMEM;
                l->words = grown;
                l->n_allocated = n;
        }
        l->words[l->n_words++] = TAKE_PTR(*word);
        l->words[l->n_words] = NULL;
        return 0;
}

int word_list_add_copy(WordList *l, const char *word) {
        _cleanup_free_ char *copy = strdup(word);
        if (!copy)
                return -ENOMEM;
        return word_list_add(l, &copy);
}

void word_list_truncate(WordList *l, size_t n) {
        while (l->n_words > n) {
                free(l->words[--l->n_words]);
                l->words[l->n_words] = NULL;
        }
}

char **word_list_take(WordList *l) {
        char **words = l->n_words > 0 ? TAKE_PTR(l->words) : NULL;

        word_list_done(l);
        return words;
}

void word_list_done(WordList *l) {
        l->words = strv_free(l->words);
        *l = (WordList) {};
}
