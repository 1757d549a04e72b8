/* SPDX-License-Identifier: MIT */
#include "ctl/value-text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define DEPTH_MAX 8U

typedef char *(*NumberFormat)(uint64_t number);

static char *format_plain(uint64_t number) {
        return str_printf("%" PRIu64, number);
}

static char *format_stamp(uint64_t number) {
        return number == 0 || number == UINT64_MAX ? strdup("") : stamp_format(number);
}

static char *format_limit(uint64_t number) {
        return number == UINT64_MAX ? strdup("infinity") : format_plain(number);
}

static char *format_measure(uint64_t number) {
        return number == UINT64_MAX ? strdup("[not set]") : format_plain(number);
}

/* What the end of a property's name says of its number; the first that fits. As systemctl has it. */
/* clang-format off */
static const struct {
        const char *suffix;
        NumberFormat format;
} number_formats[] = {
        { "TimestampMonotonic", format_plain   },
        { "Timestamp",          format_stamp   },
        { "USecMonotonic",      format_plain   },
        { "USecRealtime",       format_stamp   },
        { "USec",               span_format    },
        { "Max",                format_limit   },
        { "High",               format_limit   },
        { "Low",                format_limit   },
        { "Min",                format_limit   },
        { "Swap",               format_limit   },
        { "",                   format_measure },
};
/* clang-format on */

static char *format_number(const char *name, uint64_t number) {
        size_t i = 0;

        while (!str_has_suffix(name, number_formats[i].suffix))
                i++; /* the last row fits every name */
        return number_formats[i].format(number);
}

static char *to_text(const char *name, const Value *v, unsigned depth);

/* Items with a blank between them, empty ones left out; entries of a dict as "name=value". */
static char *join(const char *name, const Value *v, unsigned depth) {
        char *text = NULL;
        size_t size = 0;

        FILE *stream = open_memstream(&text, &size);
        if (!stream)
                return NULL;

        bool complete = true;
        for (size_t i = 0; i < value_length(v) && complete; i++) {
                const Property *entry = v->type == VALUE_DICT ? &v->dict.items[i] : NULL;
                _cleanup_free_ char *item = to_text(entry ? entry->name : name,
                                entry ? &entry->value : &v->array.items[i],
                                depth + 1);

                complete = item != NULL;
                if (!complete || (*item == '\0' && !entry))
                        continue;
                fprintf(stream,
                                "%s%s%s%s",
                                ftell(stream) > 0 ? " " : "",
                                entry ? entry->name : "",
                                entry ? "=" : "",
                                item);
        }

        if (fclose(stream) != 0 || !complete) {
                free(text);
                return NULL;
        }
        return text;
}

/* Recursion is bounded: the reader of the message admits little, and this even less. */
static char *to_text(const char *name, const Value *v, unsigned depth) {
        switch (v->type) {
        case VALUE_BOOLEAN:
                return strdup(v->boolean ? "yes" : "no");
        case VALUE_INTEGER:
                return str_printf("%" PRIi64, v->integer);
        case VALUE_UNSIGNED:
                return format_number(name, v->number);
        case VALUE_REAL:
                return str_printf("%g", v->real);
        case VALUE_STRING:
                return strdup(v->string);
        case VALUE_ARRAY:
        case VALUE_DICT:
                return depth < DEPTH_MAX ? join(name, v, depth) : strdup("…");
        default:
                return strdup("");
        }
}

/* Commands are structs of path, arguments and what happened; the first two are what people look for. */
static char *command_to_text(const Value *command) {
        _cleanup_free_ char *path = NULL, *arguments = NULL;

        if (value_length(command) < 2 || command->type != VALUE_ARRAY)
                return strdup("");
        path = to_text("", &command->array.items[0], 1);
        arguments = to_text("", &command->array.items[1], 1);
        return path && arguments ? str_printf("{ path=%s ; argv[]=%s }", path, arguments) : NULL;
}

char *value_to_text(const char *name, const Value *v) {
        if (str_equal(name, "ExecStart") && v->type == VALUE_ARRAY && v->array.n_items == 1)
                return command_to_text(&v->array.items[0]);
        return to_text(name, v, 0);
}

char *bytes_format(uint64_t bytes) {
        static const char units[] = "BKMGTPE";
        size_t unit = 0;
        uint64_t whole = bytes, rest = 0;

        while (whole >= 1024) {
                rest = whole % 1024;
                whole /= 1024;
                unit++;
        }
        if (unit == 0)
                return str_printf("%" PRIu64 "B", bytes);
        return str_printf("%" PRIu64 ".%" PRIu64 "%c", whole, rest * 10 / 1024, units[unit]);
}
