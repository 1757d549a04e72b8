/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

#include <string.h>

#include "base/text.h"
#include "core/engine-internal.h"
#include "core/unit-name.h"

/* ---- units ------------------------------------------------------------------------------------- */

const char *unit_id(const Unit *u) {
        return u->id;
}

UnitActiveState unit_active_state(const Unit *u) {
        UnitStatus status = {};

        u->ops->status(u, &status);
        return status.active;
}

static bool unit_is_off(const Unit *u) {
        UnitActiveState state = unit_active_state(u);
        return state == UNIT_INACTIVE || state == UNIT_STATE_FAILED;
}

static const char *first_error(const UnitSpec *spec) {
        for (size_t i = 0; i < spec->diagnostics.n_items; i++) {
                if (spec->diagnostics.items[i].severity == DIAGNOSTIC_ERROR)
                        return spec->diagnostics.items[i].message;
        }
        return NULL;
}

int unit_can_start(const Unit *u, Error *error) {
        const UnitSpec *spec = u->next_spec ?: u->spec;
        const char *reason;

        if (u->gone)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "Unit %s not found: its file is gone.",
                                u->id);
        switch (spec->load_state) {
        case UNIT_LOADED:
                if (spec->is_template)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_BAD_NAME,
                                        "%s is a template; start an instance of it, NAME@INSTANCE",
                                        spec->id);
                return 0;
        case UNIT_MASKED:
                return error_set_plain(
                                error, -ERFKILL, ERROR_MASKED, "Unit %s is masked.", spec->id);
        case UNIT_NOT_FOUND:
                return error_set_plain(
                                error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", spec->id);
        default:
                reason = first_error(spec);
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_BAD_SETTING,
                                "Unit %s has a bad unit file setting: %s (see 'supctl verify %s')",
                                spec->id,
                                reason ?: "it could not be read",
                                spec->fragment_path ?: spec->file_name);
        }
}

void unit_notify(Unit *u, bool start_failed) {
        job_follow_unit(u, start_failed);
        ENGINE_TELL(u->engine, unit_changed, u);
        if ((u->gone || u->next_spec) && !u->job && unit_is_off(u))
                engine_wake(u->engine); /* for engine_collect(): never from here */
}

static void unit_exchange_spec(Unit *u) {
        unit_spec_free(u->spec);
        u->spec = TAKE_PTR(u->next_spec);
}

bool unit_take_next_spec(Unit *u) {
        if (!u->next_spec || u->next_spec->load_state != UNIT_LOADED ||
                        u->next_spec->kind != u->spec->kind)
                return false;
        unit_exchange_spec(u);
        return true;
}

/* ---- the engine -------------------------------------------------------------------------------- */

int engine_new(UnitFactory factory, void *factory_userdata, Engine **ret) {
        _cleanup_(engine_freep) Engine *e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;

        e->factory = factory;
        e->factory_userdata = factory_userdata;
        list_init(&e->queue);
        e->units = map_new();
        e->jobs = map_new();
        if (!e->units || !e->jobs)
                return -ENOMEM;

        *ret = TAKE_PTR(e);
        return 0;
}

static void unit_free(Unit *u) {
        char *id = u->id; /* outlives the unit, which names itself by it while it goes */

        u->next_spec = unit_spec_free(u->next_spec);
        (void) u->ops->free(u); /* frees the spec too: the kind's parts borrow from it */
        free(id);
}

Engine *engine_free(Engine *e) {
        if (!e)
                return NULL;

        e->n_observers = 0;
        while (map_size(e->jobs) > 0)
                job_finish(map_at(e->jobs, 0), JOB_CANCELED);
        MAP_FOREACH (Unit, u, e->units) {
                unit_free(u);
        }
        map_free(e->units);
        map_free(e->jobs);
        unit_set_free(e->set);
        free(e);
        return NULL;
}

