/* SPDX-License-Identifier: MIT */
#include "recovery/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/map.h"
#include "base/strv.h"
#include "base/text.h"
#include "recovery/passed-fds.h"
#include "supd/paths.h"

/* Exists from the first start, once its jobs are begun, to a clean end: whether units wanted at boot are still to be started. */
#define STARTED_MARK "started"
#define STATE_FILE "state"

typedef struct StoredRecord {
        char *unit_id;  /* owned; the map's key */
        Record *record; /* owned; NULL once taken */
} StoredRecord;

typedef struct KeptFd {
        char *name; /* owned; the map's key */
        int fd;     /* borrowed from the unit, who drops it before closing */
} KeptFd;

struct Store {
        UnitStore unit_store; /* first */
        int runtime_fd;       /* owned */
        int container_fd;     /* owned; RUNTIME_DIR/container */
        bool first_start;
        Map *records; /* owned; StoredRecord */
        Map *passed;  /* owned; PassedFd: came with the process, not taken yet */
        Map *kept;    /* owned; KeptFd: what the manager holds for us */
};

static StoredRecord *stored_record_free(StoredRecord *r) {
        if (!r)
                return NULL;
        record_free(r->record);
        free(r->unit_id);
        free(r);
        return NULL;
}
DEFINE_CLEANUP(StoredRecord *, stored_record_free);

static KeptFd *kept_fd_free(KeptFd *k) {
        if (!k)
                return NULL;
        free(k->name);
        free(k);
        return NULL;
}
DEFINE_CLEANUP(KeptFd *, kept_fd_free);

/* What stands before the whole name of what is no service; names of units don't begin so. */
#define WHOLE_NAME '@'

/* Directory of a unit below RUNTIME_DIR/container; owned by the caller. */
static char *unit_dir_name(const char *unit_id) {
        if (!str_has_suffix(unit_id, ".service"))
                return str_printf("%c%s", WHOLE_NAME, unit_id);
        return strndup(unit_id, strlen(unit_id) - strlen(".service"));
}

static char *unit_id_of_dir(const char *dir) {
        return *dir == WHOLE_NAME ? strdup(dir + 1) : str_printf("%s.service", dir);
}

/* ---- the interface of core/unit-store.h ---------------------------------------------------------- */

static int store_save(UnitStore *us, const char *unit_id, const char *text, Error *error) {
        Store *s = CONTAINER_OF(us, Store, unit_store);
        int r;

        _cleanup_free_ char *dir = unit_dir_name(unit_id);
        if (!dir)
                return -ENOMEM;
        _cleanup_free_ char *path = str_printf("%s/%s", dir, STATE_FILE);
        if (!path)
                return -ENOMEM;

        /* The directory is there but for the first time: try the file before. */
        r = file_replace(s->container_fd, path, text, 0600, /* sync= */ false);
        if (r == -ENOENT) {
                r = neg_errno(mkdirat(s->container_fd, dir, 0700));
                if (r >= 0)
                        r = file_replace(s->container_fd, path, text, 0600, /* sync= */ false);
        }
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot save the state of %s", unit_id);
        return 0;
}

static void store_forget(UnitStore *us, const char *unit_id) {
        Store *s = CONTAINER_OF(us, Store, unit_store);

        _cleanup_free_ char *dir = unit_dir_name(unit_id);
        int r = dir ? dir_remove_all(s->container_fd, dir) : -ENOMEM;
        if (r < 0)
                diag_warning("%s: cannot remove its state: %s; it will be removed at the next "
                             "start",
                                unit_id,
                                error_text(NULL, r));
}

static Record *store_take_record(UnitStore *us, const char *unit_id) {
        Store *s = CONTAINER_OF(us, Store, unit_store);

        _cleanup_(stored_record_freep) StoredRecord *r = map_remove(s->records, unit_id);
        return r ? TAKE_PTR(r->record) : NULL;
}

static int store_put_fd(UnitStore *us, const char *name, int fd) {
        Store *s = CONTAINER_OF(us, Store, unit_store);
        int r;

        _cleanup_(kept_fd_freep) KeptFd *k = calloc(1, sizeof(*k));
        if (!k)
                return -ENOMEM;
        *k = (KeptFd) { .name = strdup(name), .fd = fd };
        if (!k->name)
                return -ENOMEM;
        r = map_put(s->kept, k->name, k);
        if (r < 0)
                return r;
        (void) TAKE_PTR(k);

        _cleanup_free_ char *message = str_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
        if (!message)
                return -ENOMEM;
        r = sd_pid_notify_with_fds(0, /* unset_environment= */ 0, message, &fd, 1);
        return r < 0 ? r
                     : 0; /* 0 from sd-daemon: nobody keeps anything; adoption goes by pid then */
}

