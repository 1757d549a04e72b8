/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A layer's blob on its way into the store: copied and hashed in one go, while what is there of it is
 * unpacked already. Where the file is our own it is not copied, only hashed.
 */

#include "image/layer.h"
#include "image/load-source.h"

/**
 * load_blob() - the whole file as a blob; the caller has claimed @expected
 * @set:      to unpack it meanwhile, as layer @index, if that is due; NULL: nobody does
 * @expected: -EBADMSG if it has another digest or size; NULL: whatever it has, which is claimed
 */
int load_blob(Store *s,
                const SourceFile *file,
                const BlobInfo *expected,
                LayerSet *set,
                size_t index,
                BlobInfo *ret,
                Error *error);
