/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The receiving end of systemd's notification protocol, as far as a keeper of descriptors needs it.
 *
 * Messages of any process but the one supervised are dropped with their descriptors: a container in
 * the host's network namespace can reach the abstract socket too, and its root is root to us.
 *
 * READY=1, MAINPID=, FDPOLL= and the rest need no answer; BARRIER=1 is answered by closing its
 * descriptor, as happens to every one that came without FDSTORE=1, after all earlier messages.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "init/fd-store.h"

#define NOTIFY_ADDRESS_MAX 108

/**
 * notify_open() - an abstract datagram socket, its name chosen by the kernel
 * @ret_address: NOTIFY_ADDRESS_MAX bytes: "@...", the value for NOTIFY_SOCKET
 *
 * Return: the socket, non-blocking; or negative errno.
 */
int notify_open(char *ret_address);

/**
 * notify_drain() - act on all messages that are queued
 * @sender: whose messages count
 *
 * Return: whether STOPPING=1 was among them.
 */
bool notify_drain(int socket_fd, pid_t sender, FdStore *store);
