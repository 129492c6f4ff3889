/* core/search.c: candidates by several exact values of fields that the policy declares searchable.
 *
 * Nobody can be found by one value, by a part of one, or among many: two criteria at least, five
 * candidates at most, a share of searches for each credential. A candidate is decided, opened and masked
 * as for a read, and shown only where the caller sees every field that was searched by as it is: else the
 * match itself would tell its value, also of one that is masked.
 */
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"

#include <assert.h>

#define CRITERIA_MIN 2
#define CANDIDATES_MAX 5

static_assert(VAULT_FOUND_MAX > CANDIDATES_MAX, "too many can be told");

typedef struct search {
    passage *passage;
    search_term terms[VAULT_SEARCH_TERMS_MAX];
    uint32_t count;
    uint64_t fields; /* bits of the criteria */
    json_writer out;
} search;

/* --- reading the question ----------------------------------------------------------------------- */

static velum_status parse_criterion(search *self, text name, const json_value *value)
{
    passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find(bundle, REGISTRY_FIELD, name);

    if (index == BUNDLE_NONE) {
        passage->unknown_fields++;
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_TEXT || vault_search_is_empty(json_text(value))) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A criterion is a text, not empty.");
    }
    const bundle_field *const field = &bundle->fields[index];
    self->fields |= UINT64_C(1) << index;
    self->terms[self->count++] = (search_term){
        .field = field->number,
        .category = bundle->categories[field->category].number,
        .value = json_text(value),
    };
    return VELUM_OK;
}

static velum_status parse_criteria(search *self)
{
    passage *const passage = self->passage;
    const json_value *const object = json_member(json_root(passage->body), "criteria");
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    if (object == NULL || json_kind_of(object) != JSON_OBJECT ||
        json_count(object) < CRITERIA_MIN || json_count(object) > VAULT_SEARCH_TERMS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`criteria` is an object of 2 to 8 {field: value}.");
    }
    while (json_next(object, &iterator, &name, &value)) {
        VELUM_TRY(parse_criterion(self, name, value));
    }
    return VELUM_OK;
}

/* What is asked is every field of the activity; names that the policy lacks are refused by *decide*. */
velum_status search_locate(passage *passage)
{
    static const char *const members[] = {"criteria", "reason_code", NULL};
    const json_value *const body = json_root(passage->body);
    search self = {.passage = passage};

    passage->target = (crypto_part){passage->request->body.data, passage->request->body.size};
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_reason_code(passage, json_member(body, "reason_code")));
    VELUM_TRY(parse_criteria(&self));
    passage->asked_all = true;
    return VELUM_OK;
}

/* What some role of the caller's shows as it is, of whomever: of another field not even that too many
 * have a value is told. */
static uint64_t clear_of_anybody(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    uint64_t clear = 0;

    for (uint32_t i = 0; i < bundle->role_count; i++) {
        clear |= (passage->actor.roles >> i & 1) != 0 ? bundle->roles[i].clear : 0;
    }
    return clear;
}

static velum_status check_fields(const search *self)
{
    passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;

    if ((self->fields & ~bundle->activities[passage->activity].fields) != 0) {
        return refuse(passage, REASON_NO_FIELD_ALLOWED);
    }
    if ((self->fields & ~bundle->searchable) != 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "A criterion is no field that the policy declares searchable.");
    }
    return (self->fields & ~clear_of_anybody(passage)) == 0
               ? VELUM_OK
               : refuse(passage, REASON_NO_FIELD_ALLOWED);
}

/* Once a search, however often its path is run again. */
static velum_status check_quota(passage *passage)
{
    velum_gate *const gate = passage->gate;

    if (passage->request->attempts > 1 ||
        quota_take(&gate->quota, passage->actor.token, clock_monotonic_ns(&gate->clock))) {
        return VELUM_OK;
    }
    passage->target = (crypto_part){NULL, 0}; /* whatever was searched for: one refusal */
    return refuse(passage, REASON_QUOTA);
}

/* --- candidates --------------------------------------------------------------------------------- */

/* Hashes say who may be meant; the opened values say who is. */
static bool has_values(const search *self)
{
    const bundle *const bundle = self->passage->world->bundle;

    for (uint32_t i = 0; i < self->count; i++) {
        const uint32_t index = bundle_find_number(bundle, REGISTRY_FIELD, self->terms[i].field);
        const record *const record = self->passage->records[bundle->fields[index].category];
        const text *const value = record == NULL ? NULL : record_find(record, self->terms[i].field);
        if (value == NULL || !vault_search_equal(*value, self->terms[i].value)) {
            return false;
        }
    }
    return true;
}

static velum_status show(search *self)
{
    VELUM_TRY(many_name(self->passage)); /* N-1 */
    json_begin_object(&self->out);
    VELUM_TRY(many_write_profile(self->passage, &self->out));
    json_end_object(&self->out);
    return VELUM_OK;
}

static velum_status try_candidate(search *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const many_ask ask = {
        .activity = passage->activity, .action = ACTION_SEARCH, .all_fields = true};
    const velum_status status = many_decide(passage, id, &ask);

    if (status < 0) {
        return status == VELUM_E_NOTFOUND || many_is_damaged(status) ? VELUM_OK : status;
    }
    if (!passage->verdict.allowed || (self->fields & ~passage->verdict.clear) != 0) {
        return VELUM_OK;
    }
    VELUM_TRY(read_open(passage)); /* I-4 */
    return has_values(self) ? show(self) : VELUM_OK;
}

static velum_status show_candidates(search *self, const vault_found *found)
{
    passage *const passage = self->passage;
    const many_frame frame = many_begin(passage);
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < found->count && status == VELUM_OK; i++) {
        status = try_candidate(self, &found->subjects[i]);
        many_next(passage, &frame);
    }
    many_end(passage, &frame);
    return status;
}

static velum_status find(search *self, vault_found *out)
{
    passage *const passage = self->passage;

    VELUM_TRY(locate_snapshot(passage));
    const velum_status status =
        vault_search_find(passage->gate->vault, passage->conn, self->terms, self->count, out);
    if (status == VELUM_E_LIMIT || (status == VELUM_OK && out->count > CANDIDATES_MAX)) {
        return refuse(passage, REASON_TOO_MANY_MATCH);
    }
    return status;
}

velum_status search_mask(passage *passage)
{
    search self = {.passage = passage};
    vault_found found;

    VELUM_TRY(parse_criteria(&self));
    VELUM_TRY(check_fields(&self));
    VELUM_TRY(check_quota(passage));
    entry_push(&passage->entry, INPUT_CRITERIA, self.count);
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    VELUM_TRY(find(&self, &found));
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    json_name(&self.out, "candidates");
    json_begin_array(&self.out);
    VELUM_TRY(show_candidates(&self, &found));
    json_end_array(&self.out);
    json_end_object(&self.out);
    passage->entry.record_count = many_count(passage);
    return buffer_status(&passage->answer->body);
}
