/* SPDX-License-Identifier: MIT */
#include "image/layer/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/store/tree.h"
#include "image/layer/unpack-attributes.h"

/* Written back while the rest is unpacked, so that the final sync finds little left to do. Smaller files
 * come to the disk together, and better so. */
#define WRITE_BACK_SIZE ((off_t) 4 * 1024 * 1024)
#define WRITE_BACK_SIZE_MIN ((off_t) 512 * 1024)

#define WHITEOUT_META_PREFIX ".wh..wh."

/* A directory's times are set when nothing more comes into it. They wait in a file: a layer may have
 * millions of directories. */
typedef struct DirTime {
        struct timespec mtime;
        uint32_t path_size; /* and so many bytes follow */
} DirTime;

typedef struct Unpack {
        const UnpackRequest *request; /* borrowed */
        struct archive *tar;          /* owned */
        uint64_t entries;
        int failure;       /* of the reading side, for the tar reader's callback has only text */
        Error read_error;  /* and its reason */
        int times_fd;      /* owned; DirTime records */
        char *parent_path; /* owned; the directory that parent_fd is */
        int parent_fd;     /* owned; neighbours in a layer mostly share it */
        bool parent_is_stale;
} Unpack;

static void unpack_done(Unpack *u) {
        (void) archive_read_free(u->tar); /* only read from */
        error_done(&u->read_error);
        (void) close_fd(u->times_fd);
        (void) close_fd(u->parent_fd);
        free(u->parent_path);
}

/* ---- the stream ------------------------------------------------------------------------------- */
static int damaged(Error *error, struct archive *a) {
        if (archive_errno(a) == ENOMEM)
                return -ENOMEM;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "the layer is damaged: %s",
                        archive_error_string(a) ?: "unexpected end");
}

static la_ssize_t tar_read(struct archive *a, void *userdata, const void **ret) {
        Unpack *u = userdata;
        ssize_t n = u->request->read(u->request->read_userdata, ret, &u->read_error);

        if (n >= 0)
                return n;
        u->failure = (int) n;
        archive_set_error(a, (int) -n, "%s", error_text(&u->read_error, (int) n));
        return ARCHIVE_FATAL;
}

/* ---- placing entries -------------------------------------------------------------------------- */
typedef struct Place {
        const char *path; /* borrowed; cleaned */
        const char *name; /* borrowed; its last component, "" for the root */
        int parent_fd;    /* borrowed from Unpack */
} Place;

static int entry_error(Error *error, int number, const char *path) {
        _cleanup_free_ char *shown = text_escape_controls(path);

        if (number == -ENOMEM || !shown)
                return -ENOMEM;
        return error_set(error, number, ERROR_STORAGE, "entry '%.256s'", shown);
}

static int clean_path(const char *path, char **ret, Error *error) {
        int r = tree_path_clean(path, ret);

        if (r != -EPERM)
                return r < 0 ? entry_error(error, r, path) : r;
        _cleanup_free_ char *shown = text_escape_controls(path);
        if (!shown)
                return -ENOMEM;
        return error_set_plain(error, r, ERROR_STORAGE, "'%.256s' leads out of the layer", shown);
}

/* Takes over both. */
static void keep_parent(Unpack *u, int *fd, char **path) {
        (void) close_fd(u->parent_fd);
        free(u->parent_path);
        u->parent_fd = TAKE_FD(*fd);
        u->parent_path = TAKE_PTR(*path);
        u->parent_is_stale = false;
}

static bool is_kept_parent(const Unpack *u, const char *path, size_t size) {
        return !u->parent_is_stale && u->parent_path && strlen(u->parent_path) == size &&
               memcmp(u->parent_path, path, size) == 0;
}

static int find_parent(Unpack *u, const char *path, Place *ret) {
        const char *slash = strrchr(path, '/');
        size_t size = slash ? (size_t) (slash - path) : 0;

        if (!is_kept_parent(u, path, size)) {
                _cleanup_free_ char *parent = strndup(path, size);
                if (!parent)
                        return -ENOMEM;
                int fd = tree_make_dirs(u->request->root_fd, parent);
                if (fd < 0)
                        return fd;
                keep_parent(u, &fd, &parent);
        }
        *ret = (Place) {
                .path = path, .name = slash ? slash + 1 : path, .parent_fd = u->parent_fd
        };
        return 0;
}

/* Later entries win. Return: 1 if what went was a whiteout: a directory in its place hides what lower
 * layers have under the name. */
static int make_way(Unpack *u, const Place *p) {
        bool whiteout = tree_is_whiteout(p->parent_fd, p->name);

        if (unlinkat(p->parent_fd, p->name, 0) < 0) {
                if (errno == ENOENT)
                        return 0;
                if (errno != EISDIR && errno != EPERM)
                        return -errno;
                int r = tree_remove(p->parent_fd, p->name);
                if (r < 0)
                        return r;
        }
        /* It may have been a link or a directory on the way to the one that is kept open. */
        u->parent_is_stale = !whiteout;
        return whiteout;
}

