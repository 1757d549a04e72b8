/* SPDX-License-Identifier: MIT */
#include "kinds/control-command.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/environment.h"
#include "kinds/exec-directories.h"
#include "kinds/host-user.h"
#include "kinds/reap.h"
#include "log/journal-stream.h"
#include "runtime/host-process.h"
#include "runtime/user.h"

#define PRIORITY_INFO 6
#define PRIORITY_ERR 3

struct ControlCommand {
        const KindContext *context; /* borrowed */
        Cgroup *parent;             /* borrowed; the unit's */
        Cgroup *cgroup;             /* owned; NULL: adopted, its group is one of the parent's */
        HostProcess process;        /* owned */
        uint64_t start_time;
        const RestartSpec *restart; /* borrowed; whose SuccessExitStatus= holds */
        ExecPhase phase;
        bool ignore_failure;
        char *path;  /* owned */
        char *error; /* owned; why it does not execute; NULL: it does */
        ControlCommandEnd on_end;
        void *userdata;                              /* borrowed */
        sd_event_source *status_source, *end_source; /* owned */
};

/* ---- its end ------------------------------------------------------------------------------------- */

char *exit_in_words(ExitInfo exit) {
        const char *name = exit.code == CLD_EXITED ? exit_status_to_string(exit.status)
                                                   : signal_to_string(exit.status);
        const char *how = exit.code == CLD_EXITED   ? "exited with status"
                          : exit.code == CLD_KILLED ? "was killed by signal"
                          : exit.code == CLD_DUMPED ? "dumped core on signal"
                                                    : NULL;

        if (!how)
                return str_printf("ended, and nobody could say how");
        return str_printf("%s %d%s%s", how, exit.status, name ? "/" : "", name ?: "");
}

static ExitInfo reap(const ControlCommand *c) {
        siginfo_t si = {};
        int status;

        if (waitid(P_PIDFD, (id_t) c->process.pidfd, &si, WEXITED | WNOHANG) >= 0 && si.si_pid > 0)
                return (ExitInfo) { .code = si.si_code, .status = si.si_status };
        if (sys_pidfd_exit_status(c->process.pidfd, &status) <= 0)
                return (ExitInfo) {};
        if (WIFEXITED(status))
                return (ExitInfo) { .code = CLD_EXITED, .status = WEXITSTATUS(status) };
        return (ExitInfo) { .code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED,
                .status = WTERMSIG(status) };
}

static ServiceResult classify(const ControlCommand *c, ExitInfo exit) {
        /* Of one that was adopted nobody may know: rather than to undo what it has done, go on. */
        if (exit.code == 0)
                return SERVICE_SUCCESS;
        ServiceResult result = exit_classify(c->restart, SERVICE_ONESHOT, exit);
        if (result == SERVICE_SUCCESS || c->ignore_failure)
                return SERVICE_SUCCESS;
        if (c->phase == EXEC_CONDITION && exit.code == CLD_EXITED && exit.status < 255 && !c->error)
                return SERVICE_SKIP_CONDITION;
        return result;
}

static void discard_group(ControlCommand *c) {
        if (c->cgroup)
                c->cgroup = reap_scratch(c->context->event, c->cgroup);
        else
                cgroup_kill_scratches(c->parent);
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ControlCommand *c = userdata;
        _cleanup_free_ char *text = NULL;

        (void) source, (void) fd, (void) events;
        ExitInfo exit = reap(c);
        c->end_source = sd_event_source_disable_unref(c->end_source);
        c->process.pid = 0;
        discard_group(c);
        _cleanup_free_ char *words = exit_in_words(exit);
        if (c->error)
                text = str_printf("%s=%s", exec_phase_key(c->phase), c->error);
        else if (exit.code != CLD_EXITED || exit.status != 0)
                text = str_printf("%s=%s %s", exec_phase_key(c->phase), c->path, words ?: "ended");
        c->on_end(classify(c, exit), text, c->userdata);
        return 0;
}

static int on_status(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ControlCommand *c = userdata;
        _cleanup_(error_done) Error error = {};

        (void) source, (void) fd, (void) events;
        c->status_source = sd_event_source_disable_unref(c->status_source);
        int r = host_process_read_status(&c->process, c->path, &error);
        if (r < 0)
                (void) str_replace(&c->error, error_text(&error, r)); /* without memory: no text */
        return 0;
}

static int watch(ControlCommand *c) {
        sd_event *event = c->context->event;
        int r = 0;

        if (c->process.status_fd >= 0)
                r = sd_event_add_io(event,
                                &c->status_source,
                                c->process.status_fd,
                                EPOLLIN,
                                on_status,
                                c);
        if (r >= 0)
                r = sd_event_add_io(event, &c->end_source, c->process.pidfd, EPOLLIN, on_ended, c);
        /* Why it could not be executed comes first. */
        if (r >= 0)
                r = sd_event_source_set_priority(c->end_source, SD_EVENT_PRIORITY_NORMAL + 1);
        return r;
}

