/* SPDX-License-Identifier: MIT */
#include "init/report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>

#define REPORT_PARTS_MAX 12

void report(const char *part, ...) {
        struct iovec parts[REPORT_PARTS_MAX + 2] = {
                { .iov_base = (char *) "supinit: ", .iov_len = 9 },
        };
        int saved_errno = errno, n = 1;

        va_list list;
        va_start(list, part);
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above; it forgets that at times */
        for (; part && n <= REPORT_PARTS_MAX; part = va_arg(list, const char *))
                parts[n++] = (struct iovec) { .iov_base = (char *) part, .iov_len = strlen(part) };
        va_end(list);
        parts[n++] = (struct iovec) { .iov_base = (char *) "\n", .iov_len = 1 };

        /* Nowhere is left to report to if this fails. */
        ssize_t r = writev(2, parts, n);
        (void) r;
        errno = saved_errno;
}

const char *number_text(unsigned long long value, char *buffer) {
        char *p = buffer + NUMBER_TEXT_MAX;

        *--p = '\0';
        do
                *--p = (char) ('0' + value % 10);
        while (value /= 10);
        return p;
}
