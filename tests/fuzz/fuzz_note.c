/* fuzz_note.c: notes, checkpoints, verifier keys and proofs from any bytes. A note that opens bears
 * the signature that the key makes, and what has one form has only one.
 */
#include "audit/proof.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const uint8_t seed[ED25519_SEED_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
static note_key key;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(crypto_init() == VELUM_OK);
    require(note_key_of_seed(TEXT_LITERAL("velum.example/test"), seed, &key) == VELUM_OK);
    return 0;
}

/* What opens is what the key would sign: signing its body anew gives a line that stands in it. */
static void try_note(text note)
{
    VELUM_AUTO_BUFFER again = {0};
    note_opened opened;
    checkpoint head;

    const velum_status status = note_open(note, &key, 1, &opened);
    require(status == VELUM_OK || status == VELUM_E_INVALID || status == VELUM_E_CRYPTO);
    if (status != VELUM_OK) {
        require(checkpoint_open(note, &key, &head) == status);
        return;
    }
    require(opened.verified == 1 && opened.unknown < NOTE_SIGNATURES_MAX);
    require(opened.body.data == note.data && opened.body.size < note.size);
    buffer_init(&again, (size_t)NOTE_BYTES_MAX * 2);
    require(note_sign(opened.body, &key, seed, &again) == VELUM_OK);
    const size_t line = again.size - opened.body.size - 1;
    require(memmem(note.data, note.size, again.data + again.size - line, line) != NULL);
}

static void try_key(text line)
{
    char canonical[NOTE_KEY_TEXT_BYTES];
    note_key parsed;

    if (note_key_parse(line, &parsed) == VELUM_OK) {
        note_key_format(&parsed, canonical);
        require(text_equal_literal(line, canonical));
    }
}

static void try_proof(text bytes)
{
    static const char extra[] = "c2sp.org/tlog-proof@v1\nextra ";
    VELUM_AUTO_BUFFER again = {0};
    proof parsed;

    if (proof_parse(bytes, &parsed) != VELUM_OK || text_starts_with(bytes, extra)) {
        return;
    }
    buffer_init(&again, bytes.size + 16);
    require(proof_format(&parsed, &again) == VELUM_OK);
    require(text_equal((text){(const char *)again.data, again.size}, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const text input = {(const char *)data, size};

    try_note(input);
    try_key(input);
    try_proof(input);
    return 0;
}
