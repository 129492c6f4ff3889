/* core/message_send.c: a module asks for messages, and learns at once who cannot be reached.
 *
 * Nothing is opened here. Who is refused has a row, too, with the reason: so a list explains why somebody
 * got no message, and the same key stays the same message (MS-1).
 */
#include "core/message.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/path.h"
#include "core/verbs.h"

#define LEAF_SUBJECTS_MAX 100 /* so that the leaf stays within its bound, whatever else it says */

typedef struct asking {
    passage *passage;
    text template;
    message_place place;
    uint32_t module; /* index */
    json_writer out;
    bool is_single; /* who stays located, so that the leaf says what the decision rested on */
    uint64_t allowed;
    uint64_t refused;
    uint64_t same;
    uint32_t reason; /* of the last one that was refused now */
    uint16_t template_number;
    uint16_t channel_number;
    uint8_t tokens[MESSAGES_ASKED_MAX][ENTRY_TOKEN_BYTES];
    uint32_t token_count;
} asking;

/* What became of one customer. */
typedef struct result {
    message_row row; /* state 0: nothing is stored */
    uint32_t reason; /* of a skipped one */
    bool is_unknown;
    bool is_same; /* the key was known */
} result;

/* --- what is asked ------------------------------------------------------------------------------ */

bool message_is_own_module(const passage *passage, uint32_t module)
{
    const bundle *const bundle = passage->world->bundle;
    const credential *const by = passage->actor.credential;

    return module < bundle->module_count && by != NULL &&
           text_equal(bundle->modules[module].domain, text_of(by->domain));
}

static bool is_place_name(text name)
{
    for (size_t i = 0; i < name.size; i++) {
        const char byte = name.data[i];
        const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && memchr("._:-", byte, 4) == NULL) {
            return false;
        }
    }
    return name.size >= 1 && name.size <= MESSAGE_PLACE_BYTES_MAX;
}

static velum_status parse_place(passage *passage, message_place *out)
{
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_text_member(passage, body, "flow", &out->flow));
    VELUM_TRY(parse_text_member(passage, body, "node", &out->node));
    VELUM_TRY(parse_text_member(passage, body, "occurrence", &out->occurrence));
    return is_place_name(out->flow) && is_place_name(out->node) && is_place_name(out->occurrence)
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED,
                             "`flow`, `node` and `occurrence` are 1 to 64 of a-z A-Z 0-9 . _ : -");
}

/* Of a module of the caller's domain, and within what the activity reaches, in every language. */
static velum_status check_template(passage *passage, asking *self)
{
    const bundle *const bundle = passage->world->bundle;
    const uint64_t reach = bundle->activities[passage->activity].fields;

    self->module = BUNDLE_NONE;
    for (uint32_t i = 0; i < bundle->template_count; i++) {
        const bundle_template *const one = &bundle->templates[i];
        if (!text_equal(one->id, self->template) || !message_is_own_module(passage, one->module) ||
            (self->module != BUNDLE_NONE && self->module != one->module)) {
            continue;
        }
        self->module = one->module;
        if ((message_fields(bundle, one) & ~reach) != 0) {
            return refuse_hint(passage, REASON_ACTION_NOT_ALLOWED,
                               "The activity does not reach a field of this message.");
        }
    }
    return self->module == BUNDLE_NONE ? refuse(passage, REASON_UNKNOWN_TEMPLATE) : VELUM_OK;
}

static velum_status parse_asking(passage *passage, asking *out)
{
    static const char *const members[] = {"template", "flow", "node", "occurrence",
                                          "ref",      "refs", NULL};
    const json_value *const body = json_root(passage->body);

    out->passage = passage;
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "template", &out->template));
    VELUM_TRY(parse_place(passage, &out->place));
    return check_template(passage, out);
}

/* --- one customer ------------------------------------------------------------------------------- */

static void fill_row(const asking *self, const bundle_template *template, message_row *row)
{
    const passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;
    const bundle_activity *const activity = &bundle->activities[passage->activity];
    const bundle_purpose *const purpose = &bundle->purposes[activity->purpose];
    const bundle_channel *const channel = &bundle->channels[template->channel];

    *row = (message_row){
        .subject = passage->subject,
        .module = bundle->modules[self->module].number,
        .activity = activity->number,
        .purpose = purpose->number,
        .template = template->number,
        .channel = channel->number,
        .is_marketing = purpose->marketing,
        .asked_ns = passage->clock.now_ns,
        .changed_ns = passage->clock.now_ns,
        .due_ns = purpose->marketing ? message_due_ns(bundle, channel, passage->clock.now_ns)
                                     : passage->clock.now_ns,
    };
    random_fill(&passage->gate->random, row->id, sizeof(row->id));
    memcpy(row->credential, passage->actor.credential->name, sizeof(row->credential));
    message_key(passage->gate->keys, row->module, &row->subject, &self->place, row->key);
}

