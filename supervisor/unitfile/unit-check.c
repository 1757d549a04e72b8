/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/default-dependencies.h"
#include "unitfile/unit-load-internal.h"

/*
 * What concerns several keys at once: defaults that follow from others, and Quadlet's cross-checks,
 * with its words, so that people find the answers that are known already (UNITS.md 2.6).
 */

/* Of the unit as a whole: no line is more to blame than another. */
static int complain(
                UnitLoad *load, DiagnosticSeverity severity, const char *code, const char *text) {
        SourcePlace place = { .file = load->main_path };

        return diagnostic_add(load->diagnostics, severity, code, &place, "%s", text);
}

static int fail(UnitLoad *load, const char *text) {
        return complain(load, DIAGNOSTIC_ERROR, "cross-check", text);
}

/* systemd-web, or systemd-web_a for an instance. */
static char *default_container_name(const UnitSpec *u) {
        size_t stem = (size_t) (strrchr(u->id, '.') - u->id);
        const char *at = strchr(u->id, '@');

        if (!at)
                return str_printf("systemd-%.*s", (int) stem, u->id);
        return str_printf("systemd-%.*s_%s", (int) (at - u->id), u->id, u->instance ?: "");
}

static int string_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int check_mount_targets(UnitLoad *load) {
        const RootSpec *root = &load->container->root;
        const SecretSpecs *secrets = &load->container->secrets;
        size_t n = 0;

        _cleanup_free_ const char **targets = calloc(
                        root->n_volumes + root->n_tmpfs + secrets->n_items + 1, sizeof(char *));
        if (!targets)
                return -ENOMEM;
        for (size_t i = 0; i < root->n_volumes; i++) {
                if (root->volumes[i].target && !root->volumes[i].glob)
                        targets[n++] = root->volumes[i].target;
        }
        for (size_t i = 0; i < root->n_tmpfs; i++) {
                if (root->tmpfs[i].target)
                        targets[n++] = root->tmpfs[i].target;
        }
        for (size_t i = 0; i < secrets->n_items; i++) {
                if (!secrets->items[i].environment)
                        targets[n++] = secrets->items[i].target;
        }
        qsort(targets, n, sizeof(char *), string_compare);
        for (size_t i = 1; i < n; i++) {
                if (strcmp(targets[i - 1], targets[i]) != 0)
                        continue;
                _cleanup_free_ char *text = str_printf(
                                "two mounts on '" SHOWN "'", SHOWN_ARGUMENTS(targets[i]));
                int r = text ? fail(load, text) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the pod has for all of its containers, none has for itself. */
static int check_pod_member(UnitLoad *load) {
        const ContainerSpec *c = load->container;
        int r = 0;

        if (!c->pod)
                return 0;
        if (load->has_network)
                r = fail(load, "Network= belongs into the pod: its containers share the network");
        if (r >= 0 && c->hostname)
                r = fail(load, "cannot set hostname when joining the pod UTS namespace");
        if (r >= 0 && c->root.shm_size)
                r = fail(load, "ShmSize= belongs into the pod: its containers share /dev/shm");
        return r;
}

static int check_users(UnitLoad *load, UsersSpec *users) {
        _cleanup_free_ char *problem = NULL, *notice = NULL;

        int r = users_load_finish(load, users, &problem, &notice);
        if (r >= 0 && problem)
                r = fail(load, problem);
        if (r >= 0 && notice)
                r = complain(load, DIAGNOSTIC_WARNING, "cross-check", notice);
        return r;
}

/* A pod's user namespace, or that it has none, is for all of its containers. */
static int check_container_users(UnitLoad *load) {
        ContainerSpec *c = load->container;
        int r = check_users(load, &c->users);

        if (r < 0 || !c->pod || c->users.mode == USERS_HOST)
                return r;
        users_spec_done(&c->users);
        return complain(load,
                        DIAGNOSTIC_WARNING,
                        "cross-check",
                        "keys of user namespaces have no effect with Pod=: the pod's is for all of "
                        "its containers");
}

/* systemd-p, or systemd-p-a for an instance. */
static int finish_pod(UnitLoad *load) {
        const char *file = load->unit->file_name, *dot = strrchr(file, '.');
        const char *at = strchr(file, '@');

        if (load->pod->name)
                return 0;
        load->pod->name = at ? str_printf("systemd-%.*s-%s",
                                               (int) (at - file),
                                               file,
                                               load->unit->instance ?: "")
                             : str_printf("systemd-%.*s", (int) (dot - file), file);
        return load->pod->name ? 0 : -ENOMEM;
}

/* What an image may bring can be asked for at the start only. */
static int check_health(UnitLoad *load) {
        const ContainerSpec *c = load->container;
        const HealthEndpoint *endpoint = &load->unit->service.health_endpoint;
        bool disabled = c->health.test && strcmp(c->health.test[0], "NONE") == 0;

        if (endpoint->address && c->health.test && !disabled)
                return fail(load, "HealthCmd= and a probe of [X-Supd] can't both be the check");
        if (endpoint->address || (c->health.test && !disabled) || (!disabled && load->has_image))
                return 0;
        if (c->notify == NOTIFY_HEALTHY)
                return fail(load, "Notify=healthy without a health check: it could never start");
        if (c->health.startup_test)
                return complain(load,
                                DIAGNOSTIC_WARNING,
                                "cross-check",
                                "HealthStartupCmd= without a health check after it has no effect");
        return 0;
}

/* The tmpfs of VolatileTmp=, unless there is something on /tmp already. */
static int add_volatile_tmp(RootSpec *root) {
        if (!root->volatile_tmp || root->read_only || root_spec_has_mount(root, "/tmp"))
                return 0;

        TmpfsSpec *all = reallocarray(root->tmpfs, root->n_tmpfs + 1, sizeof(*all));
        if (!all)
                return -ENOMEM;
        root->tmpfs = all;
        all[root->n_tmpfs++] = (TmpfsSpec) {
                .target = strdup("/tmp"),
                .options = strdup("size=512M,mode=1777"),
                .noexec = true,
                .nosuid = true,
                .nodev = true,
                .copy_up = true,
        };
        return all[root->n_tmpfs - 1].target && all[root->n_tmpfs - 1].options ? 0 : -ENOMEM;
}

/* In a user namespace the kernel lets nobody keep a group of the host's. */
static int check_groups(UnitLoad *load) {
        const ContainerSpec *c = load->container;

        if (!strv_contains(c->process.groups, "keep-groups") || c->users.mode == USERS_HOST)
                return 0;
        return fail(load, "GroupAdd=keep-groups can't be had together with a user namespace");
}

static int check_watchdog(UnitLoad *load) {
        const ServiceSpec *s = &load->unit->service;

        if (load->container->notify == NOTIFY_PAYLOAD ||
                        ((s->watchdog_usec == 0 || s->watchdog_usec == USEC_INFINITY) &&
                                        s->fd_store_max == 0))
                return 0;
        if (s->watchdog_usec == 0 || s->watchdog_usec == USEC_INFINITY)
                return complain(load,
                                DIAGNOSTIC_WARNING,
                                "cross-check",
                                "FileDescriptorStoreMax= has no effect without Notify=true: nobody "
                                "could hand over a descriptor");
        return complain(load,
                        DIAGNOSTIC_WARNING,
                        "cross-check",
                        "WatchdogSec= has no effect without Notify=true: nobody could give a sign "
                        "of life");
}

static int finish_container(UnitLoad *load) {
        ContainerSpec *c = load->container;
        int r = 0;

        if (!c->name) {
                c->name = default_container_name(load->unit);
                if (!c->name)
                        return -ENOMEM;
        }
        if (!load->has_image && !load->has_rootfs)
                r = fail(load, "no Image or Rootfs key specified");
        else if (load->has_image && load->has_rootfs)
                r = fail(load, "the Image And Rootfs keys conflict can not be specified together");
        if (r >= 0 && c->process.group && !c->process.user)
                r = fail(load, "invalid Group set without User");
        if (r >= 0)
                r = check_pod_member(load);
        if (r >= 0)
                r = check_health(load);
        if (r >= 0)
                r = check_watchdog(load);
        if (r >= 0)
                r = check_container_users(load);
        if (r >= 0)
                r = check_groups(load);
        if (r >= 0)
                r = add_volatile_tmp(&c->root);
        return r < 0 ? r : check_mount_targets(load);
}

static int finish_socket(UnitLoad *load) {
        SocketSpec *s = &load->unit->socket;
        size_t n_paths = 0;

        socket_spec_settle(s);
        if (s->n_listens == 0)
                return fail(load,
                                "a socket unit needs at least one Listen key, such as "
                                "ListenStream");
        for (size_t i = 0; i < s->n_listens; i++)
                n_paths += s->listens[i].text[0] == '/';
        if (s->symlinks && n_paths != 1)
                return fail(load, "Symlinks= needs exactly one Listen key with a path");
        return 0;
}

int unit_load_finish_type(UnitLoad *load) {
        switch (load->unit->kind) {
        case UNIT_KIND_CONTAINER:
                return finish_container(load);
        case UNIT_KIND_SOCKET:
                return finish_socket(load);
        case UNIT_KIND_IMAGE:
                return load->has_image ? 0 : fail(load, "no Image key specified");
        case UNIT_KIND_TIMER:
                return timer_load_finish(load);
        case UNIT_KIND_POD:
                return finish_pod(load);
        default:
                return 0;
        }
}

static int tell_missing_network(UnitLoad *load) {
        bool pod = load->unit->kind == UNIT_KIND_POD;

        if (load->has_network || load->unit->container.pod ||
                        (load->unit->kind != UNIT_KIND_CONTAINER && !pod))
                return 0;
        return complain(load,
                        DIAGNOSTIC_NOTICE,
                        "no-network",
                        pod ? "no Network= given: bridges are not supported yet, so the containers "
                              "of the pod get loopback only"
                            : "no Network= given: bridges are not supported yet, so the container "
                              "gets loopback only");
}

/* What systemd says of the back-off keys, and does about them. */
static int finish_restart(UnitLoad *load) {
        RestartSpec *restart = &load->unit->service.restart;
        const char *problem = NULL;

        if (restart->steps > 0 && restart->delay_max_usec == USEC_INFINITY)
                problem = "RestartSteps= without RestartMaxDelaySec=: the delay does not grow";
        else if (restart->steps == 0 && restart->delay_max_usec != USEC_INFINITY)
                problem = "RestartMaxDelaySec= without RestartSteps=: the delay does not grow";
        if (problem) {
                restart->steps = 0;
                restart->delay_max_usec = USEC_INFINITY;
        } else if (restart->delay_max_usec < restart->delay_usec) {
                restart->delay_usec = restart->delay_max_usec;
                problem = "RestartSec= is longer than RestartMaxDelaySec=; lowered to that";
        }
        return problem ? complain(load, DIAGNOSTIC_WARNING, "cross-check", problem) : 0;
}

static int check_oneshot(UnitLoad *load) {
        const RestartSpec *restart = &load->unit->service.restart;

        if (load->unit->service.type != SERVICE_ONESHOT)
                return 0;
        if (restart->policy == RESTART_ALWAYS || restart->policy == RESTART_ON_SUCCESS)
                return fail(load, "Restart=always and on-success are not allowed for Type=oneshot");
        if (!exit_set_is_empty(&restart->force))
                return fail(load, "RestartForceExitStatus= is not allowed for Type=oneshot");
        return 0;
}

/* A path of the environment is only known at the start. */
static int add_implied_mounts(UnitSpec *u) {
        const RootSpec *root = &u->container.root;
        size_t n = 0;

        if (u->kind != UNIT_KIND_CONTAINER || root->n_volumes == 0)
                return 0;
        /* At once: appending one by one would count all before it each time. */
        u->unit.implied_mounts_for = calloc(root->n_volumes + 1, sizeof(char *));
        if (!u->unit.implied_mounts_for)
                return -ENOMEM;
        for (size_t i = 0; i < root->n_volumes; i++) {
                const char *source = root->volumes[i].source;
                if (!source || *source != '/' || strchr(source, '$') || root->volumes[i].glob)
                        continue;
                u->unit.implied_mounts_for[n] = strdup(source);
                if (!u->unit.implied_mounts_for[n++])
                        return -ENOMEM;
        }
        if (n == 0)
                u->unit.implied_mounts_for = strv_free(u->unit.implied_mounts_for);
        return 0;
}

int unit_load_finish(UnitLoad *load) {
        ServiceSpec *s = &load->unit->service;

        if (s->start_timeout_usec == 0) /* a timeout of 0 was read as infinity: this is "not set" */
                s->start_timeout_usec =
                                s->type == SERVICE_ONESHOT ? USEC_INFINITY : 90 * USEC_PER_SEC;

        condition_list_settle(&load->unit->unit.conditions);
        condition_list_settle(&load->unit->unit.asserts);
        int r = unit_load_finish_type(load);
        if (r >= 0)
                r = finish_restart(load);
        if (r >= 0)
                r = check_oneshot(load);
        if (r >= 0 && load->has_reload_cmd && load->has_reload_signal)
                r = fail(load,
                                "ReloadCmd and ReloadSignal are mutually exclusive but both are "
                                "set");
        if (r >= 0)
                r = tell_missing_network(load);
        if (r >= 0)
                r = add_implied_mounts(load->unit);
        return r < 0 ? r : unit_add_default_dependencies(load->unit);
}
