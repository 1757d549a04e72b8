/* SPDX-License-Identifier: MIT */

/*
 * The lifecycle without a kernel: a fake container whose answers the test gives, and a clock that
 * the test moves.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/lifecycle.h"

typedef struct Fake {
        Lifecycle l;
        UnitSpec spec;
        UnitSpec *slot;
        uint64_t now;
        uint64_t deadline;
        bool prepare_lasts;
        unsigned prepares, starts, terminates, aborts, kills, releases, changes;
        unsigned control_kills;
        bool empty_at_once; /* nothing is left when signalled */
        unsigned n_steps[_EXEC_PHASE_MAX];
        char commands[256]; /* those that were run: "start-pre 0, " */
} Fake;

static DualTime at(const Fake *f) {
        return (DualTime) { .realtime_usec = 1000 + f->now, .monotonic_usec = f->now };
}

static void fake_prepare(Lifecycle *l) {
        Fake *f = CONTAINER_OF(l, Fake, l);

        f->prepares++;
        if (!f->prepare_lasts)
                lifecycle_post(l, SERVICE_EV_PREPARED, at(f));
}

static void fake_begin(Lifecycle *l) {
        (void) l;
}

static unsigned fake_n_steps(const Lifecycle *l, ExecPhase phase) {
        return CONTAINER_OF(l, Fake, l)->n_steps[phase];
}

static void fake_run(Lifecycle *l, ExecPhase phase, unsigned step) {
        static const char *const names[] = {
                [EXEC_CONDITION] = "condition",
                [EXEC_START_PRE] = "start-pre",
                [EXEC_START] = "start",
                [EXEC_START_POST] = "start-post",
                [EXEC_RELOAD] = "reload",
                [EXEC_STOP] = "stop",
                [EXEC_STOP_POST] = "stop-post",
        };
        Fake *f = CONTAINER_OF(l, Fake, l);
        size_t size = strlen(f->commands);

        if (phase == EXEC_START)
                f->starts++;
        snprintf(f->commands + size,
                        sizeof(f->commands) - size,
                        "%s%s %u",
                        size ? ", " : "",
                        names[phase],
                        step);
}

static void fake_signal(Lifecycle *l, LifecycleSignal what) {
        Fake *f = CONTAINER_OF(l, Fake, l);

        if (what == LIFECYCLE_KILL_CONTROL) {
                f->control_kills++;
                return;
        }
        bool mixed = f->spec.service.kill_mixed && what != LIFECYCLE_KILL;
        if (l->main_alive || l->control_runs || (!f->empty_at_once && !mixed)) {
                f->terminates += what == LIFECYCLE_TERMINATE;
                f->aborts += what == LIFECYCLE_ABORT;
                f->kills += what == LIFECYCLE_KILL;
        } else
                lifecycle_post(l, SERVICE_EV_EMPTY, at(f));
}

static void fake_release(Lifecycle *l) {
        CONTAINER_OF(l, Fake, l)->releases++;
}

static void fake_set_deadline(Lifecycle *l, uint64_t usec) {
        CONTAINER_OF(l, Fake, l)->deadline = usec;
}

static void fake_changed(Lifecycle *l, ServiceState old) {
        (void) old;
        CONTAINER_OF(l, Fake, l)->changes++;
}

static const LifecycleOps fake_ops = {
        .begin = fake_begin,
        .n_steps = fake_n_steps,
        .run = fake_run,
        .prepare = fake_prepare,
        .signal = fake_signal,
        .release = fake_release,
        .set_deadline = fake_set_deadline,
        .changed = fake_changed,
};

static void fake_init(Fake *f) {
        *f = (Fake) {
                .now = 1000 * USEC_PER_SEC,
                .deadline = USEC_INFINITY,
                .empty_at_once = true,
                .n_steps[EXEC_START] = 1,
        };
        f->slot = &f->spec;
        f->spec.service = (ServiceSpec) {
                .type = SERVICE_NOTIFY,
                .start_timeout_usec = 90 * USEC_PER_SEC,
                .stop_timeout_usec = 90 * USEC_PER_SEC,
                .abort_timeout_usec = USEC_INFINITY,
                .runtime_max_usec = USEC_INFINITY,
                .send_sigkill = true,
                .kill_mixed = true,
                .restart = {
                        .policy = RESTART_NO,
                        .delay_usec = 100 * USEC_PER_MSEC,
                        .delay_max_usec = USEC_INFINITY,
                        .reset_usec = USEC_INFINITY,
                        .limit_interval_usec = 10 * USEC_PER_SEC,
                        .limit_burst = 5,
                },
        };
        lifecycle_init(&f->l, &fake_ops, &f->slot);
}

static void post(Fake *f, ServiceEvent e) {
        lifecycle_post(&f->l, e, at(f));
}

static void end_with(Fake *f, int code, int status) {
        lifecycle_post_ended(&f->l, (ExitInfo) { .code = code, .status = status }, at(f));
}

/* Let time pass until the deadline and have it ring. */
static void ring(Fake *f) {
        assert_int_not_equal(f->deadline, USEC_INFINITY);
        f->now = MAX(f->now, f->deadline);
        lifecycle_on_deadline(&f->l, at(f));
}

static void executes(Fake *f) {
        lifecycle_post_started(&f->l, /* ready= */ true, at(f));
}

static void start_and_run(Fake *f) {
        lifecycle_start_by_hand(&f->l, at(f));
        executes(f);
}

static void all_gone(Fake *f) {
        f->empty_at_once = true;
        post(f, SERVICE_EV_EMPTY);
}

static void control_ends(Fake *f, ServiceResult result) {
        lifecycle_post_control_ended(&f->l, result, at(f));
}

