/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/image-service-internal.h"
#include "supd/image-store.h"

#define LAYERS_MAX 1000U /* of one image; supd-image takes fewer */
#define CREDENTIALS_STREAM "/dev/stdin"

typedef struct PullLayer {
        uint64_t bytes, size;
        bool done;
} PullLayer;

/* One run of `supd-image pull`, and who waits for its end. */
typedef struct ImagePull {
        List link;
        Subprocess *helper; /* owned */
        char *key;          /* owned; its words */
        List waiters;       /* of ImageWaiter, owned */
        bool ended;         /* the waiters are being told */

        /* What was told so far. */
        PullLayer *layers; /* owned */
        unsigned n_layers, current;
        char *notice; /* owned */
        Digest manifest;
        bool has_manifest;
} ImagePull;

struct ImageWaiter {
        List link;
        ImagePull *pull;           /* borrowed */
        const ImageWaiterOps *ops; /* borrowed */
        void *userdata;            /* borrowed */
};

/* ---- waiters ----------------------------------------------------------------------------------- */
static ImagePull *pull_free(ImagePull *p) {
        if (!p)
                return NULL;

        list_remove(&p->link);
        p->helper = subprocess_free(p->helper);
        LIST_FOREACH (link, &p->waiters)
                free(CONTAINER_OF(link, ImageWaiter, link));
        free(p->key);
        free(p->layers);
        free(p->notice);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(ImagePull *, pull_free);

void image_pulls_free(ImageService *s) {
        LIST_FOREACH (link, &s->pulls)
                (void) pull_free(CONTAINER_OF(link, ImagePull, link));
}

static void pull_tell_progress(ImagePull *p) {
        ImageProgress progress = { .n_layers = p->n_layers, .notice = p->notice };

        for (unsigned i = 0; i < p->n_layers; i++) {
                progress.n_layers_done += p->layers[i].done;
                progress.bytes += p->layers[i].bytes;
                progress.total_bytes += p->layers[i].size;
        }
        LIST_FOREACH (link, &p->waiters) {
                ImageWaiter *w = CONTAINER_OF(link, ImageWaiter, link);
                if (w->ops->progress)
                        w->ops->progress(&progress, w->userdata);
        }
}

ImageWaiter *image_waiter_leave(ImageWaiter *w) {
        if (!w)
                return NULL;

        ImagePull *p = w->pull;
        list_remove(&w->link);
        free(w);
        if (list_is_empty(&p->waiters) && !p->ended)
                (void) pull_free(p);
        return NULL;
}

static void pull_on_end(int result, const Error *error, void *userdata) {
        ImagePull *p = userdata;
        _cleanup_(error_done) Error own = {};

        /* Whoever asks again from within done begins a fetch of their own. */
        p->ended = true;
        list_remove(&p->link);
        if (result >= 0 && !p->has_manifest) {
                result = error_set_plain(
                                &own, -EPROTO, ERROR_FAILED, "supd-image did not say which image");
                error = &own;
        }
        while (!list_is_empty(&p->waiters)) {
                ImageWaiter *w = CONTAINER_OF(p->waiters.next, ImageWaiter, link);
                const ImageWaiterOps *ops = w->ops;
                void *waiting = w->userdata;

                list_remove(&w->link);
                free(w);
                ops->done(result, error, result < 0 ? NULL : &p->manifest, waiting);
        }
        (void) pull_free(p);
}

/* ---- what it tells ----------------------------------------------------------------------------- */
static void pull_begin_layer(ImagePull *p, const char *value) {
        uint64_t number = 0;

        p->current = 0;
        if (parse_u64(value, &number) < 0 || number < 1 || number > LAYERS_MAX)
                return;
        if (number > p->n_layers) {
                PullLayer *grown = realloc(p->layers, number * sizeof(PullLayer));
                if (!grown)
                        return;
                memset(grown + p->n_layers, 0, (number - p->n_layers) * sizeof(PullLayer));
                p->layers = grown;
                p->n_layers = (unsigned) number;
        }
        p->current = (unsigned) number;
}

static void pull_end_layer(ImagePull *p, const char *state) {
        PullLayer *layer = &p->layers[p->current - 1];

        layer->done = str_equal(state, "done") || str_equal(state, "present");
        if (layer->done)
                layer->bytes = layer->size;
        pull_tell_progress(p);
}

static void pull_on_record(const char *key, const char *value, void *userdata) {
        ImagePull *p = userdata;
        uint64_t number = 0;

        if (str_equal(key, SUPD_IMAGE_EVENT_LAYER))
                pull_begin_layer(p, value);
        else if (str_equal(key, SUPD_IMAGE_EVENT_SIZE) && p->current > 0)
                (void) parse_u64(value, &p->layers[p->current - 1].size); /* else it stays */
        else if (str_equal(key, SUPD_IMAGE_EVENT_BYTES) && p->current > 0)
                (void) parse_u64(value, &p->layers[p->current - 1].bytes);
        else if (str_equal(key, SUPD_IMAGE_EVENT_STATE) && p->current > 0)
                pull_end_layer(p, value);
        else if (str_equal(key, SUPD_IMAGE_EVENT_LAYERS) && parse_u64(value, &number) >= 0 &&
                        number <= LAYERS_MAX) {
                unsigned current = p->current;
                pull_begin_layer(p, value); /* room for all of them */
                p->current = current;
        } else if (str_equal(key, SUPD_IMAGE_EVENT_NOTICE)) {
                (void) str_replace(&p->notice, value); /* without memory: the former one */
                diag_notice("supd-image: %s", value);
                pull_tell_progress(p);
        } else if (str_equal(key, "IMAGE"))
                p->has_manifest = digest_parse(value, &p->manifest, NULL) >= 0;
}

char *image_progress_format(const ImageProgress *p) {
        if (p->n_layers == 0)
                return str_printf("%s", p->notice ?: "asking for its manifest");
        return str_printf("%u of %u layers, %.1f MB of %.1f MB%s%s",
                        p->n_layers_done,
                        p->n_layers,
                        (double) p->bytes / 1e6,
                        (double) p->total_bytes / 1e6,
                        p->notice ? "; " : "",
                        p->notice ?: "");
}

/* ---- beginning --------------------------------------------------------------------------------- */
static int words_for(const ImagePullRequest *q, char ***ret) {
        const PullSpec *pull = q->pull;
        const struct {
                const char *option, *value;
        } texts[] = {
                { "--policy", pull_policy_to_string(q->policy) },
                { "--name", q->name },
                { "--os", pull->os },
                { "--arch", pull->architecture },
                { "--variant", pull->variant },
                { "--auth-file", pull->auth_file },
                { "--cert-dir", pull->cert_dir },
                { "--tls-verify", pull->tls_verify ? NULL : "no" },
                { "--creds-file", pull->creds ? CREDENTIALS_STREAM : NULL },
        };
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, "pull");

        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++) {
                if (texts[i].value)
                        r = strv_append_printf(&words, "%s=%s", texts[i].option, texts[i].value);
        }
        if (r >= 0 && pull->retries != PULL_RETRIES_DEFAULT)
                r = strv_append_printf(&words, "--retry=%u", pull->retries);
        if (r >= 0 && pull->retry_delay_usec != UINT64_MAX)
                r = strv_append_printf(
                                &words, "--retry-delay=%" PRIu64 "us", pull->retry_delay_usec);
        if (r >= 0)
                r = strv_append(&words, "--");
        if (r >= 0)
                r = strv_append(&words, q->reference);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(words);
        return 0;
}

