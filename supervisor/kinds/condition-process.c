/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/condition-internal.h"
#include "unitfile/value.h"

/* What supd itself is and has. */

#define SYSTEM_ID_MAX 999U
#define KERNEL_FILE_SIZE_MAX (64U * 1024U)

int condition_environment(const char *parameter) {
        size_t n = strcspn(parameter, "=");

        STRV_FOREACH (e, environ) {
                if (parameter[n] == '=' ? str_equal(*e, parameter)
                                        : strncmp(*e, parameter, n) == 0 && (*e)[n] == '=')
                        return 1;
        }
        return 0;
}

/* Return: 1 if @id is what the number, or "@system", says; 0 if not; -EINVAL if @s is neither. */
static int id_is(const char *s, uint64_t id, uint64_t effective_id) {
        uint64_t n;

        if (str_equal(s, "@system"))
                return id <= SYSTEM_ID_MAX || effective_id <= SYSTEM_ID_MAX;
        if (parse_u64(s, &n) < 0)
                return -EINVAL;
        return n == id || n == effective_id;
}

int condition_user(const char *parameter) {
        int r = id_is(parameter, getuid(), geteuid());
        if (r >= 0)
                return r;
        /* Root is known without a look at a database that may live behind a network. */
        if (str_equal(parameter, "root"))
                return getuid() == 0 || geteuid() == 0;
        const struct passwd *p = getpwnam(parameter);
        return p && (p->pw_uid == getuid() || p->pw_uid == geteuid());
}

static int is_in_group(gid_t gid) {
        int n = getgroups(0, NULL);

        if (gid == getgid() || gid == getegid())
                return 1;
        _cleanup_free_ gid_t *groups = calloc((size_t) MAX(n, 1), sizeof(gid_t));
        if (!groups)
                return -ENOMEM;
        n = getgroups(n, groups);
        for (int i = 0; i < n; i++) {
                if (groups[i] == gid)
                        return 1;
        }
        return 0;
}

int condition_group(const char *parameter) {
        uint64_t n;

        if (str_equal(parameter, "@system"))
                return getgid() <= SYSTEM_ID_MAX || getegid() <= SYSTEM_ID_MAX;
        if (parse_u64(parameter, &n) >= 0)
                return n > UINT32_MAX ? -EINVAL : is_in_group((gid_t) n);
        if (str_equal(parameter, "root"))
                return is_in_group(0);
        const struct group *g = getgrnam(parameter);
        return g ? is_in_group(g->gr_gid) : 0;
}

int condition_capability(const char *parameter) {
        unsigned capability;

        if (value_parse_capability(parameter, &capability) < 0)
                return -EINVAL;
        /* EINVAL: a capability that this kernel does not have. */
        return prctl(PR_CAPBSET_READ, capability) > 0;
}

/* Blanks between, before and after. Return: 0 or negative errno. */
static int read_controllers_v2(char **ret) {
        _cleanup_free_ char *text = NULL;

        int r = file_read(AT_FDCWD,
                        "/sys/fs/cgroup/cgroup.controllers",
                        KERNEL_FILE_SIZE_MAX,
                        &text,
                        NULL);
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = '\0';
        *ret = str_printf(" %s ", text);
        return *ret ? 0 : -ENOMEM;
}

/* "cpuset 4 1 1": name, hierarchy, groups, enabled. */
static int read_controllers_v1(char **ret) {
        _cleanup_free_ char *list = strdup(" ");
        FILE *f = fopen("/proc/cgroups", "re");
        char line[256];

        if (!f)
                return -errno;
        while (list && fgets(line, sizeof(line), f)) {
                char name[64];
                unsigned hierarchy, enabled;
                if (sscanf(line, "%63s %u %*u %u", name, &hierarchy, &enabled) != 3 || !enabled)
                        continue;
                char *longer = str_printf("%s%s ", list, name);
                free(list);
                list = longer;
        }
        (void) fclose(f);
        *ret = TAKE_PTR(list);
        return *ret ? 0 : -ENOMEM;
}

/* Names as on v2, whatever the machine has: cpuacct is a part of cpu there, blkio is io. */
static const char *controller_name(const char *name, bool v2) {
        if (str_equal(name, "cpuacct"))
                return "cpu";
        if (str_equal(name, "io") || str_equal(name, "blkio"))
                return v2 ? "io" : "blkio";
        return name;
}

int condition_control_group_controller(const char *parameter) {
        _cleanup_free_ char *have = NULL;
        _cleanup_strv_ char **wanted = NULL;
        struct statfs fs;
        bool v2 = statfs("/sys/fs/cgroup", &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

        if (str_equal(parameter, "v1") || str_equal(parameter, "v2"))
                return v2 == str_equal(parameter, "v2");
        int r = condition_words(parameter, &wanted);
        if (r >= 0)
                r = v2 ? read_controllers_v2(&have) : read_controllers_v1(&have);
        if (r < 0)
                return r;
        STRV_FOREACH (word, wanted) {
                _cleanup_free_ char *name = str_printf(" %s ", controller_name(*word, v2));
                if (!name)
                        return -ENOMEM;
                if (!strstr(have, name))
                        return 0;
        }
        return 1;
}
