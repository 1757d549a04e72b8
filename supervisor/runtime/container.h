/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Making a container: namespaces, root, mounts, privileges, and the first process, from a plain spec.
 *
 * runtime_start() computes a plan, calls clone3() and returns at once; what the child then does is
 * told through the status pipe, see include/supd/init-protocol.h and runtime_status_read(). All mounts
 * live in the container's own mount namespace, so that nothing has to be cleaned up on the host.
 *
 * Not its duty: units, restarts, cgroup policy, where stdout leads.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id-map.h"
#include "runtime/cgroup.h"
#include "supd/init-protocol.h"

typedef enum RuntimeNetwork {
        RUNTIME_NETWORK_NONE, /* own namespace, loopback up */
        RUNTIME_NETWORK_HOST,
} RuntimeNetwork;

typedef struct RuntimeBind {
        const char *source, *target;
        bool recursive, read_only, noexec, nosuid, nodev;
        bool shift_owners;  /* into the user namespace, as RuntimeRoot's */
        bool create_source; /* make a missing source, as a directory */
        /* A source directory that is empty is filled, once, with what the root has at the target, and takes
         * its owner and mode. A copy that was cut short is made anew. */
        bool copy_up;
        bool ephemeral; /* thrown away with the container: what is copied is not synced */
        unsigned long propagation; /* MS_PRIVATE, MS_SHARED|MS_REC, …; 0: MS_PRIVATE|MS_REC */
} RuntimeBind;

typedef struct RuntimeTmpfs {
        const char *type; /* "tmpfs", "ramfs" or "devpts"; NULL: tmpfs */
        const char *target;
        const char *options; /* "size=64m,mode=1777"; NULL: none */
        bool read_only, noexec, nosuid, nodev, copy_up;
} RuntimeTmpfs;

/* A file whose bytes are copied, from a descriptor, into the container's memory: it is on no disk of it. */
typedef struct RuntimeSecret {
        const char *name;   /* for messages */
        const char *target; /* absolute */
        int fd;             /* borrowed */
        uint64_t offset, size;
        mode_t mode;
        uid_t uid; /* the container's */
        gid_t gid;
} RuntimeSecret;

typedef struct RuntimeLimit {
        int resource;        /* RLIMIT_… */
        uint64_t soft, hard; /* UINT64_MAX: RLIM_INFINITY */
        bool best_effort;    /* a default: lowered to what is allowed instead of failing */
} RuntimeLimit;

#define RUNTIME_LAYERS_MAX 500U /* what overlayfs joins */

/*
 * Where the root comes from: one of @path and @layers. Above it lies a writable layer, in @storage_path or,
 * with @overlay, on a tmpfs of the container's own mount namespace. With neither, a directory is written to
 * itself, and all else can't be written at all: then even mount points have to be there already.
 */
typedef struct RuntimeRoot {
        const char *path;    /* host directory, or a file that holds squashfs or erofs */
        char *const *layers; /* host directories, as overlayfs wants them, the lowest first */
        size_t n_layers;     /* up to RUNTIME_LAYERS_MAX; one that comes again counts once */
        const char *image;   /* what the layers are of, for messages; NULL: not known */
        /* Host directory, for this container alone. upper/ and work/ in it are made if they are missing: upper/
         * with the owner and mode of the root below, and then kept. NULL: none. */
        const char *storage_path;
        /* The storage is thrown away before the next start: nothing is ever synced for it, neither by the
         * container nor when it ends. Such a storage is refused by a second start. */
        bool volatile_upper;
        bool overlay; /* without storage: upper layer on a tmpfs */
        /* With a user namespace: what belongs to an id on disk belongs to the same id in the container, by
         * idmapped mounts. Else it belongs to the same id of the host. What is written to storage is always
         * stored with ids of the host. */
        bool shift_owners;
        bool read_only;
        bool read_only_tmpfs; /* with read_only: writable tmpfs on /run, /tmp, /var/tmp */
        const RuntimeBind *binds;
        size_t n_binds;
        const RuntimeTmpfs *tmpfs;
        size_t n_tmpfs;
        const RuntimeSecret *secrets;
        size_t n_secrets;
        uint64_t shm_size_bytes; /* 0: unlimited */
        char *const *mask,
                        *const *unmask; /* added to and taken from the default masked and read-only
                                            * paths; unmask "ALL" */
        const char *timezone;           /* zone name or "local"; NULL: leave alone */
} RuntimeRoot;

typedef struct RuntimeProcess {
        char *const *argv; /* argv[0] is looked up in the environment's PATH inside the root */
        char *const *environment; /* complete, but for HOME, from the user's entry, and PATH, a usual
                                   * one, where they are missing */
        const char *working_dir;  /* inside; made if missing; NULL: / */
        const char *user, *group; /* names or ids, resolved in the root's files; NULL: root */
        char *const *groups;      /* further ones, likewise; NULL: none */
        bool init;                /* supinit as PID 1 */
        /* Borrowed; -EBADF: /dev/null. A pipe is given to the user, who may reopen it then. */
        int stdin_fd, stdout_fd, stderr_fd;
        /* Borrowed; the payload has them from descriptor 3 on, and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES
         * in its environment. Up to RUNTIME_LISTEN_FDS_MAX. */
        const int *listen_fds;
        size_t n_listen_fds;
        const char *listen_names; /* one for each, ':' between */
} RuntimeProcess;