#define assert_state(f, s) \
        assert_string_equal(service_state_to_string((f)->l.state), service_state_to_string(s))
#define assert_result(f, r) \
        assert_string_equal(service_result_to_string((f)->l.result), service_result_to_string(r))

/* ---- the table as a whole ------------------------------------------------------------------------ */

/* Each pair that may be ignored, and no other: a forgotten transition fails here. */
static void test_every_state_and_event_is_handled_or_listed_as_too_late(void **state) {
        /* clang-format off */
        static const char *const ignored[_SERVICE_STATE_MAX] = {
                [SERVICE_DEAD]           = "unhealthy stop reload prepared started ready error ended control-ended "
                                           "empty timeout expired proved watchdog reloading reloaded "
                                           "stopping oom reset-failed",
                [SERVICE_CONDITION]      = "start reload prepared started ready ended empty expired "
                                           "proved watchdog reloading reloaded stopping reset-failed",
                [SERVICE_START_PRE]      = "start reload prepared started ready ended empty expired "
                                           "proved watchdog reloading reloaded stopping reset-failed",
                [SERVICE_PREPARE]        = "unhealthy start reload started ready ended control-ended empty timeout "
                                           "expired proved watchdog reloading reloaded stopping oom "
                                           "reset-failed",
                [SERVICE_START]          = "start reload prepared empty expired proved watchdog reloading "
                                           "reloaded stopping reset-failed",
                [SERVICE_START_POST]     = "start reload prepared started ready expired proved watchdog "
                                           "reloading reloaded stopping reset-failed",
                [SERVICE_RUNNING]        = "start prepared started ready error control-ended timeout "
                                           "reloaded reset-failed",
                [SERVICE_EXITED]         = "unhealthy start prepared started ready error ended control-ended empty "
                                           "timeout expired proved watchdog reloading reloaded stopping "
                                           "oom reset-failed",
                [SERVICE_RELOAD]         = "start reload prepared started ready error reloading reloaded "
                                           "stopping reset-failed",
                [SERVICE_RELOAD_SIGNAL]  = "start reload prepared started ready error control-ended "
                                           "reloaded reset-failed",
                [SERVICE_RELOAD_NOTIFY]  = "start reload prepared started ready error control-ended "
                                           "reset-failed",
                [SERVICE_STOP]           = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_STOP_WATCHDOG]  = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_STOP_SIGTERM]   = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_STOP_SIGKILL]   = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_STOP_POST]      = "unhealthy start reload prepared started ready error empty expired "
                                           "proved watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_FINAL_SIGTERM]  = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_FINAL_SIGKILL]  = "unhealthy start reload prepared started ready error expired proved "
                                           "watchdog reloading reloaded stopping oom reset-failed",
                [SERVICE_FAILED]         = "unhealthy stop reload prepared started ready error ended control-ended "
                                           "empty timeout expired proved watchdog reloading reloaded "
                                           "stopping oom",
                [SERVICE_AUTO_RESTART]   = "unhealthy start reload prepared started ready error ended control-ended "
                                           "empty expired proved watchdog reloading reloaded stopping oom "
                                           "reset-failed",
        };
        /* clang-format on */

        (void) state;
        for (ServiceState s = 0; s < _SERVICE_STATE_MAX; s++) {
                for (ServiceEvent e = 0; e < _SERVICE_EVENT_MAX; e++) {
                        _cleanup_free_ char *list = str_printf(" %s ", ignored[s]);
                        _cleanup_free_ char *word = str_printf(" %s ", service_event_to_string(e));
                        bool listed = strstr(list, word) != NULL;
                        if (lifecycle_may_ignore(s, e) != listed)
                                fail_msg("%s in %s",
                                                service_event_to_string(e),
                                                service_state_to_string(s));
                }
        }
}

/* ---- preparing ----------------------------------------------------------------------------------- */

static void test_a_start_waits_for_what_it_needs_without_a_limit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.prepare_lasts = true;
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_state(&f, SERVICE_PREPARE);
        assert_int_equal(service_state_to_active(f.l.state), UNIT_ACTIVATING);
        assert_int_equal(f.deadline, USEC_INFINITY);
        assert_int_equal(f.starts, 0);
        f.now += 3600 * USEC_PER_SEC;
        post(&f, SERVICE_EV_PREPARED);
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.starts, 1);
        /* TimeoutStartSec= counts from here. */
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC);
}

static void test_a_stop_while_preparing_calls_it_off_and_is_no_failure(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.prepare_lasts = true;
        lifecycle_start_by_hand(&f.l, at(&f));
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
        assert_int_equal(f.releases, 2); /* the preparation, and the unit */
        assert_int_equal(f.starts, 0);
        post(&f, SERVICE_EV_PREPARED); /* too late */
        assert_state(&f, SERVICE_DEAD);
}

static void test_what_cannot_be_prepared_fails_or_is_tried_again_as_restart_says(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.prepare_lasts = true;
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_error(&f.l, SERVICE_FAILURE_RESOURCES, (ExitInfo) {}, at(&f));
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_RESOURCES);

        fake_init(&f);
        f.prepare_lasts = true;
        f.spec.service.restart.policy = RESTART_ON_FAILURE;
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_error(&f.l, SERVICE_FAILURE_RESOURCES, (ExitInfo) {}, at(&f));
        assert_state(&f, SERVICE_AUTO_RESTART);
        ring(&f);
        assert_state(&f, SERVICE_PREPARE);
        assert_int_equal(f.prepares, 2);
        assert_int_equal(f.l.n_restarts, 1);
}

