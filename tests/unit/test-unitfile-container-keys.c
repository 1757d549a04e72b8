/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Keys of [Container]: what of them is taken, what they mean, and what is said of the rest. */

#include "test-unitfile-fixture.h"

static void test_what_comes_of_the_environment_is_as_in_the_reference(void **state) {
        static const struct {
                const char *line;
                bool host, proxy;
        } cases[] = {
                { "", false, true },
                { "EnvironmentHost=true", true, true },
                { "EnvironmentHost=true\nEnvironmentHost=false", false, true },
                { "HttpProxy=false", false, false },
                { "HttpProxy=0\nHttpProxy=1", false, true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);

                fixture_assert_loaded(u);
                assert_int_equal(u->container.process.host_environment, cases[i].host);
                assert_int_equal(u->container.process.http_proxy, cases[i].proxy);
                unit_spec_free(u);
        }
}

static void test_further_groups_are_a_list(void **state) {
        UnitSpec *u = fixture_load_line("GroupAdd=audio\nGroupAdd=44\nGroupAdd=a,b");

        (void) state;
        fixture_assert_loaded(u);
        fixture_assert_words(u->container.process.groups, "audio|44|a|b");
        unit_spec_free(u);

        u = fixture_load_line("GroupAdd=audio\nGroupAdd=\nGroupAdd=keep-groups");
        fixture_assert_loaded(u);
        fixture_assert_words(u->container.process.groups, "keep-groups");
        unit_spec_free(u);
}

static void test_a_volatile_tmp_is_a_tmpfs_unless_there_is_one(void **state) {
        static const struct {
                const char *line;
                size_t n_tmpfs;
                const char *options; /* of the last one */
        } cases[] = {
                { "VolatileTmp=true", 1, "size=512M,mode=1777" },
                { "VolatileTmp=true\nReadOnly=true", 0, NULL },
                { "VolatileTmp=true\nTmpfs=/tmp:size=1m", 1, "size=1m" },
                { "VolatileTmp=true\nVolume=/a:/tmp", 0, NULL },
                { "VolatileTmp=false", 0, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);
                const RootSpec *root = &u->container.root;

                fixture_assert_loaded(u);
                assert_int_equal(root->n_tmpfs, cases[i].n_tmpfs);
                if (root->n_tmpfs > 0) {
                        assert_string_equal(root->tmpfs[0].target, "/tmp");
                        assert_string_equal(root->tmpfs[0].options, cases[i].options);
                }
                unit_spec_free(u);
        }
}

static void test_the_name_of_an_apparmor_profile_is_kept(void **state) {
        UnitSpec *u = fixture_load_line("AppArmor=web//&:ns:child");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.security.apparmor, "web//&:ns:child");
        unit_spec_free(u);
}

static void test_what_is_wrong_is_an_error_with_its_line(void **state) {
        static const struct {
                const char *line, *says;
        } cases[] = {
                { "GroupAdd=a\nGroupAdd=keep-groups",
                                "web.container:5: Container.GroupAdd: 'keep-groups' has to stand "
                                "alone" },
                { "GroupAdd=a b", "Container.GroupAdd: 'a b' is not a group" },
                { "GroupAdd=a,,b", "Container.GroupAdd: '' is not a group" },
                { "GroupAdd=keep-groups\nUserNS=auto", "keep-groups can't be had together" },
                { "AppArmor=a b", "Container.AppArmor: 'a b' is not the name of a profile" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].line);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_comes_of_the_environment_is_as_in_the_reference),
                cmocka_unit_test(test_further_groups_are_a_list),
                cmocka_unit_test(test_a_volatile_tmp_is_a_tmpfs_unless_there_is_one),
                cmocka_unit_test(test_the_name_of_an_apparmor_profile_is_kept),
                cmocka_unit_test(test_what_is_wrong_is_an_error_with_its_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
