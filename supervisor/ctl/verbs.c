/* SPDX-License-Identifier: MIT */
#include "ctl/verbs.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

#define ANY_NUMBER UINT32_MAX
#define ALIASES(...) ((const char *const[]) { __VA_ARGS__, NULL })

#define FILE_OPTIONS (OPTION_RUNTIME | OPTION_NO_RELOAD)

/* clang-format off */
static const Verb verbs[] = {
        { "list-units",    ALIASES("ps", "list"), verb_list_units, 0, ANY_NUMBER, "[PATTERN…]",
          "List units, those that are not inactive", OPTION_ALL | OPTION_STATE | OPTION_JSON },
        { "status",        NULL, verb_status,        0, ANY_NUMBER, "[UNIT…]",
          "Show how units are doing; without a unit, supd itself", OPTION_LINES | OPTION_JSON },
        { "start",         NULL, verb_start,         1, ANY_NUMBER, "UNIT…",
          "Start units; returns when they are active", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "stop",          NULL, verb_stop,          1, ANY_NUMBER, "UNIT…",
          "Stop units", OPTION_NO_BLOCK | OPTION_JOB_MODE },
        { "restart",       NULL, verb_restart,       1, ANY_NUMBER, "UNIT…",
          "Stop units, then start them", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "try-restart",   NULL, verb_try_restart,   1, ANY_NUMBER, "UNIT…",
          "Restart those units that run", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "reload",        NULL, verb_reload,        1, ANY_NUMBER, "UNIT…",
          "Have units read their configuration again", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "reload-or-restart", NULL, verb_reload_or_restart, 1, ANY_NUMBER, "UNIT…",
          "Reload units that can, restart or start the others", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "try-reload-or-restart", NULL, verb_try_reload_or_restart, 1, ANY_NUMBER, "UNIT…",
          "The same of those units that run", OPTION_NO_BLOCK | OPTION_JOB_MODE | OPTION_LINES },
        { "isolate",       NULL, verb_isolate,       1, 1, "UNIT",
          "Start a unit and stop whatever it does not need", OPTION_NO_BLOCK | OPTION_LINES },
        { "list-jobs",     NULL, verb_list_jobs,     0, 0, "",
          "List what is under way", OPTION_JSON },
        { "list-timers",   NULL, verb_list_timers,   0, ANY_NUMBER, "[PATTERN…]",
          "List timers, and when they elapse", OPTION_ALL | OPTION_JSON },
        { "list-sockets",  NULL, verb_list_sockets,  0, ANY_NUMBER, "[PATTERN…]",
          "List what socket units listen on", OPTION_ALL | OPTION_SHOW_TYPES | OPTION_JSON },
        { "cancel",        NULL, verb_cancel,        0, ANY_NUMBER, "[JOB…]",
          "Cancel jobs by their numbers; without one, all", 0 },
        { "why",           NULL, verb_why,           1, ANY_NUMBER, "UNIT…",
          "Tell why a unit is in its state: who asked, what failed, when it goes on", OPTION_JSON },
        { "set-property",  NULL, verb_set_property,  2, ANY_NUMBER, "UNIT KEY=VALUE…",
          "Change limits of a unit, at once and for its next starts", OPTION_RUNTIME },
        { "healthcheck",   ALIASES("healthcheck run"), verb_healthcheck, 1, 1, "UNIT",
          "Make a health check now; exit with 0 if it succeeds", 0 },
        { "list-dependencies", NULL, verb_list_dependencies, 0, 1, "[UNIT]",
          "Show what a unit needs, or default.target, as a tree", OPTION_DEEP | OPTION_REVERSE | OPTION_JSON },
        { "kill",          NULL, verb_kill,          1, ANY_NUMBER, "UNIT…",
          "Send a signal to units' processes", OPTION_SIGNAL | OPTION_KILL_WHOM },
        { "pause",         ALIASES("freeze"), verb_pause, 1, ANY_NUMBER, "UNIT…",
          "Freeze units' processes; returns when they stand still", 0 },
        { "unpause",       ALIASES("thaw", "resume"), verb_unpause, 1, ANY_NUMBER, "UNIT…",
          "Let paused units go on", 0 },
        { "logs",          ALIASES("log"), verb_logs, 1, 1, "UNIT",
          "Show what a unit printed", OPTION_FOLLOW | OPTION_LINES | OPTION_SINCE | OPTION_UNTIL |
          OPTION_OUTPUT | OPTION_JSON },
        { "show",          NULL, verb_show,          0, ANY_NUMBER, "[UNIT…]",
          "Show properties; without a unit, those of supd", OPTION_PROPERTY | OPTION_VALUE | OPTION_JSON },
        { "cat",           NULL, verb_cat,           1, ANY_NUMBER, "UNIT…",
          "Print units' files and drop-ins", 0 },
        { "is-active",     NULL, verb_is_active,     1, ANY_NUMBER, "UNIT…",
          "Exit with 0 if a unit is active", 0 },
        { "is-failed",     NULL, verb_is_failed,     1, ANY_NUMBER, "UNIT…",
          "Exit with 0 if a unit has failed", 0 },
        { "reset-failed",  NULL, verb_reset_failed,  0, ANY_NUMBER, "[UNIT…]",
          "Forget failures and restart counts", 0 },
        { "list-unit-files", NULL, verb_list_unit_files, 0, ANY_NUMBER, "[PATTERN…]",
          "List unit files and how they are installed", OPTION_TYPE | OPTION_FILE_STATE | OPTION_JSON },
        { "is-enabled",    NULL, verb_is_enabled,    1, ANY_NUMBER, "UNIT…",
          "Print how units are installed; exit with 0 if one is enabled", OPTION_LINKS },
        { "enable",        NULL, verb_enable,        1, ANY_NUMBER, "UNIT…|PATH…",
          "Make the links that [Install] asks for", FILE_OPTIONS | OPTION_NOW | OPTION_REPLACE },
        { "disable",       NULL, verb_disable,       1, ANY_NUMBER, "UNIT…",
          "Take away all links to units", FILE_OPTIONS | OPTION_NOW },
        { "reenable",      NULL, verb_reenable,      1, ANY_NUMBER, "UNIT…|PATH…",
          "Disable, then enable: what [Install] says now", FILE_OPTIONS | OPTION_NOW | OPTION_REPLACE },
        { "preset",        NULL, verb_preset,        1, ANY_NUMBER, "UNIT…",
          "Enable or disable units as presets say", FILE_OPTIONS | OPTION_REPLACE | OPTION_PRESET_MODE },
        { "preset-all",    NULL, verb_preset_all,    0, 0, "",
          "The same of all unit files", FILE_OPTIONS | OPTION_REPLACE | OPTION_PRESET_MODE },
        { "mask",          NULL, verb_mask,          1, ANY_NUMBER, "UNIT…",
          "Make it impossible to start units", FILE_OPTIONS | OPTION_NOW | OPTION_REPLACE },
        { "unmask",        NULL, verb_unmask,        1, ANY_NUMBER, "UNIT…",
          "Undo mask", FILE_OPTIONS },
        { "link",          NULL, verb_link,          1, ANY_NUMBER, "PATH…",
          "Make unit files known that lie elsewhere", FILE_OPTIONS | OPTION_REPLACE },
        { "add-wants",     NULL, verb_add_wants,     2, ANY_NUMBER, "TARGET UNIT…",
          "Have a target want units", FILE_OPTIONS | OPTION_REPLACE },
        { "add-requires",  NULL, verb_add_requires,  2, ANY_NUMBER, "TARGET UNIT…",
          "Have a target require units", FILE_OPTIONS | OPTION_REPLACE },
        { "edit",          NULL, verb_edit,          1, ANY_NUMBER, "UNIT…",
          "Change units by drop-ins, in an editor", FILE_OPTIONS | OPTION_EDIT },
        { "revert",        NULL, verb_revert,        1, ANY_NUMBER, "UNIT…",
          "Remove drop-ins, masks and files that stand before the vendor's", OPTION_NO_RELOAD },
        { "get-default",   NULL, verb_get_default,   0, 0, "",
          "Print what default.target is", 0 },
        { "set-default",   NULL, verb_set_default,   1, 1, "TARGET",
          "Say what default.target is", OPTION_NO_RELOAD },
        { "daemon-reload", NULL, verb_daemon_reload, 0, 0, "",
          "Read all unit files again and tell what is wrong in them", OPTION_JSON },
        { "daemon-reexec", NULL, verb_daemon_reexec, 0, 0, "",
          "Replace supd by its installed version; containers run on", 0 },
        { "analyze",       ALIASES("analyze time"), verb_analyze_time, 0, 0, "",
          "Tell how long the start took", OPTION_JSON },
        { "analyze blame", NULL, verb_analyze_blame, 0, ANY_NUMBER, "[PATTERN…]",
          "List units by how long their start took, with its phases", OPTION_JSON },
        { "analyze critical-chain", NULL, verb_analyze_critical_chain, 0, ANY_NUMBER, "[UNIT…]",
          "Show what a unit, or default.target, waited for, as a tree", 0 },
        { "analyze plot",  NULL, verb_analyze_plot,  0, ANY_NUMBER, "[PATTERN…]",
          "Draw the start as an SVG picture, with image, network, mount, exec and ready phases", 0 },
        { "analyze dot",   NULL, verb_analyze_dot,   0, ANY_NUMBER, "[PATTERN…]",
          "Print the dependencies as a graph for Graphviz' dot", OPTION_GRAPH },
        { "analyze security", NULL, verb_analyze_security, 0, ANY_NUMBER, "[UNIT|FILE…]",
          "Judge how well containers are isolated", OPTION_JSON },
        { "analyze dump",  NULL, verb_analyze_dump,  0, ANY_NUMBER, "[PATTERN…]",
          "Print all that supd knows of units", 0 },
        { "analyze calendar", NULL, verb_analyze_calendar, 1, ANY_NUMBER, "EXPRESSION…",
          "Tell what calendar expressions mean, and when they elapse", OPTION_ELAPSES | OPTION_JSON },
        { "analyze timespan", NULL, verb_analyze_timespan, 1, ANY_NUMBER, "SPAN…",
          "Tell how long spans of time are", OPTION_JSON },
        { "analyze timestamp", NULL, verb_analyze_timestamp, 1, ANY_NUMBER, "TIME…",
          "Tell which points in time are meant", OPTION_JSON },
        { "verify",        ALIASES("analyze verify"), verb_verify,        1, ANY_NUMBER, "FILE…",
          "Check unit files; needs no supd", OPTION_STRICT | OPTION_JSON },
        { "images",        ALIASES("image ls", "image list"), verb_images, 0, 1, "[PATTERN]",
          "List images", OPTION_UNNAMED | OPTION_DIGESTS | OPTION_NO_TRUNC | OPTION_FILTER | OPTION_JSON },
        { "pull",          ALIASES("image pull"), verb_pull, 1, ANY_NUMBER, "REF…",
          "Fetch images from registries, or from oci:DIR and the like",
          OPTION_POLICY | OPTION_REGISTRY | OPTION_PLATFORM | OPTION_JSON },
        { "load",          ALIASES("image load"), verb_load, 0, 0, "[-i FILE]",
          "Load images from an archive of docker, podman, skopeo or supctl",
          OPTION_INPUT | OPTION_PLATFORM | OPTION_JSON },
        { "save",          ALIASES("image save"), verb_save, 1, ANY_NUMBER, "IMAGE…",
          "Write images into an archive", OPTION_OUTPUT_FILE | OPTION_FORMAT },
        { "import",        ALIASES("image import"), verb_import, 1, 2, "FILE|- [REF]",
          "Make an image of a root file system in a tar archive",
          OPTION_CHANGE | OPTION_MESSAGE | OPTION_PLATFORM | OPTION_JSON },
        { "tag",           ALIASES("image tag"), verb_tag, 2, ANY_NUMBER, "IMAGE REF…",
          "Give an image further names", 0 },
        { "rmi",           ALIASES("image rm", "image remove"), verb_rmi, 1, ANY_NUMBER, "IMAGE…",
          "Remove names of images, and images that have none left", OPTION_FORCE },
        { "history",       ALIASES("image history"), verb_history, 1, 1, "IMAGE",
          "Show how an image was made", OPTION_NO_TRUNC | OPTION_JSON },
        { "image inspect", NULL, verb_image_inspect, 1, ANY_NUMBER, "IMAGE…",
          "Show what an image is and how it runs", OPTION_JSON },
        { "image prune",   NULL, verb_image_prune,   0, 0, "",
          "Remove images without a name that no container is made of",
          OPTION_UNUSED | OPTION_FORCE | OPTION_PRUNE_FILTER | OPTION_DRY_RUN | OPTION_JSON },
        { "image verify",  ALIASES("image check"), verb_image_verify, 0, ANY_NUMBER, "[IMAGE…]",
          "Compare what is stored of images, of all by default, with its digests",
          OPTION_REPAIR | OPTION_REGISTRY | OPTION_JSON },
        { "df",            ALIASES("system df"), verb_df, 0, 0, "",
          "Show what takes space on disk, and what could go", OPTION_VERBOSE | OPTION_JSON },
        { "prune",         ALIASES("system prune"), verb_image_prune, 0, 0, "",
          "Remove what nothing needs any more",
          OPTION_UNUSED | OPTION_FORCE | OPTION_PRUNE_FILTER | OPTION_DRY_RUN | OPTION_JSON },
        { "secret create", NULL, verb_secret_create, 2, 2, "NAME FILE|-",
          "Store a secret, read from a file or from standard input", OPTION_SECRET_CREATE },
        { "secret ls",     ALIASES("secret list", "secrets"), verb_secret_list, 0, 0, "",
          "List secrets; with --quiet their ids", OPTION_JSON },
        { "secret inspect", NULL, verb_secret_inspect, 1, ANY_NUMBER, "NAME…",
          "Show what is known of secrets", OPTION_SECRET_SHOW | OPTION_JSON },
        { "secret exists", NULL, verb_secret_exists, 1, 1, "NAME",
          "Exit with 0 if there is a secret of that name", 0 },
        { "secret rm",     ALIASES("secret remove"), verb_secret_remove, 0, ANY_NUMBER, "NAME…|--all",
          "Remove secrets; containers that run keep what they have", OPTION_SECRET_ALL },
        { "version",       NULL, verb_version,       0, 0, "",
          "Print the versions of supctl and supd", OPTION_JSON },
        { "help",          NULL, verb_help,          0, 2, "[VERB]",
          "Explain supctl or one verb", 0 },
};
/* clang-format on */

