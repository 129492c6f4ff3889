/* vault/identifier.c: one table of types; each has a function that writes the normal form.
 *
 * A normal form refuses what it cannot read with certainty, since a guess would make two persons of
 * one, or one of two. Full-width digits are refused too: whoever imports them must decide.
 * The rules are written down in docs/formats/vault.md, "Normal forms".
 */
#include "vault/identifier.h"

#include "base/clock.h"

#include <assert.h>

#define FORM_1 1
#define EXT_PREFIX "ext:"
#define EXT_NAME_CHARS_MAX 32
#define EXT_VALUE_BYTES_MAX 128
#define E164_DIGITS_MIN 8
#define E164_DIGITS_MAX 15
#define MOBILE_CN_DIGITS 11
#define EMAIL_LOCAL_BYTES_MAX 64
#define EMAIL_BYTES_MAX 254 /* RFC 5321 §4.5.3.1.3, without the brackets of a path */
#define DOMAIN_LABEL_BYTES_MAX 63
#define ID_CARD_CHARS 18
#define ID_CARD_CHARS_OLD 15

static_assert(EXT_VALUE_BYTES_MAX <= IDENTIFIER_VALUE_BYTES_MAX, "every form fits");
static_assert(EMAIL_BYTES_MAX <= IDENTIFIER_VALUE_BYTES_MAX, "every form fits");

static velum_status normalise_mobile(text value, identifier *out);
static velum_status normalise_email(text value, identifier *out);
static velum_status normalise_id_card(text value, identifier *out);
static velum_status normalise_ext(text value, identifier *out);

typedef struct identifier_kind {
    const char *name; /* exact, or a prefix where it ends with a colon */
    velum_status (*normalise)(text value, identifier *out);
    uint32_t form;
} identifier_kind;

static const identifier_kind kinds[] = {{"mobile", normalise_mobile, FORM_1},
                                        {"email", normalise_email, FORM_1},
                                        {"id_card", normalise_id_card, FORM_1},
                                        {EXT_PREFIX, normalise_ext, FORM_1}};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static text slice(text a, size_t from, size_t size)
{
    assert(from <= a.size && size <= a.size - from);
    return (text){a.data + from, size};
}

