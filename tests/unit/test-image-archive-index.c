/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/layer/archive-index.h"

/* An archive of which the index is made. */
typedef struct Fixture {
        struct archive *writer;
        int fd;
        ArchiveIndex index;
} Fixture;

static void begin(Fixture *f, int filter) {
        f->writer = archive_write_new();
        f->fd = memfd_create("archive", MFD_CLOEXEC);
        assert_int_equal(archive_write_set_format_pax(f->writer), ARCHIVE_OK);
        assert_int_equal(archive_write_add_filter(f->writer, filter), ARCHIVE_OK);
        assert_int_equal(archive_write_open_fd(f->writer, f->fd), ARCHIVE_OK);
}

static int setup(void **state) {
        *state = calloc(1, sizeof(Fixture));
        begin(*state, ARCHIVE_FILTER_NONE);
        return 0;
}

static void finish(Fixture *f) {
        if (f->writer)
                assert_int_equal(archive_write_free(f->writer), ARCHIVE_OK);
        f->writer = NULL;
}

static int teardown(void **state) {
        Fixture *f = *state;

        finish(f);
        archive_index_done(&f->index);
        (void) close_fd(f->fd);
        free(f);
        return 0;
}

static void add(Fixture *f, const char *name, const char *symlink, const char *data) {
        struct archive_entry *entry = archive_entry_new();

        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, symlink ? AE_IFLNK : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        if (symlink)
                archive_entry_set_symlink(entry, symlink);
        else
                archive_entry_set_size(entry, (la_int64_t) strlen(data));
        assert_int_equal(archive_write_header(f->writer, entry), ARCHIVE_OK);
        if (!symlink)
                assert_int_equal(archive_write_data(f->writer, data, strlen(data)), strlen(data));
        archive_entry_free(entry);
}

static int read_index(Fixture *f) {
        _cleanup_(error_done) Error error = {};

        finish(f);
        int r = archive_index_read(f->fd, &f->index, &error);
        assert_true(r >= 0 || error.message);
        return r;
}

static void expect(const Fixture *f, const char *path, const char *content) {
        const ArchiveFile *file = archive_index_find(&f->index, path);
        char got[512] = {};

        assert_non_null(file);
        assert_int_equal(file->size, strlen(content));
        assert_int_equal(pread(f->fd, got, file->size, (off_t) file->offset), file->size);
        assert_string_equal(got, content);
}

static void test_files_are_found_where_their_data_are(void **state) {
        Fixture *f = *state;
        char large[300 + 1] = {};
        char longest[200 + 1] = {};

        memset(large, 'x', 300);
        memset(longest, 'n', 200);
        add(f, "./a", NULL, "one");
        add(f, "dir/b", NULL, large);
        add(f, longest, NULL, "behind a header of its own");
        add(f, "empty", NULL, "");
        add(f, "last", NULL, "end");
        assert_int_equal(read_index(f), 1);
        expect(f, "a", "one");
        expect(f, "/dir/./b", large);
        expect(f, longest, "behind a header of its own");
        expect(f, "empty", "");
        expect(f, "last", "end");
        assert_null(archive_index_find(&f->index, "dir"));
        assert_null(archive_index_find(&f->index, "nothing"));
}

/* `docker save` writes a layer that images share once, and links to it. */
static void test_links_lead_to_their_files(void **state) {
        Fixture *f = *state;

        add(f, "one/layer.tar", NULL, "layer");
        add(f, "two/layer.tar", "../one/layer.tar", NULL);
        add(f, "three", "two/layer.tar", NULL);
        add(f, "above", "../../one/layer.tar", NULL);
        add(f, "round", "round", NULL);
        assert_int_equal(read_index(f), 1);
        expect(f, "two/layer.tar", "layer");
        expect(f, "three", "layer");
        expect(f, "above", "layer");
        assert_null(archive_index_find(&f->index, "round"));
}

static void test_of_two_with_one_name_the_later_counts(void **state) {
        Fixture *f = *state;

        add(f, "a", NULL, "old");
        add(f, "a", NULL, "newer");
        assert_int_equal(read_index(f), 1);
        expect(f, "a", "newer");
}

static void test_what_is_no_plain_archive_has_no_index(void **state) {
        Fixture *f = *state;

        finish(f);
        (void) close_fd(f->fd);
        begin(f, ARCHIVE_FILTER_GZIP);
        add(f, "a", NULL, "one");
        assert_int_equal(read_index(f), 0);

        assert_int_equal(ftruncate(f->fd, 0), 0);
        assert_int_equal(pwrite(f->fd, "no archive at all", 17, 0), 17);
        assert_int_equal(read_index(f), 0);

        int fds[2];
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        _cleanup_close_ int read_fd = fds[0];
        _cleanup_close_ int write_fd = fds[1];
        assert_int_equal(fd_write_all(write_fd, "x", 1), 0);
        assert_int_equal(archive_index_read(read_fd, &f->index, NULL), 0);
}

static void test_a_file_that_was_cut_off_is_damage(void **state) {
        Fixture *f = *state;
        char large[2000 + 1] = {};

        memset(large, 'x', 2000);
        add(f, "a", NULL, large);
        finish(f);
        assert_int_equal(ftruncate(f->fd, 1024), 0);
        assert_int_equal(read_index(f), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_files_are_found_where_their_data_are),
                TEST(test_links_lead_to_their_files),
                TEST(test_of_two_with_one_name_the_later_counts),
                TEST(test_what_is_no_plain_archive_has_no_index),
                TEST(test_a_file_that_was_cut_off_is_damage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
