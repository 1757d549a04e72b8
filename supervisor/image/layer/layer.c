/* SPDX-License-Identifier: MIT */
#include "image/layer/layer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/layer/layer-sync.h"
#include "image/layer/layer-worker.h"

/* While as many layers are unpacked, those before them are synced. */
#define PLACES_FOR_EACH_JOB 2U

typedef enum JobState {
        JOB_FREE,
        JOB_UNPACKING,
        JOB_UNPACKED, /* or failed; waits for its blob, or for the sync before its own */
        JOB_SYNCING,
} JobState;

/* A layer on its way. */
typedef struct Job {
        JobState state;
        LayerWorker worker;
        char *work;   /* owned; the name of its directory in the store */
        int root_fd;  /* owned; that directory */
        size_t index; /* of the layer */
        int result;   /* of unpacking */
        Error error;  /* and its reason */
} Job;

typedef struct Layer {
        LayerState state;
        bool has_blob; /* in the store, its digest compared */
} Layer;

struct LayerSet {
        LayerSetSpec spec;
        Layer *layers; /* owned */
        Job *jobs;     /* owned */
        size_t n_jobs;
        LayerSync sync; /* one at a time; it serves all that were unpacked before */
        int epoll_fd;   /* owned; what all processes end with */
};

#define JOB_NONE ((Job) { .worker = LAYER_WORKER_NONE, .root_fd = -EBADF })

/* ---- making and ending ------------------------------------------------------------------------ */
static void set_state(LayerSet *set, size_t index, LayerState state) {
        set->layers[index].state = state;
        if (set->spec.on_state)
                set->spec.on_state(index, state, set->spec.userdata);
}

/* An image may have the same layer many times; an empty one is common. */
static bool is_repeated(const LayerSet *set, size_t index) {
        const Digest *diff_ids = set->spec.config->diff_ids;

        for (size_t i = 0; i < index; i++)
                if (digest_equal(&diff_ids[i], &diff_ids[index]))
                        return true;
        return false;
}

static int look_for_layers(LayerSet *set, Error *error) {
        const ImageConfig *config = set->spec.config;

        for (size_t i = 0; i < config->n_diff_ids; i++) {
                int r = store_claim(set->spec.store, &config->diff_ids[i], error);
                if (r < 0)
                        return r;
                _cleanup_close_ int there = store_open_layer(set->spec.store, &config->diff_ids[i]);
                if (there >= 0 || is_repeated(set, i))
                        set_state(set, i, LAYER_PRESENT);
        }
        return 0;
}

int layer_set_new(const LayerSetSpec *spec, LayerSet **ret, Error *error) {
        size_t n = spec->config->n_diff_ids;
        size_t n_jobs = (size_t) spec->settings->jobs * PLACES_FOR_EACH_JOB;
        int r;

        if (spec->manifest->n_entries != n)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "the manifest has %zu layers, the image configuration %zu",
                                spec->manifest->n_entries,
                                n);
        assert(spec->settings->jobs >= 1 && spec->settings->jobs <= LAYER_JOBS_MAX);
        _cleanup_(layer_set_freep) LayerSet *set = malloc(sizeof(*set));
        if (!set)
                return -ENOMEM;
        *set = (LayerSet) { .spec = *spec, .sync = LAYER_SYNC_NONE, .epoll_fd = -EBADF };
        set->layers = calloc(n + 1, sizeof(*set->layers));
        set->jobs = calloc(n_jobs, sizeof(*set->jobs));
        if (!set->layers || !set->jobs)
                return -ENOMEM;
        for (; set->n_jobs < n_jobs; set->n_jobs++)
                set->jobs[set->n_jobs] = JOB_NONE;
        set->epoll_fd = neg_errno(epoll_create1(EPOLL_CLOEXEC));
        if (set->epoll_fd < 0)
                return error_set(error, set->epoll_fd, ERROR_RUNTIME, "cannot watch processes");
        r = look_for_layers(set, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(set);
        return 0;
}

/* The directory that was not given to the store goes. */
static void job_done(LayerSet *set, Job *job) {
        layer_worker_done(&job->worker);
        (void) close_fd(job->root_fd);
        error_done(&job->error);
        if (job->work)
                store_layer_abandon(set->spec.store, job->work);
        free(job->work);
        *job = JOB_NONE;
}

LayerSet *layer_set_free(LayerSet *set) {
        if (!set)
                return NULL;

        layer_sync_done(&set->sync);
        for (size_t i = 0; i < set->n_jobs; i++)
                job_done(set, &set->jobs[i]);
        (void) close_fd(set->epoll_fd);
        free(set->jobs);
        free(set->layers);
        free(set);
        return NULL;
}

