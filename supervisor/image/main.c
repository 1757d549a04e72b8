/* SPDX-License-Identifier: MIT */

/*
 * supd-image: one operation on images in a run. This process opens what the operation needs and forks; the
 * child drops its privileges and does the work, since all that it reads may be hostile.
 */

#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/confine/broker.h"
#include "image/confine/confine.h"
#include "image/network-options.h"
#include "image/options.h"
#include "image/output.h"
#include "supd/image-store.h"

#define SIZE_MAX_DEFAULT (UINT64_C(1) << 40)
#define ENTRIES_MAX_DEFAULT UINT64_C(10000000)
#define JOBS_DEFAULT_MAX 8U /* more would ask for more memory than they are worth */
#define ADDITIONAL_STORES_MAX 16U

typedef struct Run {
        const Verb *verb; /* borrowed */
        Operation operation;
        char **additional_stores;                /* owned */
        int read_fds[ADDITIONAL_STORES_MAX + 1]; /* owned */
        size_t n_read_fds;
        FetcherProcess fetcher;
        Output output; /* of save */
} Run;

static int report(const Error *error, int r) {
        /* It may quote what an image says, and a terminal is not to obey that. */
        _cleanup_free_ char *shown = text_escape_controls(error_text(error, r));
        RecordWriter w = {};

        diag_error("%s", shown ?: strerror(ENOMEM));
        record_put(&w, "ERROR", error_text(error, r));
        record_put(&w, "ERROR_CODE", error_code_to_string(error->code));
        record_put_i64(&w, "ERRNO", -r);
        /* Whoever does not read it has the exit status. */
        (void) answer_write(&w, NULL);
        return EXIT_FAILURE;
}

/* ---- before ----------------------------------------------------------------------------------- */
static int number(
                const char *text, uint64_t max, const char *option, uint64_t *value, Error *error) {
        if (!text)
                return 0;
        if (parse_u64(text, value) < 0 || *value < 1 || *value > max)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "%s: a number from 1 to %llu is wanted",
                                option,
                                (unsigned long long) max);
        return 0;
}

/* As many as there are processors to run them. */
static uint64_t jobs_default(void) {
        cpu_set_t set;

        CPU_ZERO(&set);
        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return 2; /* more processors than the set has room for: any number will do */
        return MIN((unsigned) CPU_COUNT(&set), JOBS_DEFAULT_MAX);
}

static int options_check(Operation *op, Error *error) {
        const Options *o = op->options;
        uint64_t jobs = jobs_default();
        int r;

        op->layers.limits = (UnpackLimits) { .size_max = SIZE_MAX_DEFAULT,
                .entries_max = ENTRIES_MAX_DEFAULT };
        r = number(o->jobs, LAYER_JOBS_MAX, "--jobs", &jobs, error);
        if (r >= 0)
                r = number(o->size_max,
                                INT64_MAX,
                                "--size-max",
                                &op->layers.limits.size_max,
                                error);
        if (r >= 0)
                r = number(o->entries_max,
                                INT64_MAX,
                                "--entries-max",
                                &op->layers.limits.entries_max,
                                error);
        op->layers.jobs = (unsigned) jobs;
        if (r >= 0 && o->os)
                r = str_replace(&op->platform.os, o->os);
        if (r >= 0 && o->architecture)
                r = str_replace(&op->platform.architecture, o->architecture);
        if (r >= 0 && o->variant)
                r = str_replace(&op->platform.variant, o->variant);
        return r < 0 ? r : platform_host(&op->platform);
}

/* Standard input as it was opened, by whoever may: to open it by name takes rights of ours, and is not
 * possible for a socket. */
