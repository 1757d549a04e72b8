/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The default seccomp profile as BPF programs. Compiling takes a millisecond, so each variant (the
 * profile depends on the capabilities) is compiled once and kept.
 */

#include <linux/filter.h>
#include <stdint.h>

#include "base/error.h"

typedef struct SeccompCache SeccompCache;

SeccompCache *seccomp_cache_new(void); /* NULL: out of memory */
SeccompCache *seccomp_cache_free(SeccompCache *c);
DEFINE_CLEANUP(SeccompCache *, seccomp_cache_free);

/**
 * seccomp_cache_get() - the program for a set of capabilities
 * @ret: borrowed; lives as long as the cache
 */
int seccomp_cache_get(SeccompCache *c,
                uint64_t capabilities,
                const struct sock_fprog **ret,
                Error *error);
