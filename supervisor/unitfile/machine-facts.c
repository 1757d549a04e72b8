/* SPDX-License-Identifier: MIT */
#include "unitfile/machine-facts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-spec.h"

#define FACT_FILE_SIZE_MAX (64U * 1024U)

/* systemd's names, where they are not the kernel's. */
static const struct {
        const char *machine, *name;
} architectures[] = {
        { "x86_64", "x86-64" },
        { "i386", "x86" },
        { "i486", "x86" },
        { "i586", "x86" },
        { "i686", "x86" },
        { "aarch64", "arm64" },
        { "armv6l", "arm" },
        { "armv7l", "arm" },
        { "armv8l", "arm" },
        { "ppc64le", "ppc64-le" },
        { "loongarch64", "loongarch64" },
};

/* A missing or odd file is a fact that is not known. */
static int read_line(const char *path, char **ret) {
        _cleanup_free_ char *text = NULL;

        int r = file_read(AT_FDCWD, path, FACT_FILE_SIZE_MAX, &text, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

static int read_assignments(const char *path, char ***ret) {
        _cleanup_free_ char *text = NULL;
        unsigned line;

        int r = file_read(AT_FDCWD, path, FACT_FILE_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = environment_parse_systemd(text, ret, &line);
        return r == -ENOMEM ? r : 0;
}

static int take_value(char *const *assignments, const char *name, char **ret) {
        return str_replace(ret, strv_env_get(assignments, name));
}

static int read_os_release(MachineFacts *f) {
        _cleanup_strv_ char **os = NULL;

        int r = read_assignments("/etc/os-release", &os);
        if (r >= 0 && !os)
                r = read_assignments("/usr/lib/os-release", &os);
        if (r < 0)
                return r;

        const struct {
                const char *name;
                char **fact;
        } wanted[] = {
                { "ID", &f->os_id },
                { "VERSION_ID", &f->os_version_id },
                { "VARIANT_ID", &f->os_variant_id },
                { "BUILD_ID", &f->os_build_id },
                { "IMAGE_ID", &f->os_image_id },
                { "IMAGE_VERSION", &f->os_image_version },
        };
        for (size_t i = 0; i < ELEMENTSOF(wanted) && r >= 0; i++)
                r = take_value(os, wanted[i].name, wanted[i].fact);
        return r;
}

static const char *architecture_name(const char *machine) {
        for (size_t i = 0; i < ELEMENTSOF(architectures); i++) {
                if (strcmp(architectures[i].machine, machine) == 0)
                        return architectures[i].name;
        }
        return machine;
}

static int read_kernel(MachineFacts *f) {
        struct utsname u;

        if (uname(&u) < 0)
                return 0;

        int r = str_replace(&f->host_name, u.nodename);
        if (r >= 0)
                r = str_replace(&f->kernel_release, u.release);
        if (r >= 0)
                r = str_replace(&f->architecture, architecture_name(u.machine));
        return r;
}

static int read_ids(MachineFacts *f) {
        int r = read_line("/etc/machine-id", &f->machine_id);
        if (r >= 0)
                r = read_line("/proc/sys/kernel/random/boot_id", &f->boot_id);
        if (r < 0 || !f->boot_id)
                return r;

        /* Specifiers show ids without dashes. */
        char *to = f->boot_id;
        for (const char *from = f->boot_id; *from; from++) {
                if (*from != '-')
                        *to++ = *from;
        }
        *to = '\0';
        return 0;
}

int machine_facts_read(MachineFacts *ret) {
        _cleanup_(machine_facts_done) MachineFacts f = {};
        _cleanup_strv_ char **info = NULL;

        int r = read_kernel(&f);
        if (r >= 0)
                r = read_ids(&f);
        if (r >= 0)
                r = read_os_release(&f);
        if (r >= 0)
                r = read_assignments("/etc/machine-info", &info);
        if (r >= 0)
                r = take_value(info, "PRETTY_HOSTNAME", &f.pretty_host_name);
        if (r >= 0 && str_is_empty(f.pretty_host_name))
                r = str_replace(&f.pretty_host_name, f.host_name);
        if (r < 0)
                return r;

        *ret = f;
        f = (MachineFacts) {};
        return 0;
}

void machine_facts_done(MachineFacts *f) {
        free(f->host_name);
        free(f->pretty_host_name);
        free(f->machine_id);
        free(f->boot_id);
        free(f->kernel_release);
        free(f->architecture);
        free(f->os_id);
        free(f->os_version_id);
        free(f->os_variant_id);
        free(f->os_build_id);
        free(f->os_image_id);
        free(f->os_image_version);
        *f = (MachineFacts) {};
}
