/* SPDX-License-Identifier: MIT */
#include "image/registry/transfer.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/registry/http-url.h"
#include "image/oci/manifest.h"
#include "image/registry/transfer-internal.h"
#include "supd/version.h"

#define REDIRECTS_MAX 10U
#define FIELD_SIZE_MAX CHALLENGE_SIZE_MAX
#define FIELDS_MAX 16U

#define DOCKER_HUB_HOST "registry-1.docker.io"

/* ---- life ------------------------------------------------------------------------------------- */
static void header_done(TransferHeader *h) {
        (void) strv_free(h->challenges); /* always NULL */
        free(h->digest);
        free(h->content_range);
        *h = (TransferHeader) {};
}

int transfer_new(Network *network,
                int socket_fd,
                const FetchRequest *request,
                Record **record,
                int *body_fd,
                Transfer **ret) {
        _cleanup_(transfer_freep) Transfer *t = malloc(sizeof(*t));
        if (!t)
                return -ENOMEM;

        *t = (Transfer) {
                .network = network, .socket_fd = socket_fd, .request = *request, .body_fd = -EBADF
        };
        t->handle = curl_easy_init();
        if (!t->handle)
                return -ENOMEM;
        t->record = TAKE_PTR(*record);
        t->body_fd = TAKE_FD(*body_fd);
        *ret = TAKE_PTR(t);
        return 0;
}

Transfer *transfer_free(Transfer *t) {
        if (!t)
                return NULL;

        curl_easy_cleanup(t->handle);
        curl_slist_free_all(t->fields);
        header_done(&t->header);
        (void) record_free(t->record);
        (void) close_fd(t->body_fd);
        free(t->content_url);
        free(t->token_url);
        free(t->scope);
        (void) secret_free(t->authorization); /* always NULL, as these */
        (void) secret_free(t->form);
        (void) secret_free(t->text);
        free(t);
        return NULL;
}

CURL *transfer_handle(const Transfer *t) {
        return t->handle;
}

Transfer *transfer_of(CURL *handle) {
        char *private = NULL;

        (void) curl_easy_getinfo(handle, CURLINFO_PRIVATE, &private); /* we set it */
        return (Transfer *) private;
}

