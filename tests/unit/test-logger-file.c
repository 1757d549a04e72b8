/* SPDX-License-Identifier: MIT */

/*
 * supd-log, run on pipes and a directory of its own. A full disk is played by RLIMIT_FSIZE, which
 * can be lifted from outside and needs no root: the write fails with EFBIG in place of ENOSPC.
 */

#include "lib/run-program.h"

#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PREFIX_LENGTH 40

static char directory[64];

/* ---- running it ---- */

static void log_start(Run *r, const char *size_max, const char *count) {
        char *argv[] = {
                (char *) run_binary("supd-log"),
                (char *) "--directory",
                directory,
                (char *) "--size-max",
                (char *) size_max,
                (char *) "--label=test",
                (char *) "--count",
                (char *) count,
                NULL,
        };

        r->extra_is_input = true;
        if (r->n_extra == 0)
                r->n_extra = 2;
        run_start(r, argv);
}

static void log_end(Run *r) {
        run_close(&r->extra[0]);
        run_close(&r->extra[1]);
        assert_int_equal(run_wait(r), 0);
}

static void log_out(Run *r, const char *text) {
        run_write(r->extra[0], text, strlen(text));
}

static void log_err(Run *r, const char *text) {
        run_write(r->extra[1], text, strlen(text));
}

/* ---- looking at what it wrote ---- */

static const char *file_path(const char *name) {
        static char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

/* The file's text, "" if there is none; freed by the caller. */
static char *file_text(const char *name) {
        int fd = open(file_path(name), O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return calloc(1, 1);
        assert_int_equal(fstat(fd, &st), 0);

        char *text = calloc(1, (size_t) st.st_size + 1);
        assert_non_null(text);
        assert_int_equal(read(fd, text, (size_t) st.st_size), st.st_size);
        (void) close(fd);
        return text;
}

static bool prefix_is_valid(const char *line, const char *rest) {
        static const char pattern[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";

        for (size_t i = 0; pattern[i] != '\0'; i++) {
                bool is_digit = line[i] >= '0' && line[i] <= '9';

                if (pattern[i] == 'd' ? !is_digit : line[i] != pattern[i])
                        return false;
        }

        return strncmp(line + sizeof(pattern) - 1, rest, strlen(rest)) == 0;
}

/* Takes one line "PREFIX text" off *p; NULL at the end. @tag: "stdout F ". Text is terminated. */
static char *take_line(char **p, const char *tag) {
        char *line = *p, *end = strchr(line, '\n');

        if (*line == '\0')
                return NULL;
        if (!end || !prefix_is_valid(line, tag)) {
                fail_msg("malformed line: %.80s", line);
                return NULL;
        }

        *end = '\0';
        *p = end + 1;
        return line + PREFIX_LENGTH;
}

static void expect_line(char **p, const char *tag, const char *text) {
        char *line = take_line(p, tag);

        assert_non_null(line);
        assert_string_equal(line, text);
}

static char *repeat(char c, size_t length, const char *end) {
        char *text = calloc(1, length + strlen(end) + 1);

        assert_non_null(text);
        memset(text, c, length);
        memcpy(text + length, end, strlen(end));
        return text;
}

static int count_files(void) {
        DIR *d = opendir(directory);
        int n = 0;

        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d)) != NULL;)
                n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
        (void) closedir(d);
        return n;
}

static int setup(void **state) {
        (void) state;
        (void) snprintf(directory, sizeof(directory), "/tmp/test-logger-XXXXXX");
        return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state) {
        DIR *d = opendir(directory);

        (void) state;
        for (struct dirent *e; d && (e = readdir(d)) != NULL;)
                (void) unlink(file_path(e->d_name));
        if (d)
                (void) closedir(d);
        return rmdir(directory);
}

/* Deadline instead of a barrier: until the file holds the text. */
static void wait_for_text(const char *name, const char *text) {
        uint64_t deadline = run_now_msec() + RUN_DEADLINE_MSEC;

        for (;;) {
                char *found = file_text(name);
                bool is_there = strstr(found, text);

                free(found);
                if (is_there)
                        return;
                if (run_now_msec() > deadline)
                        fail_msg("'%s' is not logged in time", text);
                (void) poll(NULL, 0, 2);
        }
}

/* ---- tests ---- */

