/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"
#include "unitfile/unit-file.h"

/* What a file gives: "[Section]key=value@line" for each assignment, and its diagnostics. */
typedef struct Parsed {
        char assignments[16384];
        DiagnosticList diagnostics;
} Parsed;

static void parse(const char *text, size_t size, UnitDialect dialect, bool portable, Parsed *p) {
        UnitFileSource source = {
                .path = "web.container",
                .dialect = dialect,
                .text = text,
                .size = size,
                .portable = portable,
        };
        UnitFile *f = NULL;
        size_t used = 0;

        *p = (Parsed) {};
        assert_int_equal(unit_file_parse(&source, &p->diagnostics, &f), 0);
        for (size_t i = 0; i < f->n_assignments; i++) {
                const UnitAssignment *a = &f->assignments[i];
                used += (size_t) snprintf(p->assignments + used,
                                sizeof(p->assignments) - used,
                                "[%s]%s=%s@%u\n",
                                a->section,
                                a->key,
                                a->value,
                                a->line);
                assert_true(used < sizeof(p->assignments));
        }
        unit_file_free(f);
}

/* Both ways of feeding inih must agree. @diagnostic: NULL for none, else part of them. */
static void
check(UnitDialect dialect, const char *text, const char *expected, const char *diagnostic) {
        for (int portable = 0; portable < 2; portable++) {
                Parsed p;

                parse(text, strlen(text), dialect, portable, &p);
                assert_string_equal(p.assignments, expected);
                if (diagnostic)
                        fixture_assert_says(&p.diagnostics, diagnostic);
                else
                        assert_string_equal(fixture_diagnostics(&p.diagnostics), "");
                diagnostic_list_done(&p.diagnostics);
        }
}

static void check_quadlet(const char *text, const char *expected, const char *diagnostic) {
        check(UNIT_DIALECT_QUADLET, text, expected, diagnostic);
}

static void check_plain(const char *text, const char *expected, const char *diagnostic) {
        check(UNIT_DIALECT_PLAIN, text, expected, diagnostic);
}

static void test_comments_start_a_line_and_nothing_else(void **state) {
        (void) state;
        check_quadlet("# c\n[A]\n ; c\n  # c\nk=v ; not # a comment\nj=a#b\n",
                        "[A]k=v ; not # a comment@5\n[A]j=a#b@6\n",
                        NULL);
}

static void test_indentation_and_line_ends_are_free(void **state) {
        (void) state;
        check_quadlet("  [A]  \r\n\t k \t=\t v w \r\n\r\n   j=1", "[A]k=v w@2\n[A]j=1@4\n", NULL);
}

static void test_an_indented_line_is_no_further_value(void **state) {
        (void) state;
        check_quadlet("[A]\nk=1\n  j=2\n", "[A]k=1@2\n[A]j=2@3\n", NULL);
}

static void test_repeated_sections_merge_in_order(void **state) {
        (void) state;
        check_quadlet("[A]\nk=1\n[B]\nk=2\n[A]\nk=3\n", "[A]k=1@2\n[B]k=2@4\n[A]k=3@6\n", NULL);
}

static void test_a_section_header_is_brackets_and_nothing_else(void **state) {
        static const char *const bad[] = {
                "[A] x", "[A", "[]", "[A[B]", "[A]]", "[A] ; c", "[A\x01]", NULL
        };

        (void) state;
        for (int i = 0; bad[i]; i++) {
                char text[64];
                (void) snprintf(text, sizeof(text), "[S]\n%s\nk=v\n", bad[i]);
                check_quadlet(text, "[S]k=v@3\n", "error: web.container:2: '");
                check_plain(text, "[S]k=v@3\n", "warning: web.container:2: '");
        }
}

static void test_only_the_first_equals_sign_separates(void **state) {
        (void) state;
        check_quadlet("[A]\nk=a=b:c\nx:y=z\na.b-c_d=1\n",
                        "[A]k=a=b:c@2\n[A]x:y=z@3\n[A]a.b-c_d=1@4\n",
                        NULL);
}

static void test_values_keep_quotes_colons_and_semicolons(void **state) {
        (void) state;
        check_quadlet("[A]\nk=\"a ; b\" : 'c'\nempty=\nj= = \n",
                        "[A]k=\"a ; b\" : 'c'@2\n[A]empty=@3\n[A]j==@4\n",
                        NULL);
}

