/* SPDX-License-Identifier: MIT */
#include "image/layer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/sys.h"
#include "image/broker.h"
#include "image/confine.h"

#define ANSWER_SIZE_MAX (64U * 1024)

/* One process that unpacks. */
typedef struct Worker {
        pid_t pid;     /* 0: none */
        int answer_fd; /* owned */
        int root_fd;   /* owned; the directory that it fills */
        char *work;    /* owned; its name in the store */
        size_t index;  /* of the layer */
} Worker;

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

/* Locks, leases and the store itself are not for a process that a layer may have taken over. */
static int close_all_but(const int *keep, size_t n_keep) {
        unsigned first = STDERR_FILENO + 1;

        for (;;) {
                unsigned next = ~0U;
                for (size_t i = 0; i < n_keep; i++)
                        if ((unsigned) keep[i] >= first)
                                next = MIN(next, (unsigned) keep[i]);
                int r = next > first ? sys_close_range(first, next == ~0U ? next : next - 1, 0) : 0;
                if (r < 0 || next == ~0U)
                        return r;
                first = next + 1;
        }
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

        r = close_all_but(keep, ELEMENTSOF(keep));
        if (r < 0)
                (void) error_set(&error, r, ERROR_RUNTIME, "cannot close descriptors");
        else
                r = confine_process(&spec, &error);
        if (r >= 0)
                r = unpack_layer(&request, &result, &error);
        return answer(answer_fd, r, &result, &error) < 0;
}

/* ---- around it -------------------------------------------------------------------------------- */
static int worker_start(const LayerSettings *settings, int stream_fd, Worker *w, Error *error) {
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
                _exit(unpack_confined(settings, stream_fd, w->root_fd, write_fd));
        }
        w->pid = pid;
        w->answer_fd = TAKE_FD(read_fd);
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

