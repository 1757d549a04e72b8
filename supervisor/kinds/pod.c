/* SPDX-License-Identifier: MIT */
#include "kinds/pod.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/environment.h"
#include "kinds/lifecycle-record.h"
#include "kinds/pod-internal.h"
#include "supd/message-ids.h"
#include "supd/paths.h"

#define SHM_SIZE_DEFAULT (UINT64_C(64) * 1024 * 1024)
#define MAKER_PATIENCE_MSEC 1000 /* for the one that a former supd started, once it is killed */

static PodUnit *pod_of_lifecycle(Lifecycle *l) {
        return CONTAINER_OF(l, PodUnit, lifecycle);
}

static void pod_say(PodUnit *p, const char *text) {
        (void) str_replace(&p->status_text, text); /* without memory: the former one */
}

static void pod_tell(PodUnit *p, DiagLevel level, const char *message_id, const char *text) {
        DiagContext context = { .unit = unit_id(&p->unit), .message_id = message_id };

        diag_log(level, &context, "%s", text);
}

/* ---- what containers of it ask ----------------------------------------------------------------- */

const char *pod_unit_id(const PodUnit *p) {
        return unit_id(&p->unit);
}

bool pod_unit_is_active(const PodUnit *p) {
        return service_state_to_active(p->lifecycle.state) == UNIT_ACTIVE;
}

const PodSpec *pod_unit_spec(const PodUnit *p) {
        return p->resolved ?: &p->unit.spec->pod;
}

const char *pod_host_name(const PodSpec *spec) {
        return spec->hostname ?: spec->name;
}

RuntimeShared pod_unit_shared(const PodUnit *p) {
        const PodSpec *spec = pod_unit_spec(p);
        bool of_host = spec->network == NETWORK_HOST && !spec->network_path;

        return (RuntimeShared) {
                .net = of_host ? NULL : p->paths[SHARED_NET],
                .ipc = p->paths[SHARED_IPC],
                .uts = p->paths[SHARED_UTS],
                .shm = p->shm_path,
        };
}

/* ---- lifecycle actions ------------------------------------------------------------------------- */

static void pod_unresolve(PodUnit *p) {
        p->resolved = NULL;
        pod_spec_done(&p->resolved_storage);
        p->resolved_storage = (PodSpec) {};
}

static int pod_resolve(PodUnit *p, Error *error) {
        _cleanup_strv_ char **environment = NULL;

        pod_unresolve(p);
        pod_spec_init(&p->resolved_storage);
        int r = service_environment_read(&p->unit.spec->service, &environment, error);
        if (r >= 0)
                r = unit_spec_resolve_pod(p->unit.spec,
                                environment,
                                &p->resolved_storage,
                                &p->resolved,
                                error);
        if (r < 0)
                return r;
        p->lifecycle.stop_timeout_usec = p->resolved->stop_timeout_usec;
        return 0;
}

static int pod_new_invocation(PodUnit *p) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;

        int r = sd_id128_randomize(&id);
        return r < 0 ? r : str_replace(&p->invocation_id, sd_id128_to_string(id, text));
}

static void pod_fail(PodUnit *p, int r, const Error *error) {
        pod_say(p, error_text(error, r));
        lifecycle_post_error(&p->lifecycle,
                        SERVICE_FAILURE_RESOURCES,
                        (ExitInfo) { .code = CLD_EXITED, .status = 125 },
                        clock_dual());
}

static void action_begin(Lifecycle *l) {
        PodUnit *p = pod_of_lifecycle(l);

        pod_unresolve(p);
        (void) unit_take_next_spec(&p->unit);
        pod_say(p, NULL);
        p->had_members = false;
        p->freeze.frozen = l->frozen = false;
}

static unsigned action_n_steps(const Lifecycle *l, ExecPhase phase) {
        (void) l;
        return phase == EXEC_START ? 1 : 0; /* no host commands */
}

