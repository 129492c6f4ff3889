/* audit/entry_reader.c: entries from CBOR.
 *
 * Accepts exactly what entry.c writes: keys ascending, shortest forms (cbor_next), nothing absent
 * spelt out, maps sorted. So reading and writing again gives the same bytes without doing it
 * (spec/audit "A leaf"); tests and the fuzz target do it.
 */
#include "audit/entry_members.h"

#include "base/cbor.h"

static void *at_mutable(audit_entry *entry, uint16_t offset)
{
    return (uint8_t *)entry + offset;
}

static void set_count(audit_entry *entry, const entry_member *m, uint64_t count)
{
    const uint32_t narrow = (uint32_t)count;

    memcpy(at_mutable(entry, m->count_offset), &narrow, sizeof narrow);
}

static velum_status next_of(cbor_reader *reader, cbor_kind kind, cbor_item *out)
{
    const velum_status status = cbor_next(reader, out);

    if (status != VELUM_OK || out->kind != kind) {
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}

static velum_status next_number(cbor_reader *reader, uint64_t limit, uint64_t *out)
{
    cbor_item item;

    VELUM_TRY(next_of(reader, CBOR_UNSIGNED, &item));
    if (item.number > limit) {
        return VELUM_E_INVALID;
    }
    *out = item.number;
    return VELUM_OK;
}

static velum_status read_time(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    cbor_item item;
    const velum_status status = cbor_next(reader, &item);

    if (status != VELUM_OK || (item.kind != CBOR_UNSIGNED && item.kind != CBOR_NEGATIVE) ||
        item.number > INT64_MAX || (item.kind == CBOR_UNSIGNED && item.number == 0)) {
        return VELUM_E_INVALID;
    }
    const int64_t value =
        item.kind == CBOR_NEGATIVE ? -1 - (int64_t)item.number : (int64_t)item.number;
    memcpy(at_mutable(out, m->offset), &value, sizeof value);
    return VELUM_OK;
}

static velum_status read_number(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    uint64_t value = 0;

    VELUM_TRY(next_number(reader, m->kind == MEMBER_U32 ? UINT32_MAX : UINT64_MAX, &value));
    if (value == 0) {
        return VELUM_E_INVALID;
    }
    if (m->kind == MEMBER_U32) {
        const uint32_t narrow = (uint32_t)value;
        memcpy(at_mutable(out, m->offset), &narrow, sizeof narrow);
    } else {
        memcpy(at_mutable(out, m->offset), &value, sizeof value);
    }
    return VELUM_OK;
}

static velum_status read_bytes(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    cbor_item item;

    VELUM_TRY(next_of(reader, CBOR_BYTES, &item));
    if (item.size != m->limit || entry_bytes_are_zero(item.data, item.size)) {
        return VELUM_E_INVALID;
    }
    memcpy(at_mutable(out, m->offset), item.data, item.size);
    return VELUM_OK;
}

static velum_status read_list(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    uint32_t *const items = at_mutable(out, m->offset);
    cbor_item head;

    VELUM_TRY(next_of(reader, CBOR_ARRAY, &head));
    if (head.number == 0 || head.number > m->limit) {
        return VELUM_E_INVALID;
    }
    for (uint64_t i = 0; i < head.number; i++) {
        uint64_t value = 0;
        VELUM_TRY(next_number(reader, UINT32_MAX, &value));
        items[i] = (uint32_t)value;
    }
    set_count(out, m, head.number);
    return VELUM_OK;
}

static velum_status read_pairs(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    const bool inputs = m->kind == MEMBER_INPUTS;
    uint64_t last = 0;
    cbor_item head;

    VELUM_TRY(next_of(reader, CBOR_MAP, &head));
    if (head.number == 0 || head.number > m->limit) {
        return VELUM_E_INVALID;
    }
    for (uint64_t i = 0; i < head.number; i++) {
        uint64_t key = 0;
        uint64_t value = 0;
        VELUM_TRY(next_number(reader, UINT32_MAX, &key));
        VELUM_TRY(next_number(reader, inputs ? UINT64_MAX : UINT32_MAX, &value));
        if (i > 0 && key <= last) {
            return VELUM_E_INVALID;
        }
        last = key;
        if (inputs) {
            out->inputs[i] = (entry_input){(uint32_t)key, value};
        } else {
            out->masks[i] = (entry_mask){(uint32_t)key, (uint32_t)value};
        }
    }
    set_count(out, m, head.number);
    return VELUM_OK;
}

static velum_status read_name(cbor_reader *reader, audit_entry *out)
{
    cbor_item item;

    VELUM_TRY(next_of(reader, CBOR_TEXT, &item));
    if (!entry_name_is_valid((text){(const char *)item.data, item.size})) {
        return VELUM_E_INVALID;
    }
    memcpy(out->registry_name, item.data, item.size);
    return VELUM_OK;
}

static velum_status read_subjects(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    cbor_item item;

    VELUM_TRY(next_of(reader, CBOR_BYTES, &item));
    if (item.size == 0 || item.size % ENTRY_TOKEN_BYTES != 0 ||
        item.size / ENTRY_TOKEN_BYTES > m->limit) {
        return VELUM_E_INVALID;
    }
    out->subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])item.data;
    set_count(out, m, item.size / ENTRY_TOKEN_BYTES);
    return VELUM_OK;
}

static velum_status read_member(cbor_reader *reader, const entry_member *m, audit_entry *out)
{
    switch ((member_kind)m->kind) {
    case MEMBER_TIME:
        return read_time(reader, m, out);
    case MEMBER_BYTES:
        return read_bytes(reader, m, out);
    case MEMBER_LIST:
        return read_list(reader, m, out);
    case MEMBER_MASKS:
    case MEMBER_INPUTS:
        return read_pairs(reader, m, out);
    case MEMBER_NAME:
        return read_name(reader, out);
    case MEMBER_SUBJECTS:
        return read_subjects(reader, m, out);
    default:
        return read_number(reader, m, out);
    }
}

velum_status entry_decode(const uint8_t *body, size_t size, audit_entry *out)
{
    cbor_reader reader = {body, size, 0};
    cbor_item head;
    size_t next = 0; /* members are in ascending order, so are the keys read */

    if (size > ENTRY_BODY_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    memset(out, 0, sizeof *out);
    VELUM_TRY(next_of(&reader, CBOR_MAP, &head));
    for (uint64_t i = 0; i < head.number; i++) {
        uint64_t key = 0;
        VELUM_TRY(next_number(&reader, UINT8_MAX, &key));
        while (next < ENTRY_MEMBER_COUNT && entry_members[next].key < key) {
            next++;
        }
        if (next == ENTRY_MEMBER_COUNT || entry_members[next].key != key) {
            return VELUM_E_INVALID;
        }
        VELUM_TRY(read_member(&reader, &entry_members[next], out));
        next++;
    }
    return reader.offset == size ? VELUM_OK : VELUM_E_INVALID;
}
