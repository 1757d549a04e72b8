/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/strv.h"
#include "client/client.h"
#include "client/value-read.h"

static void add_string(Value *dict, const char *name, const char *text) {
        Value v = { .type = VALUE_STRING, .string = strdup(text) };

        assert_int_equal(value_dict_add(dict, name, &v), 0);
        assert_int_equal(v.type, VALUE_NONE);
}

static void test_properties_are_found_by_name_and_type(void **state) {
        _cleanup_value_ Value dict = {};
        Value n = { .type = VALUE_UNSIGNED, .number = 7 };
        Value i = { .type = VALUE_INTEGER, .integer = -3 };
        Value b = { .type = VALUE_BOOLEAN, .boolean = true };

        (void) state;
        add_string(&dict, "Id", "web.service");
        add_string(&dict, "Empty", "");
        assert_int_equal(value_dict_add(&dict, "MainPID", &n), 0);
        assert_int_equal(value_dict_add(&dict, "OOMScoreAdjust", &i), 0);
        assert_int_equal(value_dict_add(&dict, "CanStart", &b), 0);

        assert_string_equal(value_get_string(&dict, "Id"), "web.service");
        assert_null(value_get_string(&dict, "Empty"));
        assert_null(value_get_string(&dict, "MainPID"));
        assert_int_equal(value_get_u64(&dict, "MainPID"), 7);
        assert_int_equal(value_get_i64(&dict, "MainPID", 0), 7);
        assert_int_equal(value_get_i64(&dict, "OOMScoreAdjust", 0), -3);
        assert_true(value_get_u64(&dict, "OOMScoreAdjust") == UINT64_MAX);
        assert_true(value_get_bool(&dict, "CanStart"));
}

static void test_what_is_absent_is_told_apart_from_zero(void **state) {
        _cleanup_value_ Value dict = { .type = VALUE_DICT };

        (void) state;
        assert_true(value_get_u64(&dict, "MemoryCurrent") == UINT64_MAX);
        assert_int_equal(value_get_i64(&dict, "ExecMainCode", -1), -1);
        assert_false(value_get_bool(&dict, "CanStart"));
        assert_null(value_get_string(NULL, "Id"));
        assert_int_equal(value_length(NULL), 0);
}

static void test_arrays_keep_what_was_added_in_order(void **state) {
        _cleanup_value_ Value dict = {};
        _cleanup_strv_ char **strings = NULL;
        Value array = {};

        (void) state;
        for (int k = 0; k < 100; k++) {
                Value v = { .type = VALUE_STRING, .string = strdup(k % 2 ? "odd" : "even") };
                assert_int_equal(value_array_add(&array, &v), 0);
        }
        Value number = { .type = VALUE_UNSIGNED, .number = 1 };
        assert_int_equal(value_array_add(&array, &number), 0);
        assert_int_equal(value_dict_add(&dict, "List", &array), 0);

        assert_int_equal(value_get_strv(&dict, "List", &strings), 0);
        assert_int_equal(strv_length(strings), 100);
        assert_string_equal(strings[99], "odd");
}

/* A message as supd sends it, ready to be read. It needs a bus, though none is connected. */
static sd_bus_message *sealed(sd_bus *bus, int (*fill)(sd_bus_message *m)) {
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new(bus, &m, SD_BUS_MESSAGE_METHOD_CALL) >= 0);
        assert_true(fill(m) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_true(sd_bus_message_rewind(m, 1) >= 0);
        return m;
}

static int fill_status(sd_bus_message *m) {
        static const uint8_t id[] = { 0xde, 0xad, 0xbe, 0xef };

        int r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "Id", "s", "web.service");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "MemoryMax", "t", UINT64_MAX);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "ExecMainCode", "i", 1);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "DropInPaths", "as", 2, "/a", "/b");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "LoadError", "(ss)", "name", "text");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "InvocationID");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', id, sizeof(id));
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int fill_list(sd_bus_message *m) {
        return sd_bus_message_append(m, "a(sa{sv})", 1, "web.service", 1, "MainPID", "u", 12U);
}

static int read_with(int (*fill)(sd_bus_message *m), Value *ret) {
        sd_bus *bus = NULL;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0); /* it closes the descriptor */
        assert_true(sd_bus_start(bus) >= 0);
        sd_bus_message *m = sealed(bus, fill);
        int r = value_read(m, ret);
        sd_bus_message_unref(m);
        sd_bus_unref(bus);
        close_fd(fds[1]);
        return r;
}

static void test_a_status_reply_becomes_a_dict(void **state) {
        _cleanup_value_ Value v = {};
        _cleanup_strv_ char **paths = NULL;

        (void) state;
        assert_int_equal(read_with(fill_status, &v), 0);
        assert_int_equal(v.type, VALUE_DICT);
        assert_string_equal(value_get_string(&v, "Id"), "web.service");
        assert_true(value_get_u64(&v, "MemoryMax") == UINT64_MAX);
        assert_int_equal(value_get_i64(&v, "ExecMainCode", 0), 1);
        assert_string_equal(value_get_string(&v, "InvocationID"), "deadbeef");
        assert_int_equal(value_get_strv(&v, "DropInPaths", &paths), 0);
        assert_string_equal(paths[1], "/b");
        assert_int_equal(value_length(value_get(&v, "LoadError")), 2);
}

static void test_a_list_reply_becomes_an_array_of_pairs(void **state) {
        _cleanup_value_ Value v = {};

        (void) state;
        assert_int_equal(read_with(fill_list, &v), 0);
        assert_int_equal(value_length(&v), 1);
        assert_string_equal(v.array.items[0].array.items[0].string, "web.service");
        assert_int_equal(value_get_u64(&v.array.items[0].array.items[1], "MainPID"), 12);
}

static void test_a_missing_socket_says_what_to_do(void **state) {
        _cleanup_(client_freep) Client *c = NULL;
        _cleanup_(error_done) Error error = {};

        (void) state;
        assert_int_equal(client_connect("/nonexistent", &c, &error), -ENOENT);
        assert_int_equal(error.code, ERROR_DISCONNECTED);
        assert_string_equal(error.message,
                        "can't reach supd at /nonexistent/control: No such file or directory; is "
                        "supd "
                        "running? start it with 'supinit supd' or 'systemctl start supd'");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_properties_are_found_by_name_and_type),
                cmocka_unit_test(test_what_is_absent_is_told_apart_from_zero),
                cmocka_unit_test(test_arrays_keep_what_was_added_in_order),
                cmocka_unit_test(test_a_status_reply_becomes_a_dict),
                cmocka_unit_test(test_a_list_reply_becomes_an_array_of_pairs),
                cmocka_unit_test(test_a_missing_socket_says_what_to_do),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
