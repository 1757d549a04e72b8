/* SPDX-License-Identifier: MIT */
#include "runtime/sysctl.h"

#include <fnmatch.h>
#include <string.h>

#include "base/text.h"
#include "runtime/kernel-file.h"

/* Patterns of paths below /proc/sys. */
/* clang-format off */
static const struct {
        const char *pattern;
        bool network;
} namespaced[] = {
        { "kernel/msg*",       false },
        { "kernel/sem",        false },
        { "kernel/sem_next_id", false },
        { "kernel/shm*",       false },
        { "kernel/domainname", false },
        { "fs/mqueue/*",       false },
        { "net/*",             true  },
};
/* clang-format on */

/* As sysctl(8): if the first separator is a dot, dots separate and slashes stand for dots. */
static void sysctl_name_to_path(char *name) {
        bool dots = name[strcspn(name, "./")] == '.';

        for (char *c = name; dots && *c; c++) {
                if (*c == '.')
                        *c = '/';
                else if (*c == '/')
                        *c = '.';
        }
}

static bool path_has_odd_component(const char *path) {
        for (const char *c = path;; c++) {
                size_t length = strcspn(c, "/");

                if (length == 0 || (length <= 2 && strspn(c, ".") >= length))
                        return true;
                c += length;
                if (!*c)
                        return false;
        }
}

int sysctl_parse(Plan *p, const char *text, bool host_network, PlanSysctl *ret, Error *error) {
        const char *equals = strchr(text, '=');

        if (!equals || equals == text)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "sysctl '%s' is not name=value",
                                text);

        PlanSysctl s = {
                .name = plan_printf(p, "%.*s", (int) (equals - text), text),
                .value = plan_strdup(p, equals + 1),
        };
        if (!s.name || !s.value)
                return -ENOMEM;
        char *path = (char *) plan_printf(p, "sys/%s", s.name);
        if (!path)
                return -ENOMEM;
        sysctl_name_to_path(path + strlen("sys/"));
        s.path = path;
        if (path_has_odd_component(path))
                return error_set_plain(
                                error, -EINVAL, ERROR_BAD_SETTING, "bad sysctl name '%s'", s.name);

        for (size_t i = 0; i < ELEMENTSOF(namespaced); i++) {
                if (fnmatch(namespaced[i].pattern, path + strlen("sys/"), 0) != 0)
                        continue;
                if (namespaced[i].network && host_network)
                        return error_set_plain(error,
                                        -EPERM,
                                        ERROR_BAD_SETTING,
                                        "sysctl '%s' would change the host's network: the "
                                        "container shares it",
                                        s.name);
                *ret = s;
                return 0;
        }
        return error_set_plain(error,
                        -EPERM,
                        ERROR_BAD_SETTING,
                        "sysctl '%s' is not of a namespace: it would change the host",
                        s.name);
}

int sysctl_apply(Plan *p) {
        for (size_t i = 0; i < p->n_sysctls; i++) {
                p->item = (int) i;
                int r = procfs_write(p->proc_fd, p->sysctls[i].path, p->sysctls[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}
