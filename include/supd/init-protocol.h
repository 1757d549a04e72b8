/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd and the PID 1 of a container say to each other.
 *
 * supd executes supinit from a sealed memfd as
 *
 *     supinit --container -- COMMAND [ARGUMENT...]
 *
 * with the status pipe's write end as descriptor SUPD_STATUS_FD and the payload's environment. From
 * then on records flow one way, each a single write() of sizeof(SupdStatusRecord) bytes, which a
 * pipe keeps whole. The pipe outlives supd in its manager's descriptor store, so a record that
 * nobody read yet is never lost. End of file without SUPD_STATUS_EXITED means that PID 1 itself died.
 *
 * Before supinit runs, the half-made container (runtime/child.c) writes SUPD_STATUS_SETUP_FAILED
 * through the same pipe.
 */

#include <stdint.h>

#define SUPD_STATUS_FD 3

typedef enum SupdStatusType {
        SUPD_STATUS_SETUP_FAILED = 1, /* code: errno; step and item: see runtime/plan.h */
        SUPD_STATUS_EXECED,           /* the payload's exec succeeded */
        SUPD_STATUS_EXEC_FAILED,      /* code: errno of the payload's exec */
        SUPD_STATUS_EXITED,           /* code: si_code (CLD_…), status: exit status or signal */
} SupdStatusType;

typedef struct SupdStatusRecord {
        uint32_t type;
        int32_t code;
        int32_t status; /* of SETUP_FAILED: the step */
        int32_t item;   /* of SETUP_FAILED: index of the mount, device, … within the step; -1: none */
} SupdStatusRecord;
