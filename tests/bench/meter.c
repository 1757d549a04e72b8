/* SPDX-License-Identifier: MIT */

/*
 * The stop-watch of `make bench`: asks for something, and waits for the answer or for the payload's word
 * (tick.c) that it runs. Each result is a line "MEDIAN MINIMUM MAXIMUM N" in microseconds; where two things
 * are measured, two lines. Exit status 1 with a text on standard error if anything went wrong: no figure is
 * ever made from a run that failed.
 *
 *     meter start [--runs N] [--after SCRIPT] FIFO COMMAND [ARGUMENT...]
 *             from executing COMMAND to the payload's first instruction. "{}" in an argument is the number of
 *             the run; SCRIPT is a shell's, run after each with that number as $1.
 *     meter command [--runs N] [--after SCRIPT] COMMAND [ARGUMENT...]
 *             from executing COMMAND to its end.
 *     meter cycle [--runs N] FIFO
 *             from a payload's exit to the next one's first instruction.
 *     meter burst [--runs N] [--after SCRIPT] --count N FIFO COMMAND [ARGUMENT...]
 *             from executing COMMAND to the first instruction of the last of N payloads.
 *     meter lines FIFO
 *             once, from a payload's S to its E.
 *     meter bus-start [--runs N] SOCKET FIFO UNIT
 *             from StartUnit to the payload's first instruction; then to the end of the job.
 *     meter bus-burst [--runs N] [--keep] SOCKET FIFO UNIT...
 *             from the first StartUnit to the last payload's first instruction; then stopping them all; with --keep they
 *             stay, and there is one line.
 *     meter bus-freeze [--runs N] SOCKET UNIT
 *             FreezeUnit, then ThawUnit, from request to answer.
 *     meter bus-kill [--runs N] --count N SOCKET PID
 *             from SIGKILL for the child of PID that is called "supd" to a list of units with N running.
 *     meter kernel-freeze [--runs N] --count N CGROUP
 *             the kernel's own time to freeze, then to thaw N processes: cgroup.freeze to cgroup.events.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "supd/bus.h"

/* What takes longer than this has failed. */
#define PATIENCE_SEC 60
#define RUNS_MAX 100000U

typedef struct Options {
        unsigned runs, count;
        bool keep;
        const char *after;
        int argc;
        char **argv;
} Options;

typedef struct Series {
        double *usec; /* owned */
        size_t n;
} Series;

typedef struct Verb {
        const char *name;
        int min_arguments;
        void (*run)(const Options *o);
} Verb;

/* ---- the small things -------------------------------------------------------------------------- */

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        fputs("meter: ", stderr);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        exit(EXIT_FAILURE);
}

static uint64_t now_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

/* What one run left to do, work put off by the kernel included, is not to be part of the next. */
static void pause_between_runs(void) {
        nanosleep(&(struct timespec) { .tv_nsec = 20000000 }, NULL);
}

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static void series_init(Series *s, unsigned capacity) {
        *s = (Series) { .usec = calloc(capacity, sizeof(*s->usec)) };
        if (!s->usec)
                fail("out of memory");
}

static void series_add(Series *s, uint64_t begin_nsec, uint64_t end_nsec) {
        if (end_nsec < begin_nsec)
                fail("a clock that goes backwards");
        s->usec[s->n++] = (double) (end_nsec - begin_nsec) / 1000.0;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static void series_print(Series *s) {
        qsort(s->usec, s->n, sizeof(*s->usec), compare);
        double median = (s->usec[(s->n - 1) / 2] + s->usec[s->n / 2]) / 2;
        printf("%.1f %.1f %.1f %zu\n", median, s->usec[0], s->usec[s->n - 1], s->n);
        free(s->usec);
}

/* ---- what payloads report ---------------------------------------------------------------------- */

/* For reading and writing, so that it never is at its end however many payloads come and go. */
static int fifo_open(const char *path) {
        int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0)
                fail("%s: %s", path, strerror(errno));
        return fd;
}

/* Without what payloads reported that nobody waited for. */
static int fifo_open_empty(const char *path) {
        char rest[4096];
        int fd = fifo_open(path);

        while (read(fd, rest, sizeof(rest)) > 0)
                ;
        return fd;
}