/* Podman has one space of names for both. */
static int check_name(const PodUnit *p, Error *error) {
        const char *name = pod_unit_spec(p)->name;
        const Engine *e = p->unit.engine;

        for (size_t i = 0; i < engine_n_units(e); i++) {
                const Unit *u = engine_unit_at(e, i);

                if (u->spec->kind == UNIT_KIND_CONTAINER && !u->spec->is_template &&
                                str_equal(u->spec->container.name, name))
                        return error_set_plain(error,
                                        -EEXIST,
                                        ERROR_BAD_SETTING,
                                        "the pod's name '%s' is that of the container of %s",
                                        name,
                                        unit_id(u));
        }
        return 0;
}

static int make_paths(PodUnit *p) {
        int r = 0;

        if (!p->dir)
                p->dir = str_printf("%s/" SUPD_POD_DIR "/%s",
                                p->context->runtime_dir,
                                unit_id(&p->unit));
        if (p->dir && !p->shm_path)
                p->shm_path = str_printf("%s/" SHARED_SHM, p->dir);
        for (SharedNamespace n = 0; p->dir && n < _SHARED_NAMESPACE_MAX; n++) {
                if (!p->paths[n])
                        p->paths[n] = str_printf("%s/%s", p->dir, shared_namespace_to_string(n));
                r = p->paths[n] ? r : -ENOMEM;
        }
        return p->dir && p->shm_path ? r : -ENOMEM;
}

static void action_prepare(Lifecycle *l) {
        PodUnit *p = pod_of_lifecycle(l);
        _cleanup_(error_done) Error error = {};

        int r = make_paths(p);
        if (r >= 0)
                r = pod_new_invocation(p);
        if (r >= 0)
                r = pod_resolve(p, &error);
        if (r >= 0)
                r = check_name(p, &error);
        if (r < 0)
                pod_fail(p, r, &error);
        else
                lifecycle_post(l, SERVICE_EV_PREPARED, clock_dual());
}

static int maker_work(void *userdata, Error *error) {
        const PodUnit *p = userdata;
        const PodSpec *spec = pod_unit_spec(p);

        NamespacesSpec namespaces = {
                .dir = p->dir,
                .hostname = pod_host_name(spec),
                .host_network = spec->network == NETWORK_HOST && !spec->network_path,
                .network_path = spec->network_path,
                .shm_size_bytes =
                                spec->root.shm_size ? spec->root.shm_size_bytes : SHM_SIZE_DEFAULT,
        };
        return namespaces_make(&namespaces, error);
}

/* The namespaces are what is the pod's main process: it ends with the last container. */
static void action_signal(Lifecycle *l, LifecycleSignal what) {
        PodUnit *p = pod_of_lifecycle(l);

        if (p->maker) { /* not to be left alone: it may be mounting */
                (void) kill(forked_pid(p->maker), SIGKILL); /* ours, and not reaped */
                return;                                     /* maker_done() follows */
        }
        pod_freeze_abandon(p);
        if (!pod_is_empty(p)) {
                pod_end_members(p, what == LIFECYCLE_KILL);
                return; /* pod_recheck() follows */
        }
        if (l->main_alive)
                lifecycle_post_ended(l, (ExitInfo) { .code = CLD_EXITED }, clock_dual());
        else
                lifecycle_post(l, SERVICE_EV_EMPTY, clock_dual());
}

static void maker_done(int r, const Error *error, void *userdata) {
        PodUnit *p = userdata;

        p->maker = forked_free(p->maker);
        if (service_state_to_active(p->lifecycle.state) == UNIT_DEACTIVATING)
                action_signal(&p->lifecycle, LIFECYCLE_KILL);
        else if (r < 0)
                pod_fail(p, r, error);
        else
                lifecycle_post_started(&p->lifecycle, /* ready= */ true, clock_dual());
}

