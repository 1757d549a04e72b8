/* SPDX-License-Identifier: MIT */
#include "ctl/exposure.h"

#include <linux/capability.h>
#include <string.h>

#include "base/text.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* Whoever has one of these is root of the host in all but name. */
#define CAPABILITIES_OF_HOST \
        (BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) | BIT(CAP_SYS_PTRACE) | \
                        BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_BPF) | BIT(CAP_PERFMON))
#define CAPABILITIES_OF_NETWORK (BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW))

/* Questions answer with a share of their weight: 0 none of it, 1 all. */
typedef double (*Question)(const UnitSpec *u);

static double has_host_capabilities(const UnitSpec *u) {
        return (u->container.security.add_capabilities & CAPABILITIES_OF_HOST) ? 1 : 0;
}

static double has_network_capabilities(const UnitSpec *u) {
        return (u->container.security.add_capabilities & CAPABILITIES_OF_NETWORK) ? 1 : 0;
}

static double keeps_default_capabilities(const UnitSpec *u) {
        return u->container.security.drop_capabilities == UINT64_MAX ? 0
               : u->container.security.drop_capabilities == 0        ? 1
                                                                     : 0.5;
}

static double may_gain_privileges(const UnitSpec *u) {
        return u->container.security.no_new_privileges ? 0 : 1;
}

static double has_no_seccomp(const UnitSpec *u) {
        return u->container.security.seccomp_unconfined ? 1 : 0;
}

static double is_root(const UnitSpec *u) {
        const char *user = u->container.process.user;

        if (user)
                return str_equal(user, "root") || str_equal(user, "0") ? 1 : 0;
        /* The image may name one; it is not looked into here. */
        return u->container.root.rootfs ? 1 : 0.5;
}

static double is_on_the_host_network(const UnitSpec *u) {
        return u->container.network == NETWORK_HOST ? 1 : 0;
}

static double has_writable_root(const UnitSpec *u) {
        const RootSpec *root = &u->container.root;

        if (root->read_only)
                return 0;
        return root->rootfs && !root->overlay ? 1 : 0.5;
}

static double unmasks(const UnitSpec *u) {
        return u->container.root.unmask ? 1 : 0;
}

/* clang-format off */
static const char *const sensitive[] = {
        "/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/sys", "/usr", "/var", "/run", "/var/run",
        "/var/lib/supd", "/run/supd", "/run/supd/control", "/run/docker.sock", "/var/run/docker.sock",
        "/run/systemd/private", "/run/dbus/system_bus_socket",
};
/* clang-format on */

static bool is_sensitive(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(sensitive); i++) {
                if (str_equal(sensitive[i], path))
                        return true;
        }
        return false;
}

static double sees_host_files(const UnitSpec *u) {
        double worst = 0;

        for (size_t i = 0; i < u->container.root.n_volumes; i++) {
                const VolumeSpec *v = &u->container.root.volumes[i];

                if (v->source && is_sensitive(v->source))
                        worst = MAX(worst, v->read_only ? 0.5 : 1.0);
        }
        return worst;
}

/* A disk, or memory, is all that is on the host; which node is which only the host knows. */
static double has_devices(const UnitSpec *u) {
        const DeviceSpecs *devices = &u->container.devices;

        for (size_t i = 0; i < devices->n_items; i++) {
                const char *source = devices->items[i].source;

                if (str_equal(source, "/dev") || str_equal(source, "/dev/mem") ||
                                str_equal(source, "/dev/port") ||
                                str_has_prefix(source, "/dev/disk"))
                        return 1;
        }
        return devices->n_items > 0 ? 0.5 : 0;
}

static double has_no_memory_limit(const UnitSpec *u) {
        const Quantity *max = &u->service.resource.memory_max;

        return u->container.memory_bytes != UINT64_MAX || max->relative || max->value != UINT64_MAX
                               ? 0
                               : 1;
}

static double has_no_task_limit(const UnitSpec *u) {
        return u->container.pids_limit == UINT64_MAX ? 1 : 0;
}

static double takes_whatever_comes(const UnitSpec *u) {
        const char *image = u->container.image;

        return !image || strstr(image, "@sha256:") || u->container.pull.policy == PULL_NEVER ? 0
                                                                                             : 1;
}

/* clang-format off */
static const struct {
        const char *key;
        unsigned weight;
        Question question;
        const char *good, *bad;
} questions[] = {
        { "AddCapability=",     100, has_host_capabilities,
          "No capability that makes it root of the host", "A capability makes it root of the host" },
        { "Volume=",             90, sees_host_files,
          "No directory or socket that rules the host is mounted", "A directory or socket that rules the host is mounted" },
        { "SeccompProfile=",     60, has_no_seccomp,
          "System calls are filtered", "All system calls are allowed" },
        { "AddDevice=",          60, has_devices,
          "No device of the host is its to use", "Devices of the host are its to use" },
        { "User=",               50, is_root,
          "It runs as a user of its own", "It runs as root, or as whom the image says" },
        { "Network=",            50, is_on_the_host_network,
          "It has a network namespace of its own", "It is on the host's network" },
        { "NoNewPrivileges=",    40, may_gain_privileges,
          "No program can give it more privileges", "Programs with set-user-ID may give it more privileges" },
        { "Unmask=",             40, unmasks,
          "Files of the kernel are masked", "Files of the kernel are not masked" },
        { "DropCapability=",     30, keeps_default_capabilities,
          "All capabilities are dropped but those it names", "It has the default capabilities; drop what it does not need" },
        { "AddCapability=",      30, has_network_capabilities,
          "It can't change or listen on its network", "It can change its network, or forge packets" },
        { "ReadOnly=",           30, has_writable_root,
          "Its root is read-only", "Its root can be written to" },
        { "Memory=",             20, has_no_memory_limit,
          "Its memory is limited", "It may take all memory" },
        { "PidsLimit=",          20, has_no_task_limit,
          "The number of its processes is limited", "It may make any number of processes" },
        { "Image=",              10, takes_whatever_comes,
          "What it runs is fixed", "Its image is named without a digest: it may be another one tomorrow" },
};
/* clang-format on */

static double weight_of_all(void) {
        unsigned sum = 0;

        for (size_t i = 0; i < ELEMENTSOF(questions); i++)
                sum += questions[i].weight;
        return sum;
}

size_t exposure_count(void) {
        return ELEMENTSOF(questions);
}

ExposureAnswer exposure_answer(const UnitSpec *spec, size_t index) {
        double share = questions[index].question(spec);

        return (ExposureAnswer) {
                .key = questions[index].key,
                .text = share > 0 ? questions[index].bad : questions[index].good,
                .exposure = share * questions[index].weight * 10 / weight_of_all(),
        };
}

double exposure_sum(const UnitSpec *spec) {
        double sum = 0;

        for (size_t i = 0; i < ELEMENTSOF(questions); i++)
                sum += exposure_answer(spec, i).exposure;
        return sum;
}

const char *exposure_word(double exposure) {
        /* clang-format off */
        static const struct {
                double below;
                const char *word;
        } words[] = {
                { 1, "SAFE" }, { 3, "OK" }, { 4.5, "MEDIUM" }, { 6, "EXPOSED" },
        };
        /* clang-format on */

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                if (exposure < words[i].below)
                        return words[i].word;
        }
        return "UNSAFE";
}
