/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The verbs: one table of names, what they take and who does them. A verb gets a Context and its words;
 * it returns supctl's exit code, or a negative errno with the Error that main() prints.
 */

#include <stdio.h>

#include "client/client.h"
#include "ctl/options.h"
#include "ctl/terminal.h"

typedef struct Context {
        const Options *options; /* borrowed */
        Terminal terminal;
        Client *client; /* owned; connected by context_connect() */
        FILE *out;      /* borrowed */
} Context;

/** context_connect() - reach supd, once for each call of supctl */
int context_connect(Context *c, Error *error);

typedef int (*VerbHandler)(Context *c, char *const *words, Error *error);

/* Names may be of two words, "image inspect". */
typedef struct Verb {
        const char *name;
        const char *const *aliases; /* NULL-terminated; NULL: none */
        VerbHandler run;
        unsigned words_min, words_max;
        const char *synopsis; /* of the words */
        const char *help;     /* one line */
        uint64_t options;     /* OPTION_… beside the global ones */
} Verb;

/** verb_find() - by name or alias. Return: 0; -EINVAL with a suggestion. */
int verb_find(const char *name, const Verb **ret, Error *error);

/**
 * verb_find_words() - the verb that @words begin with
 * @ret_n: how many of them are its name; may be NULL
 *
 * Return: 0; -EINVAL with a suggestion.
 */
int verb_find_words(char *const *words, const Verb **ret, size_t *ret_n, Error *error);

/** verb_is_of_family() - "image inspect" and "images", also called "image ls", are of "image" */
bool verb_is_of_family(const Verb *verb, const char *family);

/** verb_check() - the words and options are such as the verb takes. Return: 0; -EINVAL. */
int verb_check(const Verb *verb, char *const *words, const Options *options, Error *error);

/** verb_at() - the @index-th of the table; NULL after the last */
const Verb *verb_at(size_t index);

/* A file for each family, or several. */
int verb_list_units(Context *c, char *const *words, Error *error);
int verb_status(Context *c, char *const *words, Error *error);
int verb_start(Context *c, char *const *words, Error *error);
int verb_stop(Context *c, char *const *words, Error *error);
int verb_restart(Context *c, char *const *words, Error *error);
int verb_try_restart(Context *c, char *const *words, Error *error);
int verb_reload(Context *c, char *const *words, Error *error);
int verb_reload_or_restart(Context *c, char *const *words, Error *error);
int verb_try_reload_or_restart(Context *c, char *const *words, Error *error);
int verb_isolate(Context *c, char *const *words, Error *error);
int verb_list_jobs(Context *c, char *const *words, Error *error);
int verb_list_sockets(Context *c, char *const *words, Error *error);
int verb_list_timers(Context *c, char *const *words, Error *error);
int verb_cancel(Context *c, char *const *words, Error *error);
int verb_set_property(Context *c, char *const *words, Error *error);
int verb_healthcheck(Context *c, char *const *words, Error *error);
int verb_why(Context *c, char *const *words, Error *error);
int verb_analyze_time(Context *c, char *const *words, Error *error);
int verb_analyze_blame(Context *c, char *const *words, Error *error);
int verb_analyze_critical_chain(Context *c, char *const *words, Error *error);
int verb_analyze_plot(Context *c, char *const *words, Error *error);
int verb_analyze_dot(Context *c, char *const *words, Error *error);
int verb_analyze_security(Context *c, char *const *words, Error *error);
int verb_analyze_dump(Context *c, char *const *words, Error *error);
int verb_analyze_calendar(Context *c, char *const *words, Error *error);
int verb_analyze_timespan(Context *c, char *const *words, Error *error);
int verb_analyze_timestamp(Context *c, char *const *words, Error *error);
int verb_list_dependencies(Context *c, char *const *words, Error *error);
int verb_kill(Context *c, char *const *words, Error *error);
int verb_pause(Context *c, char *const *words, Error *error);
int verb_unpause(Context *c, char *const *words, Error *error);
int verb_reset_failed(Context *c, char *const *words, Error *error);
int verb_logs(Context *c, char *const *words, Error *error);
int verb_show(Context *c, char *const *words, Error *error);
int verb_cat(Context *c, char *const *words, Error *error);
int verb_is_active(Context *c, char *const *words, Error *error);
int verb_is_failed(Context *c, char *const *words, Error *error);
int verb_list_unit_files(Context *c, char *const *words, Error *error);
int verb_is_enabled(Context *c, char *const *words, Error *error);
int verb_enable(Context *c, char *const *words, Error *error);
int verb_disable(Context *c, char *const *words, Error *error);
int verb_reenable(Context *c, char *const *words, Error *error);
int verb_preset(Context *c, char *const *words, Error *error);
int verb_preset_all(Context *c, char *const *words, Error *error);
int verb_mask(Context *c, char *const *words, Error *error);
int verb_unmask(Context *c, char *const *words, Error *error);
int verb_link(Context *c, char *const *words, Error *error);
int verb_add_wants(Context *c, char *const *words, Error *error);
int verb_add_requires(Context *c, char *const *words, Error *error);
int verb_edit(Context *c, char *const *words, Error *error);
int verb_revert(Context *c, char *const *words, Error *error);
int verb_get_default(Context *c, char *const *words, Error *error);
int verb_set_default(Context *c, char *const *words, Error *error);
int verb_daemon_reload(Context *c, char *const *words, Error *error);
int verb_daemon_reexec(Context *c, char *const *words, Error *error);
int verb_verify(Context *c, char *const *words, Error *error);
int verb_images(Context *c, char *const *words, Error *error);
int verb_image_inspect(Context *c, char *const *words, Error *error);
int verb_history(Context *c, char *const *words, Error *error);
int verb_pull(Context *c, char *const *words, Error *error);
int verb_load(Context *c, char *const *words, Error *error);
int verb_save(Context *c, char *const *words, Error *error);
int verb_import(Context *c, char *const *words, Error *error);
int verb_tag(Context *c, char *const *words, Error *error);
int verb_rmi(Context *c, char *const *words, Error *error);
int verb_image_prune(Context *c, char *const *words, Error *error);
int verb_image_verify(Context *c, char *const *words, Error *error);
int verb_df(Context *c, char *const *words, Error *error);
int verb_secret_create(Context *c, char *const *words, Error *error);
int verb_secret_list(Context *c, char *const *words, Error *error);
int verb_secret_inspect(Context *c, char *const *words, Error *error);
int verb_secret_exists(Context *c, char *const *words, Error *error);
int verb_secret_remove(Context *c, char *const *words, Error *error);
int verb_version(Context *c, char *const *words, Error *error);
int verb_help(Context *c, char *const *words, Error *error);
