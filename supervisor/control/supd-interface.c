/* SPDX-License-Identifier: MIT */
/*
 * org.supd.Manager: what systemd has no call for. Units are told with the properties that they have on
 * systemd's interfaces, so that there is one description of each.
 */
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/health.h"
#include "control/property.h"
#include "control/set-property.h"
#include "control/verbs.h"
#include "core/unit-name.h"
#include "supd/bus.h"

/* ---- diagnostics ------------------------------------------------------------------------------- */

static int append_text(sd_bus_message *m, const char *key, const char *value) {
        return sd_bus_message_append(m, "{sv}", key, "s", value ? value : "");
}

static int append_diagnostic(sd_bus_message *m, const char *unit, const Diagnostic *d) {
        _cleanup_free_ char *line = diagnostic_format(d);
        const struct {
                const char *key, *value;
        } texts[] = {
                { "Unit", unit },
                { "Severity", diagnostic_severity_to_string(d->severity) },
                { "Code", d->code },
                { "File", d->file },
                { "Section", d->section },
                { "Key", d->key },
                { "Message", d->message },
                { "Text", line },
        };

        if (!line)
                return -ENOMEM;
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
                r = append_text(m, texts[i].key, texts[i].value);
        if (r >= 0)
                r = sd_bus_message_append(
                                m, "{sv}{sv}", "Line", "u", d->line, "Column", "u", d->column);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_diagnostics(sd_bus_message *m, const char *unit, const DiagnosticList *list) {
        for (size_t i = 0; list && i < list->n_items; i++) {
                int r = append_diagnostic(m, unit, &list->items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of what was read last, whether or not the unit runs by it already. */
static int append_unit_diagnostics(sd_bus_message *m, const Unit *u) {
        const UnitSpec *spec = u->next_spec ? u->next_spec : u->spec;

        return append_diagnostics(m, unit_id(u), &spec->diagnostics);
}

/* Cheap, unlike the status of all: who reloads asks for no figures. */
static int method_list_changed_units(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Engine *e = ((Connection *) ASSERT_PTR(userdata))->control->engine;
        _cleanup_message_ sd_bus_message *reply = NULL;

        (void) ret_error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ss)");
        for (size_t i = 0; r >= 0 && i < engine_n_units(e); i++) {
                const Unit *u = engine_unit_at(e, i);
                UnitDefinition definition = unit_definition(u);

                if (definition != UNIT_DEFINITION_CURRENT)
                        r = sd_bus_message_append(reply,
                                        "(ss)",
                                        unit_id(u),
                                        unit_definition_to_string(definition));
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_get_diagnostics(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Engine *e = ((Connection *) ASSERT_PTR(userdata))->control->engine;
        _cleanup_message_ sd_bus_message *reply = NULL;

        (void) ret_error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r >= 0)
                r = append_diagnostics(reply, "", engine_diagnostics(e));
        for (size_t i = 0; r >= 0 && i < engine_n_units(e); i++)
                r = append_unit_diagnostics(reply, engine_unit_at(e, i));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- status ------------------------------------------------------------------------------------ */

typedef enum StatusSource {
        SOURCE_UNIT,      /* unit_vtable */
        SOURCE_UNIT_SPEC, /* unit_spec_vtable */
        SOURCE_SERVICE,   /* service_vtable */
        SOURCE_SPEC,      /* service_spec_vtable */
        SOURCE_LOG,       /* log_vtable */
        SOURCE_CONTAINER, /* container_vtable */
        SOURCE_TIMER,     /* timer_vtable; only of timers */
        SOURCE_SOCKET,    /* socket_vtable; only of sockets */
        _STATUS_SOURCE_MAX,
} StatusSource;

/* clang-format off */
static const struct {
        const sd_bus_vtable *vtable;
        const char *interface;
} sources[] = {
        [SOURCE_UNIT]      = { unit_vtable,         SUPD_SYSTEMD_UNIT    },
        [SOURCE_UNIT_SPEC] = { unit_spec_vtable,    SUPD_SYSTEMD_UNIT    },
        [SOURCE_SERVICE]   = { service_vtable,      SUPD_SYSTEMD_SERVICE },
        [SOURCE_SPEC]      = { service_spec_vtable, SUPD_SYSTEMD_SERVICE },
        [SOURCE_LOG]       = { log_vtable,          SUPD_SYSTEMD_SERVICE },
        [SOURCE_CONTAINER] = { container_vtable,    SUPD_BUS_CONTAINER   },
        [SOURCE_TIMER]     = { timer_vtable,        SUPD_SYSTEMD_TIMER   },
        [SOURCE_SOCKET]    = { socket_vtable,       SUPD_SYSTEMD_SOCKET  },
};
static_assert(ELEMENTSOF(sources) == _STATUS_SOURCE_MAX, "every source has its properties");

/* What lists and status pages are made of. */
static const struct {
        StatusSource source;
        const char *name;
} status_properties[] = {
        { SOURCE_UNIT,      "Id"                      },
        { SOURCE_UNIT,      "Description"             },
        { SOURCE_UNIT_SPEC, "Documentation"           },
        { SOURCE_UNIT_SPEC, "LoadState"               },
        { SOURCE_UNIT_SPEC, "LoadError"               },
        { SOURCE_UNIT,      "ActiveState"             },
        { SOURCE_UNIT,      "SubState"                },
        { SOURCE_UNIT,      "FreezerState"            },
        { SOURCE_UNIT_SPEC, "FragmentPath"            },
        { SOURCE_UNIT_SPEC, "DropInPaths"             },
        { SOURCE_UNIT,      "UnitFileState"           },
        { SOURCE_UNIT,      "NeedDaemonReload"        },
        { SOURCE_UNIT,      "StateChangeTimestamp"    },
        { SOURCE_UNIT,      "ConditionResult"         },
        { SOURCE_UNIT,      "ConditionTimestamp"      },
        { SOURCE_UNIT,      "Conditions"              },
        { SOURCE_UNIT,      "AssertResult"            },
        { SOURCE_UNIT,      "AssertTimestamp"         },
        { SOURCE_UNIT,      "Asserts"                 },
        { SOURCE_UNIT,      "InactiveExitTimestamp"   },
        { SOURCE_UNIT,      "InactiveExitTimestampMonotonic" },
        { SOURCE_UNIT,      "ActiveEnterTimestamp"    },
        { SOURCE_UNIT,      "ActiveEnterTimestampMonotonic" },
        { SOURCE_UNIT,      "ActiveExitTimestamp"     },
        { SOURCE_UNIT,      "ActiveExitTimestampMonotonic" },
        { SOURCE_UNIT,      "InactiveEnterTimestamp"  },
        { SOURCE_UNIT,      "InactiveEnterTimestampMonotonic" },
        { SOURCE_UNIT,      "Job"                     },
        { SOURCE_SOCKET,    "Listen"                  },
        { SOURCE_UNIT,      "InvocationID"            },
        { SOURCE_UNIT,      "Triggers"                },
        { SOURCE_UNIT,      "TriggeredBy"             },
        { SOURCE_TIMER,     "NextElapseUSecRealtime"  },
        { SOURCE_TIMER,     "NextElapseUSecMonotonic" },
        { SOURCE_TIMER,     "LastTriggerUSec"         },
        { SOURCE_SERVICE,   "Result"                  },
        { SOURCE_SERVICE,   "StatusText"              },
        { SOURCE_SERVICE,   "MainPID"                 },
        { SOURCE_SERVICE,   "NRestarts"               },
        { SOURCE_SERVICE,   "ExecMainPID"             },
        { SOURCE_SERVICE,   "ExecMainCode"            },
        { SOURCE_SERVICE,   "ExecMainStatus"          },
        { SOURCE_SERVICE,   "ExecMainStartTimestamp"  },
        { SOURCE_SERVICE,   "ExecMainExitTimestamp"   },
        { SOURCE_SERVICE,   "ControlGroup"            },
        { SOURCE_SERVICE,   "MemoryCurrent"           },
        { SOURCE_SERVICE,   "MemoryPeak"              },
        { SOURCE_SERVICE,   "MemoryMax"               },
        { SOURCE_SERVICE,   "CPUUsageNSec"            },
        { SOURCE_SERVICE,   "TasksCurrent"            },
        { SOURCE_SERVICE,   "TasksMax"                },
        { SOURCE_SERVICE,   "IOReadBytes"             },
        { SOURCE_SERVICE,   "IOWriteBytes"            },
        { SOURCE_SPEC,      "Type"                    },
        { SOURCE_SPEC,      "Restart"                 },
        { SOURCE_SERVICE,   "MemoryHigh"              },
        { SOURCE_CONTAINER, "ContainerID"             },
        { SOURCE_CONTAINER, "ContainerName"           },
        { SOURCE_LOG,       "SyslogIdentifier"        },
        { SOURCE_CONTAINER, "LogDriver"               },
        { SOURCE_CONTAINER, "LogDirectory"            },
        { SOURCE_CONTAINER, "Rootfs"                  },
        { SOURCE_CONTAINER, "Image"                   },
        { SOURCE_CONTAINER, "ImageID"                 },
        { SOURCE_CONTAINER, "ImageDigest"             },
        { SOURCE_CONTAINER, "Pod"                     },
        { SOURCE_CONTAINER, "PodName"                 },
        { SOURCE_CONTAINER, "PodMembers"              },
        { SOURCE_CONTAINER, "InitPID"                 },
        { SOURCE_CONTAINER, "UserNS"                  },
        { SOURCE_CONTAINER, "UIDMap"                  },
        { SOURCE_CONTAINER, "Asleep"                  },
        { SOURCE_CONTAINER, "StartPhases"             },
        { SOURCE_CONTAINER, "NextRestartUSec"         },
        { SOURCE_CONTAINER, "HealthState"             },
        { SOURCE_CONTAINER, "HealthFailingStreak"     },
        { SOURCE_CONTAINER, "HealthNextCheckUSec"     },
        { SOURCE_CONTAINER, "HealthLog"               },
};
/* clang-format on */

/* The entries of the table above, looked up once a call and not once a unit. */
typedef struct StatusEntries {
        const sd_bus_vtable *entry[ELEMENTSOF(status_properties)];
} StatusEntries;

static void find_entries(StatusEntries *ret) {
        for (size_t i = 0; i < ELEMENTSOF(status_properties); i++)
                ret->entry[i] = property_find(sources[status_properties[i].source].vtable,
                                status_properties[i].name);
}

static int append_own_diagnostics(sd_bus_message *m, const UnitView *v) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Diagnostics");
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "aa{sv}");
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r >= 0 && v->unit)
                r = append_unit_diagnostics(m, v->unit);
        for (int level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_status(sd_bus_message *m, const StatusEntries *entries, UnitView *v) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(status_properties); i++) {
                StatusSource source = status_properties[i].source;
                bool of_spec = source == SOURCE_SPEC || source == SOURCE_UNIT_SPEC ||
                               source == SOURCE_LOG;
                void *object = of_spec ? (void *) v->spec : v;

                if (source == SOURCE_TIMER && !v->status.timer)
                        continue;
                if (source == SOURCE_SOCKET && v->spec->kind != UNIT_KIND_SOCKET)
                        continue;
                r = property_append(m, entries->entry[i], sources[source].interface, object);
        }
        if (r >= 0 && v->unit)
                r = append_text(m,
                                "Definition",
                                unit_definition_to_string(unit_definition(v->unit)));
        if (r >= 0)
                r = append_own_diagnostics(m, v);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int method_get_unit_status(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        _cleanup_message_ sd_bus_message *reply = NULL;
        StatusEntries entries;
        UnitView v = {};
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        _cleanup_free_ char *id = unit_name_mangle(name);
        if (!id)
                return -ENOMEM;
        if (!unit_name_is_valid(id))
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "'%.*s' is not a valid unit name",
                                (int) UNIT_NAME_MAX,
                                name);

        find_entries(&entries);
        r = unit_view_init(&v, c, engine_find(c->engine, name), id);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_status(reply, &entries, &v);
        unit_view_done(&v);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_listed(sd_bus_message *m, const StatusEntries *entries, Control *c, Unit *u) {
        UnitView v = {};

        int r = unit_view_init(&v, c, u, NULL);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", v.name);
        if (r >= 0)
                r = append_status(m, entries, &v);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        unit_view_done(&v);
        return r;
}

static int method_list_unit_status(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_ char **patterns = NULL;
        StatusEntries entries;

        (void) ret_error;
        find_entries(&entries);
        int r = sd_bus_message_read_strv(m, &patterns);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sa{sv})");
        for (size_t i = 0; r >= 0 && i < engine_n_units(c->engine); i++) {
                Unit *u = engine_unit_at(c->engine, i);

                if (!u->spec->is_template && unit_matches(u, patterns))
                        r = append_listed(reply, &entries, c, u);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- history ----------------------------------------------------------------------------------- */

static int append_event(sd_bus_message *m, const char *text) {
        _cleanup_(record_freep) Record *record = NULL;
        const char *key, *value;

        int r = record_parse(text, &record);
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        for (size_t i = 0; r >= 0 && record_at(record, i, &key, &value); i++)
                r = sd_bus_message_append(m, "{ss}", key, value);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int method_set_unit_properties(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        const char *name;
        int runtime;

        int r = sd_bus_message_read(m, "sb", &name, &runtime);
        return r < 0 ? r : verb_assign_properties(c, m, name, runtime, ret_error);
}

/* What is so now, told as the last event: a job that waits. */
static int append_wait(sd_bus_message *m, const Unit *u) {
        const Unit *other = NULL;
        RecordWriter w = {};

        if (!u->job || !job_waits_for(u->job, &other))
                return 0;
        record_put(&w, "Event", "waits");
        record_put_u64(&w, "Job", u->job->id);
        record_put(&w, "JobType", job_type_to_string(u->job->type));
        record_put(&w, "Unit", other ? unit_id(other) : NULL);
        record_put(&w, "UnitJobType", other ? job_type_to_string(other->job->type) : NULL);
        int r = w.result < 0 ? w.result : append_event(m, w.text);
        record_writer_done(&w);
        return r;
}

static int method_get_unit_history(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *name;
        Unit *u = NULL;

        int r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = verb_find_unit(c, name, &u, ret_error);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{ss}");
        for (size_t i = 0; r >= 0 && i < history_size(&u->history); i++)
                r = append_event(reply, history_at(&u->history, i));
        if (r >= 0)
                r = append_wait(reply, u);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- health ------------------------------------------------------------------------------------ */

static int method_check_health(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : verb_check_health(c, m, name, ret_error);
}

/* clang-format off */
const sd_bus_vtable supd_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetUnitStatus",  "s",  "a{sv}",     method_get_unit_status,  0),
        SD_BUS_METHOD("ListUnitStatus", "as", "a(sa{sv})", method_list_unit_status, 0),
        SD_BUS_METHOD("SetUnitProperties", "sbas", NULL,   method_set_unit_properties, 0),
        SD_BUS_METHOD("GetUnitHistory", "s",  "aa{ss}",    method_get_unit_history, 0),
        SD_BUS_METHOD("ListUnitFileStatus", "asas", "aa{sv}", method_list_unit_file_status, 0),
        SD_BUS_METHOD("CheckHealth",    "s",  "is",        method_check_health,     0),
        SD_BUS_METHOD("ListChangedUnits", NULL, "a(ss)",   method_list_changed_units, 0),
        SD_BUS_METHOD("GetDiagnostics", NULL, "aa{sv}",    method_get_diagnostics,  0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
