/* SPDX-License-Identifier: MIT */
#include "kinds/image.h"

#include <signal.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/environment.h"
#include "kinds/image-service.h"
#include "kinds/lifecycle-record.h"
#include "kinds/lifecycle-unit.h"
#include "supd/message-ids.h"

typedef struct ImageUnit {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Lifecycle lifecycle;
        ImageSpec resolved_storage;
        const ImageSpec *resolved; /* borrowed from the spec or the storage; NULL: the spec's own */
        ImageWaiter *waiter;       /* owned; NULL: nothing is being fetched */
        char *invocation_id;       /* owned; 32 hex digits; new with each start */
        char *status_text;         /* owned; NULL: nothing to say */
        LifecycleTimer timer;
        List watches; /* of ImageUnitWatch, the callers' */
} ImageUnit;

static ImageUnit *image_of_lifecycle(Lifecycle *l) {
        return CONTAINER_OF(l, ImageUnit, lifecycle);
}

static ImageUnit *image_of(const Unit *u) {
        return CONTAINER_OF(u, ImageUnit, unit);
}

static const ImageSpec *image_spec(const ImageUnit *i) {
        return i->resolved ?: &i->unit.spec->image;
}

static void image_say(ImageUnit *i, const char *text) {
        (void) str_replace(&i->status_text, text); /* without memory: the former one */
}

static void image_tell(ImageUnit *i, DiagLevel level, const char *message_id, const char *text) {
        DiagContext context = { .unit = unit_id(&i->unit), .message_id = message_id };

        diag_log(level, &context, "%s", text);
}

/* ---- names ------------------------------------------------------------------------------------- */
char *image_unit_name(const ImageUnit *i) {
        const ImageSpec *spec = image_spec(i);
        char *name = NULL;

        if (spec->tag)
                return strdup(spec->tag);
        if (image_local_name(spec->reference, i->unit.spec->file_name, &name) < 0)
                return NULL;
        return name ?: strdup(spec->reference);
}

const PullSpec *image_unit_pull_spec(const ImageUnit *i) {
        return &image_spec(i)->pull;
}

const char *image_unit_reference(const ImageUnit *i) {
        return image_spec(i)->reference;
}

/* ---- lifecycle actions ------------------------------------------------------------------------- */
static void image_unresolve(ImageUnit *i) {
        i->resolved = NULL;
        image_spec_done(&i->resolved_storage);
        i->resolved_storage = (ImageSpec) {};
}

static int image_resolve(ImageUnit *i, Error *error) {
        _cleanup_strv_ char **environment = NULL;
        int r;

        image_unresolve(i);
        image_spec_init(&i->resolved_storage);
        r = service_environment_read(&i->unit.spec->service, &environment, error);
        return r < 0 ? r
                     : unit_spec_resolve_image(i->unit.spec,
                                       environment,
                                       &i->resolved_storage,
                                       &i->resolved,
                                       error);
}

static int image_new_invocation(ImageUnit *i) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;

        int r = sd_id128_randomize(&id);
        return r < 0 ? r : str_replace(&i->invocation_id, sd_id128_to_string(id, text));
}

static void image_fail(ImageUnit *i, int r, const Error *error) {
        image_say(i, error_text(error, r));
        lifecycle_post_error(&i->lifecycle,
                        SERVICE_FAILURE_EXIT_CODE,
                        (ExitInfo) { .code = CLD_EXITED, .status = 1 },
                        clock_dual());
}

static void action_begin(Lifecycle *l) {
        ImageUnit *i = image_of_lifecycle(l);

        image_unresolve(i);
        (void) unit_take_next_spec(&i->unit);
        image_say(i, NULL);
}

static void action_prepare(Lifecycle *l) {
        ImageUnit *i = image_of_lifecycle(l);
        _cleanup_(error_done) Error error = {};

        int r = image_new_invocation(i);
        if (r >= 0)
                r = image_resolve(i, &error);
        if (r < 0)
                image_fail(i, r, &error);
        else
                lifecycle_post(l, SERVICE_EV_PREPARED, clock_dual());
}