static void wait_readable(int fd, const char *what) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (poll(&p, 1, PATIENCE_SEC * 1000) <= 0)
                fail("no payload reported %s within %d s", what, PATIENCE_SEC);
}

/* The next report that is an @event; others are passed over. */
static uint64_t fifo_next(int fd, char event) {
        for (;;) {
                char text[32];
                size_t n = 0;

                wait_readable(fd, event == 'S' ? "its start" : "its end");
                while (n < sizeof(text) - 1 && read(fd, text + n, 1) == 1 && text[n] != '\n')
                        n++;
                text[n] = '\0';
                if (text[0] == event)
                        return strtoull(text + 2, NULL, 10);
        }
}

/* ---- commands ---------------------------------------------------------------------------------- */

/* What a command prints on standard output would be taken for a figure. */
static pid_t spawn(char *const *argv) {
        posix_spawn_file_actions_t actions;
        pid_t pid;

        int r = posix_spawn_file_actions_init(&actions);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(
                                &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);

        if (r != 0)
                fail("%s: %s", argv[0], strerror(r));
        return pid;
}

static void wait_for(pid_t pid, const char *name) {
        int status;

        if (waitpid(pid, &status, 0) < 0)
                fail("waitpid: %s", strerror(errno));
        if (status != 0)
                fail("%s failed (wait status %d)", name, status);
}

/* @argv with the first "{}" of each argument replaced; to be freed by numbered_free(). */
static char **numbered(char *const *argv, int argc, unsigned run) {
        char **ret = calloc((size_t) argc + 1, sizeof(*ret));

        if (!ret)
                fail("out of memory");
        for (int i = 0; i < argc; i++) {
                const char *hole = strstr(argv[i], "{}");
                int r = hole ? asprintf(&ret[i],
                                               "%.*s%u%s",
                                               (int) (hole - argv[i]),
                                               argv[i],
                                               run,
                                               hole + 2)
                             : asprintf(&ret[i], "%s", argv[i]);
                if (r < 0)
                        fail("out of memory");
        }
        return ret;
}

static void numbered_free(char **argv) {
        for (char **p = argv; *p; p++)
                free(*p);
        free(argv);
}

static void run_after(const Options *o, unsigned run) {
        char number[16];

        if (!o->after)
                return;
        snprintf(number, sizeof(number), "%u", run);
        wait_for(spawn((char *[]) { "sh", "-c", (char *) o->after, "sh", number, NULL }),
                        "--after");
}

/* From executing a command to the last of @count payloads' first instruction. */
static void measure_starts(const Options *o, unsigned count) {
        int fifo = fifo_open_empty(o->argv[0]);
        Series starts;

        series_init(&starts, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                char **argv = numbered(o->argv + 1, o->argc - 1, run);
                uint64_t begin = now_nsec(), last = 0;

                pid_t pid = spawn(argv);
                for (unsigned i = 0; i < count; i++)
                        last = later(last, fifo_next(fifo, 'S'));
                series_add(&starts, begin, last);
                wait_for(pid, argv[0]);
                run_after(o, run);
                numbered_free(argv);
        }
        series_print(&starts);
}

static void verb_start(const Options *o) {
        measure_starts(o, 1);
}

static void verb_burst(const Options *o) {
        measure_starts(o, o->count);
}

static void verb_command(const Options *o) {
        Series times;

        series_init(&times, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                uint64_t begin = now_nsec();

                wait_for(spawn(o->argv), o->argv[0]);
                series_add(&times, begin, now_nsec());
                run_after(o, run);
        }
        series_print(&times);
}

static void verb_cycle(const Options *o) {
        int fifo = fifo_open_empty(o->argv[0]);
        Series gaps;

        series_init(&gaps, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                uint64_t end = fifo_next(fifo, 'E');
                series_add(&gaps, end, fifo_next(fifo, 'S'));
        }
        series_print(&gaps);
}

static void verb_lines(const Options *o) {
        /* The payload may wait for us to open it, and write at once. */
        int fifo = fifo_open(o->argv[0]);
        Series once;

        series_init(&once, 1);
        uint64_t begin = fifo_next(fifo, 'S');
        series_add(&once, begin, fifo_next(fifo, 'E'));
        series_print(&once);
}

