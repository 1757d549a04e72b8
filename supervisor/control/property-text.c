/* SPDX-License-Identifier: MIT */
#include "control/property-text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/text.h"

void property_text_done(PropertyText *p) {
        free(p->value);
        *p = (PropertyText) {};
}

/* ---- keys ---------------------------------------------------------------------------------------- */

typedef struct Settable {
        const char *section, *key;
        bool list;
        IoLimitKind io; /* of a list; _IO_LIMIT_KIND_INVALID: of devices */
} Settable;

/* clang-format off */
#define UNIT(key) { "Unit", key, false, _IO_LIMIT_KIND_INVALID }
#define SERVICE(key) { "Service", key, false, _IO_LIMIT_KIND_INVALID }
#define DISKS(key, kind) { "Service", key, true, IO_LIMIT_##kind }

static const Settable settable[] = {
        UNIT("Description"),
        SERVICE("MemoryMin"),
        SERVICE("MemoryLow"),
        SERVICE("MemoryHigh"),
        SERVICE("MemoryMax"),
        SERVICE("MemorySwapMax"),
        SERVICE("MemoryZSwapMax"),
        SERVICE("MemoryZSwapWriteback"),
        SERVICE("TasksMax"),
        SERVICE("CPUWeight"),
        SERVICE("CPUQuota"),
        SERVICE("CPUQuotaPeriodSec"),
        SERVICE("AllowedCPUs"),
        SERVICE("AllowedMemoryNodes"),
        SERVICE("IOWeight"),
        DISKS("IODeviceWeight",           WEIGHT),
        DISKS("IOReadBandwidthMax",       READ_BYTES),
        DISKS("IOWriteBandwidthMax",      WRITE_BYTES),
        DISKS("IOReadIOPSMax",            READ_OPERATIONS),
        DISKS("IOWriteIOPSMax",           WRITE_OPERATIONS),
        DISKS("IODeviceLatencyTargetSec", LATENCY_USEC),
        SERVICE("DevicePolicy"),
        { "Service", "DeviceAllow", true, _IO_LIMIT_KIND_INVALID },
};
/* clang-format on */

static const Settable *find_settable(const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(settable); i++) {
                if (str_equal(settable[i].key, key))
                        return &settable[i];
        }
        return NULL;
}

bool property_text_is_settable(const char *key, const char **ret_section) {
        const Settable *s = find_settable(key);

        if (s)
                *ret_section = s->section;
        return s;
}

static int refuse(const char *key, sd_bus_error *ret_error) {
        const char *names[ELEMENTSOF(settable) + 1] = {};

        for (size_t i = 0; i < ELEMENTSOF(settable); i++)
                names[i] = settable[i].key;
        const char *meant = text_suggest(key, names);
        (void) sd_bus_error_setf(ret_error,
                        SD_BUS_ERROR_PROPERTY_READ_ONLY,
                        "Cannot set property %.64s, or unknown property%s%s%s.",
                        key,
                        meant ? ": did you mean " : "",
                        meant ?: "",
                        meant ? "?" : "");
        return -EINVAL;
}

int property_text_parse(const char *assignment, PropertyText *ret, sd_bus_error *ret_error) {
        const char *equals = strchr(assignment, '=');
        _cleanup_free_ char *key =
                        equals ? strndup(assignment, (size_t) (equals - assignment)) : NULL;
        const char *section;

        if (!equals || equals == assignment || strpbrk(assignment, "\n\r")) {
                (void) sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_INVALID_ARGS,
                                "'%.64s' is no assignment; KEY=VALUE is wanted",
                                assignment);
                return -EINVAL;
        }
        if (!key)
                return -ENOMEM;
        if (!property_text_is_settable(key, &section))
                return refuse(key, ret_error);

        *ret = (PropertyText) {
                .section = section,
                .key = find_settable(key)->key,
                .value = strdup(equals + 1),
        };
        return ret->value ? 1 : -ENOMEM;
}

/* ---- lists --------------------------------------------------------------------------------------- */

