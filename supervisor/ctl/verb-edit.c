/* SPDX-License-Identifier: MIT */
/*
 * Changing unit files in an editor. What comes out of it is read as supd would before it is taken; the file
 * is written by who calls, and needs the right to.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/editor.h"
#include "ctl/prompt.h"
#include "ctl/unit-file-change.h"
#include "ctl/unit-view.h"
#include "supd/exit-status.h"
#include "supd/paths.h"
#include "unitfile/unit-spec.h"
#include "unitfile/unit-type.h"

#define TEXT_SIZE_MAX (1024U * 1024U)
#define BEGIN \
        "### Anything between here and the comment below will become the contents of the drop-in " \
        "file\n"
#define END "### Edits below this comment will be discarded\n"

/* One unit that is edited. */
typedef struct Edit {
        const char *name;  /* borrowed; as asked for */
        char *file_name;   /* owned; "web.container" */
        char *fragment;    /* owned; what is there; NULL: nothing */
        char **dropins;    /* owned */
        char **unit_dirs;  /* owned; supd's search path */
        char *path;        /* owned; what is written */
        char *staging;     /* owned; directory of the copy that is edited; NULL: not made yet */
        char *copy;        /* owned; in it */
        char *before;      /* owned; what the copy was */
        bool keep_staging; /* the person may want it */
} Edit;

static void edit_done(Edit *e) {
        if (e->staging && !e->keep_staging)
                (void) dir_remove_all(AT_FDCWD, e->staging); /* it is in /tmp */
        free(e->file_name);
        free(e->fragment);
        strv_free(e->dropins);
        strv_free(e->unit_dirs);
        free(e->path);
        free(e->staging);
        free(e->copy);
        free(e->before);
}

/* ---- where -------------------------------------------------------------------------------------- */

/* "web@a.container" for an instance, whose file is web@.container. */
static char *file_name_of(const char *id, const char *fragment) {
        const char *slash = fragment ? strrchr(fragment, '/') : NULL,
                   *base = slash ? slash + 1 : id;
        size_t size = 0, instance_size = 0;
        const char *at = unit_name_instance(base, &size),
                   *instance = unit_name_instance(id, &instance_size);

        if (!at || size > 0 || !instance || instance_size == 0)
                return strdup(base);
        return str_printf("%.*s%.*s%s", (int) (at - base), base, (int) instance_size, instance, at);
}

/* The first unit directory, or the one of the runtime. Return: 0; -EROFS; -ENOMEM. */
static int target_directory(Context *c, const Edit *e, char **ret, Error *error) {
        const char *dir = e->unit_dirs ? e->unit_dirs[0] : NULL;
        _cleanup_free_ char *runtime = str_printf("%s/%s", c->options->runtime_dir, SUPD_UNIT_DIR);

        if (!runtime)
                return -ENOMEM;
        if (c->options->files.runtime)
                dir = strv_contains(e->unit_dirs, runtime) ? runtime : NULL;
        if (!dir)
                return error_set_plain(error,
                                -EROFS,
                                ERROR_INVALID_ARGUMENT,
                                "supd has no unit directory to write to%s",
                                c->options->files.runtime ? " with --runtime" : "");
        *ret = strdup(dir);
        return *ret ? 0 : -ENOMEM;
}

/* The drop-in's file name; a path would lead elsewhere. */
static int dropin_name(Context *c, char **ret, Error *error) {
        const char *name = c->options->files.drop_in ?: "override.conf";

        if (!*name || strchr(name, '/') || *name == '.')
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "--drop-in: '%s' is not a file name",
                                name);
        *ret = str_has_suffix(name, ".conf") ? strdup(name) : str_printf("%s.conf", name);
        return *ret ? 0 : -ENOMEM;
}

static int find_unit(Context *c, Edit *e, Error *error) {
        _cleanup_value_ Value unit = {}, manager = {};

        int r = client_get_unit(c->client, e->name, &unit, error);
        if (r >= 0)
                r = client_get_manager(c->client, &manager, error);
        if (r >= 0)
                r = value_get_strv(&manager, "UnitPath", &e->unit_dirs);
        if (r >= 0)
                r = value_get_strv(&unit, "DropInPaths", &e->dropins);
        if (r < 0)
                return r;
        if (!unit_is_known(&unit) && !(c->options->files.replace && c->options->full))
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "unit %s does not exist; 'supctl edit --force --full %s' makes it",
                                unit_id(&unit),
                                e->name);
        if (str_equal(value_get_string(&unit, "LoadState"), "masked"))
                return error_set_plain(error,
                                -ERFKILL,
                                ERROR_MASKED,
                                "unit %s is masked; unmask it first",
                                unit_id(&unit));
        const char *fragment = value_get_string(&unit, "FragmentPath");
        bool typed = !unit_is_known(&unit) && unit_type_find(e->name);
        e->file_name = typed ? strdup(e->name) : file_name_of(unit_id(&unit), fragment);
        r = str_replace(&e->fragment, fragment);
        if (!e->file_name || r < 0)
                return -ENOMEM;
        if (unit_file_name_is_valid(e->file_name))
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_BAD_NAME,
                        "'%s' is not the name of a unit file",
                        e->file_name);
}