static void test_no_event_in_any_order_breaks_the_machine(void **state) {
        uint32_t random = 1;

        (void) state;
        for (unsigned round = 0; round < 200; round++) {
                Fake f;

                fake_init(&f);
                f.spec.service.restart.policy = (RestartPolicy) (round % _RESTART_POLICY_MAX);
                f.spec.service.type = round % 3 ? SERVICE_NOTIFY : SERVICE_ONESHOT;
                f.spec.service.remain_after_exit = round % 5 == 0;
                f.empty_at_once = round % 2;
                f.spec.service.kill_mixed = round % 7 < 3;
                f.spec.service.send_sigkill = round % 11 != 0;
                for (ExecPhase p = 0; p < _EXEC_PHASE_MAX; p++)
                        f.n_steps[p] = round % (unsigned) (p + 2) % 3;
                for (unsigned i = 0; i < 300; i++) {
                        random = random * 1664525 + 1013904223;
                        f.now += random >> 12;
                        ServiceEvent e = (ServiceEvent) ((random >> 24) % _SERVICE_EVENT_MAX);
                        if (e == SERVICE_EV_ENDED)
                                end_with(&f,
                                                random & 1 ? CLD_EXITED : CLD_KILLED,
                                                (int) (random >> 8 & 15));
                        else if (e == SERVICE_EV_CONTROL_ENDED)
                                control_ends(&f,
                                                random & 1 ? SERVICE_SUCCESS
                                                           : SERVICE_FAILURE_EXIT_CODE);
                        else
                                post(&f, e);
                        assert_in_range(f.l.state, 0, _SERVICE_STATE_MAX - 1);
                        assert_int_equal(f.l.n_queued, 0);
                }
        }
}

static void test_names_of_states_lead_back(void **state) {
        (void) state;
        for (ServiceState s = 0; s < _SERVICE_STATE_MAX; s++)
                assert_int_equal(service_state_from_string(service_state_to_string(s)), s);
        assert_int_equal(service_state_from_string("nonsense"), _SERVICE_STATE_INVALID);
}

/* ---- single lives -------------------------------------------------------------------------------- */

static void test_a_start_is_active_once_the_payload_executes(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC);
        f.now += 5;
        executes(&f);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.deadline, USEC_INFINITY);
        assert_int_equal(f.l.active_enter.monotonic_usec, f.now);
        assert_false(f.l.start_failed);
}

static void test_a_clean_end_without_restart_is_dead_and_released(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
        assert_int_equal(f.releases, 1);
}

static void test_an_exit_code_is_failed(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 7);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_int_equal(f.l.exit.status, 7);
}

static void test_the_rest_of_the_cgroup_is_awaited_before_the_end(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.empty_at_once = false;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        assert_int_equal(f.kills, 1);
        all_gone(&f);
        assert_state(&f, SERVICE_DEAD);
}

static void test_what_survives_sigkill_fails_the_unit_when_time_is_up(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.empty_at_once = false;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        ring(&f);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_a_setup_error_fails_with_resources_and_keeps_its_exit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.empty_at_once = false;
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_error(&f.l,
                        SERVICE_FAILURE_RESOURCES,
                        (ExitInfo) { .code = CLD_EXITED, .status = 125 },
                        at(&f));
        end_with(&f, CLD_EXITED, 1); /* the child that reported the error */
        all_gone(&f);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_RESOURCES);
        assert_int_equal(f.l.exit.status, 125);
        assert_true(f.l.start_failed);
}

static void test_a_stop_sends_the_signal_then_kills_when_time_is_up(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 1);
        assert_int_equal(f.deadline,
                        f.now + 10 * USEC_PER_SEC); /* StopTimeout= before TimeoutStopSec= */
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        assert_int_equal(f.kills, 1);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_a_stop_that_is_obeyed_is_clean_and_never_restarts(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_DEAD);
}

static void test_stop_timeout_zero_kills_at_once_and_is_no_failure(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.l.stop_timeout_usec = 0;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        assert_int_equal(f.terminates, 0);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_DEAD);
}

static void test_an_exit_status_of_nine_is_not_taken_for_our_sigkill(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.l.stop_timeout_usec = 0;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        end_with(&f, CLD_EXITED, SIGKILL);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);

        /* But an end that nobody saw was of our making. */
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        end_with(&f, 0, 0);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
}

static void test_timeout_stop_zero_means_no_limit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.stop_timeout_usec = 0;
        f.spec.service.start_timeout_usec = 0;
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_int_equal(f.deadline, USEC_INFINITY);
        executes(&f);
        post(&f, SERVICE_EV_STOP);
        assert_int_equal(f.deadline, f.now + 10 * USEC_PER_SEC);
}

static void test_without_sigkill_a_stubborn_process_fails_the_unit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.send_sigkill = false;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        ring(&f);
        assert_state(&f, SERVICE_FAILED);
        assert_int_equal(f.kills, 0);
}

static void test_a_start_that_takes_too_long_is_killed_with_result_timeout(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_a_stop_during_setup_kills_and_is_clean(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_DEAD);
}

static void test_a_oneshot_is_activating_until_it_ends(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.type = SERVICE_ONESHOT;
        start_and_run(&f);
        assert_state(&f, SERVICE_START);
        assert_true(f.l.payload_runs);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_DEAD);
        assert_false(f.l.start_failed);
}

static void test_remain_after_exit_stays_active_after_a_clean_end_only(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.remain_after_exit = true;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_EXITED);
        assert_int_equal(service_state_to_active(f.l.state), UNIT_ACTIVE);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_DEAD);

        start_and_run(&f);
        end_with(&f, CLD_EXITED, 1);
        assert_state(&f, SERVICE_FAILED);
}

static void test_out_of_memory_is_the_result_even_if_the_stop_is_clean(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        post(&f, SERVICE_EV_OOM);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_OOM_KILL);
}

