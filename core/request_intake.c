/* core/request_intake.c: requests taken in: from services for a customer, from people for a letter,
 * from customers for themselves.
 *
 * The clock starts when the house received it, not when somebody was verified (CCPA §7021(b)). A
 * one-time code proves a number, not a person (spec/requests): who shows no more may object, opt
 * out, withdraw, or say "this is not me", and nothing else before they are verified.
 */
#include "core/request_row.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

#define NS_PER_HOUR (3600 * NS_PER_SECOND)
#define RECEIVED_DAYS_MAX 90

/* A request that is being taken in. */
typedef struct intake {
    request row;
    request_facts facts;
} intake;

/* --- whom it is about ------------------------------------------------------------------------------- */

static velum_status locate_identifier(passage *passage, const json_value *object)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    passage->identifiers = slice;
    VELUM_TRY(parse_identifier(passage, object, passage->identifiers));
    passage->identifier_count = 1;
    passage->target =
        (crypto_part){passage->identifiers[0].value, passage->identifiers[0].value_size};
    if (passage->actor.credential != NULL) {
        passage->domain = passage->actor.credential->domain_number;
    }
    return locate_first(passage);
}

velum_status request_create_locate(passage *passage)
{
    static const char *const members[] = {"right",      "subject",       "identifier",
                                          "categories", "received",      "details",
                                          "verified",   "jurisdictions", NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const identifier = json_member(body, "identifier");
    text ref;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "subject", &ref));
    if ((ref.size > 0) == (identifier != NULL)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "A request names `subject` or `identifier`, one of the two.");
    }
    return identifier != NULL ? locate_identifier(passage, identifier)
                              : locate_by_text(passage, ref);
}

/* --- what it says ----------------------------------------------------------------------------------- */

static velum_status parse_right(passage *passage, intake *out)
{
    const json_value *const body = json_root(passage->body);
    text name;

    VELUM_TRY(parse_text_member(passage, body, "right", &name));
    out->row.right = request_number_of(right_name, RIGHT_COUNT, name);
    if (out->row.right == 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`right` is none that the law knows.");
    }
    if (out->row.right == RIGHT_NOT_ME && passage->identifier_count == 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`not-me` names the identifier that is not the person's.");
    }
    return VELUM_OK;
}

/* Ascending and each once, so that the same wish is the same bytes. */
static velum_status add_category(passage *passage, text name, request *row)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find(bundle, REGISTRY_CATEGORY, name);
    uint32_t at = row->category_count;

    if (index == BUNDLE_NONE || row->category_count == BUNDLE_CATEGORIES_MAX) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A category is none of the policy's.");
    }
    const uint16_t number = bundle->categories[index].number;
    while (at > 0 && row->categories[at - 1] >= number) {
        if (row->categories[at - 1] == number) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "Each category stands once.");
        }
        row->categories[at] = row->categories[at - 1];
        at--;
    }
    row->categories[at] = number;
    row->category_count++;
    return VELUM_OK;
}

static velum_status parse_categories(passage *passage, intake *out)
{
    const json_value *const list = json_member(json_root(passage->body), "categories");

    if (list == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(list) != JSON_ARRAY || json_count(list) == 0 ||
        json_count(list) > BUNDLE_CATEGORIES_MAX || out->row.right != RIGHT_DELETE) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`categories` is an array of names, and of a deletion alone.");
    }
    for (size_t i = 0; i < json_count(list); i++) {
        if (json_kind_of(json_at(list, i)) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A category is a name.");
        }
        VELUM_TRY(add_category(passage, json_text(json_at(list, i)), &out->row));
    }
    return VELUM_OK;
}

static velum_status parse_details(passage *passage, intake *out)
{
    VELUM_TRY(
        parse_optional_text(passage, json_root(passage->body), "details", &out->facts.details));
    return request_words_are_valid(out->facts.details, REQUEST_DETAILS_BYTES_MAX)
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE,
                             "`details` is text of at most 4096 bytes.");
}

/* Letters lie about; but nothing comes from the future, and nothing is backdated without end. */
static velum_status parse_received(passage *passage, intake *out)
{
    const int64_t now_ns = passage->clock.now_ns;
    text received;

    out->row.entered_ns = now_ns;
    out->row.received_ns = now_ns;
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "received", &received));
    if (received.size == 0) {
        return VELUM_OK;
    }
    if (time_parse(received, &out->row.received_ns) < 0 || out->row.received_ns > now_ns ||
        out->row.received_ns < now_ns - RECEIVED_DAYS_MAX * 24 * NS_PER_HOUR) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`received` is a time in the 90 days before now.");
    }
    return VELUM_OK;
}

