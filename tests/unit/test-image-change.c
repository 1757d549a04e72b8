/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "image/change.h"

/* Lines, then the configuration they make. */
static void check(const char *const *lines, const char *wanted) {
        _cleanup_json_ json_t *config = json_object();
        _cleanup_(error_done) Error error = {};

        for (; *lines; lines++)
                if (image_change_apply(config, *lines, &error) < 0)
                        fail_msg("%s: %s", *lines, error_text(&error, 0));
        _cleanup_free_ char *text = json_dumps(config, JSON_COMPACT);
        assert_string_equal(text, wanted);
}
#define CHECK(wanted, ...) check((const char *[]) { __VA_ARGS__, NULL }, wanted)

static void test_commands_have_two_forms(void **state) {
        (void) state;
        CHECK("{\"Cmd\":[\"a\",\"b c\"]}", "CMD [\"a\", \"b c\"]");
        CHECK("{\"Cmd\":[\"/bin/sh\",\"-c\",\"a 'b c' $X\"]}", "cmd  a 'b c' $X");
        CHECK("{\"Cmd\":[]}", "CMD []");
        /* What is no list of strings is for the shell to understand. */
        CHECK("{\"Cmd\":[\"/bin/sh\",\"-c\",\"[1]\"]}", "CMD [1]");
        CHECK("{\"Entrypoint\":[\"b\"]}", "ENTRYPOINT [\"a\"]", "EntryPoint [\"b\"]");
}

static void test_assignments_replace_and_take_quotes(void **state) {
        (void) state;
        CHECK("{\"Env\":[\"A=1\",\"B=two words\",\"C=\"]}", "ENV A=1 B=\"two words\" C=");
        CHECK("{\"Env\":[\"A=2\",\"B=3\"]}", "ENV A=1 B=3", "ENV A=2");
        CHECK("{\"Env\":[\"A=the rest of it\"]}", "ENV A the rest of it");
        CHECK("{\"Env\":[\"A=a b\",\"B=$X\",\"C=\\\\n\"]}", "ENV A=a\\ b B=$X C='\\n'");
        CHECK("{\"Labels\":{\"a\":\"2\",\"b c\":\"d\"}}", "LABEL a=1 \"b c\"=d", "LABEL a=2");
        CHECK("{\"Labels\":{\"a\":\"b=c\"}}", "LABEL a=b=c");
}

static void test_ports_and_volumes_are_sets(void **state) {
        (void) state;
        CHECK("{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}",
                        "EXPOSE 80 53/udp",
                        "EXPOSE 80/tcp");
        CHECK("{\"ExposedPorts\":{\"1/tcp\":{},\"2/tcp\":{}}}", "EXPOSE 1-2");
        CHECK("{\"Volumes\":{\"/a\":{},\"/b c\":{}}}", "VOLUME [\"/a\",\"/b c\"]", "VOLUME /a");
        CHECK("{\"Volumes\":{\"/a\":{},\"/b\":{}}}", "VOLUME /a /b");
}

static void test_texts_and_directories(void **state) {
        (void) state;
        CHECK("{\"User\":\"a:b\"}", "USER a:b");
        CHECK("{\"StopSignal\":\"SIGINT\"}", "STOPSIGNAL SIGINT");
        CHECK("{\"WorkingDir\":\"/a b\"}", "WORKDIR /a b");
        CHECK("{\"WorkingDir\":\"/a/b\"}", "WORKDIR /a", "WORKDIR b");
        CHECK("{\"WorkingDir\":\"/b\"}", "WORKDIR b");
        CHECK("{\"WorkingDir\":\"/a/b\"}", "WORKDIR /a/", "WORKDIR b");
}

static void test_what_is_wrong_is_named(void **state) {
        static const struct {
                const char *line, *reason;
        } bad[] = {
                { "", "is wanted" },
                { "RUN true", "RUN true" },
                { "ENVIRONMENT a=b", "is wanted" },
                { "CMD", "missing" },
                { "CMD  ", "missing" },
                { "ENV A", "missing" },
                { "ENV =a", "missing" },
                { "ENV A=1 B", "NAME=VALUE" },
                { "ENV A=\"b", "quote" },
                { "LABEL a='", "quote" },
                { "EXPOSE 0", "PORT" },
                { "EXPOSE 65536", "PORT" },
                { "EXPOSE 2-1", "PORT" },
                { "EXPOSE http", "PORT" },
                { "EXPOSE 80/icmp", "PORT" },
                { "USER a b", "one word" },
                { "VOLUME [\"\"]", "path" },
                { "USER \xff", "UTF-8" },
                { "ENV A=\xff", "UTF-8" },
                { "LABEL \xff=a", "UTF-8" },
                { "WORKDIR /\xff", "UTF-8" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ json_t *config = json_object();
                _cleanup_(error_done) Error error = {};
                assert_int_equal(image_change_apply(config, bad[i].line, &error), -EINVAL);
                if (!strstr(error_text(&error, 0), bad[i].reason))
                        fail_msg("%s: %s", bad[i].line, error_text(&error, 0));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commands_have_two_forms),
                cmocka_unit_test(test_assignments_replace_and_take_quotes),
                cmocka_unit_test(test_ports_and_volumes_are_sets),
                cmocka_unit_test(test_texts_and_directories),
                cmocka_unit_test(test_what_is_wrong_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