static void test_lines_are_tagged_by_stream(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "100000", "3");
        log_out(&r, "one\n");
        wait_for_text("0.log", "one");
        log_err(&r, "two\n\n");
        wait_for_text("0.log", "two");
        log_out(&r, "three\nfour\n");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        expect_line(&p, "stdout F ", "one");
        expect_line(&p, "stderr F ", "two");
        expect_line(&p, "stderr F ", "");
        expect_line(&p, "stdout F ", "three");
        expect_line(&p, "stdout F ", "four");
        assert_string_equal(p, "");
        free(text);
}

static void test_time_is_now(void **state) {
        Run r = {};
        struct tm tm = {};
        time_t before = time(NULL);

        (void) state;
        log_start(&r, "100000", "3");
        log_out(&r, "x\n");
        log_end(&r);

        char *text = file_text("0.log");
        assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
        assert_in_range(timegm(&tm), before, time(NULL));
        free(text);
}

static void test_unfinished_line_waits_for_its_rest(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "100000", "3");
        log_out(&r, "begin ");
        log_err(&r, "other\n");
        wait_for_text("0.log", "other");
        log_out(&r, "end\nlast words");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        expect_line(&p, "stderr F ", "other");
        expect_line(&p, "stdout F ", "begin end");
        expect_line(&p, "stdout F ", "last words");
        assert_string_equal(p, "");
        free(text);
}

static void expect_pieces(size_t length, const char *end) {
        Run r = {};
        char *line = repeat('x', length, end);

        log_start(&r, "1000000", "3");
        log_out(&r, line);
        if (*end)
                log_out(&r, "next\n");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        for (; length > 16384; length -= 16384)
                assert_int_equal(strlen(take_line(&p, "stdout P ")), 16384);
        assert_int_equal(strlen(take_line(&p, "stdout F ")), length);
        if (*end)
                expect_line(&p, "stdout F ", "next");
        assert_string_equal(p, "");
        free(text);
        free(line);
        (void) unlink(file_path("0.log"));
}

static void test_long_lines_are_cut_at_16_kib(void **state) {
        static const size_t lengths[] = { 16383, 16384, 16385, 32768, 32769, 65536, 200000 };

        (void) state;
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                expect_pieces(lengths[i], "\n");
                expect_pieces(lengths[i], "");
        }
}

static void test_any_byte_passes(void **state) {
        Run r = {};
        char bytes[256];

        (void) state;
        for (int i = 0; i < 256; i++)
                bytes[i] = (char) (i == '\n' ? ' ' : i);
        bytes[255] = '\n';
        log_start(&r, "100000", "3");
        run_write(r.extra[0], bytes, sizeof(bytes));
        log_end(&r);

        char *text = file_text("0.log");
        assert_memory_equal(text + PREFIX_LENGTH, bytes, sizeof(bytes));
        free(text);
}

/* Lines "NUMBER" over all files, oldest first, each once; returns the first. */
static int expect_numbers(int n_files, int last) {
        int next = -1, first = -1;

        for (int i = n_files - 1; i >= 0; i--) {
                char name[32], *line;

                (void) snprintf(name, sizeof(name), i > 0 ? "0.log.%d" : "0.log", i);
                char *text = file_text(name), *p = text;
                assert_string_not_equal(text, "");
                while ((line = take_line(&p, "stdout F ")) != NULL) {
                        int number = (int) strtol(line, NULL, 10);

                        if (first < 0)
                                first = next = number;
                        assert_int_equal(number, next);
                        next++;
                }
                free(text);
        }

        assert_int_equal(next, last + 1);
        return first;
}

static void log_numbers(Run *r, int from, int to) {
        for (int i = from; i <= to; i++) {
                char line[16];

                (void) snprintf(line, sizeof(line), "%09d\n", i);
                log_out(r, line);
        }
}

static void expect_sizes_up_to(off_t size_max, int n_files) {
        struct stat st;

        for (int i = 0; i < n_files; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), i > 0 ? "0.log.%d" : "0.log", i);
                assert_int_equal(stat(file_path(name), &st), 0);
                assert_in_range(st.st_size, 1, size_max);
        }
}

static void test_rotation_loses_and_splits_nothing(void **state) {
        Run r = {};

        (void) state;
        /* 50 bytes a line, 20 in a file; 1000 files are more than enough. */
        log_start(&r, "1000", "1000");
        log_numbers(&r, 1, 5010);
        log_end(&r);

        assert_int_equal(count_files(), 251);
        expect_sizes_up_to(1000, 251);
        assert_int_equal(expect_numbers(251, 5010), 1);
}

