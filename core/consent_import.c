/* core/consent_import.c: consents from before, at grade `imported`, with the notice that was shown then.
 *
 * Whom Velum does not know is rejected by line and nothing is made. A record serves the version of the
 * purpose that it was given for (`version`, else 1) and no later one (PIPL 14). What is older than the
 * event that stands changes nothing of it, so that a file never undoes what customers said since (I-8).
 */
#include "core/bulk.h"
#include "core/consents.h"
#include "core/locate.h"
#include "core/notices.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/verbs.h"

#define VERSION_DEFAULT 1
#define VERSION_MAX 65535
#define NOTICE_BYTES_MAX ((size_t)256 << 10)

typedef struct consent_import {
    bulk_run bulk; /* first: rows come with it */
    uint16_t version;
    bool has_notice;
    consent_notice notice;
} consent_import;

/* --- the call ----------------------------------------------------------------------------------- */

static velum_status parse_version(passage *passage, consent_import *out)
{
    const json_value *const value = json_member(json_root(passage->body), "version");

    out->version = VERSION_DEFAULT;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 1 ||
        json_integer(value) > VERSION_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`version` is a number from 1 to 65535.");
    }
    out->version = (uint16_t)json_integer(value);
    return VELUM_OK;
}

static bool is_language(text value)
{
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.data[i];
        if (!(c >= 'a' && c <= 'z') && c != '-') {
            return false;
        }
    }
    return value.size >= 2 && value.size < sizeof(((consent_notice *)NULL)->language);
}

/* Kept for ever under its own number and hash, but not by a rehearsal. */
static velum_status store_notice(passage *passage, text language, uint32_t version, text body,
                                 consent_import *out)
{
    sha256_parts(&(crypto_part){body.data, body.size}, 1, out->notice.hash);
    memcpy(out->notice.language, language.data, language.size);
    out->has_notice = true;
    if (out->bulk.is_rehearsal) {
        return VELUM_OK;
    }
    return notice_put(passage->batch, TEXT_LITERAL("legacy"), language, version, body,
                      &out->notice.number);
}

static velum_status parse_notice(passage *passage, consent_import *out)
{
    static const char *const members[] = {"language", "version", "text", NULL};
    const json_value *const notice = json_member(json_root(passage->body), "notice");
    text language;
    text body;

    if (notice == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(notice) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A notice is {language, version, text}.");
    }
    VELUM_TRY(parse_known_members(passage, notice, members));
    VELUM_TRY(parse_text_member(passage, notice, "language", &language));
    VELUM_TRY(parse_text_member(passage, notice, "text", &body));
    const json_value *const version = json_member(notice, "version");
    if (version == NULL || json_kind_of(version) != JSON_INTEGER || json_integer(version) < 1 ||
        json_integer(version) > VERSION_MAX || !is_language(language) ||
        body.size > NOTICE_BYTES_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "A notice has a language such as zh, a version and a text.");
    }
    return store_notice(passage, language, (uint32_t)json_integer(version), body, out);
}

static velum_status parse_call(passage *passage, consent_import *out)
{
    static const char *const members[] = {"source", "version", "dry_run", "notice", "rows", NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const rehearsal = json_member(body, "dry_run");
    text source;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "source", &source)); /* the file's, not recorded */
    if (rehearsal != NULL && json_kind_of(rehearsal) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`dry_run` is true or false.");
    }
    out->bulk.is_rehearsal = rehearsal != NULL && json_bool(rehearsal);
    VELUM_TRY(parse_version(passage, out));
    return parse_notice(passage, out);
}

/* --- one row ------------------------------------------------------------------------------------ */

static velum_status parse_state(passage *passage, const json_value *row, uint8_t *out)
{
    text word;

    VELUM_TRY(parse_text_member(passage, row, "state", &word));
    if (text_equal_literal(word, "given")) {
        *out = CONSENT_GIVEN;
    } else if (text_equal_literal(word, "withdrawn")) {
        *out = CONSENT_WITHDRAWN;
    } else if (text_equal_literal(word, "refused")) {
        *out = CONSENT_REFUSED;
    } else {
        return refuse(passage, REASON_INVALID_VALUE);
    }
    return VELUM_OK;
}

/* The notice of the file; of a no, where the file has none, that of the policy now. */
static velum_status choose_notice(passage *passage, const consent_import *run, uint32_t purpose,
                                  consent_wish *out)
{
    const bundle_notice *const usual =
        bundle_notice_of(passage->world->bundle, purpose, TEXT_EMPTY);

    if (run->has_notice) {
        out->notice = run->notice;
        return VELUM_OK;
    }
    if (out->state == CONSENT_GIVEN || usual == NULL) {
        return refuse(passage, REASON_UNKNOWN_NOTICE);
    }
    out->notice = consent_notice_of(usual);
    return VELUM_OK;
}

