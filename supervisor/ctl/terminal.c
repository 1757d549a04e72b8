/* SPDX-License-Identifier: MIT */
#include "ctl/terminal.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/text.h"

/* clang-format off */
static const char *const style_sequences[] = {
        [STYLE_PLAIN]   = "",
        [STYLE_GOOD]    = "\033[1;32m",
        [STYLE_WARNING] = "\033[1;33m",
        [STYLE_BAD]     = "\033[1;31m",
        [STYLE_DIM]     = "\033[2m",
        [STYLE_STRONG]  = "\033[1m",
        [STYLE_HEADER]  = "\033[4m",
};

static const struct {
        const char *utf8, *ascii;
} glyphs[] = {
        [GLYPH_DOT]         = { "●",  "*"  },
        [GLYPH_CIRCLE]      = { "○",  "o"  },
        [GLYPH_CROSS]       = { "×",  "x"  },
        [GLYPH_BRANCH]      = { "├─", "|-" },
        [GLYPH_LAST_BRANCH] = { "└─", "`-" },
        [GLYPH_TRUNK]       = { "│ ", "| " },
        [GLYPH_SPACE]       = { "  ", "  " },
        [GLYPH_ELLIPSIS]    = { "…",  "~"  },
        [GLYPH_BAR_DONE]    = { "━",  "#"  },
        [GLYPH_BAR_LEFT]    = { "─",  "-"  },
};

static const struct {
        const char *word;
        ColourMode mode;
} colour_words[] = {
        { "auto",   COLOUR_AUTO   },
        { "always", COLOUR_ALWAYS },
        { "yes",    COLOUR_ALWAYS },
        { "never",  COLOUR_NEVER  },
        { "no",     COLOUR_NEVER  },
};
/* clang-format on */
static_assert(ELEMENTSOF(style_sequences) == _STYLE_MAX, "every style has a sequence");
static_assert(ELEMENTSOF(glyphs) == _GLYPH_MAX, "every glyph is drawn");

ColourMode colour_mode_from_string(const char *s) {
        for (size_t i = 0; i < ELEMENTSOF(colour_words); i++) {
                if (str_equal(colour_words[i].word, s))
                        return colour_words[i].mode;
        }
        return _COLOUR_MODE_INVALID;
}

static unsigned size_of(const char *variable, unsigned of_terminal, unsigned usual) {
        const char *text = getenv(variable);
        uint64_t n;

        if (text && parse_u64(text, &n) == 0 && n > 0 && n <= USHRT_MAX)
                return (unsigned) n;
        return of_terminal > 0 ? of_terminal : usual;
}

void terminal_size(unsigned *ret_columns, unsigned *ret_rows) {
        struct winsize size = {};

        (void) ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* if it is none, it is of the usual size */
        *ret_columns = size_of("COLUMNS", size.ws_col, 80);
        *ret_rows = size_of("LINES", size.ws_row, 24);
}

/* Nobody chose a character set in the C locale; then UTF-8 is what terminals speak today. */
static bool locale_is_utf8(void) {
        const char *name = setlocale(LC_CTYPE, NULL);

        return str_equal(nl_langinfo(CODESET), "UTF-8") || str_equal(name, "C") ||
               str_equal(name, "POSIX");
}

Terminal terminal_detect(ColourMode mode, bool full) {
        const char *no_color = getenv("NO_COLOR");
        bool is_terminal = isatty(STDOUT_FILENO);
        unsigned columns, rows;

        terminal_size(&columns, &rows);

        return (Terminal) {
                .is_terminal = is_terminal,
                .colour = mode == COLOUR_ALWAYS ||
                          (mode == COLOUR_AUTO && is_terminal && str_is_empty(no_color) &&
                                          !str_equal(getenv("TERM"), "dumb")),
                .utf8 = locale_is_utf8(),
                .width = is_terminal && !full ? columns : WIDTH_UNLIMITED,
        };
}

const char *style_on(const Terminal *t, Style style) {
        return t->colour ? style_sequences[style] : "";
}

const char *style_off(const Terminal *t, Style style) {
        return t->colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

const char *glyph(const Terminal *t, Glyph g) {
        return t->utf8 ? glyphs[g].utf8 : glyphs[g].ascii;
}

char *terminal_text(const char *s) {
        return text_escape_controls(s ?: "");
}

/* Bytes of the character that starts at valid UTF-8 @s, and its columns. */
static size_t character(const char *s, size_t *ret_width) {
        unsigned char c = (unsigned char) *s;
        size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        uint32_t point = length == 1 ? c : c & (0x7fU >> length);

        for (size_t i = 1; i < length; i++)
                point = point << 6 | ((unsigned char) s[i] & 0x3f);

        /* In a locale without this character wcwidth() doesn't know: most take one column. */
        int width = wcwidth((wchar_t) point);
        *ret_width = width >= 0 ? (size_t) width : 1;
        return length;
}

size_t text_width(const char *s) {
        size_t total = 0, width;

        while (*s) {
                s += character(s, &width);
                total += width;
        }
        return total;
}

char *text_ellipsize(const Terminal *t, const char *s, unsigned width) {
        size_t used = 0, bytes = 0, w;

        if (width == WIDTH_UNLIMITED || text_width(s) <= width)
                return strdup(s);

        for (;;) {
                size_t length = character(s + bytes, &w);
                if (used + w > width - 1)
                        break;
                used += w;
                bytes += length;
        }
        return str_printf("%.*s%s", (int) bytes, s, glyph(t, GLYPH_ELLIPSIS));
}
