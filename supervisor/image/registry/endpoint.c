/* SPDX-License-Identifier: MIT */
#include "image/registry/endpoint.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

void endpoints_done(Endpoints *e) {
        for (size_t i = 0; i < e->n_items; i++) {
                free(e->items[i].registry);
                free(e->items[i].repository);
        }
        free(e->items);
        *e = (Endpoints) {};
}

/* What stands behind "REGISTRY " in @mirror; NULL: it is of another registry. */
static const char *mirror_of(const char *mirror, const char *registry) {
        size_t n = strlen(registry);

        return strncmp(mirror, registry, n) == 0 && mirror[n] == ' ' ? mirror + n + 1 : NULL;
}

static int add_mirror(Endpoints *e, const char *mirror, const char *repository, Error *error) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_free_ char *name = str_printf("%s/%s", mirror, repository);
        if (!name)
                return -ENOMEM;

        int q = reference_parse(name, &r, error);
        if (q < 0)
                return error_prefix(error, q, "mirror '%s'", mirror);
        if (!str_has_prefix(mirror, r.registry))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "mirror '%s' does not begin with a host",
                                mirror);
        e->items[e->n_items++] = (Endpoint) { .registry = TAKE_PTR(r.registry),
                .repository = TAKE_PTR(r.repository),
                .is_mirror = true };
        return 0;
}

int endpoints_make(const Reference *reference, char *const *mirrors, Endpoints *ret, Error *error) {
        _cleanup_(endpoints_done) Endpoints e = {};
        Endpoint own = {};
        int r = 0;

        e.items = calloc(strv_length(mirrors) + 1, sizeof(*e.items));
        if (!e.items)
                return -ENOMEM;
        STRV_FOREACH (text, mirrors) {
                const char *mirror = mirror_of(*text, reference->registry);
                if (mirror && r >= 0)
                        r = add_mirror(&e, mirror, reference->repository, error);
        }
        if (r >= 0)
                r = str_replace(&own.registry, reference->registry);
        if (r >= 0)
                r = str_replace(&own.repository, reference->repository);
        e.items[e.n_items++] = own;
        if (r < 0)
                return r;

        *ret = e;
        e = (Endpoints) {};
        return 0;
}

/* As base/reference.c tells a registry from the first part of a path. */
bool name_is_short(const char *name) {
        size_t n = strcspn(name, "/@");
        bool is_localhost = n == strlen("localhost") && strncmp(name, "localhost", n) == 0;

        if (name[n] != '/')
                return true;
        return !memchr(name, '.', n) && !memchr(name, ':', n) && !is_localhost;
}

int name_candidates(const char *name, char *const *search, char ***ret) {
        _cleanup_strv_ char **v = NULL;
        int r = 0;

        if (!name_is_short(name) || !search)
                r = strv_append(&v, name);
        else
                STRV_FOREACH (registry, search)
                        if (r >= 0)
                                r = strv_append_printf(&v, "%s/%s", *registry, name);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(v);
        return 0;
}
