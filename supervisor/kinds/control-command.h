/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A command of [Service] on the host, on the event loop: ExecStartPre= and its like. It runs in a group of its own
 * below the unit's, by which it is killed with all that it has started; what it leaves running when it ends is
 * killed, too. Its time limit is the lifecycle's.
 *
 * A command outlives supd: the next one finds it by its pid, waits for its end, and mostly can't know how it ended.
 */

#include "core/lifecycle.h"
#include "kinds/context.h"
#include "unitfile/exec-command.h"

typedef struct ControlCommand ControlCommand;

/* @text: how it ended, in words; NULL: nothing to say. May free the command. */
typedef void (*ControlCommandEnd)(ServiceResult result, const char *text, void *userdata);

typedef struct ControlRequest {
        const KindContext *
                        context; /* borrowed, as is the rest; the unit and its group for as long as it runs */
        const Unit *unit;
        Cgroup *cgroup;
        const ExecCommand *command;
        ExecPhase phase;
        char *const *variables; /* NAME=VALUE: what supd tells it */
        const char *identifier; /* of its lines in the journal, unless SyslogIdentifier= says so */
        ControlCommandEnd on_end;
        void *userdata;
} ControlRequest;

/** control_command_start() - Return: 0 and a command, owned by the caller; on failure on_end is not called */
int control_command_start(const ControlRequest *request, ControlCommand **ret, Error *error);
/** control_command_adopt() - one that a former supd has started. Return: 0; -ESRCH if it has ended */
int control_command_adopt(const ControlRequest *request,
                pid_t pid,
                uint64_t start_time,
                ControlCommand **ret);
pid_t control_command_pid(const ControlCommand *c);
uint64_t control_command_start_time(const ControlCommand *c);
/** control_command_signal() - to the command alone */
void control_command_signal(const ControlCommand *c, int signal);
/** control_command_leave() - for freeing at the end of supd: the command goes on, for the next one to find */
ControlCommand *control_command_leave(ControlCommand *c);
/** control_command_free() - kills what still runs of it */
ControlCommand *control_command_free(ControlCommand *c);
DEFINE_CLEANUP(ControlCommand *, control_command_free);

/** exit_in_words() - "exited with status 7/NOTRUNNING", "was killed by signal 9/KILL"; owned by the caller */
char *exit_in_words(ExitInfo exit);
