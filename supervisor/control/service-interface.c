/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/id-map.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/health.h"
#include "control/property.h"
#include "control/verbs.h"
#include "supd/bus.h"

/* ---- what is so now: of a UnitView ------------------------------------------------------------- */

static int method_processes(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const UnitView *v = ASSERT_PTR(userdata);

        return verb_processes(v->control, m, v->name, ret_error);
}

static PROPERTY_GETTER(get_main_code) {
        return sd_bus_message_append(reply, "i", ((const ExitInfo *) userdata)->code);
}

static PROPERTY_GETTER(get_main_status) {
        return sd_bus_message_append(reply, "i", ((const ExitInfo *) userdata)->status);
}

/* Figures by the names they have on the bus. */
/* clang-format off */
static const struct {
        const char *property;
        size_t offset;
} figures[] = {
        { "MemoryCurrent", offsetof(UnitUsage, memory_current_bytes) },
        { "MemoryPeak",    offsetof(UnitUsage, memory_peak_bytes)    },
        { "MemoryMax",     offsetof(UnitUsage, memory_max_bytes)     },
        { "MemoryHigh",    offsetof(UnitUsage, memory_high_bytes)    },
        { "MemorySwapMax", offsetof(UnitUsage, memory_swap_max_bytes) },
        { "MemoryMin",     offsetof(UnitUsage, memory_min_bytes)     },
        { "MemoryLow",     offsetof(UnitUsage, memory_low_bytes)     },
        { "MemoryZSwapMax", offsetof(UnitUsage, memory_zswap_max_bytes) },
        { "TasksCurrent",  offsetof(UnitUsage, tasks_current)        },
        { "TasksMax",      offsetof(UnitUsage, tasks_max)            },
        { "IOReadBytes",   offsetof(UnitUsage, io_read_bytes)        },
        { "IOWriteBytes",  offsetof(UnitUsage, io_write_bytes)       },
};
/* clang-format on */

static PROPERTY_GETTER(get_figure) {
        const UnitUsage *usage = unit_view_usage(userdata);
        uint64_t value = UINT64_MAX;

        for (size_t i = 0; i < ELEMENTSOF(figures); i++) {
                if (str_equal(figures[i].property, property))
                        memcpy(&value, (const char *) usage + figures[i].offset, sizeof(value));
        }
        return sd_bus_message_append(reply, "t", value);
}

static PROPERTY_GETTER(get_cpu_usage) {
        uint64_t usec = unit_view_usage(userdata)->cpu_usage_usec;

        return sd_bus_message_append(
                        reply, "t", usec > UINT64_MAX / 1000 ? UINT64_MAX : usec * 1000);
}

/* "NAME=VALUE" each: the image's, and the unit's instead or besides. */
static PROPERTY_GETTER(get_labels) {
        const UnitView *v = userdata;
        _cleanup_strv_ char **labels = NULL;

        int r = strv_copy(v->status.image_labels, &labels);
        bool pod = v->spec->kind == UNIT_KIND_POD;
        STRV_FOREACH (label, pod ? v->spec->pod.labels : v->spec->container.labels) {
                if (r >= 0)
                        r = strv_env_set(&labels, *label);
        }
        return r < 0 ? r : sd_bus_message_append_strv(reply, labels);
}

static PROPERTY_GETTER(get_exposed_ports) {
        const UnitView *v = userdata;

        return sd_bus_message_append_strv(reply, (char **) v->status.image_ports);
}

static PROPERTY_GETTER(get_start_phases) {
        const UnitView *v = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(st)");
        for (StartPhase i = 0; r >= 0 && i < _START_PHASE_MAX; i++) {
                if (v->status.start_phase_ends[i] > 0)
                        r = sd_bus_message_append(reply,
                                        "(st)",
                                        start_phase_to_string(i),
                                        v->status.start_phase_ends[i]);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_image_healthcheck) {
        const UnitView *v = userdata;

        return sd_bus_message_append_strv(reply, (char **) v->status.image_health_test);
}

static PROPERTY_GETTER(get_idle_timeout) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "t", v->spec->service.idle_timeout_usec);
}

