/* core/filter.c: which of many may be read, written to or reached under an activity; nobody's value.
 *
 * The request travels under an activity with the action `filter`; each customer is decided under the
 * one that is asked about, which the credential holds, too. Who is allowed is named in the leaves; who
 * is not is counted by reason, and only for activities that may know that a customer exists.
 */
#include "core/cursor.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/verbs.h"

#include <assert.h>

#define REASON_NUMBERS PROBLEM_END

typedef struct filter {
    passage *passage;
    many_ask ask;
    const json_value *refs; /* NULL: a segment */
    const aes_block *domain;
    uint64_t wanted[BUNDLE_ATTRIBUTES_MAX]; /* attribute_value_hash by index; 0: any */
    subject_id after;
    uint32_t limit;
    bool tells_why;
    many_frame frame;
    uint32_t looked; /* of a segment: rows that came */
    uint64_t allowed;
    uint64_t refused[REASON_NUMBERS];
    json_writer out;
} filter;

/* --- reading the question ----------------------------------------------------------------------- */

/* Acts on one customer, which may be asked about. */
static const uint32_t ASKABLE = ACTION_READ | ACTION_UPDATE | ACTION_LOOKUP | ACTION_CONSENT_READ |
                                ACTION_CONSENT_WRITE | ACTION_ROWS_READ | ACTION_ROWS_WRITE |
                                ACTION_SEND | ACTION_SEARCH | ACTION_BULK_READ;

static velum_status parse_action(filter *self, const json_value *body)
{
    text name;

    VELUM_TRY(parse_text_member(self->passage, body, "action", &name));
    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        if ((ASKABLE >> i & 1) != 0 && text_equal_literal(name, action_name(1U << i))) {
            self->ask.action = 1U << i;
            return VELUM_OK;
        }
    }
    return refuse_hint(self->passage, PROBLEM_MALFORMED,
                       "`action` is something that is done with one customer: read, send …");
}

/* The activity that is asked about is held, too (I-7). */
static velum_status parse_for(filter *self, const json_value *body)
{
    passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;
    text name;

    VELUM_TRY(parse_text_member(passage, body, "for", &name));
    const uint32_t activity = bundle_find(bundle, REGISTRY_ACTIVITY, name);
    if (activity == BUNDLE_NONE || (passage->actor.activities >> activity & 1) == 0) {
        return refuse(passage, REASON_ACTIVITY_NOT_REGISTERED);
    }
    self->ask.activity = activity;
    self->tells_why = bundle->activities[activity].knows_existence &&
                      bundle->activities[passage->activity].knows_existence;
    entry_push(&passage->entry, INPUT_ACTIVITY, bundle->activities[activity].number);
    return VELUM_OK;
}

static velum_status parse_fields_asked(filter *self, const json_value *body)
{
    passage *const passage = self->passage;

    passage->asked_all = self->ask.action == ACTION_READ || self->ask.action == ACTION_BULK_READ ||
                         self->ask.action == ACTION_SEARCH;
    VELUM_TRY(parse_field_list(passage, json_member(body, "fields")));
    if (passage->unknown_fields > 0) {
        return refuse(passage, REASON_UNKNOWN_FIELD); /* I-3 */
    }
    self->ask.fields = passage->asked;
    self->ask.all_fields = passage->asked_all;
    passage->asked_all = false; /* else the leaf would speak of the other activity's */
    return VELUM_OK;
}

/* Rows of a table: its name, and all of its fields that the activity has. */
static velum_status parse_table(filter *self, const json_value *body)
{
    passage *const passage = self->passage;
    const bool is_of_rows = (self->ask.action & (ACTION_ROWS_READ | ACTION_ROWS_WRITE)) != 0;
    text name;

    VELUM_TRY(parse_optional_text(passage, body, "table", &name));
    if (!is_of_rows && name.size == 0) {
        return parse_fields_asked(self, body);
    }
    if (!is_of_rows || json_member(body, "fields") != NULL) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`table` comes with rows-read and rows-write, `fields` with others.");
    }
    const uint32_t index = bundle_find(passage->world->bundle, REGISTRY_RESOURCE, name);
    if (index == BUNDLE_NONE) {
        return refuse(passage, REASON_UNKNOWN_RESOURCE);
    }
    self->ask.resource = index + 1;
    self->ask.all_fields = self->ask.action == ACTION_ROWS_READ;
    return VELUM_OK;
}

