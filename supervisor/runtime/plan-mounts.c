/* SPDX-License-Identifier: MIT */
#include "runtime/plan-mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/file.h"
#include "base/text.h"

#define ZONEINFO_DIR "/usr/share/zoneinfo"
#define LOCALTIME "/etc/localtime"

/* What leads from names to addresses in the host's network. */
static const char *const host_names[] = { "/etc/resolv.conf", "/etc/hosts" };

/* What each takes; checked here, since the kernel's own answer would be a bare EINVAL. */
static const struct {
        const char *type;
        const char *const options[8];
} filesystem_options[] = {
        { "tmpfs", { "size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge" } },
        { "ramfs", { "mode" } },
        { "devpts", { "mode", "uid", "gid", "max" } },
};

/* As /dev/pts of every container has it, where the unit says nothing else. */
static const PlanOption devpts_defaults[] = {
        { "ptmxmode", "0666" },
        { "mode", "0620" },
        { "gid", "5" },
};

/* What a read-only root gets writable with ReadOnlyTmpfs=true, as Podman does it; /dev always is. */
/* clang-format off */
static const struct {
        const char *target, *options;
        bool noexec;
} read_only_tmpfs[] = {
        { "/run",     "size=65536k", true  },
        { "/tmp",     NULL,          false },
        { "/var/tmp", NULL,          false },
};
/* clang-format on */

static size_t path_depth(const char *path) {
        size_t depth = 0;

        for (const char *p = path; *p; p++)
                depth += *p != '/' && (p == path || p[-1] == '/');
        return depth;
}

static bool path_has_dot_dot(const char *path) {
        for (const char *p = path; *p;) {
                size_t length = strcspn(p, "/");

                if (length == 2 && p[0] == '.' && p[1] == '.')
                        return true;
                p += length + (p[length] == '/');
        }
        return false;
}

int plan_check_target(const char *target, Error *error) {
        if (str_is_empty(target) || target[0] != '/')
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "mount target '%s' is not an absolute path",
                                target ?: "");
        if (path_depth(target) == 0)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "mount target '%s' is the root itself",
                                target);
        if (path_has_dot_dot(target))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "mount target '%s' contains '..'",
                                target);
        return 0;
}

static uint64_t mount_attributes(bool read_only, bool noexec, bool nosuid, bool nodev) {
        return (read_only ? MOUNT_ATTR_RDONLY : 0) | (noexec ? MOUNT_ATTR_NOEXEC : 0) |
               (nosuid ? MOUNT_ATTR_NOSUID : 0) | (nodev ? MOUNT_ATTR_NODEV : 0);
}

/* The next free slot; the array was sized for all of them. */
static PlanMount *plan_next_mount(
                Plan *p, PlanMountKind kind, const char *source, const char *target) {
        PlanMount *m = &p->mounts[p->n_mounts];

        *m = (PlanMount) {
                .kind = kind,
                .source = source ? plan_strdup(p, source) : NULL,
                .target = plan_strdup(p, target),
                .propagation = MS_PRIVATE,
                .propagation_recursive = true,
                .tree_fd = -EBADF,
        };
        if ((source && !m->source) || !m->target)
                return NULL;
        p->n_mounts++;
        return m;
}

static int plan_add_bind(Plan *p, const RuntimeBind *bind, Error *error) {
        struct stat st;
        int r;

        r = plan_check_target(bind->target, error);
        if (r < 0)
                return r;

        r = neg_errno(stat(bind->source, &st));
        if (r == -ENOENT && bind->create_source) {
                st.st_mode = S_IFDIR;
                r = dir_make_all(bind->source, 0755);
        }
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_RUNTIME,
                                "mount volume %s on %s",
                                bind->source,
                                bind->target);

        PlanMount *m = plan_next_mount(p, PLAN_MOUNT_BIND, bind->source, bind->target);
        if (!m)
                return -ENOMEM;
        m->recursive = bind->recursive;
        m->shift = bind->shift_owners && p->user_namespace;
        m->copy_up = bind->copy_up && S_ISDIR(st.st_mode);
        m->ephemeral = bind->ephemeral;
        m->attributes = mount_attributes(bind->read_only, bind->noexec, bind->nosuid, bind->nodev);
        if (bind->propagation) {
                m->propagation = bind->propagation & ~(unsigned long) MS_REC;
                m->propagation_recursive = bind->propagation & MS_REC;
                /* As the kernel does it: nothing that a less privileged namespace mounts shows on the host. */
                if (p->user_namespace && m->propagation == MS_SHARED)
                        m->propagation = MS_SLAVE;
                if (p->user_namespace && m->propagation == MS_UNBINDABLE)
                        return error_set_plain(error,
                                        -EOPNOTSUPP,
                                        ERROR_NOT_SUPPORTED,
                                        "mount volume %s on %s: unbindable is not possible "
                                        "in a user namespace",
                                        bind->source,
                                        bind->target);
        }
        return 0;
}

