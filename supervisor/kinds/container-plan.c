/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-environment.h"
#include "kinds/container-internal.h"
#include "kinds/container-mounts.h"
#include "kinds/container-notify.h"
#include "kinds/container-secrets.h"
#include "kinds/container-users.h"
#include "kinds/environment.h"
#include "kinds/exec-directories.h"
#include "kinds/open-files.h"
#include "kinds/socket.h"

/* Names are looked up one by one; nothing that runs has anywhere near as many. */
#define ENVIRONMENT_VARIABLES_MAX 8192U
#define SHM_SIZE_DEFAULT (UINT64_C(64) * 1024 * 1024)

/* What a payload may ask for where the unit says nothing, as Podman does. */
#define NOFILE_DEFAULT 1048576U

struct ContainerPlan {
        const UnitSpec *unit;           /* borrowed */
        const ContainerSpec *container; /* borrowed; resolved */
        const Image *image;             /* borrowed; NULL: Rootfs= */
        const PodSpec *pod;             /* borrowed; resolved; NULL: in none */
        RuntimeSpec spec;               /* borrows from the rest */
        char **argv;                    /* owned */
        char **environment;             /* owned */
        char *hostname;                 /* owned; NULL: the unit's */
        char *user;                     /* owned; the image's; NULL: the unit's */
        char **groups;                  /* owned; GroupAdd= */
        ContainerMounts mounts;
        ContainerSecrets secrets;
        RuntimeLimit *limits; /* owned */
        PassedSockets sockets;
        OpenFiles open_files;
        char *notify_path; /* owned; NULL: nobody is listened to */
        ContainerUsers users;
};

ContainerPlan *container_plan_free(ContainerPlan *p) {
        if (!p)
                return NULL;
        container_secrets_done(&p->secrets, p->environment);
        strv_free(p->argv);
        strv_free(p->environment);
        free(p->hostname);
        free(p->user);
        strv_free(p->groups);
        container_mounts_done(&p->mounts);
        free(p->limits);
        passed_sockets_done(&p->sockets);
        open_files_done(&p->open_files);
        container_users_done(&p->users);
        free(p->notify_path);
        free(p);
        return NULL;
}

int container_resolve_spec(const UnitSpec *spec,
                ContainerSpec *storage,
                const ContainerSpec **ret,
                Error *error) {
        _cleanup_strv_ char **expansion = NULL, **own = NULL;

        container_spec_init(storage);
        int r = exec_directories_add_variables(spec->id, &spec->service.exec, &expansion);
        if (r >= 0)
                r = service_environment_read(&spec->service, &own, error);
        STRV_FOREACH (assignment, own) {
                if (r >= 0)
                        r = strv_env_set(&expansion, *assignment);
        }
        return r < 0 ? r : unit_spec_resolve(spec, expansion, storage, ret, error);
}

int container_resolve(Container *c, Error *error) {
        container_unresolve(c);
        int r = container_resolve_spec(c->unit.spec, &c->resolved_storage, &c->resolved, error);
        if (r < 0)
                return r;
        c->lifecycle.stop_timeout_usec = c->resolved->process.stop_timeout_usec;
        return 0;
}

void container_unresolve(Container *c) {
        c->resolved = NULL;
        container_spec_done(&c->resolved_storage);
        c->resolved_storage = (ContainerSpec) {};
}

const ContainerSpec *container_spec(const Container *c) {
        return c->resolved ?: &c->unit.spec->container;
}

static int check_size(size_t n, const char *where, Error *error) {
        if (n <= ENVIRONMENT_VARIABLES_MAX)
                return 0;
        return error_set_plain(error,
                        -E2BIG,
                        ERROR_LIMIT_REACHED,
                        "%s: %zu environment variables; at most %u are taken",
                        where,
                        n,
                        ENVIRONMENT_VARIABLES_MAX);
}

