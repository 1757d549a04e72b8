/* SPDX-License-Identifier: MIT */
#include "log/journal-export.h"

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "log/buffer.h"
#include "log/journal-stream.h"

/* Of a log-extra-fields file, to compare with; image names are the only long part. */
#define EXPORT_SIZE_MAX (64U * 1024U)

#define CONTAINER_ID_SHORT 12

typedef enum ExportFile {
        EXPORT_FIELDS,
        EXPORT_INTERVAL,
        EXPORT_BURST,
        EXPORT_LEVEL_MAX,
        _EXPORT_FILE_MAX,
} ExportFile;

static const char *const export_prefixes[] = {
        [EXPORT_FIELDS] = "log-extra-fields",
        [EXPORT_INTERVAL] = "log-rate-limit-interval",
        [EXPORT_BURST] = "log-rate-limit-burst",
        [EXPORT_LEVEL_MAX] = "log-level-max",
};
static_assert(ELEMENTSOF(export_prefixes) == _EXPORT_FILE_MAX, "every file has a name");

static int export_field(Buffer *b, const char *name, const char *value, size_t size) {
        uint64_t length = htole64(strlen(name) + 1 + size);
        int r;

        r = buffer_add(b, &length, sizeof(length));
        if (r >= 0)
                r = buffer_add(b, name, strlen(name));
        if (r >= 0)
                r = buffer_add(b, "=", 1);
        if (r >= 0)
                r = buffer_add(b, value, size);
        return r;
}

/* The names are those of Docker's and Podman's journald drivers: people's queries go on working. */
int journal_export_encode(const JournalExport *export, char **ret, size_t *ret_size) {
        const struct {
                const char *name, *value;
                size_t size_max;
        } fields[] = {
                { "CONTAINER_NAME", export->container_name, SIZE_MAX },
                { "CONTAINER_ID", export->container_id, CONTAINER_ID_SHORT },
                { "CONTAINER_ID_FULL", export->container_id, SIZE_MAX },
                { "IMAGE_NAME", export->image_name, SIZE_MAX },
        };
        _cleanup_(buffer_done) Buffer b = {};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const char *value = fields[i].value;

                if (str_is_empty(value))
                        continue;
                int r = export_field(&b, fields[i].name, value, strnlen(value, fields[i].size_max));
                if (r < 0)
                        return r;
        }

        for (char *const *field = export->fields; field && *field; field++) {
                const char *equals = strchr(*field, '=');
                _cleanup_free_ char *name = strndup(*field, (size_t) (equals - *field));

                int r = name ? export_field(&b, name, equals + 1, strlen(equals + 1)) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        *ret_size = b.size;
        *ret = TAKE_PTR(b.data);
        return 0;
}

/* systemd makes the directory; where there is none, @create does. */
static int export_open_dir(const char *systemd_dir, bool create) {
        _cleanup_free_ char *path = str_printf("%s/units", systemd_dir ?: JOURNAL_SYSTEMD_DIR);
        if (!path)
                return -ENOMEM;

        if (create) {
                int r = dir_make_all(path, 0755);
                if (r < 0)
                        return r;
        }
        return neg_errno(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static char *export_name(ExportFile file, const char *unit_id) {
        return str_printf("%s:%s", export_prefixes[file], unit_id);
}

/* The unit's own, so that one that a killed supervisor leaves is taken by the next one, or goes with the rest. */
static char *export_temporary_name(const char *unit_id) {
        return str_printf(".supd-new:%s", unit_id);
}

static int export_rename(int dir_fd, const char *temporary, const char *name) {
        int r = neg_errno(renameat(dir_fd, temporary, dir_fd, name));
        if (r < 0)
                (void) unlinkat(dir_fd, temporary, 0); /* the first error is the one to report */
        return r;
}

static int export_write_fields(int dir_fd, const JournalExport *export) {
        _cleanup_free_ char *name = export_name(EXPORT_FIELDS, export->unit_id);
        _cleanup_free_ char *temporary = export_temporary_name(export->unit_id), *data = NULL,
                            *old = NULL;
        size_t size, old_size;

        if (!name || !temporary)
                return -ENOMEM;

        int r = journal_export_encode(export, &data, &size);
        if (r < 0)
                return r;
        r = file_read(dir_fd, name, EXPORT_SIZE_MAX, &old, &old_size);
        if (r >= 0 && old_size == size && memcmp(old, data, size) == 0)
                return 0;

        (void) unlinkat(dir_fd, temporary, 0); /* left by one that was killed */
        _cleanup_close_ int fd = neg_errno(openat(dir_fd,
                        temporary,
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        0644));
        if (fd < 0)
                return fd;
        r = fd_write_all(fd, data, size);
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0); /* the first error is the one to report */
                return r;
        }
        return export_rename(dir_fd, temporary, name);
}

