/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From words of the command line to units. A plain word goes to supd as it is, which knows what files
 * mean; a shell glob stands for the loaded units it matches.
 */

#include "ctl/verbs.h"

/** unit_word_is_glob() - holds *, ? or [ */
bool unit_word_is_glob(const char *word);

/**
 * unit_words_expand() - names for all words, in order, globs replaced; connects only if there is a glob
 * @ret: owned by the caller (strv)
 *
 * Return: 0; -ENOENT as ERROR_NO_SUCH_UNIT if a glob matches nothing; another negative errno.
 */
int unit_words_expand(Context *c, char *const *words, char ***ret, Error *error);

/** unit_patterns() - @words as patterns for client_list_units(): "web" stands for "web.service", "web*"
 * for all that begins so; owned by the caller (strv) */
int unit_patterns(char *const *words, char ***ret);
