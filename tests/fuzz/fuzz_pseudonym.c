/* fuzz_pseudonym.c: what parses is the name of exactly one subject. */
#include "vault/pseudonym.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static char canonical(char c)
{
    const char upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;

    if (upper == 'I' || upper == 'L') {
        return '1';
    }
    return upper == 'O' ? '0' : upper;
}

/* Any 16 bytes have a name, and it reads back. */
static void name_and_read(const aes_block *domain, const uint8_t *data)
{
    subject_id id;
    subject_id back;
    char out[PSEUDONYM_TEXT_BYTES];

    memcpy(id.bytes, data, sizeof id.bytes);
    pseudonym_format(domain, &id, out);
    require(pseudonym_is_well_formed(text_of(out)));
    require(pseudonym_parse(domain, text_of(out), &back) == VELUM_OK);
    require(memcmp(&id, &back, sizeof id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[KEY_BYTES] = {1};
    const text typed = {(const char *)data, size};
    VELUM_AUTO(aes_block) *domain = NULL;
    char out[PSEUDONYM_TEXT_BYTES];
    subject_id id;

    require(crypto_init() == VELUM_OK && aes_block_create(key, &domain) == VELUM_OK);
    if (size >= SUBJECT_ID_BYTES) {
        name_and_read(domain, data);
    }
    const bool parses = pseudonym_parse(domain, typed, &id) == VELUM_OK;
    require(parses == pseudonym_is_well_formed(typed));
    if (!parses) {
        return 0;
    }
    pseudonym_format(domain, &id, out);
    for (size_t i = 0; i < size; i++) {
        require(out[i] == canonical(typed.data[i]));
    }
    return 0;
}
