/* SPDX-License-Identifier: MIT */
#include "base/strv.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

static int add_range(KeyInput *in, const UnitAssignment *a, const char *word, IdMap *map) {
        IdRange range;

        if (id_range_parse(word, &range) < 0) {
                in->load->users_refer |= value_has_reference(a->value);
                return input_bad_value(in, a, word, "is not CONTAINER-ID:HOST-ID[:SIZE]");
        }
        int r = id_map_add(map, range);
        return r == -E2BIG ? input_bad_value(in, a, word, "is one range too many") : r;
}

int parse_id_map(KeyInput *in, void *target) {
        IdMap *map = target;

        id_map_done(map);
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, WORDS_COMMAND, &list);
                for (size_t i = 0; r >= 0 && i < list.n_words; i++)
                        r = add_range(in, a, list.words[i], map);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool refers(const UnitLoad *load, const UsersSpec *u) {
        const char *const strings[] = {
                u->userns, u->subuid, u->subgid, u->remap_users, u->remap_size
        };
        char *const *const lists[] = { u->remap_uids, u->remap_gids };

        if (load->users_refer)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                if (strings[i] && value_has_reference(strings[i]))
                        return true;
        }
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                STRV_FOREACH (word, lists[i]) {
                        if (value_has_reference(*word))
                                return true;
                }
        }
        return false;
}

int users_load_finish(UnitLoad *load, UsersSpec *users, char **ret_problem, char **ret_notice) {
        *ret_problem = *ret_notice = NULL;
        /* What the environment will say is judged at the start. */
        if (!load->environment && refers(load, users))
                return 0;
        return users_spec_settle(users, ret_problem, ret_notice);
}