/* ---- what it is given ------------------------------------------------------------------------------ */

static int find_program(const char *name, char **ret) {
        _cleanup_free_ char *dirs = strdup(EXEC_PATH);
        char *rest = dirs;

        if (!dirs)
                return -ENOMEM;
        if (*name == '/') {
                *ret = strdup(name);
                return *ret ? 0 : -ENOMEM;
        }
        for (char *dir = strsep(&rest, ":"); dir; dir = strsep(&rest, ":")) {
                _cleanup_free_ char *path = str_printf("%s/%s", dir, name);
                if (!path)
                        return -ENOMEM;
                if (access(path, X_OK) >= 0) {
                        *ret = TAKE_PTR(path);
                        return 0;
                }
        }
        return -ENOENT;
}

static bool is_unset(char *const *unset, const char *assignment) {
        size_t name_size = strcspn(assignment, "=");

        STRV_FOREACH (word, unset) {
                bool whole = strchr(*word, '=') != NULL;
                if (whole ? str_equal(*word, assignment)
                          : strlen(*word) == name_size && strncmp(*word, assignment, name_size) ==
                                                                                0)
                        return true;
        }
        return false;
}

static bool is_privileged(const ControlRequest *q) {
        return q->command->privileged || q->unit->spec->service.exec.permissions_start_only;
}

/* systemd's order: its own words, then what the unit says, and last what it takes away. */
static int make_environment(const ControlRequest *q, char ***ret, Error *error) {
        const ServiceSpec *service = &q->unit->spec->service;
        _cleanup_strv_ char **all = NULL, **own = NULL, **left = NULL;

        int r = strv_append(&all, "PATH=" EXEC_PATH);
        if (r >= 0 && service->exec.user && !is_privileged(q))
                r = strv_append_printf(&all, "USER=%s", service->exec.user);
        STRV_FOREACH (variable, q->variables) {
                if (r >= 0)
                        r = strv_env_set(&all, *variable);
        }
        if (r >= 0)
                r = exec_directories_add_variables(unit_id(q->unit), &service->exec, &all);
        STRV_FOREACH (name, service->exec.pass_environment) {
                const char *value = getenv(*name);
                _cleanup_free_ char *assignment = value ? str_printf("%s=%s", *name, value) : NULL;
                if (r >= 0 && value)
                        r = assignment ? strv_env_set(&all, assignment) : -ENOMEM;
        }
        if (r >= 0)
                r = service_environment_read(service, &own, error);
        STRV_FOREACH (assignment, own) {
                if (r >= 0)
                        r = strv_env_set(&all, *assignment);
        }
        STRV_FOREACH (assignment, all) {
                if (r >= 0 && !is_unset(service->exec.unset_environment, *assignment))
                        r = strv_append(&left, *assignment);
        }
        if (r >= 0)
                *ret = TAKE_PTR(left);
        return r;
}

static int make_argv(const ExecCommand *command, char *const *environment, char ***ret) {
        _cleanup_strv_ char **argv = NULL, **words = NULL;

        if (command->literal)
                return strv_copy(command->argv, ret);
        int r = strv_append(&argv, command->argv[0]);
        if (r >= 0)
                r = unit_expand_words(command->argv + 1, environment, /* split= */ true, &words);
        STRV_FOREACH (word, words) {
                if (r >= 0)
                        r = strv_append(&argv, *word);
        }
        if (r >= 0)
                *ret = TAKE_PTR(argv);
        return r;
}

static int open_stream(const ControlRequest *q, const char *identifier, int level) {
        const LogSettings *log = &q->unit->spec->service.log;
        JournalStreamSpec stream = {
                .identifier = identifier,
                .unit_id = unit_id(q->unit),
                .priority = (log->level >= 0 ? log->level : level) | MAX(log->facility, 0) << 3,
                .level_prefix = log->level_prefix,
        };

        return journal_stream_open(NULL, &stream);
}

