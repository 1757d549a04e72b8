/* SPDX-License-Identifier: MIT */
#include "runtime/image-store.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/map.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"
#include "supd/image-store.h"

#define NAMES_SIZE_MAX (16U * 1024 * 1024)
#define RECORD_FILE_MAX (8U * 1024 * 1024) /* supd-image takes no larger configuration */
#define ID_DIGITS_MIN 4U

/* One store and what was read of its names; they are read again when the file is another one. */
typedef struct StoreRoot {
        char *path;     /* owned; the state directory */
        Record *names;  /* owned; NULL: none */
        Map *by_name;   /* owned; from name to digest text, both borrowed from names */
        struct stat st; /* of the file */
        bool known;     /* the above holds */
} StoreRoot;

struct ImageStore {
        StoreRoot *roots; /* owned; the writable one first */
        size_t n_roots;
};

static void root_forget(StoreRoot *root) {
        root->by_name = map_free(root->by_name);
        root->names = record_free(root->names);
        root->known = false;
}

ImageStore *image_store_free(ImageStore *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < s->n_roots; i++) {
                root_forget(&s->roots[i]);
                free(s->roots[i].path);
        }
        free(s->roots);
        free(s);
        return NULL;
}

int image_store_new(const char *state_dir, char *const *additional, ImageStore **ret) {
        _cleanup_(image_store_freep) ImageStore *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->roots = calloc(strv_length(additional) + 1, sizeof(*s->roots));
        if (!s->roots)
                return -ENOMEM;

        s->n_roots = 1;
        s->roots[0].path = strdup(state_dir);
        if (!s->roots[0].path)
                return -ENOMEM;
        STRV_FOREACH (path, additional) {
                s->roots[s->n_roots].path = strdup(*path);
                if (!s->roots[s->n_roots++].path)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(s);
        return 0;
}

static char *root_file(const StoreRoot *root, const char *name) {
        return str_printf("%s/" SUPD_STORE_IMAGE_DIR "/%s", root->path, name);
}

/* ---- names ------------------------------------------------------------------------------------- */
static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int root_read_names(StoreRoot *root, const char *path) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read(AT_FDCWD, path, NAMES_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = record_parse(text, &root->names);
        if (r < 0)
                return r;
        root->by_name = map_new();
        if (!root->by_name)
                return -ENOMEM;
        const char *key, *value, *name = NULL;
        for (size_t i = 0; record_at(root->names, i, &key, &value); i++) {
                if (str_equal(key, SUPD_STORE_NAME))
                        name = value;
                if (!name || !str_equal(key, SUPD_STORE_MANIFEST))
                        continue;
                r = map_put(root->by_name, name, (char *) value);
                if (r < 0 && r != -EEXIST)
                        return r;
                name = NULL;
        }
        return 0;
}

/* It is replaced as a whole: another file is another inode. */
static int root_refresh(StoreRoot *root) {
        _cleanup_free_ char *path = root_file(root, SUPD_STORE_NAMES_FILE);
        struct stat st;
        int r;

        if (!path)
                return -ENOMEM;
        if (stat(path, &st) < 0) {
                r = -errno;
                root_forget(root);
                return r == -ENOENT ? 0 : r;
        }
        if (root->known && same_file(&root->st, &st))
                return 0;
        root_forget(root);
        r = root_read_names(root, path);
        if (r < 0) {
                root_forget(root);
                return r == -ENOENT ? 0 : r;
        }
        root->st = st;
        root->known = true;
        return 0;
}

int image_store_find(ImageStore *s, const char *name, Digest *ret_manifest) {
        for (size_t i = 0; i < s->n_roots; i++) {
                int r = root_refresh(&s->roots[i]);
                if (r < 0)
                        return r;
                const char *text = map_get(s->roots[i].by_name, name);
                if (!text)
                        continue;
                r = digest_parse(text, ret_manifest, NULL);
                return r < 0 ? -EBADMSG : 1;
        }
        return 0;
}

/* ---- what is known of an image ----------------------------------------------------------------- */
Image *image_free(Image *i) {
        if (!i)
                return NULL;

        free(i->id);
        strv_free(i->layers);
        strv_free(i->entrypoint);
        strv_free(i->command);
        strv_free(i->environment);
        strv_free(i->shell);
        strv_free(i->volumes);
        strv_free(i->ports);
        strv_free(i->labels);
        strv_free(i->health_test);
        free(i->user);
        free(i->working_directory);
        free(i->stop_signal);
        free(i);
        return NULL;
}

static int get_list(const Record *record, const char *wanted, char ***ret) {
        const char *key, *value;
        int r = 0;

        for (size_t i = 0; r >= 0 && record_at(record, i, &key, &value); i++) {
                if (str_equal(key, wanted))
                        r = strv_append(ret, value);
        }
        return r;
}

static int image_parse(Image *image, const Record *record) {
        const struct {
                const char *key;
                char ***list;
        } lists[] = {
                { SUPD_STORE_ENTRYPOINT, &image->entrypoint },
                { SUPD_STORE_COMMAND, &image->command },
                { SUPD_STORE_ENVIRONMENT, &image->environment },
                { SUPD_STORE_SHELL, &image->shell },
                { SUPD_STORE_VOLUME, &image->volumes },
                { SUPD_STORE_PORT, &image->ports },
                { SUPD_STORE_LABEL, &image->labels },
                { SUPD_STORE_HEALTH_TEST, &image->health_test },
        };
        const struct {
                const char *key;
                char **text;
        } texts[] = {
                { SUPD_STORE_ID, &image->id },
                { SUPD_STORE_USER, &image->user },
                { SUPD_STORE_WORKING_DIR, &image->working_directory },
                { SUPD_STORE_STOP_SIGNAL, &image->stop_signal },
        };
        const struct {
                const char *key;
                uint64_t *number;
        } numbers[] = {
                { SUPD_STORE_HEALTH_INTERVAL_NSEC, &image->health_interval_nsec },
                { SUPD_STORE_HEALTH_TIMEOUT_NSEC, &image->health_timeout_nsec },
                { SUPD_STORE_HEALTH_START_PERIOD_NSEC, &image->health_start_period_nsec },
                { SUPD_STORE_HEALTH_START_INTERVAL_NSEC, &image->health_start_interval_nsec },
                { SUPD_STORE_HEALTH_RETRIES, &image->health_retries },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                *numbers[i].number = record_u64_or(record, numbers[i].key, 0);
        for (size_t i = 0; i < ELEMENTSOF(lists) && r >= 0; i++)
                r = get_list(record, lists[i].key, lists[i].list);
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = str_replace(texts[i].text, record_get(record, texts[i].key));
        return r;
}

/* A layer may be in another store than the image that needs it. */
static char *find_layer(const ImageStore *s, const char *hex) {
        struct stat st;

        for (size_t i = 0; i < s->n_roots; i++) {
                _cleanup_free_ char *path =
                                str_printf("%s/" SUPD_STORE_LAYER_DIR "/%s", s->roots[i].path, hex);
                if (path && lstat(path, &st) >= 0 && S_ISDIR(st.st_mode))
                        return TAKE_PTR(path);
        }
        return NULL;
}

static int image_find_layers(
                const ImageStore *s, Image *image, const Record *record, Error *error) {
        const char *key, *hex;
        size_t number = 0;

        for (size_t i = 0; record_at(record, i, &key, &hex); i++) {
                if (!str_equal(key, SUPD_STORE_LAYER))
                        continue;
                number++;
                /* The path is made here: what stands in the file must not lead anywhere else. */
                _cleanup_free_ char *path = digest_hex_is_valid(hex) ? find_layer(s, hex) : NULL;
                if (!path)
                        return error_set_plain(error,
                                        -ENOENT,
                                        ERROR_STORAGE,
                                        "layer %zu (%.12s) of image %.19s is missing; 'supctl "
                                        "image verify --repair' unpacks it anew",
                                        number,
                                        hex,
                                        image->manifest.text);
                int r = strv_push(&image->layers, &path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_record(const ImageStore *s, const char *hex, Record **ret) {
        int r = -ENOENT;

        for (size_t i = 0; i < s->n_roots && r == -ENOENT; i++) {
                _cleanup_free_ char *path = str_printf("%s/" SUPD_STORE_IMAGE_DIR
                                                       "/" SUPD_STORE_RECORD_DIR "/%s",
                                s->roots[i].path,
                                hex);
                _cleanup_free_ char *text = NULL;
                r = path ? file_read(AT_FDCWD, path, RECORD_FILE_MAX, &text, NULL) : -ENOMEM;
                if (r >= 0)
                        r = record_parse(text, ret);
        }
        return r;
}

int image_store_load(ImageStore *s, const Digest *manifest, Image **ret, Error *error) {
        _cleanup_(record_freep) Record *record = NULL;
        int r;

        _cleanup_(image_freep) Image *image = calloc(1, sizeof(*image));
        if (!image)
                return -ENOMEM;
        image->manifest = *manifest;
        r = read_record(s, digest_hex(manifest), &record);
        if (r == -ENOENT)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "image %.19s is not in the store any more",
                                manifest->text);
        if (r >= 0)
                r = image_parse(image, record);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error,
                                                      r,
                                                      ERROR_STORAGE,
                                                      "record of image %.19s",
                                                      manifest->text);
        r = image_find_layers(s, image, record, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(image);
        return 0;
}

/* ---- by id ------------------------------------------------------------------------------------- */
typedef struct IdMatch {
        Digest manifest, id; /* empty: none; it can't be told */
} IdMatch;

/* Return: 1 if image @hex is meant by @digits. */
static int id_matches(const ImageStore *s, const char *hex, const char *digits, Digest *ret_id) {
        _cleanup_(record_freep) Record *record = NULL;

        *ret_id = (Digest) {};
        int r = read_record(s, hex, &record);
        if (r == -ENOMEM)
                return r;
        /* A broken one has its own digest alone. */
        const char *id = r >= 0 ? record_get(record, SUPD_STORE_ID) : NULL;
        if (id)
                (void) digest_parse(id, ret_id, NULL);
        return str_has_prefix(hex, digits) ||
               (ret_id->text[0] && str_has_prefix(digest_hex(ret_id), digits));
}

/* Two manifests with one configuration, as by a pull and a load, run the same: one of them, always the same
 * one, will do. */
static int match_take(IdMatch *found, const char *hex, const Digest *id) {
        if (found->manifest.text[0]) {
                if (str_equal(digest_hex(&found->manifest), hex))
                        return 0;
                if (!id->text[0] || !digest_equal(&found->id, id))
                        return -ENOTUNIQ;
                if (strcmp(digest_hex(&found->manifest), hex) < 0)
                        return 0;
        }
        found->id = *id;
        memcpy(found->manifest.text, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
        memcpy(found->manifest.text + strlen(DIGEST_PREFIX), hex, DIGEST_HEX_SIZE + 1);
        return 0;
}

static int root_find_id(
                const ImageStore *s, const StoreRoot *root, const char *digits, IdMatch *found) {
        _cleanup_free_ char *path = root_file(root, SUPD_STORE_RECORD_DIR);
        _cleanup_(closedirp) DIR *d = path ? opendir(path) : NULL;

        if (!path)
                return -ENOMEM;
        for (struct dirent *entry; d && (entry = readdir(d));) {
                Digest id;
                if (!digest_hex_is_valid(entry->d_name))
                        continue;
                int r = id_matches(s, entry->d_name, digits, &id);
                if (r > 0)
                        r = match_take(found, entry->d_name, &id);
                if (r < 0)
                        return r;
        }
        return 0;
}

int image_store_find_id(ImageStore *s, const char *digits, Digest *ret_manifest) {
        IdMatch found = {};

        if (str_has_prefix(digits, DIGEST_PREFIX))
                digits += strlen(DIGEST_PREFIX);
        size_t n = strspn(digits, "0123456789abcdef");
        if (n < ID_DIGITS_MIN || n > DIGEST_HEX_SIZE || digits[n] != '\0')
                return 0;
        for (size_t i = 0; i < s->n_roots; i++) {
                int r = root_find_id(s, &s->roots[i], digits, &found);
                if (r < 0)
                        return r;
        }
        if (found.manifest.text[0] == '\0')
                return 0;
        *ret_manifest = found.manifest;
        return 1;
}

/* ---- use --------------------------------------------------------------------------------------- */
/* Of the writable store alone: what others hold is not swept. */
static int lock_shared(const ImageStore *s) {
        _cleanup_free_ char *path = root_file(&s->roots[0], SUPD_STORE_LOCK_FILE);
        if (!path)
                return -ENOMEM;

        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
        return TAKE_FD(fd);
}

static char *use_path(const ImageStore *s, const char *user) {
        return str_printf("%s/" SUPD_STORE_IMAGE_DIR "/" SUPD_STORE_USE_DIR "/%s",
                        s->roots[0].path,
                        user);
}

static int use_write(const ImageStore *s, const char *user, const Digest *manifest) {
        _cleanup_free_ char *path = use_path(s, user);
        _cleanup_free_ char *text = str_printf(SUPD_STORE_MANIFEST "=%s\n", manifest->text);

        if (!path || !text)
                return -ENOMEM;
        /* Not synced: after a power cut no container is left that it would be for. */
        int r = file_replace(AT_FDCWD, path, text, 0600, /* sync= */ false);
        if (r != -ENOENT)
                return r;
        _cleanup_free_ char *dir = root_file(&s->roots[0], SUPD_STORE_USE_DIR);
        r = dir ? dir_make_all(dir, 0700) : -ENOMEM;
        return r < 0 ? r : file_replace(AT_FDCWD, path, text, 0600, /* sync= */ false);
}

int image_store_take(ImageStore *s,
                const char *user,
                const Digest *manifest,
                Image **ret,
                Error *error) {
        int r;

        r = use_write(s, user, manifest);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error,
                                                      r,
                                                      ERROR_STORAGE,
                                                      "cannot note that image %.19s is in use",
                                                      manifest->text);
        /* A sweep that began before has not seen the note: it must be over before we look. */
        _cleanup_close_ int lock = lock_shared(s);
        if (lock < 0)
                return lock == -EAGAIN || lock == -ENOMEM
                                       ? lock
                                       : error_set(error,
                                                         lock,
                                                         ERROR_STORAGE,
                                                         "cannot lock the image store");
        return image_store_load(s, manifest, ret, error);
}

void image_store_release(ImageStore *s, const char *user) {
        _cleanup_free_ char *path = use_path(s, user);

        if (path)
                (void) unlink(path); /* else the image stays until supd starts the next time */
}

int image_store_users(ImageStore *s, char ***ret) {
        _cleanup_free_ char *path = root_file(&s->roots[0], SUPD_STORE_USE_DIR);
        _cleanup_strv_ char **users = NULL;
        int r = 0;

        if (!path)
                return -ENOMEM;
        _cleanup_(closedirp) DIR *d = opendir(path);
        for (struct dirent *entry; r >= 0 && d && (entry = readdir(d));) {
                if (entry->d_name[0] != '.')
                        r = strv_append(&users, entry->d_name);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(users);
        return 0;
}
