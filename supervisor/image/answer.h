/* SPDX-License-Identifier: MIT */
#pragma once

/* Records on standard output: what a caller reads with base/record.h. */

#include "base/record.h"
#include "base/error.h"

/** answer_write() - all records at once, so that a reader never sees half a line; empties the writer */
int answer_write(RecordWriter *w, Error *error);
