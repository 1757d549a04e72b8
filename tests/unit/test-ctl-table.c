/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/table.h"
#include "ctl/tree.h"

static const Terminal pipe_output = { .utf8 = true };

static const TableColumn columns[] = {
        { .title = "UNIT", .width_min = 4 },
        { .title = "N", .right = true },
        { .title = "DESCRIPTION", .width_min = 6 },
};

static const char *const rows[][3] = {
        { "web.service", "12", "Web server" },
        { "b.service", "3", "Ünïcödé ● text" },
};

static void fill(Table *table) {
        *table = (Table) { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                for (size_t k = 0; k < 3; k++)
                        assert_int_equal(table_add(table, STYLE_PLAIN, rows[i][k]), 0);
        }
}

/* What printing gave; owned by the caller. */
static char *printed(const Table *table, const Terminal *t, bool with_header) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(table_print(table, t, with_header, out), 0);
        fclose(out);
        return text;
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state) {
        _cleanup_(table_done) Table table = {};

        (void) state;
        fill(&table);
        _cleanup_free_ char *text = printed(&table, &pipe_output, true);
        assert_string_equal(text,
                        "UNIT         N DESCRIPTION\n"
                        "web.service 12 Web server\n"
                        "b.service    3 Ünïcödé ● text\n");
}

static void test_a_narrow_terminal_shortens_the_last_column_first(void **state) {
        const Terminal narrow = { .utf8 = true, .width = 24 };
        _cleanup_(table_done) Table table = {};

        (void) state;
        fill(&table);
        _cleanup_free_ char *text = printed(&table, &narrow, false);
        assert_string_equal(text,
                        "web.service 12 Web serv…\n"
                        "b.service    3 Ünïcödé …\n");

        const Terminal tiny = { .utf8 = false, .width = 15 };
        _cleanup_free_ char *less = printed(&table, &tiny, false);
        assert_string_equal(less,
                        "web.~ 12 Web s~\n"
                        "b.se~  3 Ünïcö~\n");
}

static void test_foreign_text_cannot_control_the_terminal(void **state) {
        _cleanup_(table_done) Table table = { .columns = columns, .n_columns = 3 };

        (void) state;
        assert_int_equal(table_add(&table, STYLE_PLAIN, "\033[31mred"), 0);
        assert_int_equal(table_add(&table, STYLE_PLAIN, NULL), 0);
        assert_int_equal(table_add(&table, STYLE_PLAIN, "two\nlines\xff"), 0);
        _cleanup_free_ char *text = printed(&table, &pipe_output, false);
        assert_string_equal(text, "\\x1b[31mred  two\\x0alines\\xff\n");
}

static void test_styles_are_sent_to_colour_terminals_only(void **state) {
        const Terminal colour = { .utf8 = true, .colour = true };
        _cleanup_(table_done) Table table = { .columns = columns, .n_columns = 1 };

        (void) state;
        assert_int_equal(table_add(&table, STYLE_BAD, "web"), 0);
        _cleanup_free_ char *coloured = printed(&table, &colour, false);
        _cleanup_free_ char *plain = printed(&table, &pipe_output, false);
        assert_string_equal(coloured, "\033[1;31mweb\033[0m\n");
        assert_string_equal(plain, "web\n");
}

static void add_item(Tree *tree, unsigned depth, const char *text) {
        char *copy = strdup(text);

        assert_non_null(copy);
        assert_int_equal(tree_add(tree, depth, STYLE_PLAIN, &copy), 0);
        assert_null(copy);
}

static char *drawn(const Tree *tree, const Terminal *t) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(tree_print(tree, t, "  ", out), 0);
        fclose(out);
        return text;
}

static void test_branches_show_who_belongs_to_whom(void **state) {
        const Terminal ascii = {};
        _cleanup_(tree_done) Tree tree = {};

        (void) state;
        add_item(&tree, 0, "a");
        add_item(&tree, 1, "a1");
        add_item(&tree, 2, "a1x");
        add_item(&tree, 1, "a2");
        add_item(&tree, 0, "b");
        add_item(&tree, 1, "b1");

        _cleanup_free_ char *text = drawn(&tree, &pipe_output);
        assert_string_equal(text,
                        "  ├─a\n"
                        "  │ ├─a1\n"
                        "  │ │ └─a1x\n"
                        "  │ └─a2\n"
                        "  └─b\n"
                        "    └─b1\n");
        _cleanup_free_ char *plain = drawn(&tree, &ascii);
        assert_string_equal(plain,
                        "  |-a\n"
                        "  | |-a1\n"
                        "  | | `-a1x\n"
                        "  | `-a2\n"
                        "  `-b\n"
                        "    `-b1\n");
}

static void test_a_very_deep_tree_is_drawn_without_harm(void **state) {
        _cleanup_(tree_done) Tree tree = {};

        (void) state;
        for (unsigned depth = 0; depth < 200; depth++)
                add_item(&tree, depth, "x");
        _cleanup_free_ char *text = drawn(&tree, &pipe_output);
        assert_non_null(strstr(text, "└─x\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
                cmocka_unit_test(test_a_narrow_terminal_shortens_the_last_column_first),
                cmocka_unit_test(test_foreign_text_cannot_control_the_terminal),
                cmocka_unit_test(test_styles_are_sent_to_colour_terminals_only),
                cmocka_unit_test(test_branches_show_who_belongs_to_whom),
                cmocka_unit_test(test_a_very_deep_tree_is_drawn_without_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
