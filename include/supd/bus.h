/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names on the control bus. What systemd has is spoken under systemd's names; only the rest is ours.
 */

#define SUPD_SYSTEMD_DESTINATION "org.freedesktop.systemd1"
#define SUPD_SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SUPD_SYSTEMD_UNIT_PREFIX "/org/freedesktop/systemd1/unit"
#define SUPD_SYSTEMD_JOB_PREFIX "/org/freedesktop/systemd1/job"
#define SUPD_SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SUPD_SYSTEMD_UNIT "org.freedesktop.systemd1.Unit"
#define SUPD_SYSTEMD_SERVICE "org.freedesktop.systemd1.Service"
#define SUPD_SYSTEMD_TIMER "org.freedesktop.systemd1.Timer"
#define SUPD_SYSTEMD_SOCKET "org.freedesktop.systemd1.Socket"
#define SUPD_SYSTEMD_JOB "org.freedesktop.systemd1.Job"
#define SUPD_SYSTEMD_PRIVATE_SOCKET "/run/systemd/private"

#define SUPD_BUS_PATH "/org/supd"
#define SUPD_BUS_MANAGER "org.supd.Manager"
#define SUPD_BUS_IMAGE "org.supd.Image"
#define SUPD_BUS_SECRET "org.supd.Secret"
#define SUPD_BUS_CONTAINER "org.supd.Container" /* on the unit's systemd1 object path */

#define SUPD_SECRET_SIZE_MAX (512U * 1024U) /* bytes */

/* Errors without a systemd name; see control/bus-error.c for the whole map. */
#define SUPD_BUS_ERROR_PREFIX "org.supd.Error."
