/* vault/pseudonym.c: one AES block, 26 characters of Crockford base32, one check character.
 *
 * The 128 bits are written from the left, five a character; the last data character carries three
 * bits and two zero bits. α = x has order 31 in GF(32), which exceeds the 26 positions, so αⁱ are all
 * different and none is 1: a swap of two characters, the check character included, is caught.
 * Format: docs/formats/pseudonym.md.
 */
#include "vault/pseudonym.h"

#include <assert.h>

#define DATA_CHARS (PSEUDONYM_CHARS - 1)
#define BITS_A_CHAR 5
#define SPARE_BITS (DATA_CHARS * BITS_A_CHAR - SUBJECT_ID_BYTES * 8)
#define FIELD_POLYNOMIAL 0x25 /* x⁵+x²+1 */
#define NO_DIGIT 0xFF

static_assert(SPARE_BITS == 2, "26 characters hold 130 bits");

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static_assert(sizeof(alphabet) - 1 == 32, "one symbol for each element of GF(32)");

/* Times α. */
static uint8_t times_x(uint8_t element)
{
    const unsigned int doubled = (unsigned int)element << 1;

    return (uint8_t)((doubled & 0x20) != 0 ? doubled ^ FIELD_POLYNOMIAL : doubled);
}

/* Σ αⁱ·dᵢ for i = 1…26, by Horner's rule from the right. */
static uint8_t check_digit(const uint8_t digits[DATA_CHARS])
{
    uint8_t sum = 0;

    for (size_t i = DATA_CHARS; i > 0; i--) {
        sum = times_x((uint8_t)(sum ^ digits[i - 1]));
    }
    return sum;
}

static void digits_of_block(const uint8_t block[SUBJECT_ID_BYTES], uint8_t digits[DATA_CHARS])
{
    uint32_t bits = 0;
    uint32_t bit_count = 0;
    size_t next = 0;

    for (size_t i = 0; i < DATA_CHARS; i++) {
        if (bit_count < BITS_A_CHAR) {
            const uint8_t byte = next < SUBJECT_ID_BYTES ? block[next] : 0;
            next++;
            bits = bits << 8 | byte;
            bit_count += 8;
        }
        bit_count -= BITS_A_CHAR;
        digits[i] = bits >> bit_count & 0x1f;
    }
}

static void block_of_digits(const uint8_t digits[DATA_CHARS], uint8_t block[SUBJECT_ID_BYTES])
{
    uint32_t bits = 0;
    uint32_t bit_count = 0;
    size_t next = 0;

    for (size_t i = 0; i < DATA_CHARS && next < SUBJECT_ID_BYTES; i++) {
        bits = bits << BITS_A_CHAR | digits[i];
        bit_count += BITS_A_CHAR;
        if (bit_count >= 8) {
            bit_count -= 8;
            block[next++] = bits >> bit_count & 0xff;
        }
    }
    assert(next == SUBJECT_ID_BYTES);
}

/* Crockford: lower case is upper case, I and L are 1, O is 0; U is no symbol. */
static uint8_t digit_of_char(char c)
{
    const char upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;

    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    if (upper == 'O') {
        return 0;
    }
    for (uint8_t digit = 0; digit < 32; digit++) {
        if (alphabet[digit] == upper) {
            return digit;
        }
    }
    return NO_DIGIT;
}

/* All 27 digits, checked: symbols, spare bits, check character. */
static bool read_digits(text pseudonym, uint8_t digits[PSEUDONYM_CHARS])
{
    if (pseudonym.size != PSEUDONYM_CHARS) {
        return false;
    }
    for (size_t i = 0; i < PSEUDONYM_CHARS; i++) {
        digits[i] = digit_of_char(pseudonym.data[i]);
        if (digits[i] == NO_DIGIT) {
            return false;
        }
    }
    if ((digits[DATA_CHARS - 1] & ((1U << SPARE_BITS) - 1)) != 0) {
        return false;
    }
    return check_digit(digits) == digits[DATA_CHARS];
}

void pseudonym_format(const aes_block *domain, const subject_id *subject,
                      char out[PSEUDONYM_TEXT_BYTES])
{
    uint8_t block[SUBJECT_ID_BYTES];
    uint8_t digits[DATA_CHARS];

    aes_block_encrypt(domain, subject->bytes, block);
    digits_of_block(block, digits);
    for (size_t i = 0; i < DATA_CHARS; i++) {
        out[i] = alphabet[digits[i]];
    }
    out[DATA_CHARS] = alphabet[check_digit(digits)];
    out[PSEUDONYM_CHARS] = '\0';
}

velum_status pseudonym_parse(const aes_block *domain, text pseudonym, subject_id *out)
{
    uint8_t digits[PSEUDONYM_CHARS];
    uint8_t block[SUBJECT_ID_BYTES];

    if (!read_digits(pseudonym, digits)) {
        return VELUM_E_INVALID;
    }
    block_of_digits(digits, block);
    aes_block_decrypt(domain, block, out->bytes);
    return VELUM_OK;
}

bool pseudonym_is_well_formed(text pseudonym)
{
    uint8_t digits[PSEUDONYM_CHARS];

    return read_digits(pseudonym, digits);
}
