/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/image-transfer.h"
#include "ctl/interrupt.h"
#include "ctl/output-file.h"
#include "supd/exit-status.h"

#define DATA_PATH "/dev/stdin"
#define STANDARD_STREAM "-"

/* ---- reading ----------------------------------------------------------------------------------- */

/* @path: NULL or "-": standard input. Return: an fd owned by the caller; negative errno. */
static int open_input(const char *path, const char *hint, Error *error) {
        if (path && !str_equal(path, STANDARD_STREAM))
                return image_open_source(path, /* directory= */ false, error);
        if (isatty(STDIN_FILENO))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "standard input is a terminal; %s",
                                hint);
        int fd = neg_errno(dup(STDIN_FILENO));
        return fd < 0 ? error_set(error, fd, ERROR_STORAGE, "standard input") : fd;
}

static bool is_directory(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISDIR(st.st_mode);
}

int verb_load(Context *c, char *const *words, Error *error) {
        const char *input = c->options->image.input;
        _cleanup_strv_ char **ask = NULL;

        (void) words;
        _cleanup_close_ int fd =
                        open_input(input, "name an archive by --input, or pipe one in", error);
        if (fd < 0)
                return fd;
        int r = strv_append(&ask, "load");
        if (r >= 0 && input && !str_equal(input, STANDARD_STREAM))
                r = image_words_option(&ask, "--source-name", input);
        if (r >= 0)
                r = image_words_platform(&ask, &c->options->image, error);
        if (r >= 0)
                r = strv_append(&ask, is_directory(fd) ? "oci:" DATA_PATH : "archive:" DATA_PATH);
        if (r < 0)
                return r;
        ImageTransfer transfer = { .words = ask, .data_fd = fd, .done = "Loaded" };
        return image_transfer(c, &transfer, error);
}

int verb_import(Context *c, char *const *words, Error *error) {
        char *const arguments[] = { (char *) STANDARD_STREAM, words[1], NULL };
        const ImageOptions *o = &c->options->image;
        _cleanup_strv_ char **ask = NULL;

        _cleanup_close_ int fd = open_input(words[0], "name an archive, or pipe one in", error);
        if (fd < 0)
                return fd;
        int r = strv_append(&ask, "import");
        if (r >= 0 && !str_equal(words[0], STANDARD_STREAM))
                r = image_words_option(&ask, "--source-name", words[0]);
        if (r >= 0)
                r = image_words_options(&ask, "--change", o->changes);
        if (r >= 0)
                r = image_words_option(&ask, "--message", o->message);
        if (r >= 0)
                r = image_words_platform(&ask, o, error);
        if (r >= 0)
                r = image_words_arguments(&ask, arguments);
        if (r < 0)
                return r;
        ImageTransfer transfer = { .words = ask, .data_fd = fd, .done = "Imported" };
        return image_transfer(c, &transfer, error);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static int make_save_words(const ImageOptions *o, char *const *images, char ***ret) {
        int r = strv_append(ret, "save");

        if (r >= 0)
                r = image_words_option(ret, "--format", o->format);
        return r < 0 ? r : image_words_arguments(ret, images);
}

/* A word of the program on its way, such as a layer that it had to make again. */
static void tell_notice(const char *key, const char *value, void *userdata) {
        const Context *c = userdata;
        _cleanup_free_ char *safe = str_equal(key, "NOTICE") ? terminal_text(value) : NULL;

        if (safe && !c->options->quiet)
                fprintf(stderr, "supctl: %s\n", safe);
}

static int save_to(Context *c, char *const *ask, int fd, Error *error) {
        ImageRun run = { .words = ask, .data_fd = fd, .told = tell_notice, .userdata = c };

        return image_run(c, &run, error);
}

static int save_to_file(Context *c, char *const *ask, const char *path, Error *error) {
        _cleanup_(output_file_done) OutputFile file = { .fd = -EBADF };

        int r = output_file_open(path, &file, error);
        if (r >= 0)
                r = save_to(c, ask, file.fd, error);
        return r < 0 ? r : output_file_commit(&file, error);
}

int verb_save(Context *c, char *const *words, Error *error) {
        const char *output = c->options->image.output;
        _cleanup_strv_ char **ask = NULL;

        bool to_stdout = !output || str_equal(output, STANDARD_STREAM);
        if (to_stdout && isatty(STDOUT_FILENO))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "standard output is a terminal; name a file by --output, or pipe "
                                "it on");
        int r = make_save_words(&c->options->image, words, &ask);
        if (r >= 0)
                r = to_stdout ? save_to(c, ask, STDOUT_FILENO, error)
                              : save_to_file(c, ask, output, error);
        if (r == -EINTR)
                return EXIT_INTERRUPTED;
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
