/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * UserNS=, UIDMap= and the like: which users of the host those of a container are. What is written is kept
 * until all keys have been read; users_spec_settle() then makes one setting of it.
 */

#include <stdbool.h>

#include "base/id-map.h"

/* An automatic range that fits a usual image: up to "nobody", 65534, and one more. */
#define USERS_AUTO_SIZE_DEFAULT 65536U

typedef enum UsersMode {
        USERS_HOST,      /* no user namespace */
        USERS_MAP,       /* uids and gids are the maps, and what subuid and subgid name */
        USERS_AUTO,      /* a range of the container's own; uids and gids go before it */
        USERS_KEEP_ID,   /* a user namespace in which everybody is himself */
        USERS_PATH,      /* the one at target */
        USERS_CONTAINER, /* that of the container that target names */
        _USERS_MODE_MAX,
        _USERS_MODE_INVALID = -EINVAL,
} UsersMode;

typedef struct UsersSpec {
        UsersMode mode;
        char *target;          /* owned; NULL: none */
        IdMap uids, gids;      /* owned */
        char *subuid, *subgid; /* owned; names in /etc/subuid and /etc/subgid; NULL: none */
        uint32_t size;         /* USERS_AUTO: ids to map at least; 0: the default */

        char *userns;                    /* owned; UserNS= as written; NULL: not given */
        char *remap_users, *remap_size;  /* owned; RemapUsers=, RemapUidSize=; NULL: not given */
        char **remap_uids, **remap_gids; /* owned; RemapUid=, RemapGid= */
} UsersSpec;

void users_spec_done(UsersSpec *u);

/**
 * users_spec_settle() - one setting from all keys, with Quadlet's cross-checks
 * @ret_problem: what is wrong, owned by the caller; NULL: nothing
 * @ret_notice:  what has no effect, owned by the caller; NULL: nothing
 *
 * Return: 0; -ENOMEM.
 */
int users_spec_settle(UsersSpec *u, char **ret_problem, char **ret_notice);
