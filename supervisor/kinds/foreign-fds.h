/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptors that came from a container. Who gave one away chose what its close() does: of a connection with
 * SO_LINGER the last one waits for the peer, blocking or not, for as long as was asked for.
 */

#include <stddef.h>
#include <systemd/sd-event.h>

/** foreign_fds_close() - close @n of them, those that are -EBADF left out; all are -EBADF then. Waits for nobody. */
void foreign_fds_close(sd_event *event, int *fds, size_t n);

/**
 * foreign_fd_stop_linger() - before somebody else is to close it who can't do as foreign_fds_close() does
 *
 * Who holds it, too, can take that back.
 */
void foreign_fd_stop_linger(int fd);
