/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which images a prune is about, in Docker's words: "until=24h", "until=2026-01-31T10:00:00Z",
 * "label=KEY", "label=KEY=VALUE", "label!=KEY". All of several must hold.
 */

#include <stdint.h>

#include "base/error.h"
#include "image/oci/manifest.h"

typedef struct ImageFilter {
        uint64_t before_usec; /* CLOCK_REALTIME; UINT64_MAX: whenever it was made */
        char **labels;        /* owned; KEY or KEY=VALUE that it must have */
        char **no_labels;     /* owned; that it must not have */
} ImageFilter;

/** image_filter_add() - one more condition; the filter began as IMAGE_FILTER_ANY */
int image_filter_add(ImageFilter *f, const char *text, uint64_t realtime_now_usec, Error *error);
#define IMAGE_FILTER_ANY ((ImageFilter) { .before_usec = UINT64_MAX })

/** image_filter_fits() - an image that does not say when it was made is old */
bool image_filter_fits(const ImageFilter *f, const ImageConfig *c);
void image_filter_done(ImageFilter *f);

/** time_parse_rfc3339() - also without a time of day, or a zone: then UTC. Return: 0 or -EINVAL. */
int time_parse_rfc3339(const char *text, uint64_t *ret_usec);
/** time_parse_span() - "1h30m", "7d", "90" seconds. Return: 0, -EINVAL or -ERANGE. */
int time_parse_span(const char *text, uint64_t *ret_usec);