/* ---- what processes end with ------------------------------------------------------------------ */
static int watch(LayerSet *set, int fd, void *whose, Error *error) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = whose };
        int r = neg_errno(epoll_ctl(set->epoll_fd, EPOLL_CTL_ADD, fd, &event));

        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "cannot watch a process") : 0;
}

/* Closing alone is not enough while a process that was forked meanwhile has not closed its copy. */
static int unwatch(LayerSet *set, int fd, Error *error) {
        int r = neg_errno(epoll_ctl(set->epoll_fd, EPOLL_CTL_DEL, fd, NULL));

        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "cannot watch a process") : 0;
}

/* ---- one layer -------------------------------------------------------------------------------- */
static int layer_error(const LayerSet *set, size_t index, int r, Error *error) {
        const Manifest *m = set->spec.manifest;

        if (r == -ENOMEM)
                return r;
        return error_prefix(error,
                        r,
                        "layer %zu of %zu (%s)",
                        index + 1,
                        m->n_entries,
                        m->entries[index].digest.text);
}

/* Then whoever compared the digest of the blob has compared the diff id. */
static bool is_plain(const LayerSet *set, size_t index) {
        return digest_equal(&set->spec.manifest->entries[index].digest,
                        &set->spec.config->diff_ids[index]);
}

static int job_start(LayerSet *set, Job *job, int blob_fd, int progress_fd, Error *error) {
        const LayerInput input = {
                .fd = blob_fd, .progress_fd = progress_fd, .is_plain = is_plain(set, job->index)
        };
        int r;

        r = store_layer_begin(set->spec.store,
                        &set->spec.config->diff_ids[job->index],
                        &job->work,
                        &job->root_fd,
                        error);
        if (r >= 0)
                r = layer_worker_start(
                                set->spec.settings, &input, job->root_fd, &job->worker, error);
        if (r >= 0)
                r = watch(set, job->worker.answer_fd, job, error);
        if (r < 0)
                return layer_error(set, job->index, r, error);
        job->state = JOB_UNPACKING;
        set_state(set, job->index, LAYER_UNPACKING);
        return 0;
}

static int job_start_stored(LayerSet *set, Job *job, Error *error) {
        _cleanup_close_ int blob = store_open_blob(
                        set->spec.store, &set->spec.manifest->entries[job->index].digest);

        if (blob >= 0)
                return job_start(set, job, blob, -EBADF, error);
        (void) error_set(error, blob, ERROR_STORAGE, "cannot open its blob");
        return layer_error(set, job->index, blob, error);
}

static int compare_diff_id(const LayerSet *set, size_t index, const Digest *found, Error *error) {
        const Digest *diff_id = &set->spec.config->diff_ids[index];

        if (is_plain(set, index) || digest_equal(found, diff_id))
                return 0;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "it unpacks to %s, where the image configuration says %s",
                        found->text,
                        diff_id->text);
}

/* A failure is told when the blob is there: one with a wrong digest is the better reason. */
static int job_take_answer(LayerSet *set, Job *job, Error *error) {
        UnpackResult result = {};
        int r = unwatch(set, job->worker.answer_fd, error);

        if (r < 0)
                return r;
        job->state = JOB_UNPACKED;
        job->result = layer_worker_finish(&job->worker, &result, &job->error);
        if (job->result >= 0)
                job->result = compare_diff_id(set, job->index, &result.diff_id, &job->error);
        return 0;
}

static int job_failed(LayerSet *set, Job *job, Error *error) {
        error_move(error, &job->error);
        return layer_error(set, job->index, job->result, error);
}

static int job_publish(LayerSet *set, Job *job, Error *error) {
        size_t index = job->index;
        int r = store_layer_publish(
                        set->spec.store, job->work, &set->spec.config->diff_ids[index], error);

        if (r < 0)
                return layer_error(set, index, r, error);
        free(job->work);
        job->work = NULL;
        job_done(set, job);
        set_state(set, index, LAYER_DONE);
        return 0;
}

/* ---- syncing ---------------------------------------------------------------------------------- */
static int sync_begin(LayerSet *set, Error *error) {
        Job *any = NULL;
        int r;

        if (set->sync.pid > 0)
                return 0;
        for (size_t i = 0; i < set->n_jobs; i++) {
                Job *job = &set->jobs[i];
                if (job->state != JOB_UNPACKED || !set->layers[job->index].has_blob)
                        continue;
                if (job->result < 0)
                        return job_failed(set, job, error);
                job->state = JOB_SYNCING;
                any = job;
        }
        if (!any)
                return 0;
        r = layer_sync_start(any->root_fd, &set->sync, error);
        return r < 0 ? r : watch(set, set->sync.end_fd, &set->sync, error);
}