int property_text_join(PropertyText *p, const PropertyText *more) {
        bool adds = find_settable(p->key)->list && *more->value != '\0' && *p->value != '\0';
        char *value = adds ? str_printf("%s\n%s", p->value, more->value) : strdup(more->value);

        if (!value)
                return -ENOMEM;
        free(p->value);
        p->value = value;
        return 0;
}

/* A word of a unit file: quoted, and nothing in it means anything. */
static void write_word(FILE *f, const char *word) {
        fputc('"', f);
        for (const char *c = word; *c; c++) {
                if (*c == '"' || *c == '\\')
                        fputc('\\', f);
                else if (*c == '%' || *c == '$')
                        fputc(*c, f);
                if ((unsigned char) *c < ' ')
                        fprintf(f, "\\x%02x", (unsigned char) *c);
                else
                        fputc(*c, f);
        }
        fputc('"', f);
}

static void write_disk(FILE *f, IoLimitKind kind, const IoLimit *limit) {
        write_word(f, limit->path);
        if (limit->value == UINT64_MAX)
                fputs(" infinity", f);
        else
                fprintf(f,
                                " %" PRIu64 "%s",
                                limit->value,
                                kind == IO_LIMIT_LATENCY_USEC ? "us" : "");
}

static void write_disks(FILE *f, const char *key, IoLimitKind kind, const IoLimitList *list) {
        for (size_t i = 0; i < list->n; i++) {
                fprintf(f, "%s=", key);
                write_disk(f, kind, &list->items[i]);
                fputc('\n', f);
        }
}

static void write_device(FILE *f, const char *device, const char *access) {
        write_word(f, device);
        fprintf(f, " %s", access);
}

static void write_devices(FILE *f, const char *key, const DeviceAllowList *list) {
        for (size_t i = 0; i < list->n; i++) {
                char access[4];

                device_access_format(&list->items[i], access);
                fprintf(f, "%s=", key);
                write_device(f, list->items[i].device, access);
                fputc('\n', f);
        }
}

/* What there is for other disks and devices stays, as with systemd; the reader takes the
 * last line of each. */
static void write_list(FILE *f, const PropertyText *p, const Settable *s, const UnitSpec *spec) {
        fprintf(f, "%s=\n", p->key);
        if (*p->value == '\0')
                return;
        if (s->io >= 0)
                write_disks(f, p->key, s->io, &spec->service.resource.io[s->io]);
        else
                write_devices(f, p->key, &spec->service.resource.device_allow);
        for (const char *line = p->value; *line;) {
                size_t size = strcspn(line, "\n");

                fprintf(f, "%s=%.*s\n", p->key, (int) size, line);
                line += size + (line[size] == '\n');
        }
}

char *property_text_write(const PropertyText *p, const UnitSpec *spec) {
        const Settable *s = find_settable(p->key);
        size_t size = 0;
        char *text = NULL;

        FILE *f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        fprintf(f, "# Written by supctl set-property; it may be removed.\n[%s]\n", p->section);
        if (s->list)
                write_list(f, p, s, spec);
        else
                fprintf(f, "%s=%s\n", p->key, p->value);
        if (fclose(f) == 0)
                return text;
        free(text);
        return NULL;
}

/* ---- values of the bus --------------------------------------------------------------------------- */

/* Each reads the variant's content. Return: 0; negative errno. */
typedef int (*ValueReader)(sd_bus_message *m, char **ret);

static int keep(char *text, char **ret) {
        *ret = text;
        return text ? 0 : -ENOMEM;
}

static int read_number(sd_bus_message *m, char **ret) {
        uint64_t n;

        int r = sd_bus_message_read(m, "t", &n);
        if (r < 0)
                return r;
        return keep(n == UINT64_MAX ? strdup("infinity") : str_printf("%" PRIu64, n), ret);
}

/* Of 2^32 parts. */
static int read_scale(sd_bus_message *m, char **ret) {
        uint32_t n;

        int r = sd_bus_message_read(m, "u", &n);
        if (r < 0)
                return r;
        double percent = (double) n * 100 / UINT32_MAX;
        return keep(str_printf("%.2f%%", percent), ret);
}