static void test_rotation_keeps_as_many_files_as_asked(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "1000", "3");
        log_numbers(&r, 1, 110);
        log_end(&r);

        assert_int_equal(count_files(), 3);
        expect_sizes_up_to(1000, 3);
        assert_int_equal(expect_numbers(3, 110), 61);
}

static void test_one_file_begins_anew(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "1000", "1");
        log_numbers(&r, 1, 45);
        log_end(&r);

        assert_int_equal(count_files(), 1);
        assert_int_equal(expect_numbers(1, 45), 41);
}

static void test_line_above_the_size_has_a_file_of_its_own(void **state) {
        Run r = {};
        struct stat st;
        char *line = repeat('y', 500, "\n");

        (void) state;
        log_start(&r, "100", "10");
        log_out(&r, "a\n");
        log_out(&r, line);
        log_out(&r, "b\n");
        log_end(&r);

        assert_int_equal(count_files(), 3);
        assert_int_equal(stat(file_path("0.log.1"), &st), 0);
        assert_int_equal(st.st_size, PREFIX_LENGTH + 501);
        free(line);
}

static void test_pieces_of_a_line_stay_in_one_file(void **state) {
        Run r = {};
        char *line = repeat('z', 30000, "\nend\n");

        (void) state;
        log_start(&r, "20000", "10");
        log_out(&r, line);
        log_end(&r);

        assert_int_equal(count_files(), 2);
        char *text = file_text("0.log.1"), *p = text;
        assert_int_equal(strlen(take_line(&p, "stdout P ")), 16384);
        assert_int_equal(strlen(take_line(&p, "stdout F ")), 30000 - 16384);
        assert_string_equal(p, "");
        free(text);
        free(line);
}

static void test_endless_line_does_not_void_the_size(void **state) {
        Run r = {};
        char *line = repeat('z', 1000000, "");

        (void) state;
        log_start(&r, "20000", "3");
        log_out(&r, line);
        log_end(&r);

        assert_int_equal(count_files(), 3);
        expect_sizes_up_to(40000, 3);
        free(line);
}

static void test_gap_in_the_numbers_is_filled_first(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "1000", "4");
        log_numbers(&r, 1, 80);
        log_end(&r);
        assert_int_equal(count_files(), 4);
        assert_int_equal(unlink(file_path("0.log.1")), 0);

        r = (Run) {};
        log_start(&r, "1000", "4");
        log_numbers(&r, 81, 81);
        log_end(&r);

        char *oldest = file_text("0.log.3");
        assert_non_null(strstr(oldest, " 000000001\n"));
        free(oldest);
        assert_int_equal(count_files(), 4);
}

static void test_next_run_appends_and_counts_what_is_there(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "1000", "5");
        log_numbers(&r, 1, 15);
        log_end(&r);
        r = (Run) {};
        log_start(&r, "1000", "5");
        log_numbers(&r, 16, 25);
        log_end(&r);

        assert_int_equal(count_files(), 2);
        expect_sizes_up_to(1000, 2);
        assert_int_equal(expect_numbers(2, 25), 1);
}

static int kept_pipes[2][2];

static int use_kept_pipes(void) {
        return dup2(kept_pipes[0][0], 3) < 0 || dup2(kept_pipes[1][0], 4) < 0;
}

static void test_killed_and_started_on_the_same_pipes_goes_on(void **state) {
        Run r = { .prepare = use_kept_pipes }, next = { .prepare = use_kept_pipes };

        (void) state;
        /* Out of the way of the numbers that the program has. */
        for (int i = 0; i < 2; i++) {
                assert_int_equal(pipe2(kept_pipes[i], O_CLOEXEC), 0);
                for (int j = 0; j < 2; j++) {
                        int fd = fcntl(kept_pipes[i][j], F_DUPFD_CLOEXEC, 60);

                        (void) close(kept_pipes[i][j]);
                        kept_pipes[i][j] = fd;
                }
        }

        log_start(&r, "100000", "3");
        run_write(kept_pipes[0][1], "000000001\n", 10);
        wait_for_text("0.log", "000000001");
        assert_int_equal(kill(r.pid, SIGKILL), 0);
        assert_int_equal(run_wait(&r), -SIGKILL);

        /* Written while nobody reads. */
        run_write(kept_pipes[0][1], "000000002\n000000003\n", 20);
        log_start(&next, "100000", "3");
        for (int i = 0; i < 2; i++) {
                run_close(&kept_pipes[i][0]);
                run_close(&kept_pipes[i][1]);
        }
        log_end(&next);
        assert_int_equal(expect_numbers(1, 3), 1);
}

