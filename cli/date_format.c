/* cli/date_format.c: date formats, compiled to a short list of parts. */
#include "cli/date_format.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many times the character at `at` stands there in a row. */
static size_t run_of(text source, size_t at)
{
    size_t count = 1;

    while (at + count < source.size && source.data[at + count] == source.data[at]) {
        count++;
    }
    return count;
}

static velum_status compile_field(char kind, size_t count, date_part *out)
{
    const bool is_year = kind == 'Y';

    if (is_year ? count != 4 : count > 2) {
        return VELUM_E_INVALID;
    }
    *out = (date_part){.kind = kind, .digits_min = (uint8_t)count, .digits_max = is_year ? 4 : 2};
    return VELUM_OK;
}

static bool is_literal(char c)
{
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    return c >= ' ' && c <= '~' && !is_letter && !is_digit(c);
}

/* Each field once; what has no fixed length ends at something that is no digit. */
static velum_status check(const date_format *format)
{
    uint32_t years = 0;
    uint32_t months = 0;
    uint32_t days = 0;

    for (uint32_t i = 0; i < format->part_count; i++) {
        const date_part *part = &format->parts[i];
        const bool is_open = part->digits_min != part->digits_max;
        const bool is_followed = i + 1 < format->part_count && format->parts[i + 1].kind != 0;
        if (is_open && is_followed) {
            return VELUM_E_INVALID;
        }
        years += part->kind == 'Y';
        months += part->kind == 'M';
        days += part->kind == 'D';
    }
    return years == 1 && months == 1 && days == 1 ? VELUM_OK : VELUM_E_INVALID;
}

velum_status date_format_compile(text source, date_format *out)
{
    date_format format = {.part_count = 0};

    for (size_t at = 0; at < source.size;) {
        const char c = source.data[at];
        date_part part = {.literal = c};
        size_t taken = 1;
        if (format.part_count == DATE_FORMAT_PARTS_MAX) {
            return VELUM_E_INVALID;
        }
        if (c == 'Y' || c == 'M' || c == 'D') {
            taken = run_of(source, at);
            VELUM_TRY(compile_field(c, taken, &part));
        } else if (!is_literal(c)) {
            return VELUM_E_INVALID;
        }
        format.parts[format.part_count++] = part;
        at += taken;
    }
    VELUM_TRY(check(&format));
    *out = format;
    return VELUM_OK;
}

static velum_status read_number(const date_part *part, text value, size_t *at, int32_t *out)
{
    int32_t number = 0;
    uint32_t digits = 0;

    while (digits < part->digits_max && *at < value.size && is_digit(value.data[*at])) {
        number = number * 10 + (value.data[*at] - '0');
        *at += 1;
        digits++;
    }
    if (digits < part->digits_min) {
        return VELUM_E_INVALID;
    }
    *out = number;
    return VELUM_OK;
}

velum_status date_format_read(const date_format *format, text value, civil_date *out)
{
    civil_date date = {0};
    size_t at = 0;

    for (uint32_t i = 0; i < format->part_count; i++) {
        const date_part *part = &format->parts[i];
        int32_t number = 0;
        if (part->kind == 0) {
            if (at >= value.size || value.data[at] != part->literal) {
                return VELUM_E_INVALID;
            }
            at++;
            continue;
        }
        VELUM_TRY(read_number(part, value, &at, &number));
        date.year = part->kind == 'Y' ? number : date.year;
        date.month = part->kind == 'M' ? number : date.month;
        date.day = part->kind == 'D' ? number : date.day;
    }
    if (at != value.size) {
        return VELUM_E_INVALID;
    }
    if (!civil_date_is_valid(date)) {
        return VELUM_E_NOTFOUND;
    }
    *out = date;
    return VELUM_OK;
}
