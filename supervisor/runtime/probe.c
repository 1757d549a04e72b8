/* SPDX-License-Identifier: MIT */
#include "runtime/probe.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/sys.h"
#include "runtime/apparmor.h"

/* A struct of size 0 is refused as too small where the call exists, and clears nobody's process. */
static bool probe_clone3(void) {
        return neg_errno(syscall(SYS_clone3, NULL, 0)) != -ENOSYS;
}

static bool probe_mount_setattr(void) {
        struct mount_attr none = {};

        return sys_mount_setattr(-EBADF, "", AT_EMPTY_PATH, &none) != -ENOSYS;
}

static bool probe_overlay(void) {
        /* Not /proc/filesystems: asking for the type also loads the module. */
        _cleanup_close_ int fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);

        return fd >= 0;
}

static bool probe_overlay_layers(void) {
        _cleanup_close_ int fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);

        /* Before Linux 6.5 any option is taken, and looked at when it is too late. */
        if (fd < 0 || sys_fsconfig(fd, FSCONFIG_SET_STRING, "no-such-option", ".", 0) >= 0)
                return false;
        /* "." is what root.c says. */
        return sys_fsconfig(fd, FSCONFIG_SET_STRING, "lowerdir+", ".", 0) >= 0;
}

static bool probe_pidfd_info(void) {
        _cleanup_close_ int fd = sys_pidfd_open(getpid(), 0);
        int status;

        return fd >= 0 && sys_pidfd_exit_status(fd, &status) != -EOPNOTSUPP;
}

static bool probe_seccomp(void) {
        uint32_t action = SECCOMP_RET_ERRNO;

        return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) >= 0;
}

int probe_features(RuntimeFeatures *ret, Error *error) {
        _cleanup_close_ int fd =
                        sys_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
        if (fd == -ENOSYS)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this kernel has no openat2(); Linux 5.10 or later is needed");
        if (fd < 0)
                return error_set(error, fd, ERROR_RUNTIME, "open /");

        *ret = (RuntimeFeatures) {
                .clone3_into_cgroup = probe_clone3(),
                .mount_setattr = probe_mount_setattr(),
                .close_range_cloexec = sys_close_range(~0U, ~0U, CLOSE_RANGE_CLOEXEC) >= 0,
                .overlay = probe_overlay(),
                .overlay_layers = probe_overlay_layers(),
                .mount_from_file = true,
                .pidfd_info = probe_pidfd_info(),
                .seccomp = probe_seccomp(),
                .apparmor = apparmor_is_enabled(),
                .user_namespaces = access("/proc/self/ns/user", F_OK) >= 0,
                .idmap = probe_mount_setattr(),
                .overlay_idmap = true,
        };
        return 0;
}

char *probe_describe(const RuntimeFeatures *f) {
        const struct {
                bool present;
                const char *name;
        } names[] = {
                { f->clone3_into_cgroup, "clone3 into cgroup" },
                { f->mount_setattr, "mount_setattr" },
                { f->close_range_cloexec, "close_range" },
                { f->overlay, "overlay" },
                { f->overlay_layers, "overlay layer by layer" },
                { f->pidfd_info, "pidfd info" },
                { f->seccomp, "seccomp" },
                { f->apparmor, "apparmor" },
                { f->user_namespaces, "user namespaces" },
                { f->idmap, "idmapped mounts" },
        };
        _cleanup_strv_ char **present = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (names[i].present && strv_append(&present, names[i].name) < 0)
                        return NULL;
        }
        return present ? strv_join(present, ", ") : strdup("none");
}
