/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who a process inside the container is: user, group, further groups and home as the root's own
 * /etc/passwd and /etc/group say, by Docker's rules. Reads foreign files as a stream, in the child, without
 * allocating: lines may be of any length.
 */

#include "runtime/plan.h"

/**
 * user_find() - look up a user by name or number
 * @root_fd:  where /etc/passwd is looked for, inside
 * @user:     a number needs no entry: then group 0, home "/"
 * @ret:      uid, gid, home
 * @ret_name: name of the entry, for user_find_groups(); empty if there is none
 *
 * Return: 0; -ESRCH: no such user.
 */
#define USER_NAME_SIZE 257U
int user_find(int root_fd, const char *user, PlanUser *ret, char ret_name[static USER_NAME_SIZE]);

/** group_find() - number of a group given by name or number. Return: 0; -ESRCH. */
int group_find(int root_fd, const char *group, gid_t *ret);

/** user_add_group() - one more, unless it is there. Return: 0; -E2BIG if there are too many. */
int user_add_group(PlanUser *u, gid_t gid);

/** user_find_groups() - the groups that list @name, after the user's own; -E2BIG if there are too many */
int user_find_groups(int root_fd, const char *name, PlanUser *u);
