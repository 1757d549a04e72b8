/* SPDX-License-Identifier: MIT */

/*
 * lying-registry DIR PORTS LOG [CERTIFICATE KEY]    a registry that misbehaves as it is asked to
 *
 * Serves DIR/manifest under every tag, and DIR/blobs/sha256/HEX. How it lies is the first part of a
 * repository's name, see the table below; a number there is counted for each URL. It listens on two ports of
 * 127.0.0.1, the first with TLS where a certificate is given, the second also as a proxy, and writes both numbers to PORTS once it is
 * ready. LOG gets a line for each request: port (first or second), method, path, what the header fields
 * Authorization and Range say.
 */

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"

#define LARGE_SIZE 65536
#define DEEP 20000
#define MANY_LAYERS 1000
#define TOKEN "open-sesame"

/* What is wrong with a body. */
typedef enum Lie {
        LIE_NONE,
        LIE_STALL,    /* stops half-way, and stays; of what is large only, as the next one */
        LIE_TRUNCATE, /* stops half-way, and closes */
        LIE_FLIP,     /* one bit is another */
        LIE_LONG,     /* goes on and on */
} Lie;

typedef struct Behaviour {
        const char *name;
        Lie lie;
        unsigned times;       /* the lie is told so often, of each URL; 0: always */
        unsigned status;      /* of a request for a blob, so often; 0: none */
        const char *location; /* where it sends whom it redirects: "other", "self", "file" */
        bool ignores_range, wrong_range, wants_token;
} Behaviour;

/* clang-format off */
static const Behaviour behaviours[] = {
        { "plain" },
        { "token",       .wants_token = true },
        { "stall",       .lie = LIE_STALL },
        { "stall-once",  .lie = LIE_STALL,    .times = 1 },
        { "truncate",    .lie = LIE_TRUNCATE },
        { "cut-once",    .lie = LIE_TRUNCATE, .times = 1 },
        { "no-range",    .lie = LIE_TRUNCATE, .times = 1, .ignores_range = true },
        { "wrong-range", .lie = LIE_TRUNCATE, .times = 1, .wrong_range = true },
        { "flip",        .lie = LIE_FLIP },
        { "flip-once",   .lie = LIE_FLIP,     .times = 1 },
        { "long",        .lie = LIE_LONG },
        { "busy",        .status = 429,       .times = 1 },
        { "broken",      .status = 503,       .times = 2 },
        { "dead",        .status = 503 },
        { "gone",        .status = 404 },
        { "elsewhere",   .status = 307, .location = "other", .wants_token = true },
        { "loop",        .status = 307, .location = "self" },
        { "file",        .status = 307, .location = "file" },
};
/* clang-format on */

typedef struct Count {
        char *url;
        unsigned n;
} Count;

typedef struct Server {
        const char *dir;
        int log_fd;
        unsigned ports[2];
        pthread_mutex_t mutex;
        Map *counts; /* of URLs; leaked, as all else at the end */
        bool has_tls;
} Server;

typedef struct Side {
        Server *server;
        unsigned index; /* of the port */
} Side;

/* ---- bodies ----------------------------------------------------------------------------------- */
typedef struct Body {
        char *data;
        uint64_t size, begin;
        Lie lie;
} Body;

static void body_free(void *userdata) {
        Body *b = userdata;

        free(b->data);
        free(b);
}

static ssize_t body_read(void *userdata, uint64_t position, char *buffer, size_t size) {
        const Body *b = userdata;
        uint64_t at = b->begin + position, half = b->begin + (b->size - b->begin) / 2;

        if (b->lie == LIE_LONG && at >= b->size) {
                memset(buffer, 'x', size);
                return (ssize_t) size;
        }
        if (b->lie == LIE_STALL && at >= half)
                for (;;)
                        (void) pause(); /* a thread of its own */
        if (b->lie == LIE_TRUNCATE && at >= half)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        if (at >= b->size)
                return MHD_CONTENT_READER_END_OF_STREAM;
        uint64_t end = b->lie == LIE_STALL || b->lie == LIE_TRUNCATE ? half : b->size;
        size_t n = (size_t) MIN((uint64_t) size, end - at);
        memcpy(buffer, b->data + at, n);
        if (b->lie == LIE_FLIP && at <= b->size / 2 && b->size / 2 < at + n)
                buffer[b->size / 2 - at] ^= 1;
        return (ssize_t) n;
}

