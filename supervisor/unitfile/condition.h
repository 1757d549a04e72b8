/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * ConditionX= and AssertX= as data: what is to be tested just before a start. Who tests them is not known
 * here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum ConditionType { /* names as after "Condition" and "Assert" */
        CONDITION_PATH_EXISTS,
        CONDITION_PATH_EXISTS_GLOB,
        CONDITION_PATH_IS_DIRECTORY,
        CONDITION_PATH_IS_SYMBOLIC_LINK,
        CONDITION_PATH_IS_MOUNT_POINT,
        CONDITION_PATH_IS_READ_WRITE,
        CONDITION_DIRECTORY_NOT_EMPTY,
        CONDITION_FILE_NOT_EMPTY,
        CONDITION_FILE_IS_EXECUTABLE,
        CONDITION_ENVIRONMENT,
        CONDITION_HOST,
        CONDITION_USER,
        CONDITION_GROUP,
        CONDITION_VIRTUALIZATION,
        CONDITION_CONTROL_GROUP_CONTROLLER,
        CONDITION_ARCHITECTURE,
        CONDITION_KERNEL_VERSION,
        CONDITION_VERSION,
        CONDITION_KERNEL_COMMAND_LINE,
        CONDITION_KERNEL_MODULE_LOADED,
        CONDITION_CAPABILITY,
        CONDITION_MEMORY,
        CONDITION_CPUS,
        CONDITION_CPU_FEATURE,
        CONDITION_OS_RELEASE,
        CONDITION_SECURITY,
        CONDITION_FIRST_BOOT,
        CONDITION_MEMORY_PRESSURE,
        CONDITION_CPU_PRESSURE,
        CONDITION_IO_PRESSURE,
        _CONDITION_TYPE_MAX,
        _CONDITION_TYPE_INVALID = -EINVAL,
} ConditionType;

const char *condition_type_to_string(ConditionType t); /* "PathExists" */
ConditionType condition_type_from_string(const char *s);
/** condition_type_is_path() - the parameter is an absolute path */
bool condition_type_is_path(ConditionType t);

typedef struct UnitCondition {
        ConditionType type;
        bool trigger;    /* '|': one of all of these is enough */
        bool negate;     /* '!' */
        char *parameter; /* owned */
        uint64_t place;  /* in the unit's files: later ones are greater */
} UnitCondition;

/* All of a unit, whatever their types: conditions, or assertions. */
typedef struct ConditionList {
        UnitCondition *items; /* owned; in the order of the files after condition_list_settle() */
        size_t n_items;
        uint64_t cleared; /* place of the last empty assignment, which takes away all before it */
} ConditionList;

/** condition_list_add() - @parameter is taken over and emptied on success. Return: 0 or -ENOMEM. */
int condition_list_add(ConditionList *list, const UnitCondition *condition, char **parameter);
/** condition_list_settle() - all keys are read: in order, and without what an empty assignment took away */
void condition_list_settle(ConditionList *list);
void condition_list_done(ConditionList *list);

/** condition_to_text() - "ConditionPathExists=!/x"; owned by the caller; NULL: out of memory
 * @prefix: "Condition" or "Assert" */
char *condition_to_text(const UnitCondition *c, const char *prefix);
