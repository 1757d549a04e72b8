/* SPDX-License-Identifier: MIT */
#include "runtime/virtualization.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#define TEXT_SIZE_MAX (64U * 1024U)

typedef struct NamedText {
        const char *text, *name;
} NamedText;

static char *read_text(const char *path) {
        char *text = NULL;

        return file_read(AT_FDCWD, path, TEXT_SIZE_MAX, &text, NULL) < 0 ? NULL : text;
}

/* ---- containers ---------------------------------------------------------------------------------- */

static const char *container_by_name(const char *name) {
        static const char *const known[] = { "systemd-nspawn",
                "lxc-libvirt",
                "lxc",
                "openvz",
                "docker",
                "podman",
                "rkt",
                "wsl",
                "proot",
                "pouch" };

        if (str_equal(name, "oci"))
                return access("/run/.containerenv", F_OK) >= 0 ? "podman" : "docker";
        for (size_t i = 0; i < ELEMENTSOF(known); i++) {
                if (str_equal(known[i], name))
                        return known[i];
        }
        return "container-other";
}

/* Of the first process: "container=lxc" among its variables. */
static const char *container_by_environment(void) {
        _cleanup_close_ int fd = open("/proc/1/environ", O_RDONLY | O_CLOEXEC);
        char text[8192];

        if (fd < 0)
                return NULL;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return NULL;
        text[n] = '\0';
        for (const char *p = text; p < text + n; p += strlen(p) + 1) {
                if (str_has_prefix(p, "container=") && p[strlen("container=")])
                        return container_by_name(p + strlen("container="));
        }
        return NULL;
}

static const char *detect_container(void) {
        static const char *const notes[] = { "/run/host/container-manager",
                "/run/systemd/container" };
        const char *found = NULL;

        for (size_t i = 0; !found && i < ELEMENTSOF(notes); i++) {
                _cleanup_free_ char *text = read_text(notes[i]);
                if (text)
                        text[strcspn(text, "\n")] = '\0';
                found = !str_is_empty(text) ? container_by_name(text) : NULL;
        }
        if (!found)
                found = container_by_environment();
        if (!found && access("/run/.containerenv", F_OK) >= 0)
                found = "podman";
        if (!found && access("/.dockerenv", F_OK) >= 0)
                found = "docker";
        if (!found && access("/proc/vz", F_OK) >= 0 && access("/proc/bc", F_OK) < 0)
                found = "openvz";
        return found;
}

/* ---- machines ------------------------------------------------------------------------------------ */

static const char *machine_by_firmware(void) {
        static const char *const files[] = {
                "product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"
        };
        static const NamedText vendors[] = {
                { "KVM", "kvm" },
                { "OpenStack", "kvm" },
                { "KubeVirt", "kvm" },
                { "Amazon EC2", "amazon" },
                { "QEMU", "qemu" },
                { "VMware", "vmware" },
                { "VMW", "vmware" },
                { "innotek GmbH", "oracle" },
                { "VirtualBox", "oracle" },
                { "Xen", "xen" },
                { "Bochs", "bochs" },
                { "Parallels", "parallels" },
                { "BHYVE", "bhyve" },
                { "Hyper-V", "microsoft" },
                { "Apple Virtualization", "apple" },
                { "Google Compute Engine", "google" },
        };
        const char *found = NULL;

        for (size_t i = 0; !found && i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *path = str_printf("/sys/class/dmi/id/%s", files[i]);
                _cleanup_free_ char *text = path ? read_text(path) : NULL;
                for (size_t j = 0; text && !found && j < ELEMENTSOF(vendors); j++)
                        found = str_has_prefix(text, vendors[j].text) ? vendors[j].name : NULL;
        }
        return found;
}

#if defined(__x86_64__) || defined(__i386__)
/* Bit 31 of leaf 1 is for hypervisors to set; who it is, stands in leaf 0x40000000. */
static const char *machine_by_processor(void) {
        static const NamedText hypervisors[] = {
                { "XenVMMXenVMM", "xen" },
                { "KVMKVMKVM", "kvm" },
                { "Linux KVM Hv", "kvm" },
                { "TCGTCGTCGTCG", "qemu" },
                { "VMwareVMware", "vmware" },
                { "Microsoft Hv", "microsoft" },
                { "bhyve bhyve ", "bhyve" },
                { "QNXQVMBSQG", "qnx" },
                { "ACRNACRNACRN", "acrn" },
                { "SRESRESRESRE", "sre" },
        };
        unsigned eax, ebx, ecx, edx;
        char text[13] = "";

        if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & 0x80000000U))
                return NULL;
        __cpuid(0x40000000U, eax, ebx, ecx, edx);
        memcpy(text, &ebx, 4);
        memcpy(text + 4, &ecx, 4);
        memcpy(text + 8, &edx, 4);
        for (size_t i = 0; i < ELEMENTSOF(hypervisors); i++) {
                if (strcmp(hypervisors[i].text, text) == 0)
                        return hypervisors[i].name;
        }
        return "vm-other";
}
#else
static const char *machine_by_processor(void) {
        _cleanup_free_ char *text = read_text("/proc/device-tree/hypervisor/compatible");

        return !text                       ? NULL
               : strstr(text, "linux,kvm") ? "kvm"
               : strstr(text, "xen")       ? "xen"
               : strstr(text, "vmware")    ? "vmware"
                                           : "vm-other";
}
#endif

static const char *detect_machine(void) {
        _cleanup_free_ char *type = read_text("/sys/hypervisor/type");

        if (type && str_has_prefix(type, "xen"))
                return "xen";
        /* The firmware tells one cloud from the other where the processor says KVM for all. */
        return machine_by_firmware() ?: machine_by_processor();
}

/* The machine's own namespace maps all ids to themselves. */
static bool has_private_users(void) {
        _cleanup_free_ char *text = read_text("/proc/self/uid_map");
        unsigned inside, outside, size;
        bool whole = text && sscanf(text, "%u %u %u", &inside, &outside, &size) == 3 &&
                     inside == 0 && outside == 0 && size == UINT32_MAX;

        return text && !whole;
}

Virtualization virtualization_detect(void) {
        return (Virtualization) {
                .machine = detect_machine(),
                .container = detect_container(),
                .private_users = has_private_users(),
        };
}
