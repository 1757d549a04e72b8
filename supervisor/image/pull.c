/* SPDX-License-Identifier: MIT */
#include "image/pull.h"

#include <string.h>

#include "base/clock.h"
#include "image/document.h"
#include "image/download.h"
#include "image/progress.h"

#define INDEX_DEPTH_MAX 3U /* an index may name an index */
#define CONFIG 0U          /* its download; those of layers follow */

typedef struct Pull {
        Store *store;               /* borrowed */
        const PullRequest *request; /* borrowed */
        Digest source;              /* what the name stands for at the registry */
        Document document;          /* the manifest's */
        Manifest manifest;
        ImageConfig config;
        Download *downloads; /* owned; each blob once */
        size_t n_downloads;
        size_t *download_of; /* owned; of each layer */
        LayerSet *set;       /* owned; NULL: the configuration is not here yet */
        Progress *progress;  /* owned */
        bool is_transient;
} Pull;

static void pull_done(Pull *p) {
        (void) layer_set_free(p->set); /* always NULL, as these */
        (void) progress_free(p->progress);
        for (size_t i = 0; i < p->n_downloads; i++)
                download_done(&p->downloads[i], /* keep= */ p->is_transient);
        free(p->downloads);
        free(p->download_of);
        document_done(&p->document);
        manifest_done(&p->manifest);
        image_config_done(&p->config);
}

/* ---- the manifest ----------------------------------------------------------------------------- */
/* By digest it may be here. Return: 1 if it is; 0 if not. */
static int document_from_store(const Pull *p, const Digest *digest, Document *ret) {
        Document d = { .digest = *digest };

        if (store_read_blob(p->store, digest, MANIFEST_SIZE_MAX, &d.text, &d.size, NULL) < 0)
                return 0; /* or it is damaged */
        *ret = d;
        return 1;
}

static int get_document(Pull *p, const char *tag, const Digest *digest, Error *error) {
        document_done(&p->document);
        if (digest && document_from_store(p, digest, &p->document) > 0)
                return 0;
        return document_fetch(p->request->remote,
                        digest ? digest->text : tag,
                        digest,
                        &p->document,
                        &p->is_transient,
                        error);
}

static int no_platform(const Pull *p, Error *error) {
        const Platform *wanted = p->request->platform;

        return error_set_plain(error,
                        -ENOENT,
                        ERROR_NOT_SUPPORTED,
                        "there is no image for %s/%s%s%s of it",
                        wanted->os,
                        wanted->architecture,
                        wanted->variant ? "/" : "",
                        wanted->variant ?: "");
}

/* From what the name stands for down to the image for the wanted platform. */
static int get_manifest(Pull *p, Error *error) {
        const Reference *reference = p->request->reference;
        Digest digest = reference->digest;
        bool by_digest = reference_has_digest(reference);

        for (unsigned depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
                int r = get_document(p, reference->tag, by_digest ? &digest : NULL, error);
                if (r < 0)
                        return r;
                if (depth == 0)
                        p->source = p->document.digest;
                manifest_done(&p->manifest);
                r = manifest_parse(p->document.text, p->document.size, &p->manifest, error);
                if (r < 0 || !p->manifest.is_index)
                        return r;
                const Descriptor *chosen = manifest_choose(&p->manifest, p->request->platform);
                if (!chosen)
                        return no_platform(p, error);
                digest = chosen->digest;
                by_digest = true;
        }
        return error_set_plain(error, -ELOOP, ERROR_STORAGE, "indexes are nested too deeply");
}

/* ---- blobs ------------------------------------------------------------------------------------ */
static int add_download(Pull *p, const Descriptor *d, size_t *ret, Error *error) {
        size_t i = 0;
        int r;

        while (i < p->n_downloads && !digest_equal(&p->downloads[i].blob.digest, &d->digest))
                i++;
        if (ret)
                *ret = i;
        if (i < p->n_downloads)
                return 0; /* the same layer once more */
        r = download_init(
                        &p->downloads[i], p->store, p->request->remote, &d->digest, d->size, error);
        p->n_downloads++;
        return r;
}

