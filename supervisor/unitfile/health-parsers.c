/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/health-spec.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define LOCALHOST "127.0.0.1"
#define HTTP_PORT 80U

static const char *const action_names[] = {
        [HEALTH_ACTION_NONE] = "none",
        [HEALTH_ACTION_KILL] = "kill",
        [HEALTH_ACTION_RESTART] = "restart",
        [HEALTH_ACTION_STOP] = "stop",
};
static_assert(ELEMENTSOF(action_names) == _HEALTH_ACTION_MAX, "every action has a name");

const char *health_action_to_string(HealthAction a) {
        return a < 0 || a >= _HEALTH_ACTION_MAX ? NULL : action_names[a];
}

void health_spec_init(HealthSpec *h) {
        *h = (HealthSpec) {
                .interval_usec = HEALTH_UNSET,
                .timeout_usec = HEALTH_UNSET,
                .start_period_usec = HEALTH_UNSET,
                .startup_interval_usec = 30 * USEC_PER_SEC,
                .startup_timeout_usec = 30 * USEC_PER_SEC,
                .log_count = HEALTH_LOG_COUNT_DEFAULT,
                .log_size_bytes = HEALTH_LOG_SIZE_DEFAULT,
        };
}

void health_spec_done(HealthSpec *h) {
        strv_free(h->test);
        strv_free(h->startup_test);
        free(h->log_directory);
        *h = (HealthSpec) {};
}

void health_endpoint_done(HealthEndpoint *e) {
        free(e->address);
        free(e->host);
        free(e->path);
        *e = (HealthEndpoint) {};
}

/* ---- endpoints --------------------------------------------------------------------------------- */

static int parse_port(const char *s, uint16_t *ret) {
        uint64_t n;

        if (!isdigit((unsigned char) *s) || parse_u64(s, &n) < 0 || n == 0 || n > UINT16_MAX)
                return -EINVAL;
        *ret = (uint16_t) n;
        return 0;
}

static int copy_address(const char *s, size_t size, char **ret) {
        unsigned char binary[sizeof(struct in6_addr)];
        _cleanup_free_ char *address = NULL;

        if (size == 0 || (size == strlen("localhost") && strncasecmp(s, "localhost", size) == 0))
                address = strdup(LOCALHOST);
        else
                address = strndup(s, size);
        if (!address)
                return -ENOMEM;
        if (inet_pton(AF_INET, address, binary) != 1 && inet_pton(AF_INET6, address, binary) != 1)
                return -EINVAL;
        *ret = TAKE_PTR(address);
        return 0;
}

/* "ADDRESS", "ADDRESS:PORT", ":PORT", with an IPv6 address in brackets; cuts nothing. */
static int parse_authority(const char *s, size_t size, uint16_t port, HealthEndpoint *ret) {
        size_t address_size;
        const char *address = s, *rest;

        if (size > 0 && *s == '[') {
                const char *end = memchr(s, ']', size);
                if (!end)
                        return -EINVAL;
                address = s + 1;
                address_size = (size_t) (end - address);
                if (!memchr(address, ':', address_size))
                        return -EINVAL;
                rest = end + 1;
        } else {
                const char *colon = memchr(s, ':', size);
                address_size = colon ? (size_t) (colon - s) : size;
                rest = s + address_size;
        }
        if (rest < s + size) {
                _cleanup_free_ char *digits = strndup(rest + 1, (size_t) (s + size - rest) - 1);
                if (!digits)
                        return -ENOMEM;
                if (*rest != ':' || parse_port(digits, &port) < 0)
                        return -EINVAL;
        }
        if (port == 0)
                return -EINVAL;
        ret->port = port;
        return copy_address(address, address_size, &ret->address);
}

/* What would end the request line, or a header. */
static bool is_plain(const char *s) {
        for (; *s; s++) {
                if ((unsigned char) *s <= ' ' || *s == 0x7f)
                        return false;
        }
        return true;
}

