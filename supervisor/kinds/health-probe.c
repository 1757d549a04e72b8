/* SPDX-License-Identifier: MIT */
#include "kinds/health-probe.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/netns.h"
#include "supd/version.h"

/* A status line is that long at most; what a server says beyond is of no interest. */
#define ANSWER_SIZE 512U

struct HealthProbeRun {
        const HealthEndpoint *endpoint; /* borrowed */
        HealthProbeEnd on_end;
        void *userdata; /* borrowed */
        int fd;         /* owned */
        bool connected;
        char *request; /* owned; NULL: only the connection counts */
        size_t sent;
        char answer[ANSWER_SIZE];
        size_t received;
        int result;                      /* of connect(), to be told from the loop */
        sd_event_source *source, *timer; /* owned */
};

/* ---- the answer -------------------------------------------------------------------------------- */

int health_http_status(const char *answer, size_t size) {
        static const char pattern[] = "HTTP/d.d ddd"; /* d: any digit */

        for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
                if (i == size)
                        return -EAGAIN;
                bool fits = pattern[i] == 'd' ? isdigit((unsigned char) answer[i])
                                              : pattern[i] == answer[i];
                if (!fits)
                        return -EBADMSG;
        }
        size_t at = sizeof(pattern) - 1;
        if (size == at)
                return -EAGAIN;
        if (!strchr(" \r\n", answer[at]) || answer[at] == '\0')
                return -EBADMSG;
        int status = (answer[at - 3] - '0') * 100 + (answer[at - 2] - '0') * 10 +
                     (answer[at - 1] - '0');
        return status >= 100 ? status : -EBADMSG;
}

/* "HTTP/1.1 200 OK", as far as it can be shown; owned by the caller, or NULL */
static char *status_line(const char *answer, size_t size) {
        size_t n = 0;

        while (n < size && (unsigned char) answer[n] >= ' ' && (unsigned char) answer[n] < 0x7f)
                n++;
        return strndup(answer, n);
}

/* ---- its course -------------------------------------------------------------------------------- */

static void probe_end(HealthProbeRun *p, bool success, const char *text) {
        p->source = sd_event_source_disable_unref(p->source);
        p->timer = sd_event_source_disable_unref(p->timer);
        p->fd = close_fd(p->fd);
        p->on_end(success, text, p->userdata);
}

static void probe_fail(HealthProbeRun *p, const char *what, int r) {
        const HealthEndpoint *e = p->endpoint;
        _cleanup_free_ char *text = str_printf("%s %s%s%s:%u: %s",
                        what,
                        strchr(e->address, ':') ? "[" : "",
                        e->address,
                        strchr(e->address, ':') ? "]" : "",
                        e->port,
                        error_text(NULL, r));

        probe_end(p, false, text ?: what);
}

static void probe_succeed_tcp(HealthProbeRun *p) {
        _cleanup_free_ char *text = str_printf("connected to port %u", p->endpoint->port);

        probe_end(p, true, text ?: "connected");
}