static void note_token(asking *self)
{
    passage *const passage = self->passage;

    if (passage->opened != NULL && self->token_count < MESSAGES_ASKED_MAX) {
        opened_audit_token(passage->opened, time_month(passage->clock.now_ns),
                           self->tokens[self->token_count++]);
    }
}

/* A row for everybody who is there; the same key gives the row of before. */
static velum_status ask_located(asking *self, result *out)
{
    passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = message_choose_template(passage, self->module, self->template);
    const bundle_template *const template = &bundle->templates[index];
    message_row row;

    fill_row(self, template, &row);
    self->template_number = row.template;
    self->channel_number = row.channel;
    const velum_status known = message_find(passage->conn, row.key, &out->row);
    if (known != VELUM_E_NOTFOUND) {
        out->is_same = known == VELUM_OK;
        out->reason = out->row.reason;
        return known;
    }
    message_decide(passage, passage->actor.credential, passage->activity, template);
    passage->asked = self->is_single ? message_fields(bundle, template) : 0;
    const verdict *const verdict = &passage->verdict;
    if (!verdict->allowed && !message_reason_is_of_customer(verdict->reason)) {
        return refuse(passage, verdict->reason); /* of who asks: no customer's key is used up */
    }
    out->reason = verdict->allowed ? REASON_NONE : verdict->reason;
    if (out->reason == REASON_SUBJECT_ERASED || out->reason == REASON_UNKNOWN_SUBJECT) {
        return VELUM_OK; /* I-6: nothing new is kept of them */
    }
    row.state = verdict->allowed ? MESSAGE_QUEUED : MESSAGE_SKIPPED;
    row.reason = out->reason;
    out->row = row;
    return message_insert(passage->conn, &out->row);
}

static bool is_damage(velum_status status)
{
    return status == VELUM_E_CORRUPT || status == VELUM_E_TAMPERED || status == VELUM_E_CRYPTO;
}

/* A damaged record is one customer's, and holds up no other. */
static velum_status ask_one(asking *self, text ref, result *out)
{
    passage *const passage = self->passage;

    locate_forget(passage);
    const velum_status status = locate_by_text(passage, ref);
    if (is_damage(status)) {
        out->reason = PROBLEM_DATA_DAMAGED;
        return VELUM_OK;
    }
    VELUM_TRY(status);
    if (!passage->has_subject) {
        out->is_unknown = true;
        out->reason = REASON_UNKNOWN_SUBJECT;
        return VELUM_OK;
    }
    note_token(self);
    return ask_located(self, out);
}

/* --- what is told ------------------------------------------------------------------------------- */

/* Skipped and unknown look alike to whoever may not know who is there (I-5). */
static void write_result(asking *self, text ref, const result *result)
{
    const passage *const passage = self->passage;
    const bundle *const bundle = passage->world->bundle;
    const bool is_stored = result->row.state != 0;
    const bool is_skipped = !is_stored || result->row.state == MESSAGE_SKIPPED;
    const bool is_told = message_reason_is_told(bundle, passage->activity, result->reason);
    json_writer *const out = &self->out;
    char id[2 * MESSAGE_ID_BYTES + 1];

    json_begin_object(out);
    json_member_text(out, "ref", ref);
    if (is_skipped) {
        json_member_string(out, "state", is_told && result->is_unknown ? "unknown" : "skipped");
        if (!result->is_unknown || !is_told) {
            json_member_string(out, "reason",
                               is_told ? problem_name(result->reason) : "not-reachable");
        }
    } else {
        json_member_string(out, "state", message_state_name(result->row.state));
    }
    if (is_stored && (!is_skipped || is_told)) {
        hex_encode(result->row.id, sizeof(result->row.id), id);
        json_member_string(out, "id", id);
        json_member_bool(out, "same", result->is_same);
    }
    if (is_skipped && is_told && !result->is_unknown) {
        const bundle_activity *const activity = &bundle->activities[passage->activity];
        json_member_text(out, "purpose", bundle->purposes[activity->purpose].name);
    }
    json_end_object(out);
}

