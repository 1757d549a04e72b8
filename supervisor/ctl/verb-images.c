/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/text.h"
#include "ctl/image-run.h"
#include "ctl/image-view.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/value-text.h"
#include "supd/exit-status.h"

static int add_owned(Table *table, Style style, char *text) {
        _cleanup_free_ char *owned = text;

        return owned ? table_add(table, style, owned) : -ENOMEM;
}

static int add_id(Table *table, const char *digest, bool whole) {
        if (!digest)
                return table_add(table, STYLE_PLAIN, IMAGE_NONE);
        return whole ? table_add(table, STYLE_PLAIN, digest)
                     : add_owned(table, STYLE_PLAIN, image_short_id(digest));
}

static int add_bytes(Table *table, uint64_t bytes) {
        return bytes == UINT64_MAX ? table_add(table, STYLE_PLAIN, "-")
                                   : add_owned(table, STYLE_PLAIN, bytes_format(bytes));
}

/* ---- images ------------------------------------------------------------------------------------ */

static const TableColumn image_columns[] = {
        { .title = "REPOSITORY", .width_min = 20 },
        { .title = "TAG", .width_min = 8 },
        { .title = "IMAGE ID" },
        { .title = "CREATED" },
        { .title = "SIZE", .right = true },
};

static const TableColumn image_columns_with_digest[] = {
        { .title = "REPOSITORY", .width_min = 20 },
        { .title = "TAG", .width_min = 8 },
        { .title = "DIGEST" },
        { .title = "IMAGE ID" },
        { .title = "CREATED" },
        { .title = "SIZE", .right = true },
};

/* What a registry knows it by, else what we do. */
static const char *digest_of(const ImageGroup *image) {
        return image_group_get(image, "SOURCE_DIGEST") ?: image_group_get(image, "IMAGE");
}

static int add_image(Context *c, Table *table, const ImageGroup *image, uint64_t now_usec) {
        const ImageOptions *o = &c->options->image;
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        Style style = image_group_get(image, "DAMAGED") ? STYLE_BAD : STYLE_PLAIN;

        int r = image_split_name(image_group_get(image, "NAME"), &repository, &tag);
        if (r >= 0)
                r = table_add(table, style, repository);
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, tag);
        if (r >= 0 && o->digests)
                r = table_add(table, STYLE_PLAIN, digest_of(image));
        if (r >= 0)
                r = add_id(table, image_group_get(image, "ID"), o->no_trunc);
        if (r >= 0)
                r = add_owned(table,
                                STYLE_PLAIN,
                                image_age(image_group_get(image, "CREATED"), now_usec));
        return r < 0 ? r : add_bytes(table, image_group_get_u64(image, "SIZE"));
}

static void tell_damaged(const ImageGroup *image) {
        const char *why = image_group_get(image, "DAMAGED");
        _cleanup_free_ char *safe = why ? terminal_text(why) : NULL;

        if (safe)
                fprintf(stderr,
                                "supctl: %s is damaged: %s; see 'supctl image verify'\n",
                                image_group_get(image, "NAME") ?: image_group_get(image, "IMAGE"),
                                safe);
}

static int print_ids(Context *c, const ImageRecords *images, const ImageFilter *filter) {
        ImageGroup image = {};

        while (image_records_next(images, "IMAGE", &image)) {
                const char *id = image_group_get(&image, "ID") ?: image_group_get(&image, "IMAGE");
                if (!image_filter_selects(filter, &image))
                        continue;
                _cleanup_free_ char *text =
                                c->options->image.no_trunc ? strdup(id) : image_short_id(id);
                if (!text)
                        return -ENOMEM;
                fprintf(c->out, "%s\n", text);
        }
        return SUPCTL_EXIT_SUCCESS;
}

static int print_images(Context *c, const ImageRecords *images, const ImageFilter *filter) {
        bool digests = c->options->image.digests;
        _cleanup_(table_done) Table table = {
                .columns = digests ? image_columns_with_digest : image_columns,
                .n_columns = digests ? ELEMENTSOF(image_columns_with_digest)
                                     : ELEMENTSOF(image_columns),
        };
        Terminal terminal = c->terminal;
        uint64_t now_usec = clock_realtime_usec();
        ImageGroup image = {};
        int r = 0;

        if (c->options->image.no_trunc)
                terminal.width = WIDTH_UNLIMITED;
        while (r >= 0 && image_records_next(images, "IMAGE", &image)) {
                if (!image_filter_selects(filter, &image))
                        continue;
                tell_damaged(&image);
                r = add_image(c, &table, &image, now_usec);
        }
        if (r >= 0)
                r = table_print(&table, &terminal, !c->options->no_legend, c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

static const ImageProperty image_properties[] = {
        { "Id", "ID", IMAGE_TEXT },
        { "Name", "NAME", IMAGE_TEXT },
        { "Digest", "IMAGE", IMAGE_TEXT },
        { "SourceDigest", "SOURCE_DIGEST", IMAGE_TEXT },
        { "Created", "CREATED", IMAGE_TEXT },
        { "Size", "SIZE", IMAGE_NUMBER },
        { "Layers", "LAYERS", IMAGE_NUMBER },
        { "Os", "OS", IMAGE_TEXT },
        { "Architecture", "ARCHITECTURE", IMAGE_TEXT },
        { "Variant", "VARIANT", IMAGE_TEXT },
        { "Containers", "USED_BY", IMAGE_TEXTS },
        { "ReadOnly", "READ_ONLY", IMAGE_BOOLEAN },
        { "Damaged", "DAMAGED", IMAGE_TEXT },
};

static int print_images_json(Context *c, const ImageRecords *images, const ImageFilter *filter) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };
        ImageGroup image = {};
        int r = 0;

        while (r >= 0 && image_records_next(images, "IMAGE", &image)) {
                _cleanup_value_ Value item = { .type = VALUE_DICT };

                if (!image_filter_selects(filter, &image))
                        continue;
                r = image_group_to_dict(
                                &image, image_properties, ELEMENTSOF(image_properties), &item);
                if (r >= 0)
                        r = value_array_add(&list, &item);
        }
        return r < 0 ? r : json_print(json_from_value(&list), c->out);
}

