/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * PodmanArgs= as the keys that say the same. Its words are what Podman's command line would be; each flag
 * becomes the assignment to the key that it is for Podman's own generator, at the place where the flag
 * stands. What happens to values, references and mistakes is then that key's affair. A flag that no key
 * stands for is an error: nothing of what is asked is ignored.
 */

#include "unitfile/diagnostic.h"
#include "unitfile/unit-source-internal.h"

/**
 * podman_args_expand() - replace every PodmanArgs= of @section by what it means
 * @section: "Container", "Pod" or "Image"; of any other nothing is changed
 *
 * What was written before an empty PodmanArgs= does not count. Return: 0, with mistakes in @diagnostics;
 * -ENOMEM.
 */
int podman_args_expand(UnitSource *source, const char *section, DiagnosticList *diagnostics);
