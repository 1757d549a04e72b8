/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-internal.h"

#define ENVIRONMENT_FILE_MAX (1024U * 1024U)
#define SHM_SIZE_DEFAULT (UINT64_C(64) * 1024 * 1024)

/* What a payload may ask for where the unit says nothing, as Podman does. */
#define NOFILE_DEFAULT 1048576U

/* ---- limits -------------------------------------------------------------------------------------- */

static uint64_t share_of(uint64_t total, Quantity q) {
        if (!q.relative || q.value == UINT64_MAX)
                return q.value;
        /* 128 bits: the product of a terabyte and ten thousand does not fit 64 for long. */
        return (uint64_t) ((unsigned __int128) total * q.value / 10000);
}

static uint64_t memory_total(void) {
        return (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
}

static uint64_t meminfo_swap_total(void) {
        _cleanup_free_ char *text = NULL;
        unsigned long long kib;

        if (file_read(AT_FDCWD, "/proc/meminfo", 64 * 1024, &text, NULL) < 0)
                return 0;
        const char *line = strstr(text, "SwapTotal:");
        return line && sscanf(line, "SwapTotal: %llu", &kib) == 1 ? kib * 1024 : 0;
}

static uint64_t tasks_total(void) {
        _cleanup_free_ char *text = NULL;
        uint64_t n;

        if (file_read(AT_FDCWD, "/proc/sys/kernel/pid_max", 64, &text, NULL) < 0)
                return 32768;
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, &n) < 0 ? 32768 : n;
}

CgroupLimits container_limits(const UnitSpec *spec) {
        const ResourceSpec *r = &spec->service.resource;
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        bool relative = r->memory_max.relative || r->memory_high.relative;
        uint64_t total = relative ? memory_total() : 0;

        limits.memory_max_bytes = MIN(share_of(total, r->memory_max), spec->container.memory_bytes);
        limits.memory_high_bytes = share_of(total, r->memory_high);
        limits.memory_swap_max_bytes = share_of(
                        r->memory_swap_max.relative ? meminfo_swap_total() : 0, r->memory_swap_max);
        limits.pids_max = MIN(share_of(r->tasks_max.relative ? tasks_total() : 0, r->tasks_max),
                        spec->container.pids_limit);
        if (r->cpu_quota_per_sec_usec != UINT64_MAX)
                limits.cpu_quota_usec = (uint64_t) ((unsigned __int128) r->cpu_quota_per_sec_usec *
                                                    limits.cpu_period_usec / USEC_PER_SEC);
        limits.cpu_weight = r->cpu_weight;
        limits.io_weight = r->io_weight;
        limits.cpus = r->allowed_cpus;
        limits.memory_oom_group = r->oom_policy == OOM_POLICY_KILL;
        return limits;
}

/* Docker's: the pseudo devices of a minimal /dev, its own terminals, and making nodes of any device. */
/* clang-format off */
static const DeviceRule default_devices[] = {
        { 'c', UINT32_MAX, UINT32_MAX, .mknod = true },
        { 'b', UINT32_MAX, UINT32_MAX, .mknod = true },
        { 'c', 1, 3, .read = true, .write = true, .mknod = true },   /* null */
        { 'c', 1, 5, .read = true, .write = true, .mknod = true },   /* zero */
        { 'c', 1, 7, .read = true, .write = true, .mknod = true },   /* full */
        { 'c', 1, 8, .read = true, .write = true, .mknod = true },   /* random */
        { 'c', 1, 9, .read = true, .write = true, .mknod = true },   /* urandom */
        { 'c', 5, 0, .read = true, .write = true, .mknod = true },   /* tty */
        { 'c', 5, 2, .read = true, .write = true, .mknod = true },   /* ptmx */
        { 'c', 136, UINT32_MAX, .read = true, .write = true, .mknod = true }, /* pts/N */
};
/* clang-format on */