static void store_drop_name(const char *name) {
        _cleanup_free_ char *message = str_printf("FDSTOREREMOVE=1\nFDNAME=%s", name);

        if (message)
                (void) sd_notify(0, message); /* nobody to tell: the manager is gone or has none */
}

static void store_drop_fd(UnitStore *us, const char *name) {
        Store *s = CONTAINER_OF(us, Store, unit_store);

        _cleanup_(kept_fd_freep) KeptFd *k = map_remove(s->kept, name);
        if (k)
                store_drop_name(name);
}

static int store_take_fd(UnitStore *us, const char *name) {
        Store *s = CONTAINER_OF(us, Store, unit_store);

        _cleanup_(passed_fd_freep) PassedFd *p = map_remove(s->passed, name);
        if (!p)
                return -ENOENT;

        /* The manager still holds its copy: it counts as kept under this name. */
        _cleanup_(kept_fd_freep) KeptFd *k = calloc(1, sizeof(*k));
        if (!k)
                return -ENOMEM;
        *k = (KeptFd) { .name = strdup(name), .fd = p->fd };
        if (!k->name)
                return -ENOMEM;
        int r = map_put(s->kept, k->name, k);
        if (r < 0)
                return r;
        (void) TAKE_PTR(k);
        return TAKE_FD(p->fd);
}

static const UnitStoreOps store_ops = {
        .save = store_save,
        .forget = store_forget,
        .take_record = store_take_record,
        .put_fd = store_put_fd,
        .drop_fd = store_drop_fd,
        .take_fd = store_take_fd,
};

/* ---- opening ------------------------------------------------------------------------------------- */

static int store_read_record(Store *s, const char *dir) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, STATE_FILE), *text = NULL;
        if (!path)
                return -ENOMEM;

        int r = file_read(s->container_fd, path, RECORD_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;

        _cleanup_(stored_record_freep) StoredRecord *stored = calloc(1, sizeof(*stored));
        if (!stored)
                return -ENOMEM;
        stored->unit_id = unit_id_of_dir(dir);
        if (!stored->unit_id)
                return -ENOMEM;
        r = record_parse(text, &stored->record);
        if (r >= 0)
                r = map_put(s->records, stored->unit_id, stored);
        if (r >= 0)
                (void) TAKE_PTR(stored);
        return r;
}

static int store_read_records(Store *s, Error *error) {
        int fd = neg_errno(fcntl(s->container_fd, F_DUPFD_CLOEXEC, 3));
        if (fd < 0)
                return error_set(error, fd, ERROR_STORAGE, "cannot read the state directory");
        DIR *dir = fdopendir(fd);
        if (!dir) {
                int r = -errno;
                (void) close_fd(fd);
                return error_set(error, r, ERROR_STORAGE, "cannot read the state directory");
        }

        int r = 0;
        for (struct dirent *entry; r != -ENOMEM && (entry = readdir(dir));) {
                if (entry->d_name[0] == '.')
                        continue;
                r = store_read_record(s, entry->d_name);
                if (r < 0 && r != -ENOMEM) {
                        if (r != -ENOENT) /* what kill -9 leaves before the first record is no loss */
                                diag_warning("state of %s is unreadable: %s; its container is "
                                             "stopped",
                                                entry->d_name,
                                                error_text(NULL, r));
                        (void) dir_remove_all(
                                        s->container_fd, entry->d_name); /* tried again next time */
                }
        }
        (void) closedir(dir);
        return r == -ENOMEM ? r : 0;
}

