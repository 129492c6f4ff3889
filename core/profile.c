/* core/profile.c: sealing what is written, category by category. */
#include "core/profile.h"

#include "core/erasure.h"
#include "core/person.h"
#include "policy/mask.h"

/* --- reading the request ------------------------------------------------------------------------ */

static velum_status take_attribute(passage *passage, uint32_t index, const json_value *value,
                                   profile *out)
{
    out->attributes_set |= 1U << index;
    if (json_kind_of(value) == JSON_NULL) {
        out->attributes[index] = 0; /* forgotten */
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_TEXT || !field_value_is_valid(FIELD_TEXT, json_text(value))) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "An attribute is a short text.");
    }
    out->attributes[index] = attribute_value_hash(json_text(value));
    return VELUM_OK;
}

static velum_status take_field(passage *passage, uint32_t index, const json_value *value,
                               profile *out)
{
    const bundle_field *field = &passage->world->bundle->fields[index];
    const uint64_t bit = UINT64_C(1) << index;

    passage->asked |= bit;
    if (json_kind_of(value) == JSON_NULL) {
        out->removed |= bit;
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_TEXT || json_text(value).size > VAULT_FIELD_BYTES_MAX ||
        !field_value_is_valid(field->type, json_text(value))) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A value does not fit its field.");
    }
    out->values[index] = json_text(value);
    out->set |= bit;
    return VELUM_OK;
}

velum_status profile_parse(passage *passage, const json_value *object, profile *out)
{
    const bundle *bundle = passage->world->bundle;
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    *out = (profile){.set = 0};
    if (object == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(object) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`profile` is an object of field: text.");
    }
    while (json_next(object, &iterator, &name, &value)) {
        const uint32_t field = bundle_find(bundle, REGISTRY_FIELD, name);
        const uint32_t attribute = bundle_find(bundle, REGISTRY_ATTRIBUTE, name);
        if (field != BUNDLE_NONE) {
            VELUM_TRY(take_field(passage, field, value, out));
        } else if (attribute != BUNDLE_NONE) {
            VELUM_TRY(take_attribute(passage, attribute, value, out));
        } else {
            passage->unknown_fields++;
        }
    }
    return VELUM_OK;
}

/* --- the state ---------------------------------------------------------------------------------- */

static bool same_attributes(const subject_state *a, const subject_state *b)
{
    if (a->attribute_count != b->attribute_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->attribute_count; i++) {
        if (a->attributes[i].number != b->attributes[i].number ||
            a->attributes[i].value != b->attributes[i].value) {
            return false;
        }
    }
    return true;
}

/* Puts attributes and the dates of the age class into the state; true when it changed. */
static velum_status put_state_members(passage *passage, const profile *profile, bool *changed)
{
    const bundle *bundle = passage->world->bundle;
    const subject_state before = passage->state;
    subject_state *const state = &passage->state;
    civil_date birthday;

    for (uint32_t i = 0; i < bundle->attribute_count; i++) {
        if ((profile->attributes_set >> i & 1) != 0) {
            VELUM_TRY(subject_state_put_attribute(state, bundle->attributes[i].number,
                                                  profile->attributes[i]));
        }
    }
    const uint32_t field = bundle->birthday_field;
    if (field != BUNDLE_NONE && (profile->set >> field & 1) != 0 &&
        civil_date_parse(profile->values[field], &birthday) == VELUM_OK) {
        subject_state_put_birthday(state, &birthday);
    }
    if (field != BUNDLE_NONE && (profile->removed >> field & 1) != 0) {
        subject_state_put_birthday(state, NULL);
    }
    *changed = *changed || before.turns_14_day != state->turns_14_day ||
               before.turns_18_day != state->turns_18_day || !same_attributes(&before, state);
    return VELUM_OK;
}

/* Field bits of the profile that lie in a category. */
static uint64_t fields_in(const bundle *bundle, uint64_t fields, uint32_t category)
{
    uint64_t found = 0;

    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((fields >> i & 1) != 0 && bundle->fields[i].category == category) {
            found |= UINT64_C(1) << i;
        }
    }
    return found;
}

