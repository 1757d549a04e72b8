/* SPDX-License-Identifier: MIT */

/*
 * Any bytes as a unit file: nothing crashes, and what comes out does not depend on how inih was built.
 * Text behind a line "---" is a drop-in of the text before it.
 *
 * With --print-dictionary as only argument: libFuzzer's dictionary, from the key tables.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "unitfile/unit-load.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
        if (condition)
                return;
        (void) fprintf(stderr, "fuzz-unitfile: %s\n", what);
        abort();
}

static void print_key(const UnitKeyInfo *info, void *userdata) {
        (void) userdata;
        (void) printf("\"[%s]\\x0a%s=\"\n\"\\x0a%s=\"\n", info->section, info->key, info->key);
}

static void print_dictionary(void) {
        static const char *const values[] = { "%i",
                "%n",
                "${A}",
                "$A",
                "\\\\\\x0a",
                "\\\"",
                "infinity",
                "rshared",
                ":ro",
                "10%",
                "RTMIN+1",
                "host",
                "[\\\"a\\\",\\\"b\\\"]",
                "\\\\x41",
                "\\x0d\\x0a",
                "\\xef\\xbb\\xbf",
                "\\x0a---\\x0a",
                "1.5GiB",
                "5min 2s",
                "0-3,8" };

        (void) unit_keys_foreach(print_key, NULL);
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                (void) printf("\"%s\"\n", values[i]);
        (void) fflush(stdout);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
        if (*argc > 1 && strcmp((*argv)[1], "--print-dictionary") == 0) {
                print_dictionary();
                _exit(0);
        }
        return 0;
}

static UnitFile *
parse(const uint8_t *data, size_t size, UnitDialect dialect, bool portable, DiagnosticList *list) {
        UnitFileSource source = {
                .path = "fuzz.container",
                .dialect = dialect,
                .text = (const char *) data,
                .size = size,
                .portable = portable,
        };
        UnitFile *file = NULL;

        require(unit_file_parse(&source, list, &file) == 0, "out of memory");
        return file;
}

static void check_assignments_agree(const UnitFile *a, const UnitFile *b) {
        require(a->n_assignments == b->n_assignments, "another number of assignments");
        for (size_t i = 0; i < a->n_assignments; i++) {
                const UnitAssignment *x = &a->assignments[i], *y = &b->assignments[i];
                require(strcmp(x->section, y->section) == 0, "another section");
                require(strcmp(x->key, y->key) == 0, "another key");
                require(strcmp(x->value, y->value) == 0, "another value");
                require(x->line == y->line && x->line > 0, "another line");
        }
}

/* With and without the switches of Debian's inih. */
static void check_reader(const uint8_t *data, size_t size, UnitDialect dialect) {
        DiagnosticList lists[2] = {};
        UnitFile *a = parse(data, size, dialect, false, &lists[0]);
        UnitFile *b = parse(data, size, dialect, true, &lists[1]);

        check_assignments_agree(a, b);
        require(lists[0].n_items == lists[1].n_items, "other diagnostics");
        unit_file_free(a);
        unit_file_free(b);
        diagnostic_list_done(&lists[0]);
        diagnostic_list_done(&lists[1]);
}

static void check_unit(const UnitSpec *u) {
        char *const environment[] = { (char *) "A=x y", (char *) "B=7", NULL };
        const ContainerSpec *resolved = NULL;
        ContainerSpec storage;
        Error error = {};

        for (size_t i = 0; i < u->diagnostics.n_items; i++) {
                char *text = diagnostic_format(&u->diagnostics.items[i]);
                require(text && utf8_is_valid(text, strlen(text)), "a diagnostic that is no text");
                require(!strchr(text, '\n'), "a diagnostic of two lines");
                free(text);
        }
        if (u->load_state != UNIT_LOADED)
                return;
        require(u->container.name && u->container.root.rootfs ? true : u->source != NULL,
                        "a loaded unit without name or root");
        container_spec_init(&storage);
        int r = unit_spec_resolve(u, environment, &storage, &resolved, &error);
        require(r == 0 || (r == -EINVAL && error.message), "resolving failed without a reason");
        error_done(&error);
        container_spec_done(&storage);
}

static void check_load(const UnitText *texts, size_t n_texts) {
        static UnitKeys *keys;
        static MachineFacts facts;
        UnitSpec *u = NULL;

        if (!keys)
                require(unit_keys_new(&keys) == 0, "out of memory");
        UnitLoadRequest request = {
                .file_name = "fuzz@a-b.container",
                .fragment_path = "/etc/supd/units/fuzz@a-b.container",
                .texts = texts,
                .n_texts = n_texts,
                .keys = keys,
                .facts = &facts,
        };
        require(unit_spec_load(&request, &u) == 0, "out of memory");
        check_unit(u);
        unit_spec_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char separator[] = "\n---\n";

        if (size > UNIT_FILE_SIZE_MAX)
                return 0;
        check_reader(data, size, UNIT_DIALECT_QUADLET);
        check_reader(data, size, UNIT_DIALECT_PLAIN);

        const char *text = (const char *) data;
        const char *middle = size > 0 ? memmem(text, size, separator, strlen(separator)) : NULL;
        UnitText texts[2] = {
                { "fuzz@a-b.container", text, middle ? (size_t) (middle - text) : size }
        };
        if (middle) {
                const char *rest = middle + strlen(separator);
                texts[1] = (UnitText) { "10.conf", rest, size - (size_t) (rest - text) };
        }
        check_load(texts, middle ? 2 : 1);
        return 0;
}
