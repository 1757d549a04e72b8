/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/clock.h"
#include "test-unitfile-fixture.h"
#include "unitfile/socket-spec.h"

static UnitSpec *load_socket(const char *text) {
        return fixture_load("web.socket", text);
}

/* ---- addresses ----------------------------------------------------------------------------------- */

static void test_every_form_of_an_address_is_read(void **state) {
        static const struct {
                const char *text, *canonical;
                ListenType type;
                int family;
                unsigned port;
        } cases[] = {
                { "/run/web.sock", "/run/web.sock", LISTEN_STREAM, AF_UNIX, 0 },
                { "/run/a b", "/run/a b", LISTEN_DATAGRAM, AF_UNIX, 0 },
                { "@web", "@web", LISTEN_SEQPACKET, AF_UNIX, 0 },
                { "80", "[::]:80", LISTEN_STREAM, AF_INET6, 80 },
                { "65535", "[::]:65535", LISTEN_DATAGRAM, AF_INET6, 65535 },
                { "127.0.0.1:8080", "127.0.0.1:8080", LISTEN_STREAM, AF_INET, 8080 },
                { "0.0.0.0:53", "0.0.0.0:53", LISTEN_DATAGRAM, AF_INET, 53 },
                { "[::1]:8080", "[::1]:8080", LISTEN_STREAM, AF_INET6, 8080 },
                { "[0:0::0:1]:1", "[::1]:1", LISTEN_STREAM, AF_INET6, 1 },
                { "[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1", LISTEN_STREAM, AF_INET6, 1 },
                { "vsock:2:1234", "vsock:2:1234", LISTEN_STREAM, AF_VSOCK, 1234 },
                { "vsock::1234", "vsock::1234", LISTEN_SEQPACKET, AF_VSOCK, 1234 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ListenAddress a = {};
                char *text = NULL;

                assert_int_equal(listen_address_parse(cases[i].text, cases[i].type, &a, &text), 0);
                assert_string_equal(text, cases[i].canonical);
                assert_int_equal(a.address.ss_family, cases[i].family);
                assert_int_equal(a.any_family,
                                strchr(cases[i].text, ':') == NULL && cases[i].port > 0);
                if (cases[i].family == AF_INET)
                        assert_int_equal(ntohs(((struct sockaddr_in *) &a.address)->sin_port),
                                        cases[i].port);
                if (cases[i].family == AF_INET6)
                        assert_int_equal(ntohs(((struct sockaddr_in6 *) &a.address)->sin6_port),
                                        cases[i].port);
                if (cases[i].family == AF_VSOCK)
                        assert_int_equal(((struct sockaddr_vm *) &a.address)->svm_port,
                                        cases[i].port);
                free(text);
        }
}

static void test_what_is_no_address_is_refused(void **state) {
        static const struct {
                const char *text;
                ListenType type;
                int result;
        } cases[] = {
                { "", LISTEN_STREAM, -EINVAL },
                { "/", LISTEN_STREAM, -EINVAL },
                { "/run/", LISTEN_STREAM, -EINVAL },
                { "run/web.sock", LISTEN_STREAM, -EINVAL },
                { "@", LISTEN_STREAM, -EINVAL },
                { "0", LISTEN_STREAM, -EINVAL },
                { "65536", LISTEN_STREAM, -EINVAL },
                { "-1", LISTEN_STREAM, -EINVAL },
                { "http", LISTEN_STREAM, -EINVAL },
                { "localhost:80", LISTEN_STREAM, -EINVAL },
                { "127.0.0.1", LISTEN_STREAM, -EINVAL },
                { "127.0.0.1:", LISTEN_STREAM, -EINVAL },
                { "127.0.0:80", LISTEN_STREAM, -EINVAL },
                { "[::1]", LISTEN_STREAM, -EINVAL },
                { "[::1]80", LISTEN_STREAM, -EINVAL },
                { "[::1:80", LISTEN_STREAM, -EINVAL },
                { "[1.2.3.4]:80", LISTEN_STREAM, -EINVAL },
                { "::1:80", LISTEN_STREAM, -EINVAL },
                { "vsock:80", LISTEN_STREAM, -EINVAL },
                { "vsock:x:80", LISTEN_STREAM, -EINVAL },
                { "80", LISTEN_SEQPACKET, -EINVAL },
                { "127.0.0.1:80", LISTEN_SEQPACKET, -EINVAL },
                { "@web", LISTEN_FIFO, -EINVAL },
                { "80", LISTEN_FIFO, -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ListenAddress a = {};
                char *text = NULL;

                assert_int_equal(listen_address_parse(cases[i].text, cases[i].type, &a, &text),
                                cases[i].result);
                assert_null(text);
        }
}

static void test_a_path_may_be_as_long_as_the_kernel_takes_it(void **state) {
        char path[160] = "/";
        ListenAddress a = {};
        char *text = NULL;

        (void) state;
        memset(path + 1, 'x', sizeof(path) - 2);
        path[107] = '\0';
        assert_int_equal(listen_address_parse(path, LISTEN_STREAM, &a, &text), 0);
        free(text);
        path[107] = 'x';
        path[108] = '\0';
        assert_int_equal(listen_address_parse(path, LISTEN_STREAM, &a, &text), -ENAMETOOLONG);
        assert_int_equal(listen_address_parse(path, LISTEN_FIFO, &a, &text), 0);
        free(text);
        path[0] = '@';
        assert_int_equal(listen_address_parse(path, LISTEN_STREAM, &a, &text), 0);
        assert_int_equal(a.size, sizeof(struct sockaddr_un));
        free(text);
}

/* ---- units --------------------------------------------------------------------------------------- */

static void test_a_minimal_socket_has_the_defaults_of_the_reference(void **state) {
        UnitSpec *u = load_socket("[Socket]\nListenStream=80\n");
        const SocketSpec *s = &u->socket;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->kind, UNIT_KIND_SOCKET);
        assert_string_equal(u->id, "web.socket");
        assert_int_equal(s->n_listens, 1);
        assert_int_equal(s->mode, 0666);
        assert_int_equal(s->directory_mode, 0755);
        assert_true(s->backlog == UINT32_MAX);
        assert_int_equal(s->trigger_limit.interval_usec, 2 * USEC_PER_SEC);
        assert_int_equal(s->trigger_limit.burst, 20);
        assert_int_equal(s->poll_limit.burst, 15);
        assert_int_equal(s->options.priority, -1);
        assert_true(s->options.accept_file_descriptors);
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_TRIGGERS], "web.service"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_BEFORE], "web.service"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_BEFORE], "sockets.target"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_REQUIRES], "sysinit.target"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_CONFLICTS], "shutdown.target"));
        unit_spec_free(u);
}

