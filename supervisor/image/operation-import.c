/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/import.h"
#include "image/operation.h"

/* Beyond it gmtime() and Go disagree about what a year is. */
#define YEAR_10000 UINT64_C(253402300800)

static int created_time(uint64_t *ret, Error *error) {
        const char *epoch = getenv("SOURCE_DATE_EPOCH");

        if (!epoch) {
                *ret = clock_realtime_usec() / USEC_PER_SEC;
                return 0;
        }
        if (parse_u64(epoch, ret) < 0 || *ret >= YEAR_10000)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "SOURCE_DATE_EPOCH=%s: seconds since 1970 are wanted",
                                epoch);
        return 0;
}

static int tell(const char *name, const ImportResult *result, Error *error) {
        RecordWriter w = {};

        record_put(&w, "IMAGE", result->manifest.text);
        record_put(&w, "ID", result->config.text);
        record_put(&w, "NAME", name);
        record_put(&w, "LAYER_DIFF_ID", result->diff_id.text);
        return answer_write(&w, error);
}

int operation_import(Operation *o, Error *error) {
        const char *reference = o->options->arguments[1];
        _cleanup_free_ char *name = NULL;
        ImportResult result;
        int r = 0;

        ImportRequest request = {
                .source_fd = o->source_fd,
                .changes = o->options->changes,
                .message = o->options->message,
                .platform = o->platform,
                .layers = o->layers,
        };
        r = created_time(&request.created_sec, error);
        if (r >= 0 && reference)
                r = operation_new_name(reference, &name, error);
        if (r < 0)
                return r;
        request.name = name;
        r = store_begin(o->store, error);
        if (r < 0)
                return r;
        r = import_image(o->store, &request, &result, error);
        /* After a success it is what was decompressed that nobody needs. What can't be removed now, a
         * prune removes. */
        (void) store_undo(o->store, NULL);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_prefix(error,
                                                      r,
                                                      "'%s'",
                                                      o->options->source_name
                                                                      ?: o->options->arguments[0]);
        return tell(name, &result, error);
}
