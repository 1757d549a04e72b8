/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * While supctl waits for jobs: one line on the terminal that tells what the first unit under way is about
 * ("web: fetching …: 2 of 5 layers"), written over as it moves, gone at the end. Nothing where nobody looks.
 */

#include "client/client.h"
#include "ctl/verbs.h"

typedef struct WaitLine {
        Context *context;            /* borrowed */
        const UnitRequest *requests; /* borrowed */
        size_t n_requests;
        Client *client; /* owned; asks beside the connection that waits; NULL: not yet */
        bool shown;     /* there is a line to be taken away */
} WaitLine;

/** wait_line_wanted() - somebody looks at the terminal */
bool wait_line_wanted(const Context *c);
/** wait_line_draw() - a ClientWait's on_interval; @userdata is the WaitLine */
void wait_line_draw(void *userdata);
void wait_line_done(WaitLine *w);
