/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/*
 * [Unit]: what a unit is to others. Words are names of units, or of Quadlet's files; the latter must
 * be there (UNITS.md 1.4). They are kept as written: what a file's service is called is known only
 * once that file is read, too.
 */

/* Suffixes of units that systemd knows; which of them are here is not the question. */
static bool has_unit_suffix(const char *name) {
        static const char *const suffixes[] = { ".service",
                ".target",
                ".timer",
                ".socket",
                ".mount",
                ".automount",
                ".swap",
                ".device",
                ".path",
                ".slice",
                ".scope" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                if (str_has_suffix(name, suffixes[i]))
                        return true;
        }
        return false;
}

/* Return: 1 to keep the word; 0 after a complaint; -ENOMEM. */
static int check_dependency(KeyInput *in, const UnitAssignment *a, const char *word) {
        const UnitLoad *load = in->load;
        const UnitType *type = unit_type_find(word);
        bool quadlet = type && unit_type_is_quadlet(type);

        if (!unit_file_name_is_valid(word) || (!quadlet && !has_unit_suffix(word)))
                return input_bad_value(
                                in, a, word, "is not the name of a unit, such as NAME.service");
        if (str_equal(word, load->unit->file_name) || str_equal(word, load->unit->id))
                return input_bad_value(in, a, word, "is this unit itself");
        if (quadlet && load->is_known && !load->is_known(load->is_known_userdata, word))
                return input_complain(in,
                                a,
                                DIAGNOSTIC_ERROR,
                                "not-found",
                                "unable to translate dependency for %s: no such file",
                                word);
        return 1;
}

static int add_words(KeyInput *in, const UnitAssignment *a, WordList *list) {
        _cleanup_(word_list_done) WordList words = {};

        int r = input_words(in, a, WORDS_COMMAND, &words);
        for (size_t i = 0; r >= 0 && i < words.n_words; i++) {
                r = check_dependency(in, a, words.words[i]);
                if (r > 0)
                        r = word_list_add_copy(list, words.words[i]);
        }
        return r;
}

/* systemd can't clear such a list; what an empty assignment does is take away what Quadlet adds. */
static int clear_implied(KeyInput *in, const UnitAssignment *a) {
        UnitSectionSpec *unit = &in->load->unit->unit;
        DependencyType type = dependency_type_from_string(in->key->key);

        if (type < 0 || !unit_type_is_quadlet(in->load->type) ||
                        (type != DEPENDENCY_WANTS && type != DEPENDENCY_AFTER))
                return 0;
        unit->cleared_dependencies |= 1U << type;
        return input_complain(in,
                        a,
                        DIAGNOSTIC_NOTICE,
                        "cleared",
                        "only the implicit network-online.target is removed: dependencies can't be "
                        "cleared");
}

/* Adds to what is there: a key may have two names, and a unit's own words stand behind implied ones. */
int parse_dependencies(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;
        int r = 0;

        STRV_FOREACH (word, *vector) {
                r = word_list_add_copy(&list, *word);
                if (r < 0)
                        return r;
        }
        KEY_INPUT_FOREACH(a, in) {
                r = *a->value ? add_words(in, a, &list) : clear_implied(in, a);
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

/* Unit= and its like: what a timer starts, which can't be another timer. */
int parse_triggered_unit(KeyInput *in, void *target) {
        char **unit = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r > 0)
                        r = check_dependency(in, a, s);
                if (r > 0 && unit_type_find(s) == in->load->type)
                        r = input_bad_value(in, a, s, "is of the same type as this unit");
                else if (r > 0) {
                        free(*unit);
                        *unit = TAKE_PTR(s);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_job_mode(KeyInput *in, void *target) {
        JobMode *mode = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                JobMode parsed = job_mode_from_string(s);
                if (parsed >= 0)
                        *mode = parsed;
                else
                        r = input_bad_value(in, a, s, "is no job mode, such as replace or fail");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* OnFailureIsolate=, an old way to say OnFailureJobMode=isolate. */
int parse_isolate_mode(KeyInput *in, void *target) {
        JobMode *mode = target;
        bool isolate = *mode == JOB_MODE_ISOLATE;

        int r = parse_boolean(in, &isolate);
        if (r >= 0)
                *mode = isolate ? JOB_MODE_ISOLATE : JOB_MODE_REPLACE;
        return r;
}

/* ---- what has no names of units --------------------------------------------------------------------- */

int parse_mounts_for(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList words = {};

                int r = input_words(in, a, WORDS_COMMAND, &words);
                for (size_t i = 0; r >= 0 && i < words.n_words; i++)
                        r = *words.words[i] == '/' ? word_list_add_copy(&list, words.words[i])
                                                   : input_bad_value(in,
                                                                     a,
                                                                     words.words[i],
                                                                     "is not an absolute path");
                if (r < 0)
                        return r;
        }
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}

int parse_collect_mode(KeyInput *in, void *target) {
        bool *collect_failed = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (str_equal(s, "inactive") || str_equal(s, "inactive-or-failed"))
                        *collect_failed = str_equal(s, "inactive-or-failed");
                else
                        r = input_bad_value(in, a, s, "is neither inactive nor inactive-or-failed");
                if (r < 0)
                        return r;
        }
        return 0;
}
