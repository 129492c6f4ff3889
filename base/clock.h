/* base/clock.h: time, injected; and the calendar.
 *
 * Clock and chance are handed in, never read in place. Wall time is UTC nanoseconds since 1970;
 * monotonic time only measures waits. Test builds read VELUM_TEST_CLOCK=FILE: the file holds the
 * wall time in decimal nanoseconds and is read again at each call, so that a test can move it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/text.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

typedef struct velum_clock {
    int64_t (*wall_ns)(void *context);
    int64_t (*monotonic_ns)(void *context);
    void *context;
} velum_clock;

/* The machine's clock (in test builds: the test clock when the variable is set). */
velum_clock clock_system(void);
int64_t clock_wall_ns(const velum_clock *clock);
int64_t clock_monotonic_ns(const velum_clock *clock);

/* A day of the Gregorian calendar. Years 1–9999. */
typedef struct civil_date {
    int32_t year;
    int32_t month; /* 1–12 */
    int32_t day;   /* 1–31 */
} civil_date;

bool civil_date_is_valid(civil_date date);
/* "YYYY-MM-DD" exactly; VELUM_E_INVALID for anything else and for impossible days. */
velum_status civil_date_parse(text iso, civil_date *out) VELUM_WARN_UNUSED;
#define CIVIL_DATE_TEXT_BYTES 11
void civil_date_format(civil_date date, char out[CIVIL_DATE_TEXT_BYTES]);
/* Days since 1970-01-01, and back. Days outside years 1–9999 give the nearest day inside. */
int32_t civil_date_to_days(civil_date date);
civil_date civil_date_from_days(int32_t days);
/* The same day `years` later; 29 February becomes 1 March in a common year (a birthday is reached
 * not before it has passed). Beyond the calendar it stays at the first or last day. */
civil_date civil_date_add_years(civil_date date, int32_t years);

/* RFC 3339 in UTC with milliseconds: "2026-11-21T20:08:00.123Z". */
#define TIME_TEXT_BYTES 25
void time_format(int64_t wall_ns, char out[TIME_TEXT_BYTES]);
/* RFC 3339 with Z or ±hh:mm, optional fraction (cut after nine digits); VELUM_E_INVALID else, also
 * for a leap second and for what 64-bit nanoseconds cannot hold (before 1677-09-22, after 2262-04-11). */
velum_status time_parse(text rfc3339, int64_t *out_wall_ns) VELUM_WARN_UNUSED;
/* YYYYMM in UTC, such as 202611. */
uint32_t time_month(int64_t wall_ns);

#endif
