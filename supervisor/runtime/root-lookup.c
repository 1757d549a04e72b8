/* SPDX-License-Identifier: MIT */
#include "runtime/root-lookup.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/text.h"

#define LINKS_MAX 40U
#define OPAQUE "trusted.overlay.opaque"

/* What the layers so far tell of a path. Components are counted from 1; 0 is the root. */
typedef struct Search {
        const char *path; /* borrowed; no dots in it */
        unsigned n_found; /* so many have been seen, all but the last of them directories */
        unsigned visible; /* so many of what further layers have are not hidden */
        size_t end;       /* of the last one found, in the path */
        mode_t mode;      /* of that one */
        char *link;       /* owned; what it says, if it is a link */
} Search;

void root_entry_done(RootEntry *e) {
        free(e->path);
        free(e->link);
        *e = (RootEntry) {};
}

static void search_done(Search *s) {
        free(s->link);
        s->link = NULL;
}

/* ---- one layer after the other ---- */

static int read_link(int dir_fd, const char *name, char **ret) {
        char target[PATH_MAX];

        ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));
        if (n < 0)
                return -errno;
        *ret = strndup(target, (size_t) n);
        return *ret ? 0 : -ENOMEM;
}

static int note_found(
                Search *s, int dir_fd, const char *name, unsigned n, size_t end, mode_t mode) {
        if (S_ISLNK(mode)) {
                int r = read_link(dir_fd, name, &s->link);
                if (r < 0)
                        return r;
        }
        s->n_found = n;
        s->end = end;
        s->mode = mode;
        return 0;
}

static bool is_whiteout(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int dir_fd) {
        char value;

        return fgetxattr(dir_fd, OPAQUE, &value, 1) == 1 && value == 'y';
}

/*
 * Component @n of the path, in the directory *@dir_fd of a layer, which it moves into.
 * Return: 1 to go on with the next component; 0 if this layer has no more to say; negative errno.
 */
