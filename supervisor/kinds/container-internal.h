/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The container's own struct and what its files ask of each other:
 *
 *   container.c          the unit: verbs, lifecycle actions, states told to the engine
 *   container-run.c      one run: start, status pipe, end of PID 1, emptiness of the cgroup
 *   container-health.c   health checks (container-health.h)
 *   container-image.c    what comes before a run: the image is fetched and taken into use, storage made
 *   container-plan.c     the unit's specification, resolved, as a spec of runtime/
 *   container-cgroup.c   its limits and devices as specs of the cgroup drivers
 *   container-exec.c     a command in it (container-exec.h)
 *   container-notify.c   what its payload tells of itself (container-notify.h)
 *   container-pod.c      the pod that it is in
 *   container-users.c    its user namespace (container-users.h)
 *   container-commands.c commands on the host around it
 *   container-reload.c   reload: ReloadCmd= and ReloadSignal=
 *   container-freeze.c   pause and unpause
 *   container-idle.c     sleep while nobody is connected
 *   container-record.c   saving, restoring, adopting
 *   container-message.c  life-cycle messages for the journal
 */

#include "core/engine.h"
#include "core/idle.h"
#include "kinds/container-health.h"
#include "kinds/context.h"
#include "kinds/image-service.h"
#include "kinds/image.h"
#include "kinds/kept-fds.h"
#include "kinds/lifecycle-unit.h"
#include "kinds/pod.h"
#include "log/driver.h"

/* One run, from the first system call to the last process gone. */
typedef struct ContainerRun {
        Cgroup *cgroup;            /* owned; kept over automatic restarts; NULL: none */
        RuntimeChild child;        /* owned; pid 0: PID 1 does not exist (any more) */
        uint64_t child_start_time; /* in clock ticks: with the pid it names the process for good */
        pid_t payload_pid;         /* 0: not known */
        pid_t last_payload_pid;    /* the same, and after its end; 0: none since the last start */
        int payload_pidfd;         /* owned; -EBADF */
        bool init;                 /* supinit is PID 1 */
        bool executes;             /* the payload's exec succeeded */
        bool reported;             /* supinit told how the payload ended: exit holds it */
        ExitInfo exit;
        uint64_t phase_ends[_START_PHASE_MAX]; /* monotonic, of the last start; 0: not known */
        uint64_t oom_kills;                    /* count at the start of the run */
        CgroupLimits limits;                   /* in force; numbers alone */
        bool devices_changed; /* DeviceAllow= and its like are those of a newer definition */
        sd_event_source *status_source, *pid_source, *payload_source; /* owned */
        sd_event_source *cgroup_source, *oom_source;                  /* owned */
} ContainerRun;

typedef enum FreezerState {
        FREEZER_RUNNING,
        FREEZER_FREEZING,
        FREEZER_FROZEN,
        FREEZER_THAWING,
        _FREEZER_STATE_MAX,
        _FREEZER_STATE_INVALID = -EINVAL,
} FreezerState;

typedef struct ContainerFreezer {
        FreezerState state;
        UnitFreezeDone done; /* who waits; NULL: nobody */
        void *userdata;      /* borrowed */
        unsigned tries;      /* reads of cgroup.events since the request */
        uint64_t give_up_usec;
        sd_event_source *timer; /* owned */
} ContainerFreezer;

typedef struct ContainerLog {
        LogDriver *driver; /* owned; NULL: not in use */
        const char *name;  /* static; what wrote the last run's lines; NULL: not known */
        char *directory;   /* owned; of the driver "file" */
        char **stored;     /* owned; names of descriptors in the store */
        sd_event_source *logger_source, *forget_source, *retry_timer; /* owned */
} ContainerLog;

/* The image that it runs, and what is being done about it. */
typedef struct ContainerImage {
        char *name;      /* owned; what people call it; NULL: none */
        Digest manifest; /* of what is taken into use */
        bool used;       /* noted so in the store */
        Image *image;    /* owned; NULL: none (yet) */
        char *storage;   /* owned; directory of what it writes; NULL: none */
        char *root;      /* owned; a root that supd-image made; NULL: the layers are joined */

        ImageUnitWatch watch;         /* on the unit that Image= names */
        ImageWaiter *waiter;          /* owned; of the fetch */
        Subprocess *root_helper;      /* owned */
        sd_event_source *retry_timer; /* owned */
        unsigned n_tries;             /* to take it into use */
        unsigned n_beginnings;        /* after it was pruned under our hands */
} ContainerImage;

/* Sleeping while nobody is connected. */
typedef struct ContainerIdle {
        Idle machine;
        bool complained;        /* that nobody can tell who is connected */
        sd_event_source *timer; /* owned; the next look */
} ContainerIdle;

