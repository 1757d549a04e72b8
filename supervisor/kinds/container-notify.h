/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Notify=true: what the payload tells of itself by sd_notify(3), and its signs of life. The socket is bound into
 * the container; who may write to it is judged by NotifyAccess= and the sender's cgroup.
 */

#include "kinds/container-internal.h"

/* Where the container sees it. */
#define CONTAINER_NOTIFY_SOCKET "/run/supd/notify"

/** container_notify_wanted() - the unit's start lasts until its payload says so */
bool container_notify_wanted(const Container *c);
/** container_notify_open() - a new socket for a run that is about to start, where one is wanted. Return: 0; -errno. */
int container_notify_open(Container *c, Error *error);
/** container_notify_path() - of the socket, owned by the caller; NULL: out of memory */
char *container_notify_path(const Container *c);
/** container_notify_executes() - the payload runs: signs of life are due from here on */
void container_notify_executes(Container *c);
/** container_notify_read() - take in what was sent; also before an end is judged */
void container_notify_read(Container *c);
/** container_notify_close() - the run is over: nobody is there to be heard */
void container_notify_close(Container *c);

/** container_notify_release() - the unit is off, or has to do without what it had kept */
void container_notify_release(Container *c);

void container_notify_put(const Container *c, RecordWriter *w);
/** container_notify_restore() - of an adopted run. Return: 0; -ENOMEM. */
int container_notify_restore(Container *c, const Record *record);
/** container_notify_init() - to be called once the container has its context */
void container_notify_init(Container *c);
/** container_notify_done() - for freeing: lets go of nothing outside of supd */
void container_notify_done(ContainerNotify *n);
