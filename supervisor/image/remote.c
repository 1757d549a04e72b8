/* SPDX-License-Identifier: MIT */
#include "image/remote.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

#define BUFFER_SIZE ((size_t) 256 * 1024)
#define PIPE_SIZE (1024 * 1024) /* what the kernel grants everybody */
#define EXCHANGES_MAX 64U
#define DELAY_FIRST_USEC (2 * USEC_PER_SEC)
#define DELAY_MAX_USEC (5 * USEC_PER_MINUTE)
/* After so much a connection that breaks is not the same trouble again. */
#define PROGRESS_BYTES (UINT64_C(1024) * 1024)

/* ---- the list --------------------------------------------------------------------------------- */
int remote_begin(Remote *r, Exchange *x) {
        Exchange **grown = realloc(r->exchanges, (r->n_exchanges + 1) * sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        assert(r->n_exchanges < EXCHANGES_MAX); /* the number of parallel downloads is limited */
        r->exchanges = grown;
        r->exchanges[r->n_exchanges++] = x;
        x->state = EXCHANGE_DUE;
        x->due_usec = 0;
        return 0;
}

static void forget(Remote *r, const Exchange *x) {
        for (size_t i = 0; i < r->n_exchanges; i++)
                if (r->exchanges[i] == x) {
                        r->exchanges[i] = r->exchanges[--r->n_exchanges];
                        return;
                }
}

/* Closing the pipe tells the other side; what it answers to that is nobody's any more. */
static void end_attempt(Exchange *x) {
        x->body_fd = close_fd(x->body_fd);
        fetch_answer_done(&x->answer);
        x->id = 0;
}

void remote_drop(Remote *r, Exchange *x) {
        forget(r, x);
        end_attempt(x);
        error_done(&x->error);
        x->state = EXCHANGE_IDLE;
}

void remote_done(Remote *r) {
        free(r->exchanges);
        free(r->buffer);
        *r = (Remote) { .socket_fd = -EBADF };
}

/* @x->error is set, or @result is -ENOMEM. */
static void fail(Remote *r, Exchange *x, int result, bool is_transient) {
        end_attempt(x);
        forget(r, x);
        x->state = EXCHANGE_FAILED;
        x->result = result;
        x->is_transient = is_transient;
}

/* ---- attempts --------------------------------------------------------------------------------- */
static const Endpoint *endpoint_of(const Remote *r, const Exchange *x) {
        return &r->endpoints->items[x->endpoint];
}

static bool is_last_endpoint(const Remote *r, const Exchange *x) {
        return x->endpoint + 1 == r->endpoints->n_items;
}

/* Return: the reading end, or negative errno. */
static int make_pipe(int *ret_write_fd) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        (void) fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE); /* a small one is only slower */
        int r = fd_set_nonblock(fds[0], 1);
        if (r < 0) {
                (void) close_fd(fds[0]);
                (void) close_fd(fds[1]);
                return r;
        }
        *ret_write_fd = fds[1];
        return fds[0];
}

static int ask(Remote *r, Exchange *x) {
        _cleanup_close_ int write_fd = -EBADF;
        int q;

        while (endpoint_of(r, x)->has_failed && !is_last_endpoint(r, x))
                x->endpoint++;
        const Endpoint *e = endpoint_of(r, x);
        FetchRequest request = {
                .id = ++r->last_id,
                .kind = x->kind,
                .registry = e->registry,
                .repository = e->repository,
                .what = x->what,
                .is_mirror = e->is_mirror,
        };
        q = x->ops->begin(x->userdata, x->from_zero, &request.offset, &request.limit, &x->error);
        if (q < 0)
                return q;
        x->body_fd = make_pipe(&write_fd);
        if (x->body_fd < 0)
                return error_set(&x->error, x->body_fd, ERROR_RUNTIME, "cannot make a pipe");
        x->id = request.id;
        x->has_started = false;
        x->received = 0;
        x->state = EXCHANGE_RUNNING;
        q = fetch_request_send(r->socket_fd, &request, write_fd);
        return q < 0 ? error_set(&x->error, q, ERROR_RUNTIME, "cannot ask the process that fetches")
                     : 0;
}

