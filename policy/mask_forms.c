/* mask_forms.c: masks that read the form of a value: phones, cards, mail, addresses, waybills, IP.
 *
 * Every number that may stay visible is bounded here too, whatever the mask asks for: a phone hides
 * at least four digits, a card number shows at most six and four, an address hides at least half.
 */
#include "policy/mask_writer.h"

#include <arpa/inet.h>
#include <stdio.h>

#define DIGITS_MAX 32
#define PHONE_DIGITS_MIN 7
#define PHONE_DIGITS_MAX 15 /* E.164 */
#define PHONE_HIDDEN_MIN 4
#define WAYBILL_HIDDEN_MIN 6
#define WAYBILL_SHOWN_LAST 4
#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19
#define ADDRESS_HIDDEN_MIN 8

/* --- The writer --------------------------------------------------------------------------------- */

text written(const mask_writer *out)
{
    return (text){out->data, out->size};
}

void write_code_point(mask_writer *out, uint32_t code_point)
{
    out->size += utf8_write(code_point, out->data + out->size);
}

void write_text(mask_writer *out, text part)
{
    memcpy(out->data + out->size, part.data, part.size);
    out->size += part.size;
}

void write_hidden(mask_writer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) { /* at most the code points of a value */
        write_code_point(out, out->character);
    }
}

bool write_kept(mask_writer *out, const bundle_mask *mask, text value, mask_ends ends)
{
    const size_t count = utf8_count(value);
    const size_t hidden = count - ends.first - ends.last;
    uint32_t code_point = 0;
    size_t offset = 0;

    if (ends.first + ends.last >= count) {
        return false;
    }
    for (size_t i = 0; utf8_next(value, &offset, &code_point); i++) {
        if (i == ends.first) {
            write_hidden(out, mask->fixed_length != 0 ? mask->fixed_length : hidden);
        }
        if (i < ends.first || i >= count - ends.last) {
            write_code_point(out, code_point);
        }
    }
    return true;
}

static size_t at_most(size_t value, size_t max)
{
    return value < max ? value : max;
}

/* --- Digits with separators --------------------------------------------------------------------- */

typedef struct digits {
    char data[DIGITS_MAX];
    size_t size;
} digits;

/* The digits of a value that holds nothing but digits and the given separators. */
static bool collect_digits(text value, const char *separators, digits *out)
{
    out->size = 0;
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.data[i];
        if (c >= '0' && c <= '9' && out->size < DIGITS_MAX) {
            out->data[out->size++] = c;
            continue;
        }
        if (c == '\0' || strchr(separators, c) == NULL) {
            return false; /* too many digits end here as well: a digit is no separator */
        }
    }
    return out->size > 0;
}

static text digits_text(const digits *all, size_t from)
{
    return (text){all->data + from, all->size - from};
}

/* --- Phones ------------------------------------------------------------------------------------- */

static bool is_mainland_mobile(text number)
{
    return number.size == 11 && number.data[0] == '1' && number.data[1] >= '3';
}

/* The digits before a mainland mobile number, SIZE_MAX when it is none. They are not shown, so that
 * one number has one masked form however it was written. Behind a + only 86 leads there. */
static size_t mainland_prefix(const digits *all, bool is_international)
{
    static const char *const prefixes[] = {"86", "", "0086", "0", "086"};
    const size_t count = is_international ? 1 : sizeof(prefixes) / sizeof(prefixes[0]);

    for (size_t i = 0; i < count; i++) {
        const size_t size = strlen(prefixes[i]);
        if (size < all->size && memcmp(all->data, prefixes[i], size) == 0 &&
            is_mainland_mobile(digits_text(all, size))) {
            return size;
        }
    }
    return SIZE_MAX;
}

/* ITU-T E.164: 1 and 7 have one digit, these have two, all others three. */
static size_t country_code_digits(const digits *all)
{
    static const char two[][3] = {"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41",
                                  "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54",
                                  "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
                                  "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"};

    if (all->data[0] == '1' || all->data[0] == '7') {
        return 1;
    }
    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
        if (all->size > 2 && memcmp(all->data, two[i], 2) == 0) {
            return 2;
        }
    }
    return 3;
}

/* +852****4567: the country and the end. */
static bool mask_foreign_phone(const bundle_mask *mask, const digits *all, mask_writer *out)
{
    const size_t code = country_code_digits(all);
    const size_t last = at_most(mask->keep_last, 4);

    if (all->size < code + last + PHONE_HIDDEN_MIN) {
        return false;
    }
    write_code_point(out, '+');
    write_text(out, (text){all->data, code});
    return write_kept(out, mask, digits_text(all, code), (mask_ends){0, last});
}

bool mask_phone(const bundle_mask *mask, text value, mask_writer *out)
{
    const bool is_international = value.data[0] == '+';
    const text national = {value.data + is_international, value.size - is_international};
    const mask_ends ends = {at_most(mask->keep_first, 3), at_most(mask->keep_last, 4)};
    digits all;

    if (!collect_digits(national, " -.()", &all) || all.size < PHONE_DIGITS_MIN ||
        all.size > PHONE_DIGITS_MAX) {
        return false;
    }
    const size_t prefix = mainland_prefix(&all, is_international);
    if (prefix != SIZE_MAX) {
        return write_kept(out, mask, digits_text(&all, prefix), ends);
    }
    if (is_international) {
        return mask_foreign_phone(mask, &all, out);
    }
    return all.size >= ends.first + ends.last + PHONE_HIDDEN_MIN &&
           write_kept(out, mask, digits_text(&all, 0), ends);
}

/* --- Cards -------------------------------------------------------------------------------------- */

/* GB 11643: 18 characters with X at the end, or the 15 digits of before 1999. The date of birth,
 * which begins at the seventh, is never shown. */
