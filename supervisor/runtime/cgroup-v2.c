/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-stats.h"
#include "runtime/device-attach.h"
#include "runtime/device-program.h"
#include "runtime/device-rule.h"

#define LIST_SIZE_MAX 4096U
#define SUBTREE_CONTROL "cgroup.subtree_control"

static int read_controllers(int dir_fd, const char *file, unsigned *ret) {
        _cleanup_free_ char *text = NULL;

        int r = file_read(dir_fd, file, LIST_SIZE_MAX, &text, NULL);
        if (r >= 0)
                *ret = cgroup_controllers_parse(text, " \n");
        return r;
}

static int write_controllers(CgroupTree *t, const char *file, unsigned controllers, bool on) {
        _cleanup_strv_ char **words = NULL;

        for (unsigned i = 0; i < _CGROUP_CONTROLLER_MAX; i++) {
                if (!(controllers & 1U << i))
                        continue;
                int r = strv_append_printf(
                                &words, "%c%s", on ? '+' : '-', cgroup_controller_to_string(i));
                if (r < 0)
                        return r;
        }

        _cleanup_free_ char *text = strv_join(words, " ");
        return text ? file_write_string(t->root_fd, file, text) : -ENOMEM;
}

/* All in one write, which the kernel does in one go or not at all; if it refuses, one by one: a controller
 * that can't be had (cpu, while real-time processes exist) is no reason to go without the others. */
static int switch_controllers(CgroupTree *t, const char *file, unsigned controllers, bool on) {
        if (controllers == 0)
                return 0;
        int r = write_controllers(t, file, controllers, on);
        if (r >= 0 || r == -EBUSY)
                return r;

        for (unsigned i = 0; i < _CGROUP_CONTROLLER_MAX; i++) {
                if (!(controllers & 1U << i))
                        continue;
                r = write_controllers(t, file, 1U << i, on);
                if (r == -EBUSY)
                        return r;
                if (r < 0)
                        diag_debug("cgroup %s: %s: controller %s stays %s: %s",
                                        t->path,
                                        file,
                                        cgroup_controller_to_string(i),
                                        on ? "off" : "on",
                                        strerrordesc_np(-r));
        }
        return 0;
}

static int v2_enable(CgroupTree *t, bool on, Error *error) {
        unsigned available, before, after;

        int r = read_controllers(t->root_fd, "cgroup.controllers", &available);
        if (r >= 0)
                r = read_controllers(t->root_fd, SUBTREE_CONTROL, &before);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot read the controllers of cgroup %s",
                                t->path);

        /* In a subtree of ours all that is enabled is ours, whichever supd did it. */
        unsigned ours = t->is_top ? t->enabled : before;
        r = switch_controllers(t, SUBTREE_CONTROL, on ? available & ~before : ours, on);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot %s controllers for the groups below %s (does it hold "
                                "processes of "
                                "another PID namespace?)",
                                on ? "enable" : "disable",
                                t->path);

        r = read_controllers(t->root_fd, SUBTREE_CONTROL, &after);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot read the controllers of cgroup %s",
                                t->path);
        t->enabled = on ? t->enabled | (after & ~before) : 0;
        t->controllers = after | 1U << CGROUP_DEVICES; /* by BPF, which needs no controller */
        return 0;
}

static int v2_enable_slice(CgroupTree *t, const char *path) {
        _cleanup_free_ char *file = str_printf("%s/" SUBTREE_CONTROL, path);
        unsigned wanted = t->controllers & ~(1U << CGROUP_DEVICES);

        return file ? switch_controllers(t, file, wanted, /* on= */ true) : -ENOMEM;
}

static int v2_open_file(const Cgroup *c, CgroupController controller, const char *file, int flags) {
        if (!(c->tree->controllers & 1U << controller))
                return -EOPNOTSUPP;
        return neg_errno(openat(c->dir_fd, file, flags | O_CLOEXEC));
}

static int load_program(CgroupTree *t, const DeviceRule *rules, size_t n_rules, Error *error) {
        _cleanup_free_ struct bpf_insn *code = NULL;
        size_t n;

        if (t->program_fd >= 0 &&
                        device_rules_equal(rules, n_rules, t->program_rules, t->n_program_rules))
                return 0;

        int r = device_program_build(rules, n_rules, &code, &n);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = device_program_load(code, n, error);
        if (fd < 0)
                return fd;
        DeviceRule *copy = malloc((n_rules + 1) * sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        if (n_rules > 0)
                memcpy(copy, rules, n_rules * sizeof(*copy));

        free(t->program_rules);
        t->program_rules = copy;
        t->n_program_rules = n_rules;
        (void) close_fd(t->program_fd);
        t->program_fd = TAKE_FD(fd);
        return 0;
}

int cgroup_apply_device_program(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error) {
        int r = load_program(c->tree, rules, n_rules, error);
        if (r < 0)
                return r;

        bool maybe_attached = !c->created || c->devices_known;
        return device_program_attach(c->dir_fd, c->tree->program_fd, maybe_attached, error);
}

/* clang-format off */
#define MEMBER(name) offsetof(CgroupStats, name)
static const CgroupStatRow v2_stats[] = {
        { MEMBER(memory_current_bytes), CGROUP_MEMORY,    "memory.current", CGROUP_STAT_NUMBER, NULL         },
        { MEMBER(memory_peak_bytes),    CGROUP_MEMORY,    "memory.peak",    CGROUP_STAT_NUMBER, NULL         },
        { MEMBER(memory_max_bytes),     CGROUP_MEMORY,    "memory.max",     CGROUP_STAT_NUMBER, NULL         },
        { MEMBER(tasks_current),        CGROUP_PIDS,      "pids.current",   CGROUP_STAT_NUMBER, NULL         },
        { MEMBER(tasks_max),            CGROUP_PIDS,      "pids.max",       CGROUP_STAT_NUMBER, NULL         },
        { MEMBER(cpu_usage_usec),       CGROUP_STAT_TREE, "cpu.stat",       CGROUP_STAT_KEYED,  "usage_usec" },
        { MEMBER(io_read_bytes),        CGROUP_IO,        "io.stat",        CGROUP_STAT_SUM,    " rbytes="   },
        { MEMBER(io_write_bytes),       CGROUP_IO,        "io.stat",        CGROUP_STAT_SUM,    " wbytes="   },
        {},
};
/* clang-format on */

const CgroupDriverOps cgroup_driver_v2 = {
        .name = "v2",
        .enable = v2_enable,
        .enable_slice = v2_enable_slice,
        .open_file = v2_open_file,
        .plan_limits = cgroup_limits_plan_v2,
        .apply_devices = cgroup_apply_device_program,
        .stats = v2_stats,
};
