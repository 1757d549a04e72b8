/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "base/text.h"
#include "ctl/image-removal.h"
#include "ctl/image-run.h"
#include "ctl/interrupt.h"
#include "ctl/json-output.h"
#include "ctl/prompt.h"
#include "ctl/registry-login.h"
#include "ctl/value-text.h"
#include "supd/exit-status.h"

/* ---- prune ------------------------------------------------------------------------------------- */

static int prune(Context *c, bool rehearse, ImageRecords *ret, Error *error) {
        const Options *o = c->options;
        _cleanup_strv_ char **ask = NULL;

        int r = strv_append(&ask, "prune");
        if (r >= 0)
                r = image_words_switch(&ask, "--all", o->all);
        if (r >= 0)
                r = image_words_switch(&ask, "--dry-run", rehearse);
        if (r >= 0)
                r = image_words_options(&ask, "--filter", o->image.filters);
        return r < 0 ? r : image_fetch(c, ask, ret, error);
}

static int prune_and_print(Context *c, bool rehearse, Error *error) {
        _cleanup_(image_records_done) ImageRecords answer = {};

        int r = prune(c, rehearse, &answer, error);
        int q = image_removal_print(c, &answer, rehearse);
        return r < 0 ? r : q < 0 ? q : SUPCTL_EXIT_SUCCESS;
}

/* Shows what would go. Return: 1 for yes, 0 for no or nothing to do; negative errno. */
static int ask_first(Context *c, Error *error) {
        _cleanup_(image_records_done) ImageRecords answer = {};
        _cleanup_free_ char *question = NULL;

        int r = prune(c, /* rehearse= */ true, &answer, error);
        if (r < 0)
                return r;
        if (image_removal_count(&answer) == 0 && image_removal_bytes(&answer) == 0) {
                fputs("Nothing to remove.\n", c->out);
                return 0;
        }
        r = image_removal_print(c, &answer, /* would= */ true);
        if (r < 0)
                return r;
        fflush(c->out);
        question = str_printf("Remove %zu image%s for good? [y/N] ",
                        image_removal_count(&answer),
                        image_removal_count(&answer) == 1 ? "" : "s");
        return question ? prompt_yes(question, error) : -ENOMEM;
}

int verb_image_prune(Context *c, char *const *words, Error *error) {
        const Options *o = c->options;

        (void) words;
        if (o->image.dry_run || o->image.force)
                return prune_and_print(c, o->image.dry_run, error);
        if (o->json || !prompt_is_possible())
                return error_set_plain(error,
                                -ENOTTY,
                                ERROR_INVALID_ARGUMENT,
                                "there is nobody to ask whether to remove what --dry-run shows; "
                                "pass --force");
        int r = ask_first(c, error);
        if (r == -EINTR)
                return EXIT_INTERRUPTED;
        return r <= 0 ? r : prune_and_print(c, /* rehearse= */ false, error);
}

/* ---- image verify ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
        const char *key, *text;
        Style style;
} findings[] = {
        { "DAMAGED_BLOB",     "damaged blob",            STYLE_BAD     },
        { "MISSING_BLOB",     "missing blob",            STYLE_BAD     },
        { "MISSING_LAYER",    "layer is not unpacked",   STYLE_BAD     },
        { "DAMAGED_LAYER",    "damaged layer",           STYLE_BAD     },
        { "DAMAGED_PATH",     "  first difference",      STYLE_PLAIN   },
        { "UNVERIFIED_LAYER", "layer can't be verified", STYLE_BAD     },
        { "DAMAGED_IMAGE",    "damaged image",           STYLE_BAD     },
        { "DAMAGED_RECORD",   "damaged record of image", STYLE_BAD     },
        { "DAMAGED_NAMES",    "damaged list of names",   STYLE_BAD     },
        { "DAMAGED_USE",      "damaged list of users",   STYLE_BAD     },
        { "AFFECTED",         "  of",                    STYLE_PLAIN   },
        { "REASON",           "  because",               STYLE_PLAIN   },
        { "REPAIRED_LAYER",   "repaired layer",          STYLE_GOOD    },
        { "REPAIRED_BLOB",    "repaired blob",           STYLE_GOOD    },
        { "LOST_BLOB",        "lost blob",               STYLE_BAD     },
        { "NOTICE",           "note",                    STYLE_WARNING },
};

static const ImageProperty verify_properties[] = {
        { "CheckedBlobs",     "CHECKED_BLOBS",    IMAGE_NUMBER },
        { "CheckedLayers",    "CHECKED_LAYERS",   IMAGE_NUMBER },
        { "DamagedBlobs",     "DAMAGED_BLOB",     IMAGE_TEXTS  },
        { "MissingBlobs",     "MISSING_BLOB",     IMAGE_TEXTS  },
        { "MissingLayers",    "MISSING_LAYER",    IMAGE_TEXTS  },
        { "DamagedLayers",    "DAMAGED_LAYER",    IMAGE_TEXTS  },
        { "DamagedPaths",     "DAMAGED_PATH",     IMAGE_TEXTS  },
        { "UnverifiedLayers", "UNVERIFIED_LAYER", IMAGE_TEXTS  },
        { "DamagedImages",    "DAMAGED_IMAGE",    IMAGE_TEXTS  },
        { "DamagedRecords",   "DAMAGED_RECORD",   IMAGE_TEXTS  },
        { "Affected",         "AFFECTED",         IMAGE_TEXTS  },
        { "Pull",             "PULL",             IMAGE_TEXTS  },
        { "Reasons",          "REASON",           IMAGE_TEXTS  },
        { "RepairedLayers",   "REPAIRED_LAYER",   IMAGE_TEXTS  },
        { "RepairedBlobs",    "REPAIRED_BLOB",    IMAGE_TEXTS  },
        { "LostBlobs",        "LOST_BLOB",        IMAGE_TEXTS  },
};
/* clang-format on */

