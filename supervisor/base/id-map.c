/* SPDX-License-Identifier: MIT */
#include "base/id-map.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"

#define RANGE_TEXT_SIZE 36U /* three times ten digits, blanks, newline, NUL */

void id_map_done(IdMap *m) {
        free(m->ranges);
        *m = (IdMap) {};
}

int id_map_add(IdMap *m, IdRange range) {
        if (m->n_ranges >= ID_MAP_RANGES_MAX)
                return -E2BIG;
        IdRange *ranges = reallocarray(m->ranges, m->n_ranges + 1, sizeof(IdRange));
        if (!ranges)
                return -ENOMEM;
        ranges[m->n_ranges] = range;
        m->ranges = ranges;
        m->n_ranges++;
        return 0;
}

int id_map_add_all(IdMap *m, const IdMap *other) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < other->n_ranges; i++)
                r = id_map_add(m, other->ranges[i]);
        return r;
}

/* The number at *s, which is moved behind it. */
static int parse_id(const char **s, uint32_t *ret) {
        uint64_t n = 0;
        const char *digits = *s;

        for (; isdigit((unsigned char) **s); (*s)++) {
                n = n * 10 + (uint64_t) (**s - '0');
                if (n > UINT32_MAX)
                        return -EINVAL;
        }
        if (*s == digits)
                return -EINVAL;
        *ret = (uint32_t) n;
        return 0;
}

int id_range_parse(const char *text, IdRange *ret) {
        IdRange range = { .size = 1 };

        if (parse_id(&text, &range.inside) < 0 || *text++ != ':' ||
                        parse_id(&text, &range.outside) < 0)
                return -EINVAL;
        if (*text == ':') {
                text++;
                if (parse_id(&text, &range.size) < 0)
                        return -EINVAL;
        }
        if (*text != '\0')
                return -EINVAL;
        *ret = range;
        return 0;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size) {
        return (uint64_t) a < (uint64_t) b + b_size && (uint64_t) b < (uint64_t) a + a_size;
}

static const char *range_problem(const IdRange *r) {
        if (r->size == 0)
                return "a range is empty";
        if ((uint64_t) r->inside + r->size > ID_INVALID ||
                        (uint64_t) r->outside + r->size > ID_INVALID)
                return "a range leads beyond the highest id, 4294967294";
        return NULL;
}

/* Decimal digits of all numbers and what is between them. */
static size_t text_size(const IdMap *m) {
        char text[RANGE_TEXT_SIZE];
        size_t size = 0;

        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *r = &m->ranges[i];
                size += (size_t) snprintf(
                                text, sizeof(text), "%u %u %u\n", r->inside, r->outside, r->size);
        }
        return size;
}

const char *id_map_problem(const IdMap *m) {
        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *a = &m->ranges[i];
                const char *problem = range_problem(a);

                for (size_t j = 0; !problem && j < i; j++) {
                        const IdRange *b = &m->ranges[j];
                        if (overlap(a->inside, a->size, b->inside, b->size))
                                problem = "an id of the container is mapped twice";
                        else if (overlap(a->outside, a->size, b->outside, b->size))
                                problem = "an id of the host is mapped twice";
                }
                if (problem)
                        return problem;
        }
        if (id_map_outside(m, 0) == ID_INVALID)
                return "the container's root, id 0, is not mapped";
        if (text_size(m) > ID_MAP_TEXT_MAX)
                return "there are too many ranges";
        return NULL;
}

uint32_t id_map_outside(const IdMap *m, uint32_t inside) {
        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *r = &m->ranges[i];
                if (inside >= r->inside && inside - r->inside < r->size)
                        return r->outside + (inside - r->inside);
        }
        return ID_INVALID;
}

bool id_map_is_identity(const IdMap *m) {
        for (size_t i = 0; i < m->n_ranges; i++) {
                if (m->ranges[i].inside != m->ranges[i].outside)
                        return false;
        }
        return true;
}

/* Up to where the ids from @at on are alike: all mapped, or none. */
static uint32_t end_of_run(const IdMap *m, uint32_t at, uint32_t end, bool *ret_mapped) {
        *ret_mapped = false;
        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *r = &m->ranges[i];

                if (at >= r->inside && at - r->inside < r->size) {
                        *ret_mapped = true;
                        return (uint32_t) MIN((uint64_t) r->inside + r->size, (uint64_t) end);
                }
        }
        for (size_t i = 0; i < m->n_ranges; i++) {
                if (m->ranges[i].inside > at)
                        end = MIN(end, m->ranges[i].inside);
        }
        return end;
}

int id_map_fill(IdMap *m, uint32_t outside, uint32_t size) {
        const size_t n_given = m->n_ranges;
        int r = 0;

        for (uint32_t at = 0, end; r >= 0 && at < size; at = end) {
                const IdMap given = { .ranges = m->ranges, .n_ranges = n_given };
                bool mapped;

                end = end_of_run(&given, at, size, &mapped);
                if (!mapped)
                        r = id_map_add(m, (IdRange) { at, outside + at, end - at });
        }
        return r;
}

char *id_map_format(const IdMap *m) {
        size_t room = m->n_ranges * RANGE_TEXT_SIZE + 1, size = 0;
        char *text = malloc(room);

        if (!text)
                return NULL;
        text[0] = '\0';
        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *r = &m->ranges[i];
                size += (size_t) snprintf(text + size,
                                room - size,
                                "%u %u %u\n",
                                r->inside,
                                r->outside,
                                r->size);
        }
        return text;
}

int id_map_words(const IdMap *m, char ***ret) {
        _cleanup_strv_ char **words = NULL;

        for (size_t i = 0; i < m->n_ranges; i++) {
                const IdRange *range = &m->ranges[i];
                int r = strv_append_printf(
                                &words, "%u:%u:%u", range->inside, range->outside, range->size);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(words);
        return 0;
}

int id_map_parse(const char *text, IdRange *ranges, size_t *ret_n) {
        size_t n = 0;

        while (*text) {
                IdRange range = {};
                uint32_t *const numbers[] = { &range.inside, &range.outside, &range.size };

                if (n >= ID_MAP_RANGES_MAX)
                        return -EBADMSG;
                for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                        text += strspn(text, " ");
                        if (parse_id(&text, numbers[i]) < 0)
                                return -EBADMSG;
                }
                if (*text++ != '\n')
                        return -EBADMSG;
                ranges[n++] = range;
        }
        *ret_n = n;
        return 0;
}
