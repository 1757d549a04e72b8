/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

#include <string.h>

#include "base/text.h"
#include "core/engine-internal.h"
#include "core/unit-name.h"
#include "unitfile/target.h"

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
        return active_state_is_off(unit_active_state(u));
}

const UnitSpec *unit_newest_spec(const Unit *u) {
        return u->next_spec && u->next_spec->load_state == UNIT_LOADED ? u->next_spec : u->spec;
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

/* CollectMode=inactive-or-failed: as if somebody had called reset-failed. */
static bool is_to_be_forgotten(const Unit *u) {
        return u->spec->unit.collect_failed && unit_active_state(u) == UNIT_STATE_FAILED;
}

bool unit_can_reload(const Unit *u) {
        return u->ops->can_reload && u->ops->can_reload(u, NULL) != -EOPNOTSUPP;
}

int unit_check_reload(const Unit *u, Error *error) {
        UnitActiveState state = unit_active_state(u);

        if (!unit_can_reload(u))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_INVALID_ARGUMENT,
                                "Job type reload is not applicable for unit %s.",
                                u->id);
        if (state != UNIT_ACTIVE && state != UNIT_RELOADING)
                return error_set_plain(error,
                                -ENOEXEC,
                                ERROR_UNIT_STATE,
                                "%s is not active, cannot reload.",
                                u->id);
        return u->ops->can_reload(u, error);
}

void unit_notify(Unit *u, bool start_failed) {
        UnitActiveState old = u->last_active;
        UnitStatus now = {};
        bool by_job = u->job && u->job->running && (u->job->type == JOB_STOP || u->job->stopping);

        u->ops->status(u, &now);
        u->last_active = now.active;
        history_state(&u->history, &now);
        job_follow_unit(u, &now, start_failed);
        unit_react(u, old, &now, by_job);
        ENGINE_TELL(u->engine, unit_changed, u);
        unit_tell_triggers(u);
        if ((u->gone || u->next_spec || is_to_be_forgotten(u)) && !u->job && unit_is_off(u))
                engine_wake(u->engine); /* for engine_collect(): never from here */
}

void unit_put_history(Unit *u, RecordWriter *w) {
        UnitStatus now = {};

        u->ops->status(u, &now);
        history_state(&u->history, &now);
        history_put(&u->history, w);
}

int unit_get_history(Unit *u, const Record *record) {
        return history_get(&u->history, record);
}

const char *unit_definition_to_string(UnitDefinition d) {
        /* clang-format off */
        static const char *const names[] = {
                [UNIT_DEFINITION_CURRENT] = "current",
                [UNIT_DEFINITION_CHANGED] = "changed",
                [UNIT_DEFINITION_GONE]    = "gone",
        };
        /* clang-format on */
        static_assert(ELEMENTSOF(names) == _UNIT_DEFINITION_MAX, "every one has a name");

        return d < 0 || d >= _UNIT_DEFINITION_MAX ? NULL : names[d];
}

UnitDefinition unit_definition(const Unit *u) {
        if (u->gone)
                return UNIT_DEFINITION_GONE;
        return u->next_spec && u->next_spec->texts_hash != u->spec->texts_hash
                               ? UNIT_DEFINITION_CHANGED
                               : UNIT_DEFINITION_CURRENT;
}

static void unit_exchange_spec(Unit *u) {
        unit_spec_free(u->spec);
        u->spec = TAKE_PTR(u->next_spec);
        unit_check_forget_answers(&u->condition);
        unit_check_forget_answers(&u->assertion);
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
        e->deadline_usec = e->start_patience_usec = USEC_INFINITY;
        list_init(&e->queue);
        list_init(&e->held);
        list_init(&e->doomed);
        list_init(&e->rechecks);
        e->units = map_new();
        e->jobs = map_new();
        if (!e->units || !e->jobs)
                return -ENOMEM;

        *ret = TAKE_PTR(e);
        return 0;
}

const char *start_phase_to_string(StartPhase p) {
        /* clang-format off */
        static const char *const names[] = {
                [START_PHASE_IMAGE]   = "image",
                [START_PHASE_NETWORK] = "network",
                [START_PHASE_MOUNT]   = "mount",
                [START_PHASE_EXEC]    = "exec",
        };
        /* clang-format on */
        static_assert(ELEMENTSOF(names) == _START_PHASE_MAX, "every phase has a name");

        return p < 0 || p >= _START_PHASE_MAX ? NULL : names[p];
}

static void unit_free(Unit *u) {
        char *id = u->id; /* outlives the unit, which names itself by it while it goes */

        list_remove(&u->recheck_link);
        if (u->node)
                u->node->unit = NULL;
        u->next_spec = unit_spec_free(u->next_spec);
        history_done(&u->history);
        unit_check_forget_answers(&u->condition);
        unit_check_forget_answers(&u->assertion);
        (void) u->ops->free(u); /* frees the spec too: the kind's parts borrow from it */
        free(id);
}