static void action_run(Lifecycle *l, ExecPhase phase, unsigned step) {
        PodUnit *p = pod_of_lifecycle(l);
        _cleanup_(error_done) Error error = {};
        const ForkedRequest request = {
                .name = "make the pod's namespaces",
                .work = maker_work,
                .work_userdata = p,
                .done = maker_done,
                .userdata = p,
        };

        (void) phase, (void) step;
        int r = forked_start(p->context->event, &request, &p->maker, &error);
        if (r < 0)
                pod_fail(p, r, &error);
        else
                pod_save(p); /* with the process that a next supd would have to end */
}

static void pod_remove_namespaces(PodUnit *p) {
        int r = p->dir ? namespaces_remove(p->dir) : 0;

        if (r < 0)
                diag_warning("%s: cannot remove %s: %s; left for the next start",
                                unit_id(&p->unit),
                                p->dir,
                                error_text(NULL, r));
}

static void action_release(Lifecycle *l) {
        PodUnit *p = pod_of_lifecycle(l);

        if (service_state_to_active(l->state) == UNIT_ACTIVATING)
                return; /* a preparation is called off: there is nothing yet */
        p->maker = forked_free(p->maker);
        pod_remove_namespaces(p);
        pod_unresolve(p);
        if (l->state == SERVICE_DEAD)
                pod_say(p, NULL);
}

static void action_set_deadline(Lifecycle *l, uint64_t monotonic_usec) {
        PodUnit *p = pod_of_lifecycle(l);

        lifecycle_timer_set(&p->timer, &p->unit, l, p->context->event, monotonic_usec);
}

static void pod_tell_state(PodUnit *p, ServiceState old) {
        ServiceState now = p->lifecycle.state;

        if (now == old)
                return;
        if (now == SERVICE_FAILED)
                pod_tell(p,
                                DIAG_ERROR,
                                SUPD_MESSAGE_START_FAILED,
                                p->status_text ?: "The pod has failed.");
        else if (now == SERVICE_RUNNING)
                pod_tell(p, DIAG_INFO, SUPD_MESSAGE_STARTED, "Its namespaces are there.");
        else if (now == SERVICE_DEAD)
                pod_tell(p, DIAG_INFO, SUPD_MESSAGE_STOPPED, "Its namespaces are gone.");
}

