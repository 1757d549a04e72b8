/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From bus messages to values. For client/ alone: the only header here that knows sd-bus.
 */

#include <systemd/sd-bus.h>

#include "client/value.h"

/** value_read() - the next element of the message, whatever it is; variants are looked through
 *
 * Return: 0; -EBADMSG for what no supervisor sends; -ENOMEM; another errno of sd-bus.
 */
int value_read(sd_bus_message *m, Value *ret);
