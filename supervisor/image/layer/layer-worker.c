/* SPDX-License-Identifier: MIT */
#include "image/layer/layer-worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "image/confine/broker.h"
#include "image/confine/process.h"
#include "image/layer/ring.h"
#include "image/layer/stream.h"

#define ANSWER_SIZE_MAX (64U * 1024)

/* What a forked process works with. */
typedef struct Work {
        const LayerSettings *settings; /* borrowed, as all of it */
        const LayerInput *input;
        Ring *ring;
        int root_fd, answer_fd;
} Work;

/* ---- answers ---------------------------------------------------------------------------------- */
static int answer_format(RecordWriter *w, int result, const UnpackResult *u, const Error *error) {
        record_put_i64(w, "RESULT", result);
        if (result < 0) {
                record_put_i64(w, "CODE", error->code);
                record_put(w, "MESSAGE", error_text(error, result));
        } else {
                record_put(w, "DIFF_ID", u->diff_id.text);
                record_put_u64(w, "SIZE", u->size);
                record_put_u64(w, "ENTRIES", u->entries);
        }
        return w->result;
}

static int answer_parse_error(const Record *record, int result, Error *error) {
        int64_t code = ERROR_FAILED;

        (void) record_get_i64(record, "CODE", &code); /* stays as it is */
        if (code < 0 || code >= _ERROR_CODE_MAX)
                code = ERROR_FAILED;
        return error_set_plain(
                        error, result, (ErrorCode) code, "%s", record_get(record, "MESSAGE") ?: "");
}

static int answer_parse(const char *text, UnpackResult *ret, Error *error) {
        _cleanup_(record_freep) Record *record = NULL;
        const char *diff_id;
        int64_t result = 0;
        int r;

        r = record_parse(text, &record);
        if (r >= 0)
                r = record_get_i64(record, "RESULT", &result);
        if (r < 0 || result > 0 || result < -4095)
                return error_set_plain(error,
                                -EPROTO,
                                ERROR_FAILED,
                                "the process that unpacks ended without an answer");
        if (result < 0)
                return answer_parse_error(record, (int) result, error);
        r = record_get_u64(record, "SIZE", &ret->size);
        if (r >= 0)
                r = record_get_u64(record, "ENTRIES", &ret->entries);
        if (r < 0)
                return r;
        diff_id = record_get(record, "DIFF_ID") ?: "";
        ret->diff_id = (Digest) {};
        return *diff_id ? digest_parse(diff_id, &ret->diff_id, error) : 0;
}

/* ---- in the processes ------------------------------------------------------------------------- */
/* -- the one that inflates -- */
static int inflate_all(const Work *w, UnpackResult *ret, Error *error) {
        StreamSpec spec = { .fd = w->input->fd,
                .progress_fd = w->input->progress_fd,
                .size_max = w->settings->limits.size_max,
                .hash = true };
        _cleanup_(stream_freep) Stream *stream = NULL;
        StreamResult result;
        void *slot;
        ssize_t n;
        int r;

        r = stream_open(&spec, &stream, error);
        while (r >= 0) {
                r = ring_reserve(w->ring, &slot);
                if (r < 0)
                        return r;
                n = stream_read(stream, slot, RING_SLOT_SIZE, error);
                if (n <= 0) {
                        r = (int) n;
                        break;
                }
                r = ring_send(w->ring, (size_t) n, /* is_last= */ false);
        }
        if (r >= 0)
                r = stream_result(stream, &result);
        if (r < 0)
                return r;
        *ret = (UnpackResult) { .diff_id = result.diff_id, .size = result.size };
        return 0;
}

static int inflate_answer(const Work *w, int result, const UnpackResult *u, const Error *error) {
        RecordWriter writer = {};
        void *slot;
        int r;

        r = answer_format(&writer, result, u, error);
        if (r >= 0)
                r = ring_reserve(w->ring, &slot);
        if (r >= 0 && writer.size > RING_SLOT_SIZE)
                r = -E2BIG;
        if (r >= 0) {
                memcpy(slot, writer.text, writer.size);
                r = ring_send(w->ring, writer.size, /* is_last= */ true);
        }
        record_writer_done(&writer);
        return r;
}

static int inflate_process(const void *userdata) {
        const Work *w = userdata;
        const int keep[] = {
                w->input->fd, w->input->progress_fd, w->ring->full_fds[1], w->ring->empty_fds[0]
        };
        _cleanup_(error_done) Error error = {};
        const ConfineSpec nothing = {};
        UnpackResult result = {};
        int r;

        ring_be_producer(w->ring);
        r = process_confine(keep, ELEMENTSOF(keep), &nothing, &error);
        if (r >= 0)
                r = inflate_all(w, &result, &error);
        return inflate_answer(w, r, &result, &error) < 0;
}

/* -- the one that writes -- */
typedef struct RingReader {
        Ring *ring; /* borrowed */
        UnpackResult result;
        bool at_end;
} RingReader;

static ssize_t ring_read(void *userdata, const void **ret, Error *error) {
        _cleanup_free_ char *text = NULL;
        RingReader *reader = userdata;
        size_t size = 0;
        int r;

        if (reader->at_end)
                return 0;
        r = ring_receive(reader->ring, ret, &size, &reader->at_end);
        if (r < 0)
                return error_set_plain(error,
                                -EPROTO,
                                ERROR_FAILED,
                                "the process that inflates ended without an answer");
        if (!reader->at_end)
                return (ssize_t) size;
        text = strndup(*ret, size);
        return text ? answer_parse(text, &reader->result, error) : -ENOMEM;
}

