/* SPDX-License-Identifier: MIT */
#include "ctl/startup-plot.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* Pixels. */
#define LEFT 20U
#define TOP 70U
#define ROW 20U
#define BAR 14U
#define PLOT_WIDTH 1000U
#define LEGEND_STEP 110U

/* clang-format off */
static const struct {
        const char *name, *colour;
} phases[] = {
        [STARTUP_IMAGE]   = { "image",   "#8e7cc3" },
        [STARTUP_NETWORK] = { "network", "#6fa8dc" },
        [STARTUP_MOUNT]   = { "mount",   "#f6b26b" },
        [STARTUP_EXEC]    = { "exec",    "#cc4125" },
        [STARTUP_READY]   = { "ready",   "#ffd966" },
};
/* clang-format on */
static_assert(ELEMENTSOF(phases) == _STARTUP_PHASE_MAX, "every phase has a colour");

#define COLOUR_ACTIVATING "#cc4125" /* of a unit without phases */
#define COLOUR_ACTIVE "#b6d7a8"
#define COLOUR_LOAD "#93c47d"

typedef struct Plot {
        FILE *out;           /* borrowed */
        uint64_t begin, end; /* of the axis, CLOCK_MONOTONIC */
        unsigned row;
} Plot;

static double x_of(const Plot *p, uint64_t usec) {
        uint64_t within = usec < p->begin ? 0 : usec > p->end ? p->end - p->begin : usec - p->begin;

        return LEFT + (double) within * PLOT_WIDTH / (double) MAX(p->end - p->begin, UINT64_C(1));
}

/* Names of units may hold what XML takes for its own. */
static char *xml_escape(const char *s) {
        char *out = malloc(strlen(s) * 6 + 1), *to = out;

        if (!out)
                return NULL;
        for (; *s; s++) {
                const char *entity = *s == '&'   ? "&amp;"
                                     : *s == '<' ? "&lt;"
                                     : *s == '>' ? "&gt;"
                                     : *s == '"' ? "&quot;"
                                                 : NULL;
                if (entity)
                        to = stpcpy(to, entity);
                else
                        *to++ = *s;
        }
        *to = '\0';
        return out;
}

static void draw_bar(
                const Plot *p, uint64_t from, uint64_t to, const char *colour, const char *title) {
        if (to <= from)
                return;
        double x = x_of(p, from), width = x_of(p, to) - x;

        fprintf(p->out,
                        "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" fill=\"%s\">"
                        "<title>%s</title></rect>\n",
                        x,
                        TOP + p->row * ROW,
                        MAX(width, 0.5),
                        BAR,
                        colour,
                        title);
}

static int draw_phase(
                const Plot *p, const char *name, uint64_t from, uint64_t to, const char *colour) {
        _cleanup_free_ char *span = span_format(usec_sub(to, from));
        _cleanup_free_ char *title = span ? str_printf("%s: %s", name, span) : NULL;

        if (!title)
                return -ENOMEM;
        draw_bar(p, from, to, colour, title);
        return 0;
}

static int draw_start(const Plot *p, const StartupUnit *u) {
        uint64_t from = u->begin;
        bool any = false;

        for (StartupPhase i = 0; i < _STARTUP_PHASE_MAX; i++) {
                if (u->phase_ends[i] == 0)
                        continue;
                int r = draw_phase(p, phases[i].name, from, u->phase_ends[i], phases[i].colour);
                if (r < 0)
                        return r;
                from = u->phase_ends[i];
                any = true;
        }
        if (any)
                return 0;
        return draw_phase(p, "start", u->begin, u->active ?: p->end, COLOUR_ACTIVATING);
}

static int draw_unit(Plot *p, const StartupUnit *u) {
        _cleanup_free_ char *name = xml_escape(u->id), *span = span_format(startup_duration(u));

        if (!name || !span)
                return -ENOMEM;
        int r = draw_start(p, u);
        if (r < 0)
                return r;
        if (u->active > 0)
                draw_bar(p, u->active, u->off > 0 ? u->off : p->end, COLOUR_ACTIVE, "active");
        bool right = x_of(p, u->begin) > LEFT + PLOT_WIDTH * 0.6;
        fprintf(p->out,
                        "<text x=\"%.2f\" y=\"%u\"%s>%s%s%s%s</text>\n",
                        x_of(p, u->begin) + (right ? -4 : 4),
                        TOP + p->row * ROW + BAR - 3,
                        right ? " text-anchor=\"end\"" : "",
                        name,
                        u->active > 0 ? " (" : "",
                        u->active > 0 ? span : "",
                        u->active > 0 ? ")" : "");
        p->row++;
        return 0;
}

/* ---- frame --------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten: ten lines, more or less. */
static uint64_t grid_step(uint64_t span_usec) {
        static const unsigned factors[] = { 1, 2, 5 };

        for (uint64_t power = 1; power < UINT64_MAX / 100; power *= 10) {
                for (size_t i = 0; i < ELEMENTSOF(factors); i++) {
                        if (power * factors[i] * 12 >= span_usec)
                                return power * factors[i];
                }
        }
        return span_usec;
}

