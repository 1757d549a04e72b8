/* SPDX-License-Identifier: MIT */

/*
 * socket-peer serve NOTES        a service that is given its sockets, in a container
 * socket-peer call N ADDRESS     N connections at once; each says a line and is answered
 * socket-peer hold ADDRESS       one that is answered once, and then held until standard input ends
 * socket-peer send ADDRESS TEXT  a datagram, or with "fifo:PATH" a line into a named pipe
 *
 * ADDRESS: a path, @NAME or a port of this machine; "seqpacket:" may go before. The service answers a line by
 * "served PID N", N being the lines so far. It appends to NOTES what it was given when it started and what
 * came without a connection. "exit" ends it.
 *
 * Static: it runs in a root where nothing else is.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 4096
#define PATIENCE_MSEC 60000

static _Noreturn void die(const char *what) {
        (void) fprintf(stderr, "socket-peer: %s: %s\n", what, strerror(errno));
        _exit(1);
}

static void raise_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* 0: it is not a whole number */
static int number_of(const char *text) {
        char *end;

        errno = 0;
        long n = strtol(text, &end, 10);
        return errno != 0 || end == text || *end || n < 0 || n > INT_MAX ? 0 : (int) n;
}

static uint64_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

/* ---- serve --------------------------------------------------------------------------------------- */

typedef struct Server {
        struct pollfd fds[CALLS_MAX + 64];
        size_t n_fds, n_listen;
        unsigned n_served;
        FILE *notes;
} Server;

static const char *variable(const char *name) {
        const char *value = getenv(name);

        return value ? value : "-";
}

static void note_start(Server *s) {
        (void) fprintf(s->notes,
                        "start %s fds=%s names=%s nonblock=%d open=",
                        number_of(variable("LISTEN_PID")) == getpid() ? "mine" : "not-mine",
                        variable("LISTEN_FDS"),
                        variable("LISTEN_FDNAMES"),
                        (fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
        for (int fd = 0; fd < 1024; fd++) {
                if (fcntl(fd, F_GETFD) >= 0 && fd != fileno(s->notes))
                        (void) fprintf(s->notes, "%d,", fd);
        }
        (void) fprintf(s->notes, "\n");
        (void) fflush(s->notes);
}

static void drop(Server *s, size_t i) {
        (void) close(s->fds[i].fd);
        s->fds[i] = s->fds[--s->n_fds];
}

static void note_message(Server *s, int fd) {
        char text[512];
        ssize_t n = read(fd, text, sizeof(text) - 1);

        if (n <= 0)
                return;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        (void) fprintf(s->notes, "got %s\n", text);
        (void) fflush(s->notes);
}

static void on_listener(Server *s, int fd) {
        int type = 0;
        socklen_t size = sizeof(type);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type == SOCK_DGRAM) {
                note_message(s, fd);
                return;
        }
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
                return;
        s->fds[s->n_fds++] = (struct pollfd) { .fd = connection, .events = POLLIN };
}

static void on_connection(Server *s, size_t i) {
        char text[512];
        ssize_t n = read(s->fds[i].fd, text, sizeof(text));

        if (n <= 0) {
                drop(s, i);
                return;
        }
        if (n >= 4 && memcmp(text, "exit", 4) == 0)
                _exit(0);
        int size = snprintf(text, sizeof(text), "served %d %u\n", getpid(), ++s->n_served);
        if (write(s->fds[i].fd, text, (size_t) size) != size)
                drop(s, i);
}

static int serve(const char *notes) {
        static Server s;
        int n = number_of(variable("LISTEN_FDS"));

        raise_limit();
        s.notes = fopen(notes, "ae");
        if (!s.notes)
                die(notes);
        note_start(&s);
        for (int i = 0; i < n; i++)
                s.fds[s.n_fds++] = (struct pollfd) { .fd = 3 + i, .events = POLLIN };
        s.n_listen = s.n_fds;
        for (;;) {
                if (poll(s.fds, s.n_fds, -1) < 0 && errno != EINTR)
                        die("poll");
                for (size_t i = s.n_fds; i-- > 0;) {
                        if (!s.fds[i].revents)
                                continue;
                        s.fds[i].revents = 0;
                        if (i < s.n_listen)
                                on_listener(&s, s.fds[i].fd);
                        else
                                on_connection(&s, i);
                }
        }
}

/* ---- the other side ------------------------------------------------------------------------------ */

static int open_to(const char *address, int type) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_un un = { .sun_family = AF_UNIX };
        const struct sockaddr *a = (const struct sockaddr *) &un;
        socklen_t size;

        if (strncmp(address, "seqpacket:", 10) == 0) {
                address += 10;
                type = SOCK_SEQPACKET;
        }
        if (*address != '/' && *address != '@') {
                in.sin_port = htons((uint16_t) number_of(address));
                a = (const struct sockaddr *) &in;
                size = sizeof(in);
        } else {
                (void) snprintf(un.sun_path, sizeof(un.sun_path), "%s", address);
                size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(address));
                if (*address == '@')
                        un.sun_path[0] = '\0';
        }
        int fd = socket(a->sa_family, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
                die("socket");
        if (connect(fd, a, size) < 0)
                die(address);
        return fd;
}

