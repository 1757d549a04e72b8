/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/unit-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* As podman healthcheck run: 0 healthy, 1 not; what went wrong before there was a result is an error. */
int verb_healthcheck(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *output = NULL;
        int code = 0;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0 && !names)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "no unit matches '%s'",
                                words[0]);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0)
                r = client_check_health(c->client, names[0], &code, &output, error);
        if (r < 0)
                return r;

        _cleanup_free_ char *safe =
                        c->terminal.is_terminal ? terminal_text(output) : TAKE_PTR(output);
        if (!safe)
                return -ENOMEM;
        size_t size = strlen(safe);
        if (size > 0)
                fprintf(c->out, "%s%s", safe, safe[size - 1] == '\n' ? "" : "\n");
        (void) fflush(c->out); /* the verdict comes last, also where both are one */
        if (code > 0)
                fprintf(stderr, "%s: unhealthy: exit status %d\n", names[0], code);
        else if (code < 0)
                fprintf(stderr, "%s: unhealthy: the check has no result\n", names[0]);
        return code == 0 ? SUPCTL_EXIT_SUCCESS : SUPCTL_EXIT_FAILURE;
}
