/* SPDX-License-Identifier: MIT */
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/socket-internal.h"
#include "runtime/connections.h"
#include "runtime/listen.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* Linux 6.5 */
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

#define OPTIONS_MAX 48U

static const int socket_types[] = {
        [LISTEN_STREAM] = SOCK_STREAM,
        [LISTEN_DATAGRAM] = SOCK_DGRAM,
        [LISTEN_SEQPACKET] = SOCK_SEQPACKET,
        [LISTEN_FIFO] = 0,
};
static_assert(ELEMENTSOF(socket_types) == _LISTEN_TYPE_MAX, "every type is one of the kernel's");

/* ---- from the definition to setsockopt() ----------------------------------------------------------- */

typedef struct OptionList {
        ListenOption options[OPTIONS_MAX];
        size_t n;
} OptionList;

static void add(OptionList *l, ListenOption o) {
        assert(l->n < OPTIONS_MAX);
        l->options[l->n++] = o;
}

static int seconds_of(uint64_t usec) {
        return (int) MIN((usec + USEC_PER_SEC - 1) / USEC_PER_SEC, (uint64_t) INT32_MAX);
}

static void add_bind_options(OptionList *l, const SocketOptions *o) {
        /* As systemd: a port is free again at once, whatever lingers of old connections. */
        add(l, (ListenOption) { "ReuseAddr", AF_INET, 0, SOL_SOCKET, SO_REUSEADDR, 1 });
        add(l, (ListenOption) { "ReuseAddr", AF_INET6, 0, SOL_SOCKET, SO_REUSEADDR, 1 });
        if (o->bind_ipv6_only != BIND_IPV6_ONLY_DEFAULT)
                add(l,
                                (ListenOption) { "BindIPv6Only",
                                                AF_INET6,
                                                0,
                                                IPPROTO_IPV6,
                                                IPV6_V6ONLY,
                                                o->bind_ipv6_only == BIND_IPV6_ONLY_IPV6_ONLY });
        if (o->bind_to_device)
                add(l,
                                (ListenOption) { "BindToDevice",
                                                0,
                                                0,
                                                SOL_SOCKET,
                                                SO_BINDTODEVICE,
                                                0,
                                                o->bind_to_device });
        if (o->reuse_port)
                add(l, (ListenOption) { "ReusePort", 0, 0, SOL_SOCKET, SO_REUSEPORT, 1 });
        if (o->free_bind) {
                add(l, (ListenOption) { "FreeBind", AF_INET, 0, IPPROTO_IP, IP_FREEBIND, 1 });
                add(l, (ListenOption) { "FreeBind", AF_INET6, 0, IPPROTO_IPV6, IPV6_FREEBIND, 1 });
        }
        if (o->transparent) {
                add(l, (ListenOption) { "Transparent", AF_INET, 0, IPPROTO_IP, IP_TRANSPARENT, 1 });
                add(l,
                                (ListenOption) { "Transparent",
                                                AF_INET6,
                                                0,
                                                IPPROTO_IPV6,
                                                IPV6_TRANSPARENT,
                                                1 });
        }
}

static void add_tcp_option(OptionList *l, const char *key, int name, int value, const char *text) {
        add(l, (ListenOption) { key, AF_INET, SOCK_STREAM, IPPROTO_TCP, name, value, text });
        add(l, (ListenOption) { key, AF_INET6, SOCK_STREAM, IPPROTO_TCP, name, value, text });
}

static void add_tcp_options(OptionList *l, const SocketOptions *o) {
        if (o->keep_alive)
                add(l, (ListenOption) { "KeepAlive", 0, SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE, 1 });
        if (o->keep_alive_time_usec)
                add_tcp_option(l,
                                "KeepAliveTimeSec",
                                TCP_KEEPIDLE,
                                seconds_of(o->keep_alive_time_usec),
                                NULL);
        if (o->keep_alive_interval_usec)
                add_tcp_option(l,
                                "KeepAliveIntervalSec",
                                TCP_KEEPINTVL,
                                seconds_of(o->keep_alive_interval_usec),
                                NULL);
        if (o->keep_alive_probes)
                add_tcp_option(l, "KeepAliveProbes", TCP_KEEPCNT, (int) o->keep_alive_probes, NULL);
        if (o->no_delay)
                add_tcp_option(l, "NoDelay", TCP_NODELAY, 1, NULL);
        if (o->defer_accept_usec)
                add_tcp_option(l,
                                "DeferAcceptSec",
                                TCP_DEFER_ACCEPT,
                                seconds_of(o->defer_accept_usec),
                                NULL);
        if (o->tcp_congestion)
                add_tcp_option(l, "TCPCongestion", TCP_CONGESTION, 0, o->tcp_congestion);
}

