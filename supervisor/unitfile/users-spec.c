/* SPDX-License-Identifier: MIT */
#include "unitfile/users-spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"

void users_spec_done(UsersSpec *u) {
        id_map_done(&u->uids);
        id_map_done(&u->gids);
        free(u->target);
        free(u->subuid);
        free(u->subgid);
        free(u->userns);
        free(u->remap_users);
        free(u->remap_size);
        strv_free(u->remap_uids);
        strv_free(u->remap_gids);
        *u = (UsersSpec) {};
}

/* What one word means; Return: NULL, or what is wrong with it. Memory that is not there is -ENOMEM in *r. */
typedef struct Settling {
        UsersSpec *users; /* borrowed */
        bool ids_of_user; /* keep-id with uid= or gid= */
        int r;
} Settling;

static const char *add_range(Settling *s, IdMap *map, const char *text) {
        IdRange range;

        if (id_range_parse(text, &range) < 0)
                return "is not CONTAINER-ID:HOST-ID[:SIZE]";
        s->r = id_map_add(map, range);
        if (s->r == -E2BIG) {
                s->r = 0;
                return "is one range too many";
        }
        return NULL;
}

static const char *take_size(Settling *s, const char *value) {
        uint64_t size;

        if (parse_u64(value, &size) < 0 || size == 0 || size > INT32_MAX)
                return "is not a number of ids";
        s->users->size = (uint32_t) size;
        return NULL;
}

static const char *take_uid_range(Settling *s, const char *value) {
        return add_range(s, &s->users->uids, value);
}

static const char *take_gid_range(Settling *s, const char *value) {
        return add_range(s, &s->users->gids, value);
}

static const char *take_own_id(Settling *s, const char *value) {
        uint64_t id;

        s->ids_of_user = true;
        return parse_u64(value, &id) < 0 || id >= ID_INVALID ? "is not an id" : NULL;
}

typedef struct UsersOption {
        const char *name;
        const char *(*take)(Settling *s, const char *value);
} UsersOption;

static const UsersOption auto_options[] = {
        { "size", take_size },
        { "uidmapping", take_uid_range },
        { "gidmapping", take_gid_range },
        {},
};
static const UsersOption keep_options[] = { { "uid", take_own_id }, { "gid", take_own_id }, {} };
static const UsersOption no_options[] = { {} };

/* Of a user who is not root here Podman's nomap leaves out himself; a range of its own holds nobody of the host. */
static const struct {
        const char *name;
        UsersMode mode;
        const UsersOption *options; /* NULL: what is behind the colon is the target */
} modes[] = {
        { "host", USERS_HOST, no_options },
        { "auto", USERS_AUTO, auto_options },
        { "keep-id", USERS_KEEP_ID, keep_options },
        { "nomap", USERS_AUTO, no_options },
        { "ns", USERS_PATH, NULL },
        { "container", USERS_CONTAINER, NULL },
};

static const char *take_option(Settling *s, const UsersOption *options, char *word) {
        char *value = strchr(word, '=');

        if (value) {
                *value++ = '\0';
                for (; options->name; options++) {
                        if (str_equal(options->name, word))
                                return options->take(s, value);
                }
        }
        return "is not an option of it";
}

static const char *take_target(Settling *s, UsersMode mode, const char *target) {
        if (mode == USERS_PATH && target[0] != '/')
                return "names no absolute path behind ns:";
        if (mode == USERS_CONTAINER && !*target)
                return "names no container";
        s->r = str_replace(&s->users->target, target);
        return NULL;
}

static int complain(char **ret_problem, const char *key, const char *value, const char *problem) {
        *ret_problem = str_printf("%s='%s' %s", key, value, problem);
        return *ret_problem ? 0 : -ENOMEM;
}

static int settle_userns(Settling *s, char **ret_problem) {
        UsersSpec *u = s->users;
        _cleanup_free_ char *copy = strdup(u->userns);
        char *rest = copy, *name = copy ? strsep(&rest, ":") : NULL;
        const char *problem = NULL;
        size_t i;

        if (!copy)
                return -ENOMEM;
        for (i = 0; i < ELEMENTSOF(modes) && !str_equal(modes[i].name, name); i++)
                ;
        if (i == ELEMENTSOF(modes))
                return complain(ret_problem,
                                "UserNS",
                                u->userns,
                                "is not host, auto, keep-id, nomap, ns:PATH or container:NAME");
        u->mode = modes[i].mode;
        if (!modes[i].options)
                problem = take_target(s, u->mode, rest ?: "");
        while (modes[i].options && rest && !problem && s->r >= 0) {
                char *option = strsep(&rest, ",");

                problem = take_option(s, modes[i].options, option);
                if (problem)
                        return complain(ret_problem, "UserNS", option, problem);
        }
        if (s->r < 0)
                return s->r;
        return problem ? complain(ret_problem, "UserNS", u->userns, problem) : 0;
}

static int add_remapped(Settling *s, char *const *words, IdMap *map, const char *key, char **ret) {
        STRV_FOREACH (word, words) {
                const char *problem = add_range(s, map, *word);

                if (s->r < 0)
                        return s->r;
                if (problem)
                        return complain(ret, key, *word, problem);
        }
        return 0;
}

