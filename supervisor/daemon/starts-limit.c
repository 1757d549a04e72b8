/* SPDX-License-Identifier: MIT */
#include "daemon/starts-limit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/macro.h"

#define PRESSURE_FILE_SIZE_MAX 4096U
/* The kernel sums up at its ticks: less than this is noise, and figures that are older tell of other things. */
#define WINDOW_MIN_USEC (50 * USEC_PER_MSEC)
#define WINDOW_MAX_USEC (5 * USEC_PER_SEC)

/* Starts at a time for each processor, if nothing has to wait; a start waits itself most of the time. */
#define PER_PROCESSOR 8U

/* Shares of the time, in percent, from which on it is too much. */
#define CPU_PERCENT 80U
#define IO_PERCENT 40U
#define MEMORY_PERCENT 10U

void starts_limit_init(StartsLimit *s) {
        cpu_set_t set;
        int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? (int) sysconf(_SC_NPROCESSORS_ONLN)
                                                            : CPU_COUNT(&set);

        *s = (StartsLimit) { .n_processors = (unsigned) MAX(n, 1) };
        s->limit = s->n_processors * PER_PROCESSOR;
}

static bool exceeds(uint64_t before, uint64_t now, uint64_t window_usec, unsigned percent) {
        return now > before && (now - before) * 100 > window_usec * percent;
}

unsigned starts_limit_decide(StartsLimit *s, uint64_t now_usec, const Pressure *now) {
        uint64_t window = usec_sub(now_usec, s->seen_usec);
        bool fresh = s->seen_usec > 0 && window <= WINDOW_MAX_USEC;

        s->limit = s->n_processors * PER_PROCESSOR;
        if (fresh && exceeds(s->seen.memory_usec, now->memory_usec, window, MEMORY_PERCENT))
                s->limit = (s->n_processors + 1) / 2;
        else if (fresh &&
                        (exceeds(s->seen.cpu_usec, now->cpu_usec, window, CPU_PERCENT) ||
                                        exceeds(s->seen.io_usec, now->io_usec, window, IO_PERCENT)))
                s->limit = s->n_processors;
        s->seen = *now;
        s->seen_usec = now_usec;
        return s->limit;
}

/* The total of one line. Kernels without PSI have no file: no pressure then. */
static uint64_t read_total(const char *path, const char *line_name) {
        _cleanup_free_ char *text = NULL;
        uint64_t total;

        if (file_read(AT_FDCWD, path, PRESSURE_FILE_SIZE_MAX, &text, NULL) < 0)
                return 0;
        const char *line = strstr(text, line_name);
        const char *value = line ? strstr(line, "total=") : NULL;
        return value && sscanf(value, "total=%" SCNu64, &total) == 1 ? total : 0;
}

unsigned starts_limit_get(StartsLimit *s, uint64_t now_usec) {
        if (s->seen_usec > 0 && usec_sub(now_usec, s->seen_usec) < WINDOW_MIN_USEC)
                return s->limit;
        Pressure now = {
                .cpu_usec = read_total("/proc/pressure/cpu", "some "),
                .io_usec = read_total("/proc/pressure/io", "full "),
                .memory_usec = read_total("/proc/pressure/memory", "full "),
        };
        return starts_limit_decide(s, now_usec, &now);
}
