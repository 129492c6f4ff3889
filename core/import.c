/* core/import.c: many rows from a file, each travelling locate → decide → apply of its own.
 *
 * A chunk of at most 200 rows is one write and one leaf that lists the tokens of everybody it
 * touched or told something about (spec/audit, bulk). A row that is refused leaves nothing behind
 * and is answered by its line and reason, never by its value (I-5).
 */
#include "core/consents.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/path.h"
#include "core/profile.h"
#include "core/verbs.h"

#define IMPORT_ROWS_MAX ENTRY_SUBJECTS_MAX

typedef struct import_run {
    passage *passage;
    bool reject_known; /* on_match: reject */
    bool was_known;    /* the row's customer was there before it */
    json_writer out;
    uint64_t counts[4]; /* same, changed, new, rejected */
    uint8_t tokens[IMPORT_ROWS_MAX][ENTRY_TOKEN_BYTES];
    uint32_t token_count;
} import_run;

static const char *const RESULTS[] = {"same", "changed", "new", "rejected"};
static const uint32_t RESULT_KEYS[] = {INPUT_SAME, INPUT_CHANGED, INPUT_NEW, INPUT_REJECTED};

/* The decision of one row: the same rules as for a single upsert. */
static velum_status decide_row(passage *passage)
{
    const decide_request request = {
        .bundle = passage->world->bundle,
        .activity = passage->activity,
        .activity_is_held = true,
        .actor = passage->actor.kind,
        .roles = passage->actor.roles,
        .action = ACTION_IMPORT,
        .fields = passage->asked,
        .unknown_fields = passage->unknown_fields,
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = passage->has_subject ? sealed_subject_status(passage->sealed) : 0,
        .state = passage->opened == NULL ? NULL : &passage->state,
    };

    decide(&request, &passage->verdict);
    return passage->verdict.allowed ? VELUM_OK : refuse(passage, passage->verdict.reason);
}

/* Sample people bring sample consents; no file of a real folder can, whoever is known (I-7). */
static velum_status check_consents(passage *passage, const json_value *array)
{
    if (array == NULL) {
        return VELUM_OK;
    }
    return passage->gate->root_source == ROOT_FROM_FOLDER && json_kind_of(array) == JSON_ARRAY
               ? VELUM_OK
               : refuse(passage, PROBLEM_MALFORMED);
}

/* Of somebody new. */
static velum_status row_consents(passage *passage, const json_value *array)
{
    const audit_entry chunk = passage->entry; /* a consent of a row is not the chunk's */

    if (array == NULL) {
        return VELUM_OK;
    }
    for (size_t i = 0; i < json_count(array); i++) {
        consent_wish wish;
        state_consent stored;
        VELUM_TRY(consent_wish_parse(passage, json_at(array, i), &wish));
        const velum_status status = consent_record(passage, &wish, &stored);
        passage->entry = chunk;
        VELUM_TRY(status);
    }
    return VELUM_OK;
}

static velum_status apply_row(import_run *run, const json_value *row, uint32_t *out_result)
{
    static const char *const members[] = {"line", "identifiers", "profile", "consents", NULL};
    passage *const passage = run->passage;
    profile profile;
    bool changed = false;

    VELUM_TRY(parse_known_members(passage, row, members));
    VELUM_TRY(profile_parse(passage, json_member(row, "profile"), &profile));
    VELUM_TRY(parse_identifiers(passage, json_member(row, "identifiers")));
    VELUM_TRY(check_consents(passage, json_member(row, "consents")));
    VELUM_TRY(locate_first(passage));
    run->was_known = passage->has_subject;
    VELUM_TRY(decide_row(passage));
    if (passage->has_subject && run->reject_known) {
        return refuse(passage, REASON_CONFLICT);
    }
    if (!passage->has_subject) {
        VELUM_TRY(profile_create(passage, &profile));
        *out_result = RESULT_NEW - 1;
        return row_consents(passage, json_member(row, "consents"));
    }
    VELUM_TRY(profile_merge(passage, &profile, &changed));
    *out_result = changed ? RESULT_CHANGED - 1 : RESULT_SAME - 1;
    return VELUM_OK;
}

static void note_token(import_run *run)
{
    passage *const passage = run->passage;

    if (passage->opened != NULL && run->token_count < IMPORT_ROWS_MAX) {
        opened_audit_token(passage->opened, time_month(passage->clock.now_ns),
                           run->tokens[run->token_count++]);
    }
}

static velum_status write_row(import_run *run, int64_t line, uint32_t result)
{
    char ref[PSEUDONYM_TEXT_BYTES];

    run->counts[result]++;
    json_begin_object(&run->out);
    json_member_integer(&run->out, "line", line);
    json_member_string(&run->out, "result", RESULTS[result]);
    if (result == 3) {
        const char *reason = problem_name(run->passage->problem);
        json_member_string(&run->out, "reason", reason == NULL ? "rejected" : reason);
    } else if (run->passage->domain != 0) {
        VELUM_TRY(locate_format_ref(run->passage, ref));
        json_member_string(&run->out, "ref", ref);
    }
    json_end_object(&run->out);
    return VELUM_OK;
}

static bool is_of_the_row(const passage *passage, velum_status status)
{
    return (status == VELUM_E_DENIED && passage->problem != PROBLEM_NONE) ||
           status == VELUM_E_EXISTS || status == VELUM_E_CORRUPT || status == VELUM_E_TAMPERED ||
           status == VELUM_E_CRYPTO || status == VELUM_E_LIMIT;
}

