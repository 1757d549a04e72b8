/* SPDX-License-Identifier: MIT */
#pragma once

/* Blobs that were found damaged, and are gone, from the registries that their images are named after. */

#include "image/operation.h"

/**
 * repair_blob() - Return: 0; negative errno with an error: there is no named image that has it, or its
 * registry does not.
 */
int repair_blob(Operation *o, const Digest *digest, Error *error);
