/* SPDX-License-Identifier: MIT */
#include "log/reader.h"

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "log/reader-internal.h"

int log_reader_open(const LogQuery *query, LogReader **ret, Error *error) {
        const LogReaderOps *ops = query->directory ? &log_reader_file : &log_reader_journal;

        return ops->open(query, ret, error);
}

int log_reader_next(LogReader *r, LogLine *ret) {
        return r->ops->next(r, ret);
}

int log_reader_fd(const LogReader *r) {
        return r->ops->fd(r);
}

short log_reader_events(const LogReader *r) {
        return r->ops->events ? r->ops->events(r) : POLLIN;
}

uint64_t log_reader_timeout_usec(const LogReader *r) {
        return r->ops->timeout_usec ? r->ops->timeout_usec(r) : UINT64_MAX;
}

int log_reader_process(LogReader *r) {
        return r->ops->process(r);
}

int log_reader_wait(LogReader *r, uint64_t timeout_usec) {
        struct pollfd p = { .fd = log_reader_fd(r), .events = log_reader_events(r) };
        uint64_t own_usec = log_reader_timeout_usec(r), usec = MIN(own_usec, timeout_usec);
        struct timespec ts = {
                .tv_sec = (time_t) (usec / USEC_PER_SEC),
                .tv_nsec = (long) (usec % USEC_PER_SEC * 1000),
        };

        if (p.fd < 0)
                return -EINVAL; /* the query does not follow: nothing will ever come */

        int n = ppoll(&p, 1, usec == UINT64_MAX ? NULL : &ts, NULL);
        if (n < 0)
                return -errno;
        if (n == 0 && own_usec > timeout_usec)
                return 0;

        int q = log_reader_process(r);
        return q < 0 ? q : 1;
}

LogReader *log_reader_free(LogReader *r) {
        return r ? r->ops->free(r) : NULL;
}
