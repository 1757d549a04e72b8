/* SPDX-License-Identifier: MIT */
#include "base/zone.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_MAGIC "TZif"
#define ZONE_NAME_SIZE_MAX 128U

static bool zone_name_is_valid(const char *name) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        size_t size = strlen(name);

        if (size == 0 || size > ZONE_NAME_SIZE_MAX || !strchr(letters, name[0]) ||
                        name[size - 1] == '/' || strstr(name, "//"))
                return false;
        for (const char *p = name; *p; p++) { /* no dots: nothing leads out of the directory */
                if (!strchr(letters, *p) && !strchr("0123456789+-_/", *p))
                        return false;
        }
        return true;
}

bool zone_is_known(const char *name) {
        char magic[sizeof(ZONE_MAGIC) - 1];

        if (!zone_name_is_valid(name))
                return false;
        _cleanup_free_ char *path = str_printf(ZONE_DIR "/%s", name);
        if (!path)
                return false;
        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
        return fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t) sizeof(magic) &&
               memcmp(magic, ZONE_MAGIC, sizeof(magic)) == 0;
}

int zone_enter(const char *name, ZoneScope *ret) {
        const char *former = getenv("TZ");
        ZoneScope scope = { .entered = name };

        if (name && former) {
                scope.former = strdup(former);
                if (!scope.former)
                        return -ENOMEM;
        }
        if (name && setenv("TZ", name, /* overwrite= */ 1) < 0) {
                free(scope.former);
                return -ENOMEM;
        }
        tzset(); /* of the machine's own zone: it may have been set anew */
        *ret = scope;
        return 0;
}

void zone_leave(ZoneScope *scope) {
        if (!scope->entered)
                return;
        /* The name was there before: what is put back takes no memory that was not there. */
        if (scope->former)
                (void) setenv("TZ", scope->former, /* overwrite= */ 1);
        else
                (void) unsetenv("TZ");
        tzset();
        free(scope->former);
        *scope = (ZoneScope) {};
}

bool zone_is_utc(void) {
        tzset();
        return timezone == 0 && daylight == 0;
}

const char *zone_abbreviation(bool summer) {
        return summer && !daylight ? "" : tzname[summer] ?: "";
}

bool zone_local(int64_t realtime_sec, struct tm *ret) {
        time_t t = (time_t) realtime_sec;

        return localtime_r(&t, ret);
}

static bool shows(const struct tm *a, const struct tm *b) {
        return a->tm_sec == b->tm_sec && a->tm_min == b->tm_min && a->tm_hour == b->tm_hour &&
               a->tm_mday == b->tm_mday && a->tm_mon == b->tm_mon && a->tm_year == b->tm_year;
}

/*
 * Offsets that are in force well before and well after are tried: which of them holds at the time itself is what a
 * change of the clocks decides.
 */
int zone_instant(const struct tm *local, int summer, int64_t after_sec, int64_t *ret_sec) {
        static const int64_t aside_sec[] = { -36 * 3600, 36 * 3600 };
        struct tm copy = *local;
        int64_t as_utc = timegm(&copy), found = INT64_MAX;

        for (size_t i = 0; i < ELEMENTSOF(aside_sec); i++) {
                struct tm there, shown;

                if (!zone_local(as_utc + aside_sec[i], &there))
                        continue;
                int64_t candidate = as_utc - there.tm_gmtoff;
                if (candidate <= after_sec || candidate >= found ||
                                !zone_local(candidate, &shown) || !shows(&shown, local))
                        continue;
                if (summer < 0 || (shown.tm_isdst > 0) == (summer > 0))
                        found = candidate;
        }
        if (found == INT64_MAX)
                return -ENOENT;
        *ret_sec = found;
        return 0;
}
