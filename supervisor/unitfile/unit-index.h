/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What lies in the unit directories: which files there are by name, which drop-in and dependency
 * directories. Reads directories, no files (UNITS.md 1.1, 1.2).
 *
 * Between calls: of each file name only the first in the order of the search path is known.
 */

#include <stdbool.h>

#include "base/map.h"
#include "unitfile/diagnostic.h"
#include "unitfile/text-builder.h"
#include "unitfile/unit-type.h"

typedef struct IndexedFile {
        char *path;       /* owned; absolute if the directory was */
        const char *name; /* borrowed from path */
        const UnitType *type;
        bool is_link;
        bool is_vendor;  /* below /usr */
        size_t position; /* in the order of the search path */
} IndexedFile;

/* One NAME.d directory of a search directory. */
typedef struct DropinDir {
        char *path;   /* owned */
        char **files; /* owned; *.conf, sorted */
} DropinDir;

/* All directories of one NAME.d, in the order of the search path. */
typedef struct DropinDirs {
        char *name;      /* owned; "web.container.d" */
        DropinDir *dirs; /* owned */
        size_t n_dirs;
} DropinDirs;

/* An entry of NAME.wants, NAME.requires or NAME.upholds. */
typedef struct DependencyEntry {
        char *unit;         /* owned; NAME */
        char *entry;        /* owned */
        const char *suffix; /* static; ".wants" and so on */
} DependencyEntry;

typedef struct UnitIndex UnitIndex;

int unit_index_new(UnitIndex **ret);

/**
 * unit_index_scan() - add a directory behind those that were scanned before
 * @recursive: its subdirectories too, each as a search directory directly behind its parent
 *
 * A missing directory is fine, an unreadable one a diagnostic. Return: 0 or -ENOMEM.
 */
int unit_index_scan(UnitIndex *index,
                const char *directory,
                bool recursive,
                DiagnosticList *diagnostics);

const IndexedFile *unit_index_find(const UnitIndex *index, const char *name); /* NULL: none */
size_t unit_index_size(const UnitIndex *index);
const IndexedFile *unit_index_at(const UnitIndex *index, size_t i);
/** unit_index_has_directory() - is @path, resolved, one of the directories scanned? */
bool unit_index_has_directory(const UnitIndex *index, const char *path);

size_t unit_index_n_dependencies(const UnitIndex *index);
const DependencyEntry *unit_index_dependency(const UnitIndex *index, size_t i);

/**
 * unit_index_refresh_dropins() - look at one drop-in directory again, which may have come or gone
 * @path: "DIRECTORY/NAME.d"
 *
 * Return: 0; -ENOENT if it is there and DIRECTORY was not scanned, or not there yet; -ENOMEM.
 */
int unit_index_refresh_dropins(UnitIndex *index, const char *path);

/** unit_index_dropins() - paths of the drop-ins for @file_name, in order of application; strv */
int unit_index_dropins(const UnitIndex *index, const char *file_name, char ***ret);

UnitIndex *unit_index_free(UnitIndex *index);
DEFINE_CLEANUP(UnitIndex *, unit_index_free);
