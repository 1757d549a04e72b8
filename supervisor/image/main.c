/* SPDX-License-Identifier: MIT */

/*
 * supd-image: one operation on images in a run. This process opens what the operation needs and forks; the
 * child drops its privileges and does the work, since all that it reads may be hostile.
 */

#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/answer.h"
#include "image/broker.h"
#include "image/confine.h"
#include "image/options.h"
#include "image/output.h"

#define SIZE_MAX_DEFAULT (UINT64_C(1) << 40)
#define ENTRIES_MAX_DEFAULT UINT64_C(10000000)
#define JOBS_DEFAULT 2U
#define ADDITIONAL_STORES_MAX 16U

typedef struct Run {
        const Verb *verb; /* borrowed */
        Operation operation;
        int read_fds[ADDITIONAL_STORES_MAX + 1]; /* owned */
        size_t n_read_fds;
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

static int settings_read(Operation *op, Error *error) {
        const Options *o = op->options;
        uint64_t jobs = JOBS_DEFAULT;
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

static int source_open(Operation *op, Error *error) {
        int r;

        r = image_source_parse(op->options->arguments[0], &op->source, error);
        if (r < 0)
                return r;
        if (op->source.transport == TRANSPORT_REGISTRY)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is no file; a transport such as oci-archive: is wanted",
                                op->options->arguments[0]);
        bool dir = op->source.transport == TRANSPORT_OCI || op->source.transport == TRANSPORT_DIR;
        op->source_fd = neg_errno(
                        open(op->source.path, O_RDONLY | O_CLOEXEC | (dir ? O_DIRECTORY : 0)));
        if (op->source_fd < 0)
                return error_set(error, op->source_fd, ERROR_STORAGE, "'%s'", op->source.path);
        return 0;
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
                return error_set(error, -EISDIR, ERROR_INVALID_ARGUMENT, "'%s'", path);
        return 0;
}

static int allow_reading(Run *run, Error *error) {
        STRV_FOREACH (path, run->operation.options->additional_stores) {
                if (run->n_read_fds == ADDITIONAL_STORES_MAX)
                        return error_set_plain(error,
                                        -E2BIG,
                                        ERROR_LIMIT_REACHED,
                                        "more than %u additional stores",
                                        ADDITIONAL_STORES_MAX);
                int fd = neg_errno(open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                if (fd < 0)
                        return error_set(error, fd, ERROR_STORAGE, "'%s'", *path);
                run->read_fds[run->n_read_fds++] = fd;
        }
        return 0;
}

/* ---- the confined process --------------------------------------------------------------------- */
static int confine(Run *run, Error *error) {
        const Store *s = run->operation.store;
        int store_fds[] = { store_image_fd(s), store_layer_fd(s), run->output.fd };
        int read_fds[ADDITIONAL_STORES_MAX + 1 + ELEMENTSOF(store_fds)];
        size_t n_read = 0, n_store = store_fds[0] < 0 ? 0 : 2;
        struct stat st;

        memcpy(read_fds, run->read_fds, run->n_read_fds * sizeof(int));
        n_read = run->n_read_fds;
        /* Only what is on a file system can be named in a rule; a pipe is open already. */
        if (run->operation.source_fd >= 0 && fstat(run->operation.source_fd, &st) >= 0 &&
                        (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
                read_fds[n_read++] = run->operation.source_fd;
        for (size_t i = 0; !run->verb->writes && i < n_store; i++)
                read_fds[n_read++] = store_fds[i];
        ConfineSpec spec = {
                .write_fds = store_fds,
                .n_write_fds = (run->verb->writes ? n_store : 0) + run->output.is_directory,
                .read_fds = read_fds,
                .n_read_fds = n_read,
                .may_fork = run->verb->unpacks,
        };
        return confine_process(&spec, error);
}

static int work(int broker_fd, void *userdata) {
        Run *run = userdata;
        _cleanup_(error_done) Error error = {};
        int r;

        run->operation.layers.broker_fd = broker_fd;
        r = confine(run, &error);
        if (r >= 0)
                r = run->verb->run(&run->operation, &error);
        /* Here, since the lease is the child's to give back. */
        run->operation.store = store_free(run->operation.store);
        return r < 0 ? report(&error, r) : EXIT_SUCCESS;
}

static int prepare(Run *run, Error *error) {
        Operation *op = &run->operation;
        int r;

        r = settings_read(op, error);
        if (r >= 0 && run->verb->run == operation_load)
                r = source_open(op, error);
        if (r >= 0 && run->verb->run == operation_import)
                r = import_open(op, error);
        if (r >= 0 && run->verb->run == operation_save)
                r = output_open(&run->output, op->options, error);
        op->output_fd = run->output.fd;
        op->save_format = run->output.format;
        if (r >= 0)
                r = allow_reading(run, error);
        if (r < 0)
                return r;
        return store_open(op->options->state_dir,
                        op->options->additional_stores,
                        run->verb->writes,
                        &op->store,
                        error);
}

static void run_done(Run *run) {
        for (size_t i = 0; i < run->n_read_fds; i++)
                (void) close_fd(run->read_fds[i]);
        (void) close_fd(run->operation.source_fd);
        output_done(&run->output);
        (void) store_free(run->operation.store);
        image_source_done(&run->operation.source);
        platform_done(&run->operation.platform);
}

int main(int argc, char **argv) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(options_done) Options options = {};
        _cleanup_(run_done)
                        Run run = { .operation = { .source_fd = -EBADF }, .output = OUTPUT_NONE };
        int r;

        /* libarchive converts names from UTF-8 to the locale's character set. */
        (void) setlocale(LC_CTYPE,
                        "C.UTF-8"); /* glibc has it built in; without it names stay bytes */
        (void) umask(022);

        r = options_parse(argc, argv, &options, &run.verb, &error);
        if (r > 0)
                return EXIT_SUCCESS;
        if (r < 0) {
                diag_error("%s", error_text(&error, r));
                return IMAGE_EXIT_USAGE;
        }
        run.operation.options = &options;
        r = prepare(&run, &error);
        if (r >= 0)
                r = broker_run(work, &run, &error);
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
