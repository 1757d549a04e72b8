/* SPDX-License-Identifier: MIT */
#include "unitfile/slice.h"

#include "test-unitfile-fixture.h"

static void test_names_of_slices(void **state) {
        static const char *const good[] = { "a.slice", "a-b.slice", "a_1:x-b.c.slice", "-.slice" };
        static const char *const bad[] = { "",
                ".slice",
                "a",
                "a.service",
                "-a.slice",
                "a-.slice",
                "a--b.slice",
                "a/b.slice",
                "../x.slice",
                "..slice",
                "a b.slice",
                "a\n.slice",
                "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r.slice" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(slice_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(slice_name_is_valid(bad[i]));
}

static void test_dashes_lead_from_the_root_to_a_slice(void **state) {
        static const struct {
                const char *name, *path;
        } cases[] = {
                { "-.slice", "" },
                { "a.slice", "a.slice" },
                { "a-b.slice", "a.slice/a-b.slice" },
                { "web-shop-eu.slice", "web.slice/web-shop.slice/web-shop-eu.slice" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = slice_path(cases[i].name);
                assert_string_equal(path, cases[i].path);
        }
}

static void test_a_bad_slice_is_an_error(void **state) {
        UnitSpec *u = fixture_load_service("Slice=web-%N.slice");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->service.resource.slice, "web-web.slice");
        unit_spec_free(u);
        u = fixture_load_service("Slice=web");
        assert_int_not_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "'web' is not the name of a slice");
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_of_slices),
                cmocka_unit_test(test_dashes_lead_from_the_root_to_a_slice),
                cmocka_unit_test(test_a_bad_slice_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