static bool is_ext_type(text type)
{
    const size_t prefix = sizeof(EXT_PREFIX) - 1;

    if (!text_starts_with(type, EXT_PREFIX) || type.size == prefix ||
        type.size > prefix + EXT_NAME_CHARS_MAX) {
        return false;
    }
    for (size_t i = prefix; i < type.size; i++) {
        const char c = type.data[i];
        if (!is_lower(c) && !is_digit(c) && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static const identifier_kind *find_kind(text type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].normalise == normalise_ext ? is_ext_type(type)
                                                : text_equal_literal(type, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool identifier_type_is_known(text type)
{
    return find_kind(type) != NULL;
}

velum_status identifier_normalise(text type, text value, identifier *out)
{
    const identifier_kind *const kind = find_kind(type);
    identifier made = {.type = type};

    if (kind == NULL) {
        return VELUM_E_INVALID;
    }
    made.form = kind->form;
    const velum_status status = kind->normalise(value, &made);
    if (status == VELUM_OK) {
        *out = made;
    }
    identifier_wipe(&made);
    return status;
}

void identifier_wipe(identifier *self)
{
    mem_wipe(self, sizeof(*self));
}

void identifier_hash(const keyring *keys, const identifier *self,
                     uint8_t out[IDENTIFIER_HASH_BYTES])
{
    uint8_t key[KEY_BYTES];
    const crypto_part value = {self->value, self->value_size};

    assert(self->value_size <= IDENTIFIER_VALUE_BYTES_MAX);
    if (self->has_hash) {
        memcpy(out, self->hash, IDENTIFIER_HASH_BYTES);
        return;
    }
    keyring_index_key(keys, self->type, self->form, key);
    blake2b_keyed(key, &value, 1, out, IDENTIFIER_HASH_BYTES);
    mem_wipe(key, sizeof(key));
}

void identifier_keep_hash(const keyring *keys, identifier *self)
{
    identifier_hash(keys, self, self->hash);
    self->has_hash = true;
}

static text trim(text value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = slice(value, 1, value.size - 1);
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

static velum_status put(identifier *out, const char *data, size_t size)
{
    if (size > sizeof(out->value) - out->value_size) {
        return VELUM_E_INVALID;
    }
    memcpy(out->value + out->value_size, data, size);
    out->value_size += size;
    return VELUM_OK;
}

/* --- mobile: E.164 ------------------------------------------------------------------------------ */

typedef struct phone {
    char digits[E164_DIGITS_MAX + 2]; /* "00" may stand in front */
    size_t count;
    bool has_plus;
} phone;

/* "+44 (0)20 …" names a digit that is not dialled from abroad; nobody can tell if it counts. */
static bool has_bracketed_zero(text value)
{
    for (size_t i = 0; i + 2 < value.size; i++) {
        if (memcmp(value.data + i, "(0)", 3) == 0) {
            return true;
        }
    }
    return false;
}

/* Digits without spaces, hyphens and parentheses, and whether a plus stood in front. */
static velum_status read_phone(text value, phone *out)
{
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.data[i];
        if (c == ' ' || c == '-' || c == '(' || c == ')') {
            continue;
        }
        if (c == '+' && out->count == 0 && !out->has_plus) {
            out->has_plus = true;
            continue;
        }
        if (!is_digit(c) || out->count == sizeof(out->digits)) {
            return VELUM_E_INVALID;
        }
        out->digits[out->count++] = c;
    }
    return VELUM_OK;
}

static bool is_mobile_cn(text digits)
{
    return digits.size == MOBILE_CN_DIGITS && digits.data[0] == '1' && digits.data[1] >= '3';
}

/* Country code and number. Of +86 only mobile numbers, so that a trunk zero or an area code cannot
 * make a second form of one person. */
static bool is_international(text digits)
{
    if (digits.size < E164_DIGITS_MIN || digits.size > E164_DIGITS_MAX || digits.data[0] == '0') {
        return false;
    }
    return !text_starts_with(digits, "86") || is_mobile_cn(slice(digits, 2, digits.size - 2));
}

static velum_status put_phone(const phone *number, identifier *out)
{
    text digits = {number->digits, number->count};

    if (!number->has_plus && is_mobile_cn(digits)) {
        VELUM_TRY(put(out, "+86", 3));
        return put(out, digits.data, digits.size);
    }
    const bool has_zeros = !number->has_plus && text_starts_with(digits, "00");
    if (has_zeros) {
        digits = slice(digits, 2, digits.size - 2);
    }
    if ((!number->has_plus && !has_zeros) || !is_international(digits)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(put(out, "+", 1));
    return put(out, digits.data, digits.size);
}

static velum_status normalise_mobile(text value, identifier *out)
{
    phone number = {.count = 0};

    if (has_bracketed_zero(value)) {
        return VELUM_E_INVALID;
    }
    velum_status status = read_phone(value, &number);
    if (status == VELUM_OK) {
        status = put_phone(&number, out);
    }
    mem_wipe(&number, sizeof(number));
    return status;
}

/* --- email: ASCII, lower case ---------------------------------------------------------------------- */

/* RFC 5322 §3.2.3 atext, in lower case, and the dot. Quoted local parts have no normal form. */
static bool is_local_char(char c)
{
    return is_lower(c) || is_digit(c) || (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_local_part(text local)
{
    if (local.size == 0 || local.size > EMAIL_LOCAL_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < local.size; i++) {
        if (!is_local_char(local.data[i])) {
            return false;
        }
    }
    return true;
}

/* RFC 1123 §2.1. */
static bool is_domain_label(text label)
{
    if (label.size == 0 || label.size > DOMAIN_LABEL_BYTES_MAX || label.data[0] == '-' ||
        label.data[label.size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        if (!is_lower(label.data[i]) && !is_digit(label.data[i]) && label.data[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_domain(text domain)
{
    text rest = domain;
    text label = TEXT_EMPTY;
    size_t labels = 0;

    while (text_split(&rest, '.', &label)) {
        if (!is_domain_label(label)) {
            return false;
        }
        labels++;
    }
    return labels >= 2;
}

static velum_status normalise_email(text value, identifier *out)
{
    const text trimmed = trim(value);

    if (trimmed.size > EMAIL_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(put(out, trimmed.data, trimmed.size));
    for (size_t i = 0; i < out->value_size; i++) {
        out->value[i] = to_lower(out->value[i]);
    }
    const text lowered = {out->value, out->value_size};
    const size_t at = text_find_byte(lowered, '@');
    if (at == lowered.size) {
        return VELUM_E_INVALID;
    }
    /* A second @ is no character of a domain. */
    return is_local_part(slice(lowered, 0, at)) &&
                   is_domain(slice(lowered, at + 1, lowered.size - at - 1))
               ? VELUM_OK
               : VELUM_E_INVALID;
}

/* --- id_card: GB 11643 ------------------------------------------------------------------------------- */

static uint32_t number_at(const char *digits, size_t count)
{
    uint32_t number = 0;

    for (size_t i = 0; i < count; i++) {
        number = number * 10 + (uint32_t)(digits[i] - '0');
    }
    return number;
}

/* GB 11643: weights 2^(17−i) mod 11. */
static char id_card_check(const char digits[ID_CARD_CHARS - 1])
{
    static const uint32_t weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    uint32_t sum = 0;

    static_assert(sizeof(weights) / sizeof(weights[0]) == ID_CARD_CHARS - 1, "one a digit");
    for (size_t i = 0; i < ID_CARD_CHARS - 1; i++) {
        sum += weights[i] * number_at(digits + i, 1);
    }
    return "10X98765432"[sum % 11];
}

/* GB/T 2260 provinces; 81–83 residence permits of Hong Kong, Macao and Taiwan; 9 and a province: the
 * permanent residence card of 2023. */
static bool is_region(const char digits[6])
{
    static const uint8_t provinces[] = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                        35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                        53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83};
    const uint32_t wanted = number_at(digits[0] == '9' ? digits + 1 : digits, 2);

    for (size_t i = 0; i < sizeof(provinces); i++) {
        if (provinces[i] == wanted) {
            return true;
        }
    }
    return false;
}

static bool is_birth_date(const char digits[8])
{
    const civil_date date = {.year = (int32_t)number_at(digits, 4),
                             .month = (int32_t)number_at(digits + 4, 2),
                             .day = (int32_t)number_at(digits + 6, 2)};

    return date.year >= 1800 && date.year <= 2199 && civil_date_is_valid(date);
}

static bool all_digits(text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i])) {
            return false;
        }
    }
    return true;
}

/* 15 digits: the century 19 and the check character are put in. Serials 996–999 stood for persons
 * born before 1900 and would become somebody else's number. */
static velum_status lengthen(text old, char out[ID_CARD_CHARS])
{
    if (!all_digits(old) || number_at(old.data + 12, 3) >= 996) {
        return VELUM_E_INVALID;
    }
    memcpy(out, old.data, 6);
    memcpy(out + 6, "19", 2);
    memcpy(out + 8, old.data + 6, 9);
    out[ID_CARD_CHARS - 1] = id_card_check(out);
    return VELUM_OK;
}

static velum_status read_id_card(text value, char out[ID_CARD_CHARS])
{
    if (value.size == ID_CARD_CHARS_OLD) {
        return lengthen(value, out);
    }
    if (value.size != ID_CARD_CHARS || !all_digits(slice(value, 0, ID_CARD_CHARS - 1))) {
        return VELUM_E_INVALID;
    }
    memcpy(out, value.data, ID_CARD_CHARS);
    if (out[ID_CARD_CHARS - 1] == 'x') {
        out[ID_CARD_CHARS - 1] = 'X';
    }
    return out[ID_CARD_CHARS - 1] == id_card_check(out) ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status normalise_id_card(text value, identifier *out)
{
    char number[ID_CARD_CHARS] = {0};

    velum_status status = read_id_card(trim(value), number);
    if (status == VELUM_OK && (!is_region(number) || !is_birth_date(number + 6))) {
        status = VELUM_E_INVALID;
    }
    if (status == VELUM_OK) {
        status = put(out, number, sizeof(number));
    }
    mem_wipe(number, sizeof(number));
    return status;
}

/* --- ext:<system> ------------------------------------------------------------------------------------ */

static velum_status normalise_ext(text value, identifier *out)
{
    if (value.size == 0 || value.size > EXT_VALUE_BYTES_MAX || !utf8_is_printable(value)) {
        return VELUM_E_INVALID;
    }
    return put(out, value.data, value.size);
}
