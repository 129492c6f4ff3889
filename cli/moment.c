/* cli/moment.c: times in options. */
#include "cli/moment.h"

#define YEAR_END 2262 /* behind it 64-bit nanoseconds end */
#define SECONDS_PER_DAY 86400

bool moment_read(const invocation *invocation, const char *option, char out[TIME_TEXT_BYTES])
{
    const char *const value = invocation_value(invocation, option);
    civil_date day = {0};
    int64_t at_ns = 0;

    out[0] = '\0';
    if (value == NULL) {
        return true;
    }
    if (civil_date_parse(text_of(value), &day) == VELUM_OK && day.year < YEAR_END) {
        at_ns = (int64_t)civil_date_to_days(day) * SECONDS_PER_DAY * NS_PER_SECOND;
    } else if (time_parse(text_of(value), &at_ns) < 0) {
        (void)command_wrong(invocation->command, "--%s takes YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ",
                            option);
        return false;
    }
    time_format(at_ns, out);
    return true;
}
