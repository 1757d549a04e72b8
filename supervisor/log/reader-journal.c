/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include "base/clock.h"
#include "base/text.h"
#include "log/buffer.h"
#include "log/journal-send.h"
#include "log/reader-internal.h"

/* Fields of one entry; journald itself takes no more than 1024. */
#define ENTRY_FIELDS_MAX 2048U

/* As packaging/ installs it. */
#define SUPD_UNIT_OF_SYSTEMD "supd.service"

typedef struct JournalReader {
        LogReader reader;
        sd_journal *journal; /* owned */
        bool follow, with_fields;
        bool at_entry; /* the cursor stands on an entry that was not delivered yet */
        uint64_t until_usec;
        Buffer text, identifier, hostname; /* lent out */
        Buffer arena;                      /* of the fields: name, NUL, value, NUL, … */
        LogField *fields;                  /* owned; point into the arena */
        size_t n_fields, fields_allocated;
} JournalReader;

static JournalReader *journal_from(const LogReader *r) {
        return CONTAINER_OF(r, JournalReader, reader);
}

static LogReader *journal_free(LogReader *r) {
        JournalReader *j = journal_from(r);

        sd_journal_close(j->journal);
        buffer_done(&j->text);
        buffer_done(&j->identifier);
        buffer_done(&j->hostname);
        buffer_done(&j->arena);
        free(j->fields);
        free(j);
        return NULL;
}

/* ---- which entries --------------------------------------------------------------------------- */

static int match(sd_journal *journal, const char *field, const char *value) {
        _cleanup_free_ char *text = str_printf("%s=%s", field, value);
        return text ? sd_journal_add_match(journal, text, 0) : -ENOMEM;
}

/*
 * Fields with an underscore come from journald and can be trusted. A message about the unit from
 * anybody else than root is not: everyone may claim to be supd.
 *
 * Where supd is itself a service of systemd, journald takes all processes below its cgroup for those
 * of that service. Then the identifier tells them apart, or the cgroup while there is one.
 */
