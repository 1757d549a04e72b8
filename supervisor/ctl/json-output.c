/* SPDX-License-Identifier: MIT */
#include "ctl/json-output.h"

#include <string.h>

#include "base/text.h"

static void json_unrefp(json_t **json) {
        json_decref(*json);
}
#define _cleanup_json_ _cleanup_(json_unrefp)

json_t *json_from_text(const char *text, size_t size) {
        if (utf8_is_valid(text, size))
                return json_stringn_nocheck(text, size);

        _cleanup_json_ json_t *bytes = json_array();
        for (size_t i = 0; bytes && i < size; i++) {
                if (json_array_append_new(bytes, json_integer((unsigned char) text[i])) < 0)
                        return NULL;
        }
        return TAKE_PTR(bytes);
}

static json_t *from_array(const Value *v) {
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; array && i < v->array.n_items; i++) {
                if (json_array_append_new(array, json_from_value(&v->array.items[i])) < 0)
                        return NULL;
        }
        return TAKE_PTR(array);
}

static json_t *from_dict(const Value *v) {
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < v->dict.n_items; i++) {
                const Property *p = &v->dict.items[i];
                if (json_object_set_new_nocheck(object, p->name, json_from_value(&p->value)) < 0)
                        return NULL;
        }
        return TAKE_PTR(object);
}

json_t *json_from_value(const Value *v) {
        switch (v->type) {
        case VALUE_BOOLEAN:
                return json_boolean(v->boolean);
        case VALUE_INTEGER:
                return json_integer(v->integer);
        case VALUE_UNSIGNED:
                /* UINT64_MAX is "not set" or "infinity", and beyond what JSON readers keep exact. */
                return v->number <= INT64_MAX ? json_integer((json_int_t) v->number) : json_null();
        case VALUE_REAL:
                return json_real(v->real);
        case VALUE_STRING:
                return json_from_text(v->string, strlen(v->string));
        case VALUE_ARRAY:
                return from_array(v);
        case VALUE_DICT:
                return from_dict(v);
        default:
                return json_null();
        }
}

int json_print(json_t *json, FILE *out) {
        _cleanup_json_ json_t *owned = json;

        if (!owned)
                return -ENOMEM;
        /* A failed write shows in ferror(), which main() looks at. */
        (void) json_dumpf(owned, out, JSON_COMPACT | JSON_ENCODE_ANY);
        fputc('\n', out);
        return 0;
}
