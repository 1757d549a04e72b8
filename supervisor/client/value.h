/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the supervisor answers, as a tree of plain values: properties by name, arrays, scalars. The
 * one place where a property is looked up and typed; who shows units never sees a bus message.
 *
 * Not its duty: what a property means. Structs of the bus are arrays here, arrays of bytes are a
 * string of hex digits.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum ValueType {
        VALUE_NONE, /* what a zeroed Value is */
        VALUE_BOOLEAN,
        VALUE_INTEGER,
        VALUE_UNSIGNED,
        VALUE_REAL,
        VALUE_STRING,
        VALUE_ARRAY,
        VALUE_DICT, /* in the order of the message */
        _VALUE_TYPE_MAX,
        _VALUE_TYPE_INVALID = -EINVAL,
} ValueType;

typedef struct Value Value;
typedef struct Property Property;

struct Value {
        ValueType type;
        union {
                bool boolean;
                int64_t integer;
                uint64_t number; /* VALUE_UNSIGNED */
                double real;
                char *string; /* owned */
                struct {
                        Value *items; /* owned */
                        size_t n_items;
                } array;
                struct {
                        Property *items; /* owned */
                        size_t n_items;
                } dict;
        };
};

struct Property {
        char *name; /* owned */
        Value value;
};

/** value_done() - free what it holds; leaves VALUE_NONE */
void value_done(Value *v);
#define _cleanup_value_ _cleanup_(value_done)

/**
 * value_array_add(), value_dict_add() - append to a VALUE_ARRAY or VALUE_DICT; a VALUE_NONE becomes one
 * @item: taken over and emptied on success
 *
 * Return: 0 or -ENOMEM.
 */
int value_array_add(Value *array, Value *item);
int value_dict_add(Value *dict, const char *name, Value *item);

/* ---- look-ups: @dict may be anything; what is no dict has no properties ------------------------- */

/** value_get() - borrowed; NULL if there is no such property */
const Value *value_get(const Value *dict, const char *name);
/** value_get_string() - borrowed; NULL if absent, empty or of another type */
const char *value_get_string(const Value *dict, const char *name);
/** value_get_u64() - UINT64_MAX if absent, negative or of another type */
uint64_t value_get_u64(const Value *dict, const char *name);
/** value_get_i64() - @fallback if absent, too large or of another type */
int64_t value_get_i64(const Value *dict, const char *name, int64_t fallback);
/** value_get_bool() - false if absent or of another type */
bool value_get_bool(const Value *dict, const char *name);
/** value_get_strv() - copies of an array's strings, others skipped. Return: 0 or -ENOMEM */
int value_get_strv(const Value *dict, const char *name, char ***ret);
/** value_length() - number of items of an array or a dict; 0 for all else, and for NULL */
size_t value_length(const Value *v);
