/* audit/note.h: signed notes and their verifier keys, by C2SP signed-note v1.0.0.
 *
 * A note is text and signatures by name and key id. Which signature types are understood stands in
 * one table in note.c; the type byte is part of the key id, so two types never meet.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/text.h"

#define NOTE_NAME_BYTES_MAX 128
#define NOTE_SIGNATURES_MAX 100 /* the specification asks for at least 16 */
#define NOTE_BYTES_MAX 65536

#define NOTE_TYPE_ED25519 0x01

#define NOTE_PUBLIC_BYTES_MAX 32
#define NOTE_SIGNATURE_BYTES_MAX 64

/* A verifier key. */
typedef struct note_key {
    char name[NOTE_NAME_BYTES_MAX + 1];
    uint32_t id; /* SHA-256(name ‖ LF ‖ type ‖ public key)[:4] */
    uint8_t type;
    uint8_t public_key[NOTE_PUBLIC_BYTES_MAX];
} note_key;

#define NOTE_KEY_TEXT_BYTES \
    (NOTE_NAME_BYTES_MAX + 1 + 8 + 1 + BASE64_SIZE(1 + NOTE_PUBLIC_BYTES_MAX) + 1)

/* Non-empty printable UTF-8 without Unicode space and plus, at most NOTE_NAME_BYTES_MAX bytes. */
bool note_name_is_valid(text name);

/* The verifier key of an Ed25519 seed. VELUM_E_INVALID for a bad name. */
velum_status note_key_of_seed(text name, const uint8_t seed[ED25519_SEED_BYTES],
                              note_key *out) VELUM_WARN_UNUSED;

/* `name+hex8(id)+base64(type ‖ public key)`, exactly as note_key_format writes it.
 * VELUM_E_INVALID; VELUM_E_UNSUPPORTED for a type that is not in the table. */
velum_status note_key_parse(text line, note_key *out) VELUM_WARN_UNUSED;
void note_key_format(const note_key *key, char out[NOTE_KEY_TEXT_BYTES]);

/* Appends `body`, which ends with LF, an empty line and one signature line. */
velum_status note_sign(text body, const note_key *key, const uint8_t seed[ED25519_SEED_BYTES],
                       buffer *out) VELUM_WARN_UNUSED;

typedef struct note_opened {
    text body;         /* with its last LF; borrows from the note */
    uint32_t verified; /* different keys whose signature holds */
    uint32_t unknown;  /* different (name, id) pairs that are not among the keys */
} note_opened;

/* VELUM_E_INVALID for what is not a note; VELUM_E_CRYPTO when a signature of a known key does not
 * hold, or none of the keys has signed. */
velum_status note_open(text note, const note_key *keys, size_t key_count,
                       note_opened *out) VELUM_WARN_UNUSED;

#endif
