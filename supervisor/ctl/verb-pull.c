/* SPDX-License-Identifier: MIT */
#include "base/reference.h"
#include "base/strv.h"
#include "ctl/image-transfer.h"
#include "ctl/interrupt.h"
#include "ctl/registry-login.h"
#include "supd/exit-status.h"

#define POLICY_DEFAULT "always" /* whoever pulls by hand wants to know what is new */

static int make_words(Context *c,
                const char *reference,
                const RegistryLogin *login,
                char ***ret,
                Error *error) {
        const ImageOptions *o = &c->options->image;
        char *const arguments[] = { (char *) reference, NULL };

        int r = strv_append(ret, "pull");
        if (r >= 0)
                r = image_words_option(ret, "--policy", o->policy ?: POLICY_DEFAULT);
        if (r >= 0)
                r = registry_login_words(login, o, ret, error);
        if (r >= 0)
                r = image_words_platform(ret, o, error);
        return r < 0 ? r : image_words_arguments(ret, arguments);
}

static int pull_one(Context *c, const char *reference, const RegistryLogin *login, Error *error) {
        _cleanup_(image_source_done) ImageSource source = {};
        _cleanup_strv_ char **words = NULL;

        int r = image_source_parse(reference, &source, error);
        if (r < 0)
                return r;
        if (source.transport != TRANSPORT_REGISTRY)
                return image_transfer_source(c, reference, error);
        r = make_words(c, reference, login, &words, error);
        if (r < 0)
                return r;
        ImageTransfer transfer = {
                .words = words,
                .data_fd = login->fd,
                .done = "Pulled",
                .resume = "what was downloaded stays, the next pull goes on from there",
        };
        return image_transfer(c, &transfer, error);
}

static void tell_failure(const char *reference, const Error *error, int number) {
        _cleanup_free_ char *safe_reference = terminal_text(reference),
                            *safe = terminal_text(error_text(error, number));

        fprintf(stderr,
                        "supctl: cannot pull '%s': %s\n",
                        safe_reference ?: "?",
                        safe ?: "out of memory");
}

/* One that fails keeps none of the others away. */
int verb_pull(Context *c, char *const *words, Error *error) {
        _cleanup_(registry_login_done) RegistryLogin login = REGISTRY_LOGIN_NONE;
        int code = SUPCTL_EXIT_SUCCESS;

        int r = registry_login_open(&c->options->image, &login, error);
        if (r == -EINTR)
                return EXIT_INTERRUPTED;
        if (r < 0)
                return r;
        STRV_FOREACH (reference, words) {
                _cleanup_(error_done) Error reason = {};

                r = pull_one(c, *reference, &login, &reason);
                if (r == EXIT_INTERRUPTED)
                        return r;
                if (r >= 0)
                        continue;
                if (reason.code == ERROR_DISCONNECTED || !words[1]) {
                        error_move(error, &reason);
                        return r;
                }
                tell_failure(*reference, &reason, r);
                code = SUPCTL_EXIT_FAILURE;
        }
        return code;
}
