/* SPDX-License-Identifier: MIT */
#include "runtime/capabilities.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/container.h"

#define BIT(capability) (UINT64_C(1) << (capability))

uint64_t runtime_capabilities_default(void) {
        return BIT(CAP_AUDIT_WRITE) | BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
               BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_MKNOD) | BIT(CAP_NET_BIND_SERVICE) |
               BIT(CAP_NET_RAW) | BIT(CAP_SETFCAP) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) |
               BIT(CAP_SETUID) | BIT(CAP_SYS_CHROOT);
}

uint64_t capabilities_permitted(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return 0;
        return (uint64_t) data[1].permitted << 32 | data[0].permitted;
}

static int refuse(int capability, Error *error) {
        char *name = cap_to_name(capability); /* the number, if libcap knows none */

        error_set(error,
                        -EPERM,
                        ERROR_RUNTIME,
                        "capability '%s' is asked for, but the supervisor does not have it",
                        name ? name : "?");
        if (name)
                cap_free(name);
        return -EPERM;
}

int capabilities_check(uint64_t wanted, uint64_t permitted, uint64_t *ret, Error *error) {
        uint64_t known = BIT(CAP_LAST_CAP) | (BIT(CAP_LAST_CAP) - 1);

        if ((wanted & known) == known) {
                *ret = permitted;
                return 0;
        }

        uint64_t missing = wanted & ~permitted;
        if (missing)
                return refuse(__builtin_ctzll(missing), error);
        *ret = wanted;
        return 0;
}

int capabilities_bound(uint64_t keep) {
        for (unsigned capability = 0; capability < 64; capability++) {
                if (keep & BIT(capability))
                        continue;
                if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
                        /* Above the kernel's last. */
                        if (errno == EINVAL)
                                return 0;
                        return -errno;
                }
        }
        return 0;
}

int capabilities_set(uint64_t permitted, uint64_t effective) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
                { .permitted = (uint32_t) permitted, .effective = (uint32_t) effective },
                { .permitted = (uint32_t) (permitted >> 32),
                                .effective = (uint32_t) (effective >> 32) },
        };

        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
