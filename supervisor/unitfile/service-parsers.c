/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/slice.h"
#include "unitfile/unit-load-internal.h"

#define WEIGHT_MAX 10000U
#define PERMYRIAD 10000U
#define OOM_SCORE_MAX 1000

/* One expanded value to its member. Return: 0; -EINVAL or -ERANGE; -ENOMEM. */
typedef int (*Converter)(const char *s, void *target);

static int parse_each(KeyInput *in, void *target, Converter convert, const char *what) {
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                r = convert(s, target);
                if (r == -EINVAL || r == -ERANGE)
                        r = input_bad_value(in, a, s, what);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int index_of(const char *const *names, size_t n, const char *s) {
        for (size_t i = 0; i < n; i++) {
                if (strcmp(names[i], s) == 0)
                        return (int) i;
        }
        return -EINVAL;
}

/* ---- lifecycle ----------------------------------------------------------------------------------- */

/* Quadlet's words, and an error as there: nothing else can run a container. */
int parse_service_type(KeyInput *in, void *target) {
        static const char *const names[] = {
                [SERVICE_NOTIFY] = "notify",
                [SERVICE_ONESHOT] = "oneshot",
        };
        ServiceType *type = target;
        const UnitAssignment *a = input_last(in);

        if (in->load->unit->kind == UNIT_KIND_POD)
                return 0; /* Quadlet overwrites it */
        int i = index_of(names, ELEMENTSOF(names), a->value);
        if (i < 0)
                return input_complain(in,
                                a,
                                DIAGNOSTIC_ERROR,
                                "bad-value",
                                "invalid service Type '" SHOWN "'",
                                SHOWN_ARGUMENTS(a->value));
        *type = (ServiceType) i;
        return 0;
}

static int convert_timeout_failure_mode(const char *s, void *target) {
        static const char *const names[] = {
                [TIMEOUT_TERMINATE] = "terminate",
                [TIMEOUT_ABORT] = "abort",
                [TIMEOUT_KILL] = "kill",
        };

        int i = index_of(names, ELEMENTSOF(names), s);
        if (i >= 0)
                *(TimeoutFailureMode *) target = (TimeoutFailureMode) i;
        return i < 0 ? i : 0;
}

int parse_timeout_failure_mode(KeyInput *in, void *target) {
        return parse_each(in,
                        target,
                        convert_timeout_failure_mode,
                        "is not terminate, abort or kill");
}

static int convert_exit_type(const char *s, void *target) {
        static const char *const names[] = { "main", "cgroup" };

        int i = index_of(names, ELEMENTSOF(names), s);
        if (i >= 0)
                *(bool *) target = i == 1;
        return i < 0 ? i : 0;
}

int parse_exit_type(KeyInput *in, void *target) {
        return parse_each(in, target, convert_exit_type, "is not main or cgroup");
}

static const char *const access_names[] = {
        [NOTIFY_ACCESS_DEFAULT] = "all",
        [NOTIFY_ACCESS_NONE] = "none",
        [NOTIFY_ACCESS_MAIN] = "main",
        [NOTIFY_ACCESS_EXEC] = "exec",
        [NOTIFY_ACCESS_ALL] = "all",
};
static_assert(ELEMENTSOF(access_names) == _NOTIFY_ACCESS_MAX, "every access has a name");

const char *notify_access_to_string(NotifyAccess a) {
        return a >= 0 && a < _NOTIFY_ACCESS_MAX ? access_names[a] : NULL;
}

static int convert_notify_access(const char *s, void *target) {
        NotifyAccess *access = target;

        for (NotifyAccess a = NOTIFY_ACCESS_NONE; a < _NOTIFY_ACCESS_MAX; a++) {
                if (strcmp(access_names[a], s) == 0) {
                        *access = a;
                        return 0;
                }
        }
        return -EINVAL;
}

int parse_notify_access(KeyInput *in, void *target) {
        return parse_each(in, target, convert_notify_access, "is not none, main, exec or all");
}

static const char *const preserve_names[] = {
        [FD_STORE_RESTART] = "restart",
        [FD_STORE_NO] = "no",
        [FD_STORE_YES] = "yes",
};
static_assert(ELEMENTSOF(preserve_names) == _FD_STORE_PRESERVE_MAX, "every word is there");

const char *fd_store_preserve_to_string(FdStorePreserve p) {
        return p >= 0 && p < _FD_STORE_PRESERVE_MAX ? preserve_names[p] : NULL;
}

/* Other words for yes and no as well, as systemd takes them. */
static int convert_fd_store_preserve(const char *s, void *target) {
        FdStorePreserve *preserve = target;
        bool yes;

        if (str_equal(s, preserve_names[FD_STORE_RESTART])) {
                *preserve = FD_STORE_RESTART;
                return 0;
        }
        int r = value_parse_bool(s, &yes);
        if (r >= 0)
                *preserve = yes ? FD_STORE_YES : FD_STORE_NO;
        return r;
}

int parse_fd_store_preserve(KeyInput *in, void *target) {
        return parse_each(in, target, convert_fd_store_preserve, "is not no, restart or yes");
}

int parse_kill_mode(KeyInput *in, void *target) {
        static const char *const names[] = { "control-group", "mixed" };
        bool *mixed = target;
        const UnitAssignment *a = input_last(in);

        int i = index_of(names, ELEMENTSOF(names), a->value);
        if (i < 0)
                return input_complain(in,
                                a,
                                DIAGNOSTIC_ERROR,
                                "bad-value",
                                "invalid KillMode '" SHOWN "'",
                                SHOWN_ARGUMENTS(a->value));
        *mixed = i == 1;
        return 0;
}

static int convert_restart(const char *s, void *target) {
        RestartPolicy *policy = target;

        for (int i = 0; i < _RESTART_POLICY_MAX; i++) {
                if (strcmp(restart_policy_to_string((RestartPolicy) i), s) == 0) {
                        *policy = (RestartPolicy) i;
                        return 0;
                }
        }
        return -EINVAL;
}

int parse_restart(KeyInput *in, void *target) {
        return parse_each(in, target, convert_restart, "is not a restart policy");
}

int parse_exit_set(KeyInput *in, void *target) {
        ExitSet *set = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, WORDS_COMMAND, &list);
                for (size_t i = 0; r >= 0 && i < list.n_words; i++) {
                        if (value_parse_exit_set(list.words[i], set) < 0)
                                r = input_bad_value(in,
                                                a,
                                                list.words[i],
                                                "is not an exit status or signal");
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_both_timeouts(KeyInput *in, void *target) {
        ServiceSpec *s = target;
        uint64_t usec = UINT64_MAX - 1; /* no span is this long: tells whether one was set */
        const uint64_t unset = usec;

        int r = parse_timeout(in, &usec);
        if (r >= 0 && usec != unset)
                s->start_timeout_usec = s->stop_timeout_usec = usec;
        return r;
}

/* ---- resources ----------------------------------------------------------------------------------- */

/* Of which 0 is one. */
static int convert_swap(const char *s, void *target) {
        return value_parse_memory(s, target);
}

/* systemd refuses a limit of 0 too: nothing could run. */
static int convert_memory(const char *s, void *target) {
        Quantity *quantity = target, q;

        int r = value_parse_memory(s, &q);
        if (r < 0)
                return r;
        if (q.value == 0)
                return -ERANGE;
        *quantity = q;
        return 0;
}

static int convert_tasks(const char *s, void *target) {
        return value_parse_tasks(s, target);
}

/* Percent of one CPU to microseconds of CPU time per second. */
static int convert_cpu_quota(const char *s, void *target) {
        uint64_t *usec = target, permyriad;

        int r = value_parse_percent(s, &permyriad);
        if (r < 0)
                return r;
        if (permyriad == 0 || permyriad > UINT64_MAX / 100)
                return -ERANGE;
        *usec = permyriad * (1000000 / PERMYRIAD);
        return 0;
}

static int convert_io_weight(const char *s, void *target) {
        uint64_t *weight = target, n;

        int r = parse_u64(s, &n);
        if (r < 0)
                return r;
        if (n < 1 || n > WEIGHT_MAX)
                return -ERANGE;
        *weight = n;
        return 0;
}

static int convert_cpu_weight(const char *s, void *target) {
        if (strcmp(s, "idle") != 0)
                return convert_io_weight(s, target);
        *(uint64_t *) target = 0;
        return 0;
}

static int convert_cpu_set(const char *s, void *target) {
        char **set = target, *canonical;

        int r = value_parse_cpu_set(s, &canonical);
        if (r < 0)
                return r;
        free(*set);
        *set = canonical;
        return 0;
}

/* What the kernel takes; as systemd, the nearest there is. */
#define QUOTA_PERIOD_MIN_USEC 1000U
#define QUOTA_PERIOD_MAX_USEC 1000000U

static int convert_quota_period(const char *s, void *target) {
        uint64_t *period = target, usec;

        int r = value_parse_span(s, &usec);
        if (r < 0)
                return r;
        *period = MIN(MAX(usec, (uint64_t) QUOTA_PERIOD_MIN_USEC),
                        (uint64_t) QUOTA_PERIOD_MAX_USEC);
        return 0;
}

static int convert_oom_score(const char *s, void *target) {
        ResourceSpec *resource = target;
        int64_t n;

        int r = parse_i64(s, &n);
        if (r < 0)
                return r;
        if (n < -OOM_SCORE_MAX || n > OOM_SCORE_MAX)
                return -ERANGE;
        resource->oom_score_adjust = (int) n;
        resource->oom_score_adjust_set = true;
        return 0;
}

static int convert_oom_policy(const char *s, void *target) {
        OomPolicy *policy = target;

        for (int i = 0; i < _OOM_POLICY_MAX; i++) {
                if (strcmp(oom_policy_to_string((OomPolicy) i), s) == 0) {
                        *policy = (OomPolicy) i;
                        return 0;
                }
        }
        return -EINVAL;
}

int parse_memory(KeyInput *in, void *target) {
        return parse_each(in, target, convert_memory, "is not a size or a share of memory");
}

int parse_swap(KeyInput *in, void *target) {
        return parse_each(in, target, convert_swap, "is not a size or a share of swap");
}

int parse_protection(KeyInput *in, void *target) {
        return parse_each(in, target, convert_swap, "is not a size or a share of memory");
}

int parse_tasks(KeyInput *in, void *target) {
        return parse_each(in, target, convert_tasks, "is not a number of tasks");
}

int parse_cpu_quota(KeyInput *in, void *target) {
        return parse_each(in, target, convert_cpu_quota, "is not a percentage of a CPU");
}

int parse_cpu_weight(KeyInput *in, void *target) {
        return parse_each(
                        in, target, convert_cpu_weight, "is not a weight from 1 to 10000, or idle");
}

int parse_io_weight(KeyInput *in, void *target) {
        return parse_each(in, target, convert_io_weight, "is not a weight from 1 to 10000");
}

int parse_cpu_set(KeyInput *in, void *target) {
        return parse_each(in, target, convert_cpu_set, "is not a set of CPUs");
}

int parse_memory_nodes(KeyInput *in, void *target) {
        return parse_each(in, target, convert_cpu_set, "is not a set of memory nodes");
}

int parse_quota_period(KeyInput *in, void *target) {
        return parse_each(in, target, convert_quota_period, "is not a time span");
}

int parse_oom_score(KeyInput *in, void *target) {
        return parse_each(in, target, convert_oom_score, "is not a number from -1000 to 1000");
}

int parse_oom_policy(KeyInput *in, void *target) {
        return parse_each(in, target, convert_oom_policy, "is not continue, stop or kill");
}

/* A container elsewhere than it is meant to be would have other limits than it is meant to have. */
int parse_slice(KeyInput *in, void *target) {
        const UnitAssignment *a = input_last(in);
        char **slice = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        if (!slice_name_is_valid(s))
                return input_bad_value(in, a, s, "is not the name of a slice, such as web.slice");
        free(*slice);
        *slice = TAKE_PTR(s);
        return 0;
}

/* ---- lists --------------------------------------------------------------------------------------- */

/* One path a line, systemd's way; '-' before it makes it optional. */
int parse_environment_files(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                r = s[*s == '-'] == '/' ? word_list_add(&list, &s)
                                        : input_bad_value(in, a, s, "is not an absolute path");
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

/* Keeps the words that @is_valid; the others are complained about. */
static int collect_valid(
                KeyInput *in, void *target, bool (*is_valid)(const char *), const char *what) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList words = {};

                int r = input_words(in, a, WORDS_COMMAND, &words);
                for (size_t i = 0; r >= 0 && i < words.n_words; i++)
                        r = is_valid(words.words[i]) ? word_list_add_copy(&list, words.words[i])
                                                     : input_bad_value(in, a, words.words[i], what);
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

static bool uri_is_valid(const char *s) {
        static const char *const schemes[] = { "http://", "https://", "file:/", "info:", "man:" };

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                if (str_has_prefix(s, schemes[i]) && s[strlen(schemes[i])])
                        return true;
        }
        return false;
}

static bool unit_word_is_valid(const char *s) {
        return *s && !strchr(s, '/');
}

int parse_uris(KeyInput *in, void *target) {
        return collect_valid(
                        in, target, uri_is_valid, "is not a http, https, file, info or man URI");
}

static bool alias_is_valid(const char *s) {
        const char *slash = strrchr(s, '/');

        return unit_word_is_valid(slash ? slash + 1 : s);
}

/* Quadlet lets one choose the directory of the link: to supd all of a name are the same. */
int parse_aliases(KeyInput *in, void *target) {
        char ***aliases = target;

        int r = collect_valid(in, target, alias_is_valid, "is not the name of a unit");
        for (char **a = *aliases; r >= 0 && a && *a; a++) {
                char *slash = strrchr(*a, '/');

                if (slash)
                        memmove(*a, slash + 1, strlen(slash + 1) + 1);
        }
        return r;
}

int parse_unit_names(KeyInput *in, void *target) {
        return collect_valid(in, target, unit_word_is_valid, "is not the name of a unit");
}
