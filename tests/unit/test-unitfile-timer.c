/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* .timer units: keys of [Timer], and what follows from them for dependencies. */

#include "base/clock.h"
#include "test-unitfile-fixture.h"

static UnitSpec *load_timer(const char *lines) {
        _cleanup_free_ char *text = str_printf("[Timer]\n%s", lines);
        UnitSpec *u = fixture_load("backup.timer", text);

        assert_int_equal(u->kind, UNIT_KIND_TIMER);
        return u;
}

static void test_a_timer_has_the_defaults_of_the_reference(void **state) {
        UnitSpec *u = load_timer("OnCalendar=daily\n");
        const TimerSpec *t = &u->timer;

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->id, "backup.timer");
        assert_string_equal(t->unit, "backup.service");
        assert_int_equal(t->n_values, 1);
        assert_int_equal(t->values[0].base, TIMER_CALENDAR);
        assert_int_equal(t->accuracy_usec, USEC_PER_MINUTE);
        assert_int_equal(t->random_delay_usec, 0);
        assert_int_equal(t->random_offset_usec, 0);
        assert_true(t->remain_after_elapse);
        assert_false(t->fixed_random_delay || t->persistent || t->defer_reactivation);
        assert_false(t->on_clock_change || t->on_timezone_change);
        unit_spec_free(u);
}

static void test_every_key_of_a_timer_is_read(void **state) {
        UnitSpec *u = load_timer(
                        "OnActiveSec=1\nOnBootSec=2min\nOnStartupSec=3\nOnUnitActiveSec=4\n"
                        "OnUnitInactiveSec=5\nOnCalendar=Mon 10:00\nUnit=%p-job.service\n"
                        "AccuracySec=1us\nRandomizedDelaySec=10\nFixedRandomDelay=yes\n"
                        "RandomizedOffsetSec=1h\nPersistent=true\nRemainAfterElapse=no\n"
                        "DeferReactivation=yes\nOnClockChange=on\nOnTimezoneChange=1\n"
                        "OnActiveSec=6\nWakeSystem=no\n");
        static const TimerBase bases[] = { TIMER_ACTIVE,
                TIMER_BOOT,
                TIMER_STARTUP,
                TIMER_UNIT_ACTIVE,
                TIMER_UNIT_INACTIVE,
                TIMER_CALENDAR,
                TIMER_ACTIVE };
        static const uint64_t seconds[] = { 1, 120, 3, 4, 5, 0, 6 };
        const TimerSpec *t = &u->timer;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->diagnostics.n_items, 0);
        assert_int_equal(t->n_values, ELEMENTSOF(bases));
        for (size_t i = 0; i < ELEMENTSOF(bases); i++) {
                assert_int_equal(t->values[i].base, bases[i]);
                assert_int_equal(t->values[i].span_usec, seconds[i] * USEC_PER_SEC);
                assert_true(!t->values[i].calendar == (bases[i] != TIMER_CALENDAR));
        }
        assert_string_equal(t->unit, "backup-job.service");
        assert_int_equal(t->accuracy_usec, 1);
        assert_int_equal(t->random_delay_usec, 10 * USEC_PER_SEC);
        assert_int_equal(t->random_offset_usec, USEC_PER_HOUR);
        assert_true(t->fixed_random_delay && t->persistent && t->defer_reactivation);
        assert_true(t->on_clock_change && t->on_timezone_change);
        assert_false(t->remain_after_elapse);
        unit_spec_free(u);
}

static void test_an_empty_time_clears_those_of_all_keys_before_it(void **state) {
        UnitText texts[] = {
                UNIT_TEXT("backup.timer", "[Timer]\nOnActiveSec=1\nOnCalendar=daily\n"),
                UNIT_TEXT("a.conf", "[Timer]\nOnBootSec=\nOnActiveSec=2\nOnCalendar=weekly\n"),
        };
        UnitSpec *u = fixture_load_texts("backup.timer", texts, ELEMENTSOF(texts));

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->timer.n_values, 2);
        assert_int_equal(u->timer.values[0].span_usec, 2 * USEC_PER_SEC);
        _cleanup_free_ char *text = calendar_format(u->timer.values[1].calendar);
        assert_string_equal(text, "Mon *-*-* 00:00:00");
        unit_spec_free(u);

        /* Whatever the order of the keys. */
        u = load_timer("OnCalendar=daily\nOnActiveSec=\nOnCalendar=weekly\n");
        assert_int_equal(u->timer.n_values, 1);
        unit_spec_free(u);
        u = load_timer("OnActiveSec=5\nOnCalendar=daily\nOnActiveSec=\nOnBootSec=1\n");
        assert_int_equal(u->timer.n_values, 1);
        assert_int_equal(u->timer.values[0].base, TIMER_BOOT);
        unit_spec_free(u);
}

