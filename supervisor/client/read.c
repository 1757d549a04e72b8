/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "base/text.h"
#include "client/client-internal.h"
#include "client/value-read.h"
#include "supd/bus.h"

/* What a reply holds, as one value. A reply that can't be read is the supervisor's mistake. */
static int read_reply(const Client *c, sd_bus_message *reply, Value *ret, Error *error) {
        int r = value_read(reply, ret);

        if (r < 0 && r != -ENOMEM)
                return error_set(error,
                                r,
                                ERROR_FAILED,
                                "supd at %s gave an answer that can't be read",
                                c->socket_path);
        return r;
}

int client_get_manager(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_BUS_PATH,
                        "org.freedesktop.DBus.Properties",
                        "GetAll",
                        &reply,
                        error,
                        "s",
                        SUPD_BUS_MANAGER);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_get_unit(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "GetUnitStatus",
                        &reply,
                        error,
                        "s",
                        name);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

/* From a(sa{sv}) to a dict by id. */
static int index_by_id(Value *list, Value *ret) {
        for (size_t i = 0; i < value_length(list); i++) {
                Value *pair = &list->array.items[i];

                if (value_length(pair) != 2 || pair->array.items[0].type != VALUE_STRING)
                        return -EBADMSG;
                int r = value_dict_add(ret, pair->array.items[0].string, &pair->array.items[1]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int client_list_units(Client *c, char *const *patterns, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_value_ Value list = {}, units = { .type = VALUE_DICT };

        int r = sd_bus_message_new_method_call(c->bus,
                        &call,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "ListUnitStatus");
        if (r >= 0)
                r = sd_bus_message_append_strv(call, (char **) patterns);
        if (r >= 0)
                r = sd_bus_call(c->bus, call, CLIENT_TIMEOUT_USEC, &bus_error, &reply);
        if (r < 0)
                return client_error(c, r, &bus_error, error);

        r = read_reply(c, reply, &list, error);
        if (r < 0)
                return r;
        r = index_by_id(&list, &units);
        if (r < 0)
                return client_error(c, r, NULL, error);

        *ret = units;
        units = (Value) {};
        return 0;
}

int client_get_properties(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *path_reply = NULL, *reply = NULL;
        const char *path = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "LoadUnit",
                        &path_reply,
                        error,
                        "s",
                        name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(path_reply, "o", &path);
        if (r < 0)
                return client_error(c, r, NULL, error);

        /* No interface named: all of them, as systemctl asks. */
        r = client_call(c,
                        path,
                        "org.freedesktop.DBus.Properties",
                        "GetAll",
                        &reply,
                        error,
                        "s",
                        "");
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_get_processes(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "GetUnitProcesses",
                        &reply,
                        error,
                        "s",
                        name);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_get_diagnostics(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(
                        c, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetDiagnostics", &reply, error, NULL);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_reload(Client *c, Error *error) {
        return client_call(c, SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "Reload", NULL, error, NULL);
}

int client_reexecute(Client *c, Error *error) {
        _cleanup_(error_done) Error local = {};

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "Reexecute",
                        NULL,
                        &local,
                        NULL);
        /* It never answers: the end of the connection is the good outcome. */
        if (r < 0 && local.code != ERROR_DISCONNECTED) {
                error_move(error, &local);
                return r;
        }
        return 0;
}