static int open_cgroup(Container *c, Error *error) {
        if (c->run.cgroup)
                return 0;
        return cgroup_open(c->context->cgroups, unit_id(&c->unit), &c->run.cgroup, error);
}

/* The group of an earlier instance serves again, unless what starts in it would be killed. */
static int renew_cgroup(Container *c, Error *error) {
        int r = open_cgroup(c, error);
        if (r < 0 || cgroup_is_fresh(c->run.cgroup))
                return r;

        r = cgroup_remove(c->run.cgroup);
        if (r < 0)
                return error_set(
                                error, r, ERROR_CGROUP, "cannot remove the cgroup of its last run");
        c->run.cgroup = cgroup_free(c->run.cgroup);
        return open_cgroup(c, error);
}

int container_apply_cgroup(Container *c, Error *error) {
        CgroupLimits limits = container_limits(c->unit.spec);

        int r = cgroup_apply_limits(c->run.cgroup, &limits, error);
        if (r < 0)
                return r;
        return cgroup_apply_devices(
                        c->run.cgroup, default_devices, ELEMENTSOF(default_devices), error);
}

int container_set_up_cgroup(Container *c, Error *error) {
        int r = renew_cgroup(c, error);
        return r < 0 ? r : container_apply_cgroup(c, error);
}

/* ---- the plan ------------------------------------------------------------------------------------ */

struct ContainerPlan {
        const UnitSpec *unit; /* borrowed */
        RuntimeSpec spec;     /* borrows from the rest */
        char **expansion;     /* owned; what ${NAME} means */
        char **argv;          /* owned */
        char **environment;   /* owned */
        char **strings;       /* owned; expanded values */
        RuntimeBind *binds;   /* owned */
        RuntimeTmpfs *tmpfs;  /* owned */
        RuntimeLimit *limits; /* owned */
};

ContainerPlan *container_plan_free(ContainerPlan *p) {
        if (!p)
                return NULL;
        strv_free(p->expansion);
        strv_free(p->argv);
        strv_free(p->environment);
        strv_free(p->strings);
        free(p->binds);
        free(p->tmpfs);
        free(p->limits);
        free(p);
        return NULL;
}

/* A value of the type section with its ${NAME} resolved; borrowed from the plan. NULL stays NULL. */
static int expand(ContainerPlan *p, const char *value, const char **ret) {
        _cleanup_free_ char *expanded = NULL;

        if (!value) {
                *ret = NULL;
                return 0;
        }
        if (!strchr(value, '$')) {
                *ret = value;
                return 0;
        }
        int r = unit_expand_string(value, p->expansion, &expanded);
        if (r < 0)
                return r;
        const char *borrowed = expanded;
        r = strv_push(&p->strings, &expanded);
        if (r >= 0)
                *ret = borrowed;
        return r;
}

static int read_environment_file(const char *path, char **ret, Error *error) {
        int r = file_read(AT_FDCWD, path, ENVIRONMENT_FILE_MAX, ret, NULL);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "read environment file %s", path);
        return 0;
}

/* [Service] Environment= and EnvironmentFile=: what ${NAME} in other values means. */
static int plan_expansion(ContainerPlan *p, Error *error) {
        const ServiceSpec *service = &p->unit->service;
        int r = strv_copy(service->environment, &p->expansion);

        STRV_FOREACH (word, service->environment_files) {
                _cleanup_(error_done) Error reason = {};
                _cleanup_free_ char *text = NULL;
                _cleanup_strv_ char **assignments = NULL;
                bool optional = **word == '-';
                const char *path = *word + optional;
                unsigned line = 0;

                if (r < 0)
                        return r;
                r = read_environment_file(path, &text, &reason);
                if (r < 0 && optional) {
                        r = 0;
                        continue;
                }
                if (r < 0) {
                        error_move(error, &reason);
                        return r;
                }
                r = environment_parse_systemd(text, &assignments, &line);
                if (r == -EINVAL)
                        return error_set_plain(error,
                                        r,
                                        ERROR_BAD_SETTING,
                                        "%s:%u: not NAME=VALUE",
                                        path,
                                        line);
                STRV_FOREACH (assignment, assignments) {
                        if (r >= 0)
                                r = strv_env_set(&p->expansion, *assignment);
                }
        }
        return r;
}