/* ---- the control bus --------------------------------------------------------------------------- */

typedef struct Control {
        sd_bus *bus; /* owned */
        unsigned jobs_ended;
} Control;

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void) ret_error;
        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                fail("a JobRemoved that can't be read");
        if (strcmp(result, "done") != 0)
                fail("the job of %s ended as '%s'", unit, result);
        c->jobs_ended++;
        return 0;
}

static int control_open(Control *c, const char *socket_path) {
        char address[256];
        int r;

        *c = (Control) {};
        snprintf(address, sizeof(address), "unix:path=%s", socket_path);
        r = sd_bus_new(&c->bus);
        if (r >= 0)
                r = sd_bus_set_address(c->bus, address);
        if (r >= 0)
                r = sd_bus_start(c->bus);
        if (r >= 0)
                r = sd_bus_match_signal(c->bus,
                                NULL,
                                NULL,
                                SUPD_SYSTEMD_PATH,
                                SUPD_SYSTEMD_MANAGER,
                                "JobRemoved",
                                on_job_removed,
                                c);
        if (r < 0)
                c->bus = sd_bus_close_unref(c->bus);
        return r;
}

static void control_open_or_fail(Control *c, const char *socket_path) {
        int r = control_open(c, socket_path);

        if (r < 0)
                fail("%s: %s", socket_path, strerror(-r));
}

static int control_call(
                Control *c, const char *method, sd_bus_message **ret, const char *types, ...) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_call_methodv(c->bus,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        method,
                        &error,
                        ret,
                        types,
                        ap);
        va_end(ap);
        sd_bus_error_free(&error);
        return r;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) userdata;
        (void) ret_error;
        if (sd_bus_message_is_method_error(m, NULL))
                fail("supd refused: %s", sd_bus_message_get_error(m)->message);
        return 0;
}

/* StartUnit or StopUnit of all of them, without waiting for an answer in between. */
static void control_send(Control *c, const char *method, char *const *units, int n) {
        for (int i = 0; i < n; i++) {
                int r = sd_bus_call_method_async(c->bus,
                                NULL,
                                SUPD_SYSTEMD_DESTINATION,
                                SUPD_SYSTEMD_PATH,
                                SUPD_SYSTEMD_MANAGER,
                                method,
                                on_reply,
                                NULL,
                                "ss",
                                units[i],
                                "replace");
                if (r < 0)
                        fail("%s: %s", method, strerror(-r));
        }
        sd_bus_flush(c->bus);
}

