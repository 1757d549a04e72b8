/* SPDX-License-Identifier: MIT */
#include "base/reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_lower_alnum(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c) {
        return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* What may stand between two runs of letters and digits: one dot, one or two underscores, hyphens. */
static size_t separator_size(const char *s, size_t size) {
        size_t n = 0;

        if (size > 0 && *s == '.')
                return 1;
        if (size > 0 && *s == '_')
                return size > 1 && s[1] == '_' ? 2 : 1;
        while (n < size && s[n] == '-')
                n++;
        return n;
}

static bool path_component_is_valid(const char *s, size_t size) {
        size_t i = 0;

        for (;;) {
                size_t start = i;
                while (i < size && is_lower_alnum(s[i]))
                        i++;
                if (i == start)
                        return false;
                if (i == size)
                        return true;
                size_t n = separator_size(s + i, size - i);
                if (n == 0)
                        return false;
                i += n;
        }
}

static bool repository_is_valid(const char *s) {
        for (;;) {
                size_t n = strcspn(s, "/");
                if (!path_component_is_valid(s, n))
                        return false;
                if (s[n] == '\0')
                        return true;
                s += n + 1;
        }
}

static bool port_is_valid(const char *s) {
        uint64_t port;

        return parse_u64(s, &port) >= 0 && port > 0 && port <= 65535;
}

static bool host_label_is_valid(const char *s, size_t size) {
        if (size == 0 || s[0] == '-' || s[size - 1] == '-')
                return false;
        for (size_t i = 0; i < size; i++)
                if (!is_alnum(s[i]) && s[i] != '-')
                        return false;
        return true;
}

static bool registry_is_valid(const char *s) {
        if (*s == '[') {
                size_t n = strspn(s + 1, "0123456789abcdefABCDEF:.");
                const char *end = s + 1 + n;
                return n > 0 && *end == ']' &&
                       (end[1] == '\0' || (end[1] == ':' && port_is_valid(end + 2)));
        }

        for (;;) {
                size_t n = strcspn(s, ".:");
                if (!host_label_is_valid(s, n))
                        return false;
                s += n;
                if (*s == '\0')
                        return true;
                if (*s == ':')
                        return port_is_valid(s + 1);
                s++;
        }
}

static bool tag_is_valid(const char *s) {
        size_t size = strlen(s);

        if (size == 0 || size > REFERENCE_TAG_MAX || *s == '.' || *s == '-')
                return false;
        for (size_t i = 0; i < size; i++)
                if (!is_alnum(s[i]) && !strchr("_.-", s[i]))
                        return false;
        return true;
}

/* Docker's rule: the part before the first slash is a registry only if it looks like a host. */
static bool is_registry(const char *s, size_t size) {
        if (memchr(s, '.', size) || memchr(s, ':', size))
                return true;
        return size == strlen("localhost") && memcmp(s, "localhost", size) == 0;
}

static int bad_reference(Error *error, const char *text, const char *why) {
        return error_set_plain(
                        error, -EINVAL, ERROR_BAD_NAME, "bad image name '%s': %s", text, why);
}

/* "registry/path" into its two parts, with the defaults filled in. */
static int name_split(const char *name, Reference *r) {
        const char *slash = strchr(name, '/');
        const char *path = name;

        if (slash && is_registry(name, (size_t) (slash - name))) {
                r->registry = strndup(name, (size_t) (slash - name));
                path = slash + 1;
        } else
                r->registry = strdup(REFERENCE_DEFAULT_REGISTRY);
        if (!r->registry)
                return -ENOMEM;

        if (str_equal(r->registry, "index.docker.io")) {
                int q = str_replace(&r->registry, REFERENCE_DEFAULT_REGISTRY);
                if (q < 0)
                        return q;
        }
        bool official = str_equal(r->registry, REFERENCE_DEFAULT_REGISTRY) && !strchr(path, '/');
        r->repository = str_printf("%s%s", official ? "library/" : "", path);
        return r->repository ? 0 : -ENOMEM;
}

static int name_check(const Reference *r, const char *text, Error *error) {
        for (const char *p = r->repository; *p; p++)
                if (isupper((unsigned char) *p))
                        return bad_reference(error, text, "the repository must be lower-case");
        if (!registry_is_valid(r->registry))
                return bad_reference(
                                error, text, "the registry is no host name with optional port");
        if (!repository_is_valid(r->repository))
                return bad_reference(error,
                                text,
                                "a repository consists of a-z, 0-9 and single separators . _ - /");
        if (strlen(r->registry) + 1 + strlen(r->repository) > REFERENCE_NAME_MAX)
                return bad_reference(error, text, "registry and repository exceed 255 characters");
        return 0;
}