static int add_downloads(Pull *p, Error *error) {
        const Manifest *m = &p->manifest;
        int r;

        if (m->config.size > CONFIG_SIZE_MAX)
                return error_set_plain(error,
                                -EFBIG,
                                ERROR_LIMIT_REACHED,
                                "its configuration is longer than %u bytes",
                                CONFIG_SIZE_MAX);
        p->downloads = calloc(m->n_entries + 1, sizeof(*p->downloads));
        p->download_of = calloc(m->n_entries + 1, sizeof(*p->download_of));
        if (!p->downloads || !p->download_of)
                return -ENOMEM;
        r = progress_new(m->n_entries, &p->progress);
        if (r >= 0)
                r = add_download(p, &m->config, NULL, error);
        for (size_t i = 0; i < m->n_entries && r >= 0; i++)
                r = add_download(p, &m->entries[i], &p->download_of[i], error);
        return r;
}

/* Return: how many wait for another process; negative errno. */
static int start_downloads(Pull *p, Error *error) {
        unsigned running = 0;
        int locked = 0;

        for (size_t i = 0; i < p->n_downloads; i++)
                running += p->downloads[i].state == DOWNLOAD_RUNNING;
        for (size_t i = 0; i < p->n_downloads && running < p->request->parallel; i++) {
                if (p->downloads[i].state != DOWNLOAD_WAITING)
                        continue;
                int r = download_start(&p->downloads[i], error);
                if (r < 0)
                        return r;
                running += p->downloads[i].state == DOWNLOAD_RUNNING;
                locked += r == 0;
        }
        return locked;
}

/* Return: how many are not done; negative errno. */
static int update_downloads(Pull *p, Error *error) {
        int left = 0;

        for (size_t i = 0; i < p->n_downloads; i++) {
                Download *d = &p->downloads[i];
                DownloadState state = download_update(d);
                if (state == DOWNLOAD_FAILED) {
                        p->is_transient = d->exchange.is_transient;
                        error_move(error, &d->exchange.error);
                        return d->result;
                }
                left += state != DOWNLOAD_DONE;
        }
        return left;
}

/* ---- layers ----------------------------------------------------------------------------------- */
static int begin_layers(Pull *p, Error *error) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = store_read_blob(
                        p->store, &p->manifest.config.digest, CONFIG_SIZE_MAX, &text, &size, error);
        if (r >= 0)
                r = image_config_parse(text, size, &p->config, error);
        if (r < 0)
                return r;
        progress_platform(&p->config.platform, p->request->platform);
        LayerSetSpec spec = { .store = p->store,
                .settings = p->request->layers,
                .manifest = &p->manifest,
                .config = &p->config };
        return layer_set_new(&spec, &p->set, error);
}

/* Return: how many processes are at work; negative errno. */
static int unpack_layers(Pull *p, Error *error) {
        int r;

        if (!p->set && p->downloads[CONFIG].state == DOWNLOAD_DONE) {
                r = begin_layers(p, error);
                if (r < 0)
                        return r;
        }
        if (!p->set)
                return 0;
        for (size_t i = 0; i < p->manifest.n_entries; i++) {
                if (p->downloads[p->download_of[i]].state != DOWNLOAD_DONE)
                        continue;
                r = layer_set_offer(p->set, i, error);
                if (r < 0)
                        return r;
        }
        return layer_set_dispatch(p->set, error);
}

static ProgressState layer_progress(const Pull *p, size_t index) {
        const Download *d = &p->downloads[p->download_of[index]];
        LayerState state = p->set ? layer_set_state(p->set, index) : LAYER_AWAITED;

        if (d->state != DOWNLOAD_DONE)
                return d->state == DOWNLOAD_RUNNING ? PROGRESS_DOWNLOADING : PROGRESS_WAITING;
        switch (state) {
        case LAYER_UNPACKING:
                return PROGRESS_UNPACKING;
        case LAYER_DONE:
                return PROGRESS_DONE;
        case LAYER_PRESENT:
                return d->was_present ? PROGRESS_PRESENT : PROGRESS_DONE;
        default:
                return PROGRESS_WAITING;
        }
}

