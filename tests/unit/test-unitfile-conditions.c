/* SPDX-License-Identifier: MIT */

/* ConditionX= and AssertX= as data. */

#include "test-unitfile-fixture.h"

static UnitSpec *load_unit_section(const char *lines) {
        char text[4096];

        (void) snprintf(text, sizeof(text), MINIMAL "[Unit]\n%s\n", lines);
        return fixture_load("web.container", text);
}

/* "PathExists=/a PathExists=|!/b " */
static const char *conditions(const ConditionList *list) {
        static char text[4096];
        size_t size = 0;

        text[0] = '\0';
        for (size_t i = 0; i < list->n_items; i++) {
                char *one = condition_to_text(&list->items[i], "");
                int n = snprintf(text + size, sizeof(text) - size, "%s ", one);

                assert_true(n > 0 && size + (size_t) n < sizeof(text));
                size += (size_t) n;
                free(one);
        }
        return text;
}

static void expect(const char *lines, const char *expected) {
        UnitSpec *u = load_unit_section(lines);

        fixture_assert_loaded(u);
        assert_string_equal(conditions(&u->unit.conditions), expected);
        unit_spec_free(u);
}

static void test_marks_are_taken_off_in_their_order(void **state) {
        (void) state;
        expect("ConditionPathExists=/a", "PathExists=/a ");
        expect("ConditionPathExists=!/a", "PathExists=!/a ");
        expect("ConditionPathExists=|/a", "PathExists=|/a ");
        expect("ConditionPathExists=|!/a", "PathExists=|!/a ");
        expect("ConditionPathExists=| ! /a", "PathExists=|!/a ");
        expect("ConditionKernelVersion=!>=5.10", "KernelVersion=!>=5.10 ");
        /* The other way round '|' is a part of the parameter. */
        expect("ConditionHost=!|a", "Host=!|a ");
}

static void test_conditions_are_in_the_order_of_the_file_whatever_their_keys(void **state) {
        (void) state;
        expect("ConditionPathExists=/1\nConditionHost=2\nConditionPathExists=/3\nConditionUser=4",
                        "PathExists=/1 Host=2 PathExists=/3 User=4 ");
}

static void test_an_empty_assignment_of_any_key_takes_away_all_before_it(void **state) {
        (void) state;
        expect("ConditionPathExists=/1\nConditionHost=2\nConditionUser=\nConditionGroup=3",
                        "Group=3 ");
        expect("ConditionPathExists=/1\nConditionPathExists=", "");
}

static void test_conditions_and_assertions_are_two_lists(void **state) {
        UnitSpec *u = load_unit_section(
                        "ConditionPathExists=/c\nAssertPathExists=/a\nConditionHost=");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(conditions(&u->unit.conditions), "");
        assert_string_equal(conditions(&u->unit.asserts), "PathExists=/a ");
        unit_spec_free(u);
}

static void test_a_drop_in_adds_and_takes_away(void **state) {
        const UnitText texts[] = {
                UNIT_TEXT("web.container", MINIMAL "[Unit]\n\n\nConditionPathExists=/main\n"),
                UNIT_TEXT("a.conf", "[Unit]\nConditionHost=\nConditionHost=drop\n"),
        };
        UnitSpec *u = fixture_load_texts("web.container", texts, ELEMENTSOF(texts));

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(conditions(&u->unit.conditions), "Host=drop ");
        unit_spec_free(u);
}

static void test_specifiers_are_expanded(void **state) {
        (void) state;
        expect("ConditionPathExists=!/run/%N", "PathExists=!/run/web ");
}

static void test_what_can_not_be_tested_is_a_warning_and_left_out(void **state) {
        static const struct {
                const char *line, *says;
        } bad[] = {
                { "ConditionPathExists=relative", "'relative' is not an absolute path; ignored" },
                { "AssertPathIsMountPoint=|!x", "'x' is not an absolute path; ignored" },
                { "ConditionHost=!", "'!' says nothing that could be tested; ignored" },
                { "ConditionPathExists=/%Q", "'%Q' is no specifier; ignored" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                UnitSpec *u = load_unit_section(bad[i].line);

                assert_int_equal(u->load_state, UNIT_LOADED);
                fixture_assert_says(&u->diagnostics, bad[i].says);
                assert_int_equal(u->unit.conditions.n_items + u->unit.asserts.n_items, 0);
                unit_spec_free(u);
        }
}

static void test_every_type_has_both_keys(void **state) {
        (void) state;
        for (ConditionType t = 0; t < _CONDITION_TYPE_MAX; t++) {
                char lines[256];

                (void) snprintf(lines,
                                sizeof(lines),
                                "Condition%s=/x\nAssert%s=/x",
                                condition_type_to_string(t),
                                condition_type_to_string(t));
                UnitSpec *u = load_unit_section(lines);
                fixture_assert_loaded(u);
                assert_int_equal(u->unit.conditions.items[0].type, t);
                assert_int_equal(u->unit.asserts.items[0].type, t);
                unit_spec_free(u);
        }
}

static void test_facts_of_the_host_alone_are_told_to_count_as_met(void **state) {
        UnitSpec *u = load_unit_section("ConditionACPower=yes");

        (void) state;
        fixture_assert_says(&u->diagnostics, "is about the host; treated as met");
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_marks_are_taken_off_in_their_order),
                cmocka_unit_test(test_conditions_are_in_the_order_of_the_file_whatever_their_keys),
                cmocka_unit_test(test_an_empty_assignment_of_any_key_takes_away_all_before_it),
                cmocka_unit_test(test_conditions_and_assertions_are_two_lists),
                cmocka_unit_test(test_a_drop_in_adds_and_takes_away),
                cmocka_unit_test(test_specifiers_are_expanded),
                cmocka_unit_test(test_what_can_not_be_tested_is_a_warning_and_left_out),
                cmocka_unit_test(test_every_type_has_both_keys),
                cmocka_unit_test(test_facts_of_the_host_alone_are_told_to_count_as_met),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
