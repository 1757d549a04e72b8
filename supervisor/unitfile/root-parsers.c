/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/root-parsers-internal.h"

/* A flag option: sets one bool of the struct it is about. */
typedef struct FlagOption {
        const char *name;
        size_t offset;
        bool value;
} FlagOption;

/* clang-format off */
static const FlagOption volume_flags[] = {
        { "ro",      offsetof(VolumeSpec, read_only), true  },
        { "rw",      offsetof(VolumeSpec, read_only), false },
        { "rbind",   offsetof(VolumeSpec, recursive), true  },
        { "bind",    offsetof(VolumeSpec, recursive), false },
        { "noexec",  offsetof(VolumeSpec, noexec),    true  },
        { "exec",    offsetof(VolumeSpec, noexec),    false },
        { "nosuid",  offsetof(VolumeSpec, nosuid),    true  },
        { "suid",    offsetof(VolumeSpec, nosuid),    false },
        { "nodev",   offsetof(VolumeSpec, nodev),     true  },
        { "dev",     offsetof(VolumeSpec, nodev),     false },
        { "nocreate", offsetof(VolumeSpec, nocreate), true  },
        { "idmap",   offsetof(VolumeSpec, idmap),     true  },
        {},
};

static const FlagOption rootfs_flags[] = {
        { "O",     offsetof(RootSpec, overlay), true },
        { "idmap", offsetof(RootSpec, idmap),   true },
        {},
};

static const FlagOption tmpfs_flags[] = {
        { "ro",           offsetof(TmpfsSpec, read_only), true  },
        { "rw",           offsetof(TmpfsSpec, read_only), false },
        { "noexec",       offsetof(TmpfsSpec, noexec),    true  },
        { "exec",         offsetof(TmpfsSpec, noexec),    false },
        { "nosuid",       offsetof(TmpfsSpec, nosuid),    true  },
        { "suid",         offsetof(TmpfsSpec, nosuid),    false },
        { "nodev",        offsetof(TmpfsSpec, nodev),     true  },
        { "dev",          offsetof(TmpfsSpec, nodev),     false },
        { "tmpcopyup",    offsetof(TmpfsSpec, copy_up),   true  },
        { "notmpcopyup",  offsetof(TmpfsSpec, copy_up),   false },
        {},
};

static const char *const propagation_names[] = {
        [PROPAGATION_PRIVATE]     = "private",
        [PROPAGATION_RPRIVATE]    = "rprivate",
        [PROPAGATION_SHARED]      = "shared",
        [PROPAGATION_RSHARED]     = "rshared",
        [PROPAGATION_SLAVE]       = "slave",
        [PROPAGATION_RSLAVE]      = "rslave",
        [PROPAGATION_UNBINDABLE]  = "unbindable",
        [PROPAGATION_RUNBINDABLE] = "runbindable",
};
/* clang-format on */
static_assert(ELEMENTSOF(propagation_names) == _PROPAGATION_MAX, "every propagation has a name");

static bool flag_set(void *object, const FlagOption *options, const char *name) {
        for (; options->name; options++) {
                if (strcmp(options->name, name) != 0)
                        continue;
                *(bool *) ((char *) object + options->offset) = options->value;
                return true;
        }
        return false;
}

/* The next of "a,b,c" at *p, cut off in place; NULL at the end. */
static char *next_option(char **p) {
        return *p ? strsep(p, ",") : NULL;
}

/* ---- Rootfs= ------------------------------------------------------------------------------------- */

int parse_rootfs(KeyInput *in, void *target) {
        RootSpec *root = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;
        RootSpec flags = {};

        in->load->has_rootfs = true;
        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;

        char *options = strrchr(s, ':');
        if (options)
                *options++ = '\0';
        for (char *option = next_option(&options); option; option = next_option(&options)) {
                if (!flag_set(&flags, rootfs_flags, option))
                        return input_bad_value(
                                        in, a, a->value, "has an option that is not supported");
        }
        if (*s != '/')
                return input_bad_value(in, a, s, "is not an absolute path");

        free(root->rootfs);
        root->rootfs = TAKE_PTR(s);
        root->overlay = flags.overlay;
        root->idmap = flags.idmap;
        return 0;
}

/* ---- Volume= ------------------------------------------------------------------------------------- */

static int volume_option(KeyInput *in, const UnitAssignment *a, const char *option, VolumeSpec *v) {
        static const char *const about_storage[] = { "z", "Z", "copy", "nocopy", NULL };

        if (*option == '\0' || flag_set(v, volume_flags, option))
                return 0;
        for (int i = 0; i < _PROPAGATION_MAX; i++) {
                if (strcmp(propagation_names[i], option) == 0) {
                        v->propagation = (Propagation) i;
                        return 0;
                }
        }
        /* Labels and first contents: nothing to do for a directory of the host without SELinux. */
        for (size_t i = 0; about_storage[i]; i++) {
                if (strcmp(about_storage[i], option) == 0)
                        return 0;
        }
        if (str_has_prefix(option, "idmap="))
                return input_bad_value(in,
                                a,
                                option,
                                "is not supported: owners are shifted as the container's user "
                                "namespace has it, by 'idmap' alone");
        if (strcmp(option, "O") == 0 || strcmp(option, "U") == 0)
                return input_bad_value(
                                in, a, option, "is not supported yet as an option of a volume");
        return input_bad_value(in, a, option, "is not an option of a volume");
}

