/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One image in full, from the records of `supd-image inspect`: as a page for people, and with the keys that
 * `docker image inspect` gives it.
 */

#include <stdio.h>

#include "ctl/image-records.h"
#include "ctl/terminal.h"

/** image_page_print() - Return: 0 or -ENOMEM */
int image_page_print(const ImageGroup *image, const Terminal *t, uint64_t now_usec, FILE *out);

/** image_page_value() - @ret: a dict, to be value_done(). Return: 0 or -ENOMEM */
int image_page_value(const ImageGroup *image, Value *ret);
