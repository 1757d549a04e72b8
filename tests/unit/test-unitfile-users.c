/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* UserNS= and the like: what they come to, and what Quadlet and Podman refuse. */

#include "test-unitfile-fixture.h"

static void assert_map(const IdMap *m, const char *expected) {
        _cleanup_strv_ char **words = NULL;

        assert_int_equal(id_map_words(m, &words), 0);
        fixture_assert_words(words, expected);
}

static void test_settings_come_to_one(void **state) {
        static const struct {
                const char *lines;
                UsersMode mode;
                const char *uids, *gids, *target;
                uint32_t size;
        } cases[] = {
                { "UserNS=host", USERS_HOST, "", "", NULL, 0 },
                { "UserNS=auto", USERS_AUTO, "", "", NULL, 0 },
                { "UserNS=auto:size=2000", USERS_AUTO, "", "", NULL, 2000 },
                { "UserNS=auto:uidmapping=1:2:3,size=5,gidmapping=4:5:6",
                                USERS_AUTO,
                                "1:2:3",
                                "4:5:6",
                                NULL,
                                5 },
                { "UserNS=nomap", USERS_AUTO, "", "", NULL, 0 },
                { "UserNS=keep-id", USERS_KEEP_ID, "", "", NULL, 0 },
                { "UserNS=ns:/run/ns/%p", USERS_PATH, "", "", "/run/ns/web", 0 },
                { "UserNS=container:db", USERS_CONTAINER, "", "", "db", 0 },
                { "UIDMap=0:1000:10", USERS_MAP, "0:1000:10", "0:1000:10", NULL, 0 },
                { "GIDMap=0:1000", USERS_MAP, "0:1000:1", "0:1000:1", NULL, 0 },
                { "UIDMap=0:1:1\nUIDMap=1:5:2 3:9:1\nGIDMap=0:7:9",
                                USERS_MAP,
                                "0:1:1|1:5:2|3:9:1",
                                "0:7:9",
                                NULL,
                                0 },
                { "UIDMap=1:2:3\nUIDMap=\nUIDMap=0:2:3", USERS_MAP, "0:2:3", "0:2:3", NULL, 0 },
                { "SubUIDMap=web", USERS_MAP, "", "", NULL, 0 },
                { "RemapUsers=manual\nRemapUid=0:1000:10\nRemapGid=0:2000:10",
                                USERS_MAP,
                                "0:1000:10",
                                "0:2000:10",
                                NULL,
                                0 },
                { "RemapUsers=manual", USERS_HOST, "", "", NULL, 0 },
                { "RemapUsers=auto\nRemapUidSize=1024\nRemapUid=0:1:2",
                                USERS_AUTO,
                                "0:1:2",
                                "",
                                NULL,
                                1024 },
                { "RemapUsers=keep-id", USERS_KEEP_ID, "", "", NULL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].lines);
                const UsersSpec *users = &u->container.users;

                fixture_assert_loaded(u);
                assert_int_equal(users->mode, cases[i].mode);
                assert_int_equal(users->size, cases[i].size);
                assert_map(&users->uids, cases[i].uids);
                assert_map(&users->gids, cases[i].gids);
                if (cases[i].target)
                        assert_string_equal(users->target, cases[i].target);
                else
                        assert_null(users->target);
                unit_spec_free(u);
        }
}

static void test_one_name_is_for_users_and_groups(void **state) {
        UnitSpec *u = fixture_load_line("SubUIDMap=web"),
                 *both = fixture_load_line("SubUIDMap=a\nSubGIDMap=b");

        (void) state;
        assert_string_equal(u->container.users.subuid, "web");
        assert_string_equal(u->container.users.subgid, "web");
        assert_string_equal(both->container.users.subuid, "a");
        assert_string_equal(both->container.users.subgid, "b");
        unit_spec_free(u);
        unit_spec_free(both);
}