int verb_images(Context *c, char *const *words, Error *error) {
        char *const ask[] = { (char *) "ls", NULL };
        _cleanup_(image_records_done) ImageRecords images = {};
        ImageFilter filter = {
                .pattern = words ? *words : NULL,
                .terms = c->options->image.filters,
                .unnamed = c->options->all,
        };

        int r = image_fetch(c, ask, &images, error);
        if (r >= 0)
                r = image_filter_prepare(&filter, &images, error);
        if (r < 0)
                return r;
        if (c->options->json)
                return print_images_json(c, &images, &filter);
        return c->options->quiet ? print_ids(c, &images, &filter)
                                 : print_images(c, &images, &filter);
}

/* ---- history ----------------------------------------------------------------------------------- */

#define CREATED_BY_WIDTH 45U /* as Docker has it */

static const TableColumn history_columns[] = {
        { .title = "CREATED" },
        { .title = "CREATED BY", .width_min = 20 },
        { .title = "SIZE", .right = true },
        { .title = "COMMENT", .width_min = 8 },
};

static int add_step(Context *c, Table *table, const ImageGroup *step, uint64_t now_usec) {
        _cleanup_free_ char *by = terminal_text(image_group_get(step, "CREATED_BY")), *cut = NULL;

        if (!by)
                return -ENOMEM;
        cut = text_ellipsize(&c->terminal,
                        by,
                        c->options->image.no_trunc ? WIDTH_UNLIMITED : CREATED_BY_WIDTH);
        if (!cut)
                return -ENOMEM;
        int r = add_owned(
                        table, STYLE_PLAIN, image_age(image_group_get(step, "CREATED"), now_usec));
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, cut);
        if (r >= 0)
                r = add_bytes(table, image_group_get_u64(step, "SIZE"));
        return r < 0 ? r : table_add(table, STYLE_PLAIN, image_group_get(step, "COMMENT"));
}

static const ImageProperty history_properties[] = {
        { "Created", "CREATED", IMAGE_TEXT },
        { "CreatedBy", "CREATED_BY", IMAGE_TEXT },
        { "Author", "AUTHOR", IMAGE_TEXT },
        { "Comment", "COMMENT", IMAGE_TEXT },
        { "Size", "SIZE", IMAGE_NUMBER },
        { "Layer", "LAYER", IMAGE_TEXT },
        { "EmptyLayer", "EMPTY_LAYER", IMAGE_BOOLEAN },
};

/* Asked for the oldest first; people look for what came last. */
typedef struct Steps {
        ImageGroup *items; /* owned; the newest first */
        size_t n_items;
} Steps;

static int steps_find(const ImageRecords *history, Steps *ret) {
        ImageGroup step = {};
        size_t n = 0, i;

        while (image_records_next(history, "HISTORY", &step))
                n++;
        ImageGroup *items = calloc(MAX(n, (size_t) 1), sizeof(*items));
        if (!items)
                return -ENOMEM;
        step = (ImageGroup) {};
        for (i = n; image_records_next(history, "HISTORY", &step);)
                items[--i] = step;
        *ret = (Steps) { .items = items, .n_items = n };
        return 0;
}

static int print_history_json(Context *c, const Steps *steps) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < steps->n_items; i++) {
                _cleanup_value_ Value item = { .type = VALUE_DICT };

                r = image_group_to_dict(&steps->items[i],
                                history_properties,
                                ELEMENTSOF(history_properties),
                                &item);
                if (r >= 0)
                        r = value_array_add(&list, &item);
        }
        return r < 0 ? r : json_print(json_from_value(&list), c->out);
}

static int print_history(Context *c, const Steps *steps) {
        _cleanup_(table_done) Table table = {
                .columns = history_columns,
                .n_columns = ELEMENTSOF(history_columns),
        };
        uint64_t now_usec = clock_realtime_usec();
        Terminal terminal = c->terminal;
        int r = 0;

        if (c->options->image.no_trunc)
                terminal.width = WIDTH_UNLIMITED;
        for (size_t i = 0; r >= 0 && i < steps->n_items; i++)
                r = add_step(c, &table, &steps->items[i], now_usec);
        if (r >= 0)
                r = table_print(&table, &terminal, !c->options->no_legend, c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

int verb_history(Context *c, char *const *words, Error *error) {
        char *const ask[] = { (char *) "history", (char *) "--", words[0], NULL };
        _cleanup_(image_records_done) ImageRecords history = {};
        Steps steps = {};

        int r = image_fetch(c, ask, &history, error);
        if (r >= 0)
                r = steps_find(&history, &steps);
        if (r < 0)
                return r;
        r = c->options->json ? print_history_json(c, &steps) : print_history(c, &steps);
        free(steps.items);
        return r;
}