static void test_an_unhealthy_unit_is_stopped_and_its_end_is_its_result(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ON_FAILURE;
        start_and_run(&f);
        lifecycle_post_unhealthy(&f.l, SERVICE_SUCCESS, /* restart= */ false, at(&f));
        assert_state(&f, SERVICE_STOP_SIGTERM);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
}

static void test_a_restart_for_health_does_not_ask_the_policy_but_the_limit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_NO;
        f.spec.service.restart.limit_burst = 2;
        start_and_run(&f);
        lifecycle_post_unhealthy(&f.l, SERVICE_SUCCESS, /* restart= */ true, at(&f));
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_AUTO_RESTART);
        post(&f, SERVICE_EV_TIMEOUT);
        assert_state(&f, SERVICE_START);
        lifecycle_post_started(&f.l, /* ready= */ true, at(&f));
        /* Asked for by the last run, not by this one. */
        assert_false(f.l.restart_asked);
        lifecycle_post_unhealthy(&f.l, SERVICE_SUCCESS, /* restart= */ true, at(&f));
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_AUTO_RESTART);
        post(&f, SERVICE_EV_TIMEOUT);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_START_LIMIT_HIT);
}

static void test_a_stop_goes_before_a_restart_for_health(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        lifecycle_post_unhealthy(&f.l, SERVICE_SUCCESS, /* restart= */ true, at(&f));
        post(&f, SERVICE_EV_STOP);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_DEAD);
        /* And of a unit that is off nobody wants anything. */
        lifecycle_post_unhealthy(&f.l, SERVICE_FAILURE_WATCHDOG, /* restart= */ true, at(&f));
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
}

static void test_a_failed_start_up_check_is_a_failure_however_it_ends(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        lifecycle_post_unhealthy(&f.l, SERVICE_FAILURE_WATCHDOG, /* restart= */ false, at(&f));
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_WATCHDOG);
}

static void test_reset_failed_brings_a_failed_unit_back_to_dead(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 1);
        post(&f, SERVICE_EV_RESET_FAILED);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
}

static void test_a_half_made_start_is_torn_down_and_made_anew(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.empty_at_once = false;
        lifecycle_restore(&f.l, SERVICE_START);
        lifecycle_post_half_made(&f.l, at(&f));
        assert_state(&f, SERVICE_STOP_SIGKILL);
        all_gone(&f);
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.starts, 1);
        assert_int_equal(f.l.n_restarts, 0);
}

/* ---- commands ------------------------------------------------------------------------------------ */

static void fake_init_with_commands(Fake *f) {
        fake_init(f);
        f->n_steps[EXEC_CONDITION] = f->n_steps[EXEC_START_POST] = 1;
        f->n_steps[EXEC_START_PRE] = f->n_steps[EXEC_STOP] = f->n_steps[EXEC_STOP_POST] = 2;
}

static void control_ends_well(Fake *f, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                control_ends(f, SERVICE_SUCCESS);
}

#define assert_commands(f, list) assert_string_equal((f)->commands, list)

static void test_commands_run_in_series_around_the_main_process(void **state) {
        Fake f;

        (void) state;
        fake_init_with_commands(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_state(&f, SERVICE_CONDITION);
        control_ends_well(&f, 1);
        assert_state(&f, SERVICE_START_PRE);
        f.now += 5;
        control_ends_well(&f, 1);
        assert_state(&f, SERVICE_START_PRE);
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC); /* each has its own limit */
        control_ends_well(&f, 1);
        assert_int_equal(f.prepares, 1);
        executes(&f);
        assert_state(&f, SERVICE_START_POST);
        assert_true(f.l.start_failed);
        control_ends_well(&f, 1);
        assert_state(&f, SERVICE_RUNNING);
        assert_false(f.l.start_failed);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_STOP_POST);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SUCCESS);
        assert_commands(&f,
                        "condition 0, start-pre 0, start-pre 1, start 0, start-post 0, stop 0, "
                        "stop 1, stop-post 0, stop-post 1");
}

static void test_a_condition_that_is_not_met_is_no_failure_and_no_restart(void **state) {
        Fake f;

        (void) state;
        fake_init_with_commands(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        lifecycle_start_by_hand(&f.l, at(&f));
        control_ends(&f, SERVICE_SKIP_CONDITION);
        assert_state(&f, SERVICE_STOP_POST);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_DEAD);
        assert_result(&f, SERVICE_SKIP_CONDITION);
        assert_commands(&f, "condition 0, stop-post 0, stop-post 1");
}

static void test_a_command_that_fails_before_the_start_fails_the_start(void **state) {
        Fake f;

        (void) state;
        fake_init_with_commands(&f);
        f.spec.service.restart.policy = RESTART_ON_FAILURE;
        lifecycle_start_by_hand(&f.l, at(&f));
        control_ends_well(&f, 1);
        control_ends(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_state(&f, SERVICE_STOP_POST);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_AUTO_RESTART);
        assert_true(f.l.start_failed);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_commands(&f, "condition 0, start-pre 0, stop-post 0, stop-post 1");
        ring(&f);
        assert_state(&f, SERVICE_CONDITION);
}

static void test_a_command_that_fails_after_the_start_ends_the_main_process(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_START_POST] = f.n_steps[EXEC_STOP] = 1;
        start_and_run(&f);
        control_ends(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 1);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_true(f.l.start_failed);
        assert_commands(&f, "start 0, start-post 0"); /* ExecStop= is for what was up */
}

static void test_a_stop_during_a_command_signals_it_and_waits(void **state) {
        Fake f;

        (void) state;
        fake_init_with_commands(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        control_ends_well(&f, 1);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 1);
        control_ends(&f, SERVICE_FAILURE_SIGNAL); /* of our own making */
        assert_state(&f, SERVICE_STOP_POST);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_DEAD);
        assert_int_equal(f.starts, 0);
}

