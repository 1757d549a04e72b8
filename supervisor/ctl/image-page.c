/* SPDX-License-Identifier: MIT */
#include "ctl/image-page.h"

#include <string.h>

#include "base/text.h"
#include "ctl/image-view.h"
#include "ctl/value-text.h"
#include "supd/image-store.h"

/* ---- for people -------------------------------------------------------------------------------- */

#define LABEL_WIDTH 13

static void print_label(const Terminal *t, const char *label, FILE *out) {
        int padding = LABEL_WIDTH - (int) strlen(label);

        fprintf(out,
                        "%*s%s%s%s ",
                        MAX(padding, 0),
                        "",
                        style_on(t, STYLE_STRONG),
                        label,
                        style_off(t, STYLE_STRONG));
}

static int print_text(const Terminal *t, const char *label, const char *text, FILE *out) {
        _cleanup_free_ char *safe = terminal_text(text);

        if (!safe)
                return -ENOMEM;
        print_label(t, label, out);
        fprintf(out, "%s\n", safe);
        return 0;
}

/* A line for each, the first behind the label. */
static int
print_texts(const ImageGroup *g, const Terminal *t, const char *label, const char *key, FILE *out) {
        const char *text;

        for (size_t i = 0; (text = image_group_get_nth(g, key, i)); i++) {
                int r = print_text(t, i == 0 ? label : "", text, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Words of a command, quoted where a shell would need it to be the same. */
static char *join_words(const ImageGroup *g, const char *key) {
        char *text = NULL;
        const char *word;
        size_t size;

        FILE *stream = open_memstream(&text, &size);
        if (!stream)
                return NULL;
        for (size_t i = 0; (word = image_group_get_nth(g, key, i)); i++) {
                bool plain = *word && !word[strcspn(word, " \t\n'\"\\$`|&;<>()*?[]#~!{}")];
                fputs(i > 0 ? " " : "", stream);
                if (plain) {
                        fputs(word, stream);
                        continue;
                }
                fputc('\'', stream);
                for (; *word; word++)
                        fputs(*word == '\'' ? "'\\''" : (char[]) { *word, '\0' }, stream);
                fputc('\'', stream);
        }
        if (fclose(stream) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int print_command(const ImageGroup *g,
                const Terminal *t,
                const char *label,
                const char *key,
                FILE *out) {
        _cleanup_free_ char *text = join_words(g, key);

        if (!text)
                return -ENOMEM;
        return *text ? print_text(t, label, text, out) : 0;
}

static int
print_one(const ImageGroup *g, const Terminal *t, const char *label, const char *key, FILE *out) {
        const char *text = image_group_get(g, key);

        return text && *text ? print_text(t, label, text, out) : 0;
}

/* clang-format off */
static const struct {
        const char *label, *key;
        int (*print)(const ImageGroup *g, const Terminal *t, const char *label, const char *key, FILE *out);
} page_rows[] = {
        { "Id:",          SUPD_STORE_ID,            print_one     },
        { "Digest:",      "IMAGE",                  print_one     },
        { "At:",          "REPO_DIGEST",            print_texts   },
        { "Author:",      "AUTHOR",                 print_one     },
        { "Entrypoint:",  SUPD_STORE_ENTRYPOINT,    print_command },
        { "Command:",     SUPD_STORE_COMMAND,       print_command },
        { "User:",        SUPD_STORE_USER,          print_one     },
        { "Directory:",   SUPD_STORE_WORKING_DIR,   print_one     },
        { "Environment:", SUPD_STORE_ENVIRONMENT,   print_texts   },
        { "Ports:",       SUPD_STORE_PORT,          print_texts   },
        { "Volumes:",     SUPD_STORE_VOLUME,        print_texts   },
        { "Stop signal:", SUPD_STORE_STOP_SIGNAL,   print_one     },
        { "Health:",      SUPD_STORE_HEALTH_TEST,   print_command },
        { "Labels:",      SUPD_STORE_LABEL,         print_texts   },
        { "Used by:",     "USED_BY",                print_texts   },
        { "Layers:",      SUPD_STORE_LAYER,         print_texts   },
        { "Damaged:",     "DAMAGED",                print_one     },
};
/* clang-format on */

static int print_title(const ImageGroup *g, const Terminal *t, FILE *out) {
        const char *name;

        for (size_t i = 0; (name = image_group_get_nth(g, SUPD_STORE_NAME, i)); i++) {
                _cleanup_free_ char *safe = terminal_text(name);
                if (!safe)
                        return -ENOMEM;
                fprintf(out, "%s%s%s\n", style_on(t, STYLE_GOOD), safe, style_off(t, STYLE_GOOD));
        }
        if (!image_group_get(g, SUPD_STORE_NAME))
                fputs(IMAGE_NONE "\n", out);
        return 0;
}

static int print_figures(const ImageGroup *g, const Terminal *t, uint64_t now_usec, FILE *out) {
        const char *os = image_group_get(g, "OS"), *arch = image_group_get(g, "ARCHITECTURE"),
                   *variant = image_group_get(g, "VARIANT"),
                   *created = image_group_get(g, "CREATED");
        uint64_t size = image_group_get_u64(g, "SIZE"), n = image_group_get_u64(g, "LAYERS");
        _cleanup_free_ char *age = image_age(created, now_usec),
                            *bytes = bytes_format(size == UINT64_MAX ? 0 : size),
                            *platform = str_printf("%s/%s%s%s",
                                            os ?: "?",
                                            arch ?: "?",
                                            variant ? "/" : "",
                                            variant ?: "");
        int r = 0;

        if (!age || !bytes || !platform)
                return -ENOMEM;
        if (created) {
                _cleanup_free_ char *text = str_printf("%s (%s)", created, age);
                r = text ? print_text(t, "Created:", text, out) : -ENOMEM;
        }
        if (r >= 0)
                r = print_text(t, "Platform:", platform, out);
        if (r < 0 || size == UINT64_MAX)
                return r;
        _cleanup_free_ char *text = str_printf("%s in %llu layer%s",
                        bytes,
                        (unsigned long long) (n == UINT64_MAX ? 0 : n),
                        n == 1 ? "" : "s");
        return text ? print_text(t, "Size:", text, out) : -ENOMEM;
}

int image_page_print(const ImageGroup *image, const Terminal *t, uint64_t now_usec, FILE *out) {
        int r;

        r = print_title(image, t, out);
        if (r >= 0)
                r = print_figures(image, t, now_usec, out);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(page_rows); i++)
                r = page_rows[i].print(image, t, page_rows[i].label, page_rows[i].key, out);
        return r;
}

/* ---- as Docker has it -------------------------------------------------------------------------- */

/* clang-format off */
static const ImageProperty image_properties[] = {
        { "Id",           SUPD_STORE_ID,            IMAGE_TEXT    },
        { "RepoTags",     SUPD_STORE_NAME,          IMAGE_TEXTS   },
        { "RepoDigests",  "REPO_DIGEST",            IMAGE_TEXTS   },
        { "Digest",       "IMAGE",                  IMAGE_TEXT    },
        { "Created",      "CREATED",                IMAGE_TEXT    },
        { "Author",       "AUTHOR",                 IMAGE_TEXT    },
        { "Architecture", "ARCHITECTURE",           IMAGE_TEXT    },
        { "Variant",      "VARIANT",                IMAGE_TEXT    },
        { "Os",           "OS",                     IMAGE_TEXT    },
        { "Size",         "SIZE",                   IMAGE_NUMBER  },
        { "Containers",   "USED_BY",                IMAGE_TEXTS   },
        { "ReadOnly",     "READ_ONLY",              IMAGE_BOOLEAN },
};

static const ImageProperty config_properties[] = {
        { "User",         SUPD_STORE_USER,          IMAGE_TEXT    },
        { "ExposedPorts", SUPD_STORE_PORT,          IMAGE_KEYS    },
        { "Env",          SUPD_STORE_ENVIRONMENT,   IMAGE_TEXTS   },
        { "Entrypoint",   SUPD_STORE_ENTRYPOINT,    IMAGE_TEXTS   },
        { "Cmd",          SUPD_STORE_COMMAND,       IMAGE_TEXTS   },
        { "Shell",        SUPD_STORE_SHELL,         IMAGE_TEXTS   },
        { "Volumes",      SUPD_STORE_VOLUME,        IMAGE_KEYS    },
        { "WorkingDir",   SUPD_STORE_WORKING_DIR,   IMAGE_TEXT    },
        { "Labels",       SUPD_STORE_LABEL,         IMAGE_PAIRS   },
        { "StopSignal",   SUPD_STORE_STOP_SIGNAL,   IMAGE_TEXT    },
};

static const ImageProperty health_properties[] = {
        { "Test",         SUPD_STORE_HEALTH_TEST,              IMAGE_TEXTS  },
        { "Interval",     SUPD_STORE_HEALTH_INTERVAL_NSEC,     IMAGE_NUMBER },
        { "Timeout",      SUPD_STORE_HEALTH_TIMEOUT_NSEC,      IMAGE_NUMBER },
        { "StartPeriod",  SUPD_STORE_HEALTH_START_PERIOD_NSEC, IMAGE_NUMBER },
        { "StartInterval", SUPD_STORE_HEALTH_START_INTERVAL_NSEC, IMAGE_NUMBER },
        { "Retries",      SUPD_STORE_HEALTH_RETRIES,           IMAGE_NUMBER },
};

static const ImageProperty root_properties[] = {
        { "Layers",       SUPD_STORE_LAYER,         IMAGE_DIGESTS },
};
/* clang-format on */

static int add_dict(const ImageGroup *image,
                const char *name,
                const ImageProperty *properties,
                size_t n,
                Value *parent) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT };

        int r = image_group_to_dict(image, properties, n, &dict);
        return r < 0 ? r : value_dict_add(parent, name, &dict);
}

static int add_config(const ImageGroup *image, Value *parent) {
        _cleanup_value_ Value config = { .type = VALUE_DICT };

        int r = image_group_to_dict(
                        image, config_properties, ELEMENTSOF(config_properties), &config);
        if (r >= 0 && image_group_get(image, SUPD_STORE_HEALTH_TEST))
                r = add_dict(image,
                                "Healthcheck",
                                health_properties,
                                ELEMENTSOF(health_properties),
                                &config);
        return r < 0 ? r : value_dict_add(parent, "Config", &config);
}

int image_page_value(const ImageGroup *image, Value *ret) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT };

        int r = image_group_to_dict(image, image_properties, ELEMENTSOF(image_properties), &dict);
        if (r >= 0)
                r = add_config(image, &dict);
        if (r >= 0)
                r = add_dict(image, "RootFS", root_properties, ELEMENTSOF(root_properties), &dict);
        if (r < 0)
                return r;
        *ret = dict;
        dict = (Value) {};
        return 0;
}
