/* SPDX-License-Identifier: MIT */

/*
 * supd-log: writes one container's log to files (LogDriver=file), from the pipes that are its
 * descriptors 3 and 4. A process of its own, so that supd is never in the data path: it outlives
 * supd, and a slow disk stalls this container alone.
 *
 * The end of both pipes is what ends it; signals that would end it earlier are ignored, or the last
 * words of a container would be lost in a shutdown that signals everybody.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "logger/cri.h"
#include "logger/log-file.h"
#include "base/macro.h"
#include "supd/version.h"

#define STDOUT_PIPE_FD 3 /* stderr's is the next */

#define EXIT_USAGE 2

/* After a burst, how long to wait for the next before giving its memory back. */
#define IDLE_MSEC 1000
#define GROWN_BYTES 2048

static const char help_text[] =
                "usage: supd-log --directory DIR --size-max BYTES --count N [--label TEXT]\n"
                "\n"
                "Write a container's log in CRI format: stdout from descriptor 3, stderr from 4.\n"
                "Ends with 0 when both have ended.\n"
                "\n"
                "  --directory DIR   where 0.log is, and 0.log.1 and so on, the older the higher\n"
                "  --size-max BYTES  size that makes 0.log become 0.log.1\n"
                "  --count N         files kept, 0.log included (1 to 1000)\n"
                "  --label TEXT      who this is for, in messages on standard error\n"
                "  --help, --version\n";

static const char version_text[] = "supd-log " SUPD_VERSION "\n";

typedef struct Options {
        const char *directory; /* all borrowed from main() */
        const char *size_max;
        const char *count;
        const char *label;
} Options;

static const struct {
        const char *name;
        size_t offset;
} option_table[] = {
        { "--directory", offsetof(Options, directory) },
        { "--size-max", offsetof(Options, size_max) },
        { "--count", offsetof(Options, count) },
        { "--label", offsetof(Options, label) },
};

static const int ignored_signals[] = {
        SIGHUP,
        SIGINT,
        SIGQUIT,
        SIGPIPE,
        SIGTERM,
        SIGUSR1,
        SIGUSR2,
        SIGXFSZ,
};

static int print(const char *text, size_t length) {
        return write(STDOUT_FILENO, text, length) == (ssize_t) length ? 0 : 1;
}

static void complain(const Options *o, const char *what, const char *detail) {
        const char *parts[] = {
                "supd-log: ",
                o->label ?: "",
                o->label ? ": " : "",
                what,
                ": ",
                detail,
                "\n",
        };
        struct iovec iov[ELEMENTSOF(parts)];

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                iov[i] = (struct iovec) { .iov_base = (char *) parts[i],
                        .iov_len = strlen(parts[i]) };

        /* Nowhere is left to complain to if this fails. */
        ssize_t n = writev(STDERR_FILENO, iov, ELEMENTSOF(iov));
        (void) n;
}

/* "--name value" and "--name=value". Return: arguments consumed; 0 if it is no option of ours. */
static int option_take(Options *o, char **argv) {
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++) {
                size_t length = strlen(option_table[i].name);
                const char **member = (const char **) ((char *) o + option_table[i].offset);

                if (strncmp(argv[0], option_table[i].name, length) != 0)
                        continue;
                if (argv[0][length] == '=') {
                        *member = argv[0] + length + 1;
                        return 1;
                }
                if (argv[0][length] == '\0' && argv[1]) {
                        *member = argv[1];
                        return 2;
                }
        }

        return 0;
}

static bool number_parse(const char *text, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (!text || !*text)
                return false;
        for (; *text; text++) {
                if (*text < '0' || *text > '9' || value > max / 10)
                        return false;
                value = value * 10 + (uint64_t) (*text - '0');
        }

        *ret = value;
        return value > 0 && value <= max;
}