static void test_each_command_has_its_time(void **state) {
        static const struct {
                unsigned n_before; /* commands that end before the one that takes too long */
                ServiceState at, then;
        } cases[] = {
                { 0, SERVICE_CONDITION, SERVICE_STOP_SIGTERM },
                { 1, SERVICE_START_PRE, SERVICE_STOP_SIGTERM },
                { 3, SERVICE_START_POST, SERVICE_STOP_SIGTERM },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Fake f;

                fake_init_with_commands(&f);
                lifecycle_start_by_hand(&f.l, at(&f));
                control_ends_well(&f, cases[i].n_before);
                if (f.l.state == SERVICE_START)
                        executes(&f);
                assert_state(&f, cases[i].at);
                assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC);
                ring(&f);
                assert_state(&f, cases[i].then);
                assert_result(&f, SERVICE_FAILURE_TIMEOUT);
        }
}

static void test_a_stop_command_that_takes_too_long_gives_way_to_the_signal(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_STOP] = 2;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOP);
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 1);
        control_ends(&f, SERVICE_FAILURE_SIGNAL);
        assert_state(&f, SERVICE_STOP_SIGTERM); /* the main process is still there */
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
        assert_commands(&f, "start 0, stop 0");
}

static void test_a_last_command_that_takes_too_long_is_signalled_then_killed(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_STOP_POST] = 1;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_STOP_POST);
        ring(&f);
        assert_state(&f, SERVICE_FINAL_SIGTERM);
        ring(&f);
        assert_state(&f, SERVICE_FINAL_SIGKILL);
        control_ends(&f, SERVICE_FAILURE_SIGNAL);
        all_gone(&f);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_a_clean_end_runs_the_stop_commands_and_a_failure_does_not(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_STOP] = f.n_steps[EXEC_STOP_POST] = 1;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_STOP);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_DEAD);
        assert_commands(&f, "start 0, stop 0, stop-post 0");

        f.commands[0] = '\0';
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 1);
        assert_state(&f, SERVICE_STOP_POST);
        control_ends_well(&f, 1);
        assert_state(&f, SERVICE_FAILED);
        assert_commands(&f, "start 0, stop-post 0");
}

static void test_several_main_commands_of_a_oneshot_follow_each_other(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.type = SERVICE_ONESHOT;
        f.spec.service.remain_after_exit = true;
        f.n_steps[EXEC_START] = 3;
        f.n_steps[EXEC_STOP] = 1;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_START);
        executes(&f);
        end_with(&f, CLD_EXITED, 0);
        executes(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_EXITED);
        assert_commands(&f, "start 0, start 1, start 2");
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP);
        control_ends_well(&f, 1);
        assert_state(&f, SERVICE_DEAD);

        f.commands[0] = '\0';
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 4);
        assert_state(&f, SERVICE_FAILED);
        assert_commands(&f, "start 0");
}

static void test_a_oneshot_without_a_main_command_is_done_at_once(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.type = SERVICE_ONESHOT;
        f.spec.service.remain_after_exit = true;
        f.n_steps[EXEC_START] = 0;
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_state(&f, SERVICE_EXITED);
        assert_false(f.l.start_failed);
}

/* ---- readiness ----------------------------------------------------------------------------------- */

static void test_a_start_lasts_until_the_unit_is_ready(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_started(&f.l, /* ready= */ false, at(&f));
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC);
        post(&f, SERVICE_EV_READY);
        assert_state(&f, SERVICE_RUNNING);

        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_started(&f.l, /* ready= */ false, at(&f));
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_a_clean_end_before_it_is_ready_is_against_the_protocol(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_started(&f.l, /* ready= */ false, at(&f));
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_PROTOCOL);

        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_post_started(&f.l, /* ready= */ false, at(&f));
        end_with(&f, CLD_EXITED, 3);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
}

static void test_more_time_may_be_asked_for_where_there_is_a_limit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        lifecycle_start_by_hand(&f.l, at(&f));
        lifecycle_extend_timeout(&f.l, 10 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC); /* that is less */
        lifecycle_extend_timeout(&f.l, 300 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, f.now + 300 * USEC_PER_SEC);
        executes(&f);
        lifecycle_extend_timeout(&f.l, 300 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, USEC_INFINITY);
}

static void test_more_time_may_be_asked_for_than_runtime_max_allows(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.runtime_max_usec = 100 * USEC_PER_SEC;
        start_and_run(&f);
        assert_int_equal(f.deadline, f.now + 100 * USEC_PER_SEC);
        lifecycle_extend_timeout(&f.l, 50 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, f.now + 100 * USEC_PER_SEC);
        lifecycle_extend_timeout(&f.l, 300 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, f.now + 300 * USEC_PER_SEC);
}

/* ---- reload -------------------------------------------------------------------------------------- */

static void test_a_reload_runs_its_commands_and_the_unit_runs_on(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_RELOAD] = 2;
        start_and_run(&f);
        DualTime active = f.l.active_enter;
        f.now += 5;
        post(&f, SERVICE_EV_RELOAD);
        assert_state(&f, SERVICE_RELOAD);
        assert_int_equal(service_state_to_active(f.l.state), UNIT_RELOADING);
        assert_int_equal(f.deadline, f.now + 90 * USEC_PER_SEC);
        control_ends_well(&f, 2);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.deadline, USEC_INFINITY);
        assert_int_equal(f.l.active_enter.monotonic_usec, active.monotonic_usec);
        assert_int_equal(f.l.reload_result, SERVICE_SUCCESS);
        assert_commands(&f, "start 0, reload 0, reload 1");
}

