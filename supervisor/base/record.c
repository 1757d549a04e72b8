/* SPDX-License-Identifier: MIT */
#include "base/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"

static void record_bytes(RecordWriter *w, const char *bytes, size_t size) {
        if (w->result < 0)
                return;

        if (w->allocated - w->size < size + 1) {
                size_t allocated = MAX(w->allocated * 2, w->size + size + 256);
                char *grown = realloc(w->text, allocated);
                if (!grown) {
                        w->result = -ENOMEM;
                        return;
                }
                w->text = grown;
                w->allocated = allocated;
        }
        memcpy(w->text + w->size, bytes, size);
        w->size += size;
        w->text[w->size] = '\0';
}

void record_put(RecordWriter *w, const char *key, const char *value) {
        if (!value)
                return;

        record_bytes(w, key, strlen(key));
        record_bytes(w, "=", 1);
        for (const char *p = value; *p; p++) {
                unsigned char c = (unsigned char) *p;
                char escaped[8];

                if (c == '\\')
                        record_bytes(w, "\\\\", 2);
                else if (c < ' ' || c == 0x7f) {
                        int n = snprintf(escaped, sizeof(escaped), "\\x%02x", c);
                        record_bytes(w, escaped, (size_t) n);
                } else
                        record_bytes(w, p, 1);
        }
        record_bytes(w, "\n", 1);
}

void record_put_u64(RecordWriter *w, const char *key, uint64_t value) {
        char number[24];

        snprintf(number, sizeof(number), "%" PRIu64, value);
        record_put(w, key, number);
}

void record_put_i64(RecordWriter *w, const char *key, int64_t value) {
        char number[24];

        snprintf(number, sizeof(number), "%" PRIi64, value);
        record_put(w, key, number);
}

void record_put_bool(RecordWriter *w, const char *key, bool value) {
        record_put(w, key, value ? "yes" : "no");
}

void record_put_all(RecordWriter *w, const char *key, char *const *values) {
        STRV_FOREACH (value, values)
                record_put(w, key, *value);
}

void record_writer_done(RecordWriter *w) {
        free(w->text);
        *w = (RecordWriter) {};
}

typedef struct RecordPair {
        const char *key, *value; /* borrowed from Record.text */
} RecordPair;

struct Record {
        char *text;        /* owned; cut into keys and values in place */
        RecordPair *pairs; /* owned */
        size_t n_pairs;
};

static int unescape_in_place(char *s) {
        char *out = s;

        for (; *s; s++) {
                if (*s != '\\') {
                        *out++ = *s;
                        continue;
                }
                s++;
                if (*s == '\\')
                        *out++ = '\\';
                else if (*s == 'n')
                        *out++ = '\n';
                else if (*s == 'x' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
                        *out++ = (char) (hex_digit(s[1]) << 4 | hex_digit(s[2]));
                        s += 2;
                } else
                        return -EBADMSG;
        }
        *out = '\0';
        return 0;
}

int record_split_line(char *line, const char **ret_key, const char **ret_value) {
        char *equals = strchr(line, '=');

        if (!equals)
                return -EBADMSG;
        *equals = '\0';
        if (unescape_in_place(equals + 1) < 0)
                return -EBADMSG;
        *ret_key = line;
        *ret_value = equals + 1;
        return 0;
}

int record_parse(const char *text, Record **ret) {
        size_t n_lines = 1;

        for (const char *p = text; *p; p++)
                n_lines += *p == '\n';

        _cleanup_(record_freep) Record *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->text = strdup(text);
        r->pairs = calloc(n_lines, sizeof(RecordPair));
        if (!r->text || !r->pairs)
                return -ENOMEM;

        for (char *line = r->text; line && *line;) {
                char *end = strchr(line, '\n');
                if (end)
                        *end = '\0';

                if (*line != '\0') {
                        RecordPair *pair = &r->pairs[r->n_pairs++];
                        if (record_split_line(line, &pair->key, &pair->value) < 0)
                                return -EBADMSG;
                }
                line = end ? end + 1 : NULL;
        }

        *ret = TAKE_PTR(r);
        return 0;
}

const char *record_get(const Record *r, const char *key) {
        for (size_t i = r->n_pairs; i > 0; i--) {
                if (strcmp(r->pairs[i - 1].key, key) == 0)
                        return r->pairs[i - 1].value;
        }
        return NULL;
}

const char *record_get_nth(const Record *r, const char *key, size_t n) {
        for (size_t i = 0; i < r->n_pairs; i++) {
                if (strcmp(r->pairs[i].key, key) == 0 && n-- == 0)
                        return r->pairs[i].value;
        }
        return NULL;
}

bool record_at(const Record *r, size_t index, const char **ret_key, const char **ret_value) {
        if (index >= r->n_pairs)
                return false;
        *ret_key = r->pairs[index].key;
        *ret_value = r->pairs[index].value;
        return true;
}

int record_get_u64(const Record *r, const char *key, uint64_t *ret) {
        const char *value = record_get(r, key);
        return value ? parse_u64(value, ret) : -ENOENT;
}

int record_get_i64(const Record *r, const char *key, int64_t *ret) {
        const char *value = record_get(r, key);
        return value ? parse_i64(value, ret) : -ENOENT;
}

int record_get_bool(const Record *r, const char *key, bool *ret) {
        const char *value = record_get(r, key);
        if (!value)
                return -ENOENT;
        *ret = strcmp(value, "yes") == 0;
        return 0;
}

uint64_t record_u64_or(const Record *r, const char *key, uint64_t otherwise) {
        uint64_t value;

        return record_get_u64(r, key, &value) < 0 ? otherwise : value;
}

int64_t record_i64_or(const Record *r, const char *key, int64_t otherwise) {
        int64_t value;

        return record_get_i64(r, key, &value) < 0 ? otherwise : value;
}

bool record_bool_or(const Record *r, const char *key, bool otherwise) {
        bool value;

        return record_get_bool(r, key, &value) < 0 ? otherwise : value;
}

Record *record_free(Record *r) {
        if (!r)
                return NULL;
        free(r->text);
        free(r->pairs);
        free(r);
        return NULL;
}
