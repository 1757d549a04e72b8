/* SPDX-License-Identifier: MIT */
#include "kinds/user-ranges.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"

#define RANGES_FILE "user-ranges"
#define FILE_SIZE_MAX (16U * 1024U * 1024U)

typedef struct UserRange {
        uint32_t first, size;
        const char *unit; /* borrowed from the text */
} UserRange;

typedef struct UserRanges {
        char *text;        /* owned; of the file, cut apart */
        UserRange *ranges; /* owned; by first id */
        size_t n_ranges;
} UserRanges;

static void ranges_done(UserRanges *u) {
        free(u->ranges);
        free(u->text);
}

static int by_first(const void *a, const void *b) {
        const UserRange *x = a, *y = b;

        return (x->first > y->first) - (x->first < y->first);
}

/* "FIRST SIZE UNIT", cut apart in place. */
static bool parse_line(char *line, UserRange *ret) {
        char *rest = line;
        const char *first = strsep(&rest, " "), *size = rest ? strsep(&rest, " ") : NULL;
        uint64_t numbers[2];

        if (!rest || !*rest || parse_u64(first, &numbers[0]) < 0 ||
                        parse_u64(size, &numbers[1]) < 0 || numbers[0] < USER_RANGES_FIRST ||
                        numbers[1] == 0 || numbers[0] >= USER_RANGES_END ||
                        numbers[1] > USER_RANGES_END - numbers[0])
                return false;
        *ret = (UserRange) { (uint32_t) numbers[0], (uint32_t) numbers[1], rest };
        return true;
}

static int ranges_read(const char *path, UserRanges *ret) {
        size_t n_lines = 1;
        int r = file_read(AT_FDCWD, path, FILE_SIZE_MAX, &ret->text, NULL);

        if (r == -ENOENT)
                r = (ret->text = strdup("")) ? 0 : -ENOMEM;
        if (r < 0)
                return r;
        for (const char *p = ret->text; *p; p++)
                n_lines += *p == '\n';
        /* Room for one more. */
        ret->ranges = calloc(n_lines + 1, sizeof(*ret->ranges));
        if (!ret->ranges)
                return -ENOMEM;
        for (char *rest = ret->text, *line; (line = strsep(&rest, "\n"));) {
                if (*line && parse_line(line, &ret->ranges[ret->n_ranges]))
                        ret->n_ranges++;
                else if (*line)
                        diag_warning("%s: a line that is not 'FIRST SIZE UNIT' is ignored", path);
        }
        qsort(ret->ranges, ret->n_ranges, sizeof(*ret->ranges), by_first);
        return 0;
}

/* Temporary sibling, sync, rename, sync: after a power cut it is the old one or the new one. */
static int ranges_write(const char *dir, const UserRanges *u) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size = 0;

        FILE *f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < u->n_ranges; i++)
                fprintf(f,
                                "%" PRIu32 " %" PRIu32 " %s\n",
                                u->ranges[i].first,
                                u->ranges[i].size,
                                u->ranges[i].unit);
        if (fclose(f) != 0)
                return -ENOMEM;
        int r = fd = neg_errno(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (r >= 0)
                r = file_replace(fd, RANGES_FILE, text, 0600, /* sync= */ true);
        return r < 0 ? r : neg_errno(fsync(fd));
}

static void drop(UserRanges *u, size_t i) {
        memmove(&u->ranges[i], &u->ranges[i + 1], (u->n_ranges - i - 1) * sizeof(*u->ranges));
        u->n_ranges--;
}

static void insert(UserRanges *u, size_t i, UserRange range) {
        memmove(&u->ranges[i + 1], &u->ranges[i], (u->n_ranges - i) * sizeof(*u->ranges));
        u->ranges[i] = range;
        u->n_ranges++;
}

/* The first gap. Return: false: there is none. */
static bool add(UserRanges *u, const char *unit_id, uint32_t size, uint32_t *ret_first) {
        uint64_t at = USER_RANGES_FIRST;
        size_t i;

        for (i = 0; i < u->n_ranges && u->ranges[i].first < at + size; i++) {
                uint64_t end = (uint64_t) u->ranges[i].first + u->ranges[i].size;

                /* Of a file that somebody wrote by hand they may overlap. */
                end = (end + USER_RANGES_STEP - 1) / USER_RANGES_STEP * USER_RANGES_STEP;
                at = MAX(at, end);
        }
        if (at + size > USER_RANGES_END)
                return false;
        *ret_first = (uint32_t) at;
        insert(u, i, (UserRange) { (uint32_t) at, size, unit_id });
        return true;
}

static void drop_unknown(UserRanges *u, const UserRangesKeep *keep) {
        for (size_t i = u->n_ranges; i-- > 0;) {
                if (!keep->is_known(u->ranges[i].unit, keep->userdata))
                        drop(u, i);
        }
}

int user_ranges_take(const char *state_dir,
                const char *unit_id,
                uint32_t size,
                const UserRangesKeep *keep,
                uint32_t *ret_first,
                Error *error) {
        _cleanup_free_ char *path = str_printf("%s/" RANGES_FILE, state_dir);
        _cleanup_(ranges_done) UserRanges u = {};

        if (!path)
                return -ENOMEM;
        if (size > USER_RANGES_END - USER_RANGES_FIRST)
                return error_set_plain(error,
                                -ENOSPC,
                                ERROR_LIMIT_REACHED,
                                "UserNS=auto: there are no %" PRIu32
                                " ids for one container; at most %" PRIu32,
                                size,
                                USER_RANGES_END - USER_RANGES_FIRST);
        size = (size + USER_RANGES_STEP - 1) / USER_RANGES_STEP * USER_RANGES_STEP;
        int r = ranges_read(path, &u);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot read %s", path);
        for (size_t i = 0; i < u.n_ranges; i++) {
                if (!str_equal(u.ranges[i].unit, unit_id))
                        continue;
                if (u.ranges[i].size >= size) {
                        *ret_first = u.ranges[i].first;
                        return 0;
                }
                drop(&u, i);
                break;
        }
        if (!add(&u, unit_id, size, ret_first)) {
                drop_unknown(&u, keep);
                if (!add(&u, unit_id, size, ret_first))
                        return error_set_plain(error,
                                        -ENOSPC,
                                        ERROR_LIMIT_REACHED,
                                        "UserNS=auto: other containers have all ids; a unit's line "
                                        "in %s keeps them for it",
                                        path);
        }
        r = ranges_write(state_dir, &u);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write %s", path) : 0;
}
