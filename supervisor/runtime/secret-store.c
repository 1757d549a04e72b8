/* SPDX-License-Identifier: MIT */
#include "runtime/secret-store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/secret-name.h"
#include "base/strv.h"
#include "base/text.h"

#define SECRET_DIR "secret"

/* A file is this line, the record that it gives the size of, and the bytes of the secret. */
#define HEADER_FORMAT "supd-secret %06zu\n"
#define HEADER_SIZE 19U
#define HEADER_RECORD_MAX 65536U

/* No name has a '=': at the end it makes "." and ".." names of files as good as others, and files that
 * begin with it are those that are being written. */
#define FILE_SUFFIX '='
#define TEMPORARY_PREFIX '='

void secret_init(Secret *s) {
        *s = (Secret) { .fd = -EBADF };
}

void secret_done(Secret *s) {
        free(s->name);
        free(s->id);
        strv_free(s->labels);
        (void) close_fd(s->fd);
        secret_init(s);
}

char *secret_wipe(char *data, size_t size) {
        if (data)
                explicit_bzero(data, size);
        free(data);
        return NULL;
}

int secret_name_check(const char *name, Error *error) {
        if (secret_name_is_valid(name))
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_BAD_NAME,
                        "'%.*s' is not the name of a secret: 1 to %u bytes without ',', '/', '=' "
                        "and control characters",
                        (int) SECRET_NAME_MAX,
                        name,
                        SECRET_NAME_MAX);
}

static int no_such_secret(const char *name, Error *error) {
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_NO_SUCH_SECRET,
                        "there is no secret '%s'; 'supctl secret create %s FILE' makes one",
                        name,
                        name);
}

static char *file_name_of(const char *name) {
        return str_printf("%s%c", name, FILE_SUFFIX);
}

