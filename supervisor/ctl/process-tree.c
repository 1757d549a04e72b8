/* SPDX-License-Identifier: MIT */
#include "ctl/process-tree.h"

#include <string.h>

#include "base/text.h"

typedef struct Process {
        const char *path; /* borrowed; of its cgroup below the root, "" for the root itself */
        uint64_t pid;
        const char *command; /* borrowed */
} Process;

/* Byte order, but '/' before all else: a group's children come right after it. */
static int compare_paths(const char *a, const char *b) {
        while (*a && *a == *b) {
                a++;
                b++;
        }
        int x = *a == '/' ? 1 : (unsigned char) *a + (*a != '\0');
        int y = *b == '/' ? 1 : (unsigned char) *b + (*b != '\0');
        return x - y;
}

static int compare_processes(const void *a, const void *b) {
        const Process *x = a, *y = b;
        int order = compare_paths(x->path, y->path);

        return order != 0 ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

static const char *path_below(const char *path, const char *root) {
        size_t n = root ? strlen(root) : 0;

        if (n > 0 && strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0'))
                path += n;
        return path + strspn(path, "/");
}

static bool read_process(const Value *v, const char *root, Process *ret) {
        if (value_length(v) != 3 || v->type != VALUE_ARRAY)
                return false;

        const Value *items = v->array.items;
        if (items[0].type != VALUE_STRING || items[1].type != VALUE_UNSIGNED ||
                        items[2].type != VALUE_STRING)
                return false;

        *ret = (Process) {
                .path = path_below(items[0].string, root),
                .pid = items[1].number,
                .command = items[2].string,
        };
        return true;
}

/* Nested groups between what was drawn last and @path, one item each. *ret_depth: that of processes. */
static int add_groups(Tree *tree, const char *drawn, const char *path, unsigned *ret_depth) {
        unsigned depth = 0;
        bool same = true; /* so far all components are those of @drawn */

        while (*path) {
                size_t n = strcspn(path, "/"), k = strcspn(drawn, "/");

                same = same && n == k && strncmp(path, drawn, n) == 0;
                if (!same) {
                        _cleanup_free_ char *name = strndup(path, n);
                        _cleanup_free_ char *text = name ? terminal_text(name) : NULL;
                        if (!text)
                                return -ENOMEM;
                        int r = tree_add(tree, depth, STYLE_PLAIN, &text);
                        if (r < 0)
                                return r;
                }
                path += n + strspn(path + n, "/");
                drawn += k + strspn(drawn + k, "/");
                depth++;
        }
        *ret_depth = depth;
        return 0;
}

static int add_process(Tree *tree, const Process *p, unsigned depth, pid_t init_pid) {
        _cleanup_free_ char *command = terminal_text(p->command);
        if (!command)
                return -ENOMEM;

        bool is_init = init_pid > 0 && p->pid == (uint64_t) init_pid;
        _cleanup_free_ char *text = str_printf("%llu %s%s",
                        (unsigned long long) p->pid,
                        *command ? command : "(no command line)",
                        is_init ? " (init)" : "");
        return text ? tree_add(tree, depth, STYLE_PLAIN, &text) : -ENOMEM;
}

int process_tree_build(const Value *processes, const char *root, pid_t init_pid, Tree *ret) {
        size_t n = 0, n_all = value_length(processes);
        const char *drawn = "";
        unsigned depth = 0;

        _cleanup_free_ Process *sorted = calloc(MAX(n_all, (size_t) 1), sizeof(*sorted));
        if (!sorted)
                return -ENOMEM;

        for (size_t i = 0; processes && processes->type == VALUE_ARRAY && i < n_all; i++)
                n += read_process(&processes->array.items[i], root, &sorted[n]);
        qsort(sorted, n, sizeof(*sorted), compare_processes);

        _cleanup_(tree_done) Tree tree = {};
        for (size_t i = 0; i < n; i++) {
                int r = add_groups(&tree, drawn, sorted[i].path, &depth);
                if (r >= 0)
                        r = add_process(&tree, &sorted[i], depth, init_pid);
                if (r < 0)
                        return r;
                drawn = sorted[i].path;
        }

        *ret = tree;
        tree = (Tree) {};
        return 0;
}
