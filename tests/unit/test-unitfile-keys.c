/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"

typedef struct SectionCount {
        const char *section;
        unsigned expected, n;
} SectionCount;

static void count_key(const UnitKeyInfo *info, void *userdata) {
        SectionCount *c = userdata;

        assert_non_null(info->help);
        for (; c->section; c++) {
                if (strcmp(c->section, info->section) == 0)
                        c->n++;
        }
}

/* UNITS.md 3.0; [Service] takes the start limit under both of its names beside that. */
static void test_the_tables_hold_every_key_of_the_reference(void **state) {
        SectionCount counts[] = {
                { "Container", 94, 0 },
                { "Pod", 29, 0 },
                { "Volume", 16, 0 },
                { "Network", 18, 0 },
                { "Image", 18, 0 },
                { "Quadlet", 1, 0 },
                { "Unit", 120, 0 },
                { "Install", 6, 0 },
                { "Service", 290, 0 },
                { "Timer", 17, 0 },
                { "Socket", 67, 0 },
                { "X-Supd", 6, 0 },
                {},
        };

        (void) state;
        assert_int_equal(unit_keys_foreach(count_key, counts), 0);
        for (SectionCount *c = counts; c->section; c++) {
                if (c->n != c->expected)
                        fail_msg("[%s] has %u keys, not %u", c->section, c->n, c->expected);
        }
}

static void test_no_key_is_in_two_rows(void **state) {
        UnitKeys *k = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(unit_keys_new(&k), 0); /* asserts it where assertions are on */
        for (int i = 0; unit_sections[i].name; i++)
                n += map_size(k->by_section[i]);
        assert_int_equal(n, k->n_keys);
        unit_keys_free(k);
}

static void test_every_handled_key_has_a_parser_and_every_other_a_fate(void **state) {
        (void) state;
        for (const UnitKey *key = unit_keys_handled; key->section; key++) {
                assert_non_null(key->help);
                bool looked_at = key->disposition == KEY_HANDLED || key->disposition == KEY_NOT_YET;
                assert_true(looked_at == (key->parse != NULL));
        }
        for (const UnitKeyRow *row = unit_keys_unhandled; row->section; row++) {
                bool speaks_for_itself = row->disposition == KEY_NOT_YET ||
                                         row->disposition == KEY_NOT_YET_REFUSED;
                assert_true(row->text || speaks_for_itself);
                assert_int_not_equal(row->disposition, KEY_HANDLED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_tables_hold_every_key_of_the_reference),
                cmocka_unit_test(test_no_key_is_in_two_rows),
                cmocka_unit_test(test_every_handled_key_has_a_parser_and_every_other_a_fate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
