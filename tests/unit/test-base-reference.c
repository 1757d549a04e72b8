/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/reference.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void check(const char *text, const char *canonical) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_(error_done) Error error = {};

        int q = reference_parse(text, &r, &error);
        if (q < 0)
                print_error("%s: %s\n", text, error_text(&error, q));
        assert_int_equal(q, 0);
        _cleanup_free_ char *formatted = reference_format(&r);
        assert_string_equal(formatted, canonical);
}

static void refuse(const char *text, const char *reason) {
        _cleanup_(reference_done) Reference r = {};
        _cleanup_(error_done) Error error = {};

        if (reference_parse(text, &r, &error) >= 0)
                fail_msg("'%s' was taken", text);
        if (!strstr(error_text(&error, 0), reason))
                fail_msg("'%s': %s", text, error_text(&error, 0));
}

static void test_names_are_normalised_as_docker_does(void **state) {
        (void) state;
        check("alpine", "docker.io/library/alpine:latest");
        check("alpine:3.18", "docker.io/library/alpine:3.18");
        check("foo/bar", "docker.io/foo/bar:latest");
        check("index.docker.io/alpine", "docker.io/library/alpine:latest");
        check("docker.io/alpine", "docker.io/library/alpine:latest");
        check("quay.io/a/b/c:v1", "quay.io/a/b/c:v1");
        check("localhost/x", "localhost/x:latest");
        check("localhost:5000/x", "localhost:5000/x:latest");
        check("host:5000/x:y", "host:5000/x:y");
        check("[::1]:5000/x", "[::1]:5000/x:latest");
        check("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest");
        check("Registry.example/x", "Registry.example/x:latest");
        check("localhost:5000", "docker.io/library/localhost:5000");
}

static void test_a_digest_takes_the_place_of_latest_and_stands_beside_a_tag(void **state) {
        (void) state;
        check("alpine@sha256:" HEX, "docker.io/library/alpine@sha256:" HEX);
        check("alpine:3@sha256:" HEX, "docker.io/library/alpine:3@sha256:" HEX);
}

static void test_malformed_names_are_refused_with_the_reason(void **state) {
        (void) state;
        refuse("", "empty");
        refuse("Alpine", "lower-case");
        refuse("localhost/Foo", "lower-case");
        refuse("alpine:", "tag");
        refuse("alpine:.x", "tag");
        refuse("a//b", "repository");
        refuse("a/", "repository");
        refuse("-a", "repository");
        refuse("a..b/c", "registry");
        refuse("a___b", "repository");
        refuse("host:99999/x", "registry");
        refuse("host:/x", "registry");
        refuse("ho_st.x/y", "registry");
        refuse(HEX, "image id");
        refuse("alpine@sha256:abc", "64");
        refuse("alpine@md5:" HEX, "sha256");
        refuse("alpine@" HEX, "digest");
        refuse("a b", "repository");
}

static void test_a_name_of_256_characters_is_too_long(void **state) {
        char name[300];

        (void) state;
        memset(name, 'a', sizeof(name));
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/")] = '\0';
        _cleanup_(reference_done) Reference r = {};
        assert_int_equal(reference_parse(name, &r, NULL), 0);
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/")] = 'a';
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/") + 1] = '\0';
        refuse(name, "255");
}

static void source(const char *text, Transport transport, const char *path, const char *name) {
        _cleanup_(image_source_done) ImageSource s = {};

        assert_int_equal(image_source_parse(text, &s, NULL), 0);
        assert_int_equal(s.transport, transport);
        assert_string_equal(s.path, path);
        if (name)
                assert_string_equal(s.name, name);
        else
                assert_null(s.name);
}

static void test_transports_are_told_from_names(void **state) {
        _cleanup_(image_source_done) ImageSource s = {};

        (void) state;
        source("oci:/srv/a", TRANSPORT_OCI, "/srv/a", NULL);
        source("oci:/srv/a:v1", TRANSPORT_OCI, "/srv/a", "v1");
        source("oci-archive:a.tar:v1", TRANSPORT_OCI_ARCHIVE, "a.tar", "v1");
        source("docker-archive:a.tar", TRANSPORT_DOCKER_ARCHIVE, "a.tar", NULL);
        source("docker-archive:a.tar:alpine:3",
                        TRANSPORT_DOCKER_ARCHIVE,
                        "a.tar",
                        "docker.io/library/alpine:3");
        source("dir:/a:b", TRANSPORT_DIR, "/a:b", NULL);
        source("docker://alpine", TRANSPORT_REGISTRY, "alpine", NULL);
        source("docker:24", TRANSPORT_REGISTRY, "docker:24", NULL);
        source("ocicl:1", TRANSPORT_REGISTRY, "ocicl:1", NULL);
        assert_int_equal(image_source_parse("oci:", &s, NULL), -EINVAL);
        assert_int_equal(image_source_parse("oci:/a:", &s, NULL), -EINVAL);
        assert_int_equal(image_source_parse("docker-archive:/a:Alpine", &s, NULL), -EINVAL);
        assert_int_equal(image_source_parse("docker://", &s, NULL), -EINVAL);
}

static void test_every_transport_has_a_name(void **state) {
        (void) state;
        for (Transport t = 0; t < _TRANSPORT_MAX; t++)
                assert_non_null(transport_to_string(t));
        assert_null(transport_to_string(_TRANSPORT_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_are_normalised_as_docker_does),
                cmocka_unit_test(test_a_digest_takes_the_place_of_latest_and_stands_beside_a_tag),
                cmocka_unit_test(test_malformed_names_are_refused_with_the_reason),
                cmocka_unit_test(test_a_name_of_256_characters_is_too_long),
                cmocka_unit_test(test_transports_are_told_from_names),
                cmocka_unit_test(test_every_transport_has_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
