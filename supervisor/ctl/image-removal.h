/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What was removed, or would be: told the same way by all verbs that remove images.
 */

#include "ctl/image-records.h"
#include "ctl/verbs.h"

/** image_removal_print() - a line for each name or image, and the space that came back; notices go to
 * standard error
 * @would: it was a rehearsal
 *
 * Return: 0 or -ENOMEM.
 */
int image_removal_print(Context *c, const ImageRecords *answer, bool would);

/** image_removal_count() - how many names and images */
size_t image_removal_count(const ImageRecords *answer);
/** image_removal_bytes() - what comes back, in bytes; 0 if it is not told */
uint64_t image_removal_bytes(const ImageRecords *answer);
