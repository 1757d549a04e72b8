/* SPDX-License-Identifier: MIT */
#include "image/answer.h"

#include "base/fd.h"
#include "base/strv.h"

int answer_write(RecordWriter *w, Error *error) {
        int r = w->result;

        if (r >= 0 && w->size > 0)
                r = fd_write_all(STDOUT_FILENO, w->text, w->size);
        record_writer_done(w);
        if (r < 0 && r != -ENOMEM)
                return error_set(error, r, ERROR_FAILED, "cannot write the answer");
        return r;
}
