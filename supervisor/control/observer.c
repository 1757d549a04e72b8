/* SPDX-License-Identifier: MIT */
/*
 * Telling clients what changes. Jobs are everybody's: who starts a unit waits for its job without
 * further ceremony. Units are for those that have called Subscribe; many changes of one unit within a
 * turn of the loop are told once, and before the end of the job that they belong to.
 */
#include <stdarg.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "core/unit-name.h"
#include "supd/bus.h"

/* After all that is ready in this turn, so that a burst of changes is over. */
#define TELL_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

/* A change that is to be told. It has a copy of the unit's name, since the unit may be gone by then. */
typedef struct Change {
        bool told;
        char id[]; /* the map's key */
} Change;

/* A broken connection is reported by its own event; what remains is lack of memory. */
static void log_lost(int r, const char *what) {
        if (r < 0)
                diag_debug("a client was not told of %s: %s", what, strerror(-r));
}

/* ---- signals of the Manager -------------------------------------------------------------------- */

static void broadcast(
                Control *c, bool only_subscribed, const char *member, const char *types, ...) {
        LIST_FOREACH (link, &c->connections) {
                Connection *connection = CONTAINER_OF(link, Connection, link);
                va_list ap;

                if (only_subscribed && !connection->subscribed)
                        continue;
                if (!connection_is_listening(connection))
                        continue;

                va_start(ap, types);
                int r = sd_bus_emit_signalv(connection->bus,
                                SUPD_SYSTEMD_PATH,
                                SUPD_SYSTEMD_MANAGER,
                                member,
                                types,
                                ap);
                va_end(ap);
                log_lost(r, member);
        }
}

static void broadcast_unit(Control *c, const Unit *u, const char *member) {
        if (c->n_subscribers == 0)
                return;
        _cleanup_free_ char *path = unit_name_to_path(unit_id(u));
        if (path)
                broadcast(c, /* only_subscribed= */ true, member, "so", unit_id(u), path);
}

void control_tell_reloading(Control *c, bool active) {
        broadcast(c, /* only_subscribed= */ true, "Reloading", "b", (int) active);
}

void control_tell_files_changed(Control *c) {
        broadcast(c, /* only_subscribed= */ true, "UnitFilesChanged", NULL);
}

/* ---- properties of units ----------------------------------------------------------------------- */

static void tell_connection(Connection *connection, const char *path, const char *id) {
        static const struct {
                const char *suffix; /* of those that have it */
                const char *interface;
        } interfaces[] = {
                { ".service", SUPD_SYSTEMD_SERVICE },
                { ".service", SUPD_BUS_CONTAINER },
                { ".timer", SUPD_SYSTEMD_TIMER },
                { "", SUPD_SYSTEMD_UNIT },
        };

        int r = connection_need(connection, OBJECT_UNIT);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(interfaces); i++) {
                if (str_has_suffix(id, interfaces[i].suffix))
                        r = sd_bus_emit_properties_changed_strv(connection->bus,
                                        path,
                                        interfaces[i].interface,
                                        /* names= */ NULL);
        }
        log_lost(r, "a unit's change");
}

static void tell_unit(Control *c, const char *id) {
        _cleanup_free_ char *path = unit_name_to_path(id);

        if (!path)
                return;
        c->stamp++; /* what was read of the unit before is old */
        LIST_FOREACH (link, &c->connections) {
                Connection *connection = CONTAINER_OF(link, Connection, link);

                if (connection->subscribed && connection_is_listening(connection))
                        tell_connection(connection, path, id);
        }
        c->stamp++;
}

static void forget_changes(Control *c) {
        MAP_FOREACH (Change, change, c->changed) {
                free(change);
        }
        c->changed = map_free(c->changed);
}

static int on_tell(sd_event_source *source, void *userdata) {
        Control *c = ASSERT_PTR(userdata);
        Map *changed = TAKE_PTR(c->changed);

        (void) source;
        MAP_FOREACH (Change, change, changed) {
                if (!change->told)
                        tell_unit(c, change->id);
                free(change);
        }
        map_free(changed);
        return 0;
}

static int note_change(Control *c, const char *id) {
        if (!c->changed)
                c->changed = map_new();
        if (!c->changed)
                return -ENOMEM;

        Change *known = map_get(c->changed, id);
        if (known) {
                known->told = false;
                return 0;
        }

        _cleanup_free_ Change *change = malloc(sizeof(*change) + strlen(id) + 1);
        if (!change)
                return -ENOMEM;
        change->told = false;
        memcpy(change->id, id, strlen(id) + 1);
        int r = map_put(c->changed, change->id, change);
        if (r < 0)
                return r;
        change = NULL; /* it is in the map */
        return sd_event_source_set_enabled(c->tell_source, SD_EVENT_ONESHOT);
}

static void mark_told(Control *c, const char *id) {
        Change *change = map_get(c->changed, id);

        if (change)
                change->told = true;
}

/* ---- the engine's calls ------------------------------------------------------------------------ */

static void on_unit_changed(Unit *u, void *userdata) {
        Control *c = ASSERT_PTR(userdata);

        if (c->n_subscribers > 0)
                log_lost(note_change(c, unit_id(u)), unit_id(u));
}

static void on_unit_added(Unit *u, void *userdata) {
        broadcast_unit(userdata, u, "UnitNew");
}

static void on_unit_removed(Unit *u, void *userdata) {
        Control *c = ASSERT_PTR(userdata);

        mark_told(c, unit_id(u));
        broadcast_unit(c, u, "UnitRemoved");
}

static void on_job_added(Job *j, void *userdata) {
        Control *c = ASSERT_PTR(userdata);
        _cleanup_free_ char *path = job_path(j->id);

        c->n_jobs_installed++;
        if (path)
                broadcast(c, false, "JobNew", "uos", j->id, path, unit_id(j->unit));
        on_unit_changed(j->unit, c);
}

static void on_job_removed(Job *j, JobResult result, void *userdata) {
        Control *c = ASSERT_PTR(userdata);
        const char *id = unit_id(j->unit);
        _cleanup_free_ char *path = job_path(j->id);

        if (result == JOB_FAILED || result == JOB_TIMEOUT)
                c->n_jobs_failed++;

        /* Whoever waits for the job then finds the unit as it is now. */
        if (c->n_subscribers > 0) {
                tell_unit(c, id);
                mark_told(c, id);
        }
        if (path)
                broadcast(c,
                                false,
                                "JobRemoved",
                                "uoss",
                                j->id,
                                path,
                                id,
                                job_result_to_string(result));
}

static const EngineOps observer_ops = {
        .unit_added = on_unit_added,
        .unit_removed = on_unit_removed,
        .unit_changed = on_unit_changed,
        .job_added = on_job_added,
        .job_removed = on_job_removed,
};

int control_observe(Control *c) {
        int r = sd_event_add_defer(c->event, &c->tell_source, on_tell, c);
        if (r >= 0)
                r = sd_event_source_set_priority(c->tell_source, TELL_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->tell_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        engine_add_observer(c->engine, &observer_ops, c);
        return 0;
}

void control_unobserve(Control *c) {
        c->tell_source = sd_event_source_disable_unref(c->tell_source);
        forget_changes(c);
}
