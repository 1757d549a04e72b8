/* SPDX-License-Identifier: MIT */
#include "base/children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#define STAT_SIZE_MAX (64U * 1024U)
#define CHILDREN_SIZE_MAX (16U * 1024U * 1024U)

typedef struct Child {
        pid_t pid;
        unsigned long long start; /* as the kernel counts; 0: the order is right already */
} Child;

typedef struct Children {
        Child *items; /* owned */
        size_t n;
} Children;

static void children_done(Children *c) {
        free(c->items);
}

static int add_child(Children *c, pid_t pid, unsigned long long start) {
        /* Doubled whenever it is full: at 8, 16, 32, … */
        if (c->n == 0 || (c->n >= 8 && (c->n & (c->n - 1)) == 0)) {
                Child *grown = realloc(c->items, (c->n < 8 ? 8 : c->n * 2) * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                c->items = grown;
        }
        c->items[c->n++] = (Child) { .pid = pid, .start = start };
        return 0;
}

static int read_children(const char *text, Children *c) {
        for (const char *p = text;;) {
                char *end;

                errno = 0;
                long pid = strtol(p, &end, 10);
                if (end == p)
                        return 0;
                if (errno != 0 || pid <= 0 || pid > INT_MAX)
                        return -EBADMSG;
                int r = add_child(c, (pid_t) pid, 0);
                if (r < 0)
                        return r;
                p = end;
        }
}

/* Fields 4 and 22 of /proc/PID/stat, behind a name that may hold anything. */
static int read_stat(const char *pid, pid_t *ret_parent, unsigned long long *ret_start) {
        _cleanup_free_ char *path = str_printf("/proc/%s/stat", pid), *text = NULL;
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, STAT_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;

        const char *after = strrchr(text, ')');
        if (!after || sscanf(after,
                                      ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
                                      "%*d %*d %*d %*d %*d %llu",
                                      ret_parent,
                                      ret_start) != 2)
                return -EBADMSG;
        return 0;
}

static int by_start(const void *a, const void *b) {
        const Child *x = a, *y = b;

        if (x->start != y->start)
                return x->start < y->start ? -1 : 1;
        return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int search_children(pid_t parent, Children *c) {
        _cleanup_(closedirp) DIR *proc = opendir("/proc");

        if (!proc)
                return -errno;
        for (struct dirent *entry; (entry = readdir(proc));) {
                unsigned long long start;
                uint64_t pid;
                pid_t its_parent;

                if (parse_u64(entry->d_name, &pid) < 0 ||
                                read_stat(entry->d_name, &its_parent, &start) < 0 ||
                                its_parent != parent)
                        continue;
                int r = add_child(c, (pid_t) pid, start);
                if (r < 0)
                        return r;
        }
        if (c->n > 0)
                qsort(c->items, c->n, sizeof(*c->items), by_start);
        return 0;
}

int children_list(pid_t parent, pid_t **ret, size_t *ret_n) {
        _cleanup_(children_done) Children c = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        pid_t *pids = NULL;

        path = str_printf("/proc/%d/task/%d/children", parent, parent);
        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, CHILDREN_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = read_children(text, &c);
        else if (r == -ENOENT)
                r = search_children(parent, &c);
        if (r < 0)
                return r;

        if (c.n > 0) {
                pids = malloc(c.n * sizeof(*pids));
                if (!pids)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < c.n; i++)
                pids[i] = c.items[i].pid;
        *ret = pids;
        *ret_n = c.n;
        return 0;
}
