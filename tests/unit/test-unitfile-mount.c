/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Mount= and AddDevice=. */

#include "test-unitfile-fixture.h"

static UnitSpec *load_mount(const char *value) {
        _cleanup_free_ char *line = str_printf("Mount=%s", value);

        return fixture_load_line(line);
}

/* All of a volume in words. */
static char *volume_text(const VolumeSpec *v) {
        return str_printf("%s>%s%s%s%s%s%s%s%s prop=%d",
                        v->source,
                        v->target,
                        v->read_only ? " ro" : "",
                        v->recursive ? "" : " nonrecursive",
                        v->noexec ? " noexec" : "",
                        v->nosuid ? "" : " suid",
                        v->nodev ? "" : " dev",
                        v->glob ? " glob" : "",
                        v->glob_in_place ? " in-place" : "",
                        (int) v->propagation);
}

static void test_what_is_bound_is_as_in_volume(void **state) {
        static const struct {
                const char *value, *expected;
        } cases[] = {
                { "type=bind,source=/a,target=/b", "/a>/b prop=1" },
                { "type=bind,src=/a,dst=/b,ro", "/a>/b ro prop=1" },
                { "type=bind,src=/a,destination=/b,readonly=true,rw", "/a>/b prop=1" },
                { "type=bind,src=/a,dest=/b,ro=false", "/a>/b prop=1" },
                { "src=./x,dst=/b,type=bind", "/etc/supd/units/x>/b prop=1" },
                { "type=bind,src=/a,dst=/b,bind-propagation=shared,bind-nonrecursive",
                                "/a>/b nonrecursive prop=2" },
                { "type=bind,src=/a,dst=/b,noexec,suid,dev,relabel=shared,consistency=cached",
                                "/a>/b noexec suid dev prop=1" },
                { "type=bind,src=/a,dst=/b,,", "/a>/b prop=1" },
                { "'type=bind,\"src=/a,b\",dst=/c d'", "/a,b>/c d prop=1" },
                { "type=glob,src=/a/*.conf,dst=/b,ro", "/a/*.conf>/b ro glob prop=1" },
                { "type=glob,src=/a/*.conf", "/a/*.conf>/. glob in-place prop=1" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = load_mount(cases[i].value);

                fixture_assert_loaded(u);
                assert_int_equal(u->container.root.n_volumes, 1);
                _cleanup_free_ char *text = volume_text(&u->container.root.volumes[0]);
                if (strcmp(text, cases[i].expected) != 0)
                        fail_msg("%s: %s, not %s", cases[i].value, text, cases[i].expected);
                unit_spec_free(u);
        }
}

static void test_a_new_file_system_is_as_in_tmpfs(void **state) {
        static const struct {
                const char *value;
                FilesystemType type;
                const char *options;
                bool read_only, copy_up, nodev;
        } cases[] = {
                { "type=tmpfs,dst=/t", FILESYSTEM_TMPFS, NULL, false, true, true },
                { "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=0700,ro",
                                FILESYSTEM_TMPFS,
                                "size=64m,mode=0700",
                                true,
                                true,
                                true },
                { "type=tmpfs,dst=/t,notmpcopyup,dev",
                                FILESYSTEM_TMPFS,
                                NULL,
                                false,
                                false,
                                false },
                { "type=ramfs,dst=/t,mode=0700", FILESYSTEM_RAMFS, "mode=0700", false, true, true },
                { "type=devpts,dst=/t,mode=0600,gid=7,max=3",
                                FILESYSTEM_DEVPTS,
                                "mode=0600,gid=7,max=3",
                                false,
                                false,
                                false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = load_mount(cases[i].value);

                fixture_assert_loaded(u);
                assert_int_equal(u->container.root.n_tmpfs, 1);
                const TmpfsSpec *t = &u->container.root.tmpfs[0];
                assert_string_equal(t->target, "/t");
                assert_int_equal(t->type, cases[i].type);
                assert_true(str_equal(t->options, cases[i].options));
                assert_int_equal(t->read_only, cases[i].read_only);
                assert_int_equal(t->copy_up, cases[i].copy_up);
                assert_int_equal(t->nodev, cases[i].nodev);
                unit_spec_free(u);
        }
}

static void test_it_stands_beside_volume_and_tmpfs_whatever_comes_first(void **state) {
        UnitSpec *u = fixture_load_line(
                        "Mount=type=bind,src=/a,dst=/1 type=tmpfs,dst=/2\nVolume=/b:/3\n"
                        "Tmpfs=/4\nMount=type=bind,src=/c,dst=/5");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->container.root.n_volumes, 3);
        assert_int_equal(u->container.root.n_tmpfs, 2);
        unit_spec_free(u);
}

static void test_mistakes_in_a_mount_are_errors_with_their_line(void **state) {
        static const struct {
                const char *value, *says;
        } cases[] = {
                { "type=bind,dst=/b",
                                "error: web.container:4: Container.Mount: 'type=bind,dst=/b' needs "
                                "a source" },
                { "type=bind,source,dst=/b", "'source' parameter does not include a value" },
                { "type=bind,src=,dst=/b", "needs a source" },
                { "type=bind,src=a,dst=/b", "has a source that is not an absolute path" },
                { "type=bind,src=/a", "needs a target" },
                { "type=bind,src=/a,dst=b", "'b' is not an absolute path below /" },
                { "type=bind,src=/a:x,dst=/b", "has a colon in a path" },
                { "type=tmpfs,src=/a,dst=/b", "takes no source" },
                { "type=tmpfs,dst=/b,tmpfs-size=lots", "'size=lots' is not an option of a tmpfs" },
                { "type=ramfs,dst=/b,size=1m",
                                "'size=1m' is not an option of a mount of type ramfs" },
                { "type=bind,src=/a,dst=/b,tmpfs-size=1m",
                                "'tmpfs-size=1m' is not an option of a mount of type bind" },
                { "type=bind,src=/a,dst=/b,ro=maybe", "'ro=maybe' is not an option" },
                { "type=bind,src=/a,dst=/b,relabel=none", "'relabel=none' is not an option" },
                { "type=bind,src=/a,dst=/b,bind-propagation=up",
                                "'up' is not an option of a volume" },
                { "type=volume,src=/a,dst=/b", "has a path as its source; that is type=bind" },
                { "type=image,src=busybox,dst=/b",
                                "'image' is a type of mount that is not supported yet" },
                { "type=artifact,src=x,dst=/b", "'artifact' is not supported" },
                { "type=nfs,src=/a,dst=/b", "'nfs' is not a type of mount" },
                { "type=bind,src=/a,dst=/b type=tmpfs,dst=/b", "two mounts on '/b'" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = load_mount(cases[i].value);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].value);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_a_path_of_the_environment_is_looked_at_when_it_is_known(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u = load_mount("type=bind,src=${DIR},dst=/b");
        char *good[] = { (char *) "DIR=/data", NULL }, *bad[] = { (char *) "DIR=data", NULL };
        const ContainerSpec *resolved = NULL;
        _cleanup_(error_done) Error error = {};
        ContainerSpec storage;

        (void) state;
        fixture_assert_loaded(u);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, good, &storage, &resolved, NULL), 0);
        assert_string_equal(resolved->root.volumes[0].source, "/data");
        container_spec_done(&storage);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, bad, &storage, &resolved, &error), -EINVAL);
        assert_non_null(strstr(error.message, "not an absolute path"));
        container_spec_done(&storage);
}

