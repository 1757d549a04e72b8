/* SPDX-License-Identifier: MIT */
#include "ctl/image-removal.h"

#include <string.h>

#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/value-text.h"
#include "supd/image-store.h"

#define IMAGE "IMAGE"
#define REMOVED "REMOVED"
#define REMOVED_BYTES "REMOVED_BYTES"

/* A prune tells the images that go, with their sizes; a removal by name just the names. */
static size_t count_key(const ImageRecords *answer, const char *key) {
        size_t n = 0;

        for (size_t i = 0; i < answer->n_fields; i++)
                n += str_equal(answer->fields[i].key, key);
        return n;
}

size_t image_removal_count(const ImageRecords *answer) {
        return count_key(answer, IMAGE) ?: count_key(answer, REMOVED);
}

uint64_t image_removal_bytes(const ImageRecords *answer) {
        ImageGroup all = image_records_all(answer);
        uint64_t bytes = image_group_get_u64(&all, REMOVED_BYTES);

        return bytes == UINT64_MAX ? 0 : bytes;
}

static int print_json(Context *c, const ImageRecords *answer, bool would) {
        static const ImageProperty properties[] = {
                { "Images", IMAGE, IMAGE_TEXTS },
                { "Names", "NAME", IMAGE_TEXTS },
                { "Removed", REMOVED, IMAGE_TEXTS },
                { "RemovedBlobs", "REMOVED_BLOBS", IMAGE_NUMBER },
                { "RemovedLayers", "REMOVED_LAYERS", IMAGE_NUMBER },
                { "SpaceReclaimed", REMOVED_BYTES, IMAGE_NUMBER },
                { "Notices", SUPD_IMAGE_EVENT_NOTICE, IMAGE_TEXTS },
        };
        _cleanup_value_ Value object = { .type = VALUE_DICT };
        Value dry_run = { .type = VALUE_BOOLEAN, .boolean = would };
        ImageGroup all = image_records_all(answer);

        int r = image_group_to_dict(&all, properties, ELEMENTSOF(properties), &object);
        if (r >= 0)
                r = value_dict_add(&object, "DryRun", &dry_run);
        return r < 0 ? r : json_print(json_from_value(&object), c->out);
}

/* @bytes: UINT64_MAX: not told */
static int print_removed(Context *c, const char *what, uint64_t bytes, bool would) {
        _cleanup_free_ char *safe = terminal_text(what),
                            *size = bytes == UINT64_MAX ? strdup("") : bytes_format(bytes);

        if (!safe || !size)
                return -ENOMEM;
        if (c->options->quiet)
                fprintf(c->out, "%s\n", safe);
        else
                fprintf(c->out,
                                "%s: %s%s%s%s\n",
                                would ? "Would remove" : "Removed",
                                safe,
                                *size ? " (" : "",
                                size,
                                *size ? ")" : "");
        return 0;
}

static int print_image(Context *c, const ImageGroup *image, bool would) {
        uint64_t bytes = image_group_get_u64(image, "SIZE");
        const char *name;
        int r = 0;

        if (!image_group_get(image, "NAME"))
                return print_removed(c, image_group_get(image, IMAGE), bytes, would);
        for (size_t i = 0; r >= 0 && (name = image_group_get_nth(image, "NAME", i)); i++)
                r = print_removed(c, name, bytes, would);
        return r;
}

static int print_all(Context *c, const ImageRecords *answer, bool would) {
        ImageGroup all = image_records_all(answer), image = {};
        const char *name;
        int r = 0;

        while (r >= 0 && image_records_next(answer, IMAGE, &image))
                r = print_image(c, &image, would);
        for (size_t i = 0;
                        r >= 0 && !image.fields && (name = image_group_get_nth(&all, REMOVED, i));
                        i++)
                r = print_removed(c, name, UINT64_MAX, would);
        return r;
}

static int tell_notices(const ImageRecords *answer) {
        ImageGroup all = image_records_all(answer);
        const char *text;

        for (size_t i = 0; (text = image_group_get_nth(&all, SUPD_IMAGE_EVENT_NOTICE, i)); i++) {
                _cleanup_free_ char *safe = terminal_text(text);
                if (!safe)
                        return -ENOMEM;
                fprintf(stderr, "supctl: %s\n", safe);
        }
        return 0;
}

int image_removal_print(Context *c, const ImageRecords *answer, bool would) {
        _cleanup_free_ char *bytes = bytes_format(image_removal_bytes(answer));

        if (c->options->json)
                return print_json(c, answer, would);
        if (!bytes)
                return -ENOMEM;
        int r = print_all(c, answer, would);
        if (r >= 0)
                r = tell_notices(answer);
        if (r >= 0 && image_removal_bytes(answer) > 0 && !c->options->quiet)
                fprintf(c->out, "%s: %s\n", would ? "Would free" : "Freed", bytes);
        return r;
}
