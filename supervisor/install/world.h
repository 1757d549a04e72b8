/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What there is on disk that enabling and disabling are about: unit files by name, with what their
 * [Install] says, and what lies in the two directories that links are made in. A picture taken once:
 * plan.h and state.h decide by it and touch no disk; world_read() takes it.
 *
 * Between calls: of each file name only the first in the order of the search path is known, and each
 * name of a service has one file (UNITS.md 1.3).
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/map.h"
#include "install/preset.h"
#include "unitfile/machine-facts.h"
#include "unitfile/service-spec.h"

#define INSTALL_ENTRIES_MAX 65536U /* what is looked at in the two directories */

/* Where a file or link is. */
typedef enum InstallPlace {
        INSTALL_PERSISTENT, /* below the first unit directory: the administrator's */
        INSTALL_RUNTIME,    /* below the one that is gone after a boot */
        INSTALL_ELSEWHERE,  /* others' and the vendor's: nothing is changed there */
        _INSTALL_PLACE_MAX,
        _INSTALL_PLACE_INVALID = -EINVAL,
} InstallPlace;

typedef struct InstallFile {
        char *name; /* owned; "foo@.timer", "web.container" */
        char *path; /* owned */
        char *id;   /* owned; of the unit: "web.service" */
        InstallPlace place;
        bool outside;   /* of the search path: given by its path */
        bool quadlet;   /* its [Install] holds as it is read */
        bool masked;    /* empty, or a link to /dev/null */
        char *alias_of; /* owned; name of the file that it links to; NULL: none */
        char *linked; /* owned; the path outside of the search path that it links to; NULL: none */
        InstallSpec install; /* as written: with specifiers. Of what is enabled by links only */
} InstallFile;

/* What lies in a directory of ours, or in a NAME.wants and so on in it. */
typedef struct InstallEntry {
        char *path;       /* owned */
        const char *name; /* borrowed from path */
        char *target;     /* owned; as the link has it; NULL: no link */
        InstallPlace place;
        bool is_directory; /* NAME.d of drop-ins */
        bool dependency;   /* in NAME.wants, NAME.requires or NAME.upholds */
} InstallEntry;

typedef struct InstallWorld {
        char *dirs[INSTALL_ELSEWHERE]; /* owned; by place; NULL: links can't be made there */
        Map *files;                    /* owned; by name, owned */
        Map *ids;                      /* owned; InstallFile by id, borrowed */
        Map *originals;        /* owned; names of files elsewhere, shadowed ones too; owned */
        InstallEntry *entries; /* owned; in the order of a walk by names */
        size_t n_entries, n_entries_allocated;
        Preset *presets; /* owned */
        MachineFacts facts;
} InstallWorld;

int world_new(InstallWorld **ret);
InstallWorld *world_free(InstallWorld *w);
DEFINE_CLEANUP(InstallWorld *, world_free);

InstallFile *install_file_free(InstallFile *f);
DEFINE_CLEANUP(InstallFile *, install_file_free);

/** world_add_file() - takes *file over. Return: 0; -EEXIST if the name is known; -ENOMEM. */
int world_add_file(InstallWorld *w, InstallFile **file);
/** world_add_entry() - @target: NULL for what is no link */
int world_add_entry(InstallWorld *w, const InstallEntry *entry);
/** world_add_original() - there is a file of this name that is not ours. Return: 0; -ENOMEM. */
int world_add_original(InstallWorld *w, const char *name);
/** world_settle() - once all files are there: who has which service's name. Return: 0 or -ENOMEM. */
int world_settle(InstallWorld *w);

/**
 * world_find() - the file of a unit called "web", "web.service", "web.container", "foo@a.service"
 *
 * An instance without a file of its own has its template's. Return: borrowed; NULL: none.
 */
const InstallFile *world_find(const InstallWorld *w, const char *name);
/** world_entry() - what lies at @path; borrowed; NULL: nothing */
const InstallEntry *world_entry(const InstallWorld *w, const char *path);

/**
 * world_read_outside() - a file that a client gave by its path joins the others, or stands for the one of its name
 *
 * Return: 0; -EINVAL if it is no absolute path of a unit's file; -ENOENT and the like; -ENOMEM.
 */
int world_read_outside(InstallWorld *w, const char *path, Error *error);

/**
 * world_read() - take the picture
 * @unit_dirs:   the search path; the first directory is where links are made
 * @runtime_dir: another one, for --runtime; NULL, or not among them: there is none
 *
 * Return: 0; -E2BIG if there is more than can be looked at; another negative errno.
 */
int world_read(char *const *unit_dirs,
                const char *runtime_dir,
                char *const *preset_dirs,
                InstallWorld **ret,
                Error *error);
