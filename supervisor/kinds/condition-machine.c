/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <gnu/libc-version.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/condition-internal.h"
#include "runtime/virtualization.h"
#include "unitfile/machine-facts.h"
#include "unitfile/unit-spec.h"
#include "unitfile/value.h"

/* What the machine and its system are. */

#define TEXT_SIZE_MAX (1024U * 1024U)
/* Whose unit language this is: what ConditionVersion=systemd is about. */
#define SYSTEMD_VERSION "255"

/* NULL: not to be read, which for what the kernel shows means "not there". */
static char *read_text(const char *path) {
        char *text = NULL;

        return file_read(AT_FDCWD, path, TEXT_SIZE_MAX, &text, NULL) < 0 ? NULL : text;
}

int condition_host(const char *parameter) {
        _cleanup_(machine_facts_done) MachineFacts facts = {};

        int r = machine_facts_read(&facts);
        if (r < 0)
                return r;
        if (strlen(parameter) == 32 && strspn(parameter, "0123456789abcdefABCDEF") == 32)
                return facts.machine_id && strcasecmp(facts.machine_id, parameter) == 0;
        return facts.host_name && fnmatch(parameter, facts.host_name, FNM_CASEFOLD) == 0;
}

int condition_virtualization(const char *parameter) {
        const Virtualization v = virtualization_detect();
        bool yes;

        if (value_parse_bool(parameter, &yes) >= 0)
                return yes == (v.machine || v.container);
        if (str_equal(parameter, "vm"))
                return v.machine && !v.container;
        if (str_equal(parameter, "container"))
                return v.container != NULL;
        if (str_equal(parameter, "private-users"))
                return v.private_users;
        return str_equal(parameter, v.container ?: v.machine);
}

int condition_architecture(const char *parameter) {
        _cleanup_(machine_facts_done) MachineFacts facts = {};

        int r = machine_facts_read(&facts);
        if (r < 0)
                return r;
        /* supd is built for one architecture, that it runs on is what "native" asks. */
        return str_equal(parameter, "native") || str_equal(parameter, facts.architecture);
}

static int kernel_version_holds(char *const *words) {
        struct utsname u;

        return uname(&u) < 0 ? -errno : compare_version_words(u.release, words);
}

int condition_kernel_version(const char *parameter) {
        _cleanup_strv_ char **words = NULL;

        int r = condition_words(parameter, &words);
        return r < 0 ? r : kernel_version_holds(words);
}

int condition_version(const char *parameter) {
        _cleanup_strv_ char **words = NULL;

        int r = condition_words(parameter, &words);
        if (r < 0 || !words)
                return r < 0 ? r : -EINVAL;
        if (str_equal(words[0], "systemd"))
                return compare_version_words(SYSTEMD_VERSION, words[1] ? words + 1 : NULL);
        if (str_equal(words[0], "glibc"))
                return compare_version_words(gnu_get_libc_version(), words[1] ? words + 1 : NULL);
        if (str_equal(words[0], "kernel"))
                return kernel_version_holds(words[1] ? words + 1 : NULL);
        return kernel_version_holds(words);
}

/* "quiet" is also met by "quiet=…"; with a '=' the whole word counts. */
int condition_kernel_command_line(const char *parameter) {
        _cleanup_free_ char *text = read_text("/proc/cmdline");
        _cleanup_strv_ char **words = NULL;
        size_t n = strlen(parameter);

        int r = text ? condition_words(text, &words) : -ENOENT;
        if (r < 0)
                return r;
        STRV_FOREACH (word, words) {
                if (str_equal(*word, parameter) ||
                                (!strchr(parameter, '=') && strncmp(*word, parameter, n) == 0 &&
                                                (*word)[n] == '='))
                        return 1;
        }
        return 0;
}

/* Built in, it has a directory if it has parameters, and no file "initstate". */
int condition_kernel_module_loaded(const char *parameter) {
        _cleanup_free_ char *name = strdup(parameter);

        if (!name)
                return -ENOMEM;
        if (strchr(name, '/') || *name == '.')
                return -EINVAL;
        for (char *p = name; *p; p++) /* as the kernel writes it */
                *p = *p == '-' ? '_' : *p;
        _cleanup_free_ char *dir = str_printf("/sys/module/%s", name);
        _cleanup_free_ char *path = dir ? str_printf("%s/initstate", dir) : NULL;
        if (!path)
                return -ENOMEM;
        _cleanup_free_ char *state = read_text(path);
        return state ? str_has_prefix(state, "live") : access(dir, F_OK) >= 0;
}

/* "[OPERATOR]AMOUNT"; without an operator at least that much. */
static int amount_holds(
                const char *parameter, uint64_t have, int (*parse)(const char *s, uint64_t *ret)) {
        const char *rest = parameter;
        CompareOperator op = compare_take_operator(&rest);
        uint64_t wanted;

        if (op == COMPARE_GLOB || op == COMPARE_NOT_GLOB || parse(rest, &wanted) < 0)
                return -EINVAL;
        return compare_order(
                        (have > wanted) - (have < wanted), op < 0 ? COMPARE_GREATER_OR_EQUAL : op);
}