static int store_open_dirs(Store *s, const char *runtime_dir, Error *error) {
        int r = dir_make_all(runtime_dir, 0755);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot make %s", runtime_dir);

        s->runtime_fd = neg_errno(open(runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (s->runtime_fd < 0)
                return error_set(
                                error, s->runtime_fd, ERROR_STORAGE, "cannot open %s", runtime_dir);

        r = neg_errno(mkdirat(s->runtime_fd, SUPD_CONTAINER_DIR, 0700));
        if (r < 0 && r != -EEXIST)
                return error_set(error, r, ERROR_STORAGE, "cannot make %s/container", runtime_dir);
        s->container_fd = neg_errno(openat(s->runtime_fd,
                        SUPD_CONTAINER_DIR,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (s->container_fd < 0)
                return error_set(error,
                                s->container_fd,
                                ERROR_STORAGE,
                                "cannot open %s/container",
                                runtime_dir);
        return 0;
}

int store_open(const char *runtime_dir, Store **ret, Error *error) {
        int r;

        _cleanup_(store_freep) Store *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (Store) {
                .unit_store = { .ops = &store_ops },
                .runtime_fd = -EBADF,
                .container_fd = -EBADF,
                .records = map_new(),
                .passed = map_new(),
                .kept = map_new(),
        };
        if (!s->records || !s->passed || !s->kept)
                return -ENOMEM;

        r = store_open_dirs(s, runtime_dir, error);
        if (r >= 0)
                r = store_read_records(s, error);
        if (r < 0)
                return r;
        s->first_start = faccessat(s->runtime_fd, STARTED_MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0;

        /* Without descriptors adoption still works by pid: a broken hand-over is no reason to stay down. */
        _cleanup_(error_done) Error passed_error = {};
        r = passed_fds_receive(s->passed, &passed_error);
        if (r < 0)
                diag_warning("%s; continuing without them", error_text(&passed_error, r));

        *ret = TAKE_PTR(s);
        return 0;
}

UnitStore *store_unit_store(Store *s) {
        return &s->unit_store;
}

bool store_is_first_start(const Store *s) {
        return s->first_start;
}

int store_mark_started(Store *s, Error *error) {
        if (!s->first_start)
                return 0;

        _cleanup_close_ int fd = neg_errno(
                        openat(s->runtime_fd, STARTED_MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (fd < 0)
                return error_set(error, fd, ERROR_STORAGE, "cannot write to the runtime directory");
        s->first_start = false;
        return 0;
}

int store_instantiate(Store *s, Engine *e, Error *error) {
        (void) error;
        for (size_t i = 0; i < map_size(s->records); i++) {
                const StoredRecord *r = map_at(s->records, i);
                (void) engine_find(e, r->unit_id); /* no such template: left for store_settle() */
        }
        return 0;
}

int store_keep_for_exec(Store *s) {
        size_t n = map_size(s->kept);

        _cleanup_free_ char **names = calloc(n + 1, sizeof(char *));
        _cleanup_free_ int *fds = calloc(n + 1, sizeof(int));
        if (!names || !fds)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const KeptFd *k = map_at(s->kept, i);
                names[i] = k->name;
                fds[i] = k->fd;
        }
        return passed_fds_keep_for_exec(names, fds, n);
}

int store_settle(Store *s, char ***ret_names) {
        _cleanup_strv_ char **names = NULL;

        while (map_size(s->passed) > 0) {
                PassedFd *first = map_at(s->passed, 0);
                _cleanup_(passed_fd_freep) PassedFd *p = map_remove(s->passed, first->name);
                store_drop_name(p->name);
        }
        while (map_size(s->records) > 0) {
                StoredRecord *first = map_at(s->records, 0);
                _cleanup_(stored_record_freep) StoredRecord *r =
                                map_remove(s->records, first->unit_id);

                store_forget(&s->unit_store, r->unit_id);
                int q = strv_push(&names, &r->unit_id);
                if (q < 0)
                        return q;
        }
        *ret_names = TAKE_PTR(names);
        return 0;
}

void store_remove(Store *s) {
        /* What can't be removed is found, and tried again, by the next start. */
        (void) dir_remove_all(s->runtime_fd, SUPD_CONTAINER_DIR);
        (void) unlinkat(s->runtime_fd, STARTED_MARK, 0);
}

Store *store_free(Store *s) {
        if (!s)
                return NULL;

        while (map_size(s->records) > 0) {
                StoredRecord *first = map_at(s->records, 0);
                stored_record_free(map_remove(s->records, first->unit_id));
        }
        while (map_size(s->passed) > 0) {
                PassedFd *first = map_at(s->passed, 0);
                passed_fd_free(map_remove(s->passed, first->name));
        }
        while (map_size(s->kept) > 0) {
                KeptFd *first = map_at(s->kept, 0);
                kept_fd_free(map_remove(s->kept, first->name));
        }
        map_free(s->records);
        map_free(s->passed);
        map_free(s->kept);
        close_fd(s->container_fd);
        close_fd(s->runtime_fd);
        free(s);
        return NULL;
}
