/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a process gives up before it reads bytes from outside: every capability but those for making
 * files of any owner and kind, new privileges, writing (and with Landlock also reading) anywhere but
 * where it is told, and the system calls that reading and unpacking do without.
 *
 * The filter is a plain allow-list in classic BPF, compiled by hand: this program must not link
 * libseccomp, and a list of numbers needs no compiler. Where Landlock is missing (before Linux 5.19) the
 * rest holds; confine_has_landlock() tells.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct ConfineSpec {
        const int *write_fds; /* borrowed; directories below which anything may be written */
        size_t n_write_fds;
        const int *read_fds; /* borrowed; directories and files that may be read besides */
        size_t n_read_fds;
        bool may_fork;    /* starts confined processes of its own */
        bool may_clone;   /* shares blocks of files: of all ioctls, FICLONE */
        bool may_connect; /* asks the network; keeps no capability at all */
} ConfineSpec;

/**
 * confine_process() - cannot be undone; may be called again with less
 *
 * Return: 0; negative errno if the kernel refuses what it has.
 */
int confine_process(const ConfineSpec *spec, Error *error);

bool confine_has_landlock(void);

/** confine_descriptors() - close all descriptors above standard error but @keep */
int confine_descriptors(const int *keep, size_t n_keep);
