#include "crm/orders/cents.h"

/* Takes digits from the front; false when there is none. */
static bool take_digits(text *rest, size_t most, int64_t *value, bool *fits, size_t *out_count)
{
    size_t count = 0;

    while (count < rest->size && count < most && rest->data[count] >= '0' &&
           rest->data[count] <= '9') {
        *fits = *fits && !__builtin_mul_overflow(*value, 10, value) &&
                !__builtin_sub_overflow(*value, rest->data[count] - '0', value);
        count++;
    }
    *rest = (text){rest->data + count, rest->size - count};
    *out_count = count;
    return count > 0;
}

static bool take_sign(text *rest)
{
    const bool is_negative = rest->size > 0 && rest->data[0] == '-';

    if (is_negative) {
        *rest = (text){rest->data + 1, rest->size - 1};
    }
    return is_negative;
}

/* It was counted downwards, so that the least number fits as well. */
static velum_status finish(int64_t below, bool is_negative, bool fits, int64_t *out)
{
    if (!fits || (!is_negative && below == INT64_MIN)) {
        return VELUM_E_LIMIT;
    }
    *out = is_negative ? below : -below;
    return VELUM_OK;
}

velum_status whole_parse(text number, int64_t *out)
{
    text rest = number;
    int64_t value = 0;
    bool fits = true;
    size_t count = 0;

    const bool is_negative = take_sign(&rest);
    if (!take_digits(&rest, SIZE_MAX, &value, &fits, &count) || rest.size != 0) {
        return VELUM_E_INVALID;
    }
    return finish(value, is_negative, fits, out);
}

/* The two digits behind the point, missing ones being zeros; what follows them is zeros. */
static bool take_fraction(text *rest, int64_t *value, bool *fits)
{
    size_t count = 0;

    if (rest->size > 0) {
        if (rest->data[0] != '.') {
            return false;
        }
        *rest = (text){rest->data + 1, rest->size - 1};
        if (!take_digits(rest, 2, value, fits, &count)) {
            return false;
        }
    }
    for (; count < 2; count++) {
        *fits = *fits && !__builtin_mul_overflow(*value, 10, value);
    }
    while (rest->size > 0 && rest->data[0] == '0') {
        *rest = (text){rest->data + 1, rest->size - 1};
    }
    return rest->size == 0;
}

velum_status cents_parse(text amount, int64_t *out)
{
    text rest = amount;
    int64_t value = 0;
    bool fits = true;
    size_t count = 0;

    const bool is_negative = take_sign(&rest);
    if (!take_digits(&rest, SIZE_MAX, &value, &fits, &count) ||
        !take_fraction(&rest, &value, &fits)) {
        return VELUM_E_INVALID;
    }
    return finish(value, is_negative, fits, out);
}
