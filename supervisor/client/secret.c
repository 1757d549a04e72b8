/* SPDX-License-Identifier: MIT */
#include "client/secret.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/client-internal.h"
#include "client/value-read.h"
#include "supd/bus.h"

static int
call(Client *c, const char *method, const char *name, sd_bus_message **ret_reply, Error *error) {
        return client_call(c,
                        SUPD_BUS_PATH,
                        SUPD_BUS_SECRET,
                        method,
                        ret_reply,
                        error,
                        name ? "s" : NULL,
                        name);
}

static int read_answer(Client *c, sd_bus_message *reply, Value *ret, Error *error) {
        int r = value_read(reply, ret);

        return r < 0 ? client_error(c, r, NULL, error) : 0;
}

int client_list_secrets(Client *c, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = call(c, "List", NULL, &reply, error);
        return r < 0 ? r : read_answer(c, reply, ret, error);
}

int client_get_secret(Client *c, const char *name, Value *ret, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        int r = call(c, "Inspect", name, &reply, error);
        return r < 0 ? r : read_answer(c, reply, ret, error);
}

int client_remove_secret(Client *c, const char *name, Error *error) {
        return call(c, "Remove", name, NULL, error);
}

static int read_memory(int fd, char **ret, size_t *ret_size) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || st.st_size > (off_t) SUPD_SECRET_SIZE_MAX)
                return -EBADMSG;
        size_t size = (size_t) st.st_size;
        char *data = calloc(1, size + 1);
        if (!data)
                return -ENOMEM;
        for (size_t done = 0; done < size;) {
                ssize_t n = pread(fd, data + done, size - done, (off_t) done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        int r = n < 0 ? -errno : -EBADMSG;
                        explicit_bzero(data, size);
                        free(data);
                        return r;
                }
                done += (size_t) n;
        }
        *ret = data;
        *ret_size = size;
        return 0;
}

int client_get_secret_data(
                Client *c, const char *name, char **ret, size_t *ret_size, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int fd;

        int r = call(c, "GetData", name, &reply, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "h", &fd); /* the message's */
        if (r >= 0)
                r = read_memory(fd, ret, ret_size);
        return r < 0 ? client_error(c, r, NULL, error) : 0;
}

static int make_memory(const char *data, size_t size, int *ret) {
        _cleanup_close_ int fd = neg_errno(memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (fd < 0)
                return fd;
        int r = fd_write_all(fd, data, size);
        if (r >= 0)
                r = neg_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
        if (r < 0)
                return r;
        *ret = TAKE_FD(fd);
        return 0;
}

static int call_create(Client *c,
                const SecretRequest *request,
                int fd,
                sd_bus_message **ret_reply,
                Error *error) {
        _cleanup_bus_error_ sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = NULL;

        int r = sd_bus_message_new_method_call(c->bus,
                        &m,
                        SUPD_SYSTEMD_DESTINATION,
                        SUPD_BUS_PATH,
                        SUPD_BUS_SECRET,
                        "Create");
        if (r >= 0)
                r = sd_bus_message_append(m, "sh", request->name, fd);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) request->labels);
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) request->replace);
        if (r >= 0)
                r = sd_bus_call(c->bus, m, /* usec= */ 0, &bus_error, ret_reply);
        return r < 0 ? client_error(c, r, &bus_error, error) : 0;
}

int client_create_secret(Client *c, const SecretRequest *request, char **ret_id, Error *error) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_close_ int fd = -EBADF;
        const char *id;

        int r = make_memory(request->data, request->size, &fd);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot make a memory file");
        r = call_create(c, request, fd, &reply, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &id);
        if (r < 0)
                return client_error(c, r, NULL, error);
        *ret_id = strdup(id);
        return *ret_id ? 0 : -ENOMEM;
}
