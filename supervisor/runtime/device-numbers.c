/* SPDX-License-Identifier: MIT */
#include "runtime/device-numbers.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

static int add_number(uint32_t number, uint32_t **numbers, size_t *n) {
        uint32_t *longer = reallocarray(*numbers, *n + 1, sizeof(**numbers));
        if (!longer)
                return -ENOMEM;
        longer[(*n)++] = number;
        *numbers = longer;
        return 0;
}

int device_numbers_find(
                const char *text, char type, const char *pattern, uint32_t **ret, size_t *ret_n) {
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_free_ uint32_t *numbers = NULL;
        char *rest = copy, *line;
        bool in_section = false;
        size_t n = 0;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                unsigned major;
                int name = 0;

                if (str_has_suffix(line, " devices:")) {
                        in_section = str_has_prefix(line, type == 'c' ? "Character" : "Block");
                        continue;
                }
                if (!in_section || sscanf(line, "%u %n", &major, &name) < 1 || name == 0 ||
                                fnmatch(pattern, line + name, 0) != 0)
                        continue;
                int r = add_number(major, &numbers, &n);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(numbers);
        *ret_n = n;
        return 0;
}
