/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptors kept for the supervised program over its restarts, each under a name that several may
 * share. The table is indexed by descriptor number: the order is then ascending whatever was
 * removed, and moving the i-th descriptor to 3 + i never overwrites one that is yet to be moved.
 */

#include <stdbool.h>
#include <stddef.h>

#define FD_STORE_FIRST 3
#define FD_STORE_END 8192
#define FD_STORE_NAME_MAX 255 /* systemd's limit */

/* Numbers left free below RLIMIT_NOFILE, for what a restart opens. */
#define FD_STORE_RESERVE 16

typedef struct FdStore {
        /* By descriptor; empty: not stored. A page of it is touched only once a name is put there. */
        char names[FD_STORE_END][FD_STORE_NAME_MAX + 1];
        int end;   /* above the highest that was ever stored */
        int limit; /* numbers from here on are not stored; up to FD_STORE_END */
        bool overflow_reported;
} FdStore;

/** fd_store_init() - @fds_max: RLIMIT_NOFILE; the store must be zero. */
void fd_store_init(FdStore *s, unsigned long long fds_max);

/**
 * fd_store_add() - keep a descriptor; one of the same name and open file is not kept twice
 * @fd:     consumed: closed if it is not kept
 * @name:   printable ASCII without ':', up to FD_STORE_NAME_MAX; anything else, like NULL, is
 *          "stored", as under systemd
 */
void fd_store_add(FdStore *s, int fd, const char *name);

/** fd_store_overflow() - say on stderr, the first time, that descriptors were lost. */
void fd_store_overflow(FdStore *s);

/** fd_store_remove() - close all descriptors of that name. */
void fd_store_remove(FdStore *s, const char *name);

/** fd_store_count() - how many are stored. */
int fd_store_count(const FdStore *s);

/**
 * fd_store_names() - all names in order, each followed by @separator
 *
 * Return: the bytes written to @buffer; -ENOBUFS if @size is too small.
 */
int fd_store_names(const FdStore *s, char separator, char *buffer, size_t size);

/** fd_store_names_memfd() - a sealed file of names, one a line. Return: it, or negative errno. */
int fd_store_names_memfd(const FdStore *s);

/**
 * fd_store_pass() - in a forked child: move all to FD_STORE_FIRST and up, to be kept by its exec
 *
 * Overwrites whatever else is open there.
 *
 * Return: 0 or negative errno.
 */
int fd_store_pass(const FdStore *s);

/** fd_pass_as() - in a forked child: have @fd as descriptor @number after the exec. */
int fd_pass_as(int fd, int number);
