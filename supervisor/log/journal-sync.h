/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Asking journald to read all that is waiting in its sockets and to write it out: by its Varlink
 * interface, which `journalctl --sync` uses.
 */

#include <stdint.h>

/**
 * journal_sync_begin() - send the request; never blocks
 * @systemd_dir: NULL for /run/systemd
 *
 * Return: a descriptor, owned by the caller, that is readable once journald has caught up (or is
 * gone: close it then, there is nothing to be read from it); negative errno if there is none to ask.
 */
int journal_sync_begin(const char *systemd_dir);

/**
 * journal_sync() - the same, waiting: for clients, before they read what was just written
 *
 * Return: 0; -ETIMEDOUT; -EACCES for those who may not ask; another errno if there is none to ask.
 */
int journal_sync(const char *systemd_dir, uint64_t timeout_usec);
