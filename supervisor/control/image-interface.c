/* SPDX-License-Identifier: MIT */
/*
 * org.supd.Image: images as clients work on them, by a program of its own that supd starts for them. It
 * has more rights than a client need have, so that what it is told is looked at here: verbs and options
 * are those of a table, and files are opened by the client, never by name.
 */
#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/reference.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/bus-error.h"
#include "control/control-internal.h"
#include "control/verbs.h"
#include "kinds/subprocess.h"

#define WORDS_MAX 1024U
#define DATA_PATH "/dev/stdin" /* how the client's descriptor is called */
#define RECORDS_OPTION "--records-fd=3"

/* ---- what may be asked for --------------------------------------------------------------------- */

typedef enum DataUse {
        DATA_NONE,
        DATA_IN,  /* its standard input */
        DATA_OUT, /* its standard output; records go to descriptor 3 */
} DataUse;

typedef struct ImageVerb {
        const char *name;
        const char *const *options; /* NULL-terminated; "=" at the end: it takes a value */
        DataUse data;
        bool names_source; /* its first argument is where an image comes from */
} ImageVerb;

#define OPTIONS(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define PLATFORM "--os=", "--arch=", "--variant="
#define REGISTRY \
        "--auth-file=", "--creds-file=", "--cert-dir=", "--tls-verify=", "--retry=", \
                        "--retry-delay="

/* clang-format off */
static const ImageVerb verbs[] = {
        { "ls",      OPTIONS(NULL),                                  DATA_NONE, false },
        { "inspect", OPTIONS(NULL),                                  DATA_NONE, false },
        { "history", OPTIONS(NULL),                                  DATA_NONE, false },
        { "tag",     OPTIONS(NULL),                                  DATA_NONE, false },
        { "rm",      OPTIONS("--force"),                             DATA_NONE, false },
        { "prune",   OPTIONS("--all", "--dry-run", "--filter="),     DATA_NONE, false },
        { "df",      OPTIONS(NULL),                                  DATA_NONE, false },
        { "check",   OPTIONS("--repair", REGISTRY),                  DATA_IN,   false },
        { "pull",    OPTIONS("--policy=", REGISTRY, PLATFORM),       DATA_IN,   true  },
        { "load",    OPTIONS("--name=", "--source-name=", PLATFORM), DATA_IN,   true  },
        { "import",  OPTIONS("--source-name=", "--change=", "--message=", PLATFORM),   DATA_IN,   true  },
        { "save",    OPTIONS("--format="),                           DATA_OUT,  false },
};

/* Options that name what the client has opened, or a directory of a kind that has no descriptor. */
static const struct {
        const char *prefix;
        const char *value; /* NULL: an absolute path */
} path_options[] = {
        { "--auth-file=",  DATA_PATH },
        { "--creds-file=", DATA_PATH },
        { "--cert-dir=",   NULL      },
};
/* clang-format on */

static int bad_words(Error *error, const char *what, const char *word) {
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "%s '%.*s'",
                        what,
                        (int) REFERENCE_NAME_MAX,
                        word);
}

static int find_verb(const char *name, const ImageVerb **ret, Error *error) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (str_equal(verbs[i].name, name)) {
                        *ret = &verbs[i];
                        return 0;
                }
        }
        return bad_words(error, "nobody may ask supd-image for", name);
}

static int check_option(const ImageVerb *verb, const char *word, Error *error) {
        for (size_t i = 0; i < ELEMENTSOF(path_options); i++) {
                if (!str_has_prefix(word, path_options[i].prefix))
                        continue;
                const char *value = word + strlen(path_options[i].prefix);
                if (path_options[i].value ? !str_equal(value, path_options[i].value)
                                          : *value != '/')
                        return bad_words(error, "a file has to be opened by the client:", word);
        }
        for (const char *const *option = verb->options; *option; option++) {
                if (str_has_suffix(*option, "=") ? str_has_prefix(word, *option)
                                                 : str_equal(word, *option))
                        return 0;
        }
        return bad_words(error, "supd-image is not to be given the option", word);
}

/* Where an image comes from: a registry, or the descriptor. */
static int check_source(const ImageVerb *verb, const char *word, Error *error) {
        _cleanup_(image_source_done) ImageSource source = {};

        if (str_equal(verb->name, "import"))
                return str_equal(word, "-") ? 0 : bad_words(error, "import of", word);
        int r = image_source_parse(word, &source, error);
        if (r < 0)
                return r;
        if (source.transport != TRANSPORT_REGISTRY && !str_equal(source.path, DATA_PATH))
                return bad_words(error, "a file has to be opened by the client:", word);
        return 0;
}

static bool is_option(const char *word) {
        return word[0] == '-' && word[1] && !str_equal(word, "--");
}

/* The command line, in the order: what supd adds, the verb, its options, "--", arguments. */
static int make_command(const ControlInfo *info,
                char *const *words,
                const ImageVerb *verb,
                char ***ret,
                Error *error) {
        _cleanup_strv_ char **argv = NULL;
        char *const *word = words + 1;
        int r;

        r = strv_append(&argv, info->image_path);
        STRV_FOREACH (argument, info->image_arguments) {
                if (r >= 0)
                        r = strv_append(&argv, *argument);
        }
        if (r >= 0 && verb->data == DATA_OUT)
                r = strv_append(&argv, RECORDS_OPTION);
        if (r >= 0)
                r = strv_append(&argv, verb->name);
        for (; r >= 0 && *word && is_option(*word); word++) {
                r = check_option(verb, *word, error);
                if (r >= 0)
                        r = strv_append(&argv, *word);
        }
        if (str_equal(*word, "--"))
                word++;
        if (r >= 0 && verb->names_source && *word)
                r = check_source(verb, *word, error);
        if (r >= 0)
                r = strv_append(&argv, "--");
        for (; r >= 0 && *word; word++)
                r = strv_append(&argv, *word);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(argv);
        return 0;
}

