/* SPDX-License-Identifier: MIT */
#include "image/import.h"

#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/change.h"
#include "image/layer/inflate.h"
#include "image/oci/json.h"

typedef struct Import {
        Store *store;                 /* borrowed */
        const ImportRequest *request; /* borrowed */
        Descriptor layer;             /* its blob */
        ImportResult result;
} Import;

/* ---- the layer -------------------------------------------------------------------------------- */
static int take_blob(Import *m, Error *error) {
        BlobInfo info;
        int r;

        r = store_copy_blob(m->store, m->request->source_fd, NULL, &info, error);
        if (r < 0)
                return r;
        if (info.size == 0)
                return error_set_plain(error, -EBADMSG, ERROR_STORAGE, "it is empty");
        _cleanup_close_ int fd = store_open_blob(m->store, &info.digest);
        if (fd < 0)
                return error_set(error, fd, ERROR_STORAGE, "blob %s", info.digest.text);
        Compression compression = inflate_form(fd);
        if (compression == _COMPRESSION_INVALID) {
                compression = COMPRESSION_NONE;
                r = inflate_blob(m->store, fd, m->request->layers.limits.size_max, &info, error);
        }
        if (r >= 0)
                r = str_replace(&m->layer.media_type, compression_media_type(compression));
        m->layer.digest = info.digest;
        m->layer.size = info.size;
        return r;
}

/* What it is called is known only when it is done. */
static int unpack(Import *m, int dir_fd, Error *error) {
        UnpackResult result;
        int r;

        _cleanup_close_ int fd = store_open_blob(m->store, &m->layer.digest);
        if (fd < 0)
                return error_set(error, fd, ERROR_STORAGE, "blob %s", m->layer.digest.text);
        r = layer_unpack_into(&m->request->layers, fd, dir_fd, &result, error);
        if (r >= 0)
                m->result.diff_id = result.diff_id;
        return r;
}

static int make_layer(Import *m, Error *error) {
        static const Digest none = { .text = DIGEST_PREFIX "import" };
        _cleanup_free_ char *work = NULL;
        int r;

        _cleanup_close_ int dir_fd = -EBADF;
        r = store_layer_begin(m->store, &none, &work, &dir_fd, error);
        if (r < 0)
                return r;
        r = unpack(m, dir_fd, error);
        if (r >= 0)
                r = store_claim(m->store, &m->result.diff_id, error);
        if (r >= 0)
                r = store_layer_commit(m->store, work, &m->result.diff_id, error);
        if (r < 0)
                store_layer_abandon(m->store, work);
        return r;
}

/* ---- the documents ---------------------------------------------------------------------------- */
static int run_config(const ImportRequest *request, json_t **ret, Error *error) {
        _cleanup_json_ json_t *config = json_object();

        if (!config)
                return -ENOMEM;
        STRV_FOREACH (line, request->changes) {
                int r = image_change_apply(config, *line, error);
                if (r < 0)
                        return error_prefix(error, r, "--change");
        }
        *ret = TAKE_PTR(config);
        return 0;
}

/* Keys whose value is NULL are left out. */
static json_t *config_document(const Import *m, const char *created, json_t *run) {
        const Platform *p = &m->request->platform;

        return json_pack("{s:s, s:s, s:s, s:s*, s:O, s:{s:s, s:[s]}, s:[{s:s, s:s, s:s*}]}",
                        "created",
                        created,
                        "architecture",
                        p->architecture,
                        "os",
                        p->os,
                        "variant",
                        p->variant,
                        "config",
                        run,
                        "rootfs",
                        "type",
                        "layers",
                        "diff_ids",
                        m->result.diff_id.text,
                        "history",
                        "created",
                        created,
                        "created_by",
                        "supd-image import",
                        "comment",
                        m->request->message);
}

static char *time_text(uint64_t seconds) {
        time_t t = (time_t) seconds;
        char text[64];
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return NULL;
        return strdup(text);
}

static int put_config(Import *m, json_t *run, Descriptor *ret, Error *error) {
        _cleanup_free_ char *created = time_text(m->request->created_sec);
        _cleanup_json_ json_t *document = created ? config_document(m, created, run) : NULL;
        _cleanup_free_ char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

        if (!text)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "the message is no UTF-8, or the time out of range");
        ret->size = strlen(text);
        return store_put_blob(m->store, text, ret->size, &ret->digest, error);
}

static int record_image(Import *m, json_t *run, Error *error) {
        char config_type[] = MEDIA_OCI_CONFIG, manifest_type[] = MEDIA_OCI_MANIFEST;
        Descriptor config = { .media_type = config_type },
                   manifest = { .media_type = manifest_type };
        int r;

        r = put_config(m, run, &config, error);
        if (r < 0)
                return r;
        _cleanup_free_ char *text = manifest_format(&config, &m->layer, 1);
        if (!text)
                return -ENOMEM;
        manifest.size = strlen(text);
        r = store_put_blob(m->store, text, manifest.size, &manifest.digest, error);
        if (r >= 0)
                r = store_record(m->store, m->request->name, &manifest, NULL, error);
        m->result.config = config.digest;
        m->result.manifest = manifest.digest;
        return r;
}

int import_image(Store *s, const ImportRequest *request, ImportResult *ret, Error *error) {
        Import m = { .store = s, .request = request };
        _cleanup_json_ json_t *run = NULL;
        int r;

        /* What is wrong in the changes is found out before anything is unpacked. */
        r = run_config(request, &run, error);
        if (r >= 0)
                r = take_blob(&m, error);
        if (r >= 0)
                r = make_layer(&m, error);
        if (r >= 0)
                r = record_image(&m, run, error);
        descriptor_done(&m.layer);
        if (r >= 0)
                *ret = m.result;
        return r;
}
