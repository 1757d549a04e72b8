/* SPDX-License-Identifier: MIT */

/* Records in a directory of the test's own; nobody keeps descriptors for it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "recovery/store.h"

typedef struct Place {
        char *dir; /* owned */
} Place;

static int place_setup(void **state) {
        Place *p = calloc(1, sizeof(*p));

        assert_non_null(p);
        p->dir = strdup("/tmp/supd-test-store-XXXXXX");
        assert_non_null(mkdtemp(p->dir));
        unsetenv("NOTIFY_SOCKET");
        unsetenv("LISTEN_FDS");
        *state = p;
        return 0;
}

static int place_teardown(void **state) {
        Place *p = *state;

        (void) dir_remove_all(AT_FDCWD, p->dir);
        free(p->dir);
        free(p);
        return 0;
}

static Store *opened(const Place *p) {
        Store *s = NULL;

        assert_int_equal(store_open(p->dir, &s, NULL), 0);
        return s;
}

static bool exists(const Place *p, const char *name) {
        _cleanup_free_ char *path = str_printf("%s/%s", p->dir, name);
        return access(path, F_OK) >= 0;
}

static void save(Store *s, const char *unit, const char *text) {
        UnitStore *us = store_unit_store(s);
        assert_int_equal(us->ops->save(us, unit, text, NULL), 0);
}

static void test_a_record_is_found_by_the_next_store_once(void **state) {
        Place *p = *state;
        _cleanup_(store_freep) _unused_ Store *first = opened(p);

        save(first, "web.service", "State=running\n");
        save(first, "web.service", "State=failed\n");
        _cleanup_(store_freep) _unused_ Store *second = opened(p);
        UnitStore *us = store_unit_store(second);
        _cleanup_(record_freep) _unused_ Record *r = us->ops->take_record(us, "web.service");
        assert_non_null(r);
        assert_string_equal(record_get(r, "State"), "failed");
        assert_null(us->ops->take_record(us, "web.service"));
        us->ops->forget(us, "web.service");
        assert_false(exists(p, "container/web"));
}

static void test_records_that_nobody_takes_are_named_and_removed(void **state) {
        Place *p = *state;
        _cleanup_(store_freep) _unused_ Store *first = opened(p);
        _cleanup_strv_ char **names = NULL;

        save(first, "web.service", "State=running\n");
        save(first, "gone.service", "State=running\n");
        _cleanup_(store_freep) _unused_ Store *second = opened(p);
        UnitStore *us = store_unit_store(second);
        _cleanup_(record_freep) _unused_ Record *r = us->ops->take_record(us, "web.service");
        assert_int_equal(store_settle(second, &names), 0);
        assert_int_equal(strv_length(names), 1);
        assert_string_equal(names[0], "gone.service");
        assert_true(exists(p, "container/web/state"));
        assert_false(exists(p, "container/gone"));
}

static void test_a_damaged_record_costs_its_own_unit_alone(void **state) {
        static const char *const damages[] = { "\xff\xfe no record", "State", "=\n" };
        Place *p = *state;

        for (size_t i = 0; i < ELEMENTSOF(damages); i++) {
                _cleanup_(store_freep) _unused_ Store *first = opened(p);
                save(first, "web.service", "State=running\n");
                save(first, "bad.service", damages[i]);
                _cleanup_(store_freep) _unused_ Store *second = opened(p);
                UnitStore *us = store_unit_store(second);
                _cleanup_(record_freep) _unused_ Record *r =
                                us->ops->take_record(us, "web.service");
                _cleanup_(record_freep) Record *bad = us->ops->take_record(us, "bad.service");
                assert_non_null(r);
                /* Read as a record without a state, or not at all: never as one that is whole. */
                assert_true(!bad || !record_get(bad, "State"));
        }
}

static void test_a_record_cut_off_before_it_was_made_is_cleared_away(void **state) {
        Place *p = *state;
        _cleanup_(store_freep) _unused_ Store *first = opened(p);
        _cleanup_free_ char *path = str_printf("%s/container/half", p->dir);

        /* What kill -9 leaves between mkdir() and the first file. */
        assert_int_equal(mkdir(path, 0700), 0);
        _cleanup_(store_freep) _unused_ Store *second = opened(p);
        assert_false(exists(p, "container/half"));
}

static void test_a_boot_is_over_when_its_jobs_are_begun(void **state) {
        Place *p = *state;
        _cleanup_(store_freep) Store *killed = opened(p);
        assert_true(store_is_first_start(killed));

        _cleanup_(store_freep) _unused_ Store *second = opened(p);
        assert_true(store_is_first_start(second));
        assert_int_equal(store_mark_started(second, NULL), 0);

        _cleanup_(store_freep) Store *third = opened(p);
        assert_false(store_is_first_start(third));
        assert_int_equal(store_mark_started(third, NULL), 0);
        store_remove(third); /* a clean end */

        _cleanup_(store_freep) Store *fourth = opened(p);
        assert_true(store_is_first_start(fourth));
}

static void test_a_descriptor_has_one_name_and_each_name_one_descriptor(void **state) {
        Place *p = *state;
        _cleanup_(store_freep) Store *s = opened(p);
        UnitStore *us = store_unit_store(s);

        assert_int_equal(us->ops->put_fd(us, "a", STDIN_FILENO), 0);
        assert_int_equal(us->ops->put_fd(us, "a", STDOUT_FILENO), -EEXIST);
        us->ops->drop_fd(us, "a");
        us->ops->drop_fd(us, "a");
        assert_int_equal(us->ops->put_fd(us, "a", STDOUT_FILENO), 0);
        assert_int_equal(us->ops->take_fd(us, "a"), -ENOENT); /* was not passed to us */
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PLACE_TEST(test_a_record_is_found_by_the_next_store_once),
                PLACE_TEST(test_records_that_nobody_takes_are_named_and_removed),
                PLACE_TEST(test_a_damaged_record_costs_its_own_unit_alone),
                PLACE_TEST(test_a_record_cut_off_before_it_was_made_is_cleared_away),
                PLACE_TEST(test_a_boot_is_over_when_its_jobs_are_begun),
                PLACE_TEST(test_a_descriptor_has_one_name_and_each_name_one_descriptor),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