static int print_finding(Context *c, const ImageField *f) {
        for (size_t i = 0; i < ELEMENTSOF(findings); i++) {
                if (!str_equal(findings[i].key, f->key))
                        continue;
                _cleanup_free_ char *safe = terminal_text(f->value);
                if (!safe)
                        return -ENOMEM;
                fprintf(c->out,
                                "%s%s%s: %s\n",
                                style_on(&c->terminal, findings[i].style),
                                findings[i].text,
                                style_off(&c->terminal, findings[i].style),
                                safe);
        }
        return 0;
}

static int print_findings(Context *c, const ImageRecords *answer) {
        ImageGroup all = image_records_all(answer);
        uint64_t blobs = image_group_get_u64(&all, "CHECKED_BLOBS"),
                 layers = image_group_get_u64(&all, "CHECKED_LAYERS");

        for (size_t i = 0; i < answer->n_fields; i++) {
                int r = print_finding(c, &answer->fields[i]);
                if (r < 0)
                        return r;
        }
        if (blobs != UINT64_MAX && layers != UINT64_MAX && !c->options->quiet)
                fprintf(c->out,
                                "Checked %llu blob%s and %llu unpacked layer%s.\n",
                                (unsigned long long) blobs,
                                blobs == 1 ? "" : "s",
                                (unsigned long long) layers,
                                layers == 1 ? "" : "s");
        return 0;
}

static int print_findings_json(Context *c, const ImageRecords *answer) {
        _cleanup_value_ Value object = { .type = VALUE_DICT };
        ImageGroup all = image_records_all(answer);

        int r = image_group_to_dict(
                        &all, verify_properties, ELEMENTSOF(verify_properties), &object);
        return r < 0 ? r : json_print(json_from_value(&object), c->out);
}

/* The program speaks of its own keys and options; this is for who called us. */
static int set_damage(const Options *o, const ImageRecords *answer, int r, Error *error) {
        ImageGroup all = image_records_all(answer);
        uint64_t damaged = image_group_get_u64(&all, "DAMAGED");
        _cleanup_strv_ char **names = NULL;
        const char *name;

        if (damaged == 0 || damaged == UINT64_MAX)
                return r;
        for (size_t i = 0; (name = image_group_get_nth(&all, "PULL", i)); i++)
                if (!strv_contains(names, name) && strv_append(&names, name) < 0)
                        return r;
        _cleanup_free_ char *list = strv_join(names, " ");
        if (!list)
                return r;
        error_done(error);
        return error_set_plain(error,
                        r,
                        ERROR_STORAGE,
                        "%llu %s damaged; %s%s",
                        (unsigned long long) damaged,
                        damaged == 1 ? "thing is" : "things are",
                        !o->image.repair ? "'supctl image verify --repair' puts right what can be"
                        : *list          ? "pull or load again: "
                                         : "see above",
                        o->image.repair ? list : "");
}

static int make_verify_words(const Options *o,
                const RegistryLogin *login,
                char *const *images,
                char ***ret,
                Error *error) {
        int r = strv_append(ret, "check");

        if (r >= 0)
                r = image_words_switch(ret, "--repair", o->image.repair);
        if (r >= 0)
                r = registry_login_words(login, &o->image, ret, error);
        return r < 0 ? r : image_words_arguments(ret, images);
}

static int verify(Context *c,
                const RegistryLogin *login,
                char *const *images,
                ImageRecords *ret,
                Error *error) {
        _cleanup_strv_ char **ask = NULL;

        int r = make_verify_words(c->options, login, images, &ask, error);
        if (r < 0)
                return r;
        ImageRun run = {
                .words = ask,
                .data_fd = login->fd,
                .told = image_records_add,
                .userdata = ret,
        };
        r = image_run(c, &run, error);
        return r < 0 ? r : ret->result;
}

int verb_image_verify(Context *c, char *const *words, Error *error) {
        _cleanup_(registry_login_done) RegistryLogin login = REGISTRY_LOGIN_NONE;
        _cleanup_(image_records_done) ImageRecords answer = {};

        int r = registry_login_open(&c->options->image, &login, error);
        if (r >= 0)
                r = verify(c, &login, words, &answer, error);
        if (r == -EINTR)
                return EXIT_INTERRUPTED;
        /* Its failure may be that something is damaged: what, it has told. */
        if (r < 0 && answer.n_fields == 0)
                return r;
        if (r < 0)
                r = set_damage(c->options, &answer, r, error);
        int q = c->options->json ? print_findings_json(c, &answer) : print_findings(c, &answer);
        return r < 0 ? r : q < 0 ? q : SUPCTL_EXIT_SUCCESS;
}
