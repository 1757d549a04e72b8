/* SPDX-License-Identifier: MIT */
#include "image/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "supd/image-store.h"
#include "supd/paths.h"
#include "supd/version.h"

static const char usage[] =
                "Usage: supd-image [OPTION...] VERB [ARGUMENT...]\n"
                "\n"
                "Images of containers, in an OCI layout of their own. Answers with KEY=value "
                "lines.\n"
                "\n"
                "  load SOURCE           oci:DIR[:TAG], oci-archive:FILE[:TAG],\n"
                "                        docker-archive:FILE[:REF], archive:FILE (either)\n"
                "                        or dir:DIR\n"
                "  pull SOURCE           the same, or a name: from its registry\n"
                "  ls                    all images\n"
                "  inspect IMAGE         one image: its configuration, its layers' directories\n"
                "  rm IMAGE...           remove names; of a digest, all of them\n"
                "  prune                 remove images without name, and what no image needs\n"
                "  df                    what uses how much\n"
                "  tag IMAGE REF...      further names for an image\n"
                "  history IMAGE         the steps of its making, the oldest first\n"
                "  save IMAGE...         write an archive of images to standard output\n"
                "  import FILE|- [REF]   a root file system in a tar archive becomes an image\n"
                "  check [IMAGE...]      compare content with its digests, all by default\n"
                "  root-make IMAGE       make the root of container --id\n"
                "  root-remove ID        remove it\n"
                "  trash                 remove what is in DIR/container/.trash\n"
                "\n"
                "  --state-dir DIR       the store is in DIR/image and DIR/layer [" SUPD_STATE_DIR
                "]\n"
                "  --additional-store DIR  another state directory, only read; repeatable\n"
                "  --driver NAME         overlay, btrfs or vfs: how containers get their root "
                "[overlay]\n"
                "  --id ID               root-make: of the container\n"
                "  --size-max-root BYTES  root-make: all that the root may take; btrfs only\n"
                "  --settings FILE       what supd.conf says [" SUPD_RUNTIME_DIR
                "/" SUPD_IMAGE_SETTINGS_FILE "]\n"
                "  --die-with PID        end when this process, the parent, ends\n"
                "  --name REF            load, pull: what the image is called\n"
                "  --source-name PATH    load, import: what standard input is called\n"
                "  --os, --arch, --variant WORD  load, pull: which of an index [this machine]\n"
                "  --jobs N              load, pull: layers unpacked at a time, 1 to 16 [a "
                "processor each]\n"
                "  --size-max BYTES      load, pull, check: limit of one unpacked layer [1 TiB]\n"
                "  --entries-max N       load, pull, check: limit of one layer's entries "
                "[10000000]\n"
                "  --policy WORD         pull: always, missing, never or newer [missing]\n"
                "  --parallel N          pull: downloads at a time, 1 to 16 [3]\n"
                "  --blob DIGEST         pull: this blob of the image alone\n"
                "  --retry N             pull, check: further attempts [pull: 3 or 1, check: 0]\n"
                "  --retry-delay DURATION  pull, check: between them [from 2s on, doubling]\n"
                "  --stall-timeout DURATION  pull, check: without a byte [30s]\n"
                "  --auth-file FILE      pull, check: logins [those of podman and docker]\n"
                "  --creds-file FILE     pull: USER:PASSWORD for this registry\n"
                "  --cert-dir DIR        pull, check: authorities and certificates for TLS\n"
                "  --tls-verify yes|no   pull, check: whether https, with whose certificate, is a "
                "must\n"
                "  --output PATH         save: a file, or a new or empty directory\n"
                "  --format FORMAT       save: docker-archive, oci-archive, oci-dir or dir\n"
                "                        [docker-archive]\n"
                "  --records-fd N        save: where the answer goes [standard error, when the\n"
                "                        archive goes to standard output]\n"
                "  --change LINE         import: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL,\n"
                "                        USER, VOLUME or WORKDIR as in a Dockerfile; repeatable\n"
                "  --message TEXT        import: the comment in the image's history\n"
                "  --keep DIGEST         rm, prune: an image in use; repeatable\n"
                "  --all                 prune: also images with a name\n"
                "  --force               rm: also an image in use, which loses all its names\n"
                "  --dry-run             prune: tell what would go, and remove nothing\n"
                "  --filter CONDITION    prune: until=TIME or AGE, label=KEY[=VALUE], label!=...;\n"
                "                        repeatable, all must hold\n"
                "  --repair              check: unpack damaged layers anew, fetch damaged blobs\n"
                "  -h, --help            this text\n"
                "      --version         version\n"
                "\n"
                "See supd-image(8).\n";

