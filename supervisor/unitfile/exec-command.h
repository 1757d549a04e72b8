/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Commands of [Service]: ExecStartPre= and its like, as data (UNITS.md 2.4). What ${NAME} in them means is known
 * at run time only.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

/* When a command of [Service] runs. */
typedef enum ExecPhase {
        EXEC_CONDITION,
        EXEC_START_PRE,
        EXEC_START, /* the main process */
        EXEC_START_POST,
        EXEC_RELOAD,
        EXEC_STOP,
        EXEC_STOP_POST,
        _EXEC_PHASE_MAX,
        _EXEC_PHASE_INVALID = -EINVAL,
} ExecPhase;

/** exec_phase_key() - "ExecStartPre": the key that has its commands */
const char *exec_phase_key(ExecPhase p);

typedef struct ExecCommand {
        char *path;          /* owned; absolute, or a name to look for in EXEC_PATH */
        char **argv;         /* owned; argv[0] is the path unless '@' gives another */
        bool ignore_failure; /* '-' */
        bool literal;        /* ':', no expansion */
        bool privileged;     /* '+', '!', '!!': as root, whatever User= and its like say */
} ExecCommand;

typedef struct ExecCommandList {
        ExecCommand *items; /* owned */
        size_t n;
} ExecCommandList;

/* Where a command without a slash is looked for. */
#define EXEC_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"

void exec_command_done(ExecCommand *c);
void exec_command_list_done(ExecCommandList *l);
/** exec_command_list_add() - takes the command over and empties it on success */
int exec_command_list_add(ExecCommandList *l, ExecCommand *c);
