/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/reference.h"
#include "base/text.h"
#include "unitfile/expand.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"
#include "unitfile/unit-type.h"

/* Keys that say which image, and how it is fetched: of [Container] and [Image]. */

static int bad_last(KeyInput *in, const char *value, const char *what) {
        return input_bad_value(in, input_last(in), value, what);
}

/* "alpine", "library/alpine": which registry is meant, the machine decides. */
static bool is_short_name(const ImageSource *source) {
        size_t n = strcspn(source->path, "/");

        if (source->transport != TRANSPORT_REGISTRY)
                return false;
        return source->path[n] == '\0' ||
               !(memchr(source->path, '.', n) || memchr(source->path, ':', n) ||
                               (n == strlen("localhost") &&
                                               str_has_prefix(source->path, "localhost")));
}

static int warn_short_name(KeyInput *in, const char *name) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_free_ char *canonical = NULL;

        if (reference_parse(name, &r, NULL) < 0)
                return 0;
        canonical = reference_format(&r);
        if (!canonical)
                return -ENOMEM;
        return input_complain(in,
                        input_last(in),
                        DIAGNOSTIC_WARNING,
                        "short-name",
                        "'" SHOWN "' is not a fully qualified image name; write '%s' if that is "
                        "what is meant",
                        SHOWN_ARGUMENTS(name),
                        canonical);
}

/* A whole one: the first digits of it look like a short name. */
static bool is_image_id(const char *s) {
        return digest_hex_is_valid(
                        str_has_prefix(s, DIGEST_PREFIX) ? s + strlen(DIGEST_PREFIX) : s);
}

/* A reference that can't be one is found now, not when the container is to start. Return: 1, 0 after a
 * complaint, -ENOMEM. */
static int check_reference(KeyInput *in, const char *s) {
        _cleanup_(image_source_done) ImageSource source = {};
        _cleanup_(error_done) Error error = {};

        if (value_has_reference(s))
                return 1; /* to the environment: unit_spec_resolve() comes here once more */
        if (is_image_id(s))
                return 1;
        int r = image_source_parse(s, &source, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return input_complain(in,
                                input_last(in),
                                DIAGNOSTIC_ERROR,
                                "bad-value",
                                "%s",
                                error_text(&error, r));
        if (is_short_name(&source)) {
                r = in->load->resolving ? 0 : warn_short_name(in, s);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* "foo.image", and from an instance "foo@.image" means the same instance of it. */
static int take_unit_reference(KeyInput *in, const char *s, ContainerSpec *c) {
        const UnitSpec *u = in->load->unit;
        size_t size = 0;
        const char *instance = unit_name_instance(s, &size);
        const UnitType *type = unit_type_find(s);

        if (!unit_file_name_is_valid(s))
                return bad_last(in, s, "is not the name of a unit file");
        /* As Quadlet has it this is in order; it is the start that will fail, for that unit's sake. */
        int r = in->load->resolving || !str_equal(type->extension, ".build")
                                ? 0
                                : input_complain(in,
                                                  input_last(in),
                                                  DIAGNOSTIC_WARNING,
                                                  "unsupported-type",
                                                  "'" SHOWN
                                                  "': unit type .build is not supported by "
                                                  "supd, so this container can't be started",
                                                  SHOWN_ARGUMENTS(s));
        if (r < 0)
                return r;
        if (!instance || size > 0)
                return str_replace(&c->image_unit, s);
        if (!u->instance && !u->is_template)
                return bad_last(in, s, "is a template; name an instance of it");
        _cleanup_free_ char *name = str_printf(
                        "%.*s%s%s", (int) (instance - s), s, u->instance ?: "", instance);
        return name ? str_replace(&c->image_unit, name) : -ENOMEM;
}

static bool names_a_unit(const char *s) {
        const UnitType *type = strchr(s, '/') ? NULL : unit_type_find(s);

        return type &&
               (str_equal(type->extension, ".image") || str_equal(type->extension, ".build"));
}

int parse_image(KeyInput *in, void *target) {
        ContainerSpec *c = target;
        _cleanup_free_ char *s = NULL;

        in->load->has_image = true;
        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (names_a_unit(s))
                return take_unit_reference(in, s, c);
        r = check_reference(in, s);
        if (r <= 0)
                return r;
        free(c->image);
        c->image = TAKE_PTR(s);
        return 0;
}

int parse_image_source(KeyInput *in, void *target) {
        char **reference = target;
        _cleanup_free_ char *s = NULL;

        in->load->has_image = true;
        int r = input_string(in, input_last(in), &s);
        if (r > 0)
                r = check_reference(in, s);
        if (r <= 0)
                return r;
        free(*reference);
        *reference = TAKE_PTR(s);
        return 0;
}

int parse_image_tag(KeyInput *in, void *target) {
        char **tag = target;
        _cleanup_free_ char *s = NULL;
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_(error_done) Error error = {};

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        r = reference_parse(s, &reference, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return bad_last(in, s, "is not the name of an image");
        if (reference_has_digest(&reference))
                return bad_last(in, s, "has a digest, which can't be given to an image");
        free(*tag);
        *tag = TAKE_PTR(s);
        return 0;
}

int parse_pull_policy(KeyInput *in, void *target) {
        PullPolicy *policy = target, p;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        p = pull_policy_from_string(s);
        if (p < 0)
                return bad_last(in, s, "is not always, missing, never or newer");
        *policy = p;
        return 0;
}

int parse_go_duration(KeyInput *in, void *target) {
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (value_parse_go_duration(s, target) < 0)
                return bad_last(in, s, "is not a duration such as 1m30s");
        return 0;
}

/* A word of a platform, as it stands in image indexes. */
int parse_platform_word(KeyInput *in, void *target) {
        char **word = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(s))
                return bad_last(in, s, "is not the name of a platform");
        free(*word);
        *word = TAKE_PTR(s);
        return 0;
}

int parse_host_path(KeyInput *in, void *target) {
        char **path = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (*s != '/')
                return bad_last(in, s, "is not an absolute path");
        free(*path);
        *path = TAKE_PTR(s);
        return 0;
}