static char *device_text(const DeviceSpec *d) {
        return str_printf("%s%s>%s %s%s%s",
                        d->optional ? "-" : "",
                        d->source,
                        d->target,
                        d->read ? "r" : "",
                        d->write ? "w" : "",
                        d->mknod ? "m" : "");
}

static void test_a_device_has_a_place_and_an_access(void **state) {
        static const struct {
                const char *value, *expected;
        } cases[] = {
                { "/dev/fuse", "/dev/fuse>/dev/fuse rwm" },
                { "/dev/fuse:r", "/dev/fuse>/dev/fuse r" },
                { "/dev/a:/dev/b", "/dev/a>/dev/b rwm" },
                { "-/dev/a:/dev/b:mr", "-/dev/a>/dev/b rm" },
                { "/dev/snd/", "/dev/snd>/dev/snd rwm" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("AddDevice=%s", cases[i].value);
                UnitSpec *u = fixture_load_line(line);

                fixture_assert_loaded(u);
                assert_int_equal(u->container.devices.n_items, 1);
                _cleanup_free_ char *text = device_text(&u->container.devices.items[0]);
                assert_string_equal(text, cases[i].expected);
                unit_spec_free(u);
        }
}

static void test_mistakes_in_a_device_are_errors(void **state) {
        static const struct {
                const char *value, *says;
        } cases[] = {
                { "fuse", "Container.AddDevice: 'fuse' is not the absolute path of a device" },
                { "/", "'/' is not the absolute path of a device" },
                { "/dev/a:/", "has no absolute path for the container" },
                { "/dev/a:rx", "'/dev/a:rx' has an access that is not of r, w and m" },
                { "/dev/a:rr", "has an access" },
                { "/dev/a:/dev/b:", "has an access" },
                { "/dev/a:/dev/b:r:w", "has an access" },
                { "vendor.com/gpu=all", "is not the absolute path of a device" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("AddDevice=%s", cases[i].value);
                UnitSpec *u = fixture_load_line(line);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].value);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_bound_is_as_in_volume),
                cmocka_unit_test(test_a_new_file_system_is_as_in_tmpfs),
                cmocka_unit_test(test_it_stands_beside_volume_and_tmpfs_whatever_comes_first),
                cmocka_unit_test(test_mistakes_in_a_mount_are_errors_with_their_line),
                cmocka_unit_test(test_a_path_of_the_environment_is_looked_at_when_it_is_known),
                cmocka_unit_test(test_a_device_has_a_place_and_an_access),
                cmocka_unit_test(test_mistakes_in_a_device_are_errors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
