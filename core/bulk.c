#include "core/bulk.h"

#include "core/locate.h"
#include "core/path.h"
#include "core/verbs.h"

const char *const bulk_result_names[BULK_RESULTS] = {"same", "changed", "new", "rejected"};

static const uint32_t RESULT_KEYS[BULK_RESULTS] = {INPUT_SAME, INPUT_CHANGED, INPUT_NEW,
                                                   INPUT_REJECTED};

/* --- savepoints ------------------------------------------------------------------------------- */

static velum_status hold(passage *passage, write_batch_mark *out)
{
    *out = write_batch_begin(passage->batch);
    VELUM_TRY(conn_savepoint(passage->conn));
    const velum_status status = vault_keys_savepoint(passage->gate->vault);
    if (status < 0) {
        conn_savepoint_rollback(passage->conn);
    }
    return status;
}

static velum_status keep(passage *passage)
{
    VELUM_TRY(vault_keys_savepoint_release(passage->gate->vault));
    return conn_savepoint_release(passage->conn);
}

static void take_back(passage *passage, const write_batch_mark *held)
{
    conn_savepoint_rollback(passage->conn);
    vault_keys_savepoint_rollback(passage->gate->vault, &held->vault);
    write_batch_rewind(passage->batch, held);
}

/* --- one row ------------------------------------------------------------------------------------ */

static void note_token(bulk_run *self)
{
    passage *const passage = self->passage;

    if (passage->opened != NULL && self->token_count < BULK_ROWS_MAX) {
        opened_audit_token(passage->opened, time_month(passage->clock.now_ns),
                           self->tokens[self->token_count++]);
    }
}

static velum_status write_row(bulk_run *self, int64_t line, uint32_t result)
{
    char ref[PSEUDONYM_TEXT_BYTES];

    self->counts[result]++;
    json_begin_object(&self->out);
    json_member_integer(&self->out, "line", line);
    json_member_string(&self->out, "result", bulk_result_names[result]);
    if (result == BULK_REJECTED) {
        const char *reason = problem_name(self->passage->problem);
        json_member_string(&self->out, "reason", reason == NULL ? "rejected" : reason);
    } else if (self->passage->domain != 0) {
        VELUM_TRY(locate_format_ref(self->passage, ref));
        json_member_string(&self->out, "ref", ref);
    }
    json_end_object(&self->out);
    return VELUM_OK;
}

static bool is_of_the_row(const passage *passage, velum_status status)
{
    return (status == VELUM_E_DENIED && passage->problem != PROBLEM_NONE) ||
           status == VELUM_E_EXISTS || status == VELUM_E_CORRUPT || status == VELUM_E_TAMPERED ||
           status == VELUM_E_CRYPTO || status == VELUM_E_LIMIT;
}

/* Under a savepoint that is kept where the row was applied and is to be. */
static velum_status apply_carefully(bulk_run *self, const json_value *row, bulk_apply apply,
                                    uint32_t *out_result)
{
    passage *const passage = self->passage;
    write_batch_mark held;

    VELUM_TRY(hold(passage, &held));
    const velum_status status = apply(self, row, out_result);
    if (status >= 0 && !self->is_rehearsal) {
        return keep(passage);
    }
    take_back(passage, &held);
    if (status < 0) {
        *out_result = BULK_REJECTED;
        return is_of_the_row(passage, status) ? VELUM_OK : status;
    }
    return VELUM_OK;
}

static int64_t rows_written(const passage *passage)
{
    return conn_total_changes(passage->conn) + vault_keys_changes(passage->gate->vault);
}

static velum_status apply_row(bulk_run *self, const json_value *row, bulk_apply apply,
                              uint32_t *out_result)
{
    passage *const passage = self->passage;
    const int64_t before = rows_written(passage);

    if (!passage->is_alone || self->is_rehearsal) {
        return apply_carefully(self, row, apply, out_result);
    }
    const velum_status status = apply(self, row, out_result);
    if (status >= 0) {
        return VELUM_OK;
    }
    if (!is_of_the_row(passage, status)) {
        return status;
    }
    *out_result = BULK_REJECTED;
    passage->wants_care = rows_written(passage) != before;
    return passage->wants_care ? VELUM_E_STALE : VELUM_OK;
}

static velum_status run_row(bulk_run *self, const json_value *row, bulk_apply apply)
{
    passage *const passage = self->passage;
    const json_value *line = json_member(row, "line");
    uint32_t result = BULK_REJECTED;

    if (json_kind_of(row) != JSON_OBJECT || line == NULL || json_kind_of(line) != JSON_INTEGER) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A row is an object with its `line`.");
    }
    passage->problem = PROBLEM_NONE;
    passage->asked = 0;
    passage->unknown_fields = 0;
    self->was_known = false;
    VELUM_TRY(apply_row(self, row, apply, &result));
    if (result != BULK_REJECTED ||
        self->was_known) { /* a refusal, too, tells that somebody is there */
        note_token(self);
    }
    return write_row(self, json_integer(line), result);
}

/* --- the chunk ---------------------------------------------------------------------------------- */

static void forget_row(bulk_run *self, size_t mark)
{
    passage *const passage = self->passage;

    locate_forget(passage);
    passage->identifiers = NULL;
    passage->identifier_count = 0;
    secret_arena_rewind(passage->arena, mark);
}

/* The arena is wiped behind each row. */
static velum_status run_rows(bulk_run *self, const json_value *rows, bulk_apply apply)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_name(&self->out, "rows");
    json_begin_array(&self->out);
    for (size_t i = 0; i < json_count(rows); i++) {
        VELUM_TRY(run_row(self, json_at(rows, i), apply));
        forget_row(self, mark);
    }
    json_end_array(&self->out);
    json_end_object(&self->out);
    return VELUM_OK;
}

velum_status bulk_apply_rows(bulk_run *self, const json_value *rows, bulk_apply apply)
{
    passage *const passage = self->passage;

    if (rows == NULL || json_kind_of(rows) != JSON_ARRAY || json_count(rows) == 0 ||
        json_count(rows) > BULK_ROWS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`rows` is an array of 1 to 1000 rows.");
    }
    VELUM_TRY(run_rows(self, rows, apply));
    passage->asked = 0;
    passage->unknown_fields = 0;
    passage->problem = PROBLEM_NONE;
    return buffer_status(&passage->answer->body);
}

void bulk_count_results(passage *passage, const uint64_t counts[BULK_RESULTS])
{
    for (uint32_t i = 0; i < BULK_RESULTS; i++) {
        if (counts[i] > 0) {
            entry_push(&passage->entry, RESULT_KEYS[i], counts[i]);
        }
    }
}

velum_status bulk_record(bulk_run *self, audit_entry *leaf)
{
    passage *const passage = self->passage;

    bulk_count_results(passage, self->counts);
    if (self->token_count == 0) {
        return VELUM_OK;
    }
    path_fill_entry(passage, leaf);
    leaf->stage = ENTRY_INTENT;
    leaf->token_epoch = time_month(passage->clock.now_ns);
    leaf->record_count = self->token_count;
    memcpy(leaf->related, passage->entry.event_id, sizeof(leaf->related));
    const uint32_t most = many_names_a_leaf(leaf);
    for (uint32_t first = 0; first < self->token_count; first += most) {
        audit_entry part = *leaf;
        const uint32_t rest = self->token_count - first;
        random_fill(&passage->gate->random, part.event_id, sizeof(part.event_id));
        part.subject_count = rest < most ? rest : most;
        part.subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])self->tokens + first;
        VELUM_TRY(write_batch_record(passage->batch, &part));
    }
    return VELUM_OK;
}
