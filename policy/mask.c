/* mask.c: showing part of a value, never all of it by accident.
 *
 * M-1  The masked form of a non-empty value is never the value itself.
 * M-2  Where a rule does not fit the value, everything is masked.
 * M-3  What is written never exceeds mask_bound, and is valid UTF-8.
 * A table by profile says which function masks; each returns false where its rule does not fit.
 * Forms that read more of a value than code points (phone, address, ip) are in mask_forms.c.
 */
#include "policy/mask.h"

#include "base/clock.h"
#include "policy/mask_writer.h"

#include <assert.h>

#define ANY_TYPE                                                                      \
    (1U << FIELD_TEXT | 1U << FIELD_DATE | 1U << FIELD_NUMBER | 1U << FIELD_INTEGER | \
     1U << FIELD_TIME | 1U << FIELD_BOOLEAN)
#define TEXT_TYPE (1U << FIELD_TEXT)
#define DATE_TYPE (1U << FIELD_DATE)
#define NUMBER_TYPE (1U << FIELD_NUMBER | 1U << FIELD_INTEGER)

#define SET_MAX 64 /* of a number that a policy may set */
#define TEXT_BYTES_MAX 2048
#define NUMBER_BYTES_MAX 64

static const mask_profile profiles[MASK_PROFILES] = {
    [MASK_ALL] = {"all", 0, 0, 0, 0, 0, SET_MAX, ANY_TYPE},
    [MASK_KEEP] = {"keep", 0, 0, 0, SET_MAX, SET_MAX, SET_MAX, TEXT_TYPE},
    [MASK_NAME] = {"name", 0, 0, 0, 0, 0, 0, TEXT_TYPE},
    [MASK_PHONE] = {"phone", 3, 4, 0, 3, 4, 0, TEXT_TYPE},
    [MASK_ID_CARD] = {"id-card", 6, 2, 0, 6, 4, 0, TEXT_TYPE},
    [MASK_BANK_CARD] = {"bank-card", 6, 4, 0, 6, 4, 0, TEXT_TYPE}, /* PCI DSS 3.4.1 */
    [MASK_EMAIL] = {"email", 0, 0, 4, 0, 0, SET_MAX, TEXT_TYPE},
    [MASK_ADDRESS] = {"address", 0, 0, 0, 0, 0, 0, TEXT_TYPE},
    [MASK_PLATE] = {"plate", 0, 0, 0, 0, 0, 0, TEXT_TYPE},
    [MASK_YEAR] = {"year", 0, 0, 0, 0, 0, 0, DATE_TYPE},
    [MASK_IP] = {"ip", 0, 0, 0, 0, 0, 0, TEXT_TYPE},
    [MASK_WAYBILL] = {"waybill", 0, 0, 0, 0, 0, 0, TEXT_TYPE},
    [MASK_NUMBER] = {"number", 0, 0, 0, 0, 0, 0, NUMBER_TYPE},
};

static bool mask_keep(const bundle_mask *mask, text value, mask_writer *out);
static bool mask_name(const bundle_mask *mask, text value, mask_writer *out);
static bool mask_plate(const bundle_mask *mask, text value, mask_writer *out);
static bool mask_year(const bundle_mask *mask, text value, mask_writer *out);
static bool mask_number(const bundle_mask *mask, text value, mask_writer *out);

/* MASK_ALL has no function: it is what happens where no rule fits. */
static bool (*const functions[MASK_PROFILES])(const bundle_mask *mask, text value,
                                              mask_writer *out) = {
    [MASK_KEEP] = mask_keep,       [MASK_NAME] = mask_name,           [MASK_PHONE] = mask_phone,
    [MASK_ID_CARD] = mask_id_card, [MASK_BANK_CARD] = mask_bank_card, [MASK_EMAIL] = mask_email,
    [MASK_ADDRESS] = mask_address, [MASK_PLATE] = mask_plate,         [MASK_YEAR] = mask_year,
    [MASK_IP] = mask_ip,           [MASK_WAYBILL] = mask_waybill,     [MASK_NUMBER] = mask_number,
};

const mask_profile *mask_profile_of(uint32_t profile)
{
    return profile > 0 && profile < MASK_PROFILES ? &profiles[profile] : NULL;
}

const char *mask_profile_name(uint32_t profile)
{
    const mask_profile *const found = mask_profile_of(profile);

    return found == NULL ? NULL : found->name;
}

/* Four bytes for each character: those of the value, of a fixed length, and one more (M-1). */
size_t mask_bound(const bundle_mask *mask, size_t size)
{
    return 4 * (size + mask->fixed_length + 1);
}

/* M-2. One character more where the value itself looks like that (M-1). What a rule wrote before it
 * was found not to serve is wiped: it may be the value. */
static void mask_everything(const bundle_mask *mask, text value, mask_writer *out)
{
    const size_t count = utf8_count(value);

    mem_wipe(out->data, out->size);
    out->size = 0;
    write_hidden(out, mask->fixed_length != 0 ? mask->fixed_length : count);
    if (text_equal(written(out), value)) {
        write_hidden(out, 1);
    }
}

