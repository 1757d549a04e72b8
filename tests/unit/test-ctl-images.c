/* SPDX-License-Identifier: MIT */

/* What images look like to people and programs, from records as supd-image tells them. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/disk-usage.h"
#include "ctl/image-page.h"
#include "ctl/image-removal.h"
#include "ctl/image-run.h"
#include "ctl/image-view.h"
#include "ctl/json-output.h"
#include "ctl/output-file.h"
#include "ctl/registry-login.h"

#define NOW (UINT64_C(1795313922) * USEC_PER_SEC) /* 2026-11-22T02:18:42Z */
#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const Terminal plain = { .utf8 = true };

/* Lines KEY=VALUE as they come through the pipe. */
static ImageRecords records_of(const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        ImageRecords r = {};
        char *rest = copy;

        assert_non_null(copy);
        while (rest && *rest) {
                char *line = strsep(&rest, "\n");
                const char *key, *value;

                assert_int_equal(record_split_line(line, &key, &value), 0);
                image_records_add(key, value, &r);
        }
        assert_int_equal(r.result, 0);
        return r;
}
#define _cleanup_records_ _cleanup_(image_records_done)

static char *json_of(const Value *v) {
        char *text = NULL;
        size_t size;

        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(json_print(json_from_value(v), out), 0);
        assert_int_equal(fclose(out), 0);
        text[strcspn(text, "\n")] = '\0';
        return text;
}

/* ---- records ------------------------------------------------------------------------------------ */

static void test_groups_begin_with_their_key(void **state) {
        _cleanup_records_ ImageRecords r = records_of(
                        "NOTICE=x\nIMAGE=1\nNAME=a\nNAME=b\nIMAGE=2\nIMAGE=3\nSIZE=12\n");
        ImageGroup g = {};

        (void) state;
        assert_true(image_records_next(&r, "IMAGE", &g));
        assert_string_equal(image_group_get(&g, "IMAGE"), "1");
        assert_string_equal(image_group_get_nth(&g, "NAME", 0), "a");
        assert_string_equal(image_group_get_nth(&g, "NAME", 1), "b");
        assert_null(image_group_get_nth(&g, "NAME", 2));
        assert_true(image_records_next(&r, "IMAGE", &g));
        assert_null(image_group_get(&g, "NAME"));
        assert_true(image_records_next(&r, "IMAGE", &g));
        assert_int_equal(image_group_get_u64(&g, "SIZE"), 12);
        assert_true(image_group_get_u64(&g, "IMAGES") == UINT64_MAX);
        assert_false(image_records_next(&r, "IMAGE", &g));
}

static void test_no_records_have_no_groups(void **state) {
        ImageRecords none = {};
        ImageGroup g = {};

        (void) state;
        assert_false(image_records_next(&none, "IMAGE", &g));
        g = image_records_all(&none);
        assert_null(image_group_get(&g, "IMAGE"));
}

static void test_properties_have_the_types_of_their_table(void **state) {
        static const ImageProperty properties[] = {
                { "Text", "T", IMAGE_TEXT },
                { "NoText", "NONE", IMAGE_TEXT },
                { "Number", "N", IMAGE_NUMBER },
                { "BadNumber", "T", IMAGE_NUMBER },
                { "Texts", "L", IMAGE_TEXTS },
                { "NoTexts", "NONE", IMAGE_TEXTS },
                { "Pairs", "P", IMAGE_PAIRS },
                { "Keys", "K", IMAGE_KEYS },
                { "Digests", "D", IMAGE_DIGESTS },
                { "Boolean", "B", IMAGE_BOOLEAN },
        };
        _cleanup_records_ ImageRecords r = records_of("T=t\\x0a\"\nN=7\nL=1\nL=2\nP=a=b=c\nP="
                                                      "alone\nK=80/tcp\nD=ab\nD=sha256:cd\n");
        _cleanup_value_ Value dict = { .type = VALUE_DICT };
        ImageGroup all = image_records_all(&r);

        (void) state;
        assert_int_equal(image_group_to_dict(&all, properties, ELEMENTSOF(properties), &dict), 0);
        _cleanup_free_ char *json = json_of(&dict);
        assert_string_equal(json,
                        "{\"Text\":\"t\\n\\\"\",\"Number\":7,\"Texts\":[\"1\",\"2\"],\"NoTexts\":[]"
                        ","
                        "\"Pairs\":{\"a\":\"b=c\",\"alone\":\"\"},\"Keys\":{\"80/tcp\":{}},"
                        "\"Digests\":[\"sha256:ab\",\"sha256:cd\"],\"Boolean\":false}");
}

