/* SPDX-License-Identifier: MIT */
#include "ctl/image-records.h"

#include <string.h>

#include "base/digest.h"
#include "base/text.h"

void image_records_add(const char *key, const char *value, void *userdata) {
        ImageRecords *r = ASSERT_PTR(userdata);

        if (r->n_fields == r->n_allocated) {
                size_t n = MAX(2 * r->n_allocated, (size_t) 64);
                void *bigger = reallocarray(r->fields, n, sizeof(*r->fields));
                if (!bigger) {
                        r->result = -ENOMEM;
                        return;
                }
                r->fields = bigger;
                r->n_allocated = n;
        }
        ImageField field = { .key = strdup(key), .value = strdup(value) };
        if (!field.key || !field.value) {
                free(field.key);
                free(field.value);
                r->result = -ENOMEM;
                return;
        }
        r->fields[r->n_fields++] = field;
}

void image_records_done(ImageRecords *r) {
        for (size_t i = 0; i < r->n_fields; i++) {
                free(r->fields[i].key);
                free(r->fields[i].value);
        }
        free(r->fields);
        *r = (ImageRecords) {};
}

ImageGroup image_records_all(const ImageRecords *r) {
        return (ImageGroup) { .fields = r->fields, .n_fields = r->n_fields };
}

bool image_records_next(const ImageRecords *r, const char *first_key, ImageGroup *group) {
        size_t begin = group->fields ? (size_t) (group->fields - r->fields) + group->n_fields : 0;

        while (begin < r->n_fields && !str_equal(r->fields[begin].key, first_key))
                begin++;
        if (begin >= r->n_fields)
                return false;

        size_t end = begin + 1;
        while (end < r->n_fields && !str_equal(r->fields[end].key, first_key))
                end++;
        *group = (ImageGroup) { .fields = r->fields + begin, .n_fields = end - begin };
        return true;
}

const char *image_group_get(const ImageGroup *g, const char *key) {
        for (size_t i = g->n_fields; i > 0; i--) {
                if (str_equal(g->fields[i - 1].key, key))
                        return g->fields[i - 1].value;
        }
        return NULL;
}

const char *image_group_get_nth(const ImageGroup *g, const char *key, size_t n) {
        for (size_t i = 0; i < g->n_fields; i++) {
                if (str_equal(g->fields[i].key, key) && n-- == 0)
                        return g->fields[i].value;
        }
        return NULL;
}

uint64_t image_group_get_u64(const ImageGroup *g, const char *key) {
        const char *text = image_group_get(g, key);
        uint64_t value;

        return text && parse_u64(text, &value) >= 0 ? value : UINT64_MAX;
}

/* ---- as values --------------------------------------------------------------------------------- */

static int text_value(const char *text, Value *ret) {
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        *ret = (Value) { .type = VALUE_STRING, .string = copy };
        return 0;
}

static int digest_value(const char *text, Value *ret) {
        bool bare = !str_has_prefix(text, DIGEST_PREFIX);
        char *digest = str_printf("%s%s", bare ? DIGEST_PREFIX : "", text);

        if (!digest)
                return -ENOMEM;
        *ret = (Value) { .type = VALUE_STRING, .string = digest };
        return 0;
}

static int make_array(const ImageGroup *g, const ImageProperty *p, Value *ret) {
        _cleanup_value_ Value array = { .type = VALUE_ARRAY };
        const char *text;

        for (size_t i = 0; (text = image_group_get_nth(g, p->key, i)); i++) {
                _cleanup_value_ Value item = {};

                int r = p->type == IMAGE_DIGESTS ? digest_value(text, &item)
                                                 : text_value(text, &item);
                if (r >= 0)
                        r = value_array_add(&array, &item);
                if (r < 0)
                        return r;
        }
        *ret = array;
        array = (Value) {};
        return 0;
}

static int add_pair(const char *text, bool is_key, Value *dict) {
        size_t n = is_key ? strlen(text) : strcspn(text, "=");
        _cleanup_free_ char *name = strndup(text, n);
        _cleanup_value_ Value item = {};

        if (!name)
                return -ENOMEM;
        int r = 0;
        if (is_key)
                item.type = VALUE_DICT;
        else
                r = text_value(text[n] == '=' ? text + n + 1 : "", &item);
        return r < 0 ? r : value_dict_add(dict, name, &item);
}

static int make_dict(const ImageGroup *g, const ImageProperty *p, Value *ret) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT };
        const char *text;

        for (size_t i = 0; (text = image_group_get_nth(g, p->key, i)); i++) {
                int r = add_pair(text, p->type == IMAGE_KEYS, &dict);
                if (r < 0)
                        return r;
        }
        *ret = dict;
        dict = (Value) {};
        return 0;
}

static int make_value(const ImageGroup *g, const ImageProperty *p, Value *ret) {
        const char *text = image_group_get(g, p->key);
        uint64_t number;

        switch (p->type) {
        case IMAGE_TEXTS:
        case IMAGE_DIGESTS:
                return make_array(g, p, ret);
        case IMAGE_PAIRS:
        case IMAGE_KEYS:
                return make_dict(g, p, ret);
        case IMAGE_BOOLEAN:
                *ret = (Value) { .type = VALUE_BOOLEAN, .boolean = str_equal(text, "yes") };
                return 0;
        case IMAGE_NUMBER:
                number = image_group_get_u64(g, p->key);
                if (number != UINT64_MAX)
                        *ret = (Value) { .type = VALUE_UNSIGNED, .number = number };
                return 0;
        default:
                return text ? text_value(text, ret) : 0;
        }
}

int image_group_to_dict(
                const ImageGroup *g, const ImageProperty *properties, size_t n, Value *dict) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_value_ Value item = {};

                int r = make_value(g, &properties[i], &item);
                if (r >= 0 && item.type != VALUE_NONE)
                        r = value_dict_add(dict, properties[i].name, &item);
                if (r < 0)
                        return r;
        }
        return 0;
}
