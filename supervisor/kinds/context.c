/* SPDX-License-Identifier: MIT */
#include "kinds/context.h"

#include "base/text.h"

static const char *const driver_names[] = {
        [STORAGE_OVERLAY] = "overlay",
        [STORAGE_BTRFS] = "btrfs",
        [STORAGE_VFS] = "vfs",
};
static_assert(ELEMENTSOF(driver_names) == _STORAGE_DRIVER_MAX, "every driver has a name");

const char *storage_driver_to_string(StorageDriver d) {
        return d >= 0 && d < _STORAGE_DRIVER_MAX ? driver_names[d] : NULL;
}

StorageDriver storage_driver_from_string(const char *s) {
        for (StorageDriver d = 0; d < _STORAGE_DRIVER_MAX; d++) {
                if (str_equal(driver_names[d], s))
                        return d;
        }
        return _STORAGE_DRIVER_INVALID;
}
