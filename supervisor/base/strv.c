/* SPDX-License-Identifier: MIT */
#include "base/strv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t strv_length(char *const *v) {
        size_t n = 0;

        while (v && v[n])
                n++;
        return n;
}

bool strv_contains(char *const *v, const char *s) {
        for (; v && *v; v++) {
                if (strcmp(*v, s) == 0)
                        return true;
        }
        return false;
}

/* Linear in the length: for lists that people write. Whoever splits foreign text counts for himself. */
int strv_push(char ***v, char **s) {
        size_t n = strv_length(*v);

        char **grown = realloc(*v, (n + 2) * sizeof(char *));
        if (!grown)
                return -ENOMEM;
        *v = grown;
        grown[n] = TAKE_PTR(*s);
        grown[n + 1] = NULL;
        return 0;
}

int strv_append(char ***v, const char *s) {
        _cleanup_free_ char *copy = strdup(s);
        if (!copy)
                return -ENOMEM;
        return strv_push(v, &copy);
}

int strv_append_printf(char ***v, const char *format, ...) {
        _cleanup_free_ char *s = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&s, format, ap) < 0)
                s = NULL;
        va_end(ap);
        return s ? strv_push(v, &s) : -ENOMEM;
}

int strv_copy(char *const *v, char ***ret) {
        size_t n = strv_length(v);

        if (n == 0) {
                *ret = NULL;
                return 0;
        }

        _cleanup_strv_ char **copy = calloc(n + 1, sizeof(char *));
        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                copy[i] = strdup(v[i]);
                if (!copy[i])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

char *strv_join(char *const *v, const char *separator) {
        size_t size = 1, gap = strlen(separator);

        STRV_FOREACH (s, v) {
                size += strlen(*s) + gap;
        }

        char *joined = malloc(size), *end = joined;
        if (!joined)
                return NULL;
        *end = '\0';
        STRV_FOREACH (s, v) {
                if (s != v)
                        end = stpcpy(end, separator);
                end = stpcpy(end, *s);
        }
        return joined;
}

bool strv_equal(char *const *a, char *const *b) {
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (strcmp(a[i], b[i]) != 0)
                        return false;
        }
        return true;
}

static bool env_names_equal(const char *a, const char *b, size_t name_length) {
        return strncmp(a, b, name_length) == 0 && a[name_length] == '=';
}

int strv_env_set(char ***environment, const char *assignment) {
        size_t name_length = strcspn(assignment, "=");

        for (char **s = *environment; s && *s; s++) {
                if (!env_names_equal(*s, assignment, name_length))
                        continue;
                char *copy = strdup(assignment);
                if (!copy)
                        return -ENOMEM;
                free(*s);
                *s = copy;
                return 0;
        }
        return strv_append(environment, assignment);
}

const char *strv_env_get(char *const *environment, const char *name) {
        size_t length = strlen(name);

        STRV_FOREACH (s, environment) {
                if (env_names_equal(*s, name, length))
                        return *s + length + 1;
        }
        return NULL;
}

char **strv_free(char **v) {
        for (char **s = v; s && *s; s++)
                free(*s);
        free(v);
        return NULL;
}
