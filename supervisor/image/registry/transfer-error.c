/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "image/registry/http-url.h"
#include "image/oci/json.h"
#include "image/registry/transfer-internal.h"

#define SERVER_TEXT_MAX 256
#define RETRY_AFTER_MAX (365L * 24 * 60 * 60)

static const char *current_url(const Transfer *t) {
        return t->phase == PHASE_TOKEN ? t->token_url : t->content_url;
}

int transfer_fail(Transfer *t,
                int result,
                ErrorCode code,
                bool is_transient,
                const char *format,
                ...) {
        _cleanup_free_ char *shown = url_for_people(current_url(t) ?: "");
        _cleanup_free_ char *text = NULL, *message = NULL;
        curl_off_t seconds = 0;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (text && shown)
                message = str_printf("%s: %s", shown, text);
        /* 0 where the server does not say; curl has made seconds of a date. */
        (void) curl_easy_getinfo(t->handle, CURLINFO_RETRY_AFTER, &seconds);

        FetchAnswer answer = {
                .id = t->request.id,
                .event = FETCH_DONE,
                .result = message ? result : -ENOMEM,
                .code = code,
                .message = message,
                .is_transient = is_transient,
                .retry_after_usec = seconds > 0 ? (uint64_t) MIN(seconds, RETRY_AFTER_MAX) *
                                                                    USEC_PER_SEC
                                                : USEC_INFINITY,
        };
        return fetch_answer_send(t->socket_fd, &answer);
}

/* ---- what the server says --------------------------------------------------------------------- */
/* clang-format off */
static const struct {
        long status_min, status_max;
        int result;
        ErrorCode code;
        bool is_transient;
} statuses[] = {
        { 401, 401, -EACCES,     ERROR_ACCESS_DENIED, false },
        { 403, 403, -EACCES,     ERROR_ACCESS_DENIED, false },
        { 404, 404, -ENOENT,     ERROR_BAD_NAME,      false },
        { 408, 408, -ETIMEDOUT,  ERROR_TIMEOUT,       true  },
        { 416, 416, -ERANGE,     ERROR_FAILED,        false },
        { 429, 429, -EBUSY,      ERROR_LIMIT_REACHED, true  },
        { 500, 599, -EREMOTEIO,  ERROR_FAILED,        true  },
        { 0,   999, -EBADMSG,    ERROR_FAILED,        false }, /* whatever else: the last row */
};
/* clang-format on */

/* {"errors": [{"code": …, "message": …}]}, or what a token server calls "details"; owned; NULL: nothing. */
static char *server_text(const Transfer *t) {
        _cleanup_json_ json_t *j = NULL;
        const char *text = NULL;

        if (t->text && json_parse(t->text, t->text_size, "error", &j, NULL) >= 0) {
                const json_t *first = json_array_get(json_object_get(j, "errors"), 0);
                text = json_text(first, "message") ?: json_text(j, "details");
        }
        return text ? strndup(text, SERVER_TEXT_MAX) : NULL;
}

static const char *status_text(long status) {
        static const struct {
                long status;
                const char *text;
        } texts[] = {
                { 401, "a login is needed, or was refused" },
                { 403, "access is denied" },
                { 404, "it is not there" },
                { 429, "too many requests" },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].status == status)
                        return texts[i].text;
        return "the server does not answer as it should";
}

/* Servers use the same words for who says no name and who says a wrong password. */
static const char *login_hint(const Transfer *t, long status) {
        if (status != 401)
                return "";
        if (!t->authorization)
                return "; log in by --creds, --auth-file or AuthFile=";
        return str_has_prefix(t->authorization, "Basic ") ? "; the login was refused" : "";
}

