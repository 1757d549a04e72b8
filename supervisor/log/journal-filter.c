/* SPDX-License-Identifier: MIT */
#include "log/journal-filter.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "log/buffer.h"

static int add_patterns(Buffer *b, char *const *patterns, bool denied) {
        size_t begin = b->size;
        int r = 0;

        for (; r >= 0 && *patterns; patterns++) {
                const char *pattern = *patterns;

                if ((*pattern == '~') != denied)
                        continue;
                if (b->size > begin)
                        r = buffer_add(b, "", 1);
                if (r >= 0)
                        r = buffer_add(b, pattern + denied, strlen(pattern + denied));
        }
        return r;
}

int journal_filter_encode(char *const *patterns, char **ret, size_t *ret_size) {
        _cleanup_(buffer_done) Buffer b = {};

        if (!patterns || !*patterns) {
                *ret = NULL;
                *ret_size = 0;
                return 0;
        }
        int r = add_patterns(&b, patterns, /* denied= */ false);
        if (r >= 0)
                r = buffer_add(&b, "\xff", 1);
        if (r >= 0)
                r = add_patterns(&b, patterns, /* denied= */ true);
        if (r < 0)
                return r;
        *ret_size = b.size;
        *ret = TAKE_PTR(b.data);
        return 0;
}
