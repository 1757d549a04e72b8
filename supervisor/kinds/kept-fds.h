/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptors that a service has had supd keep for its next run: FDSTORE=1 of sd_notify(3). They outlive the
 * service's process, and supd, whose own store holds a copy of each.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "core/unit-store.h"
#include "kinds/socket.h"

typedef struct KeptFd {
        struct KeptFds *all; /* borrowed */
        int fd;              /* owned */
        unsigned number;     /* of its name in supd's store */
        char *name;          /* owned; FDNAME= */
        bool polls;
        sd_event_source *
                        source; /* owned; tells when the other end is gone; NULL: it can't be told */
} KeptFd;

typedef struct KeptFds {
        sd_event *event;                 /* borrowed */
        UnitStore *store;                /* borrowed */
        void (*changed)(void *userdata); /* one has gone by itself */
        void *userdata;
        char *prefix;   /* owned; of names in supd's store; NULL: none was kept so far */
        unsigned next;  /* number of the next one */
        KeptFd **items; /* owned; the oldest first */
        size_t n_items;
} KeptFds;

/** kept_fds_init() - empty; all stay borrowed */
void kept_fds_init(KeptFds *k,
                sd_event *event,
                UnitStore *store,
                void (*changed)(void *userdata),
                void *userdata);
/** kept_fds_done() - for freeing: closes; supd's store keeps its copies */
void kept_fds_done(KeptFds *k);

/** kept_fds_set_prefix() - [a-z0-9-], up to 40 bytes, the unit's alone. Return: 0; -ENOMEM. */
int kept_fds_set_prefix(KeptFds *k, const char *prefix);
/**
 * kept_fds_add() - keep one more
 * @fd:    taken over on success, and -EBADF then
 * @name:  NULL: "stored", as systemd has it
 * @polls: forget it when its other end is gone
 * @max:   at most so many
 *
 * Return: 1; 0 if it is there already; -E2BIG; another negative errno.
 */
int kept_fds_add(KeptFds *k, int *fd, const char *name, bool polls, size_t max);
/** kept_fds_remove() - all of that name. Return: how many there were */
size_t kept_fds_remove(KeptFds *k, const char *name);
void kept_fds_clear(KeptFds *k);

/** kept_fds_pass() - to the next run, behind its sockets, as many as there is room for. Return: 0; -ENOMEM. */
int kept_fds_pass(const KeptFds *k, PassedSockets *passed);

void kept_fds_put(const KeptFds *k, RecordWriter *w);
/** kept_fds_get() - as a former supd has put them; those that its store lost are left out. Return: 0; -ENOMEM. */
int kept_fds_get(KeptFds *k, const Record *record);
