/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A unit as its files describe it, and all units of the search path.
 *
 * Loading never fails for what stands in a file: that is in the unit's diagnostics and load state.
 * It fails for lack of memory only. One bad file never keeps the others from loading.
 */

#include "base/error.h"
#include "base/map.h"
#include "unitfile/container-spec.h"
#include "unitfile/diagnostic.h"
#include "unitfile/pod-spec.h"
#include "unitfile/service-spec.h"
#include "unitfile/socket-spec.h"
#include "unitfile/timer-spec.h"

typedef enum UnitLoadState {
        UNIT_LOADED,
        UNIT_BAD_SETTING,
        UNIT_MASKED,
        UNIT_NOT_FOUND,
        UNIT_ERROR, /* the file could not be read */
        _UNIT_LOAD_STATE_MAX,
        _UNIT_LOAD_STATE_INVALID = -EINVAL,
} UnitLoadState;

const char *unit_load_state_to_string(UnitLoadState s); /* "loaded", "bad-setting", … */

typedef enum UnitKind {
        UNIT_KIND_CONTAINER,
        UNIT_KIND_IMAGE,
        UNIT_KIND_POD,
        UNIT_KIND_TARGET,
        UNIT_KIND_TIMER,
        UNIT_KIND_SOCKET,
        UNIT_KIND_UNSUPPORTED, /* known to the language, not to this version: .volume, .network, … */
        _UNIT_KIND_MAX,
        _UNIT_KIND_INVALID = -EINVAL,
} UnitKind;

typedef struct UnitSpec {
        char *id;            /* owned; service name: "web.service" */
        char *file_name;     /* owned; "web.container" */
        char *fragment_path; /* owned; absolute; NULL: a target without a file */
        char **dropin_paths; /* owned; in order of application */
        uint64_t texts_hash; /* of all that was read: another one, and the definition has changed */
        char *instance;      /* owned; of a template instance; NULL: none */
        bool is_template;    /* foo@.container itself: can't be started */
        UnitKind kind;
        UnitLoadState load_state;
        UnitSectionSpec unit;
        ServiceSpec service;
        InstallSpec install;
        ContainerSpec container; /* of UNIT_KIND_CONTAINER */
        ImageSpec image;         /* of UNIT_KIND_IMAGE */
        TimerSpec timer;         /* of UNIT_KIND_TIMER */
        PodSpec pod;             /* of UNIT_KIND_POD */
        SocketSpec socket;       /* of UNIT_KIND_SOCKET */
        DiagnosticList diagnostics;
        struct Effective *effective; /* owned; of unit_file_loader_load(); NULL else */
        struct UnitSource
                        *source; /* owned; NULL unless the type section refers to the environment */
} UnitSpec;

UnitSpec *unit_spec_free(UnitSpec *u);
DEFINE_CLEANUP(UnitSpec *, unit_spec_free);

/**
 * unit_spec_resolve() - the container as it is to run: all references to the environment replaced
 * @environment: "NAME=VALUE", from [Service] Environment= and EnvironmentFile=
 * @storage:     container_spec_init()ed by the caller, who calls container_spec_done() in any case
 * @ret:         the unit's own spec if nothing refers to the environment, else @storage
 *
 * Values that were not checked at load are checked here. Return: 0; -EINVAL with @error naming file,
 * line and key; -ENOMEM.
 */
int unit_spec_resolve(const UnitSpec *u,
                char *const *environment,
                ContainerSpec *storage,
                const ContainerSpec **ret,
                Error *error);

/** unit_spec_resolve_image() - the same for a .image; image_spec_init() and _done() of @storage likewise */
int unit_spec_resolve_image(const UnitSpec *u,
                char *const *environment,
                ImageSpec *storage,
                const ImageSpec **ret,
                Error *error);

/** unit_spec_resolve_pod() - the same for a .pod; pod_spec_init() and _done() of @storage likewise */
int unit_spec_resolve_pod(const UnitSpec *u,
                char *const *environment,
                PodSpec *storage,
                const PodSpec **ret,
                Error *error);

/* Single files outside of any search path, as `supctl verify` reads them. */
typedef struct UnitFileLoader UnitFileLoader;

int unit_file_loader_new(UnitFileLoader **ret);
UnitFileLoader *unit_file_loader_free(UnitFileLoader *l);
DEFINE_CLEANUP(UnitFileLoader *, unit_file_loader_free);