velum_status mask_apply(const bundle_mask *mask, uint32_t type, text value, char *out,
                        size_t out_max, size_t *out_size)
{
    mask_writer writer = {.character = mask->character};
    const mask_profile *const profile = mask_profile_of(mask->profile);

    if (!utf8_is_valid(value) || value.size > MEM_BLOCK_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    if (out_max < mask_bound(mask, value.size)) {
        return VELUM_E_LIMIT;
    }
    writer.data = out;
    const bool fits_type =
        profile != NULL && type <= FIELD_BOOLEAN && (profile->types & 1U << type) != 0;
    const bool is_done = value.size > 0 && fits_type && functions[mask->profile] != NULL &&
                         functions[mask->profile](mask, value, &writer) &&
                         !text_equal(written(&writer), value);
    if (!is_done && value.size > 0) {
        mask_everything(mask, value, &writer);
    }
    assert(writer.size <= out_max); /* M-3 */
    *out_size = writer.size;
    return VELUM_OK;
}

static bool number_is_valid(text value)
{
    const size_t sign = value.size > 0 && (value.data[0] == '-' || value.data[0] == '+') ? 1 : 0;
    size_t points = 0;

    if (value.size == sign || value.size > NUMBER_BYTES_MAX || value.data[sign] == '.' ||
        value.data[value.size - 1] == '.') {
        return false;
    }
    for (size_t i = sign; i < value.size; i++) {
        const bool is_digit = value.data[i] >= '0' && value.data[i] <= '9';
        points += value.data[i] == '.' ? 1 : 0;
        if (points > 1 || (!is_digit && value.data[i] != '.')) {
            return false;
        }
    }
    return true;
}

bool field_value_is_valid(uint32_t type, text value)
{
    civil_date date;

    switch (type) {
    case FIELD_TEXT:
        return value.size > 0 && value.size <= TEXT_BYTES_MAX && utf8_is_printable(value);
    case FIELD_DATE:
        return civil_date_parse(value, &date) == VELUM_OK;
    case FIELD_NUMBER:
        return number_is_valid(value);
    default:
        return false;
    }
}

/* --- Profiles that count code points ------------------------------------------------------------ */

static bool mask_keep(const bundle_mask *mask, text value, mask_writer *out)
{
    return write_kept(out, mask, value, (mask_ends){mask->keep_first, mask->keep_last});
}

/* Written with Han, kana or hangul: the first character stands for the family name. */
static bool is_east_asian(uint32_t code_point)
{
    return (code_point >= 0x3040 && code_point <= 0x30ff) ||
           (code_point >= 0x3400 && code_point <= 0x9fff) ||
           (code_point >= 0xac00 && code_point <= 0xd7a3) ||
           (code_point >= 0xf900 && code_point <= 0xfaff) ||
           (code_point >= 0x20000 && code_point <= 0x3ffff);
}

/* 张** ; J*** S**** : a word of one letter shows nothing. */
static bool mask_name(const bundle_mask *mask, text value, mask_writer *out)
{
    bundle_mask plain = *mask;
    size_t offset = 0;
    uint32_t code_point = 0;

    plain.fixed_length = 0; /* M-3: a length is fixed once a value, not once a word */
    (void)utf8_next(value, &offset, &code_point);
    if (is_east_asian(code_point)) {
        return write_kept(out, &plain, value, (mask_ends){1, 0});
    }
    text rest = value;
    text word;
    bool is_first = true;
    while (text_split(&rest, ' ', &word)) {
        if (!is_first) {
            write_code_point(out, ' ');
        }
        is_first = false;
        if (!write_kept(out, &plain, word, (mask_ends){1, 0})) {
            write_hidden(out, utf8_count(word));
        }
    }
    return true;
}

/* 苏D4***0; plates have 7 code points, of new energy vehicles 8. */
static bool mask_plate(const bundle_mask *mask, text value, mask_writer *out)
{
    const size_t count = utf8_count(value);

    return (count == 7 || count == 8) && write_kept(out, mask, value, (mask_ends){3, 1});
}

static bool mask_year(const bundle_mask *mask, text value, mask_writer *out)
{
    (void)mask;
    if (!field_value_is_valid(FIELD_DATE, value)) {
        return false;
    }
    write_text(out, (text){value.data, 5});
    write_hidden(out, 2);
    write_code_point(out, '-');
    write_hidden(out, 2);
    return true;
}

/* Stays a number: 4312.50 becomes 4000.00. */
static bool mask_number(const bundle_mask *mask, text value, mask_writer *out)
{
    bool first_is_shown = false;

    (void)mask;
    if (!field_value_is_valid(FIELD_NUMBER, value)) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        const bool is_digit = value.data[i] >= '0' && value.data[i] <= '9';
        const bool is_kept = !is_digit || !first_is_shown;
        first_is_shown = first_is_shown || is_digit;
        write_code_point(out, is_kept ? (uint32_t)value.data[i] : '0');
    }
    return true;
}
