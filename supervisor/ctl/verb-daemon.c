/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/unit-view.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"
#include "supd/version.h"

#define REEXEC_PATIENCE_USEC (10 * USEC_PER_SEC)
#define REEXEC_PAUSE_USEC (5 * USEC_PER_MSEC)

/* ---- daemon-reload ------------------------------------------------------------------------------- */

static bool is_error(const Value *diagnostic) {
        return str_equal(value_get_string(diagnostic, "Severity"), "error");
}

static int print_diagnostic(Context *c, const Value *d) {
        _cleanup_free_ char *safe = terminal_text(value_get_string(d, "Text"));
        Style style = is_error(d) ? STYLE_BAD : STYLE_WARNING;

        if (!safe)
                return -ENOMEM;
        if (!c->options->quiet || is_error(d))
                fprintf(stderr,
                                "%s%s%s: %s\n",
                                style_on(&c->terminal, style),
                                value_get_string(d, "Severity") ?: "notice",
                                style_off(&c->terminal, style),
                                safe);
        return 0;
}

/* Whoever runs by something else than its files say now. */
static int print_differing(Context *c, Error *error) {
        _cleanup_value_ Value list = {};

        int r = c->options->quiet ? 0 : client_list_changed(c->client, &list, error);
        for (size_t i = 0; r >= 0 && i < value_length(&list); i++) {
                const Value *pair = &list.array.items[i];
                const char *id = value_length(pair) == 2 ? pair->array.items[0].string : NULL;

                if (!id)
                        continue;
                if (str_equal(pair->array.items[1].string, "gone"))
                        fprintf(stderr,
                                        "%s runs on without a file; it is gone once it stops\n",
                                        id);
                else
                        fprintf(stderr,
                                        "%s runs as it was started; 'supctl restart %s' takes what "
                                        "has "
                                        "changed (limits hold already)\n",
                                        id,
                                        id);
        }
        return r;
}

int verb_daemon_reload(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value list = {};

        (void) words;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_reload(c->client, error);
        if (r >= 0)
                r = client_get_diagnostics(c->client, &list, error);
        if (r < 0)
                return r;
        if (c->options->json)
                return json_print(json_from_value(&list), c->out);

        /* One bad file is no failure of the reload: the others are in force. */
        for (size_t i = 0; i < value_length(&list); i++) {
                r = print_diagnostic(c, &list.array.items[i]);
                if (r < 0)
                        return r;
        }
        r = print_differing(c, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- daemon-reexec ------------------------------------------------------------------------------- */

/* The new supd has to open its socket and read its units first; nothing tells when, so it is asked. */
static int wait_for_new_supd(Context *c, Value *ret_manager, Error *error) {
        uint64_t until_usec = usec_add(clock_monotonic_usec(), REEXEC_PATIENCE_USEC);
        const struct timespec pause = { .tv_nsec = (long) (REEXEC_PAUSE_USEC * 1000) };

        for (;;) {
                _cleanup_(error_done) Error local = {};

                c->client = client_free(c->client);
                int r = context_connect(c, &local);
                if (r >= 0)
                        r = client_get_manager(c->client, ret_manager, &local);
                if (r >= 0)
                        return 0;
                if (local.code != ERROR_DISCONNECTED || clock_monotonic_usec() >= until_usec) {
                        error_move(error, &local);
                        return error_prefix(error, r, "supd has not come back");
                }
                (void) nanosleep(&pause, NULL); /* a signal only makes the next try come sooner */
        }
}

int verb_daemon_reexec(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value manager = {};

        (void) words;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_reexecute(c->client, error);
        if (r >= 0)
                r = wait_for_new_supd(c, &manager, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- version ------------------------------------------------------------------------------------- */

int verb_version(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value manager = {};
        const char *version = NULL;

        (void) words;
        (void) error;
        /* --version is of this program; the verb asks supd, too, if it is there to be asked. */
        if (!c->options->version && context_connect(c, NULL) >= 0 &&
                        client_get_manager(c->client, &manager, NULL) >= 0)
                version = value_get_string(&manager, "Version");

        if (c->options->json)
                return json_print(json_pack("{s:s, s:s?}",
                                                  "ClientVersion",
                                                  SUPD_VERSION,
                                                  "Version",
                                                  version),
                                c->out);
        fprintf(c->out, "supctl %s\n", SUPD_VERSION);
        if (version) {
                _cleanup_free_ char *safe = terminal_text(version);
                fprintf(c->out, "supd %s\n", safe ?: "");
        }
        return SUPCTL_EXIT_SUCCESS;
}
