/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A lifecycle as records, for kinds that have one: what a next supd needs to go on from there.
 */

#include "base/record.h"
#include "core/engine.h"
#include "core/lifecycle.h"

/** record_put_time() - left out if it is zero */
void record_put_time(RecordWriter *w, const char *key, DualTime t);
/** record_get_time() - what is absent or malformed leaves *ret alone */
void record_get_time(const Record *r, const char *key, DualTime *ret);

void lifecycle_put(RecordWriter *w, const Lifecycle *l);

/** lifecycle_get() - counters, stamps and deadline; the state itself is for lifecycle_restore(). What is
 * absent or malformed is as if it had never been set. */
void lifecycle_get(const Record *r, Lifecycle *l);

/* What came of its conditions and assertions, of a unit of any kind. */
void checks_put(RecordWriter *w, const Unit *u);
void checks_get(const Record *r, Unit *u);