const Verb *verb_at(size_t index) {
        return index < ELEMENTSOF(verbs) ? &verbs[index] : NULL;
}

static const Verb *find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (str_equal(verbs[i].name, name))
                        return &verbs[i];
                for (const char *const *alias = verbs[i].aliases; alias && *alias; alias++) {
                        if (str_equal(*alias, name))
                                return &verbs[i];
                }
        }
        return NULL;
}

int verb_find(const char *name, const Verb **ret, Error *error) {
        const char *candidates[ELEMENTSOF(verbs) + 1] = {};

        const Verb *verb = find(name);
        if (verb) {
                *ret = verb;
                return 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                candidates[i] = verbs[i].name;
        const char *meant = text_suggest(name, candidates);
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "unknown verb '%s'%s%s%s",
                        name,
                        meant ? "; did you mean '" : ", see 'supctl --help'",
                        meant ?: "",
                        meant ? "'?" : "");
}

bool verb_is_of_family(const Verb *verb, const char *family) {
        size_t n = strlen(family);

        if (str_has_prefix(verb->name, family) && verb->name[n] == ' ')
                return true;
        for (const char *const *alias = verb->aliases; alias && *alias; alias++) {
                if (str_has_prefix(*alias, family) && (*alias)[n] == ' ')
                        return true;
        }
        return false;
}

