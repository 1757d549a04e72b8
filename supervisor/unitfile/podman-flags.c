/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "unitfile/podman-args-internal.h"
#include "unitfile/value.h"

/*
 * The flags of podman run, podman pod create and podman pull that have a key. A row without apply is a key
 * with another name; the functions are for those whose value is written otherwise.
 */

#define CPU_SHARES_MAX UINT64_C(262144)
#define CPU_PERIOD_USEC UINT64_C(100000) /* the kernel's, unless --cpu-period says otherwise */
#define BLKIO_WEIGHT_MAX UINT64_C(1000)
#define WEIGHT_MAX UINT64_C(10000)

/* ---- what is so anyway --------------------------------------------------------------------------- */

/* flag->key is the one value that supd can do. */
static int apply_only(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        _cleanup_free_ char *what = NULL;

        if (strcmp(value, flag->key) == 0)
                return 0;
        what = str_printf("is not supported; it is always %s", flag->key);
        return what ? podman_complain(line, flag, value, what) : -ENOMEM;
}

/* ---- lists --------------------------------------------------------------------------------------- */

/* Commas part what is a word, or a line, of its own in the key. */
static int apply_comma_list(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        int r = 0;

        for (const char *p = value; r >= 0; p++) {
                size_t size = strcspn(p, ",");
                _cleanup_free_ char *item = strndup(p, size);

                if (!item)
                        return -ENOMEM;
                if (*item)
                        r = podman_assign(line, flag, NULL, flag->key, flag->style, item);
                p += size;
                if (*p == '\0')
                        break;
        }
        return r;
}

/* ---- limits, which are keys of [Service] --------------------------------------------------------- */

static int assign_service(
                PodmanLine *line, const PodmanFlag *flag, const char *key, const char *value) {
        return podman_assign(line, flag, "Service", key, STYLE_ITEM, value);
}

static int assign_service_number(
                PodmanLine *line, const PodmanFlag *flag, const char *prefix, uint64_t n) {
        _cleanup_free_ char *text = str_printf("%s%" PRIu64, prefix, n);

        return text ? assign_service(line, flag, flag->key, text) : -ENOMEM;
}

static int apply_service(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        return assign_service(line, flag, flag->key, value);
}

static int assign_quota(PodmanLine *line, const PodmanFlag *flag, uint64_t permyriad) {
        _cleanup_free_ char *text =
                        str_printf("%" PRIu64 ".%02" PRIu64 "%%", permyriad / 100, permyriad % 100);

        return text ? assign_service(line, flag, "CPUQuota", text) : -ENOMEM;
}

/* "1.5" CPUs are 150%; 0 is no limit. */
static int apply_cpus(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        _cleanup_free_ char *percent = str_printf("%s%%", value);
        uint64_t n;

        if (!percent)
                return -ENOMEM;
        /* As a percentage it has the same digits, a hundred times too few. */
        if (value_parse_percent(percent, &n) < 0 || n > UINT64_MAX / 100)
                return podman_complain(line,
                                flag,
                                value,
                                "is not a number of CPUs with at most two decimals");
        return n == 0 ? 0 : assign_quota(line, flag, n * 100);
}

static int apply_cpu_quota(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        uint64_t usec;

        if (strcmp(value, "-1") == 0 || strcmp(value, "0") == 0)
                return 0;
        if (parse_u64(value, &usec) < 0 || usec > UINT64_MAX / 10000)
                return podman_complain(line, flag, value, "is not a number of microseconds");
        return assign_quota(line, flag, usec * 10000 / CPU_PERIOD_USEC);
}

/* From 2 to 262144 as OCI runtimes do it, which makes of the default of 1024 nearly that of CPUWeight=. */
static int apply_cpu_shares(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        uint64_t n;

        if (parse_u64(value, &n) < 0)
                return podman_complain(line, flag, value, "is not a number of shares");
        if (n == 0)
                return 0;
        n = MIN(MAX(n, UINT64_C(2)), CPU_SHARES_MAX);
        return assign_service_number(
                        line, flag, "", 1 + (n - 2) * (WEIGHT_MAX - 1) / (CPU_SHARES_MAX - 2));
}

