/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "client/secret.h"
#include "ctl/json-output.h"
#include "ctl/verbs.h"
#include "ctl/verify-json.h"
#include "supd/exit-status.h"
#include "unitfile/unit-spec.h"

static bool is_fatal(const Diagnostic *d, bool strict) {
        return d->severity == DIAGNOSTIC_ERROR || (strict && d->severity == DIAGNOSTIC_WARNING);
}

static Style style_of(DiagnosticSeverity severity) {
        return severity == DIAGNOSTIC_ERROR     ? STYLE_BAD
               : severity == DIAGNOSTIC_WARNING ? STYLE_WARNING
                                                : STYLE_PLAIN;
}

static int print_diagnostic(Context *c, const Diagnostic *d) {
        _cleanup_free_ char *text = diagnostic_format(d);
        _cleanup_free_ char *safe = text ? terminal_text(text) : NULL;
        Style style = style_of(d->severity);

        if (!safe)
                return -ENOMEM;
        fprintf(c->out,
                        "%s%s%s: %s\n",
                        style_on(&c->terminal, style),
                        diagnostic_severity_to_string(d->severity),
                        style_off(&c->terminal, style),
                        safe);
        return 0;
}

/* ---- what supd would have to have -------------------------------------------------------------- */

/* Asked once a call, and only if a unit refers to secrets. Without a supd that answers nothing is known. */
typedef struct Secrets {
        bool asked, known;
        Value list;
} Secrets;

static void secrets_ask(Context *c, Secrets *s) {
        if (!s->asked)
                s->known = context_connect(c, NULL) >= 0 &&
                           client_list_secrets(c->client, &s->list, NULL) >= 0;
        s->asked = true;
}

static bool secrets_have(const Secrets *s, const char *name) {
        for (size_t i = 0; i < value_length(&s->list); i++) {
                if (str_equal(value_get_string(&s->list.array.items[i], "Name"), name))
                        return true;
        }
        return false;
}

static int check_secrets(Context *c, Secrets *s, const char *path, UnitSpec *spec) {
        const SecretSpecs *secrets = &spec->container.secrets;
        SourcePlace place = { .file = path, .section = "Container", .key = "Secret" };

        for (size_t i = 0; i < secrets->n_items; i++) {
                const char *name = secrets->items[i].name;

                secrets_ask(c, s);
                if (!s->known || secrets_have(s, name))
                        continue;
                int r = diagnostic_add(&spec->diagnostics,
                                DIAGNOSTIC_WARNING,
                                "no-secret",
                                &place,
                                "there is no secret '%s' yet; 'supctl secret create' makes one",
                                name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One file: prints, or adds to @list. Return: 1 if it is not fit to be used, else 0. */
static int
verify_file(Context *c, UnitFileLoader *loader, Secrets *secrets, const char *path, json_t *list) {
        _cleanup_(unit_spec_freep) UnitSpec *spec = NULL;
        int bad = 0;

        int r = unit_file_loader_load(loader, path, &spec);
        if (r >= 0)
                r = check_secrets(c, secrets, path, spec);
        if (r < 0)
                return r;

        for (size_t i = 0; i < spec->diagnostics.n_items; i++) {
                const Diagnostic *d = &spec->diagnostics.items[i];

                bad = bad || is_fatal(d, c->options->strict);
                r = c->options->json ? 0 : print_diagnostic(c, d);
                if (r < 0)
                        return r;
        }
        if (c->options->json) {
                json_t *unit = verify_json(spec, path, !bad);
                if (!unit || json_array_append_new(list, unit) < 0)
                        return -ENOMEM;
        }
        if (spec->diagnostics.n_dropped > 0 && !c->options->json)
                fprintf(c->out,
                                "%s: %zu more problems are not shown\n",
                                path,
                                spec->diagnostics.n_dropped);
        return bad;
}

int verb_verify(Context *c, char *const *words, Error *error) {
        _cleanup_(unit_file_loader_freep) UnitFileLoader *loader = NULL;
        Secrets secrets = {};
        json_t *list = json_array();
        int bad = 0, r = list ? unit_file_loader_new(&loader) : -ENOMEM;

        (void) error; /* what is wrong is printed */

        for (char *const *path = words; r >= 0 && *path; path++) {
                r = verify_file(c, loader, &secrets, *path, list);
                bad = bad || r > 0;
        }
        value_done(&secrets.list);
        if (r < 0) {
                json_decref(list);
                return r;
        }

        if (c->options->json)
                r = json_print(list, c->out);
        else
                json_decref(list);
        return r < 0 ? r : bad ? SUPCTL_EXIT_FAILURE : SUPCTL_EXIT_SUCCESS;
}
