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

static char *format_mode(uint64_t number) {
        return str_printf("%04" PRIo64, number);
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
        { "Mode",               format_mode    },
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
        for (size_t i = 0; i < value_length(v); i++) {
                const Property *entry = v->type == VALUE_DICT ? &v->dict.items[i] : NULL;
                _cleanup_free_ char *item = to_text(entry ? entry->name : name,
                                entry ? &entry->value : &v->array.items[i],
                                depth + 1);

                if (!item) {
                        complete = false;
                        break;
                }
                if (*item == '\0' && !entry)
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

/* ---- properties of a form of their own --------------------------------------------------------- */

/* Structs of path, arguments and what happened; the first two are what people look for. */
static char *commands_to_text(const Value *v) {
        _cleanup_free_ char *path = NULL, *arguments = NULL;
        const Value *command =
                        v->type == VALUE_ARRAY && value_length(v) == 1 ? v->array.items : NULL;

        if (!command || value_length(command) < 2 || command->type != VALUE_ARRAY)
                return strdup("");
        path = to_text("", &command->array.items[0], 1);
        arguments = to_text("", &command->array.items[1], 1);
        return path && arguments ? str_printf("{ path=%s ; argv[]=%s }", path, arguments) : NULL;
}

/* A number and an object path; 0: there is no job. */
static char *job_to_text(const Value *v) {
        const Value *id = v->type == VALUE_ARRAY && value_length(v) == 2 ? v->array.items : NULL;

        return id && id->type == VALUE_UNSIGNED && id->number > 0 ? format_plain(id->number)
                                                                  : strdup("");
}

/* Whether it may be missing, and the profile: "-" before it says the former. */
static char *label_to_text(const Value *v) {
        const Value *parts = v->type == VALUE_ARRAY && value_length(v) == 2 ? v->array.items : NULL;

        if (!parts || parts[0].type != VALUE_BOOLEAN || parts[1].type != VALUE_STRING)
                return strdup("");
        return str_printf("%s%s", parts[0].boolean ? "-" : "", parts[1].string);
}

/* Bytes of a bit set, lowest first, that came as hex digits: "0f" is CPUs 0 to 3. */
static bool bit_is_set(const char *digits, size_t n_bits, size_t bit) {
        if (bit >= n_bits)
                return false;
        size_t digit = bit / 8 * 2 + (bit % 8 < 4);
        return hex_digit(digits[digit]) >> (bit % 4) & 1;
}

static char *set_to_text(const Value *v) {
        const char *digits = v->type == VALUE_STRING ? v->string : "";
        size_t n_bits = strlen(digits) / 2 * 8, size;
        char *text = NULL;

        FILE *stream = open_memstream(&text, &size);
        if (!stream)
                return NULL;
        for (size_t first = 0; first < n_bits; first++) {
                size_t last = first;

                if (!bit_is_set(digits, n_bits, first))
                        continue;
                while (bit_is_set(digits, n_bits, last + 1))
                        last++;
                fprintf(stream, "%s%zu", ftell(stream) > 0 ? " " : "", first);
                if (last > first)
                        fprintf(stream, "-%zu", last);
                first = last;
        }
        if (fclose(stream) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* clang-format off */
static const struct {
        const char *name;
        char *(*format)(const Value *v);
} special_formats[] = {
        { "AllowedCPUs", set_to_text      },
        { "AppArmorProfile", label_to_text },
        { "ExecStart",   commands_to_text },
        { "Job",         job_to_text      },
};
/* clang-format on */

char *value_to_text(const char *name, const Value *v) {
        for (size_t i = 0; i < ELEMENTSOF(special_formats); i++) {
                if (str_equal(special_formats[i].name, name))
                        return special_formats[i].format(v);
        }
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
