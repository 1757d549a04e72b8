/* SPDX-License-Identifier: MIT */
#include "control/control-internal.h"
#include "control/property.h"
#include "core/unit-name.h"
#include "supd/bus.h"

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Job *j = ASSERT_PTR(userdata);

        (void) ret_error;
        engine_cancel_job(j->unit->engine, j);
        return sd_bus_reply_method_return(m, NULL);
}

static PROPERTY_GETTER(get_unit) {
        const Job *j = userdata;
        _cleanup_free_ char *object = unit_name_to_path(unit_id(j->unit));

        return object ? sd_bus_message_append(reply, "(so)", unit_id(j->unit), object) : -ENOMEM;
}

static PROPERTY_GETTER(get_type) {
        const Job *j = userdata;

        return sd_bus_message_append(reply, "s", job_type_to_string(j->type));
}

static PROPERTY_GETTER(get_state) {
        const Job *j = userdata;

        return sd_bus_message_append(reply, "s", j->running ? "running" : "waiting");
}

/* clang-format off */
const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Cancel", NULL, NULL, method_cancel, 0),
        SD_BUS_PROPERTY("Id",      "u",    NULL,      offsetof(Job, id), 0),
        SD_BUS_PROPERTY("Unit",    "(so)", get_unit,  0,                 0),
        SD_BUS_PROPERTY("JobType", "s",    get_type,  0,                 0),
        SD_BUS_PROPERTY("State",   "s",    get_state, 0,                 0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
