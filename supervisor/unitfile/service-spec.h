/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Unit], [Service] and [Install]: what was asked, as data. Immutable once loaded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/condition.h"
#include "unitfile/dependency.h"
#include "unitfile/health-spec.h"
#include "unitfile/device-allow.h"
#include "unitfile/exec-command.h"
#include "unitfile/exec-directory.h"
#include "unitfile/io-limit.h"
#include "unitfile/log-settings.h"
#include "unitfile/open-file.h"
#include "unitfile/value.h"

typedef enum ServiceType {
        SERVICE_NOTIFY, /* a .container's default */
        SERVICE_ONESHOT,
        SERVICE_NOTIFY_RELOAD,
        SERVICE_SIMPLE,
        SERVICE_EXEC,
        SERVICE_FORKING,
        SERVICE_IDLE,
        _SERVICE_TYPE_MAX,
        _SERVICE_TYPE_INVALID = -EINVAL,
} ServiceType;

typedef enum RestartPolicy { /* Restart=; the table is UNITS.md 4.4 */
        RESTART_NO,
        RESTART_ON_SUCCESS,
        RESTART_ON_FAILURE,
        RESTART_ON_ABNORMAL,
        RESTART_ON_ABORT,
        RESTART_ON_WATCHDOG,
        RESTART_ALWAYS,
        _RESTART_POLICY_MAX,
        _RESTART_POLICY_INVALID = -EINVAL,
} RestartPolicy;

typedef enum NotifyAccess {    /* whose notifications count */
        NOTIFY_ACCESS_DEFAULT, /* as the kind of unit has it: of a container, all */
        NOTIFY_ACCESS_NONE,
        NOTIFY_ACCESS_MAIN, /* the main process */
        NOTIFY_ACCESS_EXEC, /* and commands on the host */
        NOTIFY_ACCESS_ALL,  /* every process of the unit */
        _NOTIFY_ACCESS_MAX,
        _NOTIFY_ACCESS_INVALID = -EINVAL,
} NotifyAccess;

typedef enum FdStorePreserve { /* how long descriptors are kept for a service */
        FD_STORE_RESTART,      /* while it runs, or is restarted */
        FD_STORE_NO,           /* while it runs */
        FD_STORE_YES,          /* until it takes them back */
        _FD_STORE_PRESERVE_MAX,
        _FD_STORE_PRESERVE_INVALID = -EINVAL,
} FdStorePreserve;

const char *fd_store_preserve_to_string(FdStorePreserve p);
const char *notify_access_to_string(NotifyAccess a); /* "all" also of the default */

typedef enum TimeoutFailureMode { /* TimeoutStartFailureMode=, TimeoutStopFailureMode= */
        TIMEOUT_TERMINATE,
        TIMEOUT_ABORT, /* WatchdogSignal= and TimeoutAbortSec= first */
        TIMEOUT_KILL,
        _TIMEOUT_FAILURE_MODE_MAX,
        _TIMEOUT_FAILURE_MODE_INVALID = -EINVAL,
} TimeoutFailureMode;

typedef enum OomPolicy {
        OOM_POLICY_CONTINUE,
        OOM_POLICY_STOP,
        OOM_POLICY_KILL,
        _OOM_POLICY_MAX,
        _OOM_POLICY_INVALID = -EINVAL,
} OomPolicy;

const char *service_type_to_string(ServiceType t);
const char *restart_policy_to_string(RestartPolicy p);
const char *oom_policy_to_string(OomPolicy p);

typedef struct RestartSpec {
        RestartPolicy policy;
        uint64_t delay_usec;     /* RestartSec=, default 100 ms */
        uint64_t delay_max_usec; /* RestartMaxDelaySec=, USEC_INFINITY: none */
        unsigned steps;          /* RestartSteps=, default 0 */
        uint64_t reset_usec;     /* [X-Supd] RestartResetSec=; USEC_INFINITY: never, as systemd */
        ExitSet success, prevent, force; /* SuccessExitStatus=, RestartPrevent…=, RestartForce…= */
        uint64_t limit_interval_usec;    /* StartLimitIntervalSec=, default 10 s; 0: no limit */
        unsigned limit_burst;            /* StartLimitBurst=, default 5 */
} RestartSpec;

typedef struct ResourceSpec {
        Quantity memory_max, memory_high, memory_swap_max; /* bytes, or relative to RAM or swap */
        Quantity memory_min, memory_low; /* likewise; what is kept: 0 by default */
        Quantity memory_zswap_max;
        bool memory_zswap_writeback;
        uint64_t cpu_quota_per_sec_usec; /* CPUQuota=: CPU time per second; UINT64_MAX: unlimited */
        uint64_t cpu_quota_period_usec;  /* CPUQuotaPeriodSec=, 1 ms to 1 s; UINT64_MAX: unset */
        uint64_t cpu_weight;             /* 1 to 10000; 0: idle; UINT64_MAX: unset */
        char *allowed_cpus;              /* owned; canonical "0-3,8"; NULL: all */
        char *allowed_memory_nodes;      /* owned; likewise */
        Quantity tasks_max;              /* relative: to the system's maximum */
        uint64_t io_weight;              /* 1 to 10000; UINT64_MAX: unset */
        IoLimitList io[_IO_LIMIT_KIND_MAX];
        char *slice; /* owned; "a-b.slice"; NULL: none, directly below supd's */
        DevicePolicy device_policy;
        DeviceAllowList device_allow;
        uint64_t root_size_max_bytes; /* [X-Supd] RootSizeMax=; UINT64_MAX: unset */
        int oom_score_adjust;
        bool oom_score_adjust_set;
        OomPolicy oom_policy;
} ResourceSpec;

