/* SPDX-License-Identifier: MIT */
#include "control/bus-error.h"

#include "base/diag.h"
#include "base/macro.h"
#include "supd/bus.h"

/* clang-format off */
static const char *const names[] = {
        [ERROR_FAILED]           = SD_BUS_ERROR_FAILED,
        [ERROR_INVALID_ARGUMENT] = SD_BUS_ERROR_INVALID_ARGS,
        [ERROR_BAD_NAME]         = SD_BUS_ERROR_INVALID_ARGS,
        [ERROR_NO_SUCH_UNIT]     = "org.freedesktop.systemd1.NoSuchUnit",
        [ERROR_NO_SUCH_JOB]      = "org.freedesktop.systemd1.NoSuchJob",
        [ERROR_NO_SUCH_PROCESS]  = "org.freedesktop.systemd1.NoSuchProcess",
        [ERROR_NO_SUCH_SECRET]   = SUPD_BUS_ERROR_PREFIX "NoSuchSecret",
        [ERROR_BAD_SETTING]      = "org.freedesktop.systemd1.BadUnitSetting",
        [ERROR_MASKED]           = "org.freedesktop.systemd1.UnitMasked",
        [ERROR_UNIT_GENERATED]   = "org.freedesktop.systemd1.UnitGenerated",
        [ERROR_UNIT_EXISTS]      = "org.freedesktop.systemd1.UnitExists",
        [ERROR_UNIT_LINKED]      = "org.freedesktop.systemd1.UnitLinked",
        [ERROR_NOT_SUPPORTED]    = SD_BUS_ERROR_NOT_SUPPORTED,
        [ERROR_JOB_CONFLICT]     = "org.freedesktop.systemd1.TransactionIsDestructive",
        [ERROR_JOBS_CONTRADICT]  = "org.freedesktop.systemd1.TransactionJobsConflicting",
        [ERROR_ORDER_CYCLE]      = "org.freedesktop.systemd1.TransactionOrderIsCyclic",
        [ERROR_ONLY_BY_DEPENDENCY] = "org.freedesktop.systemd1.OnlyByDependency",
        [ERROR_NO_ISOLATION]     = "org.freedesktop.systemd1.NoIsolation",
        [ERROR_UNIT_STATE]       = SUPD_BUS_ERROR_PREFIX "UnitState",
        [ERROR_ACCESS_DENIED]    = SD_BUS_ERROR_ACCESS_DENIED,
        [ERROR_LIMIT_REACHED]    = SD_BUS_ERROR_LIMITS_EXCEEDED,
        [ERROR_TIMEOUT]          = SD_BUS_ERROR_TIMEOUT,
        [ERROR_STORAGE]          = SUPD_BUS_ERROR_PREFIX "Storage",
        [ERROR_RUNTIME]          = SUPD_BUS_ERROR_PREFIX "Runtime",
        [ERROR_CGROUP]           = SUPD_BUS_ERROR_PREFIX "Cgroup",
        [ERROR_LOG]              = SUPD_BUS_ERROR_PREFIX "Log",
        [ERROR_DISCONNECTED]     = SD_BUS_ERROR_DISCONNECTED,
};
/* clang-format on */
static_assert(ELEMENTSOF(names) == _ERROR_CODE_MAX, "every error code has a name on the bus");

const char *bus_error_name(ErrorCode code) {
        return code < 0 || code >= _ERROR_CODE_MAX ? NULL : names[code];
}

int bus_error_take(sd_bus_error *ret, int number, const Error *error) {
        const char *name = error && error->message ? bus_error_name(error->code) : NULL;

        assert(number < 0);

        if (!name)
                name = number == -ENOMEM ? SD_BUS_ERROR_NO_MEMORY : SD_BUS_ERROR_FAILED;

        diag_info("request refused: %s", error_text(error, number));
        int r = sd_bus_error_set(ret, name, error_text(error, number));
        return r < 0 ? r : number;
}
