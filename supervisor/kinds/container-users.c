/* SPDX-License-Identifier: MIT */
#include "kinds/container-users.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "kinds/user-ranges.h"

#define SUBORDINATE_SIZE_MAX (4U * 1024U * 1024U)
#define OWN_NAMESPACE "/proc/self/ns/user"

void container_users_done(ContainerUsers *u) {
        id_map_done(&u->users.uids);
        id_map_done(&u->users.gids);
        u->namespace_fd = close_fd(u->namespace_fd);
}

/* ---- maps ---------------------------------------------------------------------------------------- */

/* "NAME:FIRST:COUNT" of subuid(5), cut apart in place; others are of no interest. */
static bool parse_subordinate(char *line, const char *name, IdRange *ret) {
        char *rest = line;
        const char *owner = strsep(&rest, ":"), *first = rest ? strsep(&rest, ":") : NULL;
        uint64_t numbers[2];

        if (!rest || !str_equal(owner, name) || parse_u64(first, &numbers[0]) < 0 ||
                        parse_u64(rest, &numbers[1]) < 0 || numbers[0] >= ID_INVALID ||
                        numbers[1] == 0 || numbers[1] > ID_INVALID - numbers[0])
                return false;
        *ret = (IdRange) { .outside = (uint32_t) numbers[0], .size = (uint32_t) numbers[1] };
        return true;
}

/* All that the name has, one behind the other from 0 on. */
static int add_subordinate(const char *path, const char *name, IdMap *map, Error *error) {
        _cleanup_free_ char *text = NULL;
        uint64_t inside = 0;
        int r;

        if (!name)
                return 0;
        r = file_read(AT_FDCWD, path, SUBORDINATE_SIZE_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return error_set(error, r, ERROR_BAD_SETTING, "cannot read %s", path);
        for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));) {
                IdRange range;

                if (!parse_subordinate(line, name, &range))
                        continue;
                range.inside = (uint32_t) inside;
                inside += range.size;
                r = inside > ID_INVALID ? -E2BIG : id_map_add(map, range);
                if (r < 0)
                        return error_set(error, r, ERROR_BAD_SETTING, "%s: ids of %s", path, name);
        }
        if (inside == 0)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_BAD_SETTING,
                                "%s has no line %s:FIRST:COUNT",
                                path,
                                name);
        return 0;
}

static int copy_maps(const UsersSpec *spec, RuntimeUsers *ret, Error *error) {
        int r = id_map_add_all(&ret->uids, &spec->uids);

        ret->mode = RUNTIME_USERS_MAP;
        if (r >= 0)
                r = id_map_add_all(&ret->gids, &spec->gids);
        if (r >= 0)
                r = add_subordinate("/etc/subuid", spec->subuid, &ret->uids, error);
        return r < 0 ? r : add_subordinate("/etc/subgid", spec->subgid, &ret->gids, error);
}

static bool is_known(const char *unit_id, const void *userdata) {
        const Container *c = userdata;

        return engine_find(c->unit.engine, unit_id) != NULL;
}

static int own_range(const Container *c, const UsersSpec *spec, RuntimeUsers *ret, Error *error) {
        const UserRangesKeep keep = { .is_known = is_known, .userdata = c };
        uint32_t size = spec->size ?: USERS_AUTO_SIZE_DEFAULT, first = 0;

        int r = copy_maps(spec, ret, error);
        if (r >= 0)
                r = user_ranges_take(c->context->state_dir,
                                unit_id(&c->unit),
                                size,
                                &keep,
                                &first,
                                error);
        if (r >= 0)
                r = id_map_fill(&ret->uids, first, size);
        return r < 0 ? r : id_map_fill(&ret->gids, first, size);
}

static int keep_ids(RuntimeUsers *ret) {
        int r = id_map_add(&ret->uids, ID_MAP_EVERYTHING);

        ret->mode = RUNTIME_USERS_MAP;
        return r < 0 ? r : id_map_add(&ret->gids, ID_MAP_EVERYTHING);
}

/* ---- namespaces that exist ------------------------------------------------------------------------ */

static int join(const char *path, ContainerUsers *ret, Error *error) {
        struct stat own, other;

        ret->namespace_fd = neg_errno(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (ret->namespace_fd < 0)
                return error_set(error,
                                ret->namespace_fd,
                                ERROR_BAD_SETTING,
                                "user namespace %s",
                                path);
        if (ioctl(ret->namespace_fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "%s is not a user namespace",
                                path);
        /* Nobody can enter the one that he is in: that is UserNS=host. */
        if (stat(OWN_NAMESPACE, &own) >= 0 && fstat(ret->namespace_fd, &other) >= 0 &&
                        own.st_dev == other.st_dev && own.st_ino == other.st_ino)
                return 0;
        ret->users.mode = RUNTIME_USERS_JOIN;
        ret->users.namespace_fd = ret->namespace_fd;
        return 0;
}

/* By name of the unit or of the container. */
static pid_t find_init(const Container *c, const char *name) {
        UnitStatus status = {};
        Unit *u = engine_find(c->unit.engine, name);

        if (u)
                u->ops->status(u, &status);
        for (size_t i = 0; status.init_pid <= 0 && i < engine_n_units(c->unit.engine); i++) {
                u = engine_unit_at(c->unit.engine, i);
                u->ops->status(u, &status);
                if (!status.container_name || !str_equal(status.container_name, name))
                        status.init_pid = 0;
        }
        return status.init_pid;
}

static int join_container(const Container *c, const char *name, ContainerUsers *ret, Error *error) {
        pid_t pid = find_init(c, name);

        if (pid <= 0)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_UNIT_STATE,
                                "UserNS=container:%s: there is no such container, or it is not "
                                "running; "
                                "order it before with Requires= and After=",
                                name);
        _cleanup_free_ char *path = str_printf("/proc/%d/ns/user", pid);
        return path ? join(path, ret, error) : -ENOMEM;
}

int container_users_open(const Container *c, ContainerUsers *ret, Error *error) {
        const UsersSpec *spec = &container_spec(c)->users;

        switch (spec->mode) {
        case USERS_MAP:
                return copy_maps(spec, &ret->users, error);
        case USERS_AUTO:
                return own_range(c, spec, &ret->users, error);
        case USERS_KEEP_ID:
                return keep_ids(&ret->users);
        case USERS_PATH:
                return join(spec->target, ret, error);
        case USERS_CONTAINER:
                return join_container(c, spec->target, ret, error);
        default:
                return 0;
        }
}