/* Takes over @data. */
static struct MHD_Response *body_response(char *data, size_t size, uint64_t begin, Lie lie) {
        Body *b = malloc(sizeof(*b));
        if (!b)
                abort();

        if (size < LARGE_SIZE && (lie == LIE_STALL || lie == LIE_TRUNCATE))
                lie = LIE_NONE;
        *b = (Body) { .data = data, .size = size, .begin = begin, .lie = lie };
        uint64_t told = lie == LIE_LONG ? MHD_SIZE_UNKNOWN : size - begin;
        return MHD_create_response_from_callback(told, 32768, body_read, b, body_free);
}

static struct MHD_Response *text_response(const char *text) {
        return MHD_create_response_from_buffer(strlen(text), (void *) text, MHD_RESPMEM_MUST_COPY);
}

/* ---- manifests -------------------------------------------------------------------------------- */
static char *deep_json(size_t *size) {
        static const char start[] = "{\"schemaVersion\":2,\"layers\":";
        char *text = malloc(sizeof(start) + 2 * (size_t) DEEP + 1);
        if (!text)
                abort();

        *size = sizeof(start) - 1;
        memcpy(text, start, *size);
        memset(text + *size, '[', DEEP);
        memset(text + *size + DEEP, ']', DEEP);
        *size += (size_t) 2 * DEEP;
        text[(*size)++] = '}';
        return text;
}

static char *many_layers(size_t *size) {
        char *text = NULL;
        FILE *f = open_memstream(&text, size);
        if (!f)
                abort();

        for (int i = 0; i <= MANY_LAYERS; i++)
                (void) fprintf(f,
                                "%s{\"mediaType\":\"application/vnd.oci.image.%s\",\"size\":%d,"
                                "\"digest\":\"sha256:%064d\"}",
                                i == 0   ? "{\"schemaVersion\":2,\"config\":"
                                : i == 1 ? ",\"layers\":["
                                         : ",",
                                i == 0 ? "config.v1+json" : "layer.v1.tar",
                                i + 1,
                                i);
        (void) fputs("]}", f);
        (void) fclose(f);
        return text;
}

static struct MHD_Response *manifest(const Server *s, const char *kind, const char *what) {
        _cleanup_free_ char *path =
                        str_has_prefix(what, "sha256:")
                                        ? str_printf("%s/blobs/sha256/%s", s->dir, what + 7)
                                        : str_printf("%s/manifest", s->dir);
        char *text = NULL;
        size_t size;

        if (str_equal(kind, "deep")) {
                text = deep_json(&size);
                return body_response(text, size, 0, LIE_NONE);
        }
        if (str_equal(kind, "thousand")) {
                text = many_layers(&size);
                return body_response(text, size, 0, LIE_NONE);
        }
        if (str_equal(kind, "huge"))
                return body_response(NULL, 0, 0, LIE_LONG);
        if (!path || file_read(AT_FDCWD, path, 1 << 20, &text, &size) < 0)
                return NULL;
        return body_response(text, size, 0, str_equal(kind, "bent") ? LIE_FLIP : LIE_NONE);
}