static int journal_add_matches(sd_journal *journal, const LogQuery *query) {
        const struct {
                bool is_wanted;
                const char *assignments[3][2];
        } alternatives[] = {
                { true, { { "_SYSTEMD_UNIT", query->unit_id } } },
                { query->control_group, { { "_SYSTEMD_CGROUP", query->control_group } } },
                { query->container_name,
                                { { "_SYSTEMD_UNIT", SUPD_UNIT_OF_SYSTEMD },
                                                { "_TRANSPORT", "stdout" },
                                                { "SYSLOG_IDENTIFIER", query->container_name } } },
                { query->with_lifecycle,
                                { { "UNIT", query->unit_id },
                                                { "SYSLOG_IDENTIFIER", JOURNAL_SEND_IDENTIFIER },
                                                { "_UID", "0" } } },
        };

        for (size_t i = 0; i < ELEMENTSOF(alternatives); i++) {
                if (!alternatives[i].is_wanted)
                        continue;
                int r = sd_journal_add_disjunction(journal);
                for (size_t k = 0; k < 3 && r >= 0 && alternatives[i].assignments[k][0]; k++)
                        r = match(journal,
                                        alternatives[i].assignments[k][0],
                                        alternatives[i].assignments[k][1]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- where to begin -------------------------------------------------------------------------- */

static int seek_since(JournalReader *j, uint64_t since_usec) {
        if (since_usec != UINT64_MAX)
                return sd_journal_seek_realtime_usec(j->journal, since_usec);
        return sd_journal_seek_head(j->journal);
}

/* To the N-th entry from the end, or from until_usec; at the beginning if there are none. */
static int seek_lines(JournalReader *j, const LogQuery *query) {
        uint64_t realtime_usec;
        int r;

        if (query->until_realtime_usec != UINT64_MAX)
                r = sd_journal_seek_realtime_usec(j->journal, query->until_realtime_usec + 1);
        else
                r = sd_journal_seek_tail(j->journal);
        if (r < 0)
                return r;

        /* For no line at all: on the last one, which counts as delivered. */
        r = sd_journal_previous_skip(j->journal, MAX(query->lines, 1U));
        if (r < 0)
                return r;
        if (r == 0) /* all that will ever match is yet to come */
                return seek_since(j, query->since_realtime_usec);

        if (query->lines > 0 && query->since_realtime_usec != UINT64_MAX) {
                r = sd_journal_get_realtime_usec(j->journal, &realtime_usec);
                if (r < 0)
                        return r;
                if (realtime_usec < query->since_realtime_usec)
                        return seek_since(j, query->since_realtime_usec);
        }
        j->at_entry = query->lines > 0;
        return 0;
}

static int journal_seek(JournalReader *j, const LogQuery *query) {
        int r = journal_add_matches(j->journal, query);
        if (r < 0)
                return r;

        /* By default libsystemd hands out no more than 64 KiB of a compressed field. */
        r = sd_journal_set_data_threshold(j->journal, 0);
        if (r < 0)
                return r;

        /* Makes the inotify watches: before the first read, so that nothing falls between. */
        if (query->follow) {
                r = sd_journal_get_fd(j->journal);
                if (r < 0)
                        return r;
        }
        return query->lines == LOG_LINES_ALL ? seek_since(j, query->since_realtime_usec)
                                             : seek_lines(j, query);
}

static int journal_open(const LogQuery *query, LogReader **ret, Error *error) {
        JournalReader *j = malloc(sizeof(*j));
        if (!j)
                return -ENOMEM;
        *j = (JournalReader) {
                .reader = { .ops = &log_reader_journal },
                .follow = query->follow,
                .with_fields = query->with_fields,
                .until_usec = query->until_realtime_usec,
        };

        _cleanup_(log_reader_freep) LogReader *reader = &j->reader;
        int r = query->journal_dir ? sd_journal_open_directory(&j->journal, query->journal_dir, 0)
                                   : sd_journal_open(&j->journal,
                                                     SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot open the journal");

        r = journal_seek(j, query);
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot read the journal");

        *ret = TAKE_PTR(reader);
        return 0;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Return: 1 and a copy of the value in @b; 0 if the entry has no such field, or it can't be read. */
static int entry_get(JournalReader *j, const char *field, Buffer *b) {
        const void *data;
        size_t size, prefix = strlen(field) + 1;

        buffer_clear(b);
        if (sd_journal_get_data(j->journal, field, &data, &size) < 0 || size < prefix)
                return 0;
        int r = buffer_add(b, (const char *) data + prefix, size - prefix);
        return r < 0 ? r : 1;
}

static int64_t entry_get_number(JournalReader *j, const char *field, int64_t otherwise) {
        int64_t number;

        /* The text's buffer serves: the text is fetched last. */
        if (entry_get(j, field, &j->text) <= 0 || parse_i64(j->text.data, &number) < 0)
                return otherwise;
        return number;
}

static int
field_add(JournalReader *j, const char *name, size_t name_size, const char *value, size_t size) {
        if (j->n_fields == ENTRY_FIELDS_MAX)
                return 0;
        if (j->n_fields == j->fields_allocated) {
                size_t allocated = MAX(j->fields_allocated * 2, (size_t) 32);
                LogField *grown = reallocarray(j->fields, allocated, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                j->fields = grown;
                j->fields_allocated = allocated;
        }

        int r = buffer_add(&j->arena, name, name_size);
        if (r >= 0)
                r = buffer_add(&j->arena, "", 1);
        if (r >= 0)
                r = buffer_add(&j->arena, value, size);
        if (r >= 0)
                r = buffer_add(&j->arena, "", 1);
        if (r < 0)
                return r;
        j->fields[j->n_fields++] = (LogField) { .size = size };
        return 0;
}

static int field_add_number(JournalReader *j, const char *name, uint64_t number) {
        char digits[24]; /* more than any 64-bit number has */

        int n = snprintf(digits, sizeof(digits), "%" PRIu64, number);
        return field_add(j, name, strlen(name), digits, (size_t) n);
}

/* What is no field of the entry but known of it, named as journalctl names it. */
static int fields_add_addresses(JournalReader *j, uint64_t realtime_usec) {
        _cleanup_free_ char *cursor = NULL;
        uint64_t monotonic_usec;
        sd_id128_t boot_id;
        int r = 0;

        if (sd_journal_get_cursor(j->journal, &cursor) >= 0)
                r = field_add(j, "__CURSOR", strlen("__CURSOR"), cursor, strlen(cursor));
        if (r >= 0)
                r = field_add_number(j, "__REALTIME_TIMESTAMP", realtime_usec);
        if (r >= 0 && sd_journal_get_monotonic_usec(j->journal, &monotonic_usec, &boot_id) >= 0)
                r = field_add_number(j, "__MONOTONIC_TIMESTAMP", monotonic_usec);
        return r;
}

static int entry_get_fields(JournalReader *j, uint64_t realtime_usec) {
        const void *data;
        size_t size;

        j->n_fields = 0;
        buffer_clear(&j->arena);
        int r = fields_add_addresses(j, realtime_usec);
        if (r < 0)
                return r;

        sd_journal_restart_data(j->journal);
        while (sd_journal_enumerate_available_data(j->journal, &data, &size) > 0) {
                const char *equals = memchr(data, '=', size);
                if (!equals)
                        continue;
                size_t name_size = (size_t) (equals - (const char *) data);
                r = field_add(j, data, name_size, equals + 1, size - name_size - 1);
                if (r < 0)
                        return r;
        }

        /* The arena has its place now. */
        const char *p = j->arena.data;
        for (size_t i = 0; i < j->n_fields; i++) {
                LogField *field = &j->fields[i];
                field->name = p;
                field->value = p + strlen(p) + 1;
                p = field->value + field->size + 1;
        }
        return 0;
}

static int journal_fill(JournalReader *j, uint64_t realtime_usec, LogLine *ret) {
        int64_t priority = entry_get_number(j, "PRIORITY", LOG_INFO);
        int64_t pid = entry_get_number(j, "_PID", 0);
        int r;

        int has_identifier = entry_get(j, "SYSLOG_IDENTIFIER", &j->identifier);
        if (has_identifier == 0)
                has_identifier = entry_get(j, "_COMM", &j->identifier);
        int has_hostname = entry_get(j, "_HOSTNAME", &j->hostname);
        r = entry_get(j, "MESSAGE", &j->text);
        if (r >= 0) /* there must be a string to lend out, though it be empty */
                r = buffer_reserve(&j->text, 0);
        if (r >= 0 && j->with_fields)
                r = entry_get_fields(j, realtime_usec);
        if (has_identifier < 0 || has_hostname < 0 || r < 0)
                return -ENOMEM;

        *ret = (LogLine) {
                .realtime_usec = realtime_usec,
                .priority = (int) priority,
                .identifier = has_identifier ? j->identifier.data : NULL,
                .hostname = has_hostname ? j->hostname.data : NULL,
                .pid = (pid_t) pid,
                .text = j->text.data,
                .size = j->text.size,
                .is_stderr = priority <= LOG_ERR,
                .fields = j->with_fields ? j->fields : NULL,
                .n_fields = j->with_fields ? j->n_fields : 0,
        };
        return 1;
}

static int journal_next(LogReader *reader, LogLine *ret) {
        JournalReader *j = journal_from(reader);
        uint64_t realtime_usec;
        int r;

        for (;;) {
                r = j->at_entry ? 1 : sd_journal_next(j->journal);
                j->at_entry = false;
                if (r <= 0)
                        return r;

                r = sd_journal_get_realtime_usec(j->journal, &realtime_usec);
                if (r < 0)
                        return r;
                if (j->until_usec == UINT64_MAX || realtime_usec <= j->until_usec)
                        return journal_fill(j, realtime_usec, ret);

                /* Entries come in the order of their time, nearly: the clock may have been set. */
                if (!j->follow)
                        return 0;
        }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int journal_fd(const LogReader *reader) {
        const JournalReader *j = journal_from(reader);
        return j->follow ? sd_journal_get_fd(j->journal) : -EBADF;
}

static short journal_events(const LogReader *reader) {
        int events = sd_journal_get_events(journal_from(reader)->journal);
        return (short) MAX(events, 0);
}

/* Only where the journal lies on a file system without notification is there one. */
static uint64_t journal_timeout_usec(const LogReader *reader) {
        uint64_t at_usec;

        if (sd_journal_get_timeout(journal_from(reader)->journal, &at_usec) < 0 ||
                        at_usec == UINT64_MAX)
                return UINT64_MAX;
        return usec_sub(at_usec, clock_monotonic_usec());
}

static int journal_process(LogReader *reader) {
        int r = sd_journal_process(journal_from(reader)->journal);
        return r < 0 ? r : 0;
}

const LogReaderOps log_reader_journal = {
        .open = journal_open,
        .next = journal_next,
        .fd = journal_fd,
        .process = journal_process,
        .free = journal_free,
        .events = journal_events,
        .timeout_usec = journal_timeout_usec,
};
