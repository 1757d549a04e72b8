/* SPDX-License-Identifier: MIT */
#include "runtime/namespaces.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network.h"

#define HOST_NAME_SIZE_MAX 64U

static const struct {
        const char *name;
        int flag;
} namespaces[] = {
        [SHARED_NET] = { "net", CLONE_NEWNET },
        [SHARED_IPC] = { "ipc", CLONE_NEWIPC },
        [SHARED_UTS] = { "uts", CLONE_NEWUTS },
};
static_assert(ELEMENTSOF(namespaces) == _SHARED_NAMESPACE_MAX, "every namespace has a name");

const char *shared_namespace_to_string(SharedNamespace n) {
        return n < 0 || n >= _SHARED_NAMESPACE_MAX ? NULL : namespaces[n].name;
}

int shared_namespace_flag(SharedNamespace n) {
        return n < 0 || n >= _SHARED_NAMESPACE_MAX ? 0 : namespaces[n].flag;
}

static int join_network(const char *path) {
        _cleanup_close_ int fd = neg_errno(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));

        return fd < 0 ? fd : neg_errno(setns(fd, CLONE_NEWNET));
}

static int enter(const NamespacesSpec *spec, Error *error) {
        size_t length = MIN(strlen(spec->hostname), (size_t) HOST_NAME_SIZE_MAX);
        bool new_network = !spec->host_network && !spec->network_path;
        int r;

        if (unshare(CLONE_NEWIPC | CLONE_NEWUTS | (new_network ? CLONE_NEWNET : 0)) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "make the pod's namespaces");
        if (sethostname(spec->hostname, length) < 0)
                return error_set(error,
                                -errno,
                                ERROR_RUNTIME,
                                "set the pod's host name '%s'",
                                spec->hostname);
        if (new_network) {
                r = network_loopback_up();
                if (r < 0)
                        return error_set(error,
                                        r,
                                        ERROR_RUNTIME,
                                        "set the pod's loopback interface up");
        }
        if (spec->network_path) {
                r = join_network(spec->network_path);
                if (r < 0)
                        return error_set(error,
                                        r,
                                        ERROR_RUNTIME,
                                        "join the network namespace %s",
                                        spec->network_path);
        }
        return 0;
}

/* What we are in stays as long as something is mounted of it. */
static int hold(const char *dir, const char *name, Error *error) {
        _cleanup_free_ char *target = str_printf("%s/%s", dir, name);
        _cleanup_free_ char *source = str_printf("/proc/self/ns/%s", name);

        if (!target || !source)
                return -ENOMEM;
        _cleanup_close_ int fd = neg_errno(
                        open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400));
        int r = fd < 0 ? fd : neg_errno(mount(source, target, NULL, MS_BIND, NULL));
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "mount a namespace on %s", target);
        return 0;
}

static int mount_shm(const NamespacesSpec *spec, Error *error) {
        _cleanup_free_ char *target = str_printf("%s/" SHARED_SHM, spec->dir);
        _cleanup_free_ char *options =
                        spec->shm_size_bytes > 0
                                        ? str_printf("mode=1777,size=%llu",
                                                          (unsigned long long) spec->shm_size_bytes)
                                        : strdup("mode=1777");

        if (!target || !options)
                return -ENOMEM;
        int r = neg_errno(mkdir(target, 0700));
        if (r >= 0)
                r = neg_errno(mount(
                                "shm", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options));
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_RUNTIME,
                                "mount the pod's shared memory on %s",
                                target);
        return 0;
}

static int fill(const NamespacesSpec *spec, Error *error) {
        int r = enter(spec, error);

        for (SharedNamespace n = 0; r >= 0 && n < _SHARED_NAMESPACE_MAX; n++) {
                if (n != SHARED_NET || !spec->host_network)
                        r = hold(spec->dir, namespaces[n].name, error);
        }
        return r < 0 ? r : mount_shm(spec, error);
}

int namespaces_make(const NamespacesSpec *spec, Error *error) {
        int r = namespaces_remove(spec->dir);

        if (r >= 0)
                r = dir_make_all(spec->dir, 0700);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "make %s", spec->dir);
        r = fill(spec, error);
        if (r < 0)
                (void) namespaces_remove(spec->dir); /* the first error is the one to report */
        return r;
}

/* Detached: whoever looks into it just now does not keep it. */
static int drop(const char *dir, const char *name, bool is_directory) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, name);

        if (!path)
                return -ENOMEM;
        while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) >= 0)
                ; /* one upon the other, after a mishap */
        int r = neg_errno(is_directory ? rmdir(path) : unlink(path));
        return r == -ENOENT ? 0 : r;
}

int namespaces_remove(const char *dir) {
        int r = 0;

        if (access(dir, F_OK) < 0)
                return errno == ENOENT ? 0 : -errno;
        for (SharedNamespace n = 0; n < _SHARED_NAMESPACE_MAX; n++) {
                int q = drop(dir, namespaces[n].name, /* is_directory= */ false);
                r = r < 0 ? r : q;
        }
        int q = drop(dir, SHARED_SHM, /* is_directory= */ true);
        r = r < 0 ? r : q;
        q = neg_errno(rmdir(dir));
        return r < 0 ? r : q;
}

static bool is_mounted(const char *dir, const char *name, long type) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, name);
        struct statfs fs;

        return path && statfs(path, &fs) >= 0 && fs.f_type == type;
}

bool namespaces_exist(const char *dir) {
        return is_mounted(dir, namespaces[SHARED_IPC].name, NSFS_MAGIC) &&
               is_mounted(dir, namespaces[SHARED_UTS].name, NSFS_MAGIC) &&
               is_mounted(dir, SHARED_SHM, TMPFS_MAGIC);
}
