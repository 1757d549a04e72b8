/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ctl/unit-list.h"
#include "ctl/unit-view.h"

/* Pairs of name and value, ended by NULL. */
static Value unit_of(const char *const *pairs) {
        Value unit = { .type = VALUE_DICT };

        for (; *pairs; pairs += 2) {
                Value v = { .type = VALUE_STRING, .string = strdup(pairs[1]) };
                assert_int_equal(value_dict_add(&unit, pairs[0], &v), 0);
        }
        return unit;
}
#define UNIT(...) unit_of((const char *const[]) { __VA_ARGS__, NULL })

static void add_number(Value *unit, const char *name, uint64_t number) {
        Value v = { .type = VALUE_UNSIGNED, .number = number };

        assert_int_equal(value_dict_add(unit, name, &v), 0);
}

static void expect_exit(int code, int status, const char *words) {
        _cleanup_free_ char *text = exit_in_words(code, status);

        assert_string_equal(text, words);
}

static void test_exits_are_told_as_systemctl_tells_them(void **state) {
        (void) state;
        expect_exit(CLD_EXITED, 7, "code=exited, status=7/NOTRUNNING");
        expect_exit(CLD_EXITED, 0, "code=exited, status=0/SUCCESS");
        expect_exit(CLD_EXITED, 99, "code=exited, status=99/n/a");
        expect_exit(CLD_KILLED, SIGKILL, "code=killed, signal=KILL");
        expect_exit(CLD_DUMPED, SIGSEGV, "code=dumped, signal=SEGV");
        expect_exit(0, 0, "code=n/a");
}

static void test_a_frozen_unit_is_called_paused(void **state) {
        _cleanup_value_ Value unit = UNIT("ActiveState",
                        "active",
                        "SubState",
                        "running",
                        "FreezerState",
                        "frozen",
                        "LoadState",
                        "loaded");
        _cleanup_value_ Value thawing = UNIT("SubState", "running", "FreezerState", "thawing");
        _cleanup_value_ Value runs = UNIT("SubState", "running", "FreezerState", "running");

        (void) state;
        assert_string_equal(unit_sub_state(&unit), "paused");
        assert_true(unit_is_paused(&unit));
        assert_true(unit_is_active(&unit));
        assert_int_equal(unit_style(&unit), STYLE_WARNING);
        assert_string_equal(unit_sub_state(&thawing), "unpausing");
        assert_string_equal(unit_sub_state(&runs), "running");
        assert_false(unit_is_paused(&runs));
}

static void test_looks_follow_the_state(void **state) {
        static const struct {
                const char *load, *active;
                Style style;
                Glyph glyph;
        } cases[] = {
                { "loaded", "active", STYLE_GOOD, GLYPH_DOT },
                { "loaded", "failed", STYLE_BAD, GLYPH_CROSS },
                { "loaded", "inactive", STYLE_PLAIN, GLYPH_CIRCLE },
                { "loaded", "activating", STYLE_WARNING, GLYPH_DOT },
                { "bad-setting", "inactive", STYLE_BAD, GLYPH_CROSS },
                { "bad-setting", "active", STYLE_WARNING, GLYPH_DOT },
                { "masked", "inactive", STYLE_PLAIN, GLYPH_CIRCLE },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_value_ Value unit =
                                UNIT("LoadState", cases[i].load, "ActiveState", cases[i].active);
                assert_int_equal(unit_style(&unit), cases[i].style);
                assert_int_equal(unit_glyph(&unit), cases[i].glyph);
        }
}

static void test_a_state_has_lasted_since_its_own_stamp(void **state) {
        _cleanup_value_ Value unit = UNIT("ActiveState", "failed");
        _cleanup_value_ Value never = UNIT("ActiveState", "inactive");

        (void) state;
        add_number(&unit, "ActiveEnterTimestamp", 1);
        add_number(&unit, "InactiveEnterTimestamp", 2);
        add_number(&never, "InactiveEnterTimestamp", 0);
        assert_int_equal(unit_state_since(&unit), 2);
        assert_true(unit_state_since(&never) == UINT64_MAX);
}

