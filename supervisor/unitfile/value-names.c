/* SPDX-License-Identifier: MIT */
#include "unitfile/value.h"

#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/text.h"

/* What programs see as SIGRTMIN: the C library keeps the first two real-time signals to itself. */
#define RTMIN 34
#define RTMAX 64

#define STATUS_MAX 255

typedef struct Name {
        const char *name;
        int value;
} Name;

/* clang-format off */
static const char *const signal_names[] = {
        [SIGHUP]  = "SIGHUP",  [SIGINT]    = "SIGINT",    [SIGQUIT] = "SIGQUIT", [SIGILL]  = "SIGILL",
        [SIGTRAP] = "SIGTRAP", [SIGABRT]   = "SIGABRT",   [SIGBUS]  = "SIGBUS",  [SIGFPE]  = "SIGFPE",
        [SIGKILL] = "SIGKILL", [SIGUSR1]   = "SIGUSR1",   [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
        [SIGPIPE] = "SIGPIPE", [SIGALRM]   = "SIGALRM",   [SIGTERM] = "SIGTERM",
        [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT", [SIGSTOP] = "SIGSTOP",
        [SIGTSTP] = "SIGTSTP", [SIGTTIN]   = "SIGTTIN",   [SIGTTOU] = "SIGTTOU", [SIGURG]  = "SIGURG",
        [SIGXCPU] = "SIGXCPU", [SIGXFSZ]   = "SIGXFSZ",   [SIGVTALRM] = "SIGVTALRM",
        [SIGPROF] = "SIGPROF", [SIGWINCH]  = "SIGWINCH",  [SIGIO]   = "SIGIO",   [SIGPWR]  = "SIGPWR",
        [SIGSYS]  = "SIGSYS",
        [32] = "32", [33] = "33",
        [34] = "RTMIN",    [35] = "RTMIN+1",  [36] = "RTMIN+2",  [37] = "RTMIN+3",  [38] = "RTMIN+4",
        [39] = "RTMIN+5",  [40] = "RTMIN+6",  [41] = "RTMIN+7",  [42] = "RTMIN+8",  [43] = "RTMIN+9",
        [44] = "RTMIN+10", [45] = "RTMIN+11", [46] = "RTMIN+12", [47] = "RTMIN+13", [48] = "RTMIN+14",
        [49] = "RTMIN+15", [50] = "RTMIN+16", [51] = "RTMIN+17", [52] = "RTMIN+18", [53] = "RTMIN+19",
        [54] = "RTMIN+20", [55] = "RTMIN+21", [56] = "RTMIN+22", [57] = "RTMIN+23", [58] = "RTMIN+24",
        [59] = "RTMIN+25", [60] = "RTMIN+26", [61] = "RTMIN+27", [62] = "RTMIN+28", [63] = "RTMIN+29",
        [64] = "RTMIN+30",
};
static_assert(ELEMENTSOF(signal_names) == RTMAX + 1, "every signal has a name");

static const Name signal_aliases[] = {
        { "POLL", SIGIO }, { "CLD", SIGCHLD }, { "IOT", SIGABRT },
};

/* UNITS.md 4.7; numbers of 200 and more are the manager's own failures. */
static const char *const status_names[STATUS_MAX + 1] = {
        [0]   = "SUCCESS",         [1]   = "FAILURE",
        [2]   = "INVALIDARGUMENT", [3]   = "NOTIMPLEMENTED", [4]   = "NOPERMISSION",
        [5]   = "NOTINSTALLED",    [6]   = "NOTCONFIGURED",  [7]   = "NOTRUNNING",
        [64]  = "USAGE",           [65]  = "DATAERR",        [66]  = "NOINPUT",
        [67]  = "NOUSER",          [68]  = "NOHOST",         [69]  = "UNAVAILABLE",
        [70]  = "SOFTWARE",        [71]  = "OSERR",          [72]  = "OSFILE",
        [73]  = "CANTCREAT",       [74]  = "IOERR",          [75]  = "TEMPFAIL",
        [76]  = "PROTOCOL",        [77]  = "NOPERM",         [78]  = "CONFIG",
        [200] = "CHDIR",           [201] = "NICE",           [202] = "FDS",
        [203] = "EXEC",            [204] = "MEMORY",         [205] = "LIMITS",
        [206] = "OOM_ADJUST",      [207] = "SIGNAL_MASK",    [208] = "STDIN",
        [209] = "STDOUT",          [210] = "CHROOT",         [211] = "IOPRIO",
        [212] = "TIMERSLACK",      [213] = "SECUREBITS",     [214] = "SETSCHEDULER",
        [215] = "CPUAFFINITY",     [216] = "GROUP",          [217] = "USER",
        [218] = "CAPABILITIES",    [219] = "CGROUP",         [220] = "SETSID",
        [221] = "CONFIRM",         [222] = "STDERR",         [224] = "PAM",
        [225] = "NETWORK",         [226] = "NAMESPACE",      [227] = "NO_NEW_PRIVILEGES",
        [228] = "SECCOMP",         [229] = "SELINUX_CONTEXT", [230] = "PERSONALITY",
        [231] = "APPARMOR_PROFILE", [232] = "ADDRESS_FAMILIES", [233] = "RUNTIME_DIRECTORY",
        [235] = "CHOWN",           [236] = "SMACK_PROCESS_LABEL", [237] = "KEYRING",
        [238] = "STATE_DIRECTORY", [239] = "CACHE_DIRECTORY", [240] = "LOGS_DIRECTORY",
        [241] = "CONFIGURATION_DIRECTORY", [242] = "NUMA_POLICY", [243] = "CREDENTIALS",
        [244] = "BPF",             [255] = "EXCEPTION",
};

static const char *const capability_names[] = {
        [CAP_CHOWN] = "CAP_CHOWN",
        [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
        [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
        [CAP_FOWNER] = "CAP_FOWNER",
        [CAP_FSETID] = "CAP_FSETID",
        [CAP_KILL] = "CAP_KILL",
        [CAP_SETGID] = "CAP_SETGID",
        [CAP_SETUID] = "CAP_SETUID",
        [CAP_SETPCAP] = "CAP_SETPCAP",
        [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
        [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
        [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
        [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
        [CAP_NET_RAW] = "CAP_NET_RAW",
        [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
        [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
        [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
        [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
        [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
        [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
        [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
        [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
        [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
        [CAP_SYS_NICE] = "CAP_SYS_NICE",
        [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
        [CAP_SYS_TIME] = "CAP_SYS_TIME",
        [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
        [CAP_MKNOD] = "CAP_MKNOD",
        [CAP_LEASE] = "CAP_LEASE",
        [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
        [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
        [CAP_SETFCAP] = "CAP_SETFCAP",
        [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
        [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
        [CAP_SYSLOG] = "CAP_SYSLOG",
        [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
        [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
        [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
        [CAP_PERFMON] = "CAP_PERFMON",
        [CAP_BPF] = "CAP_BPF",
        [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

static const Name rlimit_names[] = {
        { "as", RLIMIT_AS },                 { "core", RLIMIT_CORE },
        { "cpu", RLIMIT_CPU },               { "data", RLIMIT_DATA },
        { "fsize", RLIMIT_FSIZE },           { "locks", RLIMIT_LOCKS },
        { "memlock", RLIMIT_MEMLOCK },       { "msgqueue", RLIMIT_MSGQUEUE },
        { "nice", RLIMIT_NICE },             { "nofile", RLIMIT_NOFILE },
        { "nproc", RLIMIT_NPROC },           { "rss", RLIMIT_RSS },
        { "rtprio", RLIMIT_RTPRIO },         { "rttime", RLIMIT_RTTIME },
        { "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK },
};
/* clang-format on */
static_assert(ELEMENTSOF(rlimit_names) == RLIM_NLIMITS, "every resource has a name");

bool exit_set_has_status(const ExitSet *s, int status) {
        return status >= 0 && status <= STATUS_MAX && s->statuses[status / 64] >> status % 64 & 1;
}

bool exit_set_has_signal(const ExitSet *s, int signal) {
        return signal >= 1 && signal <= RTMAX && s->signals >> (signal - 1) & 1;
}

bool exit_set_is_empty(const ExitSet *s) {
        uint64_t any = s->signals;

        for (size_t i = 0; i < ELEMENTSOF(s->statuses); i++)
                any |= s->statuses[i];
        return any == 0;
}

const char *signal_to_string(int signal) {
        if (signal < 1 || signal > RTMAX)
                return NULL;
        return signal_names[signal];
}

const char *exit_status_to_string(int status) {
        if (status < 0 || status > STATUS_MAX)
                return NULL;
        return status_names[status];
}

const char *capability_to_string(unsigned capability) {
        if (capability >= ELEMENTSOF(capability_names))
                return NULL;
        return capability_names[capability];
}

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n. */
static int parse_real_time_signal(const char *s, int *ret) {
        bool from_max = strncasecmp(s, "RTMAX", 5) == 0;
        uint64_t offset = 0;

        if (!from_max && strncasecmp(s, "RTMIN", 5) != 0)
                return -EINVAL;
        s += 5;
        if (*s) {
                if (*s != (from_max ? '-' : '+'))
                        return -EINVAL;
                int r = parse_u64(s + 1, &offset);
                if (r < 0)
                        return r;
                if (offset > RTMAX - RTMIN)
                        return -ERANGE;
        }
        *ret = from_max ? RTMAX - (int) offset : RTMIN + (int) offset;
        return 0;
}

int value_parse_signal(const char *s, int *ret) {
        uint64_t number;

        if (parse_u64(s, &number) >= 0) {
                if (number < 1 || number > RTMAX)
                        return -ERANGE;
                *ret = (int) number;
                return 0;
        }

        if (strncasecmp(s, "SIG", 3) == 0)
                s += 3;
        for (int i = 1; i < RTMIN - 2; i++) {
                if (strcasecmp(signal_names[i] + 3, s) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(signal_aliases); i++) {
                if (strcasecmp(signal_aliases[i].name, s) == 0) {
                        *ret = signal_aliases[i].value;
                        return 0;
                }
        }
        return parse_real_time_signal(s, ret);
}

int value_parse_capability(const char *s, unsigned *ret) {
        if (strncasecmp(s, "CAP_", 4) == 0)
                s += 4;
        for (unsigned i = 0; i < ELEMENTSOF(capability_names); i++) {
                if (strcasecmp(capability_names[i] + 4, s) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

static int parse_status_name(const char *s) {
        for (int i = 0; i <= STATUS_MAX; i++) {
                if (status_names[i] && strcmp(status_names[i], s) == 0)
                        return i;
        }
        return -EINVAL;
}

int value_parse_exit_set(const char *word, ExitSet *set) {
        uint64_t number;
        int signal;

        /* A number is always a status: systemd has no numeric signals here either. */
        int r = parse_u64(word, &number);
        if (r == -ERANGE || (r >= 0 && number > STATUS_MAX))
                return -ERANGE;
        if (r < 0) {
                r = parse_status_name(word);
                if (r >= 0)
                        number = (uint64_t) r;
        }
        if (r >= 0) {
                set->statuses[number / 64] |= UINT64_C(1) << number % 64;
                return 0;
        }

        r = value_parse_signal(word, &signal);
        if (r < 0)
                return r;
        set->signals |= UINT64_C(1) << (signal - 1);
        return 0;
}

int value_parse_rlimit(const char *name, int *ret_resource) {
        if (strncasecmp(name, "RLIMIT_", 7) == 0)
                name += 7;
        for (size_t i = 0; i < ELEMENTSOF(rlimit_names); i++) {
                if (strcasecmp(rlimit_names[i].name, name) == 0) {
                        *ret_resource = rlimit_names[i].value;
                        return 0;
                }
        }
        return -EINVAL;
}