int health_endpoint_parse_http(const char *s, HealthEndpoint *ret, const char **ret_problem) {
        static const char scheme[] = "http://";
        bool is_url = strncasecmp(s, scheme, sizeof(scheme) - 1) == 0;
        HealthEndpoint e = {};

        *ret_problem = "is not http://ADDRESS[:PORT][/PATH] or [:PORT]/PATH";
        if (strncasecmp(s, "https://", 8) == 0) {
                *ret_problem = "is not supported: probes speak no TLS; HealthCmd= can";
                return -EINVAL;
        }
        if (!is_plain(s) || (!is_url && *s != ':' && *s != '/'))
                return -EINVAL;
        if (is_url)
                s += sizeof(scheme) - 1;
        size_t size = strcspn(s, "/?#");
        if ((is_url && size == 0) || s[size] == '?' || s[size] == '#')
                return -EINVAL;
        int r = parse_authority(s, size, HTTP_PORT, &e);
        if (r == -EINVAL && is_url)
                *ret_problem = "does not name a numeric address; names are not looked up";
        if (r >= 0) {
                e.host = size == 0 || *s == ':' ? str_printf("localhost:%u", e.port)
                                                : strndup(s, size);
                e.path = strdup(s[size] ? s + size : "/");
                r = e.host && e.path ? 0 : -ENOMEM;
        }
        if (r < 0) {
                health_endpoint_done(&e);
                return r;
        }
        e.path[strcspn(e.path, "#")] = '\0'; /* of no interest to a server */
        health_endpoint_done(ret);
        *ret = e;
        return 0;
}

int health_endpoint_parse_tcp(const char *s, HealthEndpoint *ret, const char **ret_problem) {
        HealthEndpoint e = {};
        int r;

        *ret_problem = "is not PORT or ADDRESS:PORT, with a numeric address";
        if (parse_port(s, &e.port) >= 0)
                r = copy_address("", 0, &e.address);
        else
                r = parse_authority(s, strlen(s), 0, &e);
        if (r < 0) {
                health_endpoint_done(&e);
                return r;
        }
        health_endpoint_done(ret);
        *ret = e;
        return 0;
}

static int parse_endpoint(KeyInput *in,
                HealthEndpoint *endpoint,
                int (*parse)(const char *, HealthEndpoint *, const char **)) {
        _cleanup_free_ char *s = NULL;
        const char *problem;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (endpoint->address)
                return input_complain(in,
                                input_last(in),
                                DIAGNOSTIC_ERROR,
                                "cross-check",
                                "HealthHttp= and HealthTcp= can't both be the check");
        r = parse(s, endpoint, &problem);
        return r == -EINVAL ? input_bad_value(in, input_last(in), s, problem) : r;
}

int parse_health_http(KeyInput *in, void *target) {
        return parse_endpoint(in, target, health_endpoint_parse_http);
}

int parse_health_tcp(KeyInput *in, void *target) {
        return parse_endpoint(in, target, health_endpoint_parse_tcp);
}

/* ---- commands ---------------------------------------------------------------------------------- */

static int test_of_shell(const char *text, WordList *list) {
        int r = word_list_add_copy(list, "CMD-SHELL");
        return r < 0 ? r : word_list_add_copy(list, text);
}