static void add_traffic_options(OptionList *l, const SocketOptions *o) {
        if (o->broadcast)
                add(l, (ListenOption) { "Broadcast", 0, SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST, 1 });
        if (o->mark >= 0)
                add(l, (ListenOption) { "Mark", 0, 0, SOL_SOCKET, SO_MARK, o->mark });
        if (o->priority >= 0)
                add(l, (ListenOption) { "Priority", 0, 0, SOL_SOCKET, SO_PRIORITY, o->priority });
        if (o->ip_tos >= 0) {
                add(l, (ListenOption) { "IPTOS", AF_INET, 0, IPPROTO_IP, IP_TOS, o->ip_tos });
                add(l,
                                (ListenOption) { "IPTOS",
                                                AF_INET6,
                                                0,
                                                IPPROTO_IPV6,
                                                IPV6_TCLASS,
                                                o->ip_tos });
        }
        if (o->ip_ttl >= 0) {
                add(l, (ListenOption) { "IPTTL", AF_INET, 0, IPPROTO_IP, IP_TTL, o->ip_ttl });
                add(l,
                                (ListenOption) { "IPTTL",
                                                AF_INET6,
                                                0,
                                                IPPROTO_IPV6,
                                                IPV6_UNICAST_HOPS,
                                                o->ip_ttl });
        }
        if (o->receive_buffer_bytes != UINT64_MAX)
                add(l,
                                (ListenOption) { "ReceiveBuffer",
                                                0,
                                                0,
                                                SOL_SOCKET,
                                                SO_RCVBUF,
                                                (int) MIN(o->receive_buffer_bytes,
                                                                (uint64_t) INT32_MAX) });
        if (o->send_buffer_bytes != UINT64_MAX)
                add(l,
                                (ListenOption) { "SendBuffer",
                                                0,
                                                0,
                                                SOL_SOCKET,
                                                SO_SNDBUF,
                                                (int) MIN(o->send_buffer_bytes,
                                                                (uint64_t) INT32_MAX) });
}

static void add_ancillary_options(OptionList *l, const SocketOptions *o) {
        if (o->pass_credentials)
                add(l,
                                (ListenOption) { "PassCredentials",
                                                AF_UNIX,
                                                0,
                                                SOL_SOCKET,
                                                SO_PASSCRED,
                                                1 });
        if (o->pass_pidfd)
                add(l,
                                (ListenOption) { "PassPIDFD",
                                                AF_UNIX,
                                                0,
                                                SOL_SOCKET,
                                                SO_PASSPIDFD,
                                                1,
                                                .optional = true });
        if (o->pass_security)
                add(l, (ListenOption) { "PassSecurity", AF_UNIX, 0, SOL_SOCKET, SO_PASSSEC, 1 });
        if (!o->accept_file_descriptors)
                add(l,
                                (ListenOption) { "AcceptFileDescriptors",
                                                AF_UNIX,
                                                0,
                                                SOL_SOCKET,
                                                SO_PASSRIGHTS,
                                                0 });
        if (o->pass_packet_info) {
                add(l, (ListenOption) { "PassPacketInfo", AF_INET, 0, IPPROTO_IP, IP_PKTINFO, 1 });
                add(l,
                                (ListenOption) { "PassPacketInfo",
                                                AF_INET6,
                                                0,
                                                IPPROTO_IPV6,
                                                IPV6_RECVPKTINFO,
                                                1 });
        }
        if (o->stamps != SOCKET_STAMPS_OFF)
                add(l,
                                (ListenOption) { "Timestamping",
                                                0,
                                                0,
                                                SOL_SOCKET,
                                                o->stamps == SOCKET_STAMPS_USEC ? SO_TIMESTAMP
                                                                                : SO_TIMESTAMPNS,
                                                1 });
}

/* ---- opening ------------------------------------------------------------------------------------- */

static int
open_port(const SocketSpec *spec, const ListenSpec *l, const OptionList *options, Error *error) {
        bool is_fifo = l->type == LISTEN_FIFO;
        ListenRequest request = {
                .text = l->text,
                .address = is_fifo ? NULL : (const struct sockaddr *) &l->address.address,
                .size = l->address.size,
                .any_family = l->address.any_family,
                .type = socket_types[l->type],
                .protocol = spec->options.protocol,
                .backlog = spec->backlog,
                .mode = spec->mode,
                .directory_mode = spec->directory_mode,
                .user = spec->user,
                .group = spec->group,
                .options = options->options,
                .n_options = options->n,
                .pipe_size_bytes = spec->options.pipe_size_bytes == UINT64_MAX
                                                   ? 0
                                                   : spec->options.pipe_size_bytes,
        };
        return listen_open(&request, error);
}

