/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-keys.h"

#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-keys-internal.h"
#include "unitfile/unit-spec.h"

/* clang-format off */
const UnitSection unit_sections[] = {
        { "Container", SECTION_TYPE },    { "Quadlet", SECTION_TYPE },
        { "Unit",      SECTION_SYSTEMD }, { "Service", SECTION_SYSTEMD },
        { "Install",   SECTION_INSTALL }, { "X-Supd",  SECTION_OWN },
        { "Pod",       SECTION_TYPE }, { "Volume",  SECTION_FOREIGN },
        { "Network",   SECTION_FOREIGN }, { "Image",   SECTION_TYPE },
        { "Timer",     SECTION_SYSTEMD }, { "Socket",  SECTION_SYSTEMD },
        {},
};
static_assert(ELEMENTSOF(unit_sections) <= UNIT_SECTIONS_MAX + 1, "UnitKeys has room for all");

#define KEY(section, key, type, target, container, member, flags, help) \
        { section, key, help, parse_##type, target, MEMBER_OFFSET(container, member, type##_value), \
          flags, KEY_HANDLED, NULL }
#define CONTAINER(key, type, member, flags, help) \
        KEY("Container", key, type, KEY_TARGET_CONTAINER, ContainerSpec, member, flags, help)
#define IMAGE(key, type, member, flags, help) \
        KEY("Image", key, type, KEY_TARGET_IMAGE, ImageSpec, member, flags, help)
#define POD(key, type, member, flags, help) \
        KEY("Pod", key, type, KEY_TARGET_POD, PodSpec, member, flags, help)
#define SOCKET(key, type, member, flags, help) \
        KEY("Socket", key, type, KEY_TARGET_SOCKET, SocketSpec, member, flags, help)
#define LISTEN(key, help) \
        KEY_WHOLE("Socket", key, listens, KEY_TARGET_SOCKET, KEY_LIST | KEY_KEEP_EMPTY | KEY_STRICT, help)
#define SERVICE(key, type, member, flags, help) \
        KEY("Service", key, type, KEY_TARGET_SERVICE, ServiceSpec, member, flags, help)
