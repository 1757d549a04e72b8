/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "client/secret.h"
#include "ctl/image-run.h"
#include "ctl/json-output.h"
#include "ctl/tree.h"
#include "ctl/verbs.h"
#include "ctl/verify-files.h"
#include "ctl/verify-json.h"
#include "ctl/verify-set.h"
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

/* One that may not be fetched has to be here; asked of the supd there is. */
static int check_image(Context *c, const char *path, UnitSpec *spec) {
        const ContainerSpec *container = &spec->container;
        char *words[] = { (char *) "inspect", (char *) "--", container->image, NULL };
        SourcePlace place = { .file = path, .section = "Container", .key = "Image" };
        _cleanup_(error_done) Error error = {};
        ImageRecords records = {};

        if (spec->kind != UNIT_KIND_CONTAINER || !container->image ||
                        container->pull.policy != PULL_NEVER || strchr(container->image, '$') ||
                        context_connect(c, NULL) < 0)
                return 0;
        int r = image_fetch(c, words, &records, &error);
        image_records_done(&records);
        if (r != -ENOENT)
                return r == -ENOMEM ? r : 0;
        return diagnostic_add(&spec->diagnostics,
                        DIAGNOSTIC_WARNING,
                        "no-image",
                        &place,
                        "there is no image " SHOWN " yet, and Pull=never: 'supctl pull' or "
                        "'supctl load' gets it",
                        SHOWN_ARGUMENTS(container->image));
}

/* No hidden waits: what a start waits for, and why. */
static int print_waits(Context *c, const UnitSpec *spec, char *const *waits) {
        _cleanup_(tree_done) Tree tree = {};
        int r;

        if (!waits)
                return 0;
        STRV_FOREACH (wait, waits) {
                char *text = terminal_text(*wait);
                if (!text)
                        return -ENOMEM;
                r = tree_add(&tree, 0, STYLE_PLAIN, &text);
                free(text);
                if (r < 0)
                        return r;
        }
        fprintf(c->out, "A start of %s waits for\n", spec->id);
        return tree_print(&tree, &c->terminal, "", c->out);
}

/* What is shared by all files. */
typedef struct Verification {
        UnitFileLoader *loader; /* owned */
        VerifySet *set;         /* owned */
        Secrets secrets;
        json_t *list; /* owned; with --json */
} Verification;

/* Return: 0; -ENOMEM. */
static int check_all(Context *c, Verification *v, const char *path, UnitSpec *spec) {
        int r = check_secrets(c, &v->secrets, path, spec);

        if (r >= 0 && spec->effective)
                r = verify_set_check(v->set, spec, path);
        if (r >= 0)
                r = verify_files(spec, path);
        if (r >= 0)
                r = check_image(c, path, spec);
        diagnostic_list_sort(&spec->diagnostics);
        return r;
}

/* One file: prints, or adds to the list. Return: 1 if it is not fit to be used, else 0. */
static int verify_file(Context *c, Verification *v, const char *path) {
        _cleanup_(unit_spec_freep) UnitSpec *spec = NULL;
        _cleanup_strv_ char **waits = NULL;
        int bad = 0;

        int r = unit_file_loader_load(v->loader, path, &spec);
        if (r >= 0)
                r = check_all(c, v, path, spec);
        if (r >= 0)
                r = verify_set_waits(v->set, spec, &waits);
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
                json_t *unit = verify_json(spec, path, verify_set_units(v->set), waits, !bad);
                if (!unit || json_array_append_new(v->list, unit) < 0)
                        return -ENOMEM;
        }
        if (spec->diagnostics.n_dropped > 0 && !c->options->json)
                fprintf(c->out,
                                "%s: %zu more problems are not shown\n",
                                path,
                                spec->diagnostics.n_dropped);
        if (!bad && !c->options->json && !c->options->quiet)
                r = print_waits(c, spec, waits);
        return r < 0 ? r : bad;
}

static void verification_done(Verification *v) {
        unit_file_loader_free(v->loader);
        verify_set_free(v->set);
        value_done(&v->secrets.list);
        json_decref(v->list);
}

int verb_verify(Context *c, char *const *words, Error *error) {
        _cleanup_(verification_done) Verification v = { .list = json_array() };
        int bad = 0, r = v.list ? unit_file_loader_new(&v.loader) : -ENOMEM;

        (void) error; /* what is wrong is printed */

        if (r >= 0)
                r = verify_set_new(words, &v.set);
        for (char *const *path = words; r >= 0 && *path; path++) {
                r = verify_file(c, &v, *path);
                bad = bad || r > 0;
        }
        if (r >= 0 && c->options->json)
                r = json_print(TAKE_PTR(v.list), c->out);
        return r < 0 ? r : bad ? SUPCTL_EXIT_FAILURE : SUPCTL_EXIT_SUCCESS;
}
