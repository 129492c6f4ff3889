/* The primitives against published vectors, and against tampering. */
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PART(s) ((crypto_part){(s), sizeof(s) - 1})

static size_t unhex(const char *hex, uint8_t *out, size_t out_max)
{
    const size_t size = strlen(hex) / 2;

    assert_true(size <= out_max);
    assert_int_equal(hex_decode(text_of(hex), out, size), VELUM_OK);
    return size;
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *wanted)
{
    char hex[2 * 256 + 1];

    assert_true(size <= 256);
    hex_encode(bytes, size, hex);
    assert_string_equal(hex, wanted);
}

/* FIPS 180-4, examples of NIST. */
static void sha256_vectors(void **state)
{
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    uint8_t digest[SHA256_BYTES];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sha256(cases[i][0], strlen(cases[i][0]), digest);
        assert_hex(digest, sizeof(digest), cases[i][1]);
    }
    sha256(NULL, 0, digest);
    assert_hex(digest, sizeof(digest), cases[0][1]);
}

static void sha256_of_a_million(void **state)
{
    static const char wanted[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    VELUM_AUTO(sha256_stream) *stream = NULL;
    uint8_t digest[SHA256_BYTES];
    char thousand[1000];

    memset(thousand, 'a', sizeof(thousand));
    assert_int_equal(sha256_stream_create(&stream), VELUM_OK);
    for (int round = 0; round < 2; round++) { /* finishing starts anew */
        for (int i = 0; i < 1000; i++) {
            sha256_stream_update(stream, thousand, sizeof(thousand));
        }
        sha256_stream_update(stream, NULL, 0);
        sha256_stream_finish(stream, digest);
        assert_hex(digest, sizeof(digest), wanted);
    }
}

/* However a message is cut into two, its digest is the same, across block boundaries. */
static void sha256_does_not_see_the_cuts(void **state)
{
    uint8_t message[200];
    uint8_t whole[SHA256_BYTES];
    uint8_t cut[SHA256_BYTES];

    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 7);
    }
    sha256(message, sizeof(message), whole);
    for (size_t at = 0; at <= sizeof(message); at++) {
        const crypto_part parts[] = {
            {message, at}, {NULL, 0}, {message + at, sizeof(message) - at}};
        sha256_parts(parts, COUNT_OF(parts), cut);
        assert_memory_equal(cut, whole, sizeof(whole));
    }
}

static void sha256_stream_without_memory(void **state)
{
    sha256_stream *stream = NULL;
    aes_block *block = NULL;
    const uint8_t key[KEY_BYTES] = {0};

    fault_plan("alloc:1+:enospc");
    assert_int_equal(sha256_stream_create(&stream), VELUM_E_NOMEM);
    assert_int_equal(aes_block_create(key, &block), VELUM_E_NOMEM);
    fault_plan(NULL);
    assert_null(stream);
    assert_null(block);
}

typedef struct hmac_case {
    const char *key_hex; /* as published; HMAC pads a short key and hashes a long one */
    const char *data_hex;
    const char *data_text;
    const char *wanted;
} hmac_case;

#define AA_20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA_131 AA_20 AA_20 AA_20 AA_20 AA_20 AA_20 "aaaaaaaaaaaaaaaaaaaaaa"
#define DD_10 "dddddddddddddddddddd"
#define CD_10 "cdcdcdcdcdcdcdcdcdcd"

