/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define HOST_NAME_SIZE_MAX 64U /* the kernel's __NEW_UTS_LEN */
#define CONTAINER_NAME_SIZE_MAX 255U

/* The last value, expanded; complaints are made. Return: 1, 0 if there is none to use, -ENOMEM. */
static int last_string(KeyInput *in, char **ret) {
        return input_string(in, input_last(in), ret);
}

static int bad_last(KeyInput *in, const char *value, const char *what) {
        return input_bad_value(in, input_last(in), value, what);
}

static bool consists_of(const char *s, const char *others) {
        for (; *s; s++) {
                if (!isalnum((unsigned char) *s) && !strchr(others, *s))
                        return false;
        }
        return true;
}

/* ---- process ------------------------------------------------------------------------------------- */

/* "USER:GROUP" is what Podman makes of both keys, and works here as there. */
int parse_user(KeyInput *in, void *target) {
        ProcessSpec *p = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;

        char *colon = strchr(s, ':');
        if (colon)
                *colon++ = '\0';
        if (*s == '\0')
                return bad_last(in, input_last(in)->value, "names no user");
        r = str_replace(&p->user, s);
        if (r >= 0 && !str_is_empty(colon) && !p->group)
                r = str_replace(&p->group, colon);
        return r;
}

int parse_group(KeyInput *in, void *target) {
        ProcessSpec *p = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        return str_replace(&p->group, *s ? s : NULL);
}

/* A group a line, or several with commas between, as Podman has it. */
static int groups_add(KeyInput *in, const UnitAssignment *a, char *item, WordList *list) {
        int r = 0;

        for (char *group = strsep(&item, ","); group && r >= 0; group = strsep(&item, ",")) {
                if (*group == '\0' || strpbrk(group, ":" WORDS_BLANKS))
                        r = input_bad_value(in, a, group, "is not a group");
                else
                        r = word_list_add_copy(list, group);
        }
        return r;
}

int parse_further_groups(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***groups = target;
        int r = 0;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                if (r >= 0)
                        r = input_item(in, a, &s);
                if (r > 0)
                        r = groups_add(in, a, s, &list);
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.n_words; i++) {
                if (strcmp(list.words[i], "keep-groups") == 0 && list.n_words > 1)
                        return bad_last(in, "keep-groups", "has to stand alone");
        }
        *groups = strv_free(*groups);
        *groups = word_list_take(&list);
        return 0;
}

/* A JSON array is an argument vector, anything else one word; explicitly empty means none. */
int parse_entrypoint(KeyInput *in, void *target) {
        ProcessSpec *p = target;
        _cleanup_(word_list_done) WordList list = {};
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;

        if (*s == '[')
                r = words_parse_json(s, &list);
        else if (*s)
                r = word_list_add_copy(&list, s);
        if (r == -EINVAL)
                return bad_last(in, s, "is not a JSON array of strings");
        if (r < 0)
                return r;

        p->entrypoint_cleared = list.n_words == 0;
        p->entrypoint = strv_free(p->entrypoint);
        p->entrypoint = word_list_take(&list);
        return 0;
}

/* What starts with '/' is absolute, and what starts with '%' is taken for that (UNITS.md 2.3). */
static int unit_path_add(KeyInput *in, const UnitAssignment *a, const char *word, WordList *list) {
        _cleanup_free_ char *path = NULL;

        int r = input_expand(in, a, word, &path);
        if (r <= 0)
                return r;
        if (*word == '/' || *word == '%')
                return word_list_add(list, &path);

        _cleanup_free_ char *below = str_printf("%s/%s", in->load->unit_dir, path);
        return below ? word_list_add(list, &below) : -ENOMEM;
}

/* Class A; relative paths are below the unit file's directory. */
int parse_unit_paths(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList raw = {}, list = {};
        char ***paths = target;
        const char *problem = "";

        KEY_INPUT_FOREACH(a, in) {
                word_list_truncate(&raw, 0);
                int r = words_split(a->value, WORDS_COMMAND, &raw, &problem);
                if (r == -EINVAL)
                        r = input_bad_value(in, a, a->value, problem);
                for (size_t i = 0; r >= 0 && i < raw.n_words; i++)
                        r = unit_path_add(in, a, raw.words[i], &list);
                if (r < 0)
                        return r;
        }

        *paths = strv_free(*paths);
        *paths = word_list_take(&list);
        return 0;
}

