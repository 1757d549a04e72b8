/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "runtime/container-storage.h"
#include "unitfile/value.h"

/*
 * What a container needs before it can be made, one step after the other, each of which may last:
 *
 *   the unit that Image= names is active → the image is here → it is in use → storage is made → PREPARED
 */

/* A sweep holds the store for as long as it takes to read some small files. */
#define TAKE_RETRY_USEC (2 * USEC_PER_MSEC)
#define TAKE_TRIES_MAX 5000U
#define BEGINNINGS_MAX 10U

/* ---- the end of it ----------------------------------------------------------------------------- */
static void prepare_fail(Container *c, int r, const Error *error) {
        (void) str_replace(&c->status_text, error_text(error, r)); /* without memory: no text */
        lifecycle_post_error(&c->lifecycle,
                        SERVICE_FAILURE_RESOURCES,
                        (ExitInfo) { .code = CLD_EXITED, .status = 125 },
                        clock_dual());
}

static void prepare_succeed(Container *c) {
        (void) str_replace(&c->status_text, NULL); /* NULL needs no memory */
        lifecycle_post(&c->lifecycle, SERVICE_EV_PREPARED, clock_dual());
}

/* ---- storage ----------------------------------------------------------------------------------- */
static void on_root_made(int result, const Error *error, void *userdata) {
        Container *c = userdata;

        c->image.root_helper = subprocess_free(c->image.root_helper);
        if (result < 0)
                prepare_fail(c, result, error);
        else
                prepare_succeed(c);
}

/* A copy or a snapshot of the image, which takes privileges and time that supd does not have. */
static int have_root_made(Container *c, Error *error) {
        static const SubprocessOps ops = { .on_end = on_root_made };
        uint64_t limit_bytes = c->unit.spec->service.resource.root_size_max_bytes;
        _cleanup_free_ char *limit =
                        limit_bytes == UINT64_MAX
                                        ? NULL
                                        : str_printf("--size-max-root=%" PRIu64, limit_bytes);
        char *const words[] = {
                (char *) "root-make",
                (char *) "--id",
                (char *) unit_id(&c->unit),
                c->image.image->manifest.text,
                limit,
                NULL,
        };

        c->image.root = str_printf("%s/root", c->image.storage);
        if (!c->image.root || (limit_bytes != UINT64_MAX && !limit))
                return -ENOMEM;
        return image_service_run(
                        c->context->images, words, -EBADF, &ops, c, &c->image.root_helper, error);
}

static int prepare_storage(Container *c, Error *error) {
        const char *state_dir = c->context->state_dir, *id = unit_id(&c->unit);
        StorageDriver driver = image_service_spec(c->context->images)->driver;
        bool limited = c->unit.spec->service.resource.root_size_max_bytes != UINT64_MAX;

        if (limited && !(c->image.image && driver == STORAGE_BTRFS))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "RootSizeMax= needs an image and StorageDriver=btrfs in supd.conf");

        free(c->image.storage);
        free(c->image.root);
        c->image.root = NULL;
        c->image.storage = container_storage_path(state_dir, id);
        if (!c->image.storage)
                return -ENOMEM;
        int r = container_storage_make(state_dir, id, error);
        image_service_empty_trash(c->context->images);
        if (r < 0)
                return r;
        if (c->image.image && image_service_spec(c->context->images)->driver != STORAGE_OVERLAY)
                return have_root_made(c, error);
        prepare_succeed(c);
        return 0;
}

/* ---- taking it into use ------------------------------------------------------------------------ */
static int prepare_take(Container *c, Error *error);

static int on_take_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = userdata;
        _cleanup_(error_done) Error error = {};

        (void) source, (void) usec;
        c->image.retry_timer = sd_event_source_disable_unref(c->image.retry_timer);
        int r = prepare_take(c, &error);
        if (r < 0)
                prepare_fail(c, r, &error);
        return 0;
}

static int take_later(Container *c, Error *error) {
        if (++c->image.n_tries > TAKE_TRIES_MAX)
                return error_set_plain(error,
                                -ETIMEDOUT,
                                ERROR_STORAGE,
                                "the image store is locked by a sweep that does not end");
        return sd_event_add_time_relative(c->context->event,
                        &c->image.retry_timer,
                        CLOCK_MONOTONIC,
                        TAKE_RETRY_USEC,
                        /* accuracy= */ 1,
                        on_take_retry,
                        c);
}

static int begin_image(Container *c, Error *error);

/*
 * Until it is taken into use nothing holds it: a prune may have been faster, be it between the fetch and now. Then
 * all over again, but not for ever.
 */
static bool may_begin_again(Container *c) {
        const ContainerSpec *spec = container_spec(c);
        bool may_fetch = spec->image_unit || spec->pull.policy != PULL_NEVER;

        return may_fetch && ++c->image.n_beginnings <= BEGINNINGS_MAX;
}

