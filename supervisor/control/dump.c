/* SPDX-License-Identifier: MIT */
#include "control/dump.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/strv.h"
#include "supd/version.h"

static void put(FILE *f, const char *name, const char *value) {
        if (value && *value)
                fprintf(f, "\t%s: %s\n", name, value);
}

static void put_stamp(FILE *f, const char *name, DualTime t) {
        _cleanup_free_ char *text = t.realtime_usec > 0 ? stamp_format(t.realtime_usec) : NULL;

        put(f, name, text);
}

static void put_state(FILE *f, const Unit *u, const UnitStatus *s) {
        put(f, "Load State", unit_load_state_to_string(u->spec->load_state));
        put(f, "Active State", unit_active_state_to_string(s->active));
        put(f, "Sub State", s->sub);
        put(f, "Freezer State", s->freezer);
        put(f, "Result", s->result);
        put(f, "Status Text", s->status_text);
        put_stamp(f, "State Change Timestamp", s->state_entered);
        put_stamp(f, "Inactive Exit Timestamp", s->inactive_exit);
        put_stamp(f, "Active Enter Timestamp", s->active_enter);
        put_stamp(f, "Active Exit Timestamp", s->active_exit);
        put_stamp(f, "Inactive Enter Timestamp", s->inactive_enter);
        if (s->main_pid > 0)
                fprintf(f, "\tMain PID: %d\n", s->main_pid);
        if (s->n_restarts > 0)
                fprintf(f, "\tRestarts: %u\n", s->n_restarts);
        put(f, "CGroup", s->cgroup_path);
        put(f, "Invocation ID", s->invocation_id);
        put(f, "Container ID", s->container_id);
        put(f, "Image", s->image_name);
        put(f, "Log Driver", s->log_driver);
}

static void put_dependencies(FILE *f, const Unit *u) {
        for (DependencyType type = 0; u->node && type < _DEPENDENCY_TYPE_MAX; type++) {
                DEP_FOREACH(other, u->node, type) {
                        fprintf(f, "\t%s: %s\n", dependency_type_to_string(type), other->name);
                }
        }
}

static void put_job(FILE *f, const Job *j) {
        const Unit *other = NULL;

        if (!j)
                return;
        bool waits = job_waits_for(j, &other);
        fprintf(f,
                        "\tJob: %" PRIu32 " %s %s%s%s\n",
                        j->id,
                        job_type_to_string(j->type),
                        j->running ? "running" : "waiting",
                        waits ? " for " : "",
                        !waits  ? ""
                        : other ? unit_id(other)
                                : "fewer starts");
}

static void put_unit(FILE *f, Unit *u) {
        UnitStatus status = {};

        u->ops->status(u, &status);
        fprintf(f, "-> Unit %s:\n", unit_id(u));
        put(f, "Description", u->spec->unit.description);
        put(f, "Kind", u->ops->name);
        put(f, "Instance", u->spec->instance);
        put(f, "Fragment Path", u->spec->fragment_path);
        STRV_FOREACH (path, u->spec->dropin_paths) {
                put(f, "DropIn Path", *path);
        }
        put_state(f, u, &status);
        if (u->next_spec)
                put(f, "Newer Definition", "taken at its next start");
        put_job(f, u->job);
        put_dependencies(f, u);
}

static void put_manager(FILE *f, Control *c) {
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        fprintf(f, "Manager: supd " SUPD_VERSION "\n");
        put(f, "Features", info.features);
        put(f, "Cgroup Driver", info.cgroup_driver);
        put(f, "CGroup", info.cgroup_path);
        put_stamp(f, "Userspace Timestamp", info.started);
        put_stamp(f, "Finish Timestamp", info.finished);
        STRV_FOREACH (dir, info.unit_dirs) {
                put(f, "Unit Path", *dir);
        }
        fprintf(f,
                        "\tUnits: %zu\n\tJobs: %zu\n\tConnections: %zu\n",
                        engine_n_units(c->engine),
                        engine_n_jobs(c->engine),
                        c->n_connections);
}

int dump_units(Control *c, char *const *patterns, char **ret) {
        size_t size = 0;
        char *text = NULL;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        if (!patterns)
                put_manager(f, c);
        for (size_t i = 0; i < engine_n_units(c->engine); i++) {
                Unit *u = engine_unit_at(c->engine, i);

                if (unit_matches(u, patterns))
                        put_unit(f, u);
        }
        bool failed = ferror(f);
        if (fclose(f) != 0 || failed) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}