static void say(int fd, const char *line) {
        if (write(fd, line, strlen(line)) != (ssize_t) strlen(line))
                die("write");
}

static void await(int fd, char *text, size_t size) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        errno = ETIMEDOUT;
        if (poll(&p, 1, PATIENCE_MSEC) != 1)
                die("no answer");
        ssize_t n = read(fd, text, size - 1);
        if (n <= 0) {
                errno = n == 0 ? ECONNRESET : errno;
                die("answer");
        }
        text[n] = '\0';
}

static int call(int n, const char *address) {
        static int fds[CALLS_MAX];
        uint64_t begin = now_usec(), first = 0;
        char text[512];

        raise_limit();
        if (n > CALLS_MAX)
                return 2;
        for (int i = 0; i < n; i++) {
                fds[i] = open_to(address, SOCK_STREAM);
                say(fds[i], "hello\n");
                struct pollfd p = { .fd = fds[0], .events = POLLIN };
                if (first == 0 && poll(&p, 1, n == 1 ? PATIENCE_MSEC : 0) == 1)
                        first = now_usec() - begin;
        }
        for (int i = 0; i < n; i++) {
                await(fds[i], text, sizeof(text));
                if (strncmp(text, "served ", 7) != 0)
                        return 1;
                if (first == 0)
                        first = now_usec() - begin;
        }
        (void) printf("%d answered, the first after %llu us: %s",
                        n,
                        (unsigned long long) first,
                        text);
        return 0;
}

static int hold(const char *address) {
        int fd = open_to(address, SOCK_STREAM);
        char text[512];

        say(fd, "hello\n");
        await(fd, text, sizeof(text));
        (void) printf("%s", text);
        (void) fflush(stdout);
        while (read(STDIN_FILENO, text, sizeof(text)) > 0)
                ;
        return 0;
}

static int send_text(const char *address, const char *text) {
        int fd = strncmp(address, "fifo:", 5) == 0 ? open(address + 5, O_WRONLY | O_CLOEXEC)
                                                   : open_to(address, SOCK_DGRAM);
        if (fd < 0)
                die(address);
        say(fd, text);
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "serve") == 0)
                return serve(argv[2]);
        if (argc == 4 && strcmp(argv[1], "call") == 0)
                return call(number_of(argv[2]), argv[3]);
        if (argc == 3 && strcmp(argv[1], "hold") == 0)
                return hold(argv[2]);
        if (argc == 4 && strcmp(argv[1], "send") == 0)
                return send_text(argv[2], argv[3]);
        (void) fprintf(stderr,
                        "usage: socket-peer serve NOTES | call N ADDRESS | hold ADDRESS | send "
                        "ADDRESS TEXT\n");
        return 2;
}
