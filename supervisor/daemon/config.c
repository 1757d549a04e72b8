/* SPDX-License-Identifier: MIT */
#include "daemon/config.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-file.h"
#include "unitfile/value.h"

static int config_parse_bool(const char *value, void *target) {
        return value_parse_bool(value, target);
}

static int config_parse_starts_max(const char *value, void *target) {
        uint64_t n;

        if (str_equal(value, "auto") || str_equal(value, "infinity")) {
                *(unsigned *) target = *value == 'a' ? STARTS_MAX_AUTO : 0;
                return 0;
        }
        int r = parse_u64(value, &n);
        if (r < 0 || n >= STARTS_MAX_AUTO)
                return -EINVAL;
        *(unsigned *) target = (unsigned) n;
        return 0;
}

/* clang-format off */
static const struct {
        const char *section, *key;
        size_t offset;
        int (*parse)(const char *value, void *target);
} config_keys[] = {
        { "Manager", "SystemdSocket", offsetof(Options, systemd_socket), config_parse_bool      },
        { "Manager", "LogLevel",      offsetof(Options, log_level),      config_parse_log_level },
        { "Manager", "MaxParallelStarts", offsetof(Options, parallel_starts_max), config_parse_starts_max },

        { "Image", "StorageDriver",      offsetof(Options, image), image_settings_driver              },
        { "Image", "AdditionalStores",   offsetof(Options, image), image_settings_additional_stores   },
        { "Image", "SearchRegistries",   offsetof(Options, image), image_settings_search_registries   },
        { "Image", "Mirror",             offsetof(Options, image), image_settings_mirror              },
        { "Image", "InsecureRegistries", offsetof(Options, image), image_settings_insecure_registries },
        { "Image", "CertDir",            offsetof(Options, image), image_settings_cert_dir            },
        { "Image", "AuthFile",           offsetof(Options, image), image_settings_auth_file           },
        { "Image", "ParallelDownloads",  offsetof(Options, image), image_settings_parallel_downloads  },
        { "Image", "HttpProxy",          offsetof(Options, image), image_settings_http_proxy          },
        { "Image", "HttpsProxy",         offsetof(Options, image), image_settings_https_proxy         },
        { "Image", "NoProxy",            offsetof(Options, image), image_settings_no_proxy            },
};
/* clang-format on */

static const char *suggestion_for(const char *key) {
        const char *names[ELEMENTSOF(config_keys) + 1] = {};

        for (size_t i = 0; i < ELEMENTSOF(config_keys); i++)
                names[i] = config_keys[i].key;
        return text_suggest(key, names);
}

static void config_assign(Options *o, const UnitAssignment *a) {
        for (size_t i = 0; i < ELEMENTSOF(config_keys); i++) {
                if (!str_equal(config_keys[i].section, a->section) ||
                                !str_equal(config_keys[i].key, a->key))
                        continue;
                if (config_keys[i].parse(a->value, (char *) o + config_keys[i].offset) < 0)
                        diag_warning("%s:%u: %s.%s: '%s' is not a value for it; ignored",
                                        a->file->path,
                                        a->line,
                                        a->section,
                                        a->key,
                                        a->value);
                return;
        }

        const char *meant = suggestion_for(a->key);
        diag_warning("%s:%u: unknown key %s.%s%s%s%s; ignored",
                        a->file->path,
                        a->line,
                        a->section,
                        a->key,
                        meant ? ": did you mean '" : "",
                        meant ?: "",
                        meant ? "'?" : "");
}

static int config_read_file(Options *o, const char *path, bool must_exist, Error *error) {
        _cleanup_free_ char *text = NULL;
        _cleanup_(unit_file_freep) UnitFile *file = NULL;
        DiagnosticList problems = {};
        size_t size;

        int r = file_read(AT_FDCWD, path, UNIT_FILE_SIZE_MAX, &text, &size);
        if (r == -ENOENT && !must_exist)
                return 0;
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot read %s", path);

        UnitFileSource source = {
                .path = path,
                .dialect = UNIT_DIALECT_PLAIN,
                .text = text,
                .size = size,
        };
        r = unit_file_parse(&source, &problems, &file);
        if (r < 0)
                return r;
        for (size_t i = 0; i < problems.n_items; i++) {
                _cleanup_free_ char *line = diagnostic_format(&problems.items[i]);
                if (line)
                        diag_warning("%s", line);
        }
        diagnostic_list_done(&problems);
        for (size_t i = 0; i < file->n_assignments; i++)
                config_assign(o, &file->assignments[i]);
        return 0;
}

static int is_drop_in(const struct dirent *entry) {
        return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".conf");
}

int config_read(Options *o, bool must_exist, Error *error) {
        struct dirent **entries = NULL;
        int r;

        r = config_read_file(o, o->config_file, must_exist, error);
        if (r < 0)
                return r;

        _cleanup_free_ char *dir = str_printf("%s.d", o->config_file);
        if (!dir)
                return -ENOMEM;
        int n = scandir(dir, &entries, is_drop_in, alphasort);
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = str_printf("%s/%s", dir, entries[i]->d_name);
                if (r >= 0)
                        r = path ? config_read_file(o, path, /* must_exist= */ false, error)
                                 : -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        return r;
}
