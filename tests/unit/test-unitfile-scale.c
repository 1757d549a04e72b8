/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/clock.h"
#include "test-unitfile-fixture.h"

/*
 * Files as large as they may be, full of the same thing. What is quadratic takes minutes here; the
 * bound, of the processor's time, is far above what linear work takes even on a slow machine under a sanitizer.
 */
#define BOUND_USEC (10 * USEC_PER_SEC)

static uint64_t processor_usec(void) {
        struct timespec t;

        assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

/* @head, then @piece until the file is full. */
static char *fill(const char *head, const char *piece) {
        size_t n = strlen(piece), size = strlen(head);
        char *text = malloc(UNIT_FILE_SIZE_MAX + 1);

        assert_non_null(text);
        memcpy(text, head, size);
        while (size + n <= UNIT_FILE_SIZE_MAX) {
                memcpy(text + size, piece, n);
                size += n;
        }
        text[size] = '\0';
        return text;
}

static void check_load(const char *head, const char *piece) {
        char *text = fill(head, piece);
        uint64_t start = processor_usec();

        unit_spec_free(fixture_load("web.container", text));
        uint64_t took = processor_usec() - start;
        free(text);
        print_message("%8ju us: '%s'...\n", (uintmax_t) took, piece);
        if (took > BOUND_USEC)
                fail_msg("'%s' repeated: %ju us", piece, (uintmax_t) took);
}

static void test_loading_is_linear_in_whatever_a_file_repeats(void **state) {
        static const struct {
                const char *head, *piece;
        } cases[] = {
                { "", "\n" },
                { "", "x\n" },
                { "", "[a]\n" },
                { "", "[Containr]\n" },
                { MINIMAL "Exec=", "a " },
                { MINIMAL "Exec=", "\\\n" },
                { MINIMAL "Exec=", "%n " },
                { MINIMAL "Exec=", "%y " },
                { MINIMAL "Exec=", "${A} " },
                { MINIMAL "Exec=", "\"" },
                { MINIMAL "Entrypoint=[", "\"a\"," },
                { MINIMAL "Environment=", "A=1 " },
                { MINIMAL, "Environment=A\n" },
                { MINIMAL "Environment=", "=1 " },
                { MINIMAL, "Environment=\\q\n" },
                { MINIMAL, "a=b\n" },
                { MINIMAL, "Memroy=1\n" },
                { MINIMAL, "Memory=x\n" },
                { MINIMAL, "Volume=/a:/b\n" },
                { MINIMAL "Volume=/a:/b:", "ro," },
                { MINIMAL "Tmpfs=/a:", "size=1," },
                { MINIMAL, "Ulimit=nofile=1\n" },
                { MINIMAL, "AddCapability=x\n" },
                { MINIMAL "AddCapability=", "x " },
                { MINIMAL "Mask=", "/a:" },
                { MINIMAL "Sysctl=", "a=1 " },
                { MINIMAL "[Service]\n", "a=b\n" },
                { MINIMAL "[Service]\n", "Restart=x\n" },
                { MINIMAL "[Service]\n", "RestartSec=\n" },
                { MINIMAL "[Service]\nSuccessExitStatus=", "x " },
                { MINIMAL "[Service]\nRestartSec=", "1s " },
                { MINIMAL "[Service]\nAllowedCPUs=", "1," },
                { MINIMAL "[Install]\nWantedBy=", "a " },
                { MINIMAL "[Unit]\n", "After=x\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check_load(cases[i].head, cases[i].piece);
}

static void test_distinct_names_are_sorted_not_searched(void **state) {
        char *text = malloc(UNIT_FILE_SIZE_MAX + 32);
        size_t size = strlen(MINIMAL "Environment=");
        unsigned n = 0;

        (void) state;
        assert_non_null(text);
        memcpy(text, MINIMAL "Environment=", size);
        while (size < UNIT_FILE_SIZE_MAX - 16)
                size += (size_t) snprintf(text + size, 16, "V%u=1 ", n++ * 7919 % 100003);
        UnitText t = { .path = "web.container", .text = text, .size = size };
        uint64_t start = processor_usec();
        UnitSpec *u = fixture_load_texts("web.container", &t, 1);
        assert_true(processor_usec() - start < BOUND_USEC);
        fixture_assert_loaded(u);
        assert_int_equal(strv_length(u->container.process.environment), MIN(n, 100003U));
        unit_spec_free(u);
        free(text);
}

static void test_diagnostics_are_bounded_and_none_is_forgotten(void **state) {
        char *text = fill(MINIMAL "[Service]\n", "a=b\n");
        UnitSpec *u = fixture_load("web.container", text);

        (void) state;
        free(text);
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_int_equal(u->diagnostics.n_items, DIAGNOSTICS_MAX);
        assert_int_equal(u->diagnostics.n_items + u->diagnostics.n_dropped,
                        (UNIT_FILE_SIZE_MAX - strlen(MINIMAL "[Service]\n")) / 4);
        unit_spec_free(u);
}

static void test_an_error_behind_a_thousand_warnings_still_counts(void **state) {
        char *text = fill(MINIMAL "[Service]\n", "a=b\n");
        size_t size = strlen(text);

        (void) state;
        memcpy(text + size - 8, &"MemoryMax=x\n"[4], 8); /* "ryMax=x" is one more warning */
        memcpy(text + size - 12, "Type=bad\n   ", 12);
        UnitSpec *u = fixture_load("web.container", text);
        free(text);
        assert_int_equal(u->load_state, UNIT_BAD_SETTING);
        fixture_assert_says(&u->diagnostics, "invalid service Type 'bad'");
        unit_spec_free(u);
}

static void test_a_thousand_units_load_in_little_time(void **state) {
        char name[64];

        (void) state;
        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(name, sizeof(name), "etc/unit-%u.container", i);
                fixture_write(name,
                                MINIMAL
                                "Exec=/bin/sleep infinity\nVolume=/srv/%N:/data\nMemory=64m\n"
                                "[Service]\nRestart=always\n[Install]\nWantedBy=multi-user."
                                "target\n");
        }
        fixture_write("etc/container.d/10.conf", "[Container]\nPidsLimit=100\n");
        uint64_t start = processor_usec();
        UnitSet *s = fixture_load_set("etc", NULL);
        uint64_t took = processor_usec() - start;
        assert_int_equal(unit_set_size(s), 1000);
        for (size_t i = 0; i < 1000; i++)
                fixture_assert_loaded(unit_set_at(s, i));
        print_message("1,000 units with a drop-in each: %ju ms\n", (uintmax_t) took / 1000);
        assert_true(took < 2 * USEC_PER_SEC); /* the budget is 100 ms; other jobs may run here */
        unit_set_free(s);
}

static void test_four_thousand_files_named_one_by_one_read_their_directory_once(void **state) {
        _cleanup_(unit_file_loader_freep) UnitFileLoader *loader = NULL;
        char name[64];

        (void) state;
        for (unsigned i = 0; i < 4000; i++) {
                (void) snprintf(name, sizeof(name), "etc/unit-%u.container", i);
                fixture_write(name, MINIMAL);
        }
        assert_int_equal(unit_file_loader_new(&loader), 0);
        uint64_t start = processor_usec();
        for (unsigned i = 0; i < 4000; i++) {
                UnitSpec *u = NULL;

                (void) snprintf(name, sizeof(name), "etc/unit-%u.container", i);
                assert_int_equal(unit_file_loader_load(loader, fixture_path(name), &u), 0);
                fixture_assert_loaded(u);
                unit_spec_free(u);
        }
        uint64_t took = processor_usec() - start;
        print_message("4,000 single files: %ju ms\n", (uintmax_t) took / 1000);
        assert_true(took < 5 * USEC_PER_SEC); /* 11 s when each read the directory anew */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_loading_is_linear_in_whatever_a_file_repeats),
                cmocka_unit_test(test_distinct_names_are_sorted_not_searched),
                cmocka_unit_test(test_diagnostics_are_bounded_and_none_is_forgotten),
                cmocka_unit_test(test_an_error_behind_a_thousand_warnings_still_counts),
                cmocka_unit_test_setup_teardown(test_a_thousand_units_load_in_little_time,
                                fixture_tree_setup,
                                fixture_tree_teardown),
                cmocka_unit_test_setup_teardown(
                                test_four_thousand_files_named_one_by_one_read_their_directory_once,
                                fixture_tree_setup,
                                fixture_tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
