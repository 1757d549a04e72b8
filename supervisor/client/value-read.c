/* SPDX-License-Identifier: MIT */
#include "client/value-read.h"

#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 32U /* the bus itself allows 64; what we read is far below */

/* A number of any width, as sd_bus_message_read_basic() stores it. */
typedef union Basic {
        uint8_t byte;
        int boolean; /* sd-bus stores booleans as int */
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        double real;
        const char *string;
} Basic;

static int basic_to_value(char type, const Basic *b, Value *ret) {
        switch (type) {
        case SD_BUS_TYPE_BYTE:
                *ret = (Value) { .type = VALUE_UNSIGNED, .number = b->byte };
                return 0;
        case SD_BUS_TYPE_UINT16:
                *ret = (Value) { .type = VALUE_UNSIGNED, .number = b->u16 };
                return 0;
        case SD_BUS_TYPE_UINT32:
                *ret = (Value) { .type = VALUE_UNSIGNED, .number = b->u32 };
                return 0;
        case SD_BUS_TYPE_UINT64:
                *ret = (Value) { .type = VALUE_UNSIGNED, .number = b->u64 };
                return 0;
        case SD_BUS_TYPE_INT16:
                *ret = (Value) { .type = VALUE_INTEGER, .integer = b->i16 };
                return 0;
        case SD_BUS_TYPE_INT32:
                *ret = (Value) { .type = VALUE_INTEGER, .integer = b->i32 };
                return 0;
        case SD_BUS_TYPE_INT64:
                *ret = (Value) { .type = VALUE_INTEGER, .integer = b->i64 };
                return 0;
        case SD_BUS_TYPE_BOOLEAN:
                *ret = (Value) { .type = VALUE_BOOLEAN, .boolean = b->boolean };
                return 0;
        case SD_BUS_TYPE_DOUBLE:
                *ret = (Value) { .type = VALUE_REAL, .real = b->real };
                return 0;
        default:
                return -EBADMSG; /* descriptors are nothing to show */
        }
}

static int read_basic(sd_bus_message *m, char type, Value *ret) {
        Basic b = {};

        int r = sd_bus_message_read_basic(m, type, &b);
        if (r < 0)
                return r;
        if (!strchr("sog", type))
                return basic_to_value(type, &b, ret);

        char *copy = strdup(b.string);
        if (!copy)
                return -ENOMEM;
        *ret = (Value) { .type = VALUE_STRING, .string = copy };
        return 0;
}

/* Identifiers are arrays of bytes on the bus; people know them as hex digits. */
static int read_bytes(sd_bus_message *m, Value *ret) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *bytes = NULL;
        size_t size = 0;

        int r = sd_bus_message_read_array(m, SD_BUS_TYPE_BYTE, (const void **) &bytes, &size);
        if (r < 0)
                return r;

        char *text = malloc(2 * size + 1);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < size; i++) {
                text[2 * i] = digits[bytes[i] >> 4];
                text[2 * i + 1] = digits[bytes[i] & 15];
        }
        text[2 * size] = '\0';
        *ret = (Value) { .type = VALUE_STRING, .string = text };
        return 0;
}

static int read_any(sd_bus_message *m, unsigned depth, Value *ret);

/* The elements of the container that was just entered, up to its end. */
static int read_items(sd_bus_message *m, unsigned depth, Value *array) {
        while (!sd_bus_message_at_end(m, /* complete= */ false)) {
                _cleanup_value_ Value item = {};

                int r = read_any(m, depth, &item);
                if (r >= 0)
                        r = value_array_add(array, &item);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One {name, value} of a dictionary; names that are numbers are shown as such. */
static int read_entry(sd_bus_message *m, const char *contents, unsigned depth, Value *dict) {
        _cleanup_value_ Value name = {}, value = {};
        _cleanup_free_ char *digits = NULL;

        int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, contents);
        if (r >= 0)
                r = read_any(m, depth, &name);
        if (r >= 0)
                r = read_any(m, depth, &value);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        if (name.type == VALUE_STRING)
                return value_dict_add(dict, name.string, &value);
        if (name.type != VALUE_UNSIGNED)
                return -EBADMSG;
        digits = str_printf("%llu", (unsigned long long) name.number);
        return digits ? value_dict_add(dict, digits, &value) : -ENOMEM;
}

static int read_dict(sd_bus_message *m, const char *contents, unsigned depth, Value *dict) {
        /* "{sv}" without its braces is what enter_container() wants for an entry. */
        _cleanup_free_ char *entry = strndup(contents + 1, strlen(contents) - 2);
        if (!entry)
                return -ENOMEM;

        while (!sd_bus_message_at_end(m, /* complete= */ false)) {
                int r = read_entry(m, entry, depth, dict);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_container(
                sd_bus_message *m, char type, const char *contents, unsigned depth, Value *ret) {
        bool is_dict = type == SD_BUS_TYPE_ARRAY && contents[0] == SD_BUS_TYPE_DICT_ENTRY_BEGIN;
        _cleanup_value_ Value v = { .type = is_dict ? VALUE_DICT : VALUE_ARRAY };

        int r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;

        if (type == SD_BUS_TYPE_VARIANT) {
                v = (Value) {};
                r = read_any(m, depth + 1, &v);
        } else if (is_dict)
                r = read_dict(m, contents, depth + 1, &v);
        else
                r = read_items(m, depth + 1, &v);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret = v;
        v = (Value) {};
        return 0;
}

/* Recursion is safe here: its depth is ours to bound, not the sender's. */
static int read_any(sd_bus_message *m, unsigned depth, Value *ret) {
        const char *contents = NULL;
        char type = 0;

        if (depth > DEPTH_MAX)
                return -EBADMSG;

        int r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -EBADMSG;
        if (type == SD_BUS_TYPE_ARRAY && str_equal(contents, "y"))
                return read_bytes(m, ret);
        if (strchr("avr", type))
                return read_container(m, type, contents, depth, ret);
        return read_basic(m, type, ret);
}

int value_read(sd_bus_message *m, Value *ret) {
        return read_any(m, 0, ret);
}
