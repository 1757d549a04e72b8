/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/property.h"

/* What [Service] says of logging and streams, by systemd's names. Of a UnitSpec. */

#define LEVEL_INFO 6
#define FACILITY_DAEMON 3

/* systemd knows no "as the stream has it"; its default is what stdout has here. */
static PROPERTY_GETTER(get_level) {
        const LogSettings *log = userdata;

        return sd_bus_message_append(reply, "i", log->level >= 0 ? log->level : LEVEL_INFO);
}

static PROPERTY_GETTER(get_facility) {
        const LogSettings *log = userdata;

        return sd_bus_message_append(
                        reply, "i", log->facility >= 0 ? log->facility : FACILITY_DAEMON);
}

static PROPERTY_GETTER(get_priority) {
        const LogSettings *log = userdata;
        int level = log->level >= 0 ? log->level : LEVEL_INFO;
        int facility = log->facility >= 0 ? log->facility : FACILITY_DAEMON;

        return sd_bus_message_append(reply, "i", facility << 3 | level);
}

static PROPERTY_GETTER(get_fields) {
        const LogSettings *log = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "ay");
        STRV_FOREACH (field, log->extra_fields) {
                if (r >= 0)
                        r = sd_bus_message_append_array(reply, 'y', *field, strlen(*field));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Whether it is one of lines to drop, and the pattern. */
static PROPERTY_GETTER(get_patterns) {
        const LogSettings *log = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(bs)");
        STRV_FOREACH (pattern, log->filter_patterns) {
                bool denies = **pattern == '~';

                if (r >= 0)
                        r = sd_bus_message_append(reply, "(bs)", (int) !denies, *pattern + denies);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* From a StreamSpec; "journal" where nothing is said of stdout, as systemd shows it. */
static PROPERTY_GETTER(get_stream) {
        const StreamSpec *s = userdata;
        bool is_input = str_equal(property, "StandardInput");
        bool is_output = str_equal(property, "StandardOutput");
        const char *kind = s->kind != STREAM_INHERIT ? stream_kind_to_string(s->kind)
                           : is_input                ? "null"
                           : is_output               ? "journal"
                                                     : "inherit";

        if (!s->path)
                return sd_bus_message_append(reply, "s", kind);
        _cleanup_free_ char *text = str_printf("%s:%s", kind, s->path);
        return text ? sd_bus_message_append(reply, "s", text) : -ENOMEM;
}

/* clang-format off */
#define SERVICE(member) offsetof(UnitSpec, service.member)

const sd_bus_vtable log_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("StandardInput",     "s",     get_stream,        SERVICE(log.input),              0),
        SD_BUS_PROPERTY("StandardOutput",    "s",     get_stream,        SERVICE(log.output),             0),
        SD_BUS_PROPERTY("StandardError",     "s",     get_stream,        SERVICE(log.error),              0),
        SD_BUS_PROPERTY("SyslogPriority",    "i",     get_priority,      SERVICE(log),                    0),
        SD_BUS_PROPERTY("SyslogIdentifier",  "s",     NULL,              SERVICE(exec.syslog_identifier), 0),
        SD_BUS_PROPERTY("SyslogLevelPrefix", "b",     property_get_bool, SERVICE(log.level_prefix),       0),
        SD_BUS_PROPERTY("SyslogLevel",       "i",     get_level,         SERVICE(log),                    0),
        SD_BUS_PROPERTY("SyslogFacility",    "i",     get_facility,      SERVICE(log),                    0),
        SD_BUS_PROPERTY("LogLevelMax",       "i",     NULL,              SERVICE(log.level_max),          0),
        SD_BUS_PROPERTY("LogExtraFields",    "aay",   get_fields,        SERVICE(log),                    0),
        SD_BUS_PROPERTY("LogFilterPatterns", "a(bs)", get_patterns,      SERVICE(log),                    0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
