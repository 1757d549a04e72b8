/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/text.h"
#include "ctl/disk-usage.h"
#include "ctl/image-run.h"
#include "ctl/json-output.h"
#include "supd/exit-status.h"
#include "supd/image-store.h"

static int print_json(Context *c, const ImageRecords *answer) {
        _cleanup_value_ Value usage = {};

        int r = disk_usage_value(answer, c->options->image.verbose, &usage);
        return r < 0 ? r : json_print(json_from_value(&usage), c->out);
}

/* Why a figure is missing. */
static void tell_notices(const ImageRecords *answer) {
        for (size_t i = 0; i < answer->n_fields; i++) {
                if (!str_equal(answer->fields[i].key, SUPD_IMAGE_EVENT_NOTICE))
                        continue;
                _cleanup_free_ char *safe = terminal_text(answer->fields[i].value);
                fprintf(stderr, "supctl: %s\n", safe ?: "out of memory");
        }
}

int verb_df(Context *c, char *const *words, Error *error) {
        char *const ask[] = { (char *) "df", NULL };
        _cleanup_(image_records_done) ImageRecords answer = {};

        (void) words;
        int r = image_fetch(c, ask, &answer, error);
        if (r < 0)
                return r;
        tell_notices(&answer);
        r = c->options->json ? print_json(c, &answer)
                             : disk_usage_print(&answer,
                                               &c->terminal,
                                               !c->options->no_legend,
                                               c->options->image.verbose,
                                               clock_realtime_usec(),
                                               c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
