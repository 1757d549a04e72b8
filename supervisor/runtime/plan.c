/* SPDX-License-Identifier: MIT */
#include "runtime/plan.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "runtime/masks.h"
#include "runtime/plan-mounts.h"
#include "runtime/plan-root.h"
#include "runtime/plan-users.h"
#include "runtime/secret-mounts.h"
#include "runtime/sysctl.h"
#include "supd/init-protocol.h"

#define PLAN_BLOCK_SIZE (16U * 1024U)
#define PLAN_ALIGNMENT 16U
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

typedef struct PlanBlock {
        struct PlanBlock *next; /* owned */
        size_t used, size;
        _Alignas(PLAN_ALIGNMENT) char data[];
} PlanBlock;

void *plan_alloc(Plan *p, size_t size) {
        PlanBlock *b = p->blocks;

        size = (size + PLAN_ALIGNMENT - 1) & ~(size_t) (PLAN_ALIGNMENT - 1);
        if (!b || b->size - b->used < size) {
                size_t room = MAX(size, (size_t) PLAN_BLOCK_SIZE);

                b = calloc(1, sizeof(*b) + room);
                if (!b)
                        return NULL;
                b->size = room;
                b->next = p->blocks;
                p->blocks = b;
        }

        void *memory = b->data + b->used;
        b->used += size;
        return memory;
}

const char *plan_strdup(Plan *p, const char *s) {
        size_t size = strlen(s) + 1;
        char *copy = plan_alloc(p, size);

        return copy ? memcpy(copy, s, size) : NULL;
}

const char *plan_printf(Plan *p, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL; /* its content is undefined then */
                return NULL;
        }
        return plan_strdup(p, text);
}

Plan *plan_free(Plan *p) {
        if (!p)
                return NULL;

        close_fd(p->image_fd);
        while (p->blocks) {
                PlanBlock *b = p->blocks;

                p->blocks = b->next;
                free(b);
        }
        free(p);
        return NULL;
}

