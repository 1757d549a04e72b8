/* SPDX-License-Identifier: MIT */
#include "client/value.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

void value_done(Value *v) {
        switch (v->type) {
        case VALUE_STRING:
                free(v->string);
                break;
        case VALUE_ARRAY:
                for (size_t i = 0; i < v->array.n_items; i++)
                        value_done(&v->array.items[i]);
                free(v->array.items);
                break;
        case VALUE_DICT:
                for (size_t i = 0; i < v->dict.n_items; i++) {
                        free(v->dict.items[i].name);
                        value_done(&v->dict.items[i].value);
                }
                free(v->dict.items);
                break;
        default:
                break;
        }
        *v = (Value) {};
}

/* Room for one more item. The allocation doubles whenever the count is a power of two, so that no
 * capacity need be kept in every value. */
static int grow(void **items, size_t n_items, size_t item_size) {
        if ((n_items & (n_items - 1)) != 0)
                return 0;

        void *bigger = reallocarray(*items, n_items ? 2 * n_items : 1, item_size);
        if (!bigger)
                return -ENOMEM;
        *items = bigger;
        return 0;
}

int value_array_add(Value *array, Value *item) {
        if (array->type == VALUE_NONE)
                *array = (Value) { .type = VALUE_ARRAY };
        assert(array->type == VALUE_ARRAY);

        void *items = array->array.items;
        int r = grow(&items, array->array.n_items, sizeof(Value));
        if (r < 0)
                return r;
        array->array.items = items;

        array->array.items[array->array.n_items++] = *item;
        *item = (Value) {};
        return 0;
}

int value_dict_add(Value *dict, const char *name, Value *item) {
        if (dict->type == VALUE_NONE)
                *dict = (Value) { .type = VALUE_DICT };
        assert(dict->type == VALUE_DICT);

        _cleanup_free_ char *copy = strdup(name);
        if (!copy)
                return -ENOMEM;

        void *items = dict->dict.items;
        int r = grow(&items, dict->dict.n_items, sizeof(Property));
        if (r < 0)
                return r;
        dict->dict.items = items;

        dict->dict.items[dict->dict.n_items++] =
                        (Property) { .name = TAKE_PTR(copy), .value = *item };
        *item = (Value) {};
        return 0;
}

const Value *value_get(const Value *dict, const char *name) {
        if (!dict || dict->type != VALUE_DICT)
                return NULL;
        for (size_t i = 0; i < dict->dict.n_items; i++) {
                if (str_equal(dict->dict.items[i].name, name))
                        return &dict->dict.items[i].value;
        }
        return NULL;
}

const char *value_get_string(const Value *dict, const char *name) {
        const Value *v = value_get(dict, name);

        return v && v->type == VALUE_STRING && !str_is_empty(v->string) ? v->string : NULL;
}

uint64_t value_get_u64(const Value *dict, const char *name) {
        const Value *v = value_get(dict, name);

        if (v && v->type == VALUE_UNSIGNED)
                return v->number;
        if (v && v->type == VALUE_INTEGER && v->integer >= 0)
                return (uint64_t) v->integer;
        return UINT64_MAX;
}

int64_t value_get_i64(const Value *dict, const char *name, int64_t fallback) {
        const Value *v = value_get(dict, name);

        if (v && v->type == VALUE_INTEGER)
                return v->integer;
        if (v && v->type == VALUE_UNSIGNED && v->number <= INT64_MAX)
                return (int64_t) v->number;
        return fallback;
}

bool value_get_bool(const Value *dict, const char *name) {
        const Value *v = value_get(dict, name);

        return v && v->type == VALUE_BOOLEAN && v->boolean;
}

int value_get_strv(const Value *dict, const char *name, char ***ret) {
        const Value *v = value_get(dict, name);
        _cleanup_strv_ char **strings = NULL;

        for (size_t i = 0; v && v->type == VALUE_ARRAY && i < v->array.n_items; i++) {
                if (v->array.items[i].type != VALUE_STRING)
                        continue;
                int r = strv_append(&strings, v->array.items[i].string);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(strings);
        return 0;
}

size_t value_length(const Value *v) {
        if (v && v->type == VALUE_ARRAY)
                return v->array.n_items;
        if (v && v->type == VALUE_DICT)
                return v->dict.n_items;
        return 0;
}