static int draw_grid(const Plot *p, unsigned n_rows) {
        uint64_t step = grid_step(p->end - p->begin);

        for (uint64_t at = 0; at <= p->end - p->begin; at += step) {
                _cleanup_free_ char *span = at == 0 ? strdup("0") : span_format(at);
                double x = x_of(p, p->begin + at);

                if (!span)
                        return -ENOMEM;
                fprintf(p->out,
                                "<line x1=\"%.2f\" y1=\"%u\" x2=\"%.2f\" y2=\"%u\" "
                                "class=\"grid\"/>\n"
                                "<text x=\"%.2f\" y=\"%u\" class=\"axis\">%s</text>\n",
                                x,
                                TOP - 6,
                                x,
                                TOP + n_rows * ROW,
                                x,
                                TOP - 10,
                                span);
        }
        return 0;
}

static void draw_key(const Plot *p, unsigned index, const char *name, const char *colour) {
        unsigned x = LEFT + index * LEGEND_STEP;

        fprintf(p->out,
                        "<rect x=\"%u\" y=\"%u\" width=\"14\" height=\"10\" fill=\"%s\"/>"
                        "<text x=\"%u\" y=\"%u\">%s</text>\n",
                        x,
                        32U,
                        colour,
                        x + 20,
                        41U,
                        name);
}

static int draw_title(const Plot *p, const Startup *s, bool chosen) {
        _cleanup_free_ char *span = span_format(usec_sub(s->finish, s->begin));

        if (!span)
                return -ENOMEM;
        if (chosen || s->finish == 0)
                fprintf(p->out,
                                "<text x=\"%u\" y=\"20\" class=\"title\">Starts of units</text>\n",
                                LEFT);
        else
                fprintf(p->out,
                                "<text x=\"%u\" y=\"20\" class=\"title\">default.target reached %s "
                                "after "
                                "the start of supd</text>\n",
                                LEFT,
                                span);
        for (unsigned i = 0; i < _STARTUP_PHASE_MAX; i++)
                draw_key(p, i, phases[i].name, phases[i].colour);
        draw_key(p, _STARTUP_PHASE_MAX, "active", COLOUR_ACTIVE);
        return 0;
}

static bool is_drawn(const Startup *s, const StartupUnit *u, bool chosen) {
        if (u->begin == 0)
                return false;
        return chosen || (u->begin >= s->begin && (s->finish == 0 || u->begin <= s->finish));
}

static uint64_t last_event(const StartupUnit *u) {
        uint64_t last = MAX(u->begin, u->active);

        for (StartupPhase i = 0; i < _STARTUP_PHASE_MAX; i++)
                last = MAX(last, u->phase_ends[i]);
        return last;
}

/* Return: how many rows there will be. */
static unsigned measure(const Startup *s, bool chosen, Plot *p) {
        unsigned n = 0;

        p->begin = chosen ? UINT64_MAX : s->begin;
        p->end = chosen ? 0 : MAX(s->loaded, s->finish);
        for (size_t i = 0; i < s->n_units; i++) {
                const StartupUnit *u = &s->units[i];

                if (!is_drawn(s, u, chosen))
                        continue;
                p->begin = MIN(p->begin, u->begin);
                p->end = MAX(p->end, last_event(u));
                n++;
        }
        if (p->begin > p->end)
                p->begin = p->end;
        p->end += (p->end - p->begin) / 20 + 1; /* so that the last one is seen to be active */
        return n;
}

int startup_plot(const Startup *s, bool chosen, FILE *out) {
        Plot p = { .out = out };
        unsigned n_rows = measure(s, chosen, &p) + (chosen ? 0 : 1);

        fprintf(out,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                        "viewBox=\"0 0 %u %u\">\n"
                        "<style>text { font: 11px sans-serif; } .title { font: bold 14px "
                        "sans-serif; } "
                        ".axis { fill: #666; text-anchor: middle; } .grid { stroke: #ccc; "
                        "}</style>\n"
                        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                        LEFT * 2 + PLOT_WIDTH,
                        TOP + n_rows * ROW + LEFT,
                        LEFT * 2 + PLOT_WIDTH,
                        TOP + n_rows * ROW + LEFT);
        int r = draw_title(&p, s, chosen);
        if (r >= 0)
                r = draw_grid(&p, n_rows);
        if (r >= 0 && !chosen) {
                r = draw_phase(&p, "unit files", s->begin, s->loaded, COLOUR_LOAD);
                fprintf(out,
                                "<text x=\"%u\" y=\"%u\">supd and unit files</text>\n",
                                LEFT + 4,
                                TOP + BAR - 3);
                p.row++;
        }
        for (size_t i = 0; r >= 0 && i < s->n_units; i++) {
                if (is_drawn(s, &s->units[i], chosen))
                        r = draw_unit(&p, &s->units[i]);
        }
        fputs("</svg>\n", out);
        return r;
}
