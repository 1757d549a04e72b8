/* SPDX-License-Identifier: MIT */
#include "image/oci/manifest.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/strv.h"
#include "base/text.h"
#include "image/oci/json.h"

/* clang-format off */
static const struct {
        const char *foreign, *own;
        Compression compression;
} media_types[] = {
        { MEDIA_DOCKER_LIST,     MEDIA_OCI_INDEX,         _COMPRESSION_INVALID },
        { MEDIA_DOCKER_MANIFEST, MEDIA_OCI_MANIFEST,      _COMPRESSION_INVALID },
        { MEDIA_OCI_INDEX,       MEDIA_OCI_INDEX,         _COMPRESSION_INVALID },
        { MEDIA_OCI_MANIFEST,    MEDIA_OCI_MANIFEST,      _COMPRESSION_INVALID },
        { MEDIA_OCI_CONFIG,      MEDIA_OCI_CONFIG,        _COMPRESSION_INVALID },
        { MEDIA_OCI_LAYER,       MEDIA_OCI_LAYER,         COMPRESSION_NONE },
        { MEDIA_OCI_LAYER "+gzip", MEDIA_OCI_LAYER "+gzip", COMPRESSION_GZIP },
        { MEDIA_OCI_LAYER "+zstd", MEDIA_OCI_LAYER "+zstd", COMPRESSION_ZSTD },
        { "application/vnd.docker.container.image.v1+json",
                MEDIA_OCI_CONFIG, _COMPRESSION_INVALID },
        { "application/vnd.docker.image.rootfs.diff.tar", MEDIA_OCI_LAYER, COMPRESSION_NONE },
        { "application/vnd.docker.image.rootfs.diff.tar.gzip",
                MEDIA_OCI_LAYER "+gzip", COMPRESSION_GZIP },
        { "application/vnd.docker.image.rootfs.diff.tar.zstd",
                MEDIA_OCI_LAYER "+zstd", COMPRESSION_ZSTD },
};
/* clang-format on */

static const char *media_type_own(const char *media_type) {
        for (size_t i = 0; i < ELEMENTSOF(media_types); i++)
                if (str_equal(media_types[i].foreign, media_type))
                        return media_types[i].own;
        return NULL;
}

Compression descriptor_compression(const Descriptor *d) {
        for (size_t i = 0; i < ELEMENTSOF(media_types); i++)
                if (str_equal(media_types[i].own, d->media_type))
                        return media_types[i].compression;
        return _COMPRESSION_INVALID;
}

const char *compression_media_type(Compression c) {
        static const char *const names[_COMPRESSION_MAX] = {
                [COMPRESSION_NONE] = MEDIA_OCI_LAYER,
                [COMPRESSION_GZIP] = MEDIA_OCI_LAYER "+gzip",
                [COMPRESSION_ZSTD] = MEDIA_OCI_LAYER "+zstd",
        };

        return c >= 0 && c < _COMPRESSION_MAX ? names[c] : NULL;
}

/* ---- descriptors ------------------------------------------------------------------------------ */
static int platform_parse(const json_t *j, Platform *p) {
        int r = json_copy_text(j, "os", &p->os);
        if (r >= 0)
                r = json_copy_text(j, "architecture", &p->architecture);
        if (r >= 0)
                r = json_copy_text(j, "variant", &p->variant);
        return r;
}

static int descriptor_parse(const json_t *j, const char *what, Descriptor *d, Error *error) {
        const char *digest = json_text(j, "digest"), *media_type = json_text(j, "mediaType");
        const json_t *annotations = json_object_get(j, "annotations");
        int r;

        if (!digest || json_size(j, "size", &d->size) < 0)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "manifest: %s lacks its digest or size",
                                what);
        r = digest_parse(digest, &d->digest, error);
        if (r < 0)
                return error_prefix(error, r, "manifest: %s", what);

        /* Types that we don't know stay as they are: entries of an index that nobody chooses. */
        r = str_replace(&d->media_type, media_type ? media_type_own(media_type) ?: media_type : "");
        if (r >= 0)
                r = platform_parse(json_object_get(j, "platform"), &d->platform);
        if (r >= 0)
                r = json_copy_text(annotations, ANNOTATION_CONTAINERD_NAME, &d->name);
        if (r >= 0 && !d->name)
                r = json_copy_text(annotations, ANNOTATION_REF_NAME, &d->name);
        return r;
}