static int plan_environment_file(ContainerPlan *p, const char *path, Error *error) {
        _cleanup_free_ char *text = NULL;
        _cleanup_strv_ char **assignments = NULL;
        unsigned line = 0;

        int r = environment_file_read(path, &text, error);
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
        r = r < 0 ? r : check_size(strv_length(assignments), path, error);
        STRV_FOREACH (assignment, assignments) {
                if (r >= 0)
                        r = strv_env_set(&p->environment, *assignment);
        }
        return r;
}

static int plan_image_environment(ContainerPlan *p, const Image *image) {
        STRV_FOREACH (assignment, image ? image->environment : NULL) {
                /* Images of old tools have bare names in it, which mean nothing. */
                int r = strchr(*assignment, '=') ? strv_env_set(&p->environment, *assignment) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_environment(ContainerPlan *p, Error *error) {
        const ContainerSpec *container = p->container;
        int r;

        r = check_size(strv_length(container->process.environment), "Environment", error);
        if (r < 0)
                return r;

        /* As with Podman the image and the unit may replace any of these. */
        _cleanup_free_ char *hostname = str_printf("HOSTNAME=%s", p->spec.hostname);
        if (!hostname)
                return -ENOMEM;
        r = container_environment_inherit(&container->process, environ, &p->environment);
        if (r >= 0)
                r = strv_env_set(&p->environment, "container=supd");
        if (r >= 0)
                r = strv_env_set(&p->environment, hostname);
        if (r >= 0)
                r = plan_image_environment(p, p->image);
        STRV_FOREACH (word, container->process.environment_files) {
                if (r >= 0)
                        r = plan_environment_file(p, *word, error);
        }
        STRV_FOREACH (word, container->process.environment) {
                if (r < 0)
                        return r;
                if (strchr(*word, '='))
                        r = strv_env_set(&p->environment, *word);
                else if (getenv(*word)) { /* a bare name imports supd's own */
                        _cleanup_free_ char *assignment = str_printf("%s=%s", *word, getenv(*word));
                        r = assignment ? strv_env_set(&p->environment, assignment) : -ENOMEM;
                }
        }
        return r;
}

/* As Docker and Podman have it: with an entry point of the unit's own the image's command means nothing. */
static int plan_command(ContainerPlan *p, Error *error) {
        const ProcessSpec *process = &p->container->process;
        bool own_entrypoint = process->entrypoint || process->entrypoint_cleared;
        char **image_entrypoint = p->image ? p->image->entrypoint : NULL;
        char **image_command = p->image && !own_entrypoint ? p->image->command : NULL;
        char **const parts[] = {
                own_entrypoint ? process->entrypoint : image_entrypoint,
                process->exec ?: image_command,
        };
        size_t n = 0;

        /* At once: a command may have as many words as a file has room for. */
        p->argv = calloc(strv_length(parts[0]) + strv_length(parts[1]) + 1, sizeof(char *));
        if (!p->argv)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                STRV_FOREACH (word, parts[i]) {
                        p->argv[n] = strdup(*word);
                        if (!p->argv[n++])
                                return -ENOMEM;
                }
        }
        if (n == 0)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "no command: %s, and the unit has neither Exec= nor Entrypoint=",
                                p->image ? "the image names none" : "Rootfs= names none");
        return 0;
}

/* Who is executed in a container that runs is not its payload, and does not speak for it. */
static int plan_notify(ContainerPlan *p, const Container *c) {
        if (c->notify.fd < 0 || c->run.executes)
                return 0;
        p->notify_path = container_notify_path(c);
        if (!p->notify_path)
                return -ENOMEM;
        const RuntimeBind bind = {
                .source = p->notify_path,
                .target = CONTAINER_NOTIFY_SOCKET,
                .read_only = true,
                .noexec = true,
                .nosuid = true,
                .nodev = true,
        };
        int r = container_mounts_add_bind(&p->mounts, &bind);
        if (r >= 0)
                r = strv_env_set(&p->environment, "NOTIFY_SOCKET=" CONTAINER_NOTIFY_SOCKET);
        uint64_t watchdog_usec = p->unit->service.watchdog_usec;
        if (r < 0 || watchdog_usec == 0 || watchdog_usec == USEC_INFINITY)
                return r;
        _cleanup_free_ char *assignment =
                        str_printf("WATCHDOG_USEC=%llu", (unsigned long long) watchdog_usec);
        return assignment ? strv_env_set(&p->environment, assignment) : -ENOMEM;
}

