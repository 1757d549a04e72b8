/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"

/* A round ends when it shows nobody new; a process that was told to die can't fork any more. */
#define ROUNDS_MAX 1000U
#define PROCS_SIZE_MAX (64U * 1024U * 1024U)

/* ---- directories ------------------------------------------------------------------------------ */

int cgroup_list_children(int dir_fd, char ***ret) {
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        int copy = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (copy < 0)
                return copy;
        DIR *dir = fdopendir(copy);
        if (!dir) {
                r = -errno;
                (void) close_fd(copy);
                return r;
        }

        for (struct dirent *entry; r >= 0 && (entry = readdir(dir));) {
                if (entry->d_type == DT_DIR && !str_equal(entry->d_name, ".") &&
                                !str_equal(entry->d_name, ".."))
                        r = strv_append(&names, entry->d_name);
        }
        (void) closedir(dir);
        if (r >= 0)
                *ret = TAKE_PTR(names);
        return r;
}

/* One level of the way down: the children found there and the one that comes next. */
typedef struct WalkLevel {
        char **children; /* owned */
        size_t next;
} WalkLevel;

typedef struct WalkStack {
        WalkLevel *levels; /* owned */
        size_t depth;
        int fd; /* owned; the directory of the last level */
} WalkStack;

static void walk_stack_done(WalkStack *s) {
        while (s->depth > 0)
                strv_free(s->levels[--s->depth].children);
        free(s->levels);
        (void) close_fd(s->fd);
}