static int settle_keep_id(Settling *s, char **ret_problem) {
        const UsersSpec *u = s->users;
        char *const *const lists[] = { u->remap_uids, u->remap_gids };
        static const char *const keys[] = { "RemapUid", "RemapGid" };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                if (strv_length(lists[i]) > 1) {
                        *ret_problem = str_printf(
                                        "RemapUsers=keep-id supports only a single value for %s "
                                        "mapping",
                                        i == 0 ? "UID" : "GID");
                        return *ret_problem ? 0 : -ENOMEM;
                }
                const char *problem = lists[i] ? take_own_id(s, lists[i][0]) : NULL;
                if (problem)
                        return complain(ret_problem, keys[i], lists[i][0], problem);
        }
        return 0;
}

static int settle_remap(Settling *s, char **ret_problem) {
        UsersSpec *u = s->users;
        int r = 0;

        if (str_equal(u->remap_users, "keep-id")) {
                u->mode = USERS_KEEP_ID;
                return settle_keep_id(s, ret_problem);
        }
        if (str_equal(u->remap_users, "auto"))
                u->mode = USERS_AUTO;
        else if (str_equal(u->remap_users, "manual"))
                u->mode = USERS_MAP;
        else {
                *ret_problem = str_printf("unsupported RemapUsers option '%s'", u->remap_users);
                return *ret_problem ? 0 : -ENOMEM;
        }
        if (u->mode == USERS_AUTO && u->remap_size) {
                const char *problem = take_size(s, u->remap_size);
                if (problem)
                        return complain(ret_problem, "RemapUidSize", u->remap_size, problem);
        }
        r = add_remapped(s, u->remap_uids, &u->uids, "RemapUid", ret_problem);
        if (r >= 0 && !*ret_problem)
                r = add_remapped(s, u->remap_gids, &u->gids, "RemapGid", ret_problem);
        return r;
}

/* Who maps one of both means the other as well. */
static int complete_maps(UsersSpec *u) {
        bool users = u->uids.n_ranges > 0 || u->subuid, groups = u->gids.n_ranges > 0 || u->subgid;
        int r = 0;

        if (u->mode == USERS_HOST && (users || groups))
                u->mode = USERS_MAP;
        if (u->mode == USERS_MAP && !users && !groups)
                u->mode = USERS_HOST; /* RemapUsers=manual of nobody */
        if (u->mode != USERS_MAP || (users && groups))
                return 0;
        r = users ? id_map_add_all(&u->gids, &u->uids) : id_map_add_all(&u->uids, &u->gids);
        if (r >= 0 && users && u->subuid)
                r = str_replace(&u->subgid, u->subuid);
        if (r >= 0 && groups && u->subgid)
                r = str_replace(&u->subuid, u->subgid);
        return r;
}

/* Whole maps are checked as the kernel will; what a range of its own completes can be checked at the start only. */
static int check_maps(const UsersSpec *u, char **ret_problem) {
        const IdMap *const maps[] = { &u->uids, &u->gids };
        const char *const names[] = { u->subuid, u->subgid };

        for (size_t i = 0; u->mode == USERS_MAP && i < ELEMENTSOF(maps); i++) {
                const char *problem = names[i] ? NULL : id_map_problem(maps[i]);

                if (!problem)
                        continue;
                *ret_problem = str_printf("%s=: %s", i == 0 ? "UIDMap" : "GIDMap", problem);
                return *ret_problem ? 0 : -ENOMEM;
        }
        return 0;
}

/* In Quadlet's words. */
static const char *find_conflict(const UsersSpec *u) {
        bool maps = u->uids.n_ranges > 0 || u->gids.n_ranges > 0 || u->subuid || u->subgid;

        if (u->userns || maps) {
                if (u->remap_users || u->remap_uids || u->remap_gids)
                        return "deprecated Remap keys are set along with explicit mapping keys";
                if (u->userns && maps)
                        return "UserNS and UIDMap, GIDMap, SubUIDMap or SubGIDMap can not be "
                               "specified together";
                if ((u->subuid && u->uids.n_ranges > 0) || (u->subgid && u->gids.n_ranges > 0))
                        return "UIDMap and SubUIDMap, or GIDMap and SubGIDMap, can not be "
                               "specified together";
                return NULL;
        }
        if (u->remap_uids && !u->remap_users)
                return "UidMap set without RemapUsers";
        if (u->remap_gids && !u->remap_users)
                return "GidMap set without RemapUsers";
        return NULL;
}

int users_spec_settle(UsersSpec *u, char **ret_problem, char **ret_notice) {
        Settling s = { .users = u };
        const char *conflict = find_conflict(u);
        int r = 0;

        *ret_problem = *ret_notice = NULL;
        if (conflict) {
                *ret_problem = strdup(conflict);
                return *ret_problem ? 0 : -ENOMEM;
        }
        if (u->userns)
                r = settle_userns(&s, ret_problem);
        else if (u->remap_users)
                r = settle_remap(&s, ret_problem);
        if (r < 0 || *ret_problem)
                return r;
        if (s.ids_of_user) {
                *ret_notice = strdup(
                                "keep-id: the ids have no effect, as containers are root's here "
                                "and everybody keeps his own; use UIDMap= to choose others");
                if (!*ret_notice)
                        return -ENOMEM;
        }
        if (u->remap_size && !str_equal(u->remap_users, "auto") && !*ret_notice) {
                *ret_notice = strdup("RemapUidSize= has no effect without RemapUsers=auto");
                if (!*ret_notice)
                        return -ENOMEM;
        }
        r = complete_maps(u);
        return r < 0 ? r : check_maps(u, ret_problem);
}