/* What its payload says of itself: Notify=true. */
typedef struct ContainerNotify {
        int fd;                  /* owned; -EBADF: nobody is listened to */
        char *text;              /* owned; STATUS=; NULL: none */
        int error;               /* ERRNO=; 0: none */
        sd_event_source *source; /* owned */
        KeptFds kept;            /* FDSTORE=1 */
        bool told_full;          /* that one is not kept, in this run */
} ContainerNotify;

typedef struct Container {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Lifecycle lifecycle;
        ContainerRun run;
        ContainerFreezer freezer;
        ContainerIdle idle;
        ContainerLog log;
        ContainerImage image;
        PodMember pod;
        ContainerNotify notify;
        ContainerHealth *health; /* owned; NULL: nothing was checked so far */
        ContainerSpec resolved_storage;
        const ContainerSpec
                        *resolved; /* borrowed from the spec or the storage; NULL: not running */
        char *container_id;        /* owned; 64 hex digits; kept while the unit has a record */
        char *invocation_id;       /* owned; 32 hex digits; new with each start */
        char *fd_name;             /* owned; prefix of this run's descriptors in the store */
        char *status_text;         /* owned; why it failed; NULL: nothing to say */
        struct ControlCommand *command; /* owned; on the host, under way; NULL: none */
        struct ContainerExec *reload;   /* owned; ReloadCmd= under way; NULL: none */
        LifecycleTimer timer;
} Container;

static inline Container *container_of_unit(const Unit *u) {
        return CONTAINER_OF(u, Container, unit);
}

static inline Container *container_of_lifecycle(const Lifecycle *l) {
        return CONTAINER_OF(l, Container, lifecycle);
}

/** container_is() - the unit is a container, and container_of_unit() of it is one */
bool container_is(const Unit *u);

/* container-run.c */
void container_run_init(ContainerRun *run);
/** container_start_run() - make the container. Failure leaves nothing behind but the cgroup. */
int container_start_run(Container *c, Error *error);
/** container_executes() - its payload does; again and later, that means nothing */
void container_executes(Container *c);
/** container_ready() - what it was started for can be done; again and later, that means nothing */
void container_ready(Container *c);
/** container_watch_run() - event sources for a run, new or adopted */
int container_watch_run(Container *c, Error *error);
/** container_watch_oom() - or no more, as OOMPolicy= and the limit in force have it */
void container_watch_oom(Container *c);
/** container_watch_payload() - of a paused container: should it end, thaw, so that supinit can tell how */
void container_watch_payload(Container *c, bool watch);
/** container_read_status() - take in the status pipe's records */
void container_read_status(Container *c);
/**
 * container_check_empty() - post EMPTY if neither PID 1 nor another process of the run is left, else watch
 *
 * Of a unit that was given up with processes left: release it then.
 */
void container_check_empty(Container *c);
/** container_has_leftovers() - given up, but with processes left: SendSIGKILL=no, or not to be killed */
bool container_has_leftovers(const Container *c);
/** container_close_run() - PID 1 has ended: close, drop from the store; the cgroup stays */
void container_close_run(Container *c);
/** container_run_done() - for freeing: closes everything, drops nothing from the store, kills nothing */
void container_run_done(ContainerRun *run);
int container_signal_main(Container *c, int signal, Error *error);

/* container-log.c */
int container_log_open(Container *c, int *ret_stdout_fd, int *ret_stderr_fd, Error *error);
LogDriverType container_log_type(const Container *c); /* as the unit says */
/** container_log_locate() - where the driver "file" would write: log.directory */
int container_log_locate(Container *c);
/** container_log_prepare() - a driver of @type exists; opens nothing */
int container_log_prepare(Container *c, LogDriverType type, Error *error);
/** container_log_descriptor() - the driver's name for what is stored as @stored; borrowed from it */
const char *container_log_descriptor(const char *stored);
/** container_log_watch() - after adoption: take the logger under watch again */
void container_log_watch(Container *c);
void container_log_forget(Container *c);
void container_log_done(ContainerLog *log);

/* container-cgroup.c */
/** container_limits() - in force; of what does not run, those that will be. Numbers alone. */
CgroupLimits container_limits(const Container *c);
/**
 * container_open_cgroup() - unless it is open
 * @name: as cgroup_name() said it to a record; NULL: where the unit says
 */
int container_open_cgroup(Container *c, const char *name, Error *error);
/** container_refresh_limits() - those of a newer definition hold for what runs: UNITS.md 4.10 */
int container_refresh_limits(Container *c, Error *error);
/** container_set_up_cgroup() - a group for a new run: open or renew it, apply limits and devices */
int container_set_up_cgroup(Container *c, Error *error);
/** container_apply_cgroup() - limits and devices of the group there is, whatever runs in it */
int container_apply_cgroup(Container *c, Error *error);

