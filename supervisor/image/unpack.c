/* SPDX-License-Identifier: MIT */
#include "image/hash.h"
#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/tree.h"

#define BLOCK_SIZE (256U * 1024)
#define WHITEOUT_META_PREFIX ".wh..wh."

/* A directory's times are set when nothing more comes into it. They wait in a file: a layer may have
 * millions of directories. */
typedef struct DirTime {
        struct timespec mtime;
        uint32_t path_size; /* and so many bytes follow */
} DirTime;

typedef struct Unpack {
        const UnpackRequest *request; /* borrowed */
        struct archive *packed;       /* owned; what the blob decompresses to, as one raw entry */
        struct archive *tar;          /* owned; reads from `packed` */
        Hash *hash;                   /* owned */
        uint64_t size, entries;
        int failure;       /* of the reading side, for the tar reader's callback has only text */
        int times_fd;      /* owned; DirTime records */
        char *parent_path; /* owned; the directory that parent_fd is */
        int parent_fd;     /* owned; neighbours in a layer mostly share it */
        bool parent_is_stale;
} Unpack;

static void unpack_done(Unpack *u) {
        (void) archive_read_free(u->tar); /* only read from */
        (void) archive_read_free(u->packed);
        (void) hash_free(u->hash);
        (void) close_fd(u->times_fd);
        (void) close_fd(u->parent_fd);
        free(u->parent_path);
}

/* ---- the stream ------------------------------------------------------------------------------- */
static int damaged(Error *error, struct archive *a, const char *what) {
        int number = archive_errno(a);

        if (number == ENOMEM)
                return -ENOMEM;
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "%s is damaged: %s",
                        what,
                        archive_error_string(a) ?: "unexpected end");
}

/* The next decompressed bytes, hashed on the way. Return: their number, 0 at the end. */
static ssize_t stream_read(Unpack *u, const void **ret, Error *error) {
        size_t size = 0;
        la_int64_t offset;
        int r;

        do
                r = archive_read_data_block(u->packed, ret, &size, &offset);
        while ((r == ARCHIVE_OK || r == ARCHIVE_WARN) && size == 0);
        if (r == ARCHIVE_EOF)
                return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                return damaged(error, u->packed, "the compressed layer");

        u->size += size;
        if (u->size > u->request->limits.size_max)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "the layer unpacks to more than the limit of %llu bytes",
                                (unsigned long long) u->request->limits.size_max);
        r = hash_update(u->hash, *ret, size);
        return r < 0 ? r : (ssize_t) size;
}

typedef struct StreamError {
        Unpack *unpack;
        Error error;
} StreamError;

static la_ssize_t tar_read(struct archive *a, void *userdata, const void **ret) {
        StreamError *s = userdata;
        ssize_t n = stream_read(s->unpack, ret, &s->error);

        if (n >= 0)
                return n;
        s->unpack->failure = (int) n;
        archive_set_error(a, (int) -n, "%s", error_text(&s->error, (int) n));
        return ARCHIVE_FATAL;
}

static int stream_open(Unpack *u, Error *error) {
        struct archive_entry *entry;
        int r;

        u->packed = archive_read_new();
        if (!u->packed)
                return -ENOMEM;
        if (archive_read_support_filter_gzip(u->packed) != ARCHIVE_OK ||
                        archive_read_support_filter_zstd(u->packed) != ARCHIVE_OK ||
                        archive_read_support_format_raw(u->packed) != ARCHIVE_OK ||
                        archive_read_support_format_empty(u->packed) != ARCHIVE_OK)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this libarchive was built without gzip or zstd");
        if (archive_read_open_fd(u->packed, u->request->blob_fd, BLOCK_SIZE) != ARCHIVE_OK)
                return damaged(error, u->packed, "the layer");
        r = archive_read_next_header(u->packed, &entry);
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN && r != ARCHIVE_EOF)
                return damaged(error, u->packed, "the layer");
        return 0;
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

static void forget_parent(Unpack *u) {
        u->parent_fd = close_fd(u->parent_fd);
        free(u->parent_path);
        u->parent_path = NULL;
}