/* --- who is asking ---------------------------------------------------------------------------------- */

static velum_status take_verification(passage *passage, const json_value *object, intake *out)
{
    static const char *const members[] = {"method", "at", NULL};
    request_facts *const facts = &out->facts;
    text method;
    text at;

    VELUM_TRY(parse_known_members(passage, object, members));
    VELUM_TRY(parse_text_member(passage, object, "method", &method));
    VELUM_TRY(parse_optional_text(passage, object, "at", &at));
    facts->method = request_number_of(request_method_name, METHOD_COUNT, method);
    if (facts->method == 0 || facts->method == METHOD_CUSTOMER_TOKEN) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`method` is none that Velum knows.");
    }
    facts->verified_ns = passage->clock.now_ns;
    if ((at.size > 0 && time_parse(at, &facts->verified_ns) < 0) ||
        facts->verified_ns > passage->clock.now_ns || facts->verified_ns <= 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`at` is a time that has been.");
    }
    memcpy(facts->verified_by, passage->actor.token, sizeof(facts->verified_by));
    return VELUM_OK;
}

/* Judged by the later of clock and log, so that a clock set back makes nothing younger (I-3). */
static void judge_verification(const passage *passage, intake *out)
{
    const int64_t limit_ns = (int64_t)passage->world->bundle->verification_hours * NS_PER_HOUR;
    const request_facts *const facts = &out->facts;

    if (facts->method != 0 && facts->method != METHOD_ONE_TIME_CODE &&
        facts->verified_ns >= passage->clock.later_ns - limit_ns) {
        out->row.flags |= REQUEST_VERIFIED;
    }
}

/* who takes a letter in does not vouch for its sender as well. */
static velum_status parse_verification(passage *passage, intake *out)
{
    const json_value *const verified = json_member(json_root(passage->body), "verified");

    if (verified == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(verified) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`verified` is {method, at}.");
    }
    if (passage->actor.kind == ACTOR_HUMAN) {
        return refuse_hint(passage, REASON_APPROVAL_OWN,
                           "Who takes a request in does not verify it.");
    }
    VELUM_TRY(take_verification(passage, verified, out));
    judge_verification(passage, out);
    return VELUM_OK;
}

/* A customer's token is given out to somebody who was verified, and lives 15 minutes. */
static void verify_by_token(const passage *passage, intake *out)
{
    out->facts.method = METHOD_CUSTOMER_TOKEN;
    out->facts.verified_ns = passage->clock.now_ns;
    judge_verification(passage, out);
}

/* --- taking in -------------------------------------------------------------------------------------- */

/* Of somebody not stored the identifier is all there is; of `not-me` it is what was unlinked. */
static void keep_identifier(passage *passage, intake *out)
{
    const identifier *const held = passage->identifiers;

    if (passage->identifier_count == 0 ||
        (passage->has_subject && out->row.right != RIGHT_NOT_ME)) {
        return;
    }
    out->facts.identifier_type = held->type;
    out->facts.identifier_value = (text){held->value, held->value_size};
    if (!passage->has_subject) {
        out->row.has_asker = true;
        request_asker(passage->gate->keys, held, out->row.asker);
    }
}

static velum_status write_answer(passage *passage, const request *row, bool joined)
{
    char id[33];
    json_writer out;

    hex_encode(row->id, sizeof(row->id), id);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "request", id);
    json_member_string(&out, "state", request_state_name(row->state));
    request_write_time(&out, "received", row->received_ns);
    request_write_time(&out, "due", row->due_ns);
    json_member_bool(&out, "joined", joined);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* New words are kept beside the first ones, as long as there is room for notes. */
static bool join_words(const passage *passage, const intake *intake, request_facts *facts)
{
    if (intake->facts.details.size == 0 || facts->note_count == REQUEST_NOTES_MAX ||
        text_equal(intake->facts.details, facts->details)) {
        return false;
    }
    request_note *const note = &facts->notes[facts->note_count++];
    *note = (request_note){
        .act = REQUEST_ACT_JOIN, .at_ns = passage->clock.now_ns, .words = intake->facts.details};
    memcpy(note->by, passage->actor.token, sizeof(note->by));
    return true;
}