static int add_port(SocketUnit *s, const char *prefix, ListenType type, const char *text, int *fd) {
        SocketPort port = {
                .type = type,
                .text = strdup(text),
                .stored = str_printf("%s-listen-%zu", prefix, s->n_ports),
                .fd = -EBADF,
        };
        SocketPort *grown =
                        port.text && port.stored
                                        ? realloc(s->ports, (s->n_ports + 1) * sizeof(SocketPort))
                                        : NULL;
        if (!grown) {
                free(port.text);
                free(port.stored);
                return -ENOMEM;
        }
        s->ports = grown;
        port.fd = TAKE_FD(*fd);
        s->ports[s->n_ports++] = port;
        return 0;
}

static int make_symlinks(const SocketUnit *s, Error *error) {
        const SocketSpec *spec = &s->unit.spec->socket;
        const char *target = NULL;

        for (size_t i = 0; i < spec->n_listens; i++) {
                if (spec->listens[i].text[0] == '/')
                        target = spec->listens[i].text;
        }
        STRV_FOREACH (link, spec->symlinks) {
                int r = neg_errno(symlink(target, *link));
                char now[4096];
                ssize_t n = r == -EEXIST ? readlink(*link, now, sizeof(now) - 1) : 0;
                bool same = n > 0 && (size_t) n == strlen(target) &&
                            memcmp(now, target, (size_t) n) == 0;

                if (r < 0 && !same)
                        return error_set(error,
                                        r,
                                        ERROR_STORAGE,
                                        "Symlinks=: cannot make %s",
                                        *link);
        }
        return 0;
}

static int open_all(SocketUnit *s, Error *error) {
        const SocketSpec *spec = &s->unit.spec->socket;
        char prefix[SD_ID128_STRING_MAX];
        OptionList options = {};
        sd_id128_t id;

        add_bind_options(&options, &spec->options);
        add_tcp_options(&options, &spec->options);
        add_traffic_options(&options, &spec->options);
        add_ancillary_options(&options, &spec->options);
        int r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        sd_id128_to_string(id, prefix);
        for (size_t i = 0; i < spec->n_listens; i++) {
                const ListenSpec *l = &spec->listens[i];
                _cleanup_close_ int fd = open_port(spec, l, &options, error);

                r = fd < 0 ? fd : add_port(s, prefix, l->type, l->text, &fd);
                if (r < 0)
                        return r;
        }
        return make_symlinks(s, error);
}

int socket_ports_open(SocketUnit *s, Error *error) {
        const SocketSpec *spec = &s->unit.spec->socket;

        assert(s->n_ports == 0);
        int r = str_replace(&s->fd_name, spec->fd_name ?: unit_id(&s->unit));
        if (r >= 0)
                r = open_all(s, error);
        if (r < 0) {
                socket_ports_done(s);
                return r;
        }
        for (size_t i = 0; i < s->n_ports; i++) {
                UnitStore *store = s->context->store;
                /* Failing only costs what waits in it when supd is killed. */
                (void) store->ops->put_fd(store, s->ports[i].stored, s->ports[i].fd);
        }
        return 0;
}

/* ---- closing ------------------------------------------------------------------------------------- */

void socket_ports_done(SocketUnit *s) {
        for (size_t i = 0; i < s->n_ports; i++) {
                s->ports[i].source = sd_event_source_disable_unref(s->ports[i].source);
                free(s->ports[i].text);
                free(s->ports[i].stored);
                (void) close_fd(s->ports[i].fd);
        }
        free(s->ports);
        s->ports = NULL;
        s->n_ports = 0;
        free(s->fd_name);
        s->fd_name = NULL;
}

void socket_ports_close(SocketUnit *s) {
        UnitStore *store = s->context->store;
        bool remove = s->unit.spec->socket.remove_on_stop && s->n_ports > 0;

        for (size_t i = 0; i < s->n_ports; i++) {
                store->ops->drop_fd(store, s->ports[i].stored);
                if (remove && s->ports[i].text[0] == '/')
                        (void) unlink(s->ports[i].text); /* somebody else may have done so */
        }
        STRV_FOREACH (link, s->unit.spec->socket.symlinks) {
                if (remove)
                        (void) unlink(*link);
        }
        socket_ports_done(s);
}

void socket_ports_flush(SocketUnit *s) {
        for (size_t i = 0; i < s->n_ports; i++)
                listen_flush(s->ports[i].fd,
                                socket_types[s->ports[i].type],
                                s->ports[i].type != LISTEN_FIFO);
}

/* ---- over a restart of supd ------------------------------------------------------------------------ */

