/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/utsname.h>

#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/property.h"
#include "supd/version.h"

/* Clients read systemd's version here, to know what they may expect of its interfaces. */
#define SYSTEMD_VERSION "252"

static Control *control_of(void *userdata) {
        return ((Connection *) ASSERT_PTR(userdata))->control;
}

static ControlInfo info_of(void *userdata) {
        Control *c = control_of(userdata);
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        return info;
}

static PROPERTY_GETTER(get_version) {
        return sd_bus_message_append(reply, "s", SYSTEMD_VERSION " (supd " SUPD_VERSION ")");
}

static PROPERTY_GETTER(get_own_version) {
        return sd_bus_message_append(reply, "s", SUPD_VERSION);
}

/* Texts that the daemon knows, by the names they have on the bus. */
/* clang-format off */
static const struct {
        const char *property;
        size_t offset;
} texts[] = {
        { "Features",     offsetof(ControlInfo, features)    },
        { "LogLevel",     offsetof(ControlInfo, log_level)   },
        { "ControlGroup", offsetof(ControlInfo, cgroup_path) },
        { "CgroupDriver", offsetof(ControlInfo, cgroup_driver) },
};

static const struct {
        const char *property;
        size_t offset;
} stamps[] = {
        { "UserspaceTimestamp",          offsetof(ControlInfo, started.realtime_usec)      },
        { "UserspaceTimestampMonotonic", offsetof(ControlInfo, started.monotonic_usec)     },
        { "FinishTimestamp",             offsetof(ControlInfo, finished.realtime_usec)     },
        { "FinishTimestampMonotonic",    offsetof(ControlInfo, finished.monotonic_usec)    },
        { "UnitsLoadFinishTimestamp",    offsetof(ControlInfo, units_loaded_first.realtime_usec) },
        { "UnitsLoadFinishTimestampMonotonic", offsetof(ControlInfo, units_loaded_first.monotonic_usec) },
        { "UnitsLoadTimestamp",          offsetof(ControlInfo, units_loaded_realtime_usec) },
};
/* clang-format on */

static PROPERTY_GETTER(get_text) {
        ControlInfo info = info_of(userdata);
        const char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (str_equal(texts[i].property, property))
                        memcpy(&text, (const char *) &info + texts[i].offset, sizeof(text));
        }
        return sd_bus_message_append(reply, "s", text ? text : "");
}

static PROPERTY_GETTER(get_stamp) {
        ControlInfo info = info_of(userdata);
        uint64_t usec = 0;

        for (size_t i = 0; i < ELEMENTSOF(stamps); i++) {
                if (str_equal(stamps[i].property, property))
                        memcpy(&usec, (const char *) &info + stamps[i].offset, sizeof(usec));
        }
        return sd_bus_message_append(reply, "t", usec);
}

static PROPERTY_GETTER(get_architecture) {
        /* clang-format off */
        static const struct {
                const char *machine, *name;
        } architectures[] = {
                { "x86_64",  "x86-64"   },
                { "aarch64", "arm64"    },
                { "armv7l",  "arm"      },
                { "i686",    "x86"      },
                { "ppc64le", "ppc64-le" },
        };
        /* clang-format on */
        struct utsname uts;

        if (uname(&uts) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(architectures); i++) {
                if (str_equal(architectures[i].machine, uts.machine))
                        return sd_bus_message_append(reply, "s", architectures[i].name);
        }
        return sd_bus_message_append(reply, "s", uts.machine); /* the others are called alike */
}

static PROPERTY_GETTER(get_unit_path) {
        ControlInfo info = info_of(userdata);

        return sd_bus_message_append_strv(reply, (char **) info.unit_dirs);
}

static uint32_t count_failed(const Control *c) {
        uint32_t n = 0;

        for (size_t i = 0; i < engine_n_units(c->engine); i++) {
                if (unit_active_state(engine_unit_at(c->engine, i)) == UNIT_STATE_FAILED)
                        n++;
        }
        return n;
}

static uint32_t count_names(const Control *c) {
        return (uint32_t) engine_n_units(c->engine);
}

static uint32_t count_jobs(const Control *c) {
        return (uint32_t) engine_n_jobs(c->engine);
}

static uint32_t count_installed_jobs(const Control *c) {
        return (uint32_t) c->n_jobs_installed;
}

static uint32_t count_failed_jobs(const Control *c) {
        return (uint32_t) c->n_jobs_failed;
}

/* clang-format off */
static const struct {
        const char *property;
        uint32_t (*count)(const Control *c);
} counts[] = {
        { "NNames",         count_names          },
        { "NFailedUnits",   count_failed         },
        { "NJobs",          count_jobs           },
        { "NInstalledJobs", count_installed_jobs },
        { "NFailedJobs",    count_failed_jobs    },
};
/* clang-format on */

static PROPERTY_GETTER(get_count) {
        uint32_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                if (str_equal(counts[i].property, property))
                        n = counts[i].count(control_of(userdata));
        }
        return sd_bus_message_append(reply, "u", n);
}