/* One system call that makes an entry. Return: an fd or 0; -EEXIST: something is in its place. */
typedef int (*Maker)(struct archive_entry *entry, const Place *p);

/* Mostly nothing is in the way, so that is found out last. */
static int make_entry(Unpack *u, struct archive_entry *entry, const Place *p, Maker make) {
        int r = make(entry, p);

        if (r != -EEXIST)
                return r;
        r = make_way(u, p);
        return r < 0 ? r : make(entry, p);
}

/* ---- what hides lower layers ------------------------------------------------------------------ */
static bool may_keep(const Unpack *u, int r) {
        return u->request->may_keep_whiteouts && (r == -EPERM || r == -EOPNOTSUPP || r == -EINVAL);
}

/* No file of an image has such a name: it could not be in a layer. */
static int keep_whiteout(int dir_fd, const char *name) {
        _cleanup_close_ int fd = neg_errno(
                        openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));

        return MIN(fd, 0);
}

static int make_opaque(const Unpack *u, int dir_fd) {
        int r = u->request->make_opaque(dir_fd, u->request->opaque_userdata);

        return may_keep(u, r) ? keep_whiteout(dir_fd, WHITEOUT_OPAQUE) : r;
}

static int make_whiteout(const Unpack *u, const Place *p, const char *name) {
        int r = neg_errno(mknodat(p->parent_fd, name, S_IFCHR | 0600, makedev(0, 0)));

        return may_keep(u, r) ? keep_whiteout(p->parent_fd, p->name) : r;
}

/* ---- one function for each type of entry ------------------------------------------------------ */
static int remember_times(Unpack *u, struct archive_entry *entry, const char *path) {
        struct {
                DirTime t;
                char path[TREE_PATH_MAX];
        } record = { .t = { .mtime = entry_mtime(entry), .path_size = (uint32_t) strlen(path) } };

        memcpy(record.path, path, record.t.path_size); /* which tree_path_clean() has limited */
        return fd_write_all(u->times_fd, &record, sizeof(record.t) + record.t.path_size);
}

static int make_dir(struct archive_entry *entry, const Place *p) {
        return neg_errno(mkdirat(p->parent_fd, p->name, entry_create_mode(entry)));
}

