/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One parser for each type that a key can have, named parse_TYPE(), and TYPE_value: the type of the
 * member it fills, which MEMBER_OFFSET() compares.
 */

#include "unitfile/container-spec.h"
#include "unitfile/pod-spec.h"
#include "unitfile/service-spec.h"
#include "unitfile/socket-spec.h"
#include "unitfile/timer-spec.h"
#include "unitfile/unit-keys-internal.h"

/* offsetof() that fails to compile if the member is not of the parser's type. */
#define MEMBER_OFFSET(container, member, type) \
        (offsetof(container, member) + \
                        0 * sizeof(char[__builtin_types_compatible_p( \
                                                        __typeof__(((container *) 0)->member), \
                                                        type) \
                                                            ? 1 \
                                                            : -1]))

#define DECLARE_PARSER(name, type) \
        typedef type name##_value; \
        int parse_##name(KeyInput *in, void *target)

/* key-parsers.c: values of any section */
DECLARE_PARSER(string, char *);
DECLARE_PARSER(boolean, bool);
DECLARE_PARSER(span, uint64_t);
DECLARE_PARSER(timeout, uint64_t); /* a span; 0 is infinity */
DECLARE_PARSER(seconds, uint64_t); /* whole seconds in C notation, to microseconds */
DECLARE_PARSER(count, unsigned);
DECLARE_PARSER(count64, uint64_t);
DECLARE_PARSER(signal, int);
DECLARE_PARSER(environment, char **);
DECLARE_PARSER(metadata, char **); /* as environment; a bare name gets an empty value */
DECLARE_PARSER(command, char **);

/* dependency-parsers.c */
DECLARE_PARSER(dependencies, char **);
DECLARE_PARSER(job_mode, JobMode);
DECLARE_PARSER(isolate_mode, JobMode);
DECLARE_PARSER(mounts_for, char **);
DECLARE_PARSER(collect_mode, bool);
DECLARE_PARSER(triggered_unit, char *);

/* timer-parsers.c */
DECLARE_PARSER(timer_values, TimerSpec);

/* condition-parsers.c */
DECLARE_PARSER(conditions, ConditionList);

/* container-parsers.c */
DECLARE_PARSER(user, ProcessSpec);
DECLARE_PARSER(group, ProcessSpec);
DECLARE_PARSER(entrypoint, ProcessSpec);
DECLARE_PARSER(further_groups, char **);
DECLARE_PARSER(unit_paths, char **); /* relative ones are below the unit file's directory */
DECLARE_PARSER(container_path, char *);
DECLARE_PARSER(host_name, char *);
DECLARE_PARSER(container_name, char *);
DECLARE_PARSER(run_init, RunInit);
DECLARE_PARSER(capabilities, uint64_t);
DECLARE_PARSER(sysctls, char **);
DECLARE_PARSER(ulimits, SecuritySpec);
DECLARE_PARSER(seccomp, bool);
DECLARE_PARSER(apparmor, char *);
DECLARE_PARSER(network, NetworkMode);
DECLARE_PARSER(memory_limit, uint64_t);
DECLARE_PARSER(pids_limit, uint64_t);
DECLARE_PARSER(log_driver, LogDriverKind);
DECLARE_PARSER(log_options, uint64_t);

/* health-parsers.c */
DECLARE_PARSER(health_command, char **);
DECLARE_PARSER(health_interval, uint64_t);
DECLARE_PARSER(health_retries, unsigned);
DECLARE_PARSER(health_count, unsigned);
DECLARE_PARSER(health_size, uint64_t);
DECLARE_PARSER(health_action, HealthAction);
DECLARE_PARSER(health_log, HealthSpec);
DECLARE_PARSER(health_http, HealthEndpoint);
DECLARE_PARSER(health_tcp, HealthEndpoint);
DECLARE_PARSER(notify_mode, NotifyMode);

/* image-parsers.c */
DECLARE_PARSER(image, ContainerSpec);
DECLARE_PARSER(image_source, char *);
DECLARE_PARSER(image_tag, char *);
DECLARE_PARSER(pull_policy, PullPolicy);
DECLARE_PARSER(go_duration, uint64_t);
DECLARE_PARSER(platform_word, char *);
DECLARE_PARSER(host_path, char *);

/* root-parsers.c */
DECLARE_PARSER(rootfs, RootSpec);
DECLARE_PARSER(volumes, RootSpec);
DECLARE_PARSER(tmpfs, RootSpec);
DECLARE_PARSER(shm_size, RootSpec);
DECLARE_PARSER(mounts, RootSpec); /* mount-parsers.c */
DECLARE_PARSER(path_lists, char **);
DECLARE_PARSER(timezone, char *);

