/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The key tables. Keys that work have a line each, with the parser and the member it fills; of keys
 * that are known and do not work (yet) a row names many, with what is to be said about them.
 */

#include "base/map.h"
#include "unitfile/unit-keys.h"

typedef struct KeyInput KeyInput;

typedef enum SectionRole {
        SECTION_TYPE,    /* [Container] in a .container: a mistake in it is an error */
        SECTION_OWN,     /* [X-Supd]: likewise; nobody else reads it */
        SECTION_SYSTEMD, /* [Unit], [Service]: mistakes are warnings, the assignment is ignored */
        SECTION_INSTALL, /* likewise, and no specifiers */
        SECTION_FOREIGN, /* another type's section: has no meaning in this file */
} SectionRole;

/* Which part of a UnitSpec a key's offset counts from. */
typedef enum KeyTarget {
        KEY_TARGET_NONE,
        KEY_TARGET_UNIT,
        KEY_TARGET_SERVICE,
        KEY_TARGET_INSTALL,
        KEY_TARGET_CONTAINER,
        KEY_TARGET_IMAGE,
        KEY_TARGET_TIMER,
        KEY_TARGET_POD,
        KEY_TARGET_SOCKET,
} KeyTarget;

typedef enum KeyDisposition {
        KEY_HANDLED,
        KEY_SILENT,          /* nothing to do and nothing to say */
        KEY_NOT_YET,         /* a warning, and the key is ignored */
        KEY_NOT_YET_REFUSED, /* an error: without it the container would be less isolated, or
                                   * see other data than it should */
        KEY_NO_EFFECT,       /* a warning with the row's text */
        KEY_REJECTED,        /* an error with the row's text */
} KeyDisposition;

typedef enum KeyFlags {
        KEY_STRICT = 1U << 0,     /* a bad value is an error also in a section of systemd */
        KEY_LIST = 1U << 1,       /* all assignments since the last empty one count, not the last */
        KEY_KEEP_EMPTY = 1U << 2, /* an empty value has a meaning of its own */
} KeyFlags;

/* Fills @target; what is wrong with the values becomes diagnostics. Return: 0 or -ENOMEM. */
typedef int (*UnitKeyParser)(KeyInput *in, void *target);

typedef struct UnitKey {
        const char *section, *key, *help;
        UnitKeyParser parse; /* of what is handled, or only checked so far; else NULL */
        KeyTarget target;
        size_t offset;
        KeyFlags flags;
        KeyDisposition disposition;
        const char *harmless; /* values, blanks between, that ask for what happens anyway */
} UnitKey;

/* Keys that are known and not handled: one row for those with the same fate. */
typedef struct UnitKeyRow {
        const char *section;
        KeyDisposition disposition;
        const char *harmless; /* as in UnitKey; "x*" is a prefix; NULL: none */
        const char *text;     /* NULL: "known but not supported yet" */
        const char *keys;     /* names, blanks between */
} UnitKeyRow;

typedef struct UnitSection {
        const char *name;
        SectionRole role;
} UnitSection;

extern const UnitSection unit_sections[];      /* ends with a NULL name */
extern const UnitKey unit_keys_handled[];      /* ends with a NULL section */
extern const UnitKeyRow unit_keys_unhandled[]; /* ends with a NULL section */

#define UNIT_SECTIONS_MAX 16U

/* The tables, ready for look-ups. Made once for all units of a set. */
typedef struct UnitKeys {
        UnitKey *keys; /* owned; all of them */
        size_t n_keys;
        char *names;                        /* owned; the key names of the rows, cut apart */
        Map *by_section[UNIT_SECTIONS_MAX]; /* owned; key name to UnitKey */
        const char **candidates[UNIT_SECTIONS_MAX];       /* owned; key names for suggestions */
        const char *section_names[UNIT_SECTIONS_MAX + 1]; /* of what may stand in a file */
} UnitKeys;

int unit_keys_new(UnitKeys **ret);
UnitKeys *unit_keys_free(UnitKeys *k);
DEFINE_CLEANUP(UnitKeys *, unit_keys_free);

/** unit_keys_find_section() - index in unit_sections, or -ENOENT */
int unit_keys_find_section(const char *name);
