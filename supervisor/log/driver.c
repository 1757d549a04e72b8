/* SPDX-License-Identifier: MIT */
#include "log/driver.h"

#include "base/text.h"
#include "log/driver-internal.h"
#include "log/journal-stream.h"

/* clang-format off */
static const char *const type_names[] = {
        [LOG_AUTO]        = "auto",
        [LOG_JOURNALD]    = "journald",
        [LOG_FILE]        = "file",
        [LOG_NONE]        = "none",
        [LOG_PASSTHROUGH] = "passthrough",
};

static const LogDriverOps *const drivers[] = {
        [LOG_AUTO]        = NULL, /* becomes one of the others in log_driver_new() */
        [LOG_JOURNALD]    = &log_driver_journald,
        [LOG_FILE]        = &log_driver_file,
        [LOG_NONE]        = &log_driver_none,
        [LOG_PASSTHROUGH] = &log_driver_passthrough,
};
/* clang-format on */
static_assert(ELEMENTSOF(type_names) == _LOG_DRIVER_TYPE_MAX, "every driver has a name");
static_assert(ELEMENTSOF(drivers) == _LOG_DRIVER_TYPE_MAX, "every driver has an implementation");

const char *log_driver_type_to_string(LogDriverType type) {
        if (type < 0 || type >= _LOG_DRIVER_TYPE_MAX)
                return NULL;
        return type_names[type];
}

LogDriverType log_driver_type_from_string(const char *name) {
        for (LogDriverType type = 0; type < _LOG_DRIVER_TYPE_MAX; type++) {
                if (str_equal(type_names[type], name))
                        return type;
        }
        return _LOG_DRIVER_TYPE_INVALID;
}

int log_driver_new(const LogSpec *spec, LogDriver **ret, Error *error) {
        LogDriverType type = spec->type;

        if (type < 0 || type >= _LOG_DRIVER_TYPE_MAX)
                return error_set_plain(error, -EINVAL, ERROR_LOG, "unknown log driver %d", type);
        if (type == LOG_AUTO)
                type = journal_stream_is_served(spec->systemd_dir) ? LOG_JOURNALD : LOG_FILE;

        return drivers[type]->new (spec, ret, error);
}

const char *log_driver_name(const LogDriver *d) {
        return type_names[d->ops->type];
}

int log_driver_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        return d->ops->open(d, ret_stdout_fd, ret_stderr_fd, error);
}

int log_driver_forget(LogDriver *d) {
        return d->ops->forget ? d->ops->forget(d) : 0;
}

int log_driver_forget_fd(const LogDriver *d) {
        return d->ops->forget ? d->ops->watch_fd(d) : -EBADF;
}

int log_driver_child_pidfd(const LogDriver *d) {
        return d->ops->child ? d->ops->watch_fd(d) : -EBADF;
}

int log_driver_respawn(LogDriver *d, Error *error) {
        return d->ops->child ? d->ops->child->respawn(d, error) : 0;
}

size_t log_driver_descriptors(const LogDriver *d, LogDescriptor ret[static LOG_DESCRIPTORS_MAX]) {
        return d->ops->child ? d->ops->child->descriptors(d, ret) : 0;
}

int log_driver_adopt(LogDriver *d, const char *name, int *fd) {
        return d->ops->child ? d->ops->child->adopt(d, name, fd) : -EINVAL;
}

LogDriver *log_driver_free(LogDriver *d) {
        return d ? d->ops->free(d) : NULL;
}
