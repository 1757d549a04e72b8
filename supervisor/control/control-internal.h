/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The control bus' own state, shared by the files of this folder. control.c owns it; connection.c has the
 * clients, observer.c tells them what changes, the *-interface.c files answer them.
 */

#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

#include "base/list.h"
#include "base/map.h"
#include "control/access.h"
#include "control/control.h"
#include "control/unit-view.h"

static inline void message_unrefp(sd_bus_message **m) {
        *m = sd_bus_message_unref(*m);
}
#define _cleanup_message_ _cleanup_(message_unrefp)

/* Whatever a client can make grow. Members of Control, so that tests come to the end of them. */
typedef struct ControlLimits {
        size_t connections;
        uint64_t patience_usec;       /* to say who it is */
        uint64_t unread;              /* messages: signals to a client that does not read */
        uint64_t unanswered;          /* messages that lie unread when it asks for more */
        size_t image_runs;            /* programs that work on images, of all clients */
        size_t secret_changes;        /* to the store of secrets, of all clients */
        uint64_t image_patience_usec; /* from SIGTERM to SIGKILL for one whose client is gone */
} ControlLimits;

struct Control {
        sd_event *event;       /* owned */
        Engine *engine;        /* borrowed */
        const ControlOps *ops; /* borrowed */
        void *userdata;        /* borrowed; for ops */
        UnitSpec *blank;       /* owned; stands for what is not found, and knows the defaults */

        ControlLimits limits;
        List listeners, connections, freezes, image_runs, secret_changes;
        size_t n_connections, n_subscribers, n_image_runs, n_secret_changes;
        uint64_t n_accepted; /* ever: makes names of connections */
        bool keep_sockets;

        /* The unit object that is being asked; good while the stamp is that of the call. */
        UnitView view;
        char *view_path; /* owned; NULL: no view */
        uint64_t view_stamp, stamp;

        const Peer *caller;              /* borrowed; whose call is being answered, or was last */
        struct InstallWorld *unit_files; /* owned; for properties; NULL: not read yet */
        uint64_t unit_files_stamp;       /* of the load of units that it is good for */

        uint64_t n_jobs_installed, n_jobs_failed;
        Map *changed;                 /* owned; units whose change is still to be told, by id */
        sd_event_source *tell_source; /* owned */

        sd_bus_message *reexecute_call;    /* owned; NULL: nobody asked */
        sd_event_source *reexecute_source; /* owned */
};

/* ---- clients: connection.c --------------------------------------------------------------------- */

/* Vtables are given to a connection when it first asks for an object of theirs: most ask for one. */
typedef enum ObjectGroup {
        OBJECT_MANAGER = 1U << 0,
        OBJECT_UNIT = 1U << 1,
        OBJECT_JOB = 1U << 2,
        OBJECT_SUPD = 1U << 3,
        OBJECT_DRIVER = 1U << 4,
        OBJECT_ALL = (1U << 5) - 1,
} ObjectGroup;

typedef struct Connection {
        List link;
        Control *control;          /* borrowed */
        sd_bus *bus;               /* owned */
        sd_event_source *patience; /* owned; NULL: the client has said who it is */
        Peer peer;
        uint64_t number;
        unsigned groups; /* ObjectGroup bits that have their vtables */
        bool subscribed;
} Connection;

/** connection_accept() - serve a client on @fd, which is taken over whatever happens */
void connection_accept(Control *c, int fd, gid_t gid);
Connection *connection_free(Connection *connection);
/** connection_is_listening() - may be sent a signal. One that does not read what it is sent is freed. */
bool connection_is_listening(Connection *connection);

/* ---- what is served: objects.c ----------------------------------------------------------------- */

typedef struct BusObject {
        ObjectGroup group;
        const char *path; /* or prefix, if there is a find */
        const char *interface;
        const sd_bus_vtable *vtable;
        sd_bus_object_find_t find; /* NULL: one object, whose userdata is the Connection */
        bool of_defaults;          /* or Control.blank, for what a unit has that says nothing */
} BusObject;

/** bus_objects() - the table of all */
const BusObject *bus_objects(size_t *ret_n);
/** object_groups_of() - whose vtables a call to @path needs */
unsigned object_groups_of(const char *path);
/** connection_need() - see to it that objects of @groups answer. Return: 0 or negative errno. */
int connection_need(Connection *connection, unsigned groups);

extern const sd_bus_vtable manager_vtable[];            /* Connection */
extern const sd_bus_vtable unit_files_vtable[];         /* Connection */
extern const sd_bus_vtable manager_properties_vtable[]; /* Connection */
extern const sd_bus_vtable manager_defaults_vtable[];   /* UnitSpec */
extern const sd_bus_vtable unit_vtable[];               /* UnitView */
extern const sd_bus_vtable unit_spec_vtable[];          /* UnitSpec */
extern const sd_bus_vtable service_vtable[];            /* UnitView */
extern const sd_bus_vtable service_spec_vtable[];       /* UnitSpec */
extern const sd_bus_vtable resource_vtable[];           /* UnitSpec; of the limits in force */
extern const sd_bus_vtable log_vtable[];                /* UnitSpec */
extern const sd_bus_vtable container_vtable[];          /* UnitView */
extern const sd_bus_vtable timer_vtable[];              /* UnitView */
extern const sd_bus_vtable socket_vtable[];             /* UnitView */
extern const sd_bus_vtable socket_spec_vtable[];        /* UnitSpec */
extern const sd_bus_vtable job_vtable[];                /* Job */
extern const sd_bus_vtable supd_vtable[];               /* Connection */
extern const sd_bus_vtable supd_properties_vtable[];    /* Connection */
extern const sd_bus_vtable image_vtable[];              /* Connection */
extern const sd_bus_vtable secret_vtable[];             /* Connection */
extern const sd_bus_vtable driver_vtable[];             /* Connection */

int unit_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int service_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int timer_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int service_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int service_resource_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int socket_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int socket_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int unit_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);
int job_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error);

/* ---- images: image-interface.c ------------------------------------------------------------------ */

/** image_runs_abandon() - the client is going: what runs for it is told to end */
void image_runs_abandon(const Connection *connection);
/** image_runs_kill() - nothing is served any more */
void image_runs_kill(Control *c);

/* ---- unit files: unit-files-interface.c --------------------------------------------------------- */

/* Of org.supd.Manager; userdata is the Connection. */
int method_list_unit_file_status(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* ---- secrets: secret-interface.c ---------------------------------------------------------------- */

/** secret_changes_abandon() - nobody is left to answer: what is under way is broken off */
void secret_changes_abandon(Control *c);

/* ---- telling: observer.c ----------------------------------------------------------------------- */

/** control_observe() - watch the engine */
int control_observe(Control *c);
void control_unobserve(Control *c);
/** control_tell_reloading() - systemd's Reloading signal */
void control_tell_reloading(Control *c, bool active);
/** control_tell_files_changed() - systemd's UnitFilesChanged signal */
void control_tell_files_changed(Control *c);

/** job_path() - object path of a job; owned by the caller, or NULL */
char *job_path(uint32_t id);
