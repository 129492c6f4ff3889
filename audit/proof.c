/* audit/proof.c: c2sp.org/tlog-proof@v1, and checking a leaf against it offline. */
#include "audit/proof.h"

#include "audit/leaf.h"
#include "audit/log_reader.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define EXTRA_WORD "extra "
#define INDEX_WORD "index "
#define WORD_BYTES 6 /* of both */
#define EXTRA_BYTES_MAX 49152

velum_status proof_format(const proof *self, buffer *out)
{
    char line[BASE64_SIZE(SHA256_BYTES) + 1];

    buffer_append_text(out, FIRST_LINE "\n" INDEX_WORD);
    buffer_append_u64_decimal(out, self->index);
    buffer_append_byte(out, '\n');
    for (uint32_t i = 0; i < self->path.count; i++) {
        base64_encode(self->path.hashes[i], SHA256_BYTES, line);
        buffer_append_text(out, line);
        buffer_append_byte(out, '\n');
    }
    buffer_append_byte(out, '\n');
    buffer_append(out, self->note.data, self->note.size);
    return buffer_status(out);
}

/* Opaque, not authenticated and not used; but it must be base64. */
static velum_status check_extra(text line)
{
    VELUM_AUTO_MEM uint8_t *scratch = mem_alloc(EXTRA_BYTES_MAX);
    size_t size = 0;

    if (scratch == NULL) {
        return VELUM_E_NOMEM;
    }
    const text encoded = {line.data + WORD_BYTES, line.size - WORD_BYTES};
    return base64_decode(encoded, scratch, EXTRA_BYTES_MAX, &size) == VELUM_OK ? VELUM_OK
                                                                               : VELUM_E_INVALID;
}

static velum_status parse_path(text *rest, tree_proof *out)
{
    size_t size = 0;
    text line;

    out->count = 0;
    while (text_split(rest, '\n', &line)) {
        if (line.size == 0) {
            return rest->data == NULL ? VELUM_E_INVALID : VELUM_OK;
        }
        if (out->count == TREE_PROOF_MAX ||
            base64_decode(line, out->hashes[out->count], SHA256_BYTES, &size) != VELUM_OK ||
            size != SHA256_BYTES) {
            return VELUM_E_INVALID;
        }
        out->count++;
    }
    return VELUM_E_INVALID; /* no empty line, so no checkpoint */
}

velum_status proof_parse(text bytes, proof *out)
{
    text rest = bytes;
    text line;

    if (!text_split(&rest, '\n', &line) || !text_equal_literal(line, FIRST_LINE) ||
        !text_split(&rest, '\n', &line)) {
        return VELUM_E_INVALID;
    }
    if (text_starts_with(line, EXTRA_WORD)) {
        VELUM_TRY(check_extra(line));
        if (!text_split(&rest, '\n', &line)) {
            return VELUM_E_INVALID;
        }
    }
    if (!text_starts_with(line, INDEX_WORD) ||
        !text_parse_u64((text){line.data + WORD_BYTES, line.size - WORD_BYTES}, &out->index)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(parse_path(&rest, &out->path));
    out->note = rest;
    return VELUM_OK;
}

/* The leaf says itself where it belongs: index and origin must be those of the proof. */
static velum_status check_place(const uint8_t *leaf, size_t size, const note_key *key,
                                uint64_t index)
{
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    leaf_header header;

    VELUM_TRY(leaf_read_header(leaf, size, &header));
    leaf_origin_id(text_of(key->name), origin_id);
    if (header.index != index || memcmp(header.origin_id, origin_id, sizeof origin_id) != 0) {
        return VELUM_E_TAMPERED;
    }
    return VELUM_OK;
}

velum_status log_proof_check(text bytes, const uint8_t *leaf, size_t leaf_size, text verifier_key,
                             uint64_t *out_index)
{
    checkpoint head;
    tree_hash hash;
    note_key key;
    proof parsed;

    VELUM_TRY(note_key_parse(verifier_key, &key));
    VELUM_TRY(proof_parse(bytes, &parsed));
    VELUM_TRY(checkpoint_open(parsed.note, &key, &head));
    VELUM_TRY(check_place(leaf, leaf_size, &key, parsed.index));
    leaf_hash(leaf, leaf_size, hash);
    if (!tree_inclusion_holds(parsed.index, head.size, hash, &parsed.path, head.root)) {
        return VELUM_E_TAMPERED;
    }
    *out_index = parsed.index;
    return VELUM_OK;
}