static int input_open(const char *path, int flags) {
        struct stat st;

        if (!str_equal(path, "/dev/stdin"))
                return neg_errno(open(path, O_RDONLY | O_CLOEXEC | flags));
        if (flags & O_DIRECTORY && fstat(STDIN_FILENO, &st) >= 0 && !S_ISDIR(st.st_mode))
                return -ENOTDIR;
        return neg_errno(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

static int source_open(Operation *op, Error *error) {
        int r;

        r = image_source_parse(op->options->arguments[0], &op->source, error);
        if (r < 0)
                return r;
        if (op->source.transport == TRANSPORT_REGISTRY)
                return 0;
        bool dir = op->source.transport == TRANSPORT_OCI || op->source.transport == TRANSPORT_DIR;
        op->source_fd = input_open(op->source.path, dir ? O_DIRECTORY : 0);
        if (op->source_fd < 0)
                return error_set(error, op->source_fd, ERROR_STORAGE, "'%s'", op->source.path);
        return op->options->source_name ? str_replace(&op->source.path, op->options->source_name)
                                        : 0;
}

/* Those of the command line are asked first. */
static int find_additional_stores(Run *run) {
        int r;

        r = strv_copy(run->operation.options->additional_stores, &run->additional_stores);
        STRV_FOREACH (path, run->operation.settings.additional_stores) {
                if (r >= 0)
                        r = strv_append(&run->additional_stores, *path);
        }
        return r;
}

/* "-" is standard input. */
static int import_open(Operation *op, Error *error) {
        const char *path = op->options->arguments[0];
        struct stat st;

        op->source_fd = str_equal(path, "-") ? neg_errno(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))
                                             : neg_errno(open(path, O_RDONLY | O_CLOEXEC));
        if (op->source_fd < 0)
                return error_set(error, op->source_fd, ERROR_STORAGE, "'%s'", path);
        if (fstat(op->source_fd, &st) >= 0 && S_ISDIR(st.st_mode))
                return error_set(error,
                                -EISDIR,
                                ERROR_INVALID_ARGUMENT,
                                "'%s'",
                                op->options->source_name ?: path);
        return 0;
}

/* What containers have written counts, too; there need not be any. */
static int open_containers(Operation *op, Error *error) {
        _cleanup_free_ char *path =
                        str_printf("%s/" SUPD_STORE_CONTAINER_DIR, op->options->state_dir);

        if (!path)
                return -ENOMEM;
        op->containers_fd = neg_errno(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return op->containers_fd < 0 && op->containers_fd != -ENOENT
                               ? error_set(error, op->containers_fd, ERROR_STORAGE, "'%s'", path)
                               : 0;
}

static int allow_reading(Run *run, Error *error) {
        STRV_FOREACH (path, run->additional_stores) {
                if (run->n_read_fds == ADDITIONAL_STORES_MAX)
                        return error_set_plain(error,
                                        -E2BIG,
                                        ERROR_LIMIT_REACHED,
                                        "more than %u additional stores",
                                        ADDITIONAL_STORES_MAX);
                int fd = neg_errno(open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                if (fd == -ENOENT)
                        continue; /* store_open() says so */
                if (fd < 0)
                        return error_set(error,
                                        fd,
                                        ERROR_STORAGE,
                                        "additional store '%s' (AdditionalStores= in supd.conf)",
                                        *path);
                run->read_fds[run->n_read_fds++] = fd;
        }
        return 0;
}

/* The registry that is certainly asked: credentials and certificates that are given are for it. */
static int only_registry(const Operation *op, char **ret, Error *error) {
        const char *given = op->options->creds_file ? "--creds-file" : NULL;
        _cleanup_(reference_done) Reference reference = {};
        int r;

        if (op->source.transport != TRANSPORT_REGISTRY || !op->source.path)
                return 0;
        if (name_is_short(op->source.path) && op->settings.search)
                return given ? error_set_plain(error,
                                               -EINVAL,
                                               ERROR_INVALID_ARGUMENT,
                                               "%s: '%s' does not say which registry it is for",
                                               given,
                                               op->source.path)
                             : 0;
        r = reference_parse(op->source.path, &reference, error);
        if (r >= 0)
                *ret = TAKE_PTR(reference.registry);
        return r;
}

static bool needs_network(const Run *run) {
        const Operation *op = &run->operation;

        if (run->verb->run == operation_pull)
                return op->source.transport == TRANSPORT_REGISTRY &&
                       !str_equal(op->options->policy, "never");
        return op->options->repair;
}

/* A descriptor that was handed over for them: the processes that come have no business with it. */
static void close_handed_over(const char *path) {
        uint64_t fd;

        if (path && str_has_prefix(path, "/dev/fd/") &&
                        parse_u64(path + strlen("/dev/fd/"), &fd) >= 0 && fd > STDERR_FILENO &&
                        fd <= INT_MAX)
                (void) close_fd((int) fd);
}

/* Before the store is opened, so that it gets none of it. */
static int start_fetcher(Run *run, Error *error) {
        _cleanup_free_ char *registry = NULL;
        Operation *op = &run->operation;
        FetcherSpec spec;
        int r;

        r = network_options(op, error);
        if (r < 0 || !needs_network(run))
                return r;
        r = only_registry(op, &registry, error);
        if (r >= 0)
                r = fetcher_options(op, registry, &spec, error);
        if (r >= 0)
                r = fetcher_start(&spec, &run->fetcher, error);
        close_handed_over(op->options->creds_file);
        close_handed_over(op->options->auth_file);
        op->fetch_fd = run->fetcher.socket_fd;
        return r;
}

/* ---- the confined process --------------------------------------------------------------------- */
#define CONFINE_FDS_MAX (ADDITIONAL_STORES_MAX + STORAGE_FDS_MAX + 4U)

typedef struct FdList {
        int fds[CONFINE_FDS_MAX]; /* borrowed */
        size_t n;
} FdList;

/* Only what is on a file system can be named in a rule; a pipe is open already. */
static void fd_list_add(FdList *list, int fd) {
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
                return;
        assert(list->n < CONFINE_FDS_MAX);
        list->fds[list->n++] = fd;
}

static int confine(Run *run, Error *error) {
        const Operation *op = &run->operation;
        FdList writable = {}, readable = {};
        FdList *store = run->verb->writes ? &writable : &readable;

        fd_list_add(store, store_image_fd(op->store));
        fd_list_add(store, store_layer_fd(op->store));
        if (op->storage)
                store->n += storage_fds(op->storage, store->fds + store->n);
        if (run->output.is_directory)
                fd_list_add(&writable, run->output.fd);
        for (size_t i = 0; i < run->n_read_fds; i++)
                fd_list_add(&readable, run->read_fds[i]);
        fd_list_add(&readable, op->source_fd);
        fd_list_add(&readable, op->containers_fd);
        fd_list_add(&readable, store_tree_fd(op->store));

        ConfineSpec spec = {
                .write_fds = writable.fds,
                .n_write_fds = writable.n,
                .read_fds = readable.fds,
                .n_read_fds = readable.n,
                .may_fork = run->verb->unpacks,
                .may_clone = run->verb->storage & STORAGE_PREPARES,
        };
        return confine_process(&spec, error);
}

static int serve(const char *request, void *userdata) {
        const Run *run = userdata;

        return storage_serve(request, run->operation.storage);
}

static int work(const BrokerSockets *sockets, void *userdata) {
        Run *run = userdata;
        _cleanup_(error_done) Error error = {};
        int r;

        run->operation.layers.broker_fd = sockets->mark_fd;
        if (run->operation.storage)
                storage_attach(run->operation.storage, run->operation.store, sockets);
        r = confine(run, &error);
        if (r >= 0)
                r = run->verb->run(&run->operation, &error);
        /* Here, since the lease is the child's to give back. */
        run->operation.store = store_free(run->operation.store);
        return r < 0 ? report(&error, r) : EXIT_SUCCESS;
}

static int open_storage(Run *run, Error *error) {
        const Options *o = run->operation.options;
        StorageSpec spec = {
                .state_dir = o->state_dir,
                .driver = o->driver ?: run->operation.settings.driver,
                .id = o->id,
                .size_max_root = UINT64_MAX,
                .use = run->verb->storage,
        };
        int r;

        r = number(o->size_max_root, INT64_MAX, "--size-max-root", &spec.size_max_root, error);
        if (r >= 0)
                r = storage_open(&spec, &run->operation.storage, error);
        if (r >= 0)
                run->operation.layers.may_keep_whiteouts = storage_copies(run->operation.storage);
        return r;
}

/* Who started us can't wait for us any more: what we do nobody would hear of. Our own children have the same
 * bond to us. */
static int die_with_parent(const char *text, Error *error) {
        uint64_t pid = 0;
        int r;

        if (!text)
                return 0;
        r = number(text, INT32_MAX, "--die-with", &pid, error);
        if (r < 0)
                return r;
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "--die-with");
        if ((uint64_t) getppid() != pid)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_NO_SUCH_PROCESS,
                                "--die-with: process %s is not, or no more, the parent",
                                text);
        return 0;
}

static int prepare(Run *run, Error *error) {
        Operation *op = &run->operation;
        int r;

        r = die_with_parent(op->options->die_with, error);
        if (r < 0)
                return r;
        r = settings_load(op->options->settings, &op->settings, error);
        if (r >= 0)
                r = options_check(op, error);
        if (r >= 0 && run->verb->reads)
                r = source_open(op, error);
        if (r >= 0 && run->verb->run == operation_load &&
                        op->source.transport == TRANSPORT_REGISTRY)
                r = error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is no file; a transport such as oci-archive: is wanted",
                                op->options->arguments[0]);
        if (r >= 0 && run->verb->run == operation_import)
                r = import_open(op, error);
        if (r >= 0 && run->verb->run == operation_save)
                r = output_open(&run->output, op->options, error);
        if (r >= 0 && run->verb->run == operation_disk_usage)
                r = open_containers(op, error);
        op->output_fd = run->output.fd;
        op->save_format = run->output.format;
        if (r >= 0)
                r = start_fetcher(run, error);
        if (r >= 0)
                r = find_additional_stores(run);
        if (r >= 0)
                r = allow_reading(run, error);
        if (r < 0)
                return r;
        r = store_open(op->options->state_dir,
                        run->additional_stores,
                        run->verb->writes,
                        &op->store,
                        error);
        return r < 0 || !run->verb->writes ? r : open_storage(run, error);
}