void platform_done(Platform *p) {
        free(p->os);
        free(p->architecture);
        free(p->variant);
        *p = (Platform) {};
}

void descriptor_done(Descriptor *d) {
        free(d->media_type);
        free(d->name);
        platform_done(&d->platform);
        *d = (Descriptor) {};
}

void manifest_done(Manifest *m) {
        descriptor_done(&m->config);
        for (size_t i = 0; i < m->n_entries; i++)
                descriptor_done(&m->entries[i]);
        free(m->entries);
        *m = (Manifest) {};
}

static int entries_parse(
                const json_t *array, size_t limit, const char *what, Manifest *m, Error *error) {
        size_t n = json_array_size(array);
        json_t *item;
        size_t i;

        if (n > limit)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "manifest: %zu %ss exceed the limit of %zu",
                                n,
                                what,
                                limit);
        m->entries = calloc(n + 1, sizeof(*m->entries));
        if (!m->entries)
                return -ENOMEM;
        json_array_foreach(array, i, item) {
                m->n_entries = i + 1;
                int r = descriptor_parse(item, what, &m->entries[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int layers_check(const Manifest *m, Error *error) {
        for (size_t i = 0; i < m->n_entries; i++)
                if (descriptor_compression(&m->entries[i]) < 0)
                        return error_set_plain(error,
                                        -EOPNOTSUPP,
                                        ERROR_NOT_SUPPORTED,
                                        "manifest: layer %zu is of unsupported type '%s'",
                                        i + 1,
                                        m->entries[i].media_type);
        if (!str_equal(m->config.media_type, MEDIA_OCI_CONFIG))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this is no image: its configuration is of type '%s'",
                                m->config.media_type);
        return 0;
}

int manifest_parse(const char *text, size_t size, Manifest *ret, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_json_ json_t *j = NULL;
        int r;

        r = json_parse(text, size, "manifest", &j, error);
        if (r < 0)
                return r;
        if (json_integer_value(json_object_get(j, "schemaVersion")) != 2)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "manifest: only schema version 2 is supported");

        const json_t *manifests = json_object_get(j, "manifests");
        const json_t *layers = json_object_get(j, "layers");
        /* Both in one document is CVE-2021-41190: readers disagree about what it is. */
        if (json_is_array(manifests) == json_is_array(layers))
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "manifest: either 'layers' or 'manifests' is wanted");

        const char *media_type = json_text(j, "mediaType");
        const char *config_type = json_text(json_object_get(j, "config"), "mediaType");
        m.is_index = json_is_array(manifests);
        m.is_foreign = str_equal(media_type, MEDIA_DOCKER_MANIFEST) ||
                       (config_type && !str_equal(config_type, MEDIA_OCI_CONFIG));
        if (m.is_index)
                r = entries_parse(manifests, INDEX_ENTRIES_MAX, "image", &m, error);
        else {
                r = descriptor_parse(json_object_get(j, "config"), "config", &m.config, error);
                if (r >= 0)
                        r = entries_parse(layers, LAYERS_MAX, "layer", &m, error);
                if (r >= 0)
                        r = layers_check(&m, error);
        }
        if (r < 0)
                return r;

        *ret = m;
        m = (Manifest) {};
        return 0;
}

static json_t *descriptor_to_json(const Descriptor *d) {
        return json_pack("{s:s, s:s, s:I}",
                        "mediaType",
                        d->media_type,
                        "digest",
                        d->digest.text,
                        "size",
                        (json_int_t) d->size);
}

char *manifest_format(const Descriptor *config, const Descriptor *layers, size_t n_layers) {
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; i < n_layers; i++)
                if (json_array_append_new(array, descriptor_to_json(&layers[i])) < 0)
                        return NULL;
        _cleanup_json_ json_t *j = json_pack("{s:i, s:s, s:o, s:O}",
                        "schemaVersion",
                        2,
                        "mediaType",
                        MEDIA_OCI_MANIFEST,
                        "config",
                        descriptor_to_json(config),
                        "layers",
                        array);
        return j ? json_dumps(j, JSON_COMPACT) : NULL;
}

