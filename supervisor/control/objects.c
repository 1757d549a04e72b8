/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "core/unit-name.h"
#include "supd/bus.h"

#define DRIVER_PATH "/org/freedesktop/DBus"
#define DRIVER "org.freedesktop.DBus"

/* Interfaces of one object stand in the order in which `systemctl show` prints them. */
/* clang-format off */
static const BusObject objects[] = {
        { OBJECT_MANAGER, SUPD_SYSTEMD_PATH,        SUPD_SYSTEMD_MANAGER, manager_vtable,      NULL                },
        { OBJECT_MANAGER, SUPD_SYSTEMD_PATH,        SUPD_SYSTEMD_MANAGER, unit_files_vtable,   NULL                },
        { OBJECT_MANAGER, SUPD_SYSTEMD_PATH,        SUPD_SYSTEMD_MANAGER, manager_properties_vtable, NULL          },
        { OBJECT_MANAGER, SUPD_SYSTEMD_PATH,        SUPD_SYSTEMD_MANAGER, manager_defaults_vtable, NULL, .of_defaults = true },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SERVICE, service_vtable,      service_object_find },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SERVICE, service_spec_vtable, service_spec_find   },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SERVICE, resource_vtable,     service_resource_find },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SERVICE, log_vtable,          service_spec_find   },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_TIMER,   timer_vtable,        timer_object_find   },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_BUS_CONTAINER,   container_vtable,    service_object_find },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SOCKET,  socket_vtable,       socket_object_find  },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_SOCKET,  socket_spec_vtable,  socket_spec_find    },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_UNIT,    unit_vtable,         unit_object_find    },
        { OBJECT_UNIT,    SUPD_SYSTEMD_UNIT_PREFIX, SUPD_SYSTEMD_UNIT,    unit_spec_vtable,    unit_spec_find      },
        { OBJECT_JOB,     SUPD_SYSTEMD_JOB_PREFIX,  SUPD_SYSTEMD_JOB,     job_vtable,          job_object_find     },
        { OBJECT_SUPD,    SUPD_BUS_PATH,            SUPD_BUS_MANAGER,     supd_vtable,         NULL                },
        { OBJECT_SUPD,    SUPD_BUS_PATH,            SUPD_BUS_MANAGER,     supd_properties_vtable, NULL             },
        { OBJECT_SUPD,    SUPD_BUS_PATH,            SUPD_BUS_IMAGE,       image_vtable,        NULL                },
        { OBJECT_SUPD,    SUPD_BUS_PATH,            SUPD_BUS_SECRET,      secret_vtable,       NULL                },
        { OBJECT_DRIVER,  DRIVER_PATH,              DRIVER,               driver_vtable,       NULL                },
};
/* clang-format on */

const BusObject *bus_objects(size_t *ret_n) {
        *ret_n = ELEMENTSOF(objects);
        return objects;
}

unsigned object_groups_of(const char *path) {
        /* Prefixes that end in a slash are of objects whose parent answers for other things. */
        static const struct {
                const char *path;
                bool below;
                unsigned groups;
        } places[] = {
                { SUPD_SYSTEMD_PATH, false, OBJECT_MANAGER },
                { SUPD_SYSTEMD_UNIT_PREFIX "/", true, OBJECT_UNIT },
                { SUPD_SYSTEMD_JOB_PREFIX "/", true, OBJECT_JOB },
                { SUPD_BUS_PATH, false, OBJECT_SUPD },
                { DRIVER_PATH, false, OBJECT_DRIVER },
        };

        for (size_t i = 0; path && i < ELEMENTSOF(places); i++) {
                if (places[i].below ? str_has_prefix(path, places[i].path)
                                    : str_equal(path, places[i].path))
                        return places[i].groups;
        }
        return OBJECT_ALL; /* somebody looks around */
}

/* ---- units ------------------------------------------------------------------------------------- */

/* sd-bus asks again for each vtable and property: the view is made once a call. Return: 1, or 0 if there
 * can be no such unit, or negative errno. */
static int view_of_path(Control *c, const char *path, UnitView **ret) {
        _cleanup_free_ char *name = NULL;

        if (c->view_stamp == c->stamp && str_equal(c->view_path, path)) {
                *ret = &c->view;
                return 1;
        }

        int r = unit_name_from_path(path, &name);
        if (r == -EINVAL)
                return 0;
        if (r < 0)
                return r;
        if (!unit_name_is_valid(name))
                return 0;

        unit_view_done(&c->view);
        c->view_stamp = c->stamp - 1;
        r = str_replace(&c->view_path, path);
        if (r < 0)
                return r;
        r = unit_view_init(&c->view, c, engine_find(c->engine, name), name);
        if (r < 0)
                return r;
        c->view_stamp = c->stamp;
        *ret = &c->view;
        return 1;
}

int unit_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);
        UnitView *view;

        (void) bus, (void) interface, (void) ret_error;
        int r = view_of_path(connection->control, path, &view);
        if (r > 0)
                *ret_found = view;
        return r;
}

