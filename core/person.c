/* core/person.c: what several records allow together, and what befalls one of them. */
#include "core/person.h"

#include "core/certificate.h"
#include "core/consents.h"
#include "core/erasure.h"
#include "core/locate.h"
#include "core/path.h"

/* --- gathering ---------------------------------------------------------------------------------- */

static const subject_id *person_of(const passage *passage)
{
    return passage->sealed == NULL ? NULL : sealed_subject_person(passage->sealed);
}

static bool is_same(const subject_id *one, const subject_id *other)
{
    return memcmp(one->bytes, other->bytes, SUBJECT_ID_BYTES) == 0;
}

/* The state of another record, opened for a moment. */
static velum_status read_state(passage *passage, const subject_id *id, subject_state *out)
{
    const size_t mark = secret_arena_mark(passage->arena);
    const opened_subject *opened = NULL;
    VELUM_AUTO(sealed_subject) *held = NULL;

    VELUM_TRY(vault_load_state(passage->gate->vault, passage->conn, id, passage->seq, &held));
    const velum_status status = locate_open(passage, held, &opened, out);
    secret_arena_rewind(passage->arena, mark);
    return status;
}

static uint32_t second_of(int64_t at_ns)
{
    const int64_t seconds = at_ns / NS_PER_SECOND;

    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* In the order in which they joined: what was said since counts from one joining to the next. */
static velum_status gather_states(passage *passage, const person_members *members)
{
    subject_state next;
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < members->count && status == VELUM_OK; i++) {
        const person_member *const member = &members->items[i];
        subject_state *const into = i == 0 ? &passage->common : &next;
        if (is_same(&member->id, &passage->subject)) {
            *into = passage->state;
        } else {
            status = read_state(passage, &member->id, into);
        }
        if (status == VELUM_OK && i > 0) {
            status = subject_state_merge(&passage->common, &next, second_of(member->joined_ns));
        }
    }
    mem_wipe(&next, sizeof(next));
    return status;
}

/* What belongs to the record itself, whoever it is one of. */
static void keep_own(passage *passage)
{
    const subject_state *const own = &passage->state;
    subject_state *const common = &passage->common;

    common->jurisdiction = own->jurisdiction;
    memcpy(common->attributes, own->attributes, sizeof(common->attributes));
    common->attribute_count = own->attribute_count;
    memcpy(common->categories, own->categories, sizeof(common->categories));
    common->category_count = own->category_count;
    memcpy(common->ledger_head, own->ledger_head, sizeof(common->ledger_head));
    common->ledger_count = own->ledger_count;
}

static uint32_t furthest(const person_members *members)
{
    uint32_t status = VAULT_SUBJECT_LIVE;

    for (uint32_t i = 0; i < members->count; i++) {
        status = members->items[i].status > status ? members->items[i].status : status;
    }
    return status;
}

void person_forget(passage *passage)
{
    if (passage->is_of_several) { /* hardly anybody is */
        mem_wipe(&passage->common, sizeof(passage->common));
        passage->is_of_several = false;
    }
}

velum_status person_gather(passage *passage)
{
    const subject_id *const person = person_of(passage);
    person_members members;

    person_forget(passage);
    if (person == NULL || sealed_subject_status(passage->sealed) != VAULT_SUBJECT_LIVE) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_person_members(passage->conn, person, &members));
    if (members.count == 0) {
        return VELUM_E_CORRUPT;
    }
    passage->common_status = furthest(&members);
    passage->is_of_several = true;
    if (passage->common_status != VAULT_SUBJECT_LIVE) {
        return VELUM_OK; /* the status alone decides */
    }
    VELUM_TRY(gather_states(passage, &members));
    keep_own(passage);
    return VELUM_OK;
}

/* --- deciding ----------------------------------------------------------------------------------- */

const subject_state *person_state(const passage *passage)
{
    if (passage->opened == NULL) {
        return NULL;
    }
    const bool is_common = passage->is_of_several && passage->common_status == VAULT_SUBJECT_LIVE;
    return is_common ? &passage->common : &passage->state;
}