static void test_a_reload_that_fails_or_lasts_too_long_leaves_the_unit_running(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_RELOAD] = 2;
        start_and_run(&f);
        post(&f, SERVICE_EV_RELOAD);
        control_ends(&f, SERVICE_FAILURE_EXIT_CODE);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.l.reload_result, SERVICE_FAILURE_EXIT_CODE);
        assert_result(&f, SERVICE_SUCCESS);

        post(&f, SERVICE_EV_RELOAD);
        ring(&f);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.control_kills, 1);
        assert_int_equal(f.l.reload_result, SERVICE_FAILURE_TIMEOUT);
        assert_result(&f, SERVICE_SUCCESS);

        post(&f, SERVICE_EV_RELOAD);
        assert_int_equal(f.l.reload_result, SERVICE_SUCCESS); /* of the one under way */
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_STOP_SIGTERM);
}

static void test_an_end_during_a_reload_waits_for_the_command(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.n_steps[EXEC_RELOAD] = 1;
        start_and_run(&f);
        post(&f, SERVICE_EV_RELOAD);
        end_with(&f, CLD_EXITED, 2);
        assert_state(&f, SERVICE_RELOAD);
        control_ends(&f, SERVICE_SUCCESS);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
}

static void test_a_reload_by_notification_waits_for_both_words(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.type = SERVICE_NOTIFY_RELOAD;
        f.n_steps[EXEC_RELOAD] = 1; /* the signal */
        start_and_run(&f);
        post(&f, SERVICE_EV_RELOAD);
        control_ends(&f, SERVICE_SUCCESS);
        assert_state(&f, SERVICE_RELOAD_SIGNAL);
        post(&f, SERVICE_EV_RELOADING);
        assert_state(&f, SERVICE_RELOAD_NOTIFY);
        post(&f, SERVICE_EV_RELOADED);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.l.reload_result, SERVICE_SUCCESS);

        post(&f, SERVICE_EV_RELOADING); /* on its own */
        assert_state(&f, SERVICE_RELOAD_NOTIFY);
        ring(&f);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.l.reload_result, SERVICE_FAILURE_TIMEOUT);
}

/* ---- watchdog, announced ends, limits of time ------------------------------------------------------- */

static void test_a_unit_without_a_sign_of_life_is_aborted(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.abort_timeout_usec = 7 * USEC_PER_SEC;
        lifecycle_set_watchdog(&f.l, 20 * USEC_PER_SEC, f.now);
        assert_int_equal(f.deadline, USEC_INFINITY); /* from the start on, not before */
        start_and_run(&f);
        assert_int_equal(f.deadline, f.now + 20 * USEC_PER_SEC);
        f.now += 15 * USEC_PER_SEC;
        lifecycle_ping(&f.l, f.now);
        assert_int_equal(f.deadline, f.now + 20 * USEC_PER_SEC);
        ring(&f);
        assert_state(&f, SERVICE_STOP_WATCHDOG);
        assert_int_equal(f.aborts, 1);
        assert_int_equal(f.deadline, f.now + 7 * USEC_PER_SEC);
        end_with(&f, CLD_DUMPED, SIGABRT);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_WATCHDOG);
}

static void test_who_says_that_it_stops_is_left_to_it_for_a_while(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        start_and_run(&f);
        post(&f, SERVICE_EV_STOPPING);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 0);
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_AUTO_RESTART); /* nobody asked for the stop */
}

static void test_runtime_max_ends_a_run_with_result_timeout(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.runtime_max_usec = USEC_PER_HOUR;
        f.l.runtime_extra_usec = 11;
        f.n_steps[EXEC_RELOAD] = f.n_steps[EXEC_STOP] = 1;
        start_and_run(&f);
        uint64_t end = f.now + USEC_PER_HOUR + 11;
        assert_int_equal(f.deadline, end);
        f.now += 30 * USEC_PER_MINUTE;
        post(&f, SERVICE_EV_RELOAD);
        control_ends(&f, SERVICE_SUCCESS);
        assert_int_equal(f.deadline, end); /* a reload is no new run */
        ring(&f);
        assert_state(&f, SERVICE_STOP);
        control_ends(&f, SERVICE_SUCCESS);
        end_with(&f, CLD_KILLED, SIGTERM);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

static void test_failure_modes_of_timeouts_abort_or_kill(void **state) {
        static const struct {
                TimeoutFailureMode mode;
                ServiceState start, stop;
        } cases[] = {
                { TIMEOUT_TERMINATE, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL },
                { TIMEOUT_ABORT, SERVICE_STOP_WATCHDOG, SERVICE_STOP_WATCHDOG },
                { TIMEOUT_KILL, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Fake f;

                fake_init(&f);
                f.spec.service.start_failure_mode = f.spec.service.stop_failure_mode =
                                cases[i].mode;
                lifecycle_start_by_hand(&f.l, at(&f));
                lifecycle_post_started(&f.l, /* ready= */ false, at(&f));
                ring(&f);
                assert_state(&f, cases[i].start);
                end_with(&f, CLD_KILLED, SIGKILL);

                start_and_run(&f);
                post(&f, SERVICE_EV_STOP);
                assert_state(&f, SERVICE_STOP_SIGTERM);
                ring(&f);
                assert_state(&f, cases[i].stop);
        }
}

static void test_a_unit_may_last_as_long_as_its_cgroup(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.exit_cgroup = true;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_RUNNING);
        post(&f, SERVICE_EV_EMPTY);
        assert_state(&f, SERVICE_DEAD);

        start_and_run(&f);
        post(&f, SERVICE_EV_EMPTY); /* told before the end of the main process, the last of all */
        assert_state(&f, SERVICE_RUNNING);
        end_with(&f, CLD_EXITED, 5);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_EXIT_CODE);
}