typedef enum OptionId {
        OPTION_STATE_DIR,
        OPTION_ADDITIONAL_STORE,
        OPTION_DRIVER,
        OPTION_ID,
        OPTION_SIZE_MAX_ROOT,
        OPTION_NAME,
        OPTION_SOURCE_NAME,
        OPTION_OS,
        OPTION_ARCH,
        OPTION_VARIANT,
        OPTION_JOBS,
        OPTION_SIZE_MAX,
        OPTION_ENTRIES_MAX,
        OPTION_KEEP,
        OPTION_SETTINGS,
        OPTION_DIE_WITH,
        OPTION_POLICY,
        OPTION_PARALLEL,
        OPTION_BLOB,
        OPTION_RETRY,
        OPTION_RETRY_DELAY,
        OPTION_STALL_TIMEOUT,
        OPTION_AUTH_FILE,
        OPTION_CREDS_FILE,
        OPTION_CERT_DIR,
        OPTION_TLS_VERIFY,
        OPTION_ALL,
        OPTION_REPAIR,
        OPTION_FORCE,
        OPTION_DRY_RUN,
        OPTION_FILTER,
        OPTION_OUTPUT,
        OPTION_FORMAT,
        OPTION_RECORDS_FD,
        OPTION_CHANGE,
        OPTION_MESSAGE,
        OPTION_HELP,
        OPTION_VERSION,
        _OPTION_MAX,
} OptionId;
static_assert(_OPTION_MAX <= 64, "a verb's options fit a number");

/* getopt_long() answers with 0x100 and the OptionId. */
/* clang-format off */
static const struct option long_options[] = {
        { "state-dir",        required_argument, NULL, 0x100 + OPTION_STATE_DIR        },
        { "additional-store", required_argument, NULL, 0x100 + OPTION_ADDITIONAL_STORE },
        { "name",             required_argument, NULL, 0x100 + OPTION_NAME             },
        { "source-name",      required_argument, NULL, 0x100 + OPTION_SOURCE_NAME      },
        { "os",               required_argument, NULL, 0x100 + OPTION_OS               },
        { "arch",             required_argument, NULL, 0x100 + OPTION_ARCH             },
        { "driver",           required_argument, NULL, 0x100 + OPTION_DRIVER           },
        { "id",               required_argument, NULL, 0x100 + OPTION_ID               },
        { "size-max-root",    required_argument, NULL, 0x100 + OPTION_SIZE_MAX_ROOT    },
        { "variant",          required_argument, NULL, 0x100 + OPTION_VARIANT          },
        { "jobs",             required_argument, NULL, 0x100 + OPTION_JOBS             },
        { "size-max",         required_argument, NULL, 0x100 + OPTION_SIZE_MAX         },
        { "entries-max",      required_argument, NULL, 0x100 + OPTION_ENTRIES_MAX      },
        { "keep",             required_argument, NULL, 0x100 + OPTION_KEEP             },
        { "settings",         required_argument, NULL, 0x100 + OPTION_SETTINGS         },
        { "die-with",         required_argument, NULL, 0x100 + OPTION_DIE_WITH         },
        { "policy",           required_argument, NULL, 0x100 + OPTION_POLICY           },
        { "parallel",         required_argument, NULL, 0x100 + OPTION_PARALLEL         },
        { "blob",             required_argument, NULL, 0x100 + OPTION_BLOB             },
        { "retry",            required_argument, NULL, 0x100 + OPTION_RETRY            },
        { "retry-delay",      required_argument, NULL, 0x100 + OPTION_RETRY_DELAY      },
        { "stall-timeout",    required_argument, NULL, 0x100 + OPTION_STALL_TIMEOUT    },
        { "auth-file",        required_argument, NULL, 0x100 + OPTION_AUTH_FILE        },
        { "creds-file",       required_argument, NULL, 0x100 + OPTION_CREDS_FILE       },
        { "cert-dir",         required_argument, NULL, 0x100 + OPTION_CERT_DIR         },
        { "tls-verify",       required_argument, NULL, 0x100 + OPTION_TLS_VERIFY       },
        { "all",              no_argument,       NULL, 0x100 + OPTION_ALL              },
        { "repair",           no_argument,       NULL, 0x100 + OPTION_REPAIR           },
        { "force",            no_argument,       NULL, 0x100 + OPTION_FORCE            },
        { "dry-run",          no_argument,       NULL, 0x100 + OPTION_DRY_RUN          },
        { "filter",           required_argument, NULL, 0x100 + OPTION_FILTER           },
        { "output",           required_argument, NULL, 0x100 + OPTION_OUTPUT           },
        { "format",           required_argument, NULL, 0x100 + OPTION_FORMAT           },
        { "records-fd",       required_argument, NULL, 0x100 + OPTION_RECORDS_FD       },
        { "change",           required_argument, NULL, 0x100 + OPTION_CHANGE           },
        { "message",          required_argument, NULL, 0x100 + OPTION_MESSAGE          },
        { "help",             no_argument,       NULL, 0x100 + OPTION_HELP             },
        { "version",          no_argument,       NULL, 0x100 + OPTION_VERSION          },
        {},
};

