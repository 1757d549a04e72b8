/* SPDX-License-Identifier: MIT */
#include "core/restart.h"

#include <math.h>

#include "base/clock.h"
#include "base/text.h"

/* clang-format off */
static const char *const service_result_names[] = {
        [SERVICE_SUCCESS]                 = "success",
        [SERVICE_FAILURE_RESOURCES]       = "resources",
        [SERVICE_FAILURE_PROTOCOL]        = "protocol",
        [SERVICE_FAILURE_TIMEOUT]         = "timeout",
        [SERVICE_FAILURE_EXIT_CODE]       = "exit-code",
        [SERVICE_FAILURE_SIGNAL]          = "signal",
        [SERVICE_FAILURE_CORE_DUMP]       = "core-dump",
        [SERVICE_FAILURE_WATCHDOG]        = "watchdog",
        [SERVICE_FAILURE_OOM_KILL]        = "oom-kill",
        [SERVICE_FAILURE_START_LIMIT_HIT] = "start-limit-hit",
        [SERVICE_SKIP_CONDITION]          = "exec-condition",
};

/* The columns of UNITS.md 4.4. Results protocol and resources behave like the oom column. */
#define BIT(result) (1U << (result))
#define ABNORMAL \
        (BIT(SERVICE_FAILURE_SIGNAL) | BIT(SERVICE_FAILURE_CORE_DUMP) | BIT(SERVICE_FAILURE_TIMEOUT) | \
                        BIT(SERVICE_FAILURE_WATCHDOG) | BIT(SERVICE_FAILURE_OOM_KILL) | \
                        BIT(SERVICE_FAILURE_PROTOCOL) | BIT(SERVICE_FAILURE_RESOURCES))
static const unsigned restart_table[] = {
        [RESTART_NO]          = 0,
        [RESTART_ON_SUCCESS]  = BIT(SERVICE_SUCCESS),
        [RESTART_ON_FAILURE]  = BIT(SERVICE_FAILURE_EXIT_CODE) | ABNORMAL,
        [RESTART_ON_ABNORMAL] = ABNORMAL,
        [RESTART_ON_ABORT]    = BIT(SERVICE_FAILURE_SIGNAL) | BIT(SERVICE_FAILURE_CORE_DUMP),
        [RESTART_ON_WATCHDOG] = BIT(SERVICE_FAILURE_WATCHDOG),
        [RESTART_ALWAYS]      = BIT(SERVICE_SUCCESS) | BIT(SERVICE_FAILURE_EXIT_CODE) | ABNORMAL,
};
/* clang-format on */
static_assert(ELEMENTSOF(service_result_names) == _SERVICE_RESULT_MAX, "every result has a name");
static_assert(ELEMENTSOF(restart_table) == _RESTART_POLICY_MAX, "every policy has a row");

const char *service_result_to_string(ServiceResult r) {
        if (r < 0 || r >= _SERVICE_RESULT_MAX)
                return NULL;
        return service_result_names[r];
}

ServiceResult service_result_from_string(const char *s) {
        for (ServiceResult r = 0; r < _SERVICE_RESULT_MAX; r++) {
                if (str_equal(s, service_result_names[r]))
                        return r;
        }
        return _SERVICE_RESULT_INVALID;
}

bool exit_set_matches(const ExitSet *set, ExitInfo exit) {
        if (exit.code == CLD_EXITED)
                return exit_set_has_status(set, exit.status);
        if (exit.code == CLD_KILLED || exit.code == CLD_DUMPED)
                return exit_set_has_signal(set, exit.status) ||
                       exit_set_has_status(set, 128 + exit.status);
        return false;
}

static bool signal_is_clean(int signal) {
        return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

ServiceResult exit_classify(const RestartSpec *spec, ServiceType type, ExitInfo exit) {
        if (exit_set_matches(&spec->success, exit))
                return SERVICE_SUCCESS;

        switch (exit.code) {
        case CLD_EXITED:
                return exit.status == 0 ? SERVICE_SUCCESS : SERVICE_FAILURE_EXIT_CODE;
        case CLD_KILLED:
                if (type != SERVICE_ONESHOT && signal_is_clean(exit.status))
                        return SERVICE_SUCCESS;
                return SERVICE_FAILURE_SIGNAL;
        case CLD_DUMPED:
                return SERVICE_FAILURE_CORE_DUMP;
        default:
                /* PID 1 of the container vanished and nobody could say how. */
                return SERVICE_FAILURE_PROTOCOL;
        }
}

bool restart_is_wanted(const RestartSpec *spec, ServiceResult result, ExitInfo exit) {
        if (result == SERVICE_FAILURE_START_LIMIT_HIT || result == SERVICE_SKIP_CONDITION)
                return false;
        if (exit_set_matches(&spec->prevent, exit))
                return false;
        if (exit_set_matches(&spec->force, exit))
                return true;
        return restart_table[spec->policy] & BIT(result);
}

uint64_t restart_delay_usec(const RestartSpec *spec, unsigned n) {
        uint64_t base = MIN(spec->delay_usec, spec->delay_max_usec), max = spec->delay_max_usec;

        if (n <= 1 || spec->steps == 0 || base == 0 || max == USEC_INFINITY || base >= max)
                return base;
        if (n > spec->steps)
                return max;

        double growth = pow((double) max / (double) base, (double) (n - 1) / spec->steps);
        return MIN((uint64_t) ((double) base * growth + 0.5), max);
}

static bool window_is_open(const StartLimit *l, const RestartSpec *spec, uint64_t now_usec) {
        return l->begin_monotonic_usec != USEC_INFINITY &&
               now_usec < usec_add(l->begin_monotonic_usec, spec->limit_interval_usec);
}

bool start_limit_allows(const StartLimit *l, const RestartSpec *spec, uint64_t now_usec) {
        if (spec->limit_interval_usec == 0 || spec->limit_burst == 0)
                return true;
        return !window_is_open(l, spec, now_usec) || l->count < spec->limit_burst;
}

void start_limit_count(StartLimit *l, const RestartSpec *spec, uint64_t now_usec) {
        if (!window_is_open(l, spec, now_usec))
                *l = (StartLimit) { .begin_monotonic_usec = now_usec };
        l->count++;
}
