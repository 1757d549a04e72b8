/* SPDX-License-Identifier: MIT */
#include "base/secret-name.h"

#include <string.h>

#include "base/text.h"

bool secret_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > SECRET_NAME_MAX || !utf8_is_valid(name, n))
                return false;
        for (; *name; name++) {
                if ((unsigned char) *name < ' ' || *name == 0x7f || strchr(",/=", *name))
                        return false;
        }
        return true;
}
