/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-spec.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/effective.h"
#include "unitfile/unit-load.h"
#include "unitfile/unit-source-internal.h"
#include "unitfile/unit-type.h"

/* clang-format off */
static const char *const load_state_names[] = {
        [UNIT_LOADED]      = "loaded",
        [UNIT_BAD_SETTING] = "bad-setting",
        [UNIT_MASKED]      = "masked",
        [UNIT_NOT_FOUND]   = "not-found",
        [UNIT_ERROR]       = "error",
};

static const char *const service_type_names[] = {
        [SERVICE_NOTIFY]        = "notify",
        [SERVICE_ONESHOT]       = "oneshot",
        [SERVICE_NOTIFY_RELOAD] = "notify-reload",
        [SERVICE_SIMPLE]        = "simple",
        [SERVICE_EXEC]          = "exec",
        [SERVICE_FORKING]       = "forking",
        [SERVICE_IDLE]          = "idle",
};

static const char *const restart_policy_names[] = {
        [RESTART_NO]          = "no",
        [RESTART_ON_SUCCESS]  = "on-success",
        [RESTART_ON_FAILURE]  = "on-failure",
        [RESTART_ON_ABNORMAL] = "on-abnormal",
        [RESTART_ON_ABORT]    = "on-abort",
        [RESTART_ON_WATCHDOG] = "on-watchdog",
        [RESTART_ALWAYS]      = "always",
};

static const char *const oom_policy_names[] = {
        [OOM_POLICY_CONTINUE] = "continue",
        [OOM_POLICY_STOP]     = "stop",
        [OOM_POLICY_KILL]     = "kill",
};
/* clang-format on */
static_assert(ELEMENTSOF(load_state_names) == _UNIT_LOAD_STATE_MAX, "every state has a name");
static_assert(ELEMENTSOF(service_type_names) == _SERVICE_TYPE_MAX, "every type has a name");
static_assert(ELEMENTSOF(restart_policy_names) == _RESTART_POLICY_MAX, "every policy has a name");
static_assert(ELEMENTSOF(oom_policy_names) == _OOM_POLICY_MAX, "every policy has a name");

static const char *name_at(const char *const *names, int n, int i) {
        return i >= 0 && i < n ? names[i] : NULL;
}

const char *unit_load_state_to_string(UnitLoadState s) {
        return name_at(load_state_names, _UNIT_LOAD_STATE_MAX, (int) s);
}

const char *service_type_to_string(ServiceType t) {
        return name_at(service_type_names, _SERVICE_TYPE_MAX, (int) t);
}

const char *restart_policy_to_string(RestartPolicy p) {
        return name_at(restart_policy_names, _RESTART_POLICY_MAX, (int) p);
}

const char *oom_policy_to_string(OomPolicy p) {
        return name_at(oom_policy_names, _OOM_POLICY_MAX, (int) p);
}

void container_spec_init(ContainerSpec *c) {
        *c = (ContainerSpec) {
                .root.read_only_tmpfs = true,
                .root.shm_size_bytes = UINT64_C(64) << 20,
                .process.run_init = RUN_INIT_AUTO,
                .process.http_proxy = true,
                .process.stop_timeout_usec = 10 * USEC_PER_SEC,
                .network = NETWORK_NONE,
                .memory_bytes = UINT64_MAX,
                .pids_limit = 2048,
                .log_driver = LOG_DRIVER_AUTO,
                .log_size_max_bytes = UINT64_MAX,
        };
        c->start_with_pod = true;
        pull_spec_init(&c->pull, PULL_MISSING);
        health_spec_init(&c->health);
}

static void root_spec_done(RootSpec *root) {
        for (size_t i = 0; i < root->n_volumes; i++) {
                free(root->volumes[i].source);
                free(root->volumes[i].target);
        }
        for (size_t i = 0; i < root->n_tmpfs; i++) {
                free(root->tmpfs[i].target);
                free(root->tmpfs[i].options);
        }
        free(root->rootfs);
        free(root->volumes);
        free(root->tmpfs);
        free(root->shm_size);
        strv_free(root->mask);
        strv_free(root->unmask);
        free(root->timezone);
}

bool root_spec_has_mount(const RootSpec *root, const char *target) {
        for (size_t i = 0; i < root->n_volumes; i++) {
                if (str_equal(root->volumes[i].target, target))
                        return true;
        }
        for (size_t i = 0; i < root->n_tmpfs; i++) {
                if (str_equal(root->tmpfs[i].target, target))
                        return true;
        }
        return false;
}

