/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "runtime/dev-tree.h"
#include "runtime/mounts.h"
#include "runtime/plan-root.h"
#include "runtime/plan-users.h"

/* What a step without items is called, and how one with items names the item. */
typedef struct StepText {
        const char *text;
        char *(*describe)(const Plan *p, size_t item); /* NULL: text alone */
        size_t (*count)(const Plan *p);                /* how many items there are */
} StepText;

/* clang-format off */
static const struct {
        int resource;
        const char *name;
} limit_names[] = {
        { RLIMIT_AS, "as" },             { RLIMIT_CORE, "core" },     { RLIMIT_CPU, "cpu" },
        { RLIMIT_DATA, "data" },         { RLIMIT_FSIZE, "fsize" },   { RLIMIT_LOCKS, "locks" },
        { RLIMIT_MEMLOCK, "memlock" },   { RLIMIT_MSGQUEUE, "msgqueue" }, { RLIMIT_NICE, "nice" },
        { RLIMIT_NOFILE, "nofile" },     { RLIMIT_NPROC, "nproc" },   { RLIMIT_RSS, "rss" },
        { RLIMIT_RTPRIO, "rtprio" },     { RLIMIT_RTTIME, "rttime" }, { RLIMIT_SIGPENDING, "sigpending" },
        { RLIMIT_STACK, "stack" },
};
/* clang-format on */

static const char *limit_name(int resource) {
        for (size_t i = 0; i < ELEMENTSOF(limit_names); i++) {
                if (limit_names[i].resource == resource)
                        return limit_names[i].name;
        }
        return "?";
}

static char *describe_mount(const Plan *p, size_t item) {
        const PlanMount *m = &p->mounts[item];

        if (m->kind == PLAN_MOUNT_TMPFS)
                return str_printf("mount %s on %s", m->type, m->target);
        if (m->kind == PLAN_MOUNT_TIMEZONE)
                return str_printf("mount timezone %s on %s", m->source, m->target);
        if (m->kind == PLAN_MOUNT_HOST_FILE)
                return str_printf("mount the host's %s", m->source);
        return str_printf("mount volume %s on %s", m->source, m->target);
}

static char *describe_mount_point(const Plan *p, size_t item) {
        _cleanup_free_ char *mount = describe_mount(p, item);

        return mount ? str_printf("%s: find or make the mount point", mount) : NULL;
}

static char *describe_copy_up(const Plan *p, size_t item) {
        const PlanMount *m = &p->mounts[item];

        if (m->kind == PLAN_MOUNT_TMPFS)
                return str_printf("copy the content of %s to its %s", m->target, m->type);
        return str_printf("copy the content of %s to volume %s", m->target, m->source);
}

static char *describe_filesystem(const Plan *p, size_t item) {
        (void) p;
        return str_printf("mount %s on %s",
                        filesystem_type((int) item),
                        filesystem_target((int) item));
}

static char *describe_device(const Plan *p, size_t item) {
        (void) p;
        return str_printf("make device /dev/%s", dev_tree_device((int) item));
}

static char *describe_namespace(const Plan *p, size_t item) {
        return str_printf("join the %s namespace %s of its pod",
                        shared_namespace_to_string((SharedNamespace) item),
                        p->namespaces[item] ?: "");
}

static char *describe_secret(const Plan *p, size_t item) {
        const PlanSecret *s = &p->secrets[item];

        return str_printf("mount secret %s on %s", s->name, s->target);
}

static char *describe_mask(const Plan *p, size_t item) {
        return str_printf("%s %s",
                        p->masks[item].read_only ? "make read-only" : "mask",
                        p->masks[item].path);
}

static char *describe_sysctl(const Plan *p, size_t item) {
        return str_printf("set sysctl %s=%s", p->sysctls[item].name, p->sysctls[item].value);
}

static char *describe_limit(const Plan *p, size_t item) {
        return str_printf("set limit %s", limit_name(p->limits[item].resource));
}

static char *describe_root(const Plan *p, size_t item) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        (void) item;
        return subject ? str_printf("mount %s%s", subject, p->root_overlay ? " as overlay" : "")
                       : NULL;
}

static char *describe_layer(const Plan *p, size_t item) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        return subject ? str_printf("%s: layer %s", subject, p->lowers[item]) : NULL;
}

static char *describe_upper(const Plan *p, size_t item) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        (void) item;
        if (!subject)
                return NULL;
        return str_printf("%s: writable layer %s", subject, p->storage_path ?: "on a tmpfs");
}

static char *describe_overlay(const Plan *p, size_t item) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        (void) item;
        if (!subject)
                return NULL;
        return str_printf("%s: mount overlay of %zu layer%s",
                        subject,
                        p->n_lowers,
                        p->n_lowers == 1 ? "" : "s");
}