static void on_progress(const ImageProgress *p, void *userdata) {
        ImageUnit *i = userdata;
        _cleanup_free_ char *progress = image_progress_format(p);
        _cleanup_free_ char *text =
                        str_printf("fetching %s: %s", image_spec(i)->reference, progress ?: "");

        image_say(i, text);
        unit_notify(&i->unit, /* start_failed= */ false);
}

static void on_done(int r, const Error *error, const Digest *manifest, void *userdata) {
        ImageUnit *i = userdata;
        _cleanup_free_ char *text = NULL;

        i->waiter = NULL;
        if (r < 0) {
                image_fail(i, r, error);
                return;
        }
        text = str_printf("%s is here as %.19s", image_spec(i)->reference, manifest->text);
        image_say(i, text);
        lifecycle_post_ended(&i->lifecycle,
                        (ExitInfo) { .code = CLD_EXITED, .status = 0 },
                        clock_dual());
}

static unsigned action_n_steps(const Lifecycle *l, ExecPhase phase) {
        (void) l;
        return phase == EXEC_START ? 1 : 0; /* no host commands */
}

static void action_run(Lifecycle *l, ExecPhase phase, unsigned step) {
        static const ImageWaiterOps ops = { .progress = on_progress, .done = on_done };
        ImageUnit *i = image_of_lifecycle(l);
        const ImageSpec *spec = image_spec(i);
        _cleanup_(error_done) Error error = {};
        _cleanup_free_ char *name = NULL;
        int r = 0;

        (void) phase, (void) step;
        if (spec->tag)
                name = strdup(spec->tag);
        else
                r = image_local_name(spec->reference, i->unit.spec->file_name, &name);
        if (r < 0 || (spec->tag && !name)) {
                image_fail(i, -ENOMEM, &error);
                return;
        }
        ImagePullRequest request = {
                .reference = spec->reference,
                .name = name,
                .pull = &spec->pull,
                .policy = spec->pull.policy,
        };
        r = image_service_pull(i->context->images, &request, &ops, i, &i->waiter, &error);
        if (r < 0)
                image_fail(i, r, &error);
}

static void action_signal(Lifecycle *l, LifecycleSignal what) {
        ImageUnit *i = image_of_lifecycle(l);

        (void) what; /* a fetch is let go of, however it is asked */
        i->waiter = image_waiter_leave(i->waiter);
        if (l->main_alive)
                lifecycle_post_ended(l, (ExitInfo) {}, clock_dual());
        else
                lifecycle_post(l, SERVICE_EV_EMPTY, clock_dual());
}

static void action_release(Lifecycle *l) {
        ImageUnit *i = image_of_lifecycle(l);

        i->waiter = image_waiter_leave(i->waiter);
        if (l->state == SERVICE_DEAD)
                image_say(i, NULL);
}

static void action_set_deadline(Lifecycle *l, uint64_t monotonic_usec) {
        ImageUnit *i = image_of_lifecycle(l);

        lifecycle_timer_set(&i->timer, &i->unit, l, i->context->event, monotonic_usec);
}

static void image_save(ImageUnit *i) {
        UnitStore *store = i->context->store;
        _cleanup_(error_done) Error error = {};
        RecordWriter w = {};

        lifecycle_put(&w, &i->lifecycle);
        checks_put(&w, &i->unit);
        record_put(&w, "InvocationId", i->invocation_id);
        record_put(&w, "StatusText", i->status_text);
        int r = w.result < 0 ? w.result
                             : store->ops->save(store, unit_id(&i->unit), w.text, &error);
        record_writer_done(&w);
        if (r < 0)
                diag_warning("%s: %s; a restart of supd would not find it as it is",
                                unit_id(&i->unit),
                                error_text(&error, r));
}