static void test_a_failure_is_explained_by_the_best_that_is_known(void **state) {
        _cleanup_value_ Value mount = UNIT("ActiveState",
                        "failed",
                        "Result",
                        "resources",
                        "StatusText",
                        "mount volume /srv on /data: No such file or directory");
        _cleanup_value_ Value exited = UNIT("ActiveState", "failed", "Result", "exit-code");
        _cleanup_value_ Value bare = UNIT("ActiveState", "failed", "Result", "timeout");

        (void) state;
        add_number(&exited, "ExecMainCode", CLD_EXITED);
        add_number(&exited, "ExecMainStatus", 127);
        _cleanup_free_ char *a = unit_failure(&mount), *b = unit_failure(&exited),
                            *c = unit_failure(&bare);
        assert_string_equal(a, "resources: mount volume /srv on /data: No such file or directory");
        assert_string_equal(b, "exit-code: code=exited, status=127/n/a");
        assert_string_equal(c, "timeout");
}

static void test_only_an_inactive_unit_without_a_file_is_unknown(void **state) {
        _cleanup_value_ Value gone = UNIT("LoadState", "not-found", "ActiveState", "inactive");
        _cleanup_value_ Value runs = UNIT("LoadState", "not-found", "ActiveState", "active");

        (void) state;
        assert_false(unit_is_known(&gone));
        assert_true(unit_is_known(&runs));
}

static void test_inactive_units_are_listed_on_request_and_broken_ones_always(void **state) {
        char *states[] = { (char *) "failed", (char *) "paused", NULL };
        _cleanup_value_ Value off = UNIT("LoadState", "loaded", "ActiveState", "inactive");
        _cleanup_value_ Value bad = UNIT("LoadState", "bad-setting", "ActiveState", "inactive");
        _cleanup_value_ Value on = UNIT("LoadState", "loaded", "ActiveState", "active");
        _cleanup_value_ Value failed = UNIT("LoadState", "loaded", "ActiveState", "failed");
        _cleanup_value_ Value paused = UNIT("LoadState",
                        "loaded",
                        "ActiveState",
                        "active",
                        "SubState",
                        "running",
                        "FreezerState",
                        "frozen");

        (void) state;
        assert_false(unit_is_listed(&off, &(UnitFilter) {}));
        assert_true(unit_is_listed(&off, &(UnitFilter) { .all = true }));
        assert_true(unit_is_listed(&bad, &(UnitFilter) {}));
        assert_true(unit_is_listed(&on, &(UnitFilter) {}));
        assert_false(unit_is_listed(&on, &(UnitFilter) { .states = states, .all = true }));
        assert_true(unit_is_listed(&failed, &(UnitFilter) { .states = states }));
        assert_true(unit_is_listed(&paused, &(UnitFilter) { .states = states }));
}

static void test_short_names_are_what_people_type(void **state) {
        _cleanup_free_ char *service = unit_short_name("web.service"),
                            *target = unit_short_name("a.target");

        (void) state;
        assert_string_equal(service, "web");
        assert_string_equal(target, "a.target");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exits_are_told_as_systemctl_tells_them),
                cmocka_unit_test(test_a_frozen_unit_is_called_paused),
                cmocka_unit_test(test_looks_follow_the_state),
                cmocka_unit_test(test_a_state_has_lasted_since_its_own_stamp),
                cmocka_unit_test(test_a_failure_is_explained_by_the_best_that_is_known),
                cmocka_unit_test(test_only_an_inactive_unit_without_a_file_is_unknown),
                cmocka_unit_test(test_inactive_units_are_listed_on_request_and_broken_ones_always),
                cmocka_unit_test(test_short_names_are_what_people_type),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
