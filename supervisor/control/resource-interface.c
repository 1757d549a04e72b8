/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "control/control-internal.h"
#include "control/property.h"
#include "supd/bus.h"

/*
 * Limits by systemd's names, as they are in force: those of the newest definition, which hold at once. Those that
 * are relative to the machine are figures: service-interface.c.
 */

#define CPUS_MAX 8192U

/* "0-3,8", which the unit reader has checked, as systemd's bit mask: byte 0 has CPU 0 to 7. */
static size_t cpu_mask(const char *text, uint8_t mask[static CPUS_MAX / 8]) {
        size_t n_bytes = 0;
        char *end;

        while (text && *text) {
                unsigned long first = strtoul(text, &end, 10);
                unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

                for (unsigned long cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++) {
                        mask[cpu / 8] |= (uint8_t) (1U << (cpu % 8));
                        n_bytes = MAX(n_bytes, (size_t) (cpu / 8 + 1));
                }
                text = *end == ',' ? end + 1 : NULL;
        }
        return n_bytes;
}

/* From a char *. */
static PROPERTY_GETTER(get_set) {
        uint8_t mask[CPUS_MAX / 8] = {};
        size_t n = cpu_mask(*(char *const *) userdata, mask);

        return sd_bus_message_append_array(reply, 'y', mask, n);
}

/* From an IoLimitList. */
static PROPERTY_GETTER(get_io_limits) {
        const IoLimitList *list = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(st)");
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = sd_bus_message_append(reply, "(st)", list->items[i].path, list->items[i].value);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static PROPERTY_GETTER(get_device_policy) {
        return sd_bus_message_append(
                        reply, "s", device_policy_to_string(*(const DevicePolicy *) userdata));
}

static PROPERTY_GETTER(get_device_allow) {
        const DeviceAllowList *list = userdata;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ss)");
        for (size_t i = 0; r >= 0 && i < list->n; i++) {
                char access[4];

                device_access_format(&list->items[i], access);
                r = sd_bus_message_append(reply, "(ss)", list->items[i].device, access);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* clang-format off */
#define RESOURCE(member) offsetof(UnitSpec, service.resource.member)
#define IO_LIMITS(name, kind) \
        SD_BUS_PROPERTY(name, "a(st)", get_io_limits, RESOURCE(io[IO_LIMIT_##kind]), 0)

const sd_bus_vtable resource_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("MemoryZSwapWriteback", "b", property_get_bool, RESOURCE(memory_zswap_writeback), 0),
        SD_BUS_PROPERTY("CPUWeight",          "t",  NULL,    RESOURCE(cpu_weight),             0),
        SD_BUS_PROPERTY("CPUQuotaPerSecUSec", "t",  NULL,    RESOURCE(cpu_quota_per_sec_usec), 0),
        SD_BUS_PROPERTY("CPUQuotaPeriodUSec", "t",  NULL,    RESOURCE(cpu_quota_period_usec),  0),
        SD_BUS_PROPERTY("AllowedCPUs",        "ay", get_set, RESOURCE(allowed_cpus),           0),
        SD_BUS_PROPERTY("AllowedMemoryNodes", "ay", get_set, RESOURCE(allowed_memory_nodes),   0),
        SD_BUS_PROPERTY("IOWeight",           "t",  NULL,    RESOURCE(io_weight),              0),
        IO_LIMITS("IODeviceWeight",            WEIGHT),
        IO_LIMITS("IOReadBandwidthMax",        READ_BYTES),
        IO_LIMITS("IOWriteBandwidthMax",       WRITE_BYTES),
        IO_LIMITS("IOReadIOPSMax",             READ_OPERATIONS),
        IO_LIMITS("IOWriteIOPSMax",            WRITE_OPERATIONS),
        IO_LIMITS("IODeviceLatencyTargetUSec", LATENCY_USEC),
        SD_BUS_PROPERTY("DevicePolicy", "s",     get_device_policy, RESOURCE(device_policy), 0),
        SD_BUS_PROPERTY("DeviceAllow",  "a(ss)", get_device_allow,  RESOURCE(device_allow),  0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
