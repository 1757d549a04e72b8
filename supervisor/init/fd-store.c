/* SPDX-License-Identifier: MIT */
#include "init/fd-store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/report.h"
#include "base/macro.h"

#define NAME_DEFAULT "stored"
#define KCMP_FILE 0 /* linux/kcmp.h, which musl lacks */

static bool name_is_valid(const char *name) {
        size_t length = 0;

        for (; name[length] != '\0'; length++)
                if (name[length] < ' ' || name[length] > '~' || name[length] == ':')
                        return false;

        return length > 0 && length <= FD_STORE_NAME_MAX;
}

/* Where the kernel can't compare (no CONFIG_KCMP), a duplicate is merely kept. */
static bool is_same_file(int a, int b) {
        pid_t self = getpid();

        return syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

static bool fd_store_has(const FdStore *s, int fd, const char *name) {
        for (int i = FD_STORE_FIRST; i < s->end; i++)
                if (strcmp(s->names[i], name) == 0 && is_same_file(i, fd))
                        return true;

        return false;
}

void fd_store_init(FdStore *s, unsigned long long fds_max) {
        s->limit = FD_STORE_END;
        if (fds_max < FD_STORE_END + FD_STORE_RESERVE)
                s->limit = (int) fds_max - FD_STORE_RESERVE;
}

void fd_store_add(FdStore *s, int fd, const char *name) {
        if (!name || !name_is_valid(name))
                name = NAME_DEFAULT;

        if (fd < FD_STORE_FIRST || fd >= s->limit) {
                fd_store_overflow(s);
                (void) close(fd);
                return;
        }
        if (fd_store_has(s, fd, name)) {
                (void) close(fd);
                return;
        }

        memcpy(s->names[fd], name, strlen(name) + 1);
        s->end = MAX(s->end, fd + 1);
}

void fd_store_overflow(FdStore *s) {
        if (s->overflow_reported)
                return;

        report("the descriptor store is full; descriptors sent from now on are closed", NULL);
        s->overflow_reported = true;
}

void fd_store_remove(FdStore *s, const char *name) {
        if (!name || !name_is_valid(name))
                return;

        for (int fd = FD_STORE_FIRST; fd < s->end; fd++) {
                if (strcmp(s->names[fd], name) != 0)
                        continue;

                (void) close(fd);
                s->names[fd][0] = '\0';
                s->overflow_reported = false;
        }
}

int fd_store_count(const FdStore *s) {
        int count = 0;

        for (int fd = FD_STORE_FIRST; fd < s->end; fd++)
                count += s->names[fd][0] != '\0';

        return count;
}

int fd_store_names(const FdStore *s, char separator, char *buffer, size_t size) {
        size_t used = 0;

        for (int fd = FD_STORE_FIRST; fd < s->end; fd++) {
                size_t length = strlen(s->names[fd]);

                if (length == 0)
                        continue;
                if (used + length + 1 > size)
                        return -ENOBUFS;

                memcpy(buffer + used, s->names[fd], length);
                used += length;
                buffer[used++] = separator;
        }

        return (int) used;
}

int fd_store_names_memfd(const FdStore *s) {
        int fd = neg_errno(memfd_create("supd-fdnames", MFD_CLOEXEC | MFD_ALLOW_SEALING));

        for (int i = FD_STORE_FIRST; i < s->end && fd >= 0; i++) {
                char line[FD_STORE_NAME_MAX + 1];
                size_t length = strlen(s->names[i]);

                if (length == 0)
                        continue;

                memcpy(line, s->names[i], length);
                line[length] = '\n';
                if (write(fd, line, length + 1) != (ssize_t) length + 1) {
                        (void) close(fd);
                        return -ENOSPC; /* the memory limit of whoever runs us */
                }
        }

        if (fd >= 0)
                (void) fcntl(fd,
                                F_ADD_SEALS,
                                F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        return fd;
}

int fd_pass_as(int fd, int number) {
        /* dup3() refuses equal numbers, and dup2() of them would leave close-on-exec on. */
        int r = fd == number ? fcntl(fd, F_SETFD, 0) : dup2(fd, number);

        return r < 0 ? -errno : 0;
}

int fd_store_pass(const FdStore *s) {
        int next = FD_STORE_FIRST, r = 0;

        for (int fd = FD_STORE_FIRST; fd < s->end && r >= 0; fd++)
                if (s->names[fd][0] != '\0')
                        r = fd_pass_as(fd, next++);

        return r;
}