/* ---- names and times ---------------------------------------------------------------------------- */

static void test_names_are_split_where_docker_splits_them(void **state) {
        static const struct {
                const char *name, *repository, *tag;
        } cases[] = {
                { "docker.io/library/alpine:3", "docker.io/library/alpine", "3" },
                { "localhost:5000/a", "localhost:5000/a", IMAGE_NONE },
                { "localhost:5000/a:v1", "localhost:5000/a", "v1" },
                { "quay.io/a/b@" DIGEST_A, "quay.io/a/b", IMAGE_NONE },
                { "quay.io/a/b:1@" DIGEST_A, "quay.io/a/b", "1" },
                { NULL, IMAGE_NONE, IMAGE_NONE },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *repository = NULL, *tag = NULL;

                assert_int_equal(image_split_name(cases[i].name, &repository, &tag), 0);
                assert_string_equal(repository, cases[i].repository);
                assert_string_equal(tag, cases[i].tag);
        }
}

static void test_times_are_read_as_rfc_3339_has_them(void **state) {
        static const struct {
                const char *text;
                uint64_t seconds;
        } cases[] = {
                { "2026-11-22T02:18:42Z", 1795313922 },
                { "2026-11-22T02:18:42.123456789Z", 1795313922 },
                { "2026-11-22T04:18:42+02:00", 1795313922 },
                { "2026-11-21T20:48:42.5-05:30", 1795313922 },
                { "1970-01-01T00:00:00Z", 0 },
        };
        static const char *const bad[] = {
                "",
                "now",
                "2026-11-22",
                "2026-11-22T02:18:42",
                "2026-11-22T02:18:42X",
                "2026-11-22T02:18:42+2",
                "2026-11-22T02:18:42Z ",
                "0001-01-01T00:00:00Z",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_true(image_created_usec(cases[i].text) == cases[i].seconds * USEC_PER_SEC);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(image_created_usec(bad[i]) == UINT64_MAX);
        assert_true(image_created_usec(NULL) == UINT64_MAX);

        _cleanup_free_ char *reproducible = image_age("1970-01-01T00:00:00Z", NOW);
        assert_string_equal(reproducible, "-");
}

static void test_patterns_match_as_people_write_names(void **state) {
        static const struct {
                const char *name, *pattern;
                bool matches;
        } cases[] = {
                { "docker.io/library/alpine:3", "alpine", true },
                { "docker.io/library/alpine:3", "alpine:3", true },
                { "docker.io/library/alpine:3", "alpine:*", true },
                { "docker.io/library/alpine:3", "alpine:4", false },
                { "docker.io/library/alpine:3", "alp", false },
                { "docker.io/library/alpine:3", "alp*", true },
                { "docker.io/library/alpine:3", "docker.io/library/alpine", true },
                { "docker.io/team/web:1", "team/web", true },
                { "docker.io/team/web:1", "web", false },
                { "quay.io/a/b:1", "quay.io/a/b", true },
                { "quay.io/a/b:1", "a/b", false },
                { "quay.io/a/b:1", "*/b", true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                if (image_matches_pattern(cases[i].name, cases[i].pattern) != cases[i].matches)
                        fail_msg("%s, %s", cases[i].name, cases[i].pattern);
        }
}

/* ---- selection ---------------------------------------------------------------------------------- */

static const char listed[] = "IMAGE=" DIGEST_A "\nNAME=docker.io/library/old:1\nID=" DIGEST_A "\n"
                             "CREATED=2020-01-01T00:00:00Z\n"
                             "IMAGE=" DIGEST_B "\nNAME=quay.io/x/mid:latest\nID=" DIGEST_B "\n"
                             "CREATED=2022-01-01T00:00:00Z\n"
                             "IMAGE=" DIGEST_C "\nID=" DIGEST_C "\nCREATED=2024-01-01T00:00:00Z\n";

/* Which of the three, as letters; "?" if the filter is refused. */
static const char *selected(const char *pattern, bool unnamed, char *const *terms, Error *error) {
        _cleanup_records_ ImageRecords r = records_of(listed);
        ImageFilter f = { .pattern = pattern, .unnamed = unnamed, .terms = terms };
        static char letters[8];
        ImageGroup g = {};
        size_t n = 0;

        if (image_filter_prepare(&f, &r, error) < 0)
                return "?";
        while (image_records_next(&r, "IMAGE", &g)) {
                if (image_filter_selects(&f, &g))
                        letters[n++] = image_group_get(&g, "IMAGE")[sizeof("sha256:") - 1];
        }
        letters[n] = '\0';
        return letters;
}
#define TERMS(...) ((char *const[]) { __VA_ARGS__, NULL })
#define TERM(text) ((char *) (text))

static void test_an_image_without_a_date_is_no_border_for_others(void **state) {
        static const char *const terms[] = { "before=undated", "since=undated" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(terms); i++) {
                _cleanup_records_ ImageRecords r = records_of(
                                "IMAGE=sha256:aaaa\nNAME=docker.io/library/undated:latest\n"
                                "IMAGE=sha256:bbbb\nNAME=docker.io/library/dated:latest\n"
                                "CREATED=2020-01-01T00:00:00Z\n");
                char *list[] = { (char *) terms[i], NULL };
                ImageFilter f = { .terms = list };
                _cleanup_(error_done) Error error = {};

                assert_int_equal(image_filter_prepare(&f, &r, &error), -ENODATA);
                assert_non_null(strstr(error.message, "'undated' does not say when it was made"));
        }
}

static void test_filters_select_as_docker_has_them(void **state) {
        const struct {
                const char *pattern;
                bool unnamed;
                char *const *terms;
                const char *letters;
        } cases[] = {
                { NULL, false, NULL, "ab" },
                { NULL, true, NULL, "abc" },
                { "old", true, NULL, "a" },
                { NULL, false, TERMS(TERM("dangling=true")), "c" },
                { NULL, true, TERMS(TERM("dangling=false")), "ab" },
                { NULL, true, TERMS(TERM("before=quay.io/x/mid")), "a" },
                { NULL, true, TERMS(TERM("since=old:1")), "bc" },
                { NULL, true, TERMS(TERM("since=aaaa"), TERM("before=cccccc")), "b" },
                { NULL, true, TERMS(TERM("reference=old")), "a" },
                { NULL, true, TERMS(TERM("reference=old"), TERM("reference=*/mid")), "ab" },
                { NULL, true, TERMS(TERM("since=old")), "?" }, /* that is old:latest */
                { NULL, true, TERMS(TERM("since=aaa")), "?" }, /* too short for a digest */
                { NULL, true, TERMS(TERM("dangling=maybe")), "?" },
                { NULL, true, TERMS(TERM("colour=red")), "?" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                const char *got = selected(
                                cases[i].pattern, cases[i].unnamed, cases[i].terms, &error);

                if (!str_equal(got, cases[i].letters))
                        fail_msg("case %zu: %s, not %s", i, got, cases[i].letters);
                assert_int_equal(error.message != NULL, str_equal(got, "?"));
        }
}

/* ---- pages -------------------------------------------------------------------------------------- */

static const char inspected[] =
                "IMAGE=" DIGEST_A "\nNAME=docker.io/library/web:1\nSOURCE_DIGEST=" DIGEST_B "\n"
                "CREATED=2026-11-21T02:18:42Z\nOS=linux\nARCHITECTURE=arm\nVARIANT=v7\nLAYERS=1\n"
                "SIZE=2048\nAUTHOR=me\\x1b[2J\nID=" DIGEST_C "\n"
                "LAYER=dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\n"
                "ENTRYPOINT=/bin/sh\nENTRYPOINT=-c\nCMD=it's here\nENV=A=1\nENV=B=x y\n"
                "VOLUME=/data\nEXPOSED_PORT=80/tcp\nLABEL=k=v\nHEALTH_TEST=CMD\nHEALTH_TEST=true\n"
                "HEALTH_INTERVAL_NSEC=5000000000\nWORKING_DIR=/srv\nNAME=other:2\n"
                "REPO_DIGEST=docker.io/library/web@" DIGEST_B "\n";

static void test_a_page_shows_what_people_look_for(void **state) {
        _cleanup_records_ ImageRecords r = records_of(inspected);
        _cleanup_free_ char *text = NULL;
        ImageGroup image = image_records_all(&r);
        size_t size;

        (void) state;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(image_page_print(&image, &plain, NOW, out), 0);
        assert_int_equal(fclose(out), 0);
        assert_true(str_has_prefix(text, "docker.io/library/web:1\nother:2\n"));
        assert_non_null(strstr(text, "\n     Created: 2026-11-21T02:18:42Z (1 day ago)\n"));
        assert_non_null(strstr(text, "\n    Platform: linux/arm/v7\n"));
        assert_non_null(strstr(text, "\n        Size: 2.0K in 1 layer\n"));
        assert_non_null(strstr(text, "\n  Entrypoint: /bin/sh -c\n"));
        assert_non_null(strstr(text, "\n     Command: 'it'\\''s here'\n"));
        assert_non_null(strstr(text, "\n Environment: A=1\n              B=x y\n"));
        assert_non_null(strstr(text, "\n      Author: me\\x1b[2J\n"));
        assert_null(strstr(text, "User:"));
        assert_null(strchr(text, '\033'));
}

static void test_programs_get_the_keys_of_docker(void **state) {
        _cleanup_records_ ImageRecords r = records_of(inspected);
        _cleanup_value_ Value page = {};
        ImageGroup image = image_records_all(&r);

        (void) state;
        assert_int_equal(image_page_value(&image, &page), 0);
        _cleanup_free_ char *json = json_of(&page);
        assert_string_equal(json,
                        "{\"Id\":\"" DIGEST_C
                        "\",\"RepoTags\":[\"docker.io/library/web:1\",\"other:2\"],"
                        "\"RepoDigests\":[\"docker.io/library/web@" DIGEST_B "\"],"
                        "\"Digest\":\"" DIGEST_A "\",\"Created\":\"2026-11-21T02:18:42Z\","
                        "\"Author\":\"me\\u001B[2J\",\"Architecture\":\"arm\",\"Variant\":\"v7\","
                        "\"Os\":\"linux\",\"Size\":2048,\"Containers\":[],\"ReadOnly\":false,"
                        "\"Config\":{\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"A=1\",\"B=x y\"],"
                        "\"Entrypoint\":[\"/bin/sh\",\"-c\"],\"Cmd\":[\"it's here\"],\"Shell\":[],"
                        "\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/"
                        "srv\",\"Labels\":{\"k\":\"v\"},"
                        "\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":5000000000}},"
                        "\"RootFS\":{\"Layers\":[\"sha256:"
                        "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\"]}}");
}

static void test_disk_usage_adds_up_and_leaves_out_what_is_not_there(void **state) {
        _cleanup_records_ ImageRecords r = records_of(
                        "IMAGE=" DIGEST_A "\nNAME=a:1\nNAME=b:2\nID=" DIGEST_B "\nSIZE=3072\n"
                        "UNIQUE=1024\nSHARED=2048\nCONTAINERS=1\n"
                        "IMAGE_COUNT=1\nACTIVE_COUNT=1\nBLOBS_TOTAL=1024\nLAYERS_TOTAL=3072\n"
                        "PARTIAL_COUNT=2\nPARTIAL_TOTAL=512\nLEFTOVER_COUNT=0\nLEFTOVERS_TOTAL=0\n"
                        "RECLAIMABLE=0\nRECLAIMABLE_ALL=1024\n");
        _cleanup_free_ char *text = NULL;
        _cleanup_value_ Value usage = {};
        size_t size;

        (void) state;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(disk_usage_print(&r, &plain, true, true, NOW, out), 0);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text,
                        "TYPE      TOTAL ACTIVE SIZE RECLAIMABLE\n"
                        "Images        1      1 4.0K  1.0K (25%)\n"
                        "Downloads     2      0 512B 512B (100%)\n"
                        "\nImages:\n\n"
                        "REPOSITORY TAG IMAGE ID     CREATED SIZE SHARED SIZE UNIQUE SIZE "
                        "CONTAINERS\n"
                        "a          1   bbbbbbbbbbbb -       3.0K        2.0K        1.0K          "
                        "1\n");

        assert_int_equal(disk_usage_value(&r, true, &usage), 0);
        _cleanup_free_ char *json = json_of(&usage);
        assert_string_equal(json,
                        "{\"Usage\":[{\"Type\":\"Images\",\"TotalCount\":1,\"Active\":1,\"Size\":"
                        "4096,"
                        "\"Reclaimable\":1024},{\"Type\":\"Downloads\",\"TotalCount\":2,\"Active\":"
                        "0,"
                        "\"Size\":512,\"Reclaimable\":512}],\"Images\":[{\"Id\":\"" DIGEST_B "\","
                        "\"Digest\":\"" DIGEST_A "\",\"RepoTags\":[\"a:1\",\"b:2\"],\"Size\":3072,"
                        "\"SharedSize\":2048,\"UniqueSize\":1024,\"Containers\":1}]}");
}