#define BIT(option) (UINT64_C(1) << OPTION_##option)
#define COMMON \
        (BIT(STATE_DIR) | BIT(ADDITIONAL_STORE) | BIT(SETTINGS) | BIT(DIE_WITH))
#define LIMITS (BIT(SIZE_MAX) | BIT(ENTRIES_MAX))
#define PLATFORM (BIT(OS) | BIT(ARCH) | BIT(VARIANT))
#define NETWORK \
        (BIT(RETRY) | BIT(RETRY_DELAY) | \
                        BIT(STALL_TIMEOUT) | BIT(AUTH_FILE) | \
                        BIT(CERT_DIR) | \
                        BIT(TLS_VERIFY))
#define PULL \
        (BIT(POLICY) | BIT(PARALLEL) | \
                        BIT(BLOB) | BIT(CREDS_FILE))

static const Verb verbs[] = {
        { "load",    operation_load,
                COMMON | LIMITS | PLATFORM | BIT(NAME) | BIT(SOURCE_NAME) | BIT(JOBS) |
                        BIT(DRIVER),
                                             1, 1,        .writes = true, .unpacks = true,
                                                          .reads = true, .storage = STORAGE_PREPARES },
        { "pull",    operation_pull,
                COMMON | LIMITS | PLATFORM | NETWORK | PULL | BIT(NAME) | BIT(JOBS) | BIT(DRIVER),
                                             1, 1,        .writes = true, .unpacks = true,
                                                          .reads = true, .storage = STORAGE_PREPARES },
        { "ls",      operation_list,         COMMON, 0, 0 },
        { "inspect", operation_inspect,      COMMON, 1, 1 },
        { "rm",      operation_remove,       COMMON | BIT(KEEP) | BIT(FORCE),
                                             1, UINT_MAX, .writes = true },
        { "prune",   operation_prune,
                COMMON | BIT(KEEP) | BIT(ALL) | BIT(DRY_RUN) | BIT(FILTER),
                                             0, 0,        .writes = true },
        { "tag",     operation_tag,          COMMON, 2, UINT_MAX, .writes = true },
        { "history", operation_history,      COMMON, 1, 1 },
        { "save",    operation_save,
                COMMON | BIT(OUTPUT) | BIT(FORMAT) | BIT(RECORDS_FD),
                                             1, UINT_MAX, .writes = true },
        { "import",  operation_import,
                COMMON | LIMITS | PLATFORM | BIT(SOURCE_NAME) | BIT(CHANGE) | BIT(MESSAGE) |
                        BIT(DRIVER),
                                             1, 2,        .writes = true, .unpacks = true,
                                                          .storage = STORAGE_PREPARES },
        { "df",      operation_disk_usage,   COMMON, 0, 0 },
        { "check",   operation_check,        COMMON | LIMITS | NETWORK | BIT(REPAIR) | BIT(DRIVER),
                                             0, UINT_MAX,       .writes = true, .unpacks = true },
        { "root-make", operation_root_make,
                COMMON | BIT(DRIVER) | BIT(ID) | BIT(SIZE_MAX_ROOT),
                                             1, 1,        .writes = true,
                .storage = STORAGE_PREPARES | STORAGE_MAKES_ROOT },
        { "root-remove", operation_root_remove, COMMON,
                                             1, 1,        .writes = true,
                .storage = STORAGE_REMOVES, .names_container = true },
        { "trash",   operation_trash,        COMMON,
                                             0, 0,        .writes = true,
                .storage = STORAGE_REMOVES },
};
/* clang-format on */

static int usage_error(Error *error, const char *what, const char *detail) {
        return error_set_plain(
                        error, -EINVAL, ERROR_INVALID_ARGUMENT, "%s%s; see --help", what, detail);
}

