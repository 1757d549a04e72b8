/* SPDX-License-Identifier: MIT */
#include "control/health.h"

#include "base/text.h"
#include "control/bus-error.h"
#include "control/verbs.h"
#include "kinds/container.h"

PROPERTY_GETTER(health_get_state) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "s", health_state_to_string(v->status.health.state));
}

PROPERTY_GETTER(health_get_streak) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "u", v->status.health.streak);
}

PROPERTY_GETTER(health_get_next) {
        const UnitView *v = userdata;

        return sd_bus_message_append(reply, "t", v->status.health.next_usec);
}

/* Strings on the bus are UTF-8, and a check may print anything. */
static char *printable(const char *s) {
        char *text = strdup(s ?: "");

        for (size_t i = 0, left = text ? strlen(text) : 0; left > 0;) {
                size_t n = utf8_sequence_size(text + i, left);

                if (n == 0) {
                        text[i] = '?';
                        n = 1;
                }
                i += n;
                left -= n;
        }
        return text;
}

PROPERTY_GETTER(health_get_log) {
        const HealthReport *report = &((const UnitView *) userdata)->status.health;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ttis)");
        for (size_t i = 0; r >= 0 && i < report->n_entries; i++) {
                const HealthEntry *e = &report->entries[i];
                _cleanup_free_ char *output = printable(e->output);

                r = output ? sd_bus_message_append(reply,
                                             "(ttis)",
                                             e->begin_realtime_usec,
                                             e->end_realtime_usec,
                                             e->exit_code,
                                             output)
                           : -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- a check that is asked for ----------------------------------------------------------------- */

/* The reply fails if the client is gone, which is no reason not to have checked. */
static void on_checked(int r, const Error *error, const HealthEntry *entry, void *userdata) {
        sd_bus_message *call = userdata;

        if (r < 0)
                verb_reply_error(call, r, error);
        else {
                _cleanup_free_ char *output = printable(entry->output);
                (void) sd_bus_reply_method_return(
                                call, "is", entry->exit_code, output ? output : "");
        }
        sd_bus_message_unref(call);
}

int verb_check_health(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        Unit *u = NULL;

        int r = verb_find_unit(c, unit, &u, ret_error);
        if (r < 0)
                return r;
        r = container_check_health(u, on_checked, m, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        sd_bus_message_ref(m);
        return 1;
}
