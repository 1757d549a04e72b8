/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/control-command.h"
#include "supd/message-ids.h"

void container_tell(Container *c, int level, const char *message_id, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return;

        /* The fields Docker's and Podman's journald drivers write, so that users' queries find us. */
        const char *id = c->container_id ?: "";
        _cleanup_free_ char *name = str_printf(
                        "CONTAINER_NAME=%s", container_spec(c)->name ?: unit_id(&c->unit));
        _cleanup_free_ char *id_short = str_printf("CONTAINER_ID=%.12s", id);
        _cleanup_free_ char *id_full = str_printf("CONTAINER_ID_FULL=%s", id);
        _cleanup_free_ char *invocation = str_printf("INVOCATION_ID=%s", c->invocation_id ?: "");
        _cleanup_free_ char *result =
                        str_printf("UNIT_RESULT=%s", service_result_to_string(c->lifecycle.result));
        const char *fields[6] = {};
        const char *all[] = {
                name,
                result,
                c->container_id ? id_short : NULL,
                c->container_id ? id_full : NULL,
                c->invocation_id ? invocation : NULL,
        };
        for (size_t i = 0, n = 0; i < ELEMENTSOF(all); i++) {
                if (all[i])
                        fields[n++] = all[i];
        }

        char job[12];
        if (c->unit.job)
                snprintf(job, sizeof(job), "%u", c->unit.job->id);
        DiagContext context = {
                .unit = unit_id(&c->unit),
                .job = c->unit.job ? job : NULL,
                .message_id = message_id,
                .fields = fields,
        };
        diag_log((DiagLevel) level, &context, "%s", text);
}

static void tell_end(Container *c) {
        const Lifecycle *l = &c->lifecycle;

        if (l->main_ended.realtime_usec == 0)
                return;
        _cleanup_free_ char *words = exit_in_words(l->exit);
        container_tell(c,
                        l->result == SERVICE_SUCCESS ? DIAG_INFO : DIAG_NOTICE,
                        SUPD_MESSAGE_EXITED,
                        "Main process %s.",
                        words ?: "ended");
}

static void tell_restart(Container *c) {
        const Lifecycle *l = &c->lifecycle;
        uint64_t delay = usec_sub(l->deadline_usec, l->state_entered.monotonic_usec);

        _cleanup_free_ char *span = span_format(delay);
        container_tell(c,
                        DIAG_INFO,
                        SUPD_MESSAGE_RESTARTING,
                        "Scheduled restart %u in %s (result '%s').",
                        l->n_restarts + 1,
                        span ?: "a moment",
                        service_result_to_string(l->result));
}

static void tell_failed(Container *c) {
        const Lifecycle *l = &c->lifecycle;

        if (l->result == SERVICE_FAILURE_START_LIMIT_HIT)
                container_tell(c,
                                DIAG_ERROR,
                                SUPD_MESSAGE_START_LIMIT,
                                "Started too often in too short a time; giving up until 'supctl "
                                "start %s'.",
                                unit_id(&c->unit));
        else if (c->status_text && l->start_failed)
                container_tell(c,
                                DIAG_ERROR,
                                SUPD_MESSAGE_START_FAILED,
                                "Failed to start: %s",
                                c->status_text);
        else
                container_tell(c,
                                DIAG_WARNING,
                                SUPD_MESSAGE_FAILED,
                                "Failed with result '%s'.",
                                service_result_to_string(l->result));
}

void container_tell_state(Container *c, ServiceState old) {
        const UnitSpec *spec = c->unit.spec;
        const char *what = spec->unit.description ?: spec->id;
        ServiceState state = c->lifecycle.state;

        /* The end of a run passes through states that last no time: tell it where the run leads to. */
        bool ended = state == SERVICE_AUTO_RESTART || state == SERVICE_FAILED ||
                     state == SERVICE_EXITED || state == SERVICE_DEAD;
        if (ended && old != SERVICE_AUTO_RESTART && old != SERVICE_FAILED &&
                        old != SERVICE_EXITED && old != SERVICE_DEAD)
                tell_end(c);

        /* These can't be come back to within one turn: counts were reset, nothing else. */
        if (state == old && (state == SERVICE_RUNNING || state == SERVICE_EXITED ||
                                            state == SERVICE_DEAD))
                return;

        if (old == SERVICE_RELOAD && state == SERVICE_RUNNING)
                return; /* it was started long ago: container_tell_reload() */

        switch (state) {
        case SERVICE_RUNNING:
                container_tell(c, DIAG_INFO, SUPD_MESSAGE_STARTED, "Started %s.", what);
                break;
        case SERVICE_EXITED:
                container_tell(c, DIAG_INFO, SUPD_MESSAGE_STARTED, "Finished %s.", what);
                break;
        case SERVICE_STOP_SIGKILL:
                if (c->lifecycle.result == SERVICE_FAILURE_TIMEOUT)
                        container_tell(c,
                                        DIAG_WARNING,
                                        SUPD_MESSAGE_STOP_TIMEOUT,
                                        "Did not end in time; killing what is left.");
                break;
        case SERVICE_AUTO_RESTART:
                if (c->lifecycle.start_failed && c->status_text)
                        container_tell(c,
                                        DIAG_ERROR,
                                        SUPD_MESSAGE_START_FAILED,
                                        "Failed to start: %s",
                                        c->status_text);
                tell_restart(c);
                break;
        case SERVICE_FAILED:
                tell_failed(c);
                break;
        case SERVICE_DEAD:
                if (old != SERVICE_FAILED)
                        container_tell(c, DIAG_INFO, SUPD_MESSAGE_STOPPED, "Stopped %s.", what);
                break;
        default:
                break;
        }
}
