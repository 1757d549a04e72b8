/* SPDX-License-Identifier: MIT */

/* Clients that listen, that mean ill, and the sockets they come by. */

#include "unit/test-control-world.h"

/* ---- telling of changes ------------------------------------------------------------------------ */

static void test_changes_of_a_unit_are_told_once_and_to_subscribers_only(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *subscriber = client_new(w), *other = client_new(w);
        Toy *t = (Toy *) engine_find(w->engine, "web");
        Ear ear = {}, deaf = {};

        listen_to_all(subscriber, &ear);
        listen_to_all(other, &deaf);
        subscribe(w, subscriber);
        for (unsigned i = 0; i < 10; i++)
                toy_becomes(t, i % 2 ? UNIT_INACTIVE : UNIT_ACTIVE);
        settle(w);
        assert_string_equal(ear.heard,
                        "PropertiesChanged:Service PropertiesChanged:Container "
                        "PropertiesChanged:Unit ");
        assert_int_equal(deaf.n, 0);
}

static void test_a_unit_has_changed_before_its_job_is_over(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        ask(bus, &answer, "StartUnit", "ss", "web", "replace");
        assert_answered(w, &answer);
        settle(w);
        const char *changed = strstr(ear.heard, "PropertiesChanged:Unit");
        const char *over = strstr(ear.heard, "JobRemoved:done");
        assert_non_null(changed);
        assert_non_null(over);
        assert_true(changed < over);
}

static void test_units_that_come_and_go_are_told(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_free_ char *path = str_printf("%s/web.container", w->dir);
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        write_unit(w, "new.container", "[Container]\nRootfs=/\n");
        assert_int_equal(unlink(path), 0);
        load_units(w);
        settle(w);
        assert_non_null(strstr(ear.heard, "UnitNew "));
        assert_non_null(strstr(ear.heard, "UnitRemoved "));
}

static void test_subscribing_twice_and_leaving_twice_is_refused(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer twice = {}, leave = {}, again = {};

        subscribe(w, bus);
        ask(bus, &twice, "Subscribe", "");
        assert_refused(w, &twice, "org.freedesktop.systemd1.AlreadySubscribed");
        ask(bus, &leave, "Unsubscribe", "");
        assert_answered(w, &leave);
        assert_int_equal(w->control->n_subscribers, 0);
        ask(bus, &again, "Unsubscribe", "");
        assert_refused(w, &again, "org.freedesktop.systemd1.NotSubscribed");
}

/* ---- the daemon -------------------------------------------------------------------------------- */

static void test_reload_is_told_and_its_failure_answered(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer good = {}, bad = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        ask(bus, &good, "Reload", "");
        assert_answered(w, &good);
        assert_string_equal(ear.heard, "Reloading Reloading ");
        w->refuse = -EIO;
        ask(bus, &bad, "Reload", "");
        assert_refused(w, &bad, SD_BUS_ERROR_FAILED);
        assert_int_equal(w->n_reloads, 2);
}

static void test_changes_of_unit_files_are_told_to_subscribers_and_nothing_else_is(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer mask = {}, again = {}, bad = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        subscribe(w, bus);
        ask(bus, &mask, "MaskUnitFiles", "asbb", 1, "later.service", 0, 0);
        assert_answered(w, &mask);
        assert_string_equal(ear.heard, "UnitFilesChanged ");
        ask(bus, &again, "MaskUnitFiles", "asbb", 1, "later.service", 0, 0);
        assert_answered(w, &again);
        ask(bus, &bad, "EnableUnitFiles", "asbb", 1, "../later.service", 0, 0);
        assert_refused(w, &bad, SD_BUS_ERROR_INVALID_ARGS);
        assert_string_equal(ear.heard, "UnitFilesChanged ");
}

static void test_reexecute_is_answered_only_if_it_fails(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer good = {}, bad = {};

        ask(bus, &good, "Reexecute", "");
        settle(w);
        assert_int_equal(w->n_reexecutes, 1);
        assert_null(good.message);

        w->refuse = -EIO;
        ask(bus, &bad, "Reexecute", "");
        assert_refused(w, &bad, SD_BUS_ERROR_FAILED);
        assert_int_equal(w->n_reexecutes, 2);
        close_bus(&bus); /* the first call is answered by this */
        settle(w);
}

/* ---- clients that mean ill --------------------------------------------------------------------- */

static void test_a_peer_without_rights_is_refused_everything(void **state) {
        static const struct {
                const char *path, *interface, *member, *types, *argument;
        } calls[] = {
                { SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "ListUnits", "", NULL },
                { SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "Exit", "", NULL },
                { SUPD_SYSTEMD_PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", "" },
                { SUPD_SYSTEMD_PATH,
                                "org.freedesktop.DBus.Introspectable",
                                "Introspect",
                                "",
                                NULL },
                { SUPD_SYSTEMD_PATH, "org.freedesktop.DBus.Peer", "GetMachineId", "", NULL },
                { SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "web" },
                { SUPD_SYSTEMD_PATH, NULL, "Exit", "", NULL },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);

        connection->peer.uid = 64123;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                _cleanup_answer_ Answer answer = {};

                ask_at(bus,
                                &answer,
                                calls[i].path,
                                calls[i].interface,
                                calls[i].member,
                                calls[i].types,
                                calls[i].argument);
                assert_refused(w, &answer, SD_BUS_ERROR_ACCESS_DENIED);
        }
        assert_int_equal(w->n_exits, 0);
}