/* ---- platforms -------------------------------------------------------------------------------- */
/* clang-format off */
static const struct {
        const char *machine, *architecture, *variant;
} machines[] = {
        { "x86_64",      "amd64",    NULL },
        { "i386",        "386",      NULL },
        { "i686",        "386",      NULL },
        { "aarch64",     "arm64",    "v8" },
        { "armv7l",      "arm",      "v7" },
        { "armv6l",      "arm",      "v6" },
        { "armv5tel",    "arm",      "v5" },
        { "riscv64",     "riscv64",  NULL },
        { "ppc64le",     "ppc64le",  NULL },
        { "s390x",       "s390x",    NULL },
        { "loongarch64", "loong64",  NULL },
        { "mips64",      "mips64le", NULL },
};
/* clang-format on */

int platform_host(Platform *p) {
        bool own_architecture = !p->architecture;
        const char *architecture = NULL, *variant = NULL;
        struct utsname u;

        if (!p->os && str_replace(&p->os, "linux") < 0)
                return -ENOMEM;
        if (!own_architecture)
                return 0;
        if (uname(&u) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(machines); i++)
                if (str_equal(machines[i].machine, u.machine)) {
                        architecture = machines[i].architecture;
                        variant = machines[i].variant;
                }
        if (str_replace(&p->architecture, architecture ?: u.machine) < 0)
                return -ENOMEM;
        if (!p->variant && variant && str_replace(&p->variant, variant) < 0)
                return -ENOMEM;
        return 0;
}

/* arm64 without a variant is v8: the only one there was when images began to name it. */
static const char *variant_of(const Platform *p) {
        if (p->variant)
                return p->variant;
        return str_equal(p->architecture, "arm64") ? "v8" : "";
}

bool platform_fits(const Platform *have, const Platform *want) {
        if (!str_equal(have->os, want->os) || !str_equal(have->architecture, want->architecture))
                return false;
        /* "v6" runs on "v7"; without a wanted variant the plain one is meant, or any. */
        return !want->variant || strcmp(variant_of(have), variant_of(want)) <= 0;
}

const Descriptor *manifest_choose(const Manifest *index, const Platform *wanted) {
        const Descriptor *best = NULL;

        for (size_t i = 0; i < index->n_entries; i++) {
                const Descriptor *d = &index->entries[i];
                if (!platform_fits(&d->platform, wanted))
                        continue;
                if (!best || (wanted->variant && strcmp(variant_of(&d->platform),
                                                                 variant_of(&best->platform)) > 0))
                        best = d;
        }
        if (!best && index->n_entries == 1 && !index->entries[0].platform.os)
                return &index->entries[0];
        return best;
}

/* ---- configuration ---------------------------------------------------------------------------- */
static int diff_ids_parse(const json_t *rootfs, ImageConfig *c, Error *error) {
        const json_t *array = json_object_get(rootfs, "diff_ids");
        json_t *item;
        size_t i;

        if (!json_is_array(array) || json_array_size(array) > LAYERS_MAX)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "image configuration: 'rootfs.diff_ids' is missing or has more "
                                "than %u elements",
                                LAYERS_MAX);
        c->diff_ids = calloc(json_array_size(array) + 1, sizeof(*c->diff_ids));
        if (!c->diff_ids)
                return -ENOMEM;
        json_array_foreach(array, i, item) {
                int r = digest_parse(json_string_value(item) ?: "", &c->diff_ids[i], error);
                if (r < 0)
                        return error_prefix(error, r, "image configuration: diff_ids");
                c->n_diff_ids = i + 1;
        }
        return 0;
}

static int history_entry_parse(const json_t *j, HistoryEntry *h) {
        int r;

        r = json_copy_text(j, "created", &h->created);
        if (r >= 0)
                r = json_copy_text(j, "created_by", &h->created_by);
        if (r >= 0)
                r = json_copy_text(j, "author", &h->author);
        if (r >= 0)
                r = json_copy_text(j, "comment", &h->comment);
        h->is_empty = json_is_true(json_object_get(j, "empty_layer"));
        return r;
}

