/* SPDX-License-Identifier: MIT */
#include "image/load.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/oci/hash.h"
#include "image/oci/json.h"
#include "image/load-blob.h"
#include "image/progress.h"

#define INDEX_DEPTH_MAX 3U /* an index may name an index */
#define ARCHIVE_IMAGES_MAX 1000U
#define OCI_BLOB_PREFIX "blobs/sha256/"
#define DOCKER_BLOB_PREFIX ""
#define STANDARD_INPUT "/dev/stdin" /* a path that no image is named after */

typedef struct Load {
        Store *store;               /* borrowed */
        const LoadRequest *request; /* borrowed */
        LoadSource files;
        const char *blob_prefix; /* before a digest's digits */
} Load;

/* ---- what all have in common ------------------------------------------------------------------ */
static char *blob_path(const Load *l, const Digest *digest) {
        return str_printf("%s%s", l->blob_prefix, digest_hex(digest));
}

static int read_file(const Load *l,
                const char *path,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error) {
        return load_source_read(&l->files, path, limit, ret, ret_size, error);
}

static int read_blob(const Load *l,
                const Digest *digest,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error) {
        _cleanup_free_ char *path = blob_path(l, digest), *text = NULL;
        Digest found;
        int r;

        if (!path)
                return -ENOMEM;
        r = read_file(l, path, limit, &text, ret_size, error);
        if (r >= 0)
                r = digest_of(text, *ret_size, &found);
        if (r < 0)
                return r;
        if (!digest_equal(&found, digest))
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "'%s' has digest %s",
                                path,
                                found.text);
        *ret = TAKE_PTR(text);
        return 0;
}

/* "latest" and the like name nothing by themselves; Docker's and containerd's full names do. */
static int normalise(const char *name, char **ret) {
        _cleanup_(reference_done) Reference reference = {};

        if (!name || !strpbrk(name, "/:") || reference_parse(name, &reference, NULL) < 0)
                return 0;
        *ret = reference_format(&reference);
        return *ret ? 1 : -ENOMEM;
}

/* The last resort, as podman has it: localhost/DIRECTORY:TAG. What comes through a pipe has no name. */
static int name_from_path(const Load *l, const char *tag, char **ret) {
        _cleanup_(reference_done) Reference reference = {};
        if (str_equal(l->request->source->path, STANDARD_INPUT))
                return 0;
        _cleanup_free_ char *path = strdup(l->request->source->path);
        if (!path)
                return -ENOMEM;

        for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
                path[n - 1] = '\0';
        const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        _cleanup_free_ char *name = str_printf("localhost/%s:%s", base, tag ?: "latest");
        if (!name)
                return -ENOMEM;
        if (reference_parse(name, &reference, NULL) >= 0)
                *ret = TAKE_PTR(name);
        return 0;
}

static int choose_name(const Load *l, const char *own, char **ret) {
        int r;

        if (l->request->name)
                return str_replace(ret, l->request->name);
        r = normalise(own, ret);
        return r != 0 ? r : name_from_path(l, own, ret);
}

/*
 * A name with a digest is a promise of what it names, and whoever wrote an archive can promise anything: without
 * what the digest is of, the rest of the name is left, or none.
 */
static int check_promise(
                const char *name, const Digest *manifest, const Digest *source, char **ret) {
        _cleanup_(reference_done) Reference reference = {};

        if (!name || reference_parse(name, &reference, NULL) < 0 ||
                        !reference_has_digest(&reference) ||
                        digest_equal(&reference.digest, manifest) ||
                        (source && digest_equal(&reference.digest, source)))
                return str_replace(ret, name);
        _cleanup_free_ char *notice = str_printf(
                        "'%.256s' is not its name, as its digest is another one: %s",
                        name,
                        reference.tag ? "it is called so without the digest" : "it gets no name");
        if (!notice)
                return -ENOMEM;
        progress_notice(notice);
        if (!reference.tag)
                return 0;
        reference.digest = (Digest) {};
        *ret = reference_format(&reference);
        return *ret ? 0 : -ENOMEM;
}

