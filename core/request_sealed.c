/* core/request_sealed.c: what somebody typed, and who they said they were (docs/formats/request.md). */
#include "core/request_row.h"

#include "base/cbor.h"

#define FORMAT 1
#define KEY_FORMAT 1
#define KEY_ID 2
#define KEY_DETAILS 3
#define KEY_IDENTIFIER_TYPE 4
#define KEY_IDENTIFIER_VALUE 5
#define KEY_METHOD 6
#define KEY_VERIFIED 7
#define KEY_VERIFIED_BY 8
#define KEY_NOTES 9
#define NOTE_PARTS 4

/* --- writing ---------------------------------------------------------------------------------------- */

static void write_text(buffer *out, uint64_t key, text value)
{
    if (value.size > 0) {
        cbor_write_unsigned(out, key);
        cbor_write_text(out, value);
    }
}

static void write_notes(buffer *out, const request_facts *facts)
{
    if (facts->note_count == 0) {
        return;
    }
    cbor_write_unsigned(out, KEY_NOTES);
    cbor_write_array(out, facts->note_count);
    for (uint32_t i = 0; i < facts->note_count; i++) {
        const request_note *const note = &facts->notes[i];
        cbor_write_array(out, NOTE_PARTS);
        cbor_write_unsigned(out, note->act);
        cbor_write_unsigned(out, (uint64_t)note->at_ns);
        cbor_write_bytes(out, note->by, sizeof(note->by));
        cbor_write_text(out, note->words);
    }
}

static uint64_t count_members(const request_facts *facts)
{
    return 2U + (facts->details.size > 0 ? 1U : 0U) + (facts->identifier_type.size > 0 ? 1U : 0U) +
           (facts->identifier_value.size > 0 ? 1U : 0U) + (facts->method != 0 ? 3U : 0U) +
           (facts->note_count > 0 ? 1U : 0U);
}

void request_facts_encode(const request *row, const request_facts *facts, buffer *out)
{
    cbor_write_map(out, count_members(facts));
    cbor_write_unsigned(out, KEY_FORMAT);
    cbor_write_unsigned(out, FORMAT);
    cbor_write_unsigned(out, KEY_ID);
    cbor_write_bytes(out, row->id, sizeof(row->id));
    write_text(out, KEY_DETAILS, facts->details);
    write_text(out, KEY_IDENTIFIER_TYPE, facts->identifier_type);
    write_text(out, KEY_IDENTIFIER_VALUE, facts->identifier_value);
    if (facts->method != 0) {
        cbor_write_unsigned(out, KEY_METHOD);
        cbor_write_unsigned(out, facts->method);
        cbor_write_unsigned(out, KEY_VERIFIED);
        cbor_write_unsigned(out, (uint64_t)facts->verified_ns);
        cbor_write_unsigned(out, KEY_VERIFIED_BY);
        cbor_write_bytes(out, facts->verified_by, sizeof(facts->verified_by));
    }
    write_notes(out, facts);
}

/* --- reading ---------------------------------------------------------------------------------------- */

