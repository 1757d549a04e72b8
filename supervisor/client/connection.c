/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <ctype.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/client-internal.h"
#include "supd/bus.h"
#include "supd/paths.h"

/* Bus errors by name; those of our own, org.supd.Error.*, carry the name of the code itself. */
/* clang-format off */
static const struct {
        const char *name;
        ErrorCode code;
        int number;
} bus_errors[] = {
        { "org.freedesktop.systemd1.NoSuchUnit",                 ERROR_NO_SUCH_UNIT,     -ENOENT     },
        { "org.freedesktop.systemd1.NoUnitForPID",               ERROR_NO_SUCH_UNIT,     -ENOENT     },
        { "org.freedesktop.systemd1.NoSuchJob",                  ERROR_NO_SUCH_JOB,      -ENOENT     },
        { "org.freedesktop.systemd1.NoSuchProcess",              ERROR_NO_SUCH_PROCESS,  -ESRCH      },
        { SUPD_BUS_ERROR_PREFIX "NoSuchSecret",                  ERROR_NO_SUCH_SECRET,   -ENOENT     },
        { "org.freedesktop.systemd1.UnitMasked",                 ERROR_MASKED,           -ERFKILL    },
        { "org.freedesktop.systemd1.UnitGenerated",              ERROR_UNIT_GENERATED,   -EADDRNOTAVAIL },
        { "org.freedesktop.systemd1.UnitExists",                 ERROR_UNIT_EXISTS,      -EEXIST     },
        { "org.freedesktop.systemd1.UnitLinked",                 ERROR_UNIT_LINKED,      -ELOOP      },
        { "org.freedesktop.systemd1.BadUnitSetting",             ERROR_BAD_SETTING,      -ENOEXEC    },
        { "org.freedesktop.systemd1.LoadFailed",                 ERROR_BAD_SETTING,      -EIO        },
        { "org.freedesktop.systemd1.JobTypeNotApplicable",       ERROR_NOT_SUPPORTED,    -EOPNOTSUPP },
        { "org.freedesktop.systemd1.TransactionIsDestructive",   ERROR_JOB_CONFLICT,     -EDEADLK    },
        { "org.freedesktop.systemd1.TransactionJobsConflicting", ERROR_JOBS_CONTRADICT,  -EDEADLK    },
        { "org.freedesktop.systemd1.TransactionOrderIsCyclic",   ERROR_ORDER_CYCLE,      -EDEADLK    },
        { "org.freedesktop.systemd1.OnlyByDependency",           ERROR_ONLY_BY_DEPENDENCY, -EPERM    },
        { "org.freedesktop.systemd1.NoIsolation",                ERROR_NO_ISOLATION,     -EPERM      },
        { "org.freedesktop.systemd1.UnitInactive",               ERROR_UNIT_STATE,       -EHOSTDOWN  },
        { "org.freedesktop.systemd1.UnitBusy",                   ERROR_UNIT_STATE,       -EBUSY      },
        { "org.freedesktop.DBus.Error.AccessDenied",             ERROR_ACCESS_DENIED,    -EACCES     },
        { "org.freedesktop.DBus.Error.InvalidArgs",              ERROR_INVALID_ARGUMENT, -EINVAL     },
        { "org.freedesktop.DBus.Error.NotSupported",             ERROR_NOT_SUPPORTED,    -EOPNOTSUPP },
        { "org.freedesktop.DBus.Error.UnknownMethod",            ERROR_NOT_SUPPORTED,    -EOPNOTSUPP },
        { "org.freedesktop.DBus.Error.LimitsExceeded",           ERROR_LIMIT_REACHED,    -ENOBUFS    },
        { "org.freedesktop.DBus.Error.Timeout",                  ERROR_TIMEOUT,          -ETIMEDOUT  },
};
/* clang-format on */

