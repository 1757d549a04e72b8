/* SPDX-License-Identifier: MIT */
#include "kinds/container-environment.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

static bool has_name(const char *assignment, const char *const *names) {
        size_t size = strcspn(assignment, "=");

        for (; *names; names++) {
                if (strlen(*names) == size && strncmp(assignment, *names, size) == 0)
                        return true;
        }
        return false;
}

static bool is_of_supd_alone(const char *assignment) {
        static const char *const names[] = {
                "NOTIFY_SOCKET",
                "LISTEN_FDS",
                "LISTEN_PID",
                "LISTEN_PIDFDID",
                "LISTEN_FDNAMES",
                "WATCHDOG_USEC",
                "WATCHDOG_PID",
                "CREDENTIALS_DIRECTORY",
                "JOURNAL_STREAM",
                "INVOCATION_ID",
                "MAINPID",
                NULL,
        };

        return has_name(assignment, names);
}

static bool is_proxy(const char *assignment) {
        static const char *const names[] = {
                "http_proxy",
                "https_proxy",
                "ftp_proxy",
                "no_proxy",
                "HTTP_PROXY",
                "HTTPS_PROXY",
                "FTP_PROXY",
                "NO_PROXY",
                NULL,
        };

        return has_name(assignment, names);
}

static int set_default(char ***environment, const char *name, const char *value) {
        if (strv_env_get(*environment, name))
                return 0;
        return strv_append_printf(environment, "%s=%s", name, value);
}

int container_environment_inherit(
                const ProcessSpec *process, char *const *own, char ***environment) {
        int r = 0;

        STRV_FOREACH (assignment, own) {
                bool wanted = (process->host_environment && !is_of_supd_alone(*assignment)) ||
                              (process->http_proxy && is_proxy(*assignment));

                if (wanted && r >= 0)
                        r = strv_env_set(environment, *assignment);
        }
        if (r >= 0)
                r = set_default(environment,
                                "PATH",
                                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        return r < 0 ? r : set_default(environment, "TERM", "xterm");
}
