/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

int verb_set_property(Context *c, char *const *words, Error *error) {
        for (char *const *word = words + 1; *word; word++) {
                if (!strchr(*word, '='))
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "'%s' is no assignment; KEY=VALUE is wanted, as in "
                                        "'supctl set-property %s MemoryMax=512M'",
                                        *word,
                                        words[0]);
        }
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_set_properties(
                                c->client, words[0], c->options->files.runtime, words + 1, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