static velum_status parse_wish(const consent_import *run, const json_value *row, consent_wish *out)
{
    passage *const passage = run->bulk.passage;
    const bundle *const bundle = passage->world->bundle;
    text name;

    *out = (consent_wish){.grade = GRADE_IMPORTED, .version = run->version};
    VELUM_TRY(parse_text_member(passage, row, "purpose", &name));
    VELUM_TRY(parse_state(passage, row, &out->state));
    const uint32_t purpose = bundle_find(bundle, REGISTRY_PURPOSE, name);
    if (purpose == BUNDLE_NONE || bundle->purposes[purpose].basis != BASIS_CONSENT) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE);
    }
    if (run->version > bundle->purposes[purpose].version) {
        return refuse(passage, REASON_INVALID_VALUE); /* nobody consented to what is to come */
    }
    out->purpose = bundle->purposes[purpose].number;
    VELUM_TRY(consent_wish_parse_proof(passage, row, out));
    if (out->given_ns == 0 && out->state == CONSENT_GIVEN) {
        return refuse(passage, REASON_INVALID_VALUE); /* from before, so when? */
    }
    return choose_notice(passage, run, purpose, out);
}

/* The same rules as for one consent; whether the customer is there is told where it may be. */
static velum_status decide_row(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const decide_request request = {
        .bundle = bundle,
        .activity = passage->activity,
        .activity_is_held = true,
        .actor = passage->actor.kind,
        .roles = passage->actor.roles,
        .action = ACTION_CONSENT_WRITE,
        .reason_code = passage->reason_code,
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = person_status(passage),
        .state = person_state(passage),
    };

    decide(&request, &passage->verdict);
    if (passage->verdict.allowed) {
        return VELUM_OK;
    }
    const bool hides = problem_speaks_of_subject(passage->verdict.reason) &&
                       !bundle->activities[passage->activity].knows_existence;
    return refuse(passage, hides ? PROBLEM_NOT_FOUND : passage->verdict.reason);
}

static velum_status locate_row(passage *passage, const json_value *row)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    passage->identifiers = slice;
    VELUM_TRY(parse_identifier(passage, json_member(row, "identifier"), passage->identifiers));
    passage->identifier_count = 1;
    return locate_first(passage);
}

/* --- what stands -------------------------------------------------------------------------------- */

typedef struct standing {
    const state_consent *held;
    int64_t given_ns;
} standing;

static velum_status find_given(void *context, const consent_event *event)
{
    standing *const self = context;

    if (memcmp(event->id, self->held->id, sizeof(event->id)) == 0) {
        self->given_ns = event->given_ns != 0 ? event->given_ns : event->at_ns;
    }
    return VELUM_OK;
}

/* When the event that stands was given, not when it was recorded; the state does not know. */
static velum_status check_newer(passage *passage, const consent_wish *wish)
{
    standing found = {.held = subject_state_consent(&passage->state, wish->purpose)};
    consent_ledger_end end = {.count = passage->state.ledger_count};

    if (found.held == NULL || wish->given_ns == 0 || found.held->state == CONSENT_REQUESTED) {
        return VELUM_OK;
    }
    memcpy(end.head, passage->state.ledger_head, sizeof(end.head));
    VELUM_TRY(vault_ledger_read(passage->conn, passage->opened, &end, find_given, &found));
    return wish->given_ns < found.given_ns ? refuse(passage, REASON_CONFLICT) : VELUM_OK;
}

static velum_status apply_row(bulk_run *bulk, const json_value *row, uint32_t *out_result)
{
    static const char *const members[] = {"line",  "identifier", "purpose", "state",
                                          "given", "evidence",   NULL};
    const consent_import *const run = (const consent_import *)bulk;
    passage *const passage = bulk->passage;
    const audit_entry chunk = passage->entry; /* a consent of a row is not the chunk's */
    consent_wish wish;
    state_consent stored;

    VELUM_TRY(parse_known_members(passage, row, members));
    VELUM_TRY(parse_wish(run, row, &wish));
    VELUM_TRY(locate_row(passage, row));
    bulk->was_known = passage->has_subject;
    VELUM_TRY(decide_row(passage));
    VELUM_TRY(check_newer(passage, &wish));
    const uint32_t events = passage->state.ledger_count;
    const velum_status status = consent_record(passage, &wish, &stored);
    passage->entry = chunk;
    VELUM_TRY(status);
    *out_result = passage->state.ledger_count == events ? BULK_SAME : BULK_CHANGED;
    return VELUM_OK;
}

/* A notice that is new has its name in the next world only. */
static velum_status load_notice_name(passage *passage, uint16_t number)
{
    if (number == 0 || world_name(passage->world, REGISTRY_NOTICE, number) != NULL) {
        return VELUM_OK;
    }
    return world_load(passage->gate, passage->conn, &passage->batch->next_world, NULL);
}

velum_status consent_import_apply(passage *passage)
{
    VELUM_AUTO_MEM consent_import *run = mem_alloc(sizeof(*run));
    audit_entry leaf = {.type = ENTRY_IMPORT};

    if (run == NULL) {
        return VELUM_E_NOMEM;
    }
    run->bulk.passage = passage;
    VELUM_TRY(parse_call(passage, run));
    VELUM_TRY(
        bulk_apply_rows(&run->bulk, json_member(json_root(passage->body), "rows"), apply_row));
    leaf.consent_version = run->version;
    memcpy(leaf.notice_hash, run->notice.hash, SHA256_BYTES);
    entry_push(&leaf, INPUT_GRADE, GRADE_IMPORTED);
    if (run->bulk.is_rehearsal) {
        entry_push(&leaf, INPUT_REHEARSAL, 1);
        entry_push(&passage->entry, INPUT_REHEARSAL, 1);
    }
    VELUM_TRY(bulk_record(&run->bulk, &leaf));
    return load_notice_name(passage, run->notice.number);
}
