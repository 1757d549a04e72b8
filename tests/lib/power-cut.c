/* SPDX-License-Identifier: MIT */

/*
 * LD_PRELOADed into supd-image by tests of what a power cut or a kill leaves behind. Counts the calls that
 * make something last or visible, in the process that does the work: neither in the one that started it nor
 * in those that unpack, which close descriptor POWER_CUT_FD.
 *
 *   POWER_CUT_FD=N     one end of a socket or FIFO pair N, N+1: before and after each such call a byte is
 *                      written to N, and one is waited for on N+1: time to take a snapshot
 *   POWER_CUT_KILL=N   the process kills itself before the Nth call
 *   POWER_CUT_NOSYNC=1 fsync() and its kin do nothing: for a test of the test
 */

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t first_pid; /* keeps its privileges and touches no store */
static int event_fd = -1;
static long kill_at, calls;
static bool want_snapshots, no_sync;

__attribute__((constructor)) static void begin(void) {
        const char *fd = getenv("POWER_CUT_FD"), *number = getenv("POWER_CUT_KILL");

        first_pid = getpid();
        event_fd = fd ? (int) strtol(fd, NULL, 10) : -1;
        kill_at = number ? strtol(number, NULL, 10) : 0;
        want_snapshots = !number;
        no_sync = getenv("POWER_CUT_NOSYNC") != NULL;
}

static bool is_watched(void) {
        return event_fd >= 0 && getpid() != first_pid && fcntl(event_fd, F_GETFD) >= 0;
}

static void tell(char what) {
        char answer;

        if (!want_snapshots || !is_watched())
                return;
        if (write(event_fd, &what, 1) != 1 || read(event_fd + 1, &answer, 1) != 1)
                abort();
}

static void count(void) {
        if (kill_at > 0 && is_watched() && ++calls == kill_at)
                (void) raise(SIGKILL);
}

static int synced(long number, int fd) {
        count();
        tell('b');
        int r = no_sync ? 0 : (int) syscall(number, fd);
        tell('a');
        return r;
}

int fsync(int fd) {
        return synced(SYS_fsync, fd);
}

int fdatasync(int fd) {
        return synced(SYS_fdatasync, fd);
}

int syncfs(int fd) {
        return synced(SYS_syncfs, fd);
}

int renameat2(int old_dir, const char *old, int new_dir, const char *new, unsigned flags) {
        count();
        int r = (int) syscall(SYS_renameat2, old_dir, old, new_dir, new, flags);
        tell('r');
        return r;
}

int renameat(int old_dir, const char *old, int new_dir, const char *new) {
        return renameat2(old_dir, old, new_dir, new, 0);
}

int unlinkat(int dir, const char *name, int flags) {
        count();
        return (int) syscall(SYS_unlinkat, dir, name, flags);
}
