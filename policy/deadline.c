/* deadline.c: from receipt to the end of a term, in local days of a pack.
 *
 * A time becomes a local day, the term moves on in days, and the end is the first nanosecond behind
 * the last day. Whatever does not fit into 64-bit nanoseconds is never reached.
 */
#include "policy/deadline.h"

#include "base/clock.h"

#define NS_PER_DAY (INT64_C(86400) * NS_PER_SECOND)
#define MONTHS_PER_YEAR 12
#define LAST_YEAR 9999
/* Above what a pack may say (jurisdiction-pack.md), and a bound for the walk over working days. */
#define COUNT_MAX 36500

static int64_t local_day(const jurisdiction_pack *pack, int64_t ns)
{
    int64_t local = 0;

    if (__builtin_add_overflow(ns, pack->day_offset_s * NS_PER_SECOND, &local)) {
        local = ns; /* at the edges of time an hour more or less is no matter */
    }
    const int64_t day = local / NS_PER_DAY;
    return local % NS_PER_DAY < 0 ? day - 1 : day;
}

/* The first nanosecond behind the local day. */
static int64_t end_of_day(const jurisdiction_pack *pack, int64_t day)
{
    int64_t ns = 0;

    if (__builtin_mul_overflow(day + 1, NS_PER_DAY, &ns) ||
        __builtin_sub_overflow(ns, pack->day_offset_s * NS_PER_SECOND, &ns)) {
        return INT64_MAX;
    }
    return ns;
}

static bool has_day(const int32_t *days, uint32_t count, int64_t day)
{
    uint32_t low = 0;
    uint32_t high = count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (days[middle] == day) {
            return true;
        }
        if (days[middle] < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool is_working_day(const jurisdiction_pack *pack, int64_t day)
{
    const int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Monday */

    return weekday < 5 ? !has_day(pack->holidays, pack->holiday_count, day)
                       : has_day(pack->workdays, pack->workday_count, day);
}

/* At least one day in seven is worked behind the last holiday, so the walk ends. */
static int64_t add_working_days(const jurisdiction_pack *pack, int64_t day, uint32_t count)
{
    for (uint32_t left = count; left > 0;) {
        day++;
        left -= is_working_day(pack, day) ? 1 : 0;
    }
    return day;
}

/* Regulation 1182/71 art. 3(2)(c): the day of the same number, else the last of the month. */
static int64_t add_months(int64_t day, uint32_t count)
{
    const civil_date from = civil_date_from_days((int32_t)day);
    const int32_t months = from.month - 1 + (int32_t)(count % MONTHS_PER_YEAR);
    civil_date to = {
        .year = from.year + (int32_t)(count / MONTHS_PER_YEAR) + months / MONTHS_PER_YEAR,
        .month = months % MONTHS_PER_YEAR + 1,
        .day = from.day,
    };

    if (to.year > LAST_YEAR) {
        return INT64_MAX /
               NS_PER_DAY; /* behind the calendar; end_of_day makes it the end of time */
    }
    while (!civil_date_is_valid(to)) { /* at most three times: 31 to 28 */
        to.day--;
    }
    return civil_date_to_days(to);
}

int64_t deadline_end(const jurisdiction_pack *pack, pack_term term, int64_t from_ns)
{
    if (term.unit == TERM_NONE) {
        return 0;
    }
    if (term.count > COUNT_MAX) {
        return INT64_MAX;
    }
    const int64_t day = local_day(pack, from_ns);
    switch (term.unit) {
    case TERM_DAYS:
        return end_of_day(pack, day + term.count);
    case TERM_WORKING_DAYS:
        return end_of_day(pack, add_working_days(pack, day, term.count));
    case TERM_MONTHS:
        return end_of_day(pack, add_months(day, term.count));
    default:
        return from_ns; /* a unit that no pack can have: over at once rather than never (I-3) */
    }
}

/* --- The deadlines of a request ----------------------------------------------------------------- */

/* The earlier of two ends; 0 stands for none. */
static int64_t earlier(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) {
        return a == 0 ? b : a;
    }
    return a < b ? a : b;
}

/* From the last nanosecond of the first term, whose day is not counted again. */
static int64_t extended_end(const jurisdiction_pack *pack, int64_t answer_ns)
{
    if (answer_ns == INT64_MAX) {
        return INT64_MAX;
    }
    return deadline_end(pack, pack->extension, answer_ns - 1);
}

static deadlines deadlines_in(const jurisdiction_pack *pack, bool is_opt_out, int64_t received_ns)
{
    const int64_t limit_ns = deadline_end(pack, pack->hard_limit, received_ns);
    const int64_t usual_ns = earlier(deadline_end(pack, pack->answer, received_ns), limit_ns);
    const int64_t opt_out_ns = is_opt_out ? deadline_end(pack, pack->opt_out, received_ns) : 0;
    const bool is_shorter = opt_out_ns != 0 && opt_out_ns < usual_ns;
    deadlines out = {
        .confirm_ns = deadline_end(pack, pack->confirm, received_ns),
        .answer_ns = is_shorter ? opt_out_ns : usual_ns,
    };

    if (pack->extension.unit != TERM_NONE &&
        !is_shorter) { /* no extension of an opt-out's own term */
        out.extend_until_ns =
            earlier(deadline_end(pack, pack->extend_within, received_ns), out.answer_ns);
        out.extended_ns = earlier(extended_end(pack, out.answer_ns), limit_ns);
    }
    out.verify_ns = earlier(deadline_end(pack, pack->verification, received_ns), out.answer_ns);
    return out;
}

void deadlines_of(const jurisdiction_pack *const *packs, uint32_t count, bool is_opt_out,
                  int64_t received_ns, deadlines *out)
{
    bool each_extends = true;

    *out = (deadlines){0};
    for (uint32_t i = 0; i < count; i++) {
        const deadlines one = deadlines_in(packs[i], is_opt_out, received_ns);
        out->confirm_ns = earlier(out->confirm_ns, one.confirm_ns);
        out->answer_ns = earlier(out->answer_ns, one.answer_ns);
        out->extend_until_ns = earlier(out->extend_until_ns, one.extend_until_ns);
        out->extended_ns = earlier(out->extended_ns, one.extended_ns);
        out->verify_ns = earlier(out->verify_ns, one.verify_ns);
        each_extends = each_extends && one.extended_ns != 0;
    }
    if (!each_extends) {
        out->extend_until_ns = 0;
        out->extended_ns = 0;
    }
    out->extend_until_ns =
        out->extend_until_ns == 0 ? 0 : earlier(out->extend_until_ns, out->answer_ns);
}