/* Interfaces go by a unit's name: one that does not exist has them, too. */
static int named_object_find(
                void *userdata, const char *path, const char *suffix, void **ret_found) {
        Connection *connection = ASSERT_PTR(userdata);
        UnitView *view;

        int r = view_of_path(connection->control, path, &view);
        if (r <= 0 || !str_has_suffix(view->name, suffix))
                return MIN(r, 0);
        *ret_found = view;
        return 1;
}

int service_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        (void) bus, (void) interface, (void) ret_error;
        return named_object_find(userdata, path, ".service", ret_found);
}

int socket_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        (void) bus, (void) interface, (void) ret_error;
        return named_object_find(userdata, path, ".socket", ret_found);
}

/* What the unit says in place of what it is. Getters only read; sd-bus knows no const. */
static int take_spec(int found, void **ret_found) {
        if (found > 0)
                *ret_found = (UnitSpec *) ((UnitView *) *ret_found)->spec;
        return found;
}

int unit_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        return take_spec(unit_object_find(bus, path, interface, userdata, ret_found, ret_error),
                        ret_found);
}

int service_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        return take_spec(service_object_find(bus, path, interface, userdata, ret_found, ret_error),
                        ret_found);
}

int service_resource_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        int r = service_object_find(bus, path, interface, userdata, ret_found, ret_error);
        if (r <= 0)
                return r;

        const UnitView *view = *ret_found;
        const UnitSpec *newest = view->unit ? unit_newest_spec(view->unit) : view->spec;
        *ret_found = (UnitSpec *) (newest->kind == view->spec->kind ? newest : view->spec);
        return 1;
}

int socket_spec_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        return take_spec(socket_object_find(bus, path, interface, userdata, ret_found, ret_error),
                        ret_found);
}

static int units_enumerate(sd_bus *bus,
                const char *prefix,
                void *userdata,
                char ***ret_nodes,
                sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);
        Engine *engine = connection->control->engine;
        _cleanup_strv_ char **nodes = calloc(engine_n_units(engine) + 1, sizeof(char *));

        (void) bus, (void) prefix, (void) ret_error;
        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < engine_n_units(engine); i++) {
                nodes[i] = unit_name_to_path(unit_id(engine_unit_at(engine, i)));
                if (!nodes[i])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

char *job_path(uint32_t id) {
        return str_printf(SUPD_SYSTEMD_JOB_PREFIX "/%" PRIu32, id);
}

int job_object_find(sd_bus *bus,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);
        uint64_t id;

        (void) bus, (void) interface, (void) ret_error;
        if (!str_has_prefix(path, SUPD_SYSTEMD_JOB_PREFIX "/") ||
                        parse_u64(path + strlen(SUPD_SYSTEMD_JOB_PREFIX "/"), &id) < 0 ||
                        id > UINT32_MAX)
                return 0;
        Job *j = engine_find_job(connection->control->engine, (uint32_t) id);
        if (!j)
                return 0;
        *ret_found = j;
        return 1;
}

static int jobs_enumerate(sd_bus *bus,
                const char *prefix,
                void *userdata,
                char ***ret_nodes,
                sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);
        Engine *engine = connection->control->engine;
        _cleanup_strv_ char **nodes = calloc(engine_n_jobs(engine) + 1, sizeof(char *));

        (void) bus, (void) prefix, (void) ret_error;
        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < engine_n_jobs(engine); i++) {
                nodes[i] = job_path(engine_job_at(engine, i)->id);
                if (!nodes[i])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

/* ---- giving them to a connection --------------------------------------------------------------- */

static int add_enumerator(Connection *connection, ObjectGroup group) {
        if (group == OBJECT_UNIT)
                return sd_bus_add_node_enumerator(connection->bus,
                                NULL,
                                SUPD_SYSTEMD_UNIT_PREFIX,
                                units_enumerate,
                                connection);
        if (group == OBJECT_JOB)
                return sd_bus_add_node_enumerator(connection->bus,
                                NULL,
                                SUPD_SYSTEMD_JOB_PREFIX,
                                jobs_enumerate,
                                connection);
        return 0;
}

static int add_object(Connection *connection, const BusObject *o) {
        if (o->find)
                return sd_bus_add_fallback_vtable(connection->bus,
                                NULL,
                                o->path,
                                o->interface,
                                o->vtable,
                                o->find,
                                connection);
        return sd_bus_add_object_vtable(connection->bus,
                        NULL,
                        o->path,
                        o->interface,
                        o->vtable,
                        o->of_defaults ? (void *) connection->control->blank : connection);
}

int connection_need(Connection *connection, unsigned groups) {
        unsigned missing = groups & ~connection->groups, enumerated = 0;

        for (size_t i = 0; missing && i < ELEMENTSOF(objects); i++) {
                ObjectGroup group = objects[i].group;

                if (!(missing & group))
                        continue;
                int r = add_object(connection, &objects[i]);
                if (r >= 0 && !(enumerated & group))
                        r = add_enumerator(connection, group);
                if (r < 0)
                        return r;
                enumerated |= group;
        }
        connection->groups |= missing;
        return 0;
}
