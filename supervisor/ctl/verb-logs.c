/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "ctl/log-print.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "log/reader.h"
#include "supd/exit-status.h"

#define FOLLOW_LINES 10U /* of the past, when following */

/* Where supd does not run the journal still has what its containers wrote. */
static int without_supd(char *const *words, const Error *why, Value *ret) {
        _cleanup_strv_ char **patterns = NULL;
        _cleanup_value_ Value unit = {};

        int r = unit_patterns(words, &patterns);
        if (r < 0)
                return r;

        Value id = { .type = VALUE_STRING, .string = TAKE_PTR(patterns[0]) };
        r = value_dict_add(&unit, "Id", &id);
        value_done(&id);
        if (r < 0)
                return r;

        fprintf(stderr,
                        "supctl: %s; looking for %s in the journal\n",
                        why->message,
                        unit_id(&unit));
        *ret = unit;
        unit = (Value) {};
        return 0;
}

static int fetch_unit(Context *c, char *const *words, Value *ret, Error *error) {
        _cleanup_strv_ char **names = NULL;

        int r = unit_words_expand(c, words, &names, error);
        if (r < 0)
                return r;
        if (strv_length(names) > 1)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' matches %zu units, logs are shown of one",
                                *words,
                                strv_length(names));

        r = client_get_unit(c->client, names[0], ret, error);
        if (r < 0 || unit_is_known(ret))
                return r;
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_NO_SUCH_UNIT,
                        "there is no unit %s; 'supctl list-units --all' lists all",
                        unit_id(ret));
}

int verb_logs(Context *c, char *const *words, Error *error) {
        const Options *o = c->options;
        _cleanup_value_ Value unit = {};
        LogSelection selection = {
                .lines = o->lines_set                               ? o->lines
                         : o->follow && o->since_usec == UINT64_MAX ? FOLLOW_LINES
                                                                    : LOG_LINES_ALL,
                .since_usec = o->since_usec,
                .until_usec = o->until_usec,
                .follow = o->follow,
                .format = o->json ? LOG_FORMAT_JSON : o->output,
                /* "cat" is for what reads the text: only what the container wrote. */
                .own_lines_only = !o->json && o->output == LOG_FORMAT_CAT,
        };

        _cleanup_(error_done) Error unreachable = {};
        int r = context_connect(c, &unreachable);
        if (r >= 0)
                r = fetch_unit(c, words, &unit, error);
        else if (unreachable.code == ERROR_DISCONNECTED && !unit_word_is_glob(*words))
                r = without_supd(words, &unreachable, &unit);
        else
                error_move(error, &unreachable);
        if (r < 0)
                return r;

        log_settle(&unit);
        r = log_print(c, &unit, &selection, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
