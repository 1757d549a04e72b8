/* SPDX-License-Identifier: MIT */

/* The tests of ConditionX= against what this machine is known to be, and how versions compare. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/condition-internal.h"
#include "kinds/condition.h"
#include "runtime/virtualization.h"

static int test_of(ConditionType type, const char *parameter) {
        UnitCondition c = { .type = type, .parameter = (char *) parameter };

        return condition_test(&c);
}

static void expect(ConditionType type, const char *parameter, int expected) {
        int r = test_of(type, parameter);

        if ((r > 0) != (expected > 0) || (r < 0) != (expected < 0))
                fail_msg("%s=%s is %d, not %d",
                                condition_type_to_string(type),
                                parameter,
                                r,
                                expected);
}

/* ---- versions ------------------------------------------------------------------------------------ */

static void test_versions_compare_as_people_count(void **state) {
        static const char *const pairs[][2] = {
                { "5.9", "5.10" },
                { "5.10", "5.10.1" },
                { "5.10~rc1", "5.10" },
                { "5.10-rc1", "5.10.1" },
                { "1.2", "1.10" },
                { "1.009", "1.10" },
                { "1a", "1b" },
                { "1.1", "1a" },
                { "", "1" },
                { "6.1.0-9-amd64", "6.1.0-10-amd64" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                if (compare_versions(pairs[i][0], pairs[i][1]) >= 0 ||
                                compare_versions(pairs[i][1], pairs[i][0]) <= 0)
                        fail_msg("%s is not before %s", pairs[i][0], pairs[i][1]);
                assert_int_equal(compare_versions(pairs[i][0], pairs[i][0]), 0);
        }
        assert_int_equal(compare_versions("1.01", "1.1"), 0);
}

static void test_words_of_a_version_must_all_hold(void **state) {
        static const struct {
                const char *words;
                int expected;
        } cases[] = {
                { ">=5.10", 1 },
                { ">=5.10 <7", 1 },
                { ">=5.10 <6", 0 },
                { "> 6", 1 },
                { ">= 6.1 < 7", 1 },
                { "6.1*", 1 },
                { "5.*", 0 },
                { "=6.1.*", 1 },
                { "!=5.10", 1 },
                { "!=$6.*", 0 },
                { "=$6.*", 1 },
                { ">=", -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_strv_ char **words = NULL;
                assert_int_equal(condition_words(cases[i].words, &words), 0);
                int r = compare_version_words("6.1.99", words);
                if (r != cases[i].expected)
                        fail_msg("'%s' is %d, not %d", cases[i].words, r, cases[i].expected);
        }
        assert_int_equal(compare_version_words("6.1", NULL), -EINVAL);
}

static void test_operators_are_taken_with_the_blanks_behind_them(void **state) {
        const char *s = ">= 12";

        (void) state;
        assert_int_equal(compare_take_operator(&s), COMPARE_GREATER_OR_EQUAL);
        assert_string_equal(s, "12");
        assert_int_equal(compare_take_operator(&s), _COMPARE_OPERATOR_INVALID);
        assert_string_equal(s, "12");
}

/* ---- paths --------------------------------------------------------------------------------------- */

static char root[64];

static int make_tree(void **state) {
        (void) state;
        (void) snprintf(root, sizeof(root), "/tmp/supd-condition-XXXXXX");
        if (!mkdtemp(root))
                return -1;
        _cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool ok = dir >= 0 && mkdirat(dir, "empty", 0755) == 0 && mkdirat(dir, "full", 0755) == 0 &&
                  file_replace(dir, "nothing", "", 0644, /* sync= */ false) >= 0 &&
                  file_replace(dir, "full/text", "x\n", 0644, /* sync= */ false) >= 0 &&
                  file_replace(dir, "tool", "x\n", 0755, /* sync= */ false) >= 0 &&
                  symlinkat("full", dir, "link") == 0 && symlinkat("gone", dir, "dangling") == 0;
        return ok ? 0 : -1;
}

static int remove_tree(void **state) {
        (void) state;
        return dir_remove_all(AT_FDCWD, root);
}

static void expect_path(ConditionType type, const char *name, int expected) {
        _cleanup_free_ char *path = str_printf("%s/%s", root, name);

        expect(type, path, expected);
}

static void test_paths_are_what_they_are(void **state) {
        static const struct {
                ConditionType type;
                const char *name;
                int expected;
        } cases[] = {
                { CONDITION_PATH_EXISTS, "full", 1 },
                { CONDITION_PATH_EXISTS, "gone", 0 },
                { CONDITION_PATH_EXISTS, "dangling", 0 },
                { CONDITION_PATH_EXISTS_GLOB, "f*", 1 },
                { CONDITION_PATH_EXISTS_GLOB, "full/*.conf", 0 },
                { CONDITION_PATH_IS_DIRECTORY, "full", 1 },
                { CONDITION_PATH_IS_DIRECTORY, "link", 1 },
                { CONDITION_PATH_IS_DIRECTORY, "nothing", 0 },
                { CONDITION_PATH_IS_SYMBOLIC_LINK, "link", 1 },
                { CONDITION_PATH_IS_SYMBOLIC_LINK, "dangling", 1 },
                { CONDITION_PATH_IS_SYMBOLIC_LINK, "full", 0 },
                { CONDITION_PATH_IS_MOUNT_POINT, "full", 0 },
                { CONDITION_PATH_IS_MOUNT_POINT, "gone", 0 },
                { CONDITION_PATH_IS_READ_WRITE, "full", 1 },
                { CONDITION_PATH_IS_READ_WRITE, "gone", 0 },
                { CONDITION_DIRECTORY_NOT_EMPTY, "full", 1 },
                { CONDITION_DIRECTORY_NOT_EMPTY, "empty", 0 },
                { CONDITION_DIRECTORY_NOT_EMPTY, "nothing", 0 },
                { CONDITION_FILE_NOT_EMPTY, "full/text", 1 },
                { CONDITION_FILE_NOT_EMPTY, "nothing", 0 },
                { CONDITION_FILE_NOT_EMPTY, "full", 0 },
                { CONDITION_FILE_IS_EXECUTABLE, "tool", 1 },
                { CONDITION_FILE_IS_EXECUTABLE, "full/text", 0 },
                { CONDITION_FILE_IS_EXECUTABLE, "full", 0 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_path(cases[i].type, cases[i].name, cases[i].expected);
        expect(CONDITION_PATH_IS_MOUNT_POINT, "/proc", 1);
        expect(CONDITION_PATH_IS_MOUNT_POINT, "/", 1);
}

/* ---- the machine --------------------------------------------------------------------------------- */

static void test_the_environment_is_supds_own(void **state) {
        (void) state;
        assert_int_equal(setenv("SUPD_TEST_CONDITION", "a=b", 1), 0);
        expect(CONDITION_ENVIRONMENT, "SUPD_TEST_CONDITION", 1);
        expect(CONDITION_ENVIRONMENT, "SUPD_TEST_CONDITION=a=b", 1);
        expect(CONDITION_ENVIRONMENT, "SUPD_TEST_CONDITION=a", 0);
        expect(CONDITION_ENVIRONMENT, "SUPD_TEST_CONDITIO", 0);
}

static void test_host_is_a_pattern_of_the_name(void **state) {
        struct utsname u;

        (void) state;
        assert_int_equal(uname(&u), 0);
        expect(CONDITION_HOST, u.nodename, 1);
        expect(CONDITION_HOST, "*", 1);
        expect(CONDITION_HOST, "no-such-host-anywhere", 0);
        expect(CONDITION_HOST, "00000000000000000000000000000000", 0);
}

static void test_users_and_groups_by_name_and_number(void **state) {
        char id[16];

        (void) state;
        (void) snprintf(id, sizeof(id), "%u", getuid());
        expect(CONDITION_USER, id, 1);
        expect(CONDITION_USER, "4000000000", 0);
        expect(CONDITION_USER, "no-such-user", 0);
        expect(CONDITION_USER, "root", getuid() == 0);
        (void) snprintf(id, sizeof(id), "%u", getgid());
        expect(CONDITION_GROUP, id, 1);
        expect(CONDITION_GROUP, "4000000000", 0);
        expect(CONDITION_GROUP, "no-such-group", 0);
}

#if defined(__x86_64__)
static void expect_this_processor(void) {
        expect(CONDITION_ARCHITECTURE, "x86-64", 1);
        expect(CONDITION_CPU_FEATURE, "sse2", 1);
}
#else
static void expect_this_processor(void) {
}
#endif

static void test_architecture_is_one_of_them(void **state) {
        (void) state;
        expect(CONDITION_ARCHITECTURE, "native", 1);
        expect(CONDITION_ARCHITECTURE, "vax", 0);
        expect_this_processor();
        expect(CONDITION_CPU_FEATURE, "no_such_feature", 0);
}

static void test_versions_of_kernel_glibc_and_systemd(void **state) {
        (void) state;
        expect(CONDITION_KERNEL_VERSION, ">=4.0", 1);
        expect(CONDITION_KERNEL_VERSION, "<4.0", 0);
        expect(CONDITION_KERNEL_VERSION, ">=4.0 <1000", 1);
        expect(CONDITION_VERSION, ">=4.0", 1);
        expect(CONDITION_VERSION, "kernel <4.0", 0);
        expect(CONDITION_VERSION, "glibc >=2.20", 1);
        expect(CONDITION_VERSION, "systemd >=250", 1);
        expect(CONDITION_VERSION, "systemd >=300", 0);
        expect(CONDITION_VERSION, "systemd", -1);
}

static void test_amounts_compare_and_default_to_at_least(void **state) {
        (void) state;
        expect(CONDITION_CPUS, "1", 1);
        expect(CONDITION_CPUS, ">=1", 1);
        expect(CONDITION_CPUS, "<1", 0);
        expect(CONDITION_CPUS, "100000", 0);
        expect(CONDITION_CPUS, "many", -1);
        expect(CONDITION_MEMORY, "1M", 1);
        expect(CONDITION_MEMORY, "< 1M", 0);
        expect(CONDITION_MEMORY, ">1000T", 0);
        expect(CONDITION_MEMORY, "=$1M", -1);
}

static void test_security_and_capabilities_know_names(void **state) {
        (void) state;
        expect(CONDITION_SECURITY, "no-such-module", 0);
        assert_true(test_of(CONDITION_SECURITY, "apparmor") >= 0);
        assert_true(test_of(CONDITION_SECURITY, "audit") >= 0);
        assert_true(test_of(CONDITION_SECURITY, "tpm2") >= 0);
        expect(CONDITION_CAPABILITY, "CAP_NO_SUCH", -1);
        assert_true(test_of(CONDITION_CAPABILITY, "CAP_CHOWN") >= 0);
        expect(CONDITION_KERNEL_MODULE_LOADED, "no-such-module", 0);
        expect(CONDITION_KERNEL_MODULE_LOADED, "../x", -1);
        expect(CONDITION_KERNEL_COMMAND_LINE, "no_such_word_on_it", 0);
        expect(CONDITION_CONTROL_GROUP_CONTROLLER, "no-such-controller", 0);
        assert_int_not_equal(test_of(CONDITION_CONTROL_GROUP_CONTROLLER, "v1"),
                        test_of(CONDITION_CONTROL_GROUP_CONTROLLER, "v2"));
}

static void test_virtualization_is_one_thing(void **state) {
        Virtualization v = virtualization_detect();
        bool virtual = v.machine || v.container;

        (void) state;
        expect(CONDITION_VIRTUALIZATION, "yes", virtual);
        expect(CONDITION_VIRTUALIZATION, "no", !virtual);
        expect(CONDITION_VIRTUALIZATION, "container", v.container != NULL);
        expect(CONDITION_VIRTUALIZATION, "vm", v.machine && !v.container);
        expect(CONDITION_VIRTUALIZATION, "no-such-thing", 0);
        if (virtual)
                expect(CONDITION_VIRTUALIZATION, v.container ?: v.machine, 1);
}

static void test_the_system_says_what_it_is(void **state) {
        (void) state;
        if (access("/etc/os-release", R_OK) < 0)
                skip();
        expect(CONDITION_OS_RELEASE, "ID!=no-such-system", 1);
        expect(CONDITION_OS_RELEASE, "ID=no-such-system", 0);
        expect(CONDITION_OS_RELEASE, "ID=$*", 1);
        expect(CONDITION_OS_RELEASE, "ID", -1);
        expect(CONDITION_OS_RELEASE, "NO_SUCH_KEY>=1", 0);
}

static void test_first_boot_is_a_boolean(void **state) {
        (void) state;
        expect(CONDITION_FIRST_BOOT, "maybe", -1);
        assert_int_not_equal(
                        test_of(CONDITION_FIRST_BOOT, "yes"), test_of(CONDITION_FIRST_BOOT, "no"));
}

static void test_pressure_has_a_limit_and_a_time(void **state) {
        (void) state;
        for (ConditionType t = CONDITION_MEMORY_PRESSURE; t <= CONDITION_IO_PRESSURE; t++) {
                expect(t, "100%", 1);
                expect(t, "100%/10sec", 1);
                expect(t, "100%/1min", 1);
                expect(t, "100%/5min", 1);
                expect(t, "100%/7min", -1);
                expect(t, "much", -1);
                /* Where nothing is measured, nothing is too high. */
                expect(t, "no-such.slice:1%", 1);
                expect(t, "../x:1%", -1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_versions_compare_as_people_count),
                cmocka_unit_test(test_words_of_a_version_must_all_hold),
                cmocka_unit_test(test_operators_are_taken_with_the_blanks_behind_them),
                cmocka_unit_test_setup_teardown(
                                test_paths_are_what_they_are, make_tree, remove_tree),
                cmocka_unit_test(test_the_environment_is_supds_own),
                cmocka_unit_test(test_host_is_a_pattern_of_the_name),
                cmocka_unit_test(test_users_and_groups_by_name_and_number),
                cmocka_unit_test(test_architecture_is_one_of_them),
                cmocka_unit_test(test_versions_of_kernel_glibc_and_systemd),
                cmocka_unit_test(test_amounts_compare_and_default_to_at_least),
                cmocka_unit_test(test_security_and_capabilities_know_names),
                cmocka_unit_test(test_virtualization_is_one_thing),
                cmocka_unit_test(test_the_system_says_what_it_is),
                cmocka_unit_test(test_first_boot_is_a_boolean),
                cmocka_unit_test(test_pressure_has_a_limit_and_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
