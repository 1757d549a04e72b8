/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/operation.h"

/* A digest names what is there already; it can't be given. */
int operation_new_name(const char *text, char **ret, Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        int r;

        r = reference_parse(text, &reference, error);
        if (r < 0)
                return r;
        if (reference_has_digest(&reference))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "'%s': a name with a digest can't be given to an image",
                                text);
        *ret = reference_format(&reference);
        return *ret ? 0 : -ENOMEM;
}

static int tag(Store *s, const StoreImage *image, const char *text, Error *error) {
        _cleanup_free_ char *name = NULL;
        RecordWriter w = {};
        int r;

        r = operation_new_name(text, &name, error);
        if (r >= 0)
                r = store_tag(s, name, image, error);
        if (r < 0)
                return r;
        record_put(&w, "IMAGE", image->manifest.digest.text);
        record_put(&w, "NAME", name);
        return answer_write(&w, error);
}

int operation_tag(Operation *o, Error *error) {
        _cleanup_(store_images_done) StoreImages images = {};
        char *const *arguments = o->options->arguments;
        size_t index;
        int r;

        /* All names first: a bad one must not be found out after some were given. */
        STRV_FOREACH (text, arguments + 1) {
                _cleanup_free_ char *name = NULL;
                r = operation_new_name(*text, &name, error);
                if (r < 0)
                        return r;
        }
        r = store_begin(o->store, error);
        if (r >= 0)
                r = store_list(o->store, &images, error);
        if (r >= 0)
                r = store_find(o->store, &images, arguments[0], &index, error);
        if (r < 0)
                return r;
        STRV_FOREACH (text, arguments + 1) {
                r = tag(o->store, &images.items[index], *text, error);
                if (r < 0)
                        return r;
        }
        return 0;
}
