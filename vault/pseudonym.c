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

/* One more than the digit of a character, 0 where it is no symbol. Crockford: lower case is upper
 * case, I and L are 1, O is 0; U is no symbol. */
static const uint8_t digits_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['J'] = 19, ['K'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['V'] = 28, ['W'] = 29, ['X'] = 30, ['Y'] = 31, ['Z'] = 32,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['g'] = 17, ['h'] = 18,
    ['j'] = 19, ['k'] = 20, ['m'] = 21, ['n'] = 22, ['p'] = 23, ['q'] = 24, ['r'] = 25, ['s'] = 26,
    ['t'] = 27, ['v'] = 28, ['w'] = 29, ['x'] = 30, ['y'] = 31, ['z'] = 32, ['I'] = 2,  ['i'] = 2,
    ['L'] = 2,  ['l'] = 2,  ['O'] = 1,  ['o'] = 1,
};

/* All 27 digits, checked: symbols, spare bits, check character. */
static bool read_digits(text pseudonym, uint8_t digits[PSEUDONYM_CHARS])
{
    if (pseudonym.size != PSEUDONYM_CHARS) {
        return false;
    }
    for (size_t i = 0; i < PSEUDONYM_CHARS; i++) {
        const uint8_t found = digits_plus_one[(uint8_t)pseudonym.data[i]];
        if (found == 0) {
            return false;
        }
        digits[i] = (uint8_t)(found - 1);
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
