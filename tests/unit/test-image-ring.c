/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/layer/ring.h"

#define ROUNDS (10 * RING_SLOTS)

/* Sends @n slots of growing size, each full of its number, then an epilogue if @n is all of them. */
static pid_t start_producer(Ring *r, unsigned n) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0) {
                ring_be_consumer(r);
                return pid;
        }
        ring_be_producer(r);
        for (unsigned i = 0; i < n; i++) {
                void *slot;
                size_t size = (i * 4099) % RING_SLOT_SIZE;
                if (ring_reserve(r, &slot) < 0)
                        _exit(1);
                memset(slot, (int) i, size);
                if (ring_send(r, size, /* is_last= */ i == ROUNDS - 1) < 0)
                        _exit(1);
        }
        _exit(0);
}

static int end_of(pid_t pid) {
        int status = 0;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_bytes_come_whole_and_in_order(void **state) {
        _cleanup_(ring_done) Ring r = RING_NONE;
        const void *data;
        bool last = false;
        size_t size;

        (void) state;
        assert_int_equal(ring_init(&r), 0);
        pid_t pid = start_producer(&r, ROUNDS);
        for (unsigned i = 0; i < ROUNDS; i++) {
                assert_int_equal(ring_receive(&r, &data, &size, &last), 0);
                assert_int_equal(size, (i * 4099) % RING_SLOT_SIZE);
                for (size_t j = 0; j < size; j++)
                        assert_int_equal(((const unsigned char *) data)[j], (unsigned char) i);
                assert_int_equal(last, i == ROUNDS - 1);
        }
        assert_int_equal(end_of(pid), 0);
}

static void test_a_producer_that_dies_is_noticed_after_its_last_bytes(void **state) {
        _cleanup_(ring_done) Ring r = RING_NONE;
        const void *data;
        bool last;
        size_t size;

        (void) state;
        assert_int_equal(ring_init(&r), 0);
        pid_t pid = start_producer(&r, 2);
        assert_int_equal(end_of(pid), 0);
        assert_int_equal(ring_receive(&r, &data, &size, &last), 0);
        assert_int_equal(ring_receive(&r, &data, &size, &last), 0);
        assert_int_equal(ring_receive(&r, &data, &size, &last), -EPIPE);
}

static void test_a_consumer_that_goes_away_ends_the_producer(void **state) {
        Ring r = RING_NONE;

        (void) state;
        assert_int_equal(ring_init(&r), 0);
        pid_t pid = start_producer(&r, ROUNDS);
        ring_done(&r);
        assert_int_equal(end_of(pid), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bytes_come_whole_and_in_order),
                cmocka_unit_test(test_a_producer_that_dies_is_noticed_after_its_last_bytes),
                cmocka_unit_test(test_a_consumer_that_goes_away_ends_the_producer),
        };

        (void) signal(SIGPIPE, SIG_IGN); /* as supd-image has it */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
