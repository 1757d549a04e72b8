/* SPDX-License-Identifier: MIT */

/*
 * Random graphs under random events. Whatever happens: no two conflicting units are active, no unit begins to start
 * while a job is there that its own is ordered after, and once nothing more happens every job ends.
 *
 * SUPD_TEST_SEED repeats a run, SUPD_TEST_ROUNDS makes it longer.
 */

#include "test-core-fixture.h"

#include "core/depgraph.h"
#include "core/engine-internal.h"
#include "core/job-compatibility.h"
#include "core/transaction.h"

#define UNITS 24U
#define EVENTS 400U

static uint64_t seed;

static unsigned draw(unsigned below) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned) ((seed >> 11) % below);
}

static const char *const words[] = { "Wants",
        "Requires",
        "Requisite",
        "BindsTo",
        "PartOf",
        "Upholds",
        "Conflicts",
        "Before",
        "After",
        "OnFailure",
        "OnSuccess",
        "PropagatesStopTo" };

static void write_units(World *w) {
        for (unsigned i = 0; i < UNITS; i++) {
                _cleanup_free_ char *text = strdup("[Unit]\n"), *name = str_printf("u%u.target", i);

                for (unsigned n = draw(5); n > 0; n--) {
                        /* Mostly along an order of their own, so that cycles are there but do not rule. */
                        unsigned other = draw(10) ? draw(i + 1) : draw(UNITS);
                        char *longer = str_printf("%s%s=u%u.target\n",
                                        text,
                                        words[draw(ELEMENTSOF(words))],
                                        other);
                        free(text);
                        text = longer;
                }
                char *whole = str_printf("%sStopWhenUnneeded=%s\nDefaultDependencies=%s\n",
                                text,
                                draw(8) ? "no" : "yes",
                                draw(2) ? "no" : "yes");
                world_write(w, name, whole);
                free(whole);
        }
}

static Unit *any(World *w) {
        char name[32];

        (void) snprintf(name, sizeof(name), "u%u.target", draw(UNITS));
        return world_unit(w, name);
}

/* What a unit of any kind may do by itself, or at the end of what it was asked for. */
static void happen(Unit *u) {
        static const UnitActiveState from_activating[] = {
                UNIT_ACTIVE, UNIT_ACTIVE, UNIT_STATE_FAILED, UNIT_INACTIVE
        };
        static const UnitActiveState from_active[] = {
                UNIT_DEACTIVATING, UNIT_STATE_FAILED, UNIT_INACTIVE
        };
        Toy *t = toy_of(u);

        if (t->active == UNIT_ACTIVATING)
                toy_becomes(u, from_activating[draw(4)]);
        else if (t->active == UNIT_RELOADING)
                toy_becomes(u, draw(4) ? UNIT_ACTIVE : from_active[draw(3)]);
        else if (t->active == UNIT_ACTIVE && draw(4) == 0)
                toy_becomes(u, from_active[draw(3)]);
        else if (t->active == UNIT_DEACTIVATING)
                toy_becomes(u, draw(4) ? UNIT_INACTIVE : UNIT_STATE_FAILED);
}

static void check_conflicts(World *w) {
        for (size_t i = 0; i < engine_n_units(w->engine); i++) {
                Unit *u = engine_unit_at(w->engine, i);

                if (toy_of(u)->active != UNIT_ACTIVE)
                        continue;
                DEP_FOREACH(other, u->node, DEPENDENCY_CONFLICTS) {
                        if (other->unit && toy_of(other->unit)->active == UNIT_ACTIVE)
                                fail_msg("%s and %s are both active", unit_id(u), other->name);
                }
        }
}

/* Called as a unit begins to start. */
static int checking_start(Unit *u, bool by_hand, Error *error) {
        const Job *j = u->job;

        if (toy_of(u)->active != UNIT_ACTIVE && j && !j->ignore_order) {
                DEP_FOREACH(other, u->node, DEPENDENCY_AFTER) {
                        if (other->unit && other->unit->job && !other->unit->job->ignore_order)
                                fail_msg("%s starts before %s", unit_id(u), other->name);
                }
        }
        return toy_start(u, by_hand, error);
}

static UnitKindOps checking_ops;

static void settle(World *w) {
        for (unsigned i = 0; i < 100000; i++) {
                engine_run_queue(w->engine);
                if (engine_n_jobs(w->engine) == 0)
                        return;
                Unit *u = any(w);
                UnitActiveState state = toy_of(u)->active;
                if (state == UNIT_ACTIVATING || state == UNIT_RELOADING)
                        toy_becomes(u, UNIT_ACTIVE);
                else if (toy_of(u)->active == UNIT_DEACTIVATING)
                        toy_becomes(u, UNIT_INACTIVE);
        }
        fail_msg("%s of %s is never over",
                        job_type_to_string(engine_job_at(w->engine, 0)->type),
                        unit_id(engine_job_at(w->engine, 0)->unit));
}

static unsigned long n_events;

static void play(World *w) {
        for (unsigned i = 0; i < EVENTS; i++, n_events++) {
                _cleanup_(error_done) Error error = {};
                Unit *u = any(w);
                Job *j = NULL;

                switch (draw(8)) {
                case 0:
                case 1:
                        /* isolate apart: it needs a permission that these do not have */
                        (void) engine_add_job(w->engine,
                                        u,
                                        (JobType) draw(_JOB_TYPE_MAX),
                                        draw(4) ? JOB_MODE_REPLACE : JOB_MODE_FAIL,
                                        draw(2),
                                        &j,
                                        &error); /* refused or not */
                        break;
                case 2:
                        if (u->job && draw(4) == 0)
                                engine_cancel_job(w->engine, u->job);
                        break;
                case 3:
                        w->now += USEC_PER_SEC;
                        if (w->now >= w->deadline)
                                engine_on_deadline(w->engine);
                        break;
                default:
                        happen(u);
                }
                if (draw(3))
                        engine_run_queue(w->engine);
                check_conflicts(w);
        }
}

static void play_round(void) {
        World w;

        world_init(&w);
        w.quiet = true;
        write_units(&w);
        world_load(&w);
        for (size_t i = 0; i < engine_n_units(w.engine); i++) {
                Unit *u = engine_unit_at(w.engine, i);

                u->ops = &checking_ops;
                toy_of(u)->slow = draw(2);
                toy_of(u)->fails = draw(6) == 0;
                toy_of(u)->reloads = draw(2);
                toy_of(u)->reload_fails = draw(4) == 0;
        }
        play(&w);
        settle(&w);
        (void) engine_stop_all(w.engine);
        settle(&w);
        assert_true(engine_is_idle(w.engine));
        world_done(&w);
}

/* A number from the environment; @otherwise if it is not there. */
static uint64_t number_from(const char *variable, uint64_t otherwise) {
        const char *text = getenv(variable);
        uint64_t n = otherwise;

        if (text)
                assert_int_equal(parse_u64(text, &n), 0);
        return n;
}

static void test_random_events_on_random_graphs_break_nothing(void **state) {
        uint64_t wish = number_from("SUPD_TEST_SEED", 0);
        uint64_t rounds = wish > 0 ? 1 : number_from("SUPD_TEST_ROUNDS", 100);

        (void) state;
        checking_ops = toy_ops;
        checking_ops.start = checking_start;
        for (uint64_t i = 0; i < rounds; i++) {
                seed = wish > 0 ? wish : (clock_monotonic_usec() << 8 | 1) + i;
                print_message("SUPD_TEST_SEED=%llu\n", (unsigned long long) seed);
                play_round();
        }
        print_message("%lu events\n", n_events);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random_events_on_random_graphs_break_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