static void action_changed(Lifecycle *l, ServiceState old) {
        PodUnit *p = pod_of_lifecycle(l);

        if (l->state == SERVICE_DEAD && !unit_is_held_back(&p->unit))
                p->context->store->ops->forget(p->context->store, unit_id(&p->unit));
        else
                pod_save(p);
        pod_tell_state(p, old);

        lifecycle_tell_engine(&p->unit, l);
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

/* ---- the unit's verbs -------------------------------------------------------------------------- */

static void start_has_thawed(int r, const Error *error, void *userdata) {
        (void) r, (void) error, (void) userdata;
}

static int pod_start(Unit *u, bool by_hand, Error *error) {
        PodUnit *p = pod_of(u);
        UnitActiveState active = service_state_to_active(p->lifecycle.state);

        if (p->freeze.frozen)
                return pod_freeze(u, /* freeze= */ false, start_has_thawed, NULL, error);
        if (active == UNIT_ACTIVE)
                return -EALREADY;
        if (active == UNIT_DEACTIVATING)
                return -EAGAIN;
        if (by_hand)
                lifecycle_start_by_hand(&p->lifecycle, clock_dual());
        else
                lifecycle_post(&p->lifecycle, SERVICE_EV_START, clock_dual());
        return 0;
}

static int pod_stop(Unit *u, Error *error) {
        PodUnit *p = pod_of(u);
        UnitActiveState active = service_state_to_active(p->lifecycle.state);

        (void) error;
        if (active == UNIT_INACTIVE || active == UNIT_STATE_FAILED)
                return -EALREADY;
        lifecycle_post(&p->lifecycle, SERVICE_EV_STOP, clock_dual());
        return 0;
}

static void pod_reset_failed(Unit *u) {
        lifecycle_post(&pod_of(u)->lifecycle, SERVICE_EV_RESET_FAILED, clock_dual());
}

static void pod_status(const Unit *u, UnitStatus *ret) {
        const PodUnit *p = pod_of(u);
        const Lifecycle *l = &p->lifecycle;

        *ret = (UnitStatus) {
                .active = service_state_to_active(l->state),
                .sub = service_state_to_string(l->state),
                .result = service_result_to_string(l->result),
                .freezer = p->freeze.done     ? (p->freeze.freeze ? "freezing" : "thawing")
                           : p->freeze.frozen ? "frozen"
                                              : "running",
                .exit = l->exit,
                .state_entered = l->state_entered,
                .inactive_exit = l->inactive_exit,
                .active_enter = l->active_enter,
                .active_exit = l->active_exit,
                .inactive_enter = l->inactive_enter,
                .n_restarts = l->n_restarts,
                .next_restart_monotonic_usec =
                                l->state == SERVICE_AUTO_RESTART ? l->deadline_usec : USEC_INFINITY,
                .status_text = p->status_text,
                .invocation_id = p->invocation_id,
                .pod_name = pod_unit_spec(p)->name,
                .pod_members = p->member_ids,
        };
}

static int pod_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* its containers': UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static Unit *pod_free(Unit *u) {
        PodUnit *p = pod_of(u);

        LIST_FOREACH (link, &p->members) {
                CONTAINER_OF(link, PodMember, link)->pod = NULL;
                list_remove(link);
        }
        forked_free(p->maker);
        lifecycle_timer_done(&p->timer);
        sd_event_source_disable_unref(p->check_source);
        pod_unresolve(p);
        for (SharedNamespace n = 0; n < _SHARED_NAMESPACE_MAX; n++)
                free(p->paths[n]);
        free(p->dir);
        free(p->shm_path);
        strv_free(p->member_ids);
        error_done(&p->freeze.error);
        free(p->invocation_id);
        free(p->status_text);
        unit_spec_free(p->unit.spec);
        free(p);
        return NULL;
}

static const UnitKindOps pod_ops = {
        .name = "pod",
        .start = pod_start,
        .stop = pod_stop,
        .kill = pod_kill,
        .freeze = pod_freeze,
        .reset_failed = pod_reset_failed,
        .status = pod_status,
        .usage = pod_usage,
        .free = pod_free,
};

PodUnit *pod_unit_of(Unit *u) {
        return u->ops == &pod_ops ? pod_of(u) : NULL;
}

int pod_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        PodUnit *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (PodUnit) {
                .unit = { .ops = &pod_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
        };
        list_init(&p->members);
        lifecycle_init(&p->lifecycle, &lifecycle_ops, &p->unit.spec);
        *ret = &p->unit;
        return 0;
}

/* ---- the record -------------------------------------------------------------------------------- */

void pod_save(PodUnit *p) {
        UnitStore *store = p->context->store;
        _cleanup_(error_done) Error error = {};
        uint64_t start_time = 0;
        RecordWriter w = {};

        lifecycle_put(&w, &p->lifecycle);
        checks_put(&w, &p->unit);
        record_put(&w, "InvocationId", p->invocation_id);
        record_put(&w, "StatusText", p->status_text);
        record_put_bool(&w, "Frozen", p->freeze.frozen);
        record_put_bool(&w, "HadMembers", p->had_members);
        if (p->maker && sys_process_start_time(forked_pid(p->maker), &start_time) >= 0) {
                record_put_i64(&w, "MakerPid", forked_pid(p->maker));
                record_put_u64(&w, "MakerStartTime", start_time);
        }
        int r = w.result < 0 ? w.result
                             : store->ops->save(store, unit_id(&p->unit), w.text, &error);
        record_writer_done(&w);
        if (r < 0)
                diag_warning("%s: %s; a restart of supd would not find it as it is",
                                unit_id(&p->unit),
                                error_text(&error, r));
}

void pod_held_back(Unit *u) {
        PodUnit *p = pod_of(u);

        if (p->lifecycle.state == SERVICE_DEAD || p->lifecycle.state == SERVICE_FAILED)
                pod_save(p);
}