typedef struct PlainReader {
        BlobInput input;
        uint64_t size, size_max;
} PlainReader;

static ssize_t plain_read(void *userdata, const void **ret, Error *error) {
        PlainReader *reader = userdata;
        ssize_t n = blob_input_take(&reader->input, ret);

        if (n < 0)
                return error_set(error, (int) n, ERROR_STORAGE, "cannot read the layer");
        reader->size += (size_t) n;
        if (reader->size > reader->size_max)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "the layer has more than the limit of %llu bytes",
                                (unsigned long long) reader->size_max);
        return n;
}

static int write_from_ring(const Work *w, UnpackRequest *request, UnpackResult *ret, Error *error) {
        RingReader reader = { .ring = w->ring };
        uint64_t entries = 0;
        int r;

        request->read = ring_read;
        request->read_userdata = &reader;
        r = unpack_layer(request, &entries, error);
        request->read_userdata = NULL; /* it was ours */
        *ret = reader.result;
        ret->entries = entries;
        return r;
}

static int write_from_file(const Work *w, UnpackRequest *request, UnpackResult *ret, Error *error) {
        PlainReader reader = { .size_max = w->settings->limits.size_max };
        int r;

        r = blob_input_init(&reader.input, w->input->fd, w->input->progress_fd);
        request->read = plain_read;
        request->read_userdata = &reader;
        if (r >= 0)
                r = unpack_layer(request, &ret->entries, error);
        request->read_userdata = NULL; /* it was ours */
        ret->size = reader.size;
        blob_input_done(&reader.input);
        return r;
}

static int write_process(const void *userdata) {
        const Work *w = userdata;
        int broker_fd = w->settings->broker_fd, root_fd = w->root_fd, r;
        _cleanup_(error_done) Error error = {};
        RecordWriter writer = {};
        UnpackResult result = {};
        UnpackRequest request = {
                .root_fd = root_fd,
                .scratch_fd = root_fd,
                .entries_max = w->settings->limits.entries_max,
                .make_opaque = broker_make_opaque,
                .opaque_userdata = &broker_fd,
                .may_keep_whiteouts = w->settings->may_keep_whiteouts,
        };
        const ConfineSpec spec = { .write_fds = &root_fd, .n_write_fds = 1 };
        const bool plain = w->input->is_plain;
        const int keep[] = { root_fd,
                w->answer_fd,
                broker_fd,
                plain ? w->input->fd : w->ring->full_fds[0],
                plain ? w->input->progress_fd : w->ring->empty_fds[1] };

        ring_be_consumer(w->ring);
        (void) umask(0); /* can't fail */
        r = process_confine(keep, ELEMENTSOF(keep), &spec, &error);
        if (r >= 0)
                r = plain ? write_from_file(w, &request, &result, &error)
                          : write_from_ring(w, &request, &result, &error);
        r = answer_format(&writer, r, &result, &error);
        if (r >= 0)
                r = fd_write_all(w->answer_fd, writer.text, writer.size);
        record_writer_done(&writer);
        return r < 0;
}

/* ---- around them ------------------------------------------------------------------------------ */
void layer_worker_done(LayerWorker *w) {
        (void) process_reap(&w->pid, /* kill_it= */ true);
        (void) process_reap(&w->inflate_pid, /* kill_it= */ true);
        w->answer_fd = close_fd(w->answer_fd);
}

static int start_both(Work *w, LayerWorker *ret) {
        int r = 0;

        if (!w->input->is_plain) {
                r = ring_init(w->ring);
                if (r >= 0)
                        r = ret->inflate_pid = process_start(inflate_process, w);
        }
        if (r >= 0)
                r = ret->pid = process_start(write_process, w);
        return r;
}

int layer_worker_start(const LayerSettings *settings,
                const LayerInput *input,
                int root_fd,
                LayerWorker *ret,
                Error *error) {
        LayerWorker worker = LAYER_WORKER_NONE;
        Ring ring = RING_NONE;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int write_fd = fds[1];
        worker.answer_fd = fds[0];
        Work w = { .settings = settings,
                .input = input,
                .ring = &ring,
                .root_fd = root_fd,
                .answer_fd = write_fd };
        r = start_both(&w, &worker);
        ring_done(&ring);
        if (r < 0) {
                layer_worker_done(&worker);
                return error_set(error, r, ERROR_RUNTIME, "cannot start a process");
        }
        *ret = worker;
        return 0;
}

int layer_worker_finish(LayerWorker *w, UnpackResult *ret, Error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read_fd(w->answer_fd, ANSWER_SIZE_MAX, &text, NULL);
        w->answer_fd = close_fd(w->answer_fd);
        (void) process_reap(&w->pid, /* kill_it= */ r < 0);
        /* Whose data nobody reads any more. */
        (void) process_reap(&w->inflate_pid, /* kill_it= */ true);
        return r < 0 ? r : answer_parse(text, ret, error);
}

int layer_unpack_into(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                UnpackResult *ret,
                Error *error) {
        const LayerInput input = { .fd = stream_fd, .progress_fd = -EBADF };
        LayerWorker w = LAYER_WORKER_NONE;
        int r;

        r = layer_worker_start(settings, &input, root_fd, &w, error);
        return r < 0 ? r : layer_worker_finish(&w, ret, error);
}