static int apply_blkio_weight(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        uint64_t n;

        if (parse_u64(value, &n) < 0 || (n != 0 && n < 10) || n > BLKIO_WEIGHT_MAX)
                return podman_complain(line, flag, value, "is not a weight from 10 to 1000");
        if (n == 0)
                return 0;
        return assign_service_number(
                        line, flag, "", 1 + (n - 10) * (WEIGHT_MAX - 1) / (BLKIO_WEIGHT_MAX - 10));
}

static int apply_service_size(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        uint64_t bytes;

        if (value_parse_docker_size(value, &bytes) < 0)
                return podman_complain(line, flag, value, "is not a size");
        return assign_service_number(line, flag, "", bytes);
}

/* For Podman it is memory and swap together, and the key is about swap alone. */
static int apply_memory_swap(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        if (strcmp(value, "-1") != 0)
                return podman_complain(line,
                                flag,
                                value,
                                "counts memory and swap together, which no key does; use "
                                "MemorySwapMax= in [Service] for the swap alone");
        return assign_service(line, flag, "MemorySwapMax", "infinity");
}

/* DEVICE:RATE; the key has a blank between, and bytes. */
static int apply_device_rate(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        const char *colon = strrchr(value, ':');
        uint64_t n;

        if (!colon || *value != '/' || value_parse_docker_size(colon + 1, &n) < 0)
                return podman_complain(line, flag, value, "is not DEVICE:NUMBER");
        _cleanup_free_ char *path = str_printf("%.*s ", (int) (colon - value), value);
        return path ? assign_service_number(line, flag, path, n) : -ENOMEM;
}

static int apply_oom_score(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        int64_t n;

        if (parse_i64(value, &n) < 0 || n < -1000 || n > 1000)
                return podman_complain(line, flag, value, "is not a number from -1000 to 1000");
        return assign_service(line, flag, flag->key, value);
}

/* Seconds that the container may run; 0 is no limit. */
static int apply_timeout(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        uint64_t seconds;

        if (parse_u64(value, &seconds) < 0)
                return podman_complain(line, flag, value, "is not a number of seconds");
        return seconds == 0 ? 0 : assign_service_number(line, flag, "", seconds);
}

/* ---- words that are spelt otherwise -------------------------------------------------------------- */

typedef struct WordForWord {
        const char *podman, *value;
} WordForWord;

static const char *translate(const WordForWord *words, const char *word) {
        for (; words->podman; words++) {
                if (strcmp(words->podman, word) == 0)
                        return words->value;
        }
        return NULL;
}

static int apply_restart(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        static const WordForWord policies[] = {
                { "no", "no" },
                { "never", "no" },
                { "always", "always" },
                { "unless-stopped", "always" },
                { "on-failure", "on-failure" },
                {},
        };
        const char *policy = translate(policies, value);

        if (policy)
                return assign_service(line, flag, flag->key, policy);
        return podman_complain(line,
                        flag,
                        value,
                        str_has_prefix(value, "on-failure:")
                                        ? "has a number of tries; StartLimitBurst= in [Unit] "
                                          "limits them"
                                        : "is not no, always, on-failure or unless-stopped");
}

static int apply_sdnotify(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        static const WordForWord modes[] = {
                { "container", "true" },
                { "conmon", "false" },
                { "healthy", "healthy" },
                {},
        };
        const char *mode = translate(modes, value);

        if (!mode)
                return podman_complain(line, flag, value, "is not conmon, container or healthy");
        return podman_assign(line, flag, NULL, flag->key, flag->style, mode);
}

static int apply_no_healthcheck(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        if (strcmp(value, "true") != 0)
                return 0;
        return podman_assign(line, flag, NULL, flag->key, flag->style, "none");
}

