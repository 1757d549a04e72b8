/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/client-internal.h"
#include "supd/bus.h"

/* clang-format off */
static const struct {
        const char *method;
        bool makes_job;
} actions[] = {
        [UNIT_START]        = { "StartUnit",       true  },
        [UNIT_STOP]         = { "StopUnit",        true  },
        [UNIT_RESTART]      = { "RestartUnit",     true  },
        [UNIT_TRY_RESTART]  = { "TryRestartUnit",  true  },
        [UNIT_RELOAD]       = { "ReloadUnit",      true  },
        [UNIT_RELOAD_OR_RESTART]     = { "ReloadOrRestartUnit",    true },
        [UNIT_RELOAD_OR_TRY_RESTART] = { "ReloadOrTryRestartUnit", true },
        [UNIT_KILL]         = { "KillUnit",        false },
        [UNIT_FREEZE]       = { "FreezeUnit",      false },
        [UNIT_THAW]         = { "ThawUnit",        false },
        [UNIT_RESET_FAILED] = { "ResetFailedUnit", false },
};
/* clang-format on */
static_assert(ELEMENTSOF(actions) == _UNIT_ACTION_MAX, "every action has a method");

bool unit_action_makes_job(UnitAction action) {
        return actions[action].makes_job;
}

void unit_request_done(UnitRequest *request) {
        error_done(&request->error);
        free(request->job_path);
        free(request->job_result);
        free(request->id);
        *request = (UnitRequest) {};
}

/* All requests of one call, for the handlers. */
#define WAIT_INTERVAL_USEC (250 * USEC_PER_MSEC)

typedef struct Batch {
        Client *client;        /* borrowed */
        UnitRequest *requests; /* borrowed */
        size_t n_requests;
        size_t n_unanswered;
        bool wait; /* for jobs to end */
} Batch;

/* What one answer belongs to. */
typedef struct Answer {
        Batch *batch;         /* borrowed */
        UnitRequest *request; /* borrowed */
        sd_bus_slot *slot;    /* owned */
} Answer;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Answer *answer = ASSERT_PTR(userdata);
        UnitRequest *request = answer->request;
        const sd_bus_error *bus_error = sd_bus_message_get_error(m);
        const char *path = NULL;
        int r = 0;

        (void) ret_error;
        answer->batch->n_unanswered--;

        if (bus_error) {
                r = -sd_bus_error_get_errno(bus_error);
                request->number =
                                client_error(answer->batch->client, r, bus_error, &request->error);
                return 0;
        }
        if (!actions[request->action].makes_job)
                return 0;

        r = sd_bus_message_read(m, "o", &path);
        if (r >= 0)
                r = str_replace(&request->job_path, path);
        if (r < 0)
                request->number = client_error(answer->batch->client, r, NULL, &request->error);
        return 0;
}

/* The job of a request may end before or after that of another; by its path it is known. */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Batch *batch = ASSERT_PTR(userdata);
        const char *path, *unit, *result;

        (void) ret_error;
        int r = sd_bus_message_read(m, "uoss", NULL, &path, &unit, &result);
        if (r < 0)
                return 0; /* somebody's malformed signal is no reason to stop waiting */

        for (size_t i = 0; i < batch->n_requests; i++) {
                UnitRequest *request = &batch->requests[i];

                if (!str_equal(request->job_path, path) || request->job_result)
                        continue;
                r = str_replace(&request->id, unit);
                if (r >= 0)
                        r = str_replace(&request->job_result, result);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int new_call(Client *c, const UnitRequest *request, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(c->bus,
                        ret,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        actions[request->action].method);
        if (r < 0)
                return r;

        if (actions[request->action].makes_job)
                return sd_bus_message_append(*ret, "ss", request->unit, request->mode);
        if (request->action == UNIT_KILL)
                return sd_bus_message_append(
                                *ret, "ssi", request->unit, request->whom, request->signal);
        return sd_bus_message_append(*ret, "s", request->unit);
}

static int send_all(Batch *batch, Answer *answers) {
        for (size_t i = 0; i < batch->n_requests; i++) {
                _cleanup_message_ sd_bus_message *call = NULL;

                answers[i] = (Answer) { .batch = batch, .request = &batch->requests[i] };
                int r = new_call(batch->client, answers[i].request, &call);
                if (r >= 0)
                        r = sd_bus_call_async(batch->client->bus,
                                        &answers[i].slot,
                                        call,
                                        on_answer,
                                        &answers[i],
                                        0 /* usual time-out */);
                if (r < 0)
                        return r;
                batch->n_unanswered++;
        }
        return 0;
}

static bool is_settled(const Batch *batch) {
        if (batch->n_unanswered > 0)
                return false;
        for (size_t i = 0; batch->wait && i < batch->n_requests; i++) {
                const UnitRequest *request = &batch->requests[i];

                if (request->job_path && !request->job_result)
                        return false;
        }
        return true;
}

/* One turn of the loop, or the call that is due. */
static int turn(Batch *batch, const ClientWait *wait, uint64_t *next_usec) {
        bool calls = wait && wait->on_interval;
        int r = client_turn(batch->client,
                        wait ? wait->interrupt_fd : -EBADF,
                        calls ? *next_usec : USEC_INFINITY);

        if (!calls || r != -ETIMEDOUT)
                return r;
        wait->on_interval(wait->userdata);
        *next_usec = clock_monotonic_usec() + WAIT_INTERVAL_USEC;
        return 0;
}

static int settle(Batch *batch, Answer *answers, const ClientWait *wait, Error *error) {
        uint64_t next_usec = clock_monotonic_usec() + WAIT_INTERVAL_USEC;
        _cleanup_slot_ sd_bus_slot *match = NULL;
        int r = 0;

        /* Before the first request: a job may end before the last request is answered. */
        if (batch->wait)
                r = sd_bus_match_signal(batch->client->bus,
                                &match,
                                NULL,
                                SUPD_SYSTEMD_PATH,
                                SUPD_SYSTEMD_MANAGER,
                                "JobRemoved",
                                on_job_removed,
                                batch);
        if (r >= 0)
                r = send_all(batch, answers);
        while (r >= 0 && !is_settled(batch))
                r = turn(batch, wait, &next_usec);

        for (size_t i = 0; i < batch->n_requests; i++)
                answers[i].slot = sd_bus_slot_unref(answers[i].slot);
        return r >= 0 || r == -EINTR ? r : client_error(batch->client, r, NULL, error);
}

int client_run_units(
                Client *c, UnitRequest *requests, size_t n, const ClientWait *wait, Error *error) {
        Batch batch = { .client = c, .requests = requests, .n_requests = n, .wait = wait != NULL };

        _cleanup_free_ Answer *answers = calloc(MAX(n, (size_t) 1), sizeof(*answers));
        if (!answers)
                return -ENOMEM;
        return settle(&batch, answers, wait, error);
}