static void test_quadlet_joins_at_any_final_backslash_with_nothing_between(void **state) {
        (void) state;
        check_quadlet("[A]\nk=a \\\n  b\\  \nc\n", "[A]k=a bc@2\n", NULL);
        check_quadlet("[A]\nk=a\\\\\nb\n", "[A]k=a\\b@2\n", NULL);
}

static void test_plain_units_join_at_an_unescaped_backslash_with_a_blank(void **state) {
        (void) state;
        check_plain("[A]\nk=a\\\n  b\\\nc\n", "[A]k=a b c@2\n", NULL);
        check_plain("[A]\nk=a\\\\\nj=b\n", "[A]k=a\\\\@2\n[A]j=b@3\n", NULL);
        check_plain("[A]\nk=a\\ \nj=b\n", "[A]k=a\\@2\n[A]j=b@3\n", NULL);
}

static void test_comments_within_a_continuation_are_skipped(void **state) {
        (void) state;
        check_quadlet("[A]\nk=a \\\n# c \\\n; d\nb\n", "[A]k=a b@2\n", NULL);
        check_plain("[A]\nk=a\\\n# c \\\nb\n", "[A]k=a b@2\n", NULL);
}

static void test_a_blank_line_ends_the_value_in_plain_units_only(void **state) {
        (void) state;
        check_quadlet("[A]\nk=a \\\n\nb\n", "[A]k=a b@2\n", NULL);
        check_plain("[A]\nk=a\\\n\nj=b\n", "[A]k=a@2\n[A]j=b@4\n", NULL);
        check_plain("[A]\nk=a\\\n\n", "[A]k=a@2\n", NULL);
}

static void test_a_continuation_at_the_end_keeps_the_key_and_warns(void **state) {
        static const char warning[] =
                        "warning: web.container:2: the file ends within a continued line";

        (void) state;
        check_quadlet("[A]\nk=a\\", "[A]k=a@2\n", warning);
        check_quadlet("[A]\nk=a\\\n\n# c\n", "[A]k=a@2\n", warning);
        check_plain("[A]\nk=a\\\n# c\n", "[A]k=a@2\n", warning);
}

static void test_a_header_in_a_continuation_is_part_of_the_value_and_warned_of(void **state) {
        (void) state;
        check_quadlet("[A]\nk=a \\\n[B]\nj=b\n",
                        "[A]k=a [B]@2\n[A]j=b@4\n",
                        "warning: web.container:2: a continued line swallows a section header");
}

static void test_a_line_that_is_nothing_is_reported_and_the_rest_read(void **state) {
        (void) state;
        check_quadlet("[A]\nnothing\n=v\nk=v\n",
                        "[A]k=v@4\n",
                        "error: web.container:2: 'nothing' is not KEY=VALUE");
        check_plain("[A]\nnothing\nk=v\n",
                        "[A]k=v@3\n",
                        "warning: web.container:2: 'nothing' is not");
}

static void test_a_key_before_any_section_is_reported(void **state) {
        (void) state;
        check_quadlet("k=v\n[A]\nj=w\n",
                        "[A]j=w@3\n",
                        "error: web.container:1: 'k=v' stands before any section header");
        check_plain("k=v\n[A]\nj=w\n", "[A]j=w@3\n", "warning: web.container:1:");
}

static void test_a_byte_order_mark_is_skipped_once(void **state) {
        (void) state;
        check_quadlet("\xef\xbb\xbf[A]\nk=v\n", "[A]k=v@2\n", NULL);
        check_quadlet("\xef\xbb\xbf\xef\xbb\xbf[A]\n[A]\nk=v\n",
                        "[A]k=v@3\n",
                        "error: web.container:1:");
}

static void test_bytes_that_are_no_utf8_are_reported_but_not_in_comments(void **state) {
        (void) state;
        check_quadlet("# caf\xe9\n[A]\nk=caf\xe9\nj=café\n",
                        "[A]j=café@4\n",
                        "error: web.container:3: 'k=caf\\xe9' is not valid UTF-8");
}

static void test_a_nul_byte_is_reported_with_its_line(void **state) {
        static const char text[] = "[A]\nk=a\0b=c\nj=v\n[B\0]\n\0\n\0";

        (void) state;
        for (int portable = 0; portable < 2; portable++) {
                Parsed p;

                parse(text, sizeof(text) - 1, UNIT_DIALECT_QUADLET, portable, &p);
                assert_string_equal(p.assignments, "[A]j=v@3\n");
                fixture_assert_says(&p.diagnostics,
                                "error: web.container:2: 'k=a' is followed by a NUL");
                fixture_assert_says(&p.diagnostics, "web.container:4:");
                fixture_assert_says(&p.diagnostics, "web.container:5:");
                fixture_assert_says(&p.diagnostics, "web.container:6:");
                diagnostic_list_done(&p.diagnostics);
        }
}