const char *filesystem_type_to_string(FilesystemType t) {
        static const char *const names[] = {
                [FILESYSTEM_TMPFS] = "tmpfs",
                [FILESYSTEM_RAMFS] = "ramfs",
                [FILESYSTEM_DEVPTS] = "devpts",
        };
        static_assert(ELEMENTSOF(names) == _FILESYSTEM_TYPE_MAX, "every type has its name");

        return names[t];
}

void device_specs_done(DeviceSpecs *d) {
        for (size_t i = 0; i < d->n_items; i++) {
                free(d->items[i].source);
                free(d->items[i].target);
        }
        free(d->items);
        *d = (DeviceSpecs) {};
}

void secret_specs_done(SecretSpecs *s) {
        for (size_t i = 0; i < s->n_items; i++) {
                free(s->items[i].name);
                free(s->items[i].target);
        }
        free(s->items);
        *s = (SecretSpecs) {};
}

static void process_spec_done(ProcessSpec *p) {
        strv_free(p->exec);
        strv_free(p->entrypoint);
        strv_free(p->environment);
        strv_free(p->environment_files);
        free(p->working_dir);
        free(p->user);
        free(p->group);
        strv_free(p->groups);
}

void container_spec_done(ContainerSpec *c) {
        free(c->name);
        free(c->hostname);
        free(c->image);
        free(c->image_unit);
        free(c->pod);
        pull_spec_done(&c->pull);
        root_spec_done(&c->root);
        users_spec_done(&c->users);
        process_spec_done(&c->process);
        strv_free(c->reload_command);
        secret_specs_done(&c->secrets);
        device_specs_done(&c->devices);
        health_spec_done(&c->health);
        free(c->security.apparmor);
        strv_free(c->security.sysctls);
        free(c->security.ulimits);
        strv_free(c->annotations);
        strv_free(c->labels);
        *c = (ContainerSpec) {};
}

void pod_spec_init(PodSpec *p) {
        *p = (PodSpec) {
                .exit_policy = POD_EXIT_STOP,
                .stop_timeout_usec = 10 * USEC_PER_SEC,
                .network = NETWORK_NONE,
        };
}

void pod_spec_done(PodSpec *p) {
        free(p->name);
        free(p->hostname);
        free(p->network_path);
        root_spec_done(&p->root);
        strv_free(p->labels);
        *p = (PodSpec) {};
}

void service_spec_init(ServiceSpec *s) {
        *s = (ServiceSpec) {
                .type = SERVICE_NOTIFY,
                .restart = {
                        .policy = RESTART_NO,
                        .delay_usec = 100 * USEC_PER_MSEC,
                        .delay_max_usec = USEC_INFINITY,
                        .reset_usec = USEC_INFINITY,
                        .limit_interval_usec = 10 * USEC_PER_SEC,
                        .limit_burst = 5,
                },
                .resource = {
                        .memory_max = QUANTITY_UNSET,
                        .memory_high = QUANTITY_UNSET,
                        .memory_swap_max = QUANTITY_UNSET,
                        .memory_zswap_max = QUANTITY_UNSET,
                        .memory_zswap_writeback = true,
                        .cpu_quota_per_sec_usec = UINT64_MAX,
                        .cpu_quota_period_usec = UINT64_MAX,
                        .cpu_weight = UINT64_MAX,
                        .tasks_max = QUANTITY_UNSET,
                        .io_weight = UINT64_MAX,
                        .root_size_max_bytes = UINT64_MAX,
                        /* A container has its cgroup delegated, and such units carry on (3.9). */
                        .oom_policy = OOM_POLICY_CONTINUE,
                },
                .exec.umask = 0022,
                .start_timeout_usec = 0, /* not set: what it is then depends on Type= */
                .stop_timeout_usec = 90 * USEC_PER_SEC,
                .abort_timeout_usec = USEC_INFINITY,
                .runtime_max_usec = USEC_INFINITY,
                .send_sigkill = true,
                .idle_timeout_usec = USEC_INFINITY,
                .kill_mixed = true,
                .log_rate_limit_interval_usec = USEC_INFINITY,
                .log_rate_limit_burst = UINT64_MAX,
        };
        log_settings_init(&s->log);
        for (ExecDirectoryKind kind = 0; kind < _EXEC_DIRECTORY_KIND_MAX; kind++)
                s->exec.directories[kind].mode = 0755;
}

