/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd-image can be asked for, one function each. They run confined, answer with KEY=value records
 * on standard output, and leave their error to main().
 */

#include "image/layer/layer.h"
#include "base/reference.h"
#include "image/remote.h"
#include "image/save.h"
#include "image/settings.h"
#include "image/driver/storage.h"
#include "image/store/store.h"

typedef struct Options {
        const char *state_dir;    /* borrowed from argv, as all of these */
        char **additional_stores; /* owned; borrowed strings would do, but strv owns */
        char **keep;              /* owned */
        char **filters;           /* owned */
        char **changes;           /* owned */
        char **arguments;         /* borrowed; NULL-terminated */
        const char *name;
        const char *source_name; /* what messages call the source, and the image if it has no name */
        const char *os, *architecture, *variant;
        const char *jobs, *size_max, *entries_max;
        const char *driver, *id, *size_max_root;
        const char *settings, *die_with;
        const char *policy, *blob, *parallel;
        const char *retry, *retry_delay, *stall_timeout;
        const char *auth_file, *creds_file, *cert_dir, *tls_verify;
        const char *output, *format, *records_fd, *message;
        bool all, repair, force, dry_run;
} Options;

typedef struct Operation {
        const Options *options; /* borrowed */
        Store *store;           /* borrowed */
        Storage *storage;       /* borrowed; NULL for what only reads */
        Settings settings;
        ImageSource source; /* of load and pull */
        int source_fd;      /* owned; -EBADF: none */
        int containers_fd;  /* owned; of df: what containers have written; -EBADF: nothing */
        int output_fd;      /* owned; of save; -EBADF: none */
        SaveFormat save_format;
        LayerSettings layers;
        Platform platform;
        int fetch_fd; /* borrowed; requests to the network, see image/registry/fetch.h; -EBADF: none */
        RetryPolicy retry; /* of those */
        unsigned parallel; /* downloads at a time */
} Operation;

/* Each: 0, or a negative errno with an error that is complete. */
int operation_load(Operation *o, Error *error);
int operation_pull(Operation *o, Error *error);
int operation_list(Operation *o, Error *error);
int operation_inspect(Operation *o, Error *error);
int operation_remove(Operation *o, Error *error);
int operation_prune(Operation *o, Error *error);
int operation_disk_usage(Operation *o, Error *error);
int operation_check(Operation *o, Error *error);
int operation_root_make(Operation *o, Error *error);
int operation_root_remove(Operation *o, Error *error);
int operation_trash(Operation *o, Error *error);
int operation_tag(Operation *o, Error *error);
int operation_history(Operation *o, Error *error);
int operation_save(Operation *o, Error *error);
int operation_import(Operation *o, Error *error);

/** operation_new_name() - a name that an image can be given, normalised; owned */
int operation_new_name(const char *text, char **ret, Error *error);
