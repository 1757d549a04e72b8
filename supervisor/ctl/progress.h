/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How far a pull or load is: on a terminal a bar for each layer, drawn again in place; elsewhere a line for
 * each change; or an object of JSON for each event. Fed with the records that supd-image tells
 * (supd/image-store.h); what is no progress is kept for the caller.
 *
 * Never draws more lines than the screen has: what was scrolled away could not be drawn again.
 */

#include <stdio.h>

#include "ctl/image-records.h"
#include "ctl/terminal.h"

typedef enum ProgressStyle {
        PROGRESS_NONE,
        PROGRESS_BARS,
        PROGRESS_LINES,
        PROGRESS_JSON,
        _PROGRESS_STYLE_MAX,
        _PROGRESS_STYLE_INVALID = -EINVAL,
} ProgressStyle;

typedef struct ProgressSettings {
        ProgressStyle style;
        const Terminal *terminal; /* borrowed */
        FILE *out;                /* borrowed */
        /* For tests; both NULL: the terminal's present size, the monotonic clock. */
        void (*screen_size)(unsigned *ret_columns, unsigned *ret_rows);
        uint64_t (*now_usec)(void);
} ProgressSettings;

typedef struct Progress Progress;

/** progress_new() - @ret: owned by the caller; progress_free(). Return: 0 or -ENOMEM. */
int progress_new(const ProgressSettings *settings, Progress **ret);

/** progress_record() - a RecordTold; @userdata is the Progress */
void progress_record(const char *key, const char *value, void *userdata);

/** progress_end() - draw how it ended and leave the cursor below. Return: 0; -ENOMEM if something was
 * lost on the way. */
int progress_end(Progress *p);

/** progress_answer() - records that were no progress; borrowed */
const ImageRecords *progress_answer(const Progress *p);

Progress *progress_free(Progress *p);
DEFINE_CLEANUP(Progress *, progress_free);