static void test_others_are_asked_to_end_before_they_are_killed_in_mode_control_group(
                void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.kill_mixed = false;
        f.empty_at_once = false;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 0);
        assert_state(&f, SERVICE_STOP_SIGTERM);
        assert_int_equal(f.terminates, 1);
        ring(&f);
        assert_state(&f, SERVICE_STOP_SIGKILL);
        all_gone(&f);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_TIMEOUT);
}

/* ---- restarts ------------------------------------------------------------------------------------ */

static void test_a_crash_waits_restart_sec_and_starts_again(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ON_FAILURE;
        start_and_run(&f);
        end_with(&f, CLD_KILLED, SIGKILL);
        assert_state(&f, SERVICE_AUTO_RESTART);
        assert_int_equal(f.deadline, f.now + 100 * USEC_PER_MSEC);
        assert_int_equal(f.releases, 0);
        ring(&f);
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.l.n_restarts, 1);
        assert_int_equal(f.starts, 2);
}

static void test_a_stop_ends_the_wait_for_a_restart(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 1);
        post(&f, SERVICE_EV_STOP);
        assert_state(&f, SERVICE_DEAD);
        assert_int_equal(f.releases, 1);
        assert_int_equal(f.deadline, USEC_INFINITY);
}

static void crash_until_it_settles(Fake *f, unsigned most) {
        for (unsigned i = 0; i < most && f->l.state != SERVICE_FAILED; i++) {
                if (f->l.state == SERVICE_START)
                        executes(f);
                else if (f->l.state == SERVICE_RUNNING)
                        end_with(f, CLD_EXITED, 1);
                else
                        ring(f);
        }
}

static void test_a_crash_loop_ends_in_start_limit_hit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        start_and_run(&f);
        crash_until_it_settles(&f, 1000);
        assert_state(&f, SERVICE_FAILED);
        assert_result(&f, SERVICE_FAILURE_START_LIMIT_HIT);
        assert_int_equal(f.starts, 5);
        assert_int_equal(f.l.n_restarts, 4);
}

static void test_a_person_is_never_refused_for_the_start_limit(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        start_and_run(&f);
        crash_until_it_settles(&f, 1000);
        post(&f, SERVICE_EV_START); /* anything but a person is refused */
        assert_state(&f, SERVICE_FAILED);
        lifecycle_start_by_hand(&f.l, at(&f));
        assert_state(&f, SERVICE_START);
        assert_int_equal(f.l.n_restarts, 0);
        assert_int_equal(f.l.limit.count, 1);
}

static void test_a_long_healthy_run_resets_counts_if_the_unit_says_so(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.policy = RESTART_ALWAYS;
        f.spec.service.restart.reset_usec = USEC_PER_HOUR;
        start_and_run(&f);
        end_with(&f, CLD_EXITED, 1);
        ring(&f);
        executes(&f);
        assert_int_equal(f.l.n_restarts, 1);
        assert_int_equal(f.deadline, f.now + USEC_PER_HOUR);
        ring(&f);
        assert_state(&f, SERVICE_RUNNING);
        assert_int_equal(f.l.n_restarts, 0);
        assert_int_equal(f.deadline, USEC_INFINITY);
}

/* Thirty days of a service that lives for a while and dies: back-off stays within its bounds, grows
 * only while lives are short, and nothing overflows or drifts. */
static void test_back_off_holds_over_simulated_days(void **state) {
        uint32_t random = 7;
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart = (RestartSpec) {
                .policy = RESTART_ALWAYS,
                .delay_usec = USEC_PER_SEC,
                .delay_max_usec = 5 * USEC_PER_MINUTE,
                .steps = 8,
                .reset_usec = 10 * USEC_PER_MINUTE,
                .limit_interval_usec = 0,
        };
        start_and_run(&f);
        uint64_t end = f.now + 30 * USEC_PER_DAY, last_delay = 0;
        unsigned resets = 0, lives = 0;
        while (f.now < end) {
                uint64_t life;

                random = random * 1664525 + 1013904223;
                life = lives % 20 == 19 ? USEC_PER_HOUR : (random >> 8) % (2 * USEC_PER_MINUTE);
                if (f.now + life >= f.deadline) {
                        ring(&f);
                        assert_int_equal(f.l.n_restarts, 0);
                        resets++;
                        last_delay = 0;
                }
                f.now += life;
                end_with(&f, CLD_EXITED, 1);
                assert_state(&f, SERVICE_AUTO_RESTART);
                uint64_t delay = f.deadline - f.now;
                assert_in_range(delay, USEC_PER_SEC, 5 * USEC_PER_MINUTE);
                assert_true(delay >= last_delay);
                last_delay = delay;
                ring(&f);
                executes(&f);
                lives++;
        }
        assert_true(resets >= 20);
        assert_true(lives > 100);
}

/* ---- pause --------------------------------------------------------------------------------------- */

static void test_a_paused_unit_does_not_use_up_its_running_time(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        f.spec.service.restart.reset_usec = USEC_PER_HOUR;
        start_and_run(&f);
        f.now += 20 * USEC_PER_MINUTE;
        lifecycle_set_frozen(&f.l, true, f.now);
        assert_int_equal(f.deadline, USEC_INFINITY);
        f.now += 3 * USEC_PER_DAY;
        lifecycle_set_frozen(&f.l, false, f.now);
        assert_int_equal(f.deadline, f.now + 40 * USEC_PER_MINUTE);
}