/* ---- what comes in ---------------------------------------------------------------------------- */
static long status_of(const Transfer *t) {
        long status = 0;

        (void) curl_easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

/* The value of field @name in "NAME: value\r\n"; NULL: it is another. Not NUL-terminated. */
static const char *field_value(const char *line, size_t size, const char *name, size_t *ret_size) {
        size_t n = strlen(name);

        if (size <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
                return NULL;
        const char *p = line + n + 1, *end = line + size;
        while (p < end && (*p == ' ' || *p == '\t'))
                p++;
        while (end > p && strchr(" \t\r\n", end[-1]))
                end--;
        *ret_size = (size_t) (end - p);
        return p;
}

static size_t on_field(char *line, size_t one, size_t size, void *userdata) {
        Transfer *t = userdata;
        const struct {
                const char *name;
                char **value;
        } fields[] = {
                { "Docker-Content-Digest", &t->header.digest },
                { "Content-Range", &t->header.content_range },
        };
        const char *value;
        size_t n;

        (void) one; /* always 1 */
        t->active_usec = clock_monotonic_usec();
        if (size > strlen("HTTP/") && strncasecmp(line, "HTTP/", strlen("HTTP/")) == 0)
                header_done(&t->header); /* of an interim answer */
        if (size > FIELD_SIZE_MAX || memchr(line, '\0', size))
                return size;
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                value = field_value(line, size, fields[i].name, &n);
                if (value && !*fields[i].value)
                        *fields[i].value = strndup(value, n);
        }
        value = field_value(line, size, "WWW-Authenticate", &n);
        if (value && strv_length(t->header.challenges) < FIELDS_MAX &&
                        strv_append_printf(&t->header.challenges, "%.*s", (int) n, value) < 0)
                return 0;
        return size;
}

/* "bytes 100-199/200": where it begins. */
static int range_start(const char *range, uint64_t *ret) {
        static const char unit[] = "bytes ";
        _cleanup_free_ char *digits = NULL;

        if (!range || strncasecmp(range, unit, strlen(unit)) != 0)
                return -EBADMSG;
        range += strlen(unit);
        digits = strndup(range, strcspn(range, "-"));
        return digits ? parse_u64(digits, ret) : -ENOMEM;
}

/* Before the first byte of the body. */
static int begin_body(Transfer *t) {
        FetchAnswer answer = {
                .id = t->request.id, .event = FETCH_STARTED, .retry_after_usec = USEC_INFINITY
        };
        curl_off_t length = -1;

        t->limit = t->request.limit;
        if (status_of(t) == 206) {
                if (range_start(t->header.content_range, &answer.offset) < 0 ||
                                answer.offset != t->request.offset)
                        return -ERANGE;
        } else
                t->limit += t->request.offset; /* all of it, asked for or not */
        (void) curl_easy_getinfo(t->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        if (length > 0 && (uint64_t) length > t->limit)
                return -EFBIG;
        return fetch_answer_send(t->socket_fd, &answer);
}

/* Blocks while the reader is busy, and with it all transfers: the reader waits for none of them. */
static int put_body(Transfer *t, const char *data, size_t size) {
        int r = t->received == 0 ? begin_body(t) : 0;

        if (r >= 0 && size > t->limit - t->received)
                r = -EFBIG;
        if (r >= 0)
                r = fd_write_all(t->body_fd, data, size);
        t->received += size;
        return r;
}

/* A token, or what the server says of an error. What is too long is cut, and then no valid JSON. */
static int put_text(Transfer *t, const char *data, size_t size) {
        if (size > TOKEN_ANSWER_SIZE_MAX - t->text_size)
                return 0;
        char *grown = realloc(t->text, t->text_size + size + 1);
        if (!grown)
                return -ENOMEM;
        memcpy(grown + t->text_size, data, size);
        t->text = grown;
        t->text_size += size;
        t->text[t->text_size] = '\0';
        return 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *userdata) {
        Transfer *t = userdata;

        (void) one; /* always 1 */
        if (size == 0)
                return 0;
        bool content = t->phase == PHASE_CONTENT && status_of(t) / 100 == 2;
        t->body_result = content ? put_body(t, data, size) : put_text(t, data, size);
        /* Afterwards: the time that the reader takes is not the server's. */
        t->active_usec = clock_monotonic_usec();
        return t->body_result < 0 ? 0 : size;
}

/* ---- what goes out ---------------------------------------------------------------------------- */
static char *content_url(const Transfer *t) {
        const FetchRequest *f = &t->request;
        const char *host = str_equal(f->registry, "docker.io") ? DOCKER_HUB_HOST : f->registry;

        return str_printf("%s://%s/v2/%s/%s/%s",
                        t->is_plain ? "http" : "https",
                        host,
                        f->repository,
                        f->kind == FETCH_BLOB ? "blobs" : "manifests",
                        f->what);
}

static int add_field(Transfer *t, const char *name, const char *value) {
        _cleanup_(secret_freep) char *line = str_printf("%s: %s", name, value);
        struct curl_slist *longer = line ? curl_slist_append(t->fields, line) : NULL;

        if (!longer)
                return -ENOMEM;
        t->fields = longer;
        return 0;
}

static int set_fields(Transfer *t) {
        int r = 0;

        curl_slist_free_all(t->fields);
        t->fields = NULL;
        if (t->phase == PHASE_CONTENT && t->request.kind != FETCH_BLOB)
                r = add_field(t,
                                "Accept",
                                MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_LIST
                                                ", " MEDIA_DOCKER_MANIFEST);
        if (r >= 0 && t->authorization)
                r = add_field(t, "Authorization", t->authorization);
        if (r >= 0 && t->phase == PHASE_CONTENT && t->request.offset > 0) {
                _cleanup_free_ char *range =
                                str_printf("bytes=%llu-", (unsigned long long) t->request.offset);
                r = range ? add_field(t, "Range", range) : -ENOMEM;
        }
        return r;
}

/* Whom to trust and who we are, of the host that is asked now. */
static void set_certificates(Transfer *t, const char *host) {
        const Certificates *c = &t->network->certificates;
        const CertificateHost *own =
                        certificates_find(c, str_equal(host, DOCKER_HUB_HOST) ? "docker.io" : host);
        char *authorities = own && own->authorities ? own->authorities : c->authorities;
        struct curl_blob blob = { authorities, strlen(authorities), CURL_BLOB_NOCOPY };
        bool verify = !network_is_insecure(t->network, host);

        /* A proxy that speaks TLS is verified in any case. */
        (void) curl_easy_setopt(t->handle, CURLOPT_PROXY_CAINFO_BLOB, &blob);
        (void) curl_easy_setopt(t->handle, CURLOPT_CAINFO_BLOB, &blob);
        (void) curl_easy_setopt(t->handle, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
        (void) curl_easy_setopt(t->handle, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
        if (!own || !own->certificate)
                return;
        struct curl_blob cert = { own->certificate, strlen(own->certificate), CURL_BLOB_NOCOPY };
        struct curl_blob key = { own->key, strlen(own->key), CURL_BLOB_NOCOPY };
        (void) curl_easy_setopt(t->handle, CURLOPT_SSLCERT_BLOB, &cert);
        (void) curl_easy_setopt(t->handle, CURLOPT_SSLKEY_BLOB, &key);
}

static void set_options(Transfer *t, const char *url) {
        CURL *h = t->handle;

        /* They can fail for want of memory alone, and then the request does. Redirections are ours. */
        curl_easy_reset(h);
        (void) curl_easy_setopt(h, CURLOPT_URL, url);
        (void) curl_easy_setopt(h, CURLOPT_PRIVATE, (char *) t);
        (void) curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t->message);
        (void) curl_easy_setopt(h, CURLOPT_USERAGENT, "supd/" SUPD_VERSION);
        (void) curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(h, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
        (void) curl_easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        (void) curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_field);
        (void) curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
        (void) curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
        (void) curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 128L * 1024);
        (void) curl_easy_setopt(h, CURLOPT_HTTPHEADER, t->fields);
        (void) curl_easy_setopt(h,
                        CURLOPT_CONNECTTIMEOUT_MS,
                        (long) (t->network->connect_timeout_usec / USEC_PER_MSEC));
        if (t->phase == PHASE_TOKEN && t->form)
                (void) curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, t->form);
        else if (t->phase == PHASE_CONTENT && t->request.kind == FETCH_DIGEST)
                (void) curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
}

static int use_login(Transfer *t) {
        _cleanup_free_ char *scope = transfer_scope(&t->request);
        if (!scope)
                return -ENOMEM;

        const char *known = network_login(t->network, t->request.registry, scope);
        t->authorization = secret_free(t->authorization);
        if (!known || t->is_elsewhere)
                return 0;
        t->authorization = strdup(known);
        return t->authorization ? 0 : -ENOMEM;
}

int transfer_start(Transfer *t) {
        int r = 0;

        if (!t->content_url) {
                t->is_plain = t->is_plain ||
                              strv_contains(t->network->plain_hosts, t->request.registry);
                t->content_url = content_url(t);
                if (!t->content_url)
                        return -ENOMEM;
        }
        if (t->phase == PHASE_CONTENT)
                r = use_login(t);
        if (r >= 0)
                r = set_fields(t);
        if (r < 0)
                return r;
        header_done(&t->header);
        t->text = secret_free(t->text);
        t->text_size = 0;
        t->received = 0;
        t->body_result = 0;
        t->message[0] = '\0';
        t->active_usec = clock_monotonic_usec();
        const char *url = t->phase == PHASE_TOKEN ? t->token_url : t->content_url;
        _cleanup_free_ char *host = url_host(url);
        set_options(t, url);
        set_certificates(t, host ?: "");
        return 0;
}

/* libcurl has a limit of its own, for a speed that it averages over seconds that are too many for us. */
uint64_t transfer_stalls_at(const Transfer *t) {
        return usec_add(t->active_usec, t->network->stall_timeout_usec);
}

int transfer_stalled(Transfer *t) {
        _cleanup_free_ char *span = span_format(t->network->stall_timeout_usec);

        return transfer_fail(t,
                        -ETIMEDOUT,
                        ERROR_TIMEOUT,
                        true,
                        "nothing came for %s",
                        span ?: "too long");
}

/* ---- what comes next -------------------------------------------------------------------------- */
static int follow(Transfer *t) {
        char **url = t->phase == PHASE_TOKEN ? &t->token_url : &t->content_url;
        char *location = NULL;

        (void) curl_easy_getinfo(t->handle, CURLINFO_REDIRECT_URL, &location);
        if (!location || (t->phase == PHASE_TOKEN && t->form))
                return transfer_fail_status(t, status_of(t));
        if (++t->redirects > REDIRECTS_MAX)
                return transfer_fail(t,
                                -ELOOP,
                                ERROR_FAILED,
                                false,
                                "more than %u redirections",
                                REDIRECTS_MAX);
        if (!url_is_http(location) || (url_is_encrypted(*url) && !url_is_encrypted(location)))
                return transfer_fail(t,
                                -EPROTO,
                                ERROR_FAILED,
                                false,
                                "a redirection to what is no https URL");
        if (!url_same_origin(*url, location)) {
                t->authorization = secret_free(t->authorization);
                t->is_elsewhere = t->is_elsewhere || t->phase == PHASE_CONTENT;
        }
        return str_replace(url, location) < 0 ? -ENOMEM : 1;
}

static int succeed(Transfer *t) {
        FetchAnswer answer = { .id = t->request.id,
                .event = FETCH_DONE,
                .digest = t->header.digest,
                .retry_after_usec = USEC_INFINITY };

        /* The end of the body comes first, so that who reads the answer finds all of it in the pipe. */
        t->body_fd = close_fd(t->body_fd);
        return fetch_answer_send(t->socket_fd, &answer);
}

/* An insecure registry that does not speak TLS. */
static bool may_be_plain(const Transfer *t, CURLcode code) {
        bool no_answer = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_COULDNT_CONNECT ||
                         code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR;

        return no_answer && !t->is_plain && !t->is_elsewhere && t->phase == PHASE_CONTENT &&
               t->redirects == 0 && status_of(t) == 0 &&
               network_is_insecure(t->network, t->request.registry);
}

static int try_plain(Transfer *t) {
        t->is_plain = true;
        free(t->content_url);
        t->content_url = NULL;
        return 1;
}

static int answered(Transfer *t) {
        long status = status_of(t);

        if (t->is_plain && !strv_contains(t->network->plain_hosts, t->request.registry) &&
                        strv_append(&t->network->plain_hosts, t->request.registry) < 0)
                return -ENOMEM;
        if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
                return follow(t);
        if (status / 100 == 2)
                return t->phase == PHASE_TOKEN ? transfer_take_token(t) : succeed(t);
        if (status == 401 && t->phase == PHASE_CONTENT)
                return transfer_log_in(t);
        return transfer_fail_status(t, status);
}

int transfer_ended(Transfer *t, CURLcode code) {
        int r;

        if (code == CURLE_OK)
                r = answered(t);
        else
                r = may_be_plain(t, code) ? try_plain(t) : transfer_fail_code(t, code);
        if (r == -ENOMEM)
                r = transfer_fail(t, -ENOMEM, ERROR_FAILED, false, "out of memory");
        return r;
}
