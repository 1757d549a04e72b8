/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-processes.h"
#include "runtime/cgroup-stats.h"
#include "runtime/device-rule.h"

static bool component_is_valid(const char *name, size_t size) {
        return size > 0 && size <= NAME_MAX && name[0] != '.' && !memchr(name, '\n', size);
}

/* All but the last are slices. */
static bool name_is_valid(const CgroupTree *t, const char *name) {
        for (const char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
                size_t size = (size_t) (slash - name);

                if (!component_is_valid(name, size) || size <= strlen(".slice") ||
                                memcmp(slash - strlen(".slice"), ".slice", strlen(".slice")) != 0)
                        return false;
                name = slash + 1;
        }
        return component_is_valid(name, strlen(name)) && !str_equal(name, t->leaf);
}

static int make_slice(const char *slice, void *userdata) {
        CgroupTree *t = userdata;

        int r = neg_errno(mkdirat(t->root_fd, slice, 0755));
        if (r < 0 && r != -EEXIST)
                return r;
        return t->ops->enable_slice ? t->ops->enable_slice(t, slice) : 0;
}

static int make_directory(Cgroup *c, Error *error) {
        int root_fd = c->tree->root_fd;

        int r = neg_errno(mkdirat(root_fd, c->name, 0755));
        c->created = r >= 0;
        if (r >= 0 || r == -EEXIST)
                r = neg_errno(openat(
                                root_fd, c->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot make cgroup %s", c->path);
        c->dir_fd = r;

        c->events_fd = neg_errno(openat(c->dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC));
        if (c->events_fd < 0)
                return error_set(error,
                                c->events_fd,
                                ERROR_CGROUP,
                                "cannot watch cgroup %s",
                                c->path);
        return 0;
}

/* Nothing stays behind of a group that could not be opened completely. */
static Cgroup *cgroup_discard(Cgroup *c) {
        if (c && c->created)
                (void) cgroup_remove(c); /* the first error is the one to report */
        return cgroup_free(c);
}
DEFINE_CLEANUP(Cgroup *, cgroup_discard);

int cgroup_open(CgroupTree *t, const char *name, Cgroup **ret, Error *error) {
        assert(t->leaf);

        if (!name_is_valid(t, name))
                return error_set_plain(
                                error, -EINVAL, ERROR_BAD_NAME, "bad cgroup name '%s'", name);

        _cleanup_(cgroup_discardp) Cgroup *c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Cgroup) { .tree = t, .dir_fd = -EBADF, .events_fd = -EBADF };
        c->name = strdup(name);
        c->path = str_printf("%s/%s", str_equal(t->path, "/") ? "" : t->path, name);
        if (!c->name || !c->path)
                return -ENOMEM;

        int r = cgroup_each_slice(name, make_slice, t);
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot make the slices of %s", c->path);
        r = make_directory(c, error);
        if (r < 0)
                return r;
        c->limits_known = c->created;
        c->limits = CGROUP_LIMITS_NONE;

        /* Memory is always accounted: status shows it, and a kill for memory has to be noticed. */
        if (t->ops->join) {
                r = t->ops->join(c, 1U << CGROUP_MEMORY, error);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

Cgroup *cgroup_free(Cgroup *c) {
        if (!c)
                return NULL;

        for (size_t i = 0; i < c->n_join_fds; i++)
                (void) close_fd(c->join_fds[i]);
        (void) close_fd(c->events_fd);
        (void) close_fd(c->dir_fd);
        free(c->devices);
        free(c->cpus);
        free(c->memory_nodes);
        free(c->io);
        free(c->path);
        free(c->name);
        free(c);
        return NULL;
}

int cgroup_remove(Cgroup *c) {
        int r = cgroup_remove_below(c->tree->root_fd, c->name);
        if (r < 0)
                return r;
        cgroup_remove_slices(c->tree->root_fd, c->name);
        return c->tree->ops->remove ? c->tree->ops->remove(c) : 0;
}

/* ---- scratch groups ----------------------------------------------------------------------------- */

/* Whoever may write to the group from inside could make such names too: it would be his loss. */
#define SCRATCH_PREFIX "supd-exec-"
#define SCRATCH_TRIES 64U

static int list_scratches(Cgroup *parent, char ***ret) {
        _cleanup_strv_ char **names = NULL;
        size_t kept = 0;

        int r = cgroup_list_children(parent->dir_fd, &names);
        if (r < 0)
                return r;
        for (size_t i = 0; names && names[i]; i++) {
                char *name = TAKE_PTR(names[i]);

                if (str_has_prefix(name, SCRATCH_PREFIX))
                        names[kept++] = name;
                else
                        free(name);
        }
        if (kept == 0)
                names = strv_free(names);
        *ret = TAKE_PTR(names);
        return 0;
}

static int copy_join_fds(Cgroup *c, const Cgroup *from) {
        for (size_t i = 0; i < from->n_join_fds; i++) {
                int fd = neg_errno(fcntl(from->join_fds[i], F_DUPFD_CLOEXEC, 3));
                if (fd < 0)
                        return fd;
                c->join_fds[c->n_join_fds++] = fd;
        }
        return 0;
}

/* Return: 1 made; 0 the number is taken. */
static int make_scratch(Cgroup *parent, unsigned number, Cgroup **ret, Error *error) {
        _cleanup_(cgroup_discardp) Cgroup *c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Cgroup) { .tree = parent->tree, .dir_fd = -EBADF, .events_fd = -EBADF };
        c->name = str_printf("%s/" SCRATCH_PREFIX "%u", parent->name, number);
        c->path = str_printf("%s/" SCRATCH_PREFIX "%u", parent->path, number);
        if (!c->name || !c->path)
                return -ENOMEM;

        int r = make_directory(c, error);
        if (r < 0 || !c->created)
                return MIN(r, 0);
        r = copy_join_fds(c, parent);
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot make cgroup %s", c->path);
        *ret = TAKE_PTR(c);
        return 1;
}

int cgroup_open_scratch(Cgroup *parent, Cgroup **ret, Error *error) {
        _cleanup_strv_ char **names = NULL;
        int r;

        if (list_scratches(parent, &names) >= 0) {
                STRV_FOREACH (name, names)
                        (void) cgroup_remove_below(parent->dir_fd, *name); /* busy: it is in use */
        }
        for (unsigned i = 0; i < SCRATCH_TRIES; i++) {
                r = make_scratch(parent, parent->n_scratches++, ret, error);
                if (r != 0)
                        return MIN(r, 0);
        }
        return error_set_plain(error,
                        -EBUSY,
                        ERROR_CGROUP,
                        "too many commands run in cgroup %s",
                        parent->path);
}

int cgroup_scratch_end(Cgroup *c) {
        /* Mostly all have ended, and a group that nobody is in is removed without a kill. */
        int r = cgroup_remove_below(c->tree->root_fd, c->name);
        if (r >= 0)
                return 0;
        (void) cgroup_kill(c, /* error= */ NULL);
        return cgroup_remove_below(c->tree->root_fd, c->name);
}

Cgroup *cgroup_scratch_discard(Cgroup *c) {
        if (c)
                (void) cgroup_scratch_end(c);
        return cgroup_free(c);
}

void cgroup_kill_scratches(Cgroup *parent) {
        _cleanup_strv_ char **names = NULL;

        if (list_scratches(parent, &names) < 0)
                return;
        STRV_FOREACH (name, names) {
                _cleanup_close_ int fd = neg_errno(openat(parent->dir_fd,
                                *name,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
                if (fd < 0)
                        continue;
                if (file_write_string(fd, "cgroup.kill", "1") == -ENOENT)
                        (void) cgroup_kill_each(fd, SIGKILL); /* who ended meanwhile is ended */
                (void) cgroup_remove_below(parent->dir_fd, *name);
        }
}

/* ---- limits ----------------------------------------------------------------------------------- */

#define LIMIT_FILE_SIZE_MAX (64U * 1024U)

/* A line begins with the device, or with "default". */
static int write_each(Cgroup *c, const CgroupWrite *w) {
        _cleanup_free_ char *text = NULL;
        char *rest, *line;

        _cleanup_close_ int read_fd = c->tree->ops->open_file(c, w->controller, w->file, O_RDONLY);
        int r = read_fd < 0 ? read_fd : file_read_fd(read_fd, LIMIT_FILE_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;

        rest = text;
        while (r >= 0 && (line = strsep(&rest, "\n"))) {
                int size = (int) strspn(line, "0123456789:");

                if (size == 0)
                        continue;
                _cleanup_free_ char *value = str_printf("%.*s %s", size, line, w->value);
                _cleanup_close_ int fd =
                                c->tree->ops->open_file(c, w->controller, w->file, O_WRONLY);
                if (!value)
                        return -ENOMEM;
                r = fd < 0 ? fd : fd_write_all(fd, value, strlen(value));
                if (r == -ENODEV)
                        r = 0; /* unplugged, and its line with it */
        }
        return r;
}

static int write_file(Cgroup *c, const CgroupWrite *w) {
        _cleanup_free_ char *inherited = NULL;
        const char *value = w->value;

        if (w->each)
                return write_each(c, w);
        if (!value) {
                /* The parent of a v1 group is the root of the tree in that hierarchy, one level up. */
                _cleanup_free_ char *path = str_printf("../%s", w->file);
                if (!path)
                        return -ENOMEM;
                _cleanup_close_ int parent_fd =
                                c->tree->ops->open_file(c, w->controller, path, O_RDONLY);
                int r = parent_fd < 0 ? parent_fd
                                      : file_read_fd(parent_fd,
                                                        LIMIT_FILE_SIZE_MAX,
                                                        &inherited,
                                                        NULL);
                if (r < 0)
                        return r;
                value = inherited;
        }

        _cleanup_close_ int fd = c->tree->ops->open_file(c, w->controller, w->file, O_WRONLY);
        return fd < 0 ? fd : fd_write_all(fd, value, strlen(value));
}

static int check_controller(Cgroup *c, const CgroupWrite *w, Error *error) {
        if (!(c->tree->controllers & 1U << w->controller))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "%s needs the %s controller, which this system does not offer here",
                                w->limit,
                                cgroup_controller_to_string(w->controller));
        return c->tree->ops->join ? c->tree->ops->join(c, 1U << w->controller, error) : 0;
}

/* Return: 1 written; 0 passed over, there is no such file. */
static int apply_write(Cgroup *c, const CgroupWrite *w, Error *error) {
        int r = w->prepare ? 0 : check_controller(c, w, error);
        if (r < 0)
                return r;

        r = write_file(c, w);
        /* A disk whose scheduler has no weights refuses one although the file is there. */
        if (r == -ENOENT || r == -EOPNOTSUPP)
                return 0;
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot set %s (%s to %s)",
                                w->limit,
                                w->file,
                                w->value ?: "the parent's");
        return 1;
}

static int apply_writes(Cgroup *c, const CgroupWriteList *list, Error *error) {
        bool asked = false, written = false;

        for (size_t i = 0; i < list->n; i++) {
                const CgroupWrite *w = &list->writes[i];
                bool last = i + 1 == list->n || list->writes[i + 1].limit != w->limit;

                int r = apply_write(c, w, error);
                if (r < 0)
                        return r;
                asked |= !w->prepare;
                written |= !w->prepare && r > 0;
                if (!last)
                        continue;
                if (asked && !written)
                        return error_set_plain(error,
                                        -EOPNOTSUPP,
                                        ERROR_NOT_SUPPORTED,
                                        "%s needs %s, which this kernel does not offer",
                                        w->limit,
                                        w->file);
                asked = written = false;
        }
        return 0;
}

static int remember_limits(Cgroup *c, const CgroupLimits *limits) {
        CgroupIoLimit *io = NULL;

        if (limits->n_io > 0) {
                io = calloc(limits->n_io, sizeof(*io));
                if (!io)
                        return -ENOMEM;
                memcpy(io, limits->io, limits->n_io * sizeof(*io));
        }
        free(c->io);
        c->io = io;
        int r = str_replace(&c->cpus, limits->cpus);
        if (r >= 0)
                r = str_replace(&c->memory_nodes, limits->memory_nodes);
        if (r < 0)
                return r;
        c->limits = *limits;
        c->limits.cpus = c->cpus;
        c->limits.memory_nodes = c->memory_nodes;
        c->limits.io = c->io;
        c->limits_known = true;
        return 0;
}

int cgroup_apply_limits(Cgroup *c, const CgroupLimits *limits, Error *error) {
        _cleanup_(cgroup_write_list_done) CgroupWriteList list = {};
        const CgroupLimits none = CGROUP_LIMITS_NONE;

        if (c->limits_known && cgroup_limits_equal(&c->limits, limits))
                return 0;

        bool reset = !c->limits_known || !cgroup_limits_equal(&c->limits, &none);
        int r = c->tree->ops->plan_limits(limits, reset, &list, error);
        if (r < 0)
                return r;

        c->limits_known = false; /* should it fail half way */
        r = apply_writes(c, &list, error);
        if (r < 0)
                return r;
        return remember_limits(c, limits);
}

int cgroup_apply_devices(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error) {
        _cleanup_free_ DeviceRule *merged = NULL;
        size_t n;

        int r = device_rules_merge(rules, n_rules, &merged, &n, error);
        if (r < 0)
                return r;
        if (c->devices_known && device_rules_equal(merged, n, c->devices, c->n_devices))
                return 0;

        r = c->tree->ops->apply_devices(c, merged, n, error);
        if (r < 0)
                return r;
        free(c->devices);
        c->devices = TAKE_PTR(merged);
        c->n_devices = n;
        c->devices_known = true;
        return 0;
}

/* ---- what comes from the v2 tree under either driver -------------------------------------------- */

int cgroup_dir_fd(const Cgroup *c) {
        return c->dir_fd;
}

size_t cgroup_join_fds(const Cgroup *c, const int **ret_fds) {
        *ret_fds = c->join_fds;
        return c->n_join_fds;
}

int cgroup_set_attribute(Cgroup *c, const char *name, const void *value, size_t size) {
        if (value)
                return neg_errno(fsetxattr(c->dir_fd, name, value, size, 0));
        int r = neg_errno(fremovexattr(c->dir_fd, name));
        return r == -ENODATA || r == -EOPNOTSUPP ? 0 : r;
}

const char *cgroup_name(const Cgroup *c) {
        return c->name;
}

const char *cgroup_path(const Cgroup *c) {
        return c->path;
}

int cgroup_events_fd(const Cgroup *c) {
        return c->events_fd;
}

int cgroup_read_events(Cgroup *c, CgroupEvents *ret) {
        char text[256];
        uint64_t populated, frozen;

        /* The file has two short lines, and grew by one in ten years. */
        ssize_t n = neg_errno(pread(c->events_fd, text, sizeof(text) - 1, 0));
        if (n < 0)
                return (int) n;
        text[n] = '\0';

        int r = cgroup_stat_parse(text, CGROUP_STAT_KEYED, "populated", &populated);
        if (r >= 0)
                r = cgroup_stat_parse(text, CGROUP_STAT_KEYED, "frozen", &frozen);
        if (r < 0)
                return r;
        *ret = (CgroupEvents) { .populated = populated, .frozen = frozen };
        return 0;
}

int cgroup_freeze(Cgroup *c, bool freeze, Error *error) {
        int r = file_write_string(c->dir_fd, "cgroup.freeze", freeze ? "1" : "0");
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot %s cgroup %s",
                                freeze ? "freeze" : "thaw",
                                c->path);
        return 0;
}

int cgroup_kill(Cgroup *c, Error *error) {
        int r = file_write_string(c->dir_fd, "cgroup.kill", "1");
        c->killed = c->killed || r >= 0;
        if (r == -ENOENT)
                r = cgroup_kill_each(c->dir_fd, SIGKILL);
        if (r < 0)
                return error_set(error, r, ERROR_CGROUP, "cannot kill cgroup %s", c->path);
        return 0;
}

bool cgroup_is_fresh(const Cgroup *c) {
        return c->created && !c->killed;
}

int cgroup_signal(Cgroup *c, int signal, Error *error) {
        int r = cgroup_kill_each(c->dir_fd, signal);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_CGROUP,
                                "cannot send signal %d to cgroup %s",
                                signal,
                                c->path);
        return 0;
}

int cgroup_read_pids(Cgroup *c, pid_t **ret, size_t *ret_n) {
        return cgroup_list_processes(c->dir_fd, /* recursive= */ true, ret, ret_n);
}