static void test_torn_line_of_a_killed_run_is_cut_off(void **state) {
        static const char torn[] = "2026-11-22T02:18:42.123456789Z stdout F whole\n"
                                   "2026-11-22T02:18:43.123456789Z stdout F to";
        Run r = {};

        (void) state;
        int fd = open(file_path("0.log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        run_write(fd, torn, sizeof(torn) - 1);
        (void) close(fd);
        log_start(&r, "100000", "3");
        log_out(&r, "new\n");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        expect_line(&p, "stdout F ", "whole");
        expect_line(&p, "stdout F ", "new");
        assert_string_equal(p, "");
        free(text);
}

static int small_files(void) {
        const struct rlimit limit = { .rlim_cur = 1020, .rlim_max = RLIM_INFINITY };

        return setrlimit(RLIMIT_FSIZE, &limit);
}

/* Until it has read all and sleeps again, which it does nowhere but in poll(). */
static void wait_until_idle(const Run *r) {
        uint64_t deadline = run_now_msec() + RUN_DEADLINE_MSEC;
        char path[64], text[512];
        int unread[2] = { 1, 1 };

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) r->pid);
        while (run_now_msec() < deadline) {
                for (int i = 0; i < 2; i++)
                        assert_int_equal(ioctl(r->extra[i], FIONREAD, &unread[i]), 0);

                int fd = open(path, O_RDONLY | O_CLOEXEC);
                (void) run_read_all(fd, text, sizeof(text));
                (void) close(fd);
                if (unread[0] == 0 && unread[1] == 0 && strstr(text, ") S "))
                        return;
                (void) poll(NULL, 0, 2);
        }
        fail_msg("the program does not come to rest");
}

static void test_lines_that_cannot_be_written_are_counted_and_told(void **state) {
        const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
        Run r = { .prepare = small_files };
        char lines[401] = "";
        struct stat st;

        (void) state;
        for (int i = 0; i < 40; i++)
                (void) snprintf(lines + (size_t) i * 10, 11, "%09d\n", i + 1);

        /* 50 bytes each in the file: twenty fit, the next would be torn. */
        log_start(&r, "100000", "3");
        log_out(&r, lines);
        wait_until_idle(&r);
        log_err(&r, "gone\n");
        wait_until_idle(&r);
        log_numbers(&r, 42, 42);
        wait_until_idle(&r);
        assert_int_equal(stat(file_path("0.log"), &st), 0);
        assert_int_equal(st.st_size, 1000);

        assert_int_equal(prlimit(r.pid, RLIMIT_FSIZE, &unlimited, NULL), 0);
        log_out(&r, "works again\n");
        wait_until_idle(&r);
        log_out(&r, "for good\n");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        for (int i = 1; i <= 20; i++)
                assert_int_equal(strtol(take_line(&p, "stdout F "), NULL, 10), i);
        expect_line(&p, "stderr F ", "supd-log: 22 lines lost: File too large");
        expect_line(&p, "stdout F ", "works again");
        expect_line(&p, "stdout F ", "for good");
        assert_string_equal(p, "");
        free(text);
}

static void test_signals_do_not_end_it(void **state) {
        static const int signals[] = {
                SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE
        };
        Run r = {};

        (void) state;
        log_start(&r, "100000", "3");
        log_out(&r, "before\n");
        wait_for_text("0.log", "before");
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
                assert_int_equal(kill(r.pid, signals[i]), 0);
        log_out(&r, "after\n");
        wait_for_text("0.log", "after");
        log_end(&r);
}

static void test_ends_with_the_second_of_both_streams(void **state) {
        Run r = {};

        (void) state;
        log_start(&r, "100000", "3");
        run_close(&r.extra[0]);
        log_err(&r, "still here\n");
        wait_for_text("0.log", "still here");
        assert_int_equal(waitpid(r.pid, NULL, WNOHANG), 0);
        log_end(&r);
}

static void test_one_stream_is_enough(void **state) {
        Run r = { .n_extra = 1 };

        (void) state;
        log_start(&r, "100000", "3");
        log_out(&r, "alone\n");
        log_end(&r);

        char *text = file_text("0.log"), *p = text;
        expect_line(&p, "stdout F ", "alone");
        assert_string_equal(p, "");
        free(text);
}

