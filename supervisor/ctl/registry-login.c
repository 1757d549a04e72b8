/* SPDX-License-Identifier: MIT */
#include "ctl/registry-login.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "ctl/image-transfer.h"
#include "ctl/prompt.h"

#define DATA_PATH "/dev/stdin" /* where supd-image finds what we have opened */
#define AUTH_FILE_VARIABLE "REGISTRY_AUTH_FILE"

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

int registry_login_open(const ImageOptions *o, RegistryLogin *ret, Error *error) {
        const char *from_environment = getenv(AUTH_FILE_VARIABLE);
        const char *auth_file = o->auth_file                     ? o->auth_file
                                : str_is_empty(from_environment) ? NULL
                                                                 : from_environment;
        RegistryLogin login = REGISTRY_LOGIN_NONE;

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

void registry_login_done(RegistryLogin *l) {
        l->fd = close_fd(l->fd);
}

int registry_login_words(
                const RegistryLogin *l, const ImageOptions *o, char ***words, Error *error) {
        /* supd has another working directory. */
        _cleanup_free_ char *cert_dir = o->cert_dir ? realpath(o->cert_dir, NULL) : NULL;
        const struct {
                const char *name, *value;
        } options[] = {
                { l->option, l->option ? DATA_PATH : NULL },
                { "--cert-dir", cert_dir },
                { "--tls-verify", o->tls_verify },
                { "--retry", o->retry },
                { "--retry-delay", o->retry_delay },
        };
        int r = 0;

        if (o->cert_dir && !cert_dir)
                return error_set(error, -errno, ERROR_STORAGE, "--cert-dir: '%s'", o->cert_dir);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(options); i++)
                r = image_words_option(words, options[i].name, options[i].value);
        return r;
}
