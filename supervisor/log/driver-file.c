/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "log/driver-internal.h"

/*
 * Each start of the container has two pipes of its own, its feed, whose end of file tells the logger
 * that a last line without newline is complete. The files have one writer at a time, so feeds are
 * worked off one after the other: a container that is started anew while the logger still waits for
 * a slow disk fills its pipes meanwhile.
 *
 * supd holds the reading ends, too, until a feed is worked off: when the logger is killed, the
 * container neither gets SIGPIPE nor loses what is in the pipe, and the next logger goes on there.
 */

#define FEEDS_MAX ((LOG_DESCRIPTORS_MAX - 1) / 2) /* starts that may wait for one slow disk */

/* Larger than by default, to bridge the time until a new logger runs. Best effort. */
#define FEED_PIPE_BYTES (256 * 1024)

/* What supd-log expects. */
#define LOGGER_STDOUT_FD 3
#define LOGGER_STDERR_FD 4
#define LOGGER_FDS_END 5

#define LOGGER_DESCRIPTOR LOG_DESCRIPTOR_PREFIX "logger."

typedef struct LogFeed {
        unsigned number;
        int stdout_fd, stderr_fd; /* owned; reading ends; -EBADF: not handed over by the former supd */
} LogFeed;

typedef struct FileDriver {
        LogDriver driver;
        char *directory, *logger_path; /* owned */
        uint64_t size_max_bytes;
        unsigned count_max;
        LogFeed feeds[FEEDS_MAX]; /* in order of their starts; the logger works on the first */
        size_t n_feeds;
        unsigned next_number;
        int logger_pidfd;       /* owned; -EBADF: none runs */
        unsigned logger_number; /* of the one that runs: each has another descriptor */
        uint64_t logger_started_usec;
} FileDriver;

static FileDriver *file_from(const LogDriver *d) {
        return CONTAINER_OF(d, FileDriver, driver);
}

static void feed_done(LogFeed *feed) {
        feed->stdout_fd = close_fd(feed->stdout_fd);
        feed->stderr_fd = close_fd(feed->stderr_fd);
}

static LogDriver *file_free(LogDriver *d) {
        FileDriver *f = file_from(d);

        /* One that just ended and was not yet seen to. */
        if (f->logger_pidfd >= 0)
                (void) waitid(P_PIDFD, (id_t) f->logger_pidfd, NULL, WEXITED | WNOHANG);
        close_fd(f->logger_pidfd);
        for (size_t i = 0; i < f->n_feeds; i++)
                feed_done(&f->feeds[i]);
        free(f->directory);
        free(f->logger_path);
        free(f);
        return NULL;
}

static int file_new(const LogSpec *spec, LogDriver **ret, Error *error) {
        if (str_is_empty(spec->directory) || str_is_empty(spec->logger_path))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_LOG,
                                "log driver 'file' needs a directory and the logger's path");

        FileDriver *f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (FileDriver) {
                .driver = { .ops = &log_driver_file },
                .size_max_bytes = spec->size_max_bytes == UINT64_MAX ? LOG_SIZE_MAX_DEFAULT
                                                                     : spec->size_max_bytes,
                .count_max = spec->count_max == UINT_MAX ? LOG_COUNT_MAX_DEFAULT : spec->count_max,
                .logger_pidfd = -EBADF,
        };

        _cleanup_(log_driver_freep) LogDriver *d = &f->driver;
        if (str_replace(&f->directory, spec->directory) < 0 ||
                        str_replace(&f->logger_path, spec->logger_path) < 0)
                return -ENOMEM;

        int r = dir_make_all(f->directory, 0750);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_STORAGE,
                                "cannot create log directory '%s'",
                                f->directory);

        *ret = TAKE_PTR(d);
        return 0;
}

/* ---- the logger ------------------------------------------------------------------------------ */

/* A copy out of the way of the numbers that the logger expects; of an end that is missing, nothing. */
static int feed_end_for_logger(int fd) {
        if (fd < 0)
                return neg_errno(open("/dev/null", O_RDONLY | O_CLOEXEC | O_NOCTTY));
        return neg_errno(fcntl(fd, F_DUPFD_CLOEXEC, LOGGER_FDS_END));
}

/* All but the descriptors: signals as a new program expects them, no terminal's SIGINT. */
static int logger_spawn_attributes(posix_spawnattr_t *attributes) {
        short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
        sigset_t none, all;

        (void) sigemptyset(&none); /* these two can't fail */
        (void) sigfillset(&all);
        int r = posix_spawnattr_setflags(attributes, flags);
        if (r == 0)
                r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        return -r;
}

static int logger_spawn_actions(posix_spawn_file_actions_t *actions, int out, int err) {
        int r;

        r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        if (r == 0) /* what it has to say goes to supd's stderr */
                r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, out, LOGGER_STDOUT_FD);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, err, LOGGER_STDERR_FD);
        return -r;
}

/*
 * posix_spawn() suspends the caller until the exec only, as vfork() does, and copies no page tables.
 * The environment is empty: supd's holds sockets of its own manager, which are none of the logger's.
 */
