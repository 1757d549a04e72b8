/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Is anybody connected to what is listened on? Asked of the kernel (sock_diag(7)), so that nobody has to be in
 * the way of the data. Connections that were accepted stay in the network namespace of the listening socket,
 * wherever they are served: supd's own.
 */

/**
 * connections_any() - a connection that is served, or anything that waits to be
 * @fd: a listening or datagram socket, or a named pipe; these have no connections, and only what waits counts
 *
 * A connection is over when both sides, or all who serve it, have let go of it.
 * Return: 1; 0; negative errno: it can't be told.
 */
int connections_any(int fd);
