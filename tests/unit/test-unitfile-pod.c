/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* .pod units, and Pod= of [Container]. */

#include "base/clock.h"
#include "test-unitfile-fixture.h"

static void test_a_pod_has_the_defaults_of_the_reference(void **state) {
        UnitSpec *u = fixture_load("p.pod", "[Pod]\nNetwork=none\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->kind, UNIT_KIND_POD);
        assert_string_equal(u->id, "p-pod.service");
        assert_string_equal(u->pod.name, "systemd-p");
        assert_null(u->pod.hostname);
        assert_int_equal(u->pod.exit_policy, POD_EXIT_STOP);
        assert_int_equal(u->pod.stop_timeout_usec, 10 * USEC_PER_SEC);
        assert_int_equal(u->service.restart.policy, RESTART_ON_FAILURE);
        assert_int_equal(u->service.type, SERVICE_NOTIFY);
        unit_spec_free(u);
}

static void test_every_key_of_a_pod_is_read(void **state) {
        UnitSpec *u = fixture_load("p.pod",
                        "[Pod]\nPodName=mine\nServiceName=shared\nExitPolicy=continue\n"
                        "StopTimeout=3\nNetwork=ns:/run/netns/x\nHostName=box\nVolume=/a:/b:ro\n"
                        "Volume=/c:/"
                        "d\nShmSize=1m\nLabel=a=b\n[Service]\nRestart=no\nType=forking\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->id, "shared.service");
        assert_string_equal(u->pod.name, "mine");
        assert_string_equal(u->pod.hostname, "box");
        assert_string_equal(u->pod.network_path, "/run/netns/x");
        assert_int_equal(u->pod.exit_policy, POD_EXIT_CONTINUE);
        assert_int_equal(u->pod.stop_timeout_usec, 3 * USEC_PER_SEC);
        assert_int_equal(u->pod.root.n_volumes, 2);
        assert_string_equal(u->pod.root.volumes[0].target, "/b");
        assert_true(u->pod.root.volumes[0].read_only);
        assert_int_equal(u->pod.root.shm_size_bytes, 1024 * 1024);
        fixture_assert_words(u->pod.labels, "a=b");
        assert_int_equal(u->service.restart.policy, RESTART_NO);
        assert_int_equal(u->service.type, SERVICE_NOTIFY);
        unit_spec_free(u);
}

static void test_names_of_a_pods_instances_are_their_own(void **state) {
        UnitSpec *u = fixture_load("p@bar.pod", "[Pod]\nNetwork=none\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->id, "p-pod@bar.service");
        assert_string_equal(u->pod.name, "systemd-p-bar");
        unit_spec_free(u);
}

static void test_mistakes_in_a_pod_are_errors_with_file_and_line(void **state) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "[Pod]\nExitPolicy=never\n",
                                "p.pod:2: Pod.ExitPolicy: 'never' is not stop or continue" },
                { "[Pod]\nNetwork=web.network\n",
                                "p.pod:2: Pod.Network: 'web.network' is not supported yet" },
                { "[Pod]\nNetwork=ns:x\n", "names no absolute path behind ns:" },
                { "[Pod]\nNetwork=none\nNetwork=host\n", "stands beside other networks" },
                { "[Pod]\nUserNS=auto\n", "error: p.pod:2: Pod.UserNS: known but not supported" },
                { "[Pod]\nUIDMap=0:1:2\n", "Pod.UIDMap: known but not supported" },
                { "[Pod]\nPodmanArgs=--infra=no\n",
                                "Pod.PodmanArgs: '--infra' is none of the flags of podman pod "
                                "create" },
                { "[Pod]\nImage=busybox\n", "unknown key 'Image' in section [Pod]" },
                { "[Pod]\n[Service]\nExecStart=/bin/true\n", "Service.ExecStart: is not allowed" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load("p.pod", cases[i].text);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].text);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_a_container_binds_itself_to_its_pod(void **state) {
        UnitSpec *u = fixture_load("web.container", "[Container]\nRootfs=/srv\nPod=p.pod\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.pod, "p.pod");
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_BINDS_TO], "p.pod"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_AFTER], "p.pod"));
        assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_WANTED_BY], "p.pod"));
        unit_spec_free(u);
}

static void test_a_container_may_stay_behind_when_its_pod_starts(void **state) {
        static const struct {
                const char *file, *line;
        } cases[] = {
                { "web.container", "StartWithPod=false" },
                { "web@.container", "StartWithPod=true" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = str_printf(
                                "[Container]\nRootfs=/srv\nPod=p.pod\n%s\n", cases[i].line);
                UnitSpec *u = fixture_load(cases[i].file, text);

                fixture_assert_loaded(u);
                assert_true(strv_contains(u->unit.dependencies[DEPENDENCY_BINDS_TO], "p.pod"));
                assert_false(strv_contains(u->unit.dependencies[DEPENDENCY_WANTED_BY], "p.pod"));
                unit_spec_free(u);
        }
}

static void test_from_an_instance_a_template_pod_is_its_instance(void **state) {
        UnitSpec *u = fixture_load("web@a.container", "[Container]\nRootfs=/srv\nPod=p@.pod\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.pod, "p@a.pod");
        unit_spec_free(u);
}

static void test_what_the_pod_has_no_container_of_it_sets(void **state) {
        static const struct {
                const char *lines, *says;
        } cases[] = {
                { "Pod=p.container", "pod p.container is not Quadlet based" },
                { "Pod=p", "pod p is not Quadlet based" },
                { "Pod=p.pod\nNetwork=host", "Network= belongs into the pod" },
                { "Pod=p.pod\nHostName=x",
                                "cannot set hostname when joining the pod UTS namespace" },
                { "Pod=p.pod\nShmSize=1m", "ShmSize= belongs into the pod" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text =
                                str_printf("[Container]\nRootfs=/srv\n%s\n", cases[i].lines);
                UnitSpec *u = fixture_load("web.container", text);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].lines);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_a_pod_that_is_not_there_is_an_error_of_its_own(void **state) {
        (void) state;
        fixture_write("etc/web.container", "[Container]\nRootfs=/srv\nPod=p.pod\n");
        fixture_write("etc/ok.container", "[Container]\nRootfs=/srv\nPod=q.pod\n");
        fixture_write("etc/q.pod", "[Pod]\nNetwork=none\n");
        UnitSet *set = fixture_load_set("etc", NULL);
        const UnitSpec *web = unit_set_find(set, "web.container");
        const UnitSpec *ok = unit_set_find(set, "ok.container");
        assert_non_null(web);
        assert_non_null(ok);
        assert_int_equal(web->load_state, UNIT_BAD_SETTING);
        fixture_assert_says(&web->diagnostics, "quadlet pod unit p.pod does not exist");
        assert_int_equal(ok->load_state, UNIT_LOADED);
        unit_set_free(set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_pod_has_the_defaults_of_the_reference),
                cmocka_unit_test(test_every_key_of_a_pod_is_read),
                cmocka_unit_test(test_names_of_a_pods_instances_are_their_own),
                cmocka_unit_test(test_mistakes_in_a_pod_are_errors_with_file_and_line),
                cmocka_unit_test(test_a_container_binds_itself_to_its_pod),
                cmocka_unit_test(test_a_container_may_stay_behind_when_its_pod_starts),
                cmocka_unit_test(test_from_an_instance_a_template_pod_is_its_instance),
                cmocka_unit_test(test_what_the_pod_has_no_container_of_it_sets),
                cmocka_unit_test_setup_teardown(test_a_pod_that_is_not_there_is_an_error_of_its_own,
                                fixture_tree_setup,
                                fixture_tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
