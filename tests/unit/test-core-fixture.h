/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Units that do nothing by themselves: the test says what happens to them. An engine with a clock that the test sets,
 * fed by unit files in a directory of its own.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "core/engine.h"
#include "unitfile/target.h"

typedef struct Toy {
        Unit unit; /* first */
        UnitActiveState active;
        unsigned starts, stops, n_restarts;
        unsigned hints; /* of what it triggers */
        bool slow;      /* a start or stop ends when the test says so */
        bool fails;
        bool reloads, reload_fails; /* it can, and does so badly */
        unsigned n_reloads;
} Toy;

static inline Toy *toy_of(Unit *u) {
        return (Toy *) u;
}

static inline void toy_becomes(Unit *u, UnitActiveState active) {
        toy_of(u)->active = active;
        unit_notify(u, active == UNIT_STATE_FAILED);
}

static inline int toy_start(Unit *u, bool by_hand, Error *error) {
        Toy *t = toy_of(u);

        (void) by_hand, (void) error;
        if (t->active == UNIT_ACTIVE)
                return -EALREADY;
        if (t->active == UNIT_DEACTIVATING)
                return -EAGAIN;
        if (t->active == UNIT_ACTIVATING)
                return 0;
        t->starts++;
        (void) unit_take_next_spec(u);
        toy_becomes(u, UNIT_ACTIVATING);
        if (!t->slow)
                toy_becomes(u, t->fails ? UNIT_STATE_FAILED : UNIT_ACTIVE);
        return 0;
}

static inline int toy_stop(Unit *u, Error *error) {
        Toy *t = toy_of(u);

        (void) error;
        if (t->active == UNIT_INACTIVE || t->active == UNIT_STATE_FAILED)
                return -EALREADY;
        t->stops++;
        toy_becomes(u, UNIT_DEACTIVATING);
        if (!t->slow)
                toy_becomes(u, UNIT_INACTIVE);
        return 0;
}

static inline int toy_can_reload(const Unit *u, Error *error) {
        (void) error;
        return ((const Toy *) u)->reloads ? 0 : -EOPNOTSUPP;
}

static inline int toy_reload(Unit *u, Error *error) {
        Toy *t = toy_of(u);

        (void) error;
        assert_int_equal(t->active, UNIT_ACTIVE);
        t->n_reloads++;
        toy_becomes(u, UNIT_RELOADING);
        if (!t->slow)
                toy_becomes(u, UNIT_ACTIVE);
        return 0;
}

static inline void toy_status(const Unit *u, UnitStatus *ret) {
        const Toy *t = (const Toy *) u;

        *ret = (UnitStatus) {
                .active = t->active, .n_restarts = t->n_restarts, .reload_failed = t->reload_fails
        };
}

static inline Unit *toy_free(Unit *u) {
        unit_spec_free(u->spec);
        free(u);
        return NULL;
}

static inline void toy_triggered_changed(Unit *u, Unit *triggered) {
        (void) triggered;
        toy_of(u)->hints++;
}

static const UnitKindOps toy_ops = {
        .name = "toy",
        .start = toy_start,
        .stop = toy_stop,
        .reload = toy_reload,
        .can_reload = toy_can_reload,
        .status = toy_status,
        .free = toy_free,
        .triggered_changed = toy_triggered_changed,
};

static inline int toy_make(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error) {
        Toy *t = calloc(1, sizeof(*t));

        (void) e, (void) userdata, (void) error;
        if (!t)
                return -ENOMEM;
        *t = (Toy) {
                .unit = { .ops = &toy_ops, .spec = TAKE_PTR(*spec) },
                .active = UNIT_INACTIVE,
        };
        if (target_is_born_active(t->unit.spec->id))
                t->active = UNIT_ACTIVE;
        *ret = &t->unit;
        return 0;
}

/* What became of jobs, in order: "web.service:start:done db.service:stop:canceled ". */
typedef struct World {
        Engine *engine;
        char *dir;
        uint64_t now, deadline;
        char told[8192];
        size_t told_size;
        bool quiet; /* nothing is noted */
} World;

static inline uint64_t world_now(void *userdata) {
        return ((World *) userdata)->now;
}

static inline void world_set_deadline(uint64_t usec, void *userdata) {
        ((World *) userdata)->deadline = usec;
}

static inline void world_on_job_removed(Job *j, JobResult result, void *userdata) {
        World *w = userdata;

        if (w->quiet)
                return;
        int n = snprintf(w->told + w->told_size,
                        sizeof(w->told) - w->told_size,
                        "%s:%s:%s ",
                        unit_id(j->unit),
                        job_type_to_string(j->type),
                        job_result_to_string(result));
        assert_true(n >= 0 && (size_t) n < sizeof(w->told) - w->told_size);
        w->told_size += (size_t) n;
}

static const EngineOps world_ops = {
        .now = world_now,
        .set_deadline = world_set_deadline,
        .job_removed = world_on_job_removed,
};

static inline void world_write(World *w, const char *name, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/%s", w->dir, name);
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static inline void world_load(World *w) {
        char *dirs[] = { w->dir, NULL };
        UnitSet *set = NULL;

        assert_int_equal(unit_set_load(dirs, &set, NULL), 0);
        assert_int_equal(engine_load(w->engine, &set, NULL), 0);
}

static inline void world_init(World *w) {
        *w = (World) { .dir = strdup("/tmp/supd-test-core-XXXXXX"), .now = USEC_PER_SEC };
        assert_non_null(mkdtemp(w->dir));
        assert_int_equal(engine_new(toy_make, NULL, &w->engine), 0);
        engine_add_observer(w->engine, &world_ops, w);
}

static inline void world_done(World *w) {
        engine_free(w->engine);
        (void) dir_remove_all(AT_FDCWD, w->dir);
        free(w->dir);
}

static inline int world_setup(void **state) {
        World *w = malloc(sizeof(*w));

        assert_non_null(w);
        world_init(w);
        *state = w;
        return 0;
}

static inline int world_teardown(void **state) {
        world_done(*state);
        free(*state);
        return 0;
}

static inline Unit *world_unit(World *w, const char *name) {
        Unit *u = engine_find(w->engine, name);
        if (!u)
                fail_msg("there is no %s", name);
        return u;
}

/* Forget what was told so far. */
static inline void world_listen(World *w) {
        w->told_size = 0;
        w->told[0] = '\0';
}

static inline int world_ask(World *w, const char *name, JobType type, JobMode mode, Error *error) {
        Job *j = NULL;

        int r = engine_add_job(
                        w->engine, world_unit(w, name), type, mode, /* by_hand= */ true, &j, error);
        engine_run_queue(w->engine);
        return r;
}

static inline void world_start(World *w, const char *name) {
        assert_int_equal(world_ask(w, name, JOB_START, JOB_MODE_REPLACE, NULL), 0);
}

static inline void world_stop(World *w, const char *name) {
        assert_int_equal(world_ask(w, name, JOB_STOP, JOB_MODE_REPLACE, NULL), 0);
}

/* The unit gets there by itself, or comes to the end of what it was asked for. */
static inline void world_becomes(World *w, const char *name, UnitActiveState active) {
        toy_becomes(world_unit(w, name), active);
        engine_run_queue(w->engine);
}

static inline UnitActiveState world_state(World *w, const char *name) {
        return toy_of(world_unit(w, name))->active;
}
