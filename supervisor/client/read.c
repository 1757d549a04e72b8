/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "client/client-internal.h"
#include "client/value-read.h"
#include "supd/bus.h"

#define DUMP_SIZE_MAX (256U * 1024U * 1024U)

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

#define IN_FLIGHT_MAX 64U /* the supervisor limits what may wait for a client to be read */

/* One of several units that are asked for side by side. */
typedef struct UnitQuery {
        Client *client;    /* borrowed */
        sd_bus_slot *slot; /* owned; NULL: not asked yet, or answered */
        Value *value;      /* borrowed */
        Error error;       /* owned */
        size_t *n_answered;
        int result;
} UnitQuery;

static int on_unit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        UnitQuery *query = ASSERT_PTR(userdata);
        const sd_bus_error *bus_error = sd_bus_message_get_error(m);

        (void) ret_error;
        (*query->n_answered)++;
        if (bus_error)
                query->result = client_error(query->client,
                                -sd_bus_error_get_errno(bus_error),
                                bus_error,
                                &query->error);
        else
                query->result = read_reply(query->client, m, query->value, &query->error);
        return 0;
}

static int ask_unit(UnitQuery *query, const char *name) {
        return sd_bus_call_method_async(query->client->bus,
                        &query->slot,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "GetUnitStatus",
                        on_unit,
                        query,
                        "s",
                        name);
}

int client_get_units(Client *c, const char *const *names, size_t n, Value *ret, Error *error) {
        size_t n_asked = 0, n_answered = 0;
        int r = 0;

        _cleanup_free_ UnitQuery *queries = calloc(MAX(n, (size_t) 1), sizeof(*queries));
        if (!queries)
                return -ENOMEM;

        while (r >= 0 && n_answered < n) {
                if (n_asked < n && n_asked - n_answered < IN_FLIGHT_MAX) {
                        queries[n_asked] = (UnitQuery) {
                                .client = c,
                                .value = &ret[n_asked],
                                .n_answered = &n_answered,
                        };
                        r = ask_unit(&queries[n_asked], names[n_asked]);
                        n_asked++;
                } else
                        r = client_turn(c, -EBADF, USEC_INFINITY);
        }
        if (r < 0)
                r = client_error(c, r, NULL, error);

        for (size_t i = 0; i < n_asked; i++) {
                queries[i].slot = sd_bus_slot_unref(queries[i].slot);
                if (r >= 0 && queries[i].result < 0) {
                        r = queries[i].result;
                        error_move(error, &queries[i].error);
                }
                error_done(&queries[i].error);
        }
        return r;
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
                r = sd_bus_call(c->bus, call, 0 /* usual time-out */, &bus_error, &reply);
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

int client_get_history(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "GetUnitHistory",
                        &reply,
                        error,
                        "s",
                        name);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_check_health(
                Client *c, const char *name, int *ret_code, char **ret_output, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        const char *output;
        int code;

        int r = sd_bus_message_new_method_call(c->bus,
                        &call,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "CheckHealth");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
        /* HealthTimeout= limits it, and may be as long as it likes. */
        if (r >= 0)
                r = sd_bus_call(c->bus, call, /* usec= */ UINT64_MAX, &bus_error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "is", &code, &output);
        if (r < 0)
                return client_error(c, r, &bus_error, error);
        *ret_output = strdup(output);
        if (!*ret_output)
                return -ENOMEM;
        *ret_code = code;
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

int client_list_jobs(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "ListJobs",
                        &reply,
                        error,
                        NULL);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_cancel_job(Client *c, uint32_t id, Error *error) {
        return client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "CancelJob",
                        NULL,
                        error,
                        "u",
                        id);
}

int client_cancel_jobs(Client *c, Error *error) {
        return client_call(
                        c, SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "ClearJobs", NULL, error, NULL);
}

int client_get_diagnostics(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(
                        c, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetDiagnostics", &reply, error, NULL);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_list_changed(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = client_call(c,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "ListChangedUnits",
                        &reply,
                        error,
                        NULL);
        return r < 0 ? r : read_reply(c, reply, ret, error);
}

int client_dump(Client *c, char *const *patterns, char **ret, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        bool all = !patterns || !*patterns;
        int fd = -EBADF;

        /* By a file: the text may be longer than a message. */
        int r = sd_bus_message_new_method_call(c->bus,
                        &call,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        all ? "DumpByFileDescriptor" : "DumpUnitsMatchingPatternsByFileDescriptor");
        if (r >= 0 && !all)
                r = sd_bus_message_append_strv(call, (char **) patterns);
        if (r >= 0)
                r = sd_bus_call(c->bus, call, 0 /* usual time-out */, &bus_error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd); /* the message's own */
        if (r >= 0)
                r = file_read_fd(fd, DUMP_SIZE_MAX, ret, NULL);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}

int client_set_properties(
                Client *c, const char *name, bool runtime, char *const *assignments, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        int r = sd_bus_message_new_method_call(c->bus,
                        &call,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_MANAGER,
                        "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(call, "sb", name, (int) runtime);
        if (r >= 0)
                r = sd_bus_message_append_strv(call, (char **) assignments);
        if (r >= 0)
                r = sd_bus_call(c->bus, call, 0 /* usual time-out */, &bus_error, NULL);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}

int client_reload(Client *c, Error *error) {
        return client_call(c, SUPD_SYSTEMD_PATH, SUPD_SYSTEMD_MANAGER, "Reload", NULL, error, NULL);
}

int client_reset_failed(Client *c, Error *error) {
        return client_call(c,
                        SUPD_SYSTEMD_PATH,
                        SUPD_SYSTEMD_MANAGER,
                        "ResetFailed",
                        NULL,
                        error,
                        NULL);
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