/* Merges the profile's fields of one category into its record. */
static velum_status merge_record(const bundle *bundle, const profile *profile, uint64_t fields,
                                 record *record, bool *changed)
{
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((fields >> i & 1) == 0) {
            continue;
        }
        const uint16_t number = bundle->fields[i].number;
        const text *old = record_find(record, number);
        const bool remove = (profile->removed >> i & 1) != 0;
        if (remove ? old == NULL : (old != NULL && text_equal(*old, profile->values[i]))) {
            continue;
        }
        VELUM_TRY(record_put(record, number, remove ? (text){NULL, 0} : profile->values[i]));
        *changed = true;
    }
    return VELUM_OK;
}

/* --- writing ------------------------------------------------------------------------------------ */

velum_status state_seal(passage *passage)
{
    uint8_t plain[SUBJECT_STATE_BYTES];

    subject_state_encode(&passage->state, plain);
    const velum_status status =
        vault_put_state(passage->gate->vault, passage->conn, passage->opened, plain);
    mem_wipe(plain, sizeof(plain));
    return status;
}

velum_status state_seal_final(passage *passage)
{
    uint8_t plain[SUBJECT_STATE_BYTES];

    subject_state_encode(&passage->state, plain);
    const velum_status status = vault_put_state_final(
        passage->gate->vault, passage->conn, passage->opened, plain, passage->batch->seq + 1);
    mem_wipe(plain, sizeof(plain));
    return status;
}

static velum_status load_record(passage *passage, uint32_t category, record **out)
{
    const uint16_t number = passage->world->bundle->categories[category].number;
    const uint32_t version = subject_state_category_version(&passage->state, number);
    void *slice = NULL;

    if (version != 0) {
        return vault_open_category(passage->opened, number, version, out);
    }
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(record), &slice));
    *out = slice;
    return VELUM_OK;
}

static search_term term_of(const bundle *bundle, const profile *profile, uint32_t index)
{
    const bundle_field *const field = &bundle->fields[index];
    const bool has_value = (profile->set >> index & 1) != 0;

    return (search_term){.field = field->number,
                         .category = bundle->categories[field->category].number,
                         .value = has_value ? profile->values[index] : TEXT_EMPTY};
}

/* The search index follows the fields that it is of. What was searchable once and is not any more
 * goes with the next value. */
static velum_status index_fields(passage *passage, const profile *profile, uint64_t fields)
{
    const bundle *const bundle = passage->world->bundle;

    for (uint64_t rest = fields; rest != 0; rest &= rest - 1) {
        const uint32_t index = (uint32_t)__builtin_ctzll(rest);
        search_term term = term_of(bundle, profile, index);
        if ((bundle->searchable >> index & 1) == 0) {
            term.value = TEXT_EMPTY;
        }
        VELUM_TRY(vault_search_put(passage->gate->vault, passage->conn, &passage->subject, &term));
    }
    return VELUM_OK;
}

/* Values that stand there already, of fields that may have become searchable since. */
static velum_status index_same(passage *passage, const profile *profile, uint64_t fields)
{
    const bundle *const bundle = passage->world->bundle;

    for (uint64_t rest = fields & profile->set & bundle->searchable; rest != 0; rest &= rest - 1) {
        const search_term term = term_of(bundle, profile, (uint32_t)__builtin_ctzll(rest));
        VELUM_TRY(vault_search_add(passage->gate->vault, passage->conn, &passage->subject, &term));
    }
    return VELUM_OK;
}

