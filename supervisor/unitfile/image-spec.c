/* SPDX-License-Identifier: MIT */
#include "unitfile/image-spec.h"

#include "base/text.h"

static const char *const policy_names[] = {
        [PULL_MISSING] = "missing",
        [PULL_ALWAYS] = "always",
        [PULL_NEVER] = "never",
        [PULL_NEWER] = "newer",
};
static_assert(ELEMENTSOF(policy_names) == _PULL_POLICY_MAX, "every policy has a name");

const char *pull_policy_to_string(PullPolicy p) {
        return p >= 0 && p < _PULL_POLICY_MAX ? policy_names[p] : NULL;
}

PullPolicy pull_policy_from_string(const char *s) {
        for (PullPolicy p = 0; p < _PULL_POLICY_MAX; p++) {
                if (str_equal(policy_names[p], s))
                        return p;
        }
        return _PULL_POLICY_INVALID;
}

void pull_spec_init(PullSpec *p, PullPolicy policy) {
        *p = (PullSpec) {
                .policy = policy,
                .retries = PULL_RETRIES_DEFAULT,
                .retry_delay_usec = UINT64_MAX,
                .tls_verify = true,
        };
}

void pull_spec_done(PullSpec *p) {
        free(p->auth_file);
        free(p->creds);
        free(p->cert_dir);
        free(p->os);
        free(p->architecture);
        free(p->variant);
        *p = (PullSpec) {};
}

void image_spec_init(ImageSpec *i) {
        *i = (ImageSpec) {};
        pull_spec_init(&i->pull, PULL_ALWAYS); /* Quadlet's default of Policy= */
}

void image_spec_done(ImageSpec *i) {
        free(i->reference);
        free(i->tag);
        pull_spec_done(&i->pull);
        *i = (ImageSpec) {};
}
