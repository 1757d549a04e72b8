/* SPDX-License-Identifier: MIT */

/* What a pull looks like: event streams in, what the terminal shows out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/progress.h"

#define SCREEN_ROWS_MAX 64
#define SCREEN_COLUMNS_MAX 256

static unsigned columns, rows;
static uint64_t now_usec;

static void fake_size(unsigned *ret_columns, unsigned *ret_rows) {
        *ret_columns = columns;
        *ret_rows = rows;
}

static uint64_t fake_now(void) {
        return now_usec;
}

static const Terminal ascii = { .is_terminal = true, .utf8 = false };
static const Terminal utf8 = { .is_terminal = true, .utf8 = true };

typedef struct Fixture {
        Progress *progress;
        FILE *out;
        char *text;
        size_t size;
} Fixture;

static void begin(Fixture *f, ProgressStyle style, const Terminal *t) {
        *f = (Fixture) {};
        f->out = open_memstream(&f->text, &f->size);
        assert_non_null(f->out);
        ProgressSettings settings = {
                .style = style,
                .terminal = t,
                .out = f->out,
                .screen_size = fake_size,
                .now_usec = fake_now,
        };
        assert_int_equal(progress_new(&settings, &f->progress), 0);
        columns = 80;
        rows = 24;
        now_usec = USEC_PER_SEC;
}

static void end(Fixture *f) {
        f->progress = progress_free(f->progress);
        assert_int_equal(fclose(f->out), 0);
        free(f->text);
}

static void tell(Fixture *f, const char *key, const char *value) {
        progress_record(key, value, f->progress);
}

/* "LAYER=1 LAYER_STATE=done": records with blanks between. */
static void tell_all(Fixture *f, const char *records) {
        _cleanup_free_ char *copy = strdup(records);
        char *rest = copy;

        assert_non_null(copy);
        while (rest) {
                char *record = strsep(&rest, " "), *equals = strchr(record, '=');
                assert_non_null(equals);
                *equals = '\0';
                tell(f, record, equals + 1);
        }
}

static void
tell_layer(Fixture *f, unsigned n, unsigned of, uint64_t bytes, uint64_t size, const char *state) {
        _cleanup_free_ char *records = str_printf(
                        "LAYER=%u LAYERS=%u LAYER_DIGEST=sha256:%012u4567 LAYER_SIZE=%llu "
                        "LAYER_BYTES=%llu LAYER_STATE=%s",
                        n,
                        of,
                        n,
                        (unsigned long long) size,
                        (unsigned long long) bytes,
                        state);
        assert_non_null(records);
        tell_all(f, records);
}

/* ---- a terminal --------------------------------------------------------------------------------- */

typedef struct Screen {
        char cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
        unsigned row, column, lowest;
} Screen;

/* What progress.c uses: newlines, "\r", up, erase below. Bytes stand for columns: ASCII alone. */
static void screen_write(Screen *s, const char *text) {
        for (; *text; text++) {
                unsigned n = 0;
                int used = 0;

                if (*text == '\n') {
                        s->row++;
                        s->column = 0;
                } else if (*text == '\r')
                        s->column = 0;
                else if (sscanf(text, "\033[%uA%n", &n, &used) == 1 && used > 0) {
                        assert_true(n <= s->row); /* else it would have been scrolled away */
                        s->row -= n;
                        text += used - 1;
                } else if (str_has_prefix(text, "\033[J")) {
                        for (unsigned row = s->row; row < SCREEN_ROWS_MAX; row++)
                                memset(s->cells[row], 0, SCREEN_COLUMNS_MAX);
                        text += 2;
                } else {
                        assert_true(*text != '\033');
                        assert_true(s->column + 1 < columns); /* the last one would fold */
                        s->cells[s->row][s->column++] = *text;
                }
                s->lowest = MAX(s->lowest, s->row);
        }
}

static void read_screen(Fixture *f, Screen *ret) {
        *ret = (Screen) {};
        fflush(f->out);
        screen_write(ret, f->text);
}

static void test_each_layer_has_a_line_that_is_drawn_in_place(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 2, 0, 1000, "waiting");
        tell_layer(&f, 2, 2, 0, 4096, "waiting");
        now_usec += USEC_PER_SEC;
        tell_layer(&f, 2, 2, 2048, 4096, "downloading");
        tell_layer(&f, 1, 2, 1000, 1000, "present");
        read_screen(&f, &s);
        assert_string_equal(s.cells[0],
                        "000000000001 already here           1000B "
                        "###########################");
        assert_string_equal(s.cells[1],
                        "000000000002 downloading        2.0K/4.0K "
                        "#############--------------");
        assert_string_equal(s.cells[2], "");
        assert_int_equal(s.row, 2);
        tell_layer(&f, 2, 2, 4096, 4096, "unpacking");
        tell_layer(&f, 2, 2, 4096, 4096, "done");
        assert_int_equal(progress_end(f.progress), 0);
        read_screen(&f, &s);
        assert_true(str_has_prefix(s.cells[1], "000000000002 done "));
        assert_int_equal(s.lowest, 2);
        end(&f);
}