void engine_add_observer(Engine *e, const EngineOps *ops, void *userdata) {
        assert(e->n_observers < ENGINE_OBSERVERS_MAX);
        e->observers[e->n_observers].ops = ops;
        e->observers[e->n_observers++].userdata = userdata;
}

void engine_wake(Engine *e) {
        for (size_t i = 0; i < e->n_observers; i++) {
                if (e->observers[i].ops->wake)
                        e->observers[i].ops->wake(e->observers[i].userdata);
        }
}

static int engine_add_unit(Engine *e, UnitSpec **spec, Error *error) {
        Unit *u = NULL;

        int r = e->factory(e, spec, e->factory_userdata, &u, error);
        if (r < 0)
                return r;
        u->engine = e;
        u->id = strdup(u->spec->id);
        r = u->id ? map_put(e->units, u->id, u) : -ENOMEM;
        if (r < 0) {
                unit_free(u);
                return r;
        }
        ENGINE_TELL(e, unit_added, u);
        return 0;
}

/* What does not run takes its new definition at once; what runs keeps the old one till its next start. */
static void unit_adopt_spec(Unit *u, UnitSpec *spec) {
        u->gone = false;
        unit_spec_free(u->next_spec);
        u->next_spec = spec;
        if (unit_is_off(u) && spec->kind == u->spec->kind)
                unit_exchange_spec(u); /* of another kind: engine_collect() makes it anew */
}

static int engine_load_set(Engine *e, UnitSet **set, Error *error) {
        int r;

        for (size_t i = 0; i < unit_set_size(*set); i++) {
                const char *id = unit_set_at(*set, i)->id;
                Unit *u = map_get(e->units, id);
                _cleanup_(unit_spec_freep) UnitSpec *spec = unit_set_take(*set, id);

                if (!spec)
                        continue; /* taken before: a second name of the same unit */
                if (u) {
                        unit_adopt_spec(u, TAKE_PTR(spec));
                        continue;
                }
                r = engine_add_unit(e, &spec, error);
                if (r < 0)
                        return r;
        }

        unit_set_free(e->set);
        e->set = TAKE_PTR(*set);

        /* Instances have no file of their own; they live on through their template. */
        MAP_FOREACH (Unit, u, e->units) {
                UnitSpec *spec = NULL;
                if (!u->gone || !u->spec->instance)
                        continue;
                r = unit_set_instantiate(e->set, unit_id(u), &spec, error);
                if (r < 0)
                        return r;
                if (r > 0) {
                        spec = unit_set_take(e->set, unit_id(u));
                        if (spec)
                                unit_adopt_spec(u, spec);
                }
        }
        return 0;
}

int engine_load(Engine *e, UnitSet **set, Error *error) {
        MAP_FOREACH (Unit, u, e->units) {
                u->gone = true;
        }
        int r = engine_load_set(e, set, error);
        if (r < 0) {
                /* Half a set says nothing about what is not in it. */
                MAP_FOREACH (Unit, u, e->units) {
                        u->gone = false;
                }
                return r;
        }

        MAP_FOREACH (Unit, u, e->units) {
                ENGINE_TELL(e, unit_changed, u);
        }
        engine_collect(e);
        return 0;
}

Unit *engine_find(Engine *e, const char *name) {
        Unit *u = map_get(e->units, name);
        if (u)
                return u;

        /* Aliases and file names resolve through the set, whose specs have moved into the units. */
        const char *id = unit_set_resolve(e->set, name);
        if (id && (u = map_get(e->units, id)))
                return u;

        _cleanup_free_ char *mangled = unit_name_mangle(name);
        if (!mangled)
                return NULL;
        u = map_get(e->units, mangled);
        if (u || !strchr(mangled, '@') || !e->set)
                return u;

        UnitSpec *borrowed = NULL;
        if (unit_set_instantiate(e->set, mangled, &borrowed, NULL) <= 0)
                return NULL;
        _cleanup_(unit_spec_freep) UnitSpec *spec = unit_set_take(e->set, borrowed->id);
        if (!spec || engine_add_unit(e, &spec, NULL) < 0)
                return NULL;
        return map_get(e->units, mangled);
}

