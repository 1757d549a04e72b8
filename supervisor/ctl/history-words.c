/* SPDX-License-Identifier: MIT */
#include "ctl/history-words.h"

#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/unit-view.h"

static const char *get(const Value *event, const char *key) {
        return value_get_string(event, key);
}

/* All values of an event are strings. */
static uint64_t get_number(const Value *event, const char *key) {
        const char *s = get(event, key);
        char *end = NULL;

        if (!s)
                return UINT64_MAX;
        uint64_t n = strtoull(s, &end, 10);
        return *end ? UINT64_MAX : n;
}

/* ---- asked --------------------------------------------------------------------------------------- */

static char *peer_words(const Value *event) {
        uint64_t uid = get_number(event, "Uid");
        const struct passwd *user = uid == UINT64_MAX ? NULL : getpwuid((uid_t) uid);
        const char *command = get(event, "Command"), *pid = get(event, "Pid");
        _cleanup_free_ char *number = str_printf("uid %" PRIu64, uid);

        if (!number)
                return NULL;
        return str_printf("%s%s%s%s%s",
                        user ? user->pw_name : number,
                        pid ? ", process " : "",
                        pid ?: "",
                        command ? ": " : "",
                        command ?: "");
}

/* What a unit that brings a job along is to the one it is for, or what has become of it. */
/* clang-format off */
static const struct {
        const char *why, *words;
} reasons[] = {
        { "Wants",           "%s wants it"                       },
        { "Requires",        "%s requires it"                    },
        { "BindsTo",         "%s is bound to it"                 },
        { "Upholds",         "%s upholds it"                     },
        { "RequiredBy",      "it requires %s"                    },
        { "BoundBy",         "it is bound to %s"                 },
        { "ConsistsOf",      "it is part of %s"                  },
        { "Conflicts",       "it is in conflict with %s"         },
        { "ConflictedBy",    "it is in conflict with %s"         },
        { "PropagatesStopTo", "%s passes its stop on"            },
        { "PropagatesReloadTo", "%s passes its reload on"        },
};
/* clang-format on */

static char *unit_words(const char *unit, const char *why) {
        for (size_t i = 0; why && i < ELEMENTSOF(reasons); i++) {
                if (!str_equal(reasons[i].why, why))
                        continue;
                const char *mark = strstr(reasons[i].words, "%s");
                return str_printf("%.*s%s%s",
                                (int) (mark - reasons[i].words),
                                reasons[i].words,
                                unit,
                                mark + 2);
        }
        return str_printf("%s %s", unit, why ?: "brings it along");
}

static char *asked_words(const Value *event) {
        const char *unit = get(event, "Unit"), *why = get(event, "Why");
        bool by_peer = get(event, "Command") || get(event, "Uid");
        _cleanup_free_ char *peer = by_peer ? peer_words(event) : strdup("");
        _cleanup_free_ char *cause = unit ? unit_words(unit, why) : strdup(why ?: "");

        if (!peer || !cause)
                return NULL;
        return str_printf("%s asked for%s%s%s%s",
                        get(event, "JobType") ?: "?",
                        by_peer ? " by " : "",
                        peer,
                        !*cause   ? ""
                        : by_peer ? "; "
                                  : ": ",
                        cause);
}

/* ---- the others ---------------------------------------------------------------------------------- */

static char *ended_words(const Value *event) {
        const char *text = get(event, "Text"), *result = get(event, "JobResult");

        return str_printf("%s %s%s%s",
                        get(event, "JobType") ?: "?",
                        str_equal(result, "done") ? "skipped" : result ?: "?",
                        text ? ": " : "",
                        text ?: "");
}

static char *exit_words(const Value *event) {
        const char *code = get(event, "Code");
        int number = !code                       ? 0
                     : str_equal(code, "exited") ? CLD_EXITED
                     : str_equal(code, "dumped") ? CLD_DUMPED
                                                 : CLD_KILLED;

        return number == 0 ? strdup("")
                           : exit_in_words(number, (int64_t) get_number(event, "Status"));
}

static char *state_words(const Value *event) {
        const char *sub = get(event, "SubState"), *active = get(event, "ActiveState");
        const char *result = get(event, "Result"), *text = get(event, "Text");
        const char *pid = get(event, "MainPID"), *restarts = get(event, "Restarts");
        bool failed = result && !str_equal(result, "success");
        _cleanup_free_ char *ended = exit_words(event);

        if (!ended)
                return NULL;
        if (get(event, "NextStart"))
                sub = "ended, waits for its next start";
        else if (str_equal(active, "inactive"))
                sub = "stopped";
        return str_printf("%s%s%s%s%s%s%s%s%s%s%s%s",
                        sub ?: active ?: "?",
                        pid ? ", process " : "",
                        pid ?: "",
                        failed ? ", result " : "",
                        failed ? result : "",
                        text ? ": " : "",
                        text ?: "",
                        *ended && !text ? ": " : "",
                        text ? "" : ended,
                        restarts ? " (restart " : "",
                        restarts ?: "",
                        restarts ? ")" : "");
}

static char *wait_words(const Value *event) {
        const char *unit = get(event, "Unit");

        if (!unit)
                return str_printf("its %s waits: MaxParallelStarts= others are starting",
                                get(event, "JobType") ?: "job");
        return str_printf("its %s waits for the %s of %s to end",
                        get(event, "JobType") ?: "job",
                        get(event, "UnitJobType") ?: "job",
                        unit);
}

/* clang-format off */
static const struct {
        const char *event;
        char *(*words)(const Value *event);
} kinds[] = {
        { "asked", asked_words },
        { "ended", ended_words },
        { "state", state_words },
        { "waits", wait_words  },
};
/* clang-format on */

char *history_event_words(const Value *event) {
        const char *kind = get(event, "Event");

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                if (str_equal(kinds[i].event, kind))
                        return kinds[i].words(event);
        }
        return strdup(kind ?: "?"); /* of a newer supd */
}

Style history_event_style(const Value *event) {
        const char *kind = get(event, "Event"), *active = get(event, "ActiveState");

        if (str_equal(kind, "ended") && str_equal(get(event, "JobResult"), "done"))
                return STYLE_WARNING;
        if (str_equal(kind, "ended") || str_equal(active, "failed"))
                return STYLE_BAD;
        if (str_equal(kind, "waits") || str_equal(active, "activating"))
                return STYLE_WARNING;
        return str_equal(active, "active") ? STYLE_GOOD : STYLE_PLAIN;
}

char *history_stamp(uint64_t realtime_usec, uint64_t now_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        time_t now = (time_t) (now_usec / USEC_PER_SEC);
        struct tm then, today;
        char text[32];

        if (!localtime_r(&seconds, &then) || !localtime_r(&now, &today))
                return strdup("?");
        if (then.tm_year != today.tm_year || then.tm_yday != today.tm_yday) {
                (void) strftime(text, sizeof(text), "%F %T", &then);
                return strdup(text);
        }
        (void) strftime(text, sizeof(text), "%T", &then);
        return str_printf(
                        "%s.%03u", text, (unsigned) (realtime_usec % USEC_PER_SEC / USEC_PER_MSEC));
}