static int logger_spawn(const FileDriver *f, int out, int err, pid_t *ret) {
        _cleanup_free_ char *size = str_printf("%" PRIu64, f->size_max_bytes);
        _cleanup_free_ char *count = str_printf("%u", f->count_max);
        if (!size || !count)
                return -ENOMEM;

        char *const argv[] = {
                f->logger_path,
                (char *) "--directory",
                f->directory,
                (char *) "--size-max",
                size,
                (char *) "--count",
                count,
                NULL,
        };
        char *const environment[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        r = -posix_spawn_file_actions_init(&actions);
        if (r < 0)
                return r;
        r = -posix_spawnattr_init(&attributes);
        if (r >= 0) {
                r = logger_spawn_actions(&actions, out, err);
                if (r >= 0)
                        r = logger_spawn_attributes(&attributes);
                if (r >= 0)
                        r = -posix_spawn(ret, argv[0], &actions, &attributes, argv, environment);
                (void) posix_spawnattr_destroy(&attributes); /* can't fail */
        }
        (void) posix_spawn_file_actions_destroy(&actions); /* can't fail */
        return r;
}

static int logger_start(FileDriver *f, Error *error) {
        const LogFeed *feed = &f->feeds[0];
        pid_t pid;

        assert(f->n_feeds > 0 && f->logger_pidfd < 0);

        _cleanup_close_ int out = feed_end_for_logger(feed->stdout_fd);
        _cleanup_close_ int err = feed_end_for_logger(feed->stderr_fd);
        int r = out < 0 ? out : err;
        if (r >= 0)
                r = logger_spawn(f, out, err, &pid);
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot start logger '%s'", f->logger_path);

        /* Nobody has reaped it yet: the pid is still the logger's. */
        int pidfd = sys_pidfd_open(pid, 0);
        if (pidfd < 0)
                return error_set(error, pidfd, ERROR_LOG, "cannot hold on to logger %d", pid);

        f->logger_pidfd = pidfd;
        f->logger_number++;
        f->logger_started_usec = clock_monotonic_usec();
        return 0;
}

/* Worked off: no writer is left and nothing is in the pipe. A pipe with data has POLLIN, too. */
static bool feed_is_empty(const LogFeed *feed) {
        struct pollfd p[] = {
                { .fd = feed->stdout_fd, .events = POLLIN },
                { .fd = feed->stderr_fd, .events = POLLIN },
        };

        if (poll(p, ELEMENTSOF(p), 0) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(p); i++) {
                if (p[i].fd >= 0 && (p[i].revents & (POLLIN | POLLHUP)) != POLLHUP)
                        return false;
        }
        return true;
}

static void feed_drop(FileDriver *f, size_t index) {
        feed_done(&f->feeds[index]);
        f->n_feeds--;
        memmove(&f->feeds[index], &f->feeds[index + 1], (f->n_feeds - index) * sizeof(f->feeds[0]));
}

/* Return: is a logger at work? If not, its remains and the feeds that it finished are gone. */
static bool logger_is_running(FileDriver *f) {
        if (f->logger_pidfd >= 0) {
                struct pollfd p = { .fd = f->logger_pidfd, .events = POLLIN };
                if (poll(&p, 1, 0) == 0)
                        return true;

                /* Fails for the logger of a former supd, which somebody else reaps. */
                (void) waitid(P_PIDFD, (id_t) f->logger_pidfd, NULL, WEXITED | WNOHANG);
                f->logger_pidfd = close_fd(f->logger_pidfd);
        }

        while (f->n_feeds > 0 && feed_is_empty(&f->feeds[0]))
                feed_drop(f, 0);
        return false;
}

static int file_respawn(LogDriver *d, Error *error) {
        FileDriver *f = file_from(d);
        bool had_logger = f->logger_pidfd >= 0;
        size_t n_before = f->n_feeds;

        if (logger_is_running(f))
                return 1;
        if (f->n_feeds == 0)
                return 0;

        /* It ended without finishing: it was killed, or it can't do its work. Don't spin on the latter. */
        uint64_t lived_usec = usec_sub(clock_monotonic_usec(), f->logger_started_usec);
        if (had_logger && f->n_feeds == n_before && lived_usec < LOG_RESPAWN_DELAY_USEC)
                return -EAGAIN;

        int r = logger_start(f, error);
        return r < 0 ? r : 1;
}

/* ---- feeds ----------------------------------------------------------------------------------- */

static int feed_pipe(int *ret_read_fd, int *ret_write_fd) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        (void) fcntl(fds[1], F_SETPIPE_SZ, FEED_PIPE_BYTES); /* the user's limit may be reached */
        *ret_read_fd = fds[0];
        *ret_write_fd = fds[1];
        return 0;
}

