/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Container]: what was asked, as data. Immutable once loaded.
 *
 * A unit's own spec still holds ${NAME} references as they are written; a value that can't hold one
 * (a number, say) has its default there. What is to run comes from unit_spec_resolve().
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/health-spec.h"
#include "unitfile/image-spec.h"
#include "unitfile/users-spec.h"
#include "unitfile/value.h"

typedef enum RunInit {
        RUN_INIT_AUTO, /* supinit, unless the command is an init of its own */
        RUN_INIT_YES,
        RUN_INIT_NO,
} RunInit;

typedef enum NetworkMode {
        NETWORK_NONE, /* a namespace with loopback up */
        NETWORK_HOST,
        _NETWORK_MODE_MAX,
        _NETWORK_MODE_INVALID = -EINVAL,
} NetworkMode;

typedef enum LogDriverKind {
        LOG_DRIVER_AUTO, /* journald if its socket is there, else file */
        LOG_DRIVER_JOURNALD,
        LOG_DRIVER_FILE, /* k8s-file, json-file and file in the unit */
        LOG_DRIVER_NONE,
        LOG_DRIVER_PASSTHROUGH, /* supd's own stdout and stderr */
        _LOG_DRIVER_KIND_MAX,
        _LOG_DRIVER_KIND_INVALID = -EINVAL,
} LogDriverKind;

typedef enum Propagation {
        PROPAGATION_PRIVATE,
        PROPAGATION_RPRIVATE,
        PROPAGATION_SHARED,
        PROPAGATION_RSHARED,
        PROPAGATION_SLAVE,
        PROPAGATION_RSLAVE,
        PROPAGATION_UNBINDABLE,
        PROPAGATION_RUNBINDABLE,
        _PROPAGATION_MAX,
        _PROPAGATION_INVALID = -EINVAL,
} Propagation;

/* Volume= with a host path. */
typedef struct VolumeSpec {
        char *source;              /* owned; absolute host path, or with ${…} */
        char *target;              /* owned; absolute path in the container */
        bool read_only, recursive; /* recursive: rbind, the default */
        bool noexec, nosuid, nodev;
        bool idmap;    /* owners are shifted into the container's user namespace */
        bool nocreate; /* a missing source is an error; otherwise the directory is created */
        Propagation propagation; /* default rprivate */
        bool glob; /* source is a pattern, target a directory that gets what is found by its name */
        bool glob_in_place; /* target means nothing: each is where it is on the host */
} VolumeSpec;

typedef enum FilesystemType { /* of TmpfsSpec: tmpfs, and what else Mount= makes new */
        FILESYSTEM_TMPFS,
        FILESYSTEM_RAMFS,
        FILESYSTEM_DEVPTS,
        _FILESYSTEM_TYPE_MAX,
        _FILESYSTEM_TYPE_INVALID = -EINVAL,
} FilesystemType;

const char *filesystem_type_to_string(FilesystemType t); /* the kernel's name */

typedef struct TmpfsSpec {
        FilesystemType type;
        char *target;  /* owned */
        char *options; /* owned; file-system options ("size=64m,mode=1777"); NULL: none */
        bool read_only, noexec, nosuid, nodev;
        bool copy_up; /* start with what the root has there */
} TmpfsSpec;

/* A secret, as a file or as a variable of the payload. */
typedef struct SecretSpec {
        char *name;       /* owned */
        char *target;     /* owned; absolute path in the container, or name of the variable */
        bool environment; /* a variable */
        uint32_t uid, gid, mode;
} SecretSpec;

typedef struct SecretSpecs {
        SecretSpec *items; /* owned */
        size_t n_items;
} SecretSpecs;

/* AddDevice= */
typedef struct DeviceSpec {
        char *source; /* owned; host path: a node, or a directory of nodes */
        char *target; /* owned */
        bool read, write, mknod;
        bool optional; /* left out if the host has no such node */
} DeviceSpec;

typedef struct DeviceSpecs {
        DeviceSpec *items; /* owned */
        size_t n_items;
} DeviceSpecs;

