/* SPDX-License-Identifier: MIT */
#include "core/notification.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

#define FD_NAME_MAX 255U

bool notification_fd_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > FD_NAME_MAX)
                return false;
        for (; *name; name++) {
                if (*name < ' ' || *name > '~' || *name == ':')
                        return false;
        }
        return true;
}

/* clang-format off */
static const struct {
        const char *line;
        size_t offset; /* of the flag that it sets */
} flags[] = {
        { "READY=1",          offsetof(Notification, ready)     },
        { "RELOADING=1",      offsetof(Notification, reloading) },
        { "STOPPING=1",       offsetof(Notification, stopping)  },
        { "WATCHDOG=1",       offsetof(Notification, ping)      },
        { "WATCHDOG=trigger", offsetof(Notification, trigger)   },
        { "FDSTORE=1",        offsetof(Notification, store)     },
        { "FDSTOREREMOVE=1",  offsetof(Notification, remove)    },
        { "FDPOLL=0",         offsetof(Notification, no_poll)   },
        { "BARRIER=1",        offsetof(Notification, barrier)   },
};

static const struct {
        const char *name;
        size_t offset; /* of the number that it sets */
} numbers[] = {
        { "WATCHDOG_USEC=",       offsetof(Notification, watchdog_usec) },
        { "EXTEND_TIMEOUT_USEC=", offsetof(Notification, extend_usec)   },
};
/* clang-format on */

static bool take_flag(const char *line, Notification *n) {
        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
                if (!str_equal(flags[i].line, line))
                        continue;
                *(bool *) ((char *) n + flags[i].offset) = true;
                return true;
        }
        return false;
}

static bool take_number(const char *line, Notification *n) {
        uint64_t value;

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                size_t size = strlen(numbers[i].name);

                if (!str_has_prefix(line, numbers[i].name))
                        continue;
                if (parse_u64(line + size, &value) >= 0 && value < UINT64_MAX)
                        memcpy((char *) n + numbers[i].offset, &value, sizeof(value));
                return true;
        }
        return false;
}

static void take_text(const char *line, Notification *n) {
        uint64_t number;

        if (str_has_prefix(line, "STATUS=")) {
                const char *status = line + strlen("STATUS=");

                /* A service in some old encoding is ready all the same. */
                if (utf8_is_valid(status, strlen(status)))
                        n->status = status;
        } else if (str_has_prefix(line, "FDNAME="))
                n->fd_name = notification_fd_name_is_valid(line + strlen("FDNAME="))
                                             ? line + strlen("FDNAME=")
                                             : NULL;
        else if (str_has_prefix(line, "ERRNO=") &&
                        parse_u64(line + strlen("ERRNO="), &number) >= 0 && number <= INT_MAX)
                n->error = (int) number;
}

int notification_parse(char *text, size_t size, Notification *ret) {
        *ret = (Notification) {
                .error = -1, .watchdog_usec = UINT64_MAX, .extend_usec = UINT64_MAX
        };
        /* Who sends a C string with its end is understood, as by systemd. */
        if (size > 0 && text[size - 1] == '\0')
                size--;
        if (memchr(text, '\0', size))
                return -EINVAL;
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
                if (!take_flag(line, ret) && !take_number(line, ret))
                        take_text(line, ret);
        }
        return 0;
}