Unit *engine_find_by_pid(Engine *e, pid_t pid, const char *cgroup_path) {
        MAP_FOREACH (Unit, u, e->units) {
                UnitStatus status = {};

                u->ops->status(u, &status);
                if (pid > 0 && (status.main_pid == pid || status.init_pid == pid))
                        return u;
                if (cgroup_path && status.cgroup_path &&
                                str_has_prefix(cgroup_path, status.cgroup_path)) {
                        char next = cgroup_path[strlen(status.cgroup_path)];
                        if (next == '\0' || next == '/')
                                return u;
                }
        }
        return NULL;
}

size_t engine_n_units(const Engine *e) {
        return map_size(e->units);
}

Unit *engine_unit_at(const Engine *e, size_t index) {
        return map_at(e->units, index);
}

const DiagnosticList *engine_diagnostics(const Engine *e) {
        return e->set ? unit_set_diagnostics(e->set) : NULL;
}

void engine_collect(Engine *e) {
        for (size_t i = map_size(e->units); i > 0; i--) {
                Unit *u = map_at(e->units, i - 1);

                if ((!u->gone && !u->next_spec) || u->job || !unit_is_off(u))
                        continue;
                if (!u->gone && u->next_spec->kind == u->spec->kind) {
                        unit_exchange_spec(u);
                        ENGINE_TELL(e, unit_changed, u);
                        continue;
                }

                /* "web.service" may have become "web.container": the same name, another kind's object. */
                _cleanup_(unit_spec_freep) UnitSpec *spec = u->gone ? NULL : TAKE_PTR(u->next_spec);
                (void) map_remove(e->units, unit_id(u));
                ENGINE_TELL(e, unit_removed, u);
                unit_free(u);
                if (spec)
                        (void) engine_add_unit(
                                        e, &spec, NULL); /* without memory: as if it were gone */
        }
}

static bool is_wanted_at_boot(const UnitSpec *spec) {
        static const char *const targets[] = { "default.target", "multi-user.target" };
        char **const lists[] = { spec->install.wanted_by, spec->install.required_by };

        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                for (size_t k = 0; k < ELEMENTSOF(lists); k++) {
                        for (char **word = lists[k]; word && *word; word++) {
                                if (strcmp(*word, targets[i]) == 0)
                                        return true;
                        }
                }
        }
        return false;
}

int engine_start_wanted(Engine *e) {
        for (size_t i = 0; i < map_size(e->units); i++) {
                Unit *u = map_at(e->units, i);
                Job *j;

                if (u->spec->load_state != UNIT_LOADED || u->spec->is_template ||
                                !is_wanted_at_boot(u->spec))
                        continue;
                int r = engine_add_job(
                                e, u, JOB_START, JOB_MODE_REPLACE, /* by_hand= */ false, &j, NULL);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

size_t engine_stop_all(Engine *e) {
        size_t n = 0;

        e->stopping = true;
        for (size_t i = 0; i < map_size(e->units); i++) {
                Unit *u = map_at(e->units, i);
                Job *j;

                if (unit_is_off(u)) {
                        if (u->job)
                                job_finish(u->job, JOB_CANCELED); /* a start that has not begun */
                        continue;
                }
                if (engine_add_job(e,
                                    u,
                                    JOB_STOP,
                                    JOB_MODE_REPLACE,
                                    /* by_hand= */ true,
                                    &j,
                                    NULL) >= 0)
                        n++;
        }
        return n;
}

bool engine_is_idle(const Engine *e) {
        if (map_size(e->jobs) > 0)
                return false;
        for (size_t i = 0; i < map_size(e->units); i++) {
                if (!unit_is_off(map_at(e->units, i)))
                        return false;
        }
        return true;
}