/* Return: descriptor; -ENOENT: there is no secret yet. */
static int open_dir(const char *state_dir) {
        _cleanup_close_ int state_fd = neg_errno(open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (state_fd < 0)
                return state_fd;
        return neg_errno(openat(
                        state_fd, SECRET_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* What precedes the secret, and not a byte more. */
static int read_exactly(int fd, char *buffer, size_t size, off_t offset) {
        for (size_t done = 0; done < size;) {
                ssize_t n = pread(fd, buffer + done, size - done, offset + (off_t) done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;
                done += (size_t) n;
        }
        return 0;
}

static int read_record(int fd, Record **ret, size_t *ret_size) {
        char header[HEADER_SIZE + 1] = {};
        unsigned size = 0;

        int r = read_exactly(fd, header, HEADER_SIZE, 0);
        if (r < 0)
                return r;
        if (sscanf(header, "supd-secret %6u", &size) != 1 || size > HEADER_RECORD_MAX)
                return -EBADMSG;

        _cleanup_free_ char *text = calloc(1, size + 1);
        if (!text)
                return -ENOMEM;
        r = read_exactly(fd, text, size, HEADER_SIZE);
        if (r < 0)
                return r;
        *ret_size = size;
        return record_parse(text, ret);
}

static int take_record(Secret *s, const char *name, const Record *record) {
        int r = str_replace(&s->name, name);

        if (r >= 0)
                r = str_replace(&s->id, record_get(record, "Id"));
        for (size_t i = 0; r >= 0 && record_get_nth(record, "Label", i); i++)
                r = strv_append(&s->labels, record_get_nth(record, "Label", i));
        if (r < 0)
                return r;
        s->created_realtime_usec = record_u64_or(record, "Created", 0);
        s->updated_realtime_usec = record_u64_or(record, "Updated", 0);
        s->size = record_u64_or(record, "Size", 0);
        return s->id && s->size > 0 && s->size <= SECRET_SIZE_MAX ? 0 : -EBADMSG;
}

static int read_file(int fd, const char *name, Secret *s) {
        _cleanup_(record_freep) Record *record = NULL;
        size_t record_size = 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        int r = read_record(fd, &record, &record_size);
        if (r >= 0)
                r = take_record(s, name, record);
        if (r < 0)
                return r;
        s->offset = HEADER_SIZE + record_size;
        return (uint64_t) st.st_size == s->offset + s->size ? 0 : -EBADMSG;
}

int secret_open(const char *state_dir, const char *name, Secret *ret, Error *error) {
        int r = secret_name_check(name, error);
        if (r < 0)
                return r;

        _cleanup_free_ char *file = file_name_of(name);
        if (!file)
                return -ENOMEM;
        _cleanup_close_ int dir_fd = open_dir(state_dir);
        _cleanup_close_ int fd = dir_fd < 0 ? dir_fd
                                            : neg_errno(openat(dir_fd,
                                                              file,
                                                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
                                                                              O_CLOEXEC));
        if (fd == -ENOENT)
                return no_such_secret(name, error);
        r = fd < 0 ? fd : read_file(fd, name, ret);
        if (r == -EBADMSG)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "the file of secret '%s' is damaged; 'supctl secret create "
                                "--replace' writes it anew",
                                name);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot read secret '%s'", name);
        ret->fd = TAKE_FD(fd);
        return 0;
}

int secret_read(const Secret *s, char **ret, Error *error) {
        char *data = malloc(s->size + 1);
        if (!data)
                return -ENOMEM;

        int r = read_exactly(s->fd, data, s->size, (off_t) s->offset);
        if (r < 0) {
                secret_wipe(data, s->size);
                return error_set(error, r, ERROR_STORAGE, "cannot read secret '%s'", s->name);
        }
        data[s->size] = '\0';
        *ret = data;
        return 0;
}

static int string_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* "NAME=" to a name; NULL: no file of a secret, or out of memory. */
static char *name_of_file(const char *file) {
        size_t n = strlen(file);

        if (n < 2 || *file == TEMPORARY_PREFIX || file[n - 1] != FILE_SUFFIX)
                return NULL;
        char *name = strndup(file, n - 1);
        if (name && !secret_name_is_valid(name)) {
                free(name);
                return NULL;
        }
        return name;
}

static int open_listing(const char *state_dir, DIR **ret) {
        _cleanup_close_ int fd = open_dir(state_dir);

        if (fd < 0)
                return fd;
        *ret = fdopendir(fd);
        if (!*ret)
                return -errno;
        (void) TAKE_FD(fd); /* the listing's now */
        return 0;
}

int secret_names(const char *state_dir, char ***ret, Error *error) {
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_strv_ char **names = NULL;

        int r = open_listing(state_dir, &dir);
        if (r < 0 && r != -ENOENT)
                return error_set(error, r, ERROR_STORAGE, "cannot list %s/" SECRET_DIR, state_dir);
        for (const struct dirent *entry; dir && (entry = readdir(dir));) {
                _cleanup_free_ char *name = name_of_file(entry->d_name);

                r = name ? strv_push(&names, &name) : 0;
                if (r < 0)
                        return r;
        }
        if (names)
                qsort(names, strv_length(names), sizeof(char *), string_compare);
        *ret = TAKE_PTR(names);
        return 0;
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* The directory; made, and on the disk, if it was missing. */
static int make_dir(const char *state_dir) {
        _cleanup_close_ int state_fd =
                        neg_errno(open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (state_fd < 0)
                return state_fd;
        if (mkdirat(state_fd, SECRET_DIR, 0700) < 0) {
                if (errno != EEXIST)
                        return -errno;
        } else if (fsync(state_fd) < 0)
                return -errno;
        return open_dir(state_dir);
}

static int put_record(int fd, const Secret *s) {
        _cleanup_(record_writer_done) RecordWriter w = {};
        char header[HEADER_SIZE + 1];

        record_put(&w, "Id", s->id);
        record_put_u64(&w, "Created", s->created_realtime_usec);
        record_put_u64(&w, "Updated", s->updated_realtime_usec);
        record_put_u64(&w, "Size", s->size);
        record_put_all(&w, "Label", s->labels);
        if (w.result < 0)
                return w.result;
        if (w.size > HEADER_RECORD_MAX)
                return -E2BIG;
        (void) snprintf(header, sizeof(header), HEADER_FORMAT, w.size);
        int r = fd_write_all(fd, header, HEADER_SIZE);
        return r < 0 ? r : fd_write_all(fd, w.text, w.size);
}

static int put_data(int fd, const Secret *s) {
        char *data = NULL;

        int r = secret_read(s, &data, NULL);
        if (r >= 0)
                r = fd_write_all(fd, data, s->size);
        secret_wipe(data, s->size);
        return r;
}

static int write_file(int dir_fd, const char *temporary, const Secret *s) {
        _cleanup_close_ int fd = neg_errno(openat(dir_fd,
                        temporary,
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        0600));
        if (fd < 0)
                return fd;
        int r = put_record(fd, s);
        if (r >= 0)
                r = put_data(fd, s);
        return r < 0 ? r : neg_errno(fsync(fd));
}

static int write_and_rename(int dir_fd, const Secret *s, bool replace) {
        _cleanup_free_ char *file = file_name_of(s->name);
        _cleanup_free_ char *temporary = str_printf("%c%d", TEMPORARY_PREFIX, (int) getpid());

        if (!file || !temporary)
                return -ENOMEM;
        int r = write_file(dir_fd, temporary, s);
        if (r >= 0 && replace)
                r = neg_errno(renameat(dir_fd, temporary, dir_fd, file));
        else if (r >= 0) /* a link, since not all file systems can rename without replacing */
                r = neg_errno(linkat(dir_fd, temporary, dir_fd, file, 0));
        if (r < 0 || !replace)
                (void) unlinkat(dir_fd, temporary, 0); /* else removed by secret_store_clean() */
        return r < 0 ? r : neg_errno(fsync(dir_fd));
}

int secret_write(const char *state_dir, const Secret *s, bool replace, Error *error) {
        int r = secret_name_check(s->name, error);
        if (r < 0)
                return r;

        _cleanup_close_ int dir_fd = make_dir(state_dir);
        r = dir_fd < 0 ? dir_fd : write_and_rename(dir_fd, s, replace);
        if (r == -EEXIST)
                return error_set_plain(error,
                                r,
                                ERROR_INVALID_ARGUMENT,
                                "there is a secret '%s' already; '--replace' replaces it",
                                s->name);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot write secret '%s'", s->name);
        return 0;
}

int secret_remove(const char *state_dir, const char *name, Error *error) {
        int r = secret_name_check(name, error);
        if (r < 0)
                return r;

        _cleanup_free_ char *file = file_name_of(name);
        if (!file)
                return -ENOMEM;
        _cleanup_close_ int dir_fd = open_dir(state_dir);
        r = dir_fd < 0 ? dir_fd : neg_errno(unlinkat(dir_fd, file, 0));
        if (r == -ENOENT)
                return no_such_secret(name, error);
        if (r >= 0)
                r = neg_errno(fsync(dir_fd));
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot remove secret '%s'", name);
        return 0;
}

void secret_store_clean(const char *state_dir) {
        _cleanup_(closedirp) DIR *dir = NULL;

        if (open_listing(state_dir, &dir) < 0)
                return; /* there is none, or who uses it will hear of it */
        for (const struct dirent *entry; (entry = readdir(dir));) {
                if (*entry->d_name == TEMPORARY_PREFIX)
                        (void) unlinkat(dirfd(dir), entry->d_name, 0); /* next time, then */
        }
}
