/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

int parse_device_policy(KeyInput *in, void *target) {
        const UnitAssignment *a = input_last(in);
        DevicePolicy *policy = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        DevicePolicy parsed = device_policy_from_string(s);
        if (parsed < 0)
                return input_bad_value(in, a, s, "is not auto, closed or strict");
        *policy = parsed;
        return 0;
}

static int parse_line(KeyInput *in, const UnitAssignment *a, DeviceAllowList *list) {
        static const char what[] = "is not /dev/NAME, char-NAME or block-NAME, and any of r, w and "
                                   "m behind it";
        _cleanup_(word_list_done) WordList words = {};
        DeviceAllow allow = {};

        int r = input_words(in, a, WORDS_COMMAND, &words);
        if (r <= 0)
                return r;
        if (words.n_words < 1 || words.n_words > 2 || !device_name_is_valid(words.words[0]) ||
                        device_access_parse(words.n_words > 1 ? words.words[1] : "rwm", &allow) < 0)
                return input_bad_value(in, a, a->value, what);
        allow.device = words.words[0];
        r = device_allow_list_set(list, &allow);
        return r == -E2BIG ? input_bad_value(in, a, a->value, "is one device too many") : r;
}

int parse_devices_allowed(KeyInput *in, void *target) {
        DeviceAllowList *list = target;

        device_allow_list_done(list);
        KEY_INPUT_FOREACH(a, in) {
                int r = parse_line(in, a, list);
                if (r < 0)
                        return r;
        }
        return 0;
}
