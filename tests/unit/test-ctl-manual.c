/* SPDX-License-Identifier: MIT */
/*
 * The manual and the completions know all that the tables know. Run in the root of the tree.
 */
#include <ctype.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "ctl/verbs.h"
#include "unitfile/unit-keys.h"

#define PAGE_SIZE_MAX (1024U * 1024U)

/* The page's text with hyphens as people see them; owned by the caller. */
static char *read_page(const char *path) {
        char *text = NULL;

        if (file_read(AT_FDCWD, path, PAGE_SIZE_MAX, &text, NULL) < 0)
                fail_msg("cannot read %s; the test runs in the root of the tree", path);
        char *out = text;
        for (const char *in = text; *in; in++) {
                if (in[0] != '\\' || in[1] != '-')
                        *out++ = *in;
        }
        *out = '\0';
        return text;
}

static bool is_word_byte(char c) {
        return isalnum((unsigned char) c) || c == '-';
}

static bool has_word(const char *text, const char *word) {
        size_t n = strlen(word);

        for (const char *p = text; (p = strstr(p, word)); p++) {
                if ((p == text || !is_word_byte(p[-1])) && !is_word_byte(p[n]))
                        return true;
        }
        return false;
}

static void expect_word(const char *path, const char *text, const char *word) {
        if (!has_word(text, word))
                fail_msg("%s does not know %s", path, word);
}

static const char *const places[] = {
        "packaging/man/supctl.1",
        "contrib/completion/supctl.bash",
        "contrib/completion/_supctl",
};

static void test_every_verb_is_in_the_manual_and_the_completions(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_free_ char *text = read_page(places[i]);
                const Verb *verb;

                for (size_t k = 0; (verb = verb_at(k)); k++)
                        expect_word(places[i], text, verb->name);
        }

        _cleanup_free_ char *manual = read_page(places[0]);
        const Verb *verb;
        for (size_t k = 0; (verb = verb_at(k)); k++) {
                for (const char *const *alias = verb->aliases; alias && *alias; alias++)
                        expect_word(places[0], manual, *alias);
        }
}

/* Options as the help has them: the one place that lists all. */
static void test_every_option_is_in_the_manual_and_the_completions(void **state) {
        _cleanup_free_ char *help = options_describe(OPTION_EVERY);
        size_t n = 0;

        (void) state;
        assert_non_null(help);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_free_ char *text = read_page(places[i]);

                for (const char *p = help; (p = strstr(p, "--")); p += 2) {
                        _cleanup_free_ char *option = strndup(p, 2 + strcspn(p + 2, "= \n"));
                        assert_non_null(option);
                        expect_word(places[i], text, option);
                        n++;
                }
        }
        assert_true(n > 20 * ELEMENTSOF(places));
}

typedef struct KeyCheck {
        const char *text;
        unsigned n;
} KeyCheck;

static void check_key(const UnitKeyInfo *info, void *userdata) {
        KeyCheck *check = userdata;

        if (!info->supported)
                return;
        _cleanup_free_ char *header = str_printf("\n.SH \"[%s]", info->section);
        _cleanup_free_ char *key = str_printf("\n.B %s=\n", info->key);
        assert_non_null(header);
        assert_non_null(key);

        const char *section = strstr(check->text, header);
        if (!section)
                fail_msg("supd.unit.5 has no section [%s]", info->section);
        const char *end = strstr(section + 1, "\n.SH"), *found = strstr(section, key);
        if (!found || (end && found > end))
                fail_msg("supd.unit.5 does not know %s= in [%s]", info->key, info->section);
        check->n++;
}

static void test_every_supported_key_is_in_the_manual(void **state) {
        _cleanup_free_ char *text = read_page("packaging/man/supd.unit.5");
        KeyCheck check = { .text = text };

        (void) state;
        assert_int_equal(unit_keys_foreach(check_key, &check), 0);
        assert_true(check.n > 50);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_verb_is_in_the_manual_and_the_completions),
                cmocka_unit_test(test_every_option_is_in_the_manual_and_the_completions),
                cmocka_unit_test(test_every_supported_key_is_in_the_manual),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