/* A watch may lead to the next one, on another unit or on this. */
static void tell_watches(ImageUnit *i) {
        UnitActiveState active = service_state_to_active(i->lifecycle.state);
        _cleanup_(error_done) Error error = {};
        List told;
        int r = 0;

        if (active == UNIT_ACTIVATING || active == UNIT_DEACTIVATING)
                return;
        if (active != UNIT_ACTIVE)
                r = error_set_plain(&error,
                                -ENOENT,
                                ERROR_FAILED,
                                "%s has no image: %s",
                                unit_id(&i->unit),
                                i->status_text ?: "it was stopped");
        list_init(&told);
        while (!list_is_empty(&i->watches)) {
                List *link = i->watches.next;
                list_remove(link);
                list_append(&told, link);
        }
        while (!list_is_empty(&told)) {
                ImageUnitWatch *watch = CONTAINER_OF(told.next, ImageUnitWatch, link);
                list_remove(&watch->link);
                watch->done(r, &error, watch->userdata);
        }
}

static void action_changed(Lifecycle *l, ServiceState old) {
        ImageUnit *i = image_of_lifecycle(l);

        if (l->state == SERVICE_DEAD && !unit_is_held_back(&i->unit))
                i->context->store->ops->forget(i->context->store, unit_id(&i->unit));
        else
                image_save(i);
        if (l->state == SERVICE_FAILED && old != SERVICE_FAILED)
                image_tell(i,
                                DIAG_ERROR,
                                SUPD_MESSAGE_START_FAILED,
                                i->status_text ?: "The image could not be fetched.");
        else if (l->state == SERVICE_EXITED && old != SERVICE_EXITED)
                image_tell(i,
                                DIAG_INFO,
                                SUPD_MESSAGE_STARTED,
                                i->status_text ?: "The image is here.");

        lifecycle_tell_engine(&i->unit, l);
        tell_watches(i);
}

static const LifecycleOps lifecycle_ops = {
        .begin = action_begin,
        .n_steps = action_n_steps,
        .run = action_run,
        .prepare = action_prepare,
        .signal = action_signal,
        .release = action_release,
        .set_deadline = action_set_deadline,
        .changed = action_changed,
};

/* A container whose Image= names it waits for an end, which this is. */
void image_held_back(Unit *u) {
        ImageUnit *i = image_of(u);

        if (i->lifecycle.state != SERVICE_DEAD && i->lifecycle.state != SERVICE_FAILED)
                return;
        _cleanup_free_ char *why = unit_blame(u);
        image_say(i, why);
        image_save(i);
        tell_watches(i);
}

/* ---- who needs it ------------------------------------------------------------------------------ */
int image_unit_need(ImageUnit *i, ImageUnitWatch *watch, Error *error) {
        Job *job;

        if (service_state_to_active(i->lifecycle.state) == UNIT_ACTIVE)
                return 1;
        int r = engine_add_job(i->unit.engine,
                        &i->unit,
                        JOB_START,
                        JOB_MODE_REPLACE,
                        /* by_hand= */ false,
                        &job,
                        error);
        if (r < 0)
                return error_prefix(error, r, "%s", unit_id(&i->unit));
        list_append(&i->watches, &watch->link);
        return 0;
}

/* ---- the unit's verbs -------------------------------------------------------------------------- */
static int image_start(Unit *u, bool by_hand, Error *error) {
        ImageUnit *i = image_of(u);
        UnitActiveState active = service_state_to_active(i->lifecycle.state);

        (void) error;
        if (active == UNIT_ACTIVE)
                return -EALREADY;
        if (active == UNIT_DEACTIVATING)
                return -EAGAIN;
        if (by_hand)
                lifecycle_start_by_hand(&i->lifecycle, clock_dual());
        else
                lifecycle_post(&i->lifecycle, SERVICE_EV_START, clock_dual());
        return 0;
}

static int image_stop(Unit *u, Error *error) {
        ImageUnit *i = image_of(u);
        UnitActiveState active = service_state_to_active(i->lifecycle.state);

        (void) error;
        if (active == UNIT_INACTIVE || active == UNIT_STATE_FAILED)
                return -EALREADY;
        lifecycle_post(&i->lifecycle, SERVICE_EV_STOP, clock_dual());
        return 0;
}

