/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* PodmanArgs=: which keys its flags are. */

#include "base/clock.h"
#include "test-unitfile-fixture.h"
#include "unitfile/podman-args-internal.h"

/* What @text becomes: "Section.Key=value" of each assignment, a line each; owned by the caller */
static char *expanded(const char *section, const char *text, DiagnosticList *diagnostics) {
        UnitSource *source = calloc(1, sizeof(*source));
        UnitFileSource in = { .path = "x", .text = text, .size = strlen(text) };
        char *lines = strdup("");

        assert_non_null(source);
        source->files = calloc(1, sizeof(UnitFile *));
        assert_non_null(source->files);
        source->n_files = 1;
        assert_int_equal(unit_file_parse(&in, diagnostics, &source->files[0]), 0);
        assert_int_equal(podman_args_expand(source, section, diagnostics), 0);
        for (size_t i = 0; i < source->files[0]->n_assignments; i++) {
                const UnitAssignment *a = &source->files[0]->assignments[i];
                char *more = str_printf("%s%s.%s=%s\n", lines, a->section, a->key, a->value);

                free(lines);
                lines = more;
                assert_non_null(lines);
        }
        unit_source_free(source);
        return lines;
}

typedef struct ExpansionCase {
        const char *args, *expected;
} ExpansionCase;

static void check_expansions(const char *section, const ExpansionCase *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                DiagnosticList diagnostics = {};
                char *text = str_printf("[%s]\nPodmanArgs=%s\n", section, cases[i].args);
                char *lines = expanded(section, text, &diagnostics);

                if (diagnostics.n_items > 0)
                        fail_msg("%s: %s", cases[i].args, fixture_diagnostics(&diagnostics));
                if (strcmp(lines, cases[i].expected) != 0)
                        fail_msg("%s:\n%snot:\n%s", cases[i].args, lines, cases[i].expected);
                free(lines);
                free(text);
                diagnostic_list_done(&diagnostics);
        }
}

static void test_a_flag_is_the_key_that_says_the_same(void **state) {
        static const ExpansionCase cases[] = {
                { "--memory 1g", "Container.Memory=1g\n" },
                { "--memory=1g -m 2g -m3g -m=4g",
                                "Container.Memory=1g\nContainer.Memory=2g\n"
                                "Container.Memory=3g\nContainer.Memory=4g\n" },
                { "--read-only", "Container.ReadOnly=true\n" },
                { "--read-only=f --init", "Container.ReadOnly=false\nContainer.RunInit=true\n" },
                { "--entrypoint '[\"a\", \"b c\"]'", "Container.Entrypoint=[\"a\", \"b c\"]\n" },
                { "--entrypoint \"\"", "Container.Entrypoint=\n" },
                { "--hostname '\"x\"'", "Container.HostName=\"\"x\"\"\n" },
                { "--volume=/a:/b:ro -v /c:/d",
                                "Container.Volume=/a:/b:ro\nContainer.Volume=/c:/d\n" },
                { "--env 'A=b c'", "Container.Environment='A=b c'\n" },
                { "--env \"A=it's\"", "Container.Environment='A=it'\"'\"'s'\n" },
                { "--env A=x\\\\y", "Container.Environment='A=x\\\\y'\n" },
                { "--sysctl net.a='1 2'", "Container.Sysctl='net.a=1 2'\n" },
                { "--cap-add net_admin,sys_time --cap-drop=all",
                                "Container.AddCapability='net_admin'\n"
                                "Container.AddCapability='sys_time'\n"
                                "Container.DropCapability='all'\n" },
                { "--privileged",
                                "Container.AddCapability='all'\n"
                                "Container.SeccompProfile=unconfined\n"
                                "Container.AppArmor=unconfined\nContainer.Unmask='ALL'\n"
                                "Container.AddDevice='/dev'\n" },
                { "--privileged=false --no-healthcheck=false", "" },
                { "--no-healthcheck", "Container.HealthCmd=none\n" },
                { "--rm --replace -d", "" },
                { "--ipc=private --pid private", "" },
                { "--sdnotify=conmon", "Container.Notify=false\n" },
        };

        (void) state;
        check_expansions("Container", cases, ELEMENTSOF(cases));
}

static void test_limits_are_keys_of_the_service(void **state) {
        static const ExpansionCase cases[] = {
                { "--cpus 1.5", "Service.CPUQuota=150.00%\n" },
                { "--cpus=0", "" },
                { "--cpus 0.25", "Service.CPUQuota=25.00%\n" },
                { "--cpu-quota=50000", "Service.CPUQuota=50.00%\n" },
                { "--cpu-quota=-1", "" },
                { "--cpu-shares 2", "Service.CPUWeight=1\n" },
                { "--cpu-shares 1024", "Service.CPUWeight=39\n" },
                { "--cpu-shares 999999", "Service.CPUWeight=10000\n" },
                { "--cpuset-cpus 0-1", "Service.AllowedCPUs=0-1\n" },
                { "--memory-swap -1", "Service.MemorySwapMax=infinity\n" },
                { "--memory-reservation 1k", "Service.MemoryLow=1024\n" },
                { "--blkio-weight 10", "Service.IOWeight=1\n" },
                { "--blkio-weight 1000", "Service.IOWeight=10000\n" },
                { "--device-read-bps /dev/sda:1mb",
                                "Service.IOReadBandwidthMax=/dev/sda 1048576\n" },
                { "--restart unless-stopped", "Service.Restart=always\n" },
                { "--timeout 30", "Service.RuntimeMaxSec=30\n" },
                { "--oom-score-adj -5", "Service.OOMScoreAdjust=-5\n" },
        };

        (void) state;
        check_expansions("Container", cases, ELEMENTSOF(cases));
}

