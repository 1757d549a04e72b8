/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A start as a picture: a row for each unit, a bar for each phase of its start, as an SVG that stands alone. Pure.
 */

#include "ctl/startup.h"

/**
 * startup_plot() - write the picture
 * @chosen: somebody asked for these units: all that started are drawn, from the first one on; else those whose
 *          start began before default.target was reached, from supd's own begin on
 *
 * Return: 0 or -ENOMEM.
 */
int startup_plot(const Startup *s, bool chosen, FILE *out);
