/* SPDX-License-Identifier: MIT */
/* org.freedesktop.systemd1.Timer, of a UnitView. */
#include "base/text.h"
#include "control/control-internal.h"
#include "control/property.h"
#include "core/timer.h"

static const TimerSpec *spec_of(void *userdata) {
        return &((const UnitView *) userdata)->spec->timer;
}

/* UINT64_MAX: none; on the bus that is 0. */
static int append_moment(sd_bus_message *m, uint64_t usec) {
        return sd_bus_message_append(m, "t", usec == USEC_INFINITY ? UINT64_C(0) : usec);
}

static PROPERTY_GETTER(get_unit) {
        const UnitView *v = userdata;
        const DepNode *node = engine_find_node(v->control->engine, v->name);
        bool known = node && dep_count(node, DEPENDENCY_TRIGGERS) > 0;

        return sd_bus_message_append(reply,
                        "s",
                        known ? node->lists[DEPENDENCY_TRIGGERS]->nodes[0]->name
                              : spec_of(userdata)->unit);
}

static uint64_t next_of(const UnitView *v, size_t index) {
        const Timer *t = v->status.timer;

        return t && timer_is_active(t) && index < t->n_value_next ? t->value_next_usec[index]
                                                                  : USEC_INFINITY;
}

static PROPERTY_GETTER(get_monotonic) {
        const UnitView *v = userdata;
        const TimerSpec *spec = spec_of(userdata);

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(stt)");
        for (size_t i = 0; r >= 0 && i < spec->n_values; i++) {
                const TimerValue *value = &spec->values[i];
                uint64_t next = next_of(v, i);

                if (value->base != TIMER_CALENDAR)
                        r = sd_bus_message_append(reply,
                                        "(stt)",
                                        timer_base_to_property(value->base),
                                        value->span_usec,
                                        next == USEC_INFINITY ? UINT64_C(0) : next);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_calendar) {
        const UnitView *v = userdata;
        const TimerSpec *spec = spec_of(userdata);

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sst)");
        for (size_t i = 0; r >= 0 && i < spec->n_values; i++) {
                const TimerValue *value = &spec->values[i];
                uint64_t next = next_of(v, i);

                if (value->base != TIMER_CALENDAR)
                        continue;
                _cleanup_free_ char *text = calendar_format(value->calendar);
                if (!text)
                        return -ENOMEM;
                r = sd_bus_message_append(reply,
                                "(sst)",
                                timer_base_to_property(value->base),
                                text,
                                next == USEC_INFINITY ? UINT64_C(0) : next);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Figures of the timer's present, by the names they have on the bus. */
static PROPERTY_GETTER(get_moment) {
        const Timer *t = ((const UnitView *) userdata)->status.timer;
        const struct {
                const char *property;
                uint64_t usec;
        } moments[] = {
                { "NextElapseUSecRealtime", t ? t->next_realtime_usec : 0 },
                { "NextElapseUSecMonotonic", t ? t->next_monotonic_usec : 0 },
                { "LastTriggerUSec", t ? t->last_trigger.realtime_usec : 0 },
                { "LastTriggerUSecMonotonic", t ? t->last_trigger.monotonic_usec : 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(moments); i++) {
                if (str_equal(moments[i].property, property))
                        return append_moment(reply, moments[i].usec);
        }
        return -EINVAL;
}

static PROPERTY_GETTER(get_setting) {
        const TimerSpec *s = spec_of(userdata);
        const struct {
                const char *property;
                bool value;
        } settings[] = {
                { "OnClockChange", s->on_clock_change },
                { "OnTimezoneChange", s->on_timezone_change },
                { "FixedRandomDelay", s->fixed_random_delay },
                { "Persistent", s->persistent },
                { "RemainAfterElapse", s->remain_after_elapse },
                { "DeferReactivation", s->defer_reactivation },
        };

        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                if (str_equal(settings[i].property, property))
                        return sd_bus_message_append(reply, "b", (int) settings[i].value);
        }
        return -EINVAL;
}

static PROPERTY_GETTER(get_span) {
        const TimerSpec *s = spec_of(userdata);
        const struct {
                const char *property;
                uint64_t usec;
        } spans[] = {
                { "AccuracyUSec", s->accuracy_usec },
                { "RandomizedDelayUSec", s->random_delay_usec },
                { "RandomizedOffsetUSec", s->random_offset_usec },
        };

        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                if (str_equal(spans[i].property, property))
                        return sd_bus_message_append(reply, "t", spans[i].usec);
        }
        return -EINVAL;
}

/* clang-format off */
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define SETTING(name) SD_BUS_PROPERTY(name, "b", get_setting, 0, 0)
#define SPAN(name) SD_BUS_PROPERTY(name, "t", get_span, 0, 0)
#define MOMENT(name) SD_BUS_PROPERTY(name, "t", get_moment, 0, CHANGES)

/* Types are systemd's to the letter: its clients look properties up by name and type. */
const sd_bus_vtable timer_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Unit", "s", get_unit, 0, 0),
        SD_BUS_PROPERTY("TimersMonotonic", "a(stt)", get_monotonic, 0, 0),
        SD_BUS_PROPERTY("TimersCalendar", "a(sst)", get_calendar, 0, 0),
        SETTING("OnClockChange"),
        SETTING("OnTimezoneChange"),
        MOMENT("NextElapseUSecRealtime"),
        MOMENT("NextElapseUSecMonotonic"),
        MOMENT("LastTriggerUSec"),
        MOMENT("LastTriggerUSecMonotonic"),
        SD_BUS_PROPERTY("Result", "s", NULL, offsetof(UnitView, status.result), CHANGES),
        SPAN("AccuracyUSec"),
        SPAN("RandomizedDelayUSec"),
        SPAN("RandomizedOffsetUSec"),
        SETTING("FixedRandomDelay"),
        SETTING("Persistent"),
        SD_BUS_PROPERTY("WakeSystem", "b", property_get_false, 0, 0),
        SETTING("RemainAfterElapse"),
        SETTING("DeferReactivation"),
        SD_BUS_VTABLE_END,
};
/* clang-format on */

int timer_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        void *found;

        int r = unit_object_find(bus, path, interface, userdata, &found, ret_error);
        if (r <= 0)
                return r;
        if (!str_has_suffix(((UnitView *) found)->name, ".timer"))
                return 0;
        *ret_found = found;
        return 1;
}
