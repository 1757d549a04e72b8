/* SPDX-License-Identifier: MIT */
#include "control/property.h"

#include "base/clock.h"
#include "base/text.h"

PROPERTY_GETTER(property_get_bool) {
        return sd_bus_message_append(reply, "b", (int) *(const bool *) userdata);
}

PROPERTY_GETTER(property_get_stamp) {
        uint64_t usec = *(const uint64_t *) userdata;

        return sd_bus_message_append(reply, "t", usec == USEC_INFINITY ? UINT64_C(0) : usec);
}

PROPERTY_GETTER(property_get_false) {
        return sd_bus_message_append(reply, "b", 0);
}

PROPERTY_GETTER(property_get_empty) {
        return sd_bus_message_append(reply, "s", "");
}

/* The open container is the variant, so that its signature is the property's type. */
static const char *property_type(sd_bus_message *m) {
        return sd_bus_message_get_signature(m, /* complete= */ 0);
}

PROPERTY_GETTER(property_get_empty_array) {
        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, property_type(reply) + 1);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

PROPERTY_GETTER(property_get_zero) {
        static const uint64_t zero = 0;

        return sd_bus_message_append_basic(reply, property_type(reply)[0], &zero);
}

PROPERTY_GETTER(property_get_infinity) {
        return sd_bus_message_append(reply, "t", UINT64_MAX);
}

/* What sd-bus does for an entry without a getter. */
static int append_plain(sd_bus_message *m, const char *type, void *value) {
        if (str_equal(type, "as"))
                return sd_bus_message_append_strv(m, *(char ***) value);
        if (str_equal(type, "s")) {
                const char *s = *(char **) value;
                return sd_bus_message_append_basic(m, 's', s ? s : "");
        }
        return sd_bus_message_append_basic(m, type[0], value);
}

int property_append(sd_bus_message *m,
                const sd_bus_vtable *entry,
                const char *interface,
                void *object) {
        const char *name = entry->x.property.member, *type = entry->x.property.signature;
        void *value = (char *) object + entry->x.property.offset;

        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', name);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, type);
        if (r < 0)
                return r;

        sd_bus *bus = sd_bus_message_get_bus(m);
        r = entry->x.property.get ? entry->x.property.get(bus,
                                                    sd_bus_message_get_path(m),
                                                    interface,
                                                    name,
                                                    m,
                                                    value,
                                                    NULL)
                                  : append_plain(m, type, value);
        if (r < 0)
                return r;

        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

const sd_bus_vtable *property_find(const sd_bus_vtable *vtable, const char *name) {
        for (const sd_bus_vtable *v = vtable; v->type != _SD_BUS_VTABLE_END; v++) {
                if (v->type == _SD_BUS_VTABLE_PROPERTY && str_equal(v->x.property.member, name))
                        return v;
        }
        return NULL;
}