static uint64_t delay(const Remote *r, const Exchange *x) {
        uint64_t delay_usec = r->policy.delay_usec;
        unsigned char random;

        if (delay_usec == USEC_INFINITY) {
                delay_usec = DELAY_FIRST_USEC << MIN(x->attempts, 8U);
                /* Up to a quarter more or less, lest all that lost the same server come back at once. */
                if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
                        random = 128; /* the middle */
                delay_usec = delay_usec * 3 / 4 + delay_usec / 2 * random / 255;
        }
        if (x->answer.retry_after_usec != USEC_INFINITY)
                delay_usec = MAX(delay_usec, x->answer.retry_after_usec);
        return MIN(delay_usec, DELAY_MAX_USEC);
}

static void again(Exchange *x, uint64_t due_usec) {
        end_attempt(x);
        x->state = EXCHANGE_DUE;
        x->due_usec = due_usec;
}

static void tell(const Remote *r, const char *before, uint64_t delay_usec, const char *why) {
        _cleanup_free_ char *span = delay_usec > 0 ? span_format(delay_usec) : NULL;
        _cleanup_free_ char *text = str_printf("%s%s: %s", before, span ?: "", why);

        if (text && r->notice)
                r->notice(text);
}

/* Elsewhere at once, here after a while, or not at all. */
static void attempt_failed(Remote *r, Exchange *x, int result, bool is_transient) {
        const char *why = error_text(&x->error, result);

        if (x->received >= PROGRESS_BYTES)
                x->attempts = 0;
        if (!is_last_endpoint(r, x)) {
                Endpoint *e = &r->endpoints->items[x->endpoint];
                /* What it lacks it may just not have mirrored; else there is something wrong with it. */
                e->has_failed = e->has_failed || result != -ENOENT;
                _cleanup_free_ char *before = str_printf(
                                "mirror %s is of no use, trying %s", e->registry, e[1].registry);
                tell(r, before ?: "mirror", 0, why);
                x->endpoint++;
                error_done(&x->error);
                again(x, 0);
        } else if (is_transient && x->attempts < r->policy.retries) {
                uint64_t delay_usec = delay(r, x);
                tell(r, "retrying in ", delay_usec, why);
                x->attempts++;
                error_done(&x->error);
                again(x, usec_add(clock_monotonic_usec(), delay_usec));
        } else
                fail(r, x, result, is_transient);
}

static void attempt_ended(Remote *r, Exchange *x) {
        int q = x->answer.result;

        if (q == -ERANGE && !x->from_zero) {
                x->from_zero = true;
                again(x, 0);
                return;
        }
        if (q < 0) {
                (void) error_set_plain(&x->error, q, x->answer.code, "%s", x->answer.message ?: "");
                attempt_failed(r, x, q, x->answer.is_transient);
                return;
        }
        q = x->ops->end(x->userdata, &x->answer, &x->error);
        if (q == EXCHANGE_SHORT) {
                q = error_set_plain(&x->error,
                                -ECONNRESET,
                                ERROR_FAILED,
                                "%s: %s ends too early",
                                endpoint_of(r, x)->registry,
                                x->what);
                attempt_failed(r, x, q, /* is_transient= */ true);
        } else if (q == EXCHANGE_AGAIN) {
                x->endpoint += !is_last_endpoint(r, x);
                again(x, 0);
        } else if (q < 0)
                fail(r, x, q, /* is_transient= */ false);
        else {
                end_attempt(x);
                forget(r, x);
                x->state = EXCHANGE_DONE;
        }
}

/* ---- what comes ------------------------------------------------------------------------------- */
static Exchange *find(const Remote *r, uint64_t id) {
        for (size_t i = 0; i < r->n_exchanges; i++)
                if (id != 0 && r->exchanges[i]->id == id)
                        return r->exchanges[i];
        return NULL;
}

static void take_answer(Remote *r, FetchAnswer *a) {
        Exchange *x = find(r, a->id);

        if (a->event == FETCH_NOTICE && r->notice && a->message)
                r->notice(a->message);
        if (!x || a->event == FETCH_NOTICE)
                return; /* of an attempt that was given up */
        if (a->event == FETCH_STARTED) {
                x->has_started = true;
                int q = x->ops->start(x->userdata, a->offset, &x->error);
                if (q < 0)
                        fail(r, x, q, false);
        } else {
                x->answer = *a;
                *a = (FetchAnswer) {};
        }
}