/* "NoSuchUnit" and "no-such-unit" are the same name. */
static bool same_name(const char *camel, const char *dashed) {
        for (const char *start = camel; *camel; camel++, dashed++) {
                if (isupper((unsigned char) *camel) && camel > start && *dashed++ != '-')
                        return false;
                if (tolower((unsigned char) *camel) != *dashed)
                        return false;
        }
        return *dashed == '\0';
}

static ErrorCode code_of_bus_error(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(bus_errors); i++) {
                if (str_equal(bus_errors[i].name, name))
                        return bus_errors[i].code;
        }
        if (str_has_prefix(name, SUPD_BUS_ERROR_PREFIX)) {
                for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                        if (same_name(name + strlen(SUPD_BUS_ERROR_PREFIX),
                                            error_code_to_string(code)))
                                return code;
                }
        }
        return ERROR_FAILED;
}

static int number_of_bus_error(const sd_bus_error *bus_error) {
        for (size_t i = 0; i < ELEMENTSOF(bus_errors); i++) {
                if (str_equal(bus_errors[i].name, bus_error->name))
                        return bus_errors[i].number;
        }
        int number = sd_bus_error_get_errno(bus_error);
        return number > 0 ? -number : -EIO;
}

int client_error(const Client *c, int r, const sd_bus_error *bus_error, Error *error) {
        if (r == -ENOMEM)
                return r;
        /* What sd-bus puts in place of an answer that can't come any more, whatever the reason. */
        if (bus_error && sd_bus_error_has_name(bus_error, SD_BUS_ERROR_NO_REPLY))
                r = sd_bus_is_open(c->bus) > 0 ? -ETIMEDOUT : -ECONNRESET;
        if (r == -ETIMEDOUT)
                return error_set_plain(error,
                                r,
                                ERROR_TIMEOUT,
                                "supd at %s does not answer; is it stopped or overloaded?",
                                c->socket_path);
        if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE || r == -ESHUTDOWN)
                return error_set_plain(error,
                                r,
                                ERROR_DISCONNECTED,
                                "supd at %s closed the connection; it ended or was restarted, try "
                                "again",
                                c->socket_path);
        if (bus_error && sd_bus_error_is_set(bus_error))
                return error_set_plain(error,
                                number_of_bus_error(bus_error),
                                code_of_bus_error(bus_error->name),
                                "%s",
                                str_is_empty(bus_error->message) ? bus_error->name
                                                                 : bus_error->message);
        return error_set(error, r, ERROR_FAILED, "cannot talk to supd at %s", c->socket_path);
}

int client_call(Client *c,
                const char *path,
                const char *interface,
                const char *method,
                sd_bus_message **ret_reply,
                Error *error,
                const char *types,
                ...) {
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        va_list ap;

        va_start(ap, types);
        int r = sd_bus_call_methodv(c->bus,
                        SUPD_SYSTEMD_DESTINATION,
                        path,
                        interface,
                        method,
                        &bus_error,
                        ret_reply,
                        types,
                        ap);
        va_end(ap);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}

/* For poll(), rounded up, or the last millisecond would be spent spinning; -1: for ever. */
static int timeout_msec(uint64_t until_usec, uint64_t now_usec) {
        if (until_usec == USEC_INFINITY)
                return -1;
        return (int) MIN(usec_sub(until_usec, now_usec) / USEC_PER_MSEC + 1, UINT64_C(3600000));
}

int client_turn_beside(Client *c, int interrupt_fd, int other_fd, uint64_t deadline_usec) {
        uint64_t until_usec = USEC_INFINITY, now_usec;

        int r = sd_bus_process(c->bus, NULL);
        if (r != 0)
                return MIN(r, 0);

        int events = sd_bus_get_events(c->bus);
        if (events < 0)
                return events;
        r = sd_bus_get_timeout(c->bus, &until_usec);
        if (r < 0)
                return r;
        now_usec = clock_monotonic_usec();
        if (now_usec >= deadline_usec)
                return -ETIMEDOUT;

        struct pollfd fds[] = {
                { .fd = sd_bus_get_fd(c->bus), .events = (short) events },
                { .fd = interrupt_fd, .events = POLLIN }, /* negative: ignored */
                { .fd = other_fd, .events = POLLIN },
        };
        r = neg_errno(poll(fds,
                        ELEMENTSOF(fds),
                        timeout_msec(MIN(until_usec, deadline_usec), now_usec)));
        if (r < 0 && r != -EINTR)
                return r;
        if (r <= 0)
                return 0;
        return fds[1].revents ? -EINTR : fds[2].revents != 0;
}

