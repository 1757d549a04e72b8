/* SPDX-License-Identifier: MIT */
#include "kinds/health-log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

size_t health_log_size(const HealthSpec *spec) {
        uint64_t wanted = spec->log_size_bytes;

        return wanted == 0 || wanted > HEALTH_LOG_BYTES_MAX / 2 ? HEALTH_LOG_BYTES_MAX / 2
                                                                : (size_t) wanted;
}

static size_t entry_size(const HealthEntry *e) {
        return e->output ? strlen(e->output) : 0;
}

static void drop_oldest(HealthLog *l, size_t n) {
        if (n == 0)
                return; /* nor is there an array before the first entry */
        for (size_t i = 0; i < n; i++)
                free(l->entries[i].output);
        l->n -= n;
        memmove(l->entries, l->entries + n, l->n * sizeof(*l->entries));
}

void health_log_add(HealthLog *l, const HealthSpec *spec, HealthEntry *entry) {
        size_t limit = spec->log_count > 0 && spec->log_count < HEALTH_LOG_ENTRIES_MAX
                                       ? spec->log_count
                                       : HEALTH_LOG_ENTRIES_MAX;
        size_t bytes = entry_size(entry), kept = 0;

        while (kept < l->n && kept < limit - 1 &&
                        bytes + entry_size(&l->entries[l->n - 1 - kept]) <= HEALTH_LOG_BYTES_MAX)
                bytes += entry_size(&l->entries[l->n - 1 - kept++]);
        drop_oldest(l, l->n - kept);

        HealthEntry *entries = realloc(l->entries, (l->n + 1) * sizeof(*entries));
        if (!entries) {
                free(TAKE_PTR(entry->output));
                return;
        }
        l->entries = entries;
        entries[l->n] = *entry;
        entries[l->n++].output = TAKE_PTR(entry->output);
}

void health_log_done(HealthLog *l) {
        drop_oldest(l, l->n);
        free(l->entries);
        *l = (HealthLog) {};
}

/* ---- records ----------------------------------------------------------------------------------- */

void health_log_put(const HealthLog *l, RecordWriter *w) {
        for (size_t i = 0; i < l->n; i++) {
                const HealthEntry *e = &l->entries[i];
                _cleanup_free_ char *value = str_printf("%" PRIu64 " %" PRIu64 " %d %s",
                                e->begin_realtime_usec,
                                e->end_realtime_usec,
                                e->exit_code,
                                e->output ?: "");

                record_put(w, "HealthResult", value); /* without memory: one result less */
        }
}

int health_log_get(HealthLog *l, const HealthSpec *spec, const Record *record) {
        const char *value;

        for (size_t i = 0; (value = record_get_nth(record, "HealthResult", i)); i++) {
                HealthEntry e = {};
                int size = 0;

                if (sscanf(value,
                                    "%" SCNu64 " %" SCNu64 " %d%n",
                                    &e.begin_realtime_usec,
                                    &e.end_realtime_usec,
                                    &e.exit_code,
                                    &size) != 3 ||
                                value[size] != ' ')
                        continue;
                e.output = strdup(value + size + 1);
                if (!e.output)
                        return -ENOMEM;
                health_log_add(l, spec, &e);
        }
        return 0;
}

/* ---- JSON -------------------------------------------------------------------------------------- */

/* What a check prints may be anything: what is no UTF-8 becomes U+FFFD. */
static void put_string(FILE *f, const char *s) {
        size_t left = strlen(s);

        fputc('"', f);
        while (left > 0) {
                size_t n = utf8_sequence_size(s, left);

                if (n == 0) {
                        fputs("\\ufffd", f);
                        n = 1;
                } else if (*s == '"' || *s == '\\')
                        fprintf(f, "\\%c", *s);
                else if ((unsigned char) *s < ' ')
                        fprintf(f, "\\u%04x", (unsigned char) *s);
                else
                        fwrite(s, 1, n, f);
                s += n;
                left -= n;
        }
        fputc('"', f);
}

static void put_time(FILE *f, uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char text[32];
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                text[0] = '\0';
        fprintf(f, "\"%s.%06" PRIu64 "Z\"", text, realtime_usec % USEC_PER_SEC);
}

char *health_log_format(const HealthLog *l, HealthState state, unsigned streak) {
        char *text = NULL;
        size_t size;

        FILE *f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        fprintf(f,
                        "{\"Status\":\"%s\",\"FailingStreak\":%u,\"Log\":[",
                        health_state_to_string(state),
                        streak);
        for (size_t i = 0; i < l->n; i++) {
                fputs(i ? ",\n{\"Start\":" : "\n{\"Start\":", f);
                put_time(f, l->entries[i].begin_realtime_usec);
                fputs(",\"End\":", f);
                put_time(f, l->entries[i].end_realtime_usec);
                fprintf(f, ",\"ExitCode\":%d,\"Output\":", l->entries[i].exit_code);
                put_string(f, l->entries[i].output ?: "");
                fputc('}', f);
        }
        fputs("]}\n", f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}
