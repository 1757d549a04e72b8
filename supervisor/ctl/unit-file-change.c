/* SPDX-License-Identifier: MIT */
#include "ctl/unit-file-change.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* What [type, path, source] says to a person: the path is %1$s, the source %2$s, an arrow %3$s. */
/* clang-format off */
static const struct {
        const char *type, *words;
} change_words[] = {
        { "symlink",                 "Created symlink %1$s %3$s %2$s." },
        { "unlink",                  "Removed %1$s."                                                             },
        { "masked",                  "Unit %1$s is masked, ignoring."                                            },
        { "dangling",                "%1$s is a link that leads nowhere, ignoring."                              },
        { "destination not present", "%2$s is made a dependency of %1$s, which does not exist."                  },
        { "auxiliary unit failed",   "%1$s, which Also= names, can't be enabled, ignoring."                      },
};
/* clang-format on */

static const char *string_at(const Value *change, size_t i) {
        return i < value_length(change) && change->array.items[i].type == VALUE_STRING
                               ? change->array.items[i].string
                               : "";
}

/* The words' places may come in any order, or not at all; formats are those of the table. */
static char *fill(const char *words, const char *const texts[]) {
        char *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);

        if (!stream)
                return NULL;
        for (const char *p = words; *p; p++) {
                if (p[0] != '%')
                        fputc(*p, stream);
                else {
                        fputs(texts[p[1] - '1'], stream);
                        p += strlen("%1$s") - 1;
                }
        }
        if (fclose(stream) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int print_change(const Context *c, const Value *change) {
        const char *texts[] = {
                string_at(change, 1),
                string_at(change, 2),
                c->terminal.utf8 ? "→" : "->",
        };

        for (size_t i = 0; i < ELEMENTSOF(change_words); i++) {
                if (!str_equal(change_words[i].type, string_at(change, 0)))
                        continue;
                _cleanup_free_ char *text = fill(change_words[i].words, texts);
                _cleanup_free_ char *safe = text ? terminal_text(text) : NULL;
                if (!safe)
                        return -ENOMEM;
                fprintf(stderr, "%s\n", safe);
        }
        return 0;
}

static void explain_no_install(void) {
        fputs("Nothing in [Install] of these files asks for a link (WantedBy=, RequiredBy=, "
              "UpheldBy=, Alias=):\n"
              "they are started by units that need them, by a timer or socket, or by hand; of a "
              "template,\n"
              "name an instance.\n",
                        stderr);
}

int unit_file_change(Context *c, UnitFileRequest *request, Error *error) {
        _cleanup_value_ Value changes = {};
        bool carries = true;

        request->runtime = c->options->files.runtime;
        request->force = c->options->files.replace;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_change_unit_files(c->client, request, &changes, &carries, error);
        for (size_t i = 0; r >= 0 && i < value_length(&changes) && !c->options->quiet; i++)
                r = print_change(c, &changes.array.items[i]);
        if (r >= 0 && !carries && !c->options->quiet && request->verb != UNIT_FILE_PRESET)
                explain_no_install();
        return r;
}

int unit_file_reload(Context *c, Error *error) {
        int r = context_connect(c, error);

        return r < 0 || c->options->files.no_reload ? r : client_reload(c->client, error);
}
