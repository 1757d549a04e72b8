/* SPDX-License-Identifier: MIT */
#include "unitfile/socket-spec.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"

#define VSOCK_PREFIX "vsock:"

static const char *const listen_type_names[] = {
        [LISTEN_STREAM] = "Stream",
        [LISTEN_DATAGRAM] = "Datagram",
        [LISTEN_SEQPACKET] = "SequentialPacket",
        [LISTEN_FIFO] = "FIFO",
};
static_assert(ELEMENTSOF(listen_type_names) == _LISTEN_TYPE_MAX, "every type has a name");

static const char *const bind_ipv6_only_names[] = {
        [BIND_IPV6_ONLY_DEFAULT] = "default",
        [BIND_IPV6_ONLY_BOTH] = "both",
        [BIND_IPV6_ONLY_IPV6_ONLY] = "ipv6-only",
};
static_assert(ELEMENTSOF(bind_ipv6_only_names) == _BIND_IPV6_ONLY_MAX, "every value has a name");

static const char *const stamps_names[] = {
        [SOCKET_STAMPS_OFF] = "off",
        [SOCKET_STAMPS_USEC] = "us",
        [SOCKET_STAMPS_NSEC] = "ns",
};
static_assert(ELEMENTSOF(stamps_names) == _SOCKET_STAMPS_MAX, "every value has a name");

const char *listen_type_to_string(ListenType t) {
        return t >= 0 && t < _LISTEN_TYPE_MAX ? listen_type_names[t] : NULL;
}

ListenType listen_type_from_string(const char *s) {
        for (ListenType t = 0; t < _LISTEN_TYPE_MAX; t++) {
                if (str_equal(s, listen_type_names[t]))
                        return t;
        }
        return _LISTEN_TYPE_INVALID;
}

const char *bind_ipv6_only_to_string(BindIpv6Only b) {
        return b >= 0 && b < _BIND_IPV6_ONLY_MAX ? bind_ipv6_only_names[b] : NULL;
}

const char *socket_stamps_to_string(SocketStamps s) {
        return s >= 0 && s < _SOCKET_STAMPS_MAX ? stamps_names[s] : NULL;
}

/* ---- addresses ----------------------------------------------------------------------------------- */

static int parse_number(const char *s, uint64_t max, uint32_t *ret) {
        uint64_t n;

        if (parse_u64(s, &n) < 0 || n > max)
                return -EINVAL;
        *ret = (uint32_t) n;
        return 0;
}

static int parse_port(const char *s, uint16_t *ret) {
        uint32_t n;

        if (parse_number(s, UINT16_MAX, &n) < 0 || n == 0)
                return -EINVAL;
        *ret = (uint16_t) n;
        return 0;
}

static int parse_path(const char *s, bool fifo, ListenAddress *ret) {
        struct sockaddr_un *un = (struct sockaddr_un *) &ret->address;
        size_t length = strlen(s);

        if (length < 2 || s[length - 1] == '/')
                return -EINVAL;
        if (fifo)
                return 0;
        if (length >= sizeof(un->sun_path))
                return -ENAMETOOLONG;
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, s, length + 1);
        ret->size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + 1);
        return 0;
}

/* The name is what follows the '@', without the final NUL that a path has. */
static int parse_abstract(const char *s, ListenAddress *ret) {
        struct sockaddr_un *un = (struct sockaddr_un *) &ret->address;
        size_t length = strlen(s);

        if (length < 2)
                return -EINVAL;
        if (length > sizeof(un->sun_path))
                return -ENAMETOOLONG;
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path + 1, s + 1, length - 1);
        ret->size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
        return 0;
}

static void set_inet6(ListenAddress *ret, const struct in6_addr *address, uint16_t port) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) &ret->address;

        *in6 = (struct sockaddr_in6) {
                .sin6_family = AF_INET6, .sin6_addr = *address, .sin6_port = htons(port)
        };
        ret->size = sizeof(*in6);
}

static int parse_inet6(const char *s, ListenAddress *ret, char **ret_text) {
        const char *end = strchr(s, ']');
        char canonical[INET6_ADDRSTRLEN];
        struct in6_addr address;
        uint16_t port;

        if (!end || end[1] != ':' || parse_port(end + 2, &port) < 0)
                return -EINVAL;
        _cleanup_free_ char *host = strndup(s + 1, (size_t) (end - s - 1));
        if (!host)
                return -ENOMEM;
        if (inet_pton(AF_INET6, host, &address) != 1)
                return -EINVAL;
        set_inet6(ret, &address, port);
        *ret_text = str_printf("[%s]:%u",
                        inet_ntop(AF_INET6, &address, canonical, sizeof(canonical)),
                        port);
        return *ret_text ? 0 : -ENOMEM;
}

static int parse_inet4(const char *s, const char *colon, ListenAddress *ret, char **ret_text) {
        struct sockaddr_in *in = (struct sockaddr_in *) &ret->address;
        struct in_addr address;
        uint16_t port;

        if (parse_port(colon + 1, &port) < 0)
                return -EINVAL;
        _cleanup_free_ char *host = strndup(s, (size_t) (colon - s));
        if (!host)
                return -ENOMEM;
        if (inet_pton(AF_INET, host, &address) != 1)
                return -EINVAL;
        *in = (struct sockaddr_in) {
                .sin_family = AF_INET, .sin_addr = address, .sin_port = htons(port)
        };
        ret->size = sizeof(*in);
        *ret_text = str_printf("%s:%u", host, port);
        return *ret_text ? 0 : -ENOMEM;
}