static int launch(ControlCommand *c, const ControlRequest *q, Error *error) {
        const HostExecSpec *exec = &q->unit->spec->service.exec;
        const char *identifier = exec->syslog_identifier ?: q->identifier;
        _cleanup_strv_ char **environment = NULL, **argv = NULL;
        _cleanup_free_ PlanUser *user = calloc(1, sizeof(*user));

        int r = user ? find_program(q->command->path, &c->path) : -ENOMEM;
        if (r == -ENOENT)
                return error_set_plain(error,
                                r,
                                ERROR_RUNTIME,
                                "no program '%s' in %s",
                                q->command->path,
                                EXEC_PATH);
        if (r >= 0)
                r = host_user_find(exec, user, error);
        if (r >= 0)
                r = exec_directories_make(unit_id(q->unit), exec, error);
        if (r >= 0)
                r = make_environment(q, &environment, error);
        if (r >= 0)
                r = make_argv(q->command, environment, &argv);
        if (r >= 0)
                r = cgroup_open_scratch(q->cgroup, &c->cgroup, error);
        if (r < 0)
                return r;

        /* Without a journal its lines go where supd's own do. */
        _cleanup_close_ int out = open_stream(q, identifier, PRIORITY_INFO);
        _cleanup_close_ int err = open_stream(q, identifier, PRIORITY_ERR);
        bool home = str_equal(exec->working_directory, "~");
        HostProcessSpec spec = {
                .path = c->path,
                .argv = argv,
                .environment = environment,
                .working_directory = home ? (exec->user ? user->home : "/root")
                                          : exec->working_directory,
                .working_directory_optional = exec->working_directory_optional,
                .drops_user = !is_privileged(q) &&
                              (exec->user || exec->group || exec->supplementary_groups),
                .uid = user->uid,
                .gid = user->gid,
                .groups = user->groups,
                .n_groups = user->n_groups,
                .umask = (mode_t) exec->umask,
                .nice = exec->nice,
                .nice_set = exec->nice_set,
                .stdin_fd = -EBADF,
                .stdout_fd = out >= 0 ? out : STDERR_FILENO,
                .stderr_fd = err >= 0 ? err : STDERR_FILENO,
                .cgroup = c->cgroup,
        };
        return host_process_start(&spec, &c->process, error);
}

static int make(const ControlRequest *q, ControlCommand **ret) {
        ControlCommand *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ControlCommand) {
                .context = q->context,
                .parent = q->cgroup,
                .process = HOST_PROCESS_NONE,
                .restart = &q->unit->spec->service.restart,
                .phase = q->phase,
                .ignore_failure = q->command->ignore_failure,
                .on_end = q->on_end,
                .userdata = q->userdata,
        };
        *ret = c;
        return 0;
}

int control_command_start(const ControlRequest *q, ControlCommand **ret, Error *error) {
        _cleanup_(control_command_freep) ControlCommand *c = NULL;

        int r = make(q, &c);
        if (r >= 0)
                r = launch(c, q, error);
        if (r >= 0) {
                (void) sys_process_start_time(c->process.pid, &c->start_time);
                r = watch(c);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int control_command_adopt(
                const ControlRequest *q, pid_t pid, uint64_t start_time, ControlCommand **ret) {
        _cleanup_(control_command_freep) ControlCommand *c = NULL;
        uint64_t found;

        _cleanup_close_ int pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -ESRCH;
        if (pidfd < 0 || sys_process_start_time(pid, &found) < 0 || found != start_time)
                return -ESRCH;
        int r = make(q, &c);
        if (r < 0)
                return r;
        c->process.pid = pid;
        c->process.pidfd = TAKE_FD(pidfd);
        c->start_time = start_time;
        c->path = strdup(q->command->path);
        r = c->path ? watch(c) : -ENOMEM;
        if (r >= 0)
                *ret = TAKE_PTR(c);
        return r;
}

pid_t control_command_pid(const ControlCommand *c) {
        return c->process.pid;
}

uint64_t control_command_start_time(const ControlCommand *c) {
        return c->start_time;
}

void control_command_signal(const ControlCommand *c, int signal) {
        if (c->process.pidfd >= 0)
                (void) sys_pidfd_send_signal(c->process.pidfd, signal); /* it may have ended */
}

static void destroy(ControlCommand *c) {
        c->status_source = sd_event_source_disable_unref(c->status_source);
        c->end_source = sd_event_source_disable_unref(c->end_source);
        host_process_done(&c->process);
        free(c->path);
        free(c->error);
        free(c);
}

ControlCommand *control_command_leave(ControlCommand *c) {
        if (!c)
                return NULL;

        c->cgroup = cgroup_free(c->cgroup);
        destroy(c);
        return NULL;
}

ControlCommand *control_command_free(ControlCommand *c) {
        if (!c)
                return NULL;

        c->end_source = sd_event_source_disable_unref(c->end_source);
        if (c->process.pid > 0) {
                discard_group(c);
                c->process.pidfd = reap_later(c->context->event, c->process.pidfd);
        } else
                c->cgroup = reap_scratch(c->context->event, c->cgroup);
        destroy(c);
        return NULL;
}