/* ---- requests --------------------------------------------------------------------------------- */
static const char *field(struct MHD_Connection *c, const char *name) {
        return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer(
                struct MHD_Connection *c, unsigned status, struct MHD_Response *response) {
        if (!response) {
                status = 404;
                response = text_response(
                                "{\"errors\":[{\"message\":\"no\\u001b[31msuch thing\"}]}");
        }
        enum MHD_Result r = MHD_queue_response(c, status, response);
        MHD_destroy_response(response);
        return r;
}

static void log_request(
                const Side *side, struct MHD_Connection *c, const char *method, const char *url) {
        const char *authorization = field(c, "Authorization"), *range = field(c, "Range");

        (void) dprintf(side->server->log_fd,
                        "%s %s %s authorization=%s range=%s\n",
                        side->index == 0 ? "first" : "second",
                        method,
                        url,
                        authorization ?: "-",
                        range ?: "-");
}

/* How often this URL was asked for before. */
static unsigned count(Server *s, const char *url) {
        (void) pthread_mutex_lock(&s->mutex);
        Count *c = map_get(s->counts, url);
        if (!c) {
                c = calloc(1, sizeof(*c));
                if (!c || !(c->url = strdup(url)) || map_put(s->counts, c->url, c) < 0)
                        abort();
        }
        unsigned n = c->n++;
        (void) pthread_mutex_unlock(&s->mutex);
        return n;
}

static enum MHD_Result challenge(const Server *s, struct MHD_Connection *c) {
        struct MHD_Response *response = text_response("{}");
        _cleanup_free_ char *value =
                        str_printf("Bearer realm=\"%s://localhost:%u/token\",service=\"liar\"",
                                        s->has_tls ? "https" : "http",
                                        s->ports[0]);

        (void) MHD_add_response_header(response, "WWW-Authenticate", value ?: "");
        return answer(c, 401, response);
}

static enum MHD_Result redirect(
                const Server *s, struct MHD_Connection *c, const Behaviour *b, const char *url) {
        const char *target = strstr(url, "/blobs/");
        _cleanup_free_ char *location = NULL;
        struct MHD_Response *response = text_response("");

        if (str_equal(b->location, "other"))
                location = str_printf("http://127.0.0.1:%u/v2/plain/x%s?signature=secret",
                                s->ports[1],
                                target);
        else
                location = strdup(str_equal(b->location, "file") ? "file:///etc/passwd" : url);
        (void) MHD_add_response_header(response, "Location", location ?: "");
        return answer(c, b->status, response);
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status) {
        struct MHD_Response *response =
                        text_response("{\"errors\":[{\"code\":\"X\",\"message\":\"come again\"}]}");

        if (status == 429)
                (void) MHD_add_response_header(response, "Retry-After", "1");
        return answer(c, status, response);
}

static enum MHD_Result
blob(const Server *s, struct MHD_Connection *c, const Behaviour *b, Lie lie, const char *hex) {
        _cleanup_free_ char *path = str_printf("%s/blobs/sha256/%s", s->dir, hex);
        const char *range = field(c, "Range");
        unsigned long long begin = 0;
        char *data = NULL;
        size_t size;

        if (!path || file_read(AT_FDCWD, path, SIZE_MAX / 2, &data, &size) < 0)
                return answer(c, 404, NULL);
        /* NOLINTNEXTLINE(cert-err34-c): what we don't understand we ignore */
        if (b->ignores_range || !range || sscanf(range, "bytes=%llu-", &begin) != 1 ||
                        begin >= size)
                return answer(c, 200, body_response(data, size, 0, lie));
        struct MHD_Response *response = body_response(data, size, begin, lie);
        _cleanup_free_ char *told = str_printf(
                        "bytes %llu-%zu/%zu", b->wrong_range ? begin + 1 : begin, size - 1, size);
        (void) MHD_add_response_header(response, "Content-Range", told ?: "");
        return answer(c, 206, response);
}

static const Behaviour *behaviour_of(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(behaviours); i++)
                if (str_equal(behaviours[i].name, name))
                        return &behaviours[i];
        return &behaviours[0];
}

