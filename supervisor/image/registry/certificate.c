/* SPDX-License-Identifier: MIT */
#include "image/registry/certificate.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "image/registry/challenge.h"

#define BUNDLE_SIZE_MAX (16U * 1024 * 1024)
#define FILE_SIZE_MAX (1024U * 1024)
#define HOSTS_MAX 256U
#define FILES_MAX 64U

static const char *const usual_dirs[] = {
        "/etc/supd/certs.d",
        "/etc/containers/certs.d",
        "/etc/docker/certs.d",
};

static void host_done(CertificateHost *h) {
        free(h->host);
        free(h->authorities);
        free(h->certificate);
        h->key = secret_free(h->key);
        *h = (CertificateHost) {};
}

void certificates_done(Certificates *c) {
        for (size_t i = 0; i < c->n_hosts; i++)
                host_done(&c->hosts[i]);
        free(c->hosts);
        free(c->authorities);
        *c = (Certificates) {};
}

const CertificateHost *certificates_find(const Certificates *c, const char *host) {
        for (size_t i = 0; i < c->n_hosts; i++)
                if (str_equal(c->hosts[i].host, host))
                        return &c->hosts[i];
        return NULL;
}

/* ---- one directory ---------------------------------------------------------------------------- */
static int read_file(const char *dir, const char *name, char **ret, Error *error) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, name);
        int r = path ? file_read(AT_FDCWD, path, FILE_SIZE_MAX, ret, NULL) : -ENOMEM;

        return r < 0 && r != -ENOMEM ? error_set(error, r, ERROR_BAD_SETTING, "'%s'", path) : r;
}

static int add_authority(const char *dir,
                const char *name,
                const Certificates *c,
                CertificateHost *h,
                Error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_file(dir, name, &text, error);
        if (r < 0)
                return r;
        char *joined = str_printf("%s\n%s", h->authorities ?: c->authorities, text);
        if (!joined)
                return -ENOMEM;
        free(h->authorities);
        h->authorities = joined;
        return 0;
}

/* The first pair; libcurl shows only one. */
static int add_certificate(const char *dir, const char *name, CertificateHost *h, Error *error) {
        size_t stem = strlen(name) - strlen(".cert");
        int r;

        if (h->certificate)
                return 0;
        _cleanup_free_ char *key = str_printf("%.*s.key", (int) stem, name);
        if (!key)
                return -ENOMEM;
        r = read_file(dir, name, &h->certificate, error);
        return r < 0 ? r : read_file(dir, key, &h->key, error);
}

static int is_certificate(const struct dirent *entry) {
        return str_has_suffix(entry->d_name, ".crt") || str_has_suffix(entry->d_name, ".cert");
}

static int read_dir(const char *dir, const Certificates *c, CertificateHost *h, Error *error) {
        struct dirent **entries = NULL;
        int r = 0;

        int n = scandir(dir, &entries, is_certificate, alphasort);
        if (n < 0)
                return errno == ENOENT || errno == ENOTDIR
                                       ? 0
                                       : error_set(error, -errno, ERROR_BAD_SETTING, "'%s'", dir);
        if ((unsigned) n > FILES_MAX)
                r = error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "'%s' has more than %u certificates",
                                dir,
                                FILES_MAX);
        for (int i = 0; i < n; i++) {
                const char *name = entries[i]->d_name;
                if (r >= 0 && str_has_suffix(name, ".crt"))
                        r = add_authority(dir, name, c, h, error);
                else if (r >= 0)
                        r = add_certificate(dir, name, h, error);
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* ---- all of them ------------------------------------------------------------------------------ */
/* Of several directories with the same name the first counts. */
static int add_host(Certificates *c, const char *dir, const char *host, Error *error) {
        _cleanup_(host_done) CertificateHost h = {};
        int r;

        if (certificates_find(c, host))
                return 0;
        if (c->n_hosts == HOSTS_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "more than %u hosts with certificates",
                                HOSTS_MAX);
        r = read_dir(dir, c, &h, error);
        if (r < 0 || (!h.authorities && !h.certificate))
                return r;
        h.host = strdup(host);
        if (!h.host)
                return -ENOMEM;
        c->hosts[c->n_hosts++] = h;
        h = (CertificateHost) {};
        return 0;
}

static int is_host_dir(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int add_hosts(Certificates *c, const char *dir, Error *error) {
        struct dirent **entries = NULL;
        int r = 0;

        int n = scandir(dir, &entries, is_host_dir, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, ERROR_BAD_SETTING, "'%s'", dir);
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = str_printf("%s/%s", dir, entries[i]->d_name);
                if (r >= 0)
                        r = path ? add_host(c, path, entries[i]->d_name, error) : -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int read_bundle(const char *path, char **ret, Error *error) {
        int r = path ? file_read(AT_FDCWD, path, BUNDLE_SIZE_MAX, ret, NULL) : -ENOENT;

        if (r != -ENOENT)
                return r < 0 && r != -ENOMEM ? error_set(error, r, ERROR_BAD_SETTING, "'%s'", path)
                                             : r;
        /* A box without authorities may well have a registry with its own. */
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
}

int certificates_load(const CertificateSpec *spec, Certificates *ret, Error *error) {
        _cleanup_(certificates_done) Certificates c = {};
        int r;

        c.hosts = calloc(HOSTS_MAX, sizeof(*c.hosts));
        if (!c.hosts)
                return -ENOMEM;
        if (spec->dir && access(spec->dir, R_OK | X_OK) < 0)
                return error_set(error, -errno, ERROR_INVALID_ARGUMENT, "'%s'", spec->dir);
        r = read_bundle(spec->bundle, &c.authorities, error);
        if (r >= 0 && spec->dir && spec->registry)
                r = add_host(&c, spec->dir, spec->registry, error);
        if (r >= 0 && spec->dir)
                r = add_hosts(&c, spec->dir, error);
        for (size_t i = 0; r >= 0 && spec->dirs && spec->dirs[i]; i++)
                r = add_hosts(&c, spec->dirs[i], error);
        for (size_t i = 0; r >= 0 && !spec->dirs && i < ELEMENTSOF(usual_dirs); i++)
                r = add_hosts(&c, usual_dirs[i], error);
        if (r < 0)
                return r;

        *ret = c;
        c = (Certificates) {};
        return 0;
}
