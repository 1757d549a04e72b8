/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/control-command.h"
#include "supd/message-ids.h"

/* Commands on the host around a container: ExecStartPre= and its like. */

unsigned container_n_steps(const Container *c, ExecPhase phase) {
        unsigned n = (unsigned) c->unit.spec->service.commands[phase].n;

        return phase == EXEC_START ? 1 : phase == EXEC_RELOAD ? n + container_n_reload_steps(c) : n;
}

/* ---- what they are told ---------------------------------------------------------------------------- */

static int add_exit(const Container *c, char ***variables) {
        const Lifecycle *l = &c->lifecycle;
        const char *signal = signal_to_string(l->exit.status);
        int r;

        r = strv_append_printf(variables, "SERVICE_RESULT=%s", service_result_to_string(l->result));
        if (r < 0 || l->exit.code == 0)
                return r;
        if (l->exit.code == CLD_EXITED) {
                r = strv_append(variables, "EXIT_CODE=exited");
                return r < 0 ? r : strv_append_printf(variables, "EXIT_STATUS=%d", l->exit.status);
        }
        r = strv_append_printf(variables,
                        "EXIT_CODE=%s",
                        l->exit.code == CLD_DUMPED ? "dumped" : "killed");
        if (r >= 0 && signal)
                r = strv_append_printf(variables,
                                "EXIT_STATUS=%s",
                                str_has_prefix(signal, "SIG") ? signal + 3 : signal);
        return r;
}

static int make_variables(const Container *c, ExecPhase phase, char ***ret) {
        _cleanup_strv_ char **variables = NULL;
        int r;

        r = strv_append_printf(&variables, "SUPD_UNIT=%s", unit_id(&c->unit));
        if (r >= 0)
                r = strv_append_printf(&variables, "PODMAN_SYSTEMD_UNIT=%s", unit_id(&c->unit));
        if (r >= 0 && c->invocation_id)
                r = strv_append_printf(&variables, "INVOCATION_ID=%s", c->invocation_id);
        if (r >= 0 && c->run.payload_pid > 0)
                r = strv_append_printf(&variables, "MAINPID=%d", (int) c->run.payload_pid);
        if (r >= 0 && (phase == EXEC_STOP || phase == EXEC_STOP_POST))
                r = add_exit(c, &variables);
        if (r >= 0)
                *ret = TAKE_PTR(variables);
        return r;
}

/* ---- running them ---------------------------------------------------------------------------------- */

static void on_end(ServiceResult result, const char *text, void *userdata) {
        Container *c = userdata;
        bool failed = result != SERVICE_SUCCESS && result != SERVICE_SKIP_CONDITION;

        c->command = control_command_free(c->command);
        if (text)
                container_tell(c,
                                failed ? DIAG_NOTICE : DIAG_INFO,
                                SUPD_MESSAGE_EXITED,
                                "%s%s",
                                text,
                                failed ? "." : "; going on.");
        if (failed && text)
                (void) str_replace(&c->status_text, text); /* without memory: no text */
        lifecycle_post_control_ended(&c->lifecycle, result, clock_dual());
        container_check_empty(c);
}

static ControlRequest request_of(Container *c, ExecPhase phase, unsigned step) {
        return (ControlRequest) {
                .context = c->context,
                .unit = &c->unit,
                .cgroup = c->run.cgroup,
                .command = &c->unit.spec->service.commands[phase].items[step],
                .phase = phase,
                .on_end = on_end,
                .userdata = c,
        };
}

static int start_command(Container *c, ExecPhase phase, unsigned step, Error *error) {
        _cleanup_strv_ char **variables = NULL;
        _cleanup_free_ char *identifier = NULL;
        const char *id = unit_id(&c->unit);

        /* Nothing new may run in a group that is frozen. */
        container_thaw_now(c);
        int r = container_open_cgroup(c, /* name= */ NULL, error);
        if (r >= 0)
                r = make_variables(c, phase, &variables);
        if (r < 0)
                return r;
        identifier = strndup(id, (size_t) (strrchr(id, '.') - id));
        if (!identifier)
                return -ENOMEM;
        ControlRequest request = request_of(c, phase, step);
        request.variables = variables;
        request.identifier = identifier;
        r = control_command_start(&request, &c->command, error);
        if (r >= 0)
                container_save(c);
        return r;
}

void container_run_command(Container *c, ExecPhase phase, unsigned step) {
        if (step >= c->unit.spec->service.commands[phase].n) {
                container_run_reload(c);
                return;
        }
        const ExecCommand *command = &c->unit.spec->service.commands[phase].items[step];
        _cleanup_(error_done) Error error = {};

        int r = phase == EXEC_RELOAD ? container_check_reload(c, &error) : 0;
        if (r >= 0)
                r = start_command(c, phase, step, &error);
        if (r >= 0)
                return;
        _cleanup_free_ char *text =
                        str_printf("%s=: %s", exec_phase_key(phase), error_text(&error, r));
        container_tell(c, DIAG_NOTICE, SUPD_MESSAGE_EXITED, "%s", text ?: "Out of memory");
        if (!command->ignore_failure)
                (void) str_replace(&c->status_text, text); /* without memory: no text */
        lifecycle_post_control_ended(&c->lifecycle,
                        command->ignore_failure ? SERVICE_SUCCESS : SERVICE_FAILURE_RESOURCES,
                        clock_dual());
}

/* ---- over a restart of supd ------------------------------------------------------------------------ */

void container_put_command(const Container *c, RecordWriter *w) {
        if (!c->command)
                return;
        record_put_i64(w, "ControlPid", control_command_pid(c->command));
        record_put_u64(w, "ControlStartTime", control_command_start_time(c->command));
}

void container_restore_command(Container *c, const Record *record) {
        ExecPhase phase = service_state_phase(c->lifecycle.state);
        unsigned step = c->lifecycle.step;
        int r = -ESRCH;

        if (!c->lifecycle.control_runs)
                return;
        if (phase == EXEC_RELOAD && step >= c->unit.spec->service.commands[phase].n &&
                        step < container_n_steps(c, phase)) {
                /* A command inside is no child of anybody who waits for it: once more, then. */
                cgroup_kill_scratches(c->run.cgroup);
                container_run_reload(c);
                return;
        }
        if (phase >= 0 && step < c->unit.spec->service.commands[phase].n) {
                ControlRequest request = request_of(c, phase, step);
                r = control_command_adopt(&request,
                                (int) record_i64_or(record, "ControlPid", 0),
                                record_u64_or(record, "ControlStartTime", 0),
                                &c->command);
        }
        if (r >= 0)
                return;
        /* It has ended while supd was away, or is being killed: how, nobody can tell. */
        cgroup_kill_scratches(c->run.cgroup);
        container_tell(c,
                        DIAG_NOTICE,
                        SUPD_MESSAGE_ADOPTED,
                        "A command of it ended while supd was away; going on.");
        lifecycle_post_control_ended(&c->lifecycle, SERVICE_SUCCESS, clock_dual());
        container_check_empty(c);
}