static void test_what_can_not_be_is_refused_in_quadlets_words(void **state) {
        static const struct {
                const char *lines, *text;
        } cases[] = {
                { "UserNS=maybe",
                                "UserNS='maybe' is not host, auto, keep-id, nomap, ns:PATH or "
                                "container:NAME" },
                { "UserNS=auto:big=1", "UserNS='big' is not an option of it" },
                { "UserNS=auto:size=none", "'size' is not a number of ids" },
                { "UserNS=auto:uidmapping=1:2:x", "is not CONTAINER-ID:HOST-ID[:SIZE]" },
                { "UserNS=host:x", "is not an option of it" },
                { "UserNS=ns:relative", "names no absolute path behind ns:" },
                { "UserNS=container:", "names no container" },
                { "UIDMap=0:1000:10:3", "'0:1000:10:3' is not CONTAINER-ID:HOST-ID[:SIZE]" },
                { "UIDMap=a:b:c", "is not CONTAINER-ID:HOST-ID[:SIZE]" },
                { "UIDMap=1:1000:10", "UIDMap=: the container's root, id 0, is not mapped" },
                { "UIDMap=0:1:2\nUIDMap=1:7:2", "UIDMap=: an id of the container is mapped twice" },
                { "UIDMap=0:1:2\nGIDMap=0:1:2\nGIDMap=5:2:2",
                                "GIDMap=: an id of the host is mapped twice" },
                { "UserNS=auto\nUIDMap=0:1:2",
                                "UserNS and UIDMap, GIDMap, SubUIDMap or SubGIDMap" },
                { "UIDMap=0:1:2\nSubUIDMap=web", "can not be specified together" },
                { "UserNS=auto\nRemapUsers=auto",
                                "deprecated Remap keys are set along with explicit mapping keys" },
                { "UIDMap=0:1:2\nRemapUid=0:1:2",
                                "deprecated Remap keys are set along with explicit mapping keys" },
                { "RemapUid=0:1:2", "UidMap set without RemapUsers" },
                { "RemapGid=0:1:2", "GidMap set without RemapUsers" },
                { "RemapUsers=keep-id\nRemapUid=1\nRemapUid=2",
                                "RemapUsers=keep-id supports only a single value for UID mapping" },
                { "RemapUsers=keep-id\nRemapGid=1 2",
                                "RemapUsers=keep-id supports only a single value for GID mapping" },
                { "RemapUsers=keep-id\nRemapUid=x", "RemapUid='x' is not an id" },
                { "RemapUsers=maybe", "unsupported RemapUsers option 'maybe'" },
                { "RemapUsers=auto\nRemapUidSize=x", "RemapUidSize='x' is not a number of ids" },
                { "RemapUsers=manual\nRemapUid=x",
                                "RemapUid='x' is not CONTAINER-ID:HOST-ID[:SIZE]" },
                { "Volume=/a:/b:idmap=uids=0-1-2",
                                "owners are shifted as the container's user namespace has it" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].lines);

                assert_int_equal(u->load_state, UNIT_BAD_SETTING);
                fixture_assert_says(&u->diagnostics, cases[i].text);
                unit_spec_free(u);
        }
}

static void test_ids_of_keep_id_have_no_effect_and_that_is_said(void **state) {
        UnitSpec *u = fixture_load_line("UserNS=keep-id:uid=200,gid=210");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_int_equal(u->container.users.mode, USERS_KEEP_ID);
        fixture_assert_says(&u->diagnostics, "keep-id: the ids have no effect");
        unit_spec_free(u);
}

static void test_a_size_without_an_automatic_range_has_no_effect_and_that_is_said(void **state) {
        UnitSpec *u = fixture_load_line("RemapUidSize=10");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "RemapUidSize= has no effect without RemapUsers=auto");
        unit_spec_free(u);
}

static void test_in_a_pod_they_have_no_effect_and_that_is_said(void **state) {
        UnitSpec *u = fixture_load_line("UserNS=auto\nPod=a.pod");

        (void) state;
        assert_int_equal(u->container.users.mode, USERS_HOST);
        fixture_assert_says(&u->diagnostics, "have no effect with Pod=");
        unit_spec_free(u);
}

static void test_references_are_judged_when_they_are_known(void **state) {
        static char *good[] = { (char *) "NS=auto:size=9", (char *) "MAP=0:1:2", NULL };
        static char *bad[] = { (char *) "NS=maybe", NULL };
        UnitSpec *u = fixture_load_line("UserNS=${NS}"), *map = fixture_load_line("UIDMap=${MAP}");
        ContainerSpec storage;
        const ContainerSpec *resolved;
        Error error = {};

        (void) state;
        fixture_assert_loaded(u);
        fixture_assert_loaded(map);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, good, &storage, &resolved, &error), 0);
        assert_int_equal(resolved->users.mode, USERS_AUTO);
        assert_int_equal(resolved->users.size, 9);
        container_spec_done(&storage);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(map, good, &storage, &resolved, &error), 0);
        assert_map(&resolved->users.gids, "0:1:2");
        container_spec_done(&storage);
        container_spec_init(&storage);
        assert_true(unit_spec_resolve(u, bad, &storage, &resolved, &error) < 0);
        assert_non_null(strstr(error.message, "UserNS='maybe'"));
        error_done(&error);
        container_spec_done(&storage);
        unit_spec_free(u);
        unit_spec_free(map);
}

static void test_owners_of_volumes_and_roots_are_shifted_on_request(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        "[Container]\nRootfs=/srv/root:O,idmap\nVolume=/a:/b:ro,idmap\nVolume=/c:/"
                        "d\n");

        (void) state;
        assert_string_equal(u->container.root.rootfs, "/srv/root");
        assert_true(u->container.root.overlay && u->container.root.idmap);
        assert_true(u->container.root.volumes[0].idmap && u->container.root.volumes[0].read_only);
        assert_false(u->container.root.volumes[1].idmap);
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_settings_come_to_one),
                cmocka_unit_test(test_one_name_is_for_users_and_groups),
                cmocka_unit_test(test_what_can_not_be_is_refused_in_quadlets_words),
                cmocka_unit_test(test_ids_of_keep_id_have_no_effect_and_that_is_said),
                cmocka_unit_test(
                                test_a_size_without_an_automatic_range_has_no_effect_and_that_is_said),
                cmocka_unit_test(test_in_a_pod_they_have_no_effect_and_that_is_said),
                cmocka_unit_test(test_references_are_judged_when_they_are_known),
                cmocka_unit_test(test_owners_of_volumes_and_roots_are_shifted_on_request),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
