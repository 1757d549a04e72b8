/* SPDX-License-Identifier: MIT */

/* org.supd.Secret: what may be stored, and how it has to come. */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "unit/test-control-world.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int memory_of(size_t size, int seals) {
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_true(fd >= 0);
        assert_true(ftruncate(fd, (off_t) size) >= 0);
        assert_true(fcntl(fd, F_ADD_SEALS, seals) >= 0);
        return fd;
}

static void create(sd_bus *bus, const char *name, int fd, bool replace, Answer *answer) {
        ask_at(bus,
                        answer,
                        SUPD_BUS_PATH,
                        SUPD_BUS_SECRET,
                        "Create",
                        "shasb",
                        name,
                        fd,
                        1,
                        "a=b",
                        (int) replace);
}

static void assert_create_refused(
                World *w, const char *name, int fd, const char *bus_name, const char *text) {
        _cleanup_bus_ sd_bus *bus = client_new(w);
        Answer answer = {};

        create(bus, name, fd, /* replace= */ false, &answer);
        assert_refused(w, &answer, bus_name);
        if (!strstr(sd_bus_message_get_error(answer.message)->message, text))
                fail_msg("%s", sd_bus_message_get_error(answer.message)->message);
        answer_done(&answer);
        (void) close_fd(fd);
}

static void test_what_can_still_be_changed_is_no_secret(void **state) {
        assert_create_refused(*state,
                        "db",
                        memory_of(5, F_SEAL_SHRINK | F_SEAL_GROW),
                        SD_BUS_ERROR_INVALID_ARGS,
                        "sealed memory file");
        assert_create_refused(*state,
                        "db",
                        open("/dev/null", O_RDONLY | O_CLOEXEC),
                        SD_BUS_ERROR_INVALID_ARGS,
                        "sealed memory file");
}

static void test_a_secret_has_a_size_and_a_name(void **state) {
        assert_create_refused(*state,
                        "db",
                        memory_of(0, SEALS),
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "this one has 0");
        assert_create_refused(*state,
                        "db",
                        memory_of(SUPD_SECRET_SIZE_MAX + 1, SEALS),
                        SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "1 to 524288 bytes");
        assert_create_refused(*state,
                        "a/b",
                        memory_of(5, SEALS),
                        SD_BUS_ERROR_INVALID_ARGS,
                        "not the name of a secret");
}

static void test_a_secret_is_stored_once_and_replaced_if_asked_for(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_close_ int fd = memory_of(5, SEALS);
        Answer first = {}, again = {}, replaced = {};
        const char *id, *new_id;

        create(bus, "db", fd, /* replace= */ false, &first);
        assert_answered(w, &first);
        assert_true(sd_bus_message_read(first.message, "s", &id) > 0);
        create(bus, "db", fd, /* replace= */ false, &again);
        assert_refused(w, &again, SD_BUS_ERROR_INVALID_ARGS);
        create(bus, "db", fd, /* replace= */ true, &replaced);
        assert_answered(w, &replaced);
        assert_true(sd_bus_message_read(replaced.message, "s", &new_id) > 0);
        assert_string_equal(id, new_id);
        assert_int_equal(w->control->n_secret_changes, 0);
        answer_done(&first);
        answer_done(&again);
        answer_done(&replaced);
}

static void test_of_two_that_create_the_same_one_is_refused(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_close_ int fd = memory_of(5, SEALS);
        Answer answers[2] = {};
        unsigned n_refused = 0;

        for (size_t i = 0; i < ELEMENTSOF(answers); i++)
                create(bus, "both", fd, /* replace= */ false, &answers[i]);
        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                await(w, &answers[i]);
                n_refused += sd_bus_message_is_method_error(answers[i].message, NULL) > 0;
                answer_done(&answers[i]);
        }
        assert_int_equal(n_refused, 1);
}

static void test_there_are_no_more_changes_at_a_time_than_the_limit(void **state) {
        World *w = *state;

        w->control->limits.secret_changes = 0;
        assert_create_refused(
                        w, "db", memory_of(5, SEALS), SD_BUS_ERROR_LIMITS_EXCEEDED, "wait for one");
}

static void test_a_missing_secret_has_an_error_of_its_own(void **state) {
        static const char *const methods[] = { "Inspect", "GetData", "Remove" };
        World *w = *state;

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                _cleanup_bus_ sd_bus *bus = client_new(w);
                Answer answer = {};

                ask_at(bus, &answer, SUPD_BUS_PATH, SUPD_BUS_SECRET, methods[i], "s", "nothing");
                assert_refused(w, &answer, "org.supd.Error.NoSuchSecret");
                answer_done(&answer);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                                test_what_can_still_be_changed_is_no_secret, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_a_secret_has_a_size_and_a_name, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_a_secret_is_stored_once_and_replaced_if_asked_for,
                                set_up,
                                tear_down),
                cmocka_unit_test_setup_teardown(
                                test_of_two_that_create_the_same_one_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_there_are_no_more_changes_at_a_time_than_the_limit,
                                set_up,
                                tear_down),
                cmocka_unit_test_setup_teardown(
                                test_a_missing_secret_has_an_error_of_its_own, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
