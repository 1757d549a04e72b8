/* SPDX-License-Identifier: MIT */

/* What is a table in control/ is complete, and says what it should. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "control/access.h"
#include "control/bus-error.h"
#include "control/control-internal.h"
#include "control/property.h"
#include "supd/bus.h"

static void test_every_error_code_has_a_name_on_the_bus(void **state) {
        (void) state;
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                const char *name = bus_error_name(code);

                assert_non_null(name);
                assert_true(str_has_prefix(name, "org.freedesktop.") ||
                                str_has_prefix(name, SUPD_BUS_ERROR_PREFIX));
        }
        assert_null(bus_error_name(_ERROR_CODE_MAX));
        assert_null(bus_error_name(_ERROR_CODE_INVALID));
}

/* "UnitState" is "unit-state". */
static bool is_name_of_code(const char *camel, const char *dashed) {
        for (const char *start = camel; *camel; camel++) {
                if (*camel >= 'A' && *camel <= 'Z' && camel > start && *dashed++ != '-')
                        return false;
                if ((*camel | 0x20) != *dashed++)
                        return false;
        }
        return *dashed == '\0';
}

static void test_an_error_of_our_own_is_called_as_its_code(void **state) {
        (void) state;
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                const char *name = bus_error_name(code);

                if (str_has_prefix(name, SUPD_BUS_ERROR_PREFIX))
                        assert_true(is_name_of_code(name + strlen(SUPD_BUS_ERROR_PREFIX),
                                        error_code_to_string(code)));
        }
}

static void test_an_error_keeps_its_text_on_the_bus(void **state) {
        Error error = {};
        sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        (void) state;
        error_set_plain(&error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", "a.service");
        assert_true(bus_error_take(&bus_error, -ENOENT, &error) < 0);
        assert_string_equal(bus_error.name, "org.freedesktop.systemd1.NoSuchUnit");
        assert_string_equal(bus_error.message, "Unit a.service not found.");
        sd_bus_error_free(&bus_error);
        error_done(&error);

        assert_true(bus_error_take(&bus_error, -ENOMEM, &error) < 0);
        assert_string_equal(bus_error.name, SD_BUS_ERROR_NO_MEMORY);
        sd_bus_error_free(&bus_error);
}

static void test_every_method_served_has_its_privilege_in_the_table(void **state) {
        size_t n;
        const BusObject *objects = bus_objects(&n);

        (void) state;
        for (size_t i = 0; i < n; i++) {
                for (const sd_bus_vtable *v = objects[i].vtable; v->type != _SD_BUS_VTABLE_END;
                                v++) {
                        if (v->type != _SD_BUS_VTABLE_METHOD)
                                continue;
                        if (!access_is_listed(objects[i].interface, v->x.method.member))
                                fail_msg("%s.%s has no line in access.c",
                                                objects[i].interface,
                                                v->x.method.member);
                }
        }
}

static void test_what_changes_something_needs_the_privilege_to_manage(void **state) {
        static const char *const managing[] = {
                "StartUnit", "StopUnit", "KillUnit", "Reload", "Exit"
        };
        static const char *const reading[] = { "GetUnit", "ListUnits", "Subscribe", "LoadUnit" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(managing); i++)
                assert_int_equal(access_privilege_of(SUPD_SYSTEMD_MANAGER, managing[i]),
                                PRIVILEGE_MANAGE);
        for (size_t i = 0; i < ELEMENTSOF(reading); i++)
                assert_int_equal(access_privilege_of(SUPD_SYSTEMD_MANAGER, reading[i]),
                                PRIVILEGE_READ);
}

static void test_a_method_without_a_line_needs_the_privilege_to_manage(void **state) {
        (void) state;
        assert_int_equal(access_privilege_of("org.example", "Look"), PRIVILEGE_MANAGE);
        assert_int_equal(access_privilege_of(NULL, "GetUnit"), PRIVILEGE_MANAGE);
}

static void test_root_the_own_user_and_the_group_have_access_and_nobody_else(void **state) {
        static const struct {
                Peer peer;
                bool granted;
        } cases[] = {
                { { .pid = 1, .uid = 0 }, true },
                { { .pid = 1, .uid = 500 }, true },
                { { .pid = 1, .uid = 1000, .in_group = true }, true },
                { { .pid = 1, .uid = 1000 }, false },
                { { .pid = 1, .uid = (uid_t) -1 }, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                for (Privilege p = 0; p < _PRIVILEGE_MAX; p++)
                        assert_int_equal(access_is_granted(&cases[i].peer, p, 500),
                                        cases[i].granted);
                assert_false(access_is_granted(&cases[i].peer, _PRIVILEGE_MAX, 500));
        }
}

static void test_no_property_is_in_a_table_twice(void **state) {
        size_t n;
        const BusObject *objects = bus_objects(&n);

        (void) state;
        for (size_t i = 0; i < n; i++) {
                for (const sd_bus_vtable *v = objects[i].vtable; v->type != _SD_BUS_VTABLE_END;
                                v++) {
                        if (v->type != _SD_BUS_VTABLE_PROPERTY)
                                continue;
                        const char *name = v->x.property.member;
                        for (size_t k = i; k < n; k++) {
                                if (!str_equal(objects[k].interface, objects[i].interface))
                                        continue;
                                const sd_bus_vtable *other = property_find(objects[k].vtable, name);
                                assert_true(!other || other == v);
                        }
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_error_code_has_a_name_on_the_bus),
                cmocka_unit_test(test_an_error_of_our_own_is_called_as_its_code),
                cmocka_unit_test(test_an_error_keeps_its_text_on_the_bus),
                cmocka_unit_test(test_every_method_served_has_its_privilege_in_the_table),
                cmocka_unit_test(test_what_changes_something_needs_the_privilege_to_manage),
                cmocka_unit_test(test_a_method_without_a_line_needs_the_privilege_to_manage),
                cmocka_unit_test(test_root_the_own_user_and_the_group_have_access_and_nobody_else),
                cmocka_unit_test(test_no_property_is_in_a_table_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
