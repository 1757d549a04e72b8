/* SPDX-License-Identifier: MIT */
#include "log/journal-send.h"

#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/macro.h"
#include "log/buffer.h"

/*
 * The native protocol: "FIELD=value\n", or, for a value with newlines in it, "FIELD\n", its length as
 * a little-endian 64-bit number, the value, "\n".
 */
static int encode_field(Buffer *b, const char *name, size_t name_size, const char *value) {
        size_t size = strlen(value);
        bool is_text = !memchr(value, '\n', size);
        uint64_t length = htole64(size);
        int r;

        r = buffer_add(b, name, name_size);
        if (r >= 0)
                r = buffer_add(b, is_text ? "=" : "\n", 1);
        if (r >= 0 && !is_text)
                r = buffer_add(b, &length, sizeof(length));
        if (r >= 0)
                r = buffer_add(b, value, size);
        if (r >= 0)
                r = buffer_add(b, "\n", 1);
        return r;
}

static int encode_number(Buffer *b, const char *name, int number) {
        char digits[16]; /* more than any int has */

        (void) snprintf(digits, sizeof(digits), "%d", number); /* always fits */
        return encode_field(b, name, strlen(name), digits);
}

static int encode_context(Buffer *b, const DiagContext *context) {
        const struct {
                const char *name, *value;
        } fields[] = {
                { "UNIT", context->unit },
                { "OBJECT_SYSTEMD_UNIT", context->unit },
                { "JOB_ID", context->job },
                { "MESSAGE_ID", context->message_id },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(fields) && r >= 0; i++) {
                if (fields[i].value)
                        r = encode_field(
                                        b, fields[i].name, strlen(fields[i].name), fields[i].value);
        }
        if (context->number < 0 && r >= 0)
                r = encode_number(b, "ERRNO", -context->number);

        for (const char *const *f = context->fields; f && *f && r >= 0; f++) {
                const char *equals = ASSERT_PTR(strchr(*f, '='));
                r = encode_field(b, *f, (size_t) (equals - *f), equals + 1);
        }
        return r;
}

int journal_encode(DiagLevel level,
                const DiagContext *context,
                const char *message,
                char **ret,
                size_t *ret_size) {
        static const char identifier[] = "SYSLOG_IDENTIFIER=" JOURNAL_SEND_IDENTIFIER "\n";
        _cleanup_(buffer_done) Buffer b = {};
        int r;

        r = encode_number(&b, "PRIORITY", level);
        if (r >= 0)
                r = buffer_add(&b, identifier, strlen(identifier));
        if (r >= 0)
                r = encode_field(&b, "MESSAGE", strlen("MESSAGE"), message);
        if (r >= 0 && context)
                r = encode_context(&b, context);
        if (r < 0)
                return r;

        *ret_size = b.size;
        *ret = TAKE_PTR(b.data);
        return 0;
}

/* What exceeds a datagram goes as a file that nobody can change any more. */
static int entry_to_memfd(const char *data, size_t size) {
        _cleanup_close_ int fd =
                        neg_errno(memfd_create("journal-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (fd < 0)
                return fd;

        int r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int send_memfd(int socket_fd, const struct msghdr *to, const char *data, size_t size) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr message = {
                .msg_name = to->msg_name,
                .msg_namelen = to->msg_namelen,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };

        _cleanup_close_ int fd = entry_to_memfd(data, size);
        if (fd < 0)
                return fd;

        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        return sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int journal_send(const char *socket_path,
                DiagLevel level,
                const DiagContext *context,
                const char *message) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_free_ char *data = NULL;
        size_t size;

        if (strlen(socket_path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strncpy(address.sun_path, socket_path, sizeof(address.sun_path) - 1);

        int r = journal_encode(level, context, message, &data, &size);
        if (r < 0)
                return r;
        _cleanup_close_ int fd =
                        neg_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (fd < 0)
                return fd;

        struct iovec part = { .iov_base = data, .iov_len = size };
        struct msghdr header = {
                .msg_name = &address,
                .msg_namelen = sizeof(address),
                .msg_iov = &part,
                .msg_iovlen = 1,
        };
        if (sendmsg(fd, &header, MSG_NOSIGNAL) >= 0)
                return 0;
        if (errno != EMSGSIZE && errno != ENOBUFS)
                return -errno;
        return send_memfd(fd, &header, data, size);
}

void journal_sink(DiagLevel level, const DiagContext *context, const char *message) {
        if (journal_send(JOURNAL_SEND_SOCKET, level, context, message) >= 0)
                return;

        /* stderr may be a stream of the same stopped journald, or a pipe that nobody reads. */
        struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
        if (poll(&p, 1, 0) > 0 && (p.revents & POLLOUT))
                diag_to_stderr(level, context, message);
}
