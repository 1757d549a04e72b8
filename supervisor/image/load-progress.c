/* SPDX-License-Identifier: MIT */
#include "image/load-progress.h"

#include "image/progress.h"

typedef struct LoadedLayer {
        LayerState state;
        bool is_copied; /* at this moment */
        uint64_t bytes; /* of the copy */
} LoadedLayer;

struct LoadProgress {
        const Manifest *manifest; /* borrowed */
        Progress *progress;       /* owned */
        LoadedLayer *layers;      /* owned */
};

static const ProgressState states[_LAYER_STATE_MAX] = {
        [LAYER_AWAITED] = PROGRESS_WAITING,
        [LAYER_OFFERED] = PROGRESS_WAITING,
        [LAYER_UNPACKING] = PROGRESS_UNPACKING,
        [LAYER_DONE] = PROGRESS_DONE,
        [LAYER_PRESENT] = PROGRESS_PRESENT,
};

int load_progress_new(const Manifest *manifest, LoadProgress **ret) {
        _cleanup_(load_progress_freep) LoadProgress *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;

        p->manifest = manifest;
        p->layers = calloc(manifest->n_entries + 1, sizeof(*p->layers));
        if (!p->layers)
                return -ENOMEM;
        int r = progress_new(manifest->n_entries, &p->progress);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

LoadProgress *load_progress_free(LoadProgress *p) {
        if (!p)
                return NULL;

        (void) progress_free(p->progress); /* always NULL */
        free(p->layers);
        free(p);
        return NULL;
}

static void tell(const LoadProgress *p, size_t index) {
        const Descriptor *d = &p->manifest->entries[index];
        const LoadedLayer *l = &p->layers[index];
        ProgressLayer now = {
                .digest = &d->digest,
                .size = d->size,
                .bytes = l->state == LAYER_AWAITED ? 0 : d->size,
                .state = states[l->state],
        };

        if (l->is_copied) {
                now.state = PROGRESS_DOWNLOADING;
                now.bytes = l->bytes;
        }
        progress_tell(p->progress, index, &now);
}

void load_progress_state(size_t index, LayerState state, void *userdata) {
        LoadProgress *p = userdata;

        p->layers[index].state = state;
        tell(p, index);
}

void load_progress_copied(LoadProgress *p, size_t index, uint64_t bytes) {
        LoadedLayer *l = &p->layers[index];

        l->is_copied = bytes != UINT64_MAX;
        l->bytes = bytes;
        /* Of what nobody unpacks yet there is nothing new to tell: it is offered next. */
        if (l->is_copied || l->state != LAYER_AWAITED)
                tell(p, index);
}
