/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/value-text.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* What client_list_jobs() gives of each, in its order. */
typedef enum JobField {
        JOB_FIELD_ID,
        JOB_FIELD_UNIT,
        JOB_FIELD_TYPE,
        JOB_FIELD_STATE,
        _JOB_FIELD_MAX,
} JobField;

static const char *const field_names[] = {
        [JOB_FIELD_ID] = "Id",
        [JOB_FIELD_UNIT] = "Unit",
        [JOB_FIELD_TYPE] = "JobType",
        [JOB_FIELD_STATE] = "State",
};
static_assert(ELEMENTSOF(field_names) == _JOB_FIELD_MAX, "every field has a name");

static const TableColumn columns[] = {
        { .title = "JOB", .right = true },
        { .title = "UNIT", .width_min = 12 },
        { .title = "TYPE" },
        { .title = "STATE" },
};

/* Dicts, as everything that is printed as JSON. */
static int name_fields(Value *jobs, Value *ret) {
        _cleanup_value_ Value list = { .type = VALUE_ARRAY };

        for (size_t i = 0; i < value_length(jobs); i++) {
                _cleanup_value_ Value job = { .type = VALUE_DICT };
                Value *fields = &jobs->array.items[i];
                int r = value_length(fields) < _JOB_FIELD_MAX ? -EBADMSG : 0;

                for (JobField f = 0; f < _JOB_FIELD_MAX && r >= 0; f++)
                        r = value_dict_add(&job, field_names[f], &fields->array.items[f]);
                if (r >= 0)
                        r = value_array_add(&list, &job);
                if (r < 0)
                        return r;
        }
        *ret = list;
        list = (Value) {};
        return 0;
}

static int fill(Table *table, const Value *jobs) {
        for (size_t i = 0; i < value_length(jobs); i++) {
                const Value *job = &jobs->array.items[i];

                for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                        const Value *field = value_get(job, field_names[f]);
                        _cleanup_free_ char *text =
                                        field ? value_to_text(field_names[f], field) : NULL;

                        int r = text ? table_add(table, STYLE_PLAIN, text) : -ENOMEM;
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int verb_list_jobs(Context *c, char *const *words, Error *error) {
        _cleanup_(table_done)
                        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        _cleanup_value_ Value raw = {}, jobs = {};

        (void) words;
        int r = context_connect(c, error);
        if (r >= 0)
                r = client_list_jobs(c->client, &raw, error);
        if (r >= 0)
                r = name_fields(&raw, &jobs);
        if (r < 0)
                return r;
        if (c->options->json)
                return json_print(json_from_value(&jobs), c->out);

        if (value_length(&jobs) == 0) {
                if (!c->options->quiet)
                        fputs("No jobs are under way.\n", c->out);
                return SUPCTL_EXIT_SUCCESS;
        }
        r = fill(&table, &jobs);
        if (r >= 0)
                r = table_print(&table, &c->terminal, !c->options->no_legend, c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

static int parse_job(const char *word, uint32_t *ret, Error *error) {
        uint64_t id;

        if (parse_u64(word, &id) < 0 || id > UINT32_MAX)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is not the number of a job; see 'supctl list-jobs'",
                                word);
        *ret = (uint32_t) id;
        return 0;
}

int verb_cancel(Context *c, char *const *words, Error *error) {
        int r = context_connect(c, error);

        if (r >= 0 && (!words || !*words))
                return client_cancel_jobs(c->client, error);
        for (; r >= 0 && *words; words++) {
                uint32_t id = 0;

                r = parse_job(*words, &id, error);
                if (r >= 0)
                        r = client_cancel_job(c->client, id, error);
        }
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