static int raw_client(World *w) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_true(strlen(w->socket) < sizeof(address.sun_path));
        memcpy(address.sun_path, w->socket, strlen(w->socket));
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static bool is_disconnected(int fd) {
        char byte;

        ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
        return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void test_more_clients_than_allowed_are_turned_away(void **state) {
        World *w = *state;

        w->control->limits.connections = 2;
        _cleanup_bus_ sd_bus *first = client_new(w), *second = client_new(w);
        (void) second;
        _cleanup_close_ int third = raw_client(w);
        settle(w);
        assert_true(is_disconnected(third));

        close_bus(&first);
        settle(w);
        _cleanup_bus_ sd_bus *fourth = client_new(w);
        _cleanup_answer_ Answer answer = {};
        ask(fourth, &answer, "GetUnit", "s", "web");
        assert_answered(w, &answer);
}

static void test_a_client_that_never_says_who_it_is_is_dropped(void **state) {
        World *w = *state;

        w->control->limits.patience_usec = 1;
        _cleanup_close_ int silent = raw_client(w);
        while (!is_disconnected(silent))
                turn(w);
        assert_int_equal(w->control->n_connections, 0);
}

static void test_a_client_that_said_who_it_is_may_be_silent(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);

        assert_true(sd_event_source_set_time(connection->patience, 0) >= 0);
        while (connection->patience)
                turn(w);
        ask(bus, &answer, "GetUnit", "s", "web");
        assert_answered(w, &answer);
}

/* clang-format off */
#define NONSENSE(text) { text, sizeof(text) - 1 }
static const struct {
        const char *bytes;
        size_t size;
} nonsense[] = {
        NONSENSE("GET / HTTP/1.1\r\n\r\n"),
        NONSENSE("\0AUTH EXTERNAL\r\nBEGIN\r\nBEGIN\r\n"),
        /* The header of a message that claims four gigabytes. */
        NONSENSE("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\nl\1\0\1\377\377\377\377\1\0\0\0\377\377\377\377"),
};
/* clang-format on */

static void test_nonsense_ends_the_connection(void **state) {
        World *w = *state;

        w->control->limits.patience_usec = 1000;
        for (size_t i = 0; i < ELEMENTSOF(nonsense); i++) {
                _cleanup_close_ int fd = raw_client(w);

                assert_true(send(fd, nonsense[i].bytes, nonsense[i].size, MSG_NOSIGNAL) ==
                                (ssize_t) nonsense[i].size);
                assert_int_equal(shutdown(fd, SHUT_WR), 0);
                turn(w);
                while (w->control->n_connections > 0)
                        turn(w);
        }
}

static void authenticate(World *w, int fd) {
        static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        char answer[256];

        assert_true(send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) == sizeof(hello) - 1);
        settle(w);
        assert_true(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0);
}

static void test_a_subscriber_that_does_not_read_is_dropped(void **state) {
        World *w = *state;
        Toy *t = (Toy *) engine_find(w->engine, "web");
        _cleanup_close_ int fd = raw_client(w);

        authenticate(w, fd);
        Connection *connection = CONTAINER_OF(w->control->connections.next, Connection, link);
        connection->subscribed = true;
        w->control->n_subscribers++;
        w->control->limits.unread = 64;

        /* The socket's own buffer takes some hundred; then they wait in our memory, up to the limit. */
        for (unsigned i = 0; i < 10000 && w->control->n_connections > 0; i++) {
                toy_becomes(t, i % 2 ? UNIT_INACTIVE : UNIT_ACTIVE);
                settle(w);
        }
        assert_int_equal(w->control->n_connections, 0);
        assert_int_equal(w->control->n_subscribers, 0);
}

static int on_flood(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) m, (void) userdata, (void) ret_error;
        return 0;
}

/* Sends calls and reads no answer: what it has sent is flushed by hand, its loop never turns. */
static void test_a_client_that_asks_and_does_not_read_is_dropped(void **state) {
        World *w = *state;
        sd_bus *bus = client_new(w);

        assert_true(sd_bus_detach_event(bus) >= 0);
        w->control->limits.unanswered = 8;
        for (unsigned i = 0; i < 10000 && w->control->n_connections > 0; i++) {
                int r = sd_bus_call_method_async(bus,
                                NULL,
                                SUPD_SYSTEMD_DESTINATION,
                                SUPD_SYSTEMD_PATH,
                                "org.freedesktop.DBus.Properties",
                                "GetAll",
                                on_flood,
                                NULL,
                                "s",
                                "");
                if (r < 0)
                        break;
                settle(w);
        }
        settle(w);
        assert_int_equal(w->control->n_connections, 0);
        close_bus(&bus);
}

