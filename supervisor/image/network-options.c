/* SPDX-License-Identifier: MIT */
#include "image/network-options.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"

#define RETRIES_DEFAULT 3U
#define RETRIES_MAX 1000U
#define CONNECT_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define STALL_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define DURATION_MAX_USEC (24 * USEC_PER_HOUR)

static int bad_option(Error *error, const char *option, const char *value, const char *wanted) {
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "%s %s: %s is wanted",
                        option,
                        value,
                        wanted);
}

int pull_policy_parse(const char *text, PullPolicy *ret, Error *error) {
        static const char *const names[_PULL_POLICY_MAX] = {
                [PULL_MISSING] = "missing",
                [PULL_ALWAYS] = "always",
                [PULL_NEVER] = "never",
                [PULL_NEWER] = "newer",
        };

        for (int i = 0; i < _PULL_POLICY_MAX; i++)
                if (str_equal(text ?: names[PULL_MISSING], names[i])) {
                        *ret = (PullPolicy) i;
                        return 0;
                }
        return bad_option(error, "--policy", text, "always, missing, never or newer");
}

/* One number with its unit. Return: what follows; NULL: malformed. */
static const char *take_span(const char *p, uint64_t *sum) {
        static const struct {
                const char *unit;
                uint64_t usec;
        } units[] = {
                { "us", 1 },
                { "ms", USEC_PER_MSEC },
                { "s", USEC_PER_SEC },
                { "min", USEC_PER_MINUTE },
                { "m", USEC_PER_MINUTE },
                { "h", USEC_PER_HOUR },
                { "", USEC_PER_SEC },
        };
        size_t n = strspn(p, "0123456789");
        _cleanup_free_ char *digits = strndup(p, n);
        uint64_t number;

        if (!digits || parse_u64(digits, &number) < 0)
                return NULL;
        p += n;
        n = strcspn(p, "0123456789");
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                if (strlen(units[i].unit) != n || strncmp(units[i].unit, p, n) != 0)
                        continue;
                if (number > DURATION_MAX_USEC / units[i].usec)
                        return NULL;
                *sum += number * units[i].usec;
                return p + n;
        }
        return NULL;
}

int duration_parse(const char *text, uint64_t *ret_usec) {
        uint64_t sum = 0;

        do
                text = take_span(text, &sum);
        while (text && *text && sum <= DURATION_MAX_USEC);
        if (!text || sum > DURATION_MAX_USEC)
                return -EINVAL;
        *ret_usec = sum;
        return 0;
}

static int duration(const char *option, const char *value, uint64_t *usec, Error *error) {
        if (!value || duration_parse(value, usec) >= 0)
                return 0;
        return bad_option(
                        error, option, value, "a duration such as 2s or 1m30s, of a day at most,");
}

static int number(const char *option,
                const char *value,
                unsigned min,
                unsigned max,
                unsigned *ret,
                Error *error) {
        _cleanup_free_ char *wanted = str_printf("a number from %u to %u", min, max);
        uint64_t n;

        if (!value)
                return 0;
        if (parse_u64(value, &n) < 0 || n < min || n > max)
                return bad_option(error, option, value, wanted ?: "another number");
        *ret = (unsigned) n;
        return 0;
}

int network_options(Operation *o, Error *error) {
        const Options *given = o->options;
        int r;

        o->parallel = o->settings.parallel;
        /* To repair is worth one try; whoever wants more says so. */
        o->retry = (RetryPolicy) { .retries = given->repair ? 0 : RETRIES_DEFAULT,
                .delay_usec = USEC_INFINITY };
        r = number("--parallel", given->parallel, 1, SETTINGS_PARALLEL_MAX, &o->parallel, error);
        if (r >= 0)
                r = number("--retry", given->retry, 0, RETRIES_MAX, &o->retry.retries, error);
        if (r >= 0)
                r = duration("--retry-delay", given->retry_delay, &o->retry.delay_usec, error);
        return r;
}

static int parse_verify(const char *text, TlsVerify *ret, Error *error) {
        static const char *const yes[] = { "yes", "true", "1" }, *const no[] = {
                "no", "false", "0"
        };

        *ret = TLS_VERIFY_SETTINGS;
        for (size_t i = 0; text && i < ELEMENTSOF(yes); i++) {
                if (str_equal(text, yes[i]))
                        *ret = TLS_VERIFY_YES;
                if (str_equal(text, no[i]))
                        *ret = TLS_VERIFY_NO;
        }
        if (!text || *ret != TLS_VERIFY_SETTINGS)
                return 0;
        return bad_option(error, "--tls-verify", text, "yes or no");
}

int fetcher_options(const Operation *o, const char *registry, FetcherSpec *ret, Error *error) {
        const Options *given = o->options;
        const Settings *s = &o->settings;
        FetcherSpec spec = {
                .certificates = { .dir = given->cert_dir,
                                .registry = registry,
                                .dirs = s->cert_dirs },
                .auth_file = given->auth_file ?: s->auth_file,
                .creds_file = given->creds_file,
                .insecure = s->insecure,
                .proxies = s->proxies,
                .connect_timeout_usec = CONNECT_TIMEOUT_USEC,
                .stall_timeout_usec = STALL_TIMEOUT_USEC,
        };
        int r;

        r = parse_verify(given->tls_verify, &spec.verify, error);
        if (r >= 0)
                r = duration("--stall-timeout",
                                given->stall_timeout,
                                &spec.stall_timeout_usec,
                                error);
        if (r < 0)
                return r;
        spec.connect_timeout_usec = MIN(spec.connect_timeout_usec, spec.stall_timeout_usec);
        *ret = spec;
        return 0;
}
