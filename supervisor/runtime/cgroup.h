/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The delegated cgroup subtree and the groups in it, on cgroup v2 alone or on the hybrid layout.
 *
 * A CgroupTree is opened once, at the cgroup this process was started in (each hierarchy's own path).
 * A Cgroup is one directory NAME below it, in every hierarchy that is needed. Freezer, kill, events and
 * membership always come from the v2 tree; only limits and device rules differ by driver.
 *
 * The root of the tree carries the extended attribute user.supd.leaf, which names the leaf that
 * cgroup_tree_enter() made. So a later supd finds the same root whether it is started in the leaf (by a
 * guardian that was moved there too) or in the root (by systemd, which knows nothing of the leaf).
 *
 * Not its duty: deciding when to freeze, kill or remove. Nothing here blocks beyond a system call.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct CgroupTree CgroupTree;
typedef struct Cgroup Cgroup;

/* Limits of single disks. */
typedef enum CgroupIoKind {
        CGROUP_IO_WEIGHT, /* 1 to 10000 */
        CGROUP_IO_READ_BYTES,
        CGROUP_IO_WRITE_BYTES, /* per second */
        CGROUP_IO_READ_OPERATIONS,
        CGROUP_IO_WRITE_OPERATIONS,
        CGROUP_IO_LATENCY_USEC,
        _CGROUP_IO_KIND_MAX,
        _CGROUP_IO_KIND_INVALID = -EINVAL,
} CgroupIoKind;

typedef struct CgroupIoLimit {
        CgroupIoKind kind;
        uint32_t major, minor; /* of the whole disk: block-device.h */
        uint64_t value;        /* UINT64_MAX: none */
} CgroupIoLimit;

/* UINT64_MAX: leave the kernel's default. */
typedef struct CgroupLimits {
        uint64_t memory_min_bytes,
                        memory_low_bytes; /* what is kept; 0: none; UINT64_MAX: all of it */
        uint64_t memory_max_bytes, memory_high_bytes, memory_swap_max_bytes;
        uint64_t memory_zswap_max_bytes;
        uint64_t pids_max;
        uint64_t cpu_quota_usec;  /* per period */
        uint64_t cpu_period_usec; /* 100 ms unless set */
        uint64_t cpu_weight;      /* 1 to 10000; 0: idle */
        uint64_t io_weight;       /* 1 to 10000 */
        const char *cpus;         /* borrowed; "0-3,8"; NULL: all */
        const char *memory_nodes; /* borrowed; likewise */
        const CgroupIoLimit *io;  /* borrowed; of one kind and disk the last one counts */
        size_t n_io;
        bool memory_oom_group;          /* OOMPolicy=kill; see cgroup_tree_has_oom_group() */
        bool memory_no_zswap_writeback; /* what is compressed in memory never goes to the disk */
} CgroupLimits;

#define CGROUP_LIMITS_NONE \
        ((CgroupLimits) { \
                        .memory_max_bytes = UINT64_MAX, \
                        .memory_high_bytes = UINT64_MAX, \
                        .memory_swap_max_bytes = UINT64_MAX, \
                        .memory_zswap_max_bytes = UINT64_MAX, \
                        .pids_max = UINT64_MAX, \
                        .cpu_quota_usec = UINT64_MAX, \
                        .cpu_period_usec = 100000, \
                        .cpu_weight = UINT64_MAX, \
                        .io_weight = UINT64_MAX, \
        })

/* One allowed device; what is not listed is denied. major or minor UINT32_MAX: any. */
#define DEVICE_RULES_MAX 1024U
typedef struct DeviceRule {
        char type; /* 'c', 'b', or 'a': every device in every way, whatever else the rule says */
        uint32_t major, minor;
        bool read, write, mknod;
} DeviceRule;

/* Figures for status; UINT64_MAX where the hierarchy does not tell. */
typedef struct CgroupStats {
        uint64_t memory_current_bytes, memory_peak_bytes, memory_max_bytes;
        uint64_t tasks_current, tasks_max;
        uint64_t cpu_usage_usec;
        uint64_t io_read_bytes, io_write_bytes;
} CgroupStats;

/**
 * cgroup_tree_open() - find out how cgroups are mounted and where this process is in them
 *
 * Accepts v2 alone and hybrid (v1 controllers beside a v2 tree). Changes nothing. Return: 0;
 * -EOPNOTSUPP with an explanation for anything else; -EROFS, -EACCES where the subtree is not writable.
 */
int cgroup_tree_open(CgroupTree **ret, Error *error);

/**
 * cgroup_tree_enter() - take possession: move this process into the leaf @name below the tree's root
 * and enable the controllers for the siblings to come
 *
 * On v2 a group with controllers enabled for its children holds no processes: other processes found in
 * the root of the subtree (the guardian that started us) are moved into the leaf too; only the root of
 * the whole hierarchy may hold processes, and keeps them. v1 hierarchies know no such rule: there this
 * process stays where it is.
 *
 * One supervisor a tree: a lock is held until cgroup_tree_leave(), cgroup_tree_free(), execve() or death.
 * Return: 0; -EBUSY if another live process holds it.
 *
 * systemd resets cgroup.subtree_control of a delegated unit when it starts it again, and the kernel then
 * forgets the limits of groups still running: who adopts a group applies its limits anew.
 */
int cgroup_tree_enter(CgroupTree *t, const char *name, Error *error);

/**
 * cgroup_tree_leave() - undo cgroup_tree_enter() at the end: back to the root, leaf removed
 *
 * Return: 0; -EBUSY, nothing done, while a group of cgroup_list() is left: undoing would lift its limits.
 */
int cgroup_tree_leave(CgroupTree *t);

const char *cgroup_tree_driver(const CgroupTree *t); /* "v2" or "hybrid" */
const char *cgroup_tree_path(const CgroupTree *t); /* in the v2 hierarchy: "/", "/system.slice/x" */
/**
 * cgroup_tree_controllers() - space-separated, of "cpu cpuset devices io memory pids": what will work;
 * borrowed; final after cgroup_tree_enter()
 */
const char *cgroup_tree_controllers(const CgroupTree *t);
/**
 * cgroup_tree_has_oom_group() - whether the kernel itself can kill all of a group at once for memory
 * (v2); else watch cgroup_oom_fd() and kill
 */
bool cgroup_tree_has_oom_group(const CgroupTree *t);

CgroupTree *cgroup_tree_free(CgroupTree *t);
DEFINE_CLEANUP(CgroupTree *, cgroup_tree_free);

/**
 * cgroup_open() - the group NAME: made if missing, taken as it is if there (adoption, restart)
 * @name: "web.service", or below slices "a.slice/a-b.slice/web.service", which are made as well
 * @ret:  cgroup_free() closes, it never removes
 *
 * Only after cgroup_tree_enter(). Holds two descriptors and one for each v1 hierarchy used. The tree must
 * outlive the group.
 */
int cgroup_open(CgroupTree *t, const char *name, Cgroup **ret, Error *error);

/**
 * cgroup_open_scratch() - a new group below @parent, for one command and all that it starts
 * @ret: counts as fresh; cgroup_scratch_discard() ends it
 *
 * In the v2 tree it has a directory of its own, by which it can be killed alone; in v1 hierarchies its
 * processes are in the parent's groups. Limits, devices and freezing are the parent's. Scratch groups of
 * before that nobody is in any more are removed on the way.
 */
int cgroup_open_scratch(Cgroup *parent, Cgroup **ret, Error *error);
/**
 * cgroup_scratch_end() - SIGKILL to all in it, then remove it
 *
 * Return: 0; -EBUSY while the killed still die: to be repeated when cgroup_read_events() finds nobody in it.
 */
int cgroup_scratch_end(Cgroup *c);
/** cgroup_scratch_discard() - cgroup_scratch_end(), then free it; what still dies then is removed by the next
 * cgroup_open_scratch(), or with the parent */
Cgroup *cgroup_scratch_discard(Cgroup *c);
DEFINE_CLEANUP(Cgroup *, cgroup_scratch_discard);
/** cgroup_kill_scratches() - end all scratch groups that an earlier supervisor left below @parent */
void cgroup_kill_scratches(Cgroup *parent);

/** cgroup_list() - names of the groups of our making below the tree ("*.service"), also below slices: what recovery
 * checks.
 * @ret: strv, owned by the caller */
int cgroup_list(CgroupTree *t, char ***ret, Error *error);

Cgroup *cgroup_free(Cgroup *c);
DEFINE_CLEANUP(Cgroup *, cgroup_free);

/**
 * cgroup_apply_limits() - set the limits asked for, put all others back to the kernel's default
 *
 * A limit that was asked for and can't be set is an error naming it (and its controller); what came before
 * it is set then. Writes nothing when @limits are what this group has already. Approximations on v1:
 * CPUWeight=idle is cpu.shares 2, a weight w is 10.24 w shares; MemorySwapMax needs a MemoryMax.
 */
int cgroup_apply_limits(Cgroup *c, const CgroupLimits *limits, Error *error);
/**
 * cgroup_apply_devices() - deny all devices but @rules
 *
 * v2: a BPF program, replaced atomically; it lives as long as the group, whatever becomes of us. v1: what
 * is new is allowed before what is gone is denied.
 */
int cgroup_apply_devices(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error);

/** cgroup_dir_fd() - v2 directory, for CLONE_INTO_CGROUP; borrowed */
int cgroup_dir_fd(const Cgroup *c);
/**
 * cgroup_join_fds() - borrowed descriptors of the files that a new process must write "0" to by itself,
 * while it has one thread: the v1 hierarchies of the hybrid driver; none on v2
 *
 * They are "tasks", not cgroup.procs: moving itself as a single thread spares the process a lock over all
 * forks of the machine, and most of the time. Valid until the next cgroup_apply_limits() or _devices(): ask after those.
 */
size_t cgroup_join_fds(const Cgroup *c, const int **ret_fds);
/** cgroup_set_attribute() - an extended attribute of its directory; @value NULL: none. Return: 0; -EOPNOTSUPP where the
 * kernel has none of the user's there (before Linux 5.7). */
int cgroup_set_attribute(Cgroup *c, const char *name, const void *value, size_t size);
/** cgroup_name() - as it was opened; borrowed */
const char *cgroup_name(const Cgroup *c);
/** cgroup_path() - path in the v2 hierarchy as journald and systemctl show it; borrowed */
const char *cgroup_path(const Cgroup *c);

/**
 * cgroup_events_fd() - cgroup.events, to be watched for EPOLLPRI; borrowed. After it fires call
 * cgroup_read_events(), which also rearms it.
 */
int cgroup_events_fd(const Cgroup *c);
typedef struct CgroupEvents {
        bool populated, frozen;
} CgroupEvents;
/** cgroup_read_events() - Return: 0; -ENODEV once the group is removed */
int cgroup_read_events(Cgroup *c, CgroupEvents *ret);

/**
 * cgroup_oom_fd() - a descriptor, owned by the caller, that fires when the group runs out of memory
 * @ret_events: what to poll for: EPOLLPRI (v2, memory.events) or EPOLLIN (v1, an eventfd)
 *
 * After it fires call cgroup_oom_rearm(), then cgroup_read_oom_kills(). On v1 it fires just before the
 * kernel kills. Return: the descriptor; -EOPNOTSUPP without the memory controller.
 */
int cgroup_oom_fd(Cgroup *c, uint32_t *ret_events);
void cgroup_oom_rearm(int oom_fd);

/** cgroup_freeze() - ask the kernel to freeze or thaw; done when cgroup_read_events() says so */
int cgroup_freeze(Cgroup *c, bool freeze, Error *error);
/**
 * cgroup_kill() - SIGKILL to every process in it, also to those forked meanwhile, also when frozen
 *
 * cgroup.kill where there is one (Linux 5.14), else a loop over cgroup.procs.
 */
int cgroup_kill(Cgroup *c, Error *error);
/**
 * cgroup_is_fresh() - made by us and never killed: a process cloned into it lives
 *
 * Since Linux 6.14 (and where that was backported to) clone3() compares how often the target group was
 * killed with how often the caller's own was, and takes a difference for a kill that it has missed: whatever
 * is cloned into a group that has seen a kill dies at once. So remove such a group and open another.
 */
bool cgroup_is_fresh(const Cgroup *c);
/** cgroup_signal() - @signal, once, to every process in the group and its children groups */
int cgroup_signal(Cgroup *c, int signal, Error *error);

/**
 * cgroup_remove() - rmdir, children first, in each hierarchy; may be repeated. Slices that are empty then go too.
 *
 * Return: 0; -EBUSY while processes are in it. After 0 @c is only good for cgroup_free().
 */
int cgroup_remove(Cgroup *c);

int cgroup_read_stats(Cgroup *c, CgroupStats *ret);
/**
 * cgroup_read_oom_kills() - how many processes the kernel has killed here for memory, ever
 *
 * Children groups included on v2 only. Return: 0; -EOPNOTSUPP without the memory controller.
 */
int cgroup_read_oom_kills(Cgroup *c, uint64_t *ret);
/** cgroup_read_pids() - processes of the group and its children groups; malloc'ed array */
int cgroup_read_pids(Cgroup *c, pid_t **ret, size_t *ret_n);
