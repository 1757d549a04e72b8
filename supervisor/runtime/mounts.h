/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The child's mounts: the kernel's file systems, volumes and tmpfs, and the move into the
 * new root. All is done by descriptors: sources are detached clones, targets are resolved inside the
 * root, and move_mount() joins the two, so that no path is walked twice.
 *
 * Each function is a step: it reads the plan, notes in plan->item where it is, allocates nothing.
 */

#include "runtime/plan.h"

int mounts_open_sources(Plan *p);
int mounts_make_private(Plan *p);
int mounts_add_filesystems(Plan *p);
int mounts_add_volumes(Plan *p);
int mounts_make_read_only(Plan *p);
int mounts_pivot(Plan *p);

/** filesystem_target() - target, type of a row, for messages; NULL if there is no such row */
const char *filesystem_target(int row);
const char *filesystem_type(int row);

/**
 * mount_set_attributes() - flags and propagation of a mount, held by a descriptor of its root
 * @propagation: 0: leave alone
 *
 * Before Linux 5.12 flags can only be changed by path and when attached: this then has to be called
 * after move_mount(), with the host's or the container's /proc in place. See mount_attach().
 */
int mount_set_attributes(const Plan *p,
                int fd,
                uint64_t attributes,
                unsigned long propagation,
                bool recursive);

/**
 * mount_attach() - put a detached mount onto a target, with flags and propagation
 * @recursive: @attributes and @propagation are meant for what is mounted below as well
 */
int mount_attach(const Plan *p,
                int tree_fd,
                int target_fd,
                uint64_t attributes,
                unsigned long propagation,
                bool recursive);

/** mount_check_target() - -EPERM for what is in procfs, where a mount would lead writes elsewhere */
int mount_check_target(const char *target, int target_fd);

/** mount_shift_owners() - of a detached mount, into the container's user namespace. Return: 0, also if that makes
 * no difference; -EINVAL: the file system can't. */
int mount_shift_owners(const Plan *p, int tree_fd, bool recursive);

/** filesystem_create() - a new detached file system. Return: descriptor of its root. */
int filesystem_create(
                const char *type, const PlanOption *options, size_t n_options, uint64_t attributes);