static PROPERTY_GETTER(get_user_namespace) {
        const UnitView *v = userdata;
        const UsersSpec *users = &v->spec->container.users;

        return sd_bus_message_append(reply, "s", users->userns ?: users->remap_users ?: "");
}

/* "INSIDE:OUTSIDE:SIZE" each, as the kernel has it now; nothing without a user namespace. */
static PROPERTY_GETTER(get_id_map) {
        const UnitView *v = userdata;
        _cleanup_free_ IdRange *ranges = NULL;
        _cleanup_free_ char *file = NULL, *text = NULL;
        _cleanup_strv_ char **words = NULL;
        size_t n = 0;

        if (!v->status.user_namespace)
                return sd_bus_message_append_strv(reply, NULL);
        file = str_printf("/proc/%d/%s",
                        v->status.init_pid,
                        str_equal(property, "UIDMap") ? "uid_map" : "gid_map");
        ranges = calloc(ID_MAP_RANGES_MAX, sizeof(*ranges));
        if (!file || !ranges)
                return -ENOMEM;
        /* Of a process that has just ended there is none. */
        if (file_read(AT_FDCWD, file, 64 * 1024, &text, NULL) >= 0)
                (void) id_map_parse(text, ranges, &n);
        int r = id_map_words(&(IdMap) { .ranges = ranges, .n_ranges = n }, &words);
        return r < 0 ? r : sd_bus_message_append_strv(reply, words);
}

static PROPERTY_GETTER(get_notify_access) {
        return sd_bus_message_append(
                        reply, "s", notify_access_to_string(*(const NotifyAccess *) userdata));
}

/* By name alone, never what is in them. */
static PROPERTY_GETTER(get_credential_names) {
        const HostExecSpec *exec = &((const UnitView *) userdata)->spec->service.exec;
        char *const *const lists[] = { exec->load_credentials, exec->set_credentials };
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                STRV_FOREACH (word, lists[i]) {
                        _cleanup_free_ char *name = strndup(*word, strcspn(*word, ":"));

                        if (r >= 0 && !name)
                                r = -ENOMEM;
                        if (r >= 0 && !strv_contains(names, name))
                                r = strv_append(&names, name);
                }
        }
        return r < 0 ? r : sd_bus_message_append_strv(reply, names);
}

/* "HOST:CONTAINER:rwm" each, as AddDevice= has it. */
static PROPERTY_GETTER(get_devices) {
        const UnitView *v = userdata;
        const DeviceSpecs *devices = &v->spec->container.devices;
        _cleanup_strv_ char **words = NULL;
        int r = 0;

        for (size_t i = 0; i < devices->n_items && r >= 0; i++) {
                const DeviceSpec *d = &devices->items[i];
                r = strv_append_printf(&words,
                                "%s%s:%s:%s%s%s",
                                d->optional ? "-" : "",
                                d->source,
                                d->target,
                                d->read ? "r" : "",
                                d->write ? "w" : "",
                                d->mknod ? "m" : "");
        }
        return r < 0 ? r : sd_bus_message_append_strv(reply, words);
}

static PROPERTY_GETTER(get_fd_store_preserve) {
        return sd_bus_message_append(reply,
                        "s",
                        fd_store_preserve_to_string(*(const FdStorePreserve *) userdata));
}

static PROPERTY_GETTER(get_annotations) {
        const UnitView *v = userdata;

        return sd_bus_message_append_strv(reply, v->spec->container.annotations);
}

