/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "runtime/root-lookup.h"

#define LINKS_MAX 16U

/* By path, since many a program is called init; by name, wherever they lie. */
static const char *const init_paths[] = { "/init", "/sbin/init", "/usr/sbin/init" };
static const char *const init_names[] = {
        "systemd",
        "tini",
        "dumb-init",
        "catatonit",
        "docker-init",
        "s6-svscan",
        "runit-init",
};
/* Where a name without a slash is looked for. */
static const char *const search_dirs[] = {
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
};

static bool path_is_init(const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        for (size_t i = 0; i < ELEMENTSOF(init_paths); i++) {
                if (str_equal(path, init_paths[i]))
                        return true;
        }
        for (size_t i = 0; i < ELEMENTSOF(init_names); i++) {
                if (str_equal(name, init_names[i]))
                        return true;
        }
        return false;
}

/* What the link at the end of @e leads to, seen from its directory; owned by the caller. */
static char *link_target(const RootEntry *e) {
        const char *slash = strrchr(e->path, '/');

        if (e->link[0] == '/')
                return strdup(e->link);
        return str_printf("%.*s/%s", slash ? (int) (slash - e->path) : 0, e->path, e->link);
}

/* Every name on the way counts. Return: 1 or 0; negative errno if there is no such file. */
static int leads_to_init(const RuntimeRoot *root, const char *path) {
        _cleanup_free_ char *current = strdup(path);

        for (unsigned hops = 0; current && hops < LINKS_MAX; hops++) {
                _cleanup_(root_entry_done) RootEntry e = {};

                if (path_is_init(current))
                        return 1;
                int r = root_lookup(root, current, &e);
                if (r < 0)
                        return r;
                if (!e.link || path_is_init(e.path))
                        return path_is_init(e.path);
                free(current);
                current = link_target(&e);
        }
        return current ? -ELOOP : -ENOMEM;
}

bool runtime_command_is_init(const RuntimeRoot *root, const char *command) {
        if (path_is_init(command))
                return true;
        if (strchr(command, '/'))
                return leads_to_init(root, command) > 0;

        for (size_t i = 0; i < ELEMENTSOF(search_dirs); i++) {
                _cleanup_free_ char *path = str_printf("%s/%s", search_dirs[i], command);
                int r = path ? leads_to_init(root, path) : -ENOMEM;

                if (r >= 0)
                        return r > 0; /* the first that is there is executed */
        }
        return false;
}