/* The last step: everything else is on disk. */
static int record_image(const Load *l,
                const char *name,
                const char *manifest,
                size_t size,
                const Digest *source_digest,
                Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_free_ char *promised = NULL;
        char media_type[] = MEDIA_OCI_MANIFEST;
        Descriptor d = { .media_type = media_type, .size = size };
        int r;

        r = manifest_parse(manifest, size, &m, error);
        if (r >= 0)
                r = store_put_blob(l->store, manifest, size, &d.digest, error);
        if (r >= 0)
                r = check_promise(name, &d.digest, source_digest, &promised);
        if (r >= 0)
                r = store_record(l->store,
                                promised,
                                &d,
                                source_digest ? source_digest->text : NULL,
                                error);
        if (r >= 0)
                l->request->on_image(promised, &d.digest, &m.config.digest);
        return r;
}

/* What is imported: the parts that all formats come down to. */
typedef struct Import {
        const Manifest *manifest; /* borrowed, as all of these */
        const ImageConfig *config;
        char *const *paths; /* of the layers' files; NULL: they are named by their digests */
} Import;

/* Its blob comes into the store, unless it is there, and is unpacked meanwhile. */
static int import_layer(
                const Load *l, const Import *i, const BlobFollower *follower, Error *error) {
        LayerSet *set = follower->set;
        size_t n = follower->index;
        const Descriptor *d = &i->manifest->entries[n];
        const BlobInfo expected = { .digest = d->digest, .size = d->size };
        _cleanup_(source_file_done) SourceFile file = SOURCE_FILE_NONE;
        BlobInfo got;
        int r;

        r = store_claim(l->store, &d->digest, error);
        if (r < 0)
                return r;
        _cleanup_close_ int there = store_open_blob(l->store, &d->digest);
        if (there >= 0)
                return layer_set_offer(set, n, error);
        _cleanup_free_ char *path = i->paths ? strdup(i->paths[n]) : blob_path(l, &d->digest);
        if (!path)
                return -ENOMEM;
        r = load_source_find(&l->files, path, &file);
        if (r < 0 && r != -ENOMEM)
                return error_set(error, r, ERROR_STORAGE, "layer '%.256s'", path);
        if (r >= 0)
                r = load_blob(l->store, &file, &expected, follower, &got, error);
        if (r < 0)
                return r == -ENOMEM ? r : error_prefix(error, r, "layer '%.256s'", path);
        return layer_set_offer(set, n, error);
}

static int import_layers(const Load *l, const Import *i, Error *error) {
        _cleanup_(load_progress_freep) LoadProgress *progress = NULL;
        _cleanup_(layer_set_freep) LayerSet *set = NULL;
        int r;

        r = load_progress_new(i->manifest, &progress);
        if (r < 0)
                return r;
        const LayerSetSpec spec = { .store = l->store,
                .settings = &l->request->layers,
                .manifest = i->manifest,
                .config = i->config,
                .on_state = load_progress_state,
                .userdata = progress };
        progress_platform(&i->config->platform, &l->request->platform);
        r = layer_set_new(&spec, &set, error);
        for (size_t n = 0; n < i->manifest->n_entries && r >= 0; n++)
                load_progress_state(n, layer_set_state(set, n), progress);
        for (size_t n = 0; n < i->manifest->n_entries && r >= 0; n++) {
                const BlobFollower follower = { .set = set, .progress = progress, .index = n };
                r = import_layer(l, i, &follower, error);
        }
        return r < 0 ? r : layer_set_finish(set, error);
}

static int import_manifest(
                const Load *l, const char *text, size_t size, const char *own_name, Error *error) {
        _cleanup_free_ char *config = NULL, *translated = NULL, *name = NULL;
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_(manifest_done) Manifest m = {};
        const Import import = { .manifest = &m, .config = &c };
        size_t config_size;
        Digest source, stored;
        int r;

        r = manifest_parse(text, size, &m, error);
        if (r >= 0 && m.is_index)
                r = error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "an index where an image should be");
        if (r >= 0)
                r = read_blob(l, &m.config.digest, CONFIG_SIZE_MAX, &config, &config_size, error);
        if (r >= 0)
                r = image_config_parse(config, config_size, &c, error);
        if (r >= 0)
                r = store_put_blob(l->store, config, config_size, &stored, error);
        if (r >= 0)
                r = import_layers(l, &import, error);
        if (r >= 0)
                r = choose_name(l, own_name, &name);
        if (r >= 0)
                r = digest_of(text, size, &source);
        if (r < 0)
                return r;

        if (m.is_foreign) {
                translated = manifest_format(&m.config, m.entries, m.n_entries);
                if (!translated)
                        return -ENOMEM;
                text = translated;
                size = strlen(translated);
        }
        return record_image(l, name, text, size, &source, error);
}

