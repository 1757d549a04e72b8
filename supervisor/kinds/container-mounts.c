/* SPDX-License-Identifier: MIT */
#include "kinds/container-mounts.h"

#include <glob.h>
#include <string.h>
#include <sys/mount.h>

#include "base/strv.h"
#include "base/text.h"

/* A pattern that finds more was not meant so; each of them is a mount. */
#define MATCHES_MAX 1024U

static unsigned long propagation_flags(Propagation p) {
        /* clang-format off */
        static const unsigned long flags[] = {
                [PROPAGATION_PRIVATE]     = MS_PRIVATE,
                [PROPAGATION_RPRIVATE]    = MS_PRIVATE | MS_REC,
                [PROPAGATION_SHARED]      = MS_SHARED,
                [PROPAGATION_RSHARED]     = MS_SHARED | MS_REC,
                [PROPAGATION_SLAVE]       = MS_SLAVE,
                [PROPAGATION_RSLAVE]      = MS_SLAVE | MS_REC,
                [PROPAGATION_UNBINDABLE]  = MS_UNBINDABLE,
                [PROPAGATION_RUNBINDABLE] = MS_UNBINDABLE | MS_REC,
        };
        /* clang-format on */
        static_assert(ELEMENTSOF(flags) == _PROPAGATION_MAX, "every propagation has its flags");
        return flags[p];
}

int container_mounts_add_bind(ContainerMounts *m, const RuntimeBind *bind) {
        RuntimeBind *binds = reallocarray(m->binds, m->n_binds + 1, sizeof(*binds));
        if (!binds)
                return -ENOMEM;
        m->binds = binds;
        binds[m->n_binds++] = *bind;
        return 0;
}

/* A path for a bind to borrow; NULL: out of memory. */
static const char *keep_path(ContainerMounts *m, char *path) {
        _cleanup_free_ char *owned = path;

        if (!owned || strv_push(&m->paths, &owned) < 0)
                return NULL;
        return path;
}

/* ---- volumes ------------------------------------------------------------------------------------- */

static int add_volume(
                ContainerMounts *m, const VolumeSpec *v, const char *source, const char *target) {
        return container_mounts_add_bind(m,
                        &(RuntimeBind) {
                                        .source = source,
                                        .target = target,
                                        .recursive = v->recursive,
                                        .read_only = v->read_only,
                                        .noexec = v->noexec,
                                        .nosuid = v->nosuid,
                                        .nodev = v->nodev,
                                        .shift_owners = v->idmap,
                                        .propagation = propagation_flags(v->propagation),
                        });
}

static int add_match(ContainerMounts *m, const VolumeSpec *v, const char *path) {
        const char *slash = strrchr(path, '/');
        const char *source = keep_path(m, strdup(path));
        const char *target = v->glob_in_place ? source
                                              : keep_path(m, str_printf("%s%s", v->target, slash));

        return source && target ? add_volume(m, v, source, target) : -ENOMEM;
}

static int add_glob(ContainerMounts *m, const VolumeSpec *v, Error *error) {
        glob_t found = {};
        int r = 0;

        int failed = glob(v->source, GLOB_NOSORT | GLOB_ERR, NULL, &found);
        if (failed == GLOB_NOSPACE)
                r = -ENOMEM;
        else if (failed == GLOB_NOMATCH || (failed == 0 && found.gl_pathc == 0))
                r = error_set_plain(error,
                                -ENOENT,
                                ERROR_RUNTIME,
                                "mount of type glob: nothing matches %s",
                                v->source);
        else if (failed != 0)
                r = error_set_plain(error,
                                -EIO,
                                ERROR_RUNTIME,
                                "mount of type glob: cannot read what %s is in",
                                v->source);
        else if (found.gl_pathc > MATCHES_MAX)
                r = error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "mount of type glob: more than %u files match %s",
                                MATCHES_MAX,
                                v->source);
        for (size_t i = 0; r >= 0 && i < found.gl_pathc; i++)
                r = add_match(m, v, found.gl_pathv[i]);
        globfree(&found);
        return r;
}

