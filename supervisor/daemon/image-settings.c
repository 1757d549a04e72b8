/* SPDX-License-Identifier: MIT */
#include "daemon/image-settings.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/record.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "supd/image-store.h"

#define PARALLEL_DOWNLOADS_MAX 16U

/* ---- values ------------------------------------------------------------------------------------ */
/* Words added to a list, each of them checked; an empty value clears it. */
static int add_words(const char *value, bool (*is_valid)(const char *word), char ***list) {
        _cleanup_free_ char *copy = strdup(value);
        int r = 0;

        if (!copy)
                return -ENOMEM;
        if (*value == '\0') {
                *list = strv_free(*list);
                return 0;
        }
        for (char *rest = copy, *word; r >= 0 && (word = strsep(&rest, " \t"));) {
                if (*word == '\0')
                        continue;
                r = is_valid(word) ? strv_append(list, word) : -EINVAL;
        }
        return r;
}

static bool is_absolute(const char *word) {
        return *word == '/';
}

static bool is_registry(const char *word) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_free_ char *name = str_printf("%s/x", word);

        /* What stands before the first slash of a name is a registry only if it looks like a host. */
        return name && !strchr(word, '/') && reference_parse(name, &r, NULL) >= 0 &&
               str_equal(r.registry, word);
}

/* A registry, or a path in one: "mirror.example:5000/docker-hub". */
static bool is_registry_path(const char *word) {
        _cleanup_free_ char *host = strndup(word, strcspn(word, "/"));
        _cleanup_free_ char *name = str_printf("%s/x", word);
        _cleanup_(reference_done) Reference r = {};

        return host && name && reference_parse(name, &r, NULL) >= 0 && str_equal(r.registry, host);
}

int image_settings_driver(const char *value, void *target) {
        ImageSettings *s = target;
        StorageDriver driver = storage_driver_from_string(value);

        if (driver < 0)
                return -EINVAL;
        s->driver = driver;
        return 0;
}

int image_settings_additional_stores(const char *value, void *target) {
        return add_words(value, is_absolute, &((ImageSettings *) target)->additional_stores);
}

int image_settings_search_registries(const char *value, void *target) {
        return add_words(value, is_registry_path, &((ImageSettings *) target)->search_registries);
}

int image_settings_insecure_registries(const char *value, void *target) {
        return add_words(value, is_registry, &((ImageSettings *) target)->insecure_registries);
}

/* "docker.io mirror.example:5000": of one registry; the key is repeated for each mirror. */
int image_settings_mirror(const char *value, void *target) {
        ImageSettings *s = target;
        _cleanup_free_ char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        if (*value == '\0') {
                s->mirrors = strv_free(s->mirrors);
                return 0;
        }
        char *registry = copy, *mirror = copy + strcspn(copy, " \t");
        if (*mirror != '\0')
                *mirror++ = '\0';
        mirror += strspn(mirror, " \t");
        if (!is_registry(registry) || *mirror == '\0' || !is_registry_path(mirror))
                return -EINVAL;
        return strv_append_printf(&s->mirrors, "%s %s", registry, mirror);
}

static int set_path(const char *value, char **path) {
        if (*value == '\0')
                return str_replace(path, NULL);
        return is_absolute(value) ? str_replace(path, value) : -EINVAL;
}

int image_settings_cert_dir(const char *value, void *target) {
        return set_path(value, &((ImageSettings *) target)->cert_dir);
}

int image_settings_auth_file(const char *value, void *target) {
        return set_path(value, &((ImageSettings *) target)->auth_file);
}

int image_settings_parallel_downloads(const char *value, void *target) {
        uint64_t n = 0;

        if (parse_u64(value, &n) < 0 || n < 1 || n > PARALLEL_DOWNLOADS_MAX)
                return -EINVAL;
        ((ImageSettings *) target)->parallel_downloads = (unsigned) n;
        return 0;
}

static int set_proxy(const char *name, const char *value, ImageSettings *s) {
        _cleanup_free_ char *assignment = str_printf("%s=%s", name, value);

        return assignment ? strv_env_set(&s->proxies, assignment) : -ENOMEM;
}

int image_settings_http_proxy(const char *value, void *target) {
        return set_proxy("http_proxy", value, target);
}

int image_settings_https_proxy(const char *value, void *target) {
        return set_proxy("https_proxy", value, target);
}

int image_settings_no_proxy(const char *value, void *target) {
        return set_proxy("no_proxy", value, target);
}

/* ---- handing on -------------------------------------------------------------------------------- */
static void put_all(RecordWriter *w, const char *key, char *const *values) {
        STRV_FOREACH (value, values) {
                record_put(w, key, *value);
        }
}

int image_settings_write(const ImageSettings *s, const char *path, Error *error) {
        RecordWriter w = {};

        record_put(&w, SUPD_IMAGE_SET_DRIVER, storage_driver_to_string(s->driver));
        put_all(&w, SUPD_IMAGE_SET_ADDITIONAL_STORE, s->additional_stores);
        put_all(&w, SUPD_IMAGE_SET_SEARCH, s->search_registries);
        put_all(&w, SUPD_IMAGE_SET_MIRROR, s->mirrors);
        put_all(&w, SUPD_IMAGE_SET_INSECURE, s->insecure_registries);
        put_all(&w, SUPD_IMAGE_SET_PROXY, s->proxies);
        record_put(&w, SUPD_IMAGE_SET_CERT_DIR, s->cert_dir);
        record_put(&w, SUPD_IMAGE_SET_AUTH_FILE, s->auth_file);
        if (s->parallel_downloads > 0)
                record_put_u64(&w, SUPD_IMAGE_SET_PARALLEL, s->parallel_downloads);
        /* A proxy's address may have a password in it. */
        int r = w.result < 0 ? w.result
                             : file_replace(AT_FDCWD, path, w.text, 0600, /* sync= */ false);
        record_writer_done(&w);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot write %s", path) : 0;
}

void image_settings_done(ImageSettings *s) {
        strv_free(s->additional_stores);
        strv_free(s->search_registries);
        strv_free(s->mirrors);
        strv_free(s->insecure_registries);
        strv_free(s->proxies);
        free(s->cert_dir);
        free(s->auth_file);
        *s = (ImageSettings) {};
}
