/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Questions to the person at the terminal that supctl was called from, wherever its output goes.
 */

#include <stdbool.h>

#include "base/error.h"

/** prompt_is_possible() - there is somebody to ask */
bool prompt_is_possible(void);

/**
 * prompt_yes() - ask @question and wait for an answer; anything but "y" and "yes" is no
 *
 * Return: 1 for yes; 0 for no; -EINTR; another negative errno with a message.
 */
int prompt_yes(const char *question, Error *error);

/**
 * prompt_secret() - ask for what is not shown while it is typed
 * @ret: owned by the caller, who wipes it
 *
 * Return: 0; -EINTR; another negative errno with a message.
 */
int prompt_secret(const char *question, char **ret, Error *error);