static int add_volumes(ContainerMounts *m, const RootSpec *root, Error *error) {
        int r = 0;

        for (size_t i = 0; i < root->n_volumes && r >= 0; i++) {
                const VolumeSpec *v = &root->volumes[i];

                r = v->glob ? add_glob(m, v, error) : add_volume(m, v, v->source, v->target);
        }
        return r;
}

static int add_pod_volumes(ContainerMounts *m, const RootSpec *own, const RootSpec *pod) {
        int r = 0;

        for (size_t i = 0; i < pod->n_volumes && r >= 0; i++) {
                const VolumeSpec *v = &pod->volumes[i];

                if (!root_spec_has_mount(own, v->target))
                        r = add_volume(m, v, v->source, v->target);
        }
        return r;
}

/* VOLUME of the image: a directory of the container's storage, which starts with what the image has there
 * and goes with the container, unless the unit mounts something else. */
static int add_image_volumes(
                ContainerMounts *m, const RootSpec *root, char **volumes, const char *storage) {
        size_t n = 0;

        STRV_FOREACH (target, volumes) {
                if (root_spec_has_mount(root, *target))
                        continue;
                const char *source = keep_path(m, str_printf("%s/volume/%zu", storage, n++));
                if (!source)
                        return -ENOMEM;
                int r = container_mounts_add_bind(m,
                                &(RuntimeBind) {
                                                .source = source,
                                                .target = *target,
                                                .shift_owners = true,
                                                .create_source = true,
                                                .copy_up = true,
                                                .ephemeral = true,
                                });
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- devices and file systems -------------------------------------------------------------------- */

/* The node itself: what may be done with it is up to the cgroup. */
static int add_devices(ContainerMounts *m, const ContainerSpec *container, Error *error) {
        ContainerDevices devices = {};

        int r = container_devices_find(container, &devices, error);
        for (size_t i = 0; i < devices.n_items && r >= 0; i++) {
                const char *source = keep_path(m, strdup(devices.items[i].source));
                const char *target = keep_path(m, strdup(devices.items[i].target));

                r = source && target ? container_mounts_add_bind(m,
                                                       &(RuntimeBind) {
                                                                       .source = source,
                                                                       .target = target,
                                                                       .noexec = true,
                                                                       .nosuid = true,
                                                       })
                                     : -ENOMEM;
        }
        container_devices_done(&devices);
        return r;
}

static int add_filesystems(ContainerMounts *m, const RootSpec *root) {
        m->tmpfs = calloc(root->n_tmpfs + 1, sizeof(RuntimeTmpfs));
        if (!m->tmpfs)
                return -ENOMEM;
        for (size_t i = 0; i < root->n_tmpfs; i++) {
                const TmpfsSpec *t = &root->tmpfs[i];

                m->tmpfs[m->n_tmpfs++] = (RuntimeTmpfs) {
                        .type = filesystem_type_to_string(t->type),
                        .target = t->target,
                        .options = t->options,
                        .read_only = t->read_only,
                        .noexec = t->noexec,
                        .nosuid = t->nosuid,
                        .nodev = t->nodev,
                        .copy_up = t->copy_up,
                };
        }
        return 0;
}

int container_mounts_plan(const ContainerSpec *container,
                const PodSpec *pod,
                const Image *image,
                const char *storage,
                ContainerMounts *ret,
                Error *error) {
        ContainerMounts m = {};

        int r = add_volumes(&m, &container->root, error);
        if (r >= 0 && pod)
                r = add_pod_volumes(&m, &container->root, &pod->root);
        if (r >= 0)
                r = add_devices(&m, container, error);
        if (r >= 0)
                r = add_filesystems(&m, &container->root);
        if (r >= 0 && image)
                r = add_image_volumes(&m, &container->root, image->volumes, storage);
        if (r < 0) {
                container_mounts_done(&m);
                return r;
        }
        *ret = m;
        return 0;
}

void container_mounts_done(ContainerMounts *m) {
        free(m->binds);
        free(m->tmpfs);
        strv_free(m->paths);
        *m = (ContainerMounts) {};
}
