/* SPDX-License-Identifier: MIT */
/*
 * org.supd.Secret: the store of secrets. What is in a secret comes and goes as a descriptor of memory, never
 * in a message, which may be traced or lie in a queue; supd looks into one only to hand it out again.
 * Writing and removing wait for the disk, in a process of their own.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/bus-error.h"
#include "control/control-internal.h"
#include "control/verbs.h"
#include "kinds/forked.h"
#include "runtime/secret-store.h"

/* A memory file that nobody can change or shorten any more: reading it can't block or fail midway. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A change to the store that is under way. */
typedef struct SecretChange {
        List link;
        Control *control;     /* borrowed */
        sd_bus_message *call; /* owned */
        Forked *process;      /* owned */
        char *state_dir;      /* owned */
        Secret secret;        /* with the descriptor of what is to be written */
        bool remove, replace;
} SecretChange;

static SecretChange *secret_change_free(SecretChange *change) {
        if (!change)
                return NULL;

        list_remove(&change->link);
        change->control->n_secret_changes--;
        forked_free(change->process);
        sd_bus_message_unref(change->call);
        free(change->state_dir);
        secret_done(&change->secret);
        free(change);
        return NULL;
}
DEFINE_CLEANUP(SecretChange *, secret_change_free);

void secret_changes_abandon(Control *c) {
        LIST_FOREACH (link, &c->secret_changes)
                secret_change_free(CONTAINER_OF(link, SecretChange, link));
}

static const char *state_dir_of(const Control *c) {
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        return info.state_dir;
}

static int secret_change_new(
                Control *c, sd_bus_message *m, const char *name, SecretChange **ret, Error *error) {
        int r = secret_name_check(name, error);
        if (r < 0)
                return r;
        if (c->n_secret_changes >= c->limits.secret_changes)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_LIMIT_REACHED,
                                "%zu changes to secrets are under way; wait for one to end",
                                c->n_secret_changes);

        _cleanup_(secret_change_freep) SecretChange *change = malloc(sizeof(*change));
        if (!change)
                return -ENOMEM;
        *change = (SecretChange) { .control = c, .call = sd_bus_message_ref(m) };
        secret_init(&change->secret);
        list_append(&c->secret_changes, &change->link);
        c->n_secret_changes++;
        r = str_replace(&change->state_dir, state_dir_of(c));
        if (r >= 0)
                r = str_replace(&change->secret.name, name);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(change);
        return 0;
}

static int secret_change_work(void *userdata, Error *error) {
        const SecretChange *change = userdata;

        if (change->remove)
                return secret_remove(change->state_dir, change->secret.name, error);
        return secret_write(change->state_dir, &change->secret, change->replace, error);
}

static void secret_change_on_done(int r, const Error *error, void *userdata) {
        _cleanup_(secret_change_freep) SecretChange *change = userdata;

        /* Answering fails if the client is gone. */
        if (r < 0)
                verb_reply_error(change->call, r, error);
        else if (change->remove)
                (void) sd_bus_reply_method_return(change->call, NULL);
        else
                (void) sd_bus_reply_method_return(change->call, "s", change->secret.id);
}

/* Takes *change over on success. Return: 1, for sd-bus: the answer comes later. */
static int secret_change_start(SecretChange **change, Error *error) {
        const ForkedRequest request = {
                .name = "change a secret",
                .work = secret_change_work,
                .work_userdata = *change,
                .done = secret_change_on_done,
                .userdata = *change,
        };

        int r = forked_start((*change)->control->event, &request, &(*change)->process, error);
        if (r < 0)
                return r;
        *change = NULL; /* secret_change_on_done() frees it, or secret_changes_abandon() */
        return 1;
}

/* ---- creating ---------------------------------------------------------------------------------- */

static int check_data(int fd, uint64_t *ret_size, Error *error) {
        struct stat st;
        int seals = neg_errno(fcntl(fd, F_GET_SEALS));

        if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "a secret has to be given as a sealed memory file");
        if (st.st_size <= 0 || st.st_size > (off_t) SECRET_SIZE_MAX)
                return error_set_plain(error,
                                -EFBIG,
                                ERROR_LIMIT_REACHED,
                                "a secret has 1 to %u bytes, this one has %lld",
                                SECRET_SIZE_MAX,
                                (long long) st.st_size);
        *ret_size = (uint64_t) st.st_size;
        return 0;
}

static int check_labels(char *const *labels, Error *error) {
        size_t size = 0;

        STRV_FOREACH (label, labels) {
                size += strlen(*label) + 1;
                if (!utf8_is_valid(*label, strlen(*label)) || **label == '=')
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "a label has to be NAME=VALUE in UTF-8");
        }
        if (size > SECRET_LABELS_SIZE_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "the labels of a secret may take up to %u bytes",
                                SECRET_LABELS_SIZE_MAX);
        return 0;
}

static int new_id(char **ret) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;

        int r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        *ret = strndup(sd_id128_to_string(id, text), SECRET_ID_SIZE);
        return *ret ? 0 : -ENOMEM;
}

