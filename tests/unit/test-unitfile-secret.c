/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Secret= of [Container], with Podman's rules for its words. */

#include "base/secret-name.h"
#include "test-unitfile-fixture.h"

static void test_a_secret_is_a_file_or_a_variable(void **state) {
        static const struct {
                const char *line;
                SecretSpec expected;
        } cases[] = {
                { "Secret=db", { (char *) "db", (char *) "/run/secrets/db", false, 0, 0, 0444 } },
                { "Secret=db,type=mount",
                                { (char *) "db", (char *) "/run/secrets/db", false, 0, 0, 0444 } },
                { "Secret=db,target=x/y",
                                { (char *) "db", (char *) "/run/secrets/x/y", false, 0, 0, 0444 } },
                { "Secret=db,target=/etc/key,uid=7,gid=8,mode=0400",
                                { (char *) "db", (char *) "/etc/key", false, 7, 8, 0400 } },
                { "Secret=source=db,UID=7",
                                { (char *) "db", (char *) "/run/secrets/db", false, 7, 0, 0444 } },
                { "Secret=db,type=env", { (char *) "db", (char *) "db", true, 0, 0, 0444 } },
                { "Secret=db,type=env,target=PASSWORD",
                                { (char *) "db", (char *) "PASSWORD", true, 0, 0, 0444 } },
                { "Secret=\"my db\"",
                                { (char *) "my db",
                                                (char *) "/run/secrets/my db",
                                                false,
                                                0,
                                                0,
                                                0444 } },
                { "Secret=%p-key",
                                { (char *) "web-key",
                                                (char *) "/run/secrets/web-key",
                                                false,
                                                0,
                                                0,
                                                0444 } },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);
                const SecretSpec *s = &u->container.secrets.items[0], *e = &cases[i].expected;

                fixture_assert_loaded(u);
                assert_int_equal(u->container.secrets.n_items, 1);
                assert_string_equal(s->name, e->name);
                assert_string_equal(s->target, e->target);
                assert_int_equal(s->environment, e->environment);
                assert_int_equal(s->uid, e->uid);
                assert_int_equal(s->gid, e->gid);
                assert_int_equal(s->mode, e->mode);
                unit_spec_free(u);
        }
}

static void test_secrets_add_up_and_an_empty_value_clears_them(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "Secret=gone\nSecret=\nSecret=a b,type=env\nSecret=c\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->container.secrets.n_items, 3);
        assert_string_equal(u->container.secrets.items[0].name, "a");
        assert_string_equal(u->container.secrets.items[1].name, "b");
        assert_string_equal(u->container.secrets.items[2].name, "c");
        unit_spec_free(u);
}

static void test_mistakes_in_a_secret_are_errors(void **state) {
        static const struct {
                const char *line, *says;
        } cases[] = {
                { "Secret=db,type=file", "has a type that is not mount or env" },
                { "Secret=db,type=env,type=env", "gives a type twice" },
                { "Secret=db,owner=me", "has an option that a secret does not have" },
                { "Secret=db,readonly", "has an option that is not NAME=VALUE" },
                { "Secret=db,uid=me", "has a uid that is no number" },
                { "Secret=db,gid=-1", "has a gid that is no number" },
                { "Secret=db,mode=0888", "has a mode that is no octal number" },
                { "Secret=db,mode=77777", "has a mode that is no octal number" },
                { "Secret=db,type=env,mode=0400", "which a variable does not have" },
                { "Secret=db,type=env,target=A=B", "can't be a variable" },
                { "Secret=type=env", "names no secret" },
                { "Secret=a/b", "names what can't be a secret" },
                { "Secret=db,target=", "has an empty target" },
                { "Secret=a b,target=a", "two mounts on '/run/secrets/a'" },
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

static void test_a_secret_that_refers_to_the_environment_is_read_at_start(void **state) {
        static char *const environment[] = { (char *) "KEY=db", (char *) "MODE=0400", NULL };
        UnitSpec *u = fixture_load_line("Secret=${KEY},mode=${MODE}");
        const ContainerSpec *resolved = NULL;
        ContainerSpec storage;

        (void) state;
        fixture_assert_loaded(u);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, environment, &storage, &resolved, NULL), 0);
        assert_int_equal(resolved->secrets.n_items, 1);
        assert_string_equal(resolved->secrets.items[0].target, "/run/secrets/db");
        assert_int_equal(resolved->secrets.items[0].mode, 0400);
        container_spec_done(&storage);
        unit_spec_free(u);
}

static void test_names_of_secrets_are_podmans(void **state) {
        char name[SECRET_NAME_MAX + 2] = {};

        (void) state;
        assert_true(secret_name_is_valid("db"));
        assert_true(secret_name_is_valid(".."));
        assert_true(secret_name_is_valid("My secret:1\xc3\xa4"));
        assert_false(secret_name_is_valid(""));
        assert_false(secret_name_is_valid("a/b"));
        assert_false(secret_name_is_valid("a,b"));
        assert_false(secret_name_is_valid("a=b"));
        assert_false(secret_name_is_valid("a\nb"));
        assert_false(secret_name_is_valid("\xff"));
        memset(name, 'x', SECRET_NAME_MAX);
        assert_true(secret_name_is_valid(name));
        name[SECRET_NAME_MAX] = 'x';
        assert_false(secret_name_is_valid(name));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_secret_is_a_file_or_a_variable),
                cmocka_unit_test(test_secrets_add_up_and_an_empty_value_clears_them),
                cmocka_unit_test(test_mistakes_in_a_secret_are_errors),
                cmocka_unit_test(test_a_secret_that_refers_to_the_environment_is_read_at_start),
                cmocka_unit_test(test_names_of_secrets_are_podmans),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
