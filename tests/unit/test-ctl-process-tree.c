/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/process-tree.h"

#define ROOT "/supd/web.service"

static void add_process(Value *list, const char *path, uint64_t pid, const char *command) {
        Value process = {};
        Value items[] = {
                { .type = VALUE_STRING, .string = strdup(path) },
                { .type = VALUE_UNSIGNED, .number = pid },
                { .type = VALUE_STRING, .string = strdup(command) },
        };

        for (size_t i = 0; i < ELEMENTSOF(items); i++)
                assert_int_equal(value_array_add(&process, &items[i]), 0);
        assert_int_equal(value_array_add(list, &process), 0);
}

static char *drawn(const Value *list, const char *root, pid_t init) {
        const Terminal t = { .utf8 = true };
        _cleanup_(tree_done) Tree tree = {};
        char *text = NULL;
        size_t size;

        assert_int_equal(process_tree_build(list, root, init, &tree), 0);
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(tree_print(&tree, &t, "", out), 0);
        fclose(out);
        return text;
}

static void test_processes_come_before_nested_groups_and_by_number(void **state) {
        _cleanup_value_ Value list = {};

        (void) state;
        add_process(&list, ROOT "/sub/deep", 30, "deep");
        add_process(&list, ROOT, 20, "worker");
        add_process(&list, ROOT "/sub-other", 25, "other");
        add_process(&list, ROOT, 3, "supinit --container");
        add_process(&list, ROOT "/sub", 28, "nested");

        _cleanup_free_ char *text = drawn(&list, ROOT, 3);
        assert_string_equal(text,
                        "├─3 supinit --container (init)\n"
                        "├─20 worker\n"
                        "├─sub\n"
                        "│ ├─28 nested\n"
                        "│ └─deep\n"
                        "│   └─30 deep\n"
                        "└─sub-other\n"
                        "  └─25 other\n");
}

static void test_groups_without_processes_of_their_own_are_drawn_once(void **state) {
        _cleanup_value_ Value list = {};

        (void) state;
        add_process(&list, ROOT "/a/b", 2, "x");
        add_process(&list, ROOT "/a/c", 3, "y");
        _cleanup_free_ char *text = drawn(&list, ROOT, 0);
        assert_string_equal(text,
                        "└─a\n"
                        "  ├─b\n"
                        "  │ └─2 x\n"
                        "  └─c\n"
                        "    └─3 y\n");
}

static void test_a_group_with_the_same_beginning_is_not_below_the_unit(void **state) {
        _cleanup_value_ Value list = {};

        (void) state;
        add_process(&list, ROOT "2", 2, "x");
        _cleanup_free_ char *text = drawn(&list, ROOT, 0);
        assert_string_equal(text,
                        "└─supd\n"
                        "  └─web.service2\n"
                        "    └─2 x\n");
}

static void test_malformed_answers_are_left_out_and_commands_escaped(void **state) {
        _cleanup_value_ Value list = {};
        Value nonsense = { .type = VALUE_UNSIGNED, .number = 1 };

        (void) state;
        assert_int_equal(value_array_add(&list, &nonsense), 0);
        add_process(&list, ROOT, 2, "evil\033]0;title\007");
        add_process(&list, ROOT, 4, "");
        _cleanup_free_ char *text = drawn(&list, ROOT, 0);
        assert_string_equal(text,
                        "├─2 evil\\x1b]0;title\\x07\n"
                        "└─4 (no command line)\n");
        _cleanup_free_ char *none = drawn(&(Value) {}, ROOT, 0);
        assert_string_equal(none, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_processes_come_before_nested_groups_and_by_number),
                cmocka_unit_test(test_groups_without_processes_of_their_own_are_drawn_once),
                cmocka_unit_test(test_a_group_with_the_same_beginning_is_not_below_the_unit),
                cmocka_unit_test(test_malformed_answers_are_left_out_and_commands_escaped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