/* ---- OCI layouts ------------------------------------------------------------------------------ */
static int no_platform(const Load *l, Error *error) {
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_NOT_SUPPORTED,
                        "there is no image for %s/%s%s%s in it",
                        l->request->platform.os,
                        l->request->platform.architecture,
                        l->request->platform.variant ? "/" : "",
                        l->request->platform.variant ?: "");
}

/* From an entry of index.json down to the image for our platform. */
static int import_entry(const Load *l, const Descriptor *entry, const char *name, Error *error) {
        Digest digest = entry->digest;

        for (unsigned depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
                _cleanup_(manifest_done) Manifest m = {};
                _cleanup_free_ char *text = NULL;
                size_t size;
                int r;

                r = read_blob(l, &digest, MANIFEST_SIZE_MAX, &text, &size, error);
                if (r >= 0)
                        r = manifest_parse(text, size, &m, error);
                if (r < 0)
                        return r;
                if (!m.is_index)
                        return import_manifest(l, text, size, name, error);
                const Descriptor *chosen = manifest_choose(&m, &l->request->platform);
                if (!chosen)
                        return no_platform(l, error);
                digest = chosen->digest;
        }
        return error_set_plain(error, -ELOOP, ERROR_STORAGE, "indexes are nested too deeply");
}

/* Without a tag: the only entry, or the one for our platform among entries without names. */
static const Descriptor *layout_choose(const Load *l, const Manifest *index) {
        const char *tag = l->request->source->name;

        for (size_t i = 0; tag && i < index->n_entries; i++)
                if (str_equal(index->entries[i].name, tag))
                        return &index->entries[i];
        if (tag)
                return NULL;
        if (index->n_entries == 1)
                return &index->entries[0];
        for (size_t i = 0; i < index->n_entries; i++)
                if (index->entries[i].name)
                        return NULL;
        return manifest_choose(index, &l->request->platform);
}

/* Whatever has a name in there. */
static int import_named(const Load *l, const Manifest *index, Error *error) {
        int r = 0;

        for (size_t i = 0; i < index->n_entries && r >= 0; i++)
                if (index->entries[i].name)
                        r = import_entry(l, &index->entries[i], index->entries[i].name, error);
        return r;
}

static bool is_any_named(const Manifest *index) {
        for (size_t i = 0; i < index->n_entries; i++)
                if (index->entries[i].name)
                        return true;
        return false;
}

static int load_oci(const Load *l, Error *error) {
        _cleanup_(manifest_done) Manifest index = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file(l, "index.json", MANIFEST_SIZE_MAX, &text, &size, error);
        if (r >= 0)
                r = manifest_parse(text, size, &index, error);
        if (r < 0)
                return r;
        const Descriptor *entry = index.is_index ? layout_choose(l, &index) : NULL;
        if (entry)
                return import_entry(l, entry, l->request->source->name ?: entry->name, error);
        if (l->request->source->name)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_BAD_NAME,
                                "it has no image '%s'",
                                l->request->source->name);
        if (index.is_index && l->request->all && !l->request->name && is_any_named(&index) &&
                        index.n_entries <= ARCHIVE_IMAGES_MAX)
                return import_named(l, &index, error);
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_BAD_NAME,
                        "it has %zu images; name one of them behind a colon",
                        index.n_entries);
}

static int load_dir(const Load *l, Error *error) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file(l, "manifest.json", MANIFEST_SIZE_MAX, &text, &size, error);
        return r < 0 ? r : import_manifest(l, text, size, NULL, error);
}

