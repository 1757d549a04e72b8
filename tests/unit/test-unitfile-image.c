/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* .image units, and what [Container] says about its image. */

#include "base/clock.h"
#include "test-unitfile-fixture.h"

static void test_an_image_unit_has_the_defaults_of_the_reference(void **state) {
        UnitSpec *u = fixture_load("base.image", "[Image]\nImage=quay.io/team/base:1\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->kind, UNIT_KIND_IMAGE);
        assert_string_equal(u->id, "base-image.service");
        assert_string_equal(u->image.reference, "quay.io/team/base:1");
        assert_null(u->image.tag);
        assert_int_equal(u->image.pull.policy, PULL_ALWAYS);
        assert_int_equal(u->image.pull.retries, 3);
        assert_true(u->image.pull.retry_delay_usec == UINT64_MAX);
        assert_true(u->image.pull.tls_verify);
        assert_int_equal(u->service.type, SERVICE_ONESHOT);
        assert_true(u->service.remain_after_exit);
        assert_true(u->service.start_timeout_usec == USEC_INFINITY);
        unit_spec_free(u);
}

static void test_every_key_of_an_image_unit_is_read(void **state) {
        UnitSpec *u = fixture_load("base.image",
                        "[Image]\nImage=oci-archive:/srv/%p.tar\nImageTag=localhost/base\n"
                        "Policy=newer\nArch=arm\nOS=linux\nVariant=v7\nAuthFile=/etc/auth.json\n"
                        "Creds=me:secret\nCertDir=/etc/certs\nTLSVerify=false\nRetry=7\n"
                        "RetryDelay=1m30s\nServiceName=fetch-base\n");
        const PullSpec *p = &u->image.pull;

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->id, "fetch-base.service");
        assert_string_equal(u->image.reference, "oci-archive:/srv/fetch-base.tar");
        assert_string_equal(u->image.tag, "localhost/base");
        assert_int_equal(p->policy, PULL_NEWER);
        assert_string_equal(p->architecture, "arm");
        assert_string_equal(p->os, "linux");
        assert_string_equal(p->variant, "v7");
        assert_string_equal(p->auth_file, "/etc/auth.json");
        assert_string_equal(p->creds, "me:secret");
        assert_string_equal(p->cert_dir, "/etc/certs");
        assert_false(p->tls_verify);
        assert_int_equal(p->retries, 7);
        assert_int_equal(p->retry_delay_usec, 90 * USEC_PER_SEC);
        unit_spec_free(u);
}

static void test_mistakes_in_an_image_unit_are_errors_with_file_and_line(void **state) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "[Image]\nArch=arm\n", "error: base.image: no Image key specified" },
                { "[Image]\nImage=docker.io/library/Busy\n", "base.image:2: Image.Image: " },
                { "[Image]\nImage=a.b/c\nPolicy=often\n",
                                "base.image:3: Image.Policy: 'often' is not always, missing, never "
                                "or newer" },
                { "[Image]\nImage=a.b/c\nRetryDelay=5\n",
                                "Image.RetryDelay: '5' is not a duration such as 1m30s" },
                { "[Image]\nImage=a.b/c\nAuthFile=auth.json\n", "is not an absolute path" },
                { "[Image]\nImage=a.b/c\nImageTag=A B\n", "is not the name of an image" },
                { "[Image]\nImage=a.b/c\nDecryptionKey=k\n", "encrypted images can't be read" },
                { "[Image]\nImage=a.b/c\nExec=sleep\n", "unknown key 'Exec' in section [Image]" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load("base.image", cases[i].text);
                assert_int_equal(u->load_state, UNIT_BAD_SETTING);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_sections_of_other_types_have_no_meaning(void **state) {
        UnitSpec *u = fixture_load("base.image", "[Image]\nImage=a.b/c\n[Container]\nNonsense=1\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics,
                        "section [Container] has no meaning in a .image file; ignored");
        unit_spec_free(u);
}

static void test_a_container_says_which_image_and_when_to_fetch_it(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        "[Container]\nImage=quay.io/team/web@sha256:"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
                        "Network=none\nPull=newer\nRetry=1\nRetryDelay=5s\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_null(u->container.image_unit);
        assert_non_null(u->container.image);
        assert_int_equal(u->container.pull.policy, PULL_NEWER);
        assert_int_equal(u->container.pull.retries, 1);
        assert_int_equal(u->container.pull.retry_delay_usec, 5 * USEC_PER_SEC);
        unit_spec_free(u);
}

static void test_a_short_name_is_a_warning_that_tells_the_whole_one(void **state) {
        UnitSpec *u = fixture_load("web.container", "[Container]\nImage=alpine:3\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics,
                        "warning: web.container:2: Container.Image: 'alpine:3' is not a fully "
                        "qualified image name; write 'docker.io/library/alpine:3'");
        unit_spec_free(u);

        u = fixture_load("web.container", "[Container]\nImage=localhost/web\n");
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_null(strstr(fixture_diagnostics(&u->diagnostics), "short-name"));
        unit_spec_free(u);
}

static void test_an_instance_means_the_same_instance_of_an_image_template(void **state) {
        UnitSpec *u = fixture_load(
                        "web@a.container", "[Container]\nImage=base@.image\nNetwork=none\n");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.image_unit, "base@a.image");
        unit_spec_free(u);
}

