/* SPDX-License-Identifier: MIT */
#include "ctl/image-run.h"

#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/interrupt.h"

/* ---- words ------------------------------------------------------------------------------------- */

int image_words_option(char ***words, const char *name, const char *value) {
        return value ? strv_append_printf(words, "%s=%s", name, value) : 0;
}

int image_words_options(char ***words, const char *name, char *const *values) {
        STRV_FOREACH (value, values) {
                int r = image_words_option(words, name, *value);
                if (r < 0)
                        return r;
        }
        return 0;
}

int image_words_switch(char ***words, const char *name, bool given) {
        return given ? strv_append(words, name) : 0;
}

int image_words_arguments(char ***words, char *const *arguments) {
        int r = strv_append(words, "--");

        STRV_FOREACH (argument, arguments) {
                if (r >= 0)
                        r = strv_append(words, *argument);
        }
        return r;
}

/* "linux/arm/v7", cut in place. */
static int split_platform(char *text, const char *parts[3], Error *error) {
        bool complete = true;
        char *rest = text;

        for (size_t i = 0; i < 3 && rest; i++) {
                parts[i] = rest;
                rest = strchr(rest, '/');
                if (rest)
                        *rest++ = '\0';
                complete = complete && *parts[i];
        }
        if (complete && parts[1] && !rest)
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "--platform: OS/ARCH or OS/ARCH/VARIANT is wanted, such as "
                        "'linux/arm64'");
}

int image_words_platform(char ***words, const ImageOptions *o, Error *error) {
        const char *parts[3] = { o->os, o->architecture, o->variant };
        _cleanup_free_ char *platform = o->platform ? strdup(o->platform) : NULL;
        int r = 0;

        if (o->platform) {
                if (!platform)
                        return -ENOMEM;
                parts[0] = parts[1] = parts[2] = NULL;
                r = split_platform(platform, parts, error);
        }
        if (r >= 0)
                r = image_words_option(words, "--os", parts[0]);
        if (r >= 0)
                r = image_words_option(words, "--arch", parts[1]);
        if (r >= 0)
                r = image_words_option(words, "--variant", parts[2]);
        return r;
}

/* ---- asking ------------------------------------------------------------------------------------ */

/* Images need no running supd; whoever sees to one by hand is root and knows the store. */
static int connect_for(Context *c, const char *verb, Error *error) {
        _cleanup_(error_done) Error reason = {};

        int r = context_connect(c, &reason);
        if (r == -ENOENT || r == -ECONNREFUSED)
                return error_set_plain(error,
                                r,
                                ERROR_DISCONNECTED,
                                "supd is not running: nobody serves %s/control; start it with "
                                "'supinit supd' or 'systemctl start supd'. 'supd-image %s' works "
                                "on "
                                "the store by hand",
                                c->options->runtime_dir,
                                verb);
        if (r < 0)
                error_move(error, &reason);
        return r;
}

int image_run(Context *c, const ImageRun *run, Error *error) {
        int r;

        r = connect_for(c, run->words[0], error);
        if (r < 0)
                return r;
        _cleanup_close_ int interrupts = interrupt_open();
        if (interrupts < 0)
                return error_set(error, interrupts, ERROR_FAILED, "cannot wait for signals");

        ImageRequest request = {
                .words = run->words,
                .data_fd = run->data_fd,
                .interrupt_fd = interrupts,
                .on_record = run->told,
                .userdata = run->userdata,
        };
        return client_run_image(c->client, &request, error);
}

int image_fetch(Context *c, char *const *words, ImageRecords *ret, Error *error) {
        ImageRequest request = {
                .words = words,
                .data_fd = -EBADF,
                .interrupt_fd = -EBADF,
                .on_record = image_records_add,
                .userdata = ret,
        };
        int r;

        r = connect_for(c, words[0], error);
        if (r >= 0)
                r = client_run_image(c->client, &request, error);
        return r < 0 ? r : ret->result;
}
