/* SPDX-License-Identifier: MIT */
#include "image/layer/layer-sync.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/confine/process.h"

/* An errno fits an exit status. */
static int sync_process(const void *userdata) {
        return syncfs(*(const int *) userdata) < 0 ? errno : 0;
}

int layer_sync_start(int fd, LayerSync *ret, Error *error) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0];
        _cleanup_close_ _unused_ int write_fd = fds[1]; /* the process's alone from now on */
        pid_t pid = process_start(sync_process, &fd);
        if (pid < 0)
                return error_set(error, pid, ERROR_RUNTIME, "cannot start a process");
        *ret = (LayerSync) { .pid = pid, .end_fd = TAKE_FD(read_fd) };
        return 0;
}

int layer_sync_finish(LayerSync *s, Error *error) {
        int status = process_reap(&s->pid, /* kill_it= */ false);

        s->end_fd = close_fd(s->end_fd);
        /* Of a signal there is no number that would mean anything. */
        int r = status <= 0 ? status : status < 128 ? -status : -EIO;
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot sync what was unpacked") : 0;
}

void layer_sync_done(LayerSync *s) {
        (void) process_reap(&s->pid, /* kill_it= */ true); /* whose result nobody wants any more */
        s->end_fd = close_fd(s->end_fd);
}
