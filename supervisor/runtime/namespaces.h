/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Namespaces that several containers share, without a process in them: a directory of files that nsfs is
 * mounted on, "net", "ipc" and "uts", and a tmpfs "shm", their /dev/shm. They live as long as the mounts:
 * through the end of whoever made them, not through a reboot.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum SharedNamespace {
        SHARED_NET,
        SHARED_IPC,
        SHARED_UTS,
        _SHARED_NAMESPACE_MAX,
        _SHARED_NAMESPACE_INVALID = -EINVAL,
} SharedNamespace;

typedef struct NamespacesSpec {
        const char *dir; /* made; what is left in it from before goes */
        const char *hostname;
        bool host_network;        /* no "net": that of the host */
        const char *network_path; /* the network namespace of this file; NULL: a new one, loopback up */
        uint64_t shm_size_bytes; /* 0: unlimited */
} NamespacesSpec;

/**
 * namespaces_make() - for a process that ends after this: it is in the new namespaces itself
 *
 * Return: 0; negative errno, and nothing but an empty directory is left.
 */
int namespaces_make(const NamespacesSpec *spec, Error *error);

/** namespaces_remove() - unmount all, remove @dir. What joined goes on. A missing one is fine. */
int namespaces_remove(const char *dir);

/** namespaces_exist() - a mount is there for each but a network, which may be the host's */
bool namespaces_exist(const char *dir);

/** shared_namespace_to_string() - the name of its file: "net", as in /proc/PID/ns */
const char *shared_namespace_to_string(SharedNamespace n);
/** shared_namespace_flag() - CLONE_NEWNET and so on */
int shared_namespace_flag(SharedNamespace n);
#define SHARED_SHM "shm"
