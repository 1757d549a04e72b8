/* SPDX-License-Identifier: MIT */
#pragma once

/* Health on the bus: properties of org.supd.Container, and a check that is asked for. */

#include "control/control-internal.h"
#include "control/property.h"

/* Object: a UnitView. */
PROPERTY_GETTER(health_get_state);  /* "s": none, starting, healthy, unhealthy */
PROPERTY_GETTER(health_get_streak); /* "u": failures one after the other */
PROPERTY_GETTER(health_get_next);   /* "t": CLOCK_MONOTONIC; UINT64_MAX: none is due */
PROPERTY_GETTER(health_get_log);    /* "a(ttis)": begin, end (CLOCK_REALTIME), exit code, output */

/** verb_check_health() - make a check; answers "is", its exit code and output, when it has ended */
int verb_check_health(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error);
