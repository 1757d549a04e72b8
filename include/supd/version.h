/* SPDX-License-Identifier: MIT */
#pragma once

/* The one place of the version; every program's --version and the packages read it from here. */
#define SUPD_VERSION "0.1.0"
