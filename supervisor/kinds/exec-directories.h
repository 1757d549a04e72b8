/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * RuntimeDirectory= and its like, LoadCredential= and SetCredential=: what a unit has on the host's file systems
 * while it runs, or for longer. Made before whatever of the unit runs first, again by each that follows, to
 * whom it makes no difference.
 *
 * What is in a directory keeps its owner. A link on the way is followed only where nobody but root can have made
 * it.
 */

#include "base/error.h"
#include "unitfile/service-spec.h"

#define CREDENTIALS_DIR "/run/credentials"
#define CREDENTIAL_SIZE_MAX (1024U * 1024U) /* of all of a unit's */

/**
 * exec_directories_make() - directories and credentials of unit @id, for its User= and Group=
 *
 * Return: 0; -ENOENT for a credential that there is not; -E2BIG.
 */
int exec_directories_make(const char *id, const HostExecSpec *exec, Error *error);
/** exec_directories_add_variables() - $RUNTIME_DIRECTORY and so on, to a strv. Return: 0 or -ENOMEM. */
int exec_directories_add_variables(const char *id, const HostExecSpec *exec, char ***variables);
/**
 * exec_directories_discard() - what goes with the end of the unit: credentials, and RuntimeDirectory= as its
 * RuntimeDirectoryPreserve= says. What can't be removed is left, with a warning.
 * @restarts: it is to start again
 */
void exec_directories_discard(const char *id, const HostExecSpec *exec, bool restarts);
