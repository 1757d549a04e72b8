/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd and supinit say to each other, in supinit's three roles.
 *
 * PID 1 of a container. supd executes supinit from a sealed memfd as
 *
 *     supinit --container [--listen-fds=N] -- COMMAND [ARGUMENT...]
 *
 * with the status pipe's write end as descriptor SUPD_STATUS_FD and the payload's environment. From
 * then on records flow one way, each a single write() of sizeof(SupdStatusRecord) bytes, which a
 * pipe keeps whole. The pipe outlives supd in its manager's descriptor store, so a record that
 * nobody read yet is never lost. End of file without SUPD_STATUS_EXITED means that PID 1 itself died.
 *
 * Before supinit runs, the half-made container (runtime/child.c) writes SUPD_STATUS_SET_UP or
 * SUPD_STATUS_SETUP_FAILED through the same pipe.
 *
 * With N listening sockets, which are descriptors SUPD_STATUS_FD + 1 and up, the environment has LISTEN_FDS,
 * LISTEN_FDNAMES and LISTEN_PID; supinit moves the sockets down to 3 and puts the payload's process id in
 * place of the latter's digits, for which SUPD_LISTEN_PID_ROOM leaves room.
 *
 * The payload is found in its environment's PATH, leads a session of its own, and takes standard
 * input as controlling terminal if that is a terminal which no session has yet. All descriptors but
 * the status pipe are its alone: supinit closes its copies, so that logs and terminals reach end of
 * file with the last process that can write to them.
 *
 * Door into a running container. For a command in there (runtime/exec.c) a child of supd that has joined
 * the container in all but its pid namespace executes, from the same memfd,
 *
 *     supinit --exec -- COMMAND [ARGUMENT...]
 *
 * which makes the command's process, a child of supd as well, tells SUPD_STATUS_FORKED and ends. The
 * command's exec closes the pipe: end of file after SUPD_STATUS_FORKED and without
 * SUPD_STATUS_EXEC_FAILED tells that it runs.
 *
 * Guardian of supd. `supinit supd ...` restarts supd when it crashes and keeps descriptors for it by
 * systemd's protocol: NOTIFY_SOCKET with FDSTORE=1, FDSTOREREMOVE=1, FDNAME=, BARRIER=1, from supd's
 * main process only; LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES hand everything over, from descriptor
 * 3 on. FDPOLL=0 is always implied: a hung-up pipe is one whose record matters most.
 *
 * One environment string holds at most 128 KiB, which some two thousand names fill. Where
 * LISTEN_FDNAMES would exceed SUPD_LISTEN_FDNAMES_MAX bytes it is left out, and SUPD_ENV_FDNAMES_FD
 * is the number of one more descriptor, not counted in LISTEN_FDS: a sealed memfd with the names,
 * each ended by a newline, in the order of the descriptors. The receiver
 *
 *     1. takes nothing unless LISTEN_PID is its own pid; n = LISTEN_FDS;
 *     2. if SUPD_ENV_FDNAMES_FD is set, reads that descriptor from offset 0 with pread() and closes
 *        it: line i (from 0) names descriptor 3 + i. Otherwise splits LISTEN_FDNAMES at ':';
 *     3. refuses the lot if the names are not exactly n;
 *     4. marks descriptors 3 to 3 + n - 1 close-on-exec and unsets the variables.
 */

#include <stdint.h>

#define SUPD_STATUS_FD 3

typedef enum SupdStatusType {
        SUPD_STATUS_SETUP_FAILED = 1, /* code: errno; step and item: see runtime/plan.h */
        SUPD_STATUS_EXECED,           /* the payload's exec succeeded */
        SUPD_STATUS_EXEC_FAILED,      /* code: errno of the payload's exec */
        SUPD_STATUS_EXITED,           /* code: si_code (CLD_…), status: exit status or signal */
        SUPD_STATUS_FORKED, /* of a command in a container; code: its pid, as supd sees it */
        SUPD_STATUS_SET_UP, /* microseconds from clone3() until code: its first instruction, status: all is mounted */
} SupdStatusType;

typedef struct SupdStatusRecord {
        uint32_t type;
        int32_t code;
        int32_t status; /* of SETUP_FAILED: the step */
        int32_t item; /* of SETUP_FAILED: index of the mount, device, … within the step; -1: none */
} SupdStatusRecord;

#define SUPD_ENV_LISTEN_PID "LISTEN_PID="
#define SUPD_LISTEN_PID_ROOM "0000000000"
#define SUPD_OPTION_LISTEN_FDS "--listen-fds="

/** supd_listen_pid_write() - @pid in decimal over SUPD_LISTEN_PID_ROOM; allocates nothing */
static inline void supd_listen_pid_write(char *room, int pid) {
        char digits[] = SUPD_LISTEN_PID_ROOM;
        unsigned n = sizeof(digits) - 1, left = (unsigned) pid;

        for (; left > 0 && n > 0; left /= 10)
                digits[--n] = (char) ('0' + left % 10);
        for (const char *p = digits + n; (*room = *p); p++)
                room++;
}

#define SUPD_ENV_FDNAMES_FD "SUPD_LISTEN_FDNAMES_FD"
#define SUPD_LISTEN_FDNAMES_MAX 65536 /* value and terminating NUL */