/* ---- doing it ---------------------------------------------------------------------------------- */

typedef struct ImageRun {
        List link;
        Control *control;          /* borrowed */
        sd_bus_message *call;      /* owned; NULL: who asked is gone */
        const Connection *asker;   /* borrowed; NULL: gone */
        Subprocess *helper;        /* owned */
        sd_event_source *patience; /* owned; NULL: it has not been told to end */
} ImageRun;

static ImageRun *image_run_free(ImageRun *run) {
        if (!run)
                return NULL;

        list_remove(&run->link);
        run->control->n_image_runs--;
        sd_event_source_disable_unref(run->patience);
        subprocess_free(run->helper);
        sd_bus_message_unref(run->call);
        free(run);
        return NULL;
}
DEFINE_CLEANUP(ImageRun *, image_run_free);

static void image_run_on_end(int result, const Error *error, void *userdata) {
        ImageRun *run = ASSERT_PTR(userdata);

        (void) result, (void) error; /* the client has read it in the records */
        if (run->call)
                (void) sd_bus_reply_method_return(run->call,
                                "i",
                                subprocess_exit_status(
                                                run->helper)); /* fails if the client is gone */
        image_run_free(run);
}

static const SubprocessOps image_run_ops = { .on_end = image_run_on_end };

static int image_run_on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        ImageRun *run = ASSERT_PTR(userdata);

        (void) source, (void) usec;
        subprocess_signal(run->helper, SIGKILL);
        return 0;
}

static void image_run_abandon(ImageRun *run) {
        run->asker = NULL;
        run->call = sd_bus_message_unref(run->call);
        subprocess_signal(run->helper, SIGTERM);
        int r = sd_event_add_time_relative(run->control->event,
                        &run->patience,
                        CLOCK_MONOTONIC,
                        run->control->limits.image_patience_usec,
                        /* accuracy= */ 0,
                        image_run_on_patience,
                        run);
        if (r < 0)
                subprocess_signal(run->helper, SIGKILL); /* nobody would look again */
}

void image_runs_abandon(const Connection *connection) {
        LIST_FOREACH (link, &connection->control->image_runs) {
                ImageRun *run = CONTAINER_OF(link, ImageRun, link);

                if (run->asker == connection)
                        image_run_abandon(run);
        }
}

void image_runs_kill(Control *c) {
        LIST_FOREACH (link, &c->image_runs)
                image_run_free(CONTAINER_OF(link, ImageRun, link));
}

static int image_run_start(ImageRun *run,
                char *const *argv,
                const ImageVerb *verb,
                int records_fd,
                int data_fd,
                Error *error) {
        SubprocessRequest request = {
                .argv = argv,
                .stdin_fd = verb->data == DATA_IN ? data_fd : -EBADF,
                .stdout_fd = verb->data == DATA_OUT ? data_fd : records_fd,
                .extra_fd = verb->data == DATA_OUT ? records_fd : -EBADF,
                .ops = &image_run_ops,
                .userdata = run,
        };

        return subprocess_start(run->control->event, &request, &run->helper, error);
}

static int check_limits(
                const Control *c, const ControlInfo *info, char *const *words, Error *error) {
        if (!info->image_path)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "supd-image, which works on images, is not installed beside supd");
        if (c->n_image_runs >= c->limits.image_runs)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_LIMIT_REACHED,
                                "%zu operations on images are under way; wait for one to end",
                                c->n_image_runs);
        size_t n = strv_length(words);
        if (n < 1 || n > WORDS_MAX)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "1 to %u words say what is to be done to images, not %zu",
                                WORDS_MAX,
                                n);
        return 0;
}

static int run_words(Connection *connection,
                sd_bus_message *m,
                char *const *words,
                int records_fd,
                int data_fd,
                Error *error) {
        Control *c = connection->control;
        _cleanup_strv_ char **argv = NULL;
        const ImageVerb *verb = NULL;
        ControlInfo info = {};
        int r;

        c->ops->info(c->userdata, &info);
        r = check_limits(c, &info, words, error);
        if (r >= 0)
                r = find_verb(words[0], &verb, error);
        if (r >= 0)
                r = make_command(&info, words, verb, &argv, error);
        if (r < 0)
                return r;

        _cleanup_(image_run_freep) ImageRun *run = malloc(sizeof(*run));
        if (!run)
                return -ENOMEM;
        *run = (ImageRun) { .control = c, .asker = connection };
        list_append(&c->image_runs, &run->link);
        c->n_image_runs++;
        r = image_run_start(run, argv, verb, records_fd, data_fd, error);
        if (r < 0)
                return r;
        run->call = sd_bus_message_ref(m);
        run = NULL; /* image_run_on_end() frees it, or image_runs_kill() */
        return 1;
}

static int method_run(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **words = NULL;
        int records_fd, data_fd;

        int r = sd_bus_message_read_strv(m, &words);
        if (r >= 0)
                r = sd_bus_message_read(m, "hh", &records_fd, &data_fd);
        if (r < 0)
                return r;
        r = run_words(ASSERT_PTR(userdata), m, words, records_fd, data_fd, &error);
        return r < 0 ? bus_error_take(ret_error, r, &error) : r;
}

/* clang-format off */
const sd_bus_vtable image_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Run", "ashh", "i", method_run, 0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
