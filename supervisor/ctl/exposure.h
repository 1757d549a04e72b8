/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How much of the host a container could reach if it were taken over, judged by its unit file: a table of questions with
 * weights. A hint for where to look, no proof. Pure.
 */

#include <stddef.h>

#include "unitfile/unit-spec.h"

typedef struct ExposureAnswer {
        const char *key;  /* static; of the unit file: "Network=" */
        const char *text; /* static; what is so */
        double exposure;  /* its share of the sum; 0: nothing to better */
} ExposureAnswer;

/** exposure_count() - how many questions there are */
size_t exposure_count(void);
/** exposure_answer() - the @index-th question, asked of a container */
ExposureAnswer exposure_answer(const UnitSpec *spec, size_t index);
/** exposure_sum() - 0: as isolated as can be, to 10: not at all */
double exposure_sum(const UnitSpec *spec);
/** exposure_word() - "SAFE", "OK", "MEDIUM", "EXPOSED", "UNSAFE" */
const char *exposure_word(double exposure);
