/* SPDX-License-Identifier: MIT */

/*
 * Any bytes as an image's name, manifest, index or configuration: nothing crashes, and what is taken is
 * what comes out again.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "image/oci/manifest.h"
#include "base/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
        if (condition)
                return;
        (void) fprintf(stderr, "fuzz-image-document: %s\n", what);
        abort();
}

static void check_reference(const char *text) {
        Reference r = {}, again = {};
        ImageSource s = {};
        Error error = {};

        int q = reference_parse(text, &r, &error);
        require(q >= 0 || error.message, "a name refused without a reason");
        if (q >= 0) {
                char *name = reference_format(&r);
                require(name && reference_parse(name, &again, NULL) >= 0, "canonical and refused");
                char *twice = reference_format(&again);
                require(str_equal(name, twice), "normalised twice it is another");
                free(name);
                free(twice);
        }
        (void) image_source_parse(text, &s, NULL);
        image_source_done(&s);
        reference_done(&r);
        reference_done(&again);
        error_done(&error);
}

static void check_manifest(const char *text, size_t size) {
        const Platform wanted = { .os = (char *) "linux", .architecture = (char *) "amd64" };
        Manifest m = {}, again = {};
        Error error = {};

        int r = manifest_parse(text, size, &m, &error);
        require(r >= 0 || error.message, "a manifest refused without a reason");
        if (r >= 0 && m.is_index)
                (void) manifest_choose(&m, &wanted);
        else if (r >= 0) {
                char *own = manifest_format(&m.config, m.entries, m.n_entries);
                require(own && manifest_parse(own, strlen(own), &again, NULL) >= 0,
                                "our own manifest is refused");
                require(again.n_entries == m.n_entries, "layers were lost");
                free(own);
        }
        manifest_done(&m);
        manifest_done(&again);
        error_done(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ImageConfig c = {};
        char *text = malloc(size + 1);

        require(text != NULL, "out of memory");
        memcpy(text, data, size);
        text[size] = '\0';
        check_reference(text);
        check_manifest(text, size);
        (void) image_config_parse(text, size, &c, NULL);
        image_config_done(&c);
        free(text);
        return 0;
}
