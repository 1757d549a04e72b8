/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"
#include "unitfile/unit-type.h"

/* Keys of [Pod], and Pod= of [Container], with Quadlet's words where it has some. */

#define NAMESPACE_PREFIX "ns:"

static const char *const policy_names[] = {
        [POD_EXIT_STOP] = "stop",
        [POD_EXIT_CONTINUE] = "continue",
};
static_assert(ELEMENTSOF(policy_names) == _POD_EXIT_POLICY_MAX, "every policy has a name");

const char *pod_exit_policy_to_string(PodExitPolicy p) {
        return p < 0 || p >= _POD_EXIT_POLICY_MAX ? NULL : policy_names[p];
}

int parse_exit_policy(KeyInput *in, void *target) {
        PodExitPolicy *policy = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        for (PodExitPolicy p = 0; p < _POD_EXIT_POLICY_MAX; p++) {
                if (str_equal(policy_names[p], s)) {
                        *policy = p;
                        return 0;
                }
        }
        return input_bad_value(in, input_last(in), s, "is not stop or continue");
}

/* The pod's network is all of its containers'. */
static int take_network(KeyInput *in, const UnitAssignment *a, const char *s, PodSpec *pod) {
        if (str_has_prefix(s, NAMESPACE_PREFIX)) {
                if (s[strlen(NAMESPACE_PREFIX)] != '/')
                        return input_bad_value(in, a, s, "names no absolute path behind ns:");
                return str_replace(&pod->network_path, s + strlen(NAMESPACE_PREFIX));
        }
        if (strcmp(s, "none") == 0)
                pod->network = NETWORK_NONE;
        else if (strcmp(s, "host") == 0)
                pod->network = NETWORK_HOST;
        else
                return input_bad_value(in, a, s, "is not supported yet; use none, host or ns:PATH");
        return 0;
}

int parse_pod_network(KeyInput *in, void *target) {
        PodSpec *pod = target;

        in->load->has_network = true;
        (void) str_replace(&pod->network_path, NULL); /* NULL needs no memory */
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_item(in, a, &s);
                if (r > 0)
                        r = in->n_assignments > 1 ? input_bad_value(in,
                                                                    a,
                                                                    s,
                                                                    "stands beside other networks")
                                                  : take_network(in, a, s, pod);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* From an instance "p@.pod" means the same instance of it. */
static int name_instance(const UnitSpec *u, const char *s, char **ret) {
        size_t size = 1;
        const char *instance = unit_name_instance(s, &size);

        if (!instance || size > 0 || !u->instance)
                return str_replace(ret, s);
        _cleanup_free_ char *name =
                        str_printf("%.*s%s%s", (int) (instance - s), s, u->instance, instance);
        return name ? str_replace(ret, name) : -ENOMEM;
}

int parse_pod(KeyInput *in, void *target) {
        char **pod = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        if (!str_has_suffix(s, ".pod") || !unit_file_name_is_valid(s)) {
                if (value_has_reference(s))
                        return input_complain(in,
                                        input_last(in),
                                        DIAGNOSTIC_ERROR,
                                        "bad-value",
                                        "the name of a pod can't come from the environment");
                return input_complain(in,
                                input_last(in),
                                DIAGNOSTIC_ERROR,
                                "bad-value",
                                "pod " SHOWN " is not Quadlet based",
                                SHOWN_ARGUMENTS(s));
        }
        return name_instance(in->load->unit, s, pod);
}
