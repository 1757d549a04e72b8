/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The status pipe of include/supd/init-protocol.h, as supinit writes it.
 */

#include "supd/init-protocol.h"

/** status_open() - Return: SUPD_STATUS_FD, close-on-exec from here on; -EBADF if it is no pipe to write to */
int status_open(void);

/** status_write() - one record; nothing without a pipe */
void status_write(int status_fd, SupdStatusType type, int code, int status);