static velum_status parse_segment(filter *self, const json_value *segment)
{
    passage *const passage = self->passage;
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    if (json_kind_of(segment) != JSON_OBJECT || json_count(segment) == 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`segment` is {\"all\": true} or {attribute: value}.");
    }
    while (json_next(segment, &iterator, &name, &value)) {
        const uint32_t index = bundle_find(passage->world->bundle, REGISTRY_ATTRIBUTE, name);
        const bool is_all = text_equal_literal(name, "all") && json_kind_of(value) == JSON_BOOL &&
                            json_bool(value) && json_count(segment) == 1;
        if (is_all) {
            continue;
        }
        if (index == BUNDLE_NONE || json_kind_of(value) != JSON_TEXT) {
            return refuse_hint(passage, REASON_INVALID_VALUE,
                               "A segment names attributes that the policy declares.");
        }
        self->wanted[index] = attribute_value_hash(json_text(value));
    }
    return VELUM_OK;
}

static velum_status parse_whom(filter *self, const json_value *body)
{
    passage *const passage = self->passage;
    const json_value *const segment = json_member(body, "segment");

    self->refs = json_member(body, "refs");
    if ((self->refs == NULL) == (segment == NULL)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "Either `refs` or `segment` says of whom.");
    }
    if (segment != NULL) {
        return parse_segment(self, segment);
    }
    if (json_kind_of(self->refs) != JSON_ARRAY || json_count(self->refs) == 0 ||
        json_count(self->refs) > MANY_MAX || json_member(body, "from") != NULL ||
        json_member(body, "limit") != NULL) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`refs` is an array of 1 to 1000 references, and has no pages.");
    }
    return VELUM_OK;
}

/* What the pages of a segment are of. */
typedef struct filter_query {
    uint64_t fields;
    uint64_t wanted[BUNDLE_ATTRIBUTES_MAX];
    uint32_t activity;
    uint32_t action;
    uint32_t resource;
    uint32_t all_fields;
    uint32_t limit; /* so that pages begin at its multiples */
    uint32_t zero;
} filter_query;

static filter_query query_of(const filter *self)
{
    filter_query query = {.fields = self->ask.fields,
                          .activity = self->ask.activity,
                          .action = self->ask.action,
                          .resource = self->ask.resource,
                          .all_fields = self->ask.all_fields ? 1 : 0,
                          .limit = self->limit};

    static_assert(sizeof(query) == 8 + 8 * BUNDLE_ATTRIBUTES_MAX + 24, "no byte is undefined");
    memcpy(query.wanted, self->wanted, sizeof(query.wanted));
    return query;
}

static velum_status parse_page(filter *self, const json_value *body)
{
    text from;

    self->limit = MANY_MAX;
    VELUM_TRY(parse_limit(self->passage, MANY_MAX, "`limit` is 1 to 1000.", &self->limit));
    const filter_query query = query_of(self);
    VELUM_TRY(parse_optional_text(self->passage, body, "from", &from));
    return cursor_read(self->passage, (crypto_part){&query, sizeof(query)}, from, &self->after);
}

static velum_status parse_question(filter *self)
{
    static const char *const members[] = {"for",     "action", "fields", "table", "refs",
                                          "segment", "from",   "limit",  NULL};
    passage *const passage = self->passage;
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_action(self, body));
    VELUM_TRY(parse_whom(self, body));
    VELUM_TRY(parse_for(self, body));
    VELUM_TRY(parse_table(self, body));
    VELUM_TRY(parse_page(self, body));
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    if (passage->domain == 0) {
        return refuse_hint(passage, REASON_UNKNOWN_DOMAIN,
                           "A credential of one domain is needed to name customers.");
    }
    return keyring_domain(passage->gate->keys, passage->domain, &self->domain);
}

/* --- each of them ------------------------------------------------------------------------------- */

static velum_status take_allowed(filter *self)
{
    char ref[PSEUDONYM_TEXT_BYTES];

    VELUM_TRY(many_name(self->passage)); /* N-1 */
    pseudonym_format(self->domain, &self->passage->subject, ref);
    json_write_text(&self->out, text_of(ref));
    self->allowed++;
    return VELUM_OK;
}

/* The located one, decided; or rows that cannot be opened, which are refused (I-3). */
static velum_status take(filter *self, velum_status status)
{
    const verdict *const verdict = &self->passage->verdict;

    if (status == VELUM_OK) {
        person_refuse_duplicate(self->passage);
    }
    if (many_is_damaged(status)) {
        self->refused[PROBLEM_DATA_DAMAGED]++;
        return VELUM_OK;
    }
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (!verdict->allowed || status < 0) {
        self->refused[status < 0 ? REASON_UNKNOWN_SUBJECT : verdict->reason]++;
        return VELUM_OK;
    }
    return take_allowed(self);
}

