/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * For tests of the unit language: units from text, a directory tree that goes away again, and a look
 * at diagnostics.
 */

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-load.h"

/* A machine whose specifiers are known. */
static const MachineFacts fixture_facts = {
        .host_name = (char *) "box.example.org",
        .machine_id = (char *) "0123456789abcdef0123456789abcdef",
        .architecture = (char *) "x86-64",
        .os_id = (char *) "debian",
};

/* Every unit here runs on this, unless a test is about that. */
#define MINIMAL "[Container]\nRootfs=/srv/root\nNetwork=none\n"

#define UNIT_TEXT(path, literal) \
        { path, literal, sizeof(literal) - 1 }

static UnitSpec *fixture_load_texts(const char *file_name, const UnitText *texts, size_t n_texts) {
        UnitKeys *keys = NULL;
        UnitSpec *u = NULL;
        char path[512];

        (void) snprintf(path, sizeof(path), "/etc/supd/units/%s", file_name);
        assert_int_equal(unit_keys_new(&keys), 0);
        UnitLoadRequest request = {
                .file_name = file_name,
                .fragment_path = path,
                .texts = texts,
                .n_texts = n_texts,
                .keys = keys,
                .facts = &fixture_facts,
        };
        assert_int_equal(unit_spec_load(&request, &u), 0);
        unit_keys_free(keys);
        return u;
}

_unused_ static UnitSpec *fixture_load(const char *file_name, const char *text) {
        UnitText t = { .path = file_name, .text = text, .size = strlen(text) };

        return fixture_load_texts(file_name, &t, 1);
}

/* A unit with one more line in [Container]. */
_unused_ static UnitSpec *fixture_load_line(const char *line) {
        char text[4096];

        (void) snprintf(text, sizeof(text), MINIMAL "%s\n", line);
        return fixture_load("web.container", text);
}

/* A unit with one line in [Service]. */
_unused_ static UnitSpec *fixture_load_service(const char *line) {
        char text[4096];

        (void) snprintf(text, sizeof(text), MINIMAL "[Service]\n%s\n", line);
        return fixture_load("web.container", text);
}

/* "severity: text\n"; owned by the caller */
static char *fixture_diagnostic(const Diagnostic *d) {
        char *text = diagnostic_format(d);
        char *line = text ? str_printf("%s: %s\n", diagnostic_severity_to_string(d->severity), text)
                          : NULL;

        free(text);
        assert_non_null(line);
        return line;
}

/* The first diagnostics, a line each; borrowed until the next call. */
_unused_ static const char *fixture_diagnostics(const DiagnosticList *list) {
        static char text[16384];
        size_t size = 0;

        text[0] = '\0';
        for (size_t i = 0; i < list->n_items && i < 20; i++) {
                char *line = fixture_diagnostic(&list->items[i]);
                int n = snprintf(text + size, sizeof(text) - size, "%s", line);

                free(line);
                assert_true(n > 0 && size + (size_t) n < sizeof(text));
                size += (size_t) n;
        }
        return text;
}

_unused_ static void fixture_assert_loaded(const UnitSpec *u) {
        if (u->load_state != UNIT_LOADED || u->diagnostics.n_items > 0)
                fail_msg("%s: %s", u->id, fixture_diagnostics(&u->diagnostics));
}

/* One of the diagnostics has @text in it. */
_unused_ static void fixture_assert_says(const DiagnosticList *list, const char *text) {
        for (size_t i = 0; i < list->n_items; i++) {
                char *line = fixture_diagnostic(&list->items[i]);
                bool found = strstr(line, text);

                free(line);
                if (found)
                        return;
        }
        fail_msg("no '%s' in:\n%s", text, fixture_diagnostics(list));
}

_unused_ static void fixture_assert_words(char *const *words, const char *expected) {
        char *joined = strv_join(words, "|");

        assert_non_null(joined);
        assert_string_equal(joined, expected);
        free(joined);
}

/* ---- directories --------------------------------------------------------------------------------- */

static char fixture_root[64];

_unused_ static int fixture_tree_setup(void **state) {
        (void) state;
        (void) snprintf(fixture_root, sizeof(fixture_root), "/tmp/supd-unitfile-XXXXXX");
        return mkdtemp(fixture_root) ? 0 : -1;
}

static int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

_unused_ static int fixture_tree_teardown(void **state) {
        (void) state;
        return nftw(fixture_root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Below the tree; borrowed until the call after the next three. */
_unused_ static const char *fixture_path(const char *name) {
        static char paths[4][512];
        static unsigned turn;
        char *path = paths[turn++ % 4];

        (void) snprintf(path, sizeof(paths[0]), "%s/%s", fixture_root, name);
        return path;
}

_unused_ static void fixture_make_parents(const char *path) {
        char parent[512];

        (void) snprintf(parent, sizeof(parent), "%s", path);
        *strrchr(parent, '/') = '\0';
        assert_int_equal(dir_make_all(parent, 0755), 0);
}

_unused_ static void fixture_write(const char *name, const char *text) {
        const char *path = fixture_path(name);

        fixture_make_parents(path);
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

_unused_ static void fixture_link(const char *target, const char *name) {
        const char *path = fixture_path(name);

        fixture_make_parents(path);
        assert_int_equal(symlink(target, path), 0);
}

/* The set of up to two directories of the tree, in order. */
_unused_ static UnitSet *fixture_load_set(const char *first, const char *second) {
        char *dirs[] = {
                (char *) fixture_path(first), second ? (char *) fixture_path(second) : NULL, NULL
        };
        UnitSet *s = NULL;

        assert_int_equal(unit_set_load(dirs, &s, NULL), 0);
        return s;
}
