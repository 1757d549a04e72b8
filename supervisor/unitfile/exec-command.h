/* SPDX-License-Identifier: MIT */
#pragma once

#include <errno.h>

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
