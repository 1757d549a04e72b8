/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * RuntimeDirectory= and its like: directories of a unit below those that systems have for the purpose. As data;
 * making them is not its duty.
 */

#include <sys/types.h>

#include "base/macro.h"

typedef enum ExecDirectoryKind {
        EXEC_DIRECTORY_RUNTIME,
        EXEC_DIRECTORY_STATE,
        EXEC_DIRECTORY_CACHE,
        EXEC_DIRECTORY_LOGS,
        EXEC_DIRECTORY_CONFIGURATION,
        _EXEC_DIRECTORY_KIND_MAX,
        _EXEC_DIRECTORY_KIND_INVALID = -EINVAL,
} ExecDirectoryKind;

typedef struct ExecDirectoryKindInfo {
        const char *key;      /* "RuntimeDirectory" */
        const char *base;     /* "/run" */
        const char *variable; /* "RUNTIME_DIRECTORY" */
} ExecDirectoryKindInfo;

extern const ExecDirectoryKindInfo exec_directory_kinds[_EXEC_DIRECTORY_KIND_MAX];

typedef struct ExecDirectories {
        char **words; /* owned; "PATH" or "PATH:LINK", both below the base and free of ".." */
        mode_t mode;
} ExecDirectories;

typedef enum DirectoryPreserve { /* RuntimeDirectoryPreserve= */
        DIRECTORY_PRESERVE_NO,
        DIRECTORY_PRESERVE_RESTART,
        DIRECTORY_PRESERVE_YES,
        _DIRECTORY_PRESERVE_MAX,
        _DIRECTORY_PRESERVE_INVALID = -EINVAL,
} DirectoryPreserve;

const char *directory_preserve_to_string(DirectoryPreserve p);
