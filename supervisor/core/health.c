/* SPDX-License-Identifier: MIT */
#include "core/health.h"

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"

#define INTERVAL_DEFAULT (30 * USEC_PER_SEC)
#define TIMEOUT_DEFAULT (30 * USEC_PER_SEC)
#define RETRIES_DEFAULT 3U

static const char *const state_names[] = {
        [HEALTH_NONE] = "none",
        [HEALTH_STARTING] = "starting",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_UNHEALTHY] = "unhealthy",
};
static_assert(ELEMENTSOF(state_names) == _HEALTH_STATE_MAX, "every state has a name");

const char *health_state_to_string(HealthState s) {
        return s < 0 || s >= _HEALTH_STATE_MAX ? NULL : state_names[s];
}

HealthState health_state_from_string(const char *s) {
        for (HealthState i = 0; i < _HEALTH_STATE_MAX; i++) {
                if (str_equal(s, state_names[i]))
                        return i;
        }
        return _HEALTH_STATE_INVALID;
}

/* ---- the settings in force --------------------------------------------------------------------- */

static uint64_t choose(uint64_t own, uint64_t image, uint64_t otherwise) {
        return own != HEALTH_UNSET ? own : image != HEALTH_UNSET ? image : otherwise;
}

/* 0 means "no limit", as for docker. */
static uint64_t or_infinity(uint64_t usec) {
        return usec == 0 ? USEC_INFINITY : usec;
}

static bool test_is_none(char *const *test) {
        return !test || !*test || str_equal(*test, "NONE");
}

static HealthProbe choose_probe(const HealthEndpoint *endpoint, char *const *test) {
        if (endpoint->address)
                return endpoint->path ? HEALTH_PROBE_HTTP : HEALTH_PROBE_TCP;
        return test_is_none(test) ? HEALTH_PROBE_NONE : HEALTH_PROBE_COMMAND;
}

void health_plan_make(const HealthSpec *spec,
                const HealthEndpoint *endpoint,
                const HealthImage *image,
                HealthPlan *ret) {
        char *const *test = spec->test ?: image->test;

        *ret = (HealthPlan) {
                .probe = choose_probe(endpoint, test),
                .test = test,
                .startup_test = test_is_none(spec->startup_test) ? NULL : spec->startup_test,
                .endpoint = endpoint,
                .interval_usec = or_infinity(choose(
                                spec->interval_usec, image->interval_usec, INTERVAL_DEFAULT)),
                .timeout_usec = or_infinity(
                                choose(spec->timeout_usec, image->timeout_usec, TIMEOUT_DEFAULT)),
                .start_period_usec = choose(spec->start_period_usec, image->start_period_usec, 0),
                .start_interval_usec = image->start_interval_usec,
                .retries = spec->retries ?: image->retries ?: RETRIES_DEFAULT,
                .startup_interval_usec = or_infinity(spec->startup_interval_usec),
                .startup_timeout_usec = or_infinity(spec->startup_timeout_usec),
                .startup_retries = spec->startup_retries,
                .startup_success = MAX(spec->startup_success, 1U),
                .on_failure = spec->on_failure,
        };
}