static void test_security_options_are_keys_of_their_own(void **state) {
        static const ExpansionCase cases[] = {
                { "--security-opt no-new-privileges", "Container.NoNewPrivileges=true\n" },
                { "--security-opt=no-new-privileges:false", "Container.NoNewPrivileges=false\n" },
                { "--security-opt seccomp=unconfined", "Container.SeccompProfile=unconfined\n" },
                { "--security-opt apparmor:unconfined", "Container.AppArmor=unconfined\n" },
                { "--security-opt mask=/a:/b", "Container.Mask='/a:/b'\n" },
                { "--security-opt unmask=ALL", "Container.Unmask='ALL'\n" },
                { "--security-opt label=disable", "Container.SecurityLabelDisable=true\n" },
                { "--security-opt label=type:x_t", "Container.SecurityLabelType=x_t\n" },
        };

        (void) state;
        check_expansions("Container", cases, ELEMENTSOF(cases));
}

static void test_pods_and_images_have_flags_of_their_own(void **state) {
        static const ExpansionCase pod[] = {
                { "--name p --restart=no", "Pod.PodName=p\nService.Restart=no\n" },
                { "--network=none -v /a:/b", "Pod.Network=none\nPod.Volume=/a:/b\n" },
        };
        static const ExpansionCase image[] = {
                { "--platform linux/arm/v7 -q",
                                "Image.OS=linux\nImage.Arch=arm\nImage.Variant=v7\n" },
                { "--tls-verify=false --creds a:b", "Image.TLSVerify=false\nImage.Creds=a:b\n" },
        };

        (void) state;
        check_expansions("Pod", pod, ELEMENTSOF(pod));
        check_expansions("Image", image, ELEMENTSOF(image));
}

static void test_it_stands_where_it_is_written_and_an_empty_one_takes_back_what_came_before(
                void **state) {
        DiagnosticList diagnostics = {};
        char *lines = expanded("Container",
                        "[Container]\nMemory=1g\nPodmanArgs=--memory 2g\nPodmanArgs=\n"
                        "PodmanArgs=--memory 3g\nMemory=4g\n[Service]\nPodmanArgs=x\n",
                        &diagnostics);

        (void) state;
        assert_int_equal(diagnostics.n_items, 0);
        assert_string_equal(lines,
                        "Container.Memory=1g\nContainer.Memory=3g\nContainer.Memory=4g\n"
                        "Service.PodmanArgs=x\n");
        free(lines);
}

static void test_a_drop_in_takes_back_what_the_file_says(void **state) {
        UnitText texts[] = {
                UNIT_TEXT("web.container", MINIMAL "PodmanArgs=--memory 1g --no-such-flag\n"),
                UNIT_TEXT("web.container.d/x.conf",
                                "[Container]\nPodmanArgs=\nPodmanArgs=--pids-limit 7\n"),
        };
        UnitSpec *u = fixture_load_texts("web.container", texts, ELEMENTSOF(texts));

        (void) state;
        fixture_assert_loaded(u);
        assert_true(u->container.memory_bytes == UINT64_MAX);
        assert_int_equal(u->container.pids_limit, 7);
        unit_spec_free(u);
}

