/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What takes space on disk, from the records of `supd-image df`, as `docker system df` shows it: a line for
 * each kind of thing, and each image.
 */

#include <stdio.h>

#include "ctl/image-records.h"
#include "ctl/terminal.h"

/** disk_usage_print() - @with_images: each image, too. Return: 0 or -ENOMEM. */
int disk_usage_print(const ImageRecords *answer,
                const Terminal *t,
                bool with_header,
                bool with_images,
                uint64_t now_usec,
                FILE *out);

/** disk_usage_value() - the same as a dict, to be value_done(). Return: 0 or -ENOMEM. */
int disk_usage_value(const ImageRecords *answer, bool with_images, Value *ret);
