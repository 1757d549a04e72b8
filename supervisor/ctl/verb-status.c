/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/overview.h"
#include "ctl/status-page.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "supd/exit-status.h"

/* As systemctl: a unit that is unknown weighs more than one that is only down. */
static int exit_code_of(const Value *unit) {
        if (!unit_is_known(unit))
                return SUPCTL_EXIT_NO_SUCH_UNIT;
        return unit_is_active(unit) ||
                                               str_equal(value_get_string(unit, "ActiveState"),
                                                               "activating") ||
                                               str_equal(value_get_string(unit, "ActiveState"),
                                                               "deactivating")
                               ? SUPCTL_EXIT_SUCCESS
                               : SUPCTL_EXIT_NOT_ACTIVE;
}

/* Processes are part of the status, but cost another round trip: only where there are any. */
static int fetch_processes(Context *c, const Value *unit, Value *ret) {
        if (!value_get_string(unit, "ControlGroup"))
                return 0;
        /* It may have ended meanwhile; then there is nothing to show. */
        int r = client_get_processes(c->client, unit_id(unit), ret, NULL);
        return r == -ENOMEM ? r : 0;
}

static int show_units(Context *c, Value *units, size_t n, Error *error) {
        int code = SUPCTL_EXIT_SUCCESS;

        for (size_t i = 0; i < n; i++) {
                _cleanup_value_ Value processes = {};

                int r = fetch_processes(c, &units[i], &processes);
                if (r >= 0 && i > 0)
                        fputc('\n', c->out);
                if (r >= 0)
                        r = status_page_print(c, &units[i], &processes, clock_dual(), error);
                if (r < 0)
                        return r;
                code = MAX(code, exit_code_of(&units[i]));
        }
        return code;
}

static int show_json(Context *c, Value *units, size_t n) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };
        int code = SUPCTL_EXIT_SUCCESS;

        for (size_t i = 0; i < n; i++) {
                _cleanup_value_ Value processes = { .type = VALUE_ARRAY };

                code = MAX(code, exit_code_of(&units[i]));
                int r = fetch_processes(c, &units[i], &processes);
                if (r >= 0)
                        r = value_dict_add(&units[i], "Processes", &processes);
                if (r >= 0)
                        r = value_array_add(&list, &units[i]);
                if (r < 0)
                        return r;
        }
        int r = json_print(json_from_value(&list), c->out);
        return r < 0 ? r : code;
}

static int status_of_units(Context *c, char *const *words, Error *error) {
        _cleanup_strv_ char **names = NULL;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        if (r < 0)
                return r;

        size_t n = strv_length(names);
        _cleanup_free_ Value *units = calloc(n, sizeof(*units));
        if (!units)
                return -ENOMEM;

        r = client_get_units(c->client, (const char *const *) names, n, units, error);
        if (r >= 0)
                r = c->options->json ? show_json(c, units, n) : show_units(c, units, n, error);
        for (size_t i = 0; i < n; i++)
                value_done(&units[i]);
        return r;
}

int verb_status(Context *c, char *const *words, Error *error) {
        return words && *words ? status_of_units(c, words, error) : overview_print(c, error);
}
