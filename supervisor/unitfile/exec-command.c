/* SPDX-License-Identifier: MIT */
#include "unitfile/exec-command.h"

#include <stdlib.h>

#include "base/strv.h"

/* clang-format off */
static const char *const phase_keys[] = {
        [EXEC_CONDITION]  = "ExecCondition",
        [EXEC_START_PRE]  = "ExecStartPre",
        [EXEC_START]      = "ExecStart",
        [EXEC_START_POST] = "ExecStartPost",
        [EXEC_RELOAD]     = "ExecReload",
        [EXEC_STOP]       = "ExecStop",
        [EXEC_STOP_POST]  = "ExecStopPost",
};
/* clang-format on */
static_assert(ELEMENTSOF(phase_keys) == _EXEC_PHASE_MAX, "every phase has a key");

const char *exec_phase_key(ExecPhase p) {
        return p < 0 || p >= _EXEC_PHASE_MAX ? NULL : phase_keys[p];
}

void exec_command_done(ExecCommand *c) {
        free(c->path);
        strv_free(c->argv);
        *c = (ExecCommand) {};
}

void exec_command_list_done(ExecCommandList *l) {
        for (size_t i = 0; i < l->n; i++)
                exec_command_done(&l->items[i]);
        free(l->items);
        *l = (ExecCommandList) {};
}

int exec_command_list_add(ExecCommandList *l, ExecCommand *c) {
        ExecCommand *items = reallocarray(l->items, l->n + 1, sizeof(ExecCommand));
        if (!items)
                return -ENOMEM;

        l->items = items;
        l->items[l->n++] = *c;
        *c = (ExecCommand) {};
        return 0;
}