/* Return: 0, or the exit status. */
static int log_start(const Options *o, LogFile *f) {
        uint64_t count;

        /* An eighth of what fits is no limit to anybody, and nothing overflows on the way. */
        if (!number_parse(o->size_max, INT64_MAX / 8, &f->size_max)) {
                complain(o, "--size-max", "a number of bytes above 0 is needed");
                return EXIT_USAGE;
        }
        if (!number_parse(o->count, LOG_FILE_COUNT_MAX, &count)) {
                complain(o, "--count", "a number from 1 to 1000 is needed");
                return EXIT_USAGE;
        }
        if (!o->directory) {
                complain(o, "--directory", "is needed");
                return EXIT_USAGE;
        }

        f->count = (unsigned) count;
        f->dir_fd = neg_errno(open(o->directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
        int r = f->dir_fd < 0 ? f->dir_fd : log_file_open(f);
        if (r < 0)
                complain(o, o->directory, strerror(-r));
        return r < 0 ? 1 : 0;
}

/* Return: bytes that arrived. */
static size_t stream_copy(CriStream *s, LogFile *f, const Options *o) {
        CriPrefix prefix;
        CriPiece piece;
        size_t offset = 0;
        int n = cri_stream_read(s);

        if (n == -EINTR || n == -EAGAIN)
                return 0;
        if (n < 0)
                complain(o, s->name, strerror(-n));

        cri_prefix_now(s->name, &prefix);
        while (cri_stream_next(s, &offset, /* at_end= */ n <= 0, &piece))
                log_file_append(f, &prefix, &piece);
        cri_stream_keep(s, offset);

        if (n > 0)
                return (size_t) n;

        (void) close(s->fd);
        s->fd = -EBADF;
        return 0;
}

/* Gives back the whole pages of @buffer above @used. */
static void memory_trim(char *buffer, size_t used, size_t size) {
        size_t page = (size_t) getpagesize();
        size_t over = (uintptr_t) (buffer + used) % page;
        char *begin = buffer + used + (over > 0 ? page - over : 0);
        char *end = buffer + size - (uintptr_t) (buffer + size) % page;

        if (end > begin)
                (void) madvise(begin, (size_t) (end - begin), MADV_DONTNEED);
}

/* One wake-up: reads each stream once, writes once. Return: whether much memory was used. */
static bool log_turn(struct pollfd *fds, CriStream *streams, LogFile *f, const Options *o) {
        size_t arrived = 0;

        for (int i = 0; i < 2; i++)
                if (fds[i].revents != 0)
                        arrived += stream_copy(&streams[i], f, o);

        log_file_flush(f);
        if (f->rotation_error < 0)
                complain(o, "cannot rotate, the file grows", strerror(-f->rotation_error));
        f->rotation_error = 0;

        return arrived >= GROWN_BYTES;
}

static void log_run(CriStream *streams, LogFile *f, const Options *o) {
        bool has_grown = false;

        while (streams[0].fd >= 0 || streams[1].fd >= 0) {
                struct pollfd fds[2] = {
                        { .fd = streams[0].fd, .events = POLLIN },
                        { .fd = streams[1].fd, .events = POLLIN },
                };
                int n = poll(fds, ELEMENTSOF(fds), has_grown ? IDLE_MSEC : -1);

                if (n > 0)
                        has_grown |= log_turn(fds, streams, f, o);
                if (n != 0)
                        continue;

                memory_trim(f->buffer, 0, sizeof(f->buffer));
                for (int i = 0; i < 2; i++)
                        memory_trim(streams[i].data, streams[i].filled, sizeof(streams[i].data));
                has_grown = false;
        }
}

static void streams_open(CriStream *streams) {
        static const char *const names[] = { "stdout", "stderr" };

        for (int i = 0; i < 2; i++) {
                int fd = STDOUT_PIPE_FD + i;

                streams[i].name = names[i];
                streams[i].fd = fcntl(fd, F_GETFD) < 0 ? -EBADF : fd;
        }
}

/* A log file as descriptor 2 would receive our own messages raw. */
static void descriptors_fill(void) {
        int fd;

        do
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        (void) close(fd);
}

int main(int argc, char **argv) {
        /* Not initialised here: that would make the buffers part of the program's file. */
        static CriStream streams[2];
        static LogFile file;
        Options options = {};

        for (int i = 1, n; i < argc; i += n) {
                if (strcmp(argv[i], "--help") == 0)
                        return print(help_text, sizeof(help_text) - 1);
                if (strcmp(argv[i], "--version") == 0)
                        return print(version_text, sizeof(version_text) - 1);

                n = option_take(&options, argv + i);
                if (n == 0) {
                        complain(&options, argv[i], "unknown option, or its value is missing");
                        return EXIT_USAGE;
                }
        }

        for (size_t i = 0; i < ELEMENTSOF(ignored_signals); i++)
                (void) signal(ignored_signals[i], SIG_IGN);

        /* Before anything is opened, which would take the number of a pipe that isn't there. */
        streams_open(streams);
        descriptors_fill();

        int r = log_start(&options, &file);
        if (r != 0)
                return r;

        (void) chdir("/");
        log_run(streams, &file, &options);
        return 0;
}
