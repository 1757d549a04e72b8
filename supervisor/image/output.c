/* SPDX-License-Identifier: MIT */
#include "image/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#define FORMAT_DEFAULT "docker-archive"

static int usage(Error *error, int number, const char *what) {
        return error_set_plain(error, number, ERROR_INVALID_ARGUMENT, "%s", what);
}

static bool is_empty(int dir_fd) {
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        unsigned n = 0;

        if (!d) {
                (void) close_fd(fd);
                return false;
        }
        while (readdir(d))
                n++;
        (void) closedir(d); /* only read from */
        return n == 2;
}

static int open_directory(Output *o, const char *path, Error *error) {
        if (!path)
                return usage(error, -EINVAL, "this format is a directory: --output DIR is wanted");
        o->fd = close_fd(o->fd);
        if (mkdir(path, 0755) >= 0)
                o->made = path;
        else if (errno != EEXIST)
                return error_set(error, -errno, ERROR_STORAGE, "'%s'", path);
        o->fd = neg_errno(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (o->fd < 0)
                return error_set(error, o->fd, ERROR_STORAGE, "'%s'", path);
        return is_empty(o->fd) ? 0 : error_set(error, -ENOTEMPTY, ERROR_STORAGE, "'%s'", path);
}

static int open_file(Output *o, const char *path, Error *error) {
        const int flags = O_WRONLY | O_CREAT | O_CLOEXEC;

        o->fd = neg_errno(open(path, flags | O_EXCL, 0644));
        if (o->fd >= 0)
                o->made = path;
        else if (o->fd == -EEXIST)
                o->fd = neg_errno(open(path, flags | O_TRUNC, 0644));
        return o->fd < 0 ? error_set(error, o->fd, ERROR_STORAGE, "'%s'", path) : 0;
}

static int check_terminal(const Output *o, Error *error) {
        return isatty(o->fd) ? usage(error,
                                               -ENOTTY,
                                               "an archive is nothing for a terminal; give "
                                               "--output FILE, or write to a file or pipe")
                             : 0;
}

static int redirect_records(const char *text, bool stdout_is_taken, Error *error) {
        uint64_t number = STDERR_FILENO;

        if (!text && !stdout_is_taken)
                return 0;
        if (text && (parse_u64(text, &number) < 0 || number > INT32_MAX ||
                                    fcntl((int) number, F_GETFD) < 0))
                return usage(error,
                                -EINVAL,
                                "--records-fd: the number of an open file descriptor is wanted");
        if (dup2((int) number, STDOUT_FILENO) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot redirect the records");
        return 0;
}

static int take_stdout(Output *o, Error *error) {
        o->fd = neg_errno(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        return o->fd < 0 ? error_set(error, o->fd, ERROR_RUNTIME, "standard output") : 0;
}

int output_open(Output *o, const Options *options, Error *error) {
        int r = 0;

        /* Before anything can fail: an error is a record, too. */
        if (!options->output)
                r = take_stdout(o, error);
        if (r >= 0)
                r = redirect_records(options->records_fd, !options->output, error);
        if (r < 0)
                return r;

        o->format = save_format_from_string(options->format ?: FORMAT_DEFAULT);
        if (o->format < 0)
                return usage(error,
                                -EINVAL,
                                "--format: docker-archive, oci-archive, oci-dir or dir is wanted");
        o->is_directory = save_format_is_directory(o->format);
        if (o->is_directory)
                return open_directory(o, options->output, error);
        return options->output ? open_file(o, options->output, error) : check_terminal(o, error);
}

void output_discard(Output *o) {
        /* Whatever it is: what can't be removed is found by whoever asked. */
        if (o->made && o->fd >= 0)
                (void) dir_remove_all(AT_FDCWD, o->made);
}

void output_done(Output *o) {
        o->fd = close_fd(o->fd);
}