static int refuse(const Unit *u, Error *error) {
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s is an image and has no processes",
                        unit_id(u));
}

static int image_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        (void) whom, (void) signal;
        return refuse(u, error);
}

static int image_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        (void) freeze, (void) done, (void) userdata;
        return refuse(u, error);
}

static void image_reset_failed(Unit *u) {
        lifecycle_post(&image_of(u)->lifecycle, SERVICE_EV_RESET_FAILED, clock_dual());
}

static void image_status(const Unit *u, UnitStatus *ret) {
        const ImageUnit *i = image_of(u);
        const Lifecycle *l = &i->lifecycle;

        *ret = (UnitStatus) {
                .active = service_state_to_active(l->state),
                .sub = service_state_to_string(l->state),
                .result = service_result_to_string(l->result),
                .exit = l->exit,
                .state_entered = l->state_entered,
                .inactive_exit = l->inactive_exit,
                .active_enter = l->active_enter,
                .active_exit = l->active_exit,
                .inactive_enter = l->inactive_enter,
                .n_restarts = l->n_restarts,
                .next_restart_monotonic_usec =
                                l->state == SERVICE_AUTO_RESTART ? l->deadline_usec : USEC_INFINITY,
                .status_text = i->status_text,
                .invocation_id = i->invocation_id,
                .image_name = image_spec(i)->tag ?: image_spec(i)->reference,
        };
}

static int image_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* nothing is known: UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static Unit *image_unit_free(Unit *u) {
        ImageUnit *i = image_of(u);

        LIST_FOREACH (link, &i->watches)
                list_remove(link);
        i->waiter = image_waiter_leave(i->waiter);
        lifecycle_timer_done(&i->timer);
        image_unresolve(i);
        free(i->invocation_id);
        free(i->status_text);
        unit_spec_free(i->unit.spec);
        free(i);
        return NULL;
}

static const UnitKindOps image_ops = {
        .name = "image",
        .start = image_start,
        .stop = image_stop,
        .kill = image_kill,
        .freeze = image_freeze,
        .reset_failed = image_reset_failed,
        .status = image_status,
        .usage = image_usage,
        .free = image_unit_free,
};

ImageUnit *image_unit_of(Unit *u) {
        return u->ops == &image_ops ? image_of(u) : NULL;
}

int image_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        ImageUnit *i = calloc(1, sizeof(*i));
        if (!i)
                return -ENOMEM;
        *i = (ImageUnit) {
                .unit = { .ops = &image_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
        };
        list_init(&i->watches);
        lifecycle_init(&i->lifecycle, &lifecycle_ops, &i->unit.spec);
        *ret = &i->unit;
        return 0;
}

int image_restore(Unit *u, Error *error) {
        ImageUnit *i = image_of(u);
        UnitStore *store = i->context->store;
        int r;

        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(u));
        if (!record)
                return 0;
        ServiceState state = service_state_from_string(record_get(record, "State"));
        if (state < 0) {
                store->ops->forget(store, unit_id(u));
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        }
        lifecycle_get(record, &i->lifecycle);
        checks_get(record, u);
        r = str_replace(&i->invocation_id, record_get(record, "InvocationId"));
        if (r >= 0)
                r = str_replace(&i->status_text, record_get(record, "StatusText"));
        if (r < 0)
                return r;
        lifecycle_restore(&i->lifecycle, state);
        /* The fetch that was under way died with the former supd; what it has is kept, and goes on. */
        UnitActiveState active = service_state_to_active(state);
        if (active == UNIT_ACTIVATING && state != SERVICE_AUTO_RESTART)
                lifecycle_post_half_made(&i->lifecycle, clock_dual());
        else if (active == UNIT_DEACTIVATING)
                action_signal(&i->lifecycle, LIFECYCLE_KILL);
        return 0;
}
