/* SPDX-License-Identifier: MIT */

/*
 * Any bytes as a layer: nothing crashes, and nothing appears outside the directory. Unpacks for real, below
 * /dev/shm or $TMPDIR.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/store/tree.h"
#include "lib/unpack-blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
        if (condition)
                return;
        (void) fprintf(stderr, "fuzz-image-layer: %s\n", what);
        abort();
}

/* Made at the first input, below it "root" for each. */
static int work_dir(void) {
        static int fd = -EBADF;

        if (fd < 0) {
                const char *tmp = getenv("TMPDIR");
                char *path = str_printf("%s/fuzz-image-layer.XXXXXX", tmp ?: "/dev/shm");
                require(path && mkdtemp(path), "no temporary directory");
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                free(path);
        }
        return fd;
}

static unsigned count_entries(int dir_fd) {
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fdopendir(fd);
        unsigned n = 0;

        require(d != NULL, "cannot list the temporary directory");
        while (readdir(d))
                n++;
        (void) closedir(d);
        return n;
}

static int ignore_opaque(int dir_fd, void *userdata) {
        (void) dir_fd;
        (void) userdata;
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        StreamResult result;
        Error error = {};
        int dir_fd = work_dir();

        require(tree_remove(dir_fd, "root") >= 0, "a tree that can't be removed");
        require(mkdirat(dir_fd, "root", 0755) >= 0, "cannot make the root");
        const StreamSpec spec = {
                .fd = memfd_create("layer", MFD_CLOEXEC),
                .progress_fd = -EBADF,
                .size_max = 1U << 20,
                .hash = true,
        };
        UnpackRequest request = {
                .root_fd = openat(dir_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                .scratch_fd = dir_fd,
                .entries_max = 50,
                .make_opaque = ignore_opaque,
        };
        require(fd_write_all(spec.fd, data, size) >= 0, "cannot write the layer");
        int r = unpack_blob(&spec, request, &result, &error);
        require(r >= 0 || r == -ENOMEM || error.message, "refused without a reason");
        require(count_entries(dir_fd) == 3, "something is outside the layer's directory");
        error_done(&error);
        (void) close_fd(spec.fd);
        (void) close_fd(request.root_fd);
        return 0;
}
