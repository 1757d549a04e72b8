/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-layout.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

typedef struct Mount {
        char *root, *point, *type, *options; /* borrowed from the line */
} Mount;

/* clang-format off */
static const char *const controller_names[] = {
        [CGROUP_CPU]     = "cpu",
        [CGROUP_CPUSET]  = "cpuset",
        [CGROUP_DEVICES] = "devices",
        [CGROUP_IO]      = "io",
        [CGROUP_MEMORY]  = "memory",
        [CGROUP_PIDS]    = "pids",
};
/* clang-format on */
static_assert(ELEMENTSOF(controller_names) == _CGROUP_CONTROLLER_MAX,
                "every controller has a name");

const char *cgroup_controller_to_string(CgroupController controller) {
        if (controller < 0 || controller >= _CGROUP_CONTROLLER_MAX)
                return NULL;
        return controller_names[controller];
}

static bool word_equal(const char *word, size_t size, const char *name) {
        return strlen(name) == size && memcmp(word, name, size) == 0;
}

unsigned cgroup_controllers_parse(const char *list, const char *separators) {
        unsigned controllers = 0;

        while (*list) {
                size_t size = strcspn(list, separators);

                for (unsigned i = 0; i < ELEMENTSOF(controller_names); i++) {
                        if (word_equal(list, size, controller_names[i]))
                                controllers |= 1U << i;
                }
                if (word_equal(list, size, "blkio"))
                        controllers |= 1U << CGROUP_IO;
                list += size;
                list += strspn(list, separators);
        }
        return controllers;
}

char *cgroup_controllers_format(unsigned controllers) {
        const char *names[_CGROUP_CONTROLLER_MAX] = {};
        size_t n = 0, size = 1;

        for (unsigned i = 0; i < ELEMENTSOF(controller_names); i++) {
                if (controllers & 1U << i) {
                        names[n++] = controller_names[i];
                        size += strlen(controller_names[i]) + 1;
                }
        }

        char *text = malloc(size), *end = text;
        if (!text)
                return NULL;
        *end = '\0';
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        end = stpcpy(end, " ");
                end = stpcpy(end, names[i]);
        }
        return text;
}

static void place_done(CgroupPlace *place) {
        free(place->path);
        free(place->mount_point);
        free(place->directory);
        *place = (CgroupPlace) {};
}

void cgroup_layout_done(CgroupLayout *layout) {
        place_done(&layout->v2);
        for (size_t i = 0; i < layout->n_v1; i++)
                place_done(&layout->v1[i]);
        *layout = (CgroupLayout) {};
}