/* The arena is wiped behind each. */
static velum_status take_one(asking *self, text ref)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);
    result result = {.reason = REASON_NONE};

    VELUM_TRY(ask_one(self, ref, &result));
    const bool is_refused = result.reason != REASON_NONE;
    self->allowed += is_refused ? 0 : 1;
    self->refused += is_refused ? 1 : 0;
    self->same += result.is_same ? 1 : 0;
    self->reason = is_refused && !result.is_same ? result.reason : REASON_NONE;
    write_result(self, ref, &result);
    if (!self->is_single) {
        locate_forget(passage);
        secret_arena_rewind(passage->arena, mark);
    }
    return VELUM_OK;
}

/* `ref` of the request or the body, or `refs`: one of the three. */
static velum_status take_all(asking *self)
{
    passage *const passage = self->passage;
    const json_value *const refs = json_member(json_root(passage->body), "refs");
    const text named = passage->request->ref;
    text ref;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "ref", &ref));
    if ((named.size > 0) + (ref.size > 0) + (refs != NULL) != 1) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A message has `ref` or `refs`.");
    }
    if (refs == NULL) {
        self->is_single = true;
        return take_one(self, named.size > 0 ? named : ref);
    }
    if (json_kind_of(refs) != JSON_ARRAY || json_count(refs) == 0 ||
        json_count(refs) > MESSAGES_ASKED_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`refs` is an array of 1 to 200 texts.");
    }
    for (size_t i = 0; i < json_count(refs); i++) {
        if (json_kind_of(json_at(refs, i)) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A reference is a text.");
        }
        VELUM_TRY(take_one(self, json_text(json_at(refs, i))));
    }
    return VELUM_OK;
}

/* --- the leaf ----------------------------------------------------------------------------------- */

/* Everybody is named; one alone as in a read, with the decision and what it rested on. */
static velum_status record_some(asking *self, uint32_t first, uint32_t count)
{
    passage *const passage = self->passage;
    audit_entry leaf = {.type = ENTRY_MESSAGE, .record_count = self->allowed + self->refused};

    memcpy(leaf.event_id, passage->entry.event_id, sizeof(leaf.event_id));
    if (first > 0) {
        random_fill(&passage->gate->random, leaf.event_id, sizeof(leaf.event_id));
        memcpy(leaf.related, passage->entry.event_id, sizeof(leaf.related));
    }
    if (!self->is_single && count > 0) {
        leaf.token_epoch = time_month(passage->clock.now_ns);
        leaf.subject_count = count;
        leaf.subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])self->tokens[first];
    }
    entry_push(&leaf, INPUT_MODULE, passage->world->bundle->modules[self->module].number);
    entry_push(&leaf, INPUT_TEMPLATE, self->template_number);
    entry_push(&leaf, INPUT_CHANNEL, self->channel_number);
    entry_push(&leaf, INPUT_ALLOWED, self->allowed);
    entry_push(&leaf, INPUT_REFUSED, self->refused);
    if (self->same > 0) {
        entry_push(&leaf, INPUT_SAME, self->same);
    }
    passage->problem = self->is_single ? self->reason : PROBLEM_NONE;
    path_fill_entry(passage, &leaf);
    passage->problem = PROBLEM_NONE;
    clock_guard_note(&passage->gate->clock_guard, leaf.at_ns);
    return write_batch_record(passage->batch, &leaf);
}

static velum_status record_all(asking *self)
{
    uint32_t done = 0;

    self->passage->is_silent = true; /* the leaves are these */
    if (!self->is_single) {          /* nobody's consent alone */
        self->passage->verdict =
            (verdict){.allowed = true, .decision = ENTRY_ALLOW, .purpose = BUNDLE_NONE};
    }
    do {
        const uint32_t left = self->token_count - done;
        const uint32_t count = left < LEAF_SUBJECTS_MAX ? left : LEAF_SUBJECTS_MAX;
        VELUM_TRY(record_some(self, done, count));
        done += count;
    } while (done < self->token_count);
    return VELUM_OK;
}

velum_status message_send_apply(passage *passage)
{
    VELUM_AUTO_MEM asking *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(parse_asking(passage, self));
    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_name(&self->out, "messages");
    json_begin_array(&self->out);
    VELUM_TRY(take_all(self));
    json_end_array(&self->out);
    json_end_object(&self->out);
    VELUM_TRY(buffer_status(&passage->answer->body));
    return record_all(self);
}