/* NULL stays NULL. Return: 0 or -ENOMEM. */
static int plan_copy_string(Plan *p, const char *s, const char **ret) {
        const char *copy = s ? plan_strdup(p, s) : NULL;

        if (s && !copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static void plan_add_cgroup(Plan *p, Cgroup *cgroup) {
        if (!cgroup)
                return;
        p->cgroup_fd = cgroup_dir_fd(cgroup);
        p->n_join_fds = cgroup_join_fds(cgroup, &p->join_fds);
}

static int plan_add_namespaces(Plan *p, const RuntimeSpec *spec) {
        const char *const shared[] = {
                [SHARED_NET] = spec->shared.net,
                [SHARED_IPC] = spec->shared.ipc,
                [SHARED_UTS] = spec->shared.uts,
        };
        int r = 0;

        p->clone_flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
        if (spec->network == RUNTIME_NETWORK_NONE)
                p->clone_flags |= CLONE_NEWNET;
        for (SharedNamespace n = 0; r >= 0 && n < _SHARED_NAMESPACE_MAX; n++) {
                if (shared[n])
                        p->clone_flags &= ~(uint64_t) shared_namespace_flag(n);
                r = plan_copy_string(p, shared[n], &p->namespaces[n]);
        }
        if (r >= 0)
                r = plan_copy_string(p, spec->shared.shm, &p->shm_path);
        if (r < 0)
                return r;
        p->loopback = p->clone_flags & CLONE_NEWNET;
        plan_add_cgroup(p, spec->cgroup);
        return plan_copy_string(p, spec->shared.uts ? NULL : spec->hostname, &p->hostname);
}

/* The strings are borrowed: only the child reads them, from its own copy of the address space. */
static int plan_add_arguments(Plan *p, char *const *argv, const char *role, Error *error) {
        const char *const prefix[] = { "supinit", role, p->listen_option ?: "--", "--" };
        size_t n = strv_length(argv), n_prefix = ELEMENTSOF(prefix) - (p->listen_option ? 0 : 1);

        if (n == 0 || str_is_empty(argv[0]))
                return error_set_plain(
                                error, -EINVAL, ERROR_INVALID_ARGUMENT, "no command to execute");

        char **all = plan_alloc(p, (n_prefix + n + 1) * sizeof(char *));
        const char *command = plan_strdup(p, argv[0]);
        if (!all || !command)
                return -ENOMEM;

        for (size_t i = 0; i < n_prefix; i++)
                all[i] = (char *) prefix[i];
        p->argv = all + n_prefix;
        p->exec_argv = role ? all : p->argv;
        memcpy(p->argv, argv, n * sizeof(char *));
        p->argv[0] = (char *) command; /* outlives the spec: error texts quote it */
        return 0;
}

/* As execvp() would try them, but without its allocation. */
static int plan_add_exec_paths(Plan *p, const char *search) {
        const char *command = p->argv[0];
        size_t n = 1;

        for (const char *s = search; *s; s++)
                n += *s == ':';

        const char **paths = plan_alloc(p, (n + 1) * sizeof(char *));
        if (!paths)
                return -ENOMEM;
        p->exec_paths = paths;

        if (strchr(command, '/')) {
                paths[0] = command;
                return 0;
        }

        for (size_t i = 0; i < n; i++) {
                size_t length = strcspn(search, ":");

                /* An empty entry is the working directory. */
                paths[i] = length == 0 ? plan_printf(p, "./%s", command)
                                       : plan_printf(p, "%.*s/%s", (int) length, search, command);
                if (!paths[i])
                        return -ENOMEM;
                search += length + (search[length] == ':');
        }
        return 0;
}

/* Of sd_listen_fds(3). Who is given sockets is told so by nobody else. */
static bool is_listen_variable(const char *assignment) {
        return str_has_prefix(assignment, "LISTEN_PID=") ||
               str_has_prefix(assignment, "LISTEN_FDS=") ||
               str_has_prefix(assignment, "LISTEN_FDNAMES=");
}

/* The process id is known to whoever has it: the child, or what supinit forks. */
static int plan_add_listen_variables(Plan *p, const RuntimeProcess *process, size_t *n) {
        static const char pid[] = SUPD_ENV_LISTEN_PID SUPD_LISTEN_PID_ROOM;
        const char *count = plan_printf(p, "LISTEN_FDS=%zu", process->n_listen_fds);
        const char *names = plan_printf(p, "LISTEN_FDNAMES=%s", process->listen_names);
        char *room = plan_alloc(p, sizeof(pid));

        if (!count || !names || !room)
                return -ENOMEM;
        memcpy(room, pid, sizeof(pid));
        p->listen_pid = room + strlen(SUPD_ENV_LISTEN_PID);
        p->environment[(*n)++] = room;
        p->environment[(*n)++] = (char *) count;
        p->environment[(*n)++] = (char *) names;
        return 0;
}

static int plan_add_environment(Plan *p, const RuntimeProcess *process) {
        char *const *environment = process->environment;
        size_t n = 0;

        /* Beside the given ones: PATH, HOME, three of sockets, the end. */
        p->environment = plan_alloc(p, (strv_length(environment) + 6) * sizeof(char *));
        if (!p->environment)
                return -ENOMEM;
        STRV_FOREACH (assignment, environment) {
                if (process->n_listen_fds == 0 || !is_listen_variable(*assignment))
                        p->environment[n++] = *assignment;
        }
        if (process->n_listen_fds > 0) {
                int r = plan_add_listen_variables(p, process, &n);
                if (r < 0)
                        return r;
        }

        if (!strv_env_get(environment, "PATH"))
                p->environment[n++] = (char *) "PATH=" DEFAULT_PATH;
        p->home_needed = !strv_env_get(environment, "HOME");
        p->home_slot = n;
        return 0;
}

static int plan_add_sockets(Plan *p, const RuntimeProcess *process, Error *error) {
        size_t size = process->n_listen_fds * sizeof(int);

        if (process->n_listen_fds == 0)
                return 0;
        if (process->n_listen_fds > RUNTIME_LISTEN_FDS_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "%zu sockets to hand over; at most %u can be",
                                process->n_listen_fds,
                                RUNTIME_LISTEN_FDS_MAX);
        p->listen_fds = plan_alloc(p, size);
        p->listen_option = plan_printf(p, SUPD_OPTION_LISTEN_FDS "%zu", process->n_listen_fds);
        if (!p->listen_fds || !p->listen_option)
                return -ENOMEM;
        memcpy(p->listen_fds, process->listen_fds, size);
        p->n_listen_fds = process->n_listen_fds;
        return 0;
}

static int plan_add_groups(Plan *p, char *const *groups) {
        size_t n = strv_length(groups);
        const char **list = plan_alloc(p, n * sizeof(*list));

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                list[i] = plan_strdup(p, groups[i]);
                if (!list[i])
                        return -ENOMEM;
        }
        p->groups = list;
        p->n_groups = n;
        return 0;
}

/* @role: of supinit, which executes the command; NULL: nobody does but we */
static int plan_add_process(
                Plan *p, const RuntimeProcess *process, const char *role, Error *error) {
        int r;

        if (role && p->init_fd < 0)
                return error_set_plain(error, -ENOENT, ERROR_RUNTIME, "supinit is not available");

        r = plan_add_sockets(p, process, error);
        if (r >= 0)
                r = plan_add_arguments(p, process->argv, role, error);
        if (r >= 0)
                r = plan_add_environment(p, process);
        if (r >= 0 && !role)
                r = plan_add_exec_paths(p, strv_env_get(p->environment, "PATH"));
        if (r >= 0)
                r = plan_copy_string(p,
                                str_is_empty(process->working_dir) ? "/" : process->working_dir,
                                &p->working_dir);
        if (r >= 0)
                r = plan_copy_string(
                                p, str_is_empty(process->user) ? "0" : process->user, &p->user);
        if (r >= 0 && !str_is_empty(process->group))
                r = plan_copy_string(p, process->group, &p->group);
        if (r >= 0)
                r = plan_add_groups(p, process->groups);
        if (r < 0)
                return r;

        p->stdio[0] = process->stdin_fd;
        p->stdio[1] = process->stdout_fd;
        p->stdio[2] = process->stderr_fd;
        return 0;
}

static int plan_add_limits(Plan *p, const RuntimeSecurity *security, Error *error) {
        if (security->n_limits == 0)
                return 0;

        PlanLimit *limits = plan_alloc(p, security->n_limits * sizeof(*limits));
        if (!limits)
                return -ENOMEM;

        for (size_t i = 0; i < security->n_limits; i++) {
                const RuntimeLimit *from = &security->limits[i];

                if (from->soft > from->hard)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "resource limit %d: the soft limit is above the hard limit",
                                        from->resource);
                limits[i] = (PlanLimit) {
                        .resource = from->resource,
                        .limit = { .rlim_cur = from->soft, .rlim_max = from->hard },
                        .best_effort = from->best_effort,
                };
        }
        p->limits = limits;
        p->n_limits = security->n_limits;
        return 0;
}

