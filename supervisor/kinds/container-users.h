/* SPDX-License-Identifier: MIT */
#pragma once

/* The user namespace that a unit asks for, as runtime/ takes it. */

#include "kinds/container-internal.h"

typedef struct ContainerUsers {
        RuntimeUsers users;
        int namespace_fd; /* owned; of one to join; -EBADF: none */
} ContainerUsers;

#define CONTAINER_USERS_NONE ((ContainerUsers) { .namespace_fd = -EBADF })

/**
 * container_users_open() - find out the maps, or the namespace to join
 * @ret: CONTAINER_USERS_NONE before; container_users_done() in any case
 *
 * Return: 0; -errno with an error: a name that /etc/subuid lacks, a container that does not run, …
 */
int container_users_open(const Container *c, ContainerUsers *ret, Error *error);
void container_users_done(ContainerUsers *u);