/* RFC 4231 §4. */
static void hmac_vectors(void **state)
{
    static const hmac_case cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", NULL, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", NULL, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {AA_20, DD_10 DD_10 DD_10 DD_10 DD_10, NULL,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819", CD_10 CD_10 CD_10 CD_10 CD_10, NULL,
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {AA_131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {AA_131, NULL,
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t key[160] = {0};
        uint8_t data[160];
        uint8_t out[SHA256_BYTES];
        const hmac_case *const one = &cases[i];
        const size_t key_size = unhex(one->key_hex, key, sizeof(key));
        crypto_part part = {data, 0};
        if (key_size > 64) {
            sha256(key, key_size, key); /* RFC 2104 §2 */
        }
        part.size = one->data_hex ? unhex(one->data_hex, data, sizeof(data)) : 0;
        if (one->data_text != NULL) {
            part = (crypto_part){one->data_text, strlen(one->data_text)};
        }
        hmac_sha256(key, &part, 1, out);
        assert_hex(out, sizeof(out), one->wanted);
    }
}

/* RFC 7693 appendix A. */
static void blake2b_of_abc(void **state)
{
    const crypto_part parts[] = {PART("a"), {NULL, 0}, PART("bc")};
    uint8_t out[64];

    blake2b((crypto_part){NULL, 0}, parts, COUNT_OF(parts), out, sizeof(out));
    assert_hex(out, sizeof(out),
               "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
               "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

static void first_key(uint8_t key[KEY_BYTES])
{
    for (size_t i = 0; i < KEY_BYTES; i++) {
        key[i] = (uint8_t)i;
    }
}

/* Values of another implementation (hashlib of Python). */
static void blake2b_keyed_and_derived(void **state)
{
    const crypto_part abc = PART("abc");
    uint8_t key[KEY_BYTES];
    uint8_t out[KEY_BYTES];
    uint8_t other[KEY_BYTES];

    first_key(key);
    blake2b_keyed(key, &abc, 1, out, sizeof(out));
    assert_hex(out, sizeof(out),
               "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    key_derive(key, "velum state 1", "ctx", 3, out);
    assert_hex(out, sizeof(out),
               "551f74037efe7f8571c20563a42b45ae0a450e02e2c501efa5e0411e59b635ec");
    key_derive(key, "velum state 1c", "tx", 2, other);
    assert_memory_not_equal(out, other, sizeof(out)); /* the boundary is part of the input */
    key_derive(key, "velum state 1", NULL, 0, other);
    assert_memory_not_equal(out, other, sizeof(out));
}

static char *next_field(char **rest)
{
    char *const field = strsep(rest, "\t\n");

    assert_non_null(field);
    return field;
}

static void check_blake2b_line(char *line)
{
    uint8_t input[512];
    uint8_t key[64];
    uint8_t out[64];
    char *rest = line;
    const crypto_part part = {input, unhex(next_field(&rest), input, sizeof(input))};
    const crypto_part key_part = {key, unhex(next_field(&rest), key, sizeof(key))};

    blake2b(key_part, &part, 1, out, sizeof(out));
    assert_hex(out, sizeof(out), next_field(&rest));
}

static void blake2b_published_answers(void **state)
{
    const char *const shared = getenv("VELUM_SHARED");
    char path[512];
    char line[2048];
    int checked = 0;

    if (shared == NULL) {
        skip();
    }
    snprintf(path, sizeof(path), "%s/vectors/crypto/blake2/blake2b_keyed_kat_subset.tsv", shared);
    FILE *const file = fopen(path, "re");
    if (file == NULL) {
        skip();
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        check_blake2b_line(line);
        checked++;
    }
    fclose(file);
    assert_true(checked >= 10);
}

/* FIPS 197 appendix C.3. */
static void aes_vector(void **state)
{
    VELUM_AUTO(aes_block) *aes = NULL;
    uint8_t key[KEY_BYTES];
    uint8_t block[16];

    first_key(key);
    unhex("00112233445566778899aabbccddeeff", block, sizeof(block));
    assert_int_equal(aes_block_create(key, &aes), VELUM_OK);
    aes_block_encrypt(aes, block, block); /* in place */
    assert_hex(block, sizeof(block), "8ea2b7ca516745bfeafc49904b496089");
    aes_block_decrypt(aes, block, block);
    assert_hex(block, sizeof(block), "00112233445566778899aabbccddeeff");
}

static void *chain_blocks(void *context)
{
    const aes_block *const aes = context;
    uint8_t block[16] = {0};
    static __thread uint8_t result;

    for (int i = 0; i < 20000; i++) {
        aes_block_encrypt(aes, block, block);
    }
    for (int i = 0; i < 20000; i++) {
        aes_block_decrypt(aes, block, block);
    }
    for (size_t i = 0; i < sizeof(block); i++) {
        result |= block[i];
    }
    return result == 0 ? context : NULL;
}

static void threads_share_an_aes_context(void **state)
{
    VELUM_AUTO(aes_block) *aes = NULL;
    uint8_t key[KEY_BYTES];
    pthread_t threads[2];

    first_key(key);
    assert_int_equal(aes_block_create(key, &aes), VELUM_OK);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, chain_blocks, aes), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, aes);
    }
}

#define SUNSCREEN                                                                  \
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip " \
    "for the future, sunscreen would be it."
#define SUNSCREEN_BYTES (sizeof(SUNSCREEN) - 1)

typedef struct aead_case {
    uint8_t key[KEY_BYTES];
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t aad[12];
    uint8_t sealed[SUNSCREEN_BYTES + AEAD_TAG_BYTES];
} aead_case;

static void aead_example(aead_case *out)
{
    unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", out->key, KEY_BYTES);
    unhex("404142434445464748494a4b4c4d4e4f5051525354555657", out->nonce, AEAD_NONCE_BYTES);
    unhex("50515253c0c1c2c3c4c5c6c7", out->aad, sizeof(out->aad));
    aead_seal(out->key, out->nonce, (crypto_part){out->aad, sizeof(out->aad)}, PART(SUNSCREEN),
              out->sealed);
}

static velum_status aead_open_example(const aead_case *one, size_t sealed_size, uint8_t *out)
{
    return aead_open(one->key, one->nonce, (crypto_part){one->aad, sizeof(one->aad)},
                     (crypto_part){one->sealed, sealed_size}, out);
}

/* draft-irtf-cfrg-xchacha-03 appendix A.3.1. */
static void aead_vector(void **state)
{
    aead_case one;
    uint8_t plain[SUNSCREEN_BYTES];

    aead_example(&one);
    assert_hex(one.sealed, sizeof(one.sealed),
               "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440b"
               "f3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3f"
               "ac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
               "c0875924c1c7987947deafd8780acf49");
    assert_int_equal(aead_open_example(&one, sizeof(one.sealed), plain), VELUM_OK);
    assert_memory_equal(plain, SUNSCREEN, sizeof(plain));
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;

    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* Every bit of key, nonce, additional data and sealed bytes matters, and a failure shows nothing. */
static void aead_refuses_every_changed_bit(void **state)
{
    aead_case one;
    uint8_t *const bytes = (uint8_t *)&one;

    aead_example(&one);
    for (size_t bit = 0; bit < sizeof(one) * 8; bit++) {
        uint8_t plain[SUNSCREEN_BYTES];
        memset(plain, 0x77, sizeof(plain));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(aead_open_example(&one, sizeof(one.sealed), plain), VELUM_E_CRYPTO);
        assert_true(all_zero(plain, sizeof(plain)));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void aead_refuses_every_cut(void **state)
{
    aead_case one;
    uint8_t plain[SUNSCREEN_BYTES];

    aead_example(&one);
    for (size_t size = 0; size < sizeof(one.sealed); size++) {
        assert_int_equal(aead_open_example(&one, size, plain), VELUM_E_CRYPTO);
    }
}

static void aead_of_nothing(void **state)
{
    aead_case one;
    uint8_t sealed[AEAD_TAG_BYTES];
    uint8_t plain[1];
    const crypto_part nothing = {NULL, 0};

    aead_example(&one);
    aead_seal(one.key, one.nonce, nothing, nothing, sealed);
    assert_int_equal(
        aead_open(one.key, one.nonce, nothing, (crypto_part){sealed, sizeof(sealed)}, plain),
        VELUM_OK);
}

typedef struct ed25519_case {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *signature;
} ed25519_case;

/* RFC 8032 §7.1, tests 1 to 3. */
static const ed25519_case ed25519_cases[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static void ed25519_vectors(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ed25519_cases); i++) {
        const ed25519_case *const one = &ed25519_cases[i];
        uint8_t seed[ED25519_SEED_BYTES];
        uint8_t public_key[ED25519_PUBLIC_BYTES];
        uint8_t signature[ED25519_SIGNATURE_BYTES];
        uint8_t message[8];
        const size_t size = unhex(one->message, message, sizeof(message));
        unhex(one->seed, seed, sizeof(seed));
        ed25519_public(seed, public_key);
        assert_hex(public_key, sizeof(public_key), one->public_key);
        ed25519_sign(seed, message, size, signature);
        assert_hex(signature, sizeof(signature), one->signature);
        assert_true(ed25519_verify(public_key, message, size, signature));
    }
}

static void ed25519_refuses_every_changed_bit(void **state)
{
    uint8_t seed[ED25519_SEED_BYTES];
    uint8_t public_key[ED25519_PUBLIC_BYTES];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    const uint8_t message[] = {0xaf, 0x82};

    unhex(ed25519_cases[2].seed, seed, sizeof(seed));
    ed25519_public(seed, public_key);
    ed25519_sign(seed, message, sizeof(message), signature);
    for (size_t bit = 0; bit < sizeof(signature) * 8; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(ed25519_verify(public_key, message, sizeof(message), signature));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(ed25519_verify(public_key, message, 1, signature));
    public_key[0] ^= 1;
    assert_false(ed25519_verify(public_key, message, sizeof(message), signature));
    memset(public_key, 0, sizeof(public_key)); /* a point of small order */
    assert_false(ed25519_verify(public_key, message, sizeof(message), signature));
}

static void init_may_be_repeated(void **state)
{
    assert_int_equal(crypto_init(), VELUM_OK);
    assert_int_equal(crypto_init(), VELUM_OK);
}

int main(void)
{
    if (crypto_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_may_be_repeated),
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(sha256_of_a_million),
        cmocka_unit_test(sha256_does_not_see_the_cuts),
        cmocka_unit_test(sha256_stream_without_memory),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(blake2b_of_abc),
        cmocka_unit_test(blake2b_keyed_and_derived),
        cmocka_unit_test(blake2b_published_answers),
        cmocka_unit_test(aes_vector),
        cmocka_unit_test(threads_share_an_aes_context),
        cmocka_unit_test(aead_vector),
        cmocka_unit_test(aead_refuses_every_changed_bit),
        cmocka_unit_test(aead_refuses_every_cut),
        cmocka_unit_test(aead_of_nothing),
        cmocka_unit_test(ed25519_vectors),
        cmocka_unit_test(ed25519_refuses_every_changed_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
