/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * journald's sockets for streams: what is written there becomes an entry for each line.
 */

#include <stdbool.h>

#define JOURNAL_SYSTEMD_DIR "/run/systemd"

/**
 * journal_connect() - to a stream socket of journald's, without waiting for it
 * @systemd_dir: NULL for /run/systemd
 * @name:        of the socket in the directory journal/ there
 *
 * Return: a descriptor in non-blocking mode; -EAGAIN if journald's queue of new connections is full;
 * -ENOENT or -ECONNREFUSED if there is none.
 */
int journal_connect(const char *systemd_dir, const char *name);

/** journal_stream_is_served() - does something take connections where streams are opened? */
bool journal_stream_is_served(const char *systemd_dir);

/**
 * journal_stream_open() - a descriptor whose lines become entries, for the stdout of another process
 * @identifier: SYSLOG_IDENTIFIER= of the lines; no newline
 * @unit_id:    what journald falls back to when a writer's cgroup is gone; no newline
 * @priority:   PRIORITY= of all lines: "<N>" at their start stays text
 *
 * Return: a descriptor in blocking mode, shut down for reading; negative errno as journal_connect().
 */
int journal_stream_open(
                const char *systemd_dir, const char *identifier, const char *unit_id, int priority);