static void test_names_longer_than_inih_keeps_are_kept_whole(void **state) {
        static const char name[] = "a123456789b123456789c123456789d123456789e123456789f123456789";
        char text[512], expected[512];

        (void) state;
        (void) snprintf(text, sizeof(text), "[%s]\n%s=v\nk=%s\n", name, name, name);
        (void) snprintf(expected,
                        sizeof(expected),
                        "[%s]%s=v@2\n[%s]k=%s@3\n",
                        name,
                        name,
                        name,
                        name);
        check_quadlet(text, expected, NULL);
}

/* 200 bytes is where inih cuts by itself; the others are around sizes of its buffer and ours. */
static void test_a_long_value_is_whole_and_forges_no_key(void **state) {
        static const size_t sizes[] = { 197,
                198,
                199,
                200,
                201,
                4090,
                4091,
                4092,
                4093,
                4094,
                4095,
                4096,
                4097,
                8191,
                8192,
                8193,
                65536,
                UNIT_FILE_SIZE_MAX - 64 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                char *text = malloc(sizes[i] + 64), *value = text + strlen("[A]\nk=");
                UnitFileSource source = { .path = "web.container",
                        .dialect = UNIT_DIALECT_QUADLET };
                DiagnosticList list = {};
                UnitFile *f = NULL;

                assert_non_null(text);
                memcpy(text, "[A]\nk=", 6);
                for (size_t j = 0; j < sizes[i]; j++)
                        value[j] = "x=1 ;[B]#"[j % 9];
                value[sizes[i] - 1] = 'x';
                memcpy(value + sizes[i], "\nj=w\n", 5);
                source.text = text;
                source.size = 6 + sizes[i] + 5;
                for (int portable = 0; portable < 2; portable++) {
                        source.portable = portable;
                        assert_int_equal(unit_file_parse(&source, &list, &f), 0);
                        assert_int_equal(list.n_items, 0);
                        assert_int_equal(f->n_assignments, 2);
                        assert_int_equal(strlen(f->assignments[0].value), sizes[i]);
                        assert_memory_equal(f->assignments[0].value, value, sizes[i]);
                        assert_string_equal(f->assignments[1].key, "j");
                        assert_int_equal(f->assignments[1].line, 3);
                        f = unit_file_free(f);
                }
                free(text);
        }
}

static void test_empty_files_and_files_of_blanks_give_nothing(void **state) {
        (void) state;
        check_quadlet("", "", NULL);
        check_quadlet("\n\n  \n# c", "", NULL);
        check_quadlet("[A]", "", NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_comments_start_a_line_and_nothing_else),
                cmocka_unit_test(test_indentation_and_line_ends_are_free),
                cmocka_unit_test(test_an_indented_line_is_no_further_value),
                cmocka_unit_test(test_repeated_sections_merge_in_order),
                cmocka_unit_test(test_a_section_header_is_brackets_and_nothing_else),
                cmocka_unit_test(test_only_the_first_equals_sign_separates),
                cmocka_unit_test(test_values_keep_quotes_colons_and_semicolons),
                cmocka_unit_test(test_quadlet_joins_at_any_final_backslash_with_nothing_between),
                cmocka_unit_test(test_plain_units_join_at_an_unescaped_backslash_with_a_blank),
                cmocka_unit_test(test_comments_within_a_continuation_are_skipped),
                cmocka_unit_test(test_a_blank_line_ends_the_value_in_plain_units_only),
                cmocka_unit_test(test_a_continuation_at_the_end_keeps_the_key_and_warns),
                cmocka_unit_test(
                                test_a_header_in_a_continuation_is_part_of_the_value_and_warned_of),
                cmocka_unit_test(test_a_line_that_is_nothing_is_reported_and_the_rest_read),
                cmocka_unit_test(test_a_key_before_any_section_is_reported),
                cmocka_unit_test(test_a_byte_order_mark_is_skipped_once),
                cmocka_unit_test(test_bytes_that_are_no_utf8_are_reported_but_not_in_comments),
                cmocka_unit_test(test_a_nul_byte_is_reported_with_its_line),
                cmocka_unit_test(test_names_longer_than_inih_keeps_are_kept_whole),
                cmocka_unit_test(test_a_long_value_is_whole_and_forges_no_key),
                cmocka_unit_test(test_empty_files_and_files_of_blanks_give_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
