/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who may ask for what: the privilege each method needs, and which peers have it. The only place that
 * decides; it is asked once for each call, before the call is looked at.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/macro.h"

typedef enum Privilege {
        PRIVILEGE_READ,   /* look */
        PRIVILEGE_MANAGE, /* start, stop, kill, reload */
        _PRIVILEGE_MAX,
        _PRIVILEGE_INVALID = -EINVAL,
} Privilege;

/* Credentials of a peer when it connected, as the kernel tells them. */
typedef struct Peer {
        pid_t pid; /* 0: unknown */
        uid_t uid;
        bool in_group; /* of the group that the socket is for */
} Peer;

/**
 * access_privilege_of() - what a call needs
 * @interface: NULL: the caller did not name it
 *
 * Return: of a method that is in no table: PRIVILEGE_MANAGE, so that a forgotten one is not open.
 */
Privilege access_privilege_of(const char *interface, const char *member);

/** access_is_listed() - the method has a line in the table */
bool access_is_listed(const char *interface, const char *member);

/** access_is_granted() - @own_uid: of this process */
bool access_is_granted(const Peer *peer, Privilege privilege, uid_t own_uid);
