/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the output can show: colours, line-drawing, width; and text made fit for it. Foreign strings
 * (descriptions, command lines, log text) go through terminal_text() before they are printed for people.
 */

#include <stdbool.h>
#include <stdio.h>

#include "base/macro.h"

typedef enum ColourMode {
        COLOUR_AUTO, /* on terminals, unless NO_COLOR is set or TERM=dumb */
        COLOUR_ALWAYS,
        COLOUR_NEVER,
        _COLOUR_MODE_MAX,
        _COLOUR_MODE_INVALID = -EINVAL,
} ColourMode;

/** colour_mode_from_string() - "auto", "always", "never" and systemd's booleans; else _INVALID */
ColourMode colour_mode_from_string(const char *s);

#define WIDTH_UNLIMITED 0U

typedef struct Terminal {
        bool is_terminal;
        bool colour;
        bool utf8;
        unsigned width; /* columns to fit; WIDTH_UNLIMITED */
} Terminal;

/** terminal_detect() - look at standard output and the environment
 * @full: never shorten anything */
Terminal terminal_detect(ColourMode mode, bool full);

/** terminal_size() - of standard output at present, or as the environment says; 80 by 24 if unknown */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows);

typedef enum Style {
        STYLE_PLAIN,
        STYLE_GOOD,
        STYLE_WARNING,
        STYLE_BAD,
        STYLE_DIM,
        STYLE_STRONG,
        STYLE_HEADER, /* of tables: underlined */
        _STYLE_MAX,
        _STYLE_INVALID = -EINVAL,
} Style;

/** style_on(), style_off() - the escape sequences around styled text; "" where there is no colour */
const char *style_on(const Terminal *t, Style style);
const char *style_off(const Terminal *t, Style style);

typedef enum Glyph {
        GLYPH_DOT,    /* of a loaded unit */
        GLYPH_CIRCLE, /* of an inactive one */
        GLYPH_CROSS,  /* of a failed one */
        GLYPH_BRANCH,
        GLYPH_LAST_BRANCH,
        GLYPH_TRUNK, /* under a branch that goes on */
        GLYPH_SPACE, /* under the last branch */
        GLYPH_ELLIPSIS,
        GLYPH_BAR_DONE, /* of a progress bar */
        GLYPH_BAR_LEFT,
        _GLYPH_MAX,
        _GLYPH_INVALID = -EINVAL,
} Glyph;

const char *glyph(const Terminal *t, Glyph g);

/** terminal_text() - @s with control characters and broken UTF-8 as \xHH; owned by the caller; NULL:
 * out of memory. NULL gives "". */
char *terminal_text(const char *s);

/** text_width() - columns that valid UTF-8 without control characters takes */
size_t text_width(const char *s);

/** text_ellipsize() - at most @width columns, the cut marked; owned by the caller, or NULL
 * @width: WIDTH_UNLIMITED gives a copy */
char *text_ellipsize(const Terminal *t, const char *s, unsigned width);
