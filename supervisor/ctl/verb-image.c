/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/strv.h"
#include "ctl/image-page.h"
#include "ctl/image-removal.h"
#include "ctl/image-run.h"
#include "ctl/json-output.h"
#include "supd/exit-status.h"

/* ---- image inspect ----------------------------------------------------------------------------- */

static int print_page(Context *c, const ImageGroup *image, bool first) {
        if (!first)
                fputc('\n', c->out);
        return image_page_print(image, &c->terminal, clock_realtime_usec(), c->out);
}

static int add_value(const ImageGroup *image, Value *list) {
        _cleanup_value_ Value item = {};

        int r = image_page_value(image, &item);
        return r < 0 ? r : value_array_add(list, &item);
}

static int inspect(Context *c, const char *name, bool first, Value *list, Error *error) {
        char *const ask[] = { (char *) "inspect", (char *) "--", (char *) name, NULL };
        _cleanup_(image_records_done) ImageRecords records = {};

        int r = image_fetch(c, ask, &records, error);
        if (r < 0)
                return r;
        ImageGroup image = image_records_all(&records);
        return c->options->json ? add_value(&image, list) : print_page(c, &image, first);
}

int verb_image_inspect(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };
        int r = 0;

        STRV_FOREACH (name, words) {
                r = inspect(c, *name, name == words, &list, error);
                if (r < 0)
                        return r;
        }
        return c->options->json ? json_print(json_from_value(&list), c->out) : SUPCTL_EXIT_SUCCESS;
}

/* ---- tag, rmi ---------------------------------------------------------------------------------- */

int verb_tag(Context *c, char *const *words, Error *error) {
        _cleanup_(image_records_done) ImageRecords answer = {};
        _cleanup_strv_ char **ask = NULL;

        int r = strv_append(&ask, "tag");
        if (r >= 0)
                r = image_words_arguments(&ask, words);
        if (r >= 0)
                r = image_fetch(c, ask, &answer, error);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

int verb_rmi(Context *c, char *const *words, Error *error) {
        _cleanup_(image_records_done) ImageRecords answer = {};
        _cleanup_strv_ char **ask = NULL;

        int r = strv_append(&ask, "rm");
        if (r >= 0)
                r = image_words_switch(&ask, "--force", c->options->image.force);
        if (r >= 0)
                r = image_words_arguments(&ask, words);
        if (r < 0)
                return r;
        r = image_fetch(c, ask, &answer, error);
        /* What went before a failure is gone. */
        int q = image_removal_print(c, &answer, /* would= */ false);
        return r < 0 ? r : q < 0 ? q : SUPCTL_EXIT_SUCCESS;
}
