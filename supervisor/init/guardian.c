/* SPDX-License-Identifier: MIT */
#include "init/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/fd-store.h"
#include "init/notify.h"
#include "init/process.h"
#include "init/report.h"
#include "base/macro.h"
#include "supd/exit-status.h"
#include "supd/init-protocol.h"

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC 1000000ULL

#define LONG_LIFE_USEC (10 * USEC_PER_SEC)
#define DELAY_MIN_USEC (100 * USEC_PER_MSEC)
#define DELAY_MAX_USEC (5 * USEC_PER_SEC)

#define ENVIRONMENT_MAX 4096

typedef struct Guardian {
        char *const *argv; /* borrowed from main() */
        const SignalState *signals;
        FdStore *store;
        int signal_fd;
        int notify_fd;
        char notify_address[NOTIFY_ADDRESS_MAX];
        pid_t pid; /* of the program; 0 while it is down */
        bool stopping;
        bool has_restarted;
        int exit_code; /* -1: go on */
        uint64_t started_usec;
        uint64_t restart_usec;
        uint64_t delay_usec; /* before the next restart if it is needed soon */
} Guardian;

/* What a manager above us set is about us, not about the program. */
static const char *const own_variables[] = {
        "NOTIFY_SOCKET=",
        "LISTEN_PID=",
        "LISTEN_FDS=",
        "LISTEN_FDNAMES=",
        SUPD_ENV_FDNAMES_FD "=",
};

static uint64_t now_usec(void) {
        struct timespec ts = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static bool is_own_variable(const char *assignment) {
        for (size_t i = 0; i < ELEMENTSOF(own_variables); i++)
                if (strncmp(assignment, own_variables[i], strlen(own_variables[i])) == 0)
                        return true;

        return false;
}

/* ---- in the forked child: its own copy of memory, so static buffers are as good as allocation ---- */

typedef struct Environment {
        char *variables[ENVIRONMENT_MAX + ELEMENTSOF(own_variables) + 1];
        size_t n;
        char text[SUPD_LISTEN_FDNAMES_MAX + 512]; /* of the variables that we add */
        size_t used;
} Environment;

static int environment_inherit(Environment *e) {
        for (char **p = environ; *p; p++) {
                if (is_own_variable(*p))
                        continue;
                if (e->n == ENVIRONMENT_MAX)
                        return -E2BIG;
                e->variables[e->n++] = *p;
        }

        return 0;
}

/* @name includes the '='. The text has room by construction: all but the names are short. */
static void environment_add(Environment *e, const char *name, const char *value) {
        char *p = e->text + e->used;

        e->used += (size_t) (stpcpy(stpcpy(p, name), value) - p) + 1;
        e->variables[e->n++] = p;
}

/* After fd_store_pass(): the names' file becomes the descriptor behind the last. */
static int pass_names_file(const FdStore *store, int number, Environment *e) {
        char buffer[NUMBER_TEXT_MAX];
        int fd = fd_store_names_memfd(store);
        int r = fd < 0 ? fd : fd_pass_as(fd, number);

        environment_add(e, SUPD_ENV_FDNAMES_FD "=", number_text((unsigned) number, buffer));
        return r;
}

static int pass_store(const FdStore *store, Environment *e) {
        static char names[SUPD_LISTEN_FDNAMES_MAX];
        char buffer[NUMBER_TEXT_MAX];
        int count = fd_store_count(store);

        if (count == 0)
                return 0;

        int r = fd_store_pass(store);
        if (r < 0)
                return r;

        environment_add(e, "LISTEN_PID=", number_text((unsigned) getpid(), buffer));
        environment_add(e, "LISTEN_FDS=", number_text((unsigned) count, buffer));

        int size = fd_store_names(store, ':', names, sizeof(names));
        if (size < 1)
                return pass_names_file(store, FD_STORE_FIRST + count, e);

        names[size - 1] = '\0'; /* the last ':' */
        environment_add(e, "LISTEN_FDNAMES=", names);
        return 0;
}

static int program_prepare(void *userdata, char *const **envp) {
        static Environment environment;
        const Guardian *g = userdata;

        int r = environment_inherit(&environment);
        if (r < 0)
                return r;

        environment_add(&environment, "NOTIFY_SOCKET=", g->notify_address);
        r = pass_store(g->store, &environment);
        *envp = environment.variables;
        return r;
}

/* ---- in supinit itself ---- */

static void report_end(const Guardian *g, const siginfo_t *ended, uint64_t delay_usec) {
        char status[NUMBER_TEXT_MAX], delay[NUMBER_TEXT_MAX];

        report(g->argv[0],
                        ended->si_code == CLD_EXITED ? " exited with status "
                                                     : " was killed by signal ",
                        number_text((unsigned) ended->si_status, status),
                        "; restarting in ",
                        number_text(delay_usec / USEC_PER_MSEC, delay),
                        " ms",
                        NULL);
}

/* Plans the restart; @ran_usec: how long the program lived. Return: the delay. */
static uint64_t guardian_back_off(Guardian *g, uint64_t ran_usec) {
        if (ran_usec >= LONG_LIFE_USEC)
                g->delay_usec = 0;

        uint64_t delay_usec = g->delay_usec;
        g->restart_usec = now_usec() + delay_usec;
        g->delay_usec = MAX(DELAY_MIN_USEC, MIN(2 * delay_usec, DELAY_MAX_USEC));
        return delay_usec;
}

static void guardian_start(Guardian *g, bool is_first) {
        const Launch launch = {
                .argv = g->argv,
                .signals = g->signals,
                .prepare = program_prepare,
                .userdata = g,
                .fd_min = FD_STORE_FIRST + fd_store_count(g->store) + 1,
        };

        g->started_usec = now_usec();

        pid_t pid = process_start(&launch);
        if (pid > 0) {
                g->pid = pid;
                return;
        }

        report("cannot execute '", g->argv[0], "': ", strerror(-pid), NULL);
        /* Once it has run, a program that can't be started may be one that is being upgraded. */
        if (is_first)
                g->exit_code = process_start_exit_code(pid);
        else
                (void) guardian_back_off(g, 0);
}

static void guardian_on_end(Guardian *g, const siginfo_t *ended) {
        g->pid = 0;

        if (g->stopping || (ended->si_code == CLD_EXITED && ended->si_status == 0)) {
                g->exit_code = process_exit_code(ended);
                return;
        }

        /* The first command line was wrong: trying again can't mend it, and who typed it is there to. As
         * the machine's init we have nowhere to go, and after an upgrade containers to keep. */
        if (!g->has_restarted && getpid() != 1 && ended->si_code == CLD_EXITED &&
                        ended->si_status == SUPD_EXIT_USAGE) {
                g->exit_code = SUPD_EXIT_USAGE;
                return;
        }

        g->has_restarted = true;
        report_end(g, ended, guardian_back_off(g, now_usec() - g->started_usec));
}

/*
 * Looks before it reaps: while the program is a zombie its pid is still its own, so the messages it
 * sent in its last moments can be told from anybody else's.
 */
static void guardian_reap(Guardian *g) {
        siginfo_t ended;

        for (;;) {
                ended.si_pid = 0;
                if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 || ended.si_pid == 0)
                        return;

                bool is_program = ended.si_pid == g->pid;
                if (is_program)
                        g->stopping |= notify_drain(g->notify_fd, g->pid, g->store);
                (void) waitid(P_PID, (id_t) ended.si_pid, &ended, WEXITED);
                if (is_program)
                        guardian_on_end(g, &ended);
        }
}

