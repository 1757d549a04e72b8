/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "image/oci/manifest.h"

#define A "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define B "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define CONFIG "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"" A "\",\"size\":2}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"" B "\",\"size\":3}"
#define PLATFORM(arch, variant) \
        "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" A \
        "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"" variant "}}"
#define VARIANT(v) ",\"variant\":\"" v "\""

static void refuse(const char *text, int number, const char *reason) {
        _cleanup_(manifest_done) Manifest m = {};
        _cleanup_(error_done) Error error = {};

        assert_int_equal(manifest_parse(text, strlen(text), &m, &error), number);
        if (!strstr(error_text(&error, 0), reason))
                fail_msg("%s: %s", text, error_text(&error, 0));
}

static void test_a_docker_manifest_reads_as_an_oci_one(void **state) {
        static const char docker[] =
                        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
                        "\",\"config\":{\"mediaType\":\"application/"
                        "vnd.docker.container.image.v1+json\","
                        "\"digest\":\"" A "\",\"size\":2},\"layers\":[" LAYER(
                                        "application/vnd.docker.image.rootfs.diff.tar.gzip") "]}";
        _cleanup_(manifest_done) Manifest m = {}, again = {};

        (void) state;
        assert_int_equal(manifest_parse(docker, strlen(docker), &m, NULL), 0);
        assert_true(m.is_foreign);
        assert_string_equal(m.entries[0].media_type, MEDIA_OCI_LAYER "+gzip");
        assert_int_equal(descriptor_compression(&m.entries[0]), COMPRESSION_GZIP);

        _cleanup_free_ char *own = manifest_format(&m.config, m.entries, m.n_entries);
        assert_int_equal(manifest_parse(own, strlen(own), &again, NULL), 0);
        assert_false(again.is_foreign);
        assert_int_equal(again.n_entries, 1);
        assert_string_equal(again.entries[0].digest.text, B);
        assert_int_equal(again.entries[0].size, 3);
}

static void test_what_is_no_image_is_refused_with_the_reason(void **state) {
        (void) state;
        refuse("[]", -EBADMSG, "object");
        refuse("{", -EBADMSG, "JSON");
        refuse("{\"schemaVersion\":1}", -EOPNOTSUPP, "version 2");
        refuse("{\"schemaVersion\":2}", -EBADMSG, "either");
        refuse("{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", -EBADMSG, "either");
        refuse("{\"schemaVersion\":2,\"layers\":[]}", -EBADMSG, "config");
        refuse("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER("text/plain") "]}",
                        -EOPNOTSUPP,
                        "text/plain");
        refuse("{\"schemaVersion\":2,\"layers\":[],\"config\":{\"digest\":\"" A "\",\"size\":-1}}",
                        -EBADMSG,
                        "size");
        refuse("{\"schemaVersion\":2,\"layers\":[],\"config\":{\"digest\":\"../x\",\"size\":1}}",
                        -EINVAL,
                        "../x");
        refuse("{\"schemaVersion\":2,\"layers\":[],\"config\":{\"mediaType\":\"x/"
               "y\",\"digest\":\"" A "\",\"size\":1}}",
                        -EOPNOTSUPP,
                        "x/y");
}