/* The command as it is in the unit's file, before ${NAME} in it is resolved. */
static int append_command(sd_bus_message *m, const ProcessSpec *p) {
        char **const parts[] = { p->entrypoint, p->exec };
        const char *path = p->entrypoint ? p->entrypoint[0] : p->exec ? p->exec[0] : "";

        int r = sd_bus_message_append(m, "s", path ? path : "");
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "s");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(parts); i++) {
                STRV_FOREACH (word, parts[i]) {
                        r = sd_bus_message_append(m, "s", *word);
                        if (r < 0)
                                return r;
                }
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* path, argv, ignore failure, started and ended on both clocks, pid, si_code, si_status */
#define EXEC_TYPE "sasbttttuii"

static PROPERTY_GETTER(get_exec_start) {
        const UnitView *v = userdata;
        const UnitStatus *s = &v->status;
        const ProcessSpec *process = &v->spec->container.process;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(" EXEC_TYPE ")");
        if (r < 0)
                return r;
        if (process->exec || process->entrypoint) {
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, EXEC_TYPE);
                if (r >= 0)
                        r = append_command(reply, process);
                if (r >= 0)
                        r = sd_bus_message_append(reply,
                                        "bttttuii",
                                        0,
                                        s->main_started.realtime_usec,
                                        s->main_started.monotonic_usec,
                                        s->main_ended.realtime_usec,
                                        s->main_ended.monotonic_usec,
                                        (uint32_t) s->last_main_pid,
                                        s->exit.code,
                                        s->exit.status);
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- what was asked: of a UnitSpec ------------------------------------------------------------- */

static PROPERTY_GETTER(get_type) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(reply, "s", service_type_to_string(spec->service.type));
}

static PROPERTY_GETTER(get_restart) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(
                        reply, "s", restart_policy_to_string(spec->service.restart.policy));
}

static PROPERTY_GETTER(get_oom_policy) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(
                        reply, "s", oom_policy_to_string(spec->service.resource.oom_policy));
}

/* ignored if it can't be had, and the profile */
static PROPERTY_GETTER(get_apparmor) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(reply, "(bs)", 0, spec->container.security.apparmor ?: "");
}

static PROPERTY_GETTER(get_runtime_preserve) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(reply,
                        "s",
                        directory_preserve_to_string(spec->service.exec.runtime_preserve));
}

static PROPERTY_GETTER(get_kill_mode) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(
                        reply, "s", spec->service.kill_mixed ? "mixed" : "control-group");
}

static PROPERTY_GETTER(get_kill_signal) {
        const UnitSpec *spec = userdata;
        int own = spec->service.kill_signal;

        return sd_bus_message_append(
                        reply, "i", own ?: spec->container.process.stop_signal ?: SIGTERM);
}

static PROPERTY_GETTER(get_final_signal) {
        return sd_bus_message_append(reply, "i", SIGKILL);
}

