/* SPDX-License-Identifier: MIT */
#include "runtime/user.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"

#define NUMBER_SIZE 16U
#define USER_FILE_SIZE_MAX (16 * 1024 * 1024)

typedef struct Reader {
        int fd; /* borrowed */
        size_t at, length;
        int result; /* first read error */
        char buffer[4096];
} Reader;

/* Return: the next byte, or -1 at the end. */
static int reader_next(Reader *r) {
        if (r->at == r->length) {
                ssize_t n;

                do
                        n = read(r->fd, r->buffer, sizeof(r->buffer));
                while (n < 0 && errno == EINTR);
                if (n < 0)
                        r->result = -errno;
                if (n <= 0)
                        return -1;
                r->at = 0;
                r->length = (size_t) n;
        }
        return (unsigned char) r->buffer[r->at++];
}

/*
 * One field into @field, without its end. What does not fit is no name or number that anyone asked for:
 * the field is then empty. Return: what ended it: ':', '\n', -1, or ',' if @comma.
 */
static int reader_field(Reader *r, bool comma, char *field, size_t size) {
        size_t length = 0;
        int c;

        while ((c = reader_next(r)) >= 0 && c != '\n' && c != ':' && !(comma && c == ',')) {
                if (length < size)
                        field[length] = (char) c;
                length++;
        }
        field[length < size ? length : 0] = '\0';
        return c;
}

static int reader_skip_fields(Reader *r, unsigned n) {
        char dummy[1];
        int c = ':';

        while (n-- > 0 && c == ':')
                c = reader_field(r, false, dummy, sizeof(dummy));
        return c;
}

static void reader_skip_line(Reader *r, int c) {
        while (c >= 0 && c != '\n')
                c = reader_next(r);
}

/* 4294967295 is "no change" to the kernel, never a user. */
static int parse_id(const char *text, uint32_t *ret) {
        uint64_t number;

        int r = parse_u64(text, &number);
        if (r < 0)
                return r;
        if (number >= UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) number;
        return 0;
}

/* Only what can be a list of users: the root is anybody's, and a device or a sparse terabyte never ends. */
static int open_inside(int root_fd, const char *path) {
        struct stat st;

        _cleanup_close_ int fd = sys_openat2(root_fd,
                        path,
                        O_RDONLY | O_NOCTTY | O_NONBLOCK,
                        0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        return st.st_size > USER_FILE_SIZE_MAX ? -EFBIG : TAKE_FD(fd);
}

/* name:password:uid:gid:comment:home:shell. Return: what ended the last field read. */
static int read_passwd_entry(Reader *reader, char *name, PlanUser *u, bool *ret_valid) {
        char uid[NUMBER_SIZE] = "", gid[NUMBER_SIZE] = "";

        u->home[0] = '\0';
        int c = reader_field(reader, false, name, USER_NAME_SIZE);
        if (c == ':')
                c = reader_skip_fields(reader, 1);
        if (c == ':')
                c = reader_field(reader, false, uid, sizeof(uid));
        if (c == ':')
                c = reader_field(reader, false, gid, sizeof(gid));
        *ret_valid = parse_id(uid, &u->uid) >= 0 && parse_id(gid, &u->gid) >= 0;
        if (c == ':')
                c = reader_skip_fields(reader, 1);
        if (c == ':')
                c = reader_field(reader, false, u->home, sizeof(u->home));
        return c;
}

static int search_passwd(
                int fd, const char *user, bool by_number, uid_t uid, PlanUser *u, char *name) {
        Reader reader = { .fd = fd };

        for (int c = '\n'; c >= 0;) {
                bool valid;

                c = read_passwd_entry(&reader, name, u, &valid);
                if (valid && (by_number ? u->uid == uid : strcmp(name, user) == 0))
                        return 0;
                reader_skip_line(&reader, c);
        }
        return reader.result < 0 ? reader.result : -ESRCH;
}

int user_find(int root_fd, const char *user, PlanUser *ret, char ret_name[static USER_NAME_SIZE]) {
        uid_t uid = 0;
        bool by_number = parse_id(user, &uid) >= 0;
        int r = -ESRCH;

        _cleanup_close_ int fd = open_inside(root_fd, "/etc/passwd");
        if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
                return fd;
        if (fd >= 0)
                r = search_passwd(fd, user, by_number, uid, ret, ret_name);
        if (r == -ESRCH && by_number) {
                ret->uid = uid;
                ret->gid = 0;
                ret->home[0] = ret_name[0] = '\0';
                r = 0;
        }
        if (r < 0)
                return r;

        if (ret->home[0] == '\0')
                memcpy(ret->home, "/", 2);
        ret->groups[0] = ret->gid;
        ret->n_groups = 1;
        return 0;
}

/* name:password:gid: up to the list of members. */
static int read_group_entry(Reader *reader, char *name, gid_t *gid, bool *ret_valid) {
        char number[NUMBER_SIZE] = "";

        int c = reader_field(reader, false, name, USER_NAME_SIZE);
        if (c == ':')
                c = reader_skip_fields(reader, 1);
        if (c == ':')
                c = reader_field(reader, false, number, sizeof(number));
        *ret_valid = parse_id(number, gid) >= 0;
        return c;
}

int group_find(int root_fd, const char *group, gid_t *ret) {
        char name[USER_NAME_SIZE];
        gid_t gid;

        if (parse_id(group, ret) >= 0)
                return 0;

        _cleanup_close_ int fd = open_inside(root_fd, "/etc/group");
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR ? -ESRCH : fd;

        Reader reader = { .fd = fd };
        for (int c = '\n'; c >= 0;) {
                bool valid;

                c = read_group_entry(&reader, name, &gid, &valid);
                if (valid && strcmp(name, group) == 0) {
                        *ret = gid;
                        return 0;
                }
                reader_skip_line(&reader, c);
        }
        return reader.result < 0 ? reader.result : -ESRCH;
}

/* The rest of a group's line. Return: what ended it. */
static int read_members(Reader *reader, const char *name, bool *ret_member) {
        char member[USER_NAME_SIZE];
        int c = ',';

        *ret_member = false;
        while (c == ',') {
                c = reader_field(reader, true, member, sizeof(member));
                *ret_member = *ret_member || strcmp(member, name) == 0;
        }
        return c;
}

int user_add_group(PlanUser *u, gid_t gid) {
        for (size_t i = 0; i < u->n_groups; i++) {
                if (u->groups[i] == gid)
                        return 0;
        }
        if (u->n_groups >= PLAN_GROUPS_MAX)
                return -E2BIG;
        u->groups[u->n_groups++] = gid;
        return 0;
}

int user_find_groups(int root_fd, const char *name, PlanUser *u) {
        char group[USER_NAME_SIZE];
        gid_t gid;

        if (name[0] == '\0')
                return 0;
        _cleanup_close_ int fd = open_inside(root_fd, "/etc/group");
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;

        Reader reader = { .fd = fd };
        for (int c = '\n'; c >= 0;) {
                bool valid, member = false;

                c = read_group_entry(&reader, group, &gid, &valid);
                if (c == ':')
                        c = read_members(&reader, name, &member);
                if (valid && member) {
                        int r = user_add_group(u, gid);
                        if (r < 0)
                                return r;
                }
                reader_skip_line(&reader, c);
        }
        return reader.result;
}