static int prepare_take(Container *c, Error *error) {
        Image *image = NULL;

        c->image.used = true; /* the note may be there even if the rest fails */
        int r = image_store_take(image_service_store(c->context->images),
                        unit_id(&c->unit),
                        &c->image.manifest,
                        &image,
                        error);
        if (r == -EAGAIN)
                return take_later(c, error);
        if (r == -ENOENT && may_begin_again(c)) {
                /* The note stays: what is fetched now is in use from its first byte on. */
                error_done(error);
                return begin_image(c, error);
        }
        if (r < 0)
                return r;
        (void) image_free(c->image.image);
        c->image.image = image;
        return prepare_storage(c, error);
}

static int prepare_with(Container *c, const Digest *manifest, Error *error) {
        c->image.manifest = *manifest;
        c->image.n_tries = 0;
        return prepare_take(c, error);
}

/* ---- fetching it ------------------------------------------------------------------------------- */
static void on_pull_progress(const ImageProgress *p, void *userdata) {
        Container *c = userdata;
        _cleanup_free_ char *progress = image_progress_format(p);
        _cleanup_free_ char *text = str_printf("fetching %s: %s", c->image.name, progress ?: "");

        (void) str_replace(&c->status_text, text); /* without memory: the former one */
        unit_notify(&c->unit, /* start_failed= */ false);
}

static void on_pull_done(int r, const Error *error, const Digest *manifest, void *userdata) {
        Container *c = userdata;
        _cleanup_(error_done) Error own = {};

        c->image.waiter = NULL;
        if (r >= 0) {
                r = prepare_with(c, manifest, &own);
                error = &own;
        }
        if (r < 0)
                prepare_fail(c, r, error);
}

/* A restart after a failure is no reason to ask a registry, whatever the policy. */
static bool is_good_as_it_is(const Container *c, PullPolicy policy) {
        return policy == PULL_MISSING || policy == PULL_NEVER || c->lifecycle.n_restarts > 0;
}

/* @name: what it is called here; NULL: as the reference says */
static int prepare_image(Container *c,
                const char *reference,
                const char *name,
                const PullSpec *pull,
                PullPolicy policy,
                Error *error) {
        static const ImageWaiterOps ops = { .progress = on_pull_progress, .done = on_pull_done };
        ImagePullRequest request = {
                .reference = reference, .name = name, .pull = pull, .policy = policy
        };
        Digest manifest;
        int r;

        r = str_replace(&c->image.name, name ?: reference);
        if (r >= 0)
                r = image_service_find(c->context->images, name ?: reference, &manifest, error);
        if (r < 0)
                return r;
        if (r > 0 && is_good_as_it_is(c, policy))
                return prepare_with(c, &manifest, error);
        if (policy == PULL_NEVER)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_STORAGE,
                                "image %s is not here, and Pull=never; 'supctl pull %s' fetches it",
                                name ?: reference,
                                reference);
        return image_service_pull(c->context->images, &request, &ops, c, &c->image.waiter, error);
}

/* ---- of another unit --------------------------------------------------------------------------- */
static struct ImageUnit *find_image_unit(Container *c, Error *error) {
        const char *name = container_spec(c)->image_unit;
        Unit *u = engine_find(c->unit.engine, name);
        struct ImageUnit *i = u ? image_unit_of(u) : NULL;

        if (!i)
                (void) error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "there is no image unit %s",
                                name);
        return i;
}

/* It was fetched under that name; should it be gone since, it is fetched again. */
static int prepare_from_unit(Container *c, struct ImageUnit *i, Error *error) {
        _cleanup_free_ char *name = image_unit_name(i);

        return name ? prepare_image(c,
                                      image_unit_reference(i),
                                      name,
                                      image_unit_pull_spec(i),
                                      PULL_MISSING,
                                      error)
                    : -ENOMEM;
}

static void on_unit_ready(int r, const Error *error, void *userdata) {
        Container *c = userdata;
        _cleanup_(error_done) Error own = {};
        struct ImageUnit *i = NULL;

        if (r >= 0) {
                error = &own;
                i = find_image_unit(c, &own);
                r = i ? prepare_from_unit(c, i, &own) : -ENOENT;
        }
        if (r < 0)
                prepare_fail(c, r, error);
}

static int await_unit(Container *c, Error *error) {
        struct ImageUnit *i = find_image_unit(c, error);
        if (!i)
                return -ENOENT;

        c->image.watch.done = on_unit_ready;
        c->image.watch.userdata = c;
        int r = image_unit_need(i, &c->image.watch, error);
        if (r > 0)
                return prepare_from_unit(c, i, error);
        if (r == 0)
                (void) str_replace(&c->status_text, "waiting for the unit of its image");
        return r;
}

/* ---- beginning --------------------------------------------------------------------------------- */
/* A file that holds a root file system: what is written goes to a layer above it, as with an image. */
static int prepare_rootfs(Container *c, Error *error) {
        const RootSpec *root = &container_spec(c)->root;
        struct stat st;

        if (!root->overlay && stat(root->rootfs, &st) >= 0 && S_ISREG(st.st_mode))
                return prepare_storage(c, error);
        prepare_succeed(c);
        return 0;
}

