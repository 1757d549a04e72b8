/* SPDX-License-Identifier: MIT */
#include "image/registry/credential.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "image/registry/challenge.h"
#include "image/oci/json.h"

#define SECRET_SIZE_MAX (16U * 1024)
#define AUTH_FILES_MAX 8U

void credential_done(Credential *c) {
        c->user = secret_free(c->user);
        c->password = secret_free(c->password);
        c->identity_token = secret_free(c->identity_token);
}

static bool has_controls(const char *s) {
        for (; *s; s++)
                if ((unsigned char) *s < ' ' || *s == 0x7f)
                        return true;
        return false;
}

int credential_parse(const char *text, Credential *ret, Error *error) {
        _cleanup_(secret_freep) char *line = strndup(text, strcspn(text, "\r\n"));
        if (!line)
                return -ENOMEM;

        char *colon = strchr(line, ':');
        if (colon)
                *colon = '\0';
        if (*line == '\0' || has_controls(line) || (colon && has_controls(colon + 1)))
                return error_set_plain(
                                error, -EINVAL, ERROR_INVALID_ARGUMENT, "USER:PASSWORD is wanted");
        _cleanup_(credential_done) Credential c = { .user = strdup(line),
                .password = strdup(colon ? colon + 1 : "") };
        if (!c.user || !c.password)
                return -ENOMEM;
        /* strlen() of what is wiped ends at the colon otherwise. */
        if (colon)
                explicit_bzero(colon + 1, strlen(colon + 1));
        *ret = c;
        c = (Credential) {};
        return 0;
}

char *credential_basic(const Credential *c) {
        _cleanup_(secret_freep) char *pair = str_printf("%s:%s", c->user, c->password ?: "");
        size_t size = pair ? strlen(pair) : 0;
        /* Four characters for three bytes, and a NUL. */
        _cleanup_(secret_freep) char *encoded = pair ? calloc(1, (size / 3 + 1) * 4 + 1) : NULL;

        if (!encoded)
                return NULL;
        (void) EVP_EncodeBlock((unsigned char *) encoded, (unsigned char *) pair, (int) size);
        return str_printf("Basic %s", encoded);
}

/* ---- one file --------------------------------------------------------------------------------- */
/* "user:password" in base64. Return: 1; 0 if it is no such thing. */
static int decode_auth(const char *encoded, Credential *ret) {
        size_t size = encoded ? strlen(encoded) : 0;

        if (size == 0 || size % 4 != 0 || size > SECRET_SIZE_MAX)
                return 0;
        _cleanup_(secret_freep) char *text = calloc(1, size / 4 * 3 + 1);
        if (!text)
                return -ENOMEM;
        /* Padding comes out as NUL, which ends the string where it should. */
        if (EVP_DecodeBlock((unsigned char *) text, (const unsigned char *) encoded, (int) size) <
                        0)
                return 0;
        int r = credential_parse(text, ret, NULL);
        return r == -EINVAL ? 0 : r < 0 ? r : 1;
}

static bool is_docker_hub(const char *host) {
        return str_equal(host, "index.docker.io") || str_equal(host, "registry-1.docker.io");
}

/* Docker writes URLs, podman what stands before a name; owned. */
static char *key_normalise(const char *key) {
        const char *p = strstr(key, "://");
        _cleanup_free_ char *copy = strdup(p ? p + strlen("://") : key);
        static const char *const endings[] = { "/", "/v1", "/v2" };

        for (size_t i = 0; copy && i < ELEMENTSOF(endings); i++)
                if (str_has_suffix(copy, endings[i]))
                        copy[strlen(copy) - strlen(endings[i])] = '\0';
        if (copy && is_docker_hub(copy))
                (void) str_replace(&copy, "docker.io"); /* else it fits nothing */
        return TAKE_PTR(copy);
}

/* How much of @name the key stands for; 0: it is another's. */
static size_t key_fits(const char *key, const char *name) {
        _cleanup_free_ char *prefix = key_normalise(key);
        size_t n = prefix ? strlen(prefix) : 0;

        if (n == 0 || strncmp(prefix, name, n) != 0 || (name[n] != '\0' && name[n] != '/'))
                return 0;
        return n;
}

static int entry_read(const json_t *entry, Credential *ret) {
        int r;

        r = decode_auth(json_text(entry, "auth"), ret);
        if (r < 0)
                return r;
        const char *token = json_text(entry, "identitytoken");
        if (str_is_empty(token) || has_controls(token))
                return r;
        r = str_replace(&ret->identity_token, token);
        return r < 0 ? r : 1;
}

static const char *helper_of(const json_t *j, const char *name) {
        const char *found = NULL, *key;
        size_t best = 0;
        json_t *value;

        json_object_foreach((json_t *) json_object_get(j, "credHelpers"), key, value) {
                size_t fits = key_fits(key, name);
                if (fits > best && json_is_string(value)) {
                        best = fits;
                        found = json_string_value(value);
                }
        }
        return found ?: json_text(j, "credsStore");
}