/* A mistyped reference is one of nobody. */
static velum_status filter_refs(filter *self)
{
    for (size_t i = 0; i < json_count(self->refs); i++) {
        const json_value *const ref = json_at(self->refs, i);
        subject_id id;
        if (json_kind_of(ref) != JSON_TEXT) {
            return refuse_hint(self->passage, PROBLEM_MALFORMED, "A reference is a text.");
        }
        if (pseudonym_parse(self->domain, json_text(ref), &id) < 0) {
            self->refused[REASON_UNKNOWN_SUBJECT]++;
            continue;
        }
        VELUM_TRY(take(self, many_decide_state(self->passage, &id, &self->ask)));
        many_next(self->passage, &self->frame);
    }
    return VELUM_OK;
}

static uint64_t attribute_of(const subject_state *state, uint16_t number)
{
    for (uint32_t i = 0; i < state->attribute_count; i++) {
        if (state->attributes[i].number == number) {
            return state->attributes[i].value;
        }
    }
    return 0;
}

static bool is_of_segment(const filter *self)
{
    const bundle *const bundle = self->passage->world->bundle;

    for (uint32_t i = 0; i < bundle->attribute_count; i++) {
        if (self->wanted[i] != 0 &&
            attribute_of(&self->passage->state, bundle->attributes[i].number) != self->wanted[i]) {
            return false;
        }
    }
    return true;
}

static velum_status visit(void *context, const subject_id *id, velum_status status,
                          sealed_subject *row)
{
    filter *const self = context;

    self->after = *id;
    self->looked++;
    if (status == VELUM_OK) {
        status = many_decide_row(self->passage, row, &self->ask);
    }
    if (status != VELUM_OK || is_of_segment(self)) {
        VELUM_TRY(take(self, status));
    }
    many_next(self->passage, &self->frame);
    return VELUM_OK;
}

static velum_status filter_segment(filter *self)
{
    passage *const passage = self->passage;
    const state_walk walk = {.after = self->after,
                             .limit = self->limit,
                             .seq = passage->seq,
                             .visit = visit,
                             .context = self};

    return vault_states_after(passage->gate->vault, passage->conn, &walk);
}

/* --- the answer --------------------------------------------------------------------------------- */

static uint64_t refused_in_all(const filter *self)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < REASON_NUMBERS; i++) {
        sum += self->refused[i];
    }
    return sum;
}

/* A page of a few, one after the other under one segment and another, would tell which attributes each of
 * the refused has (I-8): they are counted on whole pages alone. */
static bool tells_refused(const filter *self)
{
    return self->refs != NULL || self->limit == MANY_MAX;
}

static void write_refused(filter *self)
{
    json_writer *const out = &self->out;

    if (!self->tells_why) {
        json_member_integer(out, "refused", (int64_t)refused_in_all(self));
        return;
    }
    json_name(out, "refused");
    json_begin_object(out);
    for (uint32_t i = 0; i < REASON_NUMBERS; i++) {
        if (self->refused[i] > 0) {
            json_member_integer(out, problem_name(i), (int64_t)self->refused[i]);
        }
    }
    json_end_object(out);
}

static void write_counts(filter *self)
{
    json_writer *const out = &self->out;

    json_name(out, "counts");
    json_begin_object(out);
    json_member_integer(out, "allowed", (int64_t)self->allowed);
    if (tells_refused(self)) {
        write_refused(self);
    }
    json_end_object(out);
}

static void write_next(filter *self)
{
    const filter_query query = query_of(self);
    char cursor[CURSOR_TEXT_BYTES];

    if (self->refs == NULL && self->looked == self->limit) {
        cursor_write(self->passage, (crypto_part){&query, sizeof(query)}, &self->after, cursor);
        json_member_string(&self->out, "next", cursor);
    }
}

static velum_status answer(filter *self)
{
    passage *const passage = self->passage;

    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_name(&self->out, "allowed");
    json_begin_array(&self->out);
    self->frame = many_begin(passage);
    const velum_status status = self->refs != NULL ? filter_refs(self) : filter_segment(self);
    many_end(passage, &self->frame);
    VELUM_TRY(status);
    json_end_array(&self->out);
    write_counts(self);
    write_next(self);
    json_end_object(&self->out);
    return buffer_status(&passage->answer->body);
}

velum_status filter_mask(passage *passage)
{
    VELUM_AUTO_MEM filter *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->passage = passage;
    VELUM_TRY(parse_question(self));
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(answer(self));
    entry_push(&passage->entry, INPUT_ALLOWED, self->allowed);
    entry_push(&passage->entry, INPUT_REFUSED, refused_in_all(self));
    passage->entry.record_count = self->allowed;
    return VELUM_OK;
}
