/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one thing that unpacking needs and a confined process can't do: overlayfs's opaque mark is a
 * trusted.* attribute, which takes CAP_SYS_ADMIN. The process that keeps it reads nothing from outside; it
 * marks the directories whose descriptors the confined ones pass to it, and waits for them to end.
 */

#include "base/error.h"

typedef int (*BrokerBody)(int broker_fd, void *userdata);

/**
 * broker_run() - run @body in a child process, serving its requests and those of its children
 *
 * The child ends with what @body returns, as exit status; it dies with its parent.
 *
 * Return: the exit status; 128 and the signal that killed it; negative errno.
 */
int broker_run(BrokerBody body, void *userdata, Error *error);

/** broker_make_opaque() - in the child; an UnpackOpaque whose userdata points to the broker's fd */
int broker_make_opaque(int dir_fd, void *userdata);
/** broker_is_opaque() - the same way. Return: 1, 0 or negative errno. */
int broker_is_opaque(int dir_fd, void *userdata);
