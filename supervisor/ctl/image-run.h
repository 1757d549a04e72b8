/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Asking supd to have supd-image do something, and the words to ask with.
 */

#include "client/image.h"
#include "ctl/image-records.h"
#include "ctl/verbs.h"

/** image_words_option() - append "NAME=VALUE" if there is a value. @name: "--arch". Return: 0, -ENOMEM */
int image_words_option(char ***words, const char *name, const char *value);
/** image_words_options() - the same for each of @values */
int image_words_options(char ***words, const char *name, char *const *values);
/** image_words_switch() - append @name if @given */
int image_words_switch(char ***words, const char *name, bool given);
/** image_words_arguments() - append "--" and the arguments; the last step */
int image_words_arguments(char ***words, char *const *arguments);
/** image_words_platform() - --os=, --arch=, --variant= as the options say; -EINVAL */
int image_words_platform(char ***words, const ImageOptions *o, Error *error);

typedef struct ImageRun {
        char *const *words; /* borrowed */
        int data_fd;        /* borrowed; -EBADF: none */
        RecordTold told;    /* each record but what says why it failed; NULL: dropped */
        void *userdata;
} ImageRun;

/**
 * image_run() - do it and wait. Ctrl-C ends the waiting, and with supctl the work.
 *
 * Return: 0; -EINTR without a message; another negative errno with the reason.
 */
int image_run(Context *c, const ImageRun *run, Error *error);

/** image_fetch() - ask for what is answered at once. @ret: to be image_records_done() in any case */
int image_fetch(Context *c, char *const *words, ImageRecords *ret, Error *error);
