/* SPDX-License-Identifier: MIT */
#include "runtime/connections.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

#define ANSWER_SIZE (32U * 1024U)
/* In these somebody can be served; of the others nothing is left but the kernel's good manners. */
#define SERVED_STATES (1U << TCP_ESTABLISHED | 1U << TCP_SYN_RECV | 1U << TCP_CLOSE_WAIT)
#define HALF_CLOSED_STATES (1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2)

typedef struct Listener {
        struct sockaddr_storage address;
        socklen_t size;
        int type;
} Listener;

/* Is one message of the answer about a connection to @l? */
typedef bool (*Matcher)(const Listener *l, const void *data, size_t size);

/* ---- IP ------------------------------------------------------------------------------------------ */

static bool address_matches(const Listener *l, const struct inet_diag_sockid *id) {
        if (l->address.ss_family == AF_INET) {
                const struct sockaddr_in *in = (const struct sockaddr_in *) &l->address;

                return id->idiag_sport == in->sin_port &&
                       (in->sin_addr.s_addr == htonl(INADDR_ANY) ||
                                       id->idiag_src[0] == in->sin_addr.s_addr);
        }
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) &l->address;
        return id->idiag_sport == in6->sin6_port &&
               (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) ||
                               memcmp(id->idiag_src, &in6->sin6_addr, sizeof(in6->sin6_addr)) == 0);
}

/* Half closed from this side, it is somebody's only while he still has a descriptor of it: an inode. */
static bool inet_matches(const Listener *l, const void *data, size_t size) {
        struct inet_diag_msg m;

        if (size < sizeof(m))
                return false;
        memcpy(&m, data, sizeof(m));
        if ((HALF_CLOSED_STATES & 1U << m.idiag_state) && m.idiag_inode == 0)
                return false;
        return address_matches(l, &m.id);
}

static int ask_inet(int netlink, const Listener *l) {
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } message = {
                .header = { .nlmsg_len = sizeof(message),
                                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                .request = { .sdiag_family = (uint8_t) l->address.ss_family,
                                .sdiag_protocol = IPPROTO_TCP,
                                .idiag_states = SERVED_STATES | HALF_CLOSED_STATES },
        };

        /* The kernel leaves out all other ports. sin6_port lies where sin_port does. */
        message.request.id.idiag_sport = ((const struct sockaddr_in *) &l->address)->sin_port;
        return neg_errno(send(netlink, &message, sizeof(message), 0));
}

/* ---- local sockets ------------------------------------------------------------------------------- */

/* What is accepted bears the name of what accepted it. */
static bool unix_matches(const Listener *l, const void *data, size_t size) {
        const struct sockaddr_un *un = (const struct sockaddr_un *) &l->address;
        const char *name = un->sun_path;
        size_t length = l->size - offsetof(struct sockaddr_un, sun_path);
        struct unix_diag_msg m;

        if (size < NLMSG_ALIGN(sizeof(m)))
                return false;
        memcpy(&m, data, sizeof(m));
        if (m.udiag_type != l->type)
                return false;
        if (*name) /* a path: with or without its end, as whoever bound it has it */
                length = strnlen(name, length);
        size_t left = size - NLMSG_ALIGN(sizeof(m));
        const struct rtattr *a =
                        (const struct rtattr *) ((const char *) data + NLMSG_ALIGN(sizeof(m)));
        for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
                size_t n = RTA_PAYLOAD(a);
                const char *theirs = RTA_DATA(a);

                if (a->rta_type != UNIX_DIAG_NAME)
                        continue;
                if (*name)
                        n = strnlen(theirs, n);
                return n == length && memcmp(theirs, name, length) == 0;
        }
        return false;
}

static int ask_unix(int netlink) {
        struct {
                struct nlmsghdr header;
                struct unix_diag_req request;
        } message = {
                .header = { .nlmsg_len = sizeof(message),
                                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                .request = { .sdiag_family = AF_UNIX,
                                .udiag_states = 1U << TCP_ESTABLISHED,
                                .udiag_show = UDIAG_SHOW_NAME },
        };

        return neg_errno(send(netlink, &message, sizeof(message), 0));
}

/* ---- the answer ---------------------------------------------------------------------------------- */

/* Return: 1: one matches; 0: the end; -EAGAIN: there is more; another negative errno. */
static int search(const Listener *l, Matcher matches, const char *buffer, size_t size) {
        const struct nlmsghdr *h = (const struct nlmsghdr *) buffer;

        for (unsigned left = (unsigned) size; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
                if (h->nlmsg_type == NLMSG_DONE)
                        return 0;
                if (h->nlmsg_type == NLMSG_ERROR) {
                        const struct nlmsgerr *e = NLMSG_DATA(h);
                        return e->error < 0 ? e->error : -EBADMSG;
                }
                if (matches(l, NLMSG_DATA(h), NLMSG_PAYLOAD(h, 0)))
                        return 1;
        }
        return -EAGAIN;
}

/* The first that matches is enough; what else is to come goes with the socket. */
static int read_answer(int netlink, const Listener *l, Matcher matches) {
        _cleanup_free_ char *buffer = malloc(ANSWER_SIZE);
        int r = -EAGAIN;

        if (!buffer)
                return -ENOMEM;
        while (r == -EAGAIN) {
                ssize_t n = recv(netlink, buffer, ANSWER_SIZE, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                r = search(l, matches, buffer, (size_t) n);
        }
        return r;
}

static int any_of(const Listener *l) {
        bool is_unix = l->address.ss_family == AF_UNIX;

        if (!is_unix && l->address.ss_family != AF_INET && l->address.ss_family != AF_INET6)
                return -EOPNOTSUPP;
        _cleanup_close_ int netlink =
                        neg_errno(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
        if (netlink < 0)
                return netlink;
        int r = is_unix ? ask_unix(netlink) : ask_inet(netlink, l);
        if (r >= 0)
                r = read_answer(netlink, l, is_unix ? unix_matches : inet_matches);
        return r == -ENOENT ? -EOPNOTSUPP : r; /* a kernel without that part of sock_diag */
}

int connections_any(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        Listener l = { .size = sizeof(l.address) };
        socklen_t size = sizeof(l.type);

        if (poll(&p, 1, 0) < 0)
                return -errno;
        if (p.revents & POLLIN)
                return 1;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &l.type, &size) < 0)
                return errno == ENOTSOCK ? 0 : -errno;
        if (l.type == SOCK_DGRAM)
                return 0;
        if (getsockname(fd, (struct sockaddr *) &l.address, &l.size) < 0)
                return -errno;
        return any_of(&l);
}