#define DIRECTORY(kind, key, help) \
        SERVICE(key, exec_directories, exec.directories[EXEC_DIRECTORY_##kind].words, KEY_LIST, help), \
        SERVICE(key "Mode", octal_mode, exec.directories[EXEC_DIRECTORY_##kind].mode, 0, "Their mode, by default 0755")
#define TIMER(key, type, member, help) \
        KEY("Timer", key, type, KEY_TARGET_TIMER, TimerSpec, member, 0, help)
#define TIMER_TIME(key, help) \
        KEY_WHOLE("Timer", key, timer_values, KEY_TARGET_TIMER, KEY_LIST | KEY_KEEP_EMPTY, help)
#define UNIT(key, type, member, flags, help) \
        KEY("Unit", key, type, KEY_TARGET_UNIT, UnitSectionSpec, member, flags, help)
#define DEPENDENCY(key, of, help) \
        UNIT(key, dependencies, dependencies[DEPENDENCY_##of], KEY_LIST | KEY_KEEP_EMPTY, help)
#define CONDITION(type, help) \
        UNIT("Condition" type, conditions, conditions, KEY_LIST | KEY_KEEP_EMPTY, help), \
        UNIT("Assert" type, conditions, asserts, KEY_LIST | KEY_KEEP_EMPTY, help)
#define INSTALL(key, type, member, help) \
        KEY("Install", key, type, KEY_TARGET_INSTALL, InstallSpec, member, KEY_LIST, help)

/* The whole spec as target, for keys that fill several members. */
#define KEY_WHOLE(section, key, type, target, flags, help) \
        { section, key, help, parse_##type, target, 0, flags, KEY_HANDLED, NULL }

/* For later; but the values are looked at. */
#define CHECKED(section, key, type, flags, help) \
        { section, key, help, parse_##type, KEY_TARGET_NONE, 0, flags, KEY_NOT_YET, NULL }
#define CHECKED_NETWORK(section) \
        CHECKED(section, "IP", own_address, 0, "Address on its network"), \
        CHECKED(section, "IP6", own_address, 0, "The same of IPv6"), \
        CHECKED(section, "PublishPort", published_ports, KEY_LIST, "[[IP:][HOST-PORT]:]PORT[/PROTOCOL]: ports of the host that lead to it"), \
        CHECKED(section, "AddHost", host_lines, KEY_LIST, "NAME:IP, for its hosts file"), \
        CHECKED(section, "DNS", name_servers, KEY_LIST, "Name servers, or none")

/* What it says is in other keys when keys are looked at: podman_args_expand(). */
#define PODMAN_ARGS(section, words) \
        { section, "PodmanArgs", "Flags of " words ": those that a key stands for", NULL, KEY_TARGET_NONE, 0, 0, KEY_SILENT, NULL }

const UnitKey unit_keys_handled[] = {
        KEY_WHOLE("Container", "Image", image, KEY_TARGET_CONTAINER, 0, "Image to run: a reference, a transport such as oci-archive:FILE, or NAME.image"),
        CONTAINER("Pull", pull_policy, pull.policy, 0, "When to fetch the image: always, missing, never or newer"),
        CONTAINER("Retry", count, pull.retries, 0, "How often a fetch that failed is tried again"),
        CONTAINER("RetryDelay", go_duration, pull.retry_delay_usec, 0, "Time before that, such as 5s; by default it grows from 2s"),
        CONTAINER("Rootfs", rootfs, root, 0, "Directory used as root, or a file of squashfs or erofs; with :O below an overlay that is thrown away"),
        CONTAINER("Exec", command, process.exec, 0, "Command, or arguments after the entry point"),
        CONTAINER("Entrypoint", entrypoint, process, KEY_KEEP_EMPTY, "One word, or a JSON array, put before Exec="),
        CONTAINER("Environment", environment, process.environment, KEY_LIST, "Variables of the payload; a bare name imports supd's"),
        CONTAINER("EnvironmentFile", unit_paths, process.environment_files, KEY_LIST, "Files of NAME=VALUE lines, read at start"),
        CONTAINER("WorkingDir", container_path, process.working_dir, 0, "Working directory, made if missing"),
        CONTAINER("User", user, process, 0, "Name or id inside the container"),
        CONTAINER("Group", group, process, 0, "Name or id inside the container; needs User="),
        CONTAINER("UserNS", string, users.userns, 0, "User namespace: host, auto, keep-id, nomap, ns:PATH or container:NAME"),
        CONTAINER("UIDMap", id_map, users.uids, KEY_LIST | KEY_STRICT, "CONTAINER-ID:HOST-ID:SIZE: users of the container, in a user namespace of its own"),
        CONTAINER("GIDMap", id_map, users.gids, KEY_LIST | KEY_STRICT, "The same of groups; by default as the users"),
        CONTAINER("SubUIDMap", string, users.subuid, 0, "Name in /etc/subuid whose ids are the container's users"),
        CONTAINER("SubGIDMap", string, users.subgid, 0, "Name in /etc/subgid; by default as the users"),
        CONTAINER("RemapUsers", string, users.remap_users, 0, "Older spelling of UserNS= and UIDMap=: manual, auto or keep-id"),
        CONTAINER("RemapUid", strings, users.remap_uids, KEY_LIST, "Ranges of RemapUsers=, or the id of keep-id"),
        CONTAINER("RemapGid", strings, users.remap_gids, KEY_LIST, "The same of groups"),
        CONTAINER("RemapUidSize", string, users.remap_size, 0, "How many ids RemapUsers=auto maps"),
        CONTAINER("EnvironmentHost", boolean, process.host_environment, KEY_KEEP_EMPTY, "Give the payload all of supd's environment, below that of the image and the unit"),
        CONTAINER("HttpProxy", boolean, process.http_proxy, KEY_KEEP_EMPTY, "Give it http_proxy, https_proxy, ftp_proxy and no_proxy of supd's environment"),
        CONTAINER("GroupAdd", further_groups, process.groups, KEY_LIST, "Further groups, names or ids inside the container; or keep-groups alone: those of supd"),
        CONTAINER("HostName", host_name, hostname, 0, "Host name inside the container"),
        CONTAINER("ContainerName", container_name, name, 0, "Name of the container, by default systemd-UNIT"),
        { "Container", "ServiceName", "Name of the unit without .service", NULL, KEY_TARGET_NONE, 0, 0, KEY_SILENT, NULL },
        CONTAINER("Label", metadata, labels, KEY_LIST, "Metadata"),
        CONTAINER("Annotation", metadata, annotations, KEY_LIST, "Metadata"),
        CONTAINER("RunInit", run_init, process.run_init, KEY_KEEP_EMPTY, "Run supinit as PID 1; by default unless the command is an init"),
        CONTAINER("StopSignal", signal, process.stop_signal, 0, "First signal of a stop"),
        CONTAINER("ReloadCmd", command, reload_command, 0, "Command inside the container that makes it reload"),
        CONTAINER("ReloadSignal", signal, reload_signal, 0, "Signal to the main process that makes it reload"),
        CONTAINER("StopTimeout", seconds, process.stop_timeout_usec, 0, "Seconds from StopSignal to SIGKILL"),
        CONTAINER("AddCapability", capabilities, security.add_capabilities, KEY_LIST | KEY_STRICT, "Capabilities beside the default ones"),
        CONTAINER("DropCapability", capabilities, security.drop_capabilities, KEY_LIST | KEY_STRICT, "Capabilities to go without, or all"),
        CONTAINER("NoNewPrivileges", boolean, security.no_new_privileges, KEY_KEEP_EMPTY | KEY_STRICT, "Set no_new_privs"),
        CONTAINER("SeccompProfile", seccomp, security.seccomp_unconfined, 0, "unconfined: no system call filter"),
        CONTAINER("AppArmor", apparmor, security.apparmor, 0, "AppArmor profile of the payload, which is loaded; or unconfined"),
        CONTAINER("Sysctl", sysctls, security.sysctls, KEY_LIST | KEY_STRICT, "Namespaced kernel settings, NAME=VALUE"),
        CONTAINER("Ulimit", ulimits, security, KEY_LIST, "Limits, NAME=SOFT[:HARD], or host"),
        CONTAINER("Mask", path_lists, root.mask, KEY_LIST | KEY_STRICT, "More paths to hide"),
        CONTAINER("Unmask", path_lists, root.unmask, KEY_LIST, "Paths not to hide after all, or ALL"),
        CONTAINER("ReadOnly", boolean, root.read_only, KEY_KEEP_EMPTY | KEY_STRICT, "Mount the root file system read-only"),
        CONTAINER("ReadOnlyTmpfs", boolean, root.read_only_tmpfs, KEY_KEEP_EMPTY, "With ReadOnly=: writable tmpfs on /run, /tmp and the like"),
        CONTAINER("Tmpfs", tmpfs, root, KEY_LIST, "DIR[:OPTIONS]"),
        CONTAINER("VolatileTmp", boolean, root.volatile_tmp, KEY_KEEP_EMPTY, "A tmpfs of 512M on /tmp, unless ReadOnly= has one there"),
        CONTAINER("Volume", volumes, root, KEY_LIST, "SOURCE:DESTINATION[:OPTIONS]"),
        CONTAINER("Mount", mounts, root, KEY_LIST | KEY_STRICT, "type=bind|glob|volume|tmpfs|ramfs|devpts,source=,target=[,OPTIONS]"),
        CONTAINER("AddDevice", devices, devices, KEY_LIST | KEY_STRICT, "[-]HOST[:CONTAINER][:rwm]: a device, or all in a directory; - if it may be missing"),
        CONTAINER("Secret", secrets, secrets, KEY_LIST | KEY_STRICT, "NAME[,type=mount|env,target=,uid=,gid=,mode=]: a secret, as a file or a variable"),
        CONTAINER("ShmSize", shm_size, root, 0, "Size of /dev/shm; 0 is unlimited"),
        CONTAINER("Timezone", timezone, root.timezone, 0, "Name of a time zone, or local"),
        CONTAINER("Network", network, network, KEY_LIST, "none or host"),
        CONTAINER("Memory", memory_limit, memory_bytes, 0, "Memory limit of the payload"),
        CONTAINER("PidsLimit", pids_limit, pids_limit, 0, "Limit of processes and threads; -1 is unlimited"),
        CONTAINER("Pod", pod, pod, 0, "NAME.pod: the pod whose namespaces it joins"),
        CHECKED_NETWORK("Container"),
        CHECKED("Container", "ExposeHostPort", exposed_ports, KEY_LIST, "PORT or PORT-PORT[/tcp|/udp]: that it listens there"),
        CONTAINER("StartWithPod", boolean, start_with_pod, KEY_KEEP_EMPTY, "Start when the pod does"),
        CONTAINER("Notify", notify_mode, notify, 0, "When it counts as started: false, as soon as it executes; true, when it says so; healthy, when a health check succeeds"),
        CONTAINER("HealthCmd", health_command, health.test, 0, "Command of the health check, for a shell or as a JSON array; none: no check"),
        CONTAINER("HealthInterval", health_interval, health.interval_usec, 0, "Time from the end of a check to the next, such as 30s; disable: no timer"),
        CONTAINER("HealthTimeout", go_duration, health.timeout_usec, 0, "Time after which a check is killed and counts as failed"),
        CONTAINER("HealthRetries", health_retries, health.retries, 0, "Failures one after the other until it is unhealthy"),
        CONTAINER("HealthStartPeriod", go_duration, health.start_period_usec, 0, "Time after the start in which failures do not count"),
        CONTAINER("HealthStartupCmd", health_command, health.startup_test, 0, "Check that has to succeed before HealthCmd= begins"),
        CONTAINER("HealthStartupInterval", go_duration, health.startup_interval_usec, 0, "Time between checks of HealthStartupCmd="),
        CONTAINER("HealthStartupTimeout", go_duration, health.startup_timeout_usec, 0, "Time limit of HealthStartupCmd="),
        CONTAINER("HealthStartupRetries", health_count, health.startup_retries, 0, "Failures of HealthStartupCmd= until a restart; 0: never"),
        CONTAINER("HealthStartupSuccess", health_count, health.startup_success, 0, "Successes of HealthStartupCmd= until HealthCmd= begins"),
        CONTAINER("HealthOnFailure", health_action, health.on_failure, 0, "What to do when it is unhealthy: none, kill, restart or stop"),
        CONTAINER("HealthLogDestination", health_log, health, 0, "Where results go: local, events_logger or a directory"),
        CONTAINER("HealthMaxLogCount", health_count, health.log_count, 0, "Results that are kept"),
        CONTAINER("HealthMaxLogSize", health_size, health.log_size_bytes, 0, "Bytes of output kept of each result"),
        CONTAINER("LogDriver", log_driver, log_driver, 0, "journald, k8s-file, none or passthrough"),
        CONTAINER("LogOpt", log_options, log_size_max_bytes, KEY_LIST, "max-size=SIZE"),
        PODMAN_ARGS("Container", "podman run"),

        IMAGE("Image", image_source, reference, 0, "What to fetch: a reference, or a transport such as oci-archive:FILE"),
        IMAGE("ImageTag", image_tag, tag, 0, "What it is called here"),
        IMAGE("Policy", pull_policy, pull.policy, 0, "When to fetch it: always, missing, never or newer"),
        IMAGE("Arch", platform_word, pull.architecture, 0, "Which of an index: amd64, arm64, …"),
        IMAGE("OS", platform_word, pull.os, 0, "Which of an index: linux"),
        IMAGE("Variant", platform_word, pull.variant, 0, "Which of an index: v7"),
        IMAGE("AuthFile", host_path, pull.auth_file, 0, "File with credentials, as podman login writes it"),
        IMAGE("Creds", string, pull.creds, 0, "USER:PASSWORD"),
        IMAGE("CertDir", host_path, pull.cert_dir, 0, "Directory of the registry's certificates"),
        IMAGE("TLSVerify", boolean, pull.tls_verify, KEY_KEEP_EMPTY | KEY_STRICT, "Verify the registry's certificate"),
        IMAGE("Retry", count, pull.retries, 0, "How often a fetch that failed is tried again"),
        IMAGE("RetryDelay", go_duration, pull.retry_delay_usec, 0, "Time before that, such as 5s; by default it grows from 2s"),
        { "Image", "ServiceName", "Name of the unit without .service", NULL, KEY_TARGET_NONE, 0, 0, KEY_SILENT, NULL },
        PODMAN_ARGS("Image", "podman pull"),

        POD("PodName", container_name, name, 0, "Name of the pod, by default systemd-NAME"),
        { "Pod", "ServiceName", "Name of the unit without .service", NULL, KEY_TARGET_NONE, 0, 0, KEY_SILENT, NULL },
        POD("ExitPolicy", exit_policy, exit_policy, 0, "stop: the pod ends with its last container; continue: it does not"),
        POD("StopTimeout", seconds, stop_timeout_usec, 0, "Seconds that containers get to end when the pod does"),
        KEY_WHOLE("Pod", "Network", pod_network, KEY_TARGET_POD, KEY_LIST, "none, host or ns:PATH: the network of all its containers"),
        POD("HostName", host_name, hostname, 0, "Host name that its containers share; by default the pod's name"),
        POD("Volume", volumes, root, KEY_LIST, "SOURCE:DESTINATION[:OPTIONS], mounted into each of its containers"),
        POD("ShmSize", shm_size, root, 0, "Size of the /dev/shm that its containers share; 0 is unlimited"),
        CHECKED_NETWORK("Pod"),
        POD("Label", metadata, labels, KEY_LIST, "Metadata"),
        PODMAN_ARGS("Pod", "podman pod create"),

        KEY("Quadlet", "DefaultDependencies", boolean, KEY_TARGET_UNIT, UnitSectionSpec, quadlet_default_dependencies, KEY_KEEP_EMPTY, "Depend on network-online.target"),

        KEY("Unit", "Description", string, KEY_TARGET_UNIT, UnitSectionSpec, description, 0, "What people call it"),
        KEY("Unit", "Documentation", uris, KEY_TARGET_UNIT, UnitSectionSpec, documentation, KEY_LIST, "Where to read about it"),
        KEY("Unit", "DefaultDependencies", boolean, KEY_TARGET_UNIT, UnitSectionSpec, default_dependencies, 0, "Depend on what each service depends on"),
        DEPENDENCY("Wants", WANTS, "Started with this unit, if they can be"),
        DEPENDENCY("Requires", REQUIRES, "Started with this unit, which fails without them, and stops with them"),
        DEPENDENCY("RequiresOverridable", REQUIRES, "Old name of Requires="),
        DEPENDENCY("Requisite", REQUISITE, "Must be active before this unit starts"),
        DEPENDENCY("RequisiteOverridable", REQUISITE, "Old name of Requisite="),
        DEPENDENCY("BindsTo", BINDS_TO, "As Requires=, and their end for whatever reason stops this unit"),
        DEPENDENCY("BindTo", BINDS_TO, "Old name of BindsTo="),
        DEPENDENCY("PartOf", PART_OF, "Stopped and restarted, they take this unit with them"),
        DEPENDENCY("Upholds", UPHOLDS, "Started whenever they are found stopped while this unit is active"),
        DEPENDENCY("Conflicts", CONFLICTS, "Stopped when this unit starts, and the other way round"),
        DEPENDENCY("Before", BEFORE, "Start after this unit, stop before it"),
        DEPENDENCY("After", AFTER, "Start before this unit, stop after it"),
        DEPENDENCY("OnFailure", ON_FAILURE, "Started when this unit fails"),
        DEPENDENCY("OnSuccess", ON_SUCCESS, "Started when this unit ends well"),
        DEPENDENCY("PropagatesStopTo", PROPAGATES_STOP_TO, "Stopped when this unit stops"),
        DEPENDENCY("StopPropagatedFrom", STOP_PROPAGATED_FROM, "Their stop stops this unit"),
        DEPENDENCY("PropagatesReloadTo", PROPAGATES_RELOAD_TO, "Reloaded when this unit is, if they run and can"),
        DEPENDENCY("PropagateReloadTo", PROPAGATES_RELOAD_TO, "Old name of PropagatesReloadTo="),
        DEPENDENCY("ReloadPropagatedFrom", RELOAD_PROPAGATED_FROM, "Their reload reloads this unit"),
        DEPENDENCY("PropagateReloadFrom", RELOAD_PROPAGATED_FROM, "Old name of ReloadPropagatedFrom="),
        UNIT("OnFailureJobMode", job_mode, on_failure_job_mode, 0, "Job mode of these starts"),
        UNIT("OnFailureIsolate", isolate_mode, on_failure_job_mode, 0, "Old way to say OnFailureJobMode=isolate"),
        UNIT("OnSuccessJobMode", job_mode, on_success_job_mode, 0, "Job mode of these starts"),
        UNIT("RefuseManualStart", boolean, refuse_manual_start, 0, "Start only for the sake of others"),
        UNIT("RefuseManualStop", boolean, refuse_manual_stop, 0, "Stop only for the sake of others"),
        UNIT("StopWhenUnneeded", boolean, stop_when_unneeded, 0, "Stop when no unit needs it any more"),
        UNIT("AllowIsolate", boolean, allow_isolate, 0, "May be isolated: all but this and what it needs is stopped"),
        UNIT("IgnoreOnIsolate", boolean, ignore_on_isolate, 0, "Not stopped when another unit is isolated"),
        UNIT("RequiresMountsFor", mounts_for, requires_mounts_for, KEY_LIST, "Paths that must be there: comes after local-fs.target"),
        UNIT("WantsMountsFor", mounts_for, wants_mounts_for, KEY_LIST, "Paths that should be there: likewise"),
        UNIT("CollectMode", collect_mode, collect_failed, 0, "inactive, or inactive-or-failed: a failure is forgotten at once"),
        UNIT("JobTimeoutSec", timeout, job_timeout_usec, 0, "Time after which a job for this unit is given up"),
        UNIT("JobRunningTimeoutSec", timeout, job_running_timeout_usec, 0, "The same, from when the job begins to run"),
        CONDITION("PathExists", "The path exists"),
        CONDITION("PathExistsGlob", "The pattern matches a path"),
        CONDITION("PathIsDirectory", "The path is a directory"),
        CONDITION("PathIsSymbolicLink", "The path is a symbolic link"),
        CONDITION("PathIsMountPoint", "The path is a mount point"),
        CONDITION("PathIsReadWrite", "The file system of the path can be written to"),
        CONDITION("DirectoryNotEmpty", "The path is a directory with something in it"),
        CONDITION("FileNotEmpty", "The path is a regular file with something in it"),
        CONDITION("FileIsExecutable", "The path is a regular file that can be executed"),
        CONDITION("Environment", "supd's environment has NAME, or NAME=VALUE"),
        CONDITION("Host", "Pattern of the host name, or the machine id"),
        CONDITION("User", "supd runs as this user, or @system"),
        CONDITION("Group", "supd is in this group"),
        CONDITION("Virtualization", "yes, no, vm, container, or what it is: kvm, docker, …"),
        CONDITION("ControlGroupController", "cgroup controllers that are there, or v1 or v2"),
        CONDITION("Architecture", "x86-64, arm64, … or native"),
        CONDITION("KernelVersion", "Comparisons such as >=5.10, or patterns"),
        CONDITION("Version", "The same, of the kernel, or after the word glibc or systemd of these"),
        CONDITION("KernelCommandLine", "The kernel was started with this word, or NAME="),
        CONDITION("KernelModuleLoaded", "The module is loaded, or built in"),
        CONDITION("Capability", "In supd's bounding set"),
        CONDITION("Memory", "Size of the machine's memory, such as >=1G"),
        CONDITION("CPUs", "Number of CPUs that supd may use, such as >=2"),
        CONDITION("CPUFeature", "A flag of the CPU, such as aes"),
        CONDITION("OSRelease", "Comparisons such as ID=debian or VERSION_ID>=12"),
        CONDITION("Security", "apparmor, selinux, tpm2, uefi-secureboot and the like"),
        CONDITION("FirstBoot", "yes: the machine starts for the first time"),
        CONDITION("MemoryPressure", "At most so much pressure: LIMIT%[/10sec, /1min or /5min]"),
        CONDITION("CPUPressure", "The same of CPU time"),
        CONDITION("IOPressure", "The same of input and output"),
        KEY("Unit", "StartLimitIntervalSec", span, KEY_TARGET_SERVICE, ServiceSpec, restart.limit_interval_usec, 0, "Window of the start limit; 0 lifts it"),
        KEY("Unit", "StartLimitInterval", span, KEY_TARGET_SERVICE, ServiceSpec, restart.limit_interval_usec, 0, "Old name of StartLimitIntervalSec="),
        KEY("Unit", "StartLimitBurst", count, KEY_TARGET_SERVICE, ServiceSpec, restart.limit_burst, 0, "Starts within the window"),

        SERVICE("Type", service_type, type, KEY_STRICT, "notify or oneshot"),
        SERVICE("RemainAfterExit", boolean, remain_after_exit, 0, "Stay active after a clean end"),
        SERVICE("Restart", restart, restart.policy, 0, "After which ends to start again"),
        SERVICE("RestartSec", span, restart.delay_usec, 0, "Delay before a restart"),
        SERVICE("RestartSteps", count, restart.steps, 0, "Restarts until the delay is RestartMaxDelaySec="),
        SERVICE("RestartMaxDelaySec", span, restart.delay_max_usec, 0, "Largest delay before a restart"),
        SERVICE("RestartPreventExitStatus", exit_set, restart.prevent, KEY_LIST, "Ends that are final"),
        SERVICE("RestartForceExitStatus", exit_set, restart.force, KEY_LIST, "Ends that always mean a restart"),
        SERVICE("SuccessExitStatus", exit_set, restart.success, KEY_LIST, "More ends that are clean"),
        SERVICE("StartLimitIntervalSec", span, restart.limit_interval_usec, 0, "As in [Unit]"),
        SERVICE("StartLimitInterval", span, restart.limit_interval_usec, 0, "Old name of StartLimitIntervalSec="),
        SERVICE("StartLimitBurst", count, restart.limit_burst, 0, "As in [Unit]"),
        SERVICE("TimeoutStartSec", timeout, start_timeout_usec, 0, "Limit of a start; 0 lifts it"),
        SERVICE("TimeoutStopSec", timeout, stop_timeout_usec, 0, "Limit of a stop; 0 lifts it"),
        KEY_WHOLE("Service", "TimeoutSec", both_timeouts, KEY_TARGET_SERVICE, 0, "TimeoutStartSec= and TimeoutStopSec="),
        SERVICE("TimeoutAbortSec", timeout, abort_timeout_usec, 0, "Limit after the signal of an abort; by default TimeoutStopSec="),
        SERVICE("TimeoutStartFailureMode", timeout_failure_mode, start_failure_mode, 0, "After a start that takes too long: terminate, abort or kill"),
        SERVICE("TimeoutStopFailureMode", timeout_failure_mode, stop_failure_mode, 0, "After a stop that takes too long: terminate, abort or kill"),
        SERVICE("RuntimeMaxSec", timeout, runtime_max_usec, 0, "Limit of a run; it then fails with result timeout"),
        SERVICE("RuntimeRandomizedExtraSec", span, runtime_extra_usec, 0, "Up to so much is added to RuntimeMaxSec=, at random"),
        SERVICE("RestartKillSignal", signal, restart_kill_signal, 0, "Signal of a stop that is part of a restart"),
        SERVICE("FinalKillSignal", signal, final_kill_signal, 0, "Signal when a stop takes too long, in the place of SIGKILL"),
        SERVICE("WatchdogSec", span, watchdog_usec, 0, "A container with Notify=true has to give a sign of life every so often; 0: never"),
        SERVICE("NotifyAccess", notify_access, notify_access, 0, "Whose notifications count: none, main, exec or all"),
        SERVICE("FileDescriptorStoreMax", count, fd_store_max, 0, "How many descriptors a container with Notify=true may have kept for its next run; up to 64"),
        SERVICE("FileDescriptorStorePreserve", fd_store_preserve, fd_store_preserve, 0, "How long: restart, until it is stopped; no, until it ends; yes, for good"),
        SERVICE("WatchdogSignal", signal, watchdog_signal, 0, "Signal of an abort"),
        SERVICE("ExitType", exit_type, exit_cgroup, 0, "main, or cgroup: active until no process is left"),
        SERVICE("ExecCondition", exec, commands[EXEC_CONDITION], KEY_LIST | KEY_STRICT, "Commands on the host that may call a start off"),
        SERVICE("ExecStartPre", exec, commands[EXEC_START_PRE], KEY_LIST | KEY_STRICT, "Commands on the host, before a start"),
        SERVICE("ExecStartPost", exec, commands[EXEC_START_POST], KEY_LIST | KEY_STRICT, "Commands on the host, once the unit is ready"),
        SERVICE("ExecReload", exec, commands[EXEC_RELOAD], KEY_LIST | KEY_STRICT, "Commands on the host that make it reload"),
        SERVICE("ExecStop", exec, commands[EXEC_STOP], KEY_LIST | KEY_STRICT, "Commands on the host, before what runs is signalled"),
        SERVICE("ExecStopPost", exec, commands[EXEC_STOP_POST], KEY_LIST | KEY_STRICT, "Commands on the host, after every end"),
        SERVICE("PassEnvironment", strings, exec.pass_environment, KEY_LIST, "Variables that are taken from supd's own environment"),
        SERVICE("UnsetEnvironment", strings, exec.unset_environment, KEY_LIST, "Variables that are taken away, NAME or NAME=VALUE"),
        SERVICE("WorkingDirectory", working_directory, exec, 0, "Working directory of commands on the host"),
        SERVICE("User", host_user, exec.user, 0, "User of commands on the host"),
        SERVICE("Group", host_user, exec.group, 0, "Group of commands on the host"),
        SERVICE("SupplementaryGroups", strings, exec.supplementary_groups, KEY_LIST, "More groups of commands on the host"),
        SERVICE("UMask", umask, exec.umask, 0, "File mode mask of commands on the host"),
        SERVICE("Nice", nice, exec, 0, "Niceness of commands on the host, -20 to 19"),
        SERVICE("SyslogIdentifier", string, exec.syslog_identifier, 0, "Log tag, of commands on the host too; by default the container's name, or the unit's"),
        SERVICE("SyslogFacility", log_facility, log.facility, 0, "Facility of its lines: daemon, local0, …"),
        SERVICE("SyslogLevel", log_level, log.level, 0, "Level of its lines; by default info of stdout and err of stderr"),
        SERVICE("SyslogLevelPrefix", boolean, log.level_prefix, 0, "<N> at the start of a line is its level"),
        SERVICE("LogLevelMax", log_level, log.level_max, 0, "What is less urgent is not kept in the journal"),
        SERVICE("LogExtraFields", log_fields, log.extra_fields, KEY_LIST, "FIELD=VALUE: fields of its lines in the journal"),
        SERVICE("LogFilterPatterns", log_patterns, log.filter_patterns, KEY_LIST, "Regular expression of lines that journald keeps, or with ~ before it drops (systemd 253)"),
        SERVICE("StandardInput", input_stream, log.input, 0, "null, or file:PATH on the host"),
        SERVICE("StandardOutput", output_stream, log.output, 0, "journal (what LogDriver= says), null, file:PATH, append:PATH or truncate:PATH on the host"),
        SERVICE("StandardError", output_stream, log.error, 0, "The same, or inherit: where stdout goes"),
        SERVICE("OpenFile", open_files, open_files, KEY_LIST | KEY_STRICT, "PATH[:NAME[:OPTIONS]]: a file that the main process gets open, or a socket connected"),
        SERVICE("PermissionsStartOnly", boolean, exec.permissions_start_only, 0, "User= and Group= are not for commands before and after the main process"),
        DIRECTORY(RUNTIME, "RuntimeDirectory", "Directories below /run, made before the start and removed at the end"),
        DIRECTORY(STATE, "StateDirectory", "Directories below /var/lib, made before the start"),
        DIRECTORY(CACHE, "CacheDirectory", "Directories below /var/cache, made before the start"),
        DIRECTORY(LOGS, "LogsDirectory", "Directories below /var/log, made before the start"),
        DIRECTORY(CONFIGURATION, "ConfigurationDirectory", "Directories below /etc, made before the start, which belong to root"),
        SERVICE("RuntimeDirectoryPreserve", directory_preserve, exec.runtime_preserve, 0, "no, yes, or restart: whether RuntimeDirectory= stays when the unit ends"),
        SERVICE("LoadCredential", load_credentials, exec.load_credentials, KEY_LIST | KEY_STRICT, "ID:PATH: a file of $CREDENTIALS_DIRECTORY, from another"),
        SERVICE("SetCredential", set_credentials, exec.set_credentials, KEY_LIST | KEY_STRICT, "ID:TEXT: a file of $CREDENTIALS_DIRECTORY"),
        SERVICE("KillMode", kill_mode, kill_mixed, KEY_STRICT, "mixed or control-group"),
        SERVICE("KillSignal", signal, kill_signal, 0, "Signal of a stop, if StopSignal= is not set"),
        SERVICE("SendSIGHUP", boolean, send_sighup, 0, "SIGHUP after the signal of a stop"),
        SERVICE("SendSIGKILL", boolean, send_sigkill, 0, "SIGKILL when a stop takes too long"),
        SERVICE("MemoryMax", memory, resource.memory_max, KEY_STRICT, "Memory limit of the unit"),
        SERVICE("MemoryHigh", memory, resource.memory_high, KEY_STRICT, "Memory use that is slowed down"),
        SERVICE("MemoryMin", protection, resource.memory_min, KEY_STRICT, "Memory that is never taken from the unit"),
        SERVICE("MemoryLow", protection, resource.memory_low, KEY_STRICT, "Memory that is taken from it only when no other can be had"),
        SERVICE("MemoryZSwapMax", swap, resource.memory_zswap_max, KEY_STRICT, "Limit of what it has compressed in memory"),
        SERVICE("MemoryZSwapWriteback", boolean, resource.memory_zswap_writeback, KEY_STRICT, "Whether that may go on to the disk"),
        SERVICE("MemorySwapMax", swap, resource.memory_swap_max, KEY_STRICT, "Swap limit of the unit"),
        SERVICE("CPUQuota", cpu_quota, resource.cpu_quota_per_sec_usec, KEY_STRICT, "CPU time in percent of one CPU"),
        SERVICE("CPUQuotaPeriodSec", quota_period, resource.cpu_quota_period_usec, KEY_STRICT, "Time in which it may be used up, 1ms to 1s; by default 100ms"),
        SERVICE("CPUWeight", cpu_weight, resource.cpu_weight, KEY_STRICT, "Share of CPU time, 1 to 10000, or idle"),
        SERVICE("AllowedCPUs", cpu_set, resource.allowed_cpus, KEY_STRICT, "CPUs to run on"),
        SERVICE("AllowedMemoryNodes", memory_nodes, resource.allowed_memory_nodes, KEY_STRICT, "NUMA nodes to have memory on"),
        SERVICE("TasksMax", tasks, resource.tasks_max, KEY_STRICT, "Limit of processes and threads of the unit"),
        SERVICE("IOWeight", io_weight, resource.io_weight, KEY_STRICT, "Share of disk time, 1 to 10000"),
        SERVICE("IODeviceWeight", io_device_weights, resource.io[IO_LIMIT_WEIGHT], KEY_LIST | KEY_STRICT, "PATH WEIGHT: share of the time of the disk that the path is, or is on"),
        SERVICE("IOReadBandwidthMax", io_rates, resource.io[IO_LIMIT_READ_BYTES], KEY_LIST | KEY_STRICT, "PATH BYTES: limit of reading from that disk in a second, such as 5M"),
        SERVICE("IOWriteBandwidthMax", io_rates, resource.io[IO_LIMIT_WRITE_BYTES], KEY_LIST | KEY_STRICT, "PATH BYTES: limit of writing to that disk in a second"),
        SERVICE("IOReadIOPSMax", io_rates, resource.io[IO_LIMIT_READ_OPERATIONS], KEY_LIST | KEY_STRICT, "PATH NUMBER: limit of reads from that disk in a second"),
        SERVICE("IOWriteIOPSMax", io_rates, resource.io[IO_LIMIT_WRITE_OPERATIONS], KEY_LIST | KEY_STRICT, "PATH NUMBER: limit of writes to that disk in a second"),
        SERVICE("IODeviceLatencyTargetSec", io_latencies, resource.io[IO_LIMIT_LATENCY_USEC], KEY_LIST | KEY_STRICT, "PATH SPAN: others wait when that disk answers later"),
        SERVICE("Slice", slice, resource.slice, KEY_STRICT, "NAME.slice: group of cgroups that its own is in; a-b.slice is in a.slice"),
        SERVICE("DevicePolicy", device_policy, resource.device_policy, KEY_STRICT, "auto, closed or strict: whether devices that every container has may be opened, or only those of DeviceAllow="),
        SERVICE("DeviceAllow", devices_allowed, resource.device_allow, KEY_LIST | KEY_STRICT, "/dev/NAME, char-NAME or block-NAME and any of r, w, m: devices that may be opened, and their nodes made"),
        SERVICE("OOMScoreAdjust", oom_score, resource, KEY_STRICT, "-1000 to 1000"),
        SERVICE("OOMPolicy", oom_policy, resource.oom_policy, 0, "continue, stop or kill"),
        SERVICE("Environment", environment, environment, KEY_LIST, "Variables for ${NAME} in other values"),
        SERVICE("EnvironmentFile", environment_files, environment_files, KEY_LIST, "Files with such variables"),
        SERVICE("LogRateLimitIntervalSec", span, log_rate_limit_interval_usec, 0, "Window of journald's rate limit"),
        SERVICE("LogRateLimitBurst", count64, log_rate_limit_burst, 0, "Messages within the window"),

        SERVICE("Sockets", socket_units, sockets, KEY_LIST, "Socket units that hand over what they listen on, beside that of the same name"),
        SERVICE("NonBlocking", boolean, non_blocking, 0, "O_NONBLOCK on what sockets hand over"),

        TIMER_TIME("OnActiveSec", "Time after the start of the timer"),
        TIMER_TIME("OnBootSec", "Time after boot; in a container, after the start of supd"),
        TIMER_TIME("OnStartupSec", "Time after the start of supd"),
        TIMER_TIME("OnUnitActiveSec", "Time after the unit was last started"),
        TIMER_TIME("OnUnitInactiveSec", "Time after the unit last ended"),
        TIMER_TIME("OnCalendar", "Dates and times of day, such as Mon..Fri 08:30"),
        TIMER("Unit", triggered_unit, unit, "What to start, by default the service of the same name"),
        TIMER("AccuracySec", span, accuracy_usec, "How late it may be, to wake up once for several timers"),
        TIMER("RandomizedDelaySec", span, random_delay_usec, "Up to this much later, at random"),
        TIMER("FixedRandomDelay", boolean, fixed_random_delay, "The same delay each time"),
        TIMER("RandomizedOffsetSec", span, random_offset_usec, "OnCalendar= is shifted by up to this much, always the same"),
        TIMER("Persistent", boolean, persistent, "Make up for a time of OnCalendar= while supd was not there"),
        TIMER("RemainAfterElapse", boolean, remain_after_elapse, "Stay active when no further time will come"),
        TIMER("DeferReactivation", boolean, defer_reactivation, "Times of OnCalendar= while the unit runs are left out"),
        TIMER("OnClockChange", boolean, on_clock_change, "Start it when the clock is set"),
        TIMER("OnTimezoneChange", boolean, on_timezone_change, "Start it when the time zone is set"),

        INSTALL("WantedBy", unit_names, wanted_by, "Units that want this one"),
        INSTALL("RequiredBy", unit_names, required_by, "Units that require this one"),
        INSTALL("UpheldBy", unit_names, upheld_by, "Units that uphold this one"),
        INSTALL("Alias", aliases, alias, "More names of this unit"),
        INSTALL("Also", unit_names, also, "Units that are enabled and disabled with this one; not of Quadlet's files"),
        KEY("Install", "DefaultInstance", string, KEY_TARGET_INSTALL, InstallSpec, default_instance, 0, "Instance that enabling the template enables; not of Quadlet's files"),

        LISTEN("ListenStream", "Path, @NAME, PORT, ADDRESS:PORT or vsock:CID:PORT to accept connections on"),
        LISTEN("ListenDatagram", "The same for datagrams"),
        LISTEN("ListenSequentialPacket", "The same for connections of packets; a path, @NAME or vsock:CID:PORT"),
        LISTEN("ListenFIFO", "Named pipe, made if there is none"),
        SOCKET("Service", triggered_service, service, KEY_STRICT, "Unit to start: NAME.service or NAME.container; by default of the same name"),
        SOCKET("FileDescriptorName", fd_name, fd_name, KEY_STRICT, "Name in LISTEN_FDNAMES, by default that of the unit"),
        SOCKET("SocketUser", string, user, KEY_STRICT, "Owner of sockets and pipes that have a path"),
        SOCKET("SocketGroup", string, group, KEY_STRICT, "Group of them, by default that of the owner"),
        SOCKET("SocketMode", octal_mode, mode, KEY_STRICT, "Mode of them, by default 0666"),
        SOCKET("DirectoryMode", octal_mode, directory_mode, KEY_STRICT, "Mode of directories made for them, by default 0755"),
        SOCKET("Symlinks", absolute_paths, symlinks, KEY_LIST, "Links to the one path there is"),
        SOCKET("RemoveOnStop", boolean, remove_on_stop, 0, "Remove paths and links when the unit stops"),
        SOCKET("FlushPending", boolean, flush_pending, 0, "When the service has ended, drop what waits, instead of starting it anew"),
        SOCKET("Backlog", count, backlog, 0, "Connections that wait; by default as many as the kernel allows"),
        SOCKET("BindIPv6Only", bind_ipv6_only, options.bind_ipv6_only, 0, "default, both or ipv6-only"),
        SOCKET("BindToDevice", device_name, options.bind_to_device, KEY_STRICT, "Network interface to be reached by"),
        SOCKET("FreeBind", boolean, options.free_bind, 0, "Bind to addresses that the machine does not have yet"),
        SOCKET("ReusePort", boolean, options.reuse_port, 0, "Share the port with other sockets"),
        SOCKET("Transparent", boolean, options.transparent, 0, "IP_TRANSPARENT"),
        SOCKET("Mark", natural, options.mark, 0, "Firewall mark of what is sent"),
        SOCKET("Broadcast", boolean, options.broadcast, 0, "Broadcasts may be sent"),
        SOCKET("KeepAlive", boolean, options.keep_alive, 0, "TCP keep-alives"),
        SOCKET("KeepAliveTimeSec", span, options.keep_alive_time_usec, 0, "Silence before the first of them"),
        SOCKET("KeepAliveIntervalSec", span, options.keep_alive_interval_usec, 0, "Time between two of them"),
        SOCKET("KeepAliveProbes", count, options.keep_alive_probes, 0, "Unanswered ones until the connection is given up"),
        SOCKET("NoDelay", boolean, options.no_delay, 0, "TCP_NODELAY"),
        SOCKET("DeferAcceptSec", span, options.defer_accept_usec, 0, "Wait for data before a connection counts as one"),
        SOCKET("TCPCongestion", string, options.tcp_congestion, 0, "Congestion control algorithm"),
        SOCKET("Priority", natural, options.priority, 0, "SO_PRIORITY"),
        SOCKET("IPTOS", ip_tos, options.ip_tos, 0, "Type of service, a number or low-delay, throughput, reliability, low-cost"),
        SOCKET("IPTTL", natural, options.ip_ttl, 0, "Time to live, or hop limit"),
        SOCKET("ReceiveBuffer", size, options.receive_buffer_bytes, 0, "SO_RCVBUF"),
        SOCKET("SendBuffer", size, options.send_buffer_bytes, 0, "SO_SNDBUF"),
        SOCKET("PipeSize", size, options.pipe_size_bytes, 0, "Capacity of pipes"),
        SOCKET("SocketProtocol", socket_protocol, options.protocol, KEY_STRICT, "udplite, sctp or mptcp"),
        SOCKET("PassCredentials", boolean, options.pass_credentials, 0, "SO_PASSCRED"),
        SOCKET("PassPIDFD", boolean, options.pass_pidfd, 0, "SO_PASSPIDFD"),
        SOCKET("PassSecurity", boolean, options.pass_security, 0, "SO_PASSSEC"),
        SOCKET("PassPacketInfo", boolean, options.pass_packet_info, 0, "IP_PKTINFO and its like"),
        SOCKET("AcceptFileDescriptors", boolean, options.accept_file_descriptors, 0, "no: descriptors that are sent along are not taken"),
        SOCKET("Timestamping", socket_stamps, options.stamps, 0, "off, us or ns: stamps of what is received"),
        SOCKET("TriggerLimitIntervalSec", span, trigger_limit.interval_usec, 0, "Window of the limit of starts; 0 lifts it"),
        SOCKET("TriggerLimitBurst", count, trigger_limit.burst, 0, "Starts within the window; one more and the unit fails"),
        SOCKET("PollLimitIntervalSec", span, poll_limit.interval_usec, 0, "Window of the limit of wake-ups; 0 lifts it"),
        SOCKET("PollLimitBurst", count, poll_limit.burst, 0, "Wake-ups within the window; then the unit pauses until its end"),

        KEY("X-Supd", "RestartResetSec", span, KEY_TARGET_SERVICE, ServiceSpec, restart.reset_usec, 0, "Healthy run that resets back-off and start count"),
        KEY("X-Supd", "HealthHttp", health_http, KEY_TARGET_SERVICE, ServiceSpec, health_endpoint, KEY_STRICT, "Health check without a process: http://ADDRESS[:PORT][/PATH] or [:PORT]/PATH"),
        KEY("X-Supd", "HealthTcp", health_tcp, KEY_TARGET_SERVICE, ServiceSpec, health_endpoint, KEY_STRICT, "Health check without a process: PORT or ADDRESS:PORT that takes a connection"),
        KEY("X-Supd", "IdleTimeoutSec", timeout, KEY_TARGET_SERVICE, ServiceSpec, idle_timeout_usec, KEY_STRICT, "Sleep when nobody was connected for so long, until somebody is; 0: never"),
        KEY("X-Supd", "IdleAction", idle_action, KEY_TARGET_SERVICE, ServiceSpec, idle_stop, KEY_STRICT, "How it sleeps: freeze, by default, or stop"),
        KEY("X-Supd", "RootSizeMax", memory_limit, KEY_TARGET_SERVICE, ServiceSpec, resource.root_size_max_bytes, KEY_STRICT, "All that the root of an image may take; with StorageDriver=btrfs"),
        {},
};
/* clang-format on */

int unit_keys_find_section(const char *name) {
        for (int i = 0; unit_sections[i].name; i++) {
                if (strcmp(unit_sections[i].name, name) == 0)
                        return i;
        }
        return -ENOENT;
}

/* ---- look-ups ------------------------------------------------------------------------------------ */

static size_t count_words(const char *s) {
        size_t n = 0;

        for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
                s += strcspn(s, " ");
                n++;
        }
        return n;
}

static int unit_keys_allocate(UnitKeys *k) {
        size_t n_keys = 0, names_size = 0;

        for (const UnitKey *key = unit_keys_handled; key->section; key++)
                n_keys++;
        for (const UnitKeyRow *row = unit_keys_unhandled; row->section; row++) {
                n_keys += count_words(row->keys);
                names_size += strlen(row->keys) + 1;
        }
        k->keys = calloc(n_keys, sizeof(UnitKey));
        k->names = malloc(names_size);
        return k->keys && k->names ? 0 : -ENOMEM;
}

static void unit_keys_fill(UnitKeys *k) {
        char *names = k->names;

        for (const UnitKey *key = unit_keys_handled; key->section; key++)
                k->keys[k->n_keys++] = *key;
        for (const UnitKeyRow *row = unit_keys_unhandled; row->section; row++) {
                size_t size = strlen(row->keys) + 1;
                char *rest = memcpy(names, row->keys, size);

                names += size;
                for (char *name = strsep(&rest, " "); name; name = strsep(&rest, " ")) {
                        if (*name)
                                k->keys[k->n_keys++] = (UnitKey) {
                                        .section = row->section,
                                        .key = name,
                                        .help = row->text,
                                        .flags = KEY_LIST,
                                        .disposition = row->disposition,
                                        .harmless = row->harmless,
                                };
                }
        }
}

static int unit_keys_index(UnitKeys *k) {
        size_t n_candidates[UNIT_SECTIONS_MAX] = {};

        for (int i = 0; unit_sections[i].name; i++) {
                k->by_section[i] = map_new();
                k->candidates[i] = calloc(k->n_keys + 1, sizeof(char *));
                if (!k->by_section[i] || !k->candidates[i])
                        return -ENOMEM;
                k->section_names[i] = unit_sections[i].name;
        }
        for (size_t n = 0; n < k->n_keys; n++) {
                UnitKey *key = &k->keys[n];
                int i = unit_keys_find_section(key->section);

                assert(i >= 0);
                int r = map_put(k->by_section[i], key->key, key);
                if (r == -ENOMEM)
                        return r;
                assert(r >= 0); /* a test looks for keys that are in two rows */
                k->candidates[i][n_candidates[i]++] = key->key;
        }
        return 0;
}

int unit_keys_new(UnitKeys **ret) {
        _cleanup_(unit_keys_freep) UnitKeys *k = calloc(1, sizeof(UnitKeys));
        if (!k)
                return -ENOMEM;

        int r = unit_keys_allocate(k);
        if (r < 0)
                return r;
        unit_keys_fill(k);
        r = unit_keys_index(k);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(k);
        return 0;
}

UnitKeys *unit_keys_free(UnitKeys *k) {
        if (!k)
                return NULL;

        for (size_t i = 0; i < UNIT_SECTIONS_MAX; i++) {
                k->by_section[i] = map_free(k->by_section[i]);
                free(k->candidates[i]);
        }
        free(k->keys);
        free(k->names);
        free(k);
        return NULL;
}

int unit_keys_foreach(UnitKeyHandler handler, void *userdata) {
        _cleanup_(unit_keys_freep) UnitKeys *k = NULL;

        int r = unit_keys_new(&k);
        if (r < 0)
                return r;
        for (int i = 0; unit_sections[i].name; i++) {
                MAP_FOREACH (UnitKey, key, k->by_section[i]) {
                        UnitKeyInfo info = {
                                .section = key->section,
                                .key = key->key,
                                .help = key->help ?: "known but not supported yet",
                                .supported = key->disposition == KEY_HANDLED ||
                                             key->disposition == KEY_SILENT,
                        };
                        handler(&info, userdata);
                }
        }
        return 0;
}
