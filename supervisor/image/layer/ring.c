/* SPDX-License-Identifier: MIT */
#include "image/layer/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

typedef struct Message {
        uint32_t size;
        uint32_t is_last;
} Message;

int ring_init(Ring *r) {
        *r = RING_NONE;
        if (pipe2(r->full_fds, O_CLOEXEC) < 0 || pipe2(r->empty_fds, O_CLOEXEC) < 0)
                return -errno;
        void *memory = mmap(NULL,
                        RING_SLOTS * RING_SLOT_SIZE,
                        PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS,
                        -1,
                        0);
        if (memory == MAP_FAILED)
                return -errno;
        r->memory = memory;
        r->n_empty = RING_SLOTS;
        return 0;
}

void ring_done(Ring *r) {
        if (r->memory)
                (void) munmap(r->memory, RING_SLOTS * RING_SLOT_SIZE); /* ours: can't fail */
        for (size_t i = 0; i < 2; i++) {
                (void) close_fd(r->full_fds[i]);
                (void) close_fd(r->empty_fds[i]);
        }
        *r = RING_NONE;
}

void ring_be_producer(Ring *r) {
        r->full_fds[0] = close_fd(r->full_fds[0]);
        r->empty_fds[1] = close_fd(r->empty_fds[1]);
}

void ring_be_consumer(Ring *r) {
        r->full_fds[1] = close_fd(r->full_fds[1]);
        r->empty_fds[0] = close_fd(r->empty_fds[0]);
}

int ring_reserve(Ring *r, void **ret) {
        char bytes[RING_SLOTS];

        while (r->n_empty == 0) {
                ssize_t n = read(r->empty_fds[0], bytes, sizeof(bytes));
                if (n == 0)
                        return -EPIPE;
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        r->n_empty += (unsigned) n;
        }
        *ret = r->memory + r->slot * RING_SLOT_SIZE;
        return 0;
}

int ring_send(Ring *r, size_t size, bool is_last) {
        Message m = { .size = (uint32_t) size, .is_last = is_last };

        assert(r->n_empty > 0 && size <= RING_SLOT_SIZE);
        r->n_empty--;
        r->slot = (r->slot + 1) % RING_SLOTS;
        return fd_write_all(r->full_fds[1], &m, sizeof(m));
}

int ring_receive(Ring *r, const void **ret, size_t *ret_size, bool *ret_is_last) {
        Message m;
        ssize_t n;

        if (r->has_one) {
                /* A producer that is gone has no use for it, and left what is still to be read. */
                (void) fd_write_all(r->empty_fds[1], "", 1);
                r->slot = (r->slot + 1) % RING_SLOTS;
                r->has_one = false;
        }
        do
                n = read(r->full_fds[0], &m, sizeof(m));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n == 0 ? -EPIPE : -errno;
        if (n != (ssize_t) sizeof(m) || m.size > RING_SLOT_SIZE)
                return -EPROTO;
        r->has_one = true;
        *ret = r->memory + r->slot * RING_SLOT_SIZE;
        *ret_size = m.size;
        *ret_is_last = m.is_last != 0;
        return 0;
}
