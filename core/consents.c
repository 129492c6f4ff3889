/* core/consents.c: consents of one customer recorded: one, several at once, or all withdrawn.
 *
 * A withdrawal takes the same one call as giving (PIPL 15, GDPR 7(3)). Several at once are several
 * events, each with its leaf; all are recorded or none.
 */
#include "core/consents.h"

#include "core/parse.h"
#include "core/person.h"
#include "core/path.h"
#include "core/verbs.h"

#include <assert.h>

/* Consents that were wished, and what came of them. */
typedef struct consent_batch {
    consent_wish wishes[CONSENT_LEAVES_MAX];
    state_consent stored[CONSENT_LEAVES_MAX];
    uint32_t count;
} consent_batch;

static_assert(CONSENTS_AT_ONCE_MAX <= CONSENT_LEAVES_MAX, "what is asked for at once fits");

/* --- several at once ---------------------------------------------------------------------------- */

/* A separate consent is an event of its own that nothing else comes with (PIPL 23, 25, 26, 29, 39);
 * taking one away is not asking for it. */
static velum_status check_separate(passage *passage, const consent_wish *wish)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_PURPOSE, wish->purpose);
    const bool asks = wish->state == CONSENT_GIVEN || wish->state == CONSENT_REQUESTED;

    return asks && index != BUNDLE_NONE && bundle->purposes[index].separate
               ? refuse(passage, REASON_CONSENT_SEPARATE)
               : VELUM_OK;
}

static bool is_named_before(const consent_batch *batch, const consent_wish *wish)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->wishes[i].purpose == wish->purpose) {
            return true;
        }
    }
    return false;
}

static velum_status parse_several(passage *passage, const json_value *array, consent_batch *out)
{
    static const char *const members[] = {"consents", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    if (json_kind_of(array) != JSON_ARRAY || json_count(array) == 0 ||
        json_count(array) > CONSENTS_AT_ONCE_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`consents` is an array of 1 to 8.");
    }
    for (size_t i = 0; i < json_count(array); i++) {
        consent_wish *const wish = &out->wishes[out->count];
        VELUM_TRY(consent_wish_parse(passage, json_at(array, i), wish));
        if (is_named_before(out, wish)) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "Each purpose stands once.");
        }
        out->count++;
        if (json_count(array) > 1) {
            VELUM_TRY(check_separate(passage, wish));
        }
    }
    return VELUM_OK;
}

/* --- everything withdrawn ----------------------------------------------------------------------- */

/* By what the state holds, so that a purpose which left the policy is withdrawn, too. */
void consent_wish_withdrawn(const passage *passage, const state_consent *held, consent_wish *out)
{
    const uint8_t *const hash = world_notice_hash(passage->world, held->notice);

    *out = (consent_wish){.purpose = held->purpose,
                          .version = held->version,
                          .state = CONSENT_WITHDRAWN,
                          .notice = {.number = held->notice}};
    switch (passage->actor.kind) {
    case ACTOR_CUSTOMER:
        out->grade = GRADE_SELF_VERIFIED;
        break;
    case ACTOR_HUMAN:
        out->grade = GRADE_ASSISTED;
        memcpy(out->assisted_token, passage->actor.token, ENTRY_TOKEN_BYTES);
        break;
    default:
        out->grade = GRADE_SELF;
    }
    if (hash != NULL) {
        memcpy(out->notice.hash, hash, SHA256_BYTES);
    }
}

static velum_status parse_all(passage *passage, const json_value *all, consent_batch *out)
{
    static const char *const members[] = {"all", "state", NULL};
    const json_value *const body = json_root(passage->body);
    standing_consents standing;
    text state;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "state", &state));
    if (json_kind_of(all) != JSON_BOOL || !json_bool(all) ||
        !text_equal_literal(state, "withdrawn")) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "Only `withdrawn` is for all: {all: true, state}.");
    }
    VELUM_TRY(person_standing(passage, &standing));
    for (uint32_t i = 0; i < standing.count; i++) {
        consent_wish_withdrawn(passage, &standing.items[i], &out->wishes[out->count++]);
    }
    return VELUM_OK;
}

/* --- recording ---------------------------------------------------------------------------------- */

/* A leaf for the event that stands in the passage's entry; the last one is the path's. */
static velum_status record_leaf(passage *passage)
{
    audit_entry leaf = passage->entry;

    random_fill(&passage->gate->random, leaf.event_id, sizeof(leaf.event_id));
    memcpy(leaf.related, passage->entry.event_id, sizeof(leaf.related));
    path_fill_entry(passage, &leaf);
    return write_batch_record(passage->batch, &leaf);
}

static velum_status record_all(passage *passage, consent_batch *batch)
{
    const audit_entry blank = passage->entry;

    for (uint32_t i = 0; i < batch->count; i++) {
        passage->entry = blank;
        VELUM_TRY(consent_record(passage, &batch->wishes[i], &batch->stored[i]));
        if (i + 1 < batch->count) {
            VELUM_TRY(record_leaf(passage));
        }
    }
    return VELUM_OK;
}

static velum_status write_all(passage *passage, const consent_batch *batch)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "consents");
    json_begin_array(&out);
    for (uint32_t i = 0; i < batch->count; i++) {
        json_begin_object(&out);
        consent_write(passage, &batch->stored[i], &out);
        json_end_object(&out);
    }
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status apply_one(passage *passage)
{
    consent_wish wish;
    state_consent stored;
    json_writer out;

    VELUM_TRY(consent_wish_parse(passage, json_root(passage->body), &wish));
    VELUM_TRY(consent_record(passage, &wish, &stored));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    consent_write(passage, &stored, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status consents_apply(passage *passage)
{
    const json_value *const body = json_root(passage->body);
    const json_value *const several = json_member(body, "consents");
    const json_value *const all = json_member(body, "all");
    consent_batch batch = {.count = 0};

    if (several == NULL && all == NULL) {
        return apply_one(passage);
    }
    VELUM_TRY(several != NULL ? parse_several(passage, several, &batch)
                              : parse_all(passage, all, &batch));
    VELUM_TRY(record_all(passage, &batch));
    return write_all(passage, &batch);
}
