/* SPDX-License-Identifier: MIT */
#include "ctl/unit-action.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/interrupt.h"
#include "ctl/log-print.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/wait-line.h"
#include "supd/exit-status.h"

#define FAILURE_LINES 10U

/* How an action is spoken of. */
/* clang-format off */
static const struct {
        const char *verb;    /* "cannot … web" */
        const char *outcome; /* "web …: why" */
} phrases[] = {
        [UNIT_START]        = { "start",             "did not start"   },
        [UNIT_STOP]         = { "stop",              "did not stop"    },
        [UNIT_RESTART]      = { "restart",           "did not restart" },
        [UNIT_TRY_RESTART]  = { "restart",           "did not restart" },
        [UNIT_RELOAD]       = { "reload",            "did not reload"  },
        [UNIT_RELOAD_OR_RESTART]     = { "reload or restart", "neither reloaded nor restarted" },
        [UNIT_RELOAD_OR_TRY_RESTART] = { "reload or restart", "neither reloaded nor restarted" },
        [UNIT_KILL]         = { "signal",            "was not signalled" },
        [UNIT_FREEZE]       = { "pause",             "was not paused"  },
        [UNIT_THAW]         = { "unpause",           "was not unpaused" },
        [UNIT_RESET_FAILED] = { "reset failures of", "was not reset"   },
};

/* Results of jobs that say all there is to say; NULL: the unit knows more. */
static const struct {
        const char *result;
        const char *words;
        bool good;
} job_results[] = {
        { "done",       NULL,                                        true  },
        { "skipped",    NULL,                                        true  },
        { "failed",     NULL,                                        false },
        { "timeout",    NULL,                                        false },
        { "canceled",   "another request for the unit came between", false },
        { "dependency", "a unit that it needs has failed",           false },
        { "assert",     "what it asserts was not met",               false },
};
/* clang-format on */
static_assert(ELEMENTSOF(phrases) == _UNIT_ACTION_MAX, "every action has its words");

static bool job_is_good(const char *result) {
        for (size_t i = 0; i < ELEMENTSOF(job_results); i++) {
                if (str_equal(job_results[i].result, result))
                        return job_results[i].good;
        }
        return false;
}

static const char *job_words(const char *result) {
        for (size_t i = 0; i < ELEMENTSOF(job_results); i++) {
                if (str_equal(job_results[i].result, result))
                        return job_results[i].words;
        }
        return NULL;
}

static bool starts(UnitAction action) {
        return action == UNIT_START || action == UNIT_RESTART || action == UNIT_TRY_RESTART ||
               action == UNIT_RELOAD || action == UNIT_RELOAD_OR_RESTART ||
               action == UNIT_RELOAD_OR_TRY_RESTART;
}

/* What the files say, where they are what is wrong. */
static void print_diagnostics(const Value *unit) {
        const Value *list = value_get(unit, "Diagnostics");

        for (size_t i = 0; list && list->type == VALUE_ARRAY && i < list->array.n_items; i++) {
                const char *text = value_get_string(&list->array.items[i], "Text");
                _cleanup_free_ char *safe = terminal_text(text);

                if (safe && *safe)
                        fprintf(stderr, "    %s\n", safe);
        }
}

static void print_refusal(Context *c, const UnitRequest *request) {
        _cleanup_value_ Value unit = {};
        _cleanup_free_ char *safe = terminal_text(error_text(&request->error, request->number));

        fprintf(stderr,
                        "supctl: cannot %s %s: %s\n",
                        phrases[request->action].verb,
                        request->unit,
                        safe ?: "out of memory");
        if (request->error.code != ERROR_BAD_SETTING || c->options->quiet)
                return;
        /* The refusal stands without the details. */
        if (client_get_unit(c->client, request->unit, &unit, NULL) >= 0)
                print_diagnostics(&unit);
}

/* The lines that explain a failed start, and where there are more. */
static void print_evidence(Context *c, const Value *unit, uint64_t since_usec) {
        LogSelection selection = {
                .lines = c->options->lines_set ? c->options->lines : FAILURE_LINES,
                .since_usec = since_usec,
                .until_usec = UINT64_MAX,
                .own_lines_only = true,
                .format = LOG_FORMAT_SHORT,
                .indent = "    ",
        };
        /* It belongs to the message, and the message to standard error. */
        Context to_stderr = { .options = c->options, .terminal = c->terminal, .out = stderr };
        _cleanup_free_ char *name = unit_short_name(unit_id(unit));

        if (selection.lines > 0) {
                log_settle(unit);
                /* A log that can't be read is no news here: the hint says where to look. */
                (void) log_print(&to_stderr, unit, &selection, NULL);
        }
        fprintf(stderr,
                        "See 'supctl status %s' and 'supctl logs %s'.\n",
                        name ?: unit_id(unit),
                        name ?: unit_id(unit));
}

/* "base-image.service, which it needs, has failed: …"; NULL: it can't be told which. */
static char *failed_need(Context *c, const char *id) {
        static const char *const needs[] = { "Requires", "BindsTo", "Requisite" };
        _cleanup_value_ Value properties = {};

        if (client_get_properties(c->client, id, &properties, NULL) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(needs); i++) {
                _cleanup_strv_ char **names = NULL;
                if (value_get_strv(&properties, needs[i], &names) < 0)
                        return NULL;
                STRV_FOREACH (name, names) {
                        _cleanup_value_ Value unit = {};
                        if (client_get_unit(c->client, *name, &unit, NULL) < 0 ||
                                        !unit_is_failed(&unit))
                                continue;
                        _cleanup_free_ char *why = unit_failure(&unit);
                        return str_printf("%s, which it needs, has failed: %s", *name, why ?: "");
                }
        }
        return NULL;
}

