/* SPDX-License-Identifier: MIT */
#include "ctl/log-print.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/unit-view.h"
#include "log/journal-sync.h"
#include "log/log-files.h"
#include "log/reader.h"

#define SETTLE_USEC (2 * USEC_PER_SEC)

static bool driver_is(const Value *unit, const char *driver) {
        return str_equal(value_get_string(unit, "LogDriver"), driver);
}

/* Fields by name; what occurs more than once is an array, as in `journalctl -o json`. */
static int set_field(json_t *object, const LogField *field) {
        json_t *value = json_from_text(field->value, field->size);
        json_t *there = json_object_get(object, field->name);

        if (!value)
                return -ENOMEM;
        if (!there)
                return json_object_set_new_nocheck(object, field->name, value) < 0 ? -ENOMEM : 0;

        /* Bytes are an array of numbers, repeated fields one of anything else. */
        if (!json_is_array(there) || json_is_integer(json_array_get(there, 0))) {
                json_t *list = json_pack("[O]", there);
                if (!list || json_object_set_new_nocheck(object, field->name, list) < 0) {
                        json_decref(value);
                        return -ENOMEM;
                }
                there = list;
        }
        return json_array_append_new(there, value) < 0 ? -ENOMEM : 0;
}

static int print_json(Context *c, const LogLine *line) {
        json_t *object = json_object();

        for (size_t i = 0; object && i < line->n_fields; i++) {
                if (set_field(object, &line->fields[i]) < 0) {
                        json_decref(object);
                        return -ENOMEM;
                }
        }
        return json_print(object, c->out);
}

static int print_line(Context *c,
                const LogSelection *selection,
                const LogFormatOptions *format,
                const LogLine *line) {
        if (selection->format == LOG_FORMAT_JSON)
                return print_json(c, line);
        fputs(selection->indent ?: "", c->out);
        return log_format_write(line, format, c->out);
}

/* Return: number of lines. */
static int print_all(Context *c,
                const LogSelection *selection,
                const LogFormatOptions *format,
                LogReader *reader) {
        LogLine line;
        int n = 0, r;

        do {
                while ((r = log_reader_next(reader, &line)) > 0) {
                        r = print_line(c, selection, format, &line);
                        if (r < 0)
                                return r;
                        n += n < INT_MAX;
                }
                if (r < 0)
                        return r;
                /* Now, so that whoever reads a pipe sees lines as they come. */
                if (selection->follow && fflush(c->out) != 0)
                        return -errno;
        } while (selection->follow && (r = log_reader_wait(reader, USEC_INFINITY)) >= 0);
        return r < 0 ? r : n;
}

static int check_driver(const Value *unit, Error *error) {
        if (driver_is(unit, "none"))
                return error_set_plain(error,
                                -ENODATA,
                                ERROR_LOG,
                                "%s keeps no log: its unit file says LogDriver=none",
                                unit_id(unit));
        if (driver_is(unit, "passthrough"))
                return error_set_plain(error,
                                -ENODATA,
                                ERROR_LOG,
                                "the output of %s goes where supd's own goes: its unit file says "
                                "LogDriver=passthrough",
                                unit_id(unit));
        return 0;
}

/* The directory of the file driver, or NULL: the journal. supd forgets what a stopped unit last wrote to when
 * it is started anew; then the file that is there tells. */
static const char *log_directory(const Value *unit) {
        const char *directory = value_get_string(unit, "LogDirectory");

        if (driver_is(unit, "file"))
                return directory;
        if (str_is_empty(directory) || !str_is_empty(value_get_string(unit, "LogDriver")))
                return NULL;

        _cleanup_free_ char *path = str_printf("%s/" LOG_FILES_CURRENT, directory);
        return path && access(path, R_OK) >= 0 ? directory : NULL;
}

int log_print(Context *c, const Value *unit, const LogSelection *selection, Error *error) {
        _cleanup_(log_reader_freep) LogReader *reader = NULL;
        char hostname[HOST_NAME_MAX + 1] = "";

        int r = check_driver(unit, error);
        if (r < 0)
                return r;

        const char *identifier = value_get_string(unit, "SyslogIdentifier");
        LogQuery query = {
                .unit_id = unit_id(unit),
                .container_name = str_is_empty(identifier) ? value_get_string(unit, "ContainerName")
                                                           : identifier,
                .control_group = value_get_string(unit, "ControlGroup"),
                .lines = selection->lines,
                .since_realtime_usec = selection->since_usec,
                .until_realtime_usec = selection->until_usec,
                .follow = selection->follow,
                .with_lifecycle = !selection->own_lines_only,
                .with_fields = selection->format == LOG_FORMAT_JSON,
                .directory = log_directory(unit),
        };
        r = log_reader_open(&query, &reader, error);
        if (r < 0)
                return r;

        (void) gethostname(hostname, sizeof(hostname) - 1); /* an empty name is still a line */
        LogFormatOptions format = {
                .format = selection->format,
                .escape = c->terminal.is_terminal,
                .colour = c->terminal.colour,
                .hostname = hostname,
        };
        r = print_all(c, selection, &format, reader);
        return r < 0 && r != -ENOMEM ? error_set(error,
                                                       r,
                                                       ERROR_LOG,
                                                       "cannot show the log of %s",
                                                       unit_id(unit))
                                     : r;
}

void log_settle(const Value *unit) {
        if (driver_is(unit, "journald"))
                (void) journal_sync(NULL, SETTLE_USEC); /* at worst the last lines are missing */
}
