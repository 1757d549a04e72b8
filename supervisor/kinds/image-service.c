/* SPDX-License-Identifier: MIT */
#include "kinds/image-service.h"

#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/fd.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/image-service-internal.h"
#include "runtime/container-storage.h"

#define TRASH_DELAY_USEC (500 * USEC_PER_MSEC)
#define STOP_TIMEOUT_USEC USEC_PER_SEC

int image_service_new(const ImageServiceSpec *spec, ImageService **ret) {
        _cleanup_(image_service_freep) ImageService *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->spec = *spec;
        list_init(&s->pulls);
        int r = image_store_new(spec->state_dir, spec->additional_stores, &s->store);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

ImageService *image_service_free(ImageService *s) {
        if (!s)
                return NULL;

        image_pulls_free(s);
        s->trash_timer = sd_event_source_disable_unref(s->trash_timer);
        s->trash = subprocess_free(s->trash);
        s->store = image_store_free(s->store);
        free(s);
        return NULL;
}

void image_service_stop(ImageService *s) {
        s->trash_timer = sd_event_source_disable_unref(s->trash_timer);
        if (s->trash)
                subprocess_kill(s->trash, STOP_TIMEOUT_USEC);
}

const ImageServiceSpec *image_service_spec(const ImageService *s) {
        return &s->spec;
}

ImageStore *image_service_store(const ImageService *s) {
        return s->store;
}

/* ---- names ------------------------------------------------------------------------------------- */
static int find_canonical(ImageService *s, const char *text, Digest *ret) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_free_ char *name = NULL;

        int q = reference_parse(text, &r, NULL);
        if (q < 0)
                return q == -ENOMEM ? q : 0;
        name = reference_format(&r);
        return name ? image_store_find(s->store, name, ret) : -ENOMEM;
}

static int find_below(ImageService *s, const char *registry, const char *name, Digest *ret) {
        _cleanup_free_ char *text = str_printf("%s/%s", registry, name);

        return text ? find_canonical(s, text, ret) : -ENOMEM;
}

/* Without a registry: "alpine:3", "team/tool". */
static bool is_short(const char *name) {
        _cleanup_(reference_done) Reference r = {};

        return reference_parse(name, &r, NULL) >= 0 &&
               str_equal(r.registry, REFERENCE_DEFAULT_REGISTRY) &&
               !str_has_prefix(name, REFERENCE_DEFAULT_REGISTRY "/");
}

int image_service_find(ImageService *s, const char *name, Digest *ret, Error *error) {
        int r = 0;

        if (is_short(name)) {
                r = find_below(s, "localhost", name, ret);
                STRV_FOREACH (registry, s->spec.search_registries) {
                        if (r == 0)
                                r = find_below(s, *registry, name, ret);
                }
        }
        if (r == 0)
                r = find_canonical(s, name, ret);
        if (r == 0)
                r = image_store_find_id(s->store, name, ret);
        if (r == -ENOTUNIQ)
                return error_set_plain(error,
                                r,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' fits more than one image",
                                name);
        if (r < 0 && r != -ENOMEM)
                return error_set(error, r, ERROR_STORAGE, "cannot look for image '%s'", name);
        return r;
}

/* ---- having it done ---------------------------------------------------------------------------- */
int image_service_run(ImageService *s,
                char *const *words,
                int stdin_fd,
                const SubprocessOps *ops,
                void *userdata,
                Subprocess **ret,
                Error *error) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = strv_append(&argv, s->spec.program);
        STRV_FOREACH (word, s->spec.arguments) {
                if (r >= 0)
                        r = strv_append(&argv, *word);
        }
        STRV_FOREACH (word, words) {
                if (r >= 0)
                        r = strv_append(&argv, *word);
        }
        if (r < 0)
                return r;
        SubprocessRequest request = {
                .argv = argv,
                .stdin_fd = stdin_fd,
                .stdout_fd = -EBADF,
                .extra_fd = -EBADF,
                .ops = ops,
                .userdata = userdata,
        };
        return subprocess_start(s->spec.event, &request, ret, error);
}

static void on_trash_emptied(int result, const Error *error, void *userdata) {
        ImageService *s = userdata;

        s->trash = subprocess_free(s->trash);
        if (result < 0)
                diag_warning("cannot remove what containers left: %s; tried again at the next "
                             "one's "
                             "end",
                                error_text(error, result));
        else
                image_service_empty_trash(s); /* more may have come meanwhile */
}

static int on_trash_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        static const SubprocessOps ops = { .on_end = on_trash_emptied };
        char *const words[] = { (char *) "trash", NULL };
        ImageService *s = userdata;
        _cleanup_(error_done) Error error = {};

        (void) source, (void) usec;
        s->trash_timer = sd_event_source_disable_unref(s->trash_timer);
        if (!container_storage_has_trash(s->spec.state_dir))
                return 0;
        int r = image_service_run(s, words, -EBADF, &ops, s, &s->trash, &error);
        if (r < 0)
                diag_warning("%s; what containers left stays until the next one's end",
                                error_text(&error, r));
        return 0;
}

void image_service_empty_trash(ImageService *s) {
        if (s->trash || s->trash_timer)
                return;
        /* A little later: what starts again now shall not share its processor with the broom, and what
         * ends together is swept together. */
        int r = sd_event_add_time_relative(s->spec.event,
                        &s->trash_timer,
                        CLOCK_MONOTONIC,
                        TRASH_DELAY_USEC,
                        /* accuracy= */ TRASH_DELAY_USEC / 2,
                        on_trash_timer,
                        s);
        if (r < 0)
                diag_warning("cannot set a timer: %s; what containers left stays for now",
                                error_text(NULL, r));
}