/* Return: 1 all is sent; 0 later; negative errno. */
static int probe_send(HealthProbeRun *p) {
        size_t size = strlen(p->request);

        while (p->sent < size) {
                ssize_t n = send(p->fd, p->request + p->sent, size - p->sent, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                p->sent += (size_t) n;
        }
        return 1;
}

static void probe_answered(HealthProbeRun *p, int status) {
        _cleanup_free_ char *line = status_line(p->answer, p->received);

        if (status < 0)
                probe_end(p, false, "the answer is not HTTP");
        else
                probe_end(p, status >= 200 && status <= 399, line ?: "answered");
}

static void probe_receive(HealthProbeRun *p) {
        for (;;) {
                ssize_t n = recv(
                                p->fd, p->answer + p->received, sizeof(p->answer) - p->received, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0) {
                        probe_fail(p, "read from", -errno);
                        return;
                }
                p->received += (size_t) n;
                int status = health_http_status(p->answer, p->received);
                if (status == -EAGAIN && n == 0) {
                        probe_end(p, false, "the connection was closed without an answer");
                        return;
                }
                if (status == -EAGAIN)
                        continue;
                /* The rest of the line, for people, if it is here already. */
                if (status > 0 && n > 0 && p->received < sizeof(p->answer) &&
                                !memchr(p->answer, '\n', p->received) &&
                                recv(p->fd, &(char) { 0 }, 1, MSG_PEEK) > 0)
                        continue;
                probe_answered(p, status);
                return;
        }
}

/* Return: whether there is more to do; else the probe is over, and may be freed. */
static bool probe_connected(HealthProbeRun *p) {
        int r = 0;
        socklen_t size = sizeof(r);

        if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &r, &size) < 0)
                r = errno;
        if (r != 0) {
                probe_fail(p, "connect to", -r);
                return false;
        }
        p->connected = true;
        if (p->request)
                return true;
        probe_succeed_tcp(p);
        return false;
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        HealthProbeRun *p = userdata;

        (void) fd, (void) events;
        if (!p->connected && !probe_connected(p))
                return 0;
        int r = probe_send(p);
        if (r < 0)
                probe_fail(p, "write to", r);
        else if (r > 0) {
                (void) sd_event_source_set_io_events(source, EPOLLIN);
                probe_receive(p);
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        HealthProbeRun *p = userdata;

        (void) source, (void) usec;
        if (p->result < 0)
                probe_fail(p, "connect to", p->result);
        else
                probe_fail(p, p->connected ? "no answer from" : "connect to", -ETIMEDOUT);
        return 0;
}

/* ---- starting ---------------------------------------------------------------------------------- */

static int make_request(HealthProbeRun *p) {
        const HealthEndpoint *e = p->endpoint;

        if (!e->path)
                return 0;
        p->request = str_printf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: supd/" SUPD_VERSION
                                "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                        e->path,
                        e->host);
        return p->request ? 0 : -ENOMEM;
}

static int probe_connect(HealthProbeRun *p, int pidfd) {
        const HealthEndpoint *e = p->endpoint;
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(e->port) };
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(e->port) };
        bool is_v4 = inet_pton(AF_INET, e->address, &v4.sin_addr) == 1;

        if (!is_v4 && inet_pton(AF_INET6, e->address, &v6.sin6_addr) != 1)
                return -EINVAL;
        p->fd = netns_socket(pidfd, is_v4 ? AF_INET : AF_INET6, SOCK_STREAM);
        if (p->fd < 0)
                return p->fd;
        int r = is_v4 ? connect(p->fd, (struct sockaddr *) &v4, sizeof(v4))
                      : connect(p->fd, (struct sockaddr *) &v6, sizeof(v6));
        /* What fails at once is an answer as well, and told like any. */
        if (r < 0 && errno != EINPROGRESS)
                p->result = -errno;
        return 0;
}

int health_probe_start(sd_event *event,
                const HealthProbeRequest *request,
                HealthProbeRun **ret,
                Error *error) {
        _cleanup_(health_probe_freep) HealthProbeRun *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->endpoint = request->endpoint;
        p->on_end = request->on_end;
        p->userdata = request->userdata;
        p->fd = -EBADF;

        int r = make_request(p);
        if (r < 0)
                return r;
        r = probe_connect(p, request->pidfd);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "make a socket in the container");
        uint64_t now = clock_monotonic_usec();
        uint64_t end = p->result < 0 ? now : usec_add(now, request->timeout_usec);
        if (p->result >= 0)
                r = sd_event_add_io(event, &p->source, p->fd, EPOLLOUT, on_socket, p);
        if (r >= 0 && end != USEC_INFINITY)
                r = sd_event_add_time(event,
                                &p->timer,
                                CLOCK_MONOTONIC,
                                end,
                                /* accuracy= */ 1,
                                on_timer,
                                p);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot watch the probe's socket");
        *ret = TAKE_PTR(p);
        return 0;
}

HealthProbeRun *health_probe_free(HealthProbeRun *p) {
        if (!p)
                return NULL;

        p->source = sd_event_source_disable_unref(p->source);
        p->timer = sd_event_source_disable_unref(p->timer);
        (void) close_fd(p->fd);
        free(p->request);
        free(p);
        return NULL;
}