static int plan_environment_file(ContainerPlan *p, const char *word, Error *error) {
        _cleanup_free_ char *text = NULL;
        _cleanup_strv_ char **assignments = NULL;
        const char *path;
        unsigned line = 0;

        int r = expand(p, word, &path);
        if (r >= 0)
                r = read_environment_file(path, &text, error);
        if (r < 0)
                return r;
        r = environment_parse_raw(text, environ, &assignments, &line);
        if (r == -EINVAL)
                return error_set_plain(error,
                                r,
                                ERROR_BAD_SETTING,
                                "%s:%u: not NAME=VALUE, NAME or NAME*",
                                path,
                                line);
        STRV_FOREACH (assignment, assignments) {
                if (r >= 0)
                        r = strv_env_set(&p->environment, *assignment);
        }
        return r;
}

static int plan_environment(ContainerPlan *p, const Container *c, Error *error) {
        const ContainerSpec *container = &p->unit->container;
        int r;

        /* Podman's own variables; a unit's Environment= may replace any of them. */
        r = strv_append(&p->environment,
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if (r >= 0)
                r = strv_append(&p->environment, "TERM=xterm");
        if (r >= 0)
                r = strv_append(&p->environment, "container=supd");
        if (r >= 0)
                r = strv_append_printf(&p->environment,
                                "HOSTNAME=%.*s",
                                container->hostname ? 255 : 12,
                                container->hostname ?: c->container_id);
        STRV_FOREACH (word, container->process.environment_files) {
                if (r >= 0)
                        r = plan_environment_file(p, *word, error);
        }
        STRV_FOREACH (word, container->process.environment) {
                const char *value;

                if (r >= 0)
                        r = expand(p, *word, &value);
                if (r < 0)
                        return r;
                if (strchr(value, '='))
                        r = strv_env_set(&p->environment, value);
                else if (getenv(value)) { /* a bare name imports supd's own */
                        _cleanup_free_ char *assignment = str_printf("%s=%s", value, getenv(value));
                        r = assignment ? strv_env_set(&p->environment, assignment) : -ENOMEM;
                }
        }
        return r;
}

static int plan_command(ContainerPlan *p, Error *error) {
        const ProcessSpec *process = &p->unit->container.process;
        _cleanup_strv_ char **entrypoint = NULL, **exec = NULL;
        int r;

        r = unit_expand_words(process->entrypoint, p->expansion, /* split= */ true, &entrypoint);
        if (r >= 0)
                r = unit_expand_words(process->exec, p->expansion, /* split= */ true, &exec);
        for (char **word = entrypoint; r >= 0 && word && *word; word++)
                r = strv_append(&p->argv, *word);
        for (char **word = exec; r >= 0 && word && *word; word++)
                r = strv_append(&p->argv, *word);
        if (r < 0)
                return r;
        if (strv_length(p->argv) == 0)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "no command: a container with Rootfs= needs Exec= or Entrypoint=");
        return 0;
}

static unsigned long propagation_flags(Propagation p) {
        /* clang-format off */
        static const unsigned long flags[] = {
                [PROPAGATION_PRIVATE]     = MS_PRIVATE,
                [PROPAGATION_RPRIVATE]    = MS_PRIVATE | MS_REC,
                [PROPAGATION_SHARED]      = MS_SHARED,
                [PROPAGATION_RSHARED]     = MS_SHARED | MS_REC,
                [PROPAGATION_SLAVE]       = MS_SLAVE,
                [PROPAGATION_RSLAVE]      = MS_SLAVE | MS_REC,
                [PROPAGATION_UNBINDABLE]  = MS_UNBINDABLE,
                [PROPAGATION_RUNBINDABLE] = MS_UNBINDABLE | MS_REC,
        };
        /* clang-format on */
        static_assert(ELEMENTSOF(flags) == _PROPAGATION_MAX, "every propagation has its flags");
        return flags[p];
}