static void test_an_image_unit_that_is_not_there_keeps_its_container_from_loading(void **state) {
        (void) state;
        fixture_write("etc/web.container", "[Container]\nImage=base.image\nNetwork=none\n");
        fixture_write("etc/app.container", "[Container]\nImage=missing.image\n");
        fixture_write("etc/base.image", "[Image]\nImage=a.b/c\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        UnitSpec *web = unit_set_find(s, "web"), *app = unit_set_find(s, "app");

        fixture_assert_loaded(web);
        assert_string_equal(web->container.image_unit, "base.image");
        assert_int_equal(app->load_state, UNIT_BAD_SETTING);
        fixture_assert_says(
                        &app->diagnostics, "requested Quadlet image missing.image was not found");
        unit_set_free(s);
}

static void test_references_to_the_environment_are_resolved_in_an_image_unit(void **state) {
        static char *const environment[] = { (char *) "TAG=7", NULL };
        UnitSpec *u = fixture_load("base.image", "[Image]\nImage=a.b/c:${TAG}\nPolicy=${P}\n");
        ImageSpec storage;
        const ImageSpec *resolved = NULL;
        _cleanup_(error_done) Error error = {};

        (void) state;
        fixture_assert_loaded(u);
        image_spec_init(&storage);
        /* What ${P} is must be a policy when it comes to it. */
        assert_int_equal(unit_spec_resolve_image(u, environment, &storage, &resolved, &error),
                        -EINVAL);
        image_spec_done(&storage);

        static char *const both[] = { (char *) "TAG=7", (char *) "P=never", NULL };
        image_spec_init(&storage);
        assert_int_equal(unit_spec_resolve_image(u, both, &storage, &resolved, NULL), 0);
        assert_string_equal(resolved->reference, "a.b/c:7");
        assert_int_equal(resolved->pull.policy, PULL_NEVER);
        image_spec_done(&storage);
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_image_unit_has_the_defaults_of_the_reference),
                cmocka_unit_test(test_every_key_of_an_image_unit_is_read),
                cmocka_unit_test(test_mistakes_in_an_image_unit_are_errors_with_file_and_line),
                cmocka_unit_test(test_sections_of_other_types_have_no_meaning),
                cmocka_unit_test(test_a_container_says_which_image_and_when_to_fetch_it),
                cmocka_unit_test(test_a_short_name_is_a_warning_that_tells_the_whole_one),
                cmocka_unit_test(test_an_instance_means_the_same_instance_of_an_image_template),
                cmocka_unit_test_setup_teardown(
                                test_an_image_unit_that_is_not_there_keeps_its_container_from_loading,
                                fixture_tree_setup,
                                fixture_tree_teardown),
                cmocka_unit_test(test_references_to_the_environment_are_resolved_in_an_image_unit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