Engine *engine_free(Engine *e) {
        if (!e)
                return NULL;

        e->n_observers = 0;
        while (map_size(e->jobs) > 0)
                job_drop(map_at(e->jobs, 0));
        MAP_FOREACH (Unit, u, e->units) {
                unit_free(u);
        }
        map_free(e->units);
        map_free(e->jobs);
        depgraph_free(e->graph);
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

uint64_t engine_now(const Engine *e) {
        for (size_t i = 0; i < e->n_observers; i++) {
                if (e->observers[i].ops->now)
                        return e->observers[i].ops->now(e->observers[i].userdata);
        }
        return 0;
}

uint64_t engine_now_realtime(const Engine *e) {
        for (size_t i = 0; i < e->n_observers; i++) {
                if (e->observers[i].ops->now_realtime)
                        return e->observers[i].ops->now_realtime(e->observers[i].userdata);
        }
        return 0;
}

void engine_set_starts_max(Engine *e, unsigned n, uint64_t patience_usec) {
        e->starts_max = n;
        e->start_patience_usec = patience_usec;
}

static void unit_sync(Unit *u) {
        UnitStatus status = {};

        u->ops->status(u, &status);
        u->last_active = status.active;
        u->last_restarts = status.n_restarts;
}

void engine_sync(Engine *e) {
        MAP_FOREACH (Unit, u, e->units) {
                unit_sync(u);
        }
}

int engine_add_unit(Engine *e, UnitSpec **spec, Unit **ret, Error *error) {
        Unit *u = NULL;

        int r = e->factory(e, spec, e->factory_userdata, &u, error);
        if (r < 0)
                return r;
        u->engine = e;
        list_init(&u->recheck_link);
        unit_sync(u);
        u->id = strdup(u->spec->id);
        r = u->id ? map_put(e->units, u->id, u) : -ENOMEM;
        if (r < 0) {
                unit_free(u);
                return r;
        }
        ENGINE_TELL(e, unit_added, u);
        *ret = u;
        return 0;
}

void unit_adopt_spec(Unit *u, UnitSpec *spec) {
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
                r = engine_add_unit(e, &spec, &u, error);
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
        return engine_build_graph(e, error);
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

int engine_reread_unit(Engine *e, const char *id, char *const *dropin_dirs, Error *error) {
        Unit *u = map_get(e->units, id);
        UnitSpec *spec = NULL;

        if (!u || !e->set)
                return 0;
        int r = unit_set_reread(e->set, id, dropin_dirs, &spec);
        if (r <= 0)
                return r;
        unit_adopt_spec(u, spec);
        u->reread_realtime_usec = engine_now_realtime(e);
        r = engine_build_graph(e, error);
        ENGINE_TELL(e, unit_changed, u);
        engine_collect(e);
        return r < 0 ? r : 1;
}

/* An instance, or a target that needs no file. NULL: there is none, or out of memory. */
static Unit *make_on_demand(Engine *e, const char *id) {
        _cleanup_(unit_spec_freep) UnitSpec *spec = NULL;
        UnitSpec *borrowed = NULL;
        Unit *u = NULL;

        if (target_is_builtin(id))
                (void) target_spec_new(id, &spec); /* spec tells */
        else if (strchr(id, '@') && unit_set_instantiate(e->set, id, &borrowed, NULL) > 0)
                spec = unit_set_take(e->set, borrowed->id);
        if (!spec || engine_add_unit(e, &spec, &u, NULL) < 0)
                return NULL;
        if (engine_extend_graph(e, u, NULL) < 0)
                e->graph_stale = true; /* tried again when it is asked for something */
        return u;
}

Unit *engine_find(Engine *e, const char *name) {
        Unit *u = map_get(e->units, name);
        if (u)
                return u;

        /* Aliases and file names resolve through the set, whose specs have moved into the units. */
        const char *id = unit_set_resolve(e->set, name);
        if (id && (u = map_get(e->units, id)))
                return u;

        _cleanup_free_ char *mangled = unit_name_mangle(name), *storage = NULL;
        if (!mangled || !e->set)
                return NULL;
        id = unit_set_translate(e->set, mangled, /* instance= */ NULL, &storage);
        u = id ? map_get(e->units, id) : NULL;
        return u || !id ? u : make_on_demand(e, id);
}

Unit *engine_find_by_pid(Engine *e, pid_t pid, const char *cgroup_path) {
        MAP_FOREACH (Unit, u, e->units) {
                UnitStatus status = {};

                u->ops->status(u, &status);
                if (pid > 0 && (status.main_pid == pid || status.init_pid == pid ||
                                               status.control_pid == pid))
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

const DepNode *engine_find_node(const Engine *e, const char *id) {
        return e->graph ? depgraph_find(e->graph, id) : NULL;
}

const DiagnosticList *engine_diagnostics(const Engine *e) {
        return e->set ? unit_set_diagnostics(e->set) : NULL;
}

void engine_collect(Engine *e) {
        for (size_t i = map_size(e->units); i > 0; i--) {
                Unit *u = map_at(e->units, i - 1);

                if (!u->job && is_to_be_forgotten(u))
                        u->ops->reset_failed(u);
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
                e->graph_stale = true;
                if (spec)
                        (void) engine_add_unit(e,
                                        &spec,
                                        &u,
                                        NULL); /* without memory: as if it were gone */
        }
        if (e->graph_stale)
                (void) engine_build_graph(e, NULL); /* else at the next call */
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
