/* SPDX-License-Identifier: MIT */
#include "kinds/condition.h"

#include "kinds/condition-internal.h"

/* clang-format off */
static const ConditionTest tests[] = {
        [CONDITION_PATH_EXISTS]              = condition_path_exists,
        [CONDITION_PATH_EXISTS_GLOB]         = condition_path_exists_glob,
        [CONDITION_PATH_IS_DIRECTORY]        = condition_path_is_directory,
        [CONDITION_PATH_IS_SYMBOLIC_LINK]    = condition_path_is_symbolic_link,
        [CONDITION_PATH_IS_MOUNT_POINT]      = condition_path_is_mount_point,
        [CONDITION_PATH_IS_READ_WRITE]       = condition_path_is_read_write,
        [CONDITION_DIRECTORY_NOT_EMPTY]      = condition_directory_not_empty,
        [CONDITION_FILE_NOT_EMPTY]           = condition_file_not_empty,
        [CONDITION_FILE_IS_EXECUTABLE]       = condition_file_is_executable,
        [CONDITION_ENVIRONMENT]              = condition_environment,
        [CONDITION_HOST]                     = condition_host,
        [CONDITION_USER]                     = condition_user,
        [CONDITION_GROUP]                    = condition_group,
        [CONDITION_VIRTUALIZATION]           = condition_virtualization,
        [CONDITION_CONTROL_GROUP_CONTROLLER] = condition_control_group_controller,
        [CONDITION_ARCHITECTURE]             = condition_architecture,
        [CONDITION_KERNEL_VERSION]           = condition_kernel_version,
        [CONDITION_VERSION]                  = condition_version,
        [CONDITION_KERNEL_COMMAND_LINE]      = condition_kernel_command_line,
        [CONDITION_KERNEL_MODULE_LOADED]     = condition_kernel_module_loaded,
        [CONDITION_CAPABILITY]               = condition_capability,
        [CONDITION_MEMORY]                   = condition_memory,
        [CONDITION_CPUS]                     = condition_cpus,
        [CONDITION_CPU_FEATURE]              = condition_cpu_feature,
        [CONDITION_OS_RELEASE]               = condition_os_release,
        [CONDITION_SECURITY]                 = condition_security,
        [CONDITION_FIRST_BOOT]               = condition_first_boot,
        [CONDITION_MEMORY_PRESSURE]          = condition_memory_pressure,
        [CONDITION_CPU_PRESSURE]             = condition_cpu_pressure,
        [CONDITION_IO_PRESSURE]              = condition_io_pressure,
};
/* clang-format on */
static_assert(ELEMENTSOF(tests) == _CONDITION_TYPE_MAX, "every type has a test");

int condition_test(const UnitCondition *c) {
        return tests[c->type](c->parameter);
}
