/* SPDX-License-Identifier: MIT */

/*
 * The payload of `make bench`, the same for supd, its peers and the bare yardstick. Without a C library,
 * so that its first instruction of interest is its first instruction: it reads CLOCK_MONOTONIC, then
 * reports "S NANOSECONDS" through /tick/fifo (or $TICK), and goes on as its first argument says.
 *
 *     once          exit
 *     stdout        write the nanoseconds to standard output in place of the FIFO, exit
 *     stay          wait for a signal
 *     crowd N       be N processes (itself included), then report and wait for a signal
 *     cycle MSEC    wait that long, report "E NANOSECONDS", exit
 *     lines N       write N lines of 100 bytes to standard output, each with a write() of its own;
 *                   S and E are reported before the first and after the last
 *
 * Exit status: 0, or 111 if the FIFO or standard output could not be written to.
 */

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#define LINE_BYTES 100
#define EXIT_UNHEARD 111

typedef struct Mode {
        const char *name;
        void (*run)(uint64_t start_nsec, uint64_t argument);
} Mode;

#if defined(__x86_64__)
static long kernel(long number, long a, long b, long c, long d) {
        register long r10 __asm__("r10") = d;
        long result;

        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                         : "rcx", "r11", "memory");
        return result;
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
static long kernel(long number, long a, long b, long c, long d) {
        register long x8 __asm__("x8") = number;
        register long x0 __asm__("x0") = a;
        register long x1 __asm__("x1") = b;
        register long x2 __asm__("x2") = c;
        register long x3 __asm__("x3") = d;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
        return x0;
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
#else
#error "no system calls known for this architecture"
#endif

void start(const long *stack);

static const char *fifo = "/tick/fifo";

/* The compiler may ask for it, and there is no C library. */
void *memcpy(void *to, const void *from, size_t n);
void *memcpy(void *to, const void *from, size_t n) {
        char *t = to;
        const char *f = from;

        for (size_t i = 0; i < n; i++) {
                t[i] = f[i];
                __asm__ volatile("" ::: "memory"); /* or this loop becomes a call of memcpy() */
        }
        return to;
}

static void quit(int status) {
        for (;;)
                kernel(SYS_exit_group, status, 0, 0, 0);
}

static uint64_t now_nsec(void) {
        struct timespec t = { 0, 0 };

        kernel(SYS_clock_gettime, CLOCK_MONOTONIC, (long) &t, 0, 0);
        return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

static void write_all(long fd, const char *text, size_t length) {
        if (kernel(SYS_write, fd, (long) text, (long) length, 0) != (long) length)
                quit(EXIT_UNHEARD);
}

static size_t put_number(char *to, uint64_t number) {
        char digits[20];
        size_t n = 0;

        do {
                digits[n++] = (char) ('0' + number % 10);
                number /= 10;
        } while (number > 0);
        for (size_t i = 0; i < n; i++)
                to[i] = digits[n - 1 - i];
        return n;
}

/* @name: with its "=" */
static const char *get_variable(const char *const *envp, const char *name) {
        for (; *envp; envp++) {
                size_t n = 0;

                while (name[n] && (*envp)[n] == name[n])
                        n++;
                if (!name[n])
                        return *envp + n;
        }
        return NULL;
}

static uint64_t get_number(const char *text) {
        uint64_t number = 0;

        for (; text && *text >= '0' && *text <= '9'; text++)
                number = number * 10 + (uint64_t) (*text - '0');
        return number;
}

static int is_same(const char *a, const char *b) {
        for (; *a && *a == *b; a++, b++)
                ;
        return *a == *b;
}

static long fifo_open(void) {
        long fd = kernel(SYS_openat, AT_FDCWD, (long) fifo, O_WRONLY | O_CLOEXEC, 0);

        if (fd < 0)
                quit(EXIT_UNHEARD);
        return fd;
}

/* Shorter than PIPE_BUF, so that those of many containers don't mix. */
static void report(long fd, char event, uint64_t at_nsec) {
        char text[32] = { event, ' ' };
        size_t n = 2;

        n += put_number(text + n, at_nsec);
        text[n++] = '\n';
        write_all(fd, text, n);
}

static void wait_for_signal(void) {
        for (;;)
                kernel(SYS_ppoll, 0, 0, 0, 0);
}

static void run_once(uint64_t start_nsec, uint64_t argument) {
        (void) argument;
        report(fifo_open(), 'S', start_nsec);
}

static void run_stdout(uint64_t start_nsec, uint64_t argument) {
        char text[32];
        size_t n = put_number(text, start_nsec);

        (void) argument;
        text[n++] = '\n';
        write_all(1, text, n);
}

static void run_stay(uint64_t start_nsec, uint64_t argument) {
        run_once(start_nsec, argument);
        wait_for_signal();
}

static void run_crowd(uint64_t start_nsec, uint64_t argument) {
        for (uint64_t i = 1; i < argument; i++) {
                long pid = kernel(SYS_clone, SIGCHLD, 0, 0, 0); /* as fork() */
                if (pid == 0)
                        wait_for_signal();
                if (pid < 0)
                        quit(EXIT_UNHEARD);
        }
        run_stay(start_nsec, argument);
}

static void run_cycle(uint64_t start_nsec, uint64_t argument) {
        struct timespec wait = {
                .tv_sec = (time_t) (argument / 1000),
                .tv_nsec = (long) (argument % 1000) * 1000000,
        };
        long fd = fifo_open();

        report(fd, 'S', start_nsec);
        kernel(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (long) &wait, 0);
        report(fd, 'E', now_nsec());
}

static void run_lines(uint64_t start_nsec, uint64_t argument) {
        char line[LINE_BYTES];
        long fd = fifo_open(); /* may block; not part of what is measured */

        (void) start_nsec;
        for (size_t i = 0; i < sizeof(line); i++)
                line[i] = (char) ('a' + i % 26);
        line[sizeof(line) - 1] = '\n';

        report(fd, 'S', now_nsec());
        for (uint64_t i = 0; i < argument; i++) {
                size_t n = put_number(line, i);
                line[n] = ' ';
                write_all(1, line, sizeof(line));
        }
        report(fd, 'E', now_nsec());
}

/* clang-format off */
static const Mode modes[] = {
        { "once",   run_once   },
        { "stdout", run_stdout },
        { "stay",   run_stay   },
        { "crowd",  run_crowd  },
        { "cycle",  run_cycle  },
        { "lines",  run_lines  },
};
/* clang-format on */

__attribute__((used)) void start(const long *stack) {
        uint64_t start_nsec = now_nsec();
        const char *const *argv = (const char *const *) (stack + 1);
        const char *elsewhere = get_variable(argv + stack[0] + 1, "TICK=");

        if (elsewhere)
                fifo = elsewhere;

        for (size_t i = 0; stack[0] > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
                if (is_same(argv[1], modes[i].name)) {
                        modes[i].run(start_nsec, get_number(stack[0] > 2 ? argv[2] : NULL));
                        quit(0);
                }
        }
        quit(2);
}