/* "AssertPathExists=/x was not met"; NULL: it can't be told. */
static char *failed_assertion(Context *c, const char *id) {
        _cleanup_value_ Value unit = {};
        _cleanup_strv_ char **lines = NULL;

        if (client_get_properties(c->client, id, &unit, NULL) < 0 ||
                        unit_unmet(&unit, "Asserts", &lines) < 0)
                return NULL;
        return lines ? strdup(lines[0]) : NULL;
}

/* One that runs on after a reload that failed says why by its status text; NULL: it does not run, or says nothing */
static char *reload_failure(const Value *unit) {
        const char *text = value_get_string(unit, "StatusText");

        return unit_is_active(unit) && text && *text ? strdup(text) : NULL;
}

static void print_failure(Context *c, const UnitRequest *request, uint64_t since_usec) {
        _cleanup_value_ Value unit = {};
        _cleanup_free_ char *why = NULL, *safe = NULL;
        const char *words = job_words(request->job_result);

        if (!words && client_get_unit(c->client, request->id, &unit, NULL) >= 0)
                why = reload_failure(&unit) ?: unit_failure(&unit);
        if (str_equal(request->job_result, "dependency"))
                why = failed_need(c, request->id);
        if (str_equal(request->job_result, "assert"))
                why = failed_assertion(c, request->id);
        safe = terminal_text(why ?: words ?: request->job_result);

        fprintf(stderr,
                        "supctl: %s %s: %s\n",
                        request->id,
                        phrases[request->action].outcome,
                        safe ?: "out of memory");
        if (!words && starts(request->action) && !c->options->quiet && unit.type == VALUE_DICT)
                print_evidence(c, &unit, since_usec);
}

static int exit_code_of(const UnitRequest *request) {
        if (request->number < 0 && request->error.code == ERROR_NO_SUCH_UNIT)
                return unit_action_makes_job(request->action) ? SUPCTL_EXIT_NOT_INSTALLED
                                                              : SUPCTL_EXIT_NO_SUCH_UNIT;
        if (request->number < 0 || (request->job_result && !job_is_good(request->job_result)))
                return SUPCTL_EXIT_FAILURE;
        return SUPCTL_EXIT_SUCCESS;
}

/* Return: the first exit code that is not 0. */
static int report(Context *c, const UnitRequest *requests, size_t n, uint64_t since_usec) {
        int code = SUPCTL_EXIT_SUCCESS;

        for (size_t i = 0; i < n; i++) {
                const UnitRequest *request = &requests[i];

                if (request->number < 0)
                        print_refusal(c, request);
                else if (request->job_result && !job_is_good(request->job_result))
                        print_failure(c, request, since_usec);
                if (code == SUPCTL_EXIT_SUCCESS)
                        code = exit_code_of(request);
        }
        return code;
}

/* What was asked for is supd's now; say so, and of which units. */
static int report_interrupt(const UnitRequest *requests, size_t n) {
        size_t under_way = 0;

        fputc('\n', stderr);
        for (size_t i = 0; i < n; i++) {
                if (requests[i].number < 0 || requests[i].job_result)
                        continue;
                fprintf(stderr,
                                "%s%s",
                                under_way == 0 ? "supctl: no longer waiting; supd goes on to "
                                               : ", ",
                                under_way == 0 ? phrases[requests[i].action].verb
                                               : requests[i].unit);
                if (under_way++ == 0)
                        fprintf(stderr, " %s", requests[i].unit);
        }
        if (under_way > 0)
                fprintf(stderr, "; see 'supctl status'\n");
        return EXIT_INTERRUPTED;
}

static int run_requests(Context *c, UnitRequest *requests, size_t n, bool wait, Error *error) {
        uint64_t since_usec = clock_realtime_usec();

        _cleanup_close_ int interrupts = wait ? interrupt_open() : -EBADF;
        if (wait && interrupts < 0)
                return error_set(error, interrupts, ERROR_FAILED, "cannot wait for signals");

        WaitLine line = { .context = c, .requests = requests, .n_requests = n };
        ClientWait waiting = {
                .interrupt_fd = interrupts,
                .on_interval = wait_line_wanted(c) ? wait_line_draw : NULL,
                .userdata = &line,
        };
        int r = client_run_units(c->client, requests, n, wait ? &waiting : NULL, error);
        wait_line_done(&line);
        if (r == -EINTR)
                return report_interrupt(requests, n);
        return r < 0 ? r : report(c, requests, n, since_usec);
}

int unit_action_run(Context *c, UnitAction action, char *const *words, Error *error) {
        return unit_action_run_as(c, action, c->options->job_mode, words, error);
}

int unit_action_run_as(
                Context *c, UnitAction action, const char *mode, char *const *words, Error *error) {
        _cleanup_strv_ char **names = NULL;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        if (r < 0)
                return r;

        size_t n = strv_length(names);
        _cleanup_free_ UnitRequest *requests = calloc(MAX(n, (size_t) 1), sizeof(*requests));
        if (!requests)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                requests[i] = (UnitRequest) {
                        .unit = names[i],
                        .action = action,
                        .mode = mode,
                        .whom = c->options->kill_whom,
                        .signal = c->options->signal,
                };

        bool wait = unit_action_makes_job(action) && !c->options->no_block;
        r = run_requests(c, requests, n, wait, error);
        for (size_t i = 0; i < n; i++)
                unit_request_done(&requests[i]);
        return r;
}