static velum_status read_item(cbor_reader *reader, cbor_kind kind, cbor_item *out)
{
    VELUM_TRY(cbor_next(reader, out));
    return out->kind == kind ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status read_number(cbor_reader *reader, uint64_t *out)
{
    cbor_item item;

    VELUM_TRY(read_item(reader, CBOR_UNSIGNED, &item));
    *out = item.number;
    return VELUM_OK;
}

static velum_status read_text(cbor_reader *reader, size_t bytes_max, text *out)
{
    cbor_item item;

    VELUM_TRY(read_item(reader, CBOR_TEXT, &item));
    *out = (text){(const char *)item.data, item.size};
    return item.size <= bytes_max ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status read_token(cbor_reader *reader, uint8_t out[16])
{
    cbor_item item;

    VELUM_TRY(read_item(reader, CBOR_BYTES, &item));
    if (item.size != 16) {
        return VELUM_E_INVALID;
    }
    memcpy(out, item.data, 16);
    return VELUM_OK;
}

static velum_status read_note(cbor_reader *reader, request_note *out)
{
    cbor_item item;
    uint64_t act = 0;
    uint64_t at_ns = 0;

    VELUM_TRY(read_item(reader, CBOR_ARRAY, &item));
    VELUM_TRY(read_number(reader, &act));
    VELUM_TRY(read_number(reader, &at_ns));
    VELUM_TRY(read_token(reader, out->by));
    VELUM_TRY(read_text(reader, REQUEST_NOTE_BYTES_MAX, &out->words));
    out->act = (uint32_t)act;
    out->at_ns = (int64_t)at_ns;
    return item.number == NOTE_PARTS && act < REQUEST_ACT_COUNT ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status read_notes(cbor_reader *reader, request_facts *out)
{
    cbor_item item;

    VELUM_TRY(read_item(reader, CBOR_ARRAY, &item));
    if (item.number > REQUEST_NOTES_MAX) {
        return VELUM_E_INVALID;
    }
    while (out->note_count < item.number) {
        VELUM_TRY(read_note(reader, &out->notes[out->note_count]));
        out->note_count++;
    }
    return VELUM_OK;
}

static velum_status read_member(cbor_reader *reader, uint64_t key, request_facts *out)
{
    uint64_t number = 0;

    switch (key) {
    case KEY_DETAILS:
        return read_text(reader, REQUEST_DETAILS_BYTES_MAX, &out->details);
    case KEY_IDENTIFIER_TYPE:
        return read_text(reader, 64, &out->identifier_type);
    case KEY_IDENTIFIER_VALUE:
        return read_text(reader, IDENTIFIER_VALUE_BYTES_MAX, &out->identifier_value);
    case KEY_METHOD:
        VELUM_TRY(read_number(reader, &number));
        out->method = (uint32_t)number;
        return number < METHOD_COUNT ? VELUM_OK : VELUM_E_INVALID;
    case KEY_VERIFIED:
        VELUM_TRY(read_number(reader, &number));
        out->verified_ns = (int64_t)number;
        return VELUM_OK;
    case KEY_VERIFIED_BY:
        return read_token(reader, out->verified_by);
    case KEY_NOTES:
        return read_notes(reader, out);
    default:
        return VELUM_E_INVALID;
    }
}

/* Format and id come first, so that nothing else is believed of another row or a later version. */
static velum_status read_head(cbor_reader *reader, const request *row)
{
    uint64_t key = 0;
    uint64_t format = 0;
    uint8_t id[16];

    VELUM_TRY(read_number(reader, &key));
    VELUM_TRY(read_number(reader, &format));
    if (key != KEY_FORMAT || format != FORMAT) {
        return key == KEY_FORMAT && format > FORMAT ? VELUM_E_NEWER : VELUM_E_INVALID;
    }
    VELUM_TRY(read_number(reader, &key));
    VELUM_TRY(read_token(reader, id));
    return key == KEY_ID && memcmp(id, row->id, sizeof(id)) == 0 ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status read_facts(crypto_part plain, const request *row, request_facts *out)
{
    cbor_reader reader = {plain.data, plain.size, 0};
    cbor_item map;
    uint64_t key = 0;

    VELUM_TRY(cbor_check(plain.data, plain.size));
    VELUM_TRY(read_item(&reader, CBOR_MAP, &map));
    VELUM_TRY(map.number >= 2 ? read_head(&reader, row) : VELUM_E_INVALID);
    for (uint64_t i = 2; i < map.number; i++) {
        VELUM_TRY(read_number(&reader, &key));
        VELUM_TRY(read_member(&reader, key, out));
    }
    return VELUM_OK;
}

velum_status request_facts_decode(crypto_part plain, const request *row, request_facts *out)
{
    *out = (request_facts){.method = 0};
    const velum_status status = read_facts(plain, row, out);
    return status == VELUM_E_INVALID || status == VELUM_END || status == VELUM_E_LIMIT
               ? VELUM_E_CORRUPT
               : status;
}

/* --- keys ------------------------------------------------------------------------------------------- */

/* The subject's evidence key, in whatever status; NULL for somebody who is not stored. */
static velum_status open_key(passage *passage, const request *row, const opened_subject **out)
{
    *out = NULL;
    if (!row->has_subject) {
        return VELUM_OK;
    }
    if (passage->opened != NULL &&
        memcmp(opened_id(passage->opened)->bytes, row->subject.bytes, SUBJECT_ID_BYTES) == 0) {
        *out = passage->opened;
        return VELUM_OK;
    }
    return vault_open_evidence(passage->gate->vault, passage->conn, &row->subject, passage->arena,
                               out);
}

velum_status request_seal(passage *passage, const request *row, const request_facts *facts,
                          buffer *out)
{
    const opened_subject *opened = NULL;
    VELUM_AUTO_BUFFER plain = {0};

    buffer_init(&plain, REQUEST_SEALED_BYTES_MAX);
    request_facts_encode(row, facts, &plain);
    VELUM_TRY(buffer_status(&plain));
    VELUM_TRY(open_key(passage, row, &opened));
    return vault_seal_evidence(passage->gate->vault, opened, opened == NULL ? row->id : NULL,
                               PLACE_REQUEST, row->sealed_version,
                               (crypto_part){plain.data, plain.size}, out);
}

static velum_status unseal_into_arena(passage *passage, const request *row, crypto_part sealed,
                                      crypto_part *out)
{
    const opened_subject *opened = NULL;
    void *slice = NULL;

    if (sealed.size <= SEALED_OVERHEAD_BYTES || sealed.size > REQUEST_SEALED_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(open_key(passage, row, &opened));
    VELUM_TRY(secret_arena_slice(passage->arena, sealed.size - SEALED_OVERHEAD_BYTES, &slice));
    VELUM_TRY(vault_unseal_evidence(passage->gate->vault, opened, opened == NULL ? row->id : NULL,
                                    PLACE_REQUEST, row->sealed_version, sealed, slice));
    *out = (crypto_part){slice, sealed.size - SEALED_OVERHEAD_BYTES};
    return VELUM_OK;
}

velum_status request_unseal(passage *passage, const request *row, request_facts *out)
{
    store_stmt *stmt = NULL;
    crypto_part plain = {NULL, 0};

    *out = (request_facts){.method = 0};
    VELUM_TRY(conn_statement(passage->conn, "SELECT sealed FROM request WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
    velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        status = unseal_into_arena(passage, row, stmt_blob(stmt, 0), &plain);
    } else if (status == VELUM_END) {
        status = VELUM_E_CORRUPT;
    }
    stmt_reset(stmt);
    VELUM_TRY(status);
    return request_facts_decode(plain, row, out);
}

velum_status request_put_facts(passage *passage, request *row, const request_facts *facts)
{
    VELUM_AUTO_BUFFER sealed = {0};

    buffer_init(&sealed, REQUEST_SEALED_BYTES_MAX);
    row->sealed_version++;
    VELUM_TRY(request_seal(passage, row, facts, &sealed));
    return request_update_sealed(passage->conn, row, (crypto_part){sealed.data, sealed.size});
}

/* --- notes ------------------------------------------------------------------------------------------ */

bool request_words_are_valid(text words, size_t bytes_max)
{
    size_t offset = 0;
    uint32_t point = 0;

    if (words.size > bytes_max || !utf8_is_valid(words)) {
        return false;
    }
    while (utf8_next(words, &offset, &point)) {
        const bool is_control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
        if (is_control && point != '\n' && point != '\t') {
            return false;
        }
    }
    return true;
}

velum_status request_add_note(passage *passage, request *row, uint32_t act, text words)
{
    request_facts facts;

    if (words.size == 0) {
        return VELUM_OK;
    }
    if (!request_words_are_valid(words, REQUEST_NOTE_BYTES_MAX)) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A note is text of at most 4096 bytes.");
    }
    VELUM_TRY(request_unseal(passage, row, &facts));
    if (facts.note_count == REQUEST_NOTES_MAX) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A request has at most 16 notes.");
    }
    request_note *const note = &facts.notes[facts.note_count++];
    *note = (request_note){.act = act, .at_ns = passage->clock.now_ns, .words = words};
    memcpy(note->by, passage->actor.token, sizeof(note->by));
    return request_put_facts(passage, row, &facts);
}

/* Length before the type, so that no two identifiers give the same bytes. */
void request_asker(const keyring *keys, const identifier *value, uint8_t out[REQUEST_ASKER_BYTES])
{
    uint8_t key[KEY_BYTES];
    uint8_t size[4];
    const crypto_part parts[] = {{size, sizeof(size)},
                                 {value->type.data, value->type.size},
                                 {value->value, value->value_size}};

    bytes_write_u32be(size, (uint32_t)value->type.size);
    keyring_token_key(keys, "request asker", key);
    hmac_sha256(key, parts, sizeof(parts) / sizeof(parts[0]), out);
    mem_wipe(key, sizeof(key));
}