static void control_wait_jobs(Control *c, unsigned n) {
        while (c->jobs_ended < n) {
                int r = sd_bus_process(c->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(c->bus, PATIENCE_SEC * UINT64_C(1000000));
                if (r <= 0)
                        fail("the jobs do not end: %s", r < 0 ? strerror(-r) : "time is over");
        }
        c->jobs_ended = 0;
}

static void verb_bus_start(const Options *o) {
        char **unit = o->argv + 2;
        int fifo = fifo_open_empty(o->argv[1]);
        Series starts, jobs;
        Control c;

        control_open_or_fail(&c, o->argv[0]);
        series_init(&starts, o->runs);
        series_init(&jobs, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                uint64_t begin = now_nsec();

                control_send(&c, "StartUnit", unit, 1);
                control_wait_jobs(&c, 1);
                series_add(&jobs, begin, now_nsec());
                series_add(&starts, begin, fifo_next(fifo, 'S'));
                control_send(&c, "StopUnit", unit, 1);
                control_wait_jobs(&c, 1);
        }
        series_print(&starts);
        series_print(&jobs);
}

static void verb_bus_burst(const Options *o) {
        char **units = o->argv + 2;
        int n = o->argc - 2, fifo = fifo_open_empty(o->argv[1]);
        Series starts, stops;
        Control c;

        control_open_or_fail(&c, o->argv[0]);
        series_init(&starts, o->runs);
        series_init(&stops, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                uint64_t begin = now_nsec(), last = 0;

                control_send(&c, "StartUnit", units, n);
                control_wait_jobs(&c, (unsigned) n);
                for (int i = 0; i < n; i++)
                        last = later(last, fifo_next(fifo, 'S'));
                series_add(&starts, begin, last);
                if (o->keep)
                        continue;

                begin = now_nsec();
                control_send(&c, "StopUnit", units, n);
                control_wait_jobs(&c, (unsigned) n);
                series_add(&stops, begin, now_nsec());
        }
        series_print(&starts);
        if (!o->keep)
                series_print(&stops);
}

static void timed_call(Control *c, Series *s, const char *method, const char *unit) {
        uint64_t begin = now_nsec();
        int r = control_call(c, method, NULL, "s", unit);

        if (r < 0)
                fail("%s: %s", method, strerror(-r));
        series_add(s, begin, now_nsec());
}

static void verb_bus_freeze(const Options *o) {
        Series freezes, thaws;
        Control c;

        control_open_or_fail(&c, o->argv[0]);
        series_init(&freezes, o->runs);
        series_init(&thaws, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                timed_call(&c, &freezes, "FreezeUnit", o->argv[1]);
                pause_between_runs();
                timed_call(&c, &thaws, "ThawUnit", o->argv[1]);
                pause_between_runs();
        }
        series_print(&freezes);
        series_print(&thaws);
}

/* ---- supd killed ------------------------------------------------------------------------------- */

static bool is_supd(pid_t pid) {
        char path[64], name[16] = "";

        snprintf(path, sizeof(path), "/proc/%d/comm", pid);
        FILE *f = fopen(path, "re");
        if (!f)
                return false;
        bool found = fgets(name, sizeof(name), f) && strcmp(name, "supd\n") == 0;
        fclose(f);
        return found;
}

static pid_t supd_below(pid_t guardian) {
        char path[64];
        int pid, found = 0;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", guardian, guardian);
        FILE *f = fopen(path, "re");
        if (!f)
                fail("%s: %s", path, strerror(errno));
        while (found == 0 && fscanf(f, "%d", &pid) == 1) {
                if (is_supd(pid))
                        found = pid;
        }
        fclose(f);
        return found;
}

/* Negative: supd does not serve yet. */
static int count_running(Control *c) {
        sd_bus_message *reply = NULL;
        const char *active;
        int n = 0, r;

        r = control_call(c, "ListUnits", &reply, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
                r = sd_bus_message_read(reply, "ssss", NULL, NULL, NULL, &active);
                if (r >= 0 && strcmp(active, "active") == 0)
                        n++;
                if (r >= 0)
                        r = sd_bus_message_skip(reply, "ssouso");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        sd_bus_message_unref(reply);
        return r < 0 ? r : n;
}

static int serving(const char *socket_path) {
        Control c;
        int r = control_open(&c, socket_path);

        if (r < 0)
                return r;
        r = count_running(&c);
        sd_bus_close_unref(c.bus);
        return r;
}

static void verb_bus_kill(const Options *o) {
        const uint64_t patience_nsec = PATIENCE_SEC * UINT64_C(1000000000);
        pid_t guardian = (pid_t) strtol(o->argv[1], NULL, 10);
        Series times;

        series_init(&times, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                pid_t supd = supd_below(guardian);
                int n = -1;

                if (supd <= 0)
                        fail("process %d has no child named supd", guardian);
                uint64_t begin = now_nsec();
                if (kill(supd, SIGKILL) < 0)
                        fail("kill %d: %s", supd, strerror(errno));
                while (n != (int) o->count) {
                        n = serving(o->argv[0]);
                        if (now_nsec() - begin > patience_nsec)
                                fail("%d units run in place of %u", n, o->count);
                }
                series_add(&times, begin, now_nsec());
                pause_between_runs();
        }
        series_print(&times);
}

/* ---- the kernel's own time --------------------------------------------------------------------- */

static int open_in(const char *directory, const char *name, int flags) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        int fd = open(path, flags | O_CLOEXEC);
        if (fd < 0)
                fail("%s: %s", path, strerror(errno));
        return fd;
}

static void fill_cgroup(const char *directory, pid_t *pids, unsigned n) {
        int fd = open_in(directory, "cgroup.procs", O_WRONLY);

        for (unsigned i = 0; i < n; i++) {
                char text[16];

                pids[i] = fork();
                if (pids[i] < 0)
                        fail("fork: %s", strerror(errno));
                if (pids[i] == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        for (;;)
                                pause();
                }
                int length = snprintf(text, sizeof(text), "%d", pids[i]);
                if (write(fd, text, (size_t) length) != length)
                        fail("%s/cgroup.procs: %s", directory, strerror(errno));
        }
        close(fd);
}

static void freeze_by_hand(int freeze_fd, int events_fd, bool frozen, Series *s) {
        const char *wanted = frozen ? "frozen 1" : "frozen 0";
        char text[256] = "";
        uint64_t begin = now_nsec();

        if (pwrite(freeze_fd, frozen ? "1" : "0", 1, 0) != 1)
                fail("cgroup.freeze: %s", strerror(errno));
        while (!strstr(text, wanted)) {
                ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);
                if (n <= 0)
                        fail("cgroup.events can't be read");
                text[n] = '\0';
        }
        series_add(s, begin, now_nsec());
        pause_between_runs();
}

