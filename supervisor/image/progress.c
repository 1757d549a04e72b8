/* SPDX-License-Identifier: MIT */
#include "image/progress.h"

#include "base/clock.h"
#include "base/text.h"
#include "image/answer.h"
#include "supd/image-store.h"

typedef struct Told {
        int state; /* ProgressState; -1: nothing was told */
        uint64_t bytes, at_usec;
} Told;

struct Progress {
        Told *told; /* owned */
        size_t n_layers;
};

static const char *const state_names[_PROGRESS_STATE_MAX] = {
        [PROGRESS_WAITING] = "waiting",
        [PROGRESS_DOWNLOADING] = "downloading",
        [PROGRESS_UNPACKING] = "unpacking",
        [PROGRESS_DONE] = "done",
        [PROGRESS_PRESENT] = "present",
};

int progress_new(size_t n_layers, Progress **ret) {
        _cleanup_(progress_freep) Progress *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;

        p->told = calloc(n_layers + 1, sizeof(*p->told));
        if (!p->told)
                return -ENOMEM;
        for (size_t i = 0; i < n_layers; i++)
                p->told[i].state = -1;
        p->n_layers = n_layers;
        *ret = TAKE_PTR(p);
        return 0;
}

Progress *progress_free(Progress *p) {
        if (p)
                free(p->told);
        free(p);
        return NULL;
}

void progress_tell(Progress *p, size_t index, const ProgressLayer *now) {
        Told *told = &p->told[index];
        uint64_t now_usec = clock_monotonic_usec();
        RecordWriter w = {};

        assert(index < p->n_layers);
        if (told->state == (int) now->state &&
                        (told->bytes == now->bytes ||
                                        now_usec < told->at_usec + PROGRESS_INTERVAL_USEC))
                return;
        *told = (Told) { .state = (int) now->state, .bytes = now->bytes, .at_usec = now_usec };
        record_put_u64(&w, SUPD_IMAGE_EVENT_LAYER, index + 1);
        record_put_u64(&w, SUPD_IMAGE_EVENT_LAYERS, p->n_layers);
        record_put(&w, SUPD_IMAGE_EVENT_DIGEST, now->digest->text);
        record_put_u64(&w, SUPD_IMAGE_EVENT_SIZE, now->size);
        record_put_u64(&w, SUPD_IMAGE_EVENT_BYTES, now->bytes);
        record_put(&w, SUPD_IMAGE_EVENT_STATE, state_names[now->state]);
        /* A reader that went away is found out by the answer proper. */
        (void) answer_write(&w, NULL);
}

void progress_notice(const char *text) {
        RecordWriter w = {};

        record_put(&w, SUPD_IMAGE_EVENT_NOTICE, text);
        (void) answer_write(&w, NULL); /* as above */
}

void progress_platform(const Platform *have, const Platform *wanted) {
        if (!have->os || !have->architecture || platform_fits(have, wanted))
                return;
        _cleanup_free_ char *text = str_printf("it is for %s/%s, not for %s/%s",
                        have->os,
                        have->architecture,
                        wanted->os,
                        wanted->architecture);
        if (text)
                progress_notice(text);
}
