/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include <endian.h>

#include "log/journal-send.h"

static void assert_encoded(DiagLevel level,
                const DiagContext *context,
                const char *message,
                const char *wanted,
                size_t wanted_size) {
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(journal_encode(level, context, message, &data, &size), 0);
        assert_int_equal(size, wanted_size);
        assert_memory_equal(data, wanted, size);
}

static void test_a_plain_message_has_priority_identifier_and_text(void **state) {
        static const char wanted[] = "PRIORITY=4\nSYSLOG_IDENTIFIER=supd\nMESSAGE=a = b\n";

        (void) state;
        assert_encoded(DIAG_WARNING, NULL, "a = b", wanted, sizeof(wanted) - 1);
}

static void test_the_context_becomes_fields(void **state) {
        static const char *const further[] = { "CONTAINER_NAME=web", "EXIT_CODE=exited", NULL };
        static const char wanted[] = "PRIORITY=6\nSYSLOG_IDENTIFIER=supd\nMESSAGE=x\n"
                                     "UNIT=web.service\nOBJECT_SYSTEMD_UNIT=web.service\nJOB_ID=7\n"
                                     "MESSAGE_ID=b25329ed10714f8c92099f219191b0dc\nERRNO=2\n"
                                     "CONTAINER_NAME=web\nEXIT_CODE=exited\n";
        DiagContext context = {
                .unit = "web.service",
                .job = "7",
                .message_id = "b25329ed10714f8c92099f219191b0dc",
                .number = -ENOENT,
                .fields = further,
        };

        (void) state;
        assert_encoded(DIAG_INFO, &context, "x", wanted, sizeof(wanted) - 1);
}

/* Else the second line of a message could forge any field. */
static void test_a_value_with_newlines_goes_with_its_length(void **state) {
        static const char *const further[] = { "A=1\n2", NULL };
        static const char wanted[] = "PRIORITY=3\nSYSLOG_IDENTIFIER=supd\n"
                                     "MESSAGE\n\x0a\0\0\0\0\0\0\0a\nPRIORIT\n\n"
                                     "A\n\x03\0\0\0\0\0\0\0001\n2\n";
        DiagContext context = { .fields = further };

        (void) state;
        assert_encoded(DIAG_ERROR, &context, "a\nPRIORIT\n", wanted, sizeof(wanted) - 1);
}

static void test_a_message_arrives_as_one_datagram(void **state) {
        static const char wanted[] = "PRIORITY=6\nSYSLOG_IDENTIFIER=supd\nMESSAGE=hello\n";
        _cleanup_free_ char *path = temporary_path(state, "socket");
        _cleanup_close_ int fd = temporary_socket(state, "socket", SOCK_DGRAM, 0);
        char data[256];

        assert_int_equal(journal_send(path, DIAG_INFO, NULL, "hello"), 0);
        assert_int_equal(recv(fd, data, sizeof(data), MSG_DONTWAIT), sizeof(wanted) - 1);
        assert_memory_equal(data, wanted, sizeof(wanted) - 1);
}

static int receive_descriptor(int fd) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };
        int received;

        assert_int_equal(recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 0);
        assert_non_null(CMSG_FIRSTHDR(&message));
        assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
        memcpy(&received, CMSG_DATA(&control.header), sizeof(received));
        return received;
}

static void test_a_message_above_the_size_of_a_datagram_is_not_cut(void **state) {
        static const char head[] = "PRIORITY=6\nSYSLOG_IDENTIFIER=supd\nMESSAGE=";
        enum {
                SIZE = 4 * 1024 * 1024
        };
        _cleanup_free_ char *path = temporary_path(state, "socket"), *text = malloc(SIZE + 1);
        _cleanup_free_ char *data = NULL;
        _cleanup_close_ int fd = temporary_socket(state, "socket", SOCK_DGRAM, 0);
        size_t size;

        assert_non_null(text);
        memset(text, 'x', SIZE);
        text[SIZE] = '\0';
        assert_int_equal(journal_send(path, DIAG_INFO, NULL, text), 0);

        _cleanup_close_ int file = receive_descriptor(fd);
        assert_int_equal(fcntl(file, F_GET_SEALS),
                        F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        assert_int_equal(file_read_fd(file, 2 * SIZE, &data, &size), 0);
        assert_int_equal(size, strlen(head) + SIZE + 1);
        assert_memory_equal(data, head, strlen(head));
        assert_memory_equal(data + strlen(head), text, SIZE);
}

static void test_a_journald_that_does_not_read_is_not_waited_for(void **state) {
        _cleanup_free_ char *path = temporary_path(state, "socket");
        _cleanup_close_ int fd = temporary_socket(state, "socket", SOCK_DGRAM, 0);
        int r = 0;

        /* A queue of any configured length fills up; a send that blocks would hang the test. */
        for (unsigned i = 0; i < 1000000 && r == 0; i++)
                r = journal_send(path, DIAG_INFO, NULL, "x");
        assert_int_equal(r, -EAGAIN);
        assert_true(fd >= 0);
}

static void test_no_journald_is_told_by_the_number(void **state) {
        _cleanup_free_ char *path = temporary_path(state, "socket");

        assert_int_equal(journal_send(path, DIAG_INFO, NULL, "x"), -ENOENT);
        close_fd(temporary_socket(state, "socket", SOCK_DGRAM, 0));
        assert_int_equal(journal_send(path, DIAG_INFO, NULL, "x"), -ECONNREFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temporary_setup, temporary_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_plain_message_has_priority_identifier_and_text),
                cmocka_unit_test(test_the_context_becomes_fields),
                cmocka_unit_test(test_a_value_with_newlines_goes_with_its_length),
                TEST(test_a_message_arrives_as_one_datagram),
                TEST(test_a_message_above_the_size_of_a_datagram_is_not_cut),
                TEST(test_a_journald_that_does_not_read_is_not_waited_for),
                TEST(test_no_journald_is_told_by_the_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
