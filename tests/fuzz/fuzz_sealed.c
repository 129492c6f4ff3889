/* fuzz_sealed.c: bytes that we did not seal never open; bytes that we seal open, and not after one of
 * them was changed. */
#include "vault/sealed.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[KEY_BYTES] = {7};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void seal_and_change(const sealed_place *place, const uint8_t *data, size_t size,
                            uint8_t *out)
{
    random_seeded seeded;
    const velum_random random = random_from_seed(&seeded, size);
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, BYTES_MAX + SEALED_OVERHEAD_BYTES);
    require(sealed_write(key, &random, place, (crypto_part){data, size}, &sealed) == VELUM_OK);
    const crypto_part whole = {sealed.data, sealed.size};
    require(sealed_open(key, place, whole, out) == VELUM_OK);
    require(memcmp(out, data, size) == 0);
    const size_t at = size == 0 ? 0 : (size_t)data[0] * 257 % sealed.size;
    sealed.data[at] ^= 0x20;
    require(sealed_open(key, place, whole, out) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[BYTES_MAX];
    uint8_t subject[16] = {0};

    if (size > BYTES_MAX || crypto_init() != VELUM_OK) {
        return 0;
    }
    memcpy(subject, data, size < sizeof subject ? size : sizeof subject);
    const sealed_place place = {
        .subject = subject, .tenant = 1, .key_version = 1, .category = 5, .version = 1};
    require(sealed_open(key, &place, (crypto_part){data, size}, out) < 0);
    seal_and_change(&place, data, size, out);
    return 0;
}