static int take_answers(Remote *r, Error *error) {
        int q;

        do {
                _cleanup_(fetch_answer_done) FetchAnswer a = {};
                q = fetch_answer_receive(r->socket_fd, /* wait= */ false, &a);
                if (q > 0)
                        take_answer(r, &a);
        } while (q > 0);
        if (q == -EAGAIN)
                return 0;
        return q < 0 ? error_set(error, q, ERROR_RUNTIME, "the process that fetches")
                     : error_set_plain(error,
                                       -EPIPE,
                                       ERROR_RUNTIME,
                                       "the process that fetches has died");
}

static void take_data(Remote *r, Exchange *x) {
        ssize_t n = read(x->body_fd, r->buffer, BUFFER_SIZE);
        int q;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                q = n < 0 ? -errno : 0;
                x->body_fd = close_fd(x->body_fd);
                if (q < 0)
                        fail(r, x, error_set(&x->error, q, ERROR_RUNTIME, "pipe"), false);
                return;
        }
        /* What announces a body is sent before its first byte, so it is there by now. */
        if (!x->has_started)
                (void) take_answers(r, NULL); /* the next turn finds out, too */
        if (x->state != EXCHANGE_RUNNING)
                return;
        x->received += (size_t) n;
        q = x->has_started ? x->ops->data(x->userdata, r->buffer, (size_t) n, &x->error)
                           : error_set_plain(&x->error,
                                             -EPROTO,
                                             ERROR_RUNTIME,
                                             "the process that fetches breaks its rules");
        if (q < 0)
                fail(r, x, q, false);
}

/* Once around: nobody's stream may starve the others. From the end, since those that are over go, and the
 * last one takes their place. */
static void take_all_data(Remote *r) {
        for (size_t i = r->n_exchanges; i-- > 0;) {
                if (i >= r->n_exchanges)
                        continue;
                Exchange *x = r->exchanges[i];
                if (x->body_fd >= 0 && x->state == EXCHANGE_RUNNING)
                        take_data(r, x);
                if (x->state == EXCHANGE_RUNNING && x->body_fd < 0 && x->answer.id != 0)
                        attempt_ended(r, x);
        }
}

static void ask_all_due(Remote *r, uint64_t *until_usec) {
        uint64_t now_usec = clock_monotonic_usec();

        for (size_t i = r->n_exchanges; i-- > 0;) {
                Exchange *x = r->exchanges[i];
                if (x->state == EXCHANGE_DUE && x->due_usec <= now_usec) {
                        int q = ask(r, x);
                        if (q < 0)
                                fail(r, x, q, false);
                } else if (x->state == EXCHANGE_DUE)
                        *until_usec = MIN(*until_usec, x->due_usec);
        }
}

static int wait_for_any(Remote *r, int other_fd, uint64_t until_usec) {
        struct pollfd polled[EXCHANGES_MAX + 2];
        nfds_t n = 0;
        int timeout_msec = -1;

        polled[n++] = (struct pollfd) { .fd = r->socket_fd, .events = POLLIN };
        polled[n++] = (struct pollfd) { .fd = other_fd, .events = POLLIN };
        for (size_t i = 0; i < r->n_exchanges; i++)
                if (r->exchanges[i]->body_fd >= 0)
                        polled[n++] = (struct pollfd) { .fd = r->exchanges[i]->body_fd,
                                .events = POLLIN };
        if (until_usec != USEC_INFINITY) {
                uint64_t left_usec = usec_sub(until_usec, clock_monotonic_usec());
                timeout_msec = (int) MIN(left_usec / USEC_PER_MSEC + 1, UINT64_C(3600000));
        }
        return poll(polled, n, timeout_msec) < 0 && errno != EINTR ? -errno : 0;
}

int remote_turn(Remote *r, int other_fd, uint64_t until_usec, Error *error) {
        size_t before;
        int q;

        if (!r->buffer)
                r->buffer = malloc(BUFFER_SIZE);
        if (!r->buffer)
                return -ENOMEM;
        before = r->n_exchanges;
        ask_all_due(r, &until_usec);
        if (r->n_exchanges < before)
                return 0; /* one has failed already */
        q = wait_for_any(r, other_fd, until_usec);
        if (q < 0)
                return error_set(error, q, ERROR_RUNTIME, "cannot wait for the network");
        q = take_answers(r, error);
        if (q >= 0)
                take_all_data(r);
        return q;
}
