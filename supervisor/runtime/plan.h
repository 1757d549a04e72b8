/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Everything the child of clone3() needs, computed by the parent: the child only walks it.
 *
 * The parent builds a Plan from a RuntimeSpec; all strings and arrays lie in blocks that the plan owns.
 * The child gets its own copy with the address space and may write to the members marked so. Between
 * clone3() and execve() nothing is allocated, locked or printed.
 *
 * Not its duty: system calls that change anything but a missing volume source.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id-map.h"
#include "runtime/container.h"
#include "runtime/namespaces.h"
#include "runtime/probe.h"

struct sock_fprog;

/* What a SUPD_STATUS_SETUP_FAILED record names. The child does them in this order. */
typedef enum PlanStep {
        PLAN_STEP_SIGNALS,
        PLAN_STEP_CGROUP,
        PLAN_STEP_SHARED, /* item: SharedNamespace */
        PLAN_STEP_APPARMOR,
        PLAN_STEP_CGROUP_NAMESPACE,
        PLAN_STEP_SESSION,
        PLAN_STEP_USER_NAMESPACE,
        PLAN_STEP_SOURCES, /* item: mount */
        PLAN_STEP_PRIVATE,
        PLAN_STEP_ROOT,
        PLAN_STEP_FILESYSTEMS, /* item: row of filesystem_type() */
        PLAN_STEP_DEVICES,     /* item: row of dev_tree_device() */
        PLAN_STEP_OOM_SCORE,
        PLAN_STEP_HOSTNAME,
        PLAN_STEP_LOOPBACK,
        PLAN_STEP_SYSCTLS, /* item: sysctl */
        PLAN_STEP_MOUNTS,  /* item: mount */
        PLAN_STEP_SECRETS, /* item: secret */
        PLAN_STEP_MASKS,   /* item: mask */
        PLAN_STEP_USER,
        PLAN_STEP_WORKING_DIR,
        PLAN_STEP_READ_ONLY,
        PLAN_STEP_HAND_OVER,
        PLAN_STEP_PIVOT,
        PLAN_STEP_STDIO,
        PLAN_STEP_LIMITS, /* item: limit */
        PLAN_STEP_PRIVILEGES,
        PLAN_STEP_SECCOMP,
        PLAN_STEP_CAPABILITIES,
        PLAN_STEP_EXEC,
        PLAN_STEP_NAMESPACES, /* of a command in a container, before PLAN_STEP_SESSION */
        /* Not steps of their own: what a step was at when it failed. */
        PLAN_STEP_LAYER, /* item: lower layer */
        PLAN_STEP_UPPER,
        PLAN_STEP_OVERLAY,
        PLAN_STEP_MOUNT_POINT, /* item: mount */
        PLAN_STEP_COPY_UP,     /* item: mount */
        PLAN_STEP_GROUP,
        PLAN_STEP_SHIFT_ROOT,
        PLAN_STEP_SHIFT_LAYER,   /* item: lower layer */
        PLAN_STEP_SHIFT_MOUNT,   /* item: mount */
        PLAN_STEP_FURTHER_GROUP, /* item: group */
        _PLAN_STEP_MAX,
        _PLAN_STEP_INVALID = -EINVAL,
} PlanStep;

/* One parameter of a file system, for fsconfig(); value NULL: a flag. */
typedef struct PlanOption {
        const char *key, *value;
} PlanOption;

typedef enum PlanMountKind {
        PLAN_MOUNT_BIND,
        PLAN_MOUNT_TMPFS,     /* or another that is made new: type */
        PLAN_MOUNT_TIMEZONE,  /* a bind over /etc/localtime itself, even if that is a link */
        PLAN_MOUNT_HOST_FILE, /* the same over a file that programs can do without */
} PlanMountKind;

typedef struct PlanMount {
        PlanMountKind kind;
        const char *source, *target;
        const char *type;          /* of what is made new */
        uint64_t attributes;       /* MOUNT_ATTR_… */
        unsigned long propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, without MS_REC */
        bool recursive, propagation_recursive;
        bool shift; /* owners, into the user namespace */
        bool copy_up;
        bool ephemeral; /* what is copied need not reach the disk */
        bool mode_set;  /* tmpfs: mode= was given, else it is that of the directory below */
        const PlanOption *options;
        size_t n_options;
        int tree_fd; /* the child's: detached clone of the source */
} PlanMount;

typedef struct PlanSecret {
        const char *name, *target;
        const char *below; /* the target's path below /run/secrets; NULL: it is elsewhere */
        int fd;            /* borrowed */
        uint64_t offset, size;
        mode_t mode;
        uid_t uid;
        gid_t gid;
} PlanSecret;

typedef struct PlanMask {
        const char *path;
        bool read_only; /* bind it read-only; else hide it */
} PlanMask;

typedef struct PlanSysctl {
        const char *name; /* as given, for messages */
        const char *path; /* below /proc: "sys/net/ipv4/ip_forward" */
        const char *value;
} PlanSysctl;

typedef struct PlanLimit {
        int resource;
        struct rlimit limit;
        bool best_effort;
} PlanLimit;

/* Which part of the work a child of clone3() does. */
typedef enum ChildRole {
        CHILD_WHOLE,   /* all of it: no user namespace */
        CHILD_MAPPED,  /* the container's process in a user namespace */
        CHILD_MOUNTER, /* what it can't do itself; see runtime/mounter.h */
} ChildRole;

#define PLAN_GROUPS_MAX 1024U

