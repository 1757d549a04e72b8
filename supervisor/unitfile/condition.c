/* SPDX-License-Identifier: MIT */
#include "unitfile/condition.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* clang-format off */
static const char *const condition_type_names[] = {
        [CONDITION_PATH_EXISTS]              = "PathExists",
        [CONDITION_PATH_EXISTS_GLOB]         = "PathExistsGlob",
        [CONDITION_PATH_IS_DIRECTORY]        = "PathIsDirectory",
        [CONDITION_PATH_IS_SYMBOLIC_LINK]    = "PathIsSymbolicLink",
        [CONDITION_PATH_IS_MOUNT_POINT]      = "PathIsMountPoint",
        [CONDITION_PATH_IS_READ_WRITE]       = "PathIsReadWrite",
        [CONDITION_DIRECTORY_NOT_EMPTY]      = "DirectoryNotEmpty",
        [CONDITION_FILE_NOT_EMPTY]           = "FileNotEmpty",
        [CONDITION_FILE_IS_EXECUTABLE]       = "FileIsExecutable",
        [CONDITION_ENVIRONMENT]              = "Environment",
        [CONDITION_HOST]                     = "Host",
        [CONDITION_USER]                     = "User",
        [CONDITION_GROUP]                    = "Group",
        [CONDITION_VIRTUALIZATION]           = "Virtualization",
        [CONDITION_CONTROL_GROUP_CONTROLLER] = "ControlGroupController",
        [CONDITION_ARCHITECTURE]             = "Architecture",
        [CONDITION_KERNEL_VERSION]           = "KernelVersion",
        [CONDITION_VERSION]                  = "Version",
        [CONDITION_KERNEL_COMMAND_LINE]      = "KernelCommandLine",
        [CONDITION_KERNEL_MODULE_LOADED]     = "KernelModuleLoaded",
        [CONDITION_CAPABILITY]               = "Capability",
        [CONDITION_MEMORY]                   = "Memory",
        [CONDITION_CPUS]                     = "CPUs",
        [CONDITION_CPU_FEATURE]              = "CPUFeature",
        [CONDITION_OS_RELEASE]               = "OSRelease",
        [CONDITION_SECURITY]                 = "Security",
        [CONDITION_FIRST_BOOT]               = "FirstBoot",
        [CONDITION_MEMORY_PRESSURE]          = "MemoryPressure",
        [CONDITION_CPU_PRESSURE]             = "CPUPressure",
        [CONDITION_IO_PRESSURE]              = "IOPressure",
};
/* clang-format on */
static_assert(ELEMENTSOF(condition_type_names) == _CONDITION_TYPE_MAX, "every type has a name");

const char *condition_type_to_string(ConditionType t) {
        return t < 0 || t >= _CONDITION_TYPE_MAX ? NULL : condition_type_names[t];
}

ConditionType condition_type_from_string(const char *s) {
        for (ConditionType t = 0; t < _CONDITION_TYPE_MAX; t++) {
                if (str_equal(condition_type_names[t], s))
                        return t;
        }
        return _CONDITION_TYPE_INVALID;
}

bool condition_type_is_path(ConditionType t) {
        return t <= CONDITION_FILE_IS_EXECUTABLE;
}

int condition_list_add(ConditionList *list, const UnitCondition *condition, char **parameter) {
        UnitCondition *items = reallocarray(list->items, list->n_items + 1, sizeof(UnitCondition));
        if (!items)
                return -ENOMEM;

        list->items = items;
        items[list->n_items] = *condition;
        items[list->n_items++].parameter = TAKE_PTR(*parameter);
        return 0;
}

static int condition_compare(const void *a, const void *b) {
        const UnitCondition *x = a, *y = b;

        return (x->place > y->place) - (x->place < y->place);
}

void condition_list_settle(ConditionList *list) {
        size_t n = 0;

        for (size_t i = 0; i < list->n_items; i++) {
                if (list->items[i].place > list->cleared)
                        list->items[n++] = list->items[i];
                else
                        free(list->items[i].parameter);
        }
        list->n_items = n;
        if (n > 1)
                qsort(list->items, n, sizeof(UnitCondition), condition_compare);
}

void condition_list_done(ConditionList *list) {
        for (size_t i = 0; i < list->n_items; i++)
                free(list->items[i].parameter);
        free(list->items);
        *list = (ConditionList) {};
}

char *condition_to_text(const UnitCondition *c, const char *prefix) {
        return str_printf("%s%s=%s%s%s",
                        prefix,
                        condition_type_to_string(c->type),
                        c->trigger ? "|" : "",
                        c->negate ? "!" : "",
                        c->parameter);
}