/* A host path from what the unit says: "./x" and "../x" are beside the unit file. */
static int volume_source(const UnitLoad *load, const char *source, char **ret) {
        if (*source != '.')
                *ret = strdup(source);
        else if (str_has_prefix(source, "./"))
                *ret = str_printf("%s/%s", load->unit_dir, source + 2 + strspn(source + 2, "/"));
        else if (strcmp(source, ".") == 0)
                *ret = strdup(load->unit_dir);
        else
                *ret = str_printf("%s/%s", load->unit_dir, source);
        return *ret ? 0 : -ENOMEM;
}

static const char *volume_source_problem(const char *source) {
        if (strchr("/.", *source) && *source)
                return NULL;
        if (str_has_suffix(source, ".volume"))
                return "is a volume unit, which is not supported yet; use a host path";
        return "is a named volume, which is not supported yet; use a host path";
}

int volume_parse(KeyInput *in, const UnitAssignment *a, char *s, VolumeSpec *v) {
        char *rest = s, *source = strsep(&rest, ":"),
             *destination = rest ? strsep(&rest, ":") : NULL;

        if (!destination)
                return input_bad_value(in,
                                a,
                                a->value,
                                "is an anonymous volume, which is not supported yet; "
                                "use SOURCE:DESTINATION");
        const char *problem = volume_source_problem(source);
        if (problem)
                return input_bad_value(in, a, source, problem);
        if (*destination != '/' || strspn(destination, "/") == strlen(destination))
                return input_bad_value(in, a, destination, "is not an absolute path below /");

        *v = (VolumeSpec) {
                .recursive = true,
                .nosuid = true,
                .nodev = true,
                .propagation = PROPAGATION_RPRIVATE,
        };
        for (char *option = next_option(&rest); option; option = next_option(&rest)) {
                int r = volume_option(in, a, option, v);
                if (r < 0)
                        return r;
        }
        int r = volume_source(in->load, source, &v->source);
        return r < 0 ? r : str_replace(&v->target, destination);
}

int root_reserve(RootSpec *root, size_t n_volumes, size_t n_tmpfs) {
        VolumeSpec *volumes = reallocarray(
                        root->volumes, root->n_volumes + n_volumes + 1, sizeof(*volumes));
        if (!volumes)
                return -ENOMEM;
        root->volumes = volumes;
        memset(volumes + root->n_volumes, 0, (n_volumes + 1) * sizeof(*volumes));

        TmpfsSpec *tmpfs = reallocarray(root->tmpfs, root->n_tmpfs + n_tmpfs + 1, sizeof(*tmpfs));
        if (!tmpfs)
                return -ENOMEM;
        root->tmpfs = tmpfs;
        memset(tmpfs + root->n_tmpfs, 0, (n_tmpfs + 1) * sizeof(*tmpfs));
        return 0;
}

