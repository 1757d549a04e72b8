/* SPDX-License-Identifier: MIT */
#include "ctl/verbs.h"

#include "ctl/unit-action.h"

int verb_start(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_START, words, error);
}

int verb_stop(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_STOP, words, error);
}

int verb_restart(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_RESTART, words, error);
}

int verb_try_restart(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_TRY_RESTART, words, error);
}

int verb_reload(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_RELOAD, words, error);
}

int verb_reload_or_restart(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_RELOAD_OR_RESTART, words, error);
}

int verb_try_reload_or_restart(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_RELOAD_OR_TRY_RESTART, words, error);
}

int verb_isolate(Context *c, char *const *words, Error *error) {
        return unit_action_run_as(c, UNIT_START, "isolate", words, error);
}

int verb_kill(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_KILL, words, error);
}

int verb_pause(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_FREEZE, words, error);
}

int verb_unpause(Context *c, char *const *words, Error *error) {
        return unit_action_run(c, UNIT_THAW, words, error);
}

int verb_reset_failed(Context *c, char *const *words, Error *error) {
        if (words && *words)
                return unit_action_run(c, UNIT_RESET_FAILED, words, error);

        int r = context_connect(c, error);
        return r < 0 ? r : client_reset_failed(c->client, error);
}