static void test_every_key_of_a_socket_is_taken(void **state) {
        UnitSpec *u = load_socket("[Unit]\nDefaultDependencies=no\n[Socket]\n"
                                  "ListenFIFO=/run/pipe\nListenStream=/run/"
                                  "%N.sock\nListenDatagram=127.0.0.1:53\n"
                                  "ListenSequentialPacket=@x\nService=app."
                                  "container\nFileDescriptorName=door\n"
                                  "SocketUser=www\nSocketGroup=www\nSocketMode=0640\nDirectoryMode="
                                  "0700\nSymlinks=/run/a\n"
                                  "Symlinks=\nRemoveOnStop=yes\nFlushPending=yes\nBacklog="
                                  "7\nBindIPv6Only=both\nBindToDevice=eth0\n"
                                  "FreeBind=yes\nReusePort=yes\nTransparent=yes\nMark=5\nBroadcast="
                                  "yes\nKeepAlive=yes\n"
                                  "KeepAliveTimeSec=1min\nKeepAliveIntervalSec=5\nKeepAliveProbes="
                                  "3\nNoDelay=yes\n"
                                  "DeferAcceptSec=2\nTCPCongestion=reno\nPriority=6\nIPTOS=low-"
                                  "delay\nIPTTL=9\n"
                                  "ReceiveBuffer=64K\nSendBuffer=32K\nPipeSize=1M\nPassCredentials="
                                  "yes\nPassPIDFD=yes\n"
                                  "PassSecurity=yes\nPassPacketInfo=yes\nAcceptFileDescriptors="
                                  "no\nTimestamping=ns\n"
                                  "TriggerLimitIntervalSec=5\nTriggerLimitBurst="
                                  "2\nPollLimitIntervalSec=6\nPollLimitBurst=3\n"
                                  "Accept=no\nMaxConnections=5\nTimeoutSec=3\n");
        const SocketSpec *s = &u->socket;
        const SocketOptions *o = &s->options;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(s->n_listens, 4);
        assert_int_equal(s->listens[0].type, LISTEN_FIFO);
        assert_string_equal(s->listens[1].text, "/run/web.sock");
        assert_int_equal(s->listens[2].type, LISTEN_DATAGRAM);
        assert_int_equal(s->listens[3].type, LISTEN_SEQPACKET);
        assert_string_equal(s->service, "app.container");
        assert_string_equal(s->fd_name, "door");
        assert_string_equal(s->user, "www");
        assert_int_equal(s->mode, 0640);
        assert_int_equal(s->directory_mode, 0700);
        assert_true(s->remove_on_stop && s->flush_pending && !s->symlinks);
        assert_int_equal(s->backlog, 7);
        assert_int_equal(o->bind_ipv6_only, BIND_IPV6_ONLY_BOTH);
        assert_string_equal(o->bind_to_device, "eth0");
        assert_true(o->free_bind && o->reuse_port && o->transparent && o->broadcast);
        assert_true(o->keep_alive && o->no_delay && o->pass_credentials && o->pass_pidfd);
        assert_true(o->pass_security && o->pass_packet_info && !o->accept_file_descriptors);
        assert_int_equal(o->keep_alive_time_usec, 60 * USEC_PER_SEC);
        assert_int_equal(o->mark, 5);
        assert_int_equal(o->ip_tos, 16);
        assert_int_equal(o->ip_ttl, 9);
        assert_int_equal(o->receive_buffer_bytes, 65536);
        assert_int_equal(o->pipe_size_bytes, 1 << 20);
        assert_int_equal(o->stamps, SOCKET_STAMPS_NSEC);
        assert_int_equal(s->trigger_limit.burst, 2);
        assert_int_equal(s->poll_limit.interval_usec, 6 * USEC_PER_SEC);
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_TRIGGERS], "app.container"));
        assert_false(strv_contains(u->unit.dependencies[DEPENDENCY_BEFORE], "sockets.target"));
        unit_spec_free(u);
}

