/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/root-parsers-internal.h"

/*
 * Mount=: comma-separated fields that come to what Volume= and Tmpfs= say with colons. Each option has the
 * word that those have for it, so that what it means is decided in one place.
 */

typedef enum MountType {
        MOUNT_BIND,
        MOUNT_GLOB,
        MOUNT_VOLUME,
        MOUNT_TMPFS,
        MOUNT_RAMFS,
        MOUNT_DEVPTS,
        _MOUNT_TYPE_MAX,
        _MOUNT_TYPE_INVALID = -EINVAL,
} MountType;

/* Stands in for the target of a glob without one. */
#define IN_PLACE "/."

#define BINDS (1U << MOUNT_BIND | 1U << MOUNT_GLOB | 1U << MOUNT_VOLUME)
#define HOST_PATHS (1U << MOUNT_BIND | 1U << MOUNT_GLOB)
#define TMPFS (1U << MOUNT_TMPFS)
#define RAMFS (1U << MOUNT_RAMFS)
#define DEVPTS (1U << MOUNT_DEVPTS)
#define ALL (BINDS | TMPFS | RAMFS | DEVPTS)

/* clang-format off */
static const char *const type_names[] = {
        [MOUNT_BIND]   = "bind",
        [MOUNT_GLOB]   = "glob",
        [MOUNT_VOLUME] = "volume",
        [MOUNT_TMPFS]  = "tmpfs",
        [MOUNT_RAMFS]  = "ramfs",
        [MOUNT_DEVPTS] = "devpts",
};
static_assert(ELEMENTSOF(type_names) == _MOUNT_TYPE_MAX, "every type has a name");

typedef enum ValueRule {
        VALUE_BOOLEAN, /* may be missing: true */
        VALUE_WORD,    /* one of those the row stands for; with '=' at its end the word takes it over */
        VALUE_GIVEN,   /* any; the word takes it over */
        VALUE_IGNORED, /* any, or none: about what is the same here in any case */
} ValueRule;

static const struct {
        const char *name;
        unsigned types;
        ValueRule rule;
        const char *value;         /* VALUE_WORD: the one that the row is about */
        const char *yes, *no;      /* the option of Volume= or Tmpfs=; NULL: none */
} options[] = {
        { "ro",                  ALL,              VALUE_BOOLEAN, NULL, "ro", "rw" },
        { "readonly",            ALL,              VALUE_BOOLEAN, NULL, "ro", "rw" },
        { "rw",                  ALL,              VALUE_BOOLEAN, NULL, "rw", "ro" },
        { "exec",                ALL,              VALUE_BOOLEAN, NULL, "exec", "noexec" },
        { "noexec",              ALL,              VALUE_BOOLEAN, NULL, "noexec", "exec" },
        { "suid",                ALL,              VALUE_BOOLEAN, NULL, "suid", "nosuid" },
        { "nosuid",              ALL,              VALUE_BOOLEAN, NULL, "nosuid", "suid" },
        { "dev",                 ALL & ~DEVPTS,    VALUE_BOOLEAN, NULL, "dev", "nodev" },
        { "nodev",               ALL & ~DEVPTS,    VALUE_BOOLEAN, NULL, "nodev", "dev" },
        { "bind-propagation",    BINDS,            VALUE_GIVEN,   NULL, "", NULL },
        { "bind-nonrecursive",   HOST_PATHS,       VALUE_BOOLEAN, NULL, "bind", "rbind" },
        { "relabel",             BINDS,            VALUE_WORD,    "shared",  "z", NULL },
        { "relabel",             BINDS,            VALUE_WORD,    "private", "Z", NULL },
        { "U",                   BINDS,            VALUE_BOOLEAN, NULL, "U", NULL },
        { "chown",               BINDS,            VALUE_BOOLEAN, NULL, "U", NULL },
        { "idmap",               BINDS,            VALUE_BOOLEAN, NULL, "idmap", NULL },
        { "nocopy",              1U << MOUNT_VOLUME, VALUE_BOOLEAN, NULL, "nocopy", "copy" },
        { "volume-nocopy",       1U << MOUNT_VOLUME, VALUE_BOOLEAN, NULL, "nocopy", "copy" },
        { "consistency",         ALL,              VALUE_IGNORED, NULL, NULL, NULL },
        { "tmpcopyup",           TMPFS | RAMFS,    VALUE_BOOLEAN, NULL, "tmpcopyup", "notmpcopyup" },
        { "notmpcopyup",         TMPFS | RAMFS,    VALUE_BOOLEAN, NULL, "notmpcopyup", "tmpcopyup" },
        { "tmpfs-size",          TMPFS,            VALUE_GIVEN,   NULL, "size=", NULL },
        { "tmpfs-mode",          TMPFS | RAMFS,    VALUE_GIVEN,   NULL, "mode=", NULL },
        { "size",                TMPFS,            VALUE_GIVEN,   NULL, "size=", NULL },
        { "mode",                TMPFS | RAMFS | DEVPTS, VALUE_GIVEN, NULL, "mode=", NULL },
        { "uid",                 TMPFS | DEVPTS,   VALUE_GIVEN,   NULL, "uid=", NULL },
        { "gid",                 TMPFS | DEVPTS,   VALUE_GIVEN,   NULL, "gid=", NULL },
        { "max",                 DEVPTS,           VALUE_GIVEN,   NULL, "max=", NULL },
        { "nr_inodes",           TMPFS,            VALUE_GIVEN,   NULL, "nr_inodes=", NULL },
        { "nr_blocks",           TMPFS,            VALUE_GIVEN,   NULL, "nr_blocks=", NULL },
};
/* clang-format on */