int transfer_fail_status(Transfer *t, long status) {
        _cleanup_free_ char *said = server_text(t);
        size_t i = 0;

        while (status < statuses[i].status_min || status > statuses[i].status_max)
                if (++i == ELEMENTSOF(statuses) - 1)
                        break;
        return transfer_fail(t,
                        statuses[i].result,
                        statuses[i].code,
                        statuses[i].is_transient,
                        "HTTP status %ld: %s%s",
                        status,
                        said ?: status_text(status),
                        login_hint(t, status));
}

/* ---- what libcurl says ------------------------------------------------------------------------ */
/* clang-format off */
static const struct {
        CURLcode code;
        int result;
        ErrorCode error_code;
        bool is_transient;
} codes[] = {
        { CURLE_COULDNT_RESOLVE_HOST,     -EHOSTUNREACH, ERROR_FAILED,  true  },
        { CURLE_COULDNT_RESOLVE_PROXY,    -EHOSTUNREACH, ERROR_FAILED,  true  },
        { CURLE_COULDNT_CONNECT,          -ECONNREFUSED, ERROR_FAILED,  true  },
        { CURLE_OPERATION_TIMEDOUT,       -ETIMEDOUT,    ERROR_TIMEOUT, true  },
        { CURLE_PARTIAL_FILE,             -ECONNRESET,   ERROR_FAILED,  true  },
        { CURLE_RECV_ERROR,               -ECONNRESET,   ERROR_FAILED,  true  },
        { CURLE_SEND_ERROR,               -ECONNRESET,   ERROR_FAILED,  true  },
        { CURLE_GOT_NOTHING,              -ECONNRESET,   ERROR_FAILED,  true  },
        { CURLE_HTTP2,                    -EPROTO,       ERROR_FAILED,  true  },
        { CURLE_HTTP2_STREAM,             -EPROTO,       ERROR_FAILED,  true  },
        { CURLE_SSL_CONNECT_ERROR,        -EPROTO,       ERROR_FAILED,  false },
        { CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED, ERROR_FAILED,  false },
        { CURLE_OUT_OF_MEMORY,            -ENOMEM,       ERROR_FAILED,  false },
};
/* clang-format on */

/* What to do about a registry that is not the usual kind; the words are OpenSSL's. */
static char *tls_hint(const Transfer *t, CURLcode code, const char *text) {
        if (code == CURLE_SSL_CONNECT_ERROR && strstr(text, "wrong version number"))
                return strdup("; it seems to speak plain HTTP, which InsecureRegistries= or "
                              "--tls-verify=no allows");
        if (code == CURLE_PEER_FAILED_VERIFICATION &&
                        (strstr(text, "issuer") || strstr(text, "self-signed") ||
                                        strstr(text, "self signed")))
                return str_printf("; to trust its authority, put that into "
                                  "/etc/supd/certs.d/%s/ca.crt, or use --cert-dir",
                                t->request.registry);
        return strdup("");
}

int transfer_fail_code(Transfer *t, CURLcode code) {
        const char *text = *t->message ? t->message : curl_easy_strerror(code);
        _cleanup_free_ char *hint = tls_hint(t, code, text);
        long number = 0;

        if (t->body_result == -EFBIG)
                return transfer_fail(t,
                                -EFBIG,
                                ERROR_LIMIT_REACHED,
                                false,
                                "it is longer than the %llu bytes that it may have",
                                (unsigned long long) t->limit);
        if (t->body_result < 0)
                return transfer_fail(t,
                                t->body_result,
                                ERROR_FAILED,
                                false,
                                "its content does not begin where it should");
        /* A connection that breaks while TLS is set up says so in errno only. */
        (void) curl_easy_getinfo(t->handle, CURLINFO_OS_ERRNO, &number);
        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (codes[i].code == code)
                        return transfer_fail(t,
                                        codes[i].result,
                                        codes[i].error_code,
                                        codes[i].is_transient || (code == CURLE_SSL_CONNECT_ERROR &&
                                                                                 number != 0),
                                        "%s%s",
                                        text,
                                        hint ?: "");
        return transfer_fail(t, -EIO, ERROR_FAILED, false, "%s", text);
}