static int find_parent(Unpack *u, const char *path, Place *ret) {
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = strndup(path, slash ? (size_t) (slash - path) : 0);

        if (!parent)
                return -ENOMEM;
        if (u->parent_is_stale || !str_equal(u->parent_path, parent)) {
                int fd = tree_make_dirs(u->request->root_fd, parent);
                if (fd < 0)
                        return fd;
                forget_parent(u);
                u->parent_is_stale = false;
                u->parent_fd = fd;
                u->parent_path = TAKE_PTR(parent);
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

static int put_xattrs(struct archive_entry *entry, int fd) {
        const char *key;
        const void *value;
        size_t size;

        (void) archive_entry_xattr_reset(entry); /* the number of them */
        while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK) {
                /* user.overlay.* steers overlayfs where it is mounted with userxattr. */
                bool wanted = (str_has_prefix(key, "user.") &&
                                              !str_has_prefix(key, "user.overlay.")) ||
                              str_equal(key, "security.capability");
                if (wanted && fsetxattr(fd, key, value, size, 0) < 0 && errno != EOPNOTSUPP)
                        return -errno;
        }
        return 0;
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
        int r = u->request->make_opaque(dir_fd, u->request->userdata);

        return may_keep(u, r) ? keep_whiteout(dir_fd, WHITEOUT_OPAQUE) : r;
}

static int make_whiteout(const Unpack *u, const Place *p, const char *name) {
        int r = neg_errno(mknodat(p->parent_fd, name, S_IFCHR | 0600, makedev(0, 0)));

        return may_keep(u, r) ? keep_whiteout(p->parent_fd, p->name) : r;
}

static struct timespec entry_mtime(struct archive_entry *entry) {
        if (!archive_entry_mtime_is_set(entry))
                return (struct timespec) {};
        return (struct timespec) { .tv_sec = archive_entry_mtime(entry),
                .tv_nsec = archive_entry_mtime_nsec(entry) };
}

static int set_owner_and_mode(struct archive_entry *entry, int fd) {
        /* The owner first: a change of it takes set-user-ID and capabilities away. */
        if (fchown(fd, (uid_t) archive_entry_uid(entry), (gid_t) archive_entry_gid(entry)) < 0)
                return -errno;
        return neg_errno(fchmod(fd, archive_entry_perm(entry)));
}

static int finish_fd(struct archive_entry *entry, int fd) {
        struct timespec times[2] = { entry_mtime(entry), entry_mtime(entry) };
        int r;

        r = set_owner_and_mode(entry, fd);
        if (r >= 0)
                r = put_xattrs(entry, fd);
        if (r >= 0)
                r = neg_errno(futimens(fd, times));
        return r;
}

/* What can't be opened without consequences: links, devices, sockets. */
static int finish_special(struct archive_entry *entry, const Place *p) {
        struct timespec times[2] = { entry_mtime(entry), entry_mtime(entry) };
        const int flags = AT_SYMLINK_NOFOLLOW;

        if (fchownat(p->parent_fd,
                            p->name,
                            (uid_t) archive_entry_uid(entry),
                            (gid_t) archive_entry_gid(entry),
                            flags) < 0)
                return -errno;
        /* Our own node of a moment ago, in a directory that nobody else writes to. */
        if (archive_entry_filetype(entry) != AE_IFLNK &&
                        fchmodat(p->parent_fd, p->name, archive_entry_perm(entry), 0) < 0)
                return -errno;
        return neg_errno(utimensat(p->parent_fd, p->name, times, flags));
}

/* ---- one function for each type of entry ------------------------------------------------------ */
static int remember_times(Unpack *u, struct archive_entry *entry, const char *path) {
        DirTime t = { .mtime = entry_mtime(entry), .path_size = (uint32_t) strlen(path) };
        int r;

        r = fd_write_all(u->times_fd, &t, sizeof(t));
        return r < 0 ? r : fd_write_all(u->times_fd, path, t.path_size);
}

static int put_directory(Unpack *u, struct archive_entry *entry, const Place *p) {
        bool hides = false;
        int r;

        if (*p->name && mkdirat(p->parent_fd, p->name, 0700) < 0) {
                struct stat st;
                if (errno != EEXIST)
                        return -errno;
                if (fstatat(p->parent_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (!S_ISDIR(st.st_mode)) {
                        r = make_way(u, p);
                        if (r < 0)
                                return r;
                        hides = r > 0;
                        if (mkdirat(p->parent_fd, p->name, 0700) < 0)
                                return -errno;
                }
        }

        _cleanup_close_ int fd = neg_errno(openat(p->parent_fd,
                        *p->name ? p->name : ".",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd < 0)
                return fd;
        r = hides ? make_opaque(u, fd) : 0;
        if (r >= 0)
                r = set_owner_and_mode(entry, fd);
        if (r >= 0)
                r = put_xattrs(entry, fd);
        return r < 0 ? r : remember_times(u, entry, p->path);
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

/* Holes of sparse files stay holes: blocks come with their offsets. */
static int copy_data(Unpack *u, int fd, la_int64_t file_size, Error *error) {
        const void *data;
        size_t size;
        la_int64_t offset;
        int r;

        for (;;) {
                r = archive_read_data_block(u->tar, &data, &size, &offset);
                if (r == ARCHIVE_EOF)
                        break;
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return u->failure < 0 ? u->failure : damaged(error, u->tar, "the layer");
                r = write_at(fd, data, size, offset);
                if (r < 0)
                        return r;
        }
        return neg_errno(ftruncate(fd, file_size));
}

static int put_file(Unpack *u, struct archive_entry *entry, const Place *p, Error *error) {
        int r;

        r = make_way(u, p);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = neg_errno(openat(p->parent_fd,
                        p->name,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600));
        if (fd < 0)
                return fd;
        r = copy_data(u, fd, archive_entry_size(entry), error);
        return r < 0 ? r : finish_fd(entry, fd);
}

static int put_symlink(Unpack *u, struct archive_entry *entry, const Place *p) {
        const char *target = archive_entry_symlink(entry);
        int r;

        if (str_is_empty(target))
                return -EBADMSG;
        r = make_way(u, p);
        if (r >= 0)
                r = neg_errno(symlinkat(target, p->parent_fd, p->name));
        return r < 0 ? r : finish_special(entry, p);
}

static int put_node(Unpack *u, struct archive_entry *entry, const Place *p) {
        int r;

        r = make_way(u, p);
        if (r >= 0)
                r = neg_errno(mknodat(p->parent_fd,
                                p->name,
                                archive_entry_filetype(entry) | 0600,
                                archive_entry_rdev(entry)));
        return r < 0 ? r : finish_special(entry, p);
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

        char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        if (slash)
                *slash = '\0';
        _cleanup_close_ int dir_fd = tree_open_dir(u->request->root_fd, slash ? path : "");
        if (dir_fd < 0 || *name == '\0')
                return error_set(error,
                                dir_fd < 0 ? dir_fd : -EISDIR,
                                ERROR_STORAGE,
                                "hard link to '%.256s'",
                                target);
        r = make_way(u, p);
        if (r < 0)
                return r;
        if (linkat(dir_fd, name, p->parent_fd, p->name, 0) < 0)
                return error_set(error, -errno, ERROR_STORAGE, "hard link to '%.256s'", target);
        return 0;
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

static bool owner_is_valid(struct archive_entry *entry) {
        la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

        /* The highest number is "no change" to chown(2). */
        return uid >= 0 && uid < UINT32_MAX && gid >= 0 && gid < UINT32_MAX;
}

static int put_typed(Unpack *u, struct archive_entry *entry, const Place *p, Error *error) {
        const char *hardlink = archive_entry_hardlink(entry);

        if (!owner_is_valid(entry))
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
                        return error_set_plain(error,
                                        u->failure,
                                        ERROR_STORAGE,
                                        "%s",
                                        archive_error_string(u->tar));
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return damaged(error, u->tar, "the layer");
                if (++u->entries > u->request->limits.entries_max)
                        return error_set_plain(error,
                                        -E2BIG,
                                        ERROR_LIMIT_REACHED,
                                        "the layer has more than the limit of %llu entries",
                                        (unsigned long long) u->request->limits.entries_max);
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
                n = stream_read(u, &data, error);
        while (n > 0);
        return n < 0 ? (int) n : 0;
}

static int unpack_tar(Unpack *u, Error *error) {
        _cleanup_(error_done) Error stream_error = {};
        StreamError s = { .unpack = u };
        int r;

        u->tar = archive_read_new();
        if (!u->tar)
                return -ENOMEM;
        if (archive_read_support_format_tar(u->tar) != ARCHIVE_OK ||
                        archive_read_support_format_empty(u->tar) != ARCHIVE_OK)
                return -ENOMEM;
        if (archive_read_open(u->tar, &s, NULL, tar_read, NULL) != ARCHIVE_OK)
                r = u->failure < 0 ? u->failure : damaged(error, u->tar, "the layer");
        else
                r = put_entries(u, error);
        error_move(&stream_error, &s.error);
        /* The reason is what the stream met with, not what the tar reader made of it. */
        if (u->failure < 0 && stream_error.message) {
                error_move(error, &stream_error);
                return u->failure;
        }
        return r < 0 ? r : drain(u, error);
}

int unpack_layer(const UnpackRequest *request, UnpackResult *ret, Error *error) {
        _cleanup_(unpack_done)
                        Unpack u = { .request = request, .times_fd = -EBADF, .parent_fd = -EBADF };
        int r;

        /* A pipe is where it is. */
        if (lseek(request->blob_fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
                return error_set(error, -errno, ERROR_STORAGE, "cannot read the layer");
        r = hash_new(&u.hash);
        if (r < 0)
                return r;
        u.times_fd = tree_scratch_file(request->scratch_fd);
        if (u.times_fd < 0)
                return error_set(error, u.times_fd, ERROR_STORAGE, "cannot make a temporary file");

        r = stream_open(&u, error);
        if (r >= 0)
                r = unpack_tar(&u, error);
        if (r < 0)
                return r;
        r = put_times(&u);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot set the times of directories");

        ret->size = u.size;
        ret->entries = u.entries;
        return hash_end(u.hash, &ret->diff_id);
}
