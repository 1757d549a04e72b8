/* SPDX-License-Identifier: MIT */
#include "image/registry/fetcher.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/confine/confine.h"
#include "image/registry/transfer.h"

#define UNPRIVILEGED_ID 65534 /* "nobody" everywhere */
#define POLL_MSEC_MAX UINT64_C(60000)
#define TRANSFERS_MAX 64U
#define READABLE_MAX 16U

/* ---- the process's life ----------------------------------------------------------------------- */
typedef struct Fetcher {
        Network *network;                   /* borrowed */
        CURLM *multi;                       /* owned */
        int socket_fd;                      /* borrowed */
        Transfer *transfers[TRANSFERS_MAX]; /* owned */
        size_t n_transfers;
} Fetcher;

static int add(Fetcher *f, Transfer *t) {
        int r = transfer_start(t);

        if (r < 0)
                return r;
        return curl_multi_add_handle(f->multi, transfer_handle(t)) == CURLM_OK ? 0 : -ENOMEM;
}

/* Return: 1 after a request, 0 at the end. */
static int take_request(Fetcher *f) {
        _cleanup_(transfer_freep) Transfer *t = NULL;
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_close_ int body_fd = -EBADF;
        FetchRequest request;
        int r;

        r = fetch_request_receive(f->socket_fd, &request, &record, &body_fd);
        if (r <= 0)
                return r == -EAGAIN ? 1 : r;
        if (f->n_transfers == TRANSFERS_MAX)
                return -E2BIG; /* nobody who keeps the rules asks for so many */
        r = transfer_new(f->network, f->socket_fd, &request, &record, &body_fd, &t);
        if (r >= 0)
                r = add(f, t);
        if (r < 0)
                return r;
        f->transfers[f->n_transfers++] = TAKE_PTR(t);
        return 1;
}

static void forget(Fetcher *f, Transfer *t) {
        for (size_t i = 0; i < f->n_transfers; i++)
                if (f->transfers[i] == t)
                        f->transfers[i] = f->transfers[--f->n_transfers];
        (void) transfer_free(t); /* always NULL */
}

static int end_transfer(Fetcher *f, CURL *handle, CURLcode code) {
        Transfer *t = transfer_of(handle);
        int r;

        (void) curl_multi_remove_handle(f->multi, handle); /* it is in there */
        r = transfer_ended(t, code);
        if (r > 0)
                return add(f, t);
        forget(f, t);
        return r;
}

static int end_transfers(Fetcher *f) {
        CURLMsg *message;
        int left, r = 0;

        while (r >= 0 && (message = curl_multi_info_read(f->multi, &left)))
                if (message->msg == CURLMSG_DONE)
                        r = end_transfer(f, message->easy_handle, message->data.result);
        return r;
}

/* After libcurl has looked: what waits in a socket while we were busy has come. @timeout_msec: until when
 * there is nothing to look at. */
static int end_stalled(Fetcher *f, int *timeout_msec) {
        uint64_t now_usec = clock_monotonic_usec(), next_usec = USEC_INFINITY;
        int r = 0;

        for (size_t i = f->n_transfers; i-- > 0 && r >= 0;) {
                Transfer *t = f->transfers[i];
                uint64_t at_usec = transfer_stalls_at(t);
                if (at_usec > now_usec) {
                        next_usec = MIN(next_usec, at_usec);
                        continue;
                }
                (void) curl_multi_remove_handle(f->multi, transfer_handle(t)); /* it is in there */
                r = transfer_stalled(t);
                forget(f, t);
        }
        *timeout_msec = (int) MIN((next_usec - now_usec) / USEC_PER_MSEC + 1, POLL_MSEC_MAX);
        return r;
}

/* Return: 0 when nobody asks any more. */
static int serve(Fetcher *f) {
        struct curl_waitfd wait = { .fd = f->socket_fd, .events = CURL_WAIT_POLLIN };
        int running, timeout_msec, r;

        for (;;) {
                wait.revents = 0;
                if (curl_multi_perform(f->multi, &running) != CURLM_OK)
                        return -EIO;
                r = end_transfers(f);
                if (r >= 0)
                        r = end_stalled(f, &timeout_msec);
                if (r < 0)
                        return r;
                if (curl_multi_poll(f->multi, &wait, 1, timeout_msec, NULL) != CURLM_OK)
                        return -EIO;
                r = wait.revents ? take_request(f) : 1;
                if (r <= 0)
                        return r;
        }
}

/* ---- giving up -------------------------------------------------------------------------------- */
/* Resolving names takes some of /etc, modules of the C library, and what systemd-resolved and others keep
 * below /run. /etc as a whole: its resolv.conf is replaced when a network comes up, which we may be waiting
 * for, and a rule for a file holds for that one file. What only root may read there, nobody can't. */
static const char *const readable[] = {
        "/etc",
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/run/systemd/resolve",
        "/run/NetworkManager",
        "/run/resolvconf",
        "/run/connman",
        "/run/nscd",
        "/var/run/nscd",
        "/usr/share/zoneinfo",
        "/dev/urandom",
        "/dev/null",
};
static_assert(ELEMENTSOF(readable) <= READABLE_MAX, "there is room for all of them");

