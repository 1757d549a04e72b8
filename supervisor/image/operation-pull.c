/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/document.h"
#include "image/load.h"
#include "image/network-options.h"
#include "image/operation.h"
#include "image/progress.h"
#include "image/pull.h"
#include "image/repair.h"

#define RETRIES_WITH_IMAGE 1U

/* What is asked for. */
typedef struct Wanted {
        Operation *operation; /* borrowed */
        PullPolicy policy;
        char *name;        /* owned; --name, in full; NULL: the candidate's own */
        char **candidates; /* owned; what the name given may stand for */
        StoreImages images;
        const StoreImage
                        *present; /* borrowed from them; what is here under that name; NULL: none */
        char *present_name;       /* owned */
        bool is_transient;        /* the last failure: a registry that is away */
} Wanted;

static void wanted_done(Wanted *w) {
        free(w->name);
        free(w->present_name);
        (void) strv_free(w->candidates); /* always NULL */
        store_images_done(&w->images);
}

static int full_name(const char *text, char **ret, Error *error) {
        _cleanup_(reference_done) Reference reference = {};
        int r;

        r = reference_parse(text, &reference, error);
        if (r < 0)
                return r;
        *ret = reference_format(&reference);
        return *ret ? 0 : -ENOMEM;
}

/* ---- answers ---------------------------------------------------------------------------------- */
static int
tell(const char *name, const Digest *manifest, const Digest *config, bool pulled, Error *error) {
        RecordWriter w = {};

        record_put(&w, "IMAGE", manifest->text);
        record_put(&w, "ID", config->text);
        record_put(&w, "NAME", name);
        record_put(&w, "PULLED", pulled ? "yes" : "no");
        return answer_write(&w, error);
}

static int tell_present(const Wanted *w, Error *error) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};
        const Digest *manifest = &w->present->manifest.digest;
        int r;

        r = store_image_load(w->operation->store, manifest, &m, &c, error);
        return r < 0 ? r : tell(w->present_name, manifest, &m.config.digest, false, error);
}

static void notice(const char *before, const char *after) {
        _cleanup_free_ char *text = str_printf("%s%s", before, after);

        if (text)
                progress_notice(text);
}

/* ---- what is here ----------------------------------------------------------------------------- */
/* What the command line does not say fits. */
static bool platform_is_asked_for(const Options *o, const Platform *p) {
        return (!o->os || str_equal(o->os, p->os)) &&
               (!o->architecture || str_equal(o->architecture, p->architecture)) &&
               (!o->variant || str_equal(o->variant, p->variant));
}

/* One whose blobs are damaged is as good as none: a pull puts it right. */
static bool is_usable(const Wanted *w, const StoreImage *image) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(image_config_done) ImageConfig c = {};

        return store_image_load(w->operation->store, &image->manifest.digest, &m, &c, NULL) >= 0 &&
               platform_is_asked_for(w->operation->options, &c.platform);
}

static int look_for(Wanted *w, const char *text, Error *error) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = full_name(text, &name, error);
        for (size_t i = 0; r >= 0 && i < w->images.n_items; i++) {
                const StoreImage *image = &w->images.items[i];
                if (w->present || !str_equal(image->name, name) || !is_usable(w, image))
                        continue;
                w->present = image;
                w->present_name = TAKE_PTR(name);
        }
        return r;
}

static int wanted_init(Wanted *w, Error *error) {
        const Operation *o = w->operation;
        int r;

        r = pull_policy_parse(o->options->policy, &w->policy, error);
        if (r >= 0 && o->options->name)
                r = full_name(o->options->name, &w->name, error);
        if (r >= 0)
                r = store_list(o->store, &w->images, error);
        if (r >= 0 && w->name)
                r = look_for(w, w->name, error);
        if (r < 0 || o->source.transport != TRANSPORT_REGISTRY)
                return r;
        r = name_candidates(o->source.path, o->settings.search, &w->candidates);
        STRV_FOREACH (candidate, w->candidates) {
                if (r >= 0)
                        r = look_for(w, w->name ?: *candidate, error);
        }
        return r;
}

/* ---- from a registry -------------------------------------------------------------------------- */
/* Return: 1 if what is here is what the registry has; 0 if not, or nobody knows; negative errno. */
static int is_current(Wanted *w, Remote *remote, const Reference *reference, Error *error) {
        _cleanup_(error_done) Error reason = {};
        const char *here = w->present->source_digest ?: w->present->manifest.digest.text;
        Digest there;
        int r;

        w->is_transient = false;
        r = document_digest(remote,
                        reference_has_digest(reference) ? reference->digest.text : reference->tag,
                        &there,
                        &w->is_transient,
                        &reason);
        /* Whatever else is wrong, the pull finds out. */
        if (r <= 0 && !w->is_transient)
                return 0;
        if (r < 0) {
                error_move(error, &reason);
                return r;
        }
        return str_equal(here, there.text);
}

