/* audit/note.c: C2SP signed-note v1.0.0. */
#include "audit/note.h"

#include <stdio.h>

#define KEY_ID_BYTES 4
#define SIGNATURE_MARK "\xe2\x80\x94 " /* U+2014 and a space */
#define SIGNATURE_MARK_BYTES 4

/* What a type byte means. Cosignatures (0x04) and ML-DSA-44 (0x06) would be rows here. */
typedef struct note_algorithm {
    uint8_t type;
    size_t public_bytes;
    size_t signature_bytes;
    bool (*holds)(const note_key *key, text body, const uint8_t *signature);
} note_algorithm;

static bool ed25519_holds(const note_key *key, text body, const uint8_t *signature)
{
    return ed25519_verify(key->public_key, body.data, body.size, signature);
}

static const note_algorithm algorithms[] = {
    {NOTE_TYPE_ED25519, ED25519_PUBLIC_BYTES, ED25519_SIGNATURE_BYTES, ed25519_holds},
};

static const note_algorithm *algorithm_of(uint8_t type)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].type == type) {
            return &algorithms[i];
        }
    }
    return NULL;
}

/* ---- Names and keys -------------------------------------------------------------------------- */

/* White_Space of the Unicode Character Database, beyond the control characters. */
static bool is_unicode_space(uint32_t c)
{
    return c == 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* The specification's rule, for names of any length. */
static bool name_is_wellformed(text name)
{
    size_t offset = 0;
    uint32_t c = 0;

    if (name.size == 0 || !utf8_is_printable(name)) {
        return false;
    }
    while (utf8_next(name, &offset, &c)) {
        if (c == '+' || is_unicode_space(c)) {
            return false;
        }
    }
    return true;
}

bool note_name_is_valid(text name)
{
    return name.size <= NOTE_NAME_BYTES_MAX && name_is_wellformed(name);
}

static uint32_t key_id(text name, uint8_t type, const uint8_t *public_key, size_t public_bytes)
{
    const uint8_t middle[2] = {'\n', type};
    const crypto_part parts[] = {
        {name.data, name.size}, {middle, sizeof middle}, {public_key, public_bytes}};
    uint8_t digest[SHA256_BYTES];

    sha256_parts(parts, 3, digest);
    return bytes_read_u32be(digest);
}

static void key_set(note_key *out, text name, uint8_t type, const uint8_t *public_key, size_t size)
{
    memset(out, 0, sizeof *out);
    memcpy(out->name, name.data, name.size);
    memcpy(out->public_key, public_key, size);
    out->type = type;
    out->id = key_id(name, type, public_key, size);
}

velum_status note_key_of_seed(text name, const uint8_t seed[ED25519_SEED_BYTES], note_key *out)
{
    uint8_t public_key[ED25519_PUBLIC_BYTES];

    if (!note_name_is_valid(name)) {
        return VELUM_E_INVALID;
    }
    ed25519_public(seed, public_key);
    key_set(out, name, NOTE_TYPE_ED25519, public_key, sizeof public_key);
    return VELUM_OK;
}

velum_status note_key_parse(text line, note_key *out)
{
    uint8_t packed[1 + NOTE_PUBLIC_BYTES_MAX];
    size_t packed_size = 0;
    char canonical[NOTE_KEY_TEXT_BYTES];
    text rest = line;
    text name;
    text id;

    if (!text_split(&rest, '+', &name) || !text_split(&rest, '+', &id) || rest.data == NULL) {
        return VELUM_E_INVALID;
    }
    if (!note_name_is_valid(name) ||
        base64_decode(rest, packed, sizeof packed, &packed_size) != VELUM_OK || packed_size == 0) {
        return VELUM_E_INVALID;
    }
    const note_algorithm *const algorithm = algorithm_of(packed[0]);
    if (algorithm == NULL) {
        return VELUM_E_UNSUPPORTED;
    }
    if (packed_size != 1 + algorithm->public_bytes) {
        return VELUM_E_INVALID;
    }
    key_set(out, name, packed[0], packed + 1, algorithm->public_bytes);
    note_key_format(out, canonical); /* one spelling of a key: the id is right and in lower case */
    return text_equal_literal(line, canonical) ? VELUM_OK : VELUM_E_INVALID;
}

void note_key_format(const note_key *key, char out[NOTE_KEY_TEXT_BYTES])
{
    const note_algorithm *const algorithm = algorithm_of(key->type);
    const size_t public_bytes = algorithm == NULL ? 0 : algorithm->public_bytes;
    uint8_t packed[1 + NOTE_PUBLIC_BYTES_MAX];
    char encoded[BASE64_SIZE(sizeof packed) + 1];

    packed[0] = key->type;
    memcpy(packed + 1, key->public_key, public_bytes);
    base64_encode(packed, 1 + public_bytes, encoded);
    (void)snprintf(out, NOTE_KEY_TEXT_BYTES, "%s+%08x+%s", key->name, (unsigned)key->id, encoded);
}

/* ---- Signing --------------------------------------------------------------------------------- */

velum_status note_sign(text body, const note_key *key, const uint8_t seed[ED25519_SEED_BYTES],
                       buffer *out)
{
    uint8_t packed[KEY_ID_BYTES + ED25519_SIGNATURE_BYTES];
    char encoded[BASE64_SIZE(sizeof packed) + 1];

    if (key->type != NOTE_TYPE_ED25519 || body.size == 0 || body.data[body.size - 1] != '\n') {
        return VELUM_E_INVALID;
    }
    bytes_write_u32be(packed, key->id);
    ed25519_sign(seed, body.data, body.size, packed + KEY_ID_BYTES);
    base64_encode(packed, sizeof packed, encoded);
    buffer_append(out, body.data, body.size);
    buffer_append_text(out, "\n" SIGNATURE_MARK);
    buffer_append_text(out, key->name);
    buffer_append_text(out, " ");
    buffer_append_text(out, encoded);
    buffer_append_text(out, "\n");
    return buffer_status(out);
}

/* ---- Opening --------------------------------------------------------------------------------- */

typedef struct signature_line {
    text name;
    uint32_t id;
    uint8_t bytes[NOTE_SIGNATURE_BYTES_MAX];
    size_t size; /* of the signature; more than fits above is cut, and no known type has it */
} signature_line;

static bool text_is_allowed(text note)
{
    for (size_t i = 0; i < note.size; i++) {
        if ((uint8_t)note.data[i] < 0x20 && note.data[i] != '\n') {
            return false;
        }
    }
    return note.size <= NOTE_BYTES_MAX && utf8_is_valid(note);
}

/* Splits at the last empty line; the body keeps its LF. */
static bool split_note(text note, text *out_body, text *out_signatures)
{
    if (note.size < 3 || note.data[note.size - 1] != '\n') {
        return false;
    }
    for (size_t i = note.size - 1; i > 0; i--) {
        if (note.data[i] == '\n' && note.data[i - 1] == '\n') {
            *out_body = (text){note.data, i};
            *out_signatures = (text){note.data + i + 1, note.size - i - 1};
            return out_signatures->size > 0;
        }
    }
    return false;
}

static velum_status parse_signature(text line, signature_line *out)
{
    uint8_t packed[4096];
    size_t packed_size = 0;

    if (!text_starts_with(line, SIGNATURE_MARK)) {
        return VELUM_E_INVALID;
    }
    text rest = {line.data + SIGNATURE_MARK_BYTES, line.size - SIGNATURE_MARK_BYTES};
    if (!text_split(&rest, ' ', &out->name) || rest.data == NULL ||
        !name_is_wellformed(out->name)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(base64_decode(rest, packed, sizeof packed, &packed_size));
    if (packed_size <= KEY_ID_BYTES) {
        return VELUM_E_INVALID;
    }
    out->id = bytes_read_u32be(packed);
    out->size = packed_size - KEY_ID_BYTES;
    memcpy(out->bytes, packed + KEY_ID_BYTES,
           out->size < sizeof out->bytes ? out->size : sizeof out->bytes);
    return VELUM_OK;
}

static const note_key *known_key(const signature_line *line, const note_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].id == line->id && text_equal_literal(line->name, keys[i].name)) {
            return &keys[i];
        }
    }
    return NULL;
}

