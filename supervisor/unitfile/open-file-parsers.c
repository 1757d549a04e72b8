/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define FD_NAME_SIZE_MAX 255U

static const struct {
        const char *name;
        size_t offset;
} options[] = {
        { "read-only", offsetof(OpenFileSpec, read_only) },
        { "append", offsetof(OpenFileSpec, append) },
        { "truncate", offsetof(OpenFileSpec, truncate) },
        { "graceful", offsetof(OpenFileSpec, graceful) },
};

void open_file_specs_done(OpenFileSpecs *o) {
        for (size_t i = 0; i < o->n_items; i++) {
                free(o->items[i].path);
                free(o->items[i].name);
        }
        free(o->items);
        *o = (OpenFileSpecs) {};
}

static bool is_fd_name(const char *s) {
        if (*s == '\0' || strlen(s) > FD_NAME_SIZE_MAX)
                return false;
        for (; *s; s++) {
                if (*s < ' ' || *s > '~' || *s == ':')
                        return false;
        }
        return true;
}

static bool set_option(OpenFileSpec *f, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                if (strcmp(options[i].name, name) == 0) {
                        *(bool *) ((char *) f + options[i].offset) = true;
                        return true;
                }
        }
        return false;
}

/* PATH[:NAME[:OPTION,…]] in @s, which is cut apart. NULL: fine. */
static const char *parse_file(char *s, OpenFileSpec *f, const char **path, const char **name) {
        const char *slash;

        *path = strsep(&s, ":");
        if (**path != '/' || (*path)[1] == '\0')
                return "does not begin with the absolute path of a file";
        slash = strrchr(*path, '/');
        *name = s ? strsep(&s, ":") : "";
        if (**name == '\0')
                *name = slash + 1;
        if (!is_fd_name(*name))
                return "has a name that no descriptor can have";
        for (char *option = strsep(&s, ","); option; option = strsep(&s, ",")) {
                if (*option && !set_option(f, option))
                        return "has an option that is not read-only, append, truncate or graceful";
        }
        if (f->append && f->truncate)
                return "can't be both appended to and truncated";
        if (f->read_only && (f->append || f->truncate))
                return "can't be written to and be read-only";
        return NULL;
}

static int add_file(KeyInput *in, const UnitAssignment *a, char *s, OpenFileSpecs *files) {
        _cleanup_free_ char *whole = strdup(s);
        const char *path, *name;
        OpenFileSpec f = {};

        if (!whole)
                return -ENOMEM;
        const char *problem = parse_file(s, &f, &path, &name);
        if (problem)
                return input_bad_value(in, a, whole, problem);

        OpenFileSpec *items = reallocarray(files->items, files->n_items + 1, sizeof(*files->items));
        if (!items)
                return -ENOMEM;
        files->items = items;
        f.path = strdup(path);
        f.name = strdup(name);
        items[files->n_items++] = f;
        return f.path && f.name ? 0 : -ENOMEM;
}

int parse_open_files(KeyInput *in, void *target) {
        OpenFileSpecs *files = target;

        open_file_specs_done(files);
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r > 0)
                        r = add_file(in, a, s, files);
                if (r < 0)
                        return r;
        }
        return 0;
}
