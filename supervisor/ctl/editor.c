/* SPDX-License-Identifier: MIT */
#include "ctl/editor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/strv.h"
#include "base/text.h"

#define NO_EDITOR 127 /* exit status of the child: it could not be executed */

static const char *wanted_editor(void) {
        static const char *const names[] = {
                "SUPCTL_EDITOR", "SYSTEMD_EDITOR", "EDITOR", "VISUAL"
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = getenv(names[i]);
                if (!str_is_empty(value))
                        return value;
        }
        return NULL;
}

/* Words at blanks, then the file: "code --wait". */
static int split(const char *command, const char *path, char ***ret) {
        _cleanup_free_ char *copy = strdup(command);
        _cleanup_strv_ char **words = NULL;
        char *rest = copy;
        int r = copy ? 0 : -ENOMEM;

        for (char *word; r >= 0 && (word = strsep(&rest, " \t"));)
                r = *word ? strv_append(&words, word) : 0;
        if (r >= 0)
                r = strv_append(&words, path);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(words);
        return 0;
}

/* Ctrl-C is for the editor. Return: its exit status, negative errno. */
static int run(char *const *words) {
        struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
        int status = 0;

        (void) sigaction(SIGINT, &ignore, &before);
        pid_t pid = fork();
        if (pid == 0) {
                (void) sigaction(SIGINT, &before, NULL);
                execvp(words[0], words);
                _exit(NO_EDITOR);
        }
        int r = pid < 0 ? -errno : 0;
        while (r >= 0 && waitpid(pid, &status, 0) < 0)
                r = errno == EINTR ? 0 : -errno;
        (void) sigaction(SIGINT, &before, NULL);
        if (r < 0)
                return r;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int editor_run(const char *path, Error *error) {
        static const char *const usual[] = { "editor", "nano", "vim", "vi" };
        const char *wanted = wanted_editor();
        size_t n = wanted ? 1 : ELEMENTSOF(usual);

        for (size_t i = 0; i < n; i++) {
                _cleanup_strv_ char **words = NULL;
                const char *command = wanted ?: usual[i];

                int r = split(command, path, &words);
                if (r >= 0)
                        r = run(words);
                if (r <= 0)
                        return r < 0 ? error_set(error, r, ERROR_FAILED, "cannot run '%s'", command)
                                     : 0;
                if (r != NO_EDITOR)
                        return error_set_plain(error,
                                        -ECANCELED,
                                        ERROR_FAILED,
                                        "'%s' failed; nothing was changed",
                                        command);
        }
        return error_set_plain(error,
                        -ENOENT,
                        ERROR_FAILED,
                        "no editor is to be found%s%s; set SUPCTL_EDITOR or EDITOR",
                        wanted ? ": " : "",
                        wanted ?: "");
}
