/* SPDX-License-Identifier: MIT */

/* Any text as an environment file of either syntax, and as a value that refers to what it sets. */

#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "unitfile/expand.h"
#include "unitfile/unit-spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
        if (condition)
                return;
        (void) fprintf(stderr, "fuzz-unitfile-environment: %s\n", what);
        abort();
}

static void check_expansion(const char *text, char **environment) {
        char *words[] = { (char *) text, NULL }, **split = NULL, *expanded = NULL;

        int r = unit_expand_string(text, environment, &expanded);
        require(r == 0 || r == -E2BIG, "expanding failed");
        if (r == 0 && !value_has_reference(text))
                require(strcmp(text, expanded) == 0, "a text without references was changed");
        free(expanded);
        r = unit_expand_words(words, environment, /* split= */ true, &split);
        require(r == 0 || r == -E2BIG, "splitting failed");
        strv_free(split);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *const import[] = { (char *) "PATH=/bin", (char *) "A=1", NULL };
        char *text = malloc(size + 1), **raw = NULL, **parsed = NULL;
        unsigned line = 0;

        require(text, "out of memory");
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';

        int r = environment_parse_raw(text, import, &raw, &line);
        require(r == 0 || (r == -EINVAL && line > 0), "no line for an error");
        STRV_FOREACH (assignment, raw)
                require(strchr(*assignment, '='), "no assignment");
        line = 0;
        r = environment_parse_systemd(text, &parsed, &line);
        require(r == 0 || (r == -EINVAL && line > 0), "no line for an error");
        STRV_FOREACH (assignment, parsed)
                require(strchr(*assignment, '='), "no assignment");
        check_expansion(text, raw);
        check_expansion(text, parsed);

        strv_free(raw);
        strv_free(parsed);
        free(text);
        return 0;
}
