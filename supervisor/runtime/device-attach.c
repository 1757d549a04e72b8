/* SPDX-License-Identifier: MIT */
#include "runtime/device-attach.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* How a later supd knows its own program among those of others. */
#define PROGRAM_NAME "supd_devices"
#define PROGRAMS_MAX 64U /* BPF_CGROUP_MAX_PROGS: the kernel attaches no more to one group */

static_assert(sizeof(PROGRAM_NAME) <= BPF_OBJ_NAME_LEN, "the kernel cuts longer names");

/* Takes the structure's bytes that hold for the command; the rest must be zero and is. */
static int sys_bpf(int command, union bpf_attr *attr) {
        return (int) neg_errno(syscall(SYS_bpf, command, attr, sizeof(*attr)));
}

/*
 * Before Linux 5.11 programs count as locked memory, of which the default is little: the soft limit is
 * raised for the moment of loading. Containers never see it: they get limits of their own.
 */
static int load_with_more_memory(union bpf_attr *attr) {
        struct rlimit before;

        if (getrlimit(RLIMIT_MEMLOCK, &before) < 0)
                return -errno;

        struct rlimit raised = { RLIM_INFINITY, RLIM_INFINITY };
        if (setrlimit(RLIMIT_MEMLOCK, &raised) < 0) {
                raised = (struct rlimit) { before.rlim_max, before.rlim_max };
                if (setrlimit(RLIMIT_MEMLOCK, &raised) < 0)
                        return -errno;
        }
        int fd = sys_bpf(BPF_PROG_LOAD, attr);
        (void) setrlimit(RLIMIT_MEMLOCK, &before); /* lowering is always allowed */
        return fd;
}

int device_program_load(const struct bpf_insn *code, size_t n, Error *error) {
        union bpf_attr attr;

        /* Padding counts: the kernel refuses an attribute with a stray byte. */
        memset(&attr, 0, sizeof(attr));
        attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
        attr.insns = (uintptr_t) code;
        attr.insn_cnt = (uint32_t) n;
        attr.license = (uintptr_t) "MIT";
        memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));

        int fd = sys_bpf(BPF_PROG_LOAD, &attr);
        if (fd == -EPERM)
                fd = load_with_more_memory(&attr);
        if (fd < 0)
                return error_set(
                                error, fd, ERROR_CGROUP, "cannot load the BPF program for devices");
        return fd;
}

static int program_is_ours(int program_fd, bool *ret) {
        struct bpf_prog_info info;
        union bpf_attr attr;

        memset(&info, 0, sizeof(info));
        memset(&attr, 0, sizeof(attr));
        attr.info.bpf_fd = (uint32_t) program_fd;
        attr.info.info_len = sizeof(info);
        attr.info.info = (uintptr_t) &info;
        int r = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
        if (r < 0)
                return r;
        *ret = strncmp(info.name, PROGRAM_NAME, sizeof(info.name)) == 0;
        return 0;
}

/* Return: a descriptor of our program on this very group; -ENOENT if there is none. */
static int find_attached(int cgroup_fd) {
        uint32_t ids[PROGRAMS_MAX] = {};
        union bpf_attr attr;

        memset(&attr, 0, sizeof(attr));
        attr.query.target_fd = (uint32_t) cgroup_fd;
        attr.query.attach_type = BPF_CGROUP_DEVICE;
        attr.query.prog_ids = (uintptr_t) ids;
        attr.query.prog_cnt = ELEMENTSOF(ids);
        int r = sys_bpf(BPF_PROG_QUERY, &attr);
        if (r < 0)
                return r;

        uint32_t n = attr.query.prog_cnt;
        for (uint32_t i = 0; i < n && i < ELEMENTSOF(ids); i++) {
                bool ours = false;

                memset(&attr, 0, sizeof(attr));
                attr.prog_id = ids[i];
                _cleanup_close_ int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
                if (fd < 0)
                        return fd;
                r = program_is_ours(fd, &ours);
                if (r < 0)
                        return r;
                if (ours)
                        return TAKE_FD(fd);
        }
        return -ENOENT;
}

int device_program_attach(int cgroup_fd, int program_fd, bool replace, Error *error) {
        _cleanup_close_ int old_fd = replace ? find_attached(cgroup_fd) : -ENOENT;
        union bpf_attr attr;

        if (old_fd < 0 && old_fd != -ENOENT)
                return error_set(error,
                                old_fd,
                                ERROR_CGROUP,
                                "cannot query the group's BPF programs");

        /*
         * "Multi" makes ours hold together with programs of the groups above and below. Without it, a
         * child group could not have any (a nested container manager needs it), or its program would
         * take the place of ours.
         */
        memset(&attr, 0, sizeof(attr));
        attr.target_fd = (uint32_t) cgroup_fd;
        attr.attach_bpf_fd = (uint32_t) program_fd;
        attr.attach_type = BPF_CGROUP_DEVICE;
        attr.attach_flags = BPF_F_ALLOW_MULTI;
        if (old_fd >= 0) {
                attr.attach_flags |= BPF_F_REPLACE;
                attr.replace_bpf_fd = (uint32_t) old_fd;
        }

        int r = sys_bpf(BPF_PROG_ATTACH, &attr);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot attach the BPF program for devices to the group");
        return 0;
}
