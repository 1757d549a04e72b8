/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The few macros the whole tree speaks: sizes, ownership moves, scope-exit clean-up. Header-only and
 * free of libraries, so that the static supinit may include it too.
 */

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#define CONTAINER_OF(pointer, type, member) ((type *) ((char *) (pointer) -offsetof(type, member)))

/* The value moves to the caller; the variable is left empty, so that its clean-up does nothing. */
#define TAKE_PTR(pointer) \
        ({ \
                __typeof__(pointer) *take_from_ = &(pointer); \
                __typeof__(pointer) taken_ = *take_from_; \
                *take_from_ = NULL; \
                taken_; \
        })

#define TAKE_FD(fd) \
        ({ \
                int *take_from_ = &(fd); \
                int taken_ = *take_from_; \
                *take_from_ = -EBADF; \
                taken_; \
        })

#define ASSERT_PTR(expression) \
        ({ \
                __typeof__(expression) asserted_ = (expression); \
                assert(asserted_); \
                asserted_; \
        })

#define MIN(a, b) \
        ({ \
                __typeof__(a) min_a_ = (a); \
                __typeof__(b) min_b_ = (b); \
                min_a_ < min_b_ ? min_a_ : min_b_; \
        })

#define MAX(a, b) \
        ({ \
                __typeof__(a) max_a_ = (a); \
                __typeof__(b) max_b_ = (b); \
                max_a_ > max_b_ ? max_a_ : max_b_; \
        })

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, first) __attribute__((format(printf, text, first)))
#define _unused_ __attribute__((unused))

/* For a destructor that takes a pointer and returns NULL: makes `_cleanup_(x_freep) X *x`. */
#define DEFINE_CLEANUP(pointer_type, destructor) \
        static inline void destructor##p(pointer_type *p) { \
                if (*p) \
                        *p = destructor(*p); \
        } \
        struct destructor##_needs_a_semicolon_

static inline void freep(void *p) {
        free(*(void **) p);
}

#define _cleanup_free_ _cleanup_(freep)

/* Turns the C library's -1 and errno into a negative errno; other values pass through. */
#define neg_errno(call) \
        ({ \
                __typeof__(call) result_ = (call); \
                result_ < 0 ? -errno : result_; \
        })
