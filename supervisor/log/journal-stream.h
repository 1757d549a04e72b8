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

/* All borrowed; no newlines. */
typedef struct JournalStreamSpec {
        const char *identifier; /* SYSLOG_IDENTIFIER= of the lines */
        const char *unit_id;    /* what journald falls back to when a writer's cgroup is gone */
        int priority;           /* of all lines: level, and facility * 8 */
        bool level_prefix;      /* "<N>" at the start of a line is its level, else text */
} JournalStreamSpec;

/**
 * journal_stream_open() - a descriptor whose lines become entries, for the stdout of another process
 *
 * Return: a descriptor in blocking mode, shut down for reading; negative errno as journal_connect().
 */
int journal_stream_open(const char *systemd_dir, const JournalStreamSpec *spec);
