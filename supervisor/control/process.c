/* SPDX-License-Identifier: MIT */
#include "control/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#define CGROUP_FILE_MAX (64U * 1024U)
#define COMMAND_MAX 4096U /* what is longer is cut: it is for people to see */

static void proc_path(pid_t pid, const char *file, char path[static 64]) {
        snprintf(path, 64, "/proc/%d/%s", (int) pid, file);
}

int process_cgroup(pid_t pid, char **ret) {
        _cleanup_free_ char *text = NULL;
        char file[64];

        proc_path(pid, "cgroup", file);
        int r = file_read(AT_FDCWD, file, CGROUP_FILE_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        /* One line a hierarchy; that of v2 has the number 0 and no controllers. */
        const char *line = str_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
        if (!line)
                return -ENODATA;
        line = strchr(line, '/');
        char *path = line ? strndup(line, strcspn(line, "\n")) : NULL;
        if (!path)
                return line ? -ENOMEM : -ENODATA;
        *ret = path;
        return 0;
}

/* Up to @size - 1 bytes, NUL-terminated. Return: how many, or negative errno. */
static ssize_t read_some(pid_t pid, const char *name, char *buffer, size_t size) {
        char file[64];

        proc_path(pid, name, file);
        _cleanup_close_ int fd = neg_errno(open(file, O_RDONLY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        ssize_t n = neg_errno(read(fd, buffer, size - 1));
        if (n >= 0)
                buffer[n] = '\0';
        return n;
}

char *process_command(pid_t pid) {
        char text[COMMAND_MAX + 1];

        ssize_t n = read_some(pid, "cmdline", text, sizeof(text));
        if (n > 0) {
                /* Arguments end with a NUL each; the last one may be cut. */
                while (n > 0 && text[n - 1] == '\0')
                        n--;
                for (ssize_t i = 0; i < n; i++) {
                        if (text[i] == '\0')
                                text[i] = ' ';
                }
                return text_escape_controls(text);
        }

        n = read_some(pid, "comm", text, sizeof(text));
        if (n <= 0)
                return NULL;
        text[strcspn(text, "\n")] = '\0';
        _cleanup_free_ char *name = text_escape_controls(text);
        return name ? str_printf("[%s]", name) : NULL;
}
