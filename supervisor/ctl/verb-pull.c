/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/image-transfer.h"
#include "ctl/interrupt.h"
#include "ctl/prompt.h"
#include "supd/exit-status.h"

#define DATA_PATH "/dev/stdin"
#define POLICY_DEFAULT "always" /* whoever pulls by hand wants to know what is new */
#define AUTH_FILE_VARIABLE "REGISTRY_AUTH_FILE"

/* How to log in: at most one of the options, and what it is given. */
typedef struct PullLogin {
        const char *option; /* NULL: as supd is configured */
        int fd;             /* owned */
} PullLogin;

static void pull_login_done(PullLogin *l) {
        (void) close_fd(l->fd);
}

static char *wipe(char *secret) {
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
        return NULL;
}
DEFINE_CLEANUP(char *, wipe);
#define _cleanup_wipe_ _cleanup_(wipep)

/* Not on a command line, where all can read it: in memory that only the descriptor names. */
static int hide_secret(const char *text, Error *error) {
        _cleanup_close_ int fd = neg_errno(memfd_create("credentials", MFD_CLOEXEC));

        int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
        if (r >= 0)
                r = neg_errno((int) lseek(fd, 0, SEEK_SET));
        return r < 0 ? error_set(error, r, ERROR_FAILED, "cannot pass the credentials on")
                     : TAKE_FD(fd);
}

static int ask_password(const char *user, char **ret, Error *error) {
        _cleanup_free_ char *question = NULL, *safe = terminal_text(user);

        if (!prompt_is_possible())
                return error_set_plain(error,
                                -ENOTTY,
                                ERROR_INVALID_ARGUMENT,
                                "--creds: there is no terminal to ask for the password at; use "
                                "--auth-file, or USER:PASSWORD");
        question = safe ? str_printf("Password of %s: ", safe) : NULL;
        return question ? prompt_secret(question, ret, error) : -ENOMEM;
}

static int login_with_password(const char *creds, Error *error) {
        _cleanup_wipe_ char *password = NULL, *both = NULL;

        if (strchr(creds, ':'))
                return hide_secret(creds, error);
        int r = ask_password(creds, &password, error);
        if (r < 0)
                return r;
        both = str_printf("%s:%s", creds, password);
        return both ? hide_secret(both, error) : -ENOMEM;
}

static int pull_login_open(const ImageOptions *o, PullLogin *ret, Error *error) {
        const char *from_environment = getenv(AUTH_FILE_VARIABLE);
        const char *auth_file = o->auth_file                     ? o->auth_file
                                : str_is_empty(from_environment) ? NULL
                                                                 : from_environment;
        PullLogin login = { .fd = -EBADF };

        if (o->creds && o->auth_file)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "--creds and --auth-file exclude each other");
        if (o->creds) {
                login.option = "--creds-file";
                login.fd = login_with_password(o->creds, error);
        } else if (auth_file) {
                login.option = "--auth-file";
                login.fd = image_open_source(auth_file, /* directory= */ false, error);
        }
        if (login.option && login.fd < 0)
                return login.fd;
        *ret = login;
        return 0;
}

static int
make_words(Context *c, const char *reference, const PullLogin *login, char ***ret, Error *error) {
        const ImageOptions *o = &c->options->image;
        _cleanup_free_ char *cert_dir = o->cert_dir ? realpath(o->cert_dir, NULL) : NULL;
        char *const arguments[] = { (char *) reference, NULL };
        const struct {
                const char *name, *value;
        } options[] = {
                { "--policy", o->policy ?: POLICY_DEFAULT },
                { login->option, login->option ? DATA_PATH : NULL },
                { "--cert-dir", cert_dir },
                { "--tls-verify", o->tls_verify },
                { "--retry", o->retry },
                { "--retry-delay", o->retry_delay },
        };

        if (o->cert_dir && !cert_dir)
                return error_set(error, -errno, ERROR_STORAGE, "--cert-dir: '%s'", o->cert_dir);
        int r = strv_append(ret, "pull");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(options); i++)
                r = image_words_option(ret, options[i].name, options[i].value);
        if (r >= 0)
                r = image_words_platform(ret, o, error);
        return r < 0 ? r : image_words_arguments(ret, arguments);
}

static int pull_one(Context *c, const char *reference, const PullLogin *login, Error *error) {
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
        _cleanup_(pull_login_done) PullLogin login = { .fd = -EBADF };
        int code = SUPCTL_EXIT_SUCCESS;

        int r = pull_login_open(&c->options->image, &login, error);
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
