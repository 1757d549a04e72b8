/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-type.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

/* clang-format off */
static const UnitType unit_types[] = {
        { ".image",     "-image",     "Image",     1, UNIT_KIND_IMAGE },
        { ".volume",    "-volume",    "Volume",    2, UNIT_KIND_UNSUPPORTED },
        { ".network",   "-network",   "Network",   2, UNIT_KIND_UNSUPPORTED },
        { ".build",     "-build",     NULL,        3, UNIT_KIND_UNSUPPORTED },
        { ".artifact",  "-artifact",  NULL,        3, UNIT_KIND_UNSUPPORTED },
        { ".container", "",           "Container", 4, UNIT_KIND_CONTAINER },
        { ".kube",      "",           NULL,        4, UNIT_KIND_UNSUPPORTED },
        { ".pod",       "-pod",       "Pod",       5, UNIT_KIND_POD },
        { ".service",   NULL,         NULL,        0, UNIT_KIND_UNSUPPORTED },
        { ".target",    NULL,         NULL,        0, UNIT_KIND_TARGET },
        { ".timer",     NULL,         "Timer",     0, UNIT_KIND_TIMER },
        { ".socket",    NULL,         "Socket",    0, UNIT_KIND_SOCKET },
};
/* clang-format on */

const UnitType *unit_type_find(const char *file_name) {
        const char *dot = strrchr(file_name, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(unit_types); i++) {
                if (strcmp(unit_types[i].extension, dot) == 0)
                        return &unit_types[i];
        }
        return NULL;
}

bool unit_type_has_section(const char *section) {
        for (size_t i = 0; i < ELEMENTSOF(unit_types); i++) {
                if (str_equal(unit_types[i].section, section))
                        return true;
        }
        return false;
}

bool unit_file_name_is_valid(const char *name) {
        const char *dot = strrchr(name, '.');

        if (!dot || dot == name || *name == '@' || strlen(name) > UNIT_NAME_SIZE_MAX)
                return false;
        for (; *name; name++) {
                if (!isalnum((unsigned char) *name) && !strchr(":-_.\\@", *name))
                        return false;
        }
        return true;
}

const char *unit_name_instance(const char *name, size_t *ret_size) {
        const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

        if (!at || !dot || dot < at)
                return NULL;
        *ret_size = (size_t) (dot - at - 1);
        return at + 1;
}

char *unit_name_template(const char *name) {
        size_t size;
        const char *instance = unit_name_instance(name, &size);

        if (!instance || size == 0)
                return NULL;
        return str_printf("%.*s%s", (int) (instance - name), name, instance + size);
}

char *unit_service_id(const char *file_name, const char *service_name) {
        const UnitType *type = unit_type_find(file_name);
        const char *dot = strrchr(file_name, '.'),
                   *at = service_name ? strchr(service_name, '@') : NULL;
        size_t size = 0;
        const char *instance = unit_name_instance(file_name, &size);

        if (!type || !unit_type_is_quadlet(type))
                return strdup(file_name);
        if (service_name && !instance)
                return str_printf("%s.service", service_name);
        if (service_name && at)
                return str_printf("%.*s%.*s.service",
                                (int) (at + 1 - service_name),
                                service_name,
                                (int) size,
                                instance);
        if (!instance)
                return str_printf("%.*s%s.service",
                                (int) (dot - file_name),
                                file_name,
                                type->service_suffix);
        return str_printf("%.*s%s@%.*s.service",
                        (int) (instance - 1 - file_name),
                        file_name,
                        type->service_suffix,
                        (int) size,
                        instance);
}
