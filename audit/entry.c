/* audit/entry.c: the table of an entry's members, and entries to CBOR. */
#include "audit/entry_members.h"

#include <assert.h>

#include "base/cbor.h"

#define PAIRS_MAX ENTRY_FIELDS_MAX
static_assert(ENTRY_INPUTS_MAX <= PAIRS_MAX, "both maps fit the sorted copy");

#define NUMBER(key, kind, name)                      \
    {                                                \
        key, kind, 0, offsetof(audit_entry, name), 0 \
    }
#define BYTES(key, size, name)                                  \
    {                                                           \
        key, MEMBER_BYTES, size, offsetof(audit_entry, name), 0 \
    }
#define ITEMS(key, kind, limit, name, count)                                        \
    {                                                                               \
        key, kind, limit, offsetof(audit_entry, name), offsetof(audit_entry, count) \
    }

/* docs/formats/leaf.md, "Body". Ascending keys (RFC 8949 §4.2.1). */
const entry_member entry_members[ENTRY_MEMBER_COUNT] = {
    BYTES(1, ENTRY_TOKEN_BYTES, event_id),
    NUMBER(2, MEMBER_U32, type),
    NUMBER(3, MEMBER_U32, stage),
    NUMBER(4, MEMBER_U64, outbox_seq),
    NUMBER(5, MEMBER_TIME, at_ns),
    NUMBER(6, MEMBER_U64, node),
    BYTES(7, ENTRY_TOKEN_BYTES, boot_id),
    NUMBER(8, MEMBER_U32, tenant),
    BYTES(9, ENTRY_TOKEN_BYTES, actor_token),
    NUMBER(10, MEMBER_U32, client),
    BYTES(11, ENTRY_TOKEN_BYTES, user_token),
    ITEMS(12, MEMBER_LIST, ENTRY_ROLES_MAX, roles, role_count),
    NUMBER(13, MEMBER_U32, auth_method),
    BYTES(14, ENTRY_TOKEN_BYTES, subject_token),
    NUMBER(15, MEMBER_U32, token_epoch),
    NUMBER(16, MEMBER_U32, domain),
    NUMBER(17, MEMBER_U32, activity),
    NUMBER(18, MEMBER_U32, purpose),
    NUMBER(19, MEMBER_U32, legal_basis),
    NUMBER(20, MEMBER_U32, reason_code),
    BYTES(21, ENTRY_TOKEN_BYTES, consent_id),
    NUMBER(22, MEMBER_U32, consent_version),
    BYTES(23, 32, notice_hash),
    NUMBER(24, MEMBER_U32, consent_state),
    NUMBER(25, MEMBER_U32, jurisdiction),
    NUMBER(26, MEMBER_U32, action),
    NUMBER(27, MEMBER_U32, resource),
    ITEMS(28, MEMBER_LIST, ENTRY_FIELDS_MAX, asked, asked_count),
    ITEMS(29, MEMBER_LIST, ENTRY_FIELDS_MAX, released, released_count),
    ITEMS(30, MEMBER_MASKS, ENTRY_FIELDS_MAX, masks, mask_count),
    NUMBER(31, MEMBER_U32, unknown_field_count),
    NUMBER(32, MEMBER_U64, record_count),
    NUMBER(33, MEMBER_U32, recipient),
    NUMBER(34, MEMBER_U32, decision),
    BYTES(35, 32, policy_hash),
    NUMBER(36, MEMBER_U32, rule),
    NUMBER(37, MEMBER_U32, refusal),
    NUMBER(38, MEMBER_U32, obligations),
    ITEMS(39, MEMBER_INPUTS, ENTRY_INPUTS_MAX, inputs, input_count),
    BYTES(40, ENTRY_TOKEN_BYTES, request_id),
    BYTES(41, ENTRY_TOKEN_BYTES, caller_id_mac),
    NUMBER(42, MEMBER_U32, intended_status),
    NUMBER(43, MEMBER_U64, repeated),
    BYTES(44, 32, detail_hash),
    BYTES(45, ENTRY_TOKEN_BYTES, related),
    NUMBER(46, MEMBER_U32, retention_class),
    NUMBER(47, MEMBER_U32, registry_kind),
    NUMBER(48, MEMBER_U32, registry_number),
    ITEMS(49, MEMBER_NAME, ENTRY_NAME_BYTES_MAX, registry_name, registry_name),
    ITEMS(50, MEMBER_SUBJECTS, ENTRY_SUBJECTS_MAX, subjects, subject_count),
};

static const void *at(const audit_entry *entry, uint16_t offset)
{
    return (const uint8_t *)entry + offset;
}

static uint32_t count_of(const audit_entry *entry, const entry_member *m)
{
    uint32_t count;

    memcpy(&count, at(entry, m->count_offset), sizeof count);
    return count;
}

bool entry_bytes_are_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;

    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static uint64_t number_of(const audit_entry *entry, const entry_member *m)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;

    if (m->kind == MEMBER_U32) {
        memcpy(&narrow, at(entry, m->offset), sizeof narrow);
        return narrow;
    }
    memcpy(&wide, at(entry, m->offset), sizeof wide);
    return wide;
}