static int parse_port_alone(const char *s, ListenAddress *ret, char **ret_text) {
        uint16_t port;

        if (parse_port(s, &port) < 0)
                return -EINVAL;
        set_inet6(ret, &in6addr_any, port);
        ret->any_family = true;
        *ret_text = str_printf("[::]:%u", port);
        return *ret_text ? 0 : -ENOMEM;
}

/* An empty context id is whichever this machine has. */
static int parse_vsock(const char *s, ListenAddress *ret) {
        struct sockaddr_vm *vm = (struct sockaddr_vm *) &ret->address;
        const char *cid = s + strlen(VSOCK_PREFIX), *colon = strchr(cid, ':');
        uint32_t id = VMADDR_CID_ANY, port;

        if (!colon || parse_number(colon + 1, UINT32_MAX, &port) < 0)
                return -EINVAL;
        _cleanup_free_ char *number = strndup(cid, (size_t) (colon - cid));
        if (!number)
                return -ENOMEM;
        if (*number && parse_number(number, UINT32_MAX, &id) < 0)
                return -EINVAL;
        *vm = (struct sockaddr_vm) { .svm_family = AF_VSOCK, .svm_cid = id, .svm_port = port };
        ret->size = sizeof(*vm);
        return 0;
}

/* Return: as listen_address_parse(); *ret_text stays NULL where the text is canonical as it is. */
static int parse_any(const char *s, ListenType type, ListenAddress *ret, char **ret_text) {
        const char *colon = strrchr(s, ':');

        if (*s == '/')
                return parse_path(s, type == LISTEN_FIFO, ret);
        if (type == LISTEN_FIFO)
                return -EINVAL;
        if (*s == '@')
                return parse_abstract(s, ret);
        if (str_has_prefix(s, VSOCK_PREFIX))
                return parse_vsock(s, ret);
        if (*s == '[')
                return parse_inet6(s, ret, ret_text);
        return colon ? parse_inet4(s, colon, ret, ret_text) : parse_port_alone(s, ret, ret_text);
}

int listen_address_parse(const char *s, ListenType type, ListenAddress *ret, char **ret_text) {
        _cleanup_free_ char *text = NULL;
        ListenAddress a = {};

        int r = parse_any(s, type, &a, &text);
        if (r < 0)
                return r;
        /* Packets in sequence are known to local sockets alone. */
        sa_family_t family = a.address.ss_family;
        if (type == LISTEN_SEQPACKET && family != AF_UNIX && family != AF_VSOCK)
                return -EINVAL;
        if (!text)
                text = strdup(s);
        if (!text)
                return -ENOMEM;
        *ret = a;
        *ret_text = TAKE_PTR(text);
        return 0;
}

/* ---- the whole section --------------------------------------------------------------------------- */

void socket_spec_init(SocketSpec *s) {
        *s = (SocketSpec) {
                .mode = 0666,
                .directory_mode = 0755,
                .backlog = SOCKET_BACKLOG_DEFAULT,
                .options = {
                        .accept_file_descriptors = true,
                        .mark = -1,
                        .priority = -1,
                        .ip_tos = -1,
                        .ip_ttl = -1,
                        .receive_buffer_bytes = UINT64_MAX,
                        .send_buffer_bytes = UINT64_MAX,
                        .pipe_size_bytes = UINT64_MAX,
                },
                .trigger_limit = { .interval_usec = 2 * USEC_PER_SEC, .burst = 20 },
                .poll_limit = { .interval_usec = 2 * USEC_PER_SEC, .burst = 15 },
        };
}

void socket_spec_done(SocketSpec *s) {
        for (size_t i = 0; i < s->n_listens; i++)
                free(s->listens[i].text);
        free(s->listens);
        free(s->service);
        free(s->fd_name);
        free(s->user);
        free(s->group);
        strv_free(s->symlinks);
        free(s->options.bind_to_device);
        free(s->options.tcp_congestion);
        *s = (SocketSpec) {};
}

static int listen_compare(const void *a, const void *b) {
        const ListenSpec *x = a, *y = b;

        if (x->source != y->source)
                return x->source < y->source ? -1 : 1;
        return (x->line > y->line) - (x->line < y->line);
}

void socket_spec_settle(SocketSpec *s) {
        size_t n_void = 0;

        if (s->n_listens == 0)
                return;
        qsort(s->listens, s->n_listens, sizeof(ListenSpec), listen_compare);
        const ListenSpec limit = { .source = s->cleared_source, .line = s->cleared_line };
        while (s->cleared && n_void < s->n_listens &&
                        listen_compare(&s->listens[n_void], &limit) < 0)
                free(s->listens[n_void++].text);
        s->n_listens -= n_void;
        memmove(s->listens, s->listens + n_void, s->n_listens * sizeof(ListenSpec));
}

char *socket_spec_service(const SocketSpec *s, const char *id) {
        if (s->service)
                return strdup(s->service);
        return str_printf("%.*s.service", (int) (strlen(id) - strlen(".socket")), id);
}