/* The terminal signals a whole process group, and unless we are init the program is in ours. */
static bool program_has_it_already(const Guardian *g, const siginfo_t *info) {
        return info->si_code == SI_KERNEL && getpid() != 1 && getpgid(g->pid) == getpgrp();
}

static void guardian_on_signal(Guardian *g, int number, const siginfo_t *info) {
        if (!signal_is_forwardable(number, info))
                return;

        if (number == SIGTERM || number == SIGINT)
                g->stopping = true;
        if (g->pid > 0 && !program_has_it_already(g, info))
                (void) kill(g->pid, number); /* it may be a zombie: reaped next */
        else if (g->pid == 0 && g->stopping)
                g->exit_code = 128 + number;
}

/* Milliseconds for poll(), rounded up, or the last one would be spent spinning. */
static int guardian_timeout(const Guardian *g) {
        if (g->pid > 0)
                return -1;

        uint64_t now = now_usec();
        if (g->restart_usec <= now)
                return 0;
        return (int) ((g->restart_usec - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static void guardian_turn(Guardian *g) {
        struct pollfd fds[] = {
                { .fd = g->signal_fd, .events = POLLIN },
                { .fd = g->notify_fd, .events = POLLIN },
        };
        siginfo_t info;
        int number;

        (void) poll(fds, ELEMENTSOF(fds), guardian_timeout(g));

        g->stopping |= notify_drain(g->notify_fd, g->pid, g->store);
        while ((number = signals_next(&info)) > 0)
                guardian_on_signal(g, number, &info);
        guardian_reap(g);

        if (g->exit_code < 0 && g->pid == 0 && now_usec() >= g->restart_usec)
                guardian_start(g, /* is_first= */ false);
}

/* Descriptors 0 to 2 must be taken, or one from the store would become our standard error. */
static void descriptors_clean_up(void) {
        int fd;

        (void) syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
        do {
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (fd < 0) /* early on a machine whose /dev is empty; as good as closed */
                        fd = open("/", O_PATH | O_CLOEXEC);
        } while (fd >= 0 && fd <= STDERR_FILENO);
        (void) close(fd);
}

/* Return: how many descriptors we may have now. */
static rlim_t limit_raise(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;

        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        return limit.rlim_cur;
}

int guardian_run(char *const *argv, const SignalState *signals) {
        static FdStore store;
        Guardian g = { .argv = argv, .signals = signals, .store = &store, .exit_code = -1 };

        descriptors_clean_up();
        fd_store_init(&store, limit_raise());

        g.signal_fd = signals_open();
        g.notify_fd = notify_open(g.notify_address);
        if (g.signal_fd < 0 || g.notify_fd < 0) {
                report("cannot start: ",
                                strerror(g.signal_fd < 0 ? -g.signal_fd : -g.notify_fd),
                                NULL);
                return SUPD_EXIT_RUNTIME;
        }

        /* Orphans of supd, the containers among them, come to us and not to the machine's init. */
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);

        guardian_start(&g, /* is_first= */ true);
        while (g.exit_code < 0)
                guardian_turn(&g);

        return g.exit_code;
}