static int search_component(Search *s, int *dir_fd, const char *name, unsigned n, size_t end) {
        struct stat st;
        int r = 0;

        if (fstatat(*dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;

        if (!is_whiteout(&st) && n > s->n_found)
                r = note_found(s, *dir_fd, name, n, end, st.st_mode);
        if (!S_ISDIR(st.st_mode)) {
                s->visible = MIN(s->visible,
                                n - 1); /* of this name and what is below it, nothing more */
                return r;
        }

        int next = neg_errno(
                        openat(*dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (next < 0)
                return next;
        close_fd(*dir_fd);
        *dir_fd = next;
        if (is_opaque(next))
                s->visible = MIN(s->visible, n);
        return 1;
}

static int search_layer(Search *s, const char *layer) {
        unsigned visible =
                        s->visible; /* what this layer hides itself is hidden in the next ones only */
        int r = 1;

        _cleanup_close_ int dir = neg_errno(open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (dir < 0)
                return dir;

        size_t at = strspn(s->path, "/");
        for (unsigned n = 1; r > 0 && n <= visible && s->path[at]; n++) {
                char name[NAME_MAX + 1];
                size_t length = strcspn(s->path + at, "/");

                if (length >= sizeof(name))
                        return -ENAMETOOLONG;
                memcpy(name, s->path + at, length);
                name[length] = '\0';
                r = search_component(s, &dir, name, n, at + length);
                at += length + strspn(s->path + at + length, "/");
        }
        return r < 0 ? r : 0;
}

static bool is_complete(const Search *s) {
        return s->visible <= s->n_found || s->path[s->end] == '\0';
}

static int search_layers(Search *s, const RuntimeRoot *root) {
        int r = 0;

        if (root->storage_path) {
                _cleanup_free_ char *upper = str_printf("%s/upper", root->storage_path);
                if (!upper)
                        return -ENOMEM;
                r = search_layer(s, upper);
                if (r == -ENOENT) /* not started yet */
                        r = 0;
        }
        if (root->path)
                return r < 0 || is_complete(s) ? r : search_layer(s, root->path);
        for (size_t i = root->n_layers; r >= 0 && i-- > 0 && !is_complete(s);)
                r = search_layer(s, root->layers[i]);
        return r;
}

/* ---- paths as text ---- */

/* "/a/b" of "a//./b/"; owned by the caller. Dots that lead up stay. */
static char *path_normalise(const char *path) {
        char *clean = malloc(strlen(path) + 2), *end = clean;

        if (!clean)
                return NULL;
        for (const char *s = path + strspn(path, "/"); *s;) {
                size_t length = strcspn(s, "/");

                if (length != 1 || *s != '.') {
                        *end++ = '/';
                        memcpy(end, s, length);
                        end += length;
                }
                s += length;
                s += strspn(s, "/");
        }
        if (end == clean)
                *end++ = '/';
        *end = '\0';
        return clean;
}

/* Where the first ".." begins, with its slash; the end of the text if there is none. */
static size_t find_dot_dot(const char *path) {
        for (const char *s = path; (s = strstr(s, "/..")); s += 3) {
                if (s[3] == '/' || s[3] == '\0')
                        return (size_t) (s - path);
        }
        return strlen(path);
}

static int parent_length(const char *path, size_t length) {
        while (length > 0 && path[length - 1] != '/')
                length--;
        return (int) (length > 0 ? length - 1 : 0);
}

/* The path with the link that was found in it replaced; owned by the caller. */
static char *path_follow(const char *path, const Search *s) {
        const char *rest = path + s->end;

        if (s->link[0] == '/')
                return str_printf("%s%s", s->link, rest);
        return str_printf("%.*s/%s%s", parent_length(path, s->end), path, s->link, rest);
}

/* @next is consumed; NULL: out of memory. Return: 1 or negative errno. */
static int replace_path(char **path, char *next) {
        char *clean = next ? path_normalise(next) : NULL;

        free(next);
        if (!clean)
                return -ENOMEM;
        free(*path);
        *path = clean;
        return 1;
}

/*
 * One step of the way: *path as far as no ".." is in it.
 * Return: 1 if *path was replaced by one that means the same; 0 if it is all found; negative errno.
 */
static int resolve_step(const RuntimeRoot *root, char **path, Search *s) {
        if (strlen(*path) >= PATH_MAX)
                return -ENAMETOOLONG;
        size_t up = find_dot_dot(*path);
        bool is_last = (*path)[up] == '\0';
        char *next;

        _cleanup_free_ char *head = strndup(*path, up);
        if (!head)
                return -ENOMEM;
        *s = (Search) { .path = head, .visible = UINT_MAX, .mode = S_IFDIR };
        int r = search_layers(s, root);
        s->path = NULL;
        if (r < 0)
                return r;

        bool all = head[s->end] == '\0' || str_equal(head, "/");
        if (s->link && !(all && is_last))
                next = path_follow(*path, s);
        else if (!all)
                return S_ISDIR(s->mode) ? -ENOENT : -ENOTDIR;
        else if (is_last)
                return 0;
        else if (!S_ISDIR(s->mode))
                return -ENOTDIR;
        else
                next = str_printf("%.*s%s", parent_length(head, up), head, *path + up + 3);
        return replace_path(path, next);
}

static bool is_image_file(const RuntimeRoot *root) {
        struct stat st;

        return root->path && stat(root->path, &st) >= 0 && S_ISREG(st.st_mode);
}

int root_lookup(const RuntimeRoot *root, const char *path, RootEntry *ret) {
        unsigned links = 0;

        if (is_image_file(root))
                return -EOPNOTSUPP;

        _cleanup_free_ char *current = path_normalise(path);
        if (!current)
                return -ENOMEM;
        while (links <= LINKS_MAX) {
                _cleanup_(search_done) Search s = {};

                int r = resolve_step(root, &current, &s);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret = (RootEntry) {
                                .path = TAKE_PTR(current),
                                .link = TAKE_PTR(s.link),
                                .mode = s.mode,
                        };
                        return 0;
                }
                links += s.link != NULL;
        }
        return -ELOOP;
}