/* What is executed in a container that runs finds the mounts there; their sources may be gone. */
static int plan_mounts(ContainerPlan *p, const Container *c, Error *error) {
        if (c->run.executes)
                return 0;
        int r = container_mounts_plan(
                        p->container, p->pod, p->image, c->image.storage, &p->mounts, error);
        return r < 0 ? r : plan_notify(p, c);
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
        const SecuritySpec *security = &p->container->security;
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

static void plan_root(ContainerPlan *p, const Container *c) {
        const RootSpec *root = &p->container->root;
        /* A root that supd-image made is the container's own, and written to itself. */
        bool layered = p->image && !c->image.root;

        p->spec.root = (RuntimeRoot) {
                .path = c->image.root ?: root->rootfs,
                .layers = layered ? p->image->layers : NULL,
                .n_layers = layered ? strv_length(p->image->layers) : 0,
                .image = c->image.name,
                .storage_path = c->image.root ? NULL : c->image.storage,
                .volatile_upper = true,
                .overlay = root->overlay,
                .shift_owners = p->image || root->idmap,
                .read_only = root->read_only,
                .read_only_tmpfs = root->read_only_tmpfs,
                .binds = p->mounts.binds,
                .n_binds = p->mounts.n_binds,
                .tmpfs = p->mounts.tmpfs,
                .n_tmpfs = p->mounts.n_tmpfs,
                .secrets = p->secrets.files,
                .n_secrets = p->secrets.n_files,
                .shm_size_bytes = root->shm_size ? root->shm_size_bytes : SHM_SIZE_DEFAULT,
                .mask = root->mask,
                .unmask = root->unmask,
                .timezone = root->timezone,
        };
}

static int plan_user(ContainerPlan *p) {
        const ProcessSpec *process = &p->container->process;
        const char *image_user = p->image ? p->image->user : NULL;

        if (process->user || str_is_empty(image_user)) {
                p->spec.process.user = process->user;
                p->spec.process.group = process->group;
                return 0;
        }
        size_t n = strcspn(image_user, ":");
        p->user = strndup(image_user, n);
        if (!p->user)
                return -ENOMEM;
        p->spec.process.user = *p->user ? p->user : NULL;
        p->spec.process.group = image_user[n] && image_user[n + 1] ? image_user + n + 1 : NULL;
        return 0;
}

/* keep-groups: those that supd itself has. */
static int plan_groups(ContainerPlan *p) {
        _cleanup_free_ gid_t *own = NULL;

        p->spec.process.groups = p->container->process.groups;
        if (!strv_contains(p->container->process.groups, "keep-groups"))
                return 0;
        int n = getgroups(0, NULL);
        own = n < 0 ? NULL : calloc((size_t) n + 1, sizeof(gid_t));
        if (n >= 0 && !own)
                return -ENOMEM;
        n = n < 0 ? n : getgroups(n, own);
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                int r = strv_append_printf(&p->groups, "%u", own[i]);
                if (r < 0)
                        return r;
        }
        p->spec.process.groups = p->groups;
        return 0;
}

static int plan_process(ContainerPlan *p) {
        const ProcessSpec *process = &p->container->process;
        const char *image_dir = p->image ? p->image->working_directory : NULL;

        p->spec.process = (RuntimeProcess) {
                .argv = p->argv,
                .environment = p->environment,
                .stdin_fd = -EBADF,
                .listen_fds = p->sockets.fds,
                .n_listen_fds = p->sockets.n_fds,
                .listen_names = p->sockets.names,
                .working_dir = process->working_dir
                                               ?: str_is_empty(image_dir) ? NULL
                                                                          : image_dir,
                .init = process->run_init == RUN_INIT_YES ||
                        (process->run_init == RUN_INIT_AUTO &&
                                        !runtime_command_is_init(&p->spec.root, p->argv[0])),
        };
        int r = plan_groups(p);
        return r < 0 ? r : plan_user(p);
}