static int find_place(Context *c, Edit *e, Error *error) {
        _cleanup_free_ char *dir = NULL, *dropin = NULL;
        char pattern[] = "/tmp/supctl-edit-XXXXXX";

        int r = target_directory(c, e, &dir, error);
        if (r >= 0)
                r = dropin_name(c, &dropin, error);
        if (r < 0)
                return r;
        if (!mkdtemp(pattern))
                return error_set(error, -errno, ERROR_STORAGE, "cannot make a directory in /tmp");
        e->staging = strdup(pattern);
        e->path = c->options->full ? str_printf("%s/%s", dir, e->file_name)
                                   : str_printf("%s/%s.d/%s", dir, e->file_name, dropin);
        if (!e->staging || !e->path)
                return -ENOMEM;
        e->copy = str_printf("%s%s", e->staging, e->path + strlen(dir));
        if (!e->copy)
                return -ENOMEM;
        _cleanup_free_ char *parent = strndup(e->copy, (size_t) (strrchr(e->copy, '/') - e->copy));
        return parent ? dir_make_all(parent, 0700) : -ENOMEM;
}

/* ---- the text ----------------------------------------------------------------------------------- */

static int read_text(const char *path, char **ret, Error *error) {
        int r = path ? file_read(AT_FDCWD, path, TEXT_SIZE_MAX, ret, NULL) : -ENOENT;

        if (r == -ENOENT) {
                *ret = strdup("");
                return *ret ? 0 : -ENOMEM;
        }
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot read '%s'", path) : 0;
}

/* As comments, for who edits to see what there is. */
static void print_comment(FILE *stream, const char *path) {
        _cleanup_free_ char *text = NULL;

        if (read_text(path, &text, NULL) < 0)
                return;
        fprintf(stream, "\n### %s\n", path);
        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n");
                fprintf(stream, "# %.*s\n", (int) n, line);
                line += n + (line[n] == '\n');
        }
}

static int make_text(Context *c, Edit *e, Error *error) {
        _cleanup_free_ char *there = NULL, *text = NULL;
        size_t size = 0;
        bool full = c->options->full;

        int r = read_text(full && access(e->path, F_OK) < 0 ? e->fragment : e->path, &there, error);
        FILE *stream = r >= 0 ? open_memstream(&text, &size) : NULL;
        if (r < 0 || !stream)
                return r < 0 ? r : -ENOMEM;
        if (!full)
                fprintf(stream, "### Editing %s\n" BEGIN "\n", e->path);
        fputs(there, stream);
        if (!full) {
                fputs("\n" END, stream);
                if (e->fragment)
                        print_comment(stream, e->fragment);
                STRV_FOREACH (path, e->dropins) {
                        if (!str_equal(*path, e->path))
                                print_comment(stream, *path);
                }
        }
        if (fclose(stream) != 0)
                return -ENOMEM;
        r = str_replace(&e->before, there);
        if (r >= 0)
                r = file_replace(AT_FDCWD, e->copy, text, 0644, /* sync= */ false);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write '%s'", e->copy) : 0;
}

/* What is meant of the text: without the comments around it, without blank lines at its ends. */
static char *strip(const char *text) {
        const char *begin = strstr(text, BEGIN), *start = begin ? begin + strlen(BEGIN) : text,
                   *end = strstr(start, END);
        size_t size = end ? (size_t) (end - start) : strlen(start);

        while (size > 0 && strchr(" \t\r\n", *start)) {
                start++;
                size--;
        }
        while (size > 0 && strchr(" \t\r\n", start[size - 1]))
                size--;
        return size > 0 ? str_printf("%.*s\n", (int) size, start) : strdup("");
}

/* ---- checking ----------------------------------------------------------------------------------- */

