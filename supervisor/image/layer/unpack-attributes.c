/* SPDX-License-Identifier: MIT */
#include "image/layer/unpack-attributes.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/macro.h"
#include "base/text.h"

#define MODE_BITS ((mode_t) 07777)
#define MODE_SPECIAL ((mode_t) 07000)

struct timespec entry_mtime(struct archive_entry *entry) {
        if (!archive_entry_mtime_is_set(entry))
                return (struct timespec) {};
        return (struct timespec) { .tv_sec = archive_entry_mtime(entry),
                .tv_nsec = archive_entry_mtime_nsec(entry) };
}

bool entry_owner_is_valid(struct archive_entry *entry) {
        la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

        /* The highest number is "no change" to chown(2). */
        return uid >= 0 && uid < UINT32_MAX && gid >= 0 && gid < UINT32_MAX;
}

mode_t entry_create_mode(struct archive_entry *entry) {
        return archive_entry_perm(entry) & MODE_BITS & ~MODE_SPECIAL;
}

static bool owner_is_set(struct archive_entry *entry, const struct stat *st) {
        return st->st_uid == (uid_t) archive_entry_uid(entry) &&
               st->st_gid == (gid_t) archive_entry_gid(entry);
}

static bool mode_is_set(struct archive_entry *entry, const struct stat *st) {
        return (st->st_mode & MODE_BITS) == (archive_entry_perm(entry) & MODE_BITS);
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

int entry_set_attributes(struct archive_entry *entry, int fd) {
        struct stat st;

        /* Looked at rather than assumed: a set-group-ID directory hands its group on, an ACL changes modes. */
        if (fstat(fd, &st) < 0)
                return -errno;
        /* The owner first: a change of it takes set-user-ID and capabilities away. Neither is there yet,
         * but for directories, which keep them. */
        if (!owner_is_set(entry, &st) && fchown(fd,
                                                         (uid_t) archive_entry_uid(entry),
                                                         (gid_t) archive_entry_gid(entry)) < 0)
                return -errno;
        if (!mode_is_set(entry, &st) && fchmod(fd, archive_entry_perm(entry) & MODE_BITS) < 0)
                return -errno;
        return put_xattrs(entry, fd);
}

int entry_finish(struct archive_entry *entry, int fd) {
        struct timespec times[2] = { entry_mtime(entry), entry_mtime(entry) };
        int r = entry_set_attributes(entry, fd);

        return r < 0 ? r : neg_errno(futimens(fd, times));
}

int entry_finish_special(struct archive_entry *entry, int dir_fd, const char *name) {
        struct timespec times[2] = { entry_mtime(entry), entry_mtime(entry) };
        const int flags = AT_SYMLINK_NOFOLLOW;
        struct stat st;

        if (fstatat(dir_fd, name, &st, flags) < 0)
                return -errno;
        if (!owner_is_set(entry, &st) && fchownat(dir_fd,
                                                         name,
                                                         (uid_t) archive_entry_uid(entry),
                                                         (gid_t) archive_entry_gid(entry),
                                                         flags) < 0)
                return -errno;
        /* Our own node of a moment ago, in a directory that nobody else writes to. */
        if (archive_entry_filetype(entry) != AE_IFLNK && !mode_is_set(entry, &st) &&
                        fchmodat(dir_fd, name, archive_entry_perm(entry) & MODE_BITS, 0) < 0)
                return -errno;
        return neg_errno(utimensat(dir_fd, name, times, flags));
}
