/* SPDX-License-Identifier: MIT */
#include "image/layer-worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "image/broker.h"
#include "image/confine.h"

#define ANSWER_SIZE_MAX (64U * 1024)

/* ---- in the process --------------------------------------------------------------------------- */
static int answer(int fd, int result, const UnpackResult *u, const Error *error) {
        RecordWriter w = {};
        int r;

        record_put_i64(&w, "RESULT", result);
        if (result < 0) {
                record_put_i64(&w, "CODE", error->code);
                record_put(&w, "MESSAGE", error_text(error, result));
        } else {
                record_put(&w, "DIFF_ID", u->diff_id.text);
                record_put_u64(&w, "SIZE", u->size);
                record_put_u64(&w, "ENTRIES", u->entries);
        }
        r = w.result < 0 ? w.result : fd_write_all(fd, w.text, w.size);
        record_writer_done(&w);
        return r;
}

static int unpack_confined(
                const LayerSettings *settings, int stream_fd, int root_fd, int answer_fd) {
        _cleanup_(error_done) Error error = {};
        UnpackResult result = {};
        int broker_fd = settings->broker_fd, r;
        UnpackRequest request = {
                .blob_fd = stream_fd,
                .root_fd = root_fd,
                .scratch_fd = root_fd,
                .limits = settings->limits,
                .make_opaque = broker_make_opaque,
                .may_keep_whiteouts = settings->may_keep_whiteouts,
                .userdata = &broker_fd,
        };
        ConfineSpec spec = { .write_fds = &root_fd, .n_write_fds = 1 };
        const int keep[] = { stream_fd, root_fd, answer_fd, broker_fd };

        /* Locks, leases and the store itself are not for a process that a layer may have taken over. */
        r = confine_descriptors(keep, ELEMENTSOF(keep));
        if (r < 0)
                (void) error_set(&error, r, ERROR_RUNTIME, "cannot close descriptors");
        else
                r = confine_process(&spec, &error);
        if (r >= 0)
                r = unpack_layer(&request, &result, &error);
        return answer(answer_fd, r, &result, &error) < 0;
}

/* ---- around it -------------------------------------------------------------------------------- */
int layer_worker_start(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                LayerWorker *ret,
                Error *error) {
        pid_t parent = getpid();
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];

        pid_t pid = fork();
        if (pid < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot start a process");
        if (pid == 0) {
                /* Killed with us: what it writes is a dead operation's, and will be removed. */
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                        _exit(1);
                _exit(unpack_confined(settings, stream_fd, root_fd, write_fd));
        }
        *ret = (LayerWorker) { .pid = pid, .answer_fd = TAKE_FD(read_fd) };
        return 0;
}

static int answer_parse(const char *text, UnpackResult *ret, Error *error) {
        _cleanup_(record_freep) Record *record = NULL;
        int64_t result = 0, code = ERROR_FAILED;
        int r;

        r = record_parse(text, &record);
        if (r >= 0)
                r = record_get_i64(record, "RESULT", &result);
        if (r < 0 || result > 0 || result < -4095)
                return error_set_plain(error,
                                -EPROTO,
                                ERROR_FAILED,
                                "the process that unpacks ended without an answer");
        if (result < 0) {
                (void) record_get_i64(record, "CODE", &code); /* stays as it is */
                if (code < 0 || code >= _ERROR_CODE_MAX)
                        code = ERROR_FAILED;
                return error_set_plain(error,
                                (int) result,
                                (ErrorCode) code,
                                "%s",
                                record_get(record, "MESSAGE") ?: "");
        }
        r = record_get_u64(record, "SIZE", &ret->size);
        if (r >= 0)
                r = record_get_u64(record, "ENTRIES", &ret->entries);
        if (r < 0)
                return r;
        return digest_parse(record_get(record, "DIFF_ID") ?: "", &ret->diff_id, error);
}

int layer_worker_finish(LayerWorker *w, UnpackResult *ret, Error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read_fd(w->answer_fd, ANSWER_SIZE_MAX, &text, NULL);
        w->answer_fd = close_fd(w->answer_fd);
        if (r < 0)
                (void) kill(w->pid, SIGKILL);
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        w->pid = 0;
        return r < 0 ? r : answer_parse(text, ret, error);
}

void layer_worker_done(LayerWorker *w) {
        if (w->pid > 0) {
                (void) kill(w->pid, SIGKILL); /* ours, and not waited for: it can't fail */
                while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        w->answer_fd = close_fd(w->answer_fd);
        w->pid = 0;
}

int layer_unpack_into(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                UnpackResult *ret,
                Error *error) {
        LayerWorker w = LAYER_WORKER_NONE;
        int r;

        r = layer_worker_start(settings, stream_fd, root_fd, &w, error);
        return r < 0 ? r : layer_worker_finish(&w, ret, error);
}