static void test_mistakes_in_a_timer_are_told_with_file_and_line(void **state) {
        static const struct {
                const char *lines, *says;
        } cases[] = {
                { "OnBootSec=1\nOnCalendar=dayly\n",
                                "backup.timer:3: Timer.OnCalendar: 'dayly' has something else "
                                "where a number "
                                "should be; did you mean 'daily'?; ignored" },
                { "OnBootSec=1\nOnCalendar=*-13-01\n",
                                "Timer.OnCalendar: '*-13-01' has a month that is not from 1 to 12; "
                                "ignored" },
                { "OnBootSec=1\nOnActiveSec=5 parsecs\n",
                                "Timer.OnActiveSec: '5 parsecs' is not a time span, such as 5min; "
                                "ignored" },
                { "OnBootSec=1\nOnCalender=daily\n",
                                "unknown key 'OnCalender' in section [Timer]; ignored; did you "
                                "mean "
                                "'OnCalendar'?" },
                { "OnBootSec=1\nUnit=backup\n",
                                "Timer.Unit: 'backup' is not the name of a unit, such as "
                                "NAME.service" },
                { "OnBootSec=1\nUnit=other.timer\n",
                                "Timer.Unit: 'other.timer' is of the same type as this unit" },
                { "OnBootSec=1\nUnit=backup.timer\n",
                                "Timer.Unit: 'backup.timer' is this unit itself" },
                { "OnBootSec=1\nWakeSystem=yes\n", "Timer.WakeSystem: has no effect" },
                { "OnBootSec=1\nPersistent=yes\n",
                                "Persistent= has no effect without OnCalendar=" },
                { "OnBootSec=1\n[Container]\nImage=x\n",
                                "section [Container] has no meaning in a .timer file" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = load_timer(cases[i].lines);
                assert_int_equal(u->load_state, UNIT_LOADED);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                assert_string_equal(u->timer.unit, "backup.service");
                unit_spec_free(u);
        }
}

static void test_a_timer_without_a_time_is_refused(void **state) {
        static const char *const lines[] = {
                "", "Unit=x.service\n", "OnCalendar=soon\n", "OnBootSec=1\nOnCalendar=\n"
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                UnitSpec *u = load_timer(lines[i]);
                assert_int_equal(u->load_state, UNIT_BAD_SETTING);
                fixture_assert_says(&u->diagnostics, "nothing says when");
                unit_spec_free(u);
        }
        UnitSpec *u = load_timer("OnClockChange=yes\n");
        fixture_assert_loaded(u);
        unit_spec_free(u);
}

static void test_the_section_of_timers_has_no_meaning_in_a_container(void **state) {
        UnitSpec *u = fixture_load("web.container", MINIMAL "[Timer]\nOnBootSec=1\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "section [Timer] has no meaning in a .container file");
        unit_spec_free(u);
}

static bool depends(const UnitSpec *u, DependencyType type, const char *on) {
        return strv_contains(u->unit.dependencies[type], on);
}

static void test_a_timer_has_the_dependencies_of_the_reference(void **state) {
        UnitSpec *u = load_timer("OnBootSec=1\nUnit=web.container\n");

        (void) state;
        assert_true(depends(u, DEPENDENCY_TRIGGERS, "web.container"));
        assert_true(depends(u, DEPENDENCY_BEFORE, "web.container"));
        assert_true(depends(u, DEPENDENCY_BEFORE, "timers.target"));
        assert_true(depends(u, DEPENDENCY_REQUIRES, "sysinit.target"));
        assert_true(depends(u, DEPENDENCY_AFTER, "sysinit.target"));
        assert_true(depends(u, DEPENDENCY_CONFLICTS, "shutdown.target"));
        assert_true(depends(u, DEPENDENCY_BEFORE, "shutdown.target"));
        assert_false(depends(u, DEPENDENCY_AFTER, "time-sync.target"));
        unit_spec_free(u);

        u = load_timer("OnCalendar=daily\n");
        assert_true(depends(u, DEPENDENCY_AFTER, "time-set.target"));
        assert_true(depends(u, DEPENDENCY_AFTER, "time-sync.target"));
        unit_spec_free(u);

        u = load_timer("OnCalendar=daily\n[Unit]\nDefaultDependencies=no\n");
        assert_true(depends(u, DEPENDENCY_TRIGGERS, "backup.service"));
        assert_true(depends(u, DEPENDENCY_BEFORE, "backup.service"));
        assert_false(depends(u, DEPENDENCY_BEFORE, "timers.target"));
        assert_false(depends(u, DEPENDENCY_REQUIRES, "sysinit.target"));
        assert_false(depends(u, DEPENDENCY_AFTER, "time-sync.target"));
        unit_spec_free(u);
}

static void test_an_instance_of_a_timer_starts_that_of_the_service(void **state) {
        UnitSpec *u = fixture_load("job@a.timer", "[Timer]\nOnBootSec=1\n");

        (void) state;
        assert_string_equal(u->timer.unit, "job@a.service");
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_timer_has_the_defaults_of_the_reference),
                cmocka_unit_test(test_every_key_of_a_timer_is_read),
                cmocka_unit_test(test_an_empty_time_clears_those_of_all_keys_before_it),
                cmocka_unit_test(test_mistakes_in_a_timer_are_told_with_file_and_line),
                cmocka_unit_test(test_a_timer_without_a_time_is_refused),
                cmocka_unit_test(test_the_section_of_timers_has_no_meaning_in_a_container),
                cmocka_unit_test(test_a_timer_has_the_dependencies_of_the_reference),
                cmocka_unit_test(test_an_instance_of_a_timer_starts_that_of_the_service),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
