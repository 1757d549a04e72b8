/* SPDX-License-Identifier: MIT */
#include "runtime/loop-device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"

#define LOOP_CONTROL "/dev/loop-control"
/* Lost races for a device that was free when asked: each means that somebody else got one. */
#define ATTEMPTS_MAX 64U

/* What lies under that name may be anything on a host whose /dev is not the kernel's. */
static int open_device(const char *name) {
        struct stat st;

        _cleanup_close_ int fd = neg_errno(
                        open(name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode) || major(st.st_rdev) != LOOP_MAJOR)
                return -ENOTBLK;
        return TAKE_FD(fd);
}

/* In one call, so that the device is never seen half set up. */
static int configure(int device_fd, int file_fd) {
        const struct loop_config config = {
                .fd = (uint32_t) file_fd,
                .info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
        };

        return neg_errno(ioctl(device_fd, LOOP_CONFIGURE, &config));
}

static int attach_to_free(int control_fd, int file_fd, char name[static LOOP_NAME_SIZE]) {
        int number = neg_errno(ioctl(control_fd, LOOP_CTL_GET_FREE));
        if (number < 0)
                return number;

        (void) snprintf(name, LOOP_NAME_SIZE, "/dev/loop%d", number); /* fits */
        _cleanup_close_ int device = open_device(name);
        if (device < 0)
                return device;
        int r = configure(device, file_fd);
        return r < 0 ? r : TAKE_FD(device);
}

int loop_device_attach(int file_fd, char ret_name[static LOOP_NAME_SIZE], Error *error) {
        int r = -EBUSY;

        _cleanup_close_ int control = neg_errno(open(LOOP_CONTROL, O_RDWR | O_CLOEXEC));
        if (control < 0)
                return error_set(error,
                                control,
                                ERROR_NOT_SUPPORTED,
                                "open " LOOP_CONTROL
                                " (is the kernel module 'loop' there, CONFIG_BLK_DEV_LOOP?)");

        for (unsigned i = 0; i < ATTEMPTS_MAX && r == -EBUSY; i++)
                r = attach_to_free(control, file_fd, ret_name);
        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "get a free loop device") : r;
}