/* Return: 1 if it was made in the place of a whiteout; 0 if not, or if it was there. */
static int ensure_dir(Unpack *u, struct archive_entry *entry, const Place *p) {
        struct stat st;
        int r;

        r = *p->name ? make_dir(entry, p) : 0;
        if (r != -EEXIST)
                return r;
        if (fstatat(p->parent_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return 0;
        int hides = make_way(u, p);
        if (hides < 0)
                return hides;
        r = make_dir(entry, p);
        return r < 0 ? r : hides;
}

static int put_directory(Unpack *u, struct archive_entry *entry, const Place *p) {
        int r = ensure_dir(u, entry, p);
        if (r < 0)
                return r;
        bool hides = r > 0;

        _cleanup_close_ int fd = neg_errno(openat(p->parent_fd,
                        *p->name ? p->name : ".",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd < 0)
                return fd;
        r = hides ? make_opaque(u, fd) : 0;
        if (r >= 0)
                r = entry_set_attributes(entry, fd);
        if (r >= 0)
                r = remember_times(u, entry, p->path);
        /* What it contains mostly comes next; unless what made way for it was part of its own path. */
        if (r < 0 || u->parent_is_stale)
                return r;
        _cleanup_free_ char *path = strdup(p->path);
        if (!path)
                return -ENOMEM;
        keep_parent(u, &fd, &path);
        return 0;
}

static int write_at(int fd, const char *data, size_t size, off_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, offset);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
                offset += n;
        }
        return 0;
}

/* Return: up to where writing back has begun. */
static off_t write_back(int fd, off_t from, off_t to, off_t size_min) {
        if (to - from < size_min)
                return from;
        /* A hint and no more: the sync before the layer is named is what counts. */
        (void) sync_file_range(fd, from, to - from, SYNC_FILE_RANGE_WRITE);
        return to;
}

/* Holes of sparse files stay holes: blocks come with their offsets. */
static int copy_data(Unpack *u, int fd, la_int64_t file_size, Error *error) {
        off_t end = 0, written_back = 0;
        const void *data;
        size_t size;
        la_int64_t offset;
        int r;

        for (;;) {
                r = archive_read_data_block(u->tar, &data, &size, &offset);
                if (r == ARCHIVE_EOF)
                        break;
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return u->failure < 0 ? u->failure : damaged(error, u->tar);
                r = write_at(fd, data, size, offset);
                if (r < 0)
                        return r;
                end = offset + (off_t) size;
                written_back = write_back(fd, written_back, end, WRITE_BACK_SIZE);
        }
        (void) write_back(fd, written_back, end, WRITE_BACK_SIZE_MIN);
        return end == file_size ? 0 : neg_errno(ftruncate(fd, file_size));
}

static int make_file(struct archive_entry *entry, const Place *p) {
        return neg_errno(openat(p->parent_fd,
                        p->name,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        entry_create_mode(entry)));
}

static int put_file(Unpack *u, struct archive_entry *entry, const Place *p, Error *error) {
        _cleanup_close_ int fd = make_entry(u, entry, p, make_file);

        if (fd < 0)
                return fd;
        int r = copy_data(u, fd, archive_entry_size(entry), error);
        return r < 0 ? r : entry_finish(entry, fd);
}

static int make_symlink(struct archive_entry *entry, const Place *p) {
        return neg_errno(symlinkat(archive_entry_symlink(entry), p->parent_fd, p->name));
}

static int put_symlink(Unpack *u, struct archive_entry *entry, const Place *p) {
        int r;

        if (str_is_empty(archive_entry_symlink(entry)))
                return -EBADMSG;
        r = make_entry(u, entry, p, make_symlink);
        return r < 0 ? r : entry_finish_special(entry, p->parent_fd, p->name);
}

static int make_node(struct archive_entry *entry, const Place *p) {
        return neg_errno(mknodat(p->parent_fd,
                        p->name,
                        archive_entry_filetype(entry) | entry_create_mode(entry),
                        archive_entry_rdev(entry)));
}

static int put_node(Unpack *u, struct archive_entry *entry, const Place *p) {
        int r = make_entry(u, entry, p, make_node);

        return r < 0 ? r : entry_finish_special(entry, p->parent_fd, p->name);
}

static int link_to(Unpack *u, const char *path, const Place *p) {
        const char *slash = strrchr(path, '/');
        size_t size = slash ? (size_t) (slash - path) : 0;
        const char *name = slash ? slash + 1 : path;
        _cleanup_free_ char *dir = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (*name == '\0')
                return -EISDIR;
        if (!is_kept_parent(u, path, size)) {
                dir = strndup(path, size);
                if (!dir)
                        return -ENOMEM;
                fd = tree_open_dir(u->request->root_fd, dir);
                if (fd < 0)
                        return fd;
        }
        int dir_fd = fd < 0 ? u->parent_fd : fd;
        r = neg_errno(linkat(dir_fd, name, p->parent_fd, p->name, 0));
        if (r == -EEXIST) {
                r = make_way(u, p);
                if (r >= 0)
                        r = neg_errno(linkat(dir_fd, name, p->parent_fd, p->name, 0));
        }
        return r;
}

/* The name is made within the layer, from a name within the layer; what stands there is not followed. */
static int put_hardlink(Unpack *u, const char *target, const Place *p, Error *error) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = clean_path(target, &path, error);
        if (r < 0)
                return r;
        if (str_equal(path, p->path))
                return 0;
        r = link_to(u, path, p);
        if (r == -ENOMEM)
                return r;
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "hard link to '%.256s'", target) : 0;
}