static void test_json_nested_thousands_deep_is_refused(void **state) {
        char text[20000];

        (void) state;
        memset(text, '[', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        refuse(text, -EBADMSG, "JSON");
}

static void test_a_manifest_with_too_many_layers_is_refused(void **state) {
        static const char layer[] = LAYER(MEDIA_OCI_LAYER) ",";
        _cleanup_free_ char *text = malloc((LAYERS_MAX + 2) * sizeof(layer) + 1000);
        char *p = stpcpy(text, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[");

        (void) state;
        for (unsigned i = 0; i <= LAYERS_MAX; i++)
                p = stpcpy(p, layer);
        (void) stpcpy(p - 1, "]}");
        refuse(text, -E2BIG, "limit of 500");
}

static void test_the_platform_that_fits_best_is_chosen(void **state) {
        static const char text[] = "{\"schemaVersion\":2,\"manifests\":[" PLATFORM(
                        "arm", VARIANT("v5")) "," PLATFORM("arm", VARIANT("v6")) "," PLATFORM("arm",
                        VARIANT("v7")) "," PLATFORM("arm64", "") "]}";
        static const struct {
                const char *architecture, *variant;
                int expected; /* -1: none */
        } cases[] = {
                { "arm", "v6", 1 },
                { "arm", "v7", 2 },
                { "arm", "v8", 2 },
                { "arm", NULL, 0 },
                { "arm64", "v8", 3 },
                { "arm64", NULL, 3 },
                { "amd64", NULL, -1 },
                { "arm", "v4", -1 },
        };
        _cleanup_(manifest_done) Manifest m = {};

        (void) state;
        assert_int_equal(manifest_parse(text, strlen(text), &m, NULL), 0);
        assert_true(m.is_index);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Platform p = { .os = (char *) "linux",
                        .architecture = (char *) cases[i].architecture,
                        .variant = (char *) cases[i].variant };
                const Descriptor *d = manifest_choose(&m, &p);
                assert_int_equal(d ? d - m.entries : -1, cases[i].expected);
        }
}

static void test_a_configuration_tells_how_to_run_the_image(void **state) {
        static const char text[] =
                        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
                        "\"" A "\"]},\"config\":{\"Cmd\":[\"/bin/sh\",\"-c\"],\"Entrypoint\":null,"
                        "\"Env\":[\"A=b\"],\"User\":\"1:2\",\"Volumes\":{\"/data\":{}},"
                        "\"Labels\":{\"k\":\"v\"},\"Healthcheck\":{\"Test\":[\"NONE\"],"
                        "\"Interval\":5000000000,\"Timeout\":-1,\"StartPeriod\":\"x\",\"Retries\":"
                        "3}},"
                        "\"author\":\"me\",\"history\":[{\"created_by\":\"a\"},"
                        "{\"comment\":\"b\",\"empty_layer\":true},7]}";
        _cleanup_(image_config_done) ImageConfig c = {};

        (void) state;
        assert_int_equal(image_config_parse(text, strlen(text), &c, NULL), 0);
        assert_int_equal(c.n_diff_ids, 1);
        assert_int_equal(strv_length(c.command), 2);
        assert_null(c.entrypoint);
        assert_string_equal(c.environment[0], "A=b");
        assert_string_equal(c.user, "1:2");
        assert_string_equal(c.volumes[0], "/data");
        assert_string_equal(c.labels[0], "k=v");
        assert_string_equal(c.health_test[0], "NONE");
        assert_int_equal(c.health_interval_nsec, 5000000000);
        /* What makes no sense is as good as not said. */
        assert_int_equal(c.health_timeout_nsec, 0);
        assert_int_equal(c.health_start_period_nsec, 0);
        assert_int_equal(c.health_retries, 3);
        assert_string_equal(c.author, "me");
        assert_int_equal(c.n_history, 3);
        assert_string_equal(c.history[0].created_by, "a");
        assert_false(c.history[0].is_empty);
        assert_true(c.history[1].is_empty);
        assert_null(c.history[2].created_by);
}

static void test_a_configuration_without_layers_list_is_refused(void **state) {
        _cleanup_(image_config_done) ImageConfig c = {};

        (void) state;
        assert_int_equal(image_config_parse("{}", 2, &c, NULL), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_docker_manifest_reads_as_an_oci_one),
                cmocka_unit_test(test_what_is_no_image_is_refused_with_the_reason),
                cmocka_unit_test(test_json_nested_thousands_deep_is_refused),
                cmocka_unit_test(test_a_manifest_with_too_many_layers_is_refused),
                cmocka_unit_test(test_the_platform_that_fits_best_is_chosen),
                cmocka_unit_test(test_a_configuration_tells_how_to_run_the_image),
                cmocka_unit_test(test_a_configuration_without_layers_list_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
