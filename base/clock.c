/* base/clock.c: the machine's time, and a calendar without a time zone database.
 *
 * The calendar counts days from 1 March of year 0, so that the leap day is the last day of its year
 * and needs no case of its own; an era is the 400 years after which the Gregorian calendar repeats.
 * libc's gmtime is not used: it depends on the host's settings and cannot tell an impossible day.
 */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS_PER_DAY INT64_C(86400)
#define NS_PER_DAY (SECONDS_PER_DAY * NS_PER_SECOND)
#define DAYS_PER_ERA 146097
#define DAYS_PER_CENTURY 36524 /* the century that has no leap day at its end */
#define DAYS_PER_FOUR_YEARS 1461
#define DAYS_PER_YEAR 365
#define EPOCH_FROM_MARCH_0 719468 /* 1970-01-01, counted from 0000-03-01 */
#define DAYS_FIRST (-719162)      /* 0001-01-01 */
#define DAYS_LAST 2932896         /* 9999-12-31 */

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};

    if (clock_gettime(id, &now) != 0) {
        abort(); /* both clocks exist on every Linux */
    }
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static int64_t system_monotonic_ns(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

#ifdef VELUM_TEST_SEAMS

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

/* A test that rewrites its file in place can be seen half done; the last good value holds then. */
static _Atomic int64_t last_good_ns = INT64_MIN;

static void read_test_clock(const char *path)
{
    char line[32] = "";
    char *end = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    const ssize_t size = read(fd, line, sizeof(line) - 1);
    (void)close(fd);
    if (size <= 0) {
        return;
    }
    const long long value = strtoll(line, &end, 10);
    if (end != line && (*end == '\n' || *end == '\0')) {
        atomic_store(&last_good_ns, value);
    }
}

static int64_t system_wall_ns(void *context)
{
    const char *const path = getenv("VELUM_TEST_CLOCK");

    (void)context;
    if (path == NULL || path[0] == '\0') {
        return read_clock(CLOCK_REALTIME);
    }
    read_test_clock(path);
    const int64_t now = atomic_load(&last_good_ns);
    if (now == INT64_MIN) {
        abort(); /* a test that asked for its own time must not run on the machine's */
    }
    return now;
}

#else

static int64_t system_wall_ns(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

#endif

velum_clock clock_system(void)
{
    return (velum_clock){
        .wall_ns = system_wall_ns, .monotonic_ns = system_monotonic_ns, .context = NULL};
}

int64_t clock_wall_ns(const velum_clock *clock)
{
    return clock->wall_ns(clock->context);
}

int64_t clock_monotonic_ns(const velum_clock *clock)
{
    return clock->monotonic_ns(clock->context);
}

static bool is_leap_year(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool civil_date_is_valid(civil_date date)
{
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

/* `count` digits at the front of `rest`, which moves behind them. */
static bool take_digits(text *rest, size_t count, int32_t *out)
{
    int32_t value = 0;

    if (rest->size < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char c = rest->data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *rest = (text){rest->data + count, rest->size - count};
    *out = value;
    return true;
}

/* One of the bytes in `wanted` at the front of `rest`, which moves behind it. */
static bool take_byte(text *rest, const char *wanted, char *out)
{
    if (rest->size == 0 || rest->data[0] == '\0' || strchr(wanted, rest->data[0]) == NULL) {
        return false;
    }
    *out = rest->data[0];
    *rest = (text){rest->data + 1, rest->size - 1};
    return true;
}

static bool take_date(text *rest, civil_date *out)
{
    char hyphen = 0;

    return take_digits(rest, 4, &out->year) && take_byte(rest, "-", &hyphen) &&
           take_digits(rest, 2, &out->month) && take_byte(rest, "-", &hyphen) &&
           take_digits(rest, 2, &out->day) && civil_date_is_valid(*out);
}

velum_status civil_date_parse(text iso, civil_date *out)
{
    civil_date date = {0};
    text rest = iso;

    if (!take_date(&rest, &date) || rest.size != 0) {
        return VELUM_E_INVALID;
    }
    *out = date;
    return VELUM_OK;
}

/* Writes `value` with leading zeros in exactly `count` digits. */
static void put_digits(char *out, size_t count, int64_t value)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

static void put_date(char *out, civil_date date)
{
    put_digits(out, 4, date.year);
    out[4] = '-';
    put_digits(out + 5, 2, date.month);
    out[7] = '-';
    put_digits(out + 8, 2, date.day);
}

void civil_date_format(civil_date date, char out[CIVIL_DATE_TEXT_BYTES])
{
    assert(civil_date_is_valid(date));
    put_date(out, date);
    out[CIVIL_DATE_TEXT_BYTES - 1] = '\0';
}

/* Days from 1 March to the first of a month, counted in months from March: the lengths repeat
 * 31 30 31 30 31 every five months, which is what this division draws. */
static int32_t days_before_month(int32_t month_from_march)
{
    return (153 * month_from_march + 2) / 5;
}

int32_t civil_date_to_days(civil_date date)
{
    assert(civil_date_is_valid(date));
    const int32_t year = date.month <= 2 ? date.year - 1 : date.year; /* years begin in March */
    const int32_t month = (date.month + 9) % 12;
    const int32_t leap_days = year / 4 - year / 100 + year / 400;

    return year * DAYS_PER_YEAR + leap_days + days_before_month(month) + date.day - 1 -
           EPOCH_FROM_MARCH_0;
}

static int32_t clamp_days(int32_t days)
{
    if (days < DAYS_FIRST) {
        return DAYS_FIRST;
    }
    return days > DAYS_LAST ? DAYS_LAST : days;
}

/* Quotient, but never `limit`: the last day of four years, or of an era, belongs to the part before. */
static int32_t part_of(int32_t days, int32_t part_days, int32_t limit)
{
    const int32_t part = days / part_days;

    return part < limit ? part : limit - 1;
}

civil_date civil_date_from_days(int32_t days)
{
    int32_t rest = clamp_days(days) + EPOCH_FROM_MARCH_0; /* never negative */
    const int32_t era = rest / DAYS_PER_ERA;
    rest -= era * DAYS_PER_ERA;
    const int32_t century = part_of(rest, DAYS_PER_CENTURY, 4);
    rest -= century * DAYS_PER_CENTURY;
    const int32_t four = rest / DAYS_PER_FOUR_YEARS;
    rest -= four * DAYS_PER_FOUR_YEARS;
    const int32_t one = part_of(rest, DAYS_PER_YEAR, 4);
    rest -= one * DAYS_PER_YEAR;
    const int32_t month = (5 * rest + 2) / 153;
    const int32_t year = era * 400 + century * 100 + four * 4 + one;

    return (civil_date){.year = month < 10 ? year : year + 1,
                        .month = month < 10 ? month + 3 : month - 9,
                        .day = rest - days_before_month(month) + 1};
}

civil_date civil_date_add_years(civil_date date, int32_t years)
{
    assert(civil_date_is_valid(date));
    const int64_t year = (int64_t)date.year + years;

    if (year < 1) {
        return (civil_date){1, 1, 1};
    }
    if (year > 9999) {
        return (civil_date){9999, 12, 31};
    }
    const civil_date same_day = {(int32_t)year, date.month, date.day};
    return civil_date_is_valid(same_day) ? same_day : (civil_date){(int32_t)year, 3, 1};
}

/* The day that holds `wall_ns`, rounded down also before 1970. */
static int32_t day_of(int64_t wall_ns)
{
    const int64_t day = wall_ns / NS_PER_DAY;

    return (int32_t)(wall_ns % NS_PER_DAY < 0 ? day - 1 : day);
}

/* Nanoseconds since the day's midnight. The remainder is taken first: a product of day and
 * NS_PER_DAY could overflow on the first day that a wall time reaches. */
static int64_t ns_of_day(int64_t wall_ns)
{
    const int64_t rest = wall_ns % NS_PER_DAY;

    return rest < 0 ? rest + NS_PER_DAY : rest;
}

void time_format(int64_t wall_ns, char out[TIME_TEXT_BYTES])
{
    const int64_t ms = ns_of_day(wall_ns) / NS_PER_MS;

    put_date(out, civil_date_from_days(day_of(wall_ns)));
    out[10] = 'T';
    put_digits(out + 11, 2, ms / 3600000);
    out[13] = ':';
    put_digits(out + 14, 2, ms / 60000 % 60);
    out[16] = ':';
    put_digits(out + 17, 2, ms / 1000 % 60);
    out[19] = '.';
    put_digits(out + 20, 3, ms % 1000);
    out[23] = 'Z';
    out[24] = '\0';
}

/* hh:mm, in minutes. */
static bool take_minutes(text *rest, int32_t *out)
{
    int32_t hour = 0;
    int32_t minute = 0;
    char colon = 0;

    if (!take_digits(rest, 2, &hour) || !take_byte(rest, ":", &colon) ||
        !take_digits(rest, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *out = hour * 60 + minute;
    return true;
}

/* A point and at least one digit, or nothing. Digits beyond the ninth are below our resolution. */
static bool take_fraction(text *rest, int64_t *out_ns)
{
    int64_t unit = NS_PER_SECOND / 10;
    char point = 0;

    *out_ns = 0;
    if (!take_byte(rest, ".", &point)) {
        return true;
    }
    const size_t size = rest->size;
    for (int32_t digit = 0; take_digits(rest, 1, &digit); unit /= 10) {
        *out_ns += digit * unit;
    }
    return rest->size < size;
}

/* Z, or the signed distance from UTC in minutes. */
static bool take_offset(text *rest, int32_t *out_minutes)
{
    char sign = 0;

    *out_minutes = 0;
    if (!take_byte(rest, "Zz+-", &sign)) {
        return false;
    }
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    if (!take_minutes(rest, out_minutes)) {
        return false;
    }
    *out_minutes = sign == '-' ? -*out_minutes : *out_minutes;
    return true;
}

/* RFC 3339 §5.6. A leap second (:60) is refused: UTC in nanoseconds has no place for it. */
velum_status time_parse(text rfc3339, int64_t *out_wall_ns)
{
    text rest = rfc3339;
    civil_date date = {0};
    int32_t minutes = 0;
    int32_t second = 0;
    int32_t offset_minutes = 0;
    int64_t fraction_ns = 0;
    int64_t wall_ns = 0;
    char mark = 0;

    if (!take_date(&rest, &date) || !take_byte(&rest, "Tt", &mark) ||
        !take_minutes(&rest, &minutes) || !take_byte(&rest, ":", &mark) ||
        !take_digits(&rest, 2, &second) || second > 59 || !take_fraction(&rest, &fraction_ns) ||
        !take_offset(&rest, &offset_minutes) || rest.size != 0) {
        return VELUM_E_INVALID;
    }
    const int64_t seconds = civil_date_to_days(date) * SECONDS_PER_DAY +
                            (int64_t)(minutes - offset_minutes) * 60 + second;
    if (__builtin_mul_overflow(seconds, NS_PER_SECOND, &wall_ns) ||
        __builtin_add_overflow(wall_ns, fraction_ns, &wall_ns)) {
        return VELUM_E_INVALID;
    }
    *out_wall_ns = wall_ns;
    return VELUM_OK;
}

uint32_t time_month(int64_t wall_ns)
{
    const civil_date date = civil_date_from_days(day_of(wall_ns));

    return (uint32_t)(date.year * 100 + date.month);
}
