/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What `verify` can only say of a unit among all others: dependencies that name nobody, ordering cycles, what it
 * waits for. The others are those of supd's search directories and of the directories of the files given.
 */

#include "unitfile/unit-spec.h"

typedef struct VerifySet VerifySet;

/** verify_set_new() - read all units. @paths: the files to be verified. Return: 0; -ENOMEM. */
int verify_set_new(char *const *paths, VerifySet **ret);
VerifySet *verify_set_free(VerifySet *v);
DEFINE_CLEANUP(VerifySet *, verify_set_free);

/** verify_set_units() - all that were read */
const UnitSet *verify_set_units(const VerifySet *v);

/** verify_set_check() - add to @spec's diagnostics what is wrong between it and others. Return: 0; -ENOMEM. */
int verify_set_check(VerifySet *v, UnitSpec *spec, const char *path);

/**
 * verify_set_waits() - what a start of @spec waits for
 * @ret: "db.service: After=, Requires= (web.container:3)" each; owned by the caller (strv); NULL: nothing
 */
int verify_set_waits(VerifySet *v, const UnitSpec *spec, char ***ret);
