/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the image service share. */

#include "base/list.h"
#include "kinds/image-service.h"

struct ImageService {
        ImageServiceSpec spec;
        ImageStore *store;            /* owned */
        Subprocess *trash;            /* owned; removes what containers left; NULL: none does */
        sd_event_source *trash_timer; /* owned; waits for more */
        List pulls;                   /* of ImagePull, owned */
};

void image_pulls_free(ImageService *s);
