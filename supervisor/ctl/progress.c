/* SPDX-License-Identifier: MIT */
#include "ctl/progress.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "ctl/image-view.h"
#include "ctl/json-output.h"
#include "ctl/value-text.h"
#include "supd/image-store.h"

#define LAYERS_MAX 10000U              /* of what is told; more is somebody's mistake */
#define DRAW_USEC (50 * USEC_PER_MSEC) /* between two drawings, unless a state changes */
#define RATE_USEC USEC_PER_SEC         /* over which a rate is measured */
#define BAR_MIN 10U                    /* columns; a shorter one shows nothing */
#define AMOUNTS "%15s"                 /* "1023.9M/1023.9M" */
#define RATE " %9s"                    /* "1023.9M/s" */

typedef enum LayerState {
        LAYER_WAITING,
        LAYER_DOWNLOADING,
        LAYER_UNPACKING,
        LAYER_DONE,
        LAYER_PRESENT,
        _LAYER_STATE_MAX,
        _LAYER_STATE_INVALID = -EINVAL,
} LayerState;

/* clang-format off */
static const struct {
        const char *name;  /* in the record */
        const char *words; /* for people */
        unsigned rank;     /* the lower, the more worth a line of the screen */
} states[] = {
        [LAYER_WAITING]     = { "waiting",     "waiting",      1 },
        [LAYER_DOWNLOADING] = { "downloading", "downloading",  0 },
        [LAYER_UNPACKING]   = { "unpacking",   "unpacking",    0 },
        [LAYER_DONE]        = { "done",        "done",         2 },
        [LAYER_PRESENT]     = { "present",     "already here", 2 },
};
/* clang-format on */
static_assert(ELEMENTSOF(states) == _LAYER_STATE_MAX, "every state has its words");
#define RANK_MAX 2U

typedef struct Layer {
        char *digest; /* owned; NULL: nothing was told of it yet */
        LayerState state;
        uint64_t size, bytes;  /* UINT64_MAX: not known */
        uint64_t rate;         /* bytes a second; UINT64_MAX: not known yet */
        uint64_t sample_bytes; /* where the rate is measured from */
        uint64_t sample_usec;
        bool shown; /* in the drawing that is being made */
} Layer;

/* An event on its way: complete with LAYER_STATE=. */
typedef struct Event {
        uint64_t number, n_layers, size, bytes;
        char *digest; /* owned */
} Event;

struct Progress {
        ProgressSettings settings;
        Layer *layers; /* owned */
        size_t n_layers;
        Event event;
        unsigned *widths; /* owned; of the lines that are on the screen */
        size_t n_lines, n_allocated;
        uint64_t drawn_usec;
        ImageRecords answer;
        int result;
};

static LayerState state_from_string(const char *s) {
        for (LayerState state = 0; state < _LAYER_STATE_MAX; state++) {
                if (str_equal(states[state].name, s))
                        return state;
        }
        return _LAYER_STATE_INVALID;
}

/* ---- bars -------------------------------------------------------------------------------------- */

static char *amounts_of(const Layer *l) {
        _cleanup_free_ char *bytes = l->bytes != UINT64_MAX ? bytes_format(l->bytes) : strdup("");
        _cleanup_free_ char *size = l->size != UINT64_MAX ? bytes_format(l->size) : strdup("");

        if (!bytes || !size)
                return NULL;
        if (l->state != LAYER_DOWNLOADING || !*bytes)
                return TAKE_PTR(size);
        return str_printf("%s%s%s", bytes, *size ? "/" : "", size);
}

static char *rate_of(const Layer *l) {
        if (l->state != LAYER_DOWNLOADING || l->rate == UINT64_MAX)
                return strdup("");
        _cleanup_free_ char *bytes = bytes_format(l->rate);
        return bytes ? str_printf("%s/s", bytes) : NULL;
}