static bool has_option(const char *const *options, const char *key, size_t length) {
        for (; *options; options++) {
                if (strlen(*options) == length && strncmp(*options, key, length) == 0)
                        return true;
        }
        return false;
}

static bool filesystem_knows_option(const char *type, const char *key, size_t length) {
        for (size_t i = 0; i < ELEMENTSOF(filesystem_options); i++) {
                if (str_equal(filesystem_options[i].type, type))
                        return has_option(filesystem_options[i].options, key, length);
        }
        return false;
}

static void devpts_add_defaults(PlanMount *m, PlanOption *options) {
        size_t given = m->n_options;

        for (size_t i = 0; i < ELEMENTSOF(devpts_defaults); i++) {
                bool has = false;

                for (size_t j = 0; j < given; j++)
                        has = has || str_equal(options[j].key, devpts_defaults[i].key);
                if (!has)
                        options[m->n_options++] = devpts_defaults[i];
        }
        m->mode_set = true; /* of its terminals: the directory's own is not ours to choose */
}

/* "size=64m,mode=1777" to a list. */
static int tmpfs_parse_options(Plan *p, PlanMount *m, const char *text, Error *error) {
        size_t n = 1;

        for (const char *s = text; *s; s++)
                n += *s == ',';
        PlanOption *options = plan_alloc(p, (n + ELEMENTSOF(devpts_defaults)) * sizeof(*options));
        if (!options)
                return -ENOMEM;
        m->options = options;

        for (const char *s = text; *s;) {
                size_t length = strcspn(s, ","), key = strcspn(s, ",=");

                if (length > 0) {
                        if (s[key] != '=' || !filesystem_knows_option(m->type, s, key))
                                return error_set_plain(error,
                                                -EINVAL,
                                                ERROR_INVALID_ARGUMENT,
                                                "mount %s on %s: bad option '%.*s'",
                                                m->type,
                                                m->target,
                                                (int) length,
                                                s);
                        PlanOption *o = &options[m->n_options];
                        o->key = plan_printf(p, "%.*s", (int) key, s);
                        o->value = plan_printf(p, "%.*s", (int) (length - key - 1), s + key + 1);
                        if (!o->key || !o->value)
                                return -ENOMEM;
                        m->mode_set = m->mode_set || str_equal(o->key, "mode");
                        m->n_options++;
                }
                s += length + (s[length] == ',');
        }
        if (str_equal(m->type, "devpts"))
                devpts_add_defaults(m, options);
        return 0;
}

static int plan_add_tmpfs(Plan *p, const RuntimeTmpfs *tmpfs, Error *error) {
        int r;

        r = plan_check_target(tmpfs->target, error);
        if (r < 0)
                return r;

        PlanMount *m = plan_next_mount(p, PLAN_MOUNT_TMPFS, NULL, tmpfs->target);
        if (!m)
                return -ENOMEM;
        m->type = plan_strdup(p, tmpfs->type ?: "tmpfs");
        if (!m->type)
                return -ENOMEM;
        /* Owners of its terminals would be the host's ids, and those of its root can't be changed. */
        if (p->user_namespace && str_equal(m->type, "devpts"))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "mount devpts on %s: not possible in a user namespace",
                                m->target);
        m->copy_up = tmpfs->copy_up;
        m->attributes = mount_attributes(
                        tmpfs->read_only, tmpfs->noexec, tmpfs->nosuid, tmpfs->nodev);
        return tmpfs_parse_options(p, m, tmpfs->options ?: "", error);
}

