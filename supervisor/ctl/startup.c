/* SPDX-License-Identifier: MIT */
#include "ctl/startup.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/unit-words.h"

/* clang-format off */
static const char *const phase_names[] = {
        [STARTUP_IMAGE]   = "image",
        [STARTUP_NETWORK] = "network",
        [STARTUP_MOUNT]   = "mount",
        [STARTUP_EXEC]    = "exec",
        [STARTUP_READY]   = "ready",
};
/* clang-format on */
static_assert(ELEMENTSOF(phase_names) == _STARTUP_PHASE_MAX, "every phase has a name");

const char *startup_phase_to_string(StartupPhase p) {
        return p < 0 || p >= _STARTUP_PHASE_MAX ? NULL : phase_names[p];
}

static uint64_t get_stamp(const Value *dict, const char *name) {
        uint64_t usec = value_get_u64(dict, name);

        return usec == UINT64_MAX ? 0 : usec;
}

static void read_phases(StartupUnit *u, const Value *phases) {
        for (size_t i = 0; i < value_length(phases); i++) {
                const Value *pair = &phases->array.items[i];

                if (value_length(pair) != 2 || pair->array.items[0].type != VALUE_STRING ||
                                pair->array.items[1].type != VALUE_UNSIGNED)
                        continue;
                for (StartupPhase p = 0; p < _STARTUP_PHASE_MAX; p++) {
                        if (str_equal(phase_names[p], pair->array.items[0].string))
                                u->phase_ends[p] = pair->array.items[1].number;
                }
        }
}

static int read_unit(const Property *p, StartupUnit *ret) {
        StartupUnit u = {
                .id = strdup(p->name),
                .begin = get_stamp(&p->value, "InactiveExitTimestampMonotonic"),
                .active = get_stamp(&p->value, "ActiveEnterTimestampMonotonic"),
                .off = get_stamp(&p->value, "ActiveExitTimestampMonotonic"),
        };

        /* Of a oneshot its start ends with it. */
        uint64_t ended = get_stamp(&p->value, "InactiveEnterTimestampMonotonic");

        if (!u.id)
                return -ENOMEM;
        /* Of an earlier run. */
        if (u.active < u.begin)
                u.active = 0;
        if (u.off < u.active)
                u.off = 0;
        if (ended < u.begin)
                ended = 0;
        read_phases(&u, value_get(&p->value, "StartPhases"));
        if (value_length(value_get(&p->value, "StartPhases")) > 0)
                u.phase_ends[STARTUP_READY] = u.active > 0 ? u.active : ended;
        *ret = u;
        return 0;
}

static int compare(const void *a, const void *b) {
        const StartupUnit *u = a, *v = b;

        if (u->begin != v->begin)
                return u->begin < v->begin ? -1 : 1;
        return strcmp(u->id, v->id);
}

static int read_units(Startup *s, const Value *units) {
        s->units = calloc(MAX(value_length(units), (size_t) 1), sizeof(*s->units));
        if (!s->units)
                return -ENOMEM;
        for (size_t i = 0; i < value_length(units); i++) {
                int r = read_unit(&units->dict.items[i], &s->units[s->n_units]);
                if (r < 0)
                        return r;
                s->n_units++;
        }
        qsort(s->units, s->n_units, sizeof(*s->units), compare);
        return 0;
}

int startup_read(Context *c, char *const *words, Startup *ret, Error *error) {
        _cleanup_value_ Value manager = {}, units = {};
        _cleanup_strv_ char **patterns = NULL;
        _cleanup_startup_ Startup s = {};

        int r = unit_patterns(words, &patterns);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0)
                r = client_get_manager(c->client, &manager, error);
        if (r >= 0)
                r = client_list_units(c->client, patterns, &units, error);
        if (r >= 0)
                r = read_units(&s, &units);
        if (r < 0)
                return r;
        s.begin = get_stamp(&manager, "UserspaceTimestampMonotonic");
        s.loaded = get_stamp(&manager, "UnitsLoadFinishTimestampMonotonic");
        s.finish = get_stamp(&manager, "FinishTimestampMonotonic");
        *ret = s;
        s = (Startup) {};
        return 0;
}

void startup_done(Startup *s) {
        for (size_t i = 0; i < s->n_units; i++)
                free(s->units[i].id);
        free(s->units);
        *s = (Startup) {};
}

uint64_t startup_duration(const StartupUnit *u) {
        return u->active == 0 || u->begin == 0 ? 0 : u->active - u->begin;
}

const StartupUnit *startup_find(const Startup *s, const char *id) {
        for (size_t i = 0; i < s->n_units; i++) {
                if (str_equal(s->units[i].id, id))
                        return &s->units[i];
        }
        return NULL;
}

int startup_require_finished(const Startup *s, Error *error) {
        if (s->finish > 0)
                return 0;
        return error_set_plain(error,
                        -EAGAIN,
                        ERROR_UNIT_STATE,
                        "default.target is still being started; 'supctl list-jobs' shows what is "
                        "under way");
}
