/* SPDX-License-Identifier: MIT */
#include "ctl/status-page.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/id-map.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/log-print.h"
#include "ctl/process-tree.h"
#include "ctl/timer-view.h"
#include "ctl/unit-view.h"
#include "ctl/value-text.h"

#define BAR_WIDTH 10U
#define COMM_SIZE_MAX 64U /* the kernel's own limit is 16 */

/* Each section prints its lines, or nothing where it has nothing to say. */
typedef struct Page {
        Context *context;       /* borrowed */
        const Terminal *t;      /* borrowed */
        FILE *out;              /* borrowed */
        const Value *unit;      /* borrowed */
        const Value *processes; /* borrowed */
        DualTime now;
} Page;

typedef int (*Section)(const Page *page);

void status_label(FILE *out, const char *label) {
        fprintf(out, "%*s: ", (int) strlen(STATUS_INDENT) - 2, label);
}

char *status_bar(uint64_t used, uint64_t limit) {
        char bar[BAR_WIDTH + 1] = "";
        /* As a quotient of what is never 0; halves are rounded up. */
        double share = (double) used / (double) MAX(limit, UINT64_C(1));
        size_t full = share >= 1 ? BAR_WIDTH : (size_t) (share * BAR_WIDTH + 0.5);

        memset(bar, '-', BAR_WIDTH);
        memset(bar, '#', full);
        return str_printf("[%s]", bar);
}

static bool is(const Page *page, const char *property, const char *value) {
        return str_equal(value_get_string(page->unit, property), value);
}

/* A foreign string, escaped and without a line end. */
static int put_text(const Page *page, const char *text) {
        _cleanup_free_ char *safe = terminal_text(text);

        if (!safe)
                return -ENOMEM;
        fputs(safe, page->out);
        return 0;
}

static int print_title(const Page *page) {
        const char *description = value_get_string(page->unit, "Description");
        Style style = unit_style(page->unit);

        if (!page->context->options->plain)
                fprintf(page->out,
                                "%s%s%s ",
                                style_on(page->t, style),
                                glyph(page->t, unit_glyph(page->unit)),
                                style_off(page->t, style));
        int r = put_text(page, unit_id(page->unit));
        if (r >= 0 && description && !str_equal(description, unit_id(page->unit))) {
                fputs(" - ", page->out);
                r = put_text(page, description);
        }
        fputc('\n', page->out);
        return r;
}

static int print_loaded(const Page *page) {
        const char *fragment = value_get_string(page->unit, "FragmentPath");
        const char *load = value_get_string(page->unit, "LoadState") ?: "?";
        Style style = str_equal(load, "loaded") ? STYLE_PLAIN : STYLE_BAD;

        status_label(page->out, "Loaded");
        fprintf(page->out, "%s%s%s", style_on(page->t, style), load, style_off(page->t, style));
        if (fragment) {
                fputs(" (", page->out);
                int r = put_text(page, fragment);
                if (r < 0)
                        return r;
                fputc(')', page->out);
        }
        if (is(page, "Definition", "changed"))
                fputs("; changed, its next start takes that", page->out);
        else if (is(page, "Definition", "gone"))
                fputs("; its file is gone, and so is it once it stops", page->out);
        if (value_get_bool(page->unit, "NeedDaemonReload"))
                fprintf(page->out,
                                "%s; changed on disk, 'supctl daemon-reload' reads it%s",
                                style_on(page->t, STYLE_WARNING),
                                style_off(page->t, STYLE_WARNING));
        fputc('\n', page->out);
        return 0;
}