static int history_parse(const json_t *array, ImageConfig *c) {
        json_t *item;
        size_t i, n = MIN(json_array_size(array), (size_t) HISTORY_MAX);

        c->history = calloc(n + 1, sizeof(*c->history));
        if (!c->history)
                return -ENOMEM;
        json_array_foreach(array, i, item) {
                if (i == n)
                        break;
                c->n_history = i + 1;
                int r = history_entry_parse(item, &c->history[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The keys of an object: what Docker uses for sets. With @with_values as "KEY=VALUE". */
static int keys_parse(const json_t *object, bool with_values, char ***ret) {
        _cleanup_strv_ char **v = NULL;
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) object, key, value) {
                int r = with_values ? strv_append_printf(&v,
                                                      "%s=%s",
                                                      key,
                                                      json_string_value(value) ?: "")
                                    : strv_append(&v, key);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(v);
        return 0;
}

/* A number that makes no sense is as good as none. */
static int health_parse(const json_t *j, ImageConfig *c) {
        const struct {
                const char *key;
                uint64_t *number;
        } numbers[] = {
                { "Interval", &c->health_interval_nsec },
                { "Timeout", &c->health_timeout_nsec },
                { "StartPeriod", &c->health_start_period_nsec },
                { "StartInterval", &c->health_start_interval_nsec },
                { "Retries", &c->health_retries },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                (void) json_size(j, numbers[i].key, numbers[i].number); /* stays 0 */
        return json_copy_texts(j, "Test", &c->health_test);
}

static int run_config_parse(const json_t *j, ImageConfig *c) {
        const struct {
                const char *key;
                char ***list;
        } lists[] = {
                { "Entrypoint", &c->entrypoint },
                { "Cmd", &c->command },
                { "Env", &c->environment },
                { "Shell", &c->shell },
        };
        const struct {
                const char *key;
                char **text;
        } texts[] = {
                { "User", &c->user },
                { "WorkingDir", &c->working_directory },
                { "StopSignal", &c->stop_signal },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(lists) && r >= 0; i++)
                r = json_copy_texts(j, lists[i].key, lists[i].list);
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = json_copy_text(j, texts[i].key, texts[i].text);
        if (r >= 0)
                r = keys_parse(json_object_get(j, "Volumes"), false, &c->volumes);
        if (r >= 0)
                r = keys_parse(json_object_get(j, "ExposedPorts"), false, &c->ports);
        if (r >= 0)
                r = keys_parse(json_object_get(j, "Labels"), true, &c->labels);
        if (r >= 0)
                r = health_parse(json_object_get(j, "Healthcheck"), c);
        return r;
}

int image_config_parse(const char *text, size_t size, ImageConfig *ret, Error *error) {
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_json_ json_t *j = NULL;
        int r;

        r = json_parse(text, size, "image configuration", &j, error);
        if (r >= 0)
                r = diff_ids_parse(json_object_get(j, "rootfs"), &c, error);
        if (r >= 0)
                r = platform_parse(j, &c.platform);
        if (r >= 0)
                r = json_copy_text(j, "created", &c.created);
        if (r >= 0)
                r = json_copy_text(j, "author", &c.author);
        if (r >= 0)
                r = history_parse(json_object_get(j, "history"), &c);
        if (r >= 0)
                r = run_config_parse(json_object_get(j, "config"), &c);
        if (r < 0)
                return r;

        *ret = c;
        c = (ImageConfig) {};
        return 0;
}

void image_config_done(ImageConfig *c) {
        char **lists[] = { c->entrypoint,
                c->command,
                c->environment,
                c->volumes,
                c->ports,
                c->labels,
                c->shell,
                c->health_test };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                (void) strv_free(lists[i]); /* always NULL */
        for (size_t i = 0; i < c->n_history; i++) {
                free(c->history[i].created);
                free(c->history[i].created_by);
                free(c->history[i].author);
                free(c->history[i].comment);
        }
        free(c->history);
        platform_done(&c->platform);
        free(c->created);
        free(c->author);
        free(c->diff_ids);
        free(c->user);
        free(c->working_directory);
        free(c->stop_signal);
        *c = (ImageConfig) {};
}