static int plan_mounts(ContainerPlan *p) {
        const RootSpec *root = &p->unit->container.root;
        int r = 0;

        p->binds = calloc(root->n_volumes + 1, sizeof(RuntimeBind));
        p->tmpfs = calloc(root->n_tmpfs + 1, sizeof(RuntimeTmpfs));
        if (!p->binds || !p->tmpfs)
                return -ENOMEM;

        for (size_t i = 0; i < root->n_volumes && r >= 0; i++) {
                const VolumeSpec *v = &root->volumes[i];
                RuntimeBind *b = &p->binds[i];

                *b = (RuntimeBind) {
                        .recursive = v->recursive,
                        .read_only = v->read_only,
                        .noexec = v->noexec,
                        .nosuid = v->nosuid,
                        .nodev = v->nodev,
                        .create_source = !v->nocreate,
                        .propagation = propagation_flags(v->propagation),
                };
                r = expand(p, v->source, &b->source);
                if (r >= 0)
                        r = expand(p, v->target, &b->target);
        }
        for (size_t i = 0; i < root->n_tmpfs && r >= 0; i++) {
                const TmpfsSpec *t = &root->tmpfs[i];
                RuntimeTmpfs *m = &p->tmpfs[i];

                *m = (RuntimeTmpfs) {
                        .read_only = t->read_only,
                        .noexec = t->noexec,
                        .nosuid = t->nosuid,
                        .nodev = t->nodev,
                        .copy_up = t->copy_up,
                };
                r = expand(p, t->target, &m->target);
                if (r >= 0)
                        r = expand(p, t->options, &m->options);
        }
        return r;
}

static bool has_limit(const SecuritySpec *security, int resource) {
        for (size_t i = 0; i < security->n_ulimits; i++) {
                if (security->ulimits[i].resource == resource)
                        return true;
        }
        return false;
}

static int plan_limits(ContainerPlan *p) {
        static const int defaulted[] = { RLIMIT_NOFILE, RLIMIT_NPROC };
        const SecuritySpec *security = &p->unit->container.security;
        size_t n = 0;

        p->limits = calloc(security->n_ulimits + ELEMENTSOF(defaulted), sizeof(RuntimeLimit));
        if (!p->limits)
                return -ENOMEM;

        for (size_t i = 0; i < security->n_ulimits; i++) {
                const UlimitSpec *u = &security->ulimits[i];
                struct rlimit own;

                p->limits[n] = (RuntimeLimit) {
                        .resource = u->resource, .soft = u->soft, .hard = u->hard
                };
                if (u->host && getrlimit((__rlimit_resource_t) u->resource, &own) >= 0) {
                        p->limits[n].soft = own.rlim_cur;
                        p->limits[n].hard = own.rlim_max;
                }
                n++;
        }
        for (size_t i = 0; i < ELEMENTSOF(defaulted); i++) {
                if (!has_limit(security, defaulted[i]))
                        p->limits[n++] = (RuntimeLimit) {
                                .resource = defaulted[i],
                                .soft = NOFILE_DEFAULT,
                                .hard = NOFILE_DEFAULT,
                                .best_effort = true,
                        };
        }
        p->spec.security.limits = p->limits;
        p->spec.security.n_limits = n;
        return 0;
}