/* It must not go on mounting while we unmount. It dies with its supd, but after an exec we are that. */
static void end_maker(const Record *record) {
        pid_t pid = (int) record_i64_or(record, "MakerPid", 0);
        uint64_t start_time;

        _cleanup_close_ int pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -EBADF;
        if (pidfd < 0 || sys_process_start_time(pid, &start_time) < 0 ||
                        start_time != record_u64_or(record, "MakerStartTime", 0))
                return;
        struct pollfd fd = { .fd = pidfd, .events = POLLIN };
        (void) sys_pidfd_send_signal(pidfd, SIGKILL);
        (void) poll(&fd, 1, MAKER_PATIENCE_MSEC); /* it has no way not to die */
}

static void restore_active(PodUnit *p, const Record *record) {
        _cleanup_(error_done) Error error = {};

        int r = pod_resolve(p, &error);
        if (r < 0)
                diag_warning("%s: %s; containers are started in it as its file says",
                                unit_id(&p->unit),
                                error_text(&error, r));
        p->had_members = record_bool_or(record, "HadMembers", false);
        p->freeze.frozen = record_bool_or(record, "Frozen", false);
        if (namespaces_exist(p->dir)) {
                pod_recheck(p); /* the last of its containers may have ended meanwhile */
                return;
        }
        pod_say(p, "its namespaces were taken away");
        lifecycle_post_ended(&p->lifecycle,
                        (ExitInfo) { .code = CLD_EXITED, .status = 125 },
                        clock_dual());
}

int pod_restore(Unit *u, Error *error) {
        PodUnit *p = pod_of(u);
        UnitStore *store = p->context->store;

        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(u));
        if (!record)
                return 0;
        ServiceState state = service_state_from_string(record_get(record, "State"));
        if (state < 0) {
                store->ops->forget(store, unit_id(u));
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        }
        end_maker(record);
        lifecycle_get(record, &p->lifecycle);
        checks_get(record, u);
        int r = make_paths(p);
        if (r >= 0)
                r = str_replace(&p->invocation_id, record_get(record, "InvocationId"));
        if (r >= 0)
                r = str_replace(&p->status_text, record_get(record, "StatusText"));
        if (r < 0)
                return r;
        lifecycle_restore(&p->lifecycle, state);
        UnitActiveState active = service_state_to_active(state);
        if (active == UNIT_ACTIVE)
                restore_active(p, record);
        else if (active == UNIT_ACTIVATING && state != SERVICE_AUTO_RESTART)
                lifecycle_post_half_made(&p->lifecycle, clock_dual());
        else if (active == UNIT_DEACTIVATING)
                pod_recheck(p); /* once it is known which containers are still there */
        return 0;
}

/* The unit by whose name there are namespaces, if it has any business with them. */
static bool is_in_use(Engine *e, const char *name) {
        Unit *u = engine_find(e, name);
        PodUnit *p = u ? pod_unit_of(u) : NULL;
        UnitActiveState active = p ? unit_active_state(u) : UNIT_INACTIVE;

        return active != UNIT_INACTIVE && active != UNIT_STATE_FAILED;
}

void pod_clear_strays(const KindContext *context, Engine *e) {
        _cleanup_free_ char *path = str_printf("%s/" SUPD_POD_DIR, context->runtime_dir);
        _cleanup_(closedirp) DIR *dir = path ? opendir(path) : NULL;

        for (const struct dirent *entry; dir && (entry = readdir(dir));) {
                if (*entry->d_name == '.' || is_in_use(e, entry->d_name))
                        continue;
                _cleanup_free_ char *stray = str_printf("%s/%s", path, entry->d_name);
                int r = stray ? namespaces_remove(stray) : -ENOMEM;
                if (r < 0)
                        diag_warning("cannot remove %s/%s: %s; it stays",
                                        path,
                                        entry->d_name,
                                        error_text(NULL, r));
        }
}