static int put_whiteout(Unpack *u, struct archive_entry *entry, const Place *p) {
        const char *name = p->name + strlen(WHITEOUT_PREFIX);
        struct timespec times[2] = { entry_mtime(entry), entry_mtime(entry) };
        struct stat st;
        int r;

        if (str_equal(p->name, WHITEOUT_OPAQUE))
                return make_opaque(u, p->parent_fd);
        /* aufs' own bookkeeping (hard links, orphans) means nothing here. */
        if (str_has_prefix(p->name, WHITEOUT_META_PREFIX))
                return 0;
        if (*name == '\0' || str_equal(name, ".") || str_equal(name, ".."))
                return -EBADMSG;

        /* It only hides what is below this layer: what this one has under the name stays. */
        if (fstatat(p->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return -errno;
                r = make_whiteout(u, p, name);
                if (r < 0)
                        return r;
                if (utimensat(p->parent_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno == ENOENT ? 0
                                               : -errno; /* kept as a file, whose time says nothing */
                return 0;
        }
        if (!S_ISDIR(st.st_mode))
                return 0;
        _cleanup_close_ int fd = neg_errno(openat(
                        p->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return fd < 0 ? fd : make_opaque(u, fd);
}

static int put_typed(Unpack *u, struct archive_entry *entry, const Place *p, Error *error) {
        const char *hardlink = archive_entry_hardlink(entry);

        if (!entry_owner_is_valid(entry))
                return -EOVERFLOW;
        if (hardlink)
                return put_hardlink(u, hardlink, p, error);
        switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
                return put_file(u, entry, p, error);
        case AE_IFDIR:
                return put_directory(u, entry, p);
        case AE_IFLNK:
                return put_symlink(u, entry, p);
        case AE_IFCHR:
        case AE_IFBLK:
        case AE_IFIFO:
        case AE_IFSOCK:
                return put_node(u, entry, p);
        default:
                return -EOPNOTSUPP;
        }
}

static int put_entry(Unpack *u, struct archive_entry *entry, Error *error) {
        const char *raw = archive_entry_pathname(entry);
        _cleanup_free_ char *path = NULL;
        Place place;
        int r;

        if (!raw)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "an entry of the layer has no name");
        r = clean_path(raw, &path, error);
        if (r < 0)
                return r;
        r = find_parent(u, path, &place);
        if (r >= 0) {
                _cleanup_(error_done) Error reason = {};
                bool root = *place.name == '\0';

                if (root && (archive_entry_hardlink(entry) ||
                                            archive_entry_filetype(entry) != AE_IFDIR))
                        r = -EEXIST;
                else if (str_has_prefix(place.name, WHITEOUT_PREFIX))
                        r = put_whiteout(u, entry, &place);
                else
                        r = put_typed(u, entry, &place, &reason);
                if (r < 0 && reason.message) {
                        error_move(error, &reason);
                        return error_prefix(error, r, "entry '%.256s'", path);
                }
        }
        return r < 0 ? entry_error(error, r, path) : 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */
static int put_times(Unpack *u) {
        _cleanup_free_ char *path = malloc(TREE_PATH_MAX + 1);
        off_t offset = 0;
        DirTime t;

        if (!path)
                return -ENOMEM;
        while (pread(u->times_fd, &t, sizeof(t), offset) == (ssize_t) sizeof(t)) {
                offset += (off_t) sizeof(t);
                if (t.path_size > TREE_PATH_MAX || pread(u->times_fd, path, t.path_size, offset) !=
                                                                   (ssize_t) t.path_size)
                        return -EIO;
                path[t.path_size] = '\0';
                offset += (off_t) t.path_size;

                /* A later entry may have put something else there. */
                _cleanup_close_ int fd = tree_open_dir(u->request->root_fd, path);
                struct timespec times[2] = { t.mtime, t.mtime };
                if (fd >= 0 && futimens(fd, times) < 0)
                        return -errno;
        }
        return 0;
}

static int put_entries(Unpack *u, Error *error) {
        struct archive_entry *entry;
        int r;

        for (;;) {
                r = archive_read_next_header(u->tar, &entry);
                if (r == ARCHIVE_EOF)
                        return 0;
                if (u->failure < 0)
                        return u->failure;
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return damaged(error, u->tar);
                if (++u->entries > u->request->entries_max)
                        return error_set_plain(error,
                                        -E2BIG,
                                        ERROR_LIMIT_REACHED,
                                        "the layer has more than the limit of %llu entries",
                                        (unsigned long long) u->request->entries_max);
                r = put_entry(u, entry, error);
                if (r < 0)
                        return r;
        }
}

/* What stands behind the end of the archive belongs to the stream that the digest names. */
static int drain(Unpack *u, Error *error) {
        const void *data;
        ssize_t n;

        do
                n = u->request->read(u->request->read_userdata, &data, error);
        while (n > 0);
        return (int) n;
}

static int unpack_tar(Unpack *u, Error *error) {
        int r;

        u->tar = archive_read_new();
        if (!u->tar || archive_read_support_format_tar(u->tar) != ARCHIVE_OK ||
                        archive_read_support_format_empty(u->tar) != ARCHIVE_OK)
                return -ENOMEM;
        if (archive_read_open(u->tar, u, NULL, tar_read, NULL) != ARCHIVE_OK)
                r = damaged(error, u->tar);
        else
                r = put_entries(u, error);
        if (u->failure == 0)
                return r < 0 ? r : drain(u, error);
        /* The reason is what the stream met with, not what the tar reader made of it. */
        error_move(error, &u->read_error);
        return u->failure;
}

int unpack_layer(const UnpackRequest *request, uint64_t *ret_entries, Error *error) {
        _cleanup_(unpack_done)
                        Unpack u = { .request = request, .times_fd = -EBADF, .parent_fd = -EBADF };
        int r;

        u.times_fd = tree_scratch_file(request->scratch_fd);
        if (u.times_fd < 0)
                return error_set(error, u.times_fd, ERROR_STORAGE, "cannot make a temporary file");
        r = unpack_tar(&u, error);
        if (r < 0)
                return r;
        r = put_times(&u);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot set the times of directories");

        *ret_entries = u.entries;
        return 0;
}