static void test_what_can_not_be_done_is_an_error_that_names_the_flag(void **state) {
        static const struct {
                const char *args, *says;
        } cases[] = {
                { "--no-such-flag",
                                "error: web.container:4: Container.PodmanArgs: '--no-such-flag' is "
                                "none of the flags of podman run" },
                { "--no-such-flag=secret", "'--no-such-flag' is none" },
                { "--memroy 1g", "did you mean '--memory'?" },
                { "--memory", "--memory: '' is all that follows; it needs a value" },
                { "--memory x",
                                "error: web.container:4: Container.PodmanArgs: --memory: 'x' is "
                                "not a size" },
                { "--volume=", "--volume: '' is no value for this flag" },
                { "sleep 5", "'sleep' is none of the flags" },
                { "-- x", "'--' is none of the flags" },
                { "--read-only=maybe", "--read-only: 'maybe' is neither true nor false" },
                { "--rm=false", "--rm: 'false' is not supported; it is always true" },
                { "--pid=host", "--pid: 'host' is not supported; it is always private" },
                { "-t", "--tty: 'true' is not supported; it is always false" },
                { "-it", "--interactive: 'true' is not supported" },
                { "--cpus many", "--cpus: 'many' is not a number of CPUs" },
                { "--memory-swap 2g", "counts memory and swap together" },
                { "--restart on-failure:3", "StartLimitBurst= in [Unit]" },
                { "--security-opt label=user:x", "'label=user:x' is no security option" },
                { "--security-opt label=disabled", "'label=disabled' is no security option" },
                { "--device-read-bps sda", "'sda' is not DEVICE:NUMBER" },
                { "--env 'A\\q'", "unsupported escape" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("PodmanArgs=%s", cases[i].args);
                UnitSpec *u = fixture_load_line(line);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].args);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_the_value_of_an_unknown_flag_is_not_complained_of_as_well(void **state) {
        UnitSpec *u = fixture_load_line("PodmanArgs=--gpus all --memory x");

        (void) state;
        assert_int_equal(u->diagnostics.n_items, 2);
        fixture_assert_says(&u->diagnostics, "'--gpus' is none");
        fixture_assert_says(&u->diagnostics, "--memory: 'x' is not a size");
        unit_spec_free(u);
}

static void test_a_container_is_what_its_flags_make_of_it(void **state) {
        UnitSpec *u = fixture_load_line(
                        "PodmanArgs=--privileged --env 'GREETING=it\\'s me' --cpus=1.5 \\\n"
                        "  --volume ./data:/data --stop-timeout=3 --entrypoint '[\"a b\", \"c\"]'");

        (void) state;
        fixture_assert_loaded(u);
        assert_true(u->container.security.add_capabilities == UINT64_MAX);
        assert_true(u->container.security.seccomp_unconfined);
        fixture_assert_words(u->container.root.unmask, "ALL");
        fixture_assert_words(u->container.process.environment, "GREETING=it's me");
        fixture_assert_words(u->container.process.entrypoint, "a b|c");
        assert_string_equal(u->container.root.volumes[0].source, "/etc/supd/units/data");
        assert_int_equal(u->container.process.stop_timeout_usec, 3 * USEC_PER_SEC);
        assert_int_equal(u->service.resource.cpu_quota_per_sec_usec, 1500000);
        unit_spec_free(u);
}

static void test_values_are_of_the_environment_and_of_specifiers_as_in_the_key(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u = fixture_load_line(
                        "PodmanArgs=--env UNIT=%n --env 'A=100%%' --memory ${SIZE} --env B=${WHO}");
        char *environment[] = { (char *) "SIZE=1g", (char *) "WHO=a b", NULL };
        const ContainerSpec *resolved = NULL;
        ContainerSpec storage;

        (void) state;
        fixture_assert_loaded(u);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, environment, &storage, &resolved, NULL), 0);
        assert_int_equal(resolved->memory_bytes, 1024 * 1024 * 1024);
        fixture_assert_words(resolved->process.environment, "A=100%|B=a b|UNIT=web.service");
        container_spec_done(&storage);
}

/* The keys are looked up when a unit is loaded: one that is mistyped here would be an error there. */
static void test_every_flag_is_for_a_key_that_exists(void **state) {
        static const char *const sections[] = { "Container", "Pod", "Image" };
        UnitKeys *keys = NULL;

        (void) state;
        assert_int_equal(unit_keys_new(&keys), 0);
        for (size_t i = 0; i < ELEMENTSOF(sections); i++) {
                const PodmanCommand *command = podman_command_find(sections[i]);

                assert_non_null(command);
                for (const PodmanFlag *f = command->flags; f->name; f++) {
                        int own = unit_keys_find_section(sections[i]),
                            service = unit_keys_find_section("Service");

                        assert_true(str_has_prefix(f->name, "--"));
                        if (!f->key || islower((unsigned char) f->key[0]))
                                continue;
                        if (!map_get(keys->by_section[own], f->key) &&
                                        !map_get(keys->by_section[service], f->key))
                                fail_msg("[%s] %s: no key %s", sections[i], f->name, f->key);
                }
        }
        unit_keys_free(keys);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_flag_is_the_key_that_says_the_same),
                cmocka_unit_test(test_limits_are_keys_of_the_service),
                cmocka_unit_test(test_security_options_are_keys_of_their_own),
                cmocka_unit_test(test_pods_and_images_have_flags_of_their_own),
                cmocka_unit_test(
                                test_it_stands_where_it_is_written_and_an_empty_one_takes_back_what_came_before),
                cmocka_unit_test(test_a_drop_in_takes_back_what_the_file_says),
                cmocka_unit_test(test_what_can_not_be_done_is_an_error_that_names_the_flag),
                cmocka_unit_test(test_the_value_of_an_unknown_flag_is_not_complained_of_as_well),
                cmocka_unit_test(test_a_container_is_what_its_flags_make_of_it),
                cmocka_unit_test(
                                test_values_are_of_the_environment_and_of_specifiers_as_in_the_key),
                cmocka_unit_test(test_every_flag_is_for_a_key_that_exists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
