/* SPDX-License-Identifier: MIT */
#include "kinds/container-secrets.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"

static void add_file(ContainerSecrets *s, const SecretSpec *spec, const Secret *secret) {
        s->files[s->n_files++] = (RuntimeSecret) {
                .name = secret->name,
                .target = spec->target,
                .fd = secret->fd,
                .offset = secret->offset,
                .size = secret->size,
                .mode = spec->mode,
                .uid = spec->uid,
                .gid = spec->gid,
        };
}

static int set_variable(char ***environment, const SecretSpec *spec, const char *data) {
        size_t size = strlen(spec->target) + 1 + strlen(data) + 1;

        char *assignment = malloc(size);
        if (!assignment)
                return -ENOMEM;
        (void) stpcpy(stpcpy(stpcpy(assignment, spec->target), "="), data);
        int r = strv_env_set(environment, assignment);
        secret_wipe(assignment, size);
        return r;
}

static int add_variable(
                char ***environment, const SecretSpec *spec, const Secret *secret, Error *error) {
        char *data = NULL;

        int r = secret_read(secret, &data, error);
        if (r < 0)
                return r;
        if (strlen(data) != secret->size)
                r = error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "secret '%s' has a zero byte in it and can't be a variable",
                                spec->name);
        else
                r = set_variable(environment, spec, data);
        secret_wipe(data, secret->size);
        return r;
}

int container_secrets_open(const char *state_dir,
                const SecretSpecs *specs,
                bool may_lack,
                char ***environment,
                ContainerSecrets *ret,
                Error *error) {
        int r = 0;

        ret->opened = calloc(specs->n_items + 1, sizeof(Secret));
        ret->files = calloc(specs->n_items + 1, sizeof(RuntimeSecret));
        if (!ret->opened || !ret->files)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < specs->n_items; i++) {
                const SecretSpec *spec = &specs->items[i];
                Secret *secret = &ret->opened[ret->n_opened++];

                secret_init(secret);
                r = secret_open(state_dir, spec->name, secret, may_lack ? NULL : error);
                if (r == -ENOENT && may_lack) {
                        r = 0;
                        continue;
                }
                if (r < 0)
                        break;
                ret->in_environment = ret->in_environment || spec->environment;
                if (spec->environment)
                        r = add_variable(environment, spec, secret, error);
                else
                        add_file(ret, spec, secret);
        }
        return r;
}

void container_secrets_done(ContainerSecrets *s, char **environment) {
        for (size_t i = 0; i < s->n_opened; i++)
                secret_done(&s->opened[i]);
        free(s->opened);
        free(s->files);
        if (s->in_environment) {
                STRV_FOREACH (assignment, environment) {
                        explicit_bzero(*assignment, strlen(*assignment));
                }
        }
        *s = (ContainerSecrets) {};
}