static void test_what_goes_is_told_by_name_where_it_has_one(void **state) {
        _cleanup_records_ ImageRecords
                        pruned = records_of("IMAGE=" DIGEST_A
                                            "\nNAME=a:1\nNAME=b:2\nSIZE=2048\nREMOVED=a:1\n"
                                            "IMAGE=" DIGEST_B "\nSIZE=1024\nREMOVED=" DIGEST_B
                                            "\nREMOVED_BYTES=3072\n"),
                        removed = records_of("REMOVED=c:3\nREMOVED_BYTES=0\n");
        const Options options = {};
        _cleanup_free_ char *text = NULL;
        size_t size;

        (void) state;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        Context c = { .options = &options, .terminal = plain, .out = out };
        assert_int_equal(image_removal_print(&c, &pruned, /* would= */ true), 0);
        assert_int_equal(image_removal_print(&c, &removed, /* would= */ false), 0);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text,
                        "Would remove: a:1 (2.0K)\nWould remove: b:2 (2.0K)\n"
                        "Would remove: " DIGEST_B " (1.0K)\nWould free: 3.0K\nRemoved: c:3\n");
        assert_int_equal(image_removal_count(&pruned), 2);
        assert_int_equal(image_removal_count(&removed), 1);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static void test_a_platform_is_one_word_or_several(void **state) {
        static const struct {
                ImageOptions options;
                const char *words; /* NULL: refused */
        } cases[] = {
                { {}, "" },
                { { .platform = "linux/arm64" }, "--os=linux --arch=arm64" },
                { { .platform = "linux/arm/v7" }, "--os=linux --arch=arm --variant=v7" },
                { { .architecture = "386" }, "--arch=386" },
                { { .platform = "linux" }, NULL },
                { { .platform = "linux/" }, NULL },
                { { .platform = "/arm" }, NULL },
                { { .platform = "linux/arm/v7/x" }, NULL },
                { { .platform = "" }, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_strv_ char **words = NULL;

                int r = image_words_platform(&words, &cases[i].options, &error);
                _cleanup_free_ char *text = strv_join(words, " ");
                assert_int_equal(r, cases[i].words ? 0 : -EINVAL);
                if (cases[i].words)
                        assert_string_equal(text, cases[i].words);
        }
}

static void test_a_password_is_on_no_command_line(void **state) {
        const ImageOptions options = { .creds = "user:s3cret", .retry = "2" };
        _cleanup_(registry_login_done) RegistryLogin login = REGISTRY_LOGIN_NONE;
        _cleanup_strv_ char **words = NULL;
        char passed[32] = {};

        (void) state;
        assert_int_equal(registry_login_open(&options, &login, NULL), 0);
        assert_int_equal(registry_login_words(&login, &options, &words, NULL), 0);
        _cleanup_free_ char *text = strv_join(words, " ");
        assert_string_equal(text, "--creds-file=/dev/stdin --retry=2");
        assert_true(read(login.fd, passed, sizeof(passed) - 1) > 0);
        assert_string_equal(passed, "user:s3cret");
}

/* ---- files that appear when they are complete --------------------------------------------------- */

static char *read_all(const char *path) {
        char *text = NULL;

        return file_read(AT_FDCWD, path, 1024, &text, NULL) < 0 ? NULL : text;
}

static void test_a_file_is_replaced_when_it_is_complete_or_not_at_all(void **state) {
        static const char *const wanted[] = { NULL, "1", "1", "3" };
        char dir[] = "/tmp/supctl-output.XXXXXX";

        (void) state;
        assert_non_null(mkdtemp(dir));
        _cleanup_free_ char *path = str_printf("%s/file", dir), *link = str_printf("%s/link", dir);
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                OutputFile f = { .fd = -EBADF };
                const char *name = i < 2 ? path : link;

                if (i == 2)
                        assert_int_equal(symlink("file", link), 0);
                assert_int_equal(output_file_open(name, &f, NULL), 0);
                assert_int_equal(write(f.fd, (char[]) { (char) ('0' + i) }, 1), 1);
                if (i % 2)
                        assert_int_equal(output_file_commit(&f, NULL), 0);
                output_file_done(&f);
                _cleanup_free_ char *text = read_all(path);
                if (wanted[i])
                        assert_string_equal(text, wanted[i]);
                else
                        assert_null(text);
        }
        struct stat st;
        assert_int_equal(lstat(link, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(unlink(link), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(dir), 0); /* nothing is left */
}

static void test_what_cannot_be_written_is_named(void **state) {
        _cleanup_(error_done) Error error = {};
        OutputFile f = { .fd = -EBADF };

        (void) state;
        assert_int_equal(output_file_open("/nonexistent/file", &f, &error), -ENOENT);
        assert_string_equal(error.message,
                        "cannot write '/nonexistent/file': No such file or directory");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_groups_begin_with_their_key),
                cmocka_unit_test(test_no_records_have_no_groups),
                cmocka_unit_test(test_properties_have_the_types_of_their_table),
                cmocka_unit_test(test_names_are_split_where_docker_splits_them),
                cmocka_unit_test(test_times_are_read_as_rfc_3339_has_them),
                cmocka_unit_test(test_patterns_match_as_people_write_names),
                cmocka_unit_test(test_filters_select_as_docker_has_them),
                cmocka_unit_test(test_an_image_without_a_date_is_no_border_for_others),
                cmocka_unit_test(test_a_page_shows_what_people_look_for),
                cmocka_unit_test(test_programs_get_the_keys_of_docker),
                cmocka_unit_test(test_disk_usage_adds_up_and_leaves_out_what_is_not_there),
                cmocka_unit_test(test_what_goes_is_told_by_name_where_it_has_one),
                cmocka_unit_test(test_a_platform_is_one_word_or_several),
                cmocka_unit_test(test_a_password_is_on_no_command_line),
                cmocka_unit_test(test_a_file_is_replaced_when_it_is_complete_or_not_at_all),
                cmocka_unit_test(test_what_cannot_be_written_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
