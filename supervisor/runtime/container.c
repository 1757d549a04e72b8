/* SPDX-License-Identifier: MIT */
#include "runtime/container.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "runtime/capabilities.h"
#include "runtime/clone.h"
#include "runtime/container-internal.h"
#include "runtime/plan.h"

#define SUPINIT_SIZE_MAX (16U * 1024U * 1024U)
/* Out of the way of the standard streams and the status pipe, whatever supd itself was started with. */
#define SUPINIT_FD_MIN 16

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

static int memfd_create_executable(const char *name) {
        int fd = neg_errno(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));

        if (fd == -EINVAL)
                fd = neg_errno(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
        return fd;
}

/* Sealed, so that no container can write to what the next one executes (CVE-2019-5736). */
static int load_supinit(const char *path, int *ret) {
        _cleanup_free_ char *program = NULL;
        size_t size;

        int r = file_read(AT_FDCWD, path, SUPINIT_SIZE_MAX, &program, &size);
        if (r < 0)
                return r;

        _cleanup_close_ int low = memfd_create_executable("supinit");
        if (low < 0)
                return low;
        _cleanup_close_ int fd = neg_errno(fcntl(low, F_DUPFD_CLOEXEC, SUPINIT_FD_MIN));
        if (fd < 0)
                return fd;

        r = fd_write_all(fd, program, size);
        if (r < 0)
                return r;
        if (fchmod(fd, 0555) < 0 || fcntl(fd,
                                                    F_ADD_SEALS,
                                                    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
                                                                    F_SEAL_WRITE) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

int runtime_new(const char *supinit_path, Runtime **ret, Error *error) {
        _cleanup_(runtime_freep) Runtime *r = malloc(sizeof(*r));
        if (!r)
                return -ENOMEM;
        *r = (Runtime) { .init_fd = -EBADF, .permitted = capabilities_permitted() };

        int q = probe_features(&r->features, error);
        if (q < 0)
                return q;
        r->description = probe_describe(&r->features);
        r->seccomp = seccomp_cache_new();
        if (!r->description || !r->seccomp)
                return -ENOMEM;

        if (supinit_path) {
                q = load_supinit(supinit_path, &r->init_fd);
                if (q < 0)
                        return error_set(error, q, ERROR_RUNTIME, "load %s", supinit_path);
        }
        *ret = TAKE_PTR(r);
        return 0;
}

Runtime *runtime_free(Runtime *r) {
        if (!r)
                return NULL;

        close_fd(r->init_fd);
        free(r->description);
        r->seccomp = seccomp_cache_free(r->seccomp);
        free(r);
        return NULL;
}

const char *runtime_features(const Runtime *r) {
        return r->description;
}

int runtime_plan(Runtime *r,
                const RuntimeSpec *spec,
                __typeof__(plan_new) *new_plan,
                Plan **ret,
                Error *error) {
        const struct sock_fprog *filter = NULL;
        RuntimeSpec clamped = *spec;
        int q;

        q = capabilities_check(spec->security.capabilities,
                        r->permitted,
                        &clamped.security.capabilities,
                        error);
        if (q < 0)
                return q;

        if (spec->security.seccomp) {
                if (!r->features.seccomp)
                        return error_set_plain(error,
                                        -EOPNOTSUPP,
                                        ERROR_NOT_SUPPORTED,
                                        "this kernel has no seccomp filters");
                q = seccomp_cache_get(r->seccomp, clamped.security.capabilities, &filter, error);
                if (q < 0)
                        return q;
        }
        return new_plan(&clamped, &r->features, r->init_fd, filter, ret, error);
}

int runtime_launch(Plan **plan, const char *what, RuntimeChild *ret, Error *error) {
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF, pidfd = -EBADF;
        Plan *p = *plan;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "make the status pipe");
        read_fd = fds[0];
        p->status_fd = write_fd = fds[1];
        int q = fd_set_nonblock(read_fd, true);
        if (q < 0)
                return error_set(error, q, ERROR_RUNTIME, "make the status pipe");

        p->clone_usec = clock_monotonic_usec();
        pid_t pid = clone_child(p, &pidfd);
        if (pid < 0)
                return error_set(error, pid, ERROR_RUNTIME, "make the %s process", what);

        /* The child's now: a loop device is to be free as soon as the container is gone. */
        p->image_fd = close_fd(p->image_fd);
        *ret = (RuntimeChild) {
                .pid = pid,
                .pidfd = TAKE_FD(pidfd),
                .status_fd = TAKE_FD(read_fd),
                .clone_usec = p->clone_usec,
                .plan = TAKE_PTR(*plan),
        };
        return 0;
}

int runtime_start(Runtime *r, const RuntimeSpec *spec, RuntimeChild *ret, Error *error) {
        _cleanup_(plan_freep) Plan *p = NULL;

        int q = runtime_plan(r, spec, plan_new, &p, error);
        return q < 0 ? q : runtime_launch(&p, "container's", ret, error);
}

int runtime_status_read(int status_fd, SupdStatusRecord *ret) {
        SupdStatusRecord record;

        for (;;) {
                ssize_t n = read(status_fd, &record, sizeof(record));

                if (n == sizeof(record)) {
                        *ret = record;
                        return 1;
                }
                if (n == 0)
                        return 0;
                if (n > 0)
                        return -EBADMSG; /* a pipe keeps records whole: someone else wrote */
                if (errno != EINTR)
                        return -errno;
        }
}

int runtime_child_error(const RuntimeChild *c, const SupdStatusRecord *record, Error *error) {
        int number = record->code > 0 ? -record->code : -EIO;

        /* After settling, or after adoption, nothing is known of the plan. */
        if (!c->plan)
                return error_set(error, number, ERROR_RUNTIME, "make the container");
        if (record->type == SUPD_STATUS_EXEC_FAILED)
                return error_set(error, number, ERROR_RUNTIME, "execute '%s'", c->plan->argv[0]);
        return plan_error(c->plan, (PlanStep) record->status, record->item, number, error);
}

void runtime_child_settle(RuntimeChild *c) {
        c->plan = plan_free(c->plan);
}

void runtime_child_done(RuntimeChild *c) {
        c->plan = plan_free(c->plan);
        c->pidfd = close_fd(c->pidfd);
        c->status_fd = close_fd(c->status_fd);
}
