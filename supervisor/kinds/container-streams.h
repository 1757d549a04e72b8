/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * StandardInput=, StandardOutput= and StandardError=: what a container reads from and writes to where that is not its
 * log. Files are of the host, and opened before the container is made.
 */

#include "base/error.h"
#include "unitfile/log-settings.h"

/**
 * container_streams_open() - put other descriptors in the place of those of the log
 * @stdout_fd, @stderr_fd: owned by the caller, before and after
 *
 * Never waits for the other end of a pipe. Return: 0; negative errno, with the key's name.
 */
int container_streams_open(
                const LogSettings *settings, int *stdout_fd, int *stderr_fd, Error *error);

/** container_streams_open_input() - Return: a descriptor, owned by the caller; -EBADF: /dev/null; other negative errno */
int container_streams_open_input(const LogSettings *settings, Error *error);
