/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "unitfile/expand.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/*
 * Keys of networks that supd does nothing about yet. Their values are checked nonetheless: a file that Quadlet refuses
 * is refused today, not on the day that they begin to count.
 */

#define PORT_MAX 65535U

static bool has_name(const char *name, size_t size, const char *const *names) {
        for (; *names; names++) {
                if (strlen(*names) == size && strncmp(*names, name, size) == 0)
                        return true;
        }
        return false;
}

/* "80" or "80-90", the whole of it. Return: how many ports; 0 if it is neither. */
static unsigned count_ports(const char *s, size_t size) {
        unsigned ends[2] = {};
        int n = 0;

        for (size_t i = 0; i < size; i++) {
                bool digit = s[i] >= '0' && s[i] <= '9';

                if (!digit && (s[i] != '-' || n > 0 || ends[0] == 0))
                        return 0;
                if (!digit) {
                        n++;
                        continue;
                }
                ends[n] = ends[n] * 10 + (unsigned) (s[i] - '0');
                if (ends[n] > PORT_MAX)
                        return 0;
        }
        if (n == 0)
                ends[1] = ends[0];
        return ends[0] == 0 || ends[1] < ends[0] ? 0 : ends[1] - ends[0] + 1;
}

/* Takes "/tcp" off the end. Return: what is left; SIZE_MAX if it is none of @names. */
static size_t cut_protocol(const char *s, const char *const *names) {
        const char *slash = strchr(s, '/');

        if (!slash)
                return strlen(s);
        return has_name(slash + 1, strlen(slash + 1), names) ? (size_t) (slash - s) : SIZE_MAX;
}

static bool address_is_valid(const char *s, size_t size, int family) {
        unsigned char address[sizeof(struct in6_addr)];
        _cleanup_free_ char *text = strndup(s, size);

        return text && inet_pton(family, text, address) == 1;
}

/* ---- ExposeHostPort= ------------------------------------------------------------------------------ */

static bool exposed_is_valid(const UnitKey *key, const char *s) {
        static const char *const protocols[] = { "tcp", "udp", NULL };
        size_t size = cut_protocol(s, protocols);

        (void) key;
        return size != SIZE_MAX && count_ports(s, size) > 0;
}

/* ---- PublishPort= --------------------------------------------------------------------------------- */

/* "IP:" or "[IP]:" at the start of the @size bytes; they may also be but a host port. */
static bool cut_address(const char **s, size_t *size) {
        const char *end, *colon = memrchr(*s, ':', *size);
        bool bracket = **s == '[';

        if (!colon && !bracket)
                return true;
        end = bracket ? memchr(*s, ']', *size) : colon;
        if (!end || (bracket && (colon != end + 1 || *size == 0)))
                return false;
        const char *address = *s + bracket;
        if (!address_is_valid(address, (size_t) (end - address), bracket ? AF_INET6 : AF_INET))
                return false;
        *size -= (size_t) (colon + 1 - *s);
        *s = colon + 1;
        return true;
}

static bool published_is_valid(const UnitKey *key, const char *s) {
        static const char *const protocols[] = { "tcp", "udp", "sctp", NULL };
        size_t size = cut_protocol(s, protocols);
        const char *colon = size == SIZE_MAX ? NULL : memrchr(s, ':', size);

        (void) key;
        if (size == SIZE_MAX)
                return false;
        if (!colon)
                return count_ports(s, size) > 0;

        unsigned n_inside = count_ports(colon + 1, size - (size_t) (colon + 1 - s));
        size_t host_size = (size_t) (colon - s);
        if (n_inside == 0 || !cut_address(&s, &host_size))
                return false;
        return host_size == 0 || count_ports(s, host_size) == n_inside;
}

/* ---- addresses and names -------------------------------------------------------------------------- */

static bool any_address_is_valid(const char *s) {
        return address_is_valid(s, strlen(s), AF_INET) || address_is_valid(s, strlen(s), AF_INET6);
}

static bool own_address_is_valid(const UnitKey *key, const char *s) {
        return address_is_valid(s, strlen(s), str_equal(key->key, "IP6") ? AF_INET6 : AF_INET);
}

static bool name_server_is_valid(const UnitKey *key, const char *s) {
        (void) key;
        return str_equal(s, "none") || any_address_is_valid(s);
}

/* "NAME:IP", also "NAME;NAME:IP" and "NAME:host-gateway". */
static bool host_line_is_valid(const UnitKey *key, const char *s) {
        const char *colon = strchr(s, ':');
        const char *address = colon ? colon + 1 : "";
        size_t size = strlen(address);

        (void) key;
        if (!colon || colon == s || strcspn(s, " \t") < (size_t) (colon - s))
                return false;
        if (str_equal(address, "host-gateway") || any_address_is_valid(address))
                return true;
        return size > 2 && address[0] == '[' && address[size - 1] == ']' &&
               address_is_valid(address + 1, size - 2, AF_INET6);
}

/* ---- the keys ------------------------------------------------------------------------------------- */

static int check_values(
                KeyInput *in, bool (*is_valid)(const UnitKey *, const char *), const char *what) {
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = in->key->flags & KEY_LIST ? input_item(in, a, &s) : input_string(in, a, &s);
                if (r > 0 && !value_has_reference(s) && !is_valid(in->key, s))
                        r = input_bad_value(in, a, s, what);
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_exposed_ports(KeyInput *in, void *target) {
        (void) target;
        return check_values(in,
                        exposed_is_valid,
                        "has an invalid port format: a port or a range of them, with /tcp or /udp");
}

int parse_published_ports(KeyInput *in, void *target) {
        (void) target;
        return check_values(in,
                        published_is_valid,
                        "is not [[IP:][HOST-PORT]:]PORT[/tcp|/udp|/sctp], with ports or with "
                        "ranges of the same length");
}

int parse_own_address(KeyInput *in, void *target) {
        (void) target;
        return check_values(in,
                        own_address_is_valid,
                        str_equal(in->key->key, "IP6") ? "is not an IPv6 address"
                                                       : "is not an IPv4 address");
}

int parse_name_servers(KeyInput *in, void *target) {
        (void) target;
        return check_values(in, name_server_is_valid, "is neither an address nor none");
}

int parse_host_lines(KeyInput *in, void *target) {
        (void) target;
        return check_values(in, host_line_is_valid, "is not NAME:IP");
}