/* Of its size; what is unpacked was downloaded. */
static unsigned filled(const Layer *l, unsigned width) {
        if (l->state == LAYER_WAITING || l->size == UINT64_MAX || l->bytes == UINT64_MAX)
                return l->state > LAYER_DOWNLOADING ? width : 0;
        if (l->state != LAYER_DOWNLOADING || l->bytes >= l->size)
                return width;
        return (unsigned) ((double) l->bytes / (double) l->size * width);
}

static void print_bar(const Progress *p, const Layer *l, unsigned width, FILE *line) {
        unsigned done = filled(l, width);

        fputc(' ', line);
        for (unsigned i = 0; i < width; i++)
                fputs(glyph(p->settings.terminal, i < done ? GLYPH_BAR_DONE : GLYPH_BAR_LEFT),
                                line);
}

/* What there is room for: the name and the state always, then amounts, then a bar, then the rate. */
static int print_layer(const Progress *p, const Layer *l, unsigned columns, FILE *line) {
        _cleanup_free_ char *id = image_short_id(l->digest ?: ""), *amounts = amounts_of(l),
                            *rate = rate_of(l);
        const unsigned names = 12 + 1 + 12, with_amounts = names + 1 + 15, with_rate = 10;

        if (!id || !amounts || !rate)
                return -ENOMEM;
        bool has_rate = columns >= with_amounts + with_rate + 1 + BAR_MIN;
        unsigned used = with_amounts + (has_rate ? with_rate : 0) + 1;

        fprintf(line, "%-12s %-12s", id, states[l->state].words);
        if (columns >= with_amounts)
                fprintf(line, " " AMOUNTS, amounts);
        if (columns >= used + BAR_MIN)
                print_bar(p, l, MIN(columns - used, 40U), line);
        if (has_rate)
                fprintf(line, RATE, rate);
        return 0;
}

static void print_summary(const Progress *p, FILE *line) {
        size_t n[_LAYER_STATE_MAX] = {}, total = 0;

        for (size_t i = 0; i < p->n_layers; i++) {
                if (p->layers[i].shown)
                        continue;
                n[p->layers[i].state]++;
                total++;
        }
        fprintf(line, "%s %zu more:", glyph(p->settings.terminal, GLYPH_ELLIPSIS), total);
        const char *comma = " ";
        for (LayerState state = 0; state < _LAYER_STATE_MAX; state++) {
                if (n[state] == 0)
                        continue;
                fprintf(line, "%s%zu %s", comma, n[state], states[state].words);
                comma = ", ";
        }
}

/* Which layers have a line: all, or those at work, then those that wait. Return: whether all have. */
static bool choose_layers(Progress *p, unsigned rows) {
        size_t room = rows > 1 ? rows - 1 : 1; /* the cursor stands below */
        bool all = p->n_layers <= room;

        if (!all)
                room--; /* for the summary */
        for (size_t i = 0; i < p->n_layers; i++)
                p->layers[i].shown = all;
        for (unsigned rank = 0; !all && rank <= RANK_MAX; rank++) {
                for (size_t i = 0; i < p->n_layers && room > 0; i++) {
                        if (states[p->layers[i].state].rank != rank)
                                continue;
                        p->layers[i].shown = true;
                        room--;
                }
        }
        return all;
}

/* Lines of an earlier drawing may be folded, if the terminal has become narrower. */
static size_t rows_on_screen(const Progress *p, unsigned columns) {
        size_t rows = 0;

        for (size_t i = 0; i < p->n_lines; i++)
                rows += p->widths[i] <= columns ? 1 : (p->widths[i] + columns - 1) / columns;
        return rows;
}

static void go_to_first_line(Progress *p, unsigned columns, FILE *out) {
        size_t rows = rows_on_screen(p, columns);

        if (rows > 0)
                fprintf(out, "\r\033[%zuA\033[J", rows);
        p->n_lines = 0;
}

