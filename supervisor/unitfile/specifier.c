/* SPDX-License-Identifier: MIT */
#include "unitfile/specifier.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "unitfile/text-builder.h"

/* Where a specifier's text comes from. Exactly one of the three is set. */
typedef struct Specifier {
        char letter;
        const char *constant;
        size_t fact;                                    /* offset in MachineFacts + 1 */
        char *(*make)(const SpecifierContext *context); /* NULL: out of memory */
} Specifier;

/* ---- parts of the unit's name -------------------------------------------------------------------- */

static size_t stem_size(const SpecifierContext *c) {
        const char *dot = strrchr(c->id, '.');

        return dot ? (size_t) (dot - c->id) : strlen(c->id);
}

static size_t prefix_size(const SpecifierContext *c) {
        const char *at = strchr(c->id, '@');

        return at ? (size_t) (at - c->id) : stem_size(c);
}

static char *make_id(const SpecifierContext *c) {
        return strdup(c->id);
}

static char *make_stem(const SpecifierContext *c) {
        return strndup(c->id, stem_size(c));
}

static char *make_prefix(const SpecifierContext *c) {
        return strndup(c->id, prefix_size(c));
}

static char *make_last_part(const SpecifierContext *c) {
        size_t size = prefix_size(c), start = size;

        while (start > 0 && c->id[start - 1] != '-')
                start--;
        return strndup(c->id + start, size - start);
}

static char *make_instance(const SpecifierContext *c) {
        return strdup(c->instance ?: "");
}

static char *unescape_and_free(char *s) {
        char *unescaped = s ? unit_name_unescape(s) : NULL;

        free(s);
        return unescaped;
}

static char *make_prefix_unescaped(const SpecifierContext *c) {
        return unescape_and_free(make_prefix(c));
}

static char *make_last_part_unescaped(const SpecifierContext *c) {
        return unescape_and_free(make_last_part(c));
}

static char *make_instance_unescaped(const SpecifierContext *c) {
        return unescape_and_free(make_instance(c));
}

static char *make_path(const SpecifierContext *c) {
        _cleanup_free_ char *s =
                        c->instance ? make_instance_unescaped(c) : make_prefix_unescaped(c);

        return s ? str_printf("/%s", s) : NULL;
}

static char *make_fragment_path(const SpecifierContext *c) {
        return strdup(c->fragment_path);
}

static char *make_fragment_dir(const SpecifierContext *c) {
        const char *slash = strrchr(c->fragment_path, '/');

        if (!slash)
                return strdup(".");
        return strndup(c->fragment_path,
                        slash == c->fragment_path ? 1 : (size_t) (slash - c->fragment_path));
}

static char *make_credentials_dir(const SpecifierContext *c) {
        return str_printf("/run/credentials/%s", c->id);
}

static char *make_short_host_name(const SpecifierContext *c) {
        const char *name = c->facts->host_name ?: "";

        return strndup(name, strcspn(name, "."));
}

/* clang-format off */
#define FACT(member) (offsetof(MachineFacts, member) + 1)

/* supd manages the system: its user is root, and its directories are the system's. */
static const Specifier specifiers[] = {
        { 'n', .make = make_id },            { 'N', .make = make_stem },
        { 'p', .make = make_prefix },        { 'P', .make = make_prefix_unescaped },
        { 'i', .make = make_instance },      { 'I', .make = make_instance_unescaped },
        { 'j', .make = make_last_part },     { 'J', .make = make_last_part_unescaped },
        { 'f', .make = make_path },
        { 'y', .make = make_fragment_path }, { 'Y', .make = make_fragment_dir },
        { 't', .constant = "/run" },         { 'S', .constant = "/var/lib" },
        { 'C', .constant = "/var/cache" },   { 'L', .constant = "/var/log" },
        { 'E', .constant = "/etc" },         { 'D', .constant = "/usr/share" },
        { 'T', .constant = "/tmp" },         { 'V', .constant = "/var/tmp" },
        { 'd', .make = make_credentials_dir },
        { 'h', .constant = "/root" },        { 's', .constant = "/bin/sh" },
        { 'u', .constant = "root" },         { 'U', .constant = "0" },
        { 'g', .constant = "root" },         { 'G', .constant = "0" },
        { 'H', .fact = FACT(host_name) },    { 'l', .make = make_short_host_name },
        { 'q', .fact = FACT(pretty_host_name) },
        { 'm', .fact = FACT(machine_id) },   { 'b', .fact = FACT(boot_id) },
        { 'v', .fact = FACT(kernel_release) }, { 'a', .fact = FACT(architecture) },
        { 'o', .fact = FACT(os_id) },        { 'w', .fact = FACT(os_version_id) },
        { 'W', .fact = FACT(os_variant_id) }, { 'B', .fact = FACT(os_build_id) },
        { 'M', .fact = FACT(os_image_id) },  { 'A', .fact = FACT(os_image_version) },
        { '%', .constant = "%" },
};
/* clang-format on */

static const Specifier *specifier_find(char letter) {
        for (size_t i = 0; i < ELEMENTSOF(specifiers); i++) {
                if (specifiers[i].letter == letter)
                        return &specifiers[i];
        }
        return NULL;
}

static int specifier_add(const Specifier *s, const SpecifierContext *context, TextBuilder *b) {
        if (s->constant)
                return text_builder_add(b, s->constant, strlen(s->constant));
        if (s->fact > 0) {
                const char *fact = *(char *const *) ((const char *) context->facts + s->fact - 1);
                return text_builder_add(b, fact ?: "", strlen(fact ?: ""));
        }

        _cleanup_free_ char *made = s->make(context);
        return made ? text_builder_add(b, made, strlen(made)) : -ENOMEM;
}

int specifier_expand(const SpecifierContext *context,
                const char *s,
                size_t size_max,
                char **ret,
                char *ret_bad) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        int r;

        for (;;) {
                size_t plain = strcspn(s, "%");

                r = text_builder_add(&b, s, plain);
                if (r < 0)
                        return r;
                s += plain;
                if (b.size > size_max)
                        return -E2BIG;
                if (*s == '\0')
                        break;

                const Specifier *found = specifier_find(s[1]);
                if (!found && isalnum((unsigned char) s[1])) {
                        *ret_bad = s[1];
                        return -EINVAL;
                }
                /* A '%' before anything else stands for itself. */
                r = found ? specifier_add(found, context, &b) : text_builder_add_char(&b, '%');
                if (r < 0)
                        return r;
                s += found ? 2 : 1;
        }

        *ret = text_builder_take(&b);
        return *ret ? 0 : -ENOMEM;
}

char *unit_name_unescape(const char *s) {
        char *unescaped = malloc(strlen(s) + 1), *to = unescaped;

        if (!unescaped)
                return NULL;
        while (*s) {
                bool hex = s[0] == '\\' && s[1] == 'x' && hex_digit(s[2]) >= 0 &&
                           hex_digit(s[3]) >= 0;
                if (hex && (s[2] != '0' || s[3] != '0')) {
                        *to++ = (char) (hex_digit(s[2]) << 4 | hex_digit(s[3]));
                        s += 4;
                } else {
                        *to++ = *s == '-' ? '/' : *s;
                        s++;
                }
        }
        *to = '\0';
        return unescaped;
}