static int plan_add_sysctls(Plan *p, char *const *sysctls, RuntimeNetwork network, Error *error) {
        size_t n = strv_length(sysctls);
        PlanSysctl *list = plan_alloc(p, n * sizeof(*list));
        if (!list)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                int r = sysctl_parse(
                                p, sysctls[i], network == RUNTIME_NETWORK_HOST, &list[i], error);
                if (r < 0)
                        return r;
        }
        p->sysctls = list;
        p->n_sysctls = n;
        return 0;
}

static int plan_add_apparmor(Plan *p, const char *profile, Error *error) {
        if (!profile)
                return 0;
        if (!p->features.apparmor)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_RUNTIME,
                                "AppArmor profile '%s': AppArmor is not enabled in this kernel; "
                                "AppArmor=unconfined goes without",
                                profile);
        p->apparmor = plan_strdup(p, profile);
        return p->apparmor ? 0 : -ENOMEM;
}

static int plan_add_security(Plan *p, const RuntimeSecurity *security, Error *error) {
        p->capabilities = security->capabilities;
        p->no_new_privileges = security->no_new_privileges;
        p->oom_score_adjust_set = security->oom_score_adjust_set;
        p->oom_score_adjust = plan_printf(p, "%d", security->oom_score_adjust);
        if (!p->oom_score_adjust)
                return -ENOMEM;

        int r = plan_add_apparmor(p, security->apparmor, error);
        return r < 0 ? r : plan_add_limits(p, security, error);
}

/* All that is the same whether a container is made or entered. */
static Plan *plan_new_empty(
                const RuntimeFeatures *features, int init_fd, const struct sock_fprog *seccomp) {
        Plan *p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;

        p->features = *features;
        p->init_fd = init_fd;
        p->seccomp = seccomp;
        p->cgroup_fd = p->status_fd = p->image_fd = p->join_pidfd = -EBADF;
        p->join_user_fd = p->user_fd = p->proc_context_fd = -EBADF;
        p->handover_fds[0] = p->handover_fds[1] = -EBADF;
        p->root_fd = p->proc_fd = p->dev_fd = p->null_fd = p->cwd_fd = -EBADF;
        p->item = -1;
        return p;
}

int plan_new(const RuntimeSpec *spec,
                const RuntimeFeatures *features,
                int init_fd,
                const struct sock_fprog *seccomp,
                Plan **ret,
                Error *error) {
        int r;

        _cleanup_(plan_freep) Plan *p = plan_new_empty(features, init_fd, seccomp);
        if (!p)
                return -ENOMEM;

        r = plan_add_namespaces(p, spec);
        if (r >= 0)
                r = plan_add_root(p, &spec->root, error);
        if (r >= 0)
                r = plan_add_users(p, spec, error);
        if (r >= 0)
                r = plan_add_mounts(p, spec, error);
        if (r >= 0)
                r = secrets_plan(p, spec->root.secrets, spec->root.n_secrets, error);
        if (r >= 0)
                r = masks_plan(p, spec->root.mask, spec->root.unmask);
        if (r >= 0)
                r = plan_add_process(p,
                                &spec->process,
                                spec->process.init ? "--container" : NULL,
                                error);
        if (r >= 0)
                r = plan_add_sysctls(p, spec->security.sysctls, spec->network, error);
        if (r >= 0)
                r = plan_add_security(p, &spec->security, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

int plan_new_command(const RuntimeSpec *spec,
                const RuntimeFeatures *features,
                int init_fd,
                const struct sock_fprog *seccomp,
                Plan **ret,
                Error *error) {
        _cleanup_(plan_freep) Plan *p = plan_new_empty(features, init_fd, seccomp);
        if (!p)
                return -ENOMEM;

        plan_add_cgroup(p, spec->cgroup);
        int r = plan_add_process(p, &spec->process, "--exec", error);
        if (r >= 0)
                r = plan_add_security(p, &spec->security, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}
