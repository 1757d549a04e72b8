/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tests by topic: condition-path.c, condition-machine.c, condition-process.c, condition-pressure.c; and what
 * they share, condition-compare.c, which is pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/* One X. Return: as condition_test(). */
typedef int (*ConditionTest)(const char *parameter);

int condition_path_exists(const char *parameter);
int condition_path_exists_glob(const char *parameter);
int condition_path_is_directory(const char *parameter);
int condition_path_is_symbolic_link(const char *parameter);
int condition_path_is_mount_point(const char *parameter);
int condition_path_is_read_write(const char *parameter);
int condition_directory_not_empty(const char *parameter);
int condition_file_not_empty(const char *parameter);
int condition_file_is_executable(const char *parameter);

int condition_environment(const char *parameter);
int condition_user(const char *parameter);
int condition_group(const char *parameter);
int condition_capability(const char *parameter);
int condition_control_group_controller(const char *parameter);

int condition_host(const char *parameter);
int condition_virtualization(const char *parameter);
int condition_architecture(const char *parameter);
int condition_kernel_version(const char *parameter);
int condition_version(const char *parameter);
int condition_kernel_command_line(const char *parameter);
int condition_kernel_module_loaded(const char *parameter);
int condition_memory(const char *parameter);
int condition_cpus(const char *parameter);
int condition_cpu_feature(const char *parameter);
int condition_os_release(const char *parameter);
int condition_security(const char *parameter);
int condition_first_boot(const char *parameter);

int condition_memory_pressure(const char *parameter);
int condition_cpu_pressure(const char *parameter);
int condition_io_pressure(const char *parameter);

/* ---- condition-compare.c ------------------------------------------------------------------------- */

typedef enum CompareOperator {
        COMPARE_GLOB,     /* "=$" */
        COMPARE_NOT_GLOB, /* "!=$" */
        COMPARE_LESS_OR_EQUAL,
        COMPARE_LESS,
        COMPARE_GREATER_OR_EQUAL,
        COMPARE_GREATER,
        COMPARE_EQUAL,
        COMPARE_NOT_EQUAL,
        _COMPARE_OPERATOR_MAX,
        _COMPARE_OPERATOR_INVALID = -EINVAL,
} CompareOperator;

/** compare_take_operator() - the one that *s starts with, which is moved behind it and the blanks that follow;
 * else _COMPARE_OPERATOR_INVALID and *s as it was */
CompareOperator compare_take_operator(const char **s);
/** compare_order() - @order is that of the fact to what is asked for, as of strcmp(); globs don't come here */
bool compare_order(int order, CompareOperator op);
/** compare_versions() - "5.9" is before "5.10", "2~rc1" before "2". Return: as strcmp(). */
int compare_versions(const char *a, const char *b);
/** compare_version_words() - every word of @words, "OPERATOR VERSION" or a pattern, holds for @version.
 * Return: 1, 0, -EINVAL, -ENOMEM. */
int compare_version_words(const char *version, char *const *words);

/* One word at a time, blanks between, quotes honoured; owned by the caller. */
int condition_words(const char *parameter, char ***ret);