/* ---- docker save ------------------------------------------------------------------------------ */
static Compression compression_of(const SourceFile *f) {
        static const unsigned char gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
        unsigned char start[4] = {};

        if (f->size < sizeof(start) || pread(f->fd, start, sizeof(start), (off_t) f->offset) < 2)
                return COMPRESSION_NONE;
        if (memcmp(start, gzip, sizeof(gzip)) == 0)
                return COMPRESSION_GZIP;
        return memcmp(start, zstd, sizeof(zstd)) == 0 ? COMPRESSION_ZSTD : COMPRESSION_NONE;
}

/* A plain layer's digest is its diff id, which the configuration says. That of a compressed one is known
 * when it has been copied. */
static int docker_layer(const Load *l,
                const char *path,
                const Digest *diff_id,
                Descriptor *ret,
                Error *error) {
        _cleanup_(source_file_done) SourceFile file = SOURCE_FILE_NONE;
        BlobInfo info;
        int r;

        r = load_source_find(&l->files, path, &file);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error, r, ERROR_STORAGE, "layer '%.256s'", path);
        Compression compression = compression_of(&file);
        info = (BlobInfo) { .digest = *diff_id, .size = file.size };
        if (compression != COMPRESSION_NONE) {
                r = load_blob(l->store, &file, NULL, NULL, &info, error);
                if (r < 0)
                        return r == -ENOMEM ? r : error_prefix(error, r, "layer '%.256s'", path);
        }
        ret->digest = info.digest;
        ret->size = info.size;
        return str_replace(&ret->media_type, compression_media_type(compression));
}

static int
docker_layers(const Load *l, char *const *paths, const ImageConfig *c, Manifest *m, Error *error) {
        size_t n = strv_length(paths);
        int r = 0;

        if (n > LAYERS_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "%zu layers exceed the limit of %u",
                                n,
                                LAYERS_MAX);
        if (n != c->n_diff_ids)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "manifest.json has %zu layers, the image configuration %zu",
                                n,
                                c->n_diff_ids);
        m->entries = calloc(n + 1, sizeof(*m->entries));
        if (!m->entries)
                return -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = docker_layer(l, paths[i], &c->diff_ids[i], &m->entries[m->n_entries++], error);
        return r;
}

