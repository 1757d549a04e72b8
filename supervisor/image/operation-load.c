/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "image/answer.h"
#include "image/load.h"
#include "image/operation.h"

/* A reader that went away is found out by the answer proper. */
static void tell_image(const char *name, const Digest *manifest, const Digest *config) {
        RecordWriter w = {};

        record_put(&w, "IMAGE", manifest->text);
        record_put(&w, "ID", config->text);
        record_put(&w, "NAME", name);
        (void) answer_write(&w, NULL);
}

int operation_load(Operation *o, Error *error) {
        _cleanup_free_ char *name = NULL;
        int r = 0;

        if (o->options->name) {
                r = operation_new_name(o->options->name, &name, error);
                if (r < 0)
                        return r;
        }
        LoadRequest request = {
                .source = &o->source,
                .source_fd = o->source_fd,
                .name = name,
                .all = true,
                .platform = o->platform,
                .layers = o->layers,
                .on_image = tell_image,
        };
        r = store_begin(o->store, error);
        if (r < 0)
                return r;
        r = load_image(o->store, &request, error);
        /* A full disk gets its space back at once; what can't be removed now, a prune removes. */
        if (r < 0)
                (void) store_undo(o->store, NULL);
        return r;
}