static int put_line(Progress *p, const char *text, unsigned columns, FILE *out) {
        /* A line that fills the last column folds on some terminals. */
        _cleanup_free_ char *line =
                        text_ellipsize(p->settings.terminal, text, columns > 1 ? columns - 1 : 1);

        if (p->n_lines == p->n_allocated) {
                size_t n = MAX(2 * p->n_allocated, (size_t) 32);
                void *bigger = reallocarray(p->widths, n, sizeof(*p->widths));
                if (!bigger)
                        return -ENOMEM;
                p->widths = bigger;
                p->n_allocated = n;
        }
        if (!line)
                return -ENOMEM;
        p->widths[p->n_lines++] = (unsigned) text_width(line);
        fprintf(out, "%s\n", line);
        return 0;
}

/* @layer: NULL: how it is with those that have no line */
static int draw_line(Progress *p, const Layer *layer, unsigned columns, FILE *out) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = 0;

        FILE *line = open_memstream(&text, &size);
        if (!line)
                return -ENOMEM;
        if (layer)
                r = print_layer(p, layer, columns > 1 ? columns - 1 : 1, line);
        else
                print_summary(p, line);
        if (fclose(line) != 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
                text[n - 1] = '\0';
        return put_line(p, text, columns, out);
}

/* Into memory first: written at once, it does not flicker. */
static int draw(Progress *p, const char *notice) {
        _cleanup_free_ char *text = NULL;
        unsigned columns, rows;
        size_t size;
        int r = 0;

        FILE *out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        p->settings.screen_size(&columns, &rows);
        go_to_first_line(p, columns, out);
        if (notice)
                fprintf(out, "%s\n", notice);
        bool all = choose_layers(p, rows);
        for (size_t i = 0; r >= 0 && i < p->n_layers; i++) {
                if (p->layers[i].shown)
                        r = draw_line(p, &p->layers[i], columns, out);
        }
        if (r >= 0 && !all)
                r = draw_line(p, NULL, columns, out);
        if (fclose(out) != 0)
                r = -ENOMEM;
        if (r >= 0) {
                fwrite(text, 1, size, p->settings.out);
                fflush(p->settings.out); /* what fails here shows in ferror(), which main() looks at */
                p->drawn_usec = p->settings.now_usec();
        }
        return r;
}

/* ---- lines and objects ------------------------------------------------------------------------- */

static int print_change(const Progress *p, const Layer *l) {
        _cleanup_free_ char *id = image_short_id(l->digest ?: ""),
                            *size = l->size != UINT64_MAX ? bytes_format(l->size) : strdup("");

        if (!id || !size)
                return -ENOMEM;
        if (l->state == LAYER_WAITING)
                return 0; /* no news */
        fprintf(p->settings.out,
                        "%s: %s%s%s\n",
                        id,
                        states[l->state].words,
                        *size ? ", " : "",
                        size);
        fflush(p->settings.out);
        return 0;
}

static int print_object(const Progress *p, const ImageRecords *r) {
        static const ImageProperty properties[] = {
                { "Layer", SUPD_IMAGE_EVENT_LAYER, IMAGE_NUMBER },
                { "Layers", SUPD_IMAGE_EVENT_LAYERS, IMAGE_NUMBER },
                { "Digest", SUPD_IMAGE_EVENT_DIGEST, IMAGE_TEXT },
                { "Size", SUPD_IMAGE_EVENT_SIZE, IMAGE_NUMBER },
                { "Bytes", SUPD_IMAGE_EVENT_BYTES, IMAGE_NUMBER },
                { "State", SUPD_IMAGE_EVENT_STATE, IMAGE_TEXT },
                { "Notice", SUPD_IMAGE_EVENT_NOTICE, IMAGE_TEXT },
        };
        _cleanup_value_ Value object = { .type = VALUE_DICT };
        ImageGroup all = image_records_all(r);

        int x = image_group_to_dict(&all, properties, ELEMENTSOF(properties), &object);
        if (x >= 0)
                x = json_print(json_from_value(&object), p->settings.out);
        fflush(p->settings.out);
        return x;
}

/* ---- events ------------------------------------------------------------------------------------ */

