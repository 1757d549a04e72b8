/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a service says of itself, in lines of sd_notify(3). Pure: text in, a struct out; who sent it is for the
 * receiver to judge. Unknown lines mean nothing, as do values that are no such value, and the other lines count.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIFICATION_TEXT_MAX 4096U /* systemd's limit */

typedef struct Notification {
        bool ready, reloading, stopping;
        bool ping, trigger;  /* WATCHDOG=1, WATCHDOG=trigger */
        bool store, remove;  /* FDSTORE=1, FDSTOREREMOVE=1 */
        bool no_poll;        /* FDPOLL=0 */
        bool barrier;        /* BARRIER=1 */
        const char *status;  /* STATUS=; borrowed from the text; "" takes it back; NULL: not said */
        const char *fd_name; /* FDNAME=; borrowed likewise; NULL: none, or not a valid one */
        int error;           /* ERRNO=; -1: not said */
        uint64_t watchdog_usec; /* WATCHDOG_USEC=; UINT64_MAX: not said */
        uint64_t extend_usec;   /* EXTEND_TIMEOUT_USEC=; UINT64_MAX: not said */
} Notification;

/**
 * notification_parse() - one message
 * @text: @size bytes with a NUL behind them; cut apart in place
 *
 * Return: 0; -EINVAL for what is no text: a NUL in it, but for one at its end.
 */
int notification_parse(char *text, size_t size, Notification *ret);

/** notification_fd_name_is_valid() - as systemd has it: printable ASCII without ':', 1 to 255 bytes */
bool notification_fd_name_is_valid(const char *name);