/* Of the jobs there have been, how many are over. */
static PROPERTY_GETTER(get_progress) {
        const Control *c = control_of(userdata);
        uint64_t waiting = engine_n_jobs(c->engine), all = MAX(c->n_jobs_installed, waiting);

        return sd_bus_message_append(
                        reply, "d", all == 0 ? 1.0 : 1.0 - (double) waiting / (double) all);
}

static PROPERTY_GETTER(get_system_state) {
        ControlInfo info = info_of(userdata);
        const char *state = "running";

        if (info.stopping)
                state = "stopping";
        else if (info.finished.realtime_usec == 0)
                state = "starting";
        else if (count_failed(control_of(userdata)) > 0)
                state = "degraded";
        return sd_bus_message_append(reply, "s", state);
}

/* clang-format off */
#define PROPERTY(name, type, getter) SD_BUS_PROPERTY(name, type, getter, 0, 0)

const sd_bus_vtable manager_properties_vtable[] = {
        SD_BUS_VTABLE_START(0),
        PROPERTY("Version",                     "s",  get_version),
        PROPERTY("Features",                    "s",  get_text),
        PROPERTY("Architecture",                "s",  get_architecture),
        PROPERTY("Tainted",                     "s",  property_get_empty),
        PROPERTY("FirmwareTimestamp",           "t",  property_get_zero),
        PROPERTY("FirmwareTimestampMonotonic",  "t",  property_get_zero),
        PROPERTY("LoaderTimestamp",             "t",  property_get_zero),
        PROPERTY("LoaderTimestampMonotonic",    "t",  property_get_zero),
        PROPERTY("KernelTimestamp",             "t",  property_get_zero),
        PROPERTY("KernelTimestampMonotonic",    "t",  property_get_zero),
        PROPERTY("InitRDTimestamp",             "t",  property_get_zero),
        PROPERTY("InitRDTimestampMonotonic",    "t",  property_get_zero),
        PROPERTY("UserspaceTimestamp",          "t",  get_stamp),
        PROPERTY("UserspaceTimestampMonotonic", "t",  get_stamp),
        PROPERTY("FinishTimestamp",             "t",  get_stamp),
        PROPERTY("FinishTimestampMonotonic",    "t",  get_stamp),
        PROPERTY("UnitsLoadStartTimestamp",     "t",  property_get_zero),
        PROPERTY("UnitsLoadStartTimestampMonotonic", "t", property_get_zero),
        PROPERTY("UnitsLoadFinishTimestamp",    "t",  get_stamp),
        PROPERTY("UnitsLoadFinishTimestampMonotonic", "t", get_stamp),
        PROPERTY("UnitsLoadTimestamp",          "t",  get_stamp),
        PROPERTY("LogLevel",                    "s",  get_text),
        PROPERTY("NNames",                      "u",  get_count),
        PROPERTY("NFailedUnits",                "u",  get_count),
        PROPERTY("NJobs",                       "u",  get_count),
        PROPERTY("NInstalledJobs",              "u",  get_count),
        PROPERTY("NFailedJobs",                 "u",  get_count),
        PROPERTY("Progress",                    "d",  get_progress),
        PROPERTY("Environment",                 "as", property_get_empty_array),
        PROPERTY("UnitPath",                    "as", get_unit_path),
        PROPERTY("ControlGroup",                "s",  get_text),
        PROPERTY("SystemState",                 "s",  get_system_state),
        SD_BUS_VTABLE_END,
};

#define DEFAULT(name, type, member) SD_BUS_PROPERTY(name, type, NULL, offsetof(UnitSpec, service.member), 0)

const sd_bus_vtable manager_defaults_vtable[] = {
        SD_BUS_VTABLE_START(0),
        DEFAULT("DefaultTimeoutStartUSec",       "t", start_timeout_usec),
        DEFAULT("DefaultTimeoutStopUSec",        "t", stop_timeout_usec),
        DEFAULT("DefaultRestartUSec",            "t", restart.delay_usec),
        DEFAULT("DefaultStartLimitIntervalUSec", "t", restart.limit_interval_usec),
        DEFAULT("DefaultStartLimitBurst",        "u", restart.limit_burst),
        SD_BUS_VTABLE_END,
};

/* org.supd.Manager: what supctl shows of supd itself. */
const sd_bus_vtable supd_properties_vtable[] = {
        SD_BUS_VTABLE_START(0),
        PROPERTY("Version",            "s",  get_own_version),
        PROPERTY("Features",           "s",  get_text),
        PROPERTY("SystemState",        "s",  get_system_state),
        PROPERTY("UserspaceTimestamp", "t",  get_stamp),
        PROPERTY("UserspaceTimestampMonotonic", "t", get_stamp),
        PROPERTY("FinishTimestampMonotonic", "t", get_stamp),
        PROPERTY("UnitsLoadFinishTimestampMonotonic", "t", get_stamp),
        PROPERTY("CgroupDriver",       "s",  get_text),
        PROPERTY("ControlGroup",       "s",  get_text),
        PROPERTY("UnitPath",           "as", get_unit_path),
        PROPERTY("NNames",             "u",  get_count),
        PROPERTY("NFailedUnits",       "u",  get_count),
        PROPERTY("NJobs",              "u",  get_count),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
