/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/*
 * ConditionX= and AssertX=: "[|][!]PARAMETER". Keys are parsed one after the other, while order and an empty
 * assignment concern all of them: each remembers where it stands.
 */

static uint64_t place_of(const UnitAssignment *a) {
        return ((uint64_t) a->file->source << 32) + a->line;
}

/* "PathExists" of both ConditionPathExists= and AssertPathExists=. */
static ConditionType type_of_key(const char *key) {
        return condition_type_from_string(
                        key + strlen(str_has_prefix(key, "Assert") ? "Assert" : "Condition"));
}

static bool take_mark(const char **s, char mark) {
        if (**s != mark)
                return false;
        (*s)++;
        *s += strspn(*s, WORDS_BLANKS);
        return true;
}

static int add_condition(KeyInput *in, const UnitAssignment *a, ConditionList *list) {
        UnitCondition condition = { .type = type_of_key(in->key->key), .place = place_of(a) };
        _cleanup_free_ char *parameter = NULL;
        const char *rest = a->value;

        condition.trigger = take_mark(&rest, '|');
        condition.negate = take_mark(&rest, '!');
        int r = input_expand(in, a, rest, &parameter);
        if (r <= 0)
                return r;
        if (*parameter == '\0')
                return input_bad_value(in, a, a->value, "says nothing that could be tested");
        if (condition_type_is_path(condition.type) && *parameter != '/')
                return input_bad_value(in, a, parameter, "is not an absolute path");
        return condition_list_add(list, &condition, &parameter);
}

int parse_conditions(KeyInput *in, void *target) {
        ConditionList *list = target;

        KEY_INPUT_FOREACH(a, in) {
                if (*a->value == '\0') {
                        list->cleared = MAX(list->cleared, place_of(a));
                        continue;
                }
                int r = add_condition(in, a, list);
                if (r < 0)
                        return r;
        }
        return 0;
}