/* What all of it is in keys of its own. */
static int apply_privileged(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        static const struct {
                const char *key, *value;
                PodmanStyle style;
        } keys[] = {
                { "AddCapability", "all", STYLE_WORD },
                { "SeccompProfile", "unconfined", STYLE_STRING },
                { "AppArmor", "unconfined", STYLE_STRING },
                { "Unmask", "ALL", STYLE_ESCAPED },
                { "AddDevice", "/dev", STYLE_WORD },
        };

        for (size_t i = 0; strcmp(value, "true") == 0 && i < ELEMENTSOF(keys); i++) {
                int r = podman_assign(line, flag, NULL, keys[i].key, keys[i].style, keys[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* NAME, NAME=VALUE or, as it was once, NAME:VALUE. */
static const struct {
        const char *name, *key;
        PodmanStyle style;
        const char *fixed; /* NULL: the value is the key's */
} security_options[] = {
        { "no-new-privileges", "NoNewPrivileges", STYLE_STRING, NULL },
        { "seccomp", "SeccompProfile", STYLE_STRING, NULL },
        { "apparmor", "AppArmor", STYLE_STRING, NULL },
        { "mask", "Mask", STYLE_ESCAPED, NULL },
        { "unmask", "Unmask", STYLE_ESCAPED, NULL },
        { "label=disable", "SecurityLabelDisable", STYLE_STRING, "true" },
        { "label=nested", "SecurityLabelNested", STYLE_STRING, "true" },
        { "label=type", "SecurityLabelType", STYLE_STRING, NULL },
        { "label=level", "SecurityLabelLevel", STYLE_STRING, NULL },
        { "label=filetype", "SecurityLabelFileType", STYLE_STRING, NULL },
};

static int apply_security_option(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        for (size_t i = 0; i < ELEMENTSOF(security_options); i++) {
                const char *name = security_options[i].name, *rest = value + strlen(name);
                const char *given = security_options[i].fixed;

                if (!str_has_prefix(value, name) || (*rest && !strchr("=:", *rest)))
                        continue;
                if (given && *rest)
                        continue;
                if (!given)
                        given = *rest ? rest + 1 : "true";
                if (*given == '\0')
                        break;
                return podman_assign(line,
                                flag,
                                NULL,
                                security_options[i].key,
                                security_options[i].style,
                                given);
        }
        return podman_complain(line, flag, value, "is no security option that supd has a key for");
}

/* OS[/ARCH[/VARIANT]] */
static int apply_platform(PodmanLine *line, const PodmanFlag *flag, const char *value) {
        static const char *const keys[] = { "OS", "Arch", "Variant" };
        _cleanup_free_ char *copy = strdup(value);
        char *rest = copy;
        int r = 0;

        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; rest && i < ELEMENTSOF(keys) && r >= 0; i++) {
                const char *part = strsep(&rest, "/");
                r = *part ? podman_assign(line, flag, NULL, keys[i], STYLE_STRING, part) : 0;
        }
        return r >= 0 && rest ? podman_complain(line, flag, value, "is not OS/ARCH/VARIANT") : r;
}

/* ---- tables -------------------------------------------------------------------------------------- */

/* clang-format off */
#define STRING(name, letter, key)  { name, letter, key, STYLE_STRING, false, false, NULL }
#define ITEM(name, letter, key)    { name, letter, key, STYLE_ITEM, false, false, NULL }
#define WORD(name, letter, key)    { name, letter, key, STYLE_WORD, false, false, NULL }
#define ESCAPED(name, letter, key) { name, letter, key, STYLE_ESCAPED, false, false, NULL }
#define BOOLEAN(name, key)         { name, '\0', key, STYLE_STRING, true, false, NULL }
#define APPLY(name, key, style, apply)   { name, '\0', key, style, false, false, apply_##apply }
#define APPLY_BOOLEAN(name, key, apply)  { name, '\0', key, STYLE_STRING, true, false, apply_##apply }
#define SERVICE(name, key, apply)        APPLY(name, key, STYLE_ITEM, apply)
#define ANYWAY(name, letter, value)      { name, letter, value, STYLE_STRING, true, false, apply_only }
#define ONLY(name, value)                { name, '\0', value, STYLE_STRING, false, false, apply_only }

/* What both a container and a pod have a key for. */
#define FLAGS_OF_NETWORK \
        ITEM("--add-host", '\0', "AddHost"), \
        ITEM("--dns", '\0', "DNS"), \
        ITEM("--dns-option", '\0', "DNSOption"), \
        ITEM("--dns-search", '\0', "DNSSearch"), \
        STRING("--ip", '\0', "IP"), \
        STRING("--ip6", '\0', "IP6"), \
        ITEM("--network", '\0', "Network"), \
        ITEM("--net", '\0', "Network"), \
        ITEM("--network-alias", '\0', "NetworkAlias"), \
        ITEM("--publish", 'p', "PublishPort")
#define FLAGS_OF_USERS \
        STRING("--userns", '\0', "UserNS"), \
        WORD("--uidmap", '\0', "UIDMap"), \
        WORD("--gidmap", '\0', "GIDMap"), \
        STRING("--subuidname", '\0', "SubUIDMap"), \
        STRING("--subgidname", '\0', "SubGIDMap")

static const PodmanFlag run_flags[] = {
        FLAGS_OF_NETWORK,
        FLAGS_OF_USERS,
        SERVICE("--cpus", "CPUQuota", cpus),
        SERVICE("--cpu-shares", "CPUWeight", cpu_shares),
        SERVICE("--cpuset-cpus", "AllowedCPUs", service),
        SERVICE("--cpuset-mems", "AllowedMemoryNodes", service),
        SERVICE("--memory-swap", "MemorySwapMax", memory_swap),
        SERVICE("--blkio-weight", "IOWeight", blkio_weight),
        SERVICE("--blkio-weight-device", "IODeviceWeight", device_rate),
        SERVICE("--device-read-bps", "IOReadBandwidthMax", device_rate),
        SERVICE("--device-write-bps", "IOWriteBandwidthMax", device_rate),
        SERVICE("--cpu-quota", "CPUQuota", cpu_quota),
        SERVICE("--memory-reservation", "MemoryLow", service_size),
        SERVICE("--device-read-iops", "IOReadIOPSMax", device_rate),
        SERVICE("--device-write-iops", "IOWriteIOPSMax", device_rate),
        SERVICE("--oom-score-adj", "OOMScoreAdjust", oom_score),
        SERVICE("--restart", "Restart", restart),
        SERVICE("--timeout", "RuntimeMaxSec", timeout),

        ESCAPED("--annotation", '\0', "Annotation"),
        APPLY("--cap-add", "AddCapability", STYLE_WORD, comma_list),
        APPLY("--cap-drop", "DropCapability", STYLE_WORD, comma_list),
        STRING("--cgroups", '\0', "CgroupsMode"),
        WORD("--device", '\0', "AddDevice"),
        { "--entrypoint", '\0', "Entrypoint", STYLE_STRING, false, true, NULL },
        ESCAPED("--env", 'e', "Environment"),
        ESCAPED("--env-file", '\0', "EnvironmentFile"),
        BOOLEAN("--env-host", "EnvironmentHost"),
        ITEM("--expose", '\0', "ExposeHostPort"),
        ITEM("--group-add", '\0', "GroupAdd"),
        STRING("--health-cmd", '\0', "HealthCmd"),
        STRING("--health-interval", '\0', "HealthInterval"),
        STRING("--health-log-destination", '\0', "HealthLogDestination"),
        STRING("--health-max-log-count", '\0', "HealthMaxLogCount"),
        STRING("--health-max-log-size", '\0', "HealthMaxLogSize"),
        STRING("--health-on-failure", '\0', "HealthOnFailure"),
        STRING("--health-retries", '\0', "HealthRetries"),
        STRING("--health-start-period", '\0', "HealthStartPeriod"),
        STRING("--health-startup-cmd", '\0', "HealthStartupCmd"),
        STRING("--health-startup-interval", '\0', "HealthStartupInterval"),
        STRING("--health-startup-retries", '\0', "HealthStartupRetries"),
        STRING("--health-startup-success", '\0', "HealthStartupSuccess"),
        STRING("--health-startup-timeout", '\0', "HealthStartupTimeout"),
        STRING("--health-timeout", '\0', "HealthTimeout"),
        APPLY_BOOLEAN("--no-healthcheck", "HealthCmd", no_healthcheck),
        STRING("--hostname", 'h', "HostName"),
        BOOLEAN("--http-proxy", "HttpProxy"),
        BOOLEAN("--init", "RunInit"),
        ESCAPED("--label", 'l', "Label"),
        STRING("--log-driver", '\0', "LogDriver"),
        WORD("--log-opt", '\0', "LogOpt"),
        STRING("--memory", 'm', "Memory"),
        ESCAPED("--mount", '\0', "Mount"),
        STRING("--name", '\0', "ContainerName"),
        STRING("--pids-limit", '\0', "PidsLimit"),
        APPLY_BOOLEAN("--privileged", NULL, privileged),
        STRING("--pull", '\0', "Pull"),
        BOOLEAN("--read-only", "ReadOnly"),
        BOOLEAN("--read-only-tmpfs", "ReadOnlyTmpfs"),
        STRING("--retry", '\0', "Retry"),
        STRING("--retry-delay", '\0', "RetryDelay"),
        APPLY("--sdnotify", "Notify", STYLE_STRING, sdnotify),
        ESCAPED("--secret", '\0', "Secret"),
        APPLY("--security-opt", NULL, STYLE_STRING, security_option),
        STRING("--shm-size", '\0', "ShmSize"),
        STRING("--stop-signal", '\0', "StopSignal"),
        STRING("--stop-timeout", '\0', "StopTimeout"),
        WORD("--sysctl", '\0', "Sysctl"),
        ITEM("--tmpfs", '\0', "Tmpfs"),
        STRING("--tz", '\0', "Timezone"),
        ITEM("--ulimit", '\0', "Ulimit"),
        STRING("--user", 'u', "User"),
        ITEM("--volume", 'v', "Volume"),
        STRING("--workdir", 'w', "WorkingDir"),

        ANYWAY("--detach", 'd', "true"),
        ANYWAY("--replace", '\0', "true"),
        ANYWAY("--rm", '\0', "true"),
        ANYWAY("--quiet", 'q', "true"),
        ANYWAY("--oom-kill-disable", '\0', "false"),
        ANYWAY("--tty", 't', "false"),
        ANYWAY("--interactive", 'i', "false"),
        ONLY("--cgroupns", "private"),
        ONLY("--ipc", "private"),
        ONLY("--pid", "private"),
        ONLY("--uts", "private"),
        {},
};

static const PodmanFlag pod_flags[] = {
        FLAGS_OF_NETWORK,
        FLAGS_OF_USERS,
        SERVICE("--restart", "Restart", restart),
        STRING("--exit-policy", '\0', "ExitPolicy"),
        STRING("--hostname", 'h', "HostName"),
        ESCAPED("--label", 'l', "Label"),
        STRING("--name", 'n', "PodName"),
        STRING("--shm-size", '\0', "ShmSize"),
        ITEM("--volume", 'v', "Volume"),
        ANYWAY("--replace", '\0', "true"),
        {},
};

static const PodmanFlag pull_flags[] = {
        BOOLEAN("--all-tags", "AllTags"),
        STRING("--arch", '\0', "Arch"),
        STRING("--authfile", '\0', "AuthFile"),
        STRING("--cert-dir", '\0', "CertDir"),
        STRING("--creds", '\0', "Creds"),
        STRING("--decryption-key", '\0', "DecryptionKey"),
        STRING("--os", '\0', "OS"),
        APPLY("--platform", NULL, STYLE_STRING, platform),
        STRING("--policy", '\0', "Policy"),
        STRING("--retry", '\0', "Retry"),
        STRING("--retry-delay", '\0', "RetryDelay"),
        BOOLEAN("--tls-verify", "TLSVerify"),
        STRING("--variant", '\0', "Variant"),
        ANYWAY("--quiet", 'q', "true"),
        {},
};

static const PodmanCommand commands[] = {
        { "Container", "podman run", run_flags },
        { "Pod", "podman pod create", pod_flags },
        { "Image", "podman pull", pull_flags },
};
/* clang-format on */

const PodmanCommand *podman_command_find(const char *section) {
        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                if (strcmp(commands[i].section, section) == 0)
                        return &commands[i];
        }
        return NULL;
}