static void verb_kernel_freeze(const Options *o) {
        pid_t *pids = calloc(o->count, sizeof(*pids));
        Series freezes, thaws;

        if (!pids)
                fail("out of memory");
        fill_cgroup(o->argv[0], pids, o->count);
        int freeze_fd = open_in(o->argv[0], "cgroup.freeze", O_WRONLY);
        int events_fd = open_in(o->argv[0], "cgroup.events", O_RDONLY);

        series_init(&freezes, o->runs);
        series_init(&thaws, o->runs);
        for (unsigned run = 0; run < o->runs; run++) {
                freeze_by_hand(freeze_fd, events_fd, true, &freezes);
                freeze_by_hand(freeze_fd, events_fd, false, &thaws);
        }
        for (unsigned i = 0; i < o->count; i++) {
                kill(pids[i], SIGKILL);
                waitpid(pids[i], NULL, 0);
        }
        free(pids);
        series_print(&freezes);
        series_print(&thaws);
}

/* ---- the command line -------------------------------------------------------------------------- */

/* clang-format off */
static const Verb verbs[] = {
        /* name          arguments */
        { "start",         2, verb_start         },
        { "command",       1, verb_command       },
        { "cycle",         1, verb_cycle         },
        { "burst",         2, verb_burst         },
        { "lines",         1, verb_lines         },
        { "bus-start",     3, verb_bus_start     },
        { "bus-burst",     3, verb_bus_burst     },
        { "bus-freeze",    2, verb_bus_freeze    },
        { "bus-kill",      2, verb_bus_kill      },
        { "kernel-freeze", 1, verb_kernel_freeze },
};
/* clang-format on */

static unsigned parse_count(const char *text) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (*end || n == 0 || n > RUNS_MAX)
                fail("'%s' is not a number from 1 to %u", text, RUNS_MAX);
        return (unsigned) n;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                { "runs", required_argument, NULL, 'r' },
                { "count", required_argument, NULL, 'c' },
                { "after", required_argument, NULL, 'a' },
                { "keep", no_argument, NULL, 'k' },
                {},
        };
        Options o = { .runs = 25, .count = 1 };
        int c;

        if (argc < 2)
                fail("which verb? The list is at the top of tests/bench/meter.c");
        const char *name = argv[1];
        argv++;
        argc--;
        while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
                if (c == '?')
                        return 2;
                if (c == 'a')
                        o.after = optarg;
                else if (c == 'k')
                        o.keep = true;
                else
                        *(c == 'r' ? &o.runs : &o.count) = parse_count(optarg);
        }
        o.argc = argc - optind;
        o.argv = argv + optind;

        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
                if (strcmp(name, verbs[i].name) != 0)
                        continue;
                if (o.argc < verbs[i].min_arguments)
                        fail("%s needs %d arguments or more", name, verbs[i].min_arguments);
                verbs[i].run(&o);
                return fflush(stdout) == 0 ? 0 : 1;
        }
        fail("no verb '%s'", name);
}
