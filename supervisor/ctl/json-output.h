/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What --json prints: the one place that builds JSON. Keys are the names of properties; numbers that
 * mean "not set" are null; text that is not UTF-8 is an array of bytes, as journalctl has it.
 */

#include <jansson.h>
#include <stdio.h>

#include "client/value.h"

/** json_from_value() - a new reference; NULL: out of memory */
json_t *json_from_value(const Value *v);

/** json_from_text() - a string, or an array of numbers where it is not UTF-8 */
json_t *json_from_text(const char *text, size_t size);

/**
 * json_print() - write @json and a newline
 * @json: the reference is taken over; NULL stands for "out of memory"
 *
 * Return: 0; -ENOMEM.
 */
int json_print(json_t *json, FILE *out);