static bool is_present(const audit_entry *entry, const entry_member *m)
{
    switch ((member_kind)m->kind) {
    case MEMBER_U32:
    case MEMBER_U64:
    case MEMBER_TIME:
        return number_of(entry, m) != 0;
    case MEMBER_BYTES:
        return !entry_bytes_are_zero(at(entry, m->offset), m->limit);
    case MEMBER_NAME:
        return entry->registry_name[0] != '\0';
    default:
        return count_of(entry, m) != 0;
    }
}

static velum_status write_list(const audit_entry *entry, const entry_member *m, buffer *out)
{
    const uint32_t *const items = at(entry, m->offset);
    const uint32_t count = count_of(entry, m);

    cbor_write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        cbor_write_unsigned(out, items[i]);
    }
    return VELUM_OK;
}

/* Insertion sort: a handful of items, nearly always in order. */
static velum_status sort_pairs(entry_input *pairs, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const entry_input held = pairs[i];
        uint32_t j = i;
        for (; j > 0 && pairs[j - 1].key > held.key; j--) {
            pairs[j] = pairs[j - 1];
        }
        pairs[j] = held;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (pairs[i].key == pairs[i - 1].key) {
            return VELUM_E_INVALID;
        }
    }
    return VELUM_OK;
}

static velum_status write_pairs(const audit_entry *entry, const entry_member *m, buffer *out)
{
    entry_input pairs[PAIRS_MAX];
    const uint32_t count = count_of(entry, m);

    for (uint32_t i = 0; i < count; i++) {
        pairs[i] = m->kind == MEMBER_INPUTS
                       ? entry->inputs[i]
                       : (entry_input){entry->masks[i].field, entry->masks[i].mask};
    }
    VELUM_TRY(sort_pairs(pairs, count));
    cbor_write_map(out, count);
    for (uint32_t i = 0; i < count; i++) {
        cbor_write_unsigned(out, pairs[i].key);
        cbor_write_unsigned(out, pairs[i].value);
    }
    return VELUM_OK;
}

bool entry_name_is_valid(text name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < 0x20 || name.data[i] > 0x7e) {
            return false;
        }
    }
    return name.size > 0 && name.size <= ENTRY_NAME_BYTES_MAX;
}

static velum_status write_name(const audit_entry *entry, buffer *out)
{
    const text name = {entry->registry_name,
                       strnlen(entry->registry_name, sizeof entry->registry_name)};

    if (!entry_name_is_valid(name)) {
        return VELUM_E_INVALID;
    }
    cbor_write_text(out, name);
    return VELUM_OK;
}

static velum_status write_number(const audit_entry *entry, const entry_member *m, buffer *out)
{
    if (m->kind == MEMBER_TIME) {
        cbor_write_integer(out, (int64_t)number_of(entry, m));
    } else {
        cbor_write_unsigned(out, number_of(entry, m));
    }
    return VELUM_OK;
}

static velum_status write_member(const audit_entry *entry, const entry_member *m, buffer *out)
{
    cbor_write_unsigned(out, m->key);
    switch ((member_kind)m->kind) {
    case MEMBER_BYTES:
        cbor_write_bytes(out, at(entry, m->offset), m->limit);
        return VELUM_OK;
    case MEMBER_LIST:
        return write_list(entry, m, out);
    case MEMBER_MASKS:
    case MEMBER_INPUTS:
        return write_pairs(entry, m, out);
    case MEMBER_NAME:
        return write_name(entry, out);
    case MEMBER_SUBJECTS:
        cbor_write_bytes(out, entry->subjects, (size_t)entry->subject_count * ENTRY_TOKEN_BYTES);
        return VELUM_OK;
    default:
        return write_number(entry, m, out);
    }
}

static bool counts_are_valid(const audit_entry *entry)
{
    for (size_t i = 0; i < ENTRY_MEMBER_COUNT; i++) {
        const bool counted =
            entry_members[i].kind == MEMBER_LIST || entry_members[i].kind == MEMBER_MASKS ||
            entry_members[i].kind == MEMBER_INPUTS || entry_members[i].kind == MEMBER_SUBJECTS;
        if (counted && count_of(entry, &entry_members[i]) > entry_members[i].limit) {
            return false;
        }
    }
    return entry->subject_count == 0 || entry->subjects != NULL;
}

velum_status entry_encode(const audit_entry *entry, buffer *out)
{
    const size_t start = out->size;
    bool here[ENTRY_MEMBER_COUNT];
    uint64_t present = 0;

    if (!counts_are_valid(entry)) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < ENTRY_MEMBER_COUNT; i++) {
        here[i] = is_present(entry, &entry_members[i]);
        present += here[i] ? 1 : 0;
    }
    cbor_write_map(out, present);
    for (size_t i = 0; i < ENTRY_MEMBER_COUNT; i++) {
        if (here[i]) {
            VELUM_TRY(write_member(entry, &entry_members[i], out));
        }
    }
    VELUM_TRY(buffer_status(out));
    return out->size - start > ENTRY_BODY_BYTES_MAX ? VELUM_E_LIMIT : VELUM_OK;
}
