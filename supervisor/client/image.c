/* SPDX-License-Identifier: MIT */
#include "client/image.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "client/client-internal.h"
#include "supd/bus.h"

#define SIGNALLED 128 /* an exit status above says which signal ended it */

typedef struct ImageCall {
        Client *client;              /* borrowed */
        const ImageRequest *request; /* borrowed */
        RecordStream stream;
        int records_fd; /* owned; -EBADF: read to its end */
        Error told;     /* what the program says of its failure */
        int told_number;
        bool answered;
        int result; /* of the call; its text is in `refusal` */
        Error refusal;
        int32_t status; /* of the program */
} ImageCall;

static void image_call_done(ImageCall *call) {
        record_stream_done(&call->stream);
        (void) close_fd(call->records_fd);
        error_done(&call->told);
        error_done(&call->refusal);
}

static void take_record(const char *key, const char *value, void *userdata) {
        ImageCall *call = userdata;
        int64_t number;

        if (str_equal(key, "ERROR"))
                (void) str_replace(&call->told.message, value); /* the number remains */
        else if (str_equal(key, "ERROR_CODE"))
                call->told.code = error_code_from_string(value);
        else if (str_equal(key, "ERRNO")) {
                if (parse_i64(value, &number) >= 0 && number > 0 && number < 4096)
                        call->told_number = -(int) number;
        } else if (call->request->on_record)
                call->request->on_record(key, value, call->request->userdata);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        ImageCall *call = ASSERT_PTR(userdata);
        const sd_bus_error *bus_error = sd_bus_message_get_error(m);

        (void) ret_error;
        call->answered = true;
        if (bus_error)
                call->result = client_error(call->client,
                                -sd_bus_error_get_errno(bus_error),
                                bus_error,
                                &call->refusal);
        else
                call->result = MIN(sd_bus_message_read(m, "i", &call->status), 0);
        return 0;
}

static int send_call(ImageCall *call, int records_fd, int data_fd, sd_bus_slot **ret_slot) {
        _cleanup_message_ sd_bus_message *m = NULL;

        int r = sd_bus_message_new_method_call(call->client->bus,
                        &m,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_IMAGE,
                        "Run");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) call->request->words);
        if (r >= 0)
                r = sd_bus_message_append(m, "hh", records_fd, data_fd);
        if (r >= 0)
                r = sd_bus_call_async(call->client->bus,
                                ret_slot,
                                m,
                                on_answer,
                                call,
                                /* usec= */ UINT64_MAX);
        return r;
}

/* Return: 0, or what is wrong with the records. */
static int read_records(ImageCall *call) {
        int r = record_stream_read(&call->stream, call->records_fd, take_record, call);

        if (r == 0)
                call->records_fd = close_fd(call->records_fd);
        return MIN(r, 0);
}

static int wait_for_answer(ImageCall *call) {
        int r = 0;

        while (r >= 0 && !call->answered) {
                r = client_turn_beside(call->client,
                                call->request->interrupt_fd,
                                call->records_fd,
                                USEC_INFINITY);
                if (r > 0)
                        r = read_records(call);
        }
        /* What it wrote last, before it ended. */
        return r >= 0 && call->records_fd >= 0 ? read_records(call) : r;
}

static int image_call_run(ImageCall *call) {
        _cleanup_slot_ sd_bus_slot *slot = NULL;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        call->records_fd = fds[0];
        _cleanup_close_ int write_fd = fds[1], null_fd = -EBADF;
        int data_fd = call->request->data_fd;

        int r = fd_set_nonblock(call->records_fd, /* nonblock= */ 1);
        if (r >= 0 && data_fd < 0)
                r = data_fd = null_fd = neg_errno(open("/dev/null", O_RDWR | O_CLOEXEC));
        if (r >= 0)
                r = send_call(call, write_fd, data_fd, &slot);
        write_fd = close_fd(write_fd);
        return r < 0 ? r : wait_for_answer(call);
}

/* The program's own words are better than anything that is known of it from outside. */
static int image_call_result(ImageCall *call, Error *error) {
        if (call->result < 0) {
                error_move(error, &call->refusal);
                return call->result;
        }
        if (call->status == 0)
                return 0;
        int number = call->told_number < 0 ? call->told_number : -EIO;
        if (call->told.message) {
                call->told.number = number;
                error_move(error, &call->told);
                return number;
        }
        return error_set_plain(error,
                        number,
                        ERROR_FAILED,
                        call->status > SIGNALLED ? "supd-image was killed by signal %d"
                                                 : "supd-image ended with status %d and no reason",
                        (int) (call->status > SIGNALLED ? call->status - SIGNALLED : call->status));
}

int client_run_image(Client *c, const ImageRequest *request, Error *error) {
        _cleanup_(image_call_done) ImageCall call = {
                .client = c,
                .request = request,
                .records_fd = -EBADF,
        };

        int r = image_call_run(&call);
        if (r == -EBADMSG || r == -E2BIG)
                return error_set(error, r, ERROR_FAILED, "supd-image tells what can't be read");
        if (r == -EINTR)
                return r;
        return r < 0 ? client_error(c, r, NULL, error) : image_call_result(&call, error);
}
