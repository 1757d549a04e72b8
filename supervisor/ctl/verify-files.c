/* SPDX-License-Identifier: MIT */
#include "ctl/verify-files.h"

#include <string.h>
#include <unistd.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/effective.h"
#include "unitfile/exec-command.h"

#define PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Where a value came from; if nobody knows, the file. */
static SourcePlace place_of(const UnitSpec *spec,
                const char *section,
                const char *key,
                size_t index,
                const char *path) {
        const EffectiveKey *k = effective_find(spec->effective, section, key);
        SourcePlace place = { .file = path, .section = section, .key = key };

        if (k && index < k->n_values) {
                place.file = k->values[index].file;
                place.line = k->values[index].line;
        }
        return place;
}

static int complain(UnitSpec *spec, const SourcePlace *place, const char *file, const char *what) {
        return diagnostic_add(&spec->diagnostics,
                        DIAGNOSTIC_WARNING,
                        "no-file",
                        place,
                        "'" SHOWN "' %s",
                        SHOWN_ARGUMENTS(file),
                        what);
}

static bool is_known(const char *file) {
        return file[0] == '/' && !strchr(file, '$');
}

static int check_environment_files(
                UnitSpec *spec, const char *section, char *const *files, const char *path) {
        size_t index = 0;

        STRV_FOREACH (word, files) {
                const char *file = *word[0] == '-' ? *word + 1 : *word;
                SourcePlace place = place_of(spec, section, "EnvironmentFile", index++, path);

                if (*word[0] == '-' || !is_known(file) || strpbrk(file, "*?[") ||
                                access(file, F_OK) == 0)
                        continue;
                int r = complain(spec, &place, file, "is not there: a start fails without it");
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_in_path(const char *name) {
        _cleanup_free_ char *dirs = strdup(PROGRAM_PATH);

        for (char *rest = dirs, *dir; rest && (dir = strsep(&rest, ":"));) {
                _cleanup_free_ char *file = str_printf("%s/%s", dir, name);
                if (file && access(file, X_OK) == 0)
                        return true;
        }
        return false;
}

static int check_commands(UnitSpec *spec, const char *path) {
        for (ExecPhase phase = 0; phase < _EXEC_PHASE_MAX; phase++) {
                const ExecCommandList *list = &spec->service.commands[phase];

                for (size_t i = 0; i < list->n; i++) {
                        const char *program = list->items[i].path;
                        SourcePlace place =
                                        place_of(spec, "Service", exec_phase_key(phase), i, path);

                        if (list->items[i].ignore_failure || strchr(program, '$') ||
                                        (program[0] == '/' ? access(program, X_OK) == 0
                                                           : is_in_path(program)))
                                continue;
                        int r = complain(spec, &place, program, "is no program of this machine");
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int check_root(UnitSpec *spec, const char *path) {
        const RootSpec *root = &spec->container.root;
        SourcePlace place = place_of(spec, "Container", "Rootfs", 0, path);
        int r = 0;

        if (root->rootfs && is_known(root->rootfs) && access(root->rootfs, F_OK) < 0)
                r = complain(spec, &place, root->rootfs, "is not there");
        for (size_t i = 0; i < root->n_volumes && r >= 0; i++) {
                const VolumeSpec *v = &root->volumes[i];

                place = place_of(spec, "Container", "Volume", i, path);
                if (v->nocreate && v->source && is_known(v->source) && access(v->source, F_OK) < 0)
                        r = complain(spec,
                                        &place,
                                        v->source,
                                        "is not there, and nocreate is given");
        }
        return r;
}

int verify_files(UnitSpec *spec, const char *path) {
        int r = check_environment_files(spec, "Service", spec->service.environment_files, path);

        if (r >= 0)
                r = check_commands(spec, path);
        if (r < 0 || spec->kind != UNIT_KIND_CONTAINER)
                return r;
        r = check_environment_files(
                        spec, "Container", spec->container.process.environment_files, path);
        return r < 0 ? r : check_root(spec, path);
}
