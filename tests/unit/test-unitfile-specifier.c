/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"
#include "unitfile/specifier.h"

static int expand(const char *id, const char *instance, const char *s, char **ret, char *bad) {
        SpecifierContext c = {
                .id = id,
                .instance = instance,
                .fragment_path = "/etc/supd/units/sub/x.container",
                .facts = &fixture_facts,
        };

        return specifier_expand(&c, s, 4096, ret, bad);
}

static void test_each_specifier_gives_what_the_reference_says(void **state) {
        static const struct {
                const char *id, *instance, *text, *expected;
        } cases[] = {
                { "web.service", NULL, "%n %N %p [%i]", "web.service web web []" },
                { "a-b@x-y.service", "x-y", "%n %N %p %i %j", "a-b@x-y.service a-b@x-y a-b x-y b" },
                { "a-b@x-y.service", "x-y", "%P %I %J %f", "a/b x/y b /x/y" },
                { "a-b.service", NULL, "%f %j", "/a/b b" },
                { "a\\x2db.service", NULL, "%P", "a-b" },
                { "a.b.service", NULL, "%N %p", "a.b a.b" },
                { "web.service",
                                NULL,
                                "%y %Y",
                                "/etc/supd/units/sub/x.container /etc/supd/units/sub" },
                { "web.service",
                                NULL,
                                "%t %S %C %L %E %D %T %V",
                                "/run /var/lib /var/cache /var/log /etc /usr/share /tmp /var/tmp" },
                { "web.service", NULL, "%d %h %s", "/run/credentials/web.service /root /bin/sh" },
                { "web.service", NULL, "%u %U %g %G", "root 0 root 0" },
                { "web.service", NULL, "%H %l %a %o", "box.example.org box x86-64 debian" },
                { "web.service", NULL, "%m", "0123456789abcdef0123456789abcdef" },
                { "web.service", NULL, "[%q%b%v%w%W%B%A%M]", "[]" }, /* not known here */
                { "web.service", NULL, "100%% %%n", "100% %n" },
                { "web.service", NULL, "a% b %- %{x} %", "a% b %- %{x} %" },
                { "web.service", NULL, "", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *s = NULL, bad = 0;

                assert_int_equal(
                                expand(cases[i].id, cases[i].instance, cases[i].text, &s, &bad), 0);
                assert_string_equal(s, cases[i].expected);
                free(s);
        }
}

static void test_an_unknown_letter_or_digit_is_refused_by_name(void **state) {
        static const char letters[] = "zcxkKQRXYZ019";

        (void) state;
        for (size_t i = 0; letters[i]; i++) {
                char text[] = { 'a', '%', letters[i], '\0' }, bad = 0, *s = NULL;

                if (letters[i] == 'Y') /* is one */
                        continue;
                assert_int_equal(expand("web.service", NULL, text, &s, &bad), -EINVAL);
                assert_int_equal(bad, letters[i]);
        }
}

static void test_a_result_beyond_the_limit_is_refused(void **state) {
        SpecifierContext c = { .id = "web.service", .fragment_path = "/", .facts = &fixture_facts };
        char *s = NULL, bad = 0;

        (void) state;
        assert_int_equal(specifier_expand(&c, "%n%n", 22, &s, &bad), 0);
        free(s);
        assert_int_equal(specifier_expand(&c, "%n%n", 21, &s, &bad), -E2BIG);
}

static void test_values_are_expanded_after_splitting_and_not_in_install(void **state) {
        UnitSpec *u = fixture_load("my-web@a-b.container",
                        "[Container]\nRootfs=/srv/%p/%i\nNetwork=none\nExec=%I '%n "
                        "x'\nVolume=./%i:/data/%i\n"
                        "[Install]\nWantedBy=%i.target\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.root.rootfs, "/srv/my-web/a-b");
        fixture_assert_words(u->container.process.exec, "a/b|my-web@a-b.service x");
        assert_string_equal(u->container.root.volumes[0].source, "/etc/supd/units/a-b");
        fixture_assert_words(u->install.wanted_by, "%i.target");
        unit_spec_free(u);
}

static void test_the_machine_is_read_without_failing(void **state) {
        MachineFacts f = {};

        (void) state;
        assert_int_equal(machine_facts_read(&f), 0);
        assert_non_null(f.host_name);
        assert_non_null(f.kernel_release);
        assert_non_null(f.architecture);
        assert_null(f.boot_id ? strchr(f.boot_id, '-') : NULL);
        machine_facts_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_specifier_gives_what_the_reference_says),
                cmocka_unit_test(test_an_unknown_letter_or_digit_is_refused_by_name),
                cmocka_unit_test(test_a_result_beyond_the_limit_is_refused),
                cmocka_unit_test(test_values_are_expanded_after_splitting_and_not_in_install),
                cmocka_unit_test(test_the_machine_is_read_without_failing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