bool mask_id_card(const bundle_mask *mask, text value, mask_writer *out)
{
    const bool is_long = value.size == 18;
    const char check = value.size > 0 ? value.data[value.size - 1] : '\0';
    const bool ends_in_x = is_long && (check == 'X' || check == 'x');
    const text number = {value.data, value.size - (ends_in_x ? 1 : 0)};
    const mask_ends ends = {at_most(mask->keep_first, 6),
                            at_most(mask->keep_last, is_long ? 4 : 3)};
    digits all;

    return (is_long || value.size == 15) && collect_digits(number, "", &all) &&
           write_kept(out, mask, value, ends);
}

bool mask_bank_card(const bundle_mask *mask, text value, mask_writer *out)
{
    const mask_ends ends = {at_most(mask->keep_first, 6), at_most(mask->keep_last, 4)};
    digits all;

    return collect_digits(value, " -", &all) && all.size >= CARD_DIGITS_MIN &&
           all.size <= CARD_DIGITS_MAX && write_kept(out, mask, digits_text(&all, 0), ends);
}

/* --- Mail --------------------------------------------------------------------------------------- */

/* d****@126.com. A local part of one character shows nothing; no @, two of them, or an empty side is
 * no mail address. */
bool mask_email(const bundle_mask *mask, text value, mask_writer *out)
{
    const size_t at = text_find_byte(value, '@');

    if (at == 0 || at + 1 >= value.size) {
        return false;
    }
    const text local = {value.data, at};
    const text domain = {value.data + at, value.size - at};
    const text host = {domain.data + 1, domain.size - 1};
    if (text_find_byte(host, '@') != host.size || text_find_byte(value, ' ') != value.size) {
        return false;
    }
    if (!write_kept(out, mask, local, (mask_ends){1, 0})) {
        write_hidden(out, mask->fixed_length != 0 ? mask->fixed_length : utf8_count(local));
    }
    write_text(out, domain);
    return true;
}

/* --- Addresses and waybills --------------------------------------------------------------------- */

/* The last eight, and at least half. */
bool mask_address(const bundle_mask *mask, text value, mask_writer *out)
{
    const size_t count = utf8_count(value);
    const size_t half = (count + 1) / 2;
    const size_t hidden = half > ADDRESS_HIDDEN_MIN ? half : ADDRESS_HIDDEN_MIN;

    return count > hidden && write_kept(out, mask, value, (mask_ends){count - hidden, 0});
}

static bool is_digit_like(uint32_t c)
{
    static const uint32_t han[] = {0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
                                   0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341};

    for (size_t i = 0; i < sizeof(han) / sizeof(han[0]); i++) {
        if (c == han[i]) {
            return true; /* 一 to 十 */
        }
    }
    return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19);
}

/* How many code points of an address lead to the house, unit and room excluded: up to the first 号
 * (house number) when something follows it, else up to the first digit. */
static size_t count_to_house(text value)
{
    const size_t count = utf8_count(value);
    size_t to_digit = count;
    size_t offset = 0;
    uint32_t c = 0;

    for (size_t i = 0; utf8_next(value, &offset, &c); i++) {
        if (c == 0x53f7) { /* 号 */
            return i + 1 < count ? i + 1 : at_most(to_digit, i);
        }
        if (is_digit_like(c) && to_digit == count) {
            to_digit = i;
        }
    }
    return to_digit;
}

static bool mask_waybill_phone(const bundle_mask *mask, const digits *all, mask_writer *out)
{
    if (all->size < WAYBILL_SHOWN_LAST + WAYBILL_HIDDEN_MIN) {
        return false;
    }
    return write_kept(out, mask, digits_text(all, 0), (mask_ends){0, WAYBILL_SHOWN_LAST});
}

bool mask_waybill(const bundle_mask *mask, text value, mask_writer *out)
{
    digits all;

    if (collect_digits(value, "+ -.()", &all)) {
        return mask_waybill_phone(mask, &all, out);
    }
    const size_t shown = count_to_house(value);
    if (shown == utf8_count(value)) {
        return mask_address(mask, value, out); /* no number to go by */
    }
    return write_kept(out, mask, value, (mask_ends){shown, 0});
}

/* --- IP addresses ------------------------------------------------------------------------------- */

static bool mask_ip4(text value, mask_writer *out)
{
    size_t end = value.size;

    while (value.data[end - 1] != '.') { /* inet_pton found three of them */
        end--;
    }
    write_text(out, (text){value.data, end});
    write_hidden(out, 1);
    return true;
}

/* The first 32 bits, which a provider has: 2001:db8:: */
static bool mask_ip6(const uint8_t address[16], text value, mask_writer *out)
{
    char text_form[16];
    const unsigned first = (unsigned)address[0] << 8 | address[1];
    const unsigned second = (unsigned)address[2] << 8 | address[3];
    const int size = snprintf(text_form, sizeof(text_form), "%x:%x::", first, second);

    if (first == 0 || size < 0 || (size_t)size > value.size) {
        return false; /* loopback, mapped, or shorter than its own mask */
    }
    write_text(out, (text){text_form, (size_t)size});
    return true;
}

bool mask_ip(const bundle_mask *mask, text value, mask_writer *out)
{
    char terminated[INET6_ADDRSTRLEN];
    uint8_t address[16];

    (void)mask;
    if (value.size >= sizeof(terminated)) {
        return false;
    }
    memcpy(terminated, value.data, value.size);
    terminated[value.size] = '\0';
    if (inet_pton(AF_INET, terminated, address) == 1) {
        return mask_ip4(value, out);
    }
    return inet_pton(AF_INET6, terminated, address) == 1 && mask_ip6(address, value, out);
}
