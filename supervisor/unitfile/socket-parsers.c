/* SPDX-License-Identifier: MIT */
#include <linux/ip.h>
#include <netinet/in.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/* [Socket]: addresses, and the values that only it has. */

static int bad_last(KeyInput *in, const char *value, const char *what) {
        return input_bad_value(in, input_last(in), value, what);
}

/* ---- Listen…= ------------------------------------------------------------------------------------ */

static ListenType type_of_key(const char *key) {
        return listen_type_from_string(key + strlen("Listen"));
}

/* An empty one voids all that was listened on so far, whatever the type. */
static void note_cleared(SocketSpec *s, const UnitAssignment *a) {
        unsigned source = a->file->source;

        if (s->cleared &&
                        (source < s->cleared_source ||
                                        (source == s->cleared_source && a->line < s->cleared_line)))
                return;
        s->cleared = true;
        s->cleared_source = source;
        s->cleared_line = a->line;
}

static int add_listen(SocketSpec *s, const UnitAssignment *a, ListenType type, const char *value) {
        ListenSpec listen = { .type = type, .source = a->file->source, .line = a->line };

        int r = listen_address_parse(value, type, &listen.address, &listen.text);
        if (r < 0)
                return r;
        ListenSpec *grown = realloc(s->listens, (s->n_listens + 1) * sizeof(ListenSpec));
        if (!grown) {
                free(listen.text);
                return -ENOMEM;
        }
        s->listens = grown;
        s->listens[s->n_listens++] = listen;
        return 0;
}

static int complain_listen(
                KeyInput *in, const UnitAssignment *a, ListenType type, const char *s, int r) {
        if (r == -ENAMETOOLONG)
                return input_bad_value(in, a, s, "is too long for the address of a socket");
        if (type == LISTEN_FIFO)
                return input_bad_value(in, a, s, "is not an absolute path");
        if (type == LISTEN_SEQPACKET)
                return input_bad_value(in, a, s, "is not a path, @NAME or vsock:CID:PORT");
        return input_bad_value(in,
                        a,
                        s,
                        "is not a path, @NAME, PORT, ADDRESS:PORT, [ADDRESS]:PORT or "
                        "vsock:CID:PORT");
}