typedef struct Mount {
        MountType type;
        const char *source, *target; /* borrowed from the fields; NULL: not given */
        TextBuilder options;         /* as Volume= and Tmpfs= have them */
} Mount;

/* ---- fields -------------------------------------------------------------------------------------- */

/* One field as CSV has it, up to its comma: in '"', two of which are one, it may hold commas. */
static int next_field(const char **p, char **ret) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        bool quoted = false;
        int r = 0;

        for (; **p && (quoted || **p != ',') && r >= 0; (*p)++) {
                if (**p == '"' && quoted && (*p)[1] == '"')
                        r = text_builder_add_char(&b, *(*p)++);
                else if (**p == '"')
                        quoted = !quoted;
                else
                        r = text_builder_add_char(&b, **p);
        }
        *p += **p == ',';
        if (r < 0)
                return r;
        *ret = text_builder_take(&b);
        return *ret ? 0 : -ENOMEM;
}

static int split_fields(const char *s, WordList *fields) {
        int r = 0;

        while (*s && r >= 0) {
                _cleanup_free_ char *field = NULL;

                r = next_field(&s, &field);
                if (r >= 0)
                        r = word_list_add(fields, &field);
        }
        return r;
}

static const char *value_of(const char *field, const char *name) {
        size_t size = strlen(name);

        return strncmp(field, name, size) == 0 && field[size] == '=' ? field + size + 1 : NULL;
}

/* ---- options ------------------------------------------------------------------------------------- */

static int add_option(Mount *m, const char *word, const char *value) {
        int r = m->options.size > 0 ? text_builder_add_char(&m->options, ',') : 0;

        if (r >= 0)
                r = text_builder_add(&m->options, word, strlen(word));
        return r >= 0 && value ? text_builder_add(&m->options, value, strlen(value)) : r;
}

/* Podman's words: Go's truth values. */
static int truth_of(const char *value, bool *ret) {
        if (!value || strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0)
                *ret = true;
        else if (strcmp(value, "0") == 0 || strcasecmp(value, "false") == 0)
                *ret = false;
        else
                return -EINVAL;
        return 0;
}

/* Return: 1 if the row is what @value wants; 0 if it is not; -EINVAL; -ENOMEM. */
static int apply_option(Mount *m, size_t row, const char *value) {
        const char *yes = options[row].yes, *no = options[row].no;
        bool truth = true;
        int r = 0;

        switch (options[row].rule) {
        case VALUE_IGNORED:
                return 1;
        case VALUE_BOOLEAN:
                r = truth_of(value, &truth);
                if (r >= 0 && (truth || no))
                        r = add_option(m, truth ? yes : no, NULL);
                break;
        case VALUE_WORD:
                if (!str_equal(value, options[row].value))
                        return 0;
                r = add_option(m, yes, NULL);
                break;
        case VALUE_GIVEN:
                /* With a comma it would be more than one option; a colon would end them. */
                if (str_is_empty(value) || strpbrk(value, ",:"))
                        return -EINVAL;
                r = add_option(m, yes, value);
                break;
        }
        return r < 0 ? r : 1;
}

