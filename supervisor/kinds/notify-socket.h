/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The datagram socket that a service writes its notifications to. A path in a directory of root's: who can write
 * to it is root of the host, or in the mount namespace that it was bound into.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "core/notification.h"

#define NOTIFY_FDS_MAX 253U /* the kernel's SCM_MAX_FD */

typedef struct NotifyDatagram {
        char text[NOTIFICATION_TEXT_MAX + 1];
        size_t size;
        bool truncated;          /* longer than that, or descriptors were lost: not to be used */
        pid_t pid;               /* of the sender, as we see it; 0: not to be seen */
        int fds[NOTIFY_FDS_MAX]; /* owned */
        size_t n_fds;
} NotifyDatagram;

/**
 * notify_socket_path() - where the socket of a run is, owned by the caller; NULL: out of memory
 * @run: a name that no other run has; a unit's may be longer than a socket's path
 *
 * RUNTIME_DIR/notify/RUN
 */
char *notify_socket_path(const char *runtime_dir, const char *run);
/** notify_socket_open() - a new one in the place of what is there. Return: descriptor, non-blocking; -errno. */
int notify_socket_open(const char *path, Error *error);
/** notify_socket_remove() - the path, and its directory with the last one */
void notify_socket_remove(const char *path);

/** notify_socket_receive() - Return: 1 and a datagram, notify_datagram_done() it; 0: there is none; -errno */
int notify_socket_receive(int fd, NotifyDatagram *ret);
/** notify_datagram_done() - close what has not been taken: a taken descriptor is -EBADF in the array */
void notify_datagram_done(NotifyDatagram *d, sd_event *event);
