/* SPDX-License-Identifier: MIT */
#include "unitfile/slice.h"

#include <string.h>

#include "base/text.h"
#include "unitfile/text-builder.h"
#include "unitfile/unit-type.h"

#define SUFFIX ".slice"
#define NAME_SIZE_MAX 255U
#define DEPTH_MAX 16U

bool slice_name_is_valid(const char *name) {
        size_t size = strlen(name);
        unsigned depth = 1;

        if (str_equal(name, SLICE_ROOT))
                return true;
        if (size > NAME_SIZE_MAX || size <= strlen(SUFFIX) || !str_has_suffix(name, SUFFIX))
                return false;
        size -= strlen(SUFFIX);
        if (name[0] == '-' || name[size - 1] == '-' || name[0] == '.')
                return false;
        for (size_t i = 0; i < size; i++) {
                static const char others[] = ":-_.\\";

                if (name[i] == '-' && (name[i + 1] == '-' || ++depth > DEPTH_MAX))
                        return false;
                bool alphanumeric = (name[i] >= 'a' && name[i] <= 'z') ||
                                    (name[i] >= 'A' && name[i] <= 'Z') ||
                                    (name[i] >= '0' && name[i] <= '9');
                if (!alphanumeric && !strchr(others, name[i]))
                        return false;
        }
        return true;
}

char *slice_path(const char *name) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        size_t size = strlen(name) - strlen(SUFFIX);

        if (str_equal(name, SLICE_ROOT))
                return strdup("");
        for (size_t n = 1; n <= size; n++) {
                if (n < size && name[n] != '-')
                        continue;
                if ((b.size > 0 && text_builder_add_char(&b, '/') < 0) ||
                                text_builder_add(&b, name, n) < 0 ||
                                text_builder_add(&b, SUFFIX, strlen(SUFFIX)) < 0)
                        return NULL;
        }
        return text_builder_take(&b);
}