static int take_option(Options *o, OptionId id, const char *value) {
        const char **texts[_OPTION_MAX] = {
                [OPTION_STATE_DIR] = &o->state_dir,
                [OPTION_DRIVER] = &o->driver,
                [OPTION_ID] = &o->id,
                [OPTION_SIZE_MAX_ROOT] = &o->size_max_root,
                [OPTION_NAME] = &o->name,
                [OPTION_SOURCE_NAME] = &o->source_name,
                [OPTION_OS] = &o->os,
                [OPTION_ARCH] = &o->architecture,
                [OPTION_VARIANT] = &o->variant,
                [OPTION_JOBS] = &o->jobs,
                [OPTION_SIZE_MAX] = &o->size_max,
                [OPTION_ENTRIES_MAX] = &o->entries_max,
                [OPTION_SETTINGS] = &o->settings,
                [OPTION_DIE_WITH] = &o->die_with,
                [OPTION_POLICY] = &o->policy,
                [OPTION_PARALLEL] = &o->parallel,
                [OPTION_BLOB] = &o->blob,
                [OPTION_RETRY] = &o->retry,
                [OPTION_RETRY_DELAY] = &o->retry_delay,
                [OPTION_STALL_TIMEOUT] = &o->stall_timeout,
                [OPTION_AUTH_FILE] = &o->auth_file,
                [OPTION_CREDS_FILE] = &o->creds_file,
                [OPTION_CERT_DIR] = &o->cert_dir,
                [OPTION_TLS_VERIFY] = &o->tls_verify,
                [OPTION_OUTPUT] = &o->output,
                [OPTION_FORMAT] = &o->format,
                [OPTION_RECORDS_FD] = &o->records_fd,
                [OPTION_MESSAGE] = &o->message,
        };

        if (texts[id]) {
                *texts[id] = value;
                return 0;
        }
        switch (id) {
        case OPTION_ADDITIONAL_STORE:
                return strv_append(&o->additional_stores, value);
        case OPTION_KEEP:
                return strv_append(&o->keep, value);
        case OPTION_ALL:
                o->all = true;
                return 0;
        case OPTION_REPAIR:
                o->repair = true;
                return 0;
        case OPTION_FILTER:
                return strv_append(&o->filters, value);
        case OPTION_CHANGE:
                return strv_append(&o->changes, value);
        case OPTION_DRY_RUN:
                o->dry_run = true;
                return 0;
        case OPTION_FORCE:
                o->force = true;
                return 0;
        default:
                return -EINVAL;
        }
}

static int print(const char *text) {
        return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? -EIO : 1;
}

static int find_verb(const char *name, uint64_t given, const Verb **ret, Error *error) {
        const Verb *verb = NULL;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (str_equal(verbs[i].name, name))
                        verb = &verbs[i];
        if (!verb)
                return usage_error(error, "unknown verb ", name);
        for (unsigned i = 0; long_options[i].name; i++)
                if (given & ~verb->options & UINT64_C(1) << (long_options[i].val - 0x100))
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "'%s' takes no option --%s; see --help",
                                        name,
                                        long_options[i].name);
        *ret = verb;
        return 0;
}

int options_parse(int argc, char **argv, Options *ret, const Verb **ret_verb, Error *error) {
        _cleanup_(options_done) Options o = { .state_dir = SUPD_STATE_DIR };
        uint64_t given = 0;
        int c, r;

        opterr = 0;
        while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
                if (c == 'h' || c == 0x100 + OPTION_HELP)
                        return print(usage);
                if (c == 0x100 + OPTION_VERSION)
                        return print("supd-image " SUPD_VERSION "\n");
                if (c == '?' || c == ':')
                        return usage_error(error, "bad option ", argv[optind - 1]);
                given |= UINT64_C(1) << (c - 0x100);
                r = take_option(&o, (OptionId) (c - 0x100), optarg);
                if (r < 0)
                        return r;
        }
        if (optind >= argc)
                return usage_error(error, "a verb is missing", "");
        r = find_verb(argv[optind], given, ret_verb, error);
        if (r < 0)
                return r;
        o.arguments = argv + optind + 1;
        size_t n = strv_length(o.arguments);
        if (n < (*ret_verb)->arguments_min || n > (*ret_verb)->arguments_max)
                return usage_error(error, "wrong number of arguments for ", (*ret_verb)->name);
        if ((*ret_verb)->names_container)
                o.id = o.arguments[0];
        else if (!o.id && (*ret_verb)->options & BIT(ID))
                return usage_error(error, "--id is missing for ", (*ret_verb)->name);

        *ret = o;
        o = (Options) {};
        return 0;
}

void options_done(Options *o) {
        (void) strv_free(o->additional_stores);
        (void) strv_free(o->keep);
        (void) strv_free(o->filters);
        (void) strv_free(o->changes);
        *o = (Options) {};
}