/**
 * unit_file_loader_load() - load one file, with its own drop-ins beside it
 *
 * Of files given one directory after the other each directory is read once. Return: 0; -ENOMEM. An
 * unreadable file is a diagnostic.
 */
int unit_file_loader_load(UnitFileLoader *l, const char *path, UnitSpec **ret);

/* Every unit of the search path, by id and by file name. */
typedef struct UnitSet UnitSet;

/**
 * unit_set_load() - read all directories
 * @dirs: search directories in order of precedence, as from unit_dirs_default()
 *
 * Cost is linear in files and bytes. Return: 0; -ENOMEM.
 */
int unit_set_load(char *const *dirs, UnitSet **ret, Error *error);

/**
 * unit_set_find() - by "web.service", "web.container", "web" or an alias
 *
 * Return: borrowed, NULL if there is none. Instances of templates are found if their own file exists
 * or unit_set_instantiate() made them.
 */
UnitSpec *unit_set_find(UnitSet *s, const char *name);

/**
 * unit_set_instantiate() - foo@x from foo@.container
 *
 * A unit that was taken from the set is read from its file once more. Return: 1 and *ret, borrowed;
 * 0 if there is neither such a unit nor a template for it; -ENOMEM.
 */
int unit_set_instantiate(UnitSet *s, const char *name, UnitSpec **ret, Error *error);

/**
 * unit_set_reread() - one unit from its files once more, whose drop-ins in @dropin_dirs ("DIRECTORY/NAME.d") may
 * have changed
 *
 * Return: 1 and *ret, owned by the caller; 0 where that is not enough, and all has to be read: its file is gone,
 * or makes another service now, or a search directory has come; -ENOMEM.
 */
int unit_set_reread(UnitSet *s, const char *id, char *const *dropin_dirs, UnitSpec **ret);

size_t unit_set_size(const UnitSet *s);
UnitSpec *unit_set_at(const UnitSet *s, size_t index);
/** unit_set_take() - the spec leaves the set and belongs to the caller; names go on resolving to NULL */
UnitSpec *unit_set_take(UnitSet *s, const char *id);
/** unit_set_resolve() - the id that @name means ("web.container", "web", an alias), also after
 * unit_set_take() of it; borrowed from the set; NULL: no such name */
const char *unit_set_resolve(const UnitSet *s, const char *name);
/**
 * unit_set_translate() - the id of the unit that a word among a unit's dependencies means
 * @instance: of the unit that says it, which a template's name stands for; NULL: none
 * @storage:  owned by the caller; set if the name had to be made
 *
 * Names that no file has are returned as they are. Return: borrowed from one of the arguments, or from the set;
 * NULL: out of memory.
 */
const char *unit_set_translate(
                const UnitSet *s, const char *word, const char *instance, char **storage);
/** unit_set_diagnostics() - problems that belong to no unit (unreadable directory, name collision) */
const DiagnosticList *unit_set_diagnostics(const UnitSet *s);

UnitSet *unit_set_free(UnitSet *s);
DEFINE_CLEANUP(UnitSet *, unit_set_free);

/**
 * unit_dirs_default() - the table of UNITS.md 1.1, or $SUPD_UNIT_DIRS / $QUADLET_UNIT_DIRS
 *
 * Return: 0, *ret owned by the caller (strv); -EINVAL for a relative entry (*ret holds those before).
 */
int unit_dirs_default(char ***ret, Error *error);

/**
 * unit_expand_words() - ${NAME} and $NAME as UNITS.md 2.4 says, for values of the type section
 * @split: a word that is exactly $NAME may become several words or none; else each gives one
 *
 * For text that is no part of a unit; units are resolved whole. Return: 0; -E2BIG; -ENOMEM.
 */
int unit_expand_words(char *const *words, char *const *environment, bool split, char ***ret);
int unit_expand_string(const char *value, char *const *environment, char **ret);

/* The two syntaxes of environment files (UNITS.md 2.4), from text to "NAME=VALUE" vectors. A bare NAME or
 * NAME* of the raw one imports from @import. Return: 0; -EINVAL with *ret_line set; -ENOMEM. */
int environment_parse_raw(const char *text, char *const *import, char ***ret, unsigned *ret_line);
int environment_parse_systemd(const char *text, char ***ret, unsigned *ret_line);
