/* SPDX-License-Identifier: MIT */
#include "ctl/image-transfer.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/image-view.h"
#include "ctl/interrupt.h"
#include "ctl/json-output.h"
#include "ctl/progress.h"
#include "supd/exit-status.h"

#define DATA_PATH "/dev/stdin" /* where supd-image finds what we have opened */

static ProgressStyle style_of(const Context *c) {
        if (c->options->json)
                return PROGRESS_JSON;
        if (c->options->quiet)
                return PROGRESS_NONE;
        return c->terminal.is_terminal && !str_equal(getenv("TERM"), "dumb") ? PROGRESS_BARS
                                                                             : PROGRESS_LINES;
}

static int print_image_json(Context *c, const ImageGroup *image) {
        static const ImageProperty properties[] = {
                { "Name", "NAME", IMAGE_TEXT },
                { "Id", "ID", IMAGE_TEXT },
                { "Digest", "IMAGE", IMAGE_TEXT },
                { "Pulled", "PULLED", IMAGE_BOOLEAN }, /* the last: of pulls only */
        };
        _cleanup_value_ Value object = { .type = VALUE_DICT };

        size_t n = ELEMENTSOF(properties) - (image_group_get(image, "PULLED") ? 0 : 1);

        int r = image_group_to_dict(image, properties, n, &object);
        return r < 0 ? r : json_print(json_from_value(&object), c->out);
}

/* "no": a pull that found what is here to be what the registry has. */
static const char *outcome(const ImageGroup *image, const char *done) {
        return str_equal(image_group_get(image, "PULLED"), "no") ? "Up to date:" : done;
}

static int print_image(Context *c, const ImageGroup *image, const char *done) {
        const char *name = image_group_get(image, "NAME"), *id = image_group_get(image, "ID");
        _cleanup_free_ char *safe = terminal_text(name ?: id), *short_id = image_short_id(id ?: "");

        if (c->options->json)
                return print_image_json(c, image);
        if (!safe || !short_id)
                return -ENOMEM;
        if (c->options->quiet)
                fprintf(c->out, "%s\n", safe);
        else if (name)
                fprintf(c->out, "%s %s (%s)\n", outcome(image, done), safe, short_id);
        else
                fprintf(c->out, "%s image %s\n", done, safe);
        return 0;
}

static int print_images(Context *c, const ImageRecords *answer, const char *done) {
        ImageGroup image = {};
        int r = 0;

        while (r >= 0 && image_records_next(answer, "IMAGE", &image))
                r = print_image(c, &image, done);
        return r;
}

static int tell_interrupt(const char *resume) {
        fprintf(stderr, "\nsupctl: interrupted%s%s\n", resume ? "; " : "", resume ?: "");
        return EXIT_INTERRUPTED;
}

int image_transfer(Context *c, const ImageTransfer *transfer, Error *error) {
        ProgressSettings settings = {
                .style = style_of(c),
                .terminal = &c->terminal,
                .out = c->out,
        };
        _cleanup_(progress_freep) Progress *progress = NULL;

        int r = progress_new(&settings, &progress);
        if (r < 0)
                return r;
        ImageRun run = {
                .words = transfer->words,
                .data_fd = transfer->data_fd,
                .told = progress_record,
                .userdata = progress,
        };
        r = image_run(c, &run, error);
        int q = progress_end(progress);
        if (r == -EINTR)
                return tell_interrupt(transfer->resume);
        if (q >= 0)
                q = print_images(c, progress_answer(progress), transfer->done);
        return r < 0 ? r : q;
}

/* ---- files ------------------------------------------------------------------------------------- */

int image_open_source(const char *path, bool directory, Error *error) {
        int fd = neg_errno(open(
                        path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (directory ? O_DIRECTORY : 0)));

        return fd < 0 ? error_set(error, fd, ERROR_STORAGE, "cannot open '%s'", path) : fd;
}

int image_transfer_source(Context *c, const char *text, Error *error) {
        _cleanup_(image_source_done) ImageSource source = {};
        _cleanup_strv_ char **words = NULL;
        _cleanup_close_ int fd = -EBADF;

        int r = image_source_parse(text, &source, error);
        if (r < 0)
                return r;
        bool directory = source.transport == TRANSPORT_OCI || source.transport == TRANSPORT_DIR;
        fd = image_open_source(source.path, directory, error);
        if (fd < 0)
                return fd;

        r = strv_append(&words, "load");
        if (r >= 0)
                r = image_words_option(&words, "--source-name", source.path);
        if (r >= 0)
                r = image_words_platform(&words, &c->options->image, error);
        if (r >= 0)
                r = strv_append_printf(&words,
                                "%s:" DATA_PATH "%s%s",
                                transport_to_string(source.transport),
                                source.name ? ":" : "",
                                source.name ?: "");
        if (r < 0)
                return r;
        ImageTransfer transfer = { .words = words, .data_fd = fd, .done = "Loaded" };
        return image_transfer(c, &transfer, error);
}
