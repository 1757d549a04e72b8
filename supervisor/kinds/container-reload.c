/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-exec.h"
#include "kinds/container-internal.h"
#include "kinds/control-command.h"
#include "log/journal-stream.h"
#include "supd/message-ids.h"

/*
 * Reload of a container: the commands of ExecReload=, as any on the host, then one more step, which is a command
 * inside (ReloadCmd=) or a signal to the payload (ReloadSignal=). The lifecycle limits the time of the whole.
 */

#define PRIORITY_INFO 6

unsigned container_n_reload_steps(const Container *c) {
        const ContainerSpec *spec = container_spec(c);

        return spec->reload_command || spec->reload_signal > 0 ? 1 : 0;
}

/* ---- the unit's verb ------------------------------------------------------------------------------- */

int container_check_reload(const Container *c, Error *error) {
        if (c->freezer.state == FREEZER_RUNNING)
                return 0;
        return error_set_plain(error,
                        -EBUSY,
                        ERROR_UNIT_STATE,
                        "%s is paused and can't reload; 'supctl unpause %s' first",
                        unit_id(&c->unit),
                        unit_id(&c->unit));
}

int container_can_reload(const Unit *u, Error *error) {
        const Container *c = container_of_unit(u);

        return container_n_steps(c, EXEC_RELOAD) == 0 ? -EOPNOTSUPP
                                                      : container_check_reload(c, error);
}

int container_reload(Unit *u, Error *error) {
        Container *c = container_of_unit(u);

        (void) error;
        (void) str_replace(&c->status_text, NULL); /* NULL needs no memory */
        lifecycle_post(&c->lifecycle, SERVICE_EV_RELOAD, clock_dual());
        return 0;
}

/* ---- inside the container -------------------------------------------------------------------------- */

/* @text: why it failed, taken over; NULL of a failure: no memory for it */
static void step_ended(Container *c, ServiceResult result, char *text) {
        if (result != SERVICE_SUCCESS) {
                free(c->status_text);
                c->status_text = text;
        }
        lifecycle_post_control_ended(&c->lifecycle, result, clock_dual());
        container_check_empty(c);
}

static void on_end(int result, ExitInfo exit, const Error *error, void *userdata) {
        Container *c = userdata;

        c->reload = container_exec_free(c->reload);
        if (result < 0) {
                step_ended(c,
                                SERVICE_FAILURE_RESOURCES,
                                str_printf("ReloadCmd=: %s", error_text(error, result)));
                return;
        }
        if (exit.code == CLD_EXITED && exit.status == 0) {
                step_ended(c, SERVICE_SUCCESS, NULL);
                return;
        }
        _cleanup_free_ char *words = exit_in_words(exit);
        step_ended(c,
                        exit.code == CLD_EXITED ? SERVICE_FAILURE_EXIT_CODE
                                                : SERVICE_FAILURE_SIGNAL,
                        str_printf("ReloadCmd=%s %s",
                                        container_spec(c)->reload_command[0],
                                        words ?: "failed"));
}

static const ContainerExecOps exec_ops = { .on_end = on_end };

/* What it prints goes to the journal as what commands on the host print. */
static int run_command(Container *c, Error *error) {
        const char *id = unit_id(&c->unit);
        _cleanup_free_ char *identifier = strndup(id, (size_t) (strrchr(id, '.') - id));

        if (!identifier)
                return -ENOMEM;
        _cleanup_close_ int output = journal_stream_open(NULL,
                        &(JournalStreamSpec) {
                                        .identifier = identifier,
                                        .unit_id = id,
                                        .priority = PRIORITY_INFO,
                        });
        ContainerExecRequest request = {
                .argv = container_spec(c)->reload_command,
                .output_fd = output >= 0 ? output : -EBADF,
                .timeout_usec = USEC_INFINITY, /* the state has its limit */
                .ops = &exec_ops,
                .userdata = c,
        };
        int r = container_exec_start(c, &request, &c->reload, error);
        if (r >= 0)
                container_save(c);
        return r;
}

void container_run_reload(Container *c) {
        const ContainerSpec *spec = container_spec(c);
        _cleanup_(error_done) Error error = {};

        int r = container_check_reload(c, &error);
        if (r >= 0 && spec->reload_command)
                r = run_command(c, &error);
        else if (r >= 0)
                r = container_signal_main(c, spec->reload_signal, &error);
        if (r < 0)
                step_ended(c,
                                SERVICE_FAILURE_RESOURCES,
                                str_printf("%s=: %s",
                                                spec->reload_command ? "ReloadCmd" : "ReloadSignal",
                                                error_text(&error, r)));
        else if (!c->reload)
                step_ended(c, SERVICE_SUCCESS, NULL);
}

bool container_end_reload(Container *c) {
        bool runs = c->reload;

        c->reload = container_exec_free(c->reload);
        return runs;
}

/* ---- what is told ---------------------------------------------------------------------------------- */

/* Of a signal alone the states before and after are the same: its job is told of all the same. */
void container_tell_reload(Container *c, ServiceState old) {
        const Lifecycle *l = &c->lifecycle;

        if (old != SERVICE_RELOAD || service_state_to_active(l->state) != UNIT_ACTIVE)
                return;
        if (l->reload_result == SERVICE_SUCCESS) {
                container_tell(c, DIAG_INFO, NULL, "Reloaded.");
                return;
        }
        if (l->reload_result == SERVICE_FAILURE_TIMEOUT)
                (void) str_replace(&c->status_text,
                                "its reload took longer than TimeoutStartSec="); /* or no text */
        container_tell(c,
                        DIAG_WARNING,
                        NULL,
                        "Reload failed: %s; it runs on.",
                        c->status_text ?: service_result_to_string(l->reload_result));
}