static void test_a_client_that_goes_leaves_nothing(void **state) {
        World *w = *state;

        for (unsigned i = 0; i < 3; i++) {
                sd_bus *bus = client_new(w);
                _cleanup_answer_ Answer answer = {};

                subscribe(w, bus);
                ask(bus, &answer, "ListUnits", "");
                assert_answered(w, &answer);
                close_bus(&bus);
                settle(w);
        }
        assert_int_equal(w->control->n_connections, 0);
        assert_int_equal(w->control->n_subscribers, 0);
}

/* ---- as a bus daemon would --------------------------------------------------------------------- */

static void test_a_client_of_a_bus_daemon_is_served(void **state) {
        static const char *const driver = "org.freedesktop.DBus";
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer hello = {}, match = {}, owner = {}, nobody = {};
        const char *name;

        ask_at(bus, &hello, "/org/freedesktop/DBus", driver, "Hello", "");
        assert_answered(w, &hello);
        assert_true(sd_bus_message_read(hello.message, "s", &name) > 0);
        assert_int_equal(name[0], ':');
        ask_at(bus, &match, "/org/freedesktop/DBus", driver, "AddMatch", "s", "type='signal'");
        assert_answered(w, &match);
        ask_at(bus,
                        &owner,
                        "/org/freedesktop/DBus",
                        driver,
                        "GetNameOwner",
                        "s",
                        SUPD_SYSTEMD_DESTINATION);
        assert_answered(w, &owner);
        ask_at(bus, &nobody, "/org/freedesktop/DBus", driver, "GetNameOwner", "s", "org.example");
        assert_refused(w, &nobody, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

/* ---- sockets ----------------------------------------------------------------------------------- */

static void test_the_socket_has_the_mode_asked_for(void **state) {
        World *w = *state;
        struct stat st;

        assert_int_equal(stat(w->socket, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_a_socket_that_is_served_is_not_taken_over(void **state) {
        World *w = *state;
        Control *second = NULL;

        assert_true(control_new(w->event, w->engine, &daemon_ops, w, &second, NULL) >= 0);
        assert_int_equal(control_listen(second, w->socket, 0600, (gid_t) -1, NULL), -EADDRINUSE);
        control_free(second);
        assert_int_equal(access(w->socket, F_OK), 0);
        _cleanup_bus_ sd_bus *bus = client_new(w);
        (void) bus;
}

static void test_a_dead_socket_is_replaced_and_a_file_is_not(void **state) {
        World *w = *state;
        _cleanup_free_ char *file = str_printf("%s/file", w->dir);

        control_keep_sockets(w->control);
        w->control = control_free(w->control);
        assert_int_equal(access(w->socket, F_OK), 0);
        /* The old observer must be gone with its engine. */
        w->engine = engine_free(w->engine);
        assert_true(engine_new(toy_make, NULL, &w->engine) >= 0);
        engine_add_observer(w->engine, &engine_ops, w);

        assert_true(control_new(w->event, w->engine, &daemon_ops, w, &w->control, NULL) >= 0);
        assert_true(control_listen(w->control, w->socket, 0600, (gid_t) -1, NULL) >= 0);
        assert_true(control_listener_fd(w->control, w->socket) >= 0);
        _cleanup_bus_ sd_bus *bus = client_new(w);
        (void) bus;

        assert_true(file_replace(AT_FDCWD, file, "x", 0600, /* sync= */ false) >= 0);
        assert_int_equal(control_listen(w->control, file, 0600, (gid_t) -1, NULL), -EEXIST);
        assert_int_equal(access(file, F_OK), 0);
}

static void test_a_path_too_long_for_a_socket_is_refused(void **state) {
        World *w = *state;
        char path[200];

        memset(path, 'x', sizeof(path) - 1);
        path[0] = '/';
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(control_listen(w->control, path, 0600, (gid_t) -1, NULL), -ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_changes_of_a_unit_are_told_once_and_to_subscribers_only),
                TEST(test_a_unit_has_changed_before_its_job_is_over),
                TEST(test_units_that_come_and_go_are_told),
                TEST(test_subscribing_twice_and_leaving_twice_is_refused),
                TEST(test_reload_is_told_and_its_failure_answered),
                TEST(test_changes_of_unit_files_are_told_to_subscribers_and_nothing_else_is),
                TEST(test_reexecute_is_answered_only_if_it_fails),
                TEST(test_a_peer_without_rights_is_refused_everything),
                TEST(test_more_clients_than_allowed_are_turned_away),
                TEST(test_a_client_that_never_says_who_it_is_is_dropped),
                TEST(test_a_client_that_said_who_it_is_may_be_silent),
                TEST(test_nonsense_ends_the_connection),
                TEST(test_a_subscriber_that_does_not_read_is_dropped),
                TEST(test_a_client_that_asks_and_does_not_read_is_dropped),
                TEST(test_a_client_that_goes_leaves_nothing),
                TEST(test_a_client_of_a_bus_daemon_is_served),
                TEST(test_the_socket_has_the_mode_asked_for),
                TEST(test_a_socket_that_is_served_is_not_taken_over),
                TEST(test_a_dead_socket_is_replaced_and_a_file_is_not),
                TEST(test_a_path_too_long_for_a_socket_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