uint32_t person_status(const passage *passage)
{
    if (!passage->has_subject) {
        return 0;
    }
    return passage->is_of_several ? passage->common_status : sealed_subject_status(passage->sealed);
}

static velum_status add_standing(const subject_state *state, standing_consents *out)
{
    for (uint32_t i = 0; i < state->consent_count; i++) {
        const state_consent *const consent = &state->consents[i];
        bool is_there = false;
        for (uint32_t j = 0; j < out->count; j++) {
            is_there = is_there || out->items[j].purpose == consent->purpose;
        }
        if (is_there || !consent_state_allows(consent->state)) {
            continue;
        }
        if (out->count == SUBJECT_STATE_CONSENTS_MAX) {
            return VELUM_E_LIMIT;
        }
        out->items[out->count++] = *consent;
    }
    return VELUM_OK;
}

velum_status person_standing(const passage *passage, standing_consents *out)
{
    const subject_state *const common = person_state(passage);

    out->count = 0;
    if (common == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(add_standing(&passage->state, out));
    return common == &passage->state ? VELUM_OK : add_standing(common, out);
}

bool person_is_duplicate(const passage *passage)
{
    const subject_id *const person = person_of(passage);

    return person != NULL && !is_same(person, &passage->subject);
}

void person_refuse_duplicate(passage *passage)
{
    verdict *const found = &passage->verdict;

    if (found->allowed && passage->has_subject && person_is_duplicate(passage)) {
        *found = (verdict){.purpose = found->purpose, .decision = 3, .reason = REASON_MERGED};
    }
}

/* --- changing ----------------------------------------------------------------------------------- */

velum_status person_touch(passage *passage)
{
    const subject_id *const person = person_of(passage);
    person_members members = {.count = 0};

    VELUM_TRY(write_batch_touch(passage->batch, &passage->subject));
    if (person == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_person_members(passage->conn, person, &members));
    for (uint32_t i = 0; i < members.count; i++) {
        VELUM_TRY(write_batch_touch(passage->batch, &members.items[i].id));
    }
    return VELUM_OK;
}

/* Who leaves with it: all, where it is the one that stays or only two are left. */
static void leaving(const passage *passage, person_members *others)
{
    const bool all = others->count == 2 || !person_is_duplicate(passage);
    uint32_t count = 0;

    for (uint32_t i = 0; i < others->count && all; i++) {
        if (!is_same(&others->items[i].id, &passage->subject)) {
            others->items[count++] = others->items[i];
        }
    }
    others->count = count;
}

velum_status person_leave(passage *passage, person_members *out_others)
{
    const subject_id *const person = person_of(passage);

    out_others->count = 0;
    if (person == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(person_touch(passage)); /* those who stay are decided on anew, too */
    VELUM_TRY(vault_person_members(passage->conn, person, out_others));
    leaving(passage, out_others);
    for (uint32_t i = 0; i < out_others->count; i++) {
        VELUM_TRY(vault_person_put(passage->conn, &out_others->items[i].id, NULL, 0));
    }
    return vault_person_put(passage->conn, &passage->subject, NULL, 0);
}

/* --- erasing ------------------------------------------------------------------------------------ */

/* The other records of the located one's person. */
static velum_status others_of(passage *passage, person_members *out)
{
    const subject_id *const person = person_of(passage);
    uint32_t count = 0;

    out->count = 0;
    if (person == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_person_members(passage->conn, person, out));
    for (uint32_t i = 0; i < out->count; i++) {
        if (!is_same(&out->items[i].id, &passage->subject)) {
            out->items[count++] = out->items[i];
        }
    }
    out->count = count;
    return VELUM_OK;
}

/* Known beforehand, so that the answer can name each certificate. */
static void event_of(const passage *passage, const subject_id *id, uint8_t out[ENTRY_TOKEN_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    const crypto_part parts[] = {{passage->entry.event_id, sizeof(passage->entry.event_id)},
                                 {id->bytes, SUBJECT_ID_BYTES}};

    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), hash);
    memcpy(out, hash, ENTRY_TOKEN_BYTES);
}

/* The same act of the same caller on another record. */
static passage beside(const passage *self, const subject_id *id)
{
    passage made = {.gate = self->gate,
                    .request = self->request,
                    .verb = self->verb,
                    .world = self->world,
                    .arena = self->arena,
                    .conn = self->conn,
                    .batch = self->batch,
                    .clock = self->clock,
                    .is_known = self->is_known,
                    .actor = self->actor,
                    .activity = self->activity,
                    .subject = *id,
                    .domain = self->domain,
                    .action = self->action,
                    .reason_code = self->reason_code,
                    .is_beside = true,
                    .verdict = self->verdict,
                    .entry = {.type = ENTRY_ERASURE}};

    event_of(self, id, made.entry.event_id);
    memcpy(made.entry.related, self->entry.event_id, sizeof(made.entry.related));
    made.verdict.consent = NULL; /* in the other's state */
    return made;
}

/* What all of them forbid holds for the last as for the first, though some are gone by then. */
static velum_status begin_one(const passage *self, passage *other)
{
    const erasure_wish whole = {.category_count = 0};

    VELUM_TRY(locate_subject(other));
    other->common = self->common;
    other->common_status = self->common_status;
    keep_own(other);
    VELUM_TRY(erasure_begin(other, &whole));
    path_fill_entry(other, &other->entry);
    return write_batch_record(other->batch, &other->entry);
}

static velum_status begin_other(passage *self, const subject_id *id)
{
    passage other = beside(self, id);

    const velum_status status = begin_one(self, &other);
    self->problem = other.problem;
    self->hint = other.hint;
    locate_forget(&other);
    return status;
}

velum_status person_begin_erasure(passage *passage, const erasure_wish *wish)
{
    person_members others;

    if (passage->is_beside) {
        return VELUM_OK;
    }
    if (wish->by_term) {
        return person_leave(passage, &others);
    }
    VELUM_TRY(others_of(passage, &others));
    for (uint32_t i = 0; i < others.count; i++) {
        VELUM_TRY(begin_other(passage, &others.items[i].id));
    }
    return VELUM_OK;
}

velum_status person_write_stays(const passage *passage, json_writer *out)
{
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];

    if (!person_is_duplicate(passage)) {
        return VELUM_OK;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    pseudonym_format(permutation, person_of(passage), ref);
    json_member_string(out, "merged_into", ref);
    return VELUM_OK;
}

velum_status person_choose(passage *passage, uint32_t number)
{
    person_members others = {.count = 0};

    if (number == 1) {
        return VELUM_OK;
    }
    if (passage->is_of_several) {
        VELUM_TRY(others_of(passage, &others));
    }
    if (number - 2 >= others.count) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "There is no record of that number.");
    }
    locate_forget(passage);
    passage->subject = others.items[number - 2].id;
    return locate_subject(passage);
}

