/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-stats.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup-processes.h"

#define STAT_SIZE_MAX (1024U * 1024U) /* io.stat: a line a disk */

/* v1 shows "no limit" as the largest number of whole pages. */
#define V1_UNLIMITED ((uint64_t) INT64_MAX - 1024 * 1024)

/* A number at the start of @s, as far as it goes. */
static int number_at(const char *s, uint64_t *ret) {
        _cleanup_free_ char *digits = strndup(s, strspn(s, "0123456789"));
        return digits ? parse_u64(digits, ret) : -ENOMEM;
}

static int parse_number(const char *text, uint64_t *ret) {
        if (str_has_prefix(text, "max")) {
                *ret = UINT64_MAX;
                return 0;
        }

        int r = number_at(text, ret);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        if (*ret >= V1_UNLIMITED)
                *ret = UINT64_MAX;
        return 0;
}

static int parse_keyed(const char *text, const char *key, uint64_t *ret) {
        size_t size = strlen(key);

        while (text) {
                if (strncmp(text, key, size) == 0 && text[size] == ' ') {
                        int r = number_at(text + size + 1, ret);
                        return r == -EINVAL || r == -ERANGE ? -EBADMSG : r;
                }
                text = strchr(text, '\n');
                text = text ? text + 1 : NULL;
        }
        return -ENODATA;
}

static int parse_sum(const char *text, const char *key, uint64_t *ret) {
        uint64_t sum = 0, number;

        while ((text = strstr(text, key))) {
                text += strlen(key);
                int r = number_at(text, &number);
                if (r < 0)
                        return r == -ENOMEM ? r : -EBADMSG;
                sum += number;
        }
        *ret = sum;
        return 0;
}

int cgroup_stat_parse(const char *text, CgroupStatFormat format, const char *key, uint64_t *ret) {
        switch (format) {
        case CGROUP_STAT_NUMBER:
                return parse_number(text, ret);
        case CGROUP_STAT_KEYED:
                return parse_keyed(text, key, ret);
        case CGROUP_STAT_SUM:
                return parse_sum(text, key, ret);
        }
        return -EINVAL;
}

int cgroup_stat_read(Cgroup *c,
                CgroupController controller,
                const char *file,
                CgroupStatFormat format,
                const char *key,
                uint64_t *ret) {
        _cleanup_free_ char *text = NULL;

        _cleanup_close_ int fd =
                        controller == CGROUP_STAT_TREE
                                        ? neg_errno(openat(c->dir_fd, file, O_RDONLY | O_CLOEXEC))
                                        : c->tree->ops->open_file(c, controller, file, O_RDONLY);
        if (fd < 0)
                return fd;
        int r = file_read_fd(fd, STAT_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;
        return cgroup_stat_parse(text, format, key, ret);
}

int cgroup_read_stats(Cgroup *c, CgroupStats *ret) {
        CgroupStats stats;

        memset(&stats, 0xff, sizeof(stats)); /* every member UINT64_MAX */
        for (const CgroupStatRow *row = c->tree->ops->stats; row->file; row++) {
                uint64_t *member = (uint64_t *) ((char *) &stats + row->offset);

                /* A figure that this kernel or layout has not stays unknown. */
                int r = cgroup_stat_read(
                                c, row->controller, row->file, row->format, row->key, member);
                if (r == -ENODEV)
                        return r; /* the group is gone */
        }
        if (stats.tasks_current == UINT64_MAX)
                (void) cgroup_count_threads(c->dir_fd, &stats.tasks_current); /* else unknown */

        *ret = stats;
        return 0;
}

/* The file that counts kills is also the one that tells of them: by POLLPRI on v2. */
static const char *oom_file(const Cgroup *c) {
        return c->tree->ops == &cgroup_driver_v2 ? "memory.events" : "memory.oom_control";
}

int cgroup_read_oom_kills(Cgroup *c, uint64_t *ret) {
        return cgroup_stat_read(c, CGROUP_MEMORY, oom_file(c), CGROUP_STAT_KEYED, "oom_kill", ret);
}

/* v1: "EVENTFD FILE" written to cgroup.event_control; the kernel drops it with the eventfd or the group. */
static int oom_fd_v1(Cgroup *c, int oom_fd) {
        _cleanup_close_ int event_fd = neg_errno(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (event_fd < 0)
                return event_fd;
        _cleanup_close_ int control_fd =
                        c->tree->ops->open_file(c, CGROUP_MEMORY, "cgroup.event_control", O_WRONLY);
        if (control_fd < 0)
                return control_fd;
        _cleanup_free_ char *line = str_printf("%d %d", event_fd, oom_fd);
        if (!line)
                return -ENOMEM;

        int r = fd_write_all(control_fd, line, strlen(line));
        return r < 0 ? r : TAKE_FD(event_fd);
}

int cgroup_oom_fd(Cgroup *c, uint32_t *ret_events) {
        _cleanup_close_ int fd = c->tree->ops->open_file(c, CGROUP_MEMORY, oom_file(c), O_RDONLY);
        if (fd < 0)
                return fd;

        bool v2 = c->tree->ops == &cgroup_driver_v2;
        if (!v2) {
                int event_fd = oom_fd_v1(c, fd);
                if (event_fd < 0)
                        return event_fd;
                (void) close_fd(fd);
                fd = event_fd;
        } else
                cgroup_oom_rearm(fd); /* a file never read counts as changed */
        *ret_events = v2 ? EPOLLPRI : EPOLLIN;
        return TAKE_FD(fd);
}

void cgroup_oom_rearm(int oom_fd) {
        char buffer[256];

        /* Reading anything, from the start, is what the kernel takes for "seen"; an eventfd has no start. */
        if (pread(oom_fd, buffer, sizeof(buffer), 0) < 0)
                (void) !read(oom_fd, buffer, sizeof(uint64_t));
}
