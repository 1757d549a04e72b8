/* SPDX-License-Identifier: MIT */
/*
 * org.freedesktop.DBus, as far as a client needs it that takes us for a bus daemon with one service on
 * it: `systemctl freeze` and `busctl` say Hello first, wherever they connect to.
 */
#include <inttypes.h>

#include "base/text.h"
#include "control/control-internal.h"
#include "supd/bus.h"

static const char *const names[] = { "org.freedesktop.DBus", SUPD_SYSTEMD_DESTINATION };

static bool is_served(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (str_equal(name, names[i]))
                        return true;
        }
        return false;
}

static int driver_hello(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);

        (void) ret_error;
        _cleanup_free_ char *name = str_printf(":1.%" PRIu64, connection->number);
        return name ? sd_bus_reply_method_return(m, "s", name) : -ENOMEM;
}

/* A connection hears all that there is for it; which of that a client wants is its library's business. */
static int driver_match(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *rule;

        (void) userdata, (void) ret_error;
        int r = sd_bus_message_read(m, "s", &rule);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int driver_name_has_owner(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        (void) userdata, (void) ret_error;
        int r = sd_bus_message_read(m, "s", &name);
        return r < 0 ? r : sd_bus_reply_method_return(m, "b", (int) is_served(name));
}

static int driver_get_name_owner(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name;

        (void) userdata;
        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        if (!is_served(name))
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                "Nobody here is called '%s'",
                                name);
        /* Our messages carry the name as their sender. */
        return sd_bus_reply_method_return(m, "s", name);
}

static int driver_list_names(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) userdata, (void) ret_error;
        return sd_bus_reply_method_return(m, "as", ELEMENTSOF(names), names[0], names[1]);
}

/* clang-format off */
const sd_bus_vtable driver_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello",        NULL, "s",  driver_hello,          0),
        SD_BUS_METHOD("AddMatch",     "s",  NULL, driver_match,          0),
        SD_BUS_METHOD("RemoveMatch",  "s",  NULL, driver_match,          0),
        SD_BUS_METHOD("NameHasOwner", "s",  "b",  driver_name_has_owner, 0),
        SD_BUS_METHOD("GetNameOwner", "s",  "s",  driver_get_name_owner, 0),
        SD_BUS_METHOD("ListNames",    NULL, "as", driver_list_names,     0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
