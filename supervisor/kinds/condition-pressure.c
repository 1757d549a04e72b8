/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "kinds/condition-internal.h"
#include "unitfile/value.h"

/*
 * "[SLICE:]LIMIT%[/TIME]": pressure as the kernel averages it (PSI) is at most so high. Where it is not measured,
 * there is nothing to hold a start back for.
 */

#define PRESSURE_FILE_SIZE_MAX 4096U

/* The three averages that there are. */
static const char *average_name(const char *time) {
        static const struct {
                uint64_t usec;
                const char *name;
        } averages[] = {
                { 10 * USEC_PER_SEC, "avg10=" },
                { USEC_PER_MINUTE, "avg60=" },
                { 5 * USEC_PER_MINUTE, "avg300=" },
        };
        uint64_t usec;

        if (!time)
                return "avg300=";
        if (value_parse_span(time, &usec) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(averages); i++) {
                if (averages[i].usec == usec)
                        return averages[i].name;
        }
        return NULL;
}

/* Of the line "full" if there is one, else of "some"; in 1/10000. */
static int read_average(const char *text, const char *average, uint64_t *ret) {
        const char *line = strstr(text, "full ") ?: text;
        const char *value = strstr(line, average);
        unsigned whole, hundredths;

        if (!value || sscanf(value + strlen(average), "%u.%2u", &whole, &hundredths) != 2)
                return -EBADMSG;
        *ret = (uint64_t) whole * 100 + hundredths;
        return 0;
}

static int pressure_is_low(const char *resource, const char *parameter) {
        const char *colon = strchr(parameter, ':'), *limit = colon ? colon + 1 : parameter;
        _cleanup_free_ char *path = NULL, *text = NULL, *percent = NULL;
        uint64_t now, most;

        const char *slash = strchr(limit, '/');
        const char *average = average_name(slash ? slash + 1 : NULL);
        percent = strndup(limit, slash ? (size_t) (slash - limit) : strlen(limit));
        if (!percent)
                return -ENOMEM;
        if (!average || value_parse_percent(percent, &most) < 0)
                return -EINVAL;
        if (colon && memchr(parameter, '/', (size_t) (colon - parameter)))
                return -EINVAL;

        path = colon ? str_printf("/sys/fs/cgroup/%.*s/%s.pressure",
                                       (int) (colon - parameter),
                                       parameter,
                                       resource)
                     : str_printf("/proc/pressure/%s", resource);
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, PRESSURE_FILE_SIZE_MAX, &text, NULL);
        if (r == -ENOENT || r == -EOPNOTSUPP)
                return 1;
        if (r >= 0)
                r = read_average(text, average, &now);
        return r < 0 ? r : now <= most;
}

int condition_memory_pressure(const char *parameter) {
        return pressure_is_low("memory", parameter);
}

int condition_cpu_pressure(const char *parameter) {
        return pressure_is_low("cpu", parameter);
}

int condition_io_pressure(const char *parameter) {
        return pressure_is_low("io", parameter);
}
