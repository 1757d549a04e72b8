/* SPDX-License-Identifier: MIT */
#include "image/registry/fetch.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/record.h"
#include "base/text.h"

/* clang-format off */
static const char *const kind_names[_FETCH_KIND_MAX] = {
        [FETCH_MANIFEST] = "manifest",
        [FETCH_DIGEST]   = "digest",
        [FETCH_BLOB]     = "blob",
};

static const char *const event_names[_FETCH_EVENT_MAX] = {
        [FETCH_STARTED] = "started",
        [FETCH_DONE]    = "done",
        [FETCH_NOTICE]  = "notice",
};
/* clang-format on */

static int name_find(const char *const *names, int n, const char *name) {
        for (int i = 0; i < n; i++)
                if (str_equal(names[i], name))
                        return i;
        return -EINVAL;
}

typedef union FdMessage {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
} FdMessage;

/* ---- messages --------------------------------------------------------------------------------- */
/* Empties @w. @fd: -EBADF for none. */
static int send_records(int socket_fd, RecordWriter *w, int fd) {
        FdMessage control = {};
        struct iovec iov = { w->text, w->size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        int r = w->result;

        if (fd >= 0) {
                message.msg_control = &control;
                message.msg_controllen = sizeof(control);
                struct cmsghdr *c = CMSG_FIRSTHDR(&message);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof(int));
        }
        if (r >= 0 && w->size > FETCH_MESSAGE_SIZE_MAX)
                r = -E2BIG;
        while (r >= 0 && sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
                if (errno != EINTR)
                        r = -errno;
        record_writer_done(w);
        return r;
}

/* Return: 1; 0 at the end; negative errno. *ret_fd is -EBADF if none came. */
static int receive_records(int socket_fd, int flags, Record **ret, int *ret_fd) {
        _cleanup_free_ char *text = malloc(FETCH_MESSAGE_SIZE_MAX + 1);
        FdMessage control = {};
        struct iovec iov = { text, FETCH_MESSAGE_SIZE_MAX };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };

        if (!text)
                return -ENOMEM;
        ssize_t n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | flags);
        if (n <= 0)
                return n == 0 ? 0 : errno == EINTR ? -EAGAIN : -errno;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        _cleanup_close_ int fd = -EBADF;
        if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(&fd, CMSG_DATA(c), sizeof(int));
        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || memchr(text, '\0', (size_t) n))
                return -EBADMSG;
        text[n] = '\0';
        int r = record_parse(text, ret);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 1;
}

/* ---- requests --------------------------------------------------------------------------------- */
int fetch_request_send(int socket_fd, const FetchRequest *request, int body_fd) {
        RecordWriter w = {};

        record_put_u64(&w, "ID", request->id);
        record_put(&w, "KIND", kind_names[request->kind]);
        record_put(&w, "REGISTRY", request->registry);
        record_put(&w, "REPOSITORY", request->repository);
        record_put(&w, "WHAT", request->what);
        record_put_u64(&w, "OFFSET", request->offset);
        record_put_u64(&w, "LIMIT", request->limit);
        record_put_bool(&w, "MIRROR", request->is_mirror);
        return send_records(socket_fd, &w, body_fd);
}

static int request_parse(const Record *record, FetchRequest *ret) {
        FetchRequest f = {
                .kind = (FetchKind) name_find(
                                kind_names, _FETCH_KIND_MAX, record_get(record, "KIND")),
                .registry = record_get(record, "REGISTRY"),
                .repository = record_get(record, "REPOSITORY"),
                .what = record_get(record, "WHAT"),
        };

        if ((int) f.kind < 0 || !f.registry || !f.repository || !f.what ||
                        record_get_u64(record, "ID", &f.id) < 0 ||
                        record_get_u64(record, "OFFSET", &f.offset) < 0 ||
                        record_get_u64(record, "LIMIT", &f.limit) < 0 ||
                        record_get_bool(record, "MIRROR", &f.is_mirror) < 0)
                return -EBADMSG;
        *ret = f;
        return 0;
}

int fetch_request_receive(int socket_fd, FetchRequest *ret, Record **ret_text, int *ret_body_fd) {
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = receive_records(socket_fd, 0, &record, &fd);
        if (r <= 0)
                return r;
        if (fd < 0)
                return -EBADMSG;
        r = request_parse(record, ret);
        if (r < 0)
                return r;
        *ret_text = TAKE_PTR(record);
        *ret_body_fd = TAKE_FD(fd);
        return 1;
}

/* ---- answers ---------------------------------------------------------------------------------- */
int fetch_answer_send(int socket_fd, const FetchAnswer *a) {
        RecordWriter w = {};

        record_put_u64(&w, "ID", a->id);
        record_put(&w, "EVENT", event_names[a->event]);
        record_put_i64(&w, "RESULT", a->result);
        record_put(&w, "CODE", error_code_to_string(a->code));
        record_put(&w, "MESSAGE", a->message);
        record_put_bool(&w, "TRANSIENT", a->is_transient);
        record_put_u64(&w, "RETRY_AFTER_USEC", a->retry_after_usec);
        record_put_u64(&w, "OFFSET", a->offset);
        record_put(&w, "DIGEST", a->digest);
        return send_records(socket_fd, &w, -EBADF);
}

static ErrorCode code_from_string(const char *s) {
        for (int i = 0; i < _ERROR_CODE_MAX; i++)
                if (str_equal(error_code_to_string((ErrorCode) i), s))
                        return (ErrorCode) i;
        return ERROR_FAILED;
}

static int answer_parse(const Record *record, FetchAnswer *a) {
        const char *digest = record_get(record, "DIGEST");
        int64_t result;
        Digest ignored;

        a->event = (FetchEvent) name_find(
                        event_names, _FETCH_EVENT_MAX, record_get(record, "EVENT"));
        if ((int) a->event < 0 || record_get_u64(record, "ID", &a->id) < 0 ||
                        record_get_i64(record, "RESULT", &result) < 0 || result > 0 ||
                        result < -4095 || record_get_u64(record, "OFFSET", &a->offset) < 0 ||
                        record_get_bool(record, "TRANSIENT", &a->is_transient) < 0 ||
                        record_get_u64(record, "RETRY_AFTER_USEC", &a->retry_after_usec) < 0)
                return -EBADMSG;
        a->result = (int) result;
        a->code = code_from_string(record_get(record, "CODE"));
        if (digest && digest_parse(digest, &ignored, NULL) < 0)
                digest = NULL;
        if (str_replace(&a->digest, digest) < 0)
                return -ENOMEM;
        /* It has been through a parser of foreign bytes, and goes to a terminal. */
        const char *message = record_get(record, "MESSAGE");
        a->message = message ? text_escape_controls(message) : NULL;
        return message && !a->message ? -ENOMEM : 0;
}

int fetch_answer_receive(int socket_fd, bool wait, FetchAnswer *ret) {
        _cleanup_(fetch_answer_done) FetchAnswer a = {};
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = receive_records(socket_fd, wait ? 0 : MSG_DONTWAIT, &record, &fd);
        if (r <= 0)
                return r;
        r = answer_parse(record, &a);
        if (r < 0)
                return r;
        *ret = a;
        a = (FetchAnswer) {};
        return 1;
}

void fetch_answer_done(FetchAnswer *a) {
        free(a->message);
        free(a->digest);
        *a = (FetchAnswer) {};
}