/* One that is replaced keeps its id and its birthday. */
static int identify(SecretChange *change, Error *error) {
        Secret *s = &change->secret;
        Secret old;

        s->created_realtime_usec = s->updated_realtime_usec = clock_realtime_usec();
        secret_init(&old);
        int r = secret_open(change->state_dir, s->name, &old, NULL);
        if (r >= 0 && !change->replace)
                r = error_set_plain(error,
                                -EEXIST,
                                ERROR_INVALID_ARGUMENT,
                                "there is a secret '%s' already; '--replace' replaces it",
                                s->name);
        else if (r >= 0) {
                s->id = TAKE_PTR(old.id);
                s->created_realtime_usec = old.created_realtime_usec;
        } else if (r != -ENOMEM) /* there is none, or one that is to be replaced all the more */
                r = new_id(&s->id);
        secret_done(&old);
        return r;
}

static int method_create(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        _cleanup_(secret_change_freep) SecretChange *change = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **labels = NULL;
        const char *name;
        int fd, replace;

        int r = sd_bus_message_read(m, "sh", &name, &fd);
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &labels);
        if (r >= 0)
                r = sd_bus_message_read(m, "b", &replace);
        if (r < 0)
                return r;
        r = secret_change_new(c, m, name, &change, &error);
        if (r >= 0)
                r = check_data(fd, &change->secret.size, &error);
        if (r >= 0)
                r = check_labels(labels, &error);
        if (r >= 0) {
                change->replace = replace;
                change->secret.labels = TAKE_PTR(labels);
                r = identify(change, &error);
        }
        if (r >= 0) /* the message closes its own */
                r = change->secret.fd = neg_errno(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        if (r >= 0)
                r = secret_change_start(&change, &error);
        return r < 0 ? bus_error_take(ret_error, r, &error) : r;
}

static int method_remove(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Control *c = ((Connection *) ASSERT_PTR(userdata))->control;
        _cleanup_(secret_change_freep) SecretChange *change = NULL;
        _cleanup_(error_done) Error error = {};
        const char *name;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        r = secret_change_new(c, m, name, &change, &error);
        if (r >= 0) {
                change->remove = true;
                r = secret_change_start(&change, &error);
        }
        return r < 0 ? bus_error_take(ret_error, r, &error) : r;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int append_labels(sd_bus_message *m, const Secret *s) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Labels");
        if (r >= 0)
                r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, s->labels);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_secret(sd_bus_message *m, const Secret *s) {
        int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");

        if (r >= 0)
                r = sd_bus_message_append(m,
                                "{sv}{sv}{sv}{sv}",
                                "ID",
                                "s",
                                s->id,
                                "Name",
                                "s",
                                s->name,
                                "CreatedTimestamp",
                                "t",
                                s->created_realtime_usec,
                                "UpdatedTimestamp",
                                "t",
                                s->updated_realtime_usec);
        if (r >= 0)
                r = append_labels(m, s);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* A damaged one is left out: who asks for it by name is told. */
static int append_named(sd_bus_message *m, const char *state_dir, const char *name) {
        Secret s;

        secret_init(&s);
        int r = secret_open(state_dir, name, &s, NULL);
        r = r >= 0 ? append_secret(m, &s) : r == -ENOMEM ? r : 0;
        secret_done(&s);
        return r;
}

static int method_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *state_dir = state_dir_of(((Connection *) ASSERT_PTR(userdata))->control);
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **names = NULL;

        int r = secret_names(state_dir, &names, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        STRV_FOREACH (name, names) {
                if (r >= 0)
                        r = append_named(reply, state_dir, *name);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_inspect(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *state_dir = state_dir_of(((Connection *) ASSERT_PTR(userdata))->control);
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(error_done) Error error = {};
        const char *name;
        Secret s;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        secret_init(&s);
        r = secret_open(state_dir, name, &s, &error);
        if (r < 0) {
                secret_done(&s);
                return bus_error_take(ret_error, r, &error);
        }
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_secret(reply, &s);
        secret_done(&s);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int copy_to_memory(const Secret *s, int *ret, Error *error) {
        char *data = NULL;

        _cleanup_close_ int fd = neg_errno(memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (fd < 0)
                return error_set(error, fd, ERROR_RUNTIME, "cannot make a memory file");
        int r = secret_read(s, &data, error);
        if (r >= 0)
                r = fd_write_all(fd, data, s->size);
        secret_wipe(data, s->size);
        if (r >= 0 && (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0))
                r = -errno;
        if (r >= 0)
                *ret = TAKE_FD(fd);
        return r;
}

static int method_get_data(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *state_dir = state_dir_of(((Connection *) ASSERT_PTR(userdata))->control);
        _cleanup_(error_done) Error error = {};
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        Secret s;

        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        secret_init(&s);
        r = secret_open(state_dir, name, &s, &error);
        if (r >= 0)
                r = copy_to_memory(&s, &fd, &error);
        secret_done(&s);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        return sd_bus_reply_method_return(m, "h", fd);
}

/* clang-format off */
const sd_bus_vtable secret_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Create",  "shasb", "s",       method_create,   0),
        SD_BUS_METHOD("Remove",  "s",     NULL,      method_remove,   0),
        SD_BUS_METHOD("List",    NULL,    "aa{sv}",  method_list,     0),
        SD_BUS_METHOD("Inspect", "s",     "a{sv}",   method_inspect,  0),
        SD_BUS_METHOD("GetData", "s",     "h",       method_get_data, SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