static void tell_progress(const Pull *p) {
        for (size_t i = 0; i < p->manifest.n_entries; i++) {
                const Download *d = &p->downloads[p->download_of[i]];
                ProgressLayer now = { .digest = &d->blob.digest,
                        .size = d->blob.size,
                        .bytes = d->bytes,
                        .state = layer_progress(p, i) };
                progress_tell(p->progress, i, &now);
        }
}

/* Return: 1 when all is there; 0 if not. */
static int content_turn(Pull *p, Error *error) {
        uint64_t until_usec = USEC_INFINITY;
        int locked, left, working;

        locked = start_downloads(p, error);
        if (locked < 0)
                return locked;
        left = update_downloads(p, error);
        working = left < 0 ? left : unpack_layers(p, error);
        if (working < 0)
                return working;
        tell_progress(p);
        if (left == 0 && working == 0)
                return 1;
        /* A lock has nothing to wait for, and progress is told by the clock. */
        if (locked > 0 || left > 0)
                until_usec = usec_add(clock_monotonic_usec(), PROGRESS_INTERVAL_USEC);
        int r = remote_turn(p->request->remote,
                        p->set ? layer_set_fd(p->set) : -EBADF,
                        until_usec,
                        error);
        /* The process that fetches is lost, which says nothing against what it has brought. */
        p->is_transient = p->is_transient || r < 0;
        return r;
}

static int get_content(Pull *p, Error *error) {
        int r;

        r = add_downloads(p, error);
        while (r == 0)
                r = content_turn(p, error);
        return MIN(r, 0);
}

/* ---- the record ------------------------------------------------------------------------------- */
/* The last step: everything else is on disk. */
static int record_image(Pull *p, PullResult *ret, Error *error) {
        const Manifest *m = &p->manifest;
        _cleanup_free_ char *translated =
                        m->is_foreign ? manifest_format(&m->config, m->entries, m->n_entries)
                                      : NULL;
        const char *text = m->is_foreign ? translated : p->document.text;
        char media_type[] = MEDIA_OCI_MANIFEST;
        Descriptor d = { .media_type = media_type };
        int r;

        if (!text)
                return -ENOMEM;
        d.size = m->is_foreign ? strlen(text) : p->document.size;
        r = store_put_blob(p->store, text, d.size, &d.digest, error);
        if (r >= 0)
                r = store_record(p->store, p->request->name, &d, p->source.text, error);
        ret->manifest = d.digest;
        ret->config = m->config.digest;
        return r;
}

int pull_image(Store *s, const PullRequest *request, PullResult *ret, Error *error) {
        _cleanup_(pull_done) Pull p = { .store = s, .request = request };
        int r;

        r = get_manifest(&p, error);
        if (r >= 0)
                r = get_content(&p, error);
        if (r >= 0)
                r = record_image(&p, ret, error);
        ret->is_transient = p.is_transient;
        return r;
}

/* ---- one blob --------------------------------------------------------------------------------- */
int pull_blob(Store *s, const PullRequest *request, const BlobInfo *blob, Error *error) {
        Download d;
        int r;

        r = download_init(&d, s, request->remote, &blob->digest, blob->size, error);
        while (r >= 0 && d.state != DOWNLOAD_DONE && d.state != DOWNLOAD_FAILED) {
                uint64_t until_usec = usec_add(clock_monotonic_usec(), PROGRESS_INTERVAL_USEC);
                if (d.state == DOWNLOAD_WAITING)
                        r = download_start(&d, error);
                if (r >= 0 && d.state != DOWNLOAD_DONE)
                        r = remote_turn(request->remote, -EBADF, until_usec, error);
                (void) download_update(&d); /* its state is looked at above */
        }
        if (r >= 0 && d.state == DOWNLOAD_FAILED) {
                r = d.result;
                error_move(error, &d.exchange.error);
        }
        download_done(&d, /* keep= */ d.exchange.is_transient);
        return MIN(r, 0);
}

int pull_manifest(Store *s, const PullRequest *request, const Digest *digest, Error *error) {
        _cleanup_(document_done) Document document = {};
        bool is_transient;
        Digest stored;
        int r;

        r = document_fetch(request->remote, digest->text, digest, &document, &is_transient, error);
        return r < 0 ? r : store_put_blob(s, document.text, document.size, &stored, error);
}