/* Not in the command line, where everybody could read it. Return: an fd. */
static int credentials_open(const char *creds) {
        _cleanup_close_ int fd = neg_errno(memfd_create("credentials", MFD_CLOEXEC));
        if (fd < 0)
                return fd;

        int r = fd_write_all(fd, creds, strlen(creds));
        if (r < 0)
                return r;
        return lseek(fd, 0, SEEK_SET) < 0 ? -errno : TAKE_FD(fd);
}

static int
pull_begin(ImageService *s, const ImagePullRequest *q, char **words, char **key, Error *error) {
        static const SubprocessOps ops = { .on_record = pull_on_record, .on_end = pull_on_end };
        _cleanup_close_ int creds_fd = -EBADF;

        _cleanup_(pull_freep) ImagePull *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        list_init(&p->link);
        list_init(&p->waiters);
        if (q->pull->creds) {
                creds_fd = credentials_open(q->pull->creds);
                if (creds_fd < 0)
                        return creds_fd;
        }
        int r = image_service_run(s, words, creds_fd, &ops, p, &p->helper, error);
        if (r < 0)
                return r;

        p->key = TAKE_PTR(*key);
        list_append(&s->pulls, &p->link);
        (void) TAKE_PTR(p); /* the list's */
        return 0;
}

static ImagePull *pull_find(const ImageService *s, const char *key) {
        LIST_FOREACH (link, &s->pulls) {
                ImagePull *p = CONTAINER_OF(link, ImagePull, link);
                if (str_equal(p->key, key))
                        return p;
        }
        return NULL;
}

/* Same words and credentials, same fetch. */
static char *key_for(char *const *words, const PullSpec *pull) {
        _cleanup_free_ char *all = strv_join(words, "\n");

        return all ? str_printf("%s\n%s", all, pull->creds ?: "") : NULL;
}

int image_service_pull(ImageService *s,
                const ImagePullRequest *request,
                const ImageWaiterOps *ops,
                void *userdata,
                ImageWaiter **ret,
                Error *error) {
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *key = NULL;
        int r;

        _cleanup_free_ ImageWaiter *w = calloc(1, sizeof(*w));
        r = w ? words_for(request, &words) : -ENOMEM;
        if (r < 0)
                return r;
        key = key_for(words, request->pull);
        if (!key)
                return -ENOMEM;
        ImagePull *p = pull_find(s, key);
        if (!p) {
                r = pull_begin(s, request, words, &key, error);
                if (r < 0)
                        return r;
                p = CONTAINER_OF(s->pulls.previous, ImagePull, link);
        }

        *w = (ImageWaiter) { .pull = p, .ops = ops, .userdata = userdata };
        list_append(&p->waiters, &w->link);
        *ret = TAKE_PTR(w);
        return 0;
}