/* "Stream NAME ADDRESS": the name in the store has no blanks, and an address may. */
void socket_ports_put(const SocketUnit *s, RecordWriter *w) {
        for (size_t i = 0; i < s->n_ports; i++) {
                const SocketPort *p = &s->ports[i];
                _cleanup_free_ char *value = str_printf(
                                "%s %s %s", listen_type_to_string(p->type), p->stored, p->text);

                if (!value)
                        w->result = -ENOMEM;
                record_put(w, "Port", value);
        }
        record_put(w, "FdName", s->fd_name);
}

static int take_port(SocketUnit *s, const char *value) {
        UnitStore *store = s->context->store;
        _cleanup_free_ char *copy = strdup(value);
        char *rest = copy;

        if (!copy)
                return -ENOMEM;
        const char *type_name = strsep(&rest, " "), *stored = strsep(&rest, " ");
        ListenType type = listen_type_from_string(type_name);
        if (type < 0 || !stored || !rest)
                return -EBADMSG;
        _cleanup_close_ int fd = store->ops->take_fd(store, stored);
        if (fd < 0)
                return fd;
        const char *suffix = strstr(stored, "-listen-");
        _cleanup_free_ char *prefix = suffix ? strndup(stored, (size_t) (suffix - stored)) : NULL;
        return prefix ? add_port(s, prefix, type, rest, &fd) : -EBADMSG;
}

int socket_ports_take(SocketUnit *s, const Record *record) {
        int r = str_replace(&s->fd_name, record_get(record, "FdName") ?: unit_id(&s->unit));

        for (size_t i = 0; r >= 0 && record_get_nth(record, "Port", i); i++)
                r = take_port(s, record_get_nth(record, "Port", i));
        if (r >= 0 && s->n_ports == 0)
                r = -ENOENT;
        if (r < 0)
                socket_ports_close(s); /* half of them would be no help */
        return r;
}

/* ---- handing over -------------------------------------------------------------------------------- */

void passed_sockets_done(PassedSockets *p) {
        free(p->fds);
        free(p->names);
        *p = (PassedSockets) {};
}

int passed_sockets_add(PassedSockets *p, int fd, const char *name) {
        int *grown = reallocarray(p->fds, p->n_fds + 1, sizeof(int));
        if (!grown)
                return -ENOMEM;
        p->fds = grown;

        char *names = str_printf("%s%s%s", p->names ?: "", p->names ? ":" : "", name);
        if (!names)
                return -ENOMEM;
        free(p->names);
        p->names = names;
        p->fds[p->n_fds++] = fd;
        return 0;
}

static int collect_from(const SocketUnit *s, bool non_blocking, PassedSockets *p) {
        for (size_t i = 0; i < s->n_ports; i++) {
                int added = passed_sockets_add(p, s->ports[i].fd, s->fd_name);
                if (added < 0)
                        return added;
                /* One open file, several descriptors: what the service wants, all have. */
                int r = fd_set_nonblock(s->ports[i].fd, non_blocking);
                if (r < 0)
                        return r;
        }
        return 0;
}

int sockets_collect(const Unit *service, bool non_blocking, PassedSockets *ret, Error *error) {
        PassedSockets p = {};
        int r = 0;

        (void) error;
        if (service->node) {
                DEP_FOREACH(other, service->node, DEPENDENCY_TRIGGERED_BY) {
                        const SocketUnit *s = other->unit ? socket_unit_of(other->unit) : NULL;

                        r = s ? collect_from(s, non_blocking, &p) : 0;
                        if (r < 0)
                                break;
                }
        }
        if (r < 0) {
                passed_sockets_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

int sockets_any_connected(const Unit *service) {
        int answer = -ENOENT;

        if (!service->node)
                return answer;
        DEP_FOREACH(other, service->node, DEPENDENCY_TRIGGERED_BY) {
                const SocketUnit *s = other->unit ? socket_unit_of(other->unit) : NULL;

                for (size_t i = 0; s && i < s->n_ports; i++) {
                        answer = connections_any(s->ports[i].fd);
                        if (answer != 0)
                                return answer;
                }
        }
        return answer;
}

bool socket_listen_at(const SocketUnit *s, size_t index, SocketListen *ret) {
        const SocketSpec *spec = &s->unit.spec->socket;

        if (index < s->n_ports) {
                const SocketPort *p = &s->ports[index];
                *ret = (SocketListen) { listen_type_to_string(p->type), p->text };
                return true;
        }
        if (s->n_ports > 0 || index >= spec->n_listens)
                return false;
        *ret = (SocketListen) { listen_type_to_string(spec->listens[index].type),
                spec->listens[index].text };
        return true;
}
