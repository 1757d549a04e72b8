/* SPDX-License-Identifier: MIT */
#include "kinds/timer-stamp.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/text.h"

#define STAMP_DIR "timer"
#define STAMP_SIZE_MAX 4096U

static char *stamp_dir(const char *state_dir) {
        return str_printf("%s/" STAMP_DIR, state_dir);
}

int timer_stamp_read(const char *state_dir, const char *unit_id, uint64_t *ret_realtime_usec) {
        _cleanup_free_ char *dir = stamp_dir(state_dir), *text = NULL;
        _cleanup_free_ char *path = dir ? str_printf("%s/%s", dir, unit_id) : NULL;
        _cleanup_(record_freep) Record *record = NULL;

        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, STAMP_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = record_parse(text, &record);
        return r < 0 ? r : record_get_u64(record, "LastTrigger", ret_realtime_usec);
}

int timer_stamp_write(
                const char *state_dir, const char *unit_id, uint64_t realtime_usec, Error *error) {
        _cleanup_free_ char *dir = stamp_dir(state_dir);
        _cleanup_(record_writer_done) RecordWriter w = {};
        _cleanup_close_ int fd = -EBADF;

        if (!dir)
                return -ENOMEM;
        record_put_u64(&w, "LastTrigger", realtime_usec);
        if (w.result < 0)
                return w.result;
        int r = dir_make_all(dir, 0700);
        if (r >= 0)
                r = fd = neg_errno(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (r >= 0)
                r = file_replace(fd, unit_id, w.text, 0600, /* sync= */ true);
        if (r >= 0)
                r = neg_errno(fsync(fd)); /* the name, too */
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write %s/%s", dir, unit_id) : 0;
}
