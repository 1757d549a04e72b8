/* SPDX-License-Identifier: MIT */
#include "image/registry/http-url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static CURLU *url_free(CURLU *u) {
        curl_url_cleanup(u);
        return NULL;
}
DEFINE_CLEANUP(CURLU *, url_free);

static void curl_freep(char **s) {
        curl_free(*s);
}
#define _cleanup_curl_ _cleanup_(curl_freep)

/* Anything else than http and https is refused here already: libcurl would speak FTP, too. */
static CURLU *url_parse(const char *url) {
        _cleanup_(url_freep) CURLU *u = curl_url();

        if (!u || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
                return NULL;
        return TAKE_PTR(u);
}

/* curl_free() it. */
static char *part(CURLU *u, CURLUPart what, unsigned flags) {
        char *text = NULL;

        return u && curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool scheme_is(CURLU *u, const char *wanted) {
        _cleanup_curl_ char *scheme = part(u, CURLUPART_SCHEME, 0);

        return scheme && strcasecmp(scheme, wanted) == 0;
}

bool url_is_http(const char *url) {
        _cleanup_(url_freep) CURLU *u = url_parse(url);
        _cleanup_curl_ char *host = part(u, CURLUPART_HOST, 0);
        _cleanup_curl_ char *user = part(u, CURLUPART_USER, 0);
        _cleanup_curl_ char *password = part(u, CURLUPART_PASSWORD, 0);

        return host && !user && !password && (scheme_is(u, "http") || scheme_is(u, "https"));
}

bool url_is_encrypted(const char *url) {
        _cleanup_(url_freep) CURLU *u = url_parse(url);

        return scheme_is(u, "https");
}

char *url_host(const char *url) {
        _cleanup_(url_freep) CURLU *u = url_parse(url);
        _cleanup_curl_ char *host = part(u, CURLUPART_HOST, 0);
        _cleanup_curl_ char *port = part(u, CURLUPART_PORT, 0);

        return host ? str_printf("%s%s%s", host, port ? ":" : "", port ?: "") : NULL;
}

bool url_same_origin(const char *a, const char *b) {
        static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
        _cleanup_(url_freep) CURLU *u = url_parse(a);
        _cleanup_(url_freep) CURLU *v = url_parse(b);

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                _cleanup_curl_ char *p = part(u, parts[i], CURLU_DEFAULT_PORT);
                _cleanup_curl_ char *q = part(v, parts[i], CURLU_DEFAULT_PORT);
                if (!p || !q || strcasecmp(p, q) != 0)
                        return false;
        }
        return true;
}

char *url_for_people(const char *url) {
        _cleanup_(url_freep) CURLU *u = url_parse(url);
        _cleanup_curl_ char *scheme = part(u, CURLUPART_SCHEME, 0);
        _cleanup_curl_ char *path = part(u, CURLUPART_PATH, 0);
        _cleanup_free_ char *host = url_host(url);

        if (!host || !scheme || !path)
                return strdup("a malformed URL");
        return str_printf("%s://%s%s", scheme, host, path);
}

/* Everything but what RFC 3986 reserves nothing of. */
static char *encode(const char *s) {
        static const char digits[] = "0123456789ABCDEF";
        char *text = malloc(strlen(s) * 3 + 1), *out = text;

        for (; text && *s; s++) {
                unsigned char c = (unsigned char) *s;
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                strchr("-._~", c))
                        *out++ = *s;
                else {
                        *out++ = '%';
                        *out++ = digits[c >> 4];
                        *out++ = digits[c & 15];
                }
        }
        if (text)
                *out = '\0';
        return text;
}

char *url_add_query(const char *url, const char *name, const char *value) {
        if (!value)
                return strdup(url);

        _cleanup_free_ char *encoded = encode(value);
        const char *separator = !strchr(url, '?') ? "?" : str_has_suffix(url, "?") ? "" : "&";
        return encoded ? str_printf("%s%s%s=%s", url, separator, name, encoded) : NULL;
}
