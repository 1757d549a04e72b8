/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "control/control-internal.h"
#include "control/property.h"
#include "kinds/socket.h"

/* ---- what is so now: of a UnitView ------------------------------------------------------------- */

/* Of what listens, what it listens on; of what does not, what it would. */
static PROPERTY_GETTER(get_listen) {
        const UnitView *v = userdata;
        const struct SocketUnit *s = v->unit ? socket_unit_of(v->unit) : NULL;
        SocketListen listen;

        int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ss)");
        for (size_t i = 0; r >= 0 && s && socket_listen_at(s, i, &listen); i++)
                r = sd_bus_message_append(reply, "(ss)", listen.type, listen.address);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- what was asked: of a UnitSpec ------------------------------------------------------------- */

static PROPERTY_GETTER(get_bind_ipv6_only) {
        return sd_bus_message_append(
                        reply, "s", bind_ipv6_only_to_string(*(const BindIpv6Only *) userdata));
}

static PROPERTY_GETTER(get_stamps) {
        return sd_bus_message_append(
                        reply, "s", socket_stamps_to_string(*(const SocketStamps *) userdata));
}

static PROPERTY_GETTER(get_size) {
        uint64_t bytes = *(const uint64_t *) userdata;

        return sd_bus_message_append(reply, "t", bytes == UINT64_MAX ? UINT64_C(0) : bytes);
}

static PROPERTY_GETTER(get_fd_name) {
        const UnitSpec *spec = userdata;

        return sd_bus_message_append(reply, "s", spec->socket.fd_name ?: spec->id);
}

/* clang-format off */
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONSTANT(name, type, getter) SD_BUS_PROPERTY(name, type, getter, 0, 0)
#define SPEC(name, type, getter, member) \
        SD_BUS_PROPERTY(name, type, getter, offsetof(UnitSpec, socket.member), 0)
#define FLAG(name, member) SPEC(name, "b", property_get_bool, member)

/* Types are systemd's to the letter: its clients look properties up by name and type. */
const sd_bus_vtable socket_vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONSTANT("Listen",       "a(ss)", get_listen),
        CONSTANT("Accept",       "b",     property_get_false),
        CONSTANT("ControlPID",   "u",     property_get_zero),
        CONSTANT("NConnections", "u",     property_get_zero), /* of Accept=yes */
        CONSTANT("NAccepted",    "u",     property_get_zero),
        CONSTANT("NRefused",     "u",     property_get_zero),
        SD_BUS_PROPERTY("Result",     "s", NULL, offsetof(UnitView, status.result),      CHANGES),
        SD_BUS_PROPERTY("StatusText", "s", NULL, offsetof(UnitView, status.status_text), CHANGES),
        CONSTANT("ControlGroup", "s",     property_get_empty),
        SD_BUS_VTABLE_END,
};

const sd_bus_vtable socket_spec_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SPEC("BindIPv6Only",           "s",  get_bind_ipv6_only, options.bind_ipv6_only),
        SPEC("Backlog",                "u",  NULL, backlog),
        SPEC("BindToDevice",           "s",  NULL, options.bind_to_device),
        SPEC("SocketUser",             "s",  NULL, user),
        SPEC("SocketGroup",            "s",  NULL, group),
        SPEC("SocketMode",             "u",  NULL, mode),
        SPEC("DirectoryMode",          "u",  NULL, directory_mode),
        FLAG("FlushPending",                 flush_pending),
        FLAG("RemoveOnStop",                 remove_on_stop),
        SPEC("Symlinks",               "as", NULL, symlinks),
        CONSTANT("FileDescriptorName", "s",  get_fd_name),
        FLAG("KeepAlive",                    options.keep_alive),
        SPEC("KeepAliveTimeUSec",      "t",  NULL, options.keep_alive_time_usec),
        SPEC("KeepAliveIntervalUSec",  "t",  NULL, options.keep_alive_interval_usec),
        SPEC("KeepAliveProbes",        "u",  NULL, options.keep_alive_probes),
        SPEC("DeferAcceptUSec",        "t",  NULL, options.defer_accept_usec),
        FLAG("NoDelay",                      options.no_delay),
        SPEC("Priority",               "i",  NULL, options.priority),
        SPEC("ReceiveBuffer",          "t",  get_size, options.receive_buffer_bytes),
        SPEC("SendBuffer",             "t",  get_size, options.send_buffer_bytes),
        SPEC("IPTOS",                  "i",  NULL, options.ip_tos),
        SPEC("IPTTL",                  "i",  NULL, options.ip_ttl),
        SPEC("PipeSize",               "t",  get_size, options.pipe_size_bytes),
        FLAG("FreeBind",                     options.free_bind),
        FLAG("Transparent",                  options.transparent),
        FLAG("Broadcast",                    options.broadcast),
        FLAG("PassCredentials",              options.pass_credentials),
        FLAG("PassSecurity",                 options.pass_security),
        FLAG("PassPacketInfo",               options.pass_packet_info),
        SPEC("Timestamping",           "s",  get_stamps, options.stamps),
        SPEC("Mark",                   "i",  NULL, options.mark),
        SPEC("TCPCongestion",          "s",  NULL, options.tcp_congestion),
        FLAG("ReusePort",                    options.reuse_port),
        SPEC("SocketProtocol",         "i",  NULL, options.protocol),
        SPEC("TriggerLimitIntervalUSec", "t", NULL, trigger_limit.interval_usec),
        SPEC("TriggerLimitBurst",      "u",  NULL, trigger_limit.burst),
        SPEC("PollLimitIntervalUSec",  "t",  NULL, poll_limit.interval_usec),
        SPEC("PollLimitBurst",         "u",  NULL, poll_limit.burst),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