int condition_memory(const char *parameter) {
        uint64_t bytes = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);

        return amount_holds(parameter, bytes, value_parse_size);
}

int condition_cpus(const char *parameter) {
        cpu_set_t set;

        /* EINVAL: a machine of more than 1024 processors. */
        int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? (int) sysconf(_SC_NPROCESSORS_ONLN)
                                                            : CPU_COUNT(&set);
        return amount_holds(parameter, (uint64_t) n, parse_u64);
}

/* Among "flags" on x86, "Features" on ARM. */
int condition_cpu_feature(const char *parameter) {
        /* systemd's names where they are not those of the kernel. */
        static const char *const names[][2] = {
                { "pclmul", "pclmulqdq" },
                { "fma3", "fma" },
                { "osxsave", "xsave" },
                { "sse3", "pni" },
        };
        _cleanup_free_ char *text = read_text("/proc/cpuinfo"), *word = NULL, *line = NULL;
        const char *name = parameter, *flags = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (strcasecmp(names[i][0], parameter) == 0)
                        name = names[i][1];
        }
        flags = text ? strstr(text, "\nflags\t") ?: strstr(text, "\nFeatures\t") : NULL;
        flags = flags ? strchr(flags, ':') : NULL;
        if (!flags)
                return 0;
        line = str_printf("%.*s ", (int) strcspn(flags, "\n"), flags);
        word = str_printf(" %s ", name);
        return line && word ? strcasestr(line, word) != NULL : -ENOMEM;
}

/* One "KEY OPERATOR VALUE" without blanks; all words of the parameter must hold. */
static int os_release_word(char *const *os, const char *word) {
        size_t n = strcspn(word, "<>=!");
        const char *rest = word + n;
        CompareOperator op = compare_take_operator(&rest);
        _cleanup_free_ char *key = strndup(word, n);

        if (!key)
                return -ENOMEM;
        if (op < 0 || n == 0)
                return -EINVAL;
        const char *value = strv_env_get(os, key);
        switch (op) {
        case COMPARE_GLOB:
                return value && fnmatch(rest, value, 0) == 0;
        case COMPARE_NOT_GLOB:
                return !value || fnmatch(rest, value, 0) != 0;
        case COMPARE_EQUAL:
                return str_equal(value, rest);
        case COMPARE_NOT_EQUAL:
                return !str_equal(value, rest);
        default:
                return value && compare_order(compare_versions(value, rest), op);
        }
}

int condition_os_release(const char *parameter) {
        _cleanup_free_ char *text =
                        read_text("/etc/os-release") ?: read_text("/usr/lib/os-release");
        _cleanup_strv_ char **os = NULL, **words = NULL;
        unsigned line;

        if (!text)
                return -ENOENT;
        int r = environment_parse_systemd(text, &os, &line);
        if (r >= 0)
                r = condition_words(parameter, &words);
        if (r >= 0 && !words)
                r = -EINVAL;
        if (r < 0)
                return r;
        STRV_FOREACH (word, words) {
                r = os_release_word(os, *word);
                if (r <= 0)
                        return r;
        }
        return 1;
}

/* ---- ConditionSecurity= ---------------------------------------------------------------------------- */

static bool has_apparmor(void) {
        _cleanup_free_ char *text = read_text("/sys/module/apparmor/parameters/enabled");

        return text && *text == 'Y';
}

static bool has_audit(void) {
        _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

        return fd >= 0;
}

/* Four bytes of attributes, then the one. */
static bool has_secure_boot(void) {
        _cleanup_close_ int fd = open("/sys/firmware/efi/efivars/"
                                      "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                        O_RDONLY | O_CLOEXEC);
        unsigned char bytes[5];

        return fd >= 0 && read(fd, bytes, sizeof(bytes)) == sizeof(bytes) && bytes[4] == 1;
}

static bool has_tpm2(void) {
        return condition_directory_not_empty("/sys/class/tpmrm") > 0;
}

int condition_security(const char *parameter) {
        static const struct {
                const char *name, *path; /* there if it is on; NULL: ask */
                bool (*ask)(void);
        } modules[] = {
                { "selinux", "/sys/fs/selinux/enforce", NULL },
                { "smack", "/sys/fs/smackfs/load2", NULL },
                { "tomoyo", "/sys/kernel/security/tomoyo/version", NULL },
                { "ima", "/sys/kernel/security/ima", NULL },
                { "apparmor", NULL, has_apparmor },
                { "audit", NULL, has_audit },
                { "uefi-secureboot", NULL, has_secure_boot },
                { "tpm2", NULL, has_tpm2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(modules); i++) {
                if (!str_equal(modules[i].name, parameter))
                        continue;
                return modules[i].path ? access(modules[i].path, F_OK) >= 0 : modules[i].ask();
        }
        return 0; /* not known here: not there, as in systemd */
}

int condition_first_boot(const char *parameter) {
        bool wanted;

        if (value_parse_bool(parameter, &wanted) < 0)
                return -EINVAL;
        return wanted == (access("/run/systemd/first-boot", F_OK) >= 0);
}