/* As Podman reads it: docker's words first, else an array is a command and anything else is for a shell. */
static int test_of_words(char *const *words, size_t n, WordList *list) {
        int r = 0;

        if (n == 0)
                return -EINVAL;
        if (strcasecmp(words[0], "none") == 0)
                return n == 1 ? word_list_add_copy(list, "NONE") : -EINVAL;
        if (strcasecmp(words[0], "CMD-SHELL") == 0)
                return n == 2 ? test_of_shell(words[1], list) : -EINVAL;
        if (strcasecmp(words[0], "CMD") != 0) {
                if (n == 1)
                        return test_of_shell(words[0], list);
                r = word_list_add_copy(list, "CMD");
        } else {
                if (n == 1)
                        return -EINVAL;
                r = word_list_add_copy(list, "CMD");
                words++, n--;
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                r = word_list_add_copy(list, words[i]);
        return r;
}

static int test_of_text(const char *s, WordList *list) {
        _cleanup_(word_list_done) WordList words = {};
        const char *problem;
        size_t n = strcspn(s, WORDS_BLANKS);
        int r = 0;

        if (*s == '[' && words_parse_json(s, &words) >= 0)
                return test_of_words(words.words, words.n_words, list);
        if (n == strlen("CMD-SHELL") && strncasecmp(s, "CMD-SHELL", n) == 0) {
                s += n;
                s += strspn(s, WORDS_BLANKS);
                return *s ? test_of_shell(s, list) : -EINVAL;
        }
        if (strcasecmp(s, "none") == 0)
                return word_list_add_copy(list, "NONE");
        if (n != strlen("CMD") || strncasecmp(s, "CMD", n) != 0)
                return test_of_shell(s, list);
        r = words_split(s, 0, &words, &problem);
        return r < 0 ? r : test_of_words(words.words, words.n_words, list);
}

int parse_health_command(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        _cleanup_free_ char *s = NULL;
        char ***test = target;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        r = test_of_text(s, &list);
        if (r == -EINVAL)
                return input_bad_value(in,
                                input_last(in),
                                s,
                                "is not a command, a JSON array of words, or none");
        if (r < 0)
                return r;
        strv_free(*test);
        *test = word_list_take(&list);
        return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------- */

int parse_health_interval(KeyInput *in, void *target) {
        uint64_t *interval = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (str_equal(s, "disable")) {
                *interval = 0;
                return 0;
        }
        if (value_parse_go_duration(s, interval) < 0)
                return input_bad_value(in,
                                input_last(in),
                                s,
                                "is neither a duration such as 1m30s nor disable");
        return 0;
}

/* As C writes numbers, like everything that Quadlet hands to strconv. */
static int parse_number(KeyInput *in, unsigned min, unsigned *target, const char *problem) {
        _cleanup_free_ char *s = NULL;
        char *end;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        errno = 0;
        unsigned long long n = strtoull(s, &end, 0);
        if (!isdigit((unsigned char) *s) || *end || errno != 0 || n < min || n > UINT32_MAX)
                return input_bad_value(in, input_last(in), s, problem);
        *target = (unsigned) n;
        return 0;
}

int parse_health_retries(KeyInput *in, void *target) {
        return parse_number(in, 1, target, "is not a number of at least 1");
}

int parse_health_count(KeyInput *in, void *target) {
        return parse_number(in, 0, target, "is not a number");
}

int parse_health_size(KeyInput *in, void *target) {
        uint64_t *size = target;
        unsigned n = (unsigned) *size;

        int r = parse_number(in, 0, &n, "is not a number of bytes");
        *size = n;
        return r;
}

int parse_health_action(KeyInput *in, void *target) {
        HealthAction *action = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        for (HealthAction a = 0; a < _HEALTH_ACTION_MAX; a++) {
                if (str_equal(s, action_names[a])) {
                        *action = a;
                        return 0;
                }
        }
        return input_bad_value(in, input_last(in), s, "is not none, kill, restart or stop");
}

int parse_health_log(KeyInput *in, void *target) {
        HealthSpec *h = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (str_equal(s, "local"))
                h->log_destination = HEALTH_LOG_LOCAL;
        else if (str_equal(s, "events_logger"))
                h->log_destination = HEALTH_LOG_EVENTS;
        else if (*s == '/') {
                h->log_destination = HEALTH_LOG_DIRECTORY;
                return str_replace(&h->log_directory, s);
        } else
                return input_bad_value(in,
                                input_last(in),
                                s,
                                "is not local, events_logger or an absolute path");
        return 0;
}

/* What is no boolean counts as false, like any of Quadlet's. */
int parse_notify_mode(KeyInput *in, void *target) {
        NotifyMode *mode = target;
        _cleanup_free_ char *s = NULL;
        bool yes = false;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (strcasecmp(s, "healthy") == 0) {
                *mode = NOTIFY_HEALTHY;
                return 0;
        }
        r = parse_boolean(in, &yes);
        if (r >= 0)
                *mode = yes ? NOTIFY_PAYLOAD : NOTIFY_EXECUTES;
        return r;
}