static int mount_option(KeyInput *in, const UnitAssignment *a, const char *field, Mount *m) {
        _cleanup_free_ char *name = strndup(field, strcspn(field, "="));
        const char *value = strchr(field, '=');

        if (!name)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                if (strcmp(options[i].name, name) != 0 || !(options[i].types & 1U << m->type))
                        continue;
                int r = apply_option(m, i, value ? value + 1 : NULL);
                if (r == -EINVAL)
                        break;
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        _cleanup_free_ char *what =
                        str_printf("is not an option of a mount of type %s", type_names[m->type]);
        return what ? input_bad_value(in, a, field, what) : -ENOMEM;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static int type_find(const char *name) {
        for (int i = 0; i < _MOUNT_TYPE_MAX; i++) {
                if (strcmp(type_names[i], name) == 0)
                        return i;
        }
        return _MOUNT_TYPE_INVALID;
}

/* Return: 1, 0 after a complaint, -ENOMEM. */
static int mount_type(KeyInput *in, const UnitAssignment *a, const WordList *fields, Mount *m) {
        const char *name = type_names[MOUNT_VOLUME];

        for (size_t i = 0; i < fields->n_words; i++) {
                const char *given = value_of(fields->words[i], "type");
                if (given)
                        name = given;
        }
        int type = type_find(name);
        if (type >= 0) {
                m->type = (MountType) type;
                return 1;
        }
        if (strcmp(name, "image") == 0)
                return input_bad_value(in,
                                a,
                                name,
                                "is a type of mount that is not supported yet: other images can't "
                                "be "
                                "mounted");
        if (strcmp(name, "artifact") == 0)
                return input_bad_value(in, a, name, "is not supported: there are no artifacts");
        return input_bad_value(in,
                        a,
                        name,
                        "is not a type of mount (bind, devpts, glob, ramfs, tmpfs or volume)");
}

static int mount_field(KeyInput *in, const UnitAssignment *a, const char *field, Mount *m) {
        static const char *const sources[] = { "source", "src" }, *const targets[] = {
                "target", "dst", "dest", "destination"
        };
        const char *value;

        if (*field == '\0' || value_of(field, "type"))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(sources); i++) {
                if (strcmp(field, sources[i]) == 0)
                        return input_bad_value(in, a, field, "parameter does not include a value");
                value = value_of(field, sources[i]);
                if (value) {
                        m->source = value;
                        return 0;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                value = value_of(field, targets[i]);
                if (value) {
                        m->target = value;
                        return 0;
                }
        }
        return mount_option(in, a, field, m);
}

/* What is to be said of source and target before Volume='s own checks. NULL: nothing. */
static const char *mount_problem(const Mount *m) {
        bool host_path = HOST_PATHS & 1U << m->type, binds = BINDS & 1U << m->type;

        if (host_path && str_is_empty(m->source))
                return "needs a source";
        if (!binds && m->source)
                return "takes no source";
        if (host_path && *m->source != '/' && *m->source != '.')
                return "has a source that is not an absolute path";
        if (m->type == MOUNT_VOLUME && m->source && (*m->source == '/' || *m->source == '.'))
                return "has a path as its source; that is type=bind";
        if (str_is_empty(m->target) && m->type != MOUNT_GLOB)
                return "needs a target";
        if ((m->source && strchr(m->source, ':')) || (m->target && strchr(m->target, ':')))
                return "has a colon in a path, which is not supported";
        return NULL;
}

static char *volume_words(const Mount *m, const char *mount_options) {
        return str_printf("%s%s%s%s%s",
                        m->source ?: "",
                        m->source ? ":" : "",
                        str_is_empty(m->target) ? IN_PLACE : m->target,
                        *mount_options ? ":" : "",
                        mount_options);
}

static int
add_volume(KeyInput *in, const UnitAssignment *a, const Mount *m, char *words, RootSpec *root) {
        VolumeSpec *v = &root->volumes[root->n_volumes];

        int r = volume_parse(in, a, words, v);
        if (v->source)
                root->n_volumes++;
        v->glob = m->type == MOUNT_GLOB;
        v->glob_in_place = v->glob && str_is_empty(m->target);
        return r;
}

static int
add_filesystem(KeyInput *in, const UnitAssignment *a, const Mount *m, char *words, RootSpec *root) {
        static const FilesystemType types[] = {
                [MOUNT_TMPFS] = FILESYSTEM_TMPFS,
                [MOUNT_RAMFS] = FILESYSTEM_RAMFS,
                [MOUNT_DEVPTS] = FILESYSTEM_DEVPTS,
        };
        TmpfsSpec *t = &root->tmpfs[root->n_tmpfs];

        int r = tmpfs_parse(in, a, words, types[m->type], t);
        if (t->target || t->options)
                root->n_tmpfs++;
        return r;
}

static int mount_parse(KeyInput *in, const UnitAssignment *a, const char *text, RootSpec *root) {
        _cleanup_(word_list_done) WordList fields = {};
        Mount m = {};

        int r = split_fields(text, &fields);
        if (r >= 0)
                r = mount_type(in, a, &fields, &m);
        if (r <= 0)
                return r;
        for (size_t i = 0; i < fields.n_words && r >= 0; i++)
                r = mount_field(in, a, fields.words[i], &m);
        _cleanup_free_ char *mount_options = text_builder_take(&m.options);
        if (r < 0 || !mount_options)
                return r < 0 ? r : -ENOMEM;

        const char *problem = mount_problem(&m);
        if (problem)
                return input_bad_value(in, a, text, problem);
        _cleanup_free_ char *words = volume_words(&m, mount_options);
        if (!words)
                return -ENOMEM;
        return BINDS & 1U << m.type ? add_volume(in, a, &m, words, root)
                                    : add_filesystem(in, a, &m, words, root);
}

int parse_mounts(KeyInput *in, void *target) {
        RootSpec *root = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList words = {};

                int r = input_words(in, a, WORDS_COMMAND, &words);
                if (r >= 0)
                        r = root_reserve(root, words.n_words, words.n_words);
                for (size_t i = 0; i < words.n_words && r >= 0; i++)
                        r = mount_parse(in, a, words.words[i], root);
                if (r < 0)
                        return r;
        }
        return 0;
}