#define SHIFT_TEXT "shift owners into the user namespace"

static char *describe_shift(char *what, const char *path) {
        _cleanup_free_ char *of = what, *problem = plan_shift_problem(path);

        return of && problem ? str_printf("%s: " SHIFT_TEXT ": %s", of, problem) : NULL;
}

static char *describe_shift_root(const Plan *p, size_t item) {
        (void) item;
        return describe_shift(plan_root_subject(p), p->root_path);
}

static char *describe_shift_layer(const Plan *p, size_t item) {
        return describe_shift(describe_layer(p, item), p->lowers[item]);
}

static char *describe_shift_mount(const Plan *p, size_t item) {
        return describe_shift(describe_mount(p, item), p->mounts[item].source);
}

static char *describe_hostname(const Plan *p, size_t item) {
        (void) item;
        return str_printf("set host name '%s'", p->hostname);
}

static char *describe_working_dir(const Plan *p, size_t item) {
        (void) item;
        return str_printf("enter working directory %s", p->working_dir);
}

static char *describe_user(const Plan *p, size_t item) {
        (void) item;
        return str_printf("find user '%s'", p->user);
}

static char *describe_group(const Plan *p, size_t item) {
        (void) item;
        return p->group ? str_printf("find group '%s'", p->group)
                        : str_printf("find the groups of user '%s'", p->user);
}

static char *describe_further_group(const Plan *p, size_t item) {
        return str_printf("find group '%s'", p->groups[item]);
}

static size_t count_further_groups(const Plan *p) {
        return p->n_groups;
}

static char *describe_apparmor(const Plan *p, size_t item) {
        (void) item;
        return str_printf("set AppArmor profile '%s'", p->apparmor ?: "");
}

static char *describe_oom_score(const Plan *p, size_t item) {
        (void) item;
        return str_printf("set OOM score adjustment %s", p->oom_score_adjust);
}

static char *describe_exec(const Plan *p, size_t item) {
        (void) p;
        (void) item;
        return strdup("execute supinit");
}

static size_t count_layers(const Plan *p) {
        return p->n_lowers;
}

static size_t count_mounts(const Plan *p) {
        return p->n_mounts;
}

static size_t count_namespaces(const Plan *p) {
        (void) p;
        return _SHARED_NAMESPACE_MAX;
}

static size_t count_secrets(const Plan *p) {
        return p->n_secrets;
}

static size_t count_masks(const Plan *p) {
        return p->n_masks;
}

static size_t count_sysctls(const Plan *p) {
        return p->n_sysctls;
}

static size_t count_limits(const Plan *p) {
        return p->n_limits;
}

static size_t count_filesystems(const Plan *p) {
        size_t n = 0;

        (void) p;
        while (filesystem_type((int) n))
                n++;
        return n;
}

static size_t count_devices(const Plan *p) {
        size_t n = 0;

        (void) p;
        while (dev_tree_device((int) n))
                n++;
        return n;
}