static int read_weight(sd_bus_message *m, char **ret) {
        uint64_t n;

        int r = sd_bus_message_read(m, "t", &n);
        if (r < 0)
                return r;
        return keep(n == UINT64_MAX ? strdup("")
                        : n == 0    ? strdup("idle")
                                    : str_printf("%" PRIu64, n),
                        ret);
}

/* Microseconds of a processor for each second. */
static int read_quota(sd_bus_message *m, char **ret) {
        uint64_t n;

        int r = sd_bus_message_read(m, "t", &n);
        if (r < 0)
                return r;
        if (n == UINT64_MAX)
                return keep(strdup(""), ret);
        return keep(str_printf("%" PRIu64 ".%02" PRIu64 "%%",
                                    n / (USEC_PER_SEC / 100),
                                    n % (USEC_PER_SEC / 100) / (USEC_PER_SEC / 10000)),
                        ret);
}

static int read_span(sd_bus_message *m, char **ret) {
        uint64_t n;

        int r = sd_bus_message_read(m, "t", &n);
        if (r < 0)
                return r;
        return keep(n == UINT64_MAX ? strdup("") : str_printf("%" PRIu64 "us", n), ret);
}

/* A bit for each, the lowest first. */
static int read_set(sd_bus_message *m, char **ret) {
        const uint8_t *bytes = NULL;
        size_t n = 0, size = 0;
        char *text = NULL;

        int r = sd_bus_message_read_array(m, 'y', (const void **) &bytes, &n);
        if (r < 0)
                return r;
        FILE *f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t bit = 0; bit < n * 8; bit++) {
                if (bytes[bit / 8] & (1U << (bit % 8)))
                        fprintf(f, "%s%zu", ftell(f) > 0 ? " " : "", bit);
        }
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        return keep(text, ret);
}

static int read_bool(sd_bus_message *m, char **ret) {
        int yes;

        int r = sd_bus_message_read(m, "b", &yes);
        return r < 0 ? r : keep(strdup(yes ? "yes" : "no"), ret);
}

/* A line for each disk. */
static int read_disks(sd_bus_message *m, char **ret, IoLimitKind kind) {
        size_t size = 0;
        char *text = NULL;
        IoLimit limit;
        const char *path;
        int r;

        FILE *f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(st)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(st)", &path, &limit.value)) > 0) {
                limit.path = (char *) path; /* NOLINT: only read */
                if (ftell(f) > 0)
                        fputc('\n', f);
                write_disk(f, kind, &limit);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                free(text);
                return r;
        }
        return keep(text, ret);
}

/* A line for each device. What is in the access is the loader's to judge, but no other line. */
static int read_devices(sd_bus_message *m, char **ret) {
        const char *device, *access;
        size_t size = 0;
        char *text = NULL;

        FILE *f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ss)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(ss)", &device, &access)) > 0) {
                if (strspn(access, "rwm") != strlen(access)) {
                        r = -EINVAL;
                        break;
                }
                if (ftell(f) > 0)
                        fputc('\n', f);
                write_device(f, device, access);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                free(text);
                return r;
        }
        return keep(text, ret);
}

static int read_disk_numbers(sd_bus_message *m, char **ret) {
        return read_disks(m, ret, IO_LIMIT_READ_BYTES);
}

static int read_disk_spans(sd_bus_message *m, char **ret) {
        return read_disks(m, ret, IO_LIMIT_LATENCY_USEC);
}

/* A specifier in it would be expanded. */
static int read_string(sd_bus_message *m, char **ret) {
        const char *s;

        int r = sd_bus_message_read(m, "s", &s);
        if (r < 0)
                return r;
        if (strpbrk(s, "\n\r"))
                return -EINVAL;
        char *text = malloc(strlen(s) * 2 + 1), *to = text;
        for (; text && *s; s++) {
                if (*s == '%')
                        *to++ = '%';
                *to++ = *s;
        }
        if (text)
                *to = '\0';
        return keep(text, ret);
}

