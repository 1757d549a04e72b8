/* SPDX-License-Identifier: MIT */
#include "unitfile/effective.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

static void drop_values(EffectiveKey *k) {
        for (size_t i = 0; i < k->n_values; i++) {
                free(k->values[i].text);
                free(k->values[i].file);
        }
        free(k->values);
        k->values = NULL;
        k->n_values = 0;
}

Effective *effective_free(Effective *e) {
        if (!e)
                return NULL;
        for (size_t i = 0; i < e->n_keys; i++)
                drop_values(&e->keys[i]);
        free(e->keys);
        free(e);
        return NULL;
}

static EffectiveKey *last_key(const Effective *e) {
        return &e->keys[e->n_keys - 1];
}

bool effective_is_empty(const Effective *e) {
        return e->n_keys == 0 || last_key(e)->n_values == 0;
}

int effective_begin(Effective *e, const char *section, const char *key, bool accumulates) {
        /* One of which nothing came has no place. */
        if (e->n_keys > 0 && effective_is_empty(e))
                e->n_keys--;
        EffectiveKey *grown = reallocarray(e->keys, e->n_keys + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        e->keys = grown;
        e->keys[e->n_keys++] = (EffectiveKey) {
                .section = section, .key = key, .accumulates = accumulates
        };
        return 0;
}

int effective_add(Effective *e,
                const void *source,
                const char *file,
                unsigned line,
                const char *text,
                bool word) {
        EffectiveKey *k = last_key(e);

        if (!k->accumulates && k->source != source)
                drop_values(k);
        k->source = source;
        k->words = k->words || word;
        EffectiveValue *grown = reallocarray(k->values, k->n_values + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        k->values = grown;
        EffectiveValue *v = &k->values[k->n_values];
        *v = (EffectiveValue) { .text = strdup(text), .file = strdup(file), .line = line };
        k->n_values++;
        return v->text && v->file ? 0 : -ENOMEM;
}

static int compare_names(const char *x, const char *y) {
        size_t n = strcspn(x, "="), m = strcspn(y, "=");
        int order = memcmp(x, y, n < m ? n : m);

        return order != 0 ? order : n < m ? -1 : n > m;
}

/* Of pointers into one array: what came first stays first. */
static int compare_places(const void *a, const void *b) {
        const EffectiveValue *x = *(const EffectiveValue *const *) a;
        const EffectiveValue *y = *(const EffectiveValue *const *) b;
        int order = compare_names(x->text, y->text);

        return order != 0 ? order : x < y ? -1 : x > y;
}

int effective_settle_names(Effective *e) {
        EffectiveKey *k = last_key(e);
        size_t n = 0;

        if (k->n_values == 0)
                return 0;
        _cleanup_free_ EffectiveValue **order = calloc(k->n_values, sizeof(EffectiveValue *));
        EffectiveValue *values = calloc(k->n_values, sizeof(EffectiveValue));
        if (!order || !values) {
                free(values);
                return -ENOMEM;
        }
        for (size_t i = 0; i < k->n_values; i++)
                order[i] = &k->values[i];
        qsort(order, k->n_values, sizeof(EffectiveValue *), compare_places);
        for (size_t i = 0; i < k->n_values; i++) {
                if (i + 1 < k->n_values && compare_names(order[i]->text, order[i + 1]->text) == 0)
                        continue;
                values[n++] = *order[i];
                *order[i] = (EffectiveValue) {};
        }
        drop_values(k);
        k->values = values;
        k->n_values = n;
        return 0;
}

const EffectiveKey *effective_find(const Effective *e, const char *section, const char *key) {
        for (size_t i = 0; e && i < e->n_keys; i++) {
                if (str_equal(e->keys[i].section, section) && str_equal(e->keys[i].key, key) &&
                                e->keys[i].n_values > 0)
                        return &e->keys[i];
        }
        return NULL;
}