int parse_container_path(KeyInput *in, void *target) {
        char **path = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (*s != '/')
                return bad_last(in, s, "is not an absolute path");
        free(*path);
        *path = TAKE_PTR(s);
        return 0;
}

int parse_host_name(KeyInput *in, void *target) {
        char **name = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (!isalnum((unsigned char) *s) || strlen(s) > HOST_NAME_SIZE_MAX ||
                        !consists_of(s, "-._"))
                return bad_last(in, s, "is not a host name");
        free(*name);
        *name = TAKE_PTR(s);
        return 0;
}

/* It becomes a directory name. Unit names may hold more than Podman's container names may. */
int parse_container_name(KeyInput *in, void *target) {
        char **name = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (!isalnum((unsigned char) *s) || strlen(s) > CONTAINER_NAME_SIZE_MAX ||
                        !consists_of(s, "-._:@\\"))
                return bad_last(in, s, "is not a container name");
        free(*name);
        *name = TAKE_PTR(s);
        return 0;
}

int parse_run_init(KeyInput *in, void *target) {
        RunInit *run_init = target;
        bool yes = false;

        int r = parse_boolean(in, &yes);
        if (r >= 0)
                *run_init = yes ? RUN_INIT_YES : RUN_INIT_NO;
        return r;
}

/* ---- security ------------------------------------------------------------------------------------ */

int parse_capabilities(KeyInput *in, void *target) {
        uint64_t *set = target, parsed = 0;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, 0, &list);
                for (size_t i = 0; r >= 0 && i < list.n_words; i++) {
                        unsigned capability;

                        if (strcasecmp(list.words[i], "all") == 0)
                                parsed = UINT64_MAX;
                        else if (value_parse_capability(list.words[i], &capability) >= 0)
                                parsed |= UINT64_C(1) << capability;
                        else
                                r = input_bad_value(in, a, list.words[i], "is not a capability");
                }
                if (r < 0)
                        return r;
        }
        *set = parsed;
        return 0;
}

static bool sysctl_is_valid(const char *s) {
        size_t n = strcspn(s, "=");

        for (size_t i = 0; i < n; i++) {
                if (!isalnum((unsigned char) s[i]) && !strchr("._-/", s[i]))
                        return false;
        }
        return n > 0 && s[n] == '=' && isalpha((unsigned char) s[0]) && !strstr(s, "..");
}

int parse_sysctls(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***sysctls = target;

        KEY_INPUT_FOREACH(a, in) {
                size_t from = list.n_words;

                int r = input_words(in, a, 0, &list);
                for (size_t i = from; r >= 0 && i < list.n_words; i++) {
                        if (!sysctl_is_valid(list.words[i]))
                                r = input_bad_value(in, a, list.words[i], "is not NAME=VALUE");
                }
                if (r < 0)
                        return r;
        }
        *sysctls = strv_free(*sysctls);
        *sysctls = word_list_take(&list);
        return 0;
}

/* -1 is the maximum. */
static int limit_parse(const char *s, uint64_t *ret) {
        if (strcmp(s, "-1") == 0) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(s, ret);
}

/* NAME=SOFT[:HARD], NAME=host, or host for all of them. Cuts @s apart. */
static int ulimit_parse(char *s, UlimitSpec *ret) {
        UlimitSpec u = { .resource = -1 };
        char *value = strchr(s, '=');
        int r;

        if (!value)
                return -EINVAL;
        *value++ = '\0';
        r = value_parse_rlimit(s, &u.resource);
        if (r < 0)
                return r;
        if (strcmp(value, "host") == 0) {
                *ret = (UlimitSpec) { .resource = u.resource, .host = true };
                return 0;
        }

        char *hard = strchr(value, ':');
        if (hard)
                *hard++ = '\0';
        r = limit_parse(value, &u.soft);
        if (r >= 0)
                r = limit_parse(hard ?: value, &u.hard);
        if (r < 0)
                return r;
        if (u.soft > u.hard)
                return -ERANGE;
        *ret = u;
        return 0;
}

/* The last word about a resource counts. */
static void ulimit_put(SecuritySpec *security, const UlimitSpec *u) {
        size_t i = 0;

        while (i < security->n_ulimits && security->ulimits[i].resource != u->resource)
                i++;
        security->ulimits[i] = *u;
        security->n_ulimits = MAX(security->n_ulimits, i + 1);
}

