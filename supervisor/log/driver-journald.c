/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <string.h>
#include <syslog.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "log/driver-internal.h"
#include "log/journal-export.h"
#include "log/journal-stream.h"
#include "log/journal-sync.h"

typedef struct JournaldDriver {
        LogDriver driver;
        char *systemd_dir;                                          /* owned; NULL: the usual one */
        char *unit_id, *container_name, *container_id, *image_name; /* owned */
        char *identifier;                                           /* owned */
        char **extra_fields;                                        /* owned */
        uint64_t rate_limit_interval_usec, rate_limit_burst;
        int facility, level, level_max; /* -1: unset */
        bool level_prefix;
        int sync_fd; /* owned; readable when journald has caught up; -EBADF: nothing asked */
} JournaldDriver;

static JournaldDriver *journald_from(const LogDriver *d) {
        return CONTAINER_OF(d, JournaldDriver, driver);
}

static LogDriver *journald_free(LogDriver *d) {
        JournaldDriver *j = journald_from(d);

        if (j->sync_fd >= 0)
                journal_export_remove(j->systemd_dir, j->unit_id);
        close_fd(j->sync_fd);
        free(j->systemd_dir);
        free(j->identifier);
        strv_free(j->extra_fields);
        free(j->unit_id);
        free(j->container_name);
        free(j->container_id);
        free(j->image_name);
        free(j);
        return NULL;
}

/* Both become lines of the stream's header, and the unit a file name. */
static bool name_is_usable(const char *name) {
        return !str_is_empty(name) && !strpbrk(name, "\n/");
}

static int journald_new(const LogSpec *spec, LogDriver **ret, Error *error) {
        const LogMarks none = { .facility = -1, .level = -1, .level_max = -1 };
        const LogMarks *marks = spec->marks ?: &none;

        if (!name_is_usable(spec->unit_id) || !name_is_usable(spec->container_name) ||
                        (marks->identifier && strchr(marks->identifier, '\n')))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_LOG,
                                "journald cannot log under the name '%s'",
                                marks->identifier ?: spec->container_name ?: "");

        JournaldDriver *j = malloc(sizeof(*j));
        if (!j)
                return -ENOMEM;
        *j = (JournaldDriver) {
                .driver = { .ops = &log_driver_journald },
                .rate_limit_interval_usec = spec->rate_limit_interval_usec,
                .rate_limit_burst = spec->rate_limit_burst,
                .facility = marks->facility,
                .level = marks->level,
                .level_max = marks->level_max,
                .level_prefix = marks->level_prefix,
                .sync_fd = -EBADF,
        };

        _cleanup_(log_driver_freep) LogDriver *d = &j->driver;
        if (str_replace(&j->systemd_dir, spec->systemd_dir) < 0 ||
                        str_replace(&j->unit_id, spec->unit_id) < 0 ||
                        str_replace(&j->container_name, spec->container_name) < 0 ||
                        str_replace(&j->identifier, marks->identifier ?: spec->container_name) <
                                        0 ||
                        strv_copy(marks->extra_fields, &j->extra_fields) < 0 ||
                        str_replace(&j->container_id, spec->container_id ?: "") < 0 ||
                        str_replace(&j->image_name, spec->image_name) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(d);
        return 0;
}

static int journald_connect(JournaldDriver *j, int level, Error *error) {
        JournalStreamSpec stream = {
                .identifier = j->identifier,
                .unit_id = j->unit_id,
                .priority = (j->level >= 0 ? j->level : level) | MAX(j->facility, 0) << 3,
                .level_prefix = j->level_prefix,
        };
        int fd = journal_stream_open(j->systemd_dir, &stream);
        if (fd == -EAGAIN)
                return error_set_plain(error,
                                fd,
                                ERROR_LOG,
                                "journald does not answer: its queue of new streams is full");
        if (fd < 0)
                return error_set(error, fd, ERROR_LOG, "cannot open a log stream to journald");
        return fd;
}

static int journald_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        JournaldDriver *j = journald_from(d);
        JournalExport export = {
                .unit_id = j->unit_id,
                .container_name = j->container_name,
                .container_id = j->container_id,
                .image_name = j->image_name,
                .fields = j->extra_fields,
                .level_max = j->level_max,
                .rate_limit_interval_usec = j->rate_limit_interval_usec,
                .rate_limit_burst = j->rate_limit_burst,
        };

        j->sync_fd = close_fd(j->sync_fd);

        /* First: journald looks them up when it sees the first line of a process. */
        int r = journal_export_write(j->systemd_dir, &export, error);
        if (r < 0)
                return r;

        _cleanup_close_ int out = journald_connect(j, LOG_INFO, error);
        if (out < 0)
                return out;
        int err = journald_connect(j, LOG_ERR, error);
        if (err < 0)
                return err;

        *ret_stdout_fd = TAKE_FD(out);
        *ret_stderr_fd = err;
        return 0;
}

/*
 * journald reads at its own pace: when a container is gone, megabytes of its lines may still wait in
 * the socket, and for each of its processes that journald meets there first it reads the unit's
 * files. Without them those lines would lose their fields and, worse, fall under the rate limit.
 */
static int journald_forget(LogDriver *d) {
        JournaldDriver *j = journald_from(d);

        if (j->sync_fd < 0) {
                if (!journal_export_exists(j->systemd_dir, j->unit_id))
                        return 0;
                j->sync_fd = journal_sync_begin(j->systemd_dir);
                if (j->sync_fd >= 0)
                        return 1;
        } else {
                struct pollfd p = { .fd = j->sync_fd, .events = POLLIN };
                if (poll(&p, 1, 0) == 0)
                        return 1;
        }

        journal_export_remove(j->systemd_dir, j->unit_id);
        j->sync_fd = close_fd(j->sync_fd);
        return 0;
}

static int journald_watch_fd(const LogDriver *d) {
        return journald_from(d)->sync_fd;
}

const LogDriverOps log_driver_journald = {
        .type = LOG_JOURNALD,
        .new = journald_new,
        .open = journald_open,
        .free = journald_free,
        .forget = journald_forget,
        .watch_fd = journald_watch_fd,
};
