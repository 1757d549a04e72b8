/* SPDX-License-Identifier: MIT */

/* Cost is linear in units and dependencies: graphs of 10 to 10,000 units, as they occur and at their worst. */

#include "test-core-fixture.h"

#include <time.h>

/* How much dearer a unit may get from one size to the next; linear would be 1. Small sizes are all noise. */
#define GROWTH_MAX 6.0
#define SLACK_USEC 20.0
#define SIZES 4U

static const unsigned sizes[SIZES] = { 10, 100, 1000, 10000 };

/* Of this process alone: others share the machine. */
static double cpu_usec(void) {
        struct timespec t;

        assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
        return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

typedef char *(*Dependencies)(unsigned i, unsigned n);

/* Each after the one before: the deepest graph there is. */
static char *chain(unsigned i, unsigned n) {
        (void) n;
        return i == 0 ? strdup("")
                      : str_printf("Requires=u%u.target\nAfter=u%u.target\n", i - 1, i - 1);
}

/* All need one: the widest. */
static char *star(unsigned i, unsigned n) {
        (void) n;
        return i == 0 ? strdup("") : strdup("Requires=u0.target\nAfter=u0.target\n");
}

/* Ten of those before: as a machine with layers of services. */
static char *layers(unsigned i, unsigned n) {
        char *text = strdup("");

        (void) n;
        for (unsigned k = 1; k <= 10 && text && i >= 10; k++) {
                unsigned other = (i / 10 - 1) * 10 + (i * 7 + k * 3) % 10;
                char *longer = str_printf(
                                "%sWants=u%u.target\nAfter=u%u.target\n", text, other, other);
                free(text);
                text = longer;
        }
        return text;
}

/* All are wanted by one target, as by multi-user.target. */
static void write_all(World *w, Dependencies dependencies, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                _cleanup_free_ char *some = dependencies(i, n), *name = str_printf("u%u.target", i),
                                    *text = str_printf("[Unit]\n%s", some);
                world_write(w, name, text);
        }
        _cleanup_free_ char *all = strdup("[Unit]\nDefaultDependencies=no\n");
        size_t size = strlen(all), room = size + 32 * (size_t) n + 1;
        all = realloc(all, room);
        assert_non_null(all);
        for (unsigned i = 0; i < n; i++)
                size += (size_t) snprintf(all + size, room - size, "Wants=u%u.target\n", i);
        world_write(w, "all.target", all);
}

/* Microseconds for each unit, to read it; and for its part of the transaction and its jobs. */
static double start_and_stop(Dependencies dependencies, unsigned n, double *ret_load) {
        World w;

        world_init(&w);
        w.quiet = true;
        write_all(&w, dependencies, n);
        double begin = cpu_usec();
        world_load(&w);
        double loaded = cpu_usec();
        world_start(&w, "all.target");
        assert_int_equal(world_state(&w, "all.target"), UNIT_ACTIVE);
        for (unsigned i = 0; i < n; i += n / 10) {
                char name[32];
                (void) snprintf(name, sizeof(name), "u%u.target", i);
                assert_int_equal(world_state(&w, name), UNIT_ACTIVE);
        }
        (void) engine_stop_all(w.engine);
        engine_run_queue(w.engine);
        assert_true(engine_is_idle(w.engine));
        double end = cpu_usec();
        world_done(&w);
        *ret_load = (loaded - begin) / n;
        return (end - loaded) / n;
}

static void check(const char *what, Dependencies dependencies) {
        double run[SIZES], load[SIZES];

        for (unsigned i = 0; i < SIZES; i++) {
                run[i] = start_and_stop(dependencies, sizes[i], &load[i]);
                print_message("%-8s %5u units: %6.1f us each to load, %6.1f us to start and stop\n",
                                what,
                                sizes[i],
                                load[i],
                                run[i]);
        }
        for (unsigned i = 2; i < SIZES; i++) {
                if (run[i] > GROWTH_MAX * run[i - 1] + SLACK_USEC ||
                                load[i] > GROWTH_MAX * load[i - 1] + SLACK_USEC)
                        fail_msg("%s: %u units cost more than they should", what, sizes[i]);
        }
}

static void test_cost_is_linear_in_units_and_edges(void **state) {
        (void) state;
        check("chain", chain);
        check("star", star);
        check("layers", layers);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cost_is_linear_in_units_and_edges),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