int parse_listens(KeyInput *in, void *target) {
        SocketSpec *spec = target;
        ListenType type = type_of_key(in->key->key);

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                if (*a->value == '\0') {
                        note_cleared(spec, a);
                        continue;
                }
                int r = input_string(in, a, &s);
                if (r > 0 && spec->n_listens >= LISTENS_MAX)
                        return input_complain(in,
                                        a,
                                        DIAGNOSTIC_ERROR,
                                        "too-many",
                                        "a socket unit may listen on %u addresses at most",
                                        LISTENS_MAX);
                if (r > 0) {
                        r = add_listen(spec, a, type, s);
                        if (r < 0 && r != -ENOMEM)
                                r = complain_listen(in, a, type, s, r);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- names --------------------------------------------------------------------------------------- */

int parse_triggered_service(KeyInput *in, void *target) {
        char **service = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (!unit_file_name_is_valid(s) ||
                        (!str_has_suffix(s, ".service") && !str_has_suffix(s, ".container")))
                return bad_last(in, s, "is not the name of a service or of a .container file");
        free(*service);
        *service = TAKE_PTR(s);
        return 0;
}

/* As LISTEN_FDNAMES has them: ':' is what stands between two. */
int parse_fd_name(KeyInput *in, void *target) {
        char **name = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        for (const char *p = s; *p; p++) {
                if (*p == ':' || *p < ' ' || *p > '~')
                        return bad_last(in, s, "is no name: printable ASCII without ':' is");
        }
        if (*s == '\0' || strlen(s) > 255)
                return bad_last(in, s, "is no name of 1 to 255 characters");
        free(*name);
        *name = TAKE_PTR(s);
        return 0;
}

int parse_socket_units(KeyInput *in, void *target) {
        char ***list = target;
        _cleanup_(word_list_done) WordList words = {};

        int r = input_collect(in, WORDS_COMMAND, &words);
        for (size_t i = 0; r >= 0 && i < words.n_words; i++) {
                const char *word = words.words[i];

                if (!unit_file_name_is_valid(word) || !str_has_suffix(word, ".socket"))
                        r = bad_last(in, word, "is not the name of a socket unit");
                else
                        r = strv_append(list, word);
        }
        return r;
}

int parse_absolute_paths(KeyInput *in, void *target) {
        char ***list = target;
        _cleanup_(word_list_done) WordList words = {};

        int r = input_collect(in, WORDS_COMMAND, &words);
        for (size_t i = 0; r >= 0 && i < words.n_words; i++) {
                if (words.words[i][0] != '/')
                        r = bad_last(in, words.words[i], "is not an absolute path");
                else
                        r = strv_append(list, words.words[i]);
        }
        return r;
}

/* ---- numbers and words --------------------------------------------------------------------------- */

int parse_octal_mode(KeyInput *in, void *target) {
        mode_t *mode = target, n = 0;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        size_t length = strlen(s);
        if (length == 0 || length > 5 || strspn(s, "01234567") != length)
                return bad_last(in, s, "is not an octal mode such as 0660");
        for (const char *p = s; *p; p++)
                n = n * 8 + (mode_t) (*p - '0');
        if (n > 07777)
                return bad_last(in, s, "is not an octal mode such as 0660");
        *mode = n;
        return 0;
}

int parse_size(KeyInput *in, void *target) {
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        return value_parse_size(s, target) < 0 ? bad_last(in, s, "is not a size such as 64K") : 0;
}

int parse_natural(KeyInput *in, void *target) {
        int *number = target;
        _cleanup_free_ char *s = NULL;
        uint64_t n;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (parse_u64(s, &n) < 0 || n > INT32_MAX)
                return bad_last(in, s, "is not a number from 0 to 2147483647");
        *number = (int) n;
        return 0;
}

typedef struct NamedValue {
        const char *name;
        int value;
} NamedValue;

/* One of the words; numbers too, if @numbers. */
static int parse_named(
                KeyInput *in, const NamedValue *values, bool numbers, const char *what, int *ret) {
        _cleanup_free_ char *s = NULL;
        uint64_t n;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        for (; values->name; values++) {
                if (str_equal(values->name, s)) {
                        *ret = values->value;
                        return 0;
                }
        }
        if (!numbers || parse_u64(s, &n) < 0 || n > UINT8_MAX)
                return bad_last(in, s, what);
        *ret = (int) n;
        return 0;
}

int parse_ip_tos(KeyInput *in, void *target) {
        static const NamedValue values[] = {
                { "low-delay", IPTOS_LOWDELAY },
                { "throughput", IPTOS_THROUGHPUT },
                { "reliability", IPTOS_RELIABILITY },
                { "low-cost", IPTOS_MINCOST },
                {},
        };

        return parse_named(in,
                        values,
                        /* numbers= */ true,
                        "is not low-delay, throughput, reliability, low-cost or 0 to 255",
                        target);
}

int parse_socket_protocol(KeyInput *in, void *target) {
        static const NamedValue values[] = {
                { "udplite", IPPROTO_UDPLITE },
                { "sctp", IPPROTO_SCTP },
                { "mptcp", IPPROTO_MPTCP },
                {},
        };

        return parse_named(
                        in, values, /* numbers= */ false, "is not udplite, sctp or mptcp", target);
}

int parse_bind_ipv6_only(KeyInput *in, void *target) {
        static const NamedValue values[] = {
                { "default", BIND_IPV6_ONLY_DEFAULT },
                { "both", BIND_IPV6_ONLY_BOTH },
                { "ipv6-only", BIND_IPV6_ONLY_IPV6_ONLY },
                {},
        };
        BindIpv6Only *bind = target;
        int value = (int) *bind;

        int r = parse_named(in,
                        values,
                        /* numbers= */ false,
                        "is not default, both or ipv6-only",
                        &value);
        *bind = (BindIpv6Only) value;
        return r;
}

int parse_socket_stamps(KeyInput *in, void *target) {
        static const NamedValue values[] = {
                { "off", SOCKET_STAMPS_OFF },
                { "us", SOCKET_STAMPS_USEC },
                { "usec", SOCKET_STAMPS_USEC },
                { "ns", SOCKET_STAMPS_NSEC },
                { "nsec", SOCKET_STAMPS_NSEC },
                {},
        };
        SocketStamps *stamps = target;
        int value = (int) *stamps;

        int r = parse_named(in, values, /* numbers= */ false, "is not off, us or ns", &value);
        *stamps = (SocketStamps) value;
        return r;
}

/* Of [X-Supd] in a .container, which sleeps while its sockets are quiet. */
int parse_idle_action(KeyInput *in, void *target) {
        static const NamedValue values[] = { { "freeze", false }, { "stop", true }, {} };
        bool *stop = target;
        int value = *stop;

        int r = parse_named(in, values, /* numbers= */ false, "is not freeze or stop", &value);
        *stop = value;
        return r;
}

int parse_device_name(KeyInput *in, void *target) {
        char **device = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (*s == '\0' || strlen(s) > 15 || strpbrk(s, "/ \t:"))
                return bad_last(in, s, "is not the name of a network interface");
        free(*device);
        *device = TAKE_PTR(s);
        return 0;
}
