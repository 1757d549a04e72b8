/* SPDX-License-Identifier: MIT */
#include "ctl/output-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

static mode_t usual_mode(void) {
        mode_t mask = umask(0);

        (void) umask(mask); /* there is no other way to read it */
        return 0666 & ~mask;
}

/* Not the link is to be replaced, but what it leads to. */
static int resolve(const char *path, char **ret) {
        *ret = realpath(path, NULL);
        return *ret ? 0 : -errno;
}

/* Beside the file itself, or it could not be renamed. */
static int open_temporary(OutputFile *f) {
        const char *slash = strrchr(f->path, '/');
        int directory = slash ? (int) (slash - f->path) + 1 : 0;

        f->temporary = str_printf(
                        "%.*s.%s.XXXXXX", directory, f->path, slash ? slash + 1 : f->path);
        if (!f->temporary)
                return -ENOMEM;
        f->fd = neg_errno(mkostemp(f->temporary, O_CLOEXEC));
        if (f->fd < 0) {
                free(TAKE_PTR(f->temporary));
                return f->fd;
        }
        return neg_errno(fchmod(f->fd, usual_mode()));
}

static int open_output(const char *path, OutputFile *f) {
        struct stat st;
        int r;

        bool there = stat(path, &st) >= 0;
        if (there && !S_ISREG(st.st_mode)) {
                f->fd = neg_errno(open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
                return f->fd;
        }
        r = there ? resolve(path, &f->path) : str_replace(&f->path, path);
        return r < 0 ? r : open_temporary(f);
}

int output_file_open(const char *path, OutputFile *ret, Error *error) {
        _cleanup_(output_file_done) OutputFile f = { .fd = -EBADF };

        int r = open_output(path, &f);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot write '%s'", path);

        *ret = f;
        f = (OutputFile) { .fd = -EBADF };
        return 0;
}

int output_file_commit(OutputFile *f, Error *error) {
        int r = 0;

        if (f->temporary) {
                r = neg_errno(fsync(f->fd));
                if (r >= 0)
                        r = neg_errno(rename(f->temporary, f->path));
                if (r >= 0)
                        free(TAKE_PTR(f->temporary));
        }
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write '%s'", f->path) : 0;
}

void output_file_done(OutputFile *f) {
        if (f->temporary)
                (void) unlink(f->temporary); /* what can't be removed is seen by who looks there */
        (void) close_fd(f->fd);
        free(f->temporary);
        free(f->path);
        *f = (OutputFile) { .fd = -EBADF };
}
