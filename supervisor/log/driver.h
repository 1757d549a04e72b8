/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where a container's output goes: a driver makes the descriptors that become its stdout and stderr.
 * What is written there reaches the log without supd: with journald straight through its stream
 * socket, with the driver "file" through two pipes to a logger process that outlives supd.
 *
 * Not its duty: reading back (log/reader.h), supd's own messages (log/journal-send.h), watching
 * descriptors: nothing here blocks or needs an event loop, the caller watches what it is told to.
 *
 * Life of a driver: log_driver_new() when the container is started or adopted; after adoption
 * log_driver_adopt() for each stored descriptor; log_driver_open() at each start; log_driver_forget()
 * when the unit has stopped for good; log_driver_free() at any time. log_driver_free() leaves alone
 * what must outlive supd.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"

#define LOG_SIZE_MAX_DEFAULT (UINT64_C(10) * 1024 * 1024) /* of one file, before it is rotated */
#define LOG_COUNT_MAX_DEFAULT 5U                          /* files kept, the current one included */

typedef enum LogDriverType {
        LOG_AUTO, /* journald where it accepts connections, else file */
        LOG_JOURNALD,
        LOG_FILE,
        LOG_NONE,
        LOG_PASSTHROUGH, /* supd's own stdout and stderr */
        _LOG_DRIVER_TYPE_MAX,
        _LOG_DRIVER_TYPE_INVALID = -EINVAL,
} LogDriverType;

/* What a unit says of its lines in the journal. All borrowed. */
typedef struct LogMarks {
        const char *identifier;    /* NULL: the container's name */
        int facility, level;       /* syslog's numbers; -1: none, and as the stream has it */
        int level_max;             /* what is less urgent is not kept; -1: all is */
        bool level_prefix;         /* "<N>" at the start of a line is its level */
        char *const *extra_fields; /* "FIELD=value"; NULL: none */
} LogMarks;

/* All borrowed for the call. */
typedef struct LogSpec {
        LogDriverType type;
        const char *unit_id; /* "web.service": the name of the cgroup's directory */
        const char *container_name;
        const char *container_id; /* 64 hex digits; CONTAINER_ID is its first 12 */
        const char *image_name;   /* image or path of the root; NULL: none */
        uint64_t rate_limit_interval_usec, rate_limit_burst; /* UINT64_MAX: unset; both unset or one
                                                                of them 0: no limit */
        const LogMarks *marks;                               /* NULL: none */
        const char *directory;   /* file: the container's log directory; made 0750 by the driver */
        const char *logger_path; /* file: the program supd-log */
        uint64_t size_max_bytes; /* file; UINT64_MAX: LOG_SIZE_MAX_DEFAULT */
        unsigned count_max;      /* file; UINT_MAX: LOG_COUNT_MAX_DEFAULT */
        const char *systemd_dir; /* journald's directory below /run; NULL: /run/systemd */
} LogSpec;

typedef struct LogDriver LogDriver;

/**
 * log_driver_new() - choose and set up a driver; connects to journald only to decide LOG_AUTO
 *
 * Return: 0; -EINVAL if a member that the driver needs is missing or malformed; -ENOMEM.
 */
int log_driver_new(const LogSpec *spec, LogDriver **ret, Error *error);

/** log_driver_name() - "journald", "file", "none", "passthrough": what LOG_AUTO became */
const char *log_driver_name(const LogDriver *d);

/**
 * log_driver_open() - the descriptors for one start of the container
 * @ret_stdout_fd: owned by the caller, who gives it to the container and closes it; blocking mode
 * @ret_stderr_fd: likewise
 *
 * file: starts the logger, unless that of the start before has lines left to write. Then
 * log_driver_respawn() starts the next one once it has ended. So after this call watch
 * log_driver_child_pidfd() and store log_driver_descriptors().
 *
 * Return: 0; negative errno: -EAGAIN if journald does not take connections.
 */
int log_driver_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error);

/**
 * log_driver_forget() - remove what was made for the unit outside of its log
 *
 * Call when all processes of the container are gone and no restart follows. journald may still have
 * lines of them to read and needs the unit's fields for that, so the first call only asks journald to
 * catch up; log_driver_open() calls it off.
 *
 * Return: 0 when done; 1: call again when log_driver_forget_fd() is readable. log_driver_free()
 * completes what was begun.
 */
int log_driver_forget(LogDriver *d);

/** log_driver_forget_fd() - borrowed, to be watched for input; -EBADF: none */
int log_driver_forget_fd(const LogDriver *d);

/**
 * log_driver_child_pidfd() - the running logger process, borrowed; -EBADF: none
 *
 * Watch it for input as a plain descriptor (not as an event source that reaps); when it is readable
 * stop watching and call log_driver_respawn(). It may belong to a former supd and be no child of ours.
 */
int log_driver_child_pidfd(const LogDriver *d);

/**
 * log_driver_respawn() - the logger ended, or was just adopted: start the next one if lines are left
 * or may still come; the container does not notice
 *
 * Return: 1 if a logger runs now (watch it); 0 if none is needed; -EAGAIN if the last one ended too
 * soon after its start: call again in LOG_RESPAWN_DELAY_USEC; other negative errno if it can't start.
 */
int log_driver_respawn(LogDriver *d, Error *error);

#define LOG_RESPAWN_DELAY_USEC (UINT64_C(1000) * 1000)

/* What must survive supd, for its manager's descriptor store. */
#define LOG_DESCRIPTOR_PREFIX "log." /* all names start so; at most 32 bytes, [a-z0-9.] */
#define LOG_DESCRIPTORS_MAX 17U

typedef struct LogDescriptor {
        char name[32]; /* stays the same for the life of the descriptor; never used twice */
        int fd;        /* borrowed from the driver */
} LogDescriptor;

/**
 * log_driver_descriptors() - what is to be in the store now; changes only in log_driver_open(),
 * log_driver_respawn(), log_driver_forget()
 *
 * Return: how many of @ret were filled; 0 for all drivers but file.
 */
size_t log_driver_descriptors(const LogDriver *d, LogDescriptor ret[static LOG_DESCRIPTORS_MAX]);

/**
 * log_driver_adopt() - give back one stored descriptor; after the last call log_driver_respawn()
 * @fd: taken over and emptied on success
 *
 * Return: 0; -EINVAL if the name is none of this driver's; -ENFILE if there are too many.
 */
int log_driver_adopt(LogDriver *d, const char *name, int *fd);

/** log_driver_type_to_string() - "journald"; NULL if out of range */
const char *log_driver_type_to_string(LogDriverType type);
/** log_driver_type_from_string() - _LOG_DRIVER_TYPE_INVALID if unknown */
LogDriverType log_driver_type_from_string(const char *name);

/**
 * log_driver_free() - close what the driver holds; a logger goes on and ends when it has written all
 *
 * A logger that ends later stays a zombie until supd ends, so where there is time wait until
 * log_driver_child_pidfd() is -EBADF.
 */
LogDriver *log_driver_free(LogDriver *d);
DEFINE_CLEANUP(LogDriver *, log_driver_free);
