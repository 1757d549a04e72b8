/* SPDX-License-Identifier: MIT */
#include "install/preset.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/words.h"

Preset *preset_free(Preset *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_rules; i++) {
                free(p->rules[i].pattern);
                strv_free(p->rules[i].instances);
        }
        free(p->rules);
        free(p);
        return NULL;
}

static int add_rule(Preset *p, bool enable, WordList *words) {
        if (p->n_rules >= PRESET_RULES_MAX)
                return -E2BIG;
        if (p->n_rules >= p->n_allocated) {
                size_t n = p->n_allocated ? p->n_allocated * 2 : 16;
                PresetRule *grown = realloc(p->rules, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                p->rules = grown;
                p->n_allocated = n;
        }

        _cleanup_strv_ char **instances = NULL;
        for (size_t i = 2; i < words->n_words; i++) {
                int r = strv_append(&instances, words->words[i]);
                if (r < 0)
                        return r;
        }
        char *pattern = strdup(words->words[1]);
        if (!pattern)
                return -ENOMEM;
        p->rules[p->n_rules++] = (PresetRule) {
                .enable = enable,
                .pattern = pattern,
                .instances = TAKE_PTR(instances),
        };
        return 0;
}

static int add_line(Preset *p, const char *line) {
        _cleanup_(word_list_done) WordList words = {};
        const char *problem;

        int r = words_split(line, 0, &words, &problem);
        if (r == -EINVAL)
                return 0;
        if (r < 0 || words.n_words < 2 || strchr("#;", *words.words[0]))
                return r;
        if (str_equal(words.words[0], "enable"))
                return add_rule(p, true, &words);
        if (str_equal(words.words[0], "disable") && words.n_words == 2)
                return add_rule(p, false, &words);
        return 0;
}

int preset_add(Preset *p, const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);

                int r = line ? add_line(p, line) : -ENOMEM;
                if (r < 0)
                        return r;
                text += n + (text[n] == '\n');
        }
        return 0;
}

bool preset_wants(const Preset *p, const char *name, char *const **ret_instances) {
        if (ret_instances)
                *ret_instances = NULL;
        for (size_t i = 0; p && i < p->n_rules; i++) {
                const PresetRule *rule = &p->rules[i];

                if (fnmatch(rule->pattern, name, FNM_NOESCAPE) != 0)
                        continue;
                if (ret_instances)
                        *ret_instances = rule->instances;
                return rule->enable;
        }
        return true;
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* Paths by the names of their files. */
static int collect(Map *paths, const char *directory) {
        _cleanup_(closedirp) DIR *dir = opendir(directory);
        int r = 0;

        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        for (const struct dirent *e; r >= 0 && (e = readdir(dir));) {
                if (e->d_name[0] == '.' || !str_has_suffix(e->d_name, ".preset"))
                        continue;
                _cleanup_free_ char *path = str_printf("%s/%s", directory, e->d_name);
                if (!path)
                        return -ENOMEM;
                r = map_put(paths, strrchr(path, '/') + 1, path);
                if (r >= 0)
                        TAKE_PTR(path);
                else if (r == -EEXIST)
                        r = 0;
        }
        return r;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(strrchr(*(char *const *) a, '/'), strrchr(*(char *const *) b, '/'));
}

static int read_one(Preset *p, const char *path) {
        _cleanup_free_ char *text = NULL;

        int r = file_read(AT_FDCWD, path, PRESET_FILE_SIZE_MAX, &text, NULL);
        return r == -ENOENT ? 0 : r < 0 ? r : preset_add(p, text);
}

static int read_sorted(Preset *p, const Map *paths) {
        size_t n = map_size(paths);
        _cleanup_free_ char **sorted = calloc(n + 1, sizeof(char *));
        int r = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                sorted[i] = map_at(paths, i);
        qsort(sorted, n, sizeof(char *), compare_names);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = read_one(p, sorted[i]);
        return r;
}

int preset_read(char *const *dirs, Preset **ret) {
        _cleanup_(preset_freep) Preset *p = calloc(1, sizeof(*p));
        _cleanup_(map_freep) Map *paths = map_new();
        int r = p && paths ? 0 : -ENOMEM;

        STRV_FOREACH (dir, dirs) {
                if (r >= 0)
                        r = collect(paths, *dir);
        }
        if (r >= 0)
                r = read_sorted(p, paths);
        MAP_FOREACH (char, path, paths) {
                free(path);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
