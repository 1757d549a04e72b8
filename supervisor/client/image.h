/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Work on images: the supervisor has the program supd-image do it, whose records come through a pipe while
 * it works. What the verbs are and which options they take stands in control/control.h and supd-image(8).
 *
 * Closing the connection ends what is under way.
 */

#include "base/record-stream.h"
#include "client/client.h"

typedef struct ImageRequest {
        char *const *words;   /* borrowed; verb, options, arguments */
        int data_fd;          /* borrowed; what the verb reads or writes; -EBADF: nothing */
        int interrupt_fd;     /* readable when waiting is to be given up; -EBADF: none */
        RecordTold on_record; /* all but what says why it failed; called within client_run_image() */
        void *userdata;
} ImageRequest;

/**
 * client_run_image() - ask, tell the records as they come, wait for the end, however long it takes
 *
 * Return: 0; -EINTR, the program works on until the connection is closed; another negative errno, with
 * the reason that the program or the supervisor gave.
 */
int client_run_image(Client *c, const ImageRequest *request, Error *error);