static void layer_done(Layer *l) {
        free(l->digest);
        *l = (Layer) {};
}

static void layer_reset(Layer *l) {
        layer_done(l);
        *l = (Layer) { .size = UINT64_MAX, .bytes = UINT64_MAX, .rate = UINT64_MAX };
}

static int make_room(Progress *p, uint64_t n) {
        if (n <= p->n_layers)
                return 0;
        Layer *bigger = reallocarray(p->layers, (size_t) n, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        p->layers = bigger;
        for (; p->n_layers < n; p->n_layers++) {
                p->layers[p->n_layers] = (Layer) {};
                layer_reset(&p->layers[p->n_layers]);
        }
        return 0;
}

static void measure(Layer *l, uint64_t now_usec) {
        if (l->state != LAYER_DOWNLOADING || l->bytes == UINT64_MAX)
                return;
        if (l->sample_usec == 0 || l->bytes < l->sample_bytes) {
                l->sample_usec = now_usec;
                l->sample_bytes = l->bytes;
                return;
        }
        uint64_t span_usec = usec_sub(now_usec, l->sample_usec);
        if (span_usec < RATE_USEC)
                return;
        l->rate = (uint64_t) ((double) (l->bytes - l->sample_bytes) * USEC_PER_SEC /
                              (double) span_usec);
        l->sample_usec = now_usec;
        l->sample_bytes = l->bytes;
}

/* Return: 1 if its state is another one now; 0; -ENOMEM. */
static int layer_update(Progress *p, Layer *l, Event *e, LayerState state) {
        /* The layers of the next image of an archive are counted from 1 again. */
        if (e->digest && l->digest && !str_equal(e->digest, l->digest))
                layer_reset(l);
        bool changed = !l->digest || l->state != state;

        if (e->digest) {
                free(l->digest);
                l->digest = TAKE_PTR(e->digest);
        } else if (!l->digest) {
                l->digest = strdup("");
                if (!l->digest)
                        return -ENOMEM;
        }
        l->state = state;
        l->size = e->size != UINT64_MAX ? e->size : l->size;
        l->bytes = e->bytes != UINT64_MAX ? e->bytes : l->bytes;
        measure(l, p->settings.now_usec());
        return changed;
}

static int show(Progress *p, const Layer *l, bool changed) {
        switch (p->settings.style) {
        case PROGRESS_BARS:
                if (!changed && usec_sub(p->settings.now_usec(), p->drawn_usec) < DRAW_USEC)
                        return 0;
                return draw(p, NULL);
        case PROGRESS_LINES:
                return changed ? print_change(p, l) : 0;
        default:
                return 0;
        }
}

static int show_event_object(const Progress *p, const char *state) {
        _cleanup_(image_records_done) ImageRecords r = {};
        const struct {
                const char *key;
                uint64_t value;
        } numbers[] = {
                { SUPD_IMAGE_EVENT_LAYER, p->event.number },
                { SUPD_IMAGE_EVENT_LAYERS, p->event.n_layers },
                { SUPD_IMAGE_EVENT_SIZE, p->event.size },
                { SUPD_IMAGE_EVENT_BYTES, p->event.bytes },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                if (numbers[i].value == UINT64_MAX)
                        continue;
                _cleanup_free_ char *text =
                                str_printf("%llu", (unsigned long long) numbers[i].value);
                if (!text)
                        return -ENOMEM;
                image_records_add(numbers[i].key, text, &r);
        }
        if (p->event.digest)
                image_records_add(SUPD_IMAGE_EVENT_DIGEST, p->event.digest, &r);
        image_records_add(SUPD_IMAGE_EVENT_STATE, state, &r);
        return r.result < 0 ? r.result : print_object(p, &r);
}

static int end_event(Progress *p, const char *state_name) {
        LayerState state = state_from_string(state_name);
        Event *e = &p->event;
        int r;

        /* From a newer supd-image, or none that we know: nothing to draw. */
        if (state < 0 || e->number < 1 || e->number > LAYERS_MAX)
                return 0;
        if (p->settings.style == PROGRESS_JSON)
                return show_event_object(p, state_name);
        uint64_t n = e->n_layers == UINT64_MAX ? e->number : MAX(e->number, e->n_layers);
        r = make_room(p, MIN(n, (uint64_t) LAYERS_MAX));
        if (r >= 0)
                r = layer_update(p, &p->layers[e->number - 1], e, state);
        return r < 0 ? r : show(p, &p->layers[e->number - 1], r > 0);
}

static void begin_event(Progress *p, const char *number) {
        free(p->event.digest);
        p->event = (Event) {
                .n_layers = UINT64_MAX,
                .size = UINT64_MAX,
                .bytes = UINT64_MAX,
        };
        if (parse_u64(number, &p->event.number) < 0)
                p->event.number = 0;
}

static int show_notice(Progress *p, const char *text) {
        _cleanup_free_ char *safe = terminal_text(text);
        _cleanup_(image_records_done) ImageRecords r = {};

        if (!safe)
                return -ENOMEM;
        switch (p->settings.style) {
        case PROGRESS_BARS:
                return draw(p, safe);
        case PROGRESS_LINES:
                fprintf(p->settings.out, "%s\n", safe);
                fflush(p->settings.out);
                return 0;
        case PROGRESS_JSON:
                image_records_add(SUPD_IMAGE_EVENT_NOTICE, text, &r);
                return r.result < 0 ? r.result : print_object(p, &r);
        default:
                return 0;
        }
}

static int take_record(Progress *p, const char *key, const char *value) {
        const struct {
                const char *key;
                uint64_t *number;
        } numbers[] = {
                { SUPD_IMAGE_EVENT_LAYERS, &p->event.n_layers },
                { SUPD_IMAGE_EVENT_SIZE, &p->event.size },
                { SUPD_IMAGE_EVENT_BYTES, &p->event.bytes },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                if (!str_equal(numbers[i].key, key))
                        continue;
                if (parse_u64(value, numbers[i].number) < 0)
                        *numbers[i].number = UINT64_MAX;
                return 0;
        }
        if (str_equal(key, SUPD_IMAGE_EVENT_LAYER))
                begin_event(p, value);
        else if (str_equal(key, SUPD_IMAGE_EVENT_DIGEST))
                return str_replace(&p->event.digest, value);
        else if (str_equal(key, SUPD_IMAGE_EVENT_STATE))
                return end_event(p, value);
        else if (str_equal(key, SUPD_IMAGE_EVENT_NOTICE))
                return show_notice(p, value);
        else
                image_records_add(key, value, &p->answer);
        return 0;
}

/* ---- all of it --------------------------------------------------------------------------------- */

int progress_new(const ProgressSettings *settings, Progress **ret) {
        Progress *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->settings = *settings;
        if (!p->settings.screen_size)
                p->settings.screen_size = terminal_size;
        if (!p->settings.now_usec)
                p->settings.now_usec = clock_monotonic_usec;
        begin_event(p, "0");
        *ret = p;
        return 0;
}

void progress_record(const char *key, const char *value, void *userdata) {
        Progress *p = ASSERT_PTR(userdata);

        int r = take_record(p, key, value);
        if (r < 0)
                p->result = r;
}

int progress_end(Progress *p) {
        int r = p->settings.style == PROGRESS_BARS && p->n_layers > 0 ? draw(p, NULL) : 0;

        if (r >= 0)
                r = p->result;
        return r < 0 ? r : p->answer.result;
}

const ImageRecords *progress_answer(const Progress *p) {
        return &p->answer;
}

Progress *progress_free(Progress *p) {
        if (!p)
                return NULL;

        for (size_t i = 0; i < p->n_layers; i++)
                layer_done(&p->layers[i]);
        free(p->layers);
        free(p->widths);
        free(p->event.digest);
        image_records_done(&p->answer);
        free(p);
        return NULL;
}