static int docker_record(const Load *l, char *const *tags, const char *text, Error *error) {
        size_t size = strlen(text);
        int r = 0;

        if (l->request->name || l->request->source->name || !tags)
                return record_image(l,
                                l->request->name ?: l->request->source->name,
                                text,
                                size,
                                NULL,
                                error);
        STRV_FOREACH (tag, tags) {
                _cleanup_free_ char *name = NULL;
                r = normalise(*tag, &name);
                if (r == 0)
                        r = error_set_plain(error,
                                        -EBADMSG,
                                        ERROR_BAD_NAME,
                                        "bad name '%.256s' in manifest.json",
                                        *tag);
                if (r > 0)
                        r = record_image(l, name, text, size, NULL, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int docker_image(const Load *l, const json_t *item, char *const *tags, Error *error) {
        _cleanup_free_ char *config = NULL, *text = NULL;
        _cleanup_(image_config_done) ImageConfig c = {};
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_strv_ char **layers = NULL;
        const char *config_path = json_text(item, "Config");
        size_t size;
        int r;

        if (!config_path)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_STORAGE,
                                "manifest.json: 'Config' is missing");
        r = json_copy_texts(item, "Layers", &layers);
        if (r >= 0)
                r = read_file(l, config_path, CONFIG_SIZE_MAX, &config, &size, error);
        if (r >= 0)
                r = image_config_parse(config, size, &c, error);
        if (r >= 0)
                r = docker_layers(l, layers, &c, &m, error);
        if (r >= 0)
                r = str_replace(&m.config.media_type, MEDIA_OCI_CONFIG);
        if (r >= 0)
                r = store_put_blob(l->store, config, size, &m.config.digest, error);
        const Import import = { .manifest = &m, .config = &c, .paths = layers };
        if (r >= 0)
                r = import_layers(l, &import, error);
        if (r < 0)
                return r;
        m.config.size = size;
        text = manifest_format(&m.config, m.entries, m.n_entries);
        return text ? docker_record(l, tags, text, error) : -ENOMEM;
}

static bool tags_have(char *const *tags, const char *wanted) {
        STRV_FOREACH (tag, tags) {
                _cleanup_free_ char *name = NULL;
                if (normalise(*tag, &name) > 0 && str_equal(name, wanted))
                        return true;
        }
        return false;
}

static int load_docker(const Load *l, Error *error) {
        _cleanup_json_ json_t *array = NULL;
        _cleanup_free_ char *text = NULL;
        const char *wanted = l->request->source->name;
        bool found = false;
        json_t *item;
        size_t size, i;
        int r;

        r = read_file(l, "manifest.json", MANIFEST_SIZE_MAX, &text, &size, error);
        if (r < 0)
                return r;
        r = json_parse_array(text, size, "manifest.json", &array, error);
        if (r < 0)
                return r;
        size_t n = json_array_size(array);
        if (n > ARCHIVE_IMAGES_MAX || (l->request->name && !wanted && n > 1))
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_INVALID_ARGUMENT,
                                "it has %zu images; name one of them behind a colon",
                                n);
        json_array_foreach(array, i, item) {
                _cleanup_strv_ char **tags = NULL;
                r = json_copy_texts(item, "RepoTags", &tags);
                if (r < 0)
                        return r;
                if (wanted && !tags_have(tags, wanted))
                        continue;
                found = true;
                r = docker_image(l, item, tags, error);
                if (r < 0)
                        return r;
        }
        if (found)
                return 0;
        return error_set_plain(
                        error, -ENOENT, ERROR_BAD_NAME, "it has no image '%s'", wanted ?: "at all");
}

/* ---- either archive ---------------------------------------------------------------------------- */

static bool has_file(const Load *l, const char *path) {
        _cleanup_(source_file_done) SourceFile file = SOURCE_FILE_NONE;

        return load_source_find(&l->files, path, &file) >= 0;
}

/* `docker save` writes both, and only manifest.json has the names as people know them. */
static int load_either(const Load *l, Error *error) {
        Load known = *l; /* borrows the files */

        if (has_file(l, "manifest.json")) {
                known.blob_prefix = DOCKER_BLOB_PREFIX;
                return load_docker(&known, error);
        }
        if (has_file(l, "index.json")) {
                known.blob_prefix = OCI_BLOB_PREFIX;
                return load_oci(&known, error);
        }
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "it is no archive of images: neither of `docker save`, with a "
                        "manifest.json, nor of an OCI layout, with an index.json");
}

/* ---- transports ------------------------------------------------------------------------------- */
/* clang-format off */
static const struct {
        int (*load)(const Load *l, Error *error);
        const char *blob_prefix;
        bool is_archive;
} loaders[_TRANSPORT_MAX] = {
        [TRANSPORT_OCI]            = { load_oci,    OCI_BLOB_PREFIX,    false },
        [TRANSPORT_OCI_ARCHIVE]    = { load_oci,    OCI_BLOB_PREFIX,    true  },
        [TRANSPORT_DOCKER_ARCHIVE] = { load_docker, DOCKER_BLOB_PREFIX, true  },
        [TRANSPORT_DIR]            = { load_dir,    "",                 false },
        [TRANSPORT_ARCHIVE]        = { load_either, OCI_BLOB_PREFIX,    true  },
};
/* clang-format on */

int load_image(Store *s, const LoadRequest *request, Error *error) {
        Transport t = request->source->transport;
        Load l = { .store = s, .request = request, .blob_prefix = loaders[t].blob_prefix };
        int r;

        assert(loaders[t].load);
        r = load_source_open(&l.files,
                        s,
                        &request->layers,
                        request->source_fd,
                        loaders[t].is_archive,
                        error);
        if (r >= 0)
                r = loaders[t].load(&l, error);
        load_source_close(&l.files, s);
        return r < 0 && r != -ENOMEM ? error_prefix(error,
                                                       r,
                                                       "%s:%s",
                                                       transport_to_string(t),
                                                       request->source->path)
                                     : r;
}