int client_turn(Client *c, int interrupt_fd, uint64_t deadline_usec) {
        return client_turn_beside(c, interrupt_fd, -EBADF, deadline_usec);
}

/* An address is "unix:path=" and the path, in which only these bytes stand for themselves. */
static char *address_of(const char *socket_path) {
        static const char prefix[] = "unix:path=", digits[] = "0123456789abcdef";
        char *address = malloc(sizeof(prefix) + 3 * strlen(socket_path)), *out = address;

        if (!address)
                return NULL;
        out = stpcpy(out, prefix);
        for (const char *p = socket_path; *p; p++) {
                unsigned char byte = (unsigned char) *p;

                if (isalnum(byte) || strchr("-_/.*", *p))
                        *out++ = *p;
                else
                        out = mempcpy(out,
                                        (char[]) { '%', digits[byte >> 4], digits[byte & 15] },
                                        3);
        }
        *out = '\0';
        return address;
}

static int connect_error(const Client *c, int r, Error *error) {
        switch (r) {
        case -ENOENT:
        case -ECONNREFUSED:
                return error_set_plain(error,
                                r,
                                ERROR_DISCONNECTED,
                                "can't reach supd at %s: %s; is supd running? start it with "
                                "'supinit supd' or 'systemctl start supd'",
                                c->socket_path,
                                strerrordesc_np(-r));
        case -EACCES:
        case -EPERM:
                return error_set_plain(error,
                                r,
                                ERROR_ACCESS_DENIED,
                                "can't reach supd at %s: %s; run this as root or as a member of "
                                "group " SUPD_GROUP,
                                c->socket_path,
                                strerrordesc_np(-r));
        case -ENOMEM:
        case -ETIMEDOUT:
        case -ECONNRESET:
        case -EPIPE:
                return client_error(c, r, NULL, error);
        default:
                return error_set(error,
                                r,
                                ERROR_DISCONNECTED,
                                "can't reach supd at %s",
                                c->socket_path);
        }
}

/* sd-bus alone would give a peer that does not even greet more than a minute. */
static int await_greeting(Client *c) {
        uint64_t limit_usec;
        int r = sd_bus_get_method_call_timeout(c->bus, &limit_usec);
        if (r < 0)
                return r;

        uint64_t deadline_usec = usec_add(clock_monotonic_usec(), limit_usec);
        while ((r = sd_bus_is_ready(c->bus)) == 0) {
                r = client_turn(c, -EBADF, deadline_usec);
                if (r < 0)
                        return r;
        }
        return r;
}

static int connect_bus(Client *c) {
        _cleanup_free_ char *address = address_of(c->socket_path);
        if (!address)
                return -ENOMEM;

        int r = sd_bus_new(&c->bus);
        if (r >= 0)
                r = sd_bus_set_address(c->bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(c->bus, /* b= */ 0);
        if (r >= 0)
                r = sd_bus_start(c->bus);
        if (r >= 0)
                r = await_greeting(c);
        return r;
}

int client_connect(const char *runtime_dir, Client **ret, Error *error) {
        _cleanup_(client_freep) Client *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;

        c->socket_path = str_printf("%s/%s", runtime_dir, SUPD_CONTROL_SOCKET);
        if (!c->socket_path)
                return -ENOMEM;

        int r = connect_bus(c);
        if (r < 0)
                return connect_error(c, r, error);

        *ret = TAKE_PTR(c);
        return 0;
}

Client *client_free(Client *c) {
        if (!c)
                return NULL;

        sd_bus_close_unref(c->bus);
        free(c->socket_path);
        free(c);
        return NULL;
}
