/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Secrets as files of the container: copied into a tmpfs of its own mount namespace, never onto a disk, and
 * mounted read-only. Those below /run/secrets are one mount; each other one is a mount of its file.
 */

#include "runtime/plan.h"

#define SECRETS_DIR "/run/secrets"

/** secrets_plan() - check and copy what the child needs to know; the descriptors stay borrowed */
int secrets_plan(Plan *p, const RuntimeSecret *secrets, size_t n, Error *error);

/** secrets_mount() - the child's step */
int secrets_mount(Plan *p);
