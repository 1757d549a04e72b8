/* SPDX-License-Identifier: MIT */
#include "image/store/store-use.h"

#include <dirent.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/store/store-internal.h"
#include "supd/image-store.h"

#define USE_SIZE_MAX (64U * 1024)

void store_uses_done(StoreUses *uses) {
        for (size_t i = 0; i < uses->n_items; i++)
                free(uses->items[i].container);
        free(uses->items);
        *uses = (StoreUses) {};
}

static int use_append(StoreUses *uses, const char *container, const Digest *manifest) {
        StoreUse *grown = realloc(uses->items, (uses->n_items + 1) * sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        uses->items = grown;
        char *name = strdup(container);
        if (!name)
                return -ENOMEM;
        uses->items[uses->n_items++] = (StoreUse) { .container = name, .manifest = *manifest };
        return 0;
}

static int use_read(int dir_fd, const char *name, Digest *ret) {
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read(dir_fd, name, USE_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = record_parse(text, &record);
        if (r < 0)
                return r;
        r = digest_parse(record_get(record, SUPD_STORE_MANIFEST) ?: "", ret, NULL);
        return r < 0 ? -EBADMSG : 0;
}

static int use_add(int dir_fd, const char *name, StoreUses *uses, Error *error) {
        Digest manifest;
        int r;

        r = use_read(dir_fd, name, &manifest);
        /* Given up this moment; or never renamed (base/file.h) because supd was killed, which is no
         * use. */
        if (r == -ENOENT || (r == -EBADMSG && str_has_suffix(name, ".new")))
                return 0;
        if (r >= 0)
                r = use_append(uses, name, &manifest);
        if (r == -EBADMSG)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "'" SUPD_STORE_USE_DIR "/%s' does not say which image container "
                                "'%s' is made of; nothing is removed before it is put right "
                                "or removed",
                                name,
                                name);
        return r < 0 && r != -ENOMEM ? error_set(error,
                                                       r,
                                                       ERROR_STORAGE,
                                                       "'" SUPD_STORE_USE_DIR "/%s'",
                                                       name)
                                     : r;
}

int store_uses(const Store *s, StoreUses *ret, Error *error) {
        _cleanup_(store_uses_done) StoreUses uses = {};
        int r = 0;

        int fd = s->root.image_fd < 0
                                 ? -ENOENT
                                 : store_open_dir(s->root.image_fd, SUPD_STORE_USE_DIR, false, 0);
        if (fd == -ENOENT)
                return 0;
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                (void) close_fd(fd);
                return store_error(error, fd < 0 ? fd : -ENOMEM, "cannot list images in use");
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
                if (entry->d_name[0] != '.')
                        r = use_add(dirfd(d), entry->d_name, &uses, error);
        if (r < 0)
                return r;

        *ret = uses;
        uses = (StoreUses) {};
        return 0;
}

int store_uses_of(const StoreUses *uses, const Digest *manifest, char **ret) {
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        for (size_t i = 0; i < uses->n_items && r >= 0; i++)
                if (digest_equal(&uses->items[i].manifest, manifest))
                        r = strv_append(&names, uses->items[i].container);
        if (r < 0)
                return r;
        char *joined = names ? strv_join(names, ", ") : NULL;
        if (names && !joined)
                return -ENOMEM;
        *ret = joined;
        return 0;
}
