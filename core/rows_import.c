/* core/rows_import.c: rows from a file or a source system, each travelling locate → decide → put. */
#include "core/bulk.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/path.h"
#include "core/rows_part.h"
#include "core/verbs.h"

typedef struct import_run {
    bulk_run bulk;   /* first: rows come with it */
    uint64_t fields; /* of the table, that rows named */
    uint64_t row_count;
} import_run;

static velum_status locate_identifier(passage *passage, const json_value *value)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    passage->identifiers = slice;
    VELUM_TRY(parse_identifier(passage, value, passage->identifiers));
    passage->identifier_count = 1;
    return locate_first(passage);
}

/* Exactly one of the two names whose row it is. */
static velum_status locate_row(passage *passage, const json_value *row)
{
    const uint16_t domain = passage->domain;
    text ref;

    VELUM_TRY(parse_optional_text(passage, row, "ref", &ref));
    const json_value *const given = json_member(row, "identifier");
    if ((ref.size > 0) == (given != NULL)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "A row has either a `ref` or an `identifier`.");
    }
    VELUM_TRY(ref.size > 0 ? locate_by_text(passage, ref) : locate_identifier(passage, given));
    passage->domain = domain;
    return VELUM_OK;
}

static velum_status decide_row(passage *passage)
{
    const many_ask ask = {.activity = passage->activity,
                          .action = ACTION_ROWS_WRITE,
                          .fields = passage->asked,
                          .resource = passage->resource};

    if (passage->unknown_fields > 0) {
        return refuse(passage, REASON_UNKNOWN_FIELD);
    }
    many_decide_located(passage, &ask);
    return passage->verdict.allowed ? VELUM_OK : refuse(passage, passage->verdict.reason);
}

static velum_status put_row(import_run *run, const json_value *row, uint32_t *out_result)
{
    static const char *const members[] = {"line",   "ref",  "identifier", "key",
                                          "fields", "rows", NULL};
    static const uint32_t results[] = {
        [RESULT_SAME] = BULK_SAME, [RESULT_CHANGED] = BULK_CHANGED, [RESULT_NEW] = BULK_NEW};
    passage *const passage = run->bulk.passage;
    rows_put_result put;
    rows_asked asked;

    VELUM_TRY(parse_known_members(passage, row, members));
    VELUM_TRY(row_wish_survey(passage, rows_index(passage), row, &asked));
    if (asked.count + run->row_count > BULK_ROWS_MAX) {
        return refuse(passage, PROBLEM_TOO_LARGE);
    }
    VELUM_TRY(locate_row(passage, row));
    run->bulk.was_known = passage->has_subject;
    VELUM_TRY(decide_row(passage));
    run->fields |= passage->asked;
    VELUM_TRY(rows_put(passage, row, &put));
    run->row_count += put.count;
    *out_result = results[put.result];
    return VELUM_OK;
}

/* A reason is told as the answer to a single put tells it. */
static velum_status apply_row(bulk_run *bulk, const json_value *row, uint32_t *out_result)
{
    const velum_status status = put_row((import_run *)bulk, row, out_result);

    if (status == VELUM_E_DENIED) {
        bulk->passage->problem = path_shown_problem(bulk->passage);
    }
    return status;
}

velum_status row_import_locate(passage *passage)
{
    static const char *const members[] = {"table", "rows", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(rows_take_table(passage, true));
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    return VELUM_OK;
}

/* The verdict of the whole stands in both leaves: each row had its own. */
velum_status row_import_apply(passage *passage)
{
    const verdict verdict = passage->verdict;
    VELUM_AUTO_MEM import_run *run = mem_alloc(sizeof(*run));
    audit_entry leaf = {.type = ENTRY_ROWS};

    if (run == NULL) {
        return VELUM_E_NOMEM;
    }
    run->bulk.passage = passage;
    VELUM_TRY(
        bulk_apply_rows(&run->bulk, json_member(json_root(passage->body), "rows"), apply_row));
    passage->verdict = verdict;
    passage->asked = run->fields;
    passage->entry.record_count = run->row_count;
    return bulk_record(&run->bulk, &leaf);
}
