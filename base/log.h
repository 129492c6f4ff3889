/* base/log.h: the daemon's and command's own lines on stderr. Libraries never call it.
 *
 * A line is a constant message with numbers; there is no way to hand in a caller's string (I-5).
 * `velumd` writes "time level message key=number …" to stderr, which systemd collects.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"

typedef enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_DEBUG
} log_level;

void log_set_level(log_level level);
/* `message` is a literal of ours. */
void log_line(log_level level, const char *message);
void log_status(log_level level, const char *message, velum_status status);
void log_number(log_level level, const char *message, const char *name, int64_t value);

#endif