/* The limits are symbolic links whose target tells; NULL: no link, journald's own default. */
static int export_write_link(int dir_fd, ExportFile file, const char *unit_id, const char *target) {
        _cleanup_free_ char *name = export_name(file, unit_id);
        _cleanup_free_ char *temporary = export_temporary_name(unit_id);
        char old[32]; /* more than any 64-bit number has digits */

        if (!name || !temporary)
                return -ENOMEM;

        if (!target)
                return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;

        ssize_t n = readlinkat(dir_fd, name, old, sizeof(old));
        if (n >= 0 && (size_t) n == strlen(target) && memcmp(old, target, (size_t) n) == 0)
                return 0;

        (void) unlinkat(dir_fd, temporary, 0); /* left by one that was killed */
        int r = neg_errno(symlinkat(target, dir_fd, temporary));
        return r < 0 ? r : export_rename(dir_fd, temporary, name);
}

static int export_write_limit(int dir_fd, ExportFile file, const char *unit_id, uint64_t limit) {
        _cleanup_free_ char *target = str_printf("%" PRIu64, limit);

        if (!target)
                return -ENOMEM;
        return export_write_link(dir_fd, file, unit_id, limit == UINT64_MAX ? NULL : target);
}

/* This one by name. */
static int export_write_level(int dir_fd, const char *unit_id, int level) {
        static const char *const names[] = {
                "emerg",
                "alert",
                "crit",
                "err",
                "warning",
                "notice",
                "info",
                "debug",
        };
        bool set = level >= 0 && (size_t) level < ELEMENTSOF(names);

        return export_write_link(dir_fd, EXPORT_LEVEL_MAX, unit_id, set ? names[level] : NULL);
}

int journal_export_write(const char *systemd_dir, const JournalExport *export, Error *error) {
        uint64_t interval = export->rate_limit_interval_usec, burst = export->rate_limit_burst;

        if (interval == UINT64_MAX && burst == UINT64_MAX)
                interval = burst = 0;
        else if (burst != UINT64_MAX)
                burst = MIN(burst, (uint64_t) UINT_MAX); /* journald does not parse more */

        _cleanup_close_ int dir_fd = export_open_dir(systemd_dir, /* create= */ true);
        int r = dir_fd;

        if (r >= 0)
                r = export_write_fields(dir_fd, export);
        if (r >= 0)
                r = export_write_limit(dir_fd, EXPORT_INTERVAL, export->unit_id, interval);
        if (r >= 0)
                r = export_write_limit(dir_fd, EXPORT_BURST, export->unit_id, burst);
        if (r >= 0)
                r = export_write_level(dir_fd, export->unit_id, export->level_max);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_LOG,
                                "cannot tell journald the fields and limits of '%s'",
                                export->unit_id);
        return 0;
}

bool journal_export_exists(const char *systemd_dir, const char *unit_id) {
        _cleanup_close_ int dir_fd = export_open_dir(systemd_dir, /* create= */ false);
        bool exists = false;

        for (ExportFile file = 0; dir_fd >= 0 && file < _EXPORT_FILE_MAX; file++) {
                _cleanup_free_ char *name = export_name(file, unit_id);

                if (name && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                        exists = true;
        }
        return exists;
}

void journal_export_remove(const char *systemd_dir, const char *unit_id) {
        _cleanup_close_ int dir_fd = export_open_dir(systemd_dir, /* create= */ false);
        _cleanup_free_ char *temporary = export_temporary_name(unit_id);

        if (dir_fd >= 0 && temporary)
                (void) unlinkat(dir_fd, temporary, 0); /* of one that was killed */
        for (ExportFile file = 0; dir_fd >= 0 && file < _EXPORT_FILE_MAX; file++) {
                _cleanup_free_ char *name = export_name(file, unit_id);

                if (name)
                        (void) unlinkat(dir_fd, name, 0); /* it may never have been made */
        }
}
