/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

typedef bool (*UnitCheck)(const Value *unit);

/* Prints each unit's state; as systemctl, one unit that passes is enough. */
static int check_units(
                Context *c, char *const *words, UnitCheck check, int code_if_not, Error *error) {
        _cleanup_strv_ char **names = NULL;
        bool passed = false, known = false;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        if (r < 0)
                return r;

        STRV_FOREACH (name, names) {
                _cleanup_value_ Value unit = {};

                r = client_get_unit(c->client, *name, &unit, error);
                if (r < 0)
                        return r;
                passed = passed || check(&unit);
                known = known || unit_is_known(&unit);
                if (!c->options->quiet)
                        fprintf(c->out,
                                        "%s\n",
                                        value_get_string(&unit, "ActiveState") ?: "unknown");
        }
        return passed ? SUPCTL_EXIT_SUCCESS : known ? code_if_not : SUPCTL_EXIT_NO_SUCH_UNIT;
}

int verb_is_active(Context *c, char *const *words, Error *error) {
        return check_units(c, words, unit_is_active, SUPCTL_EXIT_NOT_ACTIVE, error);
}

int verb_is_failed(Context *c, char *const *words, Error *error) {
        return check_units(c, words, unit_is_failed, SUPCTL_EXIT_FAILURE, error);
}
