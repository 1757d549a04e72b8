/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define WEIGHT_MAX 10000U

typedef int (*IoConverter)(const char *s, uint64_t *ret);

/* The path may hold blanks, as a word in quotes; the value is the last word. */
static int parse_line(KeyInput *in,
                const UnitAssignment *a,
                IoConverter convert,
                const char *what,
                IoLimitList *list) {
        _cleanup_(word_list_done) WordList words = {};
        uint64_t value;

        int r = input_words(in, a, WORDS_COMMAND, &words);
        if (r <= 0)
                return r;
        if (words.n_words != 2 || words.words[0][0] != '/')
                return input_bad_value(in, a, a->value, what);
        r = convert(words.words[1], &value);
        if (r >= 0)
                r = io_limit_list_set(list, words.words[0], value);
        if (r == -E2BIG)
                return input_bad_value(in, a, words.words[0], "is one disk too many");
        return r == -ENOMEM ? r : r < 0 ? input_bad_value(in, a, a->value, what) : 0;
}

static int parse_lines(KeyInput *in, void *target, IoConverter convert, const char *what) {
        IoLimitList *list = target;

        io_limit_list_done(list);
        KEY_INPUT_FOREACH(a, in) {
                int r = parse_line(in, a, convert, what, list);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int convert_weight(const char *s, uint64_t *ret) {
        uint64_t n;

        int r = parse_u64(s, &n);
        if (r < 0)
                return r;
        if (n < 1 || n > WEIGHT_MAX)
                return -ERANGE;
        *ret = n;
        return 0;
}

/* The kernel takes no 0: nothing could be read or written any more. */
static int convert_rate(const char *s, uint64_t *ret) {
        uint64_t n;

        int r = value_parse_rate(s, &n);
        if (r < 0)
                return r;
        if (n == 0)
                return -ERANGE;
        *ret = n;
        return 0;
}

static int convert_latency(const char *s, uint64_t *ret) {
        uint64_t usec;

        int r = value_parse_span(s, &usec);
        if (r < 0)
                return r;
        if (usec == 0)
                return -ERANGE;
        *ret = usec;
        return 0;
}

int parse_io_device_weights(KeyInput *in, void *target) {
        return parse_lines(
                        in, target, convert_weight, "is not a path and a weight from 1 to 10000");
}

int parse_io_rates(KeyInput *in, void *target) {
        return parse_lines(
                        in, target, convert_rate, "is not a path and a rate, such as /dev/sda 5M");
}

int parse_io_latencies(KeyInput *in, void *target) {
        return parse_lines(in, target, convert_latency, "is not a path and a time span");
}