static void test_bulk_of_both_streams_is_complete_and_in_order(void **state) {
        enum {
                LINES = 100000
        };
        Run r = {};
        int next[2] = { 0, 0 };

        (void) state;
        log_start(&r, "100000000", "2");
        if (fork() == 0) {
                for (int i = 0; i < LINES; i++)
                        (void) dprintf(r.extra[1], "%d of stderr\n", i);
                _exit(0);
        }
        for (int i = 0; i < LINES; i++)
                (void) dprintf(r.extra[0], "%d of stdout\n", i);
        (void) wait(NULL);
        log_end(&r);

        char *text = file_text("0.log");
        for (char *p = text; *p;) {
                int is_stderr = strncmp(p + 31, "stderr", 6) == 0;
                char *line = take_line(&p, is_stderr ? "stderr F " : "stdout F ");

                assert_int_equal(strtol(line, NULL, 10), next[is_stderr]);
                next[is_stderr]++;
        }
        assert_int_equal(next[0], LINES);
        assert_int_equal(next[1], LINES);
        free(text);
}

static void test_failed_rotation_goes_on_in_the_old_file(void **state) {
        Run r = {};

        (void) state;
        /* A directory in the way fails for root too. */
        assert_int_equal(mkdir(file_path(".0.log.next"), 0700), 0);
        log_start(&r, "1000", "3");
        log_numbers(&r, 1, 50);
        log_end(&r);
        assert_int_equal(rmdir(file_path(".0.log.next")), 0);

        assert_int_equal(count_files(), 1);
        assert_int_equal(expect_numbers(1, 50), 1);
}

static void expect_refusal(const char *a, const char *b, const char *c, int exit_code) {
        char *argv[] = {
                (char *) run_binary("supd-log"), (char *) a, (char *) b, (char *) c, NULL
        };
        Run r = { .n_extra = 2, .extra_is_input = true };

        run_start(&r, argv);
        assert_int_equal(run_wait(&r), exit_code);
}

static void test_options_are_checked(void **state) {
        (void) state;
        expect_refusal("--version", NULL, NULL, 0);
        expect_refusal("--help", NULL, NULL, 0);
        expect_refusal("--nonsense", NULL, NULL, 2);
        expect_refusal("--directory=/tmp", "--size-max=0", "--count=1", 2);
        expect_refusal("--directory=/tmp", "--size-max=12k", "--count=1", 2);
        expect_refusal("--directory=/tmp", "--size-max=99999999999999999999999", "--count=1", 2);
        expect_refusal("--directory=/tmp", "--size-max=100", "--count=0", 2);
        expect_refusal("--directory=/tmp", "--size-max=100", "--count=1001", 2);
        expect_refusal("--directory=/tmp", "--size-max=100", "--count", 2);
        expect_refusal("--size-max=100", "--count=3", NULL, 2);
        expect_refusal("--directory=/no/such", "--size-max=100", "--count=3", 1);
}

#define LOG_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                LOG_TEST(test_lines_are_tagged_by_stream),
                LOG_TEST(test_time_is_now),
                LOG_TEST(test_unfinished_line_waits_for_its_rest),
                LOG_TEST(test_long_lines_are_cut_at_16_kib),
                LOG_TEST(test_any_byte_passes),
                LOG_TEST(test_rotation_loses_and_splits_nothing),
                LOG_TEST(test_rotation_keeps_as_many_files_as_asked),
                LOG_TEST(test_one_file_begins_anew),
                LOG_TEST(test_line_above_the_size_has_a_file_of_its_own),
                LOG_TEST(test_pieces_of_a_line_stay_in_one_file),
                LOG_TEST(test_endless_line_does_not_void_the_size),
                LOG_TEST(test_gap_in_the_numbers_is_filled_first),
                LOG_TEST(test_next_run_appends_and_counts_what_is_there),
                LOG_TEST(test_killed_and_started_on_the_same_pipes_goes_on),
                LOG_TEST(test_torn_line_of_a_killed_run_is_cut_off),
                LOG_TEST(test_lines_that_cannot_be_written_are_counted_and_told),
                LOG_TEST(test_signals_do_not_end_it),
                LOG_TEST(test_ends_with_the_second_of_both_streams),
                LOG_TEST(test_one_stream_is_enough),
                LOG_TEST(test_bulk_of_both_streams_is_complete_and_in_order),
                LOG_TEST(test_failed_rotation_goes_on_in_the_old_file),
                LOG_TEST(test_options_are_checked),
        };

        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