static void test_a_rate_is_shown_once_it_is_known(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 1, 0, 8192, "downloading");
        read_screen(&f, &s);
        assert_null(strstr(s.cells[0], "/s"));
        now_usec += 2 * USEC_PER_SEC;
        tell_layer(&f, 1, 1, 4096, 8192, "downloading");
        read_screen(&f, &s);
        assert_non_null(strstr(s.cells[0], " 2.0K/s"));
        end(&f);
}

static void test_it_fits_any_width(void **state) {
        (void) state;
        for (unsigned width = 2; width < 200; width++) {
                Fixture f;
                Screen s;

                begin(&f, PROGRESS_BARS, &ascii);
                columns = width;
                tell_layer(&f, 1, 3, 500, 1000, "downloading");
                now_usec += 3 * USEC_PER_SEC;
                tell_layer(&f, 1, 3, 900, 1000, "downloading");
                read_screen(&f, &s); /* asserts that nothing folds */
                if (width > 26)
                        assert_non_null(strstr(s.cells[0], "downloading"));
                end(&f);
        }
}

static void test_it_is_never_higher_than_the_screen(void **state) {
        (void) state;
        for (unsigned height = 1; height < 12; height++) {
                Fixture f;
                Screen s;

                begin(&f, PROGRESS_BARS, &ascii);
                rows = height;
                for (unsigned i = 1; i <= 10; i++)
                        tell_layer(&f, i, 10, 0, 1000, i == 7 ? "downloading" : "waiting");
                read_screen(&f, &s);
                assert_true(s.row < MAX(height, 2U));
                /* Where there is room for one, it is that which is worth it. */
                if (height > 2 && height < 11)
                        assert_non_null(strstr(s.cells[MIN(height - 3, 6U)], "downloading"));
                end(&f);
        }
}

static void test_what_has_no_line_is_counted(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        rows = 4;
        for (unsigned i = 1; i <= 6; i++)
                tell_layer(&f, i, 6, 0, 1000, i < 3 ? "done" : i == 3 ? "unpacking" : "waiting");
        read_screen(&f, &s);
        assert_true(str_has_prefix(s.cells[0], "000000000003 unpacking"));
        assert_true(str_has_prefix(s.cells[1], "000000000004 waiting"));
        assert_string_equal(s.cells[2], "~ 4 more: 2 waiting, 2 done");
        end(&f);
}

static void test_a_terminal_that_becomes_narrower_is_drawn_over(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 1, 0, 1000, "downloading");
        now_usec += USEC_PER_SEC;
        columns = 40; /* the line of 68 columns takes two rows now */
        fflush(f.out);
        size_t before = f.size;
        tell_layer(&f, 1, 1, 500, 1000, "downloading");
        fflush(f.out);
        assert_true(str_has_prefix(f.text + before, "\r\033[2A\033[J"));
        end(&f);
}

static void test_drawing_is_rare_unless_a_state_changes(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 1, 0, 100000, "downloading");
        fflush(f.out);
        size_t before = f.size;
        for (unsigned i = 1; i < 100; i++) {
                now_usec += 100;
                tell_layer(&f, 1, 1, i * 1000, 100000, "downloading");
        }
        fflush(f.out);
        assert_int_equal(f.size, before);
        tell_layer(&f, 1, 1, 100000, 100000, "unpacking");
        fflush(f.out);
        assert_true(f.size > before);
        end(&f);
}

static void test_a_notice_stands_above_the_bars(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 1, 0, 1000, "downloading");
        tell(&f, "NOTICE", "retrying in 4 s: \033[2J");
        read_screen(&f, &s);
        assert_string_equal(s.cells[0], "retrying in 4 s: \\x1b[2J");
        assert_true(str_has_prefix(s.cells[1], "000000000001 downloading"));
        assert_string_equal(s.cells[2], "");
        end(&f);
}

static void test_bars_are_drawn_in_utf8_where_that_is_spoken(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_BARS, &utf8);
        tell_layer(&f, 1, 1, 500, 1000, "downloading");
        fflush(f.out);
        assert_non_null(strstr(f.text, "━─"));
        assert_null(strchr(f.text, '#'));
        end(&f);
}

static void test_layers_of_the_next_image_take_the_place_of_the_last_ones(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_layer(&f, 1, 1, 1000, 1000, "done");
        tell_all(&f, "LAYER=1 LAYERS=1 LAYER_DIGEST=sha256:other LAYER_STATE=unpacking");
        read_screen(&f, &s);
        assert_true(str_has_prefix(s.cells[0], "other        unpacking"));
        assert_null(strstr(s.cells[0], "1000B"));
        end(&f);
}