static int
pull_from(Wanted *w, Remote *remote, const Reference *reference, const char *name, Error *error) {
        Operation *o = w->operation;
        PullResult result = {};
        PullRequest request = {
                .reference = reference,
                .name = w->name ?: name,
                .platform = &o->platform,
                .layers = &o->layers,
                .remote = remote,
                .parallel = o->parallel,
        };
        bool same_name = w->present && str_equal(w->present_name, request.name);
        int r;

        if (same_name && w->policy == PULL_NEWER) {
                r = is_current(w, remote, reference, error);
                if (r != 0)
                        return r < 0 ? r : tell_present(w, error);
        }
        r = pull_image(o->store, &request, &result, error);
        w->is_transient = r < 0 && result.is_transient;
        if (r < 0)
                return r;
        bool is_new = !same_name || !digest_equal(&w->present->manifest.digest, &result.manifest);
        return tell(request.name, &result.manifest, &result.config, is_new, error);
}

/* With an image to fall back on nobody is kept waiting long, unless that was asked for. */
static RetryPolicy retry_policy(const Wanted *w) {
        const Operation *o = w->operation;
        RetryPolicy policy = o->retry;

        if (w->present && !o->options->retry)
                policy.retries = MIN(policy.retries, RETRIES_WITH_IMAGE);
        return policy;
}

static int pull_candidate(Wanted *w, const char *candidate, Error *error) {
        Operation *o = w->operation;
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_(endpoints_done) Endpoints endpoints = {};
        _cleanup_free_ char *name = NULL;
        _cleanup_(remote_done) Remote remote = {
                .socket_fd = o->fetch_fd,
                .endpoints = &endpoints,
                .policy = retry_policy(w),
                .notice = progress_notice,
        };
        int r;

        r = reference_parse(candidate, &reference, error);
        if (r >= 0)
                r = endpoints_make(&reference, o->settings.mirrors, &endpoints, error);
        if (r < 0)
                return r;
        name = reference_format(&reference);
        if (!name)
                return -ENOMEM;
        if (name_is_short(o->source.path)) {
                _cleanup_free_ char *text =
                                str_printf("'%s' is taken for %s", o->source.path, name);
                notice(text ?: "", "");
        }
        r = pull_from(w, &remote, &reference, name, error);
        return r < 0 && r != -ENOMEM ? error_prefix(error, r, "%s", name) : r;
}

static int pull_candidates(Wanted *w, Error *error) {
        int r = -ENOENT;

        STRV_FOREACH (candidate, w->candidates) {
                if (r != -ENOENT || error->message)
                        notice("trying the next registry: ", error_text(error, r));
                error_done(error);
                r = pull_candidate(w, *candidate, error);
                if (r >= 0 || r == -ENOMEM || r == -ENOSPC)
                        return r;
        }
        return r;
}

static int pull_from_registry(Wanted *w, Error *error) {
        Operation *o = w->operation;
        int r;

        r = store_begin(o->store, error);
        if (r < 0)
                return r;
        r = pull_candidates(w, error);
        if (r >= 0)
                return 0;
        /* Blobs that came whole stay for the next attempt; of what can't become an image nothing does, and
         * a full disk gets its space back. */
        if (!w->is_transient)
                (void) store_undo(o->store, NULL); /* what can't be removed now, a prune removes */
        if (!w->present || (!w->is_transient && w->policy != PULL_NEWER))
                return r;
        notice("using the image that is here: ", error_text(error, r));
        error_done(error);
        return tell_present(w, error);
}

/* ---- from a file ------------------------------------------------------------------------------ */
static void tell_loaded(const char *name, const Digest *manifest, const Digest *config) {
        (void) tell(name, manifest, config, true, NULL); /* found out at the end of the program */
}

static int pull_from_file(Wanted *w, Error *error) {
        Operation *o = w->operation;
        LoadRequest request = {
                .source = &o->source,
                .source_fd = o->source_fd,
                .name = w->name,
                .platform = o->platform,
                .layers = o->layers,
                .on_image = tell_loaded,
        };
        int r;

        r = store_begin(o->store, error);
        if (r < 0)
                return r;
        r = load_image(o->store, &request, error);
        if (r < 0)
                (void) store_undo(o->store, NULL); /* as above */
        return r;
}

/* ---- the verb --------------------------------------------------------------------------------- */
static int pull_one_blob(Operation *o, Error *error) {
        RecordWriter w = {};
        Digest digest;
        int r;

        r = digest_parse(o->options->blob, &digest, error);
        if (r >= 0)
                r = store_begin(o->store, error);
        if (r >= 0)
                r = repair_blob(o, &digest, error);
        if (r < 0)
                return r;
        record_put(&w, "BLOB", digest.text);
        return answer_write(&w, error);
}

int operation_pull(Operation *o, Error *error) {
        _cleanup_(wanted_done) Wanted w = { .operation = o };
        int r;

        if (o->options->blob)
                return pull_one_blob(o, error);
        r = wanted_init(&w, error);
        if (r < 0)
                return r;
        if (w.present && (w.policy == PULL_MISSING || w.policy == PULL_NEVER))
                return tell_present(&w, error);
        if (w.policy == PULL_NEVER)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_BAD_NAME,
                                "'%s' is not here, and may not be pulled",
                                w.name ?: o->source.path);
        return o->source.transport == TRANSPORT_REGISTRY ? pull_from_registry(&w, error)
                                                         : pull_from_file(&w, error);
}
