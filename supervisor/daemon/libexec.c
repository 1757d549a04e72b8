/* SPDX-License-Identifier: MIT */
#include "daemon/libexec.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Directory of the running program; owned by the caller, or NULL. */
static char *own_directory(void) {
        char path[PATH_MAX];

        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        if (n < 0)
                return NULL;
        path[n] = '\0';
        char *slash = strrchr(path, '/');
        if (!slash)
                return NULL;
        *slash = '\0';
        return strdup(path);
}

int libexec_find(const char *program, char **ret, Error *error) {
        _cleanup_free_ char *own = own_directory();
        const char *override = getenv("SUPD_LIBEXEC_DIR");
        char *candidates[] = {
                override ? str_printf("%s/%s", override, program) : NULL,
                own ? str_printf("%s/%s", own, program) : NULL,
                own ? str_printf("%s/../lib/supd/%s", own, program) : NULL,
        };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(candidates); i++) {
                if (r < 0 && candidates[i] && access(candidates[i], X_OK) >= 0) {
                        *ret = TAKE_PTR(candidates[i]);
                        r = 0;
                }
                free(candidates[i]);
        }
        if (r < 0)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "cannot find %s: neither beside supd, nor in ../lib/supd, nor in "
                                "$SUPD_LIBEXEC_DIR; is the installation complete?",
                                program);
        return 0;
}