static int print_dropins(const Page *page) {
        _cleanup_strv_ char **paths = NULL;
        _cleanup_(tree_done) Tree tree = {};

        int r = value_get_strv(page->unit, "DropInPaths", &paths);
        if (r < 0 || !paths)
                return r;

        for (char **path = paths; *path; path++) {
                _cleanup_free_ char *safe = terminal_text(*path);
                r = safe ? tree_add(&tree, 0, STYLE_PLAIN, &safe) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        status_label(page->out, "Drop-In");
        fputc('\n', page->out);
        return tree_print(&tree, page->t, STATUS_INDENT, page->out);
}

static int print_stamp(const Page *page, uint64_t stamp_usec) {
        _cleanup_free_ char *stamp = stamp_format(stamp_usec);
        _cleanup_free_ char *age = stamp_format_relative(stamp_usec, page->now.realtime_usec);

        if (!stamp || !age)
                return -ENOMEM;
        fprintf(page->out, " since %s; %s", stamp, age);
        return 0;
}

static int print_active(const Page *page) {
        const char *result = value_get_string(page->unit, "Result");
        uint64_t since = unit_state_since(page->unit);
        Style style = unit_style(page->unit);

        status_label(page->out, "Active");
        fputs(style_on(page->t, style), page->out);
        int r = put_text(page, value_get_string(page->unit, "ActiveState"));
        if (r >= 0 && !is(page, "ActiveState", "failed")) {
                fputs(" (", page->out);
                r = put_text(page, unit_sub_state(page->unit));
                fputc(')', page->out);
        }
        if (r >= 0 && result && !str_equal(result, "success")) {
                fputs(" (Result: ", page->out);
                r = put_text(page, result);
                fputc(')', page->out);
        }
        fputs(style_off(page->t, style), page->out);
        if (r >= 0 && since != UINT64_MAX)
                r = print_stamp(page, since);
        fputc('\n', page->out);
        return r;
}

static int print_unmet(const Page *page, const char *property) {
        _cleanup_strv_ char **lines = NULL;
        _cleanup_(tree_done) Tree tree = {};

        int r = unit_unmet(page->unit, property, &lines);
        STRV_FOREACH (line, lines) {
                _cleanup_free_ char *safe = terminal_text(*line);
                r = safe ? tree_add(&tree, 0, STYLE_PLAIN, &safe) : -ENOMEM;
                if (r < 0)
                        break;
        }
        return r < 0 ? r : tree_print(&tree, page->t, STATUS_INDENT, page->out);
}

/* As systemctl: only what held the last start back. */
static int print_conditions(const Page *page) {
        static const struct {
                const char *label, *words, *stamp, *result, *list;
        } checks[] = {
                { "Condition",
                                "start condition",
                                "ConditionTimestamp",
                                "ConditionResult",
                                "Conditions" },
                { "Assert", "start assertion", "AssertTimestamp", "AssertResult", "Asserts" },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(checks) && r >= 0; i++) {
                uint64_t when = value_get_u64(page->unit, checks[i].stamp);
                if (when == UINT64_MAX || when == 0 || value_get_bool(page->unit, checks[i].result))
                        continue;
                _cleanup_free_ char *stamp = stamp_format(when);
                _cleanup_free_ char *age = stamp_format_relative(when, page->now.realtime_usec);
                if (!stamp || !age)
                        return -ENOMEM;
                status_label(page->out, checks[i].label);
                fprintf(page->out, "%s failed at %s; %s\n", checks[i].words, stamp, age);
                r = print_unmet(page, checks[i].list);
        }
        return r;
}

/* "Trigger: Fri 2026-11-27 10:00:00 UTC; 35min left" */
static int print_trigger(const Page *page) {
        uint64_t next = timer_next_usec(page->unit, page->now);

        if (!value_get(page->unit, "NextElapseUSecRealtime") || !unit_is_active(page->unit))
                return 0;
        status_label(page->out, "Trigger");
        if (next == USEC_INFINITY) {
                fputs("n/a\n", page->out);
                return 0;
        }
        _cleanup_free_ char *stamp = stamp_format(next);
        _cleanup_free_ char *left = stamp_format_relative(next, page->now.realtime_usec);
        if (!stamp || !left)
                return -ENOMEM;
        fprintf(page->out, "%s; %s\n", stamp, left);
        return 0;
}

/* Units that this one starts, or that start it. */
static int print_triggers(const Page *page) {
        static const struct {
                const char *property, *label;
        } lists[] = {
                { "Triggers", "Triggers" },
                { "TriggeredBy", "TriggeredBy" },
        };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                _cleanup_strv_ char **units = NULL;

                int r = value_get_strv(page->unit, lists[i].property, &units);
                STRV_FOREACH (unit, units) {
                        if (r < 0)
                                return r;
                        status_label(page->out, unit == units ? lists[i].label : "");
                        r = put_text(page, *unit);
                        fputc('\n', page->out);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A pause that the next connection ends. */
static int print_sleep(const Page *page) {
        if (!value_get_bool(page->unit, "Asleep"))
                return 0;
        status_label(page->out, "Freezer");
        fputs("frozen (idle): the next connection wakes it\n", page->out);
        return 0;
}

/* "127.0.0.1:80 (Stream)", a line each. */
static int print_listen(const Page *page) {
        const Value *list = value_get(page->unit, "Listen");

        for (size_t i = 0; list && i < value_length(list); i++) {
                const Value *pair = &list->array.items[i];
                if (pair->type != VALUE_ARRAY || value_length(pair) != 2)
                        return -EBADMSG;
                status_label(page->out, i == 0 ? "Listen" : "");
                int r = put_text(page, pair->array.items[1].string);
                fputs(" (", page->out);
                if (r >= 0)
                        r = put_text(page, pair->array.items[0].string);
                fputs(")\n", page->out);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int print_restarts(const Page *page) {
        uint64_t n = value_get_u64(page->unit, "NRestarts");
        uint64_t next = value_get_u64(page->unit, "NextRestartUSec");
        bool waits = next != UINT64_MAX && next > 0;

        if (n == UINT64_MAX || (n == 0 && !waits))
                return 0;

        status_label(page->out, "Restarts");
        fprintf(page->out, "%" PRIu64, n);
        if (waits) {
                uint64_t left = usec_sub(next, page->now.monotonic_usec);
                /* Whole milliseconds: more is gone before it is read. */
                _cleanup_free_ char *span = span_format(left - left % USEC_PER_MSEC);
                if (!span)
                        return -ENOMEM;
                fprintf(page->out, "; next in %s", left < USEC_PER_MSEC ? "a moment" : span);
        }
        fputc('\n', page->out);
        return 0;
}

/* "docker.io/library/busybox:1 (sha256:0123456789ab)" */
static int print_image(const Page *page) {
        const char *name = value_get_string(page->unit, "Image");
        const char *digest = value_get_string(page->unit, "ImageDigest");

        if (str_is_empty(name))
                return 0;
        status_label(page->out, "Image");
        int r = put_text(page, name);
        if (!str_is_empty(digest))
                fprintf(page->out, " (%.*s)", (int) (sizeof("sha256:") - 1 + 12), digest);
        fputc('\n', page->out);
        return r;
}

/* "web.service: active (running)" */
static int add_member(Tree *tree, const char *name, const Value *unit) {
        const char *active = value_get_string(unit, "ActiveState");
        _cleanup_free_ char *safe = terminal_text(name), *text = NULL;

        if (!safe)
                return -ENOMEM;
        text = active ? str_printf("%s: %s (%s)", safe, active, unit_sub_state(unit) ?: "?")
                      : strdup(safe);
        return text ? tree_add(tree, 0, active ? unit_style(unit) : STYLE_PLAIN, &text) : -ENOMEM;
}

static int print_members(const Page *page, char *const *names) {
        _cleanup_(tree_done) Tree tree = {};
        size_t n = strv_length(names);
        int r = 0;

        Value *units = calloc(n + 1, sizeof(*units));
        if (!units)
                return -ENOMEM;
        /* Of what can't be asked for the names alone are shown. */
        (void) client_get_units(page->context->client, (const char *const *) names, n, units, NULL);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = add_member(&tree, names[i], &units[i]);
        if (r >= 0)
                r = tree_print(&tree, page->t, STATUS_INDENT, page->out);
        for (size_t i = 0; i < n; i++)
                value_done(&units[i]);
        free(units);
        return r;
}

/* Of a container the pod that it is in, of a pod its name and who is in it. */
static int print_pod(const Page *page) {
        const char *pod = value_get_string(page->unit, "Pod");
        const char *name = value_get_string(page->unit, "PodName");
        _cleanup_strv_ char **members = NULL;

        if (!pod && !name)
                return 0;
        status_label(page->out, "Pod");
        int r = put_text(page, pod ?: name);
        fputc('\n', page->out);
        if (r >= 0)
                r = value_get_strv(page->unit, "PodMembers", &members);
        return r < 0 || !members ? r : print_members(page, members);
}

/* "httpd": what the kernel calls the process; NULL where it can't be told. */
static char *command_of(uint64_t pid) {
        _cleanup_free_ char *path = str_printf("/proc/%" PRIu64 "/comm", pid);
        char *name = NULL;

        if (!path || file_read(AT_FDCWD, path, COMM_SIZE_MAX, &name, NULL) < 0)
                return NULL;
        name[strcspn(name, "\n")] = '\0';
        return name;
}

static int print_main_process(const Page *page) {
        uint64_t pid = value_get_u64(page->unit, "MainPID");
        uint64_t old_pid = value_get_u64(page->unit, "ExecMainPID");
        int64_t code = value_get_i64(page->unit, "ExecMainCode", 0);

        if (pid != UINT64_MAX && pid > 0) {
                _cleanup_free_ char *command = command_of(pid);
                status_label(page->out, "Main PID");
                fprintf(page->out, "%" PRIu64 "%s", pid, command ? " (" : "");
                int r = put_text(page, command);
                fprintf(page->out, "%s\n", command ? ")" : "");
                return r;
        }
        if (code == 0)
                return 0;

        _cleanup_free_ char *ended =
                        exit_in_words(code, value_get_i64(page->unit, "ExecMainStatus", 0));
        if (!ended)
                return -ENOMEM;
        status_label(page->out, old_pid != UINT64_MAX && old_pid > 0 ? "Main PID" : "Process");
        if (old_pid != UINT64_MAX && old_pid > 0)
                fprintf(page->out, "%" PRIu64 " ", old_pid);
        fprintf(page->out, "(%s)\n", ended);
        return 0;
}

static int print_status_text(const Page *page) {
        const char *text = value_get_string(page->unit, "StatusText");

        if (!text)
                return 0;
        status_label(page->out, "Status");
        fputc('"', page->out);
        int r = put_text(page, text);
        fputs("\"\n", page->out);
        return r;
}

/* What the last check printed, on one line. */
static char *last_output(const Value *log, int64_t *ret_code) {
        const Value *entry = &log->array.items[log->array.n_items - 1];
        const Value *code = entry->type == VALUE_ARRAY && entry->array.n_items == 4
                                            ? &entry->array.items[2]
                                            : NULL;

        if (!code || code->type != VALUE_INTEGER || entry->array.items[3].type != VALUE_STRING)
                return NULL;
        *ret_code = code->integer;
        char *text = strdup(entry->array.items[3].string);
        for (char *p = text; p && *p; p++) {
                if (*p == '\n')
                        *p = ' ';
        }
        for (size_t n = text ? strlen(text) : 0; n > 0 && text[n - 1] == ' '; n--)
                text[n - 1] = '\0';
        return text;
}

/* "unhealthy; 3 checks failed one after the other; last: exit status 1: connection refused" */
static int print_health(const Page *page) {
        const char *state = value_get_string(page->unit, "HealthState");
        const Value *log = value_get(page->unit, "HealthLog");
        uint64_t streak = value_get_u64(page->unit, "HealthFailingStreak");
        Style style = str_equal(state, "unhealthy") ? STYLE_BAD
                      : str_equal(state, "healthy") ? STYLE_GOOD
                                                    : STYLE_PLAIN;
        int64_t code = 0;

        if (!state || str_equal(state, "none"))
                return 0;
        status_label(page->out, "Health");
        fprintf(page->out, "%s%s%s", style_on(page->t, style), state, style_off(page->t, style));
        if (streak != UINT64_MAX && streak > 0)
                fprintf(page->out,
                                "; %" PRIu64 " check%s failed%s",
                                streak,
                                streak == 1 ? "" : "s",
                                streak == 1 ? "" : " in a row");
        bool has_log = log && log->type == VALUE_ARRAY && log->array.n_items > 0;
        _cleanup_free_ char *output = has_log ? last_output(log, &code) : NULL;
        if (output) {
                fputs("; last: ", page->out);
                if (code > 0)
                        fprintf(page->out, "exit status %" PRIi64 "%s", code, *output ? ": " : "");
                else if (code == 0)
                        fprintf(page->out, "ok%s", *output ? ": " : "");
        }
        int r = put_text(page, output);
        fputc('\n', page->out);
        return r;
}

static int print_tasks(const Page *page) {
        uint64_t n = value_get_u64(page->unit, "TasksCurrent");
        uint64_t limit = value_get_u64(page->unit, "TasksMax");

        if (n == UINT64_MAX)
                return 0;
        status_label(page->out, "Tasks");
        fprintf(page->out, "%" PRIu64, n);
        if (limit != UINT64_MAX)
                fprintf(page->out, " (limit: %" PRIu64 ")", limit);
        fputc('\n', page->out);
        return 0;
}

static int print_memory(const Page *page) {
        static const struct {
                const char *property, *word;
        } details[] = {
                { "MemoryMax", "max" },
                { "MemoryHigh", "high" },
                { "MemoryPeak", "peak" },
        };
        uint64_t used = value_get_u64(page->unit, "MemoryCurrent");
        uint64_t limit = value_get_u64(page->unit, "MemoryMax");
        const char *separator = " (";

        if (used == UINT64_MAX)
                return 0;

        _cleanup_free_ char *text = bytes_format(used);
        if (!text)
                return -ENOMEM;
        status_label(page->out, "Memory");
        fputs(text, page->out);
        for (size_t i = 0; i < ELEMENTSOF(details); i++) {
                uint64_t bytes = value_get_u64(page->unit, details[i].property);
                if (bytes == UINT64_MAX)
                        continue;
                _cleanup_free_ char *amount = bytes_format(bytes);
                if (!amount)
                        return -ENOMEM;
                fprintf(page->out, "%s%s: %s", separator, details[i].word, amount);
                separator = ", ";
        }
        if (str_equal(separator, ", "))
                fputc(')', page->out);

        _cleanup_free_ char *bar = page->t->is_terminal && limit != UINT64_MAX
                                                   ? status_bar(used, limit)
                                                   : NULL;
        fprintf(page->out, "%s%s\n", bar ? " " : "", bar ?: "");
        return 0;
}

static int print_cpu(const Page *page) {
        uint64_t nsec = value_get_u64(page->unit, "CPUUsageNSec");

        if (nsec == UINT64_MAX)
                return 0;
        uint64_t usec = nsec / 1000;
        _cleanup_free_ char *span =
                        span_format(usec >= USEC_PER_MSEC ? usec - usec % USEC_PER_MSEC : usec);
        if (!span)
                return -ENOMEM;
        status_label(page->out, "CPU");
        fprintf(page->out, "%s\n", usec == 0 ? "0ms" : span);
        return 0;
}

/* "auto; ids 0 to 65535 are 2147483648 to 2147549183 of the host" */
static int print_users(const Page *page) {
        const char *userns = value_get_string(page->unit, "UserNS");
        _cleanup_strv_ char **ranges = NULL;
        const char *separator = "";

        int r = value_get_strv(page->unit, "UIDMap", &ranges);
        if (r < 0 || strv_length(ranges) == 0)
                return r == -ENOMEM ? r : 0;
        status_label(page->out, "Users");
        if (!str_is_empty(userns)) {
                r = put_text(page, userns);
                separator = "; ";
        }
        STRV_FOREACH (word, ranges) {
                IdRange range;

                if (id_range_parse(*word, &range) < 0)
                        continue;
                fprintf(page->out,
                                "%sids %u to %u are %u to %u of the host",
                                separator,
                                range.inside,
                                range.inside + (range.size - 1),
                                range.outside,
                                range.outside + (range.size - 1));
                separator = ", ";
        }
        fputc('\n', page->out);
        return r;
}

static int print_cgroup(const Page *page) {
        const char *path = value_get_string(page->unit, "ControlGroup");
        uint64_t init = value_get_u64(page->unit, "InitPID");
        _cleanup_(tree_done) Tree tree = {};

        if (!path)
                return 0;
        status_label(page->out, "CGroup");
        int r = put_text(page, path);
        fputc('\n', page->out);
        if (r >= 0)
                r = process_tree_build(
                                page->processes, path, init <= INT32_MAX ? (pid_t) init : 0, &tree);
        return r < 0 ? r : tree_print(&tree, page->t, STATUS_INDENT, page->out);
}

static int print_diagnostics(const Page *page) {
        const Value *list = value_get(page->unit, "Diagnostics");

        for (size_t i = 0; list && list->type == VALUE_ARRAY && i < list->array.n_items; i++) {
                const Value *d = &list->array.items[i];
                const char *severity = value_get_string(d, "Severity") ?: "notice";
                Style style = str_equal(severity, "error")     ? STYLE_BAD
                              : str_equal(severity, "warning") ? STYLE_WARNING
                                                               : STYLE_PLAIN;

                status_label(page->out, i == 0 ? "Unit file" : "");
                fprintf(page->out,
                                "%s%s%s: ",
                                style_on(page->t, style),
                                severity,
                                style_off(page->t, style));
                int r = put_text(page, value_get_string(d, "Text"));
                fputc('\n', page->out);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int print_log(const Page *page) {
        const Options *o = page->context->options;
        LogSelection selection = {
                .lines = o->lines_set ? o->lines : STATUS_LOG_LINES,
                .since_usec = UINT64_MAX,
                .until_usec = UINT64_MAX,
                .format = LOG_FORMAT_SHORT,
        };
        _cleanup_(error_done) Error local = {};

        if (selection.lines == 0 || !unit_is_known(page->unit))
                return 0;

        fputc('\n', page->out);
        int r = log_print(page->context, page->unit, &selection, &local);
        if (r == -ENOMEM)
                return r;
        /* No log yet, or none at all, is nothing that a status has to complain of. */
        if (r < 0 && r != -ENODATA && r != -ENOENT) {
                fprintf(page->out, "(");
                (void) put_text(page, error_text(&local, r));
                fprintf(page->out, ")\n");
        }
        return 0;
}

/* In the order of the page. */
static const Section sections[] = {
        print_title,
        print_loaded,
        print_dropins,
        print_active,
        print_conditions,
        print_trigger,
        print_triggers,
        print_sleep,
        print_listen,
        print_restarts,
        print_image,
        print_pod,
        print_users,
        print_main_process,
        print_status_text,
        print_health,
        print_tasks,
        print_memory,
        print_cpu,
        print_cgroup,
        print_diagnostics,
        print_log,
};

int status_page_print(
                Context *c, const Value *unit, const Value *processes, DualTime now, Error *error) {
        const Page page = {
                .context = c,
                .t = &c->terminal,
                .out = c->out,
                .unit = unit,
                .processes = processes,
                .now = now,
        };

        if (!unit_is_known(unit)) {
                fprintf(stderr, "Unit %s could not be found.\n", unit_id(unit));
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(sections); i++) {
                int r = sections[i](&page);
                if (r < 0)
                        return error_prefix(error, r, "%s", unit_id(unit));
        }
        return 0;
}
