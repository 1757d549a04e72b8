/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Socket] as data, and the addresses that it may name. Pure: nothing is looked up and nothing opened.
 * Immutable once loaded.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/macro.h"

/* What is listened on. */
typedef enum ListenType {
        LISTEN_STREAM,
        LISTEN_DATAGRAM,
        LISTEN_SEQPACKET,
        LISTEN_FIFO,
        _LISTEN_TYPE_MAX,
        _LISTEN_TYPE_INVALID = -EINVAL,
} ListenType;

/** listen_type_to_string() - as systemd shows it: "Stream", "Datagram", "SequentialPacket", "FIFO" */
const char *listen_type_to_string(ListenType t);
ListenType listen_type_from_string(const char *s);

typedef struct ListenAddress {
        struct sockaddr_storage address; /* of a FIFO: nothing */
        socklen_t size;                  /* 0: a FIFO */
        bool any_family; /* a port alone: IPv4 will do where the machine has no IPv6 */
} ListenAddress;

typedef struct ListenSpec {
        ListenType type;
        char *text; /* owned; the address as systemd shows it: "/run/web.sock", "@web", "[::]:80" */
        ListenAddress address;
        unsigned source,
                        line; /* where it stands: sockets are handed over in the order of the file */
} ListenSpec;

#define LISTENS_MAX 64U /* descriptors that one unit may hand over */

/**
 * listen_address_parse() - "/path", "@abstract", "80", "127.0.0.1:80", "[::1]:80", "vsock:2:80"
 * @ret_text: owned by the caller; the canonical form
 *
 * Return: 0; -EINVAL: no address; -ENAMETOOLONG; -ENOMEM.
 */
int listen_address_parse(const char *s, ListenType type, ListenAddress *ret, char **ret_text);

typedef enum BindIpv6Only {
        BIND_IPV6_ONLY_DEFAULT,
        BIND_IPV6_ONLY_BOTH,
        BIND_IPV6_ONLY_IPV6_ONLY,
        _BIND_IPV6_ONLY_MAX,
        _BIND_IPV6_ONLY_INVALID = -EINVAL,
} BindIpv6Only;

const char *bind_ipv6_only_to_string(BindIpv6Only b);

/* Timestamping= */
typedef enum SocketStamps {
        SOCKET_STAMPS_OFF,
        SOCKET_STAMPS_USEC,
        SOCKET_STAMPS_NSEC,
        _SOCKET_STAMPS_MAX,
        _SOCKET_STAMPS_INVALID = -EINVAL,
} SocketStamps;

const char *socket_stamps_to_string(SocketStamps s);

#define SOCKET_BACKLOG_DEFAULT UINT32_MAX /* as much as net.core.somaxconn allows */

/* What setsockopt() is told. -1, UINT64_MAX, 0 of a count: leave it as the kernel has it. */
typedef struct SocketOptions {
        BindIpv6Only bind_ipv6_only;
        char *bind_to_device; /* owned; NULL: any */
        char *tcp_congestion; /* owned; NULL: the kernel's */
        bool free_bind, reuse_port, transparent, broadcast, keep_alive, no_delay;
        bool pass_credentials, pass_pidfd, pass_security, pass_packet_info;
        bool accept_file_descriptors; /* default true; false: SO_PASSRIGHTS off, where there is that */
        int mark, priority, ip_tos, ip_ttl;
        uint64_t keep_alive_time_usec, keep_alive_interval_usec, defer_accept_usec; /* 0: unset */
        unsigned keep_alive_probes;                                                 /* 0: unset */
        uint64_t receive_buffer_bytes, send_buffer_bytes, pipe_size_bytes;
        SocketStamps stamps;
        int protocol; /* IPPROTO_…; 0: that of the type */
} SocketOptions;

typedef struct RateSpec { /* 0 of either: no limit */
        uint64_t interval_usec;
        unsigned burst;
} RateSpec;

typedef struct SocketSpec {
        ListenSpec *listens; /* owned; in the order of the file */
        size_t n_listens;
        unsigned cleared_source,
                        cleared_line; /* the last empty Listen…=: what stands before is void */
        bool cleared;
        char *service; /* owned; as written: NAME.service or NAME.container; NULL: the same stem */
        char *fd_name; /* owned; NULL: the unit's name */
        char *user, *group; /* owned; NULL: root */
        char **symlinks;    /* owned */
        mode_t mode, directory_mode;
        unsigned backlog;
        bool remove_on_stop, flush_pending;
        SocketOptions options;
        RateSpec trigger_limit, poll_limit;
} SocketSpec;

void socket_spec_init(SocketSpec *s);
void socket_spec_done(SocketSpec *s);

/** socket_spec_settle() - all keys are read: void listens go, the rest is in the order of the file */
void socket_spec_settle(SocketSpec *s);

/** socket_spec_service() - whom it starts; @id is the socket's own: "web.socket". Owned; NULL: no memory. */
char *socket_spec_service(const SocketSpec *s, const char *id);
