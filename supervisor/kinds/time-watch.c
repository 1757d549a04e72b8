/* SPDX-License-Identifier: MIT */
#include "kinds/time-watch.h"

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"

#define ZONE_FILE "/etc/localtime"
#define ZONE_DIR "/etc"
/* Of the symbolic link itself, or a file in its place. */
#define ZONE_FILE_EVENTS (IN_ATTRIB | IN_MOVE_SELF | IN_CLOSE_WRITE | IN_DONT_FOLLOW)
#define ZONE_DIR_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

/* Which file it is; all zero: there is none. */
typedef struct ZoneIdentity {
        dev_t device;
        ino_t inode;
        struct timespec changed;
} ZoneIdentity;

struct TimeWatch {
        sd_event *event; /* owned */
        List listeners;
        size_t n_listeners;            /* also while they are told, when the list is in pieces */
        int clock_fd;                  /* owned; -EBADF: nobody listens, or it can't be had */
        sd_event_source *clock_source; /* owned */
        sd_event_source *zone_source;  /* owned */
        ZoneIdentity zone;
};

void time_listener_init(TimeListener *l) {
        list_init(&l->link);
}

/* A listener may leave, or be joined by others, while it is told. */
static void tell(TimeWatch *w, bool of_zone) {
        List told;

        list_init(&told);
        while (!list_is_empty(&w->listeners)) {
                List *link = w->listeners.next;
                TimeListener *l = CONTAINER_OF(link, TimeListener, link);

                list_remove(link);
                list_append(&told, link);
                (of_zone ? l->timezone_changed : l->clock_changed)(l->userdata);
        }
        while (!list_is_empty(&told)) {
                List *link = told.next;
                list_remove(link);
                list_append(&w->listeners, link);
        }
}

/* ---- the clock ------------------------------------------------------------------------------------- */

/* Set to a time that never comes: what ends it is that the clock is set. */
static int clock_arm(int fd) {
        const struct itimerspec never = {
                .it_value.tv_sec = sizeof(time_t) == 8 ? (time_t) INT64_MAX : (time_t) INT32_MAX,
        };

        return neg_errno(timerfd_settime(
                        fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL));
}

static int on_clock(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        TimeWatch *w = userdata;
        uint64_t count;

        (void) source, (void) events;
        (void) !read(fd, &count, sizeof(count)); /* ECANCELED, which is what we came for */
        int r = clock_arm(fd);
        if (r < 0)
                diag_warning("cannot watch the clock any more: %s; timers go by it as it is when "
                             "they are set",
                                strerror(-r));
        tell(w, /* of_zone= */ false);
        return 0;
}

static int clock_watch(TimeWatch *w) {
        w->clock_fd = neg_errno(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
        if (w->clock_fd < 0)
                return w->clock_fd;
        int r = clock_arm(w->clock_fd);
        return r < 0 ? r
                     : sd_event_add_io(w->event,
                                       &w->clock_source,
                                       w->clock_fd,
                                       EPOLLIN,
                                       on_clock,
                                       w);
}

/* ---- the zone -------------------------------------------------------------------------------------- */

static ZoneIdentity zone_identify(void) {
        struct stat st;

        if (lstat(ZONE_FILE, &st) < 0)
                return (ZoneIdentity) {};
        return (ZoneIdentity) {
                .device = st.st_dev,
                .inode = st.st_ino,
                .changed = st.st_mtim,
        };
}

static bool zone_is_same(const ZoneIdentity *a, const ZoneIdentity *b) {
        return a->device == b->device && a->inode == b->inode &&
               a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static int zone_watch(TimeWatch *w);

static int on_zone(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        TimeWatch *w = userdata;
        ZoneIdentity before = w->zone;

        (void) source, (void) event;
        int r = zone_watch(w); /* what was watched may have another file in its place */
        if (r < 0)
                diag_warning("cannot watch the time zone any more: %s", strerror(-r));
        if (!zone_is_same(&before, &w->zone))
                tell(w, /* of_zone= */ true);
        return 0;
}

static int zone_watch(TimeWatch *w) {
        int r;

        w->zone_source = sd_event_source_disable_unref(w->zone_source);
        r = sd_event_add_inotify(
                        w->event, &w->zone_source, ZONE_FILE, ZONE_FILE_EVENTS, on_zone, w);
        if (r == -ENOENT)
                r = sd_event_add_inotify(
                                w->event, &w->zone_source, ZONE_DIR, ZONE_DIR_EVENTS, on_zone, w);
        w->zone = zone_identify(); /* after that: what changes in between is told once too often */
        return r;
}

/* ---- who listens ----------------------------------------------------------------------------------- */

static void watch_stop(TimeWatch *w) {
        w->clock_source = sd_event_source_disable_unref(w->clock_source);
        w->zone_source = sd_event_source_disable_unref(w->zone_source);
        w->clock_fd = close_fd(w->clock_fd);
}

void time_watch_join(TimeWatch *w, TimeListener *l) {
        int r;

        if (!list_is_empty(&l->link))
                return;
        list_append(&w->listeners, &l->link);
        w->n_listeners++;
        if (w->clock_source || w->zone_source)
                return;
        r = clock_watch(w);
        if (r < 0)
                diag_warning("cannot watch the clock: %s; timers go by it as it is when they are "
                             "set",
                                strerror(-r));
        r = zone_watch(w);
        if (r < 0)
                diag_warning("cannot watch the time zone: %s; timers go by it as it is when they "
                             "are set",
                                strerror(-r));
}

void time_watch_leave(TimeWatch *w, TimeListener *l) {
        if (list_is_empty(&l->link))
                return;
        list_remove(&l->link);
        if (--w->n_listeners == 0)
                watch_stop(w);
}

int time_watch_new(sd_event *event, TimeWatch **ret) {
        TimeWatch *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (TimeWatch) { .event = sd_event_ref(event), .clock_fd = -EBADF };
        list_init(&w->listeners);
        *ret = w;
        return 0;
}

TimeWatch *time_watch_free(TimeWatch *w) {
        if (!w)
                return NULL;

        LIST_FOREACH (link, &w->listeners)
                list_remove(link);
        watch_stop(w);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}