static int append_members(sd_bus_message *m, const uint64_t *bits, int n_bits, int first) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "i");

        for (int i = 0; r >= 0 && i < n_bits; i++) {
                if (bits[i / 64] & UINT64_C(1) << (i % 64))
                        r = sd_bus_message_append(m, "i", first + i);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static PROPERTY_GETTER(get_exit_set) {
        const ExitSet *set = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "aiai");
        if (r >= 0)
                r = append_members(reply, set->statuses, 256, /* first= */ 0);
        if (r >= 0)
                r = append_members(reply, &set->signals, 64, /* first= */ 1);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* systemd's default: ten seconds, and as many messages. Ours is no limit at all. */
static PROPERTY_GETTER(get_rate_limit_interval) {
        const UnitSpec *spec = userdata;
        uint64_t usec = spec->service.log_rate_limit_interval_usec;

        return sd_bus_message_append(reply, "t", usec == USEC_INFINITY ? UINT64_C(0) : usec);
}

static PROPERTY_GETTER(get_rate_limit_burst) {
        const UnitSpec *spec = userdata;
        uint64_t burst = spec->service.log_rate_limit_burst;

        return sd_bus_message_append(reply, "u", burst > UINT32_MAX ? 0U : (uint32_t) burst);
}

/* clang-format off */
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define STATUS(member) offsetof(UnitView, status.member)
#define SPEC(member) offsetof(UnitSpec, member)
#define RESOURCE(member) offsetof(UnitSpec, service.resource.member)
#define DIRECTORY(name, kind) \
        SD_BUS_PROPERTY(name,        "as", NULL, SPEC(service.exec.directories[EXEC_DIRECTORY_##kind].words), 0), \
        SD_BUS_PROPERTY(name "Mode", "u",  NULL, SPEC(service.exec.directories[EXEC_DIRECTORY_##kind].mode), 0)
#define FIGURE(name, getter) SD_BUS_PROPERTY(name, "t", getter, 0, 0)
#define STAMP(name, member) \
        SD_BUS_PROPERTY(name, "t", property_get_stamp, STATUS(member.realtime_usec), CHANGES), \
        SD_BUS_PROPERTY(name "Monotonic", "t", property_get_stamp, STATUS(member.monotonic_usec), CHANGES)

/* Types are systemd's to the letter: its clients look properties up by name and type. */
const sd_bus_vtable service_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetProcesses", NULL, "a(sus)", method_processes, 0),

        SD_BUS_PROPERTY("MainPID",        "u", NULL,                  STATUS(main_pid),    CHANGES),
        SD_BUS_PROPERTY("ControlPID",     "u", NULL,                  STATUS(control_pid), CHANGES),
        SD_BUS_PROPERTY("StatusText",     "s", NULL,                  STATUS(status_text), CHANGES),
        SD_BUS_PROPERTY("StatusErrno",    "i", NULL,                  STATUS(status_errno), CHANGES),
        SD_BUS_PROPERTY("NFileDescriptorStore", "u", NULL,            STATUS(n_kept_fds),  CHANGES),
        SD_BUS_PROPERTY("Result",         "s", NULL,                  STATUS(result),      CHANGES),
        SD_BUS_PROPERTY("NRestarts",      "u", NULL,                  STATUS(n_restarts),  CHANGES),
        STAMP("ExecMainStartTimestamp", main_started),
        STAMP("ExecMainExitTimestamp", main_ended),
        SD_BUS_PROPERTY("ExecMainPID",    "u", NULL,                  STATUS(last_main_pid), CHANGES),
        SD_BUS_PROPERTY("ExecMainCode",   "i", get_main_code,         STATUS(exit),        CHANGES),
        SD_BUS_PROPERTY("ExecMainStatus", "i", get_main_status,       STATUS(exit),        CHANGES),
        SD_BUS_PROPERTY("ExecStart", "a(" EXEC_TYPE ")", get_exec_start, 0,                0),
        SD_BUS_PROPERTY("ControlGroup",   "s", NULL,                  STATUS(cgroup_path), 0),
        FIGURE("MemoryCurrent",           get_figure),
        FIGURE("MemoryPeak",              get_figure),
        FIGURE("CPUUsageNSec",            get_cpu_usage),
        FIGURE("TasksCurrent",            get_figure),
        FIGURE("IPIngressBytes",          property_get_infinity),
        FIGURE("IPEgressBytes",           property_get_infinity),
        FIGURE("IOReadBytes",             get_figure),
        FIGURE("IOWriteBytes",            get_figure),
        FIGURE("MemoryMax",               get_figure),
        FIGURE("MemoryHigh",              get_figure),
        FIGURE("MemorySwapMax",           get_figure),
        FIGURE("MemoryMin",               get_figure),
        FIGURE("MemoryLow",               get_figure),
        FIGURE("MemoryZSwapMax",          get_figure),
        FIGURE("TasksMax",                get_figure),
        SD_BUS_VTABLE_END,
};

const sd_bus_vtable service_spec_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Type",                  "s",  get_type,          0,                            0),
        SD_BUS_PROPERTY("Restart",               "s",  get_restart,       0,                            0),
        SD_BUS_PROPERTY("RestartUSec",           "t",  NULL,              SPEC(service.restart.delay_usec), 0),
        SD_BUS_PROPERTY("TimeoutStartUSec",      "t",  NULL,              SPEC(service.start_timeout_usec), 0),
        SD_BUS_PROPERTY("TimeoutStopUSec",       "t",  NULL,              SPEC(service.stop_timeout_usec),  0),
        SD_BUS_PROPERTY("RuntimeMaxUSec",        "t",  property_get_infinity, 0,                        0),
        SD_BUS_PROPERTY("RemainAfterExit",       "b",  property_get_bool, SPEC(service.remain_after_exit), 0),
        SD_BUS_PROPERTY("RestartPreventExitStatus", "(aiai)", get_exit_set, SPEC(service.restart.prevent), 0),
        SD_BUS_PROPERTY("RestartForceExitStatus",   "(aiai)", get_exit_set, SPEC(service.restart.force),   0),
        SD_BUS_PROPERTY("SuccessExitStatus",        "(aiai)", get_exit_set, SPEC(service.restart.success), 0),
        SD_BUS_PROPERTY("Slice",                 "s",  NULL,              RESOURCE(slice),              0),
        SD_BUS_PROPERTY("OOMPolicy",             "s",  get_oom_policy,    0,                            0),
        SD_BUS_PROPERTY("Environment",           "as", NULL,              SPEC(container.process.environment), 0),
        SD_BUS_PROPERTY("WorkingDirectory",      "s",  NULL,              SPEC(container.process.working_dir), 0),
        SD_BUS_PROPERTY("User",                  "s",  NULL,              SPEC(container.process.user), 0),
        SD_BUS_PROPERTY("Group",                 "s",  NULL,              SPEC(container.process.group), 0),
        SD_BUS_PROPERTY("SupplementaryGroups",   "as", NULL,              SPEC(container.process.groups), 0),
        SD_BUS_PROPERTY("AppArmorProfile",       "(bs)", get_apparmor,    0,                            0),
        SD_BUS_PROPERTY("OOMScoreAdjust",        "i",  NULL,              RESOURCE(oom_score_adjust),   0),
        SD_BUS_PROPERTY("LogRateLimitIntervalUSec", "t", get_rate_limit_interval, 0,                    0),
        SD_BUS_PROPERTY("LogRateLimitBurst",     "u",  get_rate_limit_burst, 0,                         0),
        SD_BUS_PROPERTY("NoNewPrivileges",       "b",  property_get_bool, SPEC(container.security.no_new_privileges), 0),
        DIRECTORY("RuntimeDirectory", RUNTIME),
        DIRECTORY("StateDirectory", STATE),
        DIRECTORY("CacheDirectory", CACHE),
        DIRECTORY("LogsDirectory", LOGS),
        DIRECTORY("ConfigurationDirectory", CONFIGURATION),
        SD_BUS_PROPERTY("RuntimeDirectoryPreserve", "s", get_runtime_preserve, 0,                       0),
        SD_BUS_PROPERTY("KillMode",              "s",  get_kill_mode,     0,                            0),
        SD_BUS_PROPERTY("NotifyAccess",          "s",  get_notify_access, SPEC(service.notify_access), 0),
        SD_BUS_PROPERTY("FileDescriptorStoreMax", "u", NULL,              SPEC(service.fd_store_max),   0),
        SD_BUS_PROPERTY("FileDescriptorStorePreserve", "s", get_fd_store_preserve, SPEC(service.fd_store_preserve), 0),
        SD_BUS_PROPERTY("WatchdogUSec",          "t",  NULL,              SPEC(service.watchdog_usec), 0),
        SD_BUS_PROPERTY("KillSignal",            "i",  get_kill_signal,   0,                            0),
        SD_BUS_PROPERTY("FinalKillSignal",       "i",  get_final_signal,  0,                            0),
        SD_BUS_PROPERTY("SendSIGKILL",           "b",  property_get_bool, SPEC(service.send_sigkill),   0),
        SD_BUS_PROPERTY("SendSIGHUP",            "b",  property_get_bool, SPEC(service.send_sighup),    0),
        SD_BUS_VTABLE_END,
};

/* What systemd has no word for, on the unit's own object. */
const sd_bus_vtable container_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("ContainerID",     "s", NULL, STATUS(container_id),                CHANGES),
        SD_BUS_PROPERTY("ContainerName",   "s", NULL, STATUS(container_name),              0),
        SD_BUS_PROPERTY("LogDriver",       "s", NULL, STATUS(log_driver),                  CHANGES),
        SD_BUS_PROPERTY("LogDirectory",    "s", NULL, STATUS(log_directory),               CHANGES),
        SD_BUS_PROPERTY("Rootfs",          "s", NULL, STATUS(rootfs),                      0),
        SD_BUS_PROPERTY("Image",           "s", NULL, STATUS(image_name),                  CHANGES),
        SD_BUS_PROPERTY("ImageID",         "s", NULL, STATUS(image_id),                    CHANGES),
        SD_BUS_PROPERTY("ImageDigest",     "s", NULL, STATUS(image_digest),                CHANGES),
        SD_BUS_PROPERTY("Labels",          "as", get_labels, 0,                            0),
        SD_BUS_PROPERTY("ExposedPorts",    "as", get_exposed_ports, 0,                     0),
        SD_BUS_PROPERTY("ImageHealthcheck", "as", get_image_healthcheck, 0,                0),
        SD_BUS_PROPERTY("HealthState",     "s", health_get_state, 0,                       CHANGES),
        SD_BUS_PROPERTY("HealthFailingStreak", "u", health_get_streak, 0,                  0),
        SD_BUS_PROPERTY("HealthNextCheckUSec", "t", health_get_next, 0,                    0),
        SD_BUS_PROPERTY("HealthLog",       "a(ttis)", health_get_log, 0,                   0),
        SD_BUS_PROPERTY("Annotations",     "as", get_annotations, 0,                       0),
        SD_BUS_PROPERTY("Devices",         "as", get_devices, 0,                           0),
        SD_BUS_PROPERTY("Credentials",     "as", get_credential_names, 0,                  0),
        SD_BUS_PROPERTY("Pod",             "s", NULL, STATUS(pod),                         0),
        SD_BUS_PROPERTY("PodName",         "s", NULL, STATUS(pod_name),                    0),
        SD_BUS_PROPERTY("PodMembers",      "as", NULL, STATUS(pod_members),                0),
        SD_BUS_PROPERTY("Asleep",          "b", property_get_bool, STATUS(sleeps),         CHANGES),
        SD_BUS_PROPERTY("IdleTimeoutUSec", "t", get_idle_timeout, 0,                       0),
        SD_BUS_PROPERTY("InitPID",         "u", NULL, STATUS(init_pid),                    CHANGES),
        SD_BUS_PROPERTY("UserNS",          "s", get_user_namespace, 0,                     0),
        SD_BUS_PROPERTY("UIDMap",          "as", get_id_map, 0,                            0),
        SD_BUS_PROPERTY("GIDMap",          "as", get_id_map, 0,                            0),
        /* the parts of the last start, in order, with the time each ended at (CLOCK_MONOTONIC) */
        SD_BUS_PROPERTY("StartPhases",     "a(st)", get_start_phases, 0,                   CHANGES),
        /* CLOCK_MONOTONIC; UINT64_MAX: no restart is due */
        SD_BUS_PROPERTY("NextRestartUSec", "t", NULL, STATUS(next_restart_monotonic_usec), CHANGES),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
