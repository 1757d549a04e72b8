/* SPDX-License-Identifier: MIT */
#include "core/unit-name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "supd/bus.h"

static const char *const unit_suffixes[] = {
        ".service",
        ".target",
        ".timer",
        ".socket",
        ".mount",
        ".slice",
        ".scope",
        ".path",
};

static const char *const quadlet_suffixes[] = {
        ".container",
        ".volume",
        ".network",
        ".pod",
        ".image",
        ".build",
        ".kube",
        ".artifact",
};

static bool has_suffix_of(const char *name, const char *const *suffixes, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (str_has_suffix(name, suffixes[i]))
                        return true;
        }
        return false;
}

bool unit_name_is_valid(const char *name) {
        size_t length = strlen(name);

        if (length > UNIT_NAME_MAX || *name == '.' || *name == '@')
                return false;
        for (const char *p = name; *p; p++) {
                if (!isalnum((unsigned char) *p) && !strchr(":-_.\\@", *p))
                        return false;
        }
        return has_suffix_of(name, unit_suffixes, ELEMENTSOF(unit_suffixes));
}

char *unit_name_mangle(const char *name) {
        if (has_suffix_of(name, unit_suffixes, ELEMENTSOF(unit_suffixes)))
                return strdup(name);
        if (str_has_suffix(name, ".container"))
                return str_printf(
                                "%.*s.service", (int) (strlen(name) - strlen(".container")), name);
        /* The other Quadlet files name services as UNITS.md 1.3 says: foo.pod is foo-pod.service. */
        if (has_suffix_of(name, quadlet_suffixes, ELEMENTSOF(quadlet_suffixes))) {
                const char *dot = strrchr(name, '.');
                return str_printf("%.*s-%s.service", (int) (dot - name), name, dot + 1);
        }
        return str_printf("%s.service", name);
}

char *unit_name_to_path(const char *name) {
        size_t prefix = strlen(SUPD_SYSTEMD_UNIT_PREFIX "/");
        char *path = malloc(prefix + 3 * strlen(name) + 2), *out = path;

        if (!path)
                return NULL;

        /* As sd_bus_path_encode() and systemd: letters and digits but a leading digit stay. */
        out = stpcpy(out, SUPD_SYSTEMD_UNIT_PREFIX "/");
        if (*name == '\0')
                *out++ = '_';
        for (const char *p = name; *p; p++) {
                static const char digits[] = "0123456789abcdef";
                unsigned char c = (unsigned char) *p;

                if (isalpha(c) || (p > name && isdigit(c)))
                        *out++ = *p;
                else
                        out = mempcpy(out, (char[]) { '_', digits[c >> 4], digits[c & 15] }, 3);
        }
        *out = '\0';
        return path;
}

int unit_name_from_path(const char *path, char **ret) {
        if (!str_has_prefix(path, SUPD_SYSTEMD_UNIT_PREFIX "/"))
                return -EINVAL;
        path += strlen(SUPD_SYSTEMD_UNIT_PREFIX "/");

        _cleanup_free_ char *name = malloc(strlen(path) + 1);
        if (!name)
                return -ENOMEM;

        char *out = name;
        for (const char *p = path; *p; p++) {
                if (*p != '_') {
                        *out++ = *p;
                        continue;
                }
                if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
                        return -EINVAL;
                *out++ = (char) (hex_digit(p[1]) << 4 | hex_digit(p[2]));
                p += 2;
        }
        *out = '\0';
        *ret = TAKE_PTR(name);
        return 0;
}
