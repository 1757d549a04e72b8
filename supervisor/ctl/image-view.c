/* SPDX-License-Identifier: MIT */
#include "ctl/image-view.h"

#include <fnmatch.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"

#define SHORT_ID_SIZE 12
#define DOCKER_PREFIX REFERENCE_DEFAULT_REGISTRY "/"
#define LIBRARY_PREFIX DOCKER_PREFIX "library/"

char *image_short_id(const char *digest) {
        if (str_has_prefix(digest, DIGEST_PREFIX))
                digest += strlen(DIGEST_PREFIX);
        return strndup(digest, SHORT_ID_SIZE);
}

int image_split_name(const char *name, char **ret_repository, char **ret_tag) {
        _cleanup_free_ char *repository = strdup(name ?: IMAGE_NONE), *tag = NULL;
        if (!repository)
                return -ENOMEM;

        char *at = name ? strchr(repository, '@') : NULL;
        if (at)
                *at = '\0';
        char *slash = strrchr(repository, '/'), *colon = strrchr(repository, ':');
        if (name && colon && (!slash || colon > slash)) {
                *colon = '\0';
                tag = strdup(colon + 1);
        } else
                tag = strdup(IMAGE_NONE);
        if (!tag)
                return -ENOMEM;

        *ret_repository = TAKE_PTR(repository);
        *ret_tag = TAKE_PTR(tag);
        return 0;
}

/* ---- time -------------------------------------------------------------------------------------- */

/* "Z", "+02:00". Return: seconds to be taken off; INT64_MAX if it is neither. */
static int64_t zone_seconds(const char *text) {
        struct tm tm = {};
        const char *end;

        if (str_equal(text, "Z") || str_equal(text, "z"))
                return 0;
        if (*text != '+' && *text != '-')
                return INT64_MAX;
        end = strptime(text + 1, "%H:%M", &tm);
        if (!end || *end)
                return INT64_MAX;
        int64_t seconds = tm.tm_hour * 3600 + tm.tm_min * 60;
        return *text == '-' ? -seconds : seconds;
}

uint64_t image_created_usec(const char *text) {
        struct tm tm = {};
        const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

        if (!end)
                return UINT64_MAX;
        if (*end == '.')
                end += 1 + strspn(end + 1, "0123456789");
        int64_t zone = zone_seconds(end), seconds = timegm(&tm);
        if (zone == INT64_MAX || seconds - zone < 0)
                return UINT64_MAX;
        return (uint64_t) (seconds - zone) * USEC_PER_SEC;
}

char *image_age(const char *created, uint64_t now_usec) {
        uint64_t usec = image_created_usec(created);

        /* Reproducible builds say 1970, which is no age. */
        return usec == UINT64_MAX || usec == 0 ? strdup("-")
                                               : stamp_format_relative(usec, now_usec);
}

/* ---- selection --------------------------------------------------------------------------------- */

static bool matches_one(const char *name, const char *pattern) {
        _cleanup_free_ char *repository = NULL, *tag = NULL;

        if (fnmatch(pattern, name, 0) == 0)
                return true;
        if (image_split_name(name, &repository, &tag) < 0)
                return false;
        return fnmatch(pattern, repository, 0) == 0;
}

bool image_matches_pattern(const char *name, const char *pattern) {
        static const char *const prefixes[] = { LIBRARY_PREFIX, DOCKER_PREFIX };

        if (matches_one(name, pattern))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                if (str_has_prefix(name, prefixes[i]) &&
                                matches_one(name + strlen(prefixes[i]), pattern))
                        return true;
        }
        return false;
}

static bool is_called(const ImageGroup *image, const char *what) {
        const char *name = image_group_get(image, "NAME"), *id = image_group_get(image, "ID"),
                   *digest = image_group_get(image, "IMAGE");
        _cleanup_free_ char *latest = str_printf("%s:latest", what),
                            *full = str_printf("%s%s", DIGEST_PREFIX, what);

        if (name && latest && (image_matches_pattern(name, what) && strpbrk(what, ":@")))
                return true;
        if (name && latest && image_matches_pattern(name, latest))
                return true;
        const char *wanted = str_has_prefix(what, DIGEST_PREFIX) ? what : full;
        return wanted && strlen(what) >= 4 &&
               ((id && str_has_prefix(id, wanted)) || (digest && str_has_prefix(digest, wanted)));
}

static int created_of(
                const ImageRecords *images, const char *what, uint64_t *ret_usec, Error *error) {
        ImageGroup image = {};

        while (image_records_next(images, "IMAGE", &image)) {
                if (!is_called(&image, what))
                        continue;
                uint64_t usec = image_created_usec(image_group_get(&image, "CREATED"));
                if (usec == UINT64_MAX)
                        return error_set_plain(error,
                                        -ENODATA,
                                        ERROR_INVALID_ARGUMENT,
                                        "image '%s' does not say when it was made, so none is "
                                        "before or since it",
                                        what);
                *ret_usec = usec;
                return 0;
        }
        return error_set_plain(error, -ENOENT, ERROR_BAD_NAME, "there is no image '%s'", what);
}

static int prepare_term(
                ImageFilter *f, const char *term, const ImageRecords *images, Error *error) {
        const char *value = strchr(term, '=') + 1; /* there is one: take_filter() */

        if (str_has_prefix(term, "dangling=")) {
                f->dangling = str_equal(value, "true") || str_equal(value, "1");
                if (f->dangling || str_equal(value, "false") || str_equal(value, "0"))
                        return 0;
        }
        if (str_has_prefix(term, "before="))
                return created_of(images, value, &f->before_usec, error);
        if (str_has_prefix(term, "since="))
                return created_of(images, value, &f->since_usec, error);
        if (str_has_prefix(term, "reference="))
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "--filter: '%s' is none of dangling=true|false, reference=PATTERN, "
                        "before=IMAGE and since=IMAGE",
                        term);
}

int image_filter_prepare(ImageFilter *f, const ImageRecords *images, Error *error) {
        f->before_usec = f->since_usec = UINT64_MAX;
        f->dangling = -1;
        STRV_FOREACH (term, f->terms) {
                int r = prepare_term(f, *term, images, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Several references are alternatives, as Docker has it. */
static bool is_referred_to(const ImageFilter *f, const char *name) {
        bool asked = false;

        STRV_FOREACH (term, f->terms) {
                if (!str_has_prefix(*term, "reference="))
                        continue;
                asked = true;
                if (name && image_matches_pattern(name, *term + strlen("reference=")))
                        return true;
        }
        return !asked;
}

bool image_filter_selects(const ImageFilter *f, const ImageGroup *image) {
        const char *name = image_group_get(image, "NAME");
        uint64_t created = image_created_usec(image_group_get(image, "CREATED"));

        if (f->dangling >= 0 ? f->dangling == (name != NULL) : !name && !f->unnamed)
                return false;
        if (f->pattern && (!name || !image_matches_pattern(name, f->pattern)))
                return false;
        if (f->before_usec != UINT64_MAX && (created == UINT64_MAX || created >= f->before_usec))
                return false;
        if (f->since_usec != UINT64_MAX && (created == UINT64_MAX || created <= f->since_usec))
                return false;
        return is_referred_to(f, name);
}