static bool plan_has_target(const Plan *p, const char *target) {
        for (size_t i = 0; i < p->n_mounts; i++) {
                if (str_equal(p->mounts[i].target, target))
                        return true;
        }
        return false;
}

static int plan_add_read_only_tmpfs(Plan *p, Error *error) {
        for (size_t i = 0; i < ELEMENTSOF(read_only_tmpfs); i++) {
                RuntimeTmpfs tmpfs = {
                        .target = read_only_tmpfs[i].target,
                        .options = read_only_tmpfs[i].options,
                        .noexec = read_only_tmpfs[i].noexec,
                        .nosuid = true,
                        .nodev = true,
                        .copy_up = true,
                };

                if (plan_has_target(p, tmpfs.target))
                        continue;
                int r = plan_add_tmpfs(p, &tmpfs, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool zone_name_is_valid(const char *name) {
        if (str_is_empty(name) || name[0] == '/' || path_has_dot_dot(name))
                return false;
        return name[strspn(name,
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"
                               "/")] == '\0';
}

static int plan_add_timezone(Plan *p, const char *zone, Error *error) {
        struct stat st;
        const char *source = LOCALTIME;

        if (!str_equal(zone, "local")) {
                if (!zone_name_is_valid(zone))
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_BAD_SETTING,
                                        "unknown timezone '%s'",
                                        zone);
                source = plan_printf(p, ZONEINFO_DIR "/%s", zone);
                if (!source)
                        return -ENOMEM;
        }
        if (stat(source, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_BAD_SETTING,
                                "unknown timezone '%s': no file %s on this host",
                                zone,
                                source);

        PlanMount *m = plan_next_mount(p, PLAN_MOUNT_TIMEZONE, source, LOCALTIME);
        if (!m)
                return -ENOMEM;
        m->attributes = mount_attributes(true, true, true, true);
        return 0;
}

/* A link, as systemd-resolved has it, is followed on this side. What a host lacks, its containers lack too. */
static int plan_add_host_names(Plan *p) {
        for (size_t i = 0; i < ELEMENTSOF(host_names); i++) {
                struct stat st;

                if (plan_has_target(p, host_names[i]) || stat(host_names[i], &st) < 0 ||
                                !S_ISREG(st.st_mode))
                        continue;
                PlanMount *m = plan_next_mount(
                                p, PLAN_MOUNT_HOST_FILE, host_names[i], host_names[i]);
                if (!m)
                        return -ENOMEM;
                m->attributes = mount_attributes(true, true, true, true);
        }
        return 0;
}

/* Parents before children, else in the order given: insertion sort, since it is stable and n is small. */
static void plan_sort_mounts(Plan *p) {
        for (size_t i = 1; i < p->n_mounts; i++) {
                PlanMount m = p->mounts[i];
                size_t depth = path_depth(m.target), j = i;

                for (; j > 0 && path_depth(p->mounts[j - 1].target) > depth; j--)
                        p->mounts[j] = p->mounts[j - 1];
                p->mounts[j] = m;
        }
}

int plan_add_mounts(Plan *p, const RuntimeSpec *spec, Error *error) {
        const RuntimeRoot *root = &spec->root;
        int r = 0;

        /* One more for the time zone. */
        size_t n = root->n_binds + root->n_tmpfs + ELEMENTSOF(read_only_tmpfs) +
                   ELEMENTSOF(host_names) + 1;
        p->mounts = plan_alloc(p, n * sizeof(*p->mounts));
        if (!p->mounts)
                return -ENOMEM;

        for (size_t i = 0; r >= 0 && i < root->n_binds; i++)
                r = plan_add_bind(p, &root->binds[i], error);
        for (size_t i = 0; r >= 0 && i < root->n_tmpfs; i++)
                r = plan_add_tmpfs(p, &root->tmpfs[i], error);
        if (r >= 0 && root->read_only && root->read_only_tmpfs)
                r = plan_add_read_only_tmpfs(p, error);
        if (r >= 0 && !str_is_empty(root->timezone))
                r = plan_add_timezone(p, root->timezone, error);
        if (r >= 0 && spec->host_names)
                r = plan_add_host_names(p);
        if (r < 0)
                return r;

        plan_sort_mounts(p);
        return 0;
}
