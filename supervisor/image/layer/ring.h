/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bytes from one process to another through memory that both have: made before the fork, then each end
 * says which it is. Two pipes carry what is full and what is empty again, so that each end waits for the
 * other, and notices when it is gone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define RING_SLOT_SIZE ((size_t) 128 * 1024)
#define RING_SLOTS 8U

typedef struct Ring {
        unsigned char *memory; /* owned; the slots; shared */
        int full_fds[2];       /* owned; to the consumer */
        int empty_fds[2];      /* owned; to the producer */
        unsigned slot;         /* the next one, of either end */
        unsigned n_empty;      /* of the producer */
        bool has_one;          /* of the consumer: a slot is to be given back */
} Ring;
#define RING_NONE ((Ring) { .full_fds = { -EBADF, -EBADF }, .empty_fds = { -EBADF, -EBADF } })

/** ring_init() - Return: 0 or negative errno; ring_done() either way */
int ring_init(Ring *r);
void ring_done(Ring *r);

/* Close what is the other end's: until both have, neither notices that the other is gone. */
void ring_be_producer(Ring *r);
void ring_be_consumer(Ring *r);

/** ring_reserve() - wait for an empty slot. Return: 0; -EPIPE: there is no consumer any more. */
int ring_reserve(Ring *r, void **ret);
/** ring_send() - so many bytes of the slot; @is_last: an epilogue, and nothing follows */
int ring_send(Ring *r, size_t size, bool is_last);

/**
 * ring_receive() - the next bytes, which stay until the next call
 *
 * Return: 0; -EPIPE: the producer is gone without an epilogue; -EPROTO: it is out of its mind.
 */
int ring_receive(Ring *r, const void **ret, size_t *ret_size, bool *ret_is_last);