/* The kernel writes blank, tab, newline and backslash as three octal digits. */
static void unescape_octal(char *s) {
        char *out = s;

        while (*s) {
                bool escaped = s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' &&
                               s[2] <= '7' && s[3] >= '0' && s[3] <= '7';
                if (escaped) {
                        *out++ = (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 4;
                } else
                        *out++ = *s++;
        }
        *out = '\0';
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER-OPTIONS", see proc(5). */
static bool mount_parse(char *line, Mount *ret) {
        Mount m = {};
        const char *source;

        for (unsigned i = 0; i < 3; i++) {
                if (!strsep(&line, " "))
                        return false;
        }
        m.root = strsep(&line, " ");
        m.point = strsep(&line, " ");
        for (const char *field = strsep(&line, " "); !str_equal(field, "-");) {
                field = strsep(&line, " ");
                if (!field)
                        return false;
        }
        m.type = strsep(&line, " ");
        source = strsep(&line, " ");
        m.options = line;
        if (!m.root || !m.point || !source || !m.options)
                return false;

        unescape_octal(m.root);
        unescape_octal(m.point);
        *ret = m;
        return true;
}

/*
 * What of @path is below the mount's root: "" or "/a/b". NULL: the mount does not show it. Both are
 * relative to the root of our cgroup namespace; "/.." begins what lies outside of it.
 */
static const char *path_below(const char *path, const char *root) {
        size_t size = strlen(root);

        if (str_has_prefix(path, "/..") || str_has_prefix(root, "/.."))
                return NULL;
        if (size == 1)
                return path[1] ? path : "";
        if (strncmp(path, root, size) != 0 || (path[size] != '/' && path[size] != '\0'))
                return NULL;
        return path + size;
}

static bool is_customary(const char *mount_point) {
        return str_has_prefix(mount_point, "/sys/fs/cgroup");
}

/* Of several mounts the customary place wins, then the last one: it lies on top. */
static int place_use_mount(CgroupPlace *place, const Mount *m) {
        const char *below = path_below(place->path, m->root);

        if (!below)
                return 0;
        if (place->mount_point && is_customary(place->mount_point) && !is_customary(m->point))
                return 0;

        _cleanup_free_ char *directory = str_printf("%s%s", m->point, below);
        if (!directory)
                return -ENOMEM;
        int r = str_replace(&place->mount_point, m->point);
        if (r < 0)
                return r;
        free(place->directory);
        place->directory = TAKE_PTR(directory);
        return 0;
}

/* "ID:CONTROLLER,…:PATH"; the v2 tree is "0::PATH". */
static int parse_self_line(char *line, CgroupLayout *layout) {
        const char *id = strsep(&line, ":");
        const char *controllers = strsep(&line, ":");

        if (!line || *line != '/')
                return 0;
        if (str_equal(id, "0") && *controllers == '\0')
                return str_replace(&layout->v2.path, line);

        unsigned mask = cgroup_controllers_parse(controllers, ",");
        if (mask == 0 || layout->n_v1 == ELEMENTSOF(layout->v1))
                return 0;
        CgroupPlace *place = &layout->v1[layout->n_v1];
        int r = str_replace(&place->path, line);
        if (r < 0)
                return r;
        place->controllers = mask;
        layout->n_v1++;
        return 0;
}

static int parse_mount_line(char *line, CgroupLayout *layout) {
        Mount m;

        if (!mount_parse(line, &m))
                return 0;
        if (str_equal(m.type, "cgroup2"))
                return layout->v2.path ? place_use_mount(&layout->v2, &m) : 0;
        if (!str_equal(m.type, "cgroup"))
                return 0;

        unsigned mask = cgroup_controllers_parse(m.options, ",");
        for (size_t i = 0; i < layout->n_v1; i++) {
                if (layout->v1[i].controllers & mask)
                        return place_use_mount(&layout->v1[i], &m);
        }
        return 0;
}

static int
each_line(const char *text, int (*parse)(char *line, CgroupLayout *layout), CgroupLayout *layout) {
        _cleanup_free_ char *copy = strdup(text);
        if (!copy)
                return -ENOMEM;

        for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
                int r = parse(line, layout);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void drop_invisible(CgroupLayout *layout) {
        size_t kept = 0;

        for (size_t i = 0; i < layout->n_v1; i++) {
                CgroupPlace place = layout->v1[i];

                layout->v1[i] = (CgroupPlace) {};
                if (place.directory)
                        layout->v1[kept++] = place;
                else
                        place_done(&place);
        }
        layout->n_v1 = kept;
}

static int refuse(const char *mountinfo, const CgroupLayout *layout, Error *error) {
        if (layout->v2.path && strstr(mountinfo, " - cgroup2 "))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "the mounted cgroup2 file system does not show our own group '%s' "
                                "(it "
                                "belongs to another cgroup namespace): mount cgroup2 anew",
                                layout->v2.path);
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "no cgroup2 file system is mounted; cgroup v1 alone is not enough: mount "
                        "the "
                        "v2 hierarchy too, at /sys/fs/cgroup/unified");
}

int cgroup_layout_parse(
                const char *mountinfo, const char *self_cgroup, CgroupLayout *ret, Error *error) {
        _cleanup_(cgroup_layout_done) CgroupLayout layout = {};

        int r = each_line(self_cgroup, parse_self_line, &layout);
        if (r < 0)
                return r;
        r = each_line(mountinfo, parse_mount_line, &layout);
        if (r < 0)
                return r;
        if (!layout.v2.directory)
                return refuse(mountinfo, &layout, error);

        drop_invisible(&layout);
        *ret = layout;
        layout = (CgroupLayout) {};
        return 0;
}

int cgroup_place_up(CgroupPlace *place) {
        if (str_equal(place->directory, place->mount_point))
                return -ENOENT;

        *strrchr(place->directory, '/') = '\0';
        char *slash = strrchr(place->path, '/');
        slash[slash == place->path] = '\0'; /* the parent of "/a" is "/" */
        return 0;
}