velum_status person_write_count(passage *passage, json_writer *out)
{
    person_members others;

    VELUM_TRY(others_of(passage, &others));
    if (others.count > 0) {
        json_member_integer(out, "records", others.count + 1);
    }
    return VELUM_OK;
}

static void write_other(const passage *passage, const aes_block *permutation, const subject_id *id,
                        bool erased, json_writer *out)
{
    char ref[PSEUDONYM_TEXT_BYTES];
    uint8_t event[ENTRY_TOKEN_BYTES];
    uint8_t certificate[16];
    char hex[2 * sizeof(certificate) + 1];

    json_begin_object(out);
    pseudonym_format(permutation, id, ref);
    json_member_string(out, "subject", ref);
    if (erased) {
        event_of(passage, id, event);
        certificate_id(event, certificate);
        hex_encode(certificate, sizeof(certificate), hex);
        json_member_string(out, "certificate", hex);
    }
    json_end_object(out);
}

velum_status person_write_others(passage *passage, bool erased, json_writer *out)
{
    const aes_block *permutation = NULL;
    person_members others;

    VELUM_TRY(others_of(passage, &others));
    if (others.count == 0 || passage->domain == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    json_name(out, "also");
    json_begin_array(out);
    for (uint32_t i = 0; i < others.count; i++) {
        write_other(passage, permutation, &others.items[i].id, erased, out);
    }
    json_end_array(out);
    return VELUM_OK;
}