int parse_ulimits(KeyInput *in, void *target) {
        SecuritySpec *security = target;

        free(security->ulimits);
        security->n_ulimits = 0;
        security->ulimits = calloc(RLIM_NLIMITS, sizeof(UlimitSpec));
        if (!security->ulimits)
                return -ENOMEM;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL, *parts = NULL;
                UlimitSpec u;

                int r = input_item(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (strcmp(s, "host") == 0) {
                        for (int i = 0; i < RLIM_NLIMITS; i++)
                                ulimit_put(security, &(UlimitSpec) { .resource = i, .host = true });
                        continue;
                }
                parts = strdup(s);
                if (!parts)
                        return -ENOMEM;
                r = ulimit_parse(parts, &u);
                if (r >= 0)
                        ulimit_put(security, &u);
                else
                        r = input_bad_value(in, a, s, "is not a limit (NAME=SOFT:HARD)");
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_seccomp(KeyInput *in, void *target) {
        bool *unconfined = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (strcmp(s, "unconfined") != 0)
                return bad_last(in, s, "is a profile from a file, which is not supported yet");
        *unconfined = true;
        return 0;
}

/* A profile's name, as the kernel has it; whether it is loaded shows at the start. */
int parse_apparmor(KeyInput *in, void *target) {
        char **profile = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        for (const char *p = s; *p; p++) {
                if (iscntrl((unsigned char) *p) || *p == ' ')
                        return bad_last(in, s, "is not the name of a profile");
        }
        free(*profile);
        *profile = TAKE_PTR(s);
        return 0;
}

/* ---- network, limits, log ------------------------------------------------------------------------ */

static const char *network_problem(const char *s) {
        if (str_has_prefix(s, "pasta") || str_has_prefix(s, "slirp4netns"))
                return "is for rootless Podman and not supported; use none or host";
        return "is not supported yet; use none or host";
}

int parse_network(KeyInput *in, void *target) {
        NetworkMode *mode = target;

        in->load->has_network = true;
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (in->n_assignments > 1)
                        r = input_bad_value(in, a, s, "stands beside other networks");
                else if (strcmp(s, "none") == 0)
                        *mode = NETWORK_NONE;
                else if (strcmp(s, "host") == 0)
                        *mode = NETWORK_HOST;
                else
                        r = input_bad_value(in, a, s, network_problem(s));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* As for Podman, 0 lifts the limit. */
int parse_memory_limit(KeyInput *in, void *target) {
        uint64_t *limit = target, bytes;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (value_parse_docker_size(s, &bytes) < 0)
                return bad_last(in, s, "is not a size");
        *limit = bytes == 0 ? UINT64_MAX : bytes;
        return 0;
}

int parse_pids_limit(KeyInput *in, void *target) {
        uint64_t *limit = target, n;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        if (limit_parse(s, &n) < 0)
                return bad_last(in, s, "is not a number, or -1 for no limit");
        *limit = n == 0 ? UINT64_MAX : n;
        return 0;
}

int parse_log_driver(KeyInput *in, void *target) {
        static const struct {
                const char *name;
                LogDriverKind kind;
        } drivers[] = {
                { "journald", LOG_DRIVER_JOURNALD },
                { "none", LOG_DRIVER_NONE },
                { "passthrough", LOG_DRIVER_PASSTHROUGH },
                { "k8s-file", LOG_DRIVER_FILE },
                { "json-file", LOG_DRIVER_FILE },
                { "file", LOG_DRIVER_FILE },
        };
        LogDriverKind *driver = target;
        _cleanup_free_ char *s = NULL;

        int r = last_string(in, &s);
        if (r <= 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++) {
                if (strcmp(drivers[i].name, s) == 0) {
                        *driver = drivers[i].kind;
                        return 0;
                }
        }
        return bad_last(in, s, "is not a log driver (journald, k8s-file, none, passthrough)");
}

static int log_option(KeyInput *in, const UnitAssignment *a, const char *option, uint64_t *size) {
        bool is_size = str_has_prefix(option, "max-size=") || str_has_prefix(option, "size=");

        if (!is_size)
                return input_complain(in,
                                a,
                                DIAGNOSTIC_WARNING,
                                "not-supported",
                                "option '" SHOWN "' is not supported; ignored",
                                SHOWN_ARGUMENTS(option));
        if (value_parse_docker_size(strchr(option, '=') + 1, size) < 0)
                return input_bad_value(in, a, option, "has no size");
        return 0;
}

int parse_log_options(KeyInput *in, void *target) {
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, 0, &list);
                for (size_t i = 0; r >= 0 && i < list.n_words; i++)
                        r = log_option(in, a, list.words[i], target);
                if (r < 0)
                        return r;
        }
        return 0;
}