static int confine(pid_t parent, Error *error) {
        ConfineSpec spec = { .may_connect = true };
        int fds[READABLE_MAX], r;

        for (size_t i = 0; i < ELEMENTSOF(readable); i++) {
                int fd = open(readable[i], O_PATH | O_CLOEXEC);
                if (fd >= 0)
                        fds[spec.n_read_fds++] = fd;
        }
        spec.read_fds = fds;
        /* Where the user can't be changed (a user namespace without it, or we are nobody special
         * already), going without capabilities is what is left. */
        if (setgroups(0, NULL) < 0 ||
                        setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) < 0 ||
                        setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) < 0)
                errno = 0;
        /* A change of user undoes what was set before. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                return error_set(error, -ESRCH, ERROR_RUNTIME, "the parent process is gone");
        r = confine_process(&spec, error);
        for (size_t i = 0; i < spec.n_read_fds; i++)
                (void) close_fd(fds[i]);
        return r;
}

/* Nothing of ours goes to standard output, and a socket must not get its number. */
static int detach(int socket_fd) {
        _cleanup_close_ int null = neg_errno(open("/dev/null", O_RDWR | O_CLOEXEC));

        if (null < 0)
                return null;
        if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
                return -errno;
        return confine_descriptors(&socket_fd, 1);
}

static int set_proxies(char *const *proxies) {
        STRV_FOREACH (proxy, proxies) {
                const char *equals = strchr(*proxy, '=');
                _cleanup_free_ char *name = strndup(*proxy, (size_t) (equals - *proxy));
                if (!name || setenv(name, equals + 1, 1) < 0)
                        return -ENOMEM;
        }
        /* Go's programs listen to it, libcurl does not: in a CGI program it would be a client's. */
        const char *proxy = getenv("HTTP_PROXY");
        if (proxy && setenv("http_proxy", proxy, 0) < 0)
                return -ENOMEM;
        return 0;
}

static int load(const FetcherSpec *spec, Network *n, Error *error) {
        const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
        const char *bundle = getenv("SSL_CERT_FILE");
        CertificateSpec certificates = spec->certificates;
        int r;

        certificates.bundle = bundle ?: version->cainfo;
        r = certificates_load(&certificates, &n->certificates, error);
        if (r >= 0)
                r = credentials_load(spec->auth_file, spec->creds_file, &n->credentials, error);
        return r < 0 ? r : set_proxies(spec->proxies);
}

static int announce(int socket_fd, int result, const Error *error) {
        FetchAnswer answer = {
                .event = FETCH_DONE,
                .result = result,
                .code = error->code,
                .message = result < 0 ? (char *) error_text(error, result) : NULL,
        };

        return fetch_answer_send(socket_fd, &answer);
}

static int start_curl(Fetcher *f) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        f->multi = curl_multi_init();
        return f->multi ? 0 : -ENOMEM;
}

static int run(const FetcherSpec *spec, pid_t parent, int socket_fd) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(network_done) Network network = {
                .insecure = spec->insecure,
                .verify = spec->verify,
                .connect_timeout_usec = spec->connect_timeout_usec,
                .stall_timeout_usec = spec->stall_timeout_usec,
        };
        Fetcher f = { .network = &network, .socket_fd = socket_fd };
        int r;

        (void) signal(SIGPIPE, SIG_IGN); /* can't fail: the arguments are constant */
        r = load(spec, &network, &error);
        if (r >= 0) {
                r = detach(socket_fd);
                if (r < 0)
                        (void) error_set(&error, r, ERROR_RUNTIME, "cannot close descriptors");
        }
        /* After that, since libcurl opens some of its own; before what follows, since OpenSSL reads its
         * configuration. */
        if (r >= 0)
                r = start_curl(&f);
        if (r >= 0)
                r = confine(parent, &error);
        if (announce(socket_fd, r, &error) < 0 || r < 0)
                return EXIT_FAILURE;
        return serve(&f) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- around it -------------------------------------------------------------------------------- */
static int await_start(int socket_fd, Error *error) {
        _cleanup_(fetch_answer_done) FetchAnswer answer = {};
        int r;

        do
                r = fetch_answer_receive(socket_fd, /* wait= */ true, &answer);
        while (r == -EAGAIN);
        if (r <= 0)
                return error_set_plain(error,
                                -EPROTO,
                                ERROR_RUNTIME,
                                "the process for the network ended at once");
        if (answer.result < 0)
                return error_set_plain(
                                error, answer.result, answer.code, "%s", answer.message ?: "");
        return 0;
}

int fetcher_start(const FetcherSpec *spec, FetcherProcess *ret, Error *error) {
        pid_t parent = getpid();
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a socket pair");
        _cleanup_(fetcher_done) FetcherProcess f = { .socket_fd = pair[0] };
        _cleanup_close_ int other = pair[1];

        f.pid = fork();
        if (f.pid < 0) {
                f.pid = 0;
                return error_set(error, -errno, ERROR_RUNTIME, "cannot start a process");
        }
        if (f.pid == 0) {
                (void) close_fd(f.socket_fd);
                _exit(run(spec, parent, other));
        }
        other = close_fd(other);
        r = await_start(f.socket_fd, error);
        if (r < 0)
                return r;

        *ret = f;
        f = FETCHER_NONE;
        return 0;
}

void fetcher_done(FetcherProcess *f) {
        f->socket_fd = close_fd(f->socket_fd);
        if (f->pid > 0)
                (void) kill(f->pid,
                                SIGKILL); /* it has nothing to lose, and may wait for a server */
        while (f->pid > 0 && waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        f->pid = 0;
}
