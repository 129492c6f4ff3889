/* core/import.c: customers from a file, each row travelling locate → decide → apply of its own. */
#include "core/bulk.h"
#include "core/consents.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

typedef struct import_run {
    bulk_run bulk;     /* first: rows come with it */
    bool reject_known; /* on_match: reject */
} import_run;

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
        .subject_status = person_status(passage),
        .state = person_state(passage),
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

static velum_status apply_row(bulk_run *bulk, const json_value *row, uint32_t *out_result)
{
    static const char *const members[] = {"line", "identifiers", "profile", "consents", NULL};
    const import_run *const run = (const import_run *)bulk;
    passage *const passage = bulk->passage;
    profile profile;
    bool changed = false;

    VELUM_TRY(parse_known_members(passage, row, members));
    VELUM_TRY(profile_parse(passage, json_member(row, "profile"), &profile));
    VELUM_TRY(parse_identifiers(passage, json_member(row, "identifiers")));
    VELUM_TRY(check_consents(passage, json_member(row, "consents")));
    VELUM_TRY(locate_first(passage));
    bulk->was_known = passage->has_subject;
    VELUM_TRY(decide_row(passage));
    if (passage->has_subject && run->reject_known) {
        return refuse(passage, REASON_CONFLICT);
    }
    if (!passage->has_subject) {
        VELUM_TRY(profile_create(passage, &profile));
        *out_result = BULK_NEW;
        return row_consents(passage, json_member(row, "consents"));
    }
    VELUM_TRY(profile_merge(passage, &profile, &changed));
    *out_result = changed ? BULK_CHANGED : BULK_SAME;
    return VELUM_OK;
}

static velum_status parse_run(import_run *run)
{
    static const char *const members[] = {"source", "on_match", "domain", "rows", NULL};
    passage *const passage = run->bulk.passage;
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
    return VELUM_OK;
}

velum_status import_apply(passage *passage)
{
    VELUM_AUTO_MEM import_run *run = mem_alloc(sizeof(*run));
    audit_entry leaf = {.type = ENTRY_IMPORT};

    if (run == NULL) {
        return VELUM_E_NOMEM;
    }
    run->bulk.passage = passage;
    VELUM_TRY(parse_run(run));
    VELUM_TRY(
        bulk_apply_rows(&run->bulk, json_member(json_root(passage->body), "rows"), apply_row));
    return bulk_record(&run->bulk, &leaf);
}

velum_status import_end(passage *passage)
{
    static const char *const members[] = {"source", "same", "changed", "new", "rejected", NULL};
    const json_value *body = json_root(passage->body);
    uint64_t counts[BULK_RESULTS];
    json_writer out;

    VELUM_TRY(parse_known_members(passage, body, members));
    for (uint32_t i = 0; i < BULK_RESULTS; i++) {
        const json_value *value = json_member(body, bulk_result_names[i]);
        if (value == NULL || json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "The four counts are needed.");
        }
        counts[i] = (uint64_t)json_integer(value);
    }
    passage->entry.stage = ENTRY_OUTCOME;
    bulk_count_results(passage, counts);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