/* One row under a savepoint of its own; the arena is wiped behind it. */
static velum_status run_row(import_run *run, const json_value *row)
{
    passage *const passage = run->passage;
    const size_t mark = secret_arena_mark(passage->arena);
    const json_value *line = json_member(row, "line");
    uint32_t result = 3;

    if (json_kind_of(row) != JSON_OBJECT || line == NULL || json_kind_of(line) != JSON_INTEGER) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A row is {line, identifiers, profile?}.");
    }
    passage->problem = PROBLEM_NONE;
    passage->asked = 0;
    passage->unknown_fields = 0;
    run->was_known = false;
    const vault_mark keys = vault_savepoint(passage->gate->vault);
    VELUM_TRY(conn_savepoint(passage->conn));
    const velum_status status = apply_row(run, row, &result);
    if (status < 0) {
        conn_savepoint_rollback(passage->conn);
        vault_savepoint_rollback(passage->gate->vault, &keys);
        if (!is_of_the_row(passage, status)) {
            return status;
        }
        result = 3;
    } else {
        VELUM_TRY(conn_savepoint_release(passage->conn));
    }
    if (result != 3 || run->was_known) { /* a refusal, too, tells that somebody is there */
        note_token(run);
    }
    VELUM_TRY(write_row(run, json_integer(line), result));
    locate_forget(passage);
    passage->identifiers = NULL;
    passage->identifier_count = 0;
    secret_arena_rewind(passage->arena, mark);
    return VELUM_OK;
}

static velum_status parse_run(import_run *run, const json_value **out_rows)
{
    static const char *const members[] = {"source", "on_match", "domain", "rows", NULL};
    passage *const passage = run->passage;
    const json_value *body = json_root(passage->body);
    text on_match;
    text domain;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "on_match", &on_match));
    VELUM_TRY(parse_optional_text(passage, body, "domain", &domain));
    run->reject_known = text_equal_literal(on_match, "reject");
    if (on_match.size > 0 && !run->reject_known && !text_equal_literal(on_match, "update")) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`on_match` is update or reject.");
    }
    passage->domain = passage->actor.credential->domain_number;
    if (domain.size > 0) {
        const uint16_t named = world_number(passage->world, REGISTRY_DOMAIN, domain);
        if (named == 0 || (passage->domain != 0 && passage->domain != named)) {
            return refuse(passage, REASON_UNKNOWN_DOMAIN);
        }
        passage->domain = named;
    }
    *out_rows = json_member(body, "rows");
    if (*out_rows == NULL || json_kind_of(*out_rows) != JSON_ARRAY || json_count(*out_rows) == 0 ||
        json_count(*out_rows) > IMPORT_ROWS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`rows` is an array of 1 to 200 rows.");
    }
    return VELUM_OK;
}

/* The chunk's leaf, with everybody's token; recorded here because the tokens are ours. */
static velum_status record_chunk(import_run *run)
{
    passage *const passage = run->passage;
    audit_entry entry = {.type = ENTRY_IMPORT};

    random_fill(&passage->gate->random, entry.event_id, sizeof(entry.event_id));
    passage->asked = 0;
    passage->problem = PROBLEM_NONE;
    path_fill_entry(passage, &entry);
    entry.stage = ENTRY_INTENT;
    entry.token_epoch = time_month(passage->clock.now_ns);
    entry.record_count = run->token_count;
    entry.subject_count = run->token_count;
    entry.subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])run->tokens;
    memcpy(entry.related, passage->entry.event_id, sizeof(entry.related));
    return write_batch_record(passage->batch, &entry);
}

static void count_results(passage *passage, const uint64_t counts[4])
{
    for (uint32_t i = 0; i < 4; i++) {
        if (counts[i] > 0) {
            entry_push(&passage->entry, RESULT_KEYS[i], counts[i]);
        }
    }
}

velum_status import_apply(passage *passage)
{
    VELUM_AUTO_MEM import_run *run = mem_alloc(sizeof(*run));
    const json_value *rows = NULL;

    if (run == NULL) {
        return VELUM_E_NOMEM;
    }
    run->passage = passage;
    VELUM_TRY(parse_run(run, &rows));
    json_writer_init(&run->out, &passage->answer->body);
    json_begin_object(&run->out);
    json_name(&run->out, "rows");
    json_begin_array(&run->out);
    for (size_t i = 0; i < json_count(rows); i++) {
        VELUM_TRY(run_row(run, json_at(rows, i)));
    }
    json_end_array(&run->out);
    json_end_object(&run->out);
    if (run->token_count > 0) {
        VELUM_TRY(record_chunk(run));
    }
    passage->asked = 0;
    passage->unknown_fields = 0;
    passage->problem = PROBLEM_NONE;
    count_results(passage, run->counts);
    return buffer_status(&passage->answer->body);
}

velum_status import_end(passage *passage)
{
    static const char *const members[] = {"source", "same", "changed", "new", "rejected", NULL};
    const json_value *body = json_root(passage->body);
    uint64_t counts[4];
    json_writer out;

    VELUM_TRY(parse_known_members(passage, body, members));
    for (uint32_t i = 0; i < 4; i++) {
        const json_value *value = json_member(body, RESULTS[i]);
        if (value == NULL || json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "The four counts are needed.");
        }
        counts[i] = (uint64_t)json_integer(value);
    }
    passage->entry.stage = ENTRY_OUTCOME;
    count_results(passage, counts);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