/* clang-format off */
static const struct {
        const char *property, *type, *key;
        ValueReader read;
} properties[] = {
        { "Description",        "s",  "Description",        read_string },
        { "MemoryMin",          "t",  "MemoryMin",          read_number },
        { "MemoryMinScale",     "u",  "MemoryMin",          read_scale  },
        { "MemoryLow",          "t",  "MemoryLow",          read_number },
        { "MemoryLowScale",     "u",  "MemoryLow",          read_scale  },
        { "MemoryHigh",         "t",  "MemoryHigh",         read_number },
        { "MemoryHighScale",    "u",  "MemoryHigh",         read_scale  },
        { "MemoryMax",          "t",  "MemoryMax",          read_number },
        { "MemoryMaxScale",     "u",  "MemoryMax",          read_scale  },
        { "MemorySwapMax",      "t",  "MemorySwapMax",      read_number },
        { "MemorySwapMaxScale", "u",  "MemorySwapMax",      read_scale  },
        { "MemoryZSwapMax",      "t", "MemoryZSwapMax",     read_number },
        { "MemoryZSwapMaxScale", "u", "MemoryZSwapMax",     read_scale  },
        { "MemoryZSwapWriteback", "b", "MemoryZSwapWriteback", read_bool },
        { "TasksMax",           "t",  "TasksMax",           read_number },
        { "TasksMaxScale",      "u",  "TasksMax",           read_scale  },
        { "CPUWeight",          "t",  "CPUWeight",          read_weight },
        { "CPUQuotaPerSecUSec", "t",  "CPUQuota",           read_quota  },
        { "CPUQuotaPeriodUSec", "t",  "CPUQuotaPeriodSec",  read_span   },
        { "AllowedCPUs",        "ay", "AllowedCPUs",        read_set    },
        { "AllowedMemoryNodes", "ay", "AllowedMemoryNodes", read_set    },
        { "IOWeight",           "t",  "IOWeight",           read_weight },
        { "IODeviceWeight",      "a(st)", "IODeviceWeight",      read_disk_numbers },
        { "IOReadBandwidthMax",  "a(st)", "IOReadBandwidthMax",  read_disk_numbers },
        { "IOWriteBandwidthMax", "a(st)", "IOWriteBandwidthMax", read_disk_numbers },
        { "IOReadIOPSMax",       "a(st)", "IOReadIOPSMax",       read_disk_numbers },
        { "IOWriteIOPSMax",      "a(st)", "IOWriteIOPSMax",      read_disk_numbers },
        { "IODeviceLatencyTargetUSec", "a(st)", "IODeviceLatencyTargetSec", read_disk_spans },
        { "DevicePolicy", "s",     "DevicePolicy", read_string  },
        { "DeviceAllow",  "a(ss)", "DeviceAllow",  read_devices },
};

/* Always on; clients send them along. */
static const char *const always_so[] = {
        "CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting", "BlockIOAccounting",
};
/* clang-format on */

static bool is_always_so(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(always_so); i++) {
                if (str_equal(always_so[i], name))
                        return true;
        }
        return false;
}

static int read_value(sd_bus_message *m, size_t i, PropertyText *ret) {
        _cleanup_free_ char *value = NULL;
        const char *section = NULL;

        int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, properties[i].type);
        if (r >= 0)
                r = properties[i].read(m, &value);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        (void) property_text_is_settable(properties[i].key, &section);
        *ret = (PropertyText) {
                .section = section,
                .key = properties[i].key,
                .value = TAKE_PTR(value),
        };
        return 1;
}

int property_text_read(sd_bus_message *m, PropertyText *ret, sd_bus_error *ret_error) {
        const char *name;

        int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "sv");
        if (r >= 0)
                r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        if (is_always_so(name))
                r = sd_bus_message_skip(m, "v") < 0 ? -EBADMSG : 0;
        else {
                size_t i = 0;
                while (i < ELEMENTSOF(properties) && !str_equal(properties[i].property, name))
                        i++;
                if (i == ELEMENTSOF(properties))
                        return refuse(name, ret_error);
                r = read_value(m, i, ret);
        }
        if (r < 0)
                return r;
        int exited = sd_bus_message_exit_container(m);
        return exited < 0 ? exited : r;
}
