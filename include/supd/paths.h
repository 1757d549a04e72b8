/* SPDX-License-Identifier: MIT */
#pragma once

/* Fixed names of files and directories; see DESIGN.md, "Names that are fixed". */

#define SUPD_RUNTIME_DIR "/run/supd"
#define SUPD_STATE_DIR "/var/lib/supd"
#define SUPD_CONFIG_FILE "/etc/supd/supd.conf"

/* Below the runtime directory. */
#define SUPD_CONTROL_SOCKET "control"
#define SUPD_CONTAINER_DIR "container"
#define SUPD_POD_DIR "pod"

/* Below the runtime directory, too: what `enable --runtime` writes to, if it is in the search path. */
#define SUPD_UNIT_DIR "units"

/* Which units are enabled where nobody said so; strings of an array. */
#define SUPD_PRESET_DIRS "/etc/supd/presets", "/run/supd/presets", "/usr/lib/supd/presets"

/* Environment. */
#define SUPD_ENV_RUNTIME_DIR "SUPD_RUNTIME_DIR"
#define SUPD_ENV_UNIT_DIRS "SUPD_UNIT_DIRS"
#define SUPD_ENV_UNIT_DIRS_ALIAS "QUADLET_UNIT_DIRS"

/* Group that may use the control socket beside root. */
#define SUPD_GROUP "supd"
