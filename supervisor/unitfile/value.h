/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The small value types of the unit language and their parsers (UNITS.md 2.2 and 2.5). Pure: what is
 * relative to the machine stays relative. Every parser takes the trimmed value, returns 0 or
 * -EINVAL / -ERANGE, and writes *ret on success only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/* An amount, or a share of what the machine has. UINT64_MAX: infinity or unset. */
typedef struct Quantity {
        uint64_t value; /* of relative ones: in 1/10000 */
        bool relative;
} Quantity;

#define QUANTITY_UNSET ((Quantity) { .value = UINT64_MAX })

/* Exit statuses 0 to 255 and signals 1 to 64. */
typedef struct ExitSet {
        uint64_t statuses[4];
        uint64_t signals; /* bit N - 1 for signal N */
} ExitSet;

bool exit_set_has_status(const ExitSet *s, int status);
bool exit_set_has_signal(const ExitSet *s, int signal);
bool exit_set_is_empty(const ExitSet *s);

int value_parse_bool(const char *s, bool *ret);                 /* systemd's words */
int value_parse_span(const char *s, uint64_t *ret_usec);        /* "5min 20s", "infinity" */
int value_parse_go_duration(const char *s, uint64_t *ret_usec); /* "1m30s"; a unit is mandatory */
int value_parse_size(const char *s, uint64_t *ret);             /* systemd: "1G 512M", base 1024 */
int value_parse_rate(const char *s, uint64_t *ret);        /* likewise with base 1000; "infinity" */
int value_parse_docker_size(const char *s, uint64_t *ret); /* "512m", "1.5 GiB" */
int value_parse_percent(const char *s, uint64_t *ret_permyriad); /* "12.5%"; no upper bound */
int value_parse_memory(const char *s, Quantity *ret); /* size, percent up to 100, infinity */
int value_parse_tasks(const char *s, Quantity *ret);
int value_parse_signal(const char *s, int *ret);          /* "TERM", "SIGTERM", "15", "RTMIN+3" */
int value_parse_cpu_set(const char *s, char **ret);       /* canonical form, owned by the caller */
int value_parse_capability(const char *s, unsigned *ret); /* "NET_ADMIN", "cap_net_admin" */
/** value_parse_exit_set() - one word of UNITS.md 4.7 added to @set */
int value_parse_exit_set(const char *word, ExitSet *set);
/** value_parse_rlimit() - "nofile" to RLIMIT_NOFILE */
int value_parse_rlimit(const char *name, int *ret_resource);

/** signal_to_string() - "SIGTERM"; "RTMIN+3" for real-time ones; NULL if out of range. Static. */
const char *signal_to_string(int signal);
/** exit_status_to_string() - "NOTRUNNING" for 7 and so on; NULL: no name. Static. */
const char *exit_status_to_string(int status);
/** capability_to_string() - "CAP_CHOWN"; NULL if unknown. Static. */
const char *capability_to_string(unsigned capability);
