/* SPDX-License-Identifier: MIT */
/*
 * Enabling, disabling, masking and so on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/unit-action.h"
#include "ctl/unit-file-change.h"
#include "ctl/unit-view.h"
#include "supd/exit-status.h"

/* Files are named by their paths, which may be relative; "./web.container" is one, "web.container" is a unit. */
static int resolve_paths(char *const *words, bool all_are_paths, char ***ret, Error *error) {
        _cleanup_strv_ char **names = NULL;

        STRV_FOREACH (word, words) {
                bool is_path = all_are_paths || strchr(*word, '/');
                _cleanup_free_ char *name = is_path ? realpath(*word, NULL) : strdup(*word);

                if (!name && is_path && errno != ENOMEM)
                        return error_set(error, -errno, ERROR_NO_SUCH_UNIT, "'%s'", *word);
                int r = name ? strv_push(&names, &name) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(names);
        return 0;
}

/* --now speaks of units, which a file given by its path is called after. */
static int act_now(Context *c, UnitAction action, char *const *names, Error *error) {
        _cleanup_strv_ char **units = NULL;

        STRV_FOREACH (name, names) {
                const char *slash = strrchr(*name, '/');
                int r = strv_append(&units, slash ? slash + 1 : *name);
                if (r < 0)
                        return r;
        }
        return unit_action_run(c, action, units, error);
}

static int change(Context *c, UnitFileVerb verb, char *const *words, Error *error) {
        UnitFileRequest request = { .verb = verb, .word = c->options->files.preset_mode };
        _cleanup_strv_ char **names = NULL;

        int r = resolve_paths(words, verb == UNIT_FILE_LINK, &names, error);
        request.names = names;
        if (r >= 0)
                r = unit_file_change(c, &request, error);
        if (r >= 0)
                r = unit_file_reload(c, error);
        if (r < 0 || !c->options->files.now)
                return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
        bool stop = verb == UNIT_FILE_DISABLE || verb == UNIT_FILE_MASK;
        return act_now(c, stop ? UNIT_STOP : UNIT_START, names, error);
}

int verb_enable(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_ENABLE, words, error);
}

int verb_disable(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_DISABLE, words, error);
}

int verb_reenable(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_REENABLE, words, error);
}

int verb_link(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_LINK, words, error);
}

int verb_preset(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_PRESET, words, error);
}

int verb_preset_all(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_PRESET_ALL, words, error);
}

/* A mask may be meant for what comes later, and more often is a slip. */
static int warn_of_unknown(Context *c, char *const *words, Error *error) {
        int r = context_connect(c, error);

        STRV_FOREACH (name, words) {
                _cleanup_value_ Value unit = {};

                if (r >= 0)
                        r = client_get_unit(c->client, *name, &unit, error);
                if (r >= 0 && !unit_is_known(&unit) && !c->options->quiet)
                        fprintf(stderr,
                                        "Unit %s does not exist, proceeding anyway.\n",
                                        unit_id(&unit));
        }
        return r;
}

int verb_mask(Context *c, char *const *words, Error *error) {
        int r = warn_of_unknown(c, words, error);

        return r < 0 ? r : change(c, UNIT_FILE_MASK, words, error);
}

int verb_unmask(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_UNMASK, words, error);
}

int verb_revert(Context *c, char *const *words, Error *error) {
        return change(c, UNIT_FILE_REVERT, words, error);
}

static int add_dependency(Context *c, const char *type, char *const *words, Error *error) {
        UnitFileRequest request = {
                .verb = UNIT_FILE_ADD_DEPENDENCY,
                .names = words + 1,
                .word = words[0],
                .type = type,
        };

        int r = unit_file_change(c, &request, error);
        if (r >= 0)
                r = unit_file_reload(c, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

int verb_add_wants(Context *c, char *const *words, Error *error) {
        return add_dependency(c, "Wants", words, error);
}

int verb_add_requires(Context *c, char *const *words, Error *error) {
        return add_dependency(c, "Requires", words, error);
}

/* ---- default.target ------------------------------------------------------------------------------ */

int verb_get_default(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value target = {};

        (void) words;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_get_default_target(c->client, &target, error);
        if (r < 0)
                return r;
        _cleanup_free_ char *safe =
                        terminal_text(target.type == VALUE_STRING ? target.string : NULL);
        if (!safe)
                return -ENOMEM;
        fprintf(c->out, "%s\n", safe);
        return SUPCTL_EXIT_SUCCESS;
}

/* As systemctl, it replaces the one that there was: that is what the verb is for. */
int verb_set_default(Context *c, char *const *words, Error *error) {
        _cleanup_free_ char *target = str_has_suffix(words[0], ".target")
                                                      ? strdup(words[0])
                                                      : str_printf("%s.target", words[0]);
        UnitFileRequest request = { .verb = UNIT_FILE_SET_DEFAULT, .word = target };

        if (!target)
                return -ENOMEM;
        int r = unit_file_change(c, &request, error);
        if (r >= 0)
                r = unit_file_reload(c, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* ---- is-enabled ---------------------------------------------------------------------------------- */

static bool is_enabled(const char *state) {
        static const char *const states[] = {
                "enabled",
                "enabled-runtime",
                "static",
                "alias",
                "indirect",
                "generated",
        };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                if (str_equal(states[i], state))
                        return true;
        }
        return false;
}

static int print_links(Context *c, const char *name, Error *error) {
        for (unsigned runtime = 0; runtime < 2; runtime++) {
                _cleanup_value_ Value links = {};
                _cleanup_(error_done) Error why = {};

                int r = client_get_unit_file_links(c->client, name, runtime, &links, &why);
                if (r < 0 && runtime) /* there may be no runtime directory */
                        return 0;
                if (r < 0) {
                        error_move(error, &why);
                        return r;
                }
                for (size_t i = 0; i < value_length(&links); i++) {
                        _cleanup_free_ char *safe = terminal_text(links.array.items[i].string);
                        if (!safe)
                                return -ENOMEM;
                        fprintf(c->out, "  %s\n", safe);
                }
        }
        return 0;
}

/* As systemctl, one unit that is enabled is enough; a file that is not there is an error at the end. */
int verb_is_enabled(Context *c, char *const *words, Error *error) {
        bool enabled = false, missing = false;

        int r = context_connect(c, error);
        STRV_FOREACH (name, words) {
                _cleanup_(error_done) Error why = {};
                _cleanup_value_ Value state = {};

                if (r < 0)
                        return r;
                r = client_get_unit_file_state(c->client, *name, &state, &why);
                if (r < 0 && why.code == ERROR_NO_SUCH_UNIT) {
                        _cleanup_free_ char *safe = terminal_text(error_text(&why, r));
                        fprintf(stderr, "supctl: %s\n", safe ?: "out of memory");
                        missing = true;
                        r = 0;
                        continue;
                }
                if (r < 0) {
                        error_move(error, &why);
                        return r;
                }
                const char *word = state.type == VALUE_STRING ? state.string : "";
                enabled = enabled || is_enabled(word);
                if (!c->options->quiet)
                        fprintf(c->out, "%s\n", word);
                if (c->options->full)
                        r = print_links(c, *name, error);
        }
        if (r < 0)
                return r;
        return enabled   ? SUPCTL_EXIT_SUCCESS
               : missing ? SUPCTL_EXIT_NO_SUCH_UNIT
                         : SUPCTL_EXIT_FAILURE;
}