static void host_exec_spec_done(HostExecSpec *e) {
        free(e->working_directory);
        free(e->user);
        free(e->group);
        free(e->syslog_identifier);
        strv_free(e->supplementary_groups);
        strv_free(e->pass_environment);
        strv_free(e->unset_environment);
        for (ExecDirectoryKind kind = 0; kind < _EXEC_DIRECTORY_KIND_MAX; kind++)
                strv_free(e->directories[kind].words);
        strv_free(e->load_credentials);
        strv_free(e->set_credentials);
}

void service_spec_done(ServiceSpec *s) {
        log_settings_done(&s->log);
        free(s->resource.allowed_cpus);
        free(s->resource.allowed_memory_nodes);
        free(s->resource.slice);
        device_allow_list_done(&s->resource.device_allow);
        for (IoLimitKind kind = 0; kind < _IO_LIMIT_KIND_MAX; kind++)
                io_limit_list_done(&s->resource.io[kind]);
        strv_free(s->environment);
        strv_free(s->environment_files);
        strv_free(s->sockets);
        open_file_specs_done(&s->open_files);
        health_endpoint_done(&s->health_endpoint);
        for (ExecPhase p = 0; p < _EXEC_PHASE_MAX; p++)
                exec_command_list_done(&s->commands[p]);
        host_exec_spec_done(&s->exec);
        *s = (ServiceSpec) {};
}

void install_spec_done(InstallSpec *i) {
        strv_free(i->wanted_by);
        strv_free(i->required_by);
        strv_free(i->upheld_by);
        strv_free(i->alias);
        strv_free(i->also);
        free(i->default_instance);
        *i = (InstallSpec) {};
}

void unit_section_spec_init(UnitSectionSpec *u) {
        *u = (UnitSectionSpec) {
                .default_dependencies = true,
                .quadlet_default_dependencies = true,
                .job_timeout_usec = USEC_INFINITY,
                .job_running_timeout_usec = USEC_INFINITY,
        };
}

void unit_section_spec_done(UnitSectionSpec *u) {
        free(u->description);
        strv_free(u->documentation);
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++)
                strv_free(u->dependencies[t]);
        condition_list_done(&u->conditions);
        condition_list_done(&u->asserts);
        strv_free(u->requires_mounts_for);
        strv_free(u->wants_mounts_for);
        strv_free(u->implied_mounts_for);
        *u = (UnitSectionSpec) {};
}

int unit_spec_new(const char *file_name,
                const char *fragment_path,
                const char *service_name,
                UnitSpec **ret) {
        const UnitType *type = unit_type_find(file_name);
        size_t instance_size = 0;
        const char *instance = unit_name_instance(file_name, &instance_size);

        if (!type || !unit_file_name_is_valid(file_name))
                return -EINVAL;

        _cleanup_(unit_spec_freep) UnitSpec *u = calloc(1, sizeof(UnitSpec));
        if (!u)
                return -ENOMEM;

        container_spec_init(&u->container);
        image_spec_init(&u->image);
        timer_spec_init(&u->timer);
        pod_spec_init(&u->pod);
        socket_spec_init(&u->socket);
        service_spec_init(&u->service);
        unit_section_spec_init(&u->unit);
        u->kind = type->kind;
        if (u->kind == UNIT_KIND_IMAGE) {
                u->service.type = SERVICE_ONESHOT;
                u->service.remain_after_exit = true;
        }
        if (u->kind == UNIT_KIND_POD)
                u->service.restart.policy = RESTART_ON_FAILURE;
        u->is_template = instance && instance_size == 0;
        u->id = unit_service_id(file_name, service_name);
        u->file_name = strdup(file_name);
        u->fragment_path = fragment_path ? strdup(fragment_path) : NULL;
        if (!u->id || !u->file_name || (fragment_path && !u->fragment_path))
                return -ENOMEM;
        if (instance_size > 0) {
                u->instance = strndup(instance, instance_size);
                if (!u->instance)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(u);
        return 0;
}

UnitSpec *unit_spec_free(UnitSpec *u) {
        if (!u)
                return NULL;

        free(u->id);
        free(u->file_name);
        free(u->fragment_path);
        strv_free(u->dropin_paths);
        free(u->instance);
        unit_section_spec_done(&u->unit);
        service_spec_done(&u->service);
        install_spec_done(&u->install);
        container_spec_done(&u->container);
        image_spec_done(&u->image);
        timer_spec_done(&u->timer);
        pod_spec_done(&u->pod);
        socket_spec_done(&u->socket);
        diagnostic_list_done(&u->diagnostics);
        effective_free(u->effective);
        unit_source_free(u->source);
        free(u);
        return NULL;
}