static bool is_family(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (verb_is_of_family(&verbs[i], name))
                        return true;
        }
        return false;
}

int verb_find_words(char *const *words, const Verb **ret, size_t *ret_n, Error *error) {
        bool family = is_family(words[0]);
        _cleanup_free_ char *both =
                        words[1] && family ? str_printf("%s %s", words[0], words[1]) : NULL;

        if (words[1] && family && !both)
                return -ENOMEM;
        /* A family's name may be a verb as well, with words of its own or without any. */
        const Verb *single = find(words[0]);
        if (single && (!both || (!find(both) && single->words_max > 0))) {
                family = false;
                free(both);
                both = NULL;
        }
        if (family && !both)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' needs a second word; see 'supctl help %s'",
                                words[0],
                                words[0]);
        int r = verb_find(both ?: words[0], ret, error);
        if (r >= 0 && ret_n)
                *ret_n = both ? 2 : 1;
        return r;
}

int verb_check(const Verb *verb, char *const *words, const Options *options, Error *error) {
        size_t n = strv_length(words);

        if (options->foreign)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' has no option --%s; see 'supctl %s --help'",
                                verb->name,
                                options->foreign,
                                verb->name);
        if (n < verb->words_min || n > verb->words_max)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "too %s arguments; usage: supctl %s [OPTION…]%s%s",
                                n < verb->words_min ? "few" : "many",
                                verb->name,
                                *verb->synopsis ? " " : "",
                                verb->synopsis);
        return 0;
}

int context_connect(Context *c, Error *error) {
        return c->client ? 0 : client_connect(c->options->runtime_dir, &c->client, error);
}
