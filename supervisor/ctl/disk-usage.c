/* SPDX-License-Identifier: MIT */
#include "ctl/disk-usage.h"

#include "base/text.h"
#include "ctl/image-view.h"
#include "ctl/table.h"
#include "ctl/value-text.h"

/* Kinds of things and the keys of their figures; NULL: it has none. */
/* clang-format off */
static const struct {
        const char *type;
        const char *count, *active;
        const char *sizes[3];    /* added up; NULL: none */
        const char *reclaimable; /* NULL: all of it */
        bool if_any;             /* not worth a line otherwise */
} kinds[] = {
        { "Images",     "IMAGE_COUNT",     "ACTIVE_COUNT",           { "BLOBS_TOTAL", "LAYERS_TOTAL", "TREES_TOTAL" },
                        "RECLAIMABLE_ALL",        false },
        { "Containers", "CONTAINER_COUNT", "CONTAINER_ACTIVE_COUNT", { "CONTAINERS_TOTAL" },
                        "CONTAINERS_RECLAIMABLE", true  },
        { "Downloads",  "PARTIAL_COUNT",   NULL,                     { "PARTIAL_TOTAL" },
                        NULL,                     true  },
        { "Leftovers",  "LEFTOVER_COUNT",  NULL,                     { "LEFTOVERS_TOTAL" },
                        NULL,                     true  },
};

static const TableColumn kind_columns[] = {
        { .title = "TYPE"                       },
        { .title = "TOTAL",       .right = true },
        { .title = "ACTIVE",      .right = true },
        { .title = "SIZE",        .right = true },
        { .title = "RECLAIMABLE", .right = true },
};

static const TableColumn image_columns[] = {
        { .title = "REPOSITORY",  .width_min = 20 },
        { .title = "TAG",         .width_min = 8  },
        { .title = "IMAGE ID"                     },
        { .title = "CREATED"                      },
        { .title = "SIZE",        .right = true   },
        { .title = "SHARED SIZE", .right = true   },
        { .title = "UNIQUE SIZE", .right = true   },
        { .title = "CONTAINERS",  .right = true   },
};
/* clang-format on */

typedef struct Figures {
        uint64_t count, active, size, reclaimable;
} Figures;

static uint64_t figure(const ImageGroup *all, const char *key) {
        uint64_t n = key ? image_group_get_u64(all, key) : 0;

        return n == UINT64_MAX ? 0 : n;
}

static uint64_t size_of(const ImageGroup *all, size_t kind) {
        uint64_t sum = 0;

        for (size_t i = 0; i < ELEMENTSOF(kinds[kind].sizes); i++)
                sum += figure(all, kinds[kind].sizes[i]);
        return sum;
}

/* Return: whether it is to be shown. */
static bool get_figures(const ImageGroup *all, size_t kind, Figures *ret) {
        *ret = (Figures) {
                .count = figure(all, kinds[kind].count),
                .active = figure(all, kinds[kind].active),
                .size = size_of(all, kind),
        };
        ret->reclaimable =
                        kinds[kind].reclaimable ? figure(all, kinds[kind].reclaimable) : ret->size;
        return !kinds[kind].if_any || ret->count > 0;
}

/* ---- for people -------------------------------------------------------------------------------- */

static int add_owned(Table *table, char *text) {
        _cleanup_free_ char *owned = text;

        return owned ? table_add(table, STYLE_PLAIN, owned) : -ENOMEM;
}

static int add_number(Table *table, uint64_t number) {
        return number == UINT64_MAX
                               ? table_add(table, STYLE_PLAIN, "-")
                               : add_owned(table, str_printf("%llu", (unsigned long long) number));
}

static int add_bytes(Table *table, uint64_t bytes) {
        return bytes == UINT64_MAX ? table_add(table, STYLE_PLAIN, "-")
                                   : add_owned(table, bytes_format(bytes));
}

static int add_reclaimable(Table *table, const Figures *f) {
        _cleanup_free_ char *bytes = bytes_format(f->reclaimable);
        double share = f->size > 0 ? (double) f->reclaimable / (double) f->size * 100 : 0;

        return bytes ? add_owned(table, str_printf("%s (%.0f%%)", bytes, share)) : -ENOMEM;
}

static int add_kind(Table *table, const ImageGroup *all, size_t kind) {
        Figures f;

        if (!get_figures(all, kind, &f))
                return 0;
        int r = table_add(table, STYLE_PLAIN, kinds[kind].type);
        if (r >= 0)
                r = add_number(table, f.count);
        if (r >= 0)
                r = add_number(table, f.active);
        if (r >= 0)
                r = add_bytes(table, f.size);
        return r < 0 ? r : add_reclaimable(table, &f);
}