int health_command(char *const *test, char *const *shell, char ***ret) {
        static const char *const usual_shell[] = { "/bin/sh", "-c", NULL };
        _cleanup_strv_ char **argv = NULL;
        int r = 0;

        *ret = NULL;
        if (test_is_none(test) || !test[1])
                return 0;
        if (str_equal(test[0], "CMD-SHELL")) {
                STRV_FOREACH (word, shell ?: (char *const *) usual_shell) {
                        if (r >= 0)
                                r = strv_append(&argv, *word);
                }
                if (r >= 0)
                        r = strv_append(&argv, test[1]);
        } else if (str_equal(test[0], "CMD")) {
                STRV_FOREACH (word, test + 1) {
                        if (r >= 0)
                                r = strv_append(&argv, *word);
                }
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(argv);
        return 0;
}

/* ---- one run ----------------------------------------------------------------------------------- */

uint64_t health_spread(uint64_t interval_usec, uint64_t key) {
        if (interval_usec == USEC_INFINITY)
                return USEC_INFINITY;
        /* Numbers that are near to one another must not mean moments that are. */
        key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd);
        key = (key ^ key >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
        key ^= key >> 33;
        /* Of the upper half of a product: no remainder, so that no moment is favoured. */
        return (uint64_t) ((unsigned __int128) interval_usec * key >> 64) + 1;
}

void health_begin(Health *h, const HealthPlan *plan, uint64_t now_usec) {
        *h = (Health) {
                .state = plan->probe == HEALTH_PROBE_NONE ? HEALTH_NONE : HEALTH_STARTING,
                .startup = plan->startup_test,
                .spread = true,
                .next_usec = plan->probe == HEALTH_PROBE_NONE ? USEC_INFINITY : now_usec,
                .period_end_usec = usec_add(now_usec, plan->start_period_usec),
        };
}

static bool is_in_start_period(const Health *h, uint64_t now_usec) {
        return now_usec < h->period_end_usec;
}

static uint64_t interval_of(const Health *h, const HealthPlan *plan, uint64_t now_usec) {
        if (h->startup)
                return plan->startup_interval_usec;
        if (h->state == HEALTH_STARTING && plan->start_interval_usec != HEALTH_UNSET &&
                        is_in_start_period(h, now_usec))
                return plan->start_interval_usec;
        return plan->interval_usec;
}

void health_resume(Health *h, const HealthPlan *plan, uint64_t key, uint64_t now_usec) {
        h->checking = h->paused = h->spread = false;
        h->startup = h->startup && plan->startup_test;
        if (plan->probe == HEALTH_PROBE_NONE) {
                health_end(h);
                return;
        }
        if (h->state == HEALTH_NONE)
                h->state = HEALTH_STARTING;
        uint64_t interval = interval_of(h, plan, now_usec);
        /* Without a timer a check that was under way is made up for. */
        h->next_usec = h->state == HEALTH_STARTING && interval == USEC_INFINITY
                                       ? now_usec
                                       : usec_add(now_usec, health_spread(interval, key));
}

void health_end(Health *h) {
        *h = (Health) { .next_usec = USEC_INFINITY };
}

void health_check_started(Health *h) {
        h->checking = true;
        h->next_usec = USEC_INFINITY;
}

void health_check_cancelled(Health *h, uint64_t now_usec) {
        if (!h->checking)
                return;
        h->checking = false;
        if (h->paused)
                h->next_left_usec = 0;
        else
                h->next_usec = now_usec;
}

/* Checks of units that were started together must not be together for ever: each has one wait that is
 * shorter than the others, by a part that is its own. Never longer: nothing is noticed later for it. */
static uint64_t next_wait(Health *h, const HealthPlan *plan, uint64_t key, uint64_t now_usec) {
        uint64_t interval = interval_of(h, plan, now_usec);

        if (!h->spread || h->startup || interval != plan->interval_usec)
                return interval;
        h->spread = false;
        return health_spread(interval, key);
}

static unsigned startup_result(
                Health *h, const HealthPlan *plan, bool success, uint64_t *ret_wait_usec) {
        if (!success) {
                h->startup_successes = 0;
                h->startup_failures++;
                return plan->startup_retries > 0 && h->startup_failures >= plan->startup_retries
                                       ? HEALTH_RESTART
                                       : 0;
        }
        h->startup_failures = 0;
        if (++h->startup_successes < plan->startup_success)
                return 0;
        h->startup = false;
        *ret_wait_usec = 0; /* the regular check has waited long enough */
        return 0;
}

static unsigned regular_result(Health *h, const HealthPlan *plan, bool success, uint64_t now_usec) {
        HealthState old = h->state;
        unsigned outcome = 0;

        if (success) {
                h->streak = 0;
                h->state = HEALTH_HEALTHY;
                outcome |= h->ready ? 0U : HEALTH_READY;
                h->ready = true;
        } else if (!is_in_start_period(h, now_usec)) {
                h->streak++;
                outcome |= HEALTH_COUNTED;
                if (h->streak >= plan->retries) {
                        h->state = HEALTH_UNHEALTHY;
                        outcome |= plan->on_failure == HEALTH_ACTION_NONE ? 0U : HEALTH_ACT;
                }
        }
        return outcome | (h->state == old ? 0U : HEALTH_CHANGED);
}

unsigned health_result(
                Health *h, const HealthPlan *plan, bool success, uint64_t key, uint64_t now_usec) {
        uint64_t wait = USEC_INFINITY;
        unsigned outcome;

        if (!h->checking)
                return 0;
        h->checking = false;
        if (h->startup)
                outcome = startup_result(h, plan, success, &wait);
        else
                outcome = regular_result(h, plan, success, now_usec);
        if (wait == USEC_INFINITY)
                wait = next_wait(h, plan, key, now_usec);
        if (h->paused)
                h->next_left_usec = wait;
        else
                h->next_usec = usec_add(now_usec, wait);
        return outcome;
}

void health_set_paused(Health *h, bool paused, uint64_t now_usec) {
        if (h->paused == paused || h->state == HEALTH_NONE)
                return;
        h->paused = paused;
        if (paused) {
                h->next_left_usec = usec_sub(h->next_usec, now_usec);
                h->period_left_usec = usec_sub(h->period_end_usec, now_usec);
                h->next_usec = USEC_INFINITY;
        } else {
                h->next_usec = usec_add(now_usec, h->next_left_usec);
                h->period_end_usec = usec_add(now_usec, h->period_left_usec);
        }
}

uint64_t health_timeout(const Health *h, const HealthPlan *plan) {
        return h->startup ? plan->startup_timeout_usec : plan->timeout_usec;
}