static int prepare_reference(Container *c, Error *error) {
        const ContainerSpec *spec = container_spec(c);
        _cleanup_free_ char *name = NULL;

        int r = image_local_name(spec->image, c->unit.spec->file_name, &name);
        return r < 0 ? r
                     : prepare_image(c, spec->image, name, &spec->pull, spec->pull.policy, error);
}

static int begin_image(Container *c, Error *error) {
        return container_spec(c)->image_unit ? await_unit(c, error) : prepare_reference(c, error);
}

void container_prepare(Container *c) {
        _cleanup_(error_done) Error error = {};
        int r;

        container_unresolve(c);
        c->image.n_beginnings = 0;
        r = container_resolve(c, &error);
        if (r >= 0 && (container_spec(c)->image_unit || container_spec(c)->image))
                r = begin_image(c, &error);
        else if (r >= 0)
                r = prepare_rootfs(c, &error);
        if (r < 0)
                prepare_fail(c, r, &error);
}

void container_image_init(ContainerImage *i) {
        list_init(&i->watch.link);
}

/* Whatever is under way is called off. */
static void image_stop_waiting(ContainerImage *i) {
        i->waiter = image_waiter_leave(i->waiter);
        list_remove(&i->watch.link);
        i->root_helper = subprocess_free(i->root_helper);
        i->retry_timer = sd_event_source_disable_unref(i->retry_timer);
}

void container_release_image(Container *c) {
        ImageService *images = c->context->images;

        image_stop_waiting(&c->image);
        c->image.image = image_free(c->image.image);
        if (c->image.used)
                image_store_release(image_service_store(images), unit_id(&c->unit));
        c->image.used = false;
        if (!c->image.storage)
                return;
        int r = container_storage_discard(c->context->state_dir, unit_id(&c->unit));
        if (r < 0)
                diag_warning("%s: cannot discard %s: %s; the next start does",
                                unit_id(&c->unit),
                                c->image.storage,
                                error_text(NULL, r));
        free(c->image.storage);
        c->image.storage = NULL;
        image_service_empty_trash(images);
}

void container_image_done(ContainerImage *i) {
        image_stop_waiting(i);
        (void) image_free(i->image);
        free(i->name);
        free(i->storage);
        free(i->root);
        *i = (ContainerImage) {};
}

/* ---- over a restart of supd -------------------------------------------------------------------- */
void container_put_image(const Container *c, RecordWriter *w) {
        record_put(w, "ImageName", c->image.name);
        record_put(w, "Image", c->image.used ? c->image.manifest.text : NULL);
        record_put_bool(w, "Storage", c->image.storage != NULL);
}

int container_get_image(Container *c, const Record *record) {
        const char *manifest = record_get(record, "Image");
        _cleanup_(error_done) Error error = {};
        int r;

        r = str_replace(&c->image.name, record_get(record, "ImageName"));
        if (r >= 0 && record_bool_or(record, "Storage", false)) {
                c->image.storage = container_storage_path(c->context->state_dir, unit_id(&c->unit));
                r = c->image.storage ? 0 : -ENOMEM;
        }
        if (r < 0 || !manifest || digest_parse(manifest, &c->image.manifest, NULL) < 0)
                return r;
        c->image.used = true;
        r = image_store_load(image_service_store(c->context->images),
                        &c->image.manifest,
                        &c->image.image,
                        &error);
        if (r < 0 && r != -ENOMEM)
                diag_warning("%s: %s; it runs on with the signal of a stop that the unit says",
                                unit_id(&c->unit),
                                error_text(&error, r));
        return r == -ENOMEM ? r : 0;
}

/* ---- what is left of containers that no unit speaks for ---------------------------------------- */
static const ContainerImage *image_of_id(Engine *e, const char *id) {
        Unit *u = engine_find(e, id);

        return u && container_is(u) ? &container_of_unit(u)->image : NULL;
}

int container_clear_strays(const KindContext *context, Engine *e) {
        ImageStore *store = image_service_store(context->images);
        _cleanup_strv_ char **users = NULL, **storages = NULL;
        int r;

        r = image_store_users(store, &users);
        if (r >= 0)
                r = container_storage_list(context->state_dir, &storages);
        if (r < 0)
                return r;
        STRV_FOREACH (id, users) {
                const ContainerImage *i = image_of_id(e, *id);
                if (!i || !i->used)
                        image_store_release(store, *id);
        }
        STRV_FOREACH (id, storages) {
                const ContainerImage *i = image_of_id(e, *id);
                if (i && i->storage)
                        continue;
                r = container_storage_discard(context->state_dir, *id);
                if (r < 0)
                        diag_warning("cannot discard what container %s left: %s",
                                        *id,
                                        error_text(NULL, r));
        }
        if (container_storage_has_trash(context->state_dir))
                image_service_empty_trash(context->images);
        return 0;
}

/* ---- what the image says ----------------------------------------------------------------------- */
int container_stop_signal(const Container *c) {
        const Image *image = c->image.image;
        int signal = container_spec(c)->process.stop_signal;

        if (signal == 0 && image && image->stop_signal &&
                        value_parse_signal(image->stop_signal, &signal) < 0)
                signal = 0;
        return signal ?: SIGTERM;
}