static int plan_root(ContainerPlan *p, Error *error) {
        const RootSpec *root = &p->unit->container.root;
        const char *shm_size = NULL;
        RuntimeRoot *ret = &p->spec.root;

        *ret = (RuntimeRoot) {
                .overlay = root->overlay,
                .read_only = root->read_only,
                .read_only_tmpfs = root->read_only_tmpfs,
                .binds = p->binds,
                .n_binds = root->n_volumes,
                .tmpfs = p->tmpfs,
                .n_tmpfs = root->n_tmpfs,
                .shm_size_bytes = root->shm_size ? root->shm_size_bytes : SHM_SIZE_DEFAULT,
                .mask = root->mask,
                .unmask = root->unmask,
        };
        int r = expand(p, root->rootfs, &ret->path);
        if (r >= 0)
                r = expand(p, root->timezone, &ret->timezone);
        if (r >= 0)
                r = expand(p, root->shm_size, &shm_size);
        if (r >= 0 && shm_size != root->shm_size &&
                        value_parse_docker_size(shm_size, &ret->shm_size_bytes) < 0)
                r = error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "ShmSize=%s is not a size",
                                shm_size);
        return r;
}

static int plan_process(ContainerPlan *p) {
        const ProcessSpec *process = &p->unit->container.process;
        RuntimeProcess *ret = &p->spec.process;

        ret->argv = p->argv;
        ret->environment = p->environment;
        ret->stdin_fd = -EBADF;
        int r = expand(p, process->working_dir, &ret->working_dir);
        if (r >= 0)
                r = expand(p, process->user, &ret->user);
        if (r >= 0)
                r = expand(p, process->group, &ret->group);
        if (r < 0)
                return r;
        ret->init = process->run_init == RUN_INIT_YES ||
                    (process->run_init == RUN_INIT_AUTO &&
                                    !runtime_command_is_init(p->spec.root.path, p->argv[0]));
        return 0;
}

static void plan_security(ContainerPlan *p) {
        const ContainerSpec *container = &p->unit->container;
        const ResourceSpec *resource = &p->unit->service.resource;
        RuntimeSecurity *ret = &p->spec.security;

        /* Dropped first, then added: UNITS.md 3.1. */
        ret->capabilities =
                        (runtime_capabilities_default() & ~container->security.drop_capabilities) |
                        container->security.add_capabilities;
        ret->no_new_privileges = container->security.no_new_privileges;
        ret->seccomp = !container->security.seccomp_unconfined;
        ret->sysctls = container->security.sysctls;
        ret->oom_score_adjust = resource->oom_score_adjust;
        ret->oom_score_adjust_set = resource->oom_score_adjust_set;
}

static int plan_hostname(ContainerPlan *p, const Container *c) {
        const ContainerSpec *container = &p->unit->container;

        if (container->hostname)
                return expand(p, container->hostname, &p->spec.hostname);

        _cleanup_free_ char *id_short = strndup(c->container_id, 12);
        p->spec.hostname = id_short;
        return id_short ? strv_push(&p->strings, &id_short) : -ENOMEM;
}

int container_plan_new(Container *c, ContainerPlan **ret, Error *error) {
        int r;

        _cleanup_(container_plan_freep) ContainerPlan *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->unit = c->unit.spec;
        p->spec.network = p->unit->container.network == NETWORK_HOST ? RUNTIME_NETWORK_HOST
                                                                     : RUNTIME_NETWORK_NONE;
        r = plan_expansion(p, error);
        if (r >= 0)
                r = plan_environment(p, c, error);
        if (r >= 0)
                r = plan_command(p, error);
        if (r >= 0)
                r = plan_mounts(p);
        if (r >= 0)
                r = plan_root(p, error);
        if (r >= 0)
                r = plan_process(p);
        if (r >= 0)
                r = plan_hostname(p, c);
        if (r >= 0) {
                plan_security(p);
                r = plan_limits(p);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

const RuntimeSpec *container_plan_spec(
                ContainerPlan *p, Cgroup *cgroup, int stdout_fd, int stderr_fd) {
        p->spec.cgroup = cgroup;
        p->spec.process.stdout_fd = stdout_fd;
        p->spec.process.stderr_fd = stderr_fd;
        return &p->spec;
}