static int worker_finish(Worker *w, UnpackResult *ret, Error *error) {
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

static void worker_done(Store *s, Worker *w) {
        if (w->pid > 0) {
                (void) kill(w->pid, SIGKILL);
                while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        w->pid = 0;
        w->answer_fd = close_fd(w->answer_fd);
        w->root_fd = close_fd(w->root_fd);
        if (w->work)
                store_layer_abandon(s, w->work);
        free(w->work);
        w->work = NULL;
}

int layer_unpack_into(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                UnpackResult *ret,
                Error *error) {
        Worker w = { .answer_fd = -EBADF, .root_fd = root_fd };
        int r;

        r = worker_start(settings, stream_fd, &w, error);
        return r < 0 ? r : worker_finish(&w, ret, error);
}

/* ---- all layers of an image ------------------------------------------------------------------- */
typedef struct LayerSet {
        Store *store; /* borrowed, as all of these */
        const LayerSettings *settings;
        const Manifest *manifest;
        const ImageConfig *config;
        void (*on_done)(size_t index, const Digest *diff_id);
        Worker *workers; /* owned; settings->jobs of them */
        size_t next;     /* layer to look at */
} LayerSet;

static int set_start_layer(LayerSet *set, Worker *w, Error *error) {
        const Digest *diff_id = &set->config->diff_ids[set->next];
        int r;

        w->index = set->next;
        r = store_layer_begin(set->store, diff_id, &w->work, &w->root_fd, error);
        if (r < 0)
                return r;
        _cleanup_close_ int blob =
                        store_open_blob(set->store, &set->manifest->entries[set->next].digest);
        if (blob < 0)
                return error_set(error, blob, ERROR_STORAGE, "cannot open its blob");
        return worker_start(set->settings, blob, w, error);
}

/* An image may have the same layer many times; an empty one is common. */
static bool set_is_repeated(const LayerSet *set) {
        for (size_t i = 0; i < set->next; i++)
                if (digest_equal(&set->config->diff_ids[i], &set->config->diff_ids[set->next]))
                        return true;
        return false;
}

static int set_layer_error(const LayerSet *set, size_t index, int r, Error *error) {
        if (r == -ENOMEM)
                return r;
        return error_prefix(error,
                        r,
                        "layer %zu of %zu (%s)",
                        index + 1,
                        set->manifest->n_entries,
                        set->manifest->entries[index].digest.text);
}

/* Fills the free places. Return: the number of processes that run. */
static int set_fill(LayerSet *set, Error *error) {
        int running = 0, r;

        for (unsigned i = 0; i < set->settings->jobs; i++) {
                Worker *w = &set->workers[i];
                while (w->pid == 0 && set->next < set->config->n_diff_ids) {
                        const Digest *diff_id = &set->config->diff_ids[set->next];
                        r = store_claim(set->store, diff_id, error);
                        if (r < 0)
                                return r;
                        _cleanup_close_ int there = store_open_layer(set->store, diff_id);
                        if (there >= 0 || set_is_repeated(set)) {
                                if (set->on_done && there >= 0)
                                        set->on_done(set->next, diff_id);
                        } else {
                                r = set_start_layer(set, w, error);
                                if (r < 0)
                                        return set_layer_error(set, set->next, r, error);
                        }
                        set->next++;
                }
                running += w->pid > 0;
        }
        return running;
}

static int set_reap(LayerSet *set, Worker *w, Error *error) {
        const Digest *diff_id = &set->config->diff_ids[w->index];
        UnpackResult result = {};
        int r;

        r = worker_finish(w, &result, error);
        if (r >= 0 && !digest_equal(&result.diff_id, diff_id))
                r = error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "it unpacks to %s, where the image configuration says %s",
                                result.diff_id.text,
                                diff_id->text);
        if (r >= 0)
                r = store_layer_commit(set->store, w->work, diff_id, error);
        if (r < 0)
                return set_layer_error(set, w->index, r, error);

        free(w->work);
        w->work = NULL;
        w->root_fd = close_fd(w->root_fd);
        if (set->on_done)
                set->on_done(w->index, diff_id);
        return 0;
}

static int set_wait(LayerSet *set, Error *error) {
        struct pollfd polled[LAYER_JOBS_MAX];
        size_t n = 0;
        int r;

        for (unsigned i = 0; i < set->settings->jobs; i++)
                polled[n++] = (struct pollfd) { .fd = set->workers[i].answer_fd, .events = POLLIN };
        if (poll(polled, n, -1) < 0)
                return errno == EINTR ? 0 : -errno;
        for (unsigned i = 0; i < set->settings->jobs; i++) {
                if (!polled[i].revents)
                        continue;
                r = set_reap(set, &set->workers[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_run(LayerSet *set, Error *error) {
        for (;;) {
                int r = set_fill(set, error);
                if (r > 0)
                        r = set_wait(set, error);
                else if (r == 0)
                        return 0;
                if (r < 0)
                        return r;
        }
}

int layers_unpack(Store *s,
                const LayerSettings *settings,
                const Manifest *manifest,
                const ImageConfig *config,
                void (*on_done)(size_t index, const Digest *diff_id),
                Error *error) {
        LayerSet set = {
                .store = s,
                .settings = settings,
                .manifest = manifest,
                .config = config,
                .on_done = on_done,
        };
        int r;

        if (manifest->n_entries != config->n_diff_ids)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "the manifest has %zu layers, the image configuration %zu",
                                manifest->n_entries,
                                config->n_diff_ids);
        assert(settings->jobs >= 1 && settings->jobs <= LAYER_JOBS_MAX);
        set.workers = calloc(settings->jobs, sizeof(*set.workers));
        if (!set.workers)
                return -ENOMEM;
        for (unsigned i = 0; i < settings->jobs; i++)
                set.workers[i] = (Worker) { .answer_fd = -EBADF, .root_fd = -EBADF };
        r = set_run(&set, error);
        for (unsigned i = 0; i < settings->jobs; i++)
                worker_done(s, &set.workers[i]);
        free(set.workers);
        return r;
}