#define RUNTIME_LISTEN_FDS_MAX 64U

typedef struct RuntimeSecurity {
        /* 1 << CAP_…: bounding, and for root permitted and effective too; see
         * runtime_capabilities_default(). UINT64_MAX: all that supd has. */
        uint64_t capabilities;
        bool no_new_privileges;
        bool seccomp;         /* the default profile */
        const char *apparmor; /* profile that is entered on exec; NULL: as supd itself */
        char *const *sysctls; /* "net.ipv4.ip_forward=1"; only namespaced ones */
        const RuntimeLimit *limits;
        size_t n_limits;
        int oom_score_adjust;
        bool oom_score_adjust_set; /* asked for by name: failing is an error */
} RuntimeSecurity;

/* What the container shares with others: see runtime/namespaces.h. */
typedef struct RuntimeShared {
        const char *net, *ipc, *uts; /* files of nsfs; NULL: as the rest of the spec has it */
        const char *shm;             /* directory that becomes /dev/shm; NULL: one of its own */
} RuntimeShared;

typedef enum RuntimeUsersMode {
        RUNTIME_USERS_HOST, /* no user namespace */
        RUNTIME_USERS_MAP,  /* a new one */
        RUNTIME_USERS_JOIN, /* one that exists */
} RuntimeUsersMode;

typedef struct RuntimeUsers {
        RuntimeUsersMode mode;
        IdMap uids, gids; /* of a new one */
        int namespace_fd; /* of one that exists */
} RuntimeUsers;

/* All borrowed for the call of runtime_start(). */
typedef struct RuntimeSpec {
        const char *hostname; /* not set in a shared namespace */
        RuntimeNetwork network;
        RuntimeShared shared;
        /* The host's /etc/resolv.conf and /etc/hosts, read-only, where no bind covers them: for images, which
         * ship no useful ones, in the host's network. */
        bool host_names;
        RuntimeRoot root;
        RuntimeUsers users;
        RuntimeProcess process;
        RuntimeSecurity security;
        Cgroup *cgroup; /* limits and devices already applied; NULL: stay in the caller's groups */
} RuntimeSpec;

/* What lasts as long as supd: the sealed supinit, compiled seccomp programs, probed kernel features. */
typedef struct Runtime Runtime;

/**
 * runtime_new() - probe the kernel; read @supinit_path into a sealed memfd
 * @supinit_path: NULL: only containers without init can be started
 *
 * The seccomp profile is compiled on first use and kept.
 */
int runtime_new(const char *supinit_path, Runtime **ret, Error *error);
Runtime *runtime_free(Runtime *r);
DEFINE_CLEANUP(Runtime *, runtime_free);
/** runtime_features() - what was probed, for status: "clone3 into cgroup, overlay, pidfd info"; borrowed */
const char *runtime_features(const Runtime *r);

/** runtime_capabilities_default() - Docker's default set as a mask */
uint64_t runtime_capabilities_default(void);

/* The container's first process, from clone3() to its end. */
typedef struct RuntimeChild {
        pid_t pid;
        int pidfd;           /* owned; readable when PID 1 has ended */
        int status_fd;       /* owned; non-blocking read end of the status pipe */
        uint64_t clone_usec; /* monotonic; what SUPD_STATUS_SET_UP counts from */
        struct Plan *plan; /* owned; what setup errors refer to; freed by runtime_child_settle() */
} RuntimeChild;

/**
 * runtime_start() - make the container and its first process
 *
 * Does not wait for the child. What can be checked before is: the root is a directory, sources exist.
 * Errors read "mount volume /srv/data on /data: No such file or directory".
 */
int runtime_start(Runtime *r, const RuntimeSpec *spec, RuntimeChild *ret, Error *error);

/**
 * runtime_status_read() - one record from a status pipe
 *
 * Return: 1 and *ret; 0 at end of file; -EAGAIN when there is nothing yet.
 */
int runtime_status_read(int status_fd, SupdStatusRecord *ret);

/** runtime_child_error() - a SETUP_FAILED or EXEC_FAILED record as text; Return: its negative errno */
int runtime_child_error(const RuntimeChild *c, const SupdStatusRecord *record, Error *error);

/** runtime_child_settle() - the payload runs: free what only set-up errors needed */
void runtime_child_settle(RuntimeChild *c);
void runtime_child_done(RuntimeChild *c); /* closes; kills nothing */

/**
 * runtime_child_payload() - host pid of the payload: supinit's first child, or PID 1 itself
 * Return: 0; -ESRCH if it is gone already.
 */
int runtime_child_payload(pid_t pid, bool init, pid_t *ret);

/**
 * runtime_command_is_init() - UNITS.md, RunInit: /sbin/init, systemd, tini, s6-svscan, … or a link to one
 * inside @root, whose layers are looked through as they lie
 *
 * In a file that holds a file system links are not followed: the command's own name decides.
 */
bool runtime_command_is_init(const RuntimeRoot *root, const char *command);