/* container-image.c */
void container_image_init(ContainerImage *i);
/** container_prepare() - answered by PREPARED or ERROR, now or later */
void container_prepare(Container *c);
/** container_release_image() - nothing is prepared any more; what the container wrote goes */
void container_release_image(Container *c);
/** container_image_done() - for freeing: lets go of nothing outside of supd */
void container_image_done(ContainerImage *i);
void container_put_image(const Container *c, RecordWriter *w);
int container_get_image(Container *c, const Record *record);
/** container_stop_signal() - the unit's, else the image's, else SIGTERM; KillSignal= goes before */
int container_stop_signal(const Container *c);

/* container-plan.c */
/** container_resolve() - ${NAME} in values of [Container] replaced, for the run that is prepared or was
 * adopted */
int container_resolve(Container *c, Error *error);
/** container_resolve_spec() - the same for another definition; see unit_spec_resolve() */
int container_resolve_spec(const UnitSpec *spec,
                ContainerSpec *storage,
                const ContainerSpec **ret,
                Error *error);
/** container_unresolve() - the run is over, the definition may be exchanged */
void container_unresolve(Container *c);
/** container_spec() - [Container] as it is in force: resolved while it runs; borrowed */
const ContainerSpec *container_spec(const Container *c);

/* Everything a RuntimeSpec borrows, in one owner. */
typedef struct ContainerPlan ContainerPlan;
int container_plan_new(Container *c, ContainerPlan **ret, Error *error);
const RuntimeSpec *container_plan_spec(
                ContainerPlan *p, Cgroup *cgroup, int stdin_fd, int stdout_fd, int stderr_fd);
ContainerPlan *container_plan_free(ContainerPlan *p);
DEFINE_CLEANUP(ContainerPlan *, container_plan_free);

/* container-pod.c */
/** container_enter_pod() - for a run: the pod has to be active. Without Pod= there is nothing to do. */
int container_enter_pod(Container *c, Error *error);
/** container_find_pod() - of Pod=, active or not; NULL: none */
PodUnit *container_find_pod(const Container *c);
/** container_rejoin_pod() - adopted: it is in whatever the pod is in */
void container_rejoin_pod(Container *c);
/** container_tell_pod() - the state has changed */
void container_tell_pod(Container *c);
/* container-commands.c */
unsigned container_n_steps(const Container *c, ExecPhase phase);
/** container_run_command() - answered by CONTROL_ENDED, now or later */
void container_run_command(Container *c, ExecPhase phase, unsigned step);
void container_put_command(const Container *c, RecordWriter *w);
/** container_restore_command() - adopt the command under way, or go on without it */
void container_restore_command(Container *c, const Record *record);

/* container-reload.c */
int container_reload(Unit *u, Error *error);
int container_can_reload(const Unit *u, Error *error);
/** container_check_reload() - a step of a reload may begin: the container is not paused */
int container_check_reload(const Container *c, Error *error);
/** container_n_reload_steps() - beside the commands of ExecReload= */
unsigned container_n_reload_steps(const Container *c);
/** container_run_reload() - the step behind those commands; answered by CONTROL_ENDED, now or later */
void container_run_reload(Container *c);
/** container_end_reload() - kill the command of that step; its end is not posted. Return: whether there was one. */
bool container_end_reload(Container *c);
/** container_tell_reload() - a reload has ended, well or not */
void container_tell_reload(Container *c, ServiceState old);

/* container-freeze.c */
const char *freezer_state_to_string(FreezerState s);
FreezerState freezer_state_from_string(const char *s);
int container_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error);
/** container_thaw_now() - on the way to an end: thaw, tell whoever waits for a freeze that it is off */
void container_thaw_now(Container *c);
/** container_freeze_check() - cgroup.events may have changed */
void container_freeze_check(Container *c);

/** container_freezer_set() - freeze or thaw, on behalf of nobody in particular; @done may be NULL */
int container_freezer_set(
                Container *c, bool freeze, UnitFreezeDone done, void *userdata, Error *error);

/* container-idle.c */
/** container_idle_follow() - the lifecycle's state may have changed */
void container_idle_follow(Container *c);
/** container_idle_settled() - it is frozen, or thawed. Return: true if that was for the sake of sleep. */
bool container_idle_settled(Container *c, bool frozen);
/** container_idle_pause() - a person pauses it: from now on only a person lets it go on */
void container_idle_pause(Container *c);
void container_idle_put(const Container *c, RecordWriter *w);
void container_idle_restore(Container *c, const Record *record, bool frozen);

/* container-record.c */
/** container_try_save() - write the unit's record. Return: 0 or negative errno. */
int container_try_save(Container *c, Error *error);
/** container_save() - the same; what fails is logged, and the unit goes on */
void container_save(Container *c);
void container_forget(Container *c);
/** container_new_ids() - a fresh invocation, and a container id if there is none */
int container_new_ids(Container *c);

/* container-message.c */
void container_tell_state(Container *c, ServiceState old);
void container_tell(Container *c, int level, const char *message_id, const char *format, ...)
                _printf_(4, 5);
