/* SPDX-License-Identifier: MIT */
#include "core/check.h"

#include <stdlib.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "core/engine-internal.h"
#include "supd/message-ids.h"

/* One answer; what can't be told counts as not met, and no '!' makes a success of it. */
static signed char ask(const Engine *e, const UnitCondition *c) {
        for (size_t i = 0; i < e->n_observers; i++) {
                if (!e->observers[i].ops->test)
                        continue;
                int r = e->observers[i].ops->test(c, e->observers[i].userdata);
                return r >= 0 && (r > 0) != c->negate ? 1 : -1;
        }
        return 1;
}

/* All without '|', and one of those with it, if there are any. As in systemd the first that fails ends it. */
static bool test_list(const Engine *e, const ConditionList *list, UnitCheck *check) {
        bool any_trigger = false, triggered = false;

        for (size_t i = 0; i < list->n_items; i++) {
                const UnitCondition *c = &list->items[i];
                signed char answer = ask(e, c);

                if (i < check->n_answers)
                        check->answers[i] = answer;
                if (!c->trigger && answer < 0)
                        return false;
                any_trigger = any_trigger || c->trigger;
                triggered = triggered || (c->trigger && answer > 0);
        }
        return !any_trigger || triggered;
}

static bool check_test(UnitCheck *check, const ConditionList *list, const Engine *e) {
        unit_check_forget_answers(check);
        if (list->n_items > 0) {
                check->answers = calloc(list->n_items, sizeof(*check->answers));
                if (check->answers) /* without memory: nobody is told which it was */
                        check->n_answers = list->n_items;
        }
        check->when = (DualTime) {
                .realtime_usec = engine_now_realtime(e),
                .monotonic_usec = engine_now(e),
        };
        check->met = test_list(e, list, check);
        return check->met;
}

bool unit_test_conditions(Unit *u) {
        return check_test(&u->condition, &unit_newest_spec(u)->unit.conditions, u->engine);
}

bool unit_test_asserts(Unit *u) {
        return check_test(&u->assertion, &unit_newest_spec(u)->unit.asserts, u->engine);
}

const char *unit_find_missing_path(const Unit *u, char *const *paths) {
        STRV_FOREACH (path, paths) {
                UnitCondition c = { .type = CONDITION_PATH_EXISTS, .parameter = *path };
                if (ask(u->engine, &c) < 0)
                        return *path;
        }
        return NULL;
}

bool unit_is_held_back(const Unit *u) {
        return u->condition.when.realtime_usec > 0 && (!u->condition.met || !u->assertion.met);
}

int unit_check_answer(const UnitCheck *check, size_t i) {
        return i < check->n_answers ? check->answers[i] : 0;
}

void unit_check_forget_answers(UnitCheck *check) {
        free(check->answers);
        check->answers = NULL;
        check->n_answers = 0;
}

/* Of alternatives all are to blame, once none of them was met. */
static int collect_blame(const UnitCheck *check,
                const ConditionList *list,
                const char *prefix,
                bool triggers,
                char ***ret) {
        for (size_t i = 0; i < list->n_items; i++) {
                if (list->items[i].trigger != triggers || unit_check_answer(check, i) >= 0)
                        continue;
                _cleanup_free_ char *text = condition_to_text(&list->items[i], prefix);
                int r = text ? strv_push(ret, &text) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

char *unit_check_blame(const UnitCheck *check, const ConditionList *list, const char *prefix) {
        _cleanup_strv_ char **unmet = NULL;

        if (check->met)
                return NULL;
        int r = collect_blame(check, list, prefix, /* triggers= */ false, &unmet);
        if (r >= 0 && !unmet)
                r = collect_blame(check, list, prefix, /* triggers= */ true, &unmet);
        if (r < 0 || !unmet)
                return NULL;
        _cleanup_free_ char *names = strv_join(unmet, ", ");
        return names ? str_printf("%s%s %s met",
                                       unmet[1] ? "none of " : "",
                                       names,
                                       unmet[1] ? "was" : "was not")
                     : NULL;
}

char *unit_blame(const Unit *u) {
        const UnitSectionSpec *spec = &unit_newest_spec(u)->unit;

        if (!u->condition.met)
                return unit_check_blame(&u->condition, &spec->conditions, "Condition");
        return unit_check_blame(&u->assertion, &spec->asserts, "Assert");
}

bool unit_may_start(Unit *u) {
        if (unit_test_conditions(u) && unit_test_asserts(u))
                return true;

        bool skipped = !u->condition.met;
        _cleanup_free_ char *why = unit_blame(u);
        DiagContext context = {
                .unit = unit_id(u),
                .job = u->job ? u->job->id_text : NULL,
                .message_id = skipped ? NULL : SUPD_MESSAGE_START_FAILED,
        };
        diag_log(skipped ? DIAG_INFO : DIAG_ERROR,
                        &context,
                        skipped ? "Not started: %s" : "Failed to start: %s",
                        why ?: "what it asks for was not met");
        ENGINE_TELL(u->engine, unit_held_back, u);
        ENGINE_TELL(u->engine, unit_changed, u);
        return false;
}
