/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * supd's own messages in journald's native protocol: diag_set_sink(journal_sink).
 *
 * sd_journal_sendv() would do the same but blocks while journald is stopped or behind. A supervisor
 * must not wait for one of the services it may be supervising, so the socket here never blocks: what
 * journald does not take at once goes to stderr.
 */

#include <stddef.h>

#include "base/diag.h"

#define JOURNAL_SEND_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_SEND_IDENTIFIER "supd"

/**
 * journal_sink() - a DiagSink: to journald, or to stderr if journald does not take it
 *
 * Never blocks, on stderr neither: what nobody takes at once is dropped. Keeps no state and no
 * descriptor, so that a journald that comes, goes or is restarted needs no care.
 */
void journal_sink(DiagLevel level, const DiagContext *context, const char *message);

/**
 * journal_send() - one entry to the journald that listens on @socket_path
 *
 * Fields: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, those of @context; with a unit, UNIT= and
 * OBJECT_SYSTEMD_UNIT=: `journalctl -u` shows the former from PID 1 only, the latter from any root.
 *
 * Return: 0; -EAGAIN if journald is behind; -ENOENT or -ECONNREFUSED if there is none; other errno.
 */
int journal_send(const char *socket_path,
                DiagLevel level,
                const DiagContext *context,
                const char *message);

/**
 * journal_encode() - the entry's bytes as the native protocol has them
 * @ret: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int journal_encode(DiagLevel level,
                const DiagContext *context,
                const char *message,
                char **ret,
                size_t *ret_size);
