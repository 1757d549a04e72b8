/* SPDX-License-Identifier: MIT */
#include "core/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "core/engine.h"

void history_done(History *h) {
        for (size_t i = 0; i < h->n; i++)
                free(h->events[i]);
        free(h->asked);
        *h = (History) {};
}

static bool is_request(const char *event) {
        return strstr(event, "Event=asked\n");
}

static bool has_request(const History *h) {
        for (size_t i = 0; i < h->n; i++) {
                if (is_request(h->events[i]))
                        return true;
        }
        return false;
}

/* The oldest goes; the last request of all stays in sight. */
static void drop_oldest(History *h) {
        char *oldest = h->events[0];

        memmove(h->events, h->events + 1, (h->n - 1) * sizeof(h->events[0]));
        h->n--;
        if (!is_request(oldest) || has_request(h)) {
                free(oldest);
                return;
        }
        free(h->asked);
        h->asked = oldest;
}

static void add(History *h, RecordWriter *w) {
        if (w->result < 0) {
                record_writer_done(w);
                return;
        }
        if (h->n == HISTORY_MAX)
                drop_oldest(h);
        h->events[h->n++] = TAKE_PTR(w->text);
        record_writer_done(w);
        /* What came before a request that is in the ring answers no question any more. */
        if (is_request(h->events[h->n - 1])) {
                free(h->asked);
                h->asked = NULL;
        }
}

static void begin(RecordWriter *w, const char *event, uint64_t realtime_usec) {
        record_put(w, "Event", event);
        record_put_u64(w, "Time", realtime_usec);
}

static void put_job(RecordWriter *w, uint32_t job, const char *type) {
        record_put_u64(w, "Job", job);
        record_put(w, "JobType", type);
}

/* A string that was cut may end in the middle of one. */
static void cut_at_character(char *s) {
        size_t n = strlen(s), start = n;

        while (start > 0 && ((unsigned char) s[start - 1] & 0xc0) == 0x80)
                start--;
        if (start > 0 && n == HISTORY_COMMAND_MAX && (unsigned char) s[start - 1] >= 0xc0)
                s[start - 1] = '\0';
}

void history_asked(History *h,
                uint64_t realtime_usec,
                uint32_t job,
                const char *type,
                const JobOrigin *origin) {
        RecordWriter w = {};

        begin(&w, "asked", realtime_usec);
        put_job(&w, job, type);
        char command[HISTORY_COMMAND_MAX + 1];
        if (origin->command) {
                (void) snprintf(command, sizeof(command), "%s", origin->command);
                cut_at_character(command);
                record_put_u64(&w, "Uid", origin->uid);
                record_put_i64(&w, "Pid", origin->pid);
                record_put(&w, "Command", command);
        }
        record_put(&w, "Unit", origin->unit);
        record_put(&w, "Why", origin->why);
        add(h, &w);
}

void history_ended(History *h,
                uint64_t realtime_usec,
                uint32_t job,
                const char *type,
                const char *result,
                const char *reason) {
        RecordWriter w = {};

        begin(&w, "ended", realtime_usec);
        put_job(&w, job, type);
        record_put(&w, "JobResult", result);
        record_put(&w, "Text", reason);
        add(h, &w);
}

/* ---- states -------------------------------------------------------------------------------------- */

static bool waits_for_restart(const UnitStatus *s) {
        return s->next_restart_monotonic_usec != USEC_INFINITY &&
               s->next_restart_monotonic_usec > 0;
}

/* Those that a unit passes through are left out: a crash loop would leave nothing else in the ring. */
static bool is_to_be_noted(const History *h, const UnitStatus *s) {
        bool waits = waits_for_restart(s);

        if (!waits && (s->active == UNIT_ACTIVATING || s->active == UNIT_DEACTIVATING ||
                                      s->active == UNIT_RELOADING))
                return false;
        return !h->last_is_known || (int) s->active != h->last_active ||
               s->n_restarts != h->last_restarts || waits != h->last_waits;
}

static const char *code_name(int code) {
        switch (code) {
        case CLD_EXITED:
                return "exited";
        case CLD_KILLED:
                return "killed";
        case CLD_DUMPED:
                return "dumped";
        default:
                return NULL;
        }
}

static void put_end(RecordWriter *w, const UnitStatus *s) {
        const char *code = code_name(s->exit.code);

        if (s->active == UNIT_ACTIVE || !code)
                return;
        record_put(w, "Code", code);
        record_put_i64(w, "Status", s->exit.status);
}

void history_state(History *h, const UnitStatus *s) {
        RecordWriter w = {};

        if (!is_to_be_noted(h, s))
                return;
        bool first = !h->last_is_known;
        h->last_is_known = true;
        h->last_active = (int) s->active;
        h->last_restarts = s->n_restarts;
        h->last_waits = waits_for_restart(s);
        /* That a unit was off when supd first saw it is no event. */
        if (first && s->active == UNIT_INACTIVE)
                return;

        begin(&w, "state", s->state_entered.realtime_usec);
        record_put(&w, "ActiveState", unit_active_state_to_string(s->active));
        record_put(&w, "SubState", s->sub);
        record_put(&w, "Result", s->result);
        put_end(&w, s);
        if (s->active == UNIT_ACTIVE && s->main_pid > 0)
                record_put_i64(&w, "MainPID", s->main_pid);
        if (s->n_restarts > 0)
                record_put_u64(&w, "Restarts", s->n_restarts);
        if (h->last_waits)
                record_put_u64(&w,
                                "NextStart",
                                usec_add(s->state_entered.realtime_usec,
                                                usec_sub(s->next_restart_monotonic_usec,
                                                                s->state_entered.monotonic_usec)));
        record_put(&w, "Text", s->status_text);
        add(h, &w);
}

/* ---- reading ------------------------------------------------------------------------------------- */

size_t history_size(const History *h) {
        return h->n + (h->asked ? 1 : 0);
}

const char *history_at(const History *h, size_t index) {
        if (!h->asked)
                return h->events[index];
        return index == 0 ? h->asked : h->events[index - 1];
}

void history_put(const History *h, RecordWriter *w) {
        for (size_t i = 0; i < history_size(h); i++)
                record_put(w, "History", history_at(h, i));
        if (!h->last_is_known)
                return;
        record_put_i64(w, "HistoryActive", h->last_active);
        record_put_u64(w, "HistoryRestarts", h->last_restarts);
        record_put_bool(w, "HistoryWaits", h->last_waits);
}

int history_get(History *h, const Record *record) {
        for (size_t i = 0; i <= HISTORY_MAX && record_get_nth(record, "History", i); i++) {
                RecordWriter w = { .text = strdup(record_get_nth(record, "History", i)) };

                if (!w.text)
                        return -ENOMEM;
                add(h, &w);
        }
        h->last_is_known = record_get(record, "HistoryActive");
        h->last_active = (int) record_i64_or(record, "HistoryActive", 0);
        h->last_restarts = (unsigned) record_u64_or(record, "HistoryRestarts", 0);
        h->last_waits = record_bool_or(record, "HistoryWaits", false);
        return 0;
}
