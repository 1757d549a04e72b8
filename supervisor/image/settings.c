/* SPDX-License-Identifier: MIT */
#include "image/settings.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"
#include "supd/image-store.h"
#include "supd/paths.h"

/* What a list's element has to look like; NULL: anything that is not empty. */
typedef bool (*ElementCheck)(const char *element);

static bool is_mirror(const char *s) {
        const char *space = strchr(s, ' ');

        return space && space > s && space[1] != '\0' && !strchr(space + 1, ' ');
}

static bool is_proxy(const char *s) {
        return str_has_prefix(s, "http_proxy=") || str_has_prefix(s, "https_proxy=") ||
               str_has_prefix(s, "no_proxy=");
}

static bool is_host(const char *s) {
        return *s != '\0' && !strpbrk(s, "/ @");
}

static bool is_absolute(const char *s) {
        return *s == '/';
}

static int bad_value(Error *error, const char *what, const char *key, const char *wanted) {
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_BAD_SETTING,
                        "%s: %s: %s is wanted",
                        what,
                        key,
                        wanted);
}

static int parse_lists(const Record *record, const char *what, Settings *s, Error *error) {
        const struct {
                const char *key;
                char ***list;
                ElementCheck is_valid;
                const char *wanted;
        } lists[] = {
                { SUPD_IMAGE_SET_ADDITIONAL_STORE,
                                &s->additional_stores,
                                is_absolute,
                                "an absolute path" },
                { SUPD_IMAGE_SET_SEARCH, &s->search, is_host, "HOST[:PORT]" },
                { SUPD_IMAGE_SET_MIRROR, &s->mirrors, is_mirror, "'REGISTRY MIRROR[/PREFIX]'" },
                { SUPD_IMAGE_SET_INSECURE, &s->insecure, is_host, "HOST[:PORT]" },
                { SUPD_IMAGE_SET_CERT_DIR, &s->cert_dirs, is_absolute, "an absolute path" },
                /* The value is not repeated: it may have a password in it. */
                { SUPD_IMAGE_SET_PROXY,
                                &s->proxies,
                                is_proxy,
                                "http_proxy=, https_proxy= or no_proxy=" },
        };
        const char *value;

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (size_t n = 0; (value = record_get_nth(record, lists[i].key, n)); n++) {
                        if (!lists[i].is_valid(value))
                                return bad_value(error, what, lists[i].key, lists[i].wanted);
                        if (strv_append(lists[i].list, value) < 0)
                                return -ENOMEM;
                }
        return 0;
}

int settings_parse(const char *text, const char *what, Settings *ret, Error *error) {
        _cleanup_(record_freep) Record *record = NULL;
        uint64_t parallel = SETTINGS_PARALLEL_DEFAULT;
        int r;

        r = record_parse(text, &record);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set_plain(error,
                                                      r,
                                                      ERROR_BAD_SETTING,
                                                      "%s: a line is no KEY=value",
                                                      what);
        r = parse_lists(record, what, ret, error);
        if (r >= 0)
                r = str_replace(&ret->driver, record_get(record, SUPD_IMAGE_SET_DRIVER));
        if (r >= 0)
                r = str_replace(&ret->auth_file, record_get(record, SUPD_IMAGE_SET_AUTH_FILE));
        if (r < 0)
                return r;
        r = record_get_u64(record, SUPD_IMAGE_SET_PARALLEL, &parallel);
        if ((r < 0 && r != -ENOENT) || parallel < 1 || parallel > SETTINGS_PARALLEL_MAX)
                return bad_value(error, what, SUPD_IMAGE_SET_PARALLEL, "a number from 1 to 16");
        ret->parallel = (unsigned) parallel;
        return 0;
}

static char *default_path(void) {
        const char *runtime_dir = getenv(SUPD_ENV_RUNTIME_DIR);

        return str_printf("%s/" SUPD_IMAGE_SETTINGS_FILE,
                        str_is_empty(runtime_dir) ? SUPD_RUNTIME_DIR : runtime_dir);
}

int settings_load(const char *path, Settings *ret, Error *error) {
        _cleanup_free_ char *own_path = path ? strdup(path) : default_path();
        _cleanup_free_ char *text = NULL;
        int r;

        *ret = (Settings) { .parallel = SETTINGS_PARALLEL_DEFAULT };
        if (!own_path)
                return -ENOMEM;
        r = file_read(AT_FDCWD, own_path, RECORD_SIZE_MAX, &text, NULL);
        if (r == -ENOENT && !path)
                return 0; /* supd has not run, or has nothing to say */
        if (r < 0)
                return r == -ENOMEM ? r : error_set(error, r, ERROR_BAD_SETTING, "'%s'", own_path);
        return settings_parse(text, own_path, ret, error);
}

void settings_done(Settings *s) {
        char **lists[] = {
                s->additional_stores, s->search, s->mirrors, s->insecure, s->cert_dirs, s->proxies
        };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                (void) strv_free(lists[i]); /* always NULL */
        free(s->driver);
        free(s->auth_file);
        *s = (Settings) {};
}
