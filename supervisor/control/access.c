/* SPDX-License-Identifier: MIT */
#include "control/access.h"

#include "base/text.h"
#include "supd/bus.h"

typedef struct Rule {
        const char *interface, *member;
        Privilege privilege;
} Rule;

/* clang-format off */
#define DBUS "org.freedesktop.DBus"
#define MANAGER SUPD_SYSTEMD_MANAGER
#define UNIT SUPD_SYSTEMD_UNIT
#define READ PRIVILEGE_READ
#define MANAGE PRIVILEGE_MANAGE

static const Rule rules[] = {
        { DBUS,                     "Hello",                   READ   },
        { DBUS,                     "AddMatch",                READ   },
        { DBUS,                     "RemoveMatch",             READ   },
        { DBUS,                     "GetNameOwner",            READ   },
        { DBUS,                     "NameHasOwner",            READ   },
        { DBUS,                     "ListNames",               READ   },
        { DBUS ".Peer",             "Ping",                    READ   },
        { DBUS ".Peer",             "GetMachineId",            READ   },
        { DBUS ".Introspectable",   "Introspect",              READ   },
        { DBUS ".Properties",       "Get",                     READ   },
        { DBUS ".Properties",       "GetAll",                  READ   },
        { DBUS ".Properties",       "Set",                     MANAGE },

        { MANAGER,                  "GetUnit",                 READ   },
        { MANAGER,                  "GetUnitByPID",            READ   },
        { MANAGER,                  "GetUnitByInvocationID",   READ   },
        { MANAGER,                  "GetUnitByControlGroup",   READ   },
        { MANAGER,                  "LoadUnit",                READ   },
        { MANAGER,                  "GetUnitProcesses",        READ   },
        { MANAGER,                  "ListUnits",               READ   },
        { MANAGER,                  "ListUnitsFiltered",       READ   },
        { MANAGER,                  "ListUnitsByPatterns",     READ   },
        { MANAGER,                  "ListUnitsByNames",        READ   },
        { MANAGER,                  "ListJobs",                READ   },
        { MANAGER,                  "GetJob",                  READ   },
        { MANAGER,                  "ListUnitFiles",           READ   },
        { MANAGER,                  "ListUnitFilesByPatterns", READ   },
        { MANAGER,                  "GetUnitFileState",        READ   },
        { MANAGER,                  "GetUnitFileLinks",        READ   },
        { MANAGER,                  "GetDefaultTarget",        READ   },
        { MANAGER,                  "Subscribe",               READ   },
        { MANAGER,                  "Unsubscribe",             READ   },
        { MANAGER,                  "RefUnit",                 READ   },
        { MANAGER,                  "UnrefUnit",               READ   },
        { MANAGER,                  "StartUnit",               MANAGE },
        { MANAGER,                  "StopUnit",                MANAGE },
        { MANAGER,                  "ReloadUnit",              MANAGE },
        { MANAGER,                  "RestartUnit",             MANAGE },
        { MANAGER,                  "TryRestartUnit",          MANAGE },
        { MANAGER,                  "ReloadOrRestartUnit",     MANAGE },
        { MANAGER,                  "ReloadOrTryRestartUnit",  MANAGE },
        { MANAGER,                  "EnqueueUnitJob",          MANAGE },
        { MANAGER,                  "CancelJob",               MANAGE },
        { MANAGER,                  "ClearJobs",               MANAGE },
        { MANAGER,                  "KillUnit",                MANAGE },
        { MANAGER,                  "FreezeUnit",              MANAGE },
        { MANAGER,                  "ThawUnit",                MANAGE },
        { MANAGER,                  "ResetFailed",             MANAGE },
        { MANAGER,                  "ResetFailedUnit",         MANAGE },
        { MANAGER,                  "Reload",                  MANAGE },
        { MANAGER,                  "EnableUnitFiles",         MANAGE },
        { MANAGER,                  "EnableUnitFilesWithFlags", MANAGE },
        { MANAGER,                  "DisableUnitFiles",        MANAGE },
        { MANAGER,                  "DisableUnitFilesWithFlags", MANAGE },
        { MANAGER,                  "ReenableUnitFiles",       MANAGE },
        { MANAGER,                  "LinkUnitFiles",           MANAGE },
        { MANAGER,                  "PresetUnitFiles",         MANAGE },
        { MANAGER,                  "PresetUnitFilesWithMode", MANAGE },
        { MANAGER,                  "PresetAllUnitFiles",      MANAGE },
        { MANAGER,                  "MaskUnitFiles",           MANAGE },
        { MANAGER,                  "UnmaskUnitFiles",         MANAGE },
        { MANAGER,                  "RevertUnitFiles",         MANAGE },
        { MANAGER,                  "AddDependencyUnitFiles",  MANAGE },
        { MANAGER,                  "SetDefaultTarget",        MANAGE },
        { MANAGER,                  "Reexecute",               MANAGE },
        { MANAGER,                  "Exit",                    MANAGE },

        { UNIT,                     "Start",                   MANAGE },
        { UNIT,                     "Stop",                    MANAGE },
        { UNIT,                     "Reload",                  MANAGE },
        { UNIT,                     "Restart",                 MANAGE },
        { UNIT,                     "TryRestart",              MANAGE },
        { UNIT,                     "ReloadOrRestart",         MANAGE },
        { UNIT,                     "ReloadOrTryRestart",      MANAGE },
        { UNIT,                     "EnqueueJob",              MANAGE },
        { UNIT,                     "Kill",                    MANAGE },
        { UNIT,                     "Freeze",                  MANAGE },
        { UNIT,                     "Thaw",                    MANAGE },
        { UNIT,                     "ResetFailed",             MANAGE },
        { UNIT,                     "Ref",                     READ   },
        { UNIT,                     "Unref",                   READ   },
        { SUPD_SYSTEMD_SERVICE,     "GetProcesses",            READ   },
        { SUPD_SYSTEMD_JOB,         "Cancel",                  MANAGE },

        { MANAGER,                  "Dump",                    READ   },
        { MANAGER,                  "DumpByFileDescriptor",    READ   },
        { MANAGER,                  "DumpUnitsMatchingPatterns", READ },
        { MANAGER,                  "DumpUnitsMatchingPatternsByFileDescriptor", READ },
        { MANAGER,                  "SetUnitProperties",       MANAGE },
        { UNIT,                     "SetProperties",           MANAGE },
        { SUPD_BUS_MANAGER,         "SetUnitProperties",       MANAGE },
        { SUPD_BUS_MANAGER,         "GetUnitHistory",          READ   },
        { SUPD_BUS_MANAGER,         "GetUnitStatus",           READ   },
        { SUPD_BUS_MANAGER,         "ListUnitStatus",          READ   },
        { SUPD_BUS_MANAGER,         "ListUnitFileStatus",      READ   },
        { SUPD_BUS_MANAGER,         "GetDiagnostics",          READ   },
        { SUPD_BUS_MANAGER,         "ListChangedUnits",        READ   },
        { SUPD_BUS_MANAGER,         "CheckHealth",             MANAGE },
        { SUPD_BUS_IMAGE,           "Run",                     MANAGE },
        { SUPD_BUS_SECRET,          "Create",                  MANAGE },
        { SUPD_BUS_SECRET,          "Remove",                  MANAGE },
        { SUPD_BUS_SECRET,          "List",                    READ   },
        { SUPD_BUS_SECRET,          "Inspect",                 READ   },
        { SUPD_BUS_SECRET,          "GetData",                 MANAGE },
};

#undef DBUS
#undef MANAGER
#undef UNIT
#undef READ
#undef MANAGE
/* clang-format on */

static const Rule *find_rule(const char *interface, const char *member) {
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                if (str_equal(rules[i].interface, interface) && str_equal(rules[i].member, member))
                        return &rules[i];
        }
        return NULL;
}

bool access_is_listed(const char *interface, const char *member) {
        return find_rule(interface, member) != NULL;
}

Privilege access_privilege_of(const char *interface, const char *member) {
        const Rule *rule = find_rule(interface, member);

        return rule ? rule->privilege : PRIVILEGE_MANAGE;
}

bool access_is_granted(const Peer *peer, Privilege privilege, uid_t own_uid) {
        /* Members of the socket's group are administrators of containers: both privileges, so far. */
        switch (privilege) {
        case PRIVILEGE_READ:
        case PRIVILEGE_MANAGE:
                return peer->uid == 0 || peer->uid == own_uid || peer->in_group;
        default:
                return false;
        }
}