/* "/v2/KIND/…/blobs/sha256:HEX" or "/v2/KIND/…/manifests/WHAT" */
static enum MHD_Result serve(const Side *side, struct MHD_Connection *c, const char *url) {
        Server *s = side->server;
        const char *what = strstr(url, "/manifests/"), *hex = strstr(url, "/blobs/sha256:");
        _cleanup_free_ char *kind = str_has_prefix(url, "/v2/")
                                                    ? strndup(url + 4, strcspn(url + 4, "/"))
                                                    : NULL;
        const char *authorization = field(c, "Authorization");

        if (!kind)
                return answer(c, 404, NULL);
        const Behaviour *b = behaviour_of(kind);
        if (b->wants_token && !str_equal(authorization, "Bearer " TOKEN))
                return challenge(s, c);
        if (what)
                return answer(c, 200, manifest(s, kind, what + strlen("/manifests/")));
        if (!hex)
                return answer(c, 404, NULL);
        bool lies = b->times == 0 || count(s, url) < b->times;
        if (b->status && b->location)
                return redirect(s, c, b, url);
        if (b->status && lies)
                return refuse(c, b->status);
        return blob(s, c, b, lies ? b->lie : LIE_NONE, hex + strlen("/blobs/sha256:"));
}

static enum MHD_Result on_request(void *userdata,
                struct MHD_Connection *c,
                const char *url,
                const char *method,
                const char *version,
                const char *data,
                size_t *size,
                void **state) {
        const Side *side = userdata;
        static const char token[] = "{\"token\":\"" TOKEN "\",\"expires_in\":300}";

        (void) version;
        (void) data;
        *size = 0; /* of a form: nobody reads it */
        if (!*state) {
                *state = c; /* the body comes */
                return MHD_YES;
        }
        log_request(side, c, method, url);
        if (str_has_prefix(url, "http://")) /* of a proxy more is asked, and as much answered */
                url = strchr(url + strlen("http://"), '/') ?: "";
        if (str_equal(url, "/token"))
                return answer(c, 200, text_response(token));
        return serve(side, c, url);
}

/* ---- start ------------------------------------------------------------------------------------ */
static unsigned listen_on(Side *side, const char *certificate, const char *key) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
                                                                MHD_USE_INTERNAL_POLLING_THREAD |
                                                                (certificate ? MHD_USE_TLS : 0),
                        0,
                        NULL,
                        NULL,
                        on_request,
                        side,
                        MHD_OPTION_SOCK_ADDR,
                        (struct sockaddr *) &address,
                        certificate ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END,
                        certificate,
                        MHD_OPTION_HTTPS_MEM_KEY,
                        key,
                        MHD_OPTION_END);
        const union MHD_DaemonInfo *info =
                        d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT) : NULL;

        return info ? info->port : 0;
}

int main(int argc, char **argv) {
        _cleanup_free_ char *certificate = NULL, *key = NULL;
        static Server server = { .mutex = PTHREAD_MUTEX_INITIALIZER };
        static Side sides[] = { { &server, 0 }, { &server, 1 } };

        if (argc != 4 && argc != 6)
                return 2;
        server.dir = argv[1];
        server.log_fd = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        server.counts = map_new();
        server.has_tls = argc == 6;
        if (server.has_tls &&
                        (file_read(AT_FDCWD, argv[4], 1 << 20, &certificate, NULL) < 0 ||
                                        file_read(AT_FDCWD, argv[5], 1 << 20, &key, NULL) < 0))
                return 1;
        server.ports[0] = listen_on(&sides[0], certificate, key);
        server.ports[1] = listen_on(&sides[1], NULL, NULL);
        if (server.log_fd < 0 || !server.counts || server.ports[0] == 0 || server.ports[1] == 0)
                return 1;
        _cleanup_free_ char *ports = str_printf("%u %u\n", server.ports[0], server.ports[1]);
        if (!ports || file_replace(AT_FDCWD, argv[2], ports, 0644, /* sync= */ false) < 0)
                return 1;
        for (;;)
                (void) pause();
}