static void run_done(Run *run) {
        for (size_t i = 0; i < run->n_read_fds; i++)
                (void) close_fd(run->read_fds[i]);
        (void) close_fd(run->operation.source_fd);
        (void) close_fd(run->operation.containers_fd);
        output_done(&run->output);
        (void) store_free(run->operation.store);
        (void) storage_free(run->operation.storage);
        fetcher_done(&run->fetcher);
        (void) strv_free(run->additional_stores); /* always NULL */
        settings_done(&run->operation.settings);
        image_source_done(&run->operation.source);
        platform_done(&run->operation.platform);
}

int main(int argc, char **argv) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(options_done) Options options = {};
        _cleanup_(run_done) Run run = {
                .operation = { .source_fd = -EBADF, .containers_fd = -EBADF, .fetch_fd = -EBADF },
                .fetcher = FETCHER_NONE,
                .output = OUTPUT_NONE
        };
        int r;

        /* libarchive converts names from UTF-8 to the locale's character set. */
        (void) setlocale(LC_CTYPE,
                        "C.UTF-8"); /* glibc has it built in; without it names stay bytes */
        (void) umask(022);

        r = options_parse(argc, argv, &options, &run.verb, &error);
        if (r > 0)
                return EXIT_SUCCESS;
        if (r < 0) {
                (void) report(&error, r);
                return IMAGE_EXIT_USAGE;
        }
        run.operation.options = &options;
        r = prepare(&run, &error);
        if (r >= 0)
                r = broker_run(work, serve, &run, &error);
        if (r != 0)
                output_discard(&run.output);
        if (r < 0)
                return report(&error, r);
        /* Killed: it could not say so itself. */
        if (r > 128)
                return report(&error,
                                error_set_plain(&error,
                                                -ECANCELED,
                                                ERROR_FAILED,
                                                "the process that does the work died of signal %d",
                                                r - 128));
        return r;
}