/* ---- elsewhere ---------------------------------------------------------------------------------- */

static void test_in_a_pipe_each_change_is_a_line(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_LINES, &ascii);
        tell_layer(&f, 1, 1, 0, 2048, "waiting");
        tell_layer(&f, 1, 1, 0, 2048, "downloading");
        tell_layer(&f, 1, 1, 1000, 2048, "downloading");
        tell(&f, "NOTICE", "trying mirror b");
        tell_layer(&f, 1, 1, 2048, 2048, "unpacking");
        tell_layer(&f, 1, 1, 2048, 2048, "done");
        assert_int_equal(progress_end(f.progress), 0);
        fflush(f.out);
        assert_string_equal(f.text,
                        "000000000001: downloading, 2.0K\n"
                        "trying mirror b\n"
                        "000000000001: unpacking, 2.0K\n"
                        "000000000001: done, 2.0K\n");
        end(&f);
}

static void test_for_programs_each_event_is_an_object(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_JSON, &ascii);
        tell_layer(&f, 1, 2, 10, 20, "downloading");
        tell(&f, "NOTICE", "a\"b");
        assert_int_equal(progress_end(f.progress), 0);
        fflush(f.out);
        assert_string_equal(f.text,
                        "{\"Layer\":1,\"Layers\":2,\"Digest\":\"sha256:0000000000014567\","
                        "\"Size\":20,\"Bytes\":10,\"State\":\"downloading\"}\n"
                        "{\"Notice\":\"a\\\"b\"}\n");
        end(&f);
}

static void test_quiet_is_quiet(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_NONE, &ascii);
        tell_layer(&f, 1, 1, 0, 1, "downloading");
        tell(&f, "NOTICE", "x");
        assert_int_equal(progress_end(f.progress), 0);
        fflush(f.out);
        assert_int_equal(f.size, 0);
        end(&f);
}

static void test_what_is_no_progress_is_kept(void **state) {
        Fixture f;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_all(&f, "IMAGE=sha256:1 LAYER=1 LAYER_STATE=done NAME=a");
        const ImageRecords *answer = progress_answer(f.progress);
        assert_int_equal(answer->n_fields, 2);
        assert_string_equal(answer->fields[1].key, "NAME");
        end(&f);
}

static void test_nonsense_is_drawn_as_nothing(void **state) {
        static const char *const streams[] = {
                "LAYER=0 LAYERS=1 LAYER_STATE=done",
                "LAYER=1 LAYERS=1 LAYER_STATE=frobnicating",
                "LAYER=99999999999999 LAYERS=99999999999999 LAYER_STATE=done",
                "LAYER=x LAYER_STATE=done",
                "LAYER_STATE=done",
                "LAYER_STATE=",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(streams); i++) {
                Fixture f;

                begin(&f, PROGRESS_BARS, &ascii);
                tell_all(&f, streams[i]);
                assert_int_equal(progress_end(f.progress), 0);
                fflush(f.out);
                assert_int_equal(f.size, 0);
                end(&f);
        }
}

/* As the first supd-image told it. */
static void test_an_event_may_lack_most_of_it(void **state) {
        Fixture f;
        Screen s;

        (void) state;
        begin(&f, PROGRESS_BARS, &ascii);
        tell_all(&f, "LAYER=2 LAYER_STATE=unpacking");
        read_screen(&f, &s);
        assert_non_null(strstr(s.cells[1], "unpacking"));
        tell_all(&f, "LAYER=2 LAYER_SIZE=x LAYER_BYTES=-1 LAYER_STATE=done");
        read_screen(&f, &s);
        assert_non_null(strstr(s.cells[1], "done"));
        end(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_layer_has_a_line_that_is_drawn_in_place),
                cmocka_unit_test(test_a_rate_is_shown_once_it_is_known),
                cmocka_unit_test(test_it_fits_any_width),
                cmocka_unit_test(test_it_is_never_higher_than_the_screen),
                cmocka_unit_test(test_what_has_no_line_is_counted),
                cmocka_unit_test(test_a_terminal_that_becomes_narrower_is_drawn_over),
                cmocka_unit_test(test_drawing_is_rare_unless_a_state_changes),
                cmocka_unit_test(test_a_notice_stands_above_the_bars),
                cmocka_unit_test(test_bars_are_drawn_in_utf8_where_that_is_spoken),
                cmocka_unit_test(test_layers_of_the_next_image_take_the_place_of_the_last_ones),
                cmocka_unit_test(test_in_a_pipe_each_change_is_a_line),
                cmocka_unit_test(test_for_programs_each_event_is_an_object),
                cmocka_unit_test(test_quiet_is_quiet),
                cmocka_unit_test(test_what_is_no_progress_is_kept),
                cmocka_unit_test(test_nonsense_is_drawn_as_nothing),
                cmocka_unit_test(test_an_event_may_lack_most_of_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
