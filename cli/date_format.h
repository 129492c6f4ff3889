/* cli/date_format.h: how dates are written in a file that is imported.
 *
 * A format is made of YYYY, MM or M, DD or D, each once, and of other characters that stand for
 * themselves; no letters among them. M and D take one or two digits and therefore need a character
 * that is no digit behind them, or the end.
 */
#ifndef CLI_DATE_FORMAT_H
#define CLI_DATE_FORMAT_H

#include "base/clock.h"

#define DATE_FORMAT_PARTS_MAX 16

typedef struct date_part {
    char kind; /* 'Y', 'M', 'D', or 0 for a literal */
    char literal;
    uint8_t digits_min;
    uint8_t digits_max;
} date_part;

typedef struct date_format {
    date_part parts[DATE_FORMAT_PARTS_MAX];
    uint32_t part_count;
} date_format;

/* VELUM_E_INVALID for anything but such a format. */
velum_status date_format_compile(text source, date_format *out) VELUM_WARN_UNUSED;
/* VELUM_E_INVALID when the text has another form, VELUM_E_NOTFOUND when there is no such day. */
velum_status date_format_read(const date_format *format, text value,
                              civil_date *out) VELUM_WARN_UNUSED;

#endif