typedef struct PlanUser { /* the child's: found in the root's files */
        uid_t uid;
        gid_t gid;
        gid_t groups[PLAN_GROUPS_MAX];
        size_t n_groups;
        char home[PATH_MAX];
} PlanUser;

typedef struct Plan {
        struct PlanBlock *blocks; /* owned: all strings and arrays */
        RuntimeFeatures features;

        /* namespaces and cgroup */
        uint64_t clone_flags;
        bool join_cgroup; /* CLONE_INTO_CGROUP does not work here: the child joins by itself */
        int cgroup_fd;    /* borrowed; -EBADF: stay where we are */
        const int *join_fds;
        size_t n_join_fds;
        const char *namespaces[_SHARED_NAMESPACE_MAX]; /* files of those to join; NULL: a new one */
        const char *hostname;                          /* NULL: not to be set */
        bool loopback;
        bool user_namespace;
        int join_user_fd; /* borrowed; the one to join; -EBADF: a new one */
        IdMap uids, gids; /* ranges in the plan's blocks; of one that is joined the mounter's */
        const char *uid_map, *gid_map; /* for the kernel; NULL: joined */
        bool shift_root;               /* owners */
        int handover_fds[2];           /* owned by each process for itself */
        int join_pidfd; /* borrowed; of a container's PID 1: a command for what runs; -EBADF: a new one */
        int join_namespaces; /* CLONE_NEW… of those that differ from ours */

        /* root and mounts */
        const char *root_path;  /* NULL: layers */
        const char *root_image; /* what the layers are of; NULL: not known */
        const char **lowers;    /* topmost first; of a root_path, that alone */
        size_t n_lowers;
        int image_fd; /* owned; detached mount of what the file root_path holds; -EBADF */
        const char *storage_path; /* upper/ and work/; NULL: none */
        bool root_volatile;       /* the storage is never synced */
        bool root_tmpfs;          /* upper/ and work/ on a tmpfs of the container's */
        bool root_overlay;        /* joined by overlayfs */
        bool root_read_only, dev_read_only;
        PlanMount *mounts; /* parents before children */
        size_t n_mounts;
        const PlanSecret *secrets;
        size_t n_secrets;
        const PlanMask *masks;
        size_t n_masks;
        const char *shm_size; /* decimal; NULL: unlimited */
        const char *shm_path; /* directory that is shared; NULL: none */
        const PlanSysctl *sysctls;
        size_t n_sysctls;

        /* process */
        char **argv;        /* as the payload sees it */
        char **exec_argv;   /* with supinit in front */
        char **environment; /* ends with an empty slot for HOME */
        size_t home_slot;   /* 0 with home_needed unset: HOME was given */
        bool home_needed;
        const char *const *exec_paths; /* candidates for argv[0]; with init: NULL */
        int init_fd;                   /* borrowed; sealed supinit; -EBADF: none */
        const char *working_dir;
        const char *user, *group;  /* group NULL: the user's own */
        const char *const *groups; /* further ones */
        size_t n_groups;
        int stdio[3];    /* borrowed; -EBADF: /dev/null */
        int *listen_fds; /* borrowed, each; the child's: where they have got to */
        size_t n_listen_fds;
        const char *listen_option; /* what supinit is told of them; NULL: nothing */
        char *listen_pid;    /* the child's, to fill in: digits in the environment; NULL: none */
        int status_fd;       /* borrowed; write end */
        uint64_t clone_usec; /* monotonic; set just before clone3() */

        /* privileges */
        uint64_t capabilities;
        bool no_new_privileges;
        const char *apparmor;             /* NULL: stay as we are */
        const struct sock_fprog *seccomp; /* borrowed from the runtime; NULL: none */
        const PlanLimit *limits;
        size_t n_limits;
        const char *oom_score_adjust;
        bool oom_score_adjust_set;

        /* the child's own */
        ChildRole role;
        bool shift; /* the maps are such that shifting owners makes a difference */
        uint32_t owner_uid, owner_gid; /* of the container's root, on the host */
        int user_fd, proc_context_fd;
        PlanStep step;
        uint64_t began_usec, mounted_usec; /* monotonic: its first instruction; the root entered */
        int item;
        int root_fd, proc_fd, dev_fd, null_fd, cwd_fd;
        PlanUser who;
        char home_assignment[PATH_MAX + 8];
} Plan;

/**
 * plan_new() - turn a spec into a plan; checks what can be checked before there is a child
 * @init_fd: sealed supinit, borrowed, or -EBADF
 * @seccomp: borrowed, must live as long as the plan; NULL: no filter
 */
int plan_new(const RuntimeSpec *spec,
                const RuntimeFeatures *features,
                int init_fd,
                const struct sock_fprog *seccomp,
                Plan **ret,
                Error *error);
/**
 * plan_new_command() - the same for a command in a running container; see runtime_exec()
 *
 * Root, mounts, network and host name of @spec are not looked at.
 */
int plan_new_command(const RuntimeSpec *spec,
                const RuntimeFeatures *features,
                int init_fd,
                const struct sock_fprog *seccomp,
                Plan **ret,
                Error *error);
Plan *plan_free(Plan *p);
DEFINE_CLEANUP(Plan *, plan_free);

/* Zeroed memory that lives as long as the plan; NULL: out of memory. For building only. */
void *plan_alloc(Plan *p, size_t size);
const char *plan_strdup(Plan *p, const char *s);
const char *plan_printf(Plan *p, const char *format, ...) _printf_(2, 3);

/**
 * plan_error() - say what a failed step was about: "mount volume /srv/data on /data: …"
 * @number: negative errno, also returned
 */
int plan_error(const Plan *p, PlanStep step, int item, int number, Error *error);
