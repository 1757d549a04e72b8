/* SPDX-License-Identifier: MIT */
#pragma once

/* The least a network namespace of its own needs. Bridges and addresses are supd-net's work. */

/** network_loopback_up() - in the child; allocates nothing */
int network_loopback_up(void);