int reference_parse(const char *text, Reference *ret, Error *error) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_free_ char *name = strdup(text);
        int q;

        if (!name)
                return -ENOMEM;
        if (*name == '\0')
                return bad_reference(error, text, "it is empty");
        if (digest_hex_is_valid(name))
                return bad_reference(
                                error, text, "64 hexadecimal digits are an image id, not a name");

        char *at = strchr(name, '@');
        if (at) {
                *at = '\0';
                q = digest_parse(at + 1, &r.digest, error);
                if (q < 0)
                        return error_prefix(error, q, "bad image name '%s'", text);
        }

        /* A colon behind the last slash starts the tag; any other belongs to a port. */
        char *slash = strrchr(name, '/'), *colon = strchr(slash ? slash : name, ':');
        if (colon) {
                *colon = '\0';
                if (!tag_is_valid(colon + 1))
                        return bad_reference(error,
                                        text,
                                        "a tag has 1 to 128 of A-Z a-z 0-9 _ . - and starts with "
                                        "none of the last two");
        }
        if (colon || !at) {
                r.tag = strdup(colon ? colon + 1 : "latest");
                if (!r.tag)
                        return -ENOMEM;
        }

        q = name_split(name, &r);
        if (q >= 0)
                q = name_check(&r, text, error);
        if (q < 0)
                return q;

        *ret = r;
        r = (Reference) {};
        return 0;
}

char *reference_format(const Reference *r) {
        return str_printf("%s/%s%s%s%s%s",
                        r->registry,
                        r->repository,
                        r->tag ? ":" : "",
                        r->tag ?: "",
                        reference_has_digest(r) ? "@" : "",
                        r->digest.text);
}

void reference_done(Reference *r) {
        free(r->registry);
        free(r->repository);
        free(r->tag);
        *r = (Reference) {};
}

/* clang-format off */
static const struct {
        const char *name;
        bool has_name; /* ":NAME" may stand behind the path */
} transports[_TRANSPORT_MAX] = {
        [TRANSPORT_REGISTRY]       = { "docker",         false },
        [TRANSPORT_OCI]            = { "oci",            true  },
        [TRANSPORT_OCI_ARCHIVE]    = { "oci-archive",    true  },
        [TRANSPORT_DOCKER_ARCHIVE] = { "docker-archive", true  },
        [TRANSPORT_DIR]            = { "dir",            false },
        [TRANSPORT_ARCHIVE]        = { "archive",        false },
};
/* clang-format on */

const char *transport_to_string(Transport t) {
        return t >= 0 && t < _TRANSPORT_MAX ? transports[t].name : NULL;
}

/* A repository called like a transport is to be had as "docker.io/library/oci:TAG". Return: the text
 * behind the transport's colon, or NULL. */
static const char *transport_split(const char *text, Transport *ret) {
        const char *colon = strchr(text, ':');

        if (!colon)
                return NULL;
        for (Transport t = 0; t < _TRANSPORT_MAX; t++) {
                size_t size = strlen(transports[t].name);
                if (size != (size_t) (colon - text) || memcmp(text, transports[t].name, size) != 0)
                        continue;
                if (t == TRANSPORT_REGISTRY && !str_has_prefix(colon, "://"))
                        continue;
                *ret = t;
                return colon + (t == TRANSPORT_REGISTRY ? 3 : 1);
        }
        return NULL;
}

static int source_name(ImageSource *s, const char *text, Error *error) {
        char *colon = transports[s->transport].has_name ? strchr(s->path, ':') : NULL;
        int r;

        if (colon) {
                *colon = '\0';
                s->name = strdup(colon + 1);
                if (!s->name)
                        return -ENOMEM;
                if (*s->name == '\0')
                        return bad_reference(error, text, "nothing stands behind the last colon");
        }
        if (*s->path == '\0')
                return bad_reference(error, text, "the path is missing");
        if (!s->name || s->transport != TRANSPORT_DOCKER_ARCHIVE)
                return 0;

        _cleanup_(reference_done) Reference reference = {};
        r = reference_parse(s->name, &reference, error);
        if (r < 0)
                return r;
        free(s->name);
        s->name = reference_format(&reference);
        return s->name ? 0 : -ENOMEM;
}

int image_source_parse(const char *text, ImageSource *ret, Error *error) {
        _cleanup_(image_source_done) ImageSource s = { .transport = TRANSPORT_REGISTRY };
        const char *path = transport_split(text, &s.transport) ?: text;
        int r;

        s.path = strdup(path);
        if (!s.path)
                return -ENOMEM;
        if (s.transport == TRANSPORT_REGISTRY) {
                _cleanup_(reference_done) Reference reference = {};
                r = reference_parse(path, &reference, error);
        } else
                r = source_name(&s, text, error);
        if (r < 0)
                return r;

        *ret = s;
        s = (ImageSource) {};
        return 0;
}

void image_source_done(ImageSource *s) {
        free(s->path);
        free(s->name);
        *s = (ImageSource) {};
}