/* What the loader says of the copy, in its place before the others. Return: 1 if it is fit to be used; 0. */
static int check(Context *c, const Edit *e) {
        _cleanup_(unit_set_freep) UnitSet *set = NULL;
        _cleanup_strv_ char **dirs = NULL;
        bool good = true;

        int r = strv_append(&dirs, e->staging);
        STRV_FOREACH (dir, e->unit_dirs) {
                if (r >= 0)
                        r = strv_append(&dirs, *dir);
        }
        if (r >= 0)
                r = unit_set_load(dirs, &set, NULL);
        if (r < 0)
                return r;
        UnitSpec *u = unit_set_find(set, e->file_name);
        if (!u && unit_set_instantiate(set, e->file_name, &u, NULL) < 0)
                return -ENOMEM;
        for (size_t i = 0; u && i < u->diagnostics.n_items; i++) {
                const Diagnostic *d = &u->diagnostics.items[i];
                _cleanup_free_ char *text = diagnostic_format(d),
                                    *safe = text ? terminal_text(text) : NULL;

                if (!safe)
                        return -ENOMEM;
                bool ours = str_has_prefix(d->file, e->staging);
                if (ours || d->severity == DIAGNOSTIC_ERROR)
                        fprintf(stderr,
                                        "%s: %s\n",
                                        diagnostic_severity_to_string(d->severity),
                                        ours ? safe + strlen(e->staging) + 1 : safe);
                good = good && d->severity != DIAGNOSTIC_ERROR;
        }
        (void) c;
        return good;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static int take(const Edit *e, const char *text, Error *error) {
        _cleanup_free_ char *parent = strndup(e->path, (size_t) (strrchr(e->path, '/') - e->path));

        int r = parent ? dir_make_all(parent, 0755) : -ENOMEM;
        if (r >= 0)
                r = file_replace(AT_FDCWD, e->path, text, 0644, /* sync= */ true);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot write '%s'", e->path);
        fprintf(stderr, "Wrote %s.\n", e->path);
        return 0;
}

/* The person edits until it is good, or gives up; from a script there is nobody to ask. */
static int edit_until_good(Context *c, Edit *e, char **ret, Error *error) {
        bool asks = !c->options->files.from_stdin;

        for (;;) {
                _cleanup_free_ char *raw = NULL, *text = NULL;
                int r = asks ? editor_run(e->copy, error) : 0;

                if (r >= 0)
                        r = read_text(e->copy, &raw, error);
                if (r < 0)
                        return r;
                text = strip(raw);
                if (!text)
                        return -ENOMEM;
                /* Without the comments, so that lines are counted as in the file that is written. */
                r = file_replace(AT_FDCWD, e->copy, text, 0644, /* sync= */ false);
                if (r >= 0)
                        r = *text ? check(c, e) : 1;
                if (r == 0 && asks && prompt_is_possible()) {
                        r = prompt_yes("That has errors. Edit it again? [y/N] ", error);
                        if (r > 0)
                                continue;
                        r = r < 0 ? r : 0;
                }
                if (r == 0) {
                        e->keep_staging = true;
                        return error_set_plain(error,
                                        -ENOEXEC,
                                        ERROR_BAD_SETTING,
                                        "%s has errors and was not taken; the text is in %s",
                                        e->file_name,
                                        e->copy);
                }
                if (r < 0)
                        return r;
                *ret = TAKE_PTR(text);
                return 0;
        }
}

static int edit_unit(Context *c, const char *name, const char *input, Error *error) {
        _cleanup_(edit_done) Edit e = { .name = name };
        _cleanup_free_ char *text = NULL, *before = NULL;

        int r = find_unit(c, &e, error);
        if (r >= 0)
                r = find_place(c, &e, error);
        if (r >= 0)
                r = make_text(c, &e, error);
        if (r >= 0 && input)
                r = file_replace(AT_FDCWD, e.copy, input, 0644, /* sync= */ false);
        if (r >= 0)
                r = edit_until_good(c, &e, &text, error);
        if (r < 0)
                return r;
        before = strip(e.before);
        if (!before)
                return -ENOMEM;
        if (!*text) {
                fprintf(stderr, "Editing of %s canceled: there is nothing in it.\n", e.path);
                return 0;
        }
        if (str_equal(text, before) && access(e.path, F_OK) >= 0) {
                fprintf(stderr, "%s is as it was.\n", e.path);
                return 0;
        }
        return take(&e, text, error);
}

int verb_edit(Context *c, char *const *words, Error *error) {
        _cleanup_free_ char *input = NULL;
        bool from_stdin = c->options->files.from_stdin;

        if (!from_stdin && !isatty(STDIN_FILENO))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "standard input is no terminal; --stdin takes the text from it");
        int r = from_stdin ? file_read_fd(STDIN_FILENO, TEXT_SIZE_MAX, &input, NULL) : 0;
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot read standard input");
        r = context_connect(c, error);
        STRV_FOREACH (word, words) {
                if (r >= 0)
                        r = edit_unit(c, *word, input, error);
        }
        if (r >= 0)
                r = unit_file_reload(c, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