/* What processes on the host run as: of a .container its commands, never its payload. */
typedef struct HostExecSpec {
        char *working_directory; /* owned; "~": the user's home; NULL: "/" */
        bool working_directory_optional;
        char *user, *group;          /* owned; name or number; NULL: root */
        char **supplementary_groups; /* owned */
        char **pass_environment;     /* owned; names that are taken from supd's own environment */
        char **unset_environment;    /* owned; NAME, or NAME=VALUE of that value alone */
        char *syslog_identifier;     /* owned; of the payload too; NULL: the unit's name */
        ExecDirectories directories[_EXEC_DIRECTORY_KIND_MAX];
        DirectoryPreserve runtime_preserve;
        char **load_credentials;     /* owned; "ID:PATH"; "ID:": of a store */
        char **set_credentials;      /* owned; "ID:TEXT", decoded */
        bool permissions_start_only; /* User= and Group= are for the main process alone */
        unsigned umask;
        int nice;
        bool nice_set;
} HostExecSpec;

typedef struct ServiceSpec {
        ServiceType type;
        bool remain_after_exit;
        RestartSpec restart;
        ResourceSpec resource;
        uint64_t start_timeout_usec; /* TimeoutStartSec=, default 90 s, oneshot infinity */
        uint64_t stop_timeout_usec;  /* TimeoutStopSec=, default 90 s */
        uint64_t abort_timeout_usec; /* TimeoutAbortSec=; USEC_INFINITY: as TimeoutStopSec= */
        uint64_t runtime_max_usec;   /* RuntimeMaxSec=, default infinity */
        TimeoutFailureMode start_failure_mode, stop_failure_mode;
        int restart_kill_signal;    /* RestartKillSignal=; 0: as KillSignal= */
        int final_kill_signal;      /* FinalKillSignal=; 0: SIGKILL */
        int watchdog_signal;        /* WatchdogSignal=; 0: SIGABRT */
        uint64_t watchdog_usec;     /* WatchdogSec=; 0: none */
        NotifyAccess notify_access; /* NotifyAccess= */
        unsigned fd_store_max;      /* FileDescriptorStoreMax=; 0: none are kept */
        FdStorePreserve fd_store_preserve;
        uint64_t runtime_extra_usec; /* RuntimeRandomizedExtraSec=, default 0 */
        bool exit_cgroup;            /* ExitType=cgroup: runs until no process is left */
        int kill_signal;             /* KillSignal=; 0: unset, StopSignal= of the container rules */
        bool send_sigkill;
        bool send_sighup;
        bool kill_mixed; /* KillMode=mixed, a container's default; else control-group */
        uint64_t log_rate_limit_interval_usec; /* USEC_INFINITY: unset, no limit */
        uint64_t log_rate_limit_burst;         /* UINT64_MAX: unset */
        LogSettings log;
        char **environment;       /* owned; for ${NAME} in other values */
        char **environment_files; /* owned; a leading '-' makes it optional */
        OpenFileSpecs open_files;
        char **sockets;             /* owned; Sockets=: units, beside its own one */
        uint64_t idle_timeout_usec; /* [X-Supd] IdleTimeoutSec=; USEC_INFINITY: it never sleeps */
        bool idle_stop;             /* IdleAction=stop; else it is frozen */
        bool non_blocking;          /* O_NONBLOCK on what they hand over */
        HealthEndpoint health_endpoint; /* [X-Supd] HealthHttp=, HealthTcp= */
        ExecCommandList commands[_EXEC_PHASE_MAX];
        HostExecSpec exec;
} ServiceSpec;

typedef struct InstallSpec {
        char **wanted_by, **required_by, **upheld_by, **alias, **also; /* owned */
        char *default_instance;                                        /* owned; NULL: none */
} InstallSpec;

typedef struct UnitSectionSpec {
        char *description;    /* owned; NULL: the unit's name */
        char **documentation; /* owned */
        /* Owned each; words as written, names of units or of Quadlet's files: unit_set_translate(). Defaults
         * are among them, and of the inverse ones those from NAME.wants directories and their like. */
        char **dependencies[_DEPENDENCY_TYPE_MAX];
        unsigned cleared_dependencies; /* bits of types: an empty assignment took away Quadlet's default */
        bool default_dependencies;
        bool quadlet_default_dependencies; /* [Quadlet] DefaultDependencies=: network-online.target */
        bool refuse_manual_start, refuse_manual_stop;
        bool stop_when_unneeded;
        bool allow_isolate, ignore_on_isolate;
        JobMode on_failure_job_mode, on_success_job_mode;
        uint64_t job_timeout_usec, job_running_timeout_usec; /* USEC_INFINITY: none */
        ConditionList conditions, asserts;                   /* tested just before a start */
        char **requires_mounts_for, **wants_mounts_for;      /* owned; absolute paths */
        char **implied_mounts_for; /* owned; sources of Volume=, whose mount tells what is missing */
        bool collect_failed;       /* CollectMode=inactive-or-failed */
} UnitSectionSpec;

void service_spec_init(ServiceSpec *s);
void service_spec_done(ServiceSpec *s);
void install_spec_done(InstallSpec *i);
void unit_section_spec_init(UnitSectionSpec *u);
void unit_section_spec_done(UnitSectionSpec *u);
