/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <string.h>

typedef struct MapEntry {
        const char *key; /* borrowed from the value */
        void *value;     /* borrowed */
        uint64_t hash;
} MapEntry;

/*
 * entries keeps the order; slots holds entry index + 1, 0 for empty, and is at most half full. A removed entry stays
 * as a gap, its value NULL, which no slot leads to: gaps are closed when somebody counts on indices, or room is short,
 * so that removing many costs no more than passing over them once.
 */
struct Map {
        MapEntry *entries; /* owned */
        size_t n_entries, n_gaps, n_allocated;
        uint32_t *slots; /* owned */
        size_t n_slots;  /* a power of two */
};

/* FNV-1a. Keys are names that root wrote; nobody profits from making them collide. */
static uint64_t map_hash(const char *key) {
        uint64_t hash = 0xcbf29ce484222325ULL;

        for (; *key; key++)
                hash = (hash ^ (unsigned char) *key) * 0x100000001b3ULL;
        return hash;
}

Map *map_new(void) {
        return calloc(1, sizeof(Map));
}

static size_t map_find(const Map *m, const char *key, uint64_t hash) {
        size_t i = hash & (m->n_slots - 1);

        while (m->slots[i]) {
                const MapEntry *e = &m->entries[m->slots[i] - 1];
                if (e->hash == hash && strcmp(e->key, key) == 0)
                        break;
                i = (i + 1) & (m->n_slots - 1);
        }
        return i;
}

static void map_fill_slots(Map *m) {
        memset(m->slots, 0, m->n_slots * sizeof(uint32_t));
        for (size_t i = 0; i < m->n_entries; i++) {
                size_t slot = m->entries[i].hash & (m->n_slots - 1);

                while (m->slots[slot])
                        slot = (slot + 1) & (m->n_slots - 1);
                m->slots[slot] = (uint32_t) i + 1;
        }
}

static void map_close_gaps(Map *m) {
        size_t n = 0;

        for (size_t i = 0; i < m->n_entries; i++) {
                if (m->entries[i].value)
                        m->entries[n++] = m->entries[i];
        }
        m->n_entries = n;
        m->n_gaps = 0;
        map_fill_slots(m);
}

static int map_grow(Map *m) {
        size_t n_slots = m->n_slots ? m->n_slots * 2 : 16;

        MapEntry *entries = realloc(m->entries, n_slots / 2 * sizeof(MapEntry));
        if (!entries)
                return -ENOMEM;
        m->entries = entries;
        m->n_allocated = n_slots / 2;

        uint32_t *slots = calloc(n_slots, sizeof(uint32_t));
        if (!slots)
                return -ENOMEM;
        free(m->slots);
        m->slots = slots;
        m->n_slots = n_slots;
        map_close_gaps(m);
        return 0;
}

int map_put(Map *m, const char *key, void *value) {
        uint64_t hash = map_hash(key);

        assert(value);
        if (2 * (m->n_entries + 1) > m->n_slots) {
                int r = 0;
                if (m->n_gaps > m->n_entries / 2)
                        map_close_gaps(m);
                else
                        r = map_grow(m);
                if (r < 0)
                        return r;
        }

        size_t slot = map_find(m, key, hash);
        if (m->slots[slot])
                return -EEXIST;
        m->entries[m->n_entries++] = (MapEntry) { .key = key, .value = value, .hash = hash };
        m->slots[slot] = (uint32_t) m->n_entries;
        return 0;
}

void *map_get(const Map *m, const char *key) {
        if (!m || m->n_entries == 0)
                return NULL;

        uint32_t index = m->slots[map_find(m, key, map_hash(key))];
        return index ? m->entries[index - 1].value : NULL;
}

void *map_remove(Map *m, const char *key) {
        if (m->n_entries == 0)
                return NULL;

        size_t hole = map_find(m, key, map_hash(key));
        if (!m->slots[hole])
                return NULL;

        size_t index = m->slots[hole] - 1;
        void *value = m->entries[index].value;

        /* Close the gap in the probe sequences that run over the hole. */
        m->slots[hole] = 0;
        for (size_t i = (hole + 1) & (m->n_slots - 1); m->slots[i];
                        i = (i + 1) & (m->n_slots - 1)) {
                size_t home = m->entries[m->slots[i] - 1].hash & (m->n_slots - 1);
                if (((i - home) & (m->n_slots - 1)) < ((i - hole) & (m->n_slots - 1)))
                        continue;
                m->slots[hole] = m->slots[i];
                m->slots[i] = 0;
                hole = i;
        }

        m->entries[index].value = NULL;
        m->n_gaps++;
        while (m->n_entries > 0 && !m->entries[m->n_entries - 1].value) {
                m->n_entries--;
                m->n_gaps--;
        }
        return value;
}

size_t map_size(const Map *m) {
        return m ? m->n_entries - m->n_gaps : 0;
}

void *map_at(const Map *m, size_t index) {
        assert(index < map_size(m));
        if (m->n_gaps > 0)
                map_close_gaps((Map *) m); /* what can be seen of it stays the same */
        return m->entries[index].value;
}

Map *map_free(Map *m) {
        if (!m)
                return NULL;
        free(m->entries);
        free(m->slots);
        free(m);
        return NULL;
}