static void test_an_empty_listen_voids_those_before_it_whatever_their_type(void **state) {
        UnitSpec *u = load_socket("[Socket]\nListenDatagram=1\nListenStream=2\nListenStream="
                                  "\nListenDatagram=3\n"
                                  "ListenStream=4\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->socket.n_listens, 2);
        assert_string_equal(u->socket.listens[0].text, "[::]:3");
        assert_string_equal(u->socket.listens[1].text, "[::]:4");
        unit_spec_free(u);
}

static void test_mistakes_in_a_socket_keep_it_from_loading(void **state) {
        static const char *const texts[] = {
                "[Socket]\nBacklog=3\n",
                "[Socket]\nListenStream=nowhere\n",
                "[Socket]\nListenStream=1\nListenStream=\n",
                "[Socket]\nListenSequentialPacket=80\n",
                "[Socket]\nListenFIFO=@x\n",
                "[Socket]\nListenNetlink=route 1\n",
                "[Socket]\nListenStream=80\nAccept=yes\n",
                "[Socket]\nListenStream=80\nExecStartPre=/bin/true\n",
                "[Socket]\nListenStream=80\nSocketMode=999\n",
                "[Socket]\nListenStream=80\nService=web.target\n",
                "[Socket]\nListenStream=80\nFileDescriptorName=a:b\n",
                "[Socket]\nListenStream=80\nSymlinks=/run/a\n",
                "[Socket]\nListenStream=/a\nListenStream=/b\nSymlinks=/run/a\n",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                UnitSpec *u = load_socket(texts[i]);
                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("this loads: %s", texts[i]);
                unit_spec_free(u);
        }
}

static void test_smaller_mistakes_are_warnings_as_in_systemd(void **state) {
        UnitSpec *u = load_socket(
                        "[Socket]\nListenStream=80\nBacklog=many\nKeepAlive=perhaps\nNoSuchKey=1\n"
                        "Timestamping=sometimes\nDeferTrigger=no\n[Container]\nImage=x\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "NoSuchKey");
        fixture_assert_says(&u->diagnostics, "Timestamping");
        fixture_assert_says(&u->diagnostics, "[Container] has no meaning");
        assert_true(u->socket.backlog == UINT32_MAX);
        unit_spec_free(u);
}

static void test_a_service_names_more_sockets(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[Service]\nSockets=a.socket b.socket\nNonBlocking=yes\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_true(u->service.non_blocking);
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_WANTS], "a.socket"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_AFTER], "b.socket"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_TRIGGERED_BY], "b.socket"));
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_form_of_an_address_is_read),
                cmocka_unit_test(test_what_is_no_address_is_refused),
                cmocka_unit_test(test_a_path_may_be_as_long_as_the_kernel_takes_it),
                cmocka_unit_test(test_a_minimal_socket_has_the_defaults_of_the_reference),
                cmocka_unit_test(test_every_key_of_a_socket_is_taken),
                cmocka_unit_test(test_an_empty_listen_voids_those_before_it_whatever_their_type),
                cmocka_unit_test(test_mistakes_in_a_socket_keep_it_from_loading),
                cmocka_unit_test(test_smaller_mistakes_are_warnings_as_in_systemd),
                cmocka_unit_test(test_a_service_names_more_sockets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