int parse_volumes(KeyInput *in, void *target) {
        RootSpec *root = target;

        int reserved = root_reserve(root, in->n_assignments, 0);
        if (reserved < 0)
                return reserved;

        KEY_INPUT_FOREACH(a, in) {
                VolumeSpec *v = &root->volumes[root->n_volumes];
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r > 0)
                        r = volume_parse(in, a, s, v);
                if (v->source)
                        root->n_volumes++; /* owned by the list from here, complete or not */
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- Tmpfs= -------------------------------------------------------------------------------------- */

static bool is_number(const char *s) {
        return *s && strspn(s, "0123456789") == strlen(s);
}

static bool is_octal(const char *s) {
        return *s && strlen(s) <= 5 && strspn(s, "01234567") == strlen(s);
}

/* tmpfs knows k, m and g, or a share of memory in percent. */
static bool is_tmpfs_size(const char *s) {
        size_t n = strspn(s, "0123456789");

        return n > 0 && (s[n] == '\0' || (strchr("kKmMgG%", s[n]) && s[n + 1] == '\0'));
}

static bool is_inode_count(const char *s) {
        return is_tmpfs_size(s) && !strchr(s, '%');
}

/* What is handed to the file system. */
static const struct {
        FilesystemType type;
        const char *name;
        bool (*is_valid)(const char *value);
} filesystem_options[] = {
        { FILESYSTEM_TMPFS, "size=", is_tmpfs_size },
        { FILESYSTEM_TMPFS, "nr_blocks=", is_inode_count },
        { FILESYSTEM_TMPFS, "nr_inodes=", is_inode_count },
        { FILESYSTEM_TMPFS, "mode=", is_octal },
        { FILESYSTEM_TMPFS, "uid=", is_number },
        { FILESYSTEM_TMPFS, "gid=", is_number },
        { FILESYSTEM_RAMFS, "mode=", is_octal },
        { FILESYSTEM_DEVPTS, "mode=", is_octal },
        { FILESYSTEM_DEVPTS, "uid=", is_number },
        { FILESYSTEM_DEVPTS, "gid=", is_number },
        { FILESYSTEM_DEVPTS, "max=", is_number },
};

static bool filesystem_option_is_valid(FilesystemType type, const char *option) {
        for (size_t i = 0; i < ELEMENTSOF(filesystem_options); i++) {
                const char *name = filesystem_options[i].name;

                if (filesystem_options[i].type == type && str_has_prefix(option, name))
                        return filesystem_options[i].is_valid(option + strlen(name));
        }
        return false;
}

static const char *const option_problems[] = {
        [FILESYSTEM_TMPFS] = "is not an option of a tmpfs",
        [FILESYSTEM_RAMFS] = "is not an option of a ramfs",
        [FILESYSTEM_DEVPTS] = "is not an option of a devpts",
};
static_assert(ELEMENTSOF(option_problems) == _FILESYSTEM_TYPE_MAX, "every type has its text");

int tmpfs_parse(KeyInput *in, const UnitAssignment *a, char *s, FilesystemType type, TmpfsSpec *t) {
        _cleanup_(text_builder_done) TextBuilder options = {};
        char *rest = s, *directory = strsep(&rest, ":");

        if (*directory != '/' || strspn(directory, "/") == strlen(directory))
                return input_bad_value(in, a, directory, "is not an absolute path below /");

        bool devices = type == FILESYSTEM_DEVPTS; /* it has nothing but devices, and only its own */
        *t = (TmpfsSpec) {
                .type = type,
                .noexec = true,
                .nosuid = true,
                .nodev = !devices,
                .copy_up = !devices,
        };
        for (char *option = next_option(&rest); option; option = next_option(&rest)) {
                int r = 0;

                if (*option == '\0' || flag_set(t, tmpfs_flags, option))
                        continue;
                if (!filesystem_option_is_valid(type, option))
                        return input_bad_value(in, a, option, option_problems[type]);
                if (options.size > 0)
                        r = text_builder_add_char(&options, ',');
                if (r >= 0)
                        r = text_builder_add(&options, option, strlen(option));
                if (r < 0)
                        return r;
        }

        t->target = strdup(directory);
        t->options = TAKE_PTR(options.text);
        return t->target ? 0 : -ENOMEM;
}

int parse_tmpfs(KeyInput *in, void *target) {
        RootSpec *root = target;

        int reserved = root_reserve(root, 0, in->n_assignments);
        if (reserved < 0)
                return reserved;

        KEY_INPUT_FOREACH(a, in) {
                TmpfsSpec *t = &root->tmpfs[root->n_tmpfs];
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r > 0)
                        r = tmpfs_parse(in, a, s, FILESYSTEM_TMPFS, t);
                if (t->target || t->options)
                        root->n_tmpfs++;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the rest ------------------------------------------------------------------------------------ */

int parse_shm_size(KeyInput *in, void *target) {
        RootSpec *root = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        if (value_parse_docker_size(s, &root->shm_size_bytes) < 0)
                return input_bad_value(in, a, s, "is not a size");
        free(root->shm_size);
        root->shm_size = TAKE_PTR(s);
        return 0;
}

/* Words of colon-separated paths; "ALL" is for Unmask=. */
static int path_list_add(KeyInput *in, const UnitAssignment *a, char *word, WordList *list) {
        for (char *path = strsep(&word, ":"); path; path = strsep(&word, ":")) {
                bool all = strcmp(path, "ALL") == 0 && strcmp(in->key->key, "Unmask") == 0;

                int r = *path == '/' || all
                                        ? word_list_add_copy(list, path)
                                        : input_bad_value(in, a, path, "is not an absolute path");
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_path_lists(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList paths = {};
        char ***vector = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList words = {};

                int r = input_words(in, a, WORDS_COMMAND, &words);
                for (size_t i = 0; r >= 0 && i < words.n_words; i++)
                        r = path_list_add(in, a, words.words[i], &paths);
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&paths);
        return 0;
}

/* "local", or a path below the zone database that does not leave it. */
static bool timezone_is_valid(const char *s) {
        if (!isalpha((unsigned char) *s) || strstr(s, ".."))
                return false;
        for (; *s; s++) {
                if (!isalnum((unsigned char) *s) && !strchr("/_+-.", *s))
                        return false;
        }
        return true;
}

int parse_timezone(KeyInput *in, void *target) {
        char **timezone = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        if (!timezone_is_valid(s))
                return input_bad_value(in, a, s, "is not the name of a time zone");
        free(*timezone);
        *timezone = TAKE_PTR(s);
        return 0;
}