typedef struct UlimitSpec {
        int resource;        /* RLIMIT_… */
        uint64_t soft, hard; /* UINT64_MAX: the maximum */
        bool host;           /* as supd's own */
} UlimitSpec;

typedef struct RootSpec {
        char *rootfs; /* owned; host directory; NULL: none given */
        bool overlay; /* :O, changes are thrown away with the container */
        bool idmap;   /* :idmap, owners are shifted into the container's user namespace */
        bool read_only;
        bool read_only_tmpfs; /* ReadOnlyTmpfs=, default true */
        VolumeSpec *volumes;  /* owned */
        size_t n_volumes;
        TmpfsSpec *tmpfs; /* owned */
        size_t n_tmpfs;
        char *shm_size;          /* owned; docker-style size as written; NULL: 64m */
        uint64_t shm_size_bytes; /* parsed, if no ${…} in it; 0: unlimited */
        char **mask, **unmask;   /* owned; paths; unmask may hold "ALL" */
        char *timezone;          /* owned; NULL: unset; "local": the host's */
        bool volatile_tmp;       /* VolatileTmp=; its tmpfs is among those above */
} RootSpec;

typedef struct ProcessSpec {
        char **exec;              /* owned; Exec=, NULL: none */
        char **entrypoint;        /* owned; NULL: none */
        bool entrypoint_cleared;  /* Entrypoint= given and empty */
        char **environment;       /* owned; "NAME=VALUE", sorted; a bare NAME imports supd's */
        char **environment_files; /* owned; absolute, or starting with '%'/'$' before expansion */
        char *working_dir;        /* owned; NULL: / */
        char *user, *group;       /* owned; names or ids; NULL: root */
        char **groups;         /* owned; GroupAdd=: further ones likewise; or "keep-groups" alone */
        bool host_environment; /* EnvironmentHost= */
        bool http_proxy;       /* HttpProxy=, default true */
        RunInit run_init;
        int stop_signal;            /* 0: unset, the image's or SIGTERM */
        uint64_t stop_timeout_usec; /* default 10 s */
} ProcessSpec;

typedef struct SecuritySpec {
        uint64_t add_capabilities, drop_capabilities; /* 1 << CAP_…; UINT64_MAX: all */
        bool no_new_privileges;
        bool seccomp_unconfined; /* SeccompProfile=unconfined; other profiles are refused so far */
        char *apparmor;          /* owned; profile, or "unconfined"; NULL: unset */
        char **sysctls;          /* owned; "name=value" */
        UlimitSpec *ulimits;     /* owned */
        size_t n_ulimits;
} SecuritySpec;

typedef struct ContainerSpec {
        char *name;       /* owned; ContainerName= or the default of UNITS.md 1.3 */
        char *hostname;   /* owned; NULL: the short container id */
        char *image;      /* owned; Image=, as written; NULL: Rootfs= or image_unit */
        char *image_unit; /* owned; file name of the unit that Image= names; NULL: none */
        PullSpec pull;    /* of image */
        char *pod;        /* owned; file name of the unit that Pod= names; NULL: none */
        bool start_with_pod;
        RootSpec root;
        UsersSpec users;
        ProcessSpec process;
        char **reload_command; /* owned; ReloadCmd=; NULL: none */
        int reload_signal;     /* ReloadSignal=; 0: none */
        SecuritySpec security;
        SecretSpecs secrets;
        DeviceSpecs devices;
        HealthSpec health;
        NotifyMode notify;
        NetworkMode network;
        uint64_t memory_bytes; /* Memory=; UINT64_MAX: unset */
        uint64_t pids_limit;   /* PidsLimit=, default 2048; UINT64_MAX: unlimited */
        LogDriverKind log_driver;
        uint64_t log_size_max_bytes;  /* LogOpt=max-size=; UINT64_MAX: default */
        char **annotations, **labels; /* owned; "NAME=VALUE" */
} ContainerSpec;

/** root_spec_has_mount() - the unit itself mounts something right there */
bool root_spec_has_mount(const RootSpec *root, const char *target);
void secret_specs_done(SecretSpecs *s);
void device_specs_done(DeviceSpecs *d);
void container_spec_init(ContainerSpec *c);
void container_spec_done(ContainerSpec *c);