static velum_status merge_category(passage *passage, const profile *profile, uint32_t category,
                                   bool *changed)
{
    const bundle *bundle = passage->world->bundle;
    const uint64_t fields = fields_in(bundle, profile->set | profile->removed, category);
    const uint16_t number = bundle->categories[category].number;
    record *record = NULL;
    bool touched = false;

    if (fields == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(load_record(passage, category, &record));
    VELUM_TRY(merge_record(bundle, profile, fields, record, &touched));
    if (!touched) {
        return index_same(passage, profile, fields);
    }
    const uint32_t version = subject_state_category_version(&passage->state, number) + 1;
    const record_place place = {number, version, record};
    VELUM_TRY(vault_put_category(passage->gate->vault, passage->conn, passage->opened, &place));
    VELUM_TRY(index_fields(passage, profile, fields));
    *changed = true;
    return subject_state_put_category(&passage->state, number, version);
}

velum_status profile_merge(passage *passage, const profile *profile, bool *out_changed)
{
    *out_changed = false;
    for (uint32_t i = 0; i < passage->world->bundle->category_count; i++) {
        VELUM_TRY(merge_category(passage, profile, i, out_changed));
    }
    VELUM_TRY(put_state_members(passage, profile, out_changed));
    if (!*out_changed) {
        return VELUM_OK;
    }
    VELUM_TRY(state_seal(passage));
    return person_touch(passage);
}

static bool is_repeated(const passage *passage, uint32_t index)
{
    const identifier *const items = passage->identifiers;

    for (uint32_t i = 0; i < index; i++) {
        if (text_equal(items[i].type, items[index].type) &&
            items[i].value_size == items[index].value_size &&
            memcmp(items[i].value, items[index].value, items[index].value_size) == 0) {
            return true;
        }
    }
    return false;
}

static velum_status attach_all(passage *passage)
{
    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        if (!is_repeated(passage, i)) {
            VELUM_TRY(vault_attach(passage->gate->vault, passage->conn, &passage->subject,
                                   &passage->identifiers[i]));
        }
    }
    return VELUM_OK;
}

/* Somebody who was erased does not come back this way, or comes without marketing (I-6). */
static velum_status admit_all(passage *passage)
{
    bool objected = false;

    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        VELUM_TRY(erasure_admit(passage, &passage->identifiers[i], &objected));
        passage->state.restrictions |= objected ? RESTRICTION_MARKETING : 0;
    }
    return VELUM_OK;
}

/* The records of a new subject: the state that is sealed with it names their first versions. */
static velum_status put_first_records(passage *passage, const profile *profile)
{
    const bundle *bundle = passage->world->bundle;

    for (uint32_t i = 0; i < bundle->category_count; i++) {
        const uint64_t fields = fields_in(bundle, profile->set, i);
        record record = {.count = 0};
        bool changed = false;

        if (fields == 0) {
            continue;
        }
        VELUM_TRY(merge_record(bundle, profile, fields, &record, &changed));
        const record_place place = {bundle->categories[i].number, 1, &record};
        VELUM_TRY(vault_put_category(passage->gate->vault, passage->conn, passage->opened, &place));
    }
    return VELUM_OK;
}

velum_status profile_create(passage *passage, const profile *profile)
{
    const bundle *bundle = passage->world->bundle;
    uint8_t plain[SUBJECT_STATE_BYTES];
    bool changed = false;

    subject_state_init(&passage->state);
    VELUM_TRY(admit_all(passage));
    VELUM_TRY(put_state_members(passage, profile, &changed));
    for (uint32_t i = 0; i < bundle->category_count; i++) {
        if (fields_in(bundle, profile->set, i) != 0) {
            VELUM_TRY(subject_state_put_category(&passage->state, bundle->categories[i].number, 1));
        }
    }
    subject_state_encode(&passage->state, plain);
    const velum_status status =
        vault_create(passage->gate->vault, passage->conn, plain, passage->arena, &passage->opened);
    mem_wipe(plain, sizeof(plain));
    VELUM_TRY(status);
    passage->subject = *opened_id(passage->opened);
    passage->has_subject = true;
    VELUM_TRY(attach_all(passage));
    VELUM_TRY(put_first_records(passage, profile));
    VELUM_TRY(index_same(passage, profile, UINT64_MAX));
    return write_batch_touch(passage->batch, &passage->subject);
}