static int file_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        FileDriver *f = file_from(d);
        _cleanup_close_ int out_read = -EBADF, out = -EBADF, err_read = -EBADF, err = -EBADF;

        bool running = logger_is_running(f);
        if (f->n_feeds == FEEDS_MAX)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_LOG,
                                "the logger has not written the output of the last %zu starts",
                                (size_t) FEEDS_MAX);

        int r = feed_pipe(&out_read, &out);
        if (r >= 0)
                r = feed_pipe(&err_read, &err);
        if (r < 0)
                return error_set(error, r, ERROR_LOG, "cannot create pipes to the logger");

        f->feeds[f->n_feeds++] = (LogFeed) {
                .number = f->next_number++,
                .stdout_fd = TAKE_FD(out_read),
                .stderr_fd = TAKE_FD(err_read),
        };
        if (!running) {
                r = logger_start(f, error);
                if (r < 0) {
                        feed_drop(f, f->n_feeds - 1);
                        return r;
                }
        }

        *ret_stdout_fd = TAKE_FD(out);
        *ret_stderr_fd = TAKE_FD(err);
        return 0;
}

static int file_watch_fd(const LogDriver *d) {
        return file_from(d)->logger_pidfd;
}

/* ---- from one supd to the next --------------------------------------------------------------- */

static void descriptor_put(LogDescriptor *ret, size_t *n, int fd, const char *name) {
        if (fd < 0)
                return;
        ret[*n].fd = fd;
        (void) snprintf(ret[*n].name, sizeof(ret[*n].name), "%s", name); /* all of ours fit */
        (*n)++;
}

static size_t file_descriptors(const LogDriver *d, LogDescriptor *ret) {
        const FileDriver *f = file_from(d);
        char name[sizeof(ret->name)];
        size_t n = 0;

        (void) snprintf(name, sizeof(name), LOGGER_DESCRIPTOR "%u", f->logger_number);
        descriptor_put(ret, &n, f->logger_pidfd, name);
        for (size_t i = 0; i < f->n_feeds; i++) {
                const LogFeed *feed = &f->feeds[i];

                (void) snprintf(name, sizeof(name), LOG_DESCRIPTOR_PREFIX "%u.out", feed->number);
                descriptor_put(ret, &n, feed->stdout_fd, name);
                (void) snprintf(name, sizeof(name), LOG_DESCRIPTOR_PREFIX "%u.err", feed->number);
                descriptor_put(ret, &n, feed->stderr_fd, name);
        }
        return n;
}

/* The feed of that number, made at its place in the order of starts if it is not there; NULL: full. */
static LogFeed *feed_get(FileDriver *f, unsigned number) {
        size_t i = 0;

        while (i < f->n_feeds && f->feeds[i].number < number)
                i++;
        if (i < f->n_feeds && f->feeds[i].number == number)
                return &f->feeds[i];
        if (f->n_feeds == FEEDS_MAX)
                return NULL;

        memmove(&f->feeds[i + 1], &f->feeds[i], (f->n_feeds - i) * sizeof(f->feeds[0]));
        f->n_feeds++;
        f->feeds[i] = (LogFeed) { .number = number, .stdout_fd = -EBADF, .stderr_fd = -EBADF };
        f->next_number = MAX(f->next_number, number + 1);
        return &f->feeds[i];
}

/* The number in "log.NUMBER.out" or "log.NUMBER.err". */
static int descriptor_parse(const char *name, unsigned *ret_number, bool *ret_is_stdout) {
        const char *digits = name + strlen(LOG_DESCRIPTOR_PREFIX);
        uint64_t number;

        if (!str_has_prefix(name, LOG_DESCRIPTOR_PREFIX))
                return -EINVAL;
        _cleanup_free_ char *text = strndup(digits, strcspn(digits, "."));
        if (!text)
                return -ENOMEM;

        int r = parse_u64(text, &number);
        if (r < 0)
                return r;
        const char *end = digits + strlen(text);
        if (number >= UINT_MAX || (!str_equal(end, ".out") && !str_equal(end, ".err")))
                return -EINVAL;
        *ret_number = (unsigned) number;
        *ret_is_stdout = str_equal(end, ".out");
        return 0;
}

static int file_adopt(LogDriver *d, const char *name, int *fd) {
        FileDriver *f = file_from(d);
        uint64_t logger_number;
        unsigned number;
        bool is_stdout;

        if (str_has_prefix(name, LOGGER_DESCRIPTOR) &&
                        parse_u64(name + strlen(LOGGER_DESCRIPTOR), &logger_number) >= 0) {
                f->logger_number = (unsigned) logger_number;
                close_fd(f->logger_pidfd);
                f->logger_pidfd = TAKE_FD(*fd);
                return 0;
        }

        int r = descriptor_parse(name, &number, &is_stdout);
        if (r < 0)
                return r;
        LogFeed *feed = feed_get(f, number);
        if (!feed)
                return -ENFILE;

        int *end_fd = is_stdout ? &feed->stdout_fd : &feed->stderr_fd;
        close_fd(*end_fd);
        *end_fd = TAKE_FD(*fd);
        return 0;
}

static const LogChildOps file_child_ops = {
        .respawn = file_respawn,
        .descriptors = file_descriptors,
        .adopt = file_adopt,
};

const LogDriverOps log_driver_file = {
        .type = LOG_FILE,
        .new = file_new,
        .open = file_open,
        .free = file_free,
        .watch_fd = file_watch_fd,
        .child = &file_child_ops,
};