/* Makes @fd, consumed, the current directory of the walk. */
static int walk_push(WalkStack *s, int *fd, const CgroupWalk *walk) {
        if (s->depth == CGROUP_DEPTH_MAX)
                return -ELOOP;

        int r = walk->enter ? walk->enter(*fd, walk->userdata) : 0;
        if (r < 0)
                return r;
        WalkLevel *grown = realloc(s->levels, (s->depth + 1) * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        s->levels = grown;

        WalkLevel level = {};
        r = cgroup_list_children(*fd, &level.children);
        if (r < 0)
                return r;
        s->levels[s->depth++] = level;
        (void) close_fd(s->fd);
        s->fd = TAKE_FD(*fd);
        return 0;
}

/* Back to the parent, by "..": one descriptor is enough for any depth. */
static int walk_pop(WalkStack *s, const CgroupWalk *walk) {
        strv_free(s->levels[--s->depth].children);
        if (s->depth == 0)
                return 0;

        int parent_fd = neg_errno(openat(s->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (parent_fd < 0)
                return parent_fd;
        (void) close_fd(s->fd);
        s->fd = parent_fd;

        const WalkLevel *level = &s->levels[s->depth - 1];
        return walk->leave ? walk->leave(parent_fd,
                                             level->children[level->next - 1],
                                             walk->userdata)
                           : 0;
}

int cgroup_walk(int dir_fd, const CgroupWalk *walk) {
        _cleanup_(walk_stack_done) WalkStack s = { .fd = -EBADF };
        _cleanup_close_ int fd = neg_errno(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;

        int r = walk_push(&s, &fd, walk);
        while (r >= 0 && s.depth > 0) {
                WalkLevel *level = &s.levels[s.depth - 1];

                if (!level->children || !level->children[level->next]) {
                        r = walk_pop(&s, walk);
                        continue;
                }
                const char *name = level->children[level->next++];
                (void) close_fd(fd);
                fd = neg_errno(openat(s.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
                r = fd < 0 ? fd : walk_push(&s, &fd, walk);
                if (r == -ENOENT || r == -ENODEV)
                        r = 0; /* removed since it was listed */
        }
        return r;
}

static int remove_child(int parent_fd, const char *name, void *userdata) {
        (void) userdata;

        int r = neg_errno(unlinkat(parent_fd, name, AT_REMOVEDIR));
        return r == -ENOENT ? 0 : r;
}

int cgroup_remove_below(int parent_fd, const char *name) {
        const CgroupWalk walk = { .leave = remove_child };

        /* Mostly there are no children, and then this is all. */
        int r = remove_child(parent_fd, name, NULL);
        if (r != -EBUSY && r != -ENOTEMPTY)
                return r;

        _cleanup_close_ int fd = neg_errno(
                        openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        r = cgroup_walk(fd, &walk);
        if (r < 0)
                return r;
        return remove_child(parent_fd, name, NULL);
}

/* ---- processes -------------------------------------------------------------------------------- */

typedef struct PidList {
        pid_t *pids; /* owned */
        size_t n, allocated;
} PidList;

static void pid_list_done(PidList *l) {
        free(l->pids);
}

static int pid_list_add(PidList *l, pid_t pid) {
        if (l->n == l->allocated) {
                size_t allocated = l->allocated ? l->allocated * 2 : 64;
                pid_t *grown = realloc(l->pids, allocated * sizeof(pid_t));
                if (!grown)
                        return -ENOMEM;
                l->pids = grown;
                l->allocated = allocated;
        }
        l->pids[l->n++] = pid;
        return 0;
}

/* In a threaded group this can't be read: its processes are listed by the group that is not threaded. */
static int read_member_file(int dir_fd, const char *file, char **ret) {
        int r = file_read(dir_fd, file, PROCS_SIZE_MAX, ret, NULL);
        return r == -EOPNOTSUPP || r == -ENODEV || r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int add_members(int dir_fd, void *userdata) {
        PidList *list = ASSERT_PTR(userdata);
        _cleanup_free_ char *text = NULL;

        int r = read_member_file(dir_fd, "cgroup.procs", &text);
        if (r <= 0)
                return r;
        for (char *rest = text, *line; r >= 0 && (line = strsep(&rest, "\n"));) {
                uint64_t pid;

                /* 0: somebody in a PID namespace that is not below ours. */
                if (parse_u64(line, &pid) >= 0 && pid > 0 && pid <= INT32_MAX)
                        r = pid_list_add(list, (pid_t) pid);
        }
        return r < 0 ? r : 0;
}

static int list_members(int dir_fd, bool recursive, PidList *list) {
        const CgroupWalk walk = { .enter = add_members, .userdata = list };

        return recursive ? cgroup_walk(dir_fd, &walk) : add_members(dir_fd, list);
}

int cgroup_list_processes(int dir_fd, bool recursive, pid_t **ret, size_t *ret_n) {
        _cleanup_(pid_list_done) PidList list = {};

        int r = list_members(dir_fd, recursive, &list);
        if (r < 0)
                return r;
        *ret_n = list.n;
        *ret = TAKE_PTR(list.pids);
        return 0;
}

static int compare_pids(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;
        return (x > y) - (x < y);
}

static bool pid_list_has(const PidList *sorted, pid_t pid) {
        return sorted->n > 0 && bsearch(&pid, sorted->pids, sorted->n, sizeof(pid_t), compare_pids);
}

typedef struct Visitor {
        int (*visit)(pid_t pid, void *userdata);
        void *userdata;
        PidList seen; /* sorted */
        int failure;
} Visitor;

/* Return: how many of the list were new; -ENOMEM. */
static int visit_new(Visitor *v, const PidList *list) {
        size_t sorted = v->seen.n;

        for (size_t i = 0; i < list->n; i++) {
                const PidList known = { .pids = v->seen.pids, .n = sorted };

                if (pid_list_has(&known, list->pids[i]))
                        continue;
                int r = pid_list_add(&v->seen, list->pids[i]);
                if (r < 0)
                        return r;
                r = v->visit(list->pids[i], v->userdata);
                if (r < 0 && r != -ESRCH && v->failure == 0)
                        v->failure = r;
        }

        size_t added = v->seen.n - sorted;
        if (added > 0)
                qsort(v->seen.pids, v->seen.n, sizeof(pid_t), compare_pids);
        return (int) MIN(added, (size_t) INT_MAX);
}

int cgroup_each_process(int dir_fd,
                bool recursive,
                int (*visit)(pid_t pid, void *userdata),
                void *userdata) {
        _cleanup_(pid_list_done) PidList list = {};
        Visitor v = { .visit = visit, .userdata = userdata };
        int r = -EAGAIN;

        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                list.n = 0;
                r = list_members(dir_fd, recursive, &list);
                if (r >= 0)
                        r = visit_new(&v, &list);
                if (r <= 0)
                        break;
                r = -EAGAIN;
        }

        size_t n = v.seen.n;
        pid_list_done(&v.seen);
        if (r < 0)
                return r;
        return v.failure < 0 ? v.failure : (int) MIN(n, (size_t) INT_MAX);
}

/* A number that was just listed can't be another process: numbers come back only after all the others. */
static int kill_one(pid_t pid, void *userdata) {
        return neg_errno(kill(pid, *(const int *) userdata));
}

int cgroup_kill_each(int dir_fd, int signal) {
        return cgroup_each_process(dir_fd, /* recursive= */ true, kill_one, &signal);
}

static int move_one(pid_t pid, void *userdata) {
        _cleanup_free_ char *text = str_printf("%d", pid);

        return text ? fd_write_all(*(const int *) userdata, text, strlen(text)) : -ENOMEM;
}

int cgroup_move_processes(int dir_fd, bool recursive, int procs_fd) {
        return cgroup_each_process(dir_fd, recursive, move_one, &procs_fd);
}

static int count_threads(int dir_fd, void *userdata) {
        uint64_t *count = ASSERT_PTR(userdata);
        _cleanup_free_ char *text = NULL;

        int r = read_member_file(dir_fd, "cgroup.threads", &text);
        if (r <= 0)
                return r;
        for (const char *p = text; (p = strchr(p, '\n')); p++)
                (*count)++;
        return 0;
}

int cgroup_count_threads(int dir_fd, uint64_t *ret) {
        uint64_t count = 0;
        const CgroupWalk walk = { .enter = count_threads, .userdata = &count };

        int r = cgroup_walk(dir_fd, &walk);
        if (r >= 0)
                *ret = count;
        return r;
}
