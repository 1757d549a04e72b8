/* SPDX-License-Identifier: MIT */
#include "image/oci/json.h"

#include <string.h>

#include "base/strv.h"

static int parse(const char *text, size_t size, const char *what, json_t **ret, Error *error) {
        json_error_t details;
        _cleanup_json_ json_t *j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &details);

        if (!j && json_error_code(&details) == json_error_out_of_memory)
                return -ENOMEM;
        if (!j)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "%s is no valid JSON: line %d: %s",
                                what,
                                details.line,
                                details.text);
        *ret = TAKE_PTR(j);
        return 0;
}

int json_parse(const char *text, size_t size, const char *what, json_t **ret, Error *error) {
        _cleanup_json_ json_t *j = NULL;
        int r;

        r = parse(text, size, what, &j, error);
        if (r < 0)
                return r;
        if (!json_is_object(j))
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "%s is no JSON object", what);
        *ret = TAKE_PTR(j);
        return 0;
}

int json_parse_array(const char *text, size_t size, const char *what, json_t **ret, Error *error) {
        _cleanup_json_ json_t *j = NULL;
        int r;

        r = parse(text, size, what, &j, error);
        if (r < 0)
                return r;
        if (!json_is_array(j))
                return error_set_plain(error, -EBADMSG, ERROR_STORAGE, "%s is no JSON array", what);
        *ret = TAKE_PTR(j);
        return 0;
}

const char *json_text(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key));
}

int json_size(const json_t *object, const char *key, uint64_t *ret) {
        const json_t *j = json_object_get(object, key);

        if (!json_is_integer(j) || json_integer_value(j) < 0)
                return -EINVAL;
        *ret = (uint64_t) json_integer_value(j);
        return 0;
}

int json_copy_text(const json_t *object, const char *key, char **ret) {
        const char *text = json_text(object, key);
        char *copy = text ? strdup(text) : NULL;

        if (text && !copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int json_copy_texts(const json_t *object, const char *key, char ***ret) {
        _cleanup_strv_ char **v = NULL;
        json_t *item;
        size_t i;

        json_array_foreach(json_object_get(object, key), i, item) {
                const char *text = json_string_value(item);
                int r = text ? strv_append(&v, text) : 0;
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(v);
        return 0;
}
