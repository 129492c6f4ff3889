/* cli/moment.h: a day or a moment as it is typed. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "base/clock.h"
#include "cli/command.h"

/* The option's value as RFC 3339: YYYY-MM-DD is the beginning of that day in UTC. "" when it was not
 * given; false when it is something else, and that was said. */
bool moment_read(const invocation *invocation, const char *option, char out[TIME_TEXT_BYTES]);

#endif
