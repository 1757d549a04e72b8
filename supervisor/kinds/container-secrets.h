/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Secret= of a container, from the store to what runtime/ takes: files are handed on as descriptors, so
 * that supd never has their bytes; variables pass through it and are wiped.
 */

#include "base/error.h"
#include "runtime/container.h"
#include "runtime/secret-store.h"
#include "unitfile/container-spec.h"

typedef struct ContainerSecrets {
        Secret *opened; /* owned */
        size_t n_opened;
        RuntimeSecret *files; /* owned; borrow from the above */
        size_t n_files;
        bool in_environment; /* there are some: it is to be wiped */
} ContainerSecrets;

/**
 * container_secrets_open() - find all of them
 * @may_lack:    one that is missing is left out: of a command in a container that was made with it
 * @environment: those that are variables are set in it
 * @ret:         zeroed by the caller, who calls container_secrets_done() in any case
 *
 * Return: 0; -ENOENT with an error that names a missing one; another negative errno.
 */
int container_secrets_open(const char *state_dir,
                const SecretSpecs *specs,
                bool may_lack,
                char ***environment,
                ContainerSecrets *ret,
                Error *error);
/** container_secrets_done() - and wipe @environment if there are secrets in it; it stays the caller's */
void container_secrets_done(ContainerSecrets *s, char **environment);
