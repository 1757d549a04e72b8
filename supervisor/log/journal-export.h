/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The files below /run/systemd/units in which journald looks up what it adds to the lines of a unit's
 * processes, and how many of them it takes. systemd writes them for its own services in the same way.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Fields and limits of a unit; all borrowed. */
typedef struct JournalExport {
        const char *unit_id; /* a file name */
        const char *container_name;
        const char *container_id; /* 64 hex digits; NULL: none */
        const char *image_name;   /* NULL: none */
        char *const *fields;      /* more of them, "FIELD=value"; NULL: none */
        int level_max;            /* 0 to 7; -1: all lines are kept */
        /* UINT64_MAX: unset. Both unset: no limit. One unset: journald's own default for that one. */
        uint64_t rate_limit_interval_usec, rate_limit_burst;
} JournalExport;

/**
 * journal_export_encode() - the content of log-extra-fields:UNIT: before each "FIELD=value" its
 * length as a little-endian 64-bit number
 * @ret: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int journal_export_encode(const JournalExport *export, char **ret, size_t *ret_size);

/**
 * journal_export_write() - put the files of a unit in place, each atomically and only if it changes:
 * a changed file makes journald read it anew for every process
 * @systemd_dir: NULL for /run/systemd
 */
int journal_export_write(const char *systemd_dir, const JournalExport *export, Error *error);

/** journal_export_exists() - is there any file of the unit? */
bool journal_export_exists(const char *systemd_dir, const char *unit_id);

/** journal_export_remove() - remove them; what is not there is fine */
void journal_export_remove(const char *systemd_dir, const char *unit_id);