/* network-parsers.c: of keys that are for later; nothing is filled */
int parse_exposed_ports(KeyInput *in, void *target);
int parse_published_ports(KeyInput *in, void *target);
int parse_own_address(KeyInput *in, void *target);
int parse_name_servers(KeyInput *in, void *target);
int parse_host_lines(KeyInput *in, void *target);

/* pod-parsers.c */
DECLARE_PARSER(exit_policy, PodExitPolicy);
DECLARE_PARSER(pod_network, PodSpec);
DECLARE_PARSER(pod, char *);

/* users-parsers.c */
DECLARE_PARSER(id_map, IdMap); /* a range in each word */

/* device-parsers.c */
DECLARE_PARSER(devices, DeviceSpecs);

/* secret-parsers.c */
DECLARE_PARSER(secrets, SecretSpecs);

/* socket-parsers.c */
DECLARE_PARSER(listens, SocketSpec);
DECLARE_PARSER(triggered_service, char *);
DECLARE_PARSER(fd_name, char *);
DECLARE_PARSER(socket_units, char **);
DECLARE_PARSER(absolute_paths, char **);
DECLARE_PARSER(octal_mode, mode_t);
DECLARE_PARSER(size, uint64_t);
DECLARE_PARSER(natural, int);
DECLARE_PARSER(ip_tos, int);
DECLARE_PARSER(socket_protocol, int);
DECLARE_PARSER(bind_ipv6_only, BindIpv6Only);
DECLARE_PARSER(socket_stamps, SocketStamps);
DECLARE_PARSER(device_name, char *);
/* exec-parsers.c */
DECLARE_PARSER(exec, ExecCommandList);
DECLARE_PARSER(working_directory, HostExecSpec);
DECLARE_PARSER(umask, unsigned);
DECLARE_PARSER(nice, HostExecSpec);
DECLARE_PARSER(host_user, char *);
DECLARE_PARSER(strings, char **);
DECLARE_PARSER(idle_action, bool);

/* open-file-parsers.c */
DECLARE_PARSER(open_files, OpenFileSpecs);

/* exec-directory-parsers.c */
DECLARE_PARSER(exec_directories, char **);
DECLARE_PARSER(directory_preserve, DirectoryPreserve);
DECLARE_PARSER(load_credentials, char **);
DECLARE_PARSER(set_credentials, char **);

/* io-parsers.c */
DECLARE_PARSER(io_device_weights, IoLimitList);
DECLARE_PARSER(io_rates, IoLimitList);
DECLARE_PARSER(io_latencies, IoLimitList);

/* device-allow-parsers.c */
DECLARE_PARSER(device_policy, DevicePolicy);
DECLARE_PARSER(devices_allowed, DeviceAllowList);

/* log-parsers.c */
DECLARE_PARSER(log_level, int);
DECLARE_PARSER(log_facility, int);
DECLARE_PARSER(log_fields, char **);
DECLARE_PARSER(log_patterns, char **);
DECLARE_PARSER(output_stream, StreamSpec);
DECLARE_PARSER(input_stream, StreamSpec);

/* service-parsers.c */
DECLARE_PARSER(timeout_failure_mode, TimeoutFailureMode);
DECLARE_PARSER(exit_type, bool);
DECLARE_PARSER(service_type, ServiceType);
DECLARE_PARSER(kill_mode, bool);
DECLARE_PARSER(notify_access, NotifyAccess);
DECLARE_PARSER(fd_store_preserve, FdStorePreserve);
DECLARE_PARSER(restart, RestartPolicy);
DECLARE_PARSER(exit_set, ExitSet);
DECLARE_PARSER(both_timeouts, ServiceSpec);
DECLARE_PARSER(memory, Quantity);
DECLARE_PARSER(swap, Quantity);
DECLARE_PARSER(protection, Quantity);
DECLARE_PARSER(tasks, Quantity);
DECLARE_PARSER(cpu_quota, uint64_t);
DECLARE_PARSER(cpu_weight, uint64_t);
DECLARE_PARSER(io_weight, uint64_t);
DECLARE_PARSER(cpu_set, char *);
DECLARE_PARSER(memory_nodes, char *);
DECLARE_PARSER(quota_period, uint64_t);
DECLARE_PARSER(oom_score, ResourceSpec);
DECLARE_PARSER(oom_policy, OomPolicy);
DECLARE_PARSER(slice, char *);
DECLARE_PARSER(environment_files, char **);
DECLARE_PARSER(uris, char **);
DECLARE_PARSER(unit_names, char **);
DECLARE_PARSER(aliases, char **); /* the last parts of paths */