int credential_find(const char *text,
                const char *what,
                const char *name,
                Credential *ret,
                char **ret_helper,
                Error *error) {
        _cleanup_(credential_done) Credential best = {};
        _cleanup_json_ json_t *j = NULL;
        size_t best_fits = 0;
        const char *key;
        json_t *entry;

        /* Without the parser's message, which quotes what it stumbled over. */
        if (json_parse(text, strlen(text), what, &j, NULL) < 0)
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_BAD_SETTING,
                                "'%s' is no valid JSON object",
                                what);
        json_object_foreach((json_t *) json_object_get(j, "auths"), key, entry) {
                _cleanup_(credential_done) Credential c = {};
                size_t fits = key_fits(key, name);
                int r = fits > best_fits ? entry_read(entry, &c) : 0;
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                credential_done(&best);
                best = c;
                c = (Credential) {};
                best_fits = fits;
        }
        if (best_fits > 0) {
                *ret = best;
                best = (Credential) {};
                return 1;
        }
        return str_replace(ret_helper, helper_of(j, name));
}

/* ---- all of them ------------------------------------------------------------------------------ */
static int read_secret(const char *path, char **ret) {
        return file_read(AT_FDCWD, path, AUTH_FILE_SIZE_MAX, ret, NULL);
}

/* Takes over @path, which may be NULL. */
static int add_file(Credentials *c, char *path, bool must_exist, Error *error) {
        _cleanup_free_ char *own_path = path;
        char *text = NULL;
        int r;

        if (!own_path)
                return -ENOMEM;
        assert(c->n_files < AUTH_FILES_MAX);
        r = read_secret(own_path, &text);
        if (r == -ENOENT && !must_exist)
                return 0;
        if (r < 0)
                return r == -ENOMEM ? r : error_set(error, r, ERROR_BAD_SETTING, "'%s'", own_path);
        c->files[c->n_files++] = (AuthFile) { .path = TAKE_PTR(own_path), .text = text };
        return 0;
}

/* systemd sets no HOME for services of root's. */
static const char *directory_of(const char *variable) {
        const char *dir = getenv(variable);

        return str_is_empty(dir) && str_equal(variable, "HOME") && geteuid() == 0 ? "/root" : dir;
}

/* Where podman and docker keep theirs, as far as the environment tells. */
static int add_usual_files(Credentials *c, Error *error) {
        static const struct {
                const char *variable, *below;
        } places[] = {
                { "XDG_RUNTIME_DIR", "containers/auth.json" },
                { NULL, "/run/containers/0/auth.json" },
                { "HOME", ".config/containers/auth.json" },
                { "DOCKER_CONFIG", "config.json" },
                { "HOME", ".docker/config.json" },
        };
        int r = 0;

        static_assert(ELEMENTSOF(places) <= AUTH_FILES_MAX, "all of them fit");
        for (size_t i = 0; i < ELEMENTSOF(places) && r >= 0; i++) {
                const char *dir = places[i].variable ? directory_of(places[i].variable) : "";
                if (dir && (*dir != '\0' || !places[i].variable))
                        r = add_file(c,
                                        str_printf("%s%s%s", dir, *dir ? "/" : "", places[i].below),
                                        /* must_exist= */ false,
                                        error);
        }
        return r;
}

int credentials_load(
                const char *auth_file, const char *creds_file, Credentials *ret, Error *error) {
        _cleanup_(credentials_done)
                        Credentials c = { .files = calloc(AUTH_FILES_MAX, sizeof(*c.files)) };
        _cleanup_(secret_freep) char *text = NULL;
        int r;

        if (!c.files)
                return -ENOMEM;
        if (!auth_file)
                auth_file = getenv("REGISTRY_AUTH_FILE");
        r = str_is_empty(auth_file)
                            ? add_usual_files(&c, error)
                            : add_file(&c, strdup(auth_file), /* must_exist= */ true, error);
        if (r >= 0 && creds_file) {
                r = read_secret(creds_file, &text);
                if (r < 0)
                        return error_set(error, r, ERROR_INVALID_ARGUMENT, "'%s'", creds_file);
                r = credential_parse(text, &c.given, error);
                if (r < 0 && r != -ENOMEM)
                        return error_prefix(error, r, "'%s'", creds_file);
        }
        if (r < 0)
                return r;

        *ret = c;
        c = (Credentials) {};
        return 0;
}

void credentials_done(Credentials *c) {
        for (size_t i = 0; i < c->n_files; i++) {
                free(c->files[i].path);
                c->files[i].text = secret_free(c->files[i].text);
        }
        free(c->files);
        credential_done(&c->given);
        *c = (Credentials) {};
}

int credentials_find(const Credentials *c,
                const char *name,
                Credential *ret,
                char **ret_helper,
                Error *error) {
        for (size_t i = 0; i < c->n_files; i++) {
                int r = credential_find(
                                c->files[i].text, c->files[i].path, name, ret, ret_helper, error);
                if (r != 0)
                        return r;
        }
        return 0;
}
