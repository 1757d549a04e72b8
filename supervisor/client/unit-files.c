/* SPDX-License-Identifier: MIT */
#include "client/unit-files.h"

#include "client/client-internal.h"
#include "client/value-read.h"
#include "supd/bus.h"

/* What a method is given, in its order: names, word, type, runtime, force. */
/* clang-format off */
static const struct {
        const char *method, *arguments;
        bool tells_info;
} methods[] = {
        [UNIT_FILE_ENABLE]         = { "EnableUnitFiles",         "nrf",   true  },
        [UNIT_FILE_DISABLE]        = { "DisableUnitFiles",        "nr",    false },
        [UNIT_FILE_REENABLE]       = { "ReenableUnitFiles",       "nrf",   true  },
        [UNIT_FILE_LINK]           = { "LinkUnitFiles",           "nrf",   false },
        [UNIT_FILE_PRESET]         = { "PresetUnitFilesWithMode", "nwrf",  true  },
        [UNIT_FILE_PRESET_ALL]     = { "PresetAllUnitFiles",      "wrf",   false },
        [UNIT_FILE_MASK]           = { "MaskUnitFiles",           "nrf",   false },
        [UNIT_FILE_UNMASK]         = { "UnmaskUnitFiles",         "nr",    false },
        [UNIT_FILE_REVERT]         = { "RevertUnitFiles",         "n",     false },
        [UNIT_FILE_ADD_DEPENDENCY] = { "AddDependencyUnitFiles",  "nwtrf", false },
        [UNIT_FILE_SET_DEFAULT]    = { "SetDefaultTarget",        "wf",    false },
};
/* clang-format on */
static_assert(ELEMENTSOF(methods) == _UNIT_FILE_VERB_MAX, "every verb has its method");

static int append_argument(sd_bus_message *call, char argument, const UnitFileRequest *request) {
        switch (argument) {
        case 'n':
                return sd_bus_message_append_strv(call, (char **) request->names);
        case 'w':
                return sd_bus_message_append(call, "s", request->word ? request->word : "");
        case 't':
                return sd_bus_message_append(call, "s", request->type);
        case 'r':
                return sd_bus_message_append(call, "b", (int) request->runtime);
        default:
                return sd_bus_message_append(call, "b", (int) request->force);
        }
}

static int new_call(Client *c,
                const char *path,
                const char *interface,
                const char *method,
                sd_bus_message **ret) {
        return sd_bus_message_new_method_call(
                        c->bus, ret, SUPD_SYSTEMD_DESTINATION, path, interface, method);
}

static int read_changes(
                sd_bus_message *reply, bool tells_info, Value *ret_changes, bool *ret_carries) {
        int carries = 1;

        int r = tells_info ? sd_bus_message_read(reply, "b", &carries) : 0;
        if (r >= 0)
                r = value_read(reply, ret_changes);
        if (r >= 0)
                *ret_carries = carries;
        return r;
}

int client_change_unit_files(Client *c,
                const UnitFileRequest *request,
                Value *ret_changes,
                bool *ret_carries,
                Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        int r = new_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        methods[request->verb].method,
                        &call);
        for (const char *a = methods[request->verb].arguments; r >= 0 && *a; a++)
                r = append_argument(call, *a, request);
        if (r >= 0)
                r = sd_bus_call(c->bus, call, 0 /* usual time-out */, &bus_error, &reply);
        if (r >= 0)
                r = read_changes(
                                reply, methods[request->verb].tells_info, ret_changes, ret_carries);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}

static int read_answer(Client *c, sd_bus_message *reply, Value *ret, Error *error) {
        int r = value_read(reply, ret);

        return r < 0 ? client_error(c, r, NULL, error) : 0;
}

int client_get_unit_file_state(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "GetUnitFileState",
                        &reply,
                        error,
                        "s",
                        name);
        return r < 0 ? r : read_answer(c, reply, ret, error);
}

int client_get_unit_file_links(
                Client *c, const char *name, bool runtime, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "GetUnitFileLinks",
                        &reply,
                        error,
                        "sb",
                        name,
                        (int) runtime);
        return r < 0 ? r : read_answer(c, reply, ret, error);
}

int client_get_default_target(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "GetDefaultTarget",
                        &reply,
                        error,
                        NULL);
        return r < 0 ? r : read_answer(c, reply, ret, error);
}

int client_list_unit_files(
                Client *c, char *const *states, char *const *patterns, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        int r = new_call(c, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "ListUnitFileStatus", &call);
        if (r >= 0)
                r = sd_bus_message_append_strv(call, (char **) states);
        if (r >= 0)
                r = sd_bus_message_append_strv(call, (char **) patterns);
        if (r >= 0)
                r = sd_bus_call(c->bus, call, 0 /* usual time-out */, &bus_error, &reply);
        if (r >= 0)
                r = value_read(reply, ret);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}
