/* base/text.c: borrowed text, UTF-8, hex and base64.
 *
 * Every decoder here is strict: one byte string has one accepted spelling, so that two callers never
 * disagree on what was said. UTF-8 is checked against the table of well-formed sequences in
 * RFC 3629 §4, whose second byte alone decides about overlong forms and surrogates.
 */
#include "base/text.h"

#include <assert.h>

text text_of(const char *terminated)
{
    return terminated == NULL ? TEXT_EMPTY : (text){terminated, strlen(terminated)};
}

bool text_equal(text a, text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool text_equal_literal(text a, const char *terminated)
{
    return text_equal(a, text_of(terminated));
}

bool text_starts_with(text a, const char *prefix)
{
    const text wanted = text_of(prefix);

    return a.size >= wanted.size && text_equal((text){a.data, wanted.size}, wanted);
}

int text_compare(text a, text b)
{
    const size_t common = a.size < b.size ? a.size : b.size;
    const int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

size_t text_find_byte(text a, char byte)
{
    const char *const found = a.size == 0 ? NULL : memchr(a.data, byte, a.size);

    return found == NULL ? a.size : (size_t)(found - a.data);
}

bool text_split(text *rest, char separator, text *out_part)
{
    if (rest->data == NULL) {
        return false;
    }
    const size_t index = text_find_byte(*rest, separator);
    *out_part = (text){rest->data, index};
    if (index == rest->size) {
        *rest = (text){NULL, 0};
        return true;
    }
    *rest = (text){rest->data + index + 1, rest->size - index - 1};
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_name(text a, size_t bytes_max, const char *marks)
{
    if (a.size == 0 || a.size > bytes_max) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        const char c = a.data[i];
        const bool is_letter = c >= 'a' && c <= 'z';
        const bool is_later = is_digit(c) || (c != '\0' && strchr(marks, c) != NULL);
        if (!is_letter && (i == 0 || !is_later)) {
            return false;
        }
    }
    return true;
}

bool text_parse_u64(text a, uint64_t *out)
{
    uint64_t value = 0;

    if (a.size == 0 || (a.size > 1 && a.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (!is_digit(a.data[i])) {
            return false;
        }
        const uint64_t digit = (uint64_t)(a.data[i] - '0');
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

/* One row of the table of well-formed sequences: first byte, range of the second, length. */
typedef struct utf8_row {
    uint8_t first_low;
    uint8_t first_high;
    uint8_t second_low;
    uint8_t second_high;
    uint8_t size;
} utf8_row;

/* RFC 3629 §4. */
static const utf8_row utf8_rows[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const utf8_row *utf8_row_of(uint8_t first)
{
    for (size_t i = 0; i < sizeof(utf8_rows) / sizeof(utf8_rows[0]); i++) {
        if (first >= utf8_rows[i].first_low && first <= utf8_rows[i].first_high) {
            return &utf8_rows[i];
        }
    }
    return NULL;
}

/* Bytes of the well-formed sequence at the start of `bytes`, 0 where there is none. */
static size_t utf8_sequence(const uint8_t *bytes, size_t size, uint32_t *out_code_point)
{
    if (bytes[0] < 0x80) {
        *out_code_point = bytes[0];
        return 1;
    }
    const utf8_row *const row = utf8_row_of(bytes[0]);
    if (row == NULL || size < row->size || bytes[1] < row->second_low ||
        bytes[1] > row->second_high) {
        return 0;
    }
    uint32_t code_point = bytes[0] & (0x7fu >> row->size);
    for (size_t i = 1; i < row->size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        code_point = code_point << 6 | (bytes[i] & 0x3fu);
    }
    *out_code_point = code_point;
    return row->size;
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS (EACH_BYTE * 0x80)

/* Whether all eight bytes are printable ASCII, 0x20–0x7e: nearly all text is, and needs no more. */
static bool is_plain_ascii(const uint8_t bytes[8])
{
    uint64_t word = 0;

    memcpy(&word, bytes, sizeof(word));
    const uint64_t below_20 = word - EACH_BYTE * 0x20; /* borrows set the high bit */
    const uint64_t above_7e = word + EACH_BYTE;        /* 0x7f carries into it */
    return ((word | below_20 | above_7e) & HIGH_BITS) == 0;
}

static bool utf8_holds(text a, bool controls_allowed)
{
    const uint8_t *const bytes = (const uint8_t *)a.data;
    size_t offset = 0;

    while (offset < a.size) {
        if (a.size - offset >= 8 && is_plain_ascii(bytes + offset)) {
            offset += 8;
            continue;
        }
        uint32_t code_point = 0;
        const size_t size = utf8_sequence(bytes + offset, a.size - offset, &code_point);
        if (size == 0 || code_point == 0 || (!controls_allowed && is_control(code_point))) {
            return false;
        }
        offset += size;
    }
    return true;
}

bool utf8_is_valid(text a)
{
    return utf8_holds(a, true);
}

bool utf8_is_printable(text a)
{
    return utf8_holds(a, false);
}

size_t utf8_count(text a)
{
    size_t count = 0;

    for (size_t i = 0; i < a.size; i++) {
        count += ((uint8_t)a.data[i] & 0xc0) != 0x80;
    }
    return count;
}

bool utf8_next(text a, size_t *offset, uint32_t *out_code_point)
{
    if (*offset >= a.size) {
        return false;
    }
    const uint8_t *const bytes = (const uint8_t *)a.data + *offset;
    const size_t size = utf8_sequence(bytes, a.size - *offset, out_code_point);
    assert(size > 0);
    if (size == 0) {
        return false;
    }
    *offset += size;
    return true;
}

size_t utf8_write(uint32_t code_point, char out[4])
{
    static const uint8_t first_marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    assert(code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff));
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    const size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(first_marks[size] | code_point);
    return size;
}

bool text_is_ascii(text a)
{
    for (size_t i = 0; i < a.size; i++) {
        if ((uint8_t)a.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

void hex_encode(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0x0f];
    }
    out[2 * size] = '\0';
}

/* 0–15, or −1. */
static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

velum_status hex_decode(text hex, uint8_t *out, size_t size)
{
    if (hex.size % 2 != 0 || hex.size / 2 != size) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < size; i++) {
        const int high = hex_value(hex.data[2 * i]);
        const int low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return VELUM_E_INVALID;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return VELUM_OK;
}

/* The two alphabets share their first 62 digits (RFC 4648 §4, §5). */
typedef struct base64_style {
    const char *digits;
    bool padded;
} base64_style;

static const base64_style base64_standard = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true};
static const base64_style base64_url = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false};

/* The next up to three bytes as 24 bits, missing ones as zeros. */
static uint32_t base64_group(const uint8_t *bytes, size_t count)
{
    uint32_t group = (uint32_t)bytes[0] << 16;

    if (count > 1) {
        group |= (uint32_t)bytes[1] << 8;
    }
    if (count > 2) {
        group |= bytes[2];
    }
    return group;
}

static void base64_write(const base64_style *style, const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i += 3) {
        const size_t count = size - i < 3 ? size - i : 3;
        const uint32_t group = base64_group(bytes + i, count);
        for (size_t digit = 0; digit < 4; digit++) {
            if (digit <= count) {
                *out++ = style->digits[group >> (18 - 6 * digit) & 0x3f];
            } else if (style->padded) {
                *out++ = '=';
            }
        }
    }
    *out = '\0';
}

void base64_encode(const uint8_t *bytes, size_t size, char *out)
{
    base64_write(&base64_standard, bytes, size, out);
}

void base64url_encode(const uint8_t *bytes, size_t size, char *out)
{
    base64_write(&base64_url, bytes, size, out);
}

/* 0–63, or −1. */
static int base64_value(const base64_style *style, char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (is_digit(c)) {
        return c - '0' + 52;
    }
    if (c == style->digits[62]) {
        return 62;
    }
    return c == style->digits[63] ? 63 : -1;
}

/* Digits without padding: a remainder of one is impossible, and the bits that belong to no byte
 * must be zero, or two spellings would mean the same bytes (RFC 4648 §3.5). */
static velum_status base64_read(const base64_style *style, text digits, uint8_t *out,
                                size_t out_max, size_t *out_size)
{
    uint32_t bits = 0;
    uint32_t bit_count = 0;
    size_t size = 0;

    if (digits.size % 4 == 1) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < digits.size; i++) {
        const int value = base64_value(style, digits.data[i]);
        if (value < 0) {
            return VELUM_E_INVALID;
        }
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count < 8) {
            continue;
        }
        if (size == out_max) {
            return VELUM_E_LIMIT;
        }
        bit_count -= 8;
        out[size++] = (uint8_t)(bits >> bit_count);
        bits &= (1u << bit_count) - 1;
    }
    if (bits != 0) {
        return VELUM_E_INVALID;
    }
    *out_size = size;
    return VELUM_OK;
}

velum_status base64_decode(text encoded, uint8_t *out, size_t out_max, size_t *out_size)
{
    text digits = encoded;

    *out_size = 0;
    if (encoded.size % 4 != 0) {
        return VELUM_E_INVALID;
    }
    for (int i = 0; i < 2 && digits.size > 0 && digits.data[digits.size - 1] == '='; i++) {
        digits.size--;
    }
    return base64_read(&base64_standard, digits, out, out_max, out_size);
}

velum_status base64url_decode(text encoded, uint8_t *out, size_t out_max, size_t *out_size)
{
    *out_size = 0;
    return base64_read(&base64_url, encoded, out, out_max, out_size);
}
