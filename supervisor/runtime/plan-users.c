/* SPDX-License-Identifier: MIT */
#include "runtime/plan-users.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "base/text.h"
#include "runtime/plan-root.h"

static int copy_map(Plan *p, const IdMap *from, IdMap *ret, const char **ret_text) {
        _cleanup_free_ char *text = id_map_format(from);
        IdRange *ranges = plan_alloc(p, from->n_ranges * sizeof(*ranges));

        if (!text || !ranges)
                return -ENOMEM;
        memcpy(ranges, from->ranges, from->n_ranges * sizeof(*ranges));
        *ret = (IdMap) { .ranges = ranges, .n_ranges = from->n_ranges };
        *ret_text = plan_strdup(p, text);
        return *ret_text ? 0 : -ENOMEM;
}

/* Room for what the kernel will say. */
static int reserve_maps(Plan *p) {
        p->uids.ranges = plan_alloc(p, ID_MAP_RANGES_MAX * sizeof(IdRange));
        p->gids.ranges = plan_alloc(p, ID_MAP_RANGES_MAX * sizeof(IdRange));
        return p->uids.ranges && p->gids.ranges ? 0 : -ENOMEM;
}

static int check_map(const IdMap *m, const char *of, Error *error) {
        const char *problem = id_map_problem(m);

        return problem ? error_set_plain(error,
                                         -EINVAL,
                                         ERROR_BAD_SETTING,
                                         "map of %s ids: %s",
                                         of,
                                         problem)
                       : 0;
}

static int refuse(const Plan *p, const char *why, Error *error) {
        _cleanup_free_ char *subject = plan_root_subject(p);

        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s: owners can't be shifted into the user namespace: %s",
                        subject ?: "root",
                        why);
}

static int plan_shift_root(Plan *p, const RuntimeRoot *root, bool shifts, Error *error) {
        p->shift_root = root->shift_owners;
        if (!p->shift_root || !shifts)
                return 0;
        if (!p->features.idmap)
                return refuse(p, "this kernel has no idmapped mounts (Linux 5.12)", error);
        if (p->root_overlay && !p->features.overlay_idmap)
                return refuse(p,
                                "overlayfs of this kernel takes no idmapped layers (Linux 5.19); "
                                "StorageDriver=vfs in supd.conf does without",
                                error);
        return 0;
}

int plan_add_users(Plan *p, const RuntimeSpec *spec, Error *error) {
        const RuntimeUsers *users = &spec->users;
        bool shifts = true;
        int r;

        if (users->mode == RUNTIME_USERS_HOST)
                return 0;
        if (spec->shared.net || spec->shared.ipc || spec->shared.uts)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "a user namespace does not go with namespaces that are shared");
        p->user_namespace = true;
        if (!p->features.user_namespaces)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this kernel has no user namespaces");
        if (users->mode == RUNTIME_USERS_JOIN) {
                p->join_user_fd = users->namespace_fd;
                r = reserve_maps(p);
        } else {
                r = check_map(&users->uids, "user", error);
                if (r >= 0)
                        r = check_map(&users->gids, "group", error);
                if (r >= 0)
                        r = copy_map(p, &users->uids, &p->uids, &p->uid_map);
                if (r >= 0)
                        r = copy_map(p, &users->gids, &p->gids, &p->gid_map);
                shifts = !id_map_is_identity(&users->uids) || !id_map_is_identity(&users->gids);
        }
        return r < 0 ? r : plan_shift_root(p, &spec->root, shifts, error);
}

/* clang-format off */
static const struct {
        long magic;
        const char *name;
} file_systems[] = {
        { EXT4_SUPER_MAGIC,      "ext4" },      { XFS_SUPER_MAGIC,      "xfs" },
        { BTRFS_SUPER_MAGIC,     "btrfs" },     { TMPFS_MAGIC,          "tmpfs" },
        { OVERLAYFS_SUPER_MAGIC, "overlayfs" }, { NFS_SUPER_MAGIC,      "nfs" },
        { SQUASHFS_MAGIC,        "squashfs" },  { EROFS_SUPER_MAGIC_V1, "erofs" },
        { F2FS_SUPER_MAGIC,      "f2fs" },      { FUSE_SUPER_MAGIC,     "fuse" },
        { RAMFS_MAGIC,           "ramfs" },     { MSDOS_SUPER_MAGIC,    "vfat" },
};
/* clang-format on */

char *plan_shift_problem(const char *path) {
        struct utsname kernel = {};
        struct statfs fs = {};
        const char *name = NULL;

        (void) uname(&kernel); /* fails for a bad address only */
        if (path && statfs(path, &fs) >= 0) {
                for (size_t i = 0; !name && i < ELEMENTSOF(file_systems); i++) {
                        if (file_systems[i].magic == (long) fs.f_type)
                                name = file_systems[i].name;
                }
        }
        return str_printf("Linux %s can't on %s", kernel.release, name ?: "this file system");
}