/* One that comes with a proof lends it to the one that waits for it. */
static velum_status join(passage *passage, const intake *intake, request *earlier)
{
    const bool proves = (intake->row.flags & REQUEST_VERIFIED) != 0 &&
                        (earlier->flags & REQUEST_VERIFIED) == 0 &&
                        earlier->state == REQUEST_NEED_VERIFICATION;
    request_facts facts;

    VELUM_TRY(request_unseal(passage, earlier, &facts));
    const bool says_more = join_words(passage, intake, &facts);
    if (proves) {
        facts.method = intake->facts.method;
        facts.verified_ns = intake->facts.verified_ns;
        memcpy(facts.verified_by, intake->facts.verified_by, sizeof(facts.verified_by));
        earlier->flags |= REQUEST_VERIFIED;
        earlier->state = REQUEST_OPEN;
        VELUM_TRY(request_run_itself(passage, earlier));
    }
    if (proves || says_more) {
        VELUM_TRY(request_put_facts(passage, earlier, &facts));
        VELUM_TRY(request_store(passage, earlier));
    }
    VELUM_TRY(request_note_act(passage, earlier, REQUEST_ACT_JOIN));
    return write_answer(passage, earlier, true);
}

static velum_status take_new(passage *passage, intake *intake)
{
    request *const row = &intake->row;
    const bool waits = (row->flags & REQUEST_VERIFIED) == 0 && !request_needs_no_proof(row->right);

    random_fill(&passage->gate->random, row->id, sizeof(row->id));
    row->state = waits ? REQUEST_NEED_VERIFICATION : REQUEST_OPEN;
    if (passage->actor.kind != ACTOR_HUMAN) {
        row->flags |= REQUEST_CONFIRMED; /* the answer itself confirms it (CCPA §7021(a)) */
    }
    VELUM_TRY(request_run_itself(passage, row));
    VELUM_TRY(request_store_new(passage, row, &intake->facts));
    VELUM_TRY(request_note_act(passage, row, REQUEST_ACT_RECEIVE));
    return write_answer(passage, row, false);
}

static velum_status take_in(passage *passage, intake *intake)
{
    request *const row = &intake->row;
    request earlier;

    row->domain = passage->domain;
    row->has_subject = passage->has_subject;
    row->subject = passage->has_subject ? passage->subject : row->subject;
    if (passage->actor.kind != ACTOR_CUSTOMER) {
        memcpy(row->taken_by, passage->actor.token, sizeof(row->taken_by));
    }
    VELUM_TRY(
        request_set_terms(passage, json_member(json_root(passage->body), "jurisdictions"), row));
    keep_identifier(passage, intake);
    const velum_status status = request_find_open(passage->conn, row, &earlier);
    if (status == VELUM_OK) {
        return join(passage, intake, &earlier);
    }
    return status == VELUM_E_NOTFOUND ? take_new(passage, intake) : status;
}

velum_status request_create_apply(passage *passage)
{
    intake intake = {.row = {.n = 0}};

    if (!passage->has_subject && passage->identifier_count == 0) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    VELUM_TRY(parse_right(passage, &intake));
    VELUM_TRY(parse_categories(passage, &intake));
    VELUM_TRY(parse_details(passage, &intake));
    VELUM_TRY(parse_received(passage, &intake));
    VELUM_TRY(parse_verification(passage, &intake));
    return take_in(passage, &intake);
}

/* A customer names an identifier only to have it taken away from the record that is theirs. */
static velum_status take_own_identifier(passage *passage)
{
    const json_value *const object = json_member(json_root(passage->body), "identifier");
    subject_id holder;
    void *slice = NULL;

    if (object == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    VELUM_TRY(parse_identifier(passage, object, slice));
    const velum_status status = vault_find(passage->gate->vault, passage->conn, slice, &holder);
    if (status == VELUM_E_NOTFOUND ||
        (status == VELUM_OK &&
         memcmp(holder.bytes, passage->subject.bytes, SUBJECT_ID_BYTES) != 0)) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "The identifier is not on this record.");
    }
    VELUM_TRY(status);
    passage->identifiers = slice;
    passage->identifier_count = 1;
    return VELUM_OK;
}

velum_status me_request_create_apply(passage *passage)
{
    static const char *const members[] = {"right",   "categories", "jurisdictions",
                                          "details", "identifier", NULL};
    const json_value *const body = json_root(passage->body);
    intake intake = {.row = {.n = 0}};

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(take_own_identifier(passage));
    VELUM_TRY(parse_right(passage, &intake));
    if (passage->identifier_count > 0 && intake.row.right != RIGHT_NOT_ME) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`identifier` belongs to `not-me` alone.");
    }
    VELUM_TRY(parse_categories(passage, &intake));
    VELUM_TRY(parse_details(passage, &intake));
    VELUM_TRY(parse_received(passage, &intake));
    verify_by_token(passage, &intake);
    return take_in(passage, &intake);
}
