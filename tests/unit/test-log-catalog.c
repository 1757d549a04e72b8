/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include "base/strv.h"

/* journalctl -x is silent about a message whose id is not in the catalog: nobody would notice. */

#define ID_LENGTH 32
#define CATALOG "contrib/supd.catalog"
#define MESSAGE_IDS "include/supd/message-ids.h"

static char *read_source(const char *path) {
        char *text;

        assert_int_equal(file_read(AT_FDCWD, path, 1024 * 1024, &text, NULL), 0);
        return text;
}

/* All that stands between @before, 32 hex digits and @after. */
static char **ids_of(const char *text, const char *before, const char *after) {
        char **ids = NULL;

        for (const char *p = text; (p = strstr(p, before));) {
                p += strlen(before);
                if (strspn(p, "0123456789abcdef") != ID_LENGTH ||
                                !str_has_prefix(p + ID_LENGTH, after))
                        continue;
                char *id = strndup(p, ID_LENGTH);
                assert_non_null(id);
                assert_int_equal(strv_push(&ids, &id), 0);
        }
        return ids;
}

static void test_every_message_is_explained_and_nothing_else(void **state) {
        _cleanup_free_ char *header = read_source(MESSAGE_IDS), *catalog = read_source(CATALOG);
        _cleanup_strv_ char **wanted = ids_of(header, "\"", "\""),
                            **found = ids_of(catalog, "-- ", "\n");

        (void) state;
        assert_true(strv_length(wanted) > 0);
        STRV_FOREACH (id, wanted) {
                if (!strv_contains(found, *id))
                        fail_msg(MESSAGE_IDS ": %s is not in " CATALOG, *id);
        }
        assert_int_equal(strv_length(found), strv_length(wanted));
}

static void test_every_entry_has_a_subject_and_an_origin(void **state) {
        _cleanup_free_ char *catalog = read_source(CATALOG);

        (void) state;
        for (const char *p = catalog; (p = strstr(p, "\n-- "));) {
                p += strlen("\n-- ") + ID_LENGTH;
                assert_true(str_has_prefix(p, "\nSubject: "));
                p = strchr(p + 1, '\n');
                assert_true(str_has_prefix(p, "\nDefined-By: supd\n\n"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_message_is_explained_and_nothing_else),
                cmocka_unit_test(test_every_entry_has_a_subject_and_an_origin),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
