/* SPDX-License-Identifier: MIT */
#include "ctl/wait-line.h"

#include <unistd.h>

#include "base/text.h"
#include "ctl/unit-view.h"

#define CLEAR_LINE "\r\033[K"

bool wait_line_wanted(const Context *c) {
        return !c->options->quiet && c->terminal.is_terminal && isatty(STDERR_FILENO);
}

static const char *first_under_way(const WaitLine *w) {
        for (size_t i = 0; i < w->n_requests; i++) {
                if (w->requests[i].job_path && !w->requests[i].job_result)
                        return w->requests[i].unit;
        }
        return NULL;
}

/* "web: fetching …"; NULL: nothing to say. */
static char *words_of(WaitLine *w) {
        const char *name = first_under_way(w);
        _cleanup_value_ Value unit = {};

        if (!name || (!w->client && client_connect(w->context->options->runtime_dir,
                                                    &w->client,
                                                    NULL) < 0))
                return NULL;
        if (client_get_unit(w->client, name, &unit, NULL) < 0 ||
                        !str_equal(value_get_string(&unit, "ActiveState"), "activating"))
                return NULL;
        const char *text = value_get_string(&unit, "StatusText");
        if (str_is_empty(text))
                return NULL;
        _cleanup_free_ char *safe = terminal_text(text);
        return safe ? str_printf("%s: %s", name, safe) : NULL;
}

void wait_line_draw(void *userdata) {
        WaitLine *w = userdata;
        _cleanup_free_ char *words = words_of(w);
        unsigned width = w->context->terminal.width;
        /* The last column stays free: a cursor behind it is on the next line for some terminals. */
        _cleanup_free_ char *line =
                        words ? text_ellipsize(&w->context->terminal,
                                                words,
                                                width == WIDTH_UNLIMITED ? width
                                                                         : MAX(width, 2U) - 1)
                              : NULL;

        if (!line && !w->shown)
                return;
        fprintf(stderr, CLEAR_LINE "%s", line ?: "");
        (void) fflush(stderr); /* what can't be shown is no reason to stop waiting */
        w->shown = line != NULL;
}

void wait_line_done(WaitLine *w) {
        if (w->shown)
                fputs(CLEAR_LINE, stderr);
        w->client = client_free(w->client);
        w->shown = false;
}