/* clang-format off */
static const StepText step_texts[] = {
        [PLAN_STEP_SIGNALS]          = { "reset signals" },
        [PLAN_STEP_CGROUP]           = { "join the cgroup" },
        [PLAN_STEP_SHARED]           = { "join namespaces", describe_namespace, count_namespaces },
        [PLAN_STEP_CGROUP_NAMESPACE] = { "make a cgroup namespace" },
        [PLAN_STEP_SESSION]          = { "make a session" },
        [PLAN_STEP_USER_NAMESPACE]   = { "make the user namespace" },
        [PLAN_STEP_HAND_OVER]        = { "hand the mounts over" },
        [PLAN_STEP_SHIFT_ROOT]       = { SHIFT_TEXT, describe_shift_root },
        [PLAN_STEP_SHIFT_LAYER]      = { SHIFT_TEXT, describe_shift_layer, count_layers },
        [PLAN_STEP_SHIFT_MOUNT]      = { SHIFT_TEXT, describe_shift_mount, count_mounts },
        [PLAN_STEP_SOURCES]          = { "open volumes", describe_mount, count_mounts },
        [PLAN_STEP_PRIVATE]          = { "make mounts private" },
        [PLAN_STEP_ROOT]             = { "mount root", describe_root },
        [PLAN_STEP_FILESYSTEMS]      = { "mount kernel file systems", describe_filesystem, count_filesystems },
        [PLAN_STEP_DEVICES]          = { "fill /dev", describe_device, count_devices },
        [PLAN_STEP_OOM_SCORE]        = { "set OOM score", describe_oom_score },
        [PLAN_STEP_HOSTNAME]         = { "set host name", describe_hostname },
        [PLAN_STEP_LOOPBACK]         = { "set the loopback interface up" },
        [PLAN_STEP_SYSCTLS]          = { "set sysctls", describe_sysctl, count_sysctls },
        [PLAN_STEP_MOUNTS]           = { "mount volumes", describe_mount, count_mounts },
        [PLAN_STEP_SECRETS]          = { "mount secrets", describe_secret, count_secrets },
        [PLAN_STEP_MASKS]            = { "mask paths", describe_mask, count_masks },
        [PLAN_STEP_USER]             = { "find user", describe_user },
        [PLAN_STEP_WORKING_DIR]      = { "enter working directory", describe_working_dir },
        [PLAN_STEP_READ_ONLY]        = { "make the root read-only" },
        [PLAN_STEP_PIVOT]            = { "enter the root" },
        [PLAN_STEP_STDIO]            = { "set standard streams" },
        [PLAN_STEP_LIMITS]           = { "set limits", describe_limit, count_limits },
        [PLAN_STEP_PRIVILEGES]       = { "drop privileges" },
        [PLAN_STEP_SECCOMP]          = { "load the seccomp filter" },
        [PLAN_STEP_CAPABILITIES]     = { "set capabilities" },
        [PLAN_STEP_EXEC]             = { "execute", describe_exec },
        [PLAN_STEP_NAMESPACES]       = { "enter the container" },
        [PLAN_STEP_LAYER]            = { "open layers", describe_layer, count_layers },
        [PLAN_STEP_UPPER]            = { "make the writable layer", describe_upper },
        [PLAN_STEP_OVERLAY]          = { "mount overlay", describe_overlay },
        [PLAN_STEP_MOUNT_POINT]      = { "make mount point", describe_mount_point, count_mounts },
        [PLAN_STEP_COPY_UP]          = { "copy up", describe_copy_up, count_mounts },
        [PLAN_STEP_GROUP]            = { "find group", describe_group },
        [PLAN_STEP_FURTHER_GROUP]    = { "find group", describe_further_group, count_further_groups },
        [PLAN_STEP_APPARMOR]         = { "set the AppArmor profile", describe_apparmor },
};
/* clang-format on */
static_assert(ELEMENTSOF(step_texts) == _PLAN_STEP_MAX, "every step has a text");

/* Errors of the look-ups that no errno tells well. */
static const char *plan_explain(PlanStep step, int number) {
        if (number == -ESRCH && step == PLAN_STEP_USER)
                return "no such user in /etc/passwd";
        if (number == -ENOENT && step == PLAN_STEP_APPARMOR)
                return "the kernel has no such profile loaded";
        if (number == -ESRCH && (step == PLAN_STEP_GROUP || step == PLAN_STEP_FURTHER_GROUP))
                return "no such group in /etc/group";
        if (number == -EPERM && step == PLAN_STEP_MOUNTS)
                return "not permitted, or a target inside /proc";
        if (number == -ELOOP && step == PLAN_STEP_COPY_UP)
                return "directories nest too deeply";
        if (number == -EOVERFLOW && (step == PLAN_STEP_USER || step == PLAN_STEP_GROUP ||
                                                    step == PLAN_STEP_FURTHER_GROUP))
                return "not among the ids that are mapped in the user namespace";
        if (number == -EINVAL && step == PLAN_STEP_OVERLAY)
                return "the kernel refused, and says why in its log; one reason is a file system "
                       "that "
                       "can't hold a writable layer";
        if (number == -EROFS && (step == PLAN_STEP_MOUNT_POINT || step == PLAN_STEP_SECRETS))
                return "missing in a root that can't be written to";
        if (number == -EROFS && step == PLAN_STEP_FILESYSTEMS)
                return "the mount point is missing in a root that can't be written to";
        return NULL;
}

int plan_error(const Plan *p, PlanStep step, int item, int number, Error *error) {
        /* The record comes through a pipe that the container's supinit also holds: believe nothing. */
        if (step < 0 || step >= _PLAN_STEP_MAX)
                return error_set(error, number, ERROR_RUNTIME, "set-up step %d", (int) step);

        const StepText *t = &step_texts[step];
        bool describable = t->describe && (!t->count || (item >= 0 && (size_t) item < t->count(p)));
        _cleanup_free_ char *text =
                        describable ? t->describe(p, (size_t) MAX(item, 0)) : strdup(t->text);
        if (!text)
                return -ENOMEM;

        const char *why = plan_explain(step, number);
        if (why)
                return error_set_plain(error, number, ERROR_RUNTIME, "%s: %s", text, why);
        return error_set(error, number, ERROR_RUNTIME, "%s", text);
}
