/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd was told on its command line and in supd.conf. The command line wins.
 */

#include <stdbool.h>

#include "base/diag.h"
#include "base/error.h"
#include "daemon/image-settings.h"

#define STARTS_MAX_AUTO UINT32_MAX /* as the machine keeps up */

typedef struct Options {
        char *runtime_dir;   /* owned */
        char *state_dir;     /* owned */
        char **unit_dirs;    /* owned; in order of precedence */
        char *config_file;   /* owned */
        bool systemd_socket; /* SystemdSocket=: serve /run/systemd/private as well */
        DiagLevel log_level;
        unsigned parallel_starts_max; /* MaxParallelStarts=; 0: any number; or STARTS_MAX_AUTO */
        ImageSettings image;
} Options;

/**
 * options_parse() - command line, configuration file and its drop-ins, environment, defaults
 *
 * Return: 1 to go on; 0 when --help or --version has been answered; negative errno with an Error.
 */
int options_parse(Options *o, int argc, char **argv, Error *error);
void options_done(Options *o);

/** diag_level_name() - "info"; borrowed, static */
const char *options_log_level_name(DiagLevel level);
