/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "daemon/config.h"
#include "supd/paths.h"
#include "supd/version.h"
#include "unitfile/unit-spec.h"

static const char *const level_names[] = {
        [DIAG_ERROR] = "error",
        [DIAG_WARNING] = "warning",
        [DIAG_NOTICE] = "notice",
        [DIAG_INFO] = "info",
        [DIAG_DEBUG] = "debug",
};

static const char usage[] =
                "Usage: supd [OPTION...]\n"
                "\n"
                "Supervise the containers that unit files describe. Usually run as `supinit "
                "supd`,\n"
                "which restarts it should it ever crash, or as a service of systemd.\n"
                "\n"
                "  --unit-dir DIR      directory of unit files; repeatable, replaces the list\n"
                "  --runtime-dir DIR   sockets and running state [" SUPD_RUNTIME_DIR "]\n"
                "  --state-dir DIR     what outlives a reboot [" SUPD_STATE_DIR "]\n"
                "  --config FILE       configuration [" SUPD_CONFIG_FILE "]\n"
                "  --log-level LEVEL   error, warning, notice, info or debug [info]\n"
                "  --systemd-socket    serve systemctl on /run/systemd/private as well\n"
                "  -h, --help          this text\n"
                "      --version       version\n"
                "\n"
                "See supd(8), supctl(1) and supd.unit(5).\n";

const char *options_log_level_name(DiagLevel level) {
        return level_names[level];
}

int config_parse_log_level(const char *value, void *target) {
        for (DiagLevel i = DIAG_ERROR; i <= DIAG_DEBUG; i++) {
                if (str_equal(value, level_names[i])) {
                        *(DiagLevel *) target = i;
                        return 0;
                }
        }
        return -EINVAL;
}

enum {
        OPTION_UNIT_DIR = 0x100,
        OPTION_RUNTIME_DIR,
        OPTION_STATE_DIR,
        OPTION_CONFIG,
        OPTION_LOG_LEVEL,
        OPTION_SYSTEMD_SOCKET,
        OPTION_VERSION,
};

/* clang-format off */
static const struct option long_options[] = {
        { "unit-dir",       required_argument, NULL, OPTION_UNIT_DIR       },
        { "runtime-dir",    required_argument, NULL, OPTION_RUNTIME_DIR    },
        { "state-dir",      required_argument, NULL, OPTION_STATE_DIR      },
        { "config",         required_argument, NULL, OPTION_CONFIG         },
        { "log-level",      required_argument, NULL, OPTION_LOG_LEVEL      },
        { "systemd-socket", no_argument,       NULL, OPTION_SYSTEMD_SOCKET },
        { "help",           no_argument,       NULL, 'h'                   },
        { "version",        no_argument,       NULL, OPTION_VERSION        },
        {},
};
/* clang-format on */

static int need_absolute(const char *path, const char *option, Error *error) {
        if (*path == '/')
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "%s needs an absolute path, not '%s'",
                        option,
                        path);
}

/* One option of the command line. Return: 1; 0: answered, nothing more to do; negative errno. */
static int take_option(Options *o, int option, Error *error) {
        int r = 1;

        switch (option) {
        case OPTION_UNIT_DIR:
                r = need_absolute(optarg, "--unit-dir", error);
                return r < 0 ? r : strv_append(&o->unit_dirs, optarg) < 0 ? -ENOMEM : 1;
        case OPTION_RUNTIME_DIR:
                r = need_absolute(optarg, "--runtime-dir", error);
                return r < 0 ? r : str_replace(&o->runtime_dir, optarg) < 0 ? -ENOMEM : 1;
        case OPTION_STATE_DIR:
                r = need_absolute(optarg, "--state-dir", error);
                return r < 0 ? r : str_replace(&o->state_dir, optarg) < 0 ? -ENOMEM : 1;
        case OPTION_CONFIG:
                return str_replace(&o->config_file, optarg) < 0 ? -ENOMEM : 1;
        case OPTION_LOG_LEVEL:
                if (config_parse_log_level(optarg, &o->log_level) < 0)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "--log-level is error, warning, notice, info or debug, not "
                                        "'%s'",
                                        optarg);
                return 1;
        case OPTION_SYSTEMD_SOCKET:
                o->systemd_socket = true;
                return 1;
        case 'h':
                fputs(usage, stdout);
                return 0;
        case OPTION_VERSION:
                puts("supd " SUPD_VERSION);
                return 0;
        default:
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "see 'supd --help' for what it takes");
        }
}

static int take_command_line(Options *o, int argc, char **argv, Error *error) {
        int option, r;

        optind = 1;
        while ((option = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
                r = take_option(o, option, error);
                if (r <= 0)
                        return r;
        }
        if (optind < argc)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is too much: supd takes options only; units are started by "
                                "supctl",
                                argv[optind]);
        return 1;
}

int options_parse(Options *o, int argc, char **argv, Error *error) {
        _cleanup_(options_done) Options given = { .log_level = 0 };
        int r;

        *o = (Options) { .log_level = DIAG_INFO, .parallel_starts_max = STARTS_MAX_AUTO };
        r = take_command_line(&given, argc, argv, error);
        if (r <= 0)
                return r;

        r = str_replace(&o->config_file, given.config_file ?: SUPD_CONFIG_FILE);
        if (r >= 0)
                r = config_read(o, /* must_exist= */ given.config_file != NULL, error);
        if (r >= 0)
                r = str_replace(&o->runtime_dir, given.runtime_dir ?: getenv(SUPD_ENV_RUNTIME_DIR) ?: SUPD_RUNTIME_DIR);
        if (r >= 0)
                r = str_replace(&o->state_dir, given.state_dir ?: SUPD_STATE_DIR);
        if (r < 0)
                return r;

        if (given.log_level > 0)
                o->log_level = given.log_level;
        o->systemd_socket = o->systemd_socket || given.systemd_socket;
        if (given.unit_dirs)
                o->unit_dirs = TAKE_PTR(given.unit_dirs);
        else {
                r = unit_dirs_default(&o->unit_dirs, error);
                if (r < 0)
                        return r;
        }
        return 1;
}

void options_done(Options *o) {
        free(o->runtime_dir);
        free(o->state_dir);
        free(o->config_file);
        strv_free(o->unit_dirs);
        image_settings_done(&o->image);
        *o = (Options) {};
}
