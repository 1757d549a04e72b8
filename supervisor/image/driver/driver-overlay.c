/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "image/driver/node-copy.h"
#include "image/driver/storage-internal.h"
#include "image/store/tree.h"

#define PROBED_FILE "driver" /* in image/.supd */
#define PROBED_SIZE_MAX 256U
#define PROBE_PREFIX ".probe." /* and a pid; a directory among the containers' */

/* ---- whether overlayfs works ------------------------------------------------------------------ */
/* The file system is the same as when it worked: what is remembered of the probe. */
static char *file_system_id(int fd) {
        struct statfs fs;
        uint32_t id[2];

        static_assert(sizeof(id) == sizeof(fs.f_fsid), "an opaque pair of numbers");
        if (fstatfs(fd, &fs) < 0)
                return NULL;
        memcpy(id, &fs.f_fsid, sizeof(id));
        return str_printf("overlay %lx:%x:%x\n", (unsigned long) fs.f_type, id[0], id[1]);
}

/* In a process and mount namespace of its own; the current directory is the probe's. Return: 0 or errno. */
static int probe_overlay(void) {
        struct stat st;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                        mount("overlay",
                                        "merged",
                                        "overlay",
                                        0,
                                        "lowerdir=lower,upperdir=upper,workdir=work") < 0)
                return errno;
        /* Mounting is not all: a whiteout, and a directory that hides one, take device nodes and
         * attributes, and file systems without either are mounted all the same. */
        if (rmdir("merged/dir/below") < 0 || rmdir("merged/dir") < 0 ||
                        mkdir("merged/dir", 0755) < 0)
                return errno;
        if (stat("merged/dir/below", &st) >= 0 || stat("upper/dir", &st) < 0)
                return EIO;
        return 0;
}

static int probe_in_child(int dir_fd) {
        int status;

        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                _exit(fchdir(dir_fd) < 0 ? errno : probe_overlay());
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECANCELED;
}

static int probe_dirs_make(int dir_fd) {
        static const char *const names[] = {
                "lower", "lower/dir", "lower/dir/below", "upper", "work", "merged"
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (mkdirat(dir_fd, names[i], 0755) < 0)
                        return -errno;
        return 0;
}

static bool is_left_probe(const char *name) {
        int64_t pid;

        return str_has_prefix(name, PROBE_PREFIX) &&
               parse_i64(name + strlen(PROBE_PREFIX), &pid) >= 0 && pid > 0 && pid <= INT_MAX &&
               kill((pid_t) pid, 0) < 0 && errno == ESRCH;
}

/* Whoever was killed at it recorded no result, so that this comes before anything else is put here. */
static void probes_remove_left(const Storage *s) {
        _cleanup_close_ int fd = storage_open_dir(s->container_fd, ".", /* make= */ false);
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                return;
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; (entry = readdir(d));)
                if (is_left_probe(entry->d_name))
                        (void) tree_remove(s->container_fd, entry->d_name); /* the next one again */
}

static int probe(const Storage *s) {
        char name[sizeof(PROBE_PREFIX "-2147483648")];
        sigset_t all, before;
        int r;

        probes_remove_left(s);
        (void) snprintf(name, sizeof(name), PROBE_PREFIX "%d", getpid()); /* fits */
        r = tree_remove(s->container_fd, name); /* of one with our pid that was killed */
        if (r < 0)
                return r;
        /* Who is interrupted leaves nothing; it takes a millisecond. */
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, &before);
        _cleanup_close_ int fd = storage_open_dir(s->container_fd, name, /* make= */ true);
        r = fd < 0 ? fd : probe_dirs_make(fd);
        if (r >= 0)
                r = probe_in_child(fd);
        (void) tree_remove(s->container_fd, name); /* a few empty directories, else */
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}

static int overlay_check(const Storage *s, Error *error) {
        _cleanup_free_ char *known = NULL;
        char buffer[32];
        int r;

        _cleanup_free_ char *id = file_system_id(s->container_fd);
        if (!id)
                return -ENOMEM;
        if (file_read(s->private_fd, PROBED_FILE, PROBED_SIZE_MAX, &known, NULL) >= 0 &&
                        str_equal(known, id))
                return 0;
        r = probe(s);
        if (r == 0) {
                /* Else the next one probes again. */
                (void) file_replace(s->private_fd, PROBED_FILE, id, 0644, /* sync= */ false);
                return 0;
        }
        /* Who may not mount can't tell; he can fill a store all the same. */
        if (r == -EPERM)
                return 0;
        if (r == -ENOMEM || r == -ENOSPC || r == -EDQUOT || r == -EROFS)
                return error_set(error, r, ERROR_STORAGE, "cannot try overlayfs in '%s'", s->path);
        return error_set(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "overlayfs does not work on %s (%s)",
                        storage_file_system(s->container_fd, buffer),
                        strerror(-r));
}

/* ---- a container's own layer ------------------------------------------------------------------ */
/* What overlayfs shows of the root is its own: as the image's topmost layer has it. */
static int upper_copy_root(const Storage *s, const ImageConfig *config, int upper_fd) {
        NodeCopy n;
        int r;

        if (config->n_diff_ids == 0)
                return neg_errno(fchmod(upper_fd, 0755));
        _cleanup_close_ int top =
                        store_open_layer(s->store, &config->diff_ids[config->n_diff_ids - 1]);
        if (top < 0)
                return top;
        r = node_copy_init(&n);
        if (r >= 0)
                r = node_copy_attributes(&n, top, upper_fd);
        node_copy_done(&n);
        return r;
}

static int overlay_root_make(Storage *s, const char *hex, const ImageConfig *config, Error *error) {
        int r;

        (void) hex;
        r = tree_remove(s->own_fd, UPPER_WORK_DIR); /* of one that was killed */
        if (r >= 0)
                r = tree_remove(s->own_fd, WORK_DIR);
        _cleanup_close_ int work = r < 0 ? r : storage_open_dir(s->own_fd, WORK_DIR, true);
        _cleanup_close_ int upper =
                        work < 0 ? work : storage_open_dir(s->own_fd, UPPER_WORK_DIR, true);
        r = upper < 0 ? upper : upper_copy_root(s, config, upper);
        if (r >= 0)
                r = neg_errno(fsync(upper));
        if (r >= 0)
                r = neg_errno(renameat2(
                                s->own_fd, UPPER_WORK_DIR, s->own_fd, UPPER_DIR, RENAME_NOREPLACE));
        if (r >= 0)
                r = neg_errno(fsync(s->own_fd));
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot make the container's layer") : 0;
}

const StorageDriverOps storage_driver_overlay = {
        .name = "overlay",
        .check = overlay_check,
        .root_make = overlay_root_make,
};
