/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kinds/container-devices.h"
#include "kinds/container-internal.h"
#include "kinds/container-limits.h"

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

CgroupLimits container_limits(const Container *c) {
        if (c->run.cgroup)
                return c->run.limits;
        return container_limits_expected(&c->unit.spec->service.resource, container_spec(c));
}

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

static int apply_limits(Container *c,
                const ResourceSpec *resource,
                const ContainerSpec *container,
                Error *error) {
        _cleanup_(container_limits_done) ContainerLimits wanted = {};
        CgroupLimits *limits = &wanted.cgroup;

        int r = container_limits_read(resource, container, &wanted, error);
        if (r < 0)
                return r;
        /* OOMPolicy= is no limit: that of the definition it runs by. Where the kernel can't, run_on_oom()
         * kills the rest. */
        limits->memory_oom_group = c->unit.spec->service.resource.oom_policy == OOM_POLICY_KILL &&
                                   cgroup_tree_has_oom_group(c->context->cgroups);

        r = cgroup_apply_limits(c->run.cgroup, limits, error);
        if (r >= 0)
                c->run.limits = container_limits_figures(limits);
        return r;
}

static int apply_devices(Container *c, Error *error) {
        ContainerDevices devices = {};
        size_t n = ELEMENTSOF(default_devices);

        int r = container_devices_find(container_spec(c), &devices, error);
        if (r < 0)
                return r;
        _cleanup_free_ DeviceRule *rules = calloc(n + devices.n_items, sizeof(*rules));
        if (rules) {
                memcpy(rules, default_devices, sizeof(default_devices));
                for (size_t i = 0; i < devices.n_items; i++)
                        rules[n++] = devices.items[i].rule;
        }
        container_devices_done(&devices);
        return rules ? cgroup_apply_devices(c->run.cgroup, rules, n, error) : -ENOMEM;
}

int container_apply_cgroup(Container *c, Error *error) {
        int r = apply_limits(c, &c->unit.spec->service.resource, container_spec(c), error);
        if (r < 0)
                return r;
        return apply_devices(c, error);
}

int container_refresh_limits(Container *c, Error *error) {
        const UnitSpec *next = c->unit.next_spec;
        ContainerSpec storage;
        const ContainerSpec *resolved = NULL;

        if (!c->run.cgroup || !next || next->load_state != UNIT_LOADED ||
                        next->kind != c->unit.spec->kind)
                return 0;
        int r = container_resolve_spec(next, &storage, &resolved, error);
        if (r >= 0)
                r = apply_limits(c, &next->service.resource, resolved, error);
        container_spec_done(&storage);
        if (r >= 0 && c->run.child.pid > 0)
                container_watch_oom(c); /* there may be a limit where there was none */
        return r;
}

int container_set_up_cgroup(Container *c, Error *error) {
        int r = renew_cgroup(c, error);
        return r < 0 ? r : container_apply_cgroup(c, error);
}
