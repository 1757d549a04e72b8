/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/depgraph.h"

static DepNode *node(Depgraph *g, const char *name) {
        DepNode *n = NULL;
        assert_int_equal(depgraph_node(g, name, &n), 0);
        return n;
}

static void test_an_edge_is_seen_from_both_sides(void **state) {
        _cleanup_(depgraph_freep) Depgraph *g = NULL;

        (void) state;
        assert_int_equal(depgraph_new(&g), 0);
        DepNode *a = node(g, "a.service"), *b = node(g, "b.service");
        depgraph_begin(g, a);
        assert_int_equal(depgraph_add(g, DEPENDENCY_REQUIRES, b), 0);
        assert_int_equal(dep_count(a, DEPENDENCY_REQUIRES), 1);
        assert_int_equal(dep_count(b, DEPENDENCY_REQUIRED_BY), 1);
        assert_ptr_equal(b->lists[DEPENDENCY_REQUIRED_BY]->nodes[0], a);
        assert_int_equal(dep_count(b, DEPENDENCY_REQUIRES), 0);
        assert_ptr_equal(depgraph_find(g, "b.service"), b);
        assert_null(depgraph_find(g, "c.service"));
}

static void test_an_edge_is_there_once_whoever_adds_it(void **state) {
        _cleanup_(depgraph_freep) Depgraph *g = NULL;

        (void) state;
        assert_int_equal(depgraph_new(&g), 0);
        DepNode *a = node(g, "a.service"), *b = node(g, "b.service");
        depgraph_begin(g, a);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(depgraph_add(g, DEPENDENCY_BEFORE, b), 0);
        depgraph_begin(g, b);
        assert_true(depgraph_has(g, DEPENDENCY_AFTER, a));
        assert_false(depgraph_has(g, DEPENDENCY_BEFORE, a));
        assert_int_equal(depgraph_add(g, DEPENDENCY_AFTER, a), 0);
        assert_int_equal(depgraph_add(g, DEPENDENCY_WANTS, a), 0);
        assert_int_equal(dep_count(b, DEPENDENCY_AFTER), 1);
        assert_int_equal(dep_count(a, DEPENDENCY_BEFORE), 1);
        assert_int_equal(dep_count(a, DEPENDENCY_WANTED_BY), 1);
}

static void test_nobody_depends_on_itself(void **state) {
        _cleanup_(depgraph_freep) Depgraph *g = NULL;

        (void) state;
        assert_int_equal(depgraph_new(&g), 0);
        DepNode *a = node(g, "a.service");
        depgraph_begin(g, a);
        assert_int_equal(depgraph_add(g, DEPENDENCY_AFTER, a), 0);
        assert_int_equal(dep_count(a, DEPENDENCY_AFTER), 0);
}

static void test_every_type_has_a_name_and_an_inverse(void **state) {
        (void) state;
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++) {
                assert_int_equal(dependency_inverse(dependency_inverse(t)), t);
                assert_int_not_equal(dependency_inverse(t), t);
                assert_int_equal(dependency_type_from_string(dependency_type_to_string(t)), t);
        }
        assert_int_equal(dependency_inverse(DEPENDENCY_BINDS_TO), DEPENDENCY_BOUND_BY);
        assert_int_equal(dependency_inverse(DEPENDENCY_AFTER), DEPENDENCY_BEFORE);
        assert_int_equal(dependency_inverse(DEPENDENCY_PART_OF), DEPENDENCY_CONSISTS_OF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_edge_is_seen_from_both_sides),
                cmocka_unit_test(test_an_edge_is_there_once_whoever_adds_it),
                cmocka_unit_test(test_nobody_depends_on_itself),
                cmocka_unit_test(test_every_type_has_a_name_and_an_inverse),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
