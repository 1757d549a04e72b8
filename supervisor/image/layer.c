/* SPDX-License-Identifier: MIT */
#include "image/layer.h"

#include <poll.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "image/layer-worker.h"

/* A layer that is being unpacked. */
typedef struct Job {
        LayerWorker worker;
        char *work;   /* owned; the name of its directory in the store; NULL: the place is free */
        int root_fd;  /* owned; that directory */
        size_t index; /* of the layer */
} Job;

struct LayerSet {
        LayerSetSpec spec;
        LayerState *states; /* owned; of each layer */
        Job *jobs;          /* owned; settings->jobs of them */
        int epoll_fd;       /* owned; the answers of all processes */
};

/* ---- making and ending ------------------------------------------------------------------------ */
static void set_state(LayerSet *set, size_t index, LayerState state) {
        set->states[index] = state;
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
        unsigned n_jobs = spec->settings->jobs;
        int r;

        if (spec->manifest->n_entries != n)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "the manifest has %zu layers, the image configuration %zu",
                                spec->manifest->n_entries,
                                n);
        assert(n_jobs >= 1 && n_jobs <= LAYER_JOBS_MAX);
        _cleanup_(layer_set_freep) LayerSet *set = malloc(sizeof(*set));
        if (!set)
                return -ENOMEM;
        *set = (LayerSet) { .spec = *spec, .epoll_fd = -EBADF };
        set->states = calloc(n + 1, sizeof(*set->states));
        set->jobs = calloc(n_jobs, sizeof(*set->jobs));
        if (!set->states || !set->jobs)
                return -ENOMEM;
        for (unsigned i = 0; i < n_jobs; i++)
                set->jobs[i] = (Job) { .worker = LAYER_WORKER_NONE, .root_fd = -EBADF };
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
        job->root_fd = close_fd(job->root_fd);
        if (job->work)
                store_layer_abandon(set->spec.store, job->work);
        free(job->work);
        job->work = NULL;
}

LayerSet *layer_set_free(LayerSet *set) {
        if (!set)
                return NULL;

        for (unsigned i = 0; set->jobs && i < set->spec.settings->jobs; i++)
                job_done(set, &set->jobs[i]);
        (void) close_fd(set->epoll_fd);
        free(set->jobs);
        free(set->states);
        free(set);
        return NULL;
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

static int job_start(LayerSet *set, Job *job, Error *error) {
        Store *s = set->spec.store;
        const Digest *blob_digest = &set->spec.manifest->entries[job->index].digest;
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = job };
        int r;

        r = store_layer_begin(s,
                        &set->spec.config->diff_ids[job->index],
                        &job->work,
                        &job->root_fd,
                        error);
        if (r < 0)
                return r;
        _cleanup_close_ int blob = store_open_blob(s, blob_digest);
        if (blob < 0)
                return error_set(error, blob, ERROR_STORAGE, "cannot open its blob");
        r = layer_worker_start(set->spec.settings, blob, job->root_fd, &job->worker, error);
        if (r < 0)
                return r;
        r = neg_errno(epoll_ctl(set->epoll_fd, EPOLL_CTL_ADD, job->worker.answer_fd, &event));
        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "cannot watch a process") : 0;
}

static int job_finish(LayerSet *set, Job *job, Error *error) {
        const Digest *diff_id = &set->spec.config->diff_ids[job->index];
        UnpackResult result = {};
        int r;

        /* Closing alone is not enough while a process that was forked meanwhile has not closed its copy. */
        r = neg_errno(epoll_ctl(set->epoll_fd, EPOLL_CTL_DEL, job->worker.answer_fd, NULL));
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot watch a process");
        r = layer_worker_finish(&job->worker, &result, error);
        if (r >= 0 && !digest_equal(&result.diff_id, diff_id))
                r = error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "it unpacks to %s, where the image configuration says %s",
                                result.diff_id.text,
                                diff_id->text);
        if (r >= 0)
                r = store_layer_commit(set->spec.store, job->work, diff_id, error);
        if (r < 0)
                return r;

        free(job->work);
        job->work = NULL;
        job->root_fd = close_fd(job->root_fd);
        set_state(set, job->index, LAYER_DONE);
        return 0;
}

/* ---- all of them ------------------------------------------------------------------------------ */
LayerState layer_set_state(const LayerSet *set, size_t index) {
        assert(index < set->spec.config->n_diff_ids);
        return set->states[index];
}

int layer_set_fd(const LayerSet *set) {
        return set->epoll_fd;
}

static bool next_offered(const LayerSet *set, size_t *ret) {
        for (size_t i = 0; i < set->spec.config->n_diff_ids; i++)
                if (set->states[i] == LAYER_OFFERED) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* Fills the free places. Return: the number of places that are taken. */
static int start_offered(LayerSet *set, Error *error) {
        int running = 0;

        for (unsigned i = 0; i < set->spec.settings->jobs; i++) {
                Job *job = &set->jobs[i];
                if (!job->work && next_offered(set, &job->index)) {
                        int r = job_start(set, job, error);
                        if (r < 0)
                                return layer_error(set, job->index, r, error);
                        set_state(set, job->index, LAYER_UNPACKING);
                }
                running += job->work != NULL;
        }
        return running;
}

int layer_set_offer(LayerSet *set, size_t index, Error *error) {
        if (layer_set_state(set, index) != LAYER_AWAITED)
                return 0;
        set_state(set, index, LAYER_OFFERED);
        int r = start_offered(set, error);
        return r < 0 ? r : 0;
}

int layer_set_dispatch(LayerSet *set, Error *error) {
        struct epoll_event events[LAYER_JOBS_MAX];

        int n = epoll_wait(set->epoll_fd, events, LAYER_JOBS_MAX, 0);
        if (n < 0 && errno != EINTR)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot watch processes");
        for (int i = 0; i < n; i++) {
                Job *job = events[i].data.ptr;
                int r = job_finish(set, job, error);
                if (r < 0)
                        return layer_error(set, job->index, r, error);
        }
        return start_offered(set, error);
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