/* The first of its names stands for all; `images` lists the others. */
static int add_image(Table *table, const ImageGroup *image, uint64_t now_usec) {
        _cleanup_free_ char *repository = NULL, *tag = NULL;

        int r = image_split_name(image_group_get_nth(image, "NAME", 0), &repository, &tag);
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, repository);
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, tag);
        if (r >= 0)
                r = add_owned(table, image_short_id(image_group_get(image, "ID") ?: IMAGE_NONE));
        if (r >= 0)
                r = add_owned(table, image_age(image_group_get(image, "CREATED"), now_usec));
        if (r >= 0)
                r = add_bytes(table, image_group_get_u64(image, "SIZE"));
        if (r >= 0)
                r = add_bytes(table, image_group_get_u64(image, "SHARED"));
        if (r >= 0)
                r = add_bytes(table, image_group_get_u64(image, "UNIQUE"));
        return r < 0 ? r : add_number(table, image_group_get_u64(image, "CONTAINERS"));
}

static int print_images(const ImageRecords *answer,
                const Terminal *t,
                bool with_header,
                uint64_t now_usec,
                FILE *out) {
        _cleanup_(table_done) Table table = {
                .columns = image_columns,
                .n_columns = ELEMENTSOF(image_columns),
        };
        ImageGroup image = {};
        int r = 0;

        while (r >= 0 && image_records_next(answer, "IMAGE", &image))
                r = add_image(&table, &image, now_usec);
        if (r >= 0 && with_header)
                fputs("\nImages:\n\n", out);
        return r < 0 ? r : table_print(&table, t, with_header, out);
}

int disk_usage_print(const ImageRecords *answer,
                const Terminal *t,
                bool with_header,
                bool with_images,
                uint64_t now_usec,
                FILE *out) {
        _cleanup_(table_done) Table table = {
                .columns = kind_columns,
                .n_columns = ELEMENTSOF(kind_columns),
        };
        ImageGroup all = image_records_all(answer);
        int r = 0;

        for (size_t kind = 0; r >= 0 && kind < ELEMENTSOF(kinds); kind++)
                r = add_kind(&table, &all, kind);
        if (r >= 0)
                r = table_print(&table, t, with_header, out);
        return r < 0 || !with_images ? r : print_images(answer, t, with_header, now_usec, out);
}

/* ---- for programs ------------------------------------------------------------------------------ */

static int add_kind_value(const ImageGroup *all, size_t kind, Value *list) {
        _cleanup_value_ Value item = { .type = VALUE_DICT };
        Figures f;

        if (!get_figures(all, kind, &f))
                return 0;
        _cleanup_value_ Value type = {
                .type = VALUE_STRING,
                .string = strdup(kinds[kind].type),
        };
        const struct {
                const char *name;
                uint64_t number;
        } numbers[] = {
                { "TotalCount", f.count },
                { "Active", f.active },
                { "Size", f.size },
                { "Reclaimable", f.reclaimable },
        };

        int r = type.string ? value_dict_add(&item, "Type", &type) : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(numbers); i++) {
                Value number = { .type = VALUE_UNSIGNED, .number = numbers[i].number };
                r = value_dict_add(&item, numbers[i].name, &number);
        }
        return r < 0 ? r : value_array_add(list, &item);
}

static int add_images_value(const ImageRecords *answer, Value *dict) {
        static const ImageProperty properties[] = {
                { "Id", "ID", IMAGE_TEXT },
                { "Digest", "IMAGE", IMAGE_TEXT },
                { "RepoTags", "NAME", IMAGE_TEXTS },
                { "Created", "CREATED", IMAGE_TEXT },
                { "Size", "SIZE", IMAGE_NUMBER },
                { "SharedSize", "SHARED", IMAGE_NUMBER },
                { "UniqueSize", "UNIQUE", IMAGE_NUMBER },
                { "Containers", "CONTAINERS", IMAGE_NUMBER },
        };
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };
        ImageGroup image = {};
        int r = 0;

        while (r >= 0 && image_records_next(answer, "IMAGE", &image)) {
                _cleanup_value_ Value item = { .type = VALUE_DICT };

                r = image_group_to_dict(&image, properties, ELEMENTSOF(properties), &item);
                if (r >= 0)
                        r = value_array_add(&list, &item);
        }
        return r < 0 ? r : value_dict_add(dict, "Images", &list);
}

int disk_usage_value(const ImageRecords *answer, bool with_images, Value *ret) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT }, list = { .type = VALUE_ARRAY };
        ImageGroup all = image_records_all(answer);
        int r = 0;

        for (size_t kind = 0; r >= 0 && kind < ELEMENTSOF(kinds); kind++)
                r = add_kind_value(&all, kind, &list);
        if (r >= 0)
                r = value_dict_add(&dict, "Usage", &list);
        if (r >= 0 && with_images)
                r = add_images_value(answer, &dict);
        if (r < 0)
                return r;
        *ret = dict;
        dict = (Value) {};
        return 0;
}