static bool signature_holds(const note_key *key, text body, const signature_line *line)
{
    const note_algorithm *const algorithm = algorithm_of(key->type);

    return algorithm != NULL && line->size == algorithm->signature_bytes &&
           algorithm->holds(key, body, line->bytes);
}

typedef struct seen_pair {
    text name;
    uint32_t id;
} seen_pair;

/* A pair counts once, however often its line stands there. */
static bool seen_before(seen_pair *seen, size_t *count, const signature_line *line)
{
    for (size_t i = 0; i < *count; i++) {
        if (seen[i].id == line->id && text_equal(seen[i].name, line->name)) {
            return true;
        }
    }
    seen[(*count)++] = (seen_pair){line->name, line->id};
    return false;
}

velum_status note_open(text note, const note_key *keys, size_t key_count, note_opened *out)
{
    note_opened opened = {TEXT_EMPTY, 0, 0};
    seen_pair seen[NOTE_SIGNATURES_MAX];
    size_t seen_count = 0;
    text rest;
    text row;

    if (!text_is_allowed(note) || !split_note(note, &opened.body, &rest)) {
        return VELUM_E_INVALID;
    }
    rest.size--; /* the last LF ends the last line, and begins none */
    for (size_t lines = 0; text_split(&rest, '\n', &row); lines++) {
        signature_line line;
        if (lines == NOTE_SIGNATURES_MAX) {
            return VELUM_E_INVALID;
        }
        VELUM_TRY(parse_signature(row, &line));
        const bool again = seen_before(seen, &seen_count, &line);
        const note_key *const key = known_key(&line, keys, key_count);
        if (key == NULL) {
            opened.unknown += again ? 0 : 1;
            continue;
        }
        if (!signature_holds(key, opened.body, &line)) {
            return VELUM_E_CRYPTO;
        }
        opened.verified += again ? 0 : 1;
    }
    if (opened.verified == 0) {
        return VELUM_E_CRYPTO;
    }
    *out = opened;
    return VELUM_OK;
}