static void plan_security(ContainerPlan *p) {
        const ContainerSpec *container = p->container;
        const ResourceSpec *resource = &p->unit->service.resource;
        RuntimeSecurity *ret = &p->spec.security;

        /* Dropped first, then added: UNITS.md 3.1. */
        ret->capabilities =
                        (runtime_capabilities_default() & ~container->security.drop_capabilities) |
                        container->security.add_capabilities;
        ret->no_new_privileges = container->security.no_new_privileges;
        ret->seccomp = !container->security.seccomp_unconfined;
        ret->sysctls = container->security.sysctls;
        if (!str_equal(container->security.apparmor, "unconfined"))
                ret->apparmor = container->security.apparmor;
        ret->oom_score_adjust = resource->oom_score_adjust;
        ret->oom_score_adjust_set = resource->oom_score_adjust_set;
}

static int plan_hostname(ContainerPlan *p, const Container *c) {
        const ContainerSpec *container = p->container;

        if (p->pod) {
                p->spec.hostname = pod_host_name(p->pod);
                return 0;
        }
        if (!container->hostname) {
                p->hostname = strndup(c->container_id, 12);
                if (!p->hostname)
                        return -ENOMEM;
        }
        p->spec.hostname = container->hostname ?: p->hostname;
        return 0;
}

int container_plan_new(Container *c, ContainerPlan **ret, Error *error) {
        int r;

        _cleanup_(container_plan_freep) ContainerPlan *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->users = CONTAINER_USERS_NONE;
        p->unit = c->unit.spec;
        p->container = container_spec(c);
        p->image = c->image.image;
        if (c->pod.pod)
                p->pod = pod_unit_spec(c->pod.pod);

        r = plan_hostname(p, c);
        if (r >= 0)
                r = plan_environment(p, error);
        if (r >= 0)
                r = container_secrets_open(c->context->state_dir,
                                &p->container->secrets,
                                /* may_lack= */ c->run.executes,
                                &p->environment,
                                &p->secrets,
                                error);
        if (r >= 0)
                r = plan_command(p, error);
        if (r >= 0)
                r = plan_mounts(p, c, error);
        if (r >= 0)
                r = plan_limits(p);
        /* Of what is executed in a container that runs nobody expects sockets. */
        if (r >= 0 && !c->run.executes)
                r = sockets_collect(&c->unit, p->unit->service.non_blocking, &p->sockets, error);
        if (r >= 0 && !c->run.executes)
                r = kept_fds_pass(&c->notify.kept, &p->sockets);
        if (r >= 0 && !c->run.executes)
                r = open_files_pass(&p->unit->service.open_files,
                                p->unit->service.non_blocking,
                                &p->open_files,
                                &p->sockets,
                                error);
        /* Who is executed in a container that runs enters the namespace that is there. */
        if (r >= 0 && !c->run.executes)
                r = container_users_open(c, &p->users, error);
        if (r < 0)
                return r;
        p->spec.users = p->users.users;
        NetworkMode network = p->pod ? p->pod->network : p->container->network;
        p->spec.network = network == NETWORK_HOST ? RUNTIME_NETWORK_HOST : RUNTIME_NETWORK_NONE;
        /* Images ship without names of hosts that would be of use on the host's network. */
        p->spec.host_names = p->image && network == NETWORK_HOST;
        if (p->pod)
                p->spec.shared = pod_unit_shared(c->pod.pod);
        plan_root(p, c);
        plan_security(p);
        r = plan_process(p);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

const RuntimeSpec *container_plan_spec(
                ContainerPlan *p, Cgroup *cgroup, int stdin_fd, int stdout_fd, int stderr_fd) {
        p->spec.cgroup = cgroup;
        p->spec.process.stdin_fd = stdin_fd;
        p->spec.process.stdout_fd = stdout_fd;
        p->spec.process.stderr_fd = stderr_fd;
        return &p->spec;
}
