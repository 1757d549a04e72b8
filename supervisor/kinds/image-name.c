/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/reference.h"
#include "base/text.h"
#include "kinds/image.h"

/* "Web@1.image" may be a file's name and not an image's. */
static char *repository_from(const char *stem) {
        char *name = strndup(stem, strcspn(stem, "."));

        for (char *p = name; p && *p; p++)
                *p = isalnum((unsigned char) *p) ? (char) tolower((unsigned char) *p) : '-';
        return name;
}

int image_local_name(const char *reference, const char *stem, char **ret) {
        _cleanup_(image_source_done) ImageSource source = {};
        int r;

        r = image_source_parse(reference, &source, NULL);
        if (r == -ENOMEM)
                return r;
        *ret = NULL;
        if (r < 0 || source.transport == TRANSPORT_REGISTRY)
                return 0;
        if (source.transport == TRANSPORT_DOCKER_ARCHIVE && source.name)
                return str_replace(ret, source.name);
        _cleanup_free_ char *repository = repository_from(stem);
        if (!repository)
                return -ENOMEM;
        const char *p = repository + strspn(repository, "-");
        *ret = str_printf("localhost/%s:latest", *p ? p : "image");
        return *ret ? 0 : -ENOMEM;
}