static void test_a_run_without_limit_has_none_after_a_pause(void **state) {
        Fake f;

        (void) state;
        fake_init(&f);
        start_and_run(&f);
        lifecycle_set_frozen(&f.l, true, f.now);
        lifecycle_set_frozen(&f.l, false, f.now + 5);
        assert_int_equal(f.deadline, USEC_INFINITY);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_state_and_event_is_handled_or_listed_as_too_late),
                cmocka_unit_test(test_a_start_waits_for_what_it_needs_without_a_limit),
                cmocka_unit_test(test_a_stop_while_preparing_calls_it_off_and_is_no_failure),
                cmocka_unit_test(
                                test_what_cannot_be_prepared_fails_or_is_tried_again_as_restart_says),
                cmocka_unit_test(test_no_event_in_any_order_breaks_the_machine),
                cmocka_unit_test(test_names_of_states_lead_back),
                cmocka_unit_test(test_a_start_is_active_once_the_payload_executes),
                cmocka_unit_test(test_a_clean_end_without_restart_is_dead_and_released),
                cmocka_unit_test(test_an_exit_code_is_failed),
                cmocka_unit_test(test_the_rest_of_the_cgroup_is_awaited_before_the_end),
                cmocka_unit_test(test_what_survives_sigkill_fails_the_unit_when_time_is_up),
                cmocka_unit_test(test_a_setup_error_fails_with_resources_and_keeps_its_exit),
                cmocka_unit_test(test_a_stop_sends_the_signal_then_kills_when_time_is_up),
                cmocka_unit_test(test_a_stop_that_is_obeyed_is_clean_and_never_restarts),
                cmocka_unit_test(test_stop_timeout_zero_kills_at_once_and_is_no_failure),
                cmocka_unit_test(test_an_exit_status_of_nine_is_not_taken_for_our_sigkill),
                cmocka_unit_test(test_timeout_stop_zero_means_no_limit),
                cmocka_unit_test(test_without_sigkill_a_stubborn_process_fails_the_unit),
                cmocka_unit_test(test_a_start_that_takes_too_long_is_killed_with_result_timeout),
                cmocka_unit_test(test_a_stop_during_setup_kills_and_is_clean),
                cmocka_unit_test(test_a_oneshot_is_activating_until_it_ends),
                cmocka_unit_test(test_remain_after_exit_stays_active_after_a_clean_end_only),
                cmocka_unit_test(test_out_of_memory_is_the_result_even_if_the_stop_is_clean),
                cmocka_unit_test(test_an_unhealthy_unit_is_stopped_and_its_end_is_its_result),
                cmocka_unit_test(test_a_restart_for_health_does_not_ask_the_policy_but_the_limit),
                cmocka_unit_test(test_a_stop_goes_before_a_restart_for_health),
                cmocka_unit_test(test_a_failed_start_up_check_is_a_failure_however_it_ends),
                cmocka_unit_test(test_reset_failed_brings_a_failed_unit_back_to_dead),
                cmocka_unit_test(test_a_half_made_start_is_torn_down_and_made_anew),
                cmocka_unit_test(test_commands_run_in_series_around_the_main_process),
                cmocka_unit_test(test_a_condition_that_is_not_met_is_no_failure_and_no_restart),
                cmocka_unit_test(test_a_command_that_fails_before_the_start_fails_the_start),
                cmocka_unit_test(test_a_command_that_fails_after_the_start_ends_the_main_process),
                cmocka_unit_test(test_a_stop_during_a_command_signals_it_and_waits),
                cmocka_unit_test(test_each_command_has_its_time),
                cmocka_unit_test(test_a_stop_command_that_takes_too_long_gives_way_to_the_signal),
                cmocka_unit_test(test_a_last_command_that_takes_too_long_is_signalled_then_killed),
                cmocka_unit_test(test_a_clean_end_runs_the_stop_commands_and_a_failure_does_not),
                cmocka_unit_test(test_several_main_commands_of_a_oneshot_follow_each_other),
                cmocka_unit_test(test_a_oneshot_without_a_main_command_is_done_at_once),
                cmocka_unit_test(test_a_start_lasts_until_the_unit_is_ready),
                cmocka_unit_test(test_a_clean_end_before_it_is_ready_is_against_the_protocol),
                cmocka_unit_test(test_more_time_may_be_asked_for_where_there_is_a_limit),
                cmocka_unit_test(test_more_time_may_be_asked_for_than_runtime_max_allows),
                cmocka_unit_test(test_a_reload_runs_its_commands_and_the_unit_runs_on),
                cmocka_unit_test(
                                test_a_reload_that_fails_or_lasts_too_long_leaves_the_unit_running),
                cmocka_unit_test(test_an_end_during_a_reload_waits_for_the_command),
                cmocka_unit_test(test_a_reload_by_notification_waits_for_both_words),
                cmocka_unit_test(test_a_unit_without_a_sign_of_life_is_aborted),
                cmocka_unit_test(test_who_says_that_it_stops_is_left_to_it_for_a_while),
                cmocka_unit_test(test_runtime_max_ends_a_run_with_result_timeout),
                cmocka_unit_test(test_failure_modes_of_timeouts_abort_or_kill),
                cmocka_unit_test(test_a_unit_may_last_as_long_as_its_cgroup),
                cmocka_unit_test(
                                test_others_are_asked_to_end_before_they_are_killed_in_mode_control_group),
                cmocka_unit_test(test_a_crash_waits_restart_sec_and_starts_again),
                cmocka_unit_test(test_a_stop_ends_the_wait_for_a_restart),
                cmocka_unit_test(test_a_crash_loop_ends_in_start_limit_hit),
                cmocka_unit_test(test_a_person_is_never_refused_for_the_start_limit),
                cmocka_unit_test(test_a_long_healthy_run_resets_counts_if_the_unit_says_so),
                cmocka_unit_test(test_back_off_holds_over_simulated_days),
                cmocka_unit_test(test_a_paused_unit_does_not_use_up_its_running_time),
                cmocka_unit_test(test_a_run_without_limit_has_none_after_a_pause),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