static int sync_end(LayerSet *set, Error *error) {
        int r;

        r = unwatch(set, set->sync.end_fd, error);
        if (r >= 0)
                r = layer_sync_finish(&set->sync, error);
        for (size_t i = 0; i < set->n_jobs && r >= 0; i++)
                if (set->jobs[i].state == JOB_SYNCING)
                        r = job_publish(set, &set->jobs[i], error);
        return r;
}

/* ---- all of them ------------------------------------------------------------------------------ */
LayerState layer_set_state(const LayerSet *set, size_t index) {
        assert(index < set->spec.config->n_diff_ids);
        return set->layers[index].state;
}

int layer_set_fd(const LayerSet *set) {
        return set->epoll_fd;
}

/* Return: a place for one more, NULL: as many are unpacked as may be, or wait to be synced. */
static Job *free_job(LayerSet *set) {
        unsigned unpacking = 0;
        Job *job = NULL;

        for (size_t i = 0; i < set->n_jobs; i++) {
                unpacking += set->jobs[i].state == JOB_UNPACKING;
                if (set->jobs[i].state == JOB_FREE)
                        job = &set->jobs[i];
        }
        return unpacking < set->spec.settings->jobs ? job : NULL;
}

static bool next_offered(const LayerSet *set, size_t *ret) {
        for (size_t i = 0; i < set->spec.config->n_diff_ids; i++)
                if (set->layers[i].state == LAYER_OFFERED) {
                        *ret = i;
                        return true;
                }
        return false;
}

static int start_offered(LayerSet *set, Error *error) {
        Job *job;

        while ((job = free_job(set)) && next_offered(set, &job->index)) {
                int r = job_start_stored(set, job, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int layer_set_offer(LayerSet *set, size_t index, Error *error) {
        Layer *layer = &set->layers[index];

        assert(index < set->spec.config->n_diff_ids);
        layer->has_blob = true;
        if (layer->state == LAYER_AWAITED)
                set_state(set, index, LAYER_OFFERED);
        return start_offered(set, error);
}

int layer_set_follow(LayerSet *set, size_t index, int blob_fd, int *ret_progress_fd, Error *error) {
        Job *job = free_job(set);
        int fds[2], r;

        if (!job || layer_set_state(set, index) != LAYER_AWAITED)
                return 0;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];
        r = neg_errno(fcntl(write_fd, F_SETFL, O_NONBLOCK));
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot make a pipe");
        job->index = index;
        r = job_start(set, job, blob_fd, read_fd, error);
        if (r < 0)
                return r;
        *ret_progress_fd = TAKE_FD(write_fd);
        return 1;
}

static int count_jobs(const LayerSet *set) {
        int n = 0;

        for (size_t i = 0; i < set->n_jobs; i++)
                n += set->jobs[i].state != JOB_FREE;
        return n;
}

int layer_set_dispatch(LayerSet *set, Error *error) {
        struct epoll_event events[LAYER_JOBS_MAX];
        int r = 0;

        int n = epoll_wait(set->epoll_fd, events, LAYER_JOBS_MAX, 0);
        if (n < 0 && errno != EINTR)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot watch processes");
        for (int i = 0; i < n && r >= 0; i++)
                r = events[i].data.ptr == &set->sync
                                    ? sync_end(set, error)
                                    : job_take_answer(set, events[i].data.ptr, error);
        if (r >= 0)
                r = sync_begin(set, error);
        if (r >= 0)
                r = start_offered(set, error);
        return r < 0 ? r : count_jobs(set);
}

int layer_set_finish(LayerSet *set, Error *error) {
        for (;;) {
                struct pollfd polled = { .fd = set->epoll_fd, .events = POLLIN };
                int r = layer_set_dispatch(set, error);
                if (r <= 0)
                        return r;
                if (poll(&polled, 1, -1) < 0 && errno != EINTR)
                        return error_set(error, -errno, ERROR_RUNTIME, "cannot watch processes");
        }
}

int layers_unpack(const LayerSetSpec *spec, Error *error) {
        _cleanup_(layer_set_freep) LayerSet *set = NULL;
        int r;

        r = layer_set_new(spec, &set, error);
        for (size_t i = 0; i < spec->config->n_diff_ids && r >= 0; i++)
                r = layer_set_offer(set, i, error);
        return r < 0 ? r : layer_set_finish(set, error);
}
