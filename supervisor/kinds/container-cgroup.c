/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/text.h"
#include "kinds/container-device-policy.h"
#include "kinds/container-devices.h"
#include "kinds/container-internal.h"
#include "kinds/container-limits.h"
#include "unitfile/slice.h"

CgroupLimits container_limits(const Container *c) {
        if (c->run.cgroup)
                return c->run.limits;
        return container_limits_expected(&c->unit.spec->service.resource, container_spec(c));
}

/* Owned; NULL: out of memory */
static char *wanted_name(const Container *c) {
        const char *slice = c->unit.spec->service.resource.slice;
        _cleanup_free_ char *path = slice_path(slice ?: SLICE_ROOT);

        return path ? str_printf("%s%s%s", path, *path ? "/" : "", unit_id(&c->unit)) : NULL;
}

int container_open_cgroup(Container *c, const char *name, Error *error) {
        _cleanup_free_ char *wanted = wanted_name(c);

        if (c->run.cgroup)
                return 0;
        if (!wanted)
                return -ENOMEM;
        return cgroup_open(c->context->cgroups, name ?: wanted, &c->run.cgroup, error);
}

/* The group of an earlier instance serves again, unless what starts in it would be killed, or its place is another
 * one by now. */
static int renew_cgroup(Container *c, Error *error) {
        _cleanup_free_ char *wanted = wanted_name(c);

        int r = container_open_cgroup(c, /* name= */ NULL, error);
        if (r < 0)
                return r;
        if (!wanted)
                return -ENOMEM;
        if (cgroup_is_fresh(c->run.cgroup) && str_equal(cgroup_name(c->run.cgroup), wanted))
                return 0;

        r = cgroup_remove(c->run.cgroup);
        if (r < 0)
                return error_set(
                                error, r, ERROR_CGROUP, "cannot remove the cgroup of its last run");
        c->run.cgroup = cgroup_free(c->run.cgroup);
        return container_open_cgroup(c, /* name= */ NULL, error);
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

/* Nodes that were added at the start are there for as long as it runs. */
static int apply_devices(Container *c, const ResourceSpec *resource, Error *error) {
        _cleanup_free_ DeviceRule *rules = NULL;
        ContainerDevices added = {};
        size_t n = 0;

        int r = container_device_rules(resource, unit_id(&c->unit), &rules, &n, error);
        if (r >= 0)
                r = container_devices_find(container_spec(c), &added, error);
        if (r < 0)
                return r;
        DeviceRule *longer = reallocarray(rules, n + added.n_items, sizeof(*rules));
        if (longer) {
                rules = longer;
                for (size_t i = 0; i < added.n_items; i++)
                        rules[n++] = added.items[i].rule;
        }
        container_devices_done(&added);
        return longer ? cgroup_apply_devices(c->run.cgroup, rules, n, error) : -ENOMEM;
}

int container_apply_cgroup(Container *c, Error *error) {
        int r = apply_limits(c, &c->unit.spec->service.resource, container_spec(c), error);
        if (r < 0)
                return r;
        c->run.devices_changed = false;
        return apply_devices(c, &c->unit.spec->service.resource, error);
}

/* Only what differs: a device of AddDevice= that was taken out is no reason to refuse a limit of memory. */
static int refresh_devices(Container *c, const ResourceSpec *next, Error *error) {
        const ResourceSpec *now = &c->unit.spec->service.resource;
        bool differs = now->device_policy != next->device_policy ||
                       !device_allow_lists_equal(&now->device_allow, &next->device_allow);

        if (!differs && !c->run.devices_changed)
                return 0;
        int r = apply_devices(c, next, error);
        if (r >= 0)
                c->run.devices_changed = differs;
        return r;
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
        if (r >= 0)
                r = refresh_devices(c, &next->service.resource, error);
        container_spec_done(&storage);
        if (r >= 0 && c->run.child.pid > 0)
                container_watch_oom(c); /* there may be a limit where there was none */
        return r;
}

int container_set_up_cgroup(Container *c, Error *error) {
        int r = renew_cgroup(c, error);
        return r < 0 ? r : container_apply_cgroup(c, error);
}
